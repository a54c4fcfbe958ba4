"""Codecs: what can be put into `filters`, `serializer` and `compressors`."""

from zarr._codec.bitround import BitRoundCodec
from zarr._codec.blosc import BloscCodec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.cast_value import CastValue
from zarr._codec.conditional import ConditionalCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.documents import SubchunkWriteOrder
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.n5 import N5DefaultCodec
from zarr._codec.names import BloscCname, BloscShuffle, Endian, ShardingCodecIndexLocation
from zarr._codec.optional import OptionalCodec
from zarr._codec.packbits import PackBitsCodec
from zarr._codec.reshape import ReshapeCodec, SqueezeCodec
from zarr._codec.scale_offset import ScaleOffset
from zarr._codec.sharding import ShardingCodec
from zarr._codec.transpose import TransposeCodec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._codec.vlen_apart import VLenCodec, VLenV2Codec
from zarr._codec.zfp import ZfpCodec
from zarr._codec.zstd import ZstdCodec
from zarr._support.former_names import advice_for
from zarr._support.imports_on_use import submodules_of
from zarr._support.public_names import public_names_of

__all__ = [
    "BitRoundCodec",
    "BloscCname",
    "BloscCodec",
    "BloscShuffle",
    "BytesCodec",
    "CastValue",
    "ConditionalCodec",
    "Crc32cCodec",
    "Endian",
    "GzipCodec",
    "N5DefaultCodec",
    "OptionalCodec",
    "PackBitsCodec",
    "ReshapeCodec",
    "ScaleOffset",
    "ShardingCodec",
    "ShardingCodecIndexLocation",
    "SqueezeCodec",
    "SubchunkWriteOrder",
    "TransposeCodec",
    "VLenBytesCodec",
    "VLenCodec",
    "VLenUTF8Codec",
    "VLenV2Codec",
    "ZfpCodec",
    "ZstdCodec",
]

__getattr__ = submodules_of(__name__, lambda name: advice_for(name, __name__, __all__))

__dir__ = public_names_of(__name__)
