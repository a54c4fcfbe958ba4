"""What a cloud keeps: objects under keys in buckets, in memory, and pages of their names."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import count

_generations = count(1000)


@dataclass(frozen=True, slots=True)
class Kept:
    """One object: it is replaced by another, never changed.

    Attributes
    ----------
    data
        Its bytes.
    etag
        In quotes, as it goes over the wire: of the content where clients know that from S3, a number where from Azure.
    generation
        A number that no other object has, as of GCS.
    metadata
        What the client wants to be told again: names without the prefix of the protocol.
    """

    data: bytes
    etag: str
    generation: int
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_content(cls, data: bytes, metadata: dict[str, str], parts: int = 0) -> Kept:
        """One whose ETag is the MD5 sum of its content, as in S3 and GCS."""
        suffix = f"-{parts}" if parts else ""
        return cls(data, f'"{hashlib.md5(data).hexdigest()}{suffix}"', next(_generations), metadata)

    @classmethod
    def of_moment(cls, data: bytes, metadata: dict[str, str]) -> Kept:
        """One whose ETag is never used again, as in Azure."""
        generation = next(_generations)
        return cls(data, f'"0x{generation:X}"', generation, metadata)


@dataclass(slots=True)
class Page:
    """A part of a listing: keys, the prefixes that others were gathered under, and where the next page begins ("" = nowhere)."""

    keys: list[str]
    prefixes: list[str]
    following: str


class Bucket:
    """Objects by key, and uploads that are not complete: parts by number or name."""

    def __init__(self) -> None:
        self.objects: dict[str, Kept] = {}
        self.uploads: dict[str, dict[str, bytes]] = {}
        self._sorted: list[str] | None = []

    def put(self, key: str, kept: Kept) -> None:
        if key not in self.objects:
            self._sorted = None
        self.objects[key] = kept

    def remove(self, key: str) -> bool:
        if self.objects.pop(key, None) is None:
            return False
        self._sorted = None
        return True

    def page(self, prefix: str, delimiter: str, start: str, most: int) -> Page:
        """Keys from `start` on that begin with a prefix, in order; those with a delimiter behind it by what goes before that."""
        if self._sorted is None:
            self._sorted = sorted(self.objects, key=str.encode)
        keys: list[str] = []
        prefixes: list[str] = []
        first = bisect_left(self._sorted, max(prefix.encode(), start.encode()), key=str.encode)
        for key in self._sorted[first:]:
            if not key.startswith(prefix):
                break
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            gathered = key[: end + len(delimiter)] if end >= 0 else ""
            if gathered and prefixes and prefixes[-1] == gathered:
                continue
            if len(keys) + len(prefixes) == most:
                return Page(keys, prefixes, key)
            if gathered:
                prefixes.append(gathered)
            else:
                keys.append(key)
        return Page(keys, prefixes, "")


def matches(header: str, etag: str) -> bool:
    """Whether an ETag is among those of an `If-Match` or `If-None-Match` header; some clients leave out the quotes."""
    return header.strip() == "*" or etag.strip('"') in [tag.strip().strip('"') for tag in header.split(",")]
