"""Forks from the midst of everything: no child hangs, whatever threads of its parent were doing.

A few by default, 2,000 in the long profile.
"""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import zarr
from tests.conftest import PROFILE
from tests.safety.programs import LATE_S, program
from tests.suites.children import LIMIT_S, end_of_child
from tests.suites.plain_stores import AsyncOnly, Awaited
from tests.suites.threads import PROMPTLY
from zarr._codec import registry
from zarr._flow.drive.process_hold import _turns_by_id, process_hold
from zarr._support import forks, imports_on_use, plug_ins
from zarr.abc.codec import BytesBytesCodec
from zarr.storage import MemoryStore

N_FORKS = 2000 if PROFILE == "long" else 15


def test_children_forked_beside_threads_that_open_read_write_and_import(engine, tmp_path):
    with program("tests.safety.forking", engine, tmp_path, N_FORKS) as running:
        for _ in range(N_FORKS):
            assert running.said(LATE_S + LIMIT_S) == "forked", running.complaints()
        assert running.said() == "over", running.complaints()
        assert running.ended() == (0, "")


# -- plug-ins -------------------------------------------------------------------------------------------------------

SLOW = """
import pathlib, time
while not pathlib.Path({go_on!r}).exists(): time.sleep(0.002)
from zarr.codecs import GzipCodec
class Slow(GzipCodec): pass
"""


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(registry, "_registered", {})


@pytest.fixture
def go_on(install, tmp_path):
    """Install a plug-in whose import ends when this is called."""
    place = tmp_path / "go on"
    install("slowplug", "[zarr.codecs]\nslowplug = slowplug:Slow\n", SLOW.format(go_on=os.fspath(place)))
    return place.touch


def in_import(name):
    """Have another thread look up a plug-in, and wait until it imports it."""
    thread = threading.Thread(target=zarr.registry.get_codec_class, args=(name,), daemon=True)
    thread.start()
    while name not in sys.modules:
        time.sleep(0.002)
    return thread


def test_whoever_forks_waits_for_the_import_of_a_plug_in(go_on, monkeypatch):
    monkeypatch.setattr(forks, "_PATIENCE_S", 3600)
    thread = in_import("slowplug")

    def finish():
        while not forks.is_wanted():
            time.sleep(0.002)
        time.sleep(0.05)
        go_on()

    def work():
        assert zarr.registry.get_codec_class("slowplug").__name__ == "Slow"
        assert zarr.registry.get_codec_class("gzip") is zarr.codecs.GzipCodec
        with pytest.raises(zarr.errors.UnknownCodecError):
            zarr.registry.get_codec_class("nobody's")

    threading.Thread(target=finish, daemon=True).start()
    assert end_of_child(work) == 0
    thread.join()


def test_a_plug_in_that_was_never_complete_is_an_error_in_the_child(go_on, monkeypatch):
    """Nobody waits for ever, neither for the fork nor in the child."""
    monkeypatch.setattr(forks, "_PATIENCE_S", 0.1)
    thread = in_import("slowplug")

    def work():
        for _ in range(2):
            with pytest.raises(
                zarr.errors.UnknownCodecError, match=r"'slowplug' was being imported by another thread.*forked"
            ):
                zarr.registry.get_codec_class("slowplug")
        assert zarr.registry.get_codec_class("zstd") is zarr.codecs.ZstdCodec
        zarr.create_array({}, data=np.arange(3), compressors=zarr.codecs.GzipCodec())[:]

    assert end_of_child(work) == 0
    go_on()
    thread.join()
    assert zarr.registry.get_codec_class("slowplug").__name__ == "Slow"

    def look_up():
        assert zarr.registry.get_codec_class("slowplug").__name__ == "Slow"

    assert end_of_child(look_up) == 0


def test_a_plug_in_may_fork_while_it_is_imported(go_on, install):
    source = "import os\npid = os.fork()\nif pid == 0: os._exit(7)\nassert os.waitpid(pid, 0)[1] == 7 << 8\n"
    install("forking", "[zarr.codecs]\nforking = forking:Slow\n", f"{source}from slowplug import Slow\n")
    go_on()
    assert zarr.registry.get_codec_class("forking").__name__ == "Slow"


def test_imports_do_not_wait_for_each_other():
    inside, done = threading.Event(), threading.Event()

    def other():
        with imports_on_use.importing("other"):
            inside.set()
        done.set()

    with imports_on_use.importing("one"):
        threading.Thread(target=other, daemon=True).start()
        assert done.wait(PROMPTLY)
    assert imports_on_use._under_way == {}


def test_one_import_after_the_other_keeps_nobody_from_forking(monkeypatch):
    """Somebody who waits to fork gets a turn: other threads begin no imports meanwhile."""
    stop = threading.Event()

    def import_on():
        while not stop.is_set():
            with imports_on_use.importing("one after the other"):
                time.sleep(0.02)

    threads = [threading.Thread(target=import_on, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    monkeypatch.setattr(forks, "_PATIENCE_S", 3600)
    for _ in range(10):
        assert end_of_child(lambda: None) == 0
    stop.set()
    for thread in threads:
        thread.join(PROMPTLY)


def test_an_import_that_waits_for_another_thread_to_import_gets_on(monkeypatch):
    monkeypatch.setattr(forks, "_COURTESY_S", 0.2)
    monkeypatch.setattr(forks, "_PATIENCE_S", 3600)
    forked = []
    with imports_on_use.importing("outer"):
        forker = threading.Thread(target=lambda: forked.append(end_of_child(lambda: None)), daemon=True)
        forker.start()
        while not forks.is_wanted():
            time.sleep(0.002)
        inner = threading.Thread(target=imports_on_use.importing("inner").__enter__, daemon=True)
        inner.start()
        inner.join(PROMPTLY)
        assert not inner.is_alive()
        with imports_on_use.importing("inside of outer"):
            pass
        assert forked == []
    forker.join(PROMPTLY)
    assert forked == [0]


def test_an_interrupted_import_keeps_nobody_from_forking():
    for _ in range(2):
        entered = imports_on_use.importing("interrupted")
        entered.__enter__()
        assert len(imports_on_use._under_way) == 1
        del entered
        assert imports_on_use._under_way == {}


def test_first_uses_in_many_threads_and_children(tmp_path):
    """Modules of this library itself are imported on use, too."""
    program = f"""
import os, signal, sys, threading
sys.path.insert(0, {os.fspath(tmp_path)!r})
import zarr
names = ["blosc", "zstd", "gzip", "crc32c", "numcodecs.delta", "transpose", "sharding_indexed", "vlen-utf8"]
go = threading.Barrier(len(names) + 1)
def work(name):
    go.wait()
    zarr.registry.get_codec_class(name)
threads = [threading.Thread(target=work, args=(name,)) for name in names]
zarr.registry
for thread in threads: thread.start()
go.wait()
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        signal.alarm(40)
        for name in names: zarr.registry.get_codec_class(name)
        zarr.create_array({{}}, shape=3, dtype="i4")[:] = 1
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)


# -- forks in the midst of a call ------------------------------------------------------------------------------------


class Forking(BytesBytesCodec):
    """A codec that forks, in a process that has not been forked yet; the child goes on as its parent does."""

    is_fixed_size = True
    left = 0
    children = []  # noqa: RUF012  # of all of them

    def to_dict(self):
        return {"name": "example.forking"}

    def _decode_sync(self, chunk, spec):
        cls = type(self)
        if cls.left > 0:
            cls.left -= 1
            if cls.left == 0:
                pid = os.fork()
                if pid == 0:
                    signal.alarm(40)
                    cls.children = None
                else:
                    cls.children.append(pid)
        return chunk

    _encode_sync = _decode_sync

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length


class Slow(AsyncOnly):
    """A store whose requests are under way for a while."""

    async def get(self, key, prototype, byte_range=None):
        await asyncio.sleep(0.01)
        return await super().get(key, prototype, byte_range)

    async def set(self, key, value):
        await asyncio.sleep(0.01)
        await super().set(key, value)


@pytest.fixture(params=[AsyncOnly, Slow, lambda: Awaited(MemoryStore())], ids=["quick", "slow", "wrapper"])
def awaited(request):
    return request.param()


def outcome(work, check, monkeypatch):
    """Do work in which a codec forks; then check, in parent and child. How the child ends."""
    monkeypatch.setattr(Forking, "children", [])
    monkeypatch.setattr(Forking, "left", 3)
    try:
        work()
        check()
    finally:
        if Forking.children is None:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    (pid,) = Forking.children
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("shards", [None, (8,)], ids=["chunks", "shards"])
def test_a_codec_that_forks_while_requests_are_under_way(awaited, shards, monkeypatch):
    """The child asks again for what its parent had asked for, and comes to the end of the call."""
    data = np.arange(80)
    array = zarr.create_array(awaited, data=data, chunks=(4,), shards=shards, compressors=Forking())
    seen = []
    assert (
        outcome(
            lambda: seen.append(array[3:77]), lambda: np.testing.assert_array_equal(seen[0], data[3:77]), monkeypatch
        )
        == 0
    )

    def check():
        np.testing.assert_array_equal(array[:], [*data[:2], *[-1] * 76, *data[78:]])

    assert outcome(lambda: array.__setitem__(slice(2, 78), -1), check, monkeypatch) == 0


def test_a_child_whose_call_fails_gets_the_error(awaited, monkeypatch):
    array = zarr.create_array(awaited, data=np.arange(80), chunks=(4,), compressors=Forking())
    decode = Forking._decode_sync

    def failing(self, chunk, spec):
        chunk = decode(self, chunk, spec)
        if Forking.children is None:
            raise ValueError("only in the child")
        return chunk

    monkeypatch.setattr(Forking, "_decode_sync", failing)
    seen = []

    def read():
        try:
            seen.append(array[:])
        except zarr.errors.CodecError as exc:
            seen.append(str(exc))

    def check():
        is_child = Forking.children is None
        assert ("only in the child" in seen[0]) if is_child else (seen[0] == np.arange(80)).all()

    assert outcome(read, check, monkeypatch) == 0


# -- turns ------------------------------------------------------------------------------------------------------------


def test_turns_of_a_store_go_with_it():
    """Also of one without a hash, as most are."""
    before = len(_turns_by_id)
    for _ in range(50):
        store = AsyncOnly()
        with pytest.raises(TypeError):
            hash(store)
        zarr.create_array(store, data=np.arange(10), chunks=4)[1:3] = 0
        with process_hold(store, "a"):
            assert len(_turns_by_id) == before + 1
    del store
    gc.collect()
    assert len(_turns_by_id) == before


def test_a_child_does_not_wait_for_turns_of_threads_that_it_does_not_have():
    store = AsyncOnly()
    with process_hold(store, "a"):
        thread = threading.Thread(target=lambda: process_hold(store, "a").release(), daemon=True)
        thread.start()
        assert end_of_child(lambda: process_hold(store, "a").release()) == 0
    thread.join(PROMPTLY)
    assert not thread.is_alive()


def test_what_is_imported_for_packages_is_let_finish(monkeypatch):
    """Reading their metadata imports more, package by package."""
    seen = []
    monkeypatch.setattr(plug_ins, "_offered_by", lambda packages: seen.extend(imports_on_use._under_way.values()) or [])
    monkeypatch.setattr(plug_ins, "_known", None)
    plug_ins.offered_at([("zarr.codecs", "x")])
    assert [module for _, module in seen] == ["importlib.metadata"]
