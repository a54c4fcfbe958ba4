"""A chain of codecs, compiled for one kind of chunk.

Compiling threads the chunk's spec through the codecs from left to right: each is told the spec as it stands before it,
fills in what depends on that (`evolve_from_array_spec`), and says how it changes the spec (`resolve_metadata`). So a
chain that cannot work is refused before any data is touched. Encoding runs left to right, decoding right to left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import Buffer, NDBuffer
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, ChunkSpec, Codec
from zarr._codec.call import call_codec, codec_name
from zarr._codec.limits import UNKNOWN_NBYTES, OversizedError, check_room, decoded_nbytes, output_limit, with_margin
from zarr._codec.raw import native_dtype
from zarr._codec.stream_limits import check_new_stream, decode_stream, too_long
from zarr.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from typing import Self

_KINDS = ((ArrayArrayCodec, "array -> array"), (ArrayBytesCodec, "array -> bytes"), (BytesBytesCodec, "bytes -> bytes"))


@dataclass(frozen=True, slots=True)
class CodecChain:
    """Codecs from array to bytes, ready for chunks of one spec. Safe to use from several threads.

    Make it with `compile`.

    Attributes
    ----------
    codecs
        Evolved, in encoding order.
    specs
        For each codec, the spec of its decoded side.
    spec
        Spec of the chunks.
    """

    codecs: tuple[Codec, ...]
    specs: tuple[ChunkSpec, ...]
    spec: ChunkSpec

    @classmethod
    def compile(cls, codecs: Iterable[Codec], chunk_spec: ChunkSpec) -> Self:
        """Fit codecs to a kind of chunk.

        Raises
        ------
        TypeError
            If something is no codec.
        ValueError
            If the order is not any array -> array codecs, exactly one array -> bytes, any bytes -> bytes, or if a codec
            does not fit the shape or data type it meets.
        """
        chosen = tuple(codecs)
        check_order(chosen)
        evolved: list[Codec] = []
        specs: list[ChunkSpec] = []
        spec = chunk_spec
        for codec in chosen:
            fitted = codec.evolve_from_array_spec(spec)
            evolved.append(fitted)
            specs.append(spec)
            if isinstance(fitted, ArrayArrayCodec):
                spec = fitted.resolve_metadata(spec)
            elif isinstance(fitted, ArrayBytesCodec):
                spec = spec.replace(nbytes_limit=_bytes_limit(fitted, spec))
        return cls(tuple(evolved), tuple(specs), chunk_spec)

    def encode(self, chunk: NDBuffer) -> Buffer | None:
        """Encode a chunk. None means that a codec found the chunk empty, and nothing is to be stored.

        Raises CodecError.
        """
        form: Any = chunk
        for codec, spec in zip(self.codecs, self.specs, strict=True):
            form = call_codec(codec, "encode", form, spec)
            if form is None:
                return None
            expected = NDBuffer if isinstance(codec, ArrayArrayCodec) else Buffer
            _check_form(codec, "encode", form, expected)
            if isinstance(codec, ArrayBytesCodec) and codec is not self.codecs[-1] and decoded_nbytes(spec) is None:
                check_new_stream(codec_name(codec), len(form))
        return form  # type: ignore[no-any-return]  # the last form is a Buffer: `check_order`

    def decode(self, encoded: Buffer) -> NDBuffer:
        """Decode a chunk. The result has the chunk's shape and dtype; its memory may be read-only.

        Raises CodecError, also if the bytes decode to another shape or dtype.
        """
        form: Any = encoded
        for number, codec, spec in reversed(list(zip(range(len(self.codecs)), self.codecs, self.specs, strict=True))):
            form = self._undo(number, form)
            expected = Buffer if isinstance(codec, BytesBytesCodec) else NDBuffer
            _check_form(codec, "decode", form, expected)
            if expected is NDBuffer and tuple(form.shape) != tuple(spec.shape):
                reason = f"the result has shape {tuple(form.shape)}, expected {tuple(spec.shape)}"
                raise CodecError(codec_name(codec), "decode", reason)
        return _as_dtype(form, native_dtype(self.spec), self.codecs[0])

    def _undo(self, number: int, form: Any) -> Any:
        """What the codec of this number makes of encoded data."""
        codec, spec = self.codecs[number], self.specs[number]
        within = self.codecs[number - 1] if number else None
        if within is None or not getattr(within, "is_stream", False):
            if isinstance(within, ArrayBytesCodec) and within.is_fixed_size and len(form):
                before = self.specs[number - 1]
                nbytes = within.compute_encoded_size(decoded_nbytes(before) or 0, before)
                check_room(codec_name(codec).removeprefix("numcodecs."), len(form), nbytes)
            return _decoded(codec, form, spec)

        def decode(most: int) -> Any:
            return call_codec(codec, "decode", form, spec.replace(nbytes_limit=most))

        return decode_stream(decode, codec_name(within), math.prod(self.specs[number - 1].shape))

    def encoded_nbytes(self) -> int:
        """Encoded size in bytes, the same for every chunk.

        Raises ValueError if it depends on the data.
        """
        nbytes = decoded_nbytes(self.spec)
        if nbytes is None:
            raise ValueError("elements of variable length have no fixed encoded size")
        for codec, spec in zip(self.codecs, self.specs, strict=True):
            if not codec.is_fixed_size:
                raise ValueError(f"codec {codec_name(codec)!r} has no fixed encoded size")
            nbytes = codec.compute_encoded_size(nbytes, spec)
        return nbytes


def _decoded(codec: Codec, form: Any, spec: ChunkSpec) -> Any:
    try:
        return call_codec(codec, "decode", form, spec)
    except OversizedError as exc:
        if spec.nbytes_limit != UNKNOWN_NBYTES:
            raise
        raise too_long(codec_name(codec), output_limit(spec)) from exc


def check_order(codecs: Sequence[Codec]) -> None:
    """Raise TypeError or ValueError unless these are codecs in a legal order.

    Examples
    --------
    >>> check_order([])
    Traceback (most recent call last):
        ...
    ValueError: a codec chain needs exactly one array -> bytes codec (such as 'bytes'), but there is none
    """
    stage = 0
    n_serializers = 0
    for codec in codecs:
        kind = _kind(codec)
        n_serializers += kind == 1
        if n_serializers > 1:
            raise ValueError(
                f"a codec chain needs exactly one array -> bytes codec, but {codec_name(codec)!r} is a second one"
            )
        if kind < stage:
            raise ArgumentError(
                f"codec {codec_name(codec)!r} is {_KINDS[kind][1]} and cannot follow one that is {_KINDS[stage][1]}"
            )
        if kind == 2 and n_serializers == 0:
            raise ArgumentError(
                f"codec {codec_name(codec)!r} is bytes -> bytes and must follow an array -> bytes codec"
            )
        stage = kind
    if n_serializers == 0:
        raise ValueError("a codec chain needs exactly one array -> bytes codec (such as 'bytes'), but there is none")


def _kind(codec: object) -> int:
    """Position in `_KINDS`."""
    for i, (base, _) in enumerate(_KINDS):
        if isinstance(codec, base):
            return i
    raise TypeError(f"{codec!r} is not a codec: it is no ArrayArrayCodec, ArrayBytesCodec or BytesBytesCodec instance")


def _bytes_limit(codec: ArrayBytesCodec, spec: ChunkSpec) -> int:
    """Most bytes that can reach an array -> bytes codec from the codecs behind it when they decode."""
    nbytes = decoded_nbytes(spec)
    if nbytes is None or not codec.is_fixed_size:
        return UNKNOWN_NBYTES
    return with_margin(codec.compute_encoded_size(nbytes, spec))


def _check_form(codec: Codec, action: str, form: object, expected: type[Any]) -> None:
    if not isinstance(form, expected):
        what = "nothing" if form is None else f"an object of type {type(form).__name__}"
        raise CodecError(codec_name(codec), action, f"the codec returned {what} instead of a {expected.__name__}")


def _as_dtype(chunk: NDBuffer, dtype: np.dtype[Any], codec: Codec) -> NDBuffer:
    """The chunk with the dtype of its spec. Byte order and string classes may differ, kind and size may not."""
    if chunk.dtype == dtype:
        return chunk
    same_values = chunk.dtype.newbyteorder("=") == dtype.newbyteorder("=")
    if same_values or (chunk.dtype.kind in "OTU" and dtype.kind in "OT"):
        return chunk.astype(dtype)
    raise CodecError(codec_name(codec), "decode", f"the result has dtype {chunk.dtype}, expected {dtype}")
