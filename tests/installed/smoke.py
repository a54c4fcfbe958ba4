"""Use an installed zarr as a program would: `python -I smoke.py native` or `python -I smoke.py reference`.

`make dist` runs this in clean environments, away from the checkout, for each file that it built. Arrays of both formats
are created, written, opened again and read, and the engine that is named must be the one that serves them: the native
one without any warning, the reference engine with exactly one that says that the extension was not built.
"""

import platform
import sys
import tempfile
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import zarr

VALUE = np.arange(48 * 36, dtype="<i4").reshape(48, 36)

LAYOUTS = {
    "format 2": {"zarr_format": 2, "chunks": (16, 9), "compressors": None},
    "format 2, compressed": {"zarr_format": 2, "chunks": (16, 9)},
    "format 3": {"chunks": (16, 9), "compressors": None},
    "format 3, compressed": {"chunks": (16, 9)},
    "format 3, sharded": {"chunks": (8, 6), "shards": (24, 18)},
    "format 3, sharded and blosc": {"chunks": (8, 6), "shards": (24, 18), "compressors": zarr.codecs.BloscCodec()},
}


def round_trip(path: Path, layout: dict[str, object]) -> None:
    """Create, write and read; open, change a part, and read again."""
    expected = VALUE.copy()
    zarr.create_array(path, data=expected, **layout)
    array = zarr.open_array(path, mode="r+")
    np.testing.assert_array_equal(array[:], expected)
    array[5:40:3, ::-1] = expected[5:40:3, ::-1] = -VALUE[5:40:3]
    again = zarr.open_array(path, mode="r")
    np.testing.assert_array_equal(again[:], expected)
    np.testing.assert_array_equal(again[47:2:-5, 7], expected[47:2:-5, 7])
    np.testing.assert_array_equal(again.oindex[[40, 3], [0, 35, 17]], expected[np.ix_([40, 3], [0, 35, 17])])


def native_work() -> int:
    """What the extension has done so far: opens, reads, writes; -1 where it is not installed."""
    if find_spec("zarr._native") is None:
        return -1
    from zarr import _native

    return sum(_native.counters().values())


def main(engine: str) -> None:
    home = Path(zarr.__file__).resolve()
    assert home.is_relative_to(Path(sys.prefix).resolve()), f"not the installed zarr: {home}"
    with warnings.catch_warnings(record=True) as caught, tempfile.TemporaryDirectory() as directory:
        warnings.simplefilter("always")
        for number, (name, layout) in enumerate(LAYOUTS.items()):
            before = native_work()
            round_trip(Path(directory, f"{number}.zarr"), layout)
            assert (native_work() > before) == (engine == "native"), f"{name}: not served by the {engine} engine"
    told = [text for warning in caught if "has no locks between processes" not in (text := str(warning.message))]
    expected = [] if engine == "native" else ["was not built"]
    assert len(told) == len(expected), told
    assert all(part in text for part, text in zip(expected, told, strict=True)), told
    print(
        f"zarr {version('zarr')} on {platform.python_implementation()} {platform.python_version()}: "
        f"{len(LAYOUTS)} layouts served by the {engine} engine, {len(told)} warnings"
    )


if __name__ == "__main__":
    main(sys.argv[1])
