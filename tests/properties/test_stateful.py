"""A store under a random sequence of operations stays equal to a model of NumPy arrays and dicts."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import zarr
from tests.properties.strategies import (
    Setup,
    assert_same,
    assign,
    basic_selections,
    contents,
    filled,
    is_in_format_2,
    orthogonal_oracle,
    orthogonal_selections,
    setups,
    values_for,
)

pytestmark = [
    # Some data types have no specification in format 3, nor has consolidated metadata, some chains are slow, and say so.
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
    pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning"),
]

NAMES = ["a", "b", "c"]  # "c" is also what chunk keys of format 3 begin with
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
SHAPES = st.lists(st.integers(0, 6), max_size=3).map(tuple)
SETUPS = setups(SHAPES).filter(
    lambda setup: is_in_format_2(setup.dtype)
)  # they are copied from one format to the other
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ATTRIBUTES = st.dictionaries(st.sampled_from(["units", "x", ""]), JSON, max_size=2)


@dataclass
class Node:
    """What the model knows of a node: attributes and, of an array, its elements."""

    attrs: dict[str, Any] = field(default_factory=dict)
    setup: Setup | None = None
    elements: np.ndarray[Any, Any] | None = None

    @property
    def is_array(self) -> bool:
        return self.setup is not None


class StoreMachine(RuleBasedStateMachine):
    """One store with a hierarchy of one format. Subclasses say which store."""

    store: zarr.abc.store.Store

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[str, Node] = {"": Node()}
        self.handles: dict[str, zarr.Array] = {}
        self.touched: str | None = None

    @initialize(zarr_format=st.sampled_from([2, 3]), first=SETUPS, second=SETUPS, made=contents())
    def begin(self, zarr_format: int, first: Setup, second: Setup, made: Any) -> None:
        """Two arrays from the start: Hypothesis leaves some rules out of each run, and may do so with creating."""
        self.zarr_format = zarr_format
        zarr.create_group(self.store, zarr_format=zarr_format)
        self.new_array("a", first, made)
        self.new_array("b/c", second, None)

    # -- the model ------------------------------------------------------------------------------------------------

    def arrays(self) -> list[str]:
        return sorted(path for path, node in self.nodes.items() if node.is_array)

    def groups(self) -> list[str]:
        return sorted(path for path, node in self.nodes.items() if not node.is_array)

    def pick_array(self, data: Any) -> tuple[zarr.Array, Node]:
        path = self.touched = data.draw(st.sampled_from(self.arrays()))
        return self.handles[path], self.nodes[path]

    def forget(self, path: str) -> None:
        """Remove a node and what lies below it."""
        for gone in [p for p in self.nodes if p == path or p.startswith(f"{path}/")]:
            del self.nodes[gone]
            self.handles.pop(gone, None)

    def obstacle(self, path: str, *, overwrite: bool) -> type[Exception] | None:
        """The error that creating a node here must raise."""
        parts = path.split("/")
        if any(self.is_array_at("/".join(parts[:n])) for n in range(1, len(parts))):
            return zarr.errors.ContainsArrayError
        if overwrite or path not in self.nodes:
            return None
        return zarr.errors.ContainsArrayError if self.is_array_at(path) else zarr.errors.ContainsGroupError

    def is_array_at(self, path: str) -> bool:
        return path in self.nodes and self.nodes[path].is_array

    def add(self, path: str, node: Node) -> None:
        """Put a node into the model, with groups on the way to it."""
        self.forget(path)
        parts = path.split("/")
        for n in range(1, len(parts)):
            self.nodes.setdefault("/".join(parts[:n]), Node())
        self.nodes[path] = node
        self.touched = path

    def arrays_exist(self) -> bool:
        return bool(self.arrays())

    # -- creating and deleting ------------------------------------------------------------------------------------

    @rule(path=PATHS, setup=SETUPS, attrs=ATTRIBUTES, overwrite=st.booleans(), made=st.none() | contents())
    def create_array(self, path: str, setup: Setup, attrs: dict[str, Any], overwrite: bool, made: Any) -> None:
        more = {"attributes": attrs, "overwrite": overwrite}
        if (error := self.obstacle(path, overwrite=overwrite)) is not None:
            with pytest.raises(error):
                self.in_format(setup).create(self.store, path, **more)
            return
        self.new_array(path, setup, made, **more)

    def new_array(self, path: str, setup: Setup, made: Any, **more: Any) -> None:
        setup = self.in_format(setup)
        elements = setup.model() if made is None else made.make(setup.shape, setup.dtype, setup.fill)
        array = setup.create(self.store, path, **more)
        if made is not None:
            array[...] = elements
        self.add(path, Node(dict(more.get("attributes", {})), setup, elements))
        self.handles[path] = array

    def in_format(self, setup: Setup) -> Setup:
        """The setup itself, or, if it is of the other format, what both have of it."""
        if setup.options["zarr_format"] == self.zarr_format:
            return setup
        kept = {key: setup.options[key] for key in ("chunks", "fill_value", "config") if key in setup.options}
        if any(isinstance(length, list) for length in kept["chunks"]):
            del kept["chunks"]
        return Setup(setup.shape, setup.dtype, setup.fill, {**kept, "zarr_format": self.zarr_format})

    @rule(path=PATHS, attrs=ATTRIBUTES, overwrite=st.booleans())
    def create_group(self, path: str, attrs: dict[str, Any], overwrite: bool) -> None:
        more = {"zarr_format": self.zarr_format, "attributes": attrs, "overwrite": overwrite}
        if (error := self.obstacle(path, overwrite=overwrite)) is not None:
            with pytest.raises(error):
                zarr.create_group(self.store, path=path, **more)
            return
        zarr.create_group(self.store, path=path, **more)
        self.add(path, Node(dict(attrs)))

    @precondition(lambda self: len(self.nodes) > 1)
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        path = data.draw(st.sampled_from(sorted(self.nodes)[1:]))
        del self.open_root()[path]
        self.forget(path)
        with pytest.raises(zarr.errors.NodeNotFoundError):
            zarr.open(self.store, path=path, mode="r")

    # -- elements -------------------------------------------------------------------------------------------------

    @precondition(arrays_exist)
    @rule(data=st.data())
    def write_basic(self, data: Any) -> None:
        array, node = self.pick_array(data)
        selection = data.draw(basic_selections(node.elements.shape))
        value = data.draw(values_for(np.shape(node.elements[selection]), node.setup))
        array[selection] = value
        assign(node.elements, selection, value)

    @precondition(arrays_exist)
    @rule(data=st.data())
    def write_orthogonal(self, data: Any) -> None:
        array, node = self.pick_array(data)
        selection = data.draw(orthogonal_selections(node.elements.shape))
        oracle = orthogonal_oracle(selection, node.elements.shape)
        value = data.draw(values_for(oracle.shape, node.setup))
        array.oindex[selection] = value
        oracle.write(node.elements, value)

    @precondition(arrays_exist)
    @rule(data=st.data())
    def resize(self, data: Any) -> None:
        array, node = self.pick_array(data)
        shape = tuple(data.draw(st.integers(0, 9)) for _ in node.elements.shape)
        array.resize(shape)
        old, node.elements = node.elements, filled(shape, node.setup.dtype, node.setup.fill)
        common = (*(slice(min(n, m)) for n, m in zip(old.shape, shape, strict=True)), ...)
        node.elements[common] = old[common]

    @precondition(arrays_exist)
    @rule(data=st.data())
    def another_program_shrinks_the_shape_alone_and_resize_reveals_nothing(self, data: Any) -> None:
        array, node = self.pick_array(data)
        old = node.elements
        smaller = tuple(data.draw(st.integers(0, n)) for n in old.shape)
        array = self.rewrite_shape(smaller)
        array.resize(old.shape)
        kept = (*map(slice, smaller), ...)
        node.elements = filled(old.shape, node.setup.dtype, node.setup.fill)
        node.elements[kept] = old[kept]

    @precondition(arrays_exist)
    @rule(data=st.data())
    def resize_shrinks_and_another_program_that_grows_the_shape_alone_reveals_nothing(self, data: Any) -> None:
        array, node = self.pick_array(data)
        old = node.elements
        smaller = tuple(data.draw(st.integers(0, n)) for n in old.shape)
        array.resize(smaller)
        self.rewrite_shape(old.shape)
        kept = (*map(slice, smaller), ...)
        node.elements = filled(old.shape, node.setup.dtype, node.setup.fill)
        node.elements[kept] = old[kept]

    def rewrite_shape(self, shape: tuple[int, ...]) -> zarr.Array:
        """Change the shape of the touched array in its document, and nothing else; the array opened anew."""
        key = f"{self.touched}/{'zarr.json' if self.zarr_format == 3 else '.zarray'}"
        document = json.loads(self.store.get_sync(key).to_bytes())
        document["shape"] = shape
        self.store.set_sync(key, zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode()))
        config = self.nodes[self.touched].setup.options["config"]
        self.handles[self.touched] = zarr.open_array(self.store, path=self.touched, config=config)
        return self.handles[self.touched]

    @precondition(arrays_exist)
    @rule(data=st.data(), made=contents(), length=st.integers(0, 4))
    def append(self, data: Any, made: Any, length: int) -> None:
        array, node = self.pick_array(data)
        if not node.elements.ndim:
            return
        axis = data.draw(st.integers(-node.elements.ndim, node.elements.ndim - 1))
        shape = list(node.elements.shape)
        if shape[axis] > 12:
            return
        shape[axis] = length
        values = made.make(tuple(shape), node.setup.dtype, node.setup.fill)
        new_shape = array.append(values, axis=axis)
        node.elements = np.concatenate([node.elements, values], axis=axis)
        assert new_shape == array.shape == node.elements.shape

    # -- documents ------------------------------------------------------------------------------------------------

    @precondition(arrays_exist)
    @rule(data=st.data())
    def reopen(self, data: Any) -> None:
        self.pick_array(data)
        config = self.nodes[self.touched].setup.options["config"]
        self.handles[self.touched] = zarr.open_array(self.store, path=self.touched, config=config)

    @rule(data=st.data(), attrs=ATTRIBUTES, replace=st.booleans())
    def set_attributes(self, data: Any, attrs: dict[str, Any], replace: bool) -> None:
        path = data.draw(st.sampled_from(sorted(self.nodes)))
        node = self.nodes[path]
        stored = self.handles[path] if node.is_array else zarr.open_group(self.store, path=path, mode="r+")
        if replace:
            stored.attrs.put(attrs)
            node.attrs = dict(attrs)
        else:
            stored.attrs.update(attrs)
            node.attrs.update(attrs)
        assert dict(stored.attrs) == node.attrs

    @rule(data=st.data())
    def delete_an_attribute(self, data: Any) -> None:
        having = [path for path, node in sorted(self.nodes.items()) if node.attrs]
        if not having:
            return
        path = data.draw(st.sampled_from(having))
        key = data.draw(st.sampled_from(sorted(self.nodes[path].attrs)))
        stored = self.handles[path] if path in self.handles else zarr.open_group(self.store, path=path, mode="r+")
        del stored.attrs[key]
        del self.nodes[path].attrs[key]

    @rule(data=st.data())
    def consolidate(self, data: Any) -> None:
        path = data.draw(st.sampled_from(self.groups()))
        made = zarr.consolidate_metadata(self.store, path=path or None)
        opened = zarr.open_consolidated(self.store, path=path or None)
        for group in (made, opened):
            self.assert_members(dict(group.members(None)), path)

    # -- what always holds ----------------------------------------------------------------------------------------

    def open_root(self) -> zarr.Group:
        return zarr.open_group(self.store, mode="r+", use_consolidated=False)

    def assert_members(self, members: dict[str, Any], root: str) -> None:
        """Nodes below a group are those of the model, of the same kind, with the same attributes and shapes."""
        prefix = f"{root}/" if root else ""
        expected = {
            p.removeprefix(prefix): node for p, node in self.nodes.items() if p.startswith(prefix) and p != root
        }
        assert sorted(members) == sorted(expected)
        for path, node in expected.items():
            assert isinstance(members[path], zarr.Array) == node.is_array
            assert dict(members[path].attrs) == node.attrs
            if node.is_array:
                assert members[path].shape == node.elements.shape

    @invariant()
    def the_array_that_was_touched_holds_what_the_model_holds(self) -> None:
        path, self.touched = self.touched, None
        if path is not None and self.is_array_at(path):
            self.assert_array(path)

    def assert_array(self, path: str) -> None:
        node, handle = self.nodes[path], self.handles[path]
        assert_same(handle[...], node.elements, handle.dtype)
        opened = zarr.open_array(self.store, path=path, mode="r")
        assert_same(opened[...], node.elements, node.setup.dtype_reopened)

    @invariant()
    def the_members_are_those_of_the_model(self) -> None:
        root = self.open_root()
        assert dict(root.attrs) == self.nodes[""].attrs
        self.assert_members(dict(root.members(None)), "")

    @invariant()
    def nothing_is_stored_but_documents_and_chunks_inside_the_bounds(self) -> None:
        documents = {3: ["zarr.json"], 2: [".zarray", ".zgroup", ".zattrs", ".zmetadata"]}[self.zarr_format]
        allowed = {f"{path}/{name}".lstrip("/") for path in self.nodes for name in documents}
        for path in self.arrays():
            allowed |= {f"{path}/{suffix}" for suffix in chunk_keys(self.handles[path])}
        assert not set(self.stored()) - allowed

    def stored(self) -> list[str]:
        """Keys of everything that the store holds, found without the store's help where that is possible."""
        raise NotImplementedError

    def teardown(self) -> None:
        for path in self.arrays():
            self.assert_array(path)


def chunk_keys(array: zarr.Array) -> list[str]:
    """Keys of all chunks of an array, from its metadata document."""
    counts = [len(sizes) for sizes in array.write_chunk_sizes]
    if array.metadata.zarr_format == 2:
        name, separator = "v2", array.metadata.dimension_separator
    else:
        encoding = array.metadata.to_dict()["chunk_key_encoding"]
        name, separator = encoding["name"], encoding["configuration"]["separator"]
    head = ["c"] if name == "default" else []
    return [separator.join([*head, *map(str, coords)]) or "0" for coords in np.ndindex(*counts)]


class MemoryMachine(StoreMachine):
    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[str, Any] = {}
        self.store = zarr.storage.MemoryStore(self.contents)

    def stored(self) -> list[str]:
        return list(self.contents)


class LocalMachine(StoreMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = zarr.storage.LocalStore(self.folder.name)

    def stored(self) -> list[str]:
        root = Path(self.folder.name)
        return [path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()]

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.folder.cleanup()


@pytest.mark.parametrize("machine", [MemoryMachine, LocalMachine])
def test_a_store_stays_equal_to_its_model(engine, machine):
    profile = settings()
    budget = max(1, profile.max_examples // 2)  # an example is a sequence of many operations
    phases = set(Phase) - {Phase.explain}  # which would take longer than the time limit of a test
    options = settings(profile, max_examples=budget, stateful_step_count=30, phases=phases)
    run_state_machine_as_test(machine, settings=options)
