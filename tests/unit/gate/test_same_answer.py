"""Live, in backtest and after an audit: the same facts get the same decision, to the last reason."""

import tempfile
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pytest

from beleg.gate.claim import Claim
from beleg.gate.prove import known, shown
from beleg.ledger.engines import open_engine
from beleg.ledger.view import SCOPE_MARK, View
from beleg.proofs.coverage import DAY
from beleg.proofs.dossier import Dossier, prepare
from beleg.proofs.words import LETTERS, PROOFS
from beleg.weigh.patterns import FAMILIES, kind_of, patterns, patterns_of
from beleg.world import WorldParameters, write_world
from support.stores import database
from support.stores import server as started

SAMPLE = 8


@pytest.fixture(scope="module")
def postgres():
    with started() as server, database(server, migrated=False) as (owner, _):
        yield owner


def claim_of(slice_):
    return Claim(refund_id="R", order_id=slice_.order_id, amount=5000, currency=slice_.currency or "EUR", trigger="on_receipt")


@pytest.mark.parametrize("seed", [11])
def test_every_way_gives_the_same_decision(seed, gate, postgres, tmp_path):
    files = defaultdict(list)
    write_world(tmp_path / "world", WorldParameters(seed=seed, orders=120))
    for path in (tmp_path / "world").glob("*.parquet"):
        files[path.stem].append(path)
    with tempfile.TemporaryDirectory() as work:
        audit, live = open_engine("duckdb", Path(work) / "d"), open_engine("postgres", Path(work) / "p", postgres)
        for engine in (audit, live):
            engine.attach_facts(files)
        coverage = prepare(audit)
        assert coverage == prepare(live)
        (last,) = audit.rows(audit.table("refunds").agg(at=lambda t: t.known_at.max())).to_pylist()
        for now in (last["at"] - 30 * DAY,):
            audited = _decided(gate, View(audit, as_of=now, keeping=True), coverage, now)
            orders = sorted({one.split("/")[0] for one in audited if not one.startswith("/")})
            moments = pa.table({"order_id": orders, "moment": pa.array([now] * len(orders), pa.int64())})
            audit.load("moments", moments)
            replayed = _decided(gate, View(audit, moments=audit.table("moments"), keeping=True), coverage, now)
            assert replayed == {name: one for name, one in audited.items() if name in replayed}
            assert len(replayed) >= 0.9 * len(audited)
            view = View(live, as_of=now, order_id=SCOPE_MARK)
            expression = shown(view, coverage)
            statement = view.sql(expression)
            for order in orders[:: max(1, len(orders) // SAMPLE)]:
                rows = live.backend.con.execute(statement.replace("$1", f"'{order}'").encode()).fetchall()
                found = [known(dict(zip(expression.columns, row, strict=True))) for row in rows]
                for one in found:
                    assert gate.decide(claim_of(one), one, now) == audited[one.slice_id]
        audit.close()
        live.close()


def _decided(gate, view, coverage, now):
    found = [known(row) for row in view.rows(shown(view, coverage)).to_pylist()]
    return {one.slice_id: gate.decide(claim_of(one), one, now) for one in found}


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
