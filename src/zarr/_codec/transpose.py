"""The codec `transpose`: axis `i` of the encoded array is axis `order[i]` of the decoded one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, SupportsIndex

from zarr._codec.base import ArrayArrayCodec, ChunkSpec
from zarr._codec.configuration import check_int, read_configuration
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Self

    from zarr._buffer import NDBuffer
    from zarr._dtype.base import ZDType


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class TransposeCodec(ArrayArrayCodec):
    """Permute the axes of a chunk.

    Parameters
    ----------
    order
        A permutation of the axes, as NumPy's `transpose` takes it. `"C"` and `"F"`, which older writers stored, stand
        for the identity and the reversal once the rank is known; they are never written.

    Raises
    ------
    TypeError, ValueError
        If `order` is no permutation; when the rank is known, if it has another length.

    Examples
    --------
    >>> TransposeCodec(order=(1, 0)).to_dict()
    {'name': 'transpose', 'configuration': {'order': (1, 0)}}
    """

    is_fixed_size: ClassVar[bool] = True

    order: tuple[int, ...] | Literal["C", "F"]

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(self, *, order: Iterable[SupportsIndex] | Literal["C", "F"]) -> None: ...

    def __post_init__(self) -> None:
        if isinstance(self.order, str):
            if self.order not in ("C", "F"):
                raise ArgumentError(f"order of codec 'transpose' must be a permutation of the axes; got {self.order!r}")
            return
        if not isinstance(self.order, Iterable):
            raise TypeError(f"order of codec 'transpose' must be a permutation of the axes; got {self.order!r}")
        order = tuple(check_int("transpose", "order", axis, 0) for axis in self.order)
        if sorted(order) != list(range(len(order))):
            raise ValueError(f"order of codec 'transpose' must name each axis once, counting from 0; got {order}")
        object.__setattr__(self, "order", order)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("transpose",), ("order",), required=("order",)))

    def to_dict(self) -> dict[str, Any]:
        if isinstance(self.order, str):
            raise ValueError(  # noqa: TRY004  # the value comes too early
                f"order {self.order!r} of codec 'transpose' cannot be stored before the rank of the array is known; "
                "call evolve_from_array_spec first"
            )
        return {"name": "transpose", "configuration": {"order": self.order}}

    def axes(self, ndim: int) -> tuple[int, ...]:
        """The permutation for arrays of `ndim` axes. Raises ValueError if it is for another rank."""
        if isinstance(self.order, str):
            return tuple(range(ndim)) if self.order == "C" else tuple(reversed(range(ndim)))
        if len(self.order) != ndim:
            raise ValueError(
                f"order {self.order} of codec 'transpose' is for {len(self.order)} axes, but the array has {ndim}"
            )
        return self.order

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        axes = self.axes(array_spec.ndim)
        return self if axes == self.order else replace(self, order=axes)

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        self.axes(len(shape))

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        return chunk_spec.replace(shape=tuple(chunk_spec.shape[axis] for axis in self.axes(chunk_spec.ndim)))

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        axes = self.axes(chunk_spec.ndim)
        return chunk_data.transpose([axes.index(axis) for axis in range(len(axes))])

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return chunk_data.transpose(self.axes(chunk_spec.ndim))
