"""The pages by which web servers show what is in a directory: those of nginx, Apache and `python -m http.server`, and like ones."""

from __future__ import annotations

import json
import re
from html import unescape

from zarr._support.imports_on_use import importing

# Whatever is in a page, looking for these takes no longer than the page is long.
_TITLE = re.compile(r"<(?:title|h1)[^<>]*+>\s*+(?:Index of|Directory listing for)\b", re.IGNORECASE)
_ANCHOR = re.compile(r"""<a(?=\s)((?:[^>"']++|"[^"]*+"|'[^']*+')*+)""", re.IGNORECASE)
_LINK = re.compile(r"""\shref\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""", re.IGNORECASE)


def names_in(page: str, kind: str, url: str) -> list[str] | None:
    """The names that a page shows, those of directories with a slash at the end; None if it shows no directory.

    Parameters
    ----------
    page
        Its text.
    kind
        Its content type.
    url
        Where it is.

    Examples
    --------
    >>> page = (
    ...     '<h1>Index of /data/</h1><a href="../">../</a> <a href="a%20b/">a b/</a> <a href="zarr.json">zarr.json</a>'
    ... )
    >>> names_in(page, "text/html", "http://host/data/")
    ['a b/', 'zarr.json']
    >>> names_in("<h1>Welcome</h1>", "text/html", "http://host/data/")
    """
    if "json" in kind:
        return _names_in_json(page)
    if _TITLE.search(page) is None:
        return None
    with importing("urllib.parse"):
        from urllib.parse import unquote, urljoin, urlsplit

    here = urlsplit(url)
    names = []
    for anchor in _ANCHOR.finditer(page):
        found = _LINK.search(anchor[1])
        link = "" if found is None else unescape(next(filter(None, found.groups()), ""))
        try:
            there = urlsplit(urljoin(url, link))
        except ValueError:  # of what is no URL
            continue
        if there[:2] != here[:2] or there.query or not there.path.startswith(here.path):
            continue  # the directory above, other orders, other places
        name = unquote(there.path[len(here.path) :])
        if name and "/" not in name[:-1]:
            names.append(name)
    return list(dict.fromkeys(names))


def _names_in_json(page: str) -> list[str] | None:
    """As nginx writes it with `autoindex_format json`."""
    try:
        entries = json.loads(page)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list):
        return None
    names = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            return None
        names.append(entry["name"] + ("/" if entry.get("type") == "directory" else ""))
    return names
