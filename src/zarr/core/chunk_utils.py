"""Working on one chunk in memory."""

from zarr._compat.chunk_utils import (
    ChunkTransform,
    decode_and_scatter_chunk,
    encode_or_elide_chunk,
    evolve_codecs,
    merge_and_encode_chunk,
)
from zarr._support.public_names import public_names_of

__all__ = [
    "ChunkTransform",
    "decode_and_scatter_chunk",
    "encode_or_elide_chunk",
    "evolve_codecs",
    "merge_and_encode_chunk",
]

__dir__ = public_names_of(__name__)
