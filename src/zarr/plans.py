"""Plans for writers on many machines, as `zarr.partition` makes them, and what `zarr.advise` says of new arrays."""

from zarr._calls.advise import Advice, advise
from zarr._faces.plan import Finished, Plan, Task, partition
from zarr._support.public_names import public_names_of

__all__ = ["Advice", "Finished", "Plan", "Task", "advise", "partition"]

__dir__ = public_names_of(__name__)
