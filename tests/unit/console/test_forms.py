"""Forged forms, foreign pages, hostile text, and what the browser is told it may do."""

import re

import httpx
import pytest
from starlette.responses import Response

from beleg.facts.kinds.cases import CaseNote
from beleg.facts.kinds.findings import Finding
from beleg.web.console.desk import envelope
from support.consoles import EVIL, cookie


def case_of(running, subject):
    return running.desk.rows.of("slice", subject)[0]


@pytest.mark.parametrize("address", ["/", "/cases", "/static/console.js", "/static/beleg.css", "/nowhere", "/enrol?secret=x"])
def test_every_answer_shuts_everything_else_out(running, person, address) -> None:
    headers = person("ivo").get(address).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_pages_run_nothing_of_their_own(running, person) -> None:
    ivo = person("ivo")
    for address in ("/", "/cases", f"/case/{case_of(running, 'O1/1/R1').id}", "/refund/O1/1/R1", "/ring/ring-a"):
        page = ivo.get(address).text
        assert re.findall(r"<script(?! type=\"module\" src=\"/static/)", page) == []
        assert not re.search(r"<[^>]+ (?:on\w+|style)=", page)
        assert "://" not in page.replace(running.address, "").replace("http://www.w3.org/2000/svg", "")
        assert len(page.encode()) < 150_000


def test_cookies_are_kept_from_scripts(running) -> None:
    response = Response()
    running.app.state.site.sessions.begin(response, "ivo", 1)
    said = response.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=lax" in said


@pytest.mark.parametrize(("token", "origin"), [("", None), ("0" * 64, None), (None, "http://evil.example"), (None, "null")])
def test_a_forged_form_changes_nothing(running, person, token, origin) -> None:
    case = case_of(running, "O5/1/R5")
    answer = person("ivo").send(f"/case/{case.id}/note", token, origin, text="forged")
    assert answer.status_code == 403
    assert case.notes == []


def test_another_sessions_token_is_no_token(running, person) -> None:
    ana, ivo = person("ana"), person("ivo")
    assert ivo.send(f"/case/{case_of(running, 'O1/1/R1').id}/note", ana.token, text="x").status_code == 403


def test_a_forged_or_old_cookie_is_nobody(running) -> None:
    cookies, _ = cookie(running.app, "ivo")
    (name, value) = next(iter(cookies.items()))
    for bad in (value[:-3] + "abc", "", "x.y.z", value.replace(".", "", 1)):
        assert "data-passkey" in httpx.get(f"{running.address}/cases", cookies={name: bad}).text


def test_hostile_text_stays_text(running, person) -> None:
    case = case_of(running, "O1/1/R1")
    running.write(
        CaseNote(**envelope(), case_id=case.id, text=EVIL, actor=EVIL[:60]),
        Finding(
            **envelope(), detector=EVIL[:60], version="1", subject_kind="slice", subject=f"O1/{EVIL[:50]}/x", family="x", amount=1,
            currency="EUR", status="open",
        ),
    )  # fmt: skip
    page = person("ivo").get(f"/case/{case.id}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page
    assert "\u202e" not in page
    assert "\\u202e" in page
    assert "A" * 9_000 in page
    assert "📦👩‍🚒" in page


def test_a_note_has_its_limits(running, person) -> None:
    address, ivo = f"/case/{case_of(running, 'O1/1/R1').id}/note", person("ivo")
    assert ivo.send(address, text="").status_code == 422
    assert ivo.send(address, text="x" * 20_001).status_code == 422
    assert ivo.send(address, text="x" * 20_000).status_code == 303
    assert ivo.send(address, text="x" * 400_000).status_code in {403, 413}


def test_an_ended_session_keeps_what_was_written(running, person) -> None:
    case = case_of(running, "O1/1/R1")
    answer = httpx.post(f"{running.address}/case/{case.id}/note", data={"token": "old", "text": "three pages\nof thought"})
    assert answer.status_code == 401
    assert "three pages\nof thought" in answer.text
    assert f'action="/case/{case.id}/note"' in answer.text
    assert "old" not in re.findall(r'name="token" value="([^"]*)"', answer.text)


@pytest.mark.parametrize("goal", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_a_change_of_language_leads_nowhere_else(running, goal) -> None:
    answer = httpx.get(f"{running.address}/language/de", params={"to": goal})
    assert answer.headers["location"] == "/"


def test_object_names_are_not_guessed_through(running, person) -> None:
    ivo = person("ivo")
    for address in (
        "/case/case-none",
        "/ring/none",
        "/person/customer-1",
        "/person/account-0000",
        "/refund/none/1/1",
        "/static/../app.py",
    ):
        assert ivo.get(address).status_code == 404, address
    assert ivo.send("/case/case-none/note", text="x").status_code == 404
    page = ivo.get(f"/person/{running.desk.pseudonym('account', 'customer-1')}").text
    assert "customer-1" not in page


def test_exports_are_inert(running, person) -> None:
    running.write(
        Finding(
            **envelope(), detector="x", version="1", subject_kind="slice", subject="=1+1/1/-", family="x", amount=1, currency="EUR"
        )
    )
    text = person("ivo").get("/cases.csv?state=all").text
    assert "\n=" not in text
    assert ",=" not in text
    assert "customer-" not in text
