"""Finds groups of accounts that share more than honest life explains, and weighs how their refunds turned out."""

import hashlib
from collections.abc import Iterable
from math import log2
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beleg.detect.acts import DAY
from beleg.detect.closed import outcomes
from beleg.detect.judged import ABOVE_LINE, FEWEST_PEERS, JUDGED, LINKS, MEMBERS, Judged
from beleg.detect.subjects.refund_ring.graph import Graph
from beleg.detect.ties import BY_GAPS, ties, told
from beleg.kernels.companions import companions
from beleg.kernels.rings import SMALL, Settings, find
from beleg.proofs.dossier import Dossier

STRATUM = "all accounts that share anything"

# Groups that chance brings about so often are none.
_CHANCE = 0.05

# A bit for looking in two ways, and so many bits of which two rings are equally sure.
_TWO_WAYS, _SURE = 1.0, 12.0

# Where more of the checked refunds lack proofs than this, lacking them tells nothing about who was met.
_TELLING = 0.1


def count(dossier: Dossier) -> ir.Table:
    """Ties and refunds of accounts: account, kind, entity, n, bad, told.

    A tie that others have too has a row of its own, n = 1; those nobody else has are counted in one row per kind, the entity empty.
    Refunds have the kind empty: n could be checked, bad of them lack proofs, and told stand above the line; these have a row per
    day, which is the entity. What a closed case confirmed is both, and what one cleared is neither.
    """
    every = ties(dossier)
    things = every.group_by(["kind", "entity"]).agg(first=every.account.min(), last=every.account.max())
    things = dossier.view.step("tied_things", lambda _: things)
    shared = things.filter(things["first"] != things["last"])
    common = every.semi_join(shared, ["kind", "entity"]).distinct().mutate(n=_one(), bad=_none(), told=_none())
    alone = things.filter(things["first"] == things["last"]).group_by("kind", account="first").agg(n=lambda t: t.count())
    alone = alone.mutate(entity=ibis.literal(""), bad=_none(), told=_none())
    states = dossier.states.filter(dossier.states.account_id.notnull(), dossier.states.amount > 0)
    states = states.left_join(dossier.view.prepared(ABOVE_LINE), "slice_id").drop("slice_id_right")
    states = states.left_join(outcomes(dossier).select("slice_id", "wrong"), "slice_id")
    checked = (states.standing.isin(("supported", "gap")) | states.wrong.notnull()).ifelse(1, 0)
    lacking = states.wrong.fill_null((states.standing == "gap").ifelse(1, 0))
    telling = states.wrong.fill_null(states.millibits.notnull().ifelse(1, 0))
    day = (states.refunded_at // DAY).cast("int64").cast("string").fill_null("no day")
    entity = (telling == 1).ifelse(day, "")
    states = states.mutate(entity=entity, checked=checked, lacking=lacking, telling=telling)
    refunds = states.group_by(account="account_id", entity="entity").agg(
        n=states.checked.sum(), bad=states.lacking.sum(), told=states.telling.sum()
    )
    refunds = refunds.mutate(kind=ibis.literal(""))
    columns = ("account", "kind", "entity", "n", "bad", "told")
    return ibis.union(*(part.select(*columns) for part in (common, alone, refunds)), distinct=False)


def _one() -> ir.Value:
    return ibis.literal(1, "int64")


def _none() -> ir.Value:
    return ibis.literal(0, "int64")


class _Ring(NamedTuple):
    """Accounts by number, and what they share; p holds for the whole search by which they were found."""

    accounts: frozenset[int]
    shared: pa.Table
    p: float
    log2_e: float | None

    @property
    def rank(self) -> tuple[float, int, float]:
        """Of two rings that are sure enough the larger one tells more."""
        return min(_SURE, -log2(max(self.p, 1e-300))), len(self.accounts), -self.p


def judge(counted: pa.Table) -> Judged:
    """Search for rings in two ways: by what accounts share, and by whose refunds stand above the line among those who share.

    First, what accounts share is held against as many ties dealt out by chance, and their refunds against everybody's; second,
    accounts with refunds above the line against as many dealt out to accounts by chance. Either search is paid for, and that there
    are two. Rings nobody of whom was paid a refund, or whose refunds speak for them, are not named.
    """
    refunds = counted.filter(pc.field("kind") == "")
    graph = Graph(_telling(counted.filter(pc.field("kind") != ""), refunds), refunds)
    people = pc.count_distinct(graph.links["account"]).as_py()
    named = [
        (graph.names(sorted(one.accounts)), one)
        for one in _distinct([*_by_ties(graph, people), *_by_marks(graph)])
        if people - len(one.accounts) >= FEWEST_PEERS
    ]
    rings = [("ring-" + hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:12], names, one) for names, one in named]
    members = [{"subject": subject, "account": name} for subject, names, _ in rings for name in names]
    links = [{"subject": subject, **tie} for subject, _, one in rings for tie in graph.ties(sorted(one.accounts), one.shared)]
    return Judged(
        rows=pa.Table.from_pylist([_row(subject, one, people) for subject, _, one in rings], schema=JUDGED),
        tests=len(rings),
        searched=True,
        members=pa.Table.from_pylist(members, schema=MEMBERS),
        links=pa.Table.from_pylist(links, schema=LINKS),
    )


def _by_ties(graph: Graph, people: int) -> Iterable[_Ring]:
    """What the ring engine finds; where bad refunds alone speak, naming the account it was grown from is paid for, too."""
    found = find(graph.links, graph.refunds if graph.refunds.num_rows else None)
    paid = set(graph.refunds["account"].to_pylist())
    members: dict[int, list[int]] = {}
    for row in found.members.to_pylist():
        members.setdefault(row["ring"], []).append(row["account"])
    for one in found.rings.to_pylist():
        mine = frozenset(members[one["ring"]])
        if one["outcome_bits"] >= 0 and not paid.isdisjoint(mine):
            small = one["structure_bits"] <= SMALL
            bits = one["bits"] - (max(log2(people) + SMALL, 0.0) if small else 0.0) - _TWO_WAYS
            yield _Ring(mine, found.shared.filter(pc.field("ring") == one["ring"]), min(2.0**-bits, 1.0), bits)


def _by_marks(graph: Graph) -> Iterable[_Ring]:
    """Accounts with refunds above the line that share rare things, more of them than chance ties to each other."""
    kinds = graph.without(BY_GAPS)
    found = companions(kinds, graph.marks, np.asarray(graph.refunds["account"], dtype=np.int64))
    groups: dict[int, list[int]] = {}
    chances: dict[int, float] = {}
    for row in found.to_pylist():
        groups.setdefault(row["group"], []).append(row["account"])
        chances[row["group"]] = min(1.0, row["p"] * 2**_TWO_WAYS)
    likely = {group: mine for group, mine in groups.items() if chances[group] <= _CHANCE}
    return (_Ring(frozenset(mine), graph.shared(mine), chances[group], None) for group, mine in likely.items())


def _distinct(rings: Iterable[_Ring]) -> list[_Ring]:
    """The rings but for those that share half their accounts, or half of the other's, with a better one.

    Two equally good ones both stay, since only names could tell which to drop.
    """
    chosen: list[_Ring] = []
    for one in sorted(rings, key=lambda ring: ring.rank, reverse=True):
        least = (min(len(one.accounts), len(other.accounts)) for other in chosen)
        if not any(
            2 * len(one.accounts & other.accounts) >= few and other.rank > one.rank
            for few, other in zip(least, chosen, strict=True)
        ):
            chosen.append(one)
    return chosen


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The facts that show what members share with each other, and the refunds they were paid."""
    members = named.select("subject", account="member").distinct()
    mine = told(dossier).join(members, "account").distinct()
    between = mine.group_by(["subject", "kind", "entity"]).agg(met=mine.account.nunique()).filter(lambda t: t.met > 1)
    crowds = (
        ties(dossier).semi_join(between, ["kind", "entity"]).group_by(["kind", "entity"]).agg(crowd=lambda t: t.account.nunique())
    )
    telling = between.join(crowds.filter(crowds.crowd <= Settings().cap), ["kind", "entity"])
    shown = mine.semi_join(telling, ["subject", "kind", "entity"])
    shown = shown.select("subject", "fact_id", role="kind", slice_id=ibis.null("string"))
    slices = dossier.states.select("slice_id", account="account_id").join(members, "account")
    paid = dossier.refund_facts.select("slice_id", "fact_id").join(slices, "slice_id")
    refunds = paid.select("subject", "fact_id", "slice_id", role=ibis.literal("refund"))
    columns = ("subject", "fact_id", "role", "slice_id")
    return ibis.union(shown.select(*columns), refunds.select(*columns), distinct=False)


def _telling(tied: pa.Table, refunds: pa.Table) -> pa.Table:
    """Leave out whom and what refunds without proofs met, where so many lack them that this is no sign."""
    checked, bad = (pc.sum(refunds[name], min_count=0).as_py() for name in ("n", "bad"))
    return tied.filter(pc.invert(pc.is_in(tied["kind"], pa.array(BY_GAPS)))) if bad > _TELLING * checked else tied


def _row(subject: str, ring: _Ring, people: int) -> dict[str, object]:
    """A ring held against all others."""
    size = len(ring.accounts)
    observed, expected = (float(pc.sum(ring.shared[name]).as_py() or 0) for name in ("accounts", "expected"))
    said = {"subject": subject, "stratum": STRATUM, "peers": people - size, "observed": observed, "expected": expected}
    return {**said, "p": ring.p, "log2_e": ring.log2_e}
