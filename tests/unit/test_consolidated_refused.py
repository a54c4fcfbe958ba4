"""Where the consolidated metadata of a group cannot be changed: what is stored then, and what is said."""

from __future__ import annotations

import asyncio
import errno
import signal
import threading
import warnings

import numpy as np
import pytest

import zarr
from tests.samples import described
from tests.suites.consolidated import CHANGES, NOT_SPECIFIED, consolidate, copy_key, stored
from zarr.errors import ZarrRuntimeWarning
from zarr.storage import MemoryStore, WrapperStore

pytestmark = pytest.mark.filterwarnings(NOT_SPECIFIED)


class Refusing(WrapperStore):
    """A store in which one value cannot be replaced, or a signal comes when it is looked at."""

    refused = interrupts = None

    async def get(self, key, prototype, byte_range=None):
        if key == self.interrupts:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            await asyncio.sleep(30)
        return await super().get(key, prototype, byte_range)

    async def set(self, key, value):
        if key == self.refused:
            raise OSError(errno.EROFS, "read-only")
        await super().set(key, value)


@pytest.fixture
def stuck(zarr_format):
    """A consolidated group whose copy cannot be changed any more."""
    store = Refusing(MemoryStore())
    root = zarr.create_group(store, zarr_format=zarr_format)
    for path in ("a", "g/b", "g/h/c"):
        root.create_array(path, data=np.arange(1, 7, dtype="i4").reshape(2, 3), chunks=2)
    consolidate(store)
    store.refused = copy_key(zarr_format)
    return zarr.open_group(store, mode="r+")


DONE_BEFORE = (
    *("create an array", "create deep", "create a group", "create in a subgroup", "require", "older", "many"),
    *("resize", "append", "set a shape", "attributes of an array", "attributes of a group", "copy"),
)


@pytest.mark.parametrize("name", DONE_BEFORE)
def test_of_what_is_stored_a_copy_that_cannot_be_changed_is_a_warning(stuck, name):
    """An error would say that it is not done: who tries again appends twice."""
    before = described(stuck)
    with pytest.warns(ZarrRuntimeWarning, match=r"is stored, but .*cannot be brought up to date: OSError: .*read-only"):
        CHANGES[name](stuck)
    assert described(stuck) == described(stored(stuck)) != before
    assert described(zarr.open_group(stuck.store, mode="r")) == before


def test_the_same_in_asynchronous_code(stuck):
    async def work():
        array = await stuck._async_group.getitem("a")
        await array.append(np.ones((1, 3), "i4"))
        return array.shape

    with pytest.warns(ZarrRuntimeWarning, match="is stored, but"):
        assert asyncio.run(work()) == (3, 3)
    assert stored(stuck)["a"].shape == (3, 3)


@pytest.mark.parametrize(
    "name",
    ["delete", "delete a group", "delete deep", "overwrite an array", "overwrite a group", "put", "move", "shrink"],
)
def test_nothing_is_removed_where_a_copy_cannot_be_changed(stuck, name):
    with pytest.raises(OSError, match="read-only") as caught:
        CHANGES[name](stuck)
    assert "before anything was removed" in "".join(caught.value.__notes__)
    kept = stored(stuck)
    for path in ("a", "g/b", "g/h/c"):
        assert path in kept
        if (name, path) == ("shrink", "g/b"):
            continue
        assert kept[path][:].sum() == 21


class Late(TimeoutError):
    """An OSError, which asyncio drops where a loop is woken."""


def test_what_a_signal_handler_raises_is_no_warning(stuck):
    """A time-out that comes while the copy is changed ends the call as it is."""

    def late(*_):
        raise Late("time is over")

    before = signal.signal(signal.SIGUSR1, late)
    try:
        stuck.store.refused = None
        stuck.store.interrupts = copy_key(stuck.metadata.zarr_format)
        with pytest.raises(Late, match="time is over"):
            stuck["a"].append(np.ones((1, 3), "i4"))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert stored(stuck)["a"].shape == (3, 3)


def test_who_wants_warnings_as_errors_gets_this_one(stuck):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ZarrRuntimeWarning, match="is stored, but"):
            stuck["a"].append(np.ones((1, 3), "i4"))
    assert stored(stuck)["a"].shape == (3, 3)
