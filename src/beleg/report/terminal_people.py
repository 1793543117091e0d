"""Accounts, rings and members of staff on the terminal: one line each, its strongest reason and its money."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from beleg.audit.result import AuditResult, Subject
from beleg.report.figures import count, percent, signed
from beleg.report.pen import Pen
from beleg.report.people import KINDS, counted_measure, odds
from beleg.report.words import title, words

LISTED = 6


def show_people(pen: Pen, result: AuditResult) -> None:
    """The section on subjects; nothing where no detector of subjects exists or was asked."""
    every = result.subjects
    if not any(run.ran for run in every.detectors):
        return
    lists = {"ring": every.rings, "account": every.accounts, "staff": every.staff or ()}
    named = sum(len(mine) for mine in lists.values())
    pen.heading("Who may be behind it", f"{count(named)} named")
    pen.say(
        "A name is a reason to look, never a verdict. In an honest shop the chance that this names anybody at all "
        f"was fixed at {percent(every.alert_chance, 1)}."
    )
    for kind, mine in lists.items():
        if mine:
            pen.blank()
            pen.show(Text(pen.fold(KINDS[kind][0]), style="bold"))
            pen.show(_listed(pen, mine[:LISTED]))
        if len(mine) > LISTED:
            pen.say(Text(f"{len(mine) - LISTED:,} more in the report", style="dim"))
    for alone in every.too_few:
        pen.item(f"{title(words(alone.detector))}: {count(len(alone.subjects))} not compared with anybody, too few peers")


def _listed(pen: Pen, subjects: Sequence[Subject]) -> Table:
    table = pen.table(("#", "right"), ("", "left"), ("strongest reason", "wrap"), ("unsupported", "right"), ("bits", "right"))
    for one in subjects:
        best = max(one.reasons, key=lambda basis: (basis.passes, basis.bits), default=None)
        why = f"{counted_measure(best)}; by chance {odds(best)}" if best else ""
        name = pen.cell(one.name, 24)
        table.add_row(
            str(one.rank), name, pen.text(why, longest=200), pen.money(one.unsupported.amount), pen.fold(signed(one.bits))
        )
    return table
