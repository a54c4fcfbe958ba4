"""A node that cannot be read does not make its group unusable: it is listed, and what is asked of it is an error."""

from __future__ import annotations

import copy
import json
import pickle
import warnings

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.calls import get, put, run
from zarr.buffer.cpu import Buffer
from zarr.errors import UnknownCodecError, ZarrUserWarning

NAMES = ["broken", "codec", "good", "group", "type"]


def change(store, key, **members):
    raw = get(store, key)
    put(store, key, json.dumps({**json.loads(raw), **members}).encode())


@pytest.fixture
def group(engine, any_store, zarr_format):
    """An array that can be read, one of an unknown type, one with an unknown codec, damaged documents of a node and of a group."""
    root = zarr.create_group(any_store, zarr_format=zarr_format)
    for name in ("good", "type", "codec"):
        root.create_array(name, data=np.arange(4, dtype="i4"), chunks=2)
    if zarr_format == 3:
        change(any_store, "type/zarr.json", data_type="int7")
        change(any_store, "codec/zarr.json", codecs=[{"name": "bytes"}, {"name": "no.such.codec"}])
        damaged, of_group = "broken/zarr.json", b'{"zarr_format": 3, "node_type": "group", "odd": 1}'
    else:
        change(any_store, "type/.zarray", dtype="<q9")
        change(any_store, "codec/.zarray", compressor={"id": "no.such.codec"})
        damaged, of_group = "broken/.zarray", b"[]"
    put(any_store, damaged, b'{"zarr_format": ')
    put(any_store, "group/zarr.json" if zarr_format == 3 else "group/.zgroup", of_group)
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

    run(work())


def test_it_goes_through_pickle_and_is_compared(group):
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
        assert contents(dest.store, f"{name}/") == contents(group.store, f"{name}/"), "it is copied as it is stored"
    other = zarr.create_group({"mine": Buffer.from_bytes(b"")}, zarr_format=zarr_format)
    other.create_array("type", data=[1])
    with pytest.raises(ValueError, match="exists"):
        zarr.copy(dict(group.members())["type"], other)


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
    if zarr_format == 2:
        entries = {f"{name}/.zarray": document(group, f"{name}/.zarray") for name in ("codec", "good", "type")}
        entries["group/.zgroup"] = []
        stored = {"zarr_consolidated_format": 1, "metadata": {k: v for k, v in entries.items() if v != []}}
        put(group.store, ".zmetadata", json.dumps(stored).encode())
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
    again = pickle.loads(pickle.dumps(found["codec"]))
    assert "unsupported" in repr(again)
    assert again._node.unreadable.zarr_format == zarr_format
    for ask in (lambda: found["codec"][:], lambda: opened["codec"]):
        with pytest.raises(UnknownCodecError):
            ask()


def document(group, key):
    return json.loads(get(group.store, key))


def test_chunks_that_are_larger_than_is_permitted_are_met_when_they_are_asked_for(any_store, zarr_format):
    root = zarr.create_group(any_store, zarr_format=zarr_format)
    root.create_array("large", shape=1000, chunks=1000, dtype="f8")
    root.create_array("small", shape=10, chunks=10, dtype="f8")
    with zarr.config.set({"array.max_chunk_bytes": 100}):
        assert [name for name, _ in root.arrays()] == ["large", "small"]
        assert dict(root.members())["small"].shape == (10,)
        with pytest.raises(ValueError, match="max_chunk_bytes"):
            dict(root.members())["large"].shape  # noqa: B018  # reading it is the point
