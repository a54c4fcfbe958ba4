"""Structs: elements that are made of named fields, each of a data type of its own, one behind the other.

In memory they are NumPy's records without gaps. Format 2 describes them as NumPy does, with a byte order for each field
and with fields that are arrays; fill values are the bytes of an element, as base64. In format 3 the type is called
`struct`, the serializer gives all fields one byte order, and a fill value names every field. An older spelling,
`structured`, has pairs for the fields and base64 for the fill value, and is read as the same type.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.byte_order import has_byte_order, of_order
from zarr._buffer.memory import zeros
from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import UnfitDataTypeError, named, warn_unstable, wrong
from zarr._dtype.registry import data_type_registry
from zarr.errors import ArgumentError, DataTypeValidationError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer.byte_order import ByteOrder

Field = tuple[str, ZDType[Any, Any]]


# -- fields that are arrays -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Subarray(ZDType[Any, Any]):
    """A field of a struct that is an array of a fixed shape. Only format 2 has them.

    Attributes
    ----------
    item
        Data type of its elements.
    shape
        Its shape.

    Examples
    --------
    >>> from zarr.dtype import Int32
    >>> Subarray(item=Int32(), shape=(2, 3)).to_native_dtype()
    dtype(('<i4', (2, 3)))
    """

    item: ZDType[Any, Any]
    shape: tuple[int, ...]

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return math.prod(self.shape) * _size_of(self.item)

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype((self.item.to_native_dtype(), self.shape))

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if dtype.subdtype is None:
            raise wrong(cls, dtype)
        item, shape = dtype.subdtype
        return cls(item=_field_type(item), shape=shape)

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:  # noqa: ARG003  # in neither
        raise wrong(cls, data)  # a field says its shape beside its data type

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return self.item.to_json(2)
        raise ValueError(
            f"format 3 has no fields that are arrays, as of shape {self.shape}; use zarr_format=2, a field for each of "
            "the elements, or an array with more dimensions"
        )

    def default_scalar(self) -> npt.NDArray[Any]:
        return zeros(self.shape, self.item.to_native_dtype())

    def cast_scalar(self, data: object) -> npt.NDArray[Any]:
        made = self.default_scalar()
        given = data if isinstance(data, np.ndarray) else _nested(data, len(self.shape))
        if given.shape not in ((), self.shape):
            raise ArgumentError(f"{data!r} has the shape {given.shape}; the field has the shape {self.shape}")
        for place in np.ndindex(*self.shape):
            _set(made, place, self.item.cast_scalar(given[place if given.shape else ()]))
        return made

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> npt.NDArray[Any]:
        given = _nested(data, len(self.shape))
        made = self.default_scalar()
        if given.shape != self.shape:
            raise ArgumentError(f"{data!r} has the shape {given.shape}; the field has the shape {self.shape}")
        for place in np.ndindex(*self.shape):
            _set(made, place, self.item.from_json_scalar(given[place], zarr_format=zarr_format))
        return made

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> Any:
        scalars = self.cast_scalar(data)
        flat = [self.item.to_json_scalar(scalar, zarr_format=zarr_format) for scalar in scalars.reshape(-1)]
        listed = np.empty(len(flat), object)
        listed[:] = flat
        return listed.reshape(self.shape).tolist()


def _nested(data: object, depth: int) -> npt.NDArray[Any]:
    """Lists nested so deep as an array of objects; anything else as one object."""
    shape: list[int] = []
    level = data
    while isinstance(level, list | tuple) and len(shape) < depth:
        shape.append(len(level))
        level = level[0] if level else None
    items = [data]
    for length in shape:
        if not all(isinstance(item, list | tuple) and len(item) == length for item in items):
            raise ArgumentError(f"{data!r} is not a list of lists of one length")
        items = [inner for item in items for inner in item]  # type: ignore[attr-defined]  # a list, as was just seen
    made = np.empty(len(items), object)
    for i, item in enumerate(items):
        made[i] = item
    return made.reshape(shape)


# -- structs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Structured(ZDType[Any, Any]):
    """Elements with named fields, in the older spelling of format 3, `structured`. Use `Struct` for what is new.

    Attributes
    ----------
    fields
        Pairs of a name and a data type.

    Examples
    --------
    >>> from zarr.dtype import Int32, Float64
    >>> Structured(fields=(("a", Int32()), ("b", Float64()))).to_native_dtype()
    dtype([('a', '<i4'), ('b', '<f8')])
    """

    dtype_cls = np.dtypes.VoidDType
    _zarr_v3_name = "structured"
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple((name, data_type) for name, data_type in self.fields))
        if not self.fields:
            raise ValueError(f"a struct must have at least one field. Got {self.fields!r}")
        names = [name for name, _ in self.fields]
        for name in names:
            if not isinstance(name, str) or not name:  # type: ignore[redundant-expr]  # asked, not assumed
                raise ValueError(f"fields of a struct are named by text that is not empty, got {name!r}")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"fields of a struct have names of their own, but {twice!r} is there twice")
        for name, data_type in self.fields:
            _check_fixed(name, data_type)

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return sum(_size_of(data_type) for _, data_type in self.fields)

    def has_multi_byte_fields(self) -> bool:
        """Whether a field, or one in a field, has a byte order.

        Examples
        --------
        >>> from zarr.dtype import Int8, Int16
        >>> Structured(fields=(("a", Int8()), ("b", Int16()))).has_multi_byte_fields()
        True
        """
        return has_byte_order(self.to_native_dtype())

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype([(name, data_type.to_native_dtype()) for name, data_type in self.fields])

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if getattr(dtype, "fields", None) is None:
            raise wrong(cls, dtype)
        fields = []
        for name in dtype.names or ():
            field, *place = dtype.fields[name]  # type: ignore[index]  # looked at above
            if len(place) > 1:
                raise UnfitDataTypeError(
                    f"Cannot convert the structured data type {dtype}: field {name!r} has a title ({place[1]!r}), which no "
                    "format can say. Leave titles out: np.dtype([(name, dtype[name]) for name in dtype.names])"
                )
            try:
                fields.append((name, _field_type(field)))
            except (DataTypeValidationError, ValueError) as exc:
                raise UnfitDataTypeError(
                    f"Cannot convert the structured data type {dtype}: field {name!r}: {exc}"
                ) from exc
        return cls._of(fields, dtype)

    @classmethod
    def _of(cls, fields: Iterable[Field], described: object) -> Self:
        try:
            return cls(fields=tuple(fields))
        except ValueError as exc:
            raise UnfitDataTypeError(f"{described!r} is no valid struct: {exc}") from exc

    # -- documents ------------------------------------------------------------------------------------------------

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 2:
            return cls._from_json_v2(data)
        name, configuration = named(data)
        if name not in cls._names():
            raise wrong(cls, data)
        listed = configuration.get("fields")
        if set(configuration) != {"fields"} or not isinstance(listed, list | tuple):
            raise UnfitDataTypeError(
                f"the data type {name} needs the configuration member 'fields', a list, and no others, got {data!r}"
            )
        pairs = (_field_v3(field, name) for field in listed)
        return cls._of([(field, _field_of(field, json, 3)) for field, json in pairs], data)

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        """The names in format 3 that are read."""
        return ("structured",)

    @classmethod
    def _from_json_v2(cls, data: Any) -> Self:
        listed = data.get("name") if isinstance(data, Mapping) else data
        if not isinstance(listed, list | tuple) or (isinstance(data, Mapping) and data.get("object_codec_id")):
            raise wrong(cls, data)
        return cls._of([_field_v2(number, field) for number, field in enumerate(listed)], listed)

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return {"name": self._listed_v2(), "object_codec_id": None}
        warn_unstable(self)
        fields = [[name, data_type.to_json(3)] for name, data_type in self.fields]
        return {"name": "structured", "configuration": {"fields": fields}}

    def _listed_v2(self) -> list[list[Any]]:
        listed = []
        for name, data_type in self.fields:
            shape = [list(data_type.shape)] if isinstance(data_type, Subarray) else []
            listed.append([name, data_type.to_json(2)["name"], *shape])
        return listed

    # -- scalars --------------------------------------------------------------------------------------------------

    def default_scalar(self) -> np.void:
        return _element(zeros((), self.to_native_dtype()))

    def cast_scalar(self, data: object) -> np.void:
        dtype = self.to_native_dtype()
        if isinstance(data, np.void) and data.dtype == dtype:
            return data
        if isinstance(data, bytes | bytearray | memoryview) or (isinstance(data, np.void) and data.dtype.names is None):
            return self._from_packed(data.tobytes() if isinstance(data, np.void) else bytes(data))
        if _is_zero(data):
            return self.default_scalar()
        made = zeros((), dtype)
        for (name, data_type), value in zip(self.fields, self._values(data), strict=True):
            try:
                _set(made, name, data_type.cast_scalar(value))
            except (TypeError, ValueError, OverflowError) as exc:
                exc.args = (f"field {name!r}: {exc}",)
                raise
        return _element(made)

    def _values(self, data: object) -> list[Any]:
        """One value for each field."""
        names = [name for name, _ in self.fields]
        if isinstance(data, np.void):
            data = {name: data[name] for name in data.dtype.names or ()}
        if isinstance(data, Mapping):
            if set(data) == set(names):
                return [data[name] for name in names]
        elif isinstance(data, list | tuple):
            if len(data) == len(names):
                return list(data)
        elif isinstance(data, bool | int | float | complex | np.number | np.bool_):
            return [data] * len(names)  # as NumPy does, for zarr.ones
        raise ArgumentError(
            f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type {self}. "
            f"Give a value for each of the fields {names}: a tuple, or a mapping of their names"
        )

    def _from_packed(self, packed: bytes, endian: ByteOrder | None = None) -> np.void:
        """The element with these bytes, of a byte order or of those that the fields have."""
        dtype = self.to_native_dtype()
        if len(packed) != dtype.itemsize:
            raise ArgumentError(f"{len(packed)} bytes are no element of {self}, which has {dtype.itemsize}")
        octets = np.frombuffer(bytearray(packed), np.uint8)
        return _element(of_order(octets, dtype, endian).reshape(()))

    def from_packed_json(self, data: str, endian: ByteOrder | None) -> np.void:
        """An element that was stored as base64 in format 3, with the byte order of the array's serializer.

        Parameters
        ----------
        data
            Base64 of the packed fields.
        endian
            Their byte order.
        """
        return self._from_packed(_of_base64(data), endian)

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> np.void:
        if zarr_format == 2:
            if isinstance(data, str):
                return self._from_packed(_of_base64(data))
            if isinstance(data, int) and _is_zero(data):
                return self.default_scalar()
            raise TypeError(f"Invalid type: {data!r}. Expected a base64-encoded string.")
        if isinstance(data, str):
            return self.from_packed_json(data, "little")
        if not isinstance(data, Mapping):
            raise TypeError(f"Invalid type: {data!r}. Expected an object with a member for each field.")
        names = [name for name, _ in self.fields]
        if set(data) != set(names):
            wrong_ones = sorted(map(str, set(data).symmetric_difference(names)))
            raise ArgumentError(f"{data!r} has not just one member for each of the fields {names}: see {wrong_ones}")
        made = zeros((), self.to_native_dtype())
        for name, data_type in self.fields:
            try:
                _set(made, name, data_type.from_json_scalar(data[name], zarr_format=3))
            except (TypeError, ValueError, OverflowError) as exc:
                exc.args = (f"field {name!r}: {exc}",)
                raise
        return _element(made)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> Any:
        scalar = self.cast_scalar(data)
        if zarr_format == 2:
            return base64.b64encode(scalar.tobytes()).decode()
        return {name: kind.to_json_scalar(scalar[name], zarr_format=3) for name, kind in self.fields}


@dataclass(frozen=True, kw_only=True, slots=True)
class Struct(Structured):
    """Elements with named fields, each of a data type of its own; NumPy's structured dtypes, without gaps.

    Attributes
    ----------
    fields
        Pairs of a name and a data type. Names are unique and not empty; data types have elements of a fixed size, and may
        be structs themselves.

    Examples
    --------
    >>> import numpy as np
    >>> import zarr
    >>> point = zarr.dtype.Struct.from_native_dtype(np.dtype([("x", "<f4"), ("n", "u1")]))
    >>> point.to_json_scalar((1.5, 2), zarr_format=3)
    {'x': 1.5, 'n': 2}
    """

    _zarr_v3_name = "struct"

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return ("struct", "structured")

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return {"name": self._listed_v2(), "object_codec_id": None}
        fields = [{"name": name, "data_type": data_type.to_json(3)} for name, data_type in self.fields]
        return {"name": "struct", "configuration": {"fields": fields}}


def data_type_of_fields(data_type: ZDType[Any, Any], names: Iterable[str], dtype: np.dtype[Any]) -> Structured:
    """The struct of some fields of a data type, whose elements have `dtype` then.

    Examples
    --------
    >>> from zarr.dtype import Int8, Int16
    >>> both = Struct(fields=(("a", Int8()), ("b", Int16())))
    >>> data_type_of_fields(both, ["b"], np.dtype([("b", "<i2")]))
    Struct(fields=(('b', Int16(endianness='little')),))
    """
    if not isinstance(data_type, Structured):  # of another package
        return Struct.from_native_dtype(dtype)
    known = dict(data_type.fields)
    return Struct(fields=tuple((name, known[name]) for name in names))


def item_type(data_type: ZDType[Any, Any]) -> ZDType[Any, Any]:
    """The data type of a field's elements: of an array's, if it is one."""
    return data_type.item if isinstance(data_type, Subarray) else data_type


# -- parts ----------------------------------------------------------------------------------------------------------


def _size_of(data_type: ZDType[Any, Any]) -> int:
    size: int = data_type.to_native_dtype().itemsize
    return size


def _check_fixed(name: str, data_type: object) -> None:
    if not isinstance(data_type, ZDType):
        raise TypeError(f"field {name!r} needs a data type of zarr.dtype, got {data_type!r}")
    dtype = data_type.to_native_dtype()
    if dtype.kind in "OT" or dtype.hasobject:
        raise ValueError(f"field {name!r} is of variable length ({data_type}), and fields have a fixed size")


def _field_type(dtype: np.dtype[Any]) -> ZDType[Any, Any]:
    if dtype.subdtype is not None:
        return Subarray.from_native_dtype(dtype)
    if dtype.kind in "OT":
        raise ValueError(
            f"dtype {dtype} has elements of variable length, and fields have a fixed size: use a dtype such as 'U20' or "
            "'S20', or store this field as an array of its own"
        )
    return data_type_registry.match_dtype(dtype)


def _field_of(name: str, json: Any, zarr_format: ZarrFormat) -> ZDType[Any, Any]:
    try:
        return data_type_registry.match_json(json, zarr_format=zarr_format)
    except DataTypeValidationError as exc:
        raise UnfitDataTypeError(f"field {name!r} of a struct: {exc}") from exc


def _field_v3(field: Any, name: str) -> tuple[str, Any]:
    """Name and data type of a field; either spelling of one is read in both."""
    if isinstance(field, Mapping) and set(field) == {"name", "data_type"} and isinstance(field["name"], str):
        return field["name"], field["data_type"]
    if isinstance(field, list | tuple) and len(field) == 2 and isinstance(field[0], str):
        return field[0], field[1]
    raise UnfitDataTypeError(f'a field of {name} is {{"name": ..., "data_type": ...}}, got {field!r}')


def _field_v2(number: int, field: Any) -> Field:
    """A field `[name, dtype]` or `[name, dtype, shape]`. NumPy leaves gaps without a name, and names them by their number."""
    if not isinstance(field, list | tuple) or len(field) not in (2, 3):
        raise UnfitDataTypeError(f"a field of format 2 is [name, dtype] or [name, dtype, shape], got {field!r}")
    name, described, *shapes = field
    if isinstance(name, list | tuple):
        raise UnfitDataTypeError(f"field {name!r} has a title, which format 2 does not have")
    if not isinstance(name, str):
        raise UnfitDataTypeError(f"the name of a field is text, got {name!r}")
    name = name or f"f{number}"
    item = _field_of(name, {"name": described, "object_codec_id": None}, 2)
    if not shapes:
        return name, item
    lengths = shapes[0] if isinstance(shapes[0], list | tuple) else [shapes[0]]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in lengths) or len(lengths) > _MOST_AXES:
        raise UnfitDataTypeError(f"field {name!r} has {shapes[0]!r} where its shape belongs")
    if math.prod(lengths) * _size_of(item) >= 2**31:
        raise UnfitDataTypeError(f"field {name!r} of shape {lengths} is larger than an element can be")
    return name, Subarray(item=item, shape=tuple(lengths)) if lengths else item


_MOST_AXES = 32
"""Of a field that is an array: NumPy's limit before version 2."""


def _of_base64(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as exc:
        raise ValueError(f"{data!r} is not base64: {exc}") from exc


def _element(array: npt.NDArray[Any]) -> np.void:
    """The only element of an array of structs without axes."""
    found: np.void = array[()]  # type: ignore[assignment]  # by its dtype
    return found


def _is_zero(data: object) -> bool:
    return isinstance(data, int | float | np.number) and not isinstance(data, bool | np.timedelta64) and data == 0


def _set(made: npt.NDArray[Any], where: Any, scalar: Any) -> None:
    """Assign a scalar bit by bit: NumPy turns numbers into Python's on the way, arrays it copies."""
    is_number = isinstance(scalar, np.generic) and not isinstance(scalar, np.character)
    made[where] = np.asarray(scalar) if is_number else scalar
