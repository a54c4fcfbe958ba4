"""Reading and writing elements by selection: the part of `Array` that looks like a NumPy array."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from zarr._buffer import BufferPrototype
from zarr._flow import elements
from zarr._flow.drive import run
from zarr._properties import ArrayProperties, Fields, check_fields
from zarr._registry import default_prototype
from zarr._selection import basic, block, coordinate, fancy, orthogonal, vectorized
from zarr._selection import mask as select_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import NDBuffer


class ElementAccess(ArrayProperties):
    """Square brackets, the `get_*` and `set_*` methods, and what follows from them."""

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
        fields: Fields = None,
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
        return self._get(basic, selection, out, prototype, fields)

    def set_basic_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write to a selection of integers and slices; `value` is broadcast to its shape."""
        self._put(basic, selection, value, fields)

    def get_orthogonal_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
    ) -> Any:
        """Read a selection made independently in each dimension.

        Parameters
        ----------
        selection
            Per dimension an integer, a slice, a one-dimensional integer array or a Boolean array of its length.
        out, prototype
            As in `get_basic_selection`.
        """
        return self._get(orthogonal, selection, out, prototype, fields)

    def set_orthogonal_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write to a selection made independently in each dimension; `value` is broadcast to its shape."""
        self._put(orthogonal, selection, value, fields)

    def get_coordinate_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
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
        return self._get(coordinate, selection, out, prototype, fields)

    def set_coordinate_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write single elements by their coordinates. Of elements named twice the last value stays."""
        self._put(coordinate, selection, value, fields)

    def get_mask_selection(
        self,
        mask: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
    ) -> Any:
        """Read the elements where a Boolean array of this array's shape is True, in C order.

        Raises
        ------
        IndexError
            If the mask has another shape or dtype.
        """
        return self._get(select_mask, mask, out, prototype, fields)

    def set_mask_selection(
        self, mask: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write the elements where a Boolean array of this array's shape is True."""
        self._put(select_mask, mask, value, fields)

    def get_block_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
    ) -> Any:
        """Read whole chunks (shards, if the array is sharded) by their place in the grid.

        Parameters
        ----------
        selection
            Per dimension an integer or a slice without a step, counting chunks.
        out, prototype
            As in `get_basic_selection`.
        """
        return self._get(self._blocks(), selection, out, prototype, fields)

    def set_block_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write whole chunks (shards, if the array is sharded) by their place in the grid."""
        self._put(self._blocks(), selection, value, fields)

    def _blocks(self) -> elements.Normalize:
        return partial(block, grid=self._node.view.spec.grid)

    @property
    def vindex(self) -> VIndex:
        """Selection of points with square brackets, by coordinates or by a mask.

        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.vindex[[0, 2], [1, 3]]
        array([ 1, 11])
        """
        return VIndex(self)

    @property
    def blocks(self) -> BlockIndex:
        """Selection of whole chunks with square brackets.

        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(6), chunks=2)
        >>> array.blocks[1]
        array([2, 3])
        """
        return BlockIndex(self)

    @property
    def oindex(self) -> OIndex:
        """Orthogonal selection with square brackets.

        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.oindex[[0, 2], 1:3]
        array([[ 1,  2],
               [ 9, 10]])
        """
        return OIndex(self)

    def _get(
        self,
        normalize: elements.Normalize,
        selection: Any,
        out: Any = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
    ) -> Any:
        check_fields(fields)
        wanted = default_prototype() if prototype is None else prototype
        return run(elements.get(self._node, normalize, selection, out=out, prototype=wanted))

    def _put(self, normalize: elements.Normalize, selection: Any, value: object, fields: Fields = None) -> None:
        check_fields(fields)
        run(elements.put(self._node, normalize, selection, value))


class OIndex:
    """`array.oindex[...]`."""

    def __init__(self, array: ElementAccess) -> None:
        self._array = array

    def __getitem__(self, selection: Any) -> Any:
        return self._array.get_orthogonal_selection(selection)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        self._array.set_orthogonal_selection(selection, value)


class VIndex:
    """`array.vindex[...]`."""

    def __init__(self, array: ElementAccess) -> None:
        self._array = array

    def __getitem__(self, selection: Any) -> Any:
        return self._array._get(vectorized, selection)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        self._array._put(vectorized, selection, value)


class BlockIndex:
    """`array.blocks[...]`."""

    def __init__(self, array: ElementAccess) -> None:
        self._array = array

    def __getitem__(self, selection: Any) -> Any:
        return self._array.get_block_selection(selection)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        self._array.set_block_selection(selection, value)
