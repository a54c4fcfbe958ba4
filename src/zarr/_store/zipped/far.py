"""Archives that are values in another store, as on an object store or a web server: read by ranges, and never changed.

The end of the file is fetched when the archive is opened; in most cases the whole central directory is in it. After that each
value, or part of one, is one request. All of them are for the version of the file that was opened, where the store has versions: if the
archive was replaced, that is an error, as places in it mean something else now.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from zarr._buffer.byte_range import ByteRequest, RangeByteRequest, SuffixByteRequest
from zarr._store.access import async_contract, sync_contract
from zarr._store.zipped.contents import Opened, contents_of
from zarr._support import bridge
from zarr.errors import ConcurrentChangeError, StoreFileError

if TYPE_CHECKING:
    from zarr._store.path import StorePath
    from zarr._store.versioned import Stored, Version

TAIL_NBYTES = 1 << 18
"""What is fetched of the end: directories of some three thousand entries are in it, and the longest comment."""


class FarFile:
    """A file that is a value in a store.

    Parameters
    ----------
    place
        The store, and the key in it.
    label
        How errors call it.
    """

    is_far = True

    def __init__(self, place: StorePath, label: str) -> None:
        self._place, self.label = place, label
        found = self._ask(SuffixByteRequest(TAIL_NBYTES), None)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "there is no zip archive", label)
        self.pins, self._version = found.is_pinned, found.version
        self._tail = found.data.to_bytes()
        self.nbytes = found.nbytes if found.nbytes >= 0 else self._size()
        if len(self._tail) != min(self.nbytes, TAIL_NBYTES):
            raise self._replaced()

    def read_at(self, start: int, stop: int) -> bytes:
        """Bytes `start` to `stop`, fewer if the file ends before."""
        stop, tail = min(stop, self.nbytes), self.nbytes - len(self._tail)
        if start >= stop:
            return b""
        fetched = self._fetched(start, min(stop, tail)) if start < tail else b""
        return fetched + self._tail[max(start - tail, 0) : stop - tail] if stop > tail else fetched

    def _fetched(self, start: int, stop: int) -> bytes:
        try:
            found = self._ask(RangeByteRequest(start, stop), self._version)
        except ConcurrentChangeError:
            raise self._replaced() from None
        if found is None or 0 <= found.nbytes != self.nbytes or len(found.data) != stop - start:
            raise self._replaced()
        return found.data.to_bytes()

    def _replaced(self) -> StoreFileError:
        return StoreFileError(
            f"{self.label}: the zip archive was replaced or deleted since it was opened, so nothing more can be read of the one "
            "that it was. Open it again."
        )

    def _size(self) -> int:
        store, key = self._place.store, self._place.path
        sync = sync_contract(store)
        size = bridge.run(async_contract(store).size(key)) if sync is None else sync.size(key)
        if size is None:
            raise self._replaced()
        return size

    def _ask(self, part: ByteRequest, version: Version | None) -> Stored | None:
        sync = sync_contract(self._place.store)
        if sync is None:
            return bridge.run(self._asked(part, version))
        return sync.read(self._place.path, part, version=version)

    async def _asked(self, part: ByteRequest, version: Version | None) -> Stored | None:
        store = self._place.store
        if store._waits_to_be_opened():
            await store._ensure_open()
        return await async_contract(store).read(self._place.path, part, version=version)


class FarArchive(Opened):
    """An archive in such a file.

    Parameters
    ----------
    place
        Where the file is.
    label
        How errors call it.
    """

    def __init__(self, place: StorePath, label: str) -> None:
        super().__init__()
        self._place, self._label = place, label

    def refresh(self, **_: Any) -> None:
        """Read the directory, if that was not done yet."""
        with self.turns.guard:
            if self.contents.file is None:
                self.contents = contents_of(FarFile(self._place, self._label))

    def commit(self) -> None:
        """There is nothing to be finished."""
