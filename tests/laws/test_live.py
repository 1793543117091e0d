"""Live proofs are the audit's own expressions: asked of the store about many orders at once, they say what the audit says."""

import asyncio
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from beleg.facts.registry import fact_types
from beleg.ledger.engines import open_engine
from beleg.ledger.store.bulk import append_tables
from beleg.ledger.store.store import Store
from beleg.ledger.view import AS_OF_MARK, SCOPE_MARK, View
from beleg.proofs.dossier import Dossier, prepare
from beleg.world import WorldParameters, write_world
from support.stores import database, server

SEED, ORDERS = 3, 60


def in_order(rows: Any, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Rows by the name of their columns, sorted, with booleans as numbers."""
    places = [columns.index(name) for name in sorted(columns)]
    plain = [tuple(int(row[at]) if isinstance(row[at], bool) else row[at] for at in places) for row in rows]
    return sorted(plain, key=lambda row: tuple((cell is None, str(cell)) for cell in row))


def test_the_store_says_of_each_order_what_the_audit_says(tmp_path: Path) -> None:
    print(f"seed {SEED}, {ORDERS} orders")
    write_world(tmp_path / "world", WorldParameters(seed=SEED, orders=ORDERS, start="2024-06-01"))
    files = {path.stem: [path] for path in (tmp_path / "world").glob("*.parquet") if path.stem in fact_types()}
    audit = open_engine("duckdb", tmp_path / "work")
    audit.attach_facts(files)
    last = max(row["known_at"] or 0 for (path,) in files.values() for row in pq.read_table(path).to_pylist())
    moments = (last - 30 * 86_400_000_000, last)
    coverage = prepare(audit)
    said = {moment: whole.rows(Dossier(whole, coverage, moment).states) for moment in moments for whole in [View(audit)]}
    orders = sorted({order for order in said[last].column("order_id").to_pylist() if order is not None})
    with server() as running, database(running) as (_, service):
        append_tables(service, files)
        store = Store(service)
        measured = prepare(store.engine)
        assert measured == coverage
        view = View(store.engine, order_id=SCOPE_MARK)
        expression = Dossier(view, measured, AS_OF_MARK).states
        store.prepare("states", view.sql(expression))

        async def ask() -> dict[int, list[tuple[Any, ...]]]:
            async with store.running():
                await store.ask("states", orders[:1], moments[0])
                return {moment: (await store.ask("states", orders, moment)).rows for moment in moments}

        answers = asyncio.run(ask())
        store.close()
    for moment, rows in said.items():
        table = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        kept = [row for row in table if row[rows.column_names.index("order_id")] is not None]
        assert in_order(answers[moment], expression.columns) == in_order(kept, tuple(rows.column_names))
    assert len(answers[last]) > 10
    assert answers[moments[0]] != answers[last]
    audit.close()
