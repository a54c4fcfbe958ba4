"""How small and how fast codecs are, on two data sets that are no inventions: a table for the page *Codecs*.

A map of land and sea (Booleans, of the package global_land_mask) and a measurement by magnetic resonance (16-bit integers, of the
package nibabel). Each is written to memory and read back on one thread, five times; the best counts.

    python bench/codecs.py
"""

import time
from pathlib import Path

import numcodecs
import numpy as np

import zarr
from zarr.codecs import BitRoundCodec, BloscCodec, BytesCodec, GzipCodec, PackBitsCodec, ZstdCodec
from zarr.codecs.numcodecs import Delta, PCodec

N_TIMES = 5
CODECS = {
    "none": {"compressors": None},
    "`ZstdCodec()`": {},
    "`ZstdCodec(level=9)`": {"compressors": ZstdCodec(level=9)},
    '`BloscCodec(cname="zstd")`': {"compressors": BloscCodec(cname="zstd", clevel=5)},
    '`BloscCodec(cname="lz4", clevel=1)`': {"compressors": BloscCodec(cname="lz4", clevel=1)},
    "`GzipCodec()`": {"compressors": GzipCodec()},
    "`numcodecs.LZMA()`": {"compressors": numcodecs.LZMA()},
    "`Delta`, `ZstdCodec()`": {"filters": Delta()},
    "`BitRoundCodec(keepbits=4)`, `ZstdCodec()`": {"filters": BitRoundCodec(keepbits=4)},
    "`PackBitsCodec()`": {"serializer": PackBitsCodec(), "compressors": None},
    "`PackBitsCodec()`, `ZstdCodec()`": {"serializer": PackBitsCodec()},
    "`numcodecs.PCodec()`": {"serializer": PCodec(), "compressors": None},
    '`BytesCodec(endian="big")`, `ZstdCodec()`': {"serializer": BytesCodec(endian="big")},
}


def land_mask():
    """A quarter of the Earth, north of the equator and west of Greenwich: 10,800 × 21,600 points."""
    import global_land_mask

    packed = np.load(Path(global_land_mask.__file__).parent / "globe_combined_mask_compressed.npz")
    return ~packed["mask"][:10_800, :21_600], (1080, 1080)


def resonance():
    """128 × 96 × 24 voxels, twice."""
    import nibabel

    image = nibabel.load(Path(nibabel.__file__).parent / "tests/data/example4d.nii.gz")
    return np.asarray(image.dataobj).astype("int16"), (64, 48, 24, 1)


def measured(data, chunks, settings):
    """Bytes stored for each byte of data, and megabytes per second of writing and of reading; None if it does not suit."""
    spent = []
    for _ in range(N_TIMES):
        try:
            begin = time.perf_counter()
            array = zarr.create_array(zarr.storage.MemoryStore(), data=data, chunks=chunks, **settings)
            written = time.perf_counter()
            array[...]
            spent.append((written - begin, time.perf_counter() - written))
        except (TypeError, ValueError):
            return None
    fast = (data.nbytes / 1e6 / min(times) for times in zip(*spent, strict=True))
    return array.nbytes_stored() / data.nbytes, *fast


def main():
    datasets = [land_mask(), resonance()]
    print("| codecs | land | MB/s | resonance | MB/s |")
    print("|---|---|---|---|---|")
    with zarr.config.set({"threading.max_workers": 1}):
        for name, settings in CODECS.items():
            cells = []
            for data, chunks in datasets:
                found = measured(data, chunks, settings)
                cells += ["–", "–"] if found is None else [f"{found[0]:.2%}", f"{found[1]:.0f}, {found[2]:.0f}"]
            print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
