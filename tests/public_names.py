"""The public modules of the library, and the names that they offer."""

import importlib
import inspect
import pkgutil

import zarr

IN_REFERENCE = (
    "zarr",
    "zarr.abc.buffer",
    "zarr.abc.codec",
    "zarr.abc.metadata",
    "zarr.abc.numcodec",
    "zarr.abc.store",
    "zarr.buffer",
    "zarr.buffer.cpu",
    "zarr.buffer.gpu",
    "zarr.checks",
    "zarr.codecs",
    "zarr.codecs.numcodecs",
    "zarr.dtype",
    "zarr.errors",
    "zarr.experimental.cache_store",
    "zarr.plans",
    "zarr.plot",
    "zarr.registry",
    "zarr.storage",
    "zarr.views",
    "zarr.writers",
)


def public_modules():
    modules = (module.name for module in pkgutil.walk_packages(zarr.__path__, "zarr."))
    return sorted(["zarr", *(name for name in modules if "._" not in name)])


def public_names(module):
    return sorted(getattr(importlib.import_module(module), "__all__", []))


def public_objects():
    """Functions and classes by the name under which the reference has them."""
    for module_name in IN_REFERENCE:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            found = getattr(module, name)
            if not name.startswith("_") and (inspect.isclass(found) or inspect.isroutine(found)):
                yield f"{module_name}.{name}", found
