"""Keeping consolidated metadata true to what is changed through them.

A handle that was opened with consolidated metadata, and every handle taken from it, knows where they are stored
(`CopyPlace`). What it changes is changed there as well, by compare-and-swap of the document that holds them
(docs/decisions/0009-consolidated-changes.md):

- What goes is taken out before its objects go, so that no reader is told of what is gone, also after a kill in between.
- Whatever else changes is put in when it is stored, and as it is stored then: it is looked at again afterwards. It stays as it
  is where the copy cannot be changed, with a warning.

Groups between the changed node and the one with the copy may have copies of their own, which are kept true too. Where a
copy is there no more, nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from zarr._flow.compare_and_swap import MAX_ROUNDS, modify, parent
from zarr._flow.documents import changed_consolidated
from zarr._flow.load import look
from zarr._flow.members import members
from zarr._flow.paths import below, join
from zarr._flow.requests import Flow, Remove, RemovePrefix, Request, Together
from zarr._flow.watch import logged, preceded
from zarr._metadata.consolidated import Change
from zarr._metadata.formats import FORMATS
from zarr._metadata.group import ArrayMetadata, GroupMetadata
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._support.document_errors import DocumentKey
from zarr._support.json import MAX_DEPTH, is_nested_deeper
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import warn
from zarr.errors import ConcurrentChangeError, HoldLostError, ZarrRuntimeWarning, ZarrUserWarning

if TYPE_CHECKING:
    from zarr._buffer import Buffer
    from zarr._flow.node import ArrayNode, CopyPlace, GroupNode
    from zarr._metadata.group import ListedMetadata, NodeMetadata
    from zarr._store.path import StorePath
    from zarr._store.versioned import Hold

T = TypeVar("T")
ABOVE_ATTRIBUTES = 4
"""How many objects attributes are nested in, at most, in a document that holds a copy."""


# -- what a copy can hold ---------------------------------------------------------------------------------------


def holdable(
    found: Iterable[tuple[str, ListedMetadata]], zarr_format: int
) -> tuple[dict[str, NodeMetadata], dict[str, str]]:
    """Those of some nodes that a copy can hold, and for each of the others the reason, by path.

    What is below a node that it cannot hold is in neither.

    Parameters
    ----------
    found
        Nodes by path, each before what is below it.
    zarr_format
        Format of the copy.
    """
    held: dict[str, NodeMetadata] = {}
    left_out: dict[str, str] = {}
    outside = "/"  # no path begins so
    for path, metadata in found:
        if path.startswith(outside):
            continue
        if isinstance(metadata, UnreadableMetadata):
            left_out[path] = metadata.reason
        elif metadata.zarr_format != zarr_format:
            left_out[path] = f"it is of format {metadata.zarr_format}"
        elif is_nested_deeper(metadata.attributes, MAX_DEPTH - ABOVE_ATTRIBUTES):
            left_out[path] = "its attributes are nested too deep"
        else:
            held[path] = metadata
            continue
        outside = f"{path}/"
    return held, left_out


def warn_of_left_out(at: StorePath, left_out: dict[str, str]) -> None:
    """Name what a copy cannot hold."""
    if not left_out:
        return
    shown = "; ".join(f"{path!r} ({reason})" for path, reason in list(left_out.items())[:5])
    more = f"; and {len(left_out) - 5} more" if len(left_out) > 5 else ""
    warn(
        f"consolidated metadata of group {'/' + at.path!r} cannot hold {shown}{more}. They are left out, with what is "
        "below them; who opens the group with use_consolidated=False sees them.",
        ZarrUserWarning,
    )


# -- while something changes ------------------------------------------------------------------------------------


def changing(
    copied_in: CopyPlace, flow: Flow[T], places: Sequence[StorePath], *, removes: bool, deep: bool = False
) -> Flow[T]:
    """A flow that changes which nodes there are, with the copy kept true.

    Parameters
    ----------
    copied_in
        The copy.
    flow
        What makes, replaces or removes nodes.
    places
        Where.
    removes
        Whether it may remove what is there.
    deep
        Whether it changes what is below nodes that stay.
    """
    changed = taken_out = False

    def note(request: Request) -> None:
        nonlocal changed
        changed = changed or request.writes

    def prepare() -> Flow[None]:
        nonlocal changed, taken_out
        changed = True
        yield from take_out(copied_in, places)
        taken_out = True

    if removes:
        flow = preceded(flow, _may_remove, prepare)
    try:
        result = yield from logged(flow, note)
    except Exception:
        if changed:  # some of it may be done, or what was taken out may be there still
            yield from record(copied_in, places, deep=deep, taken_out=taken_out)
        raise
    yield from record(copied_in, places, deep=deep, taken_out=taken_out)
    return result


def _may_remove(request: Request) -> bool:
    return isinstance(request, Remove | RemovePrefix | Together)


def take_out(copied_in: CopyPlace, places: Sequence[StorePath]) -> Flow[None]:
    """Tell no more of what is about to go."""
    change = Change(gone={copied_in.path_of(at) for at in places})
    yield from _before_removal(copied_in, _tell(copied_in, change))
    copied_in.apply(change)


def record_move(copied_in: CopyPlace, old: StorePath, new: StorePath) -> Flow[None]:
    """Tell of what was copied from one place to another, and of the old place no longer; called before that is removed."""
    yield from _before_removal(copied_in, _record(copied_in, [new]))
    yield from take_out(copied_in, [old])


def record(
    copied_in: CopyPlace, places: Sequence[StorePath], *, deep: bool = False, taken_out: bool = False
) -> Flow[None]:
    """Tell of what there is at some places now and on the way to them, and below those that were not told of.

    Parameters
    ----------
    copied_in
        The copy.
    places
        Where something may have changed.
    deep
        Whether all that is below them may have changed too.
    taken_out
        Whether they were taken out before: who consolidated since then may have found them still.
    """
    yield from _afterwards(copied_in, _record(copied_in, places, deep=deep, taken_out=taken_out))


def _record(
    copied_in: CopyPlace, places: Sequence[StorePath], *, deep: bool = False, taken_out: bool = False
) -> Flow[None]:
    paths = {copied_in.path_of(at) for at in places}
    for _ in range(MAX_ROUNDS):
        change, left_out = yield from _untold(copied_in, paths, deep=deep)
        if taken_out:
            change = replace(change, gone={*change.gone, *paths})
        if not change:
            return warn_of_left_out(copied_in.at, left_out)
        yield from _put_in(copied_in, change)
        paths |= {*change.gone, *change.nodes}  # others may have changed any of these since they were looked at
        taken_out = False
    raise _never_told()


def record_change(
    node: ArrayNode | GroupNode, metadata: NodeMetadata, hold: Hold, *, before_removal: bool = False
) -> Flow[None]:
    """Tell of new attributes, or a new shape, of a node that is told of.

    Parameters
    ----------
    node
        The node.
    metadata
        As they were stored.
    hold
        On the node, since before that.
    before_removal
        Whether chunks are to be deleted that nobody is to be told of any more.
    """
    copied_in = node.copied_in
    if copied_in is None:
        return
    flow = _record_change(copied_in, node.store_path, metadata, hold)
    yield from (_before_removal if before_removal else _afterwards)(copied_in, flow)


def _record_change(copied_in: CopyPlace, at: StorePath, metadata: NodeMetadata, hold: Hold) -> Flow[None]:
    path = copied_in.path_of(at)
    if not path and not FORMATS[copied_in.zarr_format].consolidated_apart:  # they are in the same document
        return
    found: ListedMetadata | None = _alone(metadata)
    for _ in range(MAX_ROUNDS):
        told = found
        yield from _put_in(copied_in, _change_to(path, told), hold=(at.path, hold))
        # Whoever replaces or removes the node takes no hold on it.
        found = _alone((yield from look(at, copied_in.zarr_format)))
        if found == told or isinstance(found, UnreadableMetadata):
            return
    raise _never_told()


def _change_to(path: str, metadata: ListedMetadata | None) -> Change:
    if metadata is None or isinstance(metadata, UnreadableMetadata):
        return Change(gone=(path,))
    return Change(nodes={path: metadata}, known_only=True)


def _alone(metadata: ListedMetadata | None) -> ListedMetadata | None:
    """A node without a copy of its own of what is below it."""
    return metadata.with_consolidated(None) if isinstance(metadata, GroupMetadata) else metadata


def _never_told() -> ConcurrentChangeError:
    return ConcurrentChangeError("what was changed kept changing meanwhile, by other writers")


# -- where the copy cannot be changed ---------------------------------------------------------------------------


def _before_removal(copied_in: CopyPlace, flow: Flow[None]) -> Flow[None]:
    """Change the copy before something is removed, which is not removed if that fails."""
    try:
        yield from flow
    except Exception as exc:
        exc.add_note(
            f"This was met in changing the consolidated metadata of {_group(copied_in)}, before anything was removed. Open the "
            "group with use_consolidated=False to work without them, and run zarr.consolidate_metadata() later."
        )
        raise


def _afterwards(copied_in: CopyPlace, flow: Flow[None]) -> Flow[None]:
    """Change the copy when everything else is done. That it fails is a warning: for an error one would do it all again, and
    append twice.
    """
    try:
        yield from flow
    except Exception as exc:
        if isinstance(exc, Warning) or came_from_a_signal(exc):
            raise
        warn(
            f"what was changed below {_group(copied_in)} is stored, but its consolidated metadata cannot be brought up to date: "
            f"{type(exc).__name__}: {exc}. Do not make the change again. Who opens the group is told of what was before, until "
            "zarr.consolidate_metadata() is run on it; with use_consolidated=False it shows what is stored.",
            ZarrRuntimeWarning,
        )


def _group(copied_in: CopyPlace) -> str:
    return f"group {'/' + copied_in.at.path!r}"


# -- what is to be told -----------------------------------------------------------------------------------------


def _untold(copied_in: CopyPlace, paths: Iterable[str], *, deep: bool) -> Flow[tuple[Change, dict[str, str]]]:
    """How what is stored differs from what the handles are told; and what the copy cannot hold of it, with the reasons."""
    tree = copied_in.tree
    wanted: dict[str, bool] = {}  # path, and whether to look below it
    for path in paths:
        if path in tree.entries or not path:
            wanted[path] = wanted.get(path, False) or deep
        else:
            wanted[_first_untold(copied_in, path)] = True
    # Before they are looked at: what another thread makes and tells of meanwhile may not be among what is found.
    told = {path for path in wanted if path in tree.entries}
    told.update(each for path, below_it in wanted.items() if below_it for each in tree.below(path))
    found: dict[str, ListedMetadata | None] = {}
    for path, below_it in wanted.items():
        if path not in found or below_it:
            found |= yield from _found(copied_in, path, deep=below_it)
    present = [(path, node) for path, node in found.items() if path and node is not None]
    held, left_out = holdable(sorted(present, key=lambda item: item[0].split("/")), copied_in.zarr_format)
    untold = {path: node for path, node in held.items() if not copied_in.tells(path, node)}
    return Change(told.difference(held), untold), left_out


def _first_untold(copied_in: CopyPlace, path: str) -> str:
    """The first path on the way to a node, itself included, that the handles are not told of."""
    return next(each for each in _on_the_way(path) if each == path or each not in copied_in.tree.entries)


def _on_the_way(path: str) -> list[str]:
    """Paths from below the top to a node, its own included.

    >>> _on_the_way("a/b")
    ['a', 'a/b']
    """
    names = path.split("/") if path else []
    return ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]


def _found(copied_in: CopyPlace, path: str, *, deep: bool) -> Flow[dict[str, ListedMetadata | None]]:
    """What is stored at a path; with `deep`, and below it."""
    at = below(copied_in.at, path)
    metadata = yield from look(at, prefer=copied_in.zarr_format)
    found: dict[str, ListedMetadata | None] = {path: _alone(metadata)}
    if deep and isinstance(metadata, GroupMetadata):
        below_it = yield from members(at, None, prefer=copied_in.zarr_format, quietly=True)
        found |= {join(path, name): _alone(child) for name, child in below_it}
    return found


# -- telling it -------------------------------------------------------------------------------------------------


def _put_in(copied_in: CopyPlace, change: Change, *, hold: tuple[str, Hold] | None = None) -> Flow[None]:
    """Tell of what is stored already. The handles see it also where the stored copies cannot be changed."""
    try:
        yield from _tell(copied_in, change, hold=hold)
    finally:
        copied_in.apply(change)


def _tell(copied_in: CopyPlace, change: Change, *, hold: tuple[str, Hold] | None = None) -> Flow[None]:
    """Make a change in the copy that is stored, and in those of groups between.

    `hold` is one that the caller has, with its prefix.
    """
    for at, name, part in _stored_copies(copied_in, change):
        yield from _change_stored(at, name, copied_in.zarr_format, part, hold)


def _stored_copies(copied_in: CopyPlace, change: Change) -> list[tuple[StorePath, str, Change]]:
    """Where there may be a copy that tells of what changes: the group, the document, and its part of the change."""
    layout = FORMATS[copied_in.zarr_format]
    places = [(copied_in.at, name, change) for name in dict.fromkeys((copied_in.name, layout.consolidated))]
    for path in sorted({above for each in (*change.gone, *change.nodes) for above in _on_the_way(each)}):
        if isinstance(change.nodes.get(path), ArrayMetadata) or change.takes(path):
            continue
        places.append((below(copied_in.at, path), layout.consolidated, change.seen_from(path)))
    return [(at, name, part) for at, name, part in places if layout.consolidated_apart or part.reaches_below]


def _change_stored(
    at: StorePath, name: str, zarr_format: int, change: Change, hold: tuple[str, Hold] | None
) -> Flow[None]:
    key = join(at.path, name)

    def rewrite(old: Buffer | None) -> Buffer | None:
        return (
            None if old is None else changed_consolidated(FORMATS[zarr_format], old, DocumentKey(key, at.store), change)
        )

    covering = hold[1] if hold is not None and parent(key) == hold[0] else None
    try:
        yield from modify(at.store, key, rewrite, hold=covering)
    except HoldLostError:  # what is to be told of is stored all the same
        if covering is None:
            raise
        covering.release()
        yield from modify(at.store, key, rewrite)
