"""Data types, and what a program means by one."""

from zarr import dtype
from zarr._compat.annotations import TBaseDType, TBaseScalar, ZDTypeLike
from zarr._compat.data_types import AnyDType, get_data_type_from_native_dtype
from zarr._compat.parsing import get_data_type_from_json
from zarr._dtype.registry import DataTypeRegistry
from zarr._support.imports_on_use import submodules_of
from zarr._support.public_names import public_names_of
from zarr.dtype import *  # noqa: F403  # the module's __all__ is the list

__all__ = [  # noqa: PLE0604  # strings, all of them
    *dtype.__all__,
    "AnyDType",
    "DataTypeRegistry",
    "TBaseDType",
    "TBaseScalar",
    "ZDTypeLike",
    "get_data_type_from_json",
    "get_data_type_from_native_dtype",
]

__getattr__ = submodules_of(__name__)

__dir__ = public_names_of(__name__)
