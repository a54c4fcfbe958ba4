"""`stat`: how many objects there are of each array, how large they are, which chunks are there, and what they hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE, Buffer
from zarr._buffer.memory import empty
from zarr._checks.contents import Contents, sort_out
from zarr._checks.findings import Coords
from zarr._checks.objects import Report, look_into, stored_chunks
from zarr._checks.places import Place, place_of
from zarr._checks.reading import ArrayReading
from zarr._checks.statistics import ArrayStatistics, ChunkValues, CodecStage, Statistics
from zarr._codec.call import codec_name
from zarr._codec.chain import CodecChain
from zarr._engine.chunks import assignable
from zarr._flow.drive import run
from zarr._flow.inventory import stored_coordinates, stored_in
from zarr._flow.load import load_node, look, not_found
from zarr._flow.paths import join
from zarr._flow.requests import Flow, Keys, Size, Together
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.group import GroupMetadata
from zarr._store.abstract import is_able
from zarr._store.path import StorePath
from zarr._support.truth import truth
from zarr.errors import ArgumentError, NodeNotFoundError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._store.abstract import Store

Progress = Callable[[int, int], Any]
_AT_ONCE = 256
_MOST = 16
_SAMPLES = 8
"""In so many objects codecs are looked at one by one."""
_MOST_MAPPED = 2**28
_ORDERED = "biufmM"


def stat(node: Any, *, path: str | None = None, values: bool = False, progress: Progress | None = None) -> Statistics:
    """Count and measure what is stored of an array, or of a group and all that is below it.

    Of shards only the indexes are read, and a few objects to see what each codec does; with `values` every chunk is decoded.

    Parameters
    ----------
    node
        An array or a group, in either form, or where one is: whatever `zarr.open` takes.
    path
        Where the node is, relative to that.
    values
        Whether to look at what chunks hold: least and greatest element, and how many are NaN.
    progress
        Called here with the numbers of objects that were looked at, and of all.

    Returns
    -------
    Statistics
        What there is of each array, and of all together.

    Raises
    ------
    NodeNotFoundError
        If there is nothing.
    ArgumentError
        If there are too many chunks for `values`.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="f4", compressors=None)
    >>> array[:3, :3] = 1
    >>> found = zarr.stat(array, values=True).arrays[""]
    >>> found.n_stored, found.n_chunks_stored, found.nbytes_chunks
    (1, 4, 64)
    >>> found.values.maximum[0]
    array([1., 1., 0., 0.], dtype=float32)
    """
    return run(_Counting(place_of(node, path), progress, values=truth("values", values)).flow())


@dataclass(slots=True)
class _Found:
    """What was found of one array."""

    object_map: npt.NDArray[np.bool_] | None = None
    chunk_map: npt.NDArray[np.bool_] | None = None
    sizes: list[int] = field(default_factory=list)
    n_chunks: int = 0
    n_elements: int = 0
    n_unreadable: int = 0

    @classmethod
    def of(cls, reading: ArrayReading) -> Self:
        """Nothing yet. Of a grid that is too large there is no map."""
        if reading.n_chunks > _MOST_MAPPED:
            return cls()
        return cls(np.zeros(reading.counts, np.bool_), np.zeros(reading.chunk_counts, np.bool_))

    def take(self, reading: ArrayReading, coords: Coords, report: Report) -> None:
        """Take in what looking into an object brought."""
        self.n_unreadable += report.is_unknown
        if not report.is_there:
            return
        self.sizes.append(report.nbytes)
        if self.object_map is not None:
            self.object_map[coords] = True
        for inner in report.stored:
            self.n_chunks += 1
            self.n_elements += math.prod(reading.grids[-1].chunk_shape(inner))
            if self.chunk_map is not None:
                self.chunk_map[inner] = True


class _Counting:
    """One count.

    Parameters
    ----------
    place, progress, values
        As they were asked for.
    """

    def __init__(self, place: Place, progress: Progress | None, *, values: bool) -> None:
        self._place, self._progress, self._values = place, progress, values
        self._store: Store = place.at.store
        self._n_done = self._n_all = 0

    def flow(self) -> Flow[Statistics]:
        """The whole of it."""
        at = self._place.at
        readings: dict[str, ArrayReading] = {}
        stored: dict[str, list[Coords]] = {}
        n_groups = n_metadata = nbytes_metadata = n_other = nbytes_other = 0
        if is_able(self._store.supports_listing):
            contents = sort_out((yield Keys(self._store, at.path)))
            if not contents.documents:
                raise not_found(NodeNotFoundError, at)
            n_groups, readings, stored, others = yield from self._all(contents)
            documents = [join(path, name) for path, names in contents.documents.items() for name in names]
            n_metadata, nbytes_metadata = len(documents), sum((yield from self._sizes(documents)))
            n_other, nbytes_other = len(others), sum((yield from self._sizes(others)))
        else:
            node = yield from load_node(at)
            if node is None:
                raise not_found(NodeNotFoundError, at)
            if isinstance(node, GroupMetadata):
                n_groups = 1
            else:
                reading = readings[at.path] = ArrayReading(self._place.array(at.path, node))
                stored[at.path] = yield from stored_in(reading.node, reading.spec, [tuple(map(range, reading.counts))])
        self._n_all = sum(map(len, stored.values()))
        skip = len(join(at.path, ""))
        arrays = {}
        for path, reading in readings.items():
            arrays[path[skip:]] = yield from self._array(reading, stored[path])
        return Statistics(self._place.text, arrays, n_groups, n_metadata, nbytes_metadata, n_other, nbytes_other)

    def _all(self, contents: Contents) -> Flow[tuple[int, dict[str, ArrayReading], dict[str, list[Coords]], list[str]]]:
        """Groups, arrays, their objects, and keys of what is neither document nor chunk."""
        paths = contents.nodes()
        looked = yield Together(look(StorePath(self._store, path)) for path in paths)
        readings: dict[str, ArrayReading] = {}
        for path, node in zip(paths, looked, strict=True):
            if isinstance(node, ArrayV2Metadata | ArrayV3Metadata):
                readings[path] = ArrayReading(self._place.array(path, node))
        stored: dict[str, list[Coords]] = {}
        chunks: set[str] = set()
        for path, reading in readings.items():
            stored[path] = sorted((yield from stored_coordinates(reading.node)))
            chunks.update(map(reading.key, stored[path]))
        n_groups = sum(isinstance(node, GroupMetadata) for node in looked)
        others = [key for key in contents.others if key not in chunks]
        return n_groups, readings, stored, others

    def _sizes(self, keys: Sequence[str]) -> Flow[list[int]]:
        found: list[int] = yield Together(_size(self._store, key) for key in keys)
        return found

    # -- one array ----------------------------------------------------------------------------------------------

    def _array(self, reading: ArrayReading, stored: Sequence[Coords]) -> Flow[ArrayStatistics]:
        found = _Found.of(reading)
        if self._values and found.chunk_map is None:
            raise ArgumentError(
                f"values=True has a number for each chunk, and the array {'/' + reading.path!r} has {reading.n_chunks} of them; leave it out"
            )
        values = _Values(reading) if self._values else None
        waiting = iter(stored)
        while some := list(islice(waiting, _AT_ONCE)):
            look = None if values is None else values.look
            reports: list[Report] = yield Together(
                (
                    stored_chunks(reading, coords) if look is None else look_into(reading, coords, look=look)
                    for coords in some
                ),
                most=_MOST,
                shared_nbytes=0 if look is None else reading.shared_nbytes,
            )
            for coords, report in zip(some, reports, strict=True):
                found.take(reading, coords, report)
            self._n_done += len(some)
            if self._progress is not None:
                self._progress(self._n_done, self._n_all)
        stages = yield from self._stages(reading, stored)
        return _summed(reading, found, stages, None if values is None else values.result())

    def _stages(self, reading: ArrayReading, stored: Sequence[Coords]) -> Flow[tuple[CodecStage, ...]]:
        """Decode a few objects codec by codec."""
        stages = _Stages(reading)
        if reading.nbytes > stages.most_nbytes:
            return ()
        for coords in stored[:: max(1, len(stored) // _SAMPLES)][:_SAMPLES]:
            yield from look_into(reading, coords, look=stages.look)
        return stages.result()


def _size(store: Store, key: str) -> Flow[int]:
    nbytes: int | None = yield Size(store, key)
    return nbytes or 0


def _summed(
    reading: ArrayReading, found: _Found, stages: tuple[CodecStage, ...], values: ChunkValues | None
) -> ArrayStatistics:
    itemsize = reading.spec.dtype.itemsize
    return ArrayStatistics(
        n_objects=reading.n_objects,
        n_stored=len(found.sizes),
        n_chunks=reading.n_chunks,
        n_chunks_stored=found.n_chunks,
        nbytes=math.prod(reading.spec.shape) * itemsize,
        nbytes_chunks=found.n_elements * itemsize,
        nbytes_stored=sum(found.sizes),
        smallest=min(found.sizes, default=None),
        largest=max(found.sizes, default=None),
        object_map=found.object_map,
        chunk_map=found.chunk_map,
        stages=stages,
        n_unreadable=found.n_unreadable,
        values=values,
    )


# -- what chunks hold -------------------------------------------------------------------------------------------


class _Values:
    """The least and greatest elements of chunks, and how many are NaN. Each chunk is looked at once, in whatever thread.

    Parameters
    ----------
    reading
        The array.
    """

    def __init__(self, reading: ArrayReading) -> None:
        self._reading = reading
        spec = reading.spec
        self._has_order = spec.dtype.kind in _ORDERED and spec.dtype.names is None and not spec.dtype.hasobject
        fill = empty((1,), spec.dtype)
        fill[...] = assignable(spec.fill_value, spec.dtype)
        self._least = self._greatest = None
        if self._has_order:
            least, greatest, _ = self._facts(fill)
            dtype = spec.dtype.newbyteorder("=")
            self._least, self._greatest = (empty(reading.chunk_counts, dtype) for _ in range(2))
            self._least[...], self._greatest[...] = least, greatest
        self._n_nan = np.zeros(reading.chunk_counts, np.int64)
        if self._is_nan(fill).any():
            for coords in np.ndindex(*reading.chunk_counts):
                self._n_nan[coords] = math.prod(self._inside(coords))

    def look(self, coords: Coords, elements: npt.NDArray[Any], encoded: Buffer) -> None:
        """Take in a chunk."""
        region: Any = (*(slice(n) for n in self._inside(coords)), Ellipsis)
        inside = elements[region]
        least, greatest, n_nan = self._facts(inside)
        self._n_nan[coords] = n_nan
        if self._least is not None and self._greatest is not None:
            self._least[coords], self._greatest[coords] = least, greatest

    def result(self) -> ChunkValues:
        """What was found."""
        return ChunkValues(self._least, self._greatest, self._n_nan)

    def _inside(self, coords: Coords) -> tuple[int, ...]:
        """The shape of the part of a chunk that lies in the array."""
        axes = zip(self._reading.grids[-1].axes, coords, self._reading.spec.shape, strict=True)
        return tuple(min(axis.length(c), n - axis.start(c)) for axis, c, n in axes)

    def _facts(self, elements: npt.NDArray[Any]) -> tuple[Any, Any, int]:
        nan = self._is_nan(elements)
        n_nan = int(nan.sum())
        if not self._has_order:
            return None, None, n_nan
        known = elements[~nan] if n_nan else elements.reshape(-1)
        if not known.size:
            return elements.reshape(-1)[0], elements.reshape(-1)[0], n_nan
        return known.min(), known.max(), n_nan

    def _is_nan(self, elements: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        if elements.dtype.kind not in "fcmM":
            return np.zeros(elements.shape, np.bool_)
        return np.asarray(np.isnat(elements) if elements.dtype.kind in "mM" else np.isnan(elements))


# -- what codecs do ---------------------------------------------------------------------------------------------


class _Stages:
    """Sizes of chunks between their codecs.

    Parameters
    ----------
    reading
        The array.
    """

    most_nbytes = 64 * 2**20

    def __init__(self, reading: ArrayReading) -> None:
        self._spec = reading.spec
        self._codecs = reading.spec.inner_codecs if reading.spec.levels else reading.spec.codecs
        self._sizes: dict[int, list[int]] = {}
        self._names: list[str] = []

    def look(self, coords: Coords, elements: npt.NDArray[Any], encoded: Buffer) -> None:
        """Take in a chunk."""
        chain = CodecChain.compile(self._codecs, self._spec.chunk_spec(elements.shape).replace(prototype=CPU_PROTOTYPE))
        self._names = [codec_name(codec) for codec in chain.codecs]
        form: Any = encoded
        for number in reversed(range(len(chain.codecs))):
            before = chain._undo(number, form)
            sizes = self._sizes.setdefault(number, [0, 0])
            sizes[0] += _nbytes_of(before)
            sizes[1] += _nbytes_of(form)
            form = before

    def result(self) -> tuple[CodecStage, ...]:
        """What was found."""
        return tuple(CodecStage(self._names[number], *self._sizes[number]) for number in sorted(self._sizes))


def _nbytes_of(form: Any) -> int:
    if isinstance(form, Buffer):
        return len(form)
    elements = form.as_numpy_array()
    return int(elements.size) * int(elements.dtype.itemsize)
