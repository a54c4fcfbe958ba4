"""What receipts of plans tell of the objects of an array: what each is, that there is none, or that nobody has written it.

A task that has left a receipt says for every object of its own which bytes it stored, or that it stored none, as they would have held
nothing but the fill value. The document of the job says into which tasks the array was cut, so that the objects of a task
without a receipt are known too. Receipts count only if they are of the array as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from zarr._checks.findings import Coords, Finding, finding
from zarr._flow.paths import RECEIPTS, RECHUNK, join
from zarr._flow.receipts import JobDocument, described, parse_job
from zarr._flow.requests import Fetch, Flow, Read
from zarr._plan.partition import Partition
from zarr._plan.receipt import ObjectCheck, Receipt, fingerprint

if TYPE_CHECKING:
    from zarr._checks.reading import ArrayReading
    from zarr._store.versioned import Stored

_AT_ONCE = 256
_JOB = "job.json"


@dataclass(slots=True)
class Told:
    """What receipts say of one array.

    Attributes
    ----------
    checks
        By coordinates of objects, what may be stored there: with several plans, what any of them says. None stands for no object.
    unwritten
        Objects of tasks that have left no receipt.
    findings
        What is to be said of the plans themselves.
    """

    checks: dict[Coords, list[ObjectCheck | None]] = field(default_factory=dict)
    unwritten: set[Coords] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def says_fill(self, coords: Coords) -> bool:
        """Whether a receipt says that an object is absent, as it holds nothing but the fill value."""
        return None in self.checks.get(coords, ())


def told_by_receipts(reading: ArrayReading, plans: Mapping[str, set[str]]) -> Flow[Told]:
    """Read the receipts that lie below an array.

    Parameters
    ----------
    reading
        The array.
    plans
        By the folder of each plan, the names of the documents in it.
    """
    told = Told()
    for plan, names in sorted(plans.items()):
        if plan == RECHUNK and len(plans) > 1:  # of a plan that is among the others
            continue
        yield from _read_plan(reading, plan, names, told)
    return told


def _read_plan(reading: ArrayReading, plan: str, names: set[str], told: Told) -> Flow[None]:
    folder = reading.node.key(join(RECEIPTS, plan))
    job = yield from _job(reading, join(folder, _JOB), plan)
    if job is None:
        told.findings.append(
            finding(
                "stale-receipts", reading.path, f"there are {len(names)} receipts of a job that is over", key=folder
            )
        )
        return
    if job.array is not None and job.array != fingerprint(described(reading.node.metadata)):
        told.findings.append(
            finding(
                "stale-receipts",
                reading.path,
                "the array has another shape or other codecs than the plan was made for",
                key=folder,
            )
        )
        return
    numbers = sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal())
    done: set[int] = set()
    waiting = iter(numbers)
    while some := list(islice(waiting, _AT_ONCE)):
        stored = yield Fetch(reading.node.store_path.store, [Read(join(folder, f"{number}.json")) for number in some])
        for number, each in zip(some, stored, strict=True):
            if _takes(reading, job, number, each, told):
                done.add(number)
    _sum_up(reading, folder, job, done, told)


def _job(reading: ArrayReading, key: str, plan: str) -> Flow[JobDocument | None]:
    (stored,) = yield Fetch(reading.node.store_path.store, (Read(key),))
    job = None if stored is None else parse_job(stored.without_version().to_bytes(), key)
    return job if job is not None and job.plan == plan else None


def _takes(reading: ArrayReading, job: JobDocument, number: int, stored: Stored | None, told: Told) -> bool:
    """Take in a receipt, if it is one of this job."""
    receipt = None if stored is None else Receipt.from_bytes(stored.without_version().to_bytes())
    if receipt is None or (receipt.plan, receipt.job, receipt.task) != (job.plan, job.name, number):
        return False
    for suffix, check in receipt.objects.items():
        coords = reading.coords_of(suffix)
        if coords is not None and reading.has(coords):
            told.checks.setdefault(coords, []).append(check)
    return True


def _sum_up(reading: ArrayReading, folder: str, job: JobDocument, done: set[int], told: Told) -> None:
    missing = [number for number in range(job.n_tasks) if number not in done]
    if job.checked is not None:  # when they were, nothing was missing
        text = "a plan is over, and its receipts have not all been taken away"
        told.findings.append(finding("unfinalized-plan", reading.path, text, key=folder))
        return
    if not missing:
        if not job.is_finished:
            told.findings.append(finding("unfinalized-plan", reading.path, "all tasks of a plan are done", key=folder))
        return
    told.findings.append(
        finding(
            "unfinished-plan",
            reading.path,
            f"{len(missing)} of {job.n_tasks} tasks of a plan have left no receipt, the first is {missing[0]}",
            key=folder,
        )
    )
    told.unwritten.update(coords for coords in _objects_of(reading, job, missing) if reading.has(coords))


def _objects_of(reading: ArrayReading, job: JobDocument, numbers: list[int]) -> Iterator[Coords]:
    pieces = Partition.of_described(reading.spec.shape, reading.spec.grid, job.cuts)
    if pieces is not None and pieces.n_pieces == job.n_tasks:
        for number in numbers:
            yield from pieces.coords(number)
