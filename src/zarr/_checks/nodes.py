"""The nodes of a hierarchy as they are checked: their documents, what lies between them, and copies of their metadata."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarr._checks.contents import Contents
from zarr._checks.findings import Finding, finding
from zarr._flow.copies import holdable
from zarr._flow.load import look
from zarr._flow.paths import join
from zarr._flow.requests import Fetch, Flow, Read, Together
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.formats import FORMATS, MAKERS
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import NOT_READ, UnreadableMetadata
from zarr._store.path import StorePath
from zarr._support.document_errors import DocumentKey
from zarr._support.signals import came_from_a_signal
from zarr.errors import (
    ContainsArrayAndGroupError,
    KeyBlockedError,
    MissingPackageError,
    UnknownCodecError,
    UnknownDataTypeError,
)

if TYPE_CHECKING:
    from zarr._dtype.base import ZarrFormat
    from zarr._metadata.group import ArrayMetadata, ConsolidatedMetadata, ListedMetadata, NodeMetadata

_UNSUPPORTED = (UnknownCodecError, UnknownDataTypeError, MissingPackageError, ImportError)
_SHOWN = 3


@dataclass(slots=True)
class Nodes:
    """What the documents say.

    Attributes
    ----------
    metadata
        By path, of every node that has a document, also of those that cannot be read.
    findings
        What is wrong with them.
    missing
        Places without a node that nodes lie below.
    stale
        Groups whose consolidated metadata are out of date, with the format of these.
    """

    metadata: dict[str, ListedMetadata] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    stale: dict[str, ZarrFormat] = field(default_factory=dict)

    @property
    def arrays(self) -> dict[str, ArrayMetadata]:
        """Those that are arrays and can be read."""
        return {
            path: node for path, node in self.metadata.items() if isinstance(node, ArrayV2Metadata | ArrayV3Metadata)
        }

    @property
    def n_groups(self) -> int:
        return sum(isinstance(node, GroupMetadata) for node in self.metadata.values())

    def is_array(self, path: str) -> bool:
        """Whether there is an array, as far as is known."""
        node = self.metadata.get(path)
        if isinstance(node, UnreadableMetadata):
            return node.node_type == "array"
        return node is not None and not isinstance(node, GroupMetadata)


def nodes_of(at: StorePath, contents: Contents) -> Flow[Nodes]:
    """Read the documents of every node at and below a place, and compare them with each other."""
    found = Nodes()
    yield from _read_all(at, contents.nodes(), found)
    _find_between(at, contents, found)
    for path, node in list(found.metadata.items()):
        if isinstance(node, GroupMetadata):
            yield from _check_copies(at, contents, found, path)
    return found


def _read_all(at: StorePath, paths: Iterable[str], found: Nodes) -> Flow[None]:
    paths = list(paths)
    looked = yield Together(_look(StorePath(at.store, path)) for path in paths)
    for path, seen in zip(paths, looked, strict=True):
        if isinstance(seen, KeyBlockedError):
            found.findings.append(finding("blocked", path, str(seen), key=seen.key or join(path, "")))
        elif seen is not None:
            found.metadata[path] = seen
            if isinstance(seen, UnreadableMetadata):
                found.findings.append(_of_unreadable(path, seen))


def _look(at: StorePath) -> Flow[ListedMetadata | KeyBlockedError | None]:
    try:
        return (yield from look(at))
    except KeyBlockedError as exc:
        return exc


def _of_unreadable(path: str, node: UnreadableMetadata) -> Finding:
    kind = "unsupported" if isinstance(node.error, _UNSUPPORTED) else "damaged-metadata"
    if isinstance(node.error, ContainsArrayAndGroupError):
        return finding("conflicting-documents", path, "there are documents of an array and of a group")
    layout = FORMATS[node.zarr_format]
    name = layout.array if node.node_type == "array" else layout.group
    return finding(kind, path, str(node.error), key=join(path, name))


# -- between nodes ----------------------------------------------------------------------------------------------


def _find_between(at: StorePath, contents: Contents, found: Nodes) -> None:
    missing: dict[str, None] = {}
    for path in contents.nodes():
        if contents.has_two_formats(path):
            found.findings.append(finding("two-formats", path, "there are documents of format 2 and of format 3"))
        above = _places_above(at.path, path)
        array = next((each for each in above if found.is_array(each)), None)
        if array is not None:
            found.findings.append(
                finding("below-array", path, f"the node lies below the array {'/' + array!r}", key=path)
            )
            continue
        missing.update(dict.fromkeys(each for each in above if not contents.documents.get(each, set()) & MAKERS))
    for path in sorted(missing, key=lambda path: path.split("/")):
        found.missing.append(path)
        found.findings.append(finding("missing-parent", path, "nodes lie below it, and it is none"))
    for path, names in sorted(contents.documents.items()):
        if not names & MAKERS:
            for name in sorted(names):
                found.findings.append(
                    finding("orphan", path, f"there is a {name!r} without a node that it is of", key=join(path, name))
                )


def _places_above(top: str, path: str) -> list[str]:
    """The places above a path, from the top down to the one just above it.

    >>> _places_above("", "a/b"), _places_above("a", "a/b/c"), _places_above("a", "a")
    (['', 'a'], ['a', 'a/b'], [])
    """
    above = []
    while path != top:
        path = path.rpartition("/")[0]
        above.append(path)
    return above[::-1]


# -- copies of metadata -----------------------------------------------------------------------------------------


def _check_copies(at: StorePath, contents: Contents, found: Nodes, path: str) -> Flow[None]:
    """Compare the consolidated metadata of a group with what they tell of."""
    for layout in FORMATS.values():
        name = layout.consolidated
        names = contents.documents[path]
        if name not in names or names.isdisjoint(layout.makers):
            continue
        key = join(path, name)
        (stored,) = yield Fetch(at.store, (Read(key),))
        if stored is None:
            continue
        raw = stored.without_version().to_bytes()
        try:
            snapshot = layout.parse_consolidated(raw, DocumentKey(key, at.store))
            if snapshot is None:
                continue
            below = yield from _stored_below(at, contents, found, path, layout.zarr_format)
            held, _ = holdable(below, layout.zarr_format)
            unsupported = {
                each
                for each, node in below
                if isinstance(node, UnreadableMetadata) and isinstance(node.error, _UNSUPPORTED)
            }
            difference = _difference(snapshot, held, unsupported)
            lost = _only_told(contents, path, snapshot.metadata.keys() - held.keys())
        except NOT_READ as exc:
            if came_from_a_signal(exc):
                raise
            difference, lost = f"they cannot be read: {exc}", []
        if difference and lost:
            difference += f"; of {', '.join(map(repr, lost[:_SHOWN]))} they are all that is left, so they stay"
        elif difference:
            found.stale[path] = layout.zarr_format
        if difference:
            found.findings.append(finding("stale-consolidated", path, difference, key=key))


def _stored_below(
    at: StorePath, contents: Contents, found: Nodes, path: str, zarr_format: int
) -> Flow[list[tuple[str, ListedMetadata]]]:
    """The nodes below a group, by path relative to it, as who consolidates in a format finds them."""
    start = join(path, "")
    below: list[tuple[str, ListedMetadata]] = []
    outside = "\0"
    for each, node in found.metadata.items():
        if not each.startswith(start) or each == path or each.startswith(outside):
            continue
        if contents.has_two_formats(each):
            preferred = yield from look(StorePath(at.store, each), prefer=zarr_format)
            node = node if preferred is None else preferred
        if any(not contents.documents.get(above, set()) & MAKERS for above in _places_above(path, each)):
            continue  # nobody finds it
        below.append((each[len(start) :], node))
        if found.is_array(each):
            outside = f"{each}/"
    return sorted(below, key=lambda item: item[0].split("/"))


def _difference(snapshot: ConsolidatedMetadata, held: Mapping[str, NodeMetadata], unsupported: Collection[str]) -> str:
    """How a copy differs from what is stored, in words; empty if it does not. Of nodes that are not supported nobody knows."""
    told = set(snapshot.metadata).difference(unsupported)
    unknown, gone = sorted(held.keys() - told), sorted(told - held.keys())
    changed = sorted(path for path in told & held.keys() if _alone(snapshot.metadata[path]) != _alone(held[path]))
    parts = [
        f"{what}: {', '.join(map(repr, paths[:_SHOWN]))}{f' and {len(paths) - _SHOWN} more' if len(paths) > _SHOWN else ''}"
        for paths, what in ((unknown, "not told of"), (gone, "not there"), (changed, "changed since"))
        if paths
    ]
    return f"they differ from what is stored ({'; '.join(parts)})" if parts else ""


def _only_told(contents: Contents, path: str, gone: Iterable[str]) -> list[str]:
    """Those of some nodes below a group, of which a copy tells and no document does, that have left something."""
    starts = tuple(join(path, each) + "/" for each in gone)
    keys = [*contents.others, *(join(each, "") for each in contents.documents)] if starts else []
    left = {key for key in keys if key.startswith(starts)}
    return sorted(start[len(join(path, "")) : -1] for start in starts if any(key.startswith(start) for key in left))


def _alone(node: NodeMetadata) -> NodeMetadata:
    return node.with_consolidated(None) if isinstance(node, GroupMetadata) else node


def format_for(nodes: Nodes, path: str) -> ZarrFormat:
    """The format that a group at a path should have: that of the first node below it."""
    start = join(path, "")
    below = (node for each, node in nodes.metadata.items() if each.startswith(start))
    first = next(below, None)
    return 3 if first is None else first.zarr_format
