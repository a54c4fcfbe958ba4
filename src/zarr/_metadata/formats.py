"""The formats there are, and how one is found: from what a caller asks for, or from metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from zarr._metadata.group import ArrayMetadata, NodeMetadata
from zarr._metadata.node_documents import Layout
from zarr._metadata.node_documents_v2 import FORMAT_2
from zarr._metadata.node_documents_v3 import FORMAT_3
from zarr.errors import MetadataValidationError

AnyLayout: TypeAlias = Layout[Any]

FORMATS: Mapping[int, AnyLayout] = {3: FORMAT_3, 2: FORMAT_2}
"""Layouts by number, in the order in which they are looked for."""

DOCUMENTS = frozenset(name for layout in FORMATS.values() for name in layout.names)
"""Names of documents of any format: no node can be called so."""

MAKERS = frozenset(name for layout in FORMATS.values() for name in layout.makers)
"""Names of documents that make a node, in any format."""

ARRAY_DOCUMENTS = frozenset(layout.array for layout in FORMATS.values())
"""Names of documents that can be an array's."""

_WANTED: Mapping[int | None, tuple[AnyLayout, ...]] = {
    None: tuple(FORMATS.values()),
    **{number: (layout,) for number, layout in FORMATS.items()},
}


def layouts_for(zarr_format: int | None) -> tuple[AnyLayout, ...]:
    """The formats to look for, in this order, where one is asked for, or any (None).

    Raises
    ------
    MetadataValidationError
        If there is no such format.

    Examples
    --------
    >>> [layout.array for layout in layouts_for(None)]
    ['zarr.json', '.zarray']
    """
    try:
        return _WANTED[zarr_format]
    except (KeyError, TypeError):  # TypeError: what cannot be a key
        raise MetadataValidationError(
            f"Invalid value for 'zarr_format'. Expected 2, 3, or None. Got {zarr_format!r}."
        ) from None


def array_from_dict(document: Mapping[str, Any]) -> ArrayMetadata:
    """The array that a parsed document of either format describes. Raises as `ArrayV3Metadata.from_dict`."""
    layout: AnyLayout = FORMAT_2 if document.get("zarr_format") == 2 else FORMAT_3
    array: ArrayMetadata = layout.array_from_dict(document)
    return array


def layout_of(metadata: NodeMetadata) -> AnyLayout:
    """The layout of a node's documents."""
    return FORMATS[metadata.zarr_format]
