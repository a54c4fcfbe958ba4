"""What a place offers to those who write there: `zarr.doctor`."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zarr._store.probing import Place, probe

_HOW = {
    "directory": "locks of this machine, on directories",
    "lease": "leases, between any number of machines",
    "none": "nothing but the threads of one process ('array.locking' is 'none')",
}
_COARSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Diagnosis(Place):
    """What a place offers to those who write there. None: it could not be found out, or was not asked.

    Attributes
    ----------
    path, peer
        The directory, and the other way to it.
    file_system
        The type of the file system.
    locking
        What keeps writers apart there: `"directory"`, `"lease"` or `"none"`.
    has_locks, excludes_processes, excludes_peer
        Whether a directory can be locked; and whether that keeps out another process, by the same way, and by the other one.
    leases_exclude
        Whether a lease keeps others out (by the other way, if there is one).
    has_atomic_rename, has_exclusive_creation
        Whether a file takes the place of another one at one moment, and whether of two who make a file or directory one is told.
    has_hard_links, has_symbolic_links, has_nameless_files
        Whether there are such.
    free_nbytes
        Room that is left.
    clock_ahead_s
        How far the clock of the file system is before that of this machine, in seconds.
    leftover
        Leases and temporary files that were there, by their paths: of writers at work, or of dead ones.

    Examples
    --------
    >>> import tempfile, zarr
    >>> found = zarr.doctor(tempfile.mkdtemp())
    >>> found.has_atomic_rename, found.leftover
    (True, ())
    """

    path: str = ""
    peer: str | None = None

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do about it; nothing if all is well."""
        found = []
        if self.locking == "directory" and self.excludes_processes is False:
            found.append(
                "the lock of a directory keeps nobody out: set 'array.locking' to 'lease' for all who write here"
            )
        if self.locking == "directory" and self.excludes_peer is False:
            found.append(
                "writers by the other way are not kept out: set 'array.locking' to 'lease' for all who write here"
            )
        if self.locking == "lease" and self.leases_exclude is False:
            found.append("leases keep nobody out here: let one process write at a time")
        if self.has_atomic_rename is False or self.has_exclusive_creation is False:
            found.append("renames, or new files, are not one step: let one process write at a time")
        if self.clock_ahead_s is not None and abs(self.clock_ahead_s) > _COARSE_S:
            found.append(
                "the clocks differ, which matters to programs that compare times of files, and not to this library"
            )
        if self.leftover:
            found.append(
                "what is left over goes when a writer lists its directory, or, if it is a day old, by zarr.verify(..., repair=True)"
            )
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, of types that JSON has."""
        return {**asdict(self), "leftover": list(self.leftover), "advice": list(self.advice)}

    def __str__(self) -> str:
        lines = [
            ("place", self.path if self.peer is None else f"{self.path}, and by {self.peer}"),
            ("file system", self.file_system or "unknown"),
            ("writers are kept apart by", _HOW[self.locking]),
            ("directories can be locked", _word(self.has_locks)),
            ("which keeps out other processes", _word(self.excludes_processes)),
            *([] if self.peer is None else [("which keeps out those by the other way", _word(self.excludes_peer))]),
            ("leases keep out others", _word(self.leases_exclude)),
            ("renames are one step", _word(self.has_atomic_rename)),
            ("names are taken exclusively", _word(self.has_exclusive_creation)),
            ("hard links, symbolic links", f"{_word(self.has_hard_links)}, {_word(self.has_symbolic_links)}"),
            ("files without names", _word(self.has_nameless_files)),
            ("free", "unknown" if self.free_nbytes is None else f"{self.free_nbytes / 2**30:.1f} GiB"),
            ("its clock is ahead by", "unknown" if self.clock_ahead_s is None else f"{self.clock_ahead_s:.3f} s"),
            ("left over", ", ".join(self.leftover[:5]) + (" …" if len(self.leftover) > 5 else "") or "nothing"),
            *(("advice", text) for text in self.advice),
        ]
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:{width}}  {value}" for name, value in lines)


def _word(found: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[found]


def doctor(path: str | os.PathLike[str], peer: str | os.PathLike[str] | None = None) -> Diagnosis:
    """Find out what a directory offers to those who write arrays there: by doing it, in a directory that is taken away again.

    Parameters
    ----------
    path
        An existing directory that may be written to: an array, a group, or what they are in.
    peer
        The same directory by another way, such as a second mount: then it is found out, too, whether writers by the two are kept apart.

    Returns
    -------
    Diagnosis
        Printed, it is a table; `advice` says what to do.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such directory.
    ValueError
        If `peer` leads to another directory.
    PermissionError
        If nothing may be made there.

    Examples
    --------
    >>> import tempfile, zarr
    >>> print(zarr.doctor(tempfile.mkdtemp()).advice)
    ()
    """
    directory = str(Path(path).absolute())
    other = None if peer is None else str(Path(peer).absolute())
    found = probe(directory, other)
    values = {name: getattr(found, name) for name in Place.__dataclass_fields__}
    return Diagnosis(**values, path=directory, peer=other)
