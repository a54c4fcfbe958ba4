"""Creating nodes: their documents are stored where there is no node yet, and their ancestors become groups.

Everything that can be found out without a write is found out first: a creation that is refused leaves nothing. What comes
then goes from the root down, so that nobody finds a node without the groups above it; if the store fails in the middle, the
groups that were made until then are taken away again, unless somebody else uses them.

What lies below the path of a new node and is no node is left alone, as is the data of a program that stores chunks before
the document; so objects with the keys of its chunks are its chunks. Only `overwrite` clears the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from zarr._flow.compare_and_swap import MAX_ROUNDS, holding
from zarr._flow.documents import documents
from zarr._flow.filling import New, whole_or_gone
from zarr._flow.load import load_node, load_unexpected
from zarr._flow.paths import join
from zarr._flow.remove import clear
from zarr._flow.requests import Exist, Fetch, Flow, Put, Read, Remove
from zarr._metadata.formats import DOCUMENTS, layout_of
from zarr._metadata.group import GroupMetadata, NodeMetadata
from zarr._store.access import relies_on_versions
from zarr._store.path import StorePath
from zarr._store.versioned import ABSENT, ANY
from zarr._support.json import parse_object
from zarr._support.signals import came_from_a_signal
from zarr.errors import (
    BaseZarrError,
    ContainsArrayError,
    ContainsGroupError,
    MetadataTypeError,
    MetadataValidationError,
    NodeNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zarr._buffer import Buffer
    from zarr._dtype.base import ZarrFormat
    from zarr._flow.filling import NewNodes
    from zarr._metadata.group import ListedMetadata
    from zarr._store.abstract import Store
    from zarr._store.versioned import Hold, Stored

T = TypeVar("T")
AnyMetadata = TypeVar("AnyMetadata", bound=NodeMetadata)


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What there is above a place.

    Attributes
    ----------
    zarr_format
        That of the nearest group; None if there is none.
    missing
        The places between that group and the place that is looked at, from the root down.
    """

    zarr_format: ZarrFormat | None
    missing: tuple[StorePath, ...]


def look_above(at: StorePath) -> Flow[Ancestry]:
    """Find the nearest group above a path. Groups are made from the root down, so one that exists has all of its own.

    Raises
    ------
    ContainsArrayError
        If there is an array instead.
    """
    names = at.path.split("/") if at.path else []
    missing: list[StorePath] = []
    for depth in reversed(range(len(names))):
        above = StorePath(at.store, "/".join(names[:depth]))
        existing = yield from load_node(above)
        if existing is not None:
            _check_is_group(existing, above, at)
            return Ancestry(existing.zarr_format, tuple(reversed(missing)))
        missing.append(above)
    return Ancestry(None, tuple(reversed(missing)))


def create_node(
    at: StorePath,
    metadata: AnyMetadata,
    *,
    overwrite: bool,
    ancestry: Ancestry | None = None,
    made: NewNodes | None = None,
) -> Flow[AnyMetadata]:
    """Store a new node, and make its ancestors groups.

    Parameters
    ----------
    at, metadata
        The place and the node.
    overwrite
        Clear the place first, of whatever could be taken for a part of the new node or of one below it. Interrupted, it
        leaves the old node, or none, or the new one.
    ancestry
        What `look_above` found, if somebody has looked already.
    made
        Gets the node, and those above it that were made, for `whole_or_gone`.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already and `overwrite` is False, or an ancestor is an array.
    """
    at.store._check_writable()
    _check_name(at)
    stored = documents(metadata)  # first, as it fails on what cannot be stored
    if ancestry is None:
        ancestry = yield from look_above(at)
    if not overwrite and (existing := (yield from load_unexpected(at))) is not None:
        raise occupied(at, existing)
    new: NewNodes = []
    for _ in range(MAX_ROUNDS if overwrite else 1):
        replaces = overwrite and (yield from clear(at, getattr(metadata, "chunk_key_encoding", None)))
        if (yield from whole_or_gone(new, _put_below_groups(at, metadata, stored, ancestry.missing, new))):
            if made is not None:
                made += [*new, New(at, metadata, replaces)]
            return metadata
        # Another creator was faster. Who overwrites does so with that node too.
    raise occupied(at, (yield from load_node(at)))


def _put_below_groups(
    at: StorePath,
    metadata: NodeMetadata,
    stored: Sequence[tuple[str, Buffer]],
    above: Sequence[StorePath],
    made: NewNodes,
) -> Flow[bool]:
    """Make the groups above a node that are missing, and store its documents where there is none; whether there was none."""
    yield from _make_groups(above, metadata.zarr_format, at, made)
    makers = layout_of(metadata).makers
    try:
        return (yield from _put_new(at, makers, stored))
    except GeneratorExit:  # nobody answers any more
        raise
    except BaseException:
        try:
            yield from _remove_others(at, makers, stored[1:])
        except Exception as exc:  # it is told of why the node could not be made
            if came_from_a_signal(exc):
                raise
        raise


def _remove_others(at: StorePath, makers: Sequence[str], others: Sequence[tuple[str, Buffer]]) -> Flow[None]:
    """Remove the other documents of a node that was not made, where they are still as they were stored."""
    if not others or any((yield Exist(at.store, [join(at.path, name) for name in makers]))):
        return
    found = yield Fetch(at.store, [Read(join(at.path, name)) for name, _ in others])
    for (name, document), stored in zip(others, found, strict=True):
        if stored is not None and stored.data.to_bytes() == document.to_bytes():
            yield Remove(at.store, join(at.path, name), ANY if stored.version is None else stored.version)


def check_storable(at: StorePath, metadata: NodeMetadata) -> None:
    """Raise what `create_node` would raise whatever there is in the store."""
    _check_name(at)
    documents(metadata)


def open_or_create(at: StorePath, find: Callable[[], Flow[T]], create: Callable[[], Flow[T]]) -> Flow[T]:
    """What there is at a path, created if there is nothing, however many do the same at once.

    Parameters
    ----------
    at
        The place.
    find
        Opens what there is; NodeNotFoundError if there is nothing that it looks for.
    create
        Creates it, without overwriting.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node that `find` does not look for, or an array above.
    """
    for _ in range(MAX_ROUNDS):
        try:
            return (yield from find())
        except NodeNotFoundError:
            pass
        try:
            return (yield from create())
        except (ContainsArrayError, ContainsGroupError) as exc:
            refusal = exc
        if (yield from load_node(at)) is None:  # deleted again, or in the way is an array above
            yield from look_above(at)
            continue
        try:
            return (yield from find())  # somebody was faster, which is just as good
        except NodeNotFoundError:
            raise refusal from None
    raise refusal


def _put_new(at: StorePath, makers: Sequence[str], made: Sequence[tuple[str, Buffer]]) -> Flow[bool]:
    """Store the documents of a node where there is none; whether there was none.

    The document that makes the node comes last, and only if there is none yet: so of two creators one succeeds, and
    nobody finds a node without its attributes. The hold keeps the attributes of the one that succeeds.
    """
    (main, document), *others = made
    if not others:
        done: bool = yield Put(at.store, join(at.path, main), document, ABSENT)
        return done

    def held(hold: Hold) -> Flow[bool]:
        if relies_on_versions(at.store):
            return (yield from _put_new_by_versions(at, makers, (join(at.path, main), document), others))
        # A group is as much in the way as an array, though its document has another name.
        found = yield Fetch(at.store, [Read(join(at.path, name)) for name in makers])
        if any(stored is not None for stored in found):
            return False
        for name, other in others:
            yield Put(at.store, join(at.path, name), other, ANY, hold)
        done: bool = yield Put(at.store, join(at.path, main), document, ABSENT, hold)
        return done

    return (yield from holding(at.store, at.path, held))


def _put_new_by_versions(
    at: StorePath, makers: Sequence[str], main: tuple[str, Buffer], others: Sequence[tuple[str, Buffer]]
) -> Flow[bool]:
    """The same where a hold keeps no other process out. The other documents may be those of a creator that does not succeed:
    so who does looks at them again, and who does not brings back what was there. What somebody in another process has added before the former has
    looked stays; what somebody has changed or taken away until then cannot be told from the attributes of one of the latter.

    What is there is read first, and whether there is a node then. So whoever replaces the documents of a node, because it came
    in between, has replaced those that the node was made with, and brings back no others.
    """
    store = at.store
    apart = [(join(at.path, name), made) for name, made in others]
    for _ in range(MAX_ROUNDS):
        before = yield Fetch(store, [Read(key) for key, _ in apart])
        found = yield Fetch(store, [Read(join(at.path, name)) for name in makers])
        if any(stored is not None for stored in found):
            return False
        if not (yield from _replace_all(store, apart, before)):
            continue
        done: bool = yield Put(store, *main, ABSENT)
        if done:
            yield from _see_to_it(store, apart)
        else:
            yield from _bring_back(store, apart, before)
        return done
    return False


def _replace_all(store: Store, made: Sequence[tuple[str, Buffer]], before: Sequence[Stored | None]) -> Flow[bool]:
    """Store documents where there still is what was found; whether there was."""
    for (key, document), stored in zip(made, before, strict=True):
        if not (yield Put(store, key, document, ABSENT if stored is None else stored.version)):
            return False
    return True


def _see_to_it(store: Store, made: Sequence[tuple[str, Buffer]]) -> Flow[None]:
    """Store documents again if they were replaced, and not only added to by somebody who has found the node already."""
    for _ in range(MAX_ROUNDS):
        found = yield Fetch(store, [Read(key) for key, _ in made])
        lost = [
            (document, stored)
            for document, stored in zip(made, found, strict=True)
            if stored is None or not _has_all_of(stored.data.to_bytes(), *document)
        ]
        if not lost or (yield from _replace_all(store, [document for document, _ in lost], [old for _, old in lost])):
            return


def _has_all_of(found: bytes, key: str, stored: Buffer) -> bool:
    """Whether a document has every member of the one that was stored, with the same value."""
    before = stored.to_bytes()
    if found == before:
        return True
    try:
        members = parse_object(found, key)
    except (MetadataValidationError, MetadataTypeError):
        return False
    return all(
        name in members and repr(members[name]) == repr(value) for name, value in parse_object(before, key).items()
    )


def _bring_back(store: Store, made: Sequence[tuple[str, Buffer]], before: Sequence[Stored | None]) -> Flow[None]:
    """Undo the replacing of documents, where nobody has replaced them since."""
    found = yield Fetch(store, [Read(key) for key, _ in made])
    for (key, document), stored, old in zip(made, found, before, strict=True):
        if old is not None and stored is not None and stored.data.to_bytes() == document.to_bytes():
            yield Put(store, key, old.data, stored.version)


def _check_name(at: StorePath) -> None:
    """Refuse a node that would lie where the document of another node is."""
    for name in at.path.split("/"):
        if name in DOCUMENTS:
            raise ValueError(
                f"no node can be called {name!r}, as in the path {at.path!r}: the metadata of its parent are stored there"
            )


def occupied(at: StorePath, existing: ListedMetadata | None) -> BaseZarrError:
    """The error for a place where there is a node already."""
    is_group = existing is None or isinstance(existing, GroupMetadata)
    return (ContainsGroupError if is_group else ContainsArrayError)(at.store, at.path)


def ensure_ancestors(at: StorePath, zarr_format: ZarrFormat, made: NewNodes | None = None) -> Flow[None]:
    """Make every ancestor of a path a group, where there is no node yet; an array there is an error. `made` as of `create_node`."""
    ancestry = yield from look_above(at)
    yield from _make_groups(ancestry.missing, zarr_format, at, made)


def put_node(at: StorePath, metadata: NodeMetadata, *, with_ancestors: bool = False) -> Flow[None]:
    """Store the documents of a node, whatever is there; with its ancestors, where these are not there."""
    at.store._check_writable()
    _check_name(at)
    (main, document), *others = documents(metadata)
    if with_ancestors:
        yield from ensure_ancestors(at, metadata.zarr_format)

    def held(hold: Hold) -> Flow[None]:
        for name, other in others:
            yield Put(at.store, join(at.path, name), other, ANY, hold)
        yield Put(at.store, join(at.path, main), document, ANY, hold)

    yield from holding(at.store, at.path, held)


def _make_groups(
    places: Sequence[StorePath], zarr_format: ZarrFormat, at: StorePath, made: NewNodes | None = None
) -> Flow[None]:
    """Make groups, as ancestors of `at`. Of two that make the same one the later takes that of the other."""
    if not places:
        return
    group = GroupMetadata(attributes={}, zarr_format=zarr_format)
    stored, makers = documents(group), layout_of(group).makers
    for place in places:
        if (yield from _put_new(place, makers, stored)):
            if made is not None:
                made.append(New(place, group))
        else:
            existing = yield from load_node(place)
            if existing is not None:  # else it is deleted again already
                _check_is_group(existing, place, at)


def _check_is_group(existing: NodeMetadata, above: StorePath, at: StorePath) -> None:
    if not isinstance(existing, GroupMetadata):
        raise ContainsArrayError(
            f"An array exists in store {above.store!r} at path {above.path!r}, so nothing can be created below it at "
            f"{at.path!r}. Choose a path beside the array."
        )
