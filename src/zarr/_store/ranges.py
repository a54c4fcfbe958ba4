"""Byte ranges: merging neighbours, so that one request serves several."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from zarr._buffer.byte_range import ByteRequest, RangeByteRequest


def coalesce(
    ranges: list[tuple[int, int]], *, max_gap_nbytes: int, max_nbytes: int, most_waste: float | None = None
) -> list[tuple[int, int]]:
    """Merge byte ranges that lie close together.

    Parameters
    ----------
    ranges
        `(start, stop)` pairs in any order; not changed.
    max_gap_nbytes
        Ranges further apart than this stay apart.
    max_nbytes
        A union larger than this is not made (a single range may be).
    most_waste
        All gaps together are at most this share of what the ranges hold: the narrowest are bridged first.

    Returns
    -------
    Sorted ranges, each of the given ones inside one of them.

    Examples
    --------
    >>> coalesce([(6, 9), (0, 4), (100, 110)], max_gap_nbytes=2, max_nbytes=50)
    [(0, 9), (100, 110)]
    """
    if most_waste is not None and ranges:
        max_gap_nbytes = min(max_gap_nbytes, _widest_gap(ranges, most_waste))
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if merged:
            first, last = merged[-1]
            if start - last <= max_gap_nbytes and max(stop, last) - first <= max_nbytes or stop <= last:
                merged[-1] = (first, max(stop, last))
                continue
        merged.append((start, stop))
    return merged


def _widest_gap(ranges: list[tuple[int, int]], most_waste: float) -> int:
    """The widest of the gaps that can be bridged together with all narrower ones."""
    apart = coalesce(ranges, max_gap_nbytes=0, max_nbytes=sys.maxsize)
    left = int(most_waste * sum(stop - start for start, stop in apart))
    widest = 0
    gaps = sorted(start - stop for (_, stop), (start, _) in pairwise(apart))
    for gap, of_this_width in groupby(gaps):
        left -= gap * len(list(of_this_width))
        if left < 0:
            break
        widest = gap
    return widest


@dataclass(frozen=True, slots=True)
class RangeGroup:
    """One request that serves several.

    Attributes
    ----------
    request
        What to ask the store for.
    members
        For each request that it serves, its position among those asked for, and its part of the answer.
    """

    request: ByteRequest | None
    members: tuple[tuple[int, slice], ...]


def group_ranges(requests: Sequence[ByteRequest | None], *, max_gap_nbytes: int, max_nbytes: int) -> list[RangeGroup]:
    """Gather requests for parts of one object; only those with a known start and end can share one.

    Examples
    --------
    >>> groups = group_ranges([RangeByteRequest(0, 4), None, RangeByteRequest(6, 9)], max_gap_nbytes=2, max_nbytes=50)
    >>> [group.request for group in groups]
    [RangeByteRequest(start=0, end=9), None]
    """
    bounded = [(i, request) for i, request in enumerate(requests) if isinstance(request, RangeByteRequest)]
    bounded.sort(key=lambda entry: (entry[1].start, entry[1].end))
    groups = []
    runs = coalesce(
        [(request.start, request.end) for _, request in bounded], max_gap_nbytes=max_gap_nbytes, max_nbytes=max_nbytes
    )
    position = 0
    for start, stop in runs:
        members = []
        while position < len(bounded) and bounded[position][1].end <= stop:
            i, request = bounded[position]
            members.append((i, slice(request.start - start, request.end - start)))
            position += 1
        groups.append(RangeGroup(RangeByteRequest(start, stop), tuple(members)))
    alone = [i for i, request in enumerate(requests) if not isinstance(request, RangeByteRequest)]
    return [*groups, *(RangeGroup(requests[i], ((i, slice(None)),)) for i in alone)]
