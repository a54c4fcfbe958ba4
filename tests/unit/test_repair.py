"""`zarr.verify(repair=True)`: nothing is lost that can be kept, nothing is deleted, and it may be done again at any time."""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from tests.conftest import PROFILE
from tests.suites.damage import FAULTS, FILE_FAULTS, STORES, flipped, healthy, in_directory, in_memory
from tests.suites.threads import in_threads
from zarr.buffer.cpu import Buffer
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, ZstdCodec
from zarr.errors import CodecError
from zarr.storage import MemoryStore

WRITABLE = [name for name in STORES if name != "zip"]
SPOILT = [name for name, (kind, _) in FAULTS.items() if kind in ("damaged-chunk", "damaged-index")]


def objects_of(store):
    keys = list(store.list_keys(""))
    return {key: store.get_sync(key).to_bytes() for key in keys}


def repair(store, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)  # of consolidated metadata of format 3
        return zarr.verify(store, repair=True, **kwargs)


@pytest.mark.parametrize("kind", WRITABLE)
def test_what_is_whole_stays_as_it_is(kind, tmp_path):
    store = STORES[kind](healthy(), tmp_path)
    assert repair(store).repairs == ()
    assert objects_of(store) == healthy()


@pytest.mark.parametrize("name", FAULTS)
def test_it_may_be_done_again(name):
    """The second time there is nothing to do, and nothing that was there is gone."""
    _, make = FAULTS[name]
    objects = dict(healthy())
    make(objects, np.random.default_rng(11))
    store = in_memory(objects, None)
    first = repair(store)
    after = objects_of(store)
    second = repair(store)
    assert second.repairs == ()
    assert objects_of(store) == after
    for each in first.repairs:
        if each.quarantine:
            assert after[each.quarantine] == objects[each.key]
    gone = objects.keys() - after.keys()
    assert gone == {each.key for each in first.repairs if each.quarantine and each.key not in after}
    assert [each for each in second.findings if each.is_repairable and each.severity == "error"] == []


@pytest.mark.parametrize(("name", "kind"), [(name, WRITABLE[n % 3]) for n, name in enumerate(SPOILT)])
def test_damaged_objects_can_be_read_and_written_again(name, kind, tmp_path, engine):
    objects = dict(healthy())
    key = FAULTS[name][1](objects, np.random.default_rng(4))
    path = key.rpartition("/c/")[0] or key.rpartition("/")[0]
    store = STORES[kind](objects, tmp_path)
    array = zarr.open_array(store, path=path, mode="r+")
    with pytest.raises(CodecError):
        array[...]
    before = readable(array)
    found = repair(store, path=path)
    assert len(found.repairs) == 1
    assert all(each.is_repaired for each in found.findings)
    array[...]  # which raises nothing
    for at, values in before:
        assert_same(array[at], values)
    again = zarr.verify(store, path=path)
    lost = {each.inner or each.coords for each in again.of_kind("lost-chunk")}
    assert lost == set(found.repairs[0].lost)
    assert again.kinds.keys() == ({"lost-chunk"} if lost else {"quarantined"})
    whole = zarr.open_array(in_memory(healthy(), None), path=path)[...]
    array[...] = whole
    assert_same(array[...], whole)
    if path == "g/shards":
        return  # of which a part holds nothing, and never did
    assert zarr.verify(store, path=path).kinds == {"quarantined": 1}


def readable(array):
    """What can be read, chunk by chunk."""
    found = []
    for coords in np.ndindex(*(-(-n // c) for n, c in zip(array.shape, array.chunks, strict=True))):
        at = tuple(slice(c * n, (c + 1) * n) for c, n in zip(coords, array.chunks, strict=True))
        try:
            found.append((at, array[at]))
        except CodecError:
            pass
    return found


def assert_same(left, right):
    assert np.array_equal(left, right)


@pytest.mark.parametrize("name", FILE_FAULTS)
def test_files(name, tmp_path):
    _, make = FILE_FAULTS[name]
    store = in_directory(healthy(), tmp_path)
    key = make(tmp_path / "root", np.random.default_rng(3))
    found = repair(store)
    assert repair(store).repairs == ()
    mended = {each.key for each in found.repairs}
    assert mended == ({key} if name in ("directory_in_place_of_a_chunk", "directory_in_place_of_a_document") else set())


class TestTemporaryFiles:
    @pytest.mark.parametrize(
        "name", ["__zarr-another.1-5-77-0.tmp", "0.0123456789abcdef0123456789abcdef.partial", "0.__lock"]
    )
    def test_old_ones_go_and_new_ones_stay(self, name, tmp_path):
        in_directory(healthy(), tmp_path)
        path = tmp_path / "root/g/raw/c" / name
        path.write_bytes(b"half")
        assert repair(tmp_path / "root").repairs == ()
        assert path.exists()
        long_ago = time.time() - 2 * 24 * 3600
        os.utime(path, (long_ago, long_ago))
        (done,) = repair(tmp_path / "root").repairs
        assert (done.kind, done.key) == ("temporary", f"g/raw/c/{name}")
        assert not path.exists()
        assert zarr.verify(tmp_path / "root").ok

    def test_those_of_the_dead_go(self, tmp_path):
        from zarr._store.atomic import _host

        in_directory(healthy(), tmp_path)
        path = tmp_path / f"root/g/raw/c/__zarr-{_host()}-{2**22 + 1}-77-0.tmp"
        path.write_bytes(b"half")
        assert zarr.verify(tmp_path / "root").kinds == {"temporary": 1}
        assert path.exists()
        assert [each.kind for each in repair(tmp_path / "root").repairs] == ["temporary"]
        assert not path.exists()


class TestNodes:
    def test_a_parent_is_made(self):
        objects = dict(healthy())
        del objects["zarr.json"]
        store = in_memory(objects, None)
        repair(store)
        assert zarr.verify(store).ok
        assert sorted(zarr.open_group(store, zarr_format=3).keys()) == ["g", "old"]

    def test_consolidated_metadata_are_stored_anew(self):
        objects = dict(healthy())
        FAULTS["copy_that_knows_a_node_less"][1](objects, np.random.default_rng(1))
        FAULTS["copy_of_what_has_changed"][1](objects, np.random.default_rng(1))
        store = in_memory(objects, None)
        assert sorted(each.path for each in repair(store).repairs) == ["g", "old"]
        assert zarr.verify(store).ok
        assert "new" in zarr.open_consolidated(store, path="g")

    def test_the_only_copy_of_a_lost_document_stays(self):
        for path, document in (("old/a", ".zarray"), ("g/raw", "zarr.json")):
            objects = dict(healthy())
            del objects[f"{path}/{document}"]
            store = in_memory(objects, None)
            found = repair(store)
            assert "stale-consolidated" in found.kinds
            assert found.repairs == ()
            group, name = path.split("/")
            assert zarr.open_consolidated(store, path=group)[name].shape

    def test_what_was_put_aside_is_no_node_and_no_chunk(self, zarr_format):
        store = MemoryStore()
        root = zarr.create_group(store, zarr_format=zarr_format)
        array = root.create_array("a", shape=8, chunks=2, dtype="i4", compressors=None)
        array[:] = 5
        name = "c/1" if zarr_format == 3 else "1"
        store.set_sync(f"a/{name}", Buffer.from_bytes(b"x"))
        repair(store)
        assert list(root.keys()) == ["a"]
        assert [name for name, _ in root.members(max_depth=None)] == ["a"]
        assert array.nchunks_initialized == 3
        assert array[:].tolist() == [5, 5, 0, 0, 5, 5, 5, 5]
        array.resize(4)
        assert any("__zarr_quarantine" in key for key in store._store_dict)
        del root["a"]
        assert not any(key.startswith("a/") for key in store._store_dict)

    def test_where_everything_is_damaged_the_metadata_may_be_wrong(self):
        array = zarr.create_array({}, shape=20, chunks=2, dtype="i4", compressors=None)
        for number in range(10):
            array.store.set_sync(f"c/{number}", Buffer.from_bytes(b"short"))
        found = repair(array.store)
        assert found.repairs == ()
        assert found.kinds == {"damaged-chunk": 10}
        assert found.remaining == found.findings


def test_a_store_that_is_only_read(tmp_path):
    with pytest.raises(ValueError, match="read-only"):
        zarr.verify(STORES["zip"](healthy(), tmp_path), repair=True)
    array = zarr.open_array(in_directory(healthy(), tmp_path), path="g/raw", mode="r")
    with pytest.raises(ValueError, match="read-only"):
        zarr.verify(array, repair=True)
    with pytest.raises(TypeError):
        zarr.verify(array, repair="yes")


def test_who_writes_meanwhile_wins(monkeypatch):
    """Between looking at a damaged shard and replacing it, somebody writes it whole."""
    from zarr._checks import repair as module

    objects = dict(healthy())
    key = FAULTS["torn_shard"][1](objects, np.random.default_rng(4))
    store = in_memory(objects, None)
    salvage = module.salvage

    def slowly(*args):
        kept = salvage(*args)
        store.set_sync(key, Buffer.from_bytes(healthy()[key]))
        return kept

    monkeypatch.setattr(module, "salvage", slowly)
    found = zarr.verify(store, repair=True)
    assert found.repairs == ()
    assert objects_of(store) == healthy()


@pytest.mark.parametrize("kind", WRITABLE)
def test_what_is_written_meanwhile_stays(kind, tmp_path):
    """Whichever comes first, the shard that was written is there in the end."""
    store = STORES[kind](healthy(), tmp_path)
    array = zarr.open_array(store, path="g/shards", mode="r+")
    damaged = healthy()["g/shards/c/0/0"][:-9]
    for number in range(1, 9):
        store.set_sync("g/shards/c/0/0", Buffer.from_bytes(damaged))
        write = partial(array.__setitem__, np.s_[:8, :8], number)
        in_threads([write, partial(zarr.verify, array, repair=True)])
        assert (array[:8, :8] == number).all()


def test_a_store_that_cannot_delete_on_condition(engine):
    """What reads as nothing is stored instead."""

    class Cautious(MemoryStore):
        capabilities = replace(MemoryStore.capabilities, removes_conditionally=False)

    store = Cautious()
    array = zarr.create_array(store, shape=6, chunks=2, dtype="i4", compressors=None, fill_value=3)
    array[:] = 5
    store.set_sync("c/1", Buffer.from_bytes(b"x"))
    (done,) = zarr.verify(store, repair=True).repairs
    assert done.lost == ((1,),)
    assert array[:].tolist() == [5, 5, 3, 3, 5, 5]
    assert zarr.verify(store).kinds == {"lost-chunk": 1}
    array[2:4] = 5
    assert zarr.verify(store).kinds == {"quarantined": 1}


@given(st.data())
@settings(max_examples=1000 if PROFILE == "long" else 25)
def test_whatever_is_spoilt_nothing_raises_and_nothing_is_lost(data):
    """Bytes may be anything, anywhere. What is not where it was is put aside, or a chunk of a shard that is written anew."""
    objects = dict(healthy())
    for _ in range(data.draw(st.integers(1, 4))):
        key = data.draw(st.sampled_from(sorted(objects)))
        old = objects.pop(key)
        how = data.draw(st.sampled_from(["gone", "random", "cut", "flipped", "elsewhere", "of another"]))
        if how == "random":
            objects[key] = data.draw(st.binary(max_size=60))
        elif how == "cut":
            objects[key] = old[: data.draw(st.integers(0, len(old)))]
        elif how == "flipped" and old:
            objects[key] = flipped(old, data.draw(st.integers(0, 8 * len(old) - 1)))
        elif how == "elsewhere":
            objects[data.draw(st.sampled_from(["x", "g/x", "g/raw/c/7", "g/raw/c/0/0", "c/0", "old/9.9"]))] = old
        elif how == "of another" and objects:
            objects[key] = objects[data.draw(st.sampled_from(sorted(objects)))]
    store = in_memory(objects, None)
    zarr.verify(store)
    found = repair(store)
    after = objects_of(store)
    aside = {each.key: after[each.quarantine] for each in found.repairs if each.quarantine}
    for key, value in objects.items():
        told_anew = key.rpartition("/")[2] in ("zarr.json", ".zmetadata") and "stale-consolidated" in found.kinds
        assert after.get(key) == value or aside.get(key) == value or told_anew, key
    assert [each for each in repair(store).repairs if each.quarantine] == []


# -- truncated shards -------------------------------------------------------------------------------------------

CODECS = {
    "raw": [BytesCodec()],
    "checked": [BytesCodec(), Crc32cCodec()],
    "gzip": [BytesCodec(), GzipCodec()],
    "zstd": [BytesCodec(), ZstdCodec(checksum=True)],
}


@st.composite
def truncated(draw):
    """A sharded array of one shard, its bytes, and how many are left."""
    codecs = draw(st.sampled_from(sorted(CODECS)))
    location = draw(st.sampled_from(["start", "end"]))
    order = draw(st.sampled_from(["morton", "lexicographic", "colexicographic"]))
    absent = draw(st.sets(st.integers(0, 11), max_size=11))
    seed = draw(st.integers(0, 2**32 - 1))
    store = MemoryStore()
    codec = ShardingCodec(
        chunk_shape=(2, 3), codecs=CODECS[codecs], index_location=location, subchunk_write_order=order
    )
    array = zarr.create_array(store, shape=(6, 12), chunks=(6, 12), dtype="u2", serializer=codec, compressors=None)
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 2**16, (6, 12)).astype("u2")
    for row in absent:
        i, j = divmod(row, 4)
        values[2 * i : 2 * i + 2, 3 * j : 3 * j + 3] = 0
    array[...] = values
    data = store.get_sync("c/0/0").to_bytes()
    left = draw(st.integers(0, len(data) - 1))
    return array, values, data, left


@given(truncated())
@settings(max_examples=1000 if PROFILE == "long" else 80)
def test_truncated_shards_lose_no_chunk_that_decodes(case):
    array, values, data, left = case
    store = array.store
    rows, at_end = entries_of(array, data)
    store.set_sync("c/0/0", Buffer.from_bytes(data[:left]))
    (done,) = zarr.verify(array, repair=True).repairs
    assert store.get_sync(done.quarantine).to_bytes() == data[:left]
    n_rows = max(0, (left - (len(data) - 196)) // 16) if at_end else 12 if left >= 196 else 0
    if at_end and len(array.metadata.codecs[0].codecs) == 1:
        n_rows = 0  # any bytes of the right size could be any chunk
    if at_end and rows and max(map(sum, (rows[row] for row in rows if row < n_rows)), default=0) < len(data) - 196:
        n_rows = 0  # the index may begin anywhere
    known = {row for row, (offset, nbytes) in rows.items() if row < n_rows and offset + nbytes <= left}
    now = array[...]
    kept = set()
    for row in range(12):
        i, j = divmod(row, 4)
        part = np.s_[2 * i : 2 * i + 2, 3 * j : 3 * j + 3]
        if (now[part] != 0).any():
            kept.add(row)
            assert np.array_equal(now[part], values[part])
    assert kept == known
    assert done.n_kept == len(known)
    assert set(rows) - known <= {i * 4 + j for i, j in done.lost}
    array[...] = values
    assert np.array_equal(array[...], values)


@pytest.mark.parametrize("codecs", sorted(CODECS))
@pytest.mark.parametrize("row", range(0, 12, 2))
def test_a_damaged_index_is_not_believed(codecs, row):
    """A chunk in the place of another would be noticed by nobody."""
    codec = ShardingCodec(chunk_shape=(2, 3), codecs=CODECS[codecs])
    array = zarr.create_array({}, shape=(6, 12), chunks=(6, 12), dtype="u2", serializer=codec, compressors=None)
    array[...] = np.random.default_rng(row).integers(1, 2**16, (6, 12))
    data = array.store.get_sync("c/0/0").to_bytes()
    bit = 8 * (len(data) - 196 + 16 * row) + 11 * row
    array.store.set_sync("c/0/0", Buffer.from_bytes(flipped(data, bit)))
    (done,) = zarr.verify(array, repair=True).repairs
    assert done.n_kept == 0
    assert len(done.lost) == 12
    assert not array[...].any()
    assert array.store.get_sync(done.quarantine).to_bytes() == flipped(data, bit)


def test_where_only_the_checksum_of_an_index_is_wrong_nothing_is_lost(engine):
    codec = ShardingCodec(chunk_shape=(2, 3), codecs=CODECS["gzip"])
    array = zarr.create_array({}, shape=(6, 12), chunks=(6, 12), dtype="u2", serializer=codec, compressors=None)
    array[...] = 7
    data = array.store.get_sync("c/0/0").to_bytes()
    for spoilt in (flipped(data, 8 * len(data) - 3), data[:-1], data[:-4]):
        array.store.set_sync("c/0/0", Buffer.from_bytes(spoilt))
        (done,) = zarr.verify(array, repair=True).repairs
        assert (done.n_kept, done.lost) == (12, ())
        assert (array[...] == 7).all()


def entries_of(array, data):
    """Where the inner chunks lie, by row, and whether the index is at the end."""
    at_end = array.metadata.codecs[0].index_location == "end"
    index = data[-196:-4] if at_end else data[:192]
    table = np.frombuffer(index, "<u8").reshape(12, 2).tolist()
    return {row: (offset, nbytes) for row, (offset, nbytes) in enumerate(table) if offset != 2**64 - 1}, at_end
