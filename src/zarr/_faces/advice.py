"""What errors of the faces advise where somebody writes what zarr-python 2, NumPy or h5py would have understood."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from numbers import Integral
from typing import Any, NoReturn, TypeVar

import numpy as np

Method = TypeVar("Method", bound=Callable[..., Any])

_BEFORE = {"array": "create_array", "create_dataset": "create_array", "require_dataset": "require_array"}
"""Methods of zarr-python 2's groups, and what they are called now."""


_OF_DTYPE = frozenset({"itemsize"})
"""Attributes of NumPy's arrays that the dtype has too."""


def no_such_attribute(face: object, name: str, advice: str) -> Any:
    """What `__getattr__` of a face does: raise an AttributeError that ends in an advice.

    Python asks it too after a property raised an AttributeError; then that is raised again.
    """
    if hasattr(type(face), name):
        return object.__getattribute__(face, name)
    raise AttributeError(f"{type(face).__name__!r} object has no attribute {name!r}{advice}", name=name, obj=face)


def of_group(name: str, member: str) -> str:
    """The advice for an attribute that a group does not have; `member` is how a member of that name is reached."""
    if name.startswith("_"):
        return ""
    if name in _BEFORE:
        return f", which was zarr-python 2's; it is {_BEFORE[name]!r} now"
    return f"; a member of this name is {member}"


def of_array(name: str, whole: str) -> str:
    """The advice for an attribute that an array does not have; `whole` is how all of it is read."""
    if name.startswith("_") or not hasattr(np.ndarray, name):
        return ""
    if name in _OF_DTYPE:
        return f", which is NumPy's; it is array.dtype.{name}"
    return f", which is NumPy's; read what you need first, as in {whole}.{name}"


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
