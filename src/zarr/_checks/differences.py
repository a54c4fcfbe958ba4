"""What two nodes differ in, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from zarr._checks.findings import Coords, counted

What: TypeAlias = Literal[
    "only-left",
    "only-right",
    "node-type",
    "unreadable",
    "shape",
    "dtype",
    "fill-value",
    "dimension-names",
    "attributes",
    "format",
    "chunks",
    "shards",
    "codecs",
    "values",
]
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """An element that differs.

    Attributes
    ----------
    coords
        Where it is.
    left, right
        What it is in each array.

    Examples
    --------
    >>> import zarr
    >>> found = zarr.diff(zarr.array([1, 2, 3]), zarr.array([1, 0, 3]))
    >>> found.differences[0].first[0].coords
    (1,)
    """

    coords: Coords
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two nodes differ.

    Attributes
    ----------
    path
        The node, relative to those that were compared.
    what
        In what: `"only-left"` and `"only-right"` for a node that one side has not; `"node-type"`, `"unreadable"`; `"shape"`,
        `"dtype"`, `"fill-value"`, `"dimension-names"`, `"attributes"`; `"format"`, `"chunks"`, `"shards"`, `"codecs"` for the layout;
        `"values"`.
    left, right
        What each side says; of values, how many elements differ, and of how many.
    first
        Of values, the first elements that differ, in C order of the slabs that were compared.
    largest
        Of values, the largest absolute difference of numbers.

    Examples
    --------
    >>> import zarr
    >>> (found,) = zarr.diff(zarr.zeros(3), zarr.zeros(4), layout=False).differences
    >>> found.what, found.left, found.right
    ('shape', (3,), (4,))
    """

    path: str
    what: What
    left: Any
    right: Any
    first: tuple[ValueDifference, ...] = ()
    largest: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        first = [
            {"coords": list(each.coords), "left": as_json(each.left), "right": as_json(each.right)}
            for each in self.first
        ]
        return {
            "path": self.path,
            "what": self.what,
            "left": as_json(self.left),
            "right": as_json(self.right),
            "first": first,
            "largest": as_json(self.largest),
        }

    def __str__(self) -> str:
        where = f"/{self.path}"
        if self.what in ("only-left", "only-right"):
            return f"{where}: {self.what}"
        if self.what == "values":
            shown = ", ".join(f"{each.coords}: {each.left} {each.right}" for each in self.first[:3])
            return f"{where}: values: {self.left} of {self.right} differ, {shown}"
        return f"{where}: {self.what}: {_shortened(self.left)} {_shortened(self.right)}"


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What `zarr.diff` found. True where there is a difference, as a list of differences is.

    Attributes
    ----------
    left, right
        What was compared.
    differences
        In what they differ.
    n_nodes
        How many nodes both sides have.
    n_elements
        How many elements were compared.

    Examples
    --------
    >>> import zarr
    >>> found = zarr.diff(zarr.ones(3), zarr.ones(3))
    >>> bool(found), found.n_elements
    (False, 3)
    """

    left: str
    right: str
    differences: tuple[Difference, ...] = ()
    n_nodes: int = 0
    n_elements: int = 0

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __len__(self) -> int:
        return len(self.differences)

    def of_what(self, what: What) -> tuple[Difference, ...]:
        """The differences of one sort.

        Parameters
        ----------
        what
            Its name.
        """
        return tuple(each for each in self.differences if each.what == what)

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        return {
            "left": self.left,
            "right": self.right,
            "n_nodes": self.n_nodes,
            "n_elements": self.n_elements,
            "differences": [each.to_dict() for each in self.differences],
        }

    def __repr__(self) -> str:
        n = len(self.differences)
        head = (
            f"{counted(n, 'difference')} between {self.left} and {self.right}"
            if n
            else f"equal: {self.left} and {self.right}"
        )
        lines = [head, f"  {counted(self.n_nodes, 'node')}, {counted(self.n_elements, 'element')} compared"]
        lines += [f"  {each}" for each in self.differences[:_SHOWN]]
        if n > _SHOWN:
            lines.append(f"  and {n - _SHOWN} more, in .differences")
        return "\n".join(lines)


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def as_json(value: Any) -> Any:
    """A value as JSON can say it: numbers and text as they are, anything else as text."""
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    return str(value)
