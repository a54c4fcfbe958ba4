"""The door to the extension in Rust: the only module that imports it.

A missing or broken extension is a fact to report, not an error to raise here: `load_problem` says what went wrong.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from zarr._buffer import declare_immutable
from zarr._support.forks import hold_around_forks
from zarr._support.imports_on_use import importing


@lru_cache(maxsize=1)
def _load() -> tuple[Any, str | None]:
    try:
        with importing("zarr._native"):
            from zarr import _native  # on use: with engine "python" it is never imported
            from zarr._native import OwnedBytes, Place, before_fork  # noqa: F401  # one of an older build is refused

            hold_around_forks(before_fork, _native.after_fork_in_parent, _native.after_fork_in_child)
    except ImportError as exc:
        if find_spec("zarr._native") is None:
            return None, "its extension in Rust, zarr._native, was not built"
        return None, f"importing its extension zarr._native failed ({exc})"
    declare_immutable(OwnedBytes)
    return _native, None


def load_problem() -> str | None:
    """Why the extension cannot be used; None if it can."""
    return _load()[1]


def extension() -> Any:
    """The module `zarr._native`; None if it cannot be used."""
    return _load()[0]


def set_cache_capacity(nbytes: int | None) -> None:
    """Let the chunk cache of this process hold so many bytes at most; None for a share of the memory."""
    module, _ = _load()
    if module is not None:
        module.set_cache_capacity(module.default_cache_nbytes() if nbytes is None else nbytes)


def build_info() -> dict[str, str] | None:
    """Version, profile and target of the extension; None if it is not loaded."""
    module, _ = _load()
    return None if module is None else module.build_info()
