"""The members that other packages define: data type, fill value and codecs, read with this package's errors.

Third parties register data types and codecs, so anything may come out of their constructors; what reaches the caller is
one of `MetadataValidationError`, `DataTypeValidationError` and `UnknownCodecError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty
from zarr._codec.base import (
    ArrayArrayCodec,
    ArrayBytesCodec,
    BytesBytesCodec,
    ChunkSpec,
    Codec,
)
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.capacity import refuse_changed_fill, refuse_oversized
from zarr._codec.chain import CodecChain
from zarr._codec.registry import parse_codec
from zarr._codec.sharding import ShardingCodec
from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.convert import fill_scalar
from zarr._dtype.fill import all_fill, is_same_object
from zarr._dtype.registry import data_type_registry
from zarr._dtype.structs import Structured
from zarr._metadata.grid import RegularChunkGridMetadata
from zarr._support.document_errors import invalid, judged, shorten, wrong_kind
from zarr._support.named_configuration import parse_named
from zarr.errors import MetadataValidationError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer.byte_order import ByteOrder
    from zarr._metadata.chunk_grid import ChunkGridMetadata


MOST_CODECS = 100
"""In one chain. Nobody needs a tenth of that, and each of them runs for each chunk."""


def parse_stored_data_type(data: object) -> ZDType[Any, Any]:
    """The data type of a format 3 document, in any of the forms that the format allows.

    Examples
    --------
    >>> parse_stored_data_type({"name": "int8", "must_understand": True}).to_native_dtype()
    dtype('int8')
    """
    named = parse_named(data, "data_type")
    stored = {"name": named.name, "configuration": named.configuration} if named.configuration else named.name
    with judged("data_type", f"reading the data type {named.name!r}"):
        return data_type_registry.match_json(stored, zarr_format=3)


def parse_stored_fill_value(data: object, data_type: ZDType[Any, Any], codecs: tuple[Codec, ...] = ()) -> Any:
    """The fill value of a format 3 document. Older ones of structs are bytes, in the order that the codecs give to elements."""
    with judged("fill_value", f"reading {shorten(data)} as {data_type}"):
        if isinstance(data, str) and isinstance(data_type, Structured):
            return data_type.from_packed_json(data, _byte_order(codecs))
        return data_type.from_json_scalar(data, zarr_format=3)


def _byte_order(codecs: tuple[Codec, ...]) -> ByteOrder:
    """The byte order of the elements that codecs store; little where they do not say."""
    for codec in codecs:
        if isinstance(codec, BytesCodec):
            return codec.endian or "little"
        if isinstance(codec, ShardingCodec):
            return _byte_order(codec.codecs)
    return "little"


def storable_fill_value(given: object, data_type: ZDType[Any, Any], zarr_format: ZarrFormat) -> Any:
    """A fill value as a scalar of the data type, once it is sure that a document of the format says this and no other.

    Raises
    ------
    MetadataValidationError
        If whoever opens the array would read another one.
    TypeError, ValueError, OverflowError
        What the data type raises for a value that it cannot hold.
    """
    fill = fill_scalar(given, data_type)
    stored = data_type.to_json_scalar(fill, zarr_format=zarr_format)
    if isinstance(stored, bool | int | float):
        return fill  # JSON has every number
    read = data_type.from_json_scalar(stored, zarr_format=zarr_format)
    if not _are_same(fill, read, data_type.to_native_dtype()):
        raise MetadataValidationError(
            f"Zarr format {zarr_format} cannot say the fill value {fill!r} (bytes {np.asarray(fill).tobytes().hex()}) of "
            f"{data_type}: the array would be opened with {read!r} (bytes {np.asarray(read).tobytes().hex()}). Use that "
            "one, or the other format"
        )
    return fill


def _are_same(fill: Any, read: Any, dtype: np.dtype[Any]) -> bool:
    """Whether two scalars of a dtype are the same, bit by bit."""
    if dtype.kind in "OT":
        return is_same_object(fill, read)
    return all_fill(_as_element(fill, dtype), read)


def _as_element(fill: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    element = empty((1,), dtype)
    element[0] = fill
    return element


def parse_codecs(data: object) -> tuple[Codec, ...]:
    """Codecs from codecs or from their stored forms.

    Raises
    ------
    UnknownCodecError
        If one is not registered.
    MetadataValidationError
        If one is misconfigured, or there are none.
    """
    if isinstance(data, list | tuple):
        if len(data) > MOST_CODECS:
            raise invalid("codecs", f"at most {MOST_CODECS} codecs", data)
    elif isinstance(data, str | Mapping) or not isinstance(data, Iterable):
        raise wrong_kind("codecs", "a list of codecs", data)
    codecs = tuple(_parse_codec(entry, f"codecs[{i}]") for i, entry in enumerate(data))
    if not codecs:
        raise invalid("codecs", "at least one codec, that turns the array into bytes", [])
    return codecs


def _parse_codec(data: object, field: str) -> Codec:
    if isinstance(data, ArrayArrayCodec | ArrayBytesCodec | BytesBytesCodec):
        return data
    if not isinstance(data, str | Mapping):
        raise wrong_kind(field, "a codec, a name, or an object with a 'name'", data)
    with judged(field, f"making a codec from {shorten(data)}"):
        return parse_codec(data, field)


def stored_codec(codec: Codec) -> Any:
    """The stored form of a codec. Third parties write `to_dict`, so it is looked at before it is stored."""
    stored: object = codec.to_dict()
    if not isinstance(stored, str) and not (isinstance(stored, dict | Mapping) and isinstance(stored.get("name"), str)):
        raise wrong_kind("codecs", f"a description with a 'name' from {type(codec).__name__}.to_dict()", stored)
    return stored


def settle_codecs(
    codecs: tuple[Codec, ...],
    shape: tuple[int, ...],
    chunk_grid: ChunkGridMetadata,
    data_type: ZDType[Any, Any],
    fill_value: Any,
    *,
    is_new: bool,
) -> tuple[Codec, ...]:
    """The codecs with what depends on the array filled in, once it is sure that they can work on its chunks.

    Of an array that is new, and not opened, chunks are also refused that could never be encoded, and fill values that would
    come back as others.

    Raises
    ------
    MetadataValidationError
        If their order is wrong, or one does not take what the one before it makes.
    """
    of_all = chunk_grid.chunk_shape
    first, *others = chunk_grid.extremes if of_all is None else (of_all,)
    with judged("codecs", "fitting the codecs to this array"):
        chain = CodecChain.compile(codecs, ChunkSpec(first, data_type, fill_value))
        for codec, spec in zip(chain.codecs, chain.specs, strict=True):
            # Behind a codec that changes the shape of chunks, no array has such chunks; a chunk stands for it.
            same = spec.shape == first
            seen = chunk_grid if same else RegularChunkGridMetadata(chunk_shape=spec.shape)
            codec.validate(shape=shape if same else spec.shape, dtype=spec.dtype, chunk_grid=seen)
        if is_new:
            refuse_oversized(chain)
            refuse_changed_fill(chain)
    for chunk_shape in others:
        with judged("codecs", f"fitting the codecs to all chunks, whose lengths have the divisors {chunk_shape},"):
            CodecChain.compile(codecs, ChunkSpec(chunk_shape, data_type, fill_value))
    return chain.codecs
