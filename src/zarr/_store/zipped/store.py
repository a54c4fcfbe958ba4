"""A store in a zip archive: one entry per key."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import ByteRequest, resolve_range
from zarr._store.turns import Turn, Turns
from zarr._store.versioned import ANY, Expected, Hold, Stored, SyncStore, Version
from zarr._store.whereabouts import steps_to
from zarr._store.zipped import layout, packing
from zarr._store.zipped.archive import Archive
from zarr._store.zipped.far import FarArchive
from zarr._store.zipped.sources import FarSource, PathSource, Source, source_of
from zarr._support.near_names import suggests_keywords
from zarr._support.truth import truth
from zarr.errors import ArgumentError, ConcurrentChangeError, StoreAbilityError, StoreFileError

if TYPE_CHECKING:
    from typing import Self

    from zarr._store.path import StorePath
    from zarr._store.zipped.layout import Bytes, Entry

ZipMode: TypeAlias = Literal["r", "w", "a", "x"]
_MODES = ("r", "w", "a", "x")


class ZipVersion:
    """An entry, and the file that it is in, which stays open as long as this lives."""

    __slots__ = ("entry", "file")

    def __init__(self, file: Bytes, entry: Entry) -> None:
        self.file = file
        self.entry = entry

    @property
    def pins(self) -> bool:
        return self.file.pins


@suggests_keywords
class ZipStore(SyncStore):
    """Keep values in a zip archive, one entry for each.

    What is written is in the archive when the store is closed; until then only the stores of this process see it. Use the
    store in a `with` statement, or call `close`. The guide says under "In a zip file" what holds when a writer dies.

    Parameters
    ----------
    path
        Of the archive, or a file object that was opened in binary mode and can seek; that stays open. Or a `StorePath`, for an
        archive that is a value in another store, or its URL (see `from_url`): it is read by ranges, and cannot be changed.
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
    StoreAbilityError
        If an archive in another store is to be written.

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
        path: Path | str | IO[bytes] | StorePath,
        *,
        mode: ZipMode = "r",
        read_only: bool | None = None,
        compression: int = layout.STORED,
        allowZip64: bool = True,  # noqa: N803  # as in zarr-python and `zipfile`
    ) -> None:
        if mode not in _MODES:
            raise ArgumentError(f"Invalid mode: {mode!r}. Expected one of {', '.join(map(repr, _MODES))}")
        super().__init__(read_only=mode == "r" or (read_only is not None and truth("read_only", read_only)))
        self._go_to(source_of(path))
        self._mode = self._possible(mode)
        self.compression = packing.check_method(compression)
        self.allowZip64 = truth("allowZip64", allowZip64)
        self._archive: Archive | FarArchive | None = None
        self._ending: Any = None

    @classmethod
    def from_url(cls, url: str, *, storage_options: dict[str, Any] | None = None) -> Self:
        """The archive at a URL, to be read: `s3://bucket/a.zip`, `https://…`, with `zip::` before it or without.

        Parameters
        ----------
        url
            The URL.
        storage_options
            Of the store that gets there, as for a URL of that.

        Raises
        ------
        ImportError
            If the package for it is not installed.
        ValueError
            If the URL names no file, or nobody knows such URLs.
        """
        source: Any = FarSource.of_url(url, storage_options)
        return cls(source)

    def _go_to(self, source: Source) -> None:
        self._source = source
        if source.hinders_writing:
            self._why_read_only = f"{source.hinders_writing}."
        if source.is_remote:
            self.capabilities = replace(type(self).capabilities, is_remote=True, refuses_old_versions=True)

    def _possible(self, mode: ZipMode) -> ZipMode:
        if mode != "r" and self._source.hinders_writing:
            raise StoreAbilityError(f"mode={mode!r} is not possible for {self!r}. {self._source.hinders_writing}.")
        return mode

    @property
    def path(self) -> Path:
        """The file: as it was given, or the absolute path if that leads to another file by now."""
        path: Path | None = getattr(self._source, "path", None)
        if path is None:
            raise AttributeError(f"{self!r} is no file of this machine that has a path")
        return path

    # -- life cycle ---------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        await self._change(self._opened)
        await super()._open()

    def _opened(self) -> Archive | FarArchive:
        """The archive; it is opened by the first who wants it."""
        archive = self._archive
        if archive is None:
            archive = self._source.archive()
            with archive.turns.guard:
                if self._archive is None:
                    self._open_archive(archive)
        return archive

    def _changeable(self) -> Archive:
        archive = self._opened()
        if isinstance(archive, FarArchive):
            raise StoreAbilityError(f"nothing can be changed in {self!r}. {self._source.hinders_writing}.")
        return archive

    def _open_archive(self, archive: Archive | FarArchive) -> None:
        if isinstance(archive, FarArchive) or self.read_only or self._mode == "a":
            archive.refresh(must_exist=self._mode == "r")
            if self._source.is_for_nodes and not self.read_only and isinstance(archive, Archive):
                archive.contents.refuse_no_nodes(archive.label)
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
        if isinstance(self._source, FarSource):
            self._source.forget()
        elif archive is not None and not self.read_only:
            archive.commit()
        if ending is not None:
            ending.detach()
        self._archive = self._ending = None
        super().close()

    def with_read_only(self, read_only: bool = False) -> Self:
        if not read_only:
            mode: ZipMode = "a"
        else:
            mode = "r" if self._mode == "r" else "a"
        if self._mode in ("w", "x") and not self.read_only:
            self._opened()
        source: Any = self._source
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
        if not isinstance(self._source, PathSource):
            raise ArgumentError(
                f"{self!r} is no file of this machine, and cannot be moved; save what is in it under the new path"
            )
        self.close()
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self._source.place, destination)
        self._go_to(PathSource(destination))

    def __str__(self) -> str:
        return self._source.text

    def _known_as(self) -> str:
        return self._source.known_as

    def __repr__(self) -> str:
        return f"ZipStore({str(self)!r}{self._source.more})"

    def _whereabouts(self, path: str) -> Sequence[object]:
        return steps_to(self._source.root, path)

    def _shared_turns(self, prefix: str) -> tuple[Turns, str] | None:
        return self._source.turns(prefix)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._source == other._source

    __hash__ = None  # type: ignore[assignment]  # as zarr-python's

    def __copy__(self) -> Self:
        return self.with_read_only(self.read_only)

    def __getstate__(self) -> dict[str, Any]:
        if self._source.cannot_be_sent:
            raise TypeError(f"{self!r} cannot be sent to another process: {self._source.cannot_be_sent}.")
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
        while True:
            wanted = self._version(key) if version is None else version
            if wanted is None:
                return None
            nbytes = wanted.entry.nbytes
            try:
                data = packing.read(wanted.file, wanted.entry, *resolve_range(byte_range, nbytes))
                break
            except StoreFileError:
                if wanted.file is self._opened().contents.file:
                    raise
                if version is not None:
                    raise ConcurrentChangeError(
                        f"the archive that held {key!r} was replaced, and opened again since"
                    ) from None
        buffer = CPUBuffer if prototype is None else prototype.buffer
        return Stored(buffer.from_bytes(data), wanted, nbytes)

    def _version(self, key: str) -> ZipVersion | None:
        found = (self._archive or self._opened()).contents.find(key)
        return None if found is None else ZipVersion(*found)

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return self._changeable().put(
            key,
            value.as_buffer_like(),
            expected=expected,
            hold=hold,
            method=self.compression,
            allow_zip64=self.allowZip64,
        )

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return self._changeable().remove(key, expected=expected, hold=hold)

    def hold(self, prefix: str) -> Hold:
        return Turn(self._opened().turns, prefix)

    def list_keys(self, prefix: str) -> Iterator[str]:
        return iter(self._opened().keys(prefix))

    def list_names(self, prefix: str) -> Iterator[str]:
        return iter(self._opened().names(f"{prefix}/" if prefix else ""))

    def remove_prefix(self, prefix: str) -> None:
        self._changeable().remove_prefix(prefix)

    def size(self, key: str) -> int | None:
        found = self._opened().contents.find(key)
        return None if found is None else found[1].nbytes
