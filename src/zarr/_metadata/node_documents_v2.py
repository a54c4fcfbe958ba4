"""Format 2: `.zarray` or `.zgroup`, attributes beside it in `.zattrs`, snapshots in `.zmetadata`.

It has no names of dimensions; where an array is made after one of the other format, they go through the attribute that
xarray made customary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zarr._metadata import new_v2
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.consolidated import Change, changed_zmetadata
from zarr._metadata.group import ConsolidatedMetadata, NodeMetadata
from zarr._metadata.node_documents import Layout
from zarr._metadata.parse import parse_array_v2, parse_group_v2
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._support.json import dump, parse_object
from zarr.errors import ArrayNotFoundError, GroupNotFoundError

if TYPE_CHECKING:
    from zarr._dtype.base import ZDType
    from zarr._metadata.new_array import DimensionNames, NewArray

DIMENSIONS_ATTRIBUTE = "_ARRAY_DIMENSIONS"


class _Format2(Layout[ArrayV2Metadata]):
    def parse(self, documents: Sequence[bytes | None], keys: Sequence[str]) -> NodeMetadata | None:
        zarray, zgroup, zattrs = documents
        if zarray is not None:
            return parse_array_v2(zarray, zattrs, keys[0])
        if zgroup is not None:
            return parse_group_v2(zgroup, zattrs, keys[1])
        return None

    def reread(self, name: str, document: bytes | None, key: str, known: NodeMetadata) -> NodeMetadata | None:
        if name == self.attributes:
            return known.with_attributes({} if document is None else parse_object(document, key))
        if name == self.consolidated:  # says nothing of the group itself
            return known
        if document is None:
            return None
        node = (parse_array_v2 if name == self.array else parse_group_v2)(document, None, key)
        return node.with_attributes(dict(known.attributes))

    def parse_consolidated(self, document: bytes, key: str) -> ConsolidatedMetadata | None:
        return ConsolidatedMetadata.from_v2(parse_object(document, key), key)

    def changed_consolidated(self, document: bytes, key: str, change: Change, indent: int | None) -> bytes | None:
        changed = changed_zmetadata(parse_object(document, key), change)
        return None if changed is None else dump(changed, None, key)

    def unreadable(self, documents: Sequence[bytes | None], error: Exception) -> UnreadableMetadata:
        return UnreadableMetadata("group" if documents[0] is None else "array", 2, error)

    def array_from_dict(self, document: Mapping[str, Any]) -> ArrayV2Metadata:
        return ArrayV2Metadata.from_dict(document)

    def data_type_of(self, given: Any, filters: Any, compressors: Any) -> ZDType[Any, Any]:
        return new_v2.data_type_of(given, filters, compressors)

    def new_array(self, wanted: NewArray) -> ArrayV2Metadata:
        return new_v2.new_array(wanted)

    def arguments_of(self, array: ArrayV2Metadata) -> dict[str, Any]:
        return new_v2.arguments_of(array)

    def dimension_names_of(self, array: ArrayV2Metadata) -> tuple[DimensionNames, dict[str, Any]]:
        names = array.attributes.get(DIMENSIONS_ATTRIBUTE)
        if not (isinstance(names, list) and len(names) == array.ndim and all(isinstance(n, str | None) for n in names)):
            return None, dict(array.attributes)
        return names, {name: value for name, value in array.attributes.items() if name != DIMENSIONS_ATTRIBUTE}

    def named(self, names: DimensionNames, attributes: Mapping[str, Any]) -> dict[str, Any]:
        kept = dict(attributes)
        if names and all(name is not None for name in names):
            kept.setdefault(DIMENSIONS_ATTRIBUTE, list(names))
        return {"attributes": kept, "dimension_names": None}

    def codecs_of(self, array: ArrayV2Metadata) -> Sequence[tuple[str, Mapping[str, Any]]]:
        return new_v2.codecs_of(array)

    def compressor_of(self, array: ArrayV2Metadata) -> Any:
        return array.compressor


FORMAT_2 = _Format2(
    zarr_format=2,
    array=".zarray",
    group=".zgroup",
    attributes=".zattrs",
    consolidated=".zmetadata",
    consolidated_is_specified=True,
    takes_object_codecs=True,
    no_array=ArrayNotFoundError,
    no_group=GroupNotFoundError,
)
