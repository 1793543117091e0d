"""Rings, their staff and their decoys: what the truth names is what the facts show, and an honest world holds none of it."""

import duckdb
import pytest

from beleg.world import WorldParameters, write_world
from beleg.world.rings import Rings
from beleg.world.society import Society

BUSY = WorldParameters(seed=11, orders=8_000, chunk_orders=3_000, rings=3, ring_size=(10, 16), banned=0.2, camouflage="biased")


def opened(folder):
    connection = duckdb.connect()
    for file in [*folder.glob("*.parquet"), *(folder / "_truth").glob("*.parquet")]:
        connection.sql(f"CREATE VIEW {file.stem} AS SELECT * FROM '{file}'")
    return connection


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rings")
    write_world(folder, BUSY)
    return opened(folder)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    write_world(folder, WorldParameters(seed=11, orders=2_000, fraud=False, rings=2))
    return opened(folder)


def rows(db, sql: str) -> list[tuple]:
    return db.sql(sql).fetchall()


def count(db, sql: str) -> int:
    return rows(db, f"SELECT count(*) FROM ({sql})")[0][0]


MEMBERS = """SELECT subject AS account_id, "group" AS ring, min(since) AS since FROM subjects
             WHERE "group" LIKE 'ring-%' AND kind = 'account' GROUP BY ALL"""


def test_every_fraud_of_a_ring_is_its_member_s_and_none_comes_before_the_ring(db):
    frauds = "SELECT account_id, ring FROM slices WHERE ring <> ''"
    assert count(db, frauds) > 60
    assert count(db, f"({frauds}) EXCEPT SELECT account_id, ring FROM ({MEMBERS})") == 0
    placed = (
        "SELECT o.occurred_at, s.account_id FROM slices s JOIN orders o USING (order_id) WHERE s.ring <> '' AND s.label = 'fraud'"
    )
    assert count(db, f"SELECT * FROM ({placed}) JOIN ({MEMBERS}) USING (account_id) WHERE occurred_at < since") == 0


def test_accounts_order_nothing_before_they_are_opened_or_after_they_are_closed(db):
    early = "SELECT * FROM orders JOIN accounts a USING (account_id) WHERE orders.occurred_at < a.occurred_at"
    assert count(db, early) == 0
    banned = "SELECT account_id, occurred_at AS closed FROM restrictions WHERE reason = 'refund abuse'"
    ringly = "SELECT o.account_id, o.occurred_at FROM orders o JOIN slices s USING (order_id) WHERE s.ring <> ''"
    assert count(db, banned) > 3
    assert count(db, f"SELECT * FROM ({ringly}) JOIN ({banned}) USING (account_id) WHERE occurred_at > closed") == 0


def test_who_was_banned_comes_back_later_with_something_of_their_own(db):
    back = "SELECT subject AS account_id, \"group\" AS ring FROM subjects WHERE role = 'returned'"
    gone = "SELECT subject AS account_id, \"group\" AS ring FROM subjects WHERE role = 'banned'"
    assert count(db, back) == count(db, gone) > 3
    shared = f"""SELECT DISTINCT n.account_id FROM ({back}) b JOIN identifiers n USING (account_id)
                 JOIN identifiers o USING (kind, value)
                 JOIN ({gone}) g ON g.account_id = o.account_id AND g.ring = b.ring"""
    assert count(db, shared) == count(db, back)
    first = "(SELECT min(occurred_at) FROM restrictions WHERE reason = 'refund abuse')"
    late = f"SELECT * FROM ({back}) JOIN accounts a USING (account_id) WHERE a.occurred_at > {first}"
    assert count(db, late) == count(db, back)


def test_a_ring_s_insiders_work_at_different_sites_and_make_its_false_receipts(db):
    crew = "SELECT \"group\" AS ring, subject AS person FROM subjects WHERE kind = 'staff' AND role = 'insider' AND \"group\" <> ''"
    sites = rows(db, f"SELECT ring, count(DISTINCT site) FROM ({crew}) JOIN staff USING (person) GROUP BY ring")
    assert [n for _, n in sites] == [2, 2, 2]
    acts = "SELECT ring, actor AS person FROM slices WHERE ring <> '' AND method = 'false_receipt'"
    assert count(db, f"({acts}) EXCEPT ({crew})") == 0
    paid = "SELECT DISTINCT insider_pay BETWEEN 4600 AND 8900 FROM slices WHERE method = 'false_receipt'"
    assert rows(db, paid) == [(True,)]


def test_a_stolen_login_shows_a_new_device_and_no_badge(db):
    stolen = "SELECT subject AS session FROM subjects WHERE role = 'phished' AND kind = 'session'"
    assert count(db, stolen) > 3
    assert rows(db, f"SELECT DISTINCT badge FROM staff_sign_ins SEMI JOIN ({stolen}) USING (session)") == [(False,)]
    devices = "SELECT device FROM staff_sign_ins"
    elsewhere = f"{devices} ANTI JOIN ({stolen}) USING (session)"
    assert count(db, f"({devices} SEMI JOIN ({stolen}) USING (session)) INTERSECT ({elsewhere})") == 0


def test_lent_accounts_are_spoken_for_by_the_same_few_devices_in_the_same_words(db):
    lent = "SELECT subject AS account_id FROM subjects WHERE role = 'lent'"
    ringly = "SELECT order_id FROM slices WHERE ring <> ''"
    of = f"SEMI JOIN ({ringly}) USING (order_id) SEMI JOIN ({lent}) USING (account_id) WHERE device IS NOT NULL"
    asked = f"SELECT device FROM claims {of} UNION ALL SELECT device FROM return_authorisations {of}"
    n, devices = rows(db, f"SELECT count(*), count(DISTINCT device) FROM ({asked})")[0]
    assert n > 20
    assert devices <= 2 * 3
    texts = rows(
        db, f"SELECT count(DISTINCT text) FROM claims SEMI JOIN ({ringly}) USING (order_id) SEMI JOIN ({lent}) USING (account_id)"
    )
    assert 0 < texts[0][0] <= 3 * 3


def test_a_taken_over_account_s_money_goes_elsewhere_after_a_reset(db):
    taken = "SELECT * FROM slices WHERE scheme = 'takeover' AND method = 'not_received'"
    assert 3 <= count(db, taken) <= 4
    diverted = f"""SELECT * FROM ({taken}) JOIN refunds r USING (refund_id) JOIN orders o ON o.order_id = r.order_id
                   WHERE r.instrument <> o.payment"""
    assert count(db, diverted) == count(db, taken)
    reset = f"""SELECT DISTINCT refund_id FROM ({taken}) JOIN sign_ins i USING (account_id)
                WHERE i.outcome = 'reset' AND i.occurred_at BETWEEN refunded_at - 8 * 86400000000 AND refunded_at"""
    assert count(db, reset) == count(db, taken)


def test_vouches_echo_refunds_of_the_ring_and_some_echo_nothing(db):
    vouches = "SELECT * FROM posts WHERE kind = 'vouch' AND shop = 'this shop'"
    titles = "SELECT DISTINCT order_id, line_id, title FROM order_lines"
    near = f"""SELECT DISTINCT p.post_id FROM ({vouches}) p
               JOIN slices s ON p.occurred_at BETWEEN s.refunded_at AND s.refunded_at + 5 * 86400000000
               JOIN ({titles}) l USING (order_id, line_id)
               WHERE s.ring <> '' AND l.title = p.item AND abs(p.amount - s.amount) <= 2500"""
    assert 0.5 * count(db, vouches) < count(db, near) < count(db, vouches)
    assert count(db, "SELECT DISTINCT channel FROM posts WHERE kind = 'advert'") == 3


def test_padded_goodwill_stays_below_the_limit_and_is_one_person_s(db):
    padded = "SELECT * FROM slices WHERE method = 'padded_goodwill'"
    assert count(db, padded) >= 12
    assert rows(db, f"SELECT DISTINCT actor FROM ({padded})") == rows(db, "SELECT subject FROM subjects WHERE role = 'padder'")
    assert count(db, f"SELECT * FROM ({padded}) WHERE amount NOT BETWEEN 9300 AND 10000") == 0


def test_an_honest_world_holds_misfortunes_and_decoys_but_nobody_who_cheats(honest):
    assert rows(honest, "SELECT DISTINCT label, ring, scheme FROM slices") == [("honest", "", "lone")]
    assert count(honest, "SELECT * FROM slices WHERE method = 'porch_theft'") > 0
    decoys = {role for (role,) in rows(honest, "SELECT DISTINCT role FROM subjects")}
    assert decoys == {
        "household", "family", "dorm", "office", "forwarder", "network", "mover", "reseller", "trainee", "problem desk",
        "several logins", "staff's own",
    }  # fmt: skip
    assert count(honest, "SELECT * FROM posts WHERE kind <> 'other'") == 0


def test_density_is_the_share_of_links_and_camouflage_its_volume():
    for density in (0.2, 0.7):
        p = WorldParameters(seed=3, orders=4_000, rings=4, ring_size=(20, 20), ring_entities=10, ring_density=density, banned=0,
                            camouflage="random", camouflage_volume=2.0)  # fmt: skip
        rings = Rings(p, Society(p, 1_800), 1_800, 1_000)
        own = len(rings.links.account) - 4  # each recruiter's phone comes on top
        assert abs(own / (4 * 20 * 10) - density) < 0.06
        assert len(rings.hidden.account) == 2 * len(rings.links.account)


def test_hijacked_rings_open_no_accounts():
    p = WorldParameters(seed=3, orders=4_000, rings=2, camouflage="hijacked", banned=0)
    rings = Rings(p, Society(p, 1_800), 1_800, 1_000)
    assert not rings.members.fresh.any()
    assert rings.accounts == 1_800


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ring_size": (5, 3)}, "ring_size must be two numbers from 2 up, the smaller first, got 5 and 3"),
        ({"ring_mix": {"teleport": 1.0}}, "ring_mix names no method: teleport"),
        ({"ring_density": 1.2}, "ring_density is a share"),
    ],
)
def test_rings_that_cannot_be_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        WorldParameters(**given)


def test_rings_larger_than_the_shop_are_refused(tmp_path):
    with pytest.raises(ValueError, match="fewer rings, or more orders"):
        write_world(tmp_path, WorldParameters(orders=100, rings=1, ring_size=(90, 90)))
