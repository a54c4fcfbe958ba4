"""Errors and warnings about what is stored name the store: in a loop over many files one has to learn which it was."""

from __future__ import annotations

import os
import pickle
import re

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, run
from tests.suites.plain_stores import Awaited
from zarr.api import asynchronous
from zarr.errors import (
    ArrayNotFoundError,
    ChunkNotFoundError,
    CodecError,
    GroupNotFoundError,
    MetadataValidationError,
    NodeNotFoundError,
    ZarrUserWarning,
)
from zarr.storage import LocalStore, MemoryStore, SQLiteStore, WrapperStore, ZipStore

DAMAGE = {
    "no JSON": b"{",
    "no object": b"null",
    "no format": b'{"zarr_format": 7}',
    "unknown data type": b'{"zarr_format": 3, "node_type": "array", "data_type": "int7", "shape": []}',
}
STORES = {
    "memory": lambda path: MemoryStore(),
    "local": lambda path: LocalStore(path / "x.zarr"),
    "wrapped": lambda path: Awaited(LocalStore(path / "x.zarr")),
}
DOCUMENTS = {2: ".zarray", 3: "zarr.json"}


@pytest.fixture(params=STORES)
def kept(request, tmp_path):
    return STORES[request.param](tmp_path)


def set_value(store, key, data):
    run(store.set(key, buf(data)))


class TestDocuments:
    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_reading_one_names_the_store(self, kept, damage, zarr_format):
        group = zarr.create_group(kept, zarr_format=zarr_format)
        array = group.create_array("a", data=np.arange(6), chunks=2)
        key = f"a/{DOCUMENTS[zarr_format]}"
        set_value(kept, key, DAMAGE[damage])
        place = re.escape(f"metadata document '{key}' of store {str(kept)!r}")
        for call in (
            lambda: zarr.open_array(kept, path="a"),
            lambda: group["a"],
            lambda: group["a"].shape,
            lambda: run(asynchronous.open_array(store=kept, path="a")),
            lambda: array.resize(3),
        ):
            with pytest.raises(ValueError, match=f"^{place}[: ]"):
                call()

    @pytest.mark.parametrize("name", [".zattrs", ".zmetadata"])
    def test_so_does_one_beside_it(self, kept, name):
        zarr.create_group(kept, zarr_format=2)
        set_value(kept, name, b"[]")
        with pytest.raises(MetadataValidationError, match=re.escape(f"document '{name}' of store {str(kept)!r}")):
            zarr.open_group(kept, zarr_format=2)

    def test_so_does_one_in_consolidated_metadata(self, kept):
        group = zarr.create_group(kept, zarr_format=2)
        group.create_array("a", data=[1])
        zarr.consolidate_metadata(kept, zarr_format=2)
        text = run(kept.get(".zmetadata", zarr.core.buffer.default_buffer_prototype())).to_bytes()
        set_value(kept, ".zmetadata", text.replace(b'"<i8"', b'"<i7"'))
        group = zarr.open_consolidated(kept, zarr_format=2)
        with pytest.raises(ValueError, match=re.escape(f"'a (consolidated in .zmetadata)' of store {str(kept)!r}")):
            group["a"].shape  # noqa: B018

    def test_so_does_a_warning(self, kept):
        zarr.create_array(kept, data=[1], zarr_format=2)
        text = run(kept.get(".zarray", zarr.core.buffer.default_buffer_prototype())).to_bytes()
        set_value(kept, ".zarray", text.replace(b'"filters": null', b'"filters": []'))
        with pytest.warns(ZarrUserWarning, match=re.escape(f"'.zarray' of store {str(kept)!r} has an empty list")):
            zarr.open_array(kept)

    def test_what_is_listed_says_no_more_than_what_is_wrong(self, kept):
        group = zarr.create_group(kept)
        group.create_array("a", data=[1])
        set_value(kept, "a/zarr.json", DAMAGE["unknown data type"])
        assert " of store " not in str(group.tree())

    def test_keys_in_the_store_are_plain(self):
        kept = MemoryStore()
        group = zarr.create_group(kept, zarr_format=2)
        group.create_array("a", data=[1])
        zarr.consolidate_metadata(kept, zarr_format=2)
        group["a"].attrs["x"] = 1
        assert {type(key) for key in kept.list_keys("")} == {str}


@pytest.mark.parametrize("options", [{}, {"zarr_format": 2}, {"shards": 4}], ids=str)
def test_chunks_are_named_with_the_store(engine, kept, options):
    array = zarr.create_array(kept, name="a", data=np.arange(8), chunks=2, **options)
    key = "a/0" if options.get("zarr_format") == 2 else "a/c/0"
    set_value(kept, key, b"what nobody encoded so")
    for call in (lambda: array[:], lambda: array[0], lambda: array.__setitem__(0, 1)):
        with pytest.raises(CodecError, match=re.escape(f"of array '/a' in store {str(kept)!r}: ")) as caught:
            call()
        assert caught.value.store == str(kept)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.store) == (str(caught.value), str(kept))


def test_missing_chunks_are_named_with_the_store(engine, kept):
    array = zarr.create_array(kept, name="a", shape=4, dtype="i4", config={"read_missing_chunks": False})
    with pytest.raises(ChunkNotFoundError, match=re.escape(f"of array '/a' in store {str(kept)!r} is missing")):
        array[:]


class TestAbsence:
    def test_a_directory_that_is_not_there_is_named_by_its_absolute_path(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        text = rf"at path '': the directory '{tmp_path}/nope' does not exist\. Check the path"
        for call in (
            lambda: zarr.open("nope", mode="r"),
            lambda: zarr.open_array("nope", mode="r"),
            lambda: zarr.open_array("nope", mode="r+"),
            lambda: zarr.open_group("nope", mode="r"),
            lambda: zarr.open_consolidated("nope"),
            lambda: zarr.load("nope"),
            lambda: run(asynchronous.open(store="nope", mode="r")),
            lambda: zarr.open_group(Awaited(LocalStore("nope")), mode="r"),
        ):
            with pytest.raises(NodeNotFoundError, match=text) as caught:
                call()
            assert "tree()" not in str(caught.value)
            assert isinstance(caught.value, FileNotFoundError)

    def test_what_is_near_is_named(self, tmp_path):
        group = zarr.create_group(tmp_path / "climate.zarr")
        group.create_array("heat", data=[1])
        with pytest.raises(NodeNotFoundError, match=r"does not exist; near it there is 'climate\.zarr'"):
            zarr.open(tmp_path / "climat.zarr", mode="r")
        with pytest.raises(ArrayNotFoundError, match="does not exist; near it there is 'heat'"):
            zarr.open_array(tmp_path / "climate.zarr" / "head", mode="r")
        with pytest.raises(ArrayNotFoundError, match="near it there is 'heat'"):
            zarr.open_array(tmp_path / "climate.zarr", path="head", mode="r")
        with pytest.raises(GroupNotFoundError, match=r"at path 'other'\. Check both"):
            zarr.open_group(tmp_path / "climate.zarr", path="other", mode="r")

    def test_what_is_left_of_a_node_is_not_near_itself(self, tmp_path):
        for store in (LocalStore(tmp_path / "root"), MemoryStore()):
            array = zarr.create_array(store, name="x3", data=np.arange(4), chunks=2)
            (tmp_path / "root/x3").mkdir(parents=True, exist_ok=True)
            run(store.delete("x3/zarr.json"))
            with pytest.raises(ArrayNotFoundError, match="is gone: it was deleted or moved") as caught:
                array.append(np.arange(2))
            assert "near it" not in str(caught.value)

    @pytest.mark.parametrize(
        "call", [zarr.open, zarr.open_array, zarr.open_group, lambda **given: zarr.load(None, path=given["path"])]
    )
    def test_no_store_was_given(self, call):
        text = r"at path 'out\.zarr': no store was given, so this is a new one in memory, .* store='out\.zarr'"
        with pytest.raises(NodeNotFoundError, match=text):
            call(path="out.zarr", mode="r")
        with pytest.raises(NodeNotFoundError, match=r"at path '': no store was given, .* and empty\."):
            zarr.open(mode="r")
        with pytest.raises(NodeNotFoundError, match="the store is empty"):
            zarr.open({}, mode="r")

    def test_what_is_neither_file_nor_directory(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        for place in ("/dev/null", tmp_path / "pipe"):
            with pytest.raises(NodeNotFoundError, match=r"' is no directory, and no file that a store can be in"):
                zarr.open(place, mode="r")

    def test_a_directory_without_a_node_says_what_it_holds(self, tmp_path):
        with pytest.raises(NodeNotFoundError, match=r"has no zarr\.json, \.zarray or \.zgroup, and nothing else\."):
            zarr.open(tmp_path, mode="r")
        zarr.save(tmp_path / "a.zarr", np.arange(3))
        with pytest.raises(NodeNotFoundError, match=r"has no zarr\.json, \.zarray or \.zgroup; it holds 'a\.zarr'\."):
            zarr.open(tmp_path, mode="r")
        for number in range(9):
            (tmp_path / f"b{number}").mkdir()
        with pytest.raises(NodeNotFoundError, match=r"'b3' and 5 more\."):
            zarr.open(tmp_path, mode="r")

    def test_home_is_not_expanded(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(NodeNotFoundError, match=r"a name with '~' is what os\.path\.expanduser is for"):
            zarr.open("~/x.zarr", mode="r")

    def test_it_is_looked_for_when_it_is_read(self, tmp_path, monkeypatch):
        def refuse(*args):
            raise AssertionError("looked")

        with monkeypatch.context() as patched:
            patched.setattr(LocalStore, "_absence", refuse)
            zarr.open_group(tmp_path / "new", mode="a")
            with pytest.raises(NodeNotFoundError) as caught:
                zarr.open_group(tmp_path / "none", mode="r")
        text = str(caught.value)
        assert str(pickle.loads(pickle.dumps(caught.value))) == text
        (tmp_path / "none").mkdir()
        assert str(caught.value) != text

    @pytest.mark.parametrize("kind", ["directory", "memory", "zip", "sqlite", "wrapped"])
    @pytest.mark.parametrize("path", ["a/b", "a/b/c", "g/a/x"])
    def test_below_an_array_there_is_nothing(self, kind, path, zarr_format, tmp_path):
        store = {
            "directory": lambda: LocalStore(tmp_path / "x"),
            "memory": MemoryStore,
            "zip": lambda: ZipStore(tmp_path / "x.zip", mode="w"),
            "sqlite": lambda: SQLiteStore(tmp_path / "x.sqlite"),
            "wrapped": lambda: WrapperStore(LocalStore(tmp_path / "x")),
        }[kind]()
        root = zarr.create_group(store, zarr_format=zarr_format)
        for name in ("a", "g/a"):
            root.create_array(name, shape=3, dtype="i4")
        array = path.rpartition("/")[0].removesuffix("/b")
        text = f"{array}' is an array, and below an array there is nothing"
        for call in (zarr.open_array, zarr.open_group, zarr.open):
            with pytest.raises(FileNotFoundError, match=text) as caught:
                call(store, path=path, mode="r")
            assert text in str(pickle.loads(pickle.dumps(caught.value)))
        if kind == "directory":
            with pytest.raises(ArrayNotFoundError, match=text):
                zarr.open_array(tmp_path / "x" / path)
        if kind == "wrapped":  # which would have to be waited for
            return
        for member in (lambda: root[path], lambda: root.__delitem__(path)):
            with pytest.raises(KeyError, match=text) as caught:
                member()
            assert text in str(pickle.loads(pickle.dumps(caught.value)))

    @pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning")
    def test_nor_below_one_that_is_at_the_root_or_consolidated(self, tmp_path):
        for store in (MemoryStore(), LocalStore(tmp_path / "a")):
            zarr.create_array(store, data=[1, 2])
            with pytest.raises(ArrayNotFoundError, match=r"(root of the store|a') is an array, and below"):
                zarr.open_array(store, path="b")
        root = zarr.create_group({})
        root.create_array("a", data=[1, 2])
        root.create_group("empty")
        with pytest.raises(KeyError) as caught:
            root["empty/x"]
        assert str(caught.value).endswith(f"of store {root.store!r}")
        with pytest.raises(KeyError, match="'a' is an array, and below an array"):
            zarr.consolidate_metadata(root.store)["a/b"]

    def test_a_store_without_a_node_says_what_it_holds(self, tmp_path):
        """As an archive does that `zip -r` made of a directory."""
        with ZipStore(tmp_path / "a.zip", mode="w") as store:
            zarr.create_array(store, name="data.zarr", data=[1])
            run(store.delete("zarr.json"))
        with pytest.raises(NodeNotFoundError, match=r"no zarr\.json, .* at its root; it holds 'data\.zarr'\."):
            zarr.open(tmp_path / "a.zip", mode="r")
        with pytest.raises(NodeNotFoundError, match=r"the store is empty\. Check the path"):
            zarr.open({}, mode="r")
        with pytest.raises(ArrayNotFoundError, match=r"near it there is 'data\.zarr'"):
            zarr.open_array(tmp_path / "a.zip", path="data", mode="r")

    def test_files_that_are_not_there(self, tmp_path):
        with pytest.raises(NodeNotFoundError, match=f"the archive '{tmp_path}/a.zip' does not exist"):
            zarr.open(tmp_path / "a.zip", mode="r")
        with pytest.raises(NodeNotFoundError, match=f"the file '{tmp_path}/a.sqlite' does not exist"):
            zarr.open(SQLiteStore(tmp_path / "a.sqlite"), mode="r")

    def test_a_store_that_fails_does_not_hide_the_error(self, monkeypatch):
        store = zarr.create_group({}).store

        def fail(*args):
            raise RuntimeError

        with pytest.raises(ArrayNotFoundError) as caught:
            zarr.open_array(store, path="a/b")
        monkeypatch.setattr(type(store), "read", fail)
        assert str(caught.value).endswith("Check both, or create it with zarr.create_array.")

    def test_other_stores_say_nothing(self):
        assert str(ArrayNotFoundError("s", "p")) == (
            "No array found in store 's' at path 'p'. Check both, or create it with zarr.create_array."
        )
        assert str(ArrayNotFoundError("message")) == "message"
        with pytest.raises(GroupNotFoundError, match=r"at path 'x'\. Check both"):
            zarr.open_group(MemoryStore(), path="x", mode="r")


def test_a_document_above_that_cannot_be_parsed(tmp_path):
    """Who looks for a node says that there is none, whatever lies above."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "zarr.json").write_bytes(b"[" * 100_000)
    for store in (
        MemoryStore({"a/zarr.json": buf(b'{"a":' * 100_000)}),
        LocalStore(tmp_path),
        SQLiteStore(tmp_path / "db"),
    ):
        with pytest.raises(FileNotFoundError, match="a/b"):
            zarr.open(store, path="a/b", mode="r")


def test_a_codec_that_failed_on_some_chunk():
    """Somebody else's pipeline may not say which."""
    error = CodecError("gzip", "decode", "no end")
    assert str(error).startswith("codec 'gzip' could not decode: no end")
    assert str(error.at(path="a")).startswith("codec 'gzip' could not decode a chunk of array '/a': no end")
    assert str(error.at(path="a", coords=(1,))).startswith(
        "codec 'gzip' could not decode at chunk coordinates (1,) of array"
    )
