"""The native engine: arrays that `describe` can put in plain numbers, compiled by the kernel.

Its pipeline plans a request itself, from the normalised selection, and hands out a `NativeRequest` for each stored object
that it meets. How it reaches objects without being handed their bytes is in `reached.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE
from zarr._engine.chunks import index_nbytes, object_nbytes
from zarr._engine.contract import Rejection
from zarr._engine.describe import describe
from zarr._engine.extension import extension
from zarr._engine.native_request import NativeRequest, as_axes, lend
from zarr._engine.reached import reach

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import BufferPrototype
    from zarr._engine.contract import Reached
    from zarr._engine.describe import Description
    from zarr._grid.chunk_keys import ChunkKeyEncoding
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._selection.model import Selection
    from zarr._store.native_place import NativePlace


class NativeEngine:
    """Takes arrays whose elements have a fixed size, or are text or byte strings of any length, if every codec is one that
    the kernel has.
    """

    name = "native"

    def __init__(self) -> None:
        self._last: tuple[ArraySpec, Description | Rejection] | None = None

    def _described(self, spec: ArraySpec) -> Description | Rejection:
        """What `describe` says; once for an array that is asked about and then compiled."""
        last = self._last
        if last is None or last[0] is not spec:
            last = self._last = (spec, describe(spec))
        return last[1]

    def accepts(self, spec: ArraySpec, prototype: BufferPrototype) -> Rejection | None:
        if prototype is not CPU_PROTOTYPE:
            return Rejection("the buffers are not NumPy's")
        described = self._described(spec)
        if isinstance(described, Rejection):
            return described
        problem = extension().codec_problem(described["codecs"])
        return None if problem is None else Rejection(problem)

    def compile(self, spec: ArraySpec, prototype: BufferPrototype) -> NativePipeline:
        described = self._described(spec)
        self._last = None
        if isinstance(described, Rejection):
            raise ValueError(f"not an accepted array: {described.reason}")  # noqa: TRY004  # a value, not an argument
        return NativePipeline(spec, described)


class NativePipeline:
    """The codec chain of one array, compiled by the kernel.

    Parameters
    ----------
    spec
        The array.
    description
        What `describe` made of the spec.
    """

    engine = "native"
    delegate = None

    def __init__(self, spec: ArraySpec, description: Description) -> None:
        self._spec = spec
        self._kernel = extension().Pipeline(**description)

    def takes(self, value: object) -> bool:
        return type(value) is np.ndarray and value.dtype.kind == "O" and value.ndim > 0 and self._kernel.takes(value)

    def request(self, selection: Selection, memory: npt.NDArray[Any]) -> Iterator[NativeRequest]:
        planned, lent = self._kernel.request(*as_axes(selection)), lend(memory)
        return (NativeRequest(planned, number, lent) for number in range(planned.n_objects))

    @property
    def shared_nbytes(self) -> int:
        return object_nbytes(self._spec)

    def index_nbytes(self, level: ShardLevel) -> int:
        return index_nbytes(level)

    def reach(
        self, place: NativePlace, keys: ChunkKeyEncoding, prefix: str, *, caches: bool, before: Reached | None
    ) -> Reached | None:
        return reach(self._kernel, self._spec, place, keys, prefix, caches=caches, before=before)
