"""What a signal handler raises in the midst of what a store does comes out as it is, also if it is an error of the kind that stores meet."""

from __future__ import annotations

import errno
import itertools
import signal
import sys

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf
from tests.suites.plain_stores import AsyncOnly
from zarr._flow import resize
from zarr.experimental.cache_store import CacheStore
from zarr.storage import LocalStore, MemoryStore, SQLiteStore, ZipStore


class Late(TimeoutError):
    """A time-out, which is an OSError."""


class Alarm:
    """Sends a signal after the n-th call that code of the stores makes of a function in C."""

    def __init__(self, at):
        self._left = at
        self.has_rung = False

    def __call__(self, frame, event, function):
        if event != "c_return" or not frame.f_globals["__name__"].startswith("zarr._store"):
            return
        if is_in_destructor(frame):  # what is raised there Python keeps to itself
            return
        self._left -= 1
        if self._left < 0:
            sys.setprofile(None)
            self.has_rung = True
            signal.raise_signal(signal.SIGUSR2)


def is_in_destructor(frame):
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None


@pytest.fixture(params=["local", "sqlite", "zip", "cache"])
def store(request, tmp_path):
    if request.param == "local":
        return LocalStore(tmp_path / "root")
    if request.param == "sqlite":
        return SQLiteStore(tmp_path / "all.sqlite")
    if request.param == "zip":
        return ZipStore(tmp_path / "root.zip", mode="a")
    return CacheStore(LocalStore(tmp_path / "root"), cache_store=LocalStore(tmp_path / "kept"))


@pytest.fixture(params=[(), (errno.ETIMEDOUT, "late")], ids=["no number", "a number"])
def given(request):
    """What a handler makes its error of; it raises a new one each time."""
    raised = []

    def handler(*_):
        raised.append(Late(*request.param))
        raise raised[-1]

    before = signal.signal(signal.SIGUSR2, handler)
    yield raised
    signal.signal(signal.SIGUSR2, before)


def wherever_it_comes(work, raised):
    """Work with an alarm after ever more calls, until none rings; how many that were."""
    for at in itertools.count():
        alarm, heard = Alarm(at), None
        sys.setprofile(alarm)
        try:
            work()
        except Exception as exc:  # noqa: BLE001  # compared below
            heard = exc
        finally:
            sys.setprofile(None)
        if not alarm.has_rung:
            assert heard is None
            return at
        assert heard is raised.pop(), f"after call number {at}"
        del heard  # which has the frames, and these may have a lock that nobody got to know
    return None


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore:.*:pytest.PytestUnraisableExceptionWarning")
def test_wherever_it_comes_it_is_what_the_caller_gets(store, given):
    with zarr.config.set({"engine": "python"}):
        root = zarr.create_group(store)
        array = root.create_array("a", data=np.arange(40), chunks=10, shards=20)
        works = [
            lambda: list(zarr.open_group(store, mode="r+").members()),
            lambda: "nothing/there" in root,
            lambda: array.__setitem__(slice(3, 25), 5),
            lambda: array[7:31],
            lambda: array.attrs.update(x=1),
            lambda: store.set_sync("b/c", buf(b"x")),
            lambda: store.get_sync("b/c"),
            lambda: store.delete_sync("b/c"),
            lambda: (store._whereabouts("a/b"), store._shared_turns("a")),
        ]
        for work in works:
            assert wherever_it_comes(work, given) > 1
        array[:] = 9
    assert (zarr.open_array(store, path="a")[:] == 9).all()


def test_a_cache_is_not_passed_by_for_it(given):
    """A cache that cannot be read or written is a warning, and a time-out is none."""

    class Interrupted(MemoryStore):
        operation = ""

        def read(self, *args, **kwargs):
            self._ring("read")
            return super().read(*args, **kwargs)

        def put(self, *args, **kwargs):
            self._ring("put")
            return super().put(*args, **kwargs)

        def _ring(self, operation):
            if operation == self.operation:
                signal.raise_signal(signal.SIGUSR2)

    kept = Interrupted()
    store = CacheStore(MemoryStore(), cache_store=kept)
    array = zarr.create_array(store, data=[1, 2, 3])
    for kept.operation in ("read", "put"):
        with pytest.raises(Late):
            array[:]
    kept.operation = ""
    assert array[:].tolist() == [1, 2, 3]


def test_an_append_is_not_made_again_for_it(given, monkeypatch):
    """As where a store refuses what lies outside of the shape."""
    array = zarr.create_array(AsyncOnly(), data=[1, 2, 3])
    write, signals = resize.write, [signal.SIGUSR2]

    def interrupted(*args, **kwargs):
        if signals:
            signal.raise_signal(signals.pop())
        return write(*args, **kwargs)

    monkeypatch.setattr(resize, "write", interrupted)
    with pytest.raises(Late):
        array.append([4])
    assert zarr.open_array(array.store)[:].tolist() == [1, 2, 3]
