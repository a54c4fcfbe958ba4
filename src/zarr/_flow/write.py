"""Writing elements: plan -> (fetch what was there, where an object is covered only in part) -> merge -> encode -> put.

One small flow per stored object. An object that the request covers whole is replaced without being read; any other is
changed in a compare-and-swap loop, so that a writer of the rest of it loses nothing. An object that holds nothing but
the fill value is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._buffer import CPU_PROTOTYPE
from zarr._engine.shards import ShardWriter
from zarr._flow.direct import write_direct
from zarr._flow.modify import modify
from zarr._flow.planned import write_planned
from zarr._flow.requests import Compute, Flow, Put, Remove, Together
from zarr._plan import ObjectPlan, plan
from zarr.errors import CodecError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._selection.model import Selection
    from zarr._store.versioned import Hold


def write(
    node: ArrayNode,
    view: ArrayView,
    selection: Selection,
    value: npt.NDArray[Any],
    *,
    hold: Hold | None = None,
) -> Flow[None]:
    """Write `value`, which has the selection's shape and the array's dtype, into what `selection` selects.

    `hold` is a hold of the caller on the node, if it has one.
    """
    if (yield from write_direct(node, view, selection, value, hold)):
        return
    request = view.pipeline.request(selection, value)
    if request is not None:
        yield Together(write_planned(node, view, request, number, hold) for number in range(request.n_objects))
        return
    yield Together(_write_object(node, view, part, value, hold) for part in plan(view.spec, selection))


def _write_object(
    node: ArrayNode, view: ArrayView, part: ObjectPlan, value: npt.NDArray[Any], hold: Hold | None
) -> Flow[None]:
    store, key = node.store_path.store, node.key(part.key)

    def change(old: Buffer | None) -> Buffer | None:
        if view.spec.levels:
            return ShardWriter(view.pipeline, view.spec, CPU_PROTOTYPE, value).rewrite(part.projections, old)
        return view.pipeline.encode_from([(old, part.projections[0])], value)[0]

    try:
        if not part.whole:
            yield from modify(store, key, change, hold=hold)
            return
        encoded = yield Compute(change, (None,))
        if encoded is None:
            yield Remove(store, key, hold=hold)
        else:
            yield Put(store, key, encoded, hold=hold)
    except CodecError as exc:
        raise exc.at(path=node.path, key=key) from exc.__cause__
