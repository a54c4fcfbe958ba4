"""Plans of writers: tasks, receipts, finishing."""

from __future__ import annotations

import asyncio
import json
import pickle
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

import zarr
from tests.suites.plain_stores import AsyncOnly, AsyncVersions
from tests.suites.writers import Numbers, numbers
from zarr.errors import ArgumentError, StalePlanError, UnfinishedPlanError
from zarr.plans import Finished, Plan, Task
from zarr.storage import LocalStore, MemoryStore, SQLiteStore, ZipStore

SHAPE = (10, 7)


class NoListing(AsyncOnly):
    """A third party's store that cannot list."""

    supports_listing = False


STORES = {
    "memory": lambda place: MemoryStore(),
    "local": lambda place: LocalStore(place / "root"),
    "zip": lambda place: ZipStore(place / "root.zip", mode="a"),
    "sqlite": lambda place: SQLiteStore(place / "all.sqlite"),
    "awaited": lambda place: AsyncOnly(),
    "versions": lambda place: AsyncVersions(),
    "without listing": lambda place: NoListing(),
}
LAYOUTS = {
    "v2": {"zarr_format": 2, "chunks": (3, 4)},
    "v3": {"chunks": (3, 4)},
    "sharded": {"chunks": (2, 2), "shards": (4, 4)},
    "index at start": {"chunks": (2, 2), "shards": {"shape": (4, 4), "index_location": "start"}},
    "big-endian": {"chunks": (3, 4), "dtype": ">i8"},
    "F": {"zarr_format": 2, "chunks": (3, 4), "order": "F"},
}


@pytest.fixture(params=STORES)
def any_store(request, tmp_path):
    return STORES[request.param](tmp_path)


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return {"shape": SHAPE, "dtype": "i8", **LAYOUTS[request.param]}


def array_in(store, **options):
    return zarr.create_array(store, name="a", **{"shape": SHAPE, "chunks": (3, 4), "dtype": "i8", **options})


def stored(store, prefix=""):
    """The keys of a store, whatever it says of listing."""
    if isinstance(store, AsyncOnly):
        return sorted(store.values)

    async def collect():
        return sorted([key async for key in store.list()])

    return asyncio.run(collect())


def receipts_in(store):
    return [key for key in stored(store) if "__zarr" in key]


# -- running ------------------------------------------------------------------------------------------------------


def test_a_job_from_begin_to_end(any_store, layout, engine):
    array = array_in(any_store, **layout)
    plan = zarr.partition(array, target=1)
    assert plan.missing() == list(plan)
    assert plan.run(None, Numbers(SHAPE)) == len(plan)
    assert plan.missing() == []
    assert (array[:] == numbers(SHAPE)).all()
    assert len(receipts_in(any_store)) == len(plan) + 1
    finished = plan.finalize()
    assert finished[:2] == (len(plan), len(plan))
    assert finished.nbytes == sum(
        len(asyncio.run(any_store.get(key, zarr.buffer.cpu.buffer_prototype))) for task in plan for key in task.keys
    )
    assert receipts_in(any_store) == []
    assert plan.missing() == list(plan)


@pytest.mark.parametrize("by", ["shard", 0, 1, (0, 1), -1, [0]])
def test_axes(layout, by, engine):
    array = array_in({}, **layout)
    plan = zarr.partition(array, by=by, target=1)
    if by != "shard":
        axes = {axis % 2 for axis in ([by] if isinstance(by, int) else by)}
        assert all(task.region[axis] == slice(0, SHAPE[axis]) for task in plan for axis in range(2) if axis not in axes)
    plan.run(None, Numbers(SHAPE))
    plan.finalize()
    assert (array[:] == numbers(SHAPE)).all()


def test_axes_by_name():
    array = array_in({}, dimension_names=["time", None])
    assert zarr.partition(array, by="time", target=1) == zarr.partition(array, by=0, target=1)
    assert len(zarr.partition(array, by="time", target=1)) == 4
    with pytest.raises(
        ArgumentError, match=r"by='x' is neither 'shard' nor 'chunk' nor the name of an axis: .* 'time'"
    ):
        zarr.partition(array, by="x")


def test_a_name_of_two_axes_is_none():
    array = array_in({}, dimension_names=["x", "x"])
    for by in ("x", (0, "x")):
        with pytest.raises(ArgumentError, match="by='x' is the name of 2 axes"):
            zarr.partition(array, by=by)
    assert (
        zarr.partition(array, by=1) == zarr.partition(array, by=np.array(1)) == zarr.partition(array, by=np.array([1]))
    )


def test_chunks_are_what_is_stored_where_there_are_no_shards():
    assert zarr.partition(array_in({}), by="chunk") == zarr.partition(array_in({}), by="shard")
    with pytest.raises(ArgumentError, match="several tasks write to one shard"):
        zarr.partition(array_in({}, chunks=(2, 2), shards=(4, 4)), by="chunk")


@pytest.mark.parametrize("by", [2, -3, True, 1.5, None, (), ("x",), [[0]]])
def test_what_is_no_axis(by):
    with pytest.raises(ArgumentError, match="by"):
        zarr.partition(array_in({}), by=by)


@pytest.mark.parametrize("target", [0, -1, "", "12 apples", "MB", None, 1.5, True, "-3MB"])
def test_what_is_no_size(target):
    with pytest.raises(ArgumentError, match="target must be a number of bytes"):
        zarr.partition(array_in({}), target=target)


@pytest.mark.parametrize(
    ("target", "nbytes"),
    [("1kB", 1000), ("1 KiB", 1024), ("2K", 2000), ("1.5MiB", 3 << 19), ("3gb", 3 * 10**9), ("9", 9)],
)
def test_sizes(target, nbytes):
    assert zarr.partition(array_in({}), target=target)._arguments[2] == nbytes


def test_only_arrays_are_partitioned(tmp_path):
    with pytest.raises(TypeError, match=r"zarr\.open_array"):
        zarr.partition(tmp_path)
    with pytest.raises(TypeError, match="Group"):
        zarr.partition(zarr.create_group({}))
    with pytest.raises(TypeError, match="name of a plan"):
        zarr.partition(array_in({}), name=3)


def test_both_faces_of_an_array_have_one_plan():
    array = array_in({})
    assert zarr.partition(array) == zarr.partition(array.async_array)


def test_array_of_no_dimensions(any_store, zarr_format, engine):
    array = zarr.create_array(any_store, name="a", shape=(), dtype="i4", zarr_format=zarr_format)
    plan = zarr.partition(array)
    (task,) = plan
    assert (task.region, task.shape, task.nbytes) == ((), (), 4)
    assert plan.run(None, lambda region: 7) == 1
    assert plan.finalize().n_objects == 1
    assert array[()] == 7


@pytest.mark.parametrize("shape", [(0,), (4, 0), (0, 0)])
def test_array_of_no_elements(any_store, shape):
    array = zarr.create_array(any_store, name="a", shape=shape, chunks=2, dtype="i4")
    plan = zarr.partition(array)
    assert len(plan) == 0
    assert plan.missing() == []
    assert plan.run(None, lambda region: 1 / 0) == 0
    assert plan.run_share(0, lambda region: 1 / 0, of=2) == 0
    assert plan.finalize() == Finished(0, 0, 0)
    assert receipts_in(any_store) == []


def test_uneven_chunks(engine, tmp_path):
    with zarr.config.set({"array.rectilinear_chunks": True}):
        array = zarr.create_array(tmp_path, shape=SHAPE, chunks=([1, 6, 3], [2, 5]), dtype="i8")
    plan = zarr.partition(array, target=8 * 12)
    assert [task.region[0] for task in zarr.partition(array, by=0, target=8 * 7 * 7)] == [slice(0, 7), slice(7, 10)]
    plan.run(None, Numbers(SHAPE))
    assert plan.finalize().n_objects == 6
    assert (array[:] == numbers(SHAPE)).all()


@pytest.mark.parametrize("dtype", ["string", "U3", "f2", "bool", [("x", "i4"), ("y", "f8")]])
def test_elements_of_other_kinds(any_store, dtype, engine):
    array = zarr.create_array(any_store, name="a", shape=9, chunks=2, dtype=dtype)
    values = np.array([str(i) for i in range(9)]) if dtype in ("string", "U3") else np.zeros(9, array.dtype)
    if values.dtype.kind not in "UT":
        values.view("u1")[::3] = 1
    plan = zarr.partition(array, target=40)
    plan.run(None, lambda region: values[region])
    plan.finalize()
    assert (array[:] == values).all()


def test_fill_values_are_not_stored_and_known_to_be_so(any_store, layout):
    array = array_in(any_store, **layout, fill_value=5)
    array[...] = 1
    plan = zarr.partition(array, target=1)
    plan.run(None, lambda region: array.fill_value)
    assert plan.finalize() == Finished(len(plan), 0, 0)
    assert (array[:] == 5).all()
    assert sorted(set(stored(any_store)) - {"zarr.json", ".zgroup", ".zattrs"}) in (
        ["a/zarr.json"],
        ["a/.zarray", "a/.zattrs"],
    )


def test_a_part_of_an_array(any_store, layout):
    array = array_in(any_store, **layout)
    array[...] = -1
    rows = array.write_chunk_sizes[0][0]
    plan = zarr.partition(array, target=1, region=slice(rows, None))
    plan.run(None, Numbers(SHAPE))
    plan.finalize()
    expected = numbers(SHAPE)
    expected[:rows] = -1
    assert (array[:] == expected).all()
    assert len(zarr.partition(array, region=slice(rows, rows))) == 0
    assert len(zarr.partition(array, region=(..., slice(None)))) == 1


@pytest.mark.parametrize(
    "region", [slice(1, 6), slice(0, 5), (slice(3, 6), slice(0, 5)), 3, slice(0, 9, 3), [0], None, np.s_[None]]
)
def test_regions_that_are_no_whole_objects(region):
    array = array_in({})
    if region is None:
        assert len(zarr.partition(array, region=None, target=1)) == 8
        return
    with pytest.raises((ArgumentError, IndexError)):
        zarr.partition(array, region=(region, None) if region is None else region)


def test_a_region_says_what_would_be_whole():
    with pytest.raises(ArgumentError, match=r"region 1:6 of axis 0 .*: 0:6 covers whole ones"):
        zarr.partition(array_in({}), region=slice(1, 6))


# -- tasks --------------------------------------------------------------------------------------------------------


def test_a_plan_is_a_sequence():
    plan = zarr.partition(array_in({}), target=1)
    assert len(plan) == 8
    assert plan[-1] == plan[7] == list(plan)[7]
    assert plan[2:4] == [plan[2], plan[3]]
    assert plan[3] in plan
    assert plan.index(plan[3]) == 3
    assert {plan[3]: 1}[plan[3]] == 1
    assert plan[3] != plan[4]
    assert plan[3] != 3
    assert plan != 3
    assert repr(plan[5]) == "<Task 5 of 8: [6:9, 4:7]>"
    assert repr(plan).startswith("<Plan of 8 tasks for <Array memory://")
    assert plan.array.shape == SHAPE
    with pytest.raises(IndexError, match="no task 8 in a plan of 8"):
        plan[8]
    task = plan[5]
    assert (task.plan, task.number, task.shape, task.nbytes, task.keys) == (plan, 5, (3, 3), 72, ["a/c/2/1"])


def test_a_task_by_itself(any_store):
    array = array_in(any_store)
    plan = zarr.partition(array, target=1)
    assert plan[3].run(Numbers(SHAPE))
    assert not plan[3].run(lambda region: 1 / 0)
    assert [task.number for task in plan.missing()] == [0, 1, 2, 4, 5, 6, 7]
    assert (array[plan[3].region] == numbers(SHAPE)[plan[3].region]).all()
    assert plan.run(None, Numbers(SHAPE)) == 7


def test_shares(any_store):
    array = array_in(any_store)
    plan = zarr.partition(array, target=1)
    assert [plan.run_share(k, Numbers(SHAPE), of=3) for k in (2, 0, 1)] == [2, 3, 3]
    assert plan.run_share(np.int64(0), lambda region: 1 / 0, of=3) == 0
    plan.finalize()
    assert (array[:] == numbers(SHAPE)).all()


def test_more_tasks_than_can_be_counted():
    plan = zarr.partition(array_in({}, shape=(10**12, 10**12), chunks=(1, 1)), target=1)
    assert repr(plan[1]) == f"<Task 1 of {10**24}: [0:1, 1:2]>"
    assert plan[1].run(lambda region: 7)


def test_shares_beyond_the_tasks():
    plan = zarr.partition(array_in({}), target=1)
    assert plan.run_share(63, Numbers(SHAPE), of=64) == 0


@pytest.mark.parametrize(
    ("environment", "of", "expected"),
    [
        ({"ID": 3, "COUNT": 4, "MIN": 0, "MAX": 3, "STEP": 1}, None, (3, 4)),
        ({"ID": 7, "COUNT": 4, "MIN": 1, "MAX": 7, "STEP": 2}, None, (3, 4)),
        ({"ID": 1, "COUNT": 4, "MIN": 1, "MAX": 4}, None, (0, 4)),
        ({"ID": 5, "COUNT": 2, "MIN": 5, "MAX": 9, "STEP": 1}, 16, (5, 16)),
    ],
)
def test_share_of_a_job_of_slurm(monkeypatch, environment, of, expected):
    for name, value in environment.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))
    one, other = zarr.partition(array_in({}), target=1), zarr.partition(array_in({}), target=1)
    share, n = expected
    assert one.run_share("slurm", Numbers(SHAPE), of=of) == other.run_share(share, Numbers(SHAPE), of=n)
    assert [task.number for task in one.missing()] == [task.number for task in other.missing()]


def test_what_is_no_share(monkeypatch):
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    plan = zarr.partition(array_in({}), target=1)
    for share, of, words in (
        ("slurm", None, "no job of a Slurm array"),
        (3, None, "Give of="),
        (3, 3, "counted from 0"),
        (-1, 3, "counted from 0"),
        ("pbs", 3, "a share is a number, or 'slurm'"),
    ):
        with pytest.raises(ArgumentError, match=words):
            plan.run_share(share, Numbers(SHAPE), of=of)
    for name, value in {"ID": 9, "COUNT": 2, "MIN": 5, "MAX": 9, "STEP": 1}.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))
    with pytest.raises(ArgumentError, match="no range without gaps"):
        plan.run_share("slurm", Numbers(SHAPE))


def test_jobs_of_slurm_that_have_an_unknown_array(monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    plan = zarr.partition(array_in({}), target=1)
    with pytest.raises(ArgumentError, match="no range without gaps"):
        plan.run_share("slurm", Numbers(SHAPE))
    assert plan.run_share("slurm", Numbers(SHAPE), of=8) == 1
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "two")
    with pytest.raises(ArgumentError, match="SLURM_ARRAY_TASK_ID is no number: 'two'"):
        plan.run_share("slurm", Numbers(SHAPE), of=8)


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_plans_and_tasks_are_small_when_they_are_sent(tmp_path, kind, layout):
    store = LocalStore(tmp_path / "root") if kind == "local" else MemoryStore()
    array = array_in(store, **{**layout, "shape": (10_000, 7)})
    plan = zarr.partition(array, target=1)
    sent = pickle.dumps(plan[1000])
    assert len(sent) < (1200 if kind == "local" else 3000)
    found = pickle.loads(sent)
    assert type(found) is Task
    assert type(found.plan) is Plan
    if kind == "local":
        assert found == plan[1000]
    assert found.region == plan[1000].region


# -- what comes back ----------------------------------------------------------------------------------------------


def test_a_function_without_a_value_is_refused(any_store):
    array = array_in(any_store)
    plan = zarr.partition(array, target=1)
    with pytest.raises(ArgumentError, match=r"returned None for <Task 0 of 8.*fill value"):
        plan.run(None, lambda region: None)
    assert len(plan.missing()) == 8


def test_values_of_another_shape_are_refused():
    plan = zarr.partition(array_in({}), target=1)
    with pytest.raises(ValueError, match="could not broadcast") as raised:
        plan.run(None, lambda region: np.zeros((2, 2)))
    assert "<Task 0 of 8" in raised.value.__notes__[-1]
    assert len(plan.missing()) == 8


@pytest.mark.parametrize("n_threads", [None, 1, 3])
def test_a_task_that_fails_keeps_the_others(any_store, n_threads):
    array = array_in(any_store)
    plan = zarr.partition(array, target=1)

    def failing(region):
        if region[0].start == 6:
            raise LookupError("no such file")
        return numbers(SHAPE)[region]

    def attempt(function):
        if n_threads is None:
            return plan.run(None, function)
        with ThreadPoolExecutor(n_threads) as executor:
            return plan.run(executor, function)

    with pytest.raises(LookupError, match="no such file") as raised:
        attempt(failing)
    assert "only the others are run" in raised.value.__notes__[-1]
    n_missing = len(plan.missing())
    assert {task.region[0].start for task in plan.missing()} >= {6}
    with pytest.raises(UnfinishedPlanError, match="have left no receipt") as refused:
        plan.finalize()
    assert list(refused.value.missing) == [task.number for task in plan.missing()]
    assert attempt(Numbers(SHAPE)) == n_missing
    plan.finalize()
    assert (array[:] == numbers(SHAPE)).all()


def test_progress():
    plan = zarr.partition(array_in({}), target=1)
    plan[2].run(Numbers(SHAPE))
    told = []
    with ThreadPoolExecutor(2) as executor:
        plan.run(executor, Numbers(SHAPE), progress=lambda *now: told.append(now))
    assert told == [(n, 8) for n in range(2, 9)]


def test_errors_can_be_sent():
    error = UnfinishedPlanError("text", [1, 2], {1: ["c/0"]})
    found = pickle.loads(pickle.dumps(error))
    assert (str(found), found.missing, found.changed) == ("text", (1, 2), {1: ("c/0",)})
    assert isinstance(error, ValueError)
    assert isinstance(error, RuntimeError)


# -- executors ----------------------------------------------------------------------------------------------------


def ray_like(n_failures=0):
    """What is used of the module ray, in this thread."""
    ray = SimpleNamespace(asked=[], cancelled=[], options=None)

    class Remote:
        def __init__(self, function):
            self.function = function

        def remote(self, shared, number):
            ray.asked.append(number)
            return self.function, shared, number

    def remote(*functions, **options):
        if functions:
            return Remote(*functions)
        ray.options = options
        return Remote

    def get(reference):
        function, shared, number = reference
        return function(shared, number)

    ray.remote, ray.get, ray.put = remote, get, lambda value: pickle.loads(pickle.dumps(value))
    ray.wait = lambda references, num_returns=1: (references[-num_returns:], references[:-num_returns])
    ray.cancel = ray.cancelled.append
    return ray


@pytest.mark.parametrize("options", [{}, {"num_cpus": 2}])
def test_ray(tmp_path, options, monkeypatch):
    monkeypatch.setattr("zarr._calls.executors._MOST_IN_RAY", 3)
    array = array_in(LocalStore(tmp_path))
    plan, ray = zarr.partition(array, target=1), ray_like()
    assert plan.run(ray, Numbers(SHAPE), **options) == 8
    assert ray.asked == list(range(8))
    assert ray.options == (options or None)
    plan.finalize(ray, **options)
    assert (array[:] == numbers(SHAPE)).all()


def test_ray_cancels_after_a_failure(tmp_path):
    plan, ray = zarr.partition(array_in(LocalStore(tmp_path)), target=1), ray_like()
    with pytest.raises(ValueError, match="could not broadcast"):
        plan.run(ray, WrongShape())
    assert len(ray.cancelled) == 7


class WrongShape:
    def __call__(self, region):
        return np.zeros(5)


def test_what_is_no_executor():
    plan = zarr.partition(array_in({}), target=1)
    with pytest.raises(ArgumentError, match="tasks cannot be run by 5 of type int"):
        plan.run(5, Numbers(SHAPE))
    with pytest.raises(ArgumentError, match="options are for Dask and Ray, got retries"):
        plan.run(None, Numbers(SHAPE), retries=3)
    waiting = SimpleNamespace(get_executor=None, asynchronous=True)
    with pytest.raises(ArgumentError, match=r"asyncio\.to_thread"):
        plan.run(waiting, Numbers(SHAPE))


class Elsewhere:
    """An executor whose workers have memory of their own."""

    def submit(self, function, *args):
        future = Future()
        function, args = pickle.loads(pickle.dumps((function, args)))
        future.set_result(function(*args))
        return future


def test_memory_that_workers_do_not_share_is_noticed():
    plan = zarr.partition(array_in(MemoryStore()), target=1)
    with pytest.raises(
        UnfinishedPlanError, match="as one in memory, or in a zip archive, is another one in every process"
    ) as raised:
        plan.run(Elsewhere(), Numbers(SHAPE))
    assert raised.value.missing == tuple(range(8))


# -- arrays that change -------------------------------------------------------------------------------------------


def test_a_plan_for_an_array_that_was_resized(any_store, layout):
    array = array_in(any_store, **layout)
    plan = zarr.partition(array, target=1)
    plan[0].run(Numbers(SHAPE))
    array.resize((12, 7))
    assert plan.array.shape == SHAPE
    for attempt in (
        lambda: plan.run(None, Numbers(SHAPE)),
        lambda: plan[1].run(Numbers(SHAPE)),
        lambda: plan.run_share(0, Numbers(SHAPE), of=2),
        plan.finalize,
    ):
        with pytest.raises(StalePlanError, match=r"has the shape \(12, 7\), and the plan was made for \(10, 7\)"):
            attempt()
    assert len(zarr.partition(array, target=1).missing()) == len(zarr.partition(array, target=1))


def test_a_plan_for_an_array_that_was_replaced(any_store):
    if isinstance(any_store, NoListing):
        any_store = AsyncVersions()  # there nothing can be replaced
    plan = zarr.partition(array_in(any_store), target=1)
    plan.run(None, Numbers(SHAPE))
    array_in(any_store, overwrite=True, compressors=None)
    with pytest.raises(StalePlanError, match="metadata differ in codecs"):
        plan.finalize()
    array_in(any_store, overwrite=True)
    assert len(plan.missing()) == 8, "receipts go with their array"


@pytest.mark.parametrize("way", ["resized", "replaced", "deleted"])
def test_an_array_that_is_another_one_when_the_values_are_there(way, engine):
    """Computing them may have taken hours."""
    group = zarr.create_group({})
    array = group.create_array("a", shape=SHAPE, chunks=(3, 4), dtype="i8")

    def compute(region):
        if way == "resized":
            array.resize((20, 7))
        elif way == "replaced":
            group.create_array("a", shape=SHAPE, chunks=(3, 4), dtype="f4", overwrite=True)
        else:
            del group["a"]
        return 7

    with pytest.raises(StalePlanError):
        zarr.partition(array)[0].run(compute)
    assert [key for key in stored(group.store) if "/c/" in key or "0.json" in key] == []


def test_a_plan_for_an_array_that_was_deleted():
    group = zarr.create_group({})
    plan = zarr.partition(group.create_array("a", shape=SHAPE, chunks=(3, 4), dtype="i8"), target=1)
    plan[0].run(Numbers(SHAPE))
    del group["a"]
    assert [key for key in stored(group.store) if key != "zarr.json"] == []
    with pytest.raises(StalePlanError, match="is gone"):
        plan.run(None, Numbers(SHAPE))
    group.create_group("a")
    with pytest.raises(StalePlanError, match="is gone"):
        plan.run(None, Numbers(SHAPE))


def test_attributes_may_change_meanwhile(any_store, zarr_format):
    array = array_in(any_store, zarr_format=zarr_format)
    plan = zarr.partition(array, target=1)
    plan[0].run(Numbers(SHAPE))
    array.attrs["title"] = "new"
    assert plan == zarr.partition(array, target=1)
    assert plan.run(None, Numbers(SHAPE)) == 7
    plan.finalize()
    assert zarr.open_array(any_store, path="a").attrs["title"] == "new"


def test_documents_in_other_words_are_of_the_same_array(tmp_path):
    array = array_in(LocalStore(tmp_path))
    plan = zarr.partition(array, target=1)
    plan[0].run(Numbers(SHAPE))
    document = tmp_path / "a" / "zarr.json"
    document.write_text(json.dumps(dict(reversed(json.loads(document.read_text()).items()))))
    assert zarr.partition(zarr.open_array(tmp_path, path="a"), target=1) == plan
    assert plan.run(None, Numbers(SHAPE)) == 7


def test_read_only_arrays_can_be_shared_out_and_not_written(any_store):
    array_in(any_store)
    if isinstance(any_store, AsyncOnly | AsyncVersions):
        any_store._read_only = True
        array = zarr.open_array(any_store, path="a", mode="r")
    else:
        array = zarr.open_array(any_store.with_read_only(True), path="a", mode="r")
    plan = zarr.partition(array, target=1)
    assert len(plan.missing()) == 8
    assert sum(array[task.region].size for task in plan) == 70
    for attempt in (lambda: plan.run(None, Numbers(SHAPE)), plan[0].run, plan.finalize):
        with pytest.raises((ValueError, TypeError), match=r"read-only|function"):
            attempt()


# -- receipts -----------------------------------------------------------------------------------------------------


@pytest.fixture
def done(tmp_path, engine):
    """A plan of which all tasks are done, and where its receipts are."""
    array = array_in(LocalStore(tmp_path / "root"))
    plan = zarr.partition(array, target=1)
    plan.run(None, Numbers(SHAPE))
    return plan, tmp_path / "root" / "a" / "__zarr_receipts" / plan.fingerprint


def changed(path, **members):
    path.write_text(json.dumps({**json.loads(path.read_text()), **members}))


@pytest.mark.parametrize(
    "spoil",
    {
        "missing": lambda path: path.unlink(),
        "empty": lambda path: path.write_bytes(b""),
        "cut": lambda path: path.write_bytes(path.read_bytes()[:-5]),
        "no object": lambda path: path.write_text("[1]"),
        "no receipt": lambda path: path.write_text("{}"),
        "of another kind": lambda path: changed(path, zarr_receipt=2),
        "of another plan": lambda path: changed(path, plan="0" * 32),
        "of another job": lambda path: changed(path, job="0" * 32),
        "of another task": lambda path: changed(path, task=4),
        "of a task without a number": lambda path: changed(path, task=3.0),
        "without objects": lambda path: changed(path, objects={}),
        "with a list of objects": lambda path: changed(path, objects=[1]),
        "with a wrong size": lambda path: changed(path, objects={"c/1/1": ["1", "00000000"]}),
        "with a negative size": lambda path: changed(path, objects={"c/1/1": [-1, "00000000"]}),
        "with a short checksum": lambda path: changed(path, objects={"c/1/1": [1, "0"]}),
        "with no checksum": lambda path: changed(path, objects={"c/1/1": [1, "????????"]}),
        "with a text for an object": lambda path: changed(path, objects={"c/1/1": "ab"}),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_receipt_that_does_not_count(done, spoil):
    plan, place = done
    spoil[1](place / "3.json")
    assert [task.number for task in plan.missing()] == [3]
    with pytest.raises(UnfinishedPlanError, match=r"1 of the 8 tasks .* \(3\)") as raised:
        plan.finalize(check="receipts")
    assert raised.value.missing == (3,)
    assert plan.run(None, Numbers(SHAPE)) == 1
    plan.finalize()


@pytest.mark.parametrize("check", ["bytes", "sizes", "receipts"])
def test_a_receipt_of_other_objects_is_found_in_the_end(done, check):
    plan, place = done
    changed(place / "3.json", objects={"c/0/0": None})
    with pytest.raises(UnfinishedPlanError, match=r"of 1 of the 8 tasks .* \(3\)") as raised:
        plan.finalize(check=check)
    assert raised.value.missing == (3,)
    assert raised.value.changed == {3: ("c/1/1",)}
    assert [task.number for task in plan.missing()] == [3]


SPOILT = {
    "deleted": (lambda path: path.unlink(), "sizes"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-1]), "sizes"),
    "a bit flipped": (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x07"), "bytes"),
}


@pytest.mark.parametrize("way", SPOILT)
def test_objects_that_were_changed_since_are_found(done, way):
    plan, _ = done
    spoil, found_by = SPOILT[way]
    spoil(plan.array.store.root / "a" / "c" / "1" / "1")
    for check in {"sizes": ["receipts"], "bytes": ["receipts", "sizes"]}[found_by]:
        assert plan._checked(None, check, {})[1].check == check
    with pytest.raises(UnfinishedPlanError, match=r"'a/c/1/1'.*runs just these tasks again") as raised:
        plan.finalize(check=found_by)
    assert raised.value.changed == {3: ("c/1/1",)}
    log = []
    assert plan.run(None, lambda region: log.append(region) or numbers(SHAPE)[region]) == 1
    assert log == [plan[3].region]
    plan.finalize()
    assert (plan.array[:] == numbers(SHAPE)).all()


def test_what_somebody_else_wrote_is_found(any_store, layout):
    array = array_in(any_store, **layout)
    plan = zarr.partition(array, target=1)
    plan.run(None, Numbers(SHAPE))
    array[0, 0] = -1
    with pytest.raises(UnfinishedPlanError) as raised:
        plan.finalize()
    assert raised.value.missing == (0,)


def test_an_object_where_there_should_be_none_is_found(any_store):
    array = array_in(any_store)
    plan = zarr.partition(array, target=1)
    plan.run(None, lambda region: 0)
    array[0, 0] = 1
    with pytest.raises(UnfinishedPlanError):
        plan.finalize(check="sizes")


@pytest.mark.parametrize("nbytes", [1, 100, 1000])
def test_objects_are_read_in_parts(done, monkeypatch, nbytes):
    plan, _ = done
    monkeypatch.setattr("zarr._flow.receipts._PART_NBYTES", nbytes)
    plan.finalize()


def test_no_check_of_that_name(done):
    with pytest.raises(ArgumentError, match="check must be one of"):
        done[0].finalize(check="all")


def test_finalizing_in_an_executor(done):
    plan, _ = done
    with ThreadPoolExecutor(2) as executor:
        assert plan.finalize(executor).n_objects == 8


def test_a_finished_plan_is_not_finalized_twice(done):
    plan, place = done
    plan.finalize()
    assert not place.parent.exists()
    with pytest.raises(UnfinishedPlanError, match="finalized already"):
        plan.finalize()


class Breaking(AsyncOnly):
    """A store that fails once, with the request of a number."""

    fails_at = None

    async def delete(self, key):
        self._count()
        await super().delete(key)

    async def set(self, key, value):
        self._count()
        await super().set(key, value)

    def _count(self):
        if self.fails_at is not None:
            self.fails_at -= 1
            if not self.fails_at:
                self.fails_at = None
                raise OSError("broken")


class BreakingWithoutListing(Breaking):
    supports_listing = False


@pytest.mark.parametrize("store_class", [Breaking, BreakingWithoutListing])
def test_finalizing_that_broke_off_is_gone_on_with(store_class, engine):
    for number in range(1, 20):
        store = store_class()
        plan = zarr.partition(array_in(store), by=0, target=1)
        assert plan.run(None, Numbers(SHAPE)) == 4
        store.fails_at = number
        try:
            finished = plan.finalize()
        except OSError:
            finished = plan.finalize()
            assert receipts_in(store) == []
        else:
            break
        assert finished.n_objects == 8
        with pytest.raises(UnfinishedPlanError):
            plan.finalize()
    assert number > 5


def test_finalizing_that_broke_off_has_checked_what_it_has():
    store = Breaking()
    plan = zarr.partition(array_in(store), by=0, target=1)
    plan.run(None, Numbers(SHAPE))
    store.fails_at = 2
    with pytest.raises(OSError, match="broken"):
        plan.finalize(check="sizes")
    assert len(plan.missing()) == 4
    with pytest.raises(UnfinishedPlanError):
        plan.finalize(check="bytes")
    assert plan.finalize(check="receipts").n_objects == 8
    assert receipts_in(store) == []


def test_a_job_that_begins_while_one_is_checked_stays():
    store = MemoryStore()
    plan = zarr.partition(array_in(store), by=0, target=1)
    plan.run(None, Numbers(SHAPE))

    class Pool:
        def submit(self, call, number):
            future = Future()
            future.set_result(call(number))
            if number == 3:
                plan.finalize()
                plan[0].run(Numbers(SHAPE))
            return future

    assert plan.finalize(Pool()).n_objects == 8
    assert [task.number for task in plan.missing()] == [1, 2, 3]


def test_receipts_that_are_kept_are_no_receipts_of_the_next_job(done):
    plan, place = done
    plan.finalize(keep_receipts=True)
    assert len(list(place.iterdir())) == 9
    assert len(plan.missing()) == 8
    assert plan.run(None, Numbers(SHAPE)) == 8
    plan.finalize()
    assert not place.exists()


def test_a_straggler_does_not_count_in_the_next_job(done):
    """A task that ran twice, and is over when the plan has been finalized."""
    plan, place = done
    late = (place / "3.json").read_bytes()
    plan.finalize()
    plan[0].run(Numbers(SHAPE))
    (place / "3.json").write_bytes(late)
    assert [task.number for task in plan.missing()] == [1, 2, 3, 4, 5, 6, 7]


def test_two_that_begin_at_once_have_one_job(any_store, monkeypatch):
    """Between looking for the job and beginning it somebody else begins it."""
    array = array_in(any_store)
    plan, other = zarr.partition(array, target=1), zarr.partition(array, target=1)
    from zarr._flow import receipts

    once = [True]
    unpatched = receipts._document

    def document(*args, **kwargs):
        if once and once.pop():
            other[1].run(Numbers(SHAPE))
        return unpatched(*args, **kwargs)

    monkeypatch.setattr(receipts, "_document", document)
    plan[0].run(Numbers(SHAPE))
    done = {task.number for task in plan} - {task.number for task in plan.missing()}
    assert done == {0, 1} or type(any_store) in (AsyncOnly, NoListing)
    plan.run(None, Numbers(SHAPE))
    plan.finalize()


def test_receipts_in_another_place(any_store, tmp_path):
    array = array_in(any_store)
    other = zarr.create_array(any_store, name="b", shape=SHAPE, chunks=(3, 4), dtype="i8")
    place = LocalStore(tmp_path / "receipts")
    plans = [zarr.partition(each, target=1, receipts=place) for each in (array, other)]
    assert plans[0] != plans[1]
    for plan in plans:
        assert plan.run(None, Numbers(SHAPE)) == 8
    assert receipts_in(any_store) == []
    assert len(list((tmp_path / "receipts").iterdir())) == 2
    for plan in plans:
        plan.finalize()
    assert list((tmp_path / "receipts").iterdir()) == []
    assert (other[:] == numbers(SHAPE)).all()


def test_names_tell_jobs_apart():
    array = array_in({})
    one, other = zarr.partition(array, target=1, name="1"), zarr.partition(array, target=1, name="2")
    one.run(None, Numbers(SHAPE))
    assert len(other.missing()) == 8
    assert other.run(None, lambda region: 5) == 8
    with pytest.raises(UnfinishedPlanError):
        one.finalize()
    other.finalize()


class Picky(MemoryStore):
    """Takes nothing but what Zarr calls so."""

    def put(self, key, value, **options):
        if "__" in key:
            raise ValueError(f"unknown key: {key}")
        return super().put(key, value, **options)


def test_a_store_that_takes_no_receipts_says_what_to_do():
    array = array_in(Picky())
    with pytest.raises(ValueError, match="unknown key") as raised:
        zarr.partition(array, target=1).run(None, Numbers(SHAPE))
    assert "receipts=" in raised.value.__notes__[-1]
    plan = zarr.partition(array, target=1, receipts={})
    plan.run(None, Numbers(SHAPE))
    plan.finalize()
    assert (array[:] == numbers(SHAPE)).all()


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
@pytest.mark.parametrize(("consolidate", "path"), [(True, ""), ("g", "g")])
def test_consolidating_in_the_end(consolidate, path):
    root = zarr.create_group({})
    array = root.create_array("g/a", shape=SHAPE, chunks=(3, 4), dtype="i8")
    plan = zarr.partition(array)
    plan.run(None, Numbers(SHAPE))
    plan.finalize(consolidate=consolidate)
    assert zarr.open_group(root.store, path=path, use_consolidated=True).metadata.consolidated_metadata is not None


def test_nobody_takes_receipts_for_chunks_or_nodes(tmp_path, zarr_format):
    root = zarr.create_group(tmp_path, zarr_format=zarr_format)
    array = root.create_array("a", shape=SHAPE, chunks=(3, 4), dtype="i8")
    plan = zarr.partition(array, target=1)
    plan[0].run(Numbers(SHAPE))
    assert list(root.keys()) == ["a"]
    assert array.nchunks_initialized == 1
    copied = zarr.create_group({}, zarr_format=zarr_format)
    zarr.copy(array, copied, name="a")
    assert receipts_in(copied.store) == []
    assert (copied["a"][:3, :4] == numbers(SHAPE)[:3, :4]).all()


@pytest.mark.parametrize("path", ["", "a/b"])
def test_arrays_anywhere_in_a_store(any_store, path):
    array = zarr.create_array(any_store, name=path or None, shape=SHAPE, chunks=(3, 4), dtype="i8")
    plan = zarr.partition(array, target=1)
    plan.run(None, Numbers(SHAPE))
    plan.finalize()
    assert receipts_in(any_store) == []
    assert (array[:] == numbers(SHAPE)).all()
