"""Says which accounts are like those of confirmed cases: trees on what they and their neighbours did, learned on the past.

Time is cut into lengths of so many weeks. Trees are fitted on the earlier ones in which cases were closed, held against the later
ones, and what came after is judged. Needs scikit-learn, which comes with an extra.
"""

import importlib
import importlib.util
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beleg.kernels.columns import Flags, Floats, Ints, coded
from beleg.kernels.neighbours import Shared, near, share

# What acts are called that are more than counted.
REFUNDS, ABOVE = "refunds", "refunds above the line"
CONFIRMED, CLEARED = "confirmed", "cleared"
SHUT, OPENED, TIE = "shut out", "opened", "tie "
_NO_ACTS = (CONFIRMED, CLEARED, SHUT, OPENED)

# So many confirmed accounts are learned from at least, and so many held against.
FEWEST_FIT, FEWEST_HELD = 10, 5
# A length of time has at least and at most so many weeks, and there are at least so many of them.
SHORTEST, LONGEST, LENGTHS = 4, 13, 4
# Cases of the newest refunds come in one by one: what came after the refunds of so many of all cases is judged.
_CLOSED = 0.9

TREES = 300
# Nobody is told more of than these: who stands higher than so many of a hundred, and the largest parts.
_LISTED, _SAID = 0.05, 8

_ALIKE: list[tuple[str, pa.DataType]] = [("account", pa.string()), ("chance", pa.float64()), ("p", pa.float64())]
_BRINGS: list[tuple[str, pa.DataType]] = [("account", pa.string()), ("says", pa.string()), ("brings", pa.float64())]
_TIED: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in ("subject", "account", "kind", "entity")]
ALIKE, BRINGS, TIES = pa.schema(_ALIKE), pa.schema(_BRINGS), pa.schema([*_TIED, ("bits", pa.float64())])


class Forest(Protocol):
    """What a forest of scikit-learn's does."""

    estimators_: list[Any]

    def fit(self, x: Floats, y: Ints) -> "Forest":
        """Learn from rows and their labels."""

    def predict_proba(self, x: Floats) -> Floats:
        """The chance of each label, a column each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Accounts that stand out, and what that rests on.

    alike: per account the chance (of a hundred) that such a case is confirmed, and the p-value; parts: what brings how much of its
    score (of a hundred); shared: its ties to what accounts of confirmed cases have, and theirs. tests: how many were judged, peers:
    held against, base: how many of a hundred of these were confirmed. lacking: why nothing could be said, if so.
    """

    alike: pa.Table = field(default_factory=ALIKE.empty_table)
    parts: pa.Table = field(default_factory=BRINGS.empty_table)
    shared: pa.Table = field(default_factory=TIES.empty_table)
    tests: int = 0
    peers: int = 0
    base: float = 0.0
    lacking: str = ""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of time as first week and the week after the last: to fit on, to hold against, to be judged."""

    fit: list[tuple[int, int]]
    held: list[tuple[int, int]]
    judged: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Rows:
    """An account in a length of time a row: who, what is known of it (rows x features), and what closed cases said of it then."""

    account: Ints
    x: Floats
    confirmed: Flags
    cleared: Flags
    above: Flags


def liken(acts: pa.Table, *, neighbours: bool = True) -> Likeness:
    """Learn, hold and judge.

    A score is held against accounts that were not confirmed, of a time that was not learned from: the share of them that score as
    high is a p-value (conformal; Bates et al. 2023), whatever the trees are worth. One of them that has refunds above the line and
    no closed case may well be guilty; it counts for as much as the share of cases about such accounts that were cleared.

    Args:
        acts: account, what, entity, week, known, value (a sum), most. A tie's `what` begins with `TIE` and has an entity; cases are
            `CONFIRMED` or `CLEARED`, by the week in which the refund's proofs were due, and known by the week of their closing.
        neighbours: whether neighbours are looked at.
    """
    if importlib.util.find_spec("sklearn") is None:
        return Likeness(lacking="scikit-learn is not installed: pip install 'beleg[learning]'")
    ready = get_ready(acts, neighbours=neighbours)
    return Likeness(lacking=ready) if isinstance(ready, str) else _judged(ready)


@dataclass(frozen=True, slots=True)
class Ready:
    """What is learned from, held against and judged; weight: how much each of those held against counts as honest."""

    book: "Book"
    fit: Rows
    held: Rows
    weight: Floats
    judged: Rows


def get_ready(acts: pa.Table, *, neighbours: bool) -> Ready | str:
    """Cut time and read what is known in each length of it; or say what is lacking."""
    book = Book(acts, neighbours=neighbours)
    lengths = cut(book.weeks(REFUNDS), book.weeks(CONFIRMED, CLEARED))
    if lengths is None:
        return f"too short a time with closed cases: less than {LENGTHS} times {SHORTEST} weeks"
    # held against and judged alike: labels of others count that were known before either began
    before = lengths.held[-1][0]
    fit = _stack([book.rows(*one) for one in lengths.fit])
    held, later = (_stack([book.rows(*one, before) for one in part]) for part in (lengths.held, lengths.judged))
    if fit.confirmed.sum() < FEWEST_FIT or held.confirmed.sum() < FEWEST_HELD:
        have, need = f"{fit.confirmed.sum()} and {held.confirmed.sum()}", f"{FEWEST_FIT} and {FEWEST_HELD}"
        return f"too few closed cases: fraud confirmed of {have} accounts; {need} are needed"
    unknown = ~(later.confirmed | later.cleared)
    judged = Rows(*(getattr(later, name)[unknown] for name in Rows.__slots__))
    if not len(judged.account):
        return "no refund without a closed case has come due since"
    return Ready(book, fit, held, weights(fit, held), judged)


def cut(refunds: Ints, cases: Ints) -> Lengths | None:
    """Cut time, back from where nine of ten cases end and on from there; no more is judged than is held against."""
    if not len(cases):
        return None
    first, end = int(refunds.min()), int(refunds.max()) + 1
    last = int(np.quantile(cases, _CLOSED, method="lower")) + 1
    weeks = min((last - first) // LENGTHS, LONGEST)
    if weeks < SHORTEST:
        return None
    past = [(last - (i + 1) * weeks, last - i * weeks) for i in range((last - first) // weeks)]
    held = len(past) // 2
    judged = [(begin, min(begin + weeks, end)) for begin in range(last, end, weeks)]
    return Lengths(past[held:], past[:held], judged[-held:])


class Book:
    """What accounts did, by week; accounts are numbered in the order of their names, which decides nothing."""

    def __init__(self, acts: pa.Table, *, neighbours: bool) -> None:
        self._neighbours = neighbours
        self._number, names = coded(acts["account"])
        self.names = list(map(str, names.to_pylist()))
        what, called = coded(acts["what"])
        self._called = list(map(str, called.to_pylist()))
        self._what = what
        self._week, self._known = (acts[name].to_numpy().astype(np.int64) for name in ("week", "known"))
        self._value, self._most = (acts[name].to_numpy().astype(np.float64) for name in ("value", "most"))
        self._counted = [at for at, one in enumerate(self._called) if one not in _NO_ACTS and not one.startswith(TIE)]
        self._tie = np.isin(what, [at for at, one in enumerate(self._called) if one.startswith(TIE)])
        said: list[Any] = [acts["what"].filter(self._tie), acts["entity"].filter(self._tie), "\n"]
        things: Any = pc.binary_join_element_wise(*said)
        self._thing, entities = coded(things)
        self.entities = list(map(str, entities.to_pylist()))
        self.features = self._features()

    def _features(self) -> list[str]:
        counted = [self._called[at] for at in self._counted]
        own = [*counted, *(f"most of {name}" for name in ("money refunded",) if name in counted), "weeks since it was opened"]
        if not self._neighbours:
            return own
        of = [f"{name}, of those it shares things with" for name in own]
        beyond = [f"{name}, of those they share things with" for name in own]
        labels = ["share of confirmed among those it shares things with", "things shared with somebody confirmed"]
        return [*own, *of, *beyond, *labels, "shut out among those it shares things with", "things it shares"]

    def weeks(self, *names: str) -> Ints:
        """The weeks of all acts of these names."""
        return self._week[self._named(*names)]

    def _named(self, *names: str) -> Flags:
        return np.isin(self._what, [at for at, one in enumerate(self._called) if one in names])

    def rows(self, begin: int, end: int, before: int | None = None) -> Rows:
        """Accounts with refunds in these weeks: what is known of them at the end, and what of others' cases was `before`.

        That is the first of these weeks, unless another one is said.
        """
        within = (self._week >= begin) & (self._week < end)
        own = self._own(within, end)
        x = self._with_neighbours(own, begin if before is None else before, end) if self._neighbours else own
        had = [self._had(within & self._named(name)) for name in (REFUNDS, CONFIRMED, CLEARED, ABOVE)]
        who = np.flatnonzero(had[0])
        return Rows(who, np.round(x[who], 6), *(one[who] for one in had[1:]))

    def _had(self, acts: Flags) -> Flags:
        return np.bincount(self._number[acts], minlength=len(self.names)) > 0

    def _own(self, within: Flags, end: int) -> Floats:
        columns = []
        for at in self._counted:
            mine = within & (self._what == at)
            columns.append(np.log1p(np.bincount(self._number[mine], self._value[mine], len(self.names))))
        if "money refunded" in self._called:
            most = np.zeros(len(self.names))
            mine = within & self._named("money refunded")
            np.maximum.at(most, self._number[mine], self._most[mine])
            columns.append(np.log1p(most))
        opened = np.full(len(self.names), float(end - 52))
        mine = self._named(OPENED)
        opened[self._number[mine]] = self._week[mine]
        return np.stack([*columns, np.clip(end - opened, 0, 52)], axis=1)

    def shared(self, end: int) -> Shared:
        """Who shares what by then."""
        ties = self._tie & (self._week < end)
        return share(self._number[ties], self._thing[(self._week < end)[self._tie]], len(self.names))

    def _with_neighbours(self, own: Floats, before: int, end: int) -> Floats:
        shared = self.shared(end)
        one = near(shared, own)
        known = self.confirmed(before).astype(np.float64)
        shut = self._had(self._named(SHUT) & (self._week < before)).astype(np.float64)
        labels = near(shared, np.stack([known, shut], axis=1))
        met = self._met(shared, known > 0)
        things = np.bincount(shared.account, minlength=shared.accounts)
        return np.hstack([own, one, near(shared, one), labels[:, :1], met[:, None], labels[:, 1:], np.log1p(things)[:, None]])

    def confirmed(self, before: int) -> Flags:
        """Accounts of whom a case was confirmed before that week."""
        return self._had(self._named(CONFIRMED) & (self._known >= 0) & (self._known < before))

    def _met(self, shared: Shared, known: Flags) -> Floats:
        """How many of the things an account shares are somebody's else who is known."""
        own = known[shared.account].astype(np.float64)
        others = np.bincount(shared.thing, own, shared.things)[shared.thing] - own
        return np.bincount(shared.account, (others > 0).astype(np.float64), shared.accounts).astype(np.float64)

    def links(self, accounts: Ints) -> list[dict[str, Any]]:
        """What these accounts share with accounts of confirmed cases: each tie of either, with how rare the thing is."""
        shared, known = self.shared(1 << 40), self.confirmed(1 << 40)
        found: list[dict[str, Any]] = []
        for one in accounts.tolist():
            mine = shared.thing[shared.account == one]
            ties = np.isin(shared.thing, mine) & (known[shared.account] | (shared.account == one))
            several = np.bincount(shared.thing[ties], minlength=shared.things) >= 2
            for at in np.flatnonzero(ties & several[shared.thing]).tolist():
                kind, _, entity = self.entities[shared.thing[at]].partition("\n")
                bits = float(np.log2(len(self.names) / (shared.others[at] + 1)))
                tie = {"subject": self.names[one], "account": self.names[shared.account[at]], "kind": kind.removeprefix(TIE)}
                found.append({**tie, "entity": entity, "bits": round(bits, 3)})
        return found


def _stack(parts: list[Rows]) -> Rows:
    """Rows in an order that no name decides."""
    account, x, *flags = (np.concatenate([getattr(one, name) for one in parts]) for name in Rows.__slots__)
    order = np.lexsort((*flags, *x.T))
    return Rows(account[order], x[order], *(one[order] for one in flags))


def _judged(ready: Ready) -> Likeness:
    """Fit, hold, judge; see `liken`."""
    book, held, weight, candidates = ready.book, ready.held, ready.weight, ready.judged
    forest = learn(ready.fit)
    against, scores = (forest.predict_proba(one.x)[:, 1] for one in (held, candidates))
    p = conformal(scores, against[~held.confirmed], weight[~held.confirmed])
    chance = _calibrated(against, held.confirmed, np.where(held.confirmed, 1.0, weight), scores)
    # of an account's several lengths of time, the one that stands out most
    order = np.lexsort((-chance, p))
    _, first = np.unique(candidates.account[order], return_index=True)
    best = np.sort(order[first])
    best = best[p[best] <= _LISTED]
    best = best[np.lexsort((candidates.account[best], -scores[best]))]
    names = [book.names[one] for one in candidates.account[best]]
    whole = np.where(held.confirmed, 1.0, weight).sum()
    return Likeness(
        alike=pa.table([pa.array(names, pa.string()), pa.array(np.round(100 * chance[best], 2)), pa.array(p[best])], schema=ALIKE),
        parts=pa.Table.from_pylist(_parts(forest, candidates.x[best], names, book.features), schema=BRINGS),
        shared=pa.Table.from_pylist(book.links(candidates.account[best]), schema=TIES),
        tests=len(candidates.account),
        peers=int((~held.confirmed).sum()),
        base=round(float(100 * held.confirmed.sum() / whole), 3),
    )


def weights(fit: Rows, held: Rows) -> Floats:
    """How much each of those held against counts as honest.

    Not at all if confirmed; if above the line with no case closed, the share of closed cases about such accounts that were cleared.
    """
    above = [np.concatenate([getattr(one, name)[one.above] for one in (fit, held)]) for name in ("confirmed", "cleared")]
    cleared = (above[1] & ~above[0]).sum()
    honest = (cleared + 1) / (cleared + above[0].sum() + 2)
    suspect = held.above & ~held.cleared
    answer: Floats = np.where(held.confirmed, 0.0, np.where(suspect, honest, 1.0))
    return answer


def conformal(scores: Floats, against: Floats, weight: Floats) -> Floats:
    """The share of those held against, the one judged among them, that score as high: one and above it is as good as chance."""
    order = np.argsort(against, kind="stable")
    above = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
    p: Floats = (1 + above[np.searchsorted(against[order], scores, side="left")]) / (1 + weight.sum())
    return p


def _calibrated(held: Floats, confirmed: Flags, weight: Floats, scores: Floats) -> Floats:
    """Chances by a logistic fit to the log-odds of rows that nothing was fitted on."""
    logistic = importlib.import_module("sklearn.linear_model").LogisticRegression()
    odds, wanted = (np.log((one + 1e-3) / (1 - one + 1e-3))[:, None] for one in (held, scores))
    chance: Floats = logistic.fit(odds, confirmed, weight).predict_proba(wanted)[:, 1]
    return chance


def learn(fit: Rows) -> Forest:
    """Fit a forest; whoever is above the line without a closed case may be either, and is left out."""
    ensemble = importlib.import_module("sklearn.ensemble")
    clear = fit.confirmed | fit.cleared | ~fit.above
    forest: Forest = ensemble.RandomForestClassifier(TREES, class_weight="balanced_subsample", min_samples_leaf=3, random_state=0)
    return forest.fit(fit.x[clear], fit.confirmed[clear].astype(np.int64))


def _parts(forest: Forest, x: Floats, names: list[str], features: list[str]) -> list[dict[str, Any]]:
    """What each feature adds to the score on the way down the trees, of a hundred; the largest parts, and the start they add to."""
    brings, start = contributions(forest, x)
    rows = []
    for place, name in enumerate(names):
        largest = np.lexsort((np.arange(len(features)), -np.abs(brings[place])))[:_SAID]
        said = [("everybody learned from, alike", start), *((features[at], brings[place, at]) for at in largest.tolist())]
        rows += [{"account": name, "says": says, "brings": round(100 * float(part), 2)} for says, part in said if part]
    return rows


def contributions(forest: Forest, x: Floats) -> tuple[Floats, float]:
    """Per row and feature, what the partings of the ways that ask for it change the chance by, the mean over trees; and the start.

    Start and changes add up to the forest's chance (Saabas' path decomposition).
    """
    brings, start = np.zeros_like(x), 0.0
    for one in forest.estimators_ if len(x) else ():
        tree = one.tree_
        value = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
        at, start = np.zeros(len(x), dtype=np.int64), start + value[0] / len(forest.estimators_)
        rows = np.arange(len(x))
        while len(rows):
            rows = rows[tree.children_left[at[rows]] >= 0]
            here = at[rows]
            asked = tree.feature[here]
            left = x[rows, asked].astype(np.float32) <= tree.threshold[here]
            at[rows] = np.where(left, tree.children_left[here], tree.children_right[here])
            brings[rows, asked] += (value[at[rows]] - value[here]) / len(forest.estimators_)
    return brings, float(start)
