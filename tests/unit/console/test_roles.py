"""Who sees and does what, asked over raw HTTP: every page and every form, for every role, and for nobody."""

import httpx
import pytest
from msgspec.structs import replace

from beleg.web.console.access import GRANTS
from beleg.web.console.app import routes
from support.consoles import STAFF

PAGES = {
    "/cases": "cases", "/cases.csv": "export", "/cases.parquet": "export", "/refund/O1/1/R1": "cases", "/ring/ring-a": "cases",
    "/policies": "policies", "/sources": "sources", "/log": "log", "/programme": "programme", "/search?q=x": "cases",
    "/people": "operators",
}  # fmt: skip


def allowed(login, permission):
    return any(permission in GRANTS[role] for role in STAFF[login])


def case_of(running, subject):
    return running.desk.rows.of("slice", subject)[0]


def test_every_address_is_asked_about() -> None:
    open_to_all = {
        "/",
        "/enrol",
        "/enrol/ask",
        "/enrol/answer",
        "/sign-in/ask",
        "/sign-in/answer",
        "/sign-out",
        "/language/{name}",
        "/enrolments",
        "/enrolments/{name}",
        "/sign-in/company",
        "/sign-in/company/answer",
        "/enrol/company",
    }
    reached = {route.path for route in routes()} - open_to_all - {"/static/{name}"}
    asked = {address.partition("?")[0] for address in PAGES} | {address for address, _, _ in FORMS.values()}
    assert {path for path in reached if not any(address.startswith(path.partition("{")[0]) for address in asked)} == set()


def test_each_role_sees_its_pages_and_no_other(running, person) -> None:
    for login in STAFF:
        somebody = person(login)
        for address, permission in PAGES.items():
            answer = somebody.get(address)
            if login == "nobody":
                assert "data-passkey" in answer.text
                continue
            assert (answer.status_code in {200, 303}) == allowed(login, permission), (login, address, answer.status_code)
            if not allowed(login, permission):
                assert answer.status_code == 403
                assert "O1/1/R1" not in answer.text.replace(address, "")


# what it does: the address, the permission it needs, the fields
FORMS = {
    "note": ("/case/{case}/note", "work", {"text": "seen"}),
    "assign": ("/case/{case}/assign", "work", {"assignee": "ivo"}),
    "close": ("/case/{case}/close", "close", {"outcome": "unknown", "why": "no"}),
    "merge": ("/case/{case}/merge", "close", {"into": "{other}", "why": "same"}),
    "split": ("/case/{case}/split", "close", {"item": "found-1", "why": "other"}),
    "read": ("/case/{case}/read", "reread", {"outcome": "unknown", "why": "no"}),
    "reveal": ("/person/{account}/reveal", "ask_name", {"reason": "a letter from court"}),
    "answer": ("/reveal/none", "grant_name", {"answer": "grant"}),
    "invite": ("/people/invite", "operators", {"login": "zoe", "analyst": "yes"}),
    "roles": ("/people/ana/roles", "operators", {"administrator": "yes"}),
    "out": ("/people/ana/out", "operators", {}),
    "another": ("/people/ana/another", "operators", {}),
    "second": ("/request/R-4/second", "work", {"verdict": "release", "reason": "seen on film"}),
    "approval": ("/approval/none/answer", "approve", {"answer": "none"}),
    "try": ("/policies/try", "try_policies", {"policy": "standard"}),
    "check": ("/log/check", "log", {}),
    "view": ("/views", "cases", {"name": "mine", "query": "state=open"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_taken_from_those_who_may_only(running, person, form) -> None:
    address, permission, fields = FORMS[form]
    case, other = case_of(running, "O1/1/R1"), case_of(running, "O5/1/R5")
    names = {"case": case.id, "other": other.id, "account": running.desk.pseudonym("account", "customer-1")}
    for login in ("ana", "apo", "pol", "cora", "ada", "root"):
        if allowed(login, permission):
            continue
        before = len(case.events), len(running.desk.directory.operators), len(running.desk.rows)
        sent = {name: value.format(**names) for name, value in fields.items()}
        assert person(login).send(address.format(**names), **sent).status_code == 403, login
        assert (len(case.events), len(running.desk.directory.operators), len(running.desk.rows)) == before
    denied = running.run(running.store.since({"denied_attempts"}, 0))
    assert denied
    assert all(fact.why for _, fact in denied)


def test_nobody_gets_nothing(running) -> None:
    with httpx.Client(base_url=running.address) as http:
        for address in (*PAGES, "/", f"/case/{case_of(running, 'O1/1/R1').id}"):
            answer = http.get(address)
            assert "data-passkey" in answer.text
            assert "O1/1/R1" not in answer.text.replace(address, "")
            assert answer.status_code == 200
        for address, _, fields in FORMS.values():
            answer = http.post(address.format(case="x", account="x"), data=fields, headers={"origin": running.address})
            assert answer.status_code == 401


def test_a_role_that_was_taken_away_ends_at_once(running, person) -> None:
    ben, root = person("ben"), person("root")
    assert ben.get("/cases").status_code == 200
    assert root.send("/people/ben/roles").status_code == 303
    assert ben.get("/cases").status_code == 403
    assert root.send("/people/ben/roles", approver="yes", investigator="yes").status_code == 303
    assert root.send("/people/root/roles", analyst="yes").status_code == 403  # not one's own


def test_signing_out_everywhere_ends_every_session(running, person) -> None:
    here, there = person("ivo", began=1), person("ivo")
    assert here.get("/cases").status_code == 200
    there.send("/sign-out", everywhere="yes")
    assert "data-passkey" in here.get("/cases").text


def test_the_names_of_staff_are_shown_where_that_is_on(running, person) -> None:
    clerk = running.desk.pseudonym("staff", "clerk-7")
    assert clerk in person("ivo").get(f"/person/{clerk}").text
    was = running.app.state.site
    running.app.state.site = replace(was, settings=replace(was.settings, staff=False))
    try:
        assert person("ivo").get(f"/person/{clerk}").status_code == 404
    finally:
        running.app.state.site = was
