"""Elements of a lazy view: what is composed is read or written as one selection of the array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty
from zarr._dtype.convert import recast
from zarr._dtype.traits import may_be_arrays
from zarr._flow import elements
from zarr._flow.objects import read, write

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import BufferPrototype, NDBuffer
    from zarr._flow.node import ArrayNode
    from zarr._flow.requests import Flow
    from zarr._selection.composed import Composed


def get(
    node: ArrayNode,
    composed: Composed,
    *,
    out: NDBuffer | npt.NDArray[Any] | None = None,
    prototype: BufferPrototype,
) -> Flow[Any]:
    """Read a view; parameters and result as of `zarr._flow.elements.get`.

    Raises
    ------
    BoundsCheckError
        If the array is smaller by now than what the view selects of it.
    """
    view = node.view
    spec, lowered = view.spec, composed.lowered
    composed.check(spec.shape)
    target = elements.result(node, composed.shape, out, prototype, None)
    if not composed.is_empty:
        memory = elements.plain_memory(target, spec.dtype) if lowered.is_view else None
        if memory is not None:
            yield from read(node, view, lowered.selection, lowered.to_memory(memory))
        else:
            found = empty(lowered.selection.shape, spec.dtype)
            yield from read(node, view, lowered.selection, found)
            target[...] = recast(np.broadcast_to(lowered.from_memory(found), composed.shape), target.dtype)
    is_scalar = out is None and not composed.shape and not may_be_arrays(spec.data_type, spec.dtype)
    return target.as_scalar() if is_scalar else target.as_ndarray_like()


def put(node: ArrayNode, composed: Composed, value: object) -> Flow[None]:
    """Write a value, broadcast to the view's shape. Of elements that are in it several times the last value stays.

    Raises
    ------
    BoundsCheckError
        If the array is smaller by now than what the view selects of it.
    """
    node.store_path.store._check_writable()
    view, lowered = node.view, composed.lowered
    composed.check(view.spec.shape)
    plain = elements.given_elements(value, view, composed.shape, takes=view.pipeline.takes)
    given = elements.broadcast(plain, composed.shape)
    if not composed.is_empty:
        yield from write(node, view, lowered.selection, lowered.to_memory(given))
