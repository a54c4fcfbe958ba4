"""Reading and writing elements by selection: the part of `Array` that looks like a NumPy array."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE, BufferPrototype
from zarr._buffer.memory import empty
from zarr._buffer.registry import default_buffer_prototype
from zarr._faces.array_properties import ArrayProperties
from zarr._flow import elements
from zarr._flow.direct import get_direct
from zarr._flow.drive import run
from zarr._selection import basic, block, coordinate, fancy, orthogonal, vectorized
from zarr._selection import mask as select_mask
from zarr._selection.fields import Fields
from zarr._support.imports_on_use import importing

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import NDBuffer
    from zarr._faces.view import Explanation, View


class ElementAccess(ArrayProperties):
    """Square brackets, the `get_*` and `set_*` methods, and what follows from them."""

    def __getitem__(self, selection: Any) -> Any:
        """Read a selection in NumPy's notation: integers, slices, None, an Ellipsis, arrays of positions, masks.

        With one array of positions, or a Boolean one among several, the selection is orthogonal, as in zarr-python;
        several integer arrays name points, as in NumPy. Names select fields of structs: `array["x"]`, `array["x", :5]`.
        """
        found = get_direct(self._node, selection)
        return self._get(fancy, selection) if found is NotImplemented else found

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        """Write to a selection in NumPy's notation; `value` is broadcast to its shape."""
        self._put(fancy, selection, value)

    def __iter__(self) -> Iterator[Any]:
        """Sub-arrays along the first dimension; each chunk is read once."""
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        start = 0
        for size in self._node.metadata.read_grid.axis_sizes(0, self.shape[0]):
            yield from self[start : start + size]
            start += size

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
            An integer, a slice, an Ellipsis, `None` for a new axis, or a tuple of these with at most one per
            dimension. Steps may be negative.
        out
            Array to read into, in host memory or on a GPU: the selection's shape and the array's dtype.
        prototype
            Kind of the result where there is no `out`.
        fields
            Name of a field of structs, or names of several; all of them if None.

        Returns
        -------
        Any
            An array of the selection's shape, or a scalar if every dimension is an integer.

        Raises
        ------
        IndexError
            If the selection does not fit the array.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.get_basic_selection((1, slice(None, None, -2)))
        array([7, 5])
        """
        return self._get(basic, selection, out, prototype, fields)

    def set_basic_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write to a selection of integers and slices.

        Parameters
        ----------
        selection
            As in `get_basic_selection`.
        value
            Broadcast to the shape of the selection, and cast as NumPy casts.
        fields
            Name of a field of structs, or names of several; all of them if None.
        prototype
            Without effect.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        ValueError
            If `value` cannot be broadcast to it, or the array is read-only.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.set_basic_selection((slice(0, 2), 0), [-1, -2])
        >>> array[:, 0]
        array([-1, -2,  8])
        """
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
        out
            Array to read into, in host memory or on a GPU: the selection's shape and the array's dtype.
        prototype
            Kind of the result where there is no `out`.
        fields
            Name of a field of structs, or names of several; all of them if None.

        Returns
        -------
        Any
            An array with an axis for each dimension that is no integer.

        Raises
        ------
        IndexError
            If the selection does not fit the array.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.get_orthogonal_selection(([0, 2], [1, 3]))
        array([[ 1,  3],
               [ 9, 11]])
        """
        return self._get(orthogonal, selection, out, prototype, fields)

    def set_orthogonal_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write to a selection made independently in each dimension.

        Parameters
        ----------
        selection
            As in `get_orthogonal_selection`.
        value
            Broadcast to the shape of the selection, and cast as NumPy casts.
        fields
            Name of a field of structs, or names of several; all of them if None.
        prototype
            Without effect.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        ValueError
            If `value` cannot be broadcast to it, or the array is read-only.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.set_orthogonal_selection(([0, 2], [1, 3]), 0)
        >>> array[0]
        array([0, 0, 2, 0])
        """
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
        out
            Array to read into, in host memory or on a GPU: the selection's shape and the array's dtype.
        prototype
            Kind of the result where there is no `out`.
        fields
            Name of a field of structs, or names of several; all of them if None.

        Returns
        -------
        Any
            An array of the coordinates' common shape.

        Raises
        ------
        IndexError
            If the selection does not fit the array.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.get_coordinate_selection(([0, 2], [1, 3]))
        array([ 1, 11])
        """
        return self._get(coordinate, selection, out, prototype, fields)

    def set_coordinate_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write single elements by their coordinates. Of elements named twice the last value stays.

        Parameters
        ----------
        selection
            As in `get_coordinate_selection`.
        value
            Broadcast to the shape of the selection, and cast as NumPy casts.
        fields
            Name of a field of structs, or names of several; all of them if None.
        prototype
            Without effect.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        ValueError
            If `value` cannot be broadcast to it, or the array is read-only.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.set_coordinate_selection(([0, 2], [1, 3]), [-1, -3])
        >>> array[2]
        array([ 8,  9, 10, -3])
        """
        self._put(coordinate, selection, value, fields)

    def get_mask_selection(
        self,
        mask: Any,
        *,
        out: NDBuffer | npt.NDArray[Any] | None = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
    ) -> Any:
        """Read the elements where a mask is True, in C order.

        Parameters
        ----------
        mask
            Boolean array of this array's shape.
        out
            Array to read into, in host memory or on a GPU: the selection's shape and the array's dtype.
        prototype
            Kind of the result where there is no `out`.
        fields
            Name of a field of structs, or names of several; all of them if None.

        Returns
        -------
        Any
            An array of one dimension.

        Raises
        ------
        IndexError
            If the mask does not fit the array.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.get_mask_selection(array[:] > 9)
        array([10, 11])
        """
        return self._get(select_mask, mask, out, prototype, fields)

    def set_mask_selection(
        self, mask: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write the elements where a mask is True.

        Parameters
        ----------
        mask
            As in `get_mask_selection`.
        value
            Broadcast to the shape of the selection, and cast as NumPy casts.
        fields
            Name of a field of structs, or names of several; all of them if None.
        prototype
            Without effect.

        Raises
        ------
        IndexError
            If the mask does not fit the array.
        ValueError
            If `value` cannot be broadcast to it, or the array is read-only.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.set_mask_selection(array[:] > 9, 0)
        >>> array[2]
        array([8, 9, 0, 0])
        """
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
        out
            Array to read into, in host memory or on a GPU: the selection's shape and the array's dtype.
        prototype
            Kind of the result where there is no `out`.
        fields
            Name of a field of structs, or names of several; all of them if None.

        Returns
        -------
        Any
            An array; an integer keeps its dimension, as a chunk has several rows.

        Raises
        ------
        IndexError
            If the selection does not fit the array.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.get_block_selection((0, 1))
        array([[2, 3],
               [6, 7]])
        """
        return self._get(self._blocks(), selection, out, prototype, fields)

    def set_block_selection(
        self, selection: Any, value: npt.ArrayLike, *, fields: Fields = None, prototype: BufferPrototype | None = None
    ) -> None:
        """Write whole chunks (shards, if the array is sharded) by their place in the grid.

        Parameters
        ----------
        selection
            As in `get_block_selection`.
        value
            Broadcast to the shape of the selection, and cast as NumPy casts.
        fields
            Name of a field of structs, or names of several; all of them if None.
        prototype
            Without effect.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        ValueError
            If `value` cannot be broadcast to it, or the array is read-only.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
        >>> array.set_block_selection((0, 1), 0)
        >>> array[:2]
        array([[0, 1, 0, 0],
               [4, 5, 0, 0]])
        """
        self._put(self._blocks(), selection, value, fields)

    def _blocks(self) -> elements.Normalize:
        return partial(block, grid=self._node.view.spec.grid)

    @property
    def vindex(self) -> VIndex:
        """Selection of points with square brackets, by coordinates or by a mask.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.vindex[[0, 2], [1, 3]]
        array([ 1, 11])
        """
        return VIndex(self)

    @property
    def blocks(self) -> BlockIndex:
        """Selection of whole chunks with square brackets.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(6), chunks=2)
        >>> array.blocks[1]
        array([2, 3])
        """
        return BlockIndex(self)

    @property
    def oindex(self) -> OIndex:
        """Orthogonal selection with square brackets.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.oindex[[0, 2], 1:3]
        array([[ 1,  2],
               [ 9, 10]])
        """
        return OIndex(self)

    @property
    def lazy(self) -> View:
        """A view of the array, and of selections of it: nothing is read before it is asked for.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> view = array.lazy[1:].T[::-2]
        >>> view.shape
        (2, 2)
        >>> view.read()
        array([[ 7, 11],
               [ 5,  9]])
        """
        return _view_class()(self)

    def explain(self, selection: Any = Ellipsis, *, ask: bool = False) -> Explanation:
        """What reading a selection asks of the store, without reading it: objects, requests, bytes, memory.

        Parameters
        ----------
        selection
            As in square brackets; `array.lazy.oindex[...].explain()` is for others.
        ask
            True asks the store how large the objects are, and for the indexes of shards that are read in part; then the numbers are exact,
            as long as nobody writes. False asks for nothing.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        StoreAbilityError
            If somebody else's codec pipeline reads the array.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(1000), chunks=10, shards=100, compressors=None)
        >>> found = array.explain(np.s_[200:210])
        >>> found.n_objects, found.n_requests, found.nbytes_used
        (1, 2, 80)
        """
        return self.lazy[selection].explain(ask=ask)

    def _get(
        self,
        normalize: elements.Normalize,
        selection: Any,
        out: Any = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
    ) -> Any:
        wanted = default_buffer_prototype() if prototype is None else prototype
        return run(elements.get(self._node, normalize, selection, out=out, prototype=wanted, fields=fields))

    def _in_host_memory(self, selection: Any = ...) -> npt.NDArray[Any]:
        """Elements as an array of NumPy of their dtype, whatever reads otherwise make, and also if there is only one."""
        if not self.ndim:
            return np.asarray(self._get(basic, selection, out=empty((), self.dtype)))
        if default_buffer_prototype() is CPU_PROTOTYPE:
            return np.asarray(self[selection])
        return np.asarray(self._get(basic, selection, prototype=CPU_PROTOTYPE))

    def _put(self, normalize: elements.Normalize, selection: Any, value: object, fields: Fields = None) -> None:
        run(elements.put(self._node, normalize, selection, value, fields))


@cache
def _view_class() -> type[View]:
    with importing("zarr._faces.view"):
        from zarr._faces.view import View

    return View


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
