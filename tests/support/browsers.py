"""A real browser for a person at a console, with a virtual authenticator for their passkeys."""

import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from support.consoles import cookie

AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


# for one module: as long as it is open an event loop is running, and no other test could run one of its own
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        )
        yield started
        started.close()


class Desk:
    """One person's browser: their cookies, their page, their passkeys."""

    def __init__(self, browser: Any, console: Any, login: str = "", **how: Any) -> None:
        self.console = console
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | how)
        if login:
            cookies, _ = cookie(console.app, login)
            self.context.add_cookies([{"name": name, "value": value, "url": console.address} for name, value in cookies.items()])
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda message: self.wrong.append(message.text) if "Content Security" in message.text else None)
        keys = self.context.new_cdp_session(self.page)
        keys.send("WebAuthn.enable")
        keys.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    def open(self, address: str) -> Any:
        self.page.goto(self.console.address + address)
        return self.page

    def make(self, address: str) -> Any:
        self.page.goto(address)
        self.page.get_by_role("button", name="Make a passkey").click()
        return self.page

    def enrol(self, address: str) -> Any:
        self.make(address)
        self.page.get_by_role("button", name="Sign out").wait_for()
        return self.page


@pytest.fixture
def at(browser) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def somebody(console: Any, login: str = "", **how: Any) -> Desk:
        made.append(Desk(browser, console, login, **how))
        return made[-1]

    yield somebody
    for one in made:
        one.context.close()
        assert one.wrong == []
