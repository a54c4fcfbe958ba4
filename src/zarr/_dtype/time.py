"""Instants and durations: 64-bit counts of a unit, which NumPy and the format name alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.casts import cast, instants_of_text
from zarr._dtype.described import named, typestr, wrong
from zarr._dtype.numbers import ORDERS, Endianness, check_endianness, endianness_of
from zarr._dtype.units import NO_TIME, is_beyond_counts
from zarr.errors import ArgumentError, DataTypeValidationError

if TYPE_CHECKING:
    from typing import Self

DateTimeUnit: TypeAlias = Literal[
    "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as", "generic"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Time(ZDType[Any, Any]):
    """What instants and durations share.

    Attributes
    ----------
    endianness
        Byte order in memory, and in format 2 on disk.
    scale_factor
        Units per count, 1 to 2^31 - 1.
    unit
        NumPy's name of the unit.
    """

    endianness: Endianness = "little"
    scale_factor: int = 1
    unit: DateTimeUnit = "generic"

    _kind: ClassVar[str] = ""
    _scalars: ClassVar[tuple[type, ...]] = ()

    def __post_init__(self) -> None:
        if str(self.unit) == "\N{MICRO SIGN}s":  # the letter mu, which the format has, looks the same
            object.__setattr__(self, "unit", "μs")
        if self.unit not in get_args(DateTimeUnit):
            raise ValueError(f"unit must be one of {get_args(DateTimeUnit)}, got {self.unit!r}")
        if not isinstance(self.scale_factor, int) or not 1 <= self.scale_factor < 2**31:  # type: ignore[redundant-expr]
            raise ValueError(f"scale_factor must be an integer from 1 to 2147483647, got {self.scale_factor!r}")
        check_endianness(self.endianness)

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return 8

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype(self._type_string())

    def _type_string(self) -> str:
        """NumPy's type string, with the scale of a generic unit too, which `dtype.str` leaves out."""
        order, factor = ORDERS[self.endianness], "" if self.scale_factor == 1 else self.scale_factor
        unit = "us" if self.unit == "μs" else self.unit
        return f"{order}{self._kind}8" if (unit, factor) == ("generic", "") else f"{order}{self._kind}8[{factor}{unit}]"

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if getattr(dtype, "kind", None) != cls._kind:
            raise wrong(cls, dtype)
        unit, scale_factor = np.datetime_data(dtype)
        return cls(endianness=endianness_of(dtype), scale_factor=scale_factor, unit=unit)  # type: ignore[arg-type]  # NumPy's units

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            return cls._from_json_v3(data)
        code, object_codec = typestr(data)
        if object_codec is not None or code[1:3] != f"{cls._kind}8" or code[0] not in "<>":
            raise wrong(cls, data)
        try:
            return cls.from_native_dtype(np.dtype(code.replace("\N{MICRO SIGN}", "μ")))
        except (TypeError, ValueError) as exc:
            raise wrong(cls, data) from exc

    @classmethod
    def _from_json_v3(cls, data: Any) -> Self:
        name, configuration = named(data)
        if name != cls._zarr_v3_name:
            raise wrong(cls, data)
        if set(configuration) != {"unit", "scale_factor"} or type(configuration["scale_factor"]) is not int:
            raise DataTypeValidationError(
                f"the data type {name} needs the configuration members 'unit' and 'scale_factor' (an integer) and no others, "
                f"got {data!r}"
            )
        try:
            return cls(**configuration)
        except (TypeError, ValueError) as exc:
            raise DataTypeValidationError(f"{data!r} is not a valid {name}: {exc}") from exc

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return {"name": self._type_string(), "object_codec_id": None}
        configuration = {"unit": self.unit, "scale_factor": self.scale_factor}
        return {"name": self._zarr_v3_name, "configuration": configuration}

    def _from_count(self, count: int) -> Any:
        if not NO_TIME <= count < 2**63:
            raise OverflowError(f"{count} is out of range for the data type {self._zarr_v3_name} (64 bits)")
        return np.array(count, "i8").view(self.to_native_dtype().newbyteorder("="))[()]

    def default_scalar(self) -> Any:
        return self._from_count(NO_TIME)

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        if data == "NaT":
            return self._from_count(NO_TIME)
        if isinstance(data, int) and not isinstance(data, bool):
            return self._from_count(data)
        raise TypeError(f"Invalid type: {data!r}. Expected an integer, or the string 'NaT'.")

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> int:
        return int(np.asarray(self.cast_scalar(data)).astype(self.to_native_dtype().newbyteorder("=")).view("i8")[()])

    def cast_scalar(self, data: object) -> Any:
        if data is None or (isinstance(data, str) and data == "NaT") or type(data).__name__ == "NaTType":
            return self._from_count(NO_TIME)
        if isinstance(data, int | np.integer) and not isinstance(data, bool | np.timedelta64):
            return self._from_count(int(data))
        if not isinstance(data, (str, *self._scalars)):
            raise ArgumentError(
                f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type "
                f"{self._zarr_v3_name}."
            )
        try:
            given = self._as_time(data)
        except ValueError as exc:
            raise ArgumentError(f"{data!r} is no time that the data type {self._zarr_v3_name} can hold: {exc}") from exc
        return self._from_count(NO_TIME) if np.isnat(given) else self._converted(given, data)

    def _as_time(self, data: Any) -> np.ndarray[Any, Any]:
        if isinstance(data, str):
            return _said_by(data)
        # Of a datetime NumPy takes what Python has; those of pandas know nanoseconds too.
        return np.array(data.to_datetime64() if hasattr(data, "to_datetime64") else data, "M8")

    def _converted(self, given: np.ndarray[Any, Any], data: object) -> Any:
        """A time of any unit in this one, exactly or not at all."""
        dtype = self.to_native_dtype().newbyteorder("=")
        converted, kept = cast(given, dtype)
        if kept is None or kept:
            return converted[()]
        if is_beyond_counts(given[()], dtype):
            raise OverflowError(f"{data!r} is out of range for counts of {dtype}; choose a coarser unit")
        raise ArgumentError(f"{data!r} is not a whole number of counts of {dtype}; choose a finer unit")


@dataclass(frozen=True, kw_only=True, slots=True)
class DateTime64(_Time):
    """Instants, as counts of a unit since 1970-01-01T00:00.

    Attributes
    ----------
    unit
        As NumPy names it, from `"Y"` to `"as"`; `"generic"` is none.
    scale_factor
        How many units one count is.
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.DateTime64(unit="s", scale_factor=10).to_native_dtype()
    dtype('<M8[10s]')
    """

    dtype_cls, _zarr_v3_name, _kind = np.dtypes.DateTime64DType, "numpy.datetime64", "M"
    _scalars = (np.datetime64, dt.date)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeDelta64(_Time):
    """Durations, as counts of a unit.

    Attributes
    ----------
    unit
        As NumPy names it, from `"Y"` to `"as"`; `"generic"` is none.
    scale_factor
        How many units one count is.
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.TimeDelta64(unit="D").to_native_dtype()
    dtype('<m8[D]')
    """

    dtype_cls, _zarr_v3_name, _kind = np.dtypes.TimeDelta64DType, "numpy.timedelta64", "m"
    _scalars = (np.timedelta64, dt.timedelta)

    def _as_time(self, data: Any) -> np.ndarray[Any, Any]:
        if isinstance(data, str):  # a count, which is all that NumPy reads; without a unit it would warn
            return np.array(int(data), "i8").view("m8")
        if hasattr(data, "to_timedelta64"):
            return np.array(data.to_timedelta64())
        return _counted(data) if isinstance(data, dt.timedelta) else np.array(data, "m8")


def _said_by(text: str) -> np.ndarray[Any, Any]:
    """The instant that text says."""
    time, said = instants_of_text(np.array(text, np.str_))
    if not said:
        raise OverflowError(f"{text!r} is out of range for counts of {time.dtype}; write it with fewer digits")
    return time


def _counted(span: dt.timedelta) -> np.ndarray[Any, Any]:
    """A duration of Python, of which NumPy would make microseconds, of which there may be too many."""
    seconds = span.days * 86_400 + span.seconds
    if span.microseconds == 0:
        return np.array(seconds, "i8").view("m8[s]")
    return np.array(seconds * 10**6 + span.microseconds, "i8").view("m8[us]")
