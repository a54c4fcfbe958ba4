"""pcodec and ZFP, through numcodecs: in both formats, and with streams that lie."""

import numcodecs
import numcodecs.pcodec
import numpy as np
import pytest
import zfpy
from pcodec import ChunkConfig, standalone

import zarr
from zarr.codecs.numcodecs import ZFPY, PCodec
from zarr.errors import CodecError, UnknownCodecError

NUMBERS = {"f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"}
OF_ZFP = {"f4", "f8", "i4", "i8"}


def numbers(dtype, shape=(7, 5)):
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) ** 2 % 1000).astype(dtype)


def create(data, codec, zarr_format=3, **kwargs):
    if zarr_format == 2:
        return zarr.create_array({}, data=data, compressors=[codec], zarr_format=2, **kwargs)
    return zarr.create_array({}, data=data, serializer=codec, compressors=None, **kwargs)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", sorted(NUMBERS))
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (7, 5)])
def test_pcodec_keeps_every_number(engine, zarr_format, dtype, order, shape):
    codec = numcodecs.pcodec.PCodec(level=4)
    array = create(numbers(order + dtype, shape), codec, zarr_format, chunks=tuple(3 for _ in shape) or "auto")
    np.testing.assert_array_equal(array[...], numbers(dtype, shape))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", sorted(OF_ZFP))
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (17,), (7, 5), (5, 3, 4), (3, 2, 5, 4)])
def test_zfp_without_losses(engine, zarr_format, dtype, order, shape):
    codec = numcodecs.ZFPY(mode=5) if zarr_format == 2 else ZFPY(mode=5)
    array = create(numbers(order + dtype, shape), codec, zarr_format, chunks=tuple(3 for _ in shape) or "auto")
    np.testing.assert_array_equal(array[...], numbers(dtype, shape))


@pytest.mark.parametrize(
    "config",
    [
        {"mode": zfpy.mode_fixed_accuracy, "tolerance": 1e-3},
        {"mode": zfpy.mode_fixed_precision, "precision": 30},
        {"mode": zfpy.mode_fixed_rate, "rate": 40},
    ],
)
def test_modes_of_zfp(engine, config):
    data = np.sin(np.arange(300.0)).reshape(20, 15)
    array = create(data, ZFPY(**config), chunks=(7, 6))
    np.testing.assert_allclose(array[:], data, atol=2e-3)


def test_in_shards(engine):
    for codec in (PCodec(), ZFPY()):
        array = create(numbers(">f4"), codec, chunks=(2, 2), shards=(4, 4))
        np.testing.assert_array_equal(array[:], numbers("f4"))
        array[1:3, 2] = 7
        assert array[2, 2] == 7


def test_the_bytes_are_those_of_numcodecs(engine):
    data = numbers("f8")
    for codec_id, codec in (("pcodec", PCodec(level=8)), ("zfpy", ZFPY(mode=4, tolerance=0.01))):
        array = zarr.create_array(store := {}, data=data, serializer=codec, compressors=None)
        parameters = {"level": 8} if codec_id == "pcodec" else {"mode": 4, "tolerance": 0.01}
        oracle = numcodecs.get_codec({"id": codec_id, **parameters})
        assert store["c/0/0"].to_bytes() == bytes(oracle.encode(data))
        np.testing.assert_array_equal(array[:].ravel(), np.ravel(oracle.decode(store["c/0/0"].to_bytes())))


@pytest.mark.parametrize("compressor", [numcodecs.pcodec.PCodec(), numcodecs.ZFPY()])
@pytest.mark.parametrize(
    "filters",
    [
        [numcodecs.Delta("<i4", "<i8")],
        [numcodecs.FixedScaleOffset(0, 1, "<i4", "<i4"), numcodecs.Delta("<i4", "<f8")],
        [numcodecs.AsType("<f4", "<i4"), numcodecs.BitRound(20)],
        [numcodecs.AsType("<f4", "<i4"), numcodecs.BitRound(23)],
    ],
)
def test_behind_filters_of_format_2(engine, filters, compressor):
    data = numbers("<i4")
    array = zarr.create_array(store := {}, data=data, filters=filters, compressors=compressor, zarr_format=2)
    np.testing.assert_array_equal(array[:], data)
    form = data
    for codec in filters:
        form = codec.encode(form)
    assert store["0.0"].to_bytes() == bytes(compressor.encode(form))


def test_other_elements_are_refused():
    for dtype in ("?", "u1", "c8", "M8[s]", "S3"):
        for codec in (PCodec(), ZFPY()):
            with pytest.raises(ValueError, match=r"'numcodecs\.(pcodec|zfpy)' takes no elements of data type"):
                zarr.create_array({}, shape=3, dtype=dtype, serializer=codec)
    with pytest.raises(ValueError, match="takes no elements"):
        zarr.create_array({}, shape=3, dtype="u4", serializer=ZFPY())
    with pytest.raises(ValueError, match="at most 4 axes"):
        zarr.create_array({}, shape=(2,) * 5, dtype="f4", serializer=ZFPY())


def stored(codec, data, encoded, zarr_format=3):
    array = create(data, codec, zarr_format)
    key = "c/0" if zarr_format == 3 else "0"
    array.store_path.store._store_dict[key] = zarr.buffer.cpu.Buffer.from_bytes(encoded)
    return array


def test_damaged_streams_of_pcodec(engine, zarr_format):
    data = np.arange(1000.0)
    good = standalone.simple_compress(data, ChunkConfig())
    more = standalone.simple_compress(np.zeros(10**6), ChunkConfig())
    others = standalone.simple_compress(np.arange(1000), ChunkConfig())
    codec = numcodecs.pcodec.PCodec()
    lies = [good[:5] + b"\xff" * 12 + good[17:], b"pco!" + b"\xff" * 60, more, others, b"", b"zero"]
    for damaged in [*(good[:n] for n in (3, 4, 10, len(good) - 1)), *lies]:
        array = stored(codec, data, damaged, zarr_format)
        with pytest.raises(CodecError, match="pcodec"):
            array[:]


@pytest.mark.parametrize(
    "mode", [{"mode": 5}, {"mode": 4, "tolerance": 1e-6}, {"mode": 3, "precision": 20}, {"mode": 2, "rate": 16}]
)
def test_damaged_streams_of_zfp(engine, zarr_format, mode):
    rng = np.random.default_rng(0)
    data = rng.random(256)
    keyword = {name: value for name, value in mode.items() if name != "mode"}
    good = bytes(zfpy.compress_numpy(data, write_header=True, **keyword))
    np.testing.assert_array_equal(
        stored(numcodecs.ZFPY(**mode), data, good, zarr_format)[:], zfpy.decompress_numpy(good)
    )
    more = bytes(zfpy.compress_numpy(np.zeros(10**6), write_header=True, **keyword))
    for damaged in [
        *(good[:n] for n in (0, 3, 8, 12, 20, len(good) // 2, len(good) - 16)),
        more,
        b"zfp\x05" + b"\xff" * 60,
    ]:
        array = stored(numcodecs.ZFPY(**mode), data, damaged, zarr_format)
        with pytest.raises(CodecError, match="zfpy"):
            array[:]


def test_random_bytes_never_crash(engine):
    rng = np.random.default_rng(1)
    data = np.arange(64.0)
    good = {
        PCodec(): bytes(standalone.simple_compress(data, ChunkConfig())),
        ZFPY(mode=5): bytes(zfpy.compress_numpy(data, write_header=True)),
    }
    for codec, encoded in good.items():
        for _ in range(200):
            changed = np.frombuffer(encoded, "u1").copy()
            changed[rng.integers(0, len(changed), 3)] = rng.integers(0, 256, 3)
            array = stored(codec, data, changed.tobytes())
            try:
                assert array[:].shape == (64,)
            except CodecError:
                pass


def test_what_to_install_is_said(monkeypatch):
    registry = numcodecs.registry
    for codec_id, codec in (("pcodec", PCodec()), ("zfpy", ZFPY())):
        monkeypatch.delitem(registry.codec_registry, codec_id)
        with pytest.raises(UnknownCodecError, match=rf'pip install "numcodecs\[{codec_id}\]"'):
            create(np.arange(3.0), codec)
