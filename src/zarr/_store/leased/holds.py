"""Leases that somebody has, as holds: from the moment when they are taken until they are released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zarr._store.leased.protocol import release, release_mark
from zarr._support.forks import n_forks

if TYPE_CHECKING:
    from typing import Self

    from zarr._store.leased.names import Tokens
    from zarr._store.leased.steps import Steps


class Releasing(Protocol):
    """Knows what this process holds, and has it released."""

    def keep(self, hold: _Held) -> None:
        """Note that something is held, and see to it that others can tell that its owner lives."""

    def forget(self, hold: _Held) -> None:
        """Note that it is not held any more."""

    def holds(self, lease: str) -> bool:
        """Whether this process has a lease."""

    def take_steps(self, steps: Steps[None]) -> None:
        """Have steps taken, now or next."""


class Turn(Protocol):
    def release(self) -> None: ...


class _Held:
    """What leases and marks have in common.

    Attributes
    ----------
    lease
        The path of the lease.
    sign
        What is in it, whose time of change tells others that the owner lives.
    """

    __slots__ = ("_is_released", "_n_forks", "_releasing", "_turn", "lease", "sign")

    def __init__(self, lease: str, sign: str, turn: Turn, releasing: Releasing) -> None:
        self.lease, self.sign = lease, sign
        self._turn, self._releasing = turn, releasing
        self._n_forks = n_forks()
        self._is_released = False

    @property
    def is_of_parent(self) -> bool:
        """Whether it belongs to the process that this one was forked from."""
        return self._n_forks != n_forks()

    def _steps(self) -> Steps[None]:
        raise NotImplementedError

    def release(self) -> None:
        """Let go. Does nothing the second time, or in a forked child of the owner."""
        if not (self._is_released or self.is_of_parent):
            self._releasing.take_steps(self.in_steps())

    def in_steps(self) -> Steps[None]:
        """The same, as steps."""
        if self._is_released or self.is_of_parent:
            return
        self._is_released = True
        self._releasing.forget(self)
        try:
            yield from self._steps()
        finally:
            self._turn.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def __del__(self) -> None:
        # For a hold that nobody got to know: its taker was interrupted between getting it and entering its block.
        try:
            self.release()
        except AttributeError:  # interrupted so early that it has none
            pass


class LeaseHold(_Held):
    """A lease that is held by a directory in it.

    Attributes
    ----------
    token
        The name of that, and `place` its path.
    is_of_object
        Whether it was taken for one object. Who loses it takes another one; a node may have changed meanwhile.
    since
        When it was asked for.
    is_lost
        Whether it is known that it was broken.
    """

    __slots__ = ("_tokens", "is_lost", "is_of_object", "since", "token")

    def __init__(
        self,
        lease: str,
        token: str,
        since: float,
        turn: Turn,
        releasing: Releasing,
        tokens: Tokens,
        *,
        is_of_object: bool,
    ) -> None:
        super().__init__(lease, f"{lease}/{token}", turn, releasing)
        self.token, self.since, self.is_of_object = token, since, is_of_object
        self.is_lost = False
        self._tokens = tokens

    @property
    def place(self) -> str:
        return self.sign

    @property
    def source(self) -> LeaseHold:
        """What is published under this comes out of that."""
        return self

    def number(self) -> int:
        """One that was not asked for before."""
        return self._tokens.number()

    def _steps(self) -> Steps[None]:
        return release(self)


class MarkHold(_Held):
    """The lease of an object that is changed under that of its node: it has a mark in it, or is the node's own.

    Attributes
    ----------
    source
        The lease of the node.
    """

    __slots__ = ("_mark", "source")
    is_of_object = False

    def __init__(self, lease: str, mark: str | None, source: LeaseHold, turn: Turn, releasing: Releasing) -> None:
        super().__init__(lease, source.sign if mark is None else f"{lease}/{mark}", turn, releasing)
        self._mark, self.source = mark, source

    @property
    def is_own(self) -> bool:
        """Whether there is a mark, and not the lease of the node itself."""
        return self._mark is not None

    def _steps(self) -> Steps[None]:
        return _nothing() if self._mark is None else release_mark(self.lease, self._mark)


class NoTurn:
    """The turn where nobody has to wait."""

    def release(self) -> None:
        pass


def _nothing() -> Steps[None]:
    yield from ()
