"""Reading the configuration of a codec, key by key. An unknown key is an error: it could change what the bytes mean."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from zarr._support.named_configuration import parse_named
from zarr._support.truth import boolean
from zarr.errors import MetadataTypeError, MetadataValidationError


def read_configuration(
    data: object, names: Collection[str], keys: Collection[str], required: Collection[str] = ()
) -> dict[str, Any]:
    """The configuration of one codec, with its keys checked.

    Parameters
    ----------
    data
        Stored form.
    names
        Names this codec goes by, the registered one first.
    keys, required
        Keys that may, and that must, be there.

    Raises
    ------
    MetadataValidationError
        Naming the codec and the key.
    """
    name, configuration = parse_named(data, "codec")
    if name not in names:
        raise MetadataValidationError(f"expected the description of codec {next(iter(names))!r}; got that of {name!r}")
    for key in configuration:
        if key not in keys:
            allowed = ", ".join(sorted(keys)) or "none"
            raise MetadataTypeError(f"codec {name!r} has no configuration key {key!r}; known keys: {allowed}")
    for key in required:
        if key not in configuration:
            raise MetadataTypeError(f"codec {name!r} needs the configuration key {key!r}")
    return configuration


def check_int(codec: str, key: str, value: object, low: int, high: int | None = None) -> int:
    """A whole number in `low..high`. Raises TypeError or ValueError naming codec and key."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{key} of codec {codec!r} must be an integer; got {value!r} of type {type(value).__name__}")
    number = int(value.__index__())
    if number < low or (high is not None and number > high):
        bounds = f"at least {low}" if high is None else f"in the range {low} to {high}"
        raise ValueError(f"{key} of codec {codec!r} must be {bounds}; got {number}")
    return number


def check_choice(codec: str, key: str, value: object, choices: Collection[str]) -> str:
    """One of some strings; an enumeration member stands for its value. Raises ValueError naming codec and key."""
    plain = getattr(value, "value", value)
    if not isinstance(plain, str) or plain not in choices:
        raise ValueError(f"{key} of codec {codec!r} must be one of {', '.join(choices)}; got {value!r}")
    return plain


def check_bool(codec: str, key: str, value: object) -> bool:
    """A truth value. Raises TypeError naming codec and key."""
    return boolean(f"{key} of codec {codec!r}", value)
