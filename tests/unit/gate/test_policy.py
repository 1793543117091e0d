"""Policies: what is wrong with one is told with the nearest known word, and one that could never release is refused."""

import pytest

from beleg.facts.told import ToldError
from beleg.gate.checking import check_examples, check_sources
from beleg.gate.policy import load, parse, shipped
from beleg.kernels.liveness import Liveness
from beleg.proofs.coverage import Coverage

PLAIN = """
name = "plain"
version = "1"
why = "for the test"
author = "p1"
approver = "p2"

[amounts]
high = { EUR = 50000 }

[[guards]]
name = "odd"
why = "a fact speaks against it"
when = "size(contradicted) > 0"

[[rules]]
name = "dear"
why = "dear things"
when = "amount >= high && trigger == 'on_receipt'"
needs = [["dock_manifested"], ["item_scanned"]]
witnesses = 2

[[rules]]
name = "rest"
why = "everything else"
needs = [["carrier_accepted"]]

[[examples]]
name = "dear and proven"
given = { amount = 60000 }
proofs = { dock_manifested = "true", item_scanned = "true" }
witnesses = 2
speaks = ["dear"]
answer = "release"

[[examples]]
name = "cheap and odd"
given = { amount = 100, contradicted = ["item_scanned"] }
proofs = { carrier_accepted = "true" }
speaks = ["odd", "rest"]
answer = "review"
"""

BROKEN = {
    "toml": PLAIN + "\n[[",
    "one_person": PLAIN.replace('approver = "p2"', 'approver = "P1 "'),
    "unknown_name": PLAIN.replace("amount >= high", "amuont >= high"),
    "unknown_amount": PLAIN.replace("amount >= high", "amount >= hihg"),
    "unknown_word": PLAIN.replace("'on_receipt'", "'on_recipt'"),
    "unknown_proof": PLAIN.replace('[["dock_manifested"]', '[["dock_manifest"]'),
    "unknown_key": PLAIN.replace("witnesses = 2\n\n[[rules", "witneses = 2\n\n[[rules"),
    "missing_key": PLAIN.replace('why = "everything else"', ""),
    "types": PLAIN.replace("amount >= high", "amount >= 'high'"),
    "not_a_condition": PLAIN.replace("size(contradicted) > 0", "size(contradicted)"),
    "syntax": PLAIN.replace("amount >= high", "amount >="),
    "a_loop": PLAIN.replace("size(contradicted) > 0", "contradicted.exists(x, x == 'inspected')"),
    "a_pattern": PLAIN.replace("size(contradicted) > 0", "category.matches('(a+)+$')"),
    "twice": PLAIN.replace('name = "rest"', 'name = "dear"'),
    "example_wrong": PLAIN.replace('answer = "release"', 'answer = "hold"'),
    "example_unknown_name": PLAIN.replace("given = { amount = 100,", "given = { amuont = 100,"),
    "example_lacking": PLAIN.replace('speaks = ["odd", "rest"]', 'speaks = ["rest"]').replace(
        "given = { amount = 100, contradicted = [\"item_scanned\"] }", "given = { amount = 100 }"
    ).replace('answer = "review"', 'answer = "release"'),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_policy(name, golden):
    with pytest.raises(ToldError) as caught:
        check_examples(parse(BROKEN[name], "plain.toml"))
    golden(f"policy_{name}", str(caught.value))


def test_no_such_policy(golden):
    with pytest.raises(ToldError) as caught:
        load("standart")
    golden("policy_no_such", str(caught.value))


def having(*proofs):
    places = tuple(Liveness(proof, "RC1", "wms", 0, 9, 10, (), 100) for proof in proofs)
    return Coverage(places=places, roster=True)


def test_a_policy_that_could_never_release_is_refused(golden):
    policy = parse(PLAIN, "plain.toml")
    check_sources(policy, having("dock_manifested", "item_scanned", "carrier_accepted"))
    with pytest.raises(ToldError) as caught:
        check_sources(policy, having("item_scanned", "carrier_accepted", "delivered_at_site"))
    golden("policy_no_source", str(caught.value))
    with pytest.raises(ToldError) as caught:
        check_sources(policy, having())
    golden("policy_no_source_at_all", str(caught.value))


def test_unless_it_names_what_stands_in():
    text = PLAIN.replace("[[guards]]", '[substitutes]\ndock_manifested = ["delivered_at_site"]\n\n[[guards]]', 1)
    check_sources(parse(text, "plain.toml"), having("item_scanned", "carrier_accepted", "delivered_at_site"))


def test_or_that_a_person_decides():
    text = PLAIN.replace('needs = [["dock_manifested"]', 'without_source = "review"\nneeds = [["dock_manifested"]')
    assert text != PLAIN
    check_sources(parse(text, "plain.toml"), having("item_scanned", "carrier_accepted", "delivered_at_site"))


@pytest.mark.parametrize("name", shipped())
def test_what_ships_can_be_put_in_force_whatever_the_shop_has(name):
    check_sources(load(name), having())
    check_sources(load(name), having("item_scanned"))


@pytest.mark.parametrize("name", shipped())
def test_what_ships_says_what_its_examples_say(name):
    check_examples(load(name))


def test_arithmetic_that_overflows_is_no_answer(gate):
    policy = parse(PLAIN.replace("amount >= high", "amount * 9223372036854775807 >= high"), "plain.toml")
    with pytest.raises(ToldError):
        check_examples(policy)
