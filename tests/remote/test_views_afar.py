"""Lazy views in a bucket: as many requests as one selection makes, and as many as were said."""

from __future__ import annotations

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec

NOISE = np.random.default_rng(0).integers(0, 2**31, (80, 60), "i4")
NESTED = ShardingCodec(
    chunk_shape=(20, 20), codecs=[ShardingCodec(chunk_shape=(5, 4), codecs=[BytesCodec(), Crc32cCodec()])]
)
LAYOUTS = {
    "v2": {"zarr_format": 2, "chunks": (9, 11), "compressors": None},
    "v3": {"chunks": (9, 11)},
    "shards": {"chunks": (5, 4), "shards": (40, 40), "compressors": None},
    "shards, zstd": {"chunks": (10, 10), "shards": (40, 30)},
    "shards in shards": {"chunks": (40, 40), "serializer": NESTED, "compressors": None},
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


def opened(cloud, kind="s3"):
    return zarr.open_array(store_over(cloud, kind), path="a", mode="r")


def gets(cloud):
    """Requests that brought something, or would have, and their bytes."""
    found = [request for request in cloud.requests if request["method"] == "GET"]
    return len(found), sum(request["sent"] for request in found if request["status"] < 300)


def selections(seed, n):
    rng = np.random.default_rng(seed)
    for number in range(n):
        starts = rng.integers(0, NOISE.shape)
        stops = [int(rng.integers(start, n)) + 1 for start, n in zip(starts, NOISE.shape, strict=True)]
        if number % 3 == 2:
            points = tuple([int(start), stop - 1] for start, stop in zip(starts, stops, strict=True))
            yield lambda a, s=points: a.lazy.vindex[s]
        else:
            chosen = tuple(
                slice(int(start), stop, 1 + number % 2 * 6) for start, stop in zip(starts, stops, strict=True)
            )
            yield lambda a, s=chosen: a.lazy[s].T


@pytest.mark.parametrize(
    ("kind", "layout"),
    [*(("s3", name) for name in LAYOUTS), ("gs", "shards"), ("az", "shards in shards")],
    indirect=["layout"],
)
def test_as_many_requests_and_bytes_as_were_said(cloud, kind, layout, engine):
    zarr.create_array(store_over(cloud, kind), name="a", data=NOISE, **layout)
    for select in selections(0, 6):
        view = select(opened(cloud, kind))
        cloud.forget_requests()
        unasked = view.explain()
        assert cloud.requests == []
        found = view.explain(ask=True)
        cloud.forget_requests()
        view.read()
        assert (found.n_requests, found.nbytes_moved) == gets(cloud)
        assert unasked.n_requests == found.n_requests
        assert abs(unasked.nbytes_moved - found.nbytes_moved) <= 0.05 * found.nbytes_moved + 32 * found.n_chunks


def test_an_index_that_is_kept_is_not_asked_for_again(cloud, engine):
    zarr.create_array(store_over(cloud), name="a", data=NOISE, **LAYOUTS["shards"])
    view = opened(cloud).lazy[3:30, 7]
    for expected in (1, 0, 0):
        for ask in (False, True):
            found = view.explain(ask=ask)
            n_parts = len(list(view.parts()))
            assert found.n_requests >= n_parts * (1 + expected)
        cloud.forget_requests()
        view.read()
        assert (found.n_requests, found.nbytes_moved) == gets(cloud)


def test_absent_objects_are_asked_for_too(cloud, layout, engine):
    array = zarr.create_array(store_over(cloud), name="a", shape=NOISE.shape, dtype="i4", **layout)
    array[:30] = NOISE[:30]
    view = opened(cloud).lazy[5:75, 3]
    found = view.explain(ask=True)
    assert 0 < found.n_absent < found.n_objects
    cloud.forget_requests()
    view.read()
    assert (found.n_requests, found.nbytes_moved) == gets(cloud)


def test_a_chain_asks_for_what_one_selection_asks_for(cloud, layout, engine):
    zarr.create_array(store_over(cloud), name="a", data=NOISE, **layout)
    for chain, one in [
        (lambda v: v[10:][:50:3, 5:][5:, 2], lambda a: a[25:60:3, 7]),
        (lambda v: v.oindex[[3, 50, 7]].T[[4, 39]][:, 1:], lambda a: a.oindex[[50, 7], [4, 39]]),
        (lambda v: v[20:].vindex[[0, 5, 30], [1, 2, 39]][1:], lambda a: a.vindex[[25, 50], [2, 39]]),
    ]:
        plain, viewed = opened(cloud), opened(cloud).lazy
        cloud.forget_requests()
        one(plain)
        expected = gets(cloud)
        cloud.forget_requests()
        view = chain(viewed)
        assert cloud.requests == []
        view.read()
        assert gets(cloud) == expected


def test_a_view_is_written_there(cloud, layout, engine):
    array = zarr.create_array(store_over(cloud), name="a", data=NOISE, **layout)
    array.lazy[::-1, 5:].T[2:4] = -1
    expected = NOISE.copy()
    expected[:, 7:9] = -1
    assert (opened(cloud)[...] == expected).all()
    document = array.lazy[::-1].T.to_json()
    assert (zarr.views.from_json(document, store_over(cloud)).read() == expected[::-1].T).all()
