"""What errors say where something is gone, in the way, nowhere, or has to be awaited; and that what they advise works."""

import asyncio
import re

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.calls import run
from zarr.api import asynchronous
from zarr.errors import ArgumentError, ArrayNotFoundError, ContainsArrayError, ContainsGroupError, NodeNotFoundError
from zarr.storage import ManagedMemoryStore, MemoryStore, ObjectStore

# -- URLs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("s3://", "bucket: one is written as s3://bucket/path"),
        ("gs://", "bucket: one is written as gs://bucket/path"),
        ("s3:///a/b", "bucket"),
        ("s3://?region=x", "bucket"),
        ("S3://", "bucket"),
        ("gcs://#a", "bucket"),
        ("az://", "container: one is written as az://container/path"),
        ("abfs:///a", "container"),
        ("https://", "host"),
        ("http:///a", "host"),
        ("simplecache::s3://", "bucket"),
    ],
)
@pytest.mark.parametrize("backend", ["auto", "obstore", "fsspec"])
def test_a_url_that_leads_nowhere(url, what, backend):
    with zarr.config.set({"storage.backend": backend}):
        for call in (zarr.open_group, zarr.open_array, zarr.create_group):
            with pytest.raises(ValueError, match=f"names no {re.escape(what)}"):
                call(url)
    if "::" not in url:
        with pytest.raises(ArgumentError, match=f"names no {re.escape(what)}"):
            ObjectStore.from_url(url)


def test_others_need_no_bucket():
    kept = ManagedMemoryStore("")
    zarr.create_group(kept, attributes={"a": 1})
    assert zarr.open_group("memory://", mode="r").attrs["a"] == 1
    assert isinstance(ObjectStore.from_url("memory://"), ObjectStore)


# -- what has to be awaited -------------------------------------------------------------------------------------------


def test_square_brackets_of_asynchronous_faces_name_the_call():
    async def both():
        group = await asynchronous.create_group({})
        return group, await group.create_array("a", data=np.arange(3))

    group, array = run(both())
    for call, instead in (
        (lambda: array[0], "await array.getitem(selection)"),
        (lambda: array.__setitem__(0, 1), "await array.setitem(selection, value)"),
        (lambda: array.oindex[0], "await array.oindex.getitem(selection)"),
        (lambda: array.vindex[0], "await array.vindex.getitem(selection)"),
        (lambda: group["a"], "await group.getitem('a')"),
        (lambda: group.__setitem__("a", [1]), "await group.setitem('a', value)"),
        (lambda: group.__delitem__("a"), "await group.delitem('a')"),
    ):
        with pytest.raises(TypeError, match=f"not subscriptable.*{re.escape(instead)}"):
            call()
    for each in (array, group, array.oindex, array.vindex):
        assert bool(each)
        with pytest.raises(TypeError, match="not iterable"):
            iter(each)
    with pytest.raises(TypeError):
        "a" in group  # noqa: B015
    assert np.asarray(array).shape == ()

    async def as_advised():
        await array.setitem(slice(0, 1), 7)
        await group.setitem("b", np.ones(2))
        member = await group.getitem("b")
        await group.delitem("b")
        return await array.getitem(slice(0, 2)), await array.oindex.getitem([0]), member

    values, chosen, member = run(as_advised())
    assert values.tolist() == [7, 1]
    assert chosen.tolist() == [7]
    assert member.shape == (2,)


# -- what is in the way -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("there", "error"), [("a", ContainsArrayError), ("g", ContainsGroupError)])
def test_a_move_onto_a_node_advises_what_works(there, error, zarr_format):
    group = zarr.create_group({}, zarr_format=zarr_format)
    group.create_array("a", data=np.arange(3))
    group.create_group("g")
    group.create_array("new", data=np.arange(4))
    with pytest.raises(error, match=rf"path '{there}'.*replaces nothing.*del group\['{there}'\]") as caught:
        group.move("new", there)
    assert "overwrite" not in str(caught.value)
    with pytest.raises(error, match=rf"await group\.delitem\('{there}'\)"):
        asyncio.run(group._async_group.move("new", there))
    del group[there]
    group.move("new", there)
    assert group[there].shape == (4,)


@pytest.mark.parametrize("function", ["open", "open_array", "open_group"])
def test_mode_w_minus_names_the_modes(function, zarr_format):
    group = zarr.create_group({}, zarr_format=zarr_format)
    group.create_array("x", data=np.arange(3))
    group.create_group("y")
    options = {"shape": 3, "dtype": "i4"} if function == "open_array" else {}
    for path, error in (("x", ContainsArrayError), ("y", ContainsGroupError)):
        with pytest.raises(error, match=f"path '{path}'.*'r', 'r\\+' or 'a'.*mode 'w'") as caught:
            getattr(zarr, function)(group.store, path=path, mode="w-", **options)
        assert "overwrite" not in str(caught.value)
    with pytest.raises(ContainsArrayError, match="nothing can be created below it"):
        getattr(zarr, function)(group.store, path="x/y", mode="w-", **options)


# -- what is gone -----------------------------------------------------------------------------------------------------


def deleted(root):
    del root["p"]


def moved(root):
    root.move("p", "q")


def cleared(root):
    run(root.store.delete_dir("p"))


@pytest.fixture(params=[deleted, moved, cleared])
def stale(request, store, zarr_format):
    """An array and a group whose parent was deleted or moved after they had been opened."""
    root = zarr.create_group(store, zarr_format=zarr_format)
    array = root.create_array("p/a", data=np.arange(4), chunks=2, attributes={"k": 1})
    group = root.create_group("p/g", attributes={"k": 1})
    group.create_array("m", data=np.arange(2))
    request.param(root)
    return array, group


def test_arrays_that_are_gone(stale, engine):
    array, _ = stale

    def append():
        with array.appender() as appender:
            appender.append([1])

    for call in (lambda: array.append([1]), lambda: array.resize(9), lambda: array.resize(4), append):
        with pytest.raises(ArrayNotFoundError, match=r"'p/a'.*is gone: it was deleted or moved"):
            call()
    for call in (lambda: array.attrs.update(x=1), lambda: array.attrs.__delitem__("k")):
        with pytest.raises(NodeNotFoundError, match=r"'p/a'.*is gone: it was deleted or moved"):
            call()
    with pytest.raises(NodeNotFoundError, match=r"'p/a'.*is gone"):
        zarr.copy(array, zarr.create_group({}))
    assert not [key for key in contents(array.store) if key.startswith("p/")]


def test_groups_that_are_gone(stale):
    _, group = stale
    with pytest.raises(NodeNotFoundError, match=r"'p/g'.*is gone: it was deleted or moved"):
        group.attrs["x"] = 1
    with pytest.raises(KeyError, match=r"'m' cannot be there.*'p/g'.*is gone: it was deleted or moved"):
        group["m"]
    with pytest.raises(KeyError, match="is gone"):
        del group["m"]
    assert "m" not in group


def test_in_stores_that_have_to_be_asked_elsewhere(zarr_format):
    store = ObjectStore.from_url("memory://")
    array = zarr.create_array(store, name="a", data=np.arange(4), zarr_format=zarr_format)
    del zarr.open_group(store)["a"]
    for call in (lambda: array.append([1]), lambda: array.resize(9)):
        with pytest.raises(ArrayNotFoundError, match=r"'a'.*is gone"):
            call()


def test_an_empty_group_is_not_gone():
    group = zarr.create_group(MemoryStore())
    with pytest.raises(KeyError, match="'m' is not in group"):
        group["m"]


# -- keys of attributes -----------------------------------------------------------------------------------------------

SAME = [
    ({1: "a", "1": "b"}, "'1'", "['x']"),
    ({True: 1, "true": 2}, "'true'", "['x']"),
    ({None: 1, "null": 2}, "'null'", "['x']"),
    ({1.0: 1, "1.0": 2}, "'1.0'", "['x']"),
    ({"k": [0, ({2: 1, "2": 3},)]}, "'2'", "['x']['k'][1][0]"),
    ({1: {2: {3: 0, "3": 1}}}, "'3'", "['x'][1][2]"),
    (np.array([{5: 1, "5": 2}], object), "'5'", ""),
]


@pytest.mark.parametrize(("value", "name", "place"), SAME)
def test_keys_that_are_one_text_are_refused(value, name, place, zarr_format):
    store = MemoryStore()
    group = zarr.create_group(store, zarr_format=zarr_format, attributes={"was": 1})
    metadata = zarr.core.group.GroupMetadata(attributes={"x": value}, zarr_format=zarr_format)
    for call in (
        lambda: group.attrs.__setitem__("x", value),
        lambda: group.attrs.update({"x": value}),
        lambda: group.attrs.put({"x": value}),
        lambda: group.update_attributes({"x": value}),
        lambda: group.create_group("g", attributes={"x": value}),
        lambda: group.create_array("a", shape=1, dtype="i1", attributes={"x": value}),
        lambda: dict(group.create_hierarchy({"h": metadata})),
        lambda: run(group._async_group.update_attributes({"x": value})),
    ):
        with pytest.raises(ArgumentError, match=f"two keys .*{re.escape(place)}.* as {name}.*text"):
            call()
    assert dict(zarr.open_group(store).attrs) == {"was": 1}
    assert list(group) == []


def test_other_keys_are_written_as_the_text_that_they_are(zarr_format):
    """As by zarr-python, and by Python's `json`."""
    group = zarr.create_group({}, zarr_format=zarr_format)
    group.attrs["x"] = {1: "a", False: "b", None: "c", 2.5: "d", "1.0": "e"}
    assert zarr.open_group(group.store).attrs["x"] == {"1": "a", "false": "b", "null": "c", "2.5": "d", "1.0": "e"}
    with pytest.raises(TypeError, match=r"\['y'\].*keys must be"):
        group.attrs["y"] = {(1, 2): 3}
    with pytest.raises(TypeError, match="keys of attributes are strings"):
        group.attrs.update({1: 2})


# -- what would be lost without a word --------------------------------------------------------------------------------


def test_arrays_that_would_have_one_name():
    """As by `numpy.savez`."""
    store = MemoryStore()
    for function in (zarr.save, zarr.save_group):
        with pytest.raises(ValueError, match="two arrays would be called 'arr_0'"):
            function(store, np.arange(3), arr_0=np.arange(4))
    assert not contents(store)
    zarr.save(store, np.arange(3), arr_1=np.arange(4))
    assert sorted(zarr.load(store)) == ["arr_0", "arr_1"]


@pytest.mark.parametrize("shape", [True, (True,), [False]])
def test_lengths_are_numbers(shape):
    array = zarr.create_array({}, data=np.arange(4))
    for call in (lambda: array.resize(shape), lambda: zarr.create_array({}, shape=shape, dtype="i4")):
        with pytest.raises(TypeError, match="expected an integer or an iterable of integers for a shape"):
            call()
    assert array[:].tolist() == [0, 1, 2, 3]
