"""Texts that a user types for places, and the nodes there.

Beyond what the library takes for a store, a text may go on inside of an archive or a database: `data.zip/a/b`, `zip::s3://bucket/data.zip/a`,
`data.sqlite/a`. Whatever was opened to be written to is closed when the command is done; an archive is complete only then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import zarr._faces.array
import zarr._faces.group
from zarr._flow.drive import run
from zarr._flow.load import look
from zarr._store.make import make_store
from zarr._store.no_file import beginning_of_file
from zarr._store.path import StorePath
from zarr._store.sqlite import SQLiteStore
from zarr._store.urls import is_url
from zarr.api.synchronous import open as open_node
from zarr.errors import ArgumentError, NodeNotFoundError

Array = zarr._faces.array.Array
Group = zarr._faces.group.Group

PLACE_OF_ARCHIVE = "The zip archive: a file, or a URL such as 'zip::s3://bucket/data.zip'."
_IN_ARCHIVE = re.compile(r"(?P<archive>.*?\.(?:zip|ozx))/(?P<path>.+)", re.IGNORECASE)
_ARCHIVES, _DATABASES = (".zip", ".ozx"), (".sqlite", ".sqlite3")


@dataclass
class Opened:
    """What a command opens.

    Attributes
    ----------
    options
        Of stores at URLs.
    """

    options: dict[str, Any] = field(default_factory=dict)
    _stores: list[Any] = field(default_factory=list)

    def at(self, text: str, mode: Any = "r") -> StorePath:
        """The place that a text means."""
        given, path = split(text)
        if isinstance(given, SQLiteFile):
            store: Any = SQLiteStore(given.path, read_only=mode == "r")
        else:
            options = self.options if isinstance(given, str) and is_url(given) else {}
            store = make_store(given, mode=mode, storage_options=options or None)
        self._stores.append(store)
        return StorePath(store, path)

    def node(self, text: str, mode: Any = "r") -> Array | Group:
        """The array or group at a place."""
        return open_node(self.at(text, mode), mode=mode)

    def array(self, text: str, mode: Any = "r") -> Array:
        """The array at a place.

        Raises
        ------
        ArgumentError
            If there is a group.
        """
        node = self.node(text, mode)
        if isinstance(node, Array):
            return node
        names = [name for name, _ in node.arrays()]
        step = f"; name one of its arrays: {_shown(names)}" if names else ", and this is for arrays"
        raise ArgumentError(f"there is a group at {text!r}{step}")

    def group(self, text: str, mode: Any = "r") -> Group:
        """The group at a place.

        Raises
        ------
        ArgumentError
            If there is an array.
        """
        node = self.node(text, mode)
        if isinstance(node, Group):
            return node
        raise ArgumentError(f"there is an array at {text!r}, and this is for groups")

    def has_node(self, text: str) -> bool:
        """Whether there is a node at a place."""
        try:
            return run(look(self.at(text))) is not None
        except NodeNotFoundError:
            return False

    def parent(self, text: str, mode: Any) -> tuple[Group, str] | None:
        """The group above a place that has none above it, and the path from there; None if there is none, so that the place is a root.

        Its consolidated metadata tell of all that is below it. Names between it and the place may be of nothing yet.
        """
        found: tuple[str, str] | None = None
        above = text.rstrip("/")
        names: list[str] = []
        while (cut := _up(above)) is not None:
            above, name = cut
            names.insert(0, name)
            if self._has_group(above):
                found = above, "/".join(names)
            elif found is not None:
                break
        return None if found is None else (self.group(found[0], mode), found[1])

    def _has_group(self, text: str) -> bool:
        try:
            return isinstance(self.node(text), Group)
        except NodeNotFoundError:
            return False

    def close(self) -> None:
        """Complete what was written."""
        for store in self._stores:
            store.close()
        self._stores.clear()


@contextmanager
def opened(options: dict[str, Any] | None = None) -> Iterator[Opened]:
    """What a command opens, closed in the end if all went well."""
    made = Opened(dict(options or {}))
    yield made
    made.close()


@dataclass(frozen=True)
class SQLiteFile:
    """A database that is to be opened as a store."""

    path: Path


def split(text: str) -> tuple[Any, str]:
    """What a text means: a store, as the library takes it, and the path inside.

    Examples
    --------
    >>> split("s3://bucket/a.zarr"), split("zip::https://host/a.zip/b/c")
    (('s3://bucket/a.zarr', ''), ('zip::https://host/a.zip', 'b/c'))
    """
    if not text:
        raise ArgumentError("an empty text is no place; '.' is the working directory")
    if text.startswith("sqlite://"):
        return _in_file(Path(text.removeprefix("sqlite://")))
    if is_url(text):
        found = _IN_ARCHIVE.fullmatch(text) if text.startswith("zip:") else None
        return (found["archive"], found["path"]) if found else (text, "")
    return _in_file(Path(text))


def _in_file(path: Path) -> tuple[Any, str]:
    """A file that is a store, or is to be made as one, above a path or at it, and the rest of the path; else the path itself."""
    for above in (path, *path.parents):
        suffix = above.suffix.lower()
        is_there = above.exists()
        if above.is_dir() or not (is_there or suffix in _ARCHIVES + _DATABASES):
            if is_there:
                break
            continue
        inner = path.relative_to(above).as_posix()
        is_database = suffix in _DATABASES if not is_there else beginning_of_file(above) == b"SQLite f"
        return SQLiteFile(above) if is_database else str(above), "" if inner == "." else inner
    return str(path), ""


def is_root_of_file(text: str) -> bool:
    """Whether a text names a whole archive or database."""
    given, path = split(text)
    if path:
        return False
    return isinstance(given, SQLiteFile) or (
        Path(str(given).removeprefix("zip::")).suffix.lower() in _ARCHIVES and not Path(str(given)).is_dir()
    )


def _up(text: str) -> tuple[str, str] | None:
    """A place without its last name, and that; None at the top."""
    scheme, mark, rest = text.rpartition("://") if "://" in text else ("", "", text)
    above, slash, name = rest.rpartition("/")
    if not name or name in (".", "..") or (mark and (not slash or not above)):
        return None
    if is_root_of_file(text):
        return None
    if not slash:
        return (f"{scheme}{mark}.", name) if not mark else None
    return f"{scheme}{mark}{above or '/'}", name


def last_name(text: str) -> str:
    """The last name of a place."""
    return PurePosixPath(text.rstrip("/").partition("://")[2] or text).name


def _shown(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
