"""Linux as if it were Windows, for a process of its own that imports this first: `python -m pytest -p tests.suites.as_windows ...`.

What Windows does not have is taken away before `zarr` is imported, and `os` refuses what Windows refuses: to open directories, and
to replace, rename or delete a file that this process has open. Paths and the interpreter stay those of Linux.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np  # noqa: F401  # asks Linux what it is

ABSENT_MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
ABSENT_FUNCTIONS = (
    *("fchmod", "fork", "forkpty", "pread", "preadv", "pwrite", "pwritev", "register_at_fork", "sched_getaffinity"),
    *("statvfs", "uname"),
)
ABSENT_FLAGS = ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_TMPFILE")
_SHARING_VIOLATION = 32


def become_windows() -> None:
    assert "zarr" not in sys.modules, "zarr was imported before"
    for name in (*ABSENT_FUNCTIONS, *ABSENT_FLAGS):
        if hasattr(os, name):
            delattr(os, name)
    tempfile._O_TMPFILE_WORKS = shutil._use_fd_functions = False
    for name in ABSENT_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    _refuse_open_files()
    import zarr._engine.reached
    import zarr._store.system

    zarr._store.system.IS_WINDOWS, zarr._store.system.HAS_PLACE_LOCKS = True, False
    zarr._engine.reached.examine = lambda directory, *, caches: None  # the kernel knows no directories there


def _refuse_open_files() -> None:
    open_here, replace, rename, unlink, link = os.open, os.replace, os.rename, os.unlink, os.link

    def opened(path, flags, mode=0o777, *, dir_fd=None):
        if isinstance(path, str | os.PathLike) and Path(path).is_dir():
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return open_here(path, flags, mode, dir_fd=dir_fd)

    def refused(*paths):
        if sys._getframe(2).f_globals["__name__"] == "tempfile":  # which asks Windows itself to delete its files
            return
        for path in paths:
            if _is_open(path):
                error = PermissionError(13, "The process cannot access the file because it is being used", path)
                error.winerror = _SHARING_VIOLATION
                raise error

    def replaced(source, target, **options):
        refused(source, target)
        replace(source, target, **options)

    def renamed(source, target, **options):
        if os.path.lexists(target):
            raise FileExistsError(17, "Cannot create a file when that file already exists", target)
        refused(source)
        rename(source, target, **options)

    def unlinked(path, **options):
        refused(path)
        unlink(path, **options)

    os.open, os.replace, os.rename, os.unlink, os.remove = opened, replaced, renamed, unlinked, unlinked
    os.link = lambda source, target, **options: link(source, target)


def _is_open(path) -> bool:
    """Whether this process has a file open, or one below a directory."""
    real = Path(path).resolve()
    for link in Path("/proc/self/fd").iterdir():
        try:
            found = link.readlink()
        except FileNotFoundError:  # that of the directory itself
            continue
        if found.is_relative_to(real):
            return True
    return False


become_windows()
