"""Files given for a store by mistake: what they are, and what to do with them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from zarr._store.database import is_database_here
from zarr.errors import StoreIsFileError

_INSIDE = "pass the path of the zip file, and what comes behind it as path="
_BEGINNINGS = {
    b"PK\x03\x04": ("a zip file", _INSIDE),
    b"PK\x05\x06": ("an empty zip file", _INSIDE),
    b"\x89HDF": ("an HDF5 file", "open it with h5py, or as netCDF with xarray, and store its arrays with zarr"),
    b"CDF": ("a netCDF file", "open it with xarray, and store its arrays with zarr"),
    b"SQLite f": ("an SQLite database", "if zarr wrote it, pass zarr.storage.SQLiteStore(path)"),
    b"\x93NUMPY": ("a NumPy file", "read it with numpy.load, and store the array with zarr.save"),
}
"""By the first bytes."""


def refuse_file(path: str | os.PathLike[str]) -> None:
    """Raise StoreIsFileError for a path that is a file, or leads through one, so that no directory can be there."""
    try:
        mode = os.stat(path).st_mode
    except NotADirectoryError:
        raise _is_file(next(above for above in Path(path).parents if above.is_file())) from None
    except (OSError, ValueError):  # nothing there, or nothing to be seen: whoever reads or writes is told
        return
    if stat.S_ISREG(mode):
        raise _is_file(Path(path))


def _is_file(path: Path) -> StoreIsFileError:
    what, step = _looked_into(path)
    return StoreIsFileError(f"{str(path)!r} is {what}, and a store is a directory; {step}.")


def _looked_into(path: Path) -> tuple[str, str]:
    if is_database_here(path):  # which must not be opened by anybody else
        return _BEGINNINGS[b"SQLite f"]
    try:
        with path.open("rb") as opened:
            first = opened.read(8)
    except OSError:
        first = b""
    known = (found for beginning, found in _BEGINNINGS.items() if first.startswith(beginning))
    return next(known, ("a file", "pass a directory, or a path where nothing is yet"))
