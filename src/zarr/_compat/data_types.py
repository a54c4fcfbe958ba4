"""Data types by zarr-python's functions on them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from zarr._dtype.base import ZDType
from zarr._dtype.registry import data_type_registry

AnyDType: TypeAlias = ZDType[Any, Any]

NUMPY_SUPPORTS_VLEN_STRING = hasattr(np.dtypes, "StringDType")
"""Whether NumPy has elements of text of any length; every NumPy that this library runs with does."""


def get_data_type_from_native_dtype(dtype: npt.DTypeLike) -> AnyDType:
    """The data type of elements of a NumPy dtype.

    Raises
    ------
    ValueError
        If there is none, or the dtype does not say what its elements hold (Python objects).

    Examples
    --------
    >>> get_data_type_from_native_dtype(">f8")
    Float64(endianness='big')
    """
    return data_type_registry.match_dtype(np.dtype(dtype))
