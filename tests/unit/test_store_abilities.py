"""Stores that cannot list, and stores that have no read-only form, say so where that is needed, and serve for the rest."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

import zarr
from tests.suites.calls import run
from tests.suites.plain_stores import AsyncOnly, AsyncVersions, Awaited
from zarr.api import asynchronous
from zarr.errors import StoreAbilityError
from zarr.storage import MemoryStore, StorePath


class Unlisted(AsyncOnly):
    """A server of files: what one knows by name can be had."""

    supports_listing = False

    def list(self):
        raise AssertionError("nobody may ask")

    def list_prefix(self, prefix):
        raise AssertionError("nobody may ask")

    list_dir = list_prefix


class UnlistedVersions(AsyncVersions):
    supports_listing = False
    list_prefix, list_dir = Unlisted.list_prefix, Unlisted.list_dir


class UnlistedMemory(MemoryStore):
    supports_listing = False


KINDS = {
    "foreign": Unlisted,
    "versions": UnlistedVersions,
    "memory": UnlistedMemory,
    "wrapped": lambda: Awaited(Unlisted()),
}


@pytest.fixture(params=KINDS)
def unlisted(request, engine):
    return KINDS[request.param]()


@pytest.fixture
def root(unlisted, zarr_format):
    root = zarr.create_group(unlisted, zarr_format=zarr_format)
    root.create_array("x", data=np.arange(1000), chunks=(2,))
    root.create_group("g/h")
    return root


class TestListing:
    def test_what_needs_no_names_works(self, root):
        array = root["x"]
        assert array[:].sum() == 999 * 500
        array[3:5] = 7
        array.append([1, 2])
        array.resize(10)
        array.attrs["a"] = 1
        assert "x" in root
        assert "y" not in root
        assert root["g/h"].path == "g/h"
        assert root.require_group("g").path == "g"
        assert zarr.open(root.store, path="x").shape == (10,)
        assert array.info is not None

    @pytest.mark.parametrize(
        "call",
        [
            list,
            len,
            lambda g: list(g.keys()),
            lambda g: list(g.members()),
            lambda g: list(g.arrays()),
            lambda g: g.nmembers(),
            lambda g: g.tree(),
            lambda g: g.info_complete(),
            lambda g: g.__delitem__("x"),
            lambda g: g["x"].nchunks_initialized,
            lambda g: g["x"].nbytes_stored(),
            lambda g: g.create_array("x", shape=3, dtype="i4", overwrite=True),
            lambda g: g.create_group("g", overwrite=True),
            lambda g: zarr.open_group(g.store, mode="w"),
            lambda g: zarr.consolidate_metadata(g.store),
            lambda g: zarr.copy_store(g.store, {}),
            lambda g: run(_members(g.store)),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Consolidated metadata is currently")
    def test_what_needs_names_says_that_the_store_does_not_list(self, root, call):
        for expected in (ValueError, NotImplementedError):  # zarr-python raises the one here and the other there
            with pytest.raises(expected, match=r"does not support listing.* paths") as caught:
                call(root)
            assert isinstance(caught.value, StoreAbilityError)
        assert root["x"][0] == 0
        assert root["g/h"].path == "g/h"

    @pytest.mark.parametrize(
        "call",
        [
            lambda store: store.delete_dir("g"),
            lambda store: store.is_empty("g"),
            lambda store: store.getsize_prefix("g"),
            lambda store: store.clear(),
            lambda store: StorePath.open(store, "g", mode="w-"),
        ],
    )
    def test_what_the_base_class_does_by_listing_says_so_too(self, call):
        store = Unlisted()
        zarr.create_group(store, path="g")
        with pytest.raises(StoreAbilityError, match=r"does not support listing.* paths") as caught:
            run(call(store))
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, NotImplementedError)
        assert zarr.open_group(store, path="g", mode="r+").path == "g"

    def test_consolidated_metadata_tell_the_names(self, zarr_format):
        listed = AsyncOnly()
        root = zarr.create_group(listed, zarr_format=zarr_format)
        root.create_array("x", shape=3, dtype="i4")
        with pytest.warns(zarr.errors.ZarrUserWarning) if zarr_format == 3 else nullcontext():
            zarr.consolidate_metadata(listed)
        store = Unlisted()
        store.values = listed.values
        assert list(zarr.open_group(store)) == ["x"]
        assert len(zarr.open_group(store)) == 1


async def _members(store):
    group = await asynchronous.open_group(store)
    return [member async for member in group.members()]


class TestReadOnly:
    @pytest.mark.parametrize(
        "open_it",
        [
            lambda store: zarr.open(store, mode="r"),
            lambda store: zarr.open_group(store, mode="r"),
            lambda store: zarr.open_array(store, path="x", mode="r"),
            lambda store: zarr.open_group(StorePath(store, ""), mode="r"),
            lambda store: zarr.open_group(Awaited(store), mode="r"),
            lambda store: run(asynchronous.open_group(store, mode="r")),
            lambda store: run(StorePath.open(store, "", mode="r")),
        ],
    )
    def test_a_store_without_a_read_only_form_says_so(self, open_it):
        store = AsyncOnly()
        zarr.create_array(store, name="x", shape=3, dtype="i4")
        for expected in (ValueError, NotImplementedError):
            with pytest.raises(expected, match=r"mode is 'r'.*with_read_only.*mode='r\+'.*read_only=True") as caught:
                open_it(store)
            assert isinstance(caught.value, StoreAbilityError)
        assert zarr.open_array(store, path="x", mode="r+").shape == (3,)

    def test_one_that_is_read_only_needs_no_other_form(self):
        store = AsyncOnly()
        zarr.create_array(store, name="x", shape=3, dtype="i4")
        frozen = AsyncOnly(read_only=True)
        frozen.values = store.values
        assert zarr.open_array(frozen, path="x", mode="r").read_only

    def test_one_of_a_class_of_ones_own_says_what_it_says(self):
        class Mine(AsyncOnly):
            def with_read_only(self, read_only=False):
                raise NotImplementedError("never")

        with pytest.raises(StoreAbilityError, match="Mine") as caught:
            zarr.open_group(Mine(), mode="r")
        assert str(caught.value.__cause__) == "never"
