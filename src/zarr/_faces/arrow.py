"""Arrays of one dimension in the form of Arrow: whole, or piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from zarr._dtype import arrow
from zarr._plan.slabs import parts
from zarr._selection import basic
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from zarr._faces.indexing import ElementAccess

_PIECE_NBYTES = 32 * 2**20


def whole(array: ElementAccess) -> Any:
    """All elements as one array of Arrow."""
    _check(array)
    return arrow.of_elements(array._in_host_memory(), array._node.view.spec.data_type)


def stream(array: ElementAccess) -> Any:
    """What gives the elements piece by piece: batches of rows, read when they are asked for, if the elements are structs."""
    _check(array)
    pa = arrow.pyarrow()
    wanted = arrow.type_of(array._node.view.spec.data_type)
    if wanted is None or not pa.types.is_struct(wanted):
        return pa.chunked_array([whole(array)])
    return pa.RecordBatchReader.from_batches(pa.schema(list(wanted)), _batches(array))


def _batches(array: ElementAccess) -> Iterator[Any]:
    """Some rows after the others, in whole chunks."""
    pa = arrow.pyarrow()
    spec = array._node.view.spec
    for part in parts(spec, basic(..., spec.shape), _PIECE_NBYTES):
        yield pa.RecordBatch.from_struct_array(arrow.of_elements(array._in_host_memory(part.region), spec.data_type))


def _check(array: ElementAccess) -> None:
    if array.ndim != 1:
        raise ArgumentError(
            f"an array of Arrow has one dimension, and array {array.name!r} has {array.ndim}; take one row of it, or "
            "array[:].ravel()"
        )
