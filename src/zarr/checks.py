"""Checking what is stored, and what comes of it, as `zarr.verify`, `zarr.diff` and `zarr.stat` give it; comparing codecs; what a place offers."""

from zarr._checks.codec_comparison import CodecComparison, CodecResult, compare_codecs
from zarr._checks.diff import diff
from zarr._checks.differences import Comparison, Difference, ValueDifference
from zarr._checks.doctor import Diagnosis, doctor
from zarr._checks.findings import Census, Finding, Repair, Verification
from zarr._checks.stat import stat
from zarr._checks.statistics import ArrayStatistics, ChunkValues, CodecStage, Statistics
from zarr._checks.verify import verify
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayStatistics",
    "Census",
    "ChunkValues",
    "CodecComparison",
    "CodecResult",
    "CodecStage",
    "Comparison",
    "Diagnosis",
    "Difference",
    "Finding",
    "Repair",
    "Statistics",
    "ValueDifference",
    "Verification",
    "compare_codecs",
    "diff",
    "doctor",
    "stat",
    "verify",
]

__dir__ = public_names_of(__name__)
