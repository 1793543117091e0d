"""Which rows a rule speaks about: conditions on columns as masks over a batch."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa

from beleg.connect.columns import Column, Mask, nulls, pc, texts, to_mask
from beleg.connect.mapping import Condition, When
from beleg.connect.values import decimal_of, each_distinct

_NUMERIC: dict[str, Callable[[int], bool]] = {
    "positive": lambda sign: sign > 0,
    "negative": lambda sign: sign < 0,
    "zero": lambda sign: sign == 0,
    "not_positive": lambda sign: sign <= 0,
    "not_negative": lambda sign: sign >= 0,
}


def holds(when: When, column: Callable[[str], Column], rows: int, decimal: str) -> Mask:
    """The rows for which every condition holds; a number that cannot be read fulfils no condition on numbers."""
    mask = np.ones(rows, dtype=np.bool_)
    for name, wanted in when.items():
        condition = Condition(shape=wanted) if isinstance(wanted, str) else wanted
        mask &= _one(condition, column(name), decimal)
    return mask


def unreadable_numbers(when: When, column: Callable[[str], Column], decimal: str) -> dict[str, Mask]:
    """For each column that a condition takes for a number: the rows whose text is none."""
    found = {}
    for name, wanted in when.items():
        shape = wanted if isinstance(wanted, str) else wanted.shape
        if shape in _NUMERIC:
            text = column(name)
            _, bad = each_distinct(text, lambda entry: decimal_of(entry, decimal) > 0, pa.bool_())
            found[name] = bad
    return found


def _one(condition: Condition, text: Column, decimal: str) -> Mask:
    mask = np.ones(len(text), dtype=np.bool_)
    if condition.shape:
        mask &= _shape(condition.shape, text, decimal)
    if condition.equals is not None:
        mask &= _is_in(text, condition.equals)
    if condition.not_equals is not None:
        mask &= ~_is_in(text, condition.not_equals)
    if condition.starts is not None:
        starts = [condition.starts] if isinstance(condition.starts, str) else condition.starts
        mask &= np.logical_or.reduce([to_mask(pc.starts_with(text, start)) for start in starts])
    if condition.matches is not None:
        mask &= to_mask(pc.match_substring_regex(text, condition.matches))
    if condition.not_matches is not None:
        mask &= ~to_mask(pc.match_substring_regex(text, condition.not_matches))
    return mask


def _is_in(text: Column, words: str | list[str]) -> Mask:
    wanted = [words] if isinstance(words, str) else words
    return to_mask(pc.is_in(text, value_set=texts(wanted)))


def _shape(shape: str, text: Column, decimal: str) -> Mask:
    if shape in {"empty", "filled"}:
        empty = nulls(text)
        return empty if shape == "empty" else ~empty
    test = _NUMERIC[shape]
    found, _ = each_distinct(text, lambda entry: test(_sign(decimal_of(entry, decimal))), pa.bool_())
    return to_mask(found)


def _sign(number: Decimal) -> int:
    return (number > 0) - (number < 0)
