"""The native engine, and the door to the extension: the only module that imports it.

A missing or broken extension is a fact to report, not an error to raise here: `load_problem` says what went wrong.

The engine takes arrays that `describe` can put in plain numbers. Its pipeline plans a request itself, from the
normalised selection, and hands out a `NativeRequest`, which works on one stored object at a time: encoded bytes in,
elements in place, or elements in and encoded bytes out. What reaches it in other memory than NumPy's goes to the
reference engine's pipeline of the same array, as do the index codecs, which flows ask for by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE, declare_immutable
from zarr._codec.raw import octets
from zarr._engine.base import Rejection
from zarr._engine.describe import describe
from zarr._engine.reference import ReferencePipeline
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding, V2ChunkKeyEncoding
from zarr._selection.model import IntAxis, PointSelection, SliceAxis
from zarr._support.imports_on_use import importing

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer, BufferPrototype, NDBuffer
    from zarr._engine.base import Encoded, Engine
    from zarr._engine.describe import Description
    from zarr._grid.chunk_keys import ChunkKeyEncoding
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan.batch import Projection
    from zarr._selection.model import AxisSelection, Selection


@lru_cache(maxsize=1)
def _load() -> tuple[Any, str | None]:
    try:
        with importing:
            from zarr import _native  # on use: with engine "python" it is never imported
            from zarr._native import OwnedBytes, Place  # noqa: F401  # an older build lacks one, and is refused
    except ImportError as exc:
        if find_spec("zarr._native") is None:
            return None, "its extension in Rust, zarr._native, was not built"
        return None, f"importing its extension zarr._native failed ({exc})"
    declare_immutable(OwnedBytes)
    return _native, None


def load_problem() -> str | None:
    """Why the extension cannot be used; None if it can."""
    return _load()[1]


def engines() -> tuple[Engine, ...]:
    """The engines that the loaded extension provides, best first."""
    return (_ENGINE,)


def set_cache_capacity(nbytes: int | None) -> None:
    """Let the chunk cache of this process hold so many bytes at most; None for a share of the memory."""
    module, _ = _load()
    if module is not None:
        module.set_cache_capacity(module.default_cache_nbytes() if nbytes is None else nbytes)


def build_info() -> dict[str, str] | None:
    """Version, profile and target of the extension; None if it is not loaded."""
    module, _ = _load()
    return None if module is None else module.build_info()


class NativeEngine:
    """Takes arrays of fixed-size elements on regular grids, if every codec is one that the kernel has."""

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
        problem = _load()[0].codec_problem(described["codecs"])
        return None if problem is None else Rejection(problem)

    def compile(self, spec: ArraySpec, prototype: BufferPrototype) -> NativePipeline:
        described = self._described(spec)
        self._last = None
        if isinstance(described, Rejection):
            raise ValueError(f"not an accepted array: {described.reason}")  # noqa: TRY004  # a value, not an argument
        return NativePipeline(spec, prototype, described)


_ENGINE = NativeEngine()


class NativePipeline:
    """The codec chain of one array, compiled by the kernel.

    Parameters
    ----------
    spec, prototype
        The array and the buffers it works with.
    description
        What `describe` made of the spec.
    """

    engine = "native"

    def __init__(self, spec: ArraySpec, prototype: BufferPrototype, description: Description) -> None:
        self._spec, self._prototype = spec, prototype
        module, _ = _load()
        self.native = module.Pipeline(**description)

    @cached_property
    def _reference(self) -> ReferencePipeline:
        return ReferencePipeline(self._spec, self._prototype)

    def request(self, selection: Selection, memory: object) -> NativeRequest | None:
        """The plan of a request that reads into or writes from `memory`; None if that is not plain NumPy memory.

        Elements of another dtype, even if only in byte order, are converted on their way, which NumPy does.
        """
        lent = lend(memory, self._spec.dtype)
        if lent is None:
            return None
        return NativeRequest(self.native.request(*_wanted(selection)), lent)

    def files(self, place: Any, keys: ChunkKeyEncoding, prefix: str) -> NativeFiles | None:
        """The array's objects in a local directory, reached by the kernel itself; None if it cannot.

        Parameters
        ----------
        place
            The directory, from `local_files`.
        keys, prefix
            How objects are named: the encoding, and what goes before it, which is empty or ends in a slash.
        """
        native_keys = _native_keys(keys, prefix)
        return None if native_keys is None or place is None else NativeFiles(self, place, native_keys)

    def values(self, values: dict[str, Buffer], keys: ChunkKeyEncoding, prefix: str) -> NativeValues | None:
        """The array's objects among the values of a memory store, as `files`."""
        native_keys = _native_keys(keys, prefix)
        place = _load()[0].Place.memory(values)
        return None if native_keys is None else NativeValues(self, place, native_keys)

    def getter(self, place: Any, keys: Any) -> Any:
        """`_native.Getter` for the array's objects in a place of the kernel's."""
        spec = self._spec
        lent_as = np.dtype(f"V{spec.dtype.itemsize}") if spec.dtype.kind in "mM" else None
        module, _ = _load()
        return module.Getter(self.native, place, keys, spec.shape, spec.dtype, spec.config.order, lent_as)

    def decode_into(self, chunks: Sequence[tuple[Encoded, Projection]], out: NDBuffer) -> None:
        self._reference.decode_into(chunks, out)

    def encode_from(self, chunks: Sequence[tuple[Encoded, Projection]], value: npt.NDArray[Any]) -> list[Encoded]:
        return self._reference.encode_from(chunks, value)

    def decode_index(self, level: ShardLevel, encoded: Buffer) -> npt.NDArray[Any]:
        return self._reference.decode_index(level, encoded)

    def encode_index(self, level: ShardLevel, entries: npt.NDArray[Any]) -> Buffer:
        return self._reference.encode_index(level, entries)

    def index_nbytes(self, level: ShardLevel) -> int:
        return self._reference.index_nbytes(level)


class NativeRequest:
    """One selection of one array, planned by the kernel. Objects are numbered in the plan's order.

    Parameters
    ----------
    planned
        The kernel's request.
    memory
        The lent form of the array that is read into or written from.
    """

    __slots__ = ("_memory", "_native")

    def __init__(self, planned: Any, memory: npt.NDArray[Any]) -> None:
        self._native, self._memory = planned, memory

    @property
    def n_objects(self) -> int:
        found: int = self._native.n_objects
        return found

    def coords(self, number: int) -> tuple[int, ...]:
        found: tuple[int, ...] = self._native.coords(number)
        return found

    def is_whole(self, number: int) -> bool:
        found: bool = self._native.is_whole(number)
        return found

    def decode(self, number: int, encoded: Encoded) -> None:
        self._native.decode(number, None if encoded is None else octets(encoded), self._memory)

    def missing_parts(self, number: int, nbytes: int, pieces: Sequence[tuple[int, Buffer]]) -> list[tuple[int, int]]:
        missing: list[tuple[int, int]] = self._native.missing_parts(number, nbytes, _plain(pieces))
        return missing

    def decode_pieces(self, number: int, nbytes: int, pieces: Sequence[tuple[int, Buffer]]) -> None:
        self._native.decode_pieces(number, nbytes, _plain(pieces), self._memory)

    def encode(self, number: int, old: Encoded) -> Encoded:
        (encoded,) = self.encode_several(number, [old], 1)
        return encoded

    def encode_several(self, first: int, old: Sequence[Encoded], max_threads: int) -> list[Encoded]:
        """As `encode`, for objects that follow each other, on several threads (0: as many as there are)."""
        plain = [None if encoded is None else octets(encoded) for encoded in old]
        encoded = self._native.encode(first, plain, self._memory, max_threads)
        return [None if data is None else CPU_PROTOTYPE.buffer.from_bytes(data) for data in encoded]


class NativeFiles:
    """An array's objects in a local directory.

    Parameters
    ----------
    pipeline
        Of the array.
    files, keys
        The kernel's directory and names.
    """

    __slots__ = ("_files", "_keys", "_pipeline")

    def __init__(self, pipeline: NativePipeline, files: Any, keys: Any) -> None:
        self._pipeline, self._files, self._keys = pipeline, files, keys

    def getter(self) -> Any:
        """What reads small selections; see `NativePipeline.getter`."""
        return self._pipeline.getter(self._files, self._keys)

    @property
    def can_write(self) -> bool:
        """Whether the file system has the locks that writers need."""
        found: bool = self._files.can_write
        return found

    def read(self, selection: Selection, lent: npt.NDArray[Any], max_threads: int) -> None:
        """Read a selection into lent memory of its shape.

        Raises what the kernel raises; errors about one object have its coordinates as `object_coords`.
        """
        axes, is_points = _wanted(selection)
        self._pipeline.native.read(self._files, self._keys, axes, is_points, lent, max_threads)

    def write(
        self, selection: Selection, lent: npt.NDArray[Any], max_threads: int, *, sync: bool, held: str | None
    ) -> None:
        """Write lent memory into a selection.

        Parameters
        ----------
        selection, lent, max_threads
            As in `read`.
        sync
            Wait until everything is on the disk.
        held
            The directory that the caller has locked.
        """
        axes, is_points = _wanted(selection)
        native = self._pipeline.native
        native.write(self._files, self._keys, axes, is_points, lent, max_threads, sync, held)


class NativeValues:
    """An array's objects among the values of a memory store, as `NativeFiles`."""

    __slots__ = ("_keys", "_pipeline", "_place")

    def __init__(self, pipeline: NativePipeline, place: Any, keys: Any) -> None:
        self._pipeline, self._place, self._keys = pipeline, place, keys

    def getter(self) -> Any:
        """What reads small selections; see `NativePipeline.getter`."""
        return self._pipeline.getter(self._place, self._keys)

    def read(self, selection: Selection, lent: npt.NDArray[Any], max_threads: int) -> None:
        """Read a selection into lent memory of its shape."""
        axes, is_points = _wanted(selection)
        self._pipeline.native.read(self._place, self._keys, axes, is_points, lent, max_threads)

    def request(self, selection: Selection, lent: npt.NDArray[Any]) -> NativeRequest:
        """Plan a request that writes lent memory."""
        return NativeRequest(self._pipeline.native.request(*_wanted(selection)), lent)


def local_files(base: str, *, caches: bool) -> Any:
    """The kernel's place for a directory; None on a system where it has none."""
    place = _load()[0].Place
    return place.directory(base, caches) if hasattr(place, "directory") else None


def lend(memory: object, dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """An array in a form in which the kernel can borrow its memory; None if its memory is not plain elements of `dtype`.

    Subclasses of NumPy's array other than memory maps may give assignment a meaning of their own.
    """
    if type(memory) is not np.ndarray and type(memory) is not np.memmap:
        return None
    array: npt.NDArray[Any] = np.asarray(memory)
    if array.dtype != dtype:
        return None
    if array.dtype.kind in "mM":
        array = array.view(f"V{array.dtype.itemsize}")  # NumPy lends no buffer of dates and durations
    return array if array.ndim else array.reshape(1)


def _plain(pieces: Sequence[tuple[int, Buffer]]) -> list[tuple[int, npt.NDArray[np.uint8]]]:
    return [(offset, octets(piece)) for offset, piece in pieces]


def _native_keys(keys: ChunkKeyEncoding, prefix: str) -> Any:
    """The kernel's names; None for an encoding that it does not know."""
    if type(keys) is DefaultChunkKeyEncoding or type(keys) is V2ChunkKeyEncoding:
        return _load()[0].Keys(keys.name, keys.separator, prefix)
    return None


def _wanted(selection: Selection) -> tuple[tuple[Any, ...], bool]:
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
