"""`Group`: the synchronous face of a group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zarr import _calls
from zarr._calls import members
from zarr._calls.arrays import ARRAY_DEFAULTS, ONES, ZEROS
from zarr._calls.keywords import MemberOptions, takes
from zarr._faces.advice import attrs_are_not_assigned, no_such_attribute, of_group
from zarr._faces.array import Array
from zarr._faces.async_group import AsyncGroup
from zarr._faces.attributes import Attributes, merge, replace
from zarr._faces.batch import GroupBatch
from zarr._faces.group_properties import GroupProperties
from zarr._faces.info import GroupInfo
from zarr._faces.replacement import Replacement
from zarr._faces.tree import TreeRepr, draw
from zarr._flow.drive import run, run_async
from zarr._flow.node import ArrayNode, GroupNode, UnreadableNode
from zarr._metadata.group import GroupMetadata
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath

if TYPE_CHECKING:
    from typing import Never, NoReturn, Self, SupportsIndex, Unpack

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
    from zarr._faces.batch import WhenFull
    from zarr._metadata.group import NodeMetadata


class Group(GroupProperties):
    """A node that holds arrays and groups.

    Made by `zarr.create_group`, `zarr.open_group` and `Group.create_group`.

    Parameters
    ----------
    _async_group
        The asynchronous face of the same group; both share one state.

    Examples
    --------
    >>> import zarr
    >>> root = zarr.create_group({})
    >>> _ = root.create_array("a/b", shape=3, dtype="int8")
    >>> sorted(root), root["a/b"].shape
    (['a'], (3,))
    """

    _html_may_look = True

    def __init__(self, _async_group: AsyncGroup) -> None:
        if not isinstance(_async_group, AsyncGroup):
            raise TypeError(
                f"a Group is made from an AsyncGroup, got {type(_async_group).__name__}; see zarr.open_group"
            )
        self._async_group = _async_group
        self._node: GroupNode = _async_group._node

    @classmethod
    def _at(cls, metadata: GroupMetadata, store_path: StorePath) -> Self:
        return cls(AsyncGroup(metadata, store_path))

    @classmethod
    def _of(cls, node: GroupNode | UnreadableNode) -> Self:
        return cls(AsyncGroup._of(node))

    @classmethod
    def open(cls, store: StoreLike, zarr_format: ZarrFormat | None = 3) -> Self:
        """Open an existing group; see `zarr.open_group`."""
        return cls._at(*run(_calls.open_group(make_store_path(store), mode="r+", zarr_format=zarr_format)))

    @classmethod
    def from_store(
        cls,
        store: StoreLike,
        *,
        attributes: Mapping[str, Any] | None = None,
        zarr_format: ZarrFormat = 3,
        overwrite: bool = False,
    ) -> Self:
        """Create a group; see `zarr.create_group`."""
        flow = _calls.create_group(
            make_store_path(store), zarr_format=zarr_format, overwrite=overwrite, attributes=attributes
        )
        return cls._at(*run(flow))

    @property
    def attrs(self) -> Attributes:
        """User attributes, a mapping whose changes are stored at once."""
        return Attributes(self)

    @attrs.setter
    def attrs(self, _: Never) -> NoReturn:
        attrs_are_not_assigned("group.attrs.put({...}) replaces all attributes, group.attrs.update({...}) adds to them")

    if not TYPE_CHECKING:  # checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            return no_such_attribute(self, name, of_group(type(self), name, f"group[{name!r}]"))

    # -- members ------------------------------------------------------------------------------------------------

    def __getitem__(self, path: str) -> Array | Group:
        """The array or group at a path below this group.

        Raises
        ------
        KeyError
            If there is none.
        """
        return face_of(run(members.get_existing(self._node, path)))

    def get(self, path: str, default: Any = None) -> Any:
        """The member at a path, or a default.

        Parameters
        ----------
        path
            Path below this group.
        default
            What is returned if there is no member.

        Examples
        --------
        >>> import zarr
        >>> zarr.create_group({}).get("missing", "nothing")
        'nothing'
        """
        found = run(members.get(self._node, path))
        return default if found is None else face_of(found)

    def __contains__(self, member: object) -> bool:
        return run(members.contains(self._node, member))

    def __delitem__(self, key: str) -> None:
        """Delete a member with everything below it. Files that are not Zarr's stay."""
        run(members.remove(self._node, key))

    def __iter__(self) -> Iterator[str]:
        yield from run(members.names(self._node))

    def __len__(self) -> int:
        return run(members.count(self._node, quietly=True))  # `list(group)` asks for it too, and warns by itself

    def keys(self) -> Iterator[str]:
        """Names of the direct members."""
        yield from self

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def items(self) -> Iterator[tuple[str, Array | Group]]:
        """Names of the direct members, with their nodes.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> _ = root.create_array("a", shape=3, dtype="int8")
        >>> [(name, node.shape) for name, node in root.items()]
        [('a', (3,))]
        """
        yield from self.members()

    def values(self) -> Iterator[Array | Group]:
        """Nodes of the direct members."""
        for _, node in self.members():
            yield node

    def visit(self, func: Callable[[str], Any]) -> Any:
        """Call a function with the path of every node below, each before what is below it, until it returns something.

        Parameters
        ----------
        func
            Takes a path below this group.

        Returns
        -------
        Any
            The first result that is not None; None if there is none.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> _ = root.create_group("a/b")
        >>> root.visit(print)
        a
        a/b
        """
        return _first(func(path) for path, _ in self.members(max_depth=None))

    def visitkeys(self, func: Callable[[str], Any]) -> Any:
        """As `visit`, under zarr-python 2's other name for it.

        Parameters
        ----------
        func
            Takes a path below this group.
        """
        return self.visit(func)

    def visitvalues(self, func: Callable[[Array | Group], Any]) -> Any:
        """As `visit`, with the nodes.

        Parameters
        ----------
        func
            Takes an array or a group.
        """
        return _first(func(node) for _, node in self.members(max_depth=None))

    def visititems(self, func: Callable[[str, Array | Group], Any]) -> Any:
        """As `visit`, with the paths and the nodes.

        Parameters
        ----------
        func
            Takes a path below this group, and the array or group there.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> _ = root.create_array("a/b", shape=3, dtype="int8")
        >>> root.visititems(lambda path, node: path if isinstance(node, zarr.Array) else None)
        'a/b'
        """
        return _first(func(path, node) for path, node in self.members(max_depth=None))

    def nmembers(self, max_depth: int | None = 0) -> int:
        """Number of members.

        Parameters
        ----------
        max_depth
            0 counts the direct ones, None all.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> _ = root.create_group("a/b")
        >>> root.nmembers(), root.nmembers(max_depth=None)
        (1, 2)
        """
        return run(members.count(self._node, max_depth))

    def members(
        self, max_depth: int | None = 0, *, use_consolidated_for_children: bool = True
    ) -> tuple[tuple[str, Array | Group], ...]:
        """Paths below this group, with their nodes.

        Parameters
        ----------
        max_depth
            0 gives the direct members, None all.
        use_consolidated_for_children
            False looks at the store for the members of members, though they have consolidated metadata.

        Returns
        -------
        tuple[tuple[str, Array | Group], ...]
            Pairs of path and array or group.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> _ = root.create_array("a/b", shape=3, dtype="int8")
        >>> [(path, type(node).__name__) for path, node in root.members(max_depth=None)]
        [('a', 'Group'), ('a/b', 'Array')]
        """
        found = run(members.members(self._node, max_depth, use_consolidated=use_consolidated_for_children))
        return tuple((path, face_of(node)) for path, node in found)

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """Direct members that are arrays."""
        for name, node in self.members():
            if isinstance(node, Array):
                yield name, node

    def array_keys(self) -> Iterator[str]:
        """Names of the direct members that are arrays."""
        for name, _ in self.arrays():
            yield name

    def array_values(self) -> Iterator[Array]:
        """Direct members that are arrays, without their names."""
        for _, array in self.arrays():
            yield array

    def groups(self) -> Iterator[tuple[str, Group]]:
        """Direct members that are groups."""
        for name, node in self.members():
            if isinstance(node, Group):
                yield name, node

    def group_keys(self) -> Iterator[str]:
        """Names of the direct members that are groups."""
        for name, _ in self.groups():
            yield name

    def group_values(self) -> Iterator[Group]:
        """Direct members that are groups, without their names."""
        for _, group in self.groups():
            yield group

    def get_array(self, path: str) -> Array:
        """The array at a path.

        Raises
        ------
        ArrayNotFoundError
            If there is nothing.
        ContainsGroupError
            If it is a group.
        """
        return Array._of(run(members.get_array(self._node, path)))

    def get_group(self, path: str) -> Group:
        """The group at a path.

        Raises
        ------
        GroupNotFoundError
            If there is nothing.
        ContainsArrayError
            If it is an array.
        """
        return Group._of(run(members.get_group(self._node, path)))

    def tree(
        self, expand: bool | None = None, level: int | None = None, *, max_nodes: int = 500, plain: bool = False
    ) -> TreeRepr:
        """A drawing of the hierarchy below this group.

        Parameters
        ----------
        expand
            None; the widgets of zarr-python 2 are gone, and anything else is a NotImplementedError.
        level
            Depth: 0 draws the direct members, None all.
        max_nodes
            Most nodes to draw; the drawing says how many are left out.
        plain
            True draws without emphasis, also on a terminal.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> _ = root.create_array("a/b", shape=(2, 3), dtype="int8")
        >>> print(root.tree())
        /
        └── a
            └── b (2, 3) int8
        """
        return run(draw(self._node, expand, level, max_nodes=max_nodes, plain=plain))

    # -- creating -----------------------------------------------------------------------------------------------

    def create_group(self, name: str, *, overwrite: bool = False, attributes: Mapping[str, Any] | None = None) -> Group:
        """Create a group below this one, and the groups on the way to it.

        Parameters
        ----------
        name
            Path below this group.
        overwrite
            Delete a node that is already there; otherwise that is an error.
        attributes
            JSON values under string keys.

        Raises
        ------
        ContainsArrayError, ContainsGroupError
            If there is a node already, and `overwrite` is False.

        Examples
        --------
        >>> import zarr
        >>> zarr.create_group({}).create_group("a/b").name
        '/a/b'
        """
        return Group._of(run(members.create_group(self._node, name, overwrite=overwrite, attributes=attributes)))

    def require_group(self, name: str, overwrite: bool = False) -> Group:
        """The group at a path, created if there is none.

        Parameters
        ----------
        name
            Path below this group; `"/"` is the group itself.
        overwrite
            Delete what is there and make a new group.

        Raises
        ------
        TypeError
            If there is an array.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> root.require_group("a") == root.require_group("a")
        True
        """
        return Group._of(run(members.require_group(self._node, name, overwrite=overwrite)))

    def require_groups(self, *names: str) -> tuple[Group, ...]:
        """Several groups, each created if there is none."""
        return tuple(Group._of(node) for node in run(members.require_groups(self._node, names)))

    @takes(MemberOptions, ARRAY_DEFAULTS)
    def create_array(
        self,
        name: str,
        *,
        compressor: CompressorLike | Auto | None = "auto",
        storage_options: StorageOptions = None,
        **options: Unpack[MemberOptions],
    ) -> Array:
        """Create an array below this group, in this group's format.

        Parameters
        ----------
        name
            Path below this group; groups on the way to it are made.
        compressor
            Older spelling of `compressors` for a single one.
        shape
            Lengths in elements; those of `data` if that is given.
        dtype
            Type of the elements; that of `data` if that is given.
        data
            Initial contents.
        chunks, shards, filters, compressors, serializer, fill_value, chunk_key_encoding, config
            As in `zarr.create_array`.
        order
            As in `zarr.create_array`.
        attributes
            JSON values under string keys.
        dimension_names
            One name or None per dimension.
        storage_options
            Refused, unless it is empty: the store is the group's.
        overwrite
            Delete a node that is already there; otherwise that is an error.
        write_data
            False creates the array with the shape and type of `data` only.

        Raises
        ------
        ContainsArrayError, ContainsGroupError
            If there is a node already, and `overwrite` is False.

        Examples
        --------
        >>> import zarr
        >>> zarr.create_group({}).create_array("a/b", shape=(4, 6), chunks=(2, 3), dtype="int32").path
        'a/b'
        """
        return Array._of(
            run(
                members.create_array(
                    self._node, name, compressor=compressor, storage_options=storage_options, **options
                )
            )
        )

    create = create_array

    def require_array(
        self,
        name: str,
        *,
        shape: ShapeLike,
        dtype: DataTypeLike | None = None,
        exact: bool = False,
        config: ConfigLike | None = None,
        **kwargs: Unpack[RequiredOptions],
    ) -> Array:
        """The array at a path, created if there is none.

        Parameters
        ----------
        name
            Path below this group.
        shape
            Has to be that of the array.
        dtype
            Has to be one that the array's can be cast to, or with `exact` the array's own.
        exact
            True accepts no other data type than `dtype`.
        config, **kwargs
            For creating: keywords of `zarr.create_array`.

        Raises
        ------
        TypeError
            If there is a group, or an array that does not fit.
        """
        flow = members.require_array(self._node, name, shape=shape, dtype=dtype, exact=exact, config=config, **kwargs)
        return Array._of(run(flow))

    def empty(self, *, name: str, shape: ShapeLike, **kwargs: Unpack[EmptyMemberOptions]) -> Array:
        """Create an array without contents; keywords as in `zarr.create`."""
        return Array._of(run(members.create(self._node, name, shape=shape, **kwargs)))

    def zeros(self, *, name: str, shape: ShapeLike, **kwargs: Unpack[FilledMemberOptions]) -> Array:
        """Create an array of zeros; keywords as in `zarr.create`."""
        return Array._of(run(members.create(self._node, name, shape=shape, fill_value=ZEROS, **kwargs)))

    def ones(self, *, name: str, shape: ShapeLike, **kwargs: Unpack[FilledMemberOptions]) -> Array:
        """Create an array of ones; keywords as in `zarr.create`."""
        return Array._of(run(members.create(self._node, name, shape=shape, fill_value=ONES, **kwargs)))

    def full(self, *, name: str, shape: ShapeLike, fill_value: Any, **kwargs: Unpack[FilledMemberOptions]) -> Array:
        """Create an array of one value; keywords as in `zarr.create`."""
        return Array._of(run(members.create(self._node, name, shape=shape, fill_value=fill_value, **kwargs)))

    def empty_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> Array:
        """Create an array without contents, with the shape, dtype and chunks of another.

        Parameters
        ----------
        name
            Path below this group.
        data
            An array of this library, or anything NumPy takes.
        **kwargs
            Keywords of `zarr.create`, which go before what `data` has.
        """
        return Array._of(run(members.create_like(self._node, name, data, kwargs)))

    def zeros_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> Array:
        """Create an array of zeros, with the shape, dtype and chunks of another.

        Parameters
        ----------
        name
            Path below this group.
        data
            An array of this library, or anything NumPy takes.
        **kwargs
            Keywords of `zarr.create`, which go before what `data` has.
        """
        return Array._of(run(members.create_filled_like(self._node, name, data, ZEROS, kwargs)))

    def ones_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> Array:
        """Create an array of ones, with the shape, dtype and chunks of another.

        Parameters
        ----------
        name
            Path below this group.
        data
            An array of this library, or anything NumPy takes.
        **kwargs
            Keywords of `zarr.create`, which go before what `data` has.
        """
        return Array._of(run(members.create_filled_like(self._node, name, data, ONES, kwargs)))

    def full_like(self, *, name: str, data: Any, **kwargs: Unpack[LikeMemberOptions]) -> Array:
        """Create an array of one value, with the shape, dtype and chunks of another.

        Parameters
        ----------
        name
            Path below this group.
        data
            An array of this library, or anything NumPy takes.
        **kwargs
            Keywords of `zarr.create`, which go before what `data` has; `fill_value` is that of `data` if not given.
        """
        return Array._of(run(members.create_like(self._node, name, data, kwargs)))

    def create_hierarchy(
        self, nodes: Mapping[str, NodeMetadata], *, overwrite: bool = False
    ) -> Iterator[tuple[str, Array | Group]]:
        """Create nodes below this group from their metadata; see `zarr.create_hierarchy`."""
        made = run(members.create_many(self._node, nodes, overwrite=overwrite))
        return ((path, face_of(node)) for path, node in made)

    # -- changing -----------------------------------------------------------------------------------------------

    def __setitem__(self, key: str, value: Any) -> None:
        """Store an array in memory as a member, in place of what is there.

        Raises
        ------
        TypeError
            If the value is no array.
        """
        run(members.put(self._node, key, value))

    def move(self, source: str, dest: str) -> None:
        """Rename a member, with everything below it.

        In a local directory that is one step. Elsewhere the objects are copied and then the old ones deleted; an interrupted move leaves
        the source whole. Nothing is replaced: what is at the destination has to be deleted before.

        Parameters
        ----------
        source, dest
            Paths below this group.

        Raises
        ------
        NodeNotFoundError
            If there is no such member.
        ContainsArrayError, ContainsGroupError
            If there is a node at the destination.

        Examples
        --------
        >>> import zarr
        >>> root = zarr.create_group({})
        >>> _ = root.create_group("old")
        >>> root.move("old", "new")
        >>> list(root)
        ['new']
        """
        run(members.move(self._node, source, dest))

    def replace(self, name: str) -> Replacement[Group]:
        """Make a new node in the place of a member, and have it take that place at one moment when the block ends.

        `with group.replace("name") as new: new.create_array(...)`. Whoever looks sees the old node or the new one, with all that is in
        it. If the block ends with an error the old one stays. There need not be one. The guide says under
        "Batches" in which stores, and what that means for who is reading it.

        Parameters
        ----------
        name
            Path below this group.

        Raises
        ------
        StoreAbilityError
            When the block begins, if the store cannot do that.
        ValueError
            If the group is read-only, or the path is its own.

        Examples
        --------
        >>> import zarr
        >>> group = zarr.create_group({})
        >>> _ = group.create_array("a", data=[1, 2, 3])
        >>> with group.replace("a") as new:
        ...     made = new.create_group()
        ...     _ = made.create_array("b", data=[4.0])
        >>> group["a/b"][:]
        array([4.])
        """
        return Replacement(self._node, name, Group._of)

    def batch(self, *, max_memory: SupportsIndex | str = "1GB", when_full: WhenFull = "write") -> GroupBatch:
        """Gather writes to arrays below this group, and store each object once in the end.

        As `Array.batch`, for several arrays: `with group.batch() as b: b["name"][...] = ...`.

        Parameters
        ----------
        max_memory
            Most memory for what is gathered: a number of bytes, or a text like `"512MB"`.
        when_full
            What happens when it takes more: `"write"` or `"raise"`, as of `Array.batch`.

        Raises
        ------
        BatchFullError
            In the block, with `when_full="raise"`.
        ValueError
            If the group is read-only.

        Examples
        --------
        >>> import zarr
        >>> group = zarr.create_group({})
        >>> _ = group.create_array("a/b", shape=4, dtype="i2")
        >>> with group.batch() as b:
        ...     b["a/b"][1:3] = 5
        >>> group["a/b"][:]
        array([0, 5, 5, 0], dtype=int16)
        """
        return GroupBatch._of(self._node, max_memory, when_full)

    def info_complete(self) -> GroupInfo:
        """The facts as a table, with the number of members at every depth."""
        return run(self._complete_info())

    async def update_attributes_async(self, new_attributes: Mapping[str, Any]) -> Group:
        """Replace all attributes, as a coroutine and as zarr-python's; `Group.update_attributes` merges.

        Parameters
        ----------
        new_attributes
            JSON values under string keys.
        """
        await run_async(replace(self._node, new_attributes))
        return self

    def update_attributes(self, new_attributes: Mapping[str, Any]) -> Group:
        """Merge entries into the stored attributes, in one write.

        Parameters
        ----------
        new_attributes
            JSON values under string keys.

        Returns
        -------
        Group
            This group.

        Raises
        ------
        TypeError
            If JSON cannot say a value. Nothing is stored then.
        ValueError
            If the group is read-only.

        Examples
        --------
        >>> import zarr
        >>> dict(zarr.create_group({}).update_attributes({"title": "example"}).attrs)
        {'title': 'example'}
        """
        run(merge(self._node, new_attributes))
        return self

    def __repr__(self) -> str:
        return f"<Group {self.store_path}{self._node.facts}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        return self._node.said == other._node.said and self.store_path == other.store_path

    __hash__ = None  # type: ignore[assignment]  # its metadata can change


def _first(results: Iterable[Any]) -> Any:
    """The first result that is not None, and none is asked for after that."""
    return next((result for result in results if result is not None), None)


def face_of(node: ArrayNode | GroupNode | UnreadableNode) -> Array | Group:
    """The synchronous face of a node."""
    return Group._of(node) if node.is_group else Array._of(node)


def as_face(metadata: NodeMetadata, at: StorePath, config: ArrayConfig | None = None) -> Array | Group:
    """The synchronous face of a node; settings are for arrays only."""
    return Group._at(metadata, at) if isinstance(metadata, GroupMetadata) else Array._at(metadata, at, config)
