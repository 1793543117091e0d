"""A person's receipts of goods that nothing else saw and whose refunds stand above the line, day by day."""

import ibis
import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import by_repeats, repeats, with_refunds
from beleg.detect.judged import ABOVE_LINE
from beleg.proofs.dossier import Dossier

judge = by_repeats


def count(dossier: Dossier) -> ir.Table:
    """Per person and day: receipts that could be checked, those that tell, and by how much."""
    t = _telling(dossier)
    # whoever receives does the work of receiving, whatever the roster calls them
    crew = ibis.coalesce(t.home, t.site, "any site") + ", " + t["shift"].fill_null("any shift")
    return repeats(t.select("millibits", subject="person", stratum=crew, occasion="day"))


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The receipts that tell, and the refunds that followed."""
    mine = named.select("subject", person="member").distinct()
    told = _telling(dossier).filter(lambda t: t.millibits.notnull()).join(mine, "person")
    return with_refunds(dossier, told, "receipt")


def _telling(dossier: Dossier) -> ir.Table:
    """Receipts that could be checked; millibits where nothing else saw the goods and the refund stands above the line."""
    checked = acts.received(dossier).filter(lambda t: t.checked)
    t = checked.left_join(dossier.view.prepared(ABOVE_LINE), "slice_id").drop("slice_id_right")
    return t.mutate(millibits=t.lacking.ifelse(t.millibits, ibis.null("int64")))
