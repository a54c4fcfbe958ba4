"""How much is stored of a node, and what its chunks hold, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._checks.differences import as_json
from zarr._checks.findings import counted

if TYPE_CHECKING:
    import numpy.typing as npt

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class CodecStage:
    """What one codec makes of chunks, in those that were looked at.

    Attributes
    ----------
    codec
        Its name.
    nbytes_before, nbytes_after
        What goes into it and comes out of it, when it encodes.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=1000, chunks=100, dtype="i4", compressors=[{"name": "zstd"}])
    >>> array[:] = 7
    >>> [(stage.codec, stage.nbytes_before) for stage in zarr.stat(array).arrays[""].stages]
    [('bytes', 3200), ('zstd', 3200)]
    """

    codec: str
    nbytes_before: int
    nbytes_after: int

    @property
    def ratio(self) -> float | None:
        """How many times smaller it makes them; None where nothing comes out."""
        return self.nbytes_before / self.nbytes_after if self.nbytes_after else None

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        return {
            "codec": self.codec,
            "nbytes_before": self.nbytes_before,
            "nbytes_after": self.nbytes_after,
            "ratio": self.ratio,
        }


@dataclass(frozen=True, slots=True, eq=False)
class ChunkValues:
    """What the chunks of an array hold, one element for each chunk that is decoded by itself, in their grid.

    Attributes
    ----------
    minimum, maximum
        The least and the greatest element of each chunk that is a number, with those that are not stored counted as the fill value; NaN,
        or no time, where there is none. None for types without an order.
    n_nan
        How many elements are NaN, or no time.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=6, chunks=2, dtype="f4")
    >>> array[:3] = [1, 2, float("nan")]
    >>> values = zarr.stat(array, values=True).arrays[""].values
    >>> values.minimum, values.maximum, values.n_nan
    (array([1., 0., 0.], dtype=float32), array([2., 0., 0.], dtype=float32), array([0, 1, 0]))
    """

    minimum: npt.NDArray[Any] | None
    maximum: npt.NDArray[Any] | None
    n_nan: npt.NDArray[np.int64]

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say: nested lists."""
        return {
            name: None if found is None else as_json(found.tolist())
            for name, found in (("minimum", self.minimum), ("maximum", self.maximum), ("n_nan", self.n_nan))
        }


@dataclass(frozen=True, slots=True, eq=False)
class ArrayStatistics:
    """How much is stored of one array. An object is a shard if the array is sharded, and a chunk if not.

    Attributes
    ----------
    n_objects, n_stored
        How many objects the grid has room for, and how many are stored.
    n_chunks, n_chunks_stored
        How many chunks are decoded one by one, and how many of them are stored.
    nbytes
        Size of all elements in memory; for elements of variable length, of what NumPy keeps of each.
    nbytes_chunks
        Size of the chunks that are stored, decoded, with what lies beyond the edge of the array.
    nbytes_stored
        Size of the objects.
    smallest, largest
        Size of the smallest and the largest object; None if there is none.
    object_map, chunk_map
        Which objects, and which chunks that are decoded one by one, are stored: an array of Booleans each, in their grids. None where
        the grid has more than 2**28 chunks.
    stages
        What each codec of a chunk makes of it, in a few chunks that were looked at.
    n_unreadable
        How many objects could not be looked into; `zarr.verify` says why.
    values
        What the chunks hold, if that was asked for.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(4, 4), chunks=(2, 2), dtype="i2", compressors=None)
    >>> array[0, :] = 7
    >>> found = zarr.stat(array).arrays[""]
    >>> found.object_map, found.nbytes_stored, found.ratio
    (array([[ True,  True],
           [False, False]]), 16, 1.0)
    """

    n_objects: int
    n_stored: int
    n_chunks: int
    n_chunks_stored: int
    nbytes: int
    nbytes_chunks: int
    nbytes_stored: int
    smallest: int | None
    largest: int | None
    object_map: npt.NDArray[np.bool_] | None
    chunk_map: npt.NDArray[np.bool_] | None
    stages: tuple[CodecStage, ...] = ()
    n_unreadable: int = 0
    values: ChunkValues | None = None

    @property
    def ratio(self) -> float | None:
        """How many times smaller the objects are than the chunks in them, decoded; None if nothing is stored."""
        return self.nbytes_chunks / self.nbytes_stored if self.nbytes_stored else None

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        names = ("n_objects", "n_stored", "n_chunks", "n_chunks_stored", "nbytes", "nbytes_chunks", "nbytes_stored")
        return {
            **{name: getattr(self, name) for name in names},
            "ratio": self.ratio,
            "smallest": self.smallest,
            "largest": self.largest,
            "n_unreadable": self.n_unreadable,
            "object_map": None if self.object_map is None else self.object_map.tolist(),
            "chunk_map": None if self.chunk_map is None else self.chunk_map.tolist(),
            "stages": [stage.to_dict() for stage in self.stages],
            "values": None if self.values is None else self.values.to_dict(),
        }


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Statistics:
    """What `zarr.stat` found.

    Attributes
    ----------
    place
        What was looked at.
    arrays
        By path, relative to it, each array.
    n_groups
        How many groups there are.
    n_metadata, nbytes_metadata
        How many metadata documents, and their size.
    n_other, nbytes_other
        How many other objects, that are neither documents nor chunks, and their size.

    Examples
    --------
    >>> import zarr
    >>> group = zarr.open_group({}, mode="w")
    >>> group.create_array("a", shape=10, chunks=5, dtype="i4", compressors=None)[:5] = 1
    >>> zarr.stat(group).nbytes_stored
    20
    """

    place: str
    arrays: Mapping[str, ArrayStatistics] = field(default_factory=dict)
    n_groups: int = 0
    n_metadata: int = 0
    nbytes_metadata: int = 0
    n_other: int = 0
    nbytes_other: int = 0

    @property
    def n_stored(self) -> int:
        """How many objects are stored of all arrays."""
        return sum(each.n_stored for each in self.arrays.values())

    @property
    def nbytes_stored(self) -> int:
        """Their size."""
        return sum(each.nbytes_stored for each in self.arrays.values())

    @property
    def nbytes(self) -> int:
        """Size of all elements in memory."""
        return sum(each.nbytes for each in self.arrays.values())

    @property
    def ratio(self) -> float | None:
        """How many times smaller the objects are than the chunks in them, decoded; None if nothing is stored."""
        nbytes = sum(each.nbytes_chunks for each in self.arrays.values())
        return nbytes / self.nbytes_stored if self.nbytes_stored else None

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        return {
            "place": self.place,
            "n_groups": self.n_groups,
            "n_arrays": len(self.arrays),
            "n_stored": self.n_stored,
            "nbytes": self.nbytes,
            "nbytes_stored": self.nbytes_stored,
            "ratio": self.ratio,
            "n_metadata": self.n_metadata,
            "nbytes_metadata": self.nbytes_metadata,
            "n_other": self.n_other,
            "nbytes_other": self.nbytes_other,
            "arrays": {path: each.to_dict() for path, each in self.arrays.items()},
        }

    def __repr__(self) -> str:
        lines = [
            self.place,
            f"  {counted(self.n_groups, 'group')}, {counted(len(self.arrays), 'array')}",
            f"  {counted(self.n_metadata, 'document')} of {self.nbytes_metadata} bytes",
            f"  {counted(self.n_stored, 'object')} of {self.nbytes_stored} bytes{_times(self.ratio)}",
        ]
        for path, each in list(self.arrays.items())[:_SHOWN]:
            chunks = (
                "" if each.n_chunks == each.n_objects else f", {each.n_chunks_stored} of {each.n_chunks} inner chunks"
            )
            lines.append(
                f"  /{path}: {each.n_stored} of {each.n_objects} objects{chunks}, {each.nbytes_stored} bytes{_times(each.ratio)}"
            )
            if each.stages:
                lines.append("    " + ", ".join(f"{stage.codec}{_times(stage.ratio)}" for stage in each.stages))
        if len(self.arrays) > _SHOWN:
            lines.append(f"  and {len(self.arrays) - _SHOWN} more, in .arrays")
        return "\n".join(lines)


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f" (1/{ratio:.3g})"
