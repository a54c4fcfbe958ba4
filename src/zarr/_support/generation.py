"""How often the meaning of names in documents has changed: a codec, a data type or a key encoding was registered, or the
configuration, which may choose between implementations, was touched. What was parsed before such a change is parsed anew.
"""

from __future__ import annotations

import itertools

_numbers = itertools.count(1)
_current = 0


def advance() -> None:
    """Say that a name may mean something else from now on."""
    global _current
    _current = next(_numbers)


def current() -> int:
    """A number that is never the same before and after a change."""
    return _current
