"""What some data types have in common, for `isinstance`: a byte order, a fixed size of elements, a length, an object codec.

Data types of others inherit from these; any class that has the attribute counts.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class HasEndianness(ABC):  # noqa: B024  # abstract for its subclass hook
    """A data type whose elements have a byte order.

    Examples
    --------
    >>> from zarr.dtype import Int8, Int16
    >>> isinstance(Int16(), HasEndianness), isinstance(Int8(), HasEndianness)
    (True, False)
    """

    endianness: Literal["little", "big"] = "little"

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return hasattr(other, "endianness") if cls is HasEndianness else NotImplemented


@dataclass(frozen=True)
class HasItemSize(ABC):  # noqa: B024  # abstract for its subclass hook
    """A data type whose elements all have the same number of bytes.

    Examples
    --------
    >>> from zarr.dtype import Int16, VariableLengthUTF8
    >>> isinstance(Int16(), HasItemSize), isinstance(VariableLengthUTF8(), HasItemSize)
    (True, False)
    """

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        raise NotImplementedError(f"{type(self).__name__} must define item_size")

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return hasattr(other, "item_size") if cls is HasItemSize else NotImplemented


@dataclass(frozen=True, kw_only=True)
class HasLength(ABC):  # abstract for its subclass hook
    """A data type whose elements have a length that it states.

    Examples
    --------
    >>> from zarr.dtype import FixedLengthUTF32, VariableLengthUTF8
    >>> isinstance(FixedLengthUTF32(length=3), HasLength), isinstance(VariableLengthUTF8(), HasLength)
    (True, False)
    """

    length: int

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return hasattr(other, "length") if cls is HasLength else NotImplemented


class HasObjectCodec(ABC):  # abstract for its subclass hook
    """A data type whose elements are objects in format 2, so that a codec among the filters says what they are.

    Attributes
    ----------
    object_codec_id
        The id of that codec.

    Examples
    --------
    >>> from zarr.dtype import Int8, VariableLengthUTF8
    >>> isinstance(VariableLengthUTF8(), HasObjectCodec), isinstance(Int8(), HasObjectCodec)
    (True, False)
    """

    object_codec_id: ClassVar[str]

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return hasattr(other, "object_codec_id") if cls is HasObjectCodec else NotImplemented


def is_ours(data_type: type) -> bool:
    """Whether a class of data types is one of this library's."""
    return data_type.__module__.startswith("zarr.")


def may_be_arrays(data_type: object, dtype: np.dtype[Any]) -> bool:
    """Whether the elements are objects of a data type of another package, and so may be arrays or lists themselves."""
    return dtype.kind == "O" and not is_ours(type(data_type))
