"""From the bytes of metadata documents to nodes: the way in for everything that is read from a store.

`where` is the key of the document, which every error names. The bytes may be hostile: `parse_object` bounds their size and
depth, and what it returns belongs to the node that is made of it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.fields import twin_of
from zarr._metadata.group import ArrayMetadata, ConsolidatedMetadata, GroupMetadata, NodeMetadata, read_node_v3
from zarr._metadata.parsed_before import Memory
from zarr._support.document_errors import beside
from zarr._support.json import parse_object
from zarr._support.plain import copied
from zarr._support.registry import names_version
from zarr._support.warn import n_given

Parsed = TypeVar("Parsed", bound=NodeMetadata)
_by_bytes: Memory[ArrayV3Metadata | GroupMetadata] = Memory()


def parse_v3(raw: bytes, where: str) -> ArrayV3Metadata | GroupMetadata:
    """Parse `zarr.json`.

    Raises
    ------
    MetadataValidationError, NodeTypeValidationError, DataTypeValidationError, UnknownCodecError
        If the document breaks the format or asks for what is not known here.

    Examples
    --------
    >>> parse_v3(b'{"zarr_format": 3, "node_type": "group"}', "a/zarr.json").attributes
    {}
    """
    if (known := _recall(raw)) is not None:
        return known
    since, n_warnings = names_version(), n_given()
    node = read_node_v3(parse_object(raw, where), where)
    if isinstance(node, ArrayV3Metadata) or node.consolidated_metadata is None:  # a snapshot has attributes of others
        _remember(raw, since, n_warnings, node)
    return _with_source(node, raw, since)


class LongDocument(dict[str, Any]):
    """A document that is too long to be kept for others, with the bytes and for the attributes that it stands for.

    As long as these bytes are stored, the node need not be parsed again to be changed by the handle that has it.
    """

    __slots__ = ("attributes", "raw", "since")

    def __init__(self, document: dict[str, Any], raw: bytes, attributes: dict[str, Any], since: int) -> None:
        super().__init__(document)
        self.raw, self.attributes, self.since = raw, attributes, since

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def is_said_by(raw: bytes, node: ArrayV3Metadata | GroupMetadata) -> bool:
    """Whether a node is known to be just what a long document says."""
    document = node._document
    return (
        isinstance(document, LongDocument)
        and document.attributes is node.attributes
        and document.since == names_version()
        and document.raw == raw
    )


def with_source(node: NodeMetadata, raw: bytes, since: int) -> NodeMetadata:
    """The same node, which knows its document if that is long, and all of it; for `is_said_by`.

    Parameters
    ----------
    node
        What the document says.
    raw
        The document.
    since
        `names_version()` when it was parsed, or made.
    """
    return node if isinstance(node, ArrayV2Metadata) else _with_source(node, raw, since)


def _with_source(node: ArrayV3Metadata | GroupMetadata, raw: bytes, since: int) -> ArrayV3Metadata | GroupMetadata:
    document = node._document
    if _by_bytes.takes(raw) or document is None or "consolidated_metadata" in document:
        return node  # a handle of a group has a snapshot of its own, or none
    return twin_of(node, _document=LongDocument(document, raw, node.attributes, since))


def without_source(node: Parsed) -> Parsed:
    """The same node, which does not keep the bytes of a long document: for a handle that changes nothing."""
    document = node._document if isinstance(node, ArrayV3Metadata | GroupMetadata) else None
    return twin_of(node, _document=dict(document)) if isinstance(document, LongDocument) else node


def _recall(raw: bytes) -> ArrayV3Metadata | GroupMetadata | None:
    """The node of a document with these bytes, if there was one."""
    if (known := _by_bytes.find(raw)) is None:
        return None
    return twin_of(known, attributes=copied(known.attributes) if known.attributes else {})


def _remember(raw: bytes, since: int, n_warnings: int, node: ArrayV3Metadata | GroupMetadata) -> None:
    """Keep a node for `_recall`, unless it warned.

    Parameters
    ----------
    raw
        The document.
    since, n_warnings
        `names_version()` and `n_given()` when its parsing began.
    node
        What was made of it.
    """
    if _by_bytes.takes(raw) and n_given() == n_warnings and not node.extra_fields:
        _by_bytes.keep(raw, since, node.with_attributes(copied(node.attributes)))


def remember_reshaped(before: bytes, after: bytes, since: int, array: ArrayMetadata) -> None:
    """Keep an array of which only the shape was changed since it was parsed, so that it need not be parsed again.

    Nothing is kept of a document that was not kept before the change: none of format 2 is.

    Parameters
    ----------
    before, after
        Its document before the change, and the one that was made of it.
    since
        `names_version()` when the former was parsed.
    array
        With the new shape.
    """
    # Where there is none, parsing it gives a warning, or what names mean has changed.
    if isinstance(array, ArrayV3Metadata) and _by_bytes.takes(after) and _by_bytes.find(before) is not None:
        _by_bytes.keep(after, since, array.with_attributes(copied(array.attributes)))


def parse_array_v2(zarray: bytes, zattrs: bytes | None, where: str) -> ArrayV2Metadata:
    """Parse `.zarray`, and `.zattrs` if there is one. Raises as `parse_v3`.

    Parameters
    ----------
    zarray, zattrs
        Bytes of the documents.
    where
        Key of `.zarray`.
    """
    return ArrayV2Metadata._read(parse_object(zarray, where), _parse_attrs(zattrs, where), where)


def parse_group_v2(zgroup: bytes, zattrs: bytes | None, where: str, zmetadata: bytes | None = None) -> GroupMetadata:
    """Parse `.zgroup`, with `.zattrs` and consolidated metadata if there are any. Raises as `parse_v3`.

    Parameters
    ----------
    zgroup, zattrs, zmetadata
        Bytes of the documents.
    where
        Key of `.zgroup`.
    """
    snapshot = None
    if zmetadata is not None:
        key = _beside(where, ".zmetadata")
        snapshot = ConsolidatedMetadata.from_v2(parse_object(zmetadata, key), key)
    attributes = _parse_attrs(zattrs, where)
    return GroupMetadata._read_v2(parse_object(zgroup, where), attributes, where, snapshot)


def _parse_attrs(zattrs: bytes | None, where: str) -> dict[str, object] | None:
    return None if zattrs is None else parse_object(zattrs, _beside(where, ".zattrs"))


def _beside(where: str, name: str) -> str:
    """Key of another document of the same node.

    >>> _beside("a/.zgroup", ".zattrs")
    'a/.zattrs'
    """
    parent, slash, _ = where.rpartition("/")
    return beside(where, f"{parent}{slash}{name}")
