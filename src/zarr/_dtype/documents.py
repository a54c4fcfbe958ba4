"""The stored descriptions of data types, as types for annotations, and checks of their form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypeAlias, TypedDict, TypeGuard, TypeVar

NameT = TypeVar("NameT")
ConfigurationT = TypeVar("ConfigurationT")
CodecT = TypeVar("CodecT")


class NamedConfig(TypedDict, Generic[NameT, ConfigurationT]):
    """Format 3: a name and a configuration."""

    name: NameT
    configuration: ConfigurationT


class DTypeConfig_V2(TypedDict, Generic[NameT, CodecT]):  # noqa: N801  # zarr-python's name
    """Format 2: a type string (or list of fields), and the id of the object codec among the filters."""

    name: NameT
    object_codec_id: CodecT


class LengthBytes(TypedDict):
    """Configuration of types whose elements have a fixed size that is not implied by the name."""

    length_bytes: int


class TimeConfiguration(TypedDict):
    """Configuration of instants and durations."""

    unit: str
    scale_factor: int


class StructField(TypedDict):
    """A field of a struct."""

    name: str
    data_type: Any


class StructConfiguration(TypedDict):
    """Configuration of structs."""

    fields: Sequence[StructField]


class StructuredConfiguration(TypedDict):
    """Configuration of structs in their older spelling: pairs of a name and a data type."""

    fields: Sequence[Sequence[Any]]


DTypeSpec_V2: TypeAlias = DTypeConfig_V2[str | Sequence[Any], str | None]
DTypeSpec_V3: TypeAlias = str | NamedConfig[str, Mapping[str, object]]

DateTime64JSON_V2: TypeAlias = DTypeConfig_V2[str, None]
DateTime64JSON_V3: TypeAlias = NamedConfig[Literal["numpy.datetime64"], TimeConfiguration]
TimeDelta64JSON_V2: TypeAlias = DTypeConfig_V2[str, None]
TimeDelta64JSON_V3: TypeAlias = NamedConfig[Literal["numpy.timedelta64"], TimeConfiguration]
FixedLengthUTF32JSON_V2: TypeAlias = DTypeConfig_V2[str, None]
FixedLengthUTF32JSON_V3: TypeAlias = NamedConfig[Literal["fixed_length_utf32"], LengthBytes]
NullterminatedBytesJSON_V2: TypeAlias = DTypeConfig_V2[str, None]
NullTerminatedBytesJSON_V3: TypeAlias = NamedConfig[Literal["null_terminated_bytes"], LengthBytes]
RawBytesJSON_V2: TypeAlias = DTypeConfig_V2[str, None]
RawBytesJSON_V3: TypeAlias = NamedConfig[Literal["raw_bytes"], LengthBytes]
StructJSON_V3: TypeAlias = NamedConfig[Literal["struct"], StructConfiguration]
StructuredJSON_V2: TypeAlias = DTypeConfig_V2[Sequence[Sequence[Any]], None]
StructuredJSON_V3: TypeAlias = NamedConfig[Literal["structured"], StructuredConfiguration]
VariableLengthBytesJSON_V2: TypeAlias = DTypeConfig_V2[Literal["|O"], Literal["vlen-bytes"]]
VariableLengthUTF8JSON_V2: TypeAlias = DTypeConfig_V2[Literal["|O"], Literal["vlen-utf8"]]


def check_dtype_spec_v2(data: object) -> TypeGuard[DTypeSpec_V2]:
    """Whether this has the form of a format 2 description: `name` and `object_codec_id`, and no other members.

    Parameters
    ----------
    data
        Any object.

    Examples
    --------
    >>> check_dtype_spec_v2({"name": "<i4", "object_codec_id": None})
    True
    """
    if not isinstance(data, Mapping) or set(data) != {"name", "object_codec_id"}:
        return False
    name, codec = data["name"], data["object_codec_id"]
    is_name = isinstance(name, str) or (isinstance(name, Sequence) and not isinstance(name, bytes | bytearray))
    return is_name and (codec is None or isinstance(codec, str))


def check_dtype_spec_no_object_codec_v2(data: object) -> TypeGuard[DTypeConfig_V2[str | Sequence[Any], None]]:
    """Whether this has the form of a format 2 description without an object codec.

    Parameters
    ----------
    data
        Any object.

    Examples
    --------
    >>> check_dtype_spec_no_object_codec_v2({"name": "|O", "object_codec_id": "vlen-utf8"})
    False
    """
    return check_dtype_spec_v2(data) and data["object_codec_id"] is None
