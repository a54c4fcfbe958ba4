"""The bytes of a zip archive: its records, read with every bound checked, and written.

An archive is a row of entries, each with a header of its own (the local header), then a central directory with one record per
entry, then an end record that says where that directory is. Numbers that do not fit have a place in extra fields and records of
their own (zip64). Only the central directory counts; what lies between entries is nobody's.
"""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zarr._store.keys import check_key
from zarr._support.imports_on_use import importing
from zarr.errors import StoreKeyError

if TYPE_CHECKING:
    from zarr._buffer import BytesLike

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
_END, _END64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_RECORD, _LOCAL = struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
_END_MARK, _END64_MARK, _LOCATOR_MARK = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_RECORD_MARK, _LOCAL_MARK = b"PK\x01\x02", b"PK\x03\x04"
BEGINNINGS = (_LOCAL_MARK, _END_MARK)
EMPTY = _END.pack(_END_MARK, 0, 0, 0, 0, 0, 0, 0)
_MOST16, _MOST32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _ENDS_BY_ITSELF, _UTF8 = 0x1, 0x2, 0x800
_UNIX, _MACOS, _ZIP64_VERSION, _VERSION = 3, 19, 45, 20
_VERSIONS = {BZIP2: 46, LZMA: 63}
_MODE = 0o100644 << 16
_WIDE_FIELD, _NAME_FIELD = 1, 0x7075
_NAME_HEAD = struct.Struct("<BL")
_BLOCK = 1 << 20
_MOST_CANDIDATES = 100
_NEAR_NBYTES = 1 << 15
"""Behind a header, what is fetched with it rather than by itself."""
_MOST_EXTRA = 1 << 10
"""What programs put between a header and the bytes is shorter than that, as a rule."""
_DRIVE = re.compile(r"[A-Za-z]:(/|$)")


class Bytes(Protocol):
    """A file as the layout is read from it.

    Attributes
    ----------
    label
        How errors call it.
    is_far
        Whether each read is a request to somebody else, so that few large ones are better than many.
    pins
        Whether what is read is certain to be of one version of the file.
    """

    @property
    def label(self) -> str: ...
    @property
    def is_far(self) -> bool: ...
    @property
    def pins(self) -> bool: ...
    @property
    def nbytes(self) -> int: ...
    def read_at(self, start: int, stop: int) -> bytes: ...


@dataclass(slots=True, eq=False)
class Entry:
    """A value in an archive. It is never changed, so the object itself is the version of the value.

    Attributes
    ----------
    name
        The key.
    method, flags, stamp, crc
        As in the format; `stamp` is time and date.
    nbytes, n_packed
        Sizes of the value, and of what is stored.
    header
        Where its local header begins.
    room
        Where something else begins.
    data
        Where the stored bytes begin; -1 until the local header was read.
    raw
        The name as it is stored; None if that is UTF-8.
    attributes
        Those of a file, with its mode on Unix.
    """

    name: str
    method: int
    flags: int
    stamp: int
    crc: int
    nbytes: int
    n_packed: int
    header: int
    room: int
    data: int = -1
    raw: bytes | None = None
    attributes: int = _MODE


@dataclass(frozen=True, slots=True)
class End:
    """What an end record says.

    Attributes
    ----------
    directory, n_directory, n_entries
        Where the central directory begins, its size, and its number of records, of which only the last 16 bits may be right.
    shift
        To be added to every offset, as something stands before the archive.
    comment
        Of the archive.
    stop
        Where the archive ends.
    """

    directory: int
    n_directory: int
    n_entries: int
    shift: int
    comment: bytes
    stop: int


def malformed(label: str, text: str) -> Exception:
    """The error that who reads zip files with Python knows."""
    return _error_class()(f"{label}: {text}")


def _error_class() -> type[Exception]:
    with importing("zipfile"):
        from zipfile import BadZipFile

    return BadZipFile


def checksum(data: BytesLike) -> int:
    with importing("zlib"):
        import zlib

    return zlib.crc32(data)


def check_name(key: str) -> bytes:
    """A key as the name of an entry, if every program takes it for a path inside the archive; StoreKeyError otherwise."""
    check_key(key)
    if "\\" in key or _DRIVE.match(key):
        raise StoreKeyError(
            f"{key!r} is not a valid store key in a zip archive: unpacked elsewhere, backslashes and drives lead out of it"
        )
    try:
        name = key.encode()
    except UnicodeEncodeError as exc:
        raise StoreKeyError(f"{key!r} is not a valid store key in a zip archive: it is not Unicode") from exc
    if len(name) > _MOST16:
        raise StoreKeyError(
            f"{key[:40]!r}... is not a valid store key in a zip archive: it is longer than 65,535 bytes"
        )
    return name


# -- reading ----------------------------------------------------------------------------------------------------------


def find_end(file: Bytes) -> End:
    """The end record at the end of a file; if there is none, the last one before it (`End.stop` tells)."""
    size = file.nbytes
    if size < _END.size:
        raise malformed(file.label, f"no zip archive: it has only {size} bytes")
    start = max(0, size - _END.size - _MOST16)
    tail = file.read_at(start, size)
    at = len(tail)
    while (at := tail.rfind(_END_MARK, 0, at)) >= 0:
        if at + _END.size <= len(tail) and start + at + _END.size + _END.unpack_from(tail, at)[-1] == size:
            return _read_end(file, start + at)
    if file.read_at(0, 4) not in BEGINNINGS:
        raise malformed(file.label, "no zip archive, or only a part of one: it has no end record")
    # Writers are interrupted where they write, on this machine; nobody fetches all of a far archive to look for that.
    found = None if file.is_far else _last_end_before(file, size)
    if found is None:
        raise malformed(
            file.label,
            "the zip archive is incomplete: its end, with the central directory, is missing. Copy it anew, or try what `zip -FF` saves",
        )
    return found


def _last_end_before(file: Bytes, stop: int) -> End | None:
    """The last end record that fits what stands before it: what a writer left that was interrupted while it appended."""
    n_left = _MOST_CANDIDATES
    while stop > 0:
        start = max(0, stop - _BLOCK)
        block = file.read_at(start, min(stop + len(_END_MARK) - 1, file.nbytes))
        at = len(block)
        while (at := block.rfind(_END_MARK, 0, at)) >= 0:
            found = _plausible_end(file, start + at)
            if found is None:
                continue
            if _is_sound(file, found):
                return found
            n_left -= 1
            if not n_left:  # somebody made them to keep readers busy
                return None
        stop = start
    return None


def _plausible_end(file: Bytes, at: int) -> End | None:
    if at + _END.size > file.nbytes:
        return None
    try:
        end = _read_end(file, at)
    except _error_class():
        return None
    # An archive that is a value of this one does not begin where the file does.
    return None if end.shift or end.stop > file.nbytes else end


def _is_sound(file: Bytes, end: End) -> bool:
    try:
        parse_directory(file, end)
    except _error_class():
        return False
    return True


def _read_end(file: Bytes, at: int) -> End:
    _, disk, first_disk, _, n_entries, n_directory, directory, n_comment = _END.unpack(file.read_at(at, at + _END.size))
    comment = file.read_at(at + _END.size, at + _END.size + n_comment)
    directory_stop = at
    locator = file.read_at(at - _LOCATOR.size, at) if at >= _LOCATOR.size else b""
    if locator[:4] == _LOCATOR_MARK:
        n_entries, n_directory, directory, directory_stop = _read_end64(file, at, locator)
    elif disk or first_disk:
        raise malformed(file.label, "it is one part of an archive in several files; put it together first")
    shift = directory_stop - n_directory - directory
    if shift < 0:
        raise malformed(
            file.label, "its central directory does not lie inside the file, which is incomplete or damaged"
        )
    stop = at + _END.size + n_comment
    return End(directory + shift, n_directory, n_entries, shift, comment, stop)


def _read_end64(file: Bytes, at: int, locator: bytes) -> tuple[int, int, int, int]:
    """Number of entries, size and place of the directory, and where it stops, from the zip64 records."""
    _, disk, _, n_disks = _LOCATOR.unpack(locator)
    start = at - _LOCATOR.size - _END64.size
    record = file.read_at(start, start + _END64.size) if start >= 0 else b""
    if record[:4] != _END64_MARK:
        raise malformed(file.label, "its zip64 end record is missing or not where it has to be")
    _, _, _, _, disk, first_disk, _, n_entries, n_directory, directory = _END64.unpack(record)
    if disk or first_disk or n_disks > 1:
        raise malformed(file.label, "it is one part of an archive in several files; put it together first")
    return n_entries, n_directory, directory, start


def parse_directory(file: Bytes, end: End) -> dict[str, Entry]:
    """The entries of an archive by their names: the last of those that have one name, without directories."""
    data = file.read_at(end.directory, end.directory + end.n_directory)
    all_entries = list(_records(file.label, data, end))
    if (len(all_entries) ^ end.n_entries) & _MOST16:
        raise malformed(
            file.label, f"its central directory has {len(all_entries)} entries, and its end record says {end.n_entries}"
        )
    _check_places(file.label, all_entries, end.directory)
    return {entry.name: entry for entry in all_entries if not entry.name.endswith("/")}


def _records(label: str, data: bytes, end: End) -> Iterator[Entry]:
    at = 0
    while at < len(data):
        if at + _RECORD.size > len(data) or data[at : at + 4] != _RECORD_MARK:
            raise malformed(label, f"its central directory is damaged at byte {end.directory + at}")
        (_, made_by, _, flags, method, time, date, crc, n_packed, nbytes, n_name, n_extra, n_comment, *rest) = (
            _RECORD.unpack_from(data, at)
        )
        attributes, header = rest[2:]
        host = made_by >> 8
        name_stop = at + _RECORD.size + n_name
        extra_stop = name_stop + n_extra
        stop = extra_stop + n_comment
        if stop > len(data):
            raise malformed(label, f"its central directory is damaged at byte {end.directory + at}")
        raw = data[name_stop - n_name : name_stop]
        extra = data[name_stop:extra_stop]
        if _MOST32 in (n_packed, nbytes, header):
            nbytes, n_packed, header = _wide(label, extra, nbytes, n_packed, header)
        name = _name(label, raw, flags, host, extra)
        if method == STORED and n_packed != nbytes and not flags & _ENCRYPTED:
            raise malformed(label, f"{name!r} is stored as it is in {n_packed} bytes, and is said to have {nbytes}")
        entry = Entry(name, method, flags, time | date << 16, crc, nbytes, n_packed, header + end.shift, end.directory)
        if name.encode() != raw:
            entry.raw = raw
        if host in (_UNIX, _MACOS) and attributes:
            entry.attributes = attributes
        yield entry
        at = stop


def _wide(label: str, extra: bytes, nbytes: int, n_packed: int, header: int) -> tuple[int, int, int]:
    """The three numbers, from the zip64 field those that did not fit."""
    given = [nbytes, n_packed, header]
    missing = [place for place, number in enumerate(given) if number == _MOST32]
    field = _field(label, extra, _WIDE_FIELD)
    if field is not None and len(field) >= 8 * len(missing):
        for number, place in enumerate(missing):
            (given[place],) = struct.unpack_from("<Q", field, 8 * number)
    return given[0], given[1], given[2]  # without a field, it happens to be this number


def _field(label: str, extra: bytes, wanted: int) -> bytes | None:
    """The extra field of a kind, if there is one."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        at += 4 + size
        if at > len(extra):
            raise malformed(label, "an extra field in its central directory is damaged")
        if kind == wanted:
            return extra[at - size : at]
    return None


def _decoded(label: str, raw: bytes, flags: int, host: int, extra: bytes) -> str:
    """The text of a name, in the encoding that it is in by its flags, by an extra field or by what those systems do."""
    if flags & _UTF8:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise malformed(label, f"the name {raw!r} is said to be UTF-8, and is not") from None
    field = _field(label, extra, _NAME_FIELD) if _NAME_FIELD.to_bytes(2, "little") in extra else None
    text = raw
    if field is not None and len(field) > _NAME_HEAD.size and _NAME_HEAD.unpack_from(field) == (1, checksum(raw)):
        text, host = field[_NAME_HEAD.size :], _UNIX
    if host in (
        _UNIX,
        _MACOS,
    ):  # where nobody uses the old code page, as `zip` does not; and Python says that it has UTF-8
        try:
            return text.decode()
        except UnicodeDecodeError:
            pass
    return raw.decode("cp437")


def _name(label: str, raw: bytes, flags: int, host: int = 0, extra: bytes = b"") -> str:
    """The name of an entry, if it is a key or that of a directory."""
    name = _decoded(label, raw, flags, host, extra)
    try:
        check_name(name.removesuffix("/"))
    except StoreKeyError:
        raise malformed(
            label,
            f"it has an entry {name!r}, which is no path inside it; names are relative, with slashes, and without "
            "'.' or '..'. Pack it again without",
        ) from None
    return name


def _check_places(label: str, entries: Iterable[Entry], stop: int) -> None:
    """See that no entry reaches into the next or into the directory, and note where each has to end."""
    room = stop
    for entry in sorted(entries, key=lambda entry: entry.header, reverse=True):
        if entry.header + _LOCAL.size + entry.n_packed > room:
            raise malformed(label, f"its entry {entry.name!r} overlaps another one, or reaches beyond the end")
        entry.room = room
        room = entry.header


def stored_part(file: Bytes, entry: Entry, start: int, stop: int) -> bytes:
    """Bytes `start` to `stop` of what is stored for an entry; fewer if the file ends before.

    From far away the local header comes with them where it is near. Where it is not, and nothing but the bytes of the entry can lie
    between it and what comes next, it is not asked for: only the central directory counts.
    """
    if entry.data < 0 and file.is_far:
        first = entry.header + _LOCAL.size + len(_raw_name(entry))
        last = entry.room - entry.n_packed
        if start > _NEAR_NBYTES and first == last:
            return file.read_at(first + start, first + stop)
        beginning = min(last, first + _MOST_EXTRA)
        file = Window(file, entry.header, max(first, beginning + stop if start <= _NEAR_NBYTES else beginning))
    at = locate(file, entry)
    return file.read_at(at + start, at + stop)


class Window:
    """A part of a file that is read at once, and then again and again.

    Parameters
    ----------
    file
        The file.
    start, stop
        The part.
    """

    __slots__ = ("_data", "_file", "_start", "label")
    is_far = True

    def __init__(self, file: Bytes, start: int, stop: int) -> None:
        self._file, self._start, self.label = file, start, file.label
        self._data = file.read_at(start, stop)

    @property
    def pins(self) -> bool:
        return self._file.pins

    @property
    def nbytes(self) -> int:
        return self._file.nbytes

    def read_at(self, start: int, stop: int) -> bytes:
        first, last = start - self._start, stop - self._start
        if first >= 0 and last <= len(self._data):
            return self._data[first:last]
        return self._file.read_at(start, stop)


def locate(file: Bytes, entry: Entry) -> int:
    """Where the stored bytes of an entry begin; what its local header says is compared."""
    if entry.data < 0:
        found = file.read_at(entry.header, entry.header + _LOCAL.size)
        if len(found) < _LOCAL.size or found[:4] != _LOCAL_MARK:
            raise malformed(file.label, f"there is no entry where {entry.name!r} has to be; the file is damaged")
        _, _, flags, method, _, _, _, _, _, n_name, n_extra = _LOCAL.unpack(found)
        start = entry.header + _LOCAL.size
        raw = file.read_at(start, start + n_name)
        is_other = raw != _raw_name(entry) and _name(file.label, raw, flags) != entry.name
        if is_other or method != entry.method:
            raise malformed(file.label, f"the header of {entry.name!r} is that of another entry; the file is damaged")
        data = start + n_name + n_extra
        if data + entry.n_packed > entry.room:
            raise malformed(file.label, f"its entry {entry.name!r} overlaps another one")
        entry.data = data
    return entry.data


def is_link(entry: Entry) -> bool:
    """Whether an entry is a symbolic link, whose value is the path that it leads to."""
    return stat.S_ISLNK(entry.attributes >> 16)


def is_encrypted(entry: Entry) -> bool:
    return bool(entry.flags & _ENCRYPTED)


def ends_by_itself(entry: Entry) -> bool:
    """Whether a stream of LZMA has a mark at its end."""
    return bool(entry.flags & _ENDS_BY_ITSELF)


# -- writing ----------------------------------------------------------------------------------------------------------


def new_entry(
    name: bytes, key: str, method: int, stamp: int, crc: int, nbytes: int, n_packed: int, header: int
) -> Entry:
    """An entry that is to be written at `header`."""
    flags = (0 if name.isascii() else _UTF8) | (_ENDS_BY_ITSELF if method == LZMA else 0)
    data = header + _LOCAL.size + len(name) + (20 if _is_wide(nbytes, n_packed) else 0)
    return Entry(key, method, flags, stamp, crc, nbytes, n_packed, header, data + n_packed, data)


def moved(entry: Entry, header: int) -> Entry:
    """An entry whose stored bytes are to be written elsewhere."""
    new = new_entry(
        entry.name.encode(), entry.name, entry.method, entry.stamp, entry.crc, entry.nbytes, entry.n_packed, header
    )
    new.flags = (new.flags & ~_ENDS_BY_ITSELF) | (entry.flags & _ENDS_BY_ITSELF)
    new.attributes = entry.attributes
    return new


def _is_wide(*numbers: int) -> bool:
    return max(numbers) >= _MOST32


def local_header(entry: Entry) -> bytes:
    name = _raw_name(entry)
    extra = b""
    sizes = entry.n_packed, entry.nbytes
    if _is_wide(*sizes):
        extra = struct.pack("<2H2Q", _WIDE_FIELD, 16, entry.nbytes, entry.n_packed)
        sizes = _MOST32, _MOST32
    return (
        _LOCAL.pack(
            *(
                _LOCAL_MARK,
                _version(entry, bool(extra)),
                entry.flags,
                entry.method,
                entry.stamp & _MOST16,
                entry.stamp >> 16,
            ),
            *(entry.crc, *sizes, len(name), len(extra)),
        )
        + name
        + extra
    )


def _version(entry: Entry, is_wide: bool) -> int:
    return max(_VERSIONS.get(entry.method, _VERSION), _ZIP64_VERSION if is_wide else 0)


def directory(entries: Iterable[Entry], start: int, comment: bytes) -> bytes:
    """Central directory and end record, to be written at `start`."""
    records = [_record(entry) for entry in entries]
    n_entries, body = len(records), b"".join(records)
    size, end = len(body), start + len(body)
    wide = b""
    if n_entries >= _MOST16 or size >= _MOST32 or start >= _MOST32:
        wide = _END64.pack(
            *(_END64_MARK, _END64.size - 12, _UNIX << 8 | _ZIP64_VERSION, _ZIP64_VERSION, 0, 0),
            *(n_entries, n_entries, size, start),
        ) + _LOCATOR.pack(_LOCATOR_MARK, 0, end, 1)
    n_entries, size, start = min(n_entries, _MOST16), min(size, _MOST32), min(start, _MOST32)
    return body + wide + _END.pack(_END_MARK, 0, 0, n_entries, n_entries, size, start, len(comment)) + comment


def _raw_name(entry: Entry) -> bytes:
    return entry.name.encode() if entry.raw is None else entry.raw


def _record(entry: Entry) -> bytes:
    name = _raw_name(entry)
    numbers = [entry.nbytes, entry.n_packed, entry.header]
    wide = [number for number in numbers if number >= _MOST32]
    extra = struct.pack(f"<2H{len(wide)}Q", _WIDE_FIELD, 8 * len(wide), *wide) if wide else b""
    if entry.raw is not None:
        text = entry.name.encode()
        extra += (
            struct.pack("<2H", _NAME_FIELD, _NAME_HEAD.size + len(text)) + _NAME_HEAD.pack(1, checksum(name)) + text
        )
    nbytes, n_packed, header = (min(number, _MOST32) for number in numbers)
    version = _version(entry, bool(wide))
    return (
        _RECORD.pack(
            *(
                _RECORD_MARK,
                _UNIX << 8 | version,
                version,
                entry.flags,
                entry.method,
                entry.stamp & _MOST16,
                entry.stamp >> 16,
            ),
            *(entry.crc, n_packed, nbytes, len(name), len(extra), 0, 0, 0, entry.attributes, header),
        )
        + name
        + extra
    )


def needs_zip64(n_entries: int, end: int) -> bool:
    """Whether an archive that is written up to `end` cannot do without zip64."""
    return n_entries >= _MOST16 or end >= _MOST32


def nbytes_of(entry: Entry) -> int:
    """How much of the file an entry takes, if it is written here."""
    return len(local_header(entry)) + entry.n_packed
