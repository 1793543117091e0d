"""What ties accounts together: every thing an account showed that others may show too, and who and what its bad refunds met."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from beleg.proofs.dossier import Dossier

# Where an account shows something, which column, and what kind of thing it is.
SHOWN = (
    ("sign_ins", "device", "device"),
    ("sign_ins", "ip", "ip"),
    ("support_contacts", "device", "device"),
    ("support_contacts", "ip", "ip"),
    ("support_contacts", "text", "wording"),
    ("claims", "device", "device"),
    ("claims", "ip", "ip"),
    ("claims", "text", "wording"),
    ("claim_documents", "content", "document"),
    ("claim_documents", "picture", "picture"),
    ("claim_documents", "number", "document number"),
    ("return_authorisations", "device", "device"),
    ("orders", "payment", "payment"),
    ("refunds", "instrument", "payment"),
    ("parcels", "artefact", "label"),
)

# Kinds of ties that only refunds without proofs make.
BY_GAPS = ("article", "staff")

_COLUMNS = ("account", "kind", "entity", "fact_id", "at")


def ties(dossier: Dossier) -> ir.Table:
    """Every tie: account, kind, entity; a blank ties nobody, and one may come several times.

    Refunds whose required proofs are absent or contradicted tie an account to the article and to whoever received or approved it:
    honest ones fall on all articles and all staff alike.
    """
    return dossier.view.step("ties", lambda _: told(dossier).drop("fact_id", "at"))


def told(dossier: Dossier) -> ir.Table:
    """The same, each with a fact that tells of it (fact_id) and since when (at); worked out anew, as it is seldom asked."""
    t = ibis.union(*_parts(dossier), distinct=False)
    return t.filter(_said(t.account))


def _parts(dossier: Dossier) -> Iterator[ir.Table]:
    identifiers = dossier.table("identifiers")
    identifiers = identifiers.filter(_said(identifiers.value))
    yield identifiers.select(account="account_id", kind="kind", entity="value", fact_id="id", at="occurred_at")
    orders = dossier.table("orders")
    owners = dossier.view.step("owners", lambda _: orders.group_by("order_id").agg(owner=lambda t: t.account_id.max()))
    for table, column, kind in SHOWN:
        facts = dossier.table(table)
        if table == "sign_ins":
            facts = facts.filter(facts.outcome != "failure")
        rows = facts.filter(_said(facts[column]))
        if table != "orders" and "order_id" in facts.columns:
            rows = rows.left_join(owners, "order_id").drop("order_id_right")
            rows = rows.mutate(
                account_id=ibis.coalesce(rows.account_id, rows.owner) if "account_id" in facts.columns else rows.owner
            )
        yield rows.select(account="account_id", kind=ibis.literal(kind), entity=column, fact_id="id", at="occurred_at")
    yield from _by_gaps(dossier)


def _by_gaps(dossier: Dossier) -> Iterator[ir.Table]:
    gaps = dossier.states.filter(dossier.states.standing == "gap").select("slice_id", "account_id", "article", at="due_at")
    paid = dossier.refund_facts.select("slice_id", "fact_id").join(gaps, "slice_id")
    yield _tied(paid, "article", paid.article)
    received = dossier.receipts.select("slice_id", "fact_id", "person").join(gaps, "slice_id")
    yield _tied(received, "staff", received.person)
    people = dossier.view.prepared("people").select(approver="login", person="person")
    refunds = dossier.table("refunds").select("approver", fact_id="id").join(people, "approver")
    approved = paid.join(refunds, "fact_id")
    yield _tied(approved, "staff", approved.person)


def _tied(rows: ir.Table, kind: str, entity: ir.Value) -> ir.Table:
    said = rows.mutate(entity=entity).filter(lambda t: _said(t.entity))
    return said.select("entity", "fact_id", "at", account="account_id", kind=ibis.literal(kind)).select(*_COLUMNS)


def _said(value: ir.Value) -> ir.Value:
    return value.notnull() & (value.strip() != "")
