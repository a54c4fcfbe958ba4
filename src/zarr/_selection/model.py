"""Normalised selections: what the user wrote, with nothing left to interpret.

Each axis of the array is an integer (the axis disappears), a run of equally spaced positions, or a list of positions.
Their outer product is what basic and orthogonal selections mean; a basic one has no lists. All positions are in range
and not negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class IntAxis:
    """One position; the axis does not appear in the result."""

    index: int


@dataclass(frozen=True, slots=True)
class SliceAxis:
    """`count` positions from `start` on, `step` apart (never 0, may be negative)."""

    start: int
    step: int
    count: int


@dataclass(frozen=True, slots=True)
class ArrayAxis:
    """Positions in any order, repeats allowed: an int64 array of one dimension."""

    indices: npt.NDArray[np.int64]

    @property
    def count(self) -> int:
        return len(self.indices)


AxisSelection: TypeAlias = IntAxis | SliceAxis | ArrayAxis


@dataclass(frozen=True, slots=True)
class GridSelection:
    """The outer product of one selection per array axis."""

    axes: tuple[AxisSelection, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return tuple(axis.count for axis in self.axes if not isinstance(axis, IntAxis))

    @property
    def is_box(self) -> bool:
        """Whether no axis is a list of positions."""
        return not any(isinstance(axis, ArrayAxis) for axis in self.axes)
