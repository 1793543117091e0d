"""Refunds to accounts that bear a member of staff's own contact, handled by that person, against the person's other work."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect import acts
from beleg.detect.comparing import by_meetings, facts_behind, pairs
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier


def count(dossier: Dossier) -> ir.Table:
    """Per person, own account and day: what could be checked, what lacks proofs, and the chance of one."""
    shown = pairs(_handled(dossier))
    own = shown.filter(shown.counterpart.startswith(_OWN))
    return own.mutate(counterpart=own.counterpart.substr(len(_OWN)))


def judge(shown: pa.Table) -> Judged:
    """By what the person shows with other customers."""
    return by_meetings(shown, "the same person's other customers")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """What was handled for the own account without proofs, and the identifiers that make it the person's."""
    mine = named.select("counterpart", person="member").distinct()
    mine = mine.select("person", account_id="counterpart")
    handled = _handled(dossier).filter(lambda t: t.lacking).select("fact_id", "slice_id", person="subject", account_id="account")
    handled = handled.join(mine, ["person", "account_id"]).rename(subject="person")
    contacts = _contacts(dossier).join(mine, ["person", "account_id"])
    contacts = contacts.select("fact_id", subject="person", slice_id=ibis.null().cast("string"))
    return ibis.union(facts_behind(handled, "handled"), facts_behind(contacts, "contact"), distinct=False)


# Marks accounts of the person's own among counterparts; all others are the person's other work.
_OWN = "own "


def _contacts(dossier: Dossier) -> ir.Table:
    """Accounts that bear a person's own contact: person, account_id, fact_id of the identifier."""
    people = dossier.view.prepared("people")
    contacts = dossier.table("staff").filter(lambda t: t.contact != "").select("login", value="contact").join(people, "login")
    seen = dossier.table("identifiers").filter(lambda t: t.kind.isin(("address", "email", "phone")))
    return seen.select("account_id", "value", fact_id="id").join(contacts.select("person", "value").distinct(), "value")


def _handled(dossier: Dossier) -> ir.Table:
    """Receipts and approvals that could be checked: subject, counterpart, account, day, lacking, fact_id, slice_id."""
    own = _contacts(dossier).select("person", "account_id").distinct().mutate(own=ibis.literal(True))
    columns = ("person", "account_id", "slice_id", "fact_id", "day", "lacking")
    done = (acts.received(dossier), acts.approved(dossier))
    parts = [part.filter(part.checked & part.account_id.notnull()).select(*columns) for part in done]
    t = ibis.union(*parts, distinct=False).left_join(own, ["person", "account_id"]).drop("person_right", "account_id_right")
    named = t.own.fill_null(False).ifelse(ibis.literal(_OWN) + t.account_id, "others")
    return t.select("slice_id", "fact_id", "day", "lacking", subject="person", counterpart=named, account="account_id")
