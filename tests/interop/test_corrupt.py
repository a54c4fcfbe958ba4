"""Damaged and hostile objects: a read gives an error of ours or the right elements, quickly and in little memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import resource
import struct
import time
import tracemalloc
import zlib
from functools import cache

import google_crc32c
import numcodecs
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import zarr
from tests.interop.documents import BIG, CRC32C, LITTLE, array_of, blosc, codec, put, sharded, v2, v3
from zarr.errors import BaseZarrError, CodecError
from zarr.storage import MemoryStore

SHAPE, CHUNKS = (6, 8), (6, 8)
MISSING = 2**64 - 1


def ramp(dtype="i4"):
    """Elements that compress a little."""
    return (np.arange(48).reshape(SHAPE) // 3).astype(dtype)


def chain(*codecs, data_type="int32", shape=SHAPE, chunks=CHUNKS, **members):
    return v3(data_type, shape, chunks, codecs, **members)


def v2_chunk(dtype="<i4", **members):
    return v2(dtype, SHAPE, CHUNKS, **members)


SHARD_WITH_CHECKSUMS = sharded((2, 4), [LITTLE, CRC32C])

# Chains of which a checksum covers every byte that decides about an element.
CHECKED = {
    "crc32c": chain(LITTLE, CRC32C),
    "crc32c-big": chain(BIG, CRC32C),
    "gzip-crc32c": chain(LITTLE, codec("gzip", level=1), CRC32C),
    "zstd-crc32c": chain(LITTLE, codec("zstd", level=1), CRC32C),
    "blosc-crc32c": chain(LITTLE, blosc("lz4", "shuffle"), CRC32C),
    "crc32c-inside-gzip": chain(LITTLE, CRC32C, codec("gzip", level=1)),
    "zstd-checksum": chain(LITTLE, codec("zstd", level=1, checksum=True)),
    "gzip": chain(LITTLE, codec("gzip", level=1)),
    "shard": chain(SHARD_WITH_CHECKSUMS),
    "shard-start": chain(sharded((2, 4), [LITTLE, CRC32C], location="start")),
    "shard-of-zstd": chain(sharded((2, 4), [LITTLE, codec("zstd", level=1, checksum=True), CRC32C])),
    "shard-in-shard": chain(sharded((6, 4), [SHARD_WITH_CHECKSUMS])),
    "shard-in-crc32c": chain(sharded((2, 4), index_codecs=[LITTLE]), CRC32C),
    "shard-in-gzip": chain(sharded((2, 4), index_codecs=[LITTLE]), codec("gzip", level=1)),
    "strings": chain(codec("vlen-utf8"), CRC32C, data_type="string", fill_value=""),
    "v2-crc32": v2_chunk(filters=[{"id": "crc32"}]),
    "v2-adler32": v2_chunk(compressor={"id": "adler32"}),
    "v2-crc32c": v2_chunk(compressor={"id": "crc32c"}),
    "v2-fletcher32": v2_chunk(compressor={"id": "fletcher32"}),
    "v2-jenkins": v2_chunk(compressor={"id": "jenkins_lookup3"}),
    "v2-zlib": v2_chunk(compressor={"id": "zlib"}),
    "v2-gzip": v2_chunk(compressor={"id": "gzip"}),
    "v2-bz2": v2_chunk(compressor={"id": "bz2"}),
    "v2-lzma": v2_chunk(compressor={"id": "lzma"}),
    "v2-zstd-checksum": v2_chunk(compressor={"id": "zstd", "level": 1, "checksum": True}),
}
# Without a checksum damage may go unseen, but no error may be strange.
UNCHECKED = {
    "bytes": chain(LITTLE),
    "zstd": chain(LITTLE, codec("zstd", level=1)),
    "shard-bare": chain(sharded((2, 4), index_codecs=[LITTLE])),
    "shard-bare-of-zstd": chain(sharded((2, 4), [LITTLE, codec("zstd", level=1)], [LITTLE], "start")),
    "shard-bare-in-shard": chain(sharded((6, 4), [sharded((2, 4), index_codecs=[LITTLE])], [LITTLE])),
    "shard-in-zstd": chain(sharded((2, 4), index_codecs=[LITTLE]), codec("zstd", level=1)),
    "bool": chain(codec("bytes"), data_type="bool", fill_value=False),
    "utf32": chain(LITTLE, data_type=codec("fixed_length_utf32", length_bytes=8), fill_value=""),
    "vlen-utf8": chain(codec("vlen-utf8"), data_type="string", fill_value=""),
    "vlen-bytes": chain(codec("vlen-bytes"), data_type="bytes", fill_value=""),
    "vlen-utf8-gzip": chain(codec("vlen-utf8"), codec("zstd", level=1), data_type="string", fill_value=""),
    "delta": chain(codec("numcodecs.delta", dtype="int32"), LITTLE),
    "numcodecs-lz4": chain(LITTLE, codec("numcodecs.lz4")),
    "numcodecs-shuffle": chain(LITTLE, codec("numcodecs.shuffle", elementsize=4)),
    **{
        f"blosc-{cname}-{shuffle}": chain(LITTLE, blosc(cname, shuffle))
        for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd")
        for shuffle in ("noshuffle", "shuffle", "bitshuffle")
    },
    "v2-lz4": v2_chunk(compressor={"id": "lz4"}),
    "v2-lzma-alone": v2_chunk(compressor={"id": "lzma", "format": 2}),
    "v2-blosc": v2_chunk(compressor={"id": "blosc"}),
    "v2-zstd": v2_chunk(compressor={"id": "zstd"}),
    "v2-base64": v2_chunk(compressor={"id": "base64"}),
    "v2-shuffle": v2_chunk(filters=[{"id": "shuffle", "elementsize": 4}]),
    "v2-delta": v2_chunk(filters=[{"id": "delta", "dtype": "<i4"}]),
    "v2-scale": v2_chunk("<f8", filters=[{"id": "fixedscaleoffset", "offset": 0, "scale": 1, "dtype": "<f8"}]),
    "v2-astype": v2_chunk("<f8", filters=[{"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}]),
    "v2-packbits": v2_chunk("|b1", fill=False, filters=[{"id": "packbits"}]),
    "v2-vlen-utf8": v2_chunk("|O", fill="", filters=[{"id": "vlen-utf8"}]),
    "v2-vlen-bytes": v2_chunk("|O", fill="", filters=[{"id": "vlen-bytes"}], compressor={"id": "zstd"}),
    "v2-datetime": v2_chunk("<M8[ns]", compressor={"id": "zlib"}),
}
ALL = {**CHECKED, **UNCHECKED}
# Behind its chunks a shard with the index at its start may hold anything.
MAY_BE_FOLLOWED = {"shard-start", "shard-bare-of-zstd"}
KEY = {2: "0.0", 3: "c/0/0"}


def key_of(document):
    return KEY[document["zarr_format"]]


_MADE = {}


def make(name):
    """Elements, and the bytes of the one object that holds them."""
    if name not in _MADE:
        document, store = ALL[name], MemoryStore()
        array = array_of(store, document, mode="r+")
        kind = np.dtype(array.dtype).kind
        data = ramp()
        if kind in "TU":
            data = np.array([["é" * (i % 2) + str(i % 10) for i in row] for row in data])
        elif kind == "O":
            data = np.array([[str(i).encode() for i in row] for row in data], object)
            if isinstance(array[0, 0], str):
                data = np.array([[str(i) for i in row] for row in ramp()], object)
        elif kind == "b":
            data = data % 3 == 0
        elif kind == "M":
            data = data.astype("M8[ns]")
        array[...] = data
        _MADE[name] = np.array(array[...]), store.get_sync(key_of(document)).to_bytes()
    return _MADE[name]


def read_damaged(document, raw, selection=Ellipsis):
    """Elements, or None for an error that is clear: one of ours that names the object."""
    array = array_of(MemoryStore(), document, **{key_of(document): raw})
    try:
        return np.asarray(array[selection])
    except BaseZarrError as exc:
        error = exc
    assert type(error).__module__ == "zarr.errors"
    assert key_of(document) in str(error)
    return None


def same(found, expected):
    return found.dtype == expected.dtype and np.array_equal(found, expected)


# -- damage by accident -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
class TestDamage:
    def test_the_undamaged_object_is_read(self, name, engine):
        data, raw = make(name)
        assert same(read_damaged(ALL[name], raw), data)

    def test_a_shortened_object_is_refused_whatever_its_length(self, name, engine):
        _, raw = make(name)
        read = [n for n in range(len(raw)) if read_damaged(ALL[name], raw[:n]) is not None]
        # Behind the content of these there may be padding that says nothing.
        assert read == ([len(raw) - 1] if name == "v2-base64" and raw.endswith(b"=") else [])

    def test_bytes_behind_an_object_are_refused(self, name, engine):
        data, raw = make(name)
        found = read_damaged(ALL[name], raw + b"\x07")
        if name in MAY_BE_FOLLOWED:
            assert same(found, data)
        else:
            assert found is None

    def test_a_changed_byte_anywhere_is_refused_or_does_no_harm(self, name, engine):
        data, raw = make(name)
        n_refused = 0
        for position in range(len(raw)):
            for flipped in (0x01, 0x80, 0xFF):
                damaged = bytearray(raw)
                damaged[position] ^= flipped
                found = read_damaged(ALL[name], bytes(damaged))
                n_refused += found is None
                if found is None:
                    continue
                assert found.shape == data.shape
                assert found.dtype == data.dtype
                assert name in UNCHECKED or same(found, data), f"byte {position} changed by {flipped:#x} went unseen"
        assert n_refused > 0 or name in UNCHECKED

    def test_other_bytes_altogether_are_refused_or_read_as_elements(self, name, engine):
        data, raw = make(name)
        rng = np.random.default_rng(11)
        fillers = [filler * n for filler in (b"\0", b"\xff") for n in (1, 16, len(raw))]
        if name == "v2-fletcher32":
            fillers = []  # its checksum of only zeros is zero, and of only ones is ones
        for other in [*fillers, *(rng.bytes(n) for n in (3, 20, len(raw), 3 * len(raw)))]:
            found = read_damaged(ALL[name], other)
            assert found is None or (found.shape == data.shape and name in UNCHECKED)


def edits(length):
    """Ways to damage an object: bytes changed, a part cut out, a part repeated."""
    place = st.integers(0, length - 1)
    change = st.tuples(st.just("change"), place, st.integers(1, 255))
    cut = st.tuples(st.just("cut"), place, st.integers(1, 40))
    repeat = st.tuples(st.just("repeat"), place, st.integers(1, 40))
    return st.lists(st.one_of(change, change, cut, repeat), min_size=1, max_size=6)


def apply(raw, damage):
    damaged = bytearray(raw)
    for kind, place, amount in damage:
        if kind == "change" and place < len(damaged):
            damaged[place] ^= amount
        elif kind == "cut":
            del damaged[place : place + amount]
        elif kind == "repeat":
            damaged[place:place] = damaged[place : place + amount]
    return bytes(damaged)


@cache
def pieces(name):
    """Where the parts of an object lie that have a CRC-32C of their own behind them, as slices."""
    _, raw = make(name)
    spans = [slice(start, stop) for start in range(len(raw)) for stop in range(start + 5, len(raw) + 1)]
    return [at for at in spans if google_crc32c.value(raw[at][:-4]).to_bytes(4, "little") == raw[at][-4:]]


def is_moved(name, damaged):
    """Whether a whole part lies in the place of another, as after one of equal length was repeated: no checksum tells."""
    _, raw = make(name)
    whole = {raw[at] for at in pieces(name)}
    return any(damaged[at] != raw[at] and damaged[at] in whole for at in pieces(name))


def test_a_part_in_the_place_of_another_is_recognised():
    _, raw = make("shard-start")
    assert is_moved("shard-start", apply(raw, [("repeat", 64, 36)]))
    assert not is_moved("shard-start", apply(raw, [("repeat", 64, 35)]))
    assert not is_moved("shard-start", apply(raw, [("change", 110, 1)]))


SELECTIONS = [Ellipsis, (0, 0), (slice(1, 5), slice(3, 6)), (5, slice(None)), (slice(None, None, 4), 7)]


@pytest.mark.parametrize("engine_name", ["native", "python"])
@given(data=st.data())
def test_damage_under_a_checksum_never_changes_an_element(engine_name, data):
    name = data.draw(st.sampled_from(sorted(CHECKED)))
    expected, raw = make(name)
    damaged = apply(raw, data.draw(edits(len(raw))))
    assume(not is_moved(name, damaged))
    selection = data.draw(st.sampled_from(SELECTIONS))
    with zarr.config.set({"engine": engine_name}):
        found = read_damaged(CHECKED[name], damaged, selection)
    assert found is None or same(found, np.asarray(expected[selection]))


@pytest.mark.parametrize("engine_name", ["native", "python"])
@given(data=st.data())
def test_damage_without_a_checksum_raises_nothing_strange(engine_name, data):
    name = data.draw(st.sampled_from(sorted(UNCHECKED)))
    expected, raw = make(name)
    selection = data.draw(st.sampled_from(SELECTIONS))
    with zarr.config.set({"engine": engine_name}):
        found = read_damaged(UNCHECKED[name], apply(raw, data.draw(edits(len(raw)))), selection)
    assert found is None or found.shape == np.asarray(expected[selection]).shape


# -- indexes of shards --------------------------------------------------------------------------------------------------

ENTRY_SHARD = {
    location: chain(
        sharded((1,), [codec("bytes")], location=location), data_type="uint8", shape=(4,), chunks=(4,), fill_value=9
    )
    for location in ("start", "end")
}
INDEX_NBYTES = 4 * 16 + 4
GOOD_ENTRIES = [(0, 1), (1, 1), (2, 1), (3, 1)]


def shard_of(entries, payload, location):
    """A shard with any index, and a right checksum over it."""
    index = b"".join(struct.pack("<QQ", *entry) for entry in entries)
    index += struct.pack("<I", google_crc32c.value(index))
    return payload + index if location == "end" else index + payload


@pytest.mark.parametrize("location", ["start", "end"])
class TestShardIndex:
    def read(self, location, entries, selection=Ellipsis, payload=b"\1\2\3\4"):
        base = 0 if location == "end" else INDEX_NBYTES
        shifted = [(o + base if o < 1000 else o, n) for o, n in entries]
        document, raw = ENTRY_SHARD[location], shard_of(shifted, payload, location)
        return array_of(MemoryStore(), document, **{"c/0": raw})[selection]

    def test_a_good_index_is_read(self, location, engine):
        assert self.read(location, GOOD_ENTRIES).tolist() == [1, 2, 3, 4]

    def test_entries_may_share_bytes(self, location, engine):
        assert self.read(location, [(1, 1), (1, 1), (MISSING, MISSING), (1, 1)]).tolist() == [2, 2, 9, 2]

    @pytest.mark.parametrize(
        ("entry", "said"),
        [
            ((MISSING, 1), "absence"),
            ((0, MISSING), "absence"),
            ((MISSING - 1, 1), "outside"),
            ((MISSING - 1, 2), "outside"),
            ((0, MISSING - 1), "outside"),
            ((2**63, 1), "outside"),
            ((0, 2**63), "outside"),
            ((2**40, 2**40), "outside"),
            ((500, 1), "outside"),
            ((3, 200), "outside|overlaps"),
            ((1, 0), "0 bytes"),
            ((0, 2), "2 bytes"),
        ],
    )
    @pytest.mark.parametrize("row", [0, 3])
    def test_a_bad_entry_is_refused_and_named(self, location, entry, said, row, engine):
        entries = list(GOOD_ENTRIES)
        entries[row] = entry
        for selection in (Ellipsis, row):
            with pytest.raises(CodecError, match=said) as caught:
                self.read(location, entries, selection)
            assert "c/0" in str(caught.value)

    def test_an_entry_inside_the_index_is_refused(self, location, engine):
        inside = (4, 1) if location == "end" else (-1, 1)
        with pytest.raises(CodecError, match="overlaps the shard index"):
            self.read(location, [inside, *GOOD_ENTRIES[1:]])

    def test_an_object_shorter_than_its_index_is_refused(self, location, engine):
        for n in (0, 1, 4, INDEX_NBYTES - 1):
            document = ENTRY_SHARD[location]
            with pytest.raises(CodecError, match="c/0"):
                array_of(MemoryStore(), document, **{"c/0": bytes(n)})[0]

    def test_a_shard_of_a_thousand_million_chunks_that_is_not_there_costs_nothing(self, location, engine):
        document = chain(
            sharded((1,), [codec("bytes")], location=location), data_type="uint8", shape=(2**30,), chunks=(2**30,)
        )
        with frugal():
            assert array_of(MemoryStore(), document)[5] == 0
            with pytest.raises(CodecError, match="c/0"):
                array_of(MemoryStore(), document, **{"c/0": bytes(1000)})[5]


# -- bombs ----------------------------------------------------------------------------------------------------------


class frugal:  # reads as a statement
    """Fail if the block takes more than 48 MiB or ten seconds."""

    def __enter__(self):
        tracemalloc.start()
        self.began = time.monotonic()

    def __exit__(self, *exc_info):
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 48 * 2**20, f"{peak} bytes at the peak"
        assert time.monotonic() - self.began < 10


ZEROS = bytes(256 * 2**20)


def many_times(stream):
    return stream * (256 * 2**20 // 2**16)


def zstd_claiming(n):
    """A frame that declares `n` bytes and holds one block of repeated zeros."""
    block = ((2**17 << 3) | 2 | 1).to_bytes(3, "little") + b"\0"
    return bytes.fromhex("28b52ffd e0") + struct.pack("<Q", n) + block


def zstd_repeating():
    """A frame without a size: 2048 blocks of 128 KiB of zeros each, which is 256 MiB in 8 KiB."""
    block = ((2**17 << 3) | 2).to_bytes(3, "little") + b"\0"
    last = ((2**17 << 3) | 2 | 1).to_bytes(3, "little") + b"\0"
    return bytes.fromhex("28b52ffd 00 70") + block * 2047 + last


def blosc_claiming(n):
    return struct.pack("<BBBBIII", 2, 1, 0x21, 4, n, n, 36) + struct.pack("<I", 20) + bytes(16)


BOMBS = {
    "gzip": ({"id": "gzip"}, lambda: gzip.compress(ZEROS)),
    "gzip-members": ({"id": "gzip"}, lambda: many_times(gzip.compress(bytes(2**16)))),
    "zlib": ({"id": "zlib"}, lambda: zlib.compress(ZEROS)),
    "bz2": ({"id": "bz2"}, lambda: bz2.compress(ZEROS)),
    "lzma": ({"id": "lzma"}, lambda: lzma.compress(ZEROS, preset=0)),
    "lzma-dictionary": (
        {"id": "lzma", "format": 2},
        lambda: b"\x5d" + struct.pack("<IQ", 2**32 - 1, 2**40) + bytes(20),
    ),
    "zstd": ({"id": "zstd"}, lambda: bytes(numcodecs.Zstd(level=1).encode(ZEROS))),
    "zstd-claim": ({"id": "zstd"}, lambda: zstd_claiming(2**62)),
    "zstd-claim-all": ({"id": "zstd"}, lambda: zstd_claiming(2**64 - 1)),
    "zstd-without-size": ({"id": "zstd"}, zstd_repeating),
    "lz4": ({"id": "lz4"}, lambda: bytes(numcodecs.LZ4().encode(ZEROS))),
    "lz4-claim": ({"id": "lz4"}, lambda: struct.pack("<I", 2**31 - 1) + bytes(8)),
    "lz4-claim-all": ({"id": "lz4"}, lambda: struct.pack("<I", 2**32 - 1) + bytes(8)),
    "blosc": ({"id": "blosc"}, lambda: bytes(numcodecs.Blosc("lz4").encode(ZEROS))),
    "blosc-claim": ({"id": "blosc"}, lambda: blosc_claiming(2**31 - 17)),
    "blosc-claim-all": ({"id": "blosc"}, lambda: blosc_claiming(2**32 - 1)),
}
_IN_V3 = {"gzip": "gzip", "zstd": "zstd", "blosc": "blosc"}


@pytest.fixture(scope="module")
def bomb():
    """Makes each bomb once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = BOMBS[name][1]()
        return made[name]

    return get


@pytest.mark.parametrize("name", BOMBS)
def test_what_decompresses_to_far_too_much_is_refused_in_little_memory(name, bomb, engine):
    raw, compressor = bomb(name), BOMBS[name][0]
    documents = [v2_chunk(compressor=compressor)]
    if compressor["id"] == "blosc":
        documents.append(chain(LITTLE, blosc("lz4", "shuffle")))
    elif compressor["id"] in ("gzip", "zstd"):
        documents.append(chain(LITTLE, codec(compressor["id"], level=1)))
    else:
        documents.append(chain(LITTLE, codec(f"numcodecs.{compressor['id']}", **without_id(compressor))))
    for document in documents:
        array = array_of(MemoryStore(), document, **{key_of(document): raw})
        with frugal(), pytest.raises(CodecError, match="decode"):
            array[...]


@pytest.mark.parametrize(
    ("compressor", "claiming"),
    [
        ("zstd", lambda: zstd_claiming(2**30)),
        ("zstd", lambda: zstd_claiming(2**62)),
        ("lz4", lambda: struct.pack("<I", 2**30) + bytes(8)),
        ("blosc", lambda: blosc_claiming(2**30)),
    ],
)
def test_text_is_not_believed_to_be_as_long_as_a_header_claims(compressor, claiming, engine):
    raw = claiming()
    document = v2_chunk("|O", fill="", filters=[{"id": "vlen-utf8"}], compressor={"id": compressor})
    array = array_of(MemoryStore(), document, **{key_of(document): raw})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with frugal(), pytest.raises(CodecError, match=key_of(document)):
        array[...]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def without_id(configuration):
    return {key: value for key, value in configuration.items() if key != "id"}


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack("<I", 2**32 - 1),
        struct.pack("<II", 48, 2**32 - 1),
        struct.pack("<I", 48) + struct.pack("<I", 0) * 47,
        struct.pack("<I", 48) + struct.pack("<I", 0) * 49,
        struct.pack("<I", 47) + struct.pack("<I", 0) * 47,
        b"",
        b"\1",
    ],
)
@pytest.mark.parametrize("name", ["vlen-utf8", "vlen-bytes", "v2-vlen-utf8"])
def test_counts_and_lengths_of_variable_elements_are_checked(name, raw, engine):
    with frugal():
        assert read_damaged(ALL[name], raw) is None


@pytest.mark.parametrize("name", ["vlen-utf8", "v2-vlen-utf8"])
def test_text_that_is_no_utf_8_is_refused(name, engine):
    raw = struct.pack("<I", 48) + (struct.pack("<I", 1) + b"\xff") * 48
    assert read_damaged(ALL[name], raw) is None


# -- writing over damage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["crc32c", "zstd-checksum", "shard", "shard-start", "shard-in-shard", "v2-zlib"])
def test_a_part_cannot_be_written_over_a_damaged_object_and_nothing_is_lost(name, store, engine):
    document, (_, raw) = ALL[name], make(name)
    damaged = raw[:-3]
    array = array_of(store, document, mode="r+", **{key_of(document): damaged})
    if name == "shard-start":
        damaged = b"\1" + raw[1:]
        put(store, {key_of(document): damaged})
    with pytest.raises(BaseZarrError, match=key_of(document)):
        array[0, 0] = 5
    assert store.get_sync(key_of(document)).to_bytes() == damaged


@pytest.mark.parametrize("name", ["crc32c", "zstd-checksum", "shard", "shard-in-shard", "v2-zlib"])
def test_a_damaged_object_can_be_replaced_whole(name, store, engine):
    document, (data, raw) = ALL[name], make(name)
    array = array_of(store, document, mode="r+", **{key_of(document): raw[:-3]})
    array[...] = data
    assert same(np.asarray(array[...]), data)


def test_a_damaged_inner_chunk_leaves_the_others_readable_and_writable(store, engine):
    document, (data, raw) = ALL["shard"], make("shard")
    offset = raw.index(data[4:6, 4:8].tobytes())
    damaged = raw[:offset] + b"\x55" + raw[offset + 1 :]
    array = array_of(store, document, mode="r+", **{"c/0/0": damaged})
    with pytest.raises(CodecError, match="crc32c"):
        array[5, 5]
    np.testing.assert_array_equal(array[:4], data[:4])
    array[0, 0] = 77
    assert array[0, 0] == 77
    np.testing.assert_array_equal(array[:4, 1:], data[:4, 1:])
    with pytest.raises(CodecError, match="crc32c"):
        array[5, 5]
    array[4:6, 4:8] = 1
    assert (array[4:6, 4:8] == 1).all()
