"""Where objects are put that are damaged: nothing is deleted.

    <array>/__zarr_quarantine/<name>/object         the bytes, as they were
    <array>/__zarr_quarantine/<name>/record.json    where they were, and what reads as the fill value since

The name is made of the key and the bytes, so putting the same aside twice makes no second copy. The specification keeps names that
begin with two underscores for itself: no node is called so, and no chunk key begins so. Nothing in it is called like a document.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeGuard

from zarr._buffer import CPU_PROTOTYPE
from zarr._checks.findings import Coords
from zarr._flow.paths import QUARANTINE, join
from zarr._flow.requests import Fetch, Flow, Put, Read, Remove
from zarr._store.noted import noted
from zarr._support.json import parse_object
from zarr.errors import MetadataTypeError, MetadataValidationError

if TYPE_CHECKING:
    from zarr._buffer import Buffer
    from zarr._store.abstract import Store

OBJECT = "object"
RECORD = "record.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """What was put aside.

    Attributes
    ----------
    key
        Where it was, relative to its array.
    kind
        Of the finding.
    lost
        Chunks that read as the fill value since, in the grid of all chunks that are decoded one by one; None for all that the object
        had.
    instead
        Size and checksum of an object that holds nothing and was stored in its place, if one was.
    """

    key: str
    kind: str
    lost: tuple[Coords, ...] | None
    instead: tuple[int, int] | None = None

    def to_bytes(self, data: Buffer) -> bytes:
        """The document, with size and checksum of the bytes."""
        nbytes, crc32c = noted(data)
        members: dict[str, Any] = {
            "zarr_quarantine": _VERSION,
            "key": self.key,
            "kind": self.kind,
            "nbytes": nbytes,
            "crc32c": f"{crc32c:08x}",
            "lost": self.lost,
            "instead": self.instead,
        }
        return json.dumps(members).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Record | None:
        """What a document says; None if it is none of ours."""
        try:
            found = parse_object(raw, RECORD)
        except (MetadataValidationError, MetadataTypeError):
            return None
        key, kind, lost = found.get("key"), found.get("kind"), found.get("lost")
        if found.get("zarr_quarantine") != _VERSION or not isinstance(key, str) or not isinstance(kind, str):
            return None
        instead = found.get("instead")
        known = (instead[0], instead[1]) if _is_coords(instead) and len(instead) == 2 else None
        if lost is None:
            return cls(key, kind, None, known)
        if not isinstance(lost, list) or not all(map(_is_coords, lost)):
            return None
        return cls(key, kind, tuple(map(tuple, lost)), known)


def _is_coords(given: object) -> TypeGuard[list[int]]:
    return isinstance(given, list) and all(type(number) is int for number in given)


def folder_of(path: str, key: str, data: Buffer) -> str:
    """Where an object of an array goes."""
    digest = blake2b(key.encode("utf-8", "surrogatepass") + b"\0", digest_size=8)
    digest.update(data.as_buffer_like())
    return join(path, f"{QUARANTINE}/{digest.hexdigest()}")


def put_aside(store: Store, path: str, data: Buffer, record: Record) -> Flow[str]:
    """Store what is to be put aside, the record last; where. It is not taken from where it was."""
    folder = folder_of(path, record.key, data)
    yield Put(store, join(folder, OBJECT), data)
    yield Put(store, join(folder, RECORD), CPU_PROTOTYPE.buffer.from_bytes(record.to_bytes(data)))
    return folder


def take_back(store: Store, folder: str) -> Flow[None]:
    """Forget what was put aside, as it is still where it was, or was replaced by its writer."""
    yield Remove(store, join(folder, RECORD))
    yield Remove(store, join(folder, OBJECT))


def records(store: Store, path: str, folders: Sequence[str]) -> Flow[list[tuple[str, Record | None]]]:
    """What was put aside below a place, by its folders."""
    wanted = [join(path, f"{QUARANTINE}/{folder}") for folder in folders]
    stored = (yield Fetch(store, [Read(join(folder, RECORD)) for folder in wanted])) if wanted else ()
    return [
        (folder, None if each is None else Record.from_bytes(each.without_version().to_bytes()))
        for folder, each in zip(wanted, stored, strict=True)
    ]
