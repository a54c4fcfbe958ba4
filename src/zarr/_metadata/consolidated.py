"""Consolidated metadata as documents: the documents of everything below a group, copied into one document of that group.

It is a copy for readers that saves one request per node. Format 3 keeps it in the member `consolidated_metadata` of
the group's `zarr.json`, path to document; format 2 in a document of its own, `.zmetadata`, key to document. Here both are
one `Tree`, path to node, which all handles of a group and of what is below it look at, each from its place (`Nodes`).
Nodes are parsed when they are asked for: opening a group of a thousand arrays does not parse a thousand documents, and
one that cannot be read does not hide the others.

What other writers get wrong and is mended on the way in: paths with a leading slash, and groups that are missing
between a node and the top.

This module knows documents and paths. What a node is it leaves to `zarr._metadata.group`, where groups hold copies and
copies hold groups.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from zarr._metadata.fields import as_members, require, strict_fill_value
from zarr._support.document_errors import beside, invalid, located


class Stated(Protocol):
    """What has a document."""

    def stored_members(self) -> dict[str, Any]:
        """The document; not to be changed."""


Node = TypeVar("Node", bound=Stated)
Document: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[Document, "str | None"], Node]
V2_DOCUMENTS = (".zarray", ".zgroup", ".zattrs")
GROUP_V3: Document = {"attributes": {}, "zarr_format": 3, "node_type": "group"}
GROUP_V2: Document = {".zgroup": {"zarr_format": 2}}


class Tree(Generic[Node]):
    """Nodes by path, each parsed when it is first asked for, and the names of the children of each.

    Handles share one and change it, from any thread. Every step leaves it whole: a node is entered before its parent names
    it, and is named no more before it goes. So it needs no lock, and whoever reads meanwhile finds a node or finds it gone.

    Parameters
    ----------
    entries
        Documents, or nodes, by path. Not to be changed afterwards by anybody else.
    read
        Parses a document: receives it, and the name to use for it in error texts.
    where
        Key of the document that all these come from, if they come from one.
    stand_in
        Document of a group that is missing above a node, if such are to be put in.
    """

    __slots__ = ("_children", "_parsed", "_source", "_stand_in", "entries", "read", "where")

    def __init__(
        self,
        entries: dict[str, Document | Node],
        read: Reader[Node] | None = None,
        where: str | None = None,
        stand_in: Document | None = None,
    ) -> None:
        self.entries, self.read, self.where, self._stand_in = entries, read, where, stand_in
        self._source = f" (consolidated in {where or 'a group'})"
        self._parsed: dict[str, tuple[Document, Node]] = {}
        self._children: dict[str, dict[str, None]] = {}
        for path in list(entries):
            self._enter(path)

    def _enter(self, path: str) -> None:
        """Let the parent of a node name it, and so on up to the top."""
        children = self._children
        while path:
            above, _, name = path.rpartition("/")
            if above not in children:
                children[above] = {}
                if above and above not in self.entries and self._stand_in is not None:
                    self.entries[above] = self._stand_in
            elif name in children[above]:
                return
            children[above][name] = None
            path = above

    def node(self, path: str) -> Node:
        """The node at a path; KeyError if there is none. Raises what parsing its document raises."""
        return self.parsed(path, self.entries[path])

    def parsed(self, path: str, entry: Document | Node) -> Node:
        """A node, given what was found at its path."""
        if not isinstance(entry, dict) or self.read is None:
            return entry  # type: ignore[return-value]  # what is no document is a node
        known = self._parsed.get(path)
        if known is None or known[0] is not entry:
            place = beside(self.where or "", path + self._source)
            known = self._parsed[path] = (entry, self.read(entry, place))
        return known[1]

    def document(self, path: str) -> Document:
        """The document of a node, without parsing one that nobody has asked for. Not to be changed."""
        entry = self.entries[path]
        return entry if isinstance(entry, dict) else entry.stored_members()

    def below(self, prefix: str, max_depth: int | None = None) -> list[str]:
        """Paths of the nodes below a path, each before what is below it, siblings by name; `max_depth` 0 for children only."""
        found: list[str] = []
        levels = [iter((prefix,))]
        while levels:
            for path in levels[-1]:
                if path != prefix and path in self.entries:
                    found.append(path)
                if path not in self._children or (max_depth is not None and len(levels) > max_depth + 1):
                    continue
                named = self._named(path)
                if self._children.keys().isdisjoint(named):  # the lowest level, where most nodes are
                    found += filter(self.entries.__contains__, named)
                else:
                    levels.append(iter(named))
                    break
            else:
                levels.pop()
        return found

    def _named(self, path: str) -> list[str]:
        """Paths of the children of a node, by name."""
        names = sorted(self._children.get(path, ()))
        return [f"{path}/{name}" for name in names] if path else names

    def count(self, path: str) -> int:
        """Number of children."""
        return len(self._children.get(path, ()))

    def put(self, path: str, node: Node) -> None:
        """Enter a node, in place of what is told of it."""
        self.entries[path] = node
        self._enter(path)

    def remove(self, path: str) -> None:
        """Take out what is at a path, with everything below it; the empty path empties the tree."""
        gone = [*self.below(path), *([path] if path else [])]
        above, _, name = path.rpartition("/")
        if path:
            self._children.get(above, {}).pop(name, None)
        for each in gone if path else [*gone, ""]:
            self._children.pop(each, None)
            self.entries.pop(each, None)
            self._parsed.pop(each, None)


class Nodes(Mapping[str, Node], Generic[Node]):
    """What a tree has below one place, by paths relative to it: a mapping that shows what becomes of the tree."""

    __slots__ = ("_start", "prefix", "tree")

    def __init__(self, tree: Tree[Node], prefix: str = "") -> None:
        self.tree, self.prefix = tree, prefix
        self._start = f"{prefix}/" if prefix else ""

    @classmethod
    def of(cls, nodes: Mapping[str, Node]) -> Nodes[Node]:
        """Nodes by path, as such a mapping; itself, if it is one."""
        return nodes if isinstance(nodes, Nodes) else cls(Tree(dict(nodes)))

    def __getitem__(self, path: str) -> Node:
        return self.tree.node(self._start + path)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and bool(path) and self._start + path in self.tree.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths())

    def __len__(self) -> int:
        return len(self.tree.below(self.prefix))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {list(self)!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        entries = {path: self.tree.entries[path] for path in self.tree.below(self.prefix)}
        return _rebuild, (entries, self.tree.read, self.tree.where, self.prefix)

    def paths(self, max_depth: int | None = None) -> list[str]:
        """Relative paths, each before what is below it, siblings by name; `max_depth` 0 for the children only."""
        skip = len(self._start)
        found = self.tree.below(self.prefix, max_depth)
        return [path[skip:] for path in found] if skip else found

    def count(self) -> int:
        """Number of children."""
        return self.tree.count(self.prefix)

    def document(self, path: str) -> Document:
        """The document of a node. Not to be changed."""
        return self.tree.document(self._start + path)

    @property
    def where(self) -> str | None:
        """Key of the document that all these come from, if they come from one."""
        return self.tree.where

    def entry(self, path: str) -> Document | Node | None:
        """What the tree has at a path, parsed or not."""
        return self.tree.entries.get(self._start + path)

    def under(self, path: str) -> Nodes[Node]:
        """The same tree, seen from a place below."""
        return Nodes(self.tree, self._start + path)


def _rebuild(
    entries: dict[str, Document | Node], read: Reader[Node] | None, where: str | None, prefix: str
) -> Nodes[Node]:
    return Nodes(Tree(entries, read, where), prefix)


# -- reading ----------------------------------------------------------------------------------------------------


def read_member(data: object, where: str | None, read: Reader[Node]) -> Nodes[Node]:
    """The nodes of the member `consolidated_metadata` of a format 3 group.

    Parameters
    ----------
    data
        The member's value. Kept, and not to be changed afterwards.
    where
        Key of the group's document, for error texts.
    read
        Parses one document.
    """
    return Nodes(Tree(dict(_member_documents(data)), read, where, GROUP_V3))


def read_joined(data: object, where: str | None, read: Reader[Node]) -> Nodes[Node]:
    """The nodes of what `member` makes of those of format 2. As `read_member`; `read` gets a node's documents by name."""
    nodes = {path: _separated(document) for path, document in _member_documents(data).items()}
    return Nodes(Tree(dict(nodes), read, where, GROUP_V2))


def _member_documents(data: object) -> dict[str, Document]:
    if not isinstance(data, Mapping):
        raise invalid("consolidated_metadata", "an object or null", data)
    if data.get("kind") != "inline":
        raise invalid("consolidated_metadata.kind", "'inline'", data.get("kind"))
    documents = _check_documents(data.get("metadata"), "consolidated_metadata.metadata")
    return {node: document for key, document in documents if (node := _clean(key))}


def read_zmetadata(document: Mapping[str, Any], where: str | None, read: Reader[Node]) -> Nodes[Node]:
    """The nodes of the document `.zmetadata`. As `read_joined`."""
    with located(where):
        require(document, ["zarr_consolidated_format", "metadata"])
        version = document["zarr_consolidated_format"]
        if type(version) is not int or version != 1:
            raise invalid("zarr_consolidated_format", "the integer 1", version)
        nodes: dict[str, Document] = {}
        for key, entry in _check_documents(document["metadata"], "metadata"):
            path, _, name = key.rpartition("/")
            if name in V2_DOCUMENTS and (path := _clean(path)):
                nodes.setdefault(path, {})[name] = entry
    found = {path: named for path, named in nodes.items() if named.keys() & {".zarray", ".zgroup"}}
    return Nodes(Tree(dict(found), read, where, GROUP_V2))


def _separated(members: Document) -> Document:
    """The documents of a format 2 node by name, out of one as `_joined` makes it."""
    apart = ("attributes", "node_type", "consolidated_metadata")
    node = {name: value for name, value in members.items() if name not in apart}
    return {(".zarray" if "shape" in node else ".zgroup"): node, ".zattrs": members.get("attributes", {})}


def _check_documents(data: object, field_name: str) -> Iterable[tuple[str, Document]]:
    if not isinstance(data, Mapping):
        raise invalid(field_name, "an object", data)
    for key, document in data.items():
        if not isinstance(document, dict):
            raise invalid(f"{field_name}[{key!r}]", "an object", document)
    return data.items()


def _clean(key: str) -> str:
    """Path relative to the group; empty for the group itself.

    >>> _clean("/a//b/")
    'a/b'
    """
    segments = [segment for segment in key.split("/") if segment]
    if any(segment in (".", "..") for segment in segments):
        raise invalid("consolidated_metadata.metadata", "paths below the group", key)
    return "/".join(segments)


# -- writing ----------------------------------------------------------------------------------------------------


def member(nodes: Mapping[str, Stated]) -> Document:
    """The member that format 3 stores, of nodes by path. Each child group carries an empty one, as other readers expect."""
    documents = {path: _entry(_document(nodes, path)) for path in ordered(nodes)}
    return {**_empty_member(), "metadata": documents}


def copy_of_member(nodes: Mapping[str, Stated]) -> Document:
    """As `member`, as a copy for whoever asks a node what it says."""
    made = member(nodes)
    return {**made, "metadata": {path: as_members(document) for path, document in made["metadata"].items()}}


def _empty_member() -> Document:
    return {"kind": "inline", "must_understand": False, "metadata": {}}


def _entry(document: Document) -> Document:
    """A node as the member tells of it."""
    joined = _joined(document)
    return {**joined, "consolidated_metadata": _empty_member()} if joined.get("node_type") == "group" else joined


def zmetadata(nodes: Mapping[str, Stated], root: Mapping[str, Document]) -> Document:
    """The document `.zmetadata`: `.zarray` or `.zgroup`, and `.zattrs`, of every node.

    Parameters
    ----------
    nodes
        Nodes of format 2 by path.
    root
        `.zgroup` and `.zattrs` of the group itself.
    """
    entries = dict(root)
    for path in ordered(nodes):
        for name, document in _documents_v2(_document(nodes, path)).items():
            entries[f"{path}/{name}"] = document
    return {"zarr_consolidated_format": 1, "metadata": entries}


def _document(nodes: Mapping[str, Stated], path: str) -> Document:
    """The document of a node, without parsing one that nobody has asked for. Not to be changed."""
    return nodes.document(path) if isinstance(nodes, Nodes) else nodes[path].stored_members()


def _joined(document: Document) -> Document:
    """A node as one document of its own: those of format 2 with the attributes as a member."""
    if "zarr_format" not in document:
        node = document.get(".zarray") or document[".zgroup"]
        document = {**node, "attributes": document.get(".zattrs", {})}
    is_group_v2 = document.get("zarr_format") == 2 and "shape" not in document
    return {**document, "node_type": "group"} if is_group_v2 else dict(document)


def _documents_v2(document: Document) -> dict[str, Document]:
    """The documents of a format 2 node by name, given so, or as one with the attributes as a member."""
    if "zarr_format" in document:
        node = {name: value for name, value in document.items() if name != "attributes"}
        array, attributes = (node if "shape" in node else None), document.get("attributes", {})
    else:
        array, attributes = document.get(".zarray"), document.get(".zattrs", {})
    if array is None:
        return {".zattrs": attributes, ".zgroup": {"zarr_format": 2}}
    return {".zarray": array, ".zattrs": attributes}


def ordered(paths: Iterable[str]) -> list[str]:
    """Paths as zarr-python stores them: parents first, then by name without regard to case."""
    return sorted(paths, key=_place)


def _place(path: str) -> tuple[int, str, str]:
    return path.count("/"), unicodedata.normalize("NFKC", path).casefold(), path


# -- changing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a copy that is stored.

    Attributes
    ----------
    gone
        Paths of nodes that are told of no longer, nor is anything below them.
    nodes
        By path, nodes that are told of as they are here. The empty path is the group itself.
    known_only
        Leave alone a node that is not told of.
    """

    gone: Collection[str] = ()
    nodes: Mapping[str, Stated] = field(default_factory=dict)
    known_only: bool = False

    def __bool__(self) -> bool:
        return bool(self.gone or self.nodes)

    @property
    def reaches_below(self) -> bool:
        """Whether it concerns more than the group itself."""
        return bool(self.gone) or any(self.nodes)

    def seen_from(self, path: str) -> Change:
        """The part that concerns what is below a group, and the group itself, by paths relative to it."""
        if not path:
            return self
        start = f"{path}/"
        gone = {each[len(start) :] for each in self.gone if each.startswith(start)}
        nodes = {each[len(start) :]: node for each, node in self.nodes.items() if f"{each}/".startswith(start)}
        return Change(gone, nodes, self.known_only)

    def takes(self, path: str) -> bool:
        """Whether a node goes, for itself or with one above it."""
        while path:
            if path in self.gone:
                return True
            path = path.rpartition("/")[0]
        return "" in self.gone


def changed_member(document: Document, change: Change) -> Document | None:
    """The document of a format 3 group with its copy changed; None if it has no copy, or there is nothing to change."""
    copied = document.get("consolidated_metadata")
    if copied is None:
        return None
    before = _member_documents(copied)
    after = {path: entry for path, entry in before.items() if not change.takes(path)}
    for path, node in change.nodes.items():
        if path and (path in after or not change.known_only):
            after[path] = _entry(node.stored_members())
    if after == before:
        return None
    metadata = {path: _strict(after[path]) for path in ordered(after)}
    return {**document, "consolidated_metadata": {**copied, "metadata": metadata}}


def changed_zmetadata(document: Document, change: Change) -> Document | None:
    """As `changed_member`, for the document `.zmetadata`."""
    before = {_clean_key(key): entry for key, entry in _check_documents(document.get("metadata"), "metadata")}
    after = {key: entry for key, entry in before.items() if not change.takes(_path_of(key))}
    told = {_path_of(key) for key in after}
    for path, node in change.nodes.items():
        if path and path not in told and change.known_only:
            continue
        start = f"{path}/" if path else ""
        for name in V2_DOCUMENTS:
            after.pop(start + name, None)
        after.update({start + name: entry for name, entry in _documents_v2(node.stored_members()).items()})
    if after == before:
        return None
    metadata = {key: _strict(after[key]) for key in sorted(after, key=lambda key: (*_place(_path_of(key)), key))}
    return {**document, "metadata": metadata}


def _clean_key(key: str) -> str:
    path, _, name = key.rpartition("/")
    return f"{cleaned}/{name}" if (cleaned := _clean(path)) else name


def _path_of(key: str) -> str:
    return key.rpartition("/")[0]


def _strict(entry: Document) -> Document:
    """A document as JSON can say it, of a writer who was not strict about fill values."""
    return {**entry, "fill_value": strict_fill_value(entry["fill_value"])} if "fill_value" in entry else entry
