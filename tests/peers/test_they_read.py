"""zarr-python, TensorStore and zarrs read what was written here: to a directory, to a zip archive and to S3."""

from __future__ import annotations

import numpy as np
import pytest

import zarr
from tests.peers.digests import told

SHAPE = (13, 17)
NUMBERS = np.arange(13 * 17).reshape(SHAPE)
ALL = ("zarr-python", "tensorstore", "zarrs")
ARRAYS = {
    "plain": ({"dtype": "i4"}, ALL),
    "sharded": ({"dtype": "f8", "shards": (10, 14)}, ALL),
    "sharded with its index in front": (
        {
            "dtype": "u2",
            "chunks": (10, 14),
            "serializer": zarr.codecs.ShardingCodec(chunk_shape=(5, 7), index_location="start"),
            "compressors": None,
        },
        ALL,
    ),
    "blosc": ({"dtype": "i8", "compressors": zarr.codecs.BloscCodec(cname="lz4", shuffle="shuffle")}, ALL),
    "gzip and checksum": ({"dtype": "u1", "compressors": [zarr.codecs.GzipCodec(), zarr.codecs.Crc32cCodec()]}, ALL),
    "turned": ({"dtype": "f4", "filters": zarr.codecs.TransposeCodec(order=(1, 0)), "fill_value": np.nan}, ALL),
    "big-endian": ({"dtype": "i2", "serializer": zarr.codecs.BytesCodec(endian="big")}, ALL),
    "truths": ({"dtype": "bool", "compressors": None}, ALL),
    "complex": ({"dtype": "c8"}, ALL),
    "v2 keys": ({"dtype": "i4", "chunk_key_encoding": {"name": "v2", "separator": "/"}}, ALL),
    "format 2": ({"dtype": ">i4", "zarr_format": 2}, ("zarr-python", "tensorstore")),
    "format 2 in Fortran's order": ({"dtype": "f8", "order": "F", "zarr_format": 2}, ("zarr-python", "tensorstore")),
    "texts": ({"dtype": "str"}, ("zarr-python",)),
}


def readers(names, where):
    """With each way to S3 that zarr-python has."""
    return (*names, "zarr-python, s3fs") if "bucket" in where else names


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(place, peers, engine, name):
    options, names = ARRAYS[name]
    store, where = place
    data = NUMBERS.astype(options["dtype"])
    array = zarr.create_array(store, name="g/x", shape=SHAPE, **{"chunks": (5, 7), **options})
    array[:10] = data[:10]
    array[3:7, 5:9] = data[3:7, 5:9]
    array[10:, :4] = data[10:, :4]
    array.append(data[:3])
    expected = told(array[:])
    store.close()
    for reader in readers(names, where):
        assert (reader, peers.read(reader, where, "g/x", options.get("zarr_format", 3))) == (reader, expected)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,)], ids=str)
def test_shapes_at_the_edge(place, peers, engine, shape):
    store, where = place
    array = zarr.create_array(store, name="x", data=np.full(shape, 7, "i4"))
    expected = told(array[...])
    store.close()
    for reader in readers(ALL if 0 not in shape else ("zarr-python", "tensorstore"), where):
        assert (reader, peers.read(reader, where, "x")) == (reader, expected)


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
@pytest.mark.parametrize("consolidates", [False, True])
def test_groups(place, peers, zarr_format, consolidates):
    store, where = place
    root = zarr.create_group(store, zarr_format=zarr_format, attributes={"a": [1, {"b": None}], "ü": "😀"})
    root.create_group("g").create_array("x", shape=3, dtype="i4", attributes={"unit": "m"})
    root.attrs["later"] = 1.5
    root.create_array("y", shape=2, dtype="f8")
    if consolidates:
        zarr.consolidate_metadata(store)
    store.close()
    assert peers.read("zarr-python, groups", where, "", zarr_format) == {
        "attributes": {"a": [1, {"b": None}], "ü": "😀", "later": 1.5},
        "members": ["g", "g/x", "y"],
        "consolidated": ["g", "g/x", "y"] if consolidates else None,
    }
