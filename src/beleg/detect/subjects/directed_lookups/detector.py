"""Receipts within minutes of opening, unasked, the very return: per person and day, against peers who receive the same."""

import ibis
import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import by_peers, facts_behind
from beleg.proofs.dossier import Dossier

# A receipt so soon after its return was opened was what the return was opened for.
SOON = 5 * 60 * 1_000_000

judge = by_peers


def count(dossier: Dossier) -> ir.Table:
    """Per person, stratum and day: receipts, and those of returns opened unasked just before."""
    looked = _looked(dossier).select("receipt_fact").distinct().mutate(directed=ibis.literal(True))
    received = acts.received(dossier)
    t = received.left_join(looked, received.fact_id == looked.receipt_fact)
    return acts.counted(t.mutate(lacking=t.directed.fill_null(False)))


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The receipts, and the look-ups before them."""
    mine = _looked(dossier).join(named.select("subject", person="member").distinct(), "person")
    return ibis.union(
        facts_behind(mine.rename(fact_id="receipt_fact"), "receipt"), facts_behind(mine.rename(fact_id="action"), "lookup")
    )


def _looked(dossier: Dossier) -> ir.Table:
    """Look-ups outside the queue with the receipt that followed: person, slice_id, receipt_fact, action."""
    people = dossier.view.prepared("people")
    actions = dossier.table("staff_actions")
    unasked = actions.filter((actions.queued == ibis.literal(False)) & actions.order_id.notnull())
    unasked = unasked.select("login", "order_id", "rma_id", action="id", looked_at="occurred_at").join(people, "login")
    received = acts.received(dossier).select("person", "order_id", "slice_id", "at", receipt_fact="fact_id")
    both = received.join(unasked, ["person", "order_id"])
    return both.filter((both["at"] >= both.looked_at) & (both["at"] - both.looked_at <= SOON))
