"""The codec `sharding_indexed`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._buffer import Buffer, BufferPrototype, NDBuffer, numpy_buffer_prototype
from zarr._buffer.byte_range import ByteRequest, RangeByteRequest, SuffixByteRequest
from zarr._buffer.registry import default_buffer_prototype, get_ndbuffer_class
from zarr._codec.base import ArrayBytesCodec, ArrayConfig
from zarr._codec.base import ChunkSpec as ArraySpec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.documents import INDEX_LOCATION, SUBCHUNK_WRITE_ORDER, IndexLocation, SubchunkWriteOrder
from zarr._codec.names import ShardingCodecIndexLocation
from zarr._codec.pipeline import (
    ArrayBytesCodecPartialDecodeMixin,
    ArrayBytesCodecPartialEncodeMixin,
    CodecPipeline,
    get_pipeline_class,
)
from zarr._codec.shard_index import MISSING as MAX_UINT_64
from zarr._codec.sharding import ShardingCodec
from zarr._compat.chunk_utils import (
    ChunkTransform,
    decode_and_scatter_chunk,
    encode_or_elide_chunk,
    evolve_codecs,
    merge_and_encode_chunk,
)
from zarr._compat.indexing import (
    BasicIndexer,
    ChunkProjection,
    CoordinateIndexer,
    SliceDimIndexer,
    colexicographic_order_coords,
    get_indexer,
    lexicographic_order_coords,
    morton_order_coords,
)
from zarr._compat.parsing import parse_chunk_shape, parse_codecs, parse_named_configuration, parse_shapelike, product
from zarr._dtype.numbers import UInt64
from zarr._dtype.structs import Struct
from zarr._dtype.traits import HasEndianness
from zarr._grid.of_array import ChunkGrid
from zarr._metadata.grid import RegularChunkGridMetadata
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata
from zarr._store.abstract import ByteGetter, ByteSetter, Store
from zarr._store.path import StorePath
from zarr._support.public_names import public_names_of
from zarr._support.settings import config as zarr_config

__all__ = [
    "ArrayBytesCodec",
    "ArrayBytesCodecPartialDecodeMixin",
    "ArrayBytesCodecPartialEncodeMixin",
    "ArrayConfig",
    "ArraySpec",
    "BasicIndexer",
    "Buffer",
    "BufferPrototype",
    "ByteGetter",
    "ByteRequest",
    "ByteSetter",
    "BytesCodec",
    "ChunkGrid",
    "ChunkProjection",
    "ChunkTransform",
    "CodecPipeline",
    "CoordinateIndexer",
    "Crc32cCodec",
    "HasEndianness",
    "INDEX_LOCATION",
    "IndexLocation",
    "MAX_UINT_64",
    "NDBuffer",
    "RangeByteRequest",
    "RectilinearChunkGridMetadata",
    "RegularChunkGridMetadata",
    "SUBCHUNK_WRITE_ORDER",
    "ShardingCodec",
    "ShardingCodecIndexLocation",
    "SliceDimIndexer",
    "Store",
    "StorePath",
    "Struct",
    "SubchunkWriteOrder",
    "SuffixByteRequest",
    "TYPE_CHECKING",
    "UInt64",
    "colexicographic_order_coords",
    "decode_and_scatter_chunk",
    "default_buffer_prototype",
    "encode_or_elide_chunk",
    "evolve_codecs",
    "get_indexer",
    "get_ndbuffer_class",
    "get_pipeline_class",
    "lexicographic_order_coords",
    "merge_and_encode_chunk",
    "morton_order_coords",
    "numpy_buffer_prototype",
    "parse_chunk_shape",
    "parse_codecs",
    "parse_named_configuration",
    "parse_shapelike",
    "product",
    "zarr_config",
]

__dir__ = public_names_of(__name__)
