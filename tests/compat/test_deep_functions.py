"""Functions at private paths of zarr-python that are pure: what they answer was seen of zarr-python 3.4.2."""

import asyncio
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import numcodecs
import numpy as np
import pytest

import zarr
from zarr.abc import numcodec
from zarr.abc.codec import CodecJSON_V3
from zarr.buffer import default_buffer_prototype
from zarr.codecs import BytesCodec, GzipCodec, VLenUTF8Codec
from zarr.core import array, chunk_grids, chunk_utils, codec_pipeline, common, indexing, json_parse, sync
from zarr.core.array_spec import ArrayConfig, ArraySpec
from zarr.core.chunk_grids import ChunkGrid, FixedDimension, VaryingDimension
from zarr.core.dtype import common as dtype_common
from zarr.core.dtype.npy import common as npy
from zarr.core.dtype.npy import time
from zarr.core.metadata import v3
from zarr.errors import BoundsCheckError
from zarr.storage import _utils

MODEL = np.arange(12).reshape(3, 4)


class Members(TypedDict):
    a: int
    b: NotRequired[str]


ANSWERS = {
    "ceildiv_int": [((7, 2), 4), ((0, 5), 0), ((-3, 2), -1), ((10**20 + 1, 10), 10**19 + 1)],
    "compress_rle": [(([3, 3, 4],), [[3, 2], 4]), (([],), []), (([2, 2, 2],), [[2, 3]]), (([5, 3, 5],), [5, 3, 5])],
    "expand_rle": [(([3, 3, 4],), [3, 3, 4]), (([[3, 2], 4],), [3, 3, 4]), (([],), [])],
    "parse_shapelike": [((np.int64(3),), (3,)), (((np.int64(3), 2),), (3, 2)), (((),), ())],
}
ANSWERS_ELSEWHERE = [
    (indexing.normalize_integer_selection, (-1, 5), 4),
    (indexing.normalize_integer_selection, (np.int64(2), 5), 2),
    (indexing.replace_ellipsis, ((...,), (2, 3)), (slice(None), slice(None))),
    (indexing.replace_ellipsis, ((1, ...), (2, 3)), (1, slice(None))),
    (indexing.replace_ellipsis, (1, (2, 3)), (1, slice(None))),
    (indexing.replace_ellipsis, ((..., 1), (2, 3, 4)), (slice(None), slice(None), 1)),
    (indexing.make_slice_selection, ((3, slice(1, 5)),), [slice(3, 4, 1), slice(1, 5)]),
    (indexing.make_slice_selection, ((np.array([1]),),), [slice(1, 2, 1)]),
    (indexing.make_slice_selection, ([np.int64(1)],), [slice(1, 2, 1)]),
    (chunk_grids.is_regular_1d, ([2, 2, 1],), True),
    (chunk_grids.is_regular_1d, ([2, 1, 2],), False),
    (chunk_grids.is_regular_1d, ([2, 2, 3],), False),
    (chunk_grids.is_regular_1d, ([],), True),
    (chunk_grids.is_regular_nd, ([[2, 2], [3, 1]],), True),
    (chunk_grids.is_regular_nd, ([[2, 2], [3, 1, 3]],), False),
    (chunk_grids.full_span_chunk_size, (10,), 10),
    (chunk_grids.full_span_chunk_size, (10, 4), 12),
    (chunk_grids.full_span_chunk_size, (0,), 1),
    (chunk_grids.normalize_chunks_1d, (3, 10), FixedDimension(3, 10)),
    (chunk_grids.normalize_chunks_1d, (-1, 10), FixedDimension(10, 10)),
    (chunk_grids.normalize_chunks_1d, (20, 10), FixedDimension(20, 10)),
    (chunk_grids.normalize_chunks_1d, ([3, 3, 4], 10), VaryingDimension((3, 3, 4), 10)),
    (chunk_grids.normalize_chunks_1d, (-1, 10, 4), FixedDimension(12, 10)),
    (chunk_grids.normalize_chunks_nd, (3, (10, 10)), ChunkGrid.from_sizes((10, 10), (3, 3))),
    (chunk_grids.normalize_chunks_nd, ((3, -1), (10, 5)), ChunkGrid.from_sizes((10, 5), (3, 5))),
    (chunk_grids.normalize_chunks_nd, (-1, (10, 5)), ChunkGrid.from_sizes((10, 5), (10, 5))),
    (chunk_grids.normalize_chunks_nd, (False, (10, 5)), ChunkGrid.from_sizes((10, 5), (10, 5))),
    (chunk_grids.normalize_chunks_nd, (([3, 7], 5), (10, 5)), ChunkGrid.from_sizes((10, 5), ((3, 7), 5))),
    (chunk_grids.guess_chunks, ((1000, 1000), 4), ChunkGrid.from_sizes((1000, 1000), (250, 500))),
    (v3.create_chunk_grid_metadata, (ChunkGrid.from_sizes((9,), (3,)),), v3.RegularChunkGridMetadata(chunk_shape=(3,))),
    (
        v3.create_chunk_grid_metadata,
        (ChunkGrid.from_sizes((10, 4), ((3, 7), 2)),),
        v3.RectilinearChunkGridMetadata(chunk_shapes=((3, 7), 2)),
    ),
    (v3.parse_storage_transformers, (None,), ()),
    (v3.parse_storage_transformers, ([{"name": "a"}],), ({"name": "a"},)),
    (json_parse.convert, (5, float), 5.0),
    (json_parse.convert, ([1, 2], tuple[int, ...]), (1, 2)),
    (json_parse.parse_field, ({"a": 1}, Members, "x"), {"a": 1}),
    (json_parse.parse_field, ({"a": 1, "b": "x", "c": 2}, Members, "x"), {"a": 1, "b": "x"}),
    (json_parse.parse_field, ([1, 2], Sequence[int], "x"), [1, 2]),
    (npy.bytes_to_json, (b"ab\xff", 3), "YWL/"),
    (npy.float_from_json_v2, ("Infinity",), np.inf),
    (npy.float_from_json_v2, (1,), 1.0),
    (npy.float_from_json_v3, ("0x3e00",), 1.5),
    (npy.float_from_json_v3, ("0x3ff8000000000000",), 1.5),
    (npy.float_from_json_v3, ("-Infinity",), -np.inf),
    (npy.float_to_json_v2, (np.float32(1.5),), 1.5),
    (npy.float_to_json_v3, (float("nan"),), "NaN"),
    (npy.float_to_json_v3, (-np.inf,), "-Infinity"),
    (npy.complex_float_to_json_v3, (np.complex64(complex(float("nan"), 1)),), ("NaN", 1.0)),
    (npy.endianness_from_numpy_str, (">",), "big"),
    (npy.endianness_from_numpy_str, ("<",), "little"),
    (npy.endianness_to_numpy_str, ("big",), ">"),
    (dtype_common.unpack_dtype_json, ({"name": "<i4", "object_codec_id": None},), "<i4"),
    (dtype_common.unpack_dtype_json, ("int8",), "int8"),
    (dtype_common.unpack_dtype_json, ({"name": "a", "configuration": {}},), {"name": "a", "configuration": {}}),
    (_utils.normalize_path, ("/a//b/",), "a/b"),
    (_utils.normalize_path, (b"a\\b",), "a/b"),
    (_utils.normalize_path, (None,), ""),
    (array.default_serializer_v3, (zarr.dtype.Float64(endianness="big"),), BytesCodec(endian="little")),
    (array.default_serializer_v3, (zarr.dtype.VariableLengthUTF8(),), VLenUTF8Codec()),
    (array.default_filters_v2, (zarr.dtype.Int8(),), None),
    (array.default_filters_v2, (zarr.dtype.VariableLengthUTF8(),), (numcodecs.VLenUTF8(),)),
    (numcodec._is_numcodec, (numcodecs.Zlib(),), True),
    (numcodec._is_numcodec, (numcodecs.Zlib,), False),
    (numcodec._is_numcodec, (5,), False),
    (numcodec._is_numcodec_cls, (numcodecs.Zlib,), True),
    (numcodec._is_numcodec_cls, (GzipCodec,), False),
]


@pytest.mark.parametrize(
    ("function", "args", "answer"),
    [(getattr(common, name), *row) for name, rows in ANSWERS.items() for row in rows] + ANSWERS_ELSEWHERE,
)
def test_answers(function, args, answer):
    found = function(*args)
    assert found == answer
    assert type(found) is type(answer)


@pytest.mark.parametrize(
    ("function", "args", "error"),
    [
        (common.ceildiv_int, (0, 0), ZeroDivisionError),
        (common.expand_rle, ([[3, 0]],), ValueError),
        (common.expand_rle, ([[0, 2]],), ValueError),
        (common.expand_rle, (["a"],), TypeError),
        (common.expand_rle, ([[1, 2, 3]],), ValueError),
        (common.expand_rle, ([-1],), ValueError),
        (common.parse_int, (True,), ValueError),
        (common.parse_shapelike, (3.0,), TypeError),
        (indexing.normalize_integer_selection, (5, 5), BoundsCheckError),
        (indexing.normalize_integer_selection, (-6, 5), BoundsCheckError),
        (indexing.replace_ellipsis, ((1, 2, 3), (2, 3)), IndexError),
        (indexing.replace_ellipsis, ((..., ...), (2, 3)), IndexError),
        (indexing._iter_grid, ((2,), "F"), TypeError),
        (chunk_grids.normalize_chunks_1d, (0, 10), ValueError),
        (chunk_grids.normalize_chunks_1d, ([3, 3], 10), ValueError),
        (chunk_grids.normalize_chunks_1d, ("a", 10), TypeError),
        (chunk_grids.normalize_chunks_1d, (None, 10), TypeError),
        (chunk_grids.normalize_chunks_1d, ([[3, 2], 4], 10), TypeError),
        (chunk_grids.normalize_chunks_nd, (None, (10,)), ValueError),
        (chunk_grids.normalize_chunks_nd, (True, (10,)), ValueError),
        (chunk_grids.normalize_chunks_nd, ((3,), (10, 5)), ValueError),
        (v3.parse_storage_transformers, (5,), TypeError),
        (json_parse.convert, (True, int), ValueError),
        (json_parse.parse_field, ({"a": "x"}, Members, "x"), ValueError),
        (json_parse.parse_field, ({"b": "x"}, Members, "x"), ValueError),
        (json_parse.parse_field, ("ab", Sequence[str], "x"), ValueError),
        (npy.float_from_json_v2, ("0x3e00",), ValueError),
        (npy.float_from_json_v3, ("1.5",), ValueError),
        (npy.float_from_json_v3, ("0x3",), ValueError),
        (npy.endianness_from_numpy_str, ("|",), ValueError),
        (npy.endianness_to_numpy_str, (None,), ValueError),
        (_utils.normalize_path, ("a/../b",), ValueError),
    ],
)
def test_what_is_refused(function, args, error):
    with pytest.raises(error):
        function(*args)


def test_what_is_refused_names_the_axis():
    with pytest.raises(TypeError, match="Dimension 1"):
        common.expand_rle(["a"], axis=1)


VALUES = [
    True,
    1,
    1.0,
    1.5,
    "a",
    "1",
    "1.5",
    "NaN",
    "inf",
    "0x7fc00000",
    None,
    [1, 2],
    (1.0, "NaN"),
    ["a", 1],
    [1],
    b"ab",
    {},
]


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("bool", [True]),
        ("complex_float_v2", [[1, 2], (1.0, "NaN")]),
        ("complex_float_v3", [[1, 2], (1.0, "NaN")]),
        ("float_v2", [True, 1, 1.0, 1.5, "NaN"]),
        ("float_v3", [True, 1, 1.0, 1.5, "NaN", "0x7fc00000"]),
        ("floatish_str", ["1", "1.5", "NaN", "inf"]),
        ("int", [True, 1]),
        ("intish_float", [1.0]),
        ("intish_str", ["1"]),
        ("str", ["a", "1", "1.5", "NaN", "inf", "0x7fc00000"]),
    ],
)
def test_numbers_in_json(name, accepted):
    check = getattr(npy, f"check_json_{name}")
    found = [value for value in VALUES if check(value)]
    assert [(type(value), value) for value in found] == [(type(value), value) for value in accepted]


def test_bytes_and_times():
    assert npy.bytes_from_json("YWI=", zarr_format=2) == b"ab"
    instant = time.datetime_from_int(5, unit="D", scale_factor=2)
    assert (instant, instant.dtype) == (np.datetime64("1970-01-11"), np.dtype("M8[2D]"))
    assert np.isnat(time.datetime_from_int(-(2**63), unit="ns", scale_factor=1))


@pytest.mark.parametrize(
    "selection", [([0, 2], [1, 3]), ([0, 2], 1), (slice(0, 2), [1, 3]), (1, 2), (slice(None, None, -2), 0)]
)
def test_orthogonal_selections_in_memory(selection):
    expected = MODEL[np.ix_(*(np.atleast_1d(np.arange(n)[entry]) for entry, n in zip(selection, (3, 4), strict=True)))]
    drop = tuple(i for i, entry in enumerate(selection) if isinstance(entry, int))
    assert np.array_equal(indexing.oindex(MODEL, selection), expected.squeeze(drop))
    changed = MODEL.copy()
    indexing.oindex_set(changed, selection, -1)
    assert (changed == -1).sum() == expected.size
    assert (indexing.oindex(changed, selection) == -1).all()


def test_grids_and_regions():
    assert list(indexing._iter_grid((2, 2))) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert list(indexing._iter_grid((4, 4), origin=(1, 1), selection_shape=(2, 1))) == [(1, 1), (2, 1)]
    assert list(indexing._iter_regions((5,), (2,))) == [(slice(0, 2, 1),), (slice(2, 4, 1),), (slice(4, 5, 1),)]
    assert list(indexing._iter_regions((5,), (2,), trim_excess=False))[-1] == (slice(4, 6, 1),)
    with pytest.raises(IndexError):
        indexing._iter_grid((2,), origin=(1,), selection_shape=(2,))
    with pytest.raises(NotImplementedError, match="morton"):
        indexing._iter_grid((2,), order="morton")


def test_parts_of_an_array():
    a = zarr.create_array({}, shape=5, chunks=2, shards=4, dtype="i4", fill_value=7)
    for face in (a, a.async_array):
        assert list(array._iter_chunk_coords(face)) == [(0,), (1,), (2,)]
        assert list(array._iter_shard_coords(face)) == [(0,), (1,)]
        assert list(array._iter_shard_regions(face)) == [(slice(0, 4, 1),), (slice(4, 5, 1),)]
        assert list(array._iter_shard_keys(face)) == ["c/0", "c/1"]
        assert sum(region[0].stop - region[0].start for region in array._iter_chunk_regions(face)) == 5
    prototype = default_buffer_prototype()
    spec = array._get_chunk_spec(a.metadata, a._chunk_grid, (1,), a.config, prototype)
    assert (spec.shape, spec.fill_value, spec.prototype) == ((4,), 7, prototype)
    with pytest.raises(ValueError, match=r"\(2,\)"):
        array._get_chunk_spec(a.metadata, a._chunk_grid, (2,), a.config, prototype)


def test_a_synchronous_call_within_the_loop():
    async def wrong():
        with pytest.raises(sync.SyncError, match="await"):
            sync.sync(right())
        return await right()

    async def right():
        return 1

    assert sync.sync(wrong()) == 1


def test_constants():
    assert set(common.ANY_ACCESS_MODE) == {"r", "r+", "a", "w", "w-"}
    assert chunk_grids.SHARDED_INNER_CHUNK_MAX_BYTES == 2**20
    assert dtype_common.ENDIANNESS_STR == ("little", "big")
    assert npy.NUMPY_ENDIANNESS_STR == (">", "<", "=")
    assert CodecJSON_V3 | None
    assert npy.DateTimeUnit | None


# -- chunks in memory -----------------------------------------------------------------------------------------------


def spec_of(dtype, fill_value, shape=(2, 2)):
    config, prototype = ArrayConfig.from_dict({}), default_buffer_prototype()
    return ArraySpec(shape=shape, dtype=dtype, fill_value=fill_value, config=config, prototype=prototype)


def nd(values):
    return default_buffer_prototype().nd_buffer.from_numpy_array(np.asarray(values))


def test_a_spec_without_a_fill_value_has_that_of_its_data_type():
    spec = spec_of(zarr.dtype.Int32(), None)
    assert chunk_utils.fill_value_or_default(spec) == 0
    assert chunk_utils.chunk_is_empty(nd(np.zeros((2, 2), "i4")), spec)
    out = nd(np.ones((2, 2), "i4"))
    where = {"chunk_spec": spec, "out_selection": (slice(0, 2), slice(0, 2)), "drop_axes": ()}
    assert chunk_utils.scatter_chunk(None, out, **where) == {"status": "missing"}
    assert not out.as_numpy_array().any()
    merged = chunk_utils._merge_chunk_array(None, nd(np.int32(3)), (), spec, (0, slice(0, 1)), False, ())
    assert merged.as_numpy_array().tolist() == [[3, 0], [0, 0]]


def test_elements_of_chunks_may_be_lists():
    spec = spec_of(zarr.dtype.VariableLengthBytes(), b"")
    values = np.empty((2, 2), object)
    values[:] = [[b"a", b"b"], [b"c", b""]]
    chain = chunk_utils.ChunkTransform(codecs=(zarr.codecs.VLenBytesCodec(),))
    where = {"chunk_spec": spec, "out_selection": (1,), "chunk_selection": (0, 1), "drop_axes": ()}
    out = nd(np.array([None, None], object))
    chunk_utils.decode_and_scatter_chunk(chain.encode_chunk(nd(values), spec), out, **where, decode=chain.decode_chunk)
    assert out.as_numpy_array().tolist() == [None, b"b"]


def test_transforms_for_coroutines():
    spec = spec_of(zarr.dtype.Int32(), 0)
    transform = codec_pipeline.AsyncChunkTransform(codecs=(BytesCodec(), GzipCodec()))
    values = np.arange(4, dtype="i4").reshape(2, 2)

    async def there_and_back():
        return await transform.decode_chunk(await transform.encode_chunk(nd(values), spec), spec)

    assert np.array_equal(asyncio.run(there_and_back()).as_numpy_array(), values)
    with pytest.raises(ValueError, match="array -> bytes"):
        codec_pipeline.AsyncChunkTransform(codecs=(GzipCodec(),))
