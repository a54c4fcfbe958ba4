"""What processes that race have in common, for the server that forks them: modules that are imported on first use are imported there.

A child that imports them itself takes half a second of the processor, which is more than most of them have to do.
"""

import zarr
from tests.remote import races  # noqa: F401  # whose functions they call

for _engine in ("native", "python"):
    with zarr.config.set({"engine": _engine}):
        for _zarr_format in (2, 3):
            _array = zarr.create_array({}, data=[1, 2, 3], chunks=2, zarr_format=_zarr_format, attributes={"a": 1})
            _array[1] = _array[0]
            _array.append([4])
            zarr.create_group({}, zarr_format=_zarr_format).attrs["b"] = 2
