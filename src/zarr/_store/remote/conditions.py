"""How a server takes conditions for puts: found out once for each place, on a key of its own, and never taken on trust.

A put with the version that is stored has to succeed, one with another version has to fail, and so has a creation of what is
there. Some servers compare ETags without their quotes, some look at no condition at all, and some file systems have none.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from secrets import token_hex
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from zarr._store.remote.client import Client, RefusedError
from zarr._store.remote.failures import Kind
from zarr._store.remote.version import ObjectVersion
from zarr._store.turns import Turns
from zarr._support.forks import renew_in_children
from zarr._support.warn import warn
from zarr.errors import ZarrUserWarning

if TYPE_CHECKING:
    from collections.abc import Callable

SCRATCH = "__zarr-probe-"
_N_GUARDS = 64
_FOR_DENIED = (
    "Check the credentials, and what they permit: a store has to be made at a path below which everything may be written, as "
    "changes of parts are proven there first with an object of their own."
)


class Place:
    """What all stores of this process over one place share.

    Attributes
    ----------
    turns
        The rights to change what lies under a prefix.
    """

    def __init__(self) -> None:
        self.turns = Turns()
        self.renew_guards()
        self._way: Callable[[ObjectVersion], Any] | None = None
        self._is_known = False
        _all.add(self)

    def mode(self, client: Client, version: ObjectVersion | None) -> Any:
        """The condition of a put that there is a version, or nothing, as obstore has it; None if the server does not keep any."""
        if not self._is_known:
            with self.guard:
                if not self._is_known:
                    self._way = _find_out(client)
                    self._is_known = True
        if self._way is None or version is None:
            return None if self._way is None else "create"
        return self._way(version)

    def renew_guards(self) -> None:
        """Forget who has which guard: nobody in this process has."""
        self.guard = RLock()
        self._guards = [RLock() for _ in range(_N_GUARDS)]

    def changing(self, key: str) -> AbstractContextManager[Any]:
        """What an object is changed in: where the server does not compare and store in one step, one thread after the other."""
        if not self._is_known or self._way is not None:
            return nullcontext()
        return self._guards[hash(key) % _N_GUARDS]


def place_of(client: Client) -> Place:
    """That of a client."""
    if client.kind == "memory":
        return Place()
    config = getattr(client.given, "config", None) or {}
    where = (client.kind, client.url, *(config.get(name) for name in ("endpoint", "region", "account_name")))
    return _places.get(where) or _places.setdefault(where, Place())


_places: dict[tuple[Any, ...], Place] = {}
_all: WeakSet[Place] = WeakSet()


@renew_in_children
def _renew_guards() -> None:
    for place in list(_all):
        place.renew_guards()


def _quoted(version: ObjectVersion) -> dict[str, str]:
    return {name: said for name, said in (("e_tag", version.e_tag), ("version", version.number)) if said}


def _bare(version: ObjectVersion) -> dict[str, str]:
    return {name: said.strip('"') for name, said in _quoted(version).items()}


def _find_out(client: Client) -> Callable[[ObjectVersion], Any] | None:
    """Try the conditions of a server; None, with a warning, if it does not keep them.

    What says nothing of conditions, as that this user may not write here, is an error, and they are tried again next time.
    """
    key = f"{SCRATCH}{token_hex(8)}"
    try:
        told = client.put(key, b"first")
    except RefusedError as refused:
        raise _undecided(client, refused, key) from None
    try:
        way, reason = _try(client, key, ObjectVersion(told["e_tag"], told["version"], None, 0))
    except RefusedError as refused:
        if refused.failure.kind not in (Kind.FINAL, Kind.UNABLE):
            raise _undecided(client, refused, key) from None
        way, reason = None, refused.failure.said
    finally:
        with suppress(RefusedError):  # who may not delete leaves a few bytes under a name that no listing shows
            client.delete(key)
    if way is None:
        warn(
            f"the server of {client.url} does not replace an object on condition that it is still the one that was read: "
            f"{reason}. Changes to parts of chunks, to attributes and to shapes are safe between the threads of this process "
            "only: let nobody else write there meanwhile.",
            ZarrUserWarning,
        )
    return way


def _undecided(client: Client, refused: RefusedError, key: str) -> OSError:
    advice = _FOR_DENIED if refused.failure.kind is Kind.DENIED else ""
    return client.error(refused, "find out whether conditions are kept, which is tried at", key, advice)


def _try(client: Client, key: str, first: ObjectVersion) -> tuple[Callable[[ObjectVersion], Any] | None, str]:
    """How a version is named that the server heeds; None and the reason if there is no way."""
    if not _quoted(first):
        return None, "it tells no versions"
    if client.put_if(key, b"second", "create"):
        return None, "a creation replaced what was there"
    for way in (_quoted, _bare):
        if client.put_if(key, b"third", way(first.other())):
            return None, "a wrong version was accepted"
        if client.put_if(key, b"fourth", way(first)):
            return way, ""
    return None, "the right version was refused"
