"""Says whether what hardly ever happens to honest people happened to one of them again and again."""

import numpy as np
import pyarrow as pa

from beleg.kernels.columns import Floats, floats, numbered, summed, tabled

_TEXTS: list[tuple[str, pa.DataType]] = [("subject", pa.string()), ("stratum", pa.string()), ("peers", pa.int64())]
_NUMBERS: list[tuple[str, pa.DataType]] = [(name, pa.float64()) for name in ("observed", "expected", "log2_e")]
REPEATED = pa.schema([*_TEXTS, *_NUMBERS])

# Once may be anybody's.
_FEWEST = 2

# Shares of its occasions on which a guilty one may act: bets of equal size are laid on each.
_SHARES = (0.01, 0.03, 0.1, 0.3)

# So many of all peers may be guilty; what more of them show is the place's, and somebody may well show it so many times as often.
_GUILTY, _LENIENT = 1 / 2, 4.0

# On an occasion on which it befell so many others of the group, it is the occasion's.
_CROWD = 2


def repeat(shown: pa.Table) -> pa.Table:
    """Test every subject by the evidence of its occasions.

    An act's evidence is a likelihood ratio, of mean at most 1 among honest subjects, and so is the mean over an occasion. A bet
    that multiplies what it holds by 1 - share + share * ratio gains nothing on average, so that what it holds in the end is an
    e-value. A ratio is never more than peers leave of it: where more than half of them show such acts, or several others on
    the same occasion, that is how often chance is taken to bring one.

    Args:
        shown: a row per subject and occasion: subject, stratum (one per subject), trials (its acts then), hits (those that
            tell), millibits (the evidence of the least of them); there and struck (the subjects of the stratum then, and those
            with a hit); n and k (the subject's occasions, and those with a hit); people, hit_people and occasions (the stratum's
            subjects, those with a hit, and the occasions of all of them).

    Returns:
        `REPEATED` for the subjects with at least two hits, in order; expected: what chance may bring at most, by what they rest on.
    """
    subject, names = numbered(shown["subject"])
    place, groups = numbered(shown["stratum"])
    column = {name: floats(shown[name]) for name in shown.column_names if name not in {"subject", "stratum"}}
    rate = _rate(column)
    ratio = np.minimum(_ratio(column), 1 / np.maximum(_LENIENT * rate, 1e-300))
    # summed in an order that depends on nothing else, to the last digit
    order = np.lexsort((ratio, subject))
    bets = np.stack([summed(subject[order], np.log2(1 - share + share * ratio[order]), len(names)) for share in _SHARES])
    top = bets.max(axis=0, initial=-1e300)
    held = top + np.log2(np.exp2(bets - top).mean(axis=0))
    # by chance an act tells at most as often as the least of its ratios says
    least = np.full(len(names), np.inf)
    np.minimum.at(least, subject, np.where(column["hits"] > 0, np.maximum(ratio, 1.0), np.inf))
    _, first = np.unique(subject, return_index=True)
    listed = np.flatnonzero(column["k"][first] >= _FEWEST)
    at = first[listed]
    told = [[names[one] for one in listed], [groups[one] for one in place[at]], (column["people"][at] - 1).astype(int)]
    return tabled(REPEATED, [*told, column["k"][at], column["n"][at] / least[listed], held[listed]])


def _ratio(column: dict[str, Floats]) -> Floats:
    """Each occasion's likelihood ratio, no more than others leave of it who were struck on the same."""
    ratio = column["hits"] / column["trials"] * np.exp2(column["millibits"] / 1000)
    others = column["struck"] - (column["hits"] > 0)
    crowded = np.where(others >= _CROWD, (column["there"] - 1) / np.maximum(others, 1), np.inf)
    answer: Floats = np.minimum(ratio, crowded)
    return answer


def _rate(column: dict[str, Floats]) -> Floats:
    """How often an occasion has a hit by what the peers show of whom more have one than may be guilty."""
    peers = column["people"] - 1
    guilty = np.floor(peers * _GUILTY)
    others = column["hit_people"] - (column["k"] > 0)
    share = np.clip((others - guilty) / np.maximum(peers - guilty, 1), 0.0, 0.999)
    usual = (column["occasions"] - column["n"]) / np.maximum(peers, 1)
    rate: Floats = -np.log1p(-share) / np.maximum(usual, 1)
    return rate
