"""The codec `gzip`: RFC 1952 streams.

Written: one member, without name or time, so that equal input gives equal output. Read: any number of members, with
zero padding behind them; anything else behind them is an error.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from zarr._codec.base import BytesBytesCodec, ChunkSpec
from zarr._codec.configuration import check_int, read_configuration
from zarr._codec.limits import output_limit
from zarr._codec.raw import octets, to_buffer
from zarr._codec.streams import drain
from zarr._support.near_names import suggests_keywords

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    import numpy.typing as npt

    from zarr._buffer import Buffer

GZIP_WINDOW = 31
ZLIB_WINDOW = 15
_UNKNOWN_SYSTEM = 255
_SYSTEM_POSITION = 9


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class GzipCodec(BytesBytesCodec):
    """Compress with gzip.

    Parameters
    ----------
    level
        0 (stored) to 9 (smallest).

    Raises
    ------
    TypeError, ValueError
        For any other level.

    Examples
    --------
    >>> GzipCodec(level=1).to_dict()
    {'name': 'gzip', 'configuration': {'level': 1}}
    """

    is_fixed_size: ClassVar[bool] = False

    level: int = 5

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", check_int("gzip", "level", self.level, 0, 9))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("gzip",), ("level",)))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "gzip", "configuration": {"level": self.level}}

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        limit = output_limit(chunk_spec)
        return to_buffer(chunk_spec, inflate(octets(chunk_data), limit, window=GZIP_WINDOW, codec="gzip"))

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        return to_buffer(chunk_spec, deflate_gzip(octets(chunk_data), self.level))


def deflate_gzip(data: Any, level: int) -> bytes:
    """One gzip member that depends on `data`, `level` and the zlib library alone.

    Examples
    --------
    >>> deflate_gzip(b"abc", 1) == deflate_gzip(b"abc", 1)
    True
    """
    member = bytearray(zlib.compress(data, level, wbits=GZIP_WINDOW))
    member[_SYSTEM_POSITION] = _UNKNOWN_SYSTEM
    return bytes(member)


def inflate(data: npt.NDArray[np.uint8], limit: int, *, window: int, codec: str) -> bytes:
    """Decompress a zlib stream (`ZLIB_WINDOW`) or gzip members (`GZIP_WINDOW`) to at most `limit` bytes.

    Raises CodecError in the name of `codec` for damaged, truncated or oversized data, and for bytes behind the end.
    """
    members = window == GZIP_WINDOW  # tapes and some tools pad those with zeros
    return drain(
        lambda: zlib.decompressobj(wbits=window),
        data,
        limit,
        codec,
        (zlib.error,),
        several=members,
        zero_padded=members,
    )
