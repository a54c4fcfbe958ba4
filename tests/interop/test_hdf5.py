"""Copying out of HDF5 files that h5py wrote."""

from __future__ import annotations

import asyncio
import tracemalloc

import h5py
import numpy as np
import pytest

import zarr
from tests.samples import contents
from zarr.api import asynchronous
from zarr.errors import (
    ContainsArrayError,
    ContainsGroupError,
    MetadataValidationError,
    UnknownDataTypeError,
    ZarrUserWarning,
)
from zarr.storage import MemoryStore

pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")

ROWS = np.arange(24, dtype="i4").reshape(4, 6)


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as opened:
        yield opened


@pytest.fixture
def dest(engine, zarr_format):
    return zarr.create_group(MemoryStore(), zarr_format=zarr_format)


def codecs(array):
    """Names and settings of the compressors, as both formats have them."""
    if array.metadata.zarr_format == 2:
        return [array.metadata.compressor.get_config()]
    return [codec.to_dict() for codec in array.metadata.compressors]


class TestDatasets:
    @pytest.mark.parametrize(
        "data",
        [
            ROWS,
            ROWS.astype(">i8"),
            ROWS.astype("u1"),
            ROWS % 2 == 0,
            (ROWS / 7).astype("f2"),
            (ROWS / 7).astype(">f4"),
            ROWS * (1 + 2j),
            np.array([[b"a", b"bcd"], [b"", b"e"]]),
            np.array([b"abc", b"\0de"], "V3"),
            np.float64(3.5),
            np.zeros((0, 3)),
            np.arange(120).reshape(2, 3, 4, 5),
        ],
        ids=lambda data: f"{np.asarray(data).dtype.str}-{np.shape(data)}",
    )
    @pytest.mark.parametrize("chunked", [False, True])
    def test_elements(self, file, dest, data, chunked):
        data = np.asarray(data)
        chunks = tuple(min(2, n) or 1 for n in data.shape) if chunked and data.ndim else None
        source = file.create_dataset("a", data=data, chunks=chunks, maxshape=tuple(n or None for n in data.shape))
        assert zarr.copy(source, dest) == (1, 0, data.nbytes)
        array = dest["a"]
        assert (array.shape, array.dtype.newbyteorder("=")) == (data.shape, data.dtype.newbyteorder("="))
        assert np.asarray(array[...]).tolist() == data.tolist()
        if source.chunks:
            assert array.chunks == source.chunks

    @pytest.mark.parametrize("charset", ["utf-8", "ascii"])
    @pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
    def test_texts_of_any_length(self, file, dest, charset, shape):
        texts = np.array(["a", "", "lang" if charset == "ascii" else "länger"], object)
        data = texts[0] if shape == () else np.broadcast_to(texts, shape)
        file.create_dataset("a", data=data, dtype=h5py.string_dtype(charset))
        zarr.copy(file["a"], dest)
        assert dest["a"].dtype.kind == "T"
        assert np.array_equal(np.asarray(dest["a"][...], object), np.asarray(data, object))
        assert dest["a"].fill_value == ""

    def test_texts_of_one_length_stay_bytes(self, file, dest):
        file.create_dataset("a", data=np.array(["é".encode(), b"b"], h5py.string_dtype("utf-8", 4)))
        zarr.copy(file["a"], dest)
        assert dest["a"].dtype == np.dtype("S4")
        assert dest["a"][...].tolist() == ["é".encode(), b"b"]

    def test_names_of_numbers_are_kept_as_an_attribute(self, file, dest):
        file.create_dataset("a", data=[0, 1], dtype=h5py.enum_dtype({"RED": 0, "BLUE": 1}, basetype="i2"))
        zarr.copy(file["a"], dest)
        assert (dest["a"].dtype, dest["a"][...].tolist()) == (np.dtype("i2"), [0, 1])
        assert dict(dest["a"].attrs) == {"enum": {"RED": 0, "BLUE": 1}}

    def test_fields(self, file, dest):
        dtype = [("a", "<i4"), ("b", ">f8"), ("c", "S3"), ("d", [("e", "u1"), ("f", "<f4")])]
        data = np.array([(1, 2.5, b"ab", (3, 4.5)), (5, 6.5, b"", (7, 8.5))], dtype)
        file.create_dataset("a", data=data, chunks=(1,))
        zarr.copy(file["a"], dest)
        assert dest["a"].dtype.names == data.dtype.names
        assert dest["a"][...].tolist() == data.tolist()
        assert dest["a"]["d"]["f"].tolist() == [4.5, 8.5]

    def test_times_as_h5py_stores_them(self, file, dest):
        times = np.array([1, 2], "M8[s]")
        file.create_dataset("a", data=times.astype(h5py.opaque_dtype(times.dtype)))
        zarr.copy(file["a"], dest)
        assert (dest["a"].dtype, dest["a"][...].tolist()) == (times.dtype, times.tolist())

    @pytest.mark.parametrize("fill", [0, 7])
    def test_what_was_never_written(self, file, dest, fill):
        source = file.create_dataset("a", (4, 6), "i4", chunks=(2, 3), fillvalue=fill)
        source[0, 0] = 1
        zarr.copy(source, dest)
        assert dest["a"].fill_value == fill
        assert np.array_equal(dest["a"][...], source[...])
        assert dest["a"].nchunks_initialized == 1

    def test_attributes(self, file, dest):
        source = file.create_dataset("a", data=ROWS)
        source.attrs.update(
            {
                "text": "é",
                "bytes": np.bytes_(b"b"),
                "int": 1,
                "float": np.float32(0.5),
                "bool": True,
                "list": [1, 2],
                "rows": np.arange(4).reshape(2, 2),
                "texts": ["a", "b"],
                "nothing": h5py.Empty("f4"),
            }
        )
        zarr.copy(source, dest)
        assert dict(dest["a"].attrs) == {
            "text": "é",
            "bytes": "b",
            "int": 1,
            "float": 0.5,
            "bool": True,
            "list": [1, 2],
            "rows": [[0, 1], [2, 3]],
            "texts": ["a", "b"],
            "nothing": None,
        }
        zarr.copy(source, dest, name="b", without_attrs=True)
        assert dict(dest["b"].attrs) == {}


class TestCompression:
    @pytest.mark.parametrize(
        ("options", "three", "two"),
        [
            ({}, {"name": "zstd"}, {"id": "zstd"}),
            (
                {"compression": "gzip", "compression_opts": 7},
                {"name": "gzip", "configuration": {"level": 7}},
                {"id": "gzip", "level": 7},
            ),
            (
                {"compression": "gzip", "shuffle": True},
                {"name": "blosc", "configuration": {"cname": "zlib", "clevel": 4, "shuffle": "shuffle", "typesize": 4}},
                {"id": "blosc", "cname": "zlib", "clevel": 4, "shuffle": 1},
            ),
            (
                {"compression": "lzf"},
                {"name": "blosc", "configuration": {"cname": "lz4", "shuffle": "noshuffle"}},
                {"id": "blosc", "cname": "lz4", "shuffle": 0},
            ),
            ({"shuffle": True}, {"name": "zstd"}, {"id": "zstd"}),
            ({"scaleoffset": 0}, {"name": "zstd"}, {"id": "zstd"}),
        ],
        ids=["none", "gzip", "gzip-shuffle", "lzf", "shuffle", "scaleoffset"],
    )
    def test_a_codec_that_does_the_same(self, file, dest, options, three, two):
        file.create_dataset("a", data=ROWS, chunks=(2, 3), **options)
        zarr.copy(file["a"], dest)
        (found,) = codecs(dest["a"])
        wanted = two if dest.metadata.zarr_format == 2 else three
        settings = found.get("configuration", found)
        assert found.items() >= {key: value for key, value in wanted.items() if key != "configuration"}.items()
        assert settings.items() >= wanted.get("configuration", {}).items()
        assert np.array_equal(dest["a"][...], ROWS)

    def test_filters_of_plug_ins_by_their_numbers(self):
        """As the file says it; no plug-in is needed to know what they are."""
        from zarr._calls.hdf5 import _compressor

        blosc = _compressor({32001: (2, 2, 4, 100, 9, 2, 5)}, 4)
        assert (blosc.cname, blosc.clevel, blosc.shuffle, blosc.typesize) == ("zstd", 9, "bitshuffle", 4)
        assert _compressor({32015: (11,)}, 4).level == 11
        assert _compressor({2: (4,), 32004: ()}, 4).shuffle == "shuffle"
        assert _compressor({4: (141, 32)}, 4) is None
        assert _compressor({307: (9,)}, 4) is None

    def test_a_checksum_stays_one(self, file, dest):
        file.create_dataset("a", data=ROWS, chunks=(2, 3), compression="gzip", fletcher32=True)
        zarr.copy(file["a"], dest)
        if dest.metadata.zarr_format == 3:
            assert [codec["name"] for codec in codecs(dest["a"])] == ["gzip", "crc32c"]
        assert np.array_equal(dest["a"][...], ROWS)

    def test_what_is_given_counts(self, engine, file):
        dest = zarr.create_group({})
        file.create_dataset("a", data=ROWS, chunks=(2, 3), compression="gzip")
        zarr.copy(file["a"], dest, chunks=(1, 6), shards=(2, 6), compressors=None, attributes={"x": 1}, fill_value=9)
        array = dest["a"]
        assert (array.chunks, array.shards, array.compressors) == ((1, 6), (2, 6), ())
        assert (dict(array.attrs), array.fill_value) == ({"x": 1}, 9)
        assert np.array_equal(array[...], ROWS)
        zarr.copy(file["a"], dest, name="b", chunks="keep", compressors="keep", zarr_format=2)
        assert dest["b"].chunks == (2, 3)
        assert dest["b"].metadata.compressor.codec_id == "gzip"
        with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
            zarr.copy(file["a"], dest, name="c", colour=1)


def names_of_dimensions(array):
    if array.metadata.zarr_format == 2:
        return array.attrs.get("_ARRAY_DIMENSIONS")
    names = array.metadata.dimension_names
    return None if names is None else list(names)


class TestDimensions:
    def test_scales_name_them(self, file, dest):
        file["g/x"], file["y"] = np.arange(6), np.arange(4)
        for name, scale in (("long name", file["g/x"]), ("", file["y"])):
            scale.make_scale(name)
        source = file.create_dataset("a", data=ROWS, chunks=(2, 3))
        source.dims[0].attach_scale(file["y"])
        source.dims[1].attach_scale(file["g/x"])
        source.attrs["units"] = "m"
        zarr.copy_all(file, dest)
        assert names_of_dimensions(dest["a"]) == ["y", "x"]
        assert names_of_dimensions(dest["g/x"]) == ["x"]
        assert set(dest["a"].attrs) - {"_ARRAY_DIMENSIONS"} == {"units"}
        assert set(dest["y"].attrs) <= {"_ARRAY_DIMENSIONS"}

    def test_labels_do_too(self, file, dest):
        source = file.create_dataset("a", data=ROWS)
        source.dims[0].label, source.dims[1].label = "row", "column"
        zarr.copy(source, dest)
        assert names_of_dimensions(dest["a"]) == ["row", "column"]

    def test_some_without(self, file, dest):
        source = file.create_dataset("a", data=ROWS)
        source.dims[1].label = "column"
        zarr.copy(source, dest)
        assert names_of_dimensions(dest["a"]) == (None if dest.metadata.zarr_format == 2 else [None, "column"])

    def test_dimensions_of_netcdf_that_are_no_variables(self, file, dest):
        file.create_dataset("x", data=np.zeros(6)).make_scale(
            "This is a netCDF dimension but not a netCDF variable.  6"
        )
        source = file.create_dataset("a", data=ROWS)
        source.dims[1].attach_scale(file["x"])
        source.dims[0].label = "y"
        assert zarr.copy_all(file, dest)[:2] == (1, 0)
        assert list(dest) == ["a"]
        assert names_of_dimensions(dest["a"]) == ["y", "x"]


@pytest.fixture
def tree(file):
    file.attrs["title"] = "root"
    file.create_dataset("a", data=ROWS, chunks=(2, 3))
    file.create_dataset("g/h/b", data=ROWS, compression="gzip")
    file["g"].attrs["n"] = 1
    return file


def everything(group):
    return sorted(path for path, _ in group.members(max_depth=None))


class TestGroups:
    def test_all(self, tree, dest):
        dest.attrs["own"] = True
        assert zarr.copy_all(tree, dest) == (4, 0, 2 * ROWS.nbytes)
        assert everything(dest) == ["a", "g", "g/h", "g/h/b"]
        assert dict(dest.attrs) == {"own": True, "title": "root"}
        assert dict(dest["g"].attrs) == {"n": 1}
        assert np.array_equal(dest["g/h/b"][...], ROWS)

    def test_one(self, tree, dest):
        assert zarr.copy(tree["g"], dest)[:2] == (3, 0)
        assert zarr.copy(tree, dest, name="file")[:2] == (5, 0)
        assert zarr.copy(tree["g"], dest, name="alone", shallow=True)[:2] == (1, 0)
        inside = ["a", "g", "g/h", "g/h/b"]
        wanted = ["alone", "file", *(f"file/{path}" for path in inside), "g", "g/h", "g/h/b"]
        assert everything(dest) == wanted
        assert dict(dest["file"].attrs) == {"title": "root"}

    def test_onto_the_destination_itself(self, tree, dest):
        zarr.copy(tree, dest, name="/")
        assert everything(dest) == ["a", "g", "g/h", "g/h/b"]
        assert dict(dest.attrs) == {"title": "root"}
        with pytest.raises(TypeError, match="the source is the root of its store and has no name"):
            zarr.copy(tree, dest)
        with pytest.raises(TypeError, match="an array cannot be copied onto a group"):
            zarr.copy(tree["a"], dest, name="/")

    @pytest.mark.parametrize("options", [{"dry_run": True}, {"without_attrs": True}])
    def test_options(self, tree, dest, options):
        lines = []
        before = contents(dest.store)
        counts = zarr.copy_all(tree, dest, log=lines.append, **options)
        assert counts[:2] == (4, 0)
        assert lines[0] == f"copy {tree.filename}:/a (4, 6) int32"
        if "dry_run" in options:
            assert contents(dest.store) == before
        else:
            assert not any(dict(node.attrs) for _, node in dest.members(max_depth=None))

    def test_if_exists(self, tree, dest):
        zarr.copy_all(tree, dest)
        dest["a"][...] = 0
        for source, error in ((tree["a"], ContainsArrayError), (tree, ContainsArrayError)):
            with pytest.raises(error, match="if_exists"):
                (zarr.copy_all if source is tree else zarr.copy)(source, dest)
        with pytest.raises(ContainsGroupError):
            zarr.copy(tree["a"], dest, name="g")
        assert zarr.copy_all(tree, dest, if_exists="skip")[:2] == (2, 2)
        assert not dest["a"][...].any()
        zarr.copy_all(tree, dest, if_exists="replace")
        assert np.array_equal(dest["a"][...], ROWS)
        del dest["g"]
        dest.create_array("g", data=ROWS)
        assert zarr.copy_all(tree, dest, if_exists="skip")[:2] == (0, 2)
        zarr.copy_all(tree, dest, if_exists="replace")
        assert np.array_equal(dest["g/h/b"][...], ROWS)

    def test_the_asynchronous_face(self, tree, dest):
        async def both():
            counts = await asynchronous.copy_all(tree, dest._async_group)
            await asynchronous.copy(tree["a"], dest._async_group, name="c")
            return counts

        assert asyncio.run(both())[:2] == (4, 0)
        assert everything(dest) == ["a", "c", "g", "g/h", "g/h/b"]

    def test_consolidated_metadata_are_told(self, tree):
        store = MemoryStore()
        zarr.create_group(store, zarr_format=2)
        zarr.consolidate_metadata(store)
        dest = zarr.open_consolidated(store, mode="r+")
        zarr.copy_all(tree, dest)
        assert everything(zarr.open_consolidated(store)) == ["a", "g", "g/h", "g/h/b"]

    def test_links(self, tree, dest):
        tree["g/soft"] = h5py.SoftLink("/a")
        tree["g/up"] = tree["/"]
        tree["nowhere"] = h5py.SoftLink("/missing")
        tree["type"] = np.dtype("i4")
        with pytest.warns(ZarrUserWarning) as caught:
            zarr.copy_all(tree, dest)
        nowhere, up = sorted(str(warning.message) for warning in caught)
        assert nowhere.startswith(f"'nowhere' in {tree.filename}:/ is a link that leads nowhere, and is not copied")
        assert up == f"'up' in {tree.filename}:/g is a link to a group above it, and is not copied"
        assert np.array_equal(dest["g/soft"][...], ROWS)
        assert everything(dest) == ["a", "g", "g/h", "g/h/b", "g/soft"]

    def test_what_is_nothing_of_hdf5(self, tree, dest):
        for source in (tree.attrs, ROWS, "data.h5", {"a": 1}, None):
            with pytest.raises(TypeError, match="source must be an array or a group"):
                zarr.copy(source, dest, name="x")
            with pytest.raises(TypeError, match="source must be a group"):
                zarr.copy_all(source, dest)
        with pytest.raises(TypeError, match="source must be a group"):
            zarr.copy_all(tree["a"], dest)
        with pytest.raises(TypeError, match="dest must be a group"):
            zarr.copy_all(tree, tree)


# -- what has no place in Zarr ----------------------------------------------------------------------------------


def refused(file):
    data = file.create_dataset("data", data=ROWS)
    yield "references", {"data": [data.ref], "dtype": h5py.ref_dtype}, "references to objects"
    yield "regions", {"data": [data.regionref[:2]], "dtype": h5py.regionref_dtype}, "references to regions"
    yield "ragged", {"shape": (2,), "dtype": h5py.vlen_dtype("i4")}, "arrays of int32 of any length"
    yield "nothing", {"data": h5py.Empty("f4")}, "dataspace is null"
    yield "long double", {"data": np.zeros(2, np.longdouble)}, "float"
    fields = np.dtype([("a", "i4"), ("b", [("c", h5py.ref_dtype)])])
    yield "array in fields", {"shape": (2,), "dtype": [("a", "i2", (2,))]}, "format 3 has no fields that are arrays"
    yield "fields", {"shape": (2,), "dtype": fields}, "its field 'b.c' holds references"
    yield "fields of text", {"shape": (2,), "dtype": [("a", h5py.string_dtype())]}, "its field 'a' holds text"


NAMES = ["references", "regions", "ragged", "nothing", "long double", "array in fields", "fields", "fields of text"]


@pytest.mark.parametrize("name", NAMES)
def test_refused(file, dest, name):
    """The error names the dataset, and nothing at all is copied."""
    if name == "array in fields" and dest.metadata.zarr_format == 2:
        dest = zarr.create_group(MemoryStore())  # format 2 has them
    (options, reason), *_ = ((options, reason) for each, options, reason in refused(file) if each == name)
    file.create_dataset("z/bad", **options)
    before = contents(dest.store)
    for call in (lambda: zarr.copy(file["z/bad"], dest), lambda: zarr.copy_all(file, dest)):
        with pytest.raises(
            UnknownDataTypeError, match=r"dataset .*data\.h5:/z/bad\b.* cannot be copied, and"
        ) as caught:
            call()
        assert reason in str(caught.value)
    assert contents(dest.store) == before
    zarr.copy(file["data"], dest)


def test_refused_attributes(file, dest):
    source = file.create_dataset("a", data=ROWS)
    source.attrs["link"] = source.ref
    with pytest.raises(MetadataValidationError, match=r"attribute 'link' of .*:/a cannot be an attribute in Zarr"):
        zarr.copy_all(file, dest)
    assert "a" not in dest
    del source.attrs["link"]
    source.attrs["raw"] = np.bytes_(b"\xff")
    with pytest.raises(MetadataValidationError, match="'raw'"):
        zarr.copy(source, dest)


def test_attributes_and_names_that_are_no_text(file, dest):
    """Bytes that are no UTF-8, which h5py gives out as half characters, and names as bytes."""
    file["a"] = ROWS
    bad = h5py.string_dtype("utf-8")
    file.attrs.create("text", b"\xff", dtype=bad)
    with pytest.raises(MetadataValidationError, match=r"attribute 'text' of .*:/ cannot be"):
        zarr.copy_all(file, dest)
    del file.attrs["text"]
    file["a"].attrs.create(b"\xff", 5)
    with pytest.raises(MetadataValidationError, match=r"attribute b'\\xff' of .*:/a cannot be"):
        zarr.copy_all(file, dest)
    del file["a"].attrs[b"\xff"]
    file.create_dataset(b"\xff", data=ROWS)
    with pytest.raises(MetadataValidationError, match=r"b'\\xff' in .*:/ of HDF5 cannot be copied under its name"):
        zarr.copy_all(file, dest)
    assert "a" not in dest


def test_elements_that_numpy_does_not_have(file, dest):
    file["a"] = ROWS
    three_bytes = h5py.h5t.STD_I32LE.copy()
    three_bytes.set_size(3)
    h5py.h5d.create(file.id, b"z", three_bytes, h5py.h5s.create_simple((3,)))
    for call in (lambda: zarr.copy(file["z"], dest), lambda: zarr.copy_all(file, dest)):
        with pytest.raises(
            UnknownDataTypeError, match=r"dataset .*:/z cannot be copied, and nothing was: NumPy has no"
        ):
            call()
    assert "a" not in dest


def test_refused_names(file, dest):
    file.create_dataset("a\\b", data=ROWS)
    with pytest.raises(MetadataValidationError, match=r"'a\\\\b' in .*:/ of HDF5"):
        zarr.copy_all(file, dest)
    zarr.copy(file["a\\b"], dest, name="c")
    assert np.array_equal(dest["c"][...], ROWS)


def test_of_a_file_that_is_closed(file, dest):
    dataset, group = file.create_dataset("a", data=ROWS), file.create_group("g")
    file.close()
    for call in (
        lambda: zarr.copy(dataset, dest),
        lambda: zarr.copy_all(group, dest),
        lambda: zarr.copy_all(file, dest),
    ):
        with pytest.raises(ValueError, match="its file is closed"):
            call()


def test_text_that_is_none(file, dest):
    source = file.create_dataset("a", data=np.array([b"ok", b"\xff"], object), dtype=h5py.string_dtype())
    with pytest.raises(UnicodeDecodeError) as caught:
        zarr.copy(source, dest)
    assert any(":/a" in note for note in caught.value.__notes__)


def test_others_that_are_called_like_h5py(engine, zarr_format):
    """No class is asked for: what h5pyd or pyfive open serves as well."""

    class Node:
        parent = file = None

        def __init__(self, name, **attrs):
            self.name, self.attrs = name, attrs

    class Dataset(Node):
        shape, dtype, chunks, fillvalue = ROWS.shape, ROWS.dtype, (2, 3), 0
        compression, compression_opts, shuffle = "gzip", 5, False

        def __getitem__(self, selection):
            return ROWS[selection]

    class Group(Node):
        def keys(self):
            return ["a"]

        def __getitem__(self, name):
            return Dataset(f"/{name}", units="m")

    dest = zarr.create_group({}, zarr_format=zarr_format)
    assert zarr.copy_all(Group("/", title="x"), dest)[:2] == (1, 0)
    assert np.array_equal(dest["a"][...], ROWS)
    assert (dict(dest.attrs), dict(dest["a"].attrs), dest["a"].chunks) == ({"title": "x"}, {"units": "m"}, (2, 3))
    assert ("gzip" in str(codecs(dest["a"]))) is True


def test_memory_is_that_of_some_blocks(engine, file, zarr_format, tmp_path):
    source = file.create_dataset("a", (64, 2**20), "f8", chunks=(1, 2**18), fillvalue=1.0)  # 512 MB
    source[::7, ::1001] = 2
    dest = zarr.create_group(tmp_path / "out.zarr", zarr_format=zarr_format)
    tracemalloc.start()
    try:
        zarr.copy(source, dest)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * 2**20
    assert np.array_equal(dest["a"][7], source[7])
