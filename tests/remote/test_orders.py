"""Writers of one node where no hold keeps any of them out: creators in many orders of the requests that they make, and appenders.

A node of format 2 has its attributes in a document of its own. Whoever creates it, those are the attributes that it has.
"""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import obstore.store
import pytest

import zarr
from tests.conftest import PROFILE
from tests.suites.threads import in_threads
from zarr._flow.create import create_node
from zarr._flow.drive.answers import BY_CONTRACT
from zarr._flow.requests import Compute, Put, TakeHold, Together
from zarr._flow.resize import append
from zarr._metadata.group import GroupMetadata
from zarr._store.access import relies_on_versions, sync_contract
from zarr._store.path import StorePath
from zarr.abc.store import NoHold
from zarr.errors import ConcurrentChangeError, ContainsGroupError, StoreRequestError
from zarr.storage import ObjectStore

N_ORDERS = 20_000 if PROFILE == "long" else 150


class Creator:
    """One that creates a group, request by request."""

    def __init__(self, store, number):
        metadata = GroupMetadata(attributes={"by": number}, zarr_format=2)
        self.flow = create_node(StorePath(store, "g"), metadata, overwrite=False)
        self.number, self.answer, self.has_won = number, None, None

    def go_on(self):
        """Make one request; whether there is more to come."""
        try:
            request = self.flow.send(self.answer)
        except StopIteration:
            self.has_won = True
        except ContainsGroupError:
            self.has_won = False
        else:
            is_hold = isinstance(request, TakeHold)  # which keeps out no other process, as each of these stands for one
            self.answer = NoHold() if is_hold else BY_CONTRACT[type(request)](sync_contract(request.store), request)
        return self.has_won is None


@pytest.mark.parametrize("n_creators", [3, 4])
def test_the_attributes_are_those_of_the_one_that_succeeded(n_creators):
    for seed in range(N_ORDERS):
        store = ObjectStore(obstore.store.MemoryStore())
        assert relies_on_versions(store)
        zarr.create_group(store, zarr_format=2)
        order = random.Random(seed)
        creators = [Creator(store, number) for number in range(n_creators)]
        working = list(creators)
        while working:
            one = order.choice(working)
            for _ in range(order.choice((1, 1, 2, 5))):
                if not one.go_on():
                    working.remove(one)
                    break
        (winner,) = [one.number for one in creators if one.has_won]
        assert zarr.open_group(store, path="g", mode="r").attrs.asdict() == {"by": winner}, f"seed {seed}"


@pytest.mark.parametrize("options", [{"chunks": ([3, 1], 2)}, {"chunks": (2, 2), "shards": ([4, 2], 2)}], ids=str)
def test_appenders_to_chunks_of_different_lengths_lose_nothing(engine, options, nothing_left_running):
    """Each makes a chunk for what it appends, behind those that others have made meanwhile."""
    store = ObjectStore(obstore.store.MemoryStore())
    n_rows = sum(options.get("shards", options["chunks"])[0])
    with zarr.config.set({"array.rectilinear_chunks": True}):
        zarr.create_array(store, data=np.full((n_rows, 2), -1), **options)

    def append_some(number):
        array = zarr.open_array(store, mode="r+")
        for turn in range(6):
            n = 1 + (number + turn) % 3
            array.append(np.full((n, 2), 10 * number + turn))

    in_threads([partial(append_some, number) for number in range(4)])
    found = zarr.open_array(store, mode="r")[...]
    assert (found[:, 0] == found[:, 1]).all()
    expected = {10 * number + turn: 1 + (number + turn) % 3 for number in range(4) for turn in range(6)}
    values, counts = np.unique(found[n_rows:, 0], return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == expected
    assert (found[:n_rows] == -1).all()


def steps(flow, answer):
    """Drive a flow; yields after each of its requests, also of those that go out together, one after the other here."""
    try:
        request = flow.send(None)
        while True:
            yield
            try:
                if isinstance(request, Together):
                    found = []
                    for each in request.flows:
                        found.append((yield from steps(each, answer)))  # noqa: PERF401  # no comprehension can yield
                else:
                    found = answer(request)
            except (StoreRequestError, ConcurrentChangeError) as exc:
                request = flow.throw(exc)
            else:
                request = flow.send(found)
    except StopIteration as stop:
        return stop.value


class Row:
    """One that appends rows of a number, request by request, to a store that may refuse what it puts into chunks after some time."""

    def __init__(self, store, number, n_rows, n_puts):
        array = zarr.open_array(store, mode="r+")
        self.number, self.n_rows, self.n_puts, self.has_won = number, n_rows, n_puts, None
        self.steps = steps(append(array._node, np.full(n_rows, number), 0), self.answer)

    def answer(self, request):
        if isinstance(request, TakeHold):
            return NoHold()
        if isinstance(request, Put) and "zarr.json" not in request.key:
            self.n_puts -= 1
            if self.n_puts < 0:
                error = StoreRequestError("refused")
                error.status = 403
                raise error
        if isinstance(request, Compute):
            return request.function(*request.args)
        return BY_CONTRACT[type(request)](sync_contract(request.store), request)

    def go_on(self):
        try:
            next(self.steps)
        except StopIteration:
            self.has_won = True
        except StoreRequestError:
            self.has_won = False
        return self.has_won is None


def test_an_append_that_fails_takes_nothing_from_others(engine):
    """Whether it gives its room back or cannot, since others have appended behind it."""
    n_back = 0
    for seed in range(N_ORDERS):
        order = random.Random(seed)
        store = ObjectStore(obstore.store.MemoryStore())
        zarr.create_array(store, data=np.full(order.choice((0, 1, 3, 4)), 99), chunks=2)
        n_first = zarr.open_array(store).shape[0]
        rows = [Row(store, number, order.choice((1, 2, 5)), order.choice((0, 1, 99, 99))) for number in range(1, 4)]
        working = list(rows)
        while working:
            one = order.choice(working)
            for _ in range(order.choice((1, 2, 5, 20))):
                if not one.go_on():
                    working.remove(one)
                    break
        found = zarr.open_array(store, mode="r")[:].tolist()
        assert found[:n_first] == [99] * n_first, f"seed {seed}"
        for row in rows:
            n_there = found.count(row.number)
            assert n_there == row.n_rows if row.has_won else n_there <= row.n_rows, f"seed {seed}: {found}"
        n_back += len(found) < n_first + sum(row.n_rows for row in rows)
    assert n_back > N_ORDERS // 10
