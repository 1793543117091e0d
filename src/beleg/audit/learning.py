"""What closed cases teach: their refunds found again in the shop's history, weights learned from them, held-out cases asked."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import pyarrow as pa

from beleg.audit.history import History, Progress, attached
from beleg.audit.standing import Here, here, patterned
from beleg.cases.sampling import Overturned
from beleg.detect.run import plan
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.weigh.bits import Weighed
from beleg.weigh.learn import STRENGTH, Label, Stratum, explained, learn
from beleg.weigh.patterns import FAMILIES
from beleg.weigh.rank import added_up
from beleg.weigh.weights import Weights, shipped, text

# What an outcome says of a refund: a process gone wrong leaves an honest refund behind that lacks its record.
MEANS: Mapping[str, Label] = {
    "confirmed_fraud": "wrong",
    "carrier_error": "misfortune",
    "process_error": "honest",
    "customer_error": "honest",
}

# Held-out labels say something from so many on, of refunds gone wrong and of others, out of so many cases.
ENOUGH, CASES, FOLDS = 20, 10, 5
LEAST = 0.1  # bits; a smaller change is none worth showing
SHOWN = 40

Key = tuple[str, ...]  # a kind, and a pattern per family


class Labelled(msgspec.Struct, frozen=True):
    """One label: refunds that look alike and belong to one case have one together, as one person judged them at one go."""

    case: str
    key: Key
    outcome: str
    worth: float

    @property
    def label(self) -> Label:
        """What the weights learn from it; where no misfortune is known of, a carrier's error is an honest refund."""
        return MEANS[self.outcome]


class Taught(msgspec.Struct, frozen=True):
    """What closed cases say: the table that `cases.labels` gives, and how often second readers disagreed with the first."""

    labels: pa.Table
    second: Overturned


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one pattern weighs towards a method before and after, and the labels behind it, by outcome."""

    family: str
    kind: str
    pattern: str
    method: str
    before: float
    after: float
    labels: dict[str, int]


class HeldOut(msgspec.Struct, frozen=True, kw_only=True):
    """Labels that were not learned from: how many pairs of a refund gone wrong and another one stand in the right order."""

    labels: int
    cases: int
    before: float
    after: float


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned from, and what it would change. `not_found`: findings whose refund is not in the history."""

    version: str
    learned_at: int
    labels: int
    cases: int
    outcomes: dict[str, int]
    not_found: int
    read_twice: int
    overturned: int
    held_out: HeldOut | None
    changes: tuple[Change, ...]


class Shop(msgspec.Struct, frozen=True):
    """The shop's refunds: how many show each combination of patterns, which ones the labelled show, and what to weigh them by."""

    refunds: dict[Key, int]
    of: dict[str, Key]
    here: Here


def propose(history: History, taught: Taught, work: Path, progress: Progress) -> tuple[Weights, Proposal]:
    """New weights, without an author or an approver, and what they would change.

    They are learned from the shipped ones and all labels there are, so that no label ever counts twice.

    Args:
        history: the shop's.
        taught: what its closed cases say.
        work: a folder for what is on the way.
        progress: called with what is being done and the share done.
    """
    prior, rows = shipped(), taught.labels.to_pylist()
    if not rows:
        return prior, _told(prior, [], taught)
    with attached(history, work, progress) as (engine, last):
        progress("proving", 0.1)
        dossier = Dossier(View(engine, keeping=True), prepare(engine), last)
        shop = shown(dossier, [row["subject"] for row in rows])
    progress("learning", 0.8)
    found = labelled(rows, shop, taught.second)
    learned = _named(
        relearned(shop, found, prior), found, max((row["closed_at"] for row in rows if row["subject"] in shop.of), default=0)
    )
    told = _told(learned, found, taught)
    return learned, msgspec.structs.replace(
        told,
        not_found=sum(row["subject"] not in shop.of for row in rows),
        held_out=held_out(shop, found, prior),
        changes=changes(shop, found, prior, learned),
    )


def _named(weights: Weights, found: Sequence[Labelled], learned_at: int) -> Weights:
    """A version of their own; without a label they are what they were."""
    if not found:
        return weights
    digest = sha256(text(weights, "").encode()).hexdigest()[:8]
    said = f"{weights.learned_from}; {len(found)} labels of {len({one.case for one in found})} closed cases of this shop"
    version = f"{weights.version}+{len(found)}.{digest}"
    return msgspec.structs.replace(weights, version=version, learned_from=said, learned_at=learned_at)


def _told(weights: Weights, found: Sequence[Labelled], taught: Taught) -> Proposal:
    return Proposal(
        version=weights.version,
        learned_at=weights.learned_at,
        labels=len(found),
        cases=len({one.case for one in found}),
        outcomes=dict(Counter(one.outcome for one in found).most_common()),
        not_found=0,
        read_twice=taught.second.read,
        overturned=taught.second.overturned,
        held_out=None,
        changes=(),
    )


def shown(dossier: Dossier, wanted: Iterable[str]) -> Shop:
    """What the refunds of a history show, and what those among them that are wanted do."""
    runs = plan(dossier)
    patterns = patterned(dossier, runs)
    paid = patterns.semi_join(dossier.refund_facts.select("slice_id").distinct(), "slice_id")
    counted = paid.group_by(["kind", *FAMILIES]).agg(refunds=paid.count())
    dossier.view.engine.load("wanted", pa.table({"slice_id": pa.array(sorted(set(wanted)), pa.string())}))
    rows = dossier.view.rows(paid.semi_join(dossier.view.prepared("wanted"), "slice_id").select("slice_id", "kind", *FAMILIES))
    return Shop(
        {_key(row): row["refunds"] for row in dossier.view.rows(counted).to_pylist()},
        {row["slice_id"]: _key(row) for row in rows.to_pylist()},
        here(dossier, runs, patterns),
    )


def _key(row: Mapping[str, str]) -> Key:
    return (row["kind"], *(row[family] for family in FAMILIES))


def labelled(rows: Iterable[Mapping[str, str]], shop: Shop, second: Overturned) -> list[Labelled]:
    """The labels of refunds that the shop has, each case's once for all that look alike, sorted.

    One that a second reader confirmed or overturned counts whole, others for the share of first readings that held.
    """
    trusted = (second.read - second.overturned + 1) / (second.read + 1)
    found = {
        (row["case_id"], shop.of[row["subject"]], row["outcome"], 1.0 if row["chosen"] == "sampled" else trusted)
        for row in rows
        if row["subject"] in shop.of
    }
    return [Labelled(*one) for one in sorted(found)]


def relearned(shop: Shop, found: Iterable[Labelled], prior: Weights, strength: float = STRENGTH) -> Weights:
    """The prior with these labels mixed in; see `weigh.learn`."""
    return learn(prior, strata(shop, found, prior), shop.here.weighed(prior), strength)


def strata(shop: Shop, found: Iterable[Labelled], prior: Weights) -> list[Stratum]:
    """The shop's refunds by what they look like, with their labels."""
    labels: dict[Key, dict[Label, float]] = defaultdict(lambda: defaultdict(float))
    for one in found:
        label = one.label if one.key[0] in prior.rival_shares or one.label != "misfortune" else "honest"
        labels[one.key][label] += one.worth
    return [
        Stratum(kind=key[0], patterns=dict(zip(FAMILIES, key[1:], strict=True)), refunds=many, labels=labels.get(key, {}))
        for key, many in sorted(shop.refunds.items())
    ]


def held_out(shop: Shop, found: Sequence[Labelled], prior: Weights) -> HeldOut | None:
    """Cases in turn are left out, weights learned from the others, those left out asked about; nothing where there are too few."""
    wrong = sum(one.label == "wrong" for one in found)
    cases = {one.case for one in found}
    if min(wrong, len(found) - wrong) < ENOUGH or len(cases) < CASES:
        return None
    before = _scores(shop, found, prior)
    after: dict[Labelled, int] = {}
    for fold in range(FOLDS):
        rest = [one for one in found if _fold(one) != fold]
        after |= _scores(shop, [one for one in found if _fold(one) == fold], relearned(shop, rest, prior))
    return HeldOut(labels=len(found), cases=len(cases), before=_in_order(found, before), after=_in_order(found, after))


def _fold(one: Labelled) -> int:
    return sha256(one.case.encode()).digest()[0] % FOLDS


def _scores(shop: Shop, found: Iterable[Labelled], weights: Weights) -> dict[Labelled, int]:
    bits = _bits(shop.here.weighed(weights))
    return {
        one: added_up({"kind": one.key[0], **dict(zip(FAMILIES, one.key[1:], strict=True))}, bits, weights)["millibits"]
        for one in found
    }


def _bits(weighed: Iterable[Weighed]) -> dict[tuple[str, str, str], dict[str, float]]:
    return {(one.family, one.kind, one.pattern): one.bits for one in weighed}


def _in_order(found: Iterable[Labelled], scores: Mapping[Labelled, int]) -> float:
    """The share of pairs, one gone wrong and one not, in which the one gone wrong stands higher; a tie is half."""
    wrong = [scores[one] for one in found if one.label == "wrong"]
    others = [scores[one] for one in found if one.label != "wrong"]
    won = sum((high > low) + (high == low) / 2 for high in wrong for low in others)
    return round(won / (len(wrong) * len(others)), 4)


def changes(shop: Shop, found: Sequence[Labelled], prior: Weights, learned: Weights) -> tuple[Change, ...]:
    """What every pattern weighs otherwise, towards the method that most refunds with it are explained by; the largest first."""
    if not found:
        return ()
    weighed = shop.here.weighed(prior)
    before, after = _bits(weighed), _bits(shop.here.weighed(learned))
    methods: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    behind: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for stratum in strata(shop, found, prior):
        method = explained(stratum, before, prior).method
        for family in FAMILIES if method else ():
            methods[family, stratum.kind, stratum.patterns[family]][method] += stratum.refunds
    for one in found:
        for family, pattern in zip(FAMILIES, one.key[1:], strict=True):
            behind[family, one.key[0], pattern][one.outcome] += 1
    rows = [
        _change(place, methods[place].most_common(1)[0][0], before[place], after[place], behind[place]) for place in sorted(methods)
    ]
    return tuple(sorted((one for one in rows if abs(one.after - one.before) >= LEAST), key=_size))


def _change(
    place: tuple[str, str, str], method: str, before: Mapping[str, float], after: Mapping[str, float], behind: Counter[str]
) -> Change:
    family, kind, pattern = place
    return Change(
        family=family,
        kind=kind,
        pattern=pattern,
        method=method,
        before=round(before[method], 2),
        after=round(after[method], 2),
        labels=dict(behind.most_common()),
    )


def _size(one: Change) -> tuple[float, str, str, str]:
    return (-abs(one.after - one.before), one.family, one.kind, one.pattern)


def brief(proposal: Proposal) -> Proposal:
    """The same with its largest changes only, to be kept as a fact."""
    return msgspec.structs.replace(proposal, changes=proposal.changes[:SHOWN])
