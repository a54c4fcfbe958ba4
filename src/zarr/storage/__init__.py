"""Stores."""

import sys
from types import ModuleType
from typing import Any

from zarr._store.local import LocalStore
from zarr._store.make import StoreLike
from zarr._store.memory import MemoryStore
from zarr._store.path import StorePath
from zarr._store.wrapper import WrapperStore
from zarr._support.public_names import public_names_of
from zarr._support.warn import warn
from zarr.errors import ZarrDeprecationWarning

__all__ = ["LocalStore", "MemoryStore", "StoreLike", "StorePath", "WrapperStore"]


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


sys.modules[__name__].__class__ = VerboseModule

__dir__ = public_names_of(__name__)
