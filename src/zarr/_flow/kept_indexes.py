"""Indexes of shards that were read, with their versions: the next read of such a shard begins with what it wants.

They are kept for stores where every request takes its time and what was replaced cannot be read on. They are never believed: whoever
uses one asks the store for parts of that version, and no other.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import RLock
from typing import TYPE_CHECKING

from zarr._support.forks import held_around_forks

if TYPE_CHECKING:
    from zarr._store.versioned import Stored

MOST_NBYTES = 32 * 2**20
_guard = held_around_forks(RLock())


class KeptIndexes:
    """Those of one array, by the keys of the shards. Of many the ones that were used last are kept."""

    __slots__ = ("_found", "_nbytes")

    def __init__(self) -> None:
        self._found: OrderedDict[str, Stored] = OrderedDict()
        self._nbytes = 0

    def get(self, key: str) -> Stored | None:
        """What was read of a shard; None if it is not kept."""
        with _guard:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: str, stored: Stored) -> None:
        """Keep the index of a shard, if its version and size are known for certain."""
        with _guard:
            self.drop(key)
            if not stored.is_pinned or stored.nbytes < 0 or len(stored.data) > MOST_NBYTES:
                return
            self._found[key] = stored
            self._nbytes += len(stored.data)
            while self._nbytes > MOST_NBYTES:
                self.drop(next(iter(self._found)))

    def snapshot(self) -> KeptIndexes:
        """The same indexes, for who is to change nothing here."""
        twin = KeptIndexes()
        with _guard:
            twin._found, twin._nbytes = OrderedDict(self._found), self._nbytes
        return twin

    def __len__(self) -> int:
        return len(self._found)

    def drop(self, key: str) -> None:
        """Forget the index of a shard."""
        with _guard:
            if (gone := self._found.pop(key, None)) is not None:
                self._nbytes -= len(gone.data)
