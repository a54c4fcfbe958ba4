"""Adding codecs of one's own, and finding codecs by name."""

from zarr._codec.registry import get_codec_class, get_numcodec, register_codec

__all__ = ["get_codec_class", "get_numcodec", "register_codec"]
