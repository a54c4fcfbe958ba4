#!/usr/bin/env python3
"""Compare libraries for chunked, compressed arrays on the same work.

    python arraybench.py --peers /path/to/python --rounds 3 --out results/peers
    python arraybench.py --peers PY --contender ours=/path/to/other/python --baseline ours

Each measurement is one fresh process of the contender's own interpreter; rounds go
A B C A B C. See README.md beside this file for the workloads and how to read the table.
"""

import argparse
import fnmatch
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from registry import names_known_to

PEERS = ["zarr", "zarr-fused", "zarr-zarrs", "tensorstore", "tensorstore-fsync", "blosc2", "h5py", "limit"]
KNOWN = [*PEERS, "ours", "ours-cache", "tensorstore-cache"]  # the last three only when asked for with --contender


def run_child(contender, job, timeout):
    """One job in a fresh interpreter; its last line of output is the answer."""
    with tempfile.TemporaryDirectory(dir=job.get("scratch") or job["workdir"]) as tmp:
        job = job | {"adapter": contender["adapter"], "tmp": tmp}
        cmd = [contender["python"], os.path.abspath(__file__), "--child", json.dumps(job)]
        try:
            p = subprocess.run(cmd, capture_output=True, text=True, timeout=timeout, cwd=tmp)
        except subprocess.TimeoutExpired:
            return {"error": f"over {timeout} s"}
    try:
        return json.loads(p.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"error": f"exit {p.returncode}: {p.stderr[-800:]}"}


def contenders_from(args):
    out = {}
    for text in [f"{p}={args.peers}" for p in PEERS if args.peers] + (args.contender or []):
        name, _, rest = text.partition("=")
        python, _, adapter = rest.partition(",")
        out[name] = {"python": python, "adapter": adapter or (name if name in KNOWN else "zarr")}
    return out


def summarise(runs):
    """runs: {metric: {contender: [metric dict per round]}} -> the same with statistics."""
    out = {}
    for metric, by in runs.items():
        out[metric] = {}
        for name, rounds in by.items():
            best = [min(m["times"]) for m in rounds]
            out[metric][name] = {
                "min": min(best),
                "median": statistics.median(best),
                "first_call": statistics.median(m["times"][0] for m in rounds),
                "rounds": best,
                "ops": rounds[0]["ops"],
                "cpu": statistics.median(min(m["cpu"]) for m in rounds),
                "disturbed": sum(m["disturbed"] for m in rounds),
                "peak_mb": max(m["peak_mb"] for m in rounds),
                "rise_mb": max(m["peak_mb"] - m["base_mb"] for m in rounds),
                **({"stored": rounds[-1]["stored"]} if "stored" in rounds[-1] else {}),
            }
    return out


def sig(x):
    return "n/a" if x is None else f"{x:.3g}" if x < 100 else f"{x:.0f}"


def table(stats, names, base, peers, field):
    """One row per workload: `field` for each contender, with the ratio to the baseline."""
    lines = [
        "| workload | ops | " + " | ".join(names) + " | best | best/limit |",
        "|---|---:|" + "---:|" * len(names) + "---|---:|",
    ]
    for metric, by in stats.items():
        v = {n: by[n][field] for n in names if n in by}
        cells = [
            "n/a" if n not in v else sig(v[n]) + (f" ({v[n] / v[base]:.2f})" if base in v and n != base else "")
            for n in names
        ]
        best = min(((v[n], n) for n in peers if n in v), default=(None, ""))
        floor = f"{best[0] / v['limit']:.2f}" if best[0] and "limit" in v else "n/a"
        ops = max(m["ops"] for m in by.values())
        lines.append(f"| {metric} | {ops} | " + " | ".join(cells) + f" | {best[1]} | {floor} |")
    return lines


def markdown(result):
    names = list(result["contenders"])
    base, stats = result["baseline"], result["metrics"]
    peers = [n for n in names if n not in ("limit", "ours")]

    def value(metric, name, field="median"):
        return stats[metric].get(name, {}).get(field)

    lines = [f"# Array benchmark, {result['rounds']} rounds", "", f"{result['machine']}", ""]
    for n, c in result["contenders"].items():
        lines.append(f"- {n}: " + ", ".join(f"{k} {v}" for k, v in sorted(c["versions"].items())))
    lines += [
        "",
        f"Seconds; in brackets the ratio to {base}. `best` is the fastest peer (limit excluded),",
        "`best/limit` how far it is from the floor. The minimum is the least disturbed by a neighbour's load.",
        "",
        "## Minimum over rounds",
        "",
        *table(stats, names, base, peers, "min"),
        "",
        "## Median over rounds (of the best time in each process)",
        "",
        *table(stats, names, base, peers, "median"),
    ]
    if "limit" in names:
        lines += [
            "",
            "## Overhead per operation: (minimum - limit) / ops, in microseconds",
            "",
            "An op is a chunk (inner chunk when sharded) for whole-array work, a call otherwise.",
            "",
            "| workload | ops | " + " | ".join(names) + " |",
            "|---|---:|" + "---:|" * len(names),
        ]
        for metric in stats:
            ops, floor = max(m["ops"] for m in stats[metric].values()), value(metric, "limit", "min")
            if ops > 1 and floor:
                cells = [
                    "n/a" if (v := value(metric, n, "min")) is None else f"{(v - floor) / ops * 1e6:.1f}" for n in names
                ]
                lines.append(f"| {metric} | {ops} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## CPU seconds (user + system, all threads), median",
        "",
        "Less touched by a neighbour's load than the clock is.",
        "",
        "| workload | " + " | ".join(names) + " |",
        "|---|" + "---:|" * len(names),
    ]
    for metric in stats:
        lines.append(f"| {metric} | " + " | ".join(sig(value(metric, n, "cpu")) for n in names) + " |")
    lines += [
        "",
        "## Memory: rise of peak resident memory over the start of the timed part, MB",
        "",
        "| workload | " + " | ".join(names) + " |",
        "|---|" + "---:|" * len(names),
    ]
    for metric in stats:
        cells = [sig(value(metric, n, "rise_mb")) for n in names]
        lines.append(f"| {metric} | " + " | ".join(cells) + " |")
    lines += ["", "## Stored bytes", "", "| workload | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for metric in stats:
        if any("stored" in m for m in stats[metric].values()):
            cells = [f"{v:,}" if (v := value(metric, n, "stored")) else "n/a" for n in names]
            lines.append(f"| {metric} | " + " | ".join(cells) + " |")
    if result["problems"]:
        lines += ["", "## Problems", ""] + [f"- {p.splitlines()[-1] if p.strip() else p}" for p in result["problems"]]
    return "\n".join(lines) + "\n"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--child", help=argparse.SUPPRESS)
    ap.add_argument("--peers", metavar="PYTHON", help="add every known peer, run by this interpreter")
    ap.add_argument(
        "--contender",
        action="append",
        metavar="NAME=PYTHON[,ADAPTER]",
        help=f"adapters: {', '.join(KNOWN)}; zarr when not said",
    )
    ap.add_argument("--skip", default="", help="contenders to leave out, comma-separated")
    ap.add_argument("--baseline", help="the contender that ratios are against (default: the first)")
    ap.add_argument("--only", default="*", help="workload patterns, comma-separated")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--timeout", type=float, default=120, help="seconds for one process")
    ap.add_argument("--tmp", help="directory for scratch data (default: the system's)")
    ap.add_argument("--reuse", metavar="DIR", help="keep prepared data here and use it again")
    ap.add_argument("--scratch", metavar="DIR", help="where arrays are written (default: beside the prepared data)")
    ap.add_argument("--update", action="store_true", help="keep PREFIX.json's other workloads")
    ap.add_argument("--out", metavar="PREFIX", help="write PREFIX.json and PREFIX.md")
    ap.add_argument("--no-check", action="store_true", help="skip comparing results with the source")
    ap.add_argument("--list", action="store_true", help="name the workloads and stop")
    args = ap.parse_args()

    if args.child:
        import jobs

        print("\n" + json.dumps(jobs.child(json.loads(args.child))))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a running child is ended too
    contenders = {n: c for n, c in contenders_from(args).items() if n not in args.skip.split(",")}
    names = names_known_to(contenders[next(iter(contenders))]["python"] if contenders else sys.executable)
    if args.list:
        print("\n".join(names))
        return
    names = [n for n in names if any(fnmatch.fnmatch(n, p) for p in args.only.split(","))]
    baseline = args.baseline or next(iter(contenders))
    workdir = args.reuse or tempfile.mkdtemp(prefix="arraybench-", dir=args.tmp)
    os.makedirs(workdir, exist_ok=True)
    workdir = os.path.abspath(workdir)
    result = {
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "rounds": 0,
        "baseline": baseline,
        "contenders": {n: {"adapter": c["adapter"], "versions": {}} for n, c in contenders.items()},
        "prepared": {},
        "problems": [],
        "metrics": {},
    }
    runs, began, old = {}, time.time(), {}
    if args.update and os.path.exists(args.out + ".json"):
        with open(args.out + ".json") as f:
            before = json.load(f)
        old, result["prepared"] = before["metrics"], before["prepared"]
        result["problems"] = [
            p
            for p in before["problems"]
            if not any(fnmatch.fnmatch(p.split()[1].rstrip(":"), q) for q in args.only.split(","))
        ]

    def note(text):
        result["problems"].append(text)
        print("  !", text, flush=True)

    def save():
        result["metrics"] = old | summarise(runs)
        if args.out:
            os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)
            with open(args.out + ".json", "w") as f:
                json.dump(result, f, indent=1)
            with open(args.out + ".md", "w") as f:
                f.write(markdown(result))

    try:
        common = {"workdir": workdir, "check": False, "keep": "", "scratch": args.scratch}
        if not os.path.exists(f"{workdir}/ready"):
            first = contenders[next(iter(contenders))]
            steps = [("generate", "sources", first)]
            # one Zarr-speaking contender (not the one under test, if possible) prepares for all of them
            for fam in ("zarr", "blosc2", "h5py"):
                who = [c for n, c in contenders.items() if c["adapter"].split("-")[0] == fam]
                steps += [("prepare", fam, who[0])] if who else []
            for job, what, who in steps:
                t = time.time()
                got = run_child(who, common | {"workload": job}, 900)
                if "error" in got:
                    note(f"{job} {what}: {got['error']}")
                else:
                    result["prepared"][what] = got["metrics"]
                    print(f"{job} {what}: {time.time() - t:.0f} s", flush=True)
            os.sync()
            open(f"{workdir}/ready", "w").close()
        order, dead = list(contenders), set()
        for k in range(args.rounds):
            for w in names:
                for name in order[k % len(order) :] + order[: k % len(order)]:
                    if (name, w) in dead:
                        continue
                    keep = f"{args.scratch or workdir}/keep-{name}-{w}"
                    shutil.rmtree(keep, ignore_errors=True)
                    check = k == 0 and not args.no_check
                    got = run_child(
                        contenders[name], common | {"workload": w, "check": check, "keep": keep}, args.timeout
                    )
                    for m, v in got.get("metrics", {}).items():
                        if v.get("times"):
                            runs.setdefault(m, {}).setdefault(name, []).append(v)
                    if got.get("versions"):
                        result["contenders"][name]["versions"] = got["versions"]
                    for bad in got.get("wrong", []):
                        note(f"{name} {bad}: result differs from the source")
                    if "error" in got:
                        note(f"{name} {w}: {got['error']}")
                    # an unsupported step may follow metrics that did work: those keep running
                    if "error" in got or ("unsupported" in got and not got.get("metrics")):
                        dead.add((name, w))
                    if os.path.exists(keep):  # written in Zarr format: another library reads it back
                        other = "tensorstore" if "tensorstore" not in contenders[name]["adapter"] else "zarr"
                        reader = [c for c in contenders.values() if c["adapter"] == other]
                        if reader:
                            back = run_child(
                                reader[0], common | {"workload": "readback", "written_by": w, "keep": keep}, 120
                            )
                            if back.get("wrong") or "error" in back:
                                note(f"{name} {w}: {other} reads back something else {back.get('error', '')}")
                        shutil.rmtree(keep)
                    text = ", ".join(
                        f"{m} {min(v['times']):.4g}" for m, v in got.get("metrics", {}).items() if v.get("times")
                    )
                    print(
                        f"[{time.time() - began:5.0f}s] round {k + 1} {name}: {text or got.get('unsupported', 'failed')}",
                        flush=True,
                    )
            result["rounds"] = k + 1
            save()
        result["seconds"] = time.time() - began
        save()
        print(markdown(result))
    finally:
        if not args.reuse:
            shutil.rmtree(workdir, ignore_errors=True)


if __name__ == "__main__":
    main()
