"""Consolidated metadata as documents: the documents of everything below a group, copied into one document of that group.

It is a snapshot for readers that saves one request per node. Format 3 keeps it in the member `consolidated_metadata` of
the group's `zarr.json`, path to document; format 2 in a document of its own, `.zmetadata`, key to document. Here both are
one flat mapping from path to node. Nodes are parsed when they are asked for: opening a group of a thousand arrays does
not parse a thousand documents, and one that cannot be read does not hide the others.

What other writers get wrong and is mended on the way in: paths with a leading slash, and groups that are missing
between a node and the top.

This module knows documents and paths. What a node is it leaves to `zarr._metadata.group`, where groups hold snapshots and
snapshots hold groups.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from zarr._metadata.fields import as_members, require
from zarr._support.document_errors import invalid, located


class Stated(Protocol):
    """What has a document."""

    def stored_members(self) -> dict[str, Any]: ...


Node = TypeVar("Node", bound=Stated)
Document: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[Document, "str | None"], Node]
V2_DOCUMENTS = (".zarray", ".zgroup", ".zattrs")
GROUP_V3: Document = {"attributes": {}, "zarr_format": 3, "node_type": "group"}
GROUP_V2: Document = {".zgroup": {"zarr_format": 2}}


class LazyNodes(Mapping[str, Node], Generic[Node]):
    """Nodes by path, each parsed when it is first asked for.

    Parameters
    ----------
    documents
        Documents by path. Not copied, and not to be changed afterwards.
    read
        Parses one: receives the document and the name to use for it in error texts.
    where
        Name of the document that all these come from, if known.
    """

    __slots__ = ("_documents", "_nodes", "_read", "_where")

    def __init__(self, documents: dict[str, Document], read: Reader[Node], where: str | None) -> None:
        self._documents, self._read, self._where = documents, read, where
        self._nodes: dict[str, Node] = {}

    def __getitem__(self, path: str) -> Node:
        if path not in self._nodes:
            place = f"{path} (consolidated in {self._where or 'a group'})"
            self._nodes[path] = self._read(self._documents[path], place)
        return self._nodes[path]

    def document(self, path: str) -> Document:
        """The document of a node as it was read. Not to be changed."""
        return self._documents[path]

    def __contains__(self, path: object) -> bool:
        return path in self._documents

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {list(self)!r}>"

    def under(self, paths: Mapping[str, str]) -> LazyNodes[Node]:
        """A view of some nodes under other paths: new path to path here."""
        documents = {new: self._documents[old] for new, old in paths.items()}
        return LazyNodes(documents, self._read, self._where)


# -- reading ----------------------------------------------------------------------------------------------------


def read_member(data: object, where: str | None, read: Reader[Node]) -> LazyNodes[Node]:
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
    return LazyNodes(_with_ancestors(_member_documents(data), GROUP_V3), read, where)


def read_joined(data: object, where: str | None, read: Reader[Node]) -> LazyNodes[Node]:
    """The nodes of what `member` makes of those of format 2. As `read_member`; `read` gets a node's documents by name."""
    nodes = {path: _separated(document) for path, document in _member_documents(data).items()}
    return LazyNodes(_with_ancestors(nodes, GROUP_V2), read, where)


def _member_documents(data: object) -> dict[str, Document]:
    if not isinstance(data, Mapping):
        raise invalid("consolidated_metadata", "an object or null", data)
    if data.get("kind") != "inline":
        raise invalid("consolidated_metadata.kind", "'inline'", data.get("kind"))
    documents = _check_documents(data.get("metadata"), "consolidated_metadata.metadata")
    return {node: document for key, document in documents if (node := _clean(key))}


def read_zmetadata(document: Mapping[str, Any], where: str | None, read: Reader[Node]) -> LazyNodes[Node]:
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
    return LazyNodes(_with_ancestors(found, GROUP_V2), read, where)


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


def _with_ancestors(documents: dict[str, Document], stand_in: Document) -> dict[str, Document]:
    """The documents with an empty group wherever one is missing above a node."""
    complete = dict(documents)
    for path in documents:
        while path := path.rpartition("/")[0]:
            complete.setdefault(path, stand_in)
    return complete


# -- writing ----------------------------------------------------------------------------------------------------


def member(nodes: Mapping[str, Stated]) -> Document:
    """The member that format 3 stores, of nodes by path. Each child group carries an empty one, as other readers expect."""
    empty: Document = {"kind": "inline", "must_understand": False, "metadata": {}}
    documents = {path: _joined(_document(nodes, path)) for path in ordered(nodes)}
    for document in documents.values():
        if document.get("node_type") == "group":
            document["consolidated_metadata"] = empty
    return {**empty, "metadata": documents}


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
        for name, document in _documents_v2(nodes, path).items():
            entries[f"{path}/{name}"] = document
    return {"zarr_consolidated_format": 1, "metadata": entries}


def _document(nodes: Mapping[str, Stated], path: str) -> Document:
    """The document of a node, without parsing one that nobody has asked for."""
    return as_members(nodes.document(path)) if isinstance(nodes, LazyNodes) else nodes[path].stored_members()


def _joined(document: Document) -> Document:
    """A node as one document of its own: those of format 2 with the attributes as a member."""
    if "zarr_format" not in document:
        node = document.get(".zarray") or document[".zgroup"]
        document = {**node, "attributes": document.get(".zattrs", {})}
    is_group_v2 = document.get("zarr_format") == 2 and "shape" not in document
    return {**document, "node_type": "group"} if is_group_v2 else dict(document)


def _documents_v2(nodes: Mapping[str, Stated], path: str) -> dict[str, Document]:
    """The documents of a format 2 node by name."""
    documents = _document(nodes, path)
    if isinstance(nodes, LazyNodes):
        attributes, array = documents.get(".zattrs", {}), documents.get(".zarray")
    else:
        attributes = documents.pop("attributes", {})
        array = documents if "shape" in documents else None
    if array is None:
        return {".zattrs": attributes, ".zgroup": {"zarr_format": 2}}
    return {".zarray": array, ".zattrs": attributes}


def ordered(paths: Iterable[str]) -> list[str]:
    """Paths as zarr-python stores them: parents first, then by name without regard to case."""
    return sorted(paths, key=lambda p: (p.count("/"), unicodedata.normalize("NFKC", p).casefold(), p))
