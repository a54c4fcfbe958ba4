"""Writers on two mounts of one directory, and where `flock` fails or lies: nothing is lost, and nobody meets an error."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import zarr

N_INCREMENTS = int(os.environ.get("ZARR_TEST_INCREMENTS", "1000"))
WITHOUT_FLOCK = str(Path(__file__).with_name("without_flock.py"))

INCREMENTS = """
import sys, zarr
array, me, n = zarr.open_array(sys.argv[1], mode="r+"), int(sys.argv[2]), int(sys.argv[3])
for i in range(n):
    at = 10 * me + i % 10
    array[at] = array[at] + 1
"""
ATTRIBUTES = """
import sys, zarr
array, me, n = zarr.open_array(sys.argv[1], mode="r+"), sys.argv[2], int(sys.argv[3])
for i in range(n):
    array.attrs.update({f"{me}-{i}": i})
"""
APPENDS = """
import sys, zarr
array, me, n = zarr.open_array(sys.argv[1], mode="r+"), int(sys.argv[2]), int(sys.argv[3])
for i in range(n):
    array.append([me] * 3)
"""
CREATIONS = """
import sys, zarr
made = 0
for i in range(int(sys.argv[3])):
    group = zarr.open_group(sys.argv[1], mode="a")
    try:
        group.create_array(f"new-{i}", data=[int(sys.argv[2])] * 4, attributes={"by": int(sys.argv[2])})
        made += 1
    except zarr.errors.ContainsArrayError:
        pass
with open(sys.argv[4], "a") as file:
    file.write(f"{made}\\n")
"""
OVERWRITES = """
import sys, zarr
me = int(sys.argv[2])
for i in range(int(sys.argv[3])):
    try:
        zarr.create_array(sys.argv[1], shape=4, chunks=4, dtype="i4", fill_value=me, attributes={"by": me}, overwrite=True)
    except zarr.errors.ContainsArrayError:
        pass
"""
MIXED = """
import sys, zarr
me, n = int(sys.argv[2]), int(sys.argv[3])
array = zarr.open_array(sys.argv[1], mode="r+")
for i in range(n):
    if me % 2:
        array[4 * me : 4 * me + 4] = 0 if i % 2 else i + 1
    else:
        array[4 * me] = array[4 * me] + 1
"""


def writers(places, n, count, *more):
    """Arguments for writers of one array: its place as each of them sees it, a number, how often."""
    return [(place, me, count, *more) for me, place in zip(range(n), itertools.cycle(places), strict=False)]


def left_over(place):
    return [path for path in Path(place).rglob("*") if path.name.startswith("__zarr-")]


class Races:
    """What several processes do at once; `places` are one directory as they see it."""

    @pytest.fixture
    def started(self, in_processes):
        """Runs programs at once, as `in_processes` does."""
        return in_processes

    @pytest.mark.parametrize("shards", [None, 80], ids=["chunk", "inner chunk"])
    def test_increments(self, places, started, shards):
        chunks = 80 if shards is None else 20
        zarr.create_array(places[0] / "x", shape=80, chunks=chunks, shards=shards, dtype="i4")
        started(INCREMENTS, writers([place / "x" for place in places], 8, N_INCREMENTS))
        kept = zarr.open_array(places[0] / "x", mode="r")[:].reshape(8, 10).sum(axis=1)
        assert kept.tolist() == [N_INCREMENTS] * 8
        assert left_over(places[0]) == []

    def test_attributes(self, places, started):
        zarr.create_array(places[0] / "x", shape=1, dtype="i4")
        started(ATTRIBUTES, writers([place / "x" for place in places], 4, 200))
        assert len(zarr.open_array(places[0] / "x", mode="r").attrs) == 800
        assert left_over(places[0]) == []

    def test_appends(self, places, started):
        zarr.create_array(places[0] / "x", shape=0, chunks=16, dtype="i4")
        started(APPENDS, writers([place / "x" for place in places], 4, 100))
        found = zarr.open_array(places[0] / "x", mode="r")[:]
        assert np.bincount(found, minlength=4).tolist() == [300] * 4
        assert (found.reshape(-1, 3).std(axis=1) == 0).all()
        assert left_over(places[0]) == []

    def test_creations(self, places, started, tmp_path):
        started(CREATIONS, writers([place / "g" for place in places], 4, 30, tmp_path / "made"))
        assert sum(map(int, (tmp_path / "made").read_text().split())) == 30
        group = zarr.open_group(places[0] / "g", mode="r")
        for _, array in group.arrays():
            assert array[:].tolist() == [array.attrs["by"]] * 4
        assert len(list(group.arrays())) == 30
        assert left_over(places[0]) == []

    def test_overwrites(self, places, started):
        started(OVERWRITES, writers([place / "x" for place in places], 4, 30))
        array = zarr.open_array(places[0] / "x", mode="r")
        assert array[:].tolist() == [array.attrs["by"]] * 4
        assert left_over(places[0]) == []

    def test_chunks_that_become_the_fill_value(self, places, started):
        zarr.create_array(places[0] / "x", shape=32, chunks=8, dtype="i4")
        started(MIXED, writers([place / "x" for place in places], 8, 200))
        found = zarr.open_array(places[0] / "x", mode="r")[:].reshape(8, 4)
        assert found[::2, 0].tolist() == [200] * 4
        assert not found[1::2].any()
        assert left_over(places[0]) == []


class TestTwoMounts(Races):
    @pytest.fixture
    def places(self, mounts):
        return mounts


@pytest.mark.parametrize("how", ["EBADF", "ENOSYS", "LOCAL"])
class TestWithoutFlock(Races):
    @pytest.fixture
    def places(self, tmp_path):
        with zarr.config.set({"array.locking": "lease"}):  # as the system lies to this process only where it is a child
            yield [tmp_path / "root"]

    @pytest.fixture
    def started(self, in_processes, how):
        environment = {"ZARR_ARRAY__LOCKING": "lease"} if how == "LOCAL" else {}
        return lambda text, arguments: in_processes(text, arguments, (WITHOUT_FLOCK, how), **environment)


SPEED = """
import sys, time, numpy as np, zarr
place, me, n, locking = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
array = zarr.open_array(place, mode="r+", config={"locking": locking})
size = array.chunks[0]
data = np.random.default_rng(me).integers(0, 2**31, size, "i4")
for i in range(n):
    at = (me * n + i) * size
    array[at : at + size] = data
"""


def test_what_it_costs(mounts, way, capsys):
    """Not a test of speed: it prints what `docs/concurrency.md` has a table of."""
    with capsys.disabled():
        for nbytes, n in ((4 << 20, 12), (32 << 10, 100)):
            took = {}
            for locking in ("none", "auto", "none", "auto"):
                place = mounts[0] / f"{nbytes}-{locking}"
                shape, chunk = 8 * n * nbytes // 4, nbytes // 4
                zarr.create_array(place, shape=shape, chunks=chunk, dtype="i4", compressors=None, overwrite=True)
                began = time.perf_counter()
                processes = [
                    subprocess.Popen([sys.executable, "-c", SPEED, *map(str, arguments)])
                    for arguments in writers([mount / place.name for mount in mounts], 8, n, locking)
                ]
                assert [process.wait() for process in processes] == [0] * 8
                took[locking] = min(took.get(locking, 1e9), time.perf_counter() - began)
            ratio = took["none"] / took["auto"]
            print(
                f"\n{way}: chunks of {nbytes >> 10} KiB by 8 writers: {took} s, {ratio:.2f} of the speed without leases"
            )
