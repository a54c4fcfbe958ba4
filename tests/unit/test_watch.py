"""Driving flows: what a flow asks for can be logged, noted instead of done, or refused, native writes included."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.plain_stores import Awaited
from zarr._flow import elements, resize
from zarr._flow.create import create_node
from zarr._flow.drive import run, run_async
from zarr._flow.objects import write
from zarr._flow.remove import remove_node
from zarr._flow.requests import Compute, Direct, Fetch, Put, Remove, RemovePrefix, TakeHold, Together
from zarr._flow.watch import dry, logged, preceded, refusing_writes
from zarr._selection import basic
from zarr.storage import LocalStore, MemoryStore, WrapperStore

ELEMENTS = np.arange(16, dtype="i4").reshape(4, 4)
DRIVERS = (run, lambda flow: asyncio.run(run_async(flow)))


@pytest.fixture(params=["local", "memory", "somebody else's"])
def array(request, tmp_path, engine):
    store = {
        "local": lambda: LocalStore(tmp_path / "store"),
        "memory": MemoryStore,
        "somebody else's": lambda: Awaited(MemoryStore()),
    }[request.param]()
    return zarr.create_array(store, name="a", data=ELEMENTS, chunks=(2, 2))


@pytest.fixture(params=DRIVERS, ids=["sync", "async"])
def drive(request):
    return request.param


def is_native_place(array):
    return array.engine == "native" and not isinstance(array.store, WrapperStore)


def putting(array, value=7):
    return elements.put(array._node, basic, (slice(0, 3), slice(0, 2)), value)


class TestLogging:
    def test_every_request_is_shown_and_answered(self, array, drive):
        shown = []
        drive(logged(putting(array), shown.append))
        expected = ELEMENTS.copy()
        expected[:3, :2] = 7
        assert (array[...] == expected).all()
        if is_native_place(array):
            (direct,) = shown
            assert type(direct) is Direct
            assert direct.writes
            assert direct.store is array.store
            assert direct.prefix == "a/"
            assert direct.selection.shape == (3, 2)
        else:
            kinds = [type(request) for request in shown]
            assert kinds[0] is Together
            assert kinds.count(Put) == 2
            # One object is covered whole, the other is read first.
            assert [read.key for request in shown if type(request) is Fetch for read in request.reads] == ["a/c/1/0"]

    def test_reading_shows_what_is_read(self, array, drive):
        shown = []
        out = np.empty((4, 4), "i4")
        flow = elements.get(array._node, basic, ..., out=out, prototype=zarr.buffer.cpu.buffer_prototype)
        drive(logged(flow, shown.append))
        assert (out == ELEMENTS).all()
        assert not any(request.writes for request in shown)
        keys = {read.key for request in shown if type(request) is Fetch for read in request.reads}
        assert keys == (set() if is_native_place(array) else {f"a/c/{i}/{j}" for i in range(2) for j in range(2)})
        assert any(type(request) is Direct for request in shown) == is_native_place(array)

    def test_a_hold_goes_along_with_what_is_written_under_it(self, array):
        shown = []
        run(logged(resize.append(array._node, ELEMENTS, 0), shown.append))
        assert array.shape == (8, 4)
        assert type(shown[0]) is TakeHold
        if is_native_place(array):
            (direct,) = [request for request in shown if type(request) is Direct]
            assert direct.hold is not None

    @pytest.mark.parametrize("durability", ["atomic", "fsync"])
    def test_durability_is_part_of_the_request(self, array, durability):
        shown = []
        with zarr.config.set({"array.durability": durability}):
            run(logged(putting(array), shown.append))
        synced = [request.sync for request in shown if type(request) is Direct]
        assert synced == ([durability == "fsync"] if is_native_place(array) else [])

    def test_what_only_computes_touches_no_store(self, array):
        shown = []
        run(logged(putting(array), shown.append))
        for request in shown:
            if type(request) is Compute:
                assert not hasattr(request, "store")


class TestDryRuns:
    def test_nothing_is_written(self, array, drive):
        before, writes = contents(array.store), []
        drive(dry(putting(array), writes))
        assert contents(array.store) == before
        assert (array[...] == ELEMENTS).all()
        if is_native_place(array):
            assert [type(request) for request in writes] == [Direct]
        else:
            assert sorted(request.key for request in writes) == ["a/c/0/0", "a/c/1/0"]

    def test_creating_and_deleting(self, array, drive):
        before, writes = contents(array.store), []
        drive(dry(remove_node(array.store_path), writes))
        assert [(type(request), request.prefix) for request in writes] == [(RemovePrefix, "a")]
        place = zarr.storage.StorePath(array.store, "b")
        writes.clear()
        drive(dry(create_node(place, array.metadata, overwrite=False), writes))
        assert [request.key for request in writes] == ["zarr.json", "b/zarr.json"][-len(writes) :]
        assert contents(array.store) == before

    def test_no_hold_is_taken(self, array, tmp_path):
        writes = []
        run(dry(resize.resize(array._node, (2, 4)), writes))
        assert writes
        assert zarr.open_array(array.store, path="a", mode="r").shape == (4, 4)
        array._node.publish(zarr.open_array(array.store, path="a", mode="r").metadata)
        array[...] = 1  # nobody has it


class TestRefusing:
    def test_a_write_is_an_error_and_changes_nothing(self, array, drive):
        before = contents(array.store)
        with pytest.raises(ValueError, match="this is an audit"):
            drive(refusing_writes(putting(array), "this is an audit"))
        assert contents(array.store) == before

    @pytest.mark.parametrize("value", [0, 7])
    def test_also_one_that_deletes(self, array, value):
        array[...] = 5
        before = contents(array.store)
        with pytest.raises(ValueError, match="no"):
            run(
                refusing_writes(
                    write(array._node, array._node.view, basic(..., (4, 4)), np.full((4, 4), value, "i4")), "no"
                )
            )
        assert contents(array.store) == before

    def test_reads_go_on(self, array, drive):
        flow = elements.get(array._node, basic, 1, prototype=zarr.buffer.cpu.buffer_prototype)
        assert drive(refusing_writes(flow, "no")).tolist() == [4, 5, 6, 7]


class TestPreceding:
    @staticmethod
    def removal(request):
        return isinstance(request, Remove | RemovePrefix)

    def test_another_flow_runs_before_the_first_request_of_a_kind_and_once(self, array, drive):
        seen = []

        def first():
            seen.append("first")
            yield Fetch(array.store, ())

        flow = preceded(remove_node(array.store_path), self.removal, first)
        drive(logged(flow, lambda request: seen.append(type(request).__name__)))
        assert seen.count("first") == 1
        assert seen[seen.index("first") + 1] == "Fetch"
        assert seen[seen.index("first") + 2].startswith("Remove")

    def test_it_does_not_run_where_there_is_no_such_request(self, array, drive):
        drive(preceded(putting(array), self.removal, lambda: pytest.fail("it ran")))

    def test_inside_others_too(self, array, drive):
        seen = []

        def first():
            seen.append("first")
            yield Fetch(array.store, ())

        def outer():
            yield Together([remove_node(array.store_path)])

        drive(preceded(outer(), self.removal, first))
        assert seen == ["first"]

    def test_what_it_raises_the_flow_meets(self, array):
        before = contents(array.store)

        def first():
            yield Fetch(array.store, ())
            raise OSError("no room")

        with pytest.raises(OSError, match="no room"):
            run(preceded(remove_node(array.store_path), self.removal, first))
        assert contents(array.store) == before


def test_a_flow_that_is_closed_is_closed_inside(array):
    flow = logged(putting(array), lambda request: None)
    flow.send(None)
    flow.close()
    with pytest.raises(StopIteration):
        flow.send(None)
