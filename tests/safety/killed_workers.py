"""What the killed writers do: each changes one thing for ever, in a way that shows whether a state is whole.

A worker writes generations: every cell of what it stores in one operation holds one number, which grows. So a mixture of
two operations in one object is visible.
"""

import itertools

import numpy as np

import zarr

CHUNK = 64


def build(root, zarr_format):
    """The store that all workers change."""
    group = zarr.create_group(root, zarr_format=zarr_format, overwrite=True)
    group.create_array("whole", shape=(CHUNK,), chunks=(CHUNK,), dtype="i8")
    group.create_array("part", shape=(CHUNK, 2), chunks=(CHUNK, 2), dtype="i8")
    if zarr_format == 3:
        group.create_array("shard", shape=(CHUNK, 2), chunks=(8, 1), shards=(CHUNK, 2), dtype="i8")
    group.create_array("grown", shape=(0, 3), chunks=(7, 3), dtype="i8")
    group.create_array("sized", shape=(40,), chunks=(6,), dtype="i8", fill_value=-1)[...] = 7
    group.create_array("kept", data=np.arange(100), chunks=(9,))
    return group


def whole(group):
    array = group["whole"]
    for n in itertools.count(1):
        array[...] = n


def part(group):
    array = group["part"]
    for n in itertools.count(1):
        array[:, 0] = n


def shard(group):
    array = group["shard"]
    for n in itertools.count(1):
        array[:, 0] = n


def append(group):
    array = group["grown"]
    for n in itertools.count(1):
        array.append(np.full((n % 5 + 1, 3), n))


def resize(group):
    array = group["sized"]
    for n in itertools.count():
        array.resize((40 - 17 * (n % 2),))
        array[: array.shape[0]] = 7


def attributes(group):
    array = group["kept"]
    for n in itertools.count(1):
        array.attrs.put({"a": n, "b": n})


def consolidate(group):
    for n in itertools.count(1):
        group.attrs["n"] = n
        zarr.consolidate_metadata(group.store)


def create(group):
    for n in itertools.count(1):
        made = group.create_array("made/new", shape=(CHUNK,), chunks=(8,), dtype="i8", overwrite=True)
        made[...] = n


WORKERS = {f.__name__: f for f in (whole, part, shard, append, resize, attributes, consolidate, create)}
