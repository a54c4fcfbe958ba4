"""Why no node is found in a place of a local directory, as far as the file system tells: for the texts of errors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zarr._support.near_names import near_names

if TYPE_CHECKING:
    from zarr._store.abstract import Store

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


def absence(base: str, path: str) -> str:
    """Why there is no node at a path in a directory; empty if nothing is to be said but that.

    Parameters
    ----------
    base
        The directory of the store.
    path
        Of the node that was looked for.
    """
    if not os.path.isdir(base):
        home = "; a name with '~' is what os.path.expanduser is for" if "/~" in base else ""
        return f"the directory {base!r} does not exist{_near(base)}{home}"
    if not path:
        names = [name for name in _names(base) if not name.startswith(".")]
        more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
        inside = f"; it holds {', '.join(map(repr, names[:_MOST_SHOWN]))}{more}" if names else ", and nothing else"
        return f"the directory {base!r} has no zarr.json, .zarray or .zgroup{inside}"
    near = _near(f"{base}/{path}")
    return f"it is not in the directory {base!r}{near}" if near else ""


def _near(place: str) -> str:
    above, _, name = place.rpartition("/")
    found = near_names(name, _names(above), most=3)
    return f"; near it there is {', '.join(map(repr, found))}" if found else ""


def _names(directory: str) -> list[str]:
    try:
        with os.scandir(directory or "/") as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(_MOST_LOOKED_AT), strict=False))
    except OSError:
        return []
