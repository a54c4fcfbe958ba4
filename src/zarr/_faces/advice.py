"""What errors of the faces advise where somebody writes what zarr-python 2, NumPy or h5py would have understood."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from numbers import Integral
from typing import Any, NoReturn, TypeVar

import numpy as np

from zarr._support.near_names import near_names

Method = TypeVar("Method", bound=Callable[..., Any])

_BEFORE = {"array": "create_array", "create_dataset": "create_array", "require_dataset": "require_array"}
"""Methods of zarr-python 2's groups, and what they are called now."""
_INSTEAD = {
    "close": "there is nothing to close, as every write is done when its call returns",
    "flush": "there is nothing to flush, as every write is done when its call returns",
    "pop": "{delete} deletes a member",
    "popitem": "{delete} deletes a member",
    "clear": "{delete} deletes a member, and zarr.create_group(..., overwrite=True) makes the group anew",
    "rename": "`move` gives a member another name",
    "copy": "zarr.copy and zarr.copy_all copy members into another group",
}
"""What dicts and files have, or zarr-python 2's groups had, and what does it here."""


_OF_DTYPE = frozenset({"itemsize"})
"""Attributes of NumPy's arrays that the dtype has too."""


def no_such_attribute(face: object, name: str, advice: str) -> Any:
    """What `__getattr__` of a face does: raise an AttributeError that ends in an advice.

    Python asks it too after a property raised an AttributeError; then that is raised again.
    """
    if hasattr(type(face), name):
        return object.__getattribute__(face, name)
    raise AttributeError(f"{type(face).__name__!r} object has no attribute {name!r}{advice}", name=name, obj=face)


def of_group(face: type, name: str, member: str) -> str:
    """The advice for an attribute that a group does not have; `member` is how a member of that name is reached."""
    if name.startswith("_"):
        return ""
    if name in _BEFORE:
        return f", which was zarr-python 2's; it is {_BEFORE[name]!r} now"
    if name in _INSTEAD:
        delete = "`await group.delitem(name)`" if hasattr(face, "delitem") else "`del group[name]`"
        return f"; {_INSTEAD[name].format(delete=delete)}"
    if near := near_names(name, [known for known in dir(face) if not known.startswith("_")]):
        return f"; did you mean {near[0]!r}? If a member of this name is meant, write {member}"
    return f"; if a member of this name is meant, write {member}"


def of_array(name: str, whole: str) -> str:
    """The advice for an attribute that an array does not have; `whole` is how all of it is read."""
    if name.startswith("_") or not hasattr(np.ndarray, name):
        return ""
    if name in _OF_DTYPE:
        return f", which is NumPy's; it is array.dtype.{name}"
    return f", which is NumPy's; read what you need first, as in {whole}.{name}"


def not_subscriptable(face: object, call: str) -> NoReturn:
    """What square brackets of an asynchronous face do: raise the TypeError that there are none, which ends in the call instead."""
    raise TypeError(
        f"{type(face).__name__!r} object is not subscriptable, as reading and writing have to be awaited: {call}"
    )


def attrs_are_not_assigned(instead: str) -> NoReturn:
    """What the setter of `attrs` does."""
    raise AttributeError(f"attrs cannot be assigned to: {instead}")


def refuse_lengths(function: str, lengths: tuple[Any, ...]) -> None:
    """Raise TypeError for the lengths of a shape that are given one by one, as NumPy's `resize` takes them."""
    if len(lengths) > 1 and all(isinstance(n, Integral) and not isinstance(n, bool) for n in lengths):
        raise TypeError(f"{function}() takes one shape, which is a tuple: {function}({lengths})")


def takes_one_shape(method: Method) -> Method:
    """A method with a shape as its only argument, with the advice of `refuse_lengths`."""

    @wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_lengths(method.__name__, args)
        return method(self, *args, **kwargs)

    return checked  # type: ignore[return-value]  # with the same signature
