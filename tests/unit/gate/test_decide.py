"""The decision for one claim: by its proofs, its witnesses, the guards, and the law's clock."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beleg.gate.claim import Claim
from beleg.gate.clock import deadline
from beleg.gate.decide import Staff
from beleg.gate.moment import Known, unknown
from beleg.gate.policy import Clock
from beleg.gate.telling import plain, retold
from beleg.proofs.coverage import DAY, Coverage
from beleg.proofs.words import PROOFS, matrix

NOW = 1_750_000_000_000_000


def claim(**said):
    return Claim(**{"refund_id": "R1", "order_id": "O1", "line_id": "1", "rma_id": "M1", "amount": 20000, "currency": "EUR",
                    "trigger": "on_receipt", **said})  # fmt: skip


def known(proofs=None, **said):
    usual = dict.fromkeys(PROOFS[:8], "P") | dict.fromkeys(PROOFS[8:], "N") | (proofs or {})
    letters = "".join(usual[proof] for proof in PROOFS)
    return Known(**{"slice_id": "O1/1/M1", "order_id": "O1", "refund_class": "return", "letters": letters, "first_at": NOW,
                    "due_at": NOW + 14 * DAY, "paid": 20000, "currency": "EUR", **said})  # fmt: skip


ALL = {"delivered_at_site": "T", "item_scanned": "T", "carrier_accepted": "T", "dock_manifested": "T"}


def test_one_login_that_says_returned_moves_nothing(gate):
    answer = gate.decide(claim(requester="login-1"), known({"item_scanned": "T"}, witnesses=1), NOW)
    assert answer.answer == "hold"
    assert answer.would_release == (("delivered_at_site", "dock_manifested"),)
    assert answer.witnesses_lacking == 1
    assert answer.deadline.due_at > NOW
    assert {reason.code for reason in answer.reasons} >= {"rule:return", "witnesses_lacking"}


def test_goods_from_two_sources_are_paid(gate):
    answer = gate.decide(claim(), known(ALL, witnesses=2), NOW)
    assert (answer.answer, answer.rule, answer.would_release, answer.by) == ("release", "return, clean account", (), "rule")


@pytest.mark.parametrize(
    ("said", "facts", "code"),
    [
        ({}, {"proofs": ALL | {"weight_plausible": "C"}}, "guard:facts disagree"),
        ({}, {"proofs": ALL, "gone": 15000}, "guard:more than was paid"),
        ({}, {"proofs": ALL, "disputed": True}, "guard:the bank is asked too"),
        ({}, {"proofs": ALL, "reused": True}, "guard:shown by somebody else too"),
        ({"instrument": "card-2"}, {"proofs": ALL, "payment": "card-1"}, "guard:another instrument"),
        ({"currency": "JPY"}, {"proofs": ALL}, "currency_without_amounts"),
        ({"stated_class": "goodwill"}, {"proofs": ALL, "refund_class": "goodwill"}, "no_rule"),
        ({}, {"proofs": ALL | {"delivered_at_site": "U", "dock_manifested": "U"}}, "unavailable:delivered_at_site|dock_manifested"),
    ],
)
def test_a_person_looks(gate, said, facts, code):
    answer = gate.decide(claim(**said), known(witnesses=2, **facts), NOW)
    assert answer.answer == "review"
    assert code in {reason.code for reason in answer.reasons}
    assert answer.deadline is not None


@pytest.mark.parametrize(("staff", "code"), [(Staff(to_self=True), "own account"), (Staff(takeover=True), "session taken over")])
def test_who_asks_matters(gate, staff, code):
    answer = gate.decide(claim(requester="login-1"), known(ALL, witnesses=2), NOW, staff)
    assert (answer.answer, f"guard:{code}") == ("review", answer.reasons[0].code)


def test_what_is_pending_becomes_absent_and_a_person_looks(gate):
    late = NOW + 14 * DAY
    assert gate.decide(claim(), known(witnesses=0), late).answer == "review"


def test_posting_starts_the_clock_and_the_deadline_pays(gate):
    posted = known({"carrier_accepted": "T"}, witnesses=1, posted_at=NOW + DAY)
    answers = [gate.decide(claim(), posted, NOW + day * DAY) for day in range(16)]
    assert [one.answer for one in answers] == ["hold"] * 11 + ["review"] * 3 + ["release"] * 2
    assert {one.by for one in answers[:14]} == {"rule"}
    assert {one.by for one in answers[14:]} == {"deadline"}
    assert answers[14].reasons[-1].code == "deadline_passed" or any(one.code == "deadline_passed" for one in answers[14].reasons)


def test_without_posting_nothing_is_ever_paid_by_itself_but_no_hold_is_without_an_end(gate):
    answers = [gate.decide(claim(), known(), NOW + day * DAY).answer for day in range(60)]
    assert "release" not in answers
    assert answers[14:] == ["review"] * 46


def test_a_claim_of_which_no_fact_tells(gate):
    coverage = Coverage(places=(), roster=False)
    answer = gate.decide(claim(stated_class="return"), unknown(claim(stated_class="return"), coverage, NOW), NOW)
    assert answer.answer == "review"
    assert answer.slice_id == "O1/1/M1"


letters = st.text(alphabet="TCAPUN", min_size=len(PROOFS), max_size=len(PROOFS))


@given(letters=letters, refund_class=st.sampled_from(sorted(matrix())), witnesses=st.integers(0, 4), amount=st.integers(1, 200_000),
       days=st.integers(0, 60), posted=st.none() | st.integers(0, 30))  # fmt: skip
def test_laws_of_every_answer(gate, letters, refund_class, witnesses, *, amount, days, posted):
    shown = known(witnesses=witnesses, refund_class=refund_class, paid=200_000,
                  posted_at=None if posted is None else NOW + posted * DAY)  # fmt: skip
    shown = msgspec.structs.replace(shown, letters=letters)
    answer = gate.decide(claim(amount=amount), shown, NOW + days * DAY)
    assert answer == gate.decide(claim(amount=amount), shown, NOW + days * DAY)
    assert answer.reasons
    assert answer.deadline.basis
    if answer.by == "deadline":
        assert answer.deadline.started
        assert answer.deadline.due_at <= answer.decided_at
    if answer.answer == "release" and answer.by == "rule":
        assert "C" not in letters
        assert not answer.witnesses_lacking
    if answer.answer == "hold":
        assert answer.would_release or answer.witnesses_lacking
        assert answer.decided_at < answer.deadline.look_at


@given(letters=letters, more=st.integers(0, len(PROOFS) - 1), amount=st.integers(1, 200_000))
def test_another_true_proof_never_takes_a_release_away(gate, letters, more, amount):
    """An honest customer who proves more is never worse off."""
    before = gate.decide(claim(amount=amount), msgspec.structs.replace(known(witnesses=2, paid=200_000), letters=letters), NOW)
    if letters[more] not in "PA" or before.answer != "release":
        return
    better = letters[:more] + "T" + letters[more + 1 :]
    after = gate.decide(claim(amount=amount), msgspec.structs.replace(known(witnesses=2, paid=200_000), letters=better), NOW)
    assert after.answer == "release"


def test_a_dear_claim_of_a_stranger_waits_for_the_goods_and_time_alone_pays_it_never(gate):
    shown = known(dict.fromkeys(PROOFS[:8], "N") | {"documented": "T"}, refund_class="damaged", claim_kind="damaged", witnesses=1)
    answers = [gate.decide(claim(rma_id=None, claim_id="M1"), shown, NOW + day * DAY) for day in range(60)]
    assert [one.answer for one in answers] == ["hold"] * 14 + ["review"] * 46
    first = answers[0]
    assert (first.rule, first.would_release, first.needs_person) == ("damage shown, goods asked back", (), False)
    assert [one.code for one in first.reasons if one.code.startswith("asks:")] == ["asks:goods"]
    assert first.deadline.basis.startswith("Directive (EU) 2019/771 Art. 16(3)")
    posted = gate.decide(claim(rma_id=None), msgspec.structs.replace(shown, shown_at=NOW + DAY), NOW + 13 * DAY)
    assert (posted.answer, posted.deadline.started) == ("review", True), "whoever shows that they sent it is owed the money"


def test_a_rule_that_asks_for_goods_pays_nothing_that_is_not_shown(gate):
    for letter, expected in (("P", "hold"), ("A", "review"), ("U", "review")):
        shown = known(dict.fromkeys(PROOFS[:8], "N") | {"documented": letter}, refund_class="damaged", claim_kind="damaged")
        assert gate.decide(claim(rma_id=None), shown, NOW).answer == expected


def test_the_clock_of_claims_without_goods_runs_at_once():
    due = deadline(Clock(), "not_received", NOW, None)
    assert (due.started, due.due_at) == (True, NOW + 14 * DAY)


@pytest.mark.parametrize("documented", [True, False])
def test_the_clock_of_damage_runs_once_there_is_something_to_show(documented):
    due = deadline(Clock(), "damaged", NOW, None, documented=documented)
    assert (due.started, due.due_at, due.look_at) == (documented, NOW + 14 * DAY, NOW + 11 * DAY)


@pytest.mark.parametrize(
    ("said", "facts", "by"),
    [
        ({}, {}, "deadline"),
        ({}, {"proofs": {"carrier_accepted": "T", "weight_plausible": "C"}}, "rule"),
        ({}, {"gone": 15000}, "rule"),
        ({}, {"disputed": True}, "rule"),
        ({}, {"reused": True}, "rule"),
        ({"instrument": "card-2"}, {"payment": "card-1"}, "rule"),
    ],
)
def test_time_pays_what_nobody_decided_but_lifts_no_lasting_guard(gate, said, facts, by):
    shown = known(**{"proofs": {"carrier_accepted": "T"}, "witnesses": 1, "posted_at": NOW, **facts})
    answer = gate.decide(claim(**said), shown, NOW + 20 * DAY)
    assert (answer.by, answer.answer) == (by, "release" if by == "deadline" else "review")
    assert answer.deadline.at_deadline == ("release" if by == "deadline" else "review")


def test_reasons_are_said_in_words(gate, golden):
    """What a clerk reads; the letters stand beside the words for machines."""
    seen = {"receipt_without_arrival": "movement"}
    doubtful = known({"carrier_accepted": "A", "delivered_at_site": "A", "dock_manifested": "A", "item_scanned": "T"},
                     witnesses=1, findings=tuple(seen.items()))  # fmt: skip
    elsewhere = known({"not_delivered": "C", "documented": "A"}, refund_class="not_received", claim_kind="not_received")
    under_way = known(ALL | {"delivered_at_site": "P", "dock_manifested": "P"}, witnesses=2)
    answers = {"nothing came back": gate.decide(claim(requester="login-1"), doubtful, NOW),
               "nothing was sent out": gate.decide(claim(claim_kind="not_received"), elsewhere, NOW),
               "on its way": gate.decide(claim(), under_way, NOW),
               "in another currency": gate.decide(claim(currency="JPY"), known(ALL, witnesses=2), NOW)}  # fmt: skip
    lines = [f"{name}: {answer.answer}\n" + "\n".join(f"  [{one.code}] {one.text}" for one in answer.reasons)
             for name, answer in answers.items()]  # fmt: skip
    golden("reasons", "\n".join(lines))
    for answer in answers.values():
        assert all(bool(one.pattern is not None) == one.code.startswith("evidence:") for one in answer.reasons)


def test_reasons_are_said_again_in_another_language_and_in_english_as_they_were(gate):
    answer = gate.decide(claim(requester="login-1"), known({"item_scanned": "T", "carrier_accepted": "A"}, witnesses=1), NOW)
    assert [retold(answer, one, plain) for one in answer.reasons] == [one.text for one in answer.reasons]
    asked = []
    for one in answer.reasons:
        retold(answer, one, lambda text, **parts: asked.append(text) or plain(text, **parts))
    assert {"carrier accepted it", "absent", "movement", "returns"} <= set(asked)
    of_a_later_version = msgspec.structs.replace(answer.reasons[0], code="true:a_proof_to_come", text="as it was written")
    assert retold(answer, of_a_later_version, plain) == "as it was written"
