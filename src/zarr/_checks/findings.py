"""What checking finds, as data: findings, what is there of each array, and what was repaired."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from zarr.errors import ArgumentError

Coords: TypeAlias = tuple[int, ...]
Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_SHOWN = 20


class Kind(NamedTuple):
    """What all findings of one kind have in common.

    Attributes
    ----------
    severity
        `"error"`: elements are lost, wrong or cannot be read. `"warning"`: something is to be mended, and nothing is lost.
        `"note"`: worth knowing.
    advice
        What to do.
    is_repairable
        Whether `repair=True` does something about it.
    """

    severity: Severity
    advice: str
    is_repairable: bool = False


KINDS: Mapping[str, Kind] = {
    # -- chunks and shards
    "damaged-chunk": Kind(
        "error",
        "Write it again, or restore the object from a copy. repair=True puts it aside, keeps what else its shard has, and it reads as "
        "the fill value from then on.",
        is_repairable=True,
    ),
    "damaged-index": Kind(
        "error",
        "Write the shard again, or restore it from a copy. repair=True puts it aside and keeps every inner chunk that the index still "
        "leads to.",
        is_repairable=True,
    ),
    "overlapping-chunks": Kind("warning", "One of them was written over the other: compare both with their source."),
    "unreadable-object": Kind(
        "error", "See to the disk, to permissions, and to what is in the way; then verify again."
    ),
    "blocked": Kind(
        "error",
        "Take away what is there in place of the object. repair=True takes a directory away that has nothing in it.",
        is_repairable=True,
    ),
    "missing-object": Kind(
        "error", "Run the plan again (plan.run), write the region, or restore the object from a copy."
    ),
    "never-written": Kind("error", "Run the plan again: plan.run does the tasks that are missing, and no others."),
    "not-as-receipt": Kind(
        "error",
        "Another writer has changed it, or objects were mixed up. Write the region again, or, if that change was meant, take the "
        "receipts away: plan.finalize().",
    ),
    "unfinished-plan": Kind("warning", "Run the plan again (plan.run), then plan.finalize()."),
    "unfinalized-plan": Kind("note", "Every task has left a receipt: plan.finalize() checks all and ends the job."),
    "stale-receipts": Kind(
        "note", "They are of another state of the array, so nothing is compared with them; delete them."
    ),
    "lost-chunk": Kind(
        "error", "Write it again, or restore it; or take what was put aside away, if the loss is accepted."
    ),
    "quarantined": Kind("note", "What was put aside is not needed any more: delete it when you like."),
    "outside-grid": Kind(
        "warning",
        "Of a larger array that was here. If the array grows again, it shows as data. repair=True puts it aside.",
        is_repairable=True,
    ),
    # -- documents and nodes
    "damaged-metadata": Kind(
        "error", "Restore the document from a copy, or correct it by hand; nothing below it was checked."
    ),
    "unsupported": Kind(
        "warning", "Install or configure what it needs, then verify again; its chunks were not checked."
    ),
    "conflicting-documents": Kind("error", "Take away the document that does not belong there."),
    "two-formats": Kind(
        "note", "Format 3 counts. If that is meant, zarr migrate's remove-metadata takes the other one away."
    ),
    "missing-parent": Kind("warning", "repair=True makes a group of it.", is_repairable=True),
    "below-array": Kind("warning", "Below an array there are no nodes: nobody finds it. Move it, or delete it."),
    "stale-consolidated": Kind(
        "warning", "Run zarr.consolidate_metadata on the group, or repair=True.", is_repairable=True
    ),
    "orphan": Kind("warning", "Restore the document of the array that these were of, or delete them."),
    # -- what else lies there
    "temporary": Kind(
        "warning",
        "Left by a writer that was killed. repair=True takes away what belongs to nobody any more, or is a day old.",
        is_repairable=True,
    ),
    "foreign": Kind("note", "No part of a Zarr hierarchy; nobody minds it."),
    "not-listed": Kind("note", "The store cannot list keys, so nobody knows what else it has."),
}
"""Every kind of finding by name, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes
    ----------
    kind
        What sort of thing: a name that programs can rely on.
    severity
        `"error"`: elements are lost, wrong or cannot be read. `"warning"`: something is to be mended, and nothing is lost.
        `"note"`: worth knowing.
    path
        The node, or where one should be.
    key
        The object in the store; empty where it is none in particular.
    coords
        Of the chunk, or shard, in the grid of stored objects.
    inner
        Of the inner chunk of a shard, in the grid of all inner chunks of the array.
    what
        What is wrong, in words.
    advice
        What to do.
    is_repaired
        Whether `repair=True` has done what it does about such findings.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=4, chunks=2, dtype="i2", compressors=None)
    >>> array[:] = 7
    >>> array.store.get_sync("c/1") is not None
    True
    >>> array.store.set_sync("c/1", zarr.buffer.cpu.Buffer.from_bytes(b"abc"))
    >>> (finding,) = zarr.verify(array).findings
    >>> finding.kind, finding.severity, finding.key, finding.coords
    ('damaged-chunk', 'error', 'c/1', (1,))
    """

    kind: str
    severity: Severity
    path: str
    key: str
    what: str
    advice: str
    coords: Coords | None = None
    inner: Coords | None = None
    is_repaired: bool = False

    @property
    def is_repairable(self) -> bool:
        """Whether `repair=True` does something about it."""
        return KINDS[self.kind].is_repairable

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        return _plain(asdict(self))

    def __str__(self) -> str:
        where = self.key or ("/" + self.path)
        inner = "" if self.inner is None else f", inner chunk {self.inner}"
        return f"{self.kind} {where}{inner}: {self.what}"


def finding(
    kind: str,
    path: str,
    what: str,
    *,
    key: str = "",
    coords: Coords | None = None,
    inner: Coords | None = None,
    severity: Severity | None = None,
) -> Finding:
    """A finding of a known kind."""
    known = KINDS[kind]
    return Finding(kind, severity or known.severity, path, key, what, known.advice, coords, inner)


@dataclass(frozen=True, slots=True)
class Census:
    """What is stored of one array. An object is a shard if the array is sharded, and a chunk if not.

    Attributes
    ----------
    n_objects
        How many the array's grid has room for.
    n_stored
        How many are stored.
    n_fill
        How many are not, and a receipt says that they hold nothing but the fill value.
    n_never_written
        How many are not, and their task has left no receipt.
    n_chunks
        How many chunks are decoded one by one: inner chunks, of shards.
    n_chunks_stored
        How many of them are stored, in the objects that were looked into.
    n_checked, nbytes_checked
        How many objects were read and decoded, and their size as they are stored.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="i2")
    >>> array[:3, :3] = 7
    >>> census = zarr.verify(array).censuses[""]
    >>> census.n_objects, census.n_stored, census.n_chunks, census.n_chunks_stored, census.n_absent
    (4, 1, 16, 4, 3)
    """

    n_objects: int
    n_stored: int
    n_fill: int = 0
    n_never_written: int = 0
    n_chunks: int = 0
    n_chunks_stored: int = 0
    n_checked: int = 0
    nbytes_checked: int = 0

    @property
    def n_absent(self) -> int:
        """How many objects are not stored: they hold the fill value, or were never written; receipts tell which."""
        return self.n_objects - self.n_stored

    @property
    def n_unknown(self) -> int:
        """How many are not stored without a receipt that tells why."""
        return max(0, self.n_absent - self.n_fill - self.n_never_written)

    def to_dict(self) -> dict[str, int]:
        """The same in what JSON can say."""
        return {**asdict(self), "n_absent": self.n_absent, "n_unknown": self.n_unknown}


@dataclass(frozen=True, slots=True)
class Repair:
    """Something that `repair=True` did.

    Attributes
    ----------
    kind
        Of the finding that it was done about.
    path, key
        As in the finding.
    what
        What was done, in words.
    quarantine
        The key under which the bytes are that were there before; empty where there were none.
    n_kept
        How many inner chunks of a shard were kept.
    lost
        Chunks that read as the fill value from now on, in the grid of all chunks that are decoded one by one; None if nobody can
        say which ones the object had.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=4, chunks=2, dtype="i2", compressors=None)
    >>> array[:] = 7
    >>> array.store.set_sync("c/1", zarr.buffer.cpu.Buffer.from_bytes(b"abc"))
    >>> (repair,) = zarr.verify(array, repair=True).repairs
    >>> repair.kind, repair.key, repair.lost, repair.quarantine
    ('damaged-chunk', 'c/1', ((1,),), '__zarr_quarantine/.../object')
    >>> array[:]
    array([7, 7, 0, 0], dtype=int16)
    """

    kind: str
    path: str
    key: str
    what: str
    quarantine: str = ""
    n_kept: int = 0
    lost: tuple[Coords, ...] | None = ()

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        return _plain(asdict(self))


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """What `zarr.verify` found. True where nothing is wrong.

    Attributes
    ----------
    place
        What was looked at.
    findings
        What is not as it should be, as it was before any repair; errors first.
    censuses
        What is stored of each array, by path.
    n_groups
        How many groups there are. Of arrays there are as many as censuses.
    subset
        Which part of the objects was read, as it was asked for; None for all of them.
    repairs
        What was done about findings.

    Examples
    --------
    >>> import zarr
    >>> group = zarr.open_group({}, mode="w")
    >>> group.create_array("a", shape=10, chunks=5, dtype="i4")[:5] = 1
    >>> found = zarr.verify(group)
    >>> found.ok, found.counts, found.n_groups
    (True, {'error': 0, 'warning': 0, 'note': 0}, 1)
    >>> print(found)
    ok: memory://...
      1 group, 1 array, 1 of 2 objects stored, 1 read (... bytes)
    """

    place: str
    findings: tuple[Finding, ...] = ()
    censuses: Mapping[str, Census] = field(default_factory=dict)
    n_groups: int = 0
    subset: str | None = None
    repairs: tuple[Repair, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing but notes was found. What was repaired counts as found: verify again to see what is left."""
        return all(each.severity == "note" for each in self.findings)

    def __bool__(self) -> bool:
        return self.ok

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        found = Counter(each.severity for each in self.findings)
        return {severity: found[severity] for severity in SEVERITIES}

    @property
    def kinds(self) -> dict[str, int]:
        """How many there are of each kind that there is."""
        found = Counter(each.kind for each in self.findings)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def remaining(self) -> tuple[Finding, ...]:
        """Errors and warnings about which nothing was done."""
        return tuple(each for each in self.findings if not (each.is_repaired or each.severity == "note"))

    def of_kind(self, kind: str) -> tuple[Finding, ...]:
        """The findings of one kind.

        Parameters
        ----------
        kind
            Its name.

        Raises
        ------
        ArgumentError
            If there is no such kind.
        """
        if kind not in KINDS:
            raise ArgumentError(f"there is no kind of finding {kind!r}; there are {', '.join(map(repr, KINDS))}")
        return tuple(each for each in self.findings if each.kind == kind)

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        return {
            "place": self.place,
            "ok": self.ok,
            "counts": self.counts,
            "kinds": self.kinds,
            "n_groups": self.n_groups,
            "n_arrays": len(self.censuses),
            "subset": self.subset,
            "findings": [each.to_dict() for each in self.findings],
            "censuses": {path: census.to_dict() for path, census in self.censuses.items()},
            "repairs": [each.to_dict() for each in self.repairs],
        }

    def __repr__(self) -> str:
        found = ", ".join(counted(n, severity) for severity, n in self.counts.items() if n)
        lines = [f"{'ok' if self.ok else 'not ok'}: {self.place}{f' ({found})' if found else ''}", f"  {self._facts()}"]
        lines += [f"  {each.severity} {each}" for each in self.findings[:_SHOWN]]
        if len(self.findings) > _SHOWN:
            lines.append(f"  and {len(self.findings) - _SHOWN} more, in .findings")
        lines += [f"  repaired {each.key or '/' + each.path}: {each.what}" for each in self.repairs[:_SHOWN]]
        if len(self.repairs) > _SHOWN:
            lines.append(f"  and {len(self.repairs) - _SHOWN} more repairs, in .repairs")
        return "\n".join(lines)

    def _facts(self) -> str:
        censuses = self.censuses.values()
        n_stored, n_objects = sum(each.n_stored for each in censuses), sum(each.n_objects for each in censuses)
        n_checked, nbytes = sum(each.n_checked for each in censuses), sum(each.nbytes_checked for each in censuses)
        part = "" if self.subset is None else f" of {self.subset}"
        return (
            f"{counted(self.n_groups, 'group')}, {counted(len(self.censuses), 'array')}, {n_stored} of "
            f"{counted(n_objects, 'object')} stored, {n_checked} read{part} ({nbytes} bytes)"
        )


def counted(n: int, what: str) -> str:
    """A number of things, in words."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def _plain(members: dict[str, Any]) -> dict[str, Any]:
    """Members as JSON has them: lists for tuples."""
    made: dict[str, Any] = json.loads(json.dumps(members))
    return made
