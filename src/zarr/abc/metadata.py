"""What metadata objects have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from zarr._support.public_names import public_names_of

if TYPE_CHECKING:
    from typing import Self


class Metadata:
    """Something that is stored as a JSON object. Subclasses are data classes.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from zarr.abc.metadata import Metadata
    >>> @dataclass
    ... class Span(Metadata):
    ...     start: int
    ...     end: int
    >>> Span.from_dict({"start": 1, "end": 3}).to_dict()
    {'start': 1, 'end': 3}
    """

    def to_dict(self) -> dict[str, Any]:
        """The stored form: each field, and what it holds, as plain values."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    @classmethod
    @abstractmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make an instance of the stored form.

        Parameters
        ----------
        data
            The JSON object.
        """
        return cls(**data)


def _plain(value: Any) -> Any:
    if isinstance(value, Metadata):
        return value.to_dict()
    if isinstance(value, str) or not isinstance(value, list | tuple):
        return value
    return tuple(_plain(item) for item in value)


__all__ = ["Metadata"]

__dir__ = public_names_of(__name__)
