"""Facts about a node as a table."""

from zarr._faces.info import ArrayInfo, GroupInfo, human_readable_size
from zarr._support.public_names import public_names_of

__all__ = ["ArrayInfo", "GroupInfo", "human_readable_size"]

__dir__ = public_names_of(__name__)
