"""Modules that other packages import from zarr-python's inside. They only re-export."""

from typing import Any

from zarr._support.imports_on_use import importing, submodules_of
from zarr._support.public_names import public_names_of

_submodule = submodules_of(__name__)


def __getattr__(name: str) -> Any:
    """A submodule, or the one class that zarr-python has here."""
    if name != "BatchedCodecPipeline":
        return _submodule(name)
    with importing("zarr.core.codec_pipeline"):
        from zarr.core.codec_pipeline import BatchedCodecPipeline

    return BatchedCodecPipeline


__dir__ = public_names_of(__name__)
