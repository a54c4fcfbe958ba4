"""`copy` and `copy_all`: what they keep, what they say, and what they refuse."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import numcodecs
import numpy as np
import pytest

import zarr
from tests.samples import OnlyInFormat2, contents
from zarr.api import asynchronous
from zarr.errors import ContainsArrayError, ContainsGroupError
from zarr.storage import MemoryStore

DATA = np.arange(6)


@pytest.fixture
def source(engine, store, zarr_format):
    root = zarr.create_group(store, zarr_format=zarr_format, attributes={"title": "source", "kept": [1]})
    root.create_array("a", data=DATA, chunks=2, attributes={"units": "m"})
    root.create_array("g/b", data=DATA)
    return root


def other(zarr_format=3, **attributes):
    return zarr.create_group(MemoryStore(), zarr_format=zarr_format, attributes=attributes)


def everything(group):
    return sorted(path for path, _ in group.members(max_depth=None))


class TestRoots:
    def test_copy_all_keeps_the_attributes_of_the_root(self, source):
        dest = other(title="destination", own=True)
        assert zarr.copy_all(source, dest)[:2] == (3, 0)
        merged = {"title": "source", "kept": [1], "own": True}
        assert dict(dest.attrs) == dict(zarr.open_group(dest.store).attrs) == merged
        assert everything(dest) == ["a", "g", "g/b"]
        assert dest["a"][:].tolist() == DATA.tolist()

    @pytest.mark.parametrize("options", [{"without_attrs": True}, {"dry_run": True}])
    def test_unless_they_are_not_wanted(self, source, options):
        dest = other(title="destination")
        zarr.copy_all(source, dest, **options)
        assert dict(dest.attrs) == {"title": "destination"}

    def test_its_asynchronous_face(self, source):
        dest = other()
        asyncio.run(asynchronous.copy_all(source._async_group, dest._async_group))
        assert dict(dest.attrs) == dict(source.attrs)

    @pytest.mark.parametrize("name", ["/", ""])
    def test_a_root_onto_a_root(self, source, name):
        dest = other(own=True)
        assert zarr.copy(source, dest, name=name)[:2] == (4, 0)
        assert dict(dest.attrs) == {"title": "source", "kept": [1], "own": True}
        assert everything(dest) == ["a", "g", "g/b"]

    def test_a_root_below_a_group(self, source):
        dest = other()
        zarr.copy(source, dest, name="below")
        assert everything(dest) == ["below", "below/a", "below/g", "below/g/b"]
        assert dict(dest["below"].attrs) == dict(source.attrs)

    def test_an_array_is_not_copied_onto_a_group(self, source):
        dest = other()
        with pytest.raises(TypeError, match="an array cannot be copied onto a group"):
            zarr.copy(source["a"], dest, name="/")
        assert everything(dest) == []

    def test_nothing_is_copied_into_itself(self, source):
        before = contents(source.store)
        for call in (
            lambda: zarr.copy_all(source, source),
            lambda: zarr.copy_all(source, source["g"]),
            lambda: zarr.copy(source, source, name="/"),
            lambda: zarr.copy(source, source["g"], name="x"),
        ):
            with pytest.raises(ValueError, match="into itself"):
                call()
        assert contents(source.store) == before

    def test_stores_with_equal_contents_are_two(self):
        one, two = other(title="x"), other(title="x")
        assert zarr.copy_all(one, two) == (0, 0, 0)


class TestIfExists:
    def test_the_error_says_what_copy_takes(self, source):
        dest = other()
        zarr.copy_all(source, dest)
        for call, error in (
            (lambda: zarr.copy(source["a"], dest), ContainsArrayError),
            (lambda: zarr.copy(source["a"], dest, name="g"), ContainsGroupError),
            (lambda: zarr.copy(source["g"], dest, name="a"), ContainsArrayError),
            (lambda: zarr.copy_all(source, dest), ContainsArrayError),
        ):
            with pytest.raises(error, match=r"if_exists.*'replace'") as caught:
                call()
            assert "overwrite" not in str(caught.value)

    @pytest.mark.parametrize("dry_run", [False, True])
    @pytest.mark.parametrize("name", ["overwrite", "colour", "data", "write_data", "store"])
    def test_keywords_that_it_does_not_take(self, source, name, dry_run):
        dest = other()
        for call in (zarr.copy, zarr.copy_all):
            group = source["g"] if call is zarr.copy else source
            with pytest.raises(TypeError, match=f"{call.__name__}.*unexpected keyword argument '{name}'"):
                call(group, dest, dry_run=dry_run, **{name: True})
        with pytest.raises(TypeError, match="if_exists='replace'"):
            zarr.copy(source["a"], dest, overwrite=True)
        assert everything(dest) == []


class TestLog:
    def lines(self, source, dest, **options):
        said = []
        zarr.copy(source, dest, name="x", log=said.append, **options)
        return said[0]

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_codecs_that_become_others_are_told(self, dry_run):
        codecs = {"compressors": OnlyInFormat2(), "filters": [numcodecs.Delta("i8")]}
        two = zarr.create_array({}, data=DATA, zarr_format=2, **codecs)
        line = self.lines(two, other(), dry_run=dry_run)
        before, after = line.partition("codecs ")[2].split(" -> ")
        assert before == "delta(dtype='<i8', astype='<i8'), only_in_format_2()"
        assert after == "delta(dtype='<i8', astype='<i8'), zstd(level=0, checksum=False)"
        plain = zarr.create_array({}, data=DATA, compressors=None)
        assert self.lines(plain, other(), compressors="gzip", dry_run=dry_run).endswith("codecs none -> gzip(level=5)")

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_a_fill_value_that_there_was_none_of_is_told(self, dry_run):
        two = zarr.create_array({}, data=DATA, zarr_format=2, fill_value=None)
        assert self.lines(two, other(), dry_run=dry_run).endswith("int64, fill value null -> np.int64(0)")
        assert "fill value" not in self.lines(two, other(2), dry_run=dry_run)

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_others_are_not(self, dry_run):
        two = zarr.create_array({}, data=DATA, zarr_format=2)
        assert "codecs" not in self.lines(two, other(), dry_run=dry_run)
        texts = zarr.create_array({}, data=np.array(["a"], "T"), zarr_format=2)
        assert "codecs" not in self.lines(texts, other(), dry_run=dry_run)
        three = zarr.create_array({}, data=DATA, chunks=2)
        for options in ({}, {"chunks": 3}, {"shards": 4}):
            assert "codecs" not in self.lines(three, other(), dry_run=dry_run, **options)
        assert "codecs" not in self.lines(three, other(2), dry_run=dry_run)
        blosc = numcodecs.Blosc(cname="lz4", clevel=7)
        two = zarr.create_array({}, data=DATA, zarr_format=2, compressors=blosc, filters=[numcodecs.Delta("i8")])
        assert "codecs" not in self.lines(two, other(), dry_run=dry_run)
        rows = zarr.create_array({}, data=DATA.reshape(2, 3), zarr_format=2, order="F")
        assert "codecs" not in self.lines(rows, other(), dry_run=dry_run)


class TestOtherFormat:
    """Elements are written anew, by the same codecs where the other format has them."""

    ROWS = np.arange(24, dtype=">i4").reshape(4, 6)
    TWO: ClassVar = {
        "compressor": ({"compressors": numcodecs.Blosc("lz4", 7, 2)}, ["bytes", "blosc"]),
        "filters": (
            {"filters": [numcodecs.Delta(">i4"), numcodecs.Shuffle(4)], "compressors": numcodecs.Zlib(3)},
            ["numcodecs.delta", "bytes", "numcodecs.shuffle", "numcodecs.zlib"],
        ),
        "order": ({"order": "F", "compressors": None}, ["transpose", "bytes"]),
        "checksum": ({"filters": [numcodecs.Zstd(3)], "compressors": numcodecs.CRC32C()}, ["bytes", "zstd", "crc32c"]),
        "lossy": (
            {"filters": [numcodecs.FixedScaleOffset(1, 10, ">i4", ">i2")], "compressors": numcodecs.GZip(2)},
            ["numcodecs.fixedscaleoffset", "bytes", "gzip"],
        ),
        "unknown": ({"compressors": OnlyInFormat2()}, ["bytes", "zstd"]),
    }

    @pytest.mark.parametrize("case", sorted(TWO))
    def test_there_and_back(self, engine, case):
        options, names = self.TWO[case]
        two = zarr.create_group({}, zarr_format=2)
        old = two.create_array("a", data=self.ROWS, chunks=(2, 3), **options)
        three, back = other(), other(2)
        zarr.copy(old, three)
        assert [codec["name"] for codec in three["a"].metadata.to_dict()["codecs"]] == names
        assert np.array_equal(three["a"][...], self.ROWS)
        zarr.copy(three["a"], back)
        assert np.array_equal(back["a"][...], self.ROWS)
        if case == "unknown":
            return
        ids = [codec["id"] for codec in old.metadata.to_dict()["filters"] or ()]
        assert [codec["id"] for codec in back["a"].metadata.to_dict()["filters"] or ()] == ids
        assert back["a"].metadata.compressor == old.metadata.compressor
        assert back["a"].order == old.order

    def test_filters_of_format_2_get_the_bytes_that_they_are_for(self, engine):
        """They take them as they lie, where those of format 3 convert."""
        codecs = [zarr.codecs.numcodecs.FixedScaleOffset(offset=10, scale=10, dtype=">f8", astype=">i4")]
        three = other().create_array("a", data=np.array([10.1, 11.5]), filters=codecs)
        two = other(2)
        zarr.copy(three, two)
        assert two["a"][...].tolist() == [10.1, 11.5]
        (config,) = two["a"].metadata.to_dict()["filters"]
        assert (config["dtype"], config["astype"]) == ("<f8", ">i4")

    @pytest.mark.parametrize("kind", ["T", "S3", "U3"])
    @pytest.mark.parametrize(
        "compressors", [None, zarr.codecs.GzipCodec(), [zarr.codecs.ZstdCodec(), {"name": "crc32c"}]]
    )
    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    def test_texts(self, engine, kind, compressors):
        data = np.array(["a", "", "ccc"]).astype(kind)
        three = other().create_array("a", data=data, shards=4, chunks=2, compressors=compressors)
        two, back = other(2), other()
        zarr.copy(three, two)
        zarr.copy(two["a"], back)
        assert two["a"][...].tolist() == back["a"][...].tolist() == data.tolist()
        assert back["a"].compressors == three.compressors

    def test_what_is_given_counts(self):
        old = other(2).create_array("a", data=DATA, filters=[numcodecs.Delta("i8")], compressors=numcodecs.Zlib())
        three = other()
        zarr.copy(old, three, compressors="gzip", filters=None)
        assert [codec["name"] for codec in three["a"].metadata.to_dict()["codecs"]] == ["bytes", "gzip"]
        zarr.copy(old, three, name="b", compressors="gzip", shards=6, chunks=3)
        assert [type(codec).__name__ for codec in three["b"].filters] == ["Delta"]

    @pytest.mark.parametrize("wanted", [2, 3])
    def test_a_format_that_is_not_that_of_the_destination(self, source, wanted):
        before = contents(source.store)
        for zarr_format in (2, 3):
            dest = other(zarr_format)
            assert zarr.copy_all(source, dest, zarr_format=wanted)[:2] == (3, 0)
            assert zarr.copy(source["g"], dest, name="x", zarr_format=wanted)[:2] == (2, 0)
            nodes = [dest[path] for path in ("a", "g", "g/b", "x", "x/b")]
            assert {node.metadata.zarr_format for node in nodes} == {wanted}
            assert dest["a"][...].tolist() == dest["x/b"][...].tolist() == DATA.tolist()
            assert dest.metadata.zarr_format == zarr_format
        assert contents(source.store) == before

    @pytest.mark.parametrize("wanted", [4, "3", True, 0])
    def test_no_such_format(self, source, wanted):
        with pytest.raises(ValueError, match="zarr_format must be 2 or 3"):
            zarr.copy_all(source, other(), zarr_format=wanted)


class TestKeys:
    @pytest.mark.parametrize("path", ["", "missing", "a/zarr.json/x"])
    def test_where_nothing_is_stored(self, source, path):
        where = source.store if path else MemoryStore()
        dest = MemoryStore()
        for dry_run in (False, True):
            with pytest.raises(FileNotFoundError, match=f"No keys found .* at path '{path}'"):
                zarr.copy_store(where, dest, source_path=path, dry_run=dry_run)
            with pytest.raises(FileNotFoundError):
                asyncio.run(asynchronous.copy_store(where, dest, source_path=path, dry_run=dry_run))
        assert contents(dest) == {}

    def test_a_directory_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="No keys found"):
            zarr.copy_store(tmp_path / "missing", {})

    def test_what_the_patterns_leave_out_is_there(self, source):
        assert zarr.copy_store(source.store, {}, excludes=".") == (0, 0, 0)
