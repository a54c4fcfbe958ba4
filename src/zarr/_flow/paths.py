"""Keys and places below a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._store.path import StorePath

if TYPE_CHECKING:
    from collections.abc import Container

RECEIPTS = "__zarr_receipts"
"""Name of what receipts lie in, below their array. Names of nodes do not begin so, and neither do keys of chunks."""
RECHUNK = "rechunk"
"""Among the receipts, name of what a rechunking has besides them."""
QUARANTINE = "__zarr_quarantine"
"""Name of what damaged objects lie in that were put aside, below the same array."""


def join(path: str, name: str) -> str:
    """Key or path of `name` under a node path.

    Examples
    --------
    >>> join("a", "zarr.json"), join("", "zarr.json")
    ('a/zarr.json', 'zarr.json')
    """
    return f"{path}/{name}" if path else name


def below(at: StorePath, path: str) -> StorePath:
    """The place at a path below a node; the node's own for an empty one."""
    return StorePath(at.store, join(at.path, path) if path else at.path)


def nearest_above(key: str, among: Container[str]) -> str | None:
    """The longest of some paths that a key lies below; None if there is none.

    Examples
    --------
    >>> nearest_above("a/b/c/0", {"a", "a/b"}), nearest_above("c/0", {""}), nearest_above("c/0", {"c/0"})
    ('a/b', '', None)
    """
    path = key
    while path:
        path = path.rpartition("/")[0]
        if path in among:
            return path
    return None
