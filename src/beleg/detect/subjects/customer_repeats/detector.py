"""A person's receipts without proofs for one customer, against what either shows with everybody else."""

import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect import acts
from beleg.detect.comparing import by_meetings, pairs, with_refunds
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier


def count(dossier: Dossier) -> ir.Table:
    """Per person, customer and day: receipts that could be checked, those that lack proofs, and the chance of one."""
    return pairs(_together(dossier))


def judge(shown: pa.Table) -> Judged:
    """By what either shows elsewhere."""
    return by_meetings(shown, "the same person's other customers, and the customer's other receipts")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The customer's receipts that lack proofs, and the refunds that followed."""
    mine = named.select("counterpart", subject="member").distinct()
    return with_refunds(dossier, _together(dossier).filter(lambda t: t.lacking).join(mine, ["subject", "counterpart"]), "receipt")


def _together(dossier: Dossier) -> ir.Table:
    every = acts.received(dossier).filter(lambda t: t.checked & t.account_id.notnull())
    return every.select("day", "lacking", "fact_id", "slice_id", subject="person", counterpart="account_id")
