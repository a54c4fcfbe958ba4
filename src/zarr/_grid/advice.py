"""Chunk and shard shapes for what will be read and written: by what it costs, and not by rules of thumb.

Reading a box costs, for each chunk that it meets, the time that a request takes and the time to move and decode all of the chunk.
What that is beside the time for the elements alone is the price of a chunk shape for this kind of reading; the mean price over all kinds is made
small, by doubling and halving lengths as long as that helps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of reading or writing.

    Attributes
    ----------
    name
        For texts.
    shape
        What is read at once, inside the array.
    weight
        How often, beside others.
    """

    name: str
    shape: tuple[int, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What a place of stored objects costs.

    Attributes
    ----------
    request_s
        Seconds for each object or part of one, as they come when many are asked for together.
    nbytes_per_s
        Decoded bytes per second.
    """

    request_s: float
    nbytes_per_s: float


def n_met(shape: Sequence[int], chunks: Sequence[int], box: Sequence[int]) -> float:
    """How many chunks a box meets in the mean, wherever it is.

    Examples
    --------
    >>> n_met((100, 100), (10, 10), (100, 1)), round(n_met((100, 100), (10, 10), (5, 10)), 2)
    (10.0, 2.66)
    """
    found = 1.0
    for length, chunk, n in zip(shape, chunks, box, strict=True):
        found *= min(-(-length // chunk), (n - 1) / chunk + 1) if n < length else -(-length // chunk)
    return found


def price(shape: Sequence[int], chunks: Sequence[int], itemsize: int, pattern: Pattern, costs: Costs) -> float:
    """How many times as long reading takes as its elements alone would, in one object."""
    n = n_met(shape, chunks, pattern.shape)
    per_chunk = costs.request_s + math.prod(chunks) * itemsize / costs.nbytes_per_s
    alone = costs.request_s + math.prod(pattern.shape) * itemsize / costs.nbytes_per_s
    return n * per_chunk / alone


def chunks_for(
    shape: Sequence[int], itemsize: int, patterns: Sequence[Pattern], costs: Costs, most_nbytes: int
) -> tuple[int, ...]:
    """The chunk shape of the lowest price among those of at most so many bytes.

    Examples
    --------
    >>> series, maps = Pattern("series", (1000, 1, 1), 1), Pattern("maps", (1, 500, 500), 1)
    >>> costs = Costs(1e-4, 1e9)
    >>> chunks_for((1000, 500, 500), 4, [maps], costs, 10**7), chunks_for((1000, 500, 500), 4, [series], costs, 10**7)
    ((1, 500, 500), (1000, 1, 1))
    """
    lengths = [max(1, n) for n in shape]
    most = max(1, most_nbytes // max(1, itemsize))

    def total(chunks: Sequence[int]) -> float:
        return sum(each.weight * price(lengths, chunks, itemsize, each, costs) for each in patterns)

    best = tuple(1 for _ in lengths)
    best_price = total(best)
    for pattern in patterns:  # from what is best for each alone
        for found in (_fitting(pattern.shape, most), best):
            if total(found) < best_price:
                best, best_price = found, total(found)
    while True:
        found = min(_neighbours(best, lengths, most), key=total, default=best)
        if total(found) >= best_price * (1 - 1e-9):
            return _evened(best, lengths)
        best, best_price = found, total(found)


def _fitting(box: Sequence[int], most: int) -> tuple[int, ...]:
    """A box, halved along its longest axis until it is small enough."""
    lengths = list(box)
    while math.prod(lengths) > most:
        axis = max(range(len(lengths)), key=lengths.__getitem__)
        lengths[axis] = -(-lengths[axis] // 2)
    return tuple(lengths)


def _neighbours(chunks: tuple[int, ...], lengths: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    def changed(*steps: tuple[int, int]) -> tuple[int, ...]:
        made = list(chunks)
        for axis, up in steps:
            made[axis] = min(lengths[axis], made[axis] * 2) if up > 0 else max(1, -(-made[axis] // 2))
        return tuple(made)

    axes = range(len(chunks))
    found = {changed((axis, up)) for axis in axes for up in (-1, 1)}
    found |= {changed((a, 1), (b, -1)) for a, b in permutations(axes, 2)}
    found.discard(chunks)
    yield from (each for each in sorted(found) if math.prod(each) <= most)


def _evened(chunks: Sequence[int], lengths: Sequence[int]) -> tuple[int, ...]:
    """As many chunks, of which the last one along an axis is not much shorter than the others."""
    return tuple(-(-n // -(-n // c)) for c, n in zip(chunks, lengths, strict=True))


def shards_for(
    shape: Sequence[int],
    chunks: Sequence[int],
    itemsize: int,
    target_nbytes: int,
    most: Sequence[int] | None = None,
) -> tuple[int, ...]:
    """A shard shape of whole chunks, of about so many bytes.

    Parameters
    ----------
    most
        Along each axis, how long a shard may be: what is written at once, so that whole shards are. None for the array.

    Examples
    --------
    >>> shards_for((1000, 500, 500), (10, 100, 100), 4, 64 * 10**6)
    (40, 500, 500)
    >>> shards_for((1000, 500, 500), (10, 100, 100), 4, 64 * 10**6, most=(10, 500, 500))
    (10, 500, 500)
    """
    counts = [-(-max(1, n) // c) for n, c in zip(shape, chunks, strict=True)]
    limits = [max(1, min(n, m // c)) for n, m, c in zip(counts, shape if most is None else most, chunks, strict=True)]
    if most is None:
        limits = counts
    factors, nbytes = [1] * len(chunks), math.prod(chunks) * itemsize
    grows = True
    while grows:
        grows = False
        for axis in reversed(range(len(chunks))):
            wanted = min(limits[axis], 2 * factors[axis])
            others = math.prod(factors) // factors[axis]
            if wanted > factors[axis] and others * wanted * nbytes <= target_nbytes:
                factors[axis] = wanted
                grows = True
    return tuple(c * k for c, k in zip(chunks, factors, strict=True))
