"""What is kept of objects: where it is, and what it tells of itself.

Every object, and every part of one that was asked for, is an entry in a second store. An entry tells of itself which version of
the object it is of, so that other processes, and later ones, can use it. Its key is that of the object with the part behind it, so
all entries of an object, and of everything below a path, are removed together.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarr._buffer import Buffer, CPUBuffer
from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest, resolve_range

if TYPE_CHECKING:
    from zarr._store.versioned import Version


@dataclass(slots=True)
class Entry:
    """What is kept of an object, or of a part of one.

    Attributes
    ----------
    key
        Of the entry.
    data
        What was fetched.
    tag
        What tells its version from others in any process; None if nothing does.
    nbytes
        Size of the whole object.
    stored_at
        When it was fetched.
    version
        Its version, where that means something in this process only.
    """

    key: str
    data: Buffer
    tag: object
    nbytes: int
    stored_at: float
    version: Version | None = None

    def is_of(self, version: Version | None) -> bool:
        """Whether it is what an object has in a version."""
        if self.version is not None:
            return self.version is version
        return self.tag is not None and bool(self.tag == tag_of(version))


def escaped(key: str) -> str:
    """A key of which no name begins as those of parts do.

    >>> escaped("a/=b")
    'a/==b'
    """
    return "/".join(f"={name}" if name.startswith("=") else name for name in key.split("/")) if "=" in key else key


def entry_key(key: str, byte_range: ByteRequest | None) -> str:
    """Where a part of an object is kept.

    >>> entry_key("c/0", RangeByteRequest(2, 5)), entry_key("c/0", None)
    ('c/0/=2-5', 'c/0/=whole')
    """
    resolve_range(byte_range, 0)  # which says so if it is no such request
    part = "whole"
    if isinstance(byte_range, RangeByteRequest):
        part = f"{byte_range.start}-{byte_range.end}"
    elif isinstance(byte_range, OffsetByteRequest):
        part = f"{byte_range.offset}-"
    elif isinstance(byte_range, SuffixByteRequest):
        part = f"-{byte_range.suffix}"
    return f"{escaped(key)}/={part}"


def tag_of(version: Version | None) -> object:
    """What tells a version from others in any process, as JSON can hold it; None if nothing does."""
    found = getattr(version, "tag", version)
    return found if isinstance(found, str | int | list) else None


def packed(data: Buffer, tag: object, nbytes: int, source: str) -> Buffer:
    about = {"of": source, "tag": tag, "nbytes": nbytes, "stored_at": time.time(), "length": len(data)}
    return CPUBuffer.from_bytes(json.dumps(about).encode() + b"\n" + data.to_bytes())


def parse_entry(name: str, value: Buffer, source: str) -> Entry | None:
    """What an entry says; None if it is none, or not whole, or of another store that is kept in the same place."""
    content = value.to_bytes()
    end = content.find(b"\n")
    try:
        about = json.loads(content[:end])
        if end < 0 or about["length"] != len(content) - end - 1 or about["of"] != source:
            return None
        return Entry(name, value[end + 1 :], about["tag"], int(about["nbytes"]), float(about["stored_at"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
