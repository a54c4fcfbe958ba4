"""What a store can do, as data: positive flags, so that whoever needs something asks for just that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What may be relied on. A store that says nothing has none of it.

    Attributes
    ----------
    sync
        Every operation returns without an event loop: it is a `SyncStore`.
    pins_versions
        A read with `version=` sees the very bytes of that version, or raises ConcurrentChangeError.
    refuses_old_versions
        Of the two always the latter as soon as the object was replaced or deleted: who reads a part knows that its version is the
        one that is stored.
    puts_conditionally
        `put` with `expected=` looks and acts in one step, whoever else writes.
    holds_between_threads, holds_between_processes
        `hold` excludes other writers of this process; and of other processes on this machine.
    holds_objects
        Holds are leases: who changes a part of an object takes `hold_object` before reading it, and no comparison of versions is
        relied on.
    lists
        Keys can be listed.
    tells_sizes
        Reading a part of an object tells the size of all of it.
    removes_in_one_step
        Removing a prefix takes all that lies below it out of sight at one moment; but not the root.
    removes_conditionally
        `remove` with `expected=` looks and acts in one step too. Where it cannot, flows store what reads the same as nothing.
    takes_pieces
        `put_pieces` writes a value as its pieces come, and never has all of it in memory.
    takes_any_key
        Keys are names and no more: a value may be put under any at any time. A store of somebody else's may know of arrays, and refuse
        chunks that the shape has no room for, as Icechunk does.
    unpacks
        What is read may be many times what is stored, and reading the beginning of a value takes no more than that much memory.
    is_remote
        Every operation is a request to another computer and waits for it: many go out together, and none that need not be.

    Examples
    --------
    >>> import zarr
    >>> zarr.storage.MemoryStore().capabilities.puts_conditionally
    True
    """

    sync: bool = False
    pins_versions: bool = False
    refuses_old_versions: bool = False
    puts_conditionally: bool = False
    holds_between_threads: bool = False
    holds_between_processes: bool = False
    holds_objects: bool = False
    lists: bool = False
    tells_sizes: bool = False
    removes_in_one_step: bool = False
    removes_conditionally: bool = False
    takes_pieces: bool = False
    takes_any_key: bool = False
    unpacks: bool = False
    is_remote: bool = False
