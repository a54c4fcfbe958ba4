"""`partition`, and the plan that it makes: an array cut into tasks that any number of processes and machines can do.

Tasks have no stored object in common. What they store, and the receipts that they leave, are flows (`zarr._flow.receipts`); where they
run is the executor's business (`zarr._calls.executors`).
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, SupportsIndex, TypeAlias, overload

from zarr._calls.executors import CallError, run_over
from zarr._calls.shares import share_of
from zarr._faces.array import Array
from zarr._flow import receipts
from zarr._flow.consolidate import consolidate as store_consolidated
from zarr._flow.drive import run
from zarr._flow.node import ArrayNode, array_node_of
from zarr._flow.receipts import CHECKS, Check, Checked, Job, job_of
from zarr._plan.partition import axes_of
from zarr._plan.partition import partition as cut
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath, node_path
from zarr._support.sizes import parse_nbytes
from zarr._support.truth import truth
from zarr.errors import ArgumentError, UnfinishedPlanError

if TYPE_CHECKING:
    from zarr._faces.async_array import AsyncArray

By: TypeAlias = str | int | Sequence[str | int]
Compute: TypeAlias = Callable[[tuple[slice, ...]], Any]
_UNKNOWN_ITEM_NBYTES = 16
_SHOWN = 5


def partition(
    array: Array | AsyncArray,
    by: By = "shard",
    target: int | str = "512MB",
    *,
    region: Any = None,
    name: str = "",
    receipts: StoreLike | None = None,
) -> Plan:
    """Share the writing of an array out to tasks, no two of which touch one stored object.

    Nothing is read or stored. The same array, cut in the same way, makes the same plan in every process: a plan can be sent to workers
    (it is pickled in a few hundred bytes), or made anew in each of them.

    Parameters
    ----------
    array
        What is to be written. The plan is for the shape that it has now.
    by
        `"shard"`: a task gets whole stored objects, which are shards if the array is sharded, and chunks if not. `"chunk"` says the
        same of an array without shards. An axis, by number or by its dimension name, or several: the array is cut along these only,
        and tasks reach from end to end of the others.
    target
        How large the part of a task may be in memory: bytes, or a text like `"512MB"` or `"64MiB"`. It is never less than one stored
        object. An element of variable length counts as 16 bytes.
    region
        The part of the array that is to be written, as slices that begin and end where stored objects do; None for all of it.
    name
        Tells jobs apart which write the same part of the same array by the same plan; most need none.
    receipts
        A store, or a place in one, for the receipts of the tasks; None puts them below the array, until the plan is finalized. Give one
        where the array's store takes no other keys than Zarr's.

    Returns
    -------
    Plan
        A sequence of `Task`.

    Raises
    ------
    ArgumentError
        If `by` is no axis, `by="chunk"` would share shards out, or `region` does not begin and end where stored objects do.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np, zarr
    >>> array = zarr.create_array({}, shape=(100, 60), chunks=(10, 20), dtype="f4")
    >>> plan = zarr.partition(array, target="4kB")
    >>> len(plan), plan[4].region
    (10, (slice(40, 50, None), slice(0, 60, None)))
    >>> def compute(region):
    ...     rows, columns = region
    ...     return np.arange(rows.start, rows.stop)[:, None] * np.ones(60)
    >>> with ThreadPoolExecutor(2) as executor:
    ...     plan.run(executor, compute)
    10
    >>> plan.finalize()
    Finished(n_tasks=10, n_objects=30, nbytes=...)
    >>> array[::25, 0]
    array([ 0., 25., 50., 75.], dtype=float32)
    """
    node = array_node_of(array)
    if node is None:
        raise TypeError(
            f"zarr.partition takes an array, got {type(array).__name__}; zarr.open_array(path, mode='r+') opens one"
        )
    if not isinstance(name, str):
        raise TypeError(f"the name of a plan is a string, got {name!r}")
    # As it is now: somebody may resize it through the array that was given.
    planned = ArrayNode(node.metadata, node.store_path, node.config, engine=node.engine)
    metadata = planned.metadata
    names = getattr(metadata, "dimension_names", None)
    axes = axes_of(by, len(metadata.shape), names, is_sharded=metadata.is_sharded)
    place = None if receipts is None else make_store_path(receipts)
    return Plan(planned, axes, parse_nbytes(target, "target"), region, name, place)


class Finished(NamedTuple):
    """What the tasks of a plan stored together.

    Attributes
    ----------
    n_tasks, n_objects
        Tasks, and stored objects: those that hold nothing but the fill value are not.
    nbytes
        Size of the objects.

    Examples
    --------
    >>> from zarr.plans import Finished
    >>> Finished(n_tasks=2, n_objects=8, nbytes=1000).n_objects
    8
    """

    n_tasks: int
    n_objects: int
    nbytes: int


class Plan(Sequence["Task"]):
    """An array cut into tasks, made by `zarr.partition`.

    Parameters
    ----------
    node, axes, target, region, name, place
        As `partition` made them.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=10, chunks=2, dtype="i1")
    >>> plan = zarr.partition(array, target=4)
    >>> plan
    <Plan of 3 tasks for <Array memory://... shape=(10,) dtype=int8>>
    >>> [task.region for task in plan]
    [(slice(0, 2, None),), (slice(2, 6, None),), (slice(6, 10, None),)]
    """

    def __init__(
        self, node: ArrayNode, axes: Sequence[int], target: int, region: Any, name: str, place: StorePath | None
    ) -> None:
        self._arguments = (node, axes, target, region, name, place)
        spec = node.view.spec
        itemsize = spec.dtype.itemsize if spec.dtype.kind not in "OT" else _UNKNOWN_ITEM_NBYTES
        pieces = cut(spec.grid, spec.shape, itemsize, axes=axes, target=target, region=region)
        self._job: Job = job_of(node, pieces, name, place)

    @property
    def array(self) -> Array:
        """The array, as it was when the plan was made."""
        return Array._of(self._job.node)

    @property
    def fingerprint(self) -> str:
        """Tells this plan from others: by the metadata of the array but its attributes, how it is cut, and the name."""
        return self._job.plan

    def __len__(self) -> int:
        return self._job.n_tasks

    @overload
    def __getitem__(self, index: SupportsIndex) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Task]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Task | Sequence[Task]:
        if isinstance(index, slice):
            return [Task(self, number) for number in range(self._job.n_tasks)[index]]
        try:
            return Task(self, range(self._job.n_tasks)[operator.index(index)])
        except IndexError:
            raise IndexError(f"there is no task {index} in a plan of {self._job.n_tasks}") from None

    def __iter__(self) -> Iterator[Task]:
        return (Task(self, number) for number in range(self._job.n_tasks))

    def __repr__(self) -> str:
        n = self._job.n_tasks
        return f"<Plan of {n} task{'' if n == 1 else 's'} for {self.array!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        return self.fingerprint == other.fingerprint and self._job.at == other._job.at

    def __hash__(self) -> int:
        return hash((Plan, self.fingerprint))

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan, self._arguments

    def __dask_tokenize__(self) -> object:
        return "zarr.Plan", self.fingerprint, self.array.__dask_tokenize__()

    # -- running ------------------------------------------------------------------------------------------------

    def run(
        self,
        executor: Any,
        function: Compute,
        *,
        progress: Callable[[int, int], Any] | None = None,
        **options: Any,
    ) -> int:
        """Run the tasks that are missing, and wait for them.

        A task is done when its receipt is stored, after its values. So this can be called again after whatever went wrong, also by
        another program: what is done is not done again.

        Parameters
        ----------
        executor
            An executor of `concurrent.futures` (or of another library that returns such futures), a `dask.distributed.Client`, the
            module `ray`, or None for this thread.
        function
            Gets the region of a task, a tuple of slices, and returns its values: what `array[region] = ...` takes. It may be called
            again for a region, and has to return the same then. For other processes it has to be pickled: by
            `concurrent.futures`, only what is defined in a module can be.
        progress
            Called here with the numbers of tasks that are done, and of all, whenever one more is.
        **options
            Of Dask (`retries=`, `resources=`, `workers=`) or Ray (`num_cpus=`, `max_retries=`) for each task.

        Returns
        -------
        int
            How many tasks were run.

        Raises
        ------
        StalePlanError
            If the array has been resized or replaced since the plan was made.
        UnfinishedPlanError
            If tasks were run and nothing is there of it: a store in memory is another one in every process.
        Exception
            What a task raised, or the executor when it lost a worker (`concurrent.futures.BrokenExecutor`): the first one. Tasks that
            had not begun are cancelled, those that had are waited for.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=6, chunks=2, dtype="i1")
        >>> plan = zarr.partition(array, target=2)
        >>> plan.run(None, lambda region: region[0].start), array[:]
        (3, array([0, 0, 2, 2, 4, 4], dtype=int8))
        >>> plan.run(None, lambda region: region[0].start)
        0
        """
        job = self._job
        if not job.n_tasks:
            return 0
        name = run(receipts.begin(job))
        numbers = run(receipts.missing(job))
        self._run(executor, _Running(self, name, function), numbers, progress, options)
        lost = sorted(set(numbers).intersection(run(receipts.missing(job)))) if numbers else []
        if lost:
            raise UnfinishedPlanError(
                f"{len(lost)} of the {job.n_tasks} tasks of the plan for {self.array!r} ended without an error, and have left no "
                f"receipt ({_listed(lost)}): they wrote into a store of their own, as one in memory, or in a zip archive, is another one in every process; "
                "or somebody finalized the plan meanwhile. Use a store that all workers share",
                lost,
            )
        return len(numbers)

    def run_share(
        self, share: SupportsIndex | Literal["slurm"], function: Compute, *, of: SupportsIndex | None = None
    ) -> int:
        """Run one share of the tasks here, one after the other, for jobs that each take one.

        Parameters
        ----------
        share
            Its number, from 0; or `"slurm"`, for a job of a Slurm array: then it is taken from `SLURM_ARRAY_TASK_ID`.
        function
            As for `run`.
        of
            How many shares there are. With `"slurm"` it can be left out if the numbers of the array are a range without gaps.

        Returns
        -------
        int
            How many tasks were run: those of the share that were not done already.

        Raises
        ------
        ArgumentError
            If there is no such share, or this is no job of a Slurm array.
        StalePlanError
            If the array has been resized or replaced since the plan was made.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=6, chunks=2, dtype="i1")
        >>> plan = zarr.partition(array, target=2)
        >>> plan.run_share(1, lambda region: 7, of=2), array[:]
        (1, array([0, 0, 7, 7, 0, 0], dtype=int8))
        """
        number, n = share_of(share, of, os.environ)
        job = self._job
        numbers = range(job.n_tasks)[number::n]
        if not numbers:
            return 0
        name = run(receipts.begin(job))
        n_run = 0

        def count(_: int, was_run: bool) -> None:
            nonlocal n_run
            n_run += was_run

        self._run_calls(None, _Running(self, name, function), numbers, count, {})
        return n_run

    def missing(self) -> list[Task]:
        """The tasks that have left no receipt, or none that counts.

        All of them, before anything has run and when the plan is finalized.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=6, chunks=2, dtype="i1")
        >>> plan = zarr.partition(array, target=2)
        >>> plan[1].run(lambda region: 7)
        True
        >>> plan.missing()
        [<Task 0 of 3: [0:2]>, <Task 2 of 3: [4:6]>]
        """
        return [Task(self, number) for number in run(receipts.missing(self._job))]

    def finalize(
        self,
        executor: Any = None,
        *,
        check: Check = "bytes",
        consolidate: bool | str = False,
        keep_receipts: bool = False,
        **options: Any,
    ) -> Finished:
        """Make certain that everything was written, and take the receipts away.

        If it is interrupted while it does the latter, it goes on with that when it is called again.

        Parameters
        ----------
        executor
            Where what is stored is read for the check, as for `run`; None for this thread.
        check
            `"bytes"`: every object is read, and is what its task stored. `"sizes"`: every object is there, and as large. `"receipts"`:
            every task has left one.
        consolidate
            True stores consolidated metadata in the root of the store afterwards; a path, in the group there.
        keep_receipts
            True leaves the receipts in the store, as a record of checksums. The plan can be run again all the same.
        **options
            Of Dask or Ray, as for `run`.

        Raises
        ------
        UnfinishedPlanError
            If tasks are missing, or objects are not as they were left. The receipts of the latter are taken away: `run` does just
            these tasks again.
        StalePlanError
            If the array has been resized or replaced since the plan was made.

        Examples
        --------
        >>> import zarr
        >>> array = zarr.create_array({}, shape=6, chunks=2, dtype="i1")
        >>> plan = zarr.partition(array, target=2)
        >>> plan[1].run(lambda region: 7)
        True
        >>> plan.finalize()
        Traceback (most recent call last):
        zarr.errors.UnfinishedPlanError: 2 of the 3 tasks ... have left no receipt (0, 2)...
        """
        if check not in CHECKS:
            raise ArgumentError(f"check must be one of {CHECKS}, got {check!r}")
        keep_receipts = truth("keep_receipts", keep_receipts)
        job = self._job
        job.node.store_path.store._check_writable()
        run(receipts.check_array(job))
        if not job.n_tasks:
            name, checked = "", Checked(check, 0, 0)
        elif (begun := run(receipts.closing(job))) is not None and CHECKS.index(begun.check) <= CHECKS.index(check):
            name, checked = "", begun  # somebody was about to take the receipts away
        else:
            name, checked = self._checked(executor, check, options)
        if consolidate is not False:
            path = "" if consolidate is True else node_path(consolidate, "consolidate")
            run(store_consolidated(StorePath(job.node.store_path.store, path)))
        if name:
            run(receipts.close(job, name, checked, keep=keep_receipts))
        elif job.n_tasks:
            run(receipts.clear(job))
        return Finished(job.n_tasks, checked.n_objects, checked.nbytes)

    def _checked(self, executor: Any, check: Check, options: dict[str, Any]) -> tuple[str, Checked]:
        """The name of the job, if all is there as it was left, and what that is."""
        job = self._job
        name = run(receipts.current(job))
        found = dict(run(receipts.receipts(job, name, range(job.n_tasks))))
        missing = [number for number, receipt in found.items() if receipt is None]
        if name is None or missing:
            raise UnfinishedPlanError(
                f"{len(missing)} of the {job.n_tasks} tasks of the plan for {self.array!r} have left no receipt "
                f"({_listed(missing)}), so the array is not complete; plan.run(executor, function) runs just these. (There is none of "
                "any task also when the plan has been finalized already.)",
                missing,
            )
        changed: dict[int, list[str]] = {}

        def note(number: int, keys: list[str]) -> None:
            if keys:
                changed[number] = keys

        if executor is None and not options:
            for number, keys in enumerate(run(receipts.all_changed(job, name, check))):
                note(number, keys)
        else:
            self._run_calls(executor, _Checking(self, name, check), range(job.n_tasks), note, options)
        if changed:
            run(receipts.forget(job, changed))
            first = min(changed)
            differing = [job.node.key(suffix) for suffix in changed[first]]
            raise UnfinishedPlanError(
                f"of {len(changed)} of the {job.n_tasks} tasks of the plan for {self.array!r} ({_listed(sorted(changed))}) objects are not "
                f"as the tasks left them, as {', '.join(map(repr, differing[:_SHOWN]))}: somebody else has written to the array, a task ran "
                "twice and returned other values, or they are damaged. plan.run(executor, function) runs just these tasks again",
                sorted(changed),
                changed,
            )
        checks = [check for receipt in found.values() if receipt is not None for check in receipt.objects.values()]
        stored = [check.nbytes for check in checks if check is not None]
        return name, Checked(check, len(stored), sum(stored))

    def _run(
        self,
        executor: Any,
        call: Callable[[int], Any],
        numbers: Sequence[int],
        progress: Callable[[int, int], Any] | None,
        options: dict[str, Any],
    ) -> None:
        n_done = self._job.n_tasks - len(numbers)

        def count(*_: object) -> None:
            nonlocal n_done
            n_done += 1
            if progress is not None:
                progress(n_done, self._job.n_tasks)

        self._run_calls(executor, call, numbers, count, options)

    def _run_calls(
        self,
        executor: Any,
        call: Callable[[int], Any],
        numbers: Sequence[int],
        done: Callable[[int, Any], None],
        options: dict[str, Any],
    ) -> None:
        try:
            run_over(executor, call, numbers, done, options)
        except CallError as failed:
            cause = failed.__cause__
            assert cause is not None  # noqa: S101  # it is raised from one
            # Of a pool that broke, all its tasks hear, and not first the one whose worker was lost.
            is_broken = any(kind.__name__ == "BrokenExecutor" for kind in type(cause).__mro__)
            where = (
                "A worker was lost that had one of the tasks"
                if is_broken
                else f"This was met in {Task(self, failed.number)!r}"
            )
            cause.add_note(
                f"{where} of a plan for {self.array!r}. Tasks that are done stay so: call this again, with another executor if that one "
                "is broken, and only the others are run."
            )
            raise cause from cause.__cause__


class Task:
    """One task of a plan: a part of the array that holds whole stored objects, which are nobody else's.

    Parameters
    ----------
    plan, number
        The plan, and its place in that.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(4, 6), chunks=(2, 3), dtype="i2")
    >>> task = zarr.partition(array, target=1)[1]
    >>> task
    <Task 1 of 4: [0:2, 3:6]>
    >>> task.region, task.shape, task.keys
    ((slice(0, 2, None), slice(3, 6, None)), (2, 3), ['c/0/1'])
    """

    __slots__ = ("_number", "_plan")

    def __init__(self, plan: Plan, number: int) -> None:
        self._plan, self._number = plan, number

    @property
    def plan(self) -> Plan:
        """The plan that it belongs to."""
        return self._plan

    @property
    def number(self) -> int:
        """Its place in the plan, from 0."""
        return self._number

    @property
    def region(self) -> tuple[slice, ...]:
        """The part of the array, one slice per axis."""
        return self._plan._job.partition.region(self._number)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of that part."""
        return tuple(axis.stop - axis.start for axis in self.region)

    @property
    def nbytes(self) -> int:
        """Size of that part in memory, in bytes; of elements of variable length, of their references."""
        return math.prod(self.shape) * self._plan._job.node.view.spec.dtype.itemsize

    @property
    def keys(self) -> list[str]:
        """Keys of the stored objects that it writes."""
        job = self._plan._job
        return [job.node.key(suffix) for suffix in job.suffixes(self._number)]

    def run(self, function: Compute) -> bool:
        """Do the task here, unless it is done already; for engines that `Plan.run` does not know.

        Parameters
        ----------
        function
            As for `Plan.run`.

        Returns
        -------
        bool
            Whether it was not done already.
        """
        job = self._plan._job
        return _Running(self._plan, run(receipts.begin(job)), function)(self._number)

    def __repr__(self) -> str:
        shown = ", ".join(f"{axis.start}:{axis.stop}" for axis in self.region)
        return f"<Task {self._number} of {self._plan._job.n_tasks}: [{shown}]>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Task):
            return NotImplemented
        return self._number == other._number and self._plan == other._plan

    def __hash__(self) -> int:
        return hash((self._plan, self._number))

    def __reduce__(self) -> tuple[Any, ...]:
        return Task, (self._plan, self._number)

    def __dask_tokenize__(self) -> object:
        return "zarr.Task", self._number, self._plan.__dask_tokenize__()


# -- what goes to workers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Running:
    """Does tasks of a job: each unless it is done."""

    plan: Plan
    name: str
    function: Compute

    def __call__(self, number: int) -> bool:
        job = self.plan._job
        run(receipts.check_array(job))
        if run(receipts.is_done(job, self.name, number)):
            return False
        value = self.function(job.partition.region(number))
        if value is None:
            raise ArgumentError(
                f"the function of a plan returned None for {Task(self.plan, number)!r}: it has to return the values of the region that "
                "it gets. Where there is nothing to write it returns the fill value, array.fill_value"
            )
        run(receipts.write_task(job, self.name, number, value))
        return True


@dataclass(frozen=True, slots=True)
class _Checking:
    """Tells what is not as tasks left it."""

    plan: Plan
    name: str
    check: Check

    def __call__(self, number: int) -> list[str]:
        return run(receipts.changed(self.plan._job, self.name, number, self.check))


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    return f"{shown} and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else shown
