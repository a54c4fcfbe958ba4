r"""What operating systems do differently with files: here, so that the stores need not know on which of them they are.

On Linux and macOS everything is what the `os` module has. Windows has no reads and writes at a place of a file, cannot replace or
delete a file that somebody has open, and takes some names for something else: `nul` for a device, `a:b` for a part of the file
`a`, `a\b` for a file in a directory, `a.` for `a`. Nothing here has been run on Windows: the tests take away on Linux what is
not there, and have `os` refuse what it refuses there (`tests/suites/as_windows.py`).
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from threading import RLock
from time import monotonic, sleep

from zarr._support.forks import held_around_forks
from zarr._support.imports_on_use import importing
from zarr.errors import StoreKeyError

IS_WINDOWS = os.name == "nt"
HAS_PLACE_LOCKS = sys.platform == "linux"
"""Whether record locks have the form in which `locks` asks for them."""

_PATIENCE_S = 10.0
_NAP_S = 0.005
_SHARING = frozenset((5, 32))
"""Numbers of Windows for what is refused because somebody has the file open; the first is also for what is not permitted."""
_NO_CHARACTERS = frozenset('<>:"|?*\\') | frozenset(map(chr, range(32)))
_DEVICES = frozenset(
    (
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CONIN$",
        "CONOUT$",
        *(f"{name}{n}" for name in ("COM", "LPT") for n in "0123456789¹²³"),
    )
)
_HAS_PLACES = hasattr(os, "pread")
_place = held_around_forks(RLock())
"""Held while a file is at a place."""


# -- names ----------------------------------------------------------------------------------------------------------


def check_names(key: str) -> None:
    """Refuse a key of which the system would take a segment for something else than a name; nothing is refused but on Windows.

    Raises
    ------
    StoreKeyError
        With the segment, and what it would be.
    """
    if not IS_WINDOWS:
        return
    for segment in key.split("/"):
        if (reason := _misread(segment)) is not None:
            raise StoreKeyError(
                f"{key!r} cannot be a file on Windows: {reason}. Use another name, or a store that keeps names as they are, "
                "such as zarr.storage.ZipStore or zarr.storage.SQLiteStore."
            )


def _misread(segment: str) -> str | None:
    """What Windows does with a name that it does not keep as it is; None if it keeps it."""
    if not _NO_CHARACTERS.isdisjoint(segment):
        character = next(character for character in segment if character in _NO_CHARACTERS)
        return f"the name {segment!r} has the character {character!r} in it, which means something else there"
    if segment.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        return f"the name {segment!r} means a device there"
    if segment[-1:] in (".", " "):
        return f"the {'dot' if segment[-1] == '.' else 'space'} at the end of the name {segment!r} is dropped there"
    return None


# -- parts of files -------------------------------------------------------------------------------------------------


def read_at(fd: int, nbytes: int, start: int) -> bytes:
    """Up to so many bytes of an open file from a place on. Threads may read through one descriptor."""
    if _HAS_PLACES:
        return os.pread(fd, nbytes, start)
    with _place:
        os.lseek(fd, start, os.SEEK_SET)
        return os.read(fd, nbytes)


def write_at(fd: int, data: memoryview, start: int) -> int:
    """Write to an open file from a place on; how many bytes were written."""
    if _HAS_PLACES:
        return os.pwrite(fd, data, start)
    with _place:
        os.lseek(fd, start, os.SEEK_SET)
        return os.write(fd, data)


# -- whole files ----------------------------------------------------------------------------------------------------


def replace(source: str, target: str) -> None:
    """Give a file a name that another one may have. Where that cannot be as long as somebody reads the other one, wait a while."""
    _patiently(os.replace, source, target)


def unlink(path: str) -> None:
    """Delete a file; where that cannot be as long as somebody reads it, wait a while."""
    _patiently(os.unlink, path)


def _patiently(function: Callable[..., None], *paths: str) -> None:
    if not IS_WINDOWS:
        function(*paths)
        return
    until = monotonic() + _PATIENCE_S
    while True:
        try:
            function(*paths)
        except PermissionError as exc:
            if getattr(exc, "winerror", None) not in _SHARING or monotonic() > until:
                raise
            sleep(_NAP_S)
        else:
            return


# -- exchanging -----------------------------------------------------------------------------------------------------

_HERE = -100
_SWAP = 2
"""What two systems call an exchange."""


def exchange(one: str, other: str) -> bool:
    """Exchange two directories in one step, so that each path always leads to one of them; whether the system can.

    Raises
    ------
    OSError
        If it can, and something else is wrong: one of them is not there.
    """
    function = _exchange()
    if function is None:
        return False
    number = function(os.fsencode(one), os.fsencode(other))
    if number == 0:
        return True
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), one, None, other)


_NO_EXCHANGE = frozenset(
    (errno.EINVAL, errno.ENOSYS, getattr(errno, "ENOTSUP", errno.ENOSYS), getattr(errno, "EOPNOTSUPP", errno.ENOSYS))
)


@lru_cache(maxsize=1)
def _exchange() -> Callable[[bytes, bytes], int] | None:
    """Exchanges two paths, and returns the number of an error, 0 if there is none. None where there is no such function."""
    if IS_WINDOWS:
        return None
    with importing("ctypes"):
        import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if hasattr(library, "renameat2"):
        swap = library.renameat2
        swap.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
        return lambda one, other: ctypes.get_errno() if swap(_HERE, one, _HERE, other, _SWAP) else 0
    if hasattr(library, "renamex_np"):  # macOS
        swap = library.renamex_np
        swap.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
        return lambda one, other: ctypes.get_errno() if swap(one, other, _SWAP) else 0
    return None


def set_mode(fd: int, mode: int) -> None:
    """Set who may do what with an open file, where that is said in such a mode."""
    if not IS_WINDOWS:
        os.fchmod(fd, mode)
