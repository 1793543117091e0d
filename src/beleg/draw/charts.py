"""Charts as SVG text: small pure functions from numbers to marks, drawn in percentages so that they fit any width."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import ceil, floor, log10
from typing import NamedTuple

from markupsafe import Markup

THINNEST = 0.4  # percent of the width: a part that is there is seen
COLUMN_HEIGHT = 180
CELL = 20


class Part(NamedTuple):
    """One part of a stacked bar; `kind` names its fill in the style sheet."""

    label: str
    value: int
    kind: str


class Column(NamedTuple):
    """One column of a chart over time: its label, a second line where the year turns, its height and what it says."""

    label: str
    below: str
    value: int
    said: str


class Step(NamedTuple):
    """One step of a waterfall, from one running total to the next."""

    start: float
    end: float
    kind: str


class Mark(NamedTuple):
    """One moment on a timeline, as a share of its span."""

    at: float
    kind: str


def _svg(title: str, body: Iterable[Markup], kind: str, height: int | None = None) -> Markup:
    tall = Markup(' height="{}"').format(height) if height else Markup()
    drawing = Markup('<svg class="{}" role="img" width="100%"{}><title>{}</title>{}</svg>')
    return drawing.format(kind, tall, title, Markup().join(body))


def _pct(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _rect(x: float, width: float, kind: str, y: str = "0", height: str = "100%") -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(kind, _pct(x), y, _pct(width), height)


def _line(x: float, y1: str, y2: str, kind: str) -> Markup:
    return Markup('<line class="{0}" x1="{1}" x2="{1}" y1="{2}" y2="{3}"/>').format(kind, _pct(x), y1, y2)


def shares(values: Sequence[int]) -> list[float]:
    """Each value's share of their sum, none that is there thinner than can be seen, together one (or nothing)."""
    whole = sum(max(value, 0) for value in values)
    wide = [max(100 * value / whole, THINNEST) if value > 0 else 0.0 for value in values] if whole else [0.0 for _ in values]
    scale = sum(wide) or 1.0
    return [part / scale for part in wide]


def stacked_bar(parts: Sequence[Part], title: str) -> Markup:
    """One bar cut into its parts."""
    bars, at = [], 0.0
    for part, share in zip(parts, shares([part.value for part in parts]), strict=True):
        if share:
            bars.append(_rect(at, share, f"k-{part.kind}"))
        at += share
    return _svg(title, bars or [_rect(0, 1, "k-none")], "stack", 28)


def bar(value: int, top: int, kind: str, title: str) -> Markup:
    """One horizontal bar, measured against the longest of its table."""
    share = max(value / top, THINNEST / 100) if value > 0 and top > 0 else 0.0
    return _svg(title, [_rect(0, share, f"k-{kind}")] if share else [], "bar", 12)


def ticks(top: int) -> list[int]:
    """Round values from zero up to at least the highest, at most five of them."""
    if top <= 0:
        return [0]
    rough = top / 4
    power = 10 ** floor(log10(rough)) if rough >= 1 else 1
    step = next(int(power * nice) for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough and power * nice == int(power * nice))
    return [step * index for index in range(ceil(top / step) + 1)]


def columns(points: Sequence[Column], axis: Sequence[tuple[int, str]], kind: str, title: str) -> Markup:
    """Columns over time with a few gridlines; labels thin out where there are many."""
    top = max((value for value, _ in axis), default=0) or 1
    marks = [_gridline(value / top, text) for value, text in axis]
    width, every = 1 / max(len(points), 1), ceil(len(points) / 12)
    highest = max((point.value for point in points), default=0)
    for index, point in enumerate(points):
        marks += _column(point, index * width, width, point.value / top, kind)
        if not index % every or point.below:
            marks.append(_label(point, (index + 0.5) * width, minor=bool(index // every % 2)))
        if point.value == highest > 0:
            highest = -1  # only the first of equals is called the highest
            marks.append(_text((index + 0.5) * width, _height(point.value / top) - 6, point.said, _anchor(index, len(points))))
    return _svg(title, marks, "columns", COLUMN_HEIGHT + 40)


def _anchor(index: int, many: int) -> str:
    if index < many / 5:
        return "top start"
    return "top end" if index >= many * 4 / 5 else "top mid"


def _height(share: float) -> float:
    return round(COLUMN_HEIGHT * (1 - share) + 4, 1)


def _gridline(share: float, text: str) -> Markup:
    y = _height(share)
    line = Markup('<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/>').format("base" if not share else "grid", y, y)
    return line + Markup('<text class="axis end" x="-8" y="{}">{}</text>').format(y + 4, text)


def _column(point: Column, x: float, width: float, share: float, kind: str) -> list[Markup]:
    y = _height(share)
    tall = f"{max(_height(0) - y, 1 if point.value > 0 else 0):.1f}"
    rect = Markup('<rect class="k-{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>')
    return [rect.format(kind, _pct(x + width * 0.14), y, _pct(width * 0.72), tall, f"{point.label} {point.below}: {point.said}")]


def _label(point: Column, x: float, *, minor: bool) -> Markup:
    first = _text(x, COLUMN_HEIGHT + 20, point.label, "axis mid minor" if minor else "axis mid")
    return first + (_text(x, COLUMN_HEIGHT + 35, point.below, "axis mid year") if point.below else Markup())


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(kind, _pct(x), y, text)


def waterfall(steps: Sequence[Step]) -> list[Markup]:
    """One strip per step, all on one scale, to stand in the rows of a table; thin lines carry each total to the next row."""
    edges = [0.0, *(edge for step in steps for edge in (step.start, step.end))]
    low, high = min(edges), max(edges)
    room = (high - low) * 0.04 or 1.0
    low, span = low - room, high - low + 2 * room
    return [_fall(step, low, span, last=index == len(steps) - 1) for index, step in enumerate(steps)]


def _fall(step: Step, low: float, span: float, *, last: bool) -> Markup:
    start, end, zero = ((value - low) / span for value in (step.start, step.end, 0.0))
    left, width = min(start, end), max(abs(end - start), THINNEST / 100)
    marks = [_line(zero, "0", "100%", "zero")]
    if step.kind != "total":
        marks += [_line(start, "0", "50%", "carry")] if step.kind != "prior" else []
        marks += [_line(end, "50%", "100%", "carry")] if not last else []
    marks.append(Markup('<rect class="w-{}" x="{}" y="50%" width="{}" height="12"/>').format(step.kind, _pct(left), _pct(width)))
    return _svg(f"from {step.start:+.1f} to {step.end:+.1f} bits", marks, "fall")


def day_strip(first: date, last: date, down: Sequence[date], title: str) -> Markup:
    """The days of a source: a full strip, broken where the source was down."""
    days = (last - first).days + 1
    marks = [_rect(0, 1, "live")]
    for start, length in runs(sorted(day for day in set(down) if first <= day <= last)):
        marks.append(_rect((start - first).days / days, length / days, "down"))
    return _svg(title, marks, "days", 14)


def runs(days: Sequence[date]) -> list[tuple[date, int]]:
    """Sorted days as unbroken runs: the first day of each and how many."""
    found: list[tuple[date, int]] = []
    for day in days:
        if found and found[-1][0] + timedelta(days=found[-1][1]) == day:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((day, 1))
    return found


def proof_strip(states: Sequence[tuple[str, str]], title: str) -> Markup:
    """The proofs of one refund as a row of signs, each a shape of its own; `states` are (proof, state)."""
    sign = Markup('<use href="#s-{}" x="{}" width="16" height="16"/>')
    marks = Markup().join(sign.format(state, index * CELL) for index, (_, state) in enumerate(states))
    wide = max(len(states) * CELL - 4, 1)
    return Markup('<svg class="strip" role="img" width="{0}" height="16" viewBox="0 0 {0} 16"><title>{1}</title>{2}</svg>').format(
        wide, title, marks
    )


def timeline(marks: Sequence[Mark], title: str) -> Markup:
    """Moments on one line, spaced as they were in time."""
    rail = Markup('<line class="rail" x1="1%" x2="99%" y1="10" y2="10"/>')
    spot = Markup('<circle class="m-{}" cx="{}" cy="10" r="5"/>')
    return _svg(title, [rail, *(spot.format(mark.kind, _pct(0.01 + 0.98 * mark.at)) for mark in marks)], "when", 20)
