"""What a codec is, and a codec pipeline, for those who write one."""

from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BaseCodec, BytesBytesCodec, Codec
from zarr._codec.pipeline import (
    ArrayBytesCodecPartialDecodeMixin,
    ArrayBytesCodecPartialEncodeMixin,
    CodecInput,
    CodecJSON_V2,
    CodecOutput,
    CodecPipeline,
    GetResult,
    SupportsSyncCodec,
)

__all__ = [
    "ArrayArrayCodec",
    "ArrayBytesCodec",
    "ArrayBytesCodecPartialDecodeMixin",
    "ArrayBytesCodecPartialEncodeMixin",
    "BaseCodec",
    "BytesBytesCodec",
    "Codec",
    "CodecInput",
    "CodecJSON_V2",
    "CodecOutput",
    "CodecPipeline",
    "GetResult",
    "SupportsSyncCodec",
]
