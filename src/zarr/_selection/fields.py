"""Fields of structs in a selection: by the keyword `fields`, or by their names in square brackets.

One name selects what is in that field; several, a struct that has those fields, in the order in which they are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from zarr._buffer.memory import empty
from zarr.errors import ArrayIndexError

Fields: TypeAlias = str | list[str] | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """Some fields of a dtype.

    Attributes
    ----------
    dtype
        A struct of just these fields.
    name
        The field, if there is only one and its elements stand for themselves; None if they remain a struct.
    """

    dtype: np.dtype[np.void]
    name: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields."""
        return self.dtype.names or ()

    @property
    def item(self) -> tuple[np.dtype[Any], tuple[int, ...]]:
        """Dtype and shape of what is selected of one element."""
        if self.name is None:
            return self.dtype, ()
        dtype = self.dtype[self.name]
        return (dtype, ()) if dtype.subdtype is None else dtype.subdtype

    def of(self, elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is selected of elements of the whole dtype."""
        if self.name is not None:
            found: npt.NDArray[Any] = elements[self.name]
            return found
        made = empty(elements.shape, self.dtype)
        for name in self.names:
            made[name] = elements[name]
        return made

    def wrapped(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of the selected field as structs of it alone; structs as they are."""
        if self.name is None:
            return values
        _, shape = self.item
        if values.ndim < len(shape):
            values = np.broadcast_to(values, shape)
        made = empty(values.shape[: values.ndim - len(shape)], self.dtype)
        made[self.name] = values
        return made


def choose_fields(selection: Any, fields: Fields, dtype: np.dtype[Any]) -> tuple[FieldChoice | None, Any]:
    """The fields that a selection names, if any, and the selection without them.

    Parameters
    ----------
    selection
        As the user wrote it.
    fields
        The keyword of the same name.
    dtype
        Of the array.

    Raises
    ------
    ArrayIndexError
        If there is no such field.

    Examples
    --------
    >>> choice, rest = choose_fields(("b", 0), None, np.dtype([("a", "i1"), ("b", "<f4")]))
    >>> choice.name, rest
    ('b', 0)
    """
    if dtype.names is None:
        if fields:
            raise ArrayIndexError(f"invalid 'fields' argument {fields!r}, array does not have any fields")
        return None, selection
    named, rest = _split(selection)
    if named and fields:
        raise ArrayIndexError(f"fields are named twice: in the selection ({named!r}) and by 'fields' ({fields!r})")
    wanted = named or fields
    if not wanted:
        return None, selection
    return _choice(wanted, dtype), rest


def _split(selection: Any) -> tuple[Fields, Any]:
    """Names of fields in a selection, and the rest of it."""
    if isinstance(selection, str) or (isinstance(selection, list) and selection and _are_names(selection)):
        return selection, Ellipsis
    if not isinstance(selection, tuple):
        return None, selection
    names = tuple(entry for entry in selection if isinstance(entry, str))
    if not names:
        return None, selection
    rest = tuple(entry for entry in selection if not isinstance(entry, str))
    return names[0] if len(names) == 1 else names, (rest[0] if len(rest) == 1 else rest or Ellipsis)


def _are_names(entries: list[Any]) -> bool:
    return all(isinstance(entry, str) for entry in entries)


def _choice(wanted: Any, dtype: np.dtype[Any]) -> FieldChoice:
    is_one = isinstance(wanted, str)
    names = [wanted] if is_one else list(wanted)
    known = dtype.names or ()
    for name in names:
        if name not in known:
            raise ArrayIndexError(
                f"invalid 'fields' argument {wanted!r}, field not found: {name!r}; the array has the fields {list(known)}"
            )
    if len(set(names)) < len(names):
        raise ArrayIndexError(f"invalid 'fields' argument {wanted!r}: a field is named twice")
    return FieldChoice(np.dtype([(name, dtype[name]) for name in names]), wanted if is_one else None)
