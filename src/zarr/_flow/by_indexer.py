"""Elements by an indexer of zarr-python's form: projections chunk by chunk, which others make and put together anew.

An indexer has the result's shape, `drop_axes`, and gives `(chunk_coords, chunk_selection, out_selection, is_complete)` one by one.
Each part is read or written as a selection of the array, so it is guarded as any other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from zarr._buffer import CPU_PROTOTYPE, BufferPrototype, NDBuffer
from zarr._buffer.devices import on_host
from zarr._dtype.traits import may_be_arrays
from zarr._flow import elements
from zarr._flow.requests import Flow, Together
from zarr._selection import basic, coordinate
from zarr._selection.model import GridSelection, PointSelection

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from zarr._flow.elements import Normalize
    from zarr._flow.node import ArrayNode
    from zarr._selection.fields import Fields

Projection: TypeAlias = tuple[tuple[int, ...], Any, Any, bool]


class Indexer(Protocol):
    """What is asked of an indexer."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def drop_axes(self) -> tuple[int, ...]: ...
    def __iter__(self) -> Iterator[Projection]: ...


def get(
    node: ArrayNode,
    indexer: Indexer,
    *,
    prototype: BufferPrototype,
    out: NDBuffer | None = None,
    fields: Fields = None,
) -> Flow[Any]:
    """Read what an indexer gives; parameters as of `zarr._flow.elements.get`."""
    whole = _whole(indexer)
    if whole is not None:
        return (yield from elements.get(node, lambda *_: whole, ..., out=out, prototype=prototype, fields=fields))
    target = elements.result(node, tuple(indexer.shape), out, prototype, fields)
    yield Together(_get_part(node, part, indexer.drop_axes, target, fields) for part in indexer)
    is_scalar = out is None and not target.shape and not may_be_arrays(node.view.spec.data_type, target.dtype)
    return target.as_scalar() if is_scalar else target.as_ndarray_like()


def _get_part(
    node: ArrayNode, part: Projection, drop_axes: tuple[int, ...], target: NDBuffer, fields: Fields
) -> Flow[None]:
    normalize, selection = _in_array(node, part)
    found = np.asarray((yield from elements.get(node, normalize, selection, prototype=CPU_PROTOTYPE, fields=fields)))
    target[part[2]] = found.squeeze(drop_axes) if drop_axes else found


def put(node: ArrayNode, indexer: Indexer, value: Any, fields: Fields = None) -> Flow[None]:
    """Write to what an indexer gives; parameters as of `zarr._flow.elements.put`."""
    whole = _whole(indexer)
    if whole is not None:
        yield from elements.put(node, lambda *_: whole, ..., value, fields)
        return
    values = np.broadcast_to(np.asarray(on_host(value)), tuple(indexer.shape))
    for part in indexer:
        normalize, selection = _in_array(node, part)
        wanted = values[part[2]]
        yield from elements.put(
            node,
            normalize,
            selection,
            np.expand_dims(wanted, indexer.drop_axes) if indexer.drop_axes else wanted,
            fields,
        )


def _whole(indexer: Indexer) -> GridSelection | PointSelection | None:
    """The selection that an indexer of ours was made of, if its result is as a selection's."""
    selection = getattr(indexer, "selection", None)
    if isinstance(selection, GridSelection | PointSelection) and selection.result_shape == indexer.shape:
        return selection
    return None


def _in_array(node: ArrayNode, part: Projection) -> tuple[Normalize, Any]:
    """A selection in a chunk as one of the array, and what gives it its meaning."""
    coords, selection, *_ = part
    spec = node.view.spec
    start = spec.grid.chunk_start(tuple(coords))
    lengths = [
        min(at + n, end) - at
        for at, n, end in zip(start, spec.grid.chunk_shape(tuple(coords)), spec.shape, strict=True)
    ]
    entries = selection if isinstance(selection, tuple) else (selection,)
    if len(entries) == len(lengths) and all(isinstance(entry, int | np.integer | slice) for entry in entries):
        return basic, tuple(map(_moved, entries, start, lengths))
    numbers = np.arange(math.prod(lengths)).reshape(lengths)[selection]
    points: tuple[npt.NDArray[Any], ...] = np.unravel_index(numbers, lengths)
    return coordinate, tuple(axis + at for axis, at in zip(points, start, strict=True))


def _moved(entry: Any, start: int, length: int) -> Any:
    if not isinstance(entry, slice):
        return start + range(length)[entry]
    first, last, step = entry.indices(length)
    return slice(start + first, start + last if start + last >= 0 else None, step)
