"""What one child process does: a workload, or what comes before and after all of them."""

import sys
import traceback

import numpy as np
from adapters.base import Unsupported
from datasets import DATASETS, K, generate, slab
from measuring import Run, tree_bytes
from registry import all_workloads


def prepare(r):
    """Write every dataset this adapter's family reads, once."""
    for name, ds in DATASETS.items():
        path = r.prepared(name)
        try:
            a = r.ad.create(path, ds)
        except Unsupported:
            continue
        if ds["src"]:
            r.ad.write(a, ..., r.source(name))
        else:
            data = np.arange(20 * K * K, dtype="i4").reshape(K, 20 * K)
            for i in range(0, 20 * K, K):
                r.ad.write(a, slab(i), data)
        r.ad.close(a)
        r.metrics[name] = {"stored": tree_bytes(path)}
    if r.ad.family == "zarr":
        path = r.prepared("group")
        r.ad.group_create(path, 500)
        r.ad.group_consolidate(path)


def readback(r):
    """Does what another library wrote at job['keep'] equal the source?"""
    name = all_workloads()[r.job["written_by"]].dataset
    if not np.array_equal(r.ad.read(r.ad.open(r.job["keep"]), ...), r.source(name, load=False)):
        r.wrong.append(r.job["written_by"])


def child(job):
    out = {}
    try:
        if job["workload"] == "generate":
            generate(job["workdir"])
            return {"metrics": {}}
        r = Run(job)
        fn = {"prepare": prepare, "readback": readback}.get(job["workload"]) or all_workloads()[job["workload"]]
        if r.ad.write_only_variant and not any(
            w in job["workload"] for w in ("write", "append", "rechunk", "group", "prepare", "readback")
        ):
            raise Unsupported("same as its sibling")
        out["versions"] = r.ad.versions() | {"python": sys.version.split()[0]}
        try:
            fn(r)
        finally:
            out["metrics"] = {k: v for k, v in r.metrics.items() if v.get("times") or v.get("stored")}
            out["wrong"] = r.wrong
    except Unsupported as e:
        out["unsupported"] = str(e)
    except Exception:
        out["error"] = traceback.format_exc()[-1500:]
    return out
