"""Consolidated metadata: the documents of everything below a group, copied into one document of that group.

It is a snapshot for readers that saves one request per node. Format 3 keeps it in the member `consolidated_metadata` of
the group's `zarr.json`, path to document; format 2 in a document of its own, `.zmetadata`, key to document. Here both are
one flat mapping from path to node. Nodes are parsed when they are asked for: opening a group of a thousand arrays does
not parse a thousand documents, and one that cannot be read does not hide the others.

What other writers get wrong and is mended on the way in: paths with a leading slash, and groups that are missing
between a node and the top.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from zarr._metadata import group  # which imports this module: groups hold snapshots, snapshots hold groups
from zarr._metadata.fields import as_members, require
from zarr._support.document_errors import invalid, located

if TYPE_CHECKING:
    from typing import Self

    from zarr._dtype.base import ZarrFormat
    from zarr._metadata.group import GroupMetadata
    from zarr._metadata.v2 import ArrayV2Metadata
    from zarr._metadata.v3 import ArrayV3Metadata

    NodeMetadata: TypeAlias = ArrayV3Metadata | ArrayV2Metadata | GroupMetadata

Document: TypeAlias = dict[str, Any]
Reader: TypeAlias = "Callable[[Document, str | None], NodeMetadata]"
V2_DOCUMENTS = (".zarray", ".zgroup", ".zattrs")
GROUP_V3: Document = {"attributes": {}, "zarr_format": 3, "node_type": "group"}
GROUP_V2: Document = {".zgroup": {"zarr_format": 2}}


class LazyNodes(Mapping[str, "NodeMetadata"]):
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

    def __init__(self, documents: dict[str, Document], read: Reader, where: str | None) -> None:
        self._documents, self._read, self._where = documents, read, where
        self._nodes: dict[str, NodeMetadata] = {}

    def __getitem__(self, path: str) -> NodeMetadata:
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

    def under(self, paths: Mapping[str, str]) -> LazyNodes:
        """A view of some nodes under other paths: new path to path here."""
        documents = {new: self._documents[old] for new, old in paths.items()}
        return LazyNodes(documents, self._read, self._where)


@dataclass(frozen=True, slots=True)
class ConsolidatedMetadata:
    """Metadata of the nodes below a group.

    Parameters
    ----------
    metadata
        Nodes of one format by path relative to the group, at every depth.
    kind, must_understand
        As format 3 stores them.

    Examples
    --------
    >>> ConsolidatedMetadata({}).to_dict()
    {'kind': 'inline', 'must_understand': False, 'metadata': {}}
    """

    metadata: Mapping[str, NodeMetadata] = field(default_factory=dict)
    kind: Literal["inline"] = "inline"
    must_understand: Literal[False] = False

    def __post_init__(self) -> None:
        if self.kind != "inline":
            raise invalid("consolidated_metadata.kind", "'inline'", self.kind)

    @property
    def flattened_metadata(self) -> Mapping[str, NodeMetadata]:
        """Nodes by path: `metadata`, which is flat already."""
        return self.metadata

    # -- reading ------------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: object, *, path: str | None = None, zarr_format: ZarrFormat = 3) -> Self:
        """Parse the member `consolidated_metadata` of a format 3 group, or what `to_dict` gives for either format.

        Parameters
        ----------
        data
            The member's value. Kept, and not to be changed afterwards.
        path
            Key of the group's document, for error texts.
        zarr_format
            Format of the group and of the nodes.

        Raises
        ------
        MetadataValidationError
            If it is of another kind, or its entries are no documents of nodes below the group.
        """
        if not isinstance(data, Mapping):
            raise invalid("consolidated_metadata", "an object or null", data)
        if data.get("kind") != "inline":
            raise invalid("consolidated_metadata.kind", "'inline'", data.get("kind"))
        documents = _check_documents(data.get("metadata"), "consolidated_metadata.metadata")
        nodes = {node: document for key, document in documents if (node := _clean(key))}
        if zarr_format == 2:
            nodes = {node: _separated(document) for node, document in nodes.items()}
            return cls(LazyNodes(_with_ancestors(nodes, GROUP_V2), group.read_node_v2, path))
        return cls(LazyNodes(_with_ancestors(nodes, GROUP_V3), _read_v3, path))

    @classmethod
    def from_v2(cls, document: Mapping[str, Any], where: str | None = None) -> Self:
        """Parse `.zmetadata`.

        Parameters
        ----------
        document
            The parsed JSON. Kept, and not to be changed afterwards.
        where
            Key of the document, for error texts.

        Raises
        ------
        MetadataValidationError
            If it is of another version, or its entries are no documents of nodes below the group.
        """
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
        return cls(LazyNodes(_with_ancestors(found, GROUP_V2), group.read_node_v2, where))

    # -- writing ------------------------------------------------------------------------------------------------

    def to_dict(self) -> Document:
        """The member that format 3 stores, as a copy of its own.

        Each child group carries an empty one, as other readers expect.
        """
        return deepcopy(self._assemble())

    def _assemble(self) -> Document:
        empty: Document = {"kind": "inline", "must_understand": False, "metadata": {}}
        documents = {path: _joined(_document(self.metadata, path)) for path in _ordered(self.metadata)}
        for document in documents.values():
            if document.get("node_type") == "group":
                document["consolidated_metadata"] = empty
        return {**empty, "metadata": documents}

    def to_zmetadata(self, root: Mapping[str, Document]) -> Document:
        """The document `.zmetadata`: `.zarray` or `.zgroup`, and `.zattrs`, of every node.

        Parameters
        ----------
        root
            `.zgroup` and `.zattrs` of the group itself.
        """
        entries = dict(root)
        for path in _ordered(self.metadata):
            for name, document in _documents_v2(self.metadata, path).items():
                entries[f"{path}/{name}"] = document
        return {"zarr_consolidated_format": 1, "metadata": entries}

    # -- what it says -------------------------------------------------------------------------------------------

    def find(self, path: str) -> NodeMetadata | None:
        """The node at a path, None if there is none. A group comes with its own view of the snapshot."""
        node = self.metadata.get(path)
        return node.with_consolidated(self.under(path)) if isinstance(node, group.GroupMetadata) else node

    def flat(self, max_depth: int | None = None) -> Iterator[tuple[str, NodeMetadata]]:
        """Paths and nodes as `find` returns them, parents first.

        Parameters
        ----------
        max_depth
            0 for the group's children only; None for all.
        """
        for path in _ordered(self.metadata):
            if max_depth is not None and path.count("/") > max_depth:
                return
            if (node := self.find(path)) is not None:
                yield path, node

    def under(self, prefix: str) -> ConsolidatedMetadata:
        """The same snapshot seen from a group below: the nodes under it, by path relative to it.

        Examples
        --------
        >>> ConsolidatedMetadata({}).under("a")
        ConsolidatedMetadata(metadata={}, kind='inline', must_understand=False)
        """
        start = f"{prefix.strip('/')}/"
        if start == "/":
            return self
        paths = {path[len(start) :]: path for path in self.metadata if path.startswith(start)}
        if isinstance(self.metadata, LazyNodes):
            return ConsolidatedMetadata(self.metadata.under(paths))
        return ConsolidatedMetadata({new: self.metadata[old] for new, old in paths.items()})


def _document(nodes: Mapping[str, NodeMetadata], path: str) -> Document:
    """The document of a node, without parsing one that nobody has asked for."""
    return as_members(nodes.document(path)) if isinstance(nodes, LazyNodes) else nodes[path].stored_members()


def _joined(document: Document) -> Document:
    """A node as one document of its own: those of format 2 with the attributes as a member."""
    if "zarr_format" not in document:
        node = document.get(".zarray") or document[".zgroup"]
        document = {**node, "attributes": document.get(".zattrs", {})}
    is_group_v2 = document.get("zarr_format") == 2 and "shape" not in document
    return {**document, "node_type": "group"} if is_group_v2 else dict(document)


def _separated(members: Document) -> Document:
    """The documents of a format 2 node by name, out of one as `_joined` makes it."""
    apart = ("attributes", "node_type", "consolidated_metadata")
    node = {name: value for name, value in members.items() if name not in apart}
    return {(".zarray" if "shape" in node else ".zgroup"): node, ".zattrs": members.get("attributes", {})}


def _documents_v2(nodes: Mapping[str, NodeMetadata], path: str) -> dict[str, Document]:
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


def _read_v3(document: Document, where: str | None) -> NodeMetadata:
    """A node of a snapshot: its own snapshot, which other writers leave empty, is none."""
    own = {name: value for name, value in document.items() if name != "consolidated_metadata"}
    return group.read_node_v3(own, where)


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


def _ordered(paths: Iterable[str]) -> list[str]:
    """Paths as zarr-python stores them: parents first, then by name without regard to case."""
    return sorted(paths, key=lambda p: (p.count("/"), unicodedata.normalize("NFKC", p).casefold(), p))
