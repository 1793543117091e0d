"""The same document backs the claims of several accounts."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose claim rests on a document, a picture or a document number that another account's claim rests on too."""
    documents = dossier.table("claim_documents").filter(lambda t: t.account_id.notnull()).rename(fact_id="id")
    shared = together(*(_shared(documents, column) for column in ("content", "picture", "number"))).distinct()
    used = documents.semi_join(shared, "fact_id").select("claim_id", "order_id", "fact_id")
    slices = dossier.slices.filter(dossier.slices.claim_id.notnull()).select("slice_id", "claim_id", "order_id")
    hit = slices.join(used, ["claim_id", "order_id"])
    return together(facts_of(hit, "document"), refunds_of(dossier, hit))


def _shared(documents: ir.Table, column: str) -> ir.Table:
    """The documents that share this digest with another account; a blank digest links nobody."""
    known = documents.filter(documents[column].notnull() & (documents[column] != ""))
    crowded = (
        known.group_by(column).agg(one=known.account_id.min(), other=known.account_id.max()).filter(lambda t: t.one != t.other)
    )
    return known.semi_join(crowded, column).select("fact_id")
