"""Arrays of one chunk, whose bytes are hostile: documents of many kinds, and what the chunk is when it is right."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tests.interop.documents import BIG, CRC32C, LITTLE, array_of, blosc, codec, sharded, v2, v3
from zarr.storage import MemoryStore

SHAPE = (6, 8)


def chain(*codecs: Any, data_type: Any = "int32", **members: Any) -> dict[str, Any]:
    return v3(data_type, SHAPE, SHAPE, codecs, **members)


def old(dtype: Any = "<i4", **members: Any) -> dict[str, Any]:
    return v2(dtype, SHAPE, SHAPE, **members)


def text(*codecs: Any) -> dict[str, Any]:
    return chain(codec("vlen-utf8"), *codecs, data_type="string", fill_value="")


def of_objects(**object_codec: Any) -> dict[str, Any]:
    return old("|O", fill_value=None, filters=[object_codec])


GZIP, ZSTD = codec("gzip", level=1), codec("zstd", level=1)
BARE = sharded((2, 4), index_codecs=[LITTLE])
FIELDS = [{"name": "a", "data_type": "int16"}, {"name": "b", "data_type": "float64"}]

SHARDS = {
    "plain": chain(sharded((2, 4))),
    "bare": chain(BARE),
    "bare at the start": chain(sharded((2, 4), [LITTLE, ZSTD], [LITTLE], "start")),
    "big-endian index": chain(sharded((3, 8), [BIG, GZIP], [BIG])),
    "in shards": chain(sharded((6, 4), [BARE], [LITTLE])),
    "in zstd": chain(BARE, ZSTD),
    "turned": chain(codec("transpose", order=[1, 0]), sharded((4, 2), [LITTLE], [LITTLE])),
    "of text": chain(sharded((2, 4), [codec("vlen-utf8"), ZSTD], [LITTLE]), data_type="string", fill_value=""),
}
TEXTS = {
    "utf8": text(),
    "utf8, gzip": text(GZIP),
    "utf8, zstd": text(ZSTD),
    "utf8, blosc": text(blosc("lz4", "noshuffle", 1)),
    "bytes": chain(codec("vlen-bytes"), data_type="bytes", fill_value=""),
    "format 2": old("|O", fill="", filters=[{"id": "vlen-utf8"}]),
    "format 2, bytes, zstd": old("|O", fill="", filters=[{"id": "vlen-bytes"}], compressor={"id": "zstd"}),
    "vlen-array": of_objects(id="vlen-array", dtype="<i4"),
    "json2": of_objects(id="json2"),
    "msgpack2": of_objects(id="msgpack2"),
    "categorize": of_objects(id="categorize", dtype="|O", astype="|u1", labels=["0", "1", "2"]),
    "fixed": chain(LITTLE, data_type=codec("fixed_length_utf32", length_bytes=8), fill_value=""),
}
NUMBERS = {
    "bytes": chain(LITTLE),
    "gzip": chain(LITTLE, GZIP),
    "zstd": chain(LITTLE, ZSTD),
    "crc32c": chain(LITTLE, CRC32C),
    "shuffle": chain(LITTLE, codec("numcodecs.shuffle", elementsize=4)),
    "lz4": chain(LITTLE, codec("numcodecs.lz4")),
    "pcodec": chain(codec("numcodecs.pcodec", level=8)),
    "packbits": chain(codec("packbits"), data_type="bool"),
    "delta": chain(codec("numcodecs.delta", dtype="int32"), LITTLE),
    "reshape": chain(codec("reshape", shape=[-1]), LITTLE),
    "int4": chain(codec("bytes"), data_type="int4"),
    "bfloat16": chain(LITTLE, data_type="bfloat16"),
    "struct": chain(
        LITTLE, data_type={"name": "struct", "configuration": {"fields": FIELDS}}, fill_value="AAAAAAAAAAAAAA=="
    ),
    "optional": chain(
        codec("zarrs.optional", mask_codecs=[codec("packbits")], data_codecs=[LITTLE]),
        data_type={"name": "zarrs.optional", "configuration": {"name": "int16", "configuration": {}}},
        fill_value=None,
    ),
    "times": chain(LITTLE, data_type=codec("numpy.datetime64", unit="s", scale_factor=1)),
    "n5": chain(codec("n5_default", codecs=[codec("transpose", order=[1, 0]), BIG, GZIP])),
    **{
        f"blosc of {cname}": chain(LITTLE, blosc(cname, shuffle))
        for cname, shuffle in zip(
            ("blosclz", "lz4", "zlib", "zstd"), ("shuffle", "bitshuffle", "noshuffle", "shuffle"), strict=True
        )
    },
    **{
        f"format 2, {name}": old(compressor={"id": name})
        for name in (
            "zlib",
            "bz2",
            "lzma",
            "lz4",
            "blosc",
            "zstd",
            "base64",
            "adler32",
            "fletcher32",
            "jenkins_lookup3",
        )
    },
    "format 2, packbits": old("|b1", fill=False, filters=[{"id": "packbits"}]),
    "format 2, delta": old(filters=[{"id": "delta", "dtype": "<i4"}], compressor={"id": "zlib"}),
    "format 2, struct": old([["a", "<i2"], ["b", ">f8", [2]]], fill=None, order="F"),
    "format 2, astype": old("<f8", filters=[{"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}]),
}
UNEVEN = {
    **chain(LITTLE),
    "chunk_grid": codec("rectilinear", kind="inline", chunk_shapes=[[2, [1, 4]], [[4, 2]]]),
}


def key_of(document: dict[str, Any]) -> str:
    return "c/0/0" if document["zarr_format"] == 3 else "0.0"


def elements(array: Any) -> Any:
    """Something for every element, of whatever type they are."""
    ramp = np.arange(48).reshape(SHAPE) // 3
    kind = np.dtype(array.dtype).kind
    if kind == "O" or kind == "T":
        kinds: Any = {
            "vlen-array": lambda n: np.arange(n % 3, dtype="i4"),
            "vlen-bytes": lambda n: str(n).encode(),
            "optional": lambda n: n if n % 3 else None,
            "categorize": lambda n: str(n % 3),
        }
        stated = str(array.metadata.to_dict())
        make = next((kinds[name] for name in kinds if name in stated), lambda n: str(n % 3) + "é" * (n % 2))
        made = np.empty(SHAPE, object)
        made.flat = [None] * made.size
        for at, n in np.ndenumerate(ramp):
            made[at] = make(int(n))
        return made
    if kind == "V" and np.dtype(array.dtype).names:
        return np.zeros(SHAPE, array.dtype)
    return ramp.astype(array.dtype) if kind != "U" else ramp.astype("U2")


@cache
def stored(kind: str, name: str) -> bytes:
    """The chunk of an array of `KINDS`, as it is when it is right."""
    document, store = KINDS[kind][name], MemoryStore()
    array = array_of(store, document, mode="r+")
    array[...] = elements(array)
    found = store.get_sync(key_of(document))
    return b"" if found is None else bytes(found.to_bytes())


KINDS = {"shards": SHARDS, "texts": TEXTS, "numbers": NUMBERS}
