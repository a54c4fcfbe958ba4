"""Appends that fail: the array is as it was, nothing invisible is left of them, and no row that was there is lost."""

import asyncio
import errno

import numpy as np
import obstore.store
import pytest

import zarr
from tests.suites.plain_stores import Awaited
from tests.suites.threads import in_threads
from zarr._store.access import relies_on_versions
from zarr.errors import StoreRequestError
from zarr.storage import LocalStore, MemoryStore, ObjectStore, SQLiteStore, ZipStore

DATA = np.arange(5 * 4).reshape(5, 4)
MORE = np.arange(100, 100 + 9 * 4).reshape(9, 4)
CHUNKS = (2, 2)


def full():
    return OSError(errno.ENOSPC, "No space left on device")


def failing(kind):
    """A class of stores that can be told to fail for a key, before or after it has done what was asked for."""

    class Failing(kind):
        fails = staticmethod(lambda key: None)
        fails_late = staticmethod(lambda key: None)

        def put(self, key, value, **options):
            self._raise(self.fails(key))
            done = super().put(key, value, **options)
            self._raise(self.fails_late(key))
            return done

        @staticmethod
        def _raise(error):
            if error is not None:
                raise error

        def native_place(self):
            return None  # every value comes by here

    return Failing


def make(kind, tmp_path):
    if kind == "memory":
        return failing(MemoryStore)()
    if kind == "zip":
        return failing(ZipStore)(tmp_path / "s.zip", mode="a")
    if kind == "sqlite":
        return failing(SQLiteStore)(tmp_path / "s.sqlite")
    return failing(LocalStore)(tmp_path / "s")


@pytest.fixture(params=["memory", "local", "sqlite", "zip"])
def failing_store(request, tmp_path):
    return make(request.param, tmp_path)


def chunks_of(store):
    async def listed():
        return sorted([key async for key in store.list_prefix("a/") if not key.endswith(("zarr.json", ".zarray"))])

    return asyncio.run(listed())


def after(n, error=full):
    """Fails for every chunk after some."""
    seen = []

    def fails(key):
        if "zarr.json" in key or ".z" in key:
            return None
        seen.append(key)
        return error() if len(seen) > n else None

    return fails


def check(array, store, expected, chunks):
    assert array.shape == expected.shape
    again = zarr.open_array(store, path="a", mode="r")
    assert again.shape == expected.shape
    assert np.array_equal(again[...], expected)
    assert np.array_equal(array[...], expected)
    assert chunks_of(store) == chunks


@pytest.mark.parametrize("error", [full, KeyboardInterrupt])
@pytest.mark.parametrize("n", [0, 1, 4])
def test_nothing_is_left(failing_store, n, error, engine, zarr_format):
    store = failing_store
    array = zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS, zarr_format=zarr_format)
    before = chunks_of(store)
    store.fails = after(n, error)
    with pytest.raises(type(error())):
        array.append(MORE)
    check(array, store, DATA, before)
    store.fails = lambda key: None
    array.append(MORE)
    assert np.array_equal(array[...], np.concatenate([DATA, MORE]))


@pytest.mark.parametrize("options", [{"chunks": (2, 2), "shards": (4, 4)}, {"chunks": (2, 4)}], ids=str)
@pytest.mark.parametrize("axis", [0, 1])
def test_shards_and_other_axes(options, axis, engine):
    store = failing(MemoryStore)()
    array = zarr.create_array(store, name="a", data=DATA, **options)
    before = chunks_of(store)
    store.fails = after(1)
    with pytest.raises(OSError, match="No space"):
        array.append(MORE if axis == 0 else np.ones((5, 9), int), axis=axis)
    check(array, store, DATA, before)


def test_so_it_is_in_a_directory_that_the_engine_writes_to_itself(tmp_path, engine):
    """A file where the directory of a chunk should be makes that fail."""
    array = zarr.create_array(tmp_path, name="a", data=DATA, chunks=CHUNKS)
    store = array.store
    (tmp_path / "a" / "c" / "5").write_text("in the way")
    before = [key for key in chunks_of(store) if key != "a/c/5"]
    with pytest.raises((OSError, ValueError)):
        array.append(MORE)
    assert [key for key in chunks_of(store) if key != "a/c/5"] == before
    assert np.array_equal(zarr.open_array(store, path="a", mode="r")[...], DATA)


def test_many_chunks(engine):
    store = failing(MemoryStore)()
    array = zarr.create_array(store, name="a", data=np.arange(1, 4), chunks=1)
    store.fails = after(500)
    with pytest.raises(OSError, match="No space"):
        array.append(np.arange(1000))
    check(array, store, np.arange(1, 4), ["a/c/0", "a/c/1", "a/c/2"])


def test_rows_that_are_published_stay_though_an_error_comes_after_that(engine):
    """As of a disk that is told to be full when the document has been replaced already."""
    store = failing(MemoryStore)()
    array = zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS)
    store.fails_late = lambda key: full() if key == "a/zarr.json" else None
    with pytest.raises(OSError, match="No space"):
        array.append(MORE)
    again = zarr.open_array(store, path="a", mode="r")
    assert np.array_equal(again[...], np.concatenate([DATA, MORE]))


def test_a_document_that_cannot_be_replaced(failing_store, engine, zarr_format):
    store = failing_store
    array = zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS, zarr_format=zarr_format)
    before = chunks_of(store)
    store.fails = lambda key: full() if key.endswith(("zarr.json", ".zarray")) else None
    with pytest.raises(OSError, match="No space"):
        array.append(MORE)
    check(array, store, DATA, before)


def test_what_cannot_be_deleted_is_told_and_the_rest_is_deleted(engine):
    class Stuck(failing(MemoryStore)):
        def remove(self, key, **options):
            if key == "a/c/3/0":
                raise OSError(errno.EIO, "broken")
            return super().remove(key, **options)

    store = Stuck()
    array = zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS)
    before = chunks_of(store)
    store.fails = after(6)
    with pytest.raises(OSError, match="No space") as caught:
        array.append(MORE)
    (note,) = caught.value.__notes__
    assert "broken" in note
    assert "'/a'" in note
    check(array, store, DATA, sorted([*before, "a/c/3/0"]))


def test_where_nothing_can_be_asked_any_more_the_error_is_the_first_one(engine):
    store = failing(MemoryStore)()
    array = zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS)

    def gone(*args, **options):
        raise OSError(errno.EIO, "unplugged")

    def fails(key):
        store.read = gone
        return full()

    store.fails = fails
    with pytest.raises(OSError, match="No space") as caught:
        array.append(MORE)
    assert "unplugged" in caught.value.__notes__[0]


def test_an_appender(engine):
    store = failing(MemoryStore)()
    array = zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS)
    before = chunks_of(store)
    store.fails = after(1)

    def append():
        with array.appender() as appender:
            appender.append(MORE)

    with pytest.raises(OSError, match="No space"):
        append()
    check(zarr.open_array(store, path="a"), store, DATA, before)


def test_the_asynchronous_face_and_a_call_that_is_cancelled(engine):
    store = failing(MemoryStore)()
    zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS)
    before = chunks_of(store)

    async def call():
        array = await zarr.api.asynchronous.open_array(store=store, path="a", mode="r+")
        with pytest.raises(OSError, match="No space"):
            await array.append(MORE)

    store.fails = after(2)
    asyncio.run(call())
    check(zarr.open_array(store, path="a"), store, DATA, before)


@pytest.mark.parametrize("makes_room_first", [False, True])
def test_stores_of_others(makes_room_first, engine):
    """Some refuse chunks that the shape has no room for, so the shape comes first there; and goes back."""

    class Theirs(Awaited):
        n_left = 10**9

        async def set(self, key, value):
            if "/c/" in key:
                if makes_room_first and not self._has_room(key):
                    raise ValueError(f"no chunk {key}")
                self.n_left -= 1
                if self.n_left < 0:
                    raise full()
            await super().set(key, value)

        def _has_room(self, key):
            shape = zarr.open_array(self._store, path="a", mode="r").shape
            return all(2 * int(c) < n for c, n in zip(key.split("/")[2:], shape, strict=True))

    store = Theirs(MemoryStore())
    array = zarr.create_array(store, name="a", data=DATA, chunks=CHUNKS)
    before = chunks_of(store)
    store.n_left = 3
    with pytest.raises(OSError, match="No space"):
        array.append(MORE)
    store.n_left = 10**9
    check(array, store, DATA, before)
    array.append(MORE)
    assert np.array_equal(array[...], np.concatenate([DATA, MORE]))


def test_beside_appenders_that_do_not_fail(tmp_path, engine, nothing_left_running):
    """Every second one finds the disk full. What the others append is all there, and nothing else."""
    local = tmp_path / "s"
    zarr.create_array(LocalStore(local), name="a", data=np.zeros((0, 2), int), chunks=CHUNKS)

    def append_some(number):
        store = failing(LocalStore)(local)
        array = zarr.open_array(store, path="a", mode="r+")
        for turn in range(10):
            rows = np.full((3, 2), 1 + 100 * number + turn)
            store.fails = after(1) if turn % 2 else (lambda key: None)
            try:
                array.append(rows)
            except OSError:
                assert turn % 2

    in_threads([lambda n=n: append_some(n) for n in range(4)])
    found = zarr.open_array(LocalStore(local), path="a", mode="r")
    values, counts = np.unique(found[:, 0], return_counts=True)
    expected = {1 + 100 * n + turn for n in range(4) for turn in range(0, 10, 2)}
    assert expected <= set(values.tolist())
    assert (counts == 3).all()
    assert len(chunks_of(found.store)) == -(-found.shape[0] // 2)


# -- where the place comes first ----------------------------------------------------------------------------------------


def refused(status):
    def made():
        error = StoreRequestError("refused")
        error.status = status
        return error

    return made


@pytest.fixture
def bucket():
    store = failing(ObjectStore)(obstore.store.MemoryStore())
    assert relies_on_versions(store)
    return store


@pytest.mark.parametrize("n_rows", [1, 2, 3, 8])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_room_is_given_back_where_a_request_was_refused(bucket, n, n_rows, engine):
    array = zarr.create_array(bucket, name="a", data=DATA, chunks=CHUNKS)
    before = chunks_of(bucket)
    n_objects = 2 * ((5 + n_rows + 1) // 2 - 2)
    bucket.fails = after(min(n, n_objects - 1), refused(403))
    with pytest.raises(StoreRequestError) as caught:
        array.append(MORE[:n_rows])
    assert not hasattr(caught.value, "__notes__")
    bucket.fails = lambda key: None
    assert zarr.open_array(bucket, path="a").shape == DATA.shape
    assert np.array_equal(array[...], DATA)
    # The last chunk may be shared with others, and such a store deletes none on condition.
    assert set(chunks_of(bucket)) - set(before) <= {f"a/c/{(5 + n_rows) // 2}/{i}" for i in (0, 1) if (5 + n_rows) % 2}
    array.append(MORE)
    assert np.array_equal(array[...], np.concatenate([DATA, MORE]))


@pytest.mark.parametrize("status", [None, 500, 503])
def test_room_stays_where_a_request_may_still_be_carried_out(bucket, status, engine):
    array = zarr.create_array(bucket, name="a", data=DATA, chunks=CHUNKS)
    bucket.fails = after(3, refused(status))
    with pytest.raises(StoreRequestError) as caught:
        array.append(MORE)
    assert "array[5:14]" in caught.value.__notes__[0]
    bucket.fails = lambda key: None
    assert array.shape == (14, 4)
    array[5:14] = MORE
    assert np.array_equal(array[...], np.concatenate([DATA, MORE]))


def test_room_stays_where_others_have_appended_behind_it(bucket, engine):
    array = zarr.create_array(bucket, name="a", data=DATA, chunks=CHUNKS)
    other = zarr.open_array(ObjectStore(bucket.store), path="a")
    seen = []

    def fails(key):
        if "/c/" not in key:
            return None
        if not seen:
            seen.append(key)
            other.append(-MORE)
        return refused(403)()

    bucket.fails = fails
    with pytest.raises(StoreRequestError) as caught:
        array.append(MORE[:4])
    bucket.fails = lambda key: None
    assert "array[5:9]" in caught.value.__notes__[0]
    found = zarr.open_array(bucket, path="a", mode="r")[...]
    assert np.array_equal(found, np.concatenate([DATA, np.zeros((4, 4), int), -MORE]))


@pytest.mark.parametrize("late", [False, True])
def test_beside_others_in_a_bucket(late, engine, nothing_left_running):
    """Whatever is given back, no row of those who succeed is lost, and none is there twice."""
    inside = obstore.store.MemoryStore()
    zarr.create_array(ObjectStore(inside), name="a", data=np.zeros((0, 2), int), chunks=CHUNKS)

    def append_some(number):
        store = failing(ObjectStore)(inside)
        array = zarr.open_array(store, path="a", mode="r+")
        for turn in range(10):
            fails = after(turn % 3, refused(403)) if turn % 2 else (lambda key: None)
            setattr(store, "fails_late" if late else "fails", fails)
            try:
                array.append(np.full((3, 2), 1 + 100 * number + turn))
            except StoreRequestError:
                assert turn % 2

    in_threads([lambda n=n: append_some(n) for n in range(4)])
    found = zarr.open_array(ObjectStore(inside), path="a", mode="r")[...]
    values, counts = np.unique(found[:, 0], return_counts=True)
    there = dict(zip(values.tolist(), counts.tolist(), strict=True))
    for n in range(4):
        for turn in range(0, 10, 2):
            assert there[1 + 100 * n + turn] == 3
