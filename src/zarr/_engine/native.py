"""The door to the native extension: the only module that imports it.

A missing or broken extension is a fact to report, not an error to raise here: `load_problem` says what went wrong.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from zarr._imports import importing

if TYPE_CHECKING:
    from zarr._engine.base import Engine


@lru_cache(maxsize=1)
def _load() -> tuple[Any, str | None]:
    try:
        with importing:
            from zarr import _native  # on use: with engine "python" it is never imported
    except ImportError as exc:
        if find_spec("zarr._native") is None:
            return None, "its extension in Rust, zarr._native, was not built"
        return None, f"importing its extension zarr._native failed ({exc})"
    return _native, None


def load_problem() -> str | None:
    """Why the extension cannot be used; None if it can."""
    return _load()[1]


def engines() -> tuple[Engine, ...]:
    """The engines that the loaded extension provides, best first."""
    return ()


def build_info() -> dict[str, str] | None:
    """Version, profile and target of the extension; None if it is not loaded."""
    module, _ = _load()
    return None if module is None else module.build_info()
