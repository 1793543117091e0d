"""What the console says of the log and of policies: a check and its result, a shadow beside the policy, one tried on history."""

import msgspec
import psycopg
import pytest

from beleg.facts.kinds.cases import CaseOutcome
from beleg.facts.kinds.gate import Decision
from beleg.gate.history import Backtest, Share
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.store import Store
from beleg.web.console.desk import envelope, now
from support.consoles import serving, staffed, story
from support.stores import copied, superuser


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("history") / "backtest.json"


@pytest.fixture(scope="module")
def running(server, pattern, file):
    with copied(server, pattern) as service:
        store = Store(service)
        with serving(store, (*staffed(now()), *story(now())), backtest=file) as console:
            yield console
        store.close()


def test_a_check_is_written_down_with_who_and_when_and_against_what(running, person) -> None:
    ada = person("ada")
    note = Checkpoints(running.store.service, running.signer).make()
    assert note.splitlines()[2] in ada.get("/log").text
    assert ada.send("/log/check").status_code == 303
    assert ada.send("/log/check", checkpoint=note).status_code == 303
    first, second = running.desk.directory.checks
    assert (first.login, first.whole, first.outside) == ("ada", True, None)
    assert (second.whole, second.outside) == (True, int(note.splitlines()[1]))
    page = ada.get("/log").text
    assert "a checkpoint from elsewhere" in page
    assert "Everything is as it was written." in page
    for wrong in ("nonsense", note.replace("test/log", "other/log"), note.replace(note.splitlines()[2], "A" * 43 + "=")):
        assert ada.send("/log/check", checkpoint=wrong).status_code == 422
    assert len(running.desk.directory.checks) == 2


def test_an_edited_fact_is_named(server, fresh) -> None:
    with psycopg.connect(superuser(server, fresh.store.service)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE beleg_rows.findings SET amount = 1 WHERE id = 'found-2'")
    checker = fresh.app.state.site.checker
    found = fresh.run(checker.check(""))
    assert [(one.kind, one.fact_id) for one in found.problems] == [("edited", "found-2")]


def decided(number, said, would, amount, **other):
    arithmetic = msgspec.json.encode({"shadow": {"policy": "stricter", "answer": would, "rule": None}}).decode()
    return Decision(
        **envelope(), request_id=f"T-{number}", slice_id=f"O{number}/1/R{number}", order_id=f"O{number}", amount=amount,
        currency="EUR", outcome=said, reason="as it is", deadline=now(), policy="standard", policy_version="1",
        arithmetic=arithmetic, **other,
    )  # fmt: skip


def test_a_shadow_is_held_against_the_policy(running, person) -> None:
    ivo, add = person("ivo"), running.desk.shadows.add
    case = running.desk.rows.of("slice", "O1/1/R1")[0]
    running.write(CaseOutcome(**envelope(), case_id=case.id, outcome="confirmed_fraud", why="no parcel", actor="ivo"))
    ivo.get("/cases")
    for one in (decided(1, "release", "hold", 100), decided(7, "release", "review", 200), decided(8, "hold", "release", 400)):
        add(one)
    add(decided(8, "release", "release", 400))  # a later answer to the same request is not what its customer met
    (compared,) = running.desk.shadows.compared.values()
    assert {pair: count for pair, count in compared.counts.items() if count} == {
        ("release", "hold"): 1, ("release", "review"): 1, ("hold", "release"): 1,
    }  # fmt: skip
    page = ivo.get("/policies").text
    part = page[page.index("Released at once, and would have waited") : page.index("Where they differ")]
    figures = [cell.partition("</dd>")[0] for cell in part.split('<dd class="num">')[1:]]
    told = [(cell.split()[0], cell.partition("€")[2].partition("<")[0]) for cell in figures]
    assert told == [("2", "3.00"), ("1", "1.00"), ("1", "2.00"), ("1", "4.00")]


def test_the_last_backtest_is_shown_and_read_anew(running, person, file) -> None:
    pol = person("pol")
    assert "No backtest is shown here." in pol.get("/policies").text
    both = Share(2, {"EUR": 12_345})
    said = Backtest(
        policy="ours", weights="1", asked=both, answers={"release": both, "hold": Share(), "review": Share()}, rules={}, guards={},
        saved=Share(1, {"EUR": 9_900}), paid_anyway=Share(), honest=Share(40, {"EUR": 1}), honest_waiting={"0": 10, "3": 1},
        honest_with_a_person=4,
    )  # fmt: skip
    file.write_bytes(msgspec.json.encode(said))
    page = pol.get("/policies").text
    assert all(text in page for text in ("€123.45", "€99.00", "25.0 %", "3 days later", "2.5 %", "10.0 %"))
    file.write_text("half a f")
    assert pol.get("/policies").status_code == 200
