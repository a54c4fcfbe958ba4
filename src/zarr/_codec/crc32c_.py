"""The codec `crc32c`: the input, followed by its CRC-32C (Castagnoli) as four little-endian bytes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from zarr._codec.base import BytesBytesCodec, ChunkSpec
from zarr._codec.configuration import read_configuration
from zarr._codec.raw import octets, to_buffer
from zarr._support.imports_on_use import importing
from zarr._support.near_names import suggests_keywords
from zarr.errors import CodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    import numpy.typing as npt

    from zarr._buffer import Buffer

CHECKSUM_NBYTES = 4
_PIECE_NBYTES = 2**20


@cache
def _library() -> Any:
    """The module that does the work: kept, as at the end of the interpreter no import finds even what is loaded."""
    with importing("google_crc32c"):
        import google_crc32c

    return google_crc32c


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class Crc32cCodec(BytesBytesCodec):
    """Append a checksum, and verify it on the way back.

    Examples
    --------
    >>> Crc32cCodec().to_dict()
    {'name': 'crc32c'}
    """

    is_fixed_size: ClassVar[bool] = True

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("crc32c",), ()))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "crc32c"}

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length + CHECKSUM_NBYTES

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        data = octets(chunk_data)
        if data.size < CHECKSUM_NBYTES:
            raise CodecError("crc32c", "decode", f"{data.size} bytes are too few to hold a checksum")
        if not chunk_spec.config.verify_checksums:
            return chunk_data[:-CHECKSUM_NBYTES]
        (stored,) = struct.unpack("<I", data[-CHECKSUM_NBYTES:].tobytes())
        computed = crc32c(data[:-CHECKSUM_NBYTES])
        if computed != stored:
            raise CodecError("crc32c", "decode", f"checksum mismatch: stored {stored:#010x}, computed {computed:#010x}")
        return chunk_data[:-CHECKSUM_NBYTES]

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        checksum = struct.pack("<I", crc32c(octets(chunk_data)))
        return chunk_data + to_buffer(chunk_spec, checksum)


def crc32c(data: npt.NDArray[np.uint8]) -> int:
    """CRC-32C of contiguous bytes."""
    google_crc32c = _library()

    checksum = 0
    # The library takes `bytes` only, so the input is copied; in pieces, to keep the copy in the processor's cache.
    for start in range(0, data.size, _PIECE_NBYTES):
        checksum = google_crc32c.extend(checksum, data[start : start + _PIECE_NBYTES].tobytes())
    return int(checksum)
