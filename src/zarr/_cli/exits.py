"""Exit codes, and which error ends in which."""

from __future__ import annotations

from enum import IntEnum

from zarr.errors import ConcurrentChangeError, MemberNotFoundError


class Exit(IntEnum):
    """What the command `zarr` returns. The texts are shown by `zarr --json-usage` and in the guide."""

    FINE = 0
    FAILED = 1
    FOUND = 2
    NOT_THERE = 3
    HELD = 4
    INTERRUPTED = 130


MEANINGS = {
    Exit.FINE: "Done, and nothing wrong was found.",
    Exit.FAILED: "The call was wrong, or what it asked for failed; the reason is on standard error.",
    Exit.FOUND: "`diff` found differences, `verify` found damage, `repair` left some.",
    Exit.NOT_THERE: "There is no array or group, or no file, where one was looked for.",
    Exit.HELD: "Others hold it, or kept changing it: try again.",
    Exit.INTERRUPTED: "Interrupted with Ctrl-C.",
}

_HELD = (BlockingIOError, TimeoutError, ConcurrentChangeError)
_NOT_THERE = (FileNotFoundError, MemberNotFoundError)
_FAULTS = (AssertionError, AttributeError, NameError, ArithmeticError)


def code_of(error: BaseException) -> Exit:
    """The exit code for an error.

    Examples
    --------
    >>> code_of(FileNotFoundError()).value, code_of(TimeoutError()).value, code_of(ValueError()).value
    (3, 4, 1)
    """
    if isinstance(error, _HELD):
        return Exit.HELD
    return Exit.NOT_THERE if isinstance(error, _NOT_THERE) else Exit.FAILED


def is_fault(error: BaseException) -> bool:
    """Whether it is of the kinds that nobody raises on purpose, and so a fault of ours.

    >>> is_fault(KeyError("x")), is_fault(PermissionError())
    (True, False)
    """
    return isinstance(error, _FAULTS) or type(error) is KeyError
