"""`diff`: in what two nodes differ, their metadata and their elements, slab by slab."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex

import numpy as np

from zarr._buffer.memory import empty
from zarr._checks.differences import Comparison, Difference, ValueDifference, What
from zarr._checks.places import Place, place_of
from zarr._flow.drive import run
from zarr._flow.load import look, not_found
from zarr._flow.members import members
from zarr._flow.node import ArrayNode
from zarr._flow.objects import read
from zarr._flow.paths import join
from zarr._flow.requests import Compute, Flow, Together
from zarr._metadata.formats import layout_of
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._plan.slabs import Part, parts
from zarr._selection import basic
from zarr._support.sizes import parse_nbytes
from zarr._support.truth import truth
from zarr.errors import ArgumentError, NodeNotFoundError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._metadata.group import ArrayMetadata, ListedMetadata

Progress = Callable[[int, int], Any]
_UNKNOWN_ITEM_NBYTES = 64
_NUMBERS = "biufc"
_BLOCK = 2**18


def diff(
    a: Any,
    b: Any,
    *,
    rtol: SupportsFloat = 0.0,
    atol: SupportsFloat = 0.0,
    equal_nan: bool = True,
    layout: bool = True,
    values: bool = True,
    most: SupportsIndex = 10,
    max_memory: int | str = "64MB",
    progress: Progress | None = None,
) -> Comparison:
    """Compare two arrays, or two groups with all that is below them: metadata and elements.

    Elements are read slab by slab, so that arrays of any size can be compared.

    Parameters
    ----------
    a, b
        An array or a group each, in either form, or where one is: whatever `zarr.open` takes.
    rtol, atol
        Numbers are equal if they differ by at most `atol + rtol * abs(b)`.
    equal_nan
        Whether NaN is equal to NaN, and "no time" to "no time", whatever their bits.
    layout
        Whether format, chunks, shards and codecs are compared too. False asks whether the data are the same, however they are stored.
    values
        Whether elements are compared.
    most
        So many elements that differ are shown of each array.
    max_memory
        How large the slabs of both sides may be together: bytes, or a text like `"64MB"`. They are never less than one chunk each.
    progress
        Called here with the numbers of elements that were compared, and of all.

    Returns
    -------
    Comparison
        The differences. True if there is one.

    Raises
    ------
    NodeNotFoundError
        If one of them is not there.
    CodecError
        If a chunk cannot be decoded; `zarr.verify` tells which.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> a = zarr.array(np.arange(12.0).reshape(3, 4), chunks=(2, 2))
    >>> b = zarr.array(a[:], chunks=(3, 4))
    >>> bool(zarr.diff(a, b, layout=False))
    False
    >>> b[1, 2] += 0.5
    >>> found = zarr.diff(a, b)
    >>> [each.what for each in found.differences]
    ['chunks', 'values']
    >>> found.differences[1].first, found.differences[1].largest
    ((ValueDifference(coords=(1, 2), left=np.float64(6.0), right=np.float64(6.5)),), 0.5)
    """
    rules = Rules(_tolerance(rtol, "rtol"), _tolerance(atol, "atol"), equal_nan=truth("equal_nan", equal_nan))
    comparing = _Comparing(
        place_of(a),
        place_of(b),
        rules,
        layout=truth("layout", layout),
        values=truth("values", values),
        most=max(0, int(most)),
        nbytes=parse_nbytes(max_memory, "max_memory") // 2,
        progress=progress,
    )
    return run(comparing.flow())


def _tolerance(given: SupportsFloat, argument: str) -> float:
    number = float(given)
    if not number >= 0:
        raise ArgumentError(f"{argument} must be a number of at least 0, got {given!r}")
    return number


@dataclass(frozen=True, slots=True)
class Rules:
    """When two elements are equal.

    Attributes
    ----------
    rtol, atol, equal_nan
        As of `diff`.
    """

    rtol: float = 0.0
    atol: float = 0.0
    equal_nan: bool = True

    def differ(self, left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Where elements of two arrays of one shape differ.

        Examples
        --------
        >>> Rules(atol=0.1).differ(np.array([1.0, np.nan, 2.0]), np.array([1.05, np.nan, 3.0]))
        array([False, False,  True])
        """
        if left.dtype.names is not None and left.dtype.names == right.dtype.names:
            found = np.zeros(left.shape, np.bool_)
            for name in left.dtype.names:
                fields = self.differ(left[name], right[name])
                found |= fields if fields.ndim == left.ndim else fields.any(axis=tuple(range(left.ndim, fields.ndim)))
            return found
        if left.dtype.kind == "O" or right.dtype.kind == "O":
            same = [self._are_same(a, b) for a, b in zip(left.ravel(), right.ravel(), strict=True)]
            unequal: npt.NDArray[np.bool_] = ~np.array(same, np.bool_).reshape(left.shape)
            return unequal
        with np.errstate(all="ignore"):
            different: npt.NDArray[np.bool_] = np.asarray(left != right)
            if self.equal_nan and different.any():
                different &= ~(np.asarray(left != left) & np.asarray(right != right))  # noqa: PLR0124  # NaN, in any type
            if (self.rtol or self.atol) and left.dtype.kind in _NUMBERS and right.dtype.kind in _NUMBERS:
                different &= ~self._are_close(left, right)
        return different

    def _are_close(self, left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        if left.dtype.kind in "iu" and left.dtype == right.dtype:  # exactly, where floats would round
            unsigned = np.dtype(f"u{left.dtype.itemsize}")
            large, small = np.maximum(left, right).astype(unsigned), np.minimum(left, right).astype(unsigned)
            apart = (large - small).astype(np.float64)
        else:
            apart = np.abs(_wide(left) - _wide(right))
        size = np.abs(_wide(right))
        close: npt.NDArray[np.bool_] = (apart <= self.atol + self.rtol * size) & np.isfinite(size)
        return close

    def _are_same(self, left: Any, right: Any) -> bool:
        if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
            left, right = np.asarray(left), np.asarray(right)
            return left.shape == right.shape and not self.differ(left, right).any()
        return bool(left == right) or self.equal_nan and bool(left != left) and bool(right != right)  # noqa: PLR0124


def _wide(elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return elements.astype(np.complex128 if elements.dtype.kind == "c" else np.float64)


@dataclass(slots=True)
class _Values:
    """What the slabs of two arrays brought.

    Attributes
    ----------
    n_different, first, largest
        How many elements differ, the first of them, and the largest difference.
    """

    n_different: int = 0
    first: list[ValueDifference] = field(default_factory=list)
    largest: float | None = None

    def take_apart(self, left: npt.NDArray[Any], right: npt.NDArray[Any]) -> None:
        """Take in by how much elements differ."""
        with np.errstate(all="ignore"):
            apart = np.abs(_wide(left) - _wide(right))
        known = apart[~np.isnan(apart)]
        if known.size:
            self.largest = max(self.largest or 0.0, float(known.max()))


class _Comparing:
    """One comparison.

    Parameters
    ----------
    left, right, rules, layout, values, most, nbytes, progress
        As they were asked for; the bytes are of one side.
    """

    def __init__(
        self,
        left: Place,
        right: Place,
        rules: Rules,
        *,
        layout: bool,
        values: bool,
        most: int,
        nbytes: int,
        progress: Progress | None,
    ) -> None:
        self._sides = (left, right)
        self._rules, self._layout, self._values = rules, layout, values
        self._most, self._nbytes, self._progress = most, nbytes, progress
        self._found: list[Difference] = []
        self._n_compared = self._n_all = 0

    def flow(self) -> Flow[Comparison]:
        """The whole of it."""
        left, right = yield Together(_nodes(side) for side in self._sides)
        self._only(left, right)
        both = [path for path in left if path in right]
        arrays = [path for path in both if self._compare(path, left[path], right[path])]
        self._n_all = sum(math.prod(left[path].shape) for path in arrays)
        for path in arrays:
            yield from self._compare_values(path, left[path], right[path])
        return Comparison(self._sides[0].text, self._sides[1].text, tuple(self._sorted()), len(both), self._n_compared)

    def _sorted(self) -> Iterator[Difference]:
        yield from sorted(self._found, key=lambda each: each.path.split("/"))

    def _only(self, left: Mapping[str, ListedMetadata], right: Mapping[str, ListedMetadata]) -> None:
        for path in left.keys() - right.keys():
            self._add(path, "only-left", _said(left[path]), None)
        for path in right.keys() - left.keys():
            self._add(path, "only-right", None, _said(right[path]))

    def _add(self, path: str, what: What, left: Any, right: Any) -> None:
        self._found.append(Difference(path, what, left, right))

    # -- metadata -----------------------------------------------------------------------------------------------

    def _compare(self, path: str, left: ListedMetadata, right: ListedMetadata) -> bool:
        """Compare what two nodes say; whether they are arrays whose elements can be compared."""
        if isinstance(left, UnreadableMetadata) or isinstance(right, UnreadableMetadata):
            self._add(path, "unreadable", *(_reason(side) for side in (left, right)))
            return False
        if isinstance(left, GroupMetadata) or isinstance(right, GroupMetadata):
            kinds = [_said(side) for side in (left, right)]
            if kinds[0] != kinds[1]:
                self._add(path, "node-type", *kinds)
                return False
            self._compare_members(path, _of_group(left), _of_group(right))
            return False
        self._compare_members(path, _of_array(left), _of_array(right))
        return self._values and left.shape == right.shape and _are_comparable(left, right)

    def _compare_members(self, path: str, left: dict[What, Any], right: dict[What, Any]) -> None:
        for what, said in left.items():
            if what in _LAYOUT and not self._layout:
                continue
            if not _says_same(said, right[what]):
                self._add(path, what, said, right[what])

    # -- elements -----------------------------------------------------------------------------------------------

    def _compare_values(self, path: str, left: ArrayMetadata, right: ArrayMetadata) -> Flow[None]:
        nodes = [
            side.array(join(side.at.path, path), node) for side, node in zip(self._sides, (left, right), strict=True)
        ]
        values = _Values()
        selection = basic(Ellipsis, left.shape)
        spec = nodes[0].view.spec
        room = (
            self._nbytes if spec.dtype.kind not in "OT" else self._nbytes * spec.dtype.itemsize // _UNKNOWN_ITEM_NBYTES
        )
        slabs = parts(spec, selection, max(1, room)) if left.shape else iter((Part(selection, ()),))
        for slab in slabs:
            sides = yield Together(_read(node, slab) for node in nodes)
            yield Compute(self._compare_slab, (values, slab, *sides))
            self._n_compared += math.prod(slab.selection.shape)
            if self._progress is not None:
                self._progress(self._n_compared, self._n_all)
        if values.n_different:
            n = math.prod(left.shape)
            self._found.append(Difference(path, "values", values.n_different, n, tuple(values.first), values.largest))

    def _compare_slab(self, values: _Values, slab: Part, left: npt.NDArray[Any], right: npt.NDArray[Any]) -> None:
        """Compare block by block: what is computed on the way takes several times the memory."""
        starts = [run.start for run in slab.region]
        flat_left, flat_right = left.reshape(-1), right.reshape(-1)
        for first in range(0, flat_left.size, _BLOCK):
            a, b = flat_left[first : first + _BLOCK], flat_right[first : first + _BLOCK]
            at = np.flatnonzero(self._rules.differ(a, b))
            if not at.size:
                continue
            values.n_different += at.size
            for number in at[: max(0, self._most - len(values.first))].tolist():
                inside = np.unravel_index(first + number, left.shape) if left.ndim else ()
                coords = tuple(int(c) + start for c, start in zip(inside, starts, strict=True))
                values.first.append(ValueDifference(coords, a[number], b[number]))
            if a.dtype.kind in _NUMBERS and b.dtype.kind in _NUMBERS:
                values.take_apart(a[at], b[at])


_LAYOUT: frozenset[What] = frozenset({"format", "chunks", "shards", "codecs"})


def _nodes(place: Place) -> Flow[dict[str, ListedMetadata]]:
    """The node at a place, and all below it, by relative path."""
    root = yield from look(place.at)
    if root is None:
        raise not_found(NodeNotFoundError, place.at)
    found: dict[str, ListedMetadata] = {"": root}
    if isinstance(root, GroupMetadata):
        found |= dict((yield from members(place.at, None, quietly=True)))
    return found


def _read(node: ArrayNode, slab: Part) -> Flow[npt.NDArray[Any]]:
    view = node.view
    memory = empty(slab.selection.shape, view.spec.dtype)
    yield from read(node, view, slab.selection, memory)
    return memory


def _of_group(node: Any) -> dict[What, Any]:
    return {"attributes": dict(node.attributes), "format": node.zarr_format}


def _of_array(node: ArrayMetadata) -> dict[What, Any]:
    layout = layout_of(node)
    names, attributes = layout.dimension_names_of(node)
    return {
        "shape": node.shape,
        "dtype": str(_dtype(node)),
        "fill-value": node.fill_value,
        "dimension-names": None if names is None or not any(names) else tuple(names),
        "attributes": dict(attributes),
        "format": node.zarr_format,
        "chunks": _chunks(node),
        "shards": node.shards if node.is_sharded else None,
        "codecs": tuple((name, dict(configuration)) for name, configuration in layout.codecs_of(node)),
    }


def _dtype(node: ArrayMetadata) -> np.dtype[Any]:
    dtype: np.dtype[Any] = node.dtype.to_native_dtype()
    return dtype if dtype.kind == "T" else dtype.newbyteorder("=")


def _chunks(node: ArrayMetadata) -> Any:
    try:
        return node.chunks
    except NotImplementedError:  # they differ
        return node.chunk_grid.to_dict()


def _are_comparable(left: ArrayMetadata, right: ArrayMetadata) -> bool:
    """Whether elements of two arrays may be equal: those of one type, numbers, texts."""
    kinds = [_dtype(node).kind for node in (left, right)]
    if _dtype(left) == _dtype(right):
        return True
    return all(kind in _NUMBERS for kind in kinds) or all(kind in "UTO" for kind in kinds)


def _says_same(left: Any, right: Any) -> bool:
    """Whether two members are equal; NaN is equal to itself here."""
    if isinstance(left, np.generic | np.ndarray) or isinstance(right, np.generic | np.ndarray):
        a, b = np.asarray(left), np.asarray(right)
        return a.shape == b.shape and (left is None) == (right is None) and not Rules().differ(a, b).any()
    return bool(left == right) or repr(left) == repr(right)


def _said(node: ListedMetadata) -> str:
    if isinstance(node, UnreadableMetadata):
        return node.node_type
    return "group" if isinstance(node, GroupMetadata) else "array"


def _reason(node: ListedMetadata) -> str | None:
    return node.reason if isinstance(node, UnreadableMetadata) else None
