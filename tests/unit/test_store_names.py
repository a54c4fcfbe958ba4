"""The text of a store, or of a place in one, opens the same data again, whatever the directory is called."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from tests.suites.calls import get, put
from zarr._store.file_url import from_url, to_url
from zarr.storage import LocalStore, MemoryStore, StorePath

NAMES = [
    "plain.zarr", "100%", "a%20b", "%", "%2", "%zz", "a#b", "a?b=c", "#", "?", "with space", " leading", "trailing ",
    "ü😀", "e\u0301", "\udcff", "~", "~user", "back\\slash", ".hidden", "trailing.", "...", "file:", "file:a", "http:a",
    "a&b;c", "[x]", "{x}", "'quoted'", '"', "a:b", "localhost", "new\nline", "\t", "*", "$HOME", "%25", "@", "a=b", "+",
]  # fmt: skip


def spelled(name):
    return name.encode("unicode_escape").decode()


@pytest.mark.parametrize("name", NAMES, ids=spelled)
def test_the_text_of_a_store_opens_it(tmp_path, name):
    store = LocalStore(tmp_path / name)
    zarr.create_array(store, name="x", data=[1, 2, 3])
    for text in (str(store), str(StorePath(store)), f"file://localhost{str(store).removeprefix('file://')}"):
        opened = zarr.open_group(text, mode="r")
        assert opened["x"][:].tolist() == [1, 2, 3]
        assert opened.store.root == store.root
    assert eval(repr(store), {"LocalStore": LocalStore}) == store
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", [name for name in NAMES if "\\" not in name], ids=spelled)
def test_the_text_of_a_place_opens_it(tmp_path, name):
    store = LocalStore(tmp_path / "root")
    array = zarr.create_array(store, name=f"{name}/a%b/x", data=[1, 2, 3])
    assert zarr.open_array(str(array.store_path), mode="r")[:].tolist() == [1, 2, 3]
    assert zarr.open(str(StorePath(store, name)), mode="r")["a%b/x"].shape == (3,)


@pytest.mark.parametrize("name", [*NAMES, ".", "a/../b", "localhost/x", "./x", "", "../up"], ids=spelled)
def test_the_text_of_a_relative_store_opens_it_from_where_it_was_made(tmp_path, monkeypatch, name):
    (tmp_path / "in" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "in")
    store = LocalStore(name)
    put(store, "key", b"value")
    again = LocalStore(str(store))
    assert again.root == store.root
    assert get(again, "key") == b"value"
    group = zarr.create_group(name)
    assert zarr.open_group(str(group.store_path), mode="r").store.root == group.store.root


def test_the_root_of_the_file_system():
    assert str(StorePath(LocalStore("/"), "a/b")) == "file:///a/b"
    assert LocalStore("file:///").root == LocalStore("/").root


def test_usual_names_are_shown_as_they_are(tmp_path):
    assert str(LocalStore("/data/my results/ü.zarr")) == "file:///data/my results/ü.zarr"
    assert str(LocalStore("data.zarr")) == "file://data.zarr"
    assert str(StorePath(LocalStore("data.zarr"), "a/b")) == "file://data.zarr/a/b"
    assert str(LocalStore("/a#b")) == "file:///a%23b"


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("file:///a/b%20c", "/a/b c"),
        ("FILE:///a", "/a"),
        ("file://localhost/a", "/a"),
        ("file://a/b", "a/b"),
        ("file:///a%C3%BC", "/aü"),
        ("file:///a%FF", "/a\udcff"),
        ("file:///a?b#c", "/a?b#c"),
        ("file:a", "file:a"),
        ("file:/a", "file:/a"),
    ],
)
def test_urls_of_others(url, root):
    assert str(LocalStore(url).root) == root
    assert str(zarr._store.make.make_store(url).root) == root


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=()), min_size=1))
def test_any_text_is_a_path_again(path):
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # no name of a file
        return
    assert from_url(to_url(path)) in (path, f"./{path}")


def test_a_memory_store_has_no_name_to_be_found_by():
    with pytest.raises(ValueError, match=r"Memory store not found .* nothing is kept under"):
        zarr.open_group(str(MemoryStore()), mode="r")
    with pytest.raises(TypeError, match="dict"):
        MemoryStore(str(MemoryStore()))
