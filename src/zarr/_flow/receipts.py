"""Tasks that write an array together, from any number of processes and machines, and the receipts that they leave.

A job is a plan under way. Its first task stores a document that gives it a name of its own; each task that is done stores a
receipt with that name. Both lie at places that are known from the plan, so nothing has to be listed:

    <array>/__zarr_receipts/<plan>/job.json
    <array>/__zarr_receipts/<plan>/0.json, 1.json, ...

When a job is closed its document says so before the receipts go, and goes last. So what a straggler stores afterwards is the
receipt of a job that is over, no task of the next one counts as done by it, and a closing that broke off can be gone on with.

A task writes whole objects that no other task of its plan writes. So it can be done any number of times, also twice at once.
Its receipt comes last: whoever is killed before that has not done it.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.byte_range import RangeByteRequest
from zarr._flow.compare_and_swap import MAX_ROUNDS
from zarr._flow.elements import put
from zarr._flow.load import load_array
from zarr._flow.node import ArrayNode
from zarr._flow.paths import RECEIPTS, join
from zarr._flow.requests import Compute, Fetch, Flow, Keys, Names, Put, Read, Remove, RemovePrefix, Size, Together
from zarr._plan.receipt import ObjectCheck, Receipt, fingerprint
from zarr._selection import basic
from zarr._store.abstract import is_able
from zarr._store.access import capabilities
from zarr._store.noted import NotedStore, extended
from zarr._store.path import StorePath
from zarr._store.versioned import ABSENT, ANY
from zarr._support.json import parse_object
from zarr._support.signals import came_from_a_signal
from zarr.errors import (
    ArrayNotFoundError,
    ConcurrentChangeError,
    MetadataTypeError,
    MetadataValidationError,
    NodeTypeValidationError,
    StalePlanError,
)

if TYPE_CHECKING:
    from zarr._buffer import Buffer
    from zarr._metadata.group import ArrayMetadata
    from zarr._plan.partition import Partition
    from zarr._store.abstract import Store
    from zarr._store.versioned import Stored

Check: TypeAlias = Literal["bytes", "sizes", "receipts"]
CHECKS: tuple[Check, ...] = ("bytes", "sizes", "receipts")
_VERSION = 1
_AT_ONCE = 256
"""So many receipts are asked for with one request."""
_PART_NBYTES = 16 * 2**20
"""Objects are read in such parts, where it is certain that these are of one version."""
_FEW = 4
"""So many objects are in memory at once, where they are read whole."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be written, and where the receipts go.

    Attributes
    ----------
    node
        The array as it was when the plan was made.
    partition
        Its pieces.
    plan
        The plan's fingerprint.
    at
        Where its receipts lie.
    """

    node: ArrayNode
    partition: Partition
    plan: str
    at: StorePath

    @property
    def n_tasks(self) -> int:
        return self.partition.n_pieces

    def suffixes(self, number: int) -> list[str]:
        """Keys of the objects of a task, relative to the array."""
        return [self.node.metadata.encode_chunk_key(coords) for coords in self.partition.coords(number)]

    def n_objects(self, number: int) -> int:
        """How many these are."""
        return math.prod(cells.stop - cells.start for cells in self.partition.box(number))

    def receipt_key(self, number: int) -> str:
        return join(self.at.path, f"{number}.json")

    @property
    def document_key(self) -> str:
        return join(self.at.path, "job.json")


def job_of(node: ArrayNode, partition: Partition, name: str, receipts: StorePath | None) -> Job:
    """The job of writing an array by a partition.

    Parameters
    ----------
    name
        Tells jobs apart that write the same by the same partition.
    receipts
        Where receipts go; below the array if None.
    """
    members = {"array": described(node.metadata), "cuts": partition.described(), "name": name}
    if receipts is not None:  # other arrays may have theirs there
        members["place"] = [node.store_path.store._known_as(), node.path]
    plan = fingerprint(members)
    at = StorePath(node.store_path.store, node.key(RECEIPTS)) if receipts is None else receipts
    return Job(node, partition, plan, StorePath(at.store, join(at.path, plan)))


def described(metadata: ArrayMetadata) -> dict[str, Any]:
    """What an array's metadata say of its objects: all but the attributes."""
    return {name: value for name, value in metadata.to_dict().items() if name != "attributes"}


# -- jobs -------------------------------------------------------------------------------------------------------


def begin(job: Job) -> Flow[str]:
    """The name of a job, which begins now if it has not yet.

    Raises
    ------
    StalePlanError
        If the array has another shape by now, or is another one.
    """
    job.node.store_path.store._check_writable()
    yield from check_array(job)
    try:
        return (yield from _begin(job))
    except Exception as exc:
        if not came_from_a_signal(exc):
            exc.add_note(
                f"This was met in storing {job.document_key!r}, where the receipts of the plan's tasks are to lie, in store "
                f"{job.at.store!r}. If that takes no such keys, zarr.partition(..., receipts=) names another place."
            )
        raise


def _begin(job: Job) -> Flow[str]:
    store = job.at.store
    store._check_writable()
    is_conditional = capabilities(store).puts_conditionally
    for _ in range(MAX_ROUNDS):
        (stored,) = yield Fetch(store, (Read(job.document_key),))
        expected = ABSENT
        if stored is not None:
            with stored:
                name = _name_in(stored.data.to_bytes(), job)
            if name is not None:
                return name
            expected = ANY if stored.version is None else stored.version
        name = uuid.uuid4().hex
        done: bool = yield Put(store, job.document_key, _document(job, name, finished=False), expected)
        if done and is_conditional:
            return name
        # Otherwise what is stored now counts: two that begin at once may have stored one after the other.
    raise ConcurrentChangeError(f"the document of a job, {job.document_key!r}, kept changing; begin again")


def current(job: Job) -> Flow[str | None]:
    """The name of a job, None if it has not begun, or is over."""
    (stored,) = yield Fetch(job.at.store, (Read(job.document_key),))
    return None if stored is None else _name_in(stored.without_version().to_bytes(), job)


def _name_in(raw: bytes, job: Job) -> str | None:
    found = _document_in(raw, job)
    return found.name if found is not None and not found.is_finished else None


def _document_in(raw: bytes, job: Job) -> JobDocument | None:
    found = parse_job(raw, job.document_key)
    return found if found is not None and found.plan == job.plan else None


@dataclass(frozen=True, slots=True)
class JobDocument:
    """What the document of a job says.

    Attributes
    ----------
    name, plan, n_tasks, is_finished
        The job, its plan, how many tasks that has, and whether it is over.
    array
        Fingerprint of what the array's metadata said but for the attributes; None where a document does not say it.
    cuts
        How the array is cut into tasks, as `Partition.described` has it; None likewise.
    checked
        What was said of a job that is over and whose receipts are being taken away; None for others.
    """

    name: str
    plan: str
    n_tasks: int
    is_finished: bool
    array: str | None
    cuts: Any
    checked: Checked | None


def parse_job(raw: bytes, key: str) -> JobDocument | None:
    """The document of a job, whose key is for error texts; None if it is none. Whoever reads it cannot trust it."""
    try:
        found = parse_object(raw, key)
    except (MetadataValidationError, MetadataTypeError):
        return None
    name, plan, n_tasks, is_finished = (found.get(member) for member in ("job", "plan", "tasks", "finished"))
    if found.get("zarr_job") != _VERSION or not isinstance(name, str) or not isinstance(plan, str):
        return None
    if type(n_tasks) is not int or n_tasks < 0 or not isinstance(is_finished, bool):
        return None
    array = found.get("array")
    return JobDocument(
        name,
        plan,
        n_tasks,
        is_finished,
        array if isinstance(array, str) else None,
        found.get("cuts"),
        _checked_in(found) if is_finished else None,
    )


def _checked_in(found: dict[str, Any]) -> Checked | None:
    check, n_objects, nbytes = (found.get(name) for name in Checked._fields)
    if found.get("kept") is not False or check not in CHECKS or type(n_objects) is not int or type(nbytes) is not int:
        return None
    return Checked(check, n_objects, nbytes)


def check_array(job: Job) -> Flow[None]:
    """Raise StalePlanError if what is stored is not the array that the plan was made for."""
    at, planned = job.node.store_path, job.node.metadata
    try:
        stored = yield from load_array(at, planned.zarr_format)
    except (ArrayNotFoundError, NodeTypeValidationError) as exc:
        raise StalePlanError(
            f"the array {'/' + at.path!r} of store {at.store!r}, for which the plan was made, is gone"
        ) from exc
    if stored.shape != planned.shape:
        raise StalePlanError(
            f"the array {'/' + at.path!r} of store {at.store!r} has the shape {stored.shape}, and the plan was made for "
            f"{planned.shape}. Make a new plan: zarr.partition(zarr.open_array(...), ...)"
        )
    now, then = described(stored), described(planned)
    if fingerprint(now) != fingerprint(then):
        differing = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
        raise StalePlanError(
            f"the array {'/' + at.path!r} of store {at.store!r} is another one than the plan was made for: its metadata differ in "
            f"{', '.join(differing)}. Make a new plan: zarr.partition(zarr.open_array(...), ...)"
        )


# -- receipts ---------------------------------------------------------------------------------------------------


def receipts(job: Job, name: str | None, numbers: Iterable[int]) -> Flow[Iterator[tuple[int, Receipt | None]]]:
    """Receipts of a job's tasks, in order; None for a task that has none that counts."""
    found: list[tuple[int, Receipt | None]] = []
    if name is None:
        return iter([(number, None) for number in numbers])
    waiting = iter(numbers)
    while some := list(islice(waiting, _AT_ONCE)):
        stored: Sequence[Stored | None] = yield Fetch(job.at.store, [Read(job.receipt_key(number)) for number in some])
        found += [(number, _receipt(job, name, number, each)) for number, each in zip(some, stored, strict=True)]
    return iter(found)


def _receipt(job: Job, name: str, number: int, stored: Stored | None) -> Receipt | None:
    if stored is None:
        return None
    receipt = Receipt.from_bytes(stored.without_version().to_bytes())
    if receipt is None or (receipt.plan, receipt.job, receipt.task) != (job.plan, name, number):
        return None
    return receipt if len(receipt.objects) == job.n_objects(number) else None


def missing(job: Job) -> Flow[list[int]]:
    """Numbers of the tasks without a receipt."""
    name = yield from current(job)
    found = yield from receipts(job, name, range(job.n_tasks))
    return [number for number, receipt in found if receipt is None]


def is_done(job: Job, name: str, number: int) -> Flow[bool]:
    """Whether a task has left its receipt."""
    ((_, receipt),) = yield from receipts(job, name, [number])
    return receipt is not None


def write_task(job: Job, name: str, number: int, value: object) -> Flow[None]:
    """Write the values of a task's region, and then its receipt.

    Raises
    ------
    StalePlanError
        If the array has another shape by now, or is another one: the values may have taken hours.
    """
    region = job.partition.region(number)
    yield from store_task(job, name, number, lambda node: put(node, basic, region, value))


def store_task(
    job: Job, name: str, number: int, storing: Callable[[ArrayNode], Flow[Any]], *, noting: bool = True
) -> Flow[None]:
    """Have something store the objects of a task in the array that it is given, and then store its receipt.

    Parameters
    ----------
    job, name, number
        The task.
    storing
        Stores them, and no others.
    noting
        Whether the receipt is to say what was stored; otherwise it says that the task is done, and nothing can be checked by it.

    Raises
    ------
    StalePlanError
        If the array has another shape by now, or is another one.
    """
    yield from check_array(job)
    at, node = job.node.store_path, job.node
    objects: dict[str, ObjectCheck | None] = dict.fromkeys(job.suffixes(number))
    if noting:
        noted = NotedStore(at.store)
        # Somebody else's pipeline knows some kinds of stores, and may go past them: what it has stored is read.
        if node.view.pipeline.delegate is None:
            node = ArrayNode(node.metadata, StorePath(noted, at.path), node.config, engine=node.engine)
        yield from storing(node)
        for suffix in objects:
            key = node.key(suffix)
            if key in noted.notes:
                seen = noted.notes[key]
                objects[suffix] = None if seen is None else ObjectCheck(*seen)
            else:
                objects[suffix] = yield from stored_check(at.store, key)
    else:
        yield from storing(node)
    receipt = Receipt(job.plan, name, number, objects)
    yield Put(job.at.store, job.receipt_key(number), CPU_PROTOTYPE.buffer.from_bytes(receipt.to_bytes()))


# -- checking ---------------------------------------------------------------------------------------------------


def changed(job: Job, name: str, number: int, how: Check) -> Flow[list[str]]:
    """Keys of the objects of a task that are not as its receipt says, relative to the array; all of them without one."""
    ((_, receipt),) = yield from receipts(job, name, [number])
    suffixes = job.suffixes(number)
    if receipt is None or receipt.objects.keys() != set(suffixes):
        return suffixes
    if how == "receipts":
        return []
    store, key = job.node.store_path.store, job.node.key
    if how == "sizes":
        sizes = yield Together(_size(store, key(suffix)) for suffix in suffixes)
        told = {suffix: None if check is None else check.nbytes for suffix, check in receipt.objects.items()}
        return [suffix for suffix, size in zip(suffixes, sizes, strict=True) if size != told[suffix]]
    checks = yield Together((stored_check(store, key(suffix)) for suffix in suffixes), most=_FEW)
    return [suffix for suffix, check in zip(suffixes, checks, strict=True) if check != receipt.objects[suffix]]


def all_changed(job: Job, name: str, how: Check) -> Flow[list[list[str]]]:
    """The same of every task of a job, of several tasks at once where that helps."""
    found: list[list[str]] = yield Together(
        (changed(job, name, number, how) for number in range(job.n_tasks)), most=_FEW
    )
    return found


def _size(store: Store, key: str) -> Flow[int | None]:
    nbytes: int | None = yield Size(store, key)
    return nbytes


def stored_check(store: Store, key: str) -> Flow[ObjectCheck | None]:
    """Size and checksum of an object as it is stored; None if there is none."""
    able = capabilities(store)
    in_parts = able.pins_versions and able.tells_sizes
    (first,) = yield Fetch(store, (Read(key, RangeByteRequest(0, _PART_NBYTES) if in_parts else None),))
    if first is None:
        return None
    with first:
        nbytes = len(first.data)
        checksum = yield Compute(extended, (0, first.data.as_buffer_like()))
        while in_parts and nbytes < first.nbytes:
            part = RangeByteRequest(nbytes, nbytes + _PART_NBYTES)
            (found,) = yield Fetch(store, (Read(key, part, first.version),))
            nbytes += len(found.data)
            checksum = yield Compute(extended, (checksum, found.data.as_buffer_like()))
    return ObjectCheck(nbytes, checksum)


# -- the end ----------------------------------------------------------------------------------------------------


def forget(job: Job, numbers: Iterable[int]) -> Flow[None]:
    """Take receipts away: the tasks are to be done again."""
    yield Together(_remove(job.at.store, job.receipt_key(number)) for number in numbers)


class Checked(NamedTuple):
    """What became of a job that was found to be complete.

    Attributes
    ----------
    check
        How it was checked.
    n_objects, nbytes
        What its tasks stored.
    """

    check: Check
    n_objects: int
    nbytes: int


def close(job: Job, name: str, checked: Checked, *, keep: bool) -> Flow[None]:
    """End a job. First its document says that it is finished, and what it stored; then its receipts go, unless they are to be kept.

    What was ended meanwhile by somebody else, and may be another job by now, is left alone.
    """
    if (yield from current(job)) != name:
        return
    members = {"finished": True, "kept": keep, **checked._asdict()}
    yield Put(job.at.store, job.document_key, _document(job, name, **members))
    if not keep:
        yield from clear(job)


def closing(job: Job) -> Flow[Checked | None]:
    """What was said of a job whose end was begun, and whose receipts were not all taken away; None if there is none."""
    (stored,) = yield Fetch(job.at.store, (Read(job.document_key),))
    found = None if stored is None else _document_in(stored.without_version().to_bytes(), job)
    return None if found is None else found.checked


def clear(job: Job) -> Flow[None]:
    """Take away the receipts of a job, and its document last: as long as that is there, others know that it is finished."""
    store = job.at.store
    if not is_able(store.supports_listing):
        yield from forget(job, range(job.n_tasks))
        yield Remove(store, job.document_key)
        return
    if capabilities(store).removes_in_one_step:
        yield RemovePrefix(store, job.at.path)
    else:
        keys = yield Keys(store, job.at.path)
        yield Together(_remove(store, key) for key in keys if key != job.document_key)
        yield Remove(store, job.document_key)
    try:
        yield from clear_directories(job.at)
    except Exception as exc:
        if came_from_a_signal(exc):
            raise
        # The job is over, and a directory without anything in it is nobody's concern.


def clear_directories(at: StorePath) -> Flow[None]:
    """Take away what holds receipts in stores that have directories, if there are no others."""
    store = at.store
    if not capabilities(store).removes_in_one_step:
        yield RemovePrefix(store, at.path)
    above, _, last = at.path.rpartition("/")[0].rpartition("/")
    if last == RECEIPTS:
        others: Sequence[str] = yield Names(store, join(above, RECEIPTS))
        if not others:
            yield RemovePrefix(store, join(above, RECEIPTS))


def _remove(store: Store, key: str) -> Flow[None]:
    yield Remove(store, key)


def _document(job: Job, name: str, *, finished: bool, **more: object) -> Buffer:
    members = {
        "zarr_job": _VERSION,
        "plan": job.plan,
        "job": name,
        "finished": finished,
        "tasks": job.n_tasks,
        "array": fingerprint(described(job.node.metadata)),
        "cuts": job.partition.described(),
        **more,
    }
    return CPU_PROTOTYPE.buffer.from_bytes(json.dumps(members).encode())
