"""How many rows of a growing array are written at once: up to where stored objects end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zarr._grid.grid import RegularAxis
from zarr._plan.project import decoded_grid

if TYPE_CHECKING:
    from zarr._metadata.spec import ArraySpec

_LEAST_NBYTES = 2**20
"""Where objects are smaller than this, several are written at once."""


def rows_in_block(spec: ArraySpec, axis: int, end: int, most_nbytes: int) -> int:
    """The number of rows, from `end` on, that end where a stored object does along an axis.

    Where these would take more than `most_nbytes` it is where a decoded chunk ends, and if that is still too much, as many as fit;
    one at least. Where objects are of different lengths along the axis, they count as long as the longest.

    Parameters
    ----------
    spec
        The array, of any length along the axis.
    axis
        Along which rows are counted.
    end
        How many there are already.
    most_nbytes
        Most bytes of a block.

    Examples
    --------
    >>> import zarr
    >>> spec = zarr.create_array({}, shape=(0, 1000), chunks=(1000, 100), dtype="i1")._node.view.spec
    >>> rows_in_block(spec, 0, 0, 10**9), rows_in_block(spec, 0, 300, 10**9), rows_in_block(spec, 0, 0, 2000)
    (2000, 1700, 2)
    """
    per_row = max(1, spec.dtype.itemsize * math.prod(n for i, n in enumerate(spec.shape) if i != axis))
    most = max(1, most_nbytes // per_row)
    for grid in (spec.grid, decoded_grid(spec)):
        length = grid.largest(spec.shape)[axis]
        to_boundary = length - end % length if isinstance(grid.axes[axis], RegularAxis) else length
        if to_boundary <= most:
            several = min(_LEAST_NBYTES // per_row, most - to_boundary) // length
            return to_boundary + several * length
    return most
