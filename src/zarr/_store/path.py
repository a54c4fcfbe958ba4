"""A place in a store: the store, and the path of a node in it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype
from zarr._buffer.byte_range import ByteRequest
from zarr._store.abstract import AccessMode, Store, SupportsDeleteSync, SupportsGetSync, SupportsSetSync
from zarr._store.dask_tokens import token_of
from zarr.errors import ArgumentError, StoreAbilityError

if TYPE_CHECKING:
    from typing import Self


def normalize_path(path: str | bytes | os.PathLike[str] | None) -> str:
    r"""A node path as it is used in keys: no slash at either end, single slashes inside.

    Raises
    ------
    ValueError
        If a segment is `.` or `..`, or there is a NUL character or one that is none.

    Examples
    --------
    >>> normalize_path("//a\\b/")
    'a/b'
    """
    if path is None:
        return ""
    if type(path) is str:
        text = path
    else:
        text = path.decode("ascii") if isinstance(path, bytes) else os.fspath(path)
    if "\\" in text:
        text = text.replace("\\", "/")
    if "//" in text or text[:1] == "/" or text[-1:] == "/":
        text = "/".join(segment for segment in text.split("/") if segment)
    if "." in text and any(segment in (".", "..") for segment in text.split("/")):
        raise ValueError(f"The path {path!r} is invalid because it has a segment '.' or '..'; paths start at the root")
    if "\0" in text:
        raise ValueError(f"The path {path!r} is invalid because it has a NUL character, which no store's keys can have")
    if not text.isascii():
        _refuse_no_text(text)
    return text


def _refuse_no_text(path: str) -> None:
    """Raise ValueError for a path with surrogates in it, but for those that stand for bytes in names of files."""
    try:
        path.encode(errors="surrogateescape")
    except UnicodeEncodeError as exc:
        raise ValueError(
            f"The path {path!r} is invalid because {path[exc.start]!r} in it is half of a surrogate pair, which alone is no character"
        ) from None


def node_path(given: str | os.PathLike[str] | None, argument: str = "path") -> str:
    """The normalised path of a node that a user names, in an argument which the error names.

    Raises
    ------
    ArgumentError
        If it is no text: bytes, say, are nobody's name, though normalize_path reads them.
    ValueError
        As normalize_path.

    Examples
    --------
    >>> node_path("/a/b")
    'a/b'
    """
    if given is not None and not isinstance(given, str | os.PathLike):
        raise ArgumentError(f"a node is named by a string, and {argument} is {given!r} of type {type(given).__name__}")
    return normalize_path(given)


class StorePath:
    """A store and a path in it.

    Parameters
    ----------
    store
        The store.
    path
        Relative to the root of the store; normalised. Segments `.` and `..` are a ValueError.

    Raises
    ------
    TypeError
        If the store is none: a path, say, or a dict.

    Examples
    --------
    >>> import zarr
    >>> place = zarr.storage.StorePath(zarr.storage.MemoryStore(), "a") / "b"
    >>> place.path
    'a/b'
    """

    __slots__ = ("path", "store")

    def __init__(self, store: Store, path: str = "") -> None:
        if Store not in type(store).__mro__ and not isinstance(store, Store):  # the latter takes several times as long
            raise TypeError(
                f"a StorePath is a place in a store, got {store!r} of type {type(store).__name__}; zarr.open and the like take "
                "paths and dicts as they are, and zarr.storage.LocalStore makes a store of a path"
            )
        self.store = store
        self.path = normalize_path(path)

    @classmethod
    async def open(cls, store: Store, path: str, mode: AccessMode | None = None) -> Self:
        """Open the store with an access mode, and go to a path in it.

        Parameters
        ----------
        store
            The store.
        path
            Relative to its root.
        mode
            `"r"`, `"r+"`, `"a"`, `"w"` or `"w-"`, as in `zarr.open_group`; None takes the store as it is.

        Raises
        ------
        FileExistsError
            With mode `"w-"` if something is stored under the path.
        ValueError
            If the mode writes and the store does not.
        """
        place = cls(with_mode(store, mode), path)
        await place.store._ensure_open()
        if mode == "w":
            await place.delete_dir()
        elif mode == "w-" and not await place.is_empty():
            raise FileExistsError(f"'w-' makes new stores only, and {place} already contains keys")
        return place

    @property
    def read_only(self) -> bool:
        """Whether the store may not be written to."""
        return self.store.read_only

    def __truediv__(self, other: str) -> StorePath:
        return StorePath(self.store, f"{self.path}/{other}")

    def __str__(self) -> str:
        return self.store._describe(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self.store).__name__}, {str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StorePath) and self.path == other.path and self.store == other.store

    __hash__ = None  # type: ignore[assignment]  # stores have none

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.store, self.path)

    def __dask_tokenize__(self) -> object:
        return "zarr.StorePath", token_of(self.store), self.path

    async def get(
        self, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """The value under this path as a key."""
        return await self.store.get(self.path, prototype or CPU_PROTOTYPE, byte_range)

    async def get_json(self, *, byte_range: ByteRequest | None = None) -> Any:
        """The value under this path, parsed as JSON; None if there is none."""
        value = await self.get(byte_range=byte_range)
        return None if value is None else json.loads(value.to_bytes())

    async def set(self, value: Buffer) -> None:
        """Replace the value under this path as a key."""
        await self.store.set(self.path, value)

    async def set_if_not_exists(self, default: Buffer) -> None:
        """Store a value unless there is one."""
        await self.store.set_if_not_exists(self.path, default)

    async def delete(self) -> None:
        """Delete the value under this path as a key."""
        await self.store.delete(self.path)

    async def delete_dir(self) -> None:
        """Delete everything under this path."""
        await self.store.delete_dir(self.path)

    async def exists(self) -> bool:
        """Whether there is a value under this path as a key."""
        return await self.store.exists(self.path)

    async def is_empty(self) -> bool:
        """Whether nothing is stored under this path."""
        return await self.store.is_empty(self.path)

    def get_sync(
        self, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """`get` without an event loop, where the store can."""
        if not isinstance(self.store, SupportsGetSync):
            raise TypeError(f"Store {type(self.store).__name__} does not support synchronous get.")
        return self.store.get_sync(self.path, prototype=prototype, byte_range=byte_range)

    def set_sync(self, value: Buffer) -> None:
        """`set` without an event loop, where the store can."""
        if not isinstance(self.store, SupportsSetSync):
            raise TypeError(f"Store {type(self.store).__name__} does not support synchronous set.")
        self.store.set_sync(self.path, value)

    def delete_sync(self) -> None:
        """`delete` without an event loop, where the store can."""
        if not isinstance(self.store, SupportsDeleteSync):
            raise TypeError(f"Store {type(self.store).__name__} does not support synchronous delete.")
        self.store.delete_sync(self.path)


def with_mode(store: Store, mode: AccessMode | None) -> Store:
    """The store as an access mode wants it: read-only for `"r"`; for the others it must be writable."""
    if mode == "r":
        return store if store.read_only else _read_only(store)
    if mode is not None and store.read_only:
        way = getattr(store, "_why_read_only", "") or "Create a writable store or use 'r' mode."
        raise ValueError(f"Store is read-only but mode is {mode!r}. {way}")
    return store


def _read_only(store: Store) -> Store:
    try:
        return store.with_read_only(True)
    except NotImplementedError as exc:
        raise StoreAbilityError(
            f"Store is not read-only but mode is 'r', and {store!r} has no read-only form: {type(store).__name__} does not "
            "implement with_read_only. Open it with mode='r+', or make the store itself read-only (read_only=True)."
        ) from exc
