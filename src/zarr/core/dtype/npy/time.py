"""Data types of instants and durations."""

from zarr._compat.numbers_in_json import datetime_from_int
from zarr._dtype.time import DateTime64, TimeDelta64
from zarr._support.public_names import public_names_of

__all__ = ["DateTime64", "TimeDelta64", "datetime_from_int"]

__dir__ = public_names_of(__name__)
