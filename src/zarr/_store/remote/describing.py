"""What may be said of a place in a file system: its URL, without what nobody else should know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SECRET = re.compile(r"secret|token|passw|passphrase|key|sas|credential|connection_string|auth|cookie", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"(https?://[^\s?'\"]*)\?[^\s'\"]*")
_HIDDEN = "***"


def url_of(fs: Any, path: str) -> str:
    """The URL of a path, without passwords in it and without a query, where signatures are."""
    try:
        url = fs.unstrip_protocol(path)
    except (NotImplementedError, TypeError, ValueError):
        protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
        url = f"{protocol}://{path}"
    if url.startswith(("http://", "https://")):
        url, _, query = url.partition("?")
        return without_credentials(url) + (f"?{_HIDDEN}" if query else "")
    return without_credentials(url)


def without_credentials(text: str) -> str:
    """A text in which URLs have neither users nor queries.

    Examples
    --------
    >>> without_credentials("cannot read http://me:password@host/a?signature=1234")
    'cannot read http://***@host/a?***'
    """
    return _QUERY.sub(rf"\1?{_HIDDEN}", _USER.sub(f"{_HIDDEN}@", text))


def without_secrets(text: str, fs: Any) -> str:
    """A text of somebody else's, without what the file system was given to log in with."""
    for secret in sorted(_secrets(getattr(fs, "storage_options", None) or {}), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return without_credentials(text)


def _secrets(options: Mapping[Any, Any], *, inside: bool = False) -> Iterator[str]:
    for name, value in options.items():
        is_secret = inside or _SECRET.search(str(name)) is not None
        if isinstance(value, Mapping):
            yield from _secrets(value, inside=is_secret)
        elif is_secret and isinstance(value, str) and len(value) > 3:
            yield value
