"""What ties accounts together: every thing an account showed that others may show too, and who and what its bad refunds met."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from beleg.detect.acts import headers
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

_TIE = ("account", "kind", "entity")
_COLUMNS = (*_TIE, "fact_id", "at")


def ties(dossier: Dossier) -> ir.Table:
    """Every tie: account, kind, entity; one may come several times, and a blank ties nobody.

    They are written down by themselves: an engine that sums up what it is still reading from many tables needs too much memory.
    """
    return dossier.view.step("ties", lambda _: told(dossier).select(*_TIE))


def told(dossier: Dossier, of: ir.Table | None = None) -> ir.Table:
    """The same, each with a fact that tells of it (fact_id) and since when (at).

    Refunds whose required proofs are absent or contradicted tie an account to the article and to whoever received or approved it:
    honest ones fall on all articles and all staff alike.

    Args:
        dossier: what is known.
        of: only ties of these accounts (account), if they are few.
    """
    parts = [*_own(dossier, of), _through(dossier, of), *_by_gaps(dossier)]
    t = ibis.union(*(part.select(*_COLUMNS) for part in parts), distinct=False)
    t = t.filter(_said(t.account))
    return t if of is None else t.semi_join(of, "account")


def _own(dossier: Dossier, of: ir.Table | None) -> Iterator[ir.Table]:
    """Of facts that name the account itself."""
    identifiers = dossier.table("identifiers")
    identifiers = _of(identifiers.filter(_said(identifiers.value)), of)
    yield identifiers.select(account="account_id", kind="kind", entity="value", fact_id="id", at="occurred_at")
    for table, column, kind in SHOWN:
        if table in _NAMING:
            rows = _of(_facts(dossier, table, column, kind), of)
            yield rows.select("kind", "entity", account="account_id", fact_id="id", at="occurred_at")


def _through(dossier: Dossier, of: ir.Table | None) -> ir.Table:
    """Of facts that name an order, and perhaps the account: else it is the order's."""
    parts = []
    for table, column, kind in SHOWN:
        if table not in _NAMING:
            rows = _facts(dossier, table, column, kind)
            account = rows.account_id if "account_id" in rows.columns else ibis.null("string")
            parts.append(rows.select("kind", "entity", "order_id", account=account, fact_id="id", at="occurred_at"))
    owners = headers(dossier).select("order_id", "owner")
    if of is not None:
        owners = owners.semi_join(of, owners.owner == of.account)
    rows = ibis.union(*parts, distinct=False).left_join(owners, "order_id")
    return rows.mutate(account=ibis.coalesce(rows.account, rows.owner))


# Tables whose facts name the account whatever they are about.
_NAMING = ("sign_ins", "orders")


def _facts(dossier: Dossier, table: str, column: str, kind: str) -> ir.Table:
    facts = dossier.table(table)
    if table == "sign_ins":
        facts = facts.filter(facts.outcome != "failure")
    return facts.filter(_said(facts[column])).mutate(kind=ibis.literal(kind), entity=facts[column])


def _of(rows: ir.Table, of: ir.Table | None) -> ir.Table:
    """The rows of these accounts, by a column that is read before all others."""
    return rows if of is None else rows.semi_join(of, rows.account_id == of.account)


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
    return said.select("entity", "fact_id", "at", account="account_id", kind=ibis.literal(kind))


def _said(value: ir.Value) -> ir.Value:
    """Not blank; a text that begins with a letter or a digit, as most do, is not looked through."""
    return value.notnull() & ((value.ascii_str() > ord(" ")) | (value.strip() != ""))
