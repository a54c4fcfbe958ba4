"""`zarr.create`: the older keywords, translated to those of `create_array`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zarr._calls.arrays import DEFAULT_FILL_VALUE, ArrayParts, create_array, find_format, format_of
from zarr._calls.keywords import did_you_mean
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, ArrayConfig, BytesBytesCodec
from zarr._codec.registry import parse_codec
from zarr._flow.requests import Flow
from zarr._metadata.formats import FORMATS
from zarr._metadata.new_array import listed, means_objects
from zarr._store.path import StorePath
from zarr._support.warn import warn
from zarr.errors import ArgumentError, ZarrRuntimeWarning

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._calls.keywords import (
        Auto,
        ChunksLike,
        CodecLike,
        CompressorLike,
        CompressorsLike,
        ConfigLike,
        DataTypeLike,
        FiltersLike,
        KeyEncodingLike,
        Order,
        Separator,
        SerializerLike,
        ShapeLike,
        ShardsLike,
    )
    from zarr._dtype import ZarrFormat

WITHOUT_EFFECT = (
    "synchronizer",
    "chunk_store",
    "cache_metadata",
    "cache_attrs",
    "read_only",
    "object_codec",
    "meta_array",
)


def warn_without_effect(given: Mapping[str, object]) -> None:
    """Warn of keywords of zarr-python 2 that do nothing here and were given."""
    for name in given:
        if given[name] is not None:
            warn(f"the keyword argument {name!r} has no effect", ZarrRuntimeWarning)


def translate(
    *,
    chunks: Any,
    dtype: Any,
    data: Any,
    compressor: Any,
    filters: Any,
    order: str | None,
    dimension_separator: str | None,
    write_empty_chunks: bool | None,
    zarr_format: int | None,
    chunk_shape: Any,
    chunk_key_encoding: Any,
    codecs: Iterable[Any] | None,
    config: ArrayConfig | dict[str, Any] | None,
) -> dict[str, Any]:
    """Keywords of `create_array` from those of `create` that are called otherwise there.

    Raises
    ------
    ValueError
        If a keyword belongs to the other format, or two say the same thing.
    """
    chosen_format = format_of(zarr_format)
    if chunks is not None and chunk_shape is not None:
        raise ValueError("Only one of chunk_shape or chunks can be provided.")
    wanted = chunk_shape if chunks is None else chunks
    made: dict[str, Any] = {
        "zarr_format": chosen_format,
        "chunks": "auto" if wanted is None else wanted,
        "dtype": np.float64 if dtype is None and data is None else dtype,
        "order": order,
        "config": _config(config, write_empty_chunks),
    }
    return made | _BY_FORMAT[chosen_format](compressor, filters, dimension_separator, chunk_key_encoding, codecs)


def _config(config: ArrayConfig | dict[str, Any] | None, write_empty_chunks: bool | None) -> Any:
    if write_empty_chunks is None:
        return config
    warn(
        "The `write_empty_chunks` keyword argument is deprecated; use `config={'write_empty_chunks': ...}`.",
        ZarrRuntimeWarning,
    )
    if config is None:
        return {"write_empty_chunks": write_empty_chunks}
    if isinstance(config, Mapping):
        return {**config, "write_empty_chunks": write_empty_chunks}
    raise ValueError("Give write_empty_chunks in `config` only")


def _refuse(zarr_format: int, given: Mapping[str, object], instead: Mapping[str, str], then: Mapping[str, str]) -> None:
    """Raise ValueError for a keyword of the other format, in zarr-python's words and then some."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"{name} cannot be used for arrays with zarr_format {zarr_format}. Use {instead[name]} instead"
                f"{then.get(name, '')}. With zarr_format={5 - zarr_format} it can be used as it is."
            )


def _format_2(
    compressor: Any, filters: Any, dimension_separator: str | None, chunk_key_encoding: Any, codecs: Any
) -> dict[str, Any]:
    instead = {"codecs": "filters and compressor", "chunk_key_encoding": "dimension_separator"}
    _refuse(2, {"codecs": codecs, "chunk_key_encoding": chunk_key_encoding}, instead, {})
    return {
        "compressors": compressor,
        "filters": "auto" if filters is None else filters,
        "chunk_key_encoding": {"name": "v2", "separator": dimension_separator or "."},
    }


def _format_3(
    compressor: Any, filters: Any, dimension_separator: str | None, chunk_key_encoding: Any, codecs: Any
) -> dict[str, Any]:
    given = {
        "dimension_separator": dimension_separator,
        "filters": filters,
        # None says "no compressor" here, which is no more possible than another one.
        "compressor": None if isinstance(compressor, str) and compressor == "auto" else "given",
    }
    instead = {
        "dimension_separator": "chunk_key_encoding",
        "filters": "array-to-array codecs",
        "compressor": "bytes-to-bytes codecs",
    }
    then = {
        "dimension_separator": f", as in {{'name': 'default', 'separator': {dimension_separator!r}}}",
        "filters": ", as zarr.create_array takes them: filters=[...]",
        "compressor": f", as zarr.create_array takes them: compressors={'None' if compressor is None else '...'}",
    }
    _refuse(3, given, instead, then)
    made: dict[str, Any] = {"chunk_key_encoding": _encoding(chunk_key_encoding)}
    return made if codecs is None else made | split_codecs(list(codecs))


_BY_FORMAT = {2: _format_2, 3: _format_3}


def _encoding(given: Any) -> Any:
    """A pair `(name, separator)` as metadata; anything else as it is."""
    if isinstance(given, tuple) and len(given) == 2:
        return {"name": given[0], "configuration": {"separator": given[1]}}
    return given


_KINDS = (ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec)


def split_codecs(codecs: Sequence[Any]) -> dict[str, Any]:
    """A codec chain as the three keywords of `create_array`."""
    parsed = [parse_codec(codec) if isinstance(codec, str | Mapping) else codec for codec in codecs]
    for codec in parsed:
        if not isinstance(codec, _KINDS):
            raise TypeError(f"codecs takes codecs of zarr.codecs or their metadata, got {type(codec).__name__}")
    serializers = [codec for codec in parsed if isinstance(codec, ArrayBytesCodec)]
    if len(serializers) != 1:
        raise ArgumentError(f"codecs must hold exactly one array->bytes codec, got {len(serializers)}")
    kinds = [next(i for i, kind in enumerate(_KINDS) if isinstance(codec, kind)) for codec in parsed]
    if kinds != sorted(kinds):
        raise ArgumentError(
            f"codecs are in the wrong order: {parsed}; array->array codecs come first, then array->bytes, then "
            "bytes->bytes"
        )
    return {
        "filters": [codec for codec in parsed if isinstance(codec, ArrayArrayCodec)],
        "serializer": serializers[0],
        "compressors": [codec for codec in parsed if isinstance(codec, BytesBytesCodec)],
    }


def create(
    at: StorePath,
    *,
    shape: ShapeLike | None = None,
    chunks: ChunksLike | Auto | None = None,
    dtype: DataTypeLike | None = None,
    compressor: CompressorLike | Auto | None = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: Order | None = None,
    overwrite: bool = False,
    filters: FiltersLike | None = None,
    dimension_separator: Separator | None = None,
    write_empty_chunks: bool | None = None,
    zarr_format: ZarrFormat | None = None,
    attributes: Mapping[str, Any] | None = None,
    chunk_shape: ChunksLike | None = None,
    chunk_key_encoding: KeyEncodingLike | tuple[Literal["default", "v2"], Separator] | None = None,
    codecs: Iterable[CodecLike] | None = None,
    dimension_names: Sequence[str | None] | None = None,
    config: ConfigLike | None = None,
    data: npt.ArrayLike | None = None,
    shards: ShardsLike | Auto | None = None,
    compressors: CompressorsLike | Auto | None = "auto",
    serializer: SerializerLike | Auto = "auto",
    **without_effect: object,
) -> Flow[ArrayParts]:
    """Create an array with the keywords of `zarr.create`; those of `create_array` for shards and codecs work too."""
    if unknown := without_effect.keys() - WITHOUT_EFFECT:
        hint = did_you_mean(min(unknown), [*(create.__kwdefaults__ or {}), "path"])
        raise TypeError(f"create() got an unexpected keyword argument {min(unknown)!r}{hint}")
    ancestry = None
    if zarr_format is None:
        ancestry, zarr_format = yield from find_format(at)
    takes_objects = dtype in (str, bytes) or means_objects(getattr(data, "dtype", None) if dtype is None else dtype)
    permitted = takes_objects and FORMATS[format_of(zarr_format)].takes_object_codecs
    if permitted and without_effect.get("object_codec") is not None:
        object_codec: Any = without_effect.pop("object_codec")
        filters = [object_codec, *listed(filters)]
    warn_without_effect(without_effect)
    translated = translate(
        chunks=chunks,
        dtype=dtype,
        data=data,
        compressor=compressor,
        filters=filters,
        order=order,
        dimension_separator=dimension_separator,
        write_empty_chunks=write_empty_chunks,
        zarr_format=zarr_format,
        chunk_shape=chunk_shape,
        chunk_key_encoding=chunk_key_encoding,
        codecs=codecs,
        config=config,
    )
    if not _is_auto(compressors):
        translated["compressors"] = one_of(compressor, compressors)
    if not _is_auto(serializer):
        translated["serializer"] = serializer
    return (
        yield from create_array(
            at,
            shape=shape,
            data=data,
            fill_value=fill_value,
            overwrite=overwrite,
            attributes=attributes,
            dimension_names=dimension_names,
            shards=shards,
            ancestry=ancestry,
            **translated,
        )
    )


OLDER_DEFAULTS: Mapping[str, Any] = {
    "chunks": None,
    "dtype": None,
    "compressor": "auto",
    "fill_value": DEFAULT_FILL_VALUE,
    "order": None,
    "store": None,
    "synchronizer": None,
    "overwrite": False,
    "path": None,
    "chunk_store": None,
    "filters": None,
    "cache_metadata": None,
    "cache_attrs": None,
    "read_only": None,
    "object_codec": None,
    "dimension_separator": None,
    "write_empty_chunks": None,
    "zarr_format": None,
    "meta_array": None,
    "attributes": None,
    "chunk_shape": None,
    "chunk_key_encoding": None,
    "codecs": None,
    "dimension_names": None,
    "storage_options": None,
    "config": None,
    "mode": None,
    "data": None,
}
"""What `zarr.create` shows, in the order that zarr-python gave it."""


def one_of(compressor: Any, compressors: Any) -> Any:
    """`compressors`, or the older keyword `compressor` for a single one."""
    if _is_auto(compressor):
        return compressors
    if not _is_auto(compressors):
        raise ValueError("Cannot specify both `compressor` and `compressors`.")
    return compressor


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"
