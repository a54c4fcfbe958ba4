"""Elements of an array by selection: the flows behind `array[...]` and its relatives.

They settle what surrounds a read or a write: normalising the selection against the shape as it is now, allocating or
checking the result, converting and broadcasting the value. The work itself is in `read` and `write`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from zarr._buffer import BufferPrototype, NDBuffer
from zarr._buffer.devices import buffer_over, on_host
from zarr._buffer.memory import empty
from zarr._dtype.convert import assigned, exact, recast
from zarr._dtype.python_objects import PythonObjects
from zarr._dtype.python_objects import element as one_object
from zarr._dtype.python_objects import elements as objects_in
from zarr._dtype.structs import data_type_of_fields, item_type
from zarr._dtype.traits import may_be_arrays
from zarr._flow.node import GroupNode
from zarr._flow.objects import read, write
from zarr._flow.requests import Flow
from zarr._selection.fields import FieldChoice, Fields, choose_fields
from zarr._selection.model import GridSelection, PointSelection, Selection
from zarr._support.imports_on_use import importing
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._codec.base import MemoryOrder
    from zarr._dtype.base import ZDType
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._metadata.spec import ArraySpec

Normalize: TypeAlias = Callable[[object, tuple[int, ...]], Selection]
Through: TypeAlias = "Callable[[ArrayNode, ArrayView, Selection, npt.NDArray[Any]], Flow[None]]"


def get(
    node: ArrayNode,
    normalize: Normalize,
    selection: object,
    *,
    out: NDBuffer | npt.NDArray[Any] | None = None,
    prototype: BufferPrototype,
    fields: Fields = None,
    through: Through | None = None,
) -> Flow[Any]:
    """Read a selection.

    Parameters
    ----------
    node
        The array.
    normalize
        Gives the selection its meaning (`zarr._selection.basic`, ...).
    selection
        As the user wrote it. Names of fields in it select these, as `fields` does.
    out
        Where to read into, in the memory of the host or of a GPU; must have the selection's shape, and a dtype that the array's
        can be cast to without changing its kind. Elements that it does not hold are an error, and nothing is read into it.
    prototype
        Kind of the result, where there is no `out`.
    fields
        Which fields of structs are wanted.
    through
        Reads elements in the place of `read`, which takes them from the store.

    Returns
    -------
    An array of the selection's shape, or a scalar if every axis is an integer. `out`'s array if there was one. An element that
    may itself be an array is in one without axes, as zarr-python gives it: alone it would be taken for the result.
    """
    view = node.view
    spec = view.spec
    read_elements = read if through is None else through
    choice, selection = choose_fields(selection, fields, spec.dtype)
    normal = normalize(selection, spec.shape)
    dtype, inner_shape = (spec.dtype, ()) if choice is None else choice.item
    target = _result((*normal.result_shape, *inner_shape), dtype, spec.config.order, out, prototype)
    memory = plain_memory(target, spec.dtype)
    if isinstance(normal, PointSelection):
        points = empty(normal.shape, spec.dtype)
        yield from read_elements(node, view, normal, points)
        target[...] = _wanted(_points_in_place(points, normal), choice, target.dtype)
    elif memory is not None:
        # Without the axes that the user put in: of length 1, so leaving them out is a view.
        yield from read_elements(node, view, normal, memory.squeeze(normal.new_axes) if normal.new_axes else memory)
    elif through is None and choice is None and target._is_on_gpu and target.dtype == spec.dtype.newbyteorder("="):
        with importing("zarr._flow.by_slabs"):
            from zarr._flow.by_slabs import read_to_device

        yield from read_to_device(node, view, normal, target.squeeze(normal.new_axes) if normal.new_axes else target)
    else:
        elements = empty(normal.result_shape, spec.dtype, spec.config.order)
        yield from read_elements(node, view, normal, elements.squeeze(normal.new_axes))
        target[...] = _wanted(elements, choice, target.dtype)
    is_scalar = out is None and normal.is_scalar and not inner_shape and not may_be_arrays(spec.data_type, dtype)
    return target.as_scalar() if is_scalar else target.as_ndarray_like()


def result(
    node: ArrayNode,
    shape: tuple[int, ...],
    out: NDBuffer | npt.NDArray[Any] | None,
    prototype: BufferPrototype,
    fields: Fields,
) -> NDBuffer:
    """Where a result of a shape goes; parameters as of `get`."""
    spec = node.view.spec
    choice, _ = choose_fields(..., fields, spec.dtype)
    dtype, inner_shape = (spec.dtype, ()) if choice is None else choice.item
    return _result((*shape, *inner_shape), dtype, spec.config.order, out, prototype)


def _wanted(elements: npt.NDArray[Any], choice: FieldChoice | None, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Elements that were read, or some of their fields, in the dtype of the result."""
    return recast(elements if choice is None else choice.of(elements), dtype)


def plain_memory(target: NDBuffer, dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """The memory of a result, if it is NumPy's and of the elements' dtype.

    Anything else gets the elements in one go, when they are there: another dtype has them converted, a subclass of NumPy's
    array may give assignment a meaning of its own.
    """
    memory: Any = target.as_ndarray_like()
    is_plain = type(memory) is np.ndarray or type(memory) is np.memmap
    return memory if is_plain and memory.dtype == dtype else None


def put(node: ArrayNode, normalize: Normalize, selection: object, value: object, fields: Fields = None) -> Flow[None]:
    """Write a value, broadcast to the selection's shape; into some fields of structs, if the selection or `fields` names any."""
    node.store_path.store._check_writable()
    view = node.view
    normal, elements, is_part = assignment(view, normalize, selection, value, fields, takes=view.pipeline.takes)
    yield from write(node, view, normal, elements, is_part=is_part)


def assignment(
    view: ArrayView,
    normalize: Normalize,
    selection: object,
    value: object,
    fields: Fields,
    *,
    takes: Callable[[object], bool] | None = None,
) -> tuple[Selection, npt.NDArray[Any], bool]:
    """What is written where by an assignment, and whether that is some fields of structs only; parameters as of `put`.

    `takes` says of a value that it needs no conversion.
    """
    choice, selection = choose_fields(selection, fields, view.spec.dtype)
    normal = normalize(selection, view.spec.shape)
    elements = given_elements(value, view, normal.result_shape, choice, takes=takes)
    is_part = choice is not None and choice.names != view.spec.dtype.names
    return normal, _value_for(normal, elements), is_part


def given_elements(
    value: object,
    view: ArrayView,
    shape: tuple[int, ...],
    choice: FieldChoice | None = None,
    *,
    takes: Callable[[object], bool] | None = None,
) -> npt.NDArray[Any]:
    """A user's value as elements of an array, or as some of their fields, to be broadcast to a shape; `takes` as of `assignment`."""
    if choice is not None:
        elements = _as_fields(value, choice, view.spec)
    elif takes is not None and takes(value):
        elements = cast("npt.NDArray[Any]", value)
    else:
        elements = as_elements(value, view.spec, shape)
    too_deep = isinstance(value, list | tuple) and 0 < len(shape) < elements.ndim
    if too_deep and elements.dtype.kind != "O":  # of arrays, axes of length 1 are left out
        raise ValueError(
            f"cannot write a sequence of {elements.ndim} dimensions to a selection of {len(shape)}; give "
            "one that is nested less deeply"
        )
    return elements


def _value_for(selection: Selection, value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A value, broadcast to the selection's result, in the shape in which it is written."""
    if isinstance(selection, GridSelection):
        whole = broadcast(value, selection.result_shape)
        return whole.squeeze(selection.new_axes) if selection.new_axes else whole
    if value.ndim == 1 and value.shape == selection.shape:
        return value  # the points in a row, whatever shape their coordinates had
    whole = broadcast(value, selection.result_shape)
    axes = range(selection.position, selection.position + len(selection.point_shape))
    return np.moveaxis(whole, axes, range(len(axes))).reshape(selection.shape)


def _points_in_place(points: Any, selection: PointSelection) -> Any:
    """What was read, points first, with their axes in their shape and place."""
    n_axes = len(selection.point_shape)
    shaped = points.reshape(*selection.point_shape, *points.shape[1:])
    if not selection.position:
        return shaped
    order = (
        *range(n_axes, n_axes + selection.position),
        *range(n_axes),
        *range(n_axes + selection.position, shaped.ndim),
    )
    return shaped.transpose(order)


def _result(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    order: MemoryOrder,
    out: NDBuffer | npt.NDArray[Any] | None,
    prototype: BufferPrototype,
) -> NDBuffer:
    if out is None:
        return prototype.nd_buffer.empty(shape, dtype, order)
    if not isinstance(out, NDBuffer):
        out = buffer_over(out)
    if out.shape != shape:
        raise ValueError(f"shape of out argument doesn't match. Expected {shape}, got {out.shape}")
    if not np.can_cast(dtype, out.dtype, "same_kind"):
        raise ArgumentError(
            f"dtype of out argument doesn't match: elements of dtype {dtype} cannot be cast to {out.dtype} without "
            "loss. Pass an array of the same dtype, or of a wider one"
        )
    flags = getattr(out.as_ndarray_like(), "flags", None)
    if not getattr(flags, "writeable", True):  # CuPy's arrays always are
        raise ValueError("out argument is read-only; pass an array that can be written to")
    return out


def as_elements(value: object, spec: ArraySpec, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A user's value as elements of an array, with NumPy's rules for assignment to a selection of a shape.

    Of Python objects, which may be lists and arrays themselves, the shape says where these begin.
    """
    if isinstance(spec.data_type, PythonObjects) and (not shape or isinstance(value, list | tuple)):
        return objects_in(_plain(value), len(shape)) if shape else one_object(_plain(value))
    return assigned(_plain(value), spec.data_type, spec.dtype)


def _as_fields(value: object, choice: FieldChoice, spec: ArraySpec) -> npt.NDArray[Any]:
    """A user's value as structs of some fields, with NumPy's rules for assignment."""
    struct = data_type_of_fields(spec.data_type, choice.names, choice.dtype)
    dtype, _ = choice.item
    data_type: ZDType[Any, Any] = struct if choice.name is None else item_type(struct.fields[0][1])
    try:
        return choice.wrapped(assigned(_plain(value), data_type, dtype))
    except (TypeError, ValueError, OverflowError) as exc:
        if choice.name is not None:
            exc.args = (f"field {choice.name!r}: {exc}",)
        raise


def as_addition(value: object, spec: ArraySpec) -> npt.NDArray[Any]:
    """Elements that are appended, for which NumPy has no rule: exactly the values given.

    What is no element at all has no shape that fits either: a ValueError too.
    """
    try:
        return exact(_plain(value), spec.data_type, spec.dtype)
    except TypeError as exc:
        raise ArgumentError(f"cannot append {type(value).__name__} to an array of dtype {spec.dtype}: {exc}") from exc


def _plain(value: object) -> object:
    """A value without the wrapping of buffers, in the memory of the host."""
    if isinstance(value, NDBuffer):
        return value.as_numpy_array()
    if isinstance(getattr(value, "_node", None), GroupNode):
        raise TypeError(f"cannot write {value!r} to an array: a group is no array; take one of its members")
    return on_host(value)


def broadcast(value: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A value in the shape of a selection; axes of length 1 that it has before those are left out."""
    if value.shape == shape:
        return value
    extra = value.ndim - len(shape)
    if extra > 0 and all(n == 1 for n in value.shape[:extra]):
        value = value.reshape(value.shape[extra:])
    try:
        return np.broadcast_to(value, shape)
    except ValueError as exc:
        raise ValueError(
            f"could not broadcast input array from shape {value.shape} into shape {shape} of the selection"
        ) from exc
