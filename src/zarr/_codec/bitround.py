"""The codec `bitround`: numbers with fewer significant bits, so that a compressor finds more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._buffer.memory import filled, in_dtype
from zarr._codec.base import ArrayArrayCodec, ChunkSpec
from zarr._codec.configuration import check_int, read_configuration
from zarr._codec.raw import native_dtype, to_nd_buffer
from zarr._codec.real_numbers import Floats, Integers, bit_lengths, parts_of, parts_of_elements, reals_of
from zarr._support.near_names import suggests_keywords

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import NDBuffer
    from zarr._dtype.base import ZDType

_NAME = "bitround"


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class BitRoundCodec(ArrayArrayCodec):
    """Round numbers to `keepbits` bits. Loses precision; reading gives what was stored.

    Of floating-point numbers, and the parts of complex ones, so many bits of the mantissa are kept; NaN and the infinities
    stay what they are. Of integers and times so many bits are kept from the highest one that is set. Ties go to the even
    pattern.

    Parameters
    ----------
    keepbits
        Bits.

    Raises
    ------
    TypeError, ValueError
        For other values, and for an array of something else.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> codec = zarr.codecs.BitRoundCodec(keepbits=3)
    >>> zarr.create_array({}, data=np.array([11, 123, 209, 255], "u1"), filters=[codec])[:]
    array([ 12, 128, 224, 224], dtype=uint8)
    """

    is_fixed_size: ClassVar[bool] = True

    keepbits: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "keepbits", check_int(_NAME, "keepbits", self.keepbits, 0))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME,), ("keepbits",), required=("keepbits",)))

    def to_dict(self) -> dict[str, Any]:
        return {"name": _NAME, "configuration": {"keepbits": self.keepbits}}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self._check(array_spec.dtype)
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        self._check(dtype)

    def _check(self, dtype: ZDType[Any, Any]) -> None:
        parts = parts_of_elements(dtype)
        if parts is None:
            raise ValueError(f"codec {_NAME!r} is for numbers and times, not data type {dtype}")
        if self.keepbits == 0 and isinstance(reals_of(parts), Integers):
            raise ValueError(f"keepbits of codec {_NAME!r} must be at least 1 for data type {dtype}")

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        dtype = native_dtype(chunk_spec)
        fill = filled((), chunk_spec.fill_value, dtype)
        return chunk_spec.replace(fill_value=rounded(fill, self.keepbits, parts_of_elements(chunk_spec.dtype))[()])

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return chunk_data

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        parts = parts_of_elements(chunk_spec.dtype)
        return to_nd_buffer(chunk_spec, rounded(chunk_data.as_numpy_array(), self.keepbits, parts))


def rounded(numbers: npt.NDArray[Any], keepbits: int, parts: np.dtype[Any] | None = None) -> npt.NDArray[Any]:
    """Numbers, or times, with only so many bits. `parts` is the dtype of what they consist of, if their own does not say.

    Examples
    --------
    >>> rounded(np.array([1.1, 3.9]), 2)
    array([1., 4.])
    """
    dtype = numbers.dtype
    parts = parts_of(dtype) if parts is None else parts
    reals = None if parts is None else reals_of(parts)
    if reals is None:
        raise TypeError(f"{dtype} is no dtype of numbers or times")
    whole_dtype = dtype if dtype.isbuiltin == 2 else dtype.newbyteorder("=")
    elements = np.ascontiguousarray(in_dtype(numbers, whole_dtype)).reshape(-1).view(reals.dtype)
    made = _floats(elements, reals, keepbits) if isinstance(reals, Floats) else _integers(elements, reals, keepbits)
    return made.view(whole_dtype).reshape(numbers.shape)


def _floats(numbers: npt.NDArray[Any], reals: Floats, keepbits: int) -> npt.NDArray[Any]:
    n_dropped = reals.precision - 1 - keepbits
    if n_dropped <= 0:
        return numbers
    word = np.dtype(f"u{reals.dtype.itemsize}")
    top, bottom = np.array([reals.high, reals.low]).astype(reals.dtype).view(word)
    bits = numbers.view(word)
    sign = bits & (top ^ bottom)
    magnitude = bits ^ sign
    dropped = word.type(n_dropped)
    mask = ~((word.type(1) << dropped) - word.type(1))
    half = (word.type(1) << (dropped - word.type(1))) - word.type(1) + ((magnitude >> dropped) & word.type(1))
    made = (magnitude + half) & mask
    if not reals.has_infinity:  # which is what a number beyond the greatest one has become otherwise
        made = np.where(made > top, magnitude & mask, made)
    return np.where(magnitude <= top, made | sign, bits).view(reals.dtype)


def _integers(numbers: npt.NDArray[Any], reals: Integers, keepbits: int) -> npt.NDArray[Any]:
    """Of negative integers the magnitude is rounded; what is out of range then stays the nearest that is not."""
    plain = numbers.astype(np.int64 if reals.low < 0 else np.uint64)
    negative = plain < 0
    magnitude = plain.astype(np.uint64)
    magnitude = np.where(negative, np.uint64(0) - magnitude, magnitude)
    dropped = np.maximum(bit_lengths(magnitude) - keepbits, 0).astype(np.uint64)
    kept = magnitude >> dropped
    rest = magnitude - (kept << dropped)
    half = (np.uint64(1) << dropped) >> np.uint64(1)
    up = (rest > half) | ((rest == half) & (rest > 0) & (kept & np.uint64(1) == 1))
    most = np.where(negative, np.uint64(-reals.low), np.uint64(reals.high))
    raised = (kept + np.uint64(1)) << dropped
    fits = (raised <= most) & (raised > magnitude)
    made = np.where(up & fits, raised, kept << dropped)
    signed = np.asarray(np.where(negative, np.uint64(0) - made, made))
    return signed.astype(plain.dtype).astype(reals.dtype)
