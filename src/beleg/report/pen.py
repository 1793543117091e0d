"""Text for the terminal: foreign characters tamed, signs and bars that survive without colour and without Unicode."""

from collections.abc import Sequence

from rich.console import Console, OverflowMethod, RenderableType
from rich.table import Table
from rich.text import Text

from beleg.audit.result import ProofState, Sum
from beleg.draw.charts import shares
from beleg.report.figures import DASH, MINUS, clip, money, money_code, plain
from beleg.report.words import STANDINGS, State, state_of

WIDEST = 120
FOLDED = str.maketrans({DASH: "-", MINUS: "-", "…": "...", "·": "|", "\N{MULTIPLICATION SIGN}": "x", "\xa0": " "})


class Pen:
    """Writes to one console, in whatever that console can show."""

    def __init__(self, console: Console, currency: str) -> None:
        self.console = console
        self.currency = currency
        self.ascii = console.options.ascii_only
        self.width = min(console.width, WIDEST)

    def text(self, words: str, style: str = "", longest: int = 320) -> Text:
        """Text as this console can show it; what it cannot is written out, never dropped."""
        return Text(self.fold(plain(words, longest)), style=style)

    def fold(self, words: str) -> str:
        """Our own signs as ASCII where that is all there is; a foreign letter becomes its escape."""
        return words.translate(FOLDED).encode("ascii", "backslashreplace").decode() if self.ascii else words

    def money(self, minor: int, currency: str | None = None) -> str:
        """An exact amount."""
        code = self.currency if currency is None else currency
        return self.fold((money_code if self.ascii else money)(minor, code))

    def cell(self, words: str, longest: int, style: str = "") -> Text:
        """Text for a narrow column, cut where it must be."""
        return Text(self.fold(clip(words, longest)), style=style)

    def say(self, *parts: Text | str, indent: int = 2, bullet: str = "") -> None:
        """A paragraph, wrapped and indented; a bullet hangs before it."""
        whole = Text()
        for part in parts:
            whole.append_text(part if isinstance(part, Text) else self.text(part, longest=2000))
        first = " " * indent + bullet
        for index, line in enumerate(whole.wrap(self.console, self.width - len(first))):
            line.rstrip()
            self.console.print(Text(first if not index else " " * len(first)) + line, width=self.width)

    def item(self, words: str) -> None:
        """One of a list."""
        self.say(self.text(words, longest=600), bullet="- " if self.ascii else "• ")

    def show(self, thing: RenderableType, indent: int = 2) -> None:
        """Anything rich can draw, no wider than is good to read, without blanks at the ends of lines."""
        room = self.console.options.update(width=self.width - indent, height=None)
        for cells in self.console.render_lines(thing, room, pad=False):
            line = Text.assemble(" " * indent, *((cell.text, cell.style or "") for cell in cells))
            line.rstrip()
            self.console.print(line, no_wrap=True, overflow="ignore", crop=False)

    def blank(self) -> None:
        """An empty line."""
        self.console.print()

    def heading(self, words: str, aside: str = "") -> None:
        """A section's name over a rule, with a word of context at its right."""
        self.blank()
        self.console.print(self.title(words, self.width, aside))

    def title(self, words: str, wide: int, aside: str = "") -> Text:
        """The two lines of a heading."""
        note = self.text(aside, "dim")
        name = self.cell(words, max(wide - note.cell_len - 2, 8), "bold")
        gap = " " * (wide - name.cell_len - note.cell_len if aside else 0)
        return Text.assemble(name, gap, note, "\n", (("-" if self.ascii else "─") * wide, "dim"))

    def table(self, *columns: tuple[str, str]) -> Table:
        """A table without lines; each column is a name and what it does: left, right, or wrap."""
        named = any(name for name, _ in columns)
        made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", show_header=named)
        cut: OverflowMethod = "crop" if self.ascii else "ellipsis"
        for name, does in columns:
            right = does == "right"
            made.add_column(
                name,
                justify="right" if right else "left",
                no_wrap=does != "wrap",
                overflow="fold" if does == "wrap" else cut,
            )
        return made

    def bar(self, value: int, top: int, wide: int, kind: str) -> Text:
        """A bar of at most so many cells; what is there is seen."""
        cells = max(round(wide * value / top), 1) if value > 0 and top > 0 else 0
        standing = STANDINGS[kind]
        return Text((standing.ascii if self.ascii else standing.sign) * cells, style=standing.style) if cells else Text()

    def stacked(self, parts: Sequence[tuple[str, Sum]], wide: int) -> Text:
        """One bar of several parts, each with a sign of its own, exactly so wide."""
        cells = fill([part.amount for _, part in parts], wide)
        line = Text()
        for (key, _), many in zip(parts, cells, strict=True):
            line.append((STANDINGS[key].ascii if self.ascii else STANDINGS[key].sign) * many, style=STANDINGS[key].style)
        return line

    def sign(self, state: State) -> Text:
        """The sign of a proof's state."""
        return Text(state.ascii if self.ascii else state.sign, style=state.style)

    def strip(self, proofs: Sequence[ProofState]) -> Text:
        """The proofs of one refund as a row of signs."""
        return Text().join(self.sign(state_of(proof.state)) for proof in proofs)


def fill(values: Sequence[int], wide: int) -> list[int]:
    """So many cells shared out by value: every part that is there gets at least one, and together they fill the bar."""
    exact = [share * wide for share in shares(values)]
    cells = [max(int(part), 1) if part else 0 for part in exact]
    while sum(cells) > wide > 0:
        cells[cells.index(max(cells))] -= 1
    rest = sorted(range(len(cells)), key=lambda index: cells[index] - exact[index])
    for index in rest[: max(wide - sum(cells), 0)]:
        cells[index] += 1 if exact[index] else 0
    return cells
