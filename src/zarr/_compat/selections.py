"""Selections by zarr-python's functions on them."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._plan.model import numpy_index
from zarr._selection.model import ArrayAxis, IntAxis
from zarr._selection.normalize import expand, orthogonal
from zarr.errors import BoundsCheckError

if TYPE_CHECKING:
    import numpy.typing as npt


def normalize_integer_selection(dim_sel: int, dim_len: int) -> int:
    """A position of an axis, counted from its beginning.

    Examples
    --------
    >>> normalize_integer_selection(-1, 5)
    4
    """
    position = operator.index(dim_sel)
    if not -dim_len <= position < dim_len:
        raise BoundsCheckError(dim_len)
    return position % dim_len


def replace_ellipsis(selection: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """A selection with an entry for each axis: whole slices where there is an ellipsis, or nothing.

    Examples
    --------
    >>> replace_ellipsis((..., 1), (2, 3))
    (slice(None, None, None), 1)
    """
    return expand(selection, shape)


def make_slice_selection(selection: Any) -> list[Any]:
    """Integers, also as arrays of one, as slices of length 1; anything else as it is.

    Examples
    --------
    >>> make_slice_selection((3, slice(1, 5)))
    [slice(3, 4, 1), slice(1, 5, None)]
    """
    return [_as_slice(entry) for entry in selection]


def _as_slice(entry: Any) -> Any:
    if isinstance(entry, int | np.integer):
        return slice(int(entry), int(entry) + 1, 1)
    if isinstance(entry, np.ndarray) and entry.size == 1 and entry.dtype.kind in "iu":
        only = int(entry.item())
        return slice(only, only + 1, 1)
    return entry


def oindex(a: npt.NDArray[Any], selection: Any) -> npt.NDArray[Any]:
    """What an orthogonal selection gives of an array in memory.

    Examples
    --------
    >>> oindex(np.arange(12).reshape(3, 4), ([0, 2], [1, 3])).tolist()
    [[1, 3], [9, 11]]
    """
    found: npt.NDArray[Any] = a[_in_numpy(a, selection)]
    return found


def oindex_set(a: npt.NDArray[Any], selection: Any, value: Any) -> None:
    """Assign to an orthogonal selection of an array in memory."""
    a[_in_numpy(a, selection)] = value


def _in_numpy(a: npt.NDArray[Any], selection: Any) -> Any:
    axes = orthogonal(selection, a.shape).axes
    return numpy_index(
        tuple(
            axis.index
            if isinstance(axis, IntAxis)
            else axis.indices
            if isinstance(axis, ArrayAxis)
            else np.arange(axis.count) * axis.step + axis.start
            for axis in axes
        )
    )


def iter_grid(
    grid_shape: Sequence[int],
    *,
    origin: Sequence[int] | None = None,
    selection_shape: Sequence[int] | None = None,
    order: str = "lexicographic",
) -> Iterator[tuple[int, ...]]:
    """Coordinates of a grid, the last axis fastest: all, or those of a box in it.

    Parameters
    ----------
    grid_shape
        Of the grid.
    origin, selection_shape
        Where the box begins, and its shape; from there to the end of the grid if None.
    order
        Only `"lexicographic"`.

    Examples
    --------
    >>> list(iter_grid((4, 4), origin=(1, 1), selection_shape=(2, 1)))
    [(1, 1), (2, 1)]
    """
    if order != "lexicographic":
        raise NotImplementedError(f"coordinates come in the order 'lexicographic', not {order!r}")
    first = [0] * len(grid_shape) if origin is None else list(origin)
    counts = [n - at for n, at in zip(grid_shape, first, strict=True)] if selection_shape is None else selection_shape
    for at, n, end in zip(first, counts, grid_shape, strict=True):
        if at < 0 or n < 0 or at + n > end:
            raise IndexError(
                f"a box of shape {tuple(counts)} at {tuple(first)} reaches beyond a grid of shape {tuple(grid_shape)}"
            )
    return product(*(range(at, at + n) for at, n in zip(first, counts, strict=True)))


def iter_regions(
    domain_shape: Sequence[int],
    region_shape: Sequence[int],
    *,
    origin: Sequence[int] | None = None,
    selection_shape: Sequence[int] | None = None,
    order: str = "lexicographic",
    trim_excess: bool = True,
) -> Iterator[tuple[slice, ...]]:
    """Regions of one shape that an array is cut into; parameters as of `iter_grid`, in regions.

    Parameters
    ----------
    domain_shape, region_shape
        Of the array, and of a region.
    origin, selection_shape, order
        Which regions.
    trim_excess
        Whether the last ones end with the array.

    Examples
    --------
    >>> list(iter_regions((5,), (3,)))
    [(slice(0, 3, 1),), (slice(3, 5, 1),)]
    """
    grid = [-(-n // size) for n, size in zip(domain_shape, region_shape, strict=True)]
    for coords in iter_grid(grid, origin=origin, selection_shape=selection_shape, order=order):
        yield tuple(
            slice(c * size, min((c + 1) * size, end) if trim_excess else (c + 1) * size, 1)
            for c, size, end in zip(coords, region_shape, domain_shape, strict=True)
        )
