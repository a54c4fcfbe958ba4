"""Migration: documents of format 3 for chunks that are stored in format 2, and taking documents of one format away.

Everything is worked out before anything is written, so a hierarchy with a node that cannot be migrated stays as it is. Documents
are then written from the leaves up, the root's last: until then whoever opens the hierarchy finds that of format 2, whole and
valid, as those documents are not touched. Taking documents away goes from the root down: whoever looks for the format finds
all of it, or none. Either can be interrupted and run again: what is there already, and says the same, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarr._flow.consolidate import load_consolidated
from zarr._flow.create import ensure_ancestors, occupied
from zarr._flow.documents import documents
from zarr._flow.load import look, not_found
from zarr._flow.members import is_group, members
from zarr._flow.paths import below, join
from zarr._flow.requests import Flow, Keys, Names, Put, Remove, Size, Together
from zarr._metadata.across import migrated
from zarr._metadata.formats import DOCUMENTS, FORMATS
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import NOT_READ, UnreadableMetadata
from zarr._store.keys import is_key
from zarr._store.versioned import ABSENT, ANY
from zarr.errors import (
    BaseZarrError,
    GroupNotFoundError,
    MetadataTypeError,
    MetadataValidationError,
    NodeNotFoundError,
    UnknownCodecError,
)

if TYPE_CHECKING:
    from zarr._dtype import ZarrFormat
    from zarr._metadata.group import ListedMetadata, NodeMetadata
    from zarr._store.path import StorePath

OLD: ZarrFormat = 2
NEW: ZarrFormat = 3
Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Step:
    """One node that is to be migrated.

    Attributes
    ----------
    path
        Below the place that is migrated.
    metadata
        Of the new format.
    changes
        What they do not say as those of the old format did.
    """

    path: str
    metadata: NodeMetadata
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """What the caller decides.

    Attributes
    ----------
    dry_run
        Only tell.
    overwrite
        Put the new documents in the place of those of the new format that are there, and take away the others of that format.
    force
        Take them away also where there are none of the old format.
    remove_old
        Take those of the old format away afterwards.
    into_empty
        Refuse another place than that of the node where there is anything but what an earlier run may have left.
    """

    dry_run: bool = False
    overwrite: bool = False
    force: bool = False
    remove_old: bool = False
    into_empty: bool = False


def migrate(source: StorePath, dest: StorePath | None, options: MigrateOptions, tell: Tell) -> Flow[list[Step]]:
    """Write documents of format 3 for a node of format 2, and for every node below it; what was done.

    Parameters
    ----------
    source
        The node.
    dest
        Where the documents go; None for beside those of the node.
    options, tell
        What else is wanted; takes a text for each document and for each change.

    Raises
    ------
    NodeNotFoundError
        If there is no node.
    MetadataTypeError
        If there is none of format 2.
    MetadataValidationError, UnknownCodecError
        If format 3 cannot describe what is stored.
    ContainsArrayError, ContainsGroupError
        If there are documents of format 3 that say something else, or there is something else at `dest`.
    """
    in_place = dest is None or dest == source
    target = source if dest is None else dest
    if not options.dry_run:
        target.store._check_writable()
    steps, n_old = yield from _plan(source, in_place=in_place)
    wanted = {step.path for step in steps}
    obsolete: list[str] = []
    if options.overwrite:
        obsolete = yield from removable(target, NEW, force=options.force, keep=wanted)
    elif options.into_empty and not in_place:
        yield from _check_empty(target, wanted)
    going = (yield from removable(target, OLD, promised=wanted)) if options.remove_old else []
    if not n_old and not going:  # what goes may be the attributes that an interrupted run has left
        raise MetadataTypeError(
            f"Only arrays / groups with zarr v2 metadata can be converted, and at {source} there are none: it is of format "
            f"{NEW} already"
        )
    todo = steps if options.overwrite else (yield from _not_there_yet(target, steps))
    if not (in_place or options.dry_run):
        yield from ensure_ancestors(target, NEW)
    yield from remove(target, obsolete, tell, dry_run=options.dry_run)
    for step in reversed(todo):
        at = below(target, step.path)
        tell(f"Saving metadata to {at}/{FORMATS[NEW].array}")
        for change in step.changes:
            tell(f"Changed in {at}: {change}")
        if not options.dry_run:
            yield from _save(at, step.metadata, overwrite=options.overwrite)
    yield from remove(target, going, tell, dry_run=options.dry_run)
    return todo


# -- what is to be written --------------------------------------------------------------------------------------


def _plan(source: StorePath, *, in_place: bool) -> Flow[tuple[list[Step], int]]:
    """A step for each node, each before those below it; for those of the new format too, if they are to go elsewhere. And how many
    are of the old one.
    """
    steps: list[Step] = []
    n_old = 0
    for path, metadata in (yield from _nodes(source)):
        at = below(source, path)
        is_old = metadata.zarr_format == OLD
        n_old += is_old
        if is_old:
            steps.append((yield from _step(at, path, metadata)))
        elif not in_place and isinstance(metadata, UnreadableMetadata):
            raise _refusal(at, metadata.error, metadata.reason)
        elif not in_place and not isinstance(metadata, UnreadableMetadata):
            steps.append(Step(path, _alone(metadata)))
    return steps, n_old


def _nodes(source: StorePath) -> Flow[list[tuple[str, ListedMetadata]]]:
    root = yield from look(source, prefer=OLD)
    if root is None:
        raise _nothing_at(source)
    if not is_group(root):
        return [("", root)]
    if source.store.supports_listing:
        return [("", root), *(yield from members(source, None, prefer=OLD))]
    group = yield from load_consolidated(source, OLD)
    if group.consolidated_metadata is None:
        raise MetadataValidationError(
            f"{source.store!r} cannot list what it holds, and the group at {source} has no consolidated metadata, so nobody "
            "knows what is in it. Migrate it where it can be listed, or its arrays one by one."
        )
    return [("", root), *group.consolidated_metadata.listed(None)]


def _nothing_at(at: StorePath) -> NodeNotFoundError:
    return not_found(GroupNotFoundError, at, words=NodeNotFoundError)


def _step(at: StorePath, path: str, metadata: ListedMetadata) -> Flow[Step]:
    if isinstance(metadata, UnreadableMetadata):
        raise _refusal(at, metadata.error, metadata.reason)
    if isinstance(metadata, GroupMetadata):
        changes = yield from _lost_with(at)
        return Step(path, GroupMetadata(attributes=metadata.attributes, zarr_format=NEW), changes)
    try:
        made = migrated(metadata)  # type: ignore[arg-type]  # the one class of arrays of format 2
    except NOT_READ as exc:
        reason = (
            f"{exc}. zarr.copy(..., zarr_format={NEW}) writes its elements anew, with the codecs that format {NEW} has."
        )
        raise _refusal(at, exc, reason) from exc
    return Step(path, made.metadata, made.changes)


def _refusal(at: StorePath, error: Exception, reason: str) -> BaseZarrError:
    kind = UnknownCodecError if isinstance(error, UnknownCodecError) else MetadataValidationError
    return kind(f"{at} cannot be migrated, and nothing was written: {reason}")


def _lost_with(at: StorePath) -> Flow[tuple[str, ...]]:
    size: int | None = yield Size(at.store, join(at.path, FORMATS[OLD].consolidated))
    return (
        () if size is None else ("consolidated metadata are left behind; zarr.consolidate_metadata() makes new ones",)
    )


def _alone(metadata: NodeMetadata) -> NodeMetadata:
    """A node without a copy of what is below it."""
    return metadata.with_consolidated(None) if isinstance(metadata, GroupMetadata) else metadata


# -- what is there ----------------------------------------------------------------------------------------------


def _not_there_yet(target: StorePath, steps: Sequence[Step]) -> Flow[list[Step]]:
    """The steps that an earlier run has not done; raises where there is something else."""
    found: list[ListedMetadata | None] = yield Together(look(below(target, step.path), NEW) for step in steps)
    todo = []
    for step, existing in zip(steps, found, strict=True):
        if existing is None:
            todo.append(step)
        elif isinstance(existing, UnreadableMetadata) or _alone(existing) != step.metadata:
            raise _other(below(target, step.path), existing)
    return todo


def _other(at: StorePath, existing: ListedMetadata) -> Exception:
    return type(occupied(at, existing))(
        f"There are metadata of format {NEW} at {at} already, and they differ from those that the migration makes, because one or the "
        "other was changed since. Overwrite them (--overwrite) if those of format 2 are the right ones, or remove one format."
    )


def _check_empty(target: StorePath, wanted: Collection[str]) -> Flow[None]:
    """Refuse a place where there is anything but what an earlier run may have left."""
    if not target.store.supports_listing:
        return
    made = {join(target.path, join(path, FORMATS[NEW].array)) for path in wanted}
    keys: list[str] = yield Keys(target.store, target.path)
    if foreign := next((key for key in keys if key not in made), None):
        raise type(occupied(target, None))(
            f"Cannot create {target.path!r} with mode 'w-' because it already contains data: {foreign!r} is in {target.store!r}. "
            "Migrate to an empty place, or overwrite (--overwrite)."
        )


# -- what is to be removed --------------------------------------------------------------------------------------


def removable(
    at: StorePath,
    zarr_format: ZarrFormat,
    *,
    force: bool = False,
    keep: Collection[str] = (),
    promised: Collection[str] = (),
) -> Flow[list[str]]:
    """Keys of the documents of a format at and below a place, from the root down.

    Parameters
    ----------
    at, zarr_format
        The place and the format.
    force
        Also where nothing else describes the node.
    keep
        Paths whose documents stay.
    promised
        Paths that will have documents of the other format.

    Raises
    ------
    MetadataValidationError
        If the node would have no valid documents left, and `force` is False.
    """
    layout = FORMATS[zarr_format]
    (other,) = FORMATS.keys() - {zarr_format}
    keys = []
    for path, names in (yield from _documented(at, "")):
        place = below(at, path)
        # What makes the node goes before its attributes: it is never found without them.
        going = [name for name in dict.fromkeys((layout.consolidated, *layout.documents)) if name in names]
        if not going:
            continue
        if not (force or path in promised):
            rest = yield from look(place, other)
            if rest is None or isinstance(rest, UnreadableMetadata):
                raise MetadataValidationError(
                    f"Cannot remove v{zarr_format} metadata at {place}/{going[0]} - no v{other} metadata exists"
                    + ("" if rest is None else f" that can be read ({rest.reason})")
                    + ". To delete anyway, use the 'force' option."
                )
        if path not in keep:
            keys += [join(place.path, name) for name in going]
    return keys


def _documented(at: StorePath, path: str) -> Flow[list[tuple[str, frozenset[str]]]]:
    """Paths at and below a place with the names of the documents that are there; nothing lies below an array."""
    place = below(at, path)
    names = sorted(DOCUMENTS)
    try:
        sizes = yield Together(_size(place, name) for name in names)
    except NotADirectoryError:  # a file is in the place of a directory
        return []
    there = frozenset(name for name, size in zip(names, sizes, strict=True) if size is not None)
    found = [(path, there)]
    if not place.store.supports_listing or (yield from _is_array(place, there)):
        return found
    inside: list[str] = yield Names(place.store, place.path)
    deeper = sorted(name for name in inside if name not in DOCUMENTS and is_key(name))
    for each in (yield Together(_documented(at, join(path, name)) for name in deeper)):
        found += each
    return found


def _size(at: StorePath, name: str) -> Flow[int | None]:
    size: int | None = yield Size(at.store, join(at.path, name))
    return size


def _is_array(at: StorePath, names: Collection[str]) -> Flow[bool]:
    for layout in FORMATS.values():
        if layout.array in names:
            metadata = yield from look(at, layout.zarr_format)
            if metadata is not None and not is_group(metadata):
                return True
    return False


def remove(at: StorePath, keys: Iterable[str], tell: Tell, *, dry_run: bool) -> Flow[None]:
    """Take documents away, in the order given."""
    for key in keys:
        tell(f"Deleting metadata at {at.store._describe(key)}")
        if not dry_run:
            yield Remove(at.store, key)


def remove_metadata(
    at: StorePath, zarr_format: ZarrFormat, *, force: bool, dry_run: bool, tell: Tell
) -> Flow[list[str]]:
    """Take all documents of a format away, at a place and below it; their keys. Raises as `removable`."""
    if not dry_run:
        at.store._check_writable()
    keys = yield from removable(at, zarr_format, force=force)
    if not keys and (yield from look(at)) is None:
        raise _nothing_at(at)
    yield from remove(at, keys, tell, dry_run=dry_run)
    return keys


def _save(at: StorePath, metadata: NodeMetadata, *, overwrite: bool) -> Flow[None]:
    for name, document in documents(metadata):
        done: bool = yield Put(at.store, join(at.path, name), document, ANY if overwrite else ABSENT)
        if not done:
            existing = yield from look(at, NEW)
            if existing is None or isinstance(existing, UnreadableMetadata) or _alone(existing) != metadata:
                raise occupied(at, existing)
