"""Lists what each of many numbers is linked to, on all processors, going through memory in order."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import as_written, compiled, side_by_side, workers

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Numbers = npt.NDArray[Any]  # whole numbers of four or of eight bytes
Pairs = tuple[Numbers, Numbers]

# Links are dealt into this many parts, so that what is counted in one part fits the cache.
_PARTS = 1024
# Lists this short are sorted by insertion, which beats a call.
_SHORT = 24


class Grouped(NamedTuple):
    """Links by one of their ends: `pool[ends[i] : ends[i + 1]]` are the other ends of `keys[i]`, each once, the least first.

    Only keys with as many as were asked for are listed; `length` and `counts` say how many links every key and every other end has.
    """

    keys: Ints
    ends: Longs
    pool: Ints
    length: Ints
    counts: Ints


def group(pairs: list[Pairs], keys: int, values: int, least: int, most: int) -> Grouped:
    """List what each key is linked to, for keys with at least so many links and at most so many.

    Links are dealt into parts by key first: whatever is then counted and sorted in a part stays in the cache.

    Args:
        pairs: keys and values, chunk by chunk.
        keys: all keys are below this.
        values: all values are below this.
        least: of links that a key has, each counted once, for it to be listed.
        most: likewise.
    """
    if as_written():
        return _group_by_sorting(pairs, keys, values, least, most)
    shift = max(keys.bit_length() - (_PARTS.bit_length() - 1), 0)
    several = workers()
    spans = [[(_span(one, place, several), _span(other, place, several)) for one, other in pairs] for place in range(several)]
    sizes = np.array(side_by_side(lambda span: _part_sizes(span, shift, keys), spans))
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes.sum(axis=0))])
    packed = np.empty(ends[-1], np.int64)
    side_by_side(lambda span, place: _deal_all(span, shift, place, packed), spans, ends[:-1] + np.cumsum(sizes, axis=0) - sizes)
    length = np.zeros(keys, np.int32)
    cuts = np.searchsorted(ends[:-1], ends[-1] * np.arange(several + 1) // several)
    cuts[-1] = len(ends) - 1
    listed = side_by_side(
        lambda low, high: _list_parts(
            packed, ends[low : high + 1], length[low << shift : high << shift], np.zeros(values, np.int32), (shift, least, most)
        ),
        cuts[:-1].tolist(),
        cuts[1:].tolist(),
    )
    found = [one[0] + np.int32(low << shift) for one, low in zip(listed, cuts.tolist(), strict=False)]
    sizes_listed = np.concatenate([np.zeros(1, np.int64), *(one[1] for one in listed)])
    counts = listed[0][3]
    for one in listed[1:]:
        counts += one[3]
    return Grouped(_end_to_end(found), np.cumsum(sizes_listed), _end_to_end([one[2] for one in listed]), length, counts)


def _group_by_sorting(pairs: list[Pairs], keys: int, values: int, least: int, most: int) -> Grouped:
    """Say the same in a few words, which without machine code are the quicker ones."""
    packed = np.sort(np.concatenate([np.empty(0, np.int64), *(one.astype(np.int64) << 32 | other for one, other in pairs)]))
    packed = packed[np.diff(packed, prepend=-1) > 0]
    key, value = packed >> 32, (packed & 0xFFFFFFFF).astype(np.int32)
    length = np.bincount(key, minlength=keys).astype(np.int32)
    listed = (length >= least) & (length <= most)
    found = np.nonzero(listed)[0].astype(np.int32)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(length[found], dtype=np.int64)])
    return Grouped(found, ends, value[listed[key]], length, np.bincount(value, minlength=values).astype(np.int32))


def _span(numbers: Numbers, place: int, several: int) -> Numbers:
    return numbers[len(numbers) * place // several : len(numbers) * (place + 1) // several]


def _end_to_end(arrays: list[Ints]) -> Ints:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _part_sizes(span: list[Pairs], shift: int, keys: int) -> Longs:
    sizes = np.zeros((keys >> shift) + 1, np.int64)
    for one, _ in span:
        _count_parts(one, shift, sizes)
    return sizes


def _deal_all(span: list[Pairs], shift: int, place: Longs, packed: Longs) -> None:
    for one, other in span:
        _deal(one, other, shift, place, packed)


@compiled
def _count_parts(keys: Numbers, shift: int, sizes: Longs) -> None:
    for i in range(len(keys)):
        sizes[keys[i] >> shift] += 1


@compiled
def _deal(keys: Numbers, values: Numbers, shift: int, place: Longs, packed: Longs) -> None:
    """Put each link, as one number, into its part."""
    for i in range(len(keys)):
        part = keys[i] >> shift
        packed[place[part]] = np.int64(keys[i]) << 32 | np.int64(values[i])
        place[part] += 1


@compiled
def _list_parts(
    packed: Longs, ends: Longs, length: Ints, counts: Ints, asked: tuple[int, int, int]
) -> tuple[Ints, Longs, Ints, Ints]:
    """Sort the links of these parts by key and value, each once.

    Gives the keys listed, counted from the first of these parts, how many values each has, the values, and `counts`.
    """
    shift, least, most = asked
    width = 1 << shift
    keys, sizes = np.empty(len(length), np.int32), np.empty(len(length), np.int64)
    pool = np.empty(ends[-1] - ends[0], np.int32)
    near = np.empty(np.diff(ends).max() if len(ends) > 1 else 0, np.int32)
    place = np.empty(width + 1, np.int64)
    known, size = 0, np.int64(0)
    for part in range(len(ends) - 1):
        scatter(packed[ends[part] : ends[part + 1]], width - 1, place, near)
        begin = np.int64(0)
        for key in range(part << shift, min((part + 1) << shift, len(length))):
            end = place[key & (width - 1)]
            kept = end if end - begin < 2 else begin + sort_once(near[begin:end])
            length[key] = kept - begin
            for i in range(begin, kept):
                counts[near[i]] += 1
            if least <= kept - begin <= most:
                keys[known], sizes[known] = key, kept - begin
                known += 1
                for i in range(begin, kept):
                    pool[size] = near[i]
                    size += 1
            begin = end
    return keys[:known].copy(), sizes[:known].copy(), pool[:size].copy(), counts


@compiled
def scatter(packed: Longs, mask: int, place: Longs, near: Ints) -> None:
    """Put the values of a part together by key; say where those of each key end."""
    place[:] = 0
    for i in range(len(packed)):
        place[((packed[i] >> 32) & mask) + 1] += 1
    for within in range(len(place) - 1):
        place[within + 1] += place[within]
    for i in range(len(packed)):
        within = (packed[i] >> 32) & mask
        near[place[within]] = packed[i] & 0xFFFFFFFF
        place[within] += 1


@compiled
def sort_once(values: Ints) -> int:
    """Sort a list and move each value to the front once; say how many there are."""
    sort(values)
    size = 0
    for value in values:
        if size == 0 or value != values[size - 1]:
            values[size] = value
            size += 1
    return size


@compiled
def sort(values: npt.NDArray[Any]) -> None:
    """Sort a list, most often a short one, where it stands."""
    if len(values) > _SHORT:
        values.sort()
        return
    for i in range(1, len(values)):
        value, place = values[i], i
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
