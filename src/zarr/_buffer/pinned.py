"""Page-locked memory, by way of which elements get to a GPU: it copies from there while the host does something else.

A few slabs are filled in turn. Copies go into the stream that is current for whoever asks (CuPy's, of this thread and of the
array's device), so they are in order with what comes before and after.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.cupy_module import cupy_for

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer.buffers import NDBuffer

N_SLABS = 3
"""One is copied, one is filled, and one is spare, as neither takes the same time each time."""


class Slab:
    """A piece of page-locked memory, and the event by which its last copy is known to be over.

    Parameters
    ----------
    nbytes
        How large it is, unless more is needed.
    """

    __slots__ = ("_copied", "_memory", "_nbytes")

    def __init__(self, nbytes: int) -> None:
        self._nbytes = nbytes
        self._memory: npt.NDArray[np.uint8] = np.empty(0, np.uint8)
        self._copied: Any = None

    def wait(self) -> None:
        """Wait until the GPU has copied what is there."""
        if self._copied is not None:
            self._copied.synchronize()

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """The memory as an array, once it is free; it grows if it has to."""
        nbytes = math.prod(shape) * dtype.itemsize
        if nbytes > len(self._memory):
            self._nbytes = max(self._nbytes, nbytes)
            pinned = cupy_for("page-locked memory").cuda.alloc_pinned_memory(self._nbytes)
            self._memory = np.frombuffer(pinned, np.uint8, self._nbytes)
        return self._memory[:nbytes].view(dtype).reshape(shape)

    def copied(self, event: Any) -> None:
        """Note by which event a copy will be over that has begun."""
        self._copied = event


class Slabs:
    """The slabs by way of which one array on a GPU is filled. When this ends, all copies are over.

    Parameters
    ----------
    target
        The array.
    nbytes
        How large a slab is, unless it needs more or the array is smaller.
    """

    def __init__(self, target: NDBuffer, nbytes: int) -> None:
        self._cupy = cupy_for("page-locked memory")
        self._array: Any = target._data
        self._nbytes = min(nbytes, self._array.nbytes)
        with self._array.device:
            self._stream = self._cupy.cuda.get_current_stream()
        self._slabs: list[Slab] = []
        self._waiting: deque[Slab] = deque()

    def take(self) -> Slab:
        """A slab that nobody else has. At most `N_SLABS` are taken at once."""
        if len(self._slabs) < N_SLABS:
            slab = Slab(self._nbytes)
            self._slabs.append(slab)
            return slab
        return self._waiting.popleft()  # whose copy began first

    def send(self, slab: Slab, elements: npt.NDArray[Any], region: tuple[slice, ...]) -> None:
        """Have the elements that were put into a slab copied to a region of the array, and take the slab back."""
        native = elements.dtype.newbyteorder("=")
        if elements.dtype != native:
            elements = elements.byteswap(inplace=True).view(native)
        part = self._array[(*region, ...)]
        with self._array.device, self._stream:
            if part.flags.c_contiguous:
                part.set(elements, stream=self._stream)
            else:  # on the device itself such a copy is no matter
                whole = self._cupy.empty(part.shape, part.dtype)
                whole.set(elements, stream=self._stream)
                part[...] = whole
            slab.copied(self._stream.record(self._cupy.cuda.Event(block=True, disable_timing=True)))
        self._waiting.append(slab)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is not None:  # perhaps between a copy and its event
            self._stream.synchronize()
        for slab in self._slabs:
            slab.wait()
