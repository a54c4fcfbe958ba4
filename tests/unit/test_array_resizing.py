"""Resizing and appending: what shows afterwards, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import zarr
from tests.samples import contents, filled
from tests.suites.calls import run, shown
from zarr.errors import ArrayNotFoundError


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
