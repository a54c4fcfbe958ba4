"""Migration from format 2 to 3: the new documents describe the same chunks, nothing is half done, and refusals write nothing."""

from __future__ import annotations

import asyncio
import json
import logging

import numcodecs
import numpy as np
import pytest

import zarr
from tests.safety.steps import die_at, n_steps
from tests.samples import OnlyInFormat2, contents, document
from tests.suites.plain_stores import AsyncOnly
from zarr.errors import (
    ContainsArrayError,
    ContainsGroupError,
    MetadataTypeError,
    MetadataValidationError,
    NodeNotFoundError,
    UnknownCodecError,
)
from zarr.metadata.migrate_v3 import migrate_to_v3, migrate_v2_to_v3, remove_metadata
from zarr.storage import LocalStore, MemoryStore, StorePath

pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")

OLD_NAMES = {".zarray", ".zgroup", ".zattrs", ".zmetadata"}


def name_of(key):
    return key.rpartition("/")[2]


def of_format(store, zarr_format):
    names = OLD_NAMES if zarr_format == 2 else {"zarr.json"}
    return {key: value for key, value in contents(store).items() if name_of(key) in names}


def codec_names(store, path=""):
    return [codec["name"] for codec in document(store, path)["codecs"]]


def put_documents(store, **documents):
    """Documents by path, with `__` for `/`."""
    for path, made in documents.items():
        prefix = path.replace("__", "/")
        name = ".zarray" if "shape" in made else ".zgroup"
        key = f"{prefix}/{name}".lstrip("/")
        store.set_sync(key, zarr.buffer.cpu.Buffer.from_bytes(json.dumps(made).encode()))


def v2(**members):
    plain = {"zarr_format": 2, "shape": [4, 6], "chunks": [2, 4], "dtype": "<f8", "compressor": None}
    return {**plain, "fill_value": 0, "order": "C", "filters": None, **members}


GROUP = {"zarr_format": 2}


# -- arrays -----------------------------------------------------------------------------------------------------

NUMBERS = np.arange(24).reshape(4, 6)
TEXTS = np.array(["a", "", "längerer", "d"] * 6).reshape(4, 6)

DATA = {
    "bool": NUMBERS % 3 == 0,
    "little": NUMBERS.astype("<i4"),
    "big": NUMBERS.astype(">i8"),
    "float": (NUMBERS / 7).astype("<f4"),
    "big float": (NUMBERS / 7).astype(">f8"),
    "complex": (NUMBERS * (1 + 2j)).astype(">c16"),
    "bytes": np.array([b"a", b"bcd"] * 12).reshape(4, 6),
    "text": TEXTS.astype(">U8"),
    "times": NUMBERS.astype(">M8[s]"),
    "spans": NUMBERS.astype("<m8[10ms]"),
    "raw": NUMBERS.astype("<u4").view("V4"),
    "strings": TEXTS.astype("T"),
    "fields": np.array([(1, 2.5), (3, 4.5)] * 12, [("a", "<i4"), ("b", "<f8")]).reshape(4, 6),
    "big fields": np.array([(1, 2.5), (3, 4.5)] * 12, [("a", "u1"), ("b", ">f8")]).reshape(4, 6),
}
COMPRESSORS = {
    "none": None,
    "zstd": numcodecs.Zstd(3),
    "zstd with checksum": numcodecs.Zstd(3, checksum=True),
    "gzip": numcodecs.GZip(2),
    "blosc": numcodecs.Blosc("lz4", 3, 1),
    "blosc bits": numcodecs.Blosc("zstd", 3, 2),
    "blosc plain": numcodecs.Blosc("zlib", 3, 0),
    "blosc automatic": numcodecs.Blosc("lz4", 3, -1),
    "zlib": numcodecs.Zlib(2),
    "lz4": numcodecs.LZ4(),
    "bz2": numcodecs.BZ2(),
    "lzma": numcodecs.LZMA(),
    "crc32c": numcodecs.CRC32C(),
    "crc32": numcodecs.CRC32(),
    "adler32": numcodecs.Adler32(),
    "fletcher32": numcodecs.Fletcher32(),
}
FILTERS = {
    "delta": ("little", [numcodecs.Delta("<i4")]),
    "delta of other bytes": ("big", [numcodecs.Delta(">i8", ">i2")]),
    "delta of bytes": ("little", [numcodecs.Delta("<i4", "|i1")]),
    "two": ("float", [numcodecs.Quantize(2, "<f4"), numcodecs.FixedScaleOffset(0, 100, "<f4", ">i2")]),
    "astype": ("big float", [numcodecs.AsType(">f4", ">f8")]),
    "bitround": ("float", [numcodecs.BitRound(9)]),
    "packbits": ("bool", [numcodecs.PackBits()]),
    "shuffle": ("little", [numcodecs.Shuffle(4)]),
    "delta, shuffle, checksum": ("big", [numcodecs.Delta(">i8"), numcodecs.Shuffle(8), numcodecs.CRC32C()]),
    "checksum of text": ("strings", [numcodecs.vlen.VLenUTF8(), numcodecs.Adler32()]),
}


def check_migration(store, data, **options):
    """Write in format 2, migrate, and compare what either format reads."""
    old = zarr.create_array(store, shape=data.shape, dtype=data.dtype, chunks=(2, 4), zarr_format=2, **options)
    old[:3] = data[:3]
    chunks = {key: value for key, value in contents(store).items() if name_of(key) not in OLD_NAMES}
    migrate_v2_to_v3(input_store=store)
    new = zarr.open_array(store, zarr_format=3)
    assert new[...].astype(old.dtype).tolist() == old[...].tolist()
    if data.dtype.kind != "T":
        assert new.dtype.newbyteorder("=") == old.dtype.newbyteorder("=")
        assert new[...].astype(old.dtype).tobytes() == old[...].tobytes()
    after = contents(store)
    assert {key: after[key] for key in chunks} == chunks
    new[...] = data  # and writes what format 2 reads
    assert zarr.open_array(store, zarr_format=2)[...].tolist() == new[...].tolist()
    return new


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", sorted(DATA))
def test_data_types(engine, kind, order):
    check_migration(MemoryStore(), DATA[kind], order=order, compressors=None)


@pytest.mark.parametrize("kind", ["big", "strings", "bool"])
@pytest.mark.parametrize("compressor", sorted(COMPRESSORS))
def test_compressors(engine, compressor, kind):
    check_migration(MemoryStore(), DATA[kind], compressors=COMPRESSORS[compressor])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("filters", sorted(FILTERS))
def test_filters(engine, filters, order):
    kind, codecs = FILTERS[filters]
    check_migration(MemoryStore(), DATA[kind], filters=codecs, order=order, compressors=numcodecs.Zstd())


@pytest.mark.parametrize("separator", [".", "/"])
def test_keys(separator):
    encoding = {"name": "v2", "configuration": {"separator": separator}}
    new = check_migration(MemoryStore(), DATA["little"], chunk_key_encoding=encoding)
    assert document(new.store)["chunk_key_encoding"] == encoding


@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 0, 2)])
def test_shapes(engine, shape):
    store = MemoryStore()
    data = np.arange(int(np.prod(shape)), dtype="i4").reshape(shape)
    old = zarr.create_array(store, data=data, order="F", zarr_format=2)
    migrate_v2_to_v3(input_store=store)
    new = zarr.open_array(store)
    assert (new.metadata.zarr_format, new.shape, new.chunks) == (3, old.shape, old.chunks)
    assert np.array_equal(new[...], data)


def test_other_implementations_know_the_codecs_where_the_format_has_them():
    store = MemoryStore()
    check_migration(store, DATA["little"], compressors=numcodecs.CRC32C(), order="F")
    assert codec_names(store) == ["transpose", "bytes", "crc32c"]
    for codec, name in [(numcodecs.GZip(1), "gzip"), (numcodecs.Zstd(1), "zstd"), (numcodecs.Blosc(), "blosc")]:
        store = MemoryStore()
        check_migration(store, DATA["little"], compressors=codec)
        assert codec_names(store) == ["bytes", name]
    store = MemoryStore()
    check_migration(store, DATA["strings"], compressors=numcodecs.Zlib())
    assert codec_names(store) == ["vlen-utf8", "numcodecs.zlib"]


@pytest.mark.parametrize(
    ("dtype", "filters", "default"),
    [
        ("<f8", None, "0.0"),
        ("|b1", None, "false"),
        ("<i2", None, "0"),
        ("<c8", None, "[0.0, 0.0]"),
        ("<M8[s]", None, str(-(2**63))),
        ("<U3", None, '""'),
        ("|O", [{"id": "vlen-utf8"}], '""'),
    ],
)
def test_no_fill_value_becomes_what_it_reads_as(engine, caplog, dtype, filters, default):
    store = MemoryStore()
    put_documents(store, a=v2(dtype=dtype, filters=filters, fill_value=None))
    before = zarr.open_array(store, path="a")[...]
    migrate_v2_to_v3(input_store=StorePath(store, "a"))
    new = zarr.open_array(store, path="a")
    assert json.dumps(document(store, "a")["fill_value"]) == default
    assert new[...].tolist() == before.tolist()
    assert f"fill value null -> {default}" in caplog.text


@pytest.mark.parametrize(("dtype", "chosen"), [("<i4", "shuffle"), ("|u1", "bitshuffle"), ("<f8", "shuffle")])
def test_the_shuffle_that_blosc_chose_is_named(caplog, dtype, chosen):
    store = MemoryStore()
    blosc = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": -1, "blocksize": 0}
    put_documents(store, a=v2(dtype=dtype, compressor=blosc))
    migrate_v2_to_v3(input_store=StorePath(store, "a"))
    configuration = document(store, "a")["codecs"][-1]["configuration"]
    assert (configuration["shuffle"], configuration["typesize"]) == (chosen, np.dtype(dtype).itemsize)
    assert f"blosc shuffle automatic -> '{chosen}'" in caplog.text


def test_names_of_dimensions_are_where_format_3_has_them(caplog):
    store = MemoryStore()
    attributes = {"_ARRAY_DIMENSIONS": ["y", "x"], "units": "m"}
    zarr.create_array(store, data=NUMBERS, zarr_format=2, attributes=attributes)
    migrate_v2_to_v3(input_store=store)
    new = zarr.open_array(store)
    assert (new.metadata.dimension_names, dict(new.attrs)) == (("y", "x"), {"units": "m"})
    assert "_ARRAY_DIMENSIONS -> dimension names ['y', 'x']" in caplog.text
    assert dict(zarr.open_array(store, zarr_format=2).attrs) == attributes


@pytest.mark.parametrize("names", [["y"], [1, 2], "yx", None])
def test_what_are_no_names_of_dimensions_stays_an_attribute(names):
    store = MemoryStore()
    zarr.create_array(store, data=NUMBERS, zarr_format=2, attributes={"_ARRAY_DIMENSIONS": names})
    migrate_v2_to_v3(input_store=store)
    assert dict(zarr.open_array(store).attrs) == {"_ARRAY_DIMENSIONS": names}


# -- what cannot be migrated ------------------------------------------------------------------------------------

CATEGORIES = {"id": "categorize", "labels": ["a"], "dtype": "<U3", "astype": "|u1"}
DELTA = {"id": "delta", "dtype": "<f8", "astype": "<f8"}
REFUSED = {
    "categorize": (v2(dtype="<U3", fill_value="", filters=[CATEGORIES]), UnknownCodecError, "categorize"),
    "compressor": (v2(compressor={"id": OnlyInFormat2.codec_id}), UnknownCodecError, OnlyInFormat2.codec_id),
    "unknown codec": (v2(compressor={"id": "nobody"}), UnknownCodecError, "nobody"),
    "order of filters": (
        v2(filters=[{"id": "shuffle", "elementsize": 8}, DELTA]),
        MetadataValidationError,
        "comes after one that makes bytes",
    ),
    "filter for other bytes": (
        v2(filters=[{"id": "delta", "dtype": ">f8", "astype": ">f8"}]),
        MetadataValidationError,
        "is for elements >f8",
    ),
    "fields of two byte orders": (
        v2(dtype=[["a", "<i4"], ["b", ">f8"]], fill_value=None),
        MetadataValidationError,
        "different byte orders",
    ),
    "objects": (v2(dtype="|O", filters=[{"id": "json2"}], fill_value=None), MetadataValidationError, "json2"),
    "damaged": ({"zarr_format": 2, "shape": "x"}, MetadataValidationError, "incomplete"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_nothing_is_written_if_one_node_cannot_be_migrated(case):
    refused, error, reason = REFUSED[case]
    store = MemoryStore()
    put_documents(store, __=GROUP, a=v2(), b=GROUP, b__c=refused, d=v2())
    before = contents(store)
    with pytest.raises(error, match=r"/b/c cannot be migrated, and nothing was written") as caught:
        migrate_v2_to_v3(input_store=store, remove_v2_metadata=True, overwrite=True)
    assert reason in str(caught.value)
    assert contents(store) == before


def test_nothing_to_migrate():
    with pytest.raises(NodeNotFoundError, match="No array or group"):
        migrate_v2_to_v3(input_store=MemoryStore())
    store = MemoryStore()
    zarr.create_group(store).create_array("a", data=NUMBERS)
    before = contents(store)
    for call in (
        lambda: migrate_v2_to_v3(input_store=store),
        lambda: migrate_to_v3(zarr.open_group(store), StorePath(store)),
    ):
        with pytest.raises(MetadataTypeError, match="format 3 already"):
            call()
        with pytest.raises(TypeError, match="Only arrays / groups with zarr v2 metadata can be converted"):
            call()
    assert contents(store) == before


def test_a_read_only_place():
    store = MemoryStore()
    hierarchy(store)
    with pytest.raises(ValueError, match="read-only"):
        migrate_v2_to_v3(input_store=store.with_read_only(True))
    migrate_v2_to_v3(input_store=store.with_read_only(True), dry_run=True)
    migrate_v2_to_v3(input_store=store.with_read_only(True), output_store=MemoryStore())


# -- hierarchies ------------------------------------------------------------------------------------------------


def hierarchy(store):
    root = zarr.create_group(store, zarr_format=2, attributes={"title": "root"})
    root.create_array("a", data=NUMBERS, chunks=(2, 4), attributes={"units": "m"})
    root.create_array("g/h/b", data=NUMBERS.astype(">f4"), order="F", chunks=(2, 4))
    root["g"].attrs["n"] = 1
    return root


PATHS = ["", "a", "g", "g/h", "g/h/b"]
NEW_KEYS = [f"{path}/zarr.json".lstrip("/") for path in PATHS]


def check_hierarchy(store, zarr_format):
    root = zarr.open_group(store, mode="r", zarr_format=zarr_format)
    assert dict(root.attrs) == {"title": "root"}
    assert sorted(path for path, _ in root.members(max_depth=None)) == PATHS[1:]
    assert dict(root["g"].attrs) == {"n": 1}
    assert root["a"].attrs["units"] == "m"
    for path in ("a", "g/h/b"):
        assert root[path].metadata.zarr_format == zarr_format
        assert np.array_equal(root[path][...], NUMBERS)


class TestHierarchy:
    def test_in_place(self, any_store):
        hierarchy(any_store)
        before = contents(any_store)
        assert migrate_v2_to_v3(input_store=any_store) is None
        check_hierarchy(any_store, 3)
        check_hierarchy(any_store, 2)
        assert sorted(of_format(any_store, 3)) == sorted(NEW_KEYS)
        assert {key: value for key, value in contents(any_store).items() if key in before} == before

    def test_elsewhere(self, any_store):
        hierarchy(any_store)
        before, other = contents(any_store), MemoryStore()
        migrate_v2_to_v3(input_store=any_store, output_store=other)
        assert sorted(contents(other)) == sorted(NEW_KEYS)
        assert contents(any_store) == before

    def test_with_removal(self, any_store):
        hierarchy(any_store)
        migrate_v2_to_v3(input_store=any_store, remove_v2_metadata=True)
        check_hierarchy(any_store, 3)
        assert of_format(any_store, 2) == {}

    def test_removal_of_either(self, any_store):
        hierarchy(any_store)
        before = contents(any_store)
        migrate_v2_to_v3(input_store=any_store)
        asyncio.run(remove_metadata(any_store, 3))
        assert contents(any_store) == before
        migrate_v2_to_v3(input_store=any_store)
        asyncio.run(remove_metadata(any_store, 2))
        check_hierarchy(any_store, 3)
        assert of_format(any_store, 2) == {}

    def test_dry_run(self, caplog):
        store = MemoryStore()
        hierarchy(store)
        before = contents(store)
        with caplog.at_level(logging.INFO):
            migrate_v2_to_v3(input_store=store, dry_run=True, overwrite=True, remove_v2_metadata=True)
            migrate_v2_to_v3(input_store=store, output_store="nowhere", dry_run=True)
        assert contents(store) == before
        for key in NEW_KEYS:
            assert f"Saving metadata to {store}/{key}" in caplog.messages
            assert f"Saving metadata to file://nowhere/{key}" in caplog.messages
        assert f"Deleting metadata at {store}/g/h/b/.zarray" in caplog.messages
        caplog.clear()
        with caplog.at_level(logging.INFO):
            asyncio.run(remove_metadata(store, 2, dry_run=True, force=True))
        assert contents(store) == before
        assert f"Deleting metadata at {store}/g/h/b/.zarray" in caplog.messages
        assert "Dry run enabled" in caplog.text

    def test_what_is_open(self):
        store = MemoryStore()
        root = hierarchy(store)
        other = MemoryStore()
        migrate_to_v3(root["g"], StorePath(other, "x/y"))
        assert sorted(contents(other)) == sorted(
            ["zarr.json", "x/zarr.json", "x/y/zarr.json", "x/y/h/zarr.json", "x/y/h/b/zarr.json"]
        )
        migrate_to_v3(root["a"], root["a"].store_path, dry_run=True)
        assert of_format(store, 3) == {}
        migrate_to_v3(root["a"]._async_array, root["a"].store_path)
        assert list(of_format(store, 3)) == ["a/zarr.json"]
        for args in ((store, StorePath(store)), (root, store)):
            with pytest.raises(TypeError, match="must be a"):
                migrate_to_v3(*args)

    def test_consolidated_metadata_are_named_and_not_carried_over(self, caplog):
        store = MemoryStore()
        hierarchy(store)
        zarr.consolidate_metadata(store)
        migrate_v2_to_v3(input_store=store)
        assert "consolidated_metadata" not in document(store)
        assert "/: consolidated metadata are left behind" in caplog.text
        check_hierarchy(store, 3)
        asyncio.run(remove_metadata(store, 2))
        assert of_format(store, 2) == {}

    def test_a_store_that_lists_nothing_is_migrated_by_its_consolidated_metadata(self):
        store = AsyncOnly()
        hierarchy(store)
        store.supports_listing = False
        with pytest.raises(MetadataValidationError, match="cannot list what it holds"):
            migrate_v2_to_v3(input_store=store)
        store.supports_listing = True
        zarr.consolidate_metadata(store)
        store.supports_listing = False
        other = MemoryStore()
        migrate_v2_to_v3(input_store=store, output_store=other)
        assert sorted(contents(other)) == sorted(NEW_KEYS)

    def test_a_change_is_told_of_in_one_warning(self, caplog):
        store = MemoryStore()
        put_documents(store, __=GROUP, **{f"a{n}": v2(fill_value=None) for n in range(7)})
        migrate_v2_to_v3(input_store=store)
        (record,) = (record for record in caplog.records if record.levelno == logging.WARNING)
        assert "7 of 8" in record.message
        assert record.message.endswith("and 2 more (level INFO has them all)")

    def test_nodes_of_format_3_below_are_left_alone(self):
        store = MemoryStore()
        root = hierarchy(store)
        zarr.create_array(store, name="g/three", data=NUMBERS, zarr_format=3)
        three = document(store, "g/three")
        migrate_v2_to_v3(input_store=store)
        assert document(store, "g/three") == three
        assert "three" in zarr.open_group(store, zarr_format=3)["g"]
        del root


# -- what is there already --------------------------------------------------------------------------------------


class TestExisting:
    @pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not:zarr.errors.ZarrUserWarning")
    def test_once_more(self):
        store = MemoryStore()
        hierarchy(store)
        migrate_v2_to_v3(input_store=store)
        zarr.consolidate_metadata(store, zarr_format=3)
        before = contents(store)
        migrate_v2_to_v3(input_store=store)
        assert contents(store) == before

    @pytest.mark.parametrize(("path", "error"), [("a", ContainsArrayError), ("g", ContainsGroupError)])
    @pytest.mark.parametrize("elsewhere", [False, True])
    def test_other_documents_are_not_overwritten(self, path, error, elsewhere):
        store, other = MemoryStore(), MemoryStore()
        hierarchy(store)
        target = other if elsewhere else store
        migrate_v2_to_v3(input_store=store, output_store=target)
        zarr.open(target, path=path, zarr_format=3).attrs["new"] = True
        target.delete_sync("g/h/zarr.json")
        before = contents(target)
        with pytest.raises(error, match="differ from those that the migration makes"):
            migrate_v2_to_v3(input_store=store, output_store=target, remove_v2_metadata=True)
        assert contents(target) == before
        migrate_v2_to_v3(input_store=store, output_store=target, overwrite=True, force=elsewhere)
        assert "new" not in document(target, path)["attributes"]

    def test_overwriting_takes_the_rest_away(self):
        store = MemoryStore()
        hierarchy(store)
        zarr.create_array(store, name="g/three", data=NUMBERS, zarr_format=3)
        before = contents(store)
        with pytest.raises(MetadataValidationError, match=r"g/three/zarr.json - no v2 metadata exists.*'force'"):
            migrate_v2_to_v3(input_store=store, overwrite=True)
        assert contents(store) == before
        migrate_v2_to_v3(input_store=store, overwrite=True, force=True)
        assert sorted(of_format(store, 3)) == sorted(NEW_KEYS)

    def test_only_an_empty_place(self):
        store, other = MemoryStore(), MemoryStore()
        hierarchy(store)
        migrate_v2_to_v3(input_store=store, output_store=other, into_empty=True)
        other.delete_sync("zarr.json")
        migrate_v2_to_v3(input_store=store, output_store=other, into_empty=True)  # an interrupted one
        assert sorted(contents(other)) == sorted(NEW_KEYS)
        other.set_sync("note.txt", zarr.buffer.cpu.Buffer.from_bytes(b"x"))
        with pytest.raises(FileExistsError, match=r"already contains data: 'note.txt'"):
            migrate_v2_to_v3(input_store=store, output_store=other, into_empty=True)
        migrate_v2_to_v3(input_store=store, into_empty=True)

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_the_only_metadata_stay(self, zarr_format):
        store = MemoryStore()
        zarr.create_group(store, zarr_format=zarr_format).create_array("a", data=NUMBERS)
        before = contents(store)
        with pytest.raises(
            ValueError, match=rf"Cannot remove v{zarr_format} metadata at .* no v{5 - zarr_format} meta"
        ):
            asyncio.run(remove_metadata(store, zarr_format))
        assert contents(store) == before
        asyncio.run(remove_metadata(store, zarr_format, force=True))
        assert list(contents(store)) == [key for key in before if name_of(key) not in {*OLD_NAMES, "zarr.json"}]

    def test_metadata_that_cannot_be_read_are_none(self):
        store = MemoryStore()
        hierarchy(store)
        migrate_v2_to_v3(input_store=store)
        store.set_sync("a/zarr.json", zarr.buffer.cpu.Buffer.from_bytes(b"{"))
        before = contents(store)
        with pytest.raises(MetadataValidationError, match="no v3 metadata exists that can be read"):
            asyncio.run(remove_metadata(store, 2))
        assert contents(store) == before

    def test_nothing_to_remove(self):
        with pytest.raises(FileNotFoundError):
            asyncio.run(remove_metadata(MemoryStore(), 2))
        with pytest.raises(ValueError, match="must be 2 or 3"):
            asyncio.run(remove_metadata(MemoryStore(), 4))
        store = MemoryStore()
        hierarchy(store)
        before = contents(store)
        asyncio.run(remove_metadata(store, 3))
        assert contents(store) == before

    def test_documents_that_no_group_knows_of_go_too(self):
        store = MemoryStore()
        hierarchy(store)
        migrate_v2_to_v3(input_store=store)
        store.delete_sync("g/.zgroup")
        asyncio.run(remove_metadata(store, 2))
        assert of_format(store, 2) == {}


# -- interruptions ----------------------------------------------------------------------------------------------


class TestKilled:
    """At every step that it takes at the file system."""

    @pytest.mark.parametrize("remove_old", [False, True])
    def test_migration(self, tmp_path, remove_old):
        def made(name):
            store = LocalStore(tmp_path / name)
            hierarchy(store)
            return store, lambda: migrate_v2_to_v3(input_store=store, remove_v2_metadata=remove_old)

        store, migrate = made("whole")
        n = n_steps(migrate)
        wanted = contents(store)
        assert n > len(PATHS)
        for step in range(n):
            store, migrate = made(f"killed-{step}")
            before = of_format(store, 2)
            die_at(step, migrate)
            left = of_format(store, 2)
            if len(of_format(store, 3)) < len(PATHS):
                assert left == before
            if left == before:
                check_hierarchy(store, 2)
            if "zarr.json" in contents(store):
                check_hierarchy(store, 3)
            if left:
                migrate()
            assert contents(store) == wanted

    def test_removal_shows_all_or_nothing(self, tmp_path):
        def made(name):
            store = LocalStore(tmp_path / name)
            hierarchy(store)
            zarr.consolidate_metadata(store)
            migrate_v2_to_v3(input_store=store)
            return store, lambda: asyncio.run(remove_metadata(store, 2))

        store, removal = made("whole")
        for step in range(n_steps(removal)):
            store, removal = made(f"killed-{step}")
            die_at(step, removal)
            check_hierarchy(store, 3)
            if ".zgroup" in contents(store):
                check_hierarchy(store, 2)
            removal()
            assert of_format(store, 2) == {}


# -- the private name that VirtualiZarr calls -------------------------------------------------------------------


def test_metadata_alone():
    from zarr.metadata.migrate_v3 import _convert_array_metadata

    old = zarr.create_array({}, shape=(4, 6), dtype=">i2", zarr_format=2, order="F", fill_value=7)
    new = _convert_array_metadata(old.metadata)
    assert (new.zarr_format, new.shape, new.fill_value) == (3, (4, 6), 7)
    assert [codec.to_dict()["name"] for codec in new.codecs] == ["transpose", "bytes", "zstd"]
