"""The codec pipelines of zarr-python."""

from zarr._compat.parsing import codecs_from_list
from zarr._compat.pipeline import AsyncChunkTransform, BatchedCodecPipeline, FusedCodecPipeline
from zarr._support.public_names import public_names_of

__all__ = ["AsyncChunkTransform", "BatchedCodecPipeline", "FusedCodecPipeline", "codecs_from_list"]

__dir__ = public_names_of(__name__)
