"""A batch of rows through one source's rules: facts out, and every row accounted for."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from msgspec import Struct

from beleg.connect.batch import Batch, Unread
from beleg.connect.columns import Column, Mask, none, numerals, pc, repeated, strung, taken, to_numbers
from beleg.connect.conditions import holds, unreadable_numbers
from beleg.connect.errors import masked
from beleg.connect.fields import Cell, Setting, evaluate, first_bad, nothing
from beleg.connect.filling import Filling
from beleg.connect.frame import FileFacts, Frame
from beleg.connect.intake import Quarantined
from beleg.connect.mapping import FactRule, IgnoreRule, SourceRule, Spec, as_spec
from beleg.connect.seen import Seen, digests
from beleg.connect.slots import slots
from beleg.connect.times import known_at


class Outcome(Struct):
    """What became of one batch."""

    rows: int = 0
    mapped: int = 0
    ignored: dict[str, int] = {}
    redelivered: int = 0
    quarantined: list[Quarantined] = []
    facts: list[tuple[str, pa.Table]] = []


class _Made(Struct):
    """The facts one rule would make, before it is known which rows are good."""

    rule: FactRule
    frame: Frame
    cells: dict[str, Cell]


class Rules(Struct, frozen=True):
    """Everything said about one source; `feed` is who its facts say they come from, `delay` the time until they are known."""

    feed: str
    facts: list[FactRule]
    ignores: list[IgnoreRule]
    setting: Setting
    delay: int = 0


class Builder:
    """One source's rules, with what must be remembered between batches: keys delivered, and facts to be made only once."""

    def __init__(self, rules: Rules) -> None:
        """Prepare the rules."""
        self._feed, self._setting, self._delay = rules.feed, rules.setting, rules.delay
        self._facts, self._ignores = rules.facts, rules.ignores
        self._specs = [_specs(rule, rules.setting.rule) for rule in rules.facts]
        self.delivered = Seen()
        self._once = [Seen() for _ in rules.facts]
        self._filling = Filling(rules.setting.rule)

    def share(self, other: "Builder") -> None:
        """Know what the other builder was delivered, and let it know in turn."""
        self.delivered = other.delivered

    def start_file(self) -> None:
        """Forget what belongs to the file before."""
        self._filling = Filling(self._setting.rule)

    def take(self, batch: Batch, file: FileFacts) -> Outcome:
        """Judge every row of this batch and make the facts of the good ones."""
        frame = Frame(batch, file, self._setting.rule.empty)
        self._filling.fill(frame)
        outcome = Outcome(rows=batch.rows, ignored={})
        outcome.quarantined = [of_unread(file.name, bad) for bad in batch.unread]
        problems: dict[int, Quarantined] = {}
        keys, contents, fresh = self._fresh(frame, problems, outcome)
        settled = fresh.copy()
        settled[list(problems)] = False
        open_rows = self._ignore(frame, settled, outcome)
        made = [self._make(number, frame, open_rows, problems) for number in range(len(self._facts))]
        self._unclaimed(frame, made, open_rows, problems)
        good = open_rows.copy()
        good[list(problems)] = False
        outcome.mapped = int(good.sum())
        outcome.quarantined += [problems[row] for row in sorted(problems)]
        outcome.facts = [found for number, part in enumerate(made) if (found := self._finish(number, part, good))]
        self._remember(keys, contents, fresh, problems)
        return outcome

    def _fresh(self, frame: Frame, problems: dict[int, Quarantined], outcome: Outcome) -> tuple[list[bytes], list[bytes], Mask]:
        """The rows not delivered before, judged by the source's key; the same key with other contents is a problem."""
        fresh = np.ones(frame.size, dtype=np.bool_)
        if not self._setting.rule.key:
            return [], [], fresh
        keys = digests(joined(frame, self._setting.rule.key).to_pylist())
        contents = digests(frame.contents())
        here: dict[bytes, bytes] = {}
        key_list, content_list = keys.tolist(), contents.tolist()
        for row, before in enumerate(self.delivered.before(keys)):
            earlier = before or here.get(key_list[row])
            if earlier is None:
                here[key_list[row]] = content_list[row]
            elif earlier == content_list[row]:
                fresh[row] = False
            else:
                problems[row] = self._conflict(frame, row)
        outcome.redelivered = int((~fresh).sum())
        return key_list, content_list, fresh

    def _conflict(self, frame: Frame, row: int) -> Quarantined:
        key = " + ".join(self._setting.rule.key)
        return Quarantined(
            frame.file.name,
            int(frame.lines[row]),
            key,
            masked(joined(frame, self._setting.rule.key)[row].as_py()) + " again, with other contents",
            "one row for each key, or the same row again",
            "deliver one version of the row, or add the column that tells versions apart to `key`",
        )

    def _ignore(self, frame: Frame, fresh: Mask, outcome: Outcome) -> Mask:
        open_rows = fresh.copy()
        for rule in self._ignores:
            mask = holds(rule.when, frame.text, frame.size, self._setting.rule.decimal) & open_rows
            if mask.any():
                outcome.ignored[rule.name] = outcome.ignored.get(rule.name, 0) + int(mask.sum())
            open_rows &= ~mask
        return open_rows

    def _make(self, number: int, frame: Frame, open_rows: Mask, problems: dict[int, Quarantined]) -> _Made:
        rule = self._facts[number]
        whole = frame.exploded(rule.each) if rule.each else frame
        mask = holds(rule.when, whole.text, whole.size, self._setting.rule.decimal) & open_rows[whole.parent]
        part = whole.only(mask)
        cells = self._cells(number, part)
        for row, (name, cell) in first_bad(cells).items():
            problems.setdefault(int(part.parent[row]), _problem(part, row, name, cell))
        return _Made(rule, part, cells)

    def _cells(self, number: int, frame: Frame) -> dict[str, Cell]:
        table = slots(self._facts[number].table)
        specs = self._specs[number]
        order = sorted(specs, key=lambda name: name != "currency")
        cells: dict[str, Cell] = {}
        for name in order:
            currency = cells["currency"].values if "currency" in cells else None
            cells[name] = evaluate(table[name], specs[name], frame, self._setting, currency)
        return cells

    def _unclaimed(self, frame: Frame, made: list[_Made], open_rows: Mask, problems: dict[int, Quarantined]) -> None:
        claimed = none(frame.size)
        for part in made:
            claimed[part.frame.parent] = True
        orphans = [int(row) for row in np.flatnonzero(open_rows & ~claimed) if int(row) not in problems]
        if not orphans:
            return
        numbers = self._number_columns(frame)
        for row in orphans:
            problems[row] = _orphan(frame, row, numbers, self._setting.rule.decimal)

    def _number_columns(self, frame: Frame) -> dict[str, Mask]:
        found: dict[str, Mask] = {}
        conditions = [rule.when for rule in self._ignores] + [rule.when for rule in self._facts if not rule.each]
        for when in conditions:
            found |= unreadable_numbers(when, frame.text, self._setting.rule.decimal)
        return found

    def _finish(self, number: int, made: _Made, good: Mask) -> tuple[str, pa.Table] | None:
        kept = good[made.frame.parent]
        kept = self._first_of_each(number, made, kept)
        if not kept.any():
            return None
        frame = made.frame.only(kept)
        chosen = np.flatnonzero(kept)
        cells = {name: taken(cell.values, chosen) for name, cell in made.cells.items()}
        offset = made.cells["occurred_at"].offset if "occurred_at" in made.cells else None
        if "occurred_offset" not in cells and offset is not None:
            cells["occurred_offset"] = taken(offset, chosen)
        columns = self._envelope(number, frame, cells)
        return made.rule.table, pa.table(columns)

    def _first_of_each(self, number: int, made: _Made, kept: Mask) -> Mask:
        if not made.rule.once or not kept.any():
            return kept
        rows = np.flatnonzero(kept)
        coded = taken(joined(made.frame, made.rule.once), rows).dictionary_encode()
        _, first = np.unique(to_numbers(coded.indices), return_index=True)
        keys = digests(coded.dictionary.to_pylist())
        seen = self._once[number]
        chosen = none(len(kept))
        for place, before in zip(first.tolist(), seen.before(keys), strict=True):
            if before is None:
                chosen[rows[place]] = True
        for key in keys[chosen[rows[first]]].tolist():
            seen.add(key, b"")
        return chosen

    def _envelope(self, number: int, frame: Frame, cells: Mapping[str, Column]) -> dict[str, Column]:
        """All columns of the fact, those that every fact carries filled in here."""
        fields = slots(self._facts[number].table)
        columns = {name: cells[name] if name in cells else nothing(slot, frame.size) for name, slot in fields.items()}
        lines = numerals(frame.lines)
        if "id" not in cells:
            columns["id"] = self._ids(number, frame, lines)
        if "source" not in cells:
            columns["source"] = repeated(self._feed, frame.size)
        if "origin" not in cells:
            columns["origin"] = strung([frame.file.name, lines], ":")
        if "known_at" not in cells:
            columns["known_at"] = known_at(columns, self._delay)
        return columns

    def _ids(self, number: int, frame: Frame, lines: Column) -> Column:
        """The source's key if it has one, else the file's digest and the row; then which rule of the row, and which element."""
        rule = self._facts[number]
        key = self._setting.rule.key
        row = joined(frame, key) if key else strung([frame.file.digest[:12], lines], "-")
        parts: list[Column | str] = [f"{self._feed}:{rule.table}", row]
        same = sum(other.table == rule.table for other in self._facts[:number])
        if same:
            parts.append(f"r{same + 1}")
        if frame.position is not None:
            parts.append(numerals(frame.position))
        return strung(parts, ":")

    def _remember(self, keys: list[bytes], contents: list[bytes], fresh: Mask, problems: dict[int, Quarantined]) -> None:
        for row, key in enumerate(keys):
            if fresh[row] and row not in problems:
                self.delivered.add(key, contents[row])


def _specs(rule: FactRule, source: SourceRule) -> dict[str, Spec]:
    specs = {field: as_spec(said) for field, said in rule.fields.items()}
    if source.currency and "currency" in slots(rule.table):
        specs.setdefault("currency", Spec(constant=source.currency))
    return specs


def joined(frame: Frame, names: list[str]) -> Column:
    """Several columns as one text that no other combination gives."""
    parts = [pc.fill_null(frame.piece(name), "") for name in names]
    return parts[0] if len(parts) == 1 else strung(parts, "\x1f")


def of_unread(file: str, bad: Unread) -> Quarantined:
    """A record that could not be cut into fields, as a row in quarantine."""
    return Quarantined(file, bad.line, bad.field, bad.got, bad.expected, bad.mend)


def _problem(frame: Frame, row: int, name: str, cell: Cell) -> Quarantined:
    text, line = cell.text[row].as_py(), int(frame.lines[row])
    if text is None:
        mend = "fill it in, or give it a `default` or an ignore rule in the mapping"
        return Quarantined(frame.file.name, line, name, masked(None), "a value, which every such fact needs", mend)
    return Quarantined(frame.file.name, line, name, masked(text), cell.expected, cell.mend)


def _orphan(frame: Frame, row: int, numbers: dict[str, Mask], decimal: str) -> Quarantined:
    for name, bad in numbers.items():
        text = frame.text(name)[row].as_py()
        if bad[row] or text is None:
            return Quarantined(
                frame.file.name,
                int(frame.lines[row]),
                name,
                masked(text),
                f"a number with {decimal!r} as its decimal sign",
                "correct the value, or set `decimal` for this source in the mapping",
            )
    return Quarantined(
        frame.file.name,
        int(frame.lines[row]),
        "",
        "a row that no rule fits",
        "a row that one of the mapping's fact or ignore rules speaks about",
        "add a rule for such rows, or an ignore rule that says why they are left out",
    )
