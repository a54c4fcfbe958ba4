"""Taking, breaking and releasing leases, and publishing under them: what excludes writers whose machines share files and no locks.

A lease is a directory beside the object. It is prepared under another name, with its owner's token in it, and then renamed: onto
a name that is free, or an empty directory, and onto nothing else. What its owner publishes comes *out of* the lease: `rename
lease/token/n1 → object`. So whoever breaks a lease, by moving away what is in it, sees to it that nothing is published by the
former owner any more, whatever that one believes and whenever it goes on. A lease may therefore be broken at any time; that it is
not done to the living is a matter of patience, and not of safety.

What is moved away stays under a name that has the token in it. Its owner, who has been answered by an error and cannot tell
whether what it asked for has happened, breaks its own lease and looks there: what was still in the lease was not published.

[Decision 23](../../../../docs/decisions/0023-leases.md) has the reasons, and a model explores these very functions
(`tests/safety/leases`).
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection
from enum import Enum
from typing import Any, Protocol

from zarr._store.atomic import BROKEN, LEASE, NEW
from zarr._store.leased import names
from zarr._store.leased.names import Tokens
from zarr._store.leased.steps import Steps, Write, attempt
from zarr._support.signals import came_from_a_signal
from zarr.errors import UnknownOutcomeError

_BUSY = frozenset((errno.EEXIST, errno.ENOTEMPTY))
_REFUSED = frozenset((errno.EACCES, errno.EPERM, errno.EBUSY, errno.EISDIR))
"""What some servers answer in the place of these."""
GONE = frozenset((errno.ENOENT, errno.ESTALE))
MOST_ATTEMPTS = 100


class Outcome(Enum):
    """What became of a change: made; not made, as something else was stored than was expected; or not, as the lease was broken."""

    DONE = "done"
    REFUSED = "refused"
    FENCED = "fenced"


class Held(Protocol):
    """A lease that is held by a directory in it, as `holds.LeaseHold`."""

    lease: str
    token: str
    since: float
    is_lost: bool

    @property
    def place(self) -> str: ...
    def number(self) -> int: ...


def take(lease: str, entry: str, make: tuple[Any, ...], turns: list[Any] | None = None) -> Steps[bool]:
    """Wait for a lease, and take it; False if it was not to be had with this token, so that another one has to be used.

    Parameters
    ----------
    lease
        Its path.
    entry
        A token, or a mark.
    make
        The call that makes it, less the path.
    turns
        Takes the turn of this thread, which is waited for when that is made: until then nobody is kept from anything. None: the
        caller has it.

    Raises
    ------
    OSError
        Nothing is held then, and nothing left.
    """
    place = names.prepared(lease, entry)
    name, *args = make
    failure = yield from attempt("mkdir", place)
    if failure is not None and failure.errno != errno.EEXIST:  # that is the answer to a call that was made twice
        yield from attempt("rmdir", place)
        if failure.errno in GONE:
            return False
        raise failure
    try:
        failure = yield from attempt(name, f"{place}/{entry}", *args)
        if failure is None or (failure.errno == errno.EEXIST and name == "mkdir"):
            if turns is not None:
                turns.append((yield ("turn", lease)))
            failure = yield from attempt("rename", place, lease)
            while failure is not None and (yield from _has_waited(lease, failure)):
                failure = yield from attempt("rename", place, lease)
            if failure is None:
                return True
    except GeneratorExit:
        raise
    except BaseException:
        yield from _give_up(lease, entry)
        raise
    yield from _give_up(lease, entry)  # it is not known whether it was taken, or will be: it shall not be
    if failure.errno in GONE:
        return False
    raise failure


def _has_waited(lease: str, failure: OSError) -> Steps[bool]:
    """Whether somebody else has a lease, or had, and it may be free now; if not, something else is wrong."""
    if failure.errno not in _BUSY and failure.errno not in _REFUSED:
        return False
    try:
        seen = yield ("list", lease)
    except OSError as exc:
        if came_from_a_signal(exc) or exc.errno not in GONE:
            raise
        return failure.errno in _BUSY
    if not seen:
        emptied = yield from attempt("rmdir", lease)  # a rename onto an empty directory is refused by some
        return failure.errno in _BUSY or emptied is None
    if (yield ("wait", lease, seen)):
        for entry in seen:
            stopped = yield from break_(lease, entry)
            if stopped is not None and stopped.errno not in GONE:
                raise OSError(stopped.errno, f"{stopped.strerror} (a lease that its owner has left over)", lease)
    return True


def break_(lease: str, entry: str, evidence: list[str] | None = None) -> Steps[OSError | None]:
    """Take out of a lease what is in it, so that nothing is published by its owner from then on. Owners in doubt do it too.

    Parameters
    ----------
    lease, entry
        The lease, and a name in it.
    evidence
        Takes the paths to which something was moved.
    """
    moved = [] if evidence is None else evidence
    marked = names.of_mark(lease, entry)
    if marked is not None:  # the node first: what is published under the mark comes out of its lease
        failure = yield from break_(*marked, moved)
        if failure is None or failure.errno in GONE:
            failure = yield from attempt("unlink", f"{lease}/{entry}")
        return failure
    path = f"{lease}/{entry}"
    if not entry.startswith("d-"):
        return (yield from _move(path, names.broken(lease, entry), moved))
    while True:
        try:
            inner = yield ("list", path)
        except OSError as exc:
            if came_from_a_signal(exc):
                raise
            return exc
        for each in inner:
            failure = yield from _move(f"{path}/{each}", names.broken(lease, entry, each), moved)
            if failure is not None and failure.errno not in GONE:
                return failure
        failure = yield from attempt("rmdir", path)
        if failure is None or failure.errno not in _BUSY:
            return failure


def _move(path: str, new: str, moved: list[str]) -> Steps[OSError | None]:
    failure = yield from attempt("rename", path, new)
    if failure is None:
        moved.append(new)
    return failure


def _give_up(lease: str, entry: str) -> Steps[None]:
    """Have a lease that may have been taken, or may still be, be nobody's. Nothing was published under it."""
    place = names.prepared(lease, entry)
    moved: list[str] = []
    for where in (place, lease):
        if names.of_mark(lease, entry) is not None:  # the lease of the node stays
            yield from attempt("unlink", f"{where}/{entry}")
        else:
            yield from break_(where, entry, moved)
    if entry.startswith("w-"):  # or somebody else has broken it
        moved[:] = [names.broken(lease, entry)]
    for path in moved:
        yield from attempt("unlink", path)
    yield from attempt("rmdir", place)
    yield from attempt("rmdir", lease)


# -- one whole object -----------------------------------------------------------------------------------------------


def put_whole(
    tokens: Tokens, path: str, write: Write, sync: bool, is_expected: Callable[[], Steps[bool]] | None
) -> Steps[Outcome]:
    """Replace an object, or create it, and take turns with other threads of this process for it; as `_put_whole`."""
    turns: list[Any] = []
    try:
        return (yield from _put_whole(tokens, path, write, sync, is_expected, turns))
    finally:
        for turn in turns:
            turn.release()


def _put_whole(
    tokens: Tokens,
    path: str,
    write: Write,
    sync: bool,
    is_expected: Callable[[], Steps[bool]] | None,
    turns: list[Any],
) -> Steps[Outcome]:
    """Replace an object, or create it: the token is the file that becomes it, written before the lease is asked for.

    `is_expected` looks under the lease whether there is what there should be. If the outcome is FENCED, it is to be done again.
    """
    lease, token = names.lease_of(path), tokens.new("w")
    since = yield ("now",)
    if not (yield from take(lease, token, ("create", write, sync), turns)):
        return Outcome.FENCED
    try:
        if is_expected is not None and not (yield from is_expected()):
            yield from _give_up(lease, token)
            return Outcome.REFUSED
        if (yield ("is_late", since)):  # see `_proven`
            failure = yield from attempt("rename", f"{lease}/{token}", f"{lease}/{token}p")
            if failure is not None:
                yield from _give_up(lease, f"{token}p")
                yield from _give_up(lease, token)
                return _fenced_by(failure)
            token = f"{token}p"
    except GeneratorExit:
        raise
    except BaseException:
        yield from _give_up(lease, token)
        raise
    failure = yield from attempt("rename", f"{lease}/{token}", path)
    if failure is None or (yield from _is_where(lease, token, "", is_moved_in=False, since=since)):
        yield from attempt("rmdir", lease)
        return Outcome.DONE
    return _fenced_by(failure)


def _fenced_by(failure: OSError) -> Outcome:
    """What an error says of a change that was certainly not made."""
    if failure.errno in GONE:
        return Outcome.FENCED
    raise failure


def _is_where(lease: str, token: str, entry: str, *, is_moved_in: bool, since: float) -> Steps[bool]:
    """Whether a rename has taken place that was answered by an error: out of a lease, or, with `is_moved_in`, into it.

    The lease is broken for it, so that it does not happen any more: then what is found to have been in it at that moment decides.
    """
    failure = yield from break_(lease, token)
    if failure is not None and failure.errno not in GONE:
        raise _unknown(lease, failure)
    place = names.broken(lease, token, entry)
    try:
        found = (yield ("sort_of", place)) is not None
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        raise _unknown(lease, exc) from exc
    if found:
        yield from attempt("unlink", place)
    elif (yield ("is_ancient", since)):
        raise _unknown(lease, None)
    yield from attempt("rmdir", lease)
    return found == is_moved_in


def _unknown(lease: str, cause: OSError | None) -> UnknownOutcomeError:
    why = (
        "that was so long ago that it cannot be found out"
        if cause is None
        else f"nor could that be found out ({cause.strerror})"
    )
    return UnknownOutcomeError(
        f"it is not known whether {names.object_of(lease)!r} was changed: the file system answered by an error, {why}. It is whole. Read "
        "it, and change it again if need be."
    )


# -- under a lease that is held -------------------------------------------------------------------------------------


def put_held(hold: Held, path: str, write: Write, sync: bool) -> Steps[Outcome]:
    """Replace an object, or create it, out of a lease that covers it, or that of the node which it is marked with."""
    entry = f"n{hold.number()}"
    inner = f"{hold.place}/{entry}"
    failure = yield from attempt("create", inner, write, sync)
    if failure is not None:
        yield from attempt("unlink", names.broken(hold.lease, hold.token, entry))
        return _lost(hold, failure)
    try:
        if (yield ("is_late", hold.since)):
            failure = yield from _proven(hold, entry)
            if failure is not None:
                return _lost(hold, failure)
            entry = f"{entry}p"
    except GeneratorExit:
        raise
    except BaseException:
        yield from attempt("unlink", inner)
        raise
    failure = yield from attempt("rename", f"{hold.place}/{entry}", path)
    if failure is None:
        return Outcome.DONE
    return (yield from _after(hold, entry, failure, is_moved_in=False))


def _proven(hold: Held, entry: str) -> Steps[OSError | None]:
    """Give what is to be published another name in the lease first: the error if the lease is lost.

    Some clients hide the object that is to be replaced before the server refuses to replace it.
    """
    inner = f"{hold.place}/{entry}"
    failure = yield from attempt("rename", inner, f"{inner}p")
    if failure is not None:
        for each in (entry, f"{entry}p"):
            yield from attempt("unlink", f"{hold.place}/{each}")
            yield from attempt("unlink", names.broken(hold.lease, hold.token, each))
    return failure


def remove_held(hold: Held, path: str) -> Steps[Outcome]:
    """Delete an object: it is moved into the lease, where it is deleted."""
    if (yield ("sort_of", path)) is None:
        return Outcome.DONE
    entry = f"x{hold.number()}"
    inner = f"{hold.place}/{entry}"
    failure = yield from attempt("rename", path, inner)
    if failure is not None:
        return (yield from _after(hold, entry, failure, is_moved_in=True))
    if (yield from attempt("unlink", inner)) is not None:
        yield from attempt("unlink", names.broken(hold.lease, hold.token, entry))
    return Outcome.DONE


def _after(hold: Held, entry: str, failure: OSError, *, is_moved_in: bool) -> Steps[Outcome]:
    """The outcome of a rename that was answered by an error. The lease is held no more, whatever it is."""
    hold.is_lost = True
    if (yield from _is_where(hold.lease, hold.token, entry, is_moved_in=is_moved_in, since=hold.since)):
        return Outcome.DONE
    return _fenced_by(failure)


def _lost(hold: Held, failure: OSError) -> Outcome:
    """The outcome where nothing was published yet."""
    outcome = _fenced_by(failure)
    hold.is_lost = True
    return outcome


def release(hold: Held) -> Steps[None]:
    """Let go of a lease. What fails is left: it expires."""
    failure = yield from attempt("rmdir", hold.place)
    if (
        failure is not None and failure.errno in _BUSY
    ):  # of something that was interrupted; or a file that somebody has open
        moved: list[str] = []
        yield from break_(hold.lease, hold.token, moved)
        for path in moved:
            yield from attempt("unlink", path)
    yield from attempt("rmdir", hold.lease)


def release_mark(lease: str, entry: str) -> Steps[None]:
    """Take a mark out of the lease of an object."""
    yield from attempt("unlink", f"{lease}/{entry}")
    yield from attempt("rmdir", lease)


# -- what is left over ----------------------------------------------------------------------------------------------


def sweep(tokens: Tokens, directory: str, found: Collection[str]) -> Steps[None]:
    """Take away what processes of this machine have left in a directory that no longer run.

    `found` are names in it, of which only those of leases count.
    """
    for name in found:
        path = f"{directory}/{name}"
        moved: list[str] = []
        if name.startswith(LEASE):
            entries: tuple[str, ...] = ()
            try:
                entries = yield ("list", path)
            except OSError as exc:
                if came_from_a_signal(exc):
                    raise
            dead = [entry for entry in entries if tokens.is_dead(entry)]
            for entry in dead:
                yield from break_(path, entry, moved)
            if len(dead) == len(entries):
                yield from attempt("rmdir", path)
        elif tokens.is_dead(name):
            if name.startswith(NEW):
                entry = name.removeprefix(NEW)
                yield from attempt("unlink" if entry[0] == "w" or entry[0] == "n" else "rmdir", f"{path}/{entry}")
                yield from attempt("rmdir", path)
            elif name.startswith(BROKEN):
                yield from attempt("unlink", path)
        for each in moved:
            yield from attempt("unlink", each)
