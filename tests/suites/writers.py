"""What tasks of plans compute in tests, in whatever process they run."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zarr.storage import WrapperStore


def numbers(shape):
    """Every element's number, beginning with 1."""
    return np.arange(1, np.prod(shape, dtype=int) + 1).reshape(shape)


@dataclass(frozen=True)
class Numbers:
    """The numbers of a region's elements. Leaves a line for each call in a file, and may kill its process once.

    Attributes
    ----------
    shape
        Of the array.
    log
        A directory, for the lines; None for none.
    killed_at
        Whoever gets the region that begins here kills its process, unless somebody has done so before.
    """

    shape: tuple[int, ...]
    log: str | None = None
    killed_at: tuple[int, ...] | None = None

    def __call__(self, region):
        start = tuple(axis.start for axis in region)
        if self.log is not None:
            with (Path(self.log) / "_".join(map(str, start))).open("a") as file:
                file.write(f"{os.getpid()}\n")
        if start == self.killed_at and self._is_first():
            os.kill(os.getpid(), signal.SIGKILL)
        return numbers(self.shape)[region]

    def _is_first(self):
        try:
            (Path(self.log) / "killed").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def calls(log):
    """How often each region was computed, by where it begins."""
    return {
        tuple(map(int, path.name.split("_"))): len(path.read_text().splitlines())
        for path in Path(log).iterdir()
        if path.name != "killed"
    }


class Fatal(WrapperStore):
    """A store around another: whoever reads a value from it, of those that end so, kills its process, unless somebody has done so before.

    Parameters
    ----------
    store
        The store.
    end, marker
        How the key ends, and a file that tells that it was read.
    """

    def __init__(self, store, end, marker):
        super().__init__(store)
        self.end, self.marker = end, marker

    def _is_first(self):
        try:
            Path(self.marker).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def __reduce__(self):
        return Fatal, (self._store, self.end, self.marker)

    async def get(self, key, prototype=None, byte_range=None):
        if key.endswith(self.end) and self._is_first():
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().get(key, prototype, byte_range)
