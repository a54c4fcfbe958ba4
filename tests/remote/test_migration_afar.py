"""Migration where every document is a request to another computer."""

from __future__ import annotations

import asyncio

import numpy as np

import zarr
from tests.samples import contents
from zarr.metadata.migrate_v3 import migrate_v2_to_v3, remove_metadata
from zarr.storage import MemoryStore, StorePath

DATA = np.arange(24, dtype=">i4").reshape(4, 6)


def test_in_place_and_elsewhere(store):
    root = zarr.create_group(StorePath(store, "old"), zarr_format=2, attributes={"title": "root"})
    root.create_array("g/a", data=DATA, chunks=(2, 3), fill_value=None)
    before = contents(store)
    other = MemoryStore()
    migrate_v2_to_v3(input_store=StorePath(store, "old"), output_store=other)
    assert sorted(contents(other)) == ["g/a/zarr.json", "g/zarr.json", "zarr.json"]
    assert contents(store) == before
    migrate_v2_to_v3(input_store=StorePath(store, "old"))
    for zarr_format in (2, 3):
        opened = zarr.open_group(StorePath(store, "old"), mode="r", zarr_format=zarr_format)
        assert dict(opened.attrs) == {"title": "root"}
        assert np.array_equal(opened["g/a"][...], DATA)
    asyncio.run(remove_metadata(StorePath(store, "old"), 2))
    assert not [key for key in contents(store, "old/") if key.rpartition("/")[2].startswith(".z")]
    assert np.array_equal(zarr.open_group(StorePath(store, "old"), mode="r")["g/a"][...], DATA)
