"""Explores leases: `make model` runs all of it, one scenario after the other on each processor.

    python -m tests.safety.explore_leases SECONDS
    python -m tests.safety.explore_leases object part0,delete/whole explore crash=1 lost=1 seconds=60
    python -m tests.safety.explore_leases array2 append,append/append,shrink random crash=1 expiry=2 runs=10000

A scenario is what the operations are on (an object, or an array of so many rows), the operations of each client, how to go about it, and how
often each fault may happen in one run. Ends with 1 if anything was found.
"""

import os
import sys
from itertools import combinations_with_replacement
from multiprocessing import Pool

from tests.suites.exploring import World, at_random, explore
from tests.suites.lease_clients import OBJECTS, arrays

PAIRS = ["part0", "whole", "clear0", "delete", "part0,delete", "whole,part1"]
FAULTS = ["crash=1", "lost=1", "late=1", "expiry=1", "crash=1 lost=1", "crash=1 expiry=1", "lost=1 expiry=1 handles=1"]
EVERYTHING = "crash=1 lost=1 late=1 expiry=4 handles=1 stale=1"
RANDOM = [
    "object part0,delete/whole,part1/clear0,part0 random",
    "object whole,get/part0,delete,sweep/part1,get random",
    "object part0,clear0/delete,whole/part1,clear1 random",
    "array2 append,part/part,append/append,shrink random",
    "array1 append,attributes/append/attributes,shrink random",
    "array3 shrink,append/append,append/part,append random",
]


def scenarios():
    """All of them, each as a line."""
    for one, other in combinations_with_replacement(PAIRS, 2):
        for faults in FAULTS:
            yield f"object {one}/{other} explore {faults}"
    for one, other in combinations_with_replacement(["append", "shrink", "part", "attributes"], 2):
        for faults in FAULTS[:6]:
            yield f"array2 {one}/{other} explore {faults}"
    for seed in range(4):
        for each in RANDOM:
            yield f"{each} {EVERYTHING} seed={seed}"


def run(line):
    """Explore one scenario; whether anything is wrong, and what came of it as a text."""
    what, programs, how, *rest = line.split()
    left = {key: int(value) for key, value in (each.split("=") for each in rest)}
    seconds, runs, seed = left.pop("seconds", 60), left.pop("runs", 10**6), left.pop("seed", 0)
    kind = OBJECTS if what == "object" else arrays(int(what.removeprefix("array")))
    world = World(kind, [each.split(",") for each in programs.split("/")], **left)
    result = explore(world, seconds) if how == "explore" else at_random(world, seconds, runs, seed)
    return result.wrong is not None, f"{line} | {result}"


def main():
    if len(sys.argv) > 2:
        is_wrong, text = run(" ".join(sys.argv[1:]))
        print(text)
        return is_wrong
    seconds = int(sys.argv[1]) if len(sys.argv) == 2 else 60
    lines = [f"{line} seconds={seconds * (1 if ' explore ' in line else 4)}" for line in scenarios()]
    wrong = 0
    with Pool(len(os.sched_getaffinity(0))) as pool:
        for is_wrong, text in pool.imap_unordered(run, lines):
            print(text, flush=True)
            wrong += is_wrong
    print(f"{len(lines)} scenarios, {wrong} with something wrong")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
