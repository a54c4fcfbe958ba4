"""Steps at a file system, as data: a generator yields calls, one after the other, and is given what they answer.

What leases do is written so, and nothing of it makes a system call. `drive` makes them by a `FileSystem`; a test hands the same
generators to one in memory, and tries every order of the calls of several clients, crashes and lost replies between them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from zarr._buffer.pieces import Sink

T = TypeVar("T")
Steps: TypeAlias = Generator[tuple[Any, ...], Any, T]
"""Yields the name of a method of `FileSystem` with its arguments; an error is raised at the `yield`."""
Write: TypeAlias = "Callable[[Sink], None]"


class FileSystem(Protocol):
    """What leases are made of. Paths are absolute; each call is one step, as far as others see."""

    def mkdir(self, path: str) -> None: ...
    def create(self, path: str, write: Write, sync: bool) -> None:
        """A new file with what `write` gives, closed. Nobody else uses its name, so one that is there is this caller's. If it fails
        none is left. What `write` raises comes as a `ContentError`.
        """

    def rename(self, path: str, new: str) -> None: ...
    def unlink(self, path: str) -> None: ...
    def rmdir(self, path: str) -> None: ...
    def list(self, path: str) -> tuple[str, ...]:
        """Names in a directory, in order."""

    def sort_of(self, path: str) -> str | None:
        """`"file"`, `"directory"` or `"link"`, without following links; None if there is nothing."""

    def open(self, path: str) -> Any:
        """The version of a file."""

    def is_version(self, path: str, version: Any) -> bool: ...
    def make_directories(self, directory: str, sync: bool) -> None: ...
    def sync_directory(self, directory: str) -> None: ...
    def turn(self, lease: str) -> Any:
        """Wait for the turn of this thread among those of its process; it has `release()`."""

    def wait(self, lease: str, seen: tuple[str, ...]) -> bool:
        """Wait until other names are in a lease than were seen. True if that has lasted so long that the lease has expired."""

    def now(self) -> float:
        """A clock of this machine, of seconds, that goes on while the machine sleeps."""

    def is_late(self, since: float) -> bool:
        """Whether a lease may have been taken for expired that was taken at a moment of `now`."""

    def is_ancient(self, since: float) -> bool:
        """Whether what tells that it was broken may have been swept away."""

    def nap(self, number: int) -> None:
        """Wait a moment before what was looked for is looked for again, for the so-manieth time."""


class ContentError(Exception):
    """What made the content of a file failed: `cause` is what it raised."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


def drive(steps: Steps[T], system: FileSystem) -> T:
    """Take steps at a file system, and return the result."""
    try:
        name, *args = next(steps)
        while True:
            try:
                answer = getattr(system, name)(*args)
            except BaseException as exc:  # noqa: BLE001  # an interrupt too: whoever has something puts it away
                name, *args = steps.throw(exc)
            else:
                name, *args = steps.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


def attempt(name: str, *args: Any) -> Steps[OSError | None]:
    """Make one call; the error of the system, if there is one."""
    try:
        yield (name, *args)
    except OSError as exc:
        if exc.errno is None or came_from_a_signal(exc):
            raise
        return exc
    return None


def afterwards(steps: Steps[T], last: Callable[[], Steps[None]]) -> Steps[T]:
    """Take steps, and others after them, also where they fail."""
    try:
        result = yield from steps
    except GeneratorExit:  # nothing can be asked any more
        raise
    except BaseException:
        yield from last()
        raise
    yield from last()
    return result
