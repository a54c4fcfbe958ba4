"""Attributes of arrays and groups: the mapping, what JSON can say, and what becomes of a NaN."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import zarr
from tests.samples import contents, document, filled
from tests.suites.calls import run, shown
from zarr._metadata.parse import LongDocument
from zarr.errors import NodeNotFoundError, ZarrUserWarning


@pytest.fixture(params=["array", "group"])
def node(request, store, zarr_format):
    if request.param == "array":
        return filled(store, zarr_format, name="n", attributes={"first": 1})
    return zarr.create_group(store, path="n", zarr_format=zarr_format, attributes={"first": 1})


def reopened(node):
    return zarr.open(node.store, path=node.path, mode="r")


class TestAttributes:
    def test_the_mapping_protocol(self, node):
        attrs = node.attrs
        assert attrs["first"] == 1
        attrs["second"] = {"nested": [1, 2.5, None, True, "x"]}
        assert list(attrs) == ["first", "second"]
        assert len(attrs) == 2
        assert "second" in attrs
        assert "third" not in attrs
        assert attrs.get("third", 5) == 5
        assert dict(attrs.items()) == {"first": 1, "second": {"nested": [1, 2.5, None, True, "x"]}}
        del attrs["first"]
        assert attrs.pop("second") == {"nested": [1, 2.5, None, True, "x"]}
        assert attrs.setdefault("third", 3) == 3
        attrs.update({"a": 1}, b=2)
        attrs.update(c=3)
        assert attrs.asdict() == {"third": 3, "a": 1, "b": 2, "c": 3}
        assert attrs == {"third": 3, "a": 1, "b": 2, "c": 3}
        assert repr(attrs) == repr(attrs.asdict())
        assert reopened(node).attrs == attrs
        attrs.put({"only": 1})
        assert reopened(node).attrs.asdict() == {"only": 1}
        attrs.clear()
        assert reopened(node).attrs.asdict() == {}
        for missing in (lambda: attrs["x"], lambda: attrs.__delitem__("x"), lambda: attrs.pop("x")):
            with pytest.raises(KeyError, match="x"):
                missing()

    def test_update_attributes_merges_and_returns_the_node(self, node):
        assert node.update_attributes({"b": 2}) is node
        assert node.attrs.asdict() == {"first": 1, "b": 2}
        assert reopened(node).attrs.asdict() == {"first": 1, "b": 2}

    @pytest.mark.parametrize(
        "value",
        [object(), {1, 2}, b"bytes", 1j, [1, [object()]], np.array([1j]), len],
        ids=shown,
    )
    def test_what_json_cannot_say_is_an_error_and_changes_nothing(self, node, value):
        before = contents(node.store)
        for change in (
            lambda: node.attrs.__setitem__("bad", value),
            lambda: node.attrs.update({"good": 1, "bad": value}),
            lambda: node.attrs.put({"bad": value}),
            lambda: node.update_attributes({"bad": {"deep": [value]}}),
        ):
            with pytest.raises(TypeError, match="JSON"):
                change()
        assert node.attrs.asdict() == {"first": 1}
        assert contents(node.store) == before

    def test_nan_is_stored_with_a_warning_that_names_the_place(self, node):
        with pytest.warns(ZarrUserWarning, match=r"attribute \['a'\]\['b'\]\[1\] = nan") as caught:
            node.attrs["a"] = {"b": [0, float("nan")]}
        assert [w.filename for w in caught] == [__file__]
        node.attrs["other"] = 1  # without a warning
        np.testing.assert_equal(reopened(node).attrs["a"], {"b": [0, float("nan")]})
        with pytest.warns(ZarrUserWarning, match=r"attribute \['a'\] = inf"):
            node.attrs["a"] = float("inf")
        assert reopened(node).attrs.asdict() == {"first": 1, "a": float("inf"), "other": 1}

    def test_the_handle_that_wrote_sees_what_others_read(self, node):
        node.attrs["t"] = (1, (2, 3))
        node.attrs["n"] = np.float32(1.5)
        node.attrs["a"] = np.arange(3)
        node.attrs["k"] = {1: "one"}
        expected = {"first": 1, "t": [1, [2, 3]], "n": 1.5, "a": [0, 1, 2], "k": {"1": "one"}}
        assert node.attrs.asdict() == expected
        assert type(node.attrs["n"]) is float
        assert reopened(node).attrs.asdict() == expected

    def test_a_value_is_not_aliased(self, node):
        value = {"list": [1]}
        node.attrs["v"] = value
        value["list"].append(2)
        assert node.attrs["v"] == {"list": [1]}
        copied = node.attrs.asdict()
        copied["new"] = 1
        assert "new" not in node.attrs

    def test_two_handles_keep_each_others_entries(self, node):
        other = zarr.open(node.store, path=node.path)
        node.attrs["mine"] = 1
        other.attrs["yours"] = 2
        assert other.attrs.asdict() == {"first": 1, "mine": 1, "yours": 2}
        del node.attrs["first"]
        assert reopened(node).attrs.asdict() == {"mine": 1, "yours": 2}

    def test_a_kept_mapping_follows_the_node(self, node):
        attrs = node.attrs
        node.attrs["later"] = 1
        assert attrs["later"] == 1

    def test_attributes_of_a_deleted_node_are_an_error(self, store):
        array = filled(store, name="n")
        zarr.open_group(store).__delitem__("n")
        with pytest.raises(NodeNotFoundError, match="deleted"):
            array.attrs["a"] = 1
        assert "n/zarr.json" not in contents(store)

    def test_everything_else_in_the_document_stays(self, store):
        array = filled(store, name="n", dimension_names=["y", "x"])
        stored = document(store, "n")
        stored["extra"] = {"must_understand": False, "x": 1}
        store.set_sync("n/zarr.json", zarr.buffer.cpu.Buffer.from_bytes(json.dumps(stored).encode()))
        array.attrs["a"] = 1
        assert document(store, "n") == {**stored, "attributes": {"a": 1}}


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("value", [float("nan"), [1.0, float("-inf")], {"attributes": float("inf")}, np.float32("nan")])
def test_a_nan_among_the_attributes_is_kept_and_warned_of(store, zarr_format, value):
    with pytest.warns(ZarrUserWarning, match=r"\['odd'\].* in other languages") as caught:
        array = zarr.create_array(store, shape=(1,), dtype="i1", zarr_format=zarr_format, attributes={"odd": value})
    assert [w.filename for w in caught] == [__file__]
    plain = value.item() if isinstance(value, np.generic) else value
    np.testing.assert_equal(dict(zarr.open_array(store, mode="r").attrs), {"odd": plain})
    for change in (array.attrs.update, array.attrs.put, array.update_attributes):
        array.attrs.put({"good": 1})
        with pytest.warns(ZarrUserWarning, match=r"\['odd'\].* in other languages"):
            change({"odd": value})
        np.testing.assert_equal(dict(zarr.open_array(store, mode="r").attrs)["odd"], plain)


def test_attributes_that_contain_themselves_are_refused(store):
    array = zarr.create_array(store, shape=(1,), dtype="i1", attributes={"good": 1})
    circle = {}
    circle["self"] = circle
    with pytest.raises(TypeError, match="contain themselves"):
        array.attrs["circle"] = circle
    assert dict(zarr.open_array(store, mode="r").attrs) == {"good": 1}


@pytest.mark.parametrize("value", [np.datetime64("2024-02-29"), 1j, b"x", np.array([1j])])
def test_what_json_has_no_form_for_is_named_in_the_error(store, value):
    array = zarr.create_array(store, shape=(1,), dtype="i1")
    with pytest.raises(TypeError, match=rf"type {type(value).__name__} is not JSON serializable: .*Store text"):
        array.attrs["bad"] = value
    assert dict(array.attrs) == {}


def test_a_list_taken_out_of_the_attributes_is_a_copy(store):
    array = zarr.create_array(store, shape=(1,), dtype="i1", attributes={"list": [1], "nested": {"a": [1]}})
    array.attrs["list"].append(2)
    array.attrs["nested"]["a"].append(2)
    array.attrs.asdict()["list"].append(2)
    array.attrs["other"] = 1
    assert dict(array.attrs) == {"list": [1], "nested": {"a": [1]}, "other": 1}


@pytest.mark.parametrize("key", [1, 1.5, None, True, b"x", ("a",)])
@pytest.mark.parametrize("kind", ["array", "group"])
def test_keys_are_strings(store, zarr_format, kind, key):
    """JSON has no others: the library would have to make up a string, and another key be read than was written."""
    make = {
        "array": lambda path, **options: zarr.create_array(
            store, name=path, shape=1, dtype="i1", zarr_format=zarr_format, **options
        ),
        "group": lambda path, **options: zarr.create_group(store, path=path, zarr_format=zarr_format, **options),
    }[kind]
    node = make("x", attributes={"a": 1})
    for change in (
        lambda: node.attrs.__setitem__(key, 2),
        lambda: node.attrs.update({key: 2}),
        lambda: node.attrs.update([(key, 2)]),
        lambda: node.attrs.put({"a": 1, key: 2}),
        lambda: node.attrs.setdefault(key, 2),
        lambda: node.update_attributes({key: 2}),
        lambda: run(getattr(node, f"_async_{kind}" if kind == "group" else "async_array").update_attributes({key: 2})),
        lambda: make("new", attributes={key: 2}),
        lambda: zarr.open_group(store).require_array("new", shape=1, dtype="i1", attributes={key: 2}),
    ):
        with pytest.raises(TypeError, match="keys of attributes are strings"):
            change()
    assert dict(node.attrs) == dict(zarr.open(store, path="x").attrs) == {"a": 1}
    assert "new" not in zarr.open_group(store)


LONG = {"numbers": list(range(10_000)), "nested": {"list": [1, [2]]}}


class TestLongDocuments:
    """A document of more than 16 KiB, which the handle that wrote or read it need not parse again."""

    @pytest.fixture
    def node(self, store, zarr_format):
        return zarr.create_group(store, path="n", zarr_format=zarr_format, attributes=LONG)

    def test_entries_of_two_handles_are_kept(self, node):
        mine, yours = (zarr.open_group(node.store, path="n") for _ in range(2))
        for number in range(3):
            mine.attrs[f"mine {number}"] = number
            yours.attrs[f"yours {number}"] = number
        expected = {f"{whose} {number}": number for whose in ("mine", "yours") for number in range(3)}
        assert reopened(node).attrs.asdict() == {**LONG, **expected}
        assert yours.attrs.asdict() == {**LONG, **expected}

    def test_what_was_taken_out_is_a_copy(self, node):
        node = zarr.open_group(node.store, path="n")
        for _ in range(2):
            node.attrs["nested"]["list"].append(3)
            node.attrs["numbers"].append(3)
            node.attrs.asdict()["nested"]["list"].append(3)
            node.attrs["other"] = 1
        assert node.attrs.asdict() == reopened(node).attrs.asdict() == {**LONG, "other": 1}

    def test_what_was_put_in_is_a_copy(self, node):
        given = {"list": [1], "text": "x" * 20_000}
        node.attrs["given"] = given
        given["list"].append(2)
        node.attrs["other"] = 1
        assert node.attrs["given"]["list"] == reopened(node).attrs["given"]["list"] == [1]

    def test_arrays_keep_the_shape_that_others_gave_them(self, store, zarr_format):
        created = filled(store, zarr_format, name="a", attributes=LONG)
        mine, yours = (zarr.open_array(store, path="a") for _ in range(2))
        mine.attrs["a"] = 1
        yours.resize((7, 4))
        mine.attrs["b"] = 2
        mine.resize((8, 4))
        yours.attrs["c"] = 3
        del mine.attrs["numbers"]
        assert mine.shape == (8, 4)
        opened = zarr.open_array(store, path="a")
        assert (opened.shape, opened.attrs.asdict()) == (
            (8, 4),
            {"nested": LONG["nested"], "a": 1, "b": 2, "c": 3},
        )
        assert (opened[:5] == created[:5]).all()

    @pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
    def test_a_consolidated_group_keeps_its_copy(self, store, zarr_format):
        group = zarr.create_group(store, zarr_format=zarr_format, attributes=LONG)
        filled(store, zarr_format, name="a")
        zarr.consolidate_metadata(store, zarr_format=zarr_format)
        for _ in range(2):
            group.attrs["x"] = group.attrs.get("x", 0) + 1
        opened = zarr.open_consolidated(store, zarr_format=zarr_format)
        assert list(opened.keys()) == ["a"]
        assert opened.attrs["x"] == 2

    def test_it_pickles(self, node):
        opened = pickle.loads(pickle.dumps(zarr.open_group(node.store, path="n").metadata))
        assert opened == node.metadata
        assert type(opened._document) is not LongDocument

    def test_who_only_reads_does_not_keep_its_bytes(self, store):
        zarr.create_group(store, path="n", attributes=LONG)
        filled(store, 3, name="a", attributes=LONG)
        for path in ("n", "a"):
            reading, writing = (zarr.open(store, path=path, mode=mode) for mode in ("r", "r+"))
            assert reading.metadata == writing.metadata
            assert type(reading.metadata._document) is dict
            assert type(writing.metadata._document) is LongDocument


def test_asking_for_a_name_copies_no_value(store, monkeypatch):
    array = zarr.create_array(store, shape=3, dtype="i1", attributes={"long": list(range(1000))})
    monkeypatch.delattr(type(array.attrs), "__getitem__")
    assert "long" in array.attrs
    assert "short" not in array.attrs


def test_update_takes_what_that_of_a_dict_takes(store):
    array = zarr.create_array(store, shape=3, dtype="i1")
    array.attrs.update([("a", 1)], b=2)
    array.attrs.update()
    assert dict(array.attrs) == {"a": 1, "b": 2}
    with pytest.raises(TypeError, match="takes one mapping and keywords, got 2 mappings"):
        array.attrs.update({"c": 3}, {"d": 4})
    assert dict(array.attrs) == {"a": 1, "b": 2}


class TestOfAnAsynchronousFace:
    def test_a_copy_that_refuses_to_be_changed(self, node):
        attrs = node._async_array.attrs if isinstance(node, zarr.Array) else node._async_group.attrs
        for change in (
            lambda: attrs.__setitem__("x", 1),
            lambda: attrs.__delitem__("first"),
            lambda: attrs.update(x=1),
            lambda: attrs.setdefault("x", 1),
            lambda: attrs.pop("first"),
            lambda: attrs.popitem(),
            lambda: attrs.clear(),
            lambda: attrs.__ior__({"x": 1}),
        ):
            with pytest.raises(TypeError, match="update_attributes"):
                change()
        assert attrs == {"first": 1} == dict(node.attrs)

    def test_it_is_a_dict_otherwise(self, node):
        attrs = node._async_array.attrs if isinstance(node, zarr.Array) else node._async_group.attrs
        for twin in (
            dict(attrs),
            copy.copy(attrs),
            copy.deepcopy(attrs),
            pickle.loads(pickle.dumps(attrs)),
            attrs | {},
        ):
            assert type(twin) is dict
            assert twin == attrs
        assert json.dumps(attrs) == '{"first": 1}'
        node.attrs["inner"] = attrs
        assert reopened(node).attrs["inner"] == {"first": 1}


@pytest.mark.parametrize("value", [np.longdouble(0.1), [np.ones(2, "g")]], ids=str)
def test_numbers_that_python_does_not_have_are_refused(value):
    group = zarr.create_group({})
    with pytest.raises(
        TypeError, match=r"\['p'\].* Object of type \w+ is not JSON serializable: .* Store text or numbers"
    ):
        group.attrs["p"] = value
