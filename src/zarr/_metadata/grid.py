"""Chunk grids as documents state them: the regular one, and how a grid is found that a document names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._grid.grid import RectilinearGrid, RegularGrid
from zarr._metadata.chunk_grid import ChunkGridMetadata
from zarr._metadata.fields import parse_shape, parse_stored_shape, require
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata, of_draft
from zarr._support.document_errors import invalid
from zarr._support.named_configuration import parse_named

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularChunkGridMetadata(ChunkGridMetadata):
    """Chunks of one shape.

    Parameters
    ----------
    chunk_shape
        Every length at least 1.

    Examples
    --------
    >>> RegularChunkGridMetadata(chunk_shape=(3, 4)).to_dict()
    {'name': 'regular', 'configuration': {'chunk_shape': (3, 4)}}
    """

    chunk_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        shape = parse_shape(self.chunk_shape, "chunk_grid.configuration.chunk_shape", minimum=1)
        object.__setattr__(self, "chunk_shape", shape)

    @property
    def ndim(self) -> int:
        return len(self.chunk_shape)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        """Parse the `chunk_grid` member of a document."""
        named = parse_named(data, "chunk_grid")
        if named.name != "regular":
            raise invalid("chunk_grid.name", "'regular'", named.name)
        return cls.of_configuration(named.configuration)

    @classmethod
    def of_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        require(configuration, ["chunk_shape"])
        if unknown := sorted(configuration.keys() - {"chunk_shape"}):
            raise invalid("chunk_grid.configuration", "no members beside 'chunk_shape'", unknown)
        return cls(chunk_shape=parse_stored_shape(configuration["chunk_shape"], _FIELD, minimum=1))

    def to_dict(self) -> dict[str, Any]:
        """The stored form."""
        return {"name": "regular", "configuration": {"chunk_shape": self.chunk_shape}}

    def to_grid(self) -> RegularGrid:
        """The grid that plans work with."""
        return RegularGrid(self.chunk_shape)

    @property
    def extremes(self) -> tuple[tuple[int, ...], ...]:
        return (self.chunk_shape,)

    def check_covers(self, shape: tuple[int, ...]) -> None:
        if len(self.chunk_shape) != len(shape):
            raise invalid(_FIELD, f"{len(shape)} entries, one per dimension of shape {shape}", self.chunk_shape)

    def check_divided(self, units: tuple[int, ...]) -> None:
        """None: the sharding codec says what inner chunks of regular shards may be."""

    def extended_to(self, shape: tuple[int, ...], units: tuple[int, ...]) -> Self:
        return self

    def is_continued_by(self, other: ChunkGridMetadata) -> bool:
        return self == other


_FIELD = "chunk_grid.configuration.chunk_shape"


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], ChunkGridMetadata]] = {
    "regular": RegularChunkGridMetadata.of_configuration,
    "rectilinear": RectilinearChunkGridMetadata.of_configuration,
    "rectangular": of_draft,
}


def parse_chunk_grid(data: ChunkGridMetadata | RegularGrid | RectilinearGrid | Mapping[str, Any]) -> ChunkGridMetadata:
    """Make the stored grid from what a caller or a document says.

    Raises
    ------
    MetadataValidationError
        If the grid is of another kind, or a chunk length is below 1.
    """
    if type(data) is not dict:  # a document's is
        if isinstance(data, ChunkGridMetadata):
            return data
        if isinstance(data, RegularGrid):
            return RegularChunkGridMetadata(chunk_shape=data.shape)
        if isinstance(data, RectilinearGrid):
            return RectilinearChunkGridMetadata.of_lengths(data.shape)
    named = parse_named(data, "chunk_grid")
    parse = _KINDS.get(named.name)
    if parse is None:
        raise invalid("chunk_grid.name", "'regular' or 'rectilinear', the only known chunk grids", named.name)
    return parse(named.configuration)


def repair_chunk_shape(stored: object, shape: object, substitutes: Sequence[int] = ()) -> list[Any] | None:
    """Chunk lengths with every 0 that says nothing replaced, or None if there is nothing to mend.

    Some writers stored 0 (or `true`) for axes of length 0, where any length means the same until the array grows. On any
    other axis 0 is no length, and is left to be refused.

    Parameters
    ----------
    stored, shape
        The member as read, and the shape.
    substitutes
        Lengths to use, axis by axis (those of the inner chunks of shards); 1 where there is none.

    Examples
    --------
    >>> repair_chunk_shape([0, 5], [0, 7])
    [1, 5]
    >>> repair_chunk_shape([0, 5], [3, 7]) is None
    True
    """
    if not isinstance(stored, list | tuple) or not isinstance(shape, list | tuple) or len(stored) != len(shape):
        return None
    says_nothing = [_is_empty(n) and _is_empty(length) for n, length in zip(stored, shape, strict=True)]
    if not any(says_nothing):
        return None
    defaults: Iterable[int] = [*substitutes, *[1] * (len(stored) - len(substitutes))]
    return [d if mended else n for n, d, mended in zip(stored, defaults, says_nothing, strict=False)]


def _is_empty(length: object) -> bool:
    return isinstance(length, bool) or (isinstance(length, int) and length == 0)
