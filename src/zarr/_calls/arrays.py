"""Creating an array: from the arguments to metadata, with the defaults chosen, and to the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.devices import on_host
from zarr._calls.array_config import array_config
from zarr._codec.base import ArrayConfig
from zarr._dtype import Optional, ZarrFormat, ZDType
from zarr._dtype.convert import exact, fill_scalar, inferred
from zarr._dtype.python_objects import PythonObjects
from zarr._flow.create import Ancestry, create_node, look_above
from zarr._flow.filling import whole_or_gone
from zarr._flow.node import ArrayNode, array_node_of
from zarr._flow.objects import write
from zarr._flow.requests import Flow
from zarr._grid.chunk_shapes import (
    MAX_INNER_NBYTES,
    MAX_NBYTES,
    chunks_of,
    guess_chunks,
    guess_shards,
    normalize_chunks,
    shards_of,
)
from zarr._grid.grid import RectilinearGrid, RegularGrid
from zarr._grid.shapes import parse_shape
from zarr._metadata.chunk_grid import ChunkGridMetadata
from zarr._metadata.formats import FORMATS
from zarr._metadata.group import GroupMetadata
from zarr._metadata.new_array import NewArray, object_codec_among
from zarr._selection import basic
from zarr._store.path import StorePath
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal
from zarr._support.sizes import parse_nbytes
from zarr._support.truth import truth
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Unpack

    import numpy.typing as npt

    from zarr._calls.keywords import (
        Auto,
        ChunksLike,
        CompressorsLike,
        ConfigLike,
        DataTypeLike,
        FiltersLike,
        KeyEncodingLike,
        MemberOptions,
        Order,
        SerializerLike,
        ShapeLike,
        ShardsLike,
    )
    from zarr._flow.filling import NewNodes
    from zarr._metadata.group import ArrayMetadata


class _Default:
    """Stands for "the data type's default", where None means something of its own."""

    def __repr__(self) -> str:
        return "DEFAULT_FILL_VALUE"

    def __reduce__(self) -> str:
        return "DEFAULT_FILL_VALUE"  # there is one


DEFAULT_FILL_VALUE = _Default()
DEFAULT_FORMAT: ZarrFormat = 3
"""What `zarr.create_array` makes where neither its caller nor a group above the new array says anything."""


class _Filled:
    """Stands for what NumPy's function of this name fills an array with, whatever its data type."""

    def __init__(self, function: str, number: int) -> None:
        self._function, self._number = function, number

    def __repr__(self) -> str:
        return str(self._number)

    def of(self, data_type: ZDType[Any, Any]) -> Any:
        if isinstance(data_type, Optional):
            return self.of(data_type.data_type)
        dtype = data_type.to_native_dtype()
        is_octets = dtype.kind == "O" and not isinstance(data_type, PythonObjects)
        element = getattr(np, self._function)(1, "S1" if is_octets else dtype)[0]
        return data_type.cast_scalar(element)


ZEROS, ONES = _Filled("zeros", 0), _Filled("ones", 1)

ArrayParts: TypeAlias = tuple["ArrayMetadata", StorePath, ArrayConfig]
GroupParts: TypeAlias = tuple[GroupMetadata, StorePath]
Grid: TypeAlias = RegularGrid | RectilinearGrid


# -- arrays -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedArray:
    """An array that is to be created: everything that can be found out without its store.

    Attributes
    ----------
    node
        The array, as it will be.
    elements
        What is written into it; None for nothing.
    overwrite
        Whether it takes the place of what is there.
    """

    node: ArrayNode
    elements: npt.NDArray[Any] | None
    overwrite: bool


def create_array(
    at: StorePath,
    ancestry: Ancestry | None = None,
    format_without_parent: ZarrFormat | None = None,
    *,
    zarr_format: ZarrFormat | None = None,
    made: NewNodes | None = None,
    **options: Unpack[MemberOptions],
) -> Flow[ArrayParts]:
    """Create an array; see `zarr.create_array`.

    Parameters
    ----------
    ancestry
        What `look_above` found, if somebody has looked already.
    format_without_parent
        The format where none is asked for and there is no group above; that of the configuration if None.
    made
        As of `create_node`.
    """
    if zarr_format is None:
        ancestry, zarr_format = yield from find_format(at, format_without_parent)
    return (yield from create_planned(plan_array(at, zarr_format=format_of(zarr_format), **options), ancestry, made))


def create_planned(
    planned: PlannedArray, ancestry: Ancestry | None = None, made: NewNodes | None = None
) -> Flow[ArrayParts]:
    """Create an array as it was planned; `made` as of `create_node`."""
    new: NewNodes = []
    node = planned.node
    metadata, at = node.metadata, node.store_path
    yield from create_node(at, metadata, overwrite=planned.overwrite, ancestry=ancestry, made=new)
    if planned.elements is not None:
        yield from whole_or_gone(new, write(node, node.view, basic(Ellipsis, metadata.shape), planned.elements))
    if made is not None:
        made += new
    return metadata, at, node.config


def plan_array(
    at: StorePath,
    *,
    shape: ShapeLike | None = None,
    dtype: DataTypeLike | None = None,
    data: npt.ArrayLike | None = None,
    chunks: ChunksLike | Auto | None = "auto",
    shards: ShardsLike | Auto | None = None,
    filters: FiltersLike | Auto | None = "auto",
    compressors: CompressorsLike | Auto | None = "auto",
    serializer: SerializerLike | Auto = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: Order | None = None,
    zarr_format: ZarrFormat = DEFAULT_FORMAT,
    attributes: Mapping[str, Any] | None = None,
    chunk_key_encoding: KeyEncodingLike | None = None,
    dimension_names: Sequence[str | None] | None = None,
    overwrite: bool = False,
    config: ConfigLike | None = None,
    write_data: bool = True,
) -> PlannedArray:
    """An array as the arguments of `zarr.create_array` describe it, with what is not said chosen."""
    overwrite, write_data = truth("overwrite", overwrite), truth("write_data", write_data)
    if data is None and (shape is None or dtype is None):
        missing = "shape" if shape is None else "dtype"
        raise ArgumentError(f"`{missing}` is needed where no `data` is given")
    layout = FORMATS[zarr_format]
    data = on_host(data)
    if data is not None and dtype is None:
        data, dtype = _with_dtype(data, object_codec_among(filters, compressors))
    data_type = layout.data_type_of(dtype, filters, compressors)
    _refuse_no_room(data_type.to_native_dtype(), dtype)
    elements = None if data is None else _elements(data, shape, data_type, write_data)
    lengths = parse_shape(shape if elements is None else elements.shape)  # type: ignore[arg-type]  # one of them is there
    grid, inner = _chunk_grid(lengths, data_type, chunks, shards)
    fill = _fill_value(fill_value, data_type)
    settings_ = array_config(config)
    wanted = NewArray(
        shape=lengths,
        data_type=data_type,
        grid=grid,
        inner=inner,
        shard_options=_shard_options(shards),
        filters=filters,
        serializer=serializer,
        compressors=compressors,
        fill_value=fill,
        order=order,
        memory_order=settings_.order,
        attributes=attributes,
        chunk_key_encoding=chunk_key_encoding,
        dimension_names=dimension_names,
    )
    metadata = layout.new_array(wanted)
    if not settings().uneven_shards and metadata.has_uneven_shards:
        raise ValueError(
            f"The chunk shape does not divide the shard shape {metadata.chunk_grid.chunk_shape}; {_EVEN_SHARDS}"
        )
    node = ArrayNode(metadata, at, settings_)
    return PlannedArray(node, elements if write_data else None, overwrite)


ARRAY_DEFAULTS: Mapping[str, Any] = plan_array.__kwdefaults__ or {}


def _refuse_no_room(made: np.dtype[Any], given: Any) -> None:
    """Raise ValueError for elements, or fields, that have no room: NumPy makes such text where no length is given."""
    if not made.itemsize and made.names is None:
        raise ValueError(
            f"elements of dtype {given!r} have no room for anything; give a length, as 'U8' or 'S8', or use 'string' "
            "or 'bytes' for any length"
        )
    if made.names is not None and (field := _without_room(made)) is not None:
        raise ValueError(
            f"field {field!r} of dtype {given!r} has no room for anything; give it a length, as 'U8' or 'S8', since fields have "
            "a fixed size"
        )


def _without_room(dtype: np.dtype[Any]) -> str | None:
    """The first field whose elements have no bytes, with those that it is in before it; None if all have some."""
    for name in dtype.names or ():
        field = dtype[name].base
        if field.names is not None and (inner := _without_room(field)) is not None:
            return f"{name}.{inner}"
        if not dtype[name].itemsize and (not field.itemsize or dtype.itemsize == 0):
            return name
    return None


def _with_dtype(data: Any, object_codec: str | None) -> tuple[Any, Any]:
    """Data for which no dtype was given, and the one that they have or make."""
    if object_codec is not None and type(data) is np.ndarray and data.dtype == object:
        return data, object
    if (node := array_node_of(data)) is not None:
        return data, node.view.spec.data_type
    elements = inferred(data)
    return elements, "string" if elements.dtype.kind == "O" else elements.dtype


def _elements(data: Any, shape: Any, data_type: ZDType[Any, Any], write_data: bool) -> npt.NDArray[Any]:
    """Data as elements of the data type; where they are not to be written, anything of their shape."""
    found = None if hasattr(data, "shape") else exact(data, data_type, data_type.to_native_dtype())
    has = tuple((data if found is None else found).shape)
    if shape is not None and (wanted := parse_shape(shape)) != has:
        raise ValueError(
            f"The data parameter was used, with shape {has}, and the shape parameter too, with another shape {wanted}. "
            "Give one of them."
        )
    if found is not None:
        return found
    if not write_data:
        return np.broadcast_to(np.zeros((), bool), has)
    return exact(data, data_type, data_type.to_native_dtype())


def find_format(at: StorePath, otherwise: ZarrFormat | None = None) -> Flow[tuple[Ancestry, ZarrFormat]]:
    """What is above a new node, and the format that it gets there if none is asked for.

    That of the nearest group above it, so that one reader can list the whole hierarchy; `otherwise`, or the configuration's
    default, where there is none.
    """
    ancestry = yield from look_above(at)
    return ancestry, format_of(otherwise if ancestry.zarr_format is None else ancestry.zarr_format)


def format_of(zarr_format: int | None) -> ZarrFormat:
    """The format that is meant: the configuration's default for None."""
    chosen = settings().default_zarr_format if zarr_format is None else zarr_format
    if chosen not in (2, 3) or isinstance(chosen, bool):
        raise ValueError(f"zarr_format must be 2 or 3, got {zarr_format!r}")
    return chosen  # type: ignore[return-value]  # one of the two


_EVEN_SHARDS = (
    "choose shards that are whole multiples of chunks in every dimension, or shards=None (a copy has the shards of its source "
    "where none are given); or set zarr.config key 'array.uneven_shards' to True, for an array that few other libraries read"
)


def _chunk_grid(
    shape: tuple[int, ...], data_type: ZDType[Any, Any], chunks: Any, shards: Any
) -> tuple[Grid, tuple[int, ...] | None]:
    """The grid of the stored chunks, and the shape of the inner ones if those are shards."""
    itemsize = getattr(data_type, "item_size", 0) or 16  # a variable-length element is taken for 16 bytes
    auto_shards = isinstance(shards, str) and shards == "auto"
    if isinstance(chunks, str) and chunks == "auto":
        grid: Grid = RegularGrid(guess_chunks(shape, itemsize, MAX_INNER_NBYTES if auto_shards else MAX_NBYTES))
    elif isinstance(chunks, str):
        grid = RegularGrid(chunks_of(shape, itemsize, _nbytes(chunks, "chunks")))
    else:
        grid = _wanted_grid(chunks, shape, "chunks")
    if shards is None or shards is False:
        return grid, None
    if not isinstance(grid, RegularGrid):
        raise ArgumentError(
            "chunks of different lengths cannot be the inner chunks of shards. Shards may differ in length: "
            "chunks=(10, 10), shards=([30, 50], 20)"
        )
    inner = grid.shape
    if auto_shards:
        return RegularGrid(guess_shards(shape, inner, itemsize, settings().target_shard_nbytes)), inner
    if isinstance(shards, str):
        return RegularGrid(shards_of(shape, inner, itemsize, _nbytes(shards, "shards"))), inner if shape else None
    if isinstance(shards, Mapping) and "shape" not in shards:
        raise ArgumentError(f"shards given as a mapping need a 'shape', got {dict(shards)!r}")
    outer = _wanted_grid(shards["shape"] if isinstance(shards, Mapping) else shards, shape, "shards")
    if any(o % i for o, i in zip(outer.divisors, inner, strict=True)):
        if not isinstance(chunks, str):
            if settings().uneven_shards and isinstance(outer, RegularGrid):
                return outer, inner
            raise ValueError(f"The chunk shape {inner} does not divide the shard shape {outer.shape}; {_EVEN_SHARDS}")
        inner = tuple(max(d for d in range(1, i + 1) if o % d == 0) for i, o in zip(inner, outer.divisors, strict=True))
    return outer, inner if shape else None  # what has no axes has one chunk, and needs no shards


def _nbytes(given: str, argument: str) -> int:
    """A size that is given in the place of a shape."""
    try:
        return parse_nbytes(given, argument)
    except ArgumentError:
        raise ArgumentError(
            f"{argument} must be an integer, a tuple of integers, 'auto' or a size like '64MB', got {given!r}"
        ) from None


def _wanted_grid(given: Any, shape: tuple[int, ...], argument: str) -> Grid:
    """The grid that an argument means. One that was made before is taken as it is, one of different lengths has to be permitted."""
    if isinstance(given, ChunkGridMetadata):
        given = given.to_grid()
    grid = normalize_chunks(given, shape, argument)
    if isinstance(grid, RegularGrid) or grid is given or settings().rectilinear_chunks:
        return grid
    raise ValueError(
        f"{argument} of different lengths make a rectilinear chunk grid, which several other programs cannot read. If those that "
        "matter to you can, permit it with zarr.config.set({'array.rectilinear_chunks': True}), or in the environment with "
        "ZARR_ARRAY__RECTILINEAR_CHUNKS=True"
    )


def _shard_options(shards: Any) -> dict[str, Any]:
    """Keywords of the sharding codec out of the argument `shards`."""
    return {key: value for key, value in shards.items() if key != "shape"} if isinstance(shards, Mapping) else {}


def _fill_value(fill_value: Any, data_type: ZDType[Any, Any]) -> Any:
    """The fill value as a scalar; None stays, for the format to say what it means."""
    if isinstance(fill_value, _Default):
        return data_type.default_scalar()
    if isinstance(fill_value, _Filled):
        return fill_value.of(data_type)
    if fill_value is None:
        return None
    try:
        return fill_scalar(fill_value, data_type)
    except (TypeError, ValueError, OverflowError) as exc:
        if len(exc.args) == 1 and not came_from_a_signal(exc):
            exc.args = (f"fill_value: {exc}",)
        raise
