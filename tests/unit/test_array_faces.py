"""The synchronous and the asynchronous face of one array."""

from __future__ import annotations

import numpy as np
import pytest

import zarr
from tests.samples import filled
from tests.suites.calls import run
from zarr._codec.base import ArrayConfig
from zarr.api import asynchronous
from zarr.errors import ArrayNotFoundError, ContainsArrayError


class TestTwoFaces:
    def test_a_change_through_one_shows_in_the_other(self, store, engine, zarr_format):
        array = filled(store, zarr_format)
        face = array.async_array
        assert isinstance(face, zarr.AsyncArray)
        assert array.async_array is face
        array.resize((7, 4))
        assert face.shape == (7, 4)
        run(face.resize((3, 4)))
        assert array.shape == (3, 4)
        run(face.append(np.full((1, 4), 7, "i4")))
        assert array.shape == (4, 4)
        assert array[3].tolist() == [7] * 4
        array.attrs["a"] = 1
        assert face.metadata.attributes == {"a": 1}
        run(face.update_attributes({"b": 2}))
        assert dict(array.attrs) == {"a": 1, "b": 2}
        assert zarr.Array(face).shape == (4, 4)
        assert zarr.Array(face) == array

    def test_elements(self, store, engine, zarr_format):
        array = filled(store, zarr_format)
        face = array.async_array
        run(face.setitem((slice(1, 3), 0), 50))
        assert array[:, 0].tolist() == [0, 50, 50, 12, 16]
        assert run(face.getitem((1, 0))) == 50
        np.testing.assert_array_equal(run(face.getitem(...)), array[...])
        np.testing.assert_array_equal(
            run(face.get_orthogonal_selection(([0, 4], [1, 3]))), array.oindex[[0, 4], [1, 3]]
        )

    def test_an_async_array_from_its_parts(self, store, engine):
        array = filled(store, name="a")
        face = zarr.AsyncArray(metadata=array.metadata, store_path=array.store_path, config=ArrayConfig(order="F"))
        assert face.order == "F"
        assert zarr.Array(face)[4, 3] == 19

    def test_the_asynchronous_functions(self, store, engine, zarr_format):
        async def work():
            group = await asynchronous.create_group(store, zarr_format=zarr_format, attributes={"x": 1})
            array = await asynchronous.create_array(store, name="a", shape=4, dtype="i4", zarr_format=zarr_format)
            await array.setitem(slice(1, 3), [5, 6])
            opened = await asynchronous.open_array(store, path="a", mode="r")
            assert opened.read_only
            either = await asynchronous.open(store, path="a")
            assert isinstance(either, zarr.AsyncArray)
            assert isinstance(await asynchronous.open(store), zarr.AsyncGroup)
            assert isinstance(await asynchronous.open_group(store, mode="r"), zarr.AsyncGroup)
            with pytest.raises(ContainsArrayError):
                await asynchronous.create_array(store, name="a", shape=4, dtype="i4")
            with pytest.raises(ArrayNotFoundError):
                await asynchronous.open_array(store, path="x")
            member = await group.getitem("a")
            assert await group.contains("a")
            assert not await group.contains("x")
            with pytest.raises(KeyError):
                await group.getitem("x")
            assert [name async for name, _ in group.members()] == ["a"]
            await group.update_attributes({"y": 2})
            assert group.attrs == {"x": 1, "y": 2}
            return (await member.getitem(...)).tolist()

        assert run(work()) == [0, 5, 6, 0]
        assert dict(zarr.open_group(store).attrs) == {"x": 1, "y": 2}

    def test_with_config_makes_a_handle_of_its_own(self, store, engine):
        array = filled(store)
        other = array.with_config({"order": "F", "write_empty_chunks": True})
        assert (array.order, other.order) == ("C", "F")
        assert other[...].flags.f_contiguous
        assert array.with_config(ArrayConfig()).config == ArrayConfig()
        other.resize((1, 1))
        assert array.shape == (5, 4)
