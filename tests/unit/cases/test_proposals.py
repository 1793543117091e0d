"""From closed cases to new weights: their refunds are found in the history, what is learned is written, two persons sign it."""

import msgspec
import pyarrow as pa
import pytest

from beleg.audit.history import History, attached
from beleg.audit.learning import Taught, held_out, labelled, propose, relearned, shown
from beleg.cases.labels import LABELS
from beleg.cases.sampling import Overturned
from beleg.commands.weights import lines
from beleg.facts.told import ToldError
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.weigh.patterns import SEPARATOR
from beleg.weigh.weights import load, shipped, text
from beleg.world import WorldParameters, write_world
from support.golden import kept

golden = kept("cases")


def taught(rows, read=0, overturned=0):
    table = [
        {"finding_id": f"f{number}", "detector": "any", "subject_kind": "slice", "subject": subject, "case_id": case,
         "outcome": outcome, "chosen": chosen, "closed_at": number + 1}
        for number, (subject, case, outcome, chosen) in enumerate(rows)
    ]  # fmt: skip
    return Taught(pa.Table.from_pylist(table, schema=LABELS), Overturned(read, overturned))


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learning")
    write_world(folder / "world", WorldParameters(seed=31, orders=250, fraud_rate=0.3))
    return History(path=str(folder / "world"), key=b"k" * 32)


@pytest.fixture(scope="module")
def shop(history, tmp_path_factory):
    """The history's refunds; those that a detector found something on are what a queue would hold."""
    with attached(history, tmp_path_factory.mktemp("work"), lambda *_: None) as (engine, last):
        dossier = Dossier(View(engine, keeping=True), prepare(engine), last)
        return shown(dossier, engine.rows(dossier.refund_facts.select("slice_id")).column("slice_id").to_pylist())


def queue(shop):
    return sorted(name for name, key in shop.of.items() if any(SEPARATOR in part for part in key))


def test_from_closed_cases_to_a_proposal(history, shop, tmp_path):
    subjects = queue(shop)[:6]
    assert len(subjects) == 6
    rows = [(name, f"case-{n // 2}", "process_error", "worked") for n, name in enumerate(subjects)]
    weights, proposal = propose(history, taught([*rows, ("O-none/1/-", "case-9", "confirmed_fraud", "worked")]), tmp_path, print)
    assert (proposal.cases, proposal.not_found, proposal.held_out) == (3, 1, None)
    assert 3 <= proposal.labels <= 6
    assert proposal.version == weights.version != shipped().version
    assert weights.learned_at == 6
    assert proposal.changes
    assert all(one.after < one.before for one in proposal.changes if one.labels)
    assert "too few labels" in "\n".join(lines(proposal, tmp_path))
    file = tmp_path / "weights.toml"
    for author, approver in (("", ""), ("A. Author", ""), ("A. Author", " a. author ")):
        file.write_text(text(msgspec.structs.replace(weights, author=author, approver=approver), "x"))
        with pytest.raises(ToldError, match="two persons"):
            load(str(file))
    signed = msgspec.structs.replace(weights, author="A. Author", approver="B. Other")
    file.write_text(text(signed, "x"))
    assert load(str(file)).honest == weights.honest
    assert load(str(file)).version == weights.version


def test_without_labels_nothing_is_proposed(history, tmp_path):
    weights, proposal = propose(history, taught([]), tmp_path, lambda *_: None)
    assert weights == shipped()
    assert (proposal.version, proposal.labels, proposal.changes) == (shipped().version, 0, ())
    assert "stay as they are" in next(lines(proposal, tmp_path))


def test_refunds_alike_in_one_case_are_one_label_and_second_readers_say_what_a_first_one_is_worth(shop):
    (first, *_) = queue(shop)
    alike = [name for name, key in shop.of.items() if key == shop.of[first]]
    rows = [(name, "case-1", "confirmed_fraud", "worked") for name in alike] + [(first, "case-2", "carrier_error", "sampled")]
    found = labelled(taught(rows).labels.to_pylist(), shop, Overturned(9, 5))
    assert [(one.case, one.label, one.worth) for one in found] == [("case-1", "wrong", 0.5), ("case-2", "misfortune", 1.0)]


def test_held_out_cases_are_asked_where_there_are_enough(shop):
    subjects = queue(shop)
    rows = [(name, f"case-{n}", "confirmed_fraud" if n % 2 else "process_error", "worked") for n, name in enumerate(subjects * 8)]
    found = labelled(taught(rows).labels.to_pylist(), shop, Overturned(0, 0))
    tried = held_out(shop, found, shipped())
    assert tried is not None
    assert tried.labels == len(found)
    assert 0 <= tried.before <= 1
    assert 0 <= tried.after <= 1
    assert held_out(shop, found[:30], shipped()) is None
    assert relearned(shop, [], shipped()) == shipped()


@pytest.mark.parametrize(("name", "content"), [("none", None), ("no_toml", "version = "), ("a_policy", 'name = "standard"')])
def test_weights_that_cannot_be_used_are_told(name, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "weights.toml").write_text(content)
    with pytest.raises(ToldError) as caught:
        load("weights.toml")
    golden(f"weights_{name}", str(caught.value))
