"""The chunk grid `rectilinear` as documents state it: per axis one chunk length, or the lengths one by one.

A run of equal lengths may be written as `[length, count]`. It stays one: a document of a few bytes can say that there are a
billion chunks.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from zarr._grid.edges import Edges
from zarr._grid.grid import RectilinearGrid
from zarr._metadata.chunk_grid import ChunkGridMetadata
from zarr._metadata.fields import MAX_LENGTH, MAX_NDIM, parse_stored_shape, require
from zarr._support.document_errors import invalid, wrong_kind
from zarr._support.named_configuration import parse_named

if TYPE_CHECKING:
    from typing import Self

AxisLengths: TypeAlias = "int | Edges"

_FIELD = "chunk_grid.configuration.chunk_shapes"
_DRAFT_FIELD = "chunk_grid.configuration.chunk_shape"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class RectilinearChunkGridMetadata(ChunkGridMetadata):
    """Chunks of given lengths.

    Parameters
    ----------
    chunk_shapes
        Per axis the length of every chunk, or the length of each.

    Raises
    ------
    MetadataValidationError
        If an axis has no chunks, or a length is no integer of at least 1.

    Examples
    --------
    >>> RectilinearChunkGridMetadata(chunk_shapes=((2, 3, 3), 4)).to_dict()["configuration"]["chunk_shapes"]
    [[2, [3, 2]], 4]
    """

    lengths: tuple[AxisLengths, ...]
    chunk_shape: ClassVar[None] = None

    def __init__(self, *, chunk_shapes: Iterable[int | Iterable[int]]) -> None:
        axes = tuple(
            _edges(number, ((length, 1) for length in axis)) if isinstance(axis, Iterable) else _length(number, axis)
            for number, axis in enumerate(chunk_shapes)
        )
        object.__setattr__(self, "lengths", axes)

    @classmethod
    def of_lengths(cls, lengths: tuple[AxisLengths, ...]) -> Self:
        """Chunks of lengths that were looked at before."""
        self = cls.__new__(cls)
        object.__setattr__(self, "lengths", lengths)
        return self

    @property
    def chunk_shapes(self) -> tuple[int | tuple[int, ...], ...]:
        """Per axis the length of every chunk, or the length of each, however many there are."""
        return tuple(axis if isinstance(axis, int) else tuple(axis) for axis in self.lengths)

    @property
    def ndim(self) -> int:
        return len(self.lengths)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Parse the `chunk_grid` member of a document."""
        named = parse_named(data, "chunk_grid")
        if named.name != "rectilinear":
            raise invalid("chunk_grid.name", "'rectilinear'", named.name)
        return cls.of_configuration(named.configuration)

    @classmethod
    def of_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        require(configuration, ["kind", "chunk_shapes"])
        if configuration["kind"] != "inline":
            raise invalid("chunk_grid.configuration.kind", "'inline', the only known kind", configuration["kind"])
        _refuse_others(configuration, {"kind", "chunk_shapes"})
        return cls.of_lengths(_parse_axes(configuration["chunk_shapes"], _FIELD))

    def to_dict(self) -> dict[str, Any]:
        """The stored form."""
        shapes = [axis if isinstance(axis, int) else _stated(axis) for axis in self.lengths]
        return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": shapes}}

    def to_grid(self) -> RectilinearGrid:
        """The grid that plans work with."""
        return RectilinearGrid(self.lengths)

    @property
    def extremes(self) -> tuple[tuple[int, ...], ...]:
        largest, smallest, divisors = zip(*map(_extremes, self.lengths), strict=True) if self.lengths else ((), (), ())
        return tuple(dict.fromkeys((largest, smallest, divisors)))

    def check_covers(self, shape: tuple[int, ...]) -> None:
        if self.ndim != len(shape):
            raise invalid(_FIELD, f"{len(shape)} entries, one per dimension of shape {shape}", self.lengths)
        for number, (axis, length) in enumerate(zip(self.lengths, shape, strict=True)):
            if isinstance(axis, Edges) and axis.total < length:
                raise invalid(
                    f"{_FIELD}[{number}]", f"chunks that reach the end of the axis, which has the length {length}", axis
                )

    def check_divided(self, units: tuple[int, ...]) -> None:
        for number, (axis, unit) in enumerate(zip(self.lengths, units, strict=True)):
            if (axis if isinstance(axis, int) else axis.common_divisor) % unit:
                expected = f"shards of whole inner chunks; the length {unit} of these does not divide them"
                raise invalid(f"{_FIELD}[{number}]", expected, axis)

    def extended_to(self, shape: tuple[int, ...], units: tuple[int, ...]) -> Self:
        lengths = tuple(_extended(*each) for each in zip(self.lengths, shape, units, strict=True))
        return self if lengths == self.lengths else self.of_lengths(lengths)

    def update_shape(self, old_shape: tuple[int, ...], new_shape: tuple[int, ...]) -> Self:
        """The grid after a resize: where the chunks do not cover an axis, one more does."""
        if not self.ndim == len(old_shape) == len(new_shape):
            raise invalid("shape", f"{self.ndim} entries, as the chunk grid has axes", new_shape)
        return self.extended_to(new_shape, (1,) * self.ndim)

    def is_continued_by(self, other: ChunkGridMetadata) -> bool:
        return (
            isinstance(other, RectilinearChunkGridMetadata)
            and self.ndim == other.ndim
            and all(
                mine == its or (isinstance(mine, Edges) and isinstance(its, Edges) and mine.is_continued_by(its))
                for mine, its in zip(self.lengths, other.lengths, strict=True)
            )
        )

    def __repr__(self) -> str:
        return f"RectilinearChunkGridMetadata(chunk_shapes={self.lengths})"


def of_draft(configuration: Mapping[str, Any]) -> RectilinearChunkGridMetadata:
    """The same grid by the form that it had in a draft, as `rectangular`, which is read and never written."""
    require(configuration, ["chunk_shape"])
    _refuse_others(configuration, {"chunk_shape"})
    return RectilinearChunkGridMetadata.of_lengths(_parse_axes(configuration["chunk_shape"], _DRAFT_FIELD))


def spelt_out(configuration: Mapping[str, Any], shape: object) -> dict[str, Any]:
    """The document's member for the grid that is called `zarrs.regular_bounded`: chunks of one shape, cut at the array's end.

    That lets go of what chunks were cut to as soon as the shape changes. So it is read, and never written.

    >>> spelt_out({"chunk_shape": [4, 3]}, [10, 6])["configuration"]["chunk_shapes"]
    [[[4, 2], 2], 3]
    """
    require(configuration, ["chunk_shape"])
    _refuse_others(configuration, {"chunk_shape"})
    lengths = parse_stored_shape(configuration["chunk_shape"], _DRAFT_FIELD, minimum=1)
    ends = parse_stored_shape(shape)
    if len(lengths) != len(ends):
        raise invalid(_DRAFT_FIELD, f"{len(ends)} entries, one per dimension of shape {ends}", lengths)
    shapes = [length if end % length == 0 else _cut(length, end) for length, end in zip(lengths, ends, strict=True)]
    return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": shapes}}


def _cut(length: int, end: int) -> list[Any]:
    whole, rest = divmod(end, length)
    return [[length, whole], rest] if whole else [rest]


def _refuse_others(configuration: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(configuration.keys() - known):
        raise invalid("chunk_grid.configuration", f"no members beside {sorted(known)}", unknown)


def _parse_axes(data: object, field: str) -> tuple[AxisLengths, ...]:
    """Lengths out of a document."""
    if not isinstance(data, list | tuple):
        raise wrong_kind(field, "a list with an entry per dimension", data)
    if len(data) > MAX_NDIM:
        raise invalid(field, f"at most {MAX_NDIM} dimensions", f"{len(data)} dimensions")
    return tuple(
        _edges(number, _parse_runs(number, axis)) if isinstance(axis, list | tuple) else _length(number, axis)
        for number, axis in enumerate(data)
    )


def _parse_runs(number: int, entries: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for entry in entries:
        if not isinstance(entry, list | tuple):
            yield entry, 1
        elif len(entry) == 2:
            yield entry[0], _length(number, entry[1])
        else:
            raise invalid(f"{_FIELD}[{number}]", "chunk lengths, and runs of them as [length, count]", entry)


def _edges(number: int, runs: Iterable[tuple[Any, int]]) -> Edges:
    try:
        return Edges.of_runs((_length(number, length), count) for length, count in runs)
    except ValueError as exc:
        if type(exc) is not ValueError:
            raise
        raise invalid(f"{_FIELD}[{number}]", "the lengths of chunks", str(exc)) from None


def _length(number: int, entry: Any) -> int:
    field, expected = f"{_FIELD}[{number}]", "chunk lengths, which are integers of at least 1"
    if isinstance(entry, bool) or not hasattr(entry, "__index__"):
        raise wrong_kind(field, expected, entry)
    length = operator.index(entry)
    if not 1 <= length <= MAX_LENGTH:
        raise invalid(field, expected if length < 1 else "chunk lengths below 2**63", entry)
    return length


def _extremes(axis: AxisLengths) -> tuple[int, int, int]:
    return (axis,) * 3 if isinstance(axis, int) else (axis.largest, axis.smallest, axis.common_divisor)


def _stated(axis: Edges) -> list[int | list[int]]:
    return [length if count == 1 else [length, count] for length, count in axis.runs]


def _extended(axis: AxisLengths, length: int, unit: int) -> AxisLengths:
    if isinstance(axis, int) or (missing := length - axis.total) <= 0:
        return axis
    return axis.extended(-(-missing // unit) * unit)
