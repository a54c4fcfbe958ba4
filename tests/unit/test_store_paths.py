"""Places in stores: paths, ranges, and a store together with a path."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.calls import buf, collect, get, put, run, shown
from tests.suites.plain_stores import AsyncOnly
from zarr._buffer.byte_range import resolve_range
from zarr._store.keys import check_key
from zarr._store.path import normalize_path
from zarr.abc.store import (
    OffsetByteRequest,
    RangeByteRequest,
    SuffixByteRequest,
)
from zarr.buffer.cpu import buffer_prototype
from zarr.storage import LocalStore, MemoryStore, StorePath


@pytest.mark.parametrize(
    ("given_path", "expected"),
    [
        *((None, ""), ("", ""), ("/", ""), ("//", ""), ("a", "a"), ("/a/", "a"), ("a//b", "a/b"), ("\\a\\b\\", "a/b")),
        *((b"a/b", "a/b"), (Path("a/b"), "a/b"), (".a/b.", ".a/b."), ("...", "..."), ("a b/ü", "a b/ü")),
    ],
    ids=shown,
)
def test_normalising_a_path(given_path, expected):
    assert normalize_path(given_path) == expected


@pytest.mark.parametrize("path", [".", "..", "a/..", "./a", "a/./b", "\\..\\a", b"..", "/.."], ids=shown)
def test_a_path_with_dots_for_segments_is_refused(path):
    with pytest.raises(ValueError, match=r"segment '.' or '..'"):
        normalize_path(path)


@pytest.mark.parametrize("path", [1, 1.5, ["a"], object()], ids=shown)
def test_a_path_of_another_kind_is_refused(path):
    with pytest.raises(TypeError):
        normalize_path(path)


@given(st.text(alphabet="ab/\\._", max_size=12))
def test_a_normalised_path_is_empty_or_a_valid_key_and_stays_as_it_is(text):
    try:
        path = normalize_path(text)
    except ValueError:
        assert {".", ".."} & set(text.replace("\\", "/").split("/"))
        return
    assert normalize_path(path) == path
    assert path == "" or check_key(path) == path


@given(
    st.one_of(
        st.builds(RangeByteRequest, st.integers(0, 30), st.integers(-5, 30)),
        st.builds(OffsetByteRequest, st.integers(0, 30)),
        st.builds(SuffixByteRequest, st.integers(0, 30)),
    ),
    st.integers(0, 20),
)
def test_a_resolved_range_agrees_with_slicing(request_, nbytes):
    value = bytes(range(nbytes))
    match request_:
        case RangeByteRequest(start_, end):
            expected = value[start_ : max(end, 0)]
        case OffsetByteRequest(offset):
            expected = value[offset:]
        case SuffixByteRequest(suffix):
            expected = value[max(0, nbytes - suffix) :]
    first, stop = resolve_range(request_, nbytes)
    assert 0 <= first <= stop <= nbytes
    assert value[first:stop] == expected


class TestStorePath:
    def test_its_parts(self, any_store):
        place = StorePath(any_store, "/a//b/")
        assert place.store is any_store
        assert place.path == "a/b"
        assert (place / "c").path == "a/b/c"
        assert (place / "/c/d/").path == "a/b/c/d"
        assert (StorePath(any_store) / "c").path == "c"
        assert StorePath(any_store).path == ""
        with pytest.raises(ValueError, match="invalid"):
            place / ".."
        assert not place.read_only
        assert StorePath(any_store.with_read_only(True)).read_only

    def test_text_forms(self, tmp_path):
        store = LocalStore(tmp_path)
        assert str(StorePath(store, "a")) == f"file://{tmp_path}/a"
        assert str(StorePath(store)) == f"file://{tmp_path}"
        assert repr(StorePath(store, "a")) == f"StorePath(LocalStore, 'file://{tmp_path}/a')"

    def test_equality(self, any_store):
        assert StorePath(any_store, "a") == StorePath(any_store, "/a/")
        assert StorePath(any_store, "a") != StorePath(any_store, "b")
        assert StorePath(any_store, "a") != "a"
        other = MemoryStore()
        put(other, "x")
        assert StorePath(any_store, "a") != StorePath(other, "a")
        with pytest.raises(TypeError, match="unhashable"):
            hash(StorePath(any_store))

    def test_values(self, any_store):
        place = StorePath(any_store, "a") / "b"
        assert run(place.get()) is None
        assert run(place.get_json()) is None
        run(place.set_if_not_exists(buf(b'{"n": 1}')))
        run(place.set_if_not_exists(buf(b"2")))
        assert run(place.get()).to_bytes() == b'{"n": 1}'
        assert run(place.get(buffer_prototype, SuffixByteRequest(2))).to_bytes() == b"1}"
        assert run(place.get_json()) == {"n": 1}
        assert run(place.get_json(byte_range=RangeByteRequest(6, 7))) == 1
        assert run(place.exists())
        assert not run((place / "c").exists())
        run(place.set(buf(b"3")))
        assert get(any_store, "a/b") == b"3"
        assert not run(StorePath(any_store, "a").is_empty())
        run(place.delete())
        assert run(StorePath(any_store, "a").is_empty())
        put(any_store, "a/b/c")
        put(any_store, "ab")
        run(StorePath(any_store, "a").delete_dir())
        assert collect(any_store.list()) == ["ab"]

    def test_synchronous_values(self, any_store):
        place = StorePath(any_store, "a/b")
        assert place.get_sync() is None
        place.set_sync(buf(b"0123"))
        assert place.get_sync().to_bytes() == b"0123"
        assert place.get_sync(prototype=buffer_prototype, byte_range=OffsetByteRequest(3)).to_bytes() == b"3"
        place.delete_sync()
        assert place.get_sync() is None

    def test_synchronous_values_need_a_store_that_can(self):
        place = StorePath(AsyncOnly(), "a")
        for call in (place.get_sync, lambda: place.set_sync(buf(b"")), place.delete_sync):
            with pytest.raises(TypeError, match="AsyncOnly does not support synchronous"):
                call()

    def test_pickling(self, any_store):
        put(any_store, "a/b", b"x")
        back = pickle.loads(pickle.dumps(StorePath(any_store, "a")))
        assert back == StorePath(any_store, "a")
        assert run((back / "b").get()).to_bytes() == b"x"

    @pytest.mark.parametrize("mode", [None, "r", "r+", "a", "w", "w-"])
    def test_opening_with_each_mode(self, any_store, mode):
        put(any_store, "other")
        place = run(StorePath.open(any_store, "a", mode=mode))
        assert place.path == "a"
        assert place.read_only is (mode == "r")
        assert place.store._is_open
        assert not any_store.read_only
        assert collect(any_store.list()) == ["other"]

    def test_opening_to_replace_deletes_what_is_below(self, any_store):
        for key in ("a/b/c", "ab"):
            put(any_store, key)
        run(StorePath.open(any_store, "a", mode="w"))
        assert collect(any_store.list()) == ["ab"]

    def test_opening_to_create_refuses_what_is_there(self, any_store):
        put(any_store, "a/b")
        with pytest.raises(FileExistsError, match="already contains keys"):
            run(StorePath.open(any_store, "a", mode="w-"))
        assert get(any_store, "a/b") == b"x"

    @pytest.mark.parametrize("mode", ["r+", "a", "w", "w-"])
    def test_a_read_only_store_cannot_be_opened_to_write(self, any_store, mode):
        put(any_store, "a/b")
        with pytest.raises(ValueError, match=r"read-only but mode is"):
            run(StorePath.open(any_store.with_read_only(True), "a", mode=mode))
        assert get(any_store, "a/b") == b"x"


@pytest.mark.parametrize("given", ["x", None, {}, Path("x")])
def test_a_place_is_in_a_store(given):
    with pytest.raises(TypeError, match="a StorePath is a place in a store, got"):
        StorePath(given)
