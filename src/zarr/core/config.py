"""The configuration."""

from zarr._support.settings import config

__all__ = ["config"]
