"""Signing in at a company's provider, over raw HTTP: one whose every answer can be bent, and once one that is somebody else's."""

import hmac
import json
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from beleg.facts.kinds.operators import CompanyAccount, EnrolmentAnswer, OperatorRole
from beleg.ledger.store.store import Store
from beleg.web.console import session
from beleg.web.console.company import ANSWER
from beleg.web.console.context import own
from beleg.web.console.desk import envelope, now
from beleg.web.console.session import COOKIE, Sessions
from beleg.web.oidc import Company
from beleg.web.oidc import Provider as Settings
from support.consoles import KEY, serving, staffed, story
from support.providers import CLIENT, SECRET, provider
from support.stores import copied

ANOTHER = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def theirs():
    with provider() as made:
        yield made


@pytest.fixture(autouse=True)
def straight(theirs):
    yield
    theirs.straighten()


def bound(issuer, *logins):
    """Company accounts of these people, agreed to."""
    sessions, said = Sessions(KEY, secure=False), {"source": "test", "known_at": now()}
    accounts = [
        CompanyAccount(
            id=f"account-{who}", **said, login=who, account=sessions.account(issuer, f"sub-{who}"), issuer=issuer,
            invitation=f"invited-{who}",
        )
        for who in logins
    ]  # fmt: skip
    agreed = [EnrolmentAnswer(id=f"bound-{who}", **said, enrolment_id=f"account-{who}", granted=True) for who in logins]
    return (*accounts, *agreed)


@pytest.fixture(scope="module")
def running(server, pattern, theirs):
    with copied(server, pattern) as service:
        store = Store(service)
        company = Settings(theirs.issuer, CLIENT, SECRET, "Acme")
        facts = (*staffed(now()), *story(now()), *bound(theirs.issuer, "ivo", "ben", "root"))
        with serving(store, facts, company=company) as console:
            yield console
        store.close()


@pytest.fixture
def visitor(running):
    """Somebody with a browser and no session."""
    with httpx.Client(base_url=running.address, headers={"origin": running.address}, timeout=30) as http:
        yield http


def to_provider(http, goal="/"):
    """The provider's answer to a sign-in that begins here: the address it sends the browser back to."""
    begun = http.get("/sign-in/company", params={"goal": goal})
    assert begun.status_code == 303, begun.text
    return httpx.get(begun.headers["location"]).headers["location"]


def signed_in(http):
    return COOKIE in http.cookies and http.get("/cases").status_code == 200 and "data-passkey" not in http.get("/cases").text


def facts(running, *tables):
    return [fact for _, fact in running.run(running.store.since(set(tables), 0))]


def test_somebody_signs_in_and_out(running, visitor) -> None:
    assert 'href="/sign-in/company?goal=/cases%3Fstate%3Dopen"' in visitor.get("/cases?state=open").text
    back = visitor.get(to_provider(visitor, "/cases?state=open"))
    assert (back.status_code, back.headers["location"]) == (303, "/cases?state=open")
    assert signed_in(visitor)
    assert "httponly" in back.headers["set-cookie"].lower()
    last = facts(running, "operator_sign_ins")[-1]
    assert (last.login, last.activity, bool(last.account), last.credential) == ("ivo", "logon", True, None)
    token = visitor.get("/cases").text.partition('name="token" value="')[2][:64]
    assert visitor.post("/sign-out", data={"token": token}).status_code == 303
    assert not signed_in(visitor)


# how a token is bent: what is claimed otherwise, how it is signed otherwise, and what is wrong with it then
def bent(why, claims=None, **signing):
    return why, claims or {}, signing


BENT = {
    "nonce": bent("for another sign-in", {"nonce": "another"}),
    "no nonce": bent('missing the "nonce" claim', {"nonce": None}),
    "audience": bent("Audience doesn't match", {"aud": "somebody else"}),
    "several audiences": bent("made for somebody else", {"aud": [CLIENT, "somebody else"]}),
    "made for another": bent("made for somebody else", {"azp": "somebody else"}),
    "issuer": bent("Invalid issuer", {"iss": "https://evil.example.com"}),
    "expired": bent("expired", {"exp": int(time.time()) - 3600}),
    "no end": bent('missing the "exp" claim', {"exp": None}),
    "from the future": bent("not yet valid", {"iat": int(time.time()) + 3600}),
    "nobody": bent('missing the "sub" claim', {"sub": None}),
    "empty name": bent("names nobody", {"sub": ""}),
    "not signed": bent("signed by 'none'", key=None, algorithm="none"),
    "our own secret": bent("signed by 'HS256'", key=SECRET.ljust(32, "!"), algorithm="HS256"),
    "another key of that name": bent("Signature verification failed", key=ANOTHER),
    "an unknown key": bent("none of the provider's", key=ANOTHER, headers={"kid": "another"}),
}


@pytest.mark.parametrize("how", BENT)
def test_a_token_that_is_bent_signs_nobody_in(running, visitor, theirs, caplog, how) -> None:
    why, theirs.claims, theirs.signing = BENT[how]
    back = visitor.get(to_provider(visitor))
    assert (back.status_code, "does not hold" in back.text) == (401, True), back.text
    assert why in caplog.text
    assert COOKIE not in visitor.cookies
    assert "does not hold" in facts(running, "denied_attempts")[-1].why


def test_a_public_key_is_no_shared_secret(running, visitor, theirs, caplog) -> None:
    head, body = (urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({"alg": "HS256", "kid": theirs.kid}, {}))
    mark = urlsafe_b64encode(hmac.digest(theirs.public, head + b"." + body, "sha256")).rstrip(b"=")
    theirs.token = b".".join((head, body, mark)).decode()
    assert visitor.get(to_provider(visitor)).status_code == 401
    assert "signed by 'HS256'" in caplog.text


def test_a_new_key_is_asked_for_once(running, visitor, theirs) -> None:
    visitor.get(to_provider(visitor))
    theirs.rotate()
    before = theirs.asked_for_keys
    assert visitor.get(to_provider(visitor)).status_code == 303
    assert visitor.get(to_provider(visitor)).status_code == 303
    assert theirs.asked_for_keys == before + 1


def test_an_answer_to_nothing_asked_here_is_worth_nothing(running, visitor, monkeypatch) -> None:
    answer = to_provider(visitor)
    with httpx.Client(base_url=running.address) as another:
        assert another.get(answer).status_code == 400  # in a browser where nothing began
        to_provider(another)
        assert another.get(answer).status_code == 400  # where something else began
    kept = dict(visitor.cookies)
    assert visitor.get(answer).status_code == 303
    visitor.cookies = kept
    again = visitor.get(answer)  # used before, though the cookie is brought along again
    assert (again.status_code, "Begin again" in again.text) == (400, True)
    assert not signed_in(visitor)
    late = to_provider(visitor)
    monkeypatch.setattr(session, "AWAY_LASTS", -1)
    assert visitor.get(late).status_code == 400


def test_another_providers_answer_is_not_taken(running, visitor, theirs) -> None:
    for said in ("https://evil.example.com", None):
        theirs.answer = {"iss": said}
        back = visitor.get(to_provider(visitor))
        assert (back.status_code, "Another provider" in back.text) == (400, True)
    assert not signed_in(visitor)


@pytest.mark.parametrize(("error", "shown"), [("access_denied", "access_denied"), ("<b>call +49 30 1234</b>", "unknown")])
def test_what_the_provider_calls_wrong_is_told_in_words_that_are_known(visitor, theirs, error, shown) -> None:
    theirs.answer = {"code": None, "error": error, "error_description": "call this number"}
    back = visitor.get(to_provider(visitor), headers={"accept-language": "de"})
    assert back.status_code == 403
    assert f"nicht angemeldet ({shown})" in back.text
    assert "call" not in back.text
    assert back.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_code_that_was_used_or_is_made_up_is_not_taken(running, visitor, theirs) -> None:
    theirs.answer = {"code": "made up"}
    assert visitor.get(to_provider(visitor)).status_code == 401
    assert not signed_in(visitor)


@pytest.mark.parametrize(
    "how",
    [
        {"broken": True},
        {"document": {"issuer": "https://evil.example.com"}},
        {"document": {"token_endpoint": "http://evil.example.com/token"}},
        {"document": {"jwks_uri": 7}},
    ],
)
def test_a_provider_that_is_not_there_has_its_page(running, visitor, theirs, how) -> None:
    running.app.state.site.company._document = None
    for name, value in how.items():
        setattr(theirs, name, value)
    told = visitor.get("/sign-in/company")
    assert (told.status_code, "does not answer as it should" in told.text) == (502, True)
    theirs.straighten()
    assert visitor.get("/sign-in/company").status_code == 303


@pytest.mark.parametrize(
    "goal", ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "javascript:alert(1)", "/\r\nx"]
)
def test_nobody_is_led_elsewhere(visitor, goal) -> None:
    assert visitor.get(to_provider(visitor, goal)).headers["location"] == "/"


@given(st.text() | st.from_regex(r"[/\\\\.:@a-z\s]{1,12}", fullmatch=True).map("/".__add__))
def test_no_address_leads_elsewhere(address) -> None:
    led = urlsplit(urljoin("https://beleg.example.com/sign-in", own(address)))
    assert (led.scheme, led.netloc) == ("https", "beleg.example.com")


def test_an_account_at_the_provider_alone_is_nobody_here(running, visitor, theirs) -> None:
    theirs.subject = "sub-stranger"
    back = visitor.get(to_provider(visitor))
    assert (back.status_code, "has to invite you first" in back.text) == (403, True)
    assert not signed_in(visitor)


def test_a_session_that_was_there_is_not_taken_over(running, visitor, person) -> None:
    planted = person("pol").http.cookies[COOKIE]
    visitor.cookies.set(COOKIE, planted, domain="localhost.local")
    back = visitor.get(to_provider(visitor))
    value = back.headers["set-cookie"].partition(f"{COOKIE}=")[2].partition(";")[0]
    assert value not in ("", planted)
    read = running.app.state.site.sessions._signer.loads
    assert (read(planted)["login"], read(value)["login"], read(value)["company"]) == ("pol", "ivo", True)
    assert read(planted)["name"] != read(value)["name"]


def test_what_needs_a_passkey_is_withheld(running, visitor, person, theirs) -> None:
    shown = running.desk.pseudonym("account", "customer-1")
    ben, ivo = person("ben"), person("ivo")
    ivo.send(f"/person/{shown}/reveal", reason="a letter from the court")
    (asked,) = running.desk.directory.waiting()
    theirs.subject = "sub-ben"
    visitor.get(to_provider(visitor))
    page = visitor.get("/").text
    token = page.partition('name="token" value="')[2][:64]
    assert "What needs your passkey is not shown" in page
    assert "a letter from the court" not in page
    for address, fields in ((f"/reveal/{asked.id}", {"answer": "grant"}), (f"/person/{shown}/reveal", {"reason": "curious"}),
                            ("/approval/none/answer", {"answer": "x"})):  # fmt: skip
        told = visitor.post(address, data={"token": token, **fields})
        assert (told.status_code, "This needs your passkey" in told.text) == (403, True), address
    assert ben.send(f"/reveal/{asked.id}", answer="grant").status_code == 303
    assert "customer-1" in ivo.get(f"/person/{shown}").text
    theirs.subject = "sub-ivo"
    visitor.get(to_provider(visitor))
    assert "customer-1" not in visitor.get(f"/person/{shown}").text
    theirs.subject = "sub-root"
    visitor.get(to_provider(visitor))
    assert visitor.get("/people").status_code == 403
    assert visitor.get("/log").status_code == 200


def invited(by, login):
    page = by.send("/people/invite", login=login, analyst="yes").text
    return page.partition("enrol?secret=")[2].partition("<")[0]


def accepted(http, secret):
    asked = http.post("/enrol/company", json={"secret": secret})
    return http.get(httpx.get(asked.json()["goal"]).headers["location"])


def test_an_invitation_accepted_with_a_company_account_waits_for_a_second_administrator(running, visitor, person, theirs) -> None:
    running.write(OperatorRole(**envelope(), login="apo", role="administrator", granted=True))
    theirs.subject, secret = "sub-zoe", invited(person("root"), "zoe")
    assert "data-company" in visitor.get(f"/enrol?secret={secret}").text
    assert (
        visitor.post("/enrol/company", json={"secret": secret}, headers={"origin": "https://evil.example.com"}).status_code == 403
    )
    back = accepted(visitor, secret)
    assert (back.status_code, back.headers["location"]) == (303, f"/enrol?secret={secret}")
    assert "Your company account is noted" in visitor.get(back.headers["location"]).text
    early = visitor.get(to_provider(visitor))
    assert (early.status_code, "does not count here yet" in early.text) == (403, True)
    (waits,) = running.desk.directory.enrolments.waiting()
    assert "company account" in person("apo").get("/enrolments").text
    assert person("apo").send(f"/enrolments/{waits.id}", answer="agree").status_code == 303
    assert visitor.get(to_provider(visitor)).status_code == 303
    assert signed_in(visitor)
    assert visitor.post("/enrol/company", json={"secret": secret}).status_code == 404
    taken = accepted(visitor, invited(person("root"), "yan"))  # one account is one person's
    assert (taken.status_code, "already" in taken.text) == (409, True)
    assert "sub-zoe" not in repr(facts(running, "company_accounts"))
    person("root").send("/people/zoe/out")
    assert not signed_in(visitor)
    assert visitor.get(to_provider(visitor)).status_code == 403


def test_the_first_start_needs_a_passkey(empty, theirs) -> None:
    with (
        serving(empty, (), company=Settings(theirs.issuer, CLIENT, SECRET, "Acme")) as console,
        httpx.Client(base_url=console.address, headers={"origin": console.address}) as http,
    ):
        page = http.get(f"/enrol?secret={console.invitation}").text
        assert ("data-passkey" in page, "data-company" in page) == (True, False)
        assert http.post("/enrol/company", json={"secret": console.invitation}).status_code == 404


def test_without_a_provider_nothing_is_there(fresh) -> None:
    with httpx.Client(base_url=fresh.address, headers={"origin": fresh.address}) as http:
        assert "/sign-in/company" not in http.get("/").text
        for address in ("/sign-in/company", "/sign-in/company/answer?code=x&state=y"):
            assert http.get(address).status_code == 404


def test_somebody_elses_provider_is_understood_as_well(running, visitor) -> None:
    """An independent one, in a process of its own; it is Beleg's client that is new for this test, not the console."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        issuer = f"http://localhost:{port}"
        _until_it_answers(issuer)
        running.write(*(one for one in bound(issuer, "ana")))
        site = running.app.state.site

        running.app.state.site = replace(
            site, company=Company(Settings(issuer, CLIENT, SECRET, "Acme"), site.settings.origin + ANSWER)
        )
        begun = visitor.get("/sign-in/company")
        back = httpx.post(begun.headers["location"], data={"sub": "sub-ana"})
        assert "code" in parse_qs(urlsplit(back.headers["location"]).query)
        assert visitor.get(back.headers["location"]).status_code == 303
        assert signed_in(visitor)
    finally:
        running.app.state.site = site
        process.terminate()
        process.wait(20)


def _until_it_answers(address):
    for _ in range(200):
        try:
            httpx.get(address)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the provider did not start")
