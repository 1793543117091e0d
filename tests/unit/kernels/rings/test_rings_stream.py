"""The stream gives what the batch gives, after any inserts, expiries, withdrawals and deliveries made twice."""

import pyarrow as pa
import pytest
from evals.ring_graphs import Honest, Ring, plant
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from beleg.kernels.rings import Settings, find
from beleg.kernels.rings.compiled import suited_to
from beleg.kernels.rings.stream import Stream


@pytest.fixture(autouse=True)
def as_written():
    """Kernels run as Python here, which needs no compiling."""
    with suited_to(0):
        yield


# Quick to alarm, so that a handful of links makes rings to compare.
EAGER = Settings(household=1, building=0, noise=1e9, line=-1000.0)

accounts, entities, times = st.integers(0, 9), st.integers(0, 7), st.integers(0, 12)


class StreamIsBatch(RuleBasedStateMachine):
    """Keeps the live events in a plain set beside the stream."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = Stream(EAGER)
        self.live: set[tuple[int, int, int]] = set()
        self.seen: list[tuple[int, int, int]] = []
        self.horizon = -1

    @rule(account=accounts, entity=entities, at=times)
    def insert(self, account, entity, at):
        self._deliver((account, entity, at))

    @rule(group=st.sets(accounts, min_size=3), shared=st.sets(entities, min_size=2), at=times)
    def insert_block(self, group, shared, at):
        for account in sorted(group):
            for entity in sorted(shared):
                self._deliver((account, entity, at))

    @rule(place=st.integers(0, 10_000))
    def deliver_again(self, place):
        if self.seen:
            self._deliver(self.seen[place % len(self.seen)])

    @rule(before=times)
    def expire(self, before):
        self.stream.expire(before)
        self.horizon = max(self.horizon, before)
        self.live = {event for event in self.live if event[2] >= self.horizon}

    @rule(place=st.integers(0, 10_000))
    def withdraw(self, place):
        if self.seen:
            event = self.seen[place % len(self.seen)]
            self.stream.withdraw(*event)
            self.live.discard(event)

    @rule()
    def blank(self):
        self.stream.insert(None, "x", 5)
        self.stream.insert(3, " ", 5)

    def _deliver(self, event):
        self.stream.insert(*event)
        self.seen.append(event)
        if event[2] >= self.horizon:
            self.live.add(event)

    @invariant()
    def same_as_batch(self):
        pairs = sorted({event[:2] for event in self.live})
        table = pa.table(
            {"account": pa.array([a for a, _ in pairs], pa.int64()), "entity": pa.array([e for _, e in pairs], pa.int64())}
        )
        batch, stream = find(table, settings=EAGER), self.stream.rings()
        assert stream.rings.equals(batch.rings)
        assert stream.members.to_pylist() == batch.members.to_pylist()
        assert stream.shared.to_pylist() == batch.shared.to_pylist()


TestStreamIsBatch = StreamIsBatch.TestCase
TestStreamIsBatch.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)


@pytest.mark.long
class TestStreamIsBatchForLong(StreamIsBatch.TestCase):
    """The same over many more stories."""

    settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_ring_is_seen_around_its_members_while_it_forms_and_gone_when_it_expires():
    planted = plant(Honest(edges=12_000), Ring(rings=1, density=0.6), seed=3)
    ring = planted.rings[0]
    stream = Stream()
    late = []
    for account, entity in zip(planted.links["account"].to_pylist(), planted.links["entity"].to_pylist(), strict=True):
        late.append((account, entity)) if account in ring else stream.insert(account, entity, 5)
    stream.calibrate()
    first = None
    for count, (account, entity) in enumerate(late, 1):
        stream.insert(account, entity, 3)
        if first is None and stream.bits_around(account) > 0:
            first = count
    assert first is not None
    assert first < 0.8 * len(late)
    around = max((stream.ring_of(account) for account in ring), key=lambda r: 0 if r is None else r.members.num_rows)
    assert around is not None
    assert len(ring & set(around.members["account"].to_pylist())) >= 18
    assert stream.rings().rings.equals(find(planted.links).rings)
    stream.expire(4)
    assert not any(stream.bits_around(account) for account in ring)
