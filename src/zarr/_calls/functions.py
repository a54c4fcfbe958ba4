"""What the functions of `zarr` and of `zarr.api.asynchronous` have in common: from their arguments to a flow.

Each takes the arguments of the function of its name, finds the place in the store, and returns the flow; the functions
drive it and make the face.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer import CPU_PROTOTYPE
from zarr._calls import hdf5
from zarr._calls.arrays import (
    DEFAULT_FORMAT,
    ArrayParts,
    PlannedArray,
    create_array,
    create_planned,
    find_format,
    format_of,
    plan_array,
)
from zarr._calls.copy import (
    CopyOptions,
    Counts,
    IfExists,
    Log,
    Tally,
    check_if_exists,
    check_keywords,
    check_pair,
    copy_keys,
    copy_node,
    logging_to,
    merge_attributes,
)
from zarr._calls.hierarchy import by_path, create_many, with_groups
from zarr._calls.keywords import (
    ArrayOptions,
    FromArrayOptions,
    GroupOptions,
    OlderOptions,
    OpenGroupOptions,
    check_known,
)
from zarr._calls.legacy import create, warn_without_effect
from zarr._calls.like import as_member, from_array, like_filled
from zarr._calls.opening import (
    GroupParts,
    Mode,
    check_mode,
    create_group,
    naming_format,
    open_array,
    open_group,
    open_node,
)
from zarr._flow import consolidate, elements
from zarr._flow.apart import check_apart
from zarr._flow.copies import changing
from zarr._flow.create import check_storable
from zarr._flow.filling import NewNodes, whole_or_gone
from zarr._flow.load import load_group, load_node, look
from zarr._flow.members import is_group, members
from zarr._flow.node import ArrayNode, GroupNode, UnreadableNode, array_node_of
from zarr._flow.paths import below
from zarr._flow.remove import refuse_hidden
from zarr._flow.requests import Flow
from zarr._metadata.group import GroupMetadata
from zarr._selection import basic
from zarr._store.abstract import Store
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath, node_path
from zarr._support.truth import truth
from zarr.errors import ContainsGroupError

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._calls.keywords import (
        AnyOptions,
        ConfigLike,
        EmptyOptions,
        FilledOptions,
        OpenAnyOptions,
        OpenOptions,
        SaveOptions,
        ShapeLike,
    )
    from zarr._dtype import ZarrFormat
    from zarr._metadata.group import NodeMetadata

Made: TypeAlias = "list[tuple[str, NodeMetadata, StorePath]]"
Options: TypeAlias = dict[str, Any] | None
Patterns: TypeAlias = str | Iterable[str] | None
Pairs: TypeAlias = list[tuple[StorePath | hdf5.Source, StorePath]]
"""What is copied, a place or something of HDF5, and where it goes."""


def place(store: StoreLike | None, path: str | None, mode: Mode | None, storage_options: Options = None) -> StorePath:
    """The place in a store that a function's arguments mean."""
    return make_store_path(store, path=path or "", mode=mode, storage_options=storage_options)


def mode_for(mode: Mode | None, store: StoreLike | None) -> Mode:
    """The access mode; without one `"a"`, or `"r"` for a store that is read-only."""
    if mode is not None:
        return mode
    return "r" if isinstance(store, Store | StorePath) and store.read_only else "a"


def create_array_call(
    store: StoreLike, name: str | None, storage_options: Options, **options: Unpack[ArrayOptions]
) -> Flow[ArrayParts]:
    check_known("create_array", options, ArrayOptions)
    at = _new_place(store, "name", name, storage_options, options.get("overwrite", False))
    otherwise = None if "zarr_format" in options else DEFAULT_FORMAT  # None, if given, means that of the configuration
    return create_array(at, format_without_parent=otherwise, **options)


def from_array_call(
    store: StoreLike,
    data: Any,
    write_data: bool = True,
    name: str | None = None,
    storage_options: Options = None,
    **options: Unpack[FromArrayOptions],
) -> Flow[ArrayParts]:
    check_known("from_array", options, FromArrayOptions)
    at = _new_place(store, "name", name, storage_options, options.get("overwrite", False))
    return from_array(at, data=data, write_data=write_data, **options)


def _new_place(
    store: StoreLike, keyword: str, path: str | None, storage_options: Options, overwrite: object
) -> StorePath:
    """The place of a node that is created, whose path was given under a keyword."""
    return place(store, node_path(path, keyword), "w" if truth("overwrite", overwrite) else "w-", storage_options)


def create_call(shape: ShapeLike, **options: Unpack[OlderOptions]) -> Flow[ArrayParts]:
    check_known("create", options, OlderOptions)
    return empty_call(shape=shape, **options)


def filled_call(function: str, shape: ShapeLike, value: Any, options: FilledOptions) -> Flow[ArrayParts]:
    """`zarr.zeros` and `zarr.ones`."""
    if "fill_value" in options:
        raise TypeError(f"{function}() fills with {value} and takes no `fill_value`; use full()")
    return empty_call(shape, fill_value=value, **options)


def empty_call(shape: ShapeLike | None = None, **options: Unpack[EmptyOptions]) -> Flow[ArrayParts]:
    """`zarr.empty` and the like: keywords of `create`, and newer ones."""
    store, path, storage_options = (
        options.pop("store", None),
        options.pop("path", None),
        options.pop("storage_options", None),
    )
    if (mode := options.pop("mode", None)) is not None:
        check_mode(mode)
    options["overwrite"] = truth("overwrite", options.get("overwrite", False)) or mode == "w"
    at = place(store, path, "w" if options["overwrite"] else mode or "a", storage_options)
    return create(at, shape=shape, **options)


def array_call(data: Any, **options: Unpack[AnyOptions]) -> Flow[ArrayParts]:
    """`zarr.array`: keywords of `from_array`, or the older ones of `create`."""
    if array_node_of(data) is None:
        given = np.asarray(data) if data is None else data  # None would say that there are none
        return empty_call(data=given, **options)  # type: ignore[misc]  # what `create` does not have is refused there
    options["name"] = options.pop("path", options.get("name"))
    return from_array_call(options.pop("store", None), data, **options)  # type: ignore[arg-type,misc]  # or refused there


def like_call(a: Any, zarr_format: ZarrFormat | None, options: Mapping[str, Any]) -> Flow[ArrayParts]:
    return empty_call(**like_filled(a, zarr_format, options))


def create_group_call(
    store: StoreLike,
    *,
    path: str | None = None,
    zarr_format: ZarrFormat | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, Any] | None = None,
    storage_options: Options = None,
) -> Flow[GroupParts]:
    at = _new_place(store, "path", path, storage_options, overwrite)
    return create_group(at, zarr_format=zarr_format, overwrite=overwrite, attributes=attributes)


def open_group_call(
    store: StoreLike | None = None,
    *,
    mode: Mode = "a",
    path: str | None = None,
    storage_options: Options = None,
    zarr_format: ZarrFormat | None = None,
    attributes: Mapping[str, Any] | None = None,
    use_consolidated: bool | str | None = None,
    **without_effect: object,
) -> Flow[GroupParts]:
    check_known("open_group", without_effect, OpenGroupOptions)
    warn_without_effect(without_effect)
    at = place(store, path, mode, storage_options)
    return open_group(at, mode=mode, zarr_format=zarr_format, attributes=attributes, use_consolidated=use_consolidated)


def open_consolidated_call(
    store: StoreLike | None = None, *, use_consolidated: bool | str, **options: Any
) -> Flow[GroupParts]:
    if use_consolidated is not True and not isinstance(use_consolidated, str):
        raise TypeError(
            "'use_consolidated' must be True, or the name of the document, in open_consolidated(). Use open_group() with "
            "use_consolidated=False to leave consolidated metadata aside."
        )
    return open_group_call(store, use_consolidated=use_consolidated, **options)


def group_call(store: StoreLike | None, **options: Unpack[GroupOptions]) -> Flow[GroupParts]:
    check_known("group", options, GroupOptions)
    mode: Mode = "w" if truth("overwrite", options.pop("overwrite", False)) else "a"
    return open_group_call(store, mode=mode, **options)


def open_array_call(
    store: StoreLike | None,
    path: str | None,
    storage_options: Options,
    mode: Mode | None,
    *,
    zarr_format: ZarrFormat | None = None,
    config: ConfigLike | None = None,
    **create: Unpack[OpenOptions],
) -> Flow[ArrayParts]:
    chosen = mode_for(mode, store)
    at = place(store, path, chosen, storage_options)
    return open_array(at, mode=chosen, zarr_format=zarr_format, config=config, **create)


def open_like_call(a: Any, path: str, zarr_format: ZarrFormat | None, options: Mapping[str, Any]) -> Flow[ArrayParts]:
    wanted = {"mode": None, "storage_options": None, "store": None, **like_filled(a, zarr_format, options)}
    return open_array_call(path=path, **wanted)


def open_call(
    store: StoreLike | None,
    path: str | None,
    storage_options: Options,
    mode: Mode | None,
    *,
    zarr_format: ZarrFormat | None = None,
    config: ConfigLike | None = None,
    **create: Unpack[OpenAnyOptions],
) -> Flow[ArrayParts | GroupParts]:
    chosen = mode_for(mode, store)
    at = place(store, path, chosen, storage_options)
    return open_node(at, mode=chosen, zarr_format=zarr_format, config=config, **create)


def consolidate_metadata_call(store: StoreLike, path: str | None, zarr_format: ZarrFormat | None) -> Flow[GroupParts]:
    return _consolidate(place(store, path, "r+"), zarr_format)


def _consolidate(at: StorePath, zarr_format: ZarrFormat | None) -> Flow[GroupParts]:
    return (yield from naming_format(at, zarr_format, consolidate.consolidate(at, zarr_format))), at


# -- saving and loading -----------------------------------------------------------------------------------------


def save_array_call(
    store: StoreLike,
    arr: Any,
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: Options = None,
    **options: Unpack[SaveOptions],
) -> Flow[ArrayParts]:
    if (mode := options.pop("mode", None)) is not None:
        check_mode(mode)
    at = place(store, path, mode or "w", storage_options)
    says_what_goes = mode is not None or "overwrite" in options
    given = {**as_member(arr), "overwrite": mode in ("w", None), **options}
    flow = create(at, zarr_format=zarr_format, **given)
    return flow if says_what_goes else _unless_group(at, flow)


def _unless_group(at: StorePath, flow: Flow[ArrayParts]) -> Flow[ArrayParts]:
    """A flow that takes the place of an array; ContainsGroupError where there is a group, which holds more than one, or where other
    nodes lie below and none is at the path itself.
    """
    existing = yield from look(at)
    if existing is None:
        yield from refuse_hidden(at)
    elif is_group(existing):
        raise ContainsGroupError(
            f"A group exists in store {at.store!r} at path {at.path!r}, and would go with all that is in it. Save the array at a "
            "path in it, or say with zarr.save_array(..., mode='w') that it is to be replaced."
        )
    return (yield from flow)


def save_call(
    store: StoreLike,
    args: tuple[Any, ...],
    named: Mapping[str, Any],
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: Options = None,
) -> Flow[object]:
    """`zarr.save`: one array as an array, several as a group."""
    where: Any = {"zarr_format": zarr_format, "path": path, "storage_options": storage_options}
    if len(args) == 1 and not named:
        return save_array_call(store, args[0], **where)
    return save_group_call(store, args, named, **where)


def save_group_call(
    store: StoreLike,
    args: tuple[Any, ...],
    named: Mapping[str, Any],
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: Options = None,
) -> Flow[None]:
    if not args and not named:
        raise ValueError("at least one array must be provided")
    unnamed = {f"arr_{i}": arr for i, arr in enumerate(args)}
    if taken := sorted(unnamed.keys() & named.keys()):
        raise ValueError(
            f"two arrays would be called {taken[0]!r}: one without a name, and the keyword. Name both of them"
        )
    arrays = {**unnamed, **named}
    given = {
        name: as_member(arr, name if name in named else None) for name, arr in arrays.items()
    }  # all checked before any is stored
    return _save_group(place(store, path, "a", storage_options), zarr_format, given)


def _save_group(at: StorePath, zarr_format: ZarrFormat | None, given: Mapping[str, dict[str, Any]]) -> Flow[None]:
    """Store arrays in a group, which is made if there is none. Nothing is stored if one of them cannot be.

    Where storing fails, what was made is taken away again. Arrays in the place of others stay: those are gone, and these are whole.
    """
    chosen = zarr_format
    if chosen is None:
        existing = yield from load_node(at)
        chosen = existing.zarr_format if existing is not None else (yield from find_format(at))[1]
    planned = [plan_array(below(at, name), zarr_format=format_of(chosen), **options) for name, options in given.items()]
    for array in planned:
        check_storable(array.node.store_path, array.node.metadata)
    with_groups(
        by_path({name: array.node.metadata for name, array in zip(given, planned, strict=True)})
    )  # no array in another
    made: NewNodes = []
    yield from whole_or_gone(made, _store_members(at, planned, chosen, made))


def _store_members(
    at: StorePath, planned: Iterable[PlannedArray], zarr_format: ZarrFormat, made: NewNodes
) -> Flow[None]:
    yield from open_group(at, mode="a", zarr_format=zarr_format, made=made)
    for array in planned:
        new: NewNodes = []
        yield from create_planned(array, made=new)
        made += [node for node in new if not node.replaces]


def load_call(store: StoreLike, path: str | None, zarr_format: ZarrFormat | None) -> Flow[Any]:
    """`zarr.load`: an array, or a dict of the arrays of a group."""
    return _load(place(store, path, None), zarr_format)


def _load(at: StorePath, zarr_format: ZarrFormat | None) -> Flow[Any]:
    parts = yield from open_node(at, mode="r", zarr_format=zarr_format)
    if not isinstance(parts[0], GroupMetadata):
        return (yield from _elements(ArrayNode(*parts)))
    found = yield from members(at)
    loaded = {}
    for name, metadata in found:
        if not is_group(metadata):
            member, place_, config = yield from open_array(below(at, name), mode="r")
            loaded[name] = yield from _elements(ArrayNode(member, place_, config))
    return loaded


def _elements(node: ArrayNode) -> Flow[Any]:
    return (yield from elements.get(node, basic, Ellipsis, prototype=CPU_PROTOTYPE))


def create_hierarchy_call(
    store: StoreLike, nodes: Mapping[str, NodeMetadata], *, overwrite: bool = False
) -> Flow[Made]:
    return _create_hierarchy(place(store, None, "a"), nodes, overwrite)


def _create_hierarchy(at: StorePath, nodes: Mapping[str, NodeMetadata], overwrite: bool) -> Flow[Made]:
    made = yield from create_many(at, nodes, overwrite=overwrite)
    return [(path, metadata, below(at, path)) for path, metadata in made]


def group_to_draw(grp: object) -> GroupNode:
    """The group of which `zarr.tree` makes a drawing."""
    node = getattr(grp, "_node", None)
    if not isinstance(node, GroupNode):
        raise TypeError(f"a tree is drawn of a group, got {type(grp).__name__}; open one with zarr.open_group")
    return node


# -- copying ----------------------------------------------------------------------------------------------------


def copy_call(
    source: Any,
    dest: Any,
    name: str | None,
    shallow: bool,
    without_attrs: bool,
    log: Log,
    if_exists: IfExists,
    dry_run: bool,
    create_kws: dict[str, Any],
) -> Flow[Counts]:
    """`zarr.copy`: one node into a group."""
    check_if_exists(if_exists)
    check_keywords("copy", create_kws)
    group = _group_node(dest, "dest")
    found, own_name, is_of_group = _source_of(source)
    wanted = own_name if name is None else node_path(name, "name")
    if not wanted and (name is None or not is_of_group):
        raise TypeError(
            "the source is the root of its store and has no name; give the copy one with `name`. A group can be copied onto "
            "the destination itself with name='/'."
            if name is None
            else f"an array cannot be copied onto a group, and {name!r} names the destination; give the copy a name"
        )
    options = CopyOptions(shallow, without_attrs, if_exists, dry_run, *_apart(create_kws))
    return _copy([(found, below(group.store_path, wanted))], group, options, log)


def copy_all_call(
    source: Any,
    dest: Any,
    shallow: bool,
    without_attrs: bool,
    log: Log,
    if_exists: IfExists,
    dry_run: bool,
    create_kws: dict[str, Any],
) -> Flow[Counts]:
    """`zarr.copy_all`: every member of a group into another, and its attributes."""
    check_if_exists(if_exists)
    check_keywords("copy_all", create_kws)
    options = CopyOptions(shallow, without_attrs, if_exists, dry_run, *_apart(create_kws))
    group = _group_node(dest, "dest")
    if hdf5.is_hdf5_group(source):
        return _copy_hdf5_members(source, group, options, log)
    return _copy_members(_group_node(source, "source"), group, options, log)


def _source_of(source: Any) -> tuple[StorePath | hdf5.Source, str, bool]:
    """What is copied: a place, or something of HDF5; its name, and whether it is a group."""
    if hdf5.is_hdf5(source) and not hasattr(source, "_node"):
        return hdf5.Source(source), hdf5.name_of(source), hdf5.is_hdf5_group(source)
    node = _node_of(source, "source")
    return node.store_path, node.path.rpartition("/")[2], isinstance(node, GroupNode)


def _copy_hdf5_members(source: Any, dest: GroupNode, options: CopyOptions, log: Log) -> Flow[Counts]:
    attributes = yield from hdf5.attributes_of(source)
    members_ = yield from hdf5.members_of(source)
    pairs: Pairs = [(member, below(dest.store_path, name)) for name, member in members_]
    counts = yield from _copy(pairs, dest, options, log)
    if attributes and not (options.dry_run or options.without_attrs):
        yield from hdf5.merge(dest, attributes)
    return counts


def _copy_members(source: GroupNode, dest: GroupNode, options: CopyOptions, log: Log) -> Flow[Counts]:
    yield from check_apart(source.store_path, dest.store_path)
    found = yield from members(source.store_path)
    pairs: Pairs = [(below(source.store_path, name), below(dest.store_path, name)) for name, _ in found]
    counts = yield from _copy(pairs, dest, options, log)
    if not (options.dry_run or options.without_attrs):
        yield from merge_attributes((yield from load_group(source.store_path)), dest)
    return counts


def _apart(create_kws: dict[str, Any]) -> tuple[dict[str, Any], ZarrFormat | None]:
    """The format, which groups have too, apart from the other keywords."""
    given = create_kws.get("zarr_format")
    others = {key: value for key, value in create_kws.items() if key != "zarr_format"}
    return others, None if given is None else format_of(given)


def _copy(pairs: Pairs, group: GroupNode, options: CopyOptions, log: Log) -> Flow[Counts]:
    flow = _copy_logged(pairs, group, options, log)
    if group.copied_in is None or options.dry_run:
        return flow
    places = [dest for _, dest in pairs]
    return changing(group.copied_in, flow, places, removes=options.if_exists == "replace", deep=True)


def _copy_logged(pairs: Pairs, group: GroupNode, options: CopyOptions, log: Log) -> Flow[Counts]:
    with logging_to(log) as write:
        tally = Tally(write, options.dry_run)
        if not options.dry_run:
            group.store_path.store._check_writable()
        zarr_format = options.zarr_format or group.metadata.zarr_format
        copies = []
        for source, dest in pairs:  # all of them, before any is copied
            if isinstance(source, StorePath):
                yield from check_pair(source, dest, options)
                copies.append((copy_node(source, dest, zarr_format, options, tally), dest))
            else:
                planned = yield from hdf5.plan(source, dest, zarr_format, options)
                copies.append((hdf5.copy(planned, dest, zarr_format, options, tally), dest))
        for copy, dest in copies:
            yield from copy
            if dest == group.store_path and not options.dry_run:
                group.publish((yield from load_group(dest)))  # it has the attributes of the source now
        return tally.finish()


def copy_store_call(
    source: StoreLike,
    dest: StoreLike,
    source_path: str,
    dest_path: str,
    excludes: Patterns,
    includes: Patterns,
    flags: int,
    if_exists: IfExists,
    dry_run: bool,
    log: Log,
) -> Flow[Counts]:
    """`zarr.copy_store`: keys from store to store."""
    check_if_exists(if_exists, keys=True)
    from_place = place(source, node_path(source_path, "source_path"), None)
    to_place = place(dest, node_path(dest_path, "dest_path"), "a")
    return _copy_store(from_place, to_place, excludes, includes, flags, if_exists, truth("dry_run", dry_run), log)


def _copy_store(
    source: StorePath,
    dest: StorePath,
    excludes: Patterns,
    includes: Patterns,
    flags: int,
    if_exists: str,
    dry_run: bool,
    log: Log,
) -> Flow[Counts]:
    with logging_to(log) as write:
        tally = Tally(write, dry_run)
        yield from copy_keys(
            source.store,
            dest.store,
            source_path=source.path,
            dest_path=dest.path,
            excludes=excludes,
            includes=includes,
            flags=flags,
            if_exists=if_exists,
            tally=tally,
        )
        return tally.finish()


def _node_of(given: Any, what: str) -> ArrayNode | GroupNode | UnreadableNode:
    node = getattr(given, "_node", None)
    if not isinstance(node, ArrayNode | GroupNode | UnreadableNode):
        raise TypeError(
            f"{what} must be an array or a group, got {type(given).__name__}; zarr.open gives the one at a path"
        )
    return node


def _group_node(given: Any, what: str) -> GroupNode:
    node = getattr(given, "_node", None)
    if not isinstance(node, GroupNode):
        raise TypeError(f"{what} must be a group, got {type(given).__name__}; zarr.open_group gives the one at a path")
    return node
