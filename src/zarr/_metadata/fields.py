"""Checks of the members that documents of several kinds share: shapes, names, attributes, unknown members.

Each function takes a member's value, from a parsed document or from a caller, and returns it in the one form that the
rest of the library uses, or raises. Lengths stay Python integers: their products overflow nothing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from zarr._support.document_errors import invalid, wrong_kind
from zarr._support.plain import copied
from zarr.errors import MetadataTypeError, MetadataValidationError, NodeTypeValidationError

MAX_NDIM = 64
"""NumPy's limit."""
MAX_LENGTH = 2**63 - 1
"""Positions along one axis are signed 64-bit integers."""


def parse_shape(data: object, field: str = "shape", *, minimum: int = 0) -> tuple[int, ...]:
    """A tuple of lengths, from a sequence of integers or from one integer.

    Raises
    ------
    MetadataValidationError
        If an entry is no integer (booleans and floats are none) or out of range, or there are too many.

    Examples
    --------
    >>> parse_shape([3, 0])
    (3, 0)
    """
    if (
        type(data) is tuple
        and len(data) <= MAX_NDIM
        and all(type(n) is int and minimum <= n <= MAX_LENGTH for n in data)
    ):
        return data  # as nearly every shape that is asked about
    entries = data if isinstance(data, Iterable) and not isinstance(data, str | bytes | Mapping) else (data,)
    shape = tuple(_parse_length(entry, data, field, minimum) for entry in entries)
    if len(shape) > MAX_NDIM:
        raise invalid(field, f"at most {MAX_NDIM} dimensions", f"{len(shape)} dimensions")
    return shape


def parse_stored_shape(data: object, field: str = "shape", *, minimum: int = 0) -> tuple[int, ...]:
    """A shape out of a document: a JSON list, nothing else."""
    if not isinstance(data, list | tuple):
        raise wrong_kind(field, "a list of integers", data)
    return parse_shape(data, field, minimum=minimum)


def _parse_length(entry: object, data: object, field: str, minimum: int) -> int:
    expected = f"integers of at least {minimum}"
    if isinstance(entry, bool) or not hasattr(entry, "__index__"):
        raise wrong_kind(field, expected, data)
    try:
        length = operator.index(entry)
    except TypeError:  # arrays have the method and refuse
        raise wrong_kind(field, expected, data) from None
    if length < minimum:
        raise invalid(field, expected, data)
    if length > MAX_LENGTH:
        raise invalid(field, "lengths below 2**63", data)
    return length


def parse_attributes(data: object) -> dict[str, Any]:
    """Attributes as a dict of their own; null and `[]`, which other writers leave, read as none.

    Examples
    --------
    >>> parse_attributes(None)
    {}
    """
    if type(data) is dict:
        return dict(data)
    if data is None or data == []:
        return {}
    if not isinstance(data, Mapping):
        raise wrong_kind("attributes", "an object", data)
    return dict(data)


def parse_dimension_names(data: object, ndim: int | None = None) -> tuple[str | None, ...] | None:
    """Names of the axes, `None` where one has none; null for the whole member reads as absent.

    Examples
    --------
    >>> parse_dimension_names(["x", None], 2)
    ('x', None)
    """
    if data is None:
        return None
    if isinstance(data, str) or not isinstance(data, Iterable):
        raise wrong_kind("dimension_names", "a list of strings and nulls", data)
    names = tuple(data)
    if not all(name is None or isinstance(name, str) for name in names):
        raise wrong_kind("dimension_names", "a list of strings and nulls", data)
    if not names and ndim:
        return None  # what zarr-python takes it for: no names, rather than too few
    if ndim is not None and len(names) != ndim:
        raise invalid("dimension_names", f"{ndim} entries, one per dimension", data)
    return names


def parse_stored_dimension_names(data: object, shape: object) -> tuple[str | None, ...] | None:
    """Names out of a document, of which there must be as many as axes; a caller's empty list says that there are none."""
    names = parse_dimension_names(data)
    if names == () and shape:
        raise invalid("dimension_names", "one entry per dimension, or no such member", data)
    return names


def parse_extra_fields(data: Mapping[str, Any] | None, known: Iterable[str]) -> dict[str, Any]:
    """Members that format 3 does not define: allowed only if they say that they may be ignored.

    Raises
    ------
    MetadataValidationError
        If one is not an object with `"must_understand": false`, or has the name of a known member.
    """
    if not data:
        return {}
    extra = dict(data)
    if clash := sorted(extra.keys() & set(known)):
        raise MetadataValidationError(f"extra fields may not have the names of defined members: {clash}")
    refused = [
        name
        for name, value in extra.items()
        if not (isinstance(value, Mapping) and value.get("must_understand") is False)
    ]
    if refused:
        raise MetadataValidationError(
            f"unknown members {refused}, and nothing says that they may be ignored "
            '("must_understand": false). They change what the data means: read this node with the software '
            "that wrote it, or remove them if they are a mistake."
        )
    return extra


def strict_fill_value(data: object) -> object:
    """A fill value without the bare tokens `NaN` and `Infinity`, which JSON has not: as the strings of both formats.

    Examples
    --------
    >>> strict_fill_value([float("-inf"), 1.5])
    ['-Infinity', 1.5]
    """
    if isinstance(data, list):
        return [strict_fill_value(entry) for entry in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    return data


def require(document: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise `MetadataValidationError` unless all members are there; `NodeTypeValidationError` if it is the node type."""
    if missing := [name for name in names if name not in document]:
        kind = NodeTypeValidationError if "node_type" in missing else MetadataTypeError
        raise kind(
            f"required members are missing: {missing}. The document is incomplete; restore it from a copy or add them."
        )


def check_format(document: Mapping[str, Any], expected: int) -> None:
    """Raise `MetadataValidationError` unless `zarr_format` is the integer `expected`."""
    found = document.get("zarr_format")
    if type(found) is not int or found != expected:
        raise invalid("zarr_format", f"the integer {expected}", found)


def as_members(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a document as `to_dict` gives it: lists as tuples, but in what is said by users and by data types.

    >>> as_members({"shape": [1, 2], "attributes": {"a": [1]}})
    {'shape': (1, 2), 'attributes': {'a': [1]}}
    """
    return {name: copied(value) if name in _AS_SAID else _tupled(value) for name, value in document.items()}


_AS_SAID = frozenset({"attributes", ".zattrs", "data_type", "dtype"})


Frozen = TypeVar("Frozen", bound=Hashable)


def twin_of(node: Frozen, **changed: Any) -> Frozen:
    """A copy of a frozen dataclass with slots, with some members changed, which nothing checks.

    Every node that is opened again is such a copy. (Not by `copy`, which imports something: too late where Python exits.)
    """
    kind = type(node)
    values, setters = _members_of(kind)
    twin = object.__new__(kind)
    for put, value in zip(setters.values(), values(node), strict=True):
        put(twin, value)
    for name, value in changed.items():
        setters[name](twin, value)
    return twin


def fill_members(node: Hashable, members: Mapping[str, Any]) -> None:
    """Set members of a frozen dataclass with slots, which nothing checks."""
    _, setters = _members_of(type(node))
    for name, value in members.items():
        setters[name](node, value)


@cache
def _members_of(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, Callable[[Any, Any], None]]]:
    """What gets the members of a dataclass, of which there are several, and what sets each of them."""
    names = tuple(kind.__dataclass_fields__)
    return operator.attrgetter(*names), {name: getattr(kind, name).__set__ for name in names}


def _tupled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _tupled(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_tupled(member) for member in value)
    return value
