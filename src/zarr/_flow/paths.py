"""Keys and places below a node."""

from __future__ import annotations

from zarr._store.path import StorePath


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
