"""What tells one object from those that were, or will be, under the same key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zarr._store.remote.client import Answer

_OTHER_DIGITS = str.maketrans("0123456789abcdefABCDEF", "1234567890bcdefaBCDEFA")


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object.

    Attributes
    ----------
    e_tag, number
        As the server tells them: the latter is a generation in GCS.
    modified, nbytes
        What there is to go by where it tells neither.
    history
        The names of the changes that made it.
    """

    e_tag: str | None
    number: str | None
    modified: Any
    nbytes: int
    history: tuple[str, ...] = field(default=(), compare=False)

    @property
    def tag(self) -> str | None:
        """What tells this version from all others of the object in a text; None where the server tells nothing such.

        A weak ETag does not: objects may have the same that are only about the same, and no server reads by it.
        """
        return None if self.e_tag is None or self.e_tag.startswith("W/") else self.e_tag

    @property
    def pins(self) -> bool:
        """Whether an answer tells for certain that it is of this version."""
        return self.tag is not None

    def is_that_of(self, found: Answer) -> bool:
        """Whether an answer is of this version."""
        if self.e_tag is not None and found.e_tag is not None:
            return self.e_tag == found.e_tag
        return (self.modified, self.nbytes) == (found.modified, found.nbytes)

    def other(self) -> ObjectVersion:
        """A version that never was."""
        e_tag = None if self.e_tag is None else self.e_tag.translate(_OTHER_DIGITS)
        number = None if self.number is None else self.number.translate(_OTHER_DIGITS)
        return replace(self, e_tag=e_tag, number=number)


def version_of(found: Answer) -> ObjectVersion:
    """The version that an answer is of."""
    return ObjectVersion(found.e_tag, found.number, found.modified, found.nbytes, found.history)
