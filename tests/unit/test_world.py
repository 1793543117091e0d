"""A world is worth only what its truth is: its facts fit the schema, hang together, and give nothing away."""

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from beleg.facts.registry import fact_types
from beleg.facts.schema import arrow_schemas, choices
from beleg.world import WorldParameters, WorldSummary, write_world
from beleg.world.book import Book
from beleg.world.stories import STORIES, twins

SMALL = WorldParameters(seed=7, orders=6_000, chunk_orders=2_500, at_least=6)
CONTRADICTIONS = {"false_receipt", "phished_receipt", "serial_mismatch", "double_dip", "duty_collapse", "empty_return"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WorldSummary]:
    directory = tmp_path_factory.mktemp("world")
    return directory, write_world(directory, SMALL)


@pytest.fixture(scope="module")
def db(world):
    connection = duckdb.connect()
    for file in [*world[0].glob("*.parquet"), world[0] / "_truth" / "slices.parquet"]:
        name = "truth" if file.stem == "slices" else file.stem
        connection.sql(f"CREATE VIEW {name} AS SELECT * FROM '{file}'")
    return connection


def count(db, sql: str) -> int:
    return db.sql(f"SELECT count(*) FROM ({sql})").fetchall()[0][0]


def test_every_table_has_its_fact_s_schema(world):
    schemas = arrow_schemas()
    files = {file.stem: file for file in world[0].glob("*.parquet")}
    assert set(files) == set(Book(0).schemas) <= set(schemas)
    for table, file in files.items():
        assert pq.read_schema(file).equals(schemas[table], check_metadata=False), table
        assert pq.read_table(file).column("id").null_count == 0


def test_required_columns_are_never_empty_and_words_are_allowed(world):
    for file in world[0].glob("*.parquet"):
        rows = pq.read_table(file)
        for field in rows.schema:
            assert field.nullable or rows.column(field.name).null_count == 0, (file.stem, field.name)
        for column, allowed in choices(fact_types()[file.stem]).items():
            assert set(rows.column(column).drop_null().unique().to_pylist()) <= set(allowed), (file.stem, column)


def test_the_same_parameters_give_the_same_bytes(world, tmp_path):
    write_world(tmp_path, SMALL)
    for file in world[0].rglob("*.*"):
        assert (tmp_path / file.relative_to(world[0])).read_bytes() == file.read_bytes(), file.name


def test_another_seed_gives_another_world(world, tmp_path):
    write_world(tmp_path, WorldParameters(seed=8, orders=500))
    assert not pq.read_table(tmp_path / "refunds.parquet").equals(pq.read_table(world[0] / "refunds.parquet"))


def test_fact_ids_are_unique_over_all_tables(world, db):
    union = " UNION ALL ".join(f"SELECT id FROM {file.stem}" for file in world[0].glob("*.parquet"))
    assert count(db, union) == count(db, f"SELECT DISTINCT id FROM ({union})")


@pytest.mark.parametrize(
    ("child", "columns", "parent"),
    [
        ("order_lines", "order_id", "orders"),
        ("orders", "account_id", "accounts"),
        ("parcels", "order_id", "orders"),
        ("scans", "parcel_id", "parcels"),
        ("return_authorisations", "order_id, line_id", "order_lines"),
        ("receipts", "order_id, line_id", "order_lines"),
        ("receipts", "rma_id", "return_authorisations"),
        ("receipts", "parcel_id", "parcels"),
        ("receipts", "actor AS login", "staff"),
        ("inspections", "rma_id", "return_authorisations"),
        ("dispositions", "rma_id", "return_authorisations"),
        ("stock_counts", "lpn", "receipts"),
        ("resales", "lpn", "receipts"),
        ("refunds", "rma_id", "return_authorisations"),
        ("refunds", "claim_id", "claims"),
        ("refunds", "approver AS login", "staff"),
        ("claim_documents", "claim_id", "claims"),
        ("disputes", "order_id", "orders"),
        ("replacements", "order_id, line_id", "order_lines"),
        ("staff_actions", "login", "staff"),
        ("packed_serials", "order_id, line_id", "order_lines"),
    ],
)
def test_what_is_named_exists(db, child, columns, parent):
    names = ", ".join(part.split(" AS ")[-1] for part in columns.split(", "))
    filled = " AND ".join(f"{part.split(' AS ')[0]} IS NOT NULL" for part in columns.split(", "))
    dangling = f"SELECT {columns} FROM {child} WHERE {filled} EXCEPT SELECT {names} FROM {parent}"
    assert count(db, dangling) == 0


def test_only_the_planted_refunds_name_no_order(db):
    lost = "SELECT refund_id FROM refunds WHERE order_id IS NULL OR order_id NOT IN (SELECT order_id FROM orders)"
    planted = "SELECT refund_id FROM truth WHERE method = 'refund_without_order'"
    assert count(db, planted) > 0
    assert count(db, f"({lost}) EXCEPT ({planted})") == count(db, f"({planted}) EXCEPT ({lost})") == 0


def test_every_settled_refund_has_one_truth(db):
    settled = "SELECT refund_id, order_id, line_id, amount, currency FROM refunds WHERE status = 'settled'"
    told = "SELECT refund_id, order_id, line_id, amount, currency FROM truth"
    assert count(db, settled) == count(db, told) > 500
    assert count(db, f"({settled}) EXCEPT ({told})") == 0
    slice_of = "concat(r.order_id, '/', r.line_id, '/', coalesce(r.rma_id, r.claim_id, r.refund_id))"
    assert count(db, f"SELECT * FROM truth t JOIN refunds r USING (refund_id) WHERE t.slice_id <> {slice_of}") == 0


def test_nobody_honest_is_paid_more_than_they_paid(db):
    paid = "SELECT order_id, line_id, paid FROM order_lines"
    lost = "SELECT order_id, line_id, max(amount) AS amount FROM disputes WHERE status = 'lost' GROUP BY ALL"
    sent = "SELECT order_id, line_id, value AS amount FROM replacements"
    back = "SELECT order_id, line_id, amount FROM refunds WHERE status = 'settled' AND line_id IS NOT NULL"
    over = f"""SELECT order_id, line_id FROM ({paid}) JOIN ({back} UNION ALL {lost} UNION ALL {sent}) USING (order_id, line_id)
               GROUP BY order_id, line_id, paid HAVING sum(amount) > paid"""
    dipped = "SELECT DISTINCT order_id, line_id FROM truth WHERE method = 'double_dip'"
    assert count(db, over) == count(db, dipped) > 0
    assert count(db, f"({over}) EXCEPT ({dipped})") == 0
    whole = "SELECT order_id, sum(amount) AS amount FROM refunds WHERE status = 'settled' GROUP BY order_id"
    honest = "SELECT order_id FROM truth GROUP BY order_id HAVING bool_and(label = 'honest')"
    assert (
        count(db, f"SELECT * FROM ({whole}) JOIN orders USING (order_id) SEMI JOIN ({honest}) USING (order_id) WHERE amount > paid")
        == 0
    )


def test_every_method_is_planted_and_every_ambiguous_one_has_its_twins(db, world):
    methods = {story.truth_name() for story in STORIES if story.kind != "honest"}
    # nobody lies about damage unless a world asks for it
    assert set(world[1].planted) == methods - {"false_damage"}
    found = dict(db.sql("SELECT method, count(*) FROM truth GROUP BY method").fetchall())
    for method, twin in twins().items():
        assert abs(found[method] - found[twin]) <= 6, (method, found[method], found[twin])
    told = db.sql("SELECT DISTINCT method FROM truth WHERE kind = 'contradiction'").fetchall()
    assert {method for (method,) in told} == CONTRADICTIONS


def test_nothing_happens_after_the_window(world):
    end = SMALL.start_micros() + SMALL.days * 86_400_000_000
    for file in world[0].glob("*.parquet"):
        rows = pq.read_table(file, columns=["occurred_at", "known_at"])
        for column in rows.columns:
            assert column.null_count == 0
            assert max(column.to_pylist(), default=0) < end, file.stem


def test_false_receipts_have_nothing_behind_them(db):
    false = "SELECT DISTINCT split_part(slice_id, '/', 3) AS rma_id FROM truth WHERE method IN ('false_receipt', 'phished_receipt')"
    parcels = f"SELECT parcel_id FROM parcels SEMI JOIN ({false}) USING (rma_id) WHERE direction = 'return'"
    assert count(db, f"SELECT * FROM scans SEMI JOIN ({parcels}) USING (parcel_id) WHERE status <> 'pre_transit'") == 0
    assert count(db, f"SELECT * FROM dock_arrivals SEMI JOIN ({parcels}) USING (parcel_id)") == 0
    assert count(db, f"SELECT * FROM receipts SEMI JOIN ({false}) USING (rma_id)") == count(db, false) > 0
    assert count(db, "SELECT * FROM truth WHERE method = 'false_receipt' AND insider_pay NOT BETWEEN 4600 AND 8900") == 0


def test_receipts_are_made_in_a_session_of_somebody_signed_in(db):
    open_ = "SELECT DISTINCT session FROM staff_sign_ins WHERE activity = 'logon'"
    assert count(db, f"SELECT * FROM receipts ANTI JOIN ({open_}) USING (session)") == 0
    signed = "SELECT session, occurred_at AS since FROM staff_sign_ins WHERE activity = 'logon'"
    early = f"SELECT * FROM receipts JOIN ({signed}) USING (session) WHERE occurred_at < since"
    dated = "SELECT rma_id FROM refunds JOIN truth USING (refund_id) WHERE method = 'back_dated'"
    assert count(db, f"SELECT * FROM ({early}) ANTI JOIN ({dated}) USING (rma_id)") == 0


def test_ids_and_rows_say_nothing_about_the_truth(db, world):
    """The mean place of the frauds' numbers and rows among all others is that of chance, within three standard errors."""
    ranked = """SELECT label, percent_rank() OVER (ORDER BY refund_id) AS by_id, percent_rank() OVER (ORDER BY rma_id) AS by_rma
                FROM truth JOIN refunds USING (refund_id) WHERE rma_id IS NOT NULL"""
    n, by_id, by_rma = db.sql(f"SELECT count(*), avg(by_id), avg(by_rma) FROM ({ranked}) WHERE label = 'fraud'").fetchall()[0]
    assert max(abs(by_id - 0.5), abs(by_rma - 0.5)) < 3 * (1 / 12 / n) ** 0.5
    told = {story.truth_name() for story in STORIES if story.kind != "honest"} - {"return_to_sender", "not_received", "empty_box"}
    for file in world[0].glob("*.parquet"):
        rows = pq.read_table(file)
        for name in rows.column_names:
            if str(rows.schema.field(name).type) == "string" and name != "id":
                assert not told & set(rows.column(name).drop_null().unique().to_pylist()), (file.stem, name)


def test_a_world_without_fraud_is_honest(tmp_path):
    summary = write_world(tmp_path, WorldParameters(orders=1_000, fraud=False))
    assert summary.planted == {}
    assert summary.refunds["ordinary"] > 50


def test_more_missing_scans_mean_fewer_scans(tmp_path):
    few, many = (write_world(tmp_path / str(p), WorldParameters(orders=1_000, scan_missing=p)).facts["scans"] for p in (0.2, 0.0))
    assert 0.75 < few / many < 0.85


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"orders": 0}, "orders must be at least 1, got 0"),
        ({"orders": 10**9}, "orders must be at most 18,000,000, got 1,000,000,000"),
        ({"scan_missing": 1.5}, "scan_missing is a share and must lie between 0 and 1, got 1.5"),
        ({"mix": {"teleport": 1.0}}, "mix names no method: teleport"),
        ({"currencies": {}}, "currencies must give at least one currency a share above 0"),
    ],
)
def test_what_no_world_can_be_made_of_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        WorldParameters(**given)


def test_a_carrier_that_is_down_scans_nothing_that_day(db):
    days = "SELECT carrier, count(DISTINCT occurred_at // 86400000000) AS days FROM scans GROUP BY carrier"
    assert all(days <= SMALL.days - 1 for _, days in db.sql(days).fetchall())


def test_progress_is_told_per_chunk(tmp_path):
    told: list[int] = []
    write_world(tmp_path, WorldParameters(orders=900, chunk_orders=400), told.append)
    assert told == [400, 800, 900]


def test_damaged_goods_are_asked_back_of_whom_and_from_what_it_is_told(tmp_path):
    asking = replace(SMALL, asks_strangers_from=1_000, sends_back=1.0, mix=SMALL.mix | {"false_damage": 3.0}, liar_gives_up=0.4)
    write_world(tmp_path, asking)
    con = duckdb.connect()
    for name in ("refunds", "claims", "return_authorisations", "inspections", "claim_documents"):
        con.sql(f"CREATE VIEW {name} AS SELECT * FROM '{tmp_path}/{name}.parquet'")
    slices = f"'{tmp_path}/_truth/slices.parquet'"
    con.sql(f"CREATE VIEW truth AS SELECT t.*, rma_id, claim_id FROM {slices} t JOIN refunds USING (refund_id)")
    sent = "SELECT * FROM truth WHERE method IN ('damaged_back', 'false_damage') AND rma_id IS NOT NULL"
    assert count(con, sent) > 5
    assert count(con, f"{sent} AND amount < 1000") == 0
    assert count(con, f"SELECT * FROM ({sent}) t ANTI JOIN claims USING (claim_id)") == 0
    assert count(con, "SELECT * FROM truth WHERE method = 'damaged_back' AND label <> 'honest'") == 0
    assert count(con, "SELECT * FROM truth WHERE method = 'false_damage' AND label <> 'fraud'") == 0
    told = "SELECT DISTINCT result FROM inspections JOIN truth USING (rma_id) WHERE method = 'damaged_back'"
    assert con.sql(told).fetchall() == [("damaged",)]


def test_a_shop_that_never_asks_damaged_goods_back_is_as_it_was(world, tmp_path):
    """The parameters of asking change no chance: without a limit the same refunds are paid."""
    write_world(tmp_path, replace(SMALL, sends_back=0.1, liar_gives_up=0.9, liar_sends_nothing=0.0))
    for name in ("refunds", "claims", "scans", "receipts"):
        assert (tmp_path / f"{name}.parquet").read_bytes() == (world[0] / f"{name}.parquet").read_bytes()
