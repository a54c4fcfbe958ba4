"""Another process that writes what it is told to: a line "start stop value" is answered when it is stored.

python -m tests.safety.rewriter ENGINE ROOT
"""

import sys

import zarr
from tests.safety.crowd import opened


def main(engine, root):
    zarr.config.set({"engine": engine})
    array = opened(root)
    print("ready", flush=True)
    for line in sys.stdin:
        start, stop, value = map(int, line.split())
        array[start:stop] = value
        print("stored", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
