"""TensorStore opens arrays that were migrated to format 3, and finds in the same chunks what it found in format 2."""

from __future__ import annotations

import numcodecs
import numpy as np
import pytest

import zarr
from tests.interop.documents import NUMBERS, v2
from tests.interop.peer import Theirs, assert_same_bits, put_document
from zarr.metadata.migrate_v3 import migrate_v2_to_v3

CODECS = {
    "none": None,
    "zstd": {"id": "zstd", "level": 3},
    "gzip": {"id": "gzip", "level": 3},
    **{
        f"blosc {shuffle}": {"id": "blosc", "cname": cname, "clevel": 5, "shuffle": shuffle, "blocksize": 0}
        for shuffle, cname in ((-1, "lz4"), (0, "zlib"), (1, "zstd"), (2, "lz4hc"))
    },
}


def check(path, document):
    """Chunks by TensorStore in format 2, read by it in format 3 after the migration, and written."""
    dtype = np.dtype(document["dtype"])
    put_document(path, document)
    two, three = Theirs(path, 2, dtype), Theirs(path, 3, dtype.newbyteorder("="))
    data = (np.arange(70).reshape(7, 10) % 2 if dtype.kind == "b" else np.arange(70).reshape(7, 10)).astype(dtype)
    two.write(np.s_[:4], data[:4])
    found = two.read()
    migrate_v2_to_v3(input_store=path)
    assert_same_bits(three.read(), found)
    assert_same_bits(np.asarray(zarr.open_array(path, zarr_format=3)[...]), found)
    three.write(np.s_[2:], data[2:].astype(dtype.newbyteorder("=")))
    assert_same_bits(two.read(), data)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("name", NUMBERS)
def test_data_types(tmp_path, name, byte_order, order):
    check(tmp_path / "a", v2(np.dtype(name).newbyteorder(byte_order).str, order=order, fill=None))


@pytest.mark.parametrize("dtype", ["|u1", "<i4", ">f8"])
@pytest.mark.parametrize("compressor", sorted(CODECS))
def test_compressors(tmp_path, compressor, dtype):
    check(tmp_path / "a", v2(dtype, compressor=CODECS[compressor]))


@pytest.mark.parametrize("separator", [".", "/"])
def test_keys(tmp_path, separator):
    check(tmp_path / "a", v2(dimension_separator=separator))


def test_a_checksum(tmp_path):
    """TensorStore knows none in format 2, so it has to make out what we wrote."""
    data = np.arange(70, dtype="i4").reshape(7, 10)
    old = zarr.create_array(tmp_path / "a", data=data, chunks=(3, 4), zarr_format=2, compressors=numcodecs.CRC32C())
    migrate_v2_to_v3(input_store=old.store)
    assert_same_bits(Theirs(tmp_path / "a", 3, "i4").read(), data)
