"""The sections on staff, only when asked for: per person the receipts, those nothing stands behind, and the number of peers."""

import ibis.expr.types as ir

from beleg.audit.result import StaffRow, Sum
from beleg.audit.settings import pseudonym
from beleg.proofs.dossier import Dossier

# Below this many peers of the same site, role and shift nobody is compared with anybody.
FEWEST_PEERS = 10

NOTE = (
    "Sections on staff were asked for. Works councils have a say in systems that can monitor behaviour (in Germany s. 87(1) no. 6 "
    "BetrVG), and data-protection law asks for a purpose, proportion and notice (Art. 88 GDPR). People appear under pseudonyms. "
    "A receipt without proofs says nothing yet about who made it: compromised accounts and errors leave the same record."
)


def rows(dossier: Dossier, standing: ir.Table, key: bytes) -> tuple[StaffRow, ...]:
    """One row per person who received goods: receipts, unsupported money, peers of the same site, role and shift."""
    money = standing.select("slice_id", "standing", "loss")
    received = dossier.receipts.filter(dossier.receipts.person.notnull()).select("slice_id", "person", "site").distinct()
    joined = received.left_join(money, "slice_id")
    gap = joined.standing == "gap"
    sums = joined.group_by(["person", "site"]).agg(
        receipts=joined.count(), gaps=gap.ifelse(1, 0).sum(), amount=gap.ifelse(joined.loss, 0).sum()
    )
    listed = dossier.view.rows(sums.filter(sums.gaps > 0)).to_pylist()
    groups = _groups(dossier)
    answers = [_row(row, groups, key) for row in listed]
    return tuple(sorted(answers, key=lambda row: (-row.unsupported.amount, row.person)))


def _groups(dossier: Dossier) -> dict[str, int]:
    """How many persons share each person's site, role and shift."""
    staff = dossier.table("staff").select("person", "site", "role", "shift").distinct()
    people = dossier.view.rows(staff).to_pylist()
    places: dict[tuple[str | None, ...], set[str]] = {}
    for row in people:
        places.setdefault((row["site"], row["role"], row["shift"]), set()).add(row["person"])
    return {row["person"]: len(places[row["site"], row["role"], row["shift"]]) for row in people}


def _row(row: dict[str, object], groups: dict[str, int], key: bytes) -> StaffRow:
    peers = max(groups.get(str(row["person"]), 1) - 1, 0)
    note = "" if peers >= FEWEST_PEERS else "too few peers to compare with"
    unsupported = Sum(int(str(row["gaps"] or 0)), int(str(row["amount"] or 0)))
    return StaffRow(
        pseudonym(key, "staff", str(row["person"])), str(row["site"]), int(str(row["receipts"])), unsupported, peers, note
    )
