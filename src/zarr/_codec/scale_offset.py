"""The codec `scale_offset`: `(x - offset) * scale`, in the arithmetic of the data type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from zarr._buffer.memory import filled
from zarr._codec.base import ArrayArrayCodec, ChunkSpec
from zarr._codec.configuration import read_configuration
from zarr._codec.raw import native_dtype, to_nd_buffer
from zarr._codec.real_numbers import Floats, Integers, NotRepresentableError, first_of, reals_of
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import NDBuffer
    from zarr._dtype.base import ZDType

_NAME = "scale_offset"


class _Parameters(NamedTuple):
    """Of integers as Python's, of which none is too large; of floating-point numbers as scalars of the type."""

    offset: Any
    scale: Any
    reals: Integers | Floats


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class ScaleOffset(ArrayArrayCodec):
    """Store `(x - offset) * scale`. Followed by `CastValue`, this packs floating-point numbers into small integers.

    Everything is computed in the data type of the array. Numbers that it does not have are an error: what overflows, and
    integers that are divided with a remainder when they are read.

    Parameters
    ----------
    offset, scale
        Numbers of the data type, as in metadata: bits of a floating-point number may be given as `"0x..."`.

    Raises
    ------
    TypeError, ValueError
        For other values, and (when the data type becomes known) for those that it does not have, and for a scale of 0.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs import CastValue, ScaleOffset
    >>> filters = [ScaleOffset(offset=10, scale=100), CastValue(data_type="uint8")]
    >>> packed = zarr.create_array({}, data=np.array([10.5, 12.25]), fill_value=10, filters=filters)
    >>> packed[:]
    array([10.5 , 12.25])
    """

    is_fixed_size: ClassVar[bool] = True

    offset: int | float | str = 0
    scale: int | float | str = 1

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(self, *, offset: object = 0, scale: object = 1) -> None: ...

    def __post_init__(self) -> None:
        for name in ("offset", "scale"):
            given: object = getattr(self, name)
            plain = given.item() if isinstance(given, np.integer | np.floating) else given
            if isinstance(plain, bool) or not isinstance(plain, int | float | str):
                raise TypeError(f"{name} must be a number or string, got {type(given).__name__}")
            object.__setattr__(self, name, plain)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME,), ("offset", "scale")))

    def to_dict(self) -> dict[str, Any]:
        changed = {"offset": self.offset} if self.offset != 0 else {}
        changed |= {"scale": self.scale} if self.scale != 1 else {}
        return {"name": _NAME, "configuration": changed} if changed else {"name": _NAME}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self._parameters(array_spec.dtype)
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        self._parameters(dtype)

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        fill = filled((), chunk_spec.fill_value, native_dtype(chunk_spec))
        try:
            encoded = _encode(fill, self._parameters(chunk_spec.dtype))
        except NotRepresentableError as exc:
            raise ValueError(f"the fill value does not suit codec {_NAME!r}: {exc}") from exc
        return chunk_spec.replace(fill_value=encoded[()])

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return self._apply("decode", _decode, chunk_data, chunk_spec)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return self._apply("encode", _encode, chunk_data, chunk_spec)

    def _apply(self, action: str, compute: Callable[..., Any], chunk: NDBuffer, spec: ChunkSpec) -> NDBuffer:
        parameters = self._parameters(spec.dtype)
        numbers = chunk.as_numpy_array().astype(parameters.reals.dtype, copy=False)
        try:
            return to_nd_buffer(spec, compute(numbers, parameters))
        except NotRepresentableError as exc:
            raise CodecError(_NAME, action, str(exc)) from exc

    def _parameters(self, dtype: ZDType[Any, Any]) -> _Parameters:
        reals = reals_of(dtype.to_native_dtype())
        if reals is None:
            raise ValueError(f"codec {_NAME!r} is for integers and floating-point numbers, not data type {dtype}")
        offset, scale = (self._scalar(name, dtype) for name in ("offset", "scale"))
        if scale == 0:
            raise ValueError(f"scale of codec {_NAME!r} must not be 0")
        if isinstance(reals, Integers):
            return _Parameters(int(offset), int(scale), reals)
        return _Parameters(offset, scale, reals)

    def _scalar(self, name: str, dtype: ZDType[Any, Any]) -> Any:
        given = getattr(self, name)
        try:
            scalar = dtype.from_json_scalar(given, zarr_format=3)
        except (TypeError, ValueError, OverflowError) as exc:
            raise ArgumentError(f"{name} {given!r} of codec {_NAME!r} is not a {dtype}: {exc}") from exc
        if not np.isfinite(np.asarray(scalar).astype(np.float64)):
            raise ValueError(f"{name} of codec {_NAME!r} must be finite; got {given!r}")
        return scalar


def _encode(numbers: npt.NDArray[Any], parameters: _Parameters) -> npt.NDArray[Any]:
    offset, scale, reals = parameters
    if isinstance(reals, Floats):
        return _computed(lambda: (numbers - offset) * scale, numbers, reals)
    moved = _shifted(numbers, -offset, reals)
    return _within(moved, reals, lambda number: number * scale, lambda whole: whole * _as(scale, whole))


def _decode(numbers: npt.NDArray[Any], parameters: _Parameters) -> npt.NDArray[Any]:
    offset, scale, reals = parameters
    if isinstance(reals, Floats):
        return _computed(lambda: numbers / scale + offset, numbers, reals)
    if scale == 1:
        return _shifted(numbers, offset, reals)
    whole = _plain(numbers, reals)
    remainders = whole % _as(scale, whole)
    if remainders.any():
        raise NotRepresentableError(
            f"{first_of(whole, remainders != 0)} is stored, and is no multiple of the scale {scale}"
        )
    divided = _within(numbers, reals, lambda number: number // scale, lambda whole: whole // _as(scale, whole))
    return _shifted(divided, offset, reals)


def _computed(compute: Callable[[], Any], numbers: npt.NDArray[Any], reals: Floats) -> npt.NDArray[Any]:
    """Floating-point numbers that are computed of others; finite ones stay so."""
    with np.errstate(all="ignore"):
        made = np.asarray(compute(), reals.dtype)
        lost = np.isfinite(numbers) & ~np.isfinite(made)
    if lost.any():
        raise NotRepresentableError(f"{first_of(numbers, lost)} becomes larger than any {reals.dtype}")
    return made


def _shifted(numbers: npt.NDArray[Any], by: int, reals: Integers) -> npt.NDArray[Any]:
    """Integers plus another, which may be out of their range."""
    if by == 0:
        return numbers
    return _within(numbers, reals, lambda number: number + by, lambda whole: whole + _as(by, whole))


def _within(
    numbers: npt.NDArray[Any],
    reals: Integers,
    one: Callable[[int], int],
    all_of: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
) -> npt.NDArray[Any]:
    """What is computed of integers, modulo 2**64, if it is in range. What is computed grows, or falls, with the number."""
    whole = _plain(numbers, reals)
    if whole.size:
        for extreme in (whole.min(), whole.max()):
            if not reals.low <= (made := one(int(extreme))) <= reals.high:
                number = first_of(whole, whole == extreme)
                raise NotRepresentableError(
                    f"{number} becomes {made}, outside of the range of {reals.dtype}, {reals.low} to {reals.high}"
                )
    return np.asarray(all_of(whole)).astype(reals.dtype)


def _plain(numbers: npt.NDArray[Any], reals: Integers) -> npt.NDArray[Any]:
    return numbers.astype(np.int64 if reals.low < 0 else np.uint64)


def _as(number: int, whole: npt.NDArray[Any]) -> Any:
    """A number, modulo 2**64, in the dtype of others."""
    return np.uint64(number % 2**64).astype(whole.dtype)
