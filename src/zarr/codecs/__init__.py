"""Codecs: what can be put into `filters`, `serializer` and `compressors`."""

from zarr._codec.blosc import BloscCodec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.sharding import ShardingCodec
from zarr._codec.transpose import TransposeCodec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._codec.zstd import ZstdCodec

__all__ = [
    "BloscCodec",
    "BytesCodec",
    "Crc32cCodec",
    "GzipCodec",
    "ShardingCodec",
    "TransposeCodec",
    "VLenBytesCodec",
    "VLenUTF8Codec",
    "ZstdCodec",
]
