"""Finds groups of accounts that share more than honest life explains, and weighs how their refunds turned out."""

import hashlib
from collections.abc import Iterable
from math import log2
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beleg.detect.acts import DAY
from beleg.detect.closed import outcomes
from beleg.detect.judged import ABOVE_LINE, FEWEST_PEERS, JUDGED, LINKS, MEMBERS, NUMBERS, Judged
from beleg.detect.subjects.refund_ring.graph import Graph
from beleg.detect.subjects.refund_ring.tied import REFUNDS, links, numbered, people, things
from beleg.detect.ties import told
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
    """Ties and refunds of accounts in numbers: what, account, other, n, bad, told; `what` as in `tied`.

    A tie to a thing that others have too has a row, other being the thing; those nobody else has are counted in one row an
    account. Of accounts of which nothing else is said, a row counts those (n) who have so many (other). Refunds have a row per day
    on which any tells by itself, other being the day, and one for the rest: n could be checked, bad of them lack proofs, and told
    stand above the line. What a closed case confirmed is both, and what one cleared is neither.
    """
    return numbered(dossier, refunds(dossier), _people(dossier))


def _people(dossier: Dossier) -> ir.Table:
    return dossier.view.step("ring_people", lambda _: people(dossier, refunds(dossier)))


def refunds(dossier: Dossier) -> ir.Table:
    """Refunds by account and day: account, day, n, bad, told."""
    return dossier.view.step("refunds_by_day", lambda _: _by_day(dossier))


def _by_day(dossier: Dossier) -> ir.Table:
    states = dossier.states.filter(dossier.states.account_id.notnull(), dossier.states.amount > 0)
    states = states.left_join(dossier.view.prepared(ABOVE_LINE), "slice_id").drop("slice_id_right")
    states = states.left_join(outcomes(dossier).select("slice_id", "wrong"), "slice_id")
    checked = (states.standing.isin(("supported", "gap")) | states.wrong.notnull()).ifelse(1, 0)
    lacking = states.wrong.fill_null((states.standing == "gap").ifelse(1, 0))
    telling = states.wrong.fill_null(states.millibits.notnull().ifelse(1, 0))
    day = (telling == 1).ifelse((states.refunded_at // DAY).cast("int64"), ibis.null("int64"))
    states = states.mutate(day=day, checked=checked, lacking=lacking, telling=telling)
    return states.group_by(account="account_id", day="day").agg(
        n=states.checked.sum(), bad=states.lacking.sum(), told=states.telling.sum()
    )


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
    graph = Graph(counted, with_gaps=_telling(counted.filter(pc.field("what") == REFUNDS)))
    found = [one for one in _distinct([*_by_ties(graph), *_by_marks(graph)]) if graph.people - len(one.accounts) >= FEWEST_PEERS]
    rings = [(str(place), one) for place, one in enumerate(found)]
    members = [{"subject": subject, "account": str(account)} for subject, one in rings for account in sorted(one.accounts)]
    ties = [(subject, tie) for subject, one in rings for tie in graph.ties(sorted(one.accounts), one.shared)]
    shown = [
        {"subject": subject, "account": str(tie["account"]), "kind": "", "entity": str(tie["entity"]), "bits": tie["bits"]}
        for subject, tie in ties
    ]
    numbers = {("account", account) for one in found for account in one.accounts} | {("thing", tie["entity"]) for _, tie in ties}
    return Judged(
        rows=pa.Table.from_pylist([_row(subject, one, graph.people) for subject, one in rings], schema=JUDGED),
        tests=len(rings),
        searched=True,
        members=pa.Table.from_pylist(members, schema=MEMBERS),
        links=pa.Table.from_pylist(shown, schema=LINKS),
        numbers=pa.Table.from_pylist([{"what": what, "number": one} for what, one in sorted(numbers)], schema=NUMBERS),
    )


def names(dossier: Dossier, numbers: ir.Table) -> ir.Table:
    """Accounts and shared things behind their numbers: what, number, kind (of things), name."""
    accounts, shared = (numbers.filter(numbers.what == what) for what in ("account", "thing"))
    who = (
        _people(dossier)
        .semi_join(accounts, "number")
        .select("number", what=ibis.literal("account"), kind=ibis.literal(""), name="account")
    )
    what = things(dossier).semi_join(shared, "number").select("number", "kind", what=ibis.literal("thing"), name="entity")
    return ibis.union(who, what.select(*who.columns), distinct=False)


def spoken(judged: Judged, names: pa.Table) -> Judged:
    """With accounts and things where numbers stand; a ring is named by a hash of its accounts."""
    known = {(row["what"], str(row["number"])): (row["kind"], row["name"]) for row in names.to_pylist()}
    members: dict[str, list[str]] = {}
    for row in judged.members.to_pylist():
        members.setdefault(row["subject"], []).append(known["account", row["account"]][1])
    rings = {
        one: "ring-" + hashlib.sha256("\n".join(sorted(accounts)).encode()).hexdigest()[:12] for one, accounts in members.items()
    }
    rows = [{**row, "subject": rings[row["subject"]]} for row in judged.rows.to_pylist()]
    shown = [
        {
            **row, "subject": rings[row["subject"]], "account": known["account", row["account"]][1],
            "kind": known["thing", row["entity"]][0], "entity": known["thing", row["entity"]][1],
        }
        for row in judged.links.to_pylist()
    ]  # fmt: skip
    named = [{"subject": rings[one], "account": account} for one, accounts in members.items() for account in accounts]
    return msgspec.structs.replace(
        judged,
        rows=pa.Table.from_pylist(rows, schema=JUDGED),
        members=pa.Table.from_pylist(named, schema=MEMBERS),
        links=pa.Table.from_pylist(shown, schema=LINKS),
    )


def _by_ties(graph: Graph) -> Iterable[_Ring]:
    """What the ring engine finds; where bad refunds alone speak, naming the account it was grown from is paid for, too."""
    found = find(graph.links, graph.outcomes, apart=graph.apart)
    members: dict[int, list[int]] = {}
    for row in found.members.to_pylist():
        members.setdefault(row["ring"], []).append(row["account"])
    paid = set(pc.unique(graph.refunds.filter(pc.is_in(graph.refunds["account"], found.members["account"]))["account"]).to_pylist())
    for one in found.rings.to_pylist():
        mine = frozenset(members[one["ring"]])
        if one["outcome_bits"] >= 0 and not paid.isdisjoint(mine):
            small = one["structure_bits"] <= SMALL
            bits = one["bits"] - (max(log2(graph.people) + SMALL, 0.0) if small else 0.0) - _TWO_WAYS
            yield _Ring(mine, found.shared.filter(pc.field("ring") == one["ring"]), min(2.0**-bits, 1.0), bits)


def _by_marks(graph: Graph) -> Iterable[_Ring]:
    """Accounts with refunds above the line that share rare things, more of them than chance ties to each other."""
    found = companions(graph.plain, graph.marks, np.asarray(graph.refunds["account"], dtype=np.int64))
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
    shared = links(dossier)
    between = shared.join(members, "account").group_by(["subject", "thing"]).agg(met=lambda t: t.count())
    between = between.filter(between.met > 1)
    crowds = shared.semi_join(between, "thing").group_by("thing").agg(crowd=lambda t: t.count())
    telling = between.join(crowds.filter(crowds.crowd <= Settings().cap), "thing").select("subject", "thing")
    telling = telling.join(things(dossier), telling.thing == things(dossier).number)
    shown = told(dossier, members).drop("at").distinct().join(members, "account")
    shown = shown.semi_join(telling, ["subject", "kind", "entity"])
    shown = shown.select("subject", "fact_id", role="kind", slice_id=ibis.null("string"))
    slices = dossier.states.select("slice_id", account="account_id").join(members, "account")
    paid = dossier.refund_facts.select("slice_id", "fact_id").join(slices, "slice_id")
    refunds = paid.select("subject", "fact_id", "slice_id", role=ibis.literal("refund"))
    columns = ("subject", "fact_id", "role", "slice_id")
    return ibis.union(shown.select(*columns), refunds.select(*columns), distinct=False)


def _telling(refunds: pa.Table) -> bool:
    """Whether whom and what refunds without proofs met is any sign; it is none where many lack them."""
    checked, bad = (pc.sum(refunds[name], min_count=0).as_py() for name in ("n", "bad"))
    return bool(bad <= _TELLING * checked)


def _row(subject: str, ring: _Ring, people: int) -> dict[str, object]:
    """A ring held against all others."""
    size = len(ring.accounts)
    observed, expected = (float(pc.sum(ring.shared[name]).as_py() or 0) for name in ("accounts", "expected"))
    said = {"subject": subject, "stratum": STRATUM, "peers": people - size, "observed": observed, "expected": expected}
    return {**said, "p": ring.p, "log2_e": ring.log2_e}
