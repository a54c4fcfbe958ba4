"""What some data types have in common, for `isinstance`: a byte order, a fixed size of elements.

Data types of others inherit from these; any class that has the attribute counts.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Literal


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
