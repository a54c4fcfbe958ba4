"""An array of one format in the other.

`migrated` describes the chunks that are stored already, so it takes over every codec or refuses. `kept_codecs` is for chunks
that are written anew: it takes over what the other format has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zarr._buffer.byte_order import has_byte_order
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, ChunkSpec, Codec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.counterparts import AUTO_SHUFFLE, decoded_dtype, in_format_2, in_format_3, with_decoded_dtype
from zarr._codec.sharding import ShardingCodec
from zarr._codec.transpose import TransposeCodec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.extension_members import parse_stored_data_type
from zarr._metadata.group import ArrayMetadata
from zarr._metadata.node_documents_v2 import DIMENSIONS_ATTRIBUTE, FORMAT_2
from zarr.errors import MetadataValidationError, UnknownCodecError

# -- the same chunks --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Migrated:
    """An array of format 2 as one of format 3 with the same chunks.

    Attributes
    ----------
    metadata
        Those of format 3.
    changes
        What they do not say as those of format 2 did, one text each.
    """

    metadata: ArrayV3Metadata
    changes: tuple[str, ...]


def migrated(array: ArrayV2Metadata) -> Migrated:
    """The metadata of format 3 for the chunks of an array of format 2.

    Raises
    ------
    UnknownCodecError
        If format 3 has no codec that makes the same bytes.
    MetadataValidationError
        If format 3 cannot say in another way what is stored.

    Examples
    --------
    >>> old = ArrayV2Metadata(shape=(4, 4), dtype=">i2", chunks=(2, 2), fill_value=None, order="F")
    >>> [codec.to_dict()["name"] for codec in migrated(old).metadata.codecs], migrated(old).changes
    (['transpose', 'bytes'], ('fill value null -> 0',))
    """
    data_type = parse_stored_data_type(array.dtype.to_json(zarr_format=3))
    names, attributes = FORMAT_2.dimension_names_of(array)
    metadata = ArrayV3Metadata(
        shape=array.shape,
        data_type=data_type,
        chunk_grid=array.chunk_grid,
        chunk_key_encoding=array.chunk_key_encoding,
        fill_value=array.fill_value,
        codecs=_chain(array),
        attributes=attributes,
        dimension_names=names,
    )
    return Migrated(metadata, tuple(_changes(array, metadata)))


def _chain(array: ArrayV2Metadata) -> list[Codec]:
    """Codecs of format 3 that make the bytes of this array's chunks."""
    codecs = [*_order(array), *(in_format_3(codec) for codec in (*(array.filters or ()), *array.compressors))]
    before, serializer, after = _by_kind(codecs)
    for codec in after:
        if not isinstance(codec, BytesBytesCodec):
            raise MetadataValidationError(
                f"the filter {codec!r} comes after one that makes bytes, and the codecs of Zarr format 3 have no such order"
            )
    return [*before, serializer or BytesCodec(endian=_byte_order(array, before)), *after]


def _order(array: ArrayV2Metadata) -> list[Codec]:
    """The transposition that stands for the layout of chunks."""
    return [TransposeCodec(order=tuple(reversed(range(array.ndim))))] if array.order == "F" and array.ndim > 1 else []


def _by_kind(codecs: Sequence[Codec]) -> tuple[list[Codec], Codec | None, list[Codec]]:
    """What comes before elements become bytes, what makes bytes of them if something does, and the rest."""
    n_before = next((i for i, codec in enumerate(codecs) if not isinstance(codec, ArrayArrayCodec)), len(codecs))
    before, rest = list(codecs[:n_before]), list(codecs[n_before:])
    if rest and isinstance(rest[0], ArrayBytesCodec):
        return before, rest[0], rest[1:]
    return before, None, rest


def _byte_order(array: ArrayV2Metadata, before: Iterable[Codec]) -> Any:
    """How elements are stored, after the codecs before that."""
    spec = ChunkSpec(array.chunks, array.dtype, array.dtype.default_scalar())
    for codec in before:
        taken, found = decoded_dtype(codec, spec), spec.dtype.to_native_dtype()
        if (
            taken is not None and taken != found
        ):  # format 2 takes the bytes for what they are not, and format 3 converts
            raise MetadataValidationError(
                f"the filter {codec!r} is for elements {taken}, and those it gets are {found}"
            )
        spec = codec.evolve_from_array_spec(spec).resolve_metadata(spec)
    orders = set(_byte_orders(spec.dtype.to_native_dtype()))
    if len(orders) > 1:
        raise MetadataValidationError(
            f"the fields of data type {array.dtype} have different byte orders, and Zarr format 3 knows one for all"
        )
    return orders.pop() if orders else None


def _byte_orders(dtype: np.dtype[Any]) -> list[str]:
    if dtype.subdtype is not None:
        return _byte_orders(dtype.subdtype[0])
    if dtype.fields is not None:
        return [order for field in dtype.fields.values() for order in _byte_orders(field[0])]
    if not has_byte_order(dtype):
        return []
    return ["big" if dtype.newbyteorder("<") != dtype else "little"]


def _changes(array: ArrayV2Metadata, metadata: ArrayV3Metadata) -> Iterable[str]:
    stored = metadata.to_dict()
    if array.fill_value is None:
        yield f"fill value null -> {json.dumps(stored['fill_value'])}"
    for codec in (*(array.filters or ()), *array.compressors):
        if codec.codec_id == "blosc" and codec.get_config()["shuffle"] == AUTO_SHUFFLE:
            chosen = next(made["configuration"] for made in stored["codecs"] if made["name"] == "blosc")
            yield f"blosc shuffle automatic -> {chosen['shuffle']!r}"
    if metadata.dimension_names is not None:
        yield f"attribute {DIMENSIONS_ATTRIBUTE} -> dimension names {list(metadata.dimension_names)}"


# -- other chunks -----------------------------------------------------------------------------------------------


def kept_codecs(array: ArrayMetadata) -> dict[str, Any]:
    """Keywords of `zarr.create_array` for an array of the other format with the codecs of this one, as far as that has them.

    Examples
    --------
    >>> import zarr
    >>> old = zarr.create_array({}, shape=4, dtype="i4", zarr_format=2, compressors={"id": "gzip", "level": 3})
    >>> kept_codecs(old.metadata)["compressors"]
    [GzipCodec(level=3)]
    """
    return _kept_in_format_3(array) if isinstance(array, ArrayV2Metadata) else _kept_in_format_2(array)


def compressors_in(zarr_format: int, codecs: Sequence[Codec]) -> Any:
    """What `zarr.create_array` takes as compressors for codecs of format 3. Format 2 has one, the first; as filters, others of them
    would be known to few implementations.
    """
    return list(codecs) if zarr_format == 3 else in_format_2(codecs[0])


def _kept_in_format_3(array: ArrayV2Metadata) -> dict[str, Any]:
    filters = array.filters or ()
    found = _known(in_format_3, (*filters, *array.compressors))
    before, serializer, after = _by_kind([*_order(array), *found])
    return {
        "filters": before or None,
        "serializer": "auto" if serializer is None else serializer,
        "compressors": _or_auto([codec for codec in after if isinstance(codec, BytesBytesCodec)], array.compressors),
    }


def _kept_in_format_2(array: ArrayV3Metadata) -> dict[str, Any]:
    """Format 2 has filters, and one compressor: the last codec over bytes. The others are filters there as well."""
    reversal = [codec for codec in array.filters if _is_reversal(codec, array.ndim)]
    other = [codec for codec in array.filters if not isinstance(codec, TransposeCodec)]
    serializer = () if isinstance(array.serializer, BytesCodec | ShardingCodec) else (array.serializer,)
    filters, after = (
        _known(in_format_2, (*_with_dtypes(array, other), *serializer)),
        _known(in_format_2, array.compressors),
    )
    makes_elements_bytes = serializer and not isinstance(array.serializer, VLenUTF8Codec | VLenBytesCodec)
    if makes_elements_bytes and not after and filters:
        after = [filters.pop()]
    return {
        "filters": [*filters, *after[:-1]] or None,
        "compressors": _or_auto(after[-1:], array.compressors),
        "order": "F" if reversal else None,
    }


def _with_dtypes(array: ArrayV3Metadata, filters: Iterable[Codec]) -> list[Codec]:
    """Filters told the very dtype that they get, byte order included: those of format 2 do not convert."""
    spec = ChunkSpec(array.read_grid.largest(array.shape), array.data_type, array.data_type.default_scalar())
    told = []
    for codec in filters:
        if decoded_dtype(codec, spec) is not None:
            codec = with_decoded_dtype(codec, spec)
        told.append(codec)
        spec = codec.evolve_from_array_spec(spec).resolve_metadata(spec)
    return told


def _known(counterpart: Callable[[Any], Any], codecs: Iterable[Any]) -> list[Any]:
    """The counterparts that there are."""
    found = []
    for codec in codecs:
        try:
            found.append(counterpart(codec))
        except UnknownCodecError:
            continue
    return found


def _or_auto(found: list[Any], before: Sequence[Any]) -> Any:
    """Compressors: those that were found, or the format's own in the place of those that it does not have."""
    return found or ("auto" if before else None)


def _is_reversal(codec: Codec, ndim: int) -> bool:
    return isinstance(codec, TransposeCodec) and codec.axes(ndim) == tuple(reversed(range(ndim)))
