"""Adding codecs and chunk key encodings of one's own, and finding them by name."""

from zarr._codec.registry import fully_qualified_name, get_codec_class, get_numcodec, register_codec
from zarr._keys import get_chunk_key_encoding_class, register_chunk_key_encoding

__all__ = [
    "fully_qualified_name",
    "get_chunk_key_encoding_class",
    "get_codec_class",
    "get_numcodec",
    "register_chunk_key_encoding",
    "register_codec",
]
