"""Names and keywords that are nearly right, or that this version does not have: the error says what is meant."""

import asyncio
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import zarr
from zarr.errors import MemberNotFoundError
from zarr.storage import MemoryStore


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


def test_function_that_is_nearly_right():
    """Python itself suggests names where the error says which module it is about."""
    done = subprocess.run(
        [sys.executable, "-c", "import zarr; zarr.craete_array"], capture_output=True, text=True, check=False
    )
    assert "Did you mean: 'create_array'?" in done.stderr


@pytest.mark.parametrize("name", ["FsspecStore", "ObjectStore", "LoggingStore"])
def test_store_that_is_not_there_yet(name):
    assert not hasattr(zarr.storage, name)
    with pytest.raises(AttributeError, match=f"no attribute '{name}' yet: .* \"State\""):
        getattr(zarr.storage, name)


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
        ("Group", "_repr_html_", ""),
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
    "copy": lambda s, **k: zarr.copy(SOURCE, zarr.create_group({}), name="a", **k),
    "copy_all": lambda s, **k: zarr.copy_all(zarr.create_group({}), zarr.create_group({}), **k),
    "copy_store": lambda s, **k: zarr.copy_store(SOURCE.store, s, **k),
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
