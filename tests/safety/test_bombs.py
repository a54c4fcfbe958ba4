"""Hostile input of every kind is refused with an error of ours, in little memory and without delay."""

from __future__ import annotations

import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

import zarr
from tests.safety.bombs import CASES
from zarr.buffer.cpu import Buffer
from zarr.errors import BaseZarrError, DataTypeValidationError
from zarr.storage import MemoryStore, ZipStore

MOST_NBYTES = 64 * 2**20
MOST_SECONDS = 10
"""Of this process, however slow the machine; what it really takes is a hundredth of that."""
OURS = (BaseZarrError, DataTypeValidationError, zipfile.BadZipFile)
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(name):
    return int(next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith(name))) * 1024


class measured:  # reads as a statement
    """The time that this process spends in a block, and the memory that it takes more than before."""

    def __enter__(self):
        tracemalloc.start()
        self.has_status = STATUS.exists()
        if self.has_status:
            CLEAR.write_text("5")  # the peak begins anew
            self.before = resident("VmRSS")
        self.began = time.process_time()
        return self

    def __exit__(self, *exc_info):
        self.seconds = time.process_time() - self.began
        _, traced = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        self.nbytes = max(traced, resident("VmHWM") - self.before if self.has_status else 0)


def store_of(case, tmp_path):
    made = case.objects()
    if not isinstance(made, dict):
        path = tmp_path / "hostile.zip"
        path.write_bytes(made)
        return ZipStore(path)
    return MemoryStore({key: Buffer.from_bytes(value) for key, value in made.items()})


def read_all(store, selection):
    """Open what is stored, and read of it: every member of a group, or elements."""
    node = zarr.open(store, mode="r")
    if isinstance(node, zarr.Group):
        for path, _ in node.members(max_depth=None):
            node[path]
    else:
        node[selection]


def test_there_are_more_than_two_hundred():
    assert len(CASES) > 200


@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning", "ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.parametrize("name", CASES)
def test_refused(engine, tmp_path, name):
    case = CASES[name]
    store = store_of(case, tmp_path)
    with measured() as taken, pytest.raises(OURS) as caught:
        read_all(store, case.selection)
    keys = (case.key,) if isinstance(case.key, str) else case.key
    assert any(key in str(caught.value) for key in keys)
    assert len(str(caught.value)) < 5_000
    assert taken.nbytes < MOST_NBYTES
    assert taken.seconds < MOST_SECONDS
