"""Arrays of pandas and Arrow of which elements are missing.

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
        if hasattr(self.array, "to_pylist"):
            items = np.empty(self.is_missing.shape, object)
            items[:] = self.array.to_pylist()
        else:
            items = np.array(self.array, dtype=object)
        items[self.is_missing] = None
        return items


def nullable(value: object) -> Nullable | None:
    """What is missing of an array of pandas or Arrow; None if nothing is, and for anything else.

    >>> nullable([1, None]) is None
    True
    """
    package = type(value).__module__.partition(".")[0]
    if package == "pandas":
        return _of_pandas(value)
    return _of_arrow(value) if package == "pyarrow" else None


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
    if not isinstance(value, pa.Array | pa.ChunkedArray) or not value.null_count:
        return None
    is_of = pa.types
    kinds = {"b": is_of.is_boolean, "i": is_of.is_integer, "f": is_of.is_floating}
    kind = next((kind for kind, is_one in kinds.items() if is_one(value.type)), "O")
    return Nullable(value, np.array([not item.is_valid for item in value], bool), kind)


_NUMBERS = frozenset("biuf")
