"""The evaluations of insiders and of graphs: their arithmetic, and that their pages say what was measured."""

import numpy as np
import pytest
from evals import graphs, graphs_page, insiders_page
from evals.desk_tables import rates
from evals.insider_worlds import Desk, Plot, make
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta


@given(st.integers(0, 40), st.integers(0, 400))
def test_the_upper_bound_is_clopper_and_pearsons(hits, more):
    worlds = hits + more + 1
    assert insiders_page.upper(hits, worlds) == pytest.approx(beta.ppf(0.95, hits + 1, worlds - hits), abs=1e-6)


def test_the_page_of_insiders_says_who_was_named_wrongly_and_how_many_honest_desks_raise_an_alarm():
    runs = [
        insiders_page.Run(seed=seed, extra=10, recall={"ring_affinity": 0.9}, named=9, wrongly=seed, seconds={"ring_affinity": 0.1})
        for seed in (0, 1)
    ]
    nulls = [insiders_page.Null(seed=seed, alerts=("customer_repeats",) if seed == 3 else ()) for seed in range(1, 41)]
    text = insiders_page.page(insiders_page.Report(staff=1_000, insiders=10, planted=tuple(runs), nulls=tuple(nulls)))
    assert "0.900 (0.9)" in text
    assert "0.050 [" in text
    assert "| customer_repeats | 1 | 2.50%" in text
    assert "| all together | 1 | 2.50%" in text


def test_a_rate_test_puts_whoever_lacks_most_first():
    cases = make(Desk(staff=30, cases=4_000, accounts=2_000, sites=1, categories=2), Plot(rings=2, insiders=1, extra=60), 5)
    clerks, ordinary = rates(cases)
    assert clerks[np.argmin(ordinary)] == cases.insiders[0]


def graph(seed: int, nodes: int = 12) -> graphs.Known:
    chance = np.random.default_rng(seed)
    edges = chance.integers(0, nodes, (2, 30))
    return graphs.Known(chance.normal(size=(nodes, 3)), np.hstack([edges, edges[::-1]]), chance.integers(0, 2, nodes))


def test_neighbours_are_counted_once_and_nobody_is_its_own():
    known = graph(3)
    near = [{int(b) for a, b in known.edges.T if a == node and b != node} for node in range(12)]
    first = np.array([known.x[sorted(one)].mean(axis=0) if one else np.zeros(3) for one in near])
    second = np.array([first[sorted(one)].mean(axis=0) if one else np.zeros(3) for one in near])
    degree = np.log1p([len(one) for one in near])[:, None]
    assert graphs.neighbourhood(known) == pytest.approx(np.hstack([known.x, first, second, degree]))


def test_nobody_is_judged_by_what_was_fitted_on_them():
    bad = np.repeat([0, 1], [90, 10])
    parts = graphs.split(bad, 4)
    assert sorted(np.concatenate(parts).tolist()) == list(range(100))
    assert [int(bad[part].sum()) for part in parts] == [4, 2, 4]


def test_stated_chances_that_are_shares_have_no_calibration_error():
    chance, bad = np.repeat([0.0, 0.5, 1.0], 20), np.concatenate([np.zeros(20), np.tile([0, 1], 10), np.ones(20)])
    assert graphs.calibration_error(chance, bad, bins=3) == pytest.approx(0)
    assert graphs.calibration_error(1 - chance, bad, bins=3) == pytest.approx(2 / 3)


def test_a_graph_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SystemExit, match=r"no graph .*reddit\.npz: expected an \.npz file"):
        graphs.measure("reddit", tmp_path, range(1, 2))


def test_the_page_of_graphs_has_every_method():
    figures = {"auroc": [0.7, 0.6], "auprc": [0.1, 0.2], "recall_at_k": [0.2, 0.2], "calibration_error": []}
    one = graphs_page.Measured(graph="g", nodes=10, bad=2, method="blocks", seeds=(1, 2), figures=figures, seconds=1.0)
    assert "| blocks | 65.0 (60.0) | 15.0 (10.0) | 20.0 (20.0) |  | 1.0 |" in graphs_page.page(graphs_page.Report((one,)))
