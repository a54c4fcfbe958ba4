"""URLs given for a store: which library gets there, and what is said where none does."""

from __future__ import annotations

import pickle

import dask.array
import fsspec
import numpy as np
import pytest

import zarr
from tests.suites.calls import shown
from zarr._store.make import make_store
from zarr._store.remote import backends
from zarr.storage import FsspecStore, LocalStore, ManagedMemoryStore, MemoryStore, ZipStore


class StandIn(MemoryStore):
    """For the store of obstore."""

    @classmethod
    def from_url(cls, url, *, storage_options=None, read_only=False):
        store = cls(read_only=read_only)
        store.given = url, storage_options
        return store


class FsspecStandIn(StandIn):
    """For that of fsspec, where the package of a protocol is not installed."""


@pytest.fixture
def installed(monkeypatch):
    """Say which packages there are; the stores on them are stand-ins."""

    def put(*packages):
        monkeypatch.setattr(backends, "_is_installed", lambda package: package in packages)
        monkeypatch.setattr(backends, "ObjectStore", StandIn)
        monkeypatch.setattr(backends, "FsspecStore", FsspecStandIn)

    return put


CLOUDS = ["s3://bucket/a", "gs://bucket/a", "az://container/a", "abfs://container/a"]
PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "https": "aiohttp"}


class TestChoice:
    """Obstore before fsspec, except for HTTP, and for options that it cannot have; the setting decides otherwise."""

    @pytest.mark.parametrize("url", CLOUDS)
    def test_obstore_comes_first(self, url, installed):
        installed("obstore", "fsspec", *PACKAGES.values())
        store = make_store(url)
        assert (type(store), store.given) == (StandIn, (url, None))

    @pytest.mark.parametrize("url", [*CLOUDS, "https://host/a"])
    def test_what_is_installed_is_taken(self, url, installed):
        package = PACKAGES[url.partition(":")[0]]
        installed("fsspec", package)
        assert type(make_store(url)) is FsspecStandIn
        installed("fsspec", "obstore")
        assert type(make_store(url)) is StandIn
        installed("obstore")
        assert type(make_store(url)) is StandIn

    @pytest.mark.parametrize("url", [*CLOUDS, "https://host/a"])
    def test_where_nothing_is_installed_the_command_is_told(self, url, installed):
        for packages in ((), ("fsspec",), (PACKAGES[url.partition(":")[0]],)):
            installed(*packages)
            with pytest.raises(ImportError, match=rf"'{url}' needs a package.*pip install obstore.*pip install fsspec"):
                make_store(url)

    def test_no_password_is_told(self, installed):
        installed()
        for backend, url in (
            ("auto", "https://me:hunter2@host/a?signature=hunter3"),
            ("obstore", "sftp://me:hunter2@host/a"),
        ):
            with zarr.config.set({"storage.backend": backend}), pytest.raises((ImportError, ValueError)) as told:
                make_store(url)
            assert "hunter" not in str(told.value)
            assert "://***@host/a" in str(told.value)

    def test_http_goes_by_fsspec_which_lists(self, installed):
        installed("obstore", "fsspec", "aiohttp")
        assert type(make_store("https://host/a")) is FsspecStandIn

    @pytest.mark.parametrize(
        ("url", "options"),
        [
            ("s3://bucket/a", {"anon": True}),
            ("s3://bucket/a", {"key": "k", "secret": "s"}),
            ("s3://bucket/a", {"client_kwargs": {}}),
            ("s3://bucket/a", {"token": "t"}),
            ("gs://bucket/a", {"token": "anon"}),
            ("abfs://bucket/a", {"account_name": "a", "account_key": "k"}),
        ],
    )
    def test_words_of_fsspec_that_obstore_can_have_choose_obstore(self, url, options, installed):
        """As it puts on condition, which fsspec does not."""
        installed("obstore", "fsspec", *PACKAGES.values())
        store = make_store(url, storage_options=options)
        assert (type(store), store.given) == (StandIn, (url, options))

    @pytest.mark.parametrize(
        ("url", "options", "names"),
        [
            ("s3://bucket/a", {"key": "k", "profile": "p"}, "'profile'"),
            ("s3://bucket/a", {"session": 1, "use_ssl": False}, "'session' and 'use_ssl'"),
            ("gs://bucket/a", {"token": "cloud"}, "'token'"),
            ("az://container/a", {"account_name": "a", "credential": 1}, "'credential'"),
        ],
    )
    def test_others_choose_fsspec_and_that_is_told(self, url, options, names, installed):
        installed("obstore", "fsspec", *PACKAGES.values())
        store = make_store(url, storage_options=options)
        assert (type(store), store.given) == (FsspecStandIn, (url, options))
        assert store._why_not_obstore == f"as obstore has no word for {names}"
        installed("fsspec", *PACKAGES.values())
        assert make_store(url, storage_options=options)._why_not_obstore == ""

    def test_the_store_says_why_and_so_does_what_is_made_of_it(self):
        store = FsspecStore.from_url("memory://of-that-reason")
        store._why_not_obstore = "as obstore has no word for 'profile'"
        said = "FsspecStore('memory:///of-that-reason', fs=MemoryFileSystem, as obstore has no word for 'profile')"
        assert repr(store) == repr(store.with_read_only()) == repr(pickle.loads(pickle.dumps(store))) == said

    def test_credentials_that_only_s3fs_finds_choose_it(self, installed, monkeypatch):
        installed("obstore", "fsspec", "s3fs")
        options = {"endpoint_url": "http://here"}
        monkeypatch.setenv("AWS_PROFILE", "mine")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
        store = make_store("s3://bucket/a", storage_options=options)
        assert type(store) is FsspecStandIn
        assert store._why_not_obstore == "as s3fs may find credentials, or do without, where obstore does not"
        assert type(make_store("s3://bucket/a", storage_options={**options, "anon": True})) is StandIn
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        assert type(make_store("s3://bucket/a", storage_options=options)) is StandIn

    @pytest.mark.parametrize(
        "options",
        [
            {"skip_signature": True},
            {"aws_region": "x"},
            {"AWS_ENDPOINT": "x"},
            {"client_options": {}},
            {"missing_on": 403},
        ],
    )
    def test_options_of_obstore_choose_obstore(self, options, installed):
        installed("obstore", "fsspec", "s3fs")
        store = make_store("s3://bucket/a", storage_options=options)
        assert (type(store), store.given) == (StandIn, ("s3://bucket/a", options))

    def test_options_go_to_what_there_is(self, installed):
        installed("obstore")
        assert type(make_store("s3://bucket/a", storage_options={"anon": True})) is StandIn

    def test_the_setting_decides(self, installed):
        installed("obstore", "fsspec", "s3fs", "aiohttp")
        with zarr.config.set({"storage.backend": "fsspec"}):
            assert type(make_store("s3://bucket/a")) is FsspecStandIn
        with zarr.config.set({"storage.backend": "obstore"}):
            assert type(make_store("s3://bucket/a", storage_options={"anon": True})) is StandIn
            assert type(make_store("https://host/a")) is StandIn
            with pytest.raises(ValueError, match=r"obstore.*does not know such URLs: 'sftp://host/a'"):
                make_store("sftp://host/a")
        installed()
        with (
            zarr.config.set({"storage.backend": "obstore"}),
            pytest.raises(ImportError, match=r"needs obstore.*pip install obstore"),
        ):
            make_store("s3://bucket/a")

    def test_mode_r_makes_it_read_only(self, installed):
        installed("obstore", "fsspec", "s3fs")
        assert make_store("s3://bucket/a", mode="r").read_only
        assert not make_store("s3://bucket/a", mode="a").read_only
        assert make_store("s3://bucket/a", mode="r", storage_options={"anon": True}).read_only


class TestFsspec:
    """What only fsspec knows goes there, chains included."""

    def test_no_password_is_told(self):
        with pytest.raises(ValueError, match=r"kind 'nothing' are not known, got 'nothing://\*\*\*@host/a'") as told:
            make_store("nothing://me:hunter2@host/a")
        assert "hunter2" not in str(told.value)

    def test_a_chain(self, tmp_path):
        zarr.create_array(tmp_path / "x", data=np.arange(6), chunks=2)
        url = f"simplecache::file://{tmp_path}/x"
        array = zarr.open_array(
            url, mode="r", storage_options={"simplecache": {"cache_storage": str(tmp_path / "cache")}}
        )
        assert array[:].tolist() == list(range(6))
        assert type(array.store) is FsspecStore
        assert any((tmp_path / "cache").iterdir())

    def test_an_unknown_protocol(self):
        with pytest.raises(ValueError, match=r"Stores of the kind 'foo' are not known, got 'foo://a'"):
            make_store("foo://a")

    def test_a_missing_package_is_named(self, monkeypatch):
        def missing(*args, **kwargs):
            raise ImportError("Please install s3fs to access S3")

        monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
        with (
            zarr.config.set({"storage.backend": "fsspec"}),
            pytest.raises(ImportError, match=r"'s3://b/a' needs a package.*: pip install s3fs \(Please install"),
        ):
            make_store("s3://b/a")

    @pytest.mark.parametrize("call", [lambda: make_store("sftp://host/a"), lambda: FsspecStore.from_url("/tmp")])
    def test_fsspec_itself_is_missing(self, call, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
        with pytest.raises(ImportError, match=r"needs fsspec, which is not installed: pip install fsspec"):
            call()


class TestHere:
    """URLs of what is in this process or on this machine."""

    @pytest.mark.parametrize("start", ["zip://", "zip::", "zip::file://", "zip://::file://"])
    def test_a_local_zip_archive(self, start, tmp_path):
        with ZipStore(tmp_path / "a.zip", mode="w") as archive:
            zarr.create_array(archive, data=[1, 2, 3])
        store = make_store(f"{start}{tmp_path}/a.zip", mode="r")
        assert type(store) is ZipStore
        assert zarr.open_array(store)[:].tolist() == [1, 2, 3]
        assert make_store(str(store), mode="r") == store
        store.close()

    def test_a_place_in_a_zip_archive(self, tmp_path):
        with ZipStore(tmp_path / "a.zip", mode="w") as archive:
            zarr.create_array(archive, name="x/y", data=[1, 2, 3])
        array = zarr.open_array(f"zip://x/y::file://{tmp_path}/a.zip", mode="r")
        assert array[:].tolist() == [1, 2, 3]
        assert type(array.store) is FsspecStore

    @pytest.mark.parametrize("url", ["file:///x", "memory://x"])
    def test_nothing_is_left_to_options(self, url):
        with pytest.raises(TypeError, match=f"not used: '{url}' is not a URL of a remote store"):
            make_store(url, storage_options={"anon": True})

    @pytest.mark.parametrize("path", ["a::b", "a:b", "::", "a::file", "zipped::x"], ids=shown)
    def test_a_path_with_colons_is_a_path(self, path, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert type(make_store(path)) is LocalStore

    @pytest.mark.parametrize("url", ["s3://bucket/a", "https://host/a", "gs://a"])
    def test_what_is_refused_makes_no_directory(self, url, installed, tmp_path, monkeypatch):
        installed()
        monkeypatch.chdir(tmp_path)
        with pytest.raises((ImportError, ValueError)):
            make_store(url)
        assert list(tmp_path.iterdir()) == []

    def test_memory_is_found_by_its_name(self):
        store = make_store("memory://found by its name/a/b")
        assert (type(store), store.name, store.path) == (ManagedMemoryStore, "found by its name", "a/b")
        again = make_store("memory://found by its name/a/b", mode="r")
        assert again.read_only
        assert again == store.with_read_only(True)
        with pytest.raises(ValueError, match="nothing is kept under 'no such name'"):
            make_store("memory://no such name", mode="r")


class TestDask:
    """Dask asks `FsspecStore` for paths too."""

    @pytest.mark.parametrize("options", [None, {}], ids=shown)
    @pytest.mark.parametrize("place", ["path", "URL"])
    def test_to_and_from_zarr(self, options, place, tmp_path):
        where = str(tmp_path / "x") if place == "path" else f"file://{tmp_path}/x"
        expected = np.arange(60).reshape(6, 10)
        stored = dask.array.from_array(expected, chunks=(2, 5))
        stored.to_zarr(where, component="a/b", storage_options=options)
        np.testing.assert_array_equal(dask.array.from_zarr(where, component="a/b", storage_options=options), expected)
        assert zarr.open_array(tmp_path / "x", path="a/b").chunks == (2, 5)

    def test_a_mapper(self, tmp_path):
        mapper = fsspec.get_mapper(f"memory://{tmp_path}/x")
        dask.array.ones((4, 4), chunks=2).to_zarr(mapper)
        assert dask.array.from_zarr(mapper).sum().compute() == 16

    @pytest.mark.parametrize("start", ["", "file://", "zip://", "zip::", "zip::file://"])
    def test_an_archive(self, start, tmp_path, engine):
        path = tmp_path / "a.zip"
        dask.array.arange(100, chunks=7).to_zarr(str(path), component="a/b")
        where = f"{start}{path}"
        for options in (None, {}):
            lazy = dask.array.from_zarr(where, component="a/b", storage_options=options)
            assert lazy.chunks == ((*[7] * 14, 2),)
            assert lazy.sum().compute() == 4950
        assert dask.array.from_zarr(ZipStore(path, mode="r"), component="a/b").sum().compute() == 4950

    def test_an_archive_that_is_not_there_is_a_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        store = FsspecStore.from_url("a.zip")
        assert list(zarr.create_group(store)) == []
        assert (tmp_path / "a.zip").is_dir()
