"""What a bug report needs, and the library's log."""

from __future__ import annotations

import logging
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from zarr._engine import extension

REQUIRED = ("packaging", "numpy", "numcodecs", "typing_extensions", "donfig", "google-crc32c")
OPTIONAL = ("botocore", "cupy-cuda12x", "fsspec", "s3fs", "gcsfs", "universal-pathlib", "obstore")

_logger = logging.getLogger("zarr")


def print_debug_info() -> None:
    """Print versions of the platform, of this library and of what it uses, for bug reports.

    Examples
    --------
    >>> import zarr
    >>> zarr.print_debug_info()  # doctest: +ELLIPSIS
    platform: ...
    """
    print(debug_info())  # noqa: T201  # what it is for


def debug_info() -> str:
    """What `print_debug_info` prints."""
    info = extension.build_info()
    found = {name: _version(name) for name in OPTIONAL}
    lines = [
        f"platform: {platform.platform()}",
        f"python: {platform.python_version()}",
        f"zarr: {_version('zarr')}",
        f"engine: {extension.load_problem() if info is None else info}",
        "",
        "**Required dependencies:**",
        *(f"{name}: {_version(name) or 'not installed'}" for name in REQUIRED),
        "",
        "**Optional dependencies:**",
        *(f"{name}: {number}" for name, number in found.items() if number is not None),
        "",
        "**Not Installed:**",
        *(name for name, number in found.items() if number is None),
    ]
    return "\n".join(lines)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def set_log_level(level: Literal["NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]) -> None:
    """Choose from which level on the library's log messages are shown.

    Parameters
    ----------
    level
        Name of a level of the module `logging`.

    Raises
    ------
    ValueError
        If there is no such level.
    """
    _ensure_handler()
    _logger.setLevel(level)


def set_format(log_format: str) -> None:
    """Choose the format of the library's log messages.

    Parameters
    ----------
    log_format
        As `logging.Formatter` takes it.
    """
    _ensure_handler()
    for handler in _logger.handlers:
        handler.setFormatter(logging.Formatter(log_format))


def _ensure_handler() -> None:
    if not _logger.handlers:
        _logger.addHandler(logging.StreamHandler())
