"""What users pass as a store, and which store it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

import zarr
from tests.suites.calls import put, shown
from zarr._store.make import make_store, make_store_path
from zarr.storage import LocalStore, MemoryStore, StorePath


def names(directory) -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


class TestMakeStore:
    def test_none_is_a_new_memory_store(self):
        one, two = make_store(None), make_store(None)
        assert type(one) is MemoryStore
        assert one._store_dict is not two._store_dict

    def test_a_dict_is_used_as_it_is(self):
        values = {}
        store = make_store(values)
        put(store, "a")
        assert list(values) == ["a"]
        assert make_store(values) == store

    def test_paths_are_directories(self, tmp_path, monkeypatch):
        for spelling in (tmp_path / "a", str(tmp_path / "a"), f"file://{tmp_path}/a", f"file://localhost{tmp_path}/a"):
            store = make_store(spelling)
            assert type(store) is LocalStore
            assert store.root == tmp_path / "a"
        monkeypatch.chdir(tmp_path)
        assert make_store("a").root.resolve() == tmp_path / "a"
        assert names(tmp_path) == []

    def test_file_urls_are_decoded(self, tmp_path):
        assert make_store(f"file://{tmp_path}/with%20space%23").root == tmp_path / "with space#"

    def test_stores_and_places_are_taken_apart(self, any_store):
        assert make_store(any_store) is any_store
        assert make_store(StorePath(any_store, "a")) is any_store

    @pytest.mark.parametrize("kind", [None, {}, "path"], ids=shown)
    def test_mode_r_makes_new_stores_read_only(self, kind, tmp_path):
        assert make_store(tmp_path if kind == "path" else kind, mode="r").read_only
        for mode in (None, "r+", "a", "w", "w-"):
            assert not make_store(tmp_path if kind == "path" else kind, mode=mode).read_only

    def test_mode_and_store_must_agree(self, any_store):
        assert make_store(any_store, mode="r").read_only
        frozen = any_store.with_read_only(True)
        assert make_store(frozen, mode="r") is frozen
        assert make_store(frozen) is frozen
        for mode in ("r+", "a", "w", "w-"):
            assert make_store(any_store, mode=mode) is any_store
            with pytest.raises(ValueError, match=f"read-only but mode is '{mode[0]}"):
                make_store(frozen, mode=mode)
            with pytest.raises(ValueError, match="read-only but mode is"):
                make_store(StorePath(frozen, "a"), mode=mode)

    @pytest.mark.parametrize("store", [1, 1.5, b"path", ["a"], object(), {"a"}, True], ids=shown)
    def test_anything_else_is_refused_with_a_way_out(self, store):
        with pytest.raises(
            TypeError, match=r"Unsupported type for store_like: '\w+'. Pass a path, a dict or a zarr store"
        ):
            make_store(store)

    @pytest.mark.parametrize("store", [None, {}, "path"], ids=shown)
    def test_storage_options_without_a_url_are_refused(self, store):
        with pytest.raises(TypeError, match="'storage_options' was provided but is not used"):
            make_store(store, storage_options={"anon": True})
        make_store(store, storage_options={})

    def test_storage_options_of_what_is_no_url_name_it(self):
        with pytest.raises(TypeError, match=r"not used: 'data\.zarr' is not a URL"):
            zarr.open("data.zarr", storage_options={"anon": True})
        with pytest.raises(TypeError, match="not used: a MemoryStore is not a URL"):
            zarr.open(MemoryStore(), storage_options={"anon": True})

    def test_places(self, any_store):
        assert make_store_path(any_store, path="/a/") == StorePath(any_store, "a")
        assert make_store_path(any_store) == StorePath(any_store)
        assert make_store_path(any_store, path=None) == StorePath(any_store)
        place = StorePath(any_store, "a")
        assert make_store_path(place).path == "a"
        assert make_store_path(place, path="b/c").path == "a/b/c"
        assert make_store_path(place, mode="r").read_only
        with pytest.raises(ValueError, match="invalid"):
            make_store_path(place, path="../b")

    def test_every_function_takes_every_kind(self, tmp_path):
        place = StorePath(MemoryStore(), "deep")
        for store in (tmp_path / "p", str(tmp_path / "s"), f"file://{tmp_path}/u", {}, MemoryStore(), place):
            zarr.create_array(store, name="x", data=[1, 2, 3])
            assert zarr.open_array(store, path="x", mode="r")[:].tolist() == [1, 2, 3]
            assert list(zarr.open_group(store, mode="r")) == ["x"]
        assert sorted(place.store._store_dict) == ["deep/x/c/0", "deep/x/zarr.json", "deep/zarr.json", "zarr.json"]
