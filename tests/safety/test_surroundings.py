"""What the system puts in the way: few descriptors, a limit on files, symbolic links, a umask, a store that is moved."""

import asyncio
import gc
import itertools
import os
import resource
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.safety.crowd import Processes, Threads, crowd, opened
from zarr._buffer import CPUBuffer
from zarr._store.local import FileVersion
from zarr._store.versioned import ABSENT
from zarr.storage import LocalStore


def in_child(function):
    """Run in a forked process, as limits belong to a process; raises what it raised."""
    child = Processes([function])
    child.start()
    wrong = child.join()
    assert not wrong, wrong[0]


def open_descriptors():
    return {int(path.name) for path in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize("shards", [None, (2, 4)], ids=["chunks", "shards"])
def test_few_descriptors(tmp_path, shards, engine):
    """A version keeps a file open: a request on a thousand objects keeps one, and each writer needs three at a time."""
    data = np.arange(4000).reshape(1000, 4)
    array = zarr.create_array(tmp_path / "a", data=data, chunks=(1, 4), shards=shards, compressors=None)

    def work():
        before = open_descriptors()
        most = max(before) + 56
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        np.testing.assert_array_equal(array[:], data)
        array[:, 1] = 5
        asyncio.run(array._async_array.setitem((slice(None), 2), 6))
        seen = asyncio.run(array._async_array.getitem(slice(None)))
        np.testing.assert_array_equal(seen[:, 0], data[:, 0])
        assert (seen[:, 1:3] == [5, 6]).all()

        def column(worker):
            def write():
                mine = opened(tmp_path / "a")
                mine[worker::12, 3] = worker
                assert (mine[worker::12, 3] == worker).all()

            return write

        crowd(Threads, [column(worker) for worker in range(12)])
        assert (array[:, 3] == np.arange(1000) % 12).all()
        assert len(open_descriptors() - before) < 12, "descriptors were left open"

    in_child(work)


@pytest.mark.parametrize("shards", [None, 100], ids=["chunks", "shards"])
def test_files_that_may_not_grow(tmp_path, shards, engine):
    """Like a full disk, and for whoever writes the file: the old array is left, and what fits can be written."""
    data = np.random.default_rng(0).integers(1, 2**60, 150)
    array = zarr.create_array(tmp_path / "a", data=data, chunks=50, shards=shards, compressors=None, fill_value=-1)
    longer = np.arange(1, 301)

    def work():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
        for change in (
            lambda: array.append(longer),
            lambda: array.__setitem__(slice(None), 4),
            lambda: array.__setitem__(5, 4),
            lambda: array.attrs.update({"long": "x" * 400}),
            lambda: zarr.create_array(tmp_path / "b", data=data, attributes={"long": "x" * 400}),
        ):
            with pytest.raises(OSError, match="File too large"):
                change()

    in_child(work)
    again = opened(tmp_path / "a")
    np.testing.assert_array_equal(again[:], data)
    assert dict(again.attrs) == {}
    again.append([7])
    again.resize((500,))
    np.testing.assert_array_equal(again[:], [*data, 7, *[-1] * 349])
    assert not [name for _, _, names in os.walk(tmp_path) for name in names if name.startswith("__")]


def test_a_symbolic_link_as_root(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    group = zarr.open_group(link, mode="w")
    group.create_array("x", data=np.arange(10), chunks=3).append([1])
    group.create_array("x", data=np.arange(3), overwrite=True)
    assert zarr.open_array(real, path="x")[:].tolist() == [0, 1, 2]
    zarr.open_group(link, mode="w")
    assert link.is_symlink()
    assert [path.name for path in real.iterdir()] == ["zarr.json"]


def test_deleting_a_link_leaves_what_it_leads_to(tmp_path):
    zarr.create_array(tmp_path / "elsewhere", data=np.arange(5))
    group = zarr.open_group(tmp_path / "g", mode="w")
    for delete in (lambda: group.__delitem__("y"), lambda: zarr.open_group(tmp_path / "g", mode="w")):
        (tmp_path / "g" / "y").symlink_to(tmp_path / "elsewhere")
        assert group["y"][:].tolist() == [0, 1, 2, 3, 4]
        delete()
        assert not (tmp_path / "g" / "y").is_symlink()
        assert zarr.open_array(tmp_path / "elsewhere")[:].tolist() == [0, 1, 2, 3, 4]


def test_a_link_to_nowhere_is_named(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(zarr.errors.KeyBlockedError, match=r"symbolic link to .*nowhere"):
        zarr.create_array(tmp_path / "link", shape=3, dtype="i4")


def test_the_umask_is_obeyed(tmp_path):
    before = os.umask(0o027)
    try:
        zarr.create_array(tmp_path / "a", data=np.arange(3))
        opened(tmp_path / "a")[0] = 9
        opened(tmp_path / "a").attrs["a"] = 1
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert modes == {0o640}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o750


@pytest.mark.parametrize("zarr_format", [3, 2])
def test_changes_through_a_handle_whose_node_is_gone(store, zarr_format):
    """Appending, resizing and attributes say so, and do not bring half a node back."""
    group = zarr.create_group(store, zarr_format=zarr_format)
    array = group.create_array("x", data=np.arange(5), chunks=2)
    inner = group.create_group("y")
    del group["x"]
    del group["y"]
    for change in (
        lambda: array.append([1]),
        lambda: array.resize((2,)),
        lambda: array.attrs.update({"a": 1}),
        lambda: inner.attrs.update({"a": 1}),
    ):
        with pytest.raises(FileNotFoundError):
            change()
    assert not [key for key in store.list_keys("") if "/" in key]


def test_a_group_replaced_under_an_append(tmp_path, monkeypatch):
    """Who replaces the group takes no lock on the array in it. The new array does not get the shape of the old one."""
    group = zarr.create_group(tmp_path / "a")
    array = group.create_array("g/x", shape=4, chunks=2, dtype="i8")
    put = LocalStore.put
    replaced = threading.Event()

    def replace_before_the_shape(self, key, value, **conditions):
        if key == "g/x/zarr.json" and conditions.get("hold") is not None and not replaced.is_set():
            replaced.set()
            other = zarr.open_group(tmp_path / "a", mode="r+")
            other.create_group("g", overwrite=True)
            other.create_array("g/x", shape=1, chunks=2, dtype="i8")
        return put(self, key, value, **conditions)

    monkeypatch.setattr(LocalStore, "put", replace_before_the_shape)
    with pytest.raises(zarr.errors.ConcurrentChangeError, match="replaced"):
        array.append([1, 2])
    assert replaced.is_set()
    assert opened(tmp_path / "a", "g/x").shape == (1,)


@pytest.mark.parametrize("zarr_store", [LocalStore, zarr.storage.MemoryStore])
def test_a_shard_replaced_between_its_index_and_its_chunk(tmp_path, monkeypatch, zarr_store):
    """The chunk comes from the version that the index belongs to, for every read in between."""
    store = zarr_store(tmp_path / "a") if zarr_store is LocalStore else zarr_store()
    with zarr.config.set({"engine": "python"}):
        array = zarr.create_array(store, shape=(4, 50), chunks=(1, 50), shards=(4, 50), dtype="i8")
    array[0], array[3] = np.arange(50) * 12345, 7
    read = zarr_store.read
    n_replaced = 0

    def replace_after(self, key, *args, **kwargs):
        nonlocal n_replaced
        found = read(self, key, *args, **kwargs)
        if key == "c/0/0":
            n_replaced += 1
            monkeypatch.setattr(zarr_store, "read", read)
            opened(store)[0] = np.arange(50) % (3 + n_replaced)  # of another length, so that the last one moves
            monkeypatch.setattr(zarr_store, "read", replace_after)
        return found

    monkeypatch.setattr(zarr_store, "read", replace_after)
    for _ in range(5):
        assert (array[3] == 7).all()
    assert n_replaced >= 10


class Interrupt:
    """Raises as a signal handler does: after the n-th call that code of the stores makes of a function in C."""

    def __init__(self, at):
        self._left = at
        self.has_come = False

    def __call__(self, frame, event, function):
        if event != "c_return" or not frame.f_globals["__name__"].startswith("zarr._store"):
            return
        self._left -= 1
        if self._left < 0:
            sys.setprofile(None)
            self.has_come = True
            raise KeyboardInterrupt


def compare_and_replace(store):
    found = store.read("a/0")
    try:
        store.put("a/0", VALUE, expected=found.version)
    finally:
        found.release()


STEPS = {
    "read": lambda store: store.read("a/0").release(),
    "put a new value": lambda store: store.put("a/1", VALUE, expected=ABSENT),
    "replace": lambda store: store.put("a/0", VALUE),
    "compare and replace": compare_and_replace,
    "remove": lambda store: store.remove("a/0"),
    "hold": lambda store: store.hold("a").release(),
}
VALUE = CPUBuffer.from_bytes(b"value")


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # it closes itself, as it must: nobody knows it
@pytest.mark.parametrize("durability", ["atomic", "fsync"])
@pytest.mark.parametrize("step", STEPS)
def test_an_interrupt_after_any_call_leaves_no_descriptor(tmp_path, step, durability):
    """Not even one that a call has just opened; nor a lock, nor a temporary file."""
    store = LocalStore(tmp_path)
    with zarr.config.set({"array.durability": durability}):
        for at in itertools.count():
            store.put("a/0", VALUE)
            store.remove("a/1")
            before = open_descriptors()
            interrupt, is_heard = Interrupt(at), False
            try:
                sys.setprofile(interrupt)
                STEPS[step](store)
            except KeyboardInterrupt:
                is_heard = True
            finally:
                sys.setprofile(None)
            gc.collect(0)
            assert open_descriptors() == before, f"after call number {at}"
            assert not list(tmp_path.rglob("__zarr-*"))
            assert is_heard == interrupt.has_come
            if not is_heard:
                break
    assert at > 3


@pytest.mark.parametrize("shards", [None, (8,)], ids=["chunks", "shards"])
def test_an_interrupt_after_any_call_of_a_read_is_heard(tmp_path, shards):
    """A version that goes by itself is closed in a destructor, where Python drops what is raised."""
    with zarr.config.set({"engine": "python"}):
        array = zarr.create_array(tmp_path / "a", data=np.arange(16), chunks=(4,), shards=shards)
        for at in itertools.count():
            before = open_descriptors()
            interrupt, is_heard = Interrupt(at), False
            try:
                sys.setprofile(interrupt)
                zarr.open_array(tmp_path / "a", mode="r")
                assert array[1:7].tolist() == [1, 2, 3, 4, 5, 6]
                assert array[:].tolist() == list(range(16))
            except KeyboardInterrupt:
                is_heard = True
            finally:
                sys.setprofile(None)
            assert is_heard == interrupt.has_come
            assert open_descriptors() == before
            if not is_heard:
                break
    assert at > 10


def test_an_interrupt_that_comes_while_a_replaced_file_is_closed_is_heard(tmp_path, monkeypatch):
    """Freeing the blocks of the old file is slow, so that is when signals come; a destructor would swallow them."""
    array = zarr.create_array(tmp_path / "a", shape=4, chunks=4, dtype="u1", attributes={"a": 1})
    close, is_open = FileVersion.release, True

    def interrupted(version):
        nonlocal is_open
        close(version)
        if is_open:
            is_open = False
            raise KeyboardInterrupt

    monkeypatch.setattr(FileVersion, "release", interrupted)
    with pytest.raises(KeyboardInterrupt):
        array.attrs["a"] = 2
    assert zarr.open_array(tmp_path / "a").attrs["a"] == 2
