"""The codec `packbits`: elements as so many bits each, one after the other, the lowest bit first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np

from zarr._buffer.memory import in_dtype
from zarr._codec.base import ArrayBytesCodec, ChunkSpec
from zarr._codec.configuration import check_choice, check_int, read_configuration
from zarr._codec.raw import native_dtype, octets, to_buffer, to_nd_buffer
from zarr._codec.real_numbers import Integers, n_bits_of, parts_of_elements, reals_of
from zarr._support.near_names import suggests_keywords
from zarr.errors import CodecError, MetadataValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer, NDBuffer
    from zarr._dtype.base import ZDType

PaddingEncoding: TypeAlias = Literal["none", "first_byte", "last_byte"]
PADDING_ENCODING = get_args(PaddingEncoding)
_NAME = "packbits"
_KEYS = ("padding_encoding", "first_bit", "last_bit")
_ALSO = {"start_bit": "first_bit", "end_bit": "last_bit"}
_VALUES_ALSO = {"start_byte": "first_byte", "end_byte": "last_byte"}
_BLOCK = 1 << 15
"""Parts that are packed at a time, a multiple of 8: each bit takes a byte meanwhile."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the elements of a chunk are packed.

    Attributes
    ----------
    part
        Dtype of the parts of elements, which are numbered bits in little-endian words.
    first, last
        The bits that are kept.
    n_parts
        In a chunk.
    is_signed
        Whether bits above the last one are copies of it.
    """

    part: np.dtype[Any]
    first: int
    last: int
    n_parts: int
    is_signed: bool

    @property
    def n_bits(self) -> int:
        return (self.last - self.first + 1) * self.n_parts

    @property
    def nbytes(self) -> int:
        return -(-self.n_bits // 8)

    @property
    def n_padding(self) -> int:
        return self.nbytes * 8 - self.n_bits


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class PackBitsCodec(ArrayBytesCodec):
    """Elements without unused bits: 1 bit for a Boolean, 4 bits for an `int4`, and as many as are asked for of other numbers.

    Parameters
    ----------
    padding_encoding
        Whether a byte says how many bits at the end are padding: `"none"`, `"first_byte"` or `"last_byte"`.
    first_bit, last_bit
        The bits of each element that are kept, counted from the lowest, which is 0; None for the first and the last one that
        the data type has. Other bits are lost: they are read as 0, or of signed integers as the sign.

    Raises
    ------
    TypeError, ValueError
        For other values, and for an array of something else.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> data = np.array([True, False, True])
    >>> array = zarr.create_array({}, data=data, serializer=zarr.codecs.PackBitsCodec(), compressors=None)
    >>> array[:], array.nbytes_stored() < 1000
    (array([ True, False,  True]), True)
    """

    is_fixed_size: ClassVar[bool] = True

    padding_encoding: PaddingEncoding = "none"
    first_bit: int | None = None
    last_bit: int | None = None

    def __post_init__(self) -> None:
        check_choice(_NAME, "padding_encoding", self.padding_encoding, PADDING_ENCODING)
        for name in ("first_bit", "last_bit"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_int(_NAME, name, value, 0, 63))
        if self.first_bit is not None and self.last_bit is not None and self.first_bit > self.last_bit:
            raise ValueError(f"last_bit {self.last_bit} of codec {_NAME!r} comes before first_bit {self.first_bit}")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        configuration = read_configuration(data, (_NAME,), (*_KEYS, *_ALSO))
        for also, key in _ALSO.items():  # as the schema of the registry has them
            if also in configuration:
                if key in configuration:
                    raise MetadataValidationError(f"codec {_NAME!r} has both {key!r} and {also!r}, which mean the same")
                configuration[key] = configuration.pop(also)
        padding = configuration.get("padding_encoding")
        if isinstance(padding, str):
            configuration["padding_encoding"] = _VALUES_ALSO.get(padding, padding)
        return cls(**configuration)

    def to_dict(self) -> dict[str, Any]:
        given = {"first_bit": self.first_bit, "last_bit": self.last_bit}
        bits = {name: value for name, value in given.items() if value is not None}
        return {"name": _NAME, "configuration": {"padding_encoding": self.padding_encoding, **bits}}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self._layout(array_spec.dtype, array_spec.shape)
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        self._layout(dtype, shape)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return self._layout(chunk_spec.dtype, chunk_spec.shape).nbytes + (self.padding_encoding != "none")

    def _layout(self, dtype: ZDType[Any, Any], shape: tuple[int, ...]) -> _Layout:
        native = dtype.to_native_dtype()
        part = native if native == np.bool_ else parts_of_elements(dtype)
        if part is None:
            raise ValueError(f"codec {_NAME!r} is for Booleans, numbers and times, not data type {dtype}")
        n_bits = n_bits_of(part)
        first = 0 if self.first_bit is None else self.first_bit
        last = n_bits - 1 if self.last_bit is None else self.last_bit
        if not first <= last < n_bits:
            raise ValueError(
                f"codec {_NAME!r} keeps bits {first} to {last}, but elements of data type {dtype} have bits 0 to {n_bits - 1}"
            )
        reals = reals_of(part)
        n_parts = math.prod(shape) * (native.itemsize // part.itemsize)
        return _Layout(part, first, last, n_parts, isinstance(reals, Integers) and reals.low < 0)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        layout = self._layout(chunk_spec.dtype, chunk_spec.shape)
        dtype = native_dtype(chunk_spec)
        elements = np.ascontiguousarray(in_dtype(chunk_data.as_numpy_array(), _native(dtype)))
        packed = np.concatenate([np.empty(0, np.uint8), *_packed(elements.reshape(-1).view(layout.part), layout)])
        padding = np.array([layout.n_padding], np.uint8)
        if self.padding_encoding == "first_byte":
            packed = np.concatenate([padding, packed])
        elif self.padding_encoding == "last_byte":
            packed = np.concatenate([packed, padding])
        return to_buffer(chunk_spec, packed)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        layout = self._layout(chunk_spec.dtype, chunk_spec.shape)
        packed = self._without_padding(octets(chunk_data), layout)
        parts = np.empty(layout.n_parts, layout.part)
        _unpack(packed, parts, layout)
        return to_nd_buffer(chunk_spec, parts.view(_native(native_dtype(chunk_spec))).reshape(chunk_spec.shape))

    def _without_padding(self, encoded: npt.NDArray[np.uint8], layout: _Layout) -> npt.NDArray[np.uint8]:
        """The packed elements, once it is sure that they are all there."""
        extra = int(self.padding_encoding != "none")
        if encoded.size != layout.nbytes + extra:
            raise CodecError(
                _NAME,
                "decode",
                f"{encoded.size} bytes do not make a chunk of {layout.n_bits} bits, which has {layout.nbytes + extra}",
            )
        if not extra:
            return encoded
        at, packed = (0, encoded[1:]) if self.padding_encoding == "first_byte" else (-1, encoded[:-1])
        if encoded[at] != layout.n_padding:
            raise CodecError(
                _NAME, "decode", f"the data says that {encoded[at]} bits are padding, which are {layout.n_padding}"
            )
        return packed


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.isbuiltin == 2 else dtype.newbyteorder("=")


def _packed(parts: npt.NDArray[Any], layout: _Layout) -> Iterator[npt.NDArray[np.uint8]]:
    """Packed bits of some parts at a time."""
    if layout.part == np.bool_:
        yield np.packbits(parts, bitorder="little")
        return
    word = f"<u{layout.part.itemsize}"
    for start in range(0, parts.size, _BLOCK):
        words = parts[start : start + _BLOCK].view(f"u{layout.part.itemsize}").astype(word)
        bits = np.unpackbits(words.view(np.uint8).reshape(words.size, -1), axis=1, bitorder="little")
        yield np.packbits(bits[:, layout.first : layout.last + 1], bitorder="little")


def _unpack(packed: npt.NDArray[np.uint8], parts: npt.NDArray[Any], layout: _Layout) -> None:
    """The reverse, into `parts`."""
    if layout.part == np.bool_:
        parts[...] = np.unpackbits(packed, count=parts.size, bitorder="little")
        return
    width, itemsize = layout.last - layout.first + 1, layout.part.itemsize
    for start in range(0, parts.size, _BLOCK):
        n_parts = min(_BLOCK, parts.size - start)
        some = packed[start * width // 8 : -(-(start + n_parts) * width // 8)]
        given = np.unpackbits(some, count=n_parts * width, bitorder="little").reshape(n_parts, width)
        bits = np.zeros((n_parts, 8 * itemsize), np.uint8)
        bits[:, layout.first : layout.last + 1] = given
        if layout.is_signed:
            bits[:, layout.last + 1 :] = given[:, -1:]
        words = np.packbits(bits, axis=1, bitorder="little").reshape(-1).view(f"<u{itemsize}")
        parts[start : start + n_parts] = words.astype(f"u{itemsize}").view(layout.part)
