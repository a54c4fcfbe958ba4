"""Seeds for the fuzz targets: `python seeds.py`, with numcodecs, writes `seeds/TARGET/NAME`."""

from pathlib import Path

import numcodecs
from numcodecs import blosc

FOX = b"the quick brown fox " * 40
COUNT = b"".join((i // 3).to_bytes(4, "little") for i in range(1000))
SEEDS = Path(__file__).parent / "seeds"


def put(target: str, name: str, decoded_nbytes: int, encoded: bytes) -> None:
    """Write a seed: decoded length, range of a partial read, encoded form."""
    place = SEEDS / target
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(decoded_nbytes.to_bytes(2, "little") + bytes([40, 20]) + bytes(encoded))


for what, data in {"fox": FOX, "count": COUNT}.items():
    for checksum in (False, True):
        put("zstd", f"{what}-{checksum}", len(data) // 8, numcodecs.Zstd(3, checksum).encode(data))
    member = bytes(numcodecs.GZip(6).encode(data))
    put("gzip", what, len(data), member)
    put("gzip", f"{what}-twice", 2 * len(data), member + member + bytes(9))
    put("zlib", what, len(data), numcodecs.Zlib(6).encode(data))
    put("lz4", what, len(data), numcodecs.LZ4().encode(data))
    for cname in ("blosclz", "lz4", "zlib", "zstd"):
        for shuffle in (0, 1, 2):
            put("blosc", f"{what}-{cname}-{shuffle}", len(data), blosc.compress(data, cname.encode(), 5, shuffle, 0, 4))
put("zstd", "long", 200_000 // 8, numcodecs.Zstd(1).encode(bytes(200_000)))
