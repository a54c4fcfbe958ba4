"""The direct route: an array's objects at a place that the kernel reaches by itself, one call without the GIL per request.

In a directory the kernel opens, reads and replaces files, by the same protocol as `zarr._store.local`. Among the values of
a memory store it reads; writing there is encoding several objects at once and putting the results, on condition that they
are still what they were made from.
"""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zarr._engine.extension import extension
from zarr._engine.native_request import NativeRequest, as_axes, encode_several, lend, lent_dtype
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding, V2ChunkKeyEncoding
from zarr._store.locks import DirectoryHold
from zarr._store.mounts import doubtful_kind, warn_of
from zarr._store.native_place import Values
from zarr._store.versioned import ABSENT, ANY, UNLOCKED

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._engine.contract import Encoded, ObjectRequest, Reached
    from zarr._grid.chunk_keys import ChunkKeyEncoding
    from zarr._metadata.spec import ArraySpec
    from zarr._selection.model import Selection
    from zarr._store.native_place import NativePlace
    from zarr._store.versioned import Hold

_BATCH_NBYTES = 64 * 2**20
"""Elements of about so many bytes are encoded together before they are put into a memory store."""


def reach(
    kernel: Any,
    spec: ArraySpec,
    place: NativePlace,
    keys: ChunkKeyEncoding,
    prefix: str,
    *,
    caches: bool,
    before: Reached | None,
) -> ReachedObjects | None:
    """`Pipeline.reach` of the array that the kernel's pipeline was compiled for."""
    names = _names(keys, prefix)
    if names is None:
        return None
    if isinstance(place, Values):
        return ReachedValues(kernel, spec, extension().Place.memory(place.values, caches), names, place, keys, prefix)
    known = before.place if isinstance(before, ReachedFiles) else examine(place.path, caches=caches)
    return None if known is None else ReachedFiles(kernel, spec, known, names, place.path)


def examine(directory: str, *, caches: bool) -> Any:
    """The kernel's place for a directory, with what it finds out about that; None where it has none.

    That is on some systems, and of a path that is no UTF-8: its paths are text.
    """
    places = extension().Place
    try:
        return places.directory(directory, caches) if hasattr(places, "directory") else None
    except UnicodeEncodeError:
        return None


def _names(keys: ChunkKeyEncoding, prefix: str) -> Any:
    """The kernel's names of objects; None for an encoding that it does not know, and for a path that is no UTF-8."""
    if type(keys) is not DefaultChunkKeyEncoding and type(keys) is not V2ChunkKeyEncoding:
        return None
    try:
        return extension().Keys(keys.name, keys.separator, prefix)
    except UnicodeEncodeError:
        return None


class ReachedObjects(ABC):
    """Reading, which is the same at every place.

    Parameters
    ----------
    kernel, spec
        The kernel's pipeline of the array, and what it was compiled from.
    place, names
        The kernel's place, and its names of the objects there.
    """

    __slots__ = ("_kernel", "_names", "_spec", "place")

    can_write = True

    def __init__(self, kernel: Any, spec: ArraySpec, place: Any, names: Any) -> None:
        self._kernel, self._spec, self.place, self._names = kernel, spec, place, names

    def read(self, selection: Selection, memory: npt.NDArray[Any], max_threads: int) -> None:
        axes, is_points = as_axes(selection)
        self._kernel.read(self.place, self._names, axes, is_points, lend(memory), max_threads)

    @abstractmethod
    def write(
        self, selection: Selection, memory: npt.NDArray[Any], max_threads: int, *, sync: bool, hold: Hold | None
    ) -> Sequence[ObjectRequest]:
        """`Reached.write`."""

    def getter(self) -> Any:
        """`_native.Getter` for the array's objects at this place."""
        spec = self._spec
        return extension().Getter(
            self._kernel, self.place, self._names, spec.shape, spec.dtype, spec.config.order, lent_dtype(spec.dtype)
        )


class ReachedFiles(ReachedObjects):
    """An array's objects in a directory.

    Parameters
    ----------
    kernel, spec, place, names
        As for any place.
    directory
        The store's.
    """

    __slots__ = ("_directory",)

    def __init__(self, kernel: Any, spec: ArraySpec, place: Any, names: Any, directory: str) -> None:
        super().__init__(kernel, spec, place, names)
        self._directory = directory

    @property
    def can_write(self) -> bool:  # type: ignore[override]  # a fact about the place
        found: bool = self.place.can_write
        return found

    def write(
        self, selection: Selection, memory: npt.NDArray[Any], max_threads: int, *, sync: bool, hold: Hold | None
    ) -> Sequence[ObjectRequest]:
        axes, is_points = as_axes(selection)
        held = hold.directory if isinstance(hold, DirectoryHold) else None
        if held is None and hold is not UNLOCKED:
            self._see_where_locks_end(axes, is_points)
        self._kernel.write(self.place, self._names, axes, is_points, lend(memory), max_threads, sync, held)
        return ()

    def _see_where_locks_end(self, axes: Any, is_points: bool) -> None:
        """Warn where others may have the locks too that the kernel takes to change parts of objects."""
        try:
            device = os.stat(self._directory).st_dev  # noqa: PTH116  # for each write, and Path takes longer
        except FileNotFoundError:  # nothing to change
            return
        kind = doubtful_kind(self._directory, device)
        if kind is None:
            return
        planned = self._kernel.request(axes, is_points)
        if not all(planned.is_whole(number) for number in range(planned.n_objects)):
            warn_of(kind, self._directory, device)


class ReachedValues(ReachedObjects):
    """An array's objects among the values of a memory store.

    Parameters
    ----------
    kernel, spec, place, names
        As for any place.
    values
        What the store says of it.
    keys, prefix
        The names of objects, for the store.
    """

    __slots__ = ("_keys", "_prefix", "_values")

    def __init__(
        self,
        kernel: Any,
        spec: ArraySpec,
        place: Any,
        names: Any,
        values: Values,
        keys: ChunkKeyEncoding,
        prefix: str,
    ) -> None:
        super().__init__(kernel, spec, place, names)
        self._values, self._keys, self._prefix = values, keys, prefix

    def write(
        self, selection: Selection, memory: npt.NDArray[Any], max_threads: int, *, sync: bool, hold: Hold | None
    ) -> Sequence[ObjectRequest]:
        planned, lent = self._kernel.request(*as_axes(selection)), lend(memory)
        step = max(1, _BATCH_NBYTES // max(1, self._object_nbytes))
        lost: list[ObjectRequest] = []
        for first in range(0, planned.n_objects, step):
            numbers = range(first, min(first + step, planned.n_objects))
            lost += [NativeRequest(planned, n, lent) for n in self._put(planned, numbers, lent, max_threads, hold)]
        return lost

    def _put(
        self, planned: Any, numbers: range, lent: npt.NDArray[Any], max_threads: int, hold: Hold | None
    ) -> list[int]:
        """Encode objects and put them. Answers with the numbers of those that another writer changed meanwhile."""
        keys = [self._prefix + self._keys.encode_chunk_key(planned.coords(number)) for number in numbers]
        whole = [planned.is_whole(number) for number in numbers]
        old: list[Encoded] = [
            None if covered else self._values.get(key) for key, covered in zip(keys, whole, strict=True)
        ]
        new = encode_several(planned, numbers.start, old, lent, max_threads)
        lost = []
        for number, key, covered, before, encoded in zip(numbers, keys, whole, old, new, strict=True):
            expected = ANY if covered else ABSENT if before is None else before
            if not self._values.replace(key, encoded, expected=expected, hold=hold):
                lost.append(number)
        return lost

    @property
    def _object_nbytes(self) -> int:
        """Decoded size of one stored object, of the largest."""
        return math.prod(self._spec.grid.largest(self._spec.shape)) * self._spec.dtype.itemsize
