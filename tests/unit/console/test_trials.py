"""A policy tried on history from its page: by whom, which ones, one at a time, and what is told when it fails."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from beleg.audit.backtest import BacktestSettings, backtest
from beleg.audit.history import History
from beleg.audit.trial import COMMAND, Said, Trial
from beleg.facts.schema import arrow_schemas
from beleg.facts.told import ToldError
from beleg.gate.policy import shipped
from beleg.ledger.engines import copy_out
from beleg.ledger.store.store import Store
from beleg.web.console.desk import now
from beleg.web.console.trials import Trials, newest, unfinished
from support.consoles import serving, staffed, wait
from support.stores import copied

# A process that reads what to do and answers in the way of the real one, a line at a time, when it is let.
ANSWER = """
import json, sys, time, pathlib
said, gate = sys.stdin.read(), pathlib.Path(sys.argv[1])
gate.with_name("asked").write_text(said)
(pathlib.Path(json.loads(said)["work"]) / "facts").write_text("in the clear")
print('{"step": "asking before each refund", "share": 0.25}', flush=True)
while not gate.exists():
    time.sleep(0.01)
share = '{"refunds": 3, "money": {"EUR": 700}}'
parts = ", ".join(f'"{name}": {share}' for name in ("asked", "saved", "paid_anyway", "honest"))
answer = '{"answer": {"policy": "standard 1", "weights": "3", %s, "answers": {}, "rules": {}, "guards": {}, ' % parts
answer += '"honest_waiting": {"0": 1}, "honest_with_a_person": 0}}'
words = {"go": answer, "no": '{"failed": "the carrier has no source"}', "noise": "Traceback", "flood": "x" * (1 << 21)}
print(words[gate.read_text()], flush=True)
"""


@pytest.fixture
def let(tmp_path):
    return tmp_path / "let"


@pytest.fixture
def running(server, pattern, let):
    with copied(server, pattern) as service:
        store = Store(service)
        trials = Trials(History(store=service), shipped(), command=(sys.executable, "-c", ANSWER, str(let)))
        with serving(store, staffed(now()), trials=trials) as console:
            yield console
            console.run(trials.close())
        store.close()


def tell(let: Path, word: str) -> None:
    """Let the process say this; it looks for the file, so the word is in it from its first moment."""
    whole = let.with_name("said")
    whole.write_text(word)
    whole.rename(let)


def until(condition):
    for _ in range(500):
        if condition():
            return
        wait(0.01)
    raise AssertionError("it never came")


def test_one_at_a_time_its_progress_and_its_answer(running, person, let):
    pol, trials = person("pol"), running.app.state.site.trials
    assert "Try it" in pol.get("/policies").text
    assert pol.send("/policies/try", policy="standard").status_code == 303
    until(lambda: trials.begun and trials.begun.step)
    page = pol.get("/policies").text
    assert "pol began to try standard" in page
    assert 'value="0.25"' in page
    assert "asking before each refund" in page
    assert pol.send("/policies/try", policy="standard").status_code == 409
    tell(let, "go")
    until(lambda: not unfinished(running.desk))
    page = person("ada").get("/policies").text
    assert "Tried on history:" in page
    assert "€7.00" in page
    assert "A policy author may start one here" in page
    answer, trial, at = newest(running.desk)
    assert (answer.asked.refunds, trial.login, trial.policy, len(trial.digest)) == (3, "pol", "standard", 64)
    assert at >= trial.known_at


def test_what_fails_is_told_and_another_one_may_begin(running, person, let):
    pol = person("pol")
    tell(let, "no")
    assert pol.send("/policies/try", policy="standard").status_code == 303
    until(lambda: not unfinished(running.desk))
    assert "the carrier has no source" in pol.get("/policies").text
    let.unlink()
    assert pol.send("/policies/try", policy="standard").status_code == 303
    begun = running.app.state.site.trials
    until(lambda: begun.begun and begun.begun.step)
    running.run(begun.close())
    assert "the service was stopped" in pol.get("/policies").text
    assert unfinished(running.desk) == []


@pytest.mark.parametrize("word", ["noise", "flood"])
def test_what_cannot_be_read_is_told_as_that(running, person, let, word):
    tell(let, word)
    assert person("pol").send("/policies/try", policy="standard").status_code == 303
    until(lambda: not unfinished(running.desk))
    assert "what its process said could not be read" in person("pol").get("/policies").text


def test_a_process_that_is_killed_leaves_no_facts_in_the_clear(running, person, let):
    """It is told which file was chosen and where it may write; what lies there is gone when it is."""
    trials = running.app.state.site.trials
    assert person("pol").send("/policies/try", policy="standard").status_code == 303
    until(lambda: trials.begun and trials.begun.step)
    asked = msgspec.json.decode(let.with_name("asked").read_bytes(), type=Trial)
    assert asked.digest == trials.begun.fact.digest
    assert Path(asked.work, "facts").exists()
    running.run(trials.close())
    assert not Path(asked.work).exists()


def test_a_policy_that_was_changed_after_it_was_chosen_is_not_tried(tmp_path):
    settings = BacktestSettings(policy="standard", digest="0" * 64, history=History(path="/nowhere"), work=tmp_path)
    with pytest.raises(ToldError, match="chosen, 000000000000"):
        backtest(settings, lambda *_: None)


def test_only_policies_that_are_known(running, person):
    for name in ("", "../../etc/passwd", "/etc/passwd", "standard.toml", "standard\0", "STANDARD", "%2e%2e/standard"):
        assert person("pol").send("/policies/try", policy=name).status_code == 422, name
    assert running.desk.directory.trials == {}


def test_only_from_a_page_of_ones_own_and_only_by_an_author(running, person):
    assert person("pol").send("/policies/try", token="another", policy="standard").status_code == 403
    assert person("pol").send("/policies/try", origin="https://evil.example.com", policy="standard").status_code == 403
    for login in ("ana", "ivo", "apo", "cora", "ada", "root"):
        assert person(login).send("/policies/try", policy="standard").status_code == 403, login
    assert running.desk.directory.trials == {}


def test_the_process_that_tries_says_what_is_wrong_and_ends(tmp_path):
    chosen = sha256(shipped()["standard"].read_bytes()).hexdigest()
    trial = msgspec.json.encode(
        Trial(policy="standard", digest=chosen, history=History(path="/nowhere/at/all"), work=str(tmp_path))
    )
    done = subprocess.run(COMMAND, input=trial, capture_output=True, check=True)
    assert "/nowhere/at/all" in msgspec.json.decode(done.stdout.splitlines()[-1], type=Said).failed


def test_the_stores_facts_are_copied_out_as_they_are(fresh, tmp_path):
    files = copy_out(fresh.store.service, tmp_path / "facts")
    assert "refunds" in files
    assert "parcels" not in files
    for name, (file,) in files.items():
        rows = pq.read_table(file, schema=arrow_schemas()[name]).to_pylist()
        there = [fact for _, fact in fresh.run(fresh.store.since({name}, 0))]
        assert sorted(rows, key=lambda row: row["id"]) == sorted(map(msgspec.structs.asdict, there), key=lambda row: row["id"])


def test_where_there_is_no_history_there_is_no_trial(fresh):
    assert fresh.app.state.site.trials is None
