"""Finds groups of accounts that share more than honest life explains, and weighs how their refunds turned out."""

import hashlib
from math import log2
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beleg.detect.judged import ABOVE_LINE, FEWEST_PEERS, JUDGED, LINKS, MEMBERS, Judged
from beleg.detect.ties import BY_GAPS, ties, told
from beleg.kernels.rings import SMALL, Settings, find
from beleg.proofs.dossier import Dossier

STRATUM = "all accounts that share anything"

# Where more of the checked refunds lack proofs than this, lacking them tells nothing about who was met.
_TELLING = 0.1


def count(dossier: Dossier) -> ir.Table:
    """Ties and refunds of accounts: account, kind, entity, n, bad, told.

    A tie that others have too has a row of its own, n = 1; those nobody else has are counted in one row per kind, the entity empty.
    Refunds have the kind empty: n could be checked, bad of them lack proofs, and told stand above the line.
    """
    every = ties(dossier)
    things = every.group_by(["kind", "entity"]).agg(first=every.account.min(), last=every.account.max())
    things = dossier.view.step("tied_things", lambda _: things)
    shared = things.filter(things["first"] != things["last"])
    common = every.semi_join(shared, ["kind", "entity"]).distinct().mutate(n=_one(), bad=_none(), told=_none())
    alone = things.filter(things["first"] == things["last"]).group_by("kind", account="first").agg(n=lambda t: t.count())
    alone = alone.mutate(entity=ibis.literal(""), bad=_none(), told=_none())
    states = dossier.states.filter(dossier.states.account_id.notnull(), dossier.states.amount > 0)
    states = states.left_join(dossier.view.prepared(ABOVE_LINE), "slice_id")
    checked = states.standing.isin(("supported", "gap")).ifelse(1, 0)
    lacking = (states.standing == "gap").ifelse(1, 0)
    refunds = states.group_by("account_id").agg(n=checked.sum(), bad=lacking.sum(), told=states.millibits.count())
    refunds = refunds.mutate(account="account_id", kind=ibis.literal(""), entity=ibis.literal(""))
    columns = ("account", "kind", "entity", "n", "bad", "told")
    return ibis.union(*(part.select(*columns) for part in (common, alone, refunds)), distinct=False)


def _one() -> ir.Value:
    return ibis.literal(1, "int64")


def _none() -> ir.Value:
    return ibis.literal(0, "int64")


def judge(counted: pa.Table) -> Judged:
    """Search for rings: what accounts share, against as many ties dealt out by chance, and their refunds against everybody's.

    A ring's bits have paid for the search, so that honest life shows any such ring with a chance of 2 to the minus that many. Rings
    nobody of whom was paid a refund, or whose refunds speak for them, are not named.
    """
    refunds = counted.filter(pc.field("kind") == "")
    graph = _Graph(_telling(counted.filter(pc.field("kind") != ""), refunds), refunds)
    found = find(graph.links, graph.refunds if refunds.num_rows else None)
    people = pc.count_distinct(graph.links["account"]).as_py()
    paid = set(graph.refunds["account"].to_pylist())
    members: dict[int, list[int]] = {}
    for row in found.members.to_pylist():
        members.setdefault(row["ring"], []).append(row["account"])
    judged, named, ties_of = [], [], []
    for one in found.rings.to_pylist():
        mine = members[one["ring"]]
        if one["outcome_bits"] < 0 or paid.isdisjoint(mine) or people - len(mine) < FEWEST_PEERS:
            continue
        names = graph.names(mine)
        subject = "ring-" + hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:12]
        shared = found.shared.filter(pc.field("ring") == one["ring"])
        judged.append(_row(subject, one, pc.sum(shared["expected"]).as_py(), people))
        named += [{"subject": subject, "account": name} for name in names]
        ties_of += [{"subject": subject, **tie} for tie in graph.ties(mine, shared)]
    return Judged(
        rows=pa.Table.from_pylist(judged, schema=JUDGED),
        tests=found.rings.num_rows,
        members=pa.Table.from_pylist(named, schema=MEMBERS),
        links=pa.Table.from_pylist(ties_of, schema=LINKS),
    )


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


def _row(subject: str, ring: dict[str, Any], expected: float, people: int) -> dict[str, Any]:
    """A ring held against all others; where bad refunds alone speak, naming the account it was grown from is paid for, too."""
    small = ring["structure_bits"] <= SMALL
    bits = ring["bits"] - (max(log2(people) + SMALL, 0.0) if small else 0.0)
    said = {"subject": subject, "stratum": STRATUM, "peers": people - ring["accounts"], "observed": float(ring["edges"])}
    return {**said, "expected": expected, "p": min(2.0**-bits, 1.0), "log2_e": bits}


class _Graph:
    """Ties as links between numbers, and refunds by account number; what nobody shares has numbers that nobody else has."""

    def __init__(self, tied: pa.Table, refunds: pa.Table) -> None:
        everyone: Any = pa.chunked_array([*tied["account"].chunks, *refunds["account"].chunks], pa.string())
        self._accounts: Any = pc.unique(everyone)
        shared = tied.filter(pc.field("entity") != "")
        self._things = shared.group_by(["kind", "entity"]).aggregate([]).sort_by([("kind", "ascending"), ("entity", "ascending")])
        places = self._things.append_column("thing", pa.array(range(self._things.num_rows), pa.int64()))
        together = shared.select(["account", "kind", "entity"]).join(places, ["kind", "entity"])
        alone = tied.filter(pc.field("entity") == "")
        owners = np.repeat(self._numbers(alone), alone["n"].to_numpy())
        own = np.arange(len(owners)) + self._things.num_rows
        accounts = np.concatenate([self._numbers(together), owners])
        entities = np.concatenate([together["thing"].to_numpy(), own])
        self.links = pa.table({"account": pa.array(accounts), "entity": pa.array(entities)})
        self.refunds = refunds.select(["n", "bad", "told"]).rename_columns(["trials", "bad", "telling"])
        self.refunds = self.refunds.append_column("account", pa.array(self._numbers(refunds)))

    def names(self, accounts: list[int]) -> list[str]:
        """The accounts behind numbers."""
        names: list[str] = self._accounts.take(pa.array(accounts, pa.int64())).to_pylist()
        return names

    def ties(self, members: list[int], shared: pa.Table) -> list[dict[str, Any]]:
        """Every tie of these accounts to what they share: account, kind, entity, bits."""
        inside = pc.and_(pc.is_in(self.links["account"], pa.array(members)), pc.is_in(self.links["entity"], shared["entity"]))
        links = self.links.filter(inside).join(shared.select(["entity", "bits"]), "entity")
        rows: list[dict[str, Any]] = links.to_pylist()
        accounts = self.names([row["account"] for row in rows])
        things = self._things.take([row["entity"] for row in rows]).to_pylist()
        return [{"account": one, **what, "bits": row["bits"]} for one, what, row in zip(accounts, things, rows, strict=True)]

    def _numbers(self, table: pa.Table) -> npt.NDArray[np.int64]:
        places: Any = pc.index_in(table["account"], value_set=self._accounts)
        numbers: npt.NDArray[np.int64] = places.to_numpy().astype(np.int64)
        return numbers
