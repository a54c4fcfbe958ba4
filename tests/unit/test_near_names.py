"""Names and keywords that are nearly right, or that this version does not have: the error says what is meant."""

import asyncio
import subprocess
import sys

import numpy as np
import pytest

import zarr


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


@pytest.mark.parametrize("name", ["FsspecStore", "ObjectStore", "ZipStore"])
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
        ("Group", "temperature", r"; a member of this name is group\['temperature'\]"),
        ("AsyncGroup", "temperature", r"; a member of this name is `await group.getitem\('temperature'\)`"),
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
