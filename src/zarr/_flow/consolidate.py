"""Consolidated metadata: storing the snapshot of everything below a group, and loading a group with it.

A snapshot is for readers. A group that was opened with it answers membership from it; nothing that writes ever takes a
shape or attributes from there. What is changed through such a group is changed in it too: see `copies`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._flow.compare_and_swap import modify
from zarr._flow.copies import holdable, warn_of_left_out
from zarr._flow.documents import document
from zarr._flow.load import load_group, not_found
from zarr._flow.members import members
from zarr._flow.paths import join
from zarr._flow.requests import Fetch, Flow, Read
from zarr._metadata.consolidated import Nodes
from zarr._metadata.formats import layout_of
from zarr._metadata.group import ConsolidatedMetadata, GroupMetadata
from zarr._store.abstract import is_able
from zarr._support.document_errors import DocumentKey
from zarr._support.json import check_readable
from zarr._support.warn import warn
from zarr.errors import ArgumentError, GroupNotFoundError, ZarrUserWarning

if TYPE_CHECKING:
    from zarr._buffer import Buffer
    from zarr._store.path import StorePath

_UNSUPPORTED = "there is no consolidated metadata where a store says that it does not support it:"
_PATIENT_ROUNDS = 10
"""So often everything is looked at again because somebody changed the old copy meanwhile."""


def consolidate(at: StorePath, zarr_format: int | None = None) -> Flow[GroupMetadata]:
    """Store, in the group at a path, the metadata of everything below it.

    Raises
    ------
    MetadataValidationError
        If they are more than one document can hold.
    ArgumentError
        If the store wants none.
    """
    at.store._check_writable()
    if not is_able(at.store.supports_consolidated_metadata):
        raise ArgumentError(f"{_UNSUPPORTED} {at.store!r}")
    group = yield from load_group(at, zarr_format)
    layout = layout_of(group)
    if not layout.consolidated_is_specified:
        warn(
            f"Consolidated metadata is currently not part in the Zarr format {layout.zarr_format} specification. It may "
            "not be supported by other zarr implementations and may change in the future.",
            ZarrUserWarning,
        )
    made, n_rounds = None, 0
    while made is None:
        n_rounds += 1
        made = yield from _store_copy(at, group, is_patient=n_rounds < _PATIENT_ROUNDS)
    return made


def _store_copy(at: StorePath, group: GroupMetadata, *, is_patient: bool) -> Flow[GroupMetadata | None]:
    """Look at everything below a group and store the copy; None if somebody changed the old one since.

    What is changed through the old copy is changed there too, and may have been looked at before that. Whoever is not patient
    takes no notice.
    """
    layout = layout_of(group)
    key = join(at.path, layout.consolidated)
    where = DocumentKey(key, at.store)
    (before,) = yield Fetch(at.store, (Read(key),))
    seen = None if before is None else before.without_version().to_bytes()
    found = yield from members(at, None, prefer=layout.zarr_format)
    held, left_out = holdable(found, layout.zarr_format)
    snapshot = ConsolidatedMetadata(Nodes.of(held))
    latest: list[GroupMetadata] = []

    def rewrite(old: Buffer | None) -> Buffer | None:
        latest.clear()
        now = None if old is None else old.to_bytes()
        if is_patient and now != seen:
            return old
        current = layout.reread(layout.consolidated, now, where, group)
        if not isinstance(current, GroupMetadata):
            raise not_found(GroupNotFoundError, at)
        latest[:] = [current.with_consolidated(snapshot)]
        made = document(latest[0], layout.consolidated)
        check_readable(made.to_bytes(), where)
        return made

    yield from modify(at.store, key, rewrite)
    if not latest:
        return None
    warn_of_left_out(at, left_out)
    return latest[0]


def load_consolidated(
    at: StorePath,
    zarr_format: int | None = None,
    *,
    use: bool | str | None = None,
    group: GroupMetadata | None = None,
) -> Flow[GroupMetadata]:
    """A group's metadata, with its consolidated metadata if it has some and that is wanted.

    Parameters
    ----------
    at, zarr_format
        The group.
    use
        True: it must exist. False: leave it out. None: take it if it is there. A string: the name of the document
        that holds it, where the format has one for it.
    group
        The group, if it has just been loaded.

    Raises
    ------
    ArgumentError
        If a document is named and the format has none for it.
    """
    if use is not False and not is_able(at.store.supports_consolidated_metadata):
        if use:
            raise ValueError(f"{_UNSUPPORTED} {at.store!r}; open the group with use_consolidated=None")
        use = False
    if group is None:
        group = yield from load_group(at, zarr_format)
    layout = layout_of(group)
    if isinstance(use, str) and not layout.consolidated_apart:
        raise ArgumentError(
            f"use_consolidated={use!r} would be the name of a document, and format {layout.zarr_format} keeps consolidated "
            "metadata in that of the group; give True, False or None"
        )
    if use is False:
        return group.with_consolidated(None)
    if layout.consolidated_apart:
        key = join(at.path, use if isinstance(use, str) else layout.consolidated)
        (stored,) = yield Fetch(at.store, (Read(key),))
        if stored is not None:
            document = stored.without_version().to_bytes()
            return group.with_consolidated(layout.parse_consolidated(document, DocumentKey(key, at.store)))
    if use and group.consolidated_metadata is None:
        raise ValueError(
            f"Consolidated metadata requested with 'use_consolidated={use!r}' but not found at path {at.path!r} of store "
            f"{at.store!r}. Run zarr.consolidate_metadata() on it, or open it with use_consolidated=None."
        )
    return group
