"""People at work in a real browser, with a virtual authenticator: the stories from first start to a closed case, and every page."""

import re
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module

import pytest

from beleg.facts.base import Fact
from beleg.facts.kinds.operators import Invitation, Passkey
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.store import Store
from beleg.web.console import signing
from beleg.web.console.desk import now
from beleg.web.oidc import Provider
from support.consoles import Running, serving, staffed, story
from support.providers import CLIENT, SECRET, provider
from support.sample import rich
from support.stores import copied

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def answered(server: Embedded, pattern: str) -> Iterator[Running]:
    """A console with an audit's answer, for tests that only look."""
    start = now()
    with copied(server, pattern) as service:
        store = Store(service)
        company = Provider("http://localhost:9", CLIENT, SECRET, "Acme")
        with serving(store, (*staffed(start), *story(start), *newcomers(start)), answer=rich(), company=company) as console:
            yield console
        store.close()


def newcomers(start: int) -> tuple[Fact, ...]:
    """Two who were invited; one of them has made a passkey, which waits."""
    said = {"source": "test", "known_at": start, "login": "zoe"}
    invited = [
        Invitation(
            id=f"invited-{one}", **said, secret=sha256(one.encode()).hexdigest(), expires_at=start + 86_400_000_000, actor="root"
        )
        for one in ("new", "waits")
    ]
    return (*invited, Passkey(id="key-zoe", **said, credential="cred-zoe", public_key="none", invitation="invited-waits"))


def test_from_first_start_to_the_first_case(empty, at) -> None:
    with serving(empty, (), wait_hours=0) as console:
        admin = at(console)
        page = admin.enrol(f"{console.address}/enrol?secret={console.invitation}")
        page.wait_for_url("**/people")
        link = _invite(page, "ivo", "Investigator")
        console.write(*story(now()))
        ivo = at(console)
        page = ivo.enrol(link)
        page.get_by_role("heading", name="Today", exact=True).wait_for()
        page.get_by_role("link", name=re.compile("^case-")).first.click()
        page.get_by_role("heading", name="What it rests on").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.get_by_role("heading", name="Today", exact=True).wait_for()
        assert at(console).open(link.removeprefix(console.address)).get_by_role("heading", name="Not found").is_visible()


def _invite(page, login, role):
    page.get_by_label("Their login").fill(login)
    page.get_by_role("group", name="Roles").get_by_label(role).check()
    page.get_by_role("button", name="Invite", exact=True).click()
    return page.get_by_role("status").locator("code").inner_text()


def test_it_takes_two_to_let_somebody_in(empty, at) -> None:
    with serving(empty, story(now()), wait_hours=0) as console:
        page = at(console).enrol(f"{console.address}/enrol?secret={console.invitation}")
        page.wait_for_url("**/people")
        other = at(console).enrol(_invite(page, "bea", "Administrator"))
        ivo = at(console)
        mine = ivo.make(_invite(page, "ivo", "Investigator"))
        mine.get_by_role("heading", name="Almost there").wait_for()
        code = mine.locator("strong.num").inner_text()
        mine.get_by_role("link", name="Sign in").click()
        mine.get_by_role("button", name="Sign in with a passkey").click()
        mine.get_by_role("alert").get_by_text("does not count yet").wait_for()
        other.reload()
        other.get_by_role("link", name="1 new way to sign in waits").click()
        assert other.locator(".ask strong.num").inner_text() == code
        other.get_by_role("button", name="Agree ivo").click()
        other.get_by_role("status").get_by_text("Answered.").wait_for()
        mine.get_by_role("button", name="Sign in with a passkey").click()
        mine.get_by_role("heading", name="Today", exact=True).wait_for()


def test_a_ring_from_finding_to_closed(fresh, at) -> None:
    page = at(fresh, "ivo").open("/ring/ring-a")
    assert page.locator("svg.web circle").count() == 3
    page.locator("svg.web .hub a").first.focus()
    assert page.locator("svg.web .hub .echo").first.is_visible()
    page.get_by_role("link", name=re.compile("^case-")).click()
    page.get_by_label("Add a note").fill("the footage shows nobody")
    page.get_by_role("button", name="Add the note").click()
    page.get_by_text("the footage shows nobody").wait_for()
    page.get_by_text("Close it with an outcome").click()
    page.get_by_label("Confirmed fraud").check()
    page.locator("#why-close").fill("no parcel ever came")
    page.get_by_role("button", name="Close the case").click()
    page.get_by_role("status").get_by_text("Closed.").wait_for()
    assert page.locator("h1 .state").inner_text() == "closed"


def test_two_people_race_for_one_answer(fresh, at) -> None:
    shown = fresh.desk.pseudonym("account", "customer-1")
    ivo = at(fresh, "ivo").open(f"/person/{shown}")
    ivo.get_by_label("Why you need the name").fill("a letter from the court")
    ivo.get_by_role("button", name="Ask to see the name").click()
    ivo.get_by_text("Nobody answered yet").wait_for()
    first, second = at(fresh, "apo").open("/"), at(fresh, "cora").open("/")
    first.get_by_role("button", name="Agree", exact=True).click()
    first.get_by_role("status").wait_for()
    second.get_by_role("button", name="Do not agree").click()
    second.get_by_role("heading", name="Somebody was quicker").wait_for()
    assert ivo.reload().ok
    assert ivo.get_by_text("customer-1", exact=True).is_visible()


def test_a_session_that_ends_in_the_middle_of_a_form_loses_no_text(empty, at) -> None:
    with serving(empty, story(now()), wait_hours=0) as console:
        secret = console.run(_invited(console))
        ivo = at(console)
        page = ivo.enrol(f"{console.address}/enrol?secret={secret}")
        page.get_by_role("link", name=re.compile("^case-")).first.click()
        page.get_by_label("Add a note").fill("three pages\nof thought")
        ivo.context.clear_cookies(name="beleg")
        page.get_by_role("button", name="Add the note").click()
        assert page.get_by_label("What you wrote").input_value() == "three pages\nof thought"
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.get_by_role("status").get_by_text("Noted.").wait_for()
        assert page.get_by_text("of thought").is_visible()


def test_signing_in_with_the_company_loses_no_text_either(empty, at) -> None:
    with (
        provider() as theirs,
        serving(
            empty, (*staffed(now()), *story(now())), wait_hours=0, company=Provider(theirs.issuer, CLIENT, SECRET, "Acme")
        ) as console,
    ):
        secret = console.run(_invited(console))
        ivo = at(console)
        page = ivo.open(f"/enrol?secret={secret}")
        page.get_by_role("button", name="Accept with Acme").click()
        page.get_by_role("link", name=re.compile("^case-")).first.click()
        here = page.url
        page.get_by_label("Add a note").fill("three pages\nof thought")
        ivo.context.clear_cookies(name="beleg")
        page.get_by_role("button", name="Add the note").click()
        page.get_by_role("link", name="Sign in with Acme").click()
        page.wait_for_url(here)
        assert page.get_by_label("Add a note").input_value() == "three pages\nof thought"
        page.get_by_role("button", name="Add the note").click()
        page.get_by_role("status").get_by_text("Noted.").wait_for()
        page.get_by_role("button", name="Sign out").click()
        theirs.subject = "sub-stranger"
        page.get_by_role("link", name="Sign in with Acme").click()
        page.get_by_role("heading", name="Not signed in").wait_for()


async def _invited(console: Running) -> str:
    return await signing.invite(console.desk, "ivo", ["investigator"], "root")


def test_a_role_sees_only_what_it_may(answered, at) -> None:
    names = at(answered, "ada").open("/cases").get_by_role("navigation").first.get_by_role("link").all_inner_texts()
    assert names == ["Today", "Cases", "Policies", "Sources", "Log", "Programme"]
    page = at(answered, "ada").open("/people")
    assert page.get_by_role("heading", name="Not for your roles").is_visible()


def test_the_keyboard_goes_everywhere(answered, at) -> None:
    page = at(answered, "ivo").open("/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.closest('[data-row]') === document.querySelectorAll('[data-row]')[0]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/case/*")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("ring-a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ring/ring-a")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/cases")


PAGES = [
    "/", "/cases", "CASE", "/refund/O1/1/R1", "/ring/ring-a", "/ring/ring-01", "PERSON", "/policies", "/sources", "/programme",
    "/search?q=zzz", "/nowhere",
]  # fmt: skip


@pytest.mark.parametrize("how", ["light wide", "dark wide", "light narrow"])
def test_axe_finds_nothing_and_nothing_sticks_out(answered, at, how) -> None:
    axe = import_module("axe_playwright_python.sync_playwright").Axe()
    colours, width = how.split()
    size = {"width": 320 if width == "narrow" else 1280, "height": 900}
    case = answered.desk.rows.of("ring", "ring-a")[0].id
    person = answered.desk.pseudonym("account", "customer-1")
    desk = at(answered, "ivo", viewport=size, color_scheme=colours)
    names = {"CASE": f"/case/{case}", "PERSON": f"/person/{person}"}
    others = [
        ("ada", "/log"),
        ("root", "/people"),
        ("ben", "/enrolments"),
        ("", "/"),
        ("", "/enrol?secret=new"),
        ("", "/enrol?secret=waits"),
        ("", "/sign-in/company/answer"),
    ]
    for login, address in [*(("ivo", names.get(one, one)) for one in PAGES), *others]:
        mine = desk if login == "ivo" else at(answered, login, viewport=size, color_scheme=colours)
        page = mine.open(address)
        found = axe.run(page)
        assert found.violations_count == 0, (address, how, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, how)


def test_pages_work_without_script(answered, at) -> None:
    page = at(answered, "ivo", java_script_enabled=False).open("/cases")
    page.get_by_role("link", name=re.compile("^case-")).first.click()
    assert page.get_by_role("heading", name="What happened").is_visible()


def test_a_page_prints(answered, at) -> None:
    page = at(answered, "ivo").open("/ring/ring-01")
    assert len(page.pdf(format="A4")) > 5_000
