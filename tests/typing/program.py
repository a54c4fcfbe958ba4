"""Calls as users write them, for type checkers only: it is never run.

A line that ends in `# wrong` is one that every checker has to complain about; the others are in order.
"""

from __future__ import annotations

from typing import Any, Literal

import numcodecs
import numpy as np

import zarr
from zarr.codecs import (
    BloscCodec,
    BytesCodec,
    Crc32cCodec,
    GzipCodec,
    ShardingCodec,
    TransposeCodec,
    VLenUTF8Codec,
    ZstdCodec,
)

shape = (100, 100)

# -- chunks and shards
zarr.create_array({}, shape=shape, dtype="f4", chunks=(10, 10), shards=(50, 50))
zarr.create_array({}, shape=shape, dtype="f4", chunks=[10, -1], shards="auto")
zarr.create_array({}, shape=shape, dtype="f4", chunks=10, shards=None)
zarr.create_array({}, shape=shape, dtype="f4", chunks="auto", shards=False)
zarr.create_array({}, shape=shape, dtype="f4", chunks=False)
zarr.create_array({}, shape=100, dtype="f4", chunks=np.int64(10), shards=np.array([50]))
zarr.create_array({}, shape=shape, dtype="f4", chunks=(10, 10), shards={"shape": (50, 50), "index_location": "start"})
zarr.create_array({}, shape=shape, dtype="f4", chunks={"all"})  # wrong
zarr.create_array({}, shape=shape, dtype="f4", chunks=10.5)  # wrong
zarr.create_array({}, shape=shape, dtype="f4", chunks=("10", "10"))  # wrong
zarr.create_array({}, shape=shape, dtype="f4", chunks=(10, 10.5))  # wrong
zarr.create_array({}, shape=shape, dtype="f4", chunks={"x": 10})  # wrong
zarr.create_array({}, shape=shape, dtype="f4", shards={"all"})  # wrong
zarr.create_array({}, shape=shape, dtype="f4", shards=50.5)  # wrong
zarr.create_array({}, shape=shape, dtype="f4", shards={"index_location": "start"})  # wrong
zarr.create_array({}, shape=shape, dtype="f4", shards={"shape": (50, 50), "index_location": "middle"})  # wrong
zarr.create_array({}, shape="100", dtype="f4")  # wrong
zarr.zeros(shape, chunks=(10, 10), dtype="f4")
zarr.zeros(shape, chunks=10.5, dtype="f4")  # wrong
zarr.full(shape, 7, chunks={"all"})  # wrong

# -- codecs
zarr.create_array({}, shape=shape, dtype="f4", compressors=[ZstdCodec(level=3), Crc32cCodec()])
zarr.create_array({}, shape=shape, dtype="f4", compressors=BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"))
zarr.create_array({}, shape=shape, dtype="f4", compressors="zstd", filters=None)
zarr.create_array({}, shape=shape, dtype="f4", compressors={"name": "gzip", "configuration": {"level": 1}})
zarr.create_array({}, shape=shape, dtype="f4", compressors=None, filters=[TransposeCodec(order=(1, 0))])
zarr.create_array({}, shape=shape, dtype="f4", compressors="auto", filters="auto", serializer="auto")
zarr.create_array({}, shape=shape, dtype="f4", serializer=BytesCodec(endian="big"))
zarr.create_array({}, shape=shape, dtype="f4", serializer=ShardingCodec(chunk_shape=[10, 10], codecs=[BytesCodec()]))
zarr.create_array({}, shape=3, dtype="string", serializer=VLenUTF8Codec())
zarr.create_array({}, shape=shape, dtype="f4", zarr_format=2, compressors=numcodecs.Zlib(level=1))
zarr.create_array({}, shape=shape, dtype="f4", zarr_format=2, filters=[numcodecs.Delta(dtype="f4")])
zarr.create_array({}, shape=shape, dtype="f4", compressors="lz4")  # wrong
zarr.create_array({}, shape=shape, dtype="f4", compressors=5)  # wrong
zarr.create_array({}, shape=shape, dtype="f4", compressors=[3])  # wrong
zarr.create_array({}, shape=shape, dtype="f4", compressors=BytesCodec())  # wrong
zarr.create_array({}, shape=shape, dtype="f4", compressors=[TransposeCodec(order=(1, 0))])  # wrong
zarr.create_array({}, shape=shape, dtype="f4", compressors=ZstdCodec)  # wrong
zarr.create_array({}, shape=shape, dtype="f4", filters=ZstdCodec())  # wrong
zarr.create_array({}, shape=shape, dtype="f4", filters="delta")  # wrong
zarr.create_array({}, shape=shape, dtype="f4", filters=1)  # wrong
zarr.create_array({}, shape=shape, dtype="f4", serializer=None)  # wrong
zarr.create_array({}, shape=shape, dtype="f4", serializer=GzipCodec())  # wrong
zarr.create_array({}, shape=shape, dtype="f4", compressor=ZstdCodec())  # wrong
zarr.create(shape, dtype="f4", zarr_format=2, compressor=numcodecs.Zlib(level=1))
zarr.create(shape, dtype="f4", codecs=[BytesCodec(), ZstdCodec()])
zarr.create(shape, dtype="f4", codecs=["lzma"])  # wrong
BloscCodec(cname="zstd", shuffle="noshuffle", typesize=4, blocksize=0)
BloscCodec(cname="lz5")  # wrong
BloscCodec(shuffle="bits")  # wrong
BloscCodec(shuffle=1)  # wrong
BloscCodec(clevel="high")  # wrong
BloscCodec(level=5)  # wrong
GzipCodec(level="9")  # wrong
ZstdCodec(checksum="yes")  # wrong
BytesCodec(endian="middle")  # wrong
ShardingCodec(chunk_shape=(10,), index_location="end", subchunk_write_order="lexicographic")
ShardingCodec(chunk_shape="10")  # wrong
ShardingCodec(chunk_shape=(10,), index_location="middle")  # wrong
ShardingCodec(chunk_shape=(10,), subchunk_write_order="random")  # wrong
TransposeCodec(order=[1, 0])
TransposeCodec(order="A")  # wrong

# -- order, format, mode and other choices
zarr.create_array({}, shape=shape, dtype="f4", order="F", zarr_format=2)
zarr.create_array({}, shape=shape, dtype="f4", order="A")  # wrong
zarr.create_array({}, shape=shape, dtype="f4", zarr_format=4)  # wrong
zarr.create_array({}, shape=shape, dtype="f4", zarr_format="3")  # wrong
zarr.create_array({}, shape=shape, dtype="f4", chunk_key_encoding="v2", dimension_names=["y", None])
zarr.create_array({}, shape=shape, dtype="f4", chunk_key_encoding={"name": "default", "separator": "."})
zarr.create_array({}, shape=shape, dtype="f4", chunk_key_encoding="v3")  # wrong
zarr.create_array({}, shape=shape, dtype="f4", dimension_names=[1, 2])  # wrong
zarr.create_array({}, shape=shape, dtype="f4", attributes=["a"])  # wrong
zarr.create_array({}, shape=shape, dtype="f4", overwrite="yes")  # wrong
zarr.create_array({}, shape=shape, dtype="f4", chunk=(10, 10))  # wrong
zarr.create_array(3, shape=shape, dtype="f4")  # wrong
zarr.create(shape, dimension_separator="/", zarr_format=2)
zarr.create(shape, dimension_separator="-", zarr_format=2)  # wrong
zarr.create(shape, mode="w+")  # wrong
zarr.open("data.zarr", mode="r+")
zarr.open("data.zarr", mode="rw")  # wrong
zarr.open_array("data.zarr", mode="x")  # wrong
zarr.open_group("data.zarr", zarr_format=2, mode="w-")
zarr.open_group("data.zarr", zarr_format=1)  # wrong
zarr.create_group("data.zarr", zarr_format=1)  # wrong
zarr.save("data.zarr", np.zeros(3), zarr_format=1)  # wrong

# -- groups, arrays and their values
group = zarr.create_group({})
array = group.create_array("a", shape=shape, dtype="f4", chunks=(10, 10), compressors=[ZstdCodec()])
group.create_array("a", shape=shape, dtype="f4", chunks=10.5)  # wrong
group.create_array("a", shape=shape, dtype="f4", compressors="lz4")  # wrong
group.create_array("a", shape=shape, dtype="f4", zarr_format=3)  # wrong
group.require_array("a", shape=shape, dtype="f4", order="A")  # wrong
zarr.from_array({}, data=array, chunks="keep", compressors="keep")
zarr.from_array({}, data=array, chunks={"kept"})  # wrong
zarr.create_array({}, data=[1, 2, 3], chunks=2).resize(5)
array.resize("5")  # wrong
zarr_format: Literal[2, 3] = array.metadata.zarr_format
chunks: tuple[int, ...] = array.chunks
shards: tuple[int, ...] | None = array.shards
attributes: dict[str, Any] = array.attrs.asdict()
names: list[str] = list(group.array_keys())
wrong_chunks: str = array.chunks  # wrong
wrong_names: list[int] = list(group.array_keys())  # wrong
array.resize(8, 8)  # wrong
array.sum()  # wrong
array.attrs = {"units": "m"}  # wrong
group.attrs = {"title": "roof"}  # wrong
group.create_dataset("b", shape=shape)  # wrong
zarr.copy(array, group, dry_run="no")  # wrong


async def work() -> None:
    from zarr.api import asynchronous

    made = await asynchronous.create_array({}, shape=shape, dtype="f4", chunks=(10, 10), order=None)
    await asynchronous.create_array({}, shape=shape, dtype="f4", chunks=10.5)  # wrong
    await asynchronous.create_array({}, shape=shape, dtype="f4", compressors="lz4")  # wrong
    await asynchronous.open_group("data.zarr", zarr_format=1)  # wrong
    await made.resize("5")  # wrong
