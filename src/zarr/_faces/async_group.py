"""`AsyncGroup`: the asynchronous face of a group. The same flows as the synchronous one, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from zarr import _calls
from zarr._faces.async_array import AsyncArray
from zarr._faces.group_properties import GroupProperties
from zarr._faces.info import GroupInfo
from zarr._faces.tree import TreeRepr, check_expand, render
from zarr._flow.consolidate import load_consolidated
from zarr._flow.drive import run_async
from zarr._flow.members import list_members, open_member
from zarr._flow.node import GroupNode
from zarr._flow.remove import remove_node
from zarr._flow.requests import Flow
from zarr._flow.update import update_attributes
from zarr._metadata.group import GroupMetadata
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath
from zarr._support.json import entries
from zarr.errors import ArrayNotFoundError, GroupNotFoundError

if TYPE_CHECKING:
    from typing import Self

    from zarr._metadata.group import NodeMetadata

T = TypeVar("T")


class AsyncGroup(GroupProperties):
    """A group whose operations are coroutines.

    Made by the functions of `zarr.api.asynchronous`.

    Parameters
    ----------
    metadata
        Parsed metadata of the group.
    store_path
        Where the group is.

    Examples
    --------
    >>> import asyncio
    >>> import zarr.api.asynchronous
    >>> async def main():
    ...     group = await zarr.api.asynchronous.create_group({})
    ...     await group.create_array("a", shape=3, dtype="int8")
    ...     return [name async for name in group.array_keys()]
    >>> asyncio.run(main())
    ['a']
    """

    _node: GroupNode

    def __init__(self, metadata: GroupMetadata, store_path: StorePath) -> None:
        self._node = GroupNode(metadata, store_path)

    @classmethod
    def from_dict(cls, store_path: StorePath, data: Mapping[str, Any]) -> Self:
        """The group that a parsed metadata document describes; nothing is read or stored.

        Parameters
        ----------
        store_path
            Where the group is.
        data
            The document, as `metadata.to_dict()` gives it.
        """
        return cls(GroupMetadata.from_dict(data), store_path)

    @classmethod
    async def open(
        cls, store: StoreLike, zarr_format: int | None = 3, use_consolidated: bool | str | None = None
    ) -> Self:
        """Open an existing group; see `zarr.open_group`."""
        at = make_store_path(store)
        return cls(await run_async(load_consolidated(at, zarr_format, use=use_consolidated)), at)

    @classmethod
    async def from_store(
        cls,
        store: StoreLike,
        *,
        attributes: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        zarr_format: int = 3,
    ) -> Self:
        """Create a group; see `zarr.create_group`."""
        flow = _calls.create_group(
            make_store_path(store), zarr_format=zarr_format, overwrite=overwrite, attributes=attributes
        )
        return cls(*await run_async(flow))

    @property
    def attrs(self) -> dict[str, Any]:
        """User attributes, a copy."""
        return dict(self._node.metadata.attributes)

    # -- members ------------------------------------------------------------------------------------------------

    async def getitem(self, key: str) -> AsyncArray | AsyncGroup:
        """The member at a path below this group.

        Parameters
        ----------
        key
            The path.

        Raises
        ------
        KeyError
            If there is none.
        """
        return as_async_face(*await run_async(open_member(self._node, key)))

    async def get(self, key: str, default: Any = None) -> Any:
        """The member at a path, or a default; see `zarr.Group.get`."""
        try:
            return await self.getitem(key)
        except KeyError:
            return default

    async def get_array(self, path: str) -> AsyncArray:
        """The array at a path; ArrayNotFoundError if there is none, ContainsGroupError if it is a group."""
        return AsyncArray(*await self._expect(path, AsyncArray))

    async def get_group(self, path: str) -> AsyncGroup:
        """The group at a path; GroupNotFoundError if there is none, ContainsArrayError if it is an array."""
        return AsyncGroup(*await self._expect(path, GroupMetadata))

    async def _expect(self, path: str, kind: type) -> tuple[Any, StorePath]:
        at = self._below(path)
        try:
            found = await run_async(open_member(self._node, path))
        except KeyError as exc:
            missing = GroupNotFoundError if kind is GroupMetadata else ArrayNotFoundError
            raise missing(at.store, at.path) from exc
        return _calls.expect(found, kind)

    async def contains(self, member: str) -> bool:
        """Whether there is a member at a path."""
        return await self.get(member) is not None

    async def setitem(self, key: str, value: Any) -> None:
        """Store an array in memory as a member, in place of what is there.

        Parameters
        ----------
        key
            Path below this group.
        value
            The array.

        Raises
        ------
        TypeError
            If the value is no array.
        """
        await self._made(_calls.create_array(self._below(key), zarr_format=self._format, **_calls.as_member(value)))

    async def delitem(self, key: str) -> None:
        """Delete a member with everything below it. Files that are not Zarr's stay.

        Parameters
        ----------
        key
            Path below this group.

        Raises
        ------
        KeyError
            If there is none.
        """
        _, at = await run_async(open_member(self._node, key))
        if at == self.store_path:
            raise KeyError(f"{key!r} is group {self.name!r} itself; delete it from the group that it is in")
        await self._made(remove_node(at))

    async def move(self, source: str, dest: str) -> None:
        """Rename a member; see `zarr.Group.move`."""
        await self._made(_calls.move(self.store_path, source, dest))

    async def members(
        self, max_depth: int | None = 0, *, use_consolidated_for_children: bool = True
    ) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
        """Members below this group as `(relative path, node)`; `max_depth` 0 is the direct ones, None all."""
        for path, metadata in await run_async(
            list_members(self._node, max_depth, use_consolidated=use_consolidated_for_children)
        ):
            yield path, as_async_face(metadata, self._below(path))

    async def nmembers(self, max_depth: int | None = 0) -> int:
        """Number of members; see `zarr.Group.nmembers`."""
        return len(await run_async(list_members(self._node, max_depth)))

    async def keys(self) -> AsyncIterator[str]:
        """Names of the direct members."""
        for name, _ in await run_async(list_members(self._node)):
            yield name

    async def arrays(self) -> AsyncIterator[tuple[str, AsyncArray]]:
        """Direct members that are arrays."""
        async for name, node in self.members():
            if isinstance(node, AsyncArray):
                yield name, node

    async def array_keys(self) -> AsyncIterator[str]:
        """Names of the direct members that are arrays."""
        async for name, _ in self.arrays():
            yield name

    async def array_values(self) -> AsyncIterator[AsyncArray]:
        """Direct members that are arrays, without their names."""
        async for _, array in self.arrays():
            yield array

    async def groups(self) -> AsyncIterator[tuple[str, AsyncGroup]]:
        """Direct members that are groups."""
        async for name, node in self.members():
            if isinstance(node, AsyncGroup):
                yield name, node

    async def group_keys(self) -> AsyncIterator[str]:
        """Names of the direct members that are groups."""
        async for name, _ in self.groups():
            yield name

    async def group_values(self) -> AsyncIterator[AsyncGroup]:
        """Direct members that are groups, without their names."""
        async for _, group in self.groups():
            yield group

    async def tree(
        self, expand: bool | None = None, level: int | None = None, *, max_nodes: int = 500, plain: bool = False
    ) -> TreeRepr:
        """A drawing of the hierarchy below this group; see `zarr.Group.tree`."""
        check_expand(expand)
        found = await run_async(list_members(self._node, level))
        return render(self.name, found, max_nodes=max_nodes, plain=plain)

    async def info_complete(self) -> GroupInfo:
        """The facts as a table, with the number of members at every depth."""
        return self._info(await run_async(list_members(self._node, None)))

    # -- creating -----------------------------------------------------------------------------------------------

    async def create_group(
        self, name: str, *, overwrite: bool = False, attributes: Mapping[str, Any] | None = None
    ) -> AsyncGroup:
        """Create a group below this one; see `zarr.Group.create_group`."""
        flow = _calls.create_group(
            self._below(name), zarr_format=self._format, overwrite=overwrite, attributes=attributes
        )
        return AsyncGroup(*await self._made(flow))

    async def require_group(self, name: str, overwrite: bool = False) -> AsyncGroup:
        """The group at a path, created if there is none; see `zarr.Group.require_group`."""
        return AsyncGroup(*await self._made(_calls.require_group(self._below(name), self._format, overwrite=overwrite)))

    async def require_groups(self, *names: str) -> tuple[AsyncGroup, ...]:
        """Several groups, each created if there is none."""
        return tuple([await self.require_group(name) for name in names])

    async def create_array(
        self,
        name: str,
        *,
        shape: Any = None,
        dtype: Any = None,
        data: Any = None,
        chunks: Any = "auto",
        shards: Any = None,
        filters: Any = "auto",
        compressors: Any = "auto",
        compressor: Any = "auto",
        serializer: Any = "auto",
        fill_value: Any = _calls.DEFAULT_FILL_VALUE,
        order: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        chunk_key_encoding: Any = None,
        dimension_names: Any = None,
        storage_options: dict[str, Any] | None = None,
        overwrite: bool = False,
        config: Any = None,
        write_data: bool = True,
    ) -> AsyncArray:
        """Create an array below this group; see `zarr.Group.create_array`."""
        flow = _calls.create_array(
            self._below(name),
            shape=shape,
            dtype=dtype,
            data=data,
            chunks=chunks,
            shards=shards,
            filters=filters,
            compressors=_calls.one_of(compressor, compressors),
            serializer=serializer,
            fill_value=fill_value,
            order=order,
            zarr_format=self._format,
            attributes=attributes,
            chunk_key_encoding=chunk_key_encoding,
            dimension_names=dimension_names,
            overwrite=overwrite,
            config=config,
            write_data=write_data,
        )
        return AsyncArray(*await self._made(flow))

    async def require_array(
        self,
        name: str,
        *,
        shape: Any,
        dtype: Any = None,
        exact: bool = False,
        config: Any = None,
        **kwargs: Any,
    ) -> AsyncArray:
        """The array at a path, created if there is none; see `zarr.Group.require_array`."""
        kwargs.setdefault("zarr_format", self._format)
        flow = _calls.require_array(self._below(name), shape=shape, dtype=dtype, exact=exact, config=config, **kwargs)
        return AsyncArray(*await self._made(flow))

    async def empty(self, *, name: str, shape: Any, **kwargs: Any) -> AsyncArray:
        """Create an array without contents; keywords as in `zarr.create`."""
        return await self._create(name, shape=shape, **kwargs)

    async def zeros(self, *, name: str, shape: Any, **kwargs: Any) -> AsyncArray:
        """Create an array of zeros; keywords as in `zarr.create`."""
        return await self._create(name, shape=shape, fill_value=0, **kwargs)

    async def ones(self, *, name: str, shape: Any, **kwargs: Any) -> AsyncArray:
        """Create an array of ones; keywords as in `zarr.create`."""
        return await self._create(name, shape=shape, fill_value=1, **kwargs)

    async def full(self, *, name: str, shape: Any, fill_value: Any, **kwargs: Any) -> AsyncArray:
        """Create an array of one value; keywords as in `zarr.create`."""
        return await self._create(name, shape=shape, fill_value=fill_value, **kwargs)

    async def empty_like(self, *, name: str, data: Any, **kwargs: Any) -> AsyncArray:
        """Create an array without contents, like another; see `zarr.Group.empty_like`."""
        return await self._create(name, **_calls.like(data, self._format, kwargs))

    async def zeros_like(self, *, name: str, data: Any, **kwargs: Any) -> AsyncArray:
        """Create an array of zeros, like another; see `zarr.Group.zeros_like`."""
        return await self._create(name, **_calls.like(data, self._format, {"fill_value": 0, **kwargs}))

    async def ones_like(self, *, name: str, data: Any, **kwargs: Any) -> AsyncArray:
        """Create an array of ones, like another; see `zarr.Group.ones_like`."""
        return await self._create(name, **_calls.like(data, self._format, {"fill_value": 1, **kwargs}))

    async def full_like(self, *, name: str, data: Any, **kwargs: Any) -> AsyncArray:
        """Create an array of one value, like another; see `zarr.Group.full_like`."""
        return await self._create(name, **_calls.like_filled(data, self._format, kwargs))

    async def _create(self, name: str, **kwargs: Any) -> AsyncArray:
        kwargs.setdefault("zarr_format", self._format)
        return AsyncArray(*await self._made(_calls.create(self._below(name), **kwargs)))

    async def create_hierarchy(
        self, nodes: Mapping[str, NodeMetadata], *, overwrite: bool = False
    ) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
        """Create nodes below this group from their metadata; see `zarr.create_hierarchy`."""
        for path, metadata in await self._made(_calls.create_many(self.store_path, nodes, overwrite=overwrite)):
            yield path, as_async_face(metadata, self._below(path))

    async def _made(self, flow: Flow[T]) -> T:
        """Drive a flow that changes what members there are; consolidated metadata tell of them no longer."""
        result = await run_async(flow)
        self._node.forget_snapshot()
        return result

    async def update_attributes(self, new_attributes: Mapping[str, Any]) -> AsyncGroup:
        """Merge entries into the stored attributes, in one write; see `zarr.Group.update_attributes`."""
        new = entries(new_attributes)
        await run_async(update_attributes(self._node, lambda current: {**current, **new}))
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AsyncGroup):
            return NotImplemented
        return self.metadata == other.metadata and self.store_path == other.store_path

    __hash__ = None  # type: ignore[assignment]  # its metadata can change

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.metadata, self.store_path)

    def __repr__(self) -> str:
        return f"<AsyncGroup {self.store_path}>"


def as_async_face(metadata: NodeMetadata, at: StorePath) -> AsyncArray | AsyncGroup:
    """The asynchronous face of a node."""
    return AsyncGroup(metadata, at) if isinstance(metadata, GroupMetadata) else AsyncArray(metadata, at)
