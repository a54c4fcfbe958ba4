"""A store that keeps what was read from another."""

from typing import TYPE_CHECKING  # noqa: F401  # zarr-python has these names here

from zarr._buffer.byte_range import ByteRequest  # noqa: F401
from zarr._store.abstract import Store  # noqa: F401
from zarr._store.cached.store import CacheStore
from zarr._store.wrapper import WrapperStore  # noqa: F401
from zarr._support.public_names import public_names_of

__all__ = ["CacheStore"]

__dir__ = public_names_of(__name__)
