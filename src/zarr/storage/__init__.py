"""Stores."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from zarr._store.local import LocalStore
from zarr._store.logged import LoggingStore
from zarr._store.make import StoreLike
from zarr._store.managed_memory import GpuMemoryStore, ManagedMemoryStore
from zarr._store.memory import MemoryStore
from zarr._store.path import StorePath
from zarr._store.remote.file_system import FsspecStore
from zarr._store.remote.object import ObjectStore
from zarr._store.sqlite import SQLiteStore
from zarr._store.traced import Traced, TraceStore, trace
from zarr._store.wrapper import WrapperStore
from zarr._store.zipped.directory import zip_directory
from zarr._store.zipped.store import ZipStore
from zarr._support.former_names import advice_for
from zarr._support.public_names import public_names_of
from zarr._support.warn import warn
from zarr.errors import ZarrDeprecationWarning

__all__ = [
    "FsspecStore",
    "GpuMemoryStore",
    "LocalStore",
    "LoggingStore",
    "ManagedMemoryStore",
    "MemoryStore",
    "ObjectStore",
    "SQLiteStore",
    "StoreLike",
    "StorePath",
    "TraceStore",
    "Traced",
    "WrapperStore",
    "ZipStore",
    "trace",
    "zip_directory",
]


def __getattr__(name: str) -> Any:
    hint = advice_for(name, __name__, __all__)
    raise AttributeError(f"module 'zarr.storage' has no attribute {name!r}{hint}", name=name, obj=sys.modules[__name__])


class VerboseModule(ModuleType):
    """This module, which says that a setting of zarr-python 2 has no effect here any more."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "default_compressor":
            warn(
                "zarr.storage.default_compressor has no effect; pass compressors= where an array is created.",
                ZarrDeprecationWarning,
            )
        else:
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return import_module, (self.__name__,)  # as cloudpickle does it with other modules


sys.modules[__name__].__class__ = VerboseModule

__dir__ = public_names_of(__name__)
