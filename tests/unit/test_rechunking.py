"""`zarr.rechunk`: what comes out equals what went in, in whatever chunks, formats and stores; how often it is read; and what is left behind."""

from __future__ import annotations

import collections
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import zarr
from tests.suites.plain_stores import AsyncOnly, Awaited
from zarr._flow import rechunk_job
from zarr.errors import ArgumentError, ContainsArrayError, ContainsGroupError
from zarr.storage import LocalStore, MemoryStore, WrapperStore

SHAPE = (20, 30, 7)
FROM, TO = (1, 30, 7), (20, 4, 2)


def numbers(shape=SHAPE, dtype="i4"):
    return np.arange(1, np.prod(shape, dtype=int) + 1).reshape(shape).astype(dtype)


def array_in(store, **options):
    return zarr.create_array(store, **{"data": numbers(), "chunks": FROM, **options})


class Counting(WrapperStore):
    """Counts how often each key is read, and stored."""

    def __init__(self, store):
        super().__init__(store)
        self.got, self.put = collections.Counter(), collections.Counter()

    async def get(self, key, prototype=None, byte_range=None):
        self.got[key] += 1
        return await super().get(key, prototype, byte_range)

    async def set(self, key, value):
        self.put[key] += 1
        await super().set(key, value)


def of_chunks(counts):
    return {key: n for key, n in counts.items() if key.startswith("c/")}


def small(source, target, **options):
    """In pieces of one object of the target, or a few: by way of a temporary array."""
    return in_room(640, source, target, **options)


def in_room(room, source, target, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zarr._faces.rechunk._room", lambda *_: room)
        return zarr.rechunk(source, target, **options)


@pytest.fixture(params=["one piece", "several", "temporary"])
def rechunk(request):
    rooms = {"one piece": 10**6, "several": 10300, "temporary": 640}
    return lambda *args, **options: in_room(rooms[request.param], *args, **options)


# -- values -------------------------------------------------------------------------------------------------------

LAYOUTS = {
    "other chunks": {"chunks": TO},
    "whole": {"chunks": SHAPE},
    "single": {"chunks": (1, 1, 7)},
    "uneven": {"chunks": (7, 11, 3)},
    "sharded": {"chunks": (5, 2, 1), "shards": (10, 10, 2)},
    "other codecs": {"chunks": TO, "compressors": zarr.codecs.GzipCodec()},
    "all codecs": {
        "chunks": TO,
        "codecs": [
            {"name": "transpose", "configuration": {"order": [2, 0, 1]}},
            {"name": "bytes", "configuration": {"endian": "little"}},
            "zstd",
        ],
    },
    "v2": {"chunks": TO, "zarr_format": 2},
    "F": {"chunks": TO, "zarr_format": 2, "order": "F"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(engine, rechunk, layout):
    source = array_in({}, attributes={"unit": "m"}, fill_value=9, dimension_names=["a", "b", "c"])
    made = rechunk(source, {}, **LAYOUTS[layout])
    assert (made[:] == numbers()).all()
    assert made.chunks == LAYOUTS[layout]["chunks"]
    assert made.shards == LAYOUTS[layout].get("shards")
    assert made.attrs["unit"] == "m"
    assert made.fill_value == 9


@pytest.mark.parametrize("options", [{}, {"zarr_format": 2}, {"chunks": (2, 5, 7), "shards": (4, 10, 7)}])
def test_every_store(any_store, engine, options):
    source = array_in({}, **options)
    made = small(source, any_store, name="below/a", chunks=TO, shards=None)
    assert (made[:] == numbers()).all()
    back = small(made, {}, chunks=(3, 30, 7), shards=None)
    assert (back[:] == numbers()).all()
    assert (zarr.open_array(any_store, path="below/a", mode="r")[:] == numbers()).all()


@pytest.mark.parametrize("make", [AsyncOnly, lambda: Awaited(MemoryStore())])
def test_stores_that_are_awaited(make):
    source = array_in(make())
    made = small(source, make(), chunks=TO)
    assert (made[:] == numbers()).all()
    assert (zarr.from_array(make(), data=made, chunks=FROM)[:] == numbers()).all()


TEXT = np.array(["", "ä", "long " * 9, "x"], "O")
DTYPES = {
    "bool": np.arange(60) % 3 == 0,
    "big-endian": np.arange(60, dtype=">i2"),
    "complex": np.arange(60) * (1 - 2j),
    "times": np.arange(60).astype("M8[D]"),
    "text": np.array([f"t{i}" for i in range(60)]),
    "octets": np.array([b"t%d" % i for i in range(60)]),
    "structs": np.array([(i, i / 3) for i in range(60)], [("a", "i4"), ("b", "f8")]),
    "NaN": np.where(np.arange(60) % 2, np.nan, -0.0),
}


@pytest.mark.parametrize("values", DTYPES)
@pytest.mark.filterwarnings("ignore:.*:zarr.errors.UnstableSpecificationWarning")
def test_every_dtype(engine, zarr_format, rechunk, values):
    expected = DTYPES[values].reshape(20, 3)
    source = zarr.create_array({}, data=expected, chunks=(1, 3), zarr_format=zarr_format)
    made = rechunk(source, {}, chunks=(20, 2))
    assert made.dtype == source.dtype
    assert made[:].tobytes() == source[:].tobytes()


def test_text_of_any_length(engine, zarr_format, rechunk):
    values = np.resize(TEXT, (20, 3))
    source = zarr.create_array({}, shape=(20, 3), chunks=(1, 3), dtype="string", zarr_format=zarr_format)
    source[:] = values
    made = rechunk(source, {}, chunks=(20, 2))
    assert (made[:] == values).all()


def test_python_objects_of_format_2():
    """Which format 3 does not have, so that there can be no temporary array of them."""
    values = np.empty((20, 3), object)
    values[...] = [[{"n": i}, [i], None] for i in range(20)]
    source = zarr.create_array({}, data=values, chunks=(1, 3), dtype=object, filters=[{"id": "json2"}], zarr_format=2)
    made = small(source, {}, chunks=(20, 2))
    assert made[:].tolist() == values.tolist()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_no_dimensions_and_no_elements(engine, zarr_format, shape):
    source = zarr.create_array(
        {}, data=np.full(shape, 7), chunks=tuple(max(1, n) for n in shape), zarr_format=zarr_format
    )
    made = zarr.rechunk(source, {}, chunks=(5,) * len(shape))
    assert made.shape == shape
    assert (made[...] == 7).all()


def test_chunks_of_different_lengths(engine, rechunk):
    with zarr.config.set({"array.rectilinear_chunks": True}):
        source = array_in({}, chunks=([5, 15], [10, 20], 7))
        made = rechunk(source, {}, chunks=([15, 5], [1, 29], 2))
    assert (made[:] == numbers()).all()


def test_paths(tmp_path):
    array_in(tmp_path / "a.zarr")
    made = zarr.rechunk(tmp_path / "a.zarr", tmp_path / "b.zarr", TO, max_memory="64MB")
    assert (made[:] == numbers()).all()
    assert isinstance(made, zarr.Array)
    assert made.chunks == TO


# -- what is not stored -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"shards": (2, 30, 7)}, {"zarr_format": 2}])
@pytest.mark.parametrize("write_empty_chunks", [False, True])
def test_what_is_missing_stays_so(engine, rechunk, options, write_empty_chunks):
    source = zarr.create_array({}, shape=SHAPE, chunks=FROM, dtype="i4", fill_value=3, **options)
    source[4:6, :3] = 7
    config = {"write_empty_chunks": write_empty_chunks}
    made = rechunk(source, {}, chunks=(5, 30, 1), shards=None, config=config)
    assert (made[:] == source[:]).all()
    assert made.nchunks_initialized == 2 * 7


def test_missing_chunks_and_another_fill_value(engine):
    source = zarr.create_array({}, shape=SHAPE, chunks=FROM, dtype="i4", fill_value=3)
    made = small(source, {}, chunks=TO, fill_value=0)
    assert (made[:] == 3).all()


def test_an_array_of_nothing_costs_nothing(tmp_path):
    source = zarr.create_array(tmp_path / "a", shape=(10**4, 10**4), chunks=(10, 10**4), dtype="f8")
    target = Counting(LocalStore(tmp_path / "b"))
    zarr.rechunk(source, target, chunks=(10**4, 10), max_memory="64MB")
    assert not of_chunks(target.put)


# -- how often ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("room", "most"), [(10**6, 1), (10300, 2), (640, 1)])
def test_reads_and_writes_are_counted(room, most):
    source, target = Counting(MemoryStore()), Counting(MemoryStore())
    array_in(source)
    source.got.clear()
    in_room(room, zarr.open_array(source), target, chunks=TO)
    read, written = of_chunks(source.got), of_chunks(target.put)
    assert len(read) == 20
    assert max(read.values()) == most
    assert set(written.values()) == {1}
    assert len(written) == 8 * 4


def test_bytes_are_moved_where_nothing_changes(engine):
    source = Counting(MemoryStore())
    array_in(source)
    before = zarr.open_array(source)
    target = MemoryStore()
    made = zarr.rechunk(before, target, attributes={"new": 1}, chunk_key_encoding={"name": "v2"})
    assert (made[:] == numbers()).all()
    assert made.attrs["new"] == 1
    mine = {key: value for key, value in source._store._store_dict.items() if key.startswith("c/")}
    its = {f"c/{key.replace('.', '/')}": value for key, value in target._store_dict.items() if key[0].isdigit()}
    assert {key: value.to_bytes() for key, value in mine.items()} == {
        key: value.to_bytes() for key, value in its.items()
    }


# -- what is left behind ------------------------------------------------------------------------------------------


def test_nothing_is_left_behind(tmp_path, rechunk):
    rechunk(array_in({}), tmp_path / "b", chunks=TO)
    assert not [path for path in (tmp_path / "b").rglob("*") if "__zarr" in path.name]
    assert zarr.verify(tmp_path / "b").ok


def test_another_place_for_what_is_temporary(tmp_path):
    class Strict(WrapperStore):
        async def set(self, key, value):
            assert "__zarr" not in key
            await super().set(key, value)

    made = small(array_in({}), Strict(MemoryStore()), chunks=TO, temporary=tmp_path / "scratch")
    assert (made[:] == numbers()).all()
    assert not [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]


# -- interrupted --------------------------------------------------------------------------------------------------


class BreaksOff(WrapperStore):
    """Fails when so many objects have been stored."""

    def __init__(self, store, n):
        super().__init__(store)
        self.n = n

    async def set(self, key, value):
        if not self.n:
            raise OSError("broken off")
        self.n -= 1
        await super().set(key, value)


@pytest.mark.parametrize("room", [10300, 640])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 9, 14, 20, 30])
def test_gone_on_with(room, n):
    source, store = Counting(MemoryStore()), MemoryStore()
    array_in(source)
    array = zarr.open_array(source)
    with pytest.raises(OSError, match="broken off") as raised:
        in_room(room, array, BreaksOff(store, n), chunks=TO)
    before = {key for key in store._store_dict if "__zarr_receipts" in key and key[-6].isdigit()}
    made = in_room(room, array, store, chunks=TO)
    assert (made[:] == numbers()).all()
    assert not [key for key in store._store_dict if "__zarr" in key]
    if before:
        assert "to go on with it" in raised.value.__notes__[-1]


def test_done_pieces_are_not_done_again():
    store = MemoryStore()
    source = array_in({})
    with pytest.raises(OSError, match="broken off"):
        in_room(10300, source, BreaksOff(store, 25), chunks=TO)
    n_done = sum("__zarr_receipts" in key and key.endswith("0.json") for key in store._store_dict)
    assert n_done == 1
    target = Counting(store)
    in_room(10300, source, target, chunks=TO)
    assert 0 < len(of_chunks(target.put)) < 32


def test_another_copy_was_begun(tmp_path):
    source, other = array_in({}), array_in({}, data=numbers(dtype="i8"))
    with pytest.raises(OSError, match="broken off"):
        in_room(640, source, BreaksOff(LocalStore(tmp_path), 5), chunks=TO)
    with pytest.raises(ContainsArrayError, match="a rechunking that was not finished"):
        zarr.rechunk(other, tmp_path, chunks=TO)
    with pytest.raises(ContainsArrayError, match="a rechunking that was not finished"):
        zarr.rechunk(source, tmp_path, chunks=(20, 30, 1))
    made = zarr.rechunk(other, tmp_path, chunks=TO, overwrite=True)
    assert (made[:] == numbers()).all()
    assert made.dtype == "i8"
    assert not [path for path in tmp_path.rglob("*") if "__zarr" in path.name]


def test_gone_on_with_overwrite(tmp_path):
    source = array_in({})
    zarr.create_array(tmp_path, data=[1, 2])
    with pytest.raises(OSError, match="broken off"):
        in_room(640, source, BreaksOff(LocalStore(tmp_path), 14), chunks=TO, overwrite=True)
    made = in_room(640, source, tmp_path, chunks=TO, overwrite=True)
    assert (made[:] == numbers()).all()


def test_killed_while_it_was_clearing_up(tmp_path, monkeypatch):
    source = array_in({})
    with monkeypatch.context() as patch:
        patch.setattr(rechunk_job, "_remove_below", lambda store, prefix: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            in_room(640, source, tmp_path, chunks=TO)
    target = Counting(LocalStore(tmp_path))
    made = in_room(640, source, target, chunks=TO)
    assert not of_chunks(target.put)
    assert (made[:] == numbers()).all()
    assert not [path for path in tmp_path.rglob("*") if "__zarr" in path.name]


def test_verify_tells_of_a_copy_that_is_not_done(tmp_path):
    source = array_in({})
    with pytest.raises(OSError, match="broken off"):
        in_room(640, source, BreaksOff(LocalStore(tmp_path), 40), chunks=TO)
    report = zarr.verify(tmp_path)
    assert not report.ok
    assert "unfinished-plan" in report.kinds


# -- where it runs ------------------------------------------------------------------------------------------------


def test_an_executor(tmp_path, engine):
    source = array_in(tmp_path / "a")
    with ThreadPoolExecutor(3) as executor:
        made = small(source, tmp_path / "b", chunks=TO, client=executor)
    assert (made[:] == numbers()).all()


def test_progress():
    seen = []
    small(array_in({}), {}, chunks=TO, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {2 * numbers().nbytes}
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1]
    with pytest.raises(TypeError, match="progress must be True"):
        zarr.rechunk(array_in({}), {}, progress="yes")


# -- errors -------------------------------------------------------------------------------------------------------


def test_too_little_memory():
    source = zarr.create_array({}, shape=(10**5, 10**4), chunks=(10**4, 10**4), dtype="f8")
    with pytest.raises(ArgumentError, match=r"max_memory='64MB' is not enough: one chunk of .*Give at least \d+ bytes"):
        zarr.rechunk(source, {}, chunks=(100, 100), max_memory="64MB")


def test_what_is_in_the_way(tmp_path):
    source = array_in({})
    zarr.create_array(tmp_path / "a", data=[1])
    zarr.create_group(tmp_path / "g")
    with pytest.raises(ContainsArrayError):
        zarr.rechunk(source, tmp_path / "a", chunks=TO)
    with pytest.raises(ContainsGroupError):
        zarr.rechunk(source, tmp_path / "g", chunks=TO)
    assert zarr.open_array(tmp_path / "a")[:] == [1]
    assert (zarr.rechunk(source, tmp_path / "g", chunks=TO, overwrite=True)[:] == numbers()).all()


def test_its_own_source(tmp_path):
    source = array_in(tmp_path)
    with pytest.raises(ValueError, match="cannot overwrite"):
        zarr.rechunk(source, tmp_path, chunks=TO, overwrite=True)
    assert (source[:] == numbers()).all()


def test_wrong_arguments():
    source = array_in({})
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'chunk'.*did you mean 'chunks'"):
        zarr.rechunk(source, {}, chunk=TO)
    with pytest.raises(TypeError, match="takes an array, got Group"):
        zarr.rechunk(zarr.create_group({}), {})
    with pytest.raises(ArgumentError, match="leave compressors out"):
        zarr.rechunk(source, {}, codecs=["bytes"], compressors=None)
    with pytest.raises(ArgumentError, match="max_memory must be a number of bytes"):
        zarr.rechunk(source, {}, max_memory="much")


def test_a_chunk_that_is_damaged(engine):
    store = MemoryStore()
    source = array_in(store)
    store._store_dict["c/7/0/0"] = store._store_dict["c/7/0/0"][:9]
    with pytest.raises(zarr.errors.CodecError, match="c/7/0/0"):
        small(source, {}, chunks=TO)


def test_the_document_is_hostile(tmp_path):
    place = tmp_path / "__zarr_receipts" / "rechunk"
    for text in (
        "",
        "[]",
        '{"zarr_rechunk": 1}',
        json.dumps({"zarr_rechunk": 1, "of": "x", "room": -1, "state": "begun"}),
    ):
        place.mkdir(parents=True, exist_ok=True)
        (place / "plan.json").write_text(text)
        with pytest.raises(ContainsArrayError, match="was not finished"):
            zarr.rechunk(array_in({}), tmp_path, chunks=TO)
