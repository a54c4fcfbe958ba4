"""This library, by the calls that it shares with zarr-python."""

import os
import sys

from adapters.zarr_python import Zarr


class Ours(Zarr):
    """The library under test, which stands in $OURS_PATH beside the peers; its chunk cache off for the headline rows."""

    config = {"array.chunk_cache_bytes": 0}

    def __init__(self):
        sys.path.insert(0, os.environ["OURS_PATH"])
        super().__init__()
        if not self.z.__file__.startswith(os.environ["OURS_PATH"]):
            raise RuntimeError(f"measuring {self.z.__file__}, not the library in {os.environ['OURS_PATH']}")

    def create_typed(self, path, ds):
        return self.create(path, ds)


class OursCache(Ours):
    config = {"array.chunk_cache_bytes": 256 << 20}
