"""The codec pipeline of zarr-python."""

from zarr._compat.pipeline import BatchedCodecPipeline

__all__ = ["BatchedCodecPipeline"]
