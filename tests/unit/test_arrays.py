"""Arrays: creating and opening, facts, attributes, shape changes, values that do not fit, and what stays as it was."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

import zarr
from zarr._codec.base import ArrayConfig
from zarr.abc.codec import BytesBytesCodec
from zarr.api import asynchronous
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from zarr.dtype import Int16
from zarr.errors import (
    ArrayNotFoundError,
    ChunkNotFoundError,
    CodecError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    MetadataValidationError,
    NodeNotFoundError,
    NodeTypeValidationError,
    UnknownCodecError,
    ZarrRuntimeWarning,
    ZarrUserWarning,
)
from zarr.registry import register_codec
from zarr.storage import LocalStore, MemoryStore, StorePath, WrapperStore

FORMATS = [2, 3]
NESTED = {"name": "v2", "separator": "/"}


def shown(value: object) -> str:
    """A test's label: without addresses, which differ from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


@pytest.fixture(params=FORMATS, ids=["v2", "v3"])
def zarr_format(request):
    return request.param


def run(coroutine):
    return asyncio.run(coroutine)


def contents(store) -> dict[str, bytes]:
    """Everything that is stored."""
    return {key: store.get_sync(key).to_bytes() for key in store.list_keys("")}


def document(store, path="") -> dict:
    key = f"{path}/zarr.json" if path else "zarr.json"
    return json.loads(store.get_sync(key).to_bytes())


def filled(store, zarr_format=3, **kwargs):
    """An array of 5 by 4, 0 to 19."""
    array = zarr.create_array(store, shape=(5, 4), chunks=(2, 3), dtype="i4", zarr_format=zarr_format, **kwargs)
    array[...] = np.arange(20).reshape(5, 4)
    return array


# -- creating -------------------------------------------------------------------------------------------------------------


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
            assert zarr.create_array(store, name="b", shape=1, dtype="i1").metadata.zarr_format == 3

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
        for dtype, expected in {"i4": 0, "f4": 0.0, "?": False, "U3": "", "M8[s]": np.datetime64("NaT")}.items():
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
            {"zarr.json", "g/zarr.json"} if zarr_format == 3 else {".zgroup", ".zattrs", "g/zarr.json"}
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


# -- opening --------------------------------------------------------------------------------------------------------------


class TestOpenModes:
    """Each mode on an array, a group and nothing."""

    @pytest.fixture
    def place(self, store, zarr_format):
        filled(store, zarr_format, name="a")
        zarr.create_group(store, path="g", zarr_format=zarr_format, attributes={"kept": 1})
        return store

    @pytest.mark.parametrize("mode", ["r", "r+", "a", None])
    def test_an_array_is_opened(self, place, mode):
        for array in (zarr.open_array(place, path="a", mode=mode), zarr.open(place, path="a", mode=mode)):
            assert isinstance(array, zarr.Array)
            assert array.read_only is (mode == "r")
            assert array[4, 3] == 19

    @pytest.mark.parametrize("mode", ["r", "r+", "a"])
    def test_keywords_for_creating_do_not_change_an_array_that_is_there(self, place, mode):
        array = zarr.open_array(place, path="a", mode=mode, shape=99, dtype="f8", fill_value=1)
        assert array.shape == (5, 4)
        assert array.dtype == np.dtype("i4")

    def test_mode_r_refuses_to_write(self, place):
        before = contents(place)
        array = zarr.open_array(place, path="a", mode="r")
        for change in (
            lambda: array.__setitem__(..., 1),
            lambda: array.resize((9, 9)),
            lambda: array.append(np.ones((1, 4), "i4")),
            lambda: array.attrs.put({"a": 1}),
            lambda: array.update_attributes({"a": 1}),
        ):
            with pytest.raises(ValueError, match="read-only"):
                change()
        assert contents(place) == before

    @pytest.mark.parametrize("mode", ["r", "r+", "a"])
    def test_a_group_is_no_array(self, place, mode, zarr_format):
        error = ArrayNotFoundError if zarr_format == 2 else NodeTypeValidationError
        with pytest.raises(error, match=r"No array found in store .* at path 'g': there is a group"):
            zarr.open_array(place, path="g", mode=mode)

    @pytest.mark.parametrize("mode", ["r", "r+"])
    def test_an_array_is_no_group(self, place, mode, zarr_format):
        error = GroupNotFoundError if zarr_format == 2 else ContainsArrayError
        with pytest.raises(error, match=r"An array exists in store .* at path 'a'"):
            zarr.open_group(place, path="a", mode=mode)

    def test_mode_a_does_not_make_a_node_over_one_of_the_other_kind(self, place, zarr_format):
        before = contents(place)
        with pytest.raises(ContainsArrayError, match="at path 'a'"):
            zarr.open_group(place, path="a", mode="a")
        error = ContainsGroupError if zarr_format == 2 else NodeTypeValidationError
        with pytest.raises(error, match="at path 'g'"):
            zarr.open_array(place, path="g", mode="a", shape=1, dtype="i1")
        assert contents(place) == before

    @pytest.mark.parametrize("mode", ["r", "r+"])
    def test_nothing_is_an_error_where_nothing_may_be_made(self, place, mode):
        before = contents(place)
        with pytest.raises(ArrayNotFoundError) as caught:
            zarr.open_array(place, path="x/y", mode=mode, shape=1, dtype="i1")
        shown = place.with_read_only(True) if mode == "r" else place
        assert str(caught.value).startswith(f"No array found in store {shown!r} at path 'x/y'. Check both")
        with pytest.raises(GroupNotFoundError) as caught:
            zarr.open_group(place, path="x/y", mode=mode)
        assert str(caught.value).startswith(f"No group found in store {shown!r} at path 'x/y'. Check both")
        with pytest.raises(NodeNotFoundError, match="No array or group found in store"):
            zarr.open(place, path="x/y", mode=mode, shape=1, dtype="i1")
        with pytest.raises(FileNotFoundError):
            zarr.load(place, path="x/y")
        assert contents(place) == before

    def test_mode_a_creates(self, place, zarr_format):
        array = zarr.open_array(place, path="x/y", mode="a", shape=3, dtype="i1", zarr_format=zarr_format)
        assert array.shape == (3,)
        assert array.metadata.zarr_format == zarr_format
        assert isinstance(zarr.open(place, path="x/z", mode="a", shape=3, dtype="i1"), zarr.Array)
        assert isinstance(zarr.open(place, path="x/h", mode="a"), zarr.Group)
        assert isinstance(zarr.open_group(place, path="x/i", mode="a"), zarr.Group)

    def test_mode_a_without_a_shape_cannot_make_an_array(self, place):
        before = contents(place)
        with pytest.raises(ArrayNotFoundError, match="at path 'x'"):
            zarr.open_array(place, path="x", mode="a")
        assert contents(place) == before

    @pytest.mark.parametrize("path", ["a", "g", "x"])
    def test_mode_w_replaces(self, place, path):
        array = zarr.open_array(place, path=path, mode="w", shape=2, dtype="i1")
        assert array[:].tolist() == [0, 0]
        assert zarr.open(place, path=path, mode="r") == zarr.open_array(place, path=path, mode="r")
        group = zarr.open_group(place, path=path, mode="w", attributes={"new": 1})
        assert dict(group.attrs) == {"new": 1}
        assert isinstance(zarr.open(place, path=path, mode="w", shape=2, dtype="i1"), zarr.Array)
        assert isinstance(zarr.open(place, path=path, mode="w"), zarr.Group)

    @pytest.mark.parametrize(("path", "error"), [("a", ContainsArrayError), ("g", ContainsGroupError)])
    def test_mode_w_minus_refuses_what_is_there(self, place, path, error):
        before = contents(place)
        for call in (
            lambda: zarr.open_array(place, path=path, mode="w-", shape=2, dtype="i1"),
            lambda: zarr.open_group(place, path=path, mode="w-"),
            lambda: zarr.open(place, path=path, mode="w-"),
            lambda: zarr.open(place, path=path, mode="w-", shape=2, dtype="i1"),
        ):
            with pytest.raises(error, match=f"exists in store .* at path '{path}'"):
                call()
        assert contents(place) == before

    def test_mode_w_minus_creates(self, place):
        assert zarr.open_array(place, path="x", mode="w-", shape=2, dtype="i1").shape == (2,)
        assert isinstance(zarr.open_group(place, path="y", mode="w-"), zarr.Group)

    @pytest.mark.parametrize("mode", ["x", "rw", "", "R", "w+", 1], ids=shown)
    def test_other_modes_are_refused(self, place, mode):
        for call in (zarr.open, zarr.open_array, zarr.open_group):
            with pytest.raises(ValueError, match="Invalid mode"):
                call(place, path="a", mode=mode)

    def test_a_format_that_is_not_there_is_not_found(self, place, zarr_format):
        other = 5 - zarr_format
        for call in (zarr.open_array, zarr.open):
            with pytest.raises(NodeNotFoundError):
                call(place, path="a", mode="r", zarr_format=other)
        with pytest.raises(GroupNotFoundError):
            zarr.open_group(place, path="g", mode="r", zarr_format=other)
        assert zarr.open_array(place, path="a", mode="r", zarr_format=zarr_format).shape == (5, 4)
        with pytest.raises(ContainsGroupError):
            zarr.open_group(place, path="g", mode="a", zarr_format=other)

    def test_a_read_only_store_is_opened_to_read_without_a_mode(self, place):
        frozen = place.with_read_only(True)
        for where in (frozen, StorePath(frozen, "")):
            assert zarr.open(where, path="a").read_only
            assert zarr.open_array(where, path="a").read_only
        for mode in ("r+", "a", "w", "w-"):
            with pytest.raises(ValueError, match="read-only"):
                zarr.open(frozen, path="a", mode=mode)

    def test_not_found_is_caught_as_what_others_catch(self):
        for error in (ArrayNotFoundError, GroupNotFoundError):
            assert issubclass(error, FileNotFoundError)
            assert issubclass(error, ValueError)
            store = MemoryStore()
            assert repr(store) in str(error(store, "a/b"))
        assert "'a'" in str(ContainsArrayError("store", "a"))
        assert "'a'" in str(ContainsGroupError("store", "a"))


class TestSimpleFunctions:
    def test_zeros_ones_full_empty_array(self, store, engine, zarr_format):
        assert zarr.zeros((2, 3))[...].tolist() == [[0.0] * 3] * 2
        assert zarr.ones(2, dtype="i4")[:].tolist() == [1, 1]
        assert zarr.ones(2, dtype=bool)[:].tolist() == [True, True]
        assert zarr.full(2, 7, dtype="u1")[:].tolist() == [7, 7]
        assert zarr.full(2, 1.5)[:].tolist() == [1.5, 1.5]
        assert zarr.empty((2, 2), dtype="i4").shape == (2, 2)
        assert zarr.array([1, 2, 3])[:].tolist() == [1, 2, 3]
        for make in (zarr.zeros, zarr.ones, zarr.empty):
            assert make(3).dtype == np.dtype("f8")
        made = zarr.zeros(
            3, store=store, path="a/b", dtype="i2", chunks=2, zarr_format=zarr_format, attributes={"x": 1}
        )
        assert made.store is store
        assert made.path == "a/b"
        again = zarr.open_array(store, path="a/b")
        assert again == made
        assert again.metadata.zarr_format == zarr_format
        assert again.chunks == (2,)
        zarr.array([5], store=store, path="c")
        assert zarr.load(store, "c").tolist() == [5]

    def test_save_and_load_one_array(self, store, engine, zarr_format):
        data = np.arange(6).reshape(2, 3)
        zarr.save(store, data, zarr_format=zarr_format)
        np.testing.assert_array_equal(zarr.load(store), data)
        zarr.save_array(store, data * 3, zarr_format=zarr_format, chunks=1)
        np.testing.assert_array_equal(zarr.load(store), data * 3)
        assert zarr.open(store).chunks == (1, 1)

    def test_save_and_load_at_a_path(self, store, engine, zarr_format):
        zarr.save(store, np.arange(3), path="a/b", zarr_format=zarr_format)
        zarr.save_array(store, np.array([[1]]), path="a/c", zarr_format=zarr_format)
        assert zarr.load(store, "a/b").tolist() == [0, 1, 2]
        assert {name: value.tolist() for name, value in zarr.load(store, path="a").items()} == {
            "b": [0, 1, 2],
            "c": [[1]],
        }

    def test_save_and_load_several_arrays(self, store, engine):
        zarr.save(store, np.arange(2), np.arange(3), x=np.array([1.5]), y=np.array(2.0))
        loaded = zarr.load(store)
        assert {name: np.asarray(value).tolist() for name, value in loaded.items()} == {
            "arr_0": [0, 1],
            "arr_1": [0, 1, 2],
            "x": [1.5],
            "y": 2.0,
        }
        zarr.save_group(store, x=np.array([2.5]))
        assert zarr.load(store)["x"].tolist() == [2.5]
        assert set(zarr.load(store)) == {"arr_0", "arr_1", "x", "y"}
        zarr.save(store, only=np.array([1]), path="sub")
        assert zarr.load(store, "sub")["only"].tolist() == [1]

    def test_saving_nothing_is_an_error(self, store):
        for save in (zarr.save, zarr.save_group):
            with pytest.raises(ValueError, match="at least one array"):
                save(store)
        assert contents(store) == {}

    def test_only_arrays_are_saved(self, store):
        for save in (zarr.save, zarr.save_array, zarr.save_group):
            with pytest.raises(TypeError, match="got list"):
                save(store, [1, 2])
        assert contents(store) == {}

    def test_loading_a_scalar(self, store, engine):
        zarr.save(store, np.float64(1.5))
        assert zarr.load(store) == 1.5

    def test_paths_of_directories(self, tmp_path, engine):
        zarr.save(tmp_path / "x", np.array([1, 2]))
        assert zarr.load(str(tmp_path / "x")).tolist() == [1, 2]
        assert isinstance(zarr.open(tmp_path / "x", mode="r").store, LocalStore)


# -- facts ----------------------------------------------------------------------------------------------------------------


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


class TestTwoFaces:
    def test_a_change_through_one_shows_in_the_other(self, store, engine, zarr_format):
        array = filled(store, zarr_format)
        face = array.async_array
        assert isinstance(face, zarr.AsyncArray)
        assert array.async_array is face
        array.resize((7, 4))
        assert face.shape == (7, 4)
        run(face.resize((3, 4)))
        assert array.shape == (3, 4)
        run(face.append(np.full((1, 4), 7, "i4")))
        assert array.shape == (4, 4)
        assert array[3].tolist() == [7] * 4
        array.attrs["a"] = 1
        assert face.metadata.attributes == {"a": 1}
        run(face.update_attributes({"b": 2}))
        assert dict(array.attrs) == {"a": 1, "b": 2}
        assert zarr.Array(face).shape == (4, 4)
        assert zarr.Array(face) == array

    def test_elements(self, store, engine, zarr_format):
        array = filled(store, zarr_format)
        face = array.async_array
        run(face.setitem((slice(1, 3), 0), 50))
        assert array[:, 0].tolist() == [0, 50, 50, 12, 16]
        assert run(face.getitem((1, 0))) == 50
        np.testing.assert_array_equal(run(face.getitem(...)), array[...])
        np.testing.assert_array_equal(
            run(face.get_orthogonal_selection(([0, 4], [1, 3]))), array.oindex[[0, 4], [1, 3]]
        )

    def test_an_async_array_from_its_parts(self, store, engine):
        array = filled(store, name="a")
        face = zarr.AsyncArray(metadata=array.metadata, store_path=array.store_path, config=ArrayConfig(order="F"))
        assert face.order == "F"
        assert zarr.Array(face)[4, 3] == 19

    def test_the_asynchronous_functions(self, store, engine, zarr_format):
        async def work():
            group = await asynchronous.create_group(store, zarr_format=zarr_format, attributes={"x": 1})
            array = await asynchronous.create_array(store, name="a", shape=4, dtype="i4", zarr_format=zarr_format)
            await array.setitem(slice(1, 3), [5, 6])
            opened = await asynchronous.open_array(store, path="a", mode="r")
            assert opened.read_only
            either = await asynchronous.open(store, path="a")
            assert isinstance(either, zarr.AsyncArray)
            assert isinstance(await asynchronous.open(store), zarr.AsyncGroup)
            assert isinstance(await asynchronous.open_group(store, mode="r"), zarr.AsyncGroup)
            with pytest.raises(ContainsArrayError):
                await asynchronous.create_array(store, name="a", shape=4, dtype="i4")
            with pytest.raises(ArrayNotFoundError):
                await asynchronous.open_array(store, path="x")
            member = await group.getitem("a")
            assert await group.contains("a")
            assert not await group.contains("x")
            with pytest.raises(KeyError):
                await group.getitem("x")
            assert [name async for name, _ in group.members()] == ["a"]
            await group.update_attributes({"y": 2})
            assert group.attrs == {"x": 1, "y": 2}
            return (await member.getitem(...)).tolist()

        assert run(work()) == [0, 5, 6, 0]
        assert dict(zarr.open_group(store).attrs) == {"x": 1, "y": 2}

    def test_with_config_makes_a_handle_of_its_own(self, store, engine):
        array = filled(store)
        other = array.with_config({"order": "F", "write_empty_chunks": True})
        assert (array.order, other.order) == ("C", "F")
        assert other[...].flags.f_contiguous
        assert array.with_config(ArrayConfig()).config == ArrayConfig()
        other.resize((1, 1))
        assert array.shape == (5, 4)


# -- attributes -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["array", "group"])
def node(request, store, zarr_format):
    if request.param == "array":
        return filled(store, zarr_format, name="n", attributes={"first": 1})
    return zarr.create_group(store, path="n", zarr_format=zarr_format, attributes={"first": 1})


def reopened(node):
    return zarr.open(node.store, path=node.path, mode="r")


class TestAttributes:
    def test_the_mapping_protocol(self, node):
        attrs = node.attrs
        assert attrs["first"] == 1
        attrs["second"] = {"nested": [1, 2.5, None, True, "x"]}
        assert list(attrs) == ["first", "second"]
        assert len(attrs) == 2
        assert "second" in attrs
        assert "third" not in attrs
        assert attrs.get("third", 5) == 5
        assert dict(attrs.items()) == {"first": 1, "second": {"nested": [1, 2.5, None, True, "x"]}}
        del attrs["first"]
        assert attrs.pop("second") == {"nested": [1, 2.5, None, True, "x"]}
        assert attrs.setdefault("third", 3) == 3
        attrs.update({"a": 1}, b=2)
        attrs.update(c=3)
        assert attrs.asdict() == {"third": 3, "a": 1, "b": 2, "c": 3}
        assert attrs == {"third": 3, "a": 1, "b": 2, "c": 3}
        assert repr(attrs) == repr(attrs.asdict())
        assert reopened(node).attrs == attrs
        attrs.put({"only": 1})
        assert reopened(node).attrs.asdict() == {"only": 1}
        attrs.clear()
        assert reopened(node).attrs.asdict() == {}
        for missing in (lambda: attrs["x"], lambda: attrs.__delitem__("x"), lambda: attrs.pop("x")):
            with pytest.raises(KeyError, match="x"):
                missing()

    def test_update_attributes_merges_and_returns_the_node(self, node):
        assert node.update_attributes({"b": 2}) is node
        assert node.attrs.asdict() == {"first": 1, "b": 2}
        assert reopened(node).attrs.asdict() == {"first": 1, "b": 2}

    @pytest.mark.parametrize(
        "value",
        [object(), {1, 2}, b"bytes", 1j, [1, [object()]], np.array([1j]), len],
        ids=shown,
    )
    def test_what_json_cannot_say_is_an_error_and_changes_nothing(self, node, value):
        before = contents(node.store)
        for change in (
            lambda: node.attrs.__setitem__("bad", value),
            lambda: node.attrs.update({"good": 1, "bad": value}),
            lambda: node.attrs.put({"bad": value}),
            lambda: node.update_attributes({"bad": {"deep": [value]}}),
        ):
            with pytest.raises(TypeError, match="JSON"):
                change()
        assert node.attrs.asdict() == {"first": 1}
        assert contents(node.store) == before

    def test_nan_is_stored_with_a_warning_that_names_the_place(self, node):
        with pytest.warns(ZarrUserWarning, match=r"attribute \['a'\]\['b'\]\[1\] = nan") as caught:
            node.attrs["a"] = {"b": [0, float("nan")]}
        assert [w.filename for w in caught] == [__file__]
        node.attrs["other"] = 1  # without a warning
        np.testing.assert_equal(reopened(node).attrs["a"], {"b": [0, float("nan")]})
        with pytest.warns(ZarrUserWarning, match=r"attribute \['a'\] = inf"):
            node.attrs["a"] = float("inf")
        assert reopened(node).attrs.asdict() == {"first": 1, "a": float("inf"), "other": 1}

    def test_the_handle_that_wrote_sees_what_others_read(self, node):
        node.attrs["t"] = (1, (2, 3))
        node.attrs["n"] = np.float32(1.5)
        node.attrs["a"] = np.arange(3)
        node.attrs["k"] = {1: "one"}
        expected = {"first": 1, "t": [1, [2, 3]], "n": 1.5, "a": [0, 1, 2], "k": {"1": "one"}}
        assert node.attrs.asdict() == expected
        assert type(node.attrs["n"]) is float
        assert reopened(node).attrs.asdict() == expected

    def test_a_value_is_not_aliased(self, node):
        value = {"list": [1]}
        node.attrs["v"] = value
        value["list"].append(2)
        assert node.attrs["v"] == {"list": [1]}
        copied = node.attrs.asdict()
        copied["new"] = 1
        assert "new" not in node.attrs

    def test_two_handles_keep_each_others_entries(self, node):
        other = zarr.open(node.store, path=node.path)
        node.attrs["mine"] = 1
        other.attrs["yours"] = 2
        assert other.attrs.asdict() == {"first": 1, "mine": 1, "yours": 2}
        del node.attrs["first"]
        assert reopened(node).attrs.asdict() == {"mine": 1, "yours": 2}

    def test_a_kept_mapping_follows_the_node(self, node):
        attrs = node.attrs
        node.attrs["later"] = 1
        assert attrs["later"] == 1

    def test_attributes_of_a_deleted_node_are_an_error(self, store):
        array = filled(store, name="n")
        zarr.open_group(store).__delitem__("n")
        with pytest.raises(NodeNotFoundError, match="deleted"):
            array.attrs["a"] = 1
        assert "n/zarr.json" not in contents(store)

    def test_everything_else_in_the_document_stays(self, store):
        array = filled(store, name="n", dimension_names=["y", "x"])
        stored = document(store, "n")
        stored["extra"] = {"must_understand": False, "x": 1}
        store.set_sync("n/zarr.json", zarr.buffer.cpu.Buffer.from_bytes(json.dumps(stored).encode()))
        array.attrs["a"] = 1
        assert document(store, "n") == {**stored, "attributes": {"a": 1}}


# -- shape ----------------------------------------------------------------------------------------------------------------


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

    # -- values that do not fit -------------------------------------------------------------------------------------------------

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

    def test_what_is_written_is_not_aliased(self, store, engine):
        array = zarr.create_array(store, shape=(2, 2), chunks=2, dtype="i4", compressors=None)
        data = np.arange(4, dtype="i4").reshape(2, 2)
        array[...] = data
        data[...] = 99
        assert array[...].tolist() == [[0, 1], [2, 3]]
        out = array[...]
        out[...] = 77
        assert array[...].tolist() == [[0, 1], [2, 3]]


# -- settings of an open array ----------------------------------------------------------------------------------------------


class TestConfig:
    def test_empty_chunks_are_left_out_unless_wanted(self, store, engine, zarr_format):
        array = filled(store, zarr_format)
        array[...] = 0
        assert array.nchunks_initialized == 0
        array.with_config({"write_empty_chunks": True})[0:2] = 0
        assert array.nchunks_initialized == 2
        with zarr.config.set({"array.write_empty_chunks": True}):
            zarr.open_array(store)[...] = 0
        assert array.nchunks_initialized == 6

    def test_missing_chunks_can_be_an_error(self, store, engine, zarr_format):
        array = filled(store, zarr_format, name="a")
        array[0:2, 0:3] = 0
        strict = zarr.open_array(store, path="a", config={"read_missing_chunks": False})
        assert strict[4, 3] == 19
        with pytest.raises(ChunkNotFoundError, match=r"a/(c/)?0[./]0.*array '/a' is missing"):
            strict[...]
        assert array[0, 0] == 0

    def test_the_configuration_gives_the_defaults(self):
        with zarr.config.set({"array.write_empty_chunks": True, "array.read_missing_chunks": False}):
            config = zarr.create_array({}, shape=1, dtype="i1").config
        assert config.write_empty_chunks
        assert not config.read_missing_chunks
        assert zarr.create_array({}, shape=1, dtype="i1").config == ArrayConfig()

    def test_unknown_keys_are_refused(self, store):
        filled(store)
        for call in (
            lambda: zarr.open_array(store, config={"wrong": 1}),
            lambda: zarr.open(store, config={"wrong": 1}),
            lambda: zarr.open_array(store).with_config({"wrong": 1}),
            lambda: zarr.create_array({}, shape=1, dtype="i1", config={"wrong": 1}),
        ):
            with pytest.raises(TypeError, match="wrong"):
                call()
        with pytest.raises(ValueError, match="order must be 'C' or 'F'"):
            zarr.open_array(store, config={"order": "X"})

    @pytest.mark.parametrize("shards", [None, (8, 8)])
    def test_chunks_above_the_limit_are_refused(self, store, engine, shards):
        make = {"name": "a", "shape": (8, 8), "dtype": "int32", "chunks": (4, 4), "shards": shards}
        with zarr.config.set({"array.max_chunk_bytes": 64}):
            zarr.create_array(store, **make)
            assert zarr.open_array(store, path="a")[0, 0] == 0
        with zarr.config.set({"array.max_chunk_bytes": 63}):
            for call in (
                lambda: zarr.open_array(store, path="a"),
                lambda: zarr.create_array(store, **{**make, "name": "b"}),
            ):
                with pytest.raises(MetadataValidationError, match=r"64 bytes .*'array\.max_chunk_bytes' permits 63"):
                    call()
        assert zarr.open_group(store, mode="r").nmembers() == 1

    @pytest.mark.parametrize("name", ["native", "auto", "python"])
    def test_each_engine_reads_and_writes(self, name):
        with zarr.config.set({"engine": name}):
            array = filled(MemoryStore())
            assert array[4, 3] == 19
            assert isinstance(array.engine, str)

    def test_the_python_engine_is_the_reference_engine(self):
        with zarr.config.set({"engine": "python"}):
            array = zarr.create_array({}, shape=1, dtype="i1")
        assert array.engine == "python"
        assert array.engine == array.async_array.engine

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("engine", "rust"),
            ("engine", None),
            ("array.order", "K"),
            ("array.durability", "no"),
            ("default_zarr_format", 1),
        ],
    )
    def test_wrong_values_of_the_configuration_are_named(self, key, value):
        with zarr.config.set({key: value}), pytest.raises(ValueError, match=f"{key!r} is {value!r}; choose one of"):
            zarr.create_array({}, shape=1, dtype="i1")
        assert zarr.create_array({}, shape=1, dtype="i1").shape == (1,)


# -- what an import costs -----------------------------------------------------------------------------------------------------


def in_a_new_process(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


HEAVY = (
    "asyncio",
    "numcodecs",
    "tensorstore",
    "concurrent.futures",
    "multiprocessing",
    "fsspec",
    "obstore",
    "importlib.metadata",
)


def test_importing_starts_no_thread_and_loads_nothing_heavy():
    loaded = in_a_new_process(
        "import sys, threading, zarr\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
        "print(threading.active_count())"
    )
    assert loaded == ["1"]


def test_synchronous_work_in_memory_and_on_disk_starts_no_thread_and_no_event_loop():
    loaded = in_a_new_process(
        "import sys, tempfile, threading, zarr\n"
        "for store in ({}, tempfile.mkdtemp()):\n"
        "    group = zarr.create_group(store)\n"
        "    array = group.create_array('a', shape=(5, 4), chunks=(2, 3), dtype='i4')\n"
        "    array[1:4, 1:3] = 7\n"
        "    array.append([[1, 2, 3, 4]])\n"
        "    array.attrs['x'] = 1\n"
        "    assert zarr.open_group(store)['a'][...].sum() == 52 if isinstance(store, str) else True\n"
        "print(*[name for name in ('asyncio', 'tensorstore') if name in sys.modules])\n"
        "print(threading.active_count())"
    )
    assert loaded == ["1"]


def test_submodules_are_there_after_the_import():
    names = "storage codecs dtype errors registry abc buffer api config"
    assert in_a_new_process(f"import zarr\nfor name in {names!r}.split(): getattr(zarr, name)\nprint('ok')") == ["ok"]


# -- codecs of others -----------------------------------------------------------------------------------------------------------


class Invert(BytesBytesCodec):
    """A codec of a third party, written with coroutines; `waits` makes them really wait."""

    is_fixed_size = True
    calls = 0

    def __init__(self, *, waits=False):
        self.waits = waits

    def to_dict(self):
        return {"name": "example.invert", "configuration": {"waits": self.waits}}

    def __eq__(self, other):
        return isinstance(other, Invert) and self.waits == other.waits

    __hash__ = None

    async def _encode_single(self, chunk_data, chunk_spec):
        if self.waits:
            await asyncio.sleep(0)
        type(self).calls += 1
        return chunk_spec.prototype.buffer.from_bytes(bytes(255 - b for b in chunk_data.to_bytes()))

    async def _decode_single(self, chunk_data, chunk_spec):
        return await self._encode_single(chunk_data, chunk_spec)

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length


@pytest.fixture
def invert(monkeypatch):
    from zarr._codec import registry

    monkeypatch.setattr(registry, "_registered", {})
    register_codec("example.invert", Invert)
    monkeypatch.setattr(Invert, "calls", 0)
    return Invert


@pytest.mark.parametrize("waits", [False, True], ids=["never waits", "waits"])
@pytest.mark.parametrize("shards", [None, (4, 4)], ids=["chunks", "shards"])
def test_an_asynchronous_codec_of_others_works_from_both_faces(store, engine, invert, waits, shards):
    array = zarr.create_array(
        store, shape=(5, 4), chunks=(2, 2), shards=shards, dtype="i4", compressors=[Invert(waits=waits), GzipCodec()]
    )
    array[...] = np.arange(20).reshape(5, 4)
    array[1, 1] = 99
    again = zarr.open_array(store, mode="r")
    assert again.compressors[0] == Invert(waits=waits)
    assert again[1, 1] == 99
    assert again[4].tolist() == [16, 17, 18, 19]
    np.testing.assert_array_equal(run(again.async_array.getitem(...)), array[...])
    assert Invert.calls > 6


def test_a_codec_that_changes_bytes_really_runs(invert, engine):
    store = MemoryStore()
    array = zarr.create_array(store, shape=2, dtype="u1", compressors=Invert())
    array[...] = [1, 2]
    assert contents(store)["c/0"] == bytes([254, 253])


def test_an_array_with_a_codec_that_nobody_registered_says_which(invert, store, monkeypatch):
    from zarr._codec import registry

    zarr.create_array(store, shape=2, dtype="u1", compressors=Invert())
    monkeypatch.setattr(registry, "_registered", {})
    with pytest.raises(UnknownCodecError, match=r"example\.invert"):
        zarr.open_array(store)


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


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("value", [float("nan"), [1.0, float("-inf")], {"attributes": float("inf")}, np.float32("nan")])
def test_a_nan_among_the_attributes_is_kept_and_warned_of(store, zarr_format, value):
    with pytest.warns(ZarrUserWarning, match=r"\['odd'\].* in other languages") as caught:
        array = zarr.create_array(store, shape=(1,), dtype="i1", zarr_format=zarr_format, attributes={"odd": value})
    assert [w.filename for w in caught] == [__file__]
    plain = value.item() if isinstance(value, np.generic) else value
    np.testing.assert_equal(dict(zarr.open_array(store, mode="r").attrs), {"odd": plain})
    for change in (array.attrs.update, array.attrs.put, array.update_attributes):
        array.attrs.put({"good": 1})
        with pytest.warns(ZarrUserWarning, match=r"\['odd'\].* in other languages"):
            change({"odd": value})
        np.testing.assert_equal(dict(zarr.open_array(store, mode="r").attrs)["odd"], plain)


def test_attributes_that_contain_themselves_are_refused(store):
    array = zarr.create_array(store, shape=(1,), dtype="i1", attributes={"good": 1})
    circle = {}
    circle["self"] = circle
    with pytest.raises(TypeError, match="contain themselves"):
        array.attrs["circle"] = circle
    assert dict(zarr.open_array(store, mode="r").attrs) == {"good": 1}


@pytest.mark.parametrize("value", [np.datetime64("2024-02-29"), 1j, b"x", np.array([1j])])
def test_what_json_has_no_form_for_is_named_in_the_error(store, value):
    array = zarr.create_array(store, shape=(1,), dtype="i1")
    with pytest.raises(TypeError, match=rf"type {type(value).__name__} is not JSON serializable: .*Store text"):
        array.attrs["bad"] = value
    assert dict(array.attrs) == {}


def test_a_list_taken_out_of_the_attributes_is_a_copy(store):
    array = zarr.create_array(store, shape=(1,), dtype="i1", attributes={"list": [1], "nested": {"a": [1]}})
    array.attrs["list"].append(2)
    array.attrs["nested"]["a"].append(2)
    array.attrs.asdict()["list"].append(2)
    array.attrs["other"] = 1
    assert dict(array.attrs) == {"list": [1], "nested": {"a": [1]}, "other": 1}


@pytest.mark.parametrize(
    ("typo", "meant"), [("zst", "zstd"), ("gzipp", "gzip"), ("numcodecs.dleta", "numcodecs.delta")]
)
def test_a_codec_whose_name_is_nearly_right_is_suggested(typo, meant):
    with pytest.raises(UnknownCodecError, match=f"did you mean '{meant}'"):
        zarr.create_array({}, shape=3, dtype="i4", compressors={"name": typo})


def test_a_tree_of_an_array_is_a_type_error():
    with pytest.raises(TypeError, match="of a group, got Array"):
        zarr.tree(zarr.create_array({}, shape=3, dtype="i4"))


def test_a_write_to_a_read_only_store_says_which_and_what_to_do(store):
    zarr.create_array(store, shape=3, dtype="i4")
    array = zarr.open_array(store, mode="r")
    with pytest.raises(ValueError, match=r"read-only mode .*Store\(.*mode='r\+'"):
        array[0] = 1


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
