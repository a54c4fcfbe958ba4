"""What a store in a directory does with its files under leases, as steps: read, put, remove, hold, delete what is below a prefix."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from zarr._store.atomic import is_temporary
from zarr._store.leased import names, protocol
from zarr._store.leased.holds import LeaseHold, MarkHold, NoTurn
from zarr._store.leased.protocol import GONE, MOST_ATTEMPTS, Outcome
from zarr._store.leased.steps import Steps, Write, afterwards, attempt
from zarr._store.versioned import ABSENT, ANY, Unlocked
from zarr._support.signals import came_from_a_signal
from zarr.errors import ConcurrentChangeError, HoldLostError

if TYPE_CHECKING:
    from zarr._store.leased.holds import Releasing
    from zarr._store.leased.names import Tokens
    from zarr._store.versioned import Expected, Hold, Version

_LOOKS = 5
"""So often an object is looked for that somebody is changing."""


class LeasedFiles:
    """The files of a directory under leases. Everything is told by absolute paths.

    Parameters
    ----------
    tokens
        Makes what leases are held by.
    releasing
        Is told of what is held, and has it released.
    """

    __slots__ = ("_releasing", "_tokens")

    def __init__(self, tokens: Tokens, releasing: Releasing) -> None:
        self._tokens, self._releasing = tokens, releasing

    # -- reading ------------------------------------------------------------------------------------------------

    def open(self, path: str) -> Steps[Version | None]:
        """The version of a file, None if there is none."""
        return self._look(path, "open")

    def exists(self, path: str) -> Steps[bool]:
        """Whether there is anything at a path."""
        found = yield from self._look(path, "sort_of")
        return found is not None

    def _look(self, path: str, call: str) -> Steps[Any]:
        """What a call tells of a path. That nothing is there has to be seen twice, or oftener while somebody is changing it.

        A client may hide an object for a moment that is about to be replaced, and another one may know an old name of it still.
        """
        for number in range(_LOOKS):
            try:
                found = yield (call, path)
            except OSError as exc:
                if came_from_a_signal(exc) or exc.errno not in GONE:
                    raise
                found = None
            if found is not None:
                return found
            lease = names.lease_of(path)
            if self._releasing.holds(lease):
                return None
            if not number:
                is_changing = (yield ("sort_of", lease)) is not None
            elif not is_changing:
                return None
            if is_changing:
                yield ("nap", number)
        return None

    # -- changing -----------------------------------------------------------------------------------------------

    def put(self, path: str, write: Write, *, expected: Expected, hold: Hold | None, sync: bool) -> Steps[bool]:
        """Replace an object, or create it; whether there was what was expected, and, under a hold on it, the hold still held."""
        done: bool
        if isinstance(hold, Unlocked):
            done = yield from self._put_unlocked(path, write, expected, sync)
        elif (holding := self._holding(hold, path)) is not None:
            done = yield from self._under(holding, path, partial(self._put_held, path, write, expected, sync))
        else:
            done = yield from self._put_whole(path, write, expected, sync)
        if done and sync:
            yield ("sync_directory", names.parent(path))
        return done

    def remove(self, path: str, *, expected: Expected, hold: Hold | None, sync: bool) -> Steps[bool]:
        """Delete an object, under the same conditions."""
        if (yield ("sort_of", names.parent(path))) is None:
            return expected is ANY or expected is ABSENT
        done: bool
        if isinstance(hold, Unlocked):
            if done := (yield from self._is_expected(path, expected)):
                failure = yield from attempt("unlink", path)
                if failure is not None and failure.errno not in GONE:
                    raise failure
        elif (holding := self._holding(hold, path)) is not None:
            done = yield from self._under(holding, path, partial(self._remove_held, path, expected))
        else:
            done = yield from self._remove_whole(path, expected)
        if done and sync:
            yield ("sync_directory", names.parent(path))
        return done

    def _put_unlocked(self, path: str, write: Write, expected: Expected, sync: bool) -> Steps[bool]:
        """The same without a lease: the caller sees to it that nobody else changes the object."""
        directory = names.parent(path)
        new = self._tokens.temporary(directory)
        for _ in range(MOST_ATTEMPTS):
            failure = yield from attempt("create", new, write, sync)
            if failure is None or failure.errno not in GONE:
                break
            yield ("make_directories", directory, sync)
        if failure is not None:
            raise failure
        if (yield from self._is_expected(path, expected)):
            failure = yield from attempt("rename", new, path)
            if failure is None:
                return True
        yield from attempt("unlink", new)
        if failure is not None:
            raise failure
        return False

    def _put_whole(self, path: str, write: Write, expected: Expected, sync: bool) -> Steps[bool]:
        looks = None if expected is ANY else partial(self._is_expected, path, expected)
        for _ in range(MOST_ATTEMPTS):
            outcome = yield from protocol.put_whole(self._tokens, path, write, sync, looks)
            if outcome is not Outcome.FENCED:
                return outcome is Outcome.DONE
            yield ("make_directories", names.parent(path), sync)
        raise _never_had(path)

    def _remove_whole(self, path: str, expected: Expected) -> Steps[bool]:
        for _ in range(MOST_ATTEMPTS):
            hold = yield from self.hold_object(path, None, makes=False)
            if hold is None:  # no directory, and so no object
                return expected is ANY or expected is ABSENT
            outcome = yield from afterwards(self._remove_held(path, expected, hold), partial(self._let_go, hold))
            if outcome is not Outcome.FENCED:
                return outcome is Outcome.DONE
        raise _never_had(path)

    def _under(self, hold: LeaseHold | MarkHold, path: str, change: Any) -> Steps[bool]:
        """Make a change under a hold that covers it, or on a node, whose mark the object gets for so long."""
        if hold.lease == names.lease_of(path):
            outcome = yield from change(hold.source)
        else:
            marked = yield from self.hold_object(path, hold.source)
            outcome = yield from afterwards(change(marked.source), partial(self._let_go, marked))
        if outcome is Outcome.FENCED and not hold.is_of_object:
            raise _lost(hold.source)
        return outcome is Outcome.DONE

    def _put_held(self, path: str, write: Write, expected: Expected, sync: bool, hold: LeaseHold) -> Steps[Outcome]:
        if hold.is_lost or hold.is_of_parent:
            return Outcome.FENCED
        if not (yield from self._is_expected(path, expected)):
            return Outcome.REFUSED
        return (yield from protocol.put_held(hold, path, write, sync))

    def _remove_held(self, path: str, expected: Expected, hold: LeaseHold) -> Steps[Outcome]:
        if hold.is_lost or hold.is_of_parent:
            return Outcome.FENCED
        if (yield ("sort_of", path)) == "directory":
            raise IsADirectoryError(errno.EISDIR, "a directory and no file", path)
        if not (yield from self._is_expected(path, expected)):
            return Outcome.REFUSED
        return (yield from protocol.remove_held(hold, path))

    def _is_expected(self, path: str, expected: Expected) -> Steps[bool]:
        if expected is ANY:
            return True
        if expected is ABSENT:
            sort = yield ("sort_of", path)
            if sort == "directory":
                raise IsADirectoryError(errno.EISDIR, "a directory and no file", path)
            return sort is None
        is_it: bool = yield ("is_version", path, expected)
        return is_it

    def _holding(self, hold: Hold | None, path: str) -> LeaseHold | MarkHold | None:
        """The hold of a caller, if it is one under which an object can be changed."""
        if isinstance(hold, LeaseHold | MarkHold):
            lease = names.lease_of(path)
            if hold.lease == lease or (not hold.is_of_object and names.is_below(lease, hold.source.lease)):
                return hold
        return None

    # -- holding ------------------------------------------------------------------------------------------------

    def hold(self, directory: str) -> Steps[LeaseHold]:
        """Wait for, and take, the lease of the node whose documents are in a directory."""
        hold: LeaseHold = yield from self._take(names.lease_of_node(directory), is_of_object=False, makes=True)
        return hold

    def hold_object(self, path: str, under: Hold | None, *, makes: bool = True) -> Steps[Any]:
        """The same of one object, under the hold on its node, if there is one. Without `makes` it is None if there is no directory."""
        node = self._holding(under, path)
        if node is None:
            return (yield from self._take(names.lease_of(path), is_of_object=True, makes=makes))
        return (yield from self._mark(names.lease_of(path), node.source))

    def _take(self, lease: str, *, is_of_object: bool, makes: bool) -> Steps[Any]:
        turn = yield ("turn", lease)
        try:
            for _ in range(MOST_ATTEMPTS):
                token, since = self._tokens.new("d"), (yield ("now",))
                if (yield from protocol.take(lease, token, ("mkdir",))):
                    taken, turn = turn, NoTurn()  # whatever comes now, it is the hold's to release
                    hold = LeaseHold(
                        lease, token, since, taken, self._releasing, self._tokens, is_of_object=is_of_object
                    )
                    self._releasing.keep(hold)
                    return hold
                if makes:
                    yield ("make_directories", names.parent(lease), False)
                elif (yield ("sort_of", names.parent(lease))) is None:
                    return None
        finally:
            turn.release()
        raise _never_had(names.object_of(lease))

    def _mark(self, lease: str, node: LeaseHold) -> Steps[MarkHold]:
        """Have the lease of an object be a part of that of its node."""
        if lease == node.lease:
            return MarkHold(lease, None, node, NoTurn(), self._releasing)
        turn = yield ("turn", lease)
        try:
            for _ in range(MOST_ATTEMPTS):
                if node.is_lost or node.is_of_parent:
                    raise _lost(node)
                mark = names.mark(lease, node.lease, node.token, self._tokens.number())
                if (yield from protocol.take(lease, mark, ("create", _write_nothing, False))):
                    taken, turn = turn, NoTurn()
                    hold = MarkHold(lease, mark, node, taken, self._releasing)
                    self._releasing.keep(hold)
                    return hold
                yield ("make_directories", names.parent(lease), False)
        finally:
            turn.release()
        raise _never_had(names.object_of(lease))

    def _let_go(self, hold: LeaseHold | MarkHold) -> Steps[None]:
        """Release a hold that nobody else knows, in steps."""
        yield from hold.in_steps()

    # -- prefixes -----------------------------------------------------------------------------------------------

    def remove_prefix(self, directory: str, *, sync: bool) -> Steps[None]:
        """Delete the files at and below a directory, each under its lease, and then the directories that nothing is left in.

        No directory is moved: a client that knows it would go on writing in the one that was moved.
        """
        sort = yield ("sort_of", directory)
        if sort == "link":
            yield from attempt("unlink", directory)
        if sort != "directory":
            return
        yield from self.empty(directory, sync=sync)
        yield from attempt("rmdir", directory)

    def empty(self, directory: str, *, sync: bool) -> Steps[None]:
        """The same of what is in a directory."""
        try:
            found = yield ("list", directory)
        except OSError as exc:
            if came_from_a_signal(exc) or exc.errno not in (*GONE, errno.ENOTDIR):
                raise
            return
        yield from protocol.sweep(self._tokens, directory, found)
        for name in found:
            path = f"{directory}/{name}"
            if is_temporary(name):
                continue
            sort = yield ("sort_of", path)
            if sort == "directory":
                yield from self.remove_prefix(path, sync=sync)
            elif sort is not None:
                yield from self.remove(path, expected=ANY, hold=None, sync=sync)

    def sweep(self, directory: str, found: Sequence[str]) -> Steps[None]:
        """Take away what the dead have left among what was found in a directory."""
        return protocol.sweep(self._tokens, directory, found)


def _write_nothing(_: Any) -> None:
    """The contents of a mark."""


def _lost(hold: LeaseHold) -> HoldLostError:
    return HoldLostError(
        f"the lease of {names.object_of(hold.lease)!r} was taken over by another writer, as this one gave no sign of life for longer than "
        "'array.lease_seconds'; what was to be changed under it was not. Do it again."
    )


def _never_had(path: str) -> ConcurrentChangeError:
    return ConcurrentChangeError(
        f"{path!r} could not be changed: its lease was taken over by another writer, or its directory deleted, in each of {MOST_ATTEMPTS} "
        "attempts. Nothing was stored."
    )
