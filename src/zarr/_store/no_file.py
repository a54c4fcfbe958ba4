"""Files given for a store: what they are by their first bytes, and, where they are no store, what to do with them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from zarr._store.database import is_database_here
from zarr._support.signals import came_from_a_signal
from zarr.errors import StoreIsFileError

_INSIDE = "pass the path of the zip file, and what comes behind it as path="
_DATABASE = b"SQLite f"
_BEGINNINGS = {
    b"PK\x03\x04": ("a zip file", _INSIDE),
    b"PK\x05\x06": ("an empty zip file", _INSIDE),
    b"\x89HDF": ("an HDF5 file", "open it with h5py, or as netCDF with xarray, and store its arrays with zarr"),
    b"CDF": ("a netCDF file", "open it with xarray, and store its arrays with zarr"),
    _DATABASE: ("an SQLite database", "if zarr wrote it, pass zarr.storage.SQLiteStore(path)"),
    b"\x93NUMPY": ("a NumPy file", "read it with numpy.load, and store the array with zarr.save"),
}
_MOST_NBYTES = max(map(len, _BEGINNINGS))


def beginning_of_file(path: str | os.PathLike[str]) -> bytes | None:
    """The first bytes of the file that a path leads to; None if it leads to none, or nothing is to be seen.

    Raises
    ------
    StoreIsFileError
        If the path leads through a file, so that nothing can be there.
    PermissionError
        If the file may not be read.
    """
    path = Path(path)  # without a slash at its end
    try:
        mode = os.stat(path).st_mode
    except NotADirectoryError:
        above = next(above for above in path.parents if above.exists())
        beginning = beginning_of_file(above)
        if beginning is None:
            raise StoreIsFileError(f"{str(above)!r} is no directory, so nothing can be at {str(path)!r}.") from None
        raise is_no_store(above, beginning) from None
    except (OSError, ValueError) as exc:  # whoever reads or writes is told
        if came_from_a_signal(exc):
            raise
        return None
    if not stat.S_ISREG(mode):
        return None
    if is_database_here(path):  # which must not be opened by anybody else
        return _DATABASE
    try:
        with path.open("rb") as opened:
            return opened.read(_MOST_NBYTES)
    except FileNotFoundError:
        return None


def is_no_store(path: str | os.PathLike[str], beginning: bytes) -> StoreIsFileError:
    """The error for a file in the place of a store, by its path and its first bytes."""
    known = (found for start, found in _BEGINNINGS.items() if beginning.startswith(start))
    what, step = next(known, ("a file", "pass a directory, or a path where nothing is yet"))
    return StoreIsFileError(f"{os.fspath(path)!r} is {what}, and a store is a directory; {step}.")
