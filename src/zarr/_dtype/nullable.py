"""Arrays of pandas, Arrow and Polars of which elements are missing.

By their own way to NumPy, what is missing becomes NaN, and the integers beside it floating numbers. Here such arrays are asked for
objects instead. Nothing is imported to find out whether something is one.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Elements: TypeAlias = "npt.NDArray[Any]"


class Nullable(NamedTuple):
    """An array of which elements are missing.

    Attributes
    ----------
    array
        As it was given.
    is_missing
        Which elements are.
    kind
        What the others are: "b", "i", "u" or "f", as in NumPy; "O" for anything else.
    """

    array: Any
    is_missing: npt.NDArray[np.bool_]
    kind: str

    def objects(self) -> Elements:
        """The elements as Python's objects, with None for those that are missing."""
        items: Elements
        to_list = _TO_LIST.get(package_of(type(self.array)))
        if to_list is None:
            items = np.array(self.array, dtype=object)
        else:
            items = np.empty(self.is_missing.shape, object)
            items[:] = getattr(self.array, to_list)()
        items[self.is_missing] = None
        return items


def nullable(value: object) -> Nullable | None:
    """What is missing of an array of pandas, Arrow or Polars; None if nothing is, and for anything else.

    >>> nullable([1, None]) is None
    True
    """
    package = package_of(type(value))
    if package == "pandas":
        return _of_pandas(value)
    if package == "polars":
        return _of_polars(value)
    return _of_arrow(value) if package == "pyarrow" else None


def package_of(kind: type) -> str:
    """The package that a class is of.

    >>> package_of(np.ndarray)
    'numpy'
    """
    return kind.__module__.partition(".")[0]


def _of_pandas(value: Any) -> Nullable | None:
    dtype = getattr(value, "dtype", None)
    if dtype is None or isinstance(dtype, np.dtype) or not hasattr(value, "isna"):
        return None
    is_missing = np.asarray(value.isna(), dtype=bool)
    categories = getattr(dtype, "categories", None)
    kind = getattr(dtype if categories is None else categories.dtype, "kind", "O")
    return Nullable(value, is_missing, kind if kind in _NUMBERS else "O") if is_missing.any() else None


def _of_arrow(value: Any) -> Nullable | None:
    pa = sys.modules["pyarrow"]
    if not isinstance(value, pa.Array | pa.ChunkedArray):
        return None
    is_of, item_type = pa.types, value.type
    is_run = is_of.is_run_end_encoded(item_type)  # such an array has no null itself, as only its runs are
    if not (value.null_count or is_run):
        return None
    while is_of.is_dictionary(item_type) or is_of.is_run_end_encoded(item_type):
        item_type = item_type.value_type
    kinds = {"b": is_of.is_boolean, "i": is_of.is_integer, "f": is_of.is_floating}
    kind = next((kind for kind, is_one in kinds.items() if is_one(item_type)), "O")
    is_missing = np.array([item.as_py() is None if is_run else not item.is_valid for item in value], bool)
    return Nullable(value, is_missing, kind) if is_missing.any() else None


def _of_polars(value: Any) -> Nullable | None:
    if not hasattr(value, "is_null") or not value.null_count():
        return None
    dtype = value.dtype
    kinds = {"b": str(dtype) == "Boolean", "i": dtype.is_integer(), "f": dtype.is_float()}
    kind = next((kind for kind, is_one in kinds.items() if is_one), "O")
    return Nullable(value, np.asarray(value.is_null().to_numpy(), bool), kind)


_NUMBERS = frozenset("biuf")
_TO_LIST = {"pyarrow": "to_pylist", "polars": "to_list"}
"""What makes Python's objects of an array, and None of what is missing."""
