"""The codec `zfp`: streams of ZFP without a header, which the array's document says all of.

`numcodecs.zfpy` is the same with one. Numbers that ZFP does not know become wider ones: integers of fewer bits are moved up
to those that ZFP takes for the most significant, as its own functions for that do, and floating-point numbers are cast.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast, get_args

import numpy as np

from zarr._buffer.memory import counts_of
from zarr._codec.base import ArrayBytesCodec, ChunkSpec
from zarr._codec.configuration import check_choice, check_int, read_configuration
from zarr._codec.number_streams import decode_zfp_alone, encode_zfp, refuse_no_numbers
from zarr._codec.raw import native_dtype, octets, to_buffer, to_nd_buffer
from zarr._codec.real_numbers import Floats, Integers, first_of, reals_of
from zarr._dtype.rounding import rounded_to
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError, CodecError, MetadataValidationError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer, NDBuffer
    from zarr._dtype.base import ZDType

ZfpMode: TypeAlias = Literal["reversible", "fixed_accuracy", "fixed_rate", "fixed_precision"]
ZFP_MODES = get_args(ZfpMode)
_NAMES = ("zfp", "zarrs.zfp")
_SETTING = {"fixed_accuracy": "tolerance", "fixed_rate": "rate", "fixed_precision": "precision"}
_KEYS = ("mode", *_SETTING.values())
_OF_EXPERTS = ("minbits", "maxbits", "maxprec", "minexp")
_MOST_AXES = 4
_MOST_RATE = 2**15
_LEAST_BITS = {"f4": 9, "f8": 12}
"""Of a block: a floating-point one has an exponent, and a bit that says so."""
_PLAIN_BITS = 32
"""Integers of fewer bits are made wider."""


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class ZfpCodec(ArrayBytesCodec):
    """Compress numbers in up to four axes with ZFP, mostly with a chosen loss. Needs the package zfpy.

    Parameters
    ----------
    mode
        `"reversible"`: without losses; `"fixed_accuracy"`, `"fixed_rate"` or `"fixed_precision"`. ZFP's mode for experts is not
        there, as the package zfpy does not have it.
    tolerance
        Of `"fixed_accuracy"`: how far numbers may be from those that were given.
    rate
        Of `"fixed_rate"`: bits per element.
    precision
        Of `"fixed_precision"`: bits of each number that are kept.

    Raises
    ------
    TypeError, ValueError
        For other values, and (when it becomes known) for an array of something else, or of more axes.

    Examples
    --------
    >>> ZfpCodec(mode="fixed_accuracy", tolerance=0.05).to_dict()
    {'name': 'zfp', 'configuration': {'mode': 'fixed_accuracy', 'tolerance': 0.05}}
    """

    is_fixed_size: ClassVar[bool] = False

    mode: ZfpMode
    tolerance: float | None = None
    rate: float | None = None
    precision: int | None = None

    def __post_init__(self) -> None:
        check_choice("zfp", "mode", self.mode, ZFP_MODES)
        for key in _SETTING.values():
            given = getattr(self, key)
            if (given is not None) != (key == _SETTING.get(self.mode)):
                what = "needs" if given is None else "has no"
                raise MetadataValidationError(f"codec 'zfp' in mode {self.mode!r} {what} {key}")
        if self.tolerance is not None:
            object.__setattr__(self, "tolerance", _number("tolerance", self.tolerance, 0.0, math.inf))
        if self.rate is not None:
            object.__setattr__(self, "rate", _number("rate", self.rate, 1 / 2**8, _MOST_RATE))
        if self.precision is not None:
            object.__setattr__(self, "precision", check_int("zfp", "precision", self.precision, 1, 64))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        configuration = read_configuration(data, _NAMES, (*_KEYS, *_OF_EXPERTS), required=("mode",))
        if configuration["mode"] == "expert":
            raise MetadataValidationError(
                "codec 'zfp' in mode 'expert' cannot be used: the package zfpy does not have that mode"
            )
        return cls(**configuration)

    def to_dict(self) -> dict[str, Any]:
        return {"name": "zfp", "configuration": {"mode": self.mode, **self._settings}}

    @property
    def _settings(self) -> dict[str, Any]:
        """What ZFP has to know beside the elements; nothing where it is to lose nothing."""
        key = _SETTING.get(self.mode)
        return {} if key is None else {key: getattr(self, key)}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self.validate(shape=array_spec.shape, dtype=array_spec.dtype, chunk_grid=None)
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        wide = _wide_dtype(dtype.to_native_dtype())
        if wide is None:
            raise ValueError(f"codec 'zfp' takes no elements of data type {dtype}")
        if wide.kind == "i" and self.mode == "fixed_accuracy":
            raise ValueError(
                f"mode 'fixed_accuracy' of codec 'zfp' is for floating-point numbers, not data type {dtype}"
            )
        if len(shape) > _MOST_AXES:
            raise ValueError(
                f"codec 'zfp' takes chunks of at most {_MOST_AXES} axes, not {shape}; a filter can leave some out, as "
                "SqueezeCodec or ReshapeCodec"
            )

    def refuse_low_rate(self, chunk_spec: ChunkSpec) -> None:
        """Raise ValueError for a rate at which nothing can be stored. What zarrs stored at it may be read."""
        wide = _wide_dtype(native_dtype(chunk_spec))
        if wide is not None and (why := self._too_low(max(chunk_spec.ndim, 1), wide)) is not None:
            raise ValueError(why)

    def _too_low(self, ndim: int, wide: np.dtype[Any]) -> str | None:
        """Why a block cannot have so few bits: ZFP writes something else then, or nothing."""
        if self.rate is None:
            return None
        n_elements, least = 4**ndim, _LEAST_BITS.get(wide.str[1:], 1)
        if math.floor(n_elements * self.rate + 0.5) >= least:
            return None
        return (
            f"rate {self.rate:g} of codec 'zfp' is too low: the {n_elements} elements of a block need {least} bits together, a rate "
            f"of {least / n_elements:g}, in chunks of {ndim} axes"
        )

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        elements = np.atleast_1d(np.ascontiguousarray(_widened(chunk_data.as_numpy_array())))
        if self.mode != "reversible":
            refuse_no_numbers(elements, "zfp")
        if (why := self._too_low(elements.ndim, elements.dtype)) is not None:
            raise CodecError("zfp", "encode", why)
        return to_buffer(chunk_spec, encode_zfp(elements, self._settings))

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        dtype = native_dtype(chunk_spec)
        wide = cast("np.dtype[Any]", _wide_dtype(dtype))  # `validate` has seen to that
        elements = decode_zfp_alone(octets(chunk_data), chunk_spec.shape or (1,), wide, self._settings)
        return to_nd_buffer(chunk_spec, _narrowed(elements, dtype).reshape(chunk_spec.shape))


def _number(key: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{key} of codec 'zfp' must be a number; got {value!r} of type {type(value).__name__}")
    if not low <= value <= high or not math.isfinite(value):
        raise ArgumentError(f"{key} of codec 'zfp' must be a number from {low:g} to {high:g}; got {value!r}")
    return float(value)


# -- numbers that ZFP does not know ---------------------------------------------------------------------------------


def _wide_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The dtype that ZFP gets for elements; None where there is none. It has no unsigned integers."""
    if dtype.kind in "mM":
        return np.dtype(np.int64)
    reals = reals_of(dtype)
    if isinstance(reals, Floats):
        return np.dtype(np.float64 if reals.dtype.itemsize == 8 else np.float32)
    if not isinstance(reals, Integers):
        return None
    return np.dtype(np.int32 if reals.n_bits <= _PLAIN_BITS else np.int64)


def _widened(elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
    dtype = elements.dtype
    if dtype.kind in "mM":
        return counts_of(elements)
    reals, wide = reals_of(dtype), cast("np.dtype[Any]", _wide_dtype(dtype))
    if not isinstance(reals, Integers):
        return elements.astype(wide, copy=False)
    if reals.n_bits >= _PLAIN_BITS:
        return _signed(elements, wide)
    middle = 0 if reals.low < 0 else 2 ** (reals.n_bits - 1)
    return np.asarray(np.left_shift(elements.astype(np.int32) - np.int32(middle), np.int32(31 - reals.n_bits)))


def _signed(elements: npt.NDArray[Any], wide: np.dtype[Any]) -> npt.NDArray[Any]:
    """Integers of the same length with a sign. zarrs makes the greatest of what is beyond them."""
    most = np.iinfo(wide).max
    if (beyond := elements > most).any():
        raise CodecError("zfp", "encode", f"{first_of(elements, beyond)} is beyond {most}, up to which ZFP counts")
    return elements.astype(wide, copy=False)


def _narrowed(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    if dtype.kind in "mM":
        return elements.view(dtype.newbyteorder("="))
    reals = reals_of(dtype)
    if not isinstance(reals, Integers):
        return rounded_to(elements, dtype)
    if reals.n_bits >= _PLAIN_BITS:
        return np.asarray(np.maximum(elements, reals.low)).astype(reals.dtype)
    middle = 0 if reals.low < 0 else 2 ** (reals.n_bits - 1)
    moved = np.right_shift(elements, np.int32(31 - reals.n_bits)) + np.int32(middle)
    return np.asarray(np.clip(moved, reals.low, reals.high)).astype(reals.dtype)
