"""Selections: parsed once at the edge, data from there on."""

from zarr._selection.model import ArrayAxis, AxisSelection, GridSelection, IntAxis, SliceAxis
from zarr._selection.normalize import basic, is_basic, orthogonal

__all__ = ["ArrayAxis", "AxisSelection", "GridSelection", "IntAxis", "SliceAxis", "basic", "is_basic", "orthogonal"]
