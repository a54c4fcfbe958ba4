"""The public modules of the library, and the names that they offer."""

import importlib
import pkgutil

import zarr


def public_modules():
    modules = (module.name for module in pkgutil.walk_packages(zarr.__path__, "zarr."))
    return sorted(["zarr", *(name for name in modules if "._" not in name)])


def public_names(module):
    return sorted(getattr(importlib.import_module(module), "__all__", []))
