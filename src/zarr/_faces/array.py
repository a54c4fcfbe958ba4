"""`Array`: the synchronous face of an array. Every method is a flow and the synchronous driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr import _calls
from zarr._buffer.memory import in_dtype
from zarr._calls.array_config import array_config
from zarr._codec.base import ArrayConfig
from zarr._faces.advice import attrs_are_not_assigned, no_such_attribute, of_array, takes_one_shape
from zarr._faces.appender import Appender
from zarr._faces.array_properties import check_axis
from zarr._faces.async_array import AsyncArray
from zarr._faces.attributes import Attributes, merge
from zarr._faces.batch import Batch
from zarr._faces.indexing import ElementAccess
from zarr._faces.info import ArrayInfo
from zarr._flow import inventory, resize
from zarr._flow.drive import run
from zarr._flow.node import ArrayNode, UnreadableNode
from zarr._grid.shapes import parse_shape
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath
from zarr._support.imports_on_use import importing

if TYPE_CHECKING:
    from typing import Never, NoReturn, Self, SupportsIndex

    import numpy.typing as npt

    from zarr._faces.batch import WhenFull
    from zarr._metadata.group import ArrayMetadata


class Array(ElementAccess):
    """A chunked, compressed N-dimensional array in a store.

    Made by `zarr.create_array`, `zarr.open_array` and the methods of `zarr.Group`.

    Parameters
    ----------
    _async_array
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

    def __init__(self, _async_array: AsyncArray) -> None:
        if not isinstance(_async_array, AsyncArray):
            raise TypeError(
                f"an Array is made from an AsyncArray, got {type(_async_array).__name__}; see zarr.open_array"
            )
        self._async_array = _async_array
        self._node: ArrayNode = _async_array._node

    @classmethod
    def _at(cls, metadata: ArrayMetadata, store_path: StorePath, config: ArrayConfig | None = None) -> Self:
        return cls._of(ArrayNode(metadata, store_path, array_config(config)))

    @classmethod
    def _of(cls, node: ArrayNode | UnreadableNode) -> Self:
        return cls(AsyncArray._of(node))

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension, in elements. Setting it resizes the array."""
        return self._node.metadata.shape

    @shape.setter
    def shape(self, value: int | Iterable[int]) -> None:
        self.resize(value)

    @classmethod
    def open(cls, store: StoreLike, *, config: ArrayConfig | dict[str, Any] | None = None) -> Self:
        """Open an existing array, for reading and writing; see `zarr.open_array`.

        Parameters
        ----------
        store
            A store, a path, or a place in a store.
        config
            Settings of the returned array that are not stored.

        Raises
        ------
        ArrayNotFoundError
            If there is none.
        """
        return cls._at(*run(_calls.open_array(make_store_path(store), mode="r+", config=config)))

    @classmethod
    def from_dict(cls, store_path: StorePath, data: dict[str, Any]) -> Self:
        """The array that a parsed metadata document describes; nothing is read or stored.

        Parameters
        ----------
        store_path
            Where the array is.
        data
            The document, as `metadata.to_dict()` gives it.
        """
        return cls(AsyncArray.from_dict(store_path, data))

    @property
    def async_array(self) -> AsyncArray:
        """The asynchronous face of this array."""
        return self._async_array

    @property
    def attrs(self) -> Attributes:
        """User attributes, a mapping whose changes are stored at once."""
        return Attributes(self)

    @attrs.setter
    def attrs(self, _: Never) -> NoReturn:
        attrs_are_not_assigned("array.attrs.put({...}) replaces all attributes, array.attrs.update({...}) adds to them")

    if not TYPE_CHECKING:  # checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            return no_such_attribute(self, name, of_array(name, "array[...]"))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The whole array in memory, always a copy."""
        if copy is False:
            raise ValueError("`copy=False` is not supported. This method always creates a copy.")
        whole = self._in_host_memory()
        return whole if dtype is None else in_dtype(whole, np.dtype(dtype))

    def __arrow_array__(self, type: Any = None) -> Any:
        """An array of one dimension as one of Arrow: `pyarrow.array(array)`."""
        with importing("zarr._faces.arrow"):
            from zarr._faces import arrow

        made = arrow.whole(self)
        return made if type is None else made.cast(type)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """The same for libraries that know Arrow's interface for Python, and not pyarrow."""
        made: tuple[object, object] = self.__arrow_array__().__arrow_c_array__(requested_schema)
        return made

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """An array of structs as a table, piece by piece: `pyarrow.table(array)`. Any other as a column."""
        with importing("zarr._faces.arrow"):
            from zarr._faces import arrow

        made: object = arrow.stream(self).__arrow_c_stream__(requested_schema)
        return made

    def __delitem__(self, selection: object) -> NoReturn:
        raise TypeError(
            "elements of an array cannot be deleted: write the fill value over them, or cut off the end with array.resize(...)"
        )

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object: the array has no dimensions")
        return self.shape[0]

    def __bool__(self) -> bool:
        return True

    # -- shape --------------------------------------------------------------------------------------------------

    @takes_one_shape
    def resize(self, new_shape: int | Iterable[int]) -> None:
        """Change the shape in place. New elements read as the fill value; what is cut off is deleted.

        Parameters
        ----------
        new_shape
            Lengths in elements, one per dimension.

        Raises
        ------
        ValueError
            If the number of dimensions is another one, a length is negative, or the array is read-only.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, data=[1, 2, 3, 4], chunks=2)
        >>> array.resize(2)
        >>> array.resize(4)
        >>> array[:]
        array([1, 2, 0, 0])
        """
        run(resize.resize(self._node, parse_shape(new_shape)))

    def append(self, data: npt.ArrayLike, axis: int = 0) -> tuple[int, ...]:
        """Write data behind the end of an axis.

        Several processes may append to one array; each append is whole and none is lost. Of one that fails nothing is left; where that
        cannot be, as in a bucket that gave no answer, a note on the error says what is.

        Parameters
        ----------
        data
            Matches the array's shape in every other axis.
        axis
            The axis to grow.

        Returns
        -------
        tuple[int, ...]
            The new shape.

        Raises
        ------
        ValueError
            If the shapes do not match, or the array is read-only.
        ArrayNotFoundError
            If the array has been deleted or moved since it was opened.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, data=[[1, 2], [3, 4]])
        >>> array.append([[5, 6]])
        (3, 2)
        >>> array.append([[7], [8], [9]], axis=1)
        (3, 3)
        """
        return run(self._appending(data, axis))

    def batch(self, *, max_memory: SupportsIndex | str = "1GB", when_full: WhenFull = "write") -> Batch:
        """Gather writes, and store each object once in the end: `with array.batch() as b: b[...] = ...`.

        Until then readers of the array see nothing of it, and reads through the batch see all of it. If the block ends with an error,
        everything is discarded, but for what was stored early (`when_full`). The guide says more under
        "Batches".

        Parameters
        ----------
        max_memory
            Most memory for what is gathered: a number of bytes, or a text like `"512MB"`.
        when_full
            What happens when it takes more. `"write"`: so much is stored early that half of the memory is free, first objects that
            are written wholly, then those not written to for longest. `"raise"`: an error, so that nothing is ever stored early.

        Raises
        ------
        BatchFullError
            In the block, with `when_full="raise"`.
        ValueError
            If the array is read-only.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=(4, 4), chunks=(4, 4), dtype="i2")
        >>> with array.batch() as b:
        ...     b[0, :2] = 1
        ...     b[1:, 3] = b[0, 0] + 1
        >>> array[:2]
        array([[1, 1, 0, 0],
               [0, 0, 0, 2]], dtype=int16)
        """
        return Batch._of(self._node, max_memory, when_full)

    def appender(self, axis: int = 0, *, max_memory: SupportsIndex | str = "256MB") -> Appender:
        """Append rows as they come, written in the background: `with array.appender() as w: w.append(rows)`.

        For instruments and loops that give few rows at a time. Rows are gathered until they fill stored objects (shards, if the array
        is sharded), and written by a thread meanwhile; the rest is written when the block ends, also if it ends with an error. A
        program that is killed leaves complete rows only. The guide says more under "Batches".

        Parameters
        ----------
        axis
            The axis to grow.
        max_memory
            Most memory for rows that are not written yet: a number of bytes, or a text like `"64MB"`. An `append` that finds no room
            waits.

        Raises
        ------
        ValueError
            If there is no such axis, or the array is read-only.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=(0, 2), chunks=(100, 2), dtype="f4")
        >>> with array.appender() as w:
        ...     w.append([[1, 2], [3, 4]])
        ...     w.append([5, 6])
        >>> array[:]
        array([[1., 2.],
               [3., 4.],
               [5., 6.]], dtype=float32)
        """
        return Appender(self._node, check_axis(axis, self.ndim), max_memory)

    # -- metadata -----------------------------------------------------------------------------------------------

    def update_attributes(self, new_attributes: Mapping[str, Any]) -> Array:
        """Merge entries into the stored attributes, in one write.

        Parameters
        ----------
        new_attributes
            JSON values under string keys.

        Returns
        -------
        Array
            This array.

        Raises
        ------
        TypeError
            If JSON cannot say a value. Nothing is stored then.
        ValueError
            If the array is read-only.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=3, dtype="int8", attributes={"units": "m"})
        >>> dict(array.update_attributes({"source": "levelling"}).attrs)
        {'units': 'm', 'source': 'levelling'}
        """
        run(merge(self._node, new_attributes))
        return self

    def with_config(self, config: ArrayConfig | dict[str, Any]) -> Array:
        """The same array with other settings. They are not stored; this array keeps its own.

        Parameters
        ----------
        config
            Settings by name: `order`, `write_empty_chunks`, `read_missing_chunks`, ... Those that are missing are the
            configuration's.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=(4, 6), dtype="int8")
        >>> array.with_config({"order": "F"})[:].flags.f_contiguous
        True
        """
        return type(self)._of(self._node.with_config(array_config(config)))

    # -- what is stored -----------------------------------------------------------------------------------------

    @property
    def nchunks_initialized(self) -> int:
        """Number of chunks that are stored; in a sharded array, those of the stored shards."""
        return run(self._count_stored())

    def nbytes_stored(self) -> int:
        """Size of everything stored for the array, in bytes."""
        return run(inventory.stored_nbytes(self.store_path))

    def info_complete(self) -> ArrayInfo:
        """All facts as a table, with what is stored; this lists the store."""
        return run(self._complete_info())

    def __repr__(self) -> str:
        return f"<Array {self.store_path}{self._node.facts}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        return (_array_of, (self._node,)) if type(self) is Array else super().__reduce_ex__(protocol)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Array):
            return NotImplemented
        return self._node.said == other._node.said and self.store_path == other.store_path

    __hash__ = None  # type: ignore[assignment]  # its metadata can change


def _array_of(node: ArrayNode) -> Array:
    """An array that was pickled or copied."""
    return Array._of(node)
