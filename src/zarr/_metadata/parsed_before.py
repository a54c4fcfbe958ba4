"""Documents that were parsed before: many arrays have the same document but for their attributes, and many are opened again;
a group's is read for each node that is created in it.

Metadata are never changed once made, except that attributes and extra fields are handed out as dicts; so a node without
extra fields that was parsed before is the new one with attributes of its own. A document whose parsing warns is parsed
each time, so that it warns each time, and nothing outlives a change of what names mean (`names_version`).
"""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.fields import parse_attributes, twin_of
from zarr._support.document_errors import located
from zarr._support.registry import names_version
from zarr._support.warn import n_given

Node = TypeVar("Node")

MOST_NODES = 512
MOST_NBYTES = 16 * 1024
"""Longer documents are not kept."""


class Memory(Generic[Node]):
    """Nodes by what they were parsed from. Forgets everything when it is full: in one step, so that it needs no lock.

    Here arrays are kept by what their documents say; `parse` keeps nodes by the bytes of their documents.
    """

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, bytes | str], Node] = {}

    @staticmethod
    def takes(source: bytes | str) -> bool:
        """Whether nodes of such a source are kept; asked before the node is copied for that."""
        return len(source) <= MOST_NBYTES

    def find(self, source: bytes | str) -> Node | None:
        return self._nodes.get((names_version(), source)) if self.takes(source) else None

    def keep(self, source: bytes | str, since: int, node: Node) -> None:
        if len(self._nodes) >= MOST_NODES:
            self._nodes = {}
        self._nodes[since, source] = node


_by_document: Memory[ArrayV3Metadata] = Memory()
_by_document_v2: Memory[ArrayV2Metadata] = Memory()


def read_array_v3(document: dict[str, Any], where: str | None) -> ArrayV3Metadata:
    """Parse the document of an array. The result keeps the document. Raises as `ArrayV3Metadata.from_dict`."""
    source = json.dumps({name: value for name, value in document.items() if name != "attributes"})
    if (known := _by_document.find(source)) is not None and known._document is not None:
        with located(where):
            attributes = parse_attributes(document.get("attributes"))
        as_read = {**known._document, "attributes": document.get("attributes")}
        return twin_of(
            known, attributes=attributes, _document={name: as_read[name] for name in document if name in as_read}
        )
    since, n_warnings = names_version(), n_given()
    array = ArrayV3Metadata._read(document, where)
    if _by_document.takes(source) and n_given() == n_warnings and not array.extra_fields:
        _by_document.keep(source, since, array)
    return array


def read_array_v2(document: dict[str, Any], attributes: object, where: str | None) -> ArrayV2Metadata:
    """Parse `.zarray` of one of many arrays, given with what `.zattrs` holds. The result keeps both."""
    source = json.dumps(document)
    if (known := _by_document_v2.find(source)) is not None:
        with located(where):
            return twin_of(known, attributes=parse_attributes(attributes))
    since, n_warnings = names_version(), n_given()
    array = ArrayV2Metadata._read(document, attributes, where)
    if n_given() == n_warnings:
        _by_document_v2.keep(source, since, array.with_attributes({}))
    return array
