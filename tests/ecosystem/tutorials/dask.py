"""Dask, "Create and store Dask arrays" → Zarr: an array goes to a directory and comes back, in its chunks."""

import dask.array as da
import numpy as np

import zarr

x = da.from_array(np.arange(1_000_000).reshape(1000, 1000), chunks=(300, 400))
da.to_zarr(x.rechunk((250, 500)), "x.zarr")
y = da.from_zarr("x.zarr")
assert y.chunks == ((250,) * 4, (500,) * 2)
assert int(y.sum().compute()) == 999_999 * 500_000
assert np.array_equal(y[::7, 3:900:2].compute(), x[::7, 3:900:2].compute())

z = zarr.create_array("z.zarr", shape=x.shape, chunks=(250, 500), dtype=x.dtype)
da.store(x.rechunk((250, 500)), z, lock=False)
assert np.array_equal(z[:], x.compute())
assert np.array_equal(da.from_array(z, chunks=z.chunks).mean(axis=0).compute(), x.mean(axis=0).compute())
