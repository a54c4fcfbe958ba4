"""Modules that other packages import from zarr-python's inside. They only re-export."""
