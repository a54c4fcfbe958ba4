"""Local paths as URLs, so that the text of a store opens the same store again, whatever its directory is called.

Such a URL is the path behind `file://`, as zarr-python shows it: `file:///data/a b.zarr`, or `file://b.zarr` for a relative
one. Only what would mean something else in a URL is encoded: `%`, `#` and `?`.
"""

from __future__ import annotations

import os

from zarr._store import system
from zarr._support.imports_on_use import importing

_SCHEME = "file://"
_HOST = "localhost"
_ENCODED = str.maketrans({character: f"%{ord(character):02X}" for character in "%#?"})


def to_url(path: str) -> str:
    """The URL of a path, with slashes.

    Examples
    --------
    >>> to_url("/data/100% a.zarr"), to_url("data.zarr")
    ('file:///data/100%25 a.zarr', 'file://data.zarr')
    """
    if system.IS_WINDOWS and path[1:2] == ":":  # the letter of a drive
        path = f"/{path}"
    if path == _HOST or path.startswith(f"{_HOST}/"):  # a relative one
        path = f"./{path}"
    return _SCHEME + path.translate(_ENCODED)


def is_url(text: str) -> bool:
    """Whether a text is the URL of a local path."""
    return text[: len(_SCHEME)].lower() == _SCHEME


def from_url(url: str) -> str:
    """The path that a URL names. Bytes that are no UTF-8 are as in the names of files.

    Examples
    --------
    >>> from_url("file:///data/with%20space"), from_url("file://localhost/data"), from_url("file://data")
    ('/data/with space', '/data', 'data')
    """
    with importing("urllib.parse"):  # on use: most stores are plain paths
        from urllib.parse import unquote_to_bytes

    path = url[len(_SCHEME) :]
    if path.startswith(f"{_HOST}/"):
        path = path.removeprefix(_HOST)
    if system.IS_WINDOWS and path[:1] == "/" and path[2:3] == ":":
        path = path[1:]
    return path if "%" not in path else os.fsdecode(unquote_to_bytes(os.fsencode(path)))
