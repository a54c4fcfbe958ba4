"""What a group does with its members: find them, make them, move and remove them. Both faces drive these flows.

Each takes the node of the group and the arguments of the method of its name, and returns metadata and place of the
member (and settings, for arrays), of which the faces make a face. Whatever changes which members there are also makes the
node forget its snapshot: consolidated metadata tell of them no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from zarr._calls import arrays, hierarchy, legacy, opening
from zarr._calls.keywords import MemberOptions, check_known
from zarr._calls.like import as_member, like, like_filled
from zarr._calls.opening import GroupParts
from zarr._flow.members import list_members, open_member
from zarr._flow.paths import below
from zarr._flow.remove import remove_node
from zarr._metadata.group import GroupMetadata
from zarr._store.make import refuse_storage_options
from zarr._store.path import StorePath, normalize_path
from zarr.errors import ArrayNotFoundError, ContainsArrayError, ContainsGroupError, GroupNotFoundError

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
    from zarr._flow.node import GroupNode
    from zarr._flow.requests import Flow
    from zarr._metadata.group import ArrayMetadata, NodeMetadata

T = TypeVar("T")
Member: TypeAlias = "tuple[NodeMetadata, StorePath]"
Members: TypeAlias = "list[tuple[str, NodeMetadata, StorePath]]"


def place_of(group: GroupNode, path: str) -> StorePath:
    """The place of a member.

    Raises
    ------
    TypeError, ValueError
        If the path is no string, or the group's own.
    """
    if not isinstance(path, str):
        raise TypeError(f"a member of a group is named by a string, got {type(path).__name__}")
    relative = normalize_path(path)
    if not relative:
        raise ValueError(
            f"{path!r} does not name a member of group {'/' + group.path!r}, but the group itself, which exists; give a "
            "name. To replace the group, use zarr.create_group(store, path=..., overwrite=True)."
        )
    return below(group.store_path, relative)


def _changing(group: GroupNode, flow: Flow[T]) -> Flow[T]:
    result = yield from flow
    group.forget_snapshot()
    return result


def _is_own_path(path: object) -> bool:
    """Whether a path below a group, as a user gives it, is that of the group itself."""
    return isinstance(path, str) and not normalize_path(path)


def _itself(group: GroupNode) -> Flow[GroupParts]:
    yield from ()
    return group.metadata, group.store_path


# -- find -------------------------------------------------------------------------------------------------------


def get(group: GroupNode, path: str) -> Flow[Member | None]:
    """A member; None if there is none."""
    try:
        return (yield from open_member(group, path))
    except KeyError:
        return None


def contains(group: GroupNode, member: object) -> Flow[bool]:
    """Whether there is a member at a path; what is no string names none."""
    return isinstance(member, str) and (yield from get(group, member)) is not None


def get_array(group: GroupNode, path: str) -> Flow[tuple[ArrayMetadata, StorePath]]:
    """A member that has to be an array.

    Raises
    ------
    ArrayNotFoundError
        If there is nothing.
    ContainsGroupError
        If it is a group.
    """
    try:
        metadata, at = yield from open_member(group, path)
    except KeyError as exc:
        at = place_of(group, path)
        raise ArrayNotFoundError(at.store, at.path) from exc
    if isinstance(metadata, GroupMetadata):
        raise ContainsGroupError(at.store, at.path)
    return metadata, at


def get_group(group: GroupNode, path: str) -> Flow[GroupParts]:
    """A member that has to be a group.

    Raises
    ------
    GroupNotFoundError
        If there is nothing.
    ContainsArrayError
        If it is an array.
    """
    try:
        metadata, at = yield from open_member(group, path)
    except KeyError as exc:
        at = place_of(group, path)
        raise GroupNotFoundError(at.store, at.path) from exc
    if not isinstance(metadata, GroupMetadata):
        raise ContainsArrayError(at.store, at.path)
    return metadata, at


def members(group: GroupNode, max_depth: int | None = 0, *, use_consolidated: bool = True) -> Flow[Members]:
    """Paths below the group, with metadata and places; `max_depth` 0 gives the direct members, None all."""
    found = yield from list_members(group, max_depth, use_consolidated=use_consolidated)
    return [(path, metadata, place_of(group, path)) for path, metadata in found]


def names(group: GroupNode) -> Flow[list[str]]:
    """Names of the direct members."""
    found = yield from list_members(group)
    return [name for name, _ in found]


def count(group: GroupNode, max_depth: int | None = 0) -> Flow[int]:
    """Number of members; `max_depth` 0 counts the direct ones, None all."""
    return len((yield from list_members(group, max_depth)))


# -- make -------------------------------------------------------------------------------------------------------


def create_group(
    group: GroupNode, name: str, *, overwrite: bool = False, attributes: Mapping[str, Any] | None = None
) -> Flow[GroupParts]:
    """A new group, in the group's format."""
    flow = opening.create_group(
        place_of(group, name), zarr_format=group.metadata.zarr_format, overwrite=overwrite, attributes=attributes
    )
    return _changing(group, flow)


def require_group(group: GroupNode, name: str, *, overwrite: bool = False) -> Flow[GroupParts]:
    """The group at a path, created if there is none. The group's own path is the group itself, which is there."""
    if not overwrite and _is_own_path(name):
        return _itself(group)
    flow = hierarchy.require_group(place_of(group, name), group.metadata.zarr_format, overwrite=overwrite)
    return _changing(group, flow)


def require_groups(group: GroupNode, paths: tuple[str, ...]) -> Flow[list[GroupParts]]:
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
) -> Flow[ArrayParts]:
    """A new array, in the group's format."""
    refuse_storage_options(storage_options, group.store_path.store)
    check_known("Group.create_array", options, MemberOptions)
    chosen: MemberOptions = {**options, "compressors": legacy.one_of(compressor, options.get("compressors", "auto"))}
    return _changing(
        group, arrays.create_array(place_of(group, name), zarr_format=group.metadata.zarr_format, **chosen)
    )


def require_array(
    group: GroupNode,
    name: str,
    *,
    shape: ShapeLike,
    dtype: DataTypeLike | None = None,
    exact: bool = False,
    config: ConfigLike | None = None,
    **options: Unpack[RequiredOptions],
) -> Flow[ArrayParts]:
    """The array at a path, created if there is none."""
    wanted: RequiredOptions = {"zarr_format": group.metadata.zarr_format, **options}
    flow = hierarchy.require_array(
        place_of(group, name), shape=shape, dtype=dtype, exact=exact, config=config, **wanted
    )
    return _changing(group, flow)


def create(
    group: GroupNode, name: str, *, shape: ShapeLike | None = None, **options: Unpack[EmptyMemberOptions]
) -> Flow[ArrayParts]:
    """A new array, with the keywords of `zarr.create`."""
    wanted: EmptyMemberOptions = {"zarr_format": group.metadata.zarr_format, **options}
    return _changing(group, legacy.create(place_of(group, name), shape=shape, **wanted))


def create_like(group: GroupNode, name: str, data: Any, options: Mapping[str, Any]) -> Flow[ArrayParts]:
    """A new array like another, with its fill value where no other is given."""
    return create(group, name, **like_filled(data, group.metadata.zarr_format, options))


def create_filled_like(
    group: GroupNode, name: str, data: Any, fill_value: Any, options: Mapping[str, Any]
) -> Flow[ArrayParts]:
    """A new array like another, with a fill value."""
    return create(group, name, **like(data, group.metadata.zarr_format, {"fill_value": fill_value, **options}))


def create_many(group: GroupNode, wanted: Mapping[str, NodeMetadata], *, overwrite: bool = False) -> Flow[Members]:
    """Create nodes from their metadata, and the groups on the way to them. The path `""` is the group itself."""
    made = yield from _changing(group, hierarchy.create_many(group.store_path, wanted, overwrite=overwrite))
    return [(path, metadata, place_of(group, path) if path else group.store_path) for path, metadata in made]


def put(group: GroupNode, name: str, value: Any) -> Flow[ArrayParts]:
    """Store an array in memory as a member, in place of what is there."""
    flow = arrays.create_array(place_of(group, name), zarr_format=group.metadata.zarr_format, **as_member(value))
    return _changing(group, flow)


# -- move and remove --------------------------------------------------------------------------------------------


def remove(group: GroupNode, name: str) -> Flow[None]:
    """Delete a member with everything below it; KeyError if there is none, or it is the group itself."""
    _, at = yield from open_member(group, name)
    if at == group.store_path:
        raise KeyError(f"{name!r} is group {'/' + group.path!r} itself; delete it from the group that it is in")
    yield from _changing(group, remove_node(at))


def move(group: GroupNode, source: str, dest: str) -> Flow[None]:
    """Rename a member."""
    return _changing(group, hierarchy.move(group.store_path, source, dest))
