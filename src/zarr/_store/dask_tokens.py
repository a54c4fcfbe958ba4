"""By what Dask tells stores apart. Equal tokens let it take the result of one computation for that of another.

Stores of ours tell their place, so the token is the same in every process, whatever else is in the object. Of a class of somebody else's
nobody knows what else makes a difference, so all that its objects have goes into the token, as Dask makes one of it.
"""

from __future__ import annotations

from typing import Any

from zarr._support.imports_on_use import importing
from zarr._support.signals import came_from_a_signal


def dask_token(store: Any) -> object:
    """The token of a store; called by Dask, which is there then."""
    cls = type(store)
    name = f"{cls.__module__}.{cls.__qualname__}"
    if cls.__module__.partition(".")[0] != "zarr":
        return name, token_of(_all_of(store))
    inside = getattr(store, "_store", None)
    return name, store._known_as() if inside is None else token_of(inside)


def _all_of(store: Any) -> object:
    """What a store is made of: as it says itself, if it can be pickled."""
    try:
        return store.__reduce_ex__(4)
    except Exception as exc:
        if came_from_a_signal(exc):
            raise
        return object.__getstate__(store)


def token_of(anything: object) -> object:
    """What Dask makes of anything, for tokens to have it in them."""
    with importing("dask.base"):
        from dask.base import normalize_token

    return normalize_token(anything)
