"""A store in this process's memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer, is_immutable
from zarr._buffer.byte_range import ByteRequest, resolve_range
from zarr._store.native_place import Values, buffer_of
from zarr._store.staging import Staging, exchange_values
from zarr._store.turns import Turns
from zarr._store.versioned import ABSENT, ANY, Expected, Hold, Stored, SyncStore, Version
from zarr._store.whereabouts import steps_to
from zarr._support.forks import renew_in_children
from zarr._support.near_names import suggests_keywords


class Contents:
    """The values, and who may change them: shared by all stores over one dict.

    Attributes
    ----------
    values
        Values by key. A value is never changed in place, so the object itself serves as its version.
    turns
        Holds on prefixes; what guards them guards the values too.
    """

    _name: str = ""

    def __init__(self, values: MutableMapping[str, Buffer]) -> None:
        self.values = values
        self.turns = Turns()

    @property
    def name(self) -> str:
        """A text that no other contents have, of this process or of another, also when these are gone."""
        self._name = self._name or os.urandom(8).hex()
        return self._name


_contents_by_id: WeakValueDictionary[int, Contents] = WeakValueDictionary()
_contents_by_name: WeakValueDictionary[str, Contents] = WeakValueDictionary()
_contents_guard = threading.Lock()


def contents_of(values: MutableMapping[str, Buffer]) -> Contents:
    """The one `Contents` of a dict. It keeps the dict alive, so its id is not used again meanwhile."""
    with _contents_guard:
        contents = _contents_by_id.get(id(values))
        if contents is None:
            contents = _contents_by_id[id(values)] = Contents(values)
        return contents


def contents_named(name: str) -> Contents:
    """The one `Contents` of a name; it goes with the last that has it."""
    with _contents_guard:
        contents = _contents_by_name.get(name)
        if contents is None:
            contents = _contents_by_name[name] = Contents({})
            _contents_by_id[id(contents.values)] = contents
        return contents


def is_taken(name: str) -> bool:
    """Whether there is something under a name."""
    return name in _contents_by_name


@renew_in_children
def _renew_guard() -> None:
    global _contents_guard
    _contents_guard = threading.Lock()


@suggests_keywords
class MemoryStore(SyncStore):
    """Keep values in a dict.

    Parameters
    ----------
    store_dict
        The dict to use, values are buffers; a new one by default. Stores over one dict see each other's changes,
        and their writers, in any thread, respect each other.
    read_only
        If True, nothing may be written or deleted through this object.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> a = zarr.create_array(store, shape=3, dtype="u1")
    >>> sorted(store._store_dict)
    ['zarr.json']
    """

    _stands_for_none = False
    """Whether it was made because no store was given."""

    def __init__(self, store_dict: MutableMapping[str, Buffer] | None = None, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        if store_dict is not None and not isinstance(store_dict, MutableMapping):
            raise TypeError(f"a memory store keeps its values in a dict, got {type(store_dict).__name__}")
        self._contents = contents_of({} if store_dict is None else store_dict)

    def _absence(self, path: str) -> str:
        if not self._stands_for_none or self._store_dict:
            return super()._absence(path)
        step = f"; `path` is a place in a store, and a directory is given as one: store={path!r}" if path else ""
        return f"no store was given, so this is a new one in memory, and empty{step}"

    @property
    def _store_dict(self) -> MutableMapping[str, Buffer]:
        return self._contents.values

    def with_read_only(self, read_only: bool = False) -> MemoryStore:
        return type(self)(self._contents.values, read_only=read_only)

    def __str__(self) -> str:
        return f"memory://{id(self._store_dict)}"

    def _known_as(self) -> str:
        return f"memory://{self._contents.name}"

    def __repr__(self) -> str:
        return f"MemoryStore('{self}')"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self.read_only == other.read_only
            and (self._store_dict is other._store_dict or self._store_dict == other._store_dict)
        )

    __hash__ = None  # type: ignore[assignment]  # as zarr-python's

    def __copy__(self) -> MemoryStore:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)  # over the same values
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["_contents"] = dict(self._store_dict)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._contents = contents_of(state["_contents"])

    def _whereabouts(self, path: str) -> Sequence[object]:
        return steps_to(id(self._store_dict), path)

    def native_place(self) -> Values | None:
        values = self._contents.values
        if type(self) is not MemoryStore or type(values) is not dict:
            return None
        return Values(values, self.put, self.remove)

    @staticmethod
    def _kept(value: Buffer) -> Buffer:
        """What is kept of a value: bytes that nobody else can change."""
        return _immutable(value)

    # -- the contract -------------------------------------------------------------------------------------------

    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        value = buffer_of(self._contents.values, key) if version is None else version
        if value is None:
            return None
        nbytes = len(value)
        data = value
        if byte_range is not None:
            start, stop = resolve_range(byte_range, nbytes)
            data = value[start:stop]
        if prototype is not None and not isinstance(data, prototype.buffer):
            data = prototype.buffer.from_buffer(data)
        return Stored(data, value, nbytes)

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        copy = self._kept(value)  # so it can be handed out as it is
        values = self._contents.values

        def store() -> bool:
            if not self._is_as_expected(key, expected):
                return False
            values[key] = copy
            return True

        return self._contents.turns.change(key.rpartition("/")[0], hold, store)

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        values = self._contents.values

        def delete() -> bool:
            if not self._is_as_expected(key, expected):
                return False
            values.pop(key, None)
            return True

        return self._contents.turns.change(key.rpartition("/")[0], hold, delete)

    def _is_as_expected(self, key: str, expected: Expected) -> bool:
        if expected is ANY:
            return True
        return self._contents.values.get(key) is (None if expected is ABSENT else expected)

    def hold(self, prefix: str) -> Hold:
        return self._contents.turns.take(prefix)

    def _staging(self, prefix: str) -> Staging | None:
        is_ours = type(self) is MemoryStore and type(self._contents.values) is dict
        return _NewValues(self._contents, prefix) if is_ours else None

    def list_keys(self, prefix: str) -> Iterator[str]:
        with self._contents.turns.guard:
            keys = list(self._contents.values)
        return iter(sorted(key for key in keys if key.startswith(prefix)))

    def list_names(self, prefix: str) -> Iterator[str]:
        start = len(prefix) + 1 if prefix else 0
        keys = self.list_keys(f"{prefix}/" if prefix else "")
        return iter(dict.fromkeys(key[start:].partition("/")[0] for key in keys))

    def remove_prefix(self, prefix: str) -> None:
        values = self._contents.values
        below = f"{prefix}/" if prefix else ""

        def delete() -> bool:
            for key in [key for key in values if key.startswith(below)]:
                del values[key]
            return True

        self._contents.turns.change(prefix, None, delete)

    def size(self, key: str) -> int | None:
        value = buffer_of(self._contents.values, key)
        return None if value is None else len(value)


class _NewValues(Staging):
    """Values that take the place of those under a prefix of others."""

    store: MemoryStore

    def __init__(self, contents: Contents, prefix: str) -> None:
        self.store = MemoryStore()
        self._contents, self._prefix = contents, prefix

    def publish(self) -> None:
        new = {f"{self._prefix}/{key}": value for key, value in self.store._store_dict.items()}

        def replace() -> bool:
            exchange_values(self._contents.values, self._prefix, new)
            return True

        self._contents.turns.change(self._prefix, None, replace)

    def discard(self) -> None:
        self.store._store_dict.clear()


def _immutable(value: Buffer) -> Buffer:
    """The bytes of a buffer in memory that nobody can change: its own, if it is of that kind, else a copy."""
    return value if is_immutable(value) else CPUBuffer.from_bytes(value.to_bytes())


def in_place_of_none(*, read_only: bool) -> MemoryStore:
    """A new store for a call to which none was given, which errors say then."""
    store = MemoryStore(read_only=read_only)
    store._stands_for_none = True
    return store
