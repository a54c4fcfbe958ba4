"""`bitround`, `packbits`, `reshape` and `zarrs.squeeze`: compared with plain loops, and with what zarrs stores."""

import itertools
import json
import math
import random
import re
from fractions import Fraction

import ml_dtypes
import numcodecs
import numpy as np
import pytest

import zarr
from zarr._codec.base import ChunkSpec
from zarr._codec.bitround import rounded
from zarr._codec.real_numbers import reals_of
from zarr.codecs import BitRoundCodec, BytesCodec, Crc32cCodec, PackBitsCodec, ReshapeCodec, ShardingCodec, SqueezeCodec
from zarr.errors import CodecError, MetadataValidationError


def stored(data, *, filters=(), serializer="auto", **kwargs):
    store = {}
    array = zarr.create_array(
        store, data=data, filters=filters, serializer=serializer, compressors=None,
        config={"write_empty_chunks": True}, **kwargs,
    )  # fmt: skip
    return store["c" + "/0" * data.ndim].to_bytes(), array


def with_configuration(codec, configuration, data):
    """An array whose document has another configuration of its first codec."""
    store = {}
    kwargs = {"serializer": codec} if isinstance(codec, PackBitsCodec) else {"filters": [codec]}
    zarr.create_array(store, data=data, compressors=None, **kwargs)
    document = json.loads(store["zarr.json"].to_bytes())
    document["codecs"][0]["configuration"] = configuration
    store["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    return zarr.open_array(store, mode="r")


# -- bitround -------------------------------------------------------------------------------------------------------


def round_integer(number, keepbits, reals):
    magnitude = abs(number)
    quantum = 1 << max(magnitude.bit_length() - keepbits, 0)
    made = round(Fraction(magnitude, quantum)) * quantum
    if made > (-reals.low if number < 0 else reals.high):
        made = magnitude // quantum * quantum
    return -made if number < 0 else made


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "int4", "uint4", "int2", "uint2"])
def test_integers_keep_their_highest_bits(dtype):
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype))
    reals = reals_of(dtype)
    rng = random.Random(str(dtype))
    if dtype.itemsize == 1:
        numbers = list(range(reals.low, reals.high + 1))
    else:
        numbers = [reals.low, reals.low + 1, reals.high, *(rng.randint(reals.low, reals.high) for _ in range(200))]
    for keepbits in (1, 2, 3, 5, 53, 63, 64):
        made = rounded(np.array(numbers, object).astype(dtype), keepbits)
        assert made.dtype == dtype
        assert [int(n) for n in made] == [round_integer(n, keepbits, reals) for n in numbers]


def test_integers_of_the_registry(engine):
    data = np.array([11, 123, 208, 209, 255], "u1")
    encoded, array = stored(data, filters=[BitRoundCodec(keepbits=3)])
    assert list(encoded) == [12, 128, 192, 224, 224]
    assert array[:].tolist() == [12, 128, 192, 224, 224]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floating_point_numbers_as_numcodecs_rounds_them(dtype):
    rng = np.random.default_rng(0)
    word = np.dtype(f"u{np.dtype(dtype).itemsize}")
    numbers = rng.integers(0, np.iinfo(word).max, 500, word, endpoint=True).view(dtype)
    numbers = np.concatenate([numbers[np.isfinite(numbers)], np.array([0, -0.0, np.finfo(dtype).max], dtype)])
    for keepbits in range(1, np.finfo(dtype).nmant + 1):
        wanted = numcodecs.BitRound(keepbits).encode(numbers).view(word)
        np.testing.assert_array_equal(rounded(numbers, keepbits).view(word), wanted)


SMALL_FLOATS = ["bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2",
                "float8_e5m2fnuz", "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn"]  # fmt: skip


@pytest.mark.parametrize("dtype", SMALL_FLOATS)
@np.errstate(invalid="ignore")  # some NaN of extension dtypes
def test_small_floating_point_numbers(dtype):
    dtype = np.dtype(getattr(ml_dtypes, dtype))
    reals = reals_of(dtype)
    n_bits = 16 if dtype.itemsize == 2 else int(re.match(r"float(\d)", dtype.name)[1])
    numbers = np.arange(2**n_bits, dtype=f"u{dtype.itemsize}").view(dtype)
    for keepbits in (1, 2, 3):
        made = rounded(numbers, keepbits)
        for before, after in zip(numbers.astype("f8")[::7], made.astype("f8")[::7], strict=True):
            if not math.isfinite(before):
                assert str(after) == str(before)
                continue
            exact = Fraction(before)
            exponent = math.frexp(before)[1] - 1
            quantum = Fraction(2) ** max(
                exponent - keepbits, reals.least_exponent + max(reals.precision - 1 - keepbits, 0)
            )
            quantum = max(quantum, Fraction(2) ** max(exponent + 1 - reals.precision, reals.least_exponent))
            wanted = round(exact / quantum) * quantum
            if abs(wanted) > reals.high and not reals.has_infinity:
                wanted = (abs(exact) // quantum) * quantum * (1 if before > 0 else -1)
            assert (after == wanted) or (abs(wanted) > reals.high and math.isinf(after)), (before, keepbits)
            assert np.signbit(after) == np.signbit(before)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", ml_dtypes.bfloat16])
@np.errstate(invalid="ignore")
def test_nan_and_infinities_stay(dtype):
    bits = np.array([0x7FFFFFFF, 0x7F800001, 0xFF800001, 0x7F800000, 0xFF800000], "u4")
    data = (bits.view("f4") if dtype != ml_dtypes.bfloat16 else (bits >> 16 | 1).astype("u2").view(dtype)).astype(dtype)
    for keepbits in (1, 3):
        made = rounded(data, keepbits)
        np.testing.assert_array_equal(np.isnan(made), np.isnan(data))
        np.testing.assert_array_equal(np.signbit(made), np.signbit(data))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_those_of_numcodecs_keep_nan_too(engine, zarr_format):
    bits = np.array([0x7FFFFFFF, 0x7F800001, 0x3F8CCCCD], "u4")
    for order in "<>":
        data = bits.view("f4").astype(f"{order}f4")
        codec = numcodecs.BitRound(3) if zarr_format == 2 else zarr.codecs.numcodecs.BitRound(keepbits=3)
        array = zarr.create_array({}, data=data, filters=[codec], zarr_format=zarr_format)
        np.testing.assert_array_equal(array[:], np.array([np.nan, np.nan, 1.125]))


def test_complex_numbers_and_times():
    np.testing.assert_array_equal(rounded(np.array([[1.1 + 2.3j]], "c8"), 3), [[1.125 + 2.25j]])
    np.testing.assert_array_equal(rounded(np.array([1234567], ">M8[s]"), 3).astype("i8"), [1310720])
    for dtype in ("?", "S3", "U2", "V3", "g"):
        with pytest.raises(TypeError, match="numbers or times"):
            rounded(np.zeros(2, dtype), 3)


@pytest.mark.parametrize("shape", [(), (0,), (3, 5)])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i2", ">c8", "<m8[s]"])
@pytest.mark.parametrize("sharded", [False, True])
def test_rounding_in_arrays(engine, shape, dtype, sharded):
    data = (np.arange(math.prod(shape)).reshape(shape) + 18).astype(dtype)
    sizes = {"chunks": tuple(2 for _ in shape) or "auto"} | (
        {"shards": tuple(4 for _ in shape)} if sharded and shape else {}
    )
    array = zarr.create_array({}, data=data, filters=[BitRoundCodec(keepbits=2)], fill_value=17, **sizes)
    np.testing.assert_array_equal(array[...], rounded(data, 2))
    assert array.fill_value == np.array(17, dtype)


def test_fill_values_are_rounded_for_the_codecs_behind():
    spec = ChunkSpec((3,), zarr.dtype.Float32(), np.float32(1.1))
    assert BitRoundCodec(keepbits=3).resolve_metadata(spec).fill_value == np.float32(1.125)


@pytest.mark.parametrize("configuration", [None, {}, {"keepbits": -1}, {"keepbits": 1.5}, {"keepbits": "3"},
                                           {"keepbits": True}, {"keepbits": None}, {"keepbits": 3, "more": 1}])  # fmt: skip
def test_bad_configurations_of_bitround(configuration):
    with pytest.raises(MetadataValidationError, match="bitround"):
        with_configuration(BitRoundCodec(keepbits=3), configuration, np.zeros(3))


def test_bitround_takes_numbers_and_times_only():
    for dtype in ("?", "S3", "string"):
        with pytest.raises(ValueError, match="'bitround' is for numbers and times"):
            zarr.create_array({}, shape=3, dtype=dtype, filters=[BitRoundCodec(keepbits=3)])
    with pytest.raises(ValueError, match="must be at least 1"):
        zarr.create_array({}, shape=3, dtype="i4", filters=[BitRoundCodec(keepbits=0)])
    np.testing.assert_array_equal(stored(np.array([1.1, 1.7]), filters=[BitRoundCodec(keepbits=0)])[1][:], [1, 2])


# -- packbits -------------------------------------------------------------------------------------------------------


# What zarrs 0.2.3 for Python stored.
@pytest.mark.parametrize(
    ("data", "config", "encoded", "read"),
    [
        (np.array([0, 1, 0, 1, 1], "?"), {}, "1a", None),
        (np.array([1, 2, 3, 250], "u1"), {"first_bit": 1, "last_bit": 4}, "10d1", [0, 2, 2, 26]),
        (np.array([1, 2, 3, -6], "i1"), {"first_bit": 1, "last_bit": 4}, "10d1", [0, 2, 2, -6]),
        (np.array([1, 2, 3, -6], "i1"), {"last_bit": 3, "padding_encoding": "first_byte"}, "0021a3", None),
        (np.array([1, 2, -6], "i1"), {"last_bit": 2, "padding_encoding": "last_byte"}, "910007", [1, 2, 2]),
        (np.array([1 + 2j], "c8"), {"first_bit": 16, "last_bit": 31}, "803f0040", None),
        (np.array([1, 2], "f4"), {"first_bit": 16}, "803f0040", None),
    ],
)
def test_bytes_are_those_of_zarrs(engine, data, config, encoded, read):
    packed, array = stored(data, serializer=PackBitsCodec(**config))
    assert packed.hex() == encoded
    np.testing.assert_array_equal(array[:], data if read is None else read)


def pack(words, first, last):
    """Bits one after the other, the plain way."""
    bits = [word >> n & 1 for word in words for n in range(first, last + 1)]
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bit << n for n, bit in enumerate(bits[i : i + 8])) for i in range(0, len(bits), 8))


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u2", "i4", "u8", "f2", "f8", "c16", "M8[s]", *("int4", "uint2", "float6_e2m3fn")]
)
def test_bits_one_after_the_other(dtype):
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype))
    part_nbytes = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    n_bits = {"bool": 1, "int4": 4, "uint2": 2, "float6_e2m3fn": 6}.get(dtype.name, 8 * part_nbytes)
    rng = random.Random(dtype.name)
    words = [rng.getrandbits(n_bits) for _ in range(2 * 37)]
    is_signed = dtype.name == "int4" or dtype.kind in "im" or dtype.kind == "M"
    if dtype.name == "int4":
        words = [word | (0xF0 if word & 8 else 0) for word in words]
    data = np.array(words, f"u{part_nbytes}").view(dtype)
    for first, last in {(0, n_bits - 1), (0, n_bits // 2), (n_bits // 3, n_bits - 1), (n_bits // 2, n_bits // 2)}:
        codec = PackBitsCodec(first_bit=first, last_bit=last)
        spec = ChunkSpec(data.shape, _Described(dtype), None)
        encoded = codec._encode_sync(zarr.buffer.cpu.NDBuffer.from_numpy_array(data), spec).to_bytes()
        assert encoded == pack(words, first, last)
        assert codec.compute_encoded_size(data.nbytes, spec) == len(encoded)
        decoded = codec._decode_sync(zarr.buffer.cpu.Buffer.from_bytes(encoded), spec).as_numpy_array()
        assert decoded.dtype == dtype
        kept = [word & ((1 << last + 1) - (1 << first)) for word in words]
        if is_signed:
            kept = [w - (1 << last + 1) + (1 << 8 * part_nbytes) if w >> last & 1 else w for w in kept]
        mask = (1 << 8 * part_nbytes) - 1
        assert decoded.view(f"u{part_nbytes}").tolist() == [word & mask for word in kept]


class _Described:
    """A data type of which only the dtype is asked."""

    def __init__(self, dtype):
        self.to_native_dtype = lambda: dtype


def test_many_elements_are_packed_in_parts(engine):
    data = np.arange(100_003) % 7 == 0
    encoded, array = stored(data, serializer=PackBitsCodec(), chunks=data.shape)
    assert encoded == np.packbits(data, bitorder="little").tobytes()
    np.testing.assert_array_equal(array[:], data)
    numbers = (np.arange(70_001) % 2000).astype("u2")
    encoded, array = stored(numbers, serializer=PackBitsCodec(last_bit=10), chunks=numbers.shape)
    assert len(encoded) == -(-70_001 * 11 // 8)
    np.testing.assert_array_equal(array[:], numbers)


@pytest.mark.parametrize("shape", [(), (0,), (3, 5)])
@pytest.mark.parametrize("dtype", ["?", ">i2", "<f4", ">c8"])
@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("padding", ["none", "first_byte", "last_byte"])
def test_packing_in_arrays(engine, shape, dtype, sharded, padding):
    data = (np.arange(math.prod(shape)).reshape(shape) % 5).astype(dtype)
    sizes = {"chunks": tuple(2 for _ in shape) or "auto"} | (
        {"shards": tuple(4 for _ in shape)} if sharded and shape else {}
    )
    codec = PackBitsCodec(padding_encoding=padding)
    array = zarr.create_array({}, data=data, serializer=codec, compressors=[Crc32cCodec()], **sizes)
    np.testing.assert_array_equal(array[...], data)


def test_damaged_bits_are_errors(engine):
    data = np.arange(9) % 2 == 0
    for padding, damaged in itertools.product(("none", "first_byte", "last_byte"), (b"", b"\1", b"\1" * 3, b"\1" * 9)):
        if padding != "none" or len(damaged) != 2:
            _, array = stored(data, serializer=PackBitsCodec(padding_encoding=padding))
            array.store_path.store._store_dict["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(damaged)
            with pytest.raises(CodecError, match=r"'packbits'.*(do not make a chunk|are padding)"):
                array[:]


def test_other_spellings_of_packbits_are_read():
    codec = PackBitsCodec.from_dict(
        {"name": "packbits", "configuration": {"start_bit": 1, "end_bit": 3, "padding_encoding": "end_byte"}}
    )
    assert codec == PackBitsCodec(first_bit=1, last_bit=3, padding_encoding="last_byte")
    assert codec.to_dict() == {
        "name": "packbits",
        "configuration": {"padding_encoding": "last_byte", "first_bit": 1, "last_bit": 3},
    }
    assert PackBitsCodec.from_dict("packbits") == PackBitsCodec()


@pytest.mark.parametrize(
    "configuration",
    [
        {"padding_encoding": "some"}, {"padding_encoding": None}, {"padding_encoding": []}, {"first_bit": -1},
        {"first_bit": 1.5}, {"first_bit": 8}, {"last_bit": 8}, {"last_bit": 10**30}, {"first_bit": 3, "last_bit": 2},
        {"first_bit": "0"}, {"first_bit": 1, "start_bit": 1}, {"more": 1}, {"first_bit": True},
    ],
)  # fmt: skip
def test_bad_configurations_of_packbits(configuration):
    with pytest.raises(MetadataValidationError, match="packbits"):
        with_configuration(PackBitsCodec(), configuration, np.zeros(3, "u1"))


def test_packbits_takes_numbers_only():
    for dtype in ("S3", "string", "V2"):
        with pytest.raises(ValueError, match="'packbits' is for Booleans"):
            zarr.create_array({}, shape=3, dtype=dtype, serializer=PackBitsCodec())


# -- reshape and squeeze --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "shape", "after"),
    [
        ((2, 3), [[0, 1]], (6,)),
        ((2, 3), [-1, 2], (3, 2)),
        ((2, 3, 4), [[0], [1, 2]], (2, 12)),
        ((2, 3, 4), [[0, 1], 2, 2], (6, 2, 2)),
        ((2, 3, 4), [6, [2]], (6, 4)),
        ((2, 3, 4), [-1], (24,)),
        ((2, 3, 4), [-1, [2]], (6, 4)),
        ((2, 1, 4), [[0, 2]], (8,)),
        ((), [], ()),
        ((), [1, 1], (1, 1)),
        ((6,), [2, 3], (2, 3)),
        ((2, 3), [[], [0], 1, [1]], (1, 2, 1, 3)),
    ],
)
def test_shapes(engine, before, shape, after):
    codec = ReshapeCodec(shape=shape)
    data = np.arange(math.prod(before), dtype="<i2").reshape(before)
    spec = ChunkSpec(before, zarr.dtype.Int16(), np.int16(0))
    assert codec.resolve_metadata(spec).shape == after
    for order in "CF":
        encoded, array = stored(np.asarray(data, order=order), filters=[codec], chunks=before or "auto")
        assert encoded == data.tobytes()
        np.testing.assert_array_equal(array[...], data)


@pytest.mark.parametrize(
    ("before", "shape", "why"),
    [
        ((2, 3), [7], "one has 7 elements, the other 6"),
        ((2, 3), [-1, 4], "no multiple of 4"),
        ((2, 3), [[0, 2]], "axis 2"),
        ((2, 3, 4), [[1], 2, 4], "would not become"),
        ((2, 3, 4), [2, [0], 6], "would not become"),
        ((2, 3, 4), [[0, 2], 3], "would not become"),
        ((), [[0]], "axis 0"),
    ],
)
def test_shapes_that_chunks_cannot_have(before, shape, why):
    with pytest.raises(MetadataValidationError, match=rf"'reshape'.*{why}|{why}.*'reshape'"):
        zarr.create_array({}, shape=before, chunks=before or "auto", dtype="i2", filters=[ReshapeCodec(shape=shape)])


@pytest.mark.parametrize("configuration", [None, {}, {"shape": None}, {"shape": 6}, {"shape": "6"}, {"shape": {"0": 1}},
    {"shape": [0, 6]}, {"shape": [-2]}, {"shape": [-1, -1]}, {"shape": [[1, 0]]},
    {"shape": [[0, 0]]}, {"shape": [[1], [0]]}, {"shape": [6.0]}, {"shape": [True, 6]}, {"shape": [[-1]]},
    {"shape": [[[0]]]}, {"shape": [10**30]}, {"shape": [[10**30]]}, {"shape": [6], "more": 1}])  # fmt: skip
def test_bad_configurations_of_reshape(configuration):
    with pytest.raises(MetadataValidationError, match="reshape"):
        with_configuration(ReshapeCodec(shape=[-1]), configuration, np.zeros((2, 3)))


def test_stored_form_of_reshape():
    codec = ReshapeCodec(shape=[[0, 1], -1, np.int64(3)])
    assert codec.to_dict() == {"name": "reshape", "configuration": {"shape": [[0, 1], -1, 3]}}
    assert ReshapeCodec.from_dict(codec.to_dict()) == codec
    assert hash(codec) == hash(ReshapeCodec.from_dict(codec.to_dict()))


def test_squeezed_chunks(engine):
    data = np.arange(6, dtype="u1").reshape(1, 2, 1, 3)
    transposed = zarr.codecs.TransposeCodec(order=(1, 0))  # of what is left
    encoded, array = stored(data, filters=[SqueezeCodec(), transposed])
    assert encoded == data.reshape(2, 3).T.tobytes()
    np.testing.assert_array_equal(array[:], data)
    encoded, array = stored(np.array([[7]], "u1"), filters=[SqueezeCodec()])
    assert (encoded, array[0, 0]) == (b"\7", 7)
    assert SqueezeCodec().to_dict() == {"name": "zarrs.squeeze", "configuration": {}}


@pytest.mark.parametrize("sharded", [False, True])
def test_reshaping_in_arrays(engine, sharded):
    data = np.arange(7 * 5, dtype=">f4").reshape(7, 5)
    sizes = {"chunks": (2, 2)} | ({"shards": (4, 4)} if sharded else {})
    for codec in (ReshapeCodec(shape=[[0, 1]]), ReshapeCodec(shape=[1, -1]), SqueezeCodec()):
        array = zarr.create_array({}, data=data, filters=[codec], **sizes)
        np.testing.assert_array_equal(array[:], data)
        np.testing.assert_array_equal(array[3:6, 1], data[3:6, 1])


def test_shards_of_another_shape(engine):
    data = np.arange(16).reshape(4, 4)
    inner = ShardingCodec(chunk_shape=(8,), codecs=[BytesCodec()])
    with pytest.warns(UserWarning, match="whole"):
        array = zarr.create_array({}, data=data, filters=[ReshapeCodec(shape=[-1])], serializer=inner, compressors=None)
    np.testing.assert_array_equal(array[:], data)


@pytest.mark.parametrize(
    ("dtype", "part"),
    [("complex_float16", "f2"), ("complex_bfloat16", "bfloat16"), ("complex_float8_e5m2", "float8_e5m2"),
     ("complex_float6_e3m2fn", "float6_e3m2fn"), ("complex_float4_e2m1fn", "float4_e2m1fn")],
)  # fmt: skip
def test_complex_numbers_of_few_bits_are_pairs(engine, dtype, part):
    """Both codecs make of them what they make of their parts, one after the other."""
    parts = np.array([1, 3, 0.5, -2, 1.5, -1], getattr(ml_dtypes, part, part))
    numbers = np.array([1 + 3j, 0.5 - 2j, 1.5 - 1j])
    for options in ({"serializer": PackBitsCodec()}, {"filters": [BitRoundCodec(keepbits=1)]}):
        array = zarr.create_array(one := {}, data=numbers, dtype=dtype, compressors=None, **options)
        zarr.create_array(two := {}, data=parts, compressors=None, **options)
        assert one["c/0"].to_bytes() == two["c/0"].to_bytes()
        read = zarr.open_array(one)[:]
        assert read.tobytes() == array[:].tobytes() == parts.tobytes()
    struct = [("real", "f4"), ("imag", "f4")]
    for options in ({"serializer": PackBitsCodec()}, {"filters": [BitRoundCodec(keepbits=1)]}):
        with pytest.raises(ValueError, match="not data type Struct"):
            zarr.create_array({}, shape=2, dtype=struct, **options)
