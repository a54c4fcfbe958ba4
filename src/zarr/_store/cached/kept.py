"""What a process knows of what it keeps: how much there is, what was used last, and how often something was found."""

from __future__ import annotations

from collections import OrderedDict
from threading import RLock
from typing import TYPE_CHECKING

from zarr._support.forks import held_around_forks

if TYPE_CHECKING:
    from zarr._store.versioned import Version

bookkeeping = held_around_forks(RLock())


class Kept:
    """What is known of the entries: shared by all forms of one store."""

    def __init__(self) -> None:
        self.sizes: OrderedDict[str, int] = OrderedDict()
        """By the keys of entries, those last that were used last."""
        self.nbytes = 0
        self.versions: dict[str, Version] = {}
        """Versions that mean nothing outside this process, by the tokens that stand for them in entries."""
        self.tokens: dict[str, str] = {}
        """By the keys of entries."""
        self.hits = self.misses = self.evictions = 0
        self.n_changes = 0
        """What was fetched before the last change is not kept."""
        self.added_nbytes: int | None = None
        """Since it was last looked what there is; None if it never was."""

    def note(self, entry: str, nbytes: int, token: str | None = None, version: Version | None = None) -> None:
        with bookkeeping:
            self.forget(entry)
            self.sizes[entry] = nbytes
            self.nbytes += nbytes
            if token is not None:
                self.tokens[entry] = token
                self.versions[token] = version

    def forget(self, entry: str) -> None:
        with bookkeeping:
            self.nbytes -= self.sizes.pop(entry, 0)
            self.versions.pop(self.tokens.pop(entry, ""), None)

    def count_miss(self) -> None:
        with bookkeeping:
            self.misses += 1

    def count_hit(self, entry: str) -> None:
        with bookkeeping:
            self.hits += 1
            if entry in self.sizes:
                self.sizes.move_to_end(entry)

    def change(self, since: int) -> int | None:
        """Note a change; the number of changes now, or None if there were others since that number."""
        with bookkeeping:
            self.n_changes += 1
            return self.n_changes if self.n_changes == since + 1 else None
