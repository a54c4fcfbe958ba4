"""One array as it is checked: its chunks decoded one by one, by the engine that is in use.

A chunk, or an inner chunk of a shard, is decoded as an array of its own that has one chunk. So it is the same for plain arrays and for
shards, each chunk has its own error, and every byte of it is looked at, also what lies beyond the edge of the array. Checksums
are compared, whatever the array was opened with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.memory import are_characters, empty
from zarr._engine.choose import choose
from zarr._engine.chunks import ChunkCodecs, object_nbytes
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding, parse_chunk_key
from zarr._grid.grid import RegularGrid
from zarr._metadata.spec import ArraySpec
from zarr._plan.project import decoded_grid
from zarr._selection import basic
from zarr._store.access import sync_contract

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer
    from zarr._engine.contract import Pipeline
    from zarr._flow.node import ArrayNode
    from zarr._grid.grid import ChunkGrid
    from zarr._metadata.spec import ShardLevel

Coords = tuple[int, ...]


class ArrayReading:
    """The chunks of one array.

    Parameters
    ----------
    node
        The array.

    Raises
    ------
    ValueError, TypeError, ImportError
        What compiling its codecs raises.
    """

    def __init__(self, node: ArrayNode) -> None:
        self.node = node
        config = replace(
            node.config, verify_checksums=True, read_missing_chunks=True, write_empty_chunks=True, chunk_cache=False
        )
        self.spec: ArraySpec = node.metadata.to_spec(config)
        self.codecs = ChunkCodecs(self.spec, CPU_PROTOTYPE)
        self.grids: tuple[ChunkGrid, ...] = tuple(_grids(self.spec))
        """Of the stored objects, and of the chunks of each level of sharding."""
        self.counts = self.spec.grid.counts(self.spec.shape)
        self.chunk_counts = decoded_grid(self.spec).counts(self.spec.shape)
        self._pipelines: dict[tuple[int, ...], Pipeline] = {}
        self._fallbacks: dict[tuple[int, ...], Pipeline] = {}
        self._pipeline(self.grids[-1].largest(self.spec.shape))

    # -- what there is ------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        return self.node.path

    @property
    def engine(self) -> str:
        """Name of the engine that decodes."""
        return next(iter(self._pipelines.values())).engine

    @property
    def n_objects(self) -> int:
        """How many stored objects the grid has."""
        return math.prod(self.counts)

    @property
    def n_chunks(self) -> int:
        """How many chunks it has that are decoded one by one."""
        return math.prod(self.chunk_counts)

    def key(self, coords: Coords) -> str:
        """The key of a stored object."""
        return self.node.key(self.spec.keys.encode_chunk_key(coords))

    def coords_of(self, suffix: str) -> Coords | None:
        """Coordinates that a key means, relative to the array; None if it means none. NotImplementedError if nobody can tell."""
        return parse_chunk_key(self.spec.keys, suffix, self.spec.ndim)

    def has(self, coords: Coords) -> bool:
        """Whether the grid has room for an object."""
        return all(0 <= c < n for c, n in zip(coords, self.counts, strict=True))

    @property
    def nbytes(self) -> int:
        """Decoded size of one stored object, of the largest."""
        return object_nbytes(self.spec)

    @property
    def shared_nbytes(self) -> int:
        """For `Together`: what is not awaited may go to threads."""
        store = sync_contract(self.node.store_path.store)
        if store is None or store.capabilities.is_remote:
            return 0
        return next(iter(self._pipelines.values())).shared_nbytes

    # -- shards -------------------------------------------------------------------------------------------------

    def within(self, level: ShardLevel, row: int) -> Coords:
        """Coordinates, within a shard, of the inner chunk at a row of its index."""
        per_shard = level.chunks_per_shard
        stored = np.unravel_index(row, tuple(per_shard[axis] for axis in level.axes)) if per_shard else ()
        found = [0] * len(per_shard)
        for axis, coord in zip(level.axes, stored, strict=True):
            found[axis] = int(coord)
        return tuple(found)

    def inner_coords(
        self, depth: int, start: Coords, level: ShardLevel, within: Coords
    ) -> tuple[Coords, Coords, Coords]:
        """Of an inner chunk: its coordinates in the grid of its level, where it begins, and its shape.

        Parameters
        ----------
        depth
            Of the level, 0 for the outermost.
        start
            Where the shard begins, in elements.
        level
            How the shard is cut.
        within
            The inner chunk within the shard.
        """
        begin = tuple(first + c * n for first, c, n in zip(start, within, level.chunk_shape, strict=True))
        axes = self.grids[depth + 1].axes
        coords = tuple(int(axis.find(at)) for axis, at in zip(axes, begin, strict=True))  # type: ignore[arg-type]  # as of an array of one
        outer = zip(level.chunk_shape, level.known_shape, within, strict=True)
        return coords, begin, tuple(min(n, length - c * n) for n, length, c in outer)

    def is_inside(self, begin: Coords) -> bool:
        """Whether what begins at some element lies in the array, at least in part."""
        return all(at < n for at, n in zip(begin, self.spec.shape, strict=True))

    def chunks_of(self, coords: Coords) -> Iterator[Coords]:
        """Coordinates of the chunks of a stored object that are decoded one by one, inside the array."""
        outer, inner = self.spec.grid, self.grids[-1]
        runs = []
        for axis, cells, c, length in zip(outer.axes, inner.axes, coords, self.spec.shape, strict=True):
            start, stop = axis.start(c), min(length, axis.start(c) + axis.length(c))
            first, last = cells.find(np.array([start, stop - 1], np.int64)).tolist()
            runs.append(range(first, last + 1))
        return product(*runs)

    # -- decoding -----------------------------------------------------------------------------------------------

    def decode(self, shape: Coords, encoded: Buffer) -> npt.NDArray[Any]:
        """The elements of a chunk that is decoded by itself. Raises CodecError, and what else codecs raise."""
        elements = self._decoded(self._pipeline(shape), shape, encoded)
        if not are_characters(elements):  # the reference engine says what is wrong
            elements = self._decoded(self._fallback(shape), shape, encoded)
        return elements

    def _decoded(self, pipeline: Pipeline, shape: Coords, encoded: Buffer) -> npt.NDArray[Any]:
        elements = empty(shape, self.spec.dtype)
        (request,) = pipeline.request(basic(Ellipsis, shape), elements)
        request.decode(encoded)
        return elements

    def _pipeline(self, shape: Coords) -> Pipeline:
        if (found := self._pipelines.get(shape)) is None:
            found = self._pipelines[shape] = choose(self._alone(shape), CPU_PROTOTYPE, self.node.engine).pipeline
        return found

    def _fallback(self, shape: Coords) -> Pipeline:
        if (found := self._fallbacks.get(shape)) is None:
            found = self._fallbacks[shape] = choose(self._alone(shape), CPU_PROTOTYPE, "python").pipeline
        return found

    def _alone(self, shape: Coords) -> ArraySpec:
        """A chunk of some shape, as an array."""
        spec = self.spec
        codecs = spec.inner_codecs if spec.levels else spec.codecs
        return replace(
            spec,
            shape=shape,
            grid=RegularGrid(shape),
            keys=DefaultChunkKeyEncoding(),
            codecs=codecs,
            levels=(),
            inner_codecs=codecs,
        )


def _grids(spec: ArraySpec) -> Iterator[ChunkGrid]:
    grid = spec.grid
    yield grid
    for level in spec.levels:
        grid = grid.refine(level.chunk_shape)
        yield grid
