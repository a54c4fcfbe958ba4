"""Codecs `gzip`, `zstd`, `blosc` and `crc32c`: foreign encoders as oracles, and damaged bytes."""

import gzip
import struct
import zlib

import numcodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zarr._buffer import CPUBuffer
from zarr._codec import blosc, zstd
from zarr._codec.base import ChunkSpec
from zarr._codec.blosc import BloscCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.limits import MARGIN_NBYTES, output_limit
from zarr._codec.zstd import ZstdCodec
from zarr._dtype.registry import parse_data_type
from zarr.errors import CodecError, MetadataValidationError

TEXT = b"the same again " * 100
CODECS = [GzipCodec(), ZstdCodec(), ZstdCodec(level=-5, checksum=True), BloscCodec(), Crc32cCodec()]


def spec_of(nbytes, dtype="u1"):
    return ChunkSpec((nbytes // np.dtype(dtype).itemsize,), parse_data_type(np.dtype(dtype), zarr_format=3), 0)


def encode(codec, data, dtype="u1"):
    return codec._encode_sync(CPUBuffer.from_bytes(data), spec_of(len(data), dtype)).to_bytes()


def decode(codec, data, nbytes=1500):
    return codec._decode_sync(CPUBuffer.from_bytes(data), spec_of(nbytes)).to_bytes()


@pytest.mark.parametrize("codec", CODECS, ids=str)
@given(data=st.binary(max_size=2000))
def test_round_trip(codec, data):
    assert decode(codec, encode(codec, data), len(data)) == data


@pytest.mark.parametrize("codec", CODECS, ids=str)
@settings(max_examples=200)
@given(draw=st.data())
def test_damaged_bytes_are_an_error_or_another_result_within_the_limit(codec, draw):
    encoded = bytearray(encode(codec, TEXT))
    kind = draw.draw(st.sampled_from(["cut", "flip", "append"]))
    position = draw.draw(st.integers(0, len(encoded) - 1))
    if kind == "cut":
        del encoded[position:]
    elif kind == "flip":
        encoded[position] ^= draw.draw(st.integers(1, 255))
    else:
        encoded += draw.draw(st.binary(min_size=1, max_size=20).filter(lambda tail: tail.strip(b"\0")))
    try:
        decoded = decode(codec, bytes(encoded))
    except CodecError:
        pass
    else:
        assert kind == "flip"
        assert len(decoded) <= output_limit(spec_of(len(TEXT)))


# -- gzip ---------------------------------------------------------------------------------------------------------


def test_gzip_is_reproducible_and_standard():
    encoded = encode(GzipCodec(level=9), TEXT)
    assert encoded == encode(GzipCodec(level=9), TEXT)
    assert encoded[4:8] == bytes(4)
    assert encoded[9] == 255
    assert gzip.decompress(encoded) == TEXT


def test_gzip_members_and_padding():
    members = gzip.compress(TEXT[:700]) + gzip.compress(b"") + gzip.compress(TEXT[700:])
    assert decode(GzipCodec(), members + bytes(512)) == TEXT
    with pytest.raises(CodecError, match="gzip"):
        decode(GzipCodec(), members + b"tail")
    with pytest.raises(CodecError):
        decode(GzipCodec(), zlib.compress(TEXT))


def test_gzip_of_many_tiny_members_takes_linear_time():
    members = gzip.compress(b"") * 20_000 + gzip.compress(TEXT)
    assert decode(GzipCodec(), members) == TEXT
    with pytest.raises(CodecError, match="cut short"):
        decode(GzipCodec(), members[:-9])


def test_gzip_of_more_than_one_piece():
    noise = np.random.default_rng(0).integers(0, 256, 100_000, "u1").tobytes()
    assert decode(GzipCodec(), gzip.compress(noise) + bytes(40_000), len(noise)) == noise


def bomb(nbytes):
    return np.zeros(nbytes, "u1").tobytes()


@pytest.mark.parametrize("codec", [GzipCodec(), ZstdCodec(), BloscCodec()], ids=str)
def test_output_is_capped(codec):
    encoded = encode(codec, bomb(10**7))
    with pytest.raises(CodecError, match="at most"):
        decode(codec, encoded, 1000)


# -- zstd ---------------------------------------------------------------------------------------------------------


def frame(*blocks, content=None, descriptor=0x00, window=0x38, tail=b""):
    """A Zstandard frame of raw (0) and repeated (1) blocks, built by hand."""
    head = struct.pack("<IB", 0xFD2FB528, descriptor) + bytes([window])
    body = b""
    for i, (kind, nbytes, data) in enumerate(blocks):
        last = i == len(blocks) - 1
        body += (last | kind << 1 | nbytes << 3).to_bytes(3, "little") + data
    return head + body + tail


def skippable(data):
    return struct.pack("<II", 0x184D2A53, len(data)) + data


def test_zstd_reads_frames_without_a_size():
    assert decode(ZstdCodec(), frame((0, 3, b"abc"), (1, 100, b"x"))) == b"abc" + b"x" * 100


def test_zstd_reads_frames_whose_bound_is_above_the_limit():
    blocks = [(0, 0, b"")] * 2 + [(0, 3, b"abc")]
    compressed = numcodecs.zstd.compress(np.zeros(1000, "u1"), 1)
    header_nbytes = 4 + 1 + 2  # magic, descriptor, two-byte size, single segment
    body = compressed[header_nbytes:]
    # The same compressed block in a frame that declares nothing, with a window of one block.
    unsized = struct.pack("<IBB", 0xFD2FB528, 0, 0x38) + body
    assert zstd.decompress(np.frombuffer(unsized, "u1"), 1000) == bytes(1000)
    many = struct.pack("<IBB", 0xFD2FB528, 0, 0x38) + not_last(body) * 3 + body
    assert zstd.decompress(np.frombuffer(many, "u1"), 4000) == bytes(4000)
    with pytest.raises(CodecError, match="more than 3999"):
        zstd.decompress(np.frombuffer(many, "u1"), 3999)
    assert decode(ZstdCodec(), frame(*blocks)) == b"abc"


def not_last(block):
    return bytes([block[0] & 0xFE]) + block[1:]


def test_zstd_reads_several_frames():
    first, second = numcodecs.zstd.compress(TEXT[:700], 1), numcodecs.zstd.compress(TEXT[700:], 1, True)
    empty = numcodecs.zstd.compress(b"", 1, True)
    assert decode(ZstdCodec(), skippable(b"note") + empty + first + skippable(b"") + second + empty) == TEXT


def test_zstd_unsized_bomb_is_refused():
    with pytest.raises(CodecError, match="bytes"):
        decode(ZstdCodec(), frame(*[(1, 2**17, b"x")] * 1000), 1000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x28\xb5\x2f",
        frame((3, 1, b"x")),
        frame((0, 5, b"abc")),
        frame((0, 0, b""), descriptor=0x04, tail=b"\0\0\0\0"),
        skippable(b"abc")[:-1],
        numcodecs.zstd.compress(TEXT, 1) + b"tail",
    ],
)
def test_zstd_damage_is_named(data):
    with pytest.raises(CodecError, match="zstd"):
        decode(ZstdCodec(), data)


# -- blosc --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cname", ["lz4", "lz4hc", "blosclz", "zstd", "zlib"])
@pytest.mark.parametrize("shuffle", ["noshuffle", "shuffle", "bitshuffle"])
def test_blosc_is_numcodecs(cname, shuffle):
    array = np.arange(5000, dtype="<i4")
    codec = BloscCodec(cname=cname, shuffle=shuffle, typesize=4, clevel=3)
    encoded = encode(codec, array.tobytes(), "i4")
    assert numcodecs.Blosc().decode(encoded) == array.tobytes()
    assert decode(codec, encoded, array.nbytes) == array.tobytes()
    flags = encoded[2]
    assert encoded[3] == 4
    assert flags & 5 == {"noshuffle": 0, "shuffle": 1, "bitshuffle": 4}[shuffle]


def test_blosc_fills_in_what_depends_on_the_data_type():
    wide = BloscCodec().evolve_from_array_spec(spec_of(8, "f8"))
    narrow = BloscCodec().evolve_from_array_spec(spec_of(8, "u1"))
    assert (wide.typesize, wide.shuffle) == (8, "shuffle")
    assert (narrow.typesize, narrow.shuffle) == (1, "bitshuffle")
    assert BloscCodec.from_dict(wide.to_dict()) == wide
    kept = BloscCodec(typesize=2, shuffle="noshuffle").evolve_from_array_spec(spec_of(8, "f8"))
    assert (kept.typesize, kept.shuffle) == (2, "noshuffle")
    as_bytes = BloscCodec().to_dict()["configuration"]
    assert (as_bytes["typesize"], as_bytes["shuffle"]) == (1, "bitshuffle")
    assert BloscCodec(shuffle="shuffle").to_dict()["configuration"]["shuffle"] == "shuffle"


def patched(position, fmt, value):
    container = bytearray(numcodecs.Blosc("lz4").encode(np.arange(5000)))
    struct.pack_into(fmt, container, position, value)
    return bytes(container)


@pytest.mark.parametrize(
    "data",
    [
        b"\x02",
        patched(0, "B", 1),
        patched(2, "B", 0x08 | 0x20),
        patched(2, "B", 0xE0),
        patched(2, "B", 0x40),
        patched(2, "B", 0x22),
        patched(3, "B", 0),
        patched(4, "<I", 2**31),
        patched(8, "<I", 0),
        patched(8, "<I", 1),
        patched(8, "<I", 2**31 + 5),
        patched(12, "<I", 17),
        patched(16, "<i", -1),
        patched(16, "<i", 3),
        patched(16, "<i", 2**30),
        patched(20, "<i", 2**30),
        numcodecs.Blosc("lz4").encode(np.arange(5000)) + b"x",
    ],
)
def test_blosc_header_is_not_believed(data):
    with pytest.raises(CodecError, match="blosc"):
        decode(BloscCodec(), data, 40000)


def test_blosc_refuses_impossible_match_lengths():
    header = struct.pack("<BBBBIII", 2, 1, 0x10, 1, 2**25, 2**25, 16 + 4 + 2**23 + 100)
    payload = struct.pack("<i", 20) + b"\xff" * (2**23 + 100)
    with pytest.raises(CodecError, match="match length"):
        blosc.decompress(np.frombuffer(header + payload, "u1"), 2**26)


# -- crc32c -------------------------------------------------------------------------------------------------------


def test_crc32c_of_the_standard():
    assert encode(Crc32cCodec(), b"123456789") == b"123456789" + (0xE3069283).to_bytes(4, "little")
    big = bytes(3 * 2**20 + 5)
    assert encode(Crc32cCodec(), big) == bytes(numcodecs.get_codec({"id": "crc32c"}).encode(big))
    assert Crc32cCodec().compute_encoded_size(9, spec_of(9)) == 13


@pytest.mark.parametrize("data", [b"", b"abc", b"123456789\0\0\0\0"])
def test_crc32c_mismatch(data):
    with pytest.raises(CodecError, match="checksum"):
        decode(Crc32cCodec(), data)


# -- metadata -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: GzipCodec(level=10), ValueError),
        (lambda: GzipCodec(level="5"), TypeError),
        (lambda: GzipCodec(level=True), TypeError),
        (lambda: ZstdCodec(level=23), ValueError),
        (lambda: ZstdCodec(checksum=1), TypeError),
        (lambda: BloscCodec(clevel=10), ValueError),
        (lambda: BloscCodec(cname="lzo"), ValueError),
        (lambda: BloscCodec(shuffle=-1), ValueError),
        (lambda: BloscCodec(typesize=0), ValueError),
    ],
)
def test_bad_settings_name_codec_and_key(make, error):
    with pytest.raises(error, match=r"of codec '(gzip|zstd|blosc)'"):
        make()


@pytest.mark.parametrize("cls", [GzipCodec, ZstdCodec, BloscCodec, Crc32cCodec])
def test_metadata_forms(cls):
    name = {GzipCodec: "gzip", ZstdCodec: "zstd", BloscCodec: "blosc", Crc32cCodec: "crc32c"}[cls]
    assert cls.from_dict(name) == cls.from_dict({"name": name, "configuration": {}}) == cls()
    with pytest.raises(MetadataValidationError, match=f"'{name}'.*'nonsense'"):
        cls.from_dict({"name": name, "configuration": {"nonsense": 1}})
    with pytest.raises(MetadataValidationError, match="other"):
        cls.from_dict("other")


def test_limit_has_a_margin():
    assert output_limit(spec_of(800)) == 900 + MARGIN_NBYTES
    assert output_limit(spec_of(800).replace(nbytes_limit=5)) == 5
