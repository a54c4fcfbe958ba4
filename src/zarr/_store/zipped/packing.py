"""What stands in an entry: the value as it is, or packed by one of the methods that Python has."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from zarr._store.zipped.layout import (
    BZIP2,
    DEFLATED,
    LZMA,
    STORED,
    Bytes,
    Entry,
    checksum,
    ends_by_itself,
    is_encrypted,
    is_link,
    malformed,
    stored_part,
)
from zarr._support.imports_on_use import importing
from zarr._support.settings import settings
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from zarr._buffer import BytesLike

_METHODS = {STORED: "ZIP_STORED", DEFLATED: "ZIP_DEFLATED", BZIP2: "ZIP_BZIP2", LZMA: "ZIP_LZMA"}
_MOST_TO_ONE = 1032
"""What deflate makes of one byte at most."""
_HARMLESS = 1 << 28
"""Values up to this size may be packed better than that, as by bzip2."""
_LZMA_HEAD = struct.Struct("<BBH")
_LZMA_VERSION = (9, 4)
_N_PROPERTIES = 5
_LZMA_SIZE_UNKNOWN = b"\xff" * 8
_LZMA_MEMORY = 1 << 30


def check_method(method: object) -> int:
    """A method of packing that can be written; ArgumentError for others."""
    if not isinstance(method, int) or method not in _METHODS:
        known = ", ".join(f"{name} ({number})" for number, name in _METHODS.items())
        raise ArgumentError(
            f"compression={method!r} is no method of packing; these are, of the module zipfile: {known}"
        )
    return int(method)


def pack(data: BytesLike, method: int) -> BytesLike:
    """The value as it is stored with a method."""
    if method == DEFLATED:
        with importing("zlib"):
            import zlib

        return zlib.compress(data, wbits=-15)
    if method == BZIP2:
        with importing("bz2"):
            import bz2

        return bz2.compress(data)
    if method == LZMA:
        with importing("lzma"):
            import lzma

        alone = lzma.compress(data, format=lzma.FORMAT_ALONE)
        head = _LZMA_HEAD.pack(*_LZMA_VERSION, _N_PROPERTIES)
        return head + alone[:_N_PROPERTIES] + alone[_N_PROPERTIES + len(_LZMA_SIZE_UNKNOWN) :]
    return data


def read(file: Bytes, entry: Entry, start: int, stop: int) -> bytes:
    """Bytes `start` to `stop` of a value. A whole one is compared with its checksum."""
    if is_link(entry):
        raise NotImplementedError(
            f"{file.label}: its entry {entry.name!r} is a symbolic link, and what it leads to is not in the archive. Pack it "
            "again with the files themselves (`zip -r` without `-y`)."
        )
    is_whole = (start, stop) == (0, entry.nbytes)
    if entry.method != STORED or is_encrypted(entry):
        return _unpacked(file, entry, stop)[start:]
    data = stored_part(file, entry, start, stop)
    if len(data) != stop - start:
        raise malformed(file.label, f"it ends in the middle of its entry {entry.name!r}; the file was cut off")
    if is_whole:
        _check(file.label, entry, data)
    return data


def _check(label: str, entry: Entry, data: bytes) -> None:
    if checksum(data) != entry.crc:
        raise malformed(label, f"its entry {entry.name!r} is damaged: the checksum is another one")


def _unpacked(file: Bytes, entry: Entry, stop: int) -> bytes:
    """A value up to byte `stop`. A whole one is compared with its checksum."""
    label, what = file.label, f"its entry {entry.name!r}"
    if is_encrypted(entry):
        raise NotImplementedError(f"{label}: {what} is encrypted. Pack the archive again without a password.")
    if entry.method not in _METHODS:
        raise NotImplementedError(
            f"{label}: {what} is packed by a method (number {entry.method}) that cannot be read here. Pack the archive "
            f"again, best with none, or with one of {', '.join(_METHODS.values())}."
        )
    _check_size(label, entry)
    packed = stored_part(file, entry, 0, entry.n_packed)
    if len(packed) != entry.n_packed:
        raise malformed(label, f"it ends in the middle of its entry {entry.name!r}; the file was cut off")
    unpacker, packed, errors = _unpacker(label, entry, packed)
    try:
        data: bytes = unpacker.decompress(packed, max(1, stop + (stop == entry.nbytes)))
    except errors as exc:
        raise malformed(label, f"{what} does not unpack: {exc}") from exc
    if stop < entry.nbytes and len(data) >= stop:
        return data[:stop]
    if len(data) != entry.nbytes:
        found = f"more than {entry.nbytes}" if len(data) > entry.nbytes else str(len(data))
        raise malformed(label, f"{what} is said to have {entry.nbytes} bytes, and unpacks to {found}")
    _check(label, entry, data)
    return data


def _check_size(label: str, entry: Entry) -> None:
    """Refuse what is said to become far larger than it can, or than a chunk may be."""
    limit = settings().max_chunk_nbytes
    most = max(_MOST_TO_ONE * entry.n_packed, 0 if entry.method == DEFLATED else _HARMLESS)
    if entry.nbytes > most:
        raise malformed(
            label,
            f"its entry {entry.name!r} is said to become {entry.nbytes} bytes from {entry.n_packed}: it is not unpacked",
        )
    if entry.nbytes > limit:
        raise malformed(
            label,
            f"its entry {entry.name!r} has {entry.nbytes} bytes, and the setting 'array.max_chunk_bytes' is {limit}",
        )


def _unpacker(label: str, entry: Entry, packed: bytes) -> tuple[Any, bytes, tuple[type[Exception], ...]]:
    """What unpacks an entry, what it is given, and the errors that it raises."""
    if entry.method == DEFLATED:
        with importing("zlib"):
            import zlib

        return zlib.decompressobj(-15), packed, (zlib.error,)
    if entry.method == BZIP2:
        with importing("bz2"):
            import bz2

        return bz2.BZ2Decompressor(), packed, (OSError, ValueError)
    with importing("lzma"):
        import lzma

    head = _LZMA_HEAD.size + _N_PROPERTIES
    if len(packed) < head or _LZMA_HEAD.unpack_from(packed)[2] != _N_PROPERTIES:
        raise malformed(label, f"its entry {entry.name!r} does not unpack: the properties of LZMA are missing")
    size = _LZMA_SIZE_UNKNOWN if ends_by_itself(entry) else struct.pack("<Q", entry.nbytes)
    alone = packed[_LZMA_HEAD.size : head] + size + packed[head:]
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, _LZMA_MEMORY), alone, (lzma.LZMAError, EOFError)
