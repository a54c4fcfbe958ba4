"""Copying stored objects as they are, whatever they mean, from one place to another.

Each is in memory while it is copied. So few are under way at once, and where another computer is asked for them they take room
like other requests (`zarr._support.request_room`): as much as a chunk of the array has that an object is of. Of what is no
array's the size is known when it is there; it is counted from then on, so that others wait.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zarr._flow.load import arrays_among, look
from zarr._flow.paths import join, nearest_above
from zarr._flow.requests import Fetch, Flow, Keys, Put, Read, Remove, TakeRoom, Together
from zarr._metadata.formats import DOCUMENTS, MAKERS
from zarr._store.access import answers_at_once
from zarr._support.request_room import is_counted
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from zarr._metadata.group import ArrayMetadata
    from zarr._store.abstract import Store
    from zarr._store.path import StorePath

MOST_COPIES = 10
"""So many objects are copied at once."""


def copy_all(source: StorePath, dest: StorePath) -> Flow[int]:
    """Copy every object at and below a place; how many bytes they have.

    The documents of the node at that place come last, and the one that makes it a node after the others: until then there is none
    at the other.
    """
    keys: list[str] = yield Keys(source.store, source.path)
    own = {join(source.path, name) for name in DOCUMENTS}
    nbytes_of = yield from _sizes(source.store, dest.store, keys)
    flows = (_copy_below(source, dest, key, nbytes_of(key)) for key in keys if key not in own)
    nbytes = sum((yield Together(flows, MOST_COPIES)))
    for key in sorted(own.intersection(keys), key=lambda key: (key.rpartition("/")[2] in MAKERS, key)):
        nbytes += yield from _copy_below(source, dest, key, 0)
    return nbytes


def copied_or_gone(source: StorePath, dest: StorePath) -> Flow[None]:
    """`copy_all` to a place where no node is. If it fails or is interrupted, what it has copied is deleted again; what was there stays,
    and so does everything if there is a node by then, which is somebody else's.
    """
    before = frozenset((yield Keys(dest.store, dest.path)))
    try:
        yield from copy_all(source, dest)
    except GeneratorExit:  # nobody answers any more
        raise
    except BaseException as exc:
        try:
            yield from _take_away(source, dest, before)
        except Exception as other:
            if came_from_a_signal(other):
                raise
            exc.add_note(
                f"What had been copied below {dest.path!r} of store {dest.store!r} could not all be deleted again ({other}). It is no node, and "
                "does no harm to one that is made there with overwrite=True, or moved there."
            )
        raise


def _take_away(source: StorePath, dest: StorePath, before: Container[str]) -> Flow[None]:
    if (yield from look(dest)) is not None:
        return
    copied: list[str] = yield Keys(dest.store, dest.path)
    skip, origin = len(join(dest.path, "")), join(source.path, "")
    keys: list[str] = yield Keys(source.store, source.path)
    known = frozenset(keys)
    yield Together(_remove(dest.store, key) for key in copied if key not in before and origin + key[skip:] in known)


def _remove(store: Store, key: str) -> Flow[None]:
    yield Remove(store, key)


def copy_chunks(source: StorePath, dest: StorePath, keys: Sequence[str], metadata: ArrayMetadata) -> Flow[int]:
    """Copy stored objects of an array; how many bytes they have."""
    nbytes = _object_nbytes(metadata)
    return sum((yield Together((_copy_below(source, dest, key, nbytes) for key in keys), MOST_COPIES)))


def copy_object(source: Store, key: str, dest: Store, new_key: str, nbytes: int = 0) -> Flow[int]:
    """Copy one object; how many bytes it has.

    Parameters
    ----------
    source, key, dest, new_key
        Where it is, and where to.
    nbytes
        How many it has at most; 0 if that is not known.
    """
    if answers_at_once(source) and answers_at_once(dest) or not is_counted(nbytes):
        return (yield from _copy(source, key, dest, new_key, is_counted_already=False))
    with (yield TakeRoom(source, nbytes)):
        return (yield from _copy(source, key, dest, new_key, is_counted_already=True))


def _copy(source: Store, key: str, dest: Store, new_key: str, *, is_counted_already: bool) -> Flow[int]:
    (stored,) = yield Fetch(source, (Read(key),))
    if stored is None:
        return 0
    data = stored.without_version()
    if is_counted_already or answers_at_once(dest) or not is_counted(len(data)):
        yield Put(dest, new_key, data)
    else:
        with (yield TakeRoom(dest, len(data), waits=False)):
            yield Put(dest, new_key, data)
    return len(data)


def _copy_below(source: StorePath, dest: StorePath, key: str, nbytes: int) -> Flow[int]:
    new_key = join(dest.path, key[len(join(source.path, "")) :])
    return copy_object(source.store, key, dest.store, new_key, nbytes)


def _sizes(source: Store, dest: Store, keys: Sequence[str]) -> Flow[Callable[[str], int]]:
    """What tells how many bytes an object has at most, of these keys; 0 if that is not known, or does not matter."""
    if answers_at_once(source) and answers_at_once(dest):
        return lambda _: 0
    arrays = yield from arrays_among(source, keys)
    sizes = {path: _object_nbytes(metadata) for path, metadata in arrays.items()}

    def nbytes_of(key: str) -> int:
        path = None if key.rpartition("/")[2] in DOCUMENTS else nearest_above(key, sizes)
        return 0 if path is None else sizes[path]

    return nbytes_of


def _object_nbytes(metadata: ArrayMetadata) -> int:
    """Decoded size of one stored object of an array, of the largest."""
    grid = metadata.chunk_grid.to_grid()
    nbytes: int = math.prod(grid.largest(metadata.shape)) * metadata.dtype.to_native_dtype().itemsize
    return nbytes
