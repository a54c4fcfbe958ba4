"""The codec `zstd`: Zstandard frames (RFC 8878).

Written: one frame with its content size. Read: any number of frames, skippable ones among them, with or without a
content size. Frames are walked by their headers first: that yields the exact size or an upper bound without decoding
anything, so a hostile frame is refused before memory is spent, and empty frames, which numcodecs rejects, never reach
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._codec.base import BytesBytesCodec, ChunkSpec
from zarr._codec.configuration import check_bool, check_int, read_configuration
from zarr._codec.limits import output_limit, oversized
from zarr._codec.raw import octets, to_buffer
from zarr._codec.refusals import refusing
from zarr._support.imports_on_use import importing
from zarr._support.near_names import suggests_keywords
from zarr._support.signals import came_from_a_signal
from zarr.errors import CodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer

_MAGIC = 0xFD2FB528
_SKIPPABLE_MAGIC = 0x184D2A50
_BLOCK_NBYTES = 128 * 2**10
_EMPTY_CHECKSUM = 0x51D8E999  # low half of XXH64 of no bytes
_RAW, _REPEATED, _COMPRESSED = 0, 1, 2
_WIDE_WINDOW = 17 << 3  # 128 MiB


@cache
def _library() -> Any:
    """The module that does the work: kept, as at the end of the interpreter no import finds even what is loaded."""
    with importing("numcodecs"):
        from numcodecs import zstd

    return zstd


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class ZstdCodec(BytesBytesCodec):
    """Compress with Zstandard.

    Parameters
    ----------
    level
        -131072 (fastest) to 22 (smallest); 0 is the library's default, 3.
    checksum
        Let frames carry a checksum of their content. It is verified on reading wherever it is there.

    Raises
    ------
    TypeError, ValueError
        For other values.

    Examples
    --------
    >>> ZstdCodec(level=3).to_dict()
    {'name': 'zstd', 'configuration': {'level': 3, 'checksum': False}}
    """

    is_fixed_size: ClassVar[bool] = False

    level: int = 0
    checksum: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", check_int("zstd", "level", self.level, -131072, 22))
        object.__setattr__(self, "checksum", check_bool("zstd", "checksum", self.checksum))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("zstd",), ("level", "checksum")))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "zstd", "configuration": {"level": self.level, "checksum": self.checksum}}

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        return to_buffer(chunk_spec, decompress(octets(chunk_data), output_limit(chunk_spec)))

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        zstd = _library()

        return to_buffer(chunk_spec, zstd.compress(octets(chunk_data), self.level, self.checksum))


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where one frame lies, and its blocks; how much it decodes to: `content_nbytes` if declared, and a bound from its blocks."""

    start: int
    end: int
    content_nbytes: int | None
    bound_nbytes: int
    blocks: int


def decompress(data: npt.NDArray[np.uint8], limit: int, codec: str = "zstd") -> bytes:
    """Decode all frames in `data` to at most `limit` bytes. Raises CodecError in the name of `codec`."""
    frames = list(_walk(data.data, codec))
    if not frames:
        raise CodecError(codec, "decode", "there is no Zstandard frame")
    known = sum(frame.content_nbytes or 0 for frame in frames)
    if known > limit:
        raise oversized(codec, known, limit, partial(_head, data, frames, limit, codec))
    parts: list[bytes] = []
    room = limit
    for frame in frames:
        if frame.bound_nbytes == 0:
            continue
        part = _decompress_frame(data[frame.start : frame.end], frame, room, codec)
        if part is None:
            raise oversized(codec, f"more than {limit}", limit, partial(_head, data, frames, limit, codec))
        room -= len(part)
        parts.append(part)
        if room < 0:
            raise oversized(codec, f"more than {limit}", limit, partial(b"".join, parts))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _decompress_frame(encoded: npt.NDArray[np.uint8], frame: _Frame, room: int, codec: str) -> bytes | None:
    """What a frame decodes to; None for one without a content size that turns out to be too long."""
    zstd = _library()

    # One block is the granularity of the bound: a small chunk in a frame without a size claims a whole one.
    if frame.content_nbytes is not None or frame.bound_nbytes <= room + _BLOCK_NBYTES:
        with refusing(codec, "decode", RuntimeError):
            return bytes(zstd.decompress(encoded))
    return _decompress_capped(encoded, room, codec)


def _decompress_capped(encoded: npt.NDArray[np.uint8], room: int, codec: str) -> bytes | None:
    """Decode one frame without a content size into memory of the greatest size allowed.

    numcodecs wants to fill the output exactly, but says how much it got, and leaves that in the output.
    """
    zstd = _library()

    out = np.empty(max(room, 1), np.uint8)
    try:
        zstd.decompress(encoded, out)
    except RuntimeError as exc:
        if came_from_a_signal(exc):
            raise
        reported = re.search(r"got (\d+)", str(exc))
        if reported is None:
            if "too small" in str(exc):
                return None
            raise CodecError(codec, "decode", str(exc)) from exc
        return out[: int(reported[1])].tobytes()
    return out.tobytes()


def _head(data: npt.NDArray[np.uint8], frames: list[_Frame], nbytes: int, codec: str) -> bytes:
    """The beginning of what frames decode to, about so many bytes of it."""
    parts: list[bytes] = []
    for frame in frames:
        if frame.bound_nbytes > nbytes:
            first = np.frombuffer(_cut(data.data, frame, nbytes, codec), np.uint8)
            parts.append(decompress(first, nbytes + _BLOCK_NBYTES, codec))
            break
        nbytes -= frame.bound_nbytes
        if frame.bound_nbytes:
            parts.append(decompress(data[frame.start : frame.end], frame.bound_nbytes, codec))
    return b"".join(parts)


def _cut(data: memoryview, frame: _Frame, nbytes: int, codec: str) -> bytes:
    """A frame of the first blocks of another one: as many as hold so many bytes, and no more than one too many."""
    made = bytearray(_MAGIC.to_bytes(4, "little") + bytes((0, _WIDE_WINDOW)))
    bound = 0
    for start, end, block_nbytes in _blocks(data, frame.blocks, _BLOCK_NBYTES, codec):
        last = len(made)
        made += data[start:end]
        bound += block_nbytes
        if bound > nbytes:
            break
    made[last] |= 1
    return bytes(made)


def _walk(data: memoryview, codec: str) -> Iterator[_Frame]:
    """The frames that hold content; skippable ones are stepped over."""
    position = 0
    while position < len(data):
        magic = _number(data, position, 4, codec)
        if magic & 0xFFFFFFF0 == _SKIPPABLE_MAGIC:
            end = position + 8 + _number(data, position + 4, 4, codec)
            if end > len(data):
                raise _cut_short(codec)
            yield _Frame(position, end, 0, 0, end)
        elif magic == _MAGIC:
            frame = _read_frame(data, position, codec)
            end = frame.end
            yield frame
        else:
            what = "the data does not begin with" if position == 0 else f"byte {position} does not begin"
            raise CodecError(codec, "decode", f"{what} a Zstandard frame")
        position = end


def _read_frame(data: memoryview, start: int, codec: str) -> _Frame:
    descriptor = _number(data, start + 4, 1, codec)
    position = start + 5
    single_segment = bool(descriptor & 0x20)
    window = None
    if not single_segment:
        code = _number(data, position, 1, codec)
        base = 1 << (10 + (code >> 3))
        window = base + (base >> 3) * (code & 7)
        position += 1
    position += (0, 1, 2, 4)[descriptor & 3]  # dictionary id
    field_nbytes = (1 if single_segment else 0, 2, 4, 8)[descriptor >> 6]
    content = None
    if field_nbytes:
        content = _number(data, position, field_nbytes, codec) + (256 if field_nbytes == 2 else 0)
        position += field_nbytes
    if window is None:
        window = content or 0
    end, bound = _walk_blocks(data, position, min(window, _BLOCK_NBYTES), codec)
    has_checksum = bool(descriptor & 4)
    if has_checksum and bound == 0 and _number(data, end, 4, codec) != _EMPTY_CHECKSUM:
        raise CodecError(codec, "decode", "the checksum of an empty frame does not match")
    end += 4 if has_checksum else 0
    if end > len(data):
        raise _cut_short(codec)
    if content is not None and (content > bound or (content == 0 and bound > 0)):
        raise CodecError(codec, "decode", f"a frame declares {content} bytes, but its blocks hold at most {bound}")
    return _Frame(start, end, content, bound, position)


def _walk_blocks(data: memoryview, position: int, block_nbytes: int, codec: str) -> tuple[int, int]:
    """Position behind the last block, and the most bytes that all of them decode to."""
    bound = 0
    for _, end, nbytes in _blocks(data, position, block_nbytes, codec):
        position, bound = end, bound + nbytes
    if position > len(data):
        raise _cut_short(codec)
    return position, bound


def _blocks(data: memoryview, position: int, block_nbytes: int, codec: str) -> Iterator[tuple[int, int, int]]:
    """Where each block begins and ends, and the most bytes that it decodes to."""
    last = False
    while not last:
        header = _number(data, position, 3, codec)
        last, kind, nbytes = bool(header & 1), header >> 1 & 3, header >> 3
        start = position
        position += 3
        if kind == _REPEATED:
            position, bound = position + 1, nbytes
        elif kind == _RAW:
            position, bound = position + nbytes, nbytes
        elif kind == _COMPRESSED:
            position, bound = position + nbytes, block_nbytes
        else:
            raise CodecError(codec, "decode", "a block has the reserved type 3")
        yield start, position, bound


def _number(data: memoryview, position: int, nbytes: int, codec: str) -> int:
    if position + nbytes > len(data):
        raise _cut_short(codec)
    return int.from_bytes(data[position : position + nbytes], "little")


def _cut_short(codec: str) -> CodecError:
    return CodecError(codec, "decode", "the Zstandard frame is cut short")
