"""How many requests each operation makes of an object store, and how many of them at once: counted by the server, which keeps
them waiting, so that those that can go out together are seen to do so.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.suites.calls import buf, put, run
from tests.suites.threads import in_threads
from zarr.abc.store import RangeByteRequest
from zarr.buffer.cpu import buffer_prototype

WAIT_S = 0.02
GRID = np.arange(1000 * 1000, dtype="i4").reshape(1000, 1000)


@pytest.fixture(autouse=True)
def _engine(engine):
    """All of this on both engines."""


@pytest.fixture(params=["sync", "async"])
def read(request):
    """Reads a selection of an array."""
    if request.param == "sync":
        return lambda array, selection: array[selection]
    return lambda array, selection: asyncio.run(array.async_array.getitem(selection))


@pytest.fixture(params=["sync", "async"])
def write(request):
    if request.param == "sync":
        return lambda array, selection, value: array.__setitem__(selection, value)
    return lambda array, selection, value: asyncio.run(array.async_array.setitem(selection, value))


class Watched:
    """The requests that come while something is done. With a number, the first wait until there are so many at once."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.expected = 0

    def __call__(self, expected):
        self.expected = expected
        return self

    def __enter__(self):
        self.cloud.wait(WAIT_S)
        self.cloud.gather(self.expected)
        self.cloud.forget_requests()
        return self

    def __exit__(self, *exc):
        self.all = self.cloud.requests
        self.peak = self.cloud.peak
        self.cloud.wait(0)
        self.cloud.gather(0)
        self.expected = 0

    @property
    def n(self):
        return len(self.all)

    @property
    def verbs(self):
        return Counter(request["method"] for request in self.all)

    @property
    def sent(self):
        return sum(request["sent"] for request in self.all)


@pytest.fixture
def watched(cloud):
    return Watched(cloud)


def chunked(cloud, n=100, **options):
    array = zarr.create_array(
        store_over(cloud), name="a", shape=10 * n, chunks=10, dtype="i4", compressors=None, **options
    )
    array[:] = np.arange(10 * n)
    return array


class TestOpening:
    def test_an_array_is_one_round_trip(self, cloud, watched, zarr_format):
        zarr.create_array(store_over(cloud), name="a", shape=3, dtype="i4", zarr_format=zarr_format)
        with watched(4):
            zarr.open_array(store_over(cloud), path="a", mode="r")
        assert (watched.n, watched.peak) == (4, 4)

    def test_of_a_known_format_it_is_that_many_documents(self, cloud, watched):
        zarr.create_array(store_over(cloud), name="a", shape=3, dtype="i4")
        with watched:
            zarr.open_array(store_over(cloud), path="a", mode="r", zarr_format=3)
        assert watched.n == 1

    def test_a_consolidated_group_is_one_round_trip_with_all_that_is_in_it(self, cloud, watched):
        root = zarr.create_group(store_over(cloud))
        for number in range(20):
            root.create_array(f"a{number}", shape=1, dtype="i1")
        with pytest.warns(UserWarning, match="not part in the Zarr format 3"):
            zarr.consolidate_metadata(store_over(cloud))
        with watched(4):
            group = zarr.open_group(store_over(cloud), mode="r")
            assert len(group.members()) == 20
            assert group["a7"].shape == (1,)
        assert (watched.n, watched.peak) == (4, 4)

    def test_fifty_members_are_three_round_trips_with_the_group(self, cloud, watched):
        root = zarr.create_group(store_over(cloud))
        for number in range(50):
            root.create_array(f"a{number}", shape=1, dtype="i1")
        with watched:
            assert len(zarr.open_group(store_over(cloud), mode="r").members()) == 50
        paths = [request["path"] for request in watched.all]
        assert watched.n == 4 + 1 + 50
        assert all("/a" not in path for path in paths[:5])
        assert watched.peak > 4


class TestChunks:
    def test_a_hundred_are_read_in_two_waves(self, cloud, watched, read):
        array = chunked(cloud)
        with watched(64):
            assert (read(array, slice(None)) == np.arange(1000)).all()
        assert (watched.n, watched.peak) == (100, 64)

    def test_and_written_likewise_if_they_are_whole(self, cloud, watched, write):
        array = chunked(cloud)
        with watched(64):
            write(array, slice(None), 7)
        assert (watched.verbs, watched.peak) == ({"PUT": 100}, 64)
        assert (array[:] == 7).all()

    def test_absent_ones_are_asked_for_once(self, cloud, watched, read):
        array = zarr.create_array(store_over(cloud), shape=1000, chunks=10, dtype="i4", fill_value=5)
        with watched(64):
            assert (read(array, slice(None)) == 5).all()
        assert (watched.n, watched.peak) == (100, 64)

    def test_parts_of_four_are_read_and_replaced_in_two_round_trips(self, cloud, watched, write):
        array = zarr.create_array(store_over(cloud), data=GRID[:40, :40], chunks=(20, 20), compressors=None)
        array[0, 0] = 1  # what the server can do is known now
        with watched(4):
            write(array, (slice(10, 30), slice(10, 30)), 0)
        assert (watched.verbs, watched.peak) == ({"GET": 4, "PUT": 4}, 4)

    def test_a_batch_reads_and_writes_each_once_all_of_them_at_the_same_time(self, cloud, watched):
        array = chunked(cloud, 20)
        other = zarr.open_array(store_over(cloud), path="a", mode="r+")
        with watched(20), array.batch() as b:
            for at in range(0, 200, 2):
                b[at] = -at
        assert (watched.verbs, watched.peak) == ({"GET": 20, "PUT": 20}, 20)
        with array.batch() as b, other.batch() as of_another:
            b[::10] = 5
            of_another[1::10] = 6
        assert array[:4].tolist() == [5, 6, -2, 3]
        with watched(20), array.batch() as b:
            for at in range(200):
                b[at] = at
        assert (watched.verbs, watched.peak) == ({"PUT": 20}, 20)
        np.testing.assert_array_equal(array[:], np.arange(200))

    def test_an_appender_writes_each_once(self, cloud, watched):
        array = chunked(cloud, 2)
        with watched, array.appender() as w:
            for at in range(20, 73):
                w.append([at])
        assert len([each for each in watched.all if each["method"] == "PUT" and "/c/" in each["path"]]) == 6
        np.testing.assert_array_equal(array[:], np.arange(73))

    def test_a_node_cannot_be_replaced_at_one_moment(self, cloud, watched):
        group = zarr.create_group(store_over(cloud))
        with watched, pytest.raises(NotImplementedError, match="cannot replace a node at one moment"):
            group.replace("a").__enter__()
        assert "PUT" not in watched.verbs

    def test_the_process_has_one_limit(self, cloud, watched, read):
        arrays = [chunked(cloud, 40), zarr.open_array(store_over(cloud), path="a")]
        with zarr.config.set({"async.concurrency": 8}), watched(8):
            in_threads([lambda array=array: read(array, slice(None)) for array in arrays * 2])
        assert (watched.n, watched.peak) == (160, 8)

    def test_a_store_may_have_a_lower_one(self, cloud, watched, read):
        chunked(cloud, 40)
        array = zarr.open_array(store_over(cloud, max_concurrency=5), path="a")
        with watched(5):
            read(array, slice(None))
        assert (watched.n, watched.peak) == (40, 5)

    def test_what_is_under_way_is_limited_in_bytes_too(self, cloud, watched, read, write):
        array = zarr.create_array(
            store_over(cloud), name="a", data=np.ones(20 * 10**5, "u1"), chunks=10**5, compressors=None
        )
        with zarr.config.set({"async.request_bytes": 4 * 10**5}):
            with watched:
                assert read(array, slice(None)).sum() == 20 * 10**5
            assert (watched.n, watched.peak) == (20, 4)
            with watched:
                write(array, slice(None), 2)
            assert (watched.n, watched.peak) == (20, 4)
            write(array, slice(0, 5), 3)  # what the server can do is known now
            with watched:
                write(array, slice(None, None, 2), 3)  # counts twice: what was there, and what is made of it
            assert (watched.n, watched.peak) == (40, 2)
        with zarr.config.set({"async.request_bytes": 10**4}), watched:
            assert read(array, slice(None, None, 2)).sum() == 30 * 10**5
        assert (watched.n, watched.peak) == (20, 1)

    def test_so_have_calls_of_the_store_itself(self, cloud, watched):
        store = store_over(cloud)
        for number in range(30):
            put(store, f"k{number}")

        async def work():
            await asyncio.gather(*(store.get(f"k{number}") for number in range(30)))

        with zarr.config.set({"async.concurrency": 12}), watched(12):
            run(work())
        assert (watched.n, watched.peak) == (30, 12)


class TestShards:
    @pytest.fixture
    def array(self, cloud):
        return zarr.create_array(
            store_over(cloud), name="s", data=GRID, chunks=(50, 50), shards=(500, 500), compressors=None
        )

    def test_a_window_in_one_is_two_round_trips_and_one_when_its_index_is_known(self, array, watched, read):
        with watched:
            assert (read(array, (slice(100, 350), slice(100, 350))) == GRID[100:350, 100:350]).all()
        index, *parts = watched.all
        assert (index["range"], index["if-match"]) == ("bytes=-1604", "")
        assert len({part["if-match"] for part in parts}) == 1
        assert parts[0]["if-match"]
        assert 1 < watched.peak <= len(parts)
        assert watched.sent <= 1.3 * 250 * 250 * 4
        n_parts = len(parts)
        with watched(n_parts):
            assert (read(array, (slice(100, 350), slice(100, 350))) == GRID[100:350, 100:350]).all()
        assert (watched.n, watched.peak) == (n_parts, n_parts)

    def test_an_index_that_is_known_is_never_believed(self, array, cloud, read):
        window = (slice(100, 350), slice(100, 350))
        read(array, window)
        other = zarr.open_array(store_over(cloud), path="s")
        other[120:130, 120:130] = -1
        expected = GRID[100:350, 100:350].copy()
        expected[20:30, 20:30] = -1
        assert (read(array, window) == expected).all()
        run(other.store.delete("s/c/0/0"))
        assert (read(array, window) == 0).all()

    def test_chunks_that_an_index_has_not_are_looked_up_again(self, cloud, read):
        array = zarr.create_array(store_over(cloud), name="e", shape=100, chunks=10, shards=100, dtype="i4")
        array[:10] = 1
        assert read(array, slice(50, 60)).tolist() == [0] * 10
        zarr.open_array(store_over(cloud), path="e")[50:60] = 2
        assert read(array, slice(50, 60)).tolist() == [2] * 10

    def test_points_far_apart_bring_little_that_nobody_wants(self, array, watched, read):
        with watched:
            read(array, (slice(None, 500, 97), slice(None, 500, 97)))
        n_wanted = len({row // 50 for row in range(0, 500, 97)}) ** 2
        assert watched.sent <= 1.3 * n_wanted * 50 * 50 * 4 + 1604

    def test_azure_is_asked_for_the_size_once(self, cloud, watched):
        array = zarr.create_array(
            store_over(cloud, "az"), name="s", data=np.arange(1000), chunks=10, shards=1000, compressors=None
        )
        with watched:
            assert array[100:110].tolist() == list(range(100, 110))
        assert watched.verbs == {"HEAD": 1, "GET": 2}
        with watched:
            array[100:110]
        assert watched.verbs == {"GET": 1}


class TestMany:
    def test_a_group_is_deleted_by_the_thousand(self, cloud, watched):
        store = store_over(cloud)
        root = zarr.create_group(store)
        array = root.create_array("a", shape=1500, chunks=1, dtype="i1", compressors=None)
        array[:] = 1
        with watched:
            del root["a"]
        deletions = [request for request in watched.all if request["method"] == "POST"]
        assert len(deletions) == 2
        assert watched.n <= 12
        assert list(store.list_keys("a/")) == []

    def test_listings_come_page_by_page(self, cloud, watched):
        store = store_over(cloud)
        array = zarr.create_array(store, shape=2500, chunks=1, dtype="i1", compressors=None)
        array[:] = 1

        async def first():
            return await anext(store.list_prefix(""))

        with watched:
            assert run(first())
        assert watched.n <= 2
        cloud.fail("refuse", times=3, rate=0.7)
        assert len(list(store.list_keys(""))) == 2501

    def test_several_parts_of_a_value_go_out_together(self, cloud, watched):
        store = store_over(cloud)
        store.set_sync("k", buf(bytes(range(200))))
        wanted = [("k", RangeByteRequest(i, i + 2)) for i in range(10)]
        with watched(10):
            found = run(store.get_partial_values(buffer_prototype, wanted))
        assert [part.to_bytes() for part in found] == [bytes([i, i + 1]) for i in range(10)]
        assert (watched.n, watched.peak) == (10, 10)
