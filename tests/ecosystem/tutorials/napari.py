"""napari, "Using Zarr": a stack in chunks is a layer, sliced as it is looked at. Without a screen, so without its window."""

import dask.array as da
import numpy as np
from napari.components import ViewerModel

import zarr

stack = np.random.default_rng(0).integers(0, 4000, size=(6, 64, 64), dtype="u2")
array = zarr.create_array("stack.zarr", data=stack, chunks=(1, 64, 64))

for data in (zarr.open("stack.zarr", mode="r"), da.from_zarr("stack.zarr")):
    viewer = ViewerModel()
    layer = viewer.add_image(data, contrast_limits=[0, 4000])
    for z in range(len(stack)):
        viewer.dims.set_point(0, z)
        assert np.array_equal(np.asarray(layer._slice.image.raw), stack[z])
