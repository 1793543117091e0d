"""All that is known about the slices in view: what detectors, the weighing and the gate read."""

from functools import cached_property

import ibis.expr.types as ir

from beleg.kernels import first_bought, people
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import View
from beleg.proofs import evidence, money, sessions, states
from beleg.proofs.allocate import allocations
from beleg.proofs.coverage import Coverage, measure
from beleg.proofs.lines import newest
from beleg.proofs.slices import refund_facts, slices


class Dossier:
    """Slices, evidence and states over one view.

    Args:
        view: the facts asked about.
        coverage: what is known of the sources.
        as_of: the moment spoken of, in microseconds; proofs due later are pending.
    """

    def __init__(self, view: View, coverage: Coverage, as_of: int) -> None:
        self.view = view
        self.coverage = coverage
        self.as_of = as_of

    def table(self, name: str) -> ir.Table:
        """A table of facts."""
        return self.view.table(name)

    @cached_property
    def slices(self) -> ir.Table:
        """One row per slice, see `proofs.slices.slices`."""
        return self.view.lasting("slices", slices)

    @cached_property
    def evidence(self) -> ir.Table:
        """One row per slice, proof and fact, see `proofs.evidence.evidence`."""
        return self.view.lasting("evidence", evidence.evidence)

    @cached_property
    def states(self) -> ir.Table:
        """One row per slice with every proof's letter, see `proofs.states.states`."""
        return self.view.step("states", lambda view: states.states(view, self.coverage, self.as_of))

    @cached_property
    def allocations(self) -> ir.Table:
        """Every settled refund, spread over order lines, see `proofs.allocate.allocations`."""
        return self.view.lasting("allocations", allocations)

    @cached_property
    def refund_facts(self) -> ir.Table:
        """The facts by which money left for each slice: slice_id, fact_id, amount, occurred_at (refunds and lost disputes)."""
        return self.view.lasting("refund_facts", refund_facts)

    @cached_property
    def overpaid(self) -> ir.Table:
        """The slices of lines and orders for which more went back than was paid."""
        return money.overpaid(self.view)

    @cached_property
    def return_parcels(self) -> ir.Table:
        """Each slice with the parcels its goods may have come back in."""
        return evidence.return_parcels(self.view)

    @cached_property
    def return_scans(self) -> ir.Table:
        """Each slice with the scans of those parcels."""
        return evidence.return_scans(self.view)

    @cached_property
    def receipts(self) -> ir.Table:
        """Each slice with its receipts and the persons who made them."""
        return evidence.receipts(self.view)


# The facts in which a member of staff acts within a session.
_ACTS = ("receipts", "inspections", "dispositions", "dock_arrivals")


def prepare(engine: Engine, as_of: int | None = None) -> Coverage:
    """Compute what every question needs beforehand, once: persons, suspect sessions, refunds tied to purchases, coverage."""
    view = View(engine, as_of=as_of)
    engine.load("people", people.merge(view.ask("roster", _roster), view.ask("shared_sessions", _shared_sessions)))
    view.make("suspects", sessions.suspects)
    engine.load("matches", first_bought.tie(view.ask("bought", _bought), view.ask("loose", _loose)))
    return measure(view)


def _roster(view: View) -> ir.Table:
    return view.table("staff").select("login", "person").distinct()


def _shared_sessions(view: View) -> ir.Table:
    """Sessions in which several logins acted, with those."""
    acts = [view.table(name).select(login="actor", session="session") for name in _ACTS]
    every = acts[0].union(*acts[1:]).filter(lambda t: (t.session != "") & (t.login != "")).distinct()
    crowded = every.group_by("session").agg(logins=every.login.nunique()).filter(lambda t: t.logins > 1)
    return every.semi_join(crowded, "session").select("login", "session")


def _loose(view: View) -> ir.Table:
    """Refunds that name no order."""
    refunds = view.table("refunds")
    loose = refunds.filter(refunds.order_id.isnull() & (refunds.status == "settled"))
    service = (loose.stated_class == "adjustment").fill_null(False)
    return loose.select(
        "account_id", "article", "quantity", "amount", fact_id=loose.id, at=loose.occurred_at, place=loose.id, service=service
    )


def _bought(view: View) -> ir.Table:
    """The purchases they may be for."""
    wanted = _loose(view).select("account_id", "article").distinct()
    lines = view.table("order_lines").semi_join(wanted, ["account_id", "article"])
    read = lines.select("id", "known_at", "account_id", "article", "order_id", "line_id", "quantity", at="occurred_at")
    return newest(read).drop("known_at").rename(place="id")
