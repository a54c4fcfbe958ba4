"""Locks of a local store, and what is left where the file system has none."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from tests.suites.calls import buf, get, put, read
from tests.suites.threads import BLOCKED, PROMPTLY, in_threads, passes, start
from zarr._store import locks
from zarr._store.database import Database, _Work
from zarr._store.local import FileVersion
from zarr._store.locks import DirectoryHold, PlaceHold
from zarr._store.sqlite import RowVersion
from zarr._store.turns import Turn
from zarr.errors import StoreKeyError, ZarrRuntimeWarning
from zarr.storage import LocalStore

pytestmark = pytest.mark.usefixtures("nothing_left_running")


def names(directory) -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


def test_a_hold_on_a_malformed_prefix_is_refused(disk):
    for prefix in ("..", "a/../..", "/"):
        with pytest.raises(StoreKeyError):
            disk.hold(prefix)


class TestLocks:
    def test_nothing_is_left_behind(self, disk):
        with disk.hold("a"):
            assert names(disk.root / "a") == []
        assert names(disk.root / "a") == []

    def test_whoever_waits_for_a_directory_that_is_replaced_gets_the_new_one(self, disk):
        put(disk, "a/k", b"old")
        hold = disk.hold("a")
        waiting = start(lambda: disk.put("a/new", buf(b"x")))
        assert not waiting.wait(BLOCKED)
        (disk.root / "a").rename(disk.root / "moved")
        hold.release()
        assert waiting.wait(PROMPTLY)
        assert get(disk, "a/new") == b"x"
        assert names(disk.root / "moved") == ["k"]

    @pytest.fixture(params=["ENOLCK", "no fcntl"])
    def no_locks(self, request, monkeypatch):
        monkeypatch.setattr(locks, "_state", locks._State(0))
        if request.param == "no fcntl":
            monkeypatch.setattr(locks, "fcntl", None)
            return

        class Refusing:
            LOCK_EX = 2

            @staticmethod
            def flock(fd, operation):
                raise OSError(errno.ENOLCK, "no locks available")

        monkeypatch.setattr(locks, "fcntl", Refusing)

    def test_without_file_locks_there_is_one_warning(self, disk, no_locks):
        def work():
            for _ in range(3):
                disk.put("a/k", buf(b"x"))
                disk.hold("a").release()

        with pytest.warns(ZarrRuntimeWarning, match="no locks between processes") as caught:
            work()
        assert len(caught) == 1
        assert caught[0].filename == __file__

    @pytest.mark.filterwarnings("ignore::zarr.errors.ZarrRuntimeWarning")
    def test_without_file_locks_threads_still_exclude_each_other(self, disk, no_locks):
        with disk.hold("a") as hold:
            waiting = [
                start(lambda: disk.put("a/k", buf(b"x"))),
                start(lambda: LocalStore(disk.root).hold("a").release()),
            ]
            time.sleep(BLOCKED)
            assert not any(done.is_set() for done in waiting)
            assert passes(lambda: disk.put("b/k", buf(b"x")))
            assert disk.put("a/own", buf(b"x"), hold=hold)
        assert all(done.wait(PROMPTLY) for done in waiting)

    @pytest.mark.filterwarnings("ignore::zarr.errors.ZarrRuntimeWarning")
    def test_without_file_locks_no_swap_is_lost_between_threads(self, disk, no_locks):
        disk.put("n", buf(b"0"))

        def count():
            for _ in range(20):
                while True:
                    found = disk.read("n")
                    if disk.put("n", buf(b"%d" % (int(found.data.to_bytes()) + 1)), expected=found.version):
                        break

        in_threads([count] * 4)
        assert read(disk, "n") == b"80"

    def test_other_errors_of_locking_are_errors(self, disk, monkeypatch):
        put(disk, "a", b"old")
        count = len(names("/proc/self/fd"))

        class Broken:
            LOCK_EX = 2

            @staticmethod
            def flock(fd, operation):
                raise OSError(errno.EIO, "broken disk")

        monkeypatch.setattr(locks, "fcntl", Broken)
        with pytest.raises(OSError, match="broken disk"):
            disk.put("a", buf(b"new"))
        assert get(disk, "a") == b"old"
        assert names(disk.root) == ["a"]
        assert len(names("/proc/self/fd")) == count


@pytest.mark.parametrize("kind", [FileVersion, DirectoryHold, PlaceHold, Turn, RowVersion, Database, _Work])
def test_what_is_interrupted_before_it_begins_ends_quietly(kind):
    """A signal handler may raise before the first line of `__init__`; a destructor that fails then is reported by Python."""
    kind.__new__(kind).__del__()
