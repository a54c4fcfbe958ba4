"""From the bytes of metadata documents to nodes: the way in for everything that is read from a store.

`where` is the key of the document, which every error names. The bytes may be hostile: `parse_object` bounds their size and
depth, and what it returns belongs to the node that is made of it.
"""

from __future__ import annotations

from zarr._metadata.consolidated import ConsolidatedMetadata
from zarr._metadata.group import GroupMetadata, read_node_v3
from zarr._metadata.known import recall, remember
from zarr._metadata.v2 import ArrayV2Metadata
from zarr._metadata.v3 import ArrayV3Metadata
from zarr._support.extensions import names_version
from zarr._support.json import parse_object
from zarr._support.warn import n_given


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
    if (known := recall(raw)) is not None:
        return known
    since, n_warnings = names_version(), n_given()
    node = read_node_v3(parse_object(raw, where), where)
    if isinstance(node, ArrayV3Metadata) or node.consolidated_metadata is None:  # a snapshot has attributes of others
        remember(raw, since, n_warnings, node)
    return node


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
    return f"{parent}{slash}{name}"
