"""What one format lays down about nodes: which documents a node has, and what is in which.

`Layout` is the value that everything above this room works with, so that nothing there asks for the format: flows load,
create, change and consolidate nodes by the names and functions here. `node_documents_v2` and `node_documents_v3` hold its
two values, `formats` finds them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zarr._metadata.group import ArrayMetadata, ConsolidatedMetadata, NodeMetadata
from zarr._support.once import once

if TYPE_CHECKING:
    from zarr._dtype.base import ZarrFormat, ZDType
    from zarr._metadata.consolidated import Change
    from zarr._metadata.new_array import DimensionNames, NewArray
    from zarr._metadata.unreadable import UnreadableMetadata
    from zarr.errors import BaseZarrError

OfArray = TypeVar("OfArray", bound=ArrayMetadata)


@dataclass(frozen=True, kw_only=True)
class Layout(ABC, Generic[OfArray]):
    """The documents of one format.

    Attributes
    ----------
    zarr_format
        2 or 3.
    array, group
        Name of the document that makes a node an array, and holds its shape; of the one that makes it a group.
    attributes
        Name of the document that holds the attributes.
    consolidated
        Name of the document of a group that holds the snapshot of what is below it.
    consolidated_is_specified
        Whether the format itself says how that snapshot is stored.
    takes_object_codecs
        Whether filters may be codecs for Python objects.
    no_array, no_group
        What zarr-python raises where the node is of the other kind than was asked for.
    """

    zarr_format: ZarrFormat
    array: str
    group: str
    attributes: str
    consolidated: str
    consolidated_is_specified: bool
    takes_object_codecs: bool
    no_array: type[BaseZarrError]
    no_group: type[BaseZarrError]

    @once
    def makers(self) -> tuple[str, ...]:
        """Names of the documents that make a node: a node exists where there is one of these, and has only one."""
        return tuple(dict.fromkeys((self.array, self.group)))

    @once
    def documents(self) -> tuple[str, ...]:
        """Names of the documents that a node is loaded from: `makers`, then the others."""
        return tuple(dict.fromkeys((*self.makers, self.attributes)))

    @once
    def names(self) -> frozenset[str]:
        """Names of all documents that a node can have."""
        return frozenset({*self.documents, self.consolidated})

    @once
    def attributes_apart(self) -> bool:
        """Whether attributes have a document of their own, which neither makes a node nor has to be there."""
        return self.attributes not in self.makers

    @once
    def consolidated_apart(self) -> bool:
        """Whether the snapshot has a document of its own, so that loading a group does not bring it."""
        return self.consolidated not in self.documents

    # -- documents ----------------------------------------------------------------------------------------------

    def contradict(self, documents: Sequence[bytes | None]) -> bool:
        """Whether more than one of `makers` is there; given the documents in the order of `self.documents`."""
        n_makers = len(self.makers)
        return documents[:n_makers].count(None) < n_makers - 1

    @abstractmethod
    def parse(self, documents: Sequence[bytes | None], keys: Sequence[str]) -> NodeMetadata | None:
        """The node that some documents make; None if none of them makes one.

        Parameters
        ----------
        documents
            In the order of `self.documents`, None where there is none, and without contradiction.
        keys
            Their keys, for error texts.
        """

    @abstractmethod
    def reread(self, name: str, document: bytes | None, key: str, known: NodeMetadata) -> NodeMetadata | None:
        """A node as one of its documents says now, and for the rest as it is known; None if it exists no more.

        Parameters
        ----------
        name
            One of `names`.
        document, key
            What is stored as that document, None if nothing is; its key, for error texts.
        known
            The node as it was, of this format. It may be of another kind now.
        """

    @abstractmethod
    def parse_consolidated(self, document: bytes, key: str) -> ConsolidatedMetadata | None:
        """The snapshot in the document `consolidated`, if it holds one."""

    @abstractmethod
    def changed_consolidated(self, document: bytes, key: str, change: Change, indent: int | None) -> bytes | None:
        """A document that holds a snapshot, with a change made in it; None if it holds none, or nothing is to change.

        Parameters
        ----------
        document, key
            What is stored; its key, for error texts.
        change
            The change.
        indent
            Of the JSON, where the format leaves that to the user.

        Raises
        ------
        MetadataValidationError
            If the result would be larger, or nested deeper, than what is read.
        """

    @abstractmethod
    def unreadable(self, documents: Sequence[bytes | None], error: Exception) -> UnreadableMetadata:
        """What is known of a node whose documents cannot be parsed.

        Parameters
        ----------
        documents
            In the order of `self.documents`, None where there is none.
        error
            What parsing them raised.
        """

    # -- new arrays ---------------------------------------------------------------------------------------------

    @abstractmethod
    def array_from_dict(self, document: Mapping[str, Any]) -> OfArray:
        """The array that a parsed document describes, as `to_dict` of its metadata gives it."""

    @abstractmethod
    def data_type_of(self, given: Any, filters: Any, compressors: Any) -> ZDType[Any, Any]:
        """The data type that a `dtype` means beside these codecs."""

    @abstractmethod
    def new_array(self, wanted: NewArray) -> OfArray:
        """The metadata of a new array: codecs, fill value, order and keys as wanted, or as this format has them."""

    @abstractmethod
    def arguments_of(self, array: OfArray) -> dict[str, Any]:
        """Keywords of `zarr.create_array` for another array of this format that is laid out and named as this one."""

    @abstractmethod
    def dimension_names_of(self, array: OfArray) -> tuple[DimensionNames, dict[str, Any]]:
        """The names of an array's dimensions, however this format stores them, and the attributes without them."""

    @abstractmethod
    def named(self, names: DimensionNames, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The keywords `attributes` and `dimension_names` of `zarr.create_array` for such names and attributes."""

    @abstractmethod
    def codecs_of(self, array: OfArray) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Names and settings of what elements and bytes go through besides the plain way to bytes, in the order of encoding.

        In the words of numcodecs and of format 3, so that arrays of both formats can be compared.
        """

    @abstractmethod
    def compressor_of(self, array: OfArray) -> Any:
        """The one compressor of an array, None for none. Raises TypeError if there is no such thing in this format."""
