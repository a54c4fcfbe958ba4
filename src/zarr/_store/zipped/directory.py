"""Making an archive of a directory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from zarr._store import system
from zarr._store.absence import Absence
from zarr._store.file_url import from_url, is_url
from zarr._store.local import LocalStore
from zarr._store.no_file import beginning_of_file, is_no_store
from zarr._store.zipped.archive import archive_at
from zarr._store.zipped.contents import ordered_keys
from zarr._store.zipped.layout import STORED
from zarr._store.zipped.store import ZipStore
from zarr._support.truth import truth
from zarr.errors import ArgumentError, NodeNotFoundError

_ROOT = "zarr.json"


def zip_directory(
    source: Path | str, dest: Path | str, ozx: bool = False, *, compression: int = STORED, overwrite: bool = False
) -> None:
    """Make a zip archive of what a directory store holds, to be opened with `zarr.open` or as a `ZipStore`.

    The documents of format 3 (`zarr.json`) come first, the upper before the lower, so that whoever reads the archive
    over a network finds them together.

    Parameters
    ----------
    source
        The directory, which has a node at its root.
    dest
        Path of the archive. It appears when it is complete.
    ozx
        Make a single-file OME-Zarr of it (OME's RFC-9, `.ozx`): nothing is packed, and the comment of the archive tells the version
        of OME-Zarr, which has to be in the attributes at the root.
    compression
        As in `ZipStore`.
    overwrite
        Whether a file at `dest` is replaced.

    Raises
    ------
    FileNotFoundError
        If there is nothing of Zarr's in the directory.
    StoreIsFileError
        If `source` is a file.
    FileExistsError
        If there is a file already.
    ValueError
        If `ozx` asks for what is not there, or for compression; if `dest` is in the directory.

    Examples
    --------
    >>> import tempfile, zarr
    >>> place = tempfile.mkdtemp()
    >>> a = zarr.create_array(f"{place}/data.zarr", data=[1, 2, 3])
    >>> zarr.storage.zip_directory(f"{place}/data.zarr", f"{place}/data.zip")
    >>> zarr.open_array(f"{place}/data.zip", mode="r")[:]
    array([1, 2, 3])
    """
    is_ozx, may_replace = truth("ozx", ozx), truth("overwrite", overwrite)
    store = LocalStore(source, read_only=True)
    if (beginning := beginning_of_file(store.root)) is not None:
        raise is_no_store(store.root, beginning)
    keys = list(store.list_keys(""))
    if not {_ROOT, ".zgroup", ".zarray"} & set(keys):
        raise NodeNotFoundError(store, "", absence=Absence(store, ""))
    comment = _comment(store, keys, compression) if is_ozx else b""
    path = from_url(dest) if isinstance(dest, str) and is_url(dest) else os.fspath(dest)
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(store.root)):
        raise ArgumentError(
            f"{path!r} is in {str(store.root)!r}, the directory that is packed; choose a path outside it"
        )
    is_new = not os.path.exists(path)
    if not (is_new or may_replace):
        raise FileExistsError(f"{path} exists; pass overwrite=True to replace it")
    target = ZipStore(path, mode="a", compression=compression)
    archive = archive_at(path)
    archive.start_empty(must_be_new=is_new)
    try:
        for key in ordered_keys(keys):
            found = store.read(key)
            if found is not None:
                target.put(key, found.without_version())
        if comment:
            archive.comment(comment)
    except BaseException:
        if is_new:
            system.unlink(os.path.realpath(path))  # as long as nobody else can write to it
        archive.discard()
        raise
    finally:
        target.close()


def _comment(store: LocalStore, keys: list[str], compression: int) -> bytes:
    """What the archive says of itself as a single-file OME-Zarr."""
    if compression != STORED:
        raise ArgumentError("an .ozx is not packed, as its chunks have compressors of their own: leave compression out")
    if _ROOT not in keys:
        raise ArgumentError(f"an .ozx has a document {_ROOT} at its root, that is Zarr format 3: {store} has none")
    document: Any = json.loads(store.get_sync(_ROOT).to_bytes())  # type: ignore[union-attr]
    try:
        version = document["attributes"]["ome"]["version"]
    except (KeyError, TypeError):
        version = None
    if not isinstance(version, str):
        raise ArgumentError(
            f"no version of OME-Zarr in the attributes of {store}, as in {{'ome': {{'version': '0.5'}}}}: it is no "
            "OME-Zarr, or one of before 0.5. Without ozx=True a zip archive is made of any Zarr."
        )
    said = {"ome": {"version": version, "zipFile": {"centralDirectory": {"jsonFirst": True}}}}
    return json.dumps(said, separators=(",", ":")).encode()
