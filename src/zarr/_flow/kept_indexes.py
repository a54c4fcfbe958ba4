"""Indexes of shards that were read, with their versions: the next read of such a shard begins with what it wants.

They are kept for stores where every request takes its time, and are never believed: whoever uses one asks the store for parts of
that version, and no other.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zarr._store.versioned import Stored

MOST_NBYTES = 32 * 2**20


class KeptIndexes:
    """Those of one array, by the keys of the shards. Of many the ones that were used last are kept."""

    __slots__ = ("_found", "_nbytes")

    def __init__(self) -> None:
        self._found: OrderedDict[str, Stored] = OrderedDict()
        self._nbytes = 0

    def get(self, key: str) -> Stored | None:
        """What was read of a shard; None if it is not kept."""
        return self._found.get(key)

    def put(self, key: str, stored: Stored) -> None:
        """Keep the index of a shard, if its version and size are known."""
        self.drop(key)
        if stored.version is None or stored.nbytes < 0 or len(stored.data) > MOST_NBYTES:
            return
        self._found[key] = stored
        self._nbytes += len(stored.data)
        while self._nbytes > MOST_NBYTES and self._found:
            self.drop(next(iter(self._found)))

    def drop(self, key: str) -> None:
        """Forget the index of a shard."""
        if (gone := self._found.pop(key, None)) is not None:
            self._nbytes -= len(gone.data)
