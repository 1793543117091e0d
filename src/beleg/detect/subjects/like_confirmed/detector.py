"""Learns from closed cases which accounts are like confirmed frauds, by what they did, week by week, and by their neighbours."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect.acts import DAY
from beleg.detect.closed import outcomes, refunded
from beleg.detect.judged import ABOVE_LINE, FEWEST_PEERS, JUDGED, LINKS, PARTS, Judged
from beleg.detect.ties import told
from beleg.kernels.likeness import ABOVE, CLEARED, CONFIRMED, OPENED, REFUNDS, SHUT, TIE, liken
from beleg.proofs.dossier import Dossier

STRATUM = "accounts with refunds in the same length of time, whose cases were not confirmed"

_COLUMNS = ("account", "what", "entity", "at", "known_at", "value")


def count(dossier: Dossier) -> ir.Table:
    """What accounts did, summed up by week, as `kernels.likeness.liken` reads it: account, what, entity, week, known, value, most.

    A refund is dated by when its proofs were due, as its standing is known from then on.
    """
    t = ibis.union(*(part.select(*_COLUMNS) for part in _parts(dossier)), distinct=False)
    t = t.filter(t.account.notnull() & (t.account.strip() != "") & t["at"].notnull() & (t["at"] <= dossier.as_of))
    t = t.mutate(week=_week(t["at"]), known=_week(t.known_at).fill_null(-1))
    return t.group_by(["account", "what", "entity", "week", "known"]).agg(value=t.value.sum(), most=t.value.max())


def judge(counted: pa.Table) -> Judged:
    """Held against accounts of a later time than those learned from, of whom none was confirmed; on the time after that."""
    found = liken(counted)
    if found.lacking:
        return Judged(rows=JUDGED.empty_table(), tests=0, not_run=found.lacking)
    alike = found.alike
    if found.peers < FEWEST_PEERS:
        return Judged(rows=JUDGED.empty_table(), tests=0, not_run="too few peers")
    size = alike.num_rows
    said = {
        "subject": alike["account"], "stratum": pa.repeat(STRATUM, size), "peers": pa.repeat(found.peers, size),
        "observed": alike["chance"], "expected": pa.repeat(found.base, size), "p": alike["p"],
    }  # fmt: skip
    columns = [said.get(field.name, pa.nulls(size, field.type)).cast(field.type) for field in JUDGED]
    return Judged(
        rows=pa.Table.from_arrays(columns, schema=JUDGED),
        tests=found.tests,
        links=found.shared.rename_columns(LINKS.names).cast(LINKS),
        parts=found.parts.rename_columns(PARTS.names).cast(PARTS),
    )


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The account's refunds, and the facts that show what it shares with accounts of confirmed cases."""
    mine = named.select("subject", account_id="member").distinct()
    slices = refunded(dossier).filter(lambda t: t.due_at <= dossier.as_of).join(mine, "account_id").select("subject", "slice_id")
    paid = dossier.refund_facts.select("slice_id", "fact_id").join(slices, "slice_id")
    refunds = paid.select("subject", "fact_id", "slice_id", role=ibis.literal("refund"))
    guilty = outcomes(dossier).filter(lambda t: t.wrong == 1).select(account="account_id").distinct()
    every = told(dossier)
    met = every.semi_join(guilty, "account").select("kind", "entity", other="account").distinct()
    shown = every.join(mine.rename(account="account_id"), "account").join(met, ["kind", "entity"])
    shown = shown.filter(shown.account != shown.other)
    shown = shown.select("subject", "fact_id", role="kind", slice_id=ibis.null("string")).distinct()
    columns = ("subject", "fact_id", "role", "slice_id")
    return ibis.union(refunds.select(*columns), shown.select(*columns), distinct=False)


def _parts(dossier: Dossier) -> Iterator[ir.Table]:
    paid = refunded(dossier).left_join(dossier.view.prepared(ABOVE_LINE), "slice_id").drop("slice_id_right")
    yield _act(paid, REFUNDS, 1)
    yield _act(paid, "money refunded", paid.amount)
    yield _act(paid.filter(paid.standing == "gap"), "refunds without proofs", 1)
    yield _act(paid.filter(paid.millibits.notnull()), ABOVE, 1)
    yield _act(paid.filter(paid.millibits.notnull()), "bits of refunds above the line", paid.millibits)
    yield _act(paid.mutate(what="refunds: " + paid.refund_class.fill_null("unclassified")), None, 1)
    cases = outcomes(dossier)
    cases = cases.mutate(what=(cases.wrong == 1).ifelse(CONFIRMED, CLEARED))
    yield _act(cases, None, 1, known=cases.closed_at)
    orders = dossier.table("orders").mutate(due_at=lambda t: t.occurred_at)
    yield _act(orders, "orders", 1)
    claims = dossier.table("claims")
    owners = orders.filter(orders.account_id.notnull()).group_by("order_id").agg(account_id=lambda t: t.account_id.max())
    claims = claims.select("order_id", "kind", due_at="occurred_at").join(owners, "order_id")
    yield _act(claims.mutate(what="claims: " + claims.kind), None, 1)
    for name in ("support_contacts", "accounts", "restrictions", "sign_ins"):
        facts = dossier.table(name).mutate(due_at=lambda t: t.occurred_at)
        if name == "restrictions":
            facts = facts.filter(facts.action == "closed")
        if name == "sign_ins":
            facts = facts.filter(facts.outcome.isin(("reset", "factor_changed")))
        yield _act(facts, _NAMED[name], 1)
    ties = told(dossier).group_by(["account", "kind", "entity"]).agg(at=lambda t: t["at"].fill_null(0).min())
    yield ties.mutate(what=TIE + ties.kind, known_at=ibis.null("int64"), value=ibis.literal(1, "int64"))


_NAMED = {"support_contacts": "contacts", "accounts": OPENED, "restrictions": SHUT, "sign_ins": "changed credentials"}


def _act(rows: ir.Table, what: str | None, value: ir.Value | int, known: ir.Value | None = None) -> ir.Table:
    """Rows with account_id and due_at as acts of this name, or of the one in the column `what`."""
    return rows.select(
        account="account_id",
        what=ibis.literal(what) if what is not None else rows["what"],
        entity=ibis.literal(""),
        at=rows.due_at,
        known_at=ibis.null("int64") if known is None else known,
        value=(ibis.literal(value) if isinstance(value, int) else value).cast("int64"),
    )


def _week(moment: ir.Value) -> ir.Value:
    return (moment // (7 * DAY)).cast("int64")
