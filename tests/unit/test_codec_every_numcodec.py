"""Every codec of numcodecs by each of its names: the id of format 2, `numcodecs.*`, the registered name, and as an object."""

import json

import numcodecs
import numpy as np
import pytest

import zarr
from zarr.errors import ArgumentError, CodecError, MetadataValidationError, UnknownCodecError

FLOATS = (np.arange(60.0).reshape(6, 10) / 8).astype("<f4")
INTS = np.arange(60, dtype="<i4").reshape(6, 10)
BOOLS = INTS % 3 == 0

# Codec of format 2, what it is applied to, its name in format 3, and the kind there.
CODECS = [
    (numcodecs.Adler32(), INTS, "numcodecs.adler32", "compressors"),
    (numcodecs.AsType("<f8", "<f4"), FLOATS, "numcodecs.astype", "filters"),
    (numcodecs.Base64(), INTS, "numcodecs.base64", "compressors"),
    (numcodecs.BitRound(20), FLOATS, "bitround", "filters"),
    (numcodecs.Blosc("lz4", 3, numcodecs.Blosc.BITSHUFFLE), INTS, "blosc", "compressors"),
    (numcodecs.Blosc("zstd", 3, numcodecs.Blosc.AUTOSHUFFLE), INTS, "blosc", "compressors"),
    (numcodecs.BZ2(2), INTS, "numcodecs.bz2", "compressors"),
    (numcodecs.CRC32(), INTS, "numcodecs.crc32", "compressors"),
    (numcodecs.CRC32(location="end"), INTS, "numcodecs.crc32", "compressors"),
    (numcodecs.checksum32.CRC32C(), INTS, "crc32c", "compressors"),
    (numcodecs.checksum32.CRC32C(location="start"), INTS, "numcodecs.crc32c", "compressors"),
    (numcodecs.Delta("<i4"), INTS, "numcodecs.delta", "filters"),
    (numcodecs.FixedScaleOffset(0, 8, "<f4", "<u2"), FLOATS, "numcodecs.fixedscaleoffset", "filters"),
    (numcodecs.Fletcher32(), INTS, "numcodecs.fletcher32", "compressors"),
    (numcodecs.GZip(2), INTS, "gzip", "compressors"),
    (numcodecs.checksum32.JenkinsLookup3(), INTS, "numcodecs.jenkins_lookup3", "compressors"),
    (numcodecs.LZ4(2), INTS, "numcodecs.lz4", "compressors"),
    (numcodecs.LZMA(preset=1), INTS, "numcodecs.lzma", "compressors"),
    (numcodecs.PackBits(), BOOLS, "numcodecs.packbits", "filters"),
    (numcodecs.pcodec.PCodec(level=3), INTS, "numcodecs.pcodec", "serializer"),
    (numcodecs.Quantize(4, "<f4"), FLOATS, "numcodecs.quantize", "filters"),
    (numcodecs.Shuffle(4), INTS, "numcodecs.shuffle", "compressors"),
    (numcodecs.ZFPY(), FLOATS, "numcodecs.zfpy", "serializer"),
    (numcodecs.Zlib(2), INTS, "numcodecs.zlib", "compressors"),
    (numcodecs.Zstd(2), INTS, "zstd", "compressors"),
    (numcodecs.Zstd(2, checksum=True), INTS, "zstd", "compressors"),
]
OF_OBJECTS = {"categorize", "json2", "msgpack2", "pickle", "vlen-array", "vlen-bytes", "vlen-utf8"}
ids = [f"{codec.codec_id}-{i}" for i, (codec, *_) in enumerate(CODECS)]


def test_none_is_left_out():
    registered = numcodecs.registry.codec_registry
    theirs = {name for name, cls in registered.items() if cls.__module__.startswith("numcodecs.")}
    assert theirs == {codec.codec_id for codec, *_ in CODECS} | OF_OBJECTS


def settings(kind, codec, **others):
    chosen = {"filters": None, "compressors": None, kind: codec if kind == "serializer" else [codec], **others}
    return {"chunks": (4, 4), **chosen}


@pytest.mark.parametrize(("codec", "data", "name", "kind"), CODECS, ids=ids)
@pytest.mark.parametrize("sharded", [False, True])
def test_as_an_object_in_format_3(engine, codec, data, name, kind, sharded):
    shards = {"shards": (8, 8)} if sharded else {}
    for order in "<>":
        if order == ">" and (kind == "filters" or data.dtype.kind == "b"):
            continue  # filters name the dtype that they take
        array = zarr.create_array(
            store := {}, data=data.astype(data.dtype.newbyteorder(order)), **settings(kind, codec, **shards)
        )
        np.testing.assert_array_equal(array[:], data)
        codecs = json.loads(store["zarr.json"].to_bytes())["codecs"]
        inner = codecs[0]["configuration"]["codecs"] if sharded else codecs
        assert name in [stored["name"] for stored in inner]
        np.testing.assert_array_equal(zarr.open_array(store, mode="r")[2:5], data[2:5])


@pytest.mark.parametrize(("codec", "data", "name", "kind"), CODECS, ids=ids)
def test_as_numcodecs_name_in_format_3(engine, codec, data, name, kind):
    config = {key: value for key, value in codec.get_config().items() if key != "id"}
    given = {"name": f"numcodecs.{codec.codec_id}", "configuration": config}
    array = zarr.create_array(store := {}, data=data, **settings(kind, given))
    np.testing.assert_array_equal(zarr.open_array(store, mode="r")[:], data)
    stored = {entry["name"] for entry in json.loads(store["zarr.json"].to_bytes())["codecs"]}
    assert given["name"] in stored
    array[0, 0] = data[0, 1]
    assert array[0, 0] == data[0, 1]


@pytest.mark.parametrize(("codec", "data", "name", "kind"), CODECS, ids=ids)
def test_by_its_id_in_format_2(engine, codec, data, name, kind):
    for key in ("filters", "compressors"):
        if key == "compressors" and kind == "filters":
            continue
        for given in (codec, codec.get_config()):
            others = {"filters": None, "compressors": None, "chunks": (4, 4), "zarr_format": 2, key: [given]}
            array = zarr.create_array(store := {}, data=data, **others)
            np.testing.assert_array_equal(array[:], data)
            np.testing.assert_array_equal(zarr.open_array(store, mode="r")[1:3], data[1:3])


@pytest.mark.parametrize(("codec", "data", "name", "kind"), CODECS, ids=ids)
def test_without_axes_and_without_elements(engine, codec, data, name, kind):
    for part in (data[1, 2], data[:0]):
        array = zarr.create_array({}, data=np.asarray(part), **{**settings(kind, codec), "chunks": "auto"})
        np.testing.assert_array_equal(array[...], part)
        key = "filters" if kind == "filters" else "compressors"
        others = {"filters": None, "compressors": None, "zarr_format": 2, key: [codec]}
        array = zarr.create_array({}, data=np.asarray(part), **others)
        np.testing.assert_array_equal(array[...], part)


def test_those_of_text_and_bytes():
    for codec, data in ((numcodecs.VLenUTF8(), ["a", "bc"]), (numcodecs.VLenBytes(), [b"a", b"bc"])):
        dtype = str if isinstance(data[0], str) else bytes
        for given in (codec, f"numcodecs.{codec.codec_id}"):
            array = zarr.create_array(store := {}, shape=2, dtype=dtype, serializer=given)
            array[:] = np.array(data, object)
            assert list(array[:]) == data
            assert json.loads(store["zarr.json"].to_bytes())["codecs"][0]["name"] == codec.codec_id


@pytest.mark.parametrize("codec", [numcodecs.JSON(), numcodecs.MsgPack(), numcodecs.Pickle(), numcodecs.VLenArray("i4"),
                                   numcodecs.Categorize(["a"], object)])  # fmt: skip
def test_those_of_objects_are_for_format_2(codec):
    with pytest.raises(ArgumentError, match=f"'{codec.codec_id}' is for Python objects, which only format 2 has"):
        zarr.create_array({}, shape=3, dtype="i4", filters=[codec])


def test_one_in_the_wrong_place_is_told_the_right_one():
    with pytest.raises(TypeError, match="bytes->bytes to `compressors`"):
        zarr.create_array({}, shape=3, dtype="i4", filters=[numcodecs.Shuffle(4)])


class Stranger(numcodecs.abc.Codec):
    codec_id = "stranger"

    def encode(self, buf):
        return buf

    decode = encode


def test_those_of_others_have_no_form_in_format_3():
    with pytest.raises(ArgumentError, match="'stranger' has no form in format 3"):
        zarr.create_array({}, shape=3, dtype="i4", compressors=Stranger())
    with pytest.raises(UnknownCodecError):
        zarr.create_array({}, shape=3, dtype="i4", compressors={"name": "numcodecs.stranger"})


def test_damaged_base64(engine, zarr_format):
    array = zarr.create_array({}, data=INTS[0], compressors=[numcodecs.Base64()], zarr_format=zarr_format)
    key = "c/0" if zarr_format == 3 else "0"
    good = array.store_path.store._store_dict[key].to_bytes()
    for damaged in (good[:-3], b"!" + good, good[:5] + b"\n" + good[5:]):
        array.store_path.store._store_dict[key] = zarr.buffer.cpu.Buffer.from_bytes(damaged)
        with pytest.raises(zarr.errors.CodecError, match="base64"):
            array[:]


@pytest.mark.parametrize("bad", [[], {}, "x", None, 7, 2**70])
@pytest.mark.parametrize("parameter", ["shuffle", "clevel", "cname", "blocksize"])
def test_parameters_that_numcodecs_does_not_look_at(engine, zarr_format, parameter, bad):
    """What comes of them is an error that names the chunk, or, of what is no length, nothing."""
    array = zarr.create_array({}, shape=4, dtype="f8", compressors=numcodecs.Zlib(), zarr_format=zarr_format)
    key = ".zarray" if zarr_format == 2 else "zarr.json"
    document = json.loads(array.store.get_sync(key).to_bytes())
    if zarr_format == 2:
        document["compressor"] = {"id": "blosc", parameter: bad}
    else:
        document["codecs"][1] = {"name": "numcodecs.blosc", "configuration": {parameter: bad}}
    array.store._store_dict[key] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    said = "blosc"
    try:
        again = zarr.open_array(array.store)
        again[:] = np.arange(4.0)
        assert again[2] == 2
    except (CodecError, MetadataValidationError) as exc:
        said = str(exc)
    assert "blosc" in said
