"""Chunked, compressed N-dimensional arrays in groups, stored as Zarr format 2 or 3 on any key-value store."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zarr._aio import AsyncArray, AsyncGroup
from zarr._array import Array
from zarr._config import config
from zarr._group import Group
from zarr.api.synchronous import (
    array,
    consolidate_metadata,
    create_array,
    create_group,
    empty,
    full,
    group,
    load,
    ones,
    open,
    open_array,
    open_consolidated,
    open_group,
    save,
    save_array,
    save_group,
    zeros,
)

if TYPE_CHECKING:
    from zarr import abc as abc
    from zarr import api as api
    from zarr import buffer as buffer
    from zarr import codecs as codecs
    from zarr import dtype as dtype
    from zarr import errors as errors
    from zarr import registry as registry
    from zarr import storage as storage

__version__ = "3.5.0"

__all__ = [
    "Array",
    "AsyncArray",
    "AsyncGroup",
    "Group",
    "__version__",
    "array",
    "config",
    "consolidate_metadata",
    "create_array",
    "create_group",
    "empty",
    "full",
    "group",
    "load",
    "ones",
    "open",
    "open_array",
    "open_consolidated",
    "open_group",
    "save",
    "save_array",
    "save_group",
    "zeros",
]

_SUBMODULES = frozenset({"abc", "api", "buffer", "codecs", "dtype", "errors", "registry", "storage"})


def __getattr__(name: str) -> Any:
    """Submodules are there after `import zarr`, and loaded when they are used."""
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES})
