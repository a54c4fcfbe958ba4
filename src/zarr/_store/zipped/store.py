"""A store in a zip archive: one entry per key."""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import ByteRequest, resolve_range
from zarr._store.file_url import from_url, is_url
from zarr._store.given_paths import absolute, as_given
from zarr._store.turns import Turn
from zarr._store.versioned import ANY, Expected, Hold, Stored, SyncStore, Version
from zarr._store.whereabouts import directories_to, steps_to
from zarr._store.zipped import layout, packing
from zarr._store.zipped.archive import Archive, archive_at, archive_in
from zarr._store.zipped.files import what_hinders
from zarr._support.truth import truth
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Self

    from zarr._store.zipped.files import File
    from zarr._store.zipped.layout import Entry

ZipMode: TypeAlias = Literal["r", "w", "a", "x"]
_MODES = ("r", "w", "a", "x")
_SUFFIXES = (".zip", ".ozx")


class ZipVersion:
    """An entry, and the file that it is in, which stays open as long as this lives."""

    __slots__ = ("entry", "file")

    def __init__(self, file: File, entry: Entry) -> None:
        self.file = file
        self.entry = entry


class ZipStore(SyncStore):
    """Keep values in a zip archive, one entry for each.

    What is written is in the archive when the store is closed; until then only the stores of this process see it. Use the
    store in a `with` statement, or call `close`. The guide says under "In a zip file" what holds when a writer dies.

    Parameters
    ----------
    path
        Of the archive, or a file object that was opened in binary mode and can seek; that stays open.
    mode
        `"r"` reads; `"a"` reads and writes, and makes the archive if there is none; `"w"` makes a new one in the place of what is
        there; `"x"` makes a new one, and fails if something is there.
    read_only
        If True, nothing may be written or deleted through this object, whatever the mode; that is so with mode `"r"` anyway.
    compression
        How values are packed, as in `zipfile`: `ZIP_STORED` (0, not at all), `ZIP_DEFLATED` (8), `ZIP_BZIP2` (12) or
        `ZIP_LZMA` (14). Chunks have compressors of their own, and only what is not packed can be read in parts.
    allowZip64
        Whether the archive may become larger than 4 GiB, or have more than 65,534 entries.

    Raises
    ------
    TypeError
        If `path` is neither.
    ValueError
        If there is no such mode or compression.

    Examples
    --------
    >>> import tempfile, zarr
    >>> path = tempfile.mkdtemp() + "/data.zip"
    >>> with zarr.storage.ZipStore(path, mode="w") as store:
    ...     a = zarr.create_array(store, data=[1, 2, 3])
    >>> zarr.open_array(path, mode="r")[:]
    array([1, 2, 3])
    """

    may_block = True
    capabilities = replace(SyncStore.capabilities, unpacks=True)

    def __init__(
        self,
        path: Path | str | IO[bytes],
        *,
        mode: ZipMode = "r",
        read_only: bool | None = None,
        compression: int = layout.STORED,
        allowZip64: bool = True,  # noqa: N803  # as in zarr-python and `zipfile`
    ) -> None:
        if mode not in _MODES:
            raise ArgumentError(f"Invalid mode: {mode!r}. Expected one of {', '.join(map(repr, _MODES))}")
        super().__init__(read_only=mode == "r" or (read_only is not None and truth("read_only", read_only)))
        self._given: Any = None
        if isinstance(path, str | os.PathLike):
            self._go_to(_local_path(path))
        elif found := what_hinders(path):
            raise TypeError(f"expected a path or an open binary file object supporting read/seek/tell, got {found}")
        else:
            self._given = path
        self._mode = mode
        self.compression = packing.check_method(compression)
        self.allowZip64 = truth("allowZip64", allowZip64)
        self._archive: Archive | None = None
        self._ending: Any = None

    def _go_to(self, path: Path) -> None:
        self._path_given, self._place = path, absolute(os.fspath(path))

    @property
    def path(self) -> Path:
        """The file: as it was given, or the absolute path if that leads to another file by now."""
        if self._given is not None:
            raise AttributeError(f"{self!r} is a file object, and has no path")
        return as_given(self._path_given, self._place)

    # -- life cycle ---------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        await self._change(self._opened)
        await super()._open()

    def _opened(self) -> Archive:
        """The archive; it is opened by the first who wants it."""
        archive = self._archive
        if archive is None:
            archive = archive_in(self._given) if self._given is not None else archive_at(self._place)
            with archive.turns.guard:
                if self._archive is None:
                    self._open_archive(archive)
        return archive

    def _open_archive(self, archive: Archive) -> None:
        if self.read_only or self._mode == "a":
            archive.refresh(must_exist=self._mode == "r")
        else:
            archive.start_empty(must_be_new=self._mode == "x")
            self._mode = "a"
        if not self.read_only:
            self._ending = weakref.finalize(self, archive.commit)
        self._archive = archive

    def close(self) -> None:
        """Finish the archive. Whoever uses the store again opens it again, with mode `"a"` if it was written."""
        if not self.read_only and self._mode in ("w", "x"):
            self._opened()  # an archive without anything in it is one too
        archive, ending = self._archive, self._ending
        if archive is not None and not self.read_only:
            archive.commit()
        if ending is not None:
            ending.detach()
        self._archive = self._ending = None
        super().close()

    def with_read_only(self, read_only: bool = False) -> Self:
        source = self.path if self._given is None else self._given
        if not read_only:
            mode: ZipMode = "a"
        else:
            mode = "r" if self._mode == "r" else "a"
        if self._mode in ("w", "x") and not self.read_only:
            self._opened()
        return type(self)(
            source, mode=mode, read_only=read_only, compression=self.compression, allowZip64=self.allowZip64
        )

    async def move(self, path: Path | str) -> None:
        """Finish the archive, and move it to another path.

        Parameters
        ----------
        path
            Where to; directories on the way are made.
        """
        await self._change(self._move, Path(path))

    def _move(self, destination: Path) -> None:
        if self._given is not None:
            raise ArgumentError(
                f"{self!r} is a file object, which cannot be moved; save what is in it under the new path"
            )
        self.close()
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self._place, destination)
        self._go_to(destination)

    def __str__(self) -> str:
        return f"zip://{self.path if self._given is None else self._given}"

    def __repr__(self) -> str:
        return f"ZipStore({str(self)!r})"

    def _whereabouts(self, path: str) -> Sequence[object]:
        root = directories_to(os.fspath(self.path))[-1] if self._given is None else id(self._given)
        return steps_to(root, path)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        if self._given is not None or other._given is not None:
            return self._given is other._given
        return self._place == other._place

    __hash__ = None  # type: ignore[assignment]  # as zarr-python's

    def __copy__(self) -> Self:
        return self.with_read_only(self.read_only)

    def __getstate__(self) -> dict[str, Any]:
        if self._given is not None:
            raise TypeError(f"{self!r} cannot be sent to another process: it is a file object. Use a path.")
        if not self.read_only:
            # What is not finished nobody else would find, and there chunks would read as the fill value.
            self._opened().commit()
        state = {name: value for name, value in self.__dict__.items() if name not in ("_archive", "_ending")}
        return state | {"_is_open": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._archive = self._ending = None

    # -- the contract -------------------------------------------------------------------------------------------

    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        if version is None:
            found = (self._archive or self._opened()).contents.find(key)
            if found is None:
                return None
            version = ZipVersion(*found)
        nbytes = version.entry.nbytes
        data = packing.read(version.file, version.entry, *resolve_range(byte_range, nbytes))
        buffer = CPUBuffer if prototype is None else prototype.buffer
        return Stored(buffer.from_bytes(data), version, nbytes)

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return self._opened().put(
            key,
            value.as_buffer_like(),
            expected=expected,
            hold=hold,
            method=self.compression,
            allow_zip64=self.allowZip64,
        )

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return self._opened().remove(key, expected=expected, hold=hold)

    def hold(self, prefix: str) -> Hold:
        return Turn(self._opened().turns, prefix)

    def list_keys(self, prefix: str) -> Iterator[str]:
        return iter(self._opened().keys(prefix))

    def list_names(self, prefix: str) -> Iterator[str]:
        return iter(self._opened().names(f"{prefix}/" if prefix else ""))

    def remove_prefix(self, prefix: str) -> None:
        self._opened().remove_prefix(prefix)

    def size(self, key: str) -> int | None:
        found = self._opened().contents.find(key)
        return None if found is None else found[1].nbytes


def means_archive(path: str | os.PathLike[str], mode: str | None, beginning: bytes | None) -> bool:
    """Whether a path that a user gives for a store means a zip archive: by the file that is there, else by its name.

    Parameters
    ----------
    path
        As it was given; no directory.
    mode
        How it is to be opened.
    beginning
        The first bytes of the file; None if there is none.
    """
    has_name = Path(path).suffix.lower() in _SUFFIXES
    if beginning is None:
        return has_name and mode not in ("r", "r+")
    return has_name or beginning[:4] in layout.BEGINNINGS


def _local_path(path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    if is_url(text):
        return Path(from_url(text))
    if "://" in text:
        raise ArgumentError(
            f"Zip archives at URLs are not supported by this version, got {text!r}. Fetch the file and pass its path, or "
            "pass an object that reads it."
        )
    return Path(path)
