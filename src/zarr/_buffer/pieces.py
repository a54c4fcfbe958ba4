"""Values that are written piece by piece, and where to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from zarr._buffer.buffers import BytesLike


class Sink(Protocol):
    """Takes a value piece by piece. None of them is kept: their memory may be used again when a call has returned.

    Examples
    --------
    >>> import io, zarr
    >>> class Memory:
    ...     def __init__(self):
    ...         self.file = io.BytesIO()
    ...
    ...     def append(self, data):
    ...         self.file.write(data)
    ...
    ...     def overwrite(self, offset, data):
    ...         self.file.seek(offset)
    ...         self.file.write(data)
    ...         self.file.seek(0, io.SEEK_END)
    >>> sink: zarr.abc.store.Sink = Memory()
    """

    def append(self, data: BytesLike) -> None:
        """Add bytes at the end."""

    def overwrite(self, offset: int, data: BytesLike) -> None:
        """Put bytes in the place of others that were added before."""


@dataclass(frozen=True, slots=True)
class Pieced:
    """A value that is made while it is written.

    Attributes
    ----------
    write
        Hands the pieces to a sink. May be called several times, each with a sink of its own.
    """

    write: Callable[[Sink], None]

    def joined(self) -> bytes:
        """The value as a whole.

        Examples
        --------
        >>> Pieced(lambda sink: sink.append(b"all of it")).joined()
        b'all of it'
        """
        sink = MemorySink()
        self.write(sink)
        return sink.value()


class MemorySink:
    """Keeps what it is given, in one piece."""

    __slots__ = ("_memory",)

    def __init__(self) -> None:
        self._memory = BytesIO()

    def append(self, data: BytesLike) -> None:
        self._memory.write(data)

    def overwrite(self, offset: int, data: BytesLike) -> None:
        end = self._memory.tell()
        self._memory.seek(offset)
        self._memory.write(data)
        self._memory.seek(end)

    def value(self) -> bytes:
        """All that was added, not copied once more."""
        return self._memory.getvalue()
