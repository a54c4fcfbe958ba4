"""xarray, "Reading and writing files" → Zarr: a dataset is stored, extended, read in chunks, and written by region."""

import numpy as np
import pandas as pd
import xarray as xr

ds = xr.Dataset(
    {"foo": (("x", "y"), np.random.default_rng(0).random((4, 5)))},
    coords={
        "x": [10, 20, 30, 40],
        "y": pd.date_range("2000-01-01", periods=5),
        "z": ("x", list("abcd")),
    },
)
ds.to_zarr("example.zarr", zarr_format=2, consolidated=True)
xr.testing.assert_identical(xr.open_zarr("example.zarr").load(), ds)

ds.to_zarr("example.zarr", mode="w")
back = xr.open_zarr("example.zarr")
assert back.foo.chunks == ((4,), (5,))
xr.testing.assert_identical(back.load(), ds)

first = ds.isel(y=slice(0, 2))
first.to_zarr("appended.zarr", mode="w")
ds.isel(y=slice(2, 5)).to_zarr("appended.zarr", append_dim="y")
xr.testing.assert_equal(xr.open_zarr("appended.zarr").load(), ds)

lazy = ds.chunk({"x": 2})
lazy.to_zarr("regions.zarr", mode="w", compute=False)
for start in (0, 2):
    part = {"x": slice(start, start + 2)}
    ds.isel(part).drop_vars("y").to_zarr("regions.zarr", region=part)
xr.testing.assert_equal(xr.open_zarr("regions.zarr").load(), ds)
