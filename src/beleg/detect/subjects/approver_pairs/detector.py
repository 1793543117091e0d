"""Refunds that one person asks for and another approves, against what either shows with everybody else."""

import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect import acts
from beleg.detect.comparing import by_meetings, facts_behind, pairs
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier


def count(dossier: Dossier) -> ir.Table:
    """Per approver, requester and day: refunds that could be checked, those unsupported, and the chance of one."""
    return pairs(_together(dossier))


def judge(shown: pa.Table) -> Judged:
    """By what either shows elsewhere."""
    return by_meetings(shown, "the same approver's other requesters, and the requester's other approvers")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The unsupported refunds that both passed."""
    mine = named.select("counterpart", subject="member").distinct()
    return facts_behind(_together(dossier).filter(lambda t: t.lacking).join(mine, ["subject", "counterpart"]), "refund")


def _together(dossier: Dossier) -> ir.Table:
    every = acts.approved(dossier).filter(lambda t: t.checked & t.requester.notnull() & (t.requester != t.person))
    return every.select("day", "lacking", "fact_id", "slice_id", subject="person", counterpart="requester")
