"""Many nodes at once, and what groups do to their members: require, rename, create from metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._calls.array_config import array_config
from zarr._calls.arrays import ArrayParts, create_array
from zarr._calls.keywords import RequiredOptions, check_known
from zarr._calls.opening import GroupParts, create_group
from zarr._dtype import parse_data_type
from zarr._flow.apart import check_apart
from zarr._flow.create import check_storable, create_node, ensure_ancestors, occupied, open_or_create
from zarr._flow.filling import NewNodes, whole_or_gone
from zarr._flow.load import load_node, look, not_found
from zarr._flow.members import is_group
from zarr._flow.paths import below
from zarr._flow.remove import remove_node
from zarr._flow.requests import Flow, Rename, Together
from zarr._flow.transfer import copied_or_gone
from zarr._grid.shapes import parse_shape
from zarr._metadata.group import ArrayMetadata, GroupMetadata, NodeMetadata
from zarr._store.access import renames
from zarr._store.path import StorePath, node_path
from zarr._support.json import as_stored
from zarr._support.truth import truth
from zarr.errors import (
    ArgumentError,
    ArrayNotFoundError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    NodeNotFoundError,
)

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._calls.keywords import ConfigLike, DataTypeLike, ShapeLike
    from zarr._dtype import ZarrFormat


def require_array(
    at: StorePath,
    *,
    shape: ShapeLike,
    dtype: DataTypeLike | None = None,
    exact: bool = False,
    config: ConfigLike | None = None,
    **create: Unpack[RequiredOptions],
) -> Flow[ArrayParts]:
    """The array at a path, created if there is none.

    Raises
    ------
    TypeError
        If there is a group, an array of another shape, or one whose dtype is another (`exact`) or cannot be cast to.
    """
    check_known("require_array", create, RequiredOptions)
    exact = truth("exact", exact)
    if truth("overwrite", create.get("overwrite", False)):
        raise ArgumentError(
            "require_array() overwrites nothing; create_array(..., overwrite=True) replaces what is there"
        )

    def find() -> Flow[ArrayParts]:
        existing = yield from load_node(at)
        if existing is None:
            raise not_found(ArrayNotFoundError, at)
        if isinstance(existing, GroupMetadata):
            raise TypeError(f"Incompatible object (Group) already exists at path {at.path!r}; an array was asked for")
        wanted = parse_shape(shape)
        if existing.shape != wanted:
            raise TypeError(f"Incompatible shape ({existing.shape} vs {wanted}) of the array at path {at.path!r}")
        if dtype is not None:
            _check_dtype(existing.dtype.to_native_dtype(), dtype, existing.zarr_format, exact, at)
        return existing, at, array_config(config)

    def make() -> Flow[ArrayParts]:
        return create_array(at, shape=shape, dtype=dtype, config=config, **create)

    return open_or_create(at, find, make)


def _check_dtype(stored: np.dtype[Any], asked: Any, zarr_format: Any, exact: bool, at: StorePath) -> None:
    wanted = parse_data_type(asked, zarr_format=zarr_format).to_native_dtype()
    if stored != wanted if exact else not np.can_cast(stored, wanted):
        raise TypeError(f"Incompatible dtype ({stored} vs {wanted}) of the array at path {at.path!r}")


def require_group(at: StorePath, zarr_format: ZarrFormat | None = None, *, overwrite: bool = False) -> Flow[GroupParts]:
    """The group at a path, created if there is none; with `overwrite`, a new one in its place.

    Raises
    ------
    TypeError
        If there is an array.
    """

    def find() -> Flow[GroupParts]:
        existing = yield from load_node(at, prefer=zarr_format)
        if existing is None:
            raise not_found(GroupNotFoundError, at)
        if not isinstance(existing, GroupMetadata):
            raise TypeError(f"Incompatible object (Array) already exists at path {at.path!r}; a group was asked for")
        return existing, at

    def make() -> Flow[GroupParts]:
        return create_group(at, zarr_format=zarr_format, overwrite=overwrite)

    return make() if truth("overwrite", overwrite) else open_or_create(at, find, make)


def move(
    group: StorePath,
    source: str,
    dest: str,
    before_removal: Callable[[StorePath, StorePath], Flow[None]],
    renaming: Callable[[StorePath, Rename], Flow[bool]],
) -> Flow[None]:
    """Rename a member, with everything below it.

    Where the store can, in one step. Elsewhere the objects are copied, the document that makes the node last, and then the old ones
    deleted: an interrupted move leaves the source whole, and one that fails nothing else.

    Parameters
    ----------
    group, source, dest
        The group, and paths below it.
    before_removal
        What is to be done between the two, given the old and the new place; not done where it is one step.
    renaming
        Makes the request for that step, with what is to be done before it, given the old place. Whether it was done.

    Raises
    ------
    NodeNotFoundError
        If there is no such member.
    ContainsArrayError, ContainsGroupError
        If there is a node at the destination.
    ValueError
        If the destination lies inside the source.
    """
    from_path, to_path = node_path(source, "source"), node_path(dest, "dest")
    if not from_path or not to_path:
        raise ValueError("a move needs the path of a member and a new path, both below the group")
    if f"{to_path}/".startswith(f"{from_path}/"):
        raise ValueError(f"{source!r} cannot be moved to {dest!r}, which is the same place or inside it")
    old, new = below(group, from_path), below(group, to_path)
    group.store._check_writable()
    metadata = yield from look(old)
    if metadata is None:
        raise not_found(NodeNotFoundError, old)
    if (existing := (yield from look(new))) is not None:
        in_the_way = ContainsGroupError if is_group(existing) else ContainsArrayError
        raise in_the_way(
            f"{in_the_way._what.format(new.store, new.path)}, and a move replaces nothing. Move to another path, or delete what is there "
            f"first: del group[{dest!r}], in asynchronous code await group.delitem({dest!r})."
        )
    yield from check_apart(old, new)
    above: NewNodes = []
    yield from ensure_ancestors(new, metadata.zarr_format, above)
    if renames(group.store) and (yield from renaming(old, Rename(group.store, old.path, new.path))):
        return
    yield from whole_or_gone(above, copied_or_gone(old, new))
    yield from before_removal(old, new)
    yield from remove_node(old)


def create_many(
    at: StorePath, members: Mapping[str, NodeMetadata], *, overwrite: bool = False
) -> Flow[list[tuple[str, NodeMetadata]]]:
    """Create nodes from their metadata, and the groups on the way to them. Returns paths and metadata, parents first.

    Raises
    ------
    ValueError
        If a node would lie inside an array, formats are mixed, or two keys mean the same path.
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `overwrite` is False.
    """
    named, overwrite = by_path(members), truth("overwrite", overwrite)
    wanted = with_groups(named)
    ordered = sorted(wanted.items(), key=lambda item: (item[0].count("/") if item[0] else -1, item[0]))
    loaded = yield Together(load_node(below(at, path)) for path, _ in ordered)
    new = []
    for (path, metadata), existing in zip(ordered, loaded, strict=True):
        if path not in named and isinstance(existing, GroupMetadata):
            continue  # a group on the way, which is there
        if existing is not None and (path not in named or not overwrite):
            raise occupied(below(at, path), existing)
        new.append((path, metadata))
    for path, metadata in new:
        check_storable(below(at, path), metadata)
    made: NewNodes = []
    # Of a group that nobody named nothing is replaced: what lies below it without one stays.
    making = ((below(at, path), metadata, overwrite and path in named) for path, metadata in new)
    yield from whole_or_gone(made, _create_all(making, made))
    return new


def _create_all(wanted: Iterable[tuple[StorePath, NodeMetadata, bool]], made: NewNodes) -> Flow[None]:
    for at, metadata, overwrite in wanted:
        new: NewNodes = []
        yield from create_node(at, metadata, overwrite=overwrite, made=new)
        made += [node for node in new if not node.replaces]


def by_path(members: Mapping[str, NodeMetadata]) -> dict[str, NodeMetadata]:
    """The nodes by normalised path."""
    if not isinstance(members, Mapping):
        raise TypeError(f"nodes must be a mapping from paths to metadata, got {type(members).__name__}")
    wanted: dict[str, NodeMetadata] = {}
    for key, metadata in members.items():
        if not isinstance(metadata, NodeMetadata):
            raise TypeError(f"the node at {key!r} must be array or group metadata, got {type(metadata).__name__}")
        if (path := node_path(key, "a key of nodes")) in wanted:
            raise ValueError(f"two keys mean the path {path!r}")
        wanted[path] = metadata.with_attributes(as_stored(metadata.attributes)) if metadata.attributes else metadata
    return wanted


def with_groups(named: Mapping[str, NodeMetadata]) -> dict[str, NodeMetadata]:
    """The nodes, and the groups on the way to them."""
    wanted = dict(named)
    formats = {metadata.zarr_format for metadata in wanted.values()}
    if len(formats) > 1:
        raise ValueError("all nodes of a hierarchy must have one Zarr format, got 2 and 3")
    for path in named:
        names = path.split("/")
        for depth in range(len(names) if path else 0):
            above = "/".join(names[:depth])
            if isinstance(wanted.get(above), ArrayMetadata):
                raise ValueError(  # noqa: TRY004  # the layout is wrong, not a type
                    f"The node at {above!r} contains other nodes, but it is an array. Only groups can contain nodes."
                )
            wanted.setdefault(above, GroupMetadata(attributes={}, zarr_format=next(iter(formats))))
    return wanted
