"""Whatever a user can hold goes through pickle, cloudpickle and copy: to other processes, into caches, and back."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import cloudpickle
import numpy as np
import pytest

import zarr
from tests.data_types import ROWS as DTYPES
from tests.public_names import public_modules, public_names
from tests.suites.calls import run
from tests.suites.plain_stores import AsyncOnly
from zarr.api import asynchronous
from zarr.errors import CodecError, KeyBlockedError
from zarr.storage import LocalStore, MemoryStore, StorePath, WrapperStore

WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda held: pickle.loads(pickle.dumps(held)),
    "pickle, oldest with slots": lambda held: pickle.loads(pickle.dumps(held, 2)),
    "cloudpickle": lambda held: pickle.loads(cloudpickle.dumps(held)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(params=WAYS)
def twin_of(request):
    return WAYS[request.param]


# -- names --------------------------------------------------------------------------------------------------------


# Without the strategies of `zarr.testing`, which Hypothesis makes of functions that have no names of their own.
HELD = [name for name in public_modules() if name not in ("zarr.testing.strategies", "zarr.testing.stateful")]


@pytest.mark.parametrize("module", HELD)
def test_public_names_are_found_by_name(module):
    mod = importlib.import_module(module)
    for name in public_names(module):
        value = getattr(mod, name)
        for way in (WAYS["cloudpickle"], WAYS["deepcopy"] if not inspect.ismodule(value) else WAYS["cloudpickle"]):
            twin = way(value)
            if inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value) or name.endswith("config"):
                assert twin is value, name
            else:
                assert twin is value or twin == value, name


@pytest.mark.parametrize("module", public_modules())
def test_modules_are_found_by_name(module):
    mod = importlib.import_module(module)
    assert pickle.loads(cloudpickle.dumps(mod)) is mod


def test_a_function_takes_what_it_uses_along(tmp_path):
    """As a scheduler does it: the function is defined in the main program, and its modules are only named in it."""
    program = (
        "import sys, cloudpickle, zarr\n"
        "from zarr import config, storage\n"
        "def work():\n"
        "    with config.set({'array.order': 'F'}):\n"
        "        array = zarr.ones((2, 3), store=storage.MemoryStore())\n"
        "        return zarr.codecs.numcodecs.Zlib(level=1), array[...].flags.f_contiguous\n"
        "sys.stdout.buffer.write(cloudpickle.dumps(work))\n"
    )
    sent = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60).stdout
    reader = "import pickle, sys; print(pickle.load(sys.stdin.buffer)())"
    done = subprocess.run([sys.executable, "-c", reader], input=sent, capture_output=True, check=True, timeout=60)
    assert b"numcodecs.zlib" in done.stdout
    assert b"True" in done.stdout


# -- nodes and what hangs on them -----------------------------------------------------------------------------------

STORES: dict[str, Callable[[Any], Any]] = {
    "memory": lambda _: MemoryStore(),
    "local": lambda directory: LocalStore(directory / "root"),
    "wrapped": lambda directory: WrapperStore(LocalStore(directory / "root")),
    "foreign": lambda _: AsyncOnly(),
}

HELD: dict[str, tuple[Callable[[zarr.Group], Any], Callable[[Any], Any]]] = {
    "group": (lambda g: g, sorted),
    "group, consolidated": (lambda g: zarr.open_consolidated(g.store), lambda g: [sorted(g), len(g)]),
    "asynchronous group": (
        lambda g: run(asynchronous.open_group(g.store)),
        lambda g: run(g.getitem("x")).shape,
    ),
    "array": (lambda g: g["x"], lambda a: (a[...].tolist(), a.config, a.chunks, a.read_only)),
    "array, used": (lambda g: g["x"] if g["x"][0, 0] == 0 else None, lambda a: a[1:3, 2].tolist()),
    "array, with other settings": (
        lambda g: g["x"].with_config({"order": "F", "write_empty_chunks": True}),
        lambda a: (a.config, a[...].flags.f_contiguous),
    ),
    "array, sharded or not": (lambda g: g["s"], lambda a: (a[...].tolist(), a.shards)),
    "array of text": (lambda g: g["t"], lambda a: a[...].tolist()),
    "asynchronous array": (
        lambda g: run(asynchronous.open_array(g.store, path="x")),
        lambda a: run(a.getitem(1)).tolist(),
    ),
    "oindex": (lambda g: g["x"].oindex, lambda i: i[[0, 2], 1:].tolist()),
    "vindex": (lambda g: g["x"].vindex, lambda i: i[[0, 2], [1, 1]].tolist()),
    "blocks": (lambda g: g["x"].blocks, lambda i: i[0, 1].tolist()),
    "asynchronous oindex": (lambda g: g["x"].async_array.oindex, lambda i: run(i.getitem(([0], [1]))).tolist()),
    "asynchronous vindex": (lambda g: g["x"].async_array.vindex, lambda i: run(i.getitem(([0], [1]))).tolist()),
    "attributes": (lambda g: g["x"].attrs, dict),
    "attributes of a group": (lambda g: g.attrs, lambda a: a.asdict()),
    "information": (lambda g: g["x"].info, str),
    "information, complete": (lambda g: g["x"].info_complete(), str),
    "information of a group": (lambda g: g.info_complete(), str),
    "tree": (lambda g: g.tree(), str),
    "metadata": (lambda g: g["x"].metadata, lambda m: m.to_dict()),
    "metadata of a group": (lambda g: g.metadata, lambda m: m.to_dict()),
    "consolidated metadata": (
        lambda g: zarr.open_consolidated(g.store).metadata.consolidated_metadata,
        lambda m: sorted(m.metadata),
    ),
    "data type": (lambda g: g["x"].metadata.dtype, lambda d: d.to_native_dtype()),
    "codecs": (lambda g: (g["x"].filters, g["x"].compressors, g["x"].serializer), repr),
    "keys": (lambda g: g["x"].metadata.chunk_key_encoding, lambda k: k.encode_chunk_key((1, 2))),
    "settings": (lambda g: g["x"].config, lambda c: c),
    "place": (lambda g: g["x"].store_path, lambda p: (p.path, run(p.is_empty()))),
    "store": (lambda g: g.store, lambda s: (s.read_only, run(s.is_empty("x")), run(s.exists("nothing")))),
}


@pytest.fixture(params=STORES)
def root(request, engine, tmp_path, zarr_format):
    root = zarr.create_group(STORES[request.param](tmp_path), zarr_format=zarr_format, attributes={"a": [1, {"b": 2}]})
    root.create_array("x", data=np.arange(12, dtype="i4").reshape(3, 4), chunks=(2, 2), attributes={"units": "m"})
    shards = (4,) if zarr_format == 3 else None
    root.create_array("s", data=np.arange(8), chunks=(2,), shards=shards)
    root.create_array("t", data=np.array(["a", "ü"], dtype=np.dtypes.StringDType()))
    root.create_group("g/h")
    return root


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently")
def test_it_is_as_it_was(root, twin_of):
    zarr.consolidate_metadata(root.store)
    for held, (make, look) in HELD.items():
        original = make(root)
        twin = twin_of(original)
        assert type(twin) is type(original), held
        assert look(twin) == look(original), held


@pytest.mark.parametrize(
    "held", ["array", "asynchronous array", "oindex", "attributes", "attributes of a group", "group"]
)
def test_what_was_read_only_stays_so(root, held, twin_of):
    if isinstance(root.store, AsyncOnly):
        root.store._read_only = True
        frozen = root
    else:
        frozen = zarr.open_group(root.store, mode="r")
    twin = twin_of(HELD[held][0](frozen))
    change = {
        "array": lambda: twin.__setitem__(0, 1),
        "asynchronous array": lambda: run(twin.setitem(0, 1)),
        "oindex": lambda: twin.__setitem__(([0],), 1),
        "group": lambda: twin.create_group("new"),
    }.get(held, lambda: twin.update(new=1))
    with pytest.raises(ValueError, match="read-only"):
        change()


def test_twins_over_a_directory_change_the_same_data(engine, tmp_path, zarr_format, twin_of):
    root = zarr.create_group(tmp_path / "g", zarr_format=zarr_format)
    array = root.create_array("x", shape=4, chunks=2, dtype="i4")
    twin_of(array)[1] = 7
    twin_of(array.oindex)[[2]] = 8
    twin_of(array.attrs)["a"] = 1
    twin_of(root.attrs)["b"] = 2
    twin_of(root).create_group("new")
    run(twin_of(array.async_array).setitem(0, 9))
    assert array[:].tolist() == [9, 7, 8, 0]
    again = zarr.open_group(tmp_path / "g")
    assert dict(again["x"].attrs) == {"a": 1}
    assert dict(again.attrs) == {"b": 2}
    assert "new" in again


def test_what_belongs_together_stays_together(engine, tmp_path):
    array = zarr.create_array(tmp_path / "a", shape=4, dtype="i4")
    twin, attributes, oindex = pickle.loads(pickle.dumps((array, array.attrs, array.oindex)))
    attributes["a"] = 1
    assert dict(twin.attrs) == {"a": 1}
    twin.resize(6)
    assert oindex[:].shape == (6,)
    assert array.shape == (4,)


def test_a_copy_shares_a_memory_store_and_a_deep_copy_does_not(engine):
    array = zarr.create_array(MemoryStore(), shape=4, dtype="i4")
    for store in (array.store, WrapperStore(array.store)):
        shared = zarr.open_array(copy.copy(store))
        own = zarr.open_array(copy.deepcopy(store))
        array[:] = 5
        assert shared[0] == 5
        assert own[0] == 0
        array[:] = 0


def test_copying_metadata_gives_attributes_of_its_own(zarr_format):
    group = zarr.create_group({}, zarr_format=zarr_format, attributes={"a": [1]})
    twin = copy.deepcopy(group.metadata)
    twin.attributes["a"].append(2)
    assert dict(group.attrs) == {"a": [1]}


# -- single objects of public classes -------------------------------------------------------------------------------

CODECS = [
    zarr.codecs.BloscCodec(cname="lz4", shuffle="bitshuffle"),
    zarr.codecs.BitRoundCodec(keepbits=3),
    zarr.codecs.BytesCodec(endian="big"),
    zarr.codecs.CastValue(data_type="int16", rounding="towards-zero", scalar_map={"encode": [("NaN", 0)]}),
    zarr.codecs.ConditionalCodec(codecs=(zarr.codecs.GzipCodec(level=1),)),
    zarr.codecs.Crc32cCodec(),
    zarr.codecs.GzipCodec(level=1),
    zarr.codecs.N5DefaultCodec(codecs=(zarr.codecs.TransposeCodec(order=(1, 0)), zarr.codecs.BytesCodec(endian="big"))),
    zarr.codecs.OptionalCodec(mask_codecs=(zarr.codecs.PackBitsCodec(),), data_codecs=(zarr.codecs.BytesCodec(),)),
    zarr.codecs.PackBitsCodec(padding_encoding="first_byte"),
    zarr.codecs.ReshapeCodec(shape=((0, 1), -1)),
    zarr.codecs.ScaleOffset(offset=2, scale=10),
    zarr.codecs.ShardingCodec(chunk_shape=(2,), index_location="start", subchunk_write_order="lexicographic"),
    zarr.codecs.SqueezeCodec(),
    zarr.codecs.TransposeCodec(order=(1, 0)),
    zarr.codecs.VLenBytesCodec(),
    zarr.codecs.VLenUTF8Codec(),
    zarr.codecs.ZstdCodec(level=3, checksum=True),
    zarr.codecs.numcodecs.Adler32(),
    zarr.codecs.numcodecs.AsType(encode_dtype="<f4", decode_dtype="<f8"),
    zarr.codecs.numcodecs.BZ2(level=1),
    zarr.codecs.numcodecs.Base64(),
    zarr.codecs.numcodecs.BitRound(keepbits=3),
    zarr.codecs.numcodecs.Blosc(cname="lz4"),
    zarr.codecs.numcodecs.CRC32(),
    zarr.codecs.numcodecs.CRC32C(),
    zarr.codecs.numcodecs.Delta(dtype="<i4"),
    zarr.codecs.numcodecs.FixedScaleOffset(offset=0, scale=1, dtype="<f8"),
    zarr.codecs.numcodecs.Fletcher32(),
    zarr.codecs.numcodecs.GZip(level=1),
    zarr.codecs.numcodecs.JenkinsLookup3(),
    zarr.codecs.numcodecs.LZ4(),
    zarr.codecs.numcodecs.LZMA(preset=1),
    zarr.codecs.numcodecs.PCodec(),
    zarr.codecs.numcodecs.PackBits(),
    zarr.codecs.numcodecs.Quantize(digits=2, dtype="<f8"),
    zarr.codecs.numcodecs.Shuffle(elementsize=4),
    zarr.codecs.numcodecs.ZFPY(),
    zarr.codecs.numcodecs.Zlib(level=1),
    zarr.codecs.numcodecs.Zstd(level=1),
    zarr.codecs.VLenCodec(index_codecs=[zarr.codecs.BytesCodec()], data_codecs=[zarr.codecs.BytesCodec()]),
    zarr.codecs.VLenV2Codec(),
    zarr.codecs.ZfpCodec(mode="fixed_accuracy", tolerance=0.5),
]


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_codecs(codec, twin_of):
    twin = twin_of(codec)
    assert type(twin) is type(codec)
    assert twin == codec
    assert twin.to_dict() == codec.to_dict()


def test_that_was_every_codec():
    public = {
        value
        for module in ("zarr.codecs", "zarr.codecs.numcodecs")
        for name in public_names(module)
        if not name.startswith("_") and isinstance(value := getattr(importlib.import_module(module), name), type)
        if issubclass(value, zarr.abc.codec.BaseCodec)
    }
    assert public == {type(codec) for codec in CODECS}


def test_data_types(twin_of):
    for row in DTYPES:
        twin = twin_of(row.dtype)
        assert type(twin) is type(row.dtype)
        assert twin == row.dtype


@pytest.mark.parametrize("name", public_names("zarr.errors"))
def test_errors_and_warnings(name, twin_of):
    cls = getattr(zarr.errors, name)
    if cls is CodecError:
        error = CodecError("zstd", "decode", "it is {cut} off", path="a", key="a/c/0", coords=(0, 1))
    elif issubclass(cls, KeyBlockedError):
        error = cls("a/c/0", "/data/a/c/0", "a directory and no file")
    elif issubclass(cls, zarr.errors.MetadataValidationError):
        error = cls("shape", "integers", "{'text'}")
    elif "{!r} at path" in getattr(cls, "_msg", ""):
        error = cls(MemoryStore(), "a/b")
    else:
        error = cls("what was {wrong}")
    error.object_coords = (3,)
    error.add_note("seen in a test") if isinstance(error, Exception) else None
    twin = twin_of(error)
    assert type(twin) is cls
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert vars(twin) == vars(error)


def test_buffers_and_requests(twin_of):
    for held in (
        zarr.buffer.cpu.Buffer.from_bytes(b"0123"),
        zarr.buffer.cpu.NDBuffer.from_numpy_array(np.arange(3)),
        zarr.buffer.cpu.buffer_prototype,
        zarr.abc.store.RangeByteRequest(1, 2),
        zarr.abc.store.OffsetByteRequest(1),
        zarr.abc.store.SuffixByteRequest(1),
        StorePath(LocalStore("x"), "a"),
    ):
        twin = twin_of(held)
        assert type(twin) is type(held)
        if isinstance(held, zarr.abc.buffer.NDBuffer):
            assert twin.as_numpy_array().tolist() == held.as_numpy_array().tolist()
        else:
            assert twin == held


def test_settings_are_those_of_the_process(twin_of):
    assert twin_of(zarr.config) is zarr.config
    assert twin_of(zarr.dtype.data_type_registry) is zarr.dtype.data_type_registry


class OwnStore(MemoryStore):
    """Of a program, with something of its own."""

    label = "none"


class OwnArray(zarr.Array):
    label = "none"


def test_own_classes_keep_what_they_have(twin_of):
    store = OwnStore()
    store.label = "mine"
    made = zarr.create_array(store, data=[1, 2, 3])
    array = OwnArray(made.async_array)
    array.label = "mine too"
    twin = twin_of(array)
    assert (type(twin), type(twin.store)) == (OwnArray, OwnStore)
    assert (twin.label, twin.store.label) == ("mine too", "mine")
    assert twin[:].tolist() == [1, 2, 3]
