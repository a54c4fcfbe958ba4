"""What installed packages offer: the entry points of our groups, read when a name is not known, loaded one by one.

A package that cannot be loaded takes nothing from the others. Its failure is a value: who looked for that very name puts
it into an error, everybody else goes on, after one warning that names package, entry point and cause.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarr._support.imports_on_use import importing
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import warn
from zarr.errors import ZarrUserWarning

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

Place = tuple[str, str | None]
"""Where packages offer something: a group of entry points, and the name that they have there (None: any)."""


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """An entry point that leads to no class.

    Attributes
    ----------
    entry
        The entry point.
    cause
        What loading it raised.
    """

    entry: EntryPoint
    cause: Exception

    def __str__(self) -> str:
        package = None if self.entry.dist is None else _name_of(self.entry.dist)
        source = self.entry.value if package is None else f"{self.entry.value}, package {package!r}"
        return (
            f"the entry point {self.entry.name!r} of group {self.entry.group!r} ({source}) failed to load: "
            f"{type(self.cause).__name__}: {self.cause}"
        )


def offered_at(places: Iterable[Place]) -> list[EntryPoint]:
    """The entry points at these places, in the order of the places."""
    offers = _installed()
    return [entry for group, name in places for entry in offers if entry.group == group and name in (None, entry.name)]


def load_class(entry: EntryPoint) -> type[Any] | LoadFailure:
    """The class that an entry point leads to, or why there is none: modules of packages may raise whatever they like."""
    try:
        with importing(entry.module):
            loaded = entry.load()
    except Exception as exc:  # whatever a foreign module raises: whoever asked for it sees it
        if came_from_a_signal(exc):
            raise
        return LoadFailure(entry, exc)
    if not isinstance(loaded, type):
        return LoadFailure(entry, TypeError(f"{loaded!r} is not a class"))
    return loaded


def report(failures: Iterable[LoadFailure]) -> None:
    """Warn of each failure, once in this process."""
    for failure in failures:
        warn_once(f"{failure}. What it offers is left out; install what it needs, or remove that package.")


_reported: set[str] = set()


def warn_once(text: str, about: str | None = None) -> None:
    """Warn, once in this process.

    Parameters
    ----------
    text
        What to say.
    about
        What there is to be one warning of; the text itself if None.
    """
    key = text if about is None else about
    if key not in _reported:
        _reported.add(key)
        warn(text, ZarrUserWarning)


_known: tuple[object, tuple[EntryPoint, ...]] | None = None


def _installed() -> tuple[EntryPoint, ...]:
    """All entry points of our groups; read again only when something was installed."""
    global _known
    state = [(place, _changed_at(place)) for place in sys.path]
    if _known is None or _known[0] != state:
        _known = state, tuple(_read())
    return _known[1]


def _changed_at(directory: str) -> int | None:
    """When packages came or went; None for what is no place on disk."""
    try:
        return Path(directory).stat().st_mtime_ns
    except (OSError, TypeError, ValueError) as exc:  # anybody may put anything there
        if came_from_a_signal(exc):
            raise
        return None


def _read() -> list[EntryPoint]:
    """Package by package: read all at once, one unreadable package would hide the others."""
    with importing("importlib.metadata"):  # on use: slow, and seldom needed; and it imports more for each package
        from importlib.metadata import distributions

        return list(_offered_by(distributions()))


def _offered_by(packages: Iterable[Distribution]) -> Iterator[EntryPoint]:
    seen = set()
    for package in packages:
        try:
            ours = [entry for entry in package.entry_points if entry.group.partition(".")[0] == "zarr"]
        except Exception as exc:  # a damaged file fails in any way
            if came_from_a_signal(exc):
                raise
            where = f"the entry points of package {_name_of(package)!r} cannot be read: {type(exc).__name__}: {exc}"
            warn_once(f"{where}. What it offers is left out; install it again, or remove it.")
            continue
        if ours and (name := _name_of(package)) not in seen:  # the first on the path hides others of its name
            seen.add(name)
            yield from ours


def _name_of(package: Distribution) -> str | None:
    try:
        return package.name
    except Exception as exc:  # metadata is missing, or damaged in any way
        if came_from_a_signal(exc):
            raise
        return None
