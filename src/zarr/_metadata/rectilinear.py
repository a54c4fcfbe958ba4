"""The chunk grid `rectilinear` as documents state it: per axis one chunk length, or the lengths one by one.

A run of equal lengths may be written as `[length, count]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from zarr._support.named_configuration import parse_named
from zarr.errors import MetadataValidationError

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class RectilinearChunkGridMetadata:
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

    chunk_shapes: tuple[int | tuple[int, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "chunk_shapes", tuple(map(_parse_axis, range(len(self.chunk_shapes)), self.chunk_shapes))
        )

    @property
    def ndim(self) -> int:
        return len(self.chunk_shapes)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Parse the `chunk_grid` member of a document."""
        named = parse_named(data, "chunk_grid")
        kind, shapes = named.configuration.get("kind"), named.configuration.get("chunk_shapes")
        if named.name != "rectilinear" or kind != "inline" or not isinstance(shapes, list | tuple):
            raise MetadataValidationError(
                "a rectilinear chunk grid has the name 'rectilinear', and in its configuration the kind 'inline' and a "
                f"list of chunk_shapes; got {data!r}"
            )
        return cls(chunk_shapes=tuple(_expand(axis) if isinstance(axis, list | tuple) else axis for axis in shapes))

    def to_dict(self) -> dict[str, Any]:
        """The stored form."""
        shapes = [_compress(axis) if isinstance(axis, tuple) else axis for axis in self.chunk_shapes]
        return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": shapes}}

    def update_shape(self, old_shape: tuple[int, ...], new_shape: tuple[int, ...]) -> Self:
        """The grid after a resize: where the chunks do not cover an axis, one more does."""
        if not self.ndim == len(old_shape) == len(new_shape):
            raise MetadataValidationError(f"a grid of {self.ndim} axes cannot take the shape {new_shape}")
        grown = (
            (*axis, length - sum(axis)) if isinstance(axis, tuple) and sum(axis) < length else axis
            for axis, length in zip(self.chunk_shapes, new_shape, strict=True)
        )
        return type(self)(chunk_shapes=tuple(grown))


def _parse_axis(number: int, axis: object) -> int | tuple[int, ...]:
    if not isinstance(axis, Iterable):
        return _parse_length(number, axis)
    lengths = tuple(_parse_length(number, length) for length in axis)
    if not lengths:
        raise MetadataValidationError(f"axis {number} of a rectilinear chunk grid has no chunks")
    return lengths


def _parse_length(number: int, length: Any) -> int:
    if isinstance(length, bool) or not hasattr(length, "__index__") or length < 1:
        raise MetadataValidationError(f"axis {number} of a rectilinear chunk grid has the chunk length {length!r}")
    return int(length)


def _expand(axis: Iterable[Any]) -> tuple[Any, ...]:
    """Lengths with the runs written out."""
    lengths: list[Any] = []
    for entry in axis:
        if not isinstance(entry, list | tuple):
            lengths.append(entry)
        elif len(entry) == 2 and type(entry[1]) is int and 0 < entry[1] < _MAX_RUN:
            lengths.extend([entry[0]] * entry[1])
        else:
            raise MetadataValidationError(f"a run of chunks is written [length, count], got {entry!r}")
    return tuple(lengths)


_MAX_RUN = 2**24
"""Chunks in a run: beyond it a document is more likely hostile than true."""


def _compress(axis: tuple[int, ...]) -> list[int | list[int]]:
    runs = ((length, len(list(run))) for length, run in groupby(axis))
    return [length if count == 1 else [length, count] for length, count in runs]
