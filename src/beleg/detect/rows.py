"""The shape of what a detector finds: one row per subject and fact, with the part the fact plays."""

import ibis
import ibis.expr.types as ir

from beleg.proofs.dossier import Dossier
from beleg.proofs.rows import bit
from beleg.proofs.words import Proof


def facts_of(rows: ir.Table, role: str) -> ir.Table:
    """Rows that carry slice_id and fact_id, as findings about slices."""
    return rows.select(subject=rows.slice_id, fact_id=rows.fact_id, role=ibis.literal(role))


def together(*parts: ir.Table) -> ir.Table:
    """Several parts of one finding."""
    return ibis.union(*parts, distinct=False)


def refunds_of(dossier: Dossier, subjects: ir.Table) -> ir.Table:
    """The refunds that paid for these slices (slice_id), as part of the finding."""
    paid = dossier.refund_facts.semi_join(subjects.select("slice_id"), "slice_id")
    return facts_of(paid, "refund")


def receipts_of(dossier: Dossier, subjects: ir.Table) -> ir.Table:
    """The receipts of these slices (slice_id), as part of the finding."""
    return facts_of(dossier.receipts.semi_join(subjects.select("slice_id"), "slice_id"), "receipt")


def labels_of(dossier: Dossier, subjects: ir.Table) -> ir.Table:
    """The return labels of these slices (slice_id), as part of the finding."""
    labels = dossier.return_parcels.select("slice_id", fact_id="label_fact")
    return facts_of(labels.semi_join(subjects.select("slice_id"), "slice_id"), "label")


def scans_of(dossier: Dossier, subjects: ir.Table) -> ir.Table:
    """The scans of these slices' return parcels, as part of the finding."""
    return facts_of(dossier.return_scans.semi_join(subjects.select("slice_id"), "slice_id"), "scan")


def said(dossier: Dossier, proof: Proof, says: str) -> ir.Table:
    """The evidence rows that speak for or against a proof: slice_id, fact_id, ..."""
    evidence = dossier.evidence
    return evidence.filter(evidence.mark == bit(proof, says))
