"""The audit's answer on the terminal: a summary made for reading, good at 80 columns, without colour, and in plain ASCII."""

from pathlib import Path

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from beleg.audit.result import AuditResult, DetectorRun, Ranked
from beleg.report import reading
from beleg.report.figures import count, counted, day, percent, plain, signed
from beleg.report.pen import Pen
from beleg.report.reading import Breakdown
from beleg.report.terminal_people import show_people
from beleg.report.words import STANDINGS, STATES, class_name, proof_name, title, words

WIDE = 110
TOP = 12
ROWS = 6
LISTED = 8


def render(result: AuditResult, console: Console, *, report: Path | None = None) -> None:
    """Print the summary; `report` is where the whole report was written, if it was."""
    pen = Pen(console, result.currency)
    _head(pen, result)
    _notes(pen, result)
    _where(pen, result)
    _first(pen, result)
    show_people(pen, result)
    _unchecked(pen, result)
    _coverage(pen, result)
    _matching(pen, result)
    _detectors(pen, result)
    _books(pen, result)
    _end(pen, result, report)


def _head(pen: Pen, result: AuditResult) -> None:
    totals = result.totals
    pen.heading(f"Refund audit · {plain(result.name, 60)}", reading.window(result))
    pen.blank()
    if totals.gap.count:
        pen.say(Text(pen.money(totals.gap.amount), style="bold red"), Text(" " + reading.headline(result), style="bold"))
    else:
        pen.say(Text(pen.fold(reading.headline(result)), style="bold"))
    pen.say(f"{reading.explanation(result)} {reading.largest(result)}".rstrip())
    if totals.refunded.count:
        pen.blank()
        pen.show(pen.stacked(reading.parts(result), pen.width - 4))
        pen.show(_parts(pen, result))
    if late := result.late_deliveries:
        late_ones = counted(late.count, "delivery", "deliveries")
        pen.say(f"{late_ones} later than promised, on orders worth {pen.money(late.amount)}; no refunds.")


def _parts(pen: Pen, result: AuditResult) -> Table:
    table, whole = pen.table(("", "left"), ("", "left"), ("", "right"), ("", "right"), ("", "right")), result.totals.refunded
    for key, part in reading.parts(result):
        share = pen.fold(percent(part.amount, whole.amount))
        table.add_row(
            pen.bar(1, 1, 2, key), STANDINGS[key].label, pen.money(part.amount), share, counted(part.count, "refunded line")
        )
    table.add_row("", "refunded", pen.money(whole.amount), "", counted(whole.count, "refunded line"), style="bold")
    return table


def _notes(pen: Pen, result: AuditResult) -> None:
    notes = [note for note in (*result.notes, result.rates_note) if note]
    if not notes:
        return
    pen.heading("What this source does and does not show")
    for note in notes:
        pen.item(note)


def _where(pen: Pen, result: AuditResult) -> None:
    cuts = {cut.key: cut for cut in reading.breakdowns(result)}
    if pen.width < WIDE:
        for key in ("class", "method", "site", "month"):
            if cut := cuts.get(key):
                pen.blank()
                pen.show(_cut(pen, cut, pen.width), indent=0)
        return
    half = (pen.width - 4) // 2
    sides = [[_cut(pen, cuts[key], half) for key in side if key in cuts] for side in (("month", "site"), ("class", "method"))]
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(*(Group(*(part for cut in side for part in (Text(), cut))) for side in sides if side))
    pen.show(grid, indent=0)


def _cut(pen: Pen, cut: Breakdown, wide: int) -> Group:
    what = "unsupported" if cut.shows == "gap" else "not checked"
    table = pen.table(("", "left"), ("", "left"), (what, "right"), ("share", "right"))
    rows = list(zip(cut.rows, cut.labels, strict=True))
    kept = rows[-18:] if cut.key == "month" else rows[:ROWS]
    names = [pen.cell(title(label), 28) for _, label in kept]
    sums = [pen.money(cut.amount(row)) for row, _ in kept]
    room = wide - 12 - max(name.cell_len for name in names) - max(len(what), *(len(amount) for amount in sums))
    for (row, _), name, amount in zip(kept, names, sums, strict=True):
        bar = pen.bar(cut.amount(row), cut.top, max(room, 4), cut.shows)
        table.add_row(name, bar, amount, pen.fold(percent(cut.amount(row), row.refunded.amount)))
    left = [Text(f"  {len(rows) - len(kept)} more in the report", style="dim")] if len(rows) > len(kept) else []
    return Group(pen.title(cut.name, wide), Padding(table, (0, 0, 0, 2), expand=False), *left)


def _first(pen: Pen, result: AuditResult) -> None:
    if not result.totals.refunded.count:
        return
    pen.heading("What to look at first")
    pen.say(reading.line_note(result))
    if not result.ranked:
        return
    shown = sorted(result.ranked, key=lambda refund: refund.rank)[:TOP]
    pen.blank()
    pen.show(_ranking(pen, shown))
    legend = Text("  ").join(pen.sign(state) + Text(f" {state.label}") for state in STATES.values())
    legend.stylize("dim")
    pen.blank()
    pen.show(legend)
    names = [proof_name(proof.proof) for proof in max((refund.proofs for refund in shown), key=len)]
    if names:
        pen.say(pen.text("Proofs, from the left: " + ", ".join(names) + ".", "dim", 600))


def _ranking(pen: Pen, shown: list[Ranked]) -> Table:
    wide = pen.width >= WIDE
    names = ["order", "amount", "class", "method", *(["refunded", "site"] if wide else []), "proofs", "bits"]
    does = {"amount": "right", "bits": "right", "class": "wrap", "method": "wrap"}  # what wraps gives way first; money is never cut
    table = pen.table(("#", "right"), *((name, does.get(name, "left")) for name in names))
    for refund in shown:
        if not refund.above_line and refund.rank > 1 and refund.rank == _first_below(shown):
            table.add_row("", Text("below the line", style="dim"))
        more = (day(refund.refunded_at), pen.cell(refund.site or "not known", 16)) if wide else ()
        table.add_row(
            str(refund.rank),
            pen.cell(refund.order or refund.account or "no order", 24 if wide else 14),
            pen.money(refund.amount, refund.currency),
            pen.cell(class_name(refund.refund_class), 24 if wide else 12),
            pen.cell(words(refund.method), 30 if wide else 16),
            *more,
            pen.strip(refund.proofs[:12]),
            pen.fold(signed(refund.bits)),
        )
    return table


def _first_below(shown: list[Ranked]) -> int:
    return next((refund.rank for refund in shown if not refund.above_line), 0)


def _unchecked(pen: Pen, result: AuditResult) -> None:
    unchecked = result.totals.unchecked
    if not unchecked.count:
        return
    pen.heading("What could not be checked", f"{pen.money(unchecked.amount)} in {counted(unchecked.count, 'refund')}")
    if not result.closes:
        return
    table = pen.table(("with this source", "left"), ("these proofs", "wrap"), ("lines", "right"), ("money to check", "right"))
    for source in result.closes[:LISTED]:
        name, proofs = pen.cell(words(source.source), 28), ", ".join(proof_name(proof) for proof in source.proofs)
        table.add_row(name, pen.text(proofs), count(source.refunds.count), pen.money(source.refunds.amount))
    pen.show(table)
    pen.say(Text("One refund may need several sources, so these do not add up.", style="dim"))


def _coverage(pen: Pen, result: AuditResult) -> None:
    if not result.coverage:
        return
    pen.heading("How well the sources cover")
    table = pen.table(("source", "left"), ("place", "left"), ("proof", "wrap"), ("days down", "right"), ("missed", "right"))
    worst = sorted(result.coverage, key=lambda row: (-row.days_down, -row.missed, row.source, row.place))
    for row in worst[:LISTED]:
        down = f"{count(row.days_down)} of {count(row.days_live + row.days_down)}"
        source, place = pen.cell(row.source, 22), pen.cell(row.place or "all places", 16)
        table.add_row(source, place, pen.text(proof_name(row.proof), longest=60), down, pen.fold(reading.miss_rate(row)))
    pen.show(table)
    if len(worst) > LISTED:
        pen.say(Text(f"{len(worst) - LISTED} more in the report", style="dim"))


def _matching(pen: Pen, result: AuditResult) -> None:
    if not result.matching:
        return
    pen.heading("Refunds and the purchases they belong to")
    table = pen.table(("rule", "left"), ("", "wrap"), ("refunds", "right"), ("amount", "right"))
    for row in result.matching:
        name, why = pen.cell(title(words(row.rule)), 30), pen.text(row.explanation, "dim", 160)
        table.add_row(name, why, count(row.refunds.count), pen.money(row.refunds.amount))
    many, money = sum(row.refunds.count for row in result.matching), sum(row.refunds.amount for row in result.matching)
    table.add_row("Together", "", count(many), pen.money(money), style="bold")
    pen.show(table)


def _detectors(pen: Pen, result: AuditResult) -> None:
    every = reading.detectors(result)
    if not every:
        return
    ran, idle = [run for run in every if run.ran], [run for run in every if not run.ran]
    pen.heading("Detectors", f"{len(ran)} ran, {len(idle)} not run")
    table = pen.table(("", "left"), ("", "wrap"), ("", "right"))
    for run in sorted(ran, key=lambda run: (-run.amount, run.name)):
        found = (counted(run.findings, "finding"), pen.money(run.amount)) if run.findings else ("found none", "")
        table.add_row(_name(pen, run), *found)
    for run in sorted(idle, key=lambda run: run.name):
        table.add_row(_name(pen, run), pen.text("not run: " + (run.not_run_because or "no such source"), "yellow"), "")
    pen.show(table)
    if idle:
        pen.say(Text("A detector that did not run has said nothing.", style="dim"))


def _name(pen: Pen, run: DetectorRun) -> Text:
    return pen.cell(title(words(run.name)), 34)


def _books(pen: Pen, result: AuditResult) -> None:
    total = reading.books_total(result)
    pen.heading("The books", counted(len(result.books), "file"))
    table = pen.table(*((name, "right") for name in total))
    table.add_row(*(count(rows) for rows in total.values()))
    pen.show(table)
    pen.say(Text("rows in = mapped + ignored + re-delivered + quarantined", style="dim"))
    for rule, rows in reading.ignored_by_rule(result)[:LISTED]:
        pen.item(f"ignored by rule: {words(rule)}, {counted(rows, 'row')}")
    for bad in result.quarantine[:3]:
        where = f"{plain(bad.file, 60)} row {count(bad.row)}, {plain(bad.field, 40)}"
        pen.item(f"quarantined: {where}: got {plain(bad.got, 60)!r}, expected {plain(bad.expected, 120)}")
    if len(result.quarantine) > 3:
        pen.say(Text(f"{count(len(result.quarantine) - 3)} more quarantined rows in the report", style="dim"))


def _end(pen: Pen, result: AuditResult, report: Path | None) -> None:
    pen.blank()
    if report is not None:
        pen.console.print(Text.assemble("Report: ", (str(report), "bold")), soft_wrap=True)
    pen.console.print(pen.text(f"Beleg {result.beleg_version} · weights {result.weights_version} · {result.engine}", "dim"))
