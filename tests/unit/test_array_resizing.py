"""Resizing and appending: what shows afterwards, and what is refused."""

from __future__ import annotations

import asyncio
import itertools
import threading

import numpy as np
import pytest

import zarr
from tests.samples import contents, filled
from tests.suites.calls import get, put, run, shown
from tests.suites.plain_stores import AwareOfShapes
from tests.suites.threads import PROMPTLY
from zarr._flow import resize
from zarr._flow.drive import run as drive
from zarr._flow.drive.answers import ANSWER
from zarr._flow.requests import TakeHold, Together
from zarr._flow.watch import logged
from zarr.errors import ArrayNotFoundError


class TestStoresThatKnowOfShapes:
    """Somebody else's may refuse chunks that the shape has no room for; so it is changed as zarr-python does it."""

    @pytest.fixture(params=[{}, {"shards": 8}, {"zarr_format": 2}], ids=["v3", "shards", "v2"])
    def array(self, request, engine):
        return zarr.create_array(AwareOfShapes(), name="a", data=np.arange(10), chunks=4, **request.param)

    def test_append(self, array):
        assert array.append(np.arange(7)) == (17,)
        assert array[:].tolist() == [*range(10), *range(7)]
        assert array.append(np.arange(0)) == (17,)

    def test_an_append_that_fails_leaves_the_shape(self, array, monkeypatch):
        async def refuse(self, key, value):
            if key.rpartition("/")[2][:1].isdigit():
                raise RuntimeError("the disk is full")
            await put_(self, key, value)

        put_ = AwareOfShapes.set
        monkeypatch.setattr(AwareOfShapes, "set", refuse)
        with pytest.raises(RuntimeError, match="disk is full"):
            array.append(np.arange(7))
        assert zarr.open_array(array.store, path="a").shape == array.shape == (10,)
        monkeypatch.setattr(AwareOfShapes, "set", put_)
        assert array.append([1]) == (11,)

    def test_what_is_cut_off_does_not_come_back(self, array):
        for shape in (30, 5, 12):
            array.resize(shape)
        assert array[:].tolist() == [0, 1, 2, 3, 4, *[0] * 7]
        array.resize(0)
        array.resize(10)
        assert not array[:].any()

    def test_one_axis_grows_and_another_shrinks(self, engine, zarr_format):
        store = AwareOfShapes()
        array = zarr.create_array(store, name="a", data=np.ones((6, 6)), chunks=(4, 4), zarr_format=zarr_format)
        array.resize((3, 9))
        array.resize((9, 9))
        expected = np.zeros((9, 9))
        expected[:3, :6] = 1
        assert (array[:] == expected).all()


class TestShape:
    @pytest.mark.parametrize(
        ("new", "error", "text"),
        [
            ((1, 2, 3), ValueError, r"2 dimensions to shape \(1, 2, 3\), which has 3"),
            (3, ValueError, "which has 1"),
            ((), ValueError, "which has 0"),
            ((-1, 2), ValueError, "non-negative"),
            ((1.5, 2), TypeError, "integers"),
            ("ab", TypeError, "integers"),
            (None, TypeError, "integers"),
            ((2**63, 1), ValueError, "2\\*\\*63"),
        ],
        ids=shown,
    )
    def test_a_wrong_shape_is_refused_and_nothing_changes(self, store, engine, zarr_format, new, error, text):
        array = filled(store, zarr_format)
        before = contents(store)
        with pytest.raises(error, match=text):
            array.resize(new)
        assert array.shape == (5, 4)
        assert contents(store) == before

    def test_growing_shows_the_fill_value_and_shrinking_cuts_off(self, store, engine, zarr_format):
        array = filled(store, zarr_format, fill_value=-1)
        array.resize([3, 2])
        array.resize((6, 5))
        expected = np.full((6, 5), -1)
        expected[:3, :2] = np.arange(20).reshape(5, 4)[:3, :2]
        np.testing.assert_array_equal(array[...], expected)
        np.testing.assert_array_equal(zarr.open_array(store)[...], expected)

    def test_append_returns_the_new_shape(self, store, engine, zarr_format):
        array = filled(store, zarr_format)
        assert array.append(np.full((2, 4), 50)) == (7, 4)
        assert array.append([[60]] * 7, axis=1) == (7, 5)
        assert array.append(np.full((7, 1), 70), axis=-1) == (7, 6)
        assert array.append(np.empty((0, 6))) == (7, 6)
        assert array[6].tolist() == [50, 50, 50, 50, 60, 70]
        assert zarr.open_array(store).shape == (7, 6)

    @pytest.mark.parametrize(
        ("data", "axis", "error", "text"),
        [
            (np.zeros((2, 3), "i4"), 0, ValueError, r"data \(2, 3\), array \(5, 4\)"),
            (np.zeros((5, 1), "i4"), 0, ValueError, "not compatible"),
            (np.zeros(4, "i4"), 0, ValueError, r"data \(4,\)"),
            (np.zeros((1, 1, 4), "i4"), 0, ValueError, "not compatible"),
            (5, 0, ValueError, r"data \(\)"),
            (np.zeros((1, 4), "i4"), 2, ValueError, "axis 2 is out of bounds"),
            (np.zeros((1, 4), "i4"), -3, ValueError, "axis -3 is out of bounds"),
            (np.zeros((1, 4), "i4"), 1.0, TypeError, "integer"),
            ([["a"] * 4], 0, ValueError, "invalid literal"),
        ],
    )
    def test_data_that_do_not_fit_are_refused_and_nothing_changes(
        self, store, engine, zarr_format, data, axis, error, text
    ):
        array = filled(store, zarr_format)
        before = contents(store)
        with pytest.raises(error, match=text):
            array.append(data, axis=axis)
        with pytest.raises(error, match=text):
            run(array.async_array.append(data, axis=axis))
        assert array.shape == (5, 4)
        assert contents(store) == before

    def test_a_scalar_array_cannot_grow(self):
        scalar = zarr.create_array({}, shape=(), dtype="i4")
        with pytest.raises(ValueError, match="out of bounds for an array of dimension 0"):
            scalar.append(1)
        scalar.resize(())
        assert scalar.shape == ()

    def test_a_deleted_array_cannot_be_resized(self, store, zarr_format):
        array = filled(store, zarr_format, name="a")
        del zarr.open_group(store)["a"]
        with pytest.raises(ArrayNotFoundError, match="at path 'a'"):
            array.resize((9, 9))
        with pytest.raises(ArrayNotFoundError, match="at path 'a'"):
            array.append(np.zeros((1, 4)))
        assert not any(key.startswith("a/") for key in contents(store))

    def test_a_handle_that_is_out_of_date_does_not_undo_a_resize(self, store, engine, zarr_format):
        one = filled(store, zarr_format)
        two = zarr.open_array(store)
        one.append(np.full((1, 4), 50))
        assert two.shape == (5, 4)
        assert two.append(np.full((1, 4), 60)) == (7, 4)
        assert zarr.open_array(store)[5:, 0].tolist() == [50, 60]

    def test_a_handle_resized_to_its_old_shape_takes_the_codecs_of_an_array_that_took_its_place(
        self, store, engine, zarr_format
    ):
        options = {"name": "a", "chunks": 4, "dtype": "i4", "zarr_format": zarr_format}
        handle = zarr.create_array(store, shape=8, compressors=None, **options)
        handle[...] = 1
        other = zarr.create_array(store, shape=4, overwrite=True, **options)
        other[...] = 2
        handle.resize(8)
        assert handle[...].tolist() == [2, 2, 2, 2, 0, 0, 0, 0]
        handle[5] = 3
        assert zarr.open_array(store, path="a")[...].tolist() == [2, 2, 2, 2, 0, 3, 0, 0]


@pytest.mark.parametrize("shards", [None, (2000, 2000)])
def test_resizing_a_huge_array_touches_what_is_stored_and_nothing_else(store, shards, engine):
    array = zarr.create_array(
        store, shape=(10**12, 10**6), chunks=(1000, 1000), shards=shards, dtype="i2", fill_value=7
    )
    array[5:7, 0:40] = 1
    array[10**11, 0:40] = 2
    array[10**11, 5000] = 3
    array.resize((10**12, 10))
    assert array.nchunks_initialized == 2 * array.chunks_per_object
    array.resize((10**12, 50))
    expected = np.full(50, 7)
    expected[:10] = 2
    np.testing.assert_array_equal(array[10**11], expected)
    expected[:10] = 1
    np.testing.assert_array_equal(array[6], expected)


@pytest.mark.parametrize("options", [{"zarr_format": 2}, {"zarr_format": 3}, {"shards": 6}], ids=shown)
def test_what_is_appended_has_its_bytes_in_any_order(engine, store, options):
    """A document of format 3 does not say in which order a handle has the bytes of elements in memory."""
    array = zarr.create_array(store, data=np.array([1, 2], ">i2"), chunks=3, **options)
    for dtype in (">i2", "<i2"):
        array.append(np.array([256, 1], dtype))
    assert array[:].tolist() == zarr.open_array(store)[:].tolist() == [1, 2, 256, 1, 256, 1]


class TestWhatIsLookedAt:
    """Growing and shrinking look at the chunks that come or go, not at all that are stored."""

    @pytest.fixture
    def rows(self, any_store, zarr_format):
        """500 chunks of one row, all stored."""
        array = zarr.create_array(
            any_store, shape=(500, 4), chunks=(1, 4), dtype="i4", zarr_format=zarr_format, fill_value=-1
        )
        array[...] = np.arange(2000).reshape(500, 4)
        return array

    @staticmethod
    def requests_of(array, shape):
        seen = []
        drive(logged(resize.resize(array._node, shape), seen.append))
        return [type(request).__name__ for request in seen]

    @pytest.mark.parametrize("new", [(501, 4), (530, 4), (470, 4), (499, 4)], ids=shown)
    def test_a_few_chunks_are_looked_up(self, engine, rows, new):
        assert "Keys" not in self.requests_of(rows, new)
        expected = np.full((530, 5), -1)
        inside = tuple(slice(min(pair)) for pair in zip(rows.shape, (500, 4), strict=True))
        expected[inside] = np.arange(2000).reshape(500, 4)[inside]
        rows.resize((530, 5))
        np.testing.assert_array_equal(rows[...], expected)

    def test_of_more_than_there_are_what_is_stored_is_listed(self, rows):
        assert self.requests_of(rows, (100_000, 4)).count("Keys") == 1

    @pytest.mark.parametrize("new", [(501, 4), (560, 4), (900, 4), (20_000, 4), (500, 9), (600, 9)], ids=shown)
    def test_what_somebody_left_beyond_the_edge_does_not_show(self, engine, rows, any_store, new):
        for row in (500, 501, 559, 560, 899, 19_999, 20_000):
            for column in (0, 1, 2):
                put(any_store, rows.metadata.encode_chunk_key((row, column)), b"damaged")
        put(any_store, rows.metadata.encode_chunk_key((3, 1)), b"damaged")
        rows.resize(new)
        assert (rows[500:] == -1).all()
        assert (rows[:, 4:] == -1).all()
        np.testing.assert_array_equal(rows[:500, :4], np.arange(2000).reshape(500, 4))

    def test_edges_of_many_chunks(self, engine, any_store):
        """One row of 300 chunks that the old shape reaches into: all of them may hold something beyond it."""
        array = zarr.create_array(any_store, name="one", shape=(3, 600), chunks=(2, 2), dtype="i4", fill_value=-1)
        array[...] = 5
        beyond = zarr.create_array(any_store, name="other", shape=(4, 600), chunks=(2, 2), dtype="i4", fill_value=-1)
        beyond[...] = 5
        for column in (0, 150, 299):
            put(any_store, f"one/c/1/{column}", get(any_store, f"other/c/1/{column}"))
        array.resize((4, 600))
        assert (array[:3] == 5).all()
        assert (array[3] == -1).all()


class Stopped(BaseException):
    """Comes between a request and its answer, as a cancellation may."""


@pytest.mark.parametrize("change", ["append", "grow", "shrink"])
def test_after_a_cancelled_change_the_handle_has_the_stored_shape(engine, store, zarr_format, change):
    """Interrupted after every single request, and before it: the shape is what the document says."""
    calls = {
        "append": lambda node: resize.append(node, np.full((3, 4), 7, "i4"), 0),
        "grow": lambda node: resize.resize(node, (9, 4)),
        "shrink": lambda node: resize.resize(node, (2, 4)),
    }
    shapes = set()
    for step in range(200):
        array = filled(store, zarr_format, name=str(step))
        if not interrupted(calls[change](array._node), step):
            break
        stored = zarr.open_array(store, path=str(step), mode="r").shape
        assert array.shape == stored
        shapes.add(stored)
    assert 3 < step < 199
    assert len(shapes) == 2


def interrupted(flow, step):
    """Drive a flow, with an interruption in the place of the answer to one request; whether there was that request."""
    count = itertools.count()

    def watched(request):
        if isinstance(request, Together):
            return [driven(inner, watched) for inner in request.flows]
        number = next(count)
        answer = ANSWER[type(request)](request)
        if number == step:
            if isinstance(request, TakeHold):
                answer.release()
            raise Stopped
        return answer

    try:
        driven(flow, watched)
    except Stopped:
        return True
    return False


def driven(flow, answer_to):
    """The result of a flow that gets its answers from a function."""
    try:
        request = flow.send(None)
        while True:
            try:
                answer = answer_to(request)
            except BaseException as exc:  # noqa: BLE001  # the flow must see it
                request = flow.throw(exc)
            else:
                request = flow.send(answer)
    except StopIteration as stop:
        return stop.value


@pytest.mark.parametrize("change", ["append", "resize", "attributes"])
def test_a_task_that_is_cancelled_while_the_document_is_stored(engine, tmp_path, zarr_format, change):
    class Slow(zarr.storage.LocalStore):
        capabilities = zarr.storage.LocalStore.capabilities
        under_way = None
        cancelled = threading.Event()

        def put(self, key, value, **kwargs):
            done = super().put(key, value, **kwargs)
            if self.under_way is not None and key.rpartition("/")[2] in ("zarr.json", ".zarray", ".zattrs"):
                self.under_way.set()
                assert self.cancelled.wait(PROMPTLY)
            return done

    store = Slow(tmp_path / "store")
    array = filled(store, zarr_format)

    async def main():
        face = array.async_array
        loop = asyncio.get_running_loop()
        store.under_way = threading.Event()
        calls = {
            "append": lambda: face.append(np.full((3, 4), 7)),
            "resize": lambda: face.resize((9, 4)),
            "attributes": lambda: face.update_attributes({"a": 1}),
        }
        task = asyncio.ensure_future(calls[change]())
        assert await loop.run_in_executor(None, store.under_way.wait, PROMPTLY)
        task.cancel()
        loop.call_later(0.02, store.cancelled.set)
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    stored = zarr.open_array(tmp_path / "store", mode="r")
    assert array.shape == stored.shape == {"append": (8, 4), "resize": (9, 4), "attributes": (5, 4)}[change]
    assert dict(array.attrs) == dict(stored.attrs) == ({"a": 1} if change == "attributes" else {})
