#!/usr/bin/env python3
"""Compare two builds of one library where the machine changes its speed from one second to the next.

    python turns.py --data DIR --pairs 15 BEFORE AFTER
    python turns.py --data DIR --only open_array,scalar PYTHON,ours PYTHON,ours

BEFORE and AFTER are an interpreter, and an adapter where it is not `ours`. Both run the same workload, each in a process
of its own that stays, and take turns at every single repetition (A B, B A, A B ...), so that what slows the machine slows
both; the ratio is taken pair by pair. DIR holds what `arraybench.py --reuse DIR` prepared.

A row is judged by the median of its ratios and its interval: the ratios that the median of so many pairs lies between in
95 of 100 cases, whatever their distribution (the order statistics of the sign test).
"""

import argparse
import fnmatch
import gc
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

from registry import names_known_to

REPEATABLE = {
    "open_array": 20,
    "scalar_small": 5,
    "scalar_large_blosc": 20,
    "slice_row_blosc": 10,
    "shard_random": 3,
} | dict.fromkeys(
    ("slice_row", "strided_7", "read_raw", "read_blosc", "v2_read", "small_read", "shard_read", "shardraw_read"), 3
)
"""Short rows that may be done again at once in the same turn, and how often; the best time counts."""


# ---------------------------------------------------------------- one of the two


def take_turns(job):
    """Run a workload; each repetition begins when the driver says so, and is told to it."""
    from adapters.base import Unsupported
    from measuring import Run, cpu_seconds
    from registry import all_workloads

    def timed(fn, arg):
        cpu, began = cpu_seconds(), time.perf_counter()
        out = fn(arg)
        return out, time.perf_counter() - began, cpu_seconds() - cpu

    class Turns(Run):
        def bench(self, metric, fn, setup=None, teardown=None, **_):
            while True:
                arg = setup() if setup else None
                gc.collect()
                more = tell_and_wait(ready=metric) == "go"
                if more:
                    out, took, cpu = timed(fn, arg)
                    if metric in REPEATABLE:  # the first after a pause tells more of the machine than of the work
                        again = [timed(fn, arg)[1:] for _ in range(REPEATABLE[metric])]
                        took, cpu = map(min, zip((took, cpu), *again))
                    tell(took=took, cpu=cpu)
                else:
                    out = fn(arg)  # once more: the next metric may want what this one leaves
                self.metrics[metric] = {"ops": 1}
                if teardown:
                    teardown(arg, out, not more)
                if not more:
                    break

    run = Turns(job)
    try:
        all_workloads()[job["workload"]](run)
    except Unsupported as exc:
        tell(unsupported=str(exc))
    tell(end=True)


def tell(**what):
    print(json.dumps(what), flush=True)


def tell_and_wait(**what):
    tell(**what)
    return sys.stdin.readline().strip()


# ---------------------------------------------------------------- who drives the two


class Contender:
    def __init__(self, text, workload, data, scratch):
        python, _, adapter = text.partition(",")
        self.scratch = tempfile.TemporaryDirectory(dir=scratch)
        job = {"workload": workload, "workdir": data, "check": False, "keep": "", "adapter": adapter or "ours"}
        command = [python, os.path.abspath(__file__), "--child", json.dumps(job | {"tmp": self.scratch.name})]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.scratch.name
        )

    def hear(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise SystemExit(f"{self.process.args[0]} ended with {self.process.wait()}")

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def take(self):
        self.say("go")
        return self.hear()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.scratch.cleanup()


def compare(workload, args):
    """The rows of one workload: metric -> for each start pairs of seconds, and of CPU seconds."""
    starts = {}
    for number in range(args.starts):
        for metric, pairs in compare_once(workload, args, is_after_first=number % 2 == 1).items():
            starts.setdefault(metric, []).append(pairs)
    return starts


def compare_once(workload, args, *, is_after_first):
    pairs = {}
    both = [Contender(text, workload, args.data, args.scratch) for text in (args.before, args.after)]
    try:
        while True:
            ready = [c.hear() for c in both]
            if any("ready" not in r for r in ready):
                return pairs
            (metric,) = {r["ready"] for r in ready}
            seen = pairs.setdefault(metric, [])
            spent = sum(a["took"] + b["took"] for a, b in seen)
            if len(seen) > args.pairs or (len(seen) > 3 and spent > args.seconds / args.starts):
                for c in both:
                    c.say("next")
                seen.pop(0)  # the first pair warmed up
            else:
                order = both if len(seen) % 2 == is_after_first else both[::-1]
                took = {id(c): c.take() for c in order}
                seen.append((took[id(both[0])], took[id(both[1])]))
    finally:
        for c in both:
            c.end()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--child", help=argparse.SUPPRESS)
    ap.add_argument("before", nargs="?")
    ap.add_argument("after", nargs="?")
    ap.add_argument("--data", help="what arraybench.py --reuse prepared")
    ap.add_argument("--scratch", help="where arrays are written (default: the system's directory)")
    ap.add_argument("--only", default="*", help="workload patterns, comma-separated")
    ap.add_argument("--starts", type=int, default=5, help="how often both processes are started")
    ap.add_argument("--pairs", type=int, default=5, help="of each start")
    ap.add_argument(
        "--seconds", type=float, default=30, help="spend no more on one row, three pairs of each start excepted"
    )
    args = ap.parse_args()
    if args.child:
        take_turns(json.loads(args.child))
        return
    args.data = os.path.abspath(args.data)
    names = names_known_to(args.before.partition(",")[0])
    print("| row | pairs | before, s | after, s | after / before | of the starts | of CPU time | minima |")
    print("|---|---:|---:|---:|---:|---|---:|---:|")
    for name in names:
        if any(fnmatch.fnmatch(name, pattern) for pattern in args.only.split(",")):
            for metric, starts in compare(name, args).items():
                print(row(metric, starts), flush=True)


def row(metric, starts):
    before, after = ([pair[side]["took"] for pairs in starts for pair in pairs] for side in (0, 1))
    ratios, cpu = ([median_ratio(pairs, what) for pairs in starts] for what in ("took", "cpu"))
    return (
        f"| {metric} | {len(before)} | {statistics.median(before):.4g} | {statistics.median(after):.4g} | "
        f"{statistics.median(ratios):.3f} | {min(ratios):.2f}-{max(ratios):.2f} | {statistics.median(cpu):.2f} | "
        f"{min(after) / min(before):.3f} |"
    )


def median_ratio(pairs, what):
    return statistics.median(b[what] / a[what] if a[what] else math.nan for a, b in pairs)


if __name__ == "__main__":
    main()
