"""The codec `zfp`: the streams of the library without a header, and numbers that it does not know."""

import json

import ml_dtypes
import numpy as np
import pytest
import zfpy

import zarr
from zarr.codecs import SqueezeCodec, ZfpCodec, ZstdCodec
from zarr.errors import CodecError, MetadataValidationError, UnknownCodecError

REVERSIBLE = ZfpCodec(mode="reversible")
LOSSY = [
    ZfpCodec(mode="fixed_accuracy", tolerance=1e-3),
    ZfpCodec(mode="fixed_precision", precision=30),
    ZfpCodec(mode="fixed_rate", rate=40),
]
SETTINGS = {"fixed_accuracy": {"tolerance": 1e-3}, "fixed_precision": {"precision": 30}, "fixed_rate": {"rate": 40}}
EXACT = ["f4", "f8", "f2", "i4", "i8", "i1", "i2", "u1", "u2", "M8[s]", "m8[D]"]
SMALL = ["bfloat16", "float8_e4m3fn", "float6_e2m3fn", "int4", "uint4", "int2", "uint2"]


def create(data, codec, **kwargs):
    return zarr.create_array({}, data=data, **{"serializer": codec, "compressors": None, **kwargs})


def numbers(dtype, shape):
    whole = np.arange(np.prod(shape, dtype=int)).reshape(shape) ** 2
    if dtype.kind in "mM":
        return whole.view(dtype.newbyteorder("=")).astype(dtype)
    if dtype.kind in "iu":
        return (whole * 2**61 // 7).astype("i8").view("u8").astype(dtype)
    return (whole % 100 - 50).astype(dtype)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (17,), (7, 5), (5, 3, 4), (3, 2, 5, 4)])
def test_without_losses(engine, dtype, order, shape):
    data = numbers(np.dtype(order + dtype), shape)
    array = create(data, REVERSIBLE, chunks=tuple(3 for _ in shape) or "auto")
    np.testing.assert_array_equal(array[...], data)
    np.testing.assert_array_equal(zarr.open_array(array.store)[...], data)


@pytest.mark.parametrize("dtype", SMALL)
def test_numbers_of_few_bits(engine, dtype):
    kind = getattr(ml_dtypes, dtype)
    data = (np.arange(16) - (0 if dtype.startswith("u") else 8)).astype(np.int8)
    data = (data % 4 if dtype == "uint2" else np.clip(data, -2, 1) if dtype == "int2" else np.clip(data, -8, 7)).astype(
        kind
    )
    if dtype == "uint4":
        data = np.arange(16).astype(kind)
    np.testing.assert_array_equal(create(data, REVERSIBLE)[:].astype(float), data.astype(float))


@pytest.mark.parametrize("codec", LOSSY, ids=lambda codec: codec.mode)
def test_with_losses(engine, codec):
    """The bytes are those of the library, which makes the same numbers of them again."""
    data = np.sin(np.arange(300.0)).reshape(20, 15)
    array = zarr.create_array(store := {}, data=data, chunks=(7, 6), serializer=codec, compressors=None)
    np.testing.assert_allclose(array[:], data, atol=2e-3)
    block = np.ascontiguousarray(data[7:14, 6:12])
    assert store["c/1/1"].to_bytes() == zfpy.compress_numpy(block, write_header=False, **SETTINGS[codec.mode])
    named = zfpy.compress_numpy(block, write_header=True, **SETTINGS[codec.mode])
    np.testing.assert_array_equal(array[7:14, 6:12], zfpy.decompress_numpy(named))


def test_integers_are_moved_up_as_the_library_does():
    """Seven bits are left for what is computed, and the middle of unsigned ones is 0."""
    for dtype, items, moved in (
        ("i1", [-128, -1, 0, 127], [-(2**30), -(2**23), 0, 127 * 2**23]),
        ("u1", [0, 127, 128, 255], [-(2**30), -(2**23), 0, 127 * 2**23]),
        ("u2", [0, 2**15, 2**16 - 1], [-(2**30), 0, (2**15 - 1) * 2**15]),
    ):
        array = zarr.create_array(store := {}, data=np.array(items, dtype), serializer=REVERSIBLE, compressors=None)
        assert array.shape == (len(items),)
        assert store["c/0"].to_bytes() == zfpy.compress_numpy(np.array(moved, "i4"), write_header=False)


def test_integers_without_a_sign(engine):
    """ZFP has them as far as those with one go; from there on zarrs stores the greatest of these."""
    for dtype in ("u4", "u8"):
        most = np.iinfo(dtype.replace("u", "i")).max
        data = np.array([0, 1, most], dtype)
        array = zarr.create_array(store := {}, data=data, serializer=REVERSIBLE, compressors=None)
        np.testing.assert_array_equal(array[:], data)
        signed = data.astype(dtype.replace("u", "i"))
        assert store["c/0"].to_bytes() == zfpy.compress_numpy(signed, write_header=False)
        with pytest.raises(CodecError, match=rf"{most + 1} at \(1,\) is beyond {most}"):
            array[:2] = [0, most + 1]


@pytest.mark.parametrize("shape", [(7,), (5, 4), (3, 3, 3), (2, 3, 4, 3)])
def test_rates_as_zarrs_counts_them(engine, shape):
    """For blocks in three dimensions, however many there are."""
    data = np.cumsum(np.random.default_rng(0).normal(size=np.prod(shape))).reshape(shape)
    rate = 10.5 * 4 ** (3 - len(shape))
    array = create(data, ZfpCodec(mode="fixed_rate", rate=10.5), chunks=shape)
    theirs = zfpy.compress_numpy(data, write_header=False, rate=rate)
    key = "/".join(["c", *("0" for _ in shape)])
    array.store._store_dict[key] = zarr.buffer.cpu.Buffer.from_bytes(theirs)
    expected = zfpy.decompress_numpy(zfpy.compress_numpy(data, write_header=True, rate=rate))
    np.testing.assert_array_equal(array[...], expected)
    for damaged in (theirs[:-8], theirs + bytes(8)):
        array.store._store_dict[key] = zarr.buffer.cpu.Buffer.from_bytes(damaged)
        with pytest.raises(CodecError, match=r"bytes are no \d+ blocks with 10\.5 bits"):
            array[...]


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "f2"])
@pytest.mark.parametrize("shape", [(), (400,), (20, 30), (8, 8, 8)])
def test_rates_that_are_too_low_are_refused(engine, dtype, shape):
    """ZFP writes streams then that it does not read at this rate. Just above, all is well."""
    data = np.zeros(shape, dtype) + np.arange(shape[-1] if shape else 1).astype(dtype)[-1]
    least = {"f4": 9, "f2": 9, "f8": 12}.get(dtype, 1) / 4 ** max(len(shape), 1)
    for rate in (1 / 256, least / 2.01):
        if 1 / 256 <= rate < least / 2:
            with pytest.raises(ValueError, match=rf"rate {rate:g} of codec 'zfp' is too low.*a rate of {least:g}"):
                create(data, ZfpCodec(mode="fixed_rate", rate=rate))
    array = create(data, ZfpCodec(mode="fixed_rate", rate=least))
    stored = array[...]
    header = (
        zfpy.compress_numpy(np.atleast_1d(data), write_header=True, rate=least) if dtype not in ("u1", "f2") else None
    )
    assert stored.shape == shape
    if header is not None:
        np.testing.assert_array_equal(np.atleast_1d(stored), zfpy.decompress_numpy(header))


def test_a_low_rate_in_a_document_is_no_reason_to_write_it():
    """As zarrs counts them it may not be low."""
    zarr.create_array(store := {}, shape=8, dtype="f8", serializer=LOSSY[2], compressors=None)
    document = json.loads(store["zarr.json"].to_bytes())
    document["codecs"][0]["configuration"]["rate"] = 0.25
    store["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    array = zarr.open_array(store)
    assert array[:].tolist() == [0.0] * 8
    with pytest.raises(CodecError, match=r"rate 0\.25 of codec 'zfp' is too low"):
        array[:] = 1


@pytest.mark.parametrize("dtype", ["i4", "i8", "u4", "u8", "M8[s]", "m8[ns]"])
@pytest.mark.parametrize("codec", LOSSY[1:], ids=lambda codec: codec.mode)
def test_integers_that_would_change_their_sign_are_refused(engine, zarr_format, dtype, codec):
    """With losses ZFP knows them up to a quarter of what their bits can say, and NaT is the least there is."""
    n_bits = 8 * np.dtype(dtype).itemsize - 2
    low = 0 if dtype.startswith("u") else -(2**n_bits)
    kwargs = {"serializer": codec}
    if zarr_format == 2:
        if dtype not in ("i4", "i8"):
            return
        kwargs = {"compressors": {"id": "zfpy", "mode": 3, "precision": 30}, "zarr_format": 2}

    def create(items):
        whole = np.array(items, "u8" if dtype == "u8" else "i8")
        data = whole.view(dtype) if dtype[0] in "mM" else whole.astype(dtype)
        return zarr.create_array({}, data=data, **kwargs)

    assert create([low, 2**n_bits - 1, 0, 1]).shape == (4,)
    for bad in (2**n_bits, low - 1 if low else 2**n_bits):
        with pytest.raises(
            CodecError, match=rf"from -2\*\*{n_bits} to 2\*\*{n_bits} - 1 only.*there is {bad} at \(1,\)"
        ):
            create([0, bad])
    reversible = ZfpCodec(mode="reversible")
    if zarr_format == 3 and low:
        least = np.array([-(2 ** (n_bits + 1)), 5]).astype("i8").astype(f"i{(n_bits + 2) // 8}")
        data = least.view(dtype) if dtype[0] in "mM" else least
        np.testing.assert_array_equal(zarr.create_array({}, data=data, serializer=reversible)[:], data)


def test_what_does_not_fit_any_more_is_the_nearest_that_does():
    """Precision that is lost may carry numbers out of the range of their data type."""
    data = np.array([255, 254, 0, 1], "u1")
    read = create(data, ZfpCodec(mode="fixed_precision", precision=3))[:]
    assert np.abs(read.astype(int) - data).max() < 128


def test_in_shards_and_behind_filters(engine):
    data = numbers(np.dtype(">f4"), (7, 1, 5))
    for kwargs in (
        {"chunks": (2, 1, 2), "shards": (4, 1, 4)},
        {"filters": [SqueezeCodec()]},
        {"compressors": ZstdCodec()},
    ):
        array = create(data, REVERSIBLE, **kwargs)
        array[1:3, 0, 2] = 7
        expected = data.copy()
        expected[1:3, 0, 2] = 7
        np.testing.assert_array_equal(array[...], expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none(engine, zarr_format, bad):
    """With losses they would spoil what is beside them; without, they are kept."""
    data = np.array([1.0, bad, 3.0, 4.0])
    np.testing.assert_array_equal(create(data, REVERSIBLE)[:], data)
    lossy = {"id": "zfpy", "mode": 4, "tolerance": 0.1}
    kwargs = {"compressors": lossy, "zarr_format": 2} if zarr_format == 2 else {"serializer": LOSSY[0]}
    with pytest.raises(CodecError, match="finite numbers only"):
        zarr.create_array({}, data=data, **kwargs)


def stored(codec, data, encoded):
    array = create(data, codec)
    array.store._store_dict["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(encoded)
    return array


@pytest.mark.parametrize("codec", [REVERSIBLE, *LOSSY], ids=lambda codec: codec.mode)
def test_streams_that_are_cut_short(engine, codec):
    data = np.random.default_rng(0).random(256)
    good = create(data, codec).store._store_dict["c/0"].to_bytes()
    np.testing.assert_array_equal(stored(codec, data, good)[:], create(data, codec)[:])
    for n in (0, 1, len(good) // 2, len(good) - 16):
        with pytest.raises(CodecError, match=r"'zfp' could not decode chunk 'c/0'.*(cut short|bytes are no 64 blocks)"):
            stored(codec, data, good[:n])[:]


def test_any_bytes_decode_or_raise(engine):
    rng = np.random.default_rng(0)
    array = create(np.zeros(64, "i4"), REVERSIBLE)
    for n in (1, 7, 100, 5000):
        array.store._store_dict["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(rng.bytes(n))
        try:
            assert array[:].shape == (64,)
        except CodecError:
            pass


def test_stored_forms():
    for codec in (REVERSIBLE, *LOSSY):
        assert ZfpCodec.from_dict(codec.to_dict()) == codec
        assert zarr.registry.get_codec_class("zarrs.zfp").from_dict({**codec.to_dict(), "name": "zarrs.zfp"}) == codec
    assert LOSSY[2].to_dict() == {"name": "zfp", "configuration": {"mode": "fixed_rate", "rate": 40.0}}
    expert = {"mode": "expert", "minbits": 1, "maxbits": 13, "maxprec": 19, "minexp": -2}
    with pytest.raises(MetadataValidationError, match="package zfpy does not have that mode"):
        ZfpCodec.from_dict({"name": "zfp", "configuration": expert})


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"mode": "fast"}, {"mode": "fixed_rate"}, {"mode": "fixed_rate", "rate": 8, "precision": 3},
        {"mode": "reversible", "rate": 8}, {"mode": "fixed_rate", "rate": 0}, {"mode": "fixed_rate", "rate": "8"},
        {"mode": "fixed_rate", "rate": True}, {"mode": "fixed_accuracy", "tolerance": -1},
        {"mode": "fixed_accuracy", "tolerance": float("nan")}, {"mode": "fixed_accuracy", "tolerance": float("inf")},
        {"mode": "fixed_precision", "precision": 0}, {"mode": "fixed_precision", "precision": 2.5},
        {"mode": "reversible", "write_header": True}, {"mode": 5},
    ],
)  # fmt: skip
def test_settings_that_it_cannot_have(settings):
    with pytest.raises((TypeError, ValueError), match="zfp"):
        ZfpCodec.from_dict({"name": "zfp", "configuration": settings})


def test_other_elements_are_refused():
    for dtype in ("?", "c8", "S3", "string", "complex_float8_e5m2", "V4"):
        with pytest.raises(ValueError, match="'zfp' takes no elements of data type"):
            zarr.create_array({}, shape=3, dtype=dtype, serializer=REVERSIBLE)
    with pytest.raises(ValueError, match="'fixed_accuracy' of codec 'zfp' is for floating-point numbers"):
        zarr.create_array({}, shape=3, dtype="i2", serializer=LOSSY[0])
    with pytest.raises(ValueError, match="at most 4 axes"):
        zarr.create_array({}, shape=(2,) * 5, dtype="f4", serializer=REVERSIBLE)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zfpy", None)
    array = zarr.create_array(store := {}, shape=3, dtype="f4", serializer=REVERSIBLE)
    assert zarr.open_array(store).serializer == REVERSIBLE
    with pytest.raises(UnknownCodecError, match="pip install zfpy"):
        array[:] = 1
