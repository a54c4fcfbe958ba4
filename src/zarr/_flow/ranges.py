"""Byte ranges: merging neighbours, so that one request serves several."""

from __future__ import annotations


def coalesce(ranges: list[tuple[int, int]], *, max_gap_nbytes: int, max_nbytes: int) -> list[tuple[int, int]]:
    """Merge byte ranges that lie close together.

    Parameters
    ----------
    ranges
        `(start, stop)` pairs in any order; not changed.
    max_gap_nbytes
        Ranges further apart than this stay apart.
    max_nbytes
        A union larger than this is not made (a single range may be).

    Returns
    -------
    Sorted ranges, each of the given ones inside one of them.

    >>> coalesce([(6, 9), (0, 4), (100, 110)], max_gap_nbytes=2, max_nbytes=50)
    [(0, 9), (100, 110)]
    """
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if merged:
            first, last = merged[-1]
            if start - last <= max_gap_nbytes and max(stop, last) - first <= max_nbytes or stop <= last:
                merged[-1] = (first, max(stop, last))
                continue
        merged.append((start, stop))
    return merged
