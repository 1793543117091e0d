"""Rings of accounts: named for what they share and for refunds without proofs; honest groups and blanks bring nobody up."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from beleg.detect.judge import load_above, load_closed, named
from beleg.detect.judged import ABOVE, CLOSED, Judged
from beleg.detect.subject import every_subject_detector
from beleg.detect.subjects.refund_ring.detector import count, judge, rests_on, spoken
from beleg.detect.subjects.refund_ring.tied import GAP_OWN, GAP_TIE, OWN, REFUNDS, TIE
from beleg.detect.ties import BY_GAPS
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from support.asking import fill, in_order
from support.ledgers import Ledger, cut, micros, read, renamed, shuffled

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)

Rows = list[tuple[str, str, str, int, int]]


class Shop:
    """What `count` answers for a made-up shop: honest accounts with things of their own, and groups that share some."""

    def __init__(self, seed: int, people: int = 600) -> None:
        self.random = np.random.default_rng(seed)
        self.telling: set[str] = set()
        self.days: dict[str, str] = {}
        self.rows: Rows = [(f"a{n}", kind, "", 1, 0) for n in range(people) for kind in ("device", "payment", "address")]
        for n in range(people):
            self.refund(f"a{n}", 1 + n % 3, n % 40 == 0)

    def refund(self, account: str, checked: int, bad: int) -> None:
        self.rows.append((account, "", "", checked, int(bad)))

    def group(self, name: str, size: int, things: dict[str, int], density: float, bad: float | None = None) -> list[str]:
        """Accounts of their own that share so many things of each kind; without `bad` nobody of them was ever refunded."""
        people = [f"{name}{n}" for n in range(size)]
        for kind, number in things.items():
            for thing in range(number):
                takers = [one for one in people if self.random.random() < density]
                self.rows += [(one, kind, f"{name} {kind} {thing}", 1, 0) for one in takers]
        for one in people if bad is not None else ():
            self.refund(one, 4, self.random.binomial(4, bad))
        return people

    def judged(self) -> Judged:
        """What is judged of the rows in numbers, by name; things of kinds that only bad refunds tie to are said to be such."""
        accounts = {name: number for number, name in enumerate(sorted({row[0] for row in self.rows}))}
        held: dict[tuple[str, str], set[str]] = {}
        for account, kind, entity, *_ in self.rows:
            if entity:
                held.setdefault((kind, entity), set()).add(account)
        things = {thing: number for number, thing in enumerate(sorted(one for one, by in held.items() if len(by) > 1))}
        days = {day: number for number, day in enumerate(sorted(set(self.days.values())))}
        rows = []
        for account, kind, entity, n, bad in self.rows:
            number, met = accounts[account], kind in BY_GAPS
            if not kind:
                told = int(account in self.telling)
                rows.append((REFUNDS, number, days.get(self.days.get(account, "")) if told else None, n, bad, told))
            elif (kind, entity) in things:
                rows.append((GAP_TIE if met else TIE, number, things[kind, entity], 1, 0, 0))
            else:
                rows.append((GAP_OWN if met else OWN, number, None, n, 0, 0))
        names = ("what", "account", "other", "n", "bad", "told")
        columns = zip(names, zip(*rows, strict=True), strict=True)
        judged = judge(pa.table({name: pa.array(cells, pa.int64()) for name, cells in columns}))
        known = [("account", number, "", name) for name, number in accounts.items()]
        known += [("thing", number, *thing) for thing, number in things.items()]
        columns = zip(("what", "number", "kind", "name"), zip(*known, strict=True), strict=True)
        return spoken(judged, pa.table(dict(columns)))


def rings(judged: Judged) -> list[set[str]]:
    members: dict[str, set[str]] = {}
    for row in judged.members.to_pylist():
        members.setdefault(row["subject"], set()).add(row["account"])
    assert set(members) == set(judged.rows["subject"].to_pylist())
    return list(members.values())


RING = {"device": 3, "payment": 2, "address": 2, "wording": 1}


@pytest.mark.parametrize("seed", range(3))
def test_a_ring_is_named_with_what_ties_it_and_nobody_else(seed):
    shop = Shop(seed)
    ring = shop.group("r", 14, RING, 0.5, bad=0.7)
    honest = [
        ("family", 6, {"device": 2, "payment": 1, "address": 1, "phone": 1}, 0.9),
        ("dorm", 150, {"address": 1, "ip": 1}, 0.9),
        ("office", 40, {"address": 1, "ip": 1}, 0.7),
        ("forwarder", 240, {"address": 1}, 1.0),
        ("network", 300, {"ip": 1}, 0.8),
    ]
    for name, size, things, density in honest:
        shop.group(name, size, things, density, bad=0.02)
    judged = shop.judged()
    (found,) = rings(judged)
    assert found <= set(ring)
    assert len(found) >= 12
    (row,) = judged.rows.to_pylist()
    assert row["observed"] > 10 * row["expected"]
    assert row["p"] < 1e-6
    assert {(tie["kind"], tie["account"] in ring) for tie in judged.links.to_pylist()} <= {(kind, True) for kind in RING}
    assert judged.links.num_rows == row["observed"]


def test_two_rings_are_two_subjects_named_for_their_members_alone():
    shop = Shop(4)
    shop.group("r", 14, RING, 0.6, bad=0.7)
    shop.group("s", 20, RING, 0.5, bad=0.5)
    one = shop.judged()
    assert len(rings(one)) == 2
    shop.rows = shop.rows[::-1]
    assert sorted(shop.judged().rows["subject"].to_pylist()) == sorted(one.rows["subject"].to_pylist())


@pytest.mark.parametrize("bad", [None, 0.0])
def test_a_group_without_refunds_or_with_good_ones_is_no_refund_ring(bad):
    shop = Shop(5)
    shop.group("club", 25, RING, 0.6, bad=bad)
    assert rings(shop.judged()) == []


FAMILY = {"device": 2, "payment": 1, "address": 2, "phone": 1}


def test_refunds_above_the_line_tell_a_small_ring_from_a_family():
    shop = Shop(9)
    ring = shop.group("r", 5, FAMILY, 0.9, bad=0.1)
    shop.group("family", 5, FAMILY, 0.9, bad=0.0)
    assert rings(shop.judged()) == []
    shop.telling = {*ring[:4], *(f"a{n}" for n in range(0, 600, 60))}
    assert rings(shop.judged()) == [set(ring)]


def test_refunds_above_the_line_that_fall_on_everybody_tell_nothing():
    shop = Shop(9)
    ring = shop.group("r", 5, FAMILY, 0.9, bad=0.1)
    shop.telling = {*ring[:4], *(f"a{n}" for n in range(0, 600, 2))}
    assert rings(shop.judged()) == []


def chain(shop: Shop, size: int = 4) -> list[str]:
    """Accounts of which each shares one thing with the next, so that what they share says little by itself."""
    people = [f"c{n}" for n in range(size)]
    for n, one in enumerate(people):
        shop.rows += [(one, "phone", f"phone {link}", 1, 0) for link in (n, n + 1)]
        shop.refund(one, 3, 0)
    # circles of honest people who share as much
    for n in range(0, 300, 3):
        shop.rows += [(f"a{n + k}", "address", f"address {n}", 1, 0) for k in range(3)]
    return people


def test_who_shares_rare_things_one_with_the_next_is_named_by_refunds_above_the_line_on_days_of_their_own():
    shop = Shop(10)
    people = chain(shop)
    honest = [f"a{n}" for n in range(301, 600, 30)]
    shop.telling = {*people, *honest}
    shop.days = {one: f"day {n}" for n, one in enumerate(sorted(shop.telling))}
    judged = shop.judged()
    assert rings(judged) == [set(people)]
    assert {(tie["kind"], tie["account"] in people) for tie in judged.links.to_pylist()} == {("phone", True)}
    assert judged.links.num_rows == judged.rows["observed"][0].as_py() > judged.rows["expected"][0].as_py()


@pytest.mark.parametrize("day", ["one day", "of all"])
def test_what_befell_them_on_one_day_or_befalls_many_ties_nobody(day):
    shop = Shop(10)
    people = chain(shop)
    shop.telling = {*people, *(f"a{n}" for n in range(300, 600, 30 if day == "one day" else 1))}
    shop.days = {one: day if day == "one day" else f"day {n}" for n, one in enumerate(sorted(shop.telling))}
    assert rings(shop.judged()) == []


@pytest.mark.parametrize(("size", "articles", "density"), [(40, 6, 0.6), (60, 15, 0.2), (200, 10, 0.3)])
def test_a_large_block_that_has_only_articles_in_common_is_found_by_its_refunds(size, articles, density):
    """Whoever buys in step is told from collectors and subscribers by refunds without proofs: no detector of its own is needed."""
    shop = Shop(1, people=3000)
    shop.rows += [(f"a{n}", "article", f"article {shop.random.integers(200)}", 1, 0) for n in range(0, 3000, 20)]
    block = shop.group("r", size, {"article": articles}, density, bad=0.7)
    (found,) = rings(shop.judged())
    assert found <= set(block)
    assert len(found) >= 0.8 * size


def test_one_of_a_family_who_cheats_makes_no_ring():
    shop = Shop(9)
    family = shop.group("family", 6, FAMILY, 0.9, bad=0.02)
    shop.telling = {family[0], *(f"a{n}" for n in range(0, 600, 60))}
    assert rings(shop.judged()) == []


def test_structure_alone_speaks_where_nothing_could_be_checked():
    shop = Shop(6)
    shop.group("r", 14, RING, 0.6, bad=0.7)
    shop.rows = [(*row[:3], 0, 0) if row[1] == "" else row for row in shop.rows]
    assert len(rings(shop.judged())) == 1


def test_whom_bad_refunds_met_tells_nothing_where_most_lack_proofs():
    shop = Shop(7)
    shop.rows = [(*row[:3], row[3], row[3]) if row[1] == "" else row for row in shop.rows]
    shop.group("recall", 60, {"article": 3, "staff": 2}, 0.9, bad=1.0)
    assert rings(shop.judged()) == []


def test_too_few_others_and_nobody_is_compared():
    shop = Shop(8, people=0)
    shop.group("r", 14, RING, 0.6, bad=0.7)
    for n in range(5):
        shop.group(f"x{n}", 1, {"device": 1}, 1.0, bad=0.0)
    assert rings(shop.judged()) == []


# From facts


def facts(blank: bool) -> dict[str, list[dict[str, object]]]:
    """Three hundred refunds of as many accounts; the first sixteen show the same things, or blanks where these would be."""
    tables: dict[str, list[dict[str, object]]] = {"orders": [], "order_lines": [], "refunds": [], "identifiers": [], "sign_ins": []}
    tables["support_contacts"], tables["claims"] = [], []
    for n in range(300):
        at, ring = AS_OF - timedelta(days=60) + timedelta(hours=n), n < 16
        given = {"order_id": f"O{n}", "account_id": f"A{n}", "at": at}
        shared = [("" if blank else f"of the ring {thing}") if ring else f"of {n}, {thing}" for thing in range(5)]
        tables["orders"].append({**given, "id": f"o{n}", "paid": 9000, "payment": shared[0]})
        tables["order_lines"].append({**given, "id": f"l{n}", "article": f"boot {n}", "paid": 9000})
        tables["claims"].append({**given, "id": f"c{n}", "claim_id": f"C{n}", "kind": "not_received", "text": shared[1]})
        tables["refunds"].append({**given, "id": f"r{n}", "refund_id": f"R{n}", "claim_id": f"C{n}", "amount": 9000})
        tables["sign_ins"].append({"id": f"s{n}", "account_id": f"A{n}", "at": at, "outcome": "success", "device": shared[2]})
        tables["support_contacts"].append({"id": f"t{n}", "account_id": "", "order_id": f"O{n}", "at": at, "ip": shared[3]})
        for seen in () if blank and ring else shared[4:]:
            said = {"account_id": f"A{n}", "kind": "phone", "value": seen, "at": at}
            tables["identifiers"].append({"id": f"i{n}", **said})
    return tables


@pytest.fixture
def asked(tmp_path, request):
    engine = open_engine("duckdb", tmp_path)
    fill(engine, read(facts(blank=request.param)))
    dossier = Dossier(View(engine), prepare(engine), micros(AS_OF))
    load_above(dossier, ABOVE.empty_table())
    load_closed(dossier, CLOSED.empty_table())
    yield dossier
    engine.close()


def said(dossier: Dossier) -> Judged:
    """What the detector says, by name."""
    return named(dossier, every_subject_detector()["refund_ring"], judge(dossier.view.rows(count(dossier))))


@pytest.mark.parametrize("asked", [False], indirect=True)
def test_what_accounts_show_ties_them_and_the_facts_are_named(asked):
    judged = said(asked)
    assert rings(judged) == [{f"A{n}" for n in range(16)}]
    members = [{"subject": row["subject"], "member": row["account"]} for row in judged.members.to_pylist()]
    asked.view.engine.load("named_here", pa.Table.from_pylist(members))
    rests = asked.view.rows(rests_on(asked, asked.view.prepared("named_here"))).to_pylist()
    roles = {letter: {row["role"] for row in rests if row["fact_id"].startswith(letter)} for letter in "ocrstil"}
    assert roles == {"o": {"payment"}, "c": {"wording"}, "r": {"refund"}, "s": {"device"}, "t": {"ip"}, "i": {"phone"}, "l": set()}
    assert {row["fact_id"][1:] for row in rests} == {str(n) for n in range(16)}
    slices = {row["fact_id"][1:]: row["slice_id"].split("/") for row in rests if row["role"] == "refund"}
    assert all(parts[0] == f"O{n}" and parts[-1] == f"C{n}" for n, parts in slices.items())


# What changes nothing


def found(asked: Dossier, ledger: Ledger, known: int | None = None) -> list[tuple[set[str], float]]:
    """Every ring's accounts and bits, in this ledger."""
    fill(asked.view.engine, ledger)
    dossier = Dossier(View(asked.view.engine, as_of=known), prepare(asked.view.engine, known), known or asked.as_of)
    judged = said(dossier)
    return list(zip(rings(judged), judged.rows["log2_e"].to_pylist(), strict=True))


@pytest.mark.parametrize("asked", [False], indirect=True)
def test_order_names_and_what_comes_later_change_nothing(asked):
    ledger = read(facts(blank=False))
    ((was, bits),) = found(asked, ledger)
    assert found(asked, shuffled(ledger, 20250601)) == [(was, bits)]
    fresh: dict[str, str] = {}
    again = renamed(ledger, lambda value: fresh.setdefault(value, f"{len(fresh) * 7919 % 99991:05d}"))
    assert found(asked, again) == [({fresh[one] for one in was}, bits)]
    moment = micros(AS_OF - timedelta(days=50))
    assert found(asked, cut(ledger, moment), moment) == found(asked, ledger, moment)


def test_engines_count_alike(tmp_path):
    answers = []
    for name in ("duckdb", "sqlite"):
        engine = open_engine(name, tmp_path / name)
        fill(engine, read(facts(blank=False)))
        dossier = Dossier(View(engine, keeping=True), prepare(engine), micros(AS_OF))
        load_above(dossier, ABOVE.empty_table())
        load_closed(dossier, CLOSED.empty_table())
        counted = dossier.view.rows(count(dossier)).select(["what", "account", "other", "n", "bad", "told"])
        answers.append(in_order([tuple(row.values()) for row in counted.to_pylist()]))
        engine.close()
    assert answers[0] == answers[1]


@pytest.mark.parametrize("asked", [True], indirect=True)
def test_blanks_tie_nobody(asked):
    for table, column in (("sign_ins", "device"), ("support_contacts", "ip"), ("orders", "payment"), ("claims", "text")):
        rows = asked.view.engine.rows(asked.view.engine.table(table)).to_pylist()
        for row in rows:
            row[column] = row[column] or "  "
        asked.view.engine.load(table, pa.Table.from_pylist(rows, schema=asked.view.engine.table(table).schema().to_pyarrow()))
    counted = asked.view.rows(count(asked)).to_pylist()
    assert {row["what"] for row in counted} == {OWN, REFUNDS}
    assert rings(said(asked)) == []
