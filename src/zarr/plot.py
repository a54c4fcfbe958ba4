"""Pictures of what is stored, with matplotlib: elements, stored chunks, codecs."""

from zarr._faces.plots import chunks, codecs, image
from zarr._support.public_names import public_names_of

__all__ = ["chunks", "codecs", "image"]

__dir__ = public_names_of(__name__)
