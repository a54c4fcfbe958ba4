"""What is in an archive, as its directory says."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarr._store.turns import Turns
from zarr._store.zipped import layout
from zarr._support.warn import warn
from zarr.errors import StoreFileError, ZarrRuntimeWarning

if TYPE_CHECKING:
    from zarr._store.zipped.files import Identity
    from zarr._store.zipped.layout import Bytes, Entry

_DOCUMENTS = {"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"}


@dataclass(slots=True, eq=False)
class Contents:
    """An archive as it is at some moment, or as it is written.

    Attributes
    ----------
    file
        Where its bytes are; None while there is none.
    entries
        By their keys.
    comment
        Of the archive.
    directory, stop
        Where its central directory begins, and where it ends.
    state
        That of the file that was read.
    """

    file: Bytes | None = None
    entries: dict[str, Entry] = field(default_factory=dict)
    comment: bytes = b""
    directory: int = 0
    stop: int = 0
    state: Identity | None = None
    _sorted: list[str] | None = None

    def find(self, key: str) -> tuple[Bytes, Entry] | None:
        """What is under a key, with the file that it is in."""
        entry = self.entries.get(key)
        return None if entry is None or self.file is None else (self.file, entry)

    def in_order(self) -> Iterator[Entry]:
        """The entries as they are to stand in the directory: documents first, as comments of `.ozx` archives promise."""
        return (self.entries[key] for key in ordered_keys(self.entries))

    def refuse_no_nodes(self, label: str) -> None:
        """Raise StoreFileError for an archive of something else: it has entries, and no document of a node among them."""
        if self.entries and not any(key.rpartition("/")[2] in _DOCUMENTS for key in self.entries):
            names = ", ".join(map(repr, list(self.entries)[:3]))
            raise StoreFileError(
                f"{label} is a zip archive of something else: it has {names}{', ...' * (len(self.entries) > 3)}, and no "
                "document of an array or group; nothing was changed. Choose a path where nothing is yet, or, if these are to "
                "be in it with what it has, pass zarr.storage.ZipStore(path, mode='a')"
            )

    def is_changed(self) -> None:
        self._sorted = None

    def _keys(self) -> list[str]:
        keys = self._sorted
        if keys is None:
            keys = self._sorted = sorted(self.entries)
        return keys

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin so, in order."""
        keys = self._keys()
        at = bisect_left(keys, prefix)
        while at < len(keys) and keys[at].startswith(prefix):
            yield keys[at]
            at += 1

    def names(self, below: str) -> Iterator[str]:
        """First segments of what follows `below`, each once."""
        keys = self._keys()
        at = bisect_left(keys, below)
        while at < len(keys) and keys[at].startswith(below):
            name, slash, _ = keys[at][len(below) :].partition("/")
            # A name that is a key as well was told of there, which is before what sorts before a slash.
            if not slash or f"{below}{name}" not in self.entries:
                yield name
            at = bisect_left(keys, f"{below}{name}0", at) if slash else at + 1


def contents_of(file: Bytes, state: Identity | None = None) -> Contents:
    """What the directory of an archive says.

    Parameters
    ----------
    file
        Where its bytes are.
    state
        That of the file, if it is one of this machine.
    """
    end = layout.find_end(file)
    if end.stop < file.nbytes:
        warn(
            f"{file.label}: the zip archive ends in what a writer left that was interrupted; it is read as it was before. "
            "The next change takes that away.",
            ZarrRuntimeWarning,
        )
    entries = layout.parse_directory(file, end)
    return Contents(file, entries, end.comment, end.directory, end.stop, state)


class Opened:
    """An archive as it is read: what is in it, and who may look.

    Attributes
    ----------
    contents
        What is in it.
    turns
        Of those who use it; their `guard` is taken while it changes.
    """

    def __init__(self) -> None:
        self.turns = Turns()
        self.contents = Contents()

    def keys(self, prefix: str) -> list[str]:
        """The keys that begin so, in order."""
        with self.turns.guard:
            return list(self.contents.keys(prefix))

    def names(self, below: str) -> list[str]:
        """First segments of what follows `below`, each once."""
        with self.turns.guard:
            return list(self.contents.names(below))


def ordered_keys(keys: Iterable[str]) -> list[str]:
    """The documents of nodes first, the upper before the lower, then the rest as it was."""
    all_keys = list(keys)
    documents = [key for key in all_keys if key.rpartition("/")[2] == "zarr.json"]
    documents.sort(key=lambda key: (key.count("/"), key))
    return list(dict.fromkeys((*documents, *all_keys)))
