"""How a bomb is read, and what that may take: for the tests and for `make bombs`."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import zarr
from tests.safety.bombs import Case
from zarr.buffer.cpu import Buffer
from zarr.errors import BaseZarrError, DataTypeValidationError
from zarr.storage import MemoryStore, ZipStore

MOST_NBYTES = 64 * 2**20
OURS = (BaseZarrError, DataTypeValidationError, zipfile.BadZipFile)
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(name: str) -> int:
    """Bytes of memory that this process has, or had at most."""
    return int(next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith(name))) * 1024


def store_of(case: Case, place: Path) -> Any:
    """What a bomb is stored in; archives in a directory."""
    made = case.objects()
    if not isinstance(made, dict):
        path = place / "hostile.zip"
        path.write_bytes(made)
        return ZipStore(path)
    return MemoryStore({key: Buffer.from_bytes(value) for key, value in made.items()})


def read_all(store: Any, selection: Any) -> None:
    """Open what is stored, and read of it: every member of a group, or elements."""
    node = zarr.open(store, mode="r")
    if isinstance(node, zarr.Group):
        for path, _ in node.members(max_depth=None):
            node[path]
    else:
        node[selection]
