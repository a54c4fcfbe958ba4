"""The package obstore, as this process can use it.

It keeps one pool of threads for all of its requests. A child that is forked when there is one has the pool and not the
threads, and waits for ever at its first request, also with a client that it made itself. There is no way to have obstore make
another pool; so such a child loads the library once more, from a copy of its file, which the system takes for another one.
That takes a twentieth of a second. What the user has imported stays as it is.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from threading import RLock
from typing import TYPE_CHECKING, Any

from zarr._support.forks import renew_in_children
from zarr._support.imports_on_use import importing
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_NATIVE = "obstore._obstore"
_guard = RLock()
_is_inherited = False
_own: Any = None


def obstore_module() -> Any:
    """The module obstore.

    Raises
    ------
    ImportError
        If it is not installed, with the command that installs it.
    """
    global _own
    if _own is None:
        with _guard:
            if _own is None:
                _own = _loaded_again() if _is_inherited else _imported()
    return _own


def _imported() -> Any:
    try:
        with importing("obstore"):
            import obstore
            import obstore.store
    except ModuleNotFoundError as exc:
        if exc.name != "obstore":
            raise
        raise ImportError(
            'this store needs the package obstore, which is not installed: pip install "obstore>=0.8"',
            name="obstore",
        ) from None
    return obstore


@renew_in_children
def _leave_to_parent() -> None:
    global _guard, _is_inherited, _own
    _guard = RLock()
    _is_inherited = _is_inherited or _NATIVE in sys.modules
    _own = None


def _loaded_again() -> Any:
    """The package anew, over a copy of the library that nobody has used."""
    inherited = sys.modules[_NATIVE]
    with _without_obstore():
        try:
            sys.modules[_NATIVE] = _load_copy(str(inherited.__file__))
            with importing("obstore"):
                import_module("obstore.store")
            return sys.modules["obstore"]
        except (OSError, ImportError) as exc:
            if came_from_a_signal(exc):
                raise
            raise ImportError(
                "this process was forked from one that had obstore loaded, where it cannot be used, and it cannot be loaded "
                f"anew ({exc}). Start processes with 'spawn' or 'forkserver'",
                name="obstore",
            ) from exc


@contextmanager
def _without_obstore() -> Iterator[None]:
    """Have no module of the package, and afterwards those that there were."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "obstore"}
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "obstore"]:
            del sys.modules[name]
        sys.modules.update(before)


def _load_copy(path: str) -> ModuleType:
    with open(path, "rb") as file:
        descriptor, copy = _copied(file.read())
    try:
        loader = ExtensionFileLoader(_NATIVE, copy)
        spec = spec_from_file_location(_NATIVE, copy, loader=loader)
        if spec is None:
            raise ImportError(f"{copy} is no module")
        module = module_from_spec(spec)
        loader.exec_module(module)
    finally:
        os.close(descriptor)
        if not copy.startswith("/proc/"):
            os.unlink(copy)
    return module


def _copied(content: bytes) -> tuple[int, str]:
    """A new file in memory, or where files go that nobody keeps; its descriptor and its path."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("obstore")
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(suffix=".so")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    return descriptor, path
