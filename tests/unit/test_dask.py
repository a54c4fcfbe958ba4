"""Dask on this library: what it tells arrays apart by, what it sends, blocks that share chunks, threads that do not multiply."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import cloudpickle
import dask
import dask.array
import numpy as np
import pytest
from dask.base import tokenize

import zarr
from tests.suites.plain_stores import AsyncOnly
from zarr._codec import registry
from zarr._support.workers import most_threads
from zarr.experimental.cache_store import CacheStore
from zarr.storage import (
    FsspecStore,
    LocalStore,
    LoggingStore,
    ManagedMemoryStore,
    MemoryStore,
    ObjectStore,
    SQLiteStore,
    StorePath,
    WrapperStore,
    ZipStore,
)

DATA = np.arange(60 * 50, dtype="f8").reshape(60, 50)
LAYOUTS = {
    "v2": {"zarr_format": 2, "chunks": (16, 12)},
    "v3": {"chunks": (16, 12)},
    "sharded": {"chunks": (8, 6), "shards": (16, 12)},
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


# -- tokens -------------------------------------------------------------------------------------------------------


class Shifted(LocalStore):
    """A store of a third party, with a setting of its own."""

    def __init__(self, root, *, read_only=False, by=0):
        super().__init__(root, read_only=read_only)
        self.by = by


class Passing(WrapperStore):
    def __init__(self, store, by=0):
        super().__init__(store)
        self.by = by


class Session:
    """Of a third party, with a state that differs in every process."""

    def __init__(self, name):
        self.name, self.address = name, object()


class OfSession(AsyncOnly):
    """A store that says itself what it is made of, as Icechunk's."""

    def __init__(self, name):
        super().__init__()
        self.session = Session(name)

    def __getstate__(self):
        return {"session": self.session.name}


class NotSent(AsyncOnly):
    """A store that cannot be pickled."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def __reduce__(self):
        raise TypeError("it stays here")


SAME = {
    "local": lambda place: LocalStore(place),
    "zip": lambda place: ZipStore(place / "a.zip", mode="a"),
    "sqlite": lambda place: SQLiteStore(place / "a.sqlite"),
    "logging": lambda place: LoggingStore(LocalStore(place)),
    "cache": lambda place: CacheStore(LocalStore(place), cache_store=MemoryStore()),
    "fsspec": lambda place: FsspecStore.from_url(f"file://{place}"),
    "memory of fsspec": lambda place: FsspecStore.from_url("memory://here"),
    "third party": lambda place: Shifted(place, by=3),
    "around": lambda place: Passing(LocalStore(place), by=3),
    "session": lambda place: OfSession("main"),
    "not to be sent": lambda place: NotSent(3),
    "s3": lambda place: ObjectStore(_s3("bucket")),
}


def _s3(bucket, **options):
    import obstore.store

    return obstore.store.S3Store(bucket, region="us-east-1", skip_signature=True, **options)


@pytest.mark.parametrize("kind", SAME)
def test_equal_stores_have_equal_tokens(tmp_path, kind, monkeypatch):
    one, other = SAME[kind](tmp_path), SAME[kind](tmp_path)
    with dask.config.set({"tokenize.ensure-deterministic": kind not in ("third party", "around")}):
        assert tokenize(one) == tokenize(other)
        assert tokenize(StorePath(one, "a")) == tokenize(StorePath(other, "a")) != tokenize(StorePath(one, "b"))


@pytest.mark.parametrize("kind", ["local", "zip", "sqlite", "fsspec", "third party"])
def test_stores_elsewhere_have_other_tokens(tmp_path, kind):
    (tmp_path / "b").mkdir()
    assert tokenize(SAME[kind](tmp_path)) != tokenize(SAME[kind](tmp_path / "b"))


def test_other_settings_and_kinds_make_other_tokens(tmp_path):
    different = [
        LocalStore(tmp_path),
        LoggingStore(LocalStore(tmp_path)),
        Shifted(tmp_path, by=1),
        Shifted(tmp_path, by=2),
        Passing(LocalStore(tmp_path), by=1),
        Passing(LocalStore(tmp_path), by=2),
        OfSession("main"),
        OfSession("other"),
        NotSent(1),
        NotSent(2),
        ObjectStore(_s3("bucket")),
        ObjectStore(_s3("bucket", endpoint="https://other.example")),
        ObjectStore(_s3("basket")),
    ]
    assert len({tokenize(store) for store in different}) == len(different)


def test_relative_paths_mean_what_they_meant(tmp_path, monkeypatch):
    tokens = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        tokens += [tokenize(store) for store in (LocalStore("a.zarr"), ZipStore("a.zip", mode="a"), LocalStore("./b"))]
    assert len(set(tokens)) == 6
    assert tokenize(LocalStore("a.zarr")) == tokenize(LocalStore(tmp_path / "two" / "a.zarr"))


def test_memory_is_told_apart_by_identity():
    values: dict = {}
    one, other = MemoryStore(values), MemoryStore()
    assert tokenize(one) == tokenize(MemoryStore(values)) == tokenize(one.with_read_only(True))
    assert tokenize(one) != tokenize(other)
    assert one == other, "they hold the same"
    managed = ManagedMemoryStore("of-tokens")
    assert tokenize(managed) == tokenize(ManagedMemoryStore("of-tokens"))
    assert tokenize(managed) != tokenize(ManagedMemoryStore("of-tokens", path="a"))
    seen = set()
    for _ in range(50):  # whose memory is used again
        seen.add(tokenize(MemoryStore()))
    assert len(seen) == 50


def test_tokens_of_arrays_and_groups(tmp_path, zarr_format):
    group = zarr.create_group(tmp_path, zarr_format=zarr_format)
    array = group.create_array("a", shape=(4, 6), chunks=(2, 3), dtype="f4", attributes={"x": [1, {"y": None}]})
    again = zarr.open_group(tmp_path, mode="r")
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        assert tokenize(array) == tokenize(again["a"]) == tokenize(array.async_array)
        assert tokenize(group) == tokenize(again)
        assert tokenize(array) != tokenize(group)
        assert tokenize(array) != tokenize(group.create_array("b", shape=(4, 6), chunks=(2, 3), dtype="f4"))
        assert tokenize(array) != tokenize(array.with_config({"order": "F"}))
    before = tokenize(array)
    array[...] = 1
    assert tokenize(array) == before, "of what is said of it, and not of its elements"
    array.resize((5, 6))
    assert tokenize(array) != before
    before = tokenize(array)
    array.attrs["y"] = 1
    assert tokenize(array) != before
    before = tokenize(group)
    group.attrs["y"] = 1
    assert tokenize(group) != before


def test_tokens_are_the_same_in_every_process(tmp_path):
    array = zarr.create_array(tmp_path, shape=4, dtype="f4")
    program = "import sys, zarr, dask.base; print(dask.base.tokenize(zarr.open_array(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", program, os.fspath(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == tokenize(array)


def test_plans_and_tasks_have_tokens(tmp_path):
    array = zarr.create_array(tmp_path, shape=4, chunks=2, dtype="f4")
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        one, other = zarr.partition(array, target=1), zarr.partition(array, target=1)
        assert tokenize(one) == tokenize(other) != tokenize(zarr.partition(array))
        assert tokenize(one[0]) == tokenize(other[0]) != tokenize(one[1])


def test_equal_graphs_have_equal_names(tmp_path):
    array = zarr.create_array(tmp_path, data=DATA, chunks=(16, 12))
    again = zarr.open_array(tmp_path)
    assert dask.array.from_zarr(array).name == dask.array.from_zarr(again).name
    assert dask.array.from_array(array).name == dask.array.from_array(again).name
    assert dask.array.from_zarr(array).name != dask.array.from_zarr(zarr.create_array({}, data=DATA)).name


# -- pickles ------------------------------------------------------------------------------------------------------


def s3(path):
    """An array in a bucket, of which nothing is asked."""
    return StorePath(ObjectStore.from_url("s3://bucket/prefix", storage_options={"region": "us-east-1"}), path)


SENT = {
    "local": (LocalStore, 500),
    "sqlite": (lambda place: SQLiteStore(place / "a.sqlite"), 550),
    "fsspec": (lambda place: FsspecStore.from_url(f"file://{place}"), 750),
}


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
@pytest.mark.parametrize("kind", SENT)
def test_what_is_sent_is_small(kind, dumps, layout):
    make, most = SENT[kind]
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        store = make(Path(place))
        zarr.create_array(store, name="a", data=DATA, **layout)
        array = zarr.open_array(store, path="a", mode="r")
        array[...]
        for held in (array, array.async_array, zarr.partition(array, target=1)[7]):
            sent = dumps(held)
            assert len(sent) <= most + 50
            assert type(pickle.loads(sent)) is type(held)
        assert len(dumps(array)) <= most
        assert (pickle.loads(dumps(array))[:] == DATA).all()


def test_what_is_sent_of_a_bucket_is_small(layout):
    metadata = zarr.create_array({}, shape=DATA.shape, dtype="f8", **layout).metadata
    sent = pickle.dumps(zarr.Array.from_dict(s3("a"), metadata.to_dict()))
    assert len(sent) <= 600
    assert pickle.loads(sent).metadata == metadata


def test_what_is_sent_of_an_archive_is_small(tmp_path, layout):
    with ZipStore(tmp_path / "a.zip", mode="w") as store:
        zarr.create_array(store, data=DATA, **layout)
    sent = pickle.dumps(zarr.open_array(ZipStore(tmp_path / "a.zip", mode="r")))
    assert len(sent) <= 850
    assert (pickle.loads(sent)[:] == DATA).all()


def test_settings_go_along(tmp_path):
    array = zarr.create_array(tmp_path, data=DATA, chunks=(16, 12))
    other = array.with_config({"order": "F", "write_empty_chunks": True})
    with zarr.config.set({"array.order": "F"}):
        assert pickle.loads(pickle.dumps(array)).config == array.config
    assert pickle.loads(pickle.dumps(other)).config == other.config


@dataclass(frozen=True)
class Reversed(zarr.abc.codec.BytesBytesCodec):
    """A codec that no other process knows."""

    is_fixed_size = True

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": "reversed.of.tests"}

    def compute_encoded_size(self, n, spec):
        return n

    def _decode_sync(self, data, spec):
        return spec.prototype.buffer.from_bytes(data.to_bytes()[::-1])

    _encode_sync = _decode_sync


def test_codecs_that_others_do_not_know_go_along(tmp_path):
    for options in ({}, {"shards": (32, 24)}):
        zarr.registry.register_codec("reversed.of.tests", Reversed)
        array = zarr.create_array(
            tmp_path, data=DATA, chunks=(16, 12), compressors=Reversed(), overwrite=True, **options
        )
        sent = [pickle.dumps(array), pickle.dumps(zarr.open_array(tmp_path))]
        del registry._registered["reversed.of.tests"]
        for each in sent:
            assert b"Reversed" in each
            assert (pickle.loads(each)[:] == DATA).all()


# -- reading and writing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
@pytest.mark.parametrize("blocks", [(60, 50), (16, 12), (7, 5), (20, 25)])
def test_blocks_that_do_not_fit(tmp_path, engine, layout, scheduler, blocks):
    target = zarr.create_array(tmp_path, shape=DATA.shape, dtype="f8", **layout)
    with dask.config.set(scheduler=scheduler):
        dask.array.store(dask.array.from_array(DATA, chunks=blocks), target, lock=False)
        assert (target[:] == DATA).all()
        found = dask.array.from_zarr(target, chunks=blocks)
        assert (found.compute() == DATA).all()
        assert (found[5:31, ::-3].compute() == DATA[5:31, ::-3]).all()


def test_processes_that_share_chunks(tmp_path, engine, layout):
    """Every chunk is written by several of them at once."""
    target = zarr.create_array(tmp_path, shape=DATA.shape, dtype="f8", **layout)
    lazy = dask.array.from_array(DATA, chunks=(5, 7))
    with dask.config.set({"scheduler": "processes", "multiprocessing.context": "fork", "num_workers": 4}):
        dask.array.store(lazy, target, lock=False)
        assert dask.array.from_zarr(target, chunks=(9, 9)).sum().compute() == DATA.sum()
    assert (target[:] == DATA).all()


@pytest.mark.parametrize("kind", ["path", "array", "store"])
def test_to_zarr(tmp_path, engine, kind, zarr_format):
    lazy = dask.array.from_array(DATA, chunks=(20, 25))
    if kind == "path":
        lazy.to_zarr(os.fspath(tmp_path / "a"), zarr_format=zarr_format)
        found = os.fspath(tmp_path / "a")
    elif kind == "store":
        found = LocalStore(tmp_path / "a")
        lazy.to_zarr(found, zarr_format=zarr_format)
    else:
        found = zarr.create_array(
            tmp_path / "a", shape=DATA.shape, chunks=(20, 25), dtype="f8", zarr_format=zarr_format
        )
        lazy.to_zarr(found)
    assert dask.array.from_zarr(found).chunks == lazy.chunks
    assert (dask.array.from_zarr(found).compute() == DATA).all()


def test_regions_of_several_arrays_at_once(tmp_path, engine):
    group = zarr.create_group(tmp_path)
    targets = [group.create_array(name, shape=(70, 50), chunks=(16, 12), dtype="f8") for name in "ab"]
    lazy = dask.array.from_array(DATA, chunks=(13, 11))
    regions = [(slice(3, 63), slice(None)), (slice(10, 70), slice(None))]
    dask.array.store([lazy, lazy + 1], targets, lock=False, regions=regions)
    assert (targets[0][3:63] == DATA).all()
    assert (targets[1][10:] == DATA + 1).all()


# -- threads ------------------------------------------------------------------------------------------------------


def n_threads_now():
    return sum(1 for _ in Path("/proc/self/task").iterdir())


class Watching(threading.Thread):
    """Counts the threads of this process, the engine's included, while it is entered."""

    def __init__(self):
        super().__init__()
        self.most, self._over = 0, threading.Event()

    def run(self):
        while not self._over.is_set():
            self.most = max(self.most, n_threads_now())
            time.sleep(0.0005)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self._over.set()
        self.join()


def test_threads_of_dask_and_of_this_library_do_not_multiply(tmp_path, engine):
    """Eight threads that each read 128 chunks: at most so many more as one request alone may have."""
    n_threads = 8
    data = np.random.default_rng(0).normal(size=(1024, 1024))
    array = zarr.create_array(tmp_path, data=data, chunks=(64, 64), shards=(512, 512))
    lazy = dask.array.from_zarr(array, chunks=(512, 512))
    before = n_threads_now()
    with dask.config.set(scheduler="threads", num_workers=n_threads), Watching() as watching:
        for _ in range(3):
            assert abs(float(lazy.mean().compute()) - data.mean()) < 1e-12
            dask.array.store(lazy, array, lock=False)
    assert watching.most <= before + 1 + n_threads + most_threads()
