"""A writer that is killed leaves whole objects, old or new, and nothing that is not Zarr's.

200 moments in all, spread over the kinds of writing and both formats. The worker is forked from this process, so it is
in the middle of its loop at once.
"""

import os
import random
import signal
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.safety.killed_workers import CHUNK, WORKERS, build
from zarr.storage import LocalStore

DOCUMENTS = {"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"}
CASES = [(name, zarr_format) for name in WORKERS for zarr_format in (3, 2) if (name, zarr_format) != ("shard", 2)]
MOMENTS = -(-200 // len(CASES))


def kill_after(seconds, worker, root):
    """Fork a worker, let it run, kill it. Returns how it ended."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            warnings.simplefilter("ignore")
            group = zarr.open_group(LocalStore(root), mode="r+", use_consolidated=False)
            os.write(tell, b"x")
            worker(group)
        finally:
            os._exit(status)
    os.close(tell)
    assert os.read(ready, 1) == b"x", "the worker did not come to its loop"
    os.close(ready)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def stray_files(root):
    """Files that are neither documents nor chunks."""
    found = []
    for path in Path(root).rglob("*"):
        if path.is_file() and path.name not in DOCUMENTS:
            relative = path.relative_to(root).as_posix()
            name = relative.replace("/c/", ".").rpartition("/")[2]
            parts = name.split(".")
            if not all(p.isdecimal() for p in parts[-2:]) and not parts[-1].isdecimal():
                found.append(relative)
    return found


def check(root, zarr_format):
    store = LocalStore(root)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keys = list(store.list_keys(""))  # sweeps what the dead left
    assert not [key for key in keys if "__" in key]
    assert stray_files(root) == []
    group = zarr.open_group(store, mode="r", use_consolidated=False)
    np.testing.assert_array_equal(group["kept"][:], np.arange(100))
    attributes = dict(group["kept"].attrs)
    assert len(set(attributes.values())) <= 1
    assert len(set(group["whole"][:].tolist())) == 1
    for name in ("part", "shard")[: 2 if zarr_format == 3 else 1]:
        cells = group[name][:]
        assert len(set(cells[:, 0].tolist())) == 1, name
        assert not cells[:, 1].any(), name
    rows = group["grown"][:]
    assert (rows == rows[:, :1]).all()
    expected = [n for n in range(1, len(rows) + 1) for _ in range(n % 5 + 1)][: len(rows)]
    assert rows[:, 0].tolist() == expected, "a phantom or a torn append"
    assert not len(rows) or _is_whole_append(len(rows))
    sized = group["sized"][:]
    assert sized.shape in {(40,), (23,)}
    assert set(sized.tolist()) <= {7, -1}
    assert (sized[:23] == 7).all()
    if "made/new" in group:
        made = group["made/new"]
        assert made.shape == (CHUNK,)
        assert all(len(set(chunk.tolist())) == 1 for chunk in made[:].reshape(-1, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        snapshot = zarr.open_group(store, mode="r")
        assert {"kept", "whole"} <= set(snapshot)


def _is_whole_append(n_rows):
    total = 0
    for n in range(1, n_rows + 1):
        total += n % 5 + 1
        if total >= n_rows:
            return total == n_rows
    return False


@pytest.mark.parametrize(("name", "zarr_format"), CASES)
def test_a_killed_writer_leaves_whole_objects(name, zarr_format, tmp_path):
    moments = random.Random(f"{name}{zarr_format}")
    root = tmp_path / "store"
    build(root, zarr_format)
    for _ in range(MOMENTS):
        status = kill_after(moments.uniform(0, 0.03), WORKERS[name], root)
        assert os.WIFSIGNALED(status), "the worker ended by itself"
        assert os.WTERMSIG(status) == signal.SIGKILL
        check(root, zarr_format)
        if name in ("append", "resize"):
            build(root, zarr_format)
    began = time.monotonic()
    group = zarr.open_group(root, mode="r+", use_consolidated=False)
    group["part"][0, 1] = 5
    group["grown"].append(np.full((2, 3), 0))
    group["kept"].attrs["z"] = 1
    assert time.monotonic() - began < 30, "a lock of a dead writer was waited for"
