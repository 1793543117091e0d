"""The first and the last moment that anything is known of."""

import ibis
import ibis.expr.types as ir

from beleg.facts.registry import fact_types
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import View

# Rosters and accounts reach further back than the period that a report is about.
_BEFORE = frozenset({"staff", "accounts", "identifiers"})


def span(engine: Engine) -> tuple[int | None, int | None]:
    """When the first fact of trade happened and when the last fact of any kind became known, in microseconds; empty without one."""
    rows = View(engine).ask("span", _spans).to_pylist()
    firsts = (row["first"] for row in rows if row["first"] is not None and row["table"] not in _BEFORE)
    lasts = (row["last"] for row in rows if row["last"] is not None)
    return min(firsts, default=None), max(lasts, default=None)


def _spans(view: View) -> ir.Table:
    facts = {name: view.table(name) for name in fact_types()}
    spans = (t.agg(table=ibis.literal(name), first=t.occurred_at.min(), last=t.known_at.max()) for name, t in facts.items())
    return ibis.union(*spans, distinct=False)
