"""Copying nodes and keys between any two stores, as zarr-python 2 had it.

Where nothing changes on the way, format included, the stored bytes are moved as they are; otherwise an array is made
anew after the old one and its elements are copied, one stored object at a time. A node that cannot be read is copied as it
is stored, or left out with a warning where that will not do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeAlias

from zarr._calls.array_config import array_config
from zarr._calls.keywords import FromArrayOptions, check_known
from zarr._calls.like import from_array
from zarr._calls.opening import create_group
from zarr._flow import inventory
from zarr._flow.apart import check_apart, check_survives
from zarr._flow.create import create_node, ensure_ancestors
from zarr._flow.filling import NewNodes, whole_or_gone
from zarr._flow.load import gone, load_group, look
from zarr._flow.members import is_group, members
from zarr._flow.node import ArrayNode, GroupNode
from zarr._flow.paths import below, join
from zarr._flow.remove import remove_node
from zarr._flow.requests import Flow, Keys, Size, Together
from zarr._flow.transfer import copy_all, copy_chunks, copy_object
from zarr._flow.update import update_attributes
from zarr._metadata.across import kept_codecs
from zarr._metadata.formats import DOCUMENTS, layout_of
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._store.abstract import Store
from zarr._store.memory import MemoryStore
from zarr._store.path import StorePath, normalize_path
from zarr._support.truth import truth
from zarr._support.warn import warn
from zarr.errors import BaseZarrError, ContainsArrayError, ContainsGroupError, NodeNotFoundError, ZarrUserWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarr._dtype import ZarrFormat
    from zarr._metadata.group import ArrayMetadata, ListedMetadata

IfExists: TypeAlias = Literal["raise", "replace", "skip", "skip_initialized"]
Log: TypeAlias = str | Path | TextIO | Callable[[str], Any] | None
Counts: TypeAlias = tuple[int, int, int]
_IF_EXISTS = ("raise", "replace", "skip", "skip_initialized")


@dataclass
class Tally:
    """What a copy has done so far."""

    write: Callable[[str], Any]
    dry_run: bool
    n_copied: int = 0
    n_skipped: int = 0
    nbytes: int = 0

    def copied(self, text: str, nbytes: int = 0) -> None:
        self.n_copied += 1
        self.nbytes += 0 if self.dry_run else nbytes
        self.write(f"copy {text}")

    def skipped(self, text: str) -> None:
        self.n_skipped += 1
        self.write(f"skip {text}")

    @property
    def counts(self) -> Counts:
        return self.n_copied, self.n_skipped, self.nbytes

    def finish(self) -> Counts:
        verb = "dry run" if self.dry_run else "all done"
        self.write(f"{verb}: {self.n_copied:,} copied, {self.n_skipped:,} skipped, {self.nbytes:,} bytes copied")
        return self.counts


@contextmanager
def logging_to(log: Log) -> Iterator[Callable[[str], Any]]:
    """The function that takes the lines of a log: nowhere, a file name, an open file, or a function."""
    if log is None:
        yield lambda _: None
    elif callable(log):
        yield log
    elif isinstance(log, str | Path):
        with Path(log).open("w") as opened:
            yield lambda text: opened.write(f"{text}\n")
    elif hasattr(log, "write"):
        yield lambda text: log.write(f"{text}\n")
    else:
        raise TypeError(f"log must be a function, a file name or a file, got {type(log).__name__}")


def check_if_exists(if_exists: str, *, keys: bool = False) -> None:
    """Raise ValueError for anything but the known choices."""
    allowed = _IF_EXISTS[:3] if keys else _IF_EXISTS
    if if_exists not in allowed:
        raise ValueError(f"if_exists must be one of {allowed}, got {if_exists!r}")


# -- nodes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CopyOptions:
    """What the functions `copy` and `copy_all` have in common; without a format they take that of the destination."""

    shallow: bool
    without_attrs: bool
    if_exists: str
    dry_run: bool
    create_kws: dict[str, Any]
    zarr_format: ZarrFormat | None = None

    def __post_init__(self) -> None:
        for name in ("shallow", "without_attrs", "dry_run"):
            object.__setattr__(self, name, truth(name, getattr(self, name)))

    @property
    def may_replace(self) -> bool:
        """Whether a node that is there may go."""
        return self.if_exists in ("replace", "skip_initialized")


def copy_node(
    source: StorePath, dest: StorePath, zarr_format: ZarrFormat, options: CopyOptions, tally: Tally
) -> Flow[None]:
    """Copy the node at `source`, with everything below it unless `shallow`, to `dest`."""
    metadata = yield from look(source)
    if metadata is None:
        raise NodeNotFoundError(gone("source", source))
    yield from check_pair(source, dest, options)
    if isinstance(metadata, UnreadableMetadata):
        yield from _copy_unread(source, metadata, dest, zarr_format, options, tally)
    elif isinstance(metadata, GroupMetadata):
        yield from _copy_group(source, metadata, dest, zarr_format, options, tally)
    else:
        yield from _copy_array(source, metadata, dest, zarr_format, options, tally)


def check_pair(source: StorePath, dest: StorePath, options: CopyOptions) -> Flow[None]:
    """Raise ValueError for a copy that would lie in its source, or take it away before it is read."""
    yield from check_apart(source, dest)
    if options.may_replace:
        yield from check_survives(source, dest)


def check_keywords(function: str, given: Mapping[str, Any]) -> None:
    """Raise TypeError for keywords that `from_array` does not have, or that say what `if_exists` says."""
    if "overwrite" in given:
        raise TypeError(
            f"{function}() got an unexpected keyword argument 'overwrite'; what happens to a node that is there says "
            "`if_exists`, and if_exists='replace' puts the copy in its place"
        )
    check_known(function, given, FromArrayOptions)


def merge_attributes(source: GroupMetadata, dest: GroupNode) -> Flow[None]:
    """Add the attributes of a group to those of another."""
    if source.attributes:
        yield from update_attributes(dest, lambda current: {**current, **source.attributes})


def _copy_group(
    source: StorePath,
    metadata: GroupMetadata,
    dest: StorePath,
    zarr_format: ZarrFormat,
    options: CopyOptions,
    tally: Tally,
) -> Flow[None]:
    existing = yield from look(dest)
    if existing is not None and not isinstance(existing, GroupMetadata):
        if options.if_exists == "raise":
            raise occupied(dest, existing)
        if options.if_exists != "replace":
            tally.skipped(str(source))
            return
        existing = None
    tally.copied(str(source))
    if existing is None and not options.dry_run:
        attributes = {} if options.without_attrs else dict(metadata.attributes)
        yield from create_group(
            dest, zarr_format=zarr_format, attributes=attributes, overwrite=options.if_exists == "replace"
        )
    elif not (options.dry_run or options.without_attrs):
        yield from merge_attributes(metadata, GroupNode((yield from load_group(dest)), dest))
    if options.shallow:
        return
    for name, _ in (yield from members(source)):
        yield from copy_node(below(source, name), below(dest, name), zarr_format, options, tally)


def _copy_array(
    source: StorePath,
    metadata: ArrayMetadata,
    dest: StorePath,
    zarr_format: ZarrFormat,
    options: CopyOptions,
    tally: Tally,
) -> Flow[None]:
    existing = yield from look(dest)
    if existing is not None and not (yield from may_replace(dest, existing, options)):
        tally.skipped(str(source))
        return
    replace = existing is not None or options.if_exists == "replace"
    text = f"{source} {metadata.shape} {metadata.dtype.to_native_dtype()}"
    if metadata.zarr_format == zarr_format and not options.create_kws and not options.without_attrs:
        nbytes = 0 if options.dry_run else (yield from _copy_stored(source, dest, metadata, replace=replace))
        tally.copied(text, nbytes)
        return
    node = ArrayNode(metadata, source, array_config(None))
    made = yield from _copy_elements(node, dest, zarr_format, options, replace=replace)
    tally.copied(
        text + _changed_codecs(metadata, made) + _changed_fill(metadata, made),
        node.view.spec.dtype.itemsize * _size(metadata.shape),
    )


def occupied(dest: StorePath, existing: ListedMetadata) -> BaseZarrError:
    """The error for a place where there is a node already, with what a copy can do about it."""
    is_a_group = is_group(existing)
    return (ContainsGroupError if is_a_group else ContainsArrayError)(
        f"{'A group' if is_a_group else 'An array'} exists in store {dest.store!r} at path {dest.path!r}. Give the copy another "
        "name, or say with `if_exists` what is to happen: 'replace', 'skip' or 'skip_initialized'."
    )


def may_replace(dest: StorePath, existing: ListedMetadata, options: CopyOptions) -> Flow[bool]:
    """Whether to go on where there is a node already; raises if that is an error."""
    if options.if_exists == "raise":
        raise occupied(dest, existing)
    if options.if_exists != "skip_initialized" or isinstance(existing, GroupMetadata | UnreadableMetadata):
        return options.if_exists == "replace"
    stored = yield from inventory.stored_chunks(ArrayNode(existing, dest, array_config(None)))
    n_objects = _size(existing.to_spec(array_config(None)).grid.counts(existing.shape))
    return len(stored) < n_objects


def _copy_stored(source: StorePath, dest: StorePath, metadata: ArrayMetadata, *, replace: bool) -> Flow[int]:
    """Move the stored bytes: the document first, which claims the place, then the chunks."""
    made: NewNodes = []
    yield from create_node(dest, metadata, overwrite=replace, made=made)
    keys = yield from inventory.stored_chunks(ArrayNode(metadata, source, array_config(None)))
    return (yield from whole_or_gone(made, copy_chunks(source, dest, keys, metadata)))


def _copy_unread(
    source: StorePath,
    unreadable: UnreadableMetadata,
    dest: StorePath,
    zarr_format: ZarrFormat,
    options: CopyOptions,
    tally: Tally,
) -> Flow[None]:
    """Copy what is stored at and below a node that cannot be read, the document that makes it last."""
    if unreadable.zarr_format != zarr_format or options.create_kws or options.without_attrs:
        warn(f"{source} cannot be read, and is not copied: {unreadable.reason}", ZarrUserWarning)
        tally.skipped(f"{source} (unsupported: {unreadable.reason})")
        return
    existing = yield from look(dest)
    if existing is not None and not (yield from may_replace(dest, existing, options)):
        tally.skipped(str(source))
        return
    nbytes = 0
    if not options.dry_run:
        yield from remove_node(dest)
        yield from ensure_ancestors(dest, zarr_format)
        nbytes = yield from copy_all(source, dest)
    tally.copied(f"{source} (unsupported: {unreadable.reason})", nbytes)


def _copy_elements(
    node: ArrayNode, dest: StorePath, zarr_format: ZarrFormat, options: CopyOptions, *, replace: bool
) -> Flow[ArrayMetadata]:
    """Make an array after another, and copy its elements, unless that is not to be done; the metadata of the new one."""
    attributes: dict[str, Any] | None = {} if options.without_attrs else None
    kept = kept_codecs(node.metadata) if node.metadata.zarr_format != zarr_format else {}
    keywords = {
        "attributes": attributes,
        "zarr_format": zarr_format,
        "overwrite": replace,
        **kept,
        **options.create_kws,
    }
    place = StorePath(MemoryStore(), dest.path) if options.dry_run else dest
    made, *_ = yield from from_array(place, data=node, write_data=not options.dry_run, **keywords)
    return made


def _changed_codecs(before: ArrayMetadata, after: ArrayMetadata) -> str:
    """What a log says of codecs that became others; nothing if those of the other format mean the same."""
    old, new = layout_of(before).codecs_of(before), layout_of(after).codecs_of(after)
    if [name for name, _ in old] == [name for name, _ in new] and all(
        was[key] == now[key] for (_, was), (_, now) in zip(old, new, strict=True) for key in was.keys() & now.keys()
    ):
        return ""
    return f", codecs {_as_text(old)} -> {_as_text(new)}"


def _changed_fill(before: ArrayMetadata, after: ArrayMetadata) -> str:
    """What a log says of a fill value that there is now, where none was stored."""
    if before.fill_value is not None or after.fill_value is None:
        return ""
    return f", fill value null -> {after.fill_value!r}"


def _as_text(codecs: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    texts = (f"{name}({', '.join(f'{key}={value!r}' for key, value in settings.items())})" for name, settings in codecs)
    return ", ".join(texts) or "none"


def _size(shape: Iterable[int]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


# -- keys -------------------------------------------------------------------------------------------------------


def copy_keys(
    source: Store,
    dest: Store,
    *,
    source_path: str,
    dest_path: str,
    excludes: str | Iterable[str] | None,
    includes: str | Iterable[str] | None,
    flags: int,
    if_exists: str,
    tally: Tally,
) -> Flow[None]:
    """Copy stored objects key by key, whatever they mean."""
    from_path, to_path = normalize_path(source_path), normalize_path(dest_path)
    wanted = _wanted(excludes, includes, flags)
    if if_exists == "replace":
        yield from check_survives(StorePath(source, from_path), StorePath(dest, to_path))
    keys: list[str] = yield Keys(source, from_path)
    if not keys:
        raise FileNotFoundError(f"No keys found in store {source!r} at path {from_path!r}")
    skip = len(join(from_path, ""))
    # Documents after chunks: until an array is whole nobody finds it.
    pairs = [(key, join(to_path, key[skip:])) for key in keys if wanted(key[skip:])]
    pairs.sort(key=lambda pair: pair[0].rpartition("/")[2] in DOCUMENTS)
    there = yield Together(_exists(dest, new_key) for _, new_key in pairs)
    if if_exists == "raise":
        for (_, new_key), exists in zip(pairs, there, strict=True):
            if exists:
                raise ContainsGroupError(f"key {new_key!r} exists in destination store {dest!r}; nothing was copied")
    for (key, new_key), exists in zip(pairs, there, strict=True):
        described = key if key == new_key else f"{key} -> {new_key}"
        if exists and if_exists == "skip":
            tally.skipped(described)
            continue
        nbytes = 0 if tally.dry_run else (yield from copy_object(source, key, dest, new_key))
        tally.copied(described, nbytes)


def _exists(store: Store, key: str) -> Flow[bool]:
    nbytes: int | None = yield Size(store, key)
    return nbytes is not None


def _wanted(
    excludes: str | Iterable[str] | None, includes: str | Iterable[str] | None, flags: int
) -> Callable[[str], bool]:
    """Whether a key is to be copied: not matched by `excludes`, unless `includes` matches it."""
    out, back = _compiled(excludes, flags), _compiled(includes, flags)

    def wanted(key: str) -> bool:
        return not any(p.search(key) for p in out) or any(p.search(key) for p in back)

    return wanted


def _compiled(given: str | Iterable[str] | None, flags: int) -> list[re.Pattern[str]]:
    if given is None:
        return []
    patterns = [given] if isinstance(given, str) else list(given)
    try:
        return [re.compile(pattern, flags) for pattern in patterns]
    except re.error as exc:
        raise ValueError(f"one of {patterns} is no regular expression: {exc}") from exc
