"""Findings that stand already, held against those of a new audit: what says the same keeps its id, what is gone is withdrawn."""

import hashlib
from collections.abc import Collection, Iterator
from typing import Any

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from beleg.facts.base import OwnFact
from beleg.facts.registry import fact_types
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import REACH

# Who wrote them; what others found, the gate among them, is theirs to take back.
SOURCE = "beleg"

# A detector's answer about a subject, whichever audit gave it.
Key = tuple[str, str]

_OF = {"slice": "order", "refund": "order", "account": "account"}
_ASKED = pa.schema([pa.field(name, pa.string()) for name in ("finding", "of", "name")] + [pa.field("since", pa.int64())])


class Standing(msgspec.Struct, frozen=True):
    """A finding that was not taken back: its row, as the facts hold it."""

    row: dict[str, Any]

    @property
    def as_of(self) -> int | None:
        """The moment it spoke of."""
        moment: int | None = self.row["as_of"]
        return moment


def standing(engine: Engine) -> dict[Key, Standing]:
    """What audits said last of each subject, where they did not take it back."""
    findings = engine.table("findings")
    mine = findings.filter(findings.source == SOURCE)
    newest = ibis.window(group_by=["detector", "subject"], order_by=[ibis.desc(mine.known_at.fill_null(0)), ibis.desc(mine.id)])
    last = mine.mutate(place=ibis.row_number().over(newest)).filter(lambda t: (t.place == 0) & (t.status == "open"))
    rows = engine.rows(last.drop("place")).to_pylist()
    return {(row["detector"], row["subject"]): Standing(row) for row in rows}


def withdrawn(
    engine: Engine, before: dict[Key, Standing], found: Collection[Key], ran: Collection[str], at: int
) -> Iterator[dict[str, Any]]:
    """A row of findings for each that a new audit does not find any more, with the fact because of which.

    That is the newest fact about the orders in question that became known after the finding spoke; there is none where others'
    doings moved the line. What a detector said that did not run this time stays as it is.

    Args:
        engine: the facts.
        before: what stood.
        found: what the new audit found.
        ran: the detectors that ran in it.
        at: its moment, in microseconds.
    """
    gone = [one for key, one in before.items() if key not in found and key[0] in ran]
    because = _because(engine, gone) if gone else {}
    for one in sorted(gone, key=lambda one: str(one.row["id"])):
        own = hashlib.sha256(f"withdrawn\n{one.row['id']}".encode()).hexdigest()[:32]
        said = {"id": f"fnd-{own}", "status": "withdrawn", "because": because.get(one.row["id"]), "as_of": at}
        yield {**one.row, **said, "ingested_at": at, "known_at": at}


def _because(engine: Engine, gone: list[Standing]) -> dict[str, str]:
    """The newest fact about each finding's orders since it spoke."""
    engine.load("findings_gone", pa.Table.from_pylist([_asked(one) for one in gone], schema=_ASKED))
    asked = engine.table("findings_gone")
    orders = engine.table("orders").select("order_id", "account_id").distinct()
    of_order = asked.filter(asked.of == "order").select("finding", "since", order_id="name")
    of_account = asked.filter(asked.of == "account").join(orders, asked.name == orders.account_id)
    wanted = ibis.union(of_order, of_account.select("finding", "since", "order_id"), distinct=True)
    parts = [facts for name, kind in fact_types().items() if (facts := _about(engine, name, kind)) is not None]
    since = wanted.join(ibis.union(*parts, distinct=True), "order_id").filter(lambda t: t.known_at > t.since)
    newest = ibis.window(group_by="finding", order_by=[ibis.desc(since.known_at), ibis.desc(since.fact_id)])
    last = since.mutate(place=ibis.row_number().over(newest)).filter(lambda t: t.place == 0)
    return {row["finding"]: row["fact_id"] for row in engine.rows(last.select("finding", "fact_id")).to_pylist()}


def _asked(one: Standing) -> dict[str, Any]:
    kind, subject = one.row["subject_kind"], one.row["subject"]
    name = subject.partition("/")[0] if _OF.get(kind) == "order" else subject
    return {"finding": one.row["id"], "of": _OF.get(kind, ""), "name": name, "since": one.as_of or 0}


def _about(engine: Engine, name: str, kind: type) -> ir.Table | None:
    """Facts of a table with the order each is about: order_id, known_at, fact_id; none of what Beleg itself says."""
    if issubclass(kind, OwnFact) or name in {"findings", "finding_facts"}:
        return None
    facts = engine.table(name)
    if "order_id" in facts.columns:
        return facts.filter(facts.order_id.notnull()).select("order_id", "known_at", fact_id="id")
    for column, through in REACH:
        if column in facts.columns and column != "account_id":  # what an account does speaks of no order
            named = engine.table(through)
            named = named.filter(named[column].notnull() & named.order_id.notnull()).select(column, "order_id").distinct()
            return facts.join(named, column).select("order_id", "known_at", fact_id="id")
    return None
