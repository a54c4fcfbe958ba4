"""What is other on Windows about files. It is written after what Microsoft documents, and was never run there.

Names: some are taken for others, and refused here rather than misread. `a:b` is a part of a file `a`, `CON` a device in every
directory, and `a.` the same file as `a`.

Open files: they can be neither replaced nor deleted. Who reads has one open for a moment, which is waited for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from time import monotonic, sleep

from zarr.errors import StoreKeyError

IS_WINDOWS = os.name == "nt"
_PATIENCE_S = 5.0
_NAP_S = 0.002
_NEVER = r'[\x00-\x1f<>:"|?*\\]'
_DEVICE = r"(?is)(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])[ ]*(\..*)?"


def refuse_misread(key: str) -> None:
    """Raise `StoreKeyError` for a key of which Windows would make another file than others do, or none.

    >>> refuse_misread("a/c.0.0/console")
    >>> refuse_misread("a/con.txt")
    Traceback (most recent call last):
    zarr.errors.StoreKeyError: 'a/con.txt' cannot be a file on Windows: 'con.txt' is a device there. Choose another name; ...
    """
    for segment in key.split("/"):
        if (reason := _reason(segment)) is not None:
            raise StoreKeyError(
                f"{key!r} cannot be a file on Windows: {reason}. Choose another name; other stores, such as "
                "zarr.storage.ZipStore, take this one"
            )


def _reason(segment: str) -> str | None:
    if (found := re.search(_NEVER, segment)) is not None:
        return f"no name there has {found[0]!r}"
    if segment[-1:] in (" ", "."):
        return f"the end of {segment!r} is left out there"
    return f"{segment!r} is a device there" if re.fullmatch(_DEVICE, segment) else None


def patiently(change: Callable[..., None], *paths: str) -> None:
    """Replace, rename or delete a file, once those that have it open on Windows have closed it; in five seconds at most."""
    end = monotonic() + _PATIENCE_S
    while True:
        try:
            return change(*paths)
        except PermissionError:
            if not IS_WINDOWS or monotonic() > end:
                raise
        sleep(_NAP_S)
