"""Which paths mean archives."""

from __future__ import annotations

import os
from pathlib import Path

from zarr._store.zipped.layout import BEGINNINGS

_SUFFIXES = (".zip", ".ozx")


def means_archive(path: str | os.PathLike[str], mode: str | None, beginning: bytes | None) -> bool:
    """Whether a path that a user gives for a store means a zip archive: by the file that is there, else by its name.

    Parameters
    ----------
    path
        As it was given; no directory.
    mode
        How it is to be opened.
    beginning
        The first bytes of the file; None if there is none.
    """
    has_name = Path(path).suffix.lower() in _SUFFIXES
    if beginning is None:
        return has_name and mode not in ("r", "r+")
    return has_name or beginning[:4] in BEGINNINGS
