"""Paths as users give them: a relative one leads to where it led when it was given, wherever the process works later."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: str) -> str:
    """Where a path leads now. `..` stays, as what is before it may be a symbolic link.

    Not by `Path.absolute`, which takes as long as all the rest of making a store.

    Raises
    ------
    FileNotFoundError
        If the path is relative and the working directory has been deleted.

    Examples
    --------
    >>> absolute("/data/../a.zarr")
    '/data/../a.zarr'
    """
    if os.path.isabs(path):
        return path
    try:
        here = os.getcwd()
    except FileNotFoundError as exc:
        raise FileNotFoundError(
            exc.errno, "a relative path leads nowhere, as the working directory has been deleted", path
        ) from exc
    return here if path == "." else os.path.join(here, path)


def tidy(path: str | os.PathLike[str]) -> str:
    """The text of a path as `Path` has it, of which most need no making: that takes as long as all the rest of a store.

    Examples
    --------
    >>> tidy("/data//a.zarr/"), tidy(""), tidy("./a")
    ('/data/a.zarr', '.', 'a')
    """
    text = os.fspath(path)
    is_tidy = text and text[0] != "." and text[-1] != "/" and "//" not in text and "/." not in text and os.sep == "/"
    return text if is_tidy else os.fspath(Path(text))


def as_given(given: str | Path, place: str) -> Path:
    """The path of a place: as it was given, unless that leads to another place by now."""
    try:
        return Path(given if absolute(os.fspath(given)) == place else place)
    except FileNotFoundError:  # there is no working directory any more
        return Path(place)
