"""The form that format 3 gives to everything that can be extended: a name and a configuration.

A document may write `{"name": ..., "configuration": {...}, "must_understand": ...}`, or the bare name where there is
nothing to configure. Both are read; what we write ourselves is always the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zarr._support.document_errors import invalid, wrong_kind

_MEMBERS = frozenset({"name", "configuration", "must_understand"})


@dataclass(frozen=True, slots=True)
class Named:
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
        raise invalid(f"{field}.name", "a string", name)
    if unknown := sorted(map(str, data.keys() - _MEMBERS)):
        raise invalid(field, "no members beside 'name' and 'configuration'", unknown)
    if not isinstance(data.get("must_understand", True), bool):
        raise invalid(f"{field}.must_understand", "true or false", data["must_understand"])
    configuration = data.get("configuration", {})
    if not isinstance(configuration, Mapping):
        raise invalid(f"{field}.configuration", "an object", configuration)
    return Named(name, dict(configuration))
