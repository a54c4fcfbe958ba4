"""Arguments that are true or false.

Other values have a truth in Python too, and not the one that is meant: `overwrite="no"` would replace a data set.
"""

from __future__ import annotations

import numpy as np

from zarr.errors import ArgumentError


def truth(name: str, value: object) -> bool:
    """A Boolean argument, of Python or NumPy; also 0, 1 and None, which code written for zarr-python may give.

    Parameters
    ----------
    name
        What the argument is called.
    value
        What was given.

    Raises
    ------
    ArgumentError
        If it is none of these.

    Examples
    --------
    >>> truth("overwrite", np.bool_(True))
    True
    """
    if value is True or value is False:
        return value
    if value is None or (isinstance(value, int | np.integer) and value in (0, 1)):
        return bool(value)
    return boolean(name, value)


def boolean(name: str, value: object) -> bool:
    """As `truth`, for settings, where zarr-python takes nothing else than Booleans either.

    Examples
    --------
    >>> boolean("checksum", True)
    True
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise ArgumentError(f"{name} must be True or False, got {value!r}")
