"""How long each bomb takes until it is refused, and how much memory: `python -m tests.safety.measure_bombs`, or `make bombs`.

Each is read in a process of its own, which a warm one forks: nothing of the one before is left. Exits with 1 if one is over
the limits.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import zarr
from tests.safety.bomb_reading import CLEAR, MOST_NBYTES, OURS, read_all, resident, store_of
from tests.safety.bombs import CASES

MOST_SECONDS = 0.1


def measured(name: str) -> tuple[float, int]:
    """Seconds at work and bytes of one bomb, which has to be refused. In this process."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as place:
        store = store_of(case, Path(place))
        gc.collect()
        CLEAR.write_text("5")  # the peak begins anew
        before, began = resident("VmRSS"), time.process_time()
        try:
            read_all(store, case.selection)
        except OURS:
            return time.process_time() - began, resident("VmHWM") - before
    raise AssertionError("it was read")


def apart(name: str) -> tuple[float, int]:
    """The same in a process of its own."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            seconds, nbytes = measured(name)
            os.write(into, f"{seconds} {nbytes}".encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer:
        said = answer.read().split()
    os.waitpid(child, 0)
    if not said:
        raise RuntimeError(f"{name}: no error of ours")
    return float(said[0]), int(said[1])


def main() -> int:
    warnings.simplefilter("ignore")
    status = 0
    for engine in ("native", "python"):
        zarr.config.set({"engine": engine})
        for name in list(CASES)[::20]:
            measured(name)  # imports what is imported on use
        found = {name: apart(name) for name in CASES}
        print(f"{engine}: {len(found)} cases")
        for number, unit, most in ((0, 1000.0, MOST_SECONDS), (1, 2.0**-20, MOST_NBYTES)):
            worst = sorted(found, key=lambda name: found[name][number], reverse=True)
            for name in worst[:8]:
                print(f"  {found[name][number] * unit:8.1f} {('ms', 'MB')[number]}  {name}")
            status |= found[worst[0]][number] > most
    return status


if __name__ == "__main__":
    sys.exit(main())
