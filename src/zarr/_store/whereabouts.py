"""Which places are one, and which lie in others, however they are called: the answers that stores give to `_whereabouts`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class AnyForm:
    """A store of which no more is known than whether it equals another, be one of them read-only or not.

    Stores with equal contents may be equal, and have another text; so that has to be the same as well.
    """

    __slots__ = ("_store",)

    def __init__(self, store: Any) -> None:
        self._store = store

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnyForm):
            return False
        one, two = self._store, other._store
        return one is two or (
            type(one) is type(two) and str(one) == str(two) and (one == two or _read_only(one) == _read_only(two))
        )

    __hash__ = None  # type: ignore[assignment]  # stores have none


def _read_only(store: Any) -> Any:
    try:
        return store.with_read_only(True)
    except NotImplementedError:
        return store


def steps_to(root: object, path: str) -> Sequence[object]:
    """The whereabouts of a path in a store whose root is told from all others by an object.

    Examples
    --------
    >>> steps_to("root", "a/b")
    [('root',), ('root', 'a'), ('root', 'a', 'b')]
    """
    names = path.split("/") if path else []
    return [(root, *names[:depth]) for depth in range(len(names) + 1)]


def directories_to(path: str) -> Sequence[object]:
    """The whereabouts of a directory or a file, which need not exist: by the numbers that the system has for them.

    A link leads to what it means, and lies where it is: what is in both is gone when either goes.
    """
    return [
        *_numbers(path if os.path.isabs(path) else os.path.join(os.getcwd(), path)),
        *_numbers(os.path.realpath(path)),
    ]


def _numbers(path: str) -> Iterator[object]:
    last: object = None
    for above in _prefixes(path):
        try:
            status = os.stat(above)
        except (OSError, ValueError) as exc:  # nothing is there yet, and then nothing below it either
            if came_from_a_signal(exc):
                raise
            last = (last, os.path.basename(above))
        else:
            last = (status.st_dev, status.st_ino)
        yield last


def _prefixes(path: str) -> Iterable[str]:
    """A path and those above it, the outermost first."""
    found = [path]
    while (above := os.path.dirname(path)) != path:
        if above:
            found.append(above)
        path = above
    return reversed(found)
