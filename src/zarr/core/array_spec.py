"""What a codec is told about a chunk, and the settings of an open array."""

from zarr._codec.base import ArrayConfig
from zarr._codec.base import ChunkSpec as ArraySpec
from zarr._compat.annotations import ArrayConfigLike, ArrayConfigParams
from zarr._support.public_names import public_names_of

__all__ = ["ArrayConfig", "ArrayConfigLike", "ArrayConfigParams", "ArraySpec"]

__dir__ = public_names_of(__name__)
