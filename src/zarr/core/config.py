"""The configuration."""

from zarr._compat.parsing import parse_order as parse_indexing_order
from zarr._support.public_names import public_names_of
from zarr._support.settings import config
from zarr.errors import BadConfigError

__all__ = ["BadConfigError", "config", "parse_indexing_order"]

__dir__ = public_names_of(__name__)
