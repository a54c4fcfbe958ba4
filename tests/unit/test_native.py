"""The compiled module does what its stub says. Kernel behaviour in depth is tested in `rust/kernel`."""

import gc
import io
import os
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import google_crc32c
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.children import end_of_child
from zarr.buffer.cpu import Buffer
from zarr.errors import CodecError

native = pytest.importorskip("zarr._native")

ABSENT = 2**64 - 1
UNKNOWN = {"object_nbytes": None, "index_offset": None}


def table(*pairs):
    return np.array(pairs, dtype="<u8").reshape(-1, 2)


def flip_last_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


class TestBuffers:
    EXPECTED = native.crc32c(bytes(range(16)))

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_bytes_likes(self, kind):
        assert native.crc32c(kind(bytes(range(16)))) == self.EXPECTED

    @pytest.mark.parametrize(
        "dtype",
        [
            "u1",
            "<i2",
            ">i2",
            "<f4",
            "<c16",
            "?",
            "S3",
            "U2",
            "V5",
            "M8[ns]",
            "m8[s]",
            "i2,f4",
            "<f2",
        ],
    )
    @pytest.mark.parametrize("shape", [(4, 6), (), (0, 3)])
    def test_arrays_of_any_data_type(self, dtype, shape):
        itemsize = np.dtype(dtype).itemsize
        raw = np.arange(int(np.prod(shape)) * itemsize, dtype="u1") % 2
        array = raw.view(dtype).reshape(shape)
        assert native.crc32c(array) == google_crc32c.value(array.tobytes())

    def test_read_only_array(self):
        array = np.arange(16, dtype="u1")
        array.flags.writeable = False
        assert native.crc32c(array) == self.EXPECTED

    @pytest.mark.parametrize("dtype", ["u1", "M8[s]"])
    def test_wants_c_order(self, dtype):
        array = np.zeros((4, 4), dtype)
        for strided in (array[:, ::2], array.T[:, :3]):
            with pytest.raises(ValueError, match="C-contiguous"):
                native.crc32c(strided)

    @pytest.mark.parametrize("bad", ["text", 1, None, [1, 2], np.array([None, "a"], dtype=object)])
    def test_no_bytes(self, bad):
        with pytest.raises(TypeError):
            native.crc32c(bad)

    def test_variable_length_strings_have_no_bytes(self):
        strings = np.array(["a", "b"], dtype=np.dtypes.StringDType())
        with pytest.raises((TypeError, ValueError)):
            native.crc32c(strings)

    def test_results_do_not_alias_arguments(self):
        data = bytearray(b"abc")
        encoded = native.crc32c_append(data)
        data[0] = 0
        assert encoded[:3] == b"abc"

    def test_buffers_are_given_back(self):
        data = bytearray(b"abc")
        native.crc32c(data)
        data.extend(b"d")  # raises BufferError while somebody holds the buffer


class TestCrc32c:
    @given(st.binary(max_size=5000))
    def test_agrees_with_another_implementation(self, data):
        assert native.crc32c(data) == google_crc32c.value(data)

    @given(st.binary(max_size=200))
    def test_round_trip(self, data):
        encoded = native.crc32c_append(data)
        assert encoded == data + google_crc32c.value(data).to_bytes(4, "little")
        assert native.crc32c_strip(encoded) == data

    def test_large(self):
        data = np.random.default_rng(0).integers(0, 256, 10_000_000, dtype="u1")
        assert native.crc32c(data) == google_crc32c.value(data.tobytes())

    @given(st.binary(max_size=200))
    def test_corrupt(self, data):
        with pytest.raises(ValueError, match="corrupt"):
            native.crc32c_strip(flip_last_bit(native.crc32c_append(data)))

    def test_too_short(self):
        with pytest.raises(ValueError, match="3 bytes long, too short"):
            native.crc32c_strip(b"abc")

    def test_threads(self):
        blocks = [np.full(100_000 + i, i, dtype="u1") for i in range(32)]
        expected = [google_crc32c.value(block.tobytes()) for block in blocks]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(native.crc32c, blocks)) == expected


class TestShardIndex:
    ENTRIES = table((0, 2), (2, 2), (ABSENT, ABSENT), (4, 2))

    @pytest.mark.parametrize("checksum", [True, False])
    def test_round_trip(self, checksum):
        encoded = native.encode_shard_index(self.ENTRIES, checksum)
        assert len(encoded) == 64 + 4 * checksum
        assert encoded[:64] == self.ENTRIES.tobytes()
        decoded = native.decode_shard_index(encoded, 4, checksum, 6 + len(encoded), 6)
        assert decoded == self.ENTRIES.tobytes()

    def test_worked_example(self):
        encoded = native.encode_shard_index(self.ENTRIES, checksum=True)
        assert encoded[64:].hex() == "7f5d95ad"

    @pytest.mark.parametrize("half", [(ABSENT, 0), (0, ABSENT)])
    def test_half_absent(self, half):
        bad = table((0, 1), half)
        with pytest.raises(ValueError, match=r"entry 1 .* marker for absence in one"):
            native.encode_shard_index(bad, checksum=True)
        with pytest.raises(ValueError, match=r"entry 1 .* marker for absence in one"):
            native.decode_shard_index(bad, 2, checksum=False, **UNKNOWN)

    def test_overflow(self):
        bad = table((ABSENT - 1, 2))
        with pytest.raises(ValueError, match=r"entry . .* lies outside"):
            native.encode_shard_index(bad, checksum=True)
        with pytest.raises(ValueError, match=r"entry . .* lies outside"):
            native.decode_shard_index(bad, 1, checksum=False, **UNKNOWN)

    def test_ragged(self):
        with pytest.raises(ValueError, match="17 bytes"):
            native.encode_shard_index(bytes(17), checksum=True)

    @pytest.mark.parametrize("n_chunks", [0, 3, 5, 2**62])
    def test_wrong_count(self, n_chunks):
        encoded = native.encode_shard_index(self.ENTRIES, checksum=True)
        with pytest.raises(ValueError, match="shard index"):
            native.decode_shard_index(encoded, n_chunks, checksum=True, **UNKNOWN)

    def test_negative_count(self):
        with pytest.raises(OverflowError):
            native.decode_shard_index(b"", -1, checksum=True, **UNKNOWN)

    def test_corrupt(self):
        encoded = native.encode_shard_index(self.ENTRIES, checksum=True)
        with pytest.raises(ValueError, match="checksum"):
            native.decode_shard_index(flip_last_bit(encoded), 4, checksum=True, **UNKNOWN)

    @pytest.mark.parametrize(
        ("entry", "object_nbytes", "index_offset", "message"),
        [
            ((0, 10), 26, 10, None),
            ((0, 11), 26, 10, "overlaps the shard index"),
            ((16, 4), 20, 0, None),
            ((15, 4), 20, 0, "overlaps the shard index"),
            ((16, 5), 20, 0, "outside the shard"),
            ((16, 5), None, 0, None),
            ((15, 1), None, 0, "overlaps the shard index"),
            ((0, 20), 20, None, None),
            ((0, 21), 20, None, "outside the shard"),
            ((0, 0), 15, 0, "too few for its index"),
            ((0, 0), 20, 2**64 - 1, "too few for its index"),
        ],
    )
    def test_places(self, entry, object_nbytes, index_offset, message):
        encoded = table(entry)
        arguments = (encoded, 1, False, object_nbytes, index_offset)
        if message is None:
            assert native.decode_shard_index(*arguments) == encoded.tobytes()
        else:
            with pytest.raises(ValueError, match=message):
                native.decode_shard_index(*arguments)

    @given(st.binary(max_size=100), st.integers(0, 6), st.booleans())
    def test_any_bytes(self, encoded, n_chunks, checksum):
        try:
            decoded = native.decode_shard_index(encoded, n_chunks, checksum, len(encoded), 0)
        except ValueError:
            return
        pairs = np.frombuffer(decoded, "<u8").reshape(n_chunks, 2).tolist()
        assert all(pair == [ABSENT, ABSENT] or pair[1] == 0 for pair in pairs)


def test_build_info_names_this_version():
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    version = tomllib.loads(pyproject.read_text())["project"]["version"]
    info = native.build_info()
    assert info["version"] == version
    assert info["profile"] in {"debug", "release"}
    assert info["target"] not in {"", "unknown"}


def row_of_bytes(nbytes, chunk_nbytes):
    """The pipeline of an array of bytes without codecs."""
    return native.Pipeline(
        shape=(nbytes,),
        object_shape=(chunk_nbytes,),
        chunk_shape=(chunk_nbytes,),
        order=[0],
        itemsize=1,
        swap_nbytes=1,
        codecs=[],
        levels=[],
        fill=b"\0",
        keeps_empty=True,
        refuses_missing=False,
    )


KEYS = native.Keys("default", "/", "")
PLACES = ["memory"] if os.name == "nt" else ["memory", "directory"]


def items_of(codec, n_items, **options):
    """An array of text or byte strings in one chunk."""
    return native.Pipeline(
        shape=(n_items,),
        object_shape=(n_items,),
        chunk_shape=(n_items,),
        order=(0,),
        items=codec,
        itemsize=1,
        swap_nbytes=1,
        levels=[],
        fill=b"fill",
        **{"codecs": [], "keeps_empty": False, "refuses_missing": False, **options},
    )


class TestItems:
    WHOLE = ((0, 1, 3),)
    TEXT = np.dtypes.StringDType()
    STREAM = bytes.fromhex("03000000 01000000 61 00000000 02000000 c3a9")

    def test_text_is_encoded_and_decoded(self):
        request = items_of("vlen-utf8", 3).request(self.WHOLE, False)
        for value in (np.array(["a", "", "é"], self.TEXT), np.array(["a", None, "é"], object)):
            (encoded,) = request.encode(0, [None], value, 1)
            assert bytes(encoded) == self.STREAM
            out = np.full(3, "before", value.dtype)
            request.decode(0, encoded, out)
            assert out.tolist() == ["a", "", "é"]
            request.decode(0, None, out)
            assert out.tolist() == ["fill"] * 3

    def test_byte_strings_are_encoded_and_decoded(self):
        request = items_of("vlen-bytes", 3).request(self.WHOLE, False)
        value = np.array([b"a", bytearray(), memoryview("é".encode())], object)
        (encoded,) = request.encode(0, [None], value, 1)
        assert bytes(encoded) == self.STREAM
        out = np.empty(3, object)
        request.decode(0, encoded, out)
        assert out.tolist() == [b"a", b"", "é".encode()]

    def test_what_is_no_item_is_named(self):
        request = items_of("vlen-bytes", 3).request(self.WHOLE, False)
        with pytest.raises(CodecError, match=r"'text' of type str is not a byte string"):
            request.encode(0, [None], np.array([b"a", "text", b"b"], object), 1)
        request = items_of("vlen-utf8", 3).request(self.WHOLE, False)
        with pytest.raises(CodecError, match=r"cannot be written as UTF-8"):
            request.encode(0, [None], np.array(["a", "\ud800", "b"], object), 1)

    @pytest.mark.parametrize("codec", ["vlen-utf8", "vlen-bytes"])
    def test_other_memory_is_refused(self, codec):
        request = items_of(codec, 3).request(self.WHOLE, False)
        text = np.empty(3, self.TEXT)
        others = [np.empty(3, "V16"), np.empty(4, object), np.empty((3, 1), object), [1, 2, 3], "abc"]
        if codec == "vlen-bytes":
            others.append(text)
        read_only = np.empty(3, object)
        read_only.flags.writeable = False
        for other in (*others, read_only):
            with pytest.raises((TypeError, ValueError, BufferError)):
                request.decode(0, None, other)
        fixed = row_of_bytes(3, 3).request(self.WHOLE, False)
        for other in (text, np.empty(3, object)):
            with pytest.raises(TypeError):
                fixed.decode(0, None, other)

    def test_results_own_their_objects(self):
        request = items_of("vlen-bytes", 3).request(self.WHOLE, False)
        before = bytes(range(200))
        out = np.array([before] * 3, object)
        count = sys.getrefcount(before)
        request.decode(0, self.STREAM, out)
        assert sys.getrefcount(before) == count - 3
        request.decode(0, None, out)
        assert out[0] is out[1] is out[2]

    def test_it_takes_objects_that_are_elements_already(self):
        class Text(str):
            __slots__ = ()

        def taken(codec, *items):
            return items_of(codec, len(items)).takes(np.array(items, object))

        assert taken("vlen-utf8", "a", "é", "")
        assert taken("vlen-bytes", b"a", b"")
        assert not taken("vlen-bytes", b"a", "a")
        assert not taken("vlen-bytes", b"a", None)
        assert not taken("vlen-bytes", np.bytes_(b"a"))
        assert not taken("vlen-utf8", "a", "\ud800")
        assert not taken("vlen-utf8", Text("a"))
        pipeline, objects = items_of("vlen-utf8", 4), np.array([["a"] * 4] * 4, object)
        assert pipeline.takes(objects)
        assert pipeline.takes(objects.T)
        assert not pipeline.takes(objects[:, ::2])
        assert not pipeline.takes(np.array(["a"], self.TEXT))
        assert not row_of_bytes(4, 4).takes(objects)

    def test_unknown_codecs_are_refused(self):
        with pytest.raises(ValueError, match="vlen-array"):
            items_of("vlen-array", 3)


class TestPlace:
    VALUE = np.arange(10, dtype="u1")
    WHOLE = ((0, 1, 10),)

    @pytest.fixture(params=PLACES)
    def place(self, request, tmp_path):
        """Where the first of the array's three chunks is stored."""
        stored = self.VALUE[:4].tobytes()
        if request.param == "memory":
            return native.Place.memory({"c/0": Buffer.from_bytes(stored)})
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "0").write_bytes(stored)
        return native.Place.directory(str(tmp_path), False)

    def test_every_place_is_read_alike(self, place):
        out = np.full(10, 9, "u1")
        row_of_bytes(10, 4).read(place, KEYS, self.WHOLE, False, out, 0)
        assert out.tolist() == [0, 1, 2, 3, 0, 0, 0, 0, 0, 0]

    def test_every_place_has_getters(self, place):
        getter = native.Getter(row_of_bytes(10, 4), place, KEYS, (10,), self.VALUE.dtype, "C", None)
        assert getter.get(2, 0) == 2
        assert getter.get(slice(3, 5), 0).tolist() == [3, 0]
        assert getter.get("a", 0) is NotImplemented

    def test_memory_is_looked_up_in_every_request(self):
        values = {}
        getter = native.Getter(
            row_of_bytes(10, 4), native.Place.memory(values), KEYS, (10,), self.VALUE.dtype, "C", None
        )
        assert getter.get(1, 0) == 0
        values["c/0"] = Buffer.from_bytes(b"\5\6\7\x08")
        assert getter.get(1, 0) == 6

    @pytest.mark.skipif("directory" not in PLACES, reason="there are no directories on this system")
    def test_directories_are_written(self, tmp_path):
        place = native.Place.directory(str(tmp_path / "new"), True)
        assert place.can_write
        row_of_bytes(10, 4).write(place, KEYS, self.WHOLE, False, self.VALUE, 0, False, None)
        files = sorted((tmp_path / "new" / "c").iterdir())
        assert b"".join(file.read_bytes() for file in files) == bytes([*range(10), 0, 0])

    def test_values_in_memory_are_put_by_the_store(self):
        values = {}
        place = native.Place.memory(values)
        assert not place.can_write
        with pytest.raises(ValueError, match="a memory store puts its values itself"):
            row_of_bytes(10, 4).write(place, KEYS, self.WHOLE, False, self.VALUE, 0, False, None)
        assert not values

    @pytest.mark.parametrize("bad", [{}, None, "/tmp"])
    def test_only_a_place_is_one(self, bad):
        with pytest.raises(TypeError):
            row_of_bytes(10, 4).read(bad, KEYS, self.WHOLE, False, self.VALUE.copy(), 0)
        with pytest.raises(TypeError):
            native.Place()
        with pytest.raises(TypeError):
            native.Place.memory(MappingProxyType({}))


class TestOwnedBytes:
    @staticmethod
    def encode(value):
        request = row_of_bytes(len(value), len(value)).request(((0, 1, len(value)),), is_points=False)
        (encoded,) = request.encode(0, [None], value, 1)
        return encoded

    def test_the_bytes_are_lent(self):
        value = np.arange(10, dtype="u1")
        encoded = self.encode(value)
        assert type(encoded) is native.OwnedBytes
        assert len(encoded) == 10
        assert bytes(encoded) == value.tobytes()
        one, two = np.frombuffer(encoded, "u1"), np.frombuffer(encoded, "u1")
        assert np.shares_memory(one, two)

    def test_what_was_lent_outlives_the_object_and_the_value(self):
        value = np.full(5_000_000, 7, "u1")
        view = memoryview(self.encode(value))
        value[:] = 0
        del value
        gc.collect()
        assert np.frombuffer(view, "u1").tobytes() == b"\7" * 5_000_000

    def test_nobody_can_write_to_them(self):
        encoded = self.encode(np.zeros(3, "u1"))
        with pytest.raises(TypeError, match="read-only"):
            memoryview(encoded)[0] = 1
        with pytest.raises(TypeError, match="read-write"):
            io.BytesIO(b"abc").readinto(encoded)
        with pytest.raises(ValueError, match="WRITEABLE"):
            np.frombuffer(encoded, "u1").flags.writeable = True

    def test_only_the_kernel_makes_them(self):
        with pytest.raises(TypeError):
            native.OwnedBytes()


class TestProcess:
    def test_counters_count_from_the_start_of_the_process(self):
        counts = native.counters()
        assert {"opens", "reads", "read_nbytes", "files_written", "cache_hits", "locks"} <= counts.keys()
        assert all(isinstance(count, int) and count >= 0 for count in counts.values())

    def test_cache_is_modest_by_default(self):
        assert 0 < native.default_cache_nbytes() <= 256 << 20

    def test_cache_can_be_emptied(self):
        native.clear_cache()
        assert native.cache_nbytes() == 0

    def test_capacity_is_a_number_of_bytes(self):
        with pytest.raises(OverflowError):
            native.set_cache_capacity(-1)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
    def test_forked_children_can_fork_again(self):
        def look():
            assert native.cache_nbytes() == 0

        assert end_of_child(lambda: end_of_child(look)) == 0
