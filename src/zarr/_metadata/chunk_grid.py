"""What stored chunk grids of all kinds have in common. What cuts the domain is `zarr._grid.grid.ChunkGrid`, made from one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from zarr._grid.grid import RectilinearGrid, RegularGrid


class ChunkGridMetadata(ABC):
    """A chunk grid as documents state it.

    Attributes
    ----------
    chunk_shape
        Shape of every stored chunk; None where they differ.
    """

    __slots__ = ()
    if TYPE_CHECKING:

        @property
        def chunk_shape(self) -> tuple[int, ...] | None: ...

    @property
    @abstractmethod
    def ndim(self) -> int:
        """Number of axes."""

    @classmethod
    @abstractmethod
    def of_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """Parse the configuration that a document gives the grid.

        Raises MetadataValidationError.
        """

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The stored form."""

    @abstractmethod
    def to_grid(self) -> RegularGrid | RectilinearGrid:
        """The grid that plans work with."""

    @property
    @abstractmethod
    def extremes(self) -> tuple[tuple[int, ...], ...]:
        """Chunk shapes that stand for all: what codecs can do with each of these, they can with every chunk."""

    @abstractmethod
    def check_covers(self, shape: tuple[int, ...]) -> None:
        """Raise MetadataValidationError unless the grid is for an array of this shape: of its rank, and as large."""

    @abstractmethod
    def check_divided(self, units: tuple[int, ...]) -> None:
        """Raise MetadataValidationError unless these lengths of inner chunks divide all chunks, where a grid demands that."""

    @abstractmethod
    def extended_to(self, shape: tuple[int, ...], units: tuple[int, ...]) -> Self:
        """The grid for an array that was given this shape: itself where it covers that, else with one more chunk along an axis.

        `units` are lengths of which the new chunks have to be multiples.
        """

    @abstractmethod
    def is_continued_by(self, other: ChunkGridMetadata) -> bool:
        """Whether the other is this grid, as it is or after the array was made larger."""
