"""`cast_value` and `scale_offset`: every number compared with what fractions say, and what zarr-python 3.4.2 stores."""

import itertools
import json
import math
import pickle
import random
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

import zarr
from zarr._codec.base import ChunkSpec
from zarr._codec.real_numbers import OUT_OF_RANGE, ROUNDINGS, Integers, NotRepresentableError, convert, reals_of
from zarr.codecs import CastValue, ScaleOffset, ShardingCodec
from zarr.codecs.cast_value import parse_scalar_map
from zarr.errors import CodecError, MetadataValidationError

OF_NUMPY = [np.dtype(f"{kind}{n}") for kind, sizes in (("i", "1248"), ("u", "1248"), ("f", "248")) for n in sizes]
SMALL_INTS = [np.dtype(getattr(ml_dtypes, name)) for name in ("int2", "int4", "uint2", "uint4")]
SMALL_FLOATS = [
    np.dtype(getattr(ml_dtypes, name))
    for name in (
        *("bfloat16", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3", "float8_e4m3fn"),
        *("float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
    )
]
TYPES = [*OF_NUMPY, *SMALL_INTS, *SMALL_FLOATS]


def is_integer(dtype):
    return isinstance(reals_of(dtype), Integers)


def plain(numbers):
    return [int(n) if is_integer(numbers.dtype) else float(n) for n in numbers]


def samples(dtype, rng):
    """Numbers of a type: all of them if it has few, otherwise those at its edges, and some at random."""
    reals = reals_of(dtype)
    if dtype.itemsize == 1:
        return (
            np.arange(reals.low, reals.high + 1).astype(dtype)
            if is_integer(dtype)
            else np.arange(256, dtype="u1").view(dtype)
        )
    bits = np.array([rng.getrandbits(8 * dtype.itemsize) for _ in range(40)], f"u{dtype.itemsize}").view(dtype)
    if is_integer(dtype):
        edges = [
            min((1 << n) + k, reals.high) for n in (2, 7, 11, 24, 53, 62) for k in (-1, 0, 1) if n <= reals.n_bits - 1
        ]
        return np.concatenate([bits, np.array([reals.low, reals.low + 1, reals.high, reals.high - 1, *edges], dtype)])
    edges = [
        sign * float(reals_of(other).high) * factor
        for other in TYPES
        for sign in (1, -1)
        for factor in (1, 1 + 2**-12, 1 + 2**-25, 1.125)
    ]
    with np.errstate(all="ignore"):
        others = [0.0, -0.0, np.inf, -np.inf, np.nan, 0.5, 1.5, -2.5, 1e-40, *edges]
        return np.concatenate([bits, np.array(others).astype(dtype)])


def expected(number, reals, rounding, out_of_range):
    """What becomes of a number; None if that is an error."""
    if isinstance(number, float) and not math.isfinite(number):
        is_there = not isinstance(reals, Integers) and (reals.has_nan if math.isnan(number) else reals.has_infinity)
        return number if is_there else None
    exact = Fraction(number)
    quantum = Fraction(1) if isinstance(reals, Integers) else quantum_at(exact, reals)
    whole = rounded(exact / quantum, rounding) * quantum
    if Fraction(reals.low) <= whole <= Fraction(reals.high):
        return whole
    if out_of_range == "wrap":
        return (int(whole) - reals.low) % (reals.high - reals.low + 1) + reals.low
    if out_of_range is None:
        return None
    if isinstance(reals, Integers) or not reals.has_infinity:
        return reals.low if whole < Fraction(reals.low) else reals.high
    return math.inf if whole > 0 else -math.inf


def quantum_at(exact, reals):
    if exact == 0:
        return Fraction(2) ** reals.least_exponent
    exponent = abs(exact.numerator).bit_length() - exact.denominator.bit_length()
    exponent += Fraction(2) ** exponent <= abs(exact)
    return Fraction(2) ** max(exponent - reals.precision, reals.least_exponent)


def rounded(exact, rounding):
    below, rest = exact // 1, exact % 1
    if rounding == "towards-zero":
        rounding = "towards-negative" if exact > 0 else "towards-positive"
    if rounding == "nearest-away" and rest == Fraction(1, 2):
        rounding = "towards-positive" if exact > 0 else "towards-negative"
    if rest == 0 or rounding == "towards-negative":
        return below
    if rounding == "towards-positive":
        return below + 1
    return round(exact)


def is_same(number, wanted):
    if isinstance(wanted, float) and math.isnan(wanted):
        return math.isnan(number)
    return number == wanted


@pytest.mark.parametrize("source", TYPES, ids=str)
def test_every_number_becomes_what_fractions_say(source):
    rng = random.Random(str(source))
    numbers = samples(source, rng)
    for target in TYPES:
        reals = reals_of(target)
        ways = [*itertools.product(ROUNDINGS, (None, *OUT_OF_RANGE[: 1 + is_integer(target)]))]
        for rounding, out_of_range in rng.sample(ways, 2):
            wanted = [expected(number, reals, rounding, out_of_range) for number in plain(numbers)]
            fits = np.array([number is not None for number in wanted])
            made = convert(numbers[fits], target, rounding, out_of_range)
            assert made.dtype == target
            for before, after, number in zip(
                plain(numbers[fits]), plain(made), (n for n in wanted if n is not None), strict=True
            ):
                assert is_same(after, number), (before, target, rounding, out_of_range)
            for number in numbers[~fits][:3]:
                with pytest.raises(NotRepresentableError):
                    convert(np.array([number]), target, rounding, out_of_range)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ml_dtypes.bfloat16, ml_dtypes.float8_e5m2])
def test_zero_keeps_its_sign(dtype):
    for rounding in ROUNDINGS:
        for source in ("f4", "f8"):
            made = convert(np.array([-0.0, 0.0], source), np.dtype(dtype), rounding)
            assert np.signbit(made.astype("f8")).tolist() == [True, False]


def test_types_that_are_no_real_numbers():
    for dtype in ("?", "c8", "M8[s]", "m8[s]", "S3", "U3", "V3", "g"):
        assert reals_of(np.dtype(dtype)) is None
    with pytest.raises(TypeError, match="real numbers"):
        convert(np.zeros(1, "?"), np.dtype("i1"))


# -- the codec cast_value -------------------------------------------------------------------------------------------

MISSING = {"encode": [["NaN", -128]], "decode": [[-128, "NaN"]]}


def create(data, *filters, store=None, **kwargs):
    kwargs = {"compressors": None, **kwargs}
    return zarr.create_array({} if store is None else store, data=data, filters=filters, **kwargs)


# What zarr-python 3.4.2, with cast-value-rs 0.5.1, stored.
@pytest.mark.parametrize(
    ("dtype", "data", "config", "stored"),
    [
        ("f8", [1.5, 2.5, 3], {"data_type": "int8"}, "020203"),
        ("f8", [1.5, -1000, 300], {"data_type": "int8", "out_of_range": "clamp"}, "02807f"),
        ("f8", [1.5, -1000, 300], {"data_type": "int8", "out_of_range": "wrap"}, "02182c"),
        ("f8", [1.1, 1e300, -1e300], {"data_type": "float32", "out_of_range": "clamp"}, "cdcc8c3f0000807f000080ff"),
        ("i8", [2**24 + 1, 2**24 + 3], {"data_type": "float32", "rounding": "nearest-away"}, "0100804b0200804b"),
        ("i8", [2**24 + 1, 2**24 + 3], {"data_type": "float32", "rounding": "towards-zero"}, "0000804b0100804b"),
        ("f8", [1.5, np.nan], {"data_type": "int8", "scalar_map": MISSING}, "0280"),
        ("f8", [5, np.inf], {"data_type": "int8", "scalar_map": {"encode": [["+Infinity", 7]]}}, "0507"),
        ("f8", [1.0001], {"data_type": "float16", "rounding": "towards-positive"}, "013c"),
        (
            "f8",
            [2.0**63, 2.0**63 - 1024],
            {"data_type": "int64", "out_of_range": "clamp"},
            "ffffffffffffff7f00fcffffffffff7f",
        ),
        (
            "f8",
            [2.0**63, 1e300],
            {"data_type": "int64", "out_of_range": "wrap"},
            "00000000000000800000000000000000",
        ),
        ("f8", [3.4028235698255775e38], {"data_type": "float32", "rounding": "towards-zero"}, "ffff7f7f"),
        ("f8", [-0.9], {"data_type": "uint8", "rounding": "towards-zero"}, "00"),
        ("f4", [65519, 65520], {"data_type": "float16", "out_of_range": "clamp"}, "ff7b007c"),
        ("f8", [-0.0], {"data_type": "float32"}, "00000080"),
    ],
)
def test_bytes_are_those_of_zarr_python(engine, dtype, data, config, stored):
    store = {}
    create(np.array(data, dtype), CastValue(**config), store=store)
    assert store["c/0"].to_bytes().hex() == stored


@pytest.mark.parametrize(
    ("dtype", "data", "config"),
    [
        ("f8", [3.4028235677973366e38], {"data_type": "float32"}),
        ("f8", [3.4028235657690957e38], {"data_type": "float32", "rounding": "towards-positive"}),
        ("f8", [np.inf], {"data_type": "int8", "out_of_range": "clamp"}),
        ("f8", [np.nan], {"data_type": "int8", "out_of_range": "wrap"}),
        ("f8", [127.5], {"data_type": "int8"}),
        ("f8", [-0.5], {"data_type": "uint8", "rounding": "nearest-away"}),
        ("i8", [1, -1], {"data_type": "uint8"}),
        ("u8", [70000], {"data_type": "float16"}),
    ],
)
def test_numbers_without_a_counterpart_are_errors(engine, dtype, data, config):
    with pytest.raises(CodecError, match=r"'cast_value'.*c/0.*out_of_range says.*scalar_map") as caught:
        create(np.array(data, dtype), CastValue(**config))
    assert isinstance(caught.value, ValueError)  # what users of zarr-python catch


def test_stored_numbers_without_a_counterpart_are_errors(engine):
    array = create(np.array([9007199254740993, 2**63 - 1]), CastValue(data_type="float64"))
    with pytest.raises(CodecError, match=r"'cast_value' could not decode .*9\.2"):
        array[:]


def test_first_of_several_pairs_counts():
    assert parse_scalar_map({"encode": [[5, 7], [5, 8]]}) == {"encode": {5: 7}}
    array = create(
        np.array([5.0, 5.2, 0]), CastValue(data_type="int8", scalar_map={"encode": [[5, 7], [5, 8], [7, 1]]})
    )
    np.testing.assert_array_equal(array[:], [7, 5, 0])


def test_keys_may_be_bits():
    payload = np.frombuffer(b"\x01\0\0\0\0\0\xf8\x7f", "<f8")
    codec = CastValue(data_type="int8", scalar_map={"encode": [["0x7ff8000000000001", 7], ["NaN", 8]]})
    for order in "<>":
        array = create(np.concatenate([payload, [np.nan]]).astype(f"{order}f8"), codec)
        np.testing.assert_array_equal(array[:], [7, 8])


def test_keys_compare_as_numbers():
    array = create(
        np.array([-0.0, 0.0, 5]), CastValue(data_type="float32", scalar_map={"encode": {0: 7}}), fill_value=1
    )
    np.testing.assert_array_equal(array[:], [7, 7, 5])


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (7, 5)])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<i4", ">u2"])
@pytest.mark.parametrize("sharded", [False, True])
def test_shapes_and_byte_orders(engine, shape, dtype, sharded):
    data = (np.arange(math.prod(shape)).reshape(shape) % 100).astype(dtype)
    chunks = tuple(2 for _ in shape) or "auto"
    kwargs = {"chunks": chunks, "fill_value": 3, "compressors": "auto"}
    if sharded and shape:
        kwargs |= {"shards": tuple(4 for _ in shape)}
    store = {}
    filters = [ScaleOffset(offset=3, scale=1), CastValue(data_type="int8")]
    array = create(data if "u" not in dtype else data + np.array(3, data.dtype), *filters, store=store, **kwargs)
    opened = zarr.open_array(store, mode="r")
    np.testing.assert_array_equal(opened[...], array[...])
    np.testing.assert_array_equal(opened[...], data + (3 if "u" in dtype else 0))
    assert opened.dtype == np.dtype(dtype).newbyteorder("=")


def test_around_shards_fill_values_are_those_of_the_array(engine):
    inner = ShardingCodec(chunk_shape=(2,))
    with pytest.warns(UserWarning, match="whole"):
        array = zarr.create_array(
            store := {},
            shape=8,
            chunks=4,
            dtype="f8",
            fill_value=-10,
            filters=[ScaleOffset(offset=-10, scale=100), CastValue(data_type="int16")],
            serializer=inner,
            compressors=None,
        )
    array[0] = 1.25
    np.testing.assert_array_equal(array[:], [1.25, *[-10] * 7])
    assert len(store["c/0"].to_bytes()) == 2 * 2 + 2 * 16 + 4  # one inner chunk of two, and the index


def test_a_fill_value_has_to_survive():
    with pytest.raises(MetadataValidationError, match=r"makes 0\.0 of the fill value 0\.5"):
        create(np.array([1.0]), CastValue(data_type="int8"), fill_value=0.5)
    with pytest.raises(MetadataValidationError, match=r"fill value does not suit.*300"):
        create(np.array([1.0]), CastValue(data_type="int8"), fill_value=300)
    with pytest.raises(MetadataValidationError, match=r"makes 0\.0 of the fill value 0\.5"):
        create(np.ones(4), CastValue(data_type="int8"), fill_value=0.5, chunks=2, shards=4)
    array = create(np.array([1.0]), CastValue(data_type="int8", scalar_map=MISSING), fill_value=np.nan)
    assert np.isnan(array.fill_value)


def test_arrays_of_others_open_whatever_their_fill_value():
    store = {}
    create(np.array([1.0, 2.0]), CastValue(data_type="int8"), store=store)
    document = json.loads(store["zarr.json"].to_bytes())
    document["fill_value"] = 0.5  # zarr-python allows it
    store["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    np.testing.assert_array_equal(zarr.open_array(store)[:], [1, 2])


@pytest.mark.parametrize(
    "configuration",
    [
        None,
        {},
        {"data_type": "bool"},
        {"data_type": "complex64"},
        {"data_type": "nothing"},
        {"data_type": None},
        {"data_type": "int8", "rounding": "up"},
        {"data_type": "int8", "rounding": None},
        {"data_type": "int8", "rounding": ["nearest-even"]},
        {"data_type": "int8", "out_of_range": "ignore"},
        {"data_type": "float32", "out_of_range": "wrap"},
        {"data_type": "int8", "other": 1},
        {"data_type": "int8", "scalar_map": []},
        {"data_type": "int8", "scalar_map": {"other": []}},
        {"data_type": "int8", "scalar_map": {"encode": 1}},
        {"data_type": "int8", "scalar_map": {"encode": "ab"}},
        {"data_type": "int8", "scalar_map": {"encode": None}},
        {"data_type": "int8", "scalar_map": {"encode": [1]}},
        {"data_type": "int8", "scalar_map": {"encode": [[1, 2, 3]]}},
        {"data_type": "int8", "scalar_map": {"encode": [[1, True]]}},
        {"data_type": "int8", "scalar_map": {"encode": [[[1], 2]]}},
        {"data_type": "int8", "scalar_map": {"encode": [[1, 700]]}},
        {"data_type": "int8", "scalar_map": {"encode": [["one", 1]]}},
        {"data_type": "int8", "scalar_map": {"decode": [[1.5, 1]]}},
    ],
)
def test_bad_configurations_are_refused(configuration):
    store = {}
    create(np.zeros(3), CastValue(data_type="int8"), store=store)
    document = json.loads(store["zarr.json"].to_bytes())
    document["codecs"][0]["configuration"] = configuration
    store["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    with pytest.raises(
        (MetadataValidationError, zarr.errors.DataTypeValidationError), match=r"cast_value|data_type|codecs"
    ):
        zarr.open_array(store)


def test_stored_forms():
    codec = CastValue(data_type="int16", rounding="towards-zero", out_of_range="wrap", scalar_map=MISSING)
    assert codec.to_dict() == {
        "name": "cast_value",
        "configuration": {
            "data_type": "int16",
            "rounding": "towards-zero",
            "out_of_range": "wrap",
            "scalar_map": {"encode": [["NaN", -128]], "decode": [[-128, "NaN"]]},
        },
    }
    for same in (CastValue.from_dict(codec.to_dict()), pickle.loads(pickle.dumps(codec))):
        assert same == codec
        assert hash(same) == hash(codec)
    assert CastValue(data_type=zarr.dtype.Int16()).to_dict()["configuration"] == {"data_type": "int16"}
    assert CastValue(data_type={"name": "int16"}) == CastValue(data_type="int16")


def test_sizes_are_known():
    chunk = ChunkSpec((4,), zarr.dtype.Float64(), np.float64(0))
    assert CastValue(data_type="int16").compute_encoded_size(32, chunk) == 8
    assert ScaleOffset().compute_encoded_size(32, chunk) == 32


def test_other_data_types_are_refused():
    for dtype in ("?", "c8", "M8[s]", "S3", "string"):
        for codec in (CastValue(data_type="int8"), ScaleOffset(offset=1)):
            with pytest.raises(ValueError, match="integers and floating-point numbers"):
                zarr.create_array({}, shape=3, dtype=dtype, filters=[codec])


# -- the codec scale_offset -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [dtype for dtype in OF_NUMPY if is_integer(dtype)], ids=str)
def test_integers_are_scaled_exactly_or_not_at_all(dtype):
    info = np.iinfo(dtype)
    rng = random.Random(str(dtype))
    scales = [1, 2, 3, 7, info.max, *([-1, -5, info.min] if info.min else [])]
    offsets = [0, 1, 5, info.max, info.max // 2, *([-1, info.min] if info.min else [])]
    for scale, offset in itertools.product(scales, offsets):
        codec = ScaleOffset(offset=offset, scale=scale)
        chain_spec = ChunkSpec((1,), zarr.dtype.parse_dtype(dtype, zarr_format=3), dtype.type(0))
        for number in [info.min, info.max, 0, offset, *(rng.randint(info.min, info.max) for _ in range(3))]:
            moved = number - offset
            chunk = np.array([number], dtype)
            if info.min <= moved <= info.max and info.min <= moved * scale <= info.max:
                encoded = encode(codec, chunk, chain_spec)
                assert encoded.dtype == dtype
                assert encoded.tolist() == [moved * scale]
                assert decode(codec, encoded, chain_spec).tolist() == [number]
            else:
                with pytest.raises(CodecError, match="outside of the range"):
                    encode(codec, chunk, chain_spec)
            whole, rest = divmod(number, scale)
            if rest:
                with pytest.raises(CodecError, match="no multiple of the scale"):
                    decode(codec, chunk, chain_spec)
            elif not (info.min <= whole <= info.max and info.min <= whole + offset <= info.max):
                with pytest.raises(CodecError, match="outside of the range"):
                    decode(codec, chunk, chain_spec)


def nd(array):
    return zarr.buffer.cpu.NDBuffer.from_numpy_array(array)


def encode(codec, array, spec):
    return codec._encode_sync(nd(array), spec).as_numpy_array()


def decode(codec, array, spec):
    return codec._decode_sync(nd(array), spec).as_numpy_array()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floating_point_numbers_are_computed_in_their_own_type(engine, dtype):
    data = np.linspace(-3, 3, 41).astype(dtype)
    array = create(data, ScaleOffset(offset=0.3, scale=7), store=(store := {}))
    offset, scale = np.array([0.3, 7], dtype)
    encoded = (data - offset) * scale
    np.testing.assert_array_equal(np.frombuffer(store["c/0"].to_bytes(), dtype), encoded)
    np.testing.assert_array_equal(array[:], encoded / scale + offset)


def test_nan_and_infinities_pass_and_overflow_does_not(engine):
    data = np.array([np.nan, np.inf, -np.inf, 1])
    np.testing.assert_array_equal(create(data, ScaleOffset(offset=1, scale=2))[:], data)
    with pytest.raises(CodecError, match=r"'scale_offset' could not encode .*becomes larger"):
        create(np.array([1e5], "f4"), ScaleOffset(scale=1e38))


def test_bits_of_a_number():
    array = create(np.array([1.0]), ScaleOffset(offset="0x4000000000000000"), store=(store := {}))
    assert store["c/0"].to_bytes() == np.array([-1.0]).tobytes()
    assert array.filters[0].to_dict() == {
        "name": "scale_offset",
        "configuration": {"offset": "0x4000000000000000"},
    }


def test_stored_forms_of_scale_offset():
    assert ScaleOffset().to_dict() == {"name": "scale_offset"}
    assert ScaleOffset(offset=np.float32(3)).offset == 3.0
    assert ScaleOffset.from_dict("scale_offset") == ScaleOffset() == ScaleOffset.from_dict({"name": "scale_offset"})
    codec = ScaleOffset(offset=5, scale=2.5)
    assert codec.to_dict()["configuration"] == {"offset": 5, "scale": 2.5}
    assert ScaleOffset.from_dict(codec.to_dict()) == codec


@pytest.mark.parametrize("given", [None, [1], True, 1 + 2j, {"a": 1}])
def test_what_is_no_number_is_refused(given):
    for name in ("offset", "scale"):
        with pytest.raises(TypeError, match=f"{name} must be a number or string"):
            ScaleOffset(**{name: given})


@pytest.mark.parametrize(
    ("dtype", "config"),
    [
        ("i4", {"offset": 0.5}),
        ("i4", {"scale": "2"}),
        ("u1", {"offset": -1}),
        ("i4", {"scale": 0}),
        ("f4", {"scale": -0.0}),
        ("f4", {"scale": 1e300}),
        ("f4", {"scale": 1e-300}),
        ("f8", {"offset": "NaN"}),
        ("f8", {"offset": "Infinity"}),
        ("f4", {"offset": "ten"}),
    ],
)
def test_numbers_that_the_data_type_cannot_use_are_refused(dtype, config):
    with pytest.raises(ValueError, match="'scale_offset'"):
        create(np.zeros(3, dtype), ScaleOffset(**config))


def test_unknown_keys_are_refused():
    with pytest.raises(MetadataValidationError, match="'scale_offset' has no configuration key 'add'"):
        ScaleOffset.from_dict({"name": "scale_offset", "configuration": {"add": 1}})


def test_fill_values_are_scaled():
    array = zarr.create_array({}, shape=3, dtype="u1", fill_value=10, filters=[ScaleOffset(offset=10, scale=2)])
    np.testing.assert_array_equal(array[:], [10, 10, 10])
    with pytest.raises(MetadataValidationError, match=r"fill value does not suit codec 'scale_offset'.*becomes -10"):
        zarr.create_array({}, shape=3, dtype="u1", fill_value=0, filters=[ScaleOffset(offset=10)])


def test_floating_point_numbers_packed_into_integers(engine):
    filters = [ScaleOffset(offset=-10, scale=100), CastValue(data_type="int16", out_of_range="clamp")]
    array = zarr.create_array(store := {}, shape=4, dtype="f8", fill_value=-10, filters=filters, compressors=None)
    array[:] = [1.234, 2, 3, 400]
    np.testing.assert_allclose(array[:], [1.23, 2, 3, 317.67])
    assert store["c/0"].to_bytes() == np.array([1123, 1200, 1300, 32767], "<i2").tobytes()
