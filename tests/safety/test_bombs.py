"""Hostile input of every kind is refused with an error of ours, in little memory and without delay."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from tests.safety.bomb_reading import CLEAR, MOST_NBYTES, OURS, STATUS, read_all, resident, store_of
from tests.safety.bombs import CASES

MOST_SECONDS = 10
"""Of this process, however slow the machine; what it really takes is a hundredth of that: `make bombs` says."""


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
