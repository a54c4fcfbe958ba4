"""The form that format 3 gives to everything that can be extended: a name and a configuration.

A document may write `{"name": ..., "configuration": {...}, "must_understand": ...}`, or the bare name where there is
nothing to configure. Both are read; what we write ourselves is always the object. One parser serves codecs, data types,
chunk grids and chunk key encodings, so that they take the same forms. `must_understand` has to be a boolean, as a word
could mean either; it changes nothing, as nothing of these can be left out without changing what the data mean. A null
configuration is none: the format does not have it, but it leaves no doubt, and arrays with such codecs were always read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from zarr._support.document_errors import invalid, wrong_kind

_MEMBERS = frozenset({"name", "configuration", "must_understand"})


class Named(NamedTuple):
    """A parsed extension.

    Attributes
    ----------
    name
        Registered name.
    configuration
        Its settings; empty if the document has none.
    """

    name: str
    configuration: dict[str, Any]


def parse_named(data: object, field: str) -> Named:
    """Read one extension.

    Parameters
    ----------
    data
        The member's value.
    field
        Its name, for the error text.

    Raises
    ------
    MetadataValidationError
        If it is neither a name nor an object of the members above.

    Examples
    --------
    >>> parse_named("v2", "chunk_key_encoding")
    Named(name='v2', configuration={})
    """
    if isinstance(data, str):
        return Named(data, {})
    if not isinstance(data, Mapping):
        raise wrong_kind(field, "a name or an object with a 'name'", data)
    name = data.get("name")
    if not isinstance(name, str):
        raise invalid(field, "an object whose 'name' is a string", data)
    if unknown := sorted(map(str, data.keys() - _MEMBERS)):
        raise invalid(field, f"no members of {name!r} beside 'name' and 'configuration'", unknown)
    if not isinstance(data.get("must_understand", True), bool):
        raise invalid(f"{field}.must_understand", f"true or false for {name!r}", data["must_understand"])
    configuration = data.get("configuration")
    if configuration is None:
        return Named(name, {})
    if not isinstance(configuration, Mapping):
        raise wrong_kind(f"{field}.configuration", f"an object with the settings of {name!r}", configuration)
    return Named(name, dict(configuration))
