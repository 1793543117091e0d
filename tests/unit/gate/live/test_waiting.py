"""Open requests, however they come and go, against a plain list of them."""

from hypothesis import given
from hypothesis import strategies as st

from beleg.gate.claim import Claim
from beleg.gate.live import waiting
from beleg.gate.live.waiting import Open, Waiting
from beleg.gate.stated import request_of

_STEPS = st.tuples(
    st.sampled_from(["put", "drop", "look", "due"]), st.integers(0, 2), st.integers(0, 2), st.integers(0, 30), st.integers(0, 30)
)


def one_of(order: int, refund: int, at: int) -> Open:
    claim = Claim(refund_id=f"R{refund}", order_id=f"O{order}", amount=1, currency="EUR", trigger="manual")
    return Open(claim, f"{order} {refund} {at}", "hold", at)


@given(st.lists(_STEPS, max_size=40))
def test_each_is_found_by_its_order_and_when_its_time_has_come(steps):
    open_, plain, told, spare = Waiting(), {}, set(), waiting._SPARE
    waiting._SPARE = 3
    try:
        for step, order, refund, at, now in steps:
            name = request_of(one_of(order, refund, at).claim)
            if step == "put":
                plain.pop(name, None)
                plain[name] = one_of(order, refund, at)
                open_.put(plain[name])
                told.discard(name)
            elif step == "drop":
                plain.pop(name, None)
                open_.drop(name)
                told.discard(name)
            elif step == "look" and name in plain:
                open_.look(plain[name], at)
                told.discard(name)
            else:
                due = {request_of(one.claim) for one in open_.due(now)}
                wanted = {name for name, one in plain.items() if one.look_at <= now}
                assert wanted - told <= due <= wanted
                told |= due
            assert len(open_) == len(plain)
            assert open_.every() == list(plain.values())
            for place in range(3):
                assert open_.of(f"O{place}") == [name for name, one in plain.items() if one.claim.order_id == f"O{place}"]
            assert len(open_._line) <= 2 * len(plain) + 4
    finally:
        waiting._SPARE = spare
