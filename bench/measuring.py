"""How a workload is measured: what one run of it is given, and what tells whether the machine was free meanwhile."""

import gc
import hashlib
import os
import resource
import shutil
import threading
import time

import numpy as np
from adapters import ADAPTERS
from adapters.base import Unsupported
from datasets import DATASETS


def proc_status(field):
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    return float("nan")


def reset_peak():
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


BUF = bytes(8 << 20)


def calm():
    """Are both cores free now? A shared machine steals time without saying so:
    then two hashing threads take longer by the clock than by their own CPU time.

    Asked up to three times: right after long work the answer was seen to be no
    for a tenth of a second without any neighbour.
    """
    return any(two_at_once() for _ in range(3))


def two_at_once():
    cpu = []

    def work():
        c = time.thread_time()
        hashlib.sha256(BUF).digest()
        cpu.append(time.thread_time() - c)

    threads = [threading.Thread(target=work) for _ in range(2)]
    t = time.perf_counter()
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    return time.perf_counter() - t < 1.3 * max(cpu)


def warm(path):
    """Bring the files into the page cache (an idle one is reclaimed within seconds here)."""
    files = [path] if os.path.isfile(path) else [os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs]
    for name in files:
        with open(name, "rb", buffering=0) as f:
            while f.read(16 << 20):
                pass


def cpu_seconds():
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in both)


def tree_bytes(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(path) for f in fs)


class Run:
    """What a workload gets: the adapter, paths, data, and `bench`."""

    def __init__(self, job):
        self.job, self.metrics, self.wrong = job, {}, []
        self.workdir, self.tmp = job["workdir"], job["tmp"]
        self.check = job["check"]
        self.ad = ADAPTERS[job["adapter"]]()
        self.rng = np.random.default_rng(7)
        self.count = 0

    def source(self, name, load=True):
        return np.load(f"{self.workdir}/{DATASETS[name]['src']}.npy", mmap_mode=None if load else "r")

    def prepared(self, name):
        return f"{self.workdir}/{self.ad.family}-{name}{self.ad.suffix}"

    def open(self, name):
        path = self.prepared(name)
        if not os.path.exists(path):
            raise Unsupported(f"no prepared {name}")
        warm(path)
        return self.ad.open(path)

    def fresh(self):
        self.count += 1
        return f"{self.tmp}/w{self.count}{self.ad.suffix}"

    def copy_of(self, name):
        path, src = self.fresh(), self.prepared(name)
        if not os.path.exists(src):
            raise Unsupported(f"no prepared {name}")
        (shutil.copytree if os.path.isdir(src) else shutil.copyfile)(src, path)
        return path

    def bench(self, metric, fn, setup=None, teardown=None, reps=3, budget=1.0, ops=1, expect=None):
        """Time fn(setup()) up to `reps` times or until `budget` seconds are spent.

        It waits a little for a calm machine, and repeats once more when no
        repetition was calm at both ends; disturbed times are dropped if a clean one exists.
        """
        runs, spent, patience = [], 0.0, 2.0
        m = self.metrics[metric] = {"ops": ops}
        while True:
            while not (clean := calm()) and patience > 0:
                time.sleep(0.3)
                patience -= 0.3
            arg = setup() if setup else None
            gc.collect()
            reset_peak()
            base, cpu = proc_status("VmRSS"), cpu_seconds()
            t = time.perf_counter()
            out = fn(arg)
            t = time.perf_counter() - t
            cpu = cpu_seconds() - cpu
            if not runs:
                m["peak_mb"], m["base_mb"] = proc_status("VmHWM"), base
                if expect is not None and self.check:
                    want = expect() if callable(expect) else expect
                    if not np.array_equal(np.asarray(out), want):
                        self.wrong.append(metric)
            runs.append((t, cpu, clean and calm()))
            spent += t
            done = spent >= budget or len(runs) >= reps
            if done and not any(r[2] for r in runs) and len(runs) < reps + 1 and spent < 2 * budget:
                done = False
            if teardown:
                teardown(arg, out, done)
            del out, arg
            if done:
                break
        kept = [r for r in runs if r[2]] or runs
        m["times"], m["cpu"] = [r[0] for r in kept], [r[1] for r in kept]
        m["disturbed"] = len(runs) - sum(r[2] for r in runs)
