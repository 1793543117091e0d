"""Two people with passkeys and one refund to decide, in a real browser: the system asks, one touch answers, one wins."""

import asyncio
import socket
from types import SimpleNamespace

import pytest
import uvicorn
from msgspec.structs import replace

from beleg.facts.kinds.operators import OperatorRole
from beleg.ledger.store.base import Unit
from beleg.web.console import signing
from beleg.web.console.desk import envelope
from beleg.web.settings import Settings
from support.approvals import reviewed
from support.shops import back, dock, order, receipt, roster, scan
from support.stores import database
from web.conftest import Running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def gate(server):
    """A service on a port, whose passkeys may approve at once."""
    with database(server) as (_, address), socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        origin = f"http://localhost:{port.getsockname()[1]}"
        one = Running(Settings(database_url=address, hash_key="k" * 32, wait_hours=0, origin=origin))
        keeper = one.service.keeper
        another = replace(roster()[-1], id="night", login="login-4", person="P4", team="night", contact="contact-P4")
        one.do(keeper.take((*roster(), another, *order("O0"), *back("O0", "M0"), scan("M0"), dock("M0"), receipt("O0", "M0"))))
        one.do(one.service.prover.refresh())
        server = uvicorn.Server(uvicorn.Config(one.app, log_level="critical", lifespan="off"))
        serving = asyncio.run_coroutine_threadsafe(server.serve(sockets=[port]), one._loop)
        one.console = SimpleNamespace(address=origin, app=one.service.console)
        yield one
        server.should_exit = True
        serving.result(20)
        one.stop()


def test_two_people_race_for_one_approval(gate, at, shop, claim):
    desk = gate.service.console.state.site.desk
    asks = OperatorRole(**envelope(), login="login-1", role="investigator", granted=True)
    gate.do(gate.service.store.commit(Unit(facts=(asks,))))
    people = {}
    for login, by in (("login-3", "login-4"), ("login-4", "login-3")):
        secret = gate.do(signing.invite(desk, login, ["approver"], by))
        people[login] = at(gate.console).enrol(f"{gate.console.address}/enrol?secret={secret}")
    _, request = reviewed(gate, shop, claim)
    slice_ = gate.request("GET", f"/v1/refund-decisions/{request}").json()["slice_id"]
    page = at(gate.console, "login-1").open(f"/refund/{slice_}")
    page.get_by_label("Why it should be released").fill("the dock has it on film")
    page.get_by_role("button", name="Ask to release it").click()
    page.get_by_role("status").get_by_text("was asked").wait_for()

    def chosen():
        return {one.bound.approver for one in gate.service.second.approvals.about(request)}

    for _ in range(60):  # chosen by lot: both, but for once in 2^60
        if chosen() == set(people):
            break
        gate.request("POST", f"/v1/refund-decisions/{request}/approval-requests", json={"verdict": "refuse", "reason": "no film"})
    for page in people.values():
        page.goto(f"{gate.console.address}/")
        page.get_by_label("Your own reason").first.fill("as I see it")
    first, late = people.values()
    first.get_by_role("button", name="Release, with my passkey").first.click()
    first.get_by_role("status").get_by_text("Released. The money is set aside.").wait_for()
    late.get_by_role("button", name="Release, with my passkey").first.click()
    late.get_by_text("Somebody was quicker: this is decided already.").wait_for()
    assert gate.request("GET", f"/v1/refund-decisions/{request}").json()["decision"] == "release"
    late.reload()
    assert late.get_by_role("button", name="Release, with my passkey").count() == 0
