"""Facts about a node as a small table, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_UNITS = ("", "K", "M", "G", "T", "P", "E")


def human_readable_size(size: int) -> str:
    """A size in bytes, in the unit that is easy to read.

    Examples
    --------
    >>> human_readable_size(400_000_000), human_readable_size(5)
    ('381.5M', '5')
    """
    scaled, unit = float(size), 0
    while scaled >= 1024 and unit < len(_UNITS) - 1:
        scaled /= 1024
        unit += 1
    return f"{scaled:.1f}{_UNITS[unit]}" if unit else str(size)


def human_size(nbytes: int) -> str:
    """A size in bytes, and in a unit that is easy to read.

    Examples
    --------
    >>> human_size(400_000_000)
    '400000000 (381.5M)'
    """
    short = human_readable_size(nbytes)
    return str(nbytes) if short == str(nbytes) else f"{nbytes} ({short})"


def _table(rows: Sequence[tuple[str, object]], width: int) -> str:
    return "\n".join(f"{label:<{width}} : {value}" for label, value in rows)


@dataclass(frozen=True, kw_only=True)
class ArrayInfo:
    """What `array.info` shows.

    Attributes
    ----------
    rows
        Labels and values, as the array was when this was made.
    n_stored, nbytes_stored
        Stored chunks (shards, if sharded) and the bytes of everything stored; None where they were not counted.
    """

    rows: tuple[tuple[str, object], ...]
    n_stored: int | None = None
    nbytes_stored: int | None = None

    def __repr__(self) -> str:
        return _table(self.rows, len("Chunks Initialized"))  # the widest there can be, so that both forms line up


@dataclass(frozen=True, kw_only=True)
class GroupInfo:
    """What `group.info` shows; the counts are None where they were not made."""

    name: str
    zarr_format: int
    read_only: bool
    store_type: str
    n_arrays: int | None = None
    n_groups: int | None = None
    n_unsupported: int = 0

    @property
    def _zarr_format(self) -> int:
        """As zarr-python calls it."""
        return self.zarr_format

    def __repr__(self) -> str:
        rows: list[tuple[str, Any]] = [
            ("Name", self.name),
            ("Type", "Group"),
            ("Zarr format", self.zarr_format),
            ("Read-only", self.read_only),
            ("Store type", self.store_type),
        ]
        if self.n_arrays is not None and self.n_groups is not None:
            rows += [
                ("No. members", self.n_arrays + self.n_groups),
                ("No. arrays", self.n_arrays),
                ("No. groups", self.n_groups),
            ]
        if self.n_unsupported:
            rows.append(("Unsupported", f"{self.n_unsupported} of them"))
        return _table(rows, len("Zarr format"))
