"""What a careful ring keeps, as a table and as bars."""

from collections.abc import Sequence

from evals.attacker import Point
from evals.page import percent, table

_BAR = 40

_WORDS = """This ring shares less, hides and spreads, as above; the dial is the share of its refunds that leave no contradiction, as
they only claim that a parcel was lost, stolen or empty. Money per month, the median world and in brackets the worst. *Kept* is
what no audit names, of accounts and by staff whom none had named before; *and not stopped* is what of that the gate would have
released, asked in the moment before it was paid. *Listed* is the share of the ring's refunds that the audit lists as unsupported,
named or not. That is what it costs a ring to leave no contradiction: each such claim lacks its proof, so that it stands in the gap
and waits for a person or a proof where a gate is asked."""

_HEAD = (
    "no contradiction in", "worlds", "refunded", "kept", "share kept", "kept and not stopped", "share", "listed",
    "accounts per refund",
)  # fmt: skip


def curve(points: Sequence[Point]) -> str:
    """The curve, or that it was not run."""
    if not points:
        return "Not run."
    rows = [
        (percent(one.care), str(one.worlds), f"{one.attempted:,.0f}", _money(one.kept), _share(one.kept_share), _money(one.gated),
         _share(one.gated_share), percent(one.listed), f"{one.accounts:.2f}")
        for one in points
    ]  # fmt: skip
    bars = [f"{percent(one.care):>6}  {_bar(one.gated_share[0], one.kept_share[0])}" for one in points]
    drawn = "\n".join(["```text", "share kept, median: █ not stopped by the gate either, ░ stopped by it", *bars, "```"])
    return f"{_WORDS}\n\n{table(_HEAD, rows)}\n\n{drawn}"


def _money(pair: tuple[float, float]) -> str:
    return f"{pair[0]:,.0f} ({pair[1]:,.0f})"


def _share(pair: tuple[float, float]) -> str:
    return f"{percent(pair[0])} ({percent(pair[1])})"


def _bar(through: float, kept: float) -> str:
    dark, whole = round(_BAR * through), round(_BAR * kept)
    return "█" * dark + "░" * (whole - dark) + f" {percent(kept)}"
