"""What `Array.batch`, `Array.appender`, `Group.batch` and `Group.replace` return, for annotations."""

from zarr._faces.appender import Appender
from zarr._faces.batch import Batch, GroupBatch
from zarr._faces.replacement import Replacement
from zarr._support.public_names import public_names_of

__all__ = ["Appender", "Batch", "GroupBatch", "Replacement"]

__dir__ = public_names_of(__name__)
