"""What is no file where the file of a value should be is an error on both engines, and never a value that is missing."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, collect, get, put, run
from tests.suites.plain_stores import Awaited
from zarr._flow.drive import run as drive
from zarr._flow.requests import Fetch, Read
from zarr.errors import DirectoryInTheWayError, FileInTheWayError, KeyBlockedError, ZarrUserWarning
from zarr.storage import LocalStore, WrapperStore


def directory(path):
    path.mkdir()


def full_directory(path):
    path.mkdir()
    (path / "file").write_bytes(b"kept")


def dangling_link(path):
    path.symlink_to(path.parent / "not mounted")


def loop(path):
    path.symlink_to(path)


def link_to_directory(path):
    (path.parent / "elsewhere").mkdir()
    path.symlink_to(path.parent / "elsewhere")


def pipe(path):
    os.mkfifo(path)


def bound_socket(path):
    before = Path.cwd()
    os.chdir(path.parent)  # the path of a socket has to be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def device(path):
    path.symlink_to("/dev/null")


IN_PLACE_OF_A_FILE = {
    directory: (DirectoryInTheWayError, "a directory"),
    full_directory: (DirectoryInTheWayError, "a directory"),
    link_to_directory: (DirectoryInTheWayError, "a directory"),
    dangling_link: (KeyBlockedError, "not mounted, where nothing is to be found"),
    loop: (KeyBlockedError, "where nothing is to be found"),
    pipe: (KeyBlockedError, "a pipe"),
    bound_socket: (KeyBlockedError, "a socket"),
    device: (KeyBlockedError, "a device"),
}

IN_PLACE_OF_A_DIRECTORY = {
    (lambda path: path.write_bytes(b"kept")): (FileInTheWayError, "a file"),
    dangling_link: (KeyBlockedError, "not mounted, where nothing is to be found"),
    loop: (KeyBlockedError, "where nothing is to be found"),
    pipe: (FileInTheWayError, "a pipe"),
}


def kinds(table):
    return pytest.mark.parametrize(
        ("place", "error", "words"),
        [pytest.param(make, *expected, id=make.__name__.strip("<>")) for make, expected in table.items()],
    )


def fetch(store, key):
    """What flows find under a key."""

    def flow():
        (stored,) = yield Fetch(store, [Read(key)])
        return stored

    return drive(flow())


def kind_of(path):
    return stat.S_IFMT(path.lstat().st_mode), path.readlink() if path.is_symlink() else None


class TestValues:
    @kinds(IN_PLACE_OF_A_FILE)
    @pytest.mark.parametrize("wrapped", [False, True])
    def test_reading_says_what_is_in_the_way(self, disk, place, error, words, wrapped):
        put(disk, "a/b")
        place(disk.root / "a" / "c")
        store = Awaited(disk) if wrapped else disk
        ranges = [zarr.abc.store.RangeByteRequest(0, 1)]
        calls = [lambda: disk.read("a/c"), lambda: fetch(store, "a/c")]
        if error is DirectoryInTheWayError:  # no value, says zarr-python
            assert get(store, "a/c") is None
            assert store.get_sync("a/c") is None
            assert run(store.get_partial_values(zarr.buffer.cpu.buffer_prototype, [("a/c", ranges[0])])) == [None]
            in_group = FileNotFoundError
        else:
            calls += [lambda: get(store, "a/c"), lambda: store.get_sync("a/c")]
            in_group = error
        for read in calls:
            with pytest.raises(error, match=words) as caught:
                read()
            assert "'a/c'" in str(caught.value)
            assert str(disk.root / "a" / "c") in str(caught.value)
            assert (caught.value.key, caught.value.path) == ("a/c", str(disk.root / "a" / "c"))
            assert isinstance(caught.value, OSError)
            assert not isinstance(caught.value, FileNotFoundError)
        with pytest.raises(ExceptionGroup) as group:
            store.get_ranges_sync("a/c", ranges, prototype=zarr.buffer.cpu.buffer_prototype)
        assert isinstance(group.value.exceptions[0], in_group)

    @kinds(IN_PLACE_OF_A_FILE)
    def test_a_prefix_is_no_value_and_whatever_else_it_is_there_is_no_telling(self, disk, place, error, words):
        put(disk, "a/b")
        place(disk.root / "a" / "c")
        if error is DirectoryInTheWayError:
            assert not run(disk.exists("a/c"))
            with pytest.raises(FileNotFoundError):
                run(disk.getsize("a/c"))
            return
        for ask in (lambda: run(disk.exists("a/c")), lambda: run(disk.getsize("a/c"))):
            with pytest.raises(error, match=words):
                ask()
        assert collect(disk.list()) == ["a/b", "a/c"]  # so that who deletes or copies sees it

    @kinds(IN_PLACE_OF_A_FILE)
    def test_writing_replaces_files_only(self, disk, place, error, words):
        put(disk, "a/b")
        path = disk.root / "a" / "c"
        place(path)
        before = kind_of(path)
        for change in (
            lambda: put(disk, "a/c"),
            lambda: run(disk.set_if_not_exists("a/c", buf(b"x"))),
        ):
            with pytest.raises(error, match=words):
                change()
        assert kind_of(path) == before
        assert sorted(entry.name for entry in disk.root.rglob("*") if entry.name.startswith("__zarr")) == []

    def test_what_is_no_directory_is_deleted_by_its_key(self, disk):
        put(disk, "a/b")
        for place in (dangling_link, pipe, bound_socket, link_to_directory):
            place(disk.root / "a" / "c")
            run(disk.delete("a/c"))
            assert not os.path.lexists(disk.root / "a" / "c")
        full_directory(disk.root / "a" / "c")
        with pytest.raises(DirectoryInTheWayError):
            run(disk.delete("a/c"))
        assert get(disk, "a/c/file") == b"kept"

    def test_a_link_to_a_file_is_a_value(self, disk):
        put(disk, "a/b", b"x")
        (disk.root / "a" / "c").symlink_to("b")
        assert get(disk, "a/c") == b"x"
        assert run(disk.getsize("a/c")) == 1
        put(disk, "a/c", b"y")
        assert (get(disk, "a/b"), get(disk, "a/c")) == (b"x", b"y")

    @kinds(IN_PLACE_OF_A_DIRECTORY)
    def test_a_directory_on_the_way(self, disk, place, error, words):
        put(disk, "a/b")
        place(disk.root / "a" / "c")
        for key in ("a/c/d", "a/c/d/e"):
            for call in (lambda key=key: disk.read(key), lambda key=key: put(disk, key)):
                with pytest.raises(error, match=words):
                    call()
        if error is FileInTheWayError:  # a value; below it there are none, says zarr-python
            assert get(disk, "a/c/d") is None
            assert not run(disk.exists("a/c/d"))
            assert collect(disk.list_dir("a/c")) == []
            run(disk.delete("a/c/d"))
        else:
            for ask in (
                lambda: get(disk, "a/c/d"),
                lambda: run(disk.exists("a/c/d")),
                lambda: collect(disk.list_dir("a/c")),
                lambda: collect(disk.list_prefix("a/c/")),
                lambda: run(disk.delete("a/c/d")),
                lambda: disk.hold("a/c"),
            ):
                with pytest.raises(error, match=words):
                    ask()

    def test_a_root_that_is_not_mounted(self, tmp_path):
        (tmp_path / "root").symlink_to(tmp_path / "disk")
        store = LocalStore(tmp_path / "root")
        for call in (
            lambda: get(store, "zarr.json"),
            lambda: put(store, "zarr.json"),
            lambda: run(store.exists("zarr.json")),
            lambda: collect(store.list()),
        ):
            with pytest.raises(KeyBlockedError, match="disk, where nothing is to be found"):
                call()
        (tmp_path / "disk").mkdir()
        put(store, "a/b", b"x")
        assert get(store, "a/b") == b"x"


@pytest.mark.usefixtures("engine")
class TestArrays:
    @pytest.fixture(params=["v2", "v3", "sharded", "wrapped", "many"])
    def array(self, request, disk):
        store = Awaited(disk) if request.param == "wrapped" else disk
        shards = (4, 4) if request.param == "sharded" else None
        data = np.arange(1, 65, dtype="i4").reshape(8, 8)
        chunks = (1, 2) if request.param == "many" else (2, 2)
        if request.param == "v2":
            return zarr.create_array(
                store, name="x", data=data, chunks=(4, 4), zarr_format=2,
                chunk_key_encoding={"name": "v2", "separator": "/"},
            )  # fmt: skip
        return zarr.create_array(store, name="x", data=data, chunks=chunks, shards=shards)

    @pytest.fixture
    def chunk(self, array, disk):
        """The file of the first chunk, out of the way."""
        key = next(key for key in sorted(disk.list_keys("x/")) if key.endswith("0/0"))
        (disk.root / key).rename(disk.root / "saved")
        return disk.root / key

    @kinds(IN_PLACE_OF_A_FILE)
    def test_a_chunk(self, array, chunk, disk, place, error, words):
        place(chunk)
        before = kind_of(chunk)
        calls = {
            "element": lambda: array[0, 0],
            "slices": lambda: array[:, :1],
            "all": lambda: array[:],
            "list": lambda: array.oindex[[0, 3], :],
            "points": lambda: array.vindex[[0], [1]],
            "write a part": lambda: array.__setitem__((0, 0), 5),
            "write all": lambda: array.__setitem__(..., 5),
            "write fill values": lambda: array.__setitem__((slice(0, 4), slice(0, 4)), 0),
        }
        if place in (link_to_directory, dangling_link, loop, pipe, bound_socket, device):
            calls.pop("write fill values")  # which deletes the chunk, if that is covered whole
        for name, call in calls.items():
            with pytest.raises(error, match=words) as caught:
                call()
            assert str(chunk) in str(caught.value), name
            assert kind_of(chunk) == before
        assert array[7, 7] == 64 or array[7, 7] == 5  # the others are read and written as ever
        if place is full_directory:
            assert (chunk / "file").read_bytes() == b"kept"

    @kinds(IN_PLACE_OF_A_DIRECTORY)
    def test_a_directory_of_chunks(self, array, chunk, disk, place, error, words):
        chunk.parent.rename(disk.root / "saved directory")
        place(chunk.parent)
        reads = [lambda: array[0, 0], lambda: array[:], lambda: array.__setitem__((slice(0, 4), slice(0, 4)), 0)]
        if error is FileInTheWayError and isinstance(array.store, WrapperStore):
            reads.pop()  # by zarr-python's methods there is nothing to delete below a value
        for call in (*reads, lambda: array.__setitem__((0, 0), 5), lambda: array.__setitem__(..., 5)):
            with pytest.raises(error, match=words):
                call()

    def test_a_missing_chunk_is_the_fill_value_still(self, array, chunk):
        assert array[0, 0] == 0
        chunk.parent.rename(chunk.parent.with_name("away"))
        assert array[0, 0] == 0
        array[0, 0] = 7
        assert array[0, 0] == 7

    def test_a_linked_chunk_is_read(self, array, chunk, disk):
        chunk.symlink_to(disk.root / "saved")
        assert array[0, 0] == 1
        assert array[:].sum() == 64 * 65 // 2


class TestDocuments:
    @kinds(IN_PLACE_OF_A_FILE)
    def test_a_document_is_no_node_that_is_missing(self, disk, zarr_format, place, error, words):
        root = zarr.create_group(disk, zarr_format=zarr_format)
        root.create_array("x", shape=3, dtype="i4")
        root.create_group("g")
        document = disk.root / "x" / ("zarr.json" if zarr_format == 3 else ".zarray")
        document.unlink()
        place(document)
        for call in (
            lambda: root["x"],
            lambda: zarr.open_array(disk, path="x"),
            lambda: zarr.open(disk, path="x"),
            lambda: root.create_array("x", shape=3, dtype="i4"),
            lambda: root.require_group("x"),
        ):
            with pytest.raises(error, match=words):
                call()
        with pytest.warns(ZarrUserWarning, match=words):
            assert list(root) == ["g"]

    def test_a_file_beside_the_nodes_is_no_node(self, disk, zarr_format):
        root = zarr.create_group(disk, zarr_format=zarr_format)
        (disk.root / "README.txt").write_text("about these data")
        assert "README.txt" not in root
        assert list(root) == []
        with pytest.raises(KeyError):
            root["README.txt"]

    def test_a_member_that_is_not_mounted(self, disk, zarr_format):
        root = zarr.create_group(disk, zarr_format=zarr_format)
        root.create_group("g")
        (disk.root / "x").symlink_to(disk.root / "away")
        with pytest.raises(KeyBlockedError, match="away"):
            root["x"]
        with pytest.warns(ZarrUserWarning, match=r"'x' .*is not listed.*away"):
            assert list(root) == ["g"]
        with pytest.raises(KeyBlockedError, match="away"):
            root.create_array("x", shape=3, dtype="i4")
