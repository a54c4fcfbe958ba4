"""Keys: what every store can take as the name of a value."""

from __future__ import annotations

from zarr.errors import StoreKeyError

_NO_SEGMENTS = frozenset(("", ".", ".."))


def is_key(text: str) -> bool:
    """Whether every store can take a text as a key."""
    return "\0" not in text and _NO_SEGMENTS.isdisjoint(text.split("/"))


def check_key(key: str) -> str:
    """Return the key if every store can take it; raise `StoreKeyError` otherwise.

    A key is a non-empty sequence of non-empty segments joined by `/`; no segment is `.` or `..`, and none holds
    a NUL character.
    """
    if not isinstance(key, str):
        raise TypeError(f"a store key is a str, got {type(key).__name__}")
    if not is_key(key):
        raise StoreKeyError(
            f"{key!r} is not a valid store key: keys are relative, without empty, '.' or '..' segments. "
            "Use a path inside the store."
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return what precedes the last slash of a key's beginning if a valid key can begin so; raise otherwise."""
    above = prefix.rpartition("/")[0]
    return above and check_key(above)
