"""`Array`: the synchronous face of an array. Every method is a flow and the synchronous driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr import _selection as selections
from zarr._aio import AsyncArray
from zarr._attributes import Attributes
from zarr._buffer import BufferPrototype, default_buffer_prototype
from zarr._codec.base import ArrayConfig
from zarr._flow import elements, inventory, nodes, resize
from zarr._flow.drive import run
from zarr._node import ArrayNode
from zarr._properties import ArrayProperties, array_config, check_axis, parse_shape
from zarr._selection import basic, coordinate, fancy, orthogonal, vectorized
from zarr._store.path import StorePath

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import NDBuffer
    from zarr._flow.nodes import ArrayMetadata


class Array(ArrayProperties):
    """A chunked, compressed N-dimensional array in a store.

    Made by `zarr.create_array`, `zarr.open_array` and the methods of `zarr.Group`.

    Parameters
    ----------
    async_array
        The asynchronous face of the same array; both share one state.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(4, 6), chunks=(2, 3), dtype="int32")
    >>> array[1, :] = 7
    >>> array[:2, 4:]
    array([[0, 0],
           [7, 7]], dtype=int32)
    """

    def __init__(self, async_array: AsyncArray) -> None:
        self._async_array = async_array
        self._node: ArrayNode = async_array._node

    @classmethod
    def _at(cls, metadata: ArrayMetadata, store_path: StorePath, config: ArrayConfig | None = None) -> Array:
        return cls(AsyncArray(metadata, store_path, config))

    @property
    def async_array(self) -> AsyncArray:
        """The asynchronous face of this array."""
        return self._async_array

    @property
    def attrs(self) -> Attributes:
        """User attributes, a mapping whose changes are stored at once."""
        return Attributes(self._node, self.store._check_writable)

    # -- elements -----------------------------------------------------------------------------------------------

    def __getitem__(self, selection: Any) -> Any:
        """Read a selection in NumPy's notation: integers, slices, None, an Ellipsis, arrays of positions, masks.

        With one array of positions, or a Boolean one among several, the selection is orthogonal, as in zarr-python;
        several integer arrays name points, as in NumPy.
        """
        return self._get(fancy, selection)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        """Write to a selection in NumPy's notation; `value` is broadcast to its shape."""
        self._put(fancy, selection, value)

    def __iter__(self) -> Iterator[Any]:
        """Sub-arrays along the first dimension; each chunk is read once."""
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        step = self.chunks[0]
        for start in range(0, self.shape[0], step):
            yield from self[start : start + step]

    def get_basic_selection(
        self,
        selection: Any = Ellipsis,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read a selection of integers and slices.

        Parameters
        ----------
        selection
            One integer or slice per dimension; an Ellipsis, or what is missing at the end, stands for whole
            dimensions. Steps may be negative.
        out
            Array to read into: the selection's shape and the array's dtype.
        prototype
            Kind of the result where there is no `out`.

        Returns
        -------
        An array of the selection's shape, or a scalar if every dimension is an integer.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        """
        return self._get(basic, selection, out, prototype)

    def set_basic_selection(
        self, selection: Any, value: npt.ArrayLike, *, prototype: BufferPrototype | None = None
    ) -> None:
        """Write to a selection of integers and slices; `value` is broadcast to its shape."""
        self._put(basic, selection, value)

    def get_orthogonal_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read a selection made independently in each dimension.

        Parameters
        ----------
        selection
            Per dimension an integer, a slice, a one-dimensional integer array or a Boolean array of its length.
        out, prototype
            As in `get_basic_selection`.
        """
        return self._get(orthogonal, selection, out, prototype)

    def set_orthogonal_selection(
        self, selection: Any, value: npt.ArrayLike, *, prototype: BufferPrototype | None = None
    ) -> None:
        """Write to a selection made independently in each dimension; `value` is broadcast to its shape."""
        self._put(orthogonal, selection, value)

    def get_coordinate_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read single elements by their coordinates.

        Parameters
        ----------
        selection
            One integer array (or integer) per dimension; they are broadcast against each other.
        out, prototype
            As in `get_basic_selection`.

        Returns
        -------
        An array of the coordinates' common shape.

        Raises
        ------
        IndexError
            If the arrays are not integers, not one per dimension, or out of bounds.
        """
        return self._get(coordinate, selection, out, prototype)

    def set_coordinate_selection(
        self, selection: Any, value: npt.ArrayLike, *, prototype: BufferPrototype | None = None
    ) -> None:
        """Write single elements by their coordinates. Of elements named twice the last value stays."""
        self._put(coordinate, selection, value)

    def get_mask_selection(
        self,
        mask: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read the elements where a Boolean array of this array's shape is True, in C order.

        Raises
        ------
        IndexError
            If the mask has another shape or dtype.
        """
        return self._get(selections.mask, mask, out, prototype)

    def set_mask_selection(self, mask: Any, value: npt.ArrayLike, *, prototype: BufferPrototype | None = None) -> None:
        """Write the elements where a Boolean array of this array's shape is True."""
        self._put(selections.mask, mask, value)

    def get_block_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read whole chunks (shards, if the array is sharded) by their place in the grid.

        Parameters
        ----------
        selection
            Per dimension an integer or a slice without a step, counting chunks.
        out, prototype
            As in `get_basic_selection`.
        """
        return self._get(self._blocks(), selection, out, prototype)

    def set_block_selection(
        self, selection: Any, value: npt.ArrayLike, *, prototype: BufferPrototype | None = None
    ) -> None:
        """Write whole chunks (shards, if the array is sharded) by their place in the grid."""
        self._put(self._blocks(), selection, value)

    def _blocks(self) -> elements.Normalize:
        return partial(selections.block, grid=self._node.view.spec.grid)

    @property
    def vindex(self) -> VIndex:
        """Selection of points with square brackets, by coordinates or by a mask.

        >>> import zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.vindex[[0, 2], [1, 3]]
        array([ 1, 11])
        """
        return VIndex(self)

    @property
    def blocks(self) -> BlockIndex:
        """Selection of whole chunks with square brackets.

        >>> import zarr
        >>> array = zarr.create_array({}, data=np.arange(6), chunks=2)
        >>> array.blocks[1]
        array([2, 3])
        """
        return BlockIndex(self)

    @property
    def oindex(self) -> OIndex:
        """Orthogonal selection with square brackets.

        >>> import zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.oindex[[0, 2], 1:3]
        array([[ 1,  2],
               [ 9, 10]])
        """
        return OIndex(self)

    def _get(self, normalize: elements.Normalize, selection: Any, out: Any = None, prototype: Any = None) -> Any:
        wanted = default_buffer_prototype() if prototype is None else prototype
        return run(elements.get(self._node, normalize, selection, out=out, prototype=wanted))

    def _put(self, normalize: elements.Normalize, selection: Any, value: object) -> None:
        run(elements.put(self._node, normalize, selection, value))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The whole array in memory, always a copy."""
        if copy is False:
            raise ValueError("`copy=False` is not supported. This method always creates a copy.")
        whole = np.asarray(self[...])
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object: the array has no dimensions")
        return self.shape[0]

    def __bool__(self) -> bool:
        return True

    # -- shape --------------------------------------------------------------------------------------------------

    def resize(self, new_shape: int | Iterable[int]) -> None:
        """Change the shape in place. New elements read as the fill value; what is cut off is deleted."""
        run(resize.resize(self._node, parse_shape(new_shape)))

    def append(self, data: npt.ArrayLike, axis: int = 0) -> tuple[int, ...]:
        """Write data behind the end of an axis.

        Several processes may append to one array; each append is whole and none is lost.

        Parameters
        ----------
        data
            Matches the array's shape in every other axis.
        axis
            The axis to grow.

        Returns
        -------
        The new shape.

        Raises
        ------
        ValueError
            If the shapes do not match.
        """
        values = elements.as_elements(data, self._node.view.spec)
        return run(resize.append(self._node, values, check_axis(axis, self.ndim)))

    # -- metadata -----------------------------------------------------------------------------------------------

    def update_attributes(self, new_attributes: Mapping[str, Any]) -> Array:
        """Merge entries into the stored attributes, in one write."""
        new = dict(new_attributes)
        run(nodes.update_attributes(self._node, lambda current: {**current, **new}))
        return self

    def with_config(self, config: ArrayConfig | dict[str, Any]) -> Array:
        """The same array with other settings."""
        return type(self)._at(self.metadata, self.store_path, array_config(config))

    # -- what is stored -----------------------------------------------------------------------------------------

    @property
    def nchunks_initialized(self) -> int:
        """Number of chunks that are stored; in a sharded array, those of the stored shards."""
        per_object = (
            1 if self.shards is None else int(np.prod([s // c for s, c in zip(self.shards, self.chunks, strict=True)]))
        )
        return per_object * len(run(inventory.stored_chunks(self._node)))

    def nbytes_stored(self) -> int:
        """Size of everything stored for the array, in bytes."""
        return run(inventory.stored_nbytes(self.store_path))

    def __repr__(self) -> str:
        return f"<Array {self.store_path} shape={self.shape} dtype={self.dtype}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Array):
            return NotImplemented
        return self.metadata == other.metadata and self.store_path == other.store_path

    __hash__ = None  # type: ignore[assignment]  # its metadata can change

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reopen, (type(self), self.metadata, self.store_path, self.config))


def _reopen(cls: type[Array], metadata: ArrayMetadata, store_path: StorePath, config: ArrayConfig) -> Array:
    return cls._at(metadata, store_path, config)


class OIndex:
    """`array.oindex[...]`."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def __getitem__(self, selection: Any) -> Any:
        return self._array.get_orthogonal_selection(selection)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        self._array.set_orthogonal_selection(selection, value)


class VIndex:
    """`array.vindex[...]`."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def __getitem__(self, selection: Any) -> Any:
        return self._array._get(vectorized, selection)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        self._array._put(vectorized, selection, value)


class BlockIndex:
    """`array.blocks[...]`."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def __getitem__(self, selection: Any) -> Any:
        return self._array.get_block_selection(selection)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        self._array.set_block_selection(selection, value)
