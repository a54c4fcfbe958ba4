"""What the operating system does not permit: errors of changes, with the file that was to be changed and what is possible."""

from __future__ import annotations

import errno
import os

from zarr._support.signals import came_from_a_signal

_NOT_PERMITTED = {errno.EACCES, errno.EPERM, errno.EROFS}


def of_change(exc: OSError, path: str) -> OSError:
    """The error of a change, as one of the file that was to be changed: there may be temporary names in the original.

    Parameters
    ----------
    exc
        What the operating system raised.
    path
        The file or directory that was to be made, changed or deleted.
    """
    if exc.errno is None or came_from_a_signal(exc):
        return exc
    return OSError(exc.errno, (exc.strerror or str(exc)) + _what_is_possible(exc.errno, path), path)


def _what_is_possible(number: int, path: str) -> str:
    if number not in _NOT_PERMITTED:
        return ""
    if not os.path.lexists(path):
        return ": nothing can be made here; choose a place that may be written to"
    if os.access(path, os.R_OK):
        return ": it can be read, with mode='r', but not changed"
    return ": it can neither be read nor changed"
