"""Every proof's state for every slice, the number of independent witnesses, and whether the money stands on evidence."""

from functools import reduce
from itertools import chain
from operator import or_

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.claims import MISSED
from beleg.proofs.coverage import DAY, WINDOWS, Coverage
from beleg.proofs.evidence import evidence, receipts, return_parcels, return_scans
from beleg.proofs.money import overpaid
from beleg.proofs.rows import bit, speaks_for
from beleg.proofs.slices import slices
from beleg.proofs.words import LETTERS, PROOFS, RETURN_PROOFS, Proof, followed, matrix

# Proofs that rest on a source having said nothing: without the source they say nothing either.
BY_SILENCE: tuple[Proof, ...] = ("not_dispatched",)


def states(view: View, coverage: Coverage, as_of: int) -> ir.Table:
    """One row per slice: its columns, a letter per proof (`LETTERS`), components, place_carrier, place_site, anchor, standing."""
    said = _said(view)
    every = view.lasting("slices", slices)
    t = every.left_join(said, "slice_id").drop("slice_id_right")
    t = _placed(t, view)
    received = receipts(view).group_by("slice_id").agg(received_at=lambda r: r["at"].min(), received_site=lambda r: r.site.min())
    t = t.left_join(received, "slice_id").drop("slice_id_right")
    t = t.mutate(
        anchor=ibis.coalesce(t.received_at, t.refunded_at, t.first_at),
        due_from=ibis.coalesce(t.refunded_at, t.first_at),
        place_site=ibis.coalesce(t.site, t.parcel_site, t.received_site),
        components=(t.carriers + t.people).fill_null(0),
        marks=t.marks.fill_null(0),
    )
    t = t.mutate(due_at=t.due_from + _days(t) * DAY, **{f"down_{proof}": _down(t, proof, coverage) for proof in WINDOWS})
    beyond = overpaid(view).select("slice_id", beyond=ibis.literal(True)).distinct()
    t = t.left_join(beyond, "slice_id").drop("slice_id_right")
    t = t.mutate(**{proof: _letter(t, proof, coverage, as_of) for proof in PROOFS})
    t = t.mutate(standing=_standing(t))
    kept = ("components", "place_carrier", "place_site", "anchor", "received_at", "due_at", "standing")
    return t.select(*every.columns, *PROOFS, *kept)


def _said(view: View) -> ir.Table:
    """Per slice: the marks of all that is said of it, and how many independent witnesses speak for it.

    A carrier's own scan is one witness per carrier. Persons are one witness each. Whoever is not known may be any of those who
    are, and so is nobody beside them; what only unknown persons say is one witness. Whoever wrote it down long afterwards, under
    an earlier moment, is no witness of it.
    """
    people = view.prepared("people")
    t = view.lasting("evidence", evidence)
    t = t.left_join(people, "login").drop("login_right")
    spoken = speaks_for(t.mark)
    human = spoken & t.carrier.isnull() & ~t.late.fill_null(False)
    # each witness of a slice once, so that plain counts will do: counting distinct values takes twice as long
    t = t.select(
        "slice_id",
        "mark",
        witness_carrier=spoken.ifelse(t.carrier, None),
        witness_person=human.ifelse(t.person, None),
        nameless=(human & t.person.isnull()).ifelse(1, 0),
    )
    once = t.group_by(["slice_id", "witness_carrier", "witness_person"]).agg(mark=t.mark.bit_or(), nameless=t.nameless.max())
    return once.group_by("slice_id").agg(
        marks=once.mark.bit_or(),
        carriers=once.witness_carrier.count(),
        people=ibis.greatest(once.witness_person.count(), once.nameless.max()),
    )


def _says(t: ir.Table, proof: Proof, word: str) -> ir.Value:
    """Whether some evidence of the slice speaks for the proof, or against it."""
    return (t.marks & bit(proof, word)) > 0


def _placed(t: ir.Table, view: View) -> ir.Table:
    parcels = return_parcels(view)
    places = parcels.group_by("slice_id").agg(
        place_carrier=parcels.carrier.min(), parcel_site=parcels.to_site.min(), turned=parcels.sent_back.ifelse(1, 0).max()
    )
    scans = return_scans(view)
    # delivered, but the scan or the label does not say where: that is neither at the site, nor elsewhere, nor not at all
    somewhere = scans.filter((scans.status == "delivered") & (scans.postcode.isnull() | scans.to_postcode.isnull()))
    unplaced = somewhere.select("slice_id", unplaced=ibis.literal(True)).distinct()
    t = t.left_join(places, "slice_id").drop("slice_id_right")
    return t.left_join(unplaced, "slice_id").drop("slice_id_right")


def _days(t: ir.Table) -> ir.Value:
    return ibis.cases(*((t.refund_class == name, need.days) for name, need in matrix().items()), else_=14)


def _down(t: ir.Table, proof: Proof, coverage: Coverage) -> ir.Value:
    """Whether the proof's fact would have fallen into days on which its source was down."""
    before, after = WINDOWS[proof]
    at_site = proof in ("dock_manifested", "put_away")
    place = t.place_site if at_site else t.place_carrier
    # what turned round ends at a site that no label names, so it may be the one that was down
    anywhere = place.isnull() & (t.turned == 1) if at_site else ibis.literal(value=False)
    hits = [
        ((place == where) | anywhere) & (t.anchor >= (first - after) * DAY) & (t.anchor < (last - before + 1) * DAY)
        for where, first, last in coverage.down(proof)
    ]
    # a carrier or a site that this source never speaks of is not covered by it
    elsewhere = place.notnull() & ~place.isin(coverage.live(proof))
    return reduce(or_, hits, elsewhere).fill_null(False)


def _letter(t: ir.Table, proof: Proof, coverage: Coverage, as_of: int) -> ir.Value:
    wanted = [
        name for name, need in matrix().items() if proof in chain(*need.groups) or (proof in RETURN_PROOFS and followed(name))
    ]
    applies = t.refund_class.isin(wanted)
    if proof == "left_light":
        applies = (t.claim_kind == "empty_box") & t.refund_class.isin(MISSED)
    if proof == "weight_plausible":
        applies &= t.unit_weight.notnull() | _says(t, proof, "for") | _says(t, proof, "against")
    silent = ibis.literal(not coverage.has(proof)) | t.due_at.isnull()
    if proof in WINDOWS:
        silent |= t[f"down_{proof}"]
    if proof == "delivered_at_site":
        silent |= t.unplaced.fill_null(False)
    return ibis.cases(
        (~applies, LETTERS["not_applicable"]),
        # a parcel that left full may have been emptied later: that does not bear the claim out, and is no contradiction
        (_says(t, proof, "against"), LETTERS["absent" if proof == "left_light" else "contradicted"]),
        (silent if proof in BY_SILENCE else ibis.literal(False), LETTERS["unavailable"]),
        (_says(t, proof, "for"), LETTERS["true"]),
        (silent, LETTERS["unavailable"]),
        (t.due_at > as_of, LETTERS["pending"]),
        else_=LETTERS["absent"],
    )


def _standing(t: ir.Table) -> ir.Value:
    """Gap when more went back than was paid; else supported, gap, not yet due or unchecked by the class's groups."""
    verdicts = {group: _group(t, group) for need in matrix().values() for group in need.groups}
    cases = [(t.beyond.fill_null(False), "gap")]
    for name, need in matrix().items():
        letters = [verdicts[group] for group in need.groups]
        if letters:
            mine = t.refund_class == name
            cases += [(mine & _any_is(letters, "C", "A"), "gap"), (mine & _any_is(letters, "P"), "not_yet_due")]
            cases += [(mine & _any_is(letters, "U"), "unchecked")]
    return ibis.cases(*cases, else_="supported")


def _any_is(letters: list[ir.Value], *wanted: str) -> ir.Value:
    return reduce(or_, (letter.isin(wanted) for letter in letters))


def _group(t: ir.Table, group: tuple[Proof, ...]) -> ir.Value:
    """One letter for a group: a contradiction stands; else any true proof satisfies it."""
    letters = {proof: t[proof] for proof in group}
    if {"delivered_at_site", "dock_manifested"} <= letters.keys():
        # the dock has the parcel, so it arrived, whatever place the carrier's scan names
        letters["delivered_at_site"] = (t.dock_manifested == "T").ifelse("T", t.delivered_at_site)
    found = [(reduce(or_, (letter == wanted for letter in letters.values())), wanted) for wanted in "CTPA"]
    return ibis.cases(*found, else_="U")
