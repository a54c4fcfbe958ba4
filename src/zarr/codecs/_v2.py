"""Format 2 in one codec."""

from zarr._codec.v2 import V2Codec
from zarr._support.public_names import public_names_of

__all__ = ["V2Codec"]

__dir__ = public_names_of(__name__)
