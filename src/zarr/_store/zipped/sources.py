"""Where the archive of a store lies: in a file, in a file object of the user's, or as a value in another store."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, Any

from zarr._store.access import sync_contract
from zarr._store.file_url import from_url, is_url
from zarr._store.given_paths import absolute, as_given
from zarr._store.path import StorePath
from zarr._store.remote.backends import remote_store
from zarr._store.remote.describing import without_credentials
from zarr._store.turns import Turns, turns_at
from zarr._store.whereabouts import directories_to
from zarr._store.zipped.archive import Archive, archive_at, archive_in
from zarr._store.zipped.far import FarArchive
from zarr._store.zipped.files import what_hinders
from zarr._support.imports_on_use import importing
from zarr.errors import ArgumentError


class Source(ABC):
    """Where an archive lies.

    Attributes
    ----------
    hinders_writing
        Why nothing can be written there; empty if something can.
    is_remote
        Whether reading is a request to another computer.
    cannot_be_sent
        Why it cannot be pickled; empty if it can.
    more
        What else there is to be said of it.
    is_for_nodes
        Whether an archive of something else, with entries and no node, is refused before it is changed.
    """

    more = ""
    is_for_nodes = False
    hinders_writing = ""
    is_remote = False
    cannot_be_sent = ""

    @property
    @abstractmethod
    def text(self) -> str:
        """What the store is called."""

    @property
    def known_as(self) -> str:
        """As `Store._known_as`."""
        return self.text

    @property
    @abstractmethod
    def root(self) -> object:
        """What tells the archive from all others."""

    def turns(self, prefix: str) -> tuple[Turns, str] | None:
        """As `Store._shared_turns`."""
        return None

    @abstractmethod
    def archive(self) -> Archive | FarArchive:
        """The archive, which may not be read yet."""

    @abstractmethod
    def __eq__(self, other: object) -> bool: ...

    __hash__ = None  # type: ignore[assignment]  # stores have none either


class PathSource(Source):
    """A file, which need not exist.

    Parameters
    ----------
    path
        As the user gave it.
    is_for_nodes
        As of every source: that is so where a path was given for a store, and no `ZipStore` was asked for.
    """

    def __init__(self, path: Path, *, is_for_nodes: bool = False) -> None:
        self._given, self.place, self.is_for_nodes = path, absolute(os.fspath(path)), is_for_nodes

    @property
    def path(self) -> Path:
        """As it was given, or the absolute path if that leads to another file by now."""
        return as_given(self._given, self.place)

    @property
    def text(self) -> str:
        return f"zip://{self.path}"

    @property
    def known_as(self) -> str:
        return f"zip://{self.place}"

    @property
    def root(self) -> object:
        return directories_to(os.fspath(self.path))[-1]

    def turns(self, prefix: str) -> tuple[Turns, str] | None:
        return turns_at(self.place, prefix)

    def archive(self) -> Archive:
        return archive_at(self.place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PathSource) and self.place == other.place


class FileSource(Source):
    """A file object of the user's.

    Parameters
    ----------
    given
        The file object.
    """

    cannot_be_sent = "it is a file object. Use a path"

    def __init__(self, given: IO[bytes]) -> None:
        self._given = given

    @property
    def text(self) -> str:
        return f"zip://{self._given}"

    @property
    def root(self) -> object:
        return id(self._given)

    def archive(self) -> Archive:
        return archive_in(self._given)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileSource) and self._given is other._given


class FarSource(Source):
    """A value in another store.

    Parameters
    ----------
    place
        The store, and the key in it.
    text
        The URL that leads to both, without credentials; empty if they were not given as one.
    """

    hinders_writing = (
        "A zip archive that lies in another store is only read. Copy it to a local file, change that, and put it back; or use "
        "a store that is no archive"
    )

    def __init__(self, place: StorePath, text: str = "") -> None:
        if not place.path:
            raise ArgumentError(
                f"{place!r} is no place of a zip archive: its key is missing, as in StorePath(store, 'a.zip')"
            )
        self.place, self._text = place, text
        self._archive = FarArchive(place, self.text)

    @classmethod
    def of_url(cls, url: str, options: dict[str, Any] | None) -> FarSource:
        """The archive at a URL, which may begin with `zip::`; with options for the store that gets there."""
        inner = url.removeprefix("zip::")
        where, mark, query = inner.partition("?")
        above, _, name = where.rpartition("/")
        if not name or above.endswith(":/"):
            raise ArgumentError(
                f"{without_credentials(url)!r} names no zip archive: a URL of one ends in its name, as in zip::s3://bucket/a.zip"
            )
        if where.startswith(("http://", "https://")):
            name = _unquoted(name)
        store = remote_store(f"{above}{mark}{query}", options, read_only=True)
        return cls(StorePath(store, name), f"zip::{without_credentials(inner)}")

    @property
    def known_as(self) -> str:
        return f"zip::{self.place.store._known_as()}/{self.place.path}"

    @property
    def text(self) -> str:
        return self._text or f"zip::{self.place}"

    @property
    def more(self) -> str:  # type: ignore[override]  # as the store is
        return f", in {self.place.store!r}"

    @property
    def root(self) -> object:
        return tuple(self.place.store._whereabouts(self.place.path))[-1]

    @property
    def is_remote(self) -> bool:  # type: ignore[override]  # as the store is
        found = sync_contract(self.place.store)
        return found is None or found.capabilities.is_remote

    def archive(self) -> FarArchive:
        return self._archive

    def forget(self) -> None:
        """Have the archive read anew by whoever opens it next. Whoever has it open goes on with what is in it."""
        self._archive = FarArchive(self.place, self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FarSource) and self.place == other.place

    def __getstate__(self) -> dict[str, Any]:
        return {"place": self.place, "_text": self._text}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["place"], state["_text"])  # type: ignore[misc]


def _unquoted(name: str) -> str:
    with importing("urllib.parse"):
        from urllib.parse import unquote

    return unquote(name)


def source_of(given: Any) -> Source:
    """Where the archive lies that a user means.

    Raises
    ------
    TypeError
        If it is nothing that can have an archive.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, StorePath):
        return FarSource(given)
    if isinstance(given, str | os.PathLike):
        text = os.fspath(given)
        if is_url(text):
            return PathSource(Path(from_url(text)))
        return FarSource.of_url(text, None) if "://" in text else PathSource(Path(given))
    if found := what_hinders(given):
        raise TypeError(f"expected a path or an open binary file object supporting read/seek/tell, got {found}")
    return FileSource(given)
