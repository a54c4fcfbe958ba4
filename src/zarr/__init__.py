"""Chunked, compressed N-dimensional arrays in groups, stored as Zarr format 2 or 3 on any key-value store."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zarr._array import Array
from zarr._async_array import AsyncArray
from zarr._async_group import AsyncGroup
from zarr._codec.pipeline import set_pipeline_choice
from zarr._codec.registry import set_codec_choice
from zarr._config import config
from zarr._group import Group
from zarr._registry import get_pipeline_class
from zarr.api.synchronous import (
    array,
    consolidate_metadata,
    copy,
    copy_all,
    copy_store,
    create,
    create_array,
    create_group,
    create_hierarchy,
    empty,
    empty_like,
    from_array,
    full,
    full_like,
    group,
    load,
    ones,
    ones_like,
    open,
    open_array,
    open_consolidated,
    open_group,
    open_like,
    save,
    save_array,
    save_group,
    tree,
    zeros,
    zeros_like,
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
    from zarr import types as types
    from zarr._debug import print_debug_info as print_debug_info
    from zarr._debug import set_format as set_format
    from zarr._debug import set_log_level as set_log_level

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
    "copy",
    "copy_all",
    "copy_store",
    "create",
    "create_array",
    "create_group",
    "create_hierarchy",
    "empty",
    "empty_like",
    "from_array",
    "full",
    "full_like",
    "group",
    "load",
    "ones",
    "ones_like",
    "open",
    "open_array",
    "open_consolidated",
    "open_group",
    "open_like",
    "print_debug_info",
    "save",
    "save_array",
    "save_group",
    "tree",
    "zeros",
    "zeros_like",
]

set_codec_choice(config.codec_choice)
set_pipeline_choice(get_pipeline_class)

_SUBMODULES = frozenset({"abc", "api", "buffer", "codecs", "dtype", "errors", "registry", "storage", "types"})

_DEBUG = frozenset({"print_debug_info", "set_format", "set_log_level"})


def __getattr__(name: str) -> Any:
    """What is there after `import zarr`, but loaded when it is used."""
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _DEBUG:
        return getattr(import_module(f"{__name__}._debug"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_DEBUG})
