"""Read-modify-write of one object: the one loop behind partial chunks, partial shards, attributes and shapes.

The first round is a compare-and-swap without a lock: read with a version, change, put if that version is still
stored. Whoever loses takes the hold on the object's prefix for the next round, so that it cannot lose again to a
writer of this library. A store without versions is guarded by its hold from the start. Where holds are leases, each round
takes that of the object before it reads, and loses only if the lease was taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from zarr._buffer import Buffer
from zarr._buffer.pieces import Pieced
from zarr._flow.requests import Compute, Fetch, Flow, Put, Read, Remove, TakeHold
from zarr._store.abstract import Store
from zarr._store.access import capabilities
from zarr._store.versioned import ABSENT, ANY, UNLOCKED, Expected, Hold, NoHold
from zarr.errors import ConcurrentChangeError, HoldLostError

MAX_ROUNDS = 100
T = TypeVar("T")
Change: TypeAlias = Callable[[Buffer | None], Buffer | Pieced | None]


def modify(
    store: Store,
    key: str,
    change: Change,
    *,
    hold: Hold | None = None,
    check: Callable[[], Flow[None]] | None = None,
) -> Flow[None]:
    """Replace the object under `key` by what `change` makes of it.

    Parameters
    ----------
    store, key
        The object.
    change
        Pure; gets the stored bytes (None = absent) and returns the new ones (None = delete), or the same buffer
        if there is nothing to change. May be called several times. Makes pieces only if the store takes them.
    hold
        A hold of the caller that covers the key.
    check
        Made between reading the object and replacing it; what it raises ends all.

    Raises
    ------
    ConcurrentChangeError
        If a writer that knows no locks keeps replacing the object.
    """
    if capabilities(store).holds_objects and hold is not UNLOCKED:
        for _ in range(MAX_ROUNDS):
            with (yield TakeHold(store, parent(key), key, hold)) as own:
                if (yield from _swap(store, key, change, own, check)):
                    return
        raise _kept_changing(key)
    rounds = 0
    if hold is None and capabilities(store).puts_conditionally:
        if (yield from _swap(store, key, change, None, check)):
            return
        rounds = 1
    own = (yield TakeHold(store, parent(key))) if hold is None else NoHold()
    with own:
        while rounds < MAX_ROUNDS:
            if (yield from _swap(store, key, change, own if hold is None else hold, check)):
                return
            rounds += 1
    raise _kept_changing(key)


def _kept_changing(key: str) -> ConcurrentChangeError:
    return ConcurrentChangeError(
        f"object {key!r} was replaced by another program in each of {MAX_ROUNDS} attempts to change it; nothing was "
        "stored. Write to it from one program at a time, or only through this library."
    )


def holding(store: Store, prefix: str, change: Callable[[Hold], Flow[T]]) -> Flow[T]:
    """Make a change of a node, under the hold on its prefix; all of it again, if that was taken over meanwhile.

    `change` may be called several times. What it stores last decides: when that is stored, it asks for nothing more that needs the hold.
    """
    for _ in range(MAX_ROUNDS):
        try:
            with (yield TakeHold(store, prefix)) as hold:
                return (yield from change(hold))
        except HoldLostError as exc:
            lost = exc
    raise lost


def _swap(
    store: Store,
    key: str,
    change: Change,
    hold: Hold | None,
    check: Callable[[], Flow[None]] | None,
) -> Flow[bool]:
    """One round; whether the change was stored."""
    (stored,) = yield Fetch(store, (Read(key),))
    if check is not None:
        yield from check()
    if stored is None:
        done: bool = yield from _replace(store, key, change, None, ABSENT, hold)
        return done
    with stored:
        expected = ANY if stored.version is None else stored.version
        done = yield from _replace(store, key, change, stored.data, expected, hold)
    return done


def _replace(
    store: Store,
    key: str,
    change: Change,
    old: Buffer | None,
    expected: Expected,
    hold: Hold | None,
) -> Flow[bool]:
    new = yield Compute(change, (old,))
    if new is old:
        return True
    done: bool
    if new is not None:
        done = yield Put(store, key, new, expected, hold)
    else:
        done = yield Remove(store, key, expected, hold)
    return done


def parent(key: str) -> str:
    """The prefix that a key lies directly under.

    Examples
    --------
    >>> parent("a/c/0"), parent("zarr.json")
    ('a/c', '')
    """
    return key.rpartition("/")[0]
