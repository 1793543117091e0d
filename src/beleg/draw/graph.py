"""A graph of members and what they share as SVG: drawn in percentages like the charts, every node a link to its row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from beleg.draw.layout import Places, place

ROW, CLOSE, MANY = 24, 18, 40  # pixels from one node to the next; closer where there are many, so that a printed page holds fifty
LEFT, FROM, TO, RIGHT = "19%", "36%", "64%", "81%"  # where the sides stand, and where the middle begins and ends


class Node(NamedTuple):
    """One member, or one thing shared: its name, a short name for narrow places, its kind, and where its row is."""

    key: str
    name: str
    short: str
    kind: str
    href: str


def graph(members: Sequence[Node], shared: Sequence[Node], links: Iterable[tuple[str, str]], title: str) -> Markup:
    """Draw the graph; the same nodes and links give the same text, in whatever order they come."""
    nodes = {node.key: node for node in (*members, *shared)}
    pairs = sorted(set(links))
    places = place((node.key for node in members), (node.key for node in shared), pairs)
    rows = max(len(column) for column in places[:3])
    row = ROW if rows <= MANY else CLOSE
    tall = max(rows, 1) * row
    height = {key: y for column in places[:3] for key, y in _spread(column, tall)}
    lines = _lines(places, pairs, height)
    drawn = [
        _hub(nodes[key], height[key], row - 4, [line for (_, to), line in lines.items() if to == key]) for key in places.middle
    ]
    for at, side in ((LEFT, places.left), (RIGHT, places.right)):
        drawn += [_member(nodes[key], at, height[key], [line for (who, _), line in lines.items() if who == key]) for key in side]
    drawing = Markup('<svg class="web" role="group" width="100%" height="{}"><title>{}</title>{}</svg>')
    return drawing.format(tall, title, Markup().join(drawn))


def _spread(column: Sequence[str], tall: int) -> list[tuple[str, float]]:
    return [(key, round(tall * (index + 0.5) / len(column), 1)) for index, key in enumerate(column)]


def _lines(places: Places, pairs: Iterable[tuple[str, str]], height: Mapping[str, float]) -> dict[tuple[str, str], Markup]:
    """Each link as a line from its member's side to the near end of what it shares."""
    left, line = frozenset(places.left), Markup('<line x1="{}" x2="{}" y1="{}" y2="{}"/>')
    ends = {True: (LEFT, FROM), False: (RIGHT, TO)}
    return {(who, what): line.format(*ends[who in left], height[who], height[what]) for who, what in pairs}


def _hub(node: Node, y: float, thick: int, lines: Sequence[Markup]) -> Markup:
    """One thing shared, in the middle; its own copy of its lines shows when it is pointed at or focused."""
    shape = Markup('<g class="hub n-{}"><g class="echo">{}</g><a href="{}"><title>{}</title>{}{}</a></g>')
    bar = Markup('<rect x="{}" y="{}" width="28%" height="{}" rx="3"/>').format(FROM, round(y - thick / 2, 1), thick)
    return shape.format(node.kind, Markup().join(lines), node.href, node.name, bar, _names(node, "50%", y, "mid"))


def _member(node: Node, x: str, y: float, lines: Sequence[Markup]) -> Markup:
    shape = Markup('<g class="spoke n-{}">{}<a href="{}"><title>{}</title>{}{}</a></g>')
    spot = Markup('<circle cx="{}" cy="{}" r="5"/>').format(x, y)
    name = _names(node, x, y, "end" if x == LEFT else "start", -10 if x == LEFT else 10)
    return shape.format(node.kind, Markup().join(lines), node.href, node.name, spot, name)


def _names(node: Node, x: str, y: float, anchor: str, shift: int = 0) -> Markup:
    text = Markup('<text class="{} {}" x="{}" y="{}"{}>{}</text>')
    moved = Markup(' dx="{}"').format(shift) if shift else Markup()
    named = (("long", node.name), ("short", node.short))
    return Markup().join(text.format(size, anchor, x, round(y + 4, 1), moved, said) for size, said in named)
