"""One person did two of the things that two people should do."""

import ibis
import ibis.expr.types as ir

from beleg.detect.rows import together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices for which one person, or one session, did two of: authorise the return, receive it, ask for the refund, approve it."""
    acts = _acts(dossier)
    people = dossier.view.prepared("people")
    known = acts.left_join(people, "login").drop("login_right")
    # a login that is not on the roster can only be compared with itself
    by_person = known.mutate(who=ibis.coalesce(known.person, "login " + known.login))
    by_session = known.filter(known.session != "").mutate(who=lambda t: "session " + t.session)
    every = together(by_person, by_session)
    hands = every.group_by(["slice_id", "who"]).agg(one=every.duty.min(), other=every.duty.max())
    both = every.semi_join(hands.filter(hands.one != hands.other), ["slice_id", "who"])
    return both.select(subject="slice_id", fact_id="fact_id", role="duty")


def _acts(dossier: Dossier) -> ir.Table:
    """Who did which duty for which slice: slice_id, fact_id, duty, login, session."""
    slices = dossier.slices.select("slice_id", "order_id", "line_id", "rma_id")
    returns = dossier.table("return_authorisations")
    returns = returns.select("rma_id", "order_id", "line_id", "session", fact_id="id", login="actor")
    authorised = slices.join(returns, ["rma_id", "order_id", "line_id"])
    received = dossier.receipts.rename(login="actor")
    refunds = dossier.table("refunds").select("requester", "approver", "session", fact_id="id")
    paid = dossier.refund_facts.select("slice_id", "fact_id").join(refunds, "fact_id")
    asked = paid.mutate(login=paid.requester, session=ibis.null().cast("string"))
    requests = dossier.table("refund_requests")
    requests = requests.select("order_id", "session", thread="refund_id", fact_id="id", login="requester")
    requested = dossier.slices.select("slice_id", "order_id", "thread").join(requests, ["order_id", "thread"])
    approved = paid.mutate(login=paid.approver)
    parts = {"authorise": authorised, "receive": received, "approve": approved}
    return together(*(_duty(part, duty) for duty, part in parts.items()), _duty(asked, "ask"), _duty(requested, "ask"))


def _duty(part: ir.Table, duty: str) -> ir.Table:
    return part.filter(part.login != "").select("slice_id", "fact_id", "login", "session", duty=ibis.literal(duty))
