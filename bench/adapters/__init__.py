"""One small class per contender, in one module per family of them. Every adapter offers the same few operations.

A dataset description `ds` is a dict: shape, dtype, chunks, shards, codec.
Codecs: "none", "zstd" (level 0 = libzstd's default 3, no checksum),
"blosc" (zstd, clevel 3, bitshuffle), "gzip" (level 1), "lz4" (blosc lz4, clevel 5,
shuffle: what Zarr format 2 arrays in the wild mostly carry; used with format 2 only),
and those that `cliffs.py` names.
An operation a library lacks raises Unsupported, which is reported as n/a.
"""

from adapters.blosc2 import Blosc2
from adapters.by_hand import Limit
from adapters.hdf5 import H5
from adapters.ours import Ours, OursCache
from adapters.tensorstore import TensorStore, TensorStoreCache, TensorStoreFsync
from adapters.zarr_python import Zarr, ZarrFused, ZarrZarrs

ADAPTERS = {
    "zarr": Zarr,
    "zarr-fused": ZarrFused,
    "zarr-zarrs": ZarrZarrs,
    "ours": Ours,
    "ours-cache": OursCache,
    "tensorstore": TensorStore,
    "tensorstore-fsync": TensorStoreFsync,
    "tensorstore-cache": TensorStoreCache,
    "blosc2": Blosc2,
    "h5py": H5,
    "limit": Limit,
}
