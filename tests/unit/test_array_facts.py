"""What an array tells of itself, and how it behaves as a Python object."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import zarr
from tests.samples import contents, filled
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec
from zarr.errors import EngineUnavailableError
from zarr.storage import StorePath


class TestFacts:
    def test_shape_and_sizes(self, store, zarr_format):
        array = filled(store, zarr_format, name="a/b")
        assert array.shape == (5, 4)
        assert array.ndim == 2
        assert array.size == 20
        assert array.nbytes == 80
        assert array.chunks == (2, 3)
        assert array.shards is None
        assert array.cdata_shape == (3, 2)
        assert array.nchunks == 6
        assert array.nchunks_initialized == 6
        assert array.dtype == np.dtype("i4")
        assert array.fill_value == 0
        assert type(array.fill_value) is np.int32
        assert array.order == "C"
        assert array.nbytes_stored() == sum(
            len(value) for key, value in contents(store).items() if key.startswith("a/b/")
        )

    def test_names_and_places(self, store, zarr_format):
        array = filled(store, zarr_format, name="/a/b/")
        assert array.path == "a/b"
        assert array.name == "/a/b"
        assert array.basename == "b"
        assert array.store is store
        assert array.store_path == StorePath(store, "a/b")
        assert not array.read_only
        root = zarr.create_array({}, shape=1, dtype="i1")
        assert (root.path, root.name, root.basename) == ("", "/", "")

    def test_codecs_of_format_3(self):
        array = zarr.create_array(
            {},
            shape=(4, 4),
            dtype="i4",
            filters=TransposeCodec(order=(1, 0)),
            compressors=[GzipCodec(level=2), Crc32cCodec()],
        )
        assert array.filters == (TransposeCodec(order=(1, 0)),)
        assert array.serializer == BytesCodec(endian="little")
        assert array.compressors == (GzipCodec(level=2), Crc32cCodec())
        with pytest.raises(TypeError, match="Use `compressors`"):
            array.compressor  # noqa: B018  # reading it is the point
        plain = zarr.create_array({}, shape=4, dtype="i4", compressors=None)
        assert plain.filters == ()
        assert plain.compressors == ()
        assert len(zarr.create_array({}, shape=4, dtype="i4").compressors) == 1

    def test_codecs_of_shards_are_those_of_their_chunks(self):
        array = zarr.create_array({}, shape=(9, 9), dtype="i4", chunks=2, shards=4, compressors=GzipCodec(level=3))
        assert array.chunks == (2, 2)
        assert array.shards == (4, 4)
        assert array.compressors == (GzipCodec(level=3),)
        assert array.cdata_shape == (5, 5)
        assert array.nchunks == 25
        assert array.nchunks_initialized == 0
        array[0, 0] = 1
        assert array.nchunks_initialized == 4

    def test_codecs_of_format_2(self):
        array = zarr.create_array(
            {},
            shape=4,
            dtype="i4",
            zarr_format=2,
            filters=[{"id": "delta", "dtype": "<i4"}],
            compressors={"id": "zlib", "level": 3},
        )
        assert [f.codec_id for f in array.filters] == ["delta"]
        assert [c.codec_id for c in array.compressors] == ["zlib"]
        assert array.compressor.level == 3
        assert array.serializer is None
        plain = zarr.create_array({}, shape=4, dtype="i4", zarr_format=2, compressors=None)
        assert plain.compressors == ()
        assert plain.filters == ()
        assert plain.compressor is None

    def test_order_is_that_of_chunks_in_format_2_and_of_results_in_format_3(self):
        two = zarr.create_array({}, shape=(2, 3), dtype="i4", zarr_format=2, order="F")
        assert two.order == "F"
        assert two.metadata.order == "F"
        assert two[...].flags.f_contiguous
        assert two.with_config({"order": "C"})[:, 1:].flags.f_contiguous
        three = zarr.create_array({}, shape=(2, 3), dtype="i4", config={"order": "F"})
        assert three.order == "F"
        with zarr.config.set({"array.order": "F"}):
            assert zarr.create_array({}, shape=(2, 3), dtype="i4").order == "F"
            assert zarr.create_array({}, shape=(2, 3), dtype="i4", zarr_format=2).metadata.order == "F"

    def test_sizes_of_an_empty_array_and_of_a_scalar(self, zarr_format):
        empty = zarr.create_array({}, shape=(0, 5), dtype="i4", zarr_format=zarr_format)
        assert (empty.size, empty.nbytes, empty.nchunks, empty.cdata_shape[0]) == (0, 0, 0, 0)
        assert empty[...].shape == (0, 5)
        scalar = zarr.create_array({}, shape=(), dtype="i4", zarr_format=zarr_format)
        assert (scalar.shape, scalar.ndim, scalar.size, scalar.nchunks, scalar.chunks) == ((), 0, 1, 1, ())

    @pytest.mark.parametrize(
        ("shape", "dtype", "chunks"),
        [
            ((0,), "f8", (16384,)),
            ((0, 24), "i1", (5461, 24)),
            ((5, 0), "f8", (5, 3276)),
            ((0, 0, 3), "f8", (73, 73, 3)),
            ((0, 1000, 1000), "f8", (1, 250, 250)),
            ((0, 3), "string", (2730, 3)),
        ],
    )
    def test_chunks_of_what_will_grow(self, zarr_format, shape, dtype, chunks):
        for make in (zarr.create_array, zarr.create):
            array = make(store={}, shape=shape, dtype=dtype, zarr_format=zarr_format)
            assert array.chunks == chunks
        assert zarr.zeros((0,), zarr_format=zarr_format).append(np.ones(5000)) == (5000,)

    def test_repr_needs_no_engine(self, store, monkeypatch):
        shown = repr(zarr.create_array(store, shape=3, dtype=">i4", zarr_format=2))
        assert shown.endswith("shape=(3,) dtype=>i4>")
        monkeypatch.setattr("zarr._engine.choose.load_problem", lambda: "it was not built")
        with zarr.config.set({"engine": "native"}):
            array = zarr.open_array(store, mode="r")
            assert repr(array) == shown
            with pytest.raises(EngineUnavailableError):
                array[0]

    def test_info_tells_the_facts(self, store):
        array = filled(store)
        text = repr(array.info)
        for fact in ("Array", "(5, 4)", "(2, 3)", "Int32", "80", type(store).__name__, "False"):
            assert fact in text

    def test_repr(self, store):
        array = filled(store, name="a")
        assert repr(array) == f"<Array {store}/a shape=(5, 4) dtype=int32>"
        assert repr(array.async_array) == f"<AsyncArray {store}/a shape=(5, 4) dtype=int32>"

    def test_facts_are_read_only(self, store):
        array = filled(store)
        for name in ("chunks", "dtype", "fill_value", "metadata", "path", "store", "attrs", "order", "size"):
            with pytest.raises(AttributeError):
                setattr(array, name, None)


class TestAsAnObject:
    def test_len_and_iteration(self, store, engine):
        array = filled(store)
        assert len(array) == 5
        assert [row.tolist() for row in array] == np.arange(20).reshape(5, 4).tolist()
        assert list(zarr.array([1, 2, 3])) == [1, 2, 3]
        assert list(zarr.create_array({}, shape=0, dtype="i4")) == []
        assert 2 in zarr.array([1, 2, 3])
        assert 5 not in zarr.array([1, 2, 3])

    def test_a_scalar_has_no_len_and_no_items(self):
        scalar = zarr.create_array({}, shape=(), dtype="i4")
        with pytest.raises(TypeError, match="unsized"):
            len(scalar)
        with pytest.raises(TypeError, match="0-d"):
            iter(scalar).__next__()

    def test_truth_does_not_depend_on_contents(self):
        assert zarr.zeros(0)
        assert zarr.zeros(1)
        assert zarr.zeros(())

    def test_equality_is_that_of_place_and_metadata(self, store, zarr_format):
        array = filled(store, zarr_format, name="a")
        assert array == zarr.open_array(store, path="a")
        assert array != filled(store, zarr_format, name="b")
        assert array != 5
        assert array != array[...].tolist()
        other = zarr.open_array(store, path="a")
        array.attrs["x"] = 1
        assert array != other
        assert array == zarr.open_array(store, path="a")
        with pytest.raises(TypeError, match="unhashable"):
            hash(array)

    def test_pickle_and_copies(self, store, engine, zarr_format):
        array = filled(store, zarr_format, name="a", config={"write_empty_chunks": True})
        for twin in (pickle.loads(pickle.dumps(array)), copy.copy(array), copy.deepcopy(array)):
            assert type(twin) is zarr.Array
            assert twin == array
            assert twin.config == array.config
            np.testing.assert_array_equal(twin[...], array[...])
        assert copy.copy(array).store is store

    def test_a_pickled_read_only_array_stays_read_only(self, store):
        filled(store)
        array = pickle.loads(pickle.dumps(zarr.open_array(store, mode="r")))
        assert array.read_only

    def test_conversion_to_numpy(self, store, engine):
        array = filled(store)
        expected = np.arange(20, dtype="i4").reshape(5, 4)
        for converted in (np.asarray(array), np.array(array), np.array(array, copy=True), array.__array__()):
            assert converted.dtype == np.dtype("i4")
            np.testing.assert_array_equal(converted, expected)
        assert np.asarray(array, dtype="f8").dtype == np.dtype("f8")
        assert np.sum(array) == 190
        np.testing.assert_array_equal(expected + np.asarray(array), 2 * expected)
        with pytest.raises(ValueError, match="copy=False"):
            np.array(array, copy=False)
        assert np.asarray(zarr.full((), 5, dtype="i4")).shape == ()

    def test_subclasses_are_kept(self, store, engine):
        class Named(zarr.Array):
            @property
            def label(self):
                return f"{self.name}!"

        array = Named(filled(store, name="a").async_array)
        assert array.label == "/a!"
        assert type(array.with_config({"order": "F"})) is Named
        assert type(copy.copy(array)) is Named
        assert array == zarr.open_array(store, path="a")
        array[0, 0] = 99
        assert zarr.open_array(store, path="a")[0, 0] == 99

    def test_a_class_can_be_assigned(self, store, engine):
        class Other(zarr.Array):
            extra = 5

        array = filled(store)
        array.__class__ = Other
        assert array.extra == 5
        assert array[4, 3] == 19
        asynchronous_face = array.async_array

        class OtherAsync(zarr.AsyncArray):
            extra = 6

        asynchronous_face.__class__ = OtherAsync
        assert asynchronous_face.extra == 6
        assert asynchronous_face.shape == (5, 4)

    def test_attributes_of_ones_own_can_be_set(self, store):
        array = filled(store)
        array.note = "mine"
        assert array.note == "mine"


def test_a_tree_of_an_array_is_a_type_error():
    with pytest.raises(TypeError, match="of a group, got Array"):
        zarr.tree(zarr.create_array({}, shape=3, dtype="i4"))
