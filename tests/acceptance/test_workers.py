"""Several processes of the gate on one PostgreSQL: what one takes in another sees, and of two that race for one slice one wins."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import msgspec
import psycopg
import pytest

from support.services import workers
from support.shops import back, dock, order, receipt, roster, scan
from support.stores import database
from support.stores import server as started

ORDERS, ASKERS = 30, 8


@pytest.fixture(scope="module")
def server():
    with started() as running:
        yield running


def said(facts):
    """Facts as the API takes them."""
    rows = [msgspec.to_builtins(fact) for fact in facts]
    return {"facts": [{name: cell for name, cell in row.items() if cell is not None and name != "known_at"} for row in rows]}


def claim(name, refund):
    return {"refund_id": refund, "order_id": name, "line_id": "1", "rma_id": f"{name}-M", "amount": 20000, "currency": "EUR",
            "trigger": "on_receipt", "instrument": "card-1"}  # fmt: skip


@pytest.mark.parametrize("many", [2, 4])
def test_processes_share_one_truth(server, many):
    with database(server) as (_, address), workers(many, {"BELEG_DATABASE_URL": address, "BELEG_REFRESH_SECONDS": "2"}) as every:
        clients = [one.client() for one in every]

        def take(client, key, *facts):
            told = client.post("/v1/facts", json=said(facts), headers={"idempotency-key": key})
            assert told.status_code == 202, told.text

        def ask(client, name, refund, key):
            told = client.post("/v1/refund-decisions", json=claim(name, refund), headers={"idempotency-key": key})
            assert told.status_code == 200, told.text
            return told.json()

        take(clients[0], "shop", *roster(), *order("O0"), *back("O0", "O0-M"), scan("O0-M"), dock("O0-M"), receipt("O0", "O0-M"))
        # sources are judged now and then, by each process for itself
        for place, client in enumerate(clients):
            for attempt in count():
                name = f"P{place}-{attempt}"
                take(clients[0], name, *order(name), *back(name, f"{name}-M"), receipt(name, f"{name}-M"))
                if ask(client, name, "probe", f"{name} probe")["decision"] == "hold":
                    break
                time.sleep(0.5)
        # a fact that one process takes in is seen by the next question to another
        for number in range(ORDERS):
            name, here, there = f"N{number}", clients[number % many], clients[(number + 1) % many]
            take(here, f"{name} 1", *order(name), *back(name, f"{name}-M"), receipt(name, f"{name}-M"))
            held = ask(there, name, "first", f"{name} held")
            assert held["decision"] == "hold", held["reasons"]
        # what is held at one process is released when the proofs come in at another, once
        for number in range(ORDERS):
            name = f"N{number}"
            take(clients[(number + 2) % many], f"{name} 2", scan(f"{name}-M"), dock(f"{name}-M"))
        # and all race for the same money at the same time, under other numbers
        calls = [(client, f"N{n}", f"r{asker}") for n in range(ORDERS) for asker, client in enumerate(clients * (ASKERS // many))]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda call: ask(*call, f"{call[1]} {call[2]}")["decision"], calls))
        # the same question under one key is answered alike, whichever process is asked
        for client in clients:
            assert ask(client, "N0", "r0", "N0 r0") == ask(clients[0], "N0", "r0", "N0 r0")
        with psycopg.connect(address) as connection:
            held = connection.execute("SELECT order_id, count(*) FROM beleg_rows.reservations GROUP BY 1").fetchall()
            twice = connection.execute(
                "SELECT count(*) FROM (SELECT FROM beleg_log.entries GROUP BY relation, fact_id HAVING count(*) > 1) t"
            ).fetchone()
        assert len(held) == ORDERS
        assert {many for _, many in held} == {1}
        assert twice == (0,)
        assert set(answers) <= {"release", "review", "hold"}
        print(f"{many} processes, {ORDERS} orders, {len(calls)} racing questions: {dict(Counter(answers))}, one reservation each")
        for client in clients:
            client.close()
