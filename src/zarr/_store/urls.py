"""Which store a URL means, and which library gets there.

    file://path               a local directory or zip archive, as the path
    memory://name/path        values in this process, found by their name
    zip:///path/to/a.zip      a local zip archive; so is `zip::/path/to/a.zip`
    s3 gs az abfs …://        obstore, else the package that fsspec has for it
    http:// https://          fsspec, which can list what a server shows, else obstore
    zip::s3://…/a.zip         a zip archive that lies elsewhere, read through the store that its URL means; only read
    any other, and chains     fsspec: `sftp://…`, `simplecache::s3://…`

Which of the two libraries it is, `remote.backends` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarr._store.file_url import from_url as path_of_url
from zarr._store.file_url import is_url as is_file_url
from zarr._store.managed_memory import ManagedMemoryStore
from zarr._store.remote.backends import remote_store
from zarr._store.zipped.store import ZipStore

if TYPE_CHECKING:
    from zarr._store.abstract import Store

Options = dict[str, Any]

_AROUND_OTHERS = ("blockcache", "cached", "dir", "filecache", "libarchive", "reference", "simplecache", "tar", "zip")
"""What a chain may begin with that is no URL by itself."""


def is_url(text: str) -> bool:
    """Whether a text may be a URL, or a chain of them, rather than a path.

    Examples
    --------
    >>> is_url("s3://bucket/a"), is_url("zip::/data/a.zip"), is_url("data/a.zarr")
    (True, True, False)
    """
    return "://" in text or ("::" in text and text.partition("::")[0] in _AROUND_OTHERS)


def store_of_url(url: str, *, mode: str | None, storage_options: Options | None) -> Store | str:
    """The store of a URL, or the local path that it is.

    Parameters
    ----------
    url
        The URL.
    mode
        `"r"` makes the store read-only.
    storage_options
        Arguments of the library that gets there.

    Raises
    ------
    ImportError
        If the package for it is not installed; it says which command installs it.
    ValueError
        If nobody knows such URLs.
    TypeError
        If there are options, and nothing that they are for.
    """
    read_only = mode == "r"
    if is_file_url(url):
        _refuse_options(storage_options, url)
        return path_of_url(url)
    scheme = url.partition("://")[0].lower()
    if scheme == "memory":
        _refuse_options(storage_options, url)
        return _managed_memory(url, read_only=read_only)
    if not storage_options and (archive := _local_archive(url)):
        return ZipStore(Path(archive), mode="r" if read_only else "a")
    if (options := _options_of_archive(url, storage_options or {})) is not None:
        return ZipStore.from_url(url, storage_options=options)
    return remote_store(url, storage_options, read_only=read_only)


def _refuse_options(options: Options | None, url: str) -> None:
    if options:
        raise TypeError(f"'storage_options' was provided but is not used: {url!r} is not a URL of a remote store")


def _managed_memory(url: str, *, read_only: bool) -> Store:
    if read_only:
        return ManagedMemoryStore.from_url(url, read_only=True)
    name, _, path = url.partition("://")[2].partition("/")
    return ManagedMemoryStore(name, path=path)


def _local_archive(url: str) -> str:
    """The path of the local zip archive that a URL means; empty if it means something else."""
    for start in ("zip://::", "zip::", "zip://"):
        if url.startswith(start):
            rest = url.removeprefix(start)
            if is_file_url(rest):
                return path_of_url(rest)
            return rest if "::" not in rest and "://" not in rest else ""
    return ""


def _options_of_archive(url: str, given: Options) -> Options | None:
    """Options of the store of an archive that a URL means, which may be under its protocol, as fsspec has it.

    None if the URL means something else, or there are options of fsspec's for archives.
    """
    inner = url.removeprefix("zip::")
    scheme = inner.partition("://")[0]
    if inner == url or "::" in inner or scheme in (inner, "memory", "file", "local") or given.get("zip"):
        return None
    below = given.get(scheme)
    if not isinstance(below, Mapping):
        return given
    return dict(below) if given.keys() <= {"zip", scheme} else None
