"""Why no node is found in a place, as far as the store or the file system tells: for the texts of errors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from zarr._support.near_names import near_names
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zarr._store.abstract import Store

    Read: TypeAlias = Callable[[str], bytes | None]

_MOST_LOOKED_AT = 10_000
_MOST_SHOWN = 5


class Absence:
    """What a store says of a place where no node is found. It is asked when somebody reads it."""

    __slots__ = ("_path", "_store")

    def __init__(self, store: Store, path: str) -> None:
        self._store, self._path = store, path

    def __str__(self) -> str:
        return self._store._absence(self._path)

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


def nothing_below(array: str) -> str:
    """What is to be said of a path that leads through an array."""
    return f"{repr(array) if array else 'the root of the store'} is an array, and below an array there is nothing"


def array_above(read: Read, path: str) -> str | None:
    """The path of the array that a path leads through, None if there is none.

    Parameters
    ----------
    read
        What is stored under a key.
    path
        Where there is no node.
    """
    above = f"/{path}" if path else ""
    while above:
        above = above.rpartition("/")[0]
        if _is_array(read, f"{above}/"[1:]):
            return above[1:]
    return None


def _is_array(read: Read, prefix: str) -> bool:
    try:
        document = json.loads(read(f"{prefix}zarr.json") or b"null")
    except (ValueError, RecursionError):
        document = None
    is_one = isinstance(document, dict) and document.get("node_type") == "array"
    return is_one or read(f"{prefix}.zarray") is not None


def _read_file(path: str) -> bytes | None:
    try:
        return Path(f"/{path}").read_bytes() if os.path.isfile(f"/{path}") else None
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return None


def absence(base: str, path: str) -> str:
    """Why there is no node at a path in a directory; empty if nothing is to be said but that.

    Parameters
    ----------
    base
        The directory of the store.
    path
        Of the node that was looked for.
    """
    if (array := array_above(_read_file, f"{base}/{path}".strip("/"))) is not None:
        return nothing_below(f"/{array}")
    if not os.path.isdir(base):
        if os.path.exists(base):
            return f"{base!r} is no directory, and no file that a store can be in"
        home = "; a name with '~' is what os.path.expanduser is for" if "/~" in base else ""
        what = "archive" if base.lower().endswith((".zip", ".ozx")) else "directory"
        return f"the {what} {base!r} does not exist{_near(base)}{home}"
    if not path:
        return f"the directory {base!r} has no zarr.json, .zarray or .zgroup{_held(_names(base))}"
    place = f"{base}/{path}"
    if os.path.isdir(place):
        return f"the directory {place!r} has no zarr.json, .zarray or .zgroup{_held(_names(place))}"
    near = _near(place)
    return f"it is not in the directory {base!r}{near}" if near else ""


def absence_in(read: Read, names: Callable[[str], Iterable[str]], path: str) -> str:
    """The same in a store that is no directory; nothing, if that cannot be found out.

    Parameters
    ----------
    read, names
        What is stored under a key, and the names below a path.
    path
        Of the node that was looked for.
    """
    try:
        return _absence_in(read, names, path)
    except Exception as exc:  # the error to be told of is that of who looked for the node
        if came_from_a_signal(exc):
            raise
        return ""


def _absence_in(read: Read, names: Callable[[str], Iterable[str]], path: str) -> str:
    if (array := array_above(read, path)) is not None:
        return nothing_below(array)
    if path:
        above, _, name = path.rpartition("/")
        beside = list(names(above))
        if name in beside:
            return f"something is stored there, but no zarr.json, .zarray or .zgroup{_held(sorted(names(path)))}"
        near = _near_in(name, beside)
        return f"it is not in the store{near}" if near else ""
    there = sorted(names(""))
    return (
        f"the store has no zarr.json, .zarray or .zgroup at its root{_held(there)}" if there else "the store is empty"
    )


def _held(all_names: Sequence[str]) -> str:
    names = [name for name in all_names if not name.startswith(".")]
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"; it holds {', '.join(map(repr, names[:_MOST_SHOWN]))}{more}" if names else ", and nothing else"


def _near(place: str) -> str:
    above, _, name = place.rpartition("/")
    return _near_in(name, _names(above))


def _near_in(name: str, names: Iterable[str]) -> str:
    found = near_names(name, names, most=3)
    return f"; near it there is {', '.join(map(repr, found))}" if found else ""


def _names(directory: str) -> list[str]:
    try:
        with os.scandir(directory or "/") as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(_MOST_LOOKED_AT), strict=False))
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return []
