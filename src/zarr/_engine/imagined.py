"""Stored objects as they would be if all of the array was written, for who wants to know how much is read before anybody looks.

Objects and inner chunks have the size that their codecs make; where that depends on the elements, the size of those inside the array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zarr._codec.chain import CodecChain
from zarr._codec.shard_index import MISSING, write_order
from zarr._codec.v2 import V2Codec
from zarr._engine.shards import ShardReader, index_start

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._codec.shard_index import Entries
    from zarr._engine.chunks import ChunkCodecs
    from zarr._engine.shards import _Found, _Known
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan.model import Projection

UNKNOWN_ITEM_NBYTES = 16
"""What an element of variable length counts."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a shard would lie.

    Attributes
    ----------
    nbytes
        Its size.
    entries
        Its index, decoded.
    inner
        For each row of the index how the inner chunk would lie, where that is a shard too.
    """

    nbytes: int
    entries: Entries
    inner: tuple[Layout | None, ...] = ()


class Imagined:
    """The objects of an array.

    Parameters
    ----------
    spec, codecs
        The array.
    """

    __slots__ = ("_codecs", "_layouts", "_sizes", "_spec")

    def __init__(self, spec: ArraySpec, codecs: ChunkCodecs) -> None:
        self._spec, self._codecs = spec, codecs
        self._sizes: dict[tuple[int, ...], int | None] = {}
        self._layouts: dict[tuple[int, tuple[int, ...], tuple[int, ...]], Layout] = {}

    def nbytes(self, coords: tuple[int, ...]) -> int:
        """Size of a stored object."""
        if self._spec.levels:
            return self.layout(coords).nbytes
        return self._encoded_nbytes(*self._extent(coords))

    def layout(self, coords: tuple[int, ...]) -> Layout:
        """How a stored object that is a shard would lie."""
        return self._layout(0, self._spec.levels_at(coords), *self._extent(coords))

    def shard(self, coords: tuple[int, ...], projections: Sequence[Projection]) -> ImaginedShard:
        """A reader of such an object."""
        return ImaginedShard(self._spec, self._codecs, coords, projections, self.layout(coords))

    def _extent(self, coords: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shape of a stored object, and of its part inside the array."""
        shape, start = self._spec.grid.chunk_shape(coords), self._spec.grid.chunk_start(coords)
        return shape, tuple(min(n, end - at) for n, at, end in zip(shape, start, self._spec.shape, strict=True))

    def _encoded_nbytes(self, shape: tuple[int, ...], inside: tuple[int, ...]) -> int:
        """Size of a chunk that is decoded by itself."""
        if shape not in self._sizes:
            self._sizes[shape] = _fixed_nbytes(self._spec, shape)
        known = self._sizes[shape]
        return math.prod(inside) * _itemsize(self._spec) if known is None else known

    def _layout(
        self, depth: int, levels: tuple[ShardLevel, ...], shape: tuple[int, ...], inside: tuple[int, ...]
    ) -> Layout:
        if (known := self._layouts.get((depth, shape, inside))) is not None:
            return known
        level = levels[depth]
        n_index = self._codecs.index_nbytes(level)
        rows = write_order(level.write_order, tuple(level.chunks_per_shard[axis] for axis in level.axes))
        entries = np.full((level.n_chunks, 2), MISSING, np.uint64)
        inner: list[Layout | None] = [None] * (level.n_chunks if depth + 1 < len(levels) else 0)
        end = 0 if level.index_at_end else n_index
        for row, coords in zip(rows.tolist(), self._coords_of(level, rows), strict=True):
            start = tuple(c * n for c, n in zip(coords, level.chunk_shape, strict=True))
            if any(at >= n for at, n in zip(start, inside, strict=True)):
                continue
            length = tuple(min(n, whole - at) for n, whole, at in zip(level.chunk_shape, shape, start, strict=True))
            within = tuple(min(n, m - at) for n, m, at in zip(length, inside, start, strict=True))
            if depth + 1 < len(levels):
                layout = inner[row] = self._layout(depth + 1, levels, length, within)
                nbytes = layout.nbytes
            else:
                nbytes = self._encoded_nbytes(length, within)
            entries[row] = end, nbytes
            end += nbytes
        made = Layout(end + n_index if level.index_at_end else end, entries, tuple(inner))
        self._layouts[depth, shape, inside] = made
        return made

    @staticmethod
    def _coords_of(level: ShardLevel, rows: npt.NDArray[np.int64]) -> list[tuple[int, ...]]:
        """Where in the shard the inner chunks of these rows are, by the array's axes."""
        stored = [level.chunks_per_shard[axis] for axis in level.axes]
        left, by_axis = rows, {}
        for axis, n in zip(reversed(level.axes), reversed(stored), strict=True):
            left, by_axis[axis] = np.divmod(left, n)
        if not by_axis:
            return [()] * len(rows)
        return list(zip(*(by_axis[axis].tolist() for axis in range(len(by_axis))), strict=True))


def _itemsize(spec: ArraySpec) -> int:
    return UNKNOWN_ITEM_NBYTES if spec.dtype.kind in "OT" else spec.dtype.itemsize


def _fixed_nbytes(spec: ArraySpec, shape: tuple[int, ...]) -> int | None:
    """Encoded size of a chunk of this shape; None if it depends on the elements."""
    codecs = spec.inner_codecs if spec.levels else spec.codecs
    if len(codecs) == 1 and isinstance(codecs[0], V2Codec) and not codecs[0].stages:
        return None if spec.dtype.kind in "OT" else math.prod(shape) * spec.dtype.itemsize
    try:
        return CodecChain.compile(codecs, spec.chunk_spec(shape)).encoded_nbytes()
    except ValueError:
        return None


class ImaginedShard(ShardReader):
    """Finds in such a shard what a request needs; nobody decodes anything of it.

    Parameters
    ----------
    spec, codecs, coords, projections
        As of `ShardReader`.
    layout
        How the shard would lie.
    """

    __slots__ = ("_layouts",)

    def __init__(
        self,
        spec: ArraySpec,
        codecs: ChunkCodecs,
        coords: tuple[int, ...],
        projections: Sequence[Projection],
        layout: Layout,
    ) -> None:
        super().__init__(spec, codecs, coords, projections)
        self._layouts = {(0, 0): layout}  # by their level, and by where they begin

    def _entries(self, level: ShardLevel, start: int, nbytes: int, known: _Known, found: _Found) -> Entries | None:
        n = self._codecs.index_nbytes(level)
        at = start + index_start(nbytes, n, at_end=level.index_at_end)
        if known.cut(at, n) is None:
            found.missing.append((at, n))
            return None
        depth = next(i for i, each in enumerate(self._spec.levels_at(self._coords)) if each is level)
        layout = self._layouts[depth, start]
        for entry, inner in zip(layout.entries, layout.inner, strict=False):
            if inner is not None:
                self._layouts[depth + 1, start + int(entry[0])] = inner
        return layout.entries
