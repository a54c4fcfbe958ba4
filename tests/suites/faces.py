"""Which members of the synchronous face of a thing belong to which of the asynchronous one."""

from __future__ import annotations

import inspect

import zarr
from zarr.api import asynchronous, synchronous

CALLED = {  # what Python calls by a sign, the asynchronous face calls by name
    "__getitem__": "getitem",
    "__setitem__": "setitem",
    "__delitem__": "delitem",
    "__contains__": "contains",
}
ARRAY_CALLED = {"get_basic_selection": "getitem", "set_basic_selection": "setitem"}


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_") or name in CALLED}


def has(cls, name):
    """Whether a face has a member. Square brackets of an asynchronous one only say what is to be awaited."""
    return hasattr(cls, name) and not (name in CALLED and cls in (zarr.AsyncArray, zarr.AsyncGroup))


def twins(face, other, called):
    return {
        f"{face.__name__}.{name}": called.get(name, name) for name in public(face) if has(other, called.get(name, name))
    }


ARRAY_TWINS = twins(zarr.Array, zarr.AsyncArray, ARRAY_CALLED)
GROUP_TWINS = twins(zarr.Group, zarr.AsyncGroup, CALLED)
FUNCTION_TWINS = {f"zarr.{name}": name for name in synchronous.__all__}
TWINS = {**ARRAY_TWINS, **GROUP_TWINS, **FUNCTION_TWINS}


def pair(twin):
    """Both members of a pair, as they stand in their class or module."""
    owner, _, name = twin.partition(".")
    if owner == "zarr":
        return getattr(synchronous, name), getattr(asynchronous, name)
    face, other = getattr(zarr, owner), getattr(zarr, f"Async{owner}")
    return inspect.getattr_static(face, name), inspect.getattr_static(other, TWINS[twin])


def plain(found):
    return getattr(found, "__func__", found)


def is_function(found):
    return inspect.isfunction(plain(found))


SHARED = {twin for twin in TWINS if pair(twin)[0] is pair(twin)[1]}
FUNCTIONS = sorted(twin for twin in TWINS.keys() - SHARED if all(map(is_function, pair(twin))))
