"""A new passkey counts once a second administrator agreed, or after a while where there is none; before, it signs nothing."""

import json
import re

import httpx
import pytest
from msgspec.structs import replace

from beleg.facts.kinds.operators import CompanyAccount, EnrolmentAnswer, Invitation, OperatorRole, Passkey, PasskeyEnd
from beleg.facts.kinds.staff import StaffMember
from beleg.web.console.desk import envelope
from beleg.web.console.directory import Directory
from beleg.web.console.enrolments import code
from support.authenticators import Authenticator


@pytest.fixture
def running(fresh):
    """Each of these works on a console of its own."""
    return fresh


class Newcomer:
    """Somebody with a link and a passkey in software."""

    def __init__(self, running, link):
        self.link, self.secret = link, link.partition("secret=")[2]
        self.http = httpx.Client(base_url=running.address, headers={"origin": running.address}, timeout=30)
        self.key = Authenticator(self.secret[:12], running.address)

    def enrol(self):
        asked = self.http.post("/enrol/ask", json={"secret": self.secret})
        assert asked.status_code == 200, asked.text
        return self.http.post("/enrol/answer", json={"secret": self.secret, "answer": self.key.make(asked.json())})

    def sign_in(self):
        asked = self.http.post("/sign-in/ask", json={}).json()
        return self.http.post("/sign-in/answer", json={"answer": json.loads(self.key.sign(asked))})


@pytest.fixture
def invited(running, person):
    """Invites somebody as an administrator does."""
    made = []

    def newcomer(address="/people/invite"):
        page = person("root").send(address, login="zoe", analyst="yes").text
        made.append(Newcomer(running, page.partition('<code class="block">')[2].partition("<")[0]))
        return made[-1]

    yield newcomer
    for one in made:
        one.http.close()


def second(running):
    """Another administrator."""
    running.write(OperatorRole(**envelope(), login="ben", role="administrator", granted=True))


def waiting(running):
    (key,) = running.desk.directory.enrolments.waiting()
    return key


def test_a_new_passkey_counts_once_a_second_administrator_agreed(running, person, invited) -> None:
    second(running)
    zoe, ana = invited(), person("ana")
    assert zoe.enrol().json() == {}
    assert "beleg=" not in str(zoe.http.cookies)
    told = zoe.http.get(zoe.link).text
    assert "an administrator who did not invite you" in told
    early = zoe.sign_in()
    assert (early.status_code, "does not count yet" in early.json()["error"]) == (403, True)
    name = waiting(running).id
    assert "waits until it counts" in ana.get("/cases").text
    assert 'value="agree"' not in ana.get("/enrolments").text
    assert 'value="agree"' not in person("root").get("/enrolments").text
    shown = person("ben").get("/enrolments").text
    shown_code = told.partition('class="id num">')[2].partition("<")[0]
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", shown_code)
    assert 'value="agree"' in shown
    assert shown_code in shown
    for login in ("root", "ana"):
        assert person(login).send(f"/enrolments/{name}", answer="agree").status_code == 403
    assert person("ben").send(f"/enrolments/{name}", answer="agree").status_code == 303
    assert person("ben").send(f"/enrolments/{name}", answer="agree").status_code == 404
    assert zoe.sign_in().status_code == 200
    assert zoe.http.get("/cases").status_code == 200
    assert zoe.http.get(zoe.link).status_code == 404
    facts = [fact for _, fact in running.run(running.store.since({"enrolment_answers", "denied_attempts"}, 0))]
    assert [getattr(one, "actor", "") or one.login for one in facts if one.source == "console"] == ["zoe", "root", "ana", "ben"]


def test_whoever_objects_is_heard(running, person, invited) -> None:
    second(running)
    zoe = invited()
    zoe.enrol()
    name = waiting(running).id
    assert person("nobody").send(f"/enrolments/{name}", answer="object").status_code == 401
    assert person("ana").send(f"/enrolments/{name}", answer="object").status_code == 303
    assert person("ben").send(f"/enrolments/{name}", answer="agree").status_code == 404
    assert zoe.sign_in().status_code == 401
    assert zoe.http.get(zoe.link).status_code == 404
    assert "objected" in person("ada").get("/enrolments").text


def test_the_same_person_under_another_login_agrees_to_nothing(running, person, invited) -> None:
    second(running)
    running.write(*(StaffMember(id=f"s-{who}", source="roster", login=who, person="P1") for who in ("root", "ben")))
    invited().enrol()
    assert person("ben").send(f"/enrolments/{waiting(running).id}", answer="agree").status_code == 403


def test_where_there_is_no_second_administrator_time_has_to_pass(running, person, invited) -> None:
    zoe = invited()
    zoe.enrol()
    assert "everybody who signs in is told" in zoe.http.get(zoe.link).text
    assert "There is no other administrator" in person("ana").get("/enrolments").text
    assert person("root").send(f"/enrolments/{waiting(running).id}", answer="agree").status_code == 403
    assert zoe.sign_in().status_code == 403
    site = running.app.state.site
    running.app.state.site = replace(site, settings=replace(site.settings, wait_hours=0))
    assert zoe.sign_in().status_code == 200
    *_, answer = running.desk.directory.enrolments.answers.values()
    assert (answer.actor, answer.granted) == (None, True)


def test_a_lost_passkey_and_one_more_wait_as_well(running, person, invited) -> None:
    second(running)
    again = invited("/people/ivo/out")
    again.enrol()
    assert again.sign_in().status_code == 403
    more = invited("/people/ana/another")
    more.enrol()
    assert more.sign_in().status_code == 403
    assert person("ana").get("/cases").status_code == 200
    assert "one waits" in person("root").get("/people").text


def test_an_invitation_is_used_once(running, person, invited) -> None:
    second(running)
    zoe = invited()
    zoe.enrol()
    assert zoe.http.post("/enrol/ask", json={"secret": zoe.secret}).status_code == 404


def test_the_code_is_not_of_anybody_s_choosing() -> None:
    """An authenticator chooses its credential's name, and could search for one with the code of another."""
    one = at(1, Passkey, "console-1", login="zoe", credential="c", public_key="k")
    assert code(replace(one, credential="d", public_key="l")) == code(one)
    assert code(replace(one, id="console-2")) != code(one)


def folded(*facts):
    directory = Directory()
    for fact in facts:
        directory.add(fact)
    return directory


def test_an_invitation_of_the_first_start_that_was_left_over_lets_nobody_in() -> None:
    """Each start without a passkey makes one; the first that is used is the last that is good."""
    invited = [at(1, Invitation, f"i-{n}", login="administrator", secret=f"s-{n}", expires_at=99) for n in (1, 2)]
    first, later = (
        at(2, Passkey, f"k-{n}", login="administrator", credential=f"c-{n}", public_key="k", invitation=f"i-{n}") for n in (1, 2)
    )
    before, after = folded(*invited).enrolments, folded(*invited, first).enrolments
    assert before.invitation("s-2", 5) == invited[1]
    assert after.invitation("s-2", 5) is None
    raced = folded(*invited, first, later).enrolments
    assert (raced.counts(first), raced.counts(later), raced.waiting()) == (True, False, [later])
    account = at(3, CompanyAccount, "a", login="administrator", account="00", issuer="https://id.example.com", invitation="i-2")
    assert not folded(*invited, account).enrolments.counts(account)


def test_where_everybody_s_passkey_ended_the_next_start_lets_somebody_in() -> None:
    known = [
        fact
        for n in (1, 2)
        for fact in (
            at(n, Invitation, f"i-{n}", login="administrator", secret=f"s-{n}", expires_at=99),
            at(n, Passkey, f"k-{n}", login="administrator", credential=f"c-{n}", public_key="k", invitation=f"i-{n}"),
            at(n, PasskeyEnd, f"e-{n}", credential=f"c-{n}", actor="administrator"),
        )
    ]
    enrolments = folded(*known[:-1]).enrolments
    assert [enrolments.counts(one) for one in enrolments.ways()] == [True]


def at(moment, kind, name, **said):
    return kind(id=name, source="console", known_at=moment, **said)


def test_the_waiting_time_begins_anew_when_an_administrator_goes() -> None:
    """Nobody gets rid of the one who would have objected and is quicker for it."""
    start = [
        fact
        for who in ("root", "bea")
        for fact in (
            at(1, OperatorRole, f"r-{who}", login=who, role="administrator", granted=True),
            at(1, Invitation, f"i-{who}", login=who, secret="x", expires_at=9),
            at(2, Passkey, f"k-{who}", login=who, credential=f"c-{who}", public_key="k", invitation=f"i-{who}"),
            at(3, EnrolmentAnswer, f"a-{who}", enrolment_id=f"k-{who}", granted=True),
        )
    ]
    key = at(10, Passkey, "k-zoe", login="zoe", credential="c-zoe", public_key="k", invitation="i-zoe")
    new = (at(5, Invitation, "i-zoe", login="zoe", secret="y", expires_at=99, actor="root"), key)
    assert folded(*start, *new).due(key, 100) is None
    for gone in (
        at(50, OperatorRole, "gone", login="bea", role="administrator", granted=False, actor="root"),
        at(50, PasskeyEnd, "gone", credential="c-bea", actor="root"),
    ):
        assert folded(*start, *new, gone).due(key, 100) == 150
    early = at(8, PasskeyEnd, "gone", credential="c-bea", actor="root")
    assert folded(*start, early, *new).due(key, 100) == 110
