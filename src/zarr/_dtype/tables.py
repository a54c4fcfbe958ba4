"""Tables of pandas, Arrow and Polars, of which every column has a type of its own.

By their own way to NumPy all columns get the type that they have in common, which may not hold what is in them: integers beside
floating numbers are rounded. Here each column is converted by itself. Nothing is imported to find out whether something is one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from zarr._buffer.memory import empty
from zarr._dtype.missing import MOST_AXES
from zarr._dtype.nullable import nullable, package_of
from zarr._dtype.objects import in_objects
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

Elements: TypeAlias = "npt.NDArray[Any]"


class Table(NamedTuple):
    """Columns of one length.

    Attributes
    ----------
    names
        What each is called.
    columns
        Arrays of the same package.
    common
        The dtype that NumPy has for all of them.
    """

    names: Sequence[object]
    columns: Sequence[Any]
    common: np.dtype[Any]

    def joined(self, dtype: np.dtype[Any], convert: Callable[[Any], Elements]) -> Elements:
        """An array of a dtype with the columns side by side, each converted by itself.

        Raises
        ------
        Exception
            What converting raises, with the name of the column.
        """
        if dtype.names is not None:
            raise ArgumentError(
                f"a table is no array of elements with the fields {list(dtype.names)}: give its rows as structs, as to_records(index=False) "
                "makes them of a DataFrame"
            )
        made = empty((len(self.columns[0]), len(self.columns)), dtype)
        for i, (name, column) in enumerate(zip(self.names, self.columns, strict=True)):
            try:
                made[:, i] = convert(column)
            except (TypeError, ValueError, OverflowError) as exc:
                exc.args = (f"column {name!r}: {str(exc).rstrip('.')}. {_ADVICE}",)
                raise
        return made

    def objects(self) -> Elements:
        """The elements as Python's objects, or NumPy's scalars, with None for those that are missing."""
        return self.joined(np.dtype(object), objects_of)


_ADVICE = (
    "The columns of a table go into one array where its data type holds what is in all of them; else store each as an array of its own, or "
    "the rows as structs (DataFrame.to_records)"
)


def objects_of(column: Any) -> Elements:
    """The elements of an array of such a package as objects, with None for those that are missing."""
    found = nullable(column)
    return in_objects(np.asarray(column)) if found is None else found.objects()


def table_of(value: object) -> Table | None:
    """What is a table whose columns are not all of one type of NumPy's; None for anything else.

    >>> table_of([[1, 2.0]]) is None
    True
    """
    find = _FIND.get(package_of(type(value)))
    return None if find is None else find(value)


def _of_pandas(value: Any) -> Table | None:
    if getattr(value, "ndim", 0) != 2 or not hasattr(value, "iloc") or not value.shape[1]:
        return None
    dtypes = list(value.dtypes)
    if isinstance(dtypes[0], np.dtype) and all(dtype == dtypes[0] for dtype in dtypes):
        return None
    columns = [value.iloc[:, i] for i in range(value.shape[1])]
    return Table(list(value.columns), columns, np.asarray(value.iloc[:0]).dtype)


def _of_arrow(value: Any) -> Table | None:
    pa = sys.modules["pyarrow"]
    if not isinstance(value, pa.Table | pa.RecordBatch) or not value.num_columns:
        return None
    columns = list(value.columns)
    is_plain = pa.types.is_primitive(columns[0].type)
    if is_plain and all(column.type == columns[0].type and not column.null_count for column in columns):
        return None
    return Table(value.schema.names, columns, np.asarray(value.slice(0, 0)).dtype)


def _of_polars(value: Any) -> Table | None:
    if not hasattr(value, "get_columns") or not value.width:
        return None
    columns = value.get_columns()
    if all(column.dtype == columns[0].dtype and not column.null_count() for column in columns):
        return None
    return Table(value.columns, columns, np.asarray(value[:0]).dtype)


_FIND: dict[str, Callable[[Any], Table | None]] = {"pandas": _of_pandas, "polars": _of_polars, "pyarrow": _of_arrow}


def opened(value: Any, kinds: set[type], of_array: Callable[[Any], Any]) -> Any:
    """Nested sequences, whose leaves have these types, with what is made of each array and table of these packages in them, and Python's
    objects for scalars of Arrow.
    """
    return _opened(value, of_array, MOST_AXES) if any(map(_is_array, kinds)) or any(map(_is_scalar, kinds)) else value


def _opened(value: Any, of_array: Callable[[Any], Any], depth: int) -> Any:
    if isinstance(value, list | tuple) and depth:
        items = (_opened(item, of_array, depth - 1) for item in value)
        return list(items) if isinstance(value, list) else tuple(items)
    if _is_scalar(type(value)):
        return value.as_py()
    return of_array(value) if _is_array(type(value)) else value


def _is_array(kind: type) -> bool:
    return package_of(kind) in _FIND and hasattr(kind, "__array__")


def _is_scalar(kind: type) -> bool:
    return package_of(kind) == "pyarrow" and hasattr(kind, "as_py")
