"""Documents of nodes: load, create, update, delete. What a hierarchy is made of, in both formats.

A node exists where its own document does: `zarr.json` in format 3, `.zarray` or `.zgroup` in format 2 (attributes
apart, in `.zattrs`). Creating a node makes its ancestors groups, each only if nothing is there yet. Deleting one removes
what is Zarr's and leaves every other file alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from zarr._buffer import CPU_PROTOTYPE, Buffer
from zarr._dtype.base import ZarrFormat
from zarr._flow.modify import MAX_ROUNDS, modify
from zarr._flow.requests import Fetch, Flow, Keys, Names, Put, Read, Remove, RemovePrefix, TakeHold, Together
from zarr._metadata.group import GroupMetadata
from zarr._metadata.known import remember_reshaped
from zarr._metadata.parse import parse_array_v2, parse_group_v2, parse_v3
from zarr._metadata.v2 import ArrayV2Metadata
from zarr._metadata.v3 import ArrayV3Metadata
from zarr._store.path import StorePath
from zarr._store.versioned import ABSENT, ANY
from zarr._support.extensions import names_version
from zarr._support.json import as_stored, parse_object
from zarr._support.settings import settings
from zarr._support.warn import warn
from zarr.errors import (
    ArrayNotFoundError,
    BaseZarrError,
    ConcurrentChangeError,
    ContainsArrayAndGroupError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    MetadataValidationError,
    NodeNotFoundError,
    NodeTypeValidationError,
    ZarrUserWarning,
)

if TYPE_CHECKING:
    from zarr._flow.node import ArrayNode, ArrayView, GroupNode
    from zarr._store.versioned import Hold

ArrayMetadata: TypeAlias = ArrayV2Metadata | ArrayV3Metadata
NodeMetadata: TypeAlias = ArrayMetadata | GroupMetadata
AnyMetadata = TypeVar("AnyMetadata", bound=NodeMetadata)

V3, ZARRAY, ZGROUP, ZATTRS, ZMETADATA = "zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"
DOCUMENTS = frozenset({V3, ZARRAY, ZGROUP, ZATTRS, ZMETADATA})


def join(path: str, name: str) -> str:
    """Key or path of `name` under a node path."""
    return f"{path}/{name}" if path else name


# -- load -------------------------------------------------------------------------------------------------------


def load(at: StorePath, zarr_format: int | None = None) -> Flow[NodeMetadata | None]:
    """The metadata of the node at a path; None if there is no node.

    Without a format, format 3 is looked for first, and format 2 only if there is no `zarr.json`.
    """
    if zarr_format not in (2, 3, None):
        raise MetadataValidationError(f"Invalid value for 'zarr_format'. Expected 2, 3, or None. Got {zarr_format!r}.")
    if zarr_format in (3, None):
        key = join(at.path, V3)
        (stored,) = yield Fetch(at.store, (Read(key),))
        if stored is not None:
            return parse_v3(stored.without_version().to_bytes(), key)
    if zarr_format in (2, None):
        return (yield from _load_v2(at))
    return None


def _load_v2(at: StorePath) -> Flow[NodeMetadata | None]:
    keys = [join(at.path, name) for name in (ZARRAY, ZGROUP, ZATTRS)]
    for _ in range(2):
        found = yield Fetch(at.store, [Read(key) for key in keys])
        zarray, zgroup, zattrs = (None if stored is None else stored.without_version().to_bytes() for stored in found)
        if zarray is None or zgroup is None:
            break
        # Both, or one that was replaced by the other between the two reads: the second round tells.
    else:
        raise ContainsArrayAndGroupError(at.store, at.path)
    if zarray is not None:
        return parse_array_v2(zarray, zattrs, keys[0])
    if zgroup is not None:
        return parse_group_v2(zgroup, zattrs, keys[1])
    return None


def load_array(at: StorePath, zarr_format: int | None = None) -> Flow[ArrayMetadata]:
    """The metadata of an array.

    Raises
    ------
    ArrayNotFoundError
        If there is nothing, or a group of format 2.
    NodeTypeValidationError
        If there is a group of format 3. (The classes are those that zarr-python raises.)
    """
    metadata = yield from load(at, zarr_format)
    if metadata is None:
        raise ArrayNotFoundError(at.store, at.path)
    if isinstance(metadata, GroupMetadata):
        kind = ArrayNotFoundError if metadata.zarr_format == 2 else NodeTypeValidationError
        raise kind(
            f"No array found in store {at.store!r} at path {at.path!r}: there is a group. Open it with open_group()."
        )
    return metadata


def load_group(at: StorePath, zarr_format: int | None = None) -> Flow[GroupMetadata]:
    """The metadata of a group.

    Raises
    ------
    GroupNotFoundError
        If there is nothing, or an array of format 2.
    ContainsArrayError
        If there is an array of format 3. (The classes are those that zarr-python raises.)
    """
    metadata = yield from load(at, zarr_format)
    if metadata is None:
        raise GroupNotFoundError(at.store, at.path)
    if not isinstance(metadata, GroupMetadata):
        other = GroupNotFoundError if metadata.zarr_format == 2 else ContainsArrayError
        raise other(
            f"An array exists in store {at.store!r} at path {at.path!r}, and a group was asked for. "
            "Open it with open_array()."
        )
    return metadata


# -- create -----------------------------------------------------------------------------------------------------


def create(at: StorePath, metadata: AnyMetadata, *, overwrite: bool) -> Flow[AnyMetadata]:
    """Store a new node, and make its ancestors groups.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already and `overwrite` is False, or an ancestor is an array.
    """
    at.store._check_writable()
    _check_name(at)
    made = documents(metadata)  # first, as it fails on what cannot be stored
    yield from ensure_ancestors(at, metadata.zarr_format)
    for _ in range(MAX_ROUNDS if overwrite else 1):
        if overwrite:
            yield from remove_node(at)
        elif (existing := (yield from load(at))) is not None:
            raise occupied(at, existing)
        if (yield from _put_new(at, made)):
            return metadata
        # Another creator was faster. Who overwrites does so with that node too.
    raise occupied(at, (yield from load(at)))


def _put_new(at: StorePath, made: Sequence[tuple[str, Buffer]]) -> Flow[bool]:
    """Store the documents of a node where there is none; whether there was none.

    The document that makes the node comes last, and only if there is none yet: so of two creators one succeeds, and
    nobody finds a node without its attributes. The hold keeps the attributes of the one that succeeds.
    """
    (main, document), *others = made
    if not others:
        done: bool = yield Put(at.store, join(at.path, main), document, ABSENT)
        return done
    with (yield TakeHold(at.store, at.path)) as hold:
        # A group is as much in the way as an array, though its document has another name.
        found = yield Fetch(at.store, [Read(join(at.path, name)) for name in (ZARRAY, ZGROUP)])
        if found != [None, None]:
            return False
        for name, other in others:
            yield Put(at.store, join(at.path, name), other, ANY, hold)
        done = yield Put(at.store, join(at.path, main), document, ABSENT, hold)
        return done


def _check_name(at: StorePath) -> None:
    """Refuse a node that would lie where the document of another node is."""
    for name in at.path.split("/"):
        if name in DOCUMENTS:
            raise ValueError(
                f"no node can be called {name!r}, as in the path {at.path!r}: the metadata of its parent are stored there"
            )


def documents(metadata: NodeMetadata) -> Sequence[tuple[str, Buffer]]:
    """The documents of a node, the one that makes it a node first."""
    made = metadata.to_buffer_dict(CPU_PROTOTYPE, indent=settings().json_indent)
    return sorted(made.items(), key=lambda item: item[0] == ZATTRS)


def occupied(at: StorePath, existing: NodeMetadata | None) -> BaseZarrError:
    """The error for a place where there is a node already."""
    kind = ContainsArrayError if isinstance(existing, ArrayV2Metadata | ArrayV3Metadata) else ContainsGroupError
    return kind(at.store, at.path)


def ensure_ancestors(at: StorePath, zarr_format: ZarrFormat) -> Flow[None]:
    """Make every ancestor of a path a group, where there is no node yet; an array there is an error."""
    names = at.path.split("/") if at.path else []
    for depth in range(len(names)):
        above = StorePath(at.store, "/".join(names[:depth]))
        existing = yield from load(above)
        if existing is None:
            group = GroupMetadata(attributes={}, zarr_format=zarr_format)
            for name, document in documents(group):
                yield Put(above.store, join(above.path, name), document, ABSENT)
        elif not isinstance(existing, GroupMetadata):
            raise ContainsArrayError(
                f"An array exists in store {at.store!r} at path {above.path!r}, so nothing can be created below it at "
                f"{at.path!r}. Choose a path beside the array."
            )


# -- update -----------------------------------------------------------------------------------------------------


def update_attributes(node: ArrayNode | GroupNode, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Flow[None]:
    """Replace the attributes of a node by what `change` makes of those that are stored now.

    `change` may be called several times, with a fresh dict each time. The rest of the document stays as it is. The hold
    is for this handle: what its threads store and what they publish in it comes in the same order.
    """
    at, metadata = node.store_path, node.metadata
    name = V3 if metadata.zarr_format == 3 else ZATTRS
    latest: list[NodeMetadata] = []

    def rewrite(old: Buffer | None) -> Buffer:
        current = _reread(at, metadata, name, old)
        before = current.attributes
        latest[:] = [current.with_attributes(as_stored(change(dict(before)), before))]
        return dict(documents(latest[0]))[name]

    with (yield TakeHold(at.store, at.path)) as hold:
        if name == ZATTRS and (yield from load(at, 2)) is None:
            raise NodeNotFoundError(f"the node at path {at.path!r} of store {at.store!r} was deleted")
        yield from modify(at.store, join(at.path, name), rewrite, hold=hold)
        node.publish(latest[0])  # type: ignore[arg-type]  # same kind as before: _reread checks it


def _reread(at: StorePath, metadata: NodeMetadata, name: str, raw: Buffer | None) -> NodeMetadata:
    """The metadata as stored now, given the document that a change is about."""
    key = join(at.path, name)
    if name == ZATTRS:
        return metadata.with_attributes({} if raw is None else parse_object(raw.to_bytes(), key))
    if raw is None:
        raise NodeNotFoundError(
            f"the node at path {at.path!r} of store {at.store!r} was deleted (there is no {key!r} any more)"
        )
    current = parse_v3(raw.to_bytes(), key)
    if isinstance(current, GroupMetadata) != isinstance(metadata, GroupMetadata):
        raise NodeNotFoundError(f"the node at path {at.path!r} of store {at.store!r} is of another kind now")
    return current


def publish_shape(
    node: ArrayNode, before: ArrayMetadata, shape: tuple[int, ...], *, view: ArrayView | None = None, hold: Hold
) -> Flow[None]:
    """Store a new shape, with the node's hold; the rest of the document stays as it is.

    `before` is what was found when the hold was taken. Whoever replaces a group with all that is in it takes no hold on
    the array, so it may be another one by now, to which the shape does not belong. `view` is one that was made of `before`
    with the new shape.
    """
    at, metadata = node.store_path, node.metadata
    name = V3 if metadata.zarr_format == 3 else ZARRAY
    latest: list[tuple[ArrayMetadata, ArrayView | None]] = []

    def rewrite(old: Buffer | None) -> Buffer:
        key = join(at.path, name)
        if old is None:
            raise ArrayNotFoundError(f"the array at path {at.path!r} of store {at.store!r} was deleted meanwhile")
        raw, since = old.to_bytes(), names_version()
        current = parse_v3(raw, key) if name == V3 else parse_array_v2(raw, None, key)
        if isinstance(current, GroupMetadata):
            raise ArrayNotFoundError(f"the array at path {at.path!r} of store {at.store!r} is a group now")
        if (current.shape, current.chunks, current.dtype) != (before.shape, before.chunks, before.dtype):
            raise ConcurrentChangeError(
                f"the array at path {at.path!r} of store {at.store!r} was replaced while its shape was changed. "
                "Open it again."
            )
        if name == ZARRAY:
            current = current.with_attributes(dict(metadata.attributes))
        new = current.with_shape(shape)
        document = dict(documents(new))[name]
        if isinstance(current, ArrayV3Metadata) and isinstance(new, ArrayV3Metadata):
            remember_reshaped(raw, document.to_bytes(), since, new)
            latest[:] = [(new, view if current.is_of_document_of(before) else None)]
        else:
            latest[:] = [(new, None)]
        return document

    yield from modify(at.store, join(at.path, name), rewrite, hold=hold)
    node.publish(*latest[0])


# -- delete -----------------------------------------------------------------------------------------------------


def remove_node(at: StorePath) -> Flow[None]:
    """Delete the node at a path with everything below it that is Zarr's. Foreign files stay where they are."""
    at.store._check_writable()
    keys: list[str] = yield Keys(at.store, at.path)
    if not keys:
        return
    ours = yield from _ours(at, keys)
    if len(ours) == len(keys):
        yield RemovePrefix(at.store, at.path)
        return
    # Documents last: a node that is half gone is still a node, and can be deleted again.
    for key in sorted(ours, key=lambda key: key.rpartition("/")[2] in DOCUMENTS):
        yield Remove(at.store, key)


def _ours(at: StorePath, keys: list[str]) -> Flow[list[str]]:
    """Those of `keys` that are documents of nodes, or chunks of the nearest array above them."""
    arrays = [key for key in keys if key.rpartition("/")[2] in (V3, ZARRAY)]
    parsed = yield Together(_try_load(StorePath(at.store, key.rpartition("/")[0])) for key in arrays)
    encodings = {
        key.rpartition("/")[0]: metadata.chunk_key_encoding
        for key, metadata in zip(arrays, parsed, strict=True)
        if isinstance(metadata, ArrayV2Metadata | ArrayV3Metadata)
    }

    def is_chunk(key: str) -> bool:
        path = key
        while path:
            path = path.rpartition("/")[0]
            if path in encodings:
                return is_chunk_key(encodings[path], key[len(path) + 1 if path else 0 :])
        return False

    return [key for key in keys if key.rpartition("/")[2] in DOCUMENTS or is_chunk(key)]


def is_chunk_key(encoding: Any, suffix: str) -> bool:
    """Whether a key, relative to its array, is one that `encoding` makes."""
    try:
        encoding.decode_chunk_key(suffix)
    except ValueError:
        return False
    return True


def _try_load(at: StorePath) -> Flow[NodeMetadata | None]:
    """`load`, with a document that cannot be parsed counted as none."""
    try:
        return (yield from load(at))
    except ValueError:
        return None


# -- members ----------------------------------------------------------------------------------------------------


def check_depth(max_depth: int | None) -> None:
    """Raise TypeError or ValueError for a depth that is none."""
    if max_depth is not None and not isinstance(max_depth, int):
        raise TypeError(f"max_depth must be an integer or None, got {max_depth!r}")
    if max_depth is not None and max_depth < 0:
        raise ValueError(f"max_depth must be None or at least 0, got {max_depth}")


def members(at: StorePath, max_depth: int | None = 0) -> Flow[list[tuple[str, NodeMetadata]]]:
    """The nodes below a group: `(path relative to it, metadata)`, parents before their children, names sorted.

    `max_depth` 0 means direct children, None all.
    """
    check_depth(max_depth)
    names: list[str] = yield Names(at.store, at.path)
    names = sorted(name for name in names if name not in DOCUMENTS)
    loaded = yield Together(_load_member(StorePath(at.store, join(at.path, name))) for name in names)
    found: list[tuple[str, NodeMetadata]] = []
    for name, metadata in zip(names, loaded, strict=True):
        if metadata is None:
            continue
        found.append((name, metadata))
        if isinstance(metadata, GroupMetadata) and max_depth != 0:
            deeper = None if max_depth is None else max_depth - 1
            below = yield from members(StorePath(at.store, join(at.path, name)), deeper)
            found += [(f"{name}/{path}", child) for path, child in below]
    return found


def _load_member(at: StorePath) -> Flow[NodeMetadata | None]:
    metadata = yield from load(at)
    if metadata is None and (yield Keys(at.store, at.path)):
        warn(
            f"Object at {at.path!r} in store {at.store!r} is not recognized as a component of a Zarr hierarchy: "
            "it has no metadata document, so it is not listed.",
            ZarrUserWarning,
        )
    return metadata
