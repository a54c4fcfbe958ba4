"""A hierarchy with everything in it, and what may become of it: one function for each way in which stored data go wrong.

The hierarchy is bytes by key, so that it can be put into any store. A fault changes them and says which finding it has to be.
"""

from __future__ import annotations

import json
import os
import struct
import warnings
from functools import cache
from pathlib import Path

import google_crc32c
import numpy as np

import zarr
from zarr.buffer.cpu import Buffer
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, ZstdCodec
from zarr.storage import LocalStore, MemoryStore, SQLiteStore, ZipStore


@cache
def healthy() -> dict[str, bytes]:
    """The hierarchy, as it is when nothing is wrong."""
    store = MemoryStore()
    rng = np.random.default_rng(5)
    root = zarr.create_group(store, attributes={"title": "all of it"})
    group = root.create_group("g")
    checked = group.create_array(
        "checked", shape=(20, 30), chunks=(10, 10), dtype="i4", compressors=[GzipCodec(), Crc32cCodec()]
    )
    checked[:] = rng.integers(1, 1000, (20, 30))
    raw = group.create_array("raw", shape=14, chunks=4, dtype="i2", compressors=None)
    raw[:] = rng.integers(1, 1000, 14)
    for name, location in (("shards", "end"), ("start", "start")):
        codec = ShardingCodec(
            chunk_shape=(2, 2), codecs=[BytesCodec(), ZstdCodec(checksum=True)], index_location=location
        )
        shards = group.create_array(name, shape=(15, 16), chunks=(8, 8), dtype="f4", serializer=codec, compressors=None)
        shards[:, :12] = rng.normal(size=(15, 12))
    within = ShardingCodec(chunk_shape=(2,), codecs=[BytesCodec(), Crc32cCodec()])
    nested = group.create_array(
        "nested",
        shape=32,
        chunks=16,
        dtype="u1",
        serializer=ShardingCodec(chunk_shape=(8,), codecs=[within]),
        compressors=None,
    )
    nested[:] = rng.integers(1, 200, 32)
    text = group.create_array("text", shape=6, chunks=2, dtype=str, compressors=None)
    text[:] = ["a", "bc", "def", "", "ä", "x" * 100]
    planned = group.create_array(
        "planned", shape=(12, 8), chunks=(4, 4), dtype="f8", compressors=[ZstdCodec(checksum=True)]
    )
    plan = zarr.partition(planned, target=1)
    plan.run(None, lambda region: 0.0 if region[0].start == 4 else region[0].start + region[1].start + 1.0)
    plan.finalize(keep_receipts=True)
    begun = group.create_array("begun", shape=8, chunks=2, dtype="i4")
    plan = zarr.partition(begun, target=1)
    plan.run(None, lambda region: region[0].start + 1)
    plan.finalize(keep_receipts=True)
    old = zarr.create_group(store, path="old", zarr_format=2)
    old.create_array("a", shape=(6, 6), chunks=(3, 3), dtype="f4")[:] = rng.normal(size=(6, 6))
    old.create_array("b", shape=5, chunks=2, dtype="<i8", compressors=None)[:] = 7
    with_warnings_off(zarr.consolidate_metadata, store, path="old")
    with_warnings_off(zarr.consolidate_metadata, store, path="g")
    return {key: value.to_bytes() for key, value in store._store_dict.items()}


def with_warnings_off(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def in_memory(objects: dict[str, bytes], place: Path) -> MemoryStore:
    return MemoryStore({key: Buffer.from_bytes(value) for key, value in objects.items()})


def in_directory(objects: dict[str, bytes], place: Path) -> LocalStore:
    for key, value in objects.items():
        path = place / "root" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)
    return LocalStore(place / "root")


def in_archive(objects: dict[str, bytes], place: Path) -> ZipStore:
    with ZipStore(place / "all.zip", mode="w") as store:
        for key, value in objects.items():
            store.set_sync(key, Buffer.from_bytes(value))
    return ZipStore(place / "all.zip", mode="r")


def in_database(objects: dict[str, bytes], place: Path) -> SQLiteStore:
    store = SQLiteStore(place / "all.sqlite")
    for key, value in objects.items():
        store.set_sync(key, Buffer.from_bytes(value))
    return store


STORES = {"memory": in_memory, "local": in_directory, "zip": in_archive, "sqlite": in_database}


# -- faults -----------------------------------------------------------------------------------------------------

FAULTS = {}


def fault(kind):
    def note(function):
        FAULTS[function.__name__] = (kind, function)
        return function

    return note


def keys_of(objects, prefix):
    return sorted(key for key in objects if key.startswith(prefix))


def pick(rng, keys):
    return keys[int(rng.integers(len(keys)))]


def flipped(data, at):
    changed = bytearray(data)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def flip(objects, rng, key, stop=None):
    data = objects[key]
    at = int(rng.integers(8 * (len(data) if stop is None else stop)))
    objects[key] = flipped(data, at)
    return key


def index_of(objects, key, n):
    """Where the index of a shard begins, which has so many rows and lies at the end."""
    return len(objects[key]) - (16 * n + 4)


@fault("damaged-chunk")
def flipped_bit_under_a_checksum(objects, rng):
    return flip(objects, rng, pick(rng, keys_of(objects, "g/checked/c/")))


@fault("damaged-chunk")
def truncated_chunk(objects, rng):
    key = pick(rng, keys_of(objects, "g/checked/c/"))
    objects[key] = objects[key][: int(rng.integers(len(objects[key])))]
    return key


@fault("damaged-chunk")
def chunk_of_a_wrong_size(objects, rng):
    key = pick(rng, keys_of(objects, "g/raw/c/"))
    n = int(rng.integers(20))
    objects[key] = bytes(n + (n >= len(objects[key])))
    return key


@fault("damaged-chunk")
def chunk_of_nothing(objects, rng):
    key = pick(rng, [*keys_of(objects, "g/raw/c/"), *keys_of(objects, "g/text/c/")])
    objects[key] = b""
    return key


@fault("damaged-chunk")
def chunk_of_zeros(objects, rng):
    """What file systems leave after a power cut."""
    key = pick(rng, [*keys_of(objects, "g/checked/c/"), *keys_of(objects, "old/a/0"), *keys_of(objects, "old/a/1")])
    objects[key] = bytes(len(objects[key]))
    return key


@fault("damaged-chunk")
def text_that_is_none(objects, rng):
    key = pick(rng, keys_of(objects, "g/text/c/"))
    objects[key] = struct.pack("<II2sI1s", 2, 2, b"\xff\xfe", 1, b"a")
    return key


@fault("damaged-chunk")
def torn_shard(objects, rng):
    """The beginning is of one state and the end of another."""
    key = pick(rng, keys_of(objects, "g/shards/c/"))
    data, stop = objects[key], index_of(objects, key, 16)
    cut = int(rng.integers(16, stop))
    objects[key] = rng.bytes(cut) + data[cut:]
    return key


@fault("damaged-chunk")
def flipped_bit_in_a_shard(objects, rng):
    key = pick(rng, keys_of(objects, "g/nested/c/"))
    # Of the bytes of the inner chunks: those of 2 elements with a checksum, 4 in each of 2 inner shards, which end in an index.
    objects[key] = flipped(objects[key], int(rng.integers(8 * 24)))
    return key


@fault("damaged-index")
def truncated_shard(objects, rng):
    key = pick(rng, keys_of(objects, "g/shards/c/"))
    objects[key] = objects[key][: int(rng.integers(len(objects[key])))]
    return key


@fault("damaged-index")
def truncated_shard_with_its_index_first(objects, rng):
    key = pick(rng, keys_of(objects, "g/start/c/"))
    objects[key] = objects[key][: int(rng.integers(len(objects[key])))]
    return key


@fault("damaged-index")
def flipped_bit_in_an_index(objects, rng):
    key = pick(rng, keys_of(objects, "g/shards/c/"))
    at = index_of(objects, key, 16)
    objects[key] = flipped(objects[key], 8 * at + int(rng.integers(8 * (16 * 16 + 4))))
    return key


@fault("damaged-index")
def flipped_bit_in_an_inner_index(objects, rng):
    key = pick(rng, keys_of(objects, "g/nested/c/"))
    objects[key] = flipped(objects[key], 8 * 24 + int(rng.integers(8 * (4 * 16 + 4))))
    return key


@fault("damaged-index")
def entry_beyond_the_shard(objects, rng):
    """A checksum says that somebody wrote it so."""
    key = pick(rng, keys_of(objects, "g/shards/c/"))
    rewrite_index(objects, key, 16, {int(rng.integers(4)): (int(rng.integers(10**6, 10**12)), 50)})
    return key


@fault("damaged-index")
def entry_with_half_a_marker(objects, rng):
    key = pick(rng, keys_of(objects, "g/shards/c/"))
    rewrite_index(objects, key, 16, {int(rng.integers(16)): (2**64 - 1, 7)})
    return key


@fault("overlapping-chunks")
def inner_chunks_over_each_other(objects, rng):
    key = pick(rng, keys_of(objects, "g/shards/c/0/0"))
    rewrite_index(objects, key, 16, {0: (0, 30), 1: (7, 30)})
    return key


def rewrite_index(objects, key, n, entries):
    at = index_of(objects, key, n)
    rows = bytearray(objects[key][at:-4])
    for row, entry in entries.items():
        rows[16 * row : 16 * row + 16] = struct.pack("<QQ", *entry)
    objects[key] = objects[key][:at] + bytes(rows) + struct.pack("<I", google_crc32c.value(bytes(rows)))


@fault("not-as-receipt")
def swapped_chunks(objects, rng):
    """Each decodes, and is the one of another place."""
    keys = keys_of(objects, "g/planned/c/")
    first, second = rng.choice(len(keys), 2, replace=False)
    a, b = keys[first], keys[second]
    objects[a], objects[b] = objects[b], objects[a]
    return a


@fault("not-as-receipt")
def written_by_two_nodes(objects, rng):
    """Another machine read the chunk before, and wrote it with its own part changed after."""
    key = pick(rng, keys_of(objects, "g/planned/c/"))
    values = np.full((4, 4), 99.0)
    values[int(rng.integers(4))] = rng.normal()
    store = {}
    zarr.create_array(store, shape=(4, 4), dtype="f8", compressors=[ZstdCodec(checksum=True)])[:] = values
    objects[key] = store["c/0/0"].to_bytes()
    return key


@fault("not-as-receipt")
def written_where_nothing_was_to_be(objects, rng):
    key = f"g/planned/c/1/{int(rng.integers(2))}"
    objects[key] = objects["g/planned/c/0/0"]
    return key


@fault("missing-object")
def lost_chunk(objects, rng):
    key = pick(rng, keys_of(objects, "g/planned/c/"))
    del objects[key]
    return key


@fault("never-written")
def never_written(objects, rng):
    """A worker was killed before its task was done, and nobody has run the plan again."""
    number = int(rng.integers(4))
    receipts = keys_of(objects, "g/begun/__zarr_receipts/")
    job = next(key for key in receipts if key.endswith("job.json"))
    objects[job] = objects[job].replace(b'"finished": true', b'"finished": false')
    del objects[job.replace("job", str(number))], objects[f"g/begun/c/{number}"]
    return f"g/begun/c/{number}"


@fault("damaged-metadata")
def bad_json(objects, rng):
    key = pick(rng, [f"g/{name}/zarr.json" for name in ("checked", "raw", "text", "shards")])
    objects[key] = objects[key].replace(b":", b";", 1)
    return key


@fault("damaged-metadata")
def truncated_document(objects, rng):
    key = pick(rng, ["g/raw/zarr.json", "old/b/.zarray", "old/a/.zarray"])
    objects[key] = objects[key][: int(rng.integers(1, len(objects[key]) - 3))]
    return key


@fault("damaged-metadata")
def document_that_says_what_cannot_be(objects, rng):
    key = pick(rng, ["g/raw/zarr.json", "g/checked/zarr.json"])
    document = json.loads(objects[key])
    member, value = [("shape", [-1]), ("zarr_format", 7), ("chunk_grid", {}), ("codecs", [])][int(rng.integers(4))]
    objects[key] = json.dumps(document | {member: value}).encode()
    return key


@fault("damaged-metadata")
def attributes_that_are_no_json(objects, rng):
    key = pick(rng, ["old/a/.zattrs", "old/b/.zattrs"])
    objects[key] = b'{"a": '
    return key.replace(".zattrs", ".zarray")


@fault("unsupported")
def codec_that_nobody_has(objects, rng):
    key = "g/raw/zarr.json"
    document = json.loads(objects[key])
    document["codecs"].append({"name": f"nobody.has_{int(rng.integers(100))}"})
    objects[key] = json.dumps(document).encode()
    return key


@fault("conflicting-documents")
def array_and_group(objects, rng):
    path = pick(rng, ["old/a", "old/b"])
    objects[f"{path}/.zgroup"] = b'{"zarr_format": 2}'
    return


@fault("missing-parent")
def missing_parent(objects, rng):
    key = pick(rng, ["zarr.json", "g/zarr.json", "old/.zgroup"])
    del objects[key]
    if key.startswith("old"):
        del objects["old/.zmetadata"], objects["old/.zattrs"]
    return


@fault("below-array")
def node_below_an_array(objects, rng):
    above = pick(rng, ["g/raw", "g/checked", "old/a"])
    objects[f"{above}/inside/zarr.json"] = b'{"zarr_format": 3, "node_type": "group"}'
    return f"{above}/inside"


@fault("orphan")
def chunks_without_their_document(objects, rng):
    path = pick(rng, ["g/raw", "g/checked", "old/b"])
    for name in ("zarr.json", ".zarray", ".zattrs"):
        objects.pop(f"{path}/{name}", None)
    return


@fault("orphan")
def attributes_without_their_node(objects, rng):
    key = pick(rng, ["old/x/.zattrs", "lost/.zattrs", "old/y/.zmetadata"])
    objects[key] = b"{}"
    return key


@fault("outside-grid")
def chunk_outside_of_the_grid(objects, rng):
    key = f"g/checked/c/{int(rng.integers(2, 9))}/{int(rng.integers(9))}"
    objects[key] = objects["g/checked/c/0/0"]
    return key


@fault("stale-consolidated")
def copy_that_knows_a_node_less(objects, rng):
    objects["g/new/zarr.json"] = objects["g/raw/zarr.json"]
    return "g/zarr.json"


@fault("stale-consolidated")
def copy_of_what_is_gone(objects, rng):
    path = pick(rng, ["g/raw/", "g/text/"])
    for key in keys_of(objects, path):
        del objects[key]
    return "g/zarr.json"


@fault("stale-consolidated")
def copy_of_what_has_changed(objects, rng):
    objects["old/a/.zattrs"] = json.dumps({"changed": int(rng.integers(100))}).encode()
    return "old/.zmetadata"


@fault("stale-consolidated")
def copy_that_cannot_be_read(objects, rng):
    objects["old/.zmetadata"] = objects["old/.zmetadata"][: int(rng.integers(len(objects["old/.zmetadata"]) - 2))]
    return "old/.zmetadata"


@fault("temporary")
def file_of_a_killed_writer(objects, rng):
    key = pick(rng, ["g/raw/c/0.0123456789abcdef0123456789abcdef.partial", "old/a/0.0.__lock", "g/zarr.json.__lock"])
    objects[key] = rng.bytes(10)
    return key


@fault("foreign")
def foreign_file(objects, rng):
    key = pick(rng, ["readme.md", "g/notes.txt", "g/raw/thumbnail.png", "old/a/.DS_Store"])
    objects[key] = b"hello"
    return key


@fault("two-formats")
def two_formats(objects, rng):
    path = pick(rng, ["old/a", "old/b"])
    objects[f"{path}/zarr.json"] = objects["g/raw/zarr.json"]
    return


# -- what only files can become ---------------------------------------------------------------------------------

FILE_FAULTS = {}


def file_fault(kind):
    def note(function):
        FILE_FAULTS[function.__name__] = (kind, function)
        return function

    return note


@file_fault("blocked")
def directory_in_place_of_a_chunk(root, rng):
    key = f"g/raw/c/{int(rng.integers(3))}"
    (root / key).unlink()
    (root / key).mkdir()
    return key


@file_fault("blocked")
def directory_with_something_in_place_of_a_chunk(root, rng):
    key = directory_in_place_of_a_chunk(root, rng)
    (root / key / "file").write_bytes(b"")
    return key


@file_fault("blocked")
def directory_in_place_of_a_document(root, rng):
    key = pick(rng, ["g/raw/zarr.json", "old/a/.zarray"])
    (root / key).unlink()
    (root / key).mkdir()
    return key


@file_fault("blocked")
def file_in_place_of_a_directory(root, rng):
    for path in sorted((root / "g/raw/c").iterdir()):
        path.unlink()
    (root / "g/raw/c").rmdir()
    (root / "g/raw/c").write_bytes(b"x")
    return "g/raw/c/0"


@file_fault("blocked")
def link_to_nowhere(root, rng):
    key = f"g/raw/c/{int(rng.integers(3))}"
    (root / key).unlink()
    (root / key).symlink_to("/nowhere/at/all")
    return key


@file_fault("blocked")
def pipe_in_place_of_a_chunk(root, rng):
    key = f"g/raw/c/{int(rng.integers(3))}"
    (root / key).unlink()
    os.mkfifo(root / key)
    return key


@file_fault("temporary")
def temporary_file_of_ours(root, rng):
    name = f"__zarr-another.1-{int(rng.integers(9999))}-77-0.tmp"
    (root / "g/raw/c" / name).write_bytes(b"half")
    return f"g/raw/c/{name}"
