"""TensorStore and this library on one directory: structs, field by field, and the small numbers of ml_dtypes."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import tensorstore

import zarr
from tests.interop.documents import BIG, CRC32C, LITTLE, codec, sharded, v2, v3
from tests.interop.peer import SMALL, put_document, stored_document, ts_create, ts_open

_DRIVER = {2: "zarr", 3: "zarr3"}
FIELDS = [["a", "<i4"], ["b", ">f8"], ["c", "|u1"], ["d", ">u2"]]
STRUCT = codec(
    "struct", fields=[{"name": n, "data_type": t} for n, t in zip("abc", ("int32", "float64", "uint8"), strict=True)]
)


def open_field(path, zarr_format, field):
    spec = {"driver": _DRIVER[zarr_format], "kvstore": {"driver": "file", "path": f"{path}/"}, "field": field}
    return tensorstore.open({**spec, "open": True}).result()


def struct_documents():
    fill = {"a": 1, "b": 2.5, "c": 3}
    for name, chain in [
        ("little", [LITTLE]),
        ("big", [BIG]),
        ("zstd", [LITTLE, codec("zstd", level=1, checksum=False)]),
        ("shards", [sharded((1, 2), [BIG, CRC32C])]),
    ]:
        yield pytest.param(v3(STRUCT, (7, 10), (3, 4), chain, fill), id=f"v3-{name}")
    yield pytest.param(v2(FIELDS, fill=None), id="v2")
    yield pytest.param(v2([*FIELDS, ["e", "<i2", [2, 3]]], fill=None, order="F"), id="v2-array-F")
    yield pytest.param(v2(FIELDS, compressor={"id": "zlib", "level": 1}, fill="BwAAAEAJAAAAAAAABQAB"), id="v2-fill")


@pytest.mark.parametrize("document", list(struct_documents()))
@pytest.mark.parametrize("starter", ["ours", "theirs"])
def test_fields_of_structs(document, starter, tmp_path, engine):
    """One creates; they take turns in writing a field, and read all of them."""
    zarr_format = document["zarr_format"]
    put_document(tmp_path / "a", document)
    if starter == "ours":
        source = zarr.open_array(tmp_path / "a")
        zarr.create_array(
            tmp_path / "b",
            shape=source.shape,
            chunks=source.chunks,
            shards=source.shards,
            dtype=source.metadata.dtype,
            fill_value=source.fill_value,
            zarr_format=zarr_format,
            **({"order": document["order"]} if zarr_format == 2 else {"serializer": source.serializer}),
        )
    else:
        spec = {"driver": _DRIVER[zarr_format], "kvstore": {"driver": "file", "path": f"{tmp_path}/b/"}, "field": "a"}
        tensorstore.open({**spec, "metadata": document, "create": True}).result()
    path = tmp_path / "b"
    ours = zarr.open_array(path)
    expected = np.asarray(ours[...])
    rng = np.random.default_rng(3)
    for turn, name in enumerate([*ours.dtype.names, *ours.dtype.names]):
        theirs = open_field(path, zarr_format, name)
        np.testing.assert_array_equal(theirs.read().result(), expected[name])
        region = (slice(turn % 4, 6), slice(1, 9 - turn % 3))
        values = rng.integers(0, 100, expected[name][region].shape).astype(expected[name].dtype.newbyteorder("="))
        expected[name][region] = values
        if turn % 2:
            ours[(*region, name)] = values
        else:
            theirs[region].write(values).result()
        np.testing.assert_array_equal(ours[name], expected[name])
        np.testing.assert_array_equal(open_field(path, zarr_format, name).read().result(), expected[name])
    assert zarr.open_array(path)[...].tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("starter", ["ours", "theirs"])
def test_small_numbers(name, zarr_format, starter, tmp_path, engine):
    dtype = np.dtype(getattr(ml_dtypes, name))
    reads_fill = name != "float8_e8m0fnu"  # TensorStore 0.1.86 reads another number for it than it stores
    fill = None if zarr_format == 2 else 1
    path = tmp_path / "a"
    if starter == "ours":
        zarr.create_array(path, shape=(7, 10), chunks=(3, 4), dtype=name, zarr_format=zarr_format, fill_value=1, compressors=None)  # fmt: skip
        fill = 1
    else:
        ts_create(path, v2(name, fill=fill) if zarr_format == 2 else v3(name, fill=fill))
    ours, theirs = zarr.open_array(path), ts_open(path, zarr_format)
    assert theirs.dtype.numpy_dtype == dtype
    first = np.full((7, 10), 1 if fill == 1 else 0, "u1" if "int" in name else "f4").astype(dtype)
    expected = first if fill == 1 else np.zeros((7, 10), f"u{dtype.itemsize}").view(dtype)
    if reads_fill:
        np.testing.assert_array_equal(
            theirs.read().result().view(f"u{dtype.itemsize}"), expected.view(f"u{dtype.itemsize}")
        )
    np.testing.assert_array_equal(ours[:].view("u1"), expected.view("u1"))
    patterns = np.arange(70).reshape(7, 10) * (937 if dtype.itemsize == 2 else 1)
    n_bits = {"float4_e2m1fn": 4, "int2": 2, "int4": 4}.get(name, 8 * dtype.itemsize)
    values = (patterns % 2**n_bits).astype(f"u{dtype.itemsize}").view(dtype)
    theirs.write(expected).result()
    for turn, region in enumerate([slice(0, 4), slice(2, 7), slice(5, 6)]):
        expected[region] = values[: expected[region].shape[0]]
        (ours if turn % 2 else theirs[region]).__setitem__(region if turn % 2 else ..., expected[region])
        assert ours[:].tobytes() == expected.tobytes()
        again = ts_open(path, zarr_format).read().result()
        np.testing.assert_array_equal(again.astype("f4"), expected.astype("f4"))


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        *(("bfloat16", fill) for fill in ("NaN", "Infinity", "-Infinity", 1.5, -0.0, "0x7fc1", 3.140625)),
        *(("float8_e3m4", fill) for fill in ("NaN", "-Infinity", 0.25)),
        *(("float8_e4m3fn", fill) for fill in ("NaN", 448.0, "0xff")),
        *(("float8_e5m2", fill) for fill in ("NaN", "Infinity", 57344.0, "0x7d")),
        *(("float8_e5m2fnuz", fill) for fill in ("NaN", 0.5)),
        ("float8_e8m0fnu", "NaN"),
        *(("float4_e2m1fn", fill) for fill in (6.0, -0.5)),
        *(("int4", fill) for fill in (-8, 7)),
        ("int2", -2),
    ],
)
def test_fill_values_of_small_numbers(name, fill, tmp_path):
    ts_create(tmp_path / "theirs", v3(name, fill=fill))
    theirs = ts_open(tmp_path / "theirs", 3)
    array = zarr.open_array(tmp_path / "theirs")
    expected = np.asarray(theirs.read().result())
    np.testing.assert_array_equal(array[:].astype("f4"), expected.astype("f4"))
    zarr.create_array(tmp_path / "ours", shape=(7, 10), chunks=(3, 4), dtype=array.metadata.dtype, fill_value=array.fill_value)  # fmt: skip
    ours, stored = (stored_document(tmp_path / name)["fill_value"] for name in ("ours", "theirs"))
    assert (ours, str(ours)) == (stored, str(stored))
    again = ts_open(tmp_path / "ours", 3).read().result()
    np.testing.assert_array_equal(again.astype("f4"), expected.astype("f4"))
