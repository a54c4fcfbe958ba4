"""`zarr.rechunk`: an array copied into other chunks, within some memory, here or on many machines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zarr._calls.arrays import plan_array
from zarr._calls.executors import CallError, run_over
from zarr._calls.functions import open_array_call, place
from zarr._calls.keywords import FromArrayOptions, check_known
from zarr._calls.legacy import split_codecs
from zarr._calls.like import KEEP, given_of, plan_after
from zarr._faces.array import Array
from zarr._flow import receipts, rechunk_job
from zarr._flow.drive import run
from zarr._flow.node import ArrayNode, array_node_of
from zarr._flow.receipts import Job
from zarr._flow.rechunk_job import Rechunking
from zarr._flow.rechunking import DEFAULT_NBYTES, Kept, itemsize_of, least_room, room_for
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath, node_path
from zarr._support.progress import Progress, progress_of
from zarr._support.sizes import parse_nbytes
from zarr._support.truth import truth
from zarr.errors import ArgumentError, ContainsArrayError, UnfinishedPlanError

if TYPE_CHECKING:
    from zarr._calls.keywords import CodecLike
    from zarr._faces.async_array import AsyncArray
    from zarr._grid.grid import ChunkGrid


def rechunk(
    source: Array | AsyncArray | StoreLike,
    target: StoreLike,
    chunks: Any = KEEP,
    shards: Any = KEEP,
    codecs: Iterable[CodecLike] | None = None,
    *,
    name: str | None = None,
    max_memory: int | str | None = None,
    client: Any = None,
    progress: Progress = None,
    temporary: StoreLike | None = None,
    client_options: dict[str, Any] | None = None,
    **options: Any,
) -> Array:
    """Copy an array into other chunks, shards or codecs, in little memory, and again from where it was if it is interrupted.

    Every object of the new array is written once. An object of the source is read once; or twice, where that takes less than to
    have all elements stored in between, in a temporary array, which is done where memory is too small for that. Where nothing
    changes that concerns elements, stored bytes are moved as they are. What is not stored in the source is not in the new array either.

    If the call is interrupted or killed, make it again, with the same arguments: it goes on with what is missing. Until it is done the new
    array reads as the fill value where nothing has come yet.

    Parameters
    ----------
    source
        The array, or where it is.
    target
        Where the new array goes: a store, or a place in one.
    chunks, shards
        As of `create_array`; `"keep"`, as in the source.
    codecs
        All codecs of a chunk, from the array to the bytes, as `zarr.create` takes them, in the place of `filters`, `serializer` and
        `compressors`.
    name
        Path of the new array inside `target`.
    max_memory
        How much memory the call may take: bytes, or a text like `"1GB"`. Of every task, where several run at once. None for
        256 MiB, or for as much as two chunks take that are larger.
    client
        Where tasks run: a `dask.distributed.Client`, an executor of `concurrent.futures`, the module `ray`, or None for this process,
        which works on several threads.
    progress
        True shows a bar on a terminal; a function is called with the numbers of bytes that are done, and of all.
    temporary
        A place for the temporary array and all else that belongs to the copy until it is done; None puts it below the new array. On many
        machines all have to reach it.
    client_options
        Of Dask (`{"retries": 3}`) or Ray for each task.
    **options
        Keywords of `from_array`: `compressors`, `fill_value`, `attributes`, `zarr_format`, `overwrite`, ...

    Returns
    -------
    Array
        The new array.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `overwrite` is False; or a copy of something else that was not finished.
    ArgumentError
        If `max_memory` is less than what one chunk takes.
    ValueError
        If the source lies where something is to be replaced.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> days = zarr.create_array({}, data=np.arange(600).reshape(100, 6), chunks=(1, 6))
    >>> places = zarr.rechunk(days, {}, chunks=(100, 2))
    >>> places.chunks, np.array_equal(places[:], days[:])
    ((100, 2), True)
    """
    given = {"chunks": chunks, "shards": shards, **options}
    check_known("rechunk", given, FromArrayOptions)
    given = {**given_of(given), **_codecs(codecs, given)}
    overwrite = truth("overwrite", given.pop("overwrite", False))
    node = _source(source)
    at = place(target, node_path(name, "name"), "w" if overwrite else "w-", None)
    planned = plan_after(at, node, given).node
    scratch = None if temporary is None else make_store_path(temporary)
    room = _room(node, planned, max_memory)

    def plan(room: int) -> Rechunking:
        return rechunk_job.planned(node, planned, room, scratch, lambda at, grid: _temporary(node, at, grid))

    job = plan(room)
    before = _begun_before(job, overwrite=overwrite)
    if before is None:
        run(rechunk_job.begin(job, overwrite=overwrite))
    else:
        job = plan(before[1])
    if before is None or before[0] != "written":
        run(rechunk_job.go_on(job))
        _run(job, client, dict(client_options or {}), progress_of(progress))
    run(rechunk_job.end(job))
    return Array._of(ArrayNode(planned.metadata, at, planned.config))


def _begun_before(job: Rechunking, *, overwrite: bool) -> tuple[rechunk_job.State, int] | None:
    try:
        return run(rechunk_job.begun_before(job))
    except ContainsArrayError:
        if not overwrite:
            raise
        return None


# -- arguments --------------------------------------------------------------------------------------------------


def _source(given: Any) -> ArrayNode:
    """The array that is meant, as it is now: somebody may resize it through the handle that was given."""
    if hasattr(given, "_node"):
        node = array_node_of(given)
        if node is None:
            raise TypeError(
                f"zarr.rechunk takes an array, got {type(given).__name__}; zarr.copy_all takes chunks= for all arrays of a group"
            )
        return ArrayNode(node.metadata, node.store_path, node.config, engine=node.engine)
    return ArrayNode(*run(open_array_call(given, None, None, "r")))


def _codecs(codecs: Iterable[CodecLike] | None, given: dict[str, Any]) -> dict[str, Any]:
    """All codecs, as the keywords of `from_array`."""
    if codecs is None:
        return {}
    twice = [name for name in ("filters", "serializer", "compressors") if name in given]
    if twice:
        raise ArgumentError(f"codecs= are all codecs of a chunk; leave {', '.join(twice)} out, or codecs")
    return split_codecs(list(codecs))


def _room(source: ArrayNode, target: ArrayNode, max_memory: int | str | None) -> int:
    """How much a piece may have."""
    spec, its_spec = source.view.spec, target.view.spec
    nbytes = DEFAULT_NBYTES if max_memory is None else parse_nbytes(max_memory, "max_memory")
    room, least = room_for(spec, its_spec, nbytes), least_room(spec, its_spec)
    if room < least and max_memory is not None:
        raise ArgumentError(
            f"max_memory={max_memory!r} is not enough: one chunk of {'/' + source.path!r}, of shape "
            f"{spec.grid.largest(spec.shape)}, or of the new array, of shape {its_spec.grid.largest(its_spec.shape)}, has to be in memory, "
            f"with what it is encoded to. Give at least {nbytes - room + least} bytes, or choose smaller chunks"
        )
    return max(room, least)


def _temporary(source: ArrayNode, at: StorePath, grid: ChunkGrid) -> ArrayNode | None:
    """A temporary array for elements of a source; None if format 3 does not have them."""
    metadata = source.metadata
    config = replace(source.config, chunk_cache=False, write_empty_chunks=False, read_missing_chunks=True)
    try:
        planned = plan_array(
            at,
            shape=metadata.shape,
            dtype=metadata.dtype,
            chunks=grid,  # type: ignore[arg-type]  # a regular or a rectilinear one
            compressors=None,
            fill_value=metadata.fill_value,
            zarr_format=3,
            config=config,
        )
    except (ValueError, TypeError):
        return None
    node = planned.node
    return ArrayNode(node.metadata, at, node.config, engine=source.engine)


# -- running ----------------------------------------------------------------------------------------------------


def _run(job: Rechunking, client: Any, options: dict[str, Any], report: Callable[[int, int], Any]) -> None:
    """Do all tasks that have left no receipt."""
    n_jobs, kept = len(job.jobs), Kept()
    total = n_jobs * math.prod(job.target.metadata.shape) * itemsize_of(job.target.view.spec)
    for before, part in enumerate(job.jobs):
        if not part.n_tasks:
            continue
        name = run(receipts.begin(part))
        missing = run(receipts.missing(part))
        n_done = part.n_tasks - len(missing)

        def show(n_more: int, begun: tuple[int, int] = (before * part.n_tasks, n_jobs * part.n_tasks)) -> None:
            nonlocal n_done
            n_done += n_more
            report(total * (begun[0] + n_done) // begun[1], total)

        show(0)
        _run_tasks(client, _Running(job, part, name, kept), missing, lambda *_: show(1), options)
        lost = run(receipts.missing(part)) if missing else []
        if lost:
            raise UnfinishedPlanError(
                f"{len(lost)} of {part.n_tasks} pieces of a copy to {job.target.store_path} were written without an error, and have left no "
                "receipt: workers have a store in memory, or a zip archive, of their own. Use a store that all of them share",
                lost,
            )


def _run_tasks(
    client: Any, call: _Running, numbers: Sequence[int], done: Callable[[int, Any], None], options: dict[str, Any]
) -> None:
    try:
        run_over(client, call, numbers, done, options)
    except CallError as failed:
        cause = failed.__cause__
        assert cause is not None  # noqa: S101  # it is raised from one
        cause.add_note(
            f"This was met in copying {call.at.source.store_path} to {call.at.target.store_path}, of which a part is done. Make the same call "
            "again to go on with it, or with overwrite=True delete what is there."
        )
        raise cause from cause.__cause__


@dataclass(frozen=True, slots=True)
class _Running:
    """Does tasks of one of the plans: each unless it is done."""

    at: Rechunking
    job: Job
    name: str
    kept: Kept

    def __call__(self, number: int) -> bool:
        return run(rechunk_job.run_task(self.at, self.job, self.name, number, self.kept))
