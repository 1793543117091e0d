"""What really happened to each refund, kept apart from the facts and never read by anything that detects."""

import numpy as np
import pyarrow as pa

from beleg.facts.slices import slice_id
from beleg.world.columns import Column, Flags, Ints, Word, arrow_column
from beleg.world.stories import STORIES, has

_OPTIONAL = ("order_id", "line_id")
_NUMBERS = ("amount", "insider_pay", "fee", "refunded_at")
_COLUMNS = (
    "slice_id", "refund_id", "order_id", "line_id", "label", "method", "kind", "twin_of", "amount", "currency", "insider_pay",
    "fee", "ring", "actor", "refunded_at", "account_id", "scheme",
)  # fmt: skip
SCHEMA = pa.schema(
    [pa.field(name, pa.int64() if name in _NUMBERS else pa.string(), nullable=name in _OPTIONAL) for name in _COLUMNS]
)
"""One row per settled refund; money in minor units of `currency`, `insider_pay` in US cents.

A slice that was paid in two parts, or paid again, has a row for each.
"""

_PARTS = ("kind", "subject", "role", "group", "since")
SUBJECTS = pa.schema([pa.field(name, pa.int64() if name == "since" else pa.string(), nullable=False) for name in _PARTS])
"""One row per part that an account, a member of staff or a session plays: its role and the ring or group it plays it in.

Roles in rings: customer, made (an account opened for the ring), recruiter, lent, banned, returned, insider, phished, desk pair,
former colleague. Roles without a ring: paid reviewer, insider, phished, duty collapse, padder. All other roles are honest.
"""

_METHODS = tuple("ordinary" if story.name == "none" else story.truth_name() for story in STORIES)
_KINDS, _TWINS = tuple(story.kind for story in STORIES), tuple(story.twin_of for story in STORIES)


class Truth:
    """Collects one row per refund of a chunk."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._pages: list[pa.Table] = []
        self._subjects: list[pa.Table] = []

    def tell(self, kind: str, subject: Column, role: str, group: Column, since: Ints) -> None:
        """Say which part these play, from then on; nothing is told of what begins after the window."""
        rows = np.flatnonzero(since < self._end)
        told: dict[str, Column] = {"kind": kind, "subject": subject, "role": role, "group": group, "since": since}
        arrays = [arrow_column(told[field.name], field.type, rows) for field in SUBJECTS]
        self._subjects.append(
            pa.Table.from_arrays([array.fill_null("") if array.null_count else array for array in arrays], schema=SUBJECTS)
        )

    def subjects(self) -> pa.Table:
        """All that was told of accounts, staff and sessions."""
        return pa.concat_tables([SUBJECTS.empty_table(), *self._subjects]).sort_by([(name, "ascending") for name in SUBJECTS.names])

    def add(self, when: Ints, known: Ints, where: Flags, story: Ints, thread: Column, **columns: Column) -> None:
        """Take in the refunds that `where` lets through and that lie within the window, as the facts' book does."""
        rows = np.flatnonzero(where & (when < self._end) & (known < self._end))
        told: dict[str, Column] = {
            "label": Word(("honest", "fraud"), (~has("kind", "honest", story)).astype(np.int64)), "method": Word(_METHODS, story),
            "kind": Word(_KINDS, story), "twin_of": Word(_TWINS, story), "refunded_at": when,
        }  # fmt: skip
        arrays = {name: arrow_column(column, SCHEMA.field(name).type, rows) for name, column in (told | columns).items()}
        parts = (arrays["order_id"].to_pylist(), arrays["line_id"].to_pylist(), arrow_column(thread, pa.string(), rows).to_pylist())
        named = [slice_id(order, line, str(asked)) for order, line, asked in zip(*parts, strict=True)]
        arrays["slice_id"] = pa.array(named, pa.string())
        for name in ("actor", "ring", "account_id"):
            arrays[name] = arrays[name].fill_null("")
        self._pages.append(pa.Table.from_arrays([arrays[field.name] for field in SCHEMA], schema=SCHEMA))

    def flush(self) -> pa.Table:
        """Hand over what was collected, in order of time, and begin afresh."""
        pages, self._pages = self._pages, []
        rows = pa.concat_tables([SCHEMA.empty_table(), *pages])
        return rows.take(np.argsort(rows.column("refunded_at").to_numpy(), kind="stable"))
