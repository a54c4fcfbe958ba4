"""What is known of a node whose documents this library cannot read: an array of an unknown data type or codec, say, or a
damaged document. It is there, so its group tells of it; what it says is an error for whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from zarr._dtype.base import ZarrFormat

NodeType = Literal["array", "group"]


@dataclass(frozen=True, slots=True, eq=False)
class UnreadableMetadata:
    """A node that is there and cannot be read.

    Attributes
    ----------
    node_type
        What the documents say that it is; an array, where they do not say.
    zarr_format
        2 or 3.
    error
        What reading the documents raises.
    """

    node_type: NodeType
    zarr_format: ZarrFormat
    error: Exception

    @property
    def reason(self) -> str:
        """What is wrong, without where: whoever lists nodes says that anyway."""
        text = str(self.error)
        _, here, rest = text.partition("': ")
        return rest if here and text.startswith("metadata document '") else text


def node_type_of(document: object) -> NodeType:
    """What a document of format 3 says that it is of; an array, where it does not say."""
    return "group" if isinstance(document, Mapping) and document.get("node_type") == "group" else "array"


def node_type_of_v2(names: Any) -> NodeType:
    """What a node of format 2 is, given the names of its documents."""
    return "group" if ".zgroup" in names and ".zarray" not in names else "array"


NOT_READ = (ValueError, TypeError, ImportError)
"""What reading a document raises where it cannot be read: errors of metadata, and of codecs that cannot be loaded."""
