"""Creating an array: from the arguments to metadata, with the defaults chosen, and to the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._calls.array_config import array_config
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, ArrayConfig, BytesBytesCodec, Codec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.registry import get_numcodec, parse_codec
from zarr._codec.sharding import ShardingCodec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._codec.zstd import ZstdCodec
from zarr._dtype import VariableLengthBytes, VariableLengthUTF8, ZarrFormat, ZDType, parse_data_type
from zarr._flow import elements, nodes
from zarr._flow.node import ArrayNode
from zarr._flow.objects import write
from zarr._flow.requests import Flow
from zarr._grid.chunk_shapes import MAX_INNER_NBYTES, MAX_NBYTES, guess_chunks, guess_shards, normalize_chunks
from zarr._grid.grid import RegularGrid
from zarr._grid.shapes import parse_shape
from zarr._metadata.group import GroupMetadata
from zarr._metadata.v2 import ArrayV2Metadata
from zarr._metadata.v3 import ArrayV3Metadata
from zarr._selection import basic
from zarr._store.path import StorePath
from zarr._support.json import as_stored
from zarr._support.settings import settings
from zarr._support.warn import warn
from zarr.errors import ArgumentError, ZarrRuntimeWarning, ZarrUserWarning

if TYPE_CHECKING:
    from zarr._flow.nodes import ArrayMetadata


class _Default:
    """Stands for "the data type's default", where None means something of its own."""

    def __repr__(self) -> str:
        return "DEFAULT_FILL_VALUE"


DEFAULT_FILL_VALUE = _Default()

ArrayParts: TypeAlias = tuple["ArrayMetadata", StorePath, ArrayConfig]
GroupParts: TypeAlias = tuple[GroupMetadata, StorePath]


# -- arrays -----------------------------------------------------------------------------------------------------


def create_array(
    at: StorePath,
    *,
    shape: int | Iterable[int] | None = None,
    dtype: Any = None,
    data: Any = None,
    chunks: Any = "auto",
    shards: Any = None,
    filters: Any = "auto",
    compressors: Any = "auto",
    serializer: Any = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: str | None = None,
    zarr_format: int | None = 3,
    attributes: Mapping[str, Any] | None = None,
    chunk_key_encoding: Any = None,
    dimension_names: Sequence[str | None] | None = None,
    overwrite: bool = False,
    config: ArrayConfig | dict[str, Any] | None = None,
    write_data: bool = True,
) -> Flow[ArrayParts]:
    """Create an array; see `zarr.create_array`."""
    if data is not None:
        data, shape, dtype = _take_data(data, shape, dtype)
    if shape is None or dtype is None:
        missing = "shape" if shape is None else "dtype"
        raise ArgumentError(f"`{missing}` is needed where no `data` is given")
    zarr_format = format_of(zarr_format)
    data_type = parse_data_type(dtype, zarr_format=zarr_format)
    if getattr(data_type, "item_size", None) == 0:
        raise ValueError(
            f"elements of dtype {dtype!r} have no room for anything; give a length, as 'U8' or 'S8', or use 'string' "
            "or 'bytes' for any length"
        )
    lengths = parse_shape(shape)
    inner, outer = _chunk_shapes(lengths, data_type, chunks, shards)
    fill = _fill_value(fill_value, data_type, zarr_format)
    settings_ = array_config(config)
    metadata: ArrayMetadata
    if zarr_format == 3:
        if order is not None:
            _warn_order(order)
        metadata = ArrayV3Metadata(
            shape=lengths,
            data_type=data_type,
            chunk_grid=RegularGrid(outer or inner),
            chunk_key_encoding=chunk_key_encoding or "default",
            fill_value=fill,
            codecs=_codecs_v3(data_type, inner, shards if outer else None, filters, serializer, compressors),
            attributes=as_stored(attributes),
            dimension_names=dimension_names,
        )
    else:
        metadata = _metadata_v2(
            lengths,
            data_type,
            inner,
            outer,
            filters,
            serializer,
            compressors,
            fill,
            order or settings_.order,
            attributes,
            chunk_key_encoding,
            dimension_names,
        )
    node = ArrayNode(metadata, at, settings_)
    elements_ = None if data is None or not write_data else elements.as_elements(data, node.view.spec)
    yield from nodes.create(at, metadata, overwrite=overwrite)
    if elements_ is not None:
        yield from write(node, node.view, basic(Ellipsis, lengths), elements_)
    return metadata, at, settings_


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


def format_of(zarr_format: int | None) -> ZarrFormat:
    """The format that is meant: the configuration's default for None."""
    chosen = settings().default_zarr_format if zarr_format is None else zarr_format
    if chosen not in (2, 3) or isinstance(chosen, bool):
        raise ValueError(f"zarr_format must be 2 or 3, got {zarr_format!r}")
    return chosen  # type: ignore[return-value]  # one of the two


def _warn_order(order: str) -> None:
    if order not in ("C", "F"):
        raise ValueError(f"order must be 'C' or 'F', got {order!r}")
    warn(
        "The `order` keyword argument has no effect in Zarr format 3. For the memory layout of arrays that reads return, "
        "use config={'order': ...}; to store another layout, a TransposeCodec in `filters`.",
        ZarrRuntimeWarning,
    )


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


def _fill_value(fill_value: Any, data_type: ZDType[Any, Any], zarr_format: int) -> Any:
    if isinstance(fill_value, _Default):
        return data_type.default_scalar()
    if fill_value is None:
        return None if zarr_format == 2 else data_type.default_scalar()
    return data_type.cast_scalar(fill_value)


def _listed(given: Any) -> list[Any]:
    """Codecs as users give them: None, one, or several."""
    if given is None:
        return []
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def _codecs_v3(
    data_type: ZDType[Any, Any],
    inner: tuple[int, ...],
    shards: Any,
    filters: Any,
    serializer: Any,
    compressors: Any,
) -> tuple[Codec, ...]:
    def chosen(given: Any, default: list[Any], kind: type, keyword: str) -> list[Codec]:
        listed = default if isinstance(given, str) and given == "auto" else _listed(given)
        codecs = [_as_codec(codec) for codec in listed]
        for codec in codecs:
            if not isinstance(codec, kind):
                raise TypeError(
                    f"`{keyword}` takes codecs of the kind {kind.__name__}, got {type(codec).__name__}. "
                    "array->array codecs go to `filters`, array->bytes to `serializer`, bytes->bytes to `compressors`."
                )
        return codecs

    before = chosen(filters, [], ArrayArrayCodec, "filters")
    after = chosen(compressors, [ZstdCodec()], BytesBytesCodec, "compressors")
    middle = chosen(serializer, [_default_serializer(data_type)], ArrayBytesCodec, "serializer")
    if len(middle) != 1:
        raise ArgumentError(f"`serializer` takes exactly one array->bytes codec, got {len(middle)}")
    chain = (*before, *middle, *after)
    if len(chain) > 1 and isinstance(middle[0], ShardingCodec):
        warn(
            "Combining a `sharding_indexed` codec with others: where they follow it, or are no transposes, shards are "
            "read and written whole. Use `shards` instead, which puts the other codecs inside.",
            ZarrUserWarning,
        )
    if shards is None:
        return chain
    options = {key: value for key, value in shards.items() if key != "shape"} if isinstance(shards, Mapping) else {}
    return (ShardingCodec(chunk_shape=inner, codecs=chain, **options),)


def _as_codec(codec: Any) -> Codec:
    if isinstance(codec, str | Mapping):
        return parse_codec(codec)
    if not isinstance(codec, ArrayArrayCodec | ArrayBytesCodec | BytesBytesCodec):
        hint = " numcodecs codecs are for format 2; use those of zarr.codecs" if hasattr(codec, "codec_id") else ""
        raise TypeError(f"expected a codec or its metadata, got {type(codec).__name__}.{hint}")
    return codec


def _default_serializer(data_type: ZDType[Any, Any]) -> Codec:
    if isinstance(data_type, VariableLengthUTF8):
        return VLenUTF8Codec()
    if isinstance(data_type, VariableLengthBytes):
        return VLenBytesCodec()
    return BytesCodec()


def _metadata_v2(
    shape: tuple[int, ...],
    data_type: ZDType[Any, Any],
    chunks: tuple[int, ...],
    shards: tuple[int, ...] | None,
    filters: Any,
    serializer: Any,
    compressors: Any,
    fill_value: Any,
    order: str,
    attributes: Mapping[str, Any] | None,
    chunk_key_encoding: Any,
    dimension_names: Any,
) -> ArrayV2Metadata:
    if shards is not None:
        raise ValueError("Zarr format 2 has no shards; leave out `shards` or use zarr_format=3")
    if dimension_names is not None:
        raise ValueError("Zarr format 2 has no dimension names; leave out `dimension_names` or use zarr_format=3")
    if not (isinstance(serializer, str) and serializer == "auto"):
        raise ValueError("Zarr format 2 arrays have no serializer; leave out `serializer` or use zarr_format=3")
    object_codec = {VariableLengthUTF8: "vlen-utf8", VariableLengthBytes: "vlen-bytes"}.get(type(data_type))
    chosen_filters = [] if isinstance(filters, str) and filters == "auto" else [_numcodec(f) for f in _listed(filters)]
    if object_codec is not None and not any(f.codec_id == object_codec for f in chosen_filters):
        chosen_filters.append(get_numcodec({"id": object_codec}))
    if isinstance(compressors, str) and compressors == "auto":
        compressor = get_numcodec({"id": "zstd", "level": 0})
    else:
        listed = [_numcodec(c) for c in _listed(compressors)]
        if len(listed) > 1:
            raise ArgumentError(f"Zarr format 2 takes one compressor, got {len(listed)}; use zarr_format=3 for more")
        compressor = listed[0] if listed else None
    return ArrayV2Metadata(
        shape=shape,
        dtype=data_type,
        chunks=chunks,
        fill_value=fill_value,
        order=order,  # type: ignore[arg-type]  # checked by the metadata
        dimension_separator=_separator_v2(chunk_key_encoding),
        compressor=compressor,
        filters=chosen_filters or None,
        attributes=as_stored(attributes),
    )


def _numcodec(codec: Any) -> Any:
    if isinstance(codec, Mapping):
        return get_numcodec(codec)
    if not hasattr(codec, "codec_id"):
        raise ArgumentError(
            f"Zarr format 2 takes numcodecs codecs, got {type(codec).__name__}; use zarr_format=3 for it, or a codec of "
            "the package numcodecs"
        )
    return codec


def _separator_v2(encoding: Any) -> Any:
    if encoding is None:
        return "."
    if isinstance(encoding, Mapping):
        name, separator = encoding.get("name"), (encoding.get("configuration") or encoding).get("separator", ".")
    else:
        name, separator = getattr(encoding, "name", encoding), getattr(encoding, "separator", ".")
    if name != "v2":
        raise ValueError(f"Zarr format 2 arrays use the chunk key encoding 'v2', got {name!r}")
    return separator
