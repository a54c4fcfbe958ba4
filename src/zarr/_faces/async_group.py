"""`AsyncGroup`: the asynchronous face of a group. The same flows as the synchronous one, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from zarr import _calls
from zarr._calls import members
from zarr._calls.arrays import ARRAY_DEFAULTS, ONES, ZEROS
from zarr._calls.keywords import MemberOptions, takes
from zarr._faces.advice import attrs_are_not_assigned, no_such_attribute, not_subscriptable, of_group
from zarr._faces.async_array import AsyncArray
from zarr._faces.attributes import ReadAttributes, attributes_of, merge
from zarr._faces.group_properties import GroupProperties
from zarr._faces.info import GroupInfo
from zarr._faces.tree import TreeRepr, draw
from zarr._flow.create import put_node
from zarr._flow.drive import run_async
from zarr._flow.node import ArrayNode, GroupNode, UnreadableNode
from zarr._metadata.group import GroupMetadata
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath

if TYPE_CHECKING:
    from typing import Never, NoReturn, Self, Unpack

    from zarr._calls.keywords import (
        Auto,
        CompressorLike,
        ConfigLike,
        DataTypeLike,
        EmptyMemberOptions,
        FilledMemberOptions,
        LikeMemberOptions,
        RequiredOptions,
        ShapeLike,
        StorageOptions,
    )
    from zarr._codec.base import ArrayConfig
    from zarr._dtype import ZarrFormat
    from zarr._metadata.group import NodeMetadata


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
    def _of(cls, node: GroupNode | UnreadableNode) -> Self:
        self = cls.__new__(cls)
        self._node = node  # type: ignore[assignment]  # whatever is asked of the latter but its place is an error
        return self

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
        cls, store: StoreLike, zarr_format: ZarrFormat | None = 3, use_consolidated: bool | str | None = None
    ) -> Self:
        """Open an existing group; see `zarr.open_group`."""
        flow = _calls.open_group(
            make_store_path(store), mode="r+", zarr_format=zarr_format, use_consolidated=use_consolidated
        )
        return cls(*await run_async(flow))

    @classmethod
    async def from_store(
        cls,
        store: StoreLike,
        *,
        attributes: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        zarr_format: ZarrFormat = 3,
    ) -> Self:
        """Create a group; see `zarr.create_group`."""
        flow = _calls.create_group(
            make_store_path(store), zarr_format=zarr_format, overwrite=overwrite, attributes=attributes
        )
        return cls(*await run_async(flow))

    @property
    def attrs(self) -> dict[str, Any]:
        """User attributes: a copy, which refuses to be changed. `update_attributes` stores changes."""
        return ReadAttributes(attributes_of(self._node))

    @attrs.setter
    def attrs(self, _: Never) -> NoReturn:
        attrs_are_not_assigned("`await group.update_attributes({...})` adds to them")

    if not TYPE_CHECKING:  # checkers know which attributes there are

        def __getitem__(self, key: str) -> Any:
            not_subscriptable(self, f"await group.getitem({key!r})")

        def __setitem__(self, key: str, value: Any) -> None:
            not_subscriptable(self, f"await group.setitem({key!r}, value)")

        def __delitem__(self, key: str) -> None:
            not_subscriptable(self, f"await group.delitem({key!r})")

        __iter__ = None  # else Python would look for a member called 0
        __contains__ = None

        def __getattr__(self, name: str) -> Any:
            return no_such_attribute(self, name, of_group(type(self), name, f"`await group.getitem({name!r})`"))

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
        return async_face_of(await run_async(members.get_existing(self._node, key)))

    async def get(self, key: str, default: Any = None) -> Any:
        """The member at a path, or a default; see `zarr.Group.get`."""
        found = await run_async(members.get(self._node, key))
        return default if found is None else async_face_of(found)

    async def get_array(self, path: str) -> AsyncArray:
        """The array at a path; ArrayNotFoundError if there is none, ContainsGroupError if it is a group."""
        return AsyncArray._of(await run_async(members.get_array(self._node, path)))

    async def get_group(self, path: str) -> AsyncGroup:
        """The group at a path; GroupNotFoundError if there is none, ContainsArrayError if it is an array."""
        return AsyncGroup._of(await run_async(members.get_group(self._node, path)))

    async def contains(self, member: str) -> bool:
        """Whether there is a member at a path."""
        return await run_async(members.contains(self._node, member))

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
        await run_async(members.put(self._node, key, value))

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
        await run_async(members.remove(self._node, key))

    async def move(self, source: str, dest: str) -> None:
        """Rename a member; see `zarr.Group.move`."""
        await run_async(members.move(self._node, source, dest))

    async def members(
        self, max_depth: int | None = 0, *, use_consolidated_for_children: bool = True
    ) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
        """Members below this group as `(relative path, node)`; `max_depth` 0 is the direct ones, None all."""
        flow = members.members(self._node, max_depth, use_consolidated=use_consolidated_for_children)
        for path, node in await run_async(flow):
            yield path, async_face_of(node)

    async def nmembers(self, max_depth: int | None = 0) -> int:
        """Number of members; see `zarr.Group.nmembers`."""
        return await run_async(members.count(self._node, max_depth))

    async def keys(self) -> AsyncIterator[str]:
        """Names of the direct members."""
        for name in await run_async(members.names(self._node)):
            yield name

    async def items(self) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
        """Names of the direct members, with their nodes; see `zarr.Group.items`."""
        async for name, node in self.members():
            yield name, node

    async def values(self) -> AsyncIterator[AsyncArray | AsyncGroup]:
        """Nodes of the direct members."""
        async for _, node in self.members():
            yield node

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
        return await run_async(draw(self._node, expand, level, max_nodes=max_nodes, plain=plain))

    async def info_complete(self) -> GroupInfo:
        """The facts as a table, with the number of members at every depth."""
        return await run_async(self._complete_info())

    # -- creating -----------------------------------------------------------------------------------------------

    async def create_group(
        self, name: str, *, overwrite: bool = False, attributes: Mapping[str, Any] | None = None
    ) -> AsyncGroup:
        """Create a group below this one; see `zarr.Group.create_group`."""
        flow = members.create_group(self._node, name, overwrite=overwrite, attributes=attributes)
        return AsyncGroup._of(await run_async(flow))

    async def require_group(self, name: str, overwrite: bool = False) -> AsyncGroup:
        """The group at a path, created if there is none; see `zarr.Group.require_group`."""
        return AsyncGroup._of(await run_async(members.require_group(self._node, name, overwrite=overwrite)))

    async def require_groups(self, *names: str) -> tuple[AsyncGroup, ...]:
        """Several groups, each created if there is none."""
        return tuple(AsyncGroup._of(node) for node in await run_async(members.require_groups(self._node, names)))

    @takes(MemberOptions, ARRAY_DEFAULTS)
    async def create_array(
        self,
        name: str,
        *,
        compressor: CompressorLike | Auto | None = "auto",
        storage_options: StorageOptions = None,
        **options: Unpack[MemberOptions],
    ) -> AsyncArray:
        """Create an array below this group; see `zarr.Group.create_array`."""
        flow = members.create_array(self._node, name, compressor=compressor, storage_options=storage_options, **options)
        return AsyncArray._of(await run_async(flow))

    async def require_array(
        self,
        name: str,
        *,
        shape: ShapeLike,
        dtype: DataTypeLike | None = None,
        exact: bool = False,
        config: ConfigLike | None = None,
        **kwargs: Unpack[RequiredOptions],
    ) -> AsyncArray:
        """The array at a path, created if there is none; see `zarr.Group.require_array`."""
        flow = members.require_array(self._node, name, shape=shape, dtype=dtype, exact=exact, config=config, **kwargs)
        return AsyncArray._of(await run_async(flow))

    async def empty(self, *, name: str, shape: ShapeLike, **kwargs: Unpack[EmptyMemberOptions]) -> AsyncArray:
        """Create an array without contents; keywords as in `zarr.create`."""
        return AsyncArray._of(await run_async(members.create(self._node, name, shape=shape, **kwargs)))

    async def zeros(self, *, name: str, shape: ShapeLike, **kwargs: Unpack[FilledMemberOptions]) -> AsyncArray:
        """Create an array of zeros; keywords as in `zarr.create`."""
        flow = members.create(self._node, name, shape=shape, fill_value=ZEROS, **kwargs)
        return AsyncArray._of(await run_async(flow))

    async def ones(self, *, name: str, shape: ShapeLike, **kwargs: Unpack[FilledMemberOptions]) -> AsyncArray:
        """Create an array of ones; keywords as in `zarr.create`."""
        flow = members.create(self._node, name, shape=shape, fill_value=ONES, **kwargs)
        return AsyncArray._of(await run_async(flow))

    async def full(
        self, *, name: str, shape: ShapeLike, fill_value: Any, **kwargs: Unpack[FilledMemberOptions]
    ) -> AsyncArray:
        """Create an array of one value; keywords as in `zarr.create`."""
        flow = members.create(self._node, name, shape=shape, fill_value=fill_value, **kwargs)
        return AsyncArray._of(await run_async(flow))

    async def empty_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> AsyncArray:
        """Create an array without contents, like another; see `zarr.Group.empty_like`."""
        return AsyncArray._of(await run_async(members.create_like(self._node, name, data, kwargs)))

    async def zeros_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> AsyncArray:
        """Create an array of zeros, like another; see `zarr.Group.zeros_like`."""
        return AsyncArray._of(await run_async(members.create_filled_like(self._node, name, data, ZEROS, kwargs)))

    async def ones_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> AsyncArray:
        """Create an array of ones, like another; see `zarr.Group.ones_like`."""
        return AsyncArray._of(await run_async(members.create_filled_like(self._node, name, data, ONES, kwargs)))

    async def full_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> AsyncArray:
        """Create an array of one value, like another; see `zarr.Group.full_like`."""
        return AsyncArray._of(await run_async(members.create_like(self._node, name, data, kwargs)))

    async def create_hierarchy(
        self, nodes: Mapping[str, NodeMetadata], *, overwrite: bool = False
    ) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
        """Create nodes below this group from their metadata; see `zarr.create_hierarchy`."""
        for path, node in await run_async(members.create_many(self._node, nodes, overwrite=overwrite)):
            yield path, async_face_of(node)

    async def _save_metadata(self, ensure_parents: bool = False) -> None:
        """Store the documents of the group in place of those that are there, as zarr-python's method does."""
        await run_async(put_node(self.store_path, self.metadata, with_ancestors=ensure_parents))

    async def update_attributes(self, new_attributes: Mapping[str, Any]) -> AsyncGroup:
        """Merge entries into the stored attributes, in one write; see `zarr.Group.update_attributes`."""
        await run_async(merge(self._node, new_attributes))
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AsyncGroup):
            return NotImplemented
        return self._node.said == other._node.said and self.store_path == other.store_path

    __hash__ = None  # type: ignore[assignment]  # its metadata can change

    def __repr__(self) -> str:
        return f"<AsyncGroup {self.store_path}{self._node.facts}>"


def async_face_of(node: ArrayNode | GroupNode | UnreadableNode) -> AsyncArray | AsyncGroup:
    """The asynchronous face of a node."""
    return AsyncGroup._of(node) if node.is_group else AsyncArray._of(node)


def as_async_face(metadata: NodeMetadata, at: StorePath, config: ArrayConfig | None = None) -> AsyncArray | AsyncGroup:
    """The asynchronous face of a node; settings are for arrays only."""
    return AsyncGroup(metadata, at) if isinstance(metadata, GroupMetadata) else AsyncArray(metadata, at, config)
