"""The figures about people are worth what their arithmetic is: small worlds told by hand."""

import pytest
from evals.attacker import point, step
from evals.attacker_page import curve
from evals.people_audits import Answer, Measured, Named
from evals.people_tables import alarms, condition
from evals.people_truth import Culprit
from evals.people_worlds import attacked, careful
from msgspec.structs import replace

DAY = 86_400_000_000


def named(kind: str, subject: str, *, right: bool = True, rank: int = 1, **more) -> Named:
    return Named(kind=kind, subject=subject, rank=rank, bits=12.0, right=right, role="ring", detectors=("d",), **more)


def answer(day: int, *who: Named, refunds: tuple[str, ...] = ()) -> Answer:
    return Answer(when=day * DAY, named=who, refunds=refunds, honest_refunds=0, ran={"d": True, "e": False}, seconds=1.0)


def world(*answers: Answer, seed: int = 1) -> Measured:
    culprits = (
        Culprit("account", "a", "ring", "ring-1", (10 * DAY, 200 * DAY), (100, 300)),
        Culprit("account", "b", "ring", "ring-1", (20 * DAY, 250 * DAY), (100, 100)),
        Culprit("account", "c", "lone", "", (30 * DAY,), (50,)),
        Culprit("staff", "s", "ring", "ring-1", (10 * DAY, 200 * DAY, 250 * DAY), (100, 300, 100)),
    )
    slices = (
        ("x/1", "ring-1", "a", "s", 10 * DAY, 100), ("x/2", "ring-1", "b", "", 20 * DAY, 100),
        ("x/3", "ring-1", "a", "s", 200 * DAY, 300), ("x/4", "ring-1", "b", "s", 250 * DAY, 100),
    )  # fmt: skip
    return Measured(condition="c", seed=seed, accounts=1_000, staff=100, culprits=culprits, rings={"ring-1": 2}, months=10.0,
                    answers=answers, slices=slices)  # fmt: skip


def test_recall_counts_those_who_acted_again_and_money_what_was_theirs():
    told = condition("c", [world(answer(360, named("account", "a"), named("account", "h", right=False, rank=2)))])
    accounts = next(one for one in told.kinds if one.name == "account")
    assert (accounts.guilty, accounts.named, accounts.wrong) == (2, 2, 1)
    assert accounts.recall.pooled == 0.5
    assert accounts.value_recall.pooled == round(400 / 600, 4)
    assert accounts.precision.pooled == 0.5
    assert accounts.honest_per_10000.pooled == 10.0


def test_a_ring_is_found_by_half_of_its_accounts_both_ways():
    good = named("ring", "r", members=3, wrong_members=1, ring="ring-1", recall=1.0)
    poor = named("ring", "r", members=1, wrong_members=0, ring="ring-1", recall=0.3)
    for one, share in ((good, 1.0), (poor, 0.0)):
        rings = next(kind for kind in condition("c", [world(answer(360, one))]).kinds if kind.name == "ring")
        assert rings.recall.pooled == share


def test_money_is_lost_until_the_first_audit_that_names_them():
    told = condition("c", [world(answer(100), answer(220, named("account", "a")), answer(360, named("account", "a")))])
    accounts = next(one for one in told.kinds if one.name == "account")
    assert accounts.lost_before.pooled == 1.0  # a's money was gone by then, b was never named
    assert accounts.days_to_detect == 210


def test_what_an_attacker_keeps_ends_where_somebody_was_named_before():
    ring = named("ring", "r", members=2, ring="ring-1", recall=1.0)
    told = step("s", [world(answer(100, ring), answer(360, ring, refunds=("x/2",)))])
    assert (told.attempted, told.unnamed, told.kept) == (1, 0, 0)  # 600, 500 and 100 minor units in ten months
    assert told.kept_share.pooled == round(100 / 600, 4)
    assert told.rings_named.pooled == 1.0


def test_of_what_a_careful_ring_keeps_the_gate_lets_only_what_it_releases_through():
    ring = named("ring", "r", members=2, ring="ring-1", recall=1.0)
    asked = {"listed": ("x/1",), "released": ("x/1", "x/3")}
    soon, never = (replace(world(*said), **asked) for said in ([answer(100, ring), answer(360)], [answer(360)]))
    told = point(0.4, [soon, never])
    # in minor units over ten months: of 600 the first keeps 200 and the second all; released are 100 and 400 of that
    assert told.kept == (0.4, 0.6)
    assert told.gated == (0.25, 0.4)
    assert told.listed == 0.25
    assert "| 40.0 % | 2 |" in curve([told])
    assert curve([]) == "Not run."


def test_the_dial_mixes_what_the_ring_does_and_nothing_else():
    none, half, all_ = (careful(care, 11) for care in (0.0, 0.5, 1.0))
    assert replace(half, ring_mix={}) == replace(all_, ring_mix={}) == replace(attacked("spreads", 11), ring_mix={})
    assert sum(half.ring_mix.values()) == pytest.approx(1.0)
    assert {name for name, share in all_.ring_mix.items() if share} == {
        "not_received",
        "empty_box",
        "stalled_return",
        "return_to_sender",
    }
    usual = attacked("spreads", 11).ring_mix
    assert none.ring_mix["not_received"] == pytest.approx(usual["not_received"] / sum(usual.values()))


def test_alarms_are_counted_where_a_detector_ran_and_bounded_as_clopper_and_pearson_do():
    quiet = [answer(360) for _ in range(399)]
    told = {one.name: one for one in alarms([*quiet, answer(360, named("account", "h", right=False))])}
    assert (told["`d`"].alarms, told["any account"].alarms, told["any staff"].alarms) == (1, 1, 0)
    assert "`e`" not in told
    assert told["any staff"].upper == 0.0092
    assert told["`d`"].upper == 0.0138
