"""The members of `.zarray` that other packages define: data type, fill value, compressor and filters.

Format 2 states a data type by NumPy's type string. Objects (`|O`) have a meaning only together with the codec that turns
them into bytes, found among the filters or as the compressor. numcodecs is imported only where a document names a codec.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from zarr._codec.base import BaseCodec
from zarr._codec.objects import make_picklable
from zarr._codec.registry import get_numcodec
from zarr._dtype.base import ZDType
from zarr._dtype.python_objects import PythonObjects
from zarr._dtype.registry import data_type_registry
from zarr._support.document_errors import invalid, judged, shorten, wrong_kind
from zarr.errors import DataTypeValidationError, MetadataValidationError

OBJECT_CODECS = frozenset(
    {
        "vlen-utf8",
        "vlen-bytes",
        "vlen-array",
        "json",
        "json2",
        "msgpack",
        "msgpack2",
        "pickle",
        "categorize",
    }
)
"""numcodecs codecs that make bytes (or numbers, `categorize`) of Python objects."""


MOST_FILTERS = 100
"""In one array. Nobody needs a tenth of that, and each of them runs for each chunk."""


def parse_compressor(data: object, field: str = "compressor") -> Any:
    """A numcodecs codec from one, from its configuration `{"id": ...}`, or None.

    Raises
    ------
    UnknownCodecError, MetadataValidationError
        If the codec is not known, its configuration is wrong, or it is a codec of format 3.
    """
    if data is None:
        return None
    if isinstance(data, BaseCodec):
        expected = "a numcodecs codec (format 2 arrays do not take the codecs of zarr.codecs)"
        raise invalid(field, expected, data)
    if isinstance(data, Mapping):
        if not isinstance(data.get("id"), str):
            raise invalid(f"{field}.id", "the name of a codec", data)
        with judged(field, f"making a codec from {dict(data)!r}"):
            data = get_numcodec(dict(data))
    if not callable(getattr(data, "get_config", None)):
        raise wrong_kind(field, 'a numcodecs codec, its configuration {"id": ...}, or null', data)
    if getattr(data, "codec_id", None) == "json2":
        make_picklable(data)
    return data


def parse_filters(data: object) -> tuple[Any, ...] | None:
    """A tuple of numcodecs codecs, or None if there are none."""
    if data is None:
        return None
    if isinstance(data, str | Mapping) or not isinstance(data, Iterable):
        raise wrong_kind("filters", "a list of codecs, or null", data)
    entries = tuple(data)
    if len(entries) > MOST_FILTERS:
        raise invalid("filters", f"at most {MOST_FILTERS} codecs", entries)
    if any(entry is None for entry in entries):
        raise wrong_kind("filters", "a list of codecs, or null", data)
    return tuple(parse_compressor(f, f"filters[{i}]") for i, f in enumerate(entries)) or None


def stored_codec(codec: Any) -> dict[str, Any]:
    """The document's form of a codec. TensorStore reads no `checksum` of zstd, so false, the default, is left out."""
    config = dict(codec.get_config())
    if config.get("id") == "zstd" and config.get("checksum") is False:
        del config["checksum"]
    return config


def parse_stored_data_type(data: object, compressor: Any, filters: tuple[Any, ...] | None) -> ZDType[Any, Any]:
    """The data type of a document.

    Raises
    ------
    DataTypeValidationError
        If no data type is known by this name, or for objects, by this object codec.
    """
    object_codec = _find_object_codec(compressor, filters) if data == "|O" else None
    if data == "|O" and object_codec is None:
        raise DataTypeValidationError(
            "data type '|O' (Python objects) has no object codec among the filters, so nothing says what its bytes mean. "
            f"Add the one that wrote the data to the filters, one of {sorted(OBJECT_CODECS)}."
        )
    try:
        with judged("dtype", f"reading the data type {shorten(data)}"):
            stored = {"name": data, "object_codec_id": object_codec}
            return data_type_registry.match_json(stored, zarr_format=2)
    except DataTypeValidationError as exc:
        if object_codec is None:
            raise
        raise DataTypeValidationError(
            f"no data type is known for Python objects encoded by {object_codec!r}. "
            "Install a package that provides one, or convert the array with the software that wrote it."
        ) from exc


def _find_object_codec(compressor: Any, filters: tuple[Any, ...] | None) -> str | None:
    candidates = [*(filters or ()), *(() if compressor is None else (compressor,))]
    ids = [str(getattr(codec, "codec_id", "")) for codec in candidates]
    return next((name for name in ids if name in OBJECT_CODECS), None)


def check_object_codec(dtype: ZDType[Any, Any], compressor: Any, filters: tuple[Any, ...] | None) -> None:
    """Raise `MetadataValidationError` if the data type needs an object codec that is not there."""
    needed = dtype.to_json(zarr_format=2).get("object_codec_id")
    if needed is None:
        return
    ids = {getattr(codec, "codec_id", None) for codec in (*(filters or ()), compressor)}
    if needed not in ids:
        raise MetadataValidationError(
            f"data type {dtype} is stored by the object codec {needed!r}, which is not among the filters; "
            f'add {{"id": "{needed}"}} to them.'
        )


def parse_stored_fill_value(data: object, dtype: ZDType[Any, Any]) -> Any:
    """The fill value of a document; None for null.

    The number 0, which older writers stored for strings, bytes and structs, reads as the default of those types, and
    a single number as the real part of a complex one. Numbers and Booleans may be text, as writers in Java have them.
    """
    if data is None:
        return None
    kind = dtype.to_native_dtype().kind
    with judged("fill_value", f"reading {shorten(data)} as {dtype}"):
        if isinstance(data, str):
            data = _number_as_text(data, kind)
        if isinstance(data, int | float) and data is not True and data is not False:
            if data == 0 and kind in "SUVOT" and not isinstance(dtype, PythonObjects):
                return dtype.default_scalar()
            if kind == "c":
                data = [data, 0.0]
        return dtype.from_json_scalar(data, zarr_format=2)


def _number_as_text(data: str, kind: str) -> object:
    """What a number or a Boolean is if it is written as text; the text itself where it says neither."""
    if kind == "b":
        return {"true": True, "false": False, "1": True, "0": False}.get(data.strip().lower(), data)
    if kind not in "iufcmM" or not _NUMBER.fullmatch(data):
        return data
    if kind in "fc":
        return data if math.isinf(number := float(data)) else number
    whole = Decimal(data.strip())
    is_whole = whole.adjusted() < _MOST_DIGITS and whole == whole.to_integral_value()
    return int(whole) if is_whole else data


# Whatever the text is, this takes no longer than it is long.
_NUMBER = re.compile(r"\s*+[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?\s*+", re.ASCII)
_MOST_DIGITS = 20
"""Of an integer of 64 bits."""
