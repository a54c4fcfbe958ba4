"""Rechunking that is killed in the middle, and called again: exact, nothing of it left, and what was done is not done again."""

from __future__ import annotations

import os
import signal

import pytest

import zarr
from tests.suites.children import end_of_fork, in_a_fork
from tests.suites.writers import numbers
from zarr.storage import LocalStore

SHAPE = (40, 30)
FROM, TO = (1, 30), (40, 3)
N_KILLS = int(os.environ.get("ZARR_TEST_KILLS", "6"))
ROOMS = {"direct": 40 * 15 * 8, "temporary": 40 * 3 * 8}
LAYOUTS = {"v2": {"zarr_format": 2}, "v3": {}, "sharded": {"chunks": (20, 3), "shards": (40, 3)}}


def go(source, target, room, layout):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zarr._faces.rechunk._room", lambda *_: room)
        return zarr.rechunk(source, target, **{"chunks": TO, **layout})


def counting(patch, function):
    """Have a function called with the number of each value that is stored, before it is."""
    count = 0
    plain = LocalStore.put

    def put(self, key, value, **options):
        nonlocal count
        count += 1
        function(count)
        return plain(self, key, value, **options)

    patch.setattr(LocalStore, "put", put)


def n_stored(source, target, room, layout):
    """How many values a copy stores."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        counting(patch, seen.append)
        go(source, target, room, layout)
    return max(seen)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("room", ROOMS)
def test_killed_and_called_again(tmp_path, room, layout):
    source = zarr.create_array(tmp_path / "source", data=numbers(SHAPE), chunks=FROM)
    layout, room = LAYOUTS[layout], ROOMS[room]
    n = n_stored(source, tmp_path / "whole", room, layout)
    for kill in range(N_KILLS):
        target = tmp_path / f"target{kill}"
        at = 1 + kill * n // N_KILLS

        def killed(target=target, at=at):
            with pytest.MonkeyPatch.context() as patch:
                counting(patch, lambda count: count == at and os.kill(os.getpid(), signal.SIGKILL))
                go(source, target, room, layout)

        assert end_of_fork(in_a_fork(killed)) == -signal.SIGKILL
        seen = []
        with pytest.MonkeyPatch.context() as patch:
            counting(patch, seen.append)
            made = go(source, target, room, layout)
        assert (made[:] == numbers(SHAPE)).all()
        assert zarr.verify(target).ok
        assert not [path for path in target.rglob("*") if "__zarr" in path.name]
        assert len(seen) <= n + 2 - at + n // 3, "what was done by pieces that were done is not done again"
