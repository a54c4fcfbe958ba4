"""Which of the names that there are somebody may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import wraps
from typing import Any, TypeVar

from zarr._support.imports_on_use import importing

Class = TypeVar("Class", bound=type[Any])


def near_names(name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Those that a name looks like, the nearest first.

    Parameters
    ----------
    name
        What was asked for.
    known
        What there is.
    most
        Return no more than so many.
    cutoff
        How near they must be, as in `difflib.get_close_matches`: 0 is anything, 1 the same.

    Examples
    --------
    >>> near_names("chunk", ["chunks", "shards"])
    ['chunks']
    >>> near_names("A", ["a", "b"])
    ['a']
    """
    with importing("difflib"):  # on use, as it is slow to import
        from difflib import get_close_matches
    there = list(known)
    same = [each for each in there if each.casefold() == name.casefold()]  # however short
    close = get_close_matches(name, there, n=most, cutoff=cutoff)
    return list(dict.fromkeys([*same, *close]))[:most]


def suggests_keywords(cls: Class) -> Class:
    """A class that says which keyword may be meant, where Python's TypeError names one that its `__init__` does not have.

    Examples
    --------
    >>> @suggests_keywords
    ... class Codec:
    ...     def __init__(self, level: int = 0) -> None: ...
    >>> Codec(lvl=3)
    Traceback (most recent call last):
    TypeError: Codec.__init__() got an unexpected keyword argument 'lvl'; did you mean 'level'?
    """
    init = cls.__init__

    @wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError as exc:
            if exc.__traceback__ is not None and exc.__traceback__.tb_next is None:  # the call itself is wrong
                exc.args = (f"{exc}{_keyword_meant(str(exc), init)}",)
            raise

    cls.__init__ = checked
    return cls


_UNKNOWN = re.compile(r"unexpected keyword argument '(\w+)'$")


def _keyword_meant(text: str, function: Any) -> str:
    found = _UNKNOWN.search(text)
    if found is None:  # another error, or this Python has a hint of its own
        return ""
    with importing("inspect"):
        from inspect import signature
    known = [name for name in signature(function).parameters if name != "self"]
    near = near_names(found[1], known, cutoff=0.7)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; it takes {', '.join(map(repr, known))}" if known else "; it takes none"


class NearPaths:
    """What a message says of a path that leads to no node, and of those whose last name is near it; looked for when it is read."""

    def __init__(self, path: str, known: Sequence[str]) -> None:
        self._path, self._known = path, known

    def __str__(self) -> str:
        if self._path in self._known:
            return f"; something is stored at {self._path!r}, but no metadata document that would make it an array or a group"
        by_name = {path.rpartition("/")[2]: path for path in self._known}
        found = [by_name[name] for name in near_names(self._path.rpartition("/")[2], by_name, most=3)]
        return f"; near it there is {', '.join(map(repr, found))}" if found else ""
