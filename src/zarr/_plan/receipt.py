"""Receipts: what a task of a plan left in the store, object by object, as a document.

A receipt is for one task of one job on one plan. It is believed only if it names all three, and exactly the objects of its
task. Whoever reads one cannot trust it: anything else than what is written here counts as no receipt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from zarr._support.json import parse_object
from zarr.errors import MetadataTypeError, MetadataValidationError

if TYPE_CHECKING:
    from typing import Self

_VERSION = 1


@dataclass(frozen=True, slots=True)
class ObjectCheck:
    """By which a stored object is known again.

    Attributes
    ----------
    nbytes, crc32c
        Size and checksum of the bytes that are stored.
    """

    nbytes: int
    crc32c: int


Checks: TypeAlias = Mapping[str, ObjectCheck | None]
"""By key, relative to the array; None for an object that is not stored, as it holds nothing but the fill value."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a task is done.

    Attributes
    ----------
    plan, job
        What the task belongs to.
    task
        Its number.
    objects
        What it left in the store.
    """

    plan: str
    job: str
    task: int
    objects: Checks

    def to_bytes(self) -> bytes:
        """The document."""
        objects = {
            key: None if check is None else [check.nbytes, f"{check.crc32c:08x}"] for key, check in self.objects.items()
        }
        members = {"zarr_receipt": _VERSION, "plan": self.plan, "job": self.job, "task": self.task, "objects": objects}
        return json.dumps(members, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self | None:
        """What a document says; None if it is no receipt."""
        try:
            found = parse_object(raw, "receipt")
        except (MetadataValidationError, MetadataTypeError):
            return None
        plan, job, task = found.get("plan"), found.get("job"), found.get("task")
        objects = found.get("objects")
        if found.get("zarr_receipt") != _VERSION or not isinstance(plan, str) or not isinstance(job, str):
            return None
        if type(task) is not int or not isinstance(objects, dict):
            return None
        try:
            return cls(plan, job, task, {key: _check(value) for key, value in objects.items()})
        except (TypeError, ValueError):
            return None


def _check(value: Any) -> ObjectCheck | None:
    if value is None:
        return None
    nbytes, crc32c = value
    if type(nbytes) is not int or nbytes < 0 or not isinstance(crc32c, str) or len(crc32c) != 8:
        raise ValueError(value)
    return ObjectCheck(nbytes, int(crc32c, 16))


def fingerprint(members: Mapping[str, Any]) -> str:
    """A text that is the same for equal members, and for no others.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1}) != fingerprint({"a": 1})
    True
    """
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
