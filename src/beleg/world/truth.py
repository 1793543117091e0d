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
    "fee", "ring", "actor", "refunded_at",
)  # fmt: skip
SCHEMA = pa.schema(
    [pa.field(name, pa.int64() if name in _NUMBERS else pa.string(), nullable=name in _OPTIONAL) for name in _COLUMNS]
)
"""One row per settled refund; money in minor units of `currency`, `insider_pay` in US cents."""

_METHODS = tuple("ordinary" if story.name == "none" else story.truth_name() for story in STORIES)
_KINDS, _TWINS = tuple(story.kind for story in STORIES), tuple(story.twin_of for story in STORIES)


class Truth:
    """Collects one row per refund of a chunk."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._pages: list[pa.Table] = []

    def add(self, when: Ints, known: Ints, where: Flags, story: Ints, thread: Column, **columns: Column) -> None:
        """Take in the refunds that `where` lets through and that lie within the window, as the facts' book does."""
        rows = np.flatnonzero(where & (when < self._end) & (known < self._end))
        told: dict[str, Column] = {
            "label": Word(("honest", "fraud"), (~has("kind", "honest", story)).astype(np.int64)), "method": Word(_METHODS, story),
            "kind": Word(_KINDS, story), "twin_of": Word(_TWINS, story), "ring": "", "refunded_at": when,
        }  # fmt: skip
        arrays = {name: arrow_column(column, SCHEMA.field(name).type, rows) for name, column in (told | columns).items()}
        parts = (arrays["order_id"].to_pylist(), arrays["line_id"].to_pylist(), arrow_column(thread, pa.string(), rows).to_pylist())
        named = [slice_id(order, line, str(asked)) for order, line, asked in zip(*parts, strict=True)]
        arrays["slice_id"] = pa.array(named, pa.string())
        arrays["actor"] = arrays["actor"].fill_null("")
        self._pages.append(pa.Table.from_arrays([arrays[field.name] for field in SCHEMA], schema=SCHEMA))

    def flush(self) -> pa.Table:
        """Hand over what was collected, in order of time, and begin afresh."""
        pages, self._pages = self._pages, []
        rows = pa.concat_tables([SCHEMA.empty_table(), *pages])
        return rows.take(np.argsort(rows.column("refunded_at").to_numpy(), kind="stable"))
