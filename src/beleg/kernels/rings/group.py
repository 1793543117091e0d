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
# So many are picked out before they are dealt.
_AT_ONCE = 2048


class Grouped(NamedTuple):
    """Links by one of their ends: `pool[starts[i] : starts[i] + sizes[i]]` are the other ends of `keys[i]`, each once.

    Keys stand the least first, and only those with as many ends as were asked for. `single` says how many keys have just one,
    `counts` how many links each of the other ends has.
    """

    keys: Ints
    starts: Longs
    sizes: Ints
    pool: Ints
    counts: Ints
    single: int


class Listed(NamedTuple):
    """Lists of numbers: `pool[starts[i] : starts[i] + sizes[i]]` for each i."""

    starts: Longs
    sizes: Ints
    pool: Ints


def group(pairs: list[Pairs], keys: int, values: int, least: int) -> Grouped:
    """List what each key is linked to.

    A key met once only needs no list, and most keys are: what is left is dealt into parts by key, so that whatever is then counted
    in a part stays in the cache. A list is written where the links of its part stood.

    Args:
        pairs: keys and values, chunk by chunk.
        keys: all keys are below this.
        values: all values are below this.
        least: 1 to list all keys, 2 those with two links or more, repeated ones counted once.
    """
    if as_written():
        return _group_by_sorting(pairs, keys, values, least)
    shift = max(keys.bit_length() - (_PARTS.bit_length() - 1), 0)
    several = workers()
    spans = [[(_span(one, place, several), _span(other, place, several)) for one, other in pairs] for place in range(several)]
    met, again = _met(spans, keys)
    dealt = again if least > 1 else met
    sizes = np.array(side_by_side(lambda span: _part_sizes(span, shift, dealt, keys), spans))
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes.sum(axis=0))])
    packed = np.empty(ends[-1], np.int64)
    places = ends[:-1] + np.cumsum(sizes, axis=0) - sizes
    counts = [np.zeros(values, np.int32) for _ in range(several)]
    side_by_side(lambda span, place, count: _deal_all(span, (shift, dealt), place, packed, count), spans, places, counts)
    cuts = np.searchsorted(ends[:-1], ends[-1] * np.arange(several + 1) // several)
    cuts[-1] = len(ends) - 1
    listed = side_by_side(
        lambda low, high, count: _list_parts(packed, packed.view(np.int32), ends[low : high + 1], (low, shift, least), count),
        cuts[:-1].tolist(),
        cuts[1:].tolist(),
        counts,
    )
    for one in counts[1:]:
        counts[0] += one
    single = int(np.bitwise_count(met & ~again).sum()) if least > 1 else 0
    found, starts = np.concatenate([one[0] for one in listed]), np.concatenate([one[1] for one in listed])
    lengths = np.concatenate([one[2] for one in listed])
    return Grouped(found, starts, lengths, packed.view(np.int32), counts[0], single + sum(one[3] for one in listed))


def turn(lists: Listed, counts: Ints) -> Listed:
    """Turn lists around: say for each value which lists it is in, in their order.

    Two processors do it, one filling each new list from its front and one from its back.

    Args:
        lists: of values.
        counts: in how many lists each value is.
    """
    ends = np.cumsum(counts, dtype=np.int64)
    size = int(ends[-1]) if len(ends) else 0
    if as_written():
        first = np.cumsum(lists.sizes, dtype=np.int64) - lists.sizes
        values = lists.pool[np.arange(size) + np.repeat(lists.starts - first, lists.sizes)]
        order = np.argsort(values, kind="stable")
        return Listed(ends - counts, counts, np.repeat(np.arange(len(first), dtype=np.int32), lists.sizes)[order])
    turned = np.empty(size, np.int32)
    half, last = int(np.searchsorted(np.cumsum(lists.sizes, dtype=np.int64), size // 2)), len(lists.sizes) - 1
    side_by_side(
        lambda way, place: _fill(lists, way, place, turned), [(0, half, 1), (last, half - 1, -1)], [ends - counts, ends - 1]
    )
    return Listed(ends - counts, counts, turned)


def _group_by_sorting(pairs: list[Pairs], keys: int, values: int, least: int) -> Grouped:
    """Say the same in a few words, which without machine code are the quicker ones."""
    packed = np.sort(np.concatenate([np.empty(0, np.int64), *(one.astype(np.int64) << 32 | other for one, other in pairs)]))
    packed = packed[np.diff(packed, prepend=-1) > 0]
    key, value = packed >> 32, (packed & 0xFFFFFFFF).astype(np.int32)
    length = np.bincount(key, minlength=keys).astype(np.int32)
    found = np.nonzero(length >= least)[0].astype(np.int32)
    starts = (np.cumsum(length, dtype=np.int64) - length)[found]
    counts = np.bincount(value, minlength=values).astype(np.int32)
    return Grouped(found, starts, length[found], value, counts, int((length == 1).sum()) if least > 1 else 0)


def _span(numbers: Numbers, place: int, several: int) -> Numbers:
    return numbers[len(numbers) * place // several : len(numbers) * (place + 1) // several]


def _met(spans: list[list[Pairs]], keys: int) -> tuple[Longs, Longs]:
    """Say by a bit each which keys are met, and which again."""
    met, again = np.zeros(keys // 64 + 1, np.int64), np.zeros(keys // 64 + 1, np.int64)
    for one in side_by_side(lambda span: _met_in(span, keys), spans):
        again |= one[1] | met & one[0]
        met |= one[0]
    return met, again


def _met_in(span: list[Pairs], keys: int) -> tuple[Longs, Longs]:
    met, again = np.zeros(keys // 64 + 1, np.int64), np.zeros(keys // 64 + 1, np.int64)
    for one, _ in span:
        _meet(one, met, again)
    return met, again


def _part_sizes(span: list[Pairs], shift: int, dealt: Longs, keys: int) -> Longs:
    sizes = np.zeros((keys >> shift) + 1, np.int64)
    for one, _ in span:
        _count_parts(one, shift, dealt, sizes)
    return sizes


def _deal_all(span: list[Pairs], how: tuple[int, Longs], place: Longs, packed: Longs, counts: Ints) -> None:
    for one, other in span:
        _count(other, counts)
        _deal(one, other, how, place, packed)


@compiled
def _meet(keys: Numbers, met: Longs, again: Longs) -> None:
    for i in range(len(keys)):
        word, bit = keys[i] >> 6, np.int64(1) << (keys[i] & 63)
        again[word] |= met[word] & bit
        met[word] |= bit


@compiled
def _count_parts(keys: Numbers, shift: int, dealt: Longs, sizes: Longs) -> None:
    for i in range(len(keys)):
        sizes[keys[i] >> shift] += (dealt[keys[i] >> 6] >> (keys[i] & 63)) & 1


@compiled
def _count(values: Numbers, counts: Ints) -> None:
    for i in range(len(values)):
        counts[values[i]] += 1


@compiled
def _deal(keys: Numbers, values: Numbers, how: tuple[int, Longs], place: Longs, packed: Longs) -> None:
    """Put each link that is to be dealt into its part, as one number; those are picked out first, as no branch would guess them."""
    shift, dealt = how
    picked = np.empty(_AT_ONCE, np.int64)
    for begin in range(0, len(keys), _AT_ONCE):
        size = 0
        for i in range(begin, min(begin + _AT_ONCE, len(keys))):
            picked[size] = np.int64(keys[i]) << 32 | np.int64(values[i])
            size += (dealt[keys[i] >> 6] >> (keys[i] & 63)) & 1
        for link in picked[:size]:
            part = link >> 32 + shift
            packed[place[part]] = link
            place[part] += 1


@compiled
def _list_parts(packed: Longs, pool: Ints, ends: Longs, asked: tuple[int, int, int], counts: Ints) -> tuple[Ints, Longs, Ints, int]:
    """List the values of each key of these parts once, in the pool, which is where the parts are; do not count repeated ones.

    Gives the keys listed, where their lists start, how long they are, and how many other keys have one value.
    """
    first, shift, least = asked
    most = (ends[-1] - ends[0]) // least
    keys, starts, sizes = np.empty(most, np.int32), np.empty(most, np.int64), np.empty(most, np.int32)
    near = np.empty(np.diff(ends).max() if len(ends) > 1 else 0, np.int32)
    place = np.empty((1 << shift) + 1, np.int32)
    met = np.zeros(len(counts) // 64 + 1, np.int64)
    known = single = 0
    for part in range(len(ends) - 1):
        scatter(packed[ends[part] : ends[part + 1]], (1 << shift) - 1, place, near)
        begin, size = 0, 2 * ends[part]
        for key in range(1 << shift):
            end = place[key]
            if begin == end:
                continue
            start = size
            for value in near[begin:end]:
                bit = np.int64(1) << (value & 63)
                if met[value >> 6] & bit:
                    counts[value] -= 1
                else:
                    met[value >> 6] |= bit
                    pool[size] = value
                    size += 1
            for value in pool[start:size]:
                met[value >> 6] = 0
            if size - start >= least:
                keys[known], starts[known], sizes[known] = (first + part << shift) + key, start, size - start
                known += 1
            else:
                single += 1
            begin = end
    return keys[:known], starts[:known], sizes[:known], single


@compiled
def _fill(lists: Listed, way: tuple[int, int, int], place: Longs, turned: Ints) -> None:
    """Note the lists from one to another, this way, with each of their values."""
    first, last, step = way
    for one in range(first, last, step):
        for value in lists.pool[lists.starts[one] : lists.starts[one] + lists.sizes[one]]:
            turned[place[value]] = one
            place[value] += step


@compiled
def scatter(packed: Longs, mask: int, place: Ints, near: Ints) -> None:
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
