"""The codec `cast_value`: elements as numbers of another data type."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypedDict, cast

import numpy as np

from zarr._buffer.memory import filled
from zarr._codec.base import ArrayArrayCodec, ChunkSpec
from zarr._codec.configuration import check_choice, read_configuration
from zarr._codec.raw import native_dtype, to_nd_buffer
from zarr._codec.real_numbers import (
    OUT_OF_RANGE,
    ROUNDINGS,
    Integers,
    NotRepresentableError,
    OutOfRange,
    Rounding,
    convert,
    is_nan,
    reals_of,
)
from zarr._dtype.base import ZDType
from zarr._dtype.registry import data_type_registry
from zarr._support.named_configuration import parse_named
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError, CodecError, DataTypeValidationError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import NDBuffer

INT_NAMES = {f"{sign}int{n_bits}" for sign in ("", "u") for n_bits in (2, 4, 8, 16, 32, 64)}
FLOAT_NAMES = {
    *("float16", "float32", "float64", "bfloat16", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4"),
    *("float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
}

Scalar: TypeAlias = "str | float | int"
ScalarPairs: TypeAlias = "Mapping[Scalar, Scalar] | Iterable[tuple[Scalar, Scalar]]"
_NAME = "cast_value"
_KEYS = ("data_type", "rounding", "out_of_range", "scalar_map")
_DIRECTIONS = ("encode", "decode")


class ScalarMap(TypedDict, total=False):
    """Numbers that become others, before anything else is tried: when encoding, and when decoding."""

    encode: Mapping[str | float | int, str | float | int]
    decode: Mapping[str | float | int, str | float | int]


@suggests_keywords
@dataclass(frozen=True, init=False)
class CastValue(ArrayArrayCodec):
    """Store numbers as those of another data type, and give them back as those of the array.

    A number that the other type has stays what it is. Others are rounded; what then is out of range, NaN and the infinities
    are errors where the type has no such number, unless `out_of_range` or `scalar_map` says what becomes of them.

    Parameters
    ----------
    data_type
        Of what is stored: integers or floating-point numbers, by name or as a data type.
    rounding
        `"nearest-even"`, `"towards-zero"`, `"towards-positive"`, `"towards-negative"` or `"nearest-away"`.
    out_of_range
        `"clamp"`: the nearest number that there is, or an infinity; `"wrap"`: modulo the number of integers that there are.
        None makes it an error.
    scalar_map
        `{"encode": [[number, stored], ...], "decode": [[stored, number], ...]}`: of several pairs for one number, the first
        counts. NaN and the infinities are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.

    Raises
    ------
    TypeError, ValueError
        For other values, and (when it becomes known) for an array that does not hold real numbers.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> degrees = np.array([12.6, np.nan])
    >>> missing = {"encode": [["NaN", -999]], "decode": [[-999, "NaN"]]}
    >>> codec = zarr.codecs.CastValue(data_type="int16", scalar_map=missing)
    >>> zarr.create_array({}, data=degrees, filters=[codec])[:]
    array([13., nan])
    """

    is_fixed_size: ClassVar[bool] = True

    dtype: ZDType[Any, Any]
    rounding: Rounding
    out_of_range: OutOfRange | None
    scalar_map: ScalarMap | None

    def __init__(
        self,
        *,
        data_type: str | Mapping[str, Any] | ZDType[Any, Any],
        rounding: Rounding = "nearest-even",
        out_of_range: OutOfRange | None = None,
        scalar_map: Mapping[str, ScalarPairs] | ScalarMap | None = None,
    ) -> None:
        dtype = _parse_data_type(data_type)
        check_choice(_NAME, "rounding", rounding, ROUNDINGS)
        if out_of_range is not None:
            check_choice(_NAME, "out_of_range", out_of_range, OUT_OF_RANGE)
        if out_of_range == "wrap" and not isinstance(_reals(dtype, "data_type"), Integers):
            raise ValueError(f"out_of_range 'wrap' of codec {_NAME!r} is for integers; data_type is {dtype}")
        members = {
            "dtype": dtype,
            "rounding": rounding,
            "out_of_range": out_of_range,
            "scalar_map": None if scalar_map is None else parse_scalar_map(scalar_map),
        }
        for name, value in members.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME,), _KEYS, required=("data_type",)))

    def to_dict(self) -> dict[str, Any]:
        configuration: dict[str, Any] = {"data_type": self.dtype.to_json(zarr_format=3)}
        if self.rounding != "nearest-even":
            configuration["rounding"] = self.rounding
        if self.out_of_range is not None:
            configuration["out_of_range"] = self.out_of_range
        if self.scalar_map:
            configuration["scalar_map"] = {
                direction: [list(pair) for pair in pairs.items()]
                for direction, pairs in cast("dict[str, dict[Any, Any]]", self.scalar_map).items()
            }
        return {"name": _NAME, "configuration": configuration}

    def __hash__(self) -> int:
        return hash((CastValue, self.dtype, self.rounding, self.out_of_range, repr(self.scalar_map)))

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        _reals(dtype, "the data type that it is applied to")
        for direction in _DIRECTIONS:
            self._pairs(direction, dtype)

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self.validate(shape=array_spec.shape, dtype=array_spec.dtype, chunk_grid=None)
        return self

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        fill = filled((), chunk_spec.fill_value, native_dtype(chunk_spec))
        try:
            encoded = self._cast("encode", fill, chunk_spec.dtype)
        except NotRepresentableError as exc:
            raise ValueError(f"the fill value does not suit codec {_NAME!r}: {_advised(exc)}") from exc
        return chunk_spec.replace(dtype=self.dtype, fill_value=encoded[()])

    def refuse_changed_fill(self, chunk_spec: ChunkSpec) -> None:
        """Raise ValueError if the fill value is another one after encoding and decoding."""
        fill = filled((), chunk_spec.fill_value, native_dtype(chunk_spec))
        try:
            decoded = self._cast("decode", self._cast("encode", fill, chunk_spec.dtype), chunk_spec.dtype)
        except NotRepresentableError as exc:
            raise ValueError(f"the fill value does not suit codec {_NAME!r}: {_advised(exc)}") from exc
        if not np.all((fill == decoded) | (is_nan(fill) & is_nan(decoded))):
            raise ValueError(
                f"codec {_NAME!r} makes {decoded} of the fill value {fill}, so elements that are not stored would "
                f"differ from those that are; use a fill value that {self.dtype} has, or a scalar_map"
            )

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length // native_dtype(chunk_spec).itemsize * int(self.dtype.to_native_dtype().itemsize)

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return self._apply("decode", chunk_data, chunk_spec)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return self._apply("encode", chunk_data, chunk_spec)

    def _apply(self, direction: str, chunk: NDBuffer, spec: ChunkSpec) -> NDBuffer:
        try:
            return to_nd_buffer(spec, self._cast(direction, chunk.as_numpy_array(), spec.dtype))
        except NotRepresentableError as exc:
            raise CodecError(_NAME, direction, _advised(exc)) from exc

    def _cast(self, direction: str, numbers: npt.NDArray[Any], decoded: ZDType[Any, Any]) -> npt.NDArray[Any]:
        target = (self.dtype if direction == "encode" else decoded).to_native_dtype()
        pairs = self._pairs(direction, decoded)
        if not pairs:
            return convert(numbers, target, self.rounding, self.out_of_range)
        found = [_equal(numbers, key) for key, _ in pairs]
        others = np.where(np.logical_or.reduce(found), np.ones((), numbers.dtype), numbers)  # every type has a 1
        made = np.array(convert(others, target, self.rounding, self.out_of_range))
        for where, (_, value) in reversed(list(zip(found, pairs, strict=True))):
            made[where] = value
        return made

    def _pairs(self, direction: str, decoded: ZDType[Any, Any]) -> list[tuple[Any, Any]]:
        """What the scalar map says of one direction, as scalars."""
        pairs: Mapping[Any, Any] = cast("dict[str, Any]", self.scalar_map or {}).get(direction) or {}
        before, after = (decoded, self.dtype) if direction == "encode" else (self.dtype, decoded)
        return [(_key(key, before), _scalar(value, after)) for key, value in pairs.items()]


def parse_scalar_map(obj: Mapping[str, ScalarPairs] | ScalarMap) -> ScalarMap:
    """A scalar map from its stored form, or from one.

    Raises
    ------
    TypeError, ValueError
        If it is none.

    Examples
    --------
    >>> parse_scalar_map({"encode": [["NaN", 0], ["NaN", 1]]})
    {'encode': {'NaN': 0}}
    """
    given: object = obj
    if not isinstance(given, Mapping):
        raise ArgumentError(f"scalar_map of codec {_NAME!r} must have the members 'encode' and 'decode'; got {obj!r}")
    if unknown := sorted(map(str, given.keys() - set(_DIRECTIONS))):
        raise ValueError(f"scalar_map of codec {_NAME!r} has no members beside 'encode' and 'decode'; got {unknown}")
    parsed = {direction: _parse_pairs(direction, given[direction]) for direction in _DIRECTIONS if direction in given}
    return cast("ScalarMap", parsed)


def _parse_pairs(direction: str, data: object) -> dict[Scalar, Scalar]:
    entries = data.items() if isinstance(data, Mapping) else data
    if isinstance(entries, str) or not isinstance(entries, Iterable):
        raise ArgumentError(f"scalar_map.{direction} of codec {_NAME!r} must be a list of pairs; got {data!r}")
    pairs: dict[Scalar, Scalar] = {}
    for entry in entries:
        if not isinstance(entry, list | tuple) or len(entry) != 2 or not all(map(_is_scalar, entry)):
            raise ArgumentError(
                f"scalar_map.{direction} of codec {_NAME!r} has pairs of numbers, or of strings for those that JSON has "
                f"not; got {entry!r}"
            )
        pairs.setdefault(entry[0], entry[1])
    return pairs


def _is_scalar(value: object) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


_WAYS_OUT = "out_of_range says what becomes of numbers that do not fit, scalar_map what becomes of single ones"


def _advised(exc: NotRepresentableError) -> str:
    return f"{exc}; {_WAYS_OUT}"


def _key(value: Scalar, dtype: ZDType[Any, Any]) -> Any:
    """A number to look for; None for every NaN."""
    scalar = _scalar(value, dtype)
    return None if value == "NaN" or (isinstance(value, float) and math.isnan(value)) else scalar


def _scalar(value: Scalar, dtype: ZDType[Any, Any]) -> Any:
    stored = "Infinity" if value == "+Infinity" else value  # as an example of the specification spells it
    try:
        return dtype.from_json_scalar(stored, zarr_format=3)
    except (TypeError, ValueError, OverflowError) as exc:
        raise ValueError(f"scalar_map of codec {_NAME!r} names {value!r}, which is not a {dtype}: {exc}") from exc


def _equal(numbers: npt.NDArray[Any], key: Any) -> npt.NDArray[np.bool_]:
    if key is None:
        return is_nan(numbers)
    sought = np.asarray(key).reshape(1)
    if not is_nan(sought)[0]:
        return np.asarray(numbers == key)
    # A NaN that is given by its bits
    bits = f"u{sought.itemsize}"
    same = np.ascontiguousarray(numbers, sought.dtype).reshape(-1).view(bits) == sought.view(bits)
    return np.asarray(same).reshape(numbers.shape)


def _parse_data_type(data: str | Mapping[str, Any] | ZDType[Any, Any]) -> ZDType[Any, Any]:
    if isinstance(data, ZDType):
        dtype: ZDType[Any, Any] = data
    else:
        named = parse_named(data, "data_type")
        stored = {"name": named.name, "configuration": named.configuration} if named.configuration else named.name
        try:
            dtype = data_type_registry.match_json(stored, zarr_format=3)
        except DataTypeValidationError as exc:
            raise DataTypeValidationError(f"data_type of codec {_NAME!r}: {exc}") from exc
    _reals(dtype, "data_type")
    return dtype


def _reals(dtype: ZDType[Any, Any], what: str) -> Any:
    reals = reals_of(dtype.to_native_dtype())
    if reals is None:
        raise ValueError(f"codec {_NAME!r} is for integers and floating-point numbers; {what} is {dtype}")
    return reals
