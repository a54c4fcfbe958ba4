"""Creating arrays: every argument, wrong ones, what is in the way, and how much a copy takes at a time."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

import zarr
from tests.samples import FORMATS, contents, document, filled
from tests.suites.calls import shown
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from zarr.dtype import Int16
from zarr.errors import (
    ContainsArrayError,
    ContainsGroupError,
    MetadataValidationError,
    UnknownCodecError,
    ZarrRuntimeWarning,
)

NESTED = {"name": "v2", "separator": "/"}


class TestCreate:
    def test_every_argument_of_format_3_is_stored(self, store, engine):
        array = zarr.create_array(
            store,
            name="/a//b/",
            shape=(10, 12),
            dtype=">u2",
            chunks=(5, 3),
            shards=(10, 6),
            filters=[TransposeCodec(order=(1, 0))],
            compressors=[GzipCodec(level=1), Crc32cCodec()],
            serializer=BytesCodec(endian="big"),
            fill_value=7,
            attributes={"units": "K", "n": [1, {"x": None}]},
            chunk_key_encoding={"name": "v2", "separator": "/"},
            dimension_names=["y", None],
            config={"order": "F", "write_empty_chunks": True},
        )
        array[...] = 7
        stored = document(store, "a/b")
        assert stored["shape"] == [10, 12]
        assert stored["data_type"] == "uint16"
        assert stored["chunk_grid"]["configuration"]["chunk_shape"] == [10, 6]
        assert stored["chunk_key_encoding"] == {"name": "v2", "configuration": {"separator": "/"}}
        assert stored["fill_value"] == 7
        assert stored["attributes"] == {"units": "K", "n": [1, {"x": None}]}
        assert stored["dimension_names"] == ["y", None]
        (codec,) = stored["codecs"]
        assert codec["name"] == "sharding_indexed"
        assert codec["configuration"]["chunk_shape"] == [5, 3]
        assert [c["name"] for c in codec["configuration"]["codecs"]] == ["transpose", "bytes", "gzip", "crc32c"]
        assert store.size("a/b/0/0") is not None  # written though it holds nothing but the fill value
        assert array.config.order == "F"
        assert array[...].flags.f_contiguous
        again = zarr.open_array(store, path="a/b")
        np.testing.assert_array_equal(again[...], np.full((10, 12), 7))
        assert isinstance(zarr.open(store, path="a"), zarr.Group)
        assert isinstance(zarr.open(store), zarr.Group)

    def test_every_argument_of_format_2_is_stored(self, store, engine):
        import numcodecs

        array = zarr.create_array(
            store,
            name="a/b",
            shape=(4, 6),
            dtype=">i2",
            chunks=(2, 3),
            filters=[numcodecs.Delta(dtype=">i2")],
            compressors=numcodecs.Zlib(level=2),
            fill_value=None,
            order="F",
            zarr_format=2,
            attributes={"units": "K"},
            chunk_key_encoding={"name": "v2", "separator": "/"},
        )
        array[...] = np.arange(24).reshape(4, 6)
        stored = json.loads(store.get_sync("a/b/.zarray").to_bytes())
        assert stored == {
            "zarr_format": 2,
            "shape": [4, 6],
            "chunks": [2, 3],
            "dtype": ">i2",
            "fill_value": None,
            "order": "F",
            "filters": [{"id": "delta", "dtype": ">i2", "astype": ">i2"}],
            "compressor": {"id": "zlib", "level": 2},
            "dimension_separator": "/",
        }
        assert json.loads(store.get_sync("a/b/.zattrs").to_bytes()) == {"units": "K"}
        assert store.size("a/b/1/1") is not None
        assert {"a/.zgroup", ".zgroup"} <= set(store.list_keys(""))
        np.testing.assert_array_equal(zarr.open_array(store, path="a/b")[...], np.arange(24).reshape(4, 6))

    def test_an_array_from_data(self, store, engine, zarr_format):
        data = np.arange(12, dtype=">i2").reshape(3, 4)
        array = zarr.create_array(store, data=data, chunks=2, zarr_format=zarr_format)
        assert array.shape == (3, 4)
        assert array.dtype.kind == "i"
        assert array.dtype.itemsize == 2
        np.testing.assert_array_equal(array[...], data)

    def test_data_of_other_kinds(self, engine):
        for data in ([1, 2, 3], (1.5, 2.5), [[True], [False]], 5, ["a", "bc"], np.float32(1.5), np.datetime64("2020")):
            array = zarr.create_array({}, data=data)
            expected = np.asarray(data)
            assert array.shape == expected.shape
            assert array[...].tolist() == expected.tolist() if expected.ndim else array[()] == expected[()]

    def test_data_is_written_only_if_wanted(self, store, engine):
        array = zarr.create_array(store, data=np.ones((3, 4)), chunks=2, write_data=False)
        assert array.shape == (3, 4)
        assert array.nchunks_initialized == 0
        assert not array[...].any()

    def test_data_and_another_shape_are_refused(self, store):
        with pytest.raises(ValueError, match=r"\(3,\).*another shape \(4,\)"):
            zarr.create_array(store, data=[1, 2, 3], shape=4)
        assert contents(store) == {}
        assert zarr.create_array(store, data=[1, 2, 3], shape=3).shape == (3,)

    def test_data_of_another_dtype_are_cast(self, engine):
        array = zarr.create_array({}, data=[1, 2, 3], dtype="f4")
        assert array.dtype == np.dtype("f4")
        assert array[:].tolist() == [1.0, 2.0, 3.0]

    @pytest.mark.parametrize("missing", ["shape", "dtype"])
    def test_shape_and_dtype_are_needed_without_data(self, store, missing):
        kwargs = {"shape": 3, "dtype": "i4"}
        del kwargs[missing]
        with pytest.raises(ValueError, match=f"`{missing}` is needed"):
            zarr.create_array(store, **kwargs)
        assert contents(store) == {}

    def test_dtypes_without_room_are_refused(self, store, zarr_format):
        for dtype in (np.str_, "U", "S0", np.bytes_, "V0"):
            with pytest.raises(ValueError, match="no room for anything; give a length"):
                zarr.create_array(store, shape=3, dtype=dtype, zarr_format=zarr_format)
        assert contents(store) == {}

    @pytest.mark.parametrize(
        ("chunks", "expected"),
        [((2, 3), (2, 3)), (2, (2, 2)), ([4, -1], (4, 20)), ((None, 5), (10, 5)), (False, (10, 20)), (None, (10, 20))],
        ids=shown,
    )
    def test_chunk_shapes(self, chunks, expected):
        assert zarr.create_array({}, shape=(10, 20), dtype="i1", chunks=chunks).chunks == expected

    @pytest.mark.parametrize(
        "chunks", [(1,), (1, 2, 3), (0, 1), (-2, 1), True, "big", (1.5, 1), 1.5, {"a": 1}], ids=shown
    )
    def test_other_chunk_shapes_are_refused(self, store, chunks):
        with pytest.raises((ValueError, TypeError)):
            zarr.create_array(store, shape=(10, 20), dtype="i1", chunks=chunks)
        assert contents(store) == {}

    def test_chunks_that_do_not_divide_their_shard_are_refused(self, store):
        with pytest.raises(ValueError, match=r"chunk shape \(3,\) does not divide the shard shape \(10,\)"):
            zarr.create_array(store, shape=20, dtype="i1", chunks=3, shards=10)
        assert contents(store) == {}

    @pytest.mark.parametrize("shape", [-1, (1, -1), 1.5, "3", (1, "2"), (None,), object()], ids=shown)
    def test_other_shapes_are_refused(self, store, shape):
        with pytest.raises((ValueError, TypeError)):
            zarr.create_array(store, shape=shape, dtype="i1")
        assert contents(store) == {}

    @pytest.mark.parametrize("wrong", [1, 4, "3", True, 2.5], ids=shown)
    def test_other_formats_are_refused(self, store, wrong):
        for create in (zarr.create_array, zarr.open_array):
            with pytest.raises(ValueError, match="zarr_format must be 2 or 3"):
                create(
                    store,
                    shape=1,
                    dtype="i1",
                    zarr_format=wrong,
                    **({} if create is zarr.create_array else {"mode": "w"}),
                )
        assert contents(store) == {}

    def test_the_format_of_the_configuration_is_used_where_none_is_named(self, store):
        with zarr.config.set({"default_zarr_format": 2}):
            assert zarr.create_array(store, name="a", shape=1, dtype="i1", zarr_format=None).metadata.zarr_format == 2
            assert zarr.create_array({}, name="b", shape=1, dtype="i1").metadata.zarr_format == 3

    @pytest.mark.parametrize(
        ("keyword", "value", "error", "text"),
        [
            ("shards", 4, ValueError, "no shards"),
            ("dimension_names", ["x"], ValueError, "no dimension names"),
            ("serializer", BytesCodec(), ValueError, "no serializer"),
            ("compressors", ZstdCodec(), TypeError, "numcodecs"),
            ("compressors", [{"id": "zlib"}, {"id": "bz2"}], ValueError, "one compressor"),
            ("compressors", {"id": "nope"}, UnknownCodecError, "nope"),
            ("filters", [ZstdCodec()], TypeError, "numcodecs"),
            ("chunk_key_encoding", "default", ValueError, "'v2'"),
            ("order", "X", ValueError, "order"),
        ],
    )
    def test_what_format_2_does_not_have_is_refused(self, store, keyword, value, error, text):
        with pytest.raises(error, match=text):
            zarr.create_array(store, shape=4, dtype="i1", zarr_format=2, **{keyword: value})
        assert contents(store) == {}

    @pytest.mark.parametrize(
        ("keyword", "value", "error", "text"),
        [
            ("filters", ZstdCodec(), TypeError, "`filters` takes codecs of the kind ArrayArrayCodec"),
            ("serializer", ZstdCodec(), TypeError, "`serializer` takes codecs of the kind ArrayBytesCodec"),
            ("compressors", BytesCodec(), TypeError, "`compressors` takes codecs of the kind BytesBytesCodec"),
            ("serializer", [BytesCodec(), BytesCodec()], ValueError, "exactly one"),
            ("serializer", None, TypeError, "exactly one"),
            ("compressors", "nope", UnknownCodecError, "nope"),
            ("compressors", 5, TypeError, "expected a codec"),
            ("filters", TransposeCodec(order=(1, 0)), ValueError, "order"),
            ("chunk_key_encoding", "nope", MetadataValidationError, "nope"),
            ("dimension_names", ["a", "b"], MetadataValidationError, "dimension_names"),
            ("dimension_names", [1], MetadataValidationError, "dimension_names"),
            ("fill_value", "x", TypeError, "Cannot convert"),
            ("fill_value", 300, OverflowError, "out of range"),
            ("order", "X", ValueError, "order"),
            ("config", {"nope": 1}, TypeError, "nope"),
            ("attributes", {"a": object()}, TypeError, "JSON"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:The `order` keyword")
    def test_wrong_values_are_refused_and_nothing_is_made(self, store, keyword, value, error, text):
        with pytest.raises(error, match=text):
            zarr.create_array(store, name="a/b", shape=4, dtype="i1", **{keyword: value})
        assert contents(store) == {}

    def test_an_unknown_keyword_is_a_type_error(self, store):
        group = zarr.create_group(store)
        group.create_array("there", shape=1, dtype="i1")
        before = contents(store)
        for call in (
            lambda: zarr.create_array(store, name="x", shape=1, dtype="i1", wrong=1),
            lambda: group.create_array("x", shape=1, dtype="i1", wrong=1),
            lambda: zarr.zeros(3, store=store, path="x", wrong=1),
            lambda: zarr.open_array(store, path="x", mode="a", shape=1, dtype="i1", wrong=1),
            lambda: zarr.open_array(store, path="there", wrong=1),
            lambda: zarr.open_array(store, path="there", mode="r", mod="r"),
            lambda: zarr.open(store, path="there", wrong=1),
            lambda: zarr.open(store, path="x", wrong=1),
            lambda: zarr.open(store, wrong=1),
        ):
            with pytest.raises(TypeError, match=r"wrong|mod"):
                call()
        assert contents(store) == before

    def test_order_in_format_3_warns_that_it_has_no_effect(self):
        for config, expected in ((None, "C"), ({"order": "F"}, "F")):
            with pytest.warns(ZarrRuntimeWarning, match="no effect") as caught:
                array = zarr.create_array({}, shape=(2, 2), dtype="i1", order="F", config=config)
            assert caught[0].filename == __file__
            assert array.order == expected
            assert array[...].flags.f_contiguous == (expected == "F")

    def test_the_default_fill_value_is_the_zero_of_the_type(self, zarr_format):
        for dtype, expected in {"i4": 0, "f4": 0.0, "?": False, "U3": "", "M8[s]": np.datetime64("NaT", "s")}.items():
            array = zarr.create_array({}, shape=2, dtype=dtype, zarr_format=zarr_format)
            assert array.fill_value == expected or (dtype[0] == "M" and np.isnat(array.fill_value))
        assert zarr.create_array({}, shape=2, dtype="i4", fill_value=None).fill_value == 0
        assert zarr.create_array({}, shape=2, dtype="i4", fill_value=None, zarr_format=2).fill_value is None


class TestOverwrite:
    def test_without_it_an_existing_node_is_an_error_and_stays(self, store, zarr_format):
        filled(store, zarr_format, name="a")
        zarr.create_group(store, path="g", zarr_format=zarr_format)
        before = contents(store)
        for other in FORMATS:
            with pytest.raises(ContainsArrayError) as caught:
                zarr.create_array(store, name="a", shape=1, dtype="i1", zarr_format=other)
            assert str(caught.value).startswith(f"An array exists in store {store!r} at path 'a'. Open it with ")
            with pytest.raises(ContainsGroupError) as caught:
                zarr.create_array(store, name="g", shape=1, dtype="i1", zarr_format=other)
            assert str(caught.value).startswith(f"A group exists in store {store!r} at path 'g'. Open it with ")
        assert contents(store) == before

    def test_with_it_the_old_node_is_gone_with_all_below(self, store, engine, zarr_format):
        zarr.create_group(store, path="g/h", zarr_format=zarr_format)
        filled(store, zarr_format, name="g/a")
        array = zarr.create_array(store, name="g", shape=3, dtype="i1", overwrite=True)
        assert array[:].tolist() == [0, 0, 0]
        assert set(contents(store)) == (
            {"zarr.json", "g/zarr.json"} if zarr_format == 3 else {".zgroup", ".zattrs", "g/.zarray", "g/.zattrs"}
        )

    @pytest.mark.parametrize(
        "wrong",
        [
            {"attributes": {"a": object()}},
            {"fill_value": 10**40},
            {"chunks": 0},
            {"dtype": "nope"},
            {"compressors": "nope"},
            {"data": ["x"]},
        ],
        ids=shown,
    )
    def test_what_cannot_be_made_does_not_destroy_what_is_there(self, store, wrong, zarr_format):
        filled(store, zarr_format, name="a")
        before = contents(store)
        kwargs = {"shape": 1, "dtype": "i1", "zarr_format": zarr_format, **wrong}
        with pytest.raises((ValueError, TypeError, OverflowError)):
            zarr.create_array(store, name="a", overwrite=True, **kwargs)
        with pytest.raises((ValueError, TypeError, OverflowError)):
            zarr.open_array(store, path="a", mode="w", **kwargs)
        assert contents(store) == before

    def test_a_group_with_wrong_attributes_does_not_destroy_what_is_there(self, store):
        filled(store, name="a")
        before = contents(store)
        with pytest.raises(TypeError, match="JSON"):
            zarr.create_group(store, path="a", overwrite=True, attributes={"x": {1, 2}})
        assert contents(store) == before

    def test_nothing_is_made_below_an_array(self, store):
        filled(store, name="a")
        before = contents(store)
        for create in (
            lambda: zarr.create_array(store, name="a/b/c", shape=1, dtype="i1"),
            lambda: zarr.create_group(store, path="a/b"),
            lambda: zarr.open_group(store, path="a/b/c", mode="w"),
        ):
            with pytest.raises(ContainsArrayError, match=r"at path 'a', so nothing can be created below it"):
                create()
        assert contents(store) == before


def test_a_data_type_instance_serves_as_dtype(engine, zarr_format):
    array = zarr.create_array({}, shape=2, dtype=Int16(), zarr_format=zarr_format)
    assert array.dtype == np.dtype("<i2")


def test_format_2_arrays_are_stored_as_other_implementations_read_them(tmp_path, engine):
    import tensorstore

    data = np.arange(6, dtype="i4").reshape(2, 3)
    for path, kwargs in {
        "default": {},
        "plain": {"compressors": None},
        "nested": {"chunk_key_encoding": NESTED},
    }.items():
        zarr.create_array(tmp_path, name=path, data=data, chunks=2, zarr_format=2, **kwargs)
        spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": str(tmp_path / path)}}
        np.testing.assert_array_equal(tensorstore.open(spec).result().read().result(), data)


def test_a_checksum_of_zstd_is_stored_in_format_2_only_if_there_is_one(store):
    for wanted in (False, True):
        config = {"id": "zstd", "level": 1, "checksum": wanted}
        zarr.create_array(store, name="a", shape=1, dtype="i1", zarr_format=2, compressors=config, overwrite=True)
        stored = json.loads(store.get_sync("a/.zarray").to_bytes())["compressor"]
        assert stored == ({"id": "zstd", "level": 1} | ({"checksum": True} if wanted else {}))
        assert zarr.open_array(store, path="a").compressor.checksum is wanted


@pytest.mark.parametrize(
    ("typo", "meant"), [("zst", "zstd"), ("gzipp", "gzip"), ("numcodecs.dleta", "numcodecs.delta")]
)
def test_a_codec_whose_name_is_nearly_right_is_suggested(typo, meant):
    with pytest.raises(UnknownCodecError, match=f"did you mean '{meant}'"):
        zarr.create_array({}, shape=3, dtype="i4", compressors={"name": typo})


class TestBlocksOfACopy:
    """`from_array` copies blocks of several chunks; how large they may be must not show in the result."""

    @pytest.mark.parametrize("most_nbytes", [1, 200, 2**20])
    @pytest.mark.parametrize(
        ("shape", "old", "new"),
        [
            ((), {}, {}),
            ((0, 5), {"chunks": (2, 2)}, {"chunks": (3, 4)}),
            ((7, 9), {"chunks": (2, 3)}, {"chunks": (3, 2)}),
            ((7, 9), {"chunks": (7, 9)}, {"chunks": (1, 1)}),
            ((7, 9), {"chunks": (1, 9)}, {"chunks": (20, 1)}),
            ((13, 4, 3), {"chunks": (2, 2, 3), "shards": (6, 4, 3)}, {"chunks": (5, 1, 2), "shards": None}),
            ((13, 4, 3), {"chunks": (5, 1, 2)}, {"chunks": (1, 2, 3), "shards": (2, 4, 3)}),
        ],
        ids=shown,
    )
    def test_it_equals_the_source(self, engine, store, monkeypatch, shape, old, new, most_nbytes):
        monkeypatch.setattr(sys.modules["zarr._calls.like"], "_BLOCK_NBYTES", most_nbytes)
        data = np.arange(1, 1 + math.prod(shape), dtype="i4").reshape(shape)
        source = zarr.create_array(store, name="old", data=data, **old)
        zarr.from_array(store, name="new", data=source, **new)
        np.testing.assert_array_equal(zarr.open_array(store, path="new")[...], data)


@pytest.mark.parametrize("create", [zarr.zeros, zarr.ones])
def test_what_fills_with_one_value_takes_no_other(create):
    with pytest.raises(TypeError, match=f"{create.__name__}.. fills with [01] and takes no `fill_value`; use full"):
        create(3, fill_value=2)


@pytest.mark.parametrize("keyword", ["chunks", "shards"])
def test_lengths_that_are_no_integers_are_named(keyword):
    with pytest.raises(TypeError, match=rf"integers for {keyword}, got \(2\.5, 5\)"):
        zarr.create_array({}, shape=(5, 5), dtype="i4", **{keyword: (2.5, 5)})
