"""Submodules that are there after `import zarr`, but loaded when they are used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def submodules_of(package: str) -> Callable[[str], Any]:
    """A package's `__getattr__`: its public submodules by name.

    >>> submodules_of("zarr")("errors").__name__
    'zarr.errors'
    """

    def load(name: str) -> Any:
        full = f"{package}.{name}"
        if not name.startswith("_"):
            try:
                return import_module(full)
            except ModuleNotFoundError as exc:
                if exc.name != full:
                    raise  # something that the submodule itself needs
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
