"""What a proof's letter is, by hand: true, contradicted, absent, pending, unavailable, not applicable."""

from datetime import date, timedelta

import pytest

from beleg.proofs.words import CLAIM_PROOFS, LETTERS, RETURN_PROOFS
from support.cases import Outage

from .conftest import at, lamp

_HANDS = ("dock_arrivals", "receipts", "inspections", "dispositions")
CARRIER_SIDE = ("carrier_accepted", "delivered_at_site")


def test_a_complete_return_is_true_in_all_that_goods_leave_behind(stand):
    row = stand(lamp(stock_counts=[{"at": at(4, 12), "lpn": "L1", "found": True, "actor": "counter"}]))
    assert {proof: row[proof] for proof in RETURN_PROOFS} == dict.fromkeys(RETURN_PROOFS, "T")
    assert {row[proof] for proof in CLAIM_PROOFS if proof != "approved"} == {"N"}
    assert row["standing"] == "supported"


def test_what_nobody_saw_though_somebody_would_have_is_absent(stand):
    row = stand(lamp(scans=[], dock_arrivals=[], receipts=[], inspections=[], dispositions=[]))
    assert {row[proof] for proof in RETURN_PROOFS} == {"A"}
    assert row["standing"] == "gap"


def test_before_its_time_has_passed_it_is_pending(stand):
    row = stand(lamp(scans=[], dock_arrivals=[], receipts=[], inspections=[], dispositions=[]), as_of=at(4, 15))
    assert {row[proof] for proof in RETURN_PROOFS} == {"P"}
    assert row["standing"] == "not_yet_due"


def test_due_is_fourteen_days_after_the_refund_to_the_microsecond(stand):
    bare = lamp(scans=[], dock_arrivals=[], receipts=[], inspections=[], dispositions=[])
    assert stand(bare, as_of=at(4, 20, 11))["put_away"] == "P"
    assert stand(bare, as_of=at(4, 20, 12))["put_away"] == "A"


def test_an_instant_refund_has_thirty_days(stand):
    bare = lamp(scans=[], dock_arrivals=[], receipts=[], inspections=[], dispositions=[])
    bare["refunds"] = [{**bare["refunds"][0], "trigger": "instant"}]
    assert stand(bare, as_of=at(5, 1))["put_away"] == "P"
    assert stand(bare, as_of=at(5, 7))["put_away"] == "A"


def test_without_any_source_it_is_unavailable(stand):
    bare = lamp(scans=[], dock_arrivals=[], receipts=[], inspections=[], dispositions=[])
    row = stand(bare, around=False)
    assert {row[proof] for proof in RETURN_PROOFS} == {"U"}
    assert row["standing"] == "unchecked"


def test_without_a_roster_nobody_inspects_as_another_person(stand):
    row = stand(lamp(staff=[]), around=False)
    assert row["inspected"] == "U"


@pytest.mark.parametrize("proof", CARRIER_SIDE)
def test_while_the_carrier_was_down_its_proofs_are_unavailable(stand, proof):
    outage = Outage("Swift", date(2025, 3, 27), date(2025, 4, 6))
    assert stand(lamp(scans=[]), outage=outage)[proof] == "U"
    assert stand(lamp(scans=[]), outage=Outage("Swift", date(2025, 5, 1), date(2025, 5, 2)))[proof] == "A"


def test_an_outage_excuses_no_other_carrier_and_no_other_proof(stand):
    outage = Outage("Swift", date(2025, 3, 27), date(2025, 4, 6))
    other = lamp(scans=[], parcels=[{**lamp()["parcels"][0], "carrier": "Heron"}], dispositions=[])
    row = stand(other, outage=outage)
    assert (row["carrier_accepted"], row["put_away"]) == ("A", "A")


def test_a_scan_on_the_day_of_an_outage_is_still_a_scan(stand):
    outage = Outage("Swift", date(2025, 3, 27), date(2025, 4, 6))
    assert stand(lamp(), outage=outage)["carrier_accepted"] == "T"


def test_a_carrier_or_site_that_its_source_never_speaks_of_is_not_covered(stand):
    van = {**lamp()["parcels"][0], "carrier": "Own van", "to_site": "Depot 2"}
    moved = lamp(parcels=[van], scans=[], dock_arrivals=[], dispositions=[])
    moved["return_authorisations"] = [{"at": at(4, 2), "site": "Depot 2"}]
    row = stand(moved)
    assert {row[proof] for proof in ("carrier_accepted", "delivered_at_site", "dock_manifested", "put_away")} == {"U"}


TURNED = lamp(
    parcels=[{"at": at(3, 21), "parcel_id": "P1", "direction": "out", "to_postcode": "10115"}],
    scans=[
        {"at": at(3, 21, 18), "parcel_id": "P1", "status": "accepted", "attested": True},
        {"at": at(4, 5, 8), "parcel_id": "P1", "status": "return_to_sender", "attested": True},
    ],
    return_authorisations=[], dock_arrivals=[], receipts=[], inspections=[], dispositions=[],
)  # fmt: skip


@pytest.mark.parametrize(("first", "letter"), [(date(2025, 4, 4), "U"), (date(2025, 5, 1), "A")])
def test_what_turned_round_may_have_come_home_to_any_dock_that_was_down(stand, first, letter):
    refund = {**TURNED["refunds"][0], "stated_class": "return", "rma_id": ""}
    outage = Outage("RC1", first, date(first.year, first.month, first.day + 5))
    row = stand(TURNED | {"refunds": [refund]}, "O1/1/F1", outage=outage, given={})
    assert {row["dock_manifested"], row["put_away"]} == {letter}


def test_delivered_elsewhere_contradicts_and_the_dock_answers_it(stand):
    away = [{**lamp()["scans"][1], "postcode": "99084"}]
    without = stand(lamp(scans=away, dock_arrivals=[]))
    assert (without["delivered_at_site"], without["standing"]) == ("C", "gap")
    with_dock = stand(lamp(scans=away))
    assert (with_dock["delivered_at_site"], with_dock["standing"]) == ("C", "supported")


def test_delivered_nobody_knows_where_is_unavailable(stand):
    nowhere = [{**lamp()["scans"][1], "postcode": ""}]
    assert stand(lamp(scans=nowhere, dock_arrivals=[]))["delivered_at_site"] == "U"


def test_a_weight_is_not_asked_where_none_could_be_expected(stand):
    plain = [{"article": "lamp", "paid": 12000}]
    assert stand(lamp(order_lines=plain))["weight_plausible"] == "N"
    assert stand(lamp(scans=[lamp()["scans"][1]]))["weight_plausible"] == "A"


@pytest.mark.parametrize(("grams", "letter"), [(1049, "C"), (1050, "T"), (2150, "T"), (3550, "T"), (3551, "C")])
def test_a_weight_may_be_off_by_packing_and_by_the_scale(stand, grams, letter):
    weighed = [{**lamp()["scans"][0], "weight": grams}]
    assert stand(lamp(scans=weighed))["weight_plausible"] == letter


@pytest.mark.parametrize(
    ("actor", "session", "letter"),
    [
        ("inspector", "S3", "T"),
        ("receiver", "S3", "A"),
        ("", "", "A"),
        ("nobody on the roster", "S3", "A"),
        ("inspector", "S2", "A"),
    ],
)
def test_an_inspection_counts_only_by_another_person_for_certain(stand, actor, session, letter):
    looked = [{**lamp()["inspections"][0], "actor": actor, "session": session}]
    assert stand(lamp(inspections=looked))["inspected"] == letter


def test_two_logins_of_one_person_inspect_nothing(stand):
    staff = [{"id": "twin", "login": "receiver at night", "person": "person 2"}]
    looked = [{**lamp()["inspections"][0], "actor": "receiver at night"}]
    assert stand(lamp(inspections=looked, staff=staff))["inspected"] == "A"


def test_an_inspection_that_finds_nothing_contradicts_whoever_made_it(stand):
    looked = [{**lamp()["inspections"][0], "result": "empty", "actor": "receiver"}]
    assert stand(lamp(inspections=looked))["inspected"] == "C"


def test_a_keyed_receipt_scans_nothing(stand):
    assert stand(lamp(receipts=[{**lamp()["receipts"][0], "entry_mode": "keyed"}]))["item_scanned"] == "A"


def test_a_find_answers_an_earlier_miss_and_not_a_later_one(stand):
    miss = {"lpn": "L1", "found": False, "actor": "counter"}
    find = {"lpn": "L1", "found": True, "actor": "lead"}
    assert stand(lamp(stock_counts=[{**miss, "at": at(4, 14)}, {**find, "at": at(4, 15)}]))["counted_or_resold"] == "T"
    assert stand(lamp(stock_counts=[{**find, "at": at(4, 14)}, {**miss, "at": at(4, 15)}]))["counted_or_resold"] == "C"


def test_every_letter_has_a_state_of_its_own():
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_more_back_than_was_paid_is_a_gap_whatever_the_proofs_say(stand):
    twice = [*lamp()["refunds"], {**lamp()["refunds"][0], "refund_id": "F2"}]
    assert stand(lamp(refunds=twice))["standing"] == "gap"


# Independence


def test_a_carrier_and_four_persons_are_five_witnesses(stand):
    assert stand(lamp())["components"] == 5


def test_a_scan_that_no_carrier_attests_is_the_shops_word(stand):
    own = [{**scan, "attested": False} for scan in lamp()["scans"]]
    assert stand(lamp(scans=own))["components"] == 4


def test_whoever_is_not_known_may_be_any_of_the_others_and_is_nobody_beside_them(stand):
    unknown = [{**lamp()["dock_arrivals"][0], "actor": ""}]
    assert stand(lamp(dock_arrivals=unknown))["components"] == 4


def test_what_only_unknown_persons_say_is_one_witness(stand):
    nobody = {table: [{**row, "actor": ""} for row in lamp()[table]] for table in _HANDS}
    assert stand(lamp(scans=[], **nobody))["components"] == 1


@pytest.mark.parametrize("table", ["receipts", "inspections", "dispositions", "dock_arrivals"])
def test_nobody_is_a_witness_by_what_they_wrote_under_an_earlier_date(stand, table):
    (act,) = lamp()[table]
    for later, expected in ((timedelta(days=2), 5), (timedelta(days=2, seconds=1), 4)):
        row = stand(lamp(**{table: [{**act, "recorded": act["at"] + later}]}))
        assert row["components"] == expected
        # it is said all the same
        assert [row[proof] for proof in ("dock_manifested", "item_scanned", "inspected", "put_away")] == ["T"] * 4


def test_what_is_only_written_under_an_earlier_date_has_no_witness(stand):
    act = lamp()["receipts"][0]
    nobody = {table: [] for table in _HANDS if table != "receipts"}
    late = [{**act, "recorded": act["at"] + timedelta(days=9)}]
    assert stand(lamp(scans=[], receipts=late, **nobody))["components"] == 0


def test_logins_that_ever_shared_a_session_are_one_person(stand):
    shared = [{**lamp()["dispositions"][0], "session": "S2"}]
    row = stand(lamp(dispositions=shared))
    assert row["components"] == 4


def test_two_carriers_that_attest_are_two_witnesses(stand):
    second = {**lamp()["parcels"][0], "parcel_id": "P3", "carrier": "Heron"}
    scan = {"at": at(4, 4), "parcel_id": "P3", "carrier": "Heron", "status": "accepted", "attested": True}
    row = stand(lamp(parcels=[*lamp()["parcels"], second], scans=[*lamp()["scans"], scan]))
    assert row["components"] == 6


# Classes

CLAIM = {"at": at(4, 4), "claim_id": "C1"}


@pytest.mark.parametrize(
    ("refund", "others", "expected"),
    [
        ({"rma_id": "R1"}, {}, "return"),
        ({"trigger": "on_delivered"}, {}, "return"),
        ({"trigger": "instant"}, {}, "instant"),
        ({"trigger": "returnless"}, {}, "returnless"),
        ({"trigger": "manual"}, {}, "unclassified"),
        ({"rma_id": "R1", "stated_class": "goodwill"}, {}, "goodwill"),
        ({"rma_id": "R1"}, {"return_authorisations": [{"at": at(4, 2), "rma_id": "R1", "returnless": True}]}, "returnless"),
        ({"claim_id": "C1"}, {"claims": [{**CLAIM, "kind": "not_received"}]}, "not_received"),
        ({"claim_id": "C1"}, {"claims": [{**CLAIM, "kind": "empty_box"}]}, "damaged"),
        ({"claim_id": "C1"}, {"claims": [{**CLAIM, "kind": "hazardous"}]}, "returnless"),
        ({}, {"cancellations": [{"at": at(3, 21)}]}, "cancelled"),
        ({}, {"cancellations": [{"at": at(3, 21), "line_id": ""}]}, "cancelled"),
        ({"rma_id": "R1"}, {"cancellations": [{"at": at(3, 21)}]}, "return"),
    ],
)
def test_the_class_is_what_the_source_states_else_what_set_the_refund_off(stand, refund, others, expected):
    bare = {"orders": lamp()["orders"], "order_lines": lamp()["order_lines"]}
    paid = {"at": at(4, 6), "refund_id": "F1", "amount": 12000, **refund}
    thread = refund.get("rma_id") or refund.get("claim_id") or "F1"
    row = stand({**bare, **others, "refunds": [paid]}, f"O1/1/{thread}", given={}, around=False)
    assert row["refund_class"] == expected


def test_a_lost_dispute_is_a_chargeback(stand):
    bare = {"orders": lamp()["orders"], "order_lines": lamp()["order_lines"]}
    lost = [{"at": at(4, 6), "dispute_id": "D1", "reason": "fraudulent", "amount": 12000, "status": "lost"}]
    row = stand({**bare, "disputes": lost}, "O1/1/D1", given={}, around=False)
    assert (row["refund_class"], row["amount"], row["standing"]) == ("chargeback", 12000, "supported")


def test_a_dispute_stands_as_its_newest_fact_says(stand):
    bare = {"orders": lamp()["orders"], "order_lines": lamp()["order_lines"]}
    told = {"dispute_id": "D1", "reason": "fraudulent", "amount": 12000}
    lost_twice = [{**told, "at": at(4, 6), "status": "lost"}, {**told, "at": at(4, 9), "status": "lost"}]
    assert stand({**bare, "disputes": lost_twice}, "O1/1/D1", given={}, around=False)["amount"] == 12000
    other = {"at": at(4, 6), "dispute_id": "D2", "reason": "fraudulent", "amount": 100, "status": "lost"}
    won = [{**told, "at": at(4, 6), "status": "lost"}, {**told, "at": at(4, 9), "status": "won"}, other]
    with pytest.raises((KeyError, StopIteration, AssertionError, IndexError, ValueError)):
        stand({**bare, "disputes": won}, "O1/1/D1", given={}, around=False)
    assert stand({**bare, "disputes": won}, "O1/1/D2", given={}, around=False)["amount"] == 100


def test_an_order_told_of_twice_has_its_slices_once(stand):
    twice = [*lamp()["orders"], *lamp()["orders"]]
    bare = {"orders": twice, "order_lines": lamp()["order_lines"]}
    paid = {"at": at(4, 6), "refund_id": "F1", "amount": 12000}
    assert stand({**bare, "refunds": [paid]}, "O1/1/F1", given={}, around=False)["amount"] == 12000


# What a parcel weighed that is said to have come empty


@pytest.mark.parametrize(
    ("weighed", "letter"),
    [
        ([("accepted", 2100)], "A"),
        ([("accepted", 90)], "T"),
        ([("accepted", 90), ("in_transit", 2100)], "A"),
        ([("accepted", 2100), ("in_transit", 90)], "A"),
        ([("in_transit", 90)], "U"),
        ([("accepted", None)], "U"),
        ([], "U"),
    ],
)
@pytest.mark.parametrize("stated", ["not_received", ""])
def test_a_parcel_said_to_be_empty_left_light_or_full(stand, weighed, letter, stated):
    row = stand(empty_box(weighed, stated), "O1/1/C1", given={})
    assert (row["left_light"], row["standing"]) == (letter, "gap")


def test_of_other_claims_and_of_light_goods_nobody_asks_what_left(stand):
    broken = empty_box([("accepted", 90)], "", kind="damaged")
    assert stand(broken, "O1/1/C1", given={})["left_light"] == "N"
    card = empty_box([("accepted", 20)], "", grams=40)
    assert stand(card, "O1/1/C1", given={})["left_light"] == "U"


def test_a_parcel_that_left_light_is_the_carriers_word_for_the_customer(stand):
    light, full = (stand(empty_box([("accepted", grams)], ""), "O1/1/C1", given={}) for grams in (90, 2100))
    assert (light["components"], full["components"]) == (1, 0)


def empty_box(weighed, stated, kind="empty_box", grams=2000):
    """A claim that the box was empty, with what the carrier weighed on the parcel's way out."""
    scan = {"parcel_id": "P1", "attested": True}
    return {
        "orders": [{"at": at(3, 20), "paid": 12000}],
        "order_lines": [{"article": "lamp", "paid": 12000, "unit_weight": grams}],
        "parcels": [{"at": at(3, 21), "parcel_id": "P1", "direction": "out"}],
        "scans": [
            *({**scan, "at": at(3, 22, hour), "status": status, **({"weight": weight} if weight else {})}
              for hour, (status, weight) in enumerate(weighed)),
            {**scan, "at": at(3, 24), "status": "delivered"},
        ],
        "claims": [{**CLAIM, "kind": kind}],
        "refunds": [{"at": at(4, 6), "refund_id": "F1", "amount": 12000, "claim_id": "C1", "stated_class": stated}],
    }  # fmt: skip
