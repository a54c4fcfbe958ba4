"""The codec `conditional`: for each chunk those of some codecs that help. A header says which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from zarr._codec.base import BytesBytesCodec, ChunkSpec, Codec
from zarr._codec.call import call_codec, codec_name
from zarr._codec.configuration import check_int, read_configuration
from zarr._codec.limits import OversizedError, before_another
from zarr._codec.raw import to_buffer
from zarr._codec.registry import parse_inner_codecs
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from typing import Self

    from zarr._buffer import Buffer

_NAME = "conditional"


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class ConditionalCodec(BytesBytesCodec):
    """Apply codecs only to those chunks that they do not make larger. Checksums are always applied.

    Parameters
    ----------
    codecs
        Codecs that make bytes of bytes, as instances or in their stored form.
    header_bits
        Length of the header, a multiple of 8; as short as possible if None.

    Raises
    ------
    TypeError, ValueError
        For other values.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> codec = zarr.codecs.ConditionalCodec(codecs=[zarr.codecs.ZstdCodec()])
    >>> zarr.create_array({}, data=np.arange(3), compressors=[codec])[:]
    array([0, 1, 2])
    """

    is_fixed_size: ClassVar[bool] = False

    codecs: tuple[Codec, ...]
    header_bits: int | None = None

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(
            self, *, codecs: Iterable[Codec | Mapping[str, object] | str], header_bits: int | None = None
        ) -> None: ...

    def __post_init__(self) -> None:
        codecs = parse_inner_codecs(_NAME, "codecs", self.codecs)
        for codec in codecs:
            if not isinstance(codec, BytesBytesCodec):
                raise ArgumentError(
                    f"codec {_NAME!r} is for codecs that make bytes of bytes, not {codec_name(codec)!r}"
                )
        object.__setattr__(self, "codecs", codecs)
        if self.header_bits is not None:
            n_bits = check_int(_NAME, "header_bits", self.header_bits, len(codecs), 2**16)
            if n_bits % 8:
                raise ValueError(f"header_bits of codec {_NAME!r} must be a multiple of 8; got {n_bits}")
            object.__setattr__(self, "header_bits", n_bits)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME,), ("codecs", "header_bits"), required=("codecs",)))

    def to_dict(self) -> dict[str, Any]:
        configuration: dict[str, Any] = {"codecs": [codec.to_dict() for codec in self.codecs]}
        if self.header_bits is not None:
            configuration["header_bits"] = self.header_bits
        return {"name": _NAME, "configuration": configuration}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        evolved = tuple(codec.evolve_from_array_spec(array_spec) for codec in self.codecs)
        return self if evolved == self.codecs else replace(self, codecs=evolved)

    @property
    def _header_nbytes(self) -> int:
        return -(-len(self.codecs) // 8) if self.header_bits is None else self.header_bits // 8

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        form, applied = chunk_data, 0
        for number, codec in enumerate(self.codecs):
            encoded = call_codec(codec, "encode", form, chunk_spec)
            if codec.is_fixed_size or len(encoded) <= len(form):
                form, applied = encoded, applied | 1 << number
        header = applied.to_bytes(self._header_nbytes, "little")
        return to_buffer(chunk_spec, header + form.to_bytes())

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        n = self._header_nbytes
        if len(chunk_data) < n:
            raise CodecError(_NAME, "decode", f"{len(chunk_data)} bytes are too few for the header of {n}")
        applied = int.from_bytes(chunk_data[:n].to_bytes(), "little")
        if applied >> len(self.codecs):
            raise CodecError(
                _NAME, "decode", f"the header names more than the {len(self.codecs)} codecs that there are"
            )
        form = chunk_data[n:]
        chosen = [codec for number, codec in enumerate(self.codecs) if applied >> number & 1]
        for codec in reversed(chosen[1:]):
            form = _undo_outer(codec, form, chunk_spec)
        return call_codec(chosen[0], "decode", form, chunk_spec) if chosen else form


def _undo_outer(codec: Codec, encoded: Buffer, spec: ChunkSpec) -> Buffer:
    """What a codec makes for another one, which may be longer than, and begin as, nothing that the spec knows of."""
    try:
        decoded: Buffer = call_codec(codec, "decode", encoded, before_another(spec))
    except OversizedError as exc:
        exc.head = None
        raise
    return decoded
