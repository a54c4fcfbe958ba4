"""The base of data types."""

from zarr._compat.annotations import TBaseDType, TBaseScalar
from zarr._dtype.base import ZDType
from zarr._support.public_names import public_names_of

__all__ = ["TBaseDType", "TBaseScalar", "ZDType"]

__dir__ = public_names_of(__name__)
