"""Adapters to zarr-python's inner interfaces, which other packages use. Nothing below imports this."""
