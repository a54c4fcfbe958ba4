"""What leases are called in a directory. Every name begins with `__zarr-`, so it is no key.

    __zarr-lease-X         the lease of the object X, a directory. It has one name in it while it is held: a token, or a mark
    __zarr-lease-          that of the documents of a node, and so of the node
    __zarr-new-TOKEN       one that is prepared
    __zarr-broken-TOKEN    what a lease had in it that was broken: it tells its owner so

A token tells who made it, and is never used again. `w-…` is a file that becomes an object, `d-…` a directory with what its owner
puts and removes in it. A mark `n2.7-TOKEN` says: this object is changed under the lease of the node two directories above, which
has that token in it.
"""

from __future__ import annotations

import itertools
import os
import re
from functools import lru_cache

from zarr._store.atomic import BROKEN, LEASE, NEW, is_of_the_dead, owner_name, temporary_name
from zarr._support.imports_on_use import importing

_DOCUMENTS = frozenset(("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"))
"""They belong to one node, and have one lease."""
_MOST_NBYTES = 200
_OWNER = re.compile(r"(?:^|-)[wd]-(?P<owner>[0-9A-Za-z_.]*-[0-9]+-[0-9]+)-[0-9a-f]+\.[0-9]+p?(?:-|$)")
_MARK = re.compile(r"n(?P<up>[0-9]+)\.[0-9]+-(?P<token>d-.+)")
_numbers = itertools.count()


def lease_of(path: str) -> str:
    """The path of the lease of an object."""
    directory, _, name = path.rpartition("/")
    if name in _DOCUMENTS:
        return lease_of_node(directory)
    encoded = os.fsencode(name)
    if len(encoded) > _MOST_NBYTES:  # names have 255 at most
        with importing("hashlib"):
            import hashlib
        name = hashlib.sha256(encoded).hexdigest()
    return f"{directory}/{LEASE}{name}"


def lease_of_node(directory: str) -> str:
    """The path of the lease of the node whose documents are in a directory."""
    return f"{directory}/{LEASE}"


def parent(path: str) -> str:
    return path.rpartition("/")[0]


def prepared(lease: str, entry: str) -> str:
    """Where a lease is prepared that is to have something in it."""
    return f"{parent(lease)}/{NEW}{entry}"


def broken(lease: str, token: str, entry: str = "") -> str:
    """Where what a lease has in it goes when it is broken: a token that is a file, or an entry of one that is a directory."""
    return f"{parent(lease)}/{BROKEN}{token}{entry and f'-{entry}'}"


def mark(lease: str, node: str, token: str, number: int) -> str:
    """A mark for the lease of an object, by the lease of the node that it is changed under."""
    up = lease.count("/") - node.count("/")
    return f"n{up}.{number}-{token}"


def is_below(lease: str, node: str) -> bool:
    """Whether an object may be marked with the lease of a node."""
    return parent(lease) == parent(node) or lease.startswith(f"{parent(node)}/")


def of_mark(lease: str, entry: str) -> tuple[str, str] | None:
    """The lease and the token that a mark in a lease tells of; None if it is no mark."""
    match = _MARK.fullmatch(entry)
    if match is None:
        return None
    directory = parent(lease)
    for _ in range(int(match["up"])):
        directory = parent(directory)
    return lease_of_node(directory), match["token"]


def object_of(lease: str) -> str:
    """What a lease is of, for errors: an object, or the directory of a node."""
    directory, _, name = lease.rpartition("/")
    inner = name.removeprefix(LEASE)
    return f"{directory}/{inner}" if inner else directory


class Tokens:
    """Makes tokens of this process, and tells those of processes that are gone."""

    def new(self, kind: str) -> str:
        """One that nobody else makes: `"w"` or `"d"`."""
        pid = os.getpid()
        return f"{kind}-{owner_name(pid)}-{_nonce(pid)}.{self.number()}"

    def number(self) -> int:
        """One that this process uses once."""
        return next(_numbers)

    def temporary(self, directory: str) -> str:
        """A path in a directory for a file that is not finished."""
        return temporary_name(directory)

    def is_dead(self, name: str) -> bool:
        """Whether a name has a token in it whose owner was a process of this machine that no longer runs."""
        match = _OWNER.search(name)
        return match is not None and is_of_the_dead(match["owner"])


@lru_cache(maxsize=1)
def _nonce(pid: int) -> str:  # noqa: ARG001  # what is kept is kept for it
    """Tells a process from others of the same number, where it cannot be told when it began. A child of a fork has another."""
    return os.urandom(6).hex()
