"""Hypothesis state machines: random operations on a store, and on a hierarchy in it, beside a model of each."""

from __future__ import annotations

import builtins
import random
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import hypothesis.strategies as st
import numpy as np
from hypothesis import assume, note
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import DataObject
from numpy.testing import assert_array_equal

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import OffsetByteRequest, RangeByteRequest, SuffixByteRequest, resolve_range
from zarr._buffer.registry import default_buffer_prototype
from zarr._codec.bytes_ import BytesCodec
from zarr._compat.sync import SyncMixin
from zarr._faces.array import Array
from zarr._store.abstract import Store, is_able
from zarr._store.access import capabilities
from zarr._store.local import LocalStore
from zarr._store.memory import MemoryStore
from zarr._support.public_names import public_names_of
from zarr.api.synchronous import create_group, open_array, open_group
from zarr.testing.strategies import arrays as zarr_arrays
from zarr.testing.strategies import (
    basic_indices,
    chunk_paths,
    key_ranges,
    node_names,
    np_array_and_chunks,
    numpy_arrays,
    orthogonal_indices,
)
from zarr.testing.strategies import keys as zarr_keys

__all__ = [
    "MAX_BINARY_SIZE",
    "Array",
    "Buffer",
    "BufferPrototype",
    "BytesCodec",
    "LocalStore",
    "MemoryStore",
    "OffsetByteRequest",
    "RangeByteRequest",
    "Store",
    "SuffixByteRequest",
    "SyncMixin",
    "SyncStoreWrapper",
    "ZarrHierarchyStateMachine",
    "ZarrStoreStateMachine",
    "basic_indices",
    "chunk_paths",
    "default_buffer_prototype",
    "key_ranges",
    "orthogonal_indices",
    "split_prefix_name",
    "with_frequency",
    "zarr_arrays",
    "zarr_keys",
]

__dir__ = public_names_of(__name__)

F = TypeVar("F", bound=Callable[..., Any])

MAX_BINARY_SIZE = 100


def with_frequency(frequency: float) -> Callable[[F], F]:
    """Let a rule be applied only in such a share of the cases in which it could be.

    Parameters
    ----------
    frequency
        From 0 to 1.
    """

    def restrict(func: F) -> F:
        restricted: F = precondition(lambda _: random.random() < frequency)(func)  # noqa: S311  # seeded by Hypothesis
        return restricted

    return restrict


def split_prefix_name(path: str) -> tuple[str, str]:
    """The path above a node, and its name.

    Examples
    --------
    >>> split_prefix_name("a/b/c"), split_prefix_name("a")
    (('a/b', 'c'), ('', 'a'))
    """
    above, _, name = path.rpartition("/")
    return above, name


class ZarrHierarchyStateMachine(SyncMixin, RuleBasedStateMachine):
    """Groups and arrays are made, changed and removed, in a store and in the memory of a model; both have to be alike.

    Parameters
    ----------
    store
        The store under test. It is emptied.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.model = MemoryStore()
        self.all_groups: set[str] = set()
        self.all_arrays: set[str] = set()

    @initialize()
    def init_store(self) -> None:
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._sync(self.store.clear())
        self._sync(self.model.clear())
        self.all_groups.clear()
        self.all_arrays.clear()
        for store in self._both():
            create_group(store)

    def _both(self) -> tuple[Store, Store]:
        return self.store, self.model

    def can_add(self, path: str) -> bool:
        """Whether there is room for a node: nothing of that name, and no array on the way."""
        above = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 2)]
        return path not in self.all_groups | self.all_arrays and not self.all_arrays.intersection(above)

    def _drawn_parent(self, data: DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.all_groups)), label="parent") if self.all_groups else ""

    # -- nodes --------------------------------------------------------------------------------------------------

    @rule(name=node_names, data=st.data())
    def add_group(self, name: str, data: DataObject) -> None:
        path = f"{self._drawn_parent(data)}/{name}".lstrip("/")
        assume(self.can_add(path))
        note(f"Adding group {path!r}")
        for store in self._both():
            create_group(store, path=path)
        self.all_groups.add(path)

    @rule(data=st.data(), name=node_names)
    def add_array(self, data: DataObject, name: str) -> None:
        path = f"{self._drawn_parent(data)}/{name}".lstrip("/")
        assume(self.can_add(path))
        elements, chunks = data.draw(np_array_and_chunks(arrays=numpy_arrays()), label="array and chunks")
        note(f"Adding array {path!r} of shape {elements.shape}, chunks {chunks}, dtype {elements.dtype}")
        for store in self._both():
            open_group(store, mode="r+").create_array(path, data=elements, chunks=chunks)
        self.all_arrays.add(path)

    @rule()
    @with_frequency(0.25)
    def clear(self) -> None:
        note("Clearing")
        self._begin_anew()

    @precondition(lambda self: bool(self.all_arrays))
    @rule(data=st.data())
    def delete_array_using_del(self, data: DataObject) -> None:
        self._delete_node(data.draw(st.sampled_from(sorted(self.all_arrays)), label="array to delete"))

    @precondition(lambda self: bool(self.all_groups))
    @rule(data=st.data())
    def delete_group_using_del(self, data: DataObject) -> None:
        self._delete_node(data.draw(st.sampled_from(sorted(self.all_groups)), label="group to delete"))

    def _delete_node(self, path: str) -> None:
        above, name = split_prefix_name(path)
        note(f"Deleting {path!r}")
        for store in self._both():
            del open_group(store, path=above, mode="r+")[name]
        self._forget(path)

    def draw_directory(self, data: DataObject) -> str:
        """A path that something lies at."""
        nodes = sorted(self.all_groups | self.all_arrays)
        return data.draw(st.sampled_from(nodes), label="directory") if nodes else ""

    @precondition(lambda self: is_able(self.store.supports_deletes) and bool(self.all_groups | self.all_arrays))
    @rule(data=st.data())
    def delete_dir(self, data: DataObject) -> None:
        path = self.draw_directory(data)
        note(f"Deleting everything below {path!r}")
        for store in self._both():
            self._sync(store.delete_dir(path))
        self._forget(path)

    def _forget(self, path: str) -> None:
        for nodes in (self.all_groups, self.all_arrays):
            nodes -= {node for node in nodes if node == path or node.startswith(f"{path}/")}

    # -- elements -----------------------------------------------------------------------------------------------

    def _drawn_arrays(self, data: DataObject) -> tuple[Array, Array]:
        path = data.draw(st.sampled_from(sorted(self.all_arrays)), label="array")
        store, model = (open_array(store, path=path, mode="r+") for store in self._both())
        return store, model

    @precondition(lambda self: bool(self.all_arrays))
    @rule(data=st.data())
    def check_array(self, data: DataObject) -> None:
        array, model = self._drawn_arrays(data)
        assert_array_equal(array[...], model[...])

    @precondition(lambda self: bool(self.all_arrays))
    @rule(data=st.data())
    def overwrite_array_basic_indexing(self, data: DataObject) -> None:
        array, model = self._drawn_arrays(data)
        index = data.draw(basic_indices(shape=array.shape), label="selection")
        shape = np.empty(array.shape, np.uint8)[index].shape
        values = data.draw(numpy_arrays(shapes=st.just(shape), dtype=array.dtype), label="values")
        for each in (array, model):
            each[index] = values
        assert_array_equal(array[...], model[...])

    @precondition(lambda self: bool(self.all_arrays))
    @rule(data=st.data())
    def overwrite_array_orthogonal_indexing(self, data: DataObject) -> None:
        array, model = self._drawn_arrays(data)
        index, elements = data.draw(orthogonal_indices(shape=array.shape), label="selection")
        value = data.draw(numpy_arrays(shapes=st.just(()), dtype=array.dtype), label="value")[()]
        expected = model[...]
        expected[elements] = value
        for each in (array, model):
            each.oindex[index] = value
        assert_array_equal(array[...], expected)

    @precondition(lambda self: bool(self.all_arrays))
    @rule(data=st.data())
    def resize_array(self, data: DataObject) -> None:
        array, model = self._drawn_arrays(data)
        most = 12 if array.ndim <= 2 else 6  # so that there are not too many chunks of one element
        shape = tuple(data.draw(st.integers(0, most), label="length") for _ in array.shape)
        for each in (array, model):
            each.resize(shape)
        assert array.shape == model.shape
        assert_array_equal(array[...], model[...])

    @precondition(lambda self: bool(self.all_arrays))
    @rule(data=st.data())
    def delete_chunk(self, data: DataObject) -> None:
        array, model = self._drawn_arrays(data)
        counts = model.cdata_shape
        assume(all(counts))
        coords = data.draw(chunk_paths(ndim=model.ndim, numblocks=counts, subset=False), label="chunk")
        key = f"{model.path}/c/{coords}".rstrip("/")
        for store in self._both():
            self._sync(store.delete(key))
        assert_array_equal(array[...], model[...])

    # -- names --------------------------------------------------------------------------------------------------

    @precondition(lambda self: is_able(self.store.supports_listing))
    @rule(data=st.data())
    def check_list_dir(self, data: DataObject) -> None:
        path = self.draw_directory(data)
        found, expected = (
            sorted(filter(self._has_keys(store, path), self._names(store, path))) for store in self._both()
        )
        assert self._without_emptied_chunks(found, expected, path) == expected, path

    def _names(self, store: Store, path: str) -> list[str]:
        return self._sync_iter(store.list_dir(path))

    def _has_keys(self, store: Store, path: str) -> Callable[[str], bool]:
        """Whether a name is that of a key, or keys lie below it; a directory may be left without any."""

        def has_keys(name: str) -> bool:
            full = f"{path}/{name}".lstrip("/")
            return self._sync(store.exists(full)) or not self._sync(store.is_empty(full))

        return has_keys

    @invariant()
    def check_list_prefix_from_root(self) -> None:
        if is_able(self.store.supports_listing):
            found, expected = (sorted(self._sync_iter(store.list_prefix(""))) for store in self._both())
            assert self._without_emptied_chunks(found, expected) == expected

    def _without_emptied_chunks(self, found: list[str], expected: list[str], directory: str = "") -> list[str]:
        """Without chunks that became the fill value in part after part: only a conditional removal takes those away."""
        if capabilities(self.store).removes_conditionally:
            return found

        def is_of_a_chunk(name: str) -> bool:
            path = f"{directory}/{name}".lstrip("/")
            return any(f"{path}/".startswith(f"{array}/c/") for array in self.all_arrays)

        return [name for name in found if name in expected or not is_of_a_chunk(name)]


class SyncStoreWrapper(SyncMixin):
    """A store by functions in the place of coroutines.

    Parameters
    ----------
    store
        The store.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def read_only(self) -> bool:
        return self.store.read_only

    @property
    def supports_listing(self) -> bool:
        return is_able(self.store.supports_listing)

    @property
    def supports_writes(self) -> bool:
        return is_able(self.store.supports_writes)

    @property
    def supports_deletes(self) -> bool:
        return is_able(self.store.supports_deletes)

    def set(self, key: str, data_buffer: Buffer) -> None:
        self._sync(self.store.set(key, data_buffer))

    def list(self) -> builtins.list[str]:
        return self._sync_iter(self.store.list())

    def get(self, key: str, prototype: BufferPrototype) -> Buffer | None:
        return self._sync(self.store.get(key, prototype))

    def get_partial_values(self, key_ranges: Iterable[Any], prototype: BufferPrototype) -> builtins.list[Buffer | None]:
        return self._sync(self.store.get_partial_values(prototype, key_ranges))

    def delete(self, path: str) -> None:
        self._sync(self.store.delete(path))

    def is_empty(self, prefix: str) -> bool:
        return self._sync(self.store.is_empty(prefix))

    def clear(self) -> None:
        self._sync(self.store.clear())

    def exists(self, key: str) -> bool:
        return self._sync(self.store.exists(key))

    def getsize_prefix(self, prefix: str) -> int:
        return self._sync(self.store.getsize_prefix(prefix))

    def list_dir(self, prefix: str) -> builtins.list[str]:
        return self._sync_iter(self.store.list_dir(prefix))

    def list_prefix(self, prefix: str) -> builtins.list[str]:
        return self._sync_iter(self.store.list_prefix(prefix))


class ZarrStoreStateMachine(RuleBasedStateMachine):
    """Values are stored, read and deleted, in a store and in a dict; both have to be alike.

    Parameters
    ----------
    store
        The store under test. It is emptied.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.model: dict[str, bytes] = {}
        self.store = SyncStoreWrapper(store)
        self.prototype = default_buffer_prototype()

    @initialize()
    def init_store(self) -> None:
        self.store.clear()
        self.model.clear()

    def _has_room(self, key: str) -> bool:
        """Whether no other key lies on the way to it, or below it: a directory cannot have both."""
        return not any(
            key != other and (key.startswith(f"{other}/") or other.startswith(f"{key}/")) for other in self.model
        )

    def _drawn_key(self, data: DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.model)), label="key")

    @rule(key=zarr_keys(), data=st.binary(max_size=MAX_BINARY_SIZE))
    def set(self, key: str, data: bytes) -> None:
        assume(self._has_room(key))
        note(f"Setting {key!r} to {len(data)} bytes")
        assert not self.store.read_only
        self.store.set(key, CPUBuffer.from_bytes(data))
        self.model[key] = data

    @precondition(lambda self: bool(self.model))
    @rule(key=zarr_keys(), data=st.data())
    def get(self, key: str, data: DataObject) -> None:
        key = self._drawn_key(data)
        found = self.store.get(key, self.prototype)
        assert found is not None
        assert found.to_bytes() == self.model[key]

    @rule(key=zarr_keys(), data=st.data())
    def get_invalid_zarr_keys(self, key: str, data: DataObject) -> None:
        assume(key not in self.model)
        assert self.store.get(key, self.prototype) is None

    @precondition(lambda self: bool(self.model))
    @rule(data=st.data())
    def get_partial_values(self, data: DataObject) -> None:
        wanted = data.draw(key_ranges(st.sampled_from(sorted(self.model)), MAX_BINARY_SIZE), label="parts")
        found = self.store.get_partial_values(wanted, self.prototype)
        assert len(found) == len(wanted)
        for (key, byte_range), value in zip(wanted, found, strict=True):
            start, stop = resolve_range(byte_range, len(self.model[key]))
            assert value is not None
            assert value.to_bytes() == self.model[key][start:stop], (key, byte_range)

    @precondition(lambda self: self.store.supports_deletes and bool(self.model))
    @rule(data=st.data())
    def delete(self, data: DataObject) -> None:
        key = self._drawn_key(data)
        note(f"Deleting {key!r}")
        self.store.delete(key)
        del self.model[key]

    @rule()
    def clear(self) -> None:
        note("Clearing")
        self.store.clear()
        self.model.clear()
        assert self.store.is_empty("")

    @precondition(lambda self: not self.model)
    @rule()
    def is_empty(self) -> None:
        assert self.store.is_empty("")

    @rule(key=zarr_keys())
    def exists(self, key: str) -> None:
        assert self.store.exists(key) == (key in self.model)

    @precondition(lambda self: bool(self.model))
    @rule(data=st.data())
    def getsize_prefix(self, data: DataObject) -> None:
        prefix = self._drawn_key(data).split("/")[0]
        expected = sum(len(value) for key, value in self.model.items() if key.startswith(f"{prefix}/"))
        assert self.store.getsize_prefix(prefix) == expected

    @invariant()
    def check_paths_equal(self) -> None:
        assert sorted(self.store.list()) == sorted(self.model)

    @invariant()
    def check_vals_equal(self) -> None:
        for key, value in self.model.items():
            found = self.store.get(key, self.prototype)
            assert found is not None, key
            assert found.to_bytes() == value, key

    @invariant()
    def check_num_zarr_keys_equal(self) -> None:
        assert len(self.store.list()) == len(self.model)

    @invariant()
    def check_zarr_keys(self) -> None:
        assert self.store.is_empty("") == (not self.model)
        assert all(self.store.exists(key) for key in self.model)
