"""The store on a file system of fsspec."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zarr._store.facade import Facade
from zarr._store.file_url import from_url as path_of_url
from zarr._store.file_url import is_url as is_file_url
from zarr._store.local import LocalStore
from zarr._store.no_file import beginning_of_file
from zarr._store.remote.calling import AwaitedCalls, calls_of, identity, is_for_the_web, unwrapped
from zarr._store.remote.describing import url_of, without_credentials
from zarr._store.remote.files import AwaitedFiles, Files, SyncFiles
from zarr._store.remote.web import WebFiles
from zarr._store.whereabouts import steps_to
from zarr._store.zipped.naming import means_archive
from zarr._support.imports_on_use import importing
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from zarr._store.versioned import AsyncStore, SyncStore

_MISSING: tuple[type[Exception], ...] = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


@suggests_keywords
class FsspecStore(Facade):
    """Keep values in a file system of fsspec: on S3, Google Cloud Storage, Azure, HTTP, SFTP and many more.

    Over local files it is as good as `LocalStore`, which then does the work. Over others writers of one process take turns; what
    several processes write at once to one chunk, one shard or one set of attributes may be lost.

    Parameters
    ----------
    fs
        The file system. One of coroutines may be made with `asynchronous=True`, or not.
    read_only
        If True, nothing may be written or deleted through this object.
    path
        Where in the file system the store is.
    allowed_exceptions
        Exceptions of the file system that mean that something is not there. Any other is an error, and no fill value.

    Examples
    --------
    >>> import fsspec, zarr
    >>> store = zarr.storage.FsspecStore(fsspec.filesystem("memory"), path="/example.zarr")
    >>> zarr.create_array(store, data=[1, 2, 3])[:]
    array([1, 2, 3])
    >>> store
    FsspecStore('memory:///example.zarr', fs=MemoryFileSystem)
    """

    fs: Any
    path: str
    allowed_exceptions: tuple[type[Exception], ...]
    _why_not_obstore = ""
    """Where both could do."""

    def __init__(
        self,
        fs: Any,
        read_only: bool = False,
        path: str = "/",
        allowed_exceptions: tuple[type[Exception], ...] = _MISSING,
    ) -> None:
        super().__init__(read_only=read_only)
        if not hasattr(fs, "async_impl") or not hasattr(fs, "cat_file"):
            raise ArgumentError(
                f"an FsspecStore needs a file system of fsspec, got {type(fs).__name__}. Make one with fsspec.filesystem, or the "
                "store of a URL with FsspecStore.from_url."
            )
        if "://" in path and not path.startswith(("http://", "https://")):
            path = fs._strip_protocol(path)
        self.fs, self.path, self.allowed_exceptions = fs, path, tuple(allowed_exceptions)
        self._behind = self._chosen()

    def _chosen(self) -> SyncStore | AsyncStore:
        fs, path = unwrapped(self.fs, self.path)
        if type(fs) is _local_class() and self.allowed_exceptions == _MISSING:
            return LocalStore(fs._strip_protocol(path), read_only=self.read_only)
        calls = calls_of(fs)
        if isinstance(calls, AwaitedCalls) and is_for_the_web(fs):
            return AwaitedFiles(WebFiles(calls, path, self.allowed_exceptions), read_only=self.read_only)
        files = Files(calls, path, self.allowed_exceptions)
        return (SyncFiles if calls.is_here else AwaitedFiles)(files, read_only=self.read_only)

    # -- other ways to make one ---------------------------------------------------------------------------------

    @classmethod
    def from_url(
        cls,
        url: str | os.PathLike[str],
        storage_options: dict[str, Any] | None = None,
        read_only: bool = False,
        allowed_exceptions: tuple[type[Exception], ...] = _MISSING,
    ) -> FsspecStore:
        """The store that a URL leads to, in any form that fsspec knows: `s3://bucket/path`, `simplecache::s3://…`, a local path.

        Parameters
        ----------
        url
            The URL, or a local path. If that leads to a zip archive, what is in it can be read.
        storage_options
            Arguments of the file system, as `{"anon": True}`.
        read_only
            If True, nothing may be written or deleted through this object.
        allowed_exceptions
            Exceptions that mean that something is not there.

        Raises
        ------
        ImportError
            If fsspec, or the package that it needs for such URLs, is not installed.
        ValueError
            If fsspec knows no such URLs.
        """
        given, url = storage_options or {}, os.fspath(url)
        archive = _archive_at(url)
        if archive:
            url, given = f"zip::file://{os.path.abspath(archive)}", {"file": given}
        fs, path = fsspec_module("FsspecStore.from_url").core.url_to_fs(url, **given)
        return cls(fs=fs, read_only=read_only, path=path, allowed_exceptions=allowed_exceptions)

    @classmethod
    def from_upath(
        cls, upath: Any, read_only: bool = False, allowed_exceptions: tuple[type[Exception], ...] = _MISSING
    ) -> FsspecStore:
        """The store at a path of universal_pathlib.

        Parameters
        ----------
        upath
            The path.
        read_only
            If True, nothing may be written or deleted through this object.
        allowed_exceptions
            Exceptions that mean that something is not there.
        """
        return cls(fs=upath.fs, path=upath.path.rstrip("/"), read_only=read_only, allowed_exceptions=allowed_exceptions)

    @classmethod
    def from_mapper(
        cls, fs_map: Any, read_only: bool = False, allowed_exceptions: tuple[type[Exception], ...] = _MISSING
    ) -> FsspecStore:
        """The store at the root of a mapper, as `fsspec.get_mapper` makes it.

        Parameters
        ----------
        fs_map
            The mapper.
        read_only
            If True, nothing may be written or deleted through this object.
        allowed_exceptions
            Exceptions that mean that something is not there.
        """
        return cls(fs=fs_map.fs, path=fs_map.root, read_only=read_only, allowed_exceptions=allowed_exceptions)

    def with_read_only(self, read_only: bool = False) -> FsspecStore:
        twin = type(self)(fs=self.fs, read_only=read_only, path=self.path, allowed_exceptions=self.allowed_exceptions)
        twin._why_not_obstore = self._why_not_obstore
        return twin

    # -- as an object -------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        if isinstance(self._behind, LocalStore):
            return str(self._behind)
        fs, path = unwrapped(self.fs, self.path)
        return url_of(fs, fs._strip_protocol(path).rstrip("/"))

    def __repr__(self) -> str:
        why = f", {self._why_not_obstore}" if self._why_not_obstore else ""
        return f"{type(self).__name__}({str(self)!r}, fs={type(self.fs).__name__}{why})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self.read_only == other.read_only
            and self.allowed_exceptions == other.allowed_exceptions
            and self._place() == other._place()
        )

    __hash__ = None  # type: ignore[assignment]  # as zarr-python's

    def _place(self) -> tuple[Any, str]:
        """The file system and the path in it, however they were given."""
        fs, path = unwrapped(self.fs, self.path)
        return identity(fs), fs._strip_protocol(path).strip("/")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_behind"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._behind = self._chosen()

    def _known_as(self) -> str:
        if isinstance(self._behind, LocalStore):
            return self._behind._known_as()
        fs, _ = unwrapped(self.fs, self.path)
        options = getattr(fs, "storage_options", None) or {}
        given = {**options, **(options.get("client_kwargs") or {})}
        server = [given.get(name) for name in ("endpoint_url", "account_name", "host", "port")]
        return without_credentials(f"{self} {server}")

    def _whereabouts(self, path: str) -> Sequence[object]:
        if isinstance(self._behind, LocalStore):
            return self._behind._whereabouts(path)
        fs, root = self._place()
        return steps_to(fs, f"{root}/{path}".strip("/"))


def _local_class() -> Any:
    with importing("fsspec.implementations.local"):
        from fsspec.implementations.local import LocalFileSystem

    return LocalFileSystem


def fsspec_module(what: str) -> Any:
    """The module fsspec; ImportError with the command that installs it."""
    try:
        with importing("fsspec"):
            import fsspec.core
    except ModuleNotFoundError as exc:
        raise ImportError(f"{what} needs fsspec, which is not installed: pip install fsspec") from exc
    return fsspec


def _archive_at(url: str) -> str:
    """The path of the local zip archive that a path or URL leads to, which fsspec would take for a directory; else nothing."""
    path = path_of_url(url) if is_file_url(url) else url.removeprefix("zip://")
    if "::" in path or "://" in path:
        return ""
    beginning = beginning_of_file(path) if os.path.isfile(path) else None
    return path if means_archive(path, "r", beginning) else ""
