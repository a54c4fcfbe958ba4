"""From the bytes of metadata documents to nodes: the way in for everything that is read from a store.

`where` is the key of the document, which every error names. The bytes may be hostile: `parse_object` bounds their size and
depth, and what it returns belongs to the node that is made of it.
"""

from __future__ import annotations

from copy import deepcopy

from zarr import _generation as generation
from zarr._json import parse_object
from zarr._metadata.consolidated import ConsolidatedMetadata
from zarr._metadata.group import GroupMetadata, read_node_v3
from zarr._metadata.v2 import ArrayV2Metadata
from zarr._metadata.v3 import ArrayV3Metadata
from zarr._warn import n_given


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
    if (known := _known_arrays.get(raw)) is not None:
        return known
    since, n_warnings = generation.current(), n_given()
    node = read_node_v3(parse_object(raw, where), where)
    if isinstance(node, ArrayV3Metadata) and n_given() == n_warnings:
        _known_arrays.add(raw, since, node)
    return node


class _KnownArrays:
    """The latest arrays by the bytes of their documents, as many arrays have the same document and many are opened again.

    Metadata are never changed, except for attributes, which are handed out as dicts: each array gets its own. A document
    whose parsing warns is parsed each time, so that it warns each time.
    """

    def __init__(self, n_most: int, n_most_bytes: int) -> None:
        self._n_most, self._n_most_bytes = n_most, n_most_bytes
        self._arrays: dict[tuple[int, bytes], ArrayV3Metadata] = {}

    def get(self, raw: bytes) -> ArrayV3Metadata | None:
        if (known := self._arrays.get((generation.current(), raw))) is None:
            return None
        return known.with_attributes(deepcopy(known.attributes) if known.attributes else {})

    def add(self, raw: bytes, since: int, array: ArrayV3Metadata) -> None:
        """Keep an array whose parsing began in the generation `since`."""
        if len(raw) > self._n_most_bytes:
            return
        if len(self._arrays) >= self._n_most:
            self._arrays = {}  # in one step, so that threads need no lock
        self._arrays[since, raw] = array.with_attributes(deepcopy(array.attributes))


_known_arrays = _KnownArrays(n_most=512, n_most_bytes=16 * 1024)


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
