"""Working on one chunk in memory."""

from zarr._compat.chunk_utils import (
    ChunkTransform,
    chunk_is_empty,
    decode_and_scatter_chunk,
    encode_or_elide_chunk,
    evolve_codecs,
    fill_value_or_default,
    merge_and_encode_chunk,
    scatter_chunk,
)
from zarr._compat.chunk_utils import merge_chunk_array as _merge_chunk_array
from zarr._support.public_names import public_names_of

__all__ = [
    "ChunkTransform",
    "_merge_chunk_array",
    "chunk_is_empty",
    "decode_and_scatter_chunk",
    "encode_or_elide_chunk",
    "evolve_codecs",
    "fill_value_or_default",
    "merge_and_encode_chunk",
    "scatter_chunk",
]

__dir__ = public_names_of(__name__)
