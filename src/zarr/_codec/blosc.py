"""The codec `blosc`: the container of c-blosc 1, a byte or bit shuffle followed by one of several compressors.

The container describes itself, so decoding ignores the configuration. Nothing in its header is believed: sizes, block
offsets and, for the compressor whose C decoder overruns on long runs of 0xFF, the payload are checked before the C
library sees them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._codec.base import BytesBytesCodec, ChunkSpec
from zarr._codec.configuration import check_choice, check_int, read_configuration
from zarr._codec.documents import BLOSC_CNAME, BloscCompressorName, BloscShuffleName
from zarr._codec.limits import check_claim, output_limit, oversized
from zarr._codec.raw import is_variable_length, native_dtype, octets, to_buffer
from zarr._codec.refusals import refusing
from zarr._support.imports_on_use import importing
from zarr._support.near_names import suggests_keywords
from zarr.errors import CodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer

SHUFFLES = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}

_HEADER = struct.Struct("<BBBBIII")
_VERSION = 2
_MEMCPYED = 0x02
_RESERVED = 0x08
_FORMATS = ("blosclz", "lz4", "snappy", "zlib", "zstd")
MAX_NBYTES = 2**31 - 1 - 16
_LONG_RUN = 2**23  # a match length coded in this many bytes overflows 31 bits


@cache
def _library() -> Any:
    """The module that does the work: kept, as at the end of the interpreter no import finds even what is loaded."""
    with importing("numcodecs"):
        from numcodecs import blosc

    return blosc


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class BloscCodec(BytesBytesCodec):
    """Compress with Blosc.

    Parameters
    ----------
    typesize
        Size of the items to shuffle, in bytes; None takes the item size of the data type.
    cname
        Compressor: lz4, lz4hc, blosclz, zstd, snappy or zlib. Builds of numcodecs may lack snappy.
    clevel
        0 (stored) to 9.
    shuffle
        `"noshuffle"`, `"shuffle"` (bytes) or `"bitshuffle"`; None takes bitshuffle for items of one byte, else shuffle.
    blocksize
        In bytes; 0 lets Blosc choose.

    Raises
    ------
    TypeError, ValueError
        For other values.

    Examples
    --------
    >>> BloscCodec(cname="lz4", shuffle="shuffle", typesize=4).to_dict()["configuration"]
    {'typesize': 4, 'cname': 'lz4', 'clevel': 5, 'shuffle': 'shuffle', 'blocksize': 0}
    """

    is_fixed_size: ClassVar[bool] = False

    typesize: int | None = None
    cname: BloscCompressorName = "zstd"
    clevel: int = 5
    shuffle: BloscShuffleName | None = None
    blocksize: int = 0

    def __post_init__(self) -> None:
        def put(key: str, value: object) -> None:
            object.__setattr__(self, key, value)

        if self.typesize is not None:
            put("typesize", check_int("blosc", "typesize", self.typesize, 1))
        if self.shuffle is not None:
            put("shuffle", check_choice("blosc", "shuffle", self.shuffle, SHUFFLES))
        put("cname", check_choice("blosc", "cname", self.cname, BLOSC_CNAME))
        put("clevel", check_int("blosc", "clevel", self.clevel, 0, 9))
        put("blocksize", check_int("blosc", "blocksize", self.blocksize, 0, MAX_NBYTES))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        keys = ("typesize", "cname", "clevel", "shuffle", "blocksize")
        return cls(**read_configuration(data, ("blosc",), keys))

    def to_dict(self) -> dict[str, Any]:
        fitted = self._fit(1)  # items of one byte, as long as nothing is known of the data type
        configuration = {
            "typesize": fitted.typesize,
            "cname": fitted.cname,
            "clevel": fitted.clevel,
            "shuffle": fitted.shuffle,
            "blocksize": fitted.blocksize,
        }
        return {"name": "blosc", "configuration": configuration}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        dtype = native_dtype(array_spec)
        return self._fit(1 if is_variable_length(dtype) else max(dtype.itemsize, 1))

    def _fit(self, itemsize: int) -> Self:
        """This codec with what was left open chosen for items of a size."""
        if self.typesize is not None and self.shuffle is not None:
            return self
        return replace(
            self,
            typesize=itemsize if self.typesize is None else self.typesize,
            shuffle=("bitshuffle" if itemsize == 1 else "shuffle") if self.shuffle is None else self.shuffle,
        )

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        return to_buffer(chunk_spec, decompress(octets(chunk_data), output_limit(chunk_spec)))

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        blosc = _library()

        chosen = self.evolve_from_array_spec(chunk_spec)
        encoded = blosc.compress(
            octets(chunk_data),
            chosen.cname.encode(),
            chosen.clevel,
            SHUFFLES[chosen.shuffle or "noshuffle"],
            chosen.blocksize,
            chosen.typesize,
        )
        return to_buffer(chunk_spec, encoded)


def decompress(data: npt.NDArray[np.uint8], limit: int, codec: str = "blosc") -> bytes:
    """Decode one container to at most `limit` bytes. Raises CodecError in the name of `codec`."""
    nbytes = _check_container(data, codec)
    if nbytes > limit:
        raise oversized(codec, nbytes, limit, _head(data, limit, codec))
    if nbytes == 0:
        return b""
    blosc = _library()

    with refusing(codec, "decode", RuntimeError):
        return bytes(blosc.decompress(data))


def _head(data: npt.NDArray[np.uint8], limit: int, codec: str) -> Callable[[], bytes] | None:
    """What decodes the first block; None if that is larger than the limit, or nothing was compressed."""
    version, version_of_format, flags, typesize, _, blocksize, _ = _HEADER.unpack(data[: _HEADER.size].tobytes())
    if flags & _MEMCPYED or blocksize > limit:
        return None

    def decode() -> bytes:
        start = int.from_bytes(data[_HEADER.size : _HEADER.size + 4].tobytes(), "little")
        block, first = data[start:].tobytes(), _HEADER.size + 4
        head = _HEADER.pack(version, version_of_format, flags, typesize, blocksize, blocksize, first + len(block))
        alone = head + first.to_bytes(4, "little") + block
        return decompress(np.frombuffer(alone, np.uint8), blocksize, codec)

    return decode


def _check_container(data: npt.NDArray[np.uint8], codec: str) -> int:
    """Validate the header and the block offsets; returns the decoded size."""

    def damaged(reason: str) -> CodecError:
        return CodecError(codec, "decode", reason)

    if data.size < _HEADER.size:
        raise damaged(f"{data.size} bytes are too few for a Blosc header")
    version, _, flags, typesize, nbytes, blocksize, cbytes = _HEADER.unpack(data[: _HEADER.size].tobytes())
    if version != _VERSION:
        raise damaged(f"Blosc format version {version} is not supported, only {_VERSION} (c-blosc 1)")
    check_claim(codec, nbytes, data.size)
    if cbytes != data.size:
        raise damaged(f"the header says {cbytes} bytes, but there are {data.size}")
    if nbytes == 0:
        return 0
    if flags & _RESERVED or typesize == 0 or not 0 < blocksize <= nbytes or nbytes > MAX_NBYTES:
        raise damaged("the Blosc header contradicts itself")
    if flags & _MEMCPYED:
        if cbytes != nbytes + _HEADER.size:
            raise damaged(f"{nbytes} bytes stored as they are do not fit into {cbytes}")
        return int(nbytes)
    _check_format(flags >> 5, data, codec)
    n_blocks = -(-nbytes // blocksize)
    first = _HEADER.size + 4 * n_blocks
    if first > cbytes:
        raise damaged(f"the offsets of {n_blocks} blocks do not fit into {cbytes} bytes")
    starts = data[_HEADER.size : first].view("<i4")
    if int(starts.min()) < first or int(starts.max()) > cbytes - 4:
        raise damaged("a block lies outside the data")
    return int(nbytes)


def _check_format(code: int, data: npt.NDArray[np.uint8], codec: str) -> None:
    blosc = _library()

    name = _FORMATS[code] if code < len(_FORMATS) else None
    if name is None:
        raise CodecError(codec, "decode", f"unknown compressor number {code} in the Blosc header")
    if name not in blosc.list_compressors():
        raise CodecError(codec, "decode", f"compressor {name!r} is missing from this build of numcodecs")
    if name == "blosclz" and data.size > _LONG_RUN and b"\xff" * _LONG_RUN in data.tobytes():
        raise CodecError(codec, "decode", "the data holds an impossible match length")
