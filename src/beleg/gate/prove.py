"""What the facts show of slices, worked out by the audit's own expressions, in the form that the gate decides by."""

from collections.abc import Mapping
from typing import Any, SupportsInt

import ibis
import ibis.expr.types as ir

from beleg.gate.moment import Known
from beleg.gate.situation import AccountHistory
from beleg.ledger.view import View
from beleg.proofs.coverage import Coverage
from beleg.proofs.dossier import Dossier
from beleg.proofs.money import balance
from beleg.proofs.rows import bit, in_words
from beleg.proofs.words import PROOFS, Proof

# Before all time everything is still to come; what has become overdue since is told by `Known.letters_at`.
NOTHING_DUE = -(1 << 60)

# So many who are independent of each other say that goods are here.
TWO = 2

# What tells that two documents are one: the file's bytes, what it shows, the number on it.
_DOCUMENT = ("content", "picture", "number")

_BETWEEN, _WITHIN = "\u001e", "\u001f"

# What shows that goods set out.
_MOVED: tuple[Proof, ...] = ("carrier_accepted", "delivered_at_site", "dock_manifested")


def shown(view: View, coverage: Coverage) -> ir.Table:
    """One row per slice in view, with all that `known` reads."""
    dossier = Dossier(view, coverage, NOTHING_DUE)
    t = dossier.states
    of_order = (_paid_with(view), _posted(view), _disputed(view), _reused(dossier))
    for part in (_rests(dossier), balance(view), _findings(dossier), _history(dossier), *of_order):
        key = "order_id" if "order_id" in part.columns else "slice_id"
        t = t.left_join(part, key).drop(f"{key}_right")
    return t


def known(row: Mapping[str, Any], *, own: int = 0) -> Known:
    """A slice from its row; `own` of what went back for its line and order is the very refund asked about."""
    return Known(
        slice_id=row["slice_id"],
        order_id=row["order_id"] or "",
        refund_class=row["refund_class"],
        letters="".join(row[proof] for proof in PROOFS),
        witnesses=row["components"] or 0,
        due_at=row["due_at"],
        first_at=row["first_at"],
        posted_at=_sent(row),
        shown_at=row["posting_at"],
        claim_kind=row["claim_kind"] or "",
        category=row["category"] or "",
        serialised=bool(row["serialised"]),
        account_id=row["account_id"],
        payment=row["payment"],
        paid=_whole(row["paid"]),
        gone=(_whole(row["gone"]) or 0) - own,
        order_paid=_whole(row["order_paid"]),
        order_gone=(_whole(row["order_gone"]) or 0) - own,
        currency=row["currency"],
        disputed=bool(row["disputed"]),
        reused=bool(row["reused"]),
        findings=tuple((one[0], one[1]) for one in _told(row["found"])),
        on_account=tuple(one[0] for one in _told(row["found_on_account"])),
        rests_on=_rested(row["rests_on"]),
        logins=tuple(one[0] for one in _told(row["logins"])),
        history=AccountHistory(
            first_order_at=row["first_order_at"],
            account_orders=row["other_orders"] or 0,
            account_refunds=row["other_refunds"] or 0,
            account_disputes=row["other_disputes"] or 0,
            account_claims=row["other_claims"] or 0,
        ),
    )


def _sent(row: Mapping[str, Any]) -> int | None:
    """When the goods were first on their way or here: by the carrier's own word, or by two who are independent of each other.

    What one login says starts no duty to pay: time would release what a false receipt alone does not.
    """
    shop = (row["moved_at"], row["received_at"]) if (row["components"] or 0) >= TWO else ()
    return _earliest(row["carried_at"], *shop)


def _whole(total: SupportsInt | None) -> int | None:
    """A sum as a whole number: some engines add up in decimals."""
    return None if total is None else int(total)


def _earliest(*moments: int | None) -> int | None:
    return min((one for one in moments if one is not None), default=None)


def _told(text: str | None) -> list[tuple[str, ...]]:
    """The distinct parts of a text that an engine strung together, in an order that every engine agrees on."""
    return sorted({tuple(part.split(_WITHIN)) for part in (text or "").split(_BETWEEN) if part})


def _rested(text: str | None) -> tuple[tuple[str, str, str], ...]:
    """What a slice rests on, proof by proof: the proof, the fact, and whether it speaks for or against."""
    told = ((*in_words(int(mark)), fact) for mark, fact in _told(text))
    return tuple((proof, fact, says) for proof, says, fact in sorted(told))


def _strung(*cells: ir.Value) -> ir.Value:
    text = cells[0].fill_null("")
    for cell in cells[1:]:
        text = text + _WITHIN + cell.fill_null("")
    return text.group_concat(_BETWEEN)


def _rests(dossier: Dossier) -> ir.Table:
    t = dossier.evidence
    moved = t.mark.isin([bit(proof, "for") for proof in _MOVED])
    return t.group_by("slice_id").agg(
        rests_on=_strung(t.mark.cast("string"), t.fact_id), logins=_strung(t.login), moved_at=t["at"].min(where=moved),
        carried_at=t["at"].min(where=moved & t.carrier.notnull()),
    )  # fmt: skip


def _posted(view: View) -> ir.Table:
    """The customer's own evidence that the goods were sent."""
    documents = view.table("claim_documents").filter(lambda t: t.kind == "posting")
    return documents.group_by("order_id").agg(posting_at=documents.occurred_at.min())


def _paid_with(view: View) -> ir.Table:
    orders = view.table("orders")
    return orders.group_by("order_id").agg(payment=orders.payment.max())


def _disputed(view: View) -> ir.Table:
    """The orders for whose money the bank is asked, by the newest word on each dispute."""
    every = view.table("disputes")
    newest = ibis.window(group_by="dispute_id", order_by=[ibis.desc(every.occurred_at.fill_null(0)), ibis.desc(every.id)])
    last = every.mutate(place=ibis.row_number().over(newest)).filter(lambda t: (t.place == 0) & (t.status == "open"))
    return last.select("order_id").distinct().mutate(disputed=ibis.literal(1))


def _reused(dossier: Dossier) -> ir.Table:
    """The orders with which something was shown that another account showed too: the file, what it pictures, or its number."""
    every = dossier.view.everywhere("claim_documents").select("account_id", "known_at", *_DOCUMENT)
    mine = dossier.table("claim_documents").filter(lambda t: t.account_id.notnull()).select("order_id", "account_id", *_DOCUMENT)
    mine = _timed(dossier, mine).rename(my_account="account_id")
    shared = []
    for name in _DOCUMENT:
        own = mine.filter(mine[name].notnull() & (mine[name] != "")).select("order_id", "moment", "my_account", name)
        others = own.join(every.select("account_id", "known_at", name), name)
        shared.append(others.filter((others.account_id != others.my_account) & _by(others, others.known_at)).select("order_id"))
    return ibis.union(*shared, distinct=True).mutate(reused=ibis.literal(1))


def _findings(dossier: Dossier) -> ir.Table:
    """Open findings on each slice, and on its account."""
    mine = _timed(dossier, dossier.slices.select("slice_id", "order_id", "account_id"))
    on_slice = _open(dossier, mine, mine.slice_id)
    on_account = _open(dossier, mine.filter(mine.account_id.notnull()), mine.account_id)
    found = on_slice.group_by("slice_id").agg(found=_strung(on_slice.detector, on_slice.family))
    of_account = on_account.group_by("slice_id").agg(found_on_account=_strung(on_account.detector))
    both = mine.select("slice_id").distinct().left_join(found, "slice_id").drop("slice_id_right")
    return both.left_join(of_account, "slice_id").drop("slice_id_right")


def _open(dossier: Dossier, mine: ir.Table, subject: ir.Value) -> ir.Table:
    """What detectors said last of a subject, where they did not take it back."""
    findings = dossier.view.everywhere("findings").select("detector", "family", "subject", "status", "known_at", finding="id")
    joined = mine.select("slice_id", "moment", asked=subject).join(findings, [("asked", "subject")])
    said = joined.filter(joined.known_at.isnull() | (joined.known_at <= joined.moment))
    newest = ibis.window(
        group_by=["slice_id", "detector"], order_by=[ibis.desc(said.known_at.fill_null(0)), ibis.desc(said.finding)]
    )
    last = said.mutate(place=ibis.row_number().over(newest)).filter(lambda t: (t.place == 0) & (t.status == "open"))
    return last.select("slice_id", "detector", "family")


def _history(dossier: Dossier) -> ir.Table:
    """What other orders of the same account tell: how many and since when, how many refunds, disputes and claims."""
    mine = _timed(dossier, dossier.slices.select("slice_id", "order_id", "account_id"))
    mine = mine.filter(mine.account_id.notnull()).rename(my_order="order_id")
    orders = dossier.view.everywhere("orders").select("order_id", "account_id", "known_at", at="occurred_at")
    others = mine.join(orders, "account_id").filter(lambda t: (t.order_id != t.my_order) & _by(t, t.known_at))
    counted = others.group_by("slice_id").agg(other_orders=others.order_id.nunique(), first_order_at=others["at"].min())
    keys = others.select("slice_id", "moment", "order_id").distinct()
    refunds = dossier.view.everywhere("refunds").filter(lambda t: t.status == "settled")
    refunds = refunds.select("order_id", "refund_id", refund_known="known_at")
    back = keys.join(refunds, "order_id").filter(lambda t: _by(t, t.refund_known))
    disputes = dossier.view.everywhere("disputes").select("order_id", "dispute_id", dispute_known="known_at")
    open_ = keys.join(disputes, "order_id").filter(lambda t: _by(t, t.dispute_known))
    refunded = back.group_by("slice_id").agg(other_refunds=back.refund_id.nunique())
    disputed = open_.group_by("slice_id").agg(other_disputes=open_.dispute_id.nunique())
    claims = dossier.view.everywhere("claims").select("order_id", "claim_id", claim_known="known_at")
    made = keys.join(claims, "order_id").filter(lambda t: _by(t, t.claim_known))
    claimed = made.group_by("slice_id").agg(other_claims=made.claim_id.nunique())
    for part in (refunded, disputed, claimed):
        counted = counted.left_join(part, "slice_id").drop("slice_id_right")
    return counted


def _by(t: ir.Table, known_at: ir.Value) -> ir.Value:
    return known_at.isnull() | (known_at <= t.moment)


def _timed(dossier: Dossier, asked: ir.Table) -> ir.Table:
    """Each slice with the moment after which nothing is known of it; none has one when the present is asked about."""
    moments = dossier.view.moments
    if moments is None:
        return asked.mutate(moment=ibis.literal(dossier.view.as_of or (1 << 62), "int64"))
    return asked.join(moments.select("order_id", "moment"), "order_id")
