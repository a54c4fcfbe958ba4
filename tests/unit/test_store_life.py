"""Stores as objects: opening and closing, and which are equal."""

from __future__ import annotations

import copy
import pickle

import pytest

from tests.suites.calls import buf, get, put, run
from tests.suites.threads import is_blocked
from zarr.storage import LocalStore, MemoryStore, WrapperStore

pytestmark = pytest.mark.usefixtures("nothing_left_running")


class TestLifeCycle:
    def test_open_creates_an_open_store(self, tmp_path):
        for cls, args in ((MemoryStore, ()), (LocalStore, (tmp_path / "root",))):
            store = run(cls.open(*args))
            assert type(store) is cls
            assert store._is_open
            with pytest.raises(ValueError, match="already open"):
                run(store._open())
            run(store._ensure_open())
            store.close()
            assert not store._is_open
            run(store._open())
            assert store._is_open

    def test_a_wrapper_opens_and_closes_what_it_wraps(self):
        store = run(WrapperStore.open(MemoryStore))
        assert isinstance(store._store, MemoryStore)
        assert store._is_open
        assert store._store._is_open
        store.close()
        assert not store._store._is_open

    def test_a_local_store_makes_its_directory_when_it_is_opened_to_write(self, tmp_path):
        run(LocalStore.open(tmp_path / "a" / "b"))
        assert (tmp_path / "a" / "b").is_dir()
        for mode in ("r+", "a", "w", "w-"):
            assert not run(LocalStore.open(tmp_path / mode, mode=mode)).read_only
            assert (tmp_path / mode).is_dir()

    def test_a_local_store_that_is_opened_to_read_must_be_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="does not exist"):
            run(LocalStore.open(tmp_path / "missing", read_only=True))
        with pytest.raises(FileNotFoundError, match="does not exist"):
            run(LocalStore.open(tmp_path / "missing", mode="r"))
        assert not (tmp_path / "missing").exists()
        assert run(LocalStore.open(tmp_path, mode="r")).read_only


class TestIdentity:
    def test_memory_stores_are_equal_if_they_hold_the_same(self):
        one, two = MemoryStore(), MemoryStore()
        assert one == two
        put(one, "a")
        assert one != two
        put(two, "a")
        assert one == two
        put(two, "a", b"y")
        assert one != two
        assert one != one.with_read_only(True)
        assert MemoryStore(one._store_dict) == one

    def test_local_stores_are_equal_if_they_have_the_same_root(self, tmp_path):
        assert LocalStore(tmp_path) == LocalStore(str(tmp_path))
        assert LocalStore(tmp_path) != LocalStore(tmp_path / "a")

    def test_wrappers_are_equal_if_what_they_wrap_is(self):
        inner = MemoryStore()
        assert WrapperStore(inner) == WrapperStore(inner)
        assert WrapperStore(inner) != inner
        assert inner != WrapperStore(inner)

        class Special(WrapperStore):
            pass

        assert Special(inner) != WrapperStore(inner)

    def test_stores_of_different_kinds_are_not_equal(self, tmp_path):
        assert MemoryStore() != LocalStore(tmp_path)
        assert MemoryStore() != 1
        assert LocalStore(tmp_path) != str(tmp_path)

    def test_text_forms(self, tmp_path):
        memory, disk = MemoryStore(), LocalStore(tmp_path / "x")
        assert str(memory) == f"memory://{id(memory._store_dict)}"
        assert repr(memory) == f"MemoryStore('{memory}')"
        assert str(disk) == f"file://{tmp_path.as_posix()}/x"
        assert repr(disk) == f"LocalStore('file://{tmp_path.as_posix()}/x')"
        assert str(WrapperStore(disk)) == f"wrapping-{disk}"
        assert repr(WrapperStore(disk)) == f"WrapperStore(LocalStore, '{disk}')"

    def test_a_pickled_memory_store_is_a_copy_that_works(self):
        store = MemoryStore()
        put(store, "a", b"one")
        with store.hold(""):
            back = pickle.loads(pickle.dumps(store))
        put(back, "a", b"two")
        assert get(store, "a") == b"one"
        assert get(copy.deepcopy(back), "a") == b"two"

    def test_two_memory_stores_over_one_dict_share_values_and_holds(self):
        values = {}
        one, two = MemoryStore(values), MemoryStore(values)
        put(one, "a", b"x")
        assert get(two, "a") == b"x"
        assert sorted(values) == ["a"]
        with one.hold(""):
            assert is_blocked(lambda: two.put("a", buf(b"y")))
