"""What a file system tells of a file now, and not what its client remembers."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from zarr._support.imports_on_use import importing

_HERE = -100
_FORCE_SYNC = 0x2000
_BASIC = 0x7FF
_NBYTES = 256
_MTIME_AT, _CTIME_AT, _INO_AT, _SIZE_AT, _DEVICE_AT = 112, 96, 32, 40, 136


class Status(NamedTuple):
    """What tells a file from others that have its name before or after it."""

    device: int
    ino: int
    nbytes: int
    mtime_ns: int
    ctime_ns: int


def fresh_status(path: str) -> Status:
    """What is told of the file that a path leads to; asked anew where the system can do that.

    Raises
    ------
    OSError
        As `os.stat`.
    """
    function = _statx()
    if function is None:
        found = os.stat(path)
        return Status(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return function(path)


@lru_cache(maxsize=1)
def _statx() -> Callable[[str], Status] | None:
    """`statx(2)`, None where there is none."""
    with importing("ctypes"):
        import ctypes

    try:
        call = ctypes.CDLL(None, use_errno=True).statx
    except (AttributeError, OSError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_char_p)

    def status(path: str) -> Status:
        memory = ctypes.create_string_buffer(_NBYTES)
        if call(_HERE, os.fsencode(path), _FORCE_SYNC, _BASIC, memory):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
        ino, nbytes = struct.unpack_from("@2Q", memory, _INO_AT)
        major, minor = struct.unpack_from("@2I", memory, _DEVICE_AT)
        changed, modified = (struct.unpack_from("@qI", memory, at) for at in (_CTIME_AT, _MTIME_AT))
        return Status(os.makedev(major, minor), ino, nbytes, _ns(modified), _ns(changed))

    return status


def _ns(time: tuple[int, int]) -> int:
    return time[0] * 1_000_000_000 + time[1]
