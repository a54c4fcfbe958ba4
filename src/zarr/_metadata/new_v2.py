"""A new array of format 2: the codecs it gets, and what of its arguments the format does not take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zarr._codec.base import BaseCodec
from zarr._codec.counterparts import SHUFFLE_NAMES
from zarr._codec.objects import check_pickle_allowed
from zarr._codec.registry import get_numcodec, near_numcodec
from zarr._dtype import DateTime64, TimeDelta64, ZDType, data_type_registry, parse_data_type
from zarr._dtype.described import type_string
from zarr._grid.grid import RegularGrid
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.new_array import NewArray, is_auto, listed, means_objects, object_codec_among
from zarr._metadata.v2_members import stored_codec
from zarr._support.json import as_stored
from zarr._support.warn import warn
from zarr.errors import ArgumentError, UnstableSpecificationWarning

_OF_ANY_LENGTH = ("vlen-utf8", "vlen-bytes")


def new_array(wanted: NewArray) -> ArrayV2Metadata:
    """The metadata of a new array.

    Raises
    ------
    ValueError
        For arguments that say what format 2 cannot: shards, chunks of different lengths, dimension names, a serializer, several compressors, codecs
        or chunk keys of format 3.
    """
    if wanted.inner is not None:
        raise ValueError("Zarr format 2 has no shards; leave out `shards` or use zarr_format=3")
    if not isinstance(wanted.grid, RegularGrid):
        raise ArgumentError(
            "Zarr format 2 has no chunks of different lengths (rectilinear chunk grids); give `chunks` of one shape or use "
            "zarr_format=3"
        )
    if wanted.dimension_names is not None:
        raise ValueError("Zarr format 2 has no dimension names; leave out `dimension_names` or use zarr_format=3")
    if not is_auto(wanted.serializer):
        raise ValueError("Zarr format 2 arrays have no serializer; leave out `serializer` or use zarr_format=3")
    _warn_of_no_unit(wanted.data_type)
    compressor = _compressor(wanted.compressors)
    filters = _filters(wanted.filters, compressor, wanted.data_type)
    return ArrayV2Metadata(
        shape=wanted.shape,
        dtype=wanted.data_type,
        chunks=wanted.grid.shape,
        fill_value=wanted.fill_value,
        order=wanted.order or wanted.memory_order,  # type: ignore[arg-type]  # checked by the metadata
        compressor=compressor,
        dimension_separator=_separator(wanted.chunk_key_encoding),
        filters=filters or None,
        attributes=as_stored(wanted.attributes),
    )


def arguments_of(array: ArrayV2Metadata) -> dict[str, Any]:
    """Keywords of `zarr.create_array` for another array of format 2 like this one."""
    return {
        "chunks": array.chunks,
        "shards": None,
        "filters": array.filters or None,
        "compressors": array.compressors or None,
        "serializer": "auto",
        "order": array.order,
        "chunk_key_encoding": array.chunk_key_encoding,
        "attributes": dict(array.attributes),
        "dimension_names": None,
    }


def codecs_of(array: ArrayV2Metadata) -> list[tuple[str, dict[str, Any]]]:
    """Names and settings of filters and compressor, without those that elements of any length need, as format 3 has them."""
    stored = [stored_codec(codec) for codec in (*(array.filters or ()), *array.compressors)]
    found = [(config.pop("id"), config) for config in stored if config["id"] not in _OF_ANY_LENGTH]
    for name, config in found:
        if name == "blosc":
            config["shuffle"] = SHUFFLE_NAMES.get(config["shuffle"], "automatic")
    reversed_axes = {"order": tuple(reversed(range(array.ndim)))}
    return [("transpose", reversed_axes), *found] if array.order == "F" and array.ndim > 1 else found


def _warn_of_no_unit(data_type: ZDType[Any, Any]) -> None:
    if isinstance(data_type, DateTime64 | TimeDelta64) and data_type.unit == "generic":
        name = "datetime64" if isinstance(data_type, DateTime64) else "timedelta64"
        warn(
            f"Times in Zarr format 2 have a unit, and dtype {type_string(data_type.to_native_dtype())!r} has none. Few other "
            f"implementations can read it; give one, as '{name}[ns]'.",
            UnstableSpecificationWarning,
        )


def data_type_of(given: Any, filters: Any, compressors: Any) -> ZDType[Any, Any]:
    """The data type that a `dtype` means; of Python objects, that of the object codec among the filters or compressors."""
    if not means_objects(given):
        return parse_data_type(given, zarr_format=2)
    object_codec = object_codec_among(filters, compressors)
    if object_codec is None:
        return parse_data_type(given, zarr_format=2)
    return data_type_registry.match_json({"name": "|O", "object_codec_id": object_codec}, zarr_format=2)


def _filters(given: Any, compressor: Any, data_type: ZDType[Any, Any]) -> list[Any]:
    """The filters, with the codec that elements of any length need, which is the first of them."""
    filters = [] if is_auto(given) else [_numcodec(codec) for codec in listed(given)]
    there = [codec.codec_id for codec in (*filters, *([] if compressor is None else [compressor]))]
    return [*needed_filters(data_type, there), *filters]


def needed_filters(data_type: ZDType[Any, Any], there: Iterable[str] = ()) -> list[Any]:
    """The codec that elements of any length need, if these are such and it is not among those that are there."""
    needed = getattr(data_type, "object_codec_id", None)
    if needed == "pickle":
        check_pickle_allowed()
    return [] if needed is None or needed in there else [get_numcodec({"id": needed})]


def _compressor(given: Any) -> Any:
    if is_auto(given):
        return get_numcodec({"id": "zstd", "level": 0})
    compressors = [_numcodec(codec) for codec in listed(given)]
    if len(compressors) > 1:
        raise ArgumentError(f"Zarr format 2 takes one compressor, got {len(compressors)}; use zarr_format=3 for more")
    return compressors[0] if compressors else None


def _numcodec(codec: Any) -> Any:
    if isinstance(codec, Mapping):
        return get_numcodec(codec)
    if isinstance(codec, type) or not hasattr(codec, "codec_id"):
        raise ArgumentError(f"Zarr format 2 takes numcodecs codecs, got {_described(codec)}")
    return codec


def _described(codec: Any) -> str:
    """What is no codec of numcodecs, and what to give instead."""
    if isinstance(codec, str):
        meant = near_numcodec(codec)
        instead = (
            f"write {meant!r}, with the settings beside the id" if meant else "write {'id': ...}, with its settings"
        )
        return f"the string {codec!r}; {instead}, or give the codec itself"
    if isinstance(codec, type):
        return f"the class {codec.__name__}; call it to make a codec, with its settings: {codec.__name__}(...)"
    if isinstance(codec, BaseCodec):
        return f"{type(codec).__name__}; use zarr_format=3 for it, or a codec of the package numcodecs"
    return (
        f"{codec!r} of type {type(codec).__name__}; give such a codec, or its settings, as {{'id': 'zstd', 'level': 3}}"
    )


def _separator(encoding: Any) -> Any:
    if encoding is None:
        return "."
    if isinstance(encoding, Mapping):
        name, separator = encoding.get("name"), (encoding.get("configuration") or encoding).get("separator", ".")
    else:
        name, separator = getattr(encoding, "name", encoding), getattr(encoding, "separator", ".")
    if name != "v2":
        raise ValueError(f"Zarr format 2 arrays use the chunk key encoding 'v2', got {name!r}")
    return separator
