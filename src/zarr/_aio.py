"""`AsyncArray` and `AsyncGroup`: the asynchronous faces. The same flows as the synchronous ones, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from zarr._buffer import BufferPrototype, default_buffer_prototype
from zarr._codec.base import ArrayConfig
from zarr._config import settings
from zarr._flow import elements, nodes, resize
from zarr._flow.consolidate import list_members, open_member
from zarr._flow.drive import run_async
from zarr._flow.requests import Flow
from zarr._metadata.group import GroupMetadata
from zarr._metadata.v2 import ArrayV2Metadata
from zarr._metadata.v3 import ArrayV3Metadata
from zarr._node import ArrayNode, GroupNode
from zarr._properties import ArrayProperties, array_config, check_axis, parse_shape
from zarr._selection import basic, orthogonal
from zarr._store.path import StorePath

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import NDBuffer
    from zarr._flow.nodes import ArrayMetadata

T = TypeVar("T")


def parse_metadata(document: Mapping[str, Any]) -> ArrayMetadata:
    """The metadata of an array from a parsed document of either format."""
    if document.get("zarr_format") == 2:
        return ArrayV2Metadata.from_dict(document)
    return ArrayV3Metadata.from_dict(document)


async def _drive(flow: Flow[T]) -> T:
    return await run_async(flow, concurrency=settings().concurrency)


class AsyncArray(ArrayProperties):
    """An array whose operations are coroutines.

    Parameters
    ----------
    metadata
        Parsed metadata of the array.
    store_path
        Where the array is.
    config
        Settings that are not stored; the configuration's defaults if None.
    """

    _node: ArrayNode

    def __init__(
        self,
        metadata: ArrayMetadata | Mapping[str, Any],
        store_path: StorePath,
        config: ArrayConfig | dict[str, Any] | None = None,
    ) -> None:
        parsed = parse_metadata(metadata) if isinstance(metadata, Mapping) else metadata
        self._node = ArrayNode(parsed, store_path, array_config(config))

    @classmethod
    def from_dict(cls, store_path: StorePath, data: Mapping[str, Any]) -> Self:
        """The array that a parsed metadata document describes; nothing is read or stored."""
        return cls(parse_metadata(data), store_path)

    @classmethod
    def _of(cls, node: ArrayNode) -> AsyncArray:
        array = cls.__new__(cls)
        array._node = node
        return array

    async def getitem(self, selection: Any, *, prototype: BufferPrototype | None = None) -> Any:
        """Read a basic selection."""
        return await _drive(elements.get(self._node, basic, selection, prototype=_or_default(prototype)))

    async def setitem(self, selection: Any, value: npt.ArrayLike, prototype: BufferPrototype | None = None) -> None:
        """Write a basic selection."""
        await _drive(elements.put(self._node, basic, selection, value))

    async def get_orthogonal_selection(
        self, selection: Any, *, out: NDBuffer | None = None, prototype: BufferPrototype | None = None
    ) -> Any:
        """Read an orthogonal selection."""
        flow = elements.get(self._node, orthogonal, selection, out=out, prototype=_or_default(prototype))
        return await _drive(flow)

    async def resize(self, new_shape: int | tuple[int, ...], delete_outside_chunks: bool = True) -> None:
        """Change the shape; see `zarr.Array.resize`."""
        await _drive(resize.resize(self._node, parse_shape(new_shape), clear=delete_outside_chunks))

    async def append(self, data: npt.ArrayLike, axis: int = 0) -> tuple[int, ...]:
        """Write data behind the end of an axis; see `zarr.Array.append`."""
        elements_ = elements.as_elements(data, self._node.view.spec)
        return await _drive(resize.append(self._node, elements_, check_axis(axis, self.ndim)))

    async def update_attributes(self, new_attributes: Mapping[str, Any]) -> AsyncArray:
        """Merge entries into the stored attributes."""
        new = dict(new_attributes)
        await _drive(nodes.update_attributes(self._node, lambda current: {**current, **new}))
        return self

    def __repr__(self) -> str:
        return f"<AsyncArray {self.store_path} shape={self.shape} dtype={self.dtype}>"


class AsyncGroup:
    """A group whose operations are coroutines.

    Parameters
    ----------
    metadata
        Parsed metadata of the group.
    store_path
        Where the group is.
    """

    _node: GroupNode

    def __init__(self, metadata: GroupMetadata, store_path: StorePath) -> None:
        self._node = GroupNode(metadata, store_path)

    @classmethod
    def _of(cls, node: GroupNode) -> AsyncGroup:
        group = cls.__new__(cls)
        group._node = node
        return group

    @property
    def metadata(self) -> GroupMetadata:
        return self._node.metadata

    @property
    def store_path(self) -> StorePath:
        return self._node.store_path

    @property
    def path(self) -> str:
        return self._node.path

    @property
    def attrs(self) -> dict[str, Any]:
        return dict(self._node.metadata.attributes)

    async def getitem(self, key: str) -> AsyncArray | AsyncGroup:
        """The member at a path below this group; KeyError if there is none."""
        return _face(*await _drive(open_member(self._node, key)))

    async def contains(self, member: str) -> bool:
        """Whether there is a member at a path."""
        try:
            await self.getitem(member)
        except KeyError:
            return False
        return True

    async def members(
        self, max_depth: int | None = 0, *, use_consolidated_for_children: bool = True
    ) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
        """Members below this group as `(relative path, node)`; `max_depth` 0 is the direct ones, None all."""
        flow = list_members(self._node, max_depth, use_consolidated=use_consolidated_for_children)
        for path, metadata in await _drive(flow):
            yield path, _face(metadata, StorePath(self.store_path.store, nodes.join(self.path, path)))

    async def update_attributes(self, new_attributes: Mapping[str, Any]) -> AsyncGroup:
        """Merge entries into the stored attributes."""
        new = dict(new_attributes)
        await _drive(nodes.update_attributes(self._node, lambda current: {**current, **new}))
        return self

    def __repr__(self) -> str:
        return f"<AsyncGroup {self.store_path}>"


def _face(metadata: nodes.NodeMetadata, at: StorePath) -> AsyncArray | AsyncGroup:
    return AsyncGroup(metadata, at) if isinstance(metadata, GroupMetadata) else AsyncArray(metadata, at)


def _or_default(prototype: BufferPrototype | None) -> BufferPrototype:
    return default_buffer_prototype() if prototype is None else prototype
