"""Selections: parsed once at the edge, data from there on."""

from zarr._selection.blocks import block
from zarr._selection.fancy import fancy
from zarr._selection.model import (
    ArrayAxis,
    AxisSelection,
    GridSelection,
    IntAxis,
    PointSelection,
    Selection,
    SliceAxis,
)
from zarr._selection.normalize import basic, is_basic, orthogonal
from zarr._selection.points import coordinate, mask, vectorized

__all__ = [
    "ArrayAxis",
    "AxisSelection",
    "GridSelection",
    "IntAxis",
    "PointSelection",
    "Selection",
    "SliceAxis",
    "basic",
    "block",
    "coordinate",
    "fancy",
    "is_basic",
    "mask",
    "orthogonal",
    "vectorized",
]
