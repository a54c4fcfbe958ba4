"""Names and keywords that are nearly right, or that this version does not have: the error says what is meant."""

import asyncio
import importlib
import inspect
import json
import pickle
import re
import subprocess
import sys

import numcodecs
import numpy as np
import pytest

import zarr
from tests.suites.calls import run
from zarr._codec.base import Codec
from zarr._support import former_names
from zarr.abc.store import Store
from zarr.api import asynchronous
from zarr.errors import MemberNotFoundError, UnknownDataTypeError
from zarr.experimental.cache_store import CacheStore
from zarr.storage import LocalStore, MemoryStore, WrapperStore


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda: zarr.create_array({}, shape=3, dtype="u1", chunk=2), "chunks"),
        (lambda: zarr.create_array({}, shape=3, dtype="u1", compressor=None), "compressors"),
        (lambda: zarr.create_array({}, shape=3, dtype="u1", fillvalue=1), "fill_value"),
        (lambda: zarr.create_group({}).create_array("a", shape=3, dtype="u1", shard=2), "shards"),
        (lambda: zarr.create(3, fillvalue=1), "fill_value"),
        (lambda: zarr.zeros(3, chunkss=1), "chunks"),
        (lambda: zarr.open_array({}, shape=3, dtyp="u1"), "dtype"),
        (lambda: zarr.open_group({}, zarr_fromat=3), "zarr_format"),
        (lambda: zarr.open_array({}, name="a"), "path"),
        (lambda: zarr.open_group({}, name="a"), "path"),
        (lambda: zarr.zeros(3, name="a"), "path"),
        (lambda: zarr.save_array({}, np.ones(3), name="a"), "path"),
        (lambda: zarr.create_array({}, path="a", shape=3, dtype="u1"), "name"),
        (lambda: zarr.from_array({}, path="a", data=np.ones(3)), "name"),
        (lambda: zarr.create_array({}, shape=3, dtype="u1", dims=["x"]), "dimension_names"),
        (lambda: zarr.zeros(3, dims=["x"]), "dimension_names"),
        (lambda: zarr.open_array({}, attrs={}), "attributes"),
        (lambda: zarr.create_group({}).create_array("a", shape=3, dtype="u1", attrs={}), "attributes"),
    ],
)
def test_keyword_that_is_nearly_right(call, meant):
    with pytest.raises(TypeError, match=f"; did you mean '{meant}'\\?$"):
        call()


def test_keyword_that_looks_like_none():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'mode'$"):
        zarr.create_array({}, shape=3, dtype="u1", mode="w")
    with pytest.raises(TypeError, match=r"\['colour'\]; see zarr.create for those that there are$"):
        zarr.open_array({}, shape=3, dtype="u1", colour="red")


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (
            lambda **given: zarr.zeros(3, compressor=None, **given),
            "Use bytes-to-bytes codecs instead, .* compressors=None",
        ),
        (
            lambda **given: zarr.save_array({}, np.ones(3), compressor=numcodecs.GZip(), **given),
            r"compressors=\.\.\.\. With zarr_format=2 it",
        ),
        (
            lambda **given: zarr.open_array({}, shape=3, filters=[numcodecs.Delta("f8")], **given),
            r"Use array-to-array codecs instead, .* filters=\[",
        ),
        (
            lambda **given: zarr.zeros(3, dimension_separator="/", **given),
            r"Use chunk_key_encoding instead, as in \{'name': 'default', 'separator': '/'\}\. With",
        ),
    ],
)
def test_keywords_of_format_2(call, advice):
    with pytest.raises(ValueError, match=rf"cannot be used for arrays with zarr_format 3\. .*{advice}"):
        call()
    call(zarr_format=2)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(
    ("dtype", "advice"),
    [
        ("datetime", r"write 'datetime64\[s\]', or with another unit"),
        ("utf8", "write 'string', or"),
        ("flaot32", r"did you mean 'float32'\?"),
        ("Int64", r"did you mean 'int64'\?"),
        ("colour", "examples are 'int32'"),
    ],
)
def test_data_type_that_is_called_otherwise(dtype, advice, zarr_format):
    with pytest.raises(
        UnknownDataTypeError, match=rf"^'{dtype}' is neither a NumPy dtype nor a Zarr data type; {advice}"
    ):
        zarr.create_array({}, shape=3, dtype=dtype, zarr_format=zarr_format)


@pytest.mark.parametrize("save", [zarr.save, zarr.save_group])
def test_keywords_that_name_arrays(save):
    with pytest.raises(
        TypeError, match=r"NoneType; .* compressor= names an array here; .* zarr\.save_array\(store, array, comp"
    ):
        save({}, np.ones(3), compressor=None)
    with pytest.raises(TypeError, match=r"got list; numpy\.asarray makes one of lists and numbers$"):
        save({}, [1])


def test_function_that_is_nearly_right():
    """Python itself suggests names where the error says which module it is about."""
    done = subprocess.run(
        [sys.executable, "-c", "import zarr; zarr.craete_array"], capture_output=True, text=True, check=False
    )
    assert "Did you mean: 'create_array'?" in done.stderr


def test_other_names_of_the_module():
    with pytest.raises(AttributeError, match=r"no attribute 'Nothing'$"):
        zarr.storage.Nothing  # noqa: B018


def test_copies_of_paths():
    group = zarr.create_group({})
    with pytest.raises(TypeError, match=r"dest must be a group, got str; zarr.open_group gives the one at a path"):
        zarr.copy(group, "there.zarr", name="a")
    with pytest.raises(TypeError, match=r"source must be an array or a group, got str; zarr.open gives the one"):
        zarr.copy("there.zarr", group)


@pytest.mark.parametrize("keyword", ["chunks", "shards"])
def test_chunks_by_names_of_dimensions(keyword):
    """As xarray and Dask take them."""
    with pytest.raises((TypeError, ValueError), match=r"an integer, a tuple of integers|need a 'shape'"):
        zarr.create_array({}, shape=(4, 6), dtype="u1", dimension_names=["x", "y"], **{keyword: {"x": 2, "y": 3}})


FACES = {
    "Group": lambda: zarr.create_group({}),
    "AsyncGroup": lambda: zarr.create_group({})._async_group,
    "Array": lambda: zarr.ones(3),
    "AsyncArray": lambda: zarr.ones(3).async_array,
}


@pytest.mark.parametrize("face", ["Group", "AsyncGroup"])
@pytest.mark.parametrize(
    ("name", "now"),
    [("create_dataset", "create_array"), ("require_dataset", "require_array"), ("array", "create_array")],
)
def test_methods_of_zarr_python_2(face, name, now):
    group = FACES[face]()
    assert not hasattr(group, name)
    assert hasattr(group, now)
    with pytest.raises(AttributeError, match=rf"^'{face}' object has no attribute '{name}', .*'{now}' now$"):
        getattr(group, name)


@pytest.mark.parametrize(
    ("face", "name", "advice"),
    [
        ("Group", "temperature", r"; if a member of this name is meant, write group\['temperature'\]"),
        (
            "AsyncGroup",
            "temperature",
            r"; if a member of this name is meant, write `await group.getitem\('temperature'\)`",
        ),
        ("Group", "tre", r"; did you mean 'tree'\? If a member of this name is meant, write group\['tre'\]"),
        ("AsyncGroup", "creat_array", r"; did you mean 'create_array'\? If .* `await group.getitem\('creat_array'\)`"),
        ("Group", "close", r"; there is nothing to close, .*"),
        ("Group", "pop", r"; `del group\[name\]` deletes a member"),
        ("AsyncGroup", "pop", r"; `await group.delitem\(name\)` deletes a member"),
        ("AsyncGroup", "rename", r"; `move` gives a member another name"),
        ("Array", "sum", r", which is NumPy's; read what you need first, as in array\[\.\.\.\]\.sum"),
        ("AsyncArray", "T", r", which is NumPy's; .* \(await array\.getitem\(\.\.\.\)\)\.T"),
        ("Array", "temperature", ""),
        ("Group", "_repr_latex_", ""),
        ("Array", "__array_interface__", ""),
    ],
)
def test_attributes_that_there_are_not(face, name, advice):
    found = FACES[face]()
    with pytest.raises(AttributeError, match=rf"^'{face}' object has no attribute '{name}'{advice}$") as caught:
        getattr(found, name)
    assert caught.value.name == name
    assert caught.value.obj is found  # by which Python suggests names of its own


def test_what_a_property_raises_comes_through():
    class Odd(zarr.Group):
        @property
        def odd(self):
            raise AttributeError("deeper down")

    group = Odd(zarr.create_group({})._async_group)
    with pytest.raises(AttributeError, match=r"^deeper down$"):
        group.odd  # noqa: B018


@pytest.mark.parametrize("face", FACES)
def test_attributes_are_not_assigned_as_a_whole(face):
    node = FACES[face]()
    advice = "update_attributes" if face.startswith("Async") else r"\.attrs\.put\(\{\.\.\.\}\) replaces"
    with pytest.raises(AttributeError, match=advice):
        node.attrs = {"a": 1}
    assert dict(node.attrs) == {}


@pytest.mark.parametrize(
    "resize",
    [lambda a, *lengths: a.resize(*lengths), lambda a, *lengths: asyncio.run(a.async_array.resize(*lengths))],
    ids=["Array", "AsyncArray"],
)
@pytest.mark.parametrize("lengths", [(8, 8), (np.int64(8), np.int64(0))])
def test_lengths_given_one_by_one(resize, lengths):
    array = zarr.zeros((4, 4))
    with pytest.raises(TypeError, match=r"resize\(\) takes one shape, which is a tuple: resize\(\("):
        resize(array, *lengths)
    assert array.shape == (4, 4)
    with pytest.raises(TypeError, match=r"takes 2 positional arguments but 3 were given"):
        array.resize((4, 4), "all")


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: zarr.create_array({}, name=3, data=[1]), "name"),
        (lambda: zarr.from_array({}, name=3, data=[1]), "name"),
        (lambda: zarr.create_group({}, path=3), "path"),
        (lambda: zarr.open_group({}, path=3), "path"),
        (lambda: zarr.open_array({}, path=3), "path"),
        (lambda: zarr.copy(zarr.ones(3), zarr.create_group({}), name=3), "name"),
        (lambda: zarr.copy_store({}, {}, source_path=3), "source_path"),
        (lambda: zarr.copy_store({}, {}, dest_path=3), "dest_path"),
        (lambda: zarr.create_group({}).move("a", 3), "dest"),
        (lambda: zarr.create_group({}).move(3, "a"), "source"),
    ],
)
def test_a_name_that_is_no_string_is_told_with_its_argument(call, argument):
    with pytest.raises(TypeError, match=f"named by a string, and {argument} is 3 of type int"):
        call()


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("consolidated", [False, True])
def test_what_is_called_nearly_so_is_suggested(zarr_format, consolidated):
    root = zarr.create_group({}, zarr_format=zarr_format)
    for path in ("model/temperature", "model/pressure", "observed"):
        root.create_array(path, shape=1, dtype="i1")
    if consolidated:
        root = zarr.consolidate_metadata(root.store)
    for path, suggested in {
        "modell": "'model'",
        "model/temprature": "'model/temperature'",
        "modle/temperature": "'model'",
        "obsreved/x": "'observed'",
    }.items():
        with pytest.raises(KeyError, match=f"near it there is {suggested}") as caught:
            root[path]
        assert isinstance(caught.value, MemberNotFoundError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        assert repr(path) in str(caught.value)
    with pytest.raises(KeyError) as caught:
        root["zzz"]
    assert "near" not in str(caught.value)
    assert ("use_consolidated=False" in str(caught.value)) == consolidated
    with pytest.raises(KeyError, match="'model'"):
        del root["mode"]


TAKES_KEYWORDS = {
    "array": lambda s, **k: zarr.array([1], store=s, **k),
    "create": lambda s, **k: zarr.create(3, store=s, **k),
    "create_array": lambda s, **k: zarr.create_array(s, shape=3, dtype="u1", **k),
    "create_group": lambda s, **k: zarr.create_group(s, **k),
    "create_hierarchy": lambda s, **k: dict(zarr.create_hierarchy(store=s, nodes={}, **k)),
    "empty": lambda s, **k: zarr.empty(3, store=s, **k),
    "zeros": lambda s, **k: zarr.zeros(3, store=s, **k),
    "ones": lambda s, **k: zarr.ones(3, store=s, **k),
    "full": lambda s, **k: zarr.full(3, 1, store=s, **k),
    "empty_like": lambda s, **k: zarr.empty_like(SOURCE, store=s, **k),
    "zeros_like": lambda s, **k: zarr.zeros_like(SOURCE, store=s, **k),
    "ones_like": lambda s, **k: zarr.ones_like(SOURCE, store=s, **k),
    "full_like": lambda s, **k: zarr.full_like(SOURCE, store=s, fill_value=1, **k),
    "open_like": lambda s, **k: zarr.open_like(SOURCE, "a", store=s, **k),
    "from_array": lambda s, **k: zarr.from_array(s, data=SOURCE, **k),
    "group": lambda s, **k: zarr.group(s, **k),
    "open": lambda s, **k: zarr.open(s, mode="a", **k),
    "open, an array": lambda s, **k: zarr.open(s, mode="a", shape=3, dtype="u1", **k),
    "open_array": lambda s, **k: zarr.open_array(s, mode="a", shape=3, dtype="u1", **k),
    "open_group": lambda s, **k: zarr.open_group(s, mode="a", **k),
    "open_consolidated": lambda s, **k: zarr.open_consolidated(s, **k),
    "save_array": lambda s, **k: zarr.save_array(s, np.arange(3), **k),
    "load": lambda s, **k: zarr.load(s, **k),
    "tree": lambda s, **k: zarr.tree(s, **k),
    "consolidate_metadata": lambda s, **k: zarr.consolidate_metadata(s, **k),
    "partition": lambda s, **k: zarr.partition(SOURCE, **k),
    "verify": lambda s, **k: zarr.verify(SOURCE, **k),
    "diff": lambda s, **k: zarr.diff(SOURCE, SOURCE, **k),
    "stat": lambda s, **k: zarr.stat(SOURCE, **k),
    "doctor": lambda s, **k: zarr.doctor(".", **k),
    "copy": lambda s, **k: zarr.copy(SOURCE, zarr.create_group({}), name="a", **k),
    "copy_all": lambda s, **k: zarr.copy_all(zarr.create_group({}), zarr.create_group({}), **k),
    "copy_store": lambda s, **k: zarr.copy_store(SOURCE.store, s, **k),
    "advise": lambda s, **k: zarr.advise(3, "u1", **k),
    "rechunk": lambda s, **k: zarr.rechunk(SOURCE, s, **k),
}
FILLED = ("empty", "zeros", "ones")
OF_GROUPS = {
    "create_array": lambda g, **k: g.create_array("a", shape=3, dtype="u1", **k),
    "create_group": lambda g, **k: g.create_group("a", **k),
    "require_array": lambda g, **k: g.require_array("a", shape=3, dtype="u1", **k),
    "require_group": lambda g, **k: g.require_group("a", **k),
    "create_hierarchy": lambda g, **k: dict(g.create_hierarchy({}, **k)),
    "full": lambda g, **k: g.full(name="a", shape=3, fill_value=1, **k),
    "full_like": lambda g, **k: g.full_like(name="a", data=SOURCE, fill_value=1, **k),
    **{name: lambda g, name=name, **k: getattr(g, name)(name="a", shape=3, **k) for name in FILLED},
    **{
        f"{name}_like": lambda g, name=name, **k: getattr(g, f"{name}_like")(name="a", data=SOURCE, **k)
        for name in FILLED
    },
}
SOURCE = zarr.create_array({}, data=np.arange(3))


@pytest.mark.parametrize("function", TAKES_KEYWORDS)
def test_unknown_keywords_are_errors_everywhere(function):
    store = MemoryStore()
    with pytest.raises(TypeError, match="colour"):
        TAKES_KEYWORDS[function](store, colour="red")
    assert not store._store_dict


@pytest.mark.parametrize("method", OF_GROUPS)
def test_unknown_keywords_are_errors_of_groups_too(method):
    group = zarr.create_group({})
    with pytest.raises(TypeError, match="colour"):
        OF_GROUPS[method](group, colour="red")
    assert list(group) == []


def test_that_was_every_function():
    """`save` and `save_group` take arrays by whatever name."""
    others = {"save", "save_group", "print_debug_info"}
    functions = {name for name in zarr.__all__ if inspect.isroutine(getattr(zarr, name))}
    assert functions - others == {name.partition(",")[0] for name in TAKES_KEYWORDS}


@pytest.mark.parametrize(
    ("module", "name", "advice"),
    [
        ("zarr", "DirectoryStore", r", which was zarr-python 2's; it is zarr\.storage\.LocalStore now"),
        ("zarr.storage", "NestedDirectoryStore", r", which was zarr-python 2's; it is zarr\.storage\.LocalStore now"),
        ("zarr", "FSStore", r", which was zarr-python 2's; it is zarr\.storage\.FsspecStore now: .*from_url.*"),
        ("zarr.storage", "ABSStore", r", which was zarr-python 2's; it is zarr\.storage\.ObjectStore now: .*az://.*"),
        ("zarr", "LRUStoreCache", r", which was zarr-python 2's; zarr\.experimental\.cache_store\.CacheStore is .*"),
        ("zarr.storage", "LMDBStore", r", which was zarr-python 2's; zarr\.storage\.SQLiteStore keeps .*"),
        ("zarr", "N5Store", ", which was zarr-python 2's; N5 is not read any more"),
        ("zarr.storage", "CacheStore", r"; it is zarr\.experimental\.cache_store\.CacheStore"),
        ("zarr", "ObjectStore", r"; it is zarr\.storage\.ObjectStore"),
        (
            "zarr",
            "ThreadSynchronizer",
            ", which was zarr-python 2's; threads and processes may write at once without it",
        ),
        ("zarr", "convenience", ", which was a module of zarr-python 2; its functions are in zarr itself"),
        ("zarr", "MemoryStore", r"; it is zarr\.storage\.MemoryStore"),
        ("zarr", "Blosc", r"; it is zarr\.codecs\.BloscCodec, and numcodecs\.Blosc for format 2"),
        ("zarr.codecs", "LZ4", r"; it is zarr\.codecs\.numcodecs\.LZ4, and numcodecs\.LZ4 for format 2"),
        ("zarr", "open_grup", r"; did you mean 'open_group'\?"),
        ("zarr.storage", "LocalStor", r"; did you mean 'LocalStore'\?"),
        ("zarr.codecs", "ZstdCodecs", r"; did you mean 'ZstdCodec'\?"),
        ("zarr", "nothing_like_it", ""),
        ("zarr", "_repr_latex_", ""),
        ("zarr.codecs", "_private", ""),
    ],
)
def test_names_that_a_module_has_not(module, name, advice):
    with pytest.raises(AttributeError, match=rf"^module '{module}' has no attribute '{name}'{advice}$"):
        getattr(importlib.import_module(module), name)


def test_what_is_advised_instead_of_a_former_name_is_there():
    for name in {*former_names._IN_STORAGE, *former_names._STORES.values()}:
        assert hasattr(zarr.storage, name), name
    for name in {*former_names._IN_CODECS, *former_names._CODECS.values()}:
        assert hasattr(zarr.codecs, name), name
    for name in former_names._OF_NUMCODECS:
        assert hasattr(zarr.codecs.numcodecs, name), name
        assert hasattr(numcodecs, name), name
    for name, words in former_names._NO_CLASS.items():
        assert not hasattr(zarr.storage, name), name
        for module, said in re.findall(r"(zarr(?:\.\w+)*)\.(\w+)", words):
            assert hasattr(importlib.import_module(module), said), words
    assert former_names._HOW.keys() <= former_names._STORES.keys()


@pytest.mark.parametrize("function", ["open", "open_array", "open_group"])
def test_a_mode_without_its_name(function, tmp_path):
    with pytest.raises(TypeError, match=rf"^{function}\(\) takes the mode by its name: {function}\(store, mode='r'\)$"):
        getattr(zarr, function)(tmp_path, "r")
    with pytest.raises(TypeError, match="positional arguments"):
        getattr(zarr, function)(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []


def done(result):
    return run(result) if inspect.isawaitable(result) else result


@pytest.mark.parametrize("function", ["open", "open_array", "open_group"])
def test_keywords_of_opening(function, tmp_path):
    for face in (zarr, asynchronous):
        with pytest.raises(TypeError, match=r"pth.*; did you mean 'path'\?$"):
            done(getattr(face, function)(tmp_path, pth="a"))
        with pytest.raises(TypeError, match=r"zarr_version.*, which was zarr-python 2's; it is 'zarr_format' now$"):
            done(getattr(face, function)(tmp_path, zarr_version=2))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("face", FACES)
def test_a_node_for_a_store(face):
    node = FACES[face]()
    with pytest.raises(
        TypeError, match=rf"store_like: '{face}'\. Pass the place of the node, which is its `store_path`\."
    ):
        zarr.open(node, mode="r")
    assert zarr.open(node.store_path, mode="r").metadata == node.metadata


def test_what_an_array_has_at_its_dtype():
    array = zarr.ones(3)
    with pytest.raises(AttributeError, match=r"it is array\.dtype\.itemsize$"):
        array.itemsize  # noqa: B018
    assert array.dtype.itemsize == 8


class TestNamedArguments:
    @pytest.mark.parametrize("argument", ["chunks", "shards"])
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ((4, 4), r"=\(4, 4\) has 2 lengths, but the array has 1"),
            (True, r"=True is not supported; use (chunks|shards)='auto'"),
            ("x", " must be an integer, a tuple of integers, 'auto' or a size like '64MB', got 'x'"),
            (("x",), r" must be lengths, which are integers"),
            (0, r" must be at least 1"),
            (((4, 3),), r"\[0\] have 7 elements together, and axis 0 has the length 10"),
            (((4, 6),), r" of different lengths make a rectilinear chunk grid"),
        ],
    )
    def test_shapes_of_chunks_and_shards(self, argument, value, text):
        with pytest.raises((ValueError, NotImplementedError), match=f"{argument}{text}"):
            zarr.create_array({}, shape=10, dtype="i4", **{"chunks": 2, argument: value})

    @pytest.mark.parametrize("zarr_format", [2, 3])
    @pytest.mark.parametrize(
        ("value", "dtype"),
        [("x", "i4"), (1.5, "i4"), (np.nan, "i4"), (-1, "u1"), ("x", "M8[D]"), ("x", "f4"), (1j, "f4")],
    )
    def test_fill_values(self, value, dtype, zarr_format):
        for call in (
            lambda: zarr.create_array({}, shape=3, dtype=dtype, fill_value=value, zarr_format=zarr_format),
            lambda: zarr.full(3, value, dtype=dtype, zarr_format=zarr_format),
        ):
            with pytest.raises((TypeError, ValueError, OverflowError), match=r"^fill_value: "):
                call()

    @pytest.mark.parametrize(
        ("attributes", "place"),
        [
            ({"good": 1, "bad": {"deep": {1, 2}}}, "['bad']['deep']"),
            ({"x": [1, {"z": 1j}]}, "['x'][1]['z']"),
            ({"x": {(1, 2): 3}}, "['x']"),
            ({"x": ["\udcff"]}, "['x'][0]"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_attributes(self, attributes, place, zarr_format):
        group = zarr.create_group({}, zarr_format=zarr_format)
        for call in (
            lambda: group.attrs.update(attributes),
            lambda: zarr.create_array({}, shape=1, dtype="i1", attributes=attributes, zarr_format=zarr_format),
        ):
            with pytest.raises(
                TypeError, match=rf"cannot store the attribute or member (\['attributes'\])?{re.escape(place)} as "
            ):
                call()
        assert dict(group.attrs) == {}


@pytest.mark.parametrize(
    "document",
    [
        {"zarr_format": 2, "shape": [2], "chunks": [2], "dtype": [["a", "<i4"], ["b", "<q8"]], "compressor": None,
         "fill_value": None, "filters": None, "order": "C"},
        {"zarr_format": 3, "node_type": "array", "shape": [2], "chunk_grid": {"name": "regular", "configuration":
         {"chunk_shape": [2]}}, "data_type": {"name": "struct", "configuration": {"fields": []}}, "fill_value": 0,
         "codecs": ["bytes"], "chunk_key_encoding": "default"},
    ],
    ids=["format 2", "format 3"],
)  # fmt: skip
def test_stored_structured_data(document, tmp_path):
    name = ".zarray" if document["zarr_format"] == 2 else "zarr.json"
    (tmp_path / name).write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"a struct must have at least one field|field 'b' of a struct.*<q8") as caught:
        zarr.open(tmp_path, mode="r")
    assert "object_codec_id" not in str(caught.value)


@pytest.mark.parametrize("argument", ["filters", "compressors", "serializer"])
def test_codecs_in_the_form_of_numcodecs(argument):
    with pytest.raises(ValueError, match=r"is the form of numcodecs, for format 2; use a codec of zarr\.codecs"):
        zarr.create_array({}, shape=3, dtype="i4", **{argument: {"id": "zlib"}})


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: zarr.codecs.ZstdCodec(lvl=3), "did you mean 'level'"),
        (lambda: zarr.codecs.ZstdCodec(compression=3), "it takes 'level', 'checksum'"),
        (lambda: zarr.codecs.BloscCodec(cnames="lz4"), "did you mean 'cname'"),
        (lambda: zarr.codecs.ShardingCodec(chunkshape=(2,)), "did you mean 'chunk_shape'"),
        (lambda: zarr.codecs.Crc32cCodec(level=1), "it takes none"),
        (lambda: LocalStore("x", readonly=True), "did you mean 'read_only'"),
        (lambda: MemoryStore(readOnly=True), "did you mean 'read_only'"),
        (lambda: zarr.storage.ZipStore("x.zip", compresion=8), "did you mean 'compression'"),
        (lambda: zarr.storage.SQLiteStore("x", time_out=1), "did you mean 'timeout'"),
        (lambda: zarr.storage.ObjectStore({}, readonly=True), "did you mean 'read_only'"),
        (lambda: zarr.storage.FsspecStore({}, readonly=True), "did you mean 'read_only'"),
        (lambda: CacheStore(MemoryStore(), max_sizes=1), "did you mean 'max_size'"),
    ],
)
def test_keywords_of_classes(call, hint):
    with pytest.raises(TypeError, match=re.escape(hint)):
        call()


def test_every_class_of_codecs_and_stores_suggests_keywords():
    """And shows the signature that it has, and passes on what its `__init__` itself raises."""
    classes = [
        found for module in (zarr.codecs, zarr.storage) for found in vars(module).values() if inspect.isclass(found)
    ]
    ours = [cls for cls in classes if issubclass(cls, Store | Codec) and cls is not WrapperStore]
    assert len(ours) > 25
    for cls in ours:
        assert hasattr(cls.__init__, "__wrapped__"), cls
        assert "kwargs" not in inspect.signature(cls).parameters
    with pytest.raises(TypeError, match="level") as caught:
        zarr.codecs.ZstdCodec(level="high")
    assert "it takes" not in str(caught.value)
    with pytest.raises(TypeError, match="missing 1 required"):
        LocalStore()
