"""What `dir()` of a public module shows, and so what editors and notebooks offer: its public names, not what it imports."""

from __future__ import annotations

import sys
from collections.abc import Callable

from zarr._support.imports_on_use import importing


def public_names_of(module: str) -> Callable[[], list[str]]:
    """A module's `__dir__`: what is in its `__all__`, and the public submodules of a package.

    Examples
    --------
    >>> import zarr.storage
    >>> "LocalStore" in public_names_of("zarr.storage")(), "sys" in public_names_of("zarr.storage")()
    (True, False)
    """

    def names() -> list[str]:
        found = sys.modules[module]
        offered = (name for name in getattr(found, "__all__", ()) if not name.startswith("_"))
        return sorted({*offered, *_submodules(getattr(found, "__path__", []))})

    return names


def _submodules(path: list[str]) -> list[str]:
    if not path:
        return []
    with importing("pkgutil"):  # on use, as it is slow to import
        from pkgutil import iter_modules
    return [module.name for module in iter_modules(path) if not module.name.startswith("_")]
