"""Checks of stored values by the names and with the errors of zarr-python, for codecs of others that call them.

Our own codecs and metadata have stricter ones (`zarr._codec.configuration`, `zarr._metadata.fields`).
"""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    TypeGuard,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import numpy as np

from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from zarr._codec.chain import check_order
from zarr._codec.registry import parse_codec
from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.registry import data_type_registry
from zarr.errors import MetadataValidationError, NodeTypeValidationError


def parse_field(data: object, type_: Any, field: str, *, error: type[Exception] = ValueError) -> Any:
    """The value of a member, if it is of a type; JSON lists become tuples where the type is one.

    Raises
    ------
    error
        If it is not.

    Examples
    --------
    >>> parse_field([1, 2], tuple[int, ...], "shape")
    (1, 2)
    """
    try:
        return _convert(data, type_)
    except TypeError:
        name = type_.__name__ if isinstance(type_, type) and not get_args(type_) else str(type_).removeprefix("typing.")
        raise error(f"Failed to parse input for {field!r}: expected {name}, got {data!r}.") from None


def _convert(data: Any, type_: Any) -> Any:
    """`data` as a value of a type annotation; TypeError if it is none."""
    origin, args = get_origin(type_), get_args(type_)
    if type_ is Any:
        return data
    if type_ is None or type_ is types.NoneType:
        if data is None:
            return None
    elif origin is Literal:
        if any(type(data) is type(choice) and data == choice for choice in args):
            return data
    elif origin in (Union, types.UnionType):
        return _first(data, args)
    elif origin is tuple or type_ is tuple:
        return _tuple(data, args)
    elif origin is not None and issubclass(origin, Mapping):
        if isinstance(data, Mapping):
            return {_convert(key, args[0]): _convert(value, args[1]) for key, value in data.items()}
    elif origin is not None and issubclass(origin, Sequence | Iterable):
        if isinstance(data, list | tuple):
            return [_convert(entry, args[0]) for entry in data]
    elif is_typeddict(type_):
        return _members(data, type_)
    elif type_ is float and type(data) is int:
        return float(data)
    elif isinstance(data, type_) and (type_ is bool or not isinstance(data, bool)):
        return data
    raise TypeError


def _members(data: Any, type_: Any) -> dict[str, Any]:
    """The members of a mapping that a TypedDict knows; it may have others."""
    if not isinstance(data, Mapping) or not type_.__required_keys__ <= data.keys():
        raise TypeError
    known = get_type_hints(type_)
    return {key: _convert(value, _required(known[key])) for key, value in data.items() if key in known}


def _required(type_: Any) -> Any:
    """A member's type without what says whether it has to be there."""
    return get_args(type_)[0] if get_origin(type_) in (NotRequired, Required) else type_


def convert(value: object, type_: Any, *, strict: bool = True) -> Any:
    """A value as one of a type annotation.

    Parameters
    ----------
    value, type_
        The value, and the type.
    strict
        If False, what the type makes of the value is one, too.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> convert([1, 2], tuple[int, ...]), convert("5", int, strict=False)
    ((1, 2), 5)
    """
    try:
        return _convert(value, type_)
    except TypeError:
        if not strict and isinstance(type_, type):
            return type_(value)
        name = type_.__name__ if isinstance(type_, type) else type_
        raise ValueError(f"Expected instance of {name}, got {value!r}.") from None


def _first(data: object, choices: Iterable[Any]) -> Any:
    for choice in choices:
        try:
            return _convert(data, choice)
        except TypeError:
            continue
    raise TypeError


def _tuple(data: object, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise TypeError
    if not args:
        return tuple(data)
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_convert(entry, args[0]) for entry in data)
    if len(args) != len(data):
        raise TypeError
    return tuple(_convert(entry, arg) for entry, arg in zip(data, args, strict=True))


def parse_named_configuration(
    data: Any, expected_name: str | None = None, *, require_configuration: bool = True
) -> tuple[str, Any]:
    """Name and configuration of a stored extension; None for a configuration that is missing and may be.

    Examples
    --------
    >>> parse_named_configuration({"name": "gzip", "configuration": {"level": 1}}, "gzip")
    ('gzip', {'level': 1})
    """
    if not isinstance(data, dict):
        raise TypeError(f"Expected dict, got {type(data)}")
    if "name" not in data:
        raise ValueError(f"Named configuration does not have a 'name' key. Got {data}.")
    name = data["name"]
    if not isinstance(name, str):
        raise TypeError(f"Expected a string, got an instance of {type(name)}.")
    if expected_name is not None and name != expected_name:
        raise ValueError(f"Expected '{expected_name}'. Got {name} instead.")
    if "configuration" not in data:
        if require_configuration:
            raise ValueError(f"Named configuration does not have a 'configuration' key. Got {data}.")
        return name, None
    if not isinstance(data["configuration"], dict):
        raise TypeError(f"Expected dict, got {type(data['configuration'])}")
    return name, data["configuration"]


def get_data_type_from_json(dtype_spec: Any, *, zarr_format: ZarrFormat) -> ZDType[Any, Any]:
    """The data type that stored metadata describe.

    Examples
    --------
    >>> get_data_type_from_json("int8", zarr_format=3)
    Int8()
    """
    return data_type_registry.match_json(dtype_spec, zarr_format=zarr_format)


def parse_codecs(data: Any) -> tuple[Codec, ...]:
    """Codecs, each as an instance or in its stored form."""
    if not isinstance(data, Iterable):
        raise TypeError(f"Expected iterable, got {type(data)}")
    return tuple(_codec(entry) for entry in data)


def _codec(entry: Any) -> Codec:
    if isinstance(entry, Codec):
        return entry
    if not isinstance(entry, dict):
        raise TypeError(f"Expected dict, got {type(entry)}")
    return parse_codec(entry)


def parse_shapelike(data: Any) -> tuple[int, ...]:
    """A shape, from integers or one integer.

    Examples
    --------
    >>> parse_shapelike(5)
    (5,)
    """
    if hasattr(data, "__index__") and not getattr(data, "shape", ()):
        length = data.__index__()
        if length < 0:
            raise ValueError(f"Expected a non-negative integer. Got {data} instead")
        return (length,)
    shape = _integers(data)
    if any(length < 0 for length in shape):
        raise ValueError(f"Expected all values to be non-negative. Got {data} instead.")
    return shape


def parse_transpose_order(data: Any) -> tuple[int, ...]:
    """The order of axes of a transpose codec, as integers."""
    return _integers(data)


def _integers(data: Any) -> tuple[int, ...]:
    if not isinstance(data, Iterable):
        raise TypeError(f"Expected an iterable. Got {data} instead.")
    entries = tuple(data)
    if not all(hasattr(entry, "__index__") for entry in entries):
        raise TypeError(f"Expected an iterable of integers. Got {data} instead.")
    return tuple(entry.__index__() for entry in entries)


def parse_chunk_shape(data: Any) -> tuple[int, ...]:
    """The shape of a chunk: integers of at least 1."""
    if isinstance(data, str) or not isinstance(data, Iterable):
        raise TypeError(f"A chunk shape must be an iterable of chunk edge lengths, got {data!r}")
    return tuple(_edge(axis, length) for axis, length in enumerate(data))


def _edge(axis: int, length: Any) -> int:
    if isinstance(length, bool) or not hasattr(length, "__index__"):
        raise TypeError(f"Dimension {axis}: chunk edge length must be an int, got {length!r}")
    if length < 1:
        raise ValueError(f"Dimension {axis}: chunk edge length must be >= 1, got {length}")
    return int(length)


def product(tup: tuple[int, ...]) -> int:
    """The product of lengths, without overflow."""
    return math.prod(tup)


def parse_clevel(data: Any) -> int:
    """A compression level of blosc."""
    return _integer(data, "clevel")


def parse_blocksize(data: Any) -> int:
    """A block size of blosc, in bytes."""
    return _integer(data, "blocksize")


def parse_typesize(data: Any) -> int:
    """An item size for blosc, in bytes."""
    size = _integer(data, "typesize")
    if size < 1:
        raise ValueError(f"Value must be greater than 0. Got {size}, which is less or equal to 0.")
    return size


def parse_gzip_level(data: Any) -> int:
    """A compression level of gzip, 0 to 9."""
    level = _integer(data, "level")
    if not 0 <= level <= 9:
        raise ValueError(f"Expected an integer from the inclusive range (0, 9). Got {level} instead.")
    return level


def parse_zstd_level(data: Any) -> int:
    """A compression level of zstd, at most 22."""
    level = _integer(data, "level")
    if level > 22:
        raise ValueError(f"Value must be less than or equal to 22. Got {level} instead.")
    return level


def parse_checksum(data: Any) -> bool:
    """Whether zstd adds a checksum."""
    return bool(parse_field(data, bool, "checksum", error=TypeError))


def _integer(data: Any, field: str) -> int:
    return int(parse_field(data, int, field, error=TypeError))


def parse_dimension_names(data: Any) -> tuple[str | None, ...] | None:
    """Names of axes, None where one has none; None for no names at all.

    Examples
    --------
    >>> parse_dimension_names(["x", None])
    ('x', None)
    """
    if data is None:
        return None
    names = tuple(data) if isinstance(data, Iterable) else (data,)
    if not isinstance(data, Iterable) or not all(name is None or isinstance(name, str) for name in names):
        raise TypeError(f"Expected either None or an iterable of str, got {type(data)}")
    return names


def parse_zarr_format_3(data: Any) -> Literal[3]:
    """The number of the format, which has to be 3."""
    parse_field(data, Literal[3], "zarr_format", error=MetadataValidationError)
    return 3


def parse_node_type_array(data: Any) -> Literal["array"]:
    """The type of a node, which has to be an array."""
    parse_field(data, Literal["array"], "node_type", error=NodeTypeValidationError)
    return "array"


def is_integer(x: Any) -> TypeGuard[int]:
    """Whether something is an integer, of Python or of NumPy; truth values of Python are.

    Examples
    --------
    >>> is_integer(3), is_integer(3.0)
    (True, False)
    """
    return isinstance(x, int | np.integer)


def parse_zarr_format_2(data: Any) -> Literal[2]:
    """The number of the format, which has to be 2."""
    parse_field(data, Literal[2], "zarr_format")
    return 2


def parse_node_type(data: Any) -> Literal["array", "group"]:
    """The type of a node."""
    found: Literal["array", "group"] = parse_field(
        data, Literal["array", "group"], "node_type", error=MetadataValidationError
    )
    return found


def parse_order(data: Any) -> Literal["C", "F"]:
    """An order of elements in memory."""
    found: Literal["C", "F"] = parse_field(data, Literal["C", "F"], "order")
    return found


def parse_name(data: Any, expected: str | None = None) -> str:
    """A name, which has to be the expected one if there is one.

    Examples
    --------
    >>> parse_name("gzip", "gzip")
    'gzip'
    """
    if not isinstance(data, str):
        raise TypeError(f"Expected a string, got an instance of {type(data)}.")
    if expected is not None and data != expected:
        raise ValueError(f"Expected '{expected}'. Got {data} instead.")
    return data


def parse_bool(data: Any) -> bool:
    """A truth value, and nothing that could be taken for one."""
    if isinstance(data, bool):
        return data
    raise ValueError(f"Expected instance of bool, got {data}.")


def parse_int(data: Any) -> int:
    """An integer of Python, and nothing that could be taken for one."""
    if isinstance(data, int) and not isinstance(data, bool):
        return data
    raise ValueError(f"Expected int, got {data} instead.")


def parse_storage_transformers(data: Any) -> tuple[dict[str, Any], ...]:
    """The storage transformers that a document lists; none for None. TypeError unless it is a list.

    Examples
    --------
    >>> parse_storage_transformers(None)
    ()
    """
    if data is None:
        return ()
    if not isinstance(data, Iterable) or isinstance(data, str | Mapping):
        raise TypeError(f"Invalid storage_transformers. Expected an iterable of dicts. Got {type(data)} instead.")
    return tuple(data)


def ceildiv_int(a: int, b: int) -> int:
    """A quotient of integers, rounded up, without loss.

    Examples
    --------
    >>> ceildiv_int(10**20 + 1, 10)
    10000000000000000001
    """
    return -(-a // b)


def ceildiv(a: float, b: float) -> int:
    """A quotient, rounded up; 0 for nothing in any number of parts.

    Examples
    --------
    >>> ceildiv(7, 2), ceildiv(0, 0)
    (4, 0)
    """
    return math.ceil(a / b) if a else 0


def codecs_from_list(
    codecs: Iterable[Codec],
) -> tuple[tuple[ArrayArrayCodec, ...], ArrayBytesCodec, tuple[BytesBytesCodec, ...]]:
    """Codecs by kind; TypeError or ValueError unless they are in a legal order.

    Examples
    --------
    >>> from zarr.codecs import BytesCodec, Crc32cCodec
    >>> codecs_from_list([BytesCodec(endian="little"), Crc32cCodec()])
    ((), BytesCodec(endian='little'), (Crc32cCodec(),))
    """
    chain = tuple(codecs)
    check_order(chain)
    (serializer,) = (codec for codec in chain if isinstance(codec, ArrayBytesCodec))
    return (
        tuple(codec for codec in chain if isinstance(codec, ArrayArrayCodec)),
        serializer,
        tuple(codec for codec in chain if isinstance(codec, BytesBytesCodec)),
    )
