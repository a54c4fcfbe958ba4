"""The chunk grid as documents state it. What cuts the domain is `zarr._grid.grid.ChunkGrid`, made from this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._grid.grid import RegularGrid
from zarr._metadata.fields import parse_shape, parse_stored_shape, require
from zarr._support.document_errors import invalid
from zarr._support.named_configuration import parse_named
from zarr.errors import MetadataValidationError

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularChunkGridMetadata:
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
        return cls(chunk_shape=parse_stored_shape(_stored_chunk_shape(data), _FIELD, minimum=1))

    def to_dict(self) -> dict[str, Any]:
        """The stored form."""
        return {"name": "regular", "configuration": {"chunk_shape": self.chunk_shape}}

    def to_grid(self) -> RegularGrid:
        """The grid that plans work with."""
        return RegularGrid(self.chunk_shape)


_FIELD = "chunk_grid.configuration.chunk_shape"


def parse_chunk_grid(
    data: RegularChunkGridMetadata | RegularGrid | Mapping[str, Any],
) -> RegularChunkGridMetadata:
    """Make the stored grid from what a caller or a document says.

    Raises
    ------
    MetadataValidationError
        If the grid is of another kind, or a chunk length is below 1.
    """
    if isinstance(data, RegularChunkGridMetadata):
        return data
    if isinstance(data, RegularGrid):
        return RegularChunkGridMetadata(chunk_shape=data.shape)
    return RegularChunkGridMetadata.from_dict(data)


def _stored_chunk_shape(data: object) -> object:
    named = parse_named(data, "chunk_grid")
    if named.name == "rectilinear":
        raise MetadataValidationError(
            "this array has a 'rectilinear' chunk grid, which this version cannot read; a later version will. "
            "Rewrite it with regular chunks to use it now."
        )
    if named.name != "regular":
        raise invalid("chunk_grid.name", "'regular', the only known chunk grid", named.name)
    require(named.configuration, ["chunk_shape"])
    if unknown := sorted(named.configuration.keys() - {"chunk_shape"}):
        raise invalid("chunk_grid.configuration", "no members beside 'chunk_shape'", unknown)
    return named.configuration["chunk_shape"]


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
