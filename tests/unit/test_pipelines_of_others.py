"""Arrays that somebody else's codec pipeline reads and writes: the class that `codec_pipeline.path` names."""

from __future__ import annotations

import asyncio
import pickle
import threading

import numpy as np
import pytest

import zarr
from tests.suites import pipelines
from tests.suites.awaited_stores import Tagged
from tests.suites.plain_stores import AsyncOnly
from tests.suites.threads import in_threads
from zarr.abc.codec import CodecPipeline
from zarr.api import asynchronous
from zarr.errors import BadConfigError, ChunkNotFoundError, CodecError, UnfinishedPlanError
from zarr.storage import LocalStore, MemoryStore

DEFAULT = "zarr.core.codec_pipeline.BatchedCodecPipeline"
FUSED = "zarr.core.codec_pipeline.FusedCodecPipeline"
PIPELINES = ("Recording", "TellsNothing", "OfMetadata", "Nothing", "Decodes", "Reads")


def handed_to(name):
    """The setting that has arrays opened within handed over to a class of `tests.suites.pipelines`."""
    return zarr.config.set({"codec_pipeline.path": f"tests.suites.pipelines.{name}"})


@pytest.fixture(params=PIPELINES)
def name(request):
    with handed_to(request.param):
        yield request.param


@pytest.fixture
def calls():
    """What `Recording` is asked for."""
    pipelines.Recording.calls.clear()
    with handed_to("Recording"):
        yield pipelines.Recording.calls


@pytest.fixture(params=["sync", "async"])
def face(request):
    """Reading and writing an array, in a program without an event loop, and in one that has one."""
    if request.param == "sync":
        return (lambda array, selection: array[selection]), zarr.Array.__setitem__
    return (
        lambda array, selection: asyncio.run(array.async_array.getitem(selection)),
        lambda array, selection, value: asyncio.run(array.async_array.setitem(selection, value)),
    )


NUMBERS = np.arange(7 * 9).reshape(7, 9)
LAYOUTS = {
    "plain": {"dtype": "i4"},
    "uncompressed": {"dtype": "u2", "compressors": None, "fill_value": 3},
    "sharded": {"dtype": "f8", "shards": (4, 8)},
    "sharded with its index in front": {"dtype": "i8", "shards": {"shape": (8, 4), "index_location": "start"}},
    "turned": {"dtype": "f4", "filters": zarr.codecs.TransposeCodec(order=(1, 0)), "fill_value": np.nan},
    "big-endian": {"dtype": ">i2"},
    "Fortran's order": {"dtype": "f8", "order": "F"},
    "complex": {"dtype": "c8"},
    "truths": {"dtype": "bool"},
    "times": {"dtype": "M8[s]"},
    "text of one length": {"dtype": "U3"},
    "texts": {"dtype": "str"},
    "v2 keys": {"dtype": "i4", "chunk_key_encoding": {"name": "v2", "separator": "."}},
    "format 2": {"dtype": "i4", "zarr_format": 2},
    "format 2, big-endian": {"dtype": ">f8", "zarr_format": 2, "order": "F"},
    "format 2, texts": {"dtype": "str", "zarr_format": 2},
    "format 2, other keys": {"dtype": "i4", "zarr_format": 2, "chunk_key_encoding": {"name": "v2", "separator": "/"}},
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    if request.param == "Fortran's order":
        with zarr.config.set({"array.order": "F"}):
            yield {"dtype": "f8"}
    else:
        yield LAYOUTS[request.param]


def model_of(layout):
    return NUMBERS.astype(np.dtypes.StringDType() if layout["dtype"] == "str" else layout["dtype"])


def same(found, expected):
    assert np.shape(found) == np.shape(expected)
    given = np.asarray(found, np.asarray(expected).dtype)
    assert np.all((given == expected) | ((given != given) & (expected != expected)))  # no number, and no time


SELECTIONS = [
    np.s_[...],
    np.s_[3, 4],
    np.s_[3],
    np.s_[:, 8],
    np.s_[1:6, 2:9],
    np.s_[::2, 1::3],
    np.s_[::-1, 5::-2],
    np.s_[2:2],
    np.s_[None, 6, None, 3:],
    np.s_[-1:, -1],
]


def test_what_is_read(name, layout, face):
    """What an engine wrote, by each way to select."""
    read, _ = face
    model = model_of(layout)
    with zarr.config.set({"codec_pipeline.path": DEFAULT}):
        written = zarr.create_array({}, shape=model.shape, **{"chunks": (2, 4), **layout})
        written[:5] = model[:5]
    model[5:] = written.fill_value if layout["dtype"] != "str" else ""
    array = zarr.open_array(written.store)
    assert array.engine == f"tests.suites.pipelines.{name}"
    for selection in SELECTIONS:
        same(read(array, selection), model[selection])
    rows, columns = [0, 6, 3, 3], [8, 0, 4, 1]
    same(array.oindex[rows, columns], model[np.ix_(rows, columns)])
    same(array.oindex[1, columns], model[1, columns])
    same(array.vindex[rows, columns], model[rows, columns])
    same(array.vindex[np.array([rows, rows]), 2], model[np.array([rows, rows]), 2])
    mask = np.asarray(model == model[3, 3])
    same(array.get_mask_selection(mask), model[mask])


@pytest.mark.parametrize("fill_value", ["", "a fill value that is longer than fifteen bytes"])
def test_one_long_text_for_many_elements(name, fill_value):
    """NumPy loses it where an array of no axes is assigned to lists of positions."""
    text = "a text that is longer than fifteen bytes"
    array = zarr.create_array({}, shape=(4, 3), chunks=(2, 3), dtype="str", fill_value=fill_value)
    array.oindex[[0, 3], [1, 2]] = text
    array.vindex[[1, 2], [0, 0]] = np.array(text, array.dtype)
    expected = np.full((4, 3), fill_value, object)
    expected[np.ix_([0, 3], [1, 2])] = expected[[1, 2], [0, 0]] = text
    assert array[...].tolist() == expected.tolist()
    assert array.oindex[[0, 2], [0, 1]].tolist() == expected[np.ix_([0, 2], [0, 1])].tolist()


def test_what_is_written(name, layout, face):
    """What an engine reads afterwards."""
    _, write = face
    model = model_of(layout)
    array = zarr.create_array({}, shape=model.shape, **{"chunks": (2, 4), **layout})
    fill = "" if layout["dtype"] == "str" else array.fill_value
    expected = np.full_like(model, fill)
    for selection in SELECTIONS:
        write(array, selection, model[selection])
        expected[selection] = model[selection]
    other = np.roll(model, 1)
    write(array, np.s_[1:3, ::-2], other[1:3, ::-2])
    expected[1:3, ::-2] = other[1:3, ::-2]
    write(array, np.s_[2:4], other[0, 0])
    expected[2:4] = other[0, 0]
    array.oindex[[0, 5], [1, 7]] = expected[np.ix_([0, 5], [1, 7])] = other[np.ix_([0, 5], [1, 7])]
    array.vindex[[6, 6], [0, 8]] = expected[[6, 6], [0, 8]] = other[[6, 6], [0, 8]]
    array.append(model[:3])
    expected = np.concatenate([expected, model[:3]])
    with zarr.config.set({"codec_pipeline.path": DEFAULT}):
        same(zarr.open_array(array.store)[:], expected)
    same(array[:], expected)
    array.resize((4, 5))
    array.resize((6, 9))
    expected = np.full_like(expected[:6], fill)
    expected[:4, :5] = array[:4, :5]
    with zarr.config.set({"codec_pipeline.path": DEFAULT}):
        same(zarr.open_array(array.store)[:], expected)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (1,) * 33], ids=str)
def test_shapes_at_the_edge(name, face, shape):
    read, write = face
    array = zarr.create_array({}, shape=shape, chunks=shape and "auto", dtype="i4", fill_value=5)
    same(read(array, ...), np.full(shape, 5))
    write(array, ..., 7)
    same(read(array, ...), np.full(shape, 7))


def test_elements_that_are_objects(name):
    array = zarr.create_array({}, shape=4, chunks=3, dtype=zarr.dtype.VariableLengthBytes(), zarr_format=3)
    array[1:] = np.array([b"a", b"", b"ccc"], object)
    assert array[:].tolist() == [b"", b"a", b"", b"ccc"]
    assert array[3] == b"ccc"


def test_single_fields_of_structs(name):
    array = zarr.create_array({}, shape=4, chunks=3, dtype=[("a", "i4"), ("b", "f8")], fill_value=(1, 2.0))
    array["a"] = [5, 6, 7, 8]
    array[2] = (9, 9.5)
    assert array[:].tolist() == [(5, 2.0), (6, 2.0), (9, 9.5), (8, 2.0)]
    assert array["b"].tolist() == [2.0, 2.0, 9.5, 2.0]


def test_chunks_that_differ(name):
    with zarr.config.set({"array.rectilinear_chunks": True}):
        array = zarr.create_array({}, shape=(6, 4), chunks=[[1, 2, 3], [3, 1]], dtype="i4")
    array[1:5, 1:] = model = np.arange(12).reshape(4, 3)
    assert array[1:5, 1:].tolist() == model.tolist()
    assert array[:].sum() == model.sum()


# -- what they are asked for ----------------------------------------------------------------------------------------


def test_one_batch_for_each_read(calls):
    array = zarr.create_array({}, name="g/x", shape=(4, 6), chunks=(2, 3), dtype="i4")
    calls.clear()
    array[1, 2:]
    assert calls == [
        (
            "read",
            [
                ("g/x/c/0/0", (2, 3), (1, slice(2, 3, 1)), (slice(0, 1),), False),
                ("g/x/c/0/1", (2, 3), (1, slice(0, 3, 1)), (slice(1, 4),), False),
            ],
            (4,),
            np.dtype("i4"),
        )
    ]


def test_objects_that_are_replaced_are_one_batch_and_changed_ones_one_for_each_prefix(calls):
    array = zarr.create_array({}, shape=(5, 6), chunks=(2, 3), dtype="i4")
    array[:5, 1:] = 1
    batches = [(method, [entry[0] for entry in entries], shape) for method, entries, shape, _ in calls]
    assert sorted(batches) == [
        ("write", ["c/0/0"], ()),
        ("write", ["c/0/1", "c/1/1", "c/2/1"], ()),
        ("write", ["c/1/0"], ()),
        ("write", ["c/2/0"], ()),
    ]
    whole = {entry[0]: entry[-1] for _, entries, *_ in calls for entry in entries}
    assert {key for key, is_whole in whole.items() if is_whole} == {"c/0/1", "c/1/1", "c/2/1"}


def test_memory_is_in_c_order(calls):
    model = np.arange(24.0).reshape(4, 6)
    array = zarr.create_array({}, data=np.asfortranarray(model), chunks=(4, 2))

    class Strict(pipelines.Recording):
        async def read(self, batch_info, out, drop_axes=()):
            assert out.as_numpy_array().flags.c_contiguous
            return await super().read(batch_info, out, drop_axes)

        async def write(self, batch_info, value, drop_axes=()):
            assert value.as_numpy_array().flags.c_contiguous
            await super().write(batch_info, value, drop_axes)

    zarr.registry.register_pipeline(Strict)
    with zarr.config.set({"codec_pipeline.path": f"{__name__}.{Strict.__qualname__}"}):
        array = zarr.open_array(array.store, config={"order": "F"})
    assert np.isfortran(array[:])
    out = np.zeros((6, 8))
    array.get_basic_selection(np.s_[::-1, ::2], out=zarr.buffer.cpu.NDBuffer(out[1:5, ::3]))
    assert np.array_equal(out[1:5, ::3], model[::-1, ::2])
    array[:, ::-1] = model.T.reshape(6, 4).T
    assert np.array_equal(array[:, ::-1], model.T.reshape(6, 4).T)
    array[:, 1] = np.broadcast_to(np.arange(4.0)[:, None], (4, 1))[:, 0]
    assert array[:, 1].tolist() == [0, 1, 2, 3]


def test_an_array_keeps_who_it_was_handed_to(calls):
    store = MemoryStore()
    array = zarr.create_array(store, shape=4, dtype="i4")
    with zarr.config.set({"codec_pipeline.path": DEFAULT}):
        array[:] = 1
        assert len(calls) == 1
        assert type(array.async_array.codec_pipeline) is pipelines.Recording
        ours = zarr.open_array(store)
        assert ours.engine in ("native", "python")
        assert type(ours.async_array.codec_pipeline).__name__ == "BatchedCodecPipeline"
    assert ours[:].tolist() == [1] * 4
    assert ours.async_array.codec_pipeline.array_bytes_codec == ours.serializer
    assert len(calls) == 1
    copy = pickle.loads(pickle.dumps(ours))  # the configuration of whoever reads it counts
    assert copy[:].tolist() == [1] * 4
    assert len(calls) == 2


def test_one_is_made_of_metadata_and_store():
    store = MemoryStore()
    with handed_to("OfMetadata"):
        group = zarr.create_group(store)
        array = group.create_array("x", shape=4, dtype="i4")
        assert group["x"].async_array.codec_pipeline.metadata is not None
    made = array.async_array.codec_pipeline
    assert made.metadata == array.metadata
    assert made.store is array.store


def test_what_a_class_passes_on_is_for_the_engines(engine):
    with handed_to("PassesOn"):
        array = zarr.create_array({}, data=np.arange(4))
    assert array.engine == engine
    assert array[:].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("path", [DEFAULT, FUSED, "zarr.core.BatchedCodecPipeline"])
def test_ours_are_the_engines(path, engine):
    with zarr.config.set({"codec_pipeline.path": path}):
        array = zarr.create_array({}, data=np.arange(4))
        assert array.engine == engine
        assert array[1] == 1
        assert type(array.async_array.codec_pipeline).__name__ == path.rpartition(".")[2]
    registered = "zarr._compat.pipeline.BatchedCodecPipeline"
    zarr.registry.register_pipeline(zarr.core.codec_pipeline.BatchedCodecPipeline)
    with zarr.config.set({"codec_pipeline.path": registered}):
        assert zarr.open_array(array.store).engine == engine


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_sizes_of_batches(batch_size):
    with handed_to("Decodes"), zarr.config.set({"codec_pipeline.batch_size": batch_size}):
        array = zarr.create_array({}, data=np.arange(7), chunks=1)
        pipelines.Decodes.batches.clear()
        assert array[:].tolist() == list(range(7))
        sizes = [size for _, size in pipelines.Decodes.batches]
        assert sum(sizes) == 7
        assert max(sizes) == min(batch_size, 7)
        pipelines.Decodes.batches.clear()
        array[:] = np.arange(7, 0, -1)
        assert sum(size for action, size in pipelines.Decodes.batches if action == "encode") == 7
    assert array.async_array.codec_pipeline.batch_size == batch_size


# -- chunks that are not there --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [None, (4,)])
def test_missing_chunks(name, face, shards):
    read, write = face
    array = zarr.create_array({}, name="x", shape=8, chunks=2, shards=shards, dtype="i4", fill_value=9)
    write(array, slice(0, 4), np.arange(4))
    write(array, slice(2, 4), 9)
    assert read(array, ...).tolist() == [0, 1, 9, 9, 9, 9, 9, 9]
    write(array, slice(0, 2), 9)
    assert array.nchunks_initialized == 0
    strict = array.with_config({"read_missing_chunks": False})
    with pytest.raises(ChunkNotFoundError, match="'x/c/0' of array '/x'"):
        read(strict, slice(0, 3))
    write(array, ..., np.arange(8))
    assert read(strict, ...).tolist() == list(range(8))


def test_empty_chunks_are_written_if_wanted(name):
    array = zarr.create_array({}, shape=4, chunks=2, dtype="i4", config={"write_empty_chunks": True})
    array[:] = 0
    array[1] = 0
    assert array.nchunks_initialized == 2


# -- stores, and other writers --------------------------------------------------------------------------------------


def test_each_store(name, any_store, face):
    read, write = face
    array = zarr.create_array(any_store, name="a/b", shape=(6, 6), chunks=(2, 3), dtype="i4")
    write(array, np.s_[1:5, 1:5], 3)
    write(array, np.s_[2:4, 0:3], 0)
    expected = np.zeros((6, 6), int)
    expected[1:5, 1:5] = 3
    expected[2:4, 0:3] = 0
    assert read(array, ...).tolist() == expected.tolist()


def test_a_store_that_is_to_be_read_only(name):
    store = MemoryStore()
    zarr.create_array(store, shape=4, dtype="i4")
    array = zarr.open_array(store, mode="r")
    with pytest.raises(ValueError, match="read-only"):
        array[:] = 1


WRITERS = 8


def changed_by_many(store, open_array, n=WRITERS):
    """All elements of a chunk are set, each by a thread with a handle of its own."""
    zarr.create_array(store, shape=(2, n), chunks=(2, n), dtype="i4")
    gate = threading.Barrier(n)

    def write(number):
        array = open_array()
        gate.wait()
        array[0, number] = number + 1
        array[1, number] = number + 2

    in_threads([lambda number=number: write(number) for number in range(n)])
    assert zarr.open_array(store)[:].tolist() == [list(range(1, n + 1)), list(range(2, n + 2))]


@pytest.mark.parametrize("kind", ["memory", "local", "versions", "nothing"])
def test_writers_of_one_chunk_lose_nothing(name, kind, tmp_path):
    store = {
        "memory": MemoryStore,
        "local": lambda: LocalStore(tmp_path / "x"),
        "versions": Tagged,
        "nothing": AsyncOnly,
    }[kind]()
    changed_by_many(store, lambda: zarr.open_array(store, mode="r+"))


def test_one_that_goes_past_its_places_has_the_hold(tmp_path):
    with handed_to("GoesPast"):
        store = LocalStore(tmp_path / "x")
        changed_by_many(store, lambda: zarr.open_array(LocalStore(tmp_path / "x"), mode="r+"))


def test_writers_that_are_coroutines_lose_nothing(name, tmp_path):
    async def write():
        store = LocalStore(tmp_path / "x")
        array = await asynchronous.create_array(store, shape=40, chunks=40, dtype="i4")
        await asyncio.gather(*(array.setitem(number, number) for number in range(40)))
        return (await array.getitem(...)).tolist()

    assert asyncio.run(write()) == list(range(40))


def test_whole_chunks_and_changed_ones_in_one_request(name, face, tmp_path):
    """Those that are replaced wait for nobody who waits for them, however many there are."""
    _, write = face
    array = zarr.create_array(
        LocalStore(tmp_path / "x"),
        shape=(100, 200_000),
        chunks=(1, 100_000),
        dtype="u1",
        compressors=None,
        chunk_key_encoding={"name": "v2", "separator": "."},
    )
    write(array, np.s_[:, 5:], 1)
    assert array[:].sum() == 100 * (200_000 - 5)


def test_versions_keep_other_processes_apart(face):
    """Another one replaces the chunk between the read and the write of a change: it is made again."""
    _, write = face
    values = {}
    zarr.create_array(Tagged(values), shape=4, chunks=4, dtype="i4")
    other = zarr.open_array(Tagged(values))

    class Interrupted(pipelines.Recording):
        n = 0

        async def _encoded(self, array, spec):
            if not Interrupted.n:
                Interrupted.n += 1
                await other.async_array.setitem(1, 11)
            return await super()._encoded(array, spec)

    zarr.registry.register_pipeline(Interrupted)
    with zarr.config.set({"codec_pipeline.path": f"{__name__}.{Interrupted.__qualname__}"}):
        handed = zarr.open_array(Tagged(values))
        write(handed, 0, 10)
        assert handed[:].tolist() == [10, 11, 0, 0]
        Interrupted.n = 0
        handed[0] = 0
        assert handed[:].tolist() == [0, 11, 0, 0]


@pytest.mark.parametrize("name", [*PIPELINES, "GoesPast"])
def test_plans_of_writers(name, tmp_path):
    """They have the store that they know, and what they stored is in the receipts, wherever they went."""
    store = LocalStore(tmp_path / "x")
    with handed_to(name):
        array = zarr.create_array(store, shape=(6, 7), chunks=(3, 4), dtype="i4")
        plan = zarr.partition(array, target=1)
        assert plan.run(None, lambda region: region[0].start) == 4
        store.root.joinpath("c/1/0").write_bytes(b"changed")
        with pytest.raises(UnfinishedPlanError, match="'c/1/0'"):
            plan.finalize()
        assert plan.run(None, lambda region: region[0].start) == 1
        assert plan.finalize().n_objects == 2
    assert array[:, 0].tolist() == [0, 0, 0, 3, 3, 3]


def test_append_from_several_threads(name, tmp_path):
    store = LocalStore(tmp_path / "x")
    zarr.create_array(store, shape=0, chunks=7, dtype="i4")

    def append(number):
        array = zarr.open_array(store)
        for _ in range(3):
            array.append(np.full(5, number))

    in_threads([lambda number=number: append(number) for number in range(1, 5)])
    found = zarr.open_array(store)[:]
    assert np.bincount(found).tolist() == [0, 15, 15, 15, 15]


# -- classes that do not do what they should ------------------------------------------------------------------------


class NoMethods:
    pass


not_a_class = zarr.zeros


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("nowhere.Pipeline", r"'codec_pipeline.path'.*nowhere"),
        ("tests.suites.pipelines.Missing", r"'codec_pipeline.path'.*Missing"),
        (f"{__name__}.NoMethods", "lacks from_codecs, read, write"),
        (f"{__name__}.not_a_class", "has to name a class"),
    ],
)
def test_classes_that_cannot_be_used(path, text):
    array = zarr.create_array({}, data=np.arange(3))
    with zarr.config.set({"codec_pipeline.path": path}):
        for call in (lambda: zarr.open_array(array.store), lambda: zarr.create_array({}, shape=3, dtype="i4")):
            with pytest.raises(BadConfigError, match=text):
                call()
        assert array[:].tolist() == [0, 1, 2]


def use(cls):
    zarr.registry.register_pipeline(cls)
    return zarr.config.set({"codec_pipeline.path": f"{cls.__module__}.{cls.__qualname__}"})


def test_what_they_raise_names_the_array(face):
    class Raises(pipelines.Recording):
        async def read(self, batch_info, out, drop_axes=()):
            raise KeyError("boom")

        async def write(self, batch_info, value, drop_axes=()):
            raise KeyError("boom")

    read, write = face
    with use(Raises):
        array = zarr.create_array({}, name="x", shape=3, dtype="i4")
        for call in (lambda: read(array, ...), lambda: write(array, ..., 1), lambda: write(array, 0, 1)):
            with pytest.raises(KeyError) as caught:
                call()
            (note,) = caught.value.__notes__
            assert "Raises" in note
            assert "array '/x'" in note
            assert "codec_pipeline.path" in note


def test_what_is_raised_where_one_is_made(face):
    class Refuses(pipelines.Recording):
        @classmethod
        def from_array_metadata_and_store(cls, array_metadata, store):
            raise TypeError("not this one")

    with use(Refuses):
        array = zarr.create_array({}, shape=3, dtype="i4")
        with pytest.raises(TypeError, match="not this one") as caught:
            face[0](array, ...)
        assert "Refuses" in caught.value.__notes__[0]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_would_end_a_loop_is_for_who_called(stop, tmp_path):
    """Nobody waits for ever, then or later, and no hold is kept."""

    class Stops(pipelines.Recording):
        async def read(self, batch_info, out, drop_axes=()):
            raise stop("enough")

        write = read

    with use(Stops):
        array = zarr.create_array(LocalStore(tmp_path / "x"), shape=4, chunks=4, dtype="i4")
        for call in (lambda: array[...], lambda: array.__setitem__(0, 1), lambda: array.__setitem__(..., 1)):
            with pytest.raises(stop, match="enough"):
                call()
    with handed_to("Recording"):
        array = zarr.open_array(array.store)
        array[0] = 1
        assert array[:].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("told", [[None], [{}], ["present"], [{"status": "new"}], 5, {"status": "missing"}])
def test_one_that_does_not_tell_what_is_missing(told, face):
    class Vague(pipelines.Recording):
        async def read(self, batch_info, out, drop_axes=()):
            await super().read(batch_info, out, drop_axes)
            return told

    read, write = face
    with use(Vague):
        array = zarr.create_array({}, shape=4, chunks=4, dtype="i4", config={"read_missing_chunks": False})
        with pytest.raises(ChunkNotFoundError):
            read(array, ...)
        write(array, ..., 3)
        assert read(array, ...).tolist() == [3] * 4


@pytest.mark.parametrize("method", ["from_codecs", "evolve_from_array_spec", "from_array_metadata_and_store"])
def test_nothing_is_made(method, face):
    class Makes(pipelines.Recording):
        pass

    setattr(Makes, method, classmethod(lambda *_, **__: None))
    with use(Makes):
        array = zarr.create_array({}, shape=3, dtype="i4")
        with pytest.raises(BadConfigError, match=r"Makes was to be made for an array, it gave None"):
            face[0](array, ...)


def test_methods_that_are_no_coroutines(face):
    class Plain(pipelines.Recording):
        def read(self, batch_info, out, drop_axes=()):
            return None

    with use(Plain):
        array = zarr.create_array({}, shape=3, dtype="i4")
        with pytest.raises(TypeError, match=r"Plain.read returned .*`async def read`"):
            face[0](array, ...)


def test_damaged_chunks(name, face):
    with zarr.config.set({"codec_pipeline.path": DEFAULT}):
        array = zarr.create_array({}, name="x", data=np.arange(100), chunks=10)
    array.store._store_dict["x/c/3"] = zarr.buffer.cpu.Buffer.from_bytes(b"damaged")
    array = zarr.open_array(array.store, path="x")
    assert face[0](array, slice(0, 30)).tolist() == list(range(30))
    with pytest.raises((CodecError, RuntimeError, ValueError)) as caught:
        face[0](array, ...)
    told = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert "'/x'" in told


def test_a_call_that_is_cancelled_has_written_when_it_ends(tmp_path):
    """Else it would go on after the hold under which it writes was let go."""
    begun, events = asyncio.Event(), []

    class Slow(pipelines.Recording):
        async def write(self, batch_info, value, drop_axes=()):
            begun.set()
            await asyncio.sleep(0.05)
            await super().write(batch_info, value, drop_axes)
            events.append("written")

    async def write():
        with use(Slow):
            array = await asynchronous.create_array(LocalStore(tmp_path / "x"), shape=4, chunks=4, dtype="i4")
        task = asyncio.create_task(array.setitem(0, 1))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        events.append("cancelled")

    asyncio.run(write())
    assert events == ["written", "cancelled"]


def test_it_is_a_subclass_of_the_abstract_class():
    assert issubclass(pipelines.Recording, CodecPipeline)
