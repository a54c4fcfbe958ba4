"""Plans for writers on many machines, as `zarr.partition` makes them."""

from zarr._faces.plan import Finished, Plan, Task, partition
from zarr._support.public_names import public_names_of

__all__ = ["Finished", "Plan", "Task", "partition"]

__dir__ = public_names_of(__name__)
