"""Sessions that show a takeover: a new place, a changed factor, and nobody there; anything less is a working day."""

import pytest

from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.sessions import BURST, suspects
from support.asking import fill
from support.ledgers import read

HOUR = 3_600_000_000
DAY = 24 * HOUR
USUAL = {"login": "m.k", "activity": "logon", "device": "d1", "network": "n1"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    opened = open_engine("duckdb", tmp_path_factory.mktemp("sessions"))
    yield opened
    opened.close()


def found(engine, *rows, **tables):
    signed = [USUAL | {"session": "s0", "occurred_at": 0}, *rows]
    fill(engine, read({"staff_sign_ins": signed} | tables))
    return {row["session"] for row in engine.rows(suspects(View(engine))).to_pylist()}


NEW = {"session": "s1", "login": "m.k", "activity": "logon", "device": "d2", "network": "n1", "occurred_at": 9 * DAY}
RESET = {"login": "m.k", "activity": "password_reset", "device": "", "network": "", "occurred_at": 9 * DAY - HOUR}


def test_a_new_device_after_a_reset(engine):
    assert found(engine, NEW, RESET) == {"s1"}
    assert found(engine, NEW | {"device": "d1", "network": "n2"}, RESET) == {"s1"}


def test_a_burst_in_a_session_from_a_new_place(engine):
    acts = [{"login": "m.k", "session": "s1", "action": "update", "occurred_at": 9 * DAY + n} for n in range(BURST)]
    assert found(engine, NEW, staff_actions=acts) == {"s1"}
    assert found(engine, NEW, staff_actions=acts[1:]) == set()


@pytest.mark.parametrize("rows", [
    [NEW], [NEW | {"device": "d1"}, RESET], [NEW | {"badge": True}, RESET], [NEW, RESET | {"occurred_at": 5 * DAY}],
    [NEW, RESET | {"login": "another"}], [NEW | {"session": ""}, RESET], [NEW | {"device": "", "network": ""}, RESET],
])  # fmt: skip
def test_a_working_day(engine, rows):
    assert found(engine, *rows) == set()


def test_the_first_device_of_a_login_is_not_a_new_one(engine):
    assert found(engine, NEW | {"login": "new hand"}, RESET | {"login": "new hand"}) == set()


def test_a_clearance_holds_until_the_next_sign_in(engine):
    cleared = [{"session": "s1", "actor": "p.q", "occurred_at": 9 * DAY + HOUR}]
    assert found(engine, NEW, RESET, session_clearances=cleared) == set()
    again = NEW | {"device": "d3", "occurred_at": 9 * DAY + 2 * HOUR}
    assert found(engine, NEW, RESET, again, session_clearances=cleared) == {"s1"}
