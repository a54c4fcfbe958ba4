"""Shards: index, layout, and whole shards encoded and decoded in memory."""

import contextlib
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._codec.base import ArrayConfig, ChunkSpec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.chain import CodecChain
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.new_shard import assemble_shard
from zarr._codec.shard_index import MISSING, locate_index, parse_entries, write_order
from zarr._codec.sharding import ShardingCodec
from zarr._codec.transpose import TransposeCodec
from zarr._codec.zstd import ZstdCodec
from zarr._dtype.registry import parse_data_type
from zarr.errors import CodecError, MetadataValidationError

LITTLE = BytesCodec(endian="little")


def spec_of(shape, dtype, fill=0, **config):
    return ChunkSpec(shape, parse_data_type(np.dtype(dtype), zarr_format=3), fill, ArrayConfig(**config))


def chain_of(codec, shape, dtype, fill=0, **config):
    codecs = codec if isinstance(codec, list) else [codec]
    return CodecChain.compile(codecs, spec_of(shape, dtype, fill, **config))


def encode(chain, array):
    encoded = chain.encode(CPUNDBuffer.from_numpy_array(array))
    return None if encoded is None else encoded.to_bytes()


def decode(chain, data):
    return chain.decode(CPUBuffer.from_bytes(data)).as_numpy_array()


# -- the example of the specification: 2 x 2 inner chunks of one int16, the third empty ---------------------------

EXAMPLE = np.array([[1, 2], [0, 4]], "<i2")
CHUNKS = bytes.fromhex("010002000400")


def index_of(*entries):
    return np.array(entries, "<u8").tobytes()


def test_example_with_the_index_at_the_end():
    codec = ShardingCodec(chunk_shape=(1, 1), subchunk_write_order="lexicographic")
    encoded = encode(chain_of(codec, (2, 2), "i2"), EXAMPLE)
    index = index_of((0, 2), (2, 2), (MISSING, MISSING), (4, 2))
    assert encoded == CHUNKS + index + bytes.fromhex("7f5d95ad")
    np.testing.assert_array_equal(decode(chain_of(codec, (2, 2), "i2"), encoded), EXAMPLE)


def test_example_with_the_index_at_the_start():
    codec = ShardingCodec(chunk_shape=(1, 1), index_location="start")
    encoded = encode(chain_of(codec, (2, 2), "i2"), EXAMPLE)
    assert encoded[:64] == index_of((68, 2), (70, 2), (MISSING, MISSING), (72, 2))
    assert encoded[68:] == CHUNKS
    np.testing.assert_array_equal(decode(chain_of(codec, (2, 2), "i2"), encoded), EXAMPLE)


# -- whole shards -------------------------------------------------------------------------------------------------


@st.composite
def cases(draw):
    inner = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    per_shard = draw(st.lists(st.integers(1, 4), min_size=len(inner), max_size=len(inner)))
    shape = tuple(a * b for a, b in zip(inner, per_shard, strict=True))
    values = draw(st.integers(0, 2**32))
    array = np.random.default_rng(values).integers(0, 3, shape).astype("<i4")
    codecs = draw(
        st.sampled_from(
            [
                (LITTLE,),
                (TransposeCodec(order=tuple(reversed(range(len(inner))))), BytesCodec(endian="big"), ZstdCodec()),
                (ShardingCodec(chunk_shape=(1,) * len(inner), codecs=(LITTLE,)), GzipCodec()),
            ]
        )
    )
    order = draw(st.sampled_from(["morton", "unordered", "lexicographic", "colexicographic"]))
    index_codecs = draw(st.sampled_from([(LITTLE, Crc32cCodec()), (BytesCodec(endian="big"),)]))
    codec = ShardingCodec(
        chunk_shape=inner,
        codecs=codecs,
        index_codecs=index_codecs,
        index_location=draw(st.sampled_from(["start", "end"])),
        subchunk_write_order=order,
    )
    return codec, array


@given(cases(), st.integers(0, 2), st.booleans())
def test_round_trip(case, fill, keep_empty):
    codec, array = case
    chain = chain_of(codec, array.shape, "i4", fill, write_empty_chunks=keep_empty)
    encoded = encode(chain, array)
    if encoded is None:
        assert (array == fill).all()
        return
    np.testing.assert_array_equal(decode(chain, encoded), array)


def test_codecs_before_and_behind():
    array = np.arange(24, dtype="<i4").reshape(4, 6)
    codecs = [TransposeCodec(order=(1, 0)), ShardingCodec(chunk_shape=(3, 2)), GzipCodec(), Crc32cCodec()]
    chain = chain_of(codecs, (4, 6), "i4")
    np.testing.assert_array_equal(decode(chain, encode(chain, array)), array)


def test_transposed_index():
    index_codecs = (TransposeCodec(order=(2, 1, 0)), LITTLE)
    codec = ShardingCodec(chunk_shape=(1, 1), index_codecs=index_codecs, subchunk_write_order="lexicographic")
    array = np.arange(6, dtype="<i2").reshape(2, 3) + 1
    chain = chain_of(codec, (2, 3), "i2")
    encoded = encode(chain, array)
    entries = np.frombuffer(encoded[12:], "<u8").reshape(2, 3, 2).transpose()
    assert entries[..., 0].tolist() == [[0, 2, 4], [6, 8, 10]]
    np.testing.assert_array_equal(decode(chain, encoded), array)


def test_empty_inner_chunks_are_left_out():
    array = np.zeros((2, 2), "<f8")
    codec = ShardingCodec(chunk_shape=(1, 1))
    assert encode(chain_of(codec, (2, 2), "f8"), array) is None
    assert len(encode(chain_of(codec, (2, 2), "f8", write_empty_chunks=True), array)) == 32 + 68
    array[0, 0] = -0.0
    assert len(encode(chain_of(codec, (2, 2), "f8"), array)) == 8 + 68


def test_any_layout_of_inner_chunks_is_read():
    codec = ShardingCodec(chunk_shape=(1, 1))
    index = index_of((9, 2), (1, 2), (1, 2), (5, 2))
    checksum = encode(chain_of([BytesCodec(endian=None), Crc32cCodec()], (64,), "u1"), np.frombuffer(index, "u1"))[-4:]
    shard = b"?\x02\0??\x04\0??\x01\0" + index + checksum
    assert decode(chain_of(codec, (2, 2), "i2"), shard).tolist() == [[1, 2], [2, 4]]


def test_damage_names_the_inner_chunk():
    codec = ShardingCodec(chunk_shape=(1, 1), codecs=(LITTLE, Crc32cCodec()), subchunk_write_order="lexicographic")
    chain = chain_of(codec, (2, 2), "i2")
    encoded = bytearray(encode(chain, EXAMPLE))
    encoded[7] ^= 1
    with pytest.raises(CodecError, match="checksum") as caught:
        decode(chain, bytes(encoded))
    assert (caught.value.codec, caught.value.coords) == ("crc32c", (0, 1))


@given(st.data())
def test_damaged_shards_raise_codec_errors(data):
    codec = ShardingCodec(chunk_shape=(1, 1), index_codecs=(LITTLE,), index_location="start")
    chain = chain_of(codec, (2, 2), "i2")
    encoded = bytearray(encode(chain, EXAMPLE))
    for _ in range(data.draw(st.integers(1, 3))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    del encoded[data.draw(st.integers(60, len(encoded))) :]
    with contextlib.suppress(CodecError):  # and nothing else
        decode(chain, bytes(encoded))


# -- the index ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ((MISSING, 4), "marker"),
        ((4, MISSING), "marker"),
        ((90, 11), "outside"),
        ((101, 0), "outside"),
        ((2**63, 2**63), "outside"),
        ((MISSING - 1, 5), "outside"),
        ((0, 41), "overlaps"),
        ((59, 1), "overlaps"),
        ((40, 20), "overlaps"),
    ],
)
def test_bad_entries(entry, reason):
    entries = np.array([[[0, 40], [60, 40]], [[MISSING, MISSING], entry]], np.uint64)
    with pytest.raises(CodecError, match=reason) as caught:
        parse_entries(entries, 100, 40, 20, chunks_per_shard=(2, 2))
    assert caught.value.coords == (1, 1)
    assert caught.value.codec == "sharding_indexed"


def test_good_entries():
    entries = np.array([[0, 40], [60, 40], [100, 0], [MISSING, MISSING], [60, 40]], ">u8")
    parsed = parse_entries(entries, 100, 40, 20)
    assert parsed.dtype == np.uint64
    assert parsed.dtype.isnative
    assert parsed.tolist() == entries.tolist()


def test_unknown_sizes():
    assert parse_entries(np.array([[0, 10**9]], np.uint64), None, None, 20).tolist() == [[0, 10**9]]
    with pytest.raises(CodecError, match="outside"):
        parse_entries(np.array([[2**63, 2**63]], np.uint64), None, None, 20)
    with pytest.raises(CodecError, match="overlaps"):
        parse_entries(np.array([[10, 20]], np.uint64), None, 0, 20)


def test_index_position():
    assert locate_index(100, 20, at_end=True) == 80
    assert locate_index(100, 20, at_end=False) == 0
    with pytest.raises(CodecError, match="too few"):
        locate_index(19, 20, at_end=True)


def plain_index(entries):
    return entries.astype("<u8").tobytes()


@given(
    st.lists(st.none() | st.binary(max_size=5), min_size=1, max_size=6),
    st.booleans(),
    st.randoms(),
)
def test_assembled_shards_can_be_taken_apart(parts, at_end, random):
    order = list(range(len(parts)))
    random.shuffle(order)
    nbytes = 16 * len(parts)
    given = ((row, None if parts[row] is None else memoryview(parts[row])) for row in order)
    shard = assemble_shard(given, len(parts), plain_index, nbytes, at_end)
    if shard is None:
        assert not any(part is not None for part in parts)
        return
    start = locate_index(len(shard), nbytes, at_end=at_end)
    table = parse_entries(np.frombuffer(shard[start : start + nbytes], "<u8"), len(shard), start, nbytes)
    assert [None if o == MISSING else shard[o : o + n] for o, n in table.tolist()] == parts
    assert len(shard) == nbytes + sum(len(part or b"") for part in parts)


def test_index_of_the_wrong_size():
    with pytest.raises(CodecError, match="15"):
        assemble_shard([(0, b"x")], 1, lambda entries: plain_index(entries)[:-1], 16, True)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_write_orders_are_permutations(shape):
    shape = tuple(shape)
    n = int(np.prod(shape))
    for name in ("morton", "colexicographic"):
        assert sorted(write_order(name, shape)) == list(range(n))
    assert write_order("lexicographic", shape).tolist() == list(range(n))
    assert write_order("unordered", shape).tolist() == list(range(n))


def test_morton_order_is_local():
    assert write_order("morton", (4, 4))[:4].tolist() == [0, 4, 1, 5]
    assert write_order("colexicographic", (2, 3)).tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize("order", ["morton", "lexicographic", "colexicographic", "unordered"])
def test_arrays_lay_inner_chunks_as_the_codec_does(order, engine):
    codec = ShardingCodec(chunk_shape=(1, 2), codecs=(LITTLE,), subchunk_write_order=order)
    array = zarr.create((4, 6), chunks=(4, 6), dtype="i2", codecs=[codec])
    array[...] = np.arange(1, 25).reshape(4, 6)
    chain = chain_of(codec, (4, 6), "i2")
    assert array.store.read("c/0/0").data.to_bytes() == encode(chain, array[...])
    array[1:3, 1:5] = 0  # some inner chunks in part, some to nothing
    array[3] = 9
    assert array.store.read("c/0/0").data.to_bytes() == encode(chain, array[...])


def test_arrays_lay_inner_chunks_along_stored_axes(engine):
    array = zarr.create_array({}, shape=(4, 2), chunks=(1, 1), shards=(4, 2), dtype="i1", compressors=None)
    array[...] = np.arange(8).reshape(4, 2) + 1
    assert array.store.read("c/0/0").data.to_bytes()[:8] == bytes([1, 3, 2, 4, 5, 7, 6, 8])
    codecs = [TransposeCodec(order=(1, 0)), ShardingCodec(chunk_shape=(1, 1), codecs=(LITTLE,))]
    with pytest.warns(zarr.errors.ZarrUserWarning):
        turned = zarr.create((4, 2), chunks=(4, 2), dtype="i1", codecs=codecs)
    turned[...] = array[...]
    assert turned.store.read("c/0/0").data.to_bytes()[:8] == bytes([1, 2, 3, 4, 5, 6, 7, 8])


# -- metadata -----------------------------------------------------------------------------------------------------


def test_metadata_round_trip():
    codec = ShardingCodec(chunk_shape=[2, 3], codecs=["bytes", {"name": "gzip"}], index_location="start")
    stored = codec.to_dict()
    assert stored["configuration"]["codecs"][1] == {"name": "gzip", "configuration": {"level": 5}}
    assert "subchunk_write_order" not in stored["configuration"]
    assert ShardingCodec.from_dict(stored) == codec
    assert pickle.loads(pickle.dumps(codec)) == codec
    assert hash(codec) == hash(ShardingCodec.from_dict(stored))


def test_inner_codecs_are_fitted():
    codec = ShardingCodec(chunk_shape=(2,), codecs=("bytes", "blosc"), index_codecs=("bytes",))
    with pytest.raises(ValueError, match="'endian'"):
        codec.evolve_from_array_spec(spec_of((4,), "u1"))
    codec = ShardingCodec(chunk_shape=(2,), codecs=(LITTLE, {"name": "blosc"}))
    fitted = codec.evolve_from_array_spec(spec_of((4,), "f8"))
    assert fitted.to_dict()["configuration"]["codecs"][1]["configuration"]["typesize"] == 8


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ({}, "chunk_shape"),
        ({"chunk_shape": [2], "subchunk_write_order": "morton"}, "subchunk_write_order"),
    ],
)
def test_bad_metadata(configuration, reason):
    with pytest.raises(MetadataValidationError, match=reason):
        ShardingCodec.from_dict({"name": "sharding_indexed", "configuration": configuration})


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"chunk_shape": (0,)}, "chunk_shape"),
        ({"chunk_shape": "12"}, "chunk_shape"),
        ({"chunk_shape": (1.5,)}, "chunk_shape"),
        ({"chunk_shape": (1,), "codecs": ()}, "exactly one"),
        ({"chunk_shape": (1,), "codecs": "bytes"}, "list of codecs"),
        ({"chunk_shape": (1,), "index_codecs": (LITTLE, ZstdCodec())}, "fixed encoded size"),
        ({"chunk_shape": (1,), "index_codecs": (Crc32cCodec(),)}, "array -> bytes"),
        ({"chunk_shape": (1,), "index_location": "middle"}, "index_location"),
        ({"chunk_shape": (1,), "subchunk_write_order": "hilbert"}, "subchunk_write_order"),
    ],
)
def test_bad_settings(settings, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        ShardingCodec(**settings)


def test_shapes_must_fit():
    codec = ShardingCodec(chunk_shape=(2, 2))
    with pytest.raises(ValueError, match="rank"):
        chain_of(codec, (4,), "i2")
    with pytest.raises(ValueError, match="2 axes"):
        codec.validate(shape=(4,), dtype=spec_of((4,), "i2").dtype, chunk_grid=None)
