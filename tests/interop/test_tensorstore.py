"""TensorStore and this library on one directory: each reads, and writes over, what the other wrote."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import tensorstore

import zarr
from tests.interop.documents import (
    BIG,
    CRC32C,
    LITTLE,
    NUMBERS,
    any_bits,
    blosc,
    codec,
    numpy_dtype,
    sharded,
    v2,
    v3,
)
from tests.interop.peer import (
    SMALL,
    Ours,
    Theirs,
    assert_same_bits,
    create_ours,
    put_document,
    stored_document,
    ts_create,
    ts_open,
)
from zarr.errors import CodecError

# Raw bytes have no agreed name in format 3, which is said each time one is written.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The data type \\(RawBytes:zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
]


# -- what is exchanged ------------------------------------------------------------------------------------------


def data_types_v3():
    for name in NUMBERS:
        if np.dtype(name).itemsize == 1:
            yield name, v3(name)
        else:
            yield f"{name}-little", v3(name)
            yield f"{name}-big", v3(name, codecs=[BIG])
    for bits, fill in [(8, "AA=="), (16, "AAE="), (40, "AAECAwQ=")]:
        yield f"r{bits}", v3(f"r{bits}", fill=fill)
    yield "raw_bytes", v3(codec("raw_bytes", length_bytes=3), fill="AQID")


def compressors_v3():
    for level in (0, 1, 9):
        yield f"gzip-{level}", v3(codecs=[LITTLE, codec("gzip", level=level)])
    for level in (-7, 0, 1, 19):
        yield f"zstd-{level}", v3(codecs=[LITTLE, codec("zstd", level=level)])
    yield "zstd-checksum", v3(codecs=[LITTLE, codec("zstd", level=3, checksum=True)])
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
            yield f"blosc-{cname}-{shuffle}", v3("float64", codecs=[LITTLE, blosc(cname, shuffle, typesize=8)])
    yield "blosc-stored", v3(codecs=[LITTLE, blosc("lz4", "shuffle", clevel=0)])
    yield "crc32c", v3(codecs=[LITTLE, CRC32C])
    yield "gzip-crc32c", v3(codecs=[LITTLE, codec("gzip", level=1), CRC32C])
    yield "crc32c-zstd-crc32c", v3(codecs=[BIG, CRC32C, codec("zstd", level=1), CRC32C])


def transposes():
    for order in permutations(range(3)):
        name = "".join(map(str, order))
        chain = [codec("transpose", order=list(order)), LITTLE]
        yield f"transpose-{name}", v3("uint16", (5, 6, 7), (2, 3, 4), chain)
    twice = [codec("transpose", order=[1, 2, 0]), codec("transpose", order=[0, 2, 1]), BIG, codec("gzip", level=1)]
    yield "transpose-twice", v3("float32", (5, 6, 7), (2, 3, 4), twice)


def shards():
    shape, outer, inner = (7, 11), (4, 6), (2, 3)

    def of(*chain, data_type="int32", shape=shape, outer=outer):
        return v3(data_type, shape, outer, chain)

    for location in ("start", "end"):
        for endian in (LITTLE, BIG):
            for checksums in ([], [CRC32C], [CRC32C, CRC32C]):
                name = f"shard-{location}-{endian['configuration']['endian']}-{len(checksums)}-crc32c"
                yield name, of(sharded(inner, index_codecs=[endian, *checksums], location=location))
    index_codecs = [codec("transpose", order=[2, 0, 1]), LITTLE, CRC32C]
    yield "shard-index-transposed", of(sharded(inner, index_codecs=index_codecs))
    for chain in (
        [LITTLE, CRC32C],
        [BIG, codec("gzip", level=1)],
        [LITTLE, codec("zstd", level=1, checksum=True)],
        [LITTLE, blosc("lz4", "bitshuffle")],
    ):
        for location in ("start", "end"):
            yield f"shard-{location}-of-{chain[-1]['name']}", of(sharded(inner, chain, location=location))
    transposed = codec("transpose", order=[1, 0])
    yield "transpose-in-shard", of(sharded(inner, [transposed, LITTLE]))
    yield "transpose-before-shard", of(transposed, sharded(inner[::-1]))
    yield "transpose-before-and-in-shard", of(transposed, sharded((3, 2), [transposed, BIG, CRC32C], location="start"))
    cube = [codec("transpose", order=[2, 0, 1]), sharded((2, 1, 2), [codec("transpose", order=[1, 2, 0]), LITTLE])]
    yield "transposes-of-three-axes", of(*cube, shape=(5, 6, 7), outer=(2, 4, 4))
    nested = sharded((4, 6), [sharded(inner, [LITTLE, CRC32C], location="start")])
    yield "shard-in-shard", of(nested, shape=(9, 15), outer=(8, 12))
    deep = sharded((4, 4), [sharded((2, 4), [sharded((1, 2), [LITTLE, codec("gzip", level=1)])], location="start")])
    yield "shard-in-shard-in-shard", of(deep, shape=(9, 9), outer=(8, 8))
    turned = sharded((4, 6), [transposed, sharded((3, 2), [transposed, LITTLE])], location="start")
    yield "shard-in-transposed-shard", of(turned, shape=(9, 15), outer=(8, 12))
    yield "shard-of-one-chunk", of(sharded(outer))
    yield "shard-larger-than-array", of(sharded((5, 5), [LITTLE, CRC32C]), outer=(20, 30))
    yield "shard-of-bool", of(sharded(inner, [codec("bytes"), CRC32C]), data_type="bool")
    yield "shard-of-complex", of(sharded(inner, [BIG, codec("zstd", level=0)]), data_type="complex128")


def shapes_v3():
    for name in ("default", "v2"):
        for separator in ("/", "."):
            keys = {"chunk_key_encoding": codec(name, separator=separator)}
            yield f"keys-{name}-{separator}", v3(**keys)
            yield f"keys-{name}-{separator}-0d", v3(shape=(), chunks=(), **keys)
        yield f"keys-{name}-unconfigured", v3(chunk_key_encoding={"name": name})
    yield "0d-shard", v3(shape=(), chunks=(), codecs=[sharded(())])
    yield "no-elements", v3(shape=(0,), chunks=(2,))
    yield "no-rows", v3(shape=(0, 3), chunks=(2, 2), codecs=[sharded((1, 1))])
    yield "one-element", v3(shape=(1, 1, 1), chunks=(1, 1, 1))
    yield "chunk-larger-than-array", v3(shape=(3, 2), chunks=(10, 7))
    yield "five-axes", v3("uint8", (3, 2, 4, 2, 3), (2, 2, 3, 1, 2))


def all_v2():
    for name in NUMBERS:
        for order in "<>" if np.dtype(name).itemsize > 1 else "|":
            dtype = np.dtype(name).newbyteorder(order).str
            yield f"{name}-{order}", v2(dtype, fill=None)
    for dtype in ("|S1", "|S3", "|V1", "|V5"):
        yield dtype, v2(dtype, fill=None)
    yield "S3-F", v2("|S3", fill=None, order="F")
    for level in (1, 9):
        for name in ("zlib", "gzip", "bz2"):
            yield f"{name}-{level}", v2(compressor={"id": name, "level": level})
    for level in (-3, 0, 5):
        yield f"zstd-{level}", v2(compressor={"id": "zstd", "level": level})
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in (-1, 0, 1, 2):
            compressor = {"id": "blosc", "cname": cname, "clevel": 5, "shuffle": shuffle, "blocksize": 0}
            yield f"blosc-{cname}-{shuffle}", v2("<f8", compressor=compressor)
    for order in "CF":
        for separator in "./":
            members = {"order": order, "dimension_separator": separator}
            yield f"{order}-{separator}", v2(">u2", (5, 6, 7), (2, 3, 4), **members)
            yield f"{order}-{separator}-0d", v2(shape=(), chunks=(), **members)
            yield f"{order}-{separator}-1d-zlib", v2(shape=(9,), chunks=(4,), compressor={"id": "zlib"}, **members)
    yield "F-blosc", v2("<f4", compressor={"id": "blosc"}, order="F")
    yield "no-elements", v2(shape=(0,), chunks=(2,))
    yield "no-columns", v2(shape=(3, 0), chunks=(2, 2), order="F")
    yield "chunk-larger-than-array", v2(shape=(3, 2), chunks=(10, 7), order="F")


def labelled(prefix, *makers):
    return [pytest.param(document, id=f"{prefix}-{name}") for make in makers for name, document in make()]


EXCHANGED = [
    *labelled("v3", data_types_v3, compressors_v3, transposes, shards, shapes_v3),
    *labelled("v2", all_v2),
]


def is_raw(document):
    return document["zarr_format"] == 3 and numpy_dtype(document).kind == "V"


def create_theirs(path, document):
    # TensorStore 0.1.86 opens these, but creates the first kind in C order only, and ends the process over the second.
    flat_f = document.get("order") == "F" and len(document["shape"]) < 2
    if flat_f or is_raw(document):
        put_document(path, document)
    else:
        ts_create(path, document)


def start_with(starter, path, document):
    """The array as one of the two makes it, and both of them: first the one that made it."""
    zarr_format = document["zarr_format"]
    ours, theirs = Ours(path, zarr_format), Theirs(path, zarr_format, numpy_dtype(document))
    if starter == "ours":
        create_ours(path, document)
        return ours, theirs
    create_theirs(path, document)
    return theirs, ours


def regions(shape):
    """A large part that cuts chunks, a part that overlaps it, the last element, everything."""
    yield tuple(slice(n // 5, n - n // 4) for n in shape)
    yield tuple(slice(n // 3, n) for n in shape)
    yield tuple(slice(max(n - 1, 0), n) for n in shape)
    yield tuple(slice(0, n) for n in shape)
    yield tuple(slice(0, (n + 1) // 2) for n in shape)


@pytest.mark.parametrize("starter", ["ours", "theirs"])
@pytest.mark.parametrize("document", EXCHANGED)
def test_both_read_and_overwrite_what_the_other_wrote(document, starter, tmp_path, engine):
    """They take turns. After each, both must read the same; the last turn makes chunks all fill value again."""
    rng = np.random.default_rng(7)
    first, second = start_with(starter, tmp_path / "a", document)
    expected = np.array(first.read())
    assert_same_bits(second.read(), expected)
    shape, empty = expected.shape, expected.copy()
    for turn, region in enumerate(regions(shape)):
        values = any_bits(rng, expected[region].shape, expected.dtype) if turn < 4 else empty[region]
        (first, second)[turn % 2].write(region, values)
        expected[region] = values
        assert_same_bits(first.read(), expected)
        assert_same_bits(second.read(), expected)


@pytest.mark.parametrize("starter", ["ours", "theirs"])
@pytest.mark.parametrize("document", [v3(codecs=[sharded((1, 2))]), v2()], ids=["v3", "v2"])
def test_chunks_that_become_all_fill_value_are_gone_for_both(document, starter, tmp_path, engine):
    path = tmp_path / "a"
    first, second = start_with(starter, path, document)
    first.write((slice(None), slice(None)), np.full((7, 10), 3, "i4"))
    before = {file for file in path.rglob("*") if file.is_file()}
    second.write((slice(0, 3), slice(0, 4)), np.zeros((3, 4), "i4"))
    gone = before - {file for file in path.rglob("*") if file.is_file()}
    assert [file.relative_to(path).as_posix() for file in gone] == ["c/0/0" if document["zarr_format"] == 3 else "0.0"]
    assert not first.read()[:3, :4].any()
    assert (first.read()[3:] == 3).all()


# -- fill values ------------------------------------------------------------------------------------------------

FILLS = [
    ("bool", True, b"\1"),
    ("int8", -128, b"\x80"),
    ("int64", -(2**63), b"\0\0\0\0\0\0\0\x80"),
    ("int64", 2**63 - 1, b"\xff\xff\xff\xff\xff\xff\xff\x7f"),
    ("int64", 2**53 + 1, b"\1\0\0\0\0\0\x20\0"),
    ("uint8", 255, b"\xff"),
    ("uint64", 2**64 - 1, b"\xff" * 8),
    ("float16", 65504.0, b"\xff\x7b"),
    ("float16", "NaN", b"\x00\x7e"),
    ("float32", 0.1, b"\xcd\xcc\xcc\x3d"),
    ("float32", -0.0, b"\0\0\0\x80"),
    ("float32", "NaN", b"\0\0\xc0\x7f"),
    ("float32", "Infinity", b"\0\0\x80\x7f"),
    ("float32", "-Infinity", b"\0\0\x80\xff"),
    ("float64", 0.1, b"\x9a\x99\x99\x99\x99\x99\xb9\x3f"),
    ("float64", -0.0, b"\0\0\0\0\0\0\0\x80"),
    ("float64", 5e-324, b"\1\0\0\0\0\0\0\0"),
    ("float64", 1.7976931348623157e308, b"\xff\xff\xff\xff\xff\xff\xef\x7f"),
    ("float64", "NaN", b"\0\0\0\0\0\0\xf8\x7f"),
    ("float64", "-Infinity", b"\0\0\0\0\0\0\xf0\xff"),
    ("complex64", [1.5, "NaN"], b"\0\0\xc0\x3f\0\0\xc0\x7f"),
    ("complex128", ["-Infinity", -0.0], b"\0\0\0\0\0\0\xf0\xff\0\0\0\0\0\0\0\x80"),
]
HEX_FILLS = [
    ("float16", "0x7c01", b"\x01\x7c"),
    ("float16", "0xfe00", b"\x00\xfe"),
    ("float32", "0x7fc00001", b"\x01\x00\xc0\x7f"),
    ("float32", "0xff800001", b"\x01\x00\x80\xff"),
    ("float32", "0x3f800000", b"\x00\x00\x80\x3f"),
    ("float64", "0xfff8000000000001", b"\x01\0\0\0\0\0\xf8\xff"),
    ("float64", "0x7ff0000000000001", b"\x01\0\0\0\0\0\xf0\x7f"),
    ("complex64", ["0x7fc00001", "-Infinity"], b"\x01\0\xc0\x7f\0\0\x80\xff"),
]
RAW_FILLS = [("r16", "AQI=", b"\1\2"), ("r24", "/wD/", b"\xff\0\xff")]


def fill_cases():
    for name, fill, bits in [*FILLS, *HEX_FILLS, *RAW_FILLS]:
        yield pytest.param(v3(name, fill=fill), bits, id=f"v3-{name}-{fill}")
    yield pytest.param(v3("float32", fill=-0.0, codecs=[sharded((1, 2))]), b"\0\0\0\x80", id="v3-float32-shard")
    for name, fill, bits in FILLS:
        yield pytest.param(v2(np.dtype(name).str, fill=fill), bits, id=f"v2-{name}-{fill}")
    for name in ("bool", "int16", "float64", "complex64", "S3", "V2"):
        dtype = np.dtype(name)
        yield pytest.param(v2(dtype.str, fill=None), bytes(dtype.itemsize), id=f"v2-{name}-null")
    yield pytest.param(v2("|S3", fill="YWIA"), b"ab\0", id="v2-S3-ab")
    yield pytest.param(v2("|V2", fill="AAE="), b"\0\1", id="v2-V2")


@pytest.mark.parametrize("starter", ["ours", "theirs"])
@pytest.mark.parametrize(("document", "bits"), list(fill_cases()))
def test_missing_chunks_and_the_rest_of_partial_ones_are_the_same_fill_value(document, bits, starter, tmp_path, engine):
    dtype = numpy_dtype(document)
    first, second = start_with(starter, tmp_path / "a", document)
    expected = np.frombuffer(bits * 70, dtype.newbyteorder("<")).astype(dtype).reshape(7, 10)
    assert_same_bits(first.read(), expected)
    assert_same_bits(second.read(), expected)
    for writer, row in ((first, 1), (second, 4)):
        values = any_bits(np.random.default_rng(1), (1, 3), dtype)
        writer.write((slice(row, row + 1), slice(2, 5)), values)
        expected[row, 2:5] = values
        assert_same_bits(first.read(), expected)
        assert_same_bits(second.read(), expected)


@pytest.mark.parametrize("starter", ["ours", "theirs"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_chunk_of_negative_zeros_is_not_taken_for_the_fill_value(zarr_format, starter, tmp_path, engine):
    document = v3("float64") if zarr_format == 3 else v2("<f8")
    first, second = start_with(starter, tmp_path / "a", document)
    everything = (slice(None), slice(None))
    first.write(everything, np.full((7, 10), -0.0))
    assert_same_bits(second.read(), np.full((7, 10), -0.0))


@pytest.mark.parametrize("fill", ["NaN", "0x7fc00001", -0.0, 2**24 + 0.0])
def test_the_fill_value_we_store_is_the_one_tensorstore_stores(fill, tmp_path):
    create_ours(tmp_path / "ours", v3("float32", fill=fill))
    ts_create(tmp_path / "theirs", v3("float32", fill=fill))
    ours, theirs = (stored_document(tmp_path / name)["fill_value"] for name in ("ours", "theirs"))
    assert (ours, str(ours)) == (theirs, str(theirs))


# -- everything beside the elements -------------------------------------------------------------------------------


def test_attributes_and_dimension_names_of_each_reach_the_other(tmp_path):
    attributes = {"units": "K", "nested": {"list": [1, 2.5, None, "é"]}, "big": 2**60}
    document = v3(attributes=attributes, dimension_names=["y", None])
    create_ours(tmp_path / "ours", document)
    theirs = ts_open(tmp_path / "ours", 3)
    assert theirs.spec().to_json()["metadata"]["attributes"] == attributes
    assert theirs.domain.labels == ("y", "")
    ts_create(tmp_path / "theirs", document)
    ours = zarr.open_array(tmp_path / "theirs", mode="r")
    assert dict(ours.attrs) == attributes
    assert ours.metadata.dimension_names == ("y", None)


@pytest.mark.parametrize("document", [v3(codecs=[sharded((1, 2))], attributes={"a": 1}), v2()], ids=["v3", "v2"])
def test_resizing_by_either_keeps_elements_and_attributes_for_both(document, tmp_path, engine):
    path, zarr_format = tmp_path / "a", document["zarr_format"]
    ts_create(path, document)
    zarr.open_array(path, mode="r+").attrs["b"] = [2]
    theirs, ours = Theirs(path, zarr_format, "i4"), Ours(path, zarr_format)
    data = np.arange(1, 71, dtype="i4").reshape(7, 10)
    theirs.write((slice(None), slice(None)), data)
    zarr.open_array(path, mode="r+").resize((5, 12))
    expected = np.zeros((5, 12), "i4")
    expected[:, :10] = data[:5]
    assert_same_bits(theirs.read(), expected)
    ts_open(path, zarr_format).resize(exclusive_max=[8, 9], resize_metadata_only=True).result()
    assert ours.read().shape == (8, 9)
    assert_same_bits(ours.read(), theirs.read())
    assert_same_bits(ours.read()[:5], expected[:, :9])
    attributes = dict(zarr.open_array(path, mode="r").attrs)
    assert attributes == ({"a": 1, "b": [2]} if zarr_format == 3 else {"b": [2]})


def test_rows_that_we_append_in_a_shard_are_read_by_tensorstore(tmp_path, engine):
    document = v3(shape=(2, 4), chunks=(6, 4), codecs=[sharded((2, 2), [LITTLE, CRC32C])])
    ts_create(tmp_path / "a", document)
    theirs = Theirs(tmp_path / "a", 3, "i4")
    theirs.write((slice(None), slice(None)), np.arange(8, dtype="i4").reshape(2, 4))
    zarr.open_array(tmp_path / "a", mode="r+").append(np.arange(8, 36, dtype="i4").reshape(7, 4))
    assert_same_bits(theirs.read(), np.arange(36, dtype="i4").reshape(9, 4))


def test_members_that_may_be_ignored_survive_both(tmp_path):
    ts_create(tmp_path / "a", v3(note={"must_understand": False, "text": "kept"}))
    zarr.open_array(tmp_path / "a", mode="r+").attrs["x"] = 1
    ts_open(tmp_path / "a", 3).resize(exclusive_max=[3, 3]).result()
    document = stored_document(tmp_path / "a")
    assert document["note"] == {"must_understand": False, "text": "kept"}
    assert document["attributes"] == {"x": 1}
    assert zarr.open_array(tmp_path / "a", mode="r").shape == (3, 3)


@pytest.mark.parametrize("name", ["v2", "v3"])
def test_tensorstore_reads_an_array_inside_a_group_of_ours(name, tmp_path, engine):
    zarr_format = int(name[1])
    group = zarr.open_group(tmp_path, mode="w", zarr_format=zarr_format)
    array = group.create_array("a/b", shape=(5,), chunks=(2,), dtype="i4", compressors=None)
    array[...] = np.arange(5)
    assert_same_bits(Theirs(tmp_path / "a/b", zarr_format, "i4").read(), np.arange(5, dtype="i4"))


# -- what only one of the two has ---------------------------------------------------------------------------------

DATETIME = codec("numpy.datetime64", unit="ns", scale_factor=1)
TIMEDELTA = codec("numpy.timedelta64", unit="s", scale_factor=10)

# Documents that are legal or found in the wild, that we read and TensorStore 0.1.86 refuses, with part of its reason.
NOT_IN_TENSORSTORE = {
    "v2-unicode": (v2("<U3", fill=""), "Unsupported zarr dtype"),
    "v2-datetime": (v2("<M8[ns]"), "Unsupported zarr dtype"),
    "v2-timedelta": (v2("<m8[10s]"), "Unsupported zarr dtype"),
    "v2-vlen-utf8": (v2("|O", fill="", filters=[{"id": "vlen-utf8"}]), "Unsupported zarr dtype"),
    "v2-lz4": (v2(compressor={"id": "lz4", "acceleration": 1}), "not registered"),
    "v2-lzma": (v2(compressor={"id": "lzma"}), "not registered"),
    "v2-crc32": (v2(compressor={"id": "crc32"}), "not registered"),
    "v2-delta": (v2(filters=[{"id": "delta", "dtype": "<i4"}]), "filters are not supported"),
    "v2-zstd-checksum": (v2(compressor={"id": "zstd", "level": 0, "checksum": True}), "extra members"),
    "v2-blosc-typesize": (v2(compressor={"id": "blosc", "typesize": 4}), "extra members"),
    "v2-bool-fill-0": (v2("|b1", fill=0), "Expected boolean"),
    "v2-complex-fill-scalar": (v2("<c8", fill=1.0), "base64"),
    "v2-short-fill": (v2("|S3", fill="YWI="), "Expected 3 base64-encoded bytes"),
    "v2-bytes-fill-0": (v2("|S3", fill=0), "Expected 3 base64-encoded bytes"),
    "v3-string": (v3("string", fill="", codecs=[codec("vlen-utf8")]), "not one of the supported data types"),
    "v3-bytes": (v3("bytes", fill="", codecs=[codec("vlen-bytes")]), "not one of the supported data types"),
    "v3-datetime": (v3(DATETIME), "not one of the supported data types"),
    "v3-timedelta": (v3(TIMEDELTA), "not one of the supported data types"),
    "v3-utf32": (v3(codec("fixed_length_utf32", length_bytes=8), fill=""), "not one of the supported data types"),
    "v3-null-terminated": (
        v3(codec("null_terminated_bytes", length_bytes=3), fill=""),
        "not one of the supported data types",
    ),
    "v3-numcodecs": (v3(codecs=[LITTLE, codec("numcodecs.zlib", level=1)]), "not registered"),
    "v3-raw-fill-as-list": (v3("r16", fill=[0, 1]), "base64"),
    "v3-checksum-behind-shard": (v3(chunks=(4, 4), codecs=[sharded((2, 2)), CRC32C]), "Sharding codec"),
    "v3-gzip-behind-shard": (v3(chunks=(4, 4), codecs=[sharded((2, 2)), codec("gzip", level=1)]), "Sharding codec"),
    "v3-codec-by-name": (v3(codecs=[LITTLE, "crc32c"]), "Expected object"),
    "v3-keys-by-name": (v3(chunk_key_encoding="default"), "Expected object"),
    "v3-type-as-object": (v3({"name": "int32"}), "Expected string, array, or object"),
    "v3-must-understand": (v3(codecs=[{**LITTLE, "must_understand": True}]), "extra members"),
    "v3-no-names": (v3(dimension_names=None), "Expected array"),
    "v3-attributes-null": (v3(attributes=None), "Expected object"),
}

# By kind of NumPy dtype, elements that differ from each other and from the fill values above.
_TEXT = [["b", "é"], ["c", "de"]]
_OCTETS = [[b"b", b"c"], [b"\xff\1", b"d"]]
_TIMES = [[1, 2], [3, -(2**63)]]
SAMPLES = {
    "b": [[True, False], [True, True]],
    "i": [[1, 2], [3, 4]],
    "c": [[2, 3j], [4, 5]],
    "M": np.array(_TIMES, "M8[ns]"),
    "m": np.array(_TIMES, "m8[10s]"),
    "U": _TEXT,
    "T": _TEXT,
    "S": _OCTETS,
    "V": np.array(_OCTETS, "S2").view("V2"),
    "O": np.array(_OCTETS, object),
}


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.parametrize("name", NOT_IN_TENSORSTORE)
def test_tensorstore_refuses_what_we_read(name, tmp_path):
    document, reason = NOT_IN_TENSORSTORE[name]
    put_document(tmp_path, document)
    with pytest.raises((ValueError, NotImplementedError), match=reason):
        ts_open(tmp_path, document["zarr_format"])
    expected = np.array(zarr.open_array(tmp_path, mode="r")[...])
    assert expected.shape == (7, 10)
    expected[2:4, 3:5] = SAMPLES[expected.dtype.kind]
    zarr.open_array(tmp_path, mode="r+")[2:4, 3:5] = expected[2:4, 3:5]
    np.testing.assert_array_equal(zarr.open_array(tmp_path, mode="r")[...], expected)


def test_every_data_type_of_tensorstore_is_listed():
    known = {name for name in dir(tensorstore) if isinstance(getattr(tensorstore, name), tensorstore.dtype)}
    exchanged = {*NUMBERS, *SMALL, "char", "byte"}
    stored_nowhere = {"json", "string", "ustring"}
    assert known == exchanged | stored_nowhere


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_snappy_in_blosc_is_read_or_refused_by_name(zarr_format, tmp_path, engine):
    """Builds of numcodecs may lack it; TensorStore and the kernel have it."""
    compressor = {"id": "blosc", "cname": "snappy", "clevel": 5, "shuffle": 1, "blocksize": 0}
    document = v2(compressor=compressor) if zarr_format == 2 else v3(codecs=[LITTLE, blosc("snappy", "shuffle")])
    # A chunk large and plain enough that Blosc does not store it as it is.
    document = {**document, "shape": [40, 100]}
    if zarr_format == 2:
        document["chunks"] = [40, 100]
    else:
        document["chunk_grid"] = codec("regular", chunk_shape=[40, 100])
    ts_create(tmp_path, document)
    data = np.arange(4000, dtype="i4").reshape(40, 100)
    Theirs(tmp_path, zarr_format, "i4").write((slice(None), slice(None)), data)
    from numcodecs import blosc as numcodecs_blosc

    if engine == "native" or "snappy" in numcodecs_blosc.list_compressors():
        assert_same_bits(Ours(tmp_path, zarr_format).read(), data)
    else:
        with pytest.raises(CodecError, match="snappy"):
            Ours(tmp_path, zarr_format).read()


# -- how far apart readings go --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "document",
    [v3(codecs=[sharded((1, 2), [LITTLE, CRC32C])]), v3(codecs=[BIG]), v2(order="F"), v2(">i4")],
    ids=["shard", "big", "v2-F", "v2-big"],
)
def test_what_we_select_is_what_tensorstore_selects(document, order, tmp_path, engine):
    data = np.arange(70, dtype="i4").reshape(7, 10)
    ts_create(tmp_path / "a", document)
    theirs = ts_open(tmp_path / "a", document["zarr_format"])
    theirs.write(data).result()
    array = zarr.open_array(tmp_path / "a", mode="r", config={"order": order})
    for selection in [np.s_[2], np.s_[:, 3], np.s_[1:6:2, ::3], np.s_[4, 4], np.s_[6:, 9:], np.s_[3:3]]:
        found = np.asarray(array[selection])
        np.testing.assert_array_equal(found, np.asarray(theirs[selection].read().result()))
    rows, columns = [5, 0, 2], [9, 1, 1]
    np.testing.assert_array_equal(array.vindex[rows, columns], np.asarray(theirs.vindex[rows, columns]))
    np.testing.assert_array_equal(array.oindex[rows, columns], np.asarray(theirs.oindex[rows, columns]))
