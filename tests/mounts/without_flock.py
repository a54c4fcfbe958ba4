"""Runs a program whose `flock` is answered by the kernel as on some file systems: by an error, or by success and no lock.

    python without_flock.py LOCAL|EBADF|ENOSYS TEXT ARGUMENTS...

A seccomp filter does it, for x86-64 and Linux.
"""

import ctypes
import errno
import struct
import sys

_NUMBER_OF_FLOCK = 73
_SECCOMP, _NO_NEW_PRIVILEGES, _FILTER = 22, 38, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ERROR, _ALLOW = 0x0005_0000, 0x7FFF_0000


def answer_flock_by(number):
    """Have every `flock` of this process, and of those it starts, answered by an error; 0 is success."""

    def line(code, value, if_true=0, if_false=0):
        return struct.pack("HBBI", code, if_true, if_false, value)

    lines = [
        line(_LOAD, 0),
        line(_JUMP_IF_EQUAL, _NUMBER_OF_FLOCK, 0, 1),
        line(_RETURN, _ERROR | number),
        line(_RETURN, _ALLOW),
    ]
    program = ctypes.create_string_buffer(b"".join(lines))

    class Program(ctypes.Structure):
        _fields_ = [("n", ctypes.c_ushort), ("lines", ctypes.c_void_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    given = Program(len(lines), ctypes.addressof(program))
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, ctypes.byref(given), 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp filter")


if __name__ == "__main__":
    how, text, *sys.argv[1:] = sys.argv[1:]
    answer_flock_by(0 if how == "LOCAL" else getattr(errno, how))
    exec(text)  # the test's own
