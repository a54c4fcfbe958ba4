"""Adding classes of one's own (codecs, chunk key encodings, buffers, pipelines), and finding them by name."""

from zarr._buffer.registry import get_buffer_class, get_ndbuffer_class, register_buffer, register_ndbuffer
from zarr._codec.pipeline import get_pipeline_class, register_pipeline
from zarr._codec.registry import get_codec_class, get_numcodec, register_codec
from zarr._grid.chunk_keys import get_chunk_key_encoding_class, register_chunk_key_encoding
from zarr._support.public_names import public_names_of
from zarr._support.registry import Registry, fully_qualified_name

__all__ = [
    "Registry",
    "fully_qualified_name",
    "get_buffer_class",
    "get_chunk_key_encoding_class",
    "get_codec_class",
    "get_ndbuffer_class",
    "get_numcodec",
    "get_pipeline_class",
    "register_buffer",
    "register_chunk_key_encoding",
    "register_codec",
    "register_ndbuffer",
    "register_pipeline",
]

__dir__ = public_names_of(__name__)
