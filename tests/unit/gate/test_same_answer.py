"""Live, in backtest and after an audit: the same facts get the same decision, to the last reason."""

from collections import defaultdict

import pytest

from beleg.gate.prove import known, shown
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.coverage import DAY
from beleg.proofs.dossier import Dossier, prepare
from beleg.proofs.words import LETTERS, PROOFS
from beleg.weigh.patterns import FAMILIES, kind_of, patterns, patterns_of
from beleg.world import WorldParameters, write_world
from support.same_answer import hold
from support.stores import database
from support.stores import server as started


@pytest.fixture(scope="module")
def postgres():
    with started() as server, database(server, migrated=False) as (owner, _):
        yield owner


@pytest.mark.parametrize("seed", [11])
def test_every_way_gives_the_same_decision(seed, gate, postgres):
    said = hold(gate, postgres, WorldParameters(seed=seed, orders=120), moments=1, sample=8)
    assert said.keys() >= {"release", "review"}


def test_what_is_pending_becomes_absent_as_the_audit_has_it(tmp_path):
    files = defaultdict(list)
    write_world(tmp_path / "world", WorldParameters(seed=13, orders=120))
    for path in (tmp_path / "world").glob("*.parquet"):
        files[path.stem].append(path)
    engine = open_engine("duckdb", tmp_path / "d")
    engine.attach_facts(files)
    coverage = prepare(engine)
    (last,) = engine.rows(engine.table("refunds").agg(at=lambda t: t.known_at.max())).to_pylist()
    view = View(engine, keeping=True)
    early = {one.slice_id: one for one in (known(row) for row in view.rows(shown(view, coverage)).to_pylist())}
    nothing = engine.table("findings").select("detector", "subject")
    for now in (last["at"] - 20 * DAY, last["at"] + 40 * DAY):
        dossier = Dossier(View(engine, keeping=True), coverage, now)
        states = dossier.states
        weighed = {row["slice_id"]: row for row in dossier.view.rows(patterns(states, nothing, {})).to_pylist()}
        for row in dossier.view.rows(states).to_pylist():
            one = early[row["slice_id"]]
            letters = one.letters_at(now)
            assert letters == "".join(row[proof] for proof in PROOFS)
            assert set(letters) <= set(LETTERS.values())
            mine = patterns_of(dict(zip(PROOFS, letters, strict=True)), {})
            shown_there = weighed[row["slice_id"]]
            assert (kind_of(one.refund_class, one.claim_kind), mine) == (
                shown_there["kind"], {family: shown_there[family] for family in FAMILIES},
            )  # fmt: skip
    engine.close()
