"""Which of the names that there are somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zarr._support.imports_on_use import importing


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
