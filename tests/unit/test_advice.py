"""What errors advise: it is there, it can be done, and it does no harm."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

import numcodecs
import numpy as np
import pytest

import zarr
from tests.safety.steps import failing_at, n_steps
from tests.samples import contents
from tests.suites.calls import buf, shown
from tests.suites.children import end_of_child
from zarr._store import atomic
from zarr.errors import CodecError, NodeNotFoundError, StoreIsFileError, UnknownCodecError

SOURCES = Path(zarr.__file__).parent


def test_what_opens_only_to_look_is_advised_with_mode_r(store):
    """Without it, the group that is looked for is created."""
    with pytest.raises(NodeNotFoundError, match=r"zarr\.open_group\(store, mode='r'\)\.tree\(\)"):
        raise NodeNotFoundError(store, "x")
    for source in SOURCES.rglob("*.py"):
        for call in re.findall(r"zarr\.open\w*\([^)]*\)\.tree\(\)", source.read_text()):
            assert "mode='r'" in call, (source, call)


@pytest.mark.parametrize("options", [{}, {"zarr_format": 2}, {"shards": 4}], ids=shown)
def test_nobody_is_advised_to_delete_what_may_be_whole(engine, store, options):
    """A codec that is called with other settings than the writer's cannot tell whether the bytes are damaged."""
    array = zarr.create_array(store, data=np.arange(8), chunks=2, **options)
    chunk = next(key for key in store.list_keys("") if key[-1] == "0")
    store.put(chunk, buf(b"what nobody encoded so"))
    with pytest.raises(CodecError) as caught:
        array[:]
    assert re.search("restore|Compare", str(caught.value))
    assert not re.search("delete|remove|overwrite|rewrite", str(caught.value), re.IGNORECASE)


class TestFilesForStores:
    FILES = (
        ("data.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file.*h5py"),
        ("data.npy", b"\x93NUMPY\x01\x00", "a NumPy file.*numpy.load"),
        ("notes.txt", b"text", "a file.*pass a directory"),
        ("empty", b"", "a file.*pass a directory"),
        ("zarr.json", b"{}", "a file.*pass a directory"),
    )

    @pytest.fixture(params=FILES, ids=lambda file: file[0])
    def file(self, request, tmp_path):
        name, data, text = request.param
        path = tmp_path / name
        path.write_bytes(data)
        return path, text

    @pytest.mark.parametrize(
        "call",
        [
            lambda p: zarr.open(p, mode="r"),
            lambda p: zarr.open(p),
            lambda p: zarr.open_group(p, mode="r"),
            lambda p: zarr.open_group(p, mode="w"),
            lambda p: zarr.open_array(p, mode="r+"),
            lambda p: zarr.create_array(p, shape=3, dtype="i4", overwrite=True),
            lambda p: zarr.save(p, np.arange(3)),
            lambda p: zarr.load(p),
            lambda p: zarr.consolidate_metadata(p),
        ],
    )
    def test_it_says_what_the_file_is_and_what_to_do(self, file, call):
        path, text = file
        before = path.read_bytes()
        for given in (path, str(path), f"file://{path}", path / "group"):
            with pytest.raises(StoreIsFileError, match=f"{re.escape(path.name)}' is {text}") as caught:
                call(given)
            for kind in (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError):
                assert isinstance(caught.value, kind)
        assert path.read_bytes() == before

    @pytest.mark.parametrize("name", ["data.zip", "data"])
    def test_paths_that_lead_into_an_archive(self, name, tmp_path):
        path = tmp_path / name
        with zarr.storage.ZipStore(path, mode="w") as store:
            zarr.create_group(store).create_array("a", data=[1])
        with pytest.raises(StoreIsFileError, match=f"{name}' is a zip file.*and what comes behind it as path="):
            zarr.open(path / "a", mode="r")
        assert zarr.open(path, path="a", mode="r")[0] == 1


CHANGES = {
    "create": lambda s: zarr.create_array(s, name="x/new", data=np.arange(3)),
    "create, v2": lambda s: zarr.create_group(s, path="x/new", zarr_format=2, attributes={"a": 1}),
    "write": lambda s: zarr.open_array(s, path="a", mode="r+").__setitem__(slice(None), 5),
    "change": lambda s: zarr.open_array(s, path="a", mode="r+").__setitem__(0, 5),
    "attributes": lambda s: zarr.open_array(s, path="a", mode="r+").attrs.update(a=1),
    "resize": lambda s: zarr.open_array(s, path="a", mode="r+").resize(2),
    "append": lambda s: zarr.open_array(s, path="a", mode="r+").append([1]),
    "overwrite": lambda s: zarr.create_group(s, path="a", overwrite=True),
    "delete": lambda s: zarr.open_group(s).__delitem__("a"),
}


@pytest.mark.parametrize("files", ["nameless", "named"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("change", CHANGES)
def test_a_refusal_of_the_file_system_shows_no_internals(change, code, files, tmp_path, monkeypatch):
    """At every step: the key's file or directory by its name, no temporary names, no chain of errors."""
    if files == "named":
        monkeypatch.setattr(atomic, "_NAMELESS", 0)

    def build(number):
        zarr.create_group(tmp_path / str(number)).create_array("a", data=np.arange(6), chunks=2)
        return tmp_path / str(number)

    names = ("open", "link", "replace", "rename", "unlink", "mkdir")
    with zarr.config.set({"engine": "python"}):
        CHANGES[change](build("first"))  # some is looked up once in a process
        store = build("counted")
        for step in range(n_steps(lambda: CHANGES[change](store), names)):
            here = build(step)
            with failing_at(step, code, names) as steps:
                try:
                    CHANGES[change](here)
                except OSError as exc:
                    error = exc
                else:
                    assert steps.taken[step] == "unlink"  # of a temporary file, which waits for who lists it
                    continue
            assert error.errno == code
            assert "__zarr-" not in str(error)
            assert str(here) in str(error)
            assert error.__suppress_context__ or error.__context__ is None


def test_a_directory_that_may_not_be_written_to(engine):
    """With the file system's own refusal, as the native engine meets it too."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        zarr.create_array(directory, name="a", data=np.arange(6), chunks=2)
        Path(directory, "a", "c").chmod(0o555)
        text = told_by_child(lambda: zarr.open_array(directory, path="a", mode="r+").__setitem__(..., 1))
        Path(directory, "a", "c").chmod(0o755)
    assert re.fullmatch(rf"\[Errno 13\] Permission denied[^(]*: '{directory}/a/c.*'", text)


REFUSED = {
    "create": (CHANGES["create"], "nothing can be made here"),
    "create, v2": (CHANGES["create, v2"], "nothing can be made here"),
    "new store": (lambda s: zarr.open_group(f"{s}/x/new.zarr", mode="w"), "nothing can be made here"),
    "array in a new store": (lambda s: zarr.create_array(f"{s}/x/new.zarr", data=[1]), "nothing can be made here"),
    "write": (CHANGES["write"], "it can be read, with mode='r', but not changed"),
    "change": (CHANGES["change"], "it can be read, with mode='r', but not changed"),
    "attributes": (CHANGES["attributes"], "it can be read, with mode='r', but not changed"),
    "resize": (CHANGES["resize"], "it can be read, with mode='r', but not changed"),
    "delete": (CHANGES["delete"], "it can be read, with mode='r', but not changed"),
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_is_not_permitted_is_told_with_what_is(change, engine):
    """Once, and only what is true: where nothing is stored, nothing can be read."""
    call, possible = REFUSED[change]
    with tempfile.TemporaryDirectory() as directory:
        zarr.create_group(directory).create_array("a", data=np.arange(6), chunks=2)
        Path(directory, "x").mkdir()
        directories = [Path(directory), *(path for path in Path(directory).rglob("*") if path.is_dir())]
        for each in directories:
            each.chmod(0o555)
        text = told_by_child(lambda: call(directory))
        for each in directories:
            each.chmod(0o755)
    assert re.fullmatch(rf"\[Errno 13\] Permission denied: {possible}[^:]*: '{directory}[^']*'", text)


def told_by_child(change):
    """What PermissionError says in a process of a user who may do no more than others."""
    said, say = os.pipe()

    def work():
        if os.getuid() == 0:
            os.setuid(65534)
        with pytest.raises(PermissionError) as caught:
            change()
        os.write(say, str(caught.value).encode())

    assert end_of_child(work) == 0
    os.close(say)
    with os.fdopen(said) as stream:
        return stream.read()


class TestCodecs:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("lz4", r"did you mean 'numcodecs\.lz4' or BloscCodec\(cname='lz4'\)\?"),
            ("LZ4", r"did you mean 'numcodecs\.lz4' or BloscCodec\(cname='lz4'\)\?"),
            ("lz4hc", r"BloscCodec\(cname='lz4hc'\)\?"),
            ("snappy", r"did you mean .*BloscCodec\(cname='snappy'\)\?"),
            ("zlib", r"did you mean 'numcodecs\.zlib' or BloscCodec\(cname='zlib'\)\?"),
            ("lzma", r"did you mean 'numcodecs\.lzma'\?"),
            ("bz2", r"did you mean 'numcodecs\.bz2'\?"),
            ("GZIP", r"did you mean .*gzip'"),
            ("zst", r"did you mean .*zstd'"),
            ("nonsense", r"Known codecs: .*zstd"),
        ],
    )
    def test_a_name_that_is_none_suggests_what_there_is(self, store, name, text):
        with pytest.raises(UnknownCodecError, match=text) as caught:
            zarr.create_array(store, shape=4, dtype="i4", compressors=name)
        assert ("Known codecs" in str(caught.value)) == ("did you mean" not in str(caught.value))
        assert contents(store) == {}

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            (5, r"as ZstdCodec\(level=3\)"),
            (True, r"the name of one, as 'zstd'"),
            (zarr.codecs.ZstdCodec, r"the class ZstdCodec; call it"),
            ([zarr.codecs.ZstdCodec], r"the class ZstdCodec; call it"),
            (b"zstd", r"the name of one|as 'zstd'"),
        ],
    )
    def test_what_is_no_codec_says_what_is(self, store, given, text):
        with pytest.raises(TypeError, match=text):
            zarr.create_array(store, shape=4, dtype="i4", compressors=given)
        assert contents(store) == {}

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ("lz4", r"the string 'lz4'; write \{'id': 'lz4'\}"),
            ("gzip", r"the string 'gzip'; write \{'id': 'gzip'\}"),
            ("GZIP", r"the string 'GZIP'; write \{'id': 'gzip'\}"),
            ("gzp", r"the string 'gzp'; write \{'id': 'gzip'\}"),
            ("numcodecs.zlib", r"write \{'id': 'zlib'\}"),
            ("snappy", r"write \{'id': 'blosc', 'cname': 'snappy'\}"),
            ("nonsense!", r"write \{'id': \.\.\.\}, with its settings, or give the codec itself"),
            (numcodecs.LZ4, r"the class LZ4; call it"),
            (zarr.codecs.ZstdCodec(), r"ZstdCodec; use zarr_format=3"),
            (5, r"5 of type int; give such a codec, or its settings, as \{'id': 'zstd'"),
            ([None], r"None of type NoneType; give such a codec"),
            (b"gzip", r"b'gzip' of type bytes; give such a codec"),
        ],
    )
    def test_in_format_2(self, store, given, text):
        for keyword in ("compressors", "filters"):
            with pytest.raises(TypeError, match=text):
                zarr.create_array(store, shape=4, dtype="i4", zarr_format=2, **{keyword: given})
        assert contents(store) == {}

    def test_a_document_of_format_3_is_none_of_format_2(self, store):
        with pytest.raises(ValueError, match="string 'id'; 'name' and 'configuration' are those of format 3"):
            zarr.create_array(store, shape=4, dtype="i4", zarr_format=2, compressors={"name": "gzip"})

    def test_an_id_that_is_none_suggests_what_there_is(self, store):
        for codec_id, text in (
            ("gzp", r"did you mean \{'id': 'gzip'\}\?"),
            ("lz4hc", "'cname': 'lz4hc'"),
            ("x!", "install"),
        ):
            with pytest.raises(UnknownCodecError, match=rf"numcodecs has no codec with id '{codec_id}'.*{text}"):
                zarr.create_array(store, shape=4, dtype="i4", zarr_format=2, compressors={"id": codec_id})
        assert contents(store) == {}
