"""Opening nodes, and creating them where the mode allows. Groups, which need little more than a name, are made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from zarr._calls import legacy
from zarr._calls.array_config import array_config
from zarr._calls.arrays import ArrayParts, find_format, format_of
from zarr._calls.keywords import MODES, did_you_mean
from zarr._calls.unused import warn_of_unused
from zarr._flow.consolidate import load_consolidated
from zarr._flow.create import create_node, open_or_create
from zarr._flow.load import load_array, load_node, look, not_found
from zarr._flow.members import is_group
from zarr._flow.requests import Flow
from zarr._metadata.group import ArrayMetadata, GroupMetadata
from zarr._store.path import StorePath
from zarr._support.json import as_stored
from zarr._support.truth import truth
from zarr.errors import (
    ArrayNotFoundError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    NodeNotFoundError,
)

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._calls.keywords import ConfigLike, OpenOptions
    from zarr._dtype import ZarrFormat
    from zarr._flow.filling import NewNodes

T = TypeVar("T")
Mode: TypeAlias = Literal["r", "r+", "a", "w", "w-"]
_OF_OPENING = {"mode", "path", "storage_options", "use_consolidated", "zarr_format"}
GroupParts: TypeAlias = tuple[GroupMetadata, StorePath]


def create_group(
    at: StorePath,
    *,
    zarr_format: ZarrFormat | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, Any] | None = None,
    made: NewNodes | None = None,
) -> Flow[GroupParts]:
    """Create a group; see `zarr.create_group`. `made` as of `create_node`."""
    stored, overwrite, ancestry = as_stored(attributes), truth("overwrite", overwrite), None
    if zarr_format is None:
        ancestry, zarr_format = yield from find_format(at)
    metadata = GroupMetadata(attributes=stored, zarr_format=format_of(zarr_format))
    yield from create_node(at, metadata, overwrite=overwrite, ancestry=ancestry, made=made)
    return metadata, at


def naming_format(at: StorePath, zarr_format: ZarrFormat | None, flow: Flow[T]) -> Flow[T]:
    """A flow that looks for a node; if it is one of one format, its errors name the format of the node that is there."""
    return flow if zarr_format is None else _naming_format(at, zarr_format, flow)


def _naming_format(at: StorePath, zarr_format: ZarrFormat, flow: Flow[T]) -> Flow[T]:
    try:
        return (yield from flow)
    except (NodeNotFoundError, ContainsArrayError, ContainsGroupError) as exc:
        other = yield from look(at)
        if other is None or other.zarr_format == zarr_format:
            raise
        what, kind = exc._what.format(at.store, at.path), "group" if is_group(other) else "array"
        raise type(exc)(
            f"{what}: the {kind} there is of format {other.zarr_format}, and zarr_format={zarr_format} was asked for. "
            f"Open it with zarr.open_{kind} and without `zarr_format`."
        ) from None


def _naming_mode(at: StorePath, mode: str, flow: Flow[T]) -> Flow[T]:
    """A flow that makes a node in a mode; where there is one already the error says which modes do something with that."""
    return flow if mode == "w" else _naming_modes(at, flow)


def _naming_modes(at: StorePath, flow: Flow[T]) -> Flow[T]:
    try:
        return (yield from flow)
    except (ContainsArrayError, ContainsGroupError) as exc:
        if str(exc) != exc._msg.format(at.store, at.path):  # it is another node that is in the way
            raise
        raise type(exc)(
            f"{exc._what.format(at.store, at.path)}, and mode 'w-' makes new ones only. Open it with mode 'r', 'r+' or 'a', choose another "
            "path, or replace it with mode 'w'."
        ) from None


def check_mode(mode: str) -> None:
    """Raise ValueError for anything but the five access modes."""
    if mode not in MODES:
        raise ValueError(f"Invalid mode: {mode!r}. Expected one of {', '.join(map(repr, MODES))}")


def check_keywords(create: Mapping[str, Any]) -> None:
    """Raise TypeError for keywords that `create` does not have, even where nothing is to be created, and for `overwrite`."""
    if not create:
        return
    if "overwrite" in create:
        raise TypeError("unexpected keyword argument 'overwrite': what is opened says `mode`, and mode='w' replaces it")
    known = {*(legacy.create.__kwdefaults__ or {}), *legacy.WITHOUT_EFFECT}
    if unknown := sorted(create.keys() - known):
        hint = did_you_mean(unknown[0], known | _OF_OPENING) or "; see zarr.create for those that there are"
        raise TypeError(f"unexpected keyword arguments {unknown}{hint}")


def open_array(
    at: StorePath,
    *,
    mode: str,
    zarr_format: ZarrFormat | None = None,
    config: ConfigLike | None = None,
    **create: Unpack[OpenOptions],
) -> Flow[ArrayParts]:
    """Open an array, or create it where the mode allows; see `zarr.open_array`."""
    check_mode(mode)
    check_keywords(create)

    def find() -> Flow[ArrayParts]:
        metadata = yield from load_array(at, zarr_format)
        warn_of_unused(metadata, at, create)
        return metadata, at, array_config(config)

    def make() -> Flow[ArrayParts]:
        return legacy.create(at, zarr_format=zarr_format, config=config, **create)

    if mode in ("w", "w-"):
        overwrite = mode == "w"
        flow = legacy.create(at, zarr_format=zarr_format, config=config, overwrite=overwrite, **create)  # type: ignore[misc]  # `create` has none
        return _naming_mode(at, mode, flow)
    flow = open_or_create(at, find, make) if mode == "a" and create else find()
    return naming_format(at, zarr_format, flow)


def open_group(
    at: StorePath,
    *,
    mode: str,
    zarr_format: ZarrFormat | None = None,
    attributes: Mapping[str, Any] | None = None,
    use_consolidated: bool | str | None = None,
    made: NewNodes | None = None,
) -> Flow[GroupParts]:
    """Open a group, or create it where the mode allows; see `zarr.open_group`. `made` as of `create_node`."""
    check_mode(mode)
    use_consolidated = _consolidated_choice(use_consolidated)

    def find() -> Flow[GroupParts]:
        metadata = yield from load_consolidated(at, zarr_format, use=use_consolidated)
        warn_of_unused(metadata, at, {} if attributes is None else {"attributes": attributes})
        return metadata, at

    def make() -> Flow[GroupParts]:
        return create_group(at, zarr_format=zarr_format, attributes=attributes, made=made)

    if mode in ("w", "w-"):
        _check_consolidated(use_consolidated, mode)
        new = create_group(at, zarr_format=zarr_format, overwrite=mode == "w", attributes=attributes)
        return _naming_mode(at, mode, new)
    flow = open_or_create(at, find, make) if mode == "a" and not use_consolidated else find()
    return naming_format(at, zarr_format, flow)


def _consolidated_choice(given: bool | str | None) -> bool | str | None:
    return given if given is None or isinstance(given, str) else truth("use_consolidated", given)


def _check_consolidated(use: bool | str | None, mode: str) -> None:
    """Refuse to look for consolidated metadata in a group that is only made."""
    if use:
        raise ValueError(
            f"Consolidated metadata were requested with 'use_consolidated={use!r}', and mode {mode!r} makes a new group, "
            "which has none. Open what there is with mode 'r' or 'r+'."
        )


def _refuse_for_groups(create: Mapping[str, Any]) -> None:
    """Raise TypeError for keywords of arrays where a group is to be made: whoever gives them means an array."""
    given = {name for name, value in create.items() if value is not None}
    if of_arrays := sorted(given - {"attributes", *legacy.WITHOUT_EFFECT}):
        raise TypeError(f"keywords {of_arrays} are for an array, which needs a `shape` or `data` to be made")


def open_node(
    at: StorePath,
    *,
    mode: str,
    zarr_format: ZarrFormat | None = None,
    config: ConfigLike | None = None,
    use_consolidated: bool | str | None = None,
    **create: Unpack[OpenOptions],
) -> Flow[ArrayParts | GroupParts]:
    """Open what is at a path, array or group; see `zarr.open`."""
    check_mode(mode)
    check_keywords(create)
    wants_array = create.get("shape") is not None or create.get("data") is not None

    def find() -> Flow[ArrayParts | GroupParts]:
        existing = yield from load_node(at, zarr_format)
        if existing is None:
            kind = ArrayNotFoundError if wants_array else GroupNotFoundError  # the classes that zarr-python raises
            raise not_found(kind, at, words=NodeNotFoundError)
        warn_of_unused(existing, at, create)
        if isinstance(existing, ArrayMetadata):
            return existing, at, array_config(config)
        # It is not looked at once more: by then somebody may have put an array there.
        use = _consolidated_choice(use_consolidated)
        return (yield from load_consolidated(at, zarr_format, use=use, group=existing)), at

    def make() -> Flow[ArrayParts | GroupParts]:
        if wants_array:
            return legacy.create(at, zarr_format=zarr_format, config=config, **create)
        _refuse_for_groups(create)
        return create_group(at, zarr_format=zarr_format, attributes=create.get("attributes"))

    if mode in ("w", "w-"):
        if wants_array:
            return open_array(at, mode=mode, zarr_format=zarr_format, config=config, **create)
        _refuse_for_groups(create)
        attributes = create.get("attributes")
        return open_group(
            at, mode=mode, zarr_format=zarr_format, attributes=attributes, use_consolidated=use_consolidated
        )
    flow = open_or_create(at, find, make) if mode == "a" and not use_consolidated else find()
    return naming_format(at, zarr_format, flow)
