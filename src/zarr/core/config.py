"""The configuration."""

from zarr._config import config

__all__ = ["config"]
