"""The documents that zarr-python writes for a dataset, for whoever makes arrays by hand or from metadata."""

import numpy as np

from adapters.base import Unsupported


def zarr3_codecs(ds):
    """The codec list that zarr-python writes for this dataset."""
    if ds["codec"] not in (
        "none",
        "zstd",
        "blosc",
        "gzip",
    ):  # codecs around a sharding codec are refused by TensorStore
        raise Unsupported(ds["codec"])
    size = np.dtype(ds["dtype"]).itemsize
    chain = [{"name": "bytes", "configuration": {"endian": "little"}} if size > 1 else {"name": "bytes"}]
    chain += {
        "none": [],
        "zstd": [{"name": "zstd", "configuration": {"level": 0, "checksum": False}}],
        "blosc": [
            {
                "name": "blosc",
                "configuration": {
                    "typesize": size,
                    "cname": "zstd",
                    "clevel": 3,
                    "shuffle": "bitshuffle",
                    "blocksize": 0,
                },
            }
        ],
        "gzip": [{"name": "gzip", "configuration": {"level": 1}}],
    }[ds["codec"]]
    if not ds["shards"]:
        return chain
    return [
        {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": list(ds["chunks"]),
                "codecs": chain,
                "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
                "index_location": "end",
            },
        }
    ]


def zarr_metadata(ds):
    if ds["format"] == 2:
        return {
            "zarr_format": 2,
            "shape": list(ds["shape"]),
            "chunks": list(ds["chunks"]),
            "dtype": np.dtype(ds["dtype"]).str,
            "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
            "fill_value": 0,
            "order": "C",
            "filters": None,
            "dimension_separator": ".",
        }
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(ds["shape"]),
        "data_type": np.dtype(ds["dtype"]).name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(ds["shards"] or ds["chunks"])}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": zarr3_codecs(ds),
    }
