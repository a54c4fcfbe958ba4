"""Format 2 chunks against plain numcodecs and NumPy: what we store decodes there, what is made there we read."""

from __future__ import annotations

import itertools
import math

import numcodecs
import numpy as np
import pytest

import zarr
from tests.interop.documents import any_bits, v2
from tests.interop.peer import assert_same_bits, create_ours, put_document

SHAPE, CHUNKS = (7, 10), (3, 4)

COMPRESSORS = {
    "none": None,
    "zlib": {"id": "zlib", "level": 6},
    "gzip": {"id": "gzip", "level": 1},
    "bz2": {"id": "bz2", "level": 1},
    "lz4": {"id": "lz4", "acceleration": 1},
    "lzma": {"id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None},
    "lzma-alone": {"id": "lzma", "format": 2, "check": -1, "preset": 1, "filters": None},
    "zstd": {"id": "zstd", "level": 0},
    "zstd-checksum": {"id": "zstd", "level": 5, "checksum": True},
    "blosc": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
    "blosc-bit": {"id": "blosc", "cname": "zstd", "clevel": 9, "shuffle": 2, "blocksize": 64},
    "crc32": {"id": "crc32"},
    "crc32c": {"id": "crc32c"},
    "adler32": {"id": "adler32"},
    "fletcher32": {"id": "fletcher32"},
    "jenkins": {"id": "jenkins_lookup3", "initval": 7, "prefix": None},
    "base64": {"id": "base64"},
}
FILTERS = {
    "shuffle": ("<i4", [{"id": "shuffle", "elementsize": 4}]),
    "delta": ("<i4", [{"id": "delta", "dtype": "<i4"}]),
    "delta-big": (">i4", [{"id": "delta", "dtype": ">i4"}]),
    "delta-wide": ("<i2", [{"id": "delta", "dtype": "<i2", "astype": "<i8"}]),
    "delta-twice": ("<u8", [{"id": "delta", "dtype": "<u8"}, {"id": "delta", "dtype": "<u8"}]),
    "delta-shuffle": ("<u2", [{"id": "delta", "dtype": "<u2"}, {"id": "shuffle", "elementsize": 2}]),
    "scale": ("<f8", [{"id": "fixedscaleoffset", "offset": 10, "scale": 8, "dtype": "<f8", "astype": "<i4"}]),
    "quantize": ("<f4", [{"id": "quantize", "digits": 2, "dtype": "<f4"}]),
    "bitround": ("<f4", [{"id": "bitround", "keepbits": 5}]),
    "astype": ("<f8", [{"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}]),
    "packbits": ("|b1", [{"id": "packbits"}]),
    "checksums": ("<i4", [{"id": "crc32"}, {"id": "fletcher32"}]),
}
DTYPES = [
    "|b1",
    "|i1",
    "<u2",
    ">u2",
    "<i8",
    ">f2",
    "<f8",
    ">c16",
    "|S3",
    "<U2",
    ">U2",
    "|V5",
    "<M8[ns]",
    ">M8[10s]",
    "<m8[D]",
]


def grid(shape, chunks):
    return itertools.product(*(range(math.ceil(n / c)) for n, c in zip(shape, chunks, strict=True)))


def stages(document):
    """numcodecs objects in encoding order."""
    configurations = [*(document["filters"] or []), *([document["compressor"]] if document["compressor"] else [])]
    return [numcodecs.get_codec(dict(configuration)) for configuration in configurations]


def plain_decode(encoded, document):
    """A chunk of a document without object codecs, by the letter of the format."""
    form = encoded
    for codec in reversed(stages(document)):
        form = codec.decode(form)
    flat = np.frombuffer(bytes(np.ascontiguousarray(form)) if isinstance(form, np.ndarray) else form, document["dtype"])
    return flat.reshape(document["chunks"], order=document["order"])


def plain_encode(chunk, document):
    form = np.ravel(np.asarray(chunk, document["dtype"]), order=document["order"])
    for codec in stages(document):
        form = codec.encode(form)
    return form.tobytes() if isinstance(form, np.ndarray) else bytes(form)


def padded(data, document, coords):
    """The chunk at `coords` in full, with zeros behind the edge."""
    chunk = np.zeros(document["chunks"], data.dtype)
    region = tuple(slice(i * n, (i + 1) * n) for i, n in zip(coords, document["chunks"], strict=True))
    part = data[region]
    chunk[tuple(slice(0, n) for n in part.shape)] = part
    return chunk, region


def sample(dtype):
    """Elements that every filter above gives back exactly."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return (np.arange(70).reshape(SHAPE) / 4 - 3).astype(dtype)
    if dtype.kind == "U":
        return np.array([["", "é", "\U0001f600a"][i % 3] for i in range(70)], dtype).reshape(SHAPE)
    return any_bits(np.random.default_rng(3), SHAPE, dtype)


def cases():
    for name, compressor in COMPRESSORS.items():
        for order in "CF":
            yield pytest.param(v2("<i4", compressor=compressor, order=order), id=f"{name}-{order}")
    for name, (dtype, filters) in FILTERS.items():
        for order in "CF":
            document = v2(dtype, filters=filters, compressor={"id": "zlib", "level": 1}, order=order, fill=None)
            yield pytest.param(document, id=f"{name}-{order}")
    for dtype in DTYPES:
        for order in "CF":
            yield pytest.param(v2(dtype, order=order, fill=None, compressor={"id": "zstd"}), id=f"{dtype}-{order}")


@pytest.mark.parametrize("document", list(cases()))
def test_what_we_store_decodes_with_numcodecs(document, tmp_path, engine):
    data = sample(document["dtype"])
    array = create_ours(tmp_path, document)
    array[...] = data
    for coords in grid(SHAPE, CHUNKS):
        chunk, region = padded(data, document, coords)
        decoded = plain_decode((tmp_path / ".".join(map(str, coords))).read_bytes(), document)
        inside = tuple(slice(0, n) for n in data[region].shape)
        assert_same_bits(decoded[inside], chunk[inside])


@pytest.mark.parametrize("document", list(cases()))
def test_chunks_made_with_numcodecs_are_read(document, tmp_path, engine):
    data = sample(document["dtype"])
    put_document(tmp_path, document)
    for coords in grid(SHAPE, CHUNKS):
        chunk, _ = padded(data, document, coords)
        (tmp_path / ".".join(map(str, coords))).write_bytes(plain_encode(chunk, document))
    array = zarr.open_array(tmp_path, mode="r+")
    assert_same_bits(array[...], data)
    array[2:5, 1:7] = data[1:4, 2:8]
    expected = data.copy()
    expected[2:5, 1:7] = data[1:4, 2:8]
    assert_same_bits(zarr.open_array(tmp_path, mode="r")[...], expected)


def test_a_boolean_delta_is_undone_although_numcodecs_cannot(tmp_path, engine):
    data = any_bits(np.random.default_rng(5), (50,), "|b1")
    document = v2("|b1", (50,), (50,), filters=[{"id": "delta", "dtype": "|b1"}], fill=None)
    put_document(tmp_path, document)
    (tmp_path / "0").write_bytes(plain_encode(data, document))
    np.testing.assert_array_equal(zarr.open_array(tmp_path, mode="r")[...], data)


# -- elements of variable length ------------------------------------------------------------------------------------

TEXTS = np.array([["a", "", "é" * 100], ["\U0001f600", "b\0c", "漢字"]], object)
OCTETS = np.array([[b"a", b"", b"\xff" * 100], [b"\0", b"b\0c", b"de"]], object)
VARIABLE = {"vlen-utf8": TEXTS, "vlen-bytes": OCTETS}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compressor", ["none", "zstd", "lz4"])
@pytest.mark.parametrize("codec_id", VARIABLE)
class TestVariableLength:
    def document(self, codec_id, compressor, order):
        return v2("|O", (2, 3), (2, 3), COMPRESSORS[compressor], "", order, filters=[{"id": codec_id}])

    def test_what_we_store_decodes_with_numcodecs(self, codec_id, compressor, order, tmp_path, engine):
        document, data = self.document(codec_id, compressor, order), VARIABLE[codec_id]
        put_document(tmp_path, document)
        zarr.open_array(tmp_path, mode="r+")[...] = data
        form = (tmp_path / "0.0").read_bytes()
        for codec in reversed(stages(document)):
            form = codec.decode(form)
        assert form.reshape((2, 3), order=order).tolist() == data.tolist()

    def test_chunks_made_with_numcodecs_are_read(self, codec_id, compressor, order, tmp_path, engine):
        document, data = self.document(codec_id, compressor, order), VARIABLE[codec_id]
        put_document(tmp_path, document)
        (tmp_path / "0.0").write_bytes(encode_objects(data.ravel(order=order), document))
        assert zarr.open_array(tmp_path, mode="r")[...].tolist() == data.tolist()


def encode_objects(items, document):
    form = items
    for codec in stages(document):
        form = codec.encode(form)
    return bytes(form)


def test_texts_of_format_3_are_those_of_numcodecs(tmp_path, engine):
    array = zarr.create_array(tmp_path, shape=(2, 3), dtype="string", chunks=(2, 3), compressors=None)
    array[...] = TEXTS
    stored = (tmp_path / "c/0/0").read_bytes()
    assert stored == bytes(numcodecs.VLenUTF8().encode(TEXTS.ravel()))
    assert numcodecs.VLenUTF8().decode(stored).tolist() == TEXTS.ravel().tolist()


def test_octets_of_format_3_are_those_of_numcodecs(tmp_path, engine):
    array = zarr.create_array(tmp_path, shape=(2, 3), dtype="bytes", chunks=(2, 3), compressors=None)
    array[...] = OCTETS
    stored = (tmp_path / "c/0/0").read_bytes()
    assert stored == bytes(numcodecs.VLenBytes().encode(OCTETS.ravel()))


@pytest.mark.parametrize("name", ["zlib", "bz2", "lz4", "lzma", "crc32", "adler32", "fletcher32", "jenkins_lookup3"])
def test_a_numcodecs_codec_of_format_3_writes_its_plain_bytes(name, tmp_path, engine):
    configuration = {"initval": 0} if name == "jenkins_lookup3" else {}
    array = zarr.create_array(
        tmp_path,
        shape=(40,),
        dtype="<i4",
        chunks=(40,),
        compressors=[{"name": f"numcodecs.{name}", "configuration": configuration}],
    )
    array[...] = np.arange(40)
    stored = (tmp_path / "c/0").read_bytes()
    decoded = numcodecs.get_codec({"id": name, **configuration}).decode(stored)
    np.testing.assert_array_equal(np.frombuffer(decoded, "<i4"), np.arange(40))
    np.testing.assert_array_equal(zarr.open_array(tmp_path, mode="r")[...], np.arange(40))
