"""Zip archives for tests: filled by a store or by Python, changed byte by byte, and looked into."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from tests.suites.calls import put
from zarr.storage import ZipStore

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def fill(path: Path, values: dict[str, bytes], **kwargs: Any) -> None:
    with ZipStore(path, mode="w", **kwargs) as store:
        for key, data in values.items():
            put(store, key, data)


def contents(path: Any) -> dict[str, bytes]:
    """What Python finds in an archive, every checksum tried; one entry for each name."""
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert len(set(names)) == len(names)
        return {name: found.read(name) for name in names}


def archive(*entries: tuple[str, bytes], comment: bytes = b"") -> bytearray:
    """An archive of Python's, changed afterwards: pairs of name and data."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name, data in entries:
            target.writestr(name, data)
        target.comment = comment
    return bytearray(made.getvalue())


def record(data: bytearray, number: int = 0) -> int:
    """Where the directory's record of an entry begins."""
    at = -1
    for _ in range(number + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    return at


def patched(data: bytearray, at: int, value: bytes) -> bytearray:
    data[at : at + len(value)] = value
    return data
