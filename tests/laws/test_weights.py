"""What must hold of weights and of weighing, whatever the counts are."""

from collections import Counter
from itertools import pairwise

import pyarrow as pa
import pytest
from evals.fit import LINE_BITS, PRIOR_BITS, REMARK, TARGET, TRAINING
from evals.labels import BEYOND_RECORDS, METHODS, RIVALS, TELLS_APART
from hypothesis import given, settings
from hypothesis import strategies as st

from beleg.detect.card import every_detector
from beleg.weigh.bits import LEAST, MOST, Observed, Weighed, weigh
from beleg.weigh.patterns import CLAIMED, FAMILIES, KINDS, split
from beleg.weigh.rank import score
from beleg.weigh.weights import shipped, text

WEIGHTS = shipped()
RETURNS = "returns"
KNOWN = sorted(
    {
        (family, kind, pattern)
        for kind, families in WEIGHTS.honest.items()
        for family, counts in families.items()
        for pattern in counts
    }
)
LETTERS = {family: len(proofs) for family, proofs in FAMILIES.items()}


def test_the_shipped_weights_are_what_the_fit_writes():
    assert WEIGHTS.version
    assert all(str(one.seed) in WEIGHTS.learned_from for one in TRAINING)
    assert (WEIGHTS.prior_bits, WEIGHTS.line_bits) == (PRIOR_BITS, LINE_BITS)
    assert set(WEIGHTS.wrong) == set(METHODS.values()) - BEYOND_RECORDS
    assert set(WEIGHTS.rivals) == set(RIVALS.values()) == set(WEIGHTS.tells_apart) == set(TELLS_APART)
    assert set(WEIGHTS.honest) <= {*KINDS, *CLAIMED.values(), "other refunds"}
    for table in (WEIGHTS.honest, WEIGHTS.wrong, WEIGHTS.rivals):
        assert all(list(families) == list(FAMILIES) for families in table.values())


def test_the_shipped_file_is_what_the_one_writer_writes():
    assert text(WEIGHTS, REMARK) == TARGET.read_text(encoding="utf-8")


def test_every_pattern_counted_has_the_letters_and_detectors_of_its_family():
    owner = {name: detector.card.family for name, detector in every_detector().items()}
    for table in (WEIGHTS.honest, WEIGHTS.wrong, WEIGHTS.rivals):
        for families in table.values():
            for family, counts in families.items():
                for pattern, count in counts.items():
                    letters, fired = split(pattern)
                    assert (count > 0, len(letters), {owner[name] for name in fired} <= {family}) == (True, LETTERS[family], True)


def test_misfortunes_are_shares_of_the_honest_refunds_of_a_kind():
    assert WEIGHTS.rival_shares.keys() <= WEIGHTS.honest.keys()
    for shares in WEIGHTS.rival_shares.values():
        assert shares.keys() <= WEIGHTS.rivals.keys()
        assert all(0 < share <= 1 for share in shares.values())
        assert sum(shares.values()) <= 1.0001


def test_every_detector_method_has_a_weight():
    assert {detector.card.method for detector in every_detector().values()} <= set(WEIGHTS.wrong)


def test_no_family_weighs_more_than_its_bounds():
    for one in weigh(KNOWN, (), WEIGHTS):
        assert all(LEAST <= bits <= MOST for bits in one.bits.values()), one


@given(st.data())
def test_what_could_not_be_checked_or_is_not_due_weighs_nothing(data):
    family = data.draw(st.sampled_from([name for name, length in LETTERS.items() if length]))
    pattern = data.draw(st.text("UP", min_size=LETTERS[family], max_size=LETTERS[family]))
    kind = data.draw(st.sampled_from(sorted(WEIGHTS.honest)))
    (one,) = weigh([(family, kind, pattern)], (), WEIGHTS)
    assert set(one.bits.values()) == {0.0}


@pytest.mark.parametrize(
    ("family", "absent", "there"), [("movement", "AAA", "TTT"), ("item", "AA", "TT"), ("afterlife", "AA", "TT")]
)
def test_the_more_a_shop_misses_the_less_a_missing_scan_weighs(family, absent, there):
    def bits(missing: int) -> float:
        observed = [Observed(family, RETURNS, absent, missing), Observed(family, RETURNS, there, 5_000 - missing)]
        (one,) = weigh([(family, RETURNS, absent)], observed, WEIGHTS)
        return one.bits["false receipt"]

    measured = [bits(missing) for missing in (0, 5, 50, 250, 1_000, 2_500)]
    assert all(before > after for before, after in pairwise(measured)), measured


def test_what_could_not_be_checked_does_not_make_absence_common():
    clean = [Observed("movement", RETURNS, "TTT", 5_000)]
    outage = [*clean, Observed("movement", RETURNS, "UUU", 5_000)]
    (one,), (other,) = (weigh([("movement", RETURNS, "AAA")], seen, WEIGHTS) for seen in (clean, outage))
    assert other.bits == one.bits


def test_a_detector_that_did_not_run_is_no_evidence_that_nothing_was_there():
    pattern = ("movement", RETURNS, "AAA")
    (ran,), (silent,) = (weigh([pattern], (), WEIGHTS, names) for names in ((), ("receipt_without_arrival", "faster_than_lane")))
    assert silent.bits["false receipt"] > ran.bits["false receipt"]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(KNOWN), min_size=1, max_size=12),
    st.lists(st.tuples(st.sampled_from(KNOWN), st.integers(1, 500)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_order_and_repetition_change_nothing(seen, counted, chance):
    observed = [Observed(*pattern, count) for pattern, count in counted]
    other_seen, other_observed = [*seen, *seen], list(observed)
    chance.shuffle(other_seen)
    chance.shuffle(other_observed)
    assert weigh(seen, observed, WEIGHTS) == weigh(other_seen, other_observed, WEIGHTS)


@given(st.lists(st.floats(LEAST, MOST), min_size=len(FAMILIES), max_size=len(FAMILIES)))
def test_families_add_up(parts):
    method = next(iter(WEIGHTS.wrong))
    names = [*WEIGHTS.wrong, *WEIGHTS.rivals]
    weighed = [
        Weighed(family, RETURNS, f"p{family}", {name: part if name == method else LEAST for name in names}, 1.0, 1)
        for family, part in zip(FAMILIES, parts, strict=True)
    ]
    shown = pa.Table.from_pylist([{"kind": RETURNS, **{family: f"p{family}" for family in FAMILIES}}])
    (row,) = score(shown, weighed, WEIGHTS).to_pylist()
    assert row["method"] == 0
    assert row["millibits"] + row["rival_millibits"] == round(1000 * (WEIGHTS.prior_bits + sum(parts)))


def test_a_misfortune_that_explains_as_much_keeps_a_refund_below_the_line():
    names = [*WEIGHTS.wrong, *WEIGHTS.rivals]
    for kind, shares in WEIGHTS.rival_shares.items():
        alike = [Weighed(family, kind, "x", dict.fromkeys(names, MOST), 1.0, 1) for family in FAMILIES]
        shown = pa.Table.from_pylist([{"kind": kind, **dict.fromkeys(FAMILIES, "x")}])
        (row,) = score(shown, alike, WEIGHTS).to_pylist()
        assert row["millibits"] < 1000 * WEIGHTS.line_bits, (kind, Counter(shares))
