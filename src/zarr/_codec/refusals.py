"""Which exceptions say that bytes do not decode, or elements do not encode, and which mean something else.

Where one of our codecs calls a library, it says what that raises for damaged bytes: exactly those become a CodecError. Of
codecs of others nothing of the kind is known, so everything that code which parses bytes raises, its slips among it, is
taken for a refusal, and so are exceptions of the package that the codec is from. All else passes as it is: what a signal
handler raised, errors of the system, a package that is missing, what this library has an error for already.
"""

from __future__ import annotations

import lzma
import pickle
import struct
import zlib
from types import TracebackType

from zarr._support.signals import came_from_a_signal
from zarr.errors import BaseZarrError, CodecError, DataTypeValidationError

_REFUSALS = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError, NameError, RuntimeError),
    *(SyntaxError, TypeError, ValueError),
    *(lzma.LZMAError, pickle.PickleError, struct.error, zlib.error),
    RuntimeWarning,  # where warnings are errors: NumPy's of numbers that are none
)
_NO_REFUSALS = (BaseZarrError, DataTypeValidationError, NotImplementedError, RecursionError)


class refusing:  # noqa: N801  # used as a statement
    """What a call of a library is wrapped in: what it raises for bad data becomes a CodecError.

    Parameters
    ----------
    codec, action
        As those of CodecError.
    *kinds
        The very classes; not what is derived from them. OSError stands for those that the system did not raise.

    Examples
    --------
    >>> with refusing("zlib", "decode", zlib.error):
    ...     zlib.decompress(b"12345678")
    Traceback (most recent call last):
        ...
    zarr.errors.CodecError: codec 'zlib' could not decode: Error -3 while decompressing data: incorrect header check. ...
    """

    __slots__ = ("_action", "_codec", "_kinds")

    def __init__(self, codec: str, action: str, *kinds: type[Exception]) -> None:
        self._codec, self._action, self._kinds = codec, action, kinds

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc is None or kind not in self._kinds or _is_of_the_system(exc) or came_from_a_signal(exc):
            return
        raise CodecError(self._codec, self._action, str(exc)) from exc


def refuses(exc: Exception, codec: object) -> bool:
    """Whether an exception says that a codec, of whoever it is, could not do with the data what it was asked for."""
    if isinstance(exc, _NO_REFUSALS) or _is_of_the_system(exc) or came_from_a_signal(exc):
        return False
    return isinstance(exc, (*_REFUSALS, OSError)) or _package(type(exc)) == _package(type(codec))


def _is_of_the_system(exc: BaseException) -> bool:
    """Whether it is an OSError that is more than a word; what bz2 raises for damaged data is no more."""
    return isinstance(exc, OSError) and not (type(exc) is OSError and exc.errno is None)


def _package(cls: type) -> str:
    return cls.__module__.partition(".")[0]
