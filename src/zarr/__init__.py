"""Chunked, compressed N-dimensional arrays in groups, stored as Zarr format 2 or 3 on any key-value store."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from zarr import abc as abc
    from zarr import api as api
    from zarr import buffer as buffer
    from zarr import checks as checks
    from zarr import codecs as codecs
    from zarr import dtype as dtype
    from zarr import errors as errors
    from zarr import plans as plans
    from zarr import plot as plot
    from zarr import registry as registry
    from zarr import storage as storage
    from zarr import types as types
    from zarr import views as views
    from zarr import writers as writers
    from zarr._calls.advise import advise as advise
    from zarr._calls.debug import print_debug_info as print_debug_info
    from zarr._calls.debug import set_format as set_format
    from zarr._calls.debug import set_log_level as set_log_level
    from zarr._checks.diff import diff as diff
    from zarr._checks.doctor import doctor as doctor
    from zarr._checks.stat import stat as stat
    from zarr._checks.verify import verify as verify
    from zarr._faces.array import Array as Array
    from zarr._faces.async_array import AsyncArray as AsyncArray
    from zarr._faces.async_group import AsyncGroup as AsyncGroup
    from zarr._faces.group import Group as Group
    from zarr._faces.plan import partition as partition
    from zarr._faces.rechunk import rechunk as rechunk
    from zarr._support.settings import config as config
    from zarr.api.synchronous import array as array
    from zarr.api.synchronous import consolidate_metadata as consolidate_metadata
    from zarr.api.synchronous import copy as copy
    from zarr.api.synchronous import copy_all as copy_all
    from zarr.api.synchronous import copy_store as copy_store
    from zarr.api.synchronous import create as create
    from zarr.api.synchronous import create_array as create_array
    from zarr.api.synchronous import create_group as create_group
    from zarr.api.synchronous import create_hierarchy as create_hierarchy
    from zarr.api.synchronous import empty as empty
    from zarr.api.synchronous import empty_like as empty_like
    from zarr.api.synchronous import from_array as from_array
    from zarr.api.synchronous import full as full
    from zarr.api.synchronous import full_like as full_like
    from zarr.api.synchronous import group as group
    from zarr.api.synchronous import load as load
    from zarr.api.synchronous import ones as ones
    from zarr.api.synchronous import ones_like as ones_like
    from zarr.api.synchronous import open as open
    from zarr.api.synchronous import open_array as open_array
    from zarr.api.synchronous import open_consolidated as open_consolidated
    from zarr.api.synchronous import open_group as open_group
    from zarr.api.synchronous import open_like as open_like
    from zarr.api.synchronous import save as save
    from zarr.api.synchronous import save_array as save_array
    from zarr.api.synchronous import save_group as save_group
    from zarr.api.synchronous import tree as tree
    from zarr.api.synchronous import zeros as zeros
    from zarr.api.synchronous import zeros_like as zeros_like

__version__ = "3.5.0"

__all__ = [
    "Array",
    "AsyncArray",
    "AsyncGroup",
    "Group",
    "__version__",
    "advise",
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
    "diff",
    "doctor",
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
    "partition",
    "print_debug_info",
    "rechunk",
    "save",
    "save_array",
    "save_group",
    "stat",
    "tree",
    "verify",
    "zeros",
    "zeros_like",
]

_SUBMODULES = frozenset(
    {
        "abc",
        "api",
        "buffer",
        "checks",
        "codecs",
        "core",
        "dtype",
        "errors",
        "metadata",
        "plans",
        "plot",
        "registry",
        "storage",
        "types",
        "views",
        "writers",
    }
)
_FUNCTIONS = "zarr.api.synchronous"
_HOMES = {
    "Array": "zarr._faces.array",
    "AsyncArray": "zarr._faces.async_array",
    "AsyncGroup": "zarr._faces.async_group",
    "Group": "zarr._faces.group",
    "advise": "zarr._calls.advise",
    "config": "zarr._support.settings",
    "diff": "zarr._checks.diff",
    "doctor": "zarr._checks.doctor",
    "partition": "zarr._faces.plan",
    "print_debug_info": "zarr._calls.debug",
    "rechunk": "zarr._faces.rechunk",
    "set_format": "zarr._calls.debug",
    "set_log_level": "zarr._calls.debug",
    "stat": "zarr._checks.stat",
    "verify": "zarr._checks.verify",
}
_NAMES = {*_HOMES, *__all__} - {"__version__"}


def __getattr__(name: str) -> Any:
    """What is there after `import zarr`, but loaded when it is used: a program that only might need arrays starts at once."""
    if name not in _SUBMODULES and name not in _NAMES:
        raise AttributeError(
            f"module 'zarr' has no attribute {name!r}{_advice_for(name)}", name=name, obj=sys.modules[__name__]
        )
    home = f"zarr.{name}" if name in _SUBMODULES else _HOMES.get(name, _FUNCTIONS)
    module = _import(home)
    if name in _SUBMODULES:
        return module
    # Found without this function from now on, with the others of that module: at exit nothing can be imported any more,
    # not even what has been.
    globals().update({each: getattr(module, each) for each in _NAMES if _HOMES.get(each, _FUNCTIONS) == home})
    return globals()[name]


def _import(home: str) -> ModuleType:
    from zarr._support.imports_on_use import importing

    with importing(home):
        return import_module(home)


def _advice_for(name: str) -> str:
    if name.startswith("_"):  # Python asks for some, also when it exits
        return ""
    try:
        advice: str = _import("zarr._support.former_names").advice_for(name, __name__, __dir__())
    except ImportError:  # where Python exits
        return ""
    return advice


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES, *_HOMES})
