"""Explores leases from the command line: `make model` runs all of it.

    python -m tests.safety.explore_leases object part0,delete/whole explore crash=1 lost=1 seconds=60
    python -m tests.safety.explore_leases array2 append,append/append,shrink random crash=1 expiry=2 runs=10000
"""

import sys

from tests.suites.exploring import World, at_random, explore
from tests.suites.lease_clients import OBJECTS, arrays


def main():
    what, programs, how, *rest = sys.argv[1:]
    left = {key: int(value) for key, value in (each.split("=") for each in rest)}
    seconds, runs, seed = left.pop("seconds", 60), left.pop("runs", 10**6), left.pop("seed", 0)
    kind = OBJECTS if what == "object" else arrays(int(what.removeprefix("array")))
    world = World(kind, [each.split(",") for each in programs.split("/")], **left)
    result = explore(world, seconds) if how == "explore" else at_random(world, seconds, runs, seed)
    print(what, programs, how, *rest, "|", result)
    return result.wrong is not None


if __name__ == "__main__":
    sys.exit(main())
