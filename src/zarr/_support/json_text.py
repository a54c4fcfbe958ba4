"""JSON text with indentation, for documents of plain values.

Before Python 3.13, its encoder is in C only without indentation. Here what is not nested is put together many values at a time: the
numbers and texts of a list, or of an object's members, with hardly a call of Python's for each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from json.encoder import encode_basestring, encode_basestring_ascii
from math import isfinite
from operator import call
from types import NoneType
from typing import Any, TypeAlias

from zarr._support.plain import ATOMS, NUMBERS, NotPlainError, are_names, check_finite

Put: TypeAlias = Callable[[str], None]
_FEW = 16
"""So many values are put one by one: each may be a long text, which would be copied when several are joined."""
_LONG = 1000
"""From so many characters on it matters how they are looked through."""
_BATCH = 4096
"""So many are put together at once: the texts of millions would take fresh memory, which costs more than to fill it."""


def indented(document: Mapping[str, Any], indent: int, most_depth: int) -> str | None:
    """What `json.dumps` makes of a document; None if it holds anything but plain values, or is nested too deep.

    Parameters
    ----------
    document
        What is written.
    indent
        Spaces for each level.
    most_depth
        How deep it may be nested.

    Examples
    --------
    >>> print(indented({"a": [1, True], "b": {}}, 1, 2))
    {
     "a": [
      1,
      true
     ],
     "b": {}
    }
    """
    parts: list[str] = []
    try:
        _put(document, "\n", " " * indent, most_depth, parts.append)
    except NotPlainError:
        return None
    return "".join(parts)


def _put(value: Any, newline: str, step: str, depth: int, put: Put) -> None:
    """Put the text of a value. `newline` ends with the indentation of the line that it is in."""
    if (text := _TEXT_OF_ONE.get(type(value))) is not None:
        put(text(value))
    elif (put_nested := _NESTED.get(type(value))) is not None and depth:
        put_nested(value, newline, step, depth, put)
    else:
        raise NotPlainError


def _put_members(members: dict[Any, Any], newline: str, step: str, depth: int, put: Put) -> None:
    if not members:
        put("{}")
        return
    if len(members) > _FEW:
        _put_many_members(members, newline, step, depth, put)
        return
    inner = newline + step
    before, between = "{" + inner, "," + inner
    for name, value in members.items():
        if type(name) is not str:
            raise NotPlainError
        put(f"{before}{encode_basestring(name)}: ")
        before = between
        if (text := _TEXT_OF_ONE.get(type(value))) is None:
            _put(value, inner, step, depth - 1, put)
        else:  # without a call, as most documents are small and made of these
            put(text(value))
    put(newline + "}")


def _put_many_members(members: dict[Any, Any], newline: str, step: str, depth: int, put: Put) -> None:
    if not are_names(members):
        raise NotPlainError
    inner = newline + step
    before, between = "{" + inner, "," + inner
    names = iter(members)
    for batch in _batches(members.values()):
        written = map(encode_basestring, islice(names, len(batch)))
        if (texts := _texts(batch)) is not None:
            put(before + between.join(map(": ".join, zip(written, texts, strict=True))))
            before = between
        else:
            for name, value in zip(written, batch, strict=True):
                put(f"{before}{name}: ")
                before = between
                _put(value, inner, step, depth - 1, put)
    put(newline + "}")


def _put_entries(entries: Collection[Any], newline: str, step: str, depth: int, put: Put) -> None:
    if not entries:
        put("[]")
        return
    inner = newline + step
    before, between = "[" + inner, "," + inner
    for batch in _batches(entries):
        if (texts := _texts(batch)) is not None:
            put(before + between.join(texts))
            before = between
        else:
            for value in batch:
                put(before)
                before = between
                _put(value, inner, step, depth - 1, put)
    put(newline + "]")


_NESTED: dict[type, Callable[[Any, str, str, int, Put], None]] = {
    dict: _put_members,
    list: _put_entries,
    tuple: _put_entries,
}


def _batches(values: Collection[Any]) -> Iterable[Collection[Any]]:
    if len(values) <= _BATCH:
        return (values,)
    rest = iter(values)
    return iter(lambda: list(islice(rest, _BATCH)), [])


def _texts(values: Collection[Any]) -> Iterable[str] | None:
    """The texts of several values of which none is nested; None if there are few, or anything else is among them."""
    if len(values) <= _FEW:
        return None
    kinds = set(map(type, values))
    if not ATOMS.issuperset(kinds):
        return None
    check_finite(values, kinds)
    if NUMBERS.issuperset(kinds):
        return map(repr, values)
    if len(kinds) == 1:
        return map(_TEXT[kinds.pop()], values)
    return list(map(call, map(_TEXT.__getitem__, map(type, values)), values))


def _quoted(text: str) -> str:
    """The text of a text. Where both are the same, it is made by the faster of two functions."""
    return encode_basestring_ascii(text) if len(text) > _LONG and text.isascii() else encode_basestring(text)


def _finite(number: float) -> str:
    if not isfinite(number):
        raise NotPlainError
    return repr(number)


_WORDS = {None: "null", False: "false", True: "true"}
_TEXT: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: repr,
    float: repr,
    bool: _WORDS.__getitem__,
    NoneType: _WORDS.__getitem__,
}
"""For many values at once, of which somebody has seen that they are finite."""
_TEXT_OF_ONE: dict[type, Callable[[Any], str]] = {**_TEXT, str: _quoted, float: _finite}
