"""The evaluation of false holds over one small world: it runs, and its counts add up."""

from evals.holds import CONDITIONS, measure


def test_every_refund_of_a_small_world_is_counted_once():
    row = measure((CONDITIONS[0], 11, 600, "standard"))
    assert row.honest == row.by_a_person + row.without + row.due > 0
    assert sum(row.why.values()) == row.held - row.waiting
    assert sum(row.pending.values()) == row.waiting >= len(row.waits)
    assert row.held < row.due
    assert row.fraud + row.lies == row.stopped + row.lies_stopped + sum(row.through.values()) > 0
