"""The codec pipeline of zarr-python."""

from zarr._compat.pipeline import BatchedCodecPipeline
from zarr._support.public_names import public_names_of

__all__ = ["BatchedCodecPipeline"]

__dir__ = public_names_of(__name__)
