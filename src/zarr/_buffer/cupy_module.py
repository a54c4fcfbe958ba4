"""CuPy, which is optional and heavy: imported when something in the memory of a GPU is first made or met."""

from __future__ import annotations

from typing import Any

from zarr._support.imports_on_use import importing

_HINT = "pip install cupy-cuda12x, or the package for your version of CUDA."


def cupy_for(what: str) -> Any:
    """The module `cupy`.

    Parameters
    ----------
    what
        What needs it, for the error.

    Raises
    ------
    ImportError
        If it is not installed, or finds no CUDA.
    """
    try:
        with importing("cupy"):
            import cupy
    except ImportError as exc:
        raise ImportError(f"Cannot use {what} without cupy. Please install cupy: {_HINT}", name="cupy") from exc
    return cupy
