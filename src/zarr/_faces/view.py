"""Lazy views: selections of an array that are composed, shown, sent and taken apart without reading anything.

What a view selects is a `Composed`; reading and writing it are flows. `View` is the synchronous face of one, and `LazyView` what that has in
common with the asynchronous one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.memory import empty, in_dtype
from zarr._buffer.registry import default_buffer_prototype
from zarr._faces.info import human_size
from zarr._flow import explaining, viewed
from zarr._flow.drive import run
from zarr._plan.axis import project_axis
from zarr._plan.parts import object_parts
from zarr._plan.project import decoded_grid
from zarr._selection import orthogonal, vectorized
from zarr._selection.composed import Composed
from zarr._selection.fancy import fancy
from zarr._selection.model import ArrayAxis, GridSelection, SliceAxis
from zarr._support.imports_on_use import importing
from zarr._support.truth import truth
from zarr.errors import ArgumentError, ArrayIndexError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import BufferPrototype, NDBuffer
    from zarr._faces.array_properties import ArrayProperties
    from zarr._flow.node import ArrayNode
    from zarr._flow.requests import Flow
    from zarr._grid.grid import ChunkGrid
    from zarr._selection.composed import Normalize


@dataclass(frozen=True, slots=True)
class Part:
    """What one stored object holds of a view.

    Attributes
    ----------
    key
        Key of the object in the store.
    coords
        Its coordinates in the grid of stored objects: of shards, if the array is sharded, else of chunks.
    region
        Which part of the view it holds, as NumPy's square brackets take it: `view[part.region]` is that part, and
        `view.read()[part.region]` its elements.
    whole
        Whether the view covers all of the object that lies inside the array, so that writing the view replaces it and reads nothing. Along
        an axis that is selected with a step it counts as covered in part.
    n_chunks
        How many of its chunks the view meets: more than one only if the array is sharded.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(4, 6), chunks=(2, 3), dtype="i2")
    >>> for part in array.lazy[:2, 2:].parts():
    ...     print(part.key, part.region, part.whole)
    c/0/0 (slice(0, 2, 1), slice(0, 1, 1)) False
    c/0/1 (slice(0, 2, 1), slice(1, 4, 1)) True
    """

    key: str
    coords: tuple[int, ...]
    region: tuple[Any, ...]
    whole: bool
    n_chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What reading a view asks of the store, as `array.explain` and `view.explain` find out without reading it.

    Requests and bytes are those that the store counts when it is asked object by object, as `zarr.storage.trace` shows them. Where an
    engine gets to the files by itself it reads the same parts of the same files, but for what is in the cache of chunks. Azure is asked
    for the size of a shard besides, before its index is read for the first time.

    Attributes
    ----------
    shape
        Of the view.
    n_objects
        Stored objects that are met: shards, if the array is sharded, else chunks.
    n_absent
        How many of these are not there, so that the fill value is read; None if nobody asked.
    n_chunks
        Chunks that are decoded: inner chunks, if the array is sharded.
    n_requests
        Requests.
    nbytes_moved
        Bytes that come from the store.
    nbytes_decoded
        Size of these chunks in memory.
    nbytes_used
        Size of the view in memory: what is used of that.
    nbytes_memory
        How many bytes of memory the read takes at most, about.
    is_exact
        Whether the store was asked (`ask=True`). Otherwise everything is taken to be stored, and chunks that are compressed as being
        as large as they are in memory: then numbers are at most so large, but for shards whose chunks lie apart.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> array = zarr.create_array({}, data=np.ones((100, 100)), chunks=(10, 50), compressors=None)
    >>> array.explain(np.s_[:, 0])
    Selected   : (100,), 800 bytes
    Objects    : 10
    Chunks     : 10
    Requests   : 10
    Bytes moved: 40000 (39.1K)
    Decoded    : 40000 (39.1K), of which 2% is used
    Memory     : ...
    Exact      : if all of it is stored, and not compressed; ask=True looks
    """

    shape: tuple[int, ...]
    n_objects: int
    n_absent: int | None
    n_chunks: int
    n_requests: int
    nbytes_moved: int
    nbytes_decoded: int
    nbytes_used: int
    nbytes_memory: int
    is_exact: bool

    def __repr__(self) -> str:
        absent = "" if not self.n_absent else f", of which {self.n_absent} are not stored"
        share = "" if not self.nbytes_decoded else f", of which {self.nbytes_used / self.nbytes_decoded:.0%} is used"
        rows = [
            ("Selected", f"{self.shape}, {human_size(self.nbytes_used)} bytes"),
            ("Objects", f"{self.n_objects}{absent}"),
            ("Chunks", f"{self.n_chunks}"),
            ("Requests", f"{self.n_requests}"),
            ("Bytes moved", human_size(self.nbytes_moved)),
            ("Decoded", f"{human_size(self.nbytes_decoded)}{share}"),
            ("Memory", f"{human_size(self.nbytes_memory)} at most"),
            ("Exact", "yes" if self.is_exact else "if all of it is stored, and not compressed; ask=True looks"),
        ]
        return "\n".join(f"{label:<11}: {value}" for label, value in rows)


class LazyView:
    """What both faces of a view have: everything but reading and writing.

    Parameters
    ----------
    array
        The array.
    selected
        What is selected of it.
    """

    __slots__ = ("_array", "_selected")

    def __init__(self, array: ArrayProperties, selected: Composed | None = None) -> None:
        self._array = array
        self._selected = Composed.whole(array.shape) if selected is None else selected

    # -- facts --------------------------------------------------------------------------------------------------

    @property
    def array(self) -> Any:
        """The array that it is a view of."""
        return self._array

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension of the view."""
        return self._selected.shape

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._selected.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self._selected.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the elements."""
        return self._array.dtype

    @property
    def nbytes(self) -> int:
        """Size of the elements in memory, in bytes."""
        return self.size * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """As `read_chunk_sizes`: the form in which Dask has chunks of different lengths, and makes blocks of its own of."""
        return self.read_chunk_sizes

    @property
    def read_chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Per dimension of the view, how many of its elements lie in each chunk that is read one by one, in the view's order.

        A dimension along which chunks have no order, as that of points, is in one piece.
        """
        return self._sizes(decoded_grid(self._node.view.spec))

    @property
    def write_chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """The same of stored objects: shards, if the array is sharded, else chunks."""
        return self._sizes(self._node.view.spec.grid)

    @property
    def _node(self) -> ArrayNode:
        return self._array._node

    def _sizes(self, grid: ChunkGrid) -> tuple[tuple[int, ...], ...]:
        found: list[tuple[int, ...]] = [(length,) for length in self.shape]
        spec, lowered = self._node.view.spec, self._selected.lowered
        self._selected.check(spec.shape)
        if not self._selected.is_empty and isinstance(lowered.selection, GridSelection):
            kept = iter(lowered.axes)
            for axis, axis_grid, length in zip(lowered.selection.axes, grid.axes, spec.shape, strict=True):
                if isinstance(axis, SliceAxis):
                    regions = [part.out_region for part in project_axis(axis, axis_grid, length)]
                    found[next(kept)] = tuple(region.stop - region.start for region in regions)  # type: ignore[union-attr]  # slices all
                elif isinstance(axis, ArrayAxis):
                    found[next(kept)] = _runs(axis_grid.find(axis.indices))
        return tuple(found)

    # -- selecting ----------------------------------------------------------------------------------------------

    def _of(self, selected: Composed) -> Self:
        return type(self)(self._array, selected)

    def _select(self, selection: Any, normalize: Normalize = fancy) -> Self:
        names_fields = isinstance(selection, str) or (
            isinstance(selection, tuple | list) and any(isinstance(entry, str) for entry in selection)
        )
        if names_fields:
            raise ArrayIndexError(
                f"a view selects elements and not fields of them, got {selection!r}; take the fields of what it reads, as in "
                "view.read()['x']"
            )
        return self._of(self._selected.select(selection, normalize))

    def __getitem__(self, selection: Any) -> Self:
        """A view of a selection of this one, in the notation of `zarr.Array`'s square brackets. Nothing is read."""
        return self._select(selection)

    def transpose(self, *axes: int | tuple[int, ...] | list[int] | None) -> Self:
        """The view with its dimensions in another order.

        Parameters
        ----------
        *axes
            The dimensions in their new order, one by one or as a tuple; without any they are reversed.

        Raises
        ------
        ArgumentError
            If it is not every dimension, once.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(24).reshape(2, 3, 4))
        >>> array.lazy.transpose(2, 0, 1).shape, array.lazy.T.shape
        ((4, 2, 3), (4, 3, 2))
        """
        given: Any = axes[0] if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)) else axes
        ndim = self.ndim
        try:
            order = (
                tuple(range(ndim))[::-1] if given is None or axes == () else tuple(range(ndim)[axis] for axis in given)
            )
        except (IndexError, TypeError):
            order = None
        if order is None or len(set(order)) != ndim or len(order) != ndim:
            raise ArgumentError(
                f"transpose takes every dimension of the view once, which are 0 to {ndim - 1}, got {given!r}"
                if ndim
                else f"the view has no dimensions to transpose, got {given!r}"
            )
        return self._of(self._selected.transpose(order))

    @property
    def T(self) -> Self:  # noqa: N802  # as NumPy calls it
        """The view with its dimensions in reverse order."""
        return self.transpose()

    # -- what it meets ------------------------------------------------------------------------------------------

    def parts(self) -> Iterator[Part]:
        """The stored objects that the view meets, each of them once; whether they are there nobody looks.

        Every element of the view is in one of the parts, and in no other.

        Raises
        ------
        BoundsCheckError
            If the array is smaller by now than what the view selects of it.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=100, chunks=10, dtype="i1", name="a")
        >>> [(part.key, part.region) for part in array.lazy[25:5:-10].parts()]
        [('a/c/1', (slice(1, 2, 1),)), ('a/c/2', (slice(0, 1, 1),))]
        """
        node, lowered = self._node, self._selected.lowered
        spec = node.view.spec
        self._selected.check(spec.shape)
        found = iter(()) if self._selected.is_empty else object_parts(spec, lowered.selection)
        return (
            Part(
                node.key(spec.keys.encode_chunk_key(part.coords)),
                part.coords,
                lowered.region(part.region),
                part.whole,
                part.n_chunks,
            )
            for part in found
        )

    def _explain(self, ask: bool) -> Flow[Explanation]:
        asked = truth("ask", ask)
        tally, nbytes_memory = yield from explaining.explain(self._node, self._selected, ask=asked)
        return Explanation(
            shape=self.shape,
            n_objects=tally.n_objects,
            n_absent=tally.n_absent if asked else None,
            n_chunks=tally.n_chunks,
            n_requests=tally.n_requests,
            nbytes_moved=tally.nbytes,
            nbytes_decoded=tally.nbytes_decoded,
            nbytes_used=self.nbytes,
            nbytes_memory=nbytes_memory,
            is_exact=asked,
        )

    # -- forms --------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """The view in the form of JSON: where the array is, and what is selected of it. `zarr.views.from_json` opens it.

        Returns
        -------
        dict[str, Any]
            Members `zarr_view` (1), `store` (a URL, without what opens it: keys and passwords), `path` (of the array), and `selection`, which has
            `of` (shape of the array), `shape` (of the view), and `axes`: for each dimension of the array `{"at": position}`, or
            `{"axis": dimension of the view, "start": position, "step": distance}`, or `{"positions": [...], "shape": [...]}`, positions in C
            order of a shape that broadcasts to the view's.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=(4, 6), dtype="i1", name="a")
        >>> array.lazy[3, ::2].to_json()["selection"]
        {'of': [4, 6], 'shape': [3], 'axes': [{'at': 3}, {'axis': 0, 'start': 0, 'step': 2}]}
        """
        at = self._array.store_path
        return {"zarr_view": 1, "store": at.store._describe(""), "path": at.path, "selection": self._selected.to_json()}

    def _repr_html_(self) -> str | None:
        """The view as notebooks show it, with what it selects in a drawing of the array. Nothing is asked of the store."""
        with importing("zarr._faces.html"):
            from zarr._faces.html import view_html
        return view_html(self)

    def __dask_tokenize__(self) -> object:
        """What Dask tells this view from others by: what it tells the array by, and what is selected."""
        return "zarr.View", self._array.__dask_tokenize__(), self._selected.said

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._array, self._selected)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object: the view has no dimensions")
        return self.shape[0]

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Self]:
        """Views along the first dimension."""
        if not self.shape:
            raise TypeError("iteration over a view of no dimensions")
        return (self[number] for number in range(self.shape[0]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._selected == other._selected and bool(self._array == other._array)

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    def __repr__(self) -> str:
        selected = self._selected
        order = "" if _is_in_order(selected) else f" axes={selected.lowered.axes}"
        shown = f"{self._array.store_path}{selected}"
        return f"<{type(self).__name__} {shown} shape={selected.shape} dtype={self.dtype}{order}>"


class View(LazyView):
    """A selection of an array that is not read yet: `array.lazy[...]`.

    What is selected of it is a view again, of any number of steps; all of them are one selection of the array, and reading it asks for
    just the objects that this one selection meets. A view is of the array's shape at the time: it does not grow with it.

    Parameters
    ----------
    array
        The array.
    selected
        What is selected of it, as views of it have it; all of it if None.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> array = zarr.create_array({}, data=np.arange(24).reshape(4, 6), chunks=(2, 3))
    >>> view = array.lazy[::2].T[1:4]
    >>> view
    <View memory://...[0:3:2, 1:4] shape=(3, 2) dtype=int64 axes=(1, 0)>
    >>> view.read()
    array([[ 1, 13],
           [ 2, 14],
           [ 3, 15]])
    >>> view[0] = -1
    >>> array[:, 1]
    array([-1,  7, -1, 19])
    """

    __slots__ = ()

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        """Write to a selection of the view; `value` is broadcast to its shape, and converted as by the array's square brackets."""
        self._select(selection).write(value)

    @property
    def oindex(self) -> ViewIndex:
        """Orthogonal selection with square brackets, as `zarr.Array.oindex`; it gives a view.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.lazy[:, 1:].oindex[[0, 2], [0, 1]].read()
        array([[ 1,  2],
               [ 9, 10]])
        """
        return ViewIndex(self, orthogonal)

    @property
    def vindex(self) -> ViewIndex:
        """Selection of points with square brackets, as `zarr.Array.vindex`; it gives a view.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(12).reshape(3, 4))
        >>> array.lazy[:, 1:].vindex[[0, 2], [0, 1]].read()
        array([ 1, 10])
        """
        return ViewIndex(self, vectorized)

    def read(self, out: NDBuffer | npt.NDArray[Any] | None = None, *, prototype: BufferPrototype | None = None) -> Any:
        """Read the elements of the view.

        Parameters
        ----------
        out
            Array to read into, in host memory or on a GPU: the view's shape and the array's dtype, or one that holds as much.
        prototype
            Kind of the result where there is no `out`.

        Returns
        -------
        Any
            An array of the view's shape, or a scalar if the view has no dimensions.

        Raises
        ------
        BoundsCheckError
            If the array is smaller by now than what the view selects of it.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.arange(6))
        >>> array.lazy[::-2].read(out=np.empty(3))
        array([5., 3., 1.])
        """
        wanted = default_buffer_prototype() if prototype is None else prototype
        return run(viewed.get(self._node, self._selected, out=out, prototype=wanted))

    def write(self, value: npt.ArrayLike) -> None:
        """Write to all of the view: `view[...] = value`.

        Parameters
        ----------
        value
            Broadcast to the view's shape, and converted as by the array's square brackets. Of elements that are in the view several
            times the last value stays.

        Raises
        ------
        ValueError
            If `value` cannot be broadcast to the view, or the array is read-only.
        BoundsCheckError
            If the array is smaller by now than what the view selects of it.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=4, dtype="i1")
        >>> array.lazy[1:3].write(7)
        >>> array[:]
        array([0, 7, 7, 0], dtype=int8)
        """
        run(viewed.put(self._node, self._selected, value))

    def explain(self, *, ask: bool = False) -> Explanation:
        """What reading the view asks of the store, without reading it.

        Parameters
        ----------
        ask
            True asks the store how large the objects are, and for the indexes of shards that are read in part; then the numbers are exact,
            as long as nobody writes. False asks for nothing.

        Raises
        ------
        BoundsCheckError
            If the array is smaller by now than what the view selects of it.
        StoreAbilityError
            If somebody else's codec pipeline reads the array.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> array = zarr.create_array({}, data=np.ones((100, 100)), chunks=(10, 10), shards=(50, 50))
        >>> found = array.lazy[:5, :].explain(ask=True)
        >>> found.n_objects, found.n_chunks, found.is_exact
        (2, 10, True)
        """
        return run(self._explain(ask))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The elements in memory, always a copy."""
        if copy is False:
            raise ValueError("`copy=False` is not supported. This method always creates a copy.")
        out = None if self.shape else empty((), self.dtype)
        found = np.asarray(run(viewed.get(self._node, self._selected, out=out, prototype=CPU_PROTOTYPE)))
        return found if dtype is None else in_dtype(found, np.dtype(dtype))

    def astype(self, dtype: npt.DTypeLike, **options: Any) -> npt.NDArray[Any]:
        """Read the elements and convert them: `numpy.asarray(view).astype(...)`, which other libraries ask of what looks like an array.

        Parameters
        ----------
        dtype
            Of the result.
        **options
            As NumPy's method takes them: `order`, `casting`.
        """
        return np.asarray(self).astype(dtype, **options)


class ViewIndex:
    """`view.oindex[...]` and `view.vindex[...]`.

    Parameters
    ----------
    view, normalize
        What is selected of, and what gives selections their meaning.
    """

    __slots__ = ("_normalize", "_view")

    def __init__(self, view: View, normalize: Normalize) -> None:
        self._view, self._normalize = view, normalize

    def __getitem__(self, selection: Any) -> View:
        return self._view._select(selection, self._normalize)

    def __setitem__(self, selection: Any, value: npt.ArrayLike) -> None:
        self._view._select(selection, self._normalize).write(value)


def _runs(numbers: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """How many equal numbers follow each other each time; all of them together, if they do not go one way."""
    steps = np.diff(numbers)
    if len(numbers) < 2 or not ((steps >= 0).all() or (steps <= 0).all()):
        return (len(numbers),)
    ends = [*(np.flatnonzero(steps) + 1).tolist(), len(numbers)]
    return tuple(stop - start for start, stop in zip([0, *ends], ends, strict=False))


def _is_in_order(selected: Composed) -> bool:
    axes = selected.lowered.axes
    return list(axes) == sorted(axes)
