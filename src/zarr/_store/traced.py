"""A store around another that counts: requests, bytes and seconds of each kind of operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from zarr._store.abstract import AccessMode, Store
from zarr._store.make import StoreLike, make_store
from zarr._store.observed import ObservedStore, Seen
from zarr._support.near_names import suggests_keywords

if TYPE_CHECKING:
    from typing import Self

WrappedT = TypeVar("WrappedT", bound=Store)


@dataclass(slots=True)
class Traced:
    """What was asked for by operations of one kind.

    Attributes
    ----------
    requests
        How many there were, failed ones included.
    failed
        How many of them raised an error.
    bytes_read, bytes_written
        Bytes of values that came from the store, and that went there.
    seconds
        How long they took, added up: of several at once each counts.

    Examples
    --------
    >>> import zarr
    >>> with zarr.storage.trace({}) as t:
    ...     _ = zarr.create_group(t)
    >>> t.kinds["set_if_not_exists"].requests
    1
    """

    requests: int = 0
    failed: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    seconds: float = 0.0

    def __iadd__(self, other: Traced) -> Self:
        self.requests += other.requests
        self.failed += other.failed
        self.bytes_read += other.bytes_read
        self.bytes_written += other.bytes_written
        self.seconds += other.seconds
        return self


class _Counted:
    """What was counted, shared by all forms of a store.

    Attributes
    ----------
    goes_on
        Whether anything is counted now.
    by_thread
        What each thread has counted on its own, so that none waits for another.
    """

    def __init__(self) -> None:
        self.goes_on = True
        self.by_thread: dict[int, dict[str, Traced]] = {}


@suggests_keywords
class TraceStore(ObservedStore[WrappedT]):
    """A store that counts what is asked of another, as `zarr.storage.trace` makes it.

    Parameters
    ----------
    store
        The store to watch.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.TraceStore(zarr.storage.MemoryStore())
    >>> _ = zarr.create_array(store, shape=4, chunks=1, dtype="int8")
    >>> store.reset()
    >>> zarr.open_array(store)[:]
    array([0, 0, 0, 0], dtype=int8)
    >>> store.total.requests
    5
    """

    def __init__(self, store: WrappedT) -> None:
        super().__init__(store)
        self._counted = _Counted()

    # -- what was counted ---------------------------------------------------------------------------------------

    @property
    def kinds(self) -> dict[str, Traced]:
        """What was counted so far, by the names of operations: those of the methods of `zarr.abc.store.Store`."""
        found: dict[str, Traced] = {}
        for counted in list(self._counted.by_thread.values()):
            for kind, traced in list(counted.items()):
                total = found.setdefault(kind, Traced())
                total += traced
        return dict(sorted(found.items()))

    @property
    def total(self) -> Traced:
        """All kinds together."""
        total = Traced()
        for traced in self.kinds.values():
            total += traced
        return total

    def reset(self) -> None:
        """Count from zero again."""
        self._counted.by_thread.clear()

    def __str__(self) -> str:
        rows = [*self.kinds.items(), ("total", self.total)]
        lines = [f"{'':<20}{'requests':>10}{'failed':>8}{'bytes read':>14}{'bytes written':>15}{'seconds':>10}"]
        lines += [
            f"{kind:<20}{row.requests:>10,}{row.failed:>8,}{row.bytes_read:>14,}{row.bytes_written:>15,}{row.seconds:>10.3f}"
            for kind, row in rows
        ]
        return "\n".join(lines)

    # -- counting -----------------------------------------------------------------------------------------------

    @contextmanager
    def _watch(self, operation: str, *about: object) -> Iterator[Seen]:
        seen = Seen()
        if not self._counted.goes_on:
            yield seen
            return
        failed = 1
        start = perf_counter()
        try:
            yield seen
            failed = 0
        except GeneratorExit:
            failed = 0  # whoever lists has seen enough
            raise
        finally:
            counted = self._counted.by_thread.setdefault(get_ident(), {}).setdefault(operation, Traced())
            counted += Traced(1, failed, seen.n_bytes_read, seen.n_bytes_written, perf_counter() - start)

    def stop(self) -> None:
        """Count no more; it stays a store."""
        self._counted.goes_on = False

    # -- the store ----------------------------------------------------------------------------------------------

    def _with_store(self, store: WrappedT) -> Self:
        twin = type(self)(store)
        twin.__dict__.update(self.__dict__ | {"_store": store})  # which is counted together
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_counted": _Counted()}

    def _describe(self, path: str) -> str:
        return self._store._describe(path)

    def __repr__(self) -> str:
        return f"TraceStore({self._store!r})"


@contextmanager
def trace(store: StoreLike, *, mode: AccessMode | None = None) -> Iterator[TraceStore[Store]]:
    """Count what is asked of a store inside a `with` block: requests, bytes and seconds of each kind of operation.

    Open arrays and groups on what it gives, which is a store: what goes past it is not counted. Objects are asked for
    one by one, also where an engine would otherwise do it by itself in a directory or in memory; so seconds are not those
    of the program without this, while requests and bytes are.

    Parameters
    ----------
    store
        What can be opened: a store, which stays open, or a path, say.
    mode
        Access mode; `"r"` makes it read-only.

    Yields
    ------
    TraceStore
        A store. Print it for a table, or look at its `kinds`, also after the block.

    Examples
    --------
    >>> import numpy as np
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> _ = zarr.create_array(store, data=np.arange(6), chunks=2)
    >>> with zarr.storage.trace(store) as t:
    ...     _ = zarr.open_array(t)[:4]
    >>> t.kinds["get"].requests, t.total.bytes_written
    (3, 0)
    """
    traced = TraceStore(make_store(store, mode=mode))
    try:
        yield traced
    finally:
        traced.stop()
        if isinstance(store, str | PathLike):  # nobody else has what was made of it
            traced.close()
