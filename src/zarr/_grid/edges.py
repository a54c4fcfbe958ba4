"""Lengths of chunks that lie side by side along an axis, run by run: a document may say in a few bytes that there are a
billion of them, and nothing here takes more memory for that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat

MOST = 2**63 - 1
"""Positions along an axis are signed 64-bit integers."""
_SHOWN = 20


@dataclass(frozen=True, slots=True, repr=False)
class Edges:
    """Lengths of chunks along an axis.

    Parameters
    ----------
    runs
        A length and how many chunks in a row have it, both at least 1; neighbours differ. `of_runs` sees to that.

    Examples
    --------
    >>> edges = Edges.of([3, 3, 4])
    >>> edges.runs, edges.total, list(edges)
    (((3, 2), (4, 1)), 10, [3, 3, 4])
    """

    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, lengths: Iterable[int]) -> Edges:
        """Chunks of these lengths."""
        return cls.of_runs((length, 1) for length in lengths)

    @classmethod
    def of_runs(cls, runs: Iterable[tuple[int, int]]) -> Edges:
        """Chunks whose lengths are stated in runs, in whatever way these are cut.

        Raises
        ------
        ValueError
            If there are no chunks, if a length or a count is below 1, or if chunks reach beyond what positions can be.
        """
        joined: list[tuple[int, int]] = []
        total = 0
        for length, count in runs:
            if length < 1 or count < 1:
                raise ValueError(
                    f"lengths and counts of chunks must be at least 1, got {count} chunks of length {length}"
                )
            total += length * count
            if joined and joined[-1][0] == length:
                joined[-1] = length, joined[-1][1] + count
            else:
                joined.append((length, count))
        if not joined:
            raise ValueError("an axis has at least one chunk")
        if total > MOST:
            raise ValueError(f"chunks of altogether {total} elements reach beyond 2**63 along one axis")
        return cls(tuple(joined))

    @property
    def total(self) -> int:
        """Length of all chunks together."""
        return sum(length * count for length, count in self.runs)

    @property
    def largest(self) -> int:
        """Length of the longest chunk."""
        return max(length for length, _ in self.runs)

    @property
    def smallest(self) -> int:
        """Length of the shortest chunk."""
        return min(length for length, _ in self.runs)

    @property
    def common_divisor(self) -> int:
        """The greatest length that divides all of them."""
        return math.gcd(*(length for length, _ in self.runs))

    def extended(self, length: int) -> Edges:
        """The same chunks and one more."""
        return Edges.of_runs((*self.runs, (length, 1)))

    def is_continued_by(self, other: Edges) -> bool:
        """Whether the first chunks of the other are these."""
        *before, (length, count) = self.runs
        n = len(before)
        if len(other.runs) <= n or other.runs[:n] != tuple(before):
            return False
        its_length, its_count = other.runs[n]
        return length == its_length and count <= its_count

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(repeat(length, count) for length, count in self.runs)

    def __repr__(self) -> str:
        first = list(islice(self, _SHOWN + 1))
        return f"({', '.join(map(str, first[:_SHOWN]))}{', ...' if len(first) > _SHOWN else ',' * (len(first) == 1)})"
