"""Normalised selections: what the user wrote, with nothing left to interpret.

Each axis of the array is an integer (the axis disappears), a run of equally spaced positions, or a list of positions.
In a `GridSelection` they form their outer product, which is what basic and orthogonal selections mean; a basic one has
no lists. In a `PointSelection` the lists of several axes go together and name points. All positions are in range and
not negative.
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
    """The outer product of one selection per array axis.

    Attributes
    ----------
    axes
        One per array axis.
    new_axes
        Positions in the result of axes of length 1 that the user put in (`None` in NumPy's notation), increasing.
    """

    axes: tuple[AxisSelection, ...]
    new_axes: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what is read or written, without the axes that the user put in."""
        return tuple(axis.count for axis in self.axes if not isinstance(axis, IntAxis))

    @property
    def result_shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        if not self.new_axes:
            return self.shape
        lengths = list(self.shape)
        for position in self.new_axes:
            lengths.insert(position, 1)
        return tuple(lengths)

    @property
    def is_scalar(self) -> bool:
        """Whether it names a single element, not an array of one."""
        return not self.new_axes and all(isinstance(axis, IntAxis) for axis in self.axes)


@dataclass(frozen=True, slots=True)
class PointSelection:
    """Points in some axes, with a selection of its own in each other axis.

    What is read or written has the points as its first axis, in order, and then the other axes that are no integers.

    Attributes
    ----------
    axes
        One per array axis. Those that are lists hold the points' positions and are equally long.
    point_shape
        Shape of the points in the result; its product is their number.
    position
        Where the points' axes come in the result, counted in the other axes.
    """

    axes: tuple[AxisSelection, ...]
    point_shape: tuple[int, ...]
    position: int = 0

    @property
    def n_points(self) -> int:
        """Number of points."""
        return next(axis.count for axis in self.axes if isinstance(axis, ArrayAxis))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what is read or written: the number of points, then the other axes."""
        return (self.n_points, *self._others)

    @property
    def result_shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return (*self._others[: self.position], *self.point_shape, *self._others[self.position :])

    @property
    def is_scalar(self) -> bool:
        """Whether it names a single element, not an array of one."""
        return False

    @property
    def _others(self) -> tuple[int, ...]:
        return tuple(axis.count for axis in self.axes if isinstance(axis, SliceAxis))


Selection: TypeAlias = GridSelection | PointSelection
