"""What crosses into the kernel with a request, and the requests for single objects that it plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.memory import opaque_dtype
from zarr._codec.raw import octets
from zarr._selection.model import IntAxis, PointSelection, SliceAxis

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._engine.contract import Encoded, Pieces
    from zarr._selection.model import AxisSelection, Selection


class NativeRequest:
    """What a selection wants of one stored object.

    Parameters
    ----------
    planned
        The kernel's request, in which stored objects have numbers.
    number
        The object's.
    memory
        The lent form of the array that is read into or written from.
    """

    __slots__ = ("_memory", "_number", "_planned")

    def __init__(self, planned: Any, number: int, memory: npt.NDArray[Any]) -> None:
        self._planned, self._number, self._memory = planned, number, memory

    @property
    def coords(self) -> tuple[int, ...]:
        found: tuple[int, ...] = self._planned.coords(self._number)
        return found

    @property
    def is_whole(self) -> bool:
        found: bool = self._planned.is_whole(self._number)
        return found

    def decode(self, encoded: Encoded) -> None:
        self._planned.decode(self._number, None if encoded is None else octets(encoded), self._memory)

    def missing_parts(self, nbytes: int, pieces: Pieces) -> list[tuple[int, int]]:
        missing: list[tuple[int, int]] = self._planned.missing_parts(self._number, nbytes, _plain(pieces))
        return missing

    def decode_pieces(self, nbytes: int, pieces: Pieces) -> None:
        self._planned.decode_pieces(self._number, nbytes, _plain(pieces), self._memory)

    def encode(self, old: Encoded) -> Encoded:
        (encoded,) = encode_several(self._planned, self._number, [old], self._memory, 1)
        return encoded

    def encode_in_pieces(self, old: Encoded) -> Encoded:
        return self.encode(old)


def encode_several(
    planned: Any, first: int, old: Sequence[Encoded], memory: npt.NDArray[Any], max_threads: int
) -> list[Encoded]:
    """New bytes of objects that follow each other from number `first` on, on several threads (0: as many as there are)."""
    plain = [None if encoded is None else octets(encoded) for encoded in old]
    encoded = planned.encode(first, plain, memory, max_threads)
    return [None if data is None else CPU_PROTOTYPE.buffer.from_bytes(data) for data in encoded]


def lend(memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array in a form in which the kernel can borrow its memory."""
    opaque = lent_dtype(memory.dtype)
    if opaque is not None:
        memory = memory.view(opaque)
    return memory if memory.ndim else memory.reshape(1)


def lent_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """What elements are lent as, where that is not what they are: NumPy lends no buffer of times either."""
    return np.dtype(f"V{dtype.itemsize}") if dtype.kind in "mM" else opaque_dtype(dtype)


def as_axes(selection: Selection) -> tuple[tuple[Any, ...], bool]:
    """A selection as the kernel takes it, and whether it names points."""
    return tuple(map(_axis, selection.axes)), isinstance(selection, PointSelection)


def _axis(axis: AxisSelection) -> Any:
    match axis:
        case IntAxis(index):
            return index
        case SliceAxis(start, step, count):
            return (start, step, count) if count else (0, 1, 0)
        case _:
            return np.ascontiguousarray(axis.indices)  # the positions of a mask are columns of a table


def _plain(pieces: Pieces) -> list[tuple[int, npt.NDArray[np.uint8]]]:
    return [(offset, octets(piece)) for offset, piece in pieces]
