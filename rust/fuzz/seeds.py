"""Seeds for the fuzz targets: `python seeds.py`, with numcodecs and google-crc32c, writes `seeds/TARGET/NAME`."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import google_crc32c
import numcodecs
import numpy as np
from numcodecs import blosc

FOX = b"the quick brown fox " * 40
COUNT = b"".join((i // 3).to_bytes(4, "little") for i in range(1000))
SEEDS = Path(__file__).parent / "seeds"
SELECTED = bytes([1, 3, 0, 5, 5, 3, 1, 4])
"""Of rows some of a list, of columns a run."""


def write(target: str, name: str, content: bytes) -> None:
    """Write a seed."""
    place = SEEDS / target
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)


def put(target: str, name: str, decoded_nbytes: int, encoded: bytes) -> None:
    """Write a seed for a decoder: decoded length, range of a partial read, encoded form."""
    write(target, name, decoded_nbytes.to_bytes(2, "little") + bytes([40, 20]) + bytes(encoded))


# -- decoders ---------------------------------------------------------------------------------------------------


def snappy(data: bytes) -> bytes:
    """A block of snappy: the length, one literal, and a copy of it."""
    half = data[: len(data) // 2]
    assert data == half * 2 and 60 < len(half) < 2**16
    length = len(data)
    head = bytes([length & 127 | 128, length >> 7])
    literal = bytes([61 << 2]) + (len(half) - 1).to_bytes(2, "little") + half
    copies = b""
    for start in range(0, len(half), 64):
        n = min(64, len(half) - start)
        copies += bytes([(n - 1) << 2 | 2]) + len(half).to_bytes(2, "little")
    return head + literal + copies


def decoders() -> None:
    for what, data in {"fox": FOX, "count": COUNT}.items():
        for checksum in (False, True):
            put("zstd", f"{what}-{checksum}", len(data) // 8, numcodecs.Zstd(3, checksum).encode(data))
        member = gzip.compress(data, 6, mtime=0)
        put("gzip", what, len(data), member)
        put("gzip", f"{what}-twice", 2 * len(data), member + member + bytes(9))
        put("zlib", what, len(data), numcodecs.Zlib(6).encode(data))
        put("lz4", what, len(data), numcodecs.LZ4().encode(data))
        put("shuffle", what, len(data), data)
        for cname in ("blosclz", "lz4", "zlib", "zstd"):
            for shuffle in (0, 1, 2):
                made = blosc.compress(data, cname.encode(), 5, shuffle, 0, 4)
                put("blosc", f"{what}-{cname}-{shuffle}", len(data), made)
    put("zstd", "long", 200_000 // 8, numcodecs.Zstd(1).encode(bytes(200_000)))
    block = snappy(FOX)
    head = struct.pack("<BBBBIII", 2, 1, 2 << 5 | 0x10, 1, len(FOX), len(FOX), 24 + len(block))
    put("blosc", "fox-snappy-0", len(FOX), head + struct.pack("<II", 20, len(block)) + block)
    for name in ("CRC32", "CRC32C", "Adler32", "Fletcher32"):
        for location in ("start", "end"):
            settings = {} if name == "Fletcher32" else {"location": location}
            codec = getattr(numcodecs, name, None) or getattr(numcodecs.checksum32, name)
            put("checksums", f"{name}-{location}", len(FOX), codec(**settings).encode(FOX))
    for number, decoded in enumerate((FOX[:64], COUNT[:64])):
        for kinds in range(0, 12, 3):
            filtered = bytes([kinds, kinds + 1 + 128 * number])
            write("filters", f"{number}-{kinds}", filtered + bytes([64, 0, 40, 20]) + decoded)
    packed = numcodecs.PackBits().encode(np.array([True, False, True] * 7))
    put("filters", "packbits", 21, bytes(packed))


# -- arrays -----------------------------------------------------------------------------------------------------


def chains(itemsize: int) -> list[Callable[[bytes], bytes]]:
    """What the chains of `src/stored.rs` make of a chunk."""
    zstd, zlib, lz4 = numcodecs.Zstd(1), numcodecs.Zlib(1), numcodecs.LZ4()
    shuffle, fletcher = numcodecs.Shuffle(itemsize), numcodecs.Fletcher32()
    crc32 = numcodecs.CRC32(location="start")

    def member(data: bytes) -> bytes:
        return gzip.compress(data, 1, mtime=0)

    def crc32c(data: bytes) -> bytes:
        return data + struct.pack("<I", google_crc32c.value(data))

    def squeezed(data: bytes) -> bytes:
        return blosc.compress(data, b"lz4", 5, 1, 0, itemsize)

    def chain(*codecs: object) -> Callable[[bytes], bytes]:
        def encode(data: bytes) -> bytes:
            for codec in codecs:
                step = getattr(codec, "encode", codec)
                data = bytes(step(data))
            return data

        return encode

    return [
        chain(),
        chain(member),
        chain(zstd),
        chain(squeezed),
        chain(lz4),
        chain(shuffle, zlib),
        chain(crc32),
        chain(fletcher, member),
        chain(zstd, member),
        chain(zstd, crc32c),
        chain(shuffle, zstd, crc32c),
        chain(crc32c, squeezed),
    ]


def shard(parts: list[bytes | None], at_start: bool) -> bytes:
    """A shard of inner chunks, with an index that has no checksum."""
    body, index = b"", b""
    base = 16 * len(parts) if at_start else 0
    for part in parts:
        if part is None:
            index += b"\xff" * 16
        else:
            index += struct.pack("<QQ", base + len(body), len(part))
            body += part
    return index + body if at_start else body + index


def objects(sharding: int, at_start: bool, chunk: Callable[[int], bytes]) -> list[bytes]:
    """The objects of the array: `chunk` makes an encoded chunk of so many elements."""

    def inner() -> bytes:
        return chunk(6)

    if sharding == 0:
        return [inner() for _ in range(8)]
    if sharding == 3:
        nested = [shard([inner(), inner()], at_start), shard([None, inner()], at_start)]
        return [shard(nested, at_start), shard([*nested[:1], None], at_start)]
    if sharding == 4:
        return [shard([inner()] * n, at_start) for n in (4, 2, 2)]
    if sharding == 5:
        return [chunk(rows * columns) for rows in (1, 3, 3) for columns in (2, 2, 5)]
    return [shard([inner(), None, inner(), inner()], at_start), shard([inner()] * 4, at_start)]


def stored(made: list[bytes]) -> bytes:
    return b"".join(struct.pack("<H", len(each)) + each for each in made)


def stream(n_items: int) -> bytes:
    """The stream of a chunk of text."""
    items = [word.encode() for word in ("", "fox", "größer", "a" * 70)]
    chosen = [items[i % len(items)] for i in range(n_items)]
    return struct.pack("<I", n_items) + b"".join(struct.pack("<I", len(item)) + item for item in chosen)


def arrays() -> None:
    for number in range(12):
        for sharding in range(6):
            code = (number + sharding) % 5
            itemsize, at_start = (1, 2, 4, 8, 16)[code], number % 2 == 1
            head = bytes([sharding == 2, code, number % 3 == 0, number, sharding, at_start, 0])
            encode = chains(itemsize)[number]
            made = objects(sharding, at_start, lambda n, e=encode, size=itemsize: e(COUNT[: n * size]))
            write("reading", f"{number}-{sharding}", head + stored(made) + SELECTED)
            if number in (1, 2, 4) and sharding in (0, 1, 5) or number in (0, 9):
                of_text = objects(sharding, at_start, lambda n, e=encode: e(stream(n)))
                write("items", f"{number}-{sharding}", bytes([number & 1]) + head + stored(of_text) + SELECTED)


def indexes() -> None:
    for checksum in (0, 1):
        for n_chunks in (0, 3):
            index = b"".join(struct.pack("<QQ", 16 * i, 16) for i in range(n_chunks))
            if checksum:
                index += struct.pack("<I", google_crc32c.value(index))
            write("shard_index", f"{n_chunks}-{checksum}", bytes([n_chunks << 4 | 6 | checksum, 20, 200]) + index)


def grids() -> None:
    small = bytes([0])
    shape = small + bytes([7]) + small + bytes([6])
    runs = bytes([2]) + small + bytes([4]) + small + bytes([1]) + small + bytes([2]) + small + bytes([2])
    every = bytes([0]) + small + bytes([3])
    write("grid", "even", bytes([2]) + shape + every * 2 + bytes([1, 1]) + bytes([3, 4]))
    write("grid", "uneven", bytes([2]) + shape + runs + every + bytes([1, 1]) + bytes([3, 3]))
    write("grid", "points", bytes([1]) + shape[:2] + every + b"\1" + bytes([1, 2, 0, 3, 0, 1, 1]))
    write("grid", "huge", bytes([1, 2, 60]) + bytes([1, 2, 3, 1]) + (2**59).to_bytes(8, "little") + b"\1\3")


if __name__ == "__main__":
    decoders()
    arrays()
    indexes()
    grids()
