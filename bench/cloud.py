#!/usr/bin/env python3
"""Compare libraries over a bucket of S3 whose server takes its time: requests, time, and CPU of the client.

    python cloud.py --out results/cloud [--rounds 7] [--latency-ms 20] [--only 'read_*'] [--contenders ours,tensorstore]

The server is that of the tests (`tests/servers/cloud.py`), in a process of its own; it makes each request wait, and counts.
Each contender is a process that stays, with an interpreter given by `--peers` or this one, and this library from
`$OURS_PATH`. They take turns at every single piece of work, each round beginning with another one; the first round warms up
and does not count. CPU is of the whole process of the client, user and system, to a twentieth of a second behind the end
of the work. Every result is compared with what was written.
"""

import argparse
import fnmatch
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from cloud_clients import BUCKET, CONTENDERS

CHECKOUT = Path(__file__).resolve().parents[1]
AFTERWARDS_S = 0.05
CHUNKS = np.random.default_rng(7).integers(0, 2**31, (1000, 1000), dtype="i4")  # 100 chunks of 40 kB
MANY = np.random.default_rng(8).integers(0, 2**16, (2500, 4000), dtype="u2")  # 1,000 chunks of 20 kB
WINDOW = np.s_[240:752, 240:752]  # 36 inner chunks of 40 kB
OTHER_WINDOW = np.s_[:100, :100]


# ---------------------------------------------------------------- the work


class Work:
    """One row.

    Attributes
    ----------
    n_chunks
        How many chunks it is about, for the CPU of each; 0 where it is about none.
    """

    def __init__(self, title, act, n_chunks=0, before=lambda client: None, expected=None):
        self.title, self.act, self.n_chunks, self.before, self.expected = title, act, n_chunks, before, expected


def opened(name, **options):
    return lambda client: client.open(name, **options)


def read(selection):
    return lambda client, array: client.read(array, selection)


def with_known_index(client):
    """A shard of which something else was read before."""
    array = client.open("shard") if hasattr(client, "store") else client.open("shard", cache_nbytes=2**28)
    client.read(array, OTHER_WINDOW)
    return array


WORK = {
    "open_array": Work("open an array", lambda client, _: client.open("chunks")),
    "open_consolidated": Work(
        "open a consolidated group, list 50 members", lambda client, _: client.consolidated("consolidated"), expected=50
    ),
    "list_members": Work("the same, not consolidated", lambda client, _: client.members("plain"), expected=50),
    "read_100": Work("read 100 chunks of 40 kB", read(...), 100, opened("chunks"), CHUNKS),
    "read_shard": Work("a window in one shard, 36 chunks", read(WINDOW), 36, opened("shard"), CHUNKS[WINDOW]),
    "read_shard_again": Work("the same, index known", read(WINDOW), 36, with_known_index, CHUNKS[WINDOW]),
    "write_100": Work(
        "write 100 whole chunks", lambda client, array: client.write(array, ..., CHUNKS), 100, opened("written")
    ),
    "read_absent": Work("read 100 absent chunks", read(...), 100, opened("absent"), np.zeros_like(CHUNKS)),
    "read_1000": Work("read 1,000 chunks of 20 kB", read(...), 1000, opened("many"), MANY),
}


def prepare(zarr, store):
    """What is read, written with whichever zarr is at hand."""

    def array(path, shape, dtype, data=None, **options):
        made = zarr.create_array(
            store, name=path, shape=shape, dtype=dtype, chunks=(100, 100), compressors=None, fill_value=0, **options
        )
        if data is not None:
            made[...] = data

    array("chunks", CHUNKS.shape, "i4", CHUNKS)
    array("many", MANY.shape, "u2", MANY)
    array("shard", CHUNKS.shape, "i4", CHUNKS, shards=(1000, 1000))
    array("written", CHUNKS.shape, "i4")
    array("absent", CHUNKS.shape, "i4")
    for group in ("plain", "consolidated"):
        zarr.create_group(store, path=group)
        for number in range(50):
            zarr.create_array(store, name=f"{group}/a{number}", shape=10, dtype="i4")
    zarr.consolidate_metadata(store, path="consolidated")


# ---------------------------------------------------------------- one contender


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def tell(**what):
    print(json.dumps(what), flush=True)


def hear():
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def serve_as(name, endpoint):
    """Do what the driver says, in two steps: what is not measured, and what is."""
    make, concurrency = CONTENDERS[name]
    client = make(endpoint, concurrency)
    tell(version=client.version(), python=sys.version.split()[0])
    while (order := hear()) is not None:
        if order["work"] == "prepare":
            prepare(client.zarr, client.store())
            tell(done=True)
            continue
        work = WORK[order["work"]]
        state = work.before(client)
        tell(ready=True)
        hear()
        cpu, began = cpu_seconds(), time.perf_counter()
        found = work.act(client, state)
        took = time.perf_counter() - began
        time.sleep(AFTERWARDS_S)
        cpu = cpu_seconds() - cpu
        is_right = work.expected is None or np.array_equal(found, work.expected)
        if order["work"] == "write_100":
            is_right = np.array_equal(client.read(state, ...), CHUNKS)
        del found, state
        tell(took=took, cpu=cpu, is_right=bool(is_right))


class Contender:
    """A contender's process, as the driver sees it."""

    def __init__(self, name, python, endpoint):
        self.name = name
        is_ours = name.startswith("ours")
        path = os.environ.get("OURS_PATH") if is_ours else None
        env = {**os.environ, "PYTHONPATH": path or "", "AWS_EC2_METADATA_DISABLED": "true"}
        self.process = subprocess.Popen(
            [python, __file__, "--serve-as", name, "--endpoint", endpoint],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        self.versions = self.hear()

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended; see above")
        return json.loads(line)

    def tell(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


# ---------------------------------------------------------------- the driver


def measure(cloud, contenders, names, rounds):
    found = {name: {contender.name: [] for contender in contenders} for name in names}
    for name in names:
        able = [contender for contender in contenders if can(contender.name, name)]
        for number in range(rounds + 1):
            turn = number % len(able)
            for contender in able[turn:] + able[:turn]:
                contender.tell(work=name)
                contender.hear()
                cloud.forget_requests()
                contender.tell(go=True)
                result = contender.hear()
                if not result.pop("is_right"):
                    raise SystemExit(f"{contender.name} gave something else than was written in {name}")
                log = cloud.requests
                if name == "write_100":
                    log = [
                        request for request in log if request["method"] == "PUT"
                    ]  # what is read is read to compare it
                if number:
                    result |= {"requests": len(log), "moved": sum(request["sent"] for request in log)}
                    found[name][contender.name].append(result)
        show(name, found[name])
    return found


def can(contender, name):
    make, _ = CONTENDERS[contender]
    return not (name in ("open_consolidated", "list_members") and make.members is None)


def show(name, by_contender):
    for contender, results in by_contender.items():
        if results:
            took, cpu = (statistics.median(r[what] for r in results) for what in ("took", "cpu"))
            each = cpu / (WORK[name].n_chunks or 1)
            print(
                f"{name:18} {contender:15} {took * 1e3:8.1f} ms {each * 1e6:8.0f} µs CPU {results[-1]['requests']:5} requests"
                f" {results[-1]['moved'] / 1e6:6.1f} MB",
                file=sys.stderr,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="results go to OUT.json")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--latency-ms", type=float, default=20)
    parser.add_argument("--only", default="*", help="patterns of rows")
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--peers", default=sys.executable, help="their interpreter, and ours")
    parser.add_argument("--serve-as", help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve_as:
        serve_as(args.serve_as, args.endpoint)
        return
    sys.path.insert(0, str(CHECKOUT))
    from tests.servers.running import running_cloud

    names = [name for name in WORK if any(fnmatch.fnmatch(name, pattern) for pattern in args.only.split(","))]
    with running_cloud() as cloud:
        cloud.reset(BUCKET)
        contenders = [Contender(name, args.peers, cloud.url) for name in args.contenders.split(",")]
        first = next(contender for contender in contenders if not contender.name.startswith("tensorstore"))
        first.tell(work="prepare")
        first.hear()
        cloud.wait(args.latency_ms / 1e3)
        found = measure(cloud, contenders, names, args.rounds)
        for contender in contenders:
            contender.end()
    if args.out:
        result = {
            "latency_ms": args.latency_ms,
            "rounds": args.rounds,
            "versions": {contender.name: contender.versions for contender in contenders},
            "titles": {name: WORK[name].title for name in names},
            "n_chunks": {name: WORK[name].n_chunks for name in names},
            "found": found,
        }
        Path(f"{args.out}.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
