"""Lazy views of arrays, as `array.lazy[...]` makes them, and what they tell."""

from zarr._faces.async_view import AsyncView
from zarr._faces.view import Explanation, Part, View
from zarr._faces.view_json import from_json
from zarr._support.public_names import public_names_of

__all__ = ["AsyncView", "Explanation", "Part", "View", "from_json"]

__dir__ = public_names_of(__name__)
