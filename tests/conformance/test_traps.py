"""Where implementations part ways, and stored data are other than one expects: a test for each such place.

Each says what is read of what others write, and what is written so that others read it.
"""

from __future__ import annotations

import gzip
import json
import struct
import unicodedata
import zipfile
import zlib

import google_crc32c
import numcodecs
import numpy as np
import pytest

import zarr
from tests.interop.documents import BIG, CRC32C, LITTLE, array_of, codec, put, sharded, text, v2, v3
from tests.remote.clouds import BUCKET, obstore_over, store_over
from tests.samples import contents, document
from tests.servers.running import running_cloud
from tests.suites.calls import get
from tests.suites.calls import put as put_value
from tests.suites.web_server import WebServer, served
from zarr.abc.store import SuffixByteRequest
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, PackBitsCodec, TransposeCodec, ZstdCodec
from zarr.errors import (
    CodecError,
    GroupNotFoundError,
    MetadataValidationError,
    ZarrRuntimeWarning,
    ZarrUserWarning,
)
from zarr.metadata.migrate_v3 import migrate_v2_to_v3
from zarr.storage import LocalStore, MemoryStore, ZipStore

UNSTABLE = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
NOT_PART_OF = pytest.mark.filterwarnings("ignore:Consolidated metadata:zarr.errors.ZarrUserWarning")
COUNT = np.arange(6, dtype="i4")
PLAIN = {"name": "bytes"}
GROUP = {"zarr_format": 3, "node_type": "group"}
INT8 = v3("int8", (1,), (1,), [PLAIN])


def new(data, **options):
    """A store with an array of these elements, not compressed unless that is asked for."""
    store = MemoryStore()
    zarr.create_array(store, data=data, **{"compressors": None, **options})
    return store


def written(document, data):
    """The objects of an array of a given document once these elements are written, document apart."""
    store = MemoryStore()
    array_of(store, document, mode="r+")[...] = data
    return {key: value for key, value in contents(store).items() if not key.endswith((".zarray", "zarr.json"))}


def found(document, mode="r", store=None, **objects):
    return array_of(MemoryStore() if store is None else store, document, mode=mode, **objects)


# -- numbers, byte order, types ---------------------------------------------------------------------------------------


def test_byte_order_is_always_stored_and_never_that_of_the_machine(engine):
    store = new(np.arange(3, dtype=">u2"))
    assert document(store)["codecs"] == [LITTLE]
    assert contents(store)["c/0"] == b"\0\0\1\0\2\0"
    assert BytesCodec().endian == "little"


def test_byte_order_that_is_missing_is_an_error_but_in_structs_of_old(engine):
    with pytest.raises(MetadataValidationError, match="endian"):
        found(v3("int16", codecs=[PLAIN]))
    legacy = codec("structured", fields=[["a", "int16"], ["b", "uint8"]])
    with pytest.warns(ZarrUserWarning, match="endian"):
        array = found(v3(legacy, (1,), (1,), [PLAIN], fill="AAAA"), **{"c/0": b"\2\0\7"})
    assert array[...].tolist() == [(2, 7)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("checksum", [[], [CRC32C], [CRC32C, CRC32C]])
@pytest.mark.parametrize("axes", [None, [1, 0]])
def test_codecs_of_a_shard_index_say_how_long_it_is(engine, order, checksum, axes):
    index = np.array([[0, 1], [1, 1]], f"{order}u8")
    index_codecs = [LITTLE if order == "<" else BIG, *checksum]
    if axes is not None:
        index, index_codecs = index.T, [codec("transpose", order=axes), *index_codecs]
    end = index.tobytes()
    for _ in checksum:
        end += struct.pack("<I", google_crc32c.value(end))
    chain = [sharded((1,), [PLAIN], index_codecs)]
    array = found(v3("uint8", (2,), (2,), chain), mode="r+", **{"c/0": b"\5\6" + end})
    assert array[...].tolist() == [5, 6]
    assert array[1] == 6
    assert written(v3("uint8", (2,), (2,), chain), [5, 6]) == {"c/0": b"\5\6" + end}


def test_files_keep_their_byte_order_when_they_are_written_again(engine):
    fields = [["a", ">i2"], ["b", "<i2"]]
    two = found(v2(fields, (2,), (2,), fill=None), mode="r+", **{"0": b"\0\1\1\0\0\2\2\0"})
    assert two[...].tolist() == [(1, 1), (2, 2)]
    two[0] = (3, 3)
    two.resize(3)
    assert contents(two.store)["0"] == b"\0\3\3\0\0\2\2\0"
    assert json.loads(text(two.store, ".zarray"))["dtype"] == fields
    three = found(v3("int16", (2,), (2,), [BIG]), mode="r+", **{"c/0": b"\0\1\0\2"})
    three[0] = 3
    three.attrs["a"] = 1
    assert contents(three.store)["c/0"] == b"\0\3\0\2"
    assert document(three.store)["codecs"] == [BIG]


@UNSTABLE
@pytest.mark.parametrize(
    ("dtype", "name", "serializer"),
    [
        ("string", "string", "vlen-utf8"),
        ("U2", codec("fixed_length_utf32", length_bytes=8), "bytes"),
        ("S2", codec("null_terminated_bytes", length_bytes=2), "bytes"),
    ],
)
def test_texts_have_the_names_that_others_know(engine, dtype, name, serializer):
    words = ["a", "bc"] if dtype != "S2" else [b"a", b"bc"]
    store = new(np.array(words, "T" if dtype == "string" else dtype))
    stored = document(store)
    assert (stored["data_type"], stored["codecs"][-1]["name"]) == (name, serializer)
    assert zarr.open_array(store)[...].tolist() == words
    two = new(np.array(words, "T" if dtype == "string" else dtype), zarr_format=2)
    stored = json.loads(text(two, ".zarray"))
    if dtype == "string":
        assert (stored["dtype"], stored["filters"]) == ("|O", [{"id": "vlen-utf8"}])
    else:
        assert (stored["dtype"], stored["filters"]) == ({"U2": "<U2", "S2": "|S2"}[dtype], None)
    assert zarr.open_array(two)[...].tolist() == words


@pytest.mark.parametrize("name", ["bytes", "variable_length_bytes", "binary"])
@pytest.mark.parametrize("fill", [[1, 255], "Af8="])
def test_octets_of_any_length_are_read_under_each_name_and_keep_it(engine, name, fill):
    array = found(v3(name, (2,), (1,), ["vlen-bytes"], fill=fill), mode="r+", **{"c/0": b"\1\0\0\0\1\0\0\0\7"})
    assert array[...].tolist() == [b"\7", b"\1\xff"]
    array.attrs["a"] = 1
    stored = document(array.store)
    assert (stored["data_type"], stored["fill_value"]) == (name, fill)


@UNSTABLE
@pytest.mark.parametrize("name", ["r16", codec("raw_bytes", length_bytes=2)])
@pytest.mark.parametrize("fill", [[1, 255], "Af8="])
def test_raw_bytes_are_read_in_each_form_and_keep_it(engine, name, fill):
    array = found(v3(name, (2,), (1,), [PLAIN], fill=fill), mode="r+", **{"c/0": b"\7\7"})
    assert array[...].tobytes() == b"\7\7\1\xff"
    array.attrs["a"] = 1
    stored = document(array.store)
    assert (stored["data_type"], stored["fill_value"]) == (name, fill)


@UNSTABLE
def test_raw_bytes_are_written_as_most_read_them_unless_the_name_of_the_format_is_asked_for():
    fill = np.frombuffer(b"\1\xff", "V2")[0]
    store = MemoryStore()
    zarr.create_array(store, shape=1, dtype="V2", fill_value=fill)
    assert (document(store)["data_type"], document(store)["fill_value"]) == (codec("raw_bytes", length_bytes=2), "Af8=")
    store = MemoryStore()
    zarr.create_array(store, shape=1, dtype="r16", fill_value=fill)
    assert (document(store)["data_type"], document(store)["fill_value"]) == ("r16", [1, 255])


def test_times_have_a_unit_and_a_factor_and_one_missing_value(engine):
    store = new(np.array(["NaT", 5], "M8[ns]"))
    assert document(store)["data_type"] == codec("numpy.datetime64", unit="ns", scale_factor=1)
    assert contents(store)["c/0"] == struct.pack("<qq", -(2**63), 5)
    for fill in ("NaT", -(2**63)):
        for stored in (v2("<M8[ns]", (1,), (1,), fill=fill), v3(codec("numpy.datetime64", unit="ns", scale_factor=1), (1,), (1,), fill=fill)):  # fmt: skip
            assert np.isnat(found(stored)[0])
    micro, ascii_ = (v3(codec("numpy.timedelta64", unit=unit, scale_factor=3), (1,), (1,), fill=5) for unit in ("μs", "us"))  # fmt: skip
    assert found(micro)[0] == found(ascii_)[0] == np.timedelta64(15, "us")
    with pytest.raises(ValueError, match="scale_factor"):
        found(v3(codec("numpy.datetime64", unit="ns"), (1,), (1,)))


def test_float8_e4m3_has_infinities_and_float8_e4m3fn_has_none(engine):
    bits = {"c/0": b"\x78\x7e"}
    ieee = found(v3("float8_e4m3", (2,), (2,), [PLAIN]), **bits)[...].astype("f4")
    other = found(v3("float8_e4m3fn", (2,), (2,), [PLAIN]), **bits)[...].astype("f4")
    assert (ieee[0], np.isnan(ieee[1]), other.tolist()) == (np.inf, True, [256, 448])
    store = MemoryStore()
    zarr.create_array(store, shape=1, dtype="float8_e4m3fn")
    assert document(store)["data_type"] == "float8_e4m3fn"


def test_complex_fill_values_are_pairs_and_old_ones_single_numbers(engine):
    for stored in (v2("<c8", (1,), (1,), fill=[1, 2]), v3("complex64", (1,), (1,), fill=[1, 2])):
        assert found(stored)[0] == 1 + 2j
    assert found(v2("<c8", (1,), (1,), fill=1.5))[0] == 1.5
    for zarr_format, key in ((2, ".zarray"), (3, "zarr.json")):
        store = MemoryStore()
        zarr.create_array(store, shape=1, dtype="c8", fill_value=2, zarr_format=zarr_format)
        assert json.loads(text(store, key))["fill_value"] == [2.0, 0.0]


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_fill_values_are_written_in_the_strict_form(zarr_format):
    key = {2: ".zarray", 3: "zarr.json"}[zarr_format]
    for dtype, given, stored in [("?", True, "true"), ("?", False, "false"), ("i4", 1.0, "1"), ("f4", 1, "1.0")]:
        store = MemoryStore()
        zarr.create_array(store, shape=1, dtype=dtype, fill_value=given, zarr_format=zarr_format)
        assert json.dumps(json.loads(text(store, key))["fill_value"]) == stored


def test_lenient_fill_values_are_read_and_kept(engine):
    for stored, expected in [(v2("|b1", (1,), (1,), fill=0), False), (v2("<i4", (1,), (1,), fill=1.0), 1), (v2("<i4", (1,), (1,), fill="0"), 0)]:  # fmt: skip
        array = found(stored, mode="r+")
        assert array[0] == expected
        array.resize(2)
        assert json.loads(text(array.store, ".zarray"))["fill_value"] == stored["fill_value"]


@pytest.mark.parametrize("fill", ["0x7fc00abc", "0xffc00000", "0x7f800001"])
def test_a_nan_is_more_than_its_name(engine, fill):
    bits = int(fill, 16)
    array = found(v3("float32", (4,), (2,), fill=fill), mode="r+")
    assert array[...].view("u4").tolist() == [bits] * 4
    array[:2] = np.array([0x7FC00000, bits], "u4").view("f4")  # a chunk of NaNs that are not all the fill value
    array.attrs["a"] = 1
    assert document(array.store)["fill_value"] == fill
    assert zarr.open_array(array.store)[...].view("u4").tolist() == [0x7FC00000, *[bits] * 3]
    assert "c/0" in contents(array.store)


def test_a_chunk_of_negative_zeros_is_stored(engine, zarr_format):
    store = new(np.full(4, -0.0), chunks=2, zarr_format=zarr_format, fill_value=0.0)
    assert np.signbit(zarr.open_array(store)[...]).all()
    store = new(np.zeros(4), chunks=2, zarr_format=zarr_format, fill_value=-0.0)
    assert not np.signbit(zarr.open_array(store)[...]).any()


def test_large_fill_values_are_plain_digits(engine, zarr_format):
    store = MemoryStore()
    zarr.create_array(store, shape=1, dtype="u8", fill_value=2**64 - 1, zarr_format=zarr_format)
    assert "18446744073709551615" in text(store, {2: ".zarray", 3: "zarr.json"}[zarr_format])
    assert zarr.open_array(store)[0] == 2**64 - 1


# -- fill value null, and missing chunks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"dtype": "<f4"}, 0.0),
        ({"dtype": "<U2"}, ""),
        ({"dtype": "|S2"}, b""),
        ({"dtype": "|O", "filters": [{"id": "vlen-utf8"}]}, ""),
        ({"dtype": "|O", "filters": [{"id": "vlen-bytes"}]}, b""),
        ({"dtype": [["a", "<i2"]]}, (0,)),
    ],
)
@UNSTABLE
@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
def test_null_is_no_fill_value_and_reads_as_nothing(engine, members, expected):
    array = found(v2(shape=(2,), chunks=(1,), **{**members, "fill": None}), mode="r+")
    assert array.fill_value is None
    assert array[...].tolist() == [expected] * 2
    array.resize(3)
    array.attrs["a"] = 1
    assert json.loads(text(array.store, ".zarray"))["fill_value"] is None
    migrate_v2_to_v3(input_store=array.store)
    assert zarr.open_array(array.store, zarr_format=3)[...].tolist() == [expected] * 3


def test_empty_chunks_are_left_out_and_read_where_others_wrote_them(engine, zarr_format):
    store = new(np.array([0, 0, 1, 0], "u1"), chunks=2, zarr_format=zarr_format)
    names = {"0", "1"} if zarr_format == 2 else {"c/0", "c/1"}
    assert contents(store).keys() & names == {max(names)}
    put(store, {min(names): b"\0\0"})
    assert zarr.open_array(store)[...].tolist() == [0, 0, 1, 0]
    with zarr.config.set({"array.write_empty_chunks": True}):
        assert contents(new(np.zeros(4, "u1"), chunks=2, zarr_format=zarr_format)).keys() >= names


def test_what_lies_behind_the_edge_of_an_array_is_not_looked_at(engine):
    assert found(v2("|u1", (3,), (2,)), **{"0": b"\1\2", "1": b"\3\xff"})[...].tolist() == [1, 2, 3]
    assert found(v3("uint8", (3,), (2,), [PLAIN]), **{"c/0": b"\1\2", "c/1": b"\3\xff"})[...].tolist() == [1, 2, 3]
    assert contents(new(np.array([1, 2, 3], "u1"), chunks=2, fill_value=9))["c/1"] == b"\3\x09"


# -- codecs -----------------------------------------------------------------------------------------------------------


def _zstd_frame(raw):
    """A frame that does not tell its size, as writers of streams make it: one block, as it is."""
    return b"\x28\xb5\x2f\xfd\x00\x58" + ((len(raw) << 3) | 1).to_bytes(3, "little") + raw


def test_zstd_is_written_with_its_size_and_read_without(engine):
    store = new(COUNT, compressors=ZstdCodec(level=0))
    assert document(store)["codecs"][1] == codec("zstd", level=0, checksum=False)
    assert contents(store)["c/0"][4] & 0xE0  # single segment, or a field for the size
    two = new(COUNT, zarr_format=2, compressors=numcodecs.Zstd(level=1))
    assert json.loads(text(two, ".zarray"))["compressor"] == {"id": "zstd", "level": 1}
    frames = [_zstd_frame(COUNT.tobytes()), _zstd_frame(COUNT[:2].tobytes()) + _zstd_frame(COUNT[2:].tobytes())]
    for chunk in frames:
        three = found(v3("int32", (6,), (6,), [LITTLE, codec("zstd", level=0)]), **{"c/0": chunk})
        assert three[...].tolist() == COUNT.tolist()
        assert found(v2("<i4", (6,), (6,), {"id": "zstd", "level": 0}), **{"0": chunk})[...].tolist() == COUNT.tolist()


def test_gzip_and_zlib_are_two_codecs(engine):
    raw = COUNT.tobytes()
    members = gzip.compress(raw[:8]) + gzip.compress(raw[8:])
    for name, chunk in (("zlib", zlib.compress(raw)), ("gzip", gzip.compress(raw)), ("gzip", members)):
        assert found(v2("<i4", (6,), (6,), {"id": name, "level": 1}), **{"0": chunk})[...].tolist() == COUNT.tolist()
    for name, chunk in (("gzip", members), ("numcodecs.zlib", zlib.compress(raw))):
        array = found(v3("int32", (6,), (6,), [LITTLE, codec(name, level=1)]), **{"c/0": chunk})
        assert array[...].tolist() == COUNT.tolist()
    with pytest.raises(CodecError):
        found(v2("<i4", (6,), (6,), {"id": "gzip", "level": 1}), **{"0": zlib.compress(raw)})[...]
    assert contents(new(COUNT, compressors=GzipCodec()))["c/0"][4:8] == b"\0\0\0\0"  # no time


SHUFFLED, BIT_SHUFFLED = 0x1, 0x4


@pytest.mark.parametrize(("dtype", "flag"), [("u1", BIT_SHUFFLED), ("i4", SHUFFLED)])
def test_blosc_shuffles_bits_of_bytes_and_bytes_of_numbers_where_nothing_is_said(engine, dtype, flag):
    data = (np.arange(4000) // 50).astype(dtype)
    two = new(data, zarr_format=2, compressors=numcodecs.Blosc(shuffle=-1))
    assert json.loads(text(two, ".zarray"))["compressor"] == {
        "id": "blosc",
        "cname": "lz4",
        "clevel": 5,
        "shuffle": -1,
        "blocksize": 0,
    }
    assert contents(two)["0"][2] & (SHUFFLED | BIT_SHUFFLED) == flag
    three = new(data, compressors=BloscCodec())
    assert contents(three)["c/0"][2] & (SHUFFLED | BIT_SHUFFLED) == flag
    stored = document(three)["codecs"][1]["configuration"]
    assert (stored["shuffle"], stored["typesize"]) == ("bitshuffle" if dtype == "u1" else "shuffle", data.itemsize)


def test_what_blosc_says_in_its_header_counts(engine):
    """A chunk that was made with type size 1, without shuffling, under a document that says otherwise."""
    chunk = numcodecs.Blosc("zstd", 1, 0).encode(np.frombuffer(COUNT.tobytes(), "u1"))
    assert chunk[3] == 1
    blosc = codec("blosc", cname="lz4", clevel=5, shuffle="shuffle", typesize=4, blocksize=0)
    assert found(v3("int32", (6,), (6,), [LITTLE, blosc]), **{"c/0": chunk})[...].tolist() == COUNT.tolist()


@pytest.mark.parametrize(
    ("name", "plain", "configuration"),
    [
        ("zstd", numcodecs.Zstd(1), {"level": 1}),
        ("gzip", numcodecs.GZip(1), {"level": 1}),
        ("blosc", numcodecs.Blosc("lz4"), {"cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}),
        ("crc32c", numcodecs.CRC32C(), {}),
    ],
)
def test_registered_codecs_are_read_under_their_old_names_and_written_under_the_new_ones(
    engine, name, plain, configuration
):
    chunk = bytes(plain.encode(COUNT.tobytes()))
    stored = v3("int32", (6,), (6,), [LITTLE, codec(f"numcodecs.{name}", **configuration)])
    array = found(stored, mode="r+", **{"c/0": chunk})
    assert array[...].tolist() == COUNT.tolist()
    array.attrs["a"] = 1
    assert document(array.store)["codecs"] == stored["codecs"]
    assert document(new(COUNT, compressors=plain))["codecs"][1]["name"] == name


def test_bitround_is_read_under_its_old_name(engine):
    for name in ("bitround", "numcodecs.bitround"):
        array = found(
            v3("float32", (2,), (2,), [codec(name, keepbits=3), LITTLE]), **{"c/0": b"\0\0\x80\x3f\0\0\0\x40"}
        )
        assert array[...].tolist() == [1, 2]


def test_packed_bits_are_of_two_kinds(engine):
    bits = np.array([1, 0, 0, 0, 0, 0, 0, 0, 1], bool)
    assert contents(new(bits, filters=[codec("numcodecs.packbits")]))["c/0"] == b"\7\x80\x80"
    assert contents(new(bits, serializer=PackBitsCodec()))["c/0"] == b"\1\1"
    for spelt in ({"first_bit": 0, "last_bit": 3}, {"start_bit": 0, "end_bit": 3}):
        array = found(v3("uint8", (2,), (2,), [codec("packbits", **spelt)]), **{"c/0": b"\x21"})
        assert array[...].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "is_in_front"), [("crc32", True), ("adler32", True), ("crc32c", False), ("fletcher32", False)]
)
def test_checksums_stand_in_front_or_behind(engine, name, is_in_front):
    raw = COUNT.tobytes()
    plain = numcodecs.get_codec({"id": name})
    for store, key in (
        (new(COUNT, zarr_format=2, compressors=plain), "0"),
        (new(COUNT, compressors=[codec(f"numcodecs.{name}")]), "c/0"),
    ):
        chunk = contents(store)[key]
        assert chunk == bytes(plain.encode(raw))
        assert (chunk[4:] if is_in_front else chunk[:-4]) == raw


def test_lz4_is_a_length_and_a_block(engine):
    store = new(np.arange(4, dtype="u1"), zarr_format=2, compressors=numcodecs.LZ4())
    assert contents(store)["0"] == b"\4\0\0\0" + b"\x40\0\1\2\3"  # a token: four bytes as they are


def test_zfp_has_a_header_under_the_one_name_and_none_under_the_other(engine):
    data = np.arange(16, dtype="f4")
    with_header = contents(new(data, serializer=codec("numcodecs.zfpy", mode=2, rate=32)))["c/0"]
    assert with_header[:3] == b"zfp"
    alone = contents(new(data, serializer=codec("zfp", mode="fixed_rate", rate=32)))["c/0"]
    assert with_header[12:].startswith(alone)
    np.testing.assert_array_equal(
        found(v3("float32", (16,), (16,), [codec("zfp", mode="fixed_rate", rate=32)]), **{"c/0": alone})[...], data
    )
    for serializer, other in (
        (codec("zfp", mode="fixed_rate", rate=32), with_header),
        (codec("numcodecs.zfpy"), alone),
    ):
        with pytest.raises(CodecError, match="zfp"):
            found(v3("float32", (16,), (16,), [serializer]), **{"c/0": other})[...]


def test_an_order_of_axes_may_be_a_letter_and_says_where_encoded_axes_come_from(engine):
    data = np.arange(24, dtype="u1").reshape(2, 3, 4)
    for order, axes in (("F", (2, 1, 0)), ("C", (0, 1, 2))):
        stored = v3("uint8", (2, 3, 4), (2, 3, 4), [codec("transpose", order=order), PLAIN])
        array = found(stored, **{"c/0/0/0": data.transpose(axes).tobytes()})
        np.testing.assert_array_equal(array[...], data)
    store = new(data, filters=TransposeCodec(order=(2, 0, 1)))
    assert document(store)["codecs"][0] == codec("transpose", order=[2, 0, 1])
    assert contents(store)["c/0/0/0"] == data.transpose(2, 0, 1).tobytes()


def test_fortrans_order_is_a_member_of_format_2_and_a_codec_of_format_3(engine):
    data = COUNT.reshape(2, 3)
    store = new(data, zarr_format=2, order="F")
    assert contents(store)["0.0"] == data.tobytes(order="F")
    migrate_v2_to_v3(input_store=store)
    assert document(store)["codecs"][0] == codec("transpose", order=[1, 0])
    np.testing.assert_array_equal(zarr.open_array(store, zarr_format=3)[...], data)
    with pytest.warns(ZarrRuntimeWarning, match="no effect"):
        zarr.create_array({}, shape=(2, 2), dtype="i1", order="F")


def test_differences_in_fortrans_order_are_between_neighbours_in_memory(engine):
    data = np.array([[1, 5, 2], [9, 3, 8]], "i4")
    stored = v2("<i4", (2, 3), (2, 3), order="F", filters=[{"id": "delta", "dtype": "<i4"}])
    flat = data.ravel(order="F")
    chunk = np.concatenate([flat[:1], np.diff(flat)]).astype("<i4").tobytes()
    assert written(stored, data) == {"0.0": chunk}
    np.testing.assert_array_equal(found(stored, **{"0.0": chunk})[...], data)


def test_texts_are_counted_for_the_whole_chunk_in_the_order_of_rows(engine):
    words = np.array([["a", "b", "c"], ["d", "e", "f"]], "T")
    for data in (words, np.asfortranarray(words)):
        chunks = contents(new(data, chunks=(2, 2)))
        assert chunks["c/0/0"] == b"\4\0\0\0" + b"".join(b"\1\0\0\0" + word for word in (b"a", b"b", b"d", b"e"))
        assert chunks["c/0/1"][:4] == b"\4\0\0\0"  # two of them beyond the edge
        assert zarr.open_array(new(data, chunks=(2, 2)))[...].tolist() == words.tolist()


def test_a_wrong_checksum_is_an_error_that_names_it_and_the_chunk(engine):
    raw = b"\1\2\3\4"
    good = raw + struct.pack("<I", google_crc32c.value(raw))
    stored = v3("uint8", (4,), (4,), [PLAIN, CRC32C])
    assert found(stored, **{"c/0": good})[...].tolist() == [1, 2, 3, 4]
    with pytest.raises(CodecError, match=r"crc32c.*c/0"):
        found(stored, **{"c/0": raw + b"\0\0\0\0"})[...]
    with zarr.config.set({"array.verify_checksums": False}):  # for what zarrs stored before 0.11.5
        assert found(stored, **{"c/0": raw + b"\0\0\0\0"})[...].tolist() == [1, 2, 3, 4]


def test_codecs_may_stand_before_and_behind_shards(engine):
    inner = [sharded((2, 1), [PLAIN], index_codecs=[LITTLE])]
    stored = v3("uint8", (2, 2), (2, 2), [codec("transpose", order=[1, 0]), *inner, codec("gzip", level=1)])
    data = np.array([[1, 2], [3, 4]], "u1")
    chunk = gzip.decompress(written(stored, data)["c/0/0"])
    assert chunk[:4] == b"\1\2\3\4"  # columns of the transposed chunk
    np.testing.assert_array_equal(found(stored, **{"c/0/0": gzip.compress(chunk)})[...], data)


def test_codecs_may_be_names_alone(engine):
    array = found(v3("uint8", (2,), (2,), ["bytes", "crc32c"]), **{"c/0": b"\1\2" + struct.pack("<I", google_crc32c.value(b"\1\2"))})  # fmt: skip
    assert array[...].tolist() == [1, 2]
    assert all(isinstance(each, dict) for each in document(new(COUNT, compressors=["crc32c"]))["codecs"])


@pytest.mark.parametrize(
    "serializer",
    [PLAIN, {"name": "bytes", "configuration": {}}, LITTLE, BIG, "bytes", codec("endian", endian="little")],
)
def test_configurations_may_be_empty_or_missing(engine, serializer):
    checksum = {"name": "crc32c", "configuration": {}}
    end = struct.pack("<I", google_crc32c.value(b"\1\2"))
    array = found(v3("uint8", (2,), (2,), [serializer, checksum]), mode="r+", **{"c/0": b"\1\2" + end})
    assert array[...].tolist() == [1, 2]
    array.attrs["a"] = 1
    assert document(array.store)["codecs"] == [serializer, checksum]
    words = found(v3("string", (1,), (1,), [{"name": "vlen-utf8", "configuration": {}}], fill="x"))
    assert words[0] == "x"


# -- keys, hierarchies, documents -------------------------------------------------------------------------------------


def test_keys_of_format_2_are_separated_as_the_document_says_and_by_dots_if_it_does_not(engine):
    stored = v2("|u1", (2, 2), (1, 1))
    assert "dimension_separator" not in stored
    assert found(stored, **{"0.1": b"\1"})[...].tolist() == [[0, 1], [0, 0]]
    nested = {**stored, "dimension_separator": "/"}
    assert found(nested, **{"0/1": b"\1"})[...].tolist() == [[0, 1], [0, 0]]
    keys = {"name": "v2", "separator": "/"}
    assert json.loads(text(new(COUNT, zarr_format=2, chunk_key_encoding=keys), ".zarray"))["dimension_separator"] == "/"


@pytest.mark.parametrize(
    ("encoding", "key", "alone"),
    [
        ({"name": "default"}, "c/0/1", "c"),
        (codec("default", separator="."), "c.0.1", "c"),
        ({"name": "v2"}, "0.1", "0"),
        (codec("v2", separator="/"), "0/1", "0"),
    ],
)
def test_each_way_to_make_keys_has_a_separator_of_its_own(engine, encoding, key, alone):
    keys = {"chunk_key_encoding": encoding}
    assert written(v3("uint8", (1, 2), (1, 1), [PLAIN], **keys), [[0, 7]]) == {key: b"\7"}
    assert written(v3("uint8", (), (), [PLAIN], **keys), 7) == {alone: b"\7"}
    assert found(v3("uint8", (1, 2), (1, 1), [PLAIN], **keys), **{key: b"\7"})[0, 1] == 7


def test_how_keys_are_made_has_to_be_said_and_is():
    stored = v3()
    del stored["chunk_key_encoding"]
    with pytest.raises(MetadataValidationError, match="chunk_key_encoding"):
        found(stored)
    assert document(new(COUNT))["chunk_key_encoding"] == codec("default", separator="/")


def test_names_of_dimensions_may_be_null_one_by_one_and_are_left_out_all_together():
    assert "dimension_names" not in document(new(COUNT))
    assert found(v3(dimension_names=None)).metadata.dimension_names is None
    for names in ([None, None], [None, "x"], ["", "x"], ["x", "x"]):
        assert found(v3(dimension_names=names)).metadata.dimension_names == tuple(names)
        store = new(COUNT.reshape(2, 3), dimension_names=names)
        assert document(store)["dimension_names"] == names


def consolidated(**nodes):
    metadata = {"kind": "inline", "must_understand": False, "metadata": nodes}
    return {**GROUP, "consolidated_metadata": metadata}


@NOT_PART_OF
def test_consolidated_documents_are_read_in_any_order_with_gaps_and_slashes():
    store = put(MemoryStore(), {"zarr.json": consolidated(**{"z/a": INT8, "/g/a": INT8, "g": GROUP, "b": INT8})})
    group = zarr.open_group(store, mode="r")
    assert sorted(name for name, _ in group.members(max_depth=None)) == ["b", "g", "g/a", "z", "z/a"]
    assert group["g/a"].shape == group["z"]["a"].shape == (1,)


@NOT_PART_OF
def test_consolidated_documents_are_not_stale_after_changes_here():
    store = MemoryStore()
    zarr.create_group(store).create_array("a", shape=1, dtype="i1")
    zarr.consolidate_metadata(store)
    group = zarr.open_group(store)
    group.create_array("b", shape=2, dtype="i1")
    group["a"].resize(5)
    del group["b"]
    again = zarr.open_group(store, mode="r", use_consolidated=True)
    assert {name: array.shape for name, array in again.members()} == {"a": (5,)}
    assert "consolidated_metadata" not in document(store, "a")  # groups alone have them


def test_strange_members_in_consolidated_documents_of_format_2_are_passed_over():
    inner = {"zarr_format": 2, "consolidated_metadata": {"metadata": {}}}
    metadata = {".zgroup": {"zarr_format": 2}, "g/.zgroup": inner, "g/a/.zarray": v2("|i1", (1,), (1,))}
    zmetadata = {"zarr_consolidated_format": 1, "metadata": metadata}
    store = put(MemoryStore(), {".zgroup": {"zarr_format": 2}, ".zmetadata": zmetadata})
    assert zarr.open_group(store, mode="r")["g/a"].shape == (1,)
    store = MemoryStore()
    zarr.create_group(store, zarr_format=2).create_group("g").create_array("a", shape=1, dtype="i1")
    zarr.consolidate_metadata(store, zarr_format=2)
    assert json.loads(text(store, ".zmetadata"))["metadata"]["g/.zgroup"] == {"zarr_format": 2}


def test_members_that_may_be_ignored_survive_and_others_are_refused():
    novelty = {"name": "novelty", "must_understand": False, "x": [1.0]}
    array = found(v3(novelty=novelty), mode="r+")
    array.resize((8, 10))
    array.attrs["a"] = 1
    assert document(array.store)["novelty"] == novelty
    with pytest.raises(MetadataValidationError, match="novelty"):
        found(v3(novelty={**novelty, "must_understand": True}))
    assert document(new(COUNT)).keys() - {"storage_transformers", "attributes"} == v3().keys()


def test_nan_in_attributes_is_read_and_written_with_a_warning():
    store = put(MemoryStore(), {"zarr.json": '{"zarr_format": 3, "node_type": "group", "attributes": {"a": NaN}}'})
    group = zarr.open_group(store)
    assert np.isnan(group.attrs["a"])
    with pytest.warns(ZarrUserWarning, match="NaN"):
        group.attrs["b"] = float("nan")


@pytest.mark.parametrize("name", ["..", "a/../b", "."])
def test_names_of_dots_are_refused(name):
    with pytest.raises(ValueError, match=r"\."):
        zarr.create_group({}).create_group(name)


@pytest.mark.parametrize("name", ["__x", "c", ".zgroup"])
def test_reserved_names_that_others_wrote_are_read(name):
    store = put(MemoryStore(), {"zarr.json": GROUP, f"{name}/zarr.json": INT8, f"{name}/c/0": b"\7"})
    assert zarr.open_group(store, mode="r")[name][0] == 7


def test_a_backslash_is_no_separator_of_keys():
    store = MemoryStore()
    zarr.create_group(store).create_array("a\\b", shape=1, dtype="i1")
    assert {key for key in contents(store) if key != "zarr.json"} <= {"a/b/zarr.json", "a\\b/zarr.json", "a/zarr.json"}
    assert zarr.open_group(store)["a\\b"].shape == (1,)


@pytest.mark.parametrize("names", [("foo", "FOO"), tuple(unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))])
def test_names_are_neither_folded_nor_normalised(tmp_path, names):
    for store in (MemoryStore(), LocalStore(tmp_path / "a")):
        group = zarr.create_group(store)
        for i, name in enumerate(names):
            group.create_array(name, data=np.array([i]))
        assert sorted(group) == sorted(names)
        assert [group[name][0] for name in names] == [0, 1]


def test_of_two_formats_in_one_place_the_newer_counts():
    store = put(MemoryStore(), {".zarray": v2("|i1", (2,), (1,)), "zarr.json": INT8})
    assert zarr.open_array(store).shape == (1,)
    assert zarr.open_array(store, zarr_format=2).shape == (2,)


def test_groups_that_nobody_made_are_none():
    store = put(MemoryStore(), {"a/b/zarr.json": INT8, "a/b/c/0": b"\7"})
    assert zarr.open_array(store, path="a/b")[0] == 7
    with pytest.raises(GroupNotFoundError):
        zarr.open_group(store, mode="r")
    zarr.create_group(store, path="x/y")
    assert {"zarr.json", "x/zarr.json", "x/y/zarr.json"} <= contents(store).keys()  # those above are made too


def test_attributes_may_be_null():
    array = found(v3(attributes=None), mode="r+")
    assert dict(array.attrs) == {}
    array.attrs["a"] = 1
    assert document(array.store)["attributes"] == {"a": 1}
    assert document(new(COUNT))["attributes"] == {}


def test_lengths_that_are_floating_numbers_are_refused_by_name():
    for stored in (v3(shape=(4.0, 10)), v2(shape=(4.0, 10))):
        with pytest.raises(MetadataValidationError, match="shape"):
            found(stored)


def test_lists_in_regular_grids_are_read_as_what_they_are(engine):
    stored = v3("uint8", (3, 2), ([1, 2], 2), [PLAIN])
    with pytest.warns(ZarrUserWarning, match="rectilinear"):
        array = found(stored, **{"c/0/0": b"\1\2", "c/1/0": b"\3\4\5\6"})
    assert array[...].tolist() == [[1, 2], [3, 4], [5, 6]]


def test_chunks_of_length_0_are_mended(engine):
    with pytest.warns(ZarrUserWarning, match="lengths of 0"):
        array = found(v3("uint8", (0, 4), (0, 2), [PLAIN]), mode="r+")
    assert array[...].shape == (0, 4)
    with pytest.warns(ZarrUserWarning, match="lengths of 0"):
        array.append(np.array([[1, 2, 3, 4]], "u1"))
    assert document(array.store)["chunk_grid"] == codec("regular", chunk_shape=[1, 2])
    assert array[...].tolist() == [[1, 2, 3, 4]]


# -- places -----------------------------------------------------------------------------------------------------------


def test_in_archives_the_last_entry_counts_and_directories_are_none(engine, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("c/", b"")
        archive.writestr("zarr.json", json.dumps(INT8))
        archive.writestr("c/0", b"\1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("c/0", b"\2")
    with ZipStore(path, mode="r") as store:
        assert zarr.open_array(store)[0] == 2
        assert sorted(store.list_keys("")) == ["c/0", "zarr.json"]


@pytest.fixture(scope="module")
def cloud():
    with running_cloud() as running:
        running.reset(BUCKET)
        yield running


def test_objects_that_mark_directories_are_no_nodes(engine, cloud):
    store = store_over(cloud, prefix=f"markers-{engine}")
    put_value(store, "zarr.json", json.dumps(GROUP).encode())
    zarr.create_array(store, name="a", data=COUNT)
    client = obstore_over(cloud, prefix="")
    for key in ("", "a/", "empty/"):
        client.put(f"markers-{engine}/{key}", b"")
    group = zarr.open_group(store, mode="r")
    assert [name for name, _ in group.members()] == ["a"]
    assert group["a"][...].tolist() == COUNT.tolist()


def test_web_servers_need_not_list_and_must_not_lie(engine, tmp_path):
    group = zarr.create_group(tmp_path / "a.zarr")
    group.create_array("x", data=COUNT, chunks=2, compressors=None)
    with pytest.warns(ZarrUserWarning, match="Consolidated metadata"):
        zarr.consolidate_metadata(tmp_path / "a.zarr")
    with served(WebServer(tmp_path, index=None)) as server:
        there = zarr.open_group(f"{server.url}/a.zarr", mode="r")
        assert list(there) == ["x"]
        assert there["x"][...].tolist() == COUNT.tolist()
        server.faults = [403]
        with pytest.raises(PermissionError, match="403"):
            there["x"][:2]
        (tmp_path / "a.zarr/x/c/1").unlink()
        assert there["x"][...].tolist() == [0, 1, 0, 0, 4, 5]
        server.sends_to = "/login/"
        with pytest.raises(OSError, match="another page"):
            there["x"][...]


def test_the_end_of_a_value_is_found_where_it_cannot_be_asked_for(engine, cloud):
    data = np.arange(40)
    for kind in ("s3", "az"):
        store = store_over(cloud, kind, prefix=f"ends-{kind}-{engine}")
        zarr.create_array(store, data=data, chunks=5, shards=40)
        assert zarr.open_array(store, mode="r")[7:12].tolist() == list(range(7, 12))
        put_value(store, "short", b"0123456789")
        assert get(store, "short", SuffixByteRequest(3)) == b"789"
        assert get(store, "short", SuffixByteRequest(100)) == b"0123456789"
