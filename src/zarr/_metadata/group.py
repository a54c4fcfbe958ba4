"""The group documents: `zarr.json` of format 3, and `.zgroup` with `.zattrs` of format 2.

A group says little: its format, its attributes, and perhaps a snapshot of everything below it. What was read from a
document is kept and written back in its own words, as for arrays. Groups hold snapshots and snapshots hold groups, so
both are here; what a snapshot looks like in documents is in `consolidated`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype
from zarr._dtype.base import ZarrFormat
from zarr._metadata import consolidated
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.consolidated import Document, Nodes
from zarr._metadata.fields import check_format, fill_members, parse_attributes, parse_extra_fields, require, twin_of
from zarr._metadata.parsed_before import read_array_v2, read_array_v3
from zarr._metadata.unreadable import NOT_READ, NodeType, UnreadableMetadata, node_type_of, node_type_of_v2
from zarr._support.document_errors import invalid, located
from zarr._support.json import dump, dump_attributes
from zarr._support.plain import copied
from zarr.errors import NodeTypeValidationError

if TYPE_CHECKING:
    from typing import Self

ArrayMetadata: TypeAlias = ArrayV2Metadata | ArrayV3Metadata
_KNOWN = frozenset({"zarr_format", "node_type", "attributes", "consolidated_metadata"})


@dataclass(frozen=True, slots=True, init=False, eq=False)
class GroupMetadata:
    """A group of either format.

    Parameters
    ----------
    attributes
        User attributes.
    zarr_format
        2 or 3.
    consolidated_metadata
        Snapshot of the nodes below, if there is one.
    extra_fields
        Members that format 3 does not know, each `{"must_understand": false, ...}`.

    Raises
    ------
    MetadataValidationError
        If a member is invalid.

    Examples
    --------
    >>> GroupMetadata({"a": 1}).to_dict()
    {'attributes': {'a': 1}, 'zarr_format': 3, 'node_type': 'group'}
    """

    attributes: dict[str, Any]
    zarr_format: ZarrFormat
    consolidated_metadata: ConsolidatedMetadata | None
    extra_fields: dict[str, Any]
    node_type: Literal["group"] = field(init=False)
    _document: dict[str, Any] | None = field(init=False, repr=False)

    def __init__(
        self,
        attributes: Mapping[str, Any] | None = None,
        zarr_format: ZarrFormat = 3,
        consolidated_metadata: ConsolidatedMetadata | None = None,
        extra_fields: Mapping[str, Any] | None = None,
    ) -> None:
        checked_format = _parse_zarr_format(zarr_format)
        if checked_format == 2 and extra_fields:
            raise invalid("extra_fields", "none in format 2", extra_fields)
        self._become(
            attributes=parse_attributes(attributes),
            zarr_format=checked_format,
            consolidated_metadata=consolidated_metadata,
            extra_fields=parse_extra_fields(extra_fields, _KNOWN),
            node_type="group",
            _document=None,
        )

    def _become(self, **members: Any) -> None:
        fill_members(self, members)

    # -- reading ------------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, path: str | None = None) -> Self:
        """Parse a document: `zarr.json`, or `.zgroup` with the attributes in a member `attributes`.

        Parameters
        ----------
        data
            The parsed JSON; `node_type` may be missing. Not changed, and copied.
        path
            Key of the document, for error texts.
        """
        document = copied(dict(data))
        if document.get("zarr_format") == 2:
            return cls._read_members_v2(document, path)
        return cls._read_v3({"node_type": "group", **document}, path)

    @classmethod
    def _read_v3(cls, document: dict[str, Any], where: str | None) -> Self:
        with located(where):
            require(document, ("zarr_format", "node_type"))
            check_format(document, 3)
            if document["node_type"] != "group":
                raise NodeTypeValidationError(
                    f"Invalid value for 'node_type'. Expected 'group'. Got {document['node_type']!r}."
                )
            member = document.get("consolidated_metadata")
            snapshot = None
            if member is not None:
                snapshot = ConsolidatedMetadata.from_dict(member, path=where)
            self = cls.__new__(cls)
            self._become(
                attributes=parse_attributes(document.get("attributes")),
                zarr_format=3,
                consolidated_metadata=snapshot,
                extra_fields=parse_extra_fields(_others(document), _KNOWN),
                node_type="group",
                _document=document,
            )
            return self

    @classmethod
    def _read_v2(
        cls,
        document: dict[str, Any],
        attributes: object,
        where: str | None,
        consolidated_metadata: ConsolidatedMetadata | None = None,
    ) -> Self:
        with located(where):
            check_format(document, 2)
            self = cls.__new__(cls)
            # Other writers add this member to the groups inside `.zmetadata`; the format forbids it.
            document.pop("consolidated_metadata", None)
            self._become(
                attributes=parse_attributes(attributes),
                zarr_format=2,
                consolidated_metadata=consolidated_metadata,
                extra_fields={},
                node_type="group",
                _document=document,
            )
            return self

    @classmethod
    def _read_members_v2(cls, members: dict[str, Any], where: str | None) -> Self:
        """What `to_dict` gives in format 2: `.zgroup` and members that are stored elsewhere, or not at all."""
        with located(where):
            if members.pop("node_type", "group") != "group":
                raise NodeTypeValidationError("Invalid value for 'node_type'. Expected 'group'.")
            attributes, stored = members.pop("attributes", None), members.pop("consolidated_metadata", None)
            snapshot = None
            if stored is not None:
                snapshot = ConsolidatedMetadata.from_dict(stored, path=where, zarr_format=2)
            return cls._read_v2(members, attributes, None, snapshot)

    # -- writing ------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The document, as a copy of its own.

        In format 2, `.zgroup` with members for what is stored elsewhere, `attributes` and `consolidated_metadata`, and
        the `node_type` of format 3.
        """
        members = self._assemble_v2() | {"node_type": self.node_type} if self.zarr_format == 2 else self._assemble_v3()
        members.pop("consolidated_metadata", None)
        made = copied(members)
        if self.consolidated_metadata is not None:
            made["consolidated_metadata"] = self.consolidated_metadata.to_dict()
        return made

    def stored_members(self) -> dict[str, Any]:
        """The document in its own words; in format 2, with the attributes in a member `attributes`. Not to be changed."""
        return self._assemble_v3() if self.zarr_format == 3 else self._assemble_v2()

    def to_buffer_dict(self, prototype: BufferPrototype | None = None, *, indent: int | None = 2) -> dict[str, Buffer]:
        """The bytes of the documents under their keys, relative to the node.

        Raises
        ------
        MetadataValidationError
            If the attributes hold what JSON cannot say.
        """
        buffer = (prototype or CPU_PROTOTYPE).buffer
        if self.zarr_format == 3:
            return {"zarr.json": buffer.from_bytes(dump(self._assemble_v3(), indent, "zarr.json"))}
        zgroup = self._assemble_v2()
        zattrs = zgroup.pop("attributes")
        documents = {
            ".zgroup": buffer.from_bytes(dump(zgroup, indent, ".zgroup")),
            ".zattrs": buffer.from_bytes(dump_attributes(zattrs, indent)),
        }
        if self.consolidated_metadata is not None:
            root = {".zattrs": zattrs, ".zgroup": {"zarr_format": 2}}
            zmetadata = self.consolidated_metadata.to_zmetadata(root)
            documents[".zmetadata"] = buffer.from_bytes(dump(zmetadata, None, ".zmetadata"))
        return documents

    def _assemble_v3(self) -> dict[str, Any]:
        document: dict[str, Any] = dict(self._document or {})
        if self._document is None or self.attributes or "attributes" in document:
            document["attributes"] = self.attributes
        document.setdefault("zarr_format", 3)
        if self.consolidated_metadata is None:
            document.pop("consolidated_metadata", None)
        else:
            document["consolidated_metadata"] = self.consolidated_metadata._assemble()
        document.setdefault("node_type", "group")
        return {**document, **self.extra_fields}

    def _assemble_v2(self) -> dict[str, Any]:
        document = self._document or {"zarr_format": 2}
        return {**document, "attributes": self.attributes}

    def with_attributes(self, attributes: Mapping[str, Any]) -> Self:
        """The same group with these attributes in place of its own."""
        return twin_of(self, attributes=parse_attributes(attributes))

    def with_consolidated(self, consolidated_metadata: ConsolidatedMetadata | None) -> Self:
        """The same group with this snapshot, or with none."""
        return twin_of(self, consolidated_metadata=consolidated_metadata)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, in whatever words."""
        return isinstance(other, GroupMetadata) and self._said() == other._said()

    def _said(self) -> tuple[Any, ...]:
        snapshot = self.consolidated_metadata
        nodes = None if snapshot is None else snapshot.to_dict()
        return self.attributes, self.zarr_format, nodes, self.extra_fields

    def __hash__(self) -> int:
        return hash((GroupMetadata, self.zarr_format))


def _parse_zarr_format(found: object) -> ZarrFormat:
    if type(found) is int and found in (2, 3):
        return 2 if found == 2 else 3
    raise invalid("zarr_format", "2 or 3", found)


NodeMetadata: TypeAlias = ArrayMetadata | GroupMetadata
ListedMetadata: TypeAlias = NodeMetadata | UnreadableMetadata
"""What a group tells of its members."""


@dataclass(frozen=True, slots=True)
class ConsolidatedMetadata:
    """Metadata of the nodes below a group.

    Parameters
    ----------
    metadata
        Nodes of one format by path relative to the group, at every depth. Or only its children, as zarr-python has them:
        then the snapshots of these have the others, and are taken apart.
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
        if not isinstance(self.metadata, Nodes) and _is_nested(self.metadata):
            object.__setattr__(self, "metadata", _flat(self.metadata))

    @property
    def flattened_metadata(self) -> Mapping[str, NodeMetadata]:
        """Nodes by path: `metadata`, which is flat already."""
        return self.metadata

    @staticmethod
    def _flat_to_nested(metadata: dict[str, NodeMetadata]) -> None:
        """Move nodes by path, in place, into snapshots of the groups that they are in, one level each: zarr-python's form."""
        for path in sorted(metadata, key=lambda path: -path.count("/")):
            above, _, name = path.rpartition("/")
            if not above:
                continue
            group = metadata.get(above)
            if not isinstance(group, GroupMetadata):
                raise KeyError(f"there is no group {above!r} for the node {path!r}")
            inside = {**_below(group), name: metadata.pop(path)}
            metadata[above] = group.with_consolidated(ConsolidatedMetadata(_flat(inside)))

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
        if zarr_format == 2:
            return cls(consolidated.read_joined(data, path, read_node_v2))
        return cls(consolidated.read_member(data, path, _read_member_v3))

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
        return cls(consolidated.read_zmetadata(document, where, read_node_v2))

    # -- writing ------------------------------------------------------------------------------------------------

    def to_dict(self) -> Document:
        """The member that format 3 stores, as a copy of its own.

        Each child group carries an empty one, as other readers expect.
        """
        return consolidated.copy_of_member(self.metadata)

    def _assemble(self) -> Document:
        return consolidated.member(self.metadata)

    def to_zmetadata(self, root: Mapping[str, Document]) -> Document:
        """The document `.zmetadata`: `.zarray` or `.zgroup`, and `.zattrs`, of every node.

        Parameters
        ----------
        root
            `.zgroup` and `.zattrs` of the group itself.
        """
        return consolidated.zmetadata(self.metadata, root)

    # -- what it says -------------------------------------------------------------------------------------------

    def find(self, path: str) -> NodeMetadata | None:
        """The node at a path, None if there is none. A group comes with its own view of the snapshot."""
        node = self.metadata.get(path)
        return node.with_consolidated(self.under(path)) if isinstance(node, GroupMetadata) else node

    def look(self, path: str) -> ListedMetadata | None:
        """As `find`, but a group comes without a view, and a node whose document cannot be read is told of as that."""
        try:
            return self.metadata.get(path)
        except NOT_READ as exc:
            return None if (entry := self._nodes().entry(path)) is None else _unreadable(entry, exc)

    def paths(self, max_depth: int | None = None) -> list[str]:
        """Paths of the nodes, each before what is below it, siblings by name.

        Parameters
        ----------
        max_depth
            0 for the group's children only; None for all.
        """
        return self._nodes().paths(max_depth)

    def count(self, max_depth: int | None = None) -> int:
        """Number of nodes; parameters as of `paths`."""
        nodes = self._nodes()
        return nodes.count() if max_depth == 0 else len(nodes.paths(max_depth))

    def flat(self, max_depth: int | None = None) -> Iterator[tuple[str, NodeMetadata]]:
        """Paths and nodes as `find` returns them, in the order of `paths`; parameters as of it."""
        for path in self.paths(max_depth):
            if (node := self.find(path)) is not None:
                yield path, node

    def listed(self, max_depth: int | None = None) -> list[tuple[str, ListedMetadata]]:
        """Paths and nodes as `look` returns them, in the order of `paths`; parameters as of it."""
        seen = ((path, self.look(path)) for path in self.paths(max_depth))
        return [(path, node) for path, node in seen if node is not None]

    def node_types(self) -> list[NodeType]:
        """What each node is, in the order of `paths`, without parsing its document."""
        nodes = self._nodes()
        entries = (nodes.entry(path) for path in nodes.paths())
        return [_node_type(entry) for entry in entries if entry is not None]

    def unread(self, max_depth: int | None = None) -> list[tuple[str, NodeType, Callable[[], NodeMetadata]]]:
        """Paths in the order of `paths`; what each node is; and what parses it, as it is told of now."""
        nodes = self._nodes()
        tree, start = nodes.tree, f"{nodes.prefix}/" if nodes.prefix else ""
        entries = ((path, tree.entries.get(start + path)) for path in nodes.paths(max_depth))
        return [
            (path, _node_type(entry), partial(tree.parsed, start + path, entry))
            for path, entry in entries
            if entry is not None
        ]

    def under(self, prefix: str) -> ConsolidatedMetadata:
        """The same snapshot seen from a group below: the nodes under it, by path relative to it.

        Examples
        --------
        >>> ConsolidatedMetadata({}).under("a").metadata == {}
        True
        """
        path = prefix.strip("/")
        return ConsolidatedMetadata(self._nodes().under(path)) if path else self

    def _nodes(self) -> Nodes[NodeMetadata]:
        return Nodes.of(self.metadata)


def _below(node: NodeMetadata) -> Mapping[str, NodeMetadata]:
    """The nodes of the snapshot that a group has."""
    snapshot = node.consolidated_metadata if isinstance(node, GroupMetadata) else None
    return {} if snapshot is None else snapshot.metadata


def _is_nested(nodes: Mapping[str, NodeMetadata]) -> bool:
    """Whether these are children whose snapshots have what is below them."""
    return any(map(_below, nodes.values())) and not any("/" in path for path in nodes)


def _flat(nodes: Mapping[str, NodeMetadata]) -> dict[str, NodeMetadata]:
    """Nodes, with those of the snapshots that groups among them have beside them."""
    flat = {
        path: node.with_consolidated(None) if isinstance(node, GroupMetadata) else node for path, node in nodes.items()
    }
    for path, node in nodes.items():
        for name, inner in _below(node).items():
            flat.setdefault(f"{path}/{name}", inner)
    return flat


def _unreadable(entry: object, error: Exception) -> UnreadableMetadata:
    """What is known of a node of a snapshot, given its document, or those of format 2 by name."""
    return UnreadableMetadata(_node_type(entry), 2 if _is_by_name(entry) else 3, error)


def _node_type(entry: object) -> NodeType:
    """What a node of a snapshot is, given its document, or those of format 2 by name, or itself."""
    if isinstance(entry, dict):
        return node_type_of_v2(entry) if _is_by_name(entry) else node_type_of(entry)
    return "group" if isinstance(entry, GroupMetadata) else "array"


def _is_by_name(entry: object) -> bool:
    return isinstance(entry, dict) and (".zarray" in entry or ".zgroup" in entry)


def _others(document: Document) -> Document:
    """The members of a group's document that the format does not know."""
    if document.keys() <= _KNOWN:
        return {}
    return {name: value for name, value in document.items() if name not in _KNOWN}


def read_node_v3(document: dict[str, Any], where: str | None) -> ArrayV3Metadata | GroupMetadata:
    """Parse the document of an array or of a group. The result keeps the document.

    Raises
    ------
    NodeTypeValidationError
        If it says that it is neither.
    """
    match document.get("node_type"):
        case "array":
            return read_array_v3(document, where)
        case "group":
            return GroupMetadata._read_v3(document, where)
        case found:
            with located(where):
                require(document, ("zarr_format", "node_type"))
                check_format(document, 3)
                raise NodeTypeValidationError(
                    f"Invalid value for 'node_type'. Expected 'array' or 'group'. Got {found!r}."
                )


def read_node_v2(documents: Mapping[str, dict[str, Any]], where: str | None) -> ArrayV2Metadata | GroupMetadata:
    """Parse the documents of a format 2 node, given by name. The result keeps them.

    A node with both `.zarray` and `.zgroup` is read as an array.
    """
    attributes = documents.get(".zattrs")
    if ".zarray" in documents:
        return read_array_v2(dict(documents[".zarray"]), attributes, where)
    return GroupMetadata._read_v2(dict(documents[".zgroup"]), attributes, where)


def _read_member_v3(document: Document, where: str | None) -> NodeMetadata:
    """A node of a snapshot: its own snapshot, which other writers leave empty, is none."""
    return read_node_v3({name: value for name, value in document.items() if name != "consolidated_metadata"}, where)
