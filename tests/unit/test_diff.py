"""`zarr.diff`: what differs is found, where it is, and nothing else; in memory are two slabs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from zarr.errors import ArgumentError, CodecError, NodeNotFoundError


def whats(*args, **kwargs):
    return [(each.path, each.what) for each in zarr.diff(*args, **kwargs).differences]


def pair(left, right, **options):
    return zarr.array(np.asarray(left), **options), zarr.array(np.asarray(right), **options)


class TestMetadata:
    @pytest.mark.parametrize(
        ("what", "options"),
        [
            ("shape", {"shape": (4, 7)}),
            ("dtype", {"dtype": "f8"}),
            ("fill-value", {"fill_value": 1}),
            ("dimension-names", {"dimension_names": ["y", None]}),
            ("attributes", {"attributes": {"a": 2}}),
            ("chunks", {"chunks": (4, 3)}),
            ("codecs", {"compressors": None}),
        ],
    )
    def test_each_member(self, what, options):
        base = {"shape": (4, 6), "dtype": "f4", "chunks": (2, 3), "attributes": {"a": 1}, "fill_value": 0}
        left, right = zarr.create_array({}, **base), zarr.create_array({}, **(base | options))
        assert whats(left, right, values=False) == [("", what)]
        assert whats(left, left) == []
        assert whats(left, right, layout=False, values=False) == ([] if what in ("chunks", "codecs") else [("", what)])

    def test_shards_and_formats(self):
        left = zarr.create_array({}, shape=8, chunks=2, shards=4, dtype="i4")
        assert whats(left, zarr.create_array({}, shape=8, chunks=2, dtype="i4")) == [("", "shards")]
        old = zarr.create_array({}, shape=8, chunks=2, dtype="i4", zarr_format=2, compressors=None)
        new = zarr.create_array({}, shape=8, chunks=2, dtype="i4", compressors=None)
        assert whats(old, new) == [("", "format")]
        assert not zarr.diff(old, new, layout=False)

    def test_a_fill_value_of_nan_is_itself(self):
        left, right = (zarr.create_array({}, shape=2, dtype="f4", fill_value=math.nan) for _ in range(2))
        assert not zarr.diff(left, right)

    def test_attributes_with_nan(self):
        with pytest.warns(zarr.errors.ZarrUserWarning):
            left, right = (zarr.create_group({}, attributes={"a": [math.nan]}) for _ in range(2))
        assert not zarr.diff(left, right)


class TestHierarchies:
    def tree(self):
        root = zarr.create_group({}, attributes={"of": "all"})
        root.create_array("a", shape=3, dtype="i4")[:] = 1
        root.create_group("g").create_array("b", shape=3, dtype="i4")[:] = 2
        return root

    def test_equal(self):
        found = zarr.diff(self.tree(), self.tree())
        assert not found
        assert len(found) == 0
        assert (found.n_nodes, found.n_elements) == (4, 6)
        assert str(found).startswith("equal")

    def test_nodes_of_one_side(self):
        left, right = self.tree(), self.tree()
        left.create_group("only")
        right["g"].create_array("more", shape=1, dtype="i1")
        del right["a"]
        found = zarr.diff(left, right)
        assert [(each.path, each.what, each.left, each.right) for each in found.differences] == [
            ("a", "only-left", "array", None),
            ("g/more", "only-right", None, "array"),
            ("only", "only-left", "group", None),
        ]

    def test_a_group_and_an_array(self):
        left, right = self.tree(), self.tree()
        del right["g"]
        right.create_array("g", shape=1, dtype="i1")
        assert whats(left, right) == [("g", "node-type"), ("g/b", "only-left")]

    def test_elements_below(self):
        left, right = self.tree(), self.tree()
        right["g/b"][1] = 7
        right.attrs["of"] = "none"
        assert whats(left, right) == [("", "attributes"), ("g/b", "values")]
        assert whats(left, right, values=False) == [("", "attributes")]

    def test_what_cannot_be_read(self):
        left, right = self.tree(), self.tree()
        right.store.set_sync("a/zarr.json", zarr.buffer.cpu.Buffer.from_bytes(b"{}"))
        assert whats(left, right) == [("a", "unreadable")]

    def test_nothing(self, tmp_path):
        with pytest.raises(NodeNotFoundError):
            zarr.diff(self.tree(), tmp_path)

    def test_paths(self, tmp_path):
        for name in ("a", "b"):
            zarr.save_array(tmp_path / name, np.arange(5))
        assert not zarr.diff(tmp_path / "a", str(tmp_path / "b"))


class TestElements:
    def test_where_and_how_much(self, engine):
        values = np.arange(60.0).reshape(6, 10)
        other = values.copy()
        other[2, 3] += 1
        other[5, 9] -= 2.5
        left, right = pair(values, other, chunks=(4, 4))
        (found,) = zarr.diff(left, right).differences
        assert (found.what, found.left, found.right, found.largest) == ("values", 2, 60, 2.5)
        assert [each.coords for each in found.first] == [(2, 3), (5, 9)]
        assert (found.first[0].left, found.first[0].right) == (23.0, 24.0)

    def test_only_the_first_are_kept(self):
        (found,) = zarr.diff(*pair(np.zeros(100), np.ones(100), chunks=7), most=5).differences
        assert found.left == 100
        assert [each.coords for each in found.first] == [(n,) for n in range(5)]
        assert zarr.diff(*pair(np.zeros(10), np.ones(10)), most=0).differences[0].first == ()

    def test_nan(self):
        left, right = pair([1, np.nan, np.nan], [1, np.nan, 2])
        assert zarr.diff(left, right).differences[0].left == 1
        assert zarr.diff(left, right, equal_nan=False).differences[0].left == 2

    def test_nan_of_other_types(self):
        nat = np.array(["2020-01-01", "NaT"], "M8[D]")
        assert not zarr.diff(*pair(nat, nat))
        assert zarr.diff(*pair(nat, nat), equal_nan=False)
        both = np.array([complex(np.nan, 1), 2])
        assert not zarr.diff(*pair(both, both))

    def test_infinity(self):
        left, right = pair([np.inf, -np.inf, np.inf], [np.inf, -np.inf, -np.inf])
        assert zarr.diff(left, right, atol=1e300, rtol=1).differences[0].left == 1

    @pytest.mark.parametrize("dtype", ["f4", "f2", "c8"])
    def test_tolerance(self, dtype):
        values = np.linspace(1, 2, 50).astype(dtype)
        left, right = pair(values, values * np.asarray(1.01, dtype))
        assert zarr.diff(left, right, rtol=0.001)
        assert not zarr.diff(left, right, rtol=0.02)
        assert not zarr.diff(left, right, atol=0.05)

    @pytest.mark.parametrize("dtype", ["i8", "u8", "i1", "u1"])
    def test_integers_are_compared_exactly(self, dtype):
        info = np.iinfo(dtype)
        left, right = pair(
            np.array([info.max, info.min, info.max], dtype), np.array([info.max - 1, info.min + 2, info.min], dtype)
        )
        assert zarr.diff(left, right).differences[0].left == 3
        assert zarr.diff(left, right, atol=1).differences[0].left == 2
        assert zarr.diff(left, right, atol=2).differences[0].left == 1

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (np.array(["a", "b"]), np.array(["a", "c"])),
            (np.array([b"a", b"b"]), np.array([b"a", b"c"])),
            (np.array([True, False]), np.array([True, True])),
            (np.array([(1, 2.0), (3, 4.0)], "i4,f8"), np.array([(1, 2.0), (3, 5.0)], "i4,f8")),
            (np.array([1, 2], "m8[s]"), np.array([1, 3], "m8[s]")),
        ],
    )
    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    def test_types(self, left, right, engine):
        for zarr_format in (2, 3):
            found = zarr.diff(*pair(left, right, zarr_format=zarr_format))
            assert [each.what for each in found.differences] == ["values"]
            assert found.differences[0].first[0].coords == (1,)
            assert not zarr.diff(*pair(left, left, zarr_format=zarr_format))
            json.dumps(found.to_dict())

    def test_text_of_any_length(self):
        left, right = (zarr.create_array({}, shape=3, chunks=2, dtype=str) for _ in range(2))
        left[:], right[:] = ["a", "bb", "c"], ["a", "b", "c"]
        assert zarr.diff(left, right).differences[0].first[0].coords == (1,)

    def test_arrays_of_two_types(self):
        left = zarr.array(np.arange(4, dtype="i4"))
        assert whats(left, zarr.array(np.arange(4.0))) == [("", "dtype"), ("", "fill-value")][:1]
        assert ("", "values") in whats(left, zarr.array(np.arange(4.0) + 0.5))
        assert ("", "values") not in whats(left, zarr.array(np.array(["a", "b", "c", "d"])))

    def test_no_dimensions(self):
        left, right = pair(np.array(1), np.array(2))
        (found,) = zarr.diff(left, right).differences
        assert found.first[0].coords == ()
        assert not zarr.diff(*pair(np.zeros((0, 3)), np.zeros((0, 3))))

    def test_a_chunk_that_is_damaged(self):
        left, right = pair(np.arange(4), np.arange(4), compressors=None)
        left.store.set_sync("c/0", zarr.buffer.cpu.Buffer.from_bytes(b"x"))
        with pytest.raises(CodecError, match="c/0"):
            zarr.diff(left, right)

    def test_progress_and_memory(self):
        told = []
        left, right = pair(np.zeros((100, 100)), np.zeros((100, 100)), chunks=(10, 100))
        zarr.diff(left, right, max_memory=40_000, progress=lambda done, of: told.append((done, of)))
        assert len(told) >= 5
        assert told[-1] == (10_000, 10_000)

    @pytest.mark.parametrize("options", [{"rtol": -1}, {"atol": math.nan}, {"max_memory": 0}, {"max_memory": "x"}])
    def test_wrong_arguments(self, options):
        with pytest.raises(ArgumentError):
            zarr.diff(*pair([1], [1]), **options)

    @given(st.data())
    @settings(max_examples=60)
    def test_as_numpy_finds_it(self, data):
        shape = data.draw(st.lists(st.integers(0, 7), min_size=1, max_size=3).map(tuple))
        chunks = [
            data.draw(st.lists(st.integers(1, 4), min_size=len(shape), max_size=len(shape)).map(tuple))
            for _ in range(2)
        ]
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        values = rng.integers(0, 3, shape).astype("f4")
        values[rng.random(shape) < 0.2] = np.nan
        other = np.where(rng.random(shape) < 0.2, rng.integers(0, 3, shape), values).astype("f4")
        left, right = zarr.array(values, chunks=chunks[0]), zarr.array(other, chunks=chunks[1])
        found = zarr.diff(left, right, layout=False, most=10**6, max_memory=data.draw(st.sampled_from([1, 100, 10**6])))
        wanted = ~((values == other) | (np.isnan(values) & np.isnan(other)))
        coords = [each.coords for difference in found.differences for each in difference.first]
        assert sorted(coords) == [tuple(at) for at in np.argwhere(wanted).tolist()]
        assert bool(found) == wanted.any()
