"""Reading and changing through a cache: what is decided, once for stores that answer at once and those to be awaited."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from zarr._buffer import Buffer
from zarr._buffer.byte_range import ByteRequest, RangeByteRequest, resolve_range
from zarr._store.cached.entries import Entry, entry_key, escaped, packed, parse_entry, tag_of
from zarr._store.cached.kept import Kept, bookkeeping
from zarr._store.versioned import ANY, Expected, Hold, Stored, Version
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import warn
from zarr.errors import ConcurrentChangeError, ZarrRuntimeWarning

if TYPE_CHECKING:
    from zarr._store.cached.driving import AnyContract, Calls

_LOOK_AFTER_SHARE = 8
"""Such a part of the limit may be added before it is looked again what other processes have added."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed on when the cache was made.

    Attributes
    ----------
    cache_store, max_age_seconds, max_size, cache_set_data, validate
        As for the store.
    source
        What tells the store from others whose objects might be kept in the same place.
    """

    cache_store: object
    max_age_seconds: int | float | Literal["infinity"]
    max_size: int | None
    cache_set_data: bool
    validate: bool
    source: str


@dataclass(frozen=True, slots=True)
class _Believed:
    """The version of an entry of which the store was not asked. It stands for the real one until that is needed."""

    tag: object


class Cached:
    """Reading and changing with a cache, as calls to the two stores."""

    def __init__(self, inside: AnyContract, cache: AnyContract, terms: Terms, kept: Kept) -> None:
        self.inside, self.cache, self.terms, self.kept = inside, cache, terms, kept
        self.has_versions = inside.capabilities.pins_versions
        self.compares = terms.validate and self.has_versions

    # -- reading ------------------------------------------------------------------------------------------------

    def read(self, key: str, byte_range: ByteRequest | None, version: Version | None) -> Calls[Stored | None]:
        n_changes = self.kept.n_changes
        entry = yield from self._find(key, byte_range)
        if entry is not None:
            found = yield from self._if_current(key, entry, byte_range, version)
            if found is not None:
                self.kept.count_hit(entry.key)
                return found
        self.kept.count_miss()
        if isinstance(version, _Believed):
            version = yield from self._real(key, version)
            if version is None:
                yield from self.forget(key)
                raise ConcurrentChangeError(f"object {key!r} was replaced or deleted since it was kept")
        fetched: Stored | None = yield self.inside, partial(self.inside.read, key, byte_range, version=version)
        if fetched is not None:
            name = entry_key(key, byte_range)
            yield from self._keep(name, fetched.data, fetched.version, fetched.nbytes, n_changes)
        elif entry is not None:
            yield from self.forget(key)
        return fetched

    def _if_current(
        self, key: str, entry: Entry, byte_range: ByteRequest | None, version: Version | None
    ) -> Calls[Stored | None]:
        """What an entry has, if that is what the store has now, or the version that is asked for."""
        if version is not None:
            return Stored(entry.data, version, entry.nbytes) if entry.is_of(version) else None
        if not self.has_versions:
            return Stored(entry.data, None, entry.nbytes)
        if not self.compares:
            believed = _Believed(entry.tag) if entry.version is None else entry.version
            return Stored(entry.data, believed, entry.nbytes)
        now: Stored | None = yield self.inside, partial(self.inside.read, key, RangeByteRequest(0, 1))
        if now is None:
            return None
        if not entry.is_of(now.version):
            now.release()
            return None
        return Stored(entry.data, now.version, now.nbytes)

    def _real(self, key: str, version: _Believed) -> Calls[Version | None]:
        """The version that was believed in, if the store has it still."""
        now: Stored | None = yield self.inside, partial(self.inside.read, key, RangeByteRequest(0, 1))
        if now is None or tag_of(now.version) == version.tag:
            return None if now is None else now.version
        now.release()
        return None

    def _find(self, key: str, byte_range: ByteRequest | None) -> Calls[Entry | None]:
        """The entry of what is asked for, be it a part of one for the whole object."""
        name = entry_key(key, byte_range)
        found = yield from self._load(name)
        if found is not None or byte_range is None:
            return found
        whole = yield from self._load(entry_key(key, None))
        if whole is not None:
            start, stop = resolve_range(byte_range, len(whole.data))
            whole.data = whole.data[start:stop]
        return whole

    def _load(self, name: str) -> Calls[Entry | None]:
        if self.terms.max_size is not None and self.kept.added_nbytes is None:
            yield from self._make_room(self.terms.max_size, 0)
        try:
            stored: Stored | None = yield self.cache, partial(self.cache.read, name)
        except OSError as exc:
            if came_from_a_signal(exc):
                raise
            self._complain("read", exc)
            return None
        if stored is None:
            self.kept.forget(name)
            return None
        entry = parse_entry(name, stored.without_version(), self.terms.source)
        if entry is None or self._is_too_old(entry):
            return None
        if isinstance(entry.tag, dict):
            entry.version = self.kept.versions.get(str(entry.tag.get("token")))
            entry.tag = None
        is_of_some_version = entry.tag is not None or entry.version is not None
        return entry if is_of_some_version or not self.has_versions else None

    def _is_too_old(self, entry: Entry) -> bool:
        limit = self.terms.max_age_seconds
        return not isinstance(limit, str) and time.time() - entry.stored_at > limit

    # -- keeping ------------------------------------------------------------------------------------------------

    def _keep(self, name: str, data: Buffer, version: Version | None, nbytes: int, n_changes: int) -> Calls[None]:
        """Make an entry of what was fetched or written when there had been so many changes, if there were none since."""
        tag = tag_of(version)
        token = os.urandom(16).hex() if isinstance(version, Buffer) else None
        if n_changes != self.kept.n_changes or (self.has_versions and tag is None and token is None):
            return
        value = packed(data, tag if token is None else {"token": token}, nbytes, self.terms.source)
        if self.terms.max_size is not None and len(value) > self.terms.max_size:
            return
        try:
            yield self.cache, partial(self.cache.put, name, value)
        except OSError as exc:
            if came_from_a_signal(exc):
                raise
            self._complain("written", exc)
            return
        self.kept.note(name, len(value), token, version)
        if n_changes != self.kept.n_changes and not self.compares:
            yield self.cache, partial(self.cache.remove, name)
            self.kept.forget(name)
            return
        if self.terms.max_size is not None:
            yield from self._make_room(self.terms.max_size, len(value))

    def _make_room(self, limit: int, added: int) -> Calls[None]:
        with bookkeeping:
            looks = self.kept.added_nbytes is None
            self.kept.added_nbytes = (self.kept.added_nbytes or 0) + added
        if looks or self.kept.added_nbytes > limit // _LOOK_AFTER_SHARE:
            yield from self._look_what_there_is()
        while True:
            with bookkeeping:
                if self.kept.nbytes <= limit or not self.kept.sizes:
                    return
                oldest = next(iter(self.kept.sizes))
                self.kept.forget(oldest)
                self.kept.evictions += 1
            yield self.cache, partial(self.cache.remove, oldest)

    def _look_what_there_is(self) -> Calls[None]:
        """Learn of entries that others have made or removed, or that are left from before."""
        self.kept.added_nbytes = 0
        listed = yield self.cache, partial(self.cache.list_keys, "")
        names = list(listed)
        known = set(names)
        for name in names:
            if name not in self.kept.sizes:
                nbytes = yield self.cache, partial(self.cache.size, name)
                if nbytes is not None:
                    self.kept.note(name, nbytes)
                    with bookkeeping:
                        if name in self.kept.sizes:
                            self.kept.sizes.move_to_end(name, last=False)  # nobody here has used it
        for name in set(self.kept.sizes) - known:
            self.kept.forget(name)

    def _complain(self, done: str, exc: OSError) -> None:
        warn(f"the cache {self.terms.cache_store!r} cannot be {done}, and is passed by: {exc}", ZarrRuntimeWarning)

    # -- changing -----------------------------------------------------------------------------------------------

    def put(self, key: str, value: Buffer, expected: Expected, hold: Hold | None) -> Calls[bool]:
        before = self.kept.n_changes
        if isinstance(expected, _Believed) and (expected := (yield from self._real(key, expected))) is None:
            yield from self.forget(key)
            return False
        try:
            done: bool = yield self.inside, partial(self.inside.put, key, value, expected=expected, **_under(hold))
        finally:  # what raised an error may have been done all the same
            now = yield from self._changed(key, before)
        if now is not None and self.terms.cache_set_data and not self.has_versions and expected is ANY:
            yield from self._keep(entry_key(key, None), value, None, len(value), now)
        return done

    def remove(self, key: str, expected: Expected, hold: Hold | None) -> Calls[bool]:
        before = self.kept.n_changes
        if isinstance(expected, _Believed) and (expected := (yield from self._real(key, expected))) is None:
            yield from self.forget(key)
            return False
        try:
            done: bool = yield self.inside, partial(self.inside.remove, key, expected=expected, **_under(hold))
        finally:
            yield from self._changed(key, before)
        return done

    def remove_prefix(self, prefix: str) -> Calls[None]:
        before = self.kept.n_changes
        try:
            yield self.inside, partial(self.inside.remove_prefix, prefix)
        finally:
            self.kept.change(before)
            yield from self.forget(prefix)

    def _changed(self, key: str, before: int) -> Calls[int | None]:
        """Remove what is kept of an object, if it would be believed; the number of changes now, if nobody else made one."""
        now = self.kept.change(before)
        if not self.compares:
            yield from self.forget(key)
        return now

    def forget(self, prefix: str) -> Calls[None]:
        """Remove all that is kept of a key, and of what lies below it."""
        below = escaped(prefix)
        with bookkeeping:
            for name in [name for name in self.kept.sizes if not below or name.startswith(f"{below}/")]:
                self.kept.forget(name)
        yield self.cache, partial(self.cache.remove_prefix, below)


def _under(hold: Hold | None) -> dict[str, Hold]:
    return {} if hold is None else {"hold": hold}
