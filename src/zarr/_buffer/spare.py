"""Memory for elements that is used again: what the system gives anew, it has to clear page by page, which may take as long as
decoding into it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty

if TYPE_CHECKING:
    import numpy.typing as npt

_ALIGNMENT = 64


@dataclass(slots=True)
class Lent:
    """Arrays in spare memory.

    Attributes
    ----------
    arrays
        The arrays, without contents.
    """

    arrays: list[npt.NDArray[Any]]
    _owner: Spare
    _octets: npt.NDArray[np.uint8] | None

    def release(self) -> None:
        """Give the memory back. Whoever has one of the arrays still must not look at it any more."""
        self.arrays = []
        if self._octets is not None:
            self._owner._kept.append(self._octets)
            self._octets = None


class Spare:
    """Keeps memory that was given back. Threads may share one: each takes a piece of its own.

    Examples
    --------
    >>> spare = Spare()
    >>> lent = spare.take([(2, 3), (4,)], np.dtype("f4"))
    >>> [array.shape for array in lent.arrays]
    [(2, 3), (4,)]
    >>> lent.release()
    """

    def __init__(self) -> None:
        self._kept: list[npt.NDArray[np.uint8]] = []  # which is popped and appended to in one step each

    def __reduce__(self) -> tuple[Any, ...]:
        return Spare, ()  # memory stays in its process

    def take(self, shapes: Iterable[tuple[int, ...]], dtype: np.dtype[Any]) -> Lent:
        """Memory for arrays, which are not cleared. Of elements that are references, it is always new."""
        shapes = list(shapes)
        if dtype.hasobject or dtype.kind == "T":
            return Lent([empty(shape, dtype) for shape in shapes], self, None)
        starts, nbytes = [], 0
        for shape in shapes:
            starts.append(nbytes)
            nbytes += -(-math.prod(shape) * dtype.itemsize // _ALIGNMENT) * _ALIGNMENT
        octets = self._octets(nbytes)
        arrays = [
            np.ndarray(shape, dtype, octets.data, offset=start) if math.prod(shape) else empty(shape, dtype)
            for shape, start in zip(shapes, starts, strict=True)
        ]
        return Lent(arrays, self, octets)

    def _octets(self, nbytes: int) -> npt.NDArray[np.uint8]:
        try:
            found = self._kept.pop()
        except IndexError:
            return np.empty(nbytes, np.uint8)
        if len(found) < nbytes:
            del found  # before there is more
            return np.empty(nbytes, np.uint8)
        return found
