"""Arrays on a cloud that answers wrongly, late, by halves or not at all: what is read is right, and what is written is there."""

from __future__ import annotations

import numpy as np
import pytest

import zarr
from tests.conftest import PROFILE
from tests.servers.clouds import IMPATIENT, store_over

N_FAULTS = 500 if PROFILE == "long" else 150
RATE = 0.3
PERSISTENT = {**IMPATIENT, "max_retries": 30}


def make_trouble(cloud):
    """Every kind of trouble, by chance; a burst of refusals hits many requests in a row."""
    for number, (how, status) in enumerate(
        [("refuse", 429), ("refuse", 503), ("late", 503), ("late", 500), ("drop", 0), ("lose", 0)]
    ):
        cloud.fail(how, rate=RATE / 10, status=status, seed=number)
    for number, how in enumerate(("cut", "short", "shifted", "whole")):
        cloud.fail(how, rate=RATE / 10, methods=["GET"], within="/c/", seed=100 + number)


@pytest.mark.parametrize("shards", [None, (20, 20)], ids=["chunks", "shards"])
def test_no_wrong_value_and_no_lost_write(cloud, kind, engine, shards):
    random = np.random.default_rng(0)
    expected = random.integers(0, 1000, (40, 40)).astype("i4")
    array = zarr.create_array(
        store_over(cloud, kind, retry_config=PERSISTENT), name="a", data=expected, chunks=(5, 5), shards=shards
    )
    make_trouble(cloud)
    n_rounds = 0
    while cloud.n_faults < N_FAULTS:
        n_rounds += 1
        if n_rounds % 10 == 0:
            cloud.fail("refuse", status=429, times=6)
        rows, columns = (slice(*sorted(random.integers(0, 41, 2))) for _ in range(2))
        if n_rounds % 3 == 0:
            expected[rows, columns] = n_rounds
            array[rows, columns] = n_rounds
        assert (array[rows, columns] == expected[rows, columns]).all()
        if n_rounds % 7 == 0:
            array.attrs[f"round {n_rounds}"] = n_rounds
    found = zarr.open_array(store_over(cloud, kind, retry_config=PERSISTENT), path="a", mode="r")
    assert (found[:] == expected).all()
    cloud.fail()
    assert (found[:] == expected).all()
    assert found.attrs.asdict() == {f"round {n}": n for n in range(7, n_rounds + 1, 7)}


def test_a_write_that_fails_for_good_says_so_and_the_rest_is_whole(cloud, engine):
    array = zarr.create_array(
        store_over(cloud, retry_config={"max_retries": 1}), name="a", shape=100, chunks=10, dtype="i4"
    )
    array[:] = 1
    cloud.fail("refuse", methods=["PUT"], within="/c/4")
    with pytest.raises(OSError, match="could not store s3://bucket/root/a/c/4 after 2 attempts"):
        array[:] = 2
    cloud.fail()
    assert set(array[:]) <= {1, 2}
    assert (array[40:50] == 1).all()


def test_deletions_and_listings_get_through(cloud, kind):
    root = zarr.create_group(store_over(cloud, kind, retry_config=PERSISTENT))
    for number in range(10):
        root.create_array(f"a{number}", data=np.arange(20), chunks=2)
    make_trouble(cloud)
    for number in range(0, 10, 2):
        del root[f"a{number}"]
    assert sorted(root) == [f"a{number}" for number in range(1, 10, 2)]
    assert all(array[:].tolist() == list(range(20)) for array in root.array_values())
