"""A store around another that notes what is stored through it: size and checksum of every value, or that there is none.

What an engine would do by itself in a place of the store it does not here, and values are stored whole, so that their bytes
are seen. All else is as in the store inside.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from zarr._store.abstract import Store
from zarr._store.versioned import ANY, AsyncContract, Expected, Hold, SyncContract
from zarr._store.wrapper import WrapperStore
from zarr._support.imports_on_use import importing

if TYPE_CHECKING:
    from zarr._buffer import Buffer, BytesLike
    from zarr._store.capabilities import Capabilities

Notes: TypeAlias = dict[str, tuple[int, int] | None]
"""By key: size and CRC-32C, or None for what was removed."""
_PIECE_NBYTES = 2**20


class NotedStore(WrapperStore[Store]):
    """Note what is stored, and what is removed.

    Parameters
    ----------
    store
        The store.

    Attributes
    ----------
    notes
        What was stored under which key, when it was for the last time.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.notes: Notes = {}

    def _sync_form(self, inside: SyncContract) -> SyncContract:
        return cast("SyncContract", _NotedSync(inside, self.notes))

    def _async_form(self, inside: AsyncContract) -> AsyncContract:
        return cast("AsyncContract", _NotedAsync(inside, self.notes))

    def __str__(self) -> str:
        return str(self._store)

    def __repr__(self) -> str:
        return repr(self._store)


class _NotedSync:
    """The contract of a store that answers at once, with notes."""

    __slots__ = ("_inside", "_notes")

    def __init__(self, inside: SyncContract, notes: Notes) -> None:
        self._inside, self._notes = inside, notes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._inside.capabilities, takes_pieces=False)

    def native_place(self) -> None:
        return None

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        is_stored = self._inside.put(key, value, expected=expected, hold=hold)
        if is_stored:
            self._notes[key] = noted(value)
        return is_stored

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        is_gone = self._inside.remove(key, expected=expected, hold=hold)
        if is_gone:
            self._notes[key] = None
        return is_gone


class _NotedAsync:
    """The contract of a store that has to be awaited, with notes."""

    __slots__ = ("_inside", "_notes")

    def __init__(self, inside: AsyncContract, notes: Notes) -> None:
        self._inside, self._notes = inside, notes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)

    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool:
        is_stored = await self._inside.put(key, value, expected=expected)
        if is_stored:
            self._notes[key] = noted(value)
        return is_stored

    async def remove(self, key: str, *, expected: Expected = ANY) -> bool:
        is_gone = await self._inside.remove(key, expected=expected)
        if is_gone:
            self._notes[key] = None
        return is_gone


def noted(value: Buffer) -> tuple[int, int]:
    """Size and checksum of a value."""
    return len(value), extended(0, value.as_buffer_like())


def extended(checksum: int, data: BytesLike) -> int:
    """The CRC-32C of bytes whose beginning has a checksum already."""
    extend = _extend()
    view = memoryview(data).cast("B")
    # The library takes `bytes` only, so the input is copied; in pieces, to keep the copy in the processor's cache.
    for start in range(0, len(view), _PIECE_NBYTES):
        checksum = extend(checksum, bytes(view[start : start + _PIECE_NBYTES]))
    return checksum


@cache
def _extend() -> Any:
    with importing("google_crc32c"):
        import google_crc32c

    return google_crc32c.extend
