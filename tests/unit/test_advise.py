"""`zarr.advise`, and chunks that are given by their size."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from zarr._grid.advice import Costs, Pattern, chunks_for, n_met, shards_for
from zarr.errors import ArgumentError

MAPS, SERIES = {"maps": (1, -1, -1)}, {"series": (-1, 1, 1)}
SHAPE = (1000, 500, 500)


def explained(advice, selection):
    """What reading takes, as the array itself says it."""
    array = zarr.create_array({}, **advice.kwargs)
    return array.explain(selection)


def test_one_kind_of_reading():
    maps, series = zarr.advise(SHAPE, "f4", MAPS), zarr.advise(SHAPE, "f4", SERIES)
    assert maps.chunks[1:] == SHAPE[1:]
    assert series.chunks[0] == 1000
    assert max(series.chunks[1:]) < 100
    assert explained(maps, 0).n_chunks == 1
    assert explained(series, np.s_[:, 7, 7]).n_chunks == 1


def test_two_kinds_are_weighed():
    both = zarr.advise(SHAPE, "f4", {**MAPS, **SERIES})
    rather_maps = zarr.advise(SHAPE, "f4", {**MAPS, **SERIES}, weights={"maps": 100})
    n_both, n_maps = (explained(found, 0).n_chunks for found in (both, rather_maps))
    assert n_maps < n_both < 500
    assert explained(both, np.s_[:, 7, 7]).n_chunks < 200
    assert any(reason.startswith("maps: to read (1, 500, 500), which is 1 MB") for reason in both.reasons)


def test_far_away_objects_are_few():
    near, far = (zarr.advise(SHAPE, "f4", MAPS, store=store) for store in (None, "s3://bucket/a"))
    assert near.shards is None
    assert far.shards is not None
    assert all(s % c == 0 for s, c in zip(far.shards, far.chunks, strict=True))
    assert 4e6 < math.prod(far.shards) * 4 <= 64e6
    assert zarr.advise(SHAPE, "f4", MAPS, store={}).shards is None
    assert "Shards" in str(far)


def test_what_is_written_at_once():
    found = zarr.advise((10**5, 500, 500), "f4", MAPS, store="s3://b/a", write=(4, -1, -1))
    assert found.shards[0] == 4
    assert any("written whole" in reason for reason in found.reasons)
    found = zarr.advise((10**5, 500, 500), "f4", SERIES, store="s3://b/a", write=(4, -1, -1))
    assert any("zarr.rechunk" in reason for reason in found.reasons)


def test_codecs_are_compared_in_a_sample():
    ramp = np.arange(10**5, dtype="i8") * 7
    found = zarr.advise(10**6, "i8", sample=ramp)
    assert isinstance(found.compressors, zarr.codecs.BloscCodec)
    assert any(reason.startswith("Of a sample of 800 kB make: the usual codec") for reason in found.reasons)
    noise = np.random.default_rng(0).integers(0, 256, 10**5, dtype="u1")
    assert zarr.advise(10**6, "u1", sample=noise).compressors == "auto"
    array = zarr.create_array({}, **found.kwargs)
    array[: 10**5] = ramp
    assert (array[: 10**5] == ramp).all()


@pytest.mark.parametrize("shape", [(), (0,), (0, 5), 7])
@pytest.mark.parametrize("dtype", ["u1", "string", "M8[s]"])
def test_whatever_the_shape(shape, dtype):
    found = zarr.advise(shape, dtype)
    assert zarr.create_array({}, **found.kwargs).chunks == found.chunks


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access": {"a": (1, 1)}}, r"access\['a'\] must have a length for each of the 3 axes"),
        ({"access": {"a": (0, 1, 1)}}, "at least 1, or -1"),
        ({"access": {"a": "maps"}}, "must be the shape of what is taken at once"),
        ({"access": {"a": 3}}, "must be the shape of what is taken at once"),
        ({"access": MAPS, "weights": {"b": 1}}, "weights name 'b', which is not in access: 'maps'"),
        ({"access": MAPS, "weights": {"maps": 0}}, "must be a positive number"),
        ({"write": (1,)}, "write must have a length"),
        ({"sample": np.zeros(3)}, "sample must have 3 axes"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ArgumentError, match=message):
        zarr.advise(SHAPE, "f4", **options)


small_shapes = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)


@settings(max_examples=settings().max_examples // 3)
@given(small_shapes, st.data())
def test_chunks_met_are_counted(shape, data):
    """The mean over all places of a box, counted one by one."""
    chunks = tuple(data.draw(st.integers(1, n)) for n in shape)
    box = tuple(data.draw(st.sampled_from([1, n])) for n in shape)
    starts = product(*(range(n - b + 1) for n, b in zip(shape, box, strict=True)))
    counts = [
        math.prod((a + b - 1) // c - a // c + 1 for a, b, c in zip(start, box, chunks, strict=True)) for start in starts
    ]
    assert n_met(shape, chunks, box) == pytest.approx(sum(counts) / len(counts), rel=1e-9)


@settings(max_examples=settings().max_examples // 3)
@given(small_shapes, st.integers(1, 400), st.data())
def test_shapes_stay_within_limits(shape, nbytes, data):
    box = tuple(data.draw(st.integers(1, n)) for n in shape)
    found = chunks_for(shape, 2, [Pattern("a", box, 1.0)], Costs(1e-4, 1e9), nbytes)
    assert all(1 <= c <= n for c, n in zip(found, shape, strict=True))
    assert math.prod(found) * 2 <= max(nbytes, 2)
    shards = shards_for(shape, found, 2, nbytes)
    assert all(s % c == 0 for s, c in zip(shards, found, strict=True))
    assert math.prod(shards) * 2 <= max(nbytes, math.prod(found) * 2)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_chunks_by_size(zarr_format):
    array = zarr.create_array({}, shape=SHAPE, dtype="f4", chunks="4MB", zarr_format=zarr_format)
    assert array.chunks == (100, 100, 100)
    assert zarr.zeros((1000, 1000), chunks="1MB", dtype="u1").chunks == (1000, 1000)
    assert zarr.from_array({}, data=array, chunks="32 MB").chunks == (200, 200, 200)


def test_shards_by_size():
    array = zarr.create_array({}, shape=SHAPE, dtype="f4", chunks=(10, 100, 100), shards="64MB")
    assert math.prod(array.shards) * 4 <= 64_000_000
    assert math.prod(array.shards) * 4 > 16_000_000
    assert zarr.create_array({}, shape=SHAPE, dtype="f4", chunks="1MB", shards="1kB").shards == (64, 62, 63)


@pytest.mark.parametrize("given", ["much", "", "-3MB", "0"])
def test_no_size(given):
    with pytest.raises(
        ArgumentError, match=r"chunks must be an integer, a tuple of integers, 'auto' or a size like '64MB'"
    ):
        zarr.create_array({}, shape=SHAPE, dtype="f4", chunks=given)
