"""Whose passkey may approve: owner, inviter and whoever agreed are three persons, and the waiting time has passed."""

import pytest

from beleg.facts.kinds.operators import EnrolmentAnswer, Invitation, Passkey
from beleg.facts.kinds.staff import StaffMember
from beleg.gate.approving import Enrolled, Roster, able

# two logins of each of three persons
ROSTER = [StaffMember(id=f"{who}{n}", source="r", login=f"{who}{n}", person=who) for who in ("ana", "ben", "cora") for n in (1, 2)]
WAIT = 100


def enrolled(inviter="ben1", agreed="cora1", granted=True, answered=True):
    key = Passkey(id="key", source="c", known_at=0, login="ana1", credential="c", public_key="k", invitation="i")
    invitation = Invitation(id="i", source="c", login="ana1", secret="s", expires_at=9, actor=inviter)
    answer = EnrolmentAnswer(id="a", source="c", enrolment_id="key", granted=granted, actor=agreed) if answered else None
    return Enrolled(key, invitation, answer)


@pytest.mark.parametrize(("how", "may"), [
    ({}, True),
    ({"agreed": None}, True),  # by time, where nobody else could be asked
    ({"answered": False}, False),
    ({"granted": False}, False),
    ({"inviter": None}, False),  # at first start nobody vouches
    ({"inviter": "ana2"}, False), ({"inviter": "stranger"}, False),
    ({"agreed": "ana2"}, False), ({"agreed": "ben2"}, False), ({"agreed": "ben1"}, False), ({"agreed": "stranger"}, False),
])  # fmt: skip
def test_three_persons_stand_behind_a_passkey_that_approves(how, may) -> None:
    assert bool(able([enrolled(**how)], Roster(ROSTER, WAIT), WAIT, WAIT)) is may


def test_it_waits_all_the_same() -> None:
    assert able([enrolled()], Roster(ROSTER, 99), 99, WAIT) == {}
    assert set(able([enrolled()], Roster(ROSTER, 100), 100, WAIT)) == {"c"}


def test_without_its_invitation_it_approves_nothing() -> None:
    one = enrolled()
    assert able([Enrolled(one.key, None, one.answer)], Roster(ROSTER, WAIT), WAIT, WAIT) == {}
