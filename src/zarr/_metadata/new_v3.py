"""A new array of format 3: the codecs it gets, and what of its arguments the format does not take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.of_numcodecs import codec_of, is_numcodec
from zarr._codec.optional import OptionalCodec
from zarr._codec.packbits import PackBitsCodec
from zarr._codec.registry import parse_codec
from zarr._codec.sharding import ShardingCodec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._codec.zstd import ZstdCodec
from zarr._dtype import VariableLengthBytes, VariableLengthUTF8, ZDType, parse_data_type
from zarr._dtype.optional import Optional
from zarr._dtype.python_objects import PythonObjects
from zarr._dtype.traits import HasObjectCodec
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.new_array import NewArray, is_auto, listed
from zarr._support.json import as_stored
from zarr._support.warn import warn
from zarr.errors import ArgumentError, ZarrRuntimeWarning, ZarrUserWarning

_ENCODING, _COMPRESSOR, _SERIALIZER = DefaultChunkKeyEncoding(), ZstdCodec(), BytesCodec()
"""Where nobody says anything else."""


def new_array(wanted: NewArray) -> ArrayV3Metadata:
    """The metadata of a new array.

    Raises
    ------
    TypeError, ValueError
        For codecs of the wrong kind, or of format 2.

    Warns
    -----
    ZarrRuntimeWarning, ZarrUserWarning
        For an `order`, which has no effect; for a sharding codec beside others.
    """
    if wanted.order is not None:
        _warn_order(wanted.order)
    return ArrayV3Metadata(
        shape=wanted.shape,
        data_type=wanted.data_type,
        chunk_grid=wanted.grid,
        chunk_key_encoding=wanted.chunk_key_encoding or _ENCODING,
        fill_value=wanted.fill_value,
        codecs=_codecs(wanted),
        attributes=as_stored(wanted.attributes),
        dimension_names=wanted.dimension_names,
    )


def data_type_of(given: Any, _filters: Any, _compressors: Any) -> ZDType[Any, Any]:
    """The data type that a `dtype` means."""
    return parse_data_type(given, zarr_format=3)


def arguments_of(array: ArrayV3Metadata) -> dict[str, Any]:
    """Keywords of `zarr.create_array` for another array of format 3 like this one."""
    sharding = array.sharding_codec
    shards = (
        None if sharding is None else {"shape": array.chunk_grid.to_grid(), "index_location": sharding.index_location}
    )
    return {
        "chunks": array.as_chunks,
        "shards": shards,
        "filters": array.filters or None,
        "compressors": array.compressors or None,
        "serializer": array.serializer,
        "order": None,
        "chunk_key_encoding": array.chunk_key_encoding,
        "attributes": dict(array.attributes),
        "dimension_names": array.dimension_names,
    }


_PLAIN = frozenset({"bytes", "endian", "vlen-utf8", "vlen-bytes"})


def codecs_of(array: ArrayV3Metadata) -> list[tuple[str, dict[str, Any]]]:
    """Names and settings of the (inner) codecs, without serializers that say nothing but the byte order."""
    documents = [codec.to_dict() for codec in array.inner_codecs]
    return [
        (document["name"].removeprefix("numcodecs."), dict(document.get("configuration") or {}))
        for document in documents
        if document["name"] not in _PLAIN
    ]


def _warn_order(order: str) -> None:
    if order not in ("C", "F"):
        raise ValueError(f"order must be 'C' or 'F', got {order!r}")
    warn(
        "The `order` keyword argument has no effect in Zarr format 3. For the memory layout of arrays that reads return, "
        "use config={'order': ...}; to store another layout, a TransposeCodec in `filters`.",
        ZarrRuntimeWarning,
    )


def _codecs(wanted: NewArray) -> tuple[Codec, ...]:
    before = _chosen(wanted.filters, [], ArrayArrayCodec, "filters")
    after = _chosen(wanted.compressors, [_COMPRESSOR], BytesBytesCodec, "compressors")
    default = [default_serializer(wanted.data_type)] if is_auto(wanted.serializer) else []
    middle = _chosen(wanted.serializer, default, ArrayBytesCodec, "serializer")
    if len(middle) != 1:
        raise ArgumentError(f"`serializer` takes exactly one array->bytes codec, got {len(middle)}")
    chain = (*before, *middle, *after)
    if len(chain) > 1 and isinstance(middle[0], ShardingCodec):
        warn(
            "Combining a `sharding_indexed` codec with others: unless all of these are transposes before it, shards are read "
            "and written whole. Use `shards` instead, which puts the other codecs inside.",
            ZarrUserWarning,
        )
    if wanted.inner is None:
        return chain
    return (ShardingCodec(chunk_shape=wanted.inner, codecs=chain, **wanted.shard_options),)


def _chosen(given: Any, default: list[Any], kind: type, keyword: str) -> list[Codec]:
    codecs = [_as_codec(codec) for codec in (default if is_auto(given) else listed(given))]
    for codec in codecs:
        if not isinstance(codec, kind):
            raise TypeError(
                f"`{keyword}` takes codecs of the kind {kind.__name__}, got {type(codec).__name__}. "
                "array->array codecs go to `filters`, array->bytes to `serializer`, bytes->bytes to `compressors`."
            )
    return codecs


def _as_codec(codec: Any) -> Codec:
    if isinstance(codec, ArrayArrayCodec | ArrayBytesCodec | BytesBytesCodec):
        return codec
    if isinstance(codec, Mapping) and "id" in codec and "name" not in codec:
        raise ArgumentError(
            f"{dict(codec)!r} is the form of numcodecs, for format 2; use a codec of zarr.codecs or zarr.codecs.numcodecs, or "
            '{"name": ..., "configuration": {...}}'
        )
    if isinstance(codec, str | Mapping):
        return parse_codec(codec)
    if is_numcodec(codec):
        return codec_of(codec)
    raise TypeError(f"expected a codec or its metadata, got {type(codec).__name__}. {_instead_of(codec)}")


def _instead_of(given: Any) -> str:
    if isinstance(given, type):
        return f"That is the class {given.__name__}; call it to make a codec, with its settings: {given.__name__}(...)."
    return "Give a codec of zarr.codecs, as ZstdCodec(level=3), or the name of one, as 'zstd'."


def default_serializer(data_type: ZDType[Any, Any]) -> Codec:
    """The codec that makes bytes of elements, where nobody names one."""
    if isinstance(data_type, VariableLengthUTF8):
        return VLenUTF8Codec()
    if isinstance(data_type, VariableLengthBytes):
        return VLenBytesCodec()
    if isinstance(data_type, Optional):
        return OptionalCodec(mask_codecs=[PackBitsCodec()], data_codecs=[default_serializer(data_type.data_type)])
    if isinstance(data_type, PythonObjects):
        data_type.to_json(zarr_format=3)  # which says that there are none
    elif isinstance(data_type, HasObjectCodec):
        raise ArgumentError(
            f"arrays of the data type {data_type} are stored by a serializer of their own; its name may be "
            f"{data_type.object_codec_id!r}, and it is given as `serializer`"
        )
    return _SERIALIZER
