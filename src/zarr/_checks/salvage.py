"""What can be kept of a damaged shard: every inner chunk that its index still leads to and that decodes, as it is encoded.

Inner chunks are found by the index and by nothing else. Where that is gone nobody can tell which of the bytes are which chunk: a shard
leaves out chunks that hold nothing, and what is left may be any of them. So nothing is guessed, and the shard is put aside as it is.

Of an index at the end of a shard that was cut off in the middle of it, the rows before the cut may still be there. They count if it is
certain where the index begins, as otherwise every chunk would be taken for another: all rows lead to chunks that decode, and one of them to
the end of what is before it, as the index follows the last chunk. And they count only where a codec refuses bytes that it has not made:
without compressor and checksum anything decodes that has the right size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._checks.findings import Coords
from zarr._checks.objects import as_entries, is_present, problems_of
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.call import codec_name
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.new_shard import assemble_shard
from zarr._codec.raw import octets
from zarr._codec.shard_index import MISSING, write_order
from zarr.errors import CodecError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer
    from zarr._checks.reading import ArrayReading
    from zarr._metadata.spec import ShardLevel

_ROW_NBYTES = 16
_TELLING = frozenset(
    {"crc32c", "crc32", "adler32", "fletcher32", "jenkins_lookup3", "gzip", "zlib", "zstd", "blosc", "bz2", "lzma"}
)
"""Codecs that refuse bytes which they have not made."""


@dataclass(slots=True)
class Salvaged:
    """What is kept of a shard.

    Attributes
    ----------
    data
        The shard of it; None if nothing is left.
    n_kept
        How many chunks that are decoded one by one it has.
    lost
        Those that were there, or may have been, and are not kept.
    is_index_gone
        Whether nothing says where the chunks lie.
    """

    data: bytes | None = None
    n_kept: int = 0
    lost: list[Coords] = field(default_factory=list)
    is_index_gone: bool = False


def salvage(reading: ArrayReading, coords: Coords, data: Buffer) -> Salvaged:
    """Make a whole shard of what is left of one.

    Parameters
    ----------
    reading, coords
        The array, which has shards, and the object.
    data
        All of its bytes.
    """
    return _salvage(reading, coords, 0, reading.spec.grid.chunk_start(coords), data)


def _salvage(reading: ArrayReading, coords: Coords, depth: int, begin: Coords, data: Buffer) -> Salvaged:
    level = reading.spec.levels_at(coords)[depth]
    n_known, entries = _entries_of(reading, coords, depth, begin, data)
    kept = Salvaged()
    if entries is None:
        kept.is_index_gone = True
        kept.lost = list(_chunks_in(reading, coords, depth, begin))
        return kept
    n = reading.codecs.index_nbytes(level)
    problems = problems_of(entries, len(data), len(data) if level.index_at_end else 0, n)
    parts: dict[int, Any] = {}
    for row in np.flatnonzero(is_present(entries)).tolist():
        within = reading.within(level, row)
        if row in problems:
            kept.lost += _chunks_below(reading, coords, depth, begin, within)
            continue
        offset, nbytes = map(int, entries[row])
        part = _part(reading, coords, depth, begin, within, data[offset : offset + nbytes], kept)
        if part is not None:
            parts[row] = part
    for row in range(n_known, level.n_chunks):
        kept.lost += _chunks_below(reading, coords, depth, begin, reading.within(level, row))
    order = write_order(level.write_order, tuple(level.chunks_per_shard[axis] for axis in level.axes))
    kept.data = assemble_shard(
        ((row, parts.get(row)) for row in order.tolist()),
        level.n_chunks,
        lambda entries: reading.codecs.encode_index(level, entries),
        n,
        level.index_at_end,
    )
    return kept


def _part(
    reading: ArrayReading, coords: Coords, depth: int, begin: Coords, within: Coords, data: Buffer, kept: Salvaged
) -> Any:
    """An inner chunk as it is kept; None if it is not."""
    level = reading.spec.levels_at(coords)[depth]
    inner, at, shape = reading.inner_coords(depth, begin, level, within)
    if depth + 1 < len(reading.spec.levels):
        inside = _salvage(reading, coords, depth + 1, at, data)
        kept.n_kept += inside.n_kept
        kept.lost += inside.lost
        return inside.data
    if not _decodes(reading, shape, data):
        kept.lost += [inner] if reading.is_inside(at) else []
        return None
    kept.n_kept += 1
    return octets(data).data


def _decodes(reading: ArrayReading, shape: Coords, data: Buffer) -> bool:
    try:
        reading.decode(shape, data)
    except CodecError:
        return False
    return True


# -- chunks by their places -------------------------------------------------------------------------------------


def _chunks_below(reading: ArrayReading, coords: Coords, depth: int, begin: Coords, within: Coords) -> Iterator[Coords]:
    """The chunks that are decoded one by one of an inner chunk: itself, or those of the shard that it is; inside the array."""
    inner, at, _ = reading.inner_coords(depth, begin, reading.spec.levels_at(coords)[depth], within)
    if not reading.is_inside(at):
        return
    if depth + 1 < len(reading.spec.levels):
        yield from _chunks_in(reading, coords, depth + 1, at)
    else:
        yield inner


def _chunks_in(reading: ArrayReading, coords: Coords, depth: int, begin: Coords) -> Iterator[Coords]:
    level = reading.spec.levels_at(coords)[depth]
    for row in range(level.n_chunks):
        yield from _chunks_below(reading, coords, depth, begin, reading.within(level, row))


# -- the index --------------------------------------------------------------------------------------------------


def _entries_of(
    reading: ArrayReading, coords: Coords, depth: int, begin: Coords, data: Buffer
) -> tuple[int, npt.NDArray[np.uint64] | None]:
    """How many rows of an index are known, and the index; absent are those that are not known."""
    level = reading.spec.levels_at(coords)[depth]
    n = reading.codecs.index_nbytes(level)
    if len(data) >= n:
        at = len(data) - n if level.index_at_end else 0
        try:
            return level.n_chunks, as_entries(reading.codecs.decode_index(level, data[at : at + n]))
        except CodecError:
            pass
    if level.index_at_end and _is_plain(level) and _tells(reading, depth):
        return _cut_off(reading, coords, depth, begin, data)
    return 0, None


def _is_plain(level: ShardLevel) -> bool:
    """Whether an index is its rows one after the other, little-endian, with or without a checksum behind them."""
    first, *behind = level.index_codecs
    is_bytes = isinstance(first, BytesCodec) and getattr(first.endian, "value", first.endian) == "little"
    return is_bytes and all(type(codec) is Crc32cCodec for codec in behind)


def _tells(reading: ArrayReading, depth: int) -> bool:
    """Whether it is certain by their bytes alone what inner chunks of a level are: they are compressed, or have a checksum."""
    spec = reading.spec
    codecs = spec.levels[depth + 1].index_codecs if depth + 1 < len(spec.levels) else spec.inner_codecs
    return any(codec_name(codec).removeprefix("numcodecs.") in _TELLING for codec in codecs)


def _cut_off(
    reading: ArrayReading, coords: Coords, depth: int, begin: Coords, data: Buffer
) -> tuple[int, npt.NDArray[np.uint64] | None]:
    """As `_entries_of`, of a shard that ends in the middle of its index."""
    level = reading.spec.levels_at(coords)[depth]
    raw = octets(data)
    for left in range(min(reading.codecs.index_nbytes(level), len(raw)), _ROW_NBYTES - 1, -1):
        start = len(raw) - left
        rows = raw[start : start + left // _ROW_NBYTES * _ROW_NBYTES].view("<u8").reshape(-1, 2)[: level.n_chunks]
        if _may_be_row(rows[0].tolist(), start) and _are_rows(reading, coords, depth, begin, rows, data[:start]):
            entries = np.full((level.n_chunks, 2), MISSING, np.uint64)
            entries[: len(rows)] = rows
            return len(rows), entries
    return 0, None


def _may_be_row(row: list[int], nbytes: int) -> bool:
    return row == [MISSING, MISSING] or sum(row) <= nbytes


def _are_rows(
    reading: ArrayReading, coords: Coords, depth: int, begin: Coords, rows: npt.NDArray[np.uint64], data: Buffer
) -> bool:
    """Whether these are rows of an index that follows some bytes."""
    there = is_present(rows)
    offsets, sizes = rows[there].T
    ends = offsets + sizes  # wraps around
    nbytes = np.uint64(len(data))
    if ((ends < offsets) | (ends > nbytes) | (sizes == 0)).any() or nbytes not in ends:
        return False
    return all(_is_chunk(reading, coords, depth, begin, row, rows, data) for row in np.flatnonzero(there).tolist())


def _is_chunk(
    reading: ArrayReading,
    coords: Coords,
    depth: int,
    begin: Coords,
    row: int,
    rows: npt.NDArray[np.uint64],
    data: Buffer,
) -> bool:
    """Whether a row leads to what is an inner chunk of its level."""
    levels = reading.spec.levels_at(coords)
    offset, nbytes = map(int, rows[row])
    part = data[offset : offset + nbytes]
    if depth + 1 == len(levels):
        _, _, shape = reading.inner_coords(depth, begin, levels[depth], reading.within(levels[depth], row))
        return _decodes(reading, shape, part)
    inside = levels[depth + 1]
    n = reading.codecs.index_nbytes(inside)
    if nbytes < n:
        return False
    at = nbytes - n if inside.index_at_end else 0
    try:
        reading.codecs.decode_index(inside, part[at : at + n])
    except CodecError:
        return False
    return True
