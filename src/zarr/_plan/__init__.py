"""Plans: what to read or write, as data."""

from zarr._plan.model import ObjectPlan, Projection, Region
from zarr._plan.project import decoded_grid, plan

__all__ = ["ObjectPlan", "Projection", "Region", "decoded_grid", "plan"]
