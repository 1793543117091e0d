"""A case from finding to closed, two people racing for one answer, names behind pseudonyms, cases that change by themselves."""

import httpx
import pytest
from msgspec.structs import replace

from beleg.facts.kinds.findings import Finding
from beleg.ledger.store.base import Unit
from beleg.web.console.desk import envelope
from beleg.web.console.settings import Hour
from support.consoles import serving
from support.shops import order


@pytest.fixture
def running(fresh):
    """Each of these works on a console of its own."""
    return fresh


def case_of(running, subject):
    return running.desk.rows.of("slice", subject)[0]


def found(number, status="open", because=None):
    return Finding(
        **envelope(), detector="receipt_without_arrival", version="1", subject_kind="slice", subject=f"O{number}/1/R{number}",
        family="journey", amount=10_000 * number, currency="EUR", status=status, because=because,
    )  # fmt: skip


def test_a_ring_is_one_case_from_finding_to_closed(running, person) -> None:
    ivo, case = person("ivo"), case_of(running, "O1/1/R1")
    assert case_of(running, "O2/1/R2") is case is case_of(running, "O3/1/R3")
    assert running.desk.rows.of("ring", "ring-a") == [case]
    assert case.at_stake() == {"EUR": 60_000}
    address = f"/case/{case.id}"
    assert ivo.send(f"{address}/assign", assignee="ivo", due="2026-12-01").status_code == 303
    assert ivo.send(f"{address}/note", text="the dock's footage shows nobody").status_code == 303
    assert ivo.send(f"{address}/close", outcome="confirmed_fraud", why="no parcel ever came").status_code == 303
    assert (case.state, case.outcome, case.assignee) == ("closed", "confirmed_fraud", "ivo")
    page = ivo.get(address).text
    assert "the dock&#39;s footage" in page
    assert ivo.send(f"{address}/close", outcome="unknown", why="x").status_code == 409


def test_a_withdrawn_finding_reopens_its_case_for_all_to_see(running, person) -> None:
    ivo, case = person("ivo"), case_of(running, "O1/1/R1")
    ivo.send(f"/case/{case.id}/close", outcome="confirmed_fraud", why="no parcel ever came")
    running.write(found(1, "withdrawn", "scan-77"))
    page = ivo.get(f"/case/{case.id}").text
    assert case.state == "reopened"
    assert "changed by itself" in page
    assert "scan-77" in page


def test_a_withdrawn_finding_clears_its_case(running, person) -> None:
    case = case_of(running, "O5/1/R5")
    running.write(found(5, "withdrawn", "scan-5"))
    assert "changed by itself" in person("ana").get(f"/case/{case.id}").text
    assert case.state == "cleared"


def test_merge_and_split_over_http(running, person) -> None:
    ivo, ring, other = person("ivo"), case_of(running, "O1/1/R1"), case_of(running, "O5/1/R5")
    assert ivo.send(f"/case/{other.id}/merge", into=ring.id, why="one household").status_code == 303
    moved = ivo.get(f"/case/{other.id}")
    assert (moved.status_code, moved.headers["location"]) == (303, f"/case/{ring.id}")
    assert ivo.send(f"/case/{ring.id}/split", item="found-5", why="no, a neighbour").status_code == 303
    assert case_of(running, "O5/1/R5").id not in {ring.id, other.id}


def test_a_name_needs_a_reason_and_a_second_person(running, person) -> None:
    ivo, apo, ben = person("ivo"), person("apo"), person("ben")
    shown = running.desk.pseudonym("account", "customer-1")
    assert ivo.send(f"/person/{shown}/reveal", reason="").status_code == 422
    assert ivo.send(f"/person/{shown}/reveal", reason="a letter from the court").status_code == 303
    (asked,) = running.desk.directory.waiting()
    assert ivo.send(f"/reveal/{asked.id}", answer="grant").status_code == 403
    assert "a letter from the court" in apo.get("/").text
    assert apo.send(f"/reveal/{asked.id}", answer="grant").status_code == 303
    assert ben.send(f"/reveal/{asked.id}", answer="deny").status_code == 409  # too late
    assert "customer-1" in ivo.get(f"/person/{shown}").text
    assert "customer-1" not in apo.get(f"/person/{shown}").text
    reads = [fact for _, fact in running.run(running.store.since({"personal_reads"}, 0))]
    assert [(one.login, one.raw) for one in reads] == [("ivo", True), ("apo", False)]
    assert "a letter from the court" in person("ada").get("/log").text


def test_nobody_answers_their_own_request(running, person) -> None:
    ben, shown = person("ben"), running.desk.pseudonym("account", "customer-2")
    ben.send(f"/person/{shown}/reveal", reason="curious")
    (asked,) = running.desk.directory.waiting()
    assert ben.send(f"/reveal/{asked.id}", answer="grant").status_code == 403
    assert asked.reason not in ben.get("/").text


def test_the_log_is_passed_over_once(running, person) -> None:
    """Most of a store is of no concern to the console: what it looked at before one page it does not look at before the next."""
    ivo = person("ivo")
    running.run(running.store.commit(Unit(facts=order("O-elsewhere"))))
    assert ivo.get("/").status_code == 200
    assert running.desk._place == running.run(running.store.end())


def test_search_leads_to_what_was_meant(running, person) -> None:
    ivo, case = person("ivo"), case_of(running, "O1/1/R1")
    assert ivo.get(f"/search?q={case.id}").headers["location"] == f"/case/{case.id}"
    assert ivo.get("/search?q=O5").headers["location"] == "/refund/O5/1/R5"
    assert ivo.get("/search?q=ring-a").headers["location"] == "/ring/ring-a"
    assert ivo.get("/search?q=customer-1").headers["location"].startswith("/person/account-")
    assert "Nothing is called" in ivo.get("/search?q=nothing").text


def test_views_are_kept_and_let_go(running, person) -> None:
    ivo = person("ivo")
    ivo.send("/views", name="the dear ones", query="state=open&order=money&who=")
    assert "the dear ones" in ivo.get("/cases").text
    assert "the dear ones" not in person("ana").get("/cases").text
    ivo.send("/views", name="the dear ones", query="state=open", gone="yes")
    assert "the dear ones" not in ivo.get("/cases").text
    assert ivo.send("/views", name="out", query="javascript:1").status_code == 422


def test_the_first_administrator_is_made_at_first_start(empty) -> None:
    with serving(empty, ()) as fresh:
        assert fresh.invitation
        assert "Nobody can sign in yet" in httpx.get(fresh.address).text
        assert "Make a passkey" in httpx.get(f"{fresh.address}/enrol", params={"secret": fresh.invitation}).text
        assert httpx.get(f"{fresh.address}/enrol", params={"secret": "guess"}).status_code == 404
        assert fresh.invitation not in repr(fresh.run(empty.since({"invitations"}, 0)))


def test_a_lost_passkey_is_shut_out_and_its_owner_invited_again(running, person) -> None:
    ivo, root = person("ivo"), person("root")
    assert ivo.get("/cases").status_code == 200
    page = root.send("/people/ivo/out")
    assert f"{running.address}/enrol?secret=" in page.text
    assert "data-passkey" in ivo.get("/cases").text
    assert running.desk.directory.enrolments.of("ivo") == ()
    assert running.desk.directory.operators["ivo"].roles == ("investigator",)
    assert root.send("/people/root/out").status_code == 403


def test_what_a_case_cost_is_what_people_say(running, person) -> None:
    ivo = person("ivo")
    ring, other = case_of(running, "O1/1/R1"), case_of(running, "O5/1/R5")
    for wrong in ("ten", "-1", "1.5", "60001", "\u0664", "9" * 30):
        assert ivo.send(f"/case/{ring.id}/close", outcome="unknown", why="no", minutes=wrong).status_code == 422
    assert ring.is_open
    assert ivo.send(f"/case/{ring.id}/close", outcome="confirmed_fraud", why="no parcel", minutes="45").status_code == 303
    assert ivo.send(f"/case/{other.id}/close", outcome="carrier_error", why="lost", minutes="").status_code == 303
    assert [case.outcomes[-1].minutes for case in (ring, other)] == [45, None]
    page = ivo.get("/programme").text
    assert "1 case without a statement" in page
    assert "No setting says what an hour costs" in page
    running.app.state.site = replace(site := running.app.state.site, settings=replace(site.settings, hour=Hour(4_800, "EUR")))
    page = ivo.get("/programme").text
    assert "at €48.00 an hour" in page
    assert "€36.00" in page
