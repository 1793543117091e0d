"""What closed cases say of refunds: the outcome that a person gave the case about it, or about its account."""

import ibis
import ibis.expr.types as ir

from beleg.detect.judged import CLOSED_CASES
from beleg.proofs.dossier import Dossier


def outcomes(dossier: Dossier) -> ir.Table:
    """Refunds that a closed case was about: slice_id, account_id, due_at, wrong (1 or 0), closed_at.

    A case about an account speaks of the refunds that were due when it was closed; one about the refund itself comes first.
    """
    cases = dossier.view.prepared(CLOSED_CASES)
    cases = cases.filter(cases.closed_at <= dossier.as_of)
    paid = refunded(dossier)
    own = cases.filter(cases.slice_id.notnull()).select("slice_id", own="wrong", own_at="closed_at")
    whole = cases.filter(cases.account_id.notnull()).select("account_id", whole="wrong", whole_at="closed_at")
    t = paid.left_join(own, "slice_id").drop("slice_id_right")
    t = t.left_join(whole, [t.account_id == whole.account_id, t.due_at <= whole.whole_at]).drop("account_id_right")
    t = t.mutate(wrong=ibis.coalesce(t.own, t.whole), closed_at=ibis.coalesce(t.own_at, t.whole_at))
    return t.filter(t.wrong.notnull()).select("slice_id", "account_id", "due_at", "wrong", "closed_at")


def refunded(dossier: Dossier) -> ir.Table:
    """What accounts were refunded, by when its proofs were due: slice_id, account_id, due_at, amount, refund_class, standing."""
    t = dossier.states
    t = t.filter((t.amount > 0) & t.account_id.notnull() & (t.account_id.strip() != ""))
    t = t.mutate(due_at=ibis.coalesce(t.due_at, t.refunded_at)).filter(lambda t: t.due_at.notnull())
    return t.select("slice_id", "account_id", "due_at", "amount", "refund_class", "standing")
