"""Zip archives for tests: filled by a store or by Python, changed byte by byte, and looked into."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
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


# -- made to do harm, or damaged --------------------------------------------------------------------------------------


def without_end(n: int) -> Callable[[], bytearray]:
    return lambda: archive(("a", b"1" * 100), ("b", b"2"))[:-n]


def with_names(name: str) -> Callable[[], bytearray]:
    return lambda: bytearray(bytes(archive((len(name) * "~", b"1"))).replace(b"~" * len(name), name.encode()))


def overlapping() -> bytearray:
    data = archive(("a", b"1" * 50), ("b", b"2" * 50))
    return patched(data, record(data, 1) + 42, (3).to_bytes(4, "little"))


def twice() -> bytearray:
    """Two names for one entry, as bombs have them."""
    data = archive(("a", b"1" * 50), ("b", b"2" * 50))
    return patched(data, record(data, 1) + 42, (0).to_bytes(4, "little"))


def beyond() -> bytearray:
    data = archive(("a", b"1" * 50))
    return patched(
        patched(data, record(data) + 20, (5000).to_bytes(4, "little")), record(data) + 24, (5000).to_bytes(4, "little")
    )


def other_sizes() -> bytearray:
    data = archive(("a", b"1" * 50))
    return patched(data, record(data) + 24, (49).to_bytes(4, "little"))


def other_count() -> bytearray:
    data = archive(("a", b"1" * 50))
    return patched(data, len(data) - 14, b"\2\0\2\0")


def several_disks() -> bytearray:
    data = archive(("a", b"1"))
    return patched(data, len(data) - 18, b"\1\0")


def directory_damaged() -> bytearray:
    data = archive(("a", b"1"))
    return patched(data, record(data), b"PK\x01\x00")


def name_no_utf8() -> bytearray:
    data = archive(("ü", b"1"))
    return bytearray(bytes(data).replace("ü".encode(), b"\xff\xff"))


HOSTILE = {
    "no archive": (lambda: bytearray(b"hello" * 100), "no zip archive"),
    "nothing": (lambda: bytearray(), "only 0 bytes"),
    "short": (lambda: bytearray(b"PK\x03\x04"), "only 4 bytes"),
    "cut in the end record": (without_end(5), "incomplete"),
    "cut in the directory": (without_end(60), "incomplete"),
    "cut in an entry": (without_end(150), "incomplete"),
    "cut at the front": (lambda: archive(("a", b"1" * 100))[30:], "not lie inside the file"),
    "above": (with_names("../a"), r"'\.\./a', which is no path inside"),
    "absolute": (with_names("/a/b"), "'/a/b', which is no path inside"),
    "a drive": (with_names("C:/a"), "'C:/a', which is no path inside"),
    "backslashes": (with_names("a\\b"), "no path inside"),
    "a dot": (with_names("a/./b"), "no path inside"),
    "overlapping": (overlapping, "overlaps"),
    "twice": (twice, "overlaps"),
    "beyond": (beyond, "overlaps another one, or reaches beyond"),
    "two sizes": (other_sizes, "is said to have 49"),
    "another count": (other_count, "has 1 entries, and its end record says 2"),
    "several disks": (several_disks, "several files"),
    "damaged directory": (directory_damaged, "directory is damaged"),
    "no UTF-8": (name_no_utf8, "is said to be UTF-8"),
}
"""Archives that are refused as a whole: what makes them, and what is said of them."""
