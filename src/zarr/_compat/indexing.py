"""Selections chunk by chunk, by the names of zarr-python: what pipelines and other packages iterate over.

Each indexer normalises a selection and makes a plan of it; the plan's projections become `ChunkProjection`s. Where
zarr-python drops axes after reading (`drop_axes`), the chunk selections of ours already say so, and it is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import gcd
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from zarr._codec.base import ArrayConfig
from zarr._codec.shard_index import write_order
from zarr._compat.selections import normalize_integer_selection
from zarr._dtype.numbers import UInt8
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding
from zarr._grid.grid import ChunkGrid as OwnGrid
from zarr._grid.of_array import ChunkGrid, DimensionGrid, FixedDimension, bound
from zarr._metadata.spec import ArraySpec
from zarr._plan import plan
from zarr._plan.axis import project_axis
from zarr._selection import (
    IntAxis,
    PointSelection,
    Selection,
    SliceAxis,
    basic,
    block,
    coordinate,
    mask,
    orthogonal,
)
from zarr._selection.normalize import is_basic

Selector: TypeAlias = int | slice | np.ndarray[Any, np.dtype[np.intp]]
SelectorTuple: TypeAlias = tuple[Selector, ...] | np.ndarray[Any, np.dtype[np.intp]] | slice


class ChunkProjection(NamedTuple):
    """A selection through one chunk: where in the chunk, where in the result, whether all of the chunk."""

    chunk_coords: tuple[int, ...]
    chunk_selection: Any
    out_selection: Any
    is_complete_chunk: bool


class ChunkDimProjection(NamedTuple):
    """`ChunkProjection` along one axis."""

    dim_chunk_ix: int
    dim_chunk_sel: Selector
    dim_out_sel: Selector | None
    is_complete_chunk: bool


class Indexer(Protocol):
    """What an indexer has: the result's shape, and projections one by one."""

    shape: tuple[int, ...]
    drop_axes: tuple[int, ...]

    def __iter__(self) -> Iterator[ChunkProjection]: ...


@dataclass(frozen=True)
class IntDimIndexer:
    """One position of an axis."""

    dim_sel: int
    dim_len: int
    dim_grid: DimensionGrid
    nitems: int = 1

    def __iter__(self) -> Iterator[ChunkDimProjection]:
        return _along(IntAxis(normalize_integer_selection(self.dim_sel, self.dim_len)), self)


@dataclass(frozen=True, init=False)
class SliceDimIndexer:
    """A slice of an axis."""

    dim_len: int
    nitems: int
    nchunks: int
    dim_grid: DimensionGrid
    start: int
    stop: int
    step: int

    def __init__(self, dim_sel: slice, dim_len: int, dim_grid: DimensionGrid) -> None:
        start, stop, step = dim_sel.indices(dim_len)
        nitems = len(range(start, stop, step))
        members = {"start": start, "stop": stop, "step": step, "nitems": nitems, "dim_len": dim_len}
        for name, value in {**members, "nchunks": dim_grid.nchunks, "dim_grid": dim_grid}.items():
            object.__setattr__(self, name, value)

    def __iter__(self) -> Iterator[ChunkDimProjection]:
        return _along(SliceAxis(self.start, self.step, self.nitems), self)


def _along(axis: IntAxis | SliceAxis, indexer: IntDimIndexer | SliceDimIndexer) -> Iterator[ChunkDimProjection]:
    for part in project_axis(axis, indexer.dim_grid, indexer.dim_len):
        yield ChunkDimProjection(part.chunk, part.chunk_region, _plain(part.out_region), part.whole)


@dataclass(frozen=True, slots=True)
class _Grid(OwnGrid):
    """The grid as plans take it."""

    axes: tuple[DimensionGrid, ...]

    def counts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(axis.with_extent(n).nchunks for axis, n in zip(self.axes, shape, strict=True))

    def largest(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(axis.size if isinstance(axis, FixedDimension) else max(axis.edges) for axis in self.axes)

    @property
    def divisors(self) -> tuple[int, ...]:
        return tuple(axis.size if isinstance(axis, FixedDimension) else gcd(*axis.edges) for axis in self.axes)

    def refine(self, inner: tuple[int, ...]) -> OwnGrid:
        raise NotImplementedError("an indexer plans over stored chunks, never inside them")


def _spec(shape: tuple[int, ...], chunk_grid: ChunkGrid) -> ArraySpec:
    """An array with these chunks; of its other members a plan needs none."""
    return ArraySpec(
        shape=tuple(shape),
        data_type=UInt8(),
        fill_value=0,
        grid=_Grid(chunk_grid.dimensions),
        keys=DefaultChunkKeyEncoding(),
        codecs=(),
        config=ArrayConfig(),
    )


class _PlanIndexer:
    """A selection and its plan; the grid is one that knows the array's shape, or the one of its metadata."""

    drop_axes: tuple[int, ...] = ()

    def __init__(self, selection: Selection, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        self.selection = selection
        self._spec = _spec(shape, bound(chunk_grid, shape))
        self.shape = selection.result_shape

    def __iter__(self) -> Iterator[ChunkProjection]:
        for stored in plan(self._spec, self.selection):
            for part in stored.projections:
                yield ChunkProjection(part.coords, part.chunk_index, self._where(part.out_index), part.whole)

    def _where(self, out_index: Any) -> Any:
        """Where in a result whose points are in one line."""
        return _tidy(out_index)


class BasicIndexer(_PlanIndexer):
    """Integers and slices."""

    def __init__(self, selection: Any, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        normal = basic(selection, shape)
        super().__init__(normal, shape, chunk_grid)
        self.dim_indexers = [
            IntDimIndexer(axis.index, n, d) if isinstance(axis, IntAxis) else SliceDimIndexer(_as_slice(axis), n, d)
            for axis, n, d in zip(normal.axes, shape, bound(chunk_grid, shape).dimensions, strict=True)
            if isinstance(axis, IntAxis | SliceAxis)
        ]


class OrthogonalIndexer(_PlanIndexer):
    """Integers, slices and arrays of positions or Booleans, each for its own axis."""

    def __init__(self, selection: Any, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        super().__init__(orthogonal(selection, shape), shape, chunk_grid)


class BlockIndexer(_PlanIndexer):
    """Whole chunks, by their coordinates."""

    def __init__(self, selection: Any, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        super().__init__(block(selection, shape, grid=_Grid(bound(chunk_grid, shape).dimensions)), shape, chunk_grid)


class _PointIndexer(_PlanIndexer):
    def __init__(self, selection: PointSelection, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        super().__init__(selection, shape, chunk_grid)
        self.sel_shape = selection.point_shape
        self.shape = selection.shape  # the caller gives the result its shape

    def _where(self, out_index: Any) -> Any:
        only = _tidy(out_index)
        return only[0] if isinstance(only, tuple) and len(only) == 1 else only


class CoordinateIndexer(_PointIndexer):
    """Points, one array of positions per axis."""

    def __init__(self, selection: Any, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        super().__init__(coordinate(selection, shape), shape, chunk_grid)


class MaskIndexer(_PointIndexer):
    """The points where a Boolean array of the whole shape is True."""

    def __init__(self, selection: Any, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        super().__init__(mask(selection, shape), shape, chunk_grid)


def get_indexer(selection: Any, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> Indexer:
    """The indexer for a selection in square brackets. Positions for every axis mean points, in whatever shape they are."""
    kind: Callable[..., Indexer] = OrthogonalIndexer
    entries = selection if isinstance(selection, tuple) else (selection,)
    arrays = [np.asarray(entry) for entry in entries if isinstance(entry, list | np.ndarray)]
    if is_basic(selection):
        kind = BasicIndexer
    elif len(arrays) == len(entries) == 1 and arrays[0].dtype == bool and arrays[0].shape == shape:
        kind = MaskIndexer
    elif len(arrays) == len(entries) == len(shape) and all(array.dtype != bool for array in arrays):
        kind = CoordinateIndexer
    return kind(selection, shape, chunk_grid)


def _as_slice(axis: SliceAxis) -> slice:
    stop = axis.start + axis.count * axis.step
    return slice(axis.start, stop if stop >= 0 else None, axis.step)


def _tidy(index: Any) -> Any:
    return tuple(map(_plain, index)) if isinstance(index, tuple) else _plain(index)


def _plain(region: Any) -> Any:
    """A region's slice as NumPy's users write it."""
    return slice(region.start, region.stop, None) if isinstance(region, slice) and region.step == 1 else region


def morton_order_coords(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Coordinates of a grid with neighbours close together.

    Examples
    --------
    >>> morton_order_coords((2, 2))
    ((0, 0), (1, 0), (0, 1), (1, 1))
    """
    return _ordered("morton", shape)


def lexicographic_order_coords(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Coordinates of a grid, the last axis fastest."""
    return _ordered("lexicographic", shape)


def colexicographic_order_coords(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Coordinates of a grid, the first axis fastest."""
    return _ordered("colexicographic", shape)


def _ordered(name: str, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    coords = list(product(*map(range, shape)))
    return tuple(coords[i] for i in write_order(name, tuple(shape)).tolist()) if coords else ()
