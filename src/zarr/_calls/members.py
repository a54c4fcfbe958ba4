"""What a group does with its members: find them, make them, move and remove them. Both faces drive these flows.

Each takes the node of the group and the arguments of the method of its name, and returns the node of the member, of which
the faces make a face. Whatever changes which members there are changes the consolidated metadata that tell of them as well,
if the group was opened with some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from zarr._calls import arrays, hierarchy, legacy, opening
from zarr._calls.array_config import array_config
from zarr._calls.keywords import MemberOptions, check_known
from zarr._calls.like import as_member, like, like_filled
from zarr._flow.copies import changing, record, record_move, take_out
from zarr._flow.create import ensure_ancestors, look_above
from zarr._flow.load import look, not_found
from zarr._flow.members import (
    check_depth,
    count_members,
    find_member,
    has_member,
    list_members,
    list_paths,
    open_member,
    place_of_member,
)
from zarr._flow.node import ArrayNode, GroupNode, UnreadableNode
from zarr._flow.paths import below
from zarr._flow.remove import refuse_hidden, remove_node
from zarr._flow.requests import Publish, Rename
from zarr._metadata.group import ArrayMetadata
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._store.access import staging
from zarr._store.make import refuse_storage_options
from zarr._store.path import StorePath, normalize_path
from zarr._support.truth import truth
from zarr.errors import (
    ArgumentError,
    ArrayNotFoundError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    MetadataValidationError,
    StoreAbilityError,
)

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._calls.arrays import ArrayParts
    from zarr._calls.keywords import (
        Auto,
        CompressorLike,
        ConfigLike,
        DataTypeLike,
        EmptyMemberOptions,
        RequiredOptions,
        ShapeLike,
        StorageOptions,
    )
    from zarr._calls.opening import GroupParts
    from zarr._codec.base import ArrayConfig
    from zarr._flow.requests import Flow
    from zarr._metadata.group import ListedMetadata, NodeMetadata
    from zarr._store.staging import Staging

T = TypeVar("T")
Member: TypeAlias = ArrayNode | GroupNode
Members: TypeAlias = list[tuple[str, "Member | UnreadableNode"]]


def place_of(group: GroupNode, path: str) -> StorePath:
    """The place of a member.

    Raises
    ------
    TypeError, ValueError
        If the path is no string, or the group's own.
    """
    if not isinstance(path, str):
        raise TypeError(f"a member of a group is named by a string, got {path!r} of type {type(path).__name__}")
    relative = normalize_path(path)
    if not relative:
        raise ValueError(
            f"{path!r} does not name a member of group {'/' + group.path!r}, but the group itself, which exists; give a "
            "name. To replace the group, use zarr.create_group(store, path=..., overwrite=True)."
        )
    return below(group.store_path, relative)


def _changing(group: GroupNode, flow: Flow[T], *paths: str, overwrite: bool = False) -> Flow[T]:
    """A flow that makes what is at some paths, with the group's consolidated metadata kept true."""
    if group.copied_in is None:
        return flow
    places = [below(group.store_path, normalize_path(path)) for path in paths]
    return changing(group.copied_in, flow, places, removes=overwrite)


def _is_own_path(path: object) -> bool:
    """Whether a path below a group, as a user gives it, is that of the group itself."""
    return isinstance(path, str) and not normalize_path(path)


def _node(
    group: GroupNode, metadata: NodeMetadata, at: StorePath, config: ArrayConfig | None = None
) -> ArrayNode | GroupNode:
    """The node of a member."""
    if isinstance(metadata, ArrayMetadata):
        return ArrayNode(metadata, at, array_config(config), group.copied_in)
    return GroupNode(metadata, at, group.copied_in)


def _array(group: GroupNode, flow: Flow[ArrayParts]) -> Flow[ArrayNode]:
    metadata, at, config = yield from flow
    return ArrayNode(metadata, at, config, group.copied_in)


def _group(group: GroupNode, flow: Flow[GroupParts]) -> Flow[GroupNode]:
    return GroupNode(*(yield from flow), group.copied_in)


def _itself(group: GroupNode) -> Flow[GroupNode]:
    yield from ()
    return group


# -- find -------------------------------------------------------------------------------------------------------


def get(group: GroupNode, path: str) -> Flow[Member | None]:
    """A member; None if there is none."""
    found = yield from find_member(group, path)
    return None if found is None else _node(group, *found)


def get_existing(group: GroupNode, path: str) -> Flow[Member]:
    """A member; MemberNotFoundError if there is none."""
    return _node(group, *(yield from open_member(group, path)))


def contains(group: GroupNode, member: object) -> Flow[bool]:
    """Whether there is a member at a path; what is no string names none."""
    return isinstance(member, str) and (yield from has_member(group, member))


def get_array(group: GroupNode, path: str) -> Flow[ArrayNode]:
    """A member that has to be an array.

    Raises
    ------
    ArrayNotFoundError
        If there is nothing.
    ContainsGroupError
        If it is a group.
    """
    found = yield from get(group, path)
    at = below(group.store_path, normalize_path(path))
    if found is None:
        raise not_found(ArrayNotFoundError, at)
    if isinstance(found, GroupNode):
        raise ContainsGroupError(at.store, at.path)
    return found


def get_group(group: GroupNode, path: str) -> Flow[GroupNode]:
    """A member that has to be a group.

    Raises
    ------
    GroupNotFoundError
        If there is nothing.
    ContainsArrayError
        If it is an array.
    """
    found = yield from get(group, path)
    at = below(group.store_path, normalize_path(path))
    if found is None:
        raise not_found(GroupNotFoundError, at)
    if not isinstance(found, GroupNode):
        raise ContainsArrayError(at.store, at.path)
    return found


def members(group: GroupNode, max_depth: int | None = 0, *, use_consolidated: bool = True) -> Flow[Members]:
    """Paths below the group, with the nodes; `max_depth` 0 gives the direct members, None all."""
    use_consolidated = truth("use_consolidated_for_children", use_consolidated)
    snapshot = group.metadata.consolidated_metadata
    if snapshot is None or not use_consolidated:
        return _as_nodes(group, (yield from list_members(group, max_depth, use_consolidated=False)))
    check_depth(max_depth)
    config, at = array_config(None), group.store_path
    return [
        (
            path,
            GroupNode.unread(read, below(at, path), group.copied_in)
            if node_type == "group"
            else ArrayNode.unread(read, below(at, path), config, group.copied_in),
        )
        for path, node_type, read in snapshot.unread(max_depth)
    ]


def _as_nodes(group: GroupNode, found: Sequence[tuple[str, ListedMetadata]]) -> Members:
    """The nodes of members that were listed."""
    config = array_config(None)
    return [(path, _listed(group, metadata, below(group.store_path, path), config)) for path, metadata in found]


def _listed(group: GroupNode, metadata: ListedMetadata, at: StorePath, config: ArrayConfig) -> Member | UnreadableNode:
    if isinstance(metadata, UnreadableMetadata):
        return UnreadableNode(metadata, at)
    try:
        return _node(group, metadata, at, config)
    except MetadataValidationError as exc:  # chunks that are larger than the configuration permits
        return UnreadableNode(UnreadableMetadata("array", metadata.zarr_format, exc), at)


def names(group: GroupNode) -> Flow[list[str]]:
    """Names of the direct members."""
    return list_paths(group)


def count(group: GroupNode, max_depth: int | None = 0, *, quietly: bool = False) -> Flow[int]:
    """Number of members; `max_depth` 0 counts the direct ones, None all. `quietly` without a warning of what is none."""
    return count_members(group, max_depth, quietly=quietly)


# -- make -------------------------------------------------------------------------------------------------------


def create_group(
    group: GroupNode, name: str, *, overwrite: bool = False, attributes: Mapping[str, Any] | None = None
) -> Flow[GroupNode]:
    """A new group, in the group's format."""
    flow = opening.create_group(
        place_of(group, name), zarr_format=group.metadata.zarr_format, overwrite=overwrite, attributes=attributes
    )
    return _group(group, _changing(group, flow, name, overwrite=overwrite))


def require_group(group: GroupNode, name: str, *, overwrite: bool = False) -> Flow[GroupNode]:
    """The group at a path, created if there is none. The group's own path is the group itself, which is there."""
    if not truth("overwrite", overwrite) and _is_own_path(name):
        return _itself(group)
    flow = hierarchy.require_group(place_of(group, name), group.metadata.zarr_format, overwrite=overwrite)
    return _group(group, _changing(group, flow, name, overwrite=overwrite))


def require_groups(group: GroupNode, paths: tuple[str, ...]) -> Flow[list[GroupNode]]:
    """Several groups, each created if there is none."""
    made = []
    for path in paths:
        made.append((yield from require_group(group, path)))  # noqa: PERF401  # no comprehension can yield
    return made


def create_array(
    group: GroupNode,
    name: str,
    *,
    compressor: CompressorLike | Auto | None = "auto",
    storage_options: StorageOptions = None,
    **options: Unpack[MemberOptions],
) -> Flow[ArrayNode]:
    """A new array, in the group's format."""
    refuse_storage_options(storage_options, group.store_path.store)
    check_known("Group.create_array", options, MemberOptions)
    chosen: MemberOptions = {**options, "compressors": legacy.one_of(compressor, options.get("compressors", "auto"))}
    flow = arrays.create_array(place_of(group, name), zarr_format=group.metadata.zarr_format, **chosen)
    return _array(group, _changing(group, flow, name, overwrite=bool(options.get("overwrite"))))


def require_array(
    group: GroupNode,
    name: str,
    *,
    shape: ShapeLike,
    dtype: DataTypeLike | None = None,
    exact: bool = False,
    config: ConfigLike | None = None,
    **options: Unpack[RequiredOptions],
) -> Flow[ArrayNode]:
    """The array at a path, created if there is none."""
    wanted: RequiredOptions = {"zarr_format": group.metadata.zarr_format, **options}
    flow = hierarchy.require_array(
        place_of(group, name), shape=shape, dtype=dtype, exact=exact, config=config, **wanted
    )
    return _array(group, _changing(group, flow, name, overwrite=bool(options.get("overwrite"))))


def create(
    group: GroupNode, name: str, *, shape: ShapeLike | None = None, **options: Unpack[EmptyMemberOptions]
) -> Flow[ArrayNode]:
    """A new array, with the keywords of `zarr.create`."""
    wanted: EmptyMemberOptions = {"zarr_format": group.metadata.zarr_format, **options}
    flow = legacy.create(place_of(group, name), shape=shape, **wanted)
    return _array(group, _changing(group, flow, name, overwrite=bool(options.get("overwrite"))))


def create_like(group: GroupNode, name: str, data: Any, options: Mapping[str, Any]) -> Flow[ArrayNode]:
    """A new array like another, with its fill value where no other is given."""
    return create(group, name, **like_filled(data, group.metadata.zarr_format, options))


def create_filled_like(
    group: GroupNode, name: str, data: Any, fill_value: Any, options: Mapping[str, Any]
) -> Flow[ArrayNode]:
    """A new array like another, with a fill value."""
    return create(group, name, **like(data, group.metadata.zarr_format, {"fill_value": fill_value, **options}))


def create_many(group: GroupNode, wanted: Mapping[str, NodeMetadata], *, overwrite: bool = False) -> Flow[Members]:
    """Create nodes from their metadata, and the groups on the way to them. The path `""` is the group itself."""
    flow = hierarchy.create_many(group.store_path, wanted, overwrite=overwrite)
    return _as_nodes(group, (yield from _changing(group, flow, *hierarchy.by_path(wanted), overwrite=overwrite)))


def put(group: GroupNode, name: str, value: Any) -> Flow[ArrayNode]:
    """Store an array in memory as a member, in place of a node that is there."""
    options = as_member(value)
    at = place_of(group, name)
    if (yield from look(at)) is None:
        yield from refuse_hidden(at)
    flow = arrays.create_array(place_of(group, name), zarr_format=group.metadata.zarr_format, **options)
    return (yield from _array(group, _changing(group, flow, name, overwrite=bool(options.get("overwrite")))))


# -- move and remove --------------------------------------------------------------------------------------------


def remove(group: GroupNode, name: str) -> Flow[None]:
    """Delete a member with everything below it; KeyError if there is none, or it is the group itself."""
    at = yield from place_of_member(group, name)
    if at == group.store_path:
        raise KeyError(f"{name!r} is group {'/' + group.path!r} itself; delete it from the group that it is in")
    flow = remove_node(at)
    yield from flow if group.copied_in is None else changing(group.copied_in, flow, [at], removes=True)


def move(group: GroupNode, source: str, dest: str) -> Flow[None]:
    """Rename a member."""
    copied_in = group.copied_in

    def tell(old: StorePath, new: StorePath) -> Flow[None]:
        if copied_in is not None:
            yield from record_move(copied_in, old, new)

    def renaming(old: StorePath, request: Rename) -> Flow[bool]:
        done: bool
        if copied_in is None:
            done = yield request
            return done
        yield from take_out(copied_in, [old])
        try:
            done = yield request
        except Exception:
            yield from record(copied_in, [old])
            raise
        if not done:
            yield from record(copied_in, [old])
        return done

    yield from hierarchy.move(group.store_path, source, dest, tell, renaming)
    if copied_in is not None:
        yield from record(copied_in, [place_of(group, dest)])
        yield from record(copied_in, [place_of(group, source)], taken_out=True)


# -- replace ----------------------------------------------------------------------------------------------------


def stage(group: GroupNode, name: str) -> Flow[Staging]:
    """Where a node is made that is to take the place of a member, or to become one.

    Raises
    ------
    StoreAbilityError
        If the store cannot replace a node at one moment.
    ContainsArrayError
        If an array lies above that place.
    ContainsGroupError
        If there is no node there, but there are some below it.
    """
    at = place_of(group, name)
    at.store._check_writable()
    yield from look_above(at)
    if (yield from look(at)) is None:
        yield from refuse_hidden(at)
    made = staging(at.store, at.path)
    if made is None:
        raise StoreAbilityError(
            f"store {at.store!r} cannot replace a node at one moment: local directories can, on file systems that exchange two of them in "
            "one step, and MemoryStore and SQLiteStore. Elsewhere make the new node under another name, and tell readers that name, "
            "for example in an attribute of the group; attributes are replaced at one moment everywhere"
        )
    return made


def publish(group: GroupNode, name: str, made: Staging) -> Flow[None]:
    """Put what was made in the place of a member. The group's consolidated metadata tell of it afterwards."""
    at = place_of(group, name)
    metadata = yield from look(StorePath(made.store, ""))
    if metadata is None:
        raise ArgumentError(
            f"nothing was made that could take the place of {'/' + at.path!r} in store {at.store!r}: in the block of a replacement, call its "
            "create_array or create_group, or make a node at the root of its store. What was there still is"
        )
    yield from ensure_ancestors(at, metadata.zarr_format)
    if group.copied_in is None:
        yield Publish(at.store, made)
    else:
        yield from changing(group.copied_in, _published(at, made), [at], removes=False, deep=True)


def _published(at: StorePath, made: Staging) -> Flow[None]:
    yield Publish(at.store, made)
