"""What an earlier run compiled is what this one would compile, whatever its facts; what others may write counts for nothing."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow.parquet as pq
import pytest

from beleg.detect.run import found, plan
from beleg.ledger import recall
from beleg.ledger.engines import open_engine
from beleg.ledger.recall import ROOMS, Compiled, Recall
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.proofs.span import span
from beleg.world import WorldParameters, write_world

Tables = dict[str, list[Path]]
Answer = list[list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A year of a shop that has every source."""
    folder = tmp_path_factory.mktemp("year")
    write_world(folder, WorldParameters(seed=5, orders=150))
    return {path.stem: [path] for path in folder.glob("*.parquet")}


class Ran(NamedTuple):
    """What a run answered, and where it left its statements."""

    answer: Answer
    kept: Path


def _audited(tables: Tables, folder: Path, kept: Path) -> Answer:
    engine = open_engine("duckdb", folder)
    engine.recall = Recall(kept)
    engine.attach_facts(tables)
    dossier = Dossier(View(engine, keeping=True), prepare(engine), span(engine)[1] or 0)
    asked = (dossier.states, found(dossier, plan(dossier)), dossier.allocations)
    answer = [sorted((tuple(row.values()) for row in engine.rows(one).to_pylist()), key=repr) for one in asked]
    engine.close()
    return answer


def _ran(tables: Tables, folder: Path) -> Ran:
    kept = folder / "kept" / "statements.json"
    return Ran(_audited(tables, folder, kept), kept)


@pytest.fixture(scope="module")
def rich(year: Tables, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _ran(year, tmp_path_factory.mktemp("rich"))


@pytest.fixture(scope="module")
def poor(year: Tables, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Without carriers, docks and roster, so that other proofs can be checked and other detectors run."""
    fewer = {name: files for name, files in year.items() if name not in {"scans", "dock_arrivals", "staff"}}
    return _ran(fewer, tmp_path_factory.mktemp("poor"))


def _statements(path: Path) -> dict[str, Any]:
    statements: dict[str, Any] = msgspec.json.decode(path.read_bytes())["statements"]
    return statements


def test_a_statement_is_the_same_whatever_the_facts(rich: Ran, poor: Ran) -> None:
    one, other = _statements(rich.kept), _statements(poor.kept)
    both = one.keys() & other.keys()
    assert {name for name in both if one[name] != other[name]} == set()
    assert {name for name in one.keys() ^ other.keys() if not name.startswith("step_found_")} == set()
    assert len(both) > 25


def test_what_is_recalled_gives_the_same_answer(year: Tables, rich: Ran, poor: Ran, tmp_path: Path) -> None:
    assert rich.answer != poor.answer
    assert len(rich.answer[0]) > 20
    assert _audited(year, tmp_path, poor.kept) == rich.answer


def test_whoever_recalls_builds_nothing(year, tmp_path) -> None:
    engine = open_engine("duckdb", tmp_path / "work")
    engine.recall = Recall(tmp_path / "statements.json")
    engine.attach_facts(year)

    def never(_view: View) -> None:
        raise AssertionError("built again")

    def orders(view: View) -> object:
        return view.table("orders").select("order_id")

    first, second = View(engine, keeping=True), View(engine, keeping=True)
    kept = first.lasting("more", lambda view: view.lasting("some", orders).distinct())
    recalled = second.lasting("more", never)
    assert engine.rows(recalled).num_rows == engine.rows(kept).num_rows > 0
    with pytest.raises(AssertionError, match="built again"):
        View(engine, as_of=0, keeping=True).lasting("more", never)
    engine.close()


def test_other_code_and_other_people_are_not_believed(tmp_path, monkeypatch) -> None:
    path = tmp_path / "beleg" / "statements.json"
    known = Recall(path)
    known.learn("one", Compiled("SELECT 1 AS x", {"x": "int64"}))
    known.save()
    assert Recall(path).get("one") is not None
    path.chmod(0o666)
    assert Recall(path).get("one") is None
    path.chmod(0o600)
    monkeypatch.setattr(recall, "_made_of", lambda: "other code")
    assert Recall(path).get("one") is None
    path.write_bytes(b"no json")
    assert Recall(path).get("one") is None


def test_what_cannot_be_kept_is_compiled_again(tmp_path) -> None:
    (tmp_path / "beleg").touch()
    known = Recall(tmp_path / "beleg" / "statements.json")
    known.learn("one", Compiled("SELECT 1 AS x", {"x": "int64"}))
    known.save()
    assert Recall(tmp_path / "beleg" / "statements.json").get("one") is None


def test_lasting_expressions_are_built_in_the_rooms_whose_text_is_looked_at() -> None:
    package = Path(recall.__file__).parents[1]
    asking = {
        path.relative_to(package).parts[0]
        for path in package.rglob("*.py")
        if any(call in path.read_text(encoding="utf-8") for call in ("view.lasting(", "view.ask(", "view.make("))
    }
    assert asking <= set(ROOMS)


def test_the_columns_come_back_as_they_were(year, tmp_path) -> None:
    (file,) = year["scans"]
    schema = pq.read_schema(file)
    compiled = msgspec.json.decode(msgspec.json.encode(Compiled.of("", schema)), type=Compiled)
    assert compiled.schema.names == schema.names
    assert compiled.schema.types == schema.types
