"""The weights on the page of policies: learned by one person's command from the console's cases, in force only by a setting."""

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from beleg.audit.learning import Change, HeldOut, Proposal
from beleg.commands import console
from beleg.commands import weights as command
from beleg.weigh.weights import load, shipped, text

CHANGE = Change(
    family="movement", kind="returns", pattern="AAA+receipt_without_arrival", method="false receipt", before=6.2, after=3.1,
    labels={"process_error": 12},
)  # fmt: skip
SAID = Proposal(
    version="3+2.abcdef12", learned_at=7, labels=2, cases=1, outcomes={"confirmed_fraud": 2}, not_found=1, read_twice=0,
    overturned=0, held_out=HeldOut(labels=60, cases=20, before=0.8, after=0.9), changes=(CHANGE,),
)  # fmt: skip


@pytest.fixture
def running(fresh):
    """A console of its own."""
    return fresh


def test_learned_by_one_signed_by_another_and_then_in_force(running, person, tmp_path, monkeypatch, capsys) -> None:
    ivo, pol = person("ivo"), person("pol")
    case = running.desk.rows.of("slice", "O1/1/R1")[0]
    ivo.send(f"/case/{case.id}/close", outcome="confirmed_fraud", why="no parcel ever came")
    page = pol.get("/policies").text
    assert "from 1 closed case" in page
    assert "no gate runs beside this console" in page
    taught = []

    def propose(history, said, work, progress):
        taught.extend(said.labels.to_pylist())
        return replace(shipped(), version=SAID.version, learned_at=SAID.learned_at), SAID

    monkeypatch.setattr(command, "propose", propose)
    out = tmp_path / "weights.toml"
    command.learn(author="pol", out=out, store=running.store.service, second_readings=0.0)
    told = capsys.readouterr().out
    assert {(row["subject"], row["outcome"]) for row in taught} >= {("O1/1/R1", "confirmed_fraud"), ("O3/1/R3", "confirmed_fraud")}
    assert "another person reads this" in told
    assert "+6.20 -> +3.10 (12 process error)" in told
    page = pol.get("/policies").text
    for words in ("3+2.abcdef12", "90.0 %", "carrier accepted it (absent)", "process error: 12", "+6.2", "+3.1"):
        assert words in page, words
    assert 'class="state st-closed">in force' not in page
    out.write_text(out.read_text().replace('approver = ""', 'approver = "apo"'))
    site = running.app.state.site
    running.app.state.site = replace(site, settings=replace(site.settings, weights=load(str(out))))
    page = pol.get("/policies").text
    assert "by pol, agreed to by apo" in page
    assert 'class="state st-closed">in force' in page


def test_the_console_by_itself_tries_and_shows_by_the_weights_that_the_environment_names(tmp_path, monkeypatch) -> None:
    file, served = tmp_path / "weights.toml", []
    file.write_text(text(replace(shipped(), version="ours", learned_at=1, author="pol", approver="apo"), "x"))

    async def serve(opened, wanted, checker, trials, port):
        served.append((wanted.weights.version, trials.weights))

    monkeypatch.setenv("BELEG_WEIGHTS", str(file))
    monkeypatch.setattr(console, "open_store", lambda where: SimpleNamespace(service="", close=lambda: None))
    monkeypatch.setattr(console, "_serve", serve)
    console.console(store=str(tmp_path / "store"), pseudonyms=tmp_path / "key")
    assert served == [("ours", str(file))]
