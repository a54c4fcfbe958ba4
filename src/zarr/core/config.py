"""The configuration."""

from zarr._support.public_names import public_names_of
from zarr._support.settings import config
from zarr.errors import BadConfigError

__all__ = ["BadConfigError", "config"]

__dir__ = public_names_of(__name__)
