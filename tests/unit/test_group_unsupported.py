"""A node that cannot be read does not make its group unusable: it is listed, and what is asked of it is an error."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import warnings

import numpy as np
import pytest

import zarr
from zarr.buffer.cpu import Buffer, buffer_prototype
from zarr.errors import MemberNotFoundError, UnknownCodecError, ZarrUserWarning
from zarr.storage import MemoryStore, WrapperStore

V2, V3 = 2, 3
NAMES = ["broken", "codec", "good", "group", "type"]


@pytest.fixture(params=[V2, V3], ids=["v2", "v3"])
def zarr_format(request):
    return request.param


@pytest.fixture(params=[MemoryStore, lambda: WrapperStore(MemoryStore())], ids=["memory", "somebody else's"])
def place(request):
    return request.param()


def change(store, key, **members):
    raw = asyncio.run(store.get(key, buffer_prototype)).to_bytes()
    asyncio.run(store.set(key, Buffer.from_bytes(json.dumps({**json.loads(raw), **members}).encode())))


@pytest.fixture
def group(place, zarr_format):
    """An array that can be read, one of an unknown type, one with an unknown codec, damaged documents of a node and of a group."""
    root = zarr.create_group(place, zarr_format=zarr_format)
    for name in ("good", "type", "codec"):
        root.create_array(name, data=np.arange(4, dtype="i4"), chunks=2)
    if zarr_format == V3:
        change(place, "type/zarr.json", data_type="int7")
        change(place, "codec/zarr.json", codecs=[{"name": "bytes"}, {"name": "no.such.codec"}])
        damaged, of_group = "broken/zarr.json", b'{"zarr_format": 3, "node_type": "group", "odd": 1}'
    else:
        change(place, "type/.zarray", dtype="<q9")
        change(place, "codec/.zarray", compressor={"id": "no.such.codec"})
        damaged, of_group = "broken/.zarray", b"[]"
    asyncio.run(place.set(damaged, Buffer.from_bytes(b'{"zarr_format": ')))
    asyncio.run(place.set("group/zarr.json" if zarr_format == V3 else "group/.zgroup", Buffer.from_bytes(of_group)))
    return root


def test_it_is_counted_and_named(group):
    assert list(group) == list(group.keys()) == NAMES
    assert len(group) == group.nmembers(max_depth=None) == 5
    assert all(name in group for name in NAMES)
    assert list(group.array_keys()) == ["broken", "codec", "good", "type"]
    assert list(group.group_keys()) == ["group"]


def test_what_is_asked_of_it_names_what_is_unknown(group):
    found = dict(group.members())
    assert sorted(found) == NAMES
    assert found["good"][:].tolist() == [0, 1, 2, 3]
    for name, match in {"type": "int7|q9", "codec": "no.such.codec", "broken": "broken/", "group": "group/"}.items():
        node = found[name]
        assert (node.path, node.name, node.basename) == (name, f"/{name}", name)
        assert node.store is group.store
        asked = [lambda node=node: node.metadata, lambda node=node: dict(node.attrs), lambda name=name: group[name]]
        asked.append(lambda name=name: group.get(name))
        if name == "group":
            asked += [lambda node=node: list(node), lambda node=node: node["x"]]
        else:
            asked += [lambda node=node: node[:], lambda node=node: node.shape, lambda node=node: node.append([1])]
        for ask in asked:
            with pytest.raises(ValueError, match=match):
                ask()
    with pytest.raises(UnknownCodecError):
        found["codec"][0]


def test_it_shows_itself_as_unsupported(group):
    found = dict(group.members())
    assert "unsupported" in repr(found["type"])
    assert "no.such.codec" in repr(found["codec"])
    assert "unsupported" in repr(found["group"])
    tree = str(group.tree(plain=True)).splitlines()
    assert [line.split()[1] for line in tree[1:]] == NAMES
    assert ["unsupported" in line for line in tree[1:]] == [True, True, False, True, True]
    assert "Unsupported : 4 of them" in repr(group.info_complete())


def test_the_asynchronous_face_does_the_same(group):
    face = group._async_group

    async def work():
        assert [name async for name in face.keys()] == NAMES  # noqa: SIM118  # no mapping
        assert await face.contains("codec")
        found = {name: node async for name, node in face.members()}
        assert "unsupported" in repr(found["codec"])
        with pytest.raises(UnknownCodecError):
            await found["codec"].getitem(0)
        with pytest.raises(UnknownCodecError):
            await face.getitem("codec")

    asyncio.run(work())


def test_it_goes_through_pickle_and_is_compared(group):
    if isinstance(group.store, WrapperStore):
        return
    node = dict(group.members())["codec"]
    for twin in (pickle.loads(pickle.dumps(node)), copy.copy(node), copy.deepcopy(node)):
        assert repr(twin).endswith(repr(node)[repr(node).index("unsupported") :])
        with pytest.raises(UnknownCodecError):
            twin.shape  # noqa: B018  # reading it is the point
    assert node == copy.copy(node)
    assert node != dict(group.members())["type"]


def test_it_can_be_deleted_moved_and_overwritten(group):
    group.move("codec", "moved")
    assert "moved" in group
    del group["moved"]
    del group["broken"]
    assert group.create_array("type", data=[1], overwrite=True)[:].tolist() == [1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)  # chunks of what nobody could read may be left
        assert list(group) == ["good", "group", "type"]


def test_copying_goes_on(group, zarr_format):
    dest = zarr.create_group({}, zarr_format=zarr_format)
    lines = []
    assert zarr.copy_all(group, dest, log=lines.append)[:2] == (5, 0)
    assert list(dest) == NAMES
    assert dest["good"][:].tolist() == [0, 1, 2, 3]
    assert [("unsupported" in line) for line in lines[:5]] == [True, True, False, True, True]
    for name in ("type", "codec"):
        assert contents(dest.store, name) == contents(group.store, name), "it is copied as it is stored"
    other = zarr.create_group({"mine": Buffer.from_bytes(b"")}, zarr_format=zarr_format)
    other.create_array("type", data=[1])
    with pytest.raises(ValueError, match="exists"):
        zarr.copy(dict(group.members())["type"], other)


def contents(store, prefix):
    async def read():
        keys = [key async for key in store.list_prefix(f"{prefix}/")]
        return {key: (await store.get(key, buffer_prototype)).to_bytes() for key in keys}

    return asyncio.run(read())


def test_what_would_have_to_be_read_is_left_out_of_a_copy_with_a_warning(group, zarr_format):
    dest = zarr.create_group({}, zarr_format=5 - zarr_format)
    with pytest.warns(ZarrUserWarning, match="cannot be read, and is not copied"):
        counts = zarr.copy_all(group, dest)
    assert counts[:2] == (1, 4)
    assert list(dest) == ["good"]


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning")
def test_it_is_left_out_of_consolidated_metadata_with_a_warning(group):
    with pytest.warns(ZarrUserWarning, match=r"cannot hold 'broken' .*'codec' .*'group' .*'type'"):
        zarr.consolidate_metadata(group.store)
    assert list(zarr.open_group(group.store, mode="r")) == ["good"]


def test_consolidated_metadata_of_another_writer_may_tell_of_some(group, zarr_format):
    if zarr_format == V2:
        entries = {f"{name}/.zarray": document(group, f"{name}/.zarray") for name in ("codec", "good", "type")}
        entries["group/.zgroup"] = []
        stored = {"zarr_consolidated_format": 1, "metadata": {k: v for k, v in entries.items() if v != []}}
        asyncio.run(group.store.set(".zmetadata", Buffer.from_bytes(json.dumps(stored).encode())))
        names = ["codec", "good", "type"]
    else:
        names = ["codec", "good", "group", "type"]
        told = {name: document(group, f"{name}/zarr.json") for name in names}
        change(
            group.store,
            "zarr.json",
            consolidated_metadata={"kind": "inline", "must_understand": False, "metadata": told},
        )
    opened = zarr.open_group(group.store, mode="r")
    assert opened.metadata.consolidated_metadata is not None
    assert list(opened) == names
    assert len(opened) == len(names)
    found = dict(opened.members())
    assert found["good"].shape == (4,)
    assert "unsupported" in repr(found["codec"])
    assert "unsupported" in str(opened.tree())
    assert f"No. members : {len(names)}" in repr(opened.info)
    if not isinstance(group.store, WrapperStore):
        assert "unsupported" in repr(pickle.loads(pickle.dumps(found["codec"])))
        assert pickle.loads(pickle.dumps(found["codec"]))._node.unreadable.zarr_format == zarr_format
    for ask in (lambda: found["codec"][:], lambda: opened["codec"]):
        with pytest.raises(UnknownCodecError):
            ask()


def document(group, key):
    return json.loads(asyncio.run(group.store.get(key, buffer_prototype)).to_bytes())


def test_chunks_that_are_larger_than_is_permitted_are_met_when_they_are_asked_for(place, zarr_format):
    root = zarr.create_group(place, zarr_format=zarr_format)
    root.create_array("large", shape=1000, chunks=1000, dtype="f8")
    root.create_array("small", shape=10, chunks=10, dtype="f8")
    with zarr.config.set({"array.max_chunk_bytes": 100}):
        assert [name for name, _ in root.arrays()] == ["large", "small"]
        assert dict(root.members())["small"].shape == (10,)
        with pytest.raises(ValueError, match="max_chunk_bytes"):
            dict(root.members())["large"].shape  # noqa: B018  # reading it is the point


# -- members that are not there ---------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("consolidated", [False, True])
def test_what_is_called_nearly_so_is_suggested(zarr_format, consolidated):
    root = zarr.create_group({}, zarr_format=zarr_format)
    for path in ("model/temperature", "model/pressure", "observed"):
        root.create_array(path, shape=1, dtype="i1")
    if consolidated:
        root = zarr.consolidate_metadata(root.store)
    for path, suggested in {
        "modell": "'model'",
        "model/temprature": "'model/temperature'",
        "modle/temperature": "'model'",
        "obsreved/x": "'observed'",
    }.items():
        with pytest.raises(KeyError, match=f"near it there is {suggested}") as caught:
            root[path]
        assert isinstance(caught.value, MemberNotFoundError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        assert repr(path) in str(caught.value)
    with pytest.raises(KeyError) as caught:
        root["zzz"]
    assert "near" not in str(caught.value)
    assert ("use_consolidated=False" in str(caught.value)) == consolidated
    with pytest.raises(KeyError, match="'model'"):
        del root["mode"]


# -- iterating --------------------------------------------------------------------------------------------------------------


class TestVisiting:
    @pytest.fixture
    def root(self, zarr_format):
        root = zarr.create_group({}, zarr_format=zarr_format)
        for path in ("b/x", "a/y/z", "c"):
            root.create_array(path, shape=2, dtype="i1")
        return root

    def test_items_and_values(self, root):
        assert [(name, node.path) for name, node in root.items()] == [("a", "a"), ("b", "b"), ("c", "c")]
        assert [type(node) for node in root.values()] == [zarr.Group, zarr.Group, zarr.Array]
        assert dict(root.items())["c"] == root["c"]

        async def work():
            face = root._async_group
            names = [name async for name, _ in face.items()]
            return names, [node.path async for node in face.values()]

        assert asyncio.run(work()) == (["a", "b", "c"], ["a", "b", "c"])

    def test_every_node_is_visited_depth_first(self, root):
        paths, nodes, items = [], [], []
        assert root.visit(paths.append) is None
        assert root.visitkeys(paths.append) is None
        assert root.visitvalues(nodes.append) is None
        assert root.visititems(lambda path, node: items.append((path, node.path))) is None
        expected = ["a", "a/y", "a/y/z", "b", "b/x", "c"]
        assert paths == expected * 2
        assert [node.path for node in nodes] == expected
        assert items == [(path, path) for path in expected]
        below = []
        root["a"].visit(below.append)
        assert below == ["y", "y/z"]

    def test_the_first_result_ends_it(self, root):
        seen = []

        def find(path, node):
            seen.append(path)
            return path if isinstance(node, zarr.Array) else None

        assert root.visititems(find) == "a/y/z"
        assert seen == ["a", "a/y", "a/y/z"]
        assert root.visit(lambda path: 0 if path == "b" else None) == 0
        assert root.visitvalues(lambda node: node.path if "b" in node.path else None) == "b"

    def test_notebooks_complete_keys_and_show_trees(self, root):
        assert root._ipython_key_completions_() == ["a", "b", "c"]
        root.attrs["<x>"] = 1
        assert root.attrs._ipython_key_completions_() == ["<x>"]
        root.create_group("<b>&")
        shown = root.tree()._repr_mimebundle_()
        assert shown["text/plain"] == str(root.tree(plain=True))
        assert "<b>&lt;b&gt;&amp;</b>" in shown["text/html"]
        assert shown["text/html"].startswith("<pre")
        assert "└── <b>c</b> (2,) int8" in shown["text/html"]


def test_modules_show_public_names_only():
    import importlib
    import pkgutil

    names = ["zarr"] + [m.name for m in pkgutil.walk_packages(zarr.__path__, "zarr.")]
    for name in names:
        if any(part.startswith("_") for part in name.split(".")):
            continue
        module = importlib.import_module(name)
        submodules = {m.name for m in pkgutil.iter_modules(getattr(module, "__path__", []))}
        shown = set(dir(module))
        assert all(not each.startswith("_") or each == "__version__" for each in shown), name
        extra = {"set_format", "set_log_level"} if name == "zarr" else set()
        assert shown <= {*getattr(module, "__all__", ()), *submodules, *extra}, name
        assert all(hasattr(module, each) for each in shown), name
