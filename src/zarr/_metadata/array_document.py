"""What array metadata of both formats do alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._metadata.fields import parse_attributes, parse_shape, twin_of
from zarr._support.document_errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self


class ArrayDocument:
    """Metadata of an array, made of members or of a stored document, which is kept and goes on in its own words."""

    __slots__ = ()
    if TYPE_CHECKING:
        shape: tuple[int, ...]
        attributes: dict[str, Any]
        _document: dict[str, Any] | None

    def with_shape(self, shape: Iterable[int]) -> Self:
        """The same array with another shape of the same rank."""
        new_shape = parse_shape(shape)
        if len(new_shape) != self.ndim:
            raise invalid("shape", f"{self.ndim} entries, the rank of an array does not change", shape)
        document = self._document
        if document is not None:
            document = {**document, "shape": list(new_shape)}
        return twin_of(self, shape=new_shape, _document=document)

    def with_attributes(self, attributes: Mapping[str, Any]) -> Self:
        """The same array with these attributes in place of its own."""
        return twin_of(self, attributes=parse_attributes(attributes))

    update_shape = with_shape
    update_attributes = with_attributes

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def is_of_document_of(self, other: object) -> bool:
        """Whether both were made of one reading of one document, and only their attributes can differ.

        False does not mean that their documents differ.
        """
        document = self._document
        return isinstance(other, type(self)) and document is not None and document is other._document
