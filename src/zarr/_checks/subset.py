"""Which of the stored objects are read: all, one of several groups, a random share, or a random amount.

Each key has a number between 0 and 1 that its digest gives. Groups are made of these numbers and nothing else, so that the
same key is always in the same one; for what is random the digest is salted anew each time.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from hashlib import blake2b

from zarr._support.sizes import parse_nbytes
from zarr.errors import ArgumentError

_GROUP = re.compile(r"\s*([0-9]+)\s*/\s*([0-9]+)\s*")
_SHARE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")
_BITS = 48
"""Of a digest, so that it is exact as a number."""


@dataclass(frozen=True, slots=True)
class Subset:
    """A part of the objects.

    Attributes
    ----------
    text
        As it was asked for.
    first, stop
        Objects whose number is in this range are read.
    salt
        Of the digest; empty for groups.
    nbytes
        Read objects in the order of their numbers, until so many bytes are read; 0 where the range says which.
    """

    text: str
    first: float
    stop: float
    salt: bytes = b""
    nbytes: int = 0

    def takes(self, key: str) -> bool:
        """Whether an object is in the range."""
        return self.first <= self.number(key) < self.stop

    def number(self, key: str) -> float:
        """The number of a key, from 0 up to 1."""
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_BITS // 8, key=self.salt).digest()
        return int.from_bytes(digest, "big") / 2.0**_BITS


def parse_subset(given: object) -> Subset | None:
    """What a user means by `subset=`; None for everything.

    Raises
    ------
    ArgumentError
        If it means nothing.

    Examples
    --------
    >>> parse_subset("1/4").first, parse_subset("1/4").stop, parse_subset("5%").stop, parse_subset("2GB").nbytes
    (0.0, 0.25, 0.05, 2000000000)
    """
    if given is None:
        return None
    if not isinstance(given, str):
        raise _meaningless(given)
    if (found := _GROUP.fullmatch(given)) is not None:
        number, n_groups = map(int, found.groups())
        if not 1 <= number <= n_groups:
            raise _meaningless(given)
        return Subset(given, (number - 1) / n_groups, number / n_groups)
    salt = uuid.uuid4().bytes
    if (found := _SHARE.fullmatch(given)) is not None:
        share = float(found[1]) / 100
        if not 0 < share <= 1:
            raise _meaningless(given)
        return Subset(given, 0.0, share, salt)
    try:
        return Subset(given, 0.0, 1.0, salt, parse_nbytes(given, "subset"))
    except ArgumentError:
        raise _meaningless(given) from None


def _meaningless(given: object) -> ArgumentError:
    return ArgumentError(
        f"subset={given!r} means nothing here: it is a group such as '3/10', from '1/10' to '10/10'; a random share such as '5%'; "
        "or a random amount such as '2GB'"
    )
