"""What must hold of learning from closed cases: nothing from nothing, no sign turned by agreement, the shop's truth in the end."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beleg.weigh.bits import weigh
from beleg.weigh.learn import ALIKE, LABELS, STRENGTH, Stratum, explained, learn
from beleg.weigh.patterns import FAMILIES
from beleg.weigh.rank import added_up
from beleg.weigh.weights import shipped

WEIGHTS = shipped()
KIND, METHOD = "returns", "false receipt"
# what a plain return shows in each family
PLAIN = {family: max(counts, key=lambda one: counts[one]) for family, counts in WEIGHTS.honest[KIND].items()}
SUSPECT = {"movement": "AAA+receipt_without_arrival"}
CONTRADICTED = {"item": "CT+serial_mismatch"}


def stratum(refunds, shows=None, **labels):
    return Stratum(kind=KIND, patterns=PLAIN | (shows or {}), refunds=refunds, labels=labels)


def bits_of(strata, weights=WEIGHTS):
    seen = {(family, one.kind, one.patterns[family]) for one in strata for family in FAMILIES}
    return weigh(seen, (), weights)


def learned(strata, **how):
    return learn(WEIGHTS, strata, bits_of(strata), **how)


def table(weighed):
    return {(one.family, one.kind, one.pattern): one.bits for one in weighed}


labels = st.dictionaries(st.sampled_from(LABELS), st.integers(0, 50).map(float))
shows = st.sampled_from([{}, SUSPECT, CONTRADICTED, {"movement": "TTA"}, {"afterlife": "AA"}, {"movement": "AAA"}])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(shows, st.integers(1, 50_000)), min_size=1, max_size=6))
def test_without_a_label_they_stay_exactly_as_they_are(seen):
    assert learned([stratum(refunds, shows) for shows, refunds in seen]) == WEIGHTS


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(shows, st.integers(1, 50_000), labels), min_size=1, max_size=6))
def test_a_few_labels_move_no_share_further_than_they_may(seen):
    """Ten labels against a prior of two hundred: a share moves by at most ten parts in two hundred and ten."""
    strata = [stratum(refunds, shows, **said) for shows, refunds, said in seen]
    behind = Counter()
    for one in strata:
        behind["wrong"] += one.labels.get("wrong", 0)
    after = learned(strata)
    most = sum(behind.values()) / (sum(behind.values()) + min(STRENGTH, 150))
    for method, families in WEIGHTS.wrong.items():
        for family, counts in families.items():
            was, is_ = sum(counts.values()), sum(after.wrong[method][family].values())
            for pattern in {*counts, *after.wrong[method][family]}:
                moved = abs(counts.get(pattern, 0) / was - after.wrong[method][family].get(pattern, 0) / is_)
                assert moved <= most + 0.01, (method, family, pattern)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(shows, st.integers(10, 20_000), st.integers(0, 400)), min_size=1, max_size=6))
def test_labels_that_agree_turn_no_sign(seen):
    """Each stratum is labelled as the weights themselves would: what they say for stays for, what against stays against."""
    bare = [stratum(refunds, shows) for shows, refunds, _ in seen]
    bits = table(bits_of(bare))
    said = [
        stratum(one.refunds, {}, **{label: many * part for label, part in explained(one, bits, WEIGHTS).parts.items()})
        for one, (_, _, many) in zip(bare, seen, strict=True)
    ]
    strata = [
        Stratum(kind=KIND, patterns=one.patterns, refunds=one.refunds, labels=two.labels)
        for one, two in zip(bare, said, strict=True)
    ]
    after = table(bits_of(strata, learned(strata)))
    for place in {("movement", KIND, one.patterns["movement"]) for one in strata}:
        was, is_ = bits[place][METHOD], after[place][METHOD]
        if abs(was) > 3:
            assert was * is_ > 0, (place, was, is_)


@pytest.mark.parametrize("many", [5, 40, 400])
def test_the_posterior_is_the_one_worked_out_by_hand(many):
    """Two strata, closed form: Dirichlet's mean over patterns, the strata's parts mixed with the prior's chance."""
    strata = [stratum(10_000), stratum(300, SUSPECT, wrong=0.4 * many, honest=0.6 * many)]
    bits = table(bits_of(strata))
    parts = []
    for one in strata:
        millibits = added_up({"kind": KIND, **one.patterns}, bits, WEIGHTS)["millibits"]
        chance = 1 / (1 + 2 ** (-millibits / 1000)) if millibits > 1000 * WEIGHTS.prior_bits else 0
        parts.append((one.labels.get("wrong", 0) + ALIKE * chance) / (sum(one.labels.values()) + ALIKE))
    method, other = (explained(one, bits, WEIGHTS).method for one in reversed(strata))
    of_suspects = 300 * parts[1] / (300 * parts[1] + (10_000 * parts[0] if other == method else 0))
    counts = WEIGHTS.wrong[method]["movement"]
    whole, pattern = sum(counts.values()), SUSPECT["movement"]
    strength = min(STRENGTH, whole)
    expected = (strength * counts.get(pattern, 0) / whole + 0.4 * many * of_suspects) / (strength + 0.4 * many)
    after = learned(strata).wrong[method]["movement"]
    assert after[pattern] / sum(after.values()) == pytest.approx(expected, abs=4e-3)


def test_many_labels_of_a_shop_with_another_mix_become_that_shops_truth():
    """Here one suspect return in fifty is fraud, the others a scanner that fails; the shipped weights thought nearly all were."""
    truth, refunds = 0.02, 2_000
    strata = [stratum(40_000), stratum(refunds, SUSPECT, wrong=truth * 20_000, honest=(1 - truth) * 20_000)]
    before, after = (table(bits_of(strata, one)) for one in (WEIGHTS, learned(strata)))
    place = ("movement", KIND, SUSPECT["movement"])
    honest = learned(strata).honest[KIND]["movement"]
    share = honest[SUSPECT["movement"]] / sum(honest.values())
    assert share == pytest.approx((1 - truth) * refunds / (40_000 + (1 - truth) * refunds), rel=0.03)
    assert before[place][METHOD] > after[place][METHOD] + 3


def test_labels_found_because_they_rank_high_do_not_teach_that_they_are_common():
    """The queue was worked from the top: forty false alarms, no clean return looked at. Their share stays the population's."""
    strata = [stratum(50_000), stratum(40, SUSPECT, honest=40.0)]
    after = learned(strata).honest[KIND]["movement"]
    share = after[SUSPECT["movement"]] / sum(after.values())
    assert share < 3 * 40 / 50_040


def test_a_fraud_that_nothing_on_record_speaks_for_teaches_no_method():
    """Somebody knows more than the records show; which method it was, they do not say."""
    after = learned([stratum(1_000, wrong=50.0)])
    assert after.wrong == WEIGHTS.wrong
