"""Many processes, or threads, at one object: nothing is lost, nobody sees a torn or wrong value, nobody gets an error.

Processes work on a local directory and in an SQLite file; threads on a store in memory and on a local directory. Every worker opens what it
works on by itself, except where the handle is said to be shared.
"""

import warnings

import numpy as np
import pytest

import zarr
from tests.safety.crowd import Processes, Threads, crowd, opened
from zarr.errors import ZarrUserWarning
from zarr.storage import LocalStore, MemoryStore, SQLiteStore


@pytest.fixture(params=["processes", "processes-sqlite", "threads-memory", "threads-local"])
def place(request, tmp_path):
    """Who works, and where: `(kind, store)`."""
    kind = Threads if request.param.startswith("threads") else Processes
    if request.param == "processes-sqlite":
        return kind, SQLiteStore(tmp_path / "all.sqlite")
    return kind, MemoryStore() if request.param == "threads-memory" else LocalStore(tmp_path / "store")


def scaled(place, zarr_format, n):
    """The full count for format 3, for processes in a directory and threads in memory, on the native engine; else a tenth."""
    kind, store = place
    whole = zarr_format == 3 and isinstance(store, LocalStore if kind is Processes else MemoryStore)
    return n if whole and zarr.config.get("engine") != "python" else n // 10


both_formats = pytest.mark.parametrize("zarr_format", [3, 2])


# -- one chunk ------------------------------------------------------------------------------------------------------


@both_formats
def test_partial_writes_of_one_compressed_chunk(place, zarr_format, engine):
    kind, store = place
    n_workers, n_writes = 8, scaled(place, zarr_format, 500)
    whole = np.arange(1, n_workers * n_writes + 1).reshape(n_workers, n_writes)
    array = zarr.create_array(store, shape=whole.shape, chunks=whole.shape, dtype="i8", zarr_format=zarr_format)
    assert len(array.compressors) == 1

    def write(worker):
        def work():
            mine = opened(store)
            for i in range(n_writes):
                mine[worker, i] = whole[worker, i]

        return work

    def look():
        seen = opened(store)[:]
        assert ((seen == 0) | (seen == whole)).all(), "a value that nobody wrote"
        # Each worker writes from left to right, so what it has written has no gap.
        assert (np.diff((seen == 0).astype(int), axis=1) >= 0).all(), "a write is gone"

    crowd(kind, [write(worker) for worker in range(n_workers)], [look])
    np.testing.assert_array_equal(opened(store)[:], whole)


@pytest.mark.parametrize("index_location", ["end", "start"])
def test_partial_writes_inside_one_shard(place, index_location, engine):
    """Readers read the inner chunks that nobody writes to, at the same time, and always find them as they are."""
    kind, store = place
    n_workers, n_still = 8, 2
    n_writes = scaled(place, 3 if index_location == "end" else 2, 500)
    shape = (n_workers + n_still, n_writes)
    whole = np.arange(1, n_workers * n_writes + 1).reshape(n_workers, n_writes)
    still = np.arange(n_still * n_writes).reshape(n_still, n_writes) * 7 - 3
    # Compressed inside: as the others grow, the inner chunks that are only read change their place in the shard.
    sharding = zarr.codecs.ShardingCodec(
        chunk_shape=(1, -(-n_writes // 4)),
        codecs=[zarr.codecs.BytesCodec(), zarr.codecs.ZstdCodec()],
        index_location=index_location,
    )
    shard = (shape[0], 4 * -(-n_writes // 4))
    array = zarr.create_array(store, shape=shape, chunks=shard, dtype="i8", serializer=sharding, compressors=None)
    array[n_workers:] = still

    def write(worker):
        def work():
            mine = opened(store)
            for i in range(n_writes):
                mine[worker, i] = whole[worker, i]

        return work

    def look_at_rest():
        seen = opened(store)
        np.testing.assert_array_equal(seen[n_workers:], still)
        assert seen[n_workers, n_writes - 1] == still[0, -1]
        np.testing.assert_array_equal(seen[n_workers + 1, ::7], still[1, ::7])

    def look_at_all():
        seen = opened(store)[:]
        np.testing.assert_array_equal(seen[n_workers:], still)
        assert ((seen[:n_workers] == 0) | (seen[:n_workers] == whole)).all(), "a value that nobody wrote"

    crowd(kind, [write(worker) for worker in range(n_workers)], [look_at_rest, look_at_all])
    np.testing.assert_array_equal(opened(store)[:], np.vstack([whole, still]))


@both_formats
def test_chunks_that_come_and_go(place, zarr_format, engine):
    """A chunk that holds nothing but the fill value is deleted; who writes beside that loses nothing by it."""
    kind, store = place
    n_writes = scaled(place, zarr_format, 100)
    zarr.create_array(store, shape=(4, 3), chunks=(4, 3), dtype="i4", zarr_format=zarr_format)

    def blink(worker):
        def work():
            mine = opened(store)
            for i in range(n_writes):
                mine[worker] = i + 1
                assert (mine[worker] == i + 1).all()
                mine[worker] = 0
                assert not mine[worker].any()
            mine[worker] = worker + 1

        return work

    crowd(kind, [blink(worker) for worker in range(4)])
    assert (opened(store)[:] == np.arange(1, 5)[:, None]).all()


# -- append and resize ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zarr_format", "shards"), [(3, None), (3, 21), (2, None)], ids=["3", "3-shards", "2"])
def test_appends(place, zarr_format, shards, engine):
    kind, store = place
    n_appends = scaled(place, zarr_format, 100) // (4 if shards else 1)
    zarr.create_array(
        store,
        shape=(0, 3),
        chunks=(7, 3),
        shards=shards and (shards, 3),
        dtype="i8",
        zarr_format=zarr_format,
        fill_value=-1,
    )

    def append(worker):
        def work():
            mine = opened(store)
            for i in range(n_appends):
                rows = np.full((i % 4 + 1, 3), worker * 1000 + i)
                (end, _) = mine.append(rows)
                assert (mine[end - len(rows) : end] == rows).all(), "an append does not see its own rows"

        return work

    def look():
        seen = opened(store)[:]
        assert (seen >= 0).all(), "rows that are not there yet"
        assert (seen == seen[:, :1]).all()

    crowd(kind, [append(worker) for worker in range(4)], [look])
    rows = opened(store)[:]
    assert (rows == rows[:, :1]).all()
    for worker in range(4):
        mine = rows[rows[:, 0] // 1000 == worker, 0] % 1000
        assert mine.tolist() == [i for i in range(n_appends) for _ in range(i % 4 + 1)]
    starts = np.flatnonzero(np.diff(rows[:, 0])) + 1
    assert len(starts) + 1 == 4 * n_appends, "an append lies inside another"


@both_formats
def test_resizes_and_writes(place, zarr_format, engine):
    """What a resize cuts off and uncovers is the fill value; what stays inside is never lost."""
    kind, store = place
    n_times = scaled(place, zarr_format, 40)
    zarr.create_array(store, shape=20, chunks=6, dtype="i8", fill_value=-1, zarr_format=zarr_format)

    def shrink_and_grow():
        mine = opened(store)
        for i in range(n_times):
            mine.resize((10,))
            mine.resize((20 + i % 7,))
            assert (mine[10:] == -1).all(), "a resize uncovers what it cut off"
        mine.resize((20,))

    def write(worker):
        def work():
            mine = opened(store)
            for i in range(n_times):
                mine[worker] = i
                assert mine[worker] == i

        return work

    crowd(kind, [shrink_and_grow, *[write(worker) for worker in range(10)]])
    assert opened(store)[:].tolist() == [n_times - 1] * 10 + [-1] * 10


# -- documents ----------------------------------------------------------------------------------------------------------


@both_formats
def test_attributes(place, zarr_format):
    kind, store = place
    n_updates = scaled(place, zarr_format, 200)
    zarr.create_array(store, shape=1, chunks=1, dtype="i8", zarr_format=zarr_format, attributes={"first": 1})

    def update(worker):
        def work():
            mine = opened(store)
            for i in range(n_updates):
                mine.attrs[f"{worker}-{i}"] = i

        return work

    def look():
        attributes = dict(opened(store).attrs)
        assert attributes.pop("first") == 1
        for worker in range(4):
            mine = [attributes[f"{worker}-{i}"] for i in range(n_updates) if f"{worker}-{i}" in attributes]
            assert mine == list(range(len(mine))), "an update is gone"

    crowd(kind, [update(worker) for worker in range(4)], [look])
    expected = {f"{worker}-{i}": i for worker in range(4) for i in range(n_updates)}
    assert dict(opened(store).attrs) == {"first": 1, **expected}


@both_formats
def test_everything_that_changes_one_document(place, zarr_format):
    """Attributes, append and resize of one array, attributes and consolidation of its group, and deleting attributes."""
    kind, store = place
    n_times = scaled(place, zarr_format, 60)
    group = zarr.create_group(store, zarr_format=zarr_format)
    group.create_array("x", shape=0, chunks=5, dtype="i8")

    def append():
        mine = opened(store, "x")
        for i in range(n_times):
            mine.append([i, i])

    def update():
        mine = opened(store, "x")
        for i in range(n_times):
            mine.attrs.put({**mine.attrs, "gone": i}) if False else mine.attrs.update({"second": i})

    def delete_attributes():
        mine = opened(store, "x")
        for _ in range(n_times):
            mine.attrs["temporary"] = 1
            del mine.attrs["temporary"]

    def update_group(name):
        def work():
            mine = zarr.open_group(store, mode="r+", use_consolidated=False)
            for i in range(n_times):
                mine.attrs[f"{name}{i}"] = i

        return work

    def consolidate():
        for _ in range(n_times // 3 + 1):
            warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", ZarrUserWarning)
            zarr.consolidate_metadata(store)

    work = [append, update, delete_attributes, update_group("a"), update_group("b"), consolidate, consolidate]
    with warnings.catch_warnings():
        crowd(kind, work)
    array = opened(store, "x")
    assert array[:].tolist() == [i for i in range(n_times) for _ in range(2)]
    assert dict(array.attrs) == {"second": n_times - 1}
    group = zarr.open_group(store, mode="r", use_consolidated=False)
    assert dict(group.attrs) == {f"{name}{i}": i for name in "ab" for i in range(n_times)}
    snapshot = zarr.open_consolidated(store)
    assert snapshot["x"].shape <= array.shape


@both_formats
def test_creators_of_one_node(place, zarr_format):
    """One creates it, the others are told so; and what is stored is what that one wanted."""
    kind, store = place
    zarr.create_group(store, zarr_format=zarr_format)
    n_names = scaled(place, zarr_format, 25)

    def create(worker):
        def work():
            mine = zarr.open_group(store, mode="r+")
            for i in range(n_names):
                try:
                    made = mine.create_array(
                        f"x{i}", shape=worker + 1, chunks=1, dtype="i8", attributes={"by": worker}, fill_value=worker
                    )
                except zarr.errors.ContainsArrayError:
                    made = mine[f"x{i}"]
                    made.attrs[f"loser {worker}"] = 1
                else:
                    made.attrs["winner"] = worker

        return work

    crowd(kind, [create(worker) for worker in range(4)])
    for i in range(n_names):
        array = opened(store, f"x{i}")
        winner = array.attrs["winner"]
        losers = {f"loser {worker}": 1 for worker in range(4) if worker != winner}
        assert dict(array.attrs) == {"by": winner, "winner": winner, **losers}
        assert array.shape == (winner + 1,)
        assert array.fill_value == winner


@both_formats
def test_overwriters_and_readers_of_one_node(place, zarr_format):
    """Whoever overwrites succeeds. A reader finds a whole node or none, of either kind."""
    kind, store = place
    n_times = scaled(place, zarr_format, 40)
    zarr.create_group(store, zarr_format=zarr_format)

    def overwrite(worker):
        def work():
            mine = zarr.open_group(store, mode="r+")
            for _ in range(n_times):
                if worker % 2:
                    made = mine.create_array(
                        "x", shape=12, chunks=4, dtype="i8", overwrite=True, attributes={"kind": "array"}
                    )
                    made[...] = worker
                else:
                    mine.create_group("x", overwrite=True, attributes={"kind": "group"})

        return work

    def look():
        try:
            found = zarr.open(store, path="x", mode="r")
        except FileNotFoundError:
            return
        is_array = isinstance(found, zarr.Array)
        # In format 2 attributes are a document of their own, which may be gone when it is read after the other.
        if zarr_format == 3:
            assert found.attrs["kind"] == ("array" if is_array else "group")
        if is_array:
            assert set(found[:].tolist()) <= {0, 1, 3}
        list(zarr.open_group(store, mode="r").members(max_depth=None))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        crowd(kind, [overwrite(worker) for worker in range(4)], [look])
    assert zarr.open(store, path="x", mode="r").attrs["kind"] in ("array", "group")


# -- shared handles ---------------------------------------------------------------------------------------------------------


@both_formats
def test_threads_that_share_one_array(store, zarr_format, engine):
    """Everything through one object: parts of chunks, appends, attributes."""
    group = zarr.create_group(store, zarr_format=zarr_format)
    array = group.create_array("x", shape=(8, 50), chunks=(8, 25), dtype="i8")
    log = group.create_array("log", shape=0, chunks=9, dtype="i8")

    def work(worker):
        def work():
            for i in range(50):
                array[worker, i] = i + 1
                assert array[worker, i] == i + 1
                array.attrs[f"{worker}-{i}"] = i
                log.append([worker * 100 + i])

        return work

    crowd(Threads, [work(worker) for worker in range(8)])
    assert (array[:] == np.arange(1, 51)).all()
    assert len(array.attrs) == 400
    assert sorted(log[:].tolist()) == sorted(100 * worker + i for worker in range(8) for i in range(50))
