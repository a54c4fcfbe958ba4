"""New arrays that are filled at once: all of it is there in the end, or nothing; and what nobody said may go stays."""

import asyncio
import errno

import h5py
import numpy as np
import pytest

import zarr
from tests.suites.plain_stores import AsyncOnly, Awaited
from zarr.errors import ContainsGroupError, MetadataValidationError
from zarr.storage import LocalStore, MemoryStore

DATA = np.arange(100).reshape(10, 10)


class Full(MemoryStore):
    """Has room for so many chunks."""

    left = 3
    error = OSError(errno.ENOSPC, "No space left on device")
    when_full = staticmethod(lambda: None)

    def put(self, key, value, **options):
        if not key.endswith(("zarr.json", ".zarray", ".zattrs", ".zgroup")):
            if not self.left:
                self.when_full()
                raise self.error
            self.left -= 1
        return super().put(key, value, **options)


WAYS = {
    "create_array": lambda store, **options: zarr.create_array(
        store, name="a/b", data=DATA, chunks=(2, 5), attributes={"x": 1}, **options
    ),
    "save": lambda store, **options: zarr.save_array(store, DATA, path="a/b", chunks=(2, 5), **options),
    "from_array": lambda store, **options: zarr.from_array(
        store, name="a/b", data=zarr.create_array({}, data=DATA, chunks=(2, 5)), **options
    ),
    "copy": lambda store, **options: zarr.copy(
        zarr.create_array({}, data=DATA, chunks=(2, 5), **options),
        zarr.open_group(store, mode="a", **options),
        name="a/b",
    ),
    "copy of other chunks": lambda store, **options: zarr.copy(
        zarr.create_array({}, data=DATA, chunks=(4, 4)),
        zarr.open_group(store, mode="a", **options),
        name="a/b",
        chunks=(2, 5),
    ),
    "async": lambda store, **options: asyncio.run(
        zarr.api.asynchronous.create_array(store, name="a/b", data=DATA, chunks=(2, 5), **options)
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", [Full.error, KeyboardInterrupt()], ids=["full", "interrupted"])
def test_what_cannot_be_filled_is_not_there(way, error, engine, zarr_format):
    store = Full()
    store.error = error
    with pytest.raises(type(error)):
        WAYS[way](store, zarr_format=zarr_format)
    assert store.left == 0
    assert not [key for key in store._store_dict if key.startswith("a/b/")]
    store.left = 1000
    WAYS[way](store, zarr_format=zarr_format)
    np.testing.assert_array_equal(zarr.open_group(store, mode="r")["a/b"][:], DATA)


def test_a_dataset_of_hdf5_that_cannot_be_filled_is_not_there(tmp_path):
    store = Full()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("d", data=DATA, chunks=(2, 5))
        with pytest.raises(OSError, match="No space left"):
            zarr.copy(file["d"], zarr.open_group(store))
    assert sorted(store._store_dict) == ["zarr.json"]


def test_a_directory_and_what_others_have_there(tmp_path, monkeypatch):
    """Chunks that were there before and are not the new array's stay."""
    (tmp_path / "a").mkdir()
    for name in ("c", "12", "notes.txt"):
        (tmp_path / "a" / name).write_text("mine")
    with pytest.raises(OSError, match="c"):  # a file is where the chunks' directory has to be
        zarr.create_array(tmp_path / "a", data=DATA, chunks=(2, 5))
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["12", "c", "notes.txt"]


def test_a_store_that_is_awaited(engine):
    class FullAwaited(Awaited):
        left = 3

        async def set(self, key, value):
            if "/c/" in key:
                self.left -= 1
                if self.left < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
            await super().set(key, value)

    store = FullAwaited(MemoryStore())
    with pytest.raises(OSError, match="No space left"):
        zarr.create_array(store, name="a", data=DATA, chunks=(2, 5))
    assert not asyncio.run(store.exists("a/zarr.json"))
    assert [key for key in asyncio.run(_listed(store)) if key.startswith("a/")] == []


def test_a_document_that_cannot_be_looked_at_again_is_named(engine):
    """Where a store cannot say whose document it has taken, nobody may take it away."""

    class Breaks(AsyncOnly):
        async def get(self, key, prototype, byte_range=None):
            if key in self.values:
                raise OSError(errno.EIO, "broken")
            return await super().get(key, prototype, byte_range)

        async def set_if_not_exists(self, key, value):
            self.values.setdefault(key, value.to_bytes())

    with pytest.raises(OSError, match="broken") as caught:
        zarr.create_array(Breaks(), data=DATA, chunks=(2, 5))
    (note,) = caught.value.__notes__
    assert "'zarr.json'" in note
    assert "open it, or delete it" in note


async def _listed(store):
    return [key async for key in store.list()]


def test_what_somebody_else_uses_already_stays(engine):
    store = Full()
    store.when_full = lambda: zarr.open_array(store, path="a").attrs.update(mine=True)
    with pytest.raises(OSError, match="No space left"):
        zarr.create_array(store, name="a", data=DATA, chunks=(2, 5))
    assert zarr.open_array(store, path="a", mode="r").attrs["mine"]


def test_what_cannot_be_taken_away_is_named(engine):
    class Stuck(Full):
        def remove(self, key, **options):
            raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="No space left") as caught:
        zarr.create_array(Stuck(), name="a", data=DATA, chunks=(2, 5))
    assert "'/a'" in caught.value.__notes__[0]
    assert "broken" in caught.value.__notes__[0]


# -- what would go though nobody said so ----------------------------------------------------------------------------


@pytest.fixture(params=["memory", "directory"])
def folder(request, tmp_path):
    """A store with nodes below a path that is none, and a file that is called like a chunk."""
    store = MemoryStore() if request.param == "memory" else LocalStore(tmp_path / "s")
    zarr.create_array(store, name="data/run1", data=DATA)
    for name in ("", "data"):  # plain folders, as directories are
        store.delete_sync(f"{name}/zarr.json".lstrip("/"))
    store.set_sync("data/2024/12", zarr.core.buffer.cpu.Buffer.from_bytes(b"mine"))
    return store


SAVED = {
    "save": lambda store: zarr.save(store, DATA, path="data"),
    "save at the root": lambda store: zarr.save(store, DATA),
    "save_array": lambda store: zarr.save_array(store, DATA, path="data"),
    "async": lambda store: asyncio.run(zarr.api.asynchronous.save(store, DATA, path="data")),
    "item": lambda store: zarr.open_group(store, mode="a").__setitem__("data", DATA),
}


@pytest.mark.parametrize("way", SAVED)
def test_saving_takes_nothing_away_but_an_array(way, folder):
    before = sorted(asyncio.run(_listed(folder)))
    with pytest.raises(ContainsGroupError, match=r"'data/run1/zarr.json'\. .* overwrite=True"):
        SAVED[way](folder)
    assert sorted(set(asyncio.run(_listed(folder))) - {"zarr.json"}) == before
    zarr.save_array(folder, DATA, path="data", mode="w")  # said so
    assert "data/2024/12" not in asyncio.run(_listed(folder))
    zarr.save(folder, DATA + 1, path="data")
    np.testing.assert_array_equal(zarr.load(folder, path="data"), DATA + 1)


def test_what_a_killed_program_left_is_no_node(folder):
    for key in ("data/run1/zarr.json",):
        folder.delete_sync(key)
    zarr.save(folder, DATA, path="data")
    np.testing.assert_array_equal(zarr.load(folder, path="data"), DATA)


def test_saving_beside_files_of_others(tmp_path):
    (tmp_path / "readme.txt").write_text("mine")
    zarr.save(tmp_path, DATA)
    assert (tmp_path / "readme.txt").read_text() == "mine"


# -- what could not be read again -------------------------------------------------------------------------------------


def test_attributes_that_could_not_be_read_again(zarr_format):
    deep = {}
    for _ in range(205):
        deep = {"a": deep}
    group = zarr.create_group({}, zarr_format=zarr_format)
    with pytest.raises(MetadataValidationError, match="nested more than 200 levels deep: it could not be read again"):
        group.attrs["d"] = deep
    with pytest.raises(MetadataValidationError, match="nested more than 200"):
        group.create_array("a", shape=1, dtype="i1", attributes={"d": deep})
    again = zarr.open_group(group.store, mode="r")
    assert dict(again.attrs) == {}
    assert list(again) == []


def test_chunks_that_grow_with_the_array():
    with zarr.config.set({"array.rectilinear_chunks": True}):
        array = zarr.create_array({}, shape=10, chunks=[[4, 6]], dtype="i1")
    array[:] = 1
    with pytest.raises(MetadataValidationError, match=r"'array\.max_chunk_bytes' permits"):
        array.resize((2 * 10**12,))
    assert array.shape == (10,)
    assert zarr.open_array(array.store, mode="r")[:].tolist() == [1] * 10


# -- several arrays, and the groups around them -----------------------------------------------------------------------

SEVERAL = {"small": np.arange(3), "raw/images": DATA, "z": DATA + 1}


@pytest.mark.parametrize("error", [Full.error, KeyboardInterrupt()], ids=["full", "interrupted"])
@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_group_that_cannot_be_saved_is_not_there(left, error, engine, zarr_format):
    store = Full()
    store.left, store.error = left, error
    with pytest.raises(type(error)):
        zarr.save_group(store, path="run/1", zarr_format=zarr_format, **SEVERAL)
    assert not store._store_dict
    store.left = 1000
    zarr.save_group(store, path="run/1", zarr_format=zarr_format, **SEVERAL)
    assert sorted(dict(zarr.open_group(store, mode="r").members(max_depth=None))) == [
        "run",
        "run/1",
        "run/1/raw",
        "run/1/raw/images",
        "run/1/small",
        "run/1/z",
    ]


def test_save_takes_away_what_it_made_and_nothing_else(engine, zarr_format):
    """What was there stays; so does an array in the place of another, which is gone and cannot come back."""
    store = Full()
    store.left = 1000
    zarr.save(store, kept=DATA, small=DATA, path="run", zarr_format=zarr_format)
    store.left = 1
    with pytest.raises(OSError, match="No space"):
        zarr.save(store, path="run", zarr_format=zarr_format, **SEVERAL)
    found = zarr.open_group(store, path="run", mode="r")
    assert sorted(dict(found.members(max_depth=None))) == ["kept", "small"]
    assert np.array_equal(found["kept"][:], DATA)
    assert np.array_equal(found["small"][:], SEVERAL["small"])
    assert not [key for key in store._store_dict if key.startswith(("run/raw", "run/z/"))]


def test_what_others_put_into_the_group_meanwhile_stays(engine):
    store = Full()
    store.left = 1
    store.when_full = lambda: zarr.create_group(store, path="run/1/theirs")
    with pytest.raises(OSError, match="No space"):
        zarr.save_group(store, path="run/1", **SEVERAL)
    found = dict(zarr.open_group(store, mode="r").members(max_depth=None))
    assert sorted(found) == ["run", "run/1", "run/1/theirs"]


def test_groups_above_what_cannot_be_filled_are_gone(engine, zarr_format):
    for way in ("create_array", "save", "from_array"):
        store = Full()
        with pytest.raises(OSError, match="No space"):
            WAYS[way](store, zarr_format=zarr_format)
        assert not store._store_dict


def test_a_directory_is_empty_again(tmp_path, monkeypatch):
    root = tmp_path / "data.zarr"
    puts = []
    put = LocalStore.put

    def full(self, key, value, **options):
        puts.append(key)
        if len(puts) > 6:
            raise Full.error
        return put(self, key, value, **options)

    monkeypatch.setattr(LocalStore, "put", full)
    with zarr.config.set({"engine": "python"}), pytest.raises(OSError, match="No space"):
        zarr.save_group(root, path="run/1", **SEVERAL)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_asynchronous_face_too():
    store = Full()
    store.left = 1
    with pytest.raises(OSError, match="No space"):
        asyncio.run(zarr.api.asynchronous.save_group(store, path="run", **SEVERAL))
    assert not store._store_dict


# -- moves, and nodes from metadata -----------------------------------------------------------------------------------


class FullFor(MemoryStore):
    """Has room for so many values."""

    left = 10**9

    def put(self, key, value, **options):
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().put(key, value, **options)


@pytest.fixture
def tree(zarr_format):
    store = FullFor()
    root = zarr.create_group(store, zarr_format=zarr_format)
    root.create_array("src/x", data=DATA, chunks=(5, 5), attributes={"k": 1})
    root.create_array("src/y/z", data=DATA, chunks=(5, 5))
    root.create_group("new")
    store.set_sync("new/q/notes.txt", zarr.core.buffer.cpu.Buffer.from_bytes(b"mine"))
    return root


@pytest.mark.parametrize("left", range(0, 14, 2))
def test_a_move_that_fails_leaves_everything_as_it_was(tree, left, monkeypatch):
    store, before = tree.store, dict(tree.store._store_dict)
    monkeypatch.setattr(type(store), "_renames", False)
    store.left = left
    try:
        tree.move("src", "new/q")
    except OSError:
        assert store._store_dict == before
        store.left = 10**9
        tree.move("src", "new/q")
    np.testing.assert_array_equal(tree["new/q/y/z"][:], DATA)
    assert "src" not in tree
    assert "new/q/notes.txt" in store._store_dict


@pytest.mark.parametrize("left", range(6))
def test_nodes_from_metadata_are_all_there_or_none(tree, left):
    store, before = tree.store, dict(tree.store._store_dict)
    metadata = tree["src/x"].metadata
    wanted = {"n/a": metadata, "n/b": metadata, "n/g/c": metadata}
    store.left = left
    try:
        assert len(dict(tree.create_hierarchy(wanted))) >= 3
    except OSError:
        assert store._store_dict == before
        store.left = 10**9
        dict(tree.create_hierarchy(wanted))
    assert sorted(tree["n"]) == ["a", "b", "g"]
