"""The place of one object, for somebody else who reads and writes it by zarr-python's methods: a codec pipeline.

Whoever hands it out says under which hold it is written, and whether versions are all that keeps writers of the store from each
other's changes: then what was read through it is replaced only if it is still what is stored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from zarr._buffer import CPUBuffer
from zarr._store.access import async_contract, sync_contract
from zarr._store.path import StorePath
from zarr._store.versioned import ABSENT, ANY, require_buffer
from zarr._support.threads import in_new_thread, in_request_thread, in_worker_thread, until_over
from zarr.errors import ConcurrentChangeError

if TYPE_CHECKING:
    from zarr._buffer import Buffer, BufferPrototype
    from zarr._buffer.byte_range import ByteRequest
    from zarr._store.abstract import Store
    from zarr._store.versioned import AsyncContract, Expected, Hold, Stored, SyncContract

T = TypeVar("T")


class HeldPath(StorePath):
    """A place that is read and written while a flow watches over it.

    Parameters
    ----------
    store, path
        The object.
    hold
        The hold of the flow on the prefix that the object lies directly under; None if it has none.
    compares
        Whether what was read is replaced only if it is still stored.

    Attributes
    ----------
    was_replaced
        Whether somebody else had replaced the object, so that nothing was stored.
    """

    __slots__ = ("_compares", "_expected", "_hold", "was_replaced")

    def __init__(self, store: Store, path: str, *, hold: Hold | None = None, compares: bool = False) -> None:
        super().__init__(store, path)
        self._hold, self._compares = hold, compares
        self._expected: Expected = ANY
        self.was_replaced = False

    async def get(
        self, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        stored = await self._ask(
            lambda store: store.read(self.path, byte_range),
            lambda store: store.read(self.path, byte_range),
            changes=False,
        )
        return self._taken(stored, prototype)

    async def set(self, value: Buffer) -> None:
        await self._put(value, self._expected)

    async def set_if_not_exists(self, default: Buffer) -> None:
        try:
            await self._put(default, ABSENT)
        except ConcurrentChangeError:  # somebody else has set it
            self.was_replaced = False

    async def delete(self) -> None:
        self.store._check_writable()
        done = await self._ask(
            lambda store: store.remove(self.path, expected=self._expected, hold=self._hold),
            lambda store: store.remove(self.path, expected=self._expected),
            changes=True,
        )
        self._note(done)

    def get_sync(
        self, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        store = sync_contract(self.store)
        if store is None:
            return super().get_sync(prototype=prototype, byte_range=byte_range)
        return self._taken(store.read(self.path, byte_range), prototype)

    def set_sync(self, value: Buffer) -> None:
        store = sync_contract(self.store)
        if store is None:
            super().set_sync(value)
        else:
            self.store._check_writable()
            self._note(store.put(self.path, require_buffer(value), expected=self._expected, hold=self._hold))

    def delete_sync(self) -> None:
        store = sync_contract(self.store)
        if store is None:
            super().delete_sync()
        else:
            self.store._check_writable()
            self._note(store.remove(self.path, expected=self._expected, hold=self._hold))

    async def _put(self, value: Buffer, expected: Expected) -> None:
        self.store._check_writable()
        data = require_buffer(value)
        done = await self._ask(
            lambda store: store.put(self.path, data, expected=expected, hold=self._hold),
            lambda store: store.put(self.path, data, expected=expected),
            changes=True,
        )
        self._note(done)

    async def _ask(
        self,
        at_once: Callable[[SyncContract], T],
        awaited: Callable[[AsyncContract], Awaitable[T]],
        *,
        changes: bool,
    ) -> T:
        """What a store answers, whose contract is one or the other. A change is over when this returns, whatever happens."""
        store = sync_contract(self.store)
        if store is None:
            return await awaited(async_contract(self.store))
        call = partial(at_once, store)
        if store.capabilities.is_remote:
            return await in_request_thread(call, until_over=lambda: changes)
        if changes and (store.may_block or self._hold is None):
            # It may wait for a hold, whose owner needs worker threads to get on.
            return await until_over(in_new_thread(call))
        if not store.may_block:
            return call()
        return await (in_worker_thread if self._hold is None else in_new_thread)(call)

    def _taken(self, stored: Stored | None, prototype: BufferPrototype | None) -> Buffer | None:
        """The bytes of what was read, in the buffer that is asked for."""
        if self._compares and self._expected is ANY:
            self._expected = ABSENT if stored is None else ANY if stored.version is None else stored.version
        if stored is None:
            return None
        data = stored.data if self._compares else stored.without_version()
        buffer = CPUBuffer if prototype is None else prototype.buffer
        return data if isinstance(data, buffer) else buffer.from_buffer(data)

    def _note(self, done: bool) -> None:
        if done:
            self._expected = ANY
        else:
            self._refuse()

    def _refuse(self) -> NoReturn:
        self.was_replaced = True
        raise ConcurrentChangeError(
            f"object {self.path!r} was replaced by another writer after it was read here; nothing was stored. Read it again."
        )

    def release(self) -> None:
        """Give up what was read."""
        release: Any = getattr(self._expected, "release", None)
        if release is not None:
            release()
        self._expected = ANY
