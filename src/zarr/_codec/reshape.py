"""The codecs `reshape` and `zarrs.squeeze`: the same elements in other axes, in the same C order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from zarr._codec.base import ArrayArrayCodec, ChunkSpec
from zarr._codec.configuration import check_int, read_configuration
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Self

    from zarr._buffer import NDBuffer

_NAME = "reshape"
Entry: TypeAlias = "int | tuple[int, ...]"


class _Reshaping(ArrayArrayCodec):
    """A codec that gives chunks another shape."""

    is_fixed_size: ClassVar[bool] = True

    def _shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of encoded chunks. Raises ValueError if there is none for those."""
        raise NotImplementedError

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self._shape(array_spec.shape)
        return self

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        return chunk_spec.replace(shape=self._shape(chunk_spec.shape))

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return chunk_data.reshape(chunk_spec.shape)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return chunk_data.reshape(self._shape(chunk_spec.shape))


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class ReshapeCodec(_Reshaping):
    """Store chunks in another shape, for codecs that look at the axes.

    Parameters
    ----------
    shape
        An entry for each axis of what is stored: its length; or the axes of the chunk that become this one, as a list, which
        are neighbours; or, once, -1 for what is left.

    Raises
    ------
    TypeError, ValueError
        For other values, and (when they become known) for chunks that cannot have this shape.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> codec = zarr.codecs.ReshapeCodec(shape=[[0, 1], 2])
    >>> zarr.create_array({}, data=np.zeros((3, 4, 2)), filters=[codec]).filters[0].shape
    ((0, 1), 2)
    """

    shape: tuple[Entry, ...]

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(self, *, shape: Iterable[int | Iterable[int]]) -> None: ...

    def __post_init__(self) -> None:
        if isinstance(self.shape, str | Mapping) or not isinstance(self.shape, Iterable):
            raise ArgumentError(
                f"shape of codec {_NAME!r} must be a list of lengths and lists of axes; got {self.shape!r}"
            )
        shape = tuple(_parse_entry(entry) for entry in self.shape)
        if shape.count(-1) > 1:
            raise ValueError(f"shape of codec {_NAME!r} may have one -1; got {list(shape)}")
        axes = [axis for entry in shape if isinstance(entry, tuple) for axis in entry]
        if any(after <= before for before, after in pairwise(axes)):
            raise ValueError(f"axes in the shape of codec {_NAME!r} must increase from list to list; got {list(shape)}")
        object.__setattr__(self, "shape", shape)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME,), ("shape",), required=("shape",)))

    def to_dict(self) -> dict[str, Any]:
        shape = [list(entry) if isinstance(entry, tuple) else entry for entry in self.shape]
        return {"name": _NAME, "configuration": {"shape": shape}}

    def _shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        for entry in self.shape:
            if isinstance(entry, tuple) and entry and entry[-1] >= len(before):
                raise ValueError(f"shape {self._told} of codec {_NAME!r} names axis {entry[-1]} of chunks {before}")
        lengths = [
            math.prod(before[axis] for axis in entry) if isinstance(entry, tuple) else entry for entry in self.shape
        ]
        known = math.prod(length for length in lengths if length != -1)
        n_elements = math.prod(before)
        if -1 in lengths:
            if known == 0 or n_elements % known:
                raise self._unsuitable(before, f"what is left of {n_elements} elements is no multiple of {known}")
            lengths[lengths.index(-1)] = n_elements // known
        elif known != n_elements:
            raise self._unsuitable(before, f"one has {known} elements, the other {n_elements}")
        self._check_places(before, lengths)
        return tuple(lengths)

    def _check_places(self, before: tuple[int, ...], lengths: list[int]) -> None:
        """Raise ValueError if axes that are named do not lie in the chunk where they lie in what is stored."""
        for number, entry in enumerate(self.shape):
            if isinstance(entry, tuple) and entry:
                starts = math.prod(before[: entry[0]]), math.prod(lengths[:number])
                ends = math.prod(before[: entry[-1] + 1]), math.prod(lengths[: number + 1])
                if starts[0] != starts[1] or ends[0] != ends[1]:
                    raise self._unsuitable(before, f"axes {list(entry)} would not become axis {number}")

    def _unsuitable(self, before: tuple[int, ...], why: str) -> ValueError:
        return ValueError(f"chunks {before} cannot have the shape {self._told} of codec {_NAME!r}: {why}")

    @property
    def _told(self) -> list[Any]:
        return [list(entry) if isinstance(entry, tuple) else entry for entry in self.shape]


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class SqueezeCodec(_Reshaping):
    """Store chunks without their axes of length 1. An extension of zarrs, by the name `zarrs.squeeze`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> zarr.create_array({}, data=np.zeros((1, 4)), filters=[zarr.codecs.SqueezeCodec()])[:]
    array([[0., 0., 0., 0.]])
    """

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("zarrs.squeeze",), ()))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "zarrs.squeeze", "configuration": {}}

    def _shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(length for length in before if length != 1)


def _parse_entry(entry: object) -> Entry:
    if isinstance(entry, list | tuple):
        return tuple(check_int(_NAME, "an axis in shape", axis, 0) for axis in entry)
    length = check_int(_NAME, "a length in shape", entry, -1)
    if length == 0:
        raise ValueError(f"a length in the shape of codec {_NAME!r} is 0")
    return length
