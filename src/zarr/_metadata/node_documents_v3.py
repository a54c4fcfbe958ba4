"""Format 3: one document per node, `zarr.json`, which holds all that is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zarr._metadata import new_v3
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.consolidated import Change, changed_member
from zarr._metadata.group import ConsolidatedMetadata, GroupMetadata, NodeMetadata
from zarr._metadata.node_documents import Layout
from zarr._metadata.parse import is_said_by, parse_v3
from zarr._metadata.unreadable import UnreadableMetadata, node_type_of
from zarr._support.json import dump, parse_object
from zarr.errors import ContainsArrayError, MetadataValidationError, NodeTypeValidationError

if TYPE_CHECKING:
    from zarr._dtype.base import ZDType
    from zarr._metadata.new_array import DimensionNames, NewArray


class _Format3(Layout[ArrayV3Metadata]):
    def parse(self, documents: Sequence[bytes | None], keys: Sequence[str]) -> NodeMetadata | None:
        document = documents[0]
        return None if document is None else parse_v3(document, keys[0])

    def reread(self, name: str, document: bytes | None, key: str, known: NodeMetadata) -> NodeMetadata | None:
        if document is None:
            return None
        is_known = isinstance(known, ArrayV3Metadata | GroupMetadata) and is_said_by(document, known)
        return known if is_known else parse_v3(document, key)

    def parse_consolidated(self, document: bytes, key: str) -> ConsolidatedMetadata | None:
        node = parse_v3(document, key)
        return node.consolidated_metadata if isinstance(node, GroupMetadata) else None

    def changed_consolidated(self, document: bytes, key: str, change: Change, indent: int | None) -> bytes | None:
        changed = changed_member(parse_object(document, key), change)
        return None if changed is None else dump(changed, indent, key)

    def unreadable(self, documents: Sequence[bytes | None], error: Exception) -> UnreadableMetadata:
        try:
            document = parse_object(documents[0] or b"", "")
        except MetadataValidationError:
            return UnreadableMetadata("array", 3, error)
        return UnreadableMetadata(node_type_of(document), 3, error)

    def array_from_dict(self, document: Mapping[str, Any]) -> ArrayV3Metadata:
        return ArrayV3Metadata.from_dict(document)

    def data_type_of(self, given: Any, filters: Any, compressors: Any) -> ZDType[Any, Any]:
        return new_v3.data_type_of(given, filters, compressors)

    def new_array(self, wanted: NewArray) -> ArrayV3Metadata:
        return new_v3.new_array(wanted)

    def arguments_of(self, array: ArrayV3Metadata) -> dict[str, Any]:
        return new_v3.arguments_of(array)

    def dimension_names_of(self, array: ArrayV3Metadata) -> tuple[DimensionNames, dict[str, Any]]:
        return array.dimension_names, dict(array.attributes)

    def named(self, names: DimensionNames, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {"attributes": dict(attributes), "dimension_names": names}

    def codecs_of(self, array: ArrayV3Metadata) -> Sequence[tuple[str, Mapping[str, Any]]]:
        return new_v3.codecs_of(array)

    def compressor_of(self, array: ArrayV3Metadata) -> Any:
        raise TypeError("`compressor` is not available for Zarr format 3 arrays. Use `compressors`.")


FORMAT_3 = _Format3(
    zarr_format=3,
    array="zarr.json",
    group="zarr.json",
    attributes="zarr.json",
    consolidated="zarr.json",
    consolidated_is_specified=False,
    takes_object_codecs=False,
    no_array=NodeTypeValidationError,
    no_group=ContainsArrayError,
)
