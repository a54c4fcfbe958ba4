"""What a codec is, and a codec pipeline, for those who write one."""

from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BaseCodec, BytesBytesCodec, Codec
from zarr._codec.pipeline import (
    ArrayBytesCodecPartialDecodeMixin,
    ArrayBytesCodecPartialEncodeMixin,
    CodecInput,
    CodecJSON,
    CodecJSON_V2,
    CodecJSON_V3,
    CodecOutput,
    CodecPipeline,
    GetResult,
    SupportsSyncCodec,
)
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayArrayCodec",
    "ArrayBytesCodec",
    "ArrayBytesCodecPartialDecodeMixin",
    "ArrayBytesCodecPartialEncodeMixin",
    "BaseCodec",
    "BytesBytesCodec",
    "Codec",
    "CodecInput",
    "CodecJSON",
    "CodecJSON_V2",
    "CodecJSON_V3",
    "CodecOutput",
    "CodecPipeline",
    "GetResult",
    "SupportsSyncCodec",
]

__dir__ = public_names_of(__name__)
