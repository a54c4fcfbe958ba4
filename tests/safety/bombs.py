"""Bombs and malformed input: what a hostile writer may store, as objects by key, or as the bytes of a zip archive.

Each case is refused with an error of this library when what it holds is opened and read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import google_crc32c
import numcodecs
import numpy as np

from tests.interop.documents import BIG, CRC32C, LITTLE, codec, sharded, v2, v3

MISSING = 2**64 - 1
MANY = 64 * 2**20
"""Bytes that a bomb decodes to, at least; a chunk here has some hundreds."""


@dataclass(frozen=True)
class Case:
    """Something hostile.

    Attributes
    ----------
    name
        For the test.
    objects
        Makes what is stored, by key; or the bytes of an archive.
    key
        Of the object at fault, which the error has to name; or several, of which it may be any.
    selection
        What is read, if anybody gets so far.
    """

    name: str
    objects: Callable[[], dict[str, bytes] | bytes]
    key: str | tuple[str, ...]
    selection: Any = Ellipsis


def text(document: Any) -> bytes:
    return json.dumps(document).encode()


# -- documents --------------------------------------------------------------------------------------------------


def array_3(**members: Any) -> dict[str, Any]:
    return {**v3("int32", (6, 8), (6, 8), [LITTLE]), **members}


def array_2(**members: Any) -> dict[str, Any]:
    return {**v2("<i4", (6, 8), (6, 8)), **members}


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def grid(chunk_shape: Any) -> dict[str, Any]:
    return {"name": "regular", "configuration": {"chunk_shape": chunk_shape}}


def deep(n: int, opening: str = "[", closing: str = "]") -> str:
    return opening * n + "1" + closing * n


def nested_shards(depth: int) -> dict[str, Any]:
    inner: Any = LITTLE
    for _ in range(depth):
        inner = sharded((1, 1), [inner], [LITTLE])
    return inner


def raw_documents() -> Iterator[tuple[str, bytes]]:
    """Bytes that are no document at all."""
    whole = text(array_3())
    yield "empty", b""
    yield "zeros", bytes(1000)
    yield "noise", bytes(range(256)) * 4
    yield "no utf-8", b'{"a": "\xff\xfe"}'
    yield "utf-16", json.dumps(array_3()).encode("utf-16")
    yield "lone surrogate as name", b'{"\\ud800": 1}'
    yield "a list", b"[1, 2]"
    yield "a number", b"17"
    yield "null", b"null"
    yield "text", b'"zarr"'
    yield "twice", whole + whole
    yield "trailing comma", whole[:-1] + b",}"
    yield "single quotes", whole.replace(b'"', b"'")
    yield "comment", b"/* */" + whole
    yield "deep lists", deep(100_000).encode()
    yield "deep objects", deep(100_000, '{"a":', "}").encode()
    yield "deep and never closed", b"[" * 1_000_000
    yield "deep objects never closed", b'{"a":' * 200_000
    yield "deep attributes", whole[:-1] + f', "attributes": {{"a": {deep(100_000)}}}}}'.encode()
    yield "deep shape", text(without(array_3(), "shape"))[:-1] + f', "shape": {deep(50_000)}}}'.encode()
    yield "deep codecs", text(without(array_3(), "codecs"))[:-1] + f', "codecs": {deep(50_000)}}}'.encode()
    yield (
        "a number of many digits",
        text(without(array_3(), "shape"))[:-1] + b', "shape": [' + b"9" * 100_000 + b", 1]}",
    )
    yield "a fill value of many digits", text(array_3(fill_value="~")).replace(b'"~"', b"1" * 100_000)
    yield "an exponent", text(array_3(shape="~")).replace(b'"~"', b"[1e999999999, 1]")
    yield "nan as a length", text(array_3(shape="~")).replace(b'"~"', b"[NaN, 1]")
    for n in (1, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        yield f"cut to {n} bytes", whole[:n]


def documents_3() -> Iterator[tuple[str, dict[str, Any]]]:
    """Arrays of format 3 that break it, or ask for too much."""
    for name in ("shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs", "node_type"):
        yield f"no {name}", without(array_3(), name)
        yield f"null {name}", array_3(**{name: None})
    yield "format 4", array_3(zarr_format=4)
    yield "format as text", array_3(zarr_format="3")
    yield "unknown member", array_3(pwn={"must_understand": True})
    yield "storage transformers", array_3(storage_transformers=[{"name": "x"}])
    yield "rank 10,000", array_3(shape=[1] * 10_000, chunk_grid=grid([1] * 10_000))
    yield "rank 65", array_3(shape=[1] * 65, chunk_grid=grid([1] * 65))
    yield "hundred thousand dimensions", array_3(shape=[1] * 100_000)
    yield "negative length", array_3(shape=[-1, 8])
    yield "length over 64 bits", array_3(shape=[2**64, 8])
    yield "length far over 64 bits", array_3(shape=[10**400, 8])
    yield "fraction as length", array_3(shape=[1.5, 8])
    yield "text as length", array_3(shape=["6", 8])
    yield "true as length", array_3(shape=[True, 8])
    yield "other rank of chunks", array_3(chunk_grid=grid([6]))
    yield "chunk of negative length", array_3(chunk_grid=grid([-6, 8]))
    yield "chunk over 64 bits", array_3(chunk_grid=grid([2**64, 8]))
    yield "chunk whose product overflows", array_3(shape=[2**62, 2**62], chunk_grid=grid([2**62, 2**62]))
    yield "chunk of 2^62", array_3(shape=[2**62, 8], chunk_grid=grid([2**62, 8]))
    yield "chunk of 2^64 bytes", array_3(shape=[2**31, 2**31], chunk_grid=grid([2**31, 2**31]))
    yield "unknown grid", array_3(chunk_grid={"name": "os.system", "configuration": {}})
    yield "grid as text", array_3(chunk_grid="regular")
    yield "unknown keys", array_3(chunk_key_encoding={"name": "../../etc"})
    yield "separator that leaves", array_3(chunk_key_encoding=codec("default", separator="/../"))
    yield "unknown data type", array_3(data_type="__import__('os')")
    yield "data type by import", array_3(data_type="numpy.object_")
    yield "data type as list", array_3(data_type=[["a", "<i4"]])
    yield "raw bits not whole", array_3(data_type="r7", fill_value=[0])
    yield "raw bits without end", array_3(data_type=f"r{8 * 10**30}", fill_value=[0])
    yield "text of 2^62 characters", array_3(data_type=codec("fixed_length_utf32", length_bytes=2**62), fill_value="")
    yield "times without end", array_3(data_type=codec("numpy.datetime64", unit="s", scale_factor=2**80), fill_value=0)
    yield "unknown unit", array_3(data_type=codec("numpy.datetime64", unit="'; drop", scale_factor=1), fill_value=0)
    yield "fill value out of range", array_3(fill_value=2**40)
    yield "fill value of megabytes", array_3(fill_value="0x" + "f" * 2**20)
    yield "fill value as list", array_3(fill_value=[[[0]]])
    yield "no codecs", array_3(codecs=[])
    yield "codecs as text", array_3(codecs="bytes")
    yield "unknown codec", array_3(codecs=[{"name": "subprocess.Popen", "configuration": {"args": "true"}}])
    yield "codec by import", array_3(codecs=[{"name": "zarr.codecs.BytesCodec"}, LITTLE])
    yield "pickle", array_3(codecs=[{"name": "numcodecs.pickle", "configuration": {"protocol": 5}}])
    yield "two that make bytes", array_3(codecs=[LITTLE, BIG])
    yield "none that makes bytes", array_3(codecs=[codec("gzip", level=1)])
    yield "wrong order", array_3(codecs=[codec("gzip", level=1), LITTLE])
    yield "ten thousand codecs", array_3(codecs=[LITTLE, *([CRC32C] * 10_000)])
    yield "no byte order", array_3(codecs=[{"name": "bytes"}])
    yield "middle-endian", array_3(codecs=[codec("bytes", endian="middle")])
    yield "gzip level 1,000", array_3(codecs=[LITTLE, codec("gzip", level=1000)])
    yield "zstd level 10^9", array_3(codecs=[LITTLE, codec("zstd", level=10**9)])
    yield "blosc of no size", array_3(codecs=[LITTLE, codec("blosc", typesize=0, cname="lz4", clevel=5)])
    yield "blosc of nothing known", array_3(codecs=[LITTLE, codec("blosc", typesize=4, cname="/bin/sh", clevel=5)])
    yield "transposed twice", array_3(codecs=[codec("transpose", order=[0, 0]), LITTLE])
    yield "transposed out of bounds", array_3(codecs=[codec("transpose", order=[0, 10**20]), LITTLE])
    yield "transposed in rank 10^5", array_3(codecs=[codec("transpose", order=list(range(10**5))), LITTLE])
    yield "inner chunks of nothing", array_3(codecs=[sharded((0, 8))])
    yield "inner chunks of another rank", array_3(codecs=[sharded((6,))])
    yield "inner chunks over 64 bits", array_3(codecs=[sharded((2**64, 8))])
    yield "an index of variable size", array_3(codecs=[sharded((6, 8), index_codecs=[LITTLE, codec("gzip", level=1)])])
    yield "an index without a byte order", array_3(codecs=[sharded((6, 8), index_codecs=[{"name": "bytes"}])])
    yield "an index in the middle", array_3(codecs=[sharded((6, 8), location="middle")])
    yield "shards in shards, 150 deep", array_3(codecs=[nested_shards(150)])
    yield "names of dimensions of another rank", array_3(dimension_names=["y"])
    yield "a hundred thousand names of dimensions", array_3(dimension_names=["x"] * 10**5)
    yield "numbers as names of dimensions", array_3(dimension_names=[1, 2])
    yield "attributes as a list", array_3(attributes=[1])


TOO_LARGE = {"chunk whose product overflows", "chunk of 2^62", "chunk of 2^64 bytes", "inner chunks over 64 bits"}
"""Of these the array may be named, and not the document: what is too large is a setting."""


def documents_2() -> Iterator[tuple[str, dict[str, Any]]]:
    """Arrays of format 2."""
    for name in ("shape", "chunks", "dtype", "fill_value", "order"):
        yield f"no {name}", without(array_2(), name)
    for name in ("shape", "chunks", "dtype", "order"):
        yield f"null {name}", array_2(**{name: None})
    yield "rank 10,000", array_2(shape=[1] * 10_000, chunks=[1] * 10_000)
    yield "length over 64 bits", array_2(shape=[2**70, 8])
    yield "chunk whose product overflows", array_2(shape=[2**40] * 2, chunks=[2**40] * 2)
    yield "chunk of 2^62", array_2(shape=[2**62, 8], chunks=[2**62, 8])
    yield "other rank of chunks", array_2(chunks=[6])
    yield "objects", array_2(dtype="|O")
    yield "data type by import", array_2(dtype="os.system")
    yield "an endless data type", array_2(dtype=f"|V{10**18}")
    yield "an endless text", array_2(dtype=f"<U{2**62}")
    yield "fields in fields, 90 deep", array_2(dtype=json.loads("[[" * 90 + '["a", "<i4"]' + "]]" * 90))
    yield "a field of 2^62", array_2(dtype=[["a", "<i4", [2**62]]])
    yield "thousands of fields of one name", array_2(dtype=[["a", "<i4"]] * 3_000)
    yield "unknown order", array_2(order="K")
    yield "unknown separator", array_2(dimension_separator="../")
    yield "unknown compressor", array_2(compressor={"id": "os.system"})
    yield "compressor without a name", array_2(compressor={"level": 1})
    yield "compressor as text", array_2(compressor="zlib")
    yield "wrong settings", array_2(compressor={"id": "zlib", "colour": 1})
    yield "ten thousand filters", array_2(filters=[{"id": "crc32"}] * 10_000)
    yield "filters as text", array_2(filters="delta")
    yield "filter of nothing", array_2(filters=[None])
    yield "a filter for another type", array_2(filters=[{"id": "delta", "dtype": "|O"}])
    yield "a filter by import", array_2(filters=[{"id": "astype", "encode_dtype": "os", "decode_dtype": "<i4"}])
    yield "fill value out of range", array_2(fill_value=2**40)
    yield "fill value of digits and a letter", array_2(fill_value="1" * 100_000 + "x")
    for name in (",i4", "(1,i4", "1" * 5_000):
        delta = {"id": "delta", "dtype": name}
        yield f"a filter for the type {name[:6]}", array_2(filters=[delta])
        yield f"the type {name[:6]}", array_2(dtype=name)
    yield "fill value no base64", array_2(dtype="|V4", fill_value="*****")


def groups() -> Iterator[tuple[str, str, dict[str, bytes]]]:
    """Groups, and their copies of what is below."""
    group = {"zarr_format": 3, "node_type": "group"}

    def inline(metadata: Any, **members: Any) -> dict[str, bytes]:
        made = {"kind": "inline", "must_understand": False, "metadata": metadata, **members}
        return {"zarr.json": text({**group, "consolidated_metadata": made})}

    yield "no kind of node", "zarr.json", {"zarr.json": text({"zarr_format": 3})}
    yield "another kind of node", "zarr.json", {"zarr.json": text({**group, "node_type": "exec"})}
    yield "copy of another kind", "zarr.json", inline({}, kind="url")
    yield "copy as a list", "zarr.json", inline([1])
    yield "copy of paths that leave", "zarr.json", inline({"../../x": group})
    yield "copy of what is no node", "zarr.json", inline({"a": 1})
    yield "copy of rank 10,000", "zarr.json", inline({"a": array_3(shape=[1] * 10_000)})
    yield (
        "deep copy",
        "zarr.json",
        {"zarr.json": inline({"a": "~"})["zarr.json"].replace(b'"~"', deep(50_000).encode())},
    )
    two = {".zgroup": text({"zarr_format": 2})}
    yield "two formats in one", ".zgroup", {".zgroup": text({"zarr_format": 3})}
    yield "attributes deep", ".zattrs", {**two, ".zattrs": b'{"a":' + deep(100_000).encode() + b"}"}
    yield "attributes as a list", ".zattrs", {**two, ".zattrs": b"[1]"}
    yield "array and group", "", {**two, ".zarray": text(array_2())}
    snapshot = {"zarr_consolidated_format": 1, "metadata": {}}
    yield (
        "copy of another format",
        ".zmetadata",
        {**two, ".zmetadata": text({**snapshot, "zarr_consolidated_format": 9})},
    )
    yield "copy cut off", ".zmetadata", {**two, ".zmetadata": text(snapshot)[:-5]}
    bad = {**snapshot, "metadata": {"a/.zarray": array_2(shape=[1] * 10_000)}}
    yield "copy of an array of rank 10,000", ".zmetadata", {**two, ".zmetadata": text(bad)}


# -- compressed chunks ------------------------------------------------------------------------------------------


@cache
def zeros() -> bytes:
    return bytes(MANY)


def zstd_claiming(n: int) -> bytes:
    """A frame of thirteen bytes and one block that declares `n` bytes."""
    block = ((2**17 << 3) | 2 | 1).to_bytes(3, "little") + b"\0"
    return bytes.fromhex("28b52ffd e0") + struct.pack("<Q", n) + block


def zstd_repeating(n_blocks: int) -> bytes:
    """A frame without a size, of blocks of 128 KiB in four bytes each."""
    block = ((2**17 << 3) | 2).to_bytes(3, "little") + b"\0"
    last = ((2**17 << 3) | 2 | 1).to_bytes(3, "little") + b"\0"
    return bytes.fromhex("28b52ffd 00 70") + block * (n_blocks - 1) + last


def blosc(nbytes: int = 192, blocksize: int = 192, cbytes: int = 36, **changes: Any) -> bytes:
    """A header of blosc that says anything, one block offset, and a payload of nothing."""
    given = {"version": 2, "codec": 1, "flags": 0x21, "typesize": 4, "start": 20, **changes}
    head = struct.pack(
        "<BBBBIII", *(given[n] for n in ("version", "codec", "flags", "typesize")), nbytes, blocksize, cbytes
    )
    return head + struct.pack("<I", given["start"]) + bytes(16)


def bombs() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Name of the compressor, and chunks that decode to far more than the array says."""
    yield "gzip", "1000:1", lambda: gzip.compress(zeros())
    yield "gzip", "many members", lambda: gzip.compress(bytes(2**16)) * 1024
    yield "gzip", "members of nothing", lambda: gzip.compress(b"") * 10_000
    yield "zlib", "1000:1", lambda: zlib.compress(zeros())
    yield "bz2", "bomb", lambda: bz2.compress(zeros())
    yield "bz2", "many streams", lambda: bz2.compress(bytes(2**20)) * 64
    yield "lzma", "bomb", lambda: lzma.compress(zeros(), preset=0)
    yield "lzma", "a dictionary of 4 GB", lambda: b"\x5d" + struct.pack("<IQ", 2**32 - 1, 2**40) + bytes(20)
    yield "zstd", "bomb", lambda: bytes(numcodecs.Zstd(level=1).encode(zeros()))
    yield "zstd", "claims a terabyte", lambda: zstd_claiming(2**40)
    yield "zstd", "claims 2^62", lambda: zstd_claiming(2**62)
    yield "zstd", "claims 2^64", lambda: zstd_claiming(2**64 - 1)
    yield "zstd", "claims a terabyte in 13 bytes", lambda: zstd_claiming(2**40)[:13]
    yield "zstd", "without a size", lambda: zstd_repeating(2048)
    yield "zstd", "many frames", lambda: bytes(numcodecs.Zstd(level=1).encode(bytes(2**16))) * 1024
    yield "zstd", "frames to skip", lambda: struct.pack("<II", 0x184D2A50, 0) * 20_000
    yield "zstd", "a frame to skip of 4 GB", lambda: struct.pack("<II", 0x184D2A50, 2**32 - 1)
    yield "lz4", "bomb", lambda: bytes(numcodecs.LZ4().encode(zeros()))
    yield "lz4", "claims 2 GB", lambda: struct.pack("<I", 2**31 - 1) + bytes(8)
    yield "lz4", "claims 4 GB", lambda: struct.pack("<I", 2**32 - 1) + bytes(8)
    yield "lz4", "claims less", lambda: struct.pack("<I", 1) + bytes(numcodecs.LZ4().encode(bytes(192)))[4:]
    yield "blosc", "bomb", lambda: bytes(numcodecs.Blosc("lz4").encode(zeros()))
    yield "blosc", "claims 2 GB", lambda: blosc(2**31 - 17)
    yield "blosc", "claims 4 GB", lambda: blosc(2**32 - 1)
    yield "blosc", "another length", lambda: blosc(cbytes=2**31)
    yield "blosc", "no length", lambda: blosc(cbytes=0)
    yield "blosc", "blocks of nothing", lambda: blosc(blocksize=0)
    yield "blosc", "blocks of more than all", lambda: blosc(blocksize=2**31)
    yield "blosc", "blocks of one byte", lambda: blosc(blocksize=1)
    yield "blosc", "items of nothing", lambda: blosc(typesize=0)
    yield "blosc", "another version", lambda: blosc(version=255)
    yield "blosc", "an unknown compressor", lambda: blosc(flags=0xE1)
    yield "blosc", "a block outside", lambda: blosc(start=2**31)
    yield "blosc", "a block in the header", lambda: blosc(start=0)
    yield "blosc", "stored as it is, and not", lambda: blosc(flags=0x02)
    yield "blosc", "every flag", lambda: blosc(flags=0xFF)


GOOD = np.arange(48, dtype="<i4").reshape(6, 8)
ENCODED: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(GOOD.tobytes()),
    "zlib": lambda: zlib.compress(GOOD.tobytes()),
    "bz2": lambda: bz2.compress(GOOD.tobytes()),
    "lzma": lambda: lzma.compress(GOOD.tobytes()),
    "zstd": lambda: bytes(numcodecs.Zstd(level=1).encode(GOOD)),
    "lz4": lambda: bytes(numcodecs.LZ4().encode(GOOD)),
    "blosc": lambda: bytes(numcodecs.Blosc("lz4").encode(GOOD)),
}
OF_V3 = {
    "gzip": codec("gzip", level=1),
    "zstd": codec("zstd", level=1),
    "blosc": codec("blosc", typesize=4, cname="lz4", clevel=5, shuffle="shuffle", blocksize=0),
}


def truncated() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Right chunks, cut."""
    for name, make in ENCODED.items():
        yield name, "cut to nothing", lambda: b""
        yield name, "cut to one byte", lambda make=make: make()[:1]
        yield name, "cut in the middle", lambda make=make: make()[: len(make()) // 2]
        yield name, "cut by one byte", lambda make=make: make()[:-1]
        yield name, "of another size", lambda name=name: other_size(name)


def other_size(name: str) -> bytes:
    """A valid stream of one element too few."""
    data = GOOD.ravel()[:-1].tobytes()
    made = {
        "gzip": gzip.compress,
        "zlib": zlib.compress,
        "bz2": bz2.compress,
        "lzma": lzma.compress,
        "zstd": numcodecs.Zstd(level=1).encode,
        "lz4": numcodecs.LZ4().encode,
        "blosc": numcodecs.Blosc("lz4", typesize=4).encode,
    }[name](data)
    return bytes(made)


def in_both_formats(name: str, raw: Callable[[], bytes]) -> Iterator[tuple[str, str, Callable[[], dict[str, bytes]]]]:
    """A chunk in an array of either format, and in the inner chunk of a shard."""
    yield "v2", "0.0", lambda: {".zarray": text(array_2(compressor={"id": name})), "0.0": raw()}
    stored = OF_V3.get(name, codec(f"numcodecs.{name}"))
    yield "v3", "c/0/0", lambda: {"zarr.json": text(array_3(codecs=[LITTLE, stored])), "c/0/0": raw()}
    if name in OF_V3:
        document = array_3(codecs=[sharded((6, 8), [LITTLE, stored])])
        yield "shard", "c/0/0", lambda: {"zarr.json": text(document), "c/0/0": shard([(0, len(raw()))], raw())}


# -- shards -----------------------------------------------------------------------------------------------------


def shard(entries: list[tuple[int, int]], payload: bytes, *, at_end: bool = True) -> bytes:
    """A shard with any index, and a right checksum of it."""
    index = b"".join(struct.pack("<QQ", *entry) for entry in entries)
    index += struct.pack("<I", google_crc32c.value(index))
    return payload + index if at_end else index + payload


def shard_indexes() -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """Documents of shards of four chunks of one byte, and shards."""
    nbytes = 4 * 16 + 4
    bad = {
        "past the end": (500, 1),
        "longer than all": (0, 2**40),
        "that overflows": (MISSING - 1, 2),
        "that overflows a sign": (2**63, 2**63),
        "half missing": (MISSING, 1),
        "half there": (0, MISSING),
        "of nothing": (0, 0),
        "of more than a chunk": (0, 4),
    }
    for at_end in (True, False):
        base = 0 if at_end else nbytes
        document = {
            **v3("uint8", (4,), (4,), [sharded((1,), [codec("bytes")], location="end" if at_end else "start")]),
            "fill_value": 9,
        }
        where = "end" if at_end else "start"
        good = [(base + i, 1) for i in range(4)]
        for name, (offset, length) in bad.items():
            entry = (offset + base if offset < 500 else offset, length)
            yield f"{name}, index at the {where}", document, shard([entry, *good[1:]], b"\1\2\3\4", at_end=at_end)
        inside = (4 if at_end else 0, 1)
        yield f"in the index, at the {where}", document, shard([inside, *good[1:]], b"\1\2\3\4", at_end=at_end)
        whole = shard(good, b"\1\2\3\4", at_end=at_end)
        for n in (0, 1, nbytes - 1):
            yield f"of {n} bytes, index at the {where}", document, whole[:n]
        flipped = bytearray(whole)
        flipped[-10 if at_end else 10] ^= 1
        yield f"with a wrong checksum, index at the {where}", document, bytes(flipped)
    huge = {**v3("uint8", (2**30,), (2**30,), [sharded((1,), [codec("bytes")])]), "fill_value": 9}
    yield "of 2^30 chunks in a kilobyte", huge, bytes(1000)


# -- texts ------------------------------------------------------------------------------------------------------


@cache
def many_zeros(compressor: str) -> bytes:
    """Something of some kilobytes that decodes to half a gigabyte of zeros."""
    mega = bytes(2**20)
    if compressor == "zstd":
        return zstd_repeating(4096)
    if compressor == "blosc":
        return bytes(numcodecs.Blosc("zstd", clevel=1, shuffle=0, blocksize=2**20).encode(bytes(2**29)))
    packed: Callable[[bytes], bytes] = {"gzip": gzip.compress, "bz2": bz2.compress}[compressor]
    return packed(mega) * 512


def packed_texts() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Compressor, and chunks of 48 texts that decode to half a gigabyte, of which little is right."""
    right = struct.pack("<I", 48) + bytes(4 * 48)
    one_long = struct.pack("<I", 48) + struct.pack("<I", 2**32 - 1)
    for name in ("gzip", "zstd", "bz2"):
        for what, begins in (
            ("of other numbers", b""),
            ("behind the last", right),
            ("of one that is longer than permitted", one_long),
        ):

            def bomb(name: str = name, begins: bytes = begins) -> bytes:
                if not begins:
                    return many_zeros(name)
                first = {"gzip": gzip.compress, "bz2": bz2.compress, "zstd": numcodecs.Zstd(1).encode}[name](begins)
                return bytes(first) + many_zeros(name)

            yield name, what, bomb
    yield "blosc", "of other numbers", lambda: many_zeros("blosc")


def texts() -> Iterator[tuple[str, bytes]]:
    """Chunks of 48 texts."""
    n = struct.pack("<I", 48)
    yield "more than there are", struct.pack("<I", 2**32 - 1)
    yield "one more", struct.pack("<I", 49) + bytes(4 * 49)
    yield "one less", struct.pack("<I", 47) + bytes(4 * 47)
    yield "a length of 4 GB", n + struct.pack("<I", 2**32 - 1)
    yield "a length to the end and more", n + struct.pack("<I", 200) + bytes(190)
    yield "bytes behind the last", n + bytes(4 * 48) + b"x"
    yield "a cut count", n[:3]
    yield "nothing", b""
    yield "a cut length", n + bytes(4 * 47) + bytes(3)


# -- archives ---------------------------------------------------------------------------------------------------


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytearray:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as target:
        for name, data in entries:
            target.writestr(name, data)
    return bytearray(made.getvalue())


def patched(data: bytearray, mark: bytes, offset: int, value: bytes, number: int = 0) -> bytes:
    """An archive with other bytes behind the n-th place where a mark is."""
    at = -1
    for _ in range(number + 1):
        at = data.index(mark, at + 1)
    data[at + offset : at + offset + len(value)] = value
    return bytes(data)


def archives() -> Iterator[tuple[str, Callable[[], bytes]]]:
    record, end, local = b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04"
    document, chunk = ("zarr.json", text(array_3())), ("c/0/0", GOOD.tobytes())

    def made() -> bytearray:
        return archive(document, chunk)

    yield "nothing", lambda: b""
    yield "noise", lambda: bytes(range(256)) * 16
    yield "only an end", lambda: bytes(made()[-22:])
    for n in (5, 60, 150):
        yield f"cut by {n} bytes", lambda n=n: bytes(made()[:-n])
    yield "cut at the front", lambda: bytes(made()[40:])
    yield "names that leave", lambda: bytes(archive(("../zarr.json", b"1")))
    yield "names from the root", lambda: bytes(archive(("/etc/zarr.json", b"1")))
    yield "names with dots", lambda: bytes(archive(("a/../../zarr.json", b"1")))
    yield "entries that overlap", lambda: patched(made(), record, 42, struct.pack("<I", 3), 1)
    yield "entries in one place", lambda: patched(made(), record, 42, struct.pack("<I", 0), 1)
    yield "entries past the end", lambda: patched(made(), record, 42, struct.pack("<I", 2**31), 1)
    yield "entries without end", lambda: patched(made(), record, 20, struct.pack("<II", 2**32 - 2, 2**32 - 2), 1)
    yield "sizes that differ", lambda: patched(made(), record, 24, struct.pack("<I", 7), 1)
    yield "a directory past the end", lambda: patched(made(), end, 16, struct.pack("<I", 2**31))
    yield "a directory without end", lambda: patched(made(), end, 12, struct.pack("<I", 2**32 - 2))
    yield "more entries than there are", lambda: patched(made(), end, 8, struct.pack("<HH", 60_000, 60_000))
    yield "fewer entries than there are", lambda: patched(made(), end, 8, struct.pack("<HH", 1, 1))
    yield "several disks", lambda: patched(made(), end, 4, struct.pack("<H", 1))
    yield "a directory that is none", lambda: patched(made(), record, 0, b"XXXX")
    yield "another entry than the directory says", lambda: patched(made(), local, 30, b"xxxx.json")


def packed() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Archives with an entry that is wrong only when it is unpacked."""
    record = b"PK\x01\x02"
    for method, name in ((zipfile.ZIP_DEFLATED, "deflate"), (zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")):

        def bomb(method: int = method) -> bytearray:
            return archive(("zarr.json", text(array_3())), ("c/0/0", zeros()), method=method)

        def less(make: Callable[[], bytearray] = bomb) -> bytes:
            return patched(make(), record, 24, struct.pack("<I", 192), 1)

        yield f"{name}, 1000:1", "c/0/0", lambda make=bomb: bytes(make())
        yield f"{name} that claims less", "", less
    yield (
        "a checksum that is wrong",
        "zarr.json",
        lambda: bytes(archive(("zarr.json", text(array_3())))).replace(b'"int32"', b'"int16"'),
    )


# -- all --------------------------------------------------------------------------------------------------------


def cases() -> Iterator[Case]:
    """Everything, with a name of its own."""
    for name, raw in raw_documents():
        yield Case(f"bytes: {name}", lambda raw=raw: {"zarr.json": raw}, "zarr.json")
    for key, documents in (("zarr.json", documents_3()), (".zarray", documents_2())):
        for name, document in documents:
            wanted = (key, "the chunks of array '/'") if name in TOO_LARGE else key
            yield Case(f"{key}: {name}", lambda key=key, document=document: {key: text(document)}, wanted)
    for name, key, objects in groups():
        yield Case(f"group: {name}", lambda objects=objects: objects, key)
    for codec_name, name, raw_chunk in (*bombs(), *truncated()):
        for place, key, made in in_both_formats(codec_name, raw_chunk):
            yield Case(f"{codec_name} in {place}: {name}", made, key)
    for name, document, raw in shard_indexes():
        objects = {"zarr.json": text(document), "c/0": raw}
        yield Case(f"shard {name}", lambda objects=objects: objects, "c/0", slice(0, 4))
    pickled = {".zarray": text(array_2(dtype="|O", fill_value=None, filters=[{"id": "pickle"}]))}
    pickled["0.0"] = b"cos\nsystem\n(S'touch /tmp/owned'\ntR."
    yield Case(".zarray: pickled objects", lambda: pickled, (".zarray", "0.0", "allow_unsafe_pickle_decode"))
    strings = {**array_3(codecs=[codec("vlen-utf8")]), "data_type": "string", "fill_value": ""}
    octets = {**array_3(codecs=[codec("vlen-bytes")]), "data_type": "variable_length_bytes", "fill_value": ""}
    objects_2 = array_2(dtype="|O", filters=[{"id": "vlen-utf8"}], fill_value="")
    for name, raw in (*texts(), ("no UTF-8", struct.pack("<I", 48) + (struct.pack("<I", 1) + b"\xff") * 48)):
        yield Case(f"texts: {name}", lambda raw=raw: {"zarr.json": text(strings), "c/0/0": raw}, "c/0/0")
        yield Case(f"texts of format 2: {name}", lambda raw=raw: {".zarray": text(objects_2), "0.0": raw}, "0.0")
        if name != "no UTF-8":
            yield Case(f"octets: {name}", lambda raw=raw: {"zarr.json": text(octets), "c/0/0": raw}, "c/0/0")
    for compressor, name, make in packed_texts():
        document_2 = {**objects_2, "compressor": {"id": compressor}}
        if compressor in OF_V3:
            document = {**strings, "codecs": [codec("vlen-utf8"), OF_V3[compressor]]}
            yield Case(
                f"texts in {compressor}: {name}",
                lambda document=document, make=make: {"zarr.json": text(document), "c/0/0": make()},
                "c/0/0",
            )
        yield Case(
            f"texts in {compressor}, format 2: {name}",
            lambda document=document_2, make=make: {".zarray": text(document), "0.0": make()},
            "0.0",
        )
    for codec_name, name, raw_chunk in (*bombs(), *truncated()):
        if codec_name in OF_V3 and name not in ("bomb", "1000:1", "of another size"):
            document = array_3(
                shape=[2**38], chunk_grid=grid([2**38]), codecs=[codec("bytes", endian="little"), OF_V3[codec_name]]
            )
            document["data_type"] = "uint8"
            yield Case(
                f"{codec_name} in a chunk of 2^38 bytes: {name}",
                lambda document=document, make=raw_chunk: {"zarr.json": text(document), "c/0": make()},
                "c/0",
                0,
            )
    for name, archived in archives():
        yield Case(f"archive: {name}", archived, "hostile.zip")
    for name, key, archived in packed():
        yield Case(f"archive: {name}", archived, key)


CASES = {case.name: case for case in cases()}
