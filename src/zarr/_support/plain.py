"""Plain values: those that a parsed JSON document is made of, in Python's own types. What they are is found out, and copies
of them are made, without a call for each of a million numbers.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from math import isfinite
from types import NoneType
from typing import Any, TypeVar

T = TypeVar("T")
ATOMS = frozenset({str, int, float, bool, NoneType})
NUMBERS = frozenset({int, float})
_NAMES = frozenset({str})


class NotPlainError(Exception):
    """A value is of another type, no finite number, or nested too deep; for whoever asked, who knows another way."""


def copied(value: T) -> T:
    """A copy of a plain value that shares no list and no dict with it. What is not plain is copied by `copy.deepcopy`.

    Examples
    --------
    >>> value = {"a": [1, 2]}
    >>> copy = copied(value)
    >>> copy == value, copy["a"] is value["a"]
    (True, False)
    """
    return value if type(value) in ATOMS else _copied(value)


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        if ATOMS.issuperset(map(type, value.values())):
            return value.copy()
        return {name: copied(member) for name, member in value.items()}
    if kind is list:
        return value.copy() if ATOMS.issuperset(map(type, value)) else [copied(entry) for entry in value]
    return deepcopy(value)


def plain_copy(value: Any, depth: int) -> Any:
    """As `copied`, for a value that reads back from a document as exactly what it is.

    Parameters
    ----------
    value
        Any object.
    depth
        How deep lists and dicts may be nested in it.

    Raises
    ------
    NotPlainError
        If it does not: tuples become lists, numbers of NumPy's become Python's, JSON has no NaN.

    Examples
    --------
    >>> plain_copy([1, None, {"a": "b"}], 2)
    [1, None, {'a': 'b'}]
    """
    kind = type(value)
    if kind is not dict and kind is not list:
        if kind not in ATOMS:
            raise NotPlainError
        check_finite((value,), {kind})
        return value
    if not depth:
        raise NotPlainError
    if kind is dict:
        if not are_names(value):
            raise NotPlainError
        if ATOMS.issuperset(kinds := set(map(type, value.values()))):
            check_finite(value.values(), kinds)
            return value.copy()
        return {name: plain_copy(member, depth - 1) for name, member in value.items()}
    if ATOMS.issuperset(kinds := set(map(type, value))):
        check_finite(value, kinds)
        return value.copy()
    return [plain_copy(entry, depth - 1) for entry in value]


def is_flat(members: dict[Any, Any]) -> bool:
    """Whether a dict has nothing in it but plain values that are neither lists nor dicts, and reads back as it is.

    Examples
    --------
    >>> is_flat({"a": 1, "b": None}), is_flat({"a": [1]}), is_flat({"a": float("nan")})
    (True, False, False)
    """
    kinds = set(map(type, members.values()))
    if not ATOMS.issuperset(kinds) or not are_names(members):
        return False
    return all(map(isfinite, [value for value in members.values() if type(value) is float]))


def are_names(names: Collection[Any]) -> bool:
    """Whether all are strings, of no class derived from that."""
    return _NAMES.issuperset(map(type, names))


def check_finite(values: Collection[Any], kinds: Collection[type]) -> None:
    """Raise NotPlainError if there is a NaN or an infinity among values of these kinds."""
    if float not in kinds:
        return
    floats = values if len(kinds) == 1 else [value for value in values if type(value) is float]
    if not all(map(isfinite, floats)):
        raise NotPlainError
