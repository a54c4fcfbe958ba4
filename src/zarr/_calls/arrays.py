"""Creating an array: from the arguments to metadata, with the defaults chosen, and to the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._calls.array_config import array_config
from zarr._codec.base import ArrayConfig
from zarr._dtype import ZarrFormat, ZDType, parse_data_type
from zarr._flow import elements
from zarr._flow.create import Ancestry, create_node, look_above
from zarr._flow.node import ArrayNode
from zarr._flow.objects import write
from zarr._flow.requests import Flow
from zarr._grid.chunk_shapes import MAX_INNER_NBYTES, MAX_NBYTES, guess_chunks, guess_shards, normalize_chunks
from zarr._grid.shapes import parse_shape
from zarr._metadata.formats import FORMATS
from zarr._metadata.group import GroupMetadata
from zarr._metadata.new_array import NewArray
from zarr._selection import basic
from zarr._store.path import StorePath
from zarr._support.settings import settings
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._calls.keywords import (
        Auto,
        ChunksLike,
        CompressorsLike,
        ConfigLike,
        DataTypeLike,
        FiltersLike,
        KeyEncodingLike,
        Order,
        SerializerLike,
        ShapeLike,
        ShardsLike,
    )
    from zarr._metadata.group import ArrayMetadata


class _Default:
    """Stands for "the data type's default", where None means something of its own."""

    def __repr__(self) -> str:
        return "DEFAULT_FILL_VALUE"


DEFAULT_FILL_VALUE = _Default()
DEFAULT_FORMAT: ZarrFormat = 3
"""What `zarr.create_array` makes where neither its caller nor a group above the new array says anything."""

ArrayParts: TypeAlias = tuple["ArrayMetadata", StorePath, ArrayConfig]
GroupParts: TypeAlias = tuple[GroupMetadata, StorePath]


# -- arrays -----------------------------------------------------------------------------------------------------


def create_array(
    at: StorePath,
    ancestry: Ancestry | None = None,
    format_without_parent: ZarrFormat | None = None,
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
    zarr_format: ZarrFormat | None = None,
    attributes: Mapping[str, Any] | None = None,
    chunk_key_encoding: KeyEncodingLike | None = None,
    dimension_names: Sequence[str | None] | None = None,
    overwrite: bool = False,
    config: ConfigLike | None = None,
    write_data: bool = True,
) -> Flow[ArrayParts]:
    """Create an array; see `zarr.create_array`.

    Parameters
    ----------
    ancestry
        What `look_above` found, if somebody has looked already.
    format_without_parent
        The format where none is asked for and there is no group above; that of the configuration if None.
    """
    if data is not None:
        data, shape, dtype = _take_data(data, shape, dtype)
    if shape is None or dtype is None:
        missing = "shape" if shape is None else "dtype"
        raise ArgumentError(f"`{missing}` is needed where no `data` is given")
    if zarr_format is None:
        ancestry, zarr_format = yield from find_format(at, format_without_parent)
    layout = FORMATS[format_of(zarr_format)]
    data_type = parse_data_type(dtype, zarr_format=layout.zarr_format)
    if getattr(data_type, "item_size", None) == 0:
        raise ValueError(
            f"elements of dtype {dtype!r} have no room for anything; give a length, as 'U8' or 'S8', or use 'string' "
            "or 'bytes' for any length"
        )
    lengths = parse_shape(shape)
    inner, outer = _chunk_shapes(lengths, data_type, chunks, shards)
    fill = _fill_value(fill_value, data_type)
    settings_ = array_config(config)
    wanted = NewArray(
        shape=lengths,
        data_type=data_type,
        chunks=inner,
        shards=outer,
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
    metadata: ArrayMetadata = layout.new_array(wanted)
    node = ArrayNode(metadata, at, settings_)
    elements_ = None if data is None or not write_data else elements.as_elements(data, node.view.spec)
    yield from create_node(at, metadata, overwrite=overwrite, ancestry=ancestry)
    if elements_ is not None:
        yield from write(node, node.view, basic(Ellipsis, lengths), elements_)
    return metadata, at, settings_


ARRAY_DEFAULTS: Mapping[str, Any] = {**(create_array.__kwdefaults__ or {}), "zarr_format": DEFAULT_FORMAT}


def _take_data(data: Any, shape: Any, dtype: Any) -> tuple[Any, tuple[int, ...], Any]:
    if not hasattr(data, "shape") or not hasattr(data, "dtype"):
        data = np.asarray(data)
    if shape is not None and parse_shape(shape) != tuple(data.shape):
        raise ValueError(
            f"The data parameter was used, with shape {tuple(data.shape)}, and the shape parameter too, with another "
            f"shape {parse_shape(shape)}. Give one of them."
        )
    if dtype is None and data.dtype.kind == "O" and all(isinstance(item, str) for item in np.ravel(data)):
        dtype = "string"
    return np.asarray(data), tuple(data.shape), data.dtype if dtype is None else dtype


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


def _chunk_shapes(
    shape: tuple[int, ...], data_type: ZDType[Any, Any], chunks: Any, shards: Any
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Shapes of the (inner) chunks and of the shards, None without shards."""
    itemsize = getattr(data_type, "item_size", 0) or 16  # a variable-length element is taken for 16 bytes
    auto_shards = isinstance(shards, str) and shards == "auto"
    if isinstance(chunks, str) and chunks == "auto":
        inner = guess_chunks(shape, itemsize, MAX_INNER_NBYTES if auto_shards else MAX_NBYTES)
    else:
        inner = normalize_chunks(chunks, shape)
    if shards is None or shards is False:
        return inner, None
    if auto_shards:
        return inner, guess_shards(shape, inner, itemsize, settings().target_shard_nbytes)
    if isinstance(shards, Mapping) and "shape" not in shards:
        raise ArgumentError(f"shards given as a mapping need a 'shape', got {dict(shards)!r}")
    wanted = shards["shape"] if isinstance(shards, Mapping) else shards
    outer = normalize_chunks(wanted, shape)
    if any(o % i for o, i in zip(outer, inner, strict=True)):
        if not isinstance(chunks, str):
            raise ValueError(
                f"The chunk shape {inner} does not divide the shard shape {outer}; choose shards that are whole "
                "multiples of chunks in every dimension"
            )
        inner = tuple(max(d for d in range(1, i + 1) if o % d == 0) for i, o in zip(inner, outer, strict=True))
    return inner, outer


def _shard_options(shards: Any) -> dict[str, Any]:
    """Keywords of the sharding codec out of the argument `shards`."""
    return {key: value for key, value in shards.items() if key != "shape"} if isinstance(shards, Mapping) else {}


def _fill_value(fill_value: Any, data_type: ZDType[Any, Any]) -> Any:
    """The fill value as a scalar; None stays, for the format to say what it means."""
    if isinstance(fill_value, _Default):
        return data_type.default_scalar()
    return None if fill_value is None else data_type.cast_scalar(fill_value)
