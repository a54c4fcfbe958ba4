"""What a codec is, for those who write one."""

from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BaseCodec, BytesBytesCodec, Codec

__all__ = ["ArrayArrayCodec", "ArrayBytesCodec", "BaseCodec", "BytesBytesCodec", "Codec"]
