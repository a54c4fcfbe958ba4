"""Values that go into an array: which fit, what is stored of them, and a shard that is replaced under a reader."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import zarr
from tests.samples import contents, filled
from tests.suites.calls import shown
from zarr.codecs import ZstdCodec
from zarr.errors import CodecError
from zarr.storage import MemoryStore, WrapperStore


class TestWrongValues:
    @pytest.mark.parametrize(
        ("selection", "value", "error", "text"),
        [
            (..., np.zeros((4, 5)), ValueError, r"shape \(4, 5\) into shape \(5, 4\)"),
            (..., np.zeros(5), ValueError, r"shape \(5,\) into shape \(5, 4\)"),
            (..., np.zeros((2, 5, 4)), ValueError, r"shape \(2, 5, 4\) into shape \(5, 4\)"),
            (slice(0, 2), np.zeros((3, 4)), ValueError, r"shape \(3, 4\) into shape \(2, 4\)"),
            ((0, 0), [1, 2], ValueError, r"shape \(2,\) into shape \(\)"),
            (..., [[1, 2], [3]], ValueError, "ragged"),
            (0, "x", ValueError, "invalid literal"),
            (0, np.array(["x"] * 4), ValueError, "invalid literal"),
            (0, None, TypeError, "NoneType"),
            (0, object(), TypeError, "object"),
            (0, 1j, TypeError, "complex"),
            (0, 2**40, OverflowError, "out of bounds"),
            (0, float("nan"), ValueError, "NaN"),
            (5, 1, IndexError, "out of bounds"),
            (-6, 1, IndexError, "out of bounds"),
            ((0, 0, 0), 1, IndexError, "too many"),
            ("x", 1, IndexError, "'x'"),
            (1.5, 1, IndexError, "1\\.5"),
        ],
        ids=shown,
    )
    def test_they_are_refused_and_nothing_changes(self, store, engine, zarr_format, selection, value, error, text):
        array = filled(store, zarr_format)
        before = contents(store)
        with pytest.raises(error, match=text):
            array[selection] = value
        assert contents(store) == before

    def test_values_are_broadcast_and_cast_as_numpy_does(self, store, engine):
        array = filled(store)
        expected = np.arange(20, dtype="i4").reshape(5, 4)
        for selection, value in [
            (..., 3),
            (slice(1, 3), [1, 2, 3, 4]),
            ((slice(None), 1), np.arange(5.0)),
            ((slice(0, 2), slice(0, 2)), np.ones((1, 1, 2, 2))[0]),
            (0, True),
            ((1, 1), "7"),
            (2, zarr.array([1, 2, 3, 4])),
        ]:
            array[selection] = value
            expected[selection] = value if not isinstance(value, zarr.Array) else value[:]
            np.testing.assert_array_equal(array[...], expected)

    @pytest.mark.parametrize("value", [[[False]], [[None]], ([1], [2])])
    @pytest.mark.parametrize("dtype", ["int32", "float64"])
    def test_a_sequence_that_is_nested_too_deeply_is_refused_as_by_numpy(self, store, engine, value, dtype):
        array = zarr.create_array(store, data=np.ones((4, 6), dtype), chunks=(2, 4))
        with pytest.raises((ValueError, TypeError)):
            np.ones((4, 6), dtype)[0] = value
        before = contents(store)
        with pytest.raises((ValueError, TypeError)):
            array[0] = value
        assert contents(store) == before
        array[0] = np.zeros((1, 1))  # of an array, axes of length 1 are left out
        assert array[0].tolist() == [0] * 6

    def test_what_is_written_is_not_aliased(self, store, engine):
        array = zarr.create_array(store, shape=(2, 2), chunks=2, dtype="i4", compressors=None)
        data = np.arange(4, dtype="i4").reshape(2, 2)
        array[...] = data
        data[...] = 99
        assert array[...].tolist() == [[0, 1], [2, 3]]
        out = array[...]
        out[...] = 77
        assert array[...].tolist() == [[0, 1], [2, 3]]


ENCODINGS = [
    {"chunks": (4, 8), "compressors": None},
    {"chunks": (4, 3), "compressors": None},
    {"chunks": (4, 3), "compressors": None, "serializer": zarr.codecs.BytesCodec(endian="big")},
    {"chunks": (4, 3), "compressors": zarr.codecs.ZstdCodec()},
    {"chunks": (2, 4), "shards": (4, 8), "compressors": None},
]


class TestWhatIsStored:
    """Encoded chunks in a store are buffers of their own, in whatever memory an engine made them."""

    ELEMENTS = np.arange(1, 65, dtype="<i4").reshape(8, 8)

    @pytest.mark.parametrize("options", ENCODINGS, ids=shown)
    def test_it_does_not_change_with_the_value(self, engine, store, options):
        data = self.ELEMENTS.copy()
        array = zarr.create_array(store, data=data, **options)
        data[...] = -1
        np.testing.assert_array_equal(array[...], self.ELEMENTS)
        data[...] = 7
        array[1:5, 2:] = data[1:5, 2:]
        data[...] = -1
        expected = self.ELEMENTS.copy()
        expected[1:5, 2:] = 7
        np.testing.assert_array_equal(array[...], expected)

    @pytest.mark.parametrize("options", ENCODINGS, ids=shown)
    def test_fill_values_are_stored_only_on_request(self, engine, store, options):
        array = zarr.create_array(store, shape=(8, 8), dtype="<i4", **options)
        array[...] = self.ELEMENTS
        array[:4] = 0
        keys = {key for key in store.list_keys("") if key.startswith("c/")}
        assert keys
        assert not any(key.startswith("c/0/") for key in keys)
        with zarr.config.set({"array.write_empty_chunks": True}):
            again = zarr.open_array(store)
            again[:4] = 0
        assert any(key.startswith("c/0/") for key in store.list_keys(""))
        np.testing.assert_array_equal(again[:4], np.zeros((4, 8)))

    @pytest.mark.parametrize("options", ENCODINGS, ids=shown)
    def test_it_is_a_buffer_as_any_other(self, engine, options):
        values = {}
        zarr.create_array(zarr.storage.MemoryStore(values), data=self.ELEMENTS, **options)
        value = values["c/0/0"]
        plain = value.to_bytes()
        assert type(plain) is bytes
        assert len(value) == len(plain) > 0
        assert bytes(value.as_buffer_like()) == plain
        assert value[1:5].to_bytes() == plain[1:5]
        assert (value + value).to_bytes() == plain + plain
        assert not value.as_numpy_array().flags.writeable
        for twin in (
            pickle.loads(pickle.dumps(value)),
            copy.deepcopy(value),
            zarr.buffer.cpu.Buffer.from_buffer(value),
        ):
            assert type(twin) is type(value)
            assert twin == value

    @pytest.mark.parametrize("options", ENCODINGS, ids=shown)
    def test_a_memory_store_can_be_copied_and_written_on(self, engine, options):
        store = zarr.storage.MemoryStore()
        array = zarr.create_array(store, data=self.ELEMENTS, **options)
        twin = zarr.open_array(pickle.loads(pickle.dumps(store)))
        array[3, 3] = -5
        twin[4, 4] = -6
        np.testing.assert_array_equal(np.argwhere(array[...] != self.ELEMENTS), [[3, 3]])
        np.testing.assert_array_equal(np.argwhere(twin[...] != self.ELEMENTS), [[4, 4]])


class ReplacedMidway(WrapperStore):
    """A store without versions in which something happens once, right after a part of an object was read."""

    happens = None

    async def get(self, key, prototype, byte_range=None):
        found = await super().get(key, prototype, byte_range)
        happens, self.happens = self.happens, None if byte_range is not None else self.happens
        if happens is not None and byte_range is not None:
            happens()
        return found


class TestShardReplacedWhileItIsRead:
    """Parts of two versions of a shard do not fit together; that is no damage, and the read begins again."""

    def setup(self, values):
        store = MemoryStore()
        array = zarr.create_array(store, data=values, chunks=1000, shards=4000, compressors=ZstdCodec())
        assert len(store._store_dict) == 2
        return array

    def test_by_a_shorter_one(self, engine):
        random = np.random.default_rng(0).integers(0, 2**40, 4000)
        old, new = self.setup(random), self.setup(np.arange(4000))
        array = zarr.open_array(ReplacedMidway(old.store), mode="r")
        array.store.happens = lambda: old.store._store_dict.update(new.store._store_dict)
        assert array[3500] == 3500
        assert array.store.happens is None

    def test_by_nothing(self, engine):
        old = self.setup(np.arange(1, 4001))
        array = zarr.open_array(ReplacedMidway(old.store), mode="r")
        array.store.happens = lambda: old.store._store_dict.pop("c/0")
        assert array[3500] == 0

    def test_damage_that_stays_is_damage(self, engine):
        old = self.setup(np.arange(4000))
        shard = old.store._store_dict["c/0"]
        index_nbytes = 4 * 16 + 4
        old.store._store_dict["c/0"] = shard[len(shard) - index_nbytes :]
        array = zarr.open_array(WrapperStore(old.store), mode="r")
        with pytest.raises(CodecError, match="c/0"):
            array[3500]


def test_elements_are_not_deleted(store):
    array = zarr.create_array(store, data=[1, 2])
    with pytest.raises(TypeError, match="cannot be deleted"):
        del array[0]
    assert array[:].tolist() == [1, 2]


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_a_comparison_of_the_whole_array_is_no_mask(shape):
    a = zarr.ones(shape)
    for call in (
        lambda: a[a == 1],
        lambda: a.__setitem__(a == 1, 5),
        lambda: a.oindex[a != 1],
        lambda: a.vindex[a == 1],
        lambda: a.get_mask_selection(a == 1),
        lambda: a.get_basic_selection(a == 1),
        lambda: a[np.bool_(True)],
    ):
        with pytest.raises(
            IndexError, match=r"is one Boolean: compare elements that were read, as in a\[a\[:\] == 1\]"
        ):
            call()
    assert a[a[:] == 1].tolist() == [1] * a.size
