"""`AsyncArray`: the asynchronous face of an array. The same flows as the synchronous one, awaited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zarr import _calls
from zarr._buffer import BufferPrototype
from zarr._buffer.registry import default_buffer_prototype
from zarr._calls.array_config import array_config
from zarr._codec.base import ArrayConfig
from zarr._codec.pipeline import CodecPipeline, pipeline_of_ours
from zarr._faces.advice import attrs_are_not_assigned, no_such_attribute, not_subscriptable, of_array, refuse_lengths
from zarr._faces.array_properties import ArrayProperties
from zarr._faces.attributes import ReadAttributes, attributes_of, merge
from zarr._faces.info import ArrayInfo
from zarr._flow import elements, inventory, resize
from zarr._flow.create import put_node
from zarr._flow.drive import run_async
from zarr._flow.node import ArrayNode, UnreadableNode
from zarr._grid.shapes import parse_shape
from zarr._metadata.formats import array_from_dict
from zarr._selection import basic, coordinate, orthogonal, vectorized
from zarr._selection import mask as select_mask
from zarr._selection.fields import Fields
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath
from zarr._support.imports_on_use import importing
from zarr._support.truth import truth

if TYPE_CHECKING:
    from typing import Never, NoReturn, Self

    import numpy.typing as npt

    from zarr._buffer import NDBuffer
    from zarr._dtype import ZarrFormat
    from zarr._faces.async_view import AsyncView
    from zarr._faces.view import Explanation
    from zarr._flow.by_indexer import Indexer
    from zarr._metadata.group import ArrayMetadata


class AsyncArray(ArrayProperties):
    """An array whose operations are coroutines.

    Made by the functions of `zarr.api.asynchronous`, and found at `zarr.Array.async_array`.

    Parameters
    ----------
    metadata
        Parsed metadata of the array.
    store_path
        Where the array is.
    config
        Settings that are not stored; the configuration's defaults if None.

    Examples
    --------
    >>> import asyncio
    >>> import zarr.api.asynchronous
    >>> async def main():
    ...     array = await zarr.api.asynchronous.create_array({}, shape=4, chunks=2, dtype="int8")
    ...     await array.setitem(slice(1, 3), 7)
    ...     return await array.getitem(...)
    >>> asyncio.run(main())
    array([0, 7, 7, 0], dtype=int8)
    """

    _node: ArrayNode

    def __init__(
        self,
        metadata: ArrayMetadata | Mapping[str, Any],
        store_path: StorePath,
        config: ArrayConfig | dict[str, Any] | None = None,
    ) -> None:
        parsed = array_from_dict(metadata) if isinstance(metadata, Mapping) else metadata
        self._node = ArrayNode(parsed, store_path, array_config(config))

    @classmethod
    def _of(cls, node: ArrayNode | UnreadableNode) -> Self:
        self = cls.__new__(cls)
        self._node = node  # type: ignore[assignment]  # whatever is asked of the latter but its place is an error
        return self

    @classmethod
    def from_dict(cls, store_path: StorePath, data: Mapping[str, Any]) -> Self:
        """The array that a parsed metadata document describes; nothing is read or stored.

        Parameters
        ----------
        store_path
            Where the array is.
        data
            The document, as `metadata.to_dict()` gives it.
        """
        return cls(array_from_dict(data), store_path)

    @classmethod
    async def open(
        cls, store: StoreLike, zarr_format: ZarrFormat | None = 3, *, config: ArrayConfig | dict[str, Any] | None = None
    ) -> Self:
        """Open an existing array; see `zarr.open_array`."""
        flow = _calls.open_array(make_store_path(store), mode="r+", zarr_format=zarr_format, config=config)
        return cls(*await run_async(flow))

    async def getitem(self, selection: Any, *, prototype: BufferPrototype | None = None) -> Any:
        """Read a selection of integers and slices.

        Parameters
        ----------
        selection
            As in `zarr.Array.get_basic_selection`.
        prototype
            Kind of the result.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        """
        return await self._get(basic, selection, prototype=prototype)

    async def setitem(self, selection: Any, value: npt.ArrayLike, prototype: BufferPrototype | None = None) -> None:
        """Write to a selection of integers and slices.

        Parameters
        ----------
        selection
            As in `zarr.Array.get_basic_selection`.
        value
            Broadcast to the shape of the selection, and cast as NumPy casts.
        prototype
            Without effect.

        Raises
        ------
        IndexError
            If the selection does not fit the array.
        ValueError
            If `value` cannot be broadcast to it, or the array is read-only.
        """
        await run_async(elements.put(self._node, basic, selection, value))

    async def _get(
        self,
        normalize: elements.Normalize,
        selection: Any,
        out: NDBuffer | None = None,
        fields: Fields = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        wanted = default_buffer_prototype() if prototype is None else prototype
        found = elements.get(self._node, normalize, selection, out=out, prototype=wanted, fields=fields)
        return await run_async(found)

    async def _get_selection(
        self,
        indexer: Indexer,
        *,
        prototype: BufferPrototype,
        out: NDBuffer | None = None,
        fields: Fields = None,
    ) -> Any:
        """Read what an indexer of zarr-python's form gives (`zarr.core.indexing`)."""
        with importing("zarr._flow.by_indexer"):
            from zarr._flow import by_indexer

        return await run_async(by_indexer.get(self._node, indexer, prototype=prototype, out=out, fields=fields))

    async def _set_selection(
        self, indexer: Indexer, value: npt.ArrayLike, *, prototype: BufferPrototype, fields: Fields = None
    ) -> None:
        """Write to what an indexer of zarr-python's form gives."""
        with importing("zarr._flow.by_indexer"):
            from zarr._flow import by_indexer

        await run_async(by_indexer.put(self._node, indexer, value, fields))

    @property
    def _config(self) -> ArrayConfig:
        """`config`, by the name that zarr-python had for it."""
        return self.config

    async def _save_metadata(self, metadata: ArrayMetadata, ensure_parents: bool = False) -> None:
        """Store documents in place of those of the array, as zarr-python's method does."""
        await run_async(put_node(self.store_path, metadata, with_ancestors=ensure_parents))

    async def get_orthogonal_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | None = None,
        fields: Fields = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read a selection made independently in each dimension; see `zarr.Array.get_orthogonal_selection`."""
        return await self._get(orthogonal, selection, out, fields, prototype)

    async def get_coordinate_selection(
        self,
        selection: Any,
        *,
        out: NDBuffer | None = None,
        fields: Fields = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read single elements by their coordinates; see `zarr.Array.get_coordinate_selection`."""
        return await self._get(coordinate, selection, out, fields, prototype)

    async def get_mask_selection(
        self,
        mask: Any,
        *,
        out: NDBuffer | None = None,
        fields: Fields = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read the elements where a mask is True; see `zarr.Array.get_mask_selection`."""
        return await self._get(select_mask, mask, out, fields, prototype)

    @property
    def oindex(self) -> AsyncOIndex:
        """Orthogonal selection: `await array.oindex.getitem(...)`."""
        return AsyncOIndex(self)

    @property
    def vindex(self) -> AsyncVIndex:
        """Selection of points: `await array.vindex.getitem(...)`."""
        return AsyncVIndex(self)

    @property
    def lazy(self) -> AsyncView:
        """A view of the array, and of selections of it, whose reads and writes are awaited: `await array.lazy[...].read()`."""
        with importing("zarr._faces.async_view"):
            from zarr._faces.async_view import AsyncView

        return AsyncView(self)

    async def explain(self, selection: Any = Ellipsis, *, ask: bool = False) -> Explanation:
        """What reading a selection asks of the store; see `zarr.Array.explain`."""
        return await self.lazy[selection].explain(ask=ask)

    async def resize(self, new_shape: int | tuple[int, ...], delete_outside_chunks: bool = True) -> None:
        """Change the shape; see `zarr.Array.resize`."""
        refuse_lengths("resize", (new_shape, delete_outside_chunks))
        clear = truth("delete_outside_chunks", delete_outside_chunks)
        await run_async(resize.resize(self._node, parse_shape(new_shape), clear=clear))

    async def append(self, data: npt.ArrayLike, axis: int = 0) -> tuple[int, ...]:
        """Write data behind the end of an axis; see `zarr.Array.append`."""
        return await run_async(self._appending(data, axis))

    async def update_attributes(self, new_attributes: Mapping[str, Any]) -> AsyncArray:
        """Merge entries into the stored attributes; see `zarr.Array.update_attributes`."""
        await run_async(merge(self._node, new_attributes))
        return self

    @property
    def attrs(self) -> dict[str, Any]:
        """User attributes: a copy, which refuses to be changed. `update_attributes` stores changes."""
        return ReadAttributes(attributes_of(self._node))

    @attrs.setter
    def attrs(self, _: Never) -> NoReturn:
        attrs_are_not_assigned("`await array.update_attributes({...})` adds to them")

    if not TYPE_CHECKING:  # checkers know which attributes there are

        def __getitem__(self, selection: Any) -> Any:
            not_subscriptable(self, "await array.getitem(selection)")

        def __setitem__(self, selection: Any, value: Any) -> None:
            not_subscriptable(self, "await array.setitem(selection, value)")

        __iter__ = None  # else Python would try one element after the other

        def __getattr__(self, name: str) -> Any:
            return no_such_attribute(self, name, of_array(name, "(await array.getitem(...))"))

    @property
    def codec_pipeline(self) -> CodecPipeline:
        """The codecs of the array as a pipeline: the one that reads and writes it, if the setting `codec_pipeline.path` named somebody
        else's class when it was opened; else one that does what the array's engine does.
        """
        view = self._node.view
        delegate = view.pipeline.delegate
        return pipeline_of_ours(view.spec.codecs) if delegate is None else delegate.pipeline

    def with_config(self, config: ArrayConfig | dict[str, Any]) -> Self:
        """The same array with other settings; see `zarr.Array.with_config`."""
        return type(self)._of(self._node.with_config(array_config(config)))

    async def nchunks_initialized(self) -> int:
        """Number of chunks that are stored; in a sharded array, those of the stored shards."""
        return await run_async(self._count_stored())

    async def nbytes_stored(self) -> int:
        """Size of everything stored for the array, in bytes."""
        return await run_async(inventory.stored_nbytes(self.store_path))

    async def info_complete(self) -> ArrayInfo:
        """All facts as a table, with what is stored; this lists the store."""
        return await run_async(self._complete_info())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AsyncArray):
            return NotImplemented
        return self._node.said == other._node.said and self.store_path == other.store_path

    __hash__ = None  # type: ignore[assignment]  # its metadata can change

    def __repr__(self) -> str:
        return f"<AsyncArray {self.store_path}{self._node.facts}>"


class AsyncOIndex:
    """`array.oindex` of an asynchronous array."""

    def __init__(self, array: AsyncArray) -> None:
        self._array = array

    if not TYPE_CHECKING:

        def __getitem__(self, selection: Any) -> Any:
            not_subscriptable(self, "await array.oindex.getitem(selection)")

        __iter__ = None

    async def getitem(self, selection: Any) -> Any:
        """Read an orthogonal selection."""
        return await self._array._get(orthogonal, selection)


class AsyncVIndex:
    """`array.vindex` of an asynchronous array."""

    def __init__(self, array: AsyncArray) -> None:
        self._array = array

    if not TYPE_CHECKING:

        def __getitem__(self, selection: Any) -> Any:
            not_subscriptable(self, "await array.vindex.getitem(selection)")

        __iter__ = None

    async def getitem(self, selection: Any) -> Any:
        """Read points, by coordinates or by a mask."""
        return await self._array._get(vectorized, selection)
