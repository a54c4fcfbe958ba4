"""What is changed through a consolidated group shows in it, and in the copy that the next reader opens."""

from __future__ import annotations

import json
import pickle
import warnings

import numpy as np
import pytest

import zarr
from tests.samples import described
from tests.suites.calls import get, put, run
from tests.suites.consolidated import CHANGES, NOT_SPECIFIED, assert_true, consolidate, copy_key, stored
from zarr._flow import copies
from zarr._flow.consolidate import consolidate as consolidate_flow
from zarr._flow.drive import run as drive
from zarr._flow.requests import Fetch, Names, Put, Remove, RemovePrefix, Rename, TakeHold, Together
from zarr._flow.watch import logged
from zarr._metadata.group import ConsolidatedMetadata
from zarr.errors import MetadataValidationError, ZarrRuntimeWarning, ZarrUserWarning
from zarr.storage import LocalStore, MemoryStore, StorePath

pytestmark = pytest.mark.filterwarnings(NOT_SPECIFIED)


@pytest.fixture
def group(engine, any_store, zarr_format):
    """A consolidated group with arrays `a`, `g/b` and `g/h/c`."""
    root = zarr.create_group(any_store, zarr_format=zarr_format, attributes={"top": 1})
    for path in ("a", "g/b", "g/h/c"):
        root.create_array(path, data=np.arange(6, dtype="i4").reshape(2, 3), chunks=2)
    consolidate(any_store)
    return zarr.open_group(any_store, mode="r+")


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_shows_everywhere(group, name):
    before = described(group)
    CHANGES[name](group)
    assert described(group) != before or name in ("attributes of the group itself", "delete an attribute")
    assert_true(group)
    assert dict(zarr.open_group(group.store, mode="r").attrs) == dict(group.attrs)


def test_the_asynchronous_face_does_the_same(group):
    face = group._async_group

    async def work():
        await face.delitem("a")
        made = await face.create_array("new", shape=3, dtype="i1")
        await made.append([1, 2])
        await made.update_attributes({"x": 1})
        below = await face.getitem("g")
        await below.delitem("b")
        await below.move("h", "i")
        await below.setitem("j", np.arange(3))

    run(work())
    assert sorted(described(group)) == ["g", "g/i", "g/i/c", "g/j", "new"]
    assert_true(group)


def test_handles_taken_before_see_what_others_change(group):
    below = group["g"]
    twin = group["g"]
    del below["b"]
    below.create_group("new")
    assert list(twin) == ["h", "new"]
    assert sorted(group["g"]) == ["h", "new"]
    del group["g"]
    assert list(twin) == []


def test_a_change_that_is_refused_changes_no_copy(group):
    before = described(group)
    for wrong in (
        lambda: group.create_array("a", shape=3, dtype="no such type", overwrite=True),
        lambda: group.create_array("a", shape=3, dtype="i1"),
        lambda: group.create_group("a/b"),
        lambda: group.move("a", "g"),
        lambda: group.__delitem__("missing"),
        lambda: group.__delitem__(""),
        lambda: dict(group.create_hierarchy({"n": group["a"].metadata, "a/b": group["a"].metadata}, overwrite=True)),
        lambda: zarr.copy(group["a"], group, name="g"),
    ):
        with pytest.raises((ValueError, KeyError, TypeError)):
            wrong()
        assert described(group) == before
        assert_true(group)


def test_read_only_handles_change_nothing(group):
    reader = zarr.open_group(group.store, mode="r")
    for change in (
        lambda: reader.__delitem__("a"),
        lambda: reader.create_group("x"),
        lambda: reader["a"].resize((9, 9)),
        lambda: reader["g"].attrs.update(x=1),
    ):
        with pytest.raises(ValueError, match="read-only"):
            change()
    assert_true(group)


# -- order, and what may happen in between ----------------------------------------------------------------------------------


def requests_of(group, change):
    """What a change asks of the store, in order: `(verb, key or prefix)`."""
    from zarr._calls import members

    seen = []

    def show(request):
        if isinstance(request, Put | Remove):
            seen.append((type(request).__name__, request.key))
        elif isinstance(request, RemovePrefix):
            seen.append(("RemovePrefix", request.prefix))

    drive(logged(change(members, group._node), show))
    return seen


def test_what_goes_is_taken_out_first(group, zarr_format):
    seen = requests_of(group, lambda members, node: members.remove(node, "g"))
    assert seen[0] == ("Put", copy_key(zarr_format))
    assert any(verb.startswith("Remove") for verb, _ in seen[1:])
    assert sum(key == copy_key(zarr_format) for _, key in seen) == 1


def test_what_is_overwritten_is_taken_out_first_and_told_of_last(group, zarr_format):
    seen = requests_of(
        group, lambda members, node: members.create_array(node, "a", shape=3, dtype="i1", overwrite=True)
    )
    at = [i for i, (_, key) in enumerate(seen) if key == copy_key(zarr_format)]
    removed = [i for i, (verb, _) in enumerate(seen) if verb.startswith("Remove")]
    assert at[0] < removed[0]
    assert at[-1] == len(seen) - 1


def test_a_hierarchy_is_put_in_at_once(group, zarr_format):
    nodes = {f"many/{i}": group["a"].metadata for i in range(20)}
    seen = requests_of(group, lambda members, node: members.create_many(node, nodes))
    assert sum(key == copy_key(zarr_format) for _, key in seen) == 1
    assert_true(group)


def test_what_is_there_already_costs_no_write(group):
    assert requests_of(group, lambda members, node: members.require_group(node, "g")) == []


class Killed(BaseException):
    pass


def test_a_kill_leaves_no_reader_with_what_is_gone(any_store, zarr_format):
    """After each write of a deletion and of an overwriting: every node that the copy tells of is there."""
    for change in (
        lambda members, node: members.remove(node, "g"),
        lambda members, node: members.create_array(node, "g/b", data=np.arange(3), overwrite=True),
        lambda members, node: members.move(node, "g", "k"),
    ):
        for n_writes in range(30):
            run(any_store.clear())
            root = zarr.create_group(any_store, zarr_format=zarr_format)
            for path in ("a", "g/b", "g/h/c"):
                root.create_array(path, data=np.arange(6).reshape(2, 3), chunks=2)
            consolidate(any_store)
            group = zarr.open_group(any_store, mode="r+")
            if not killed_after(group, change, n_writes):
                break
            reader = zarr.open_group(any_store, mode="r")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # parts of nodes may be left
                stored = zarr.open_group(any_store, mode="r", use_consolidated=False)
                for path, _ in reader.members(max_depth=None):
                    assert path in stored, (n_writes, path)
        else:
            pytest.fail("it did not end")


def killed_after(group, change, n_writes):
    """Whether the change still had something to write after so many writes."""
    from zarr._calls import members

    left = [n_writes]

    def show(request):
        if request.writes and not isinstance(request, Together):
            if not left[0]:
                raise Killed
            left[0] -= 1

    try:
        drive(logged(change(members, group._node), show))
    except Killed:
        return True
    return False


def test_an_array_that_vanishes_meanwhile_is_told_of_no_longer(group):
    array = group["a"]
    del zarr.open_group(group.store, mode="r+", use_consolidated=False)["a"]
    with pytest.raises((ValueError, FileNotFoundError)):
        array.resize((7, 7))
    node = group["g/b"]._node
    hold = type("NoHold", (), {})()
    del zarr.open_group(group.store, mode="r+", use_consolidated=False)["g/b"]
    drive(copies.record_change(node, node.metadata.with_shape((9, 9)), hold))
    assert "g/b" not in zarr.open_group(group.store, mode="r")


def test_a_copy_that_is_gone_is_not_made_again(group, zarr_format):
    store = group.store
    if zarr_format == 2:
        run(store.delete(".zmetadata"))
    else:
        put(store, "zarr.json", b'{"zarr_format": 3, "node_type": "group"}')
    del group["a"]
    group.create_group("new")
    group["g/b"].append(np.ones((1, 3)))
    assert sorted(group) == ["g", "new"]
    assert zarr.open_group(store, mode="r").metadata.consolidated_metadata is None
    assert sorted(zarr.open_group(store, mode="r")) == ["g", "new"]


def test_what_others_did_to_the_copy_stays(group):
    other = zarr.open_group(group.store, mode="r+")
    other.create_group("theirs")
    del other["a"]
    group.create_group("mine")
    fresh = zarr.open_group(group.store, mode="r")
    assert list(fresh) == ["g", "mine", "theirs"]
    assert list(group) == ["a", "g", "mine"], "a handle shows what it was opened with, and its own changes"


def test_what_was_made_past_the_copy_is_put_in_with_what_is_below(group):
    past = zarr.open_group(group.store, mode="r+", use_consolidated=False)
    past.create_array("p/q/r", data=[1])
    assert "p" not in group
    group.create_array("p/s", data=[1])
    assert sorted(group["p"]) == ["q", "s"]
    past.create_group("t/u/v")
    group.require_group("t/u")
    assert_true(group)


def test_threads_that_change_one_group_lose_nothing(any_store, zarr_format):
    from concurrent.futures import ThreadPoolExecutor

    zarr.create_group(any_store, zarr_format=zarr_format).create_array("x", shape=0, chunks=4, dtype="i4")
    consolidate(any_store)
    group = zarr.open_group(any_store, mode="r+")

    def work(i):
        group.create_group(f"made/{i}")
        group["x"].append([i])
        if i % 2:
            del group[f"made/{i}"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))
    assert sorted(group["made"]) == sorted(str(i) for i in range(0, 12, 2))
    assert group["x"].shape == (12,)
    assert_true(group)


class Between:
    """Runs another change of the same group before the n-th request of a change: each way in which two threads can meet."""

    def __init__(self, group, n, other):
        self.group, self.left, self.other = group, n, other
        self.holds = False

    def __call__(self, request):
        self.holds = self.holds or isinstance(request, TakeHold)
        if self.left == 0 and not self.holds:  # a thread that holds keeps the others waiting
            self.other(self.group)
        self.left -= 1

    @property
    def was_there(self):
        return self.left < 0


MEETING = {
    "two that are new below a new group": ("made/0", lambda g: g.create_group("made/1")),
    "one that comes and goes": ("made/0", lambda g: (g.create_group("made/1"), g.__delitem__("made/1"))),
    "one that came and goes": ("made/0", lambda g: "made/1" in g and g.__delitem__("made/1")),
    "beside, deeper": ("made/0/deep", lambda g: g.create_array("made/0/x", data=[1])),
    "what is there already": ("g/new", lambda g: g.__delitem__("g/h")),
    "a group in between": ("g/h/new", lambda g: g["g"].attrs.update(k=1)),
}


@pytest.mark.parametrize("meeting", MEETING)
@pytest.mark.parametrize("engine", ["native"], indirect=True)  # no chunks are touched
def test_two_changes_that_meet_anywhere_are_both_told_of(engine, zarr_format, meeting):
    from zarr._calls import members

    path, other = MEETING[meeting]
    n, was_there = 0, True
    while was_there:
        store = MemoryStore()
        root = zarr.create_group(store, zarr_format=zarr_format)
        root.create_array("g/h/x", data=[1])
        consolidate(store)
        group = zarr.open_group(store, mode="r+")
        if "came" in meeting:
            zarr.open_group(store, mode="r+", use_consolidated=False).create_group("made/1")
        between = Between(group, n, other)
        drive(logged(members.create_group(group._node, path), between))
        assert_true(group)
        n, was_there = n + 1, between.was_there
    assert n > 5


# -- where the copies are ---------------------------------------------------------------------------------------------------


def test_copies_of_groups_between_are_kept_true(group):
    store = group.store
    consolidate(store, "g")
    consolidate(store, "g/h")
    consolidate(store)
    root = zarr.open_group(store, mode="r+")
    del root["g/h/c"]
    root["g"].create_array("new", data=[1])
    root["g/h"].create_array("deep", data=[1, 2])
    root["g/h/deep"].append([3])
    root["g"].attrs["x"] = 1
    for path in ("", "g", "g/h"):
        assert_true(zarr.open_group(store, path=path, mode="r+"))
    root.move("g/h", "g/i")
    assert_true(zarr.open_group(store, path="g", mode="r+"))
    assert_true(root)


def test_a_group_below_that_has_a_copy_of_its_own(group):
    store = group.store
    consolidate(store, "g")
    below = zarr.open_group(store, path="g", mode="r+")
    del below["h"]
    below.create_array("new", data=[1])
    assert_true(below)


def test_a_copy_under_another_name(any_store):
    root = zarr.create_group(any_store, zarr_format=2)
    root.create_array("a", data=[1])
    root.create_array("b", data=[1])
    consolidate(any_store)
    put(any_store, "other.name", get(any_store, ".zmetadata"))
    group = zarr.open_group(any_store, mode="r+", use_consolidated="other.name")
    del group["a"]
    group.attrs["x"] = 1
    for name in ("other.name", None):
        assert list(zarr.open_group(any_store, mode="r", use_consolidated=name)) == ["b"]
    stored = json.loads(get(any_store, "other.name"))
    assert stored["metadata"][".zattrs"] == {"x": 1}
    run(any_store.delete(".zmetadata"))
    assert list(pickle.loads(pickle.dumps(group))) == ["b"]
    group["b"].append([2])
    assert zarr.open_group(any_store, mode="r", use_consolidated="other.name")["b"].shape == (2,)


def test_handles_go_through_pickle_with_their_copy(tmp_path, zarr_format):
    store = LocalStore(tmp_path / "store")
    root = zarr.create_group(store, zarr_format=zarr_format)
    for path in ("a", "g/b", "g/h/c"):
        root.create_array(path, data=[1, 2, 3])
    consolidate(store)
    group = zarr.open_group(store, mode="r+")
    there, below, array = pickle.loads(pickle.dumps((group, group["g"], group["g/b"])))
    array.append([4])
    assert zarr.open_group(store, mode="r")["g/b"].shape == (4,)
    below.create_array("new", data=[1])
    assert sorted(below) == ["b", "h", "new"]
    del there["a"]
    assert sorted(described(zarr.open_group(store, mode="r"))) == ["g", "g/b", "g/h", "g/h/c", "g/new"]
    many = zarr.open_group(store, mode="r+")
    assert len(pickle.dumps(many["g/b"])) < len(pickle.dumps(many)), "an array does not carry the copy along"
    assert pickle.loads(pickle.dumps(many)) == many


def test_a_copy_of_another_writer_keeps_its_words(any_store):
    array = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [2],
        "data_type": "int8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": 0,
        "codecs": ["bytes"],
    }
    odd = {**array, "data_type": "float64", "fill_value": float("nan"), "codecs": [{"name": "no.such.codec"}]}
    member = {"kind": "inline", "must_understand": False, "note": 1, "metadata": {"/x": array, "g/odd": odd}}
    root = {"zarr_format": 3, "node_type": "group", "consolidated_metadata": member}
    for key, document in {
        "zarr.json": root,
        "x/zarr.json": array,
        "g/odd/zarr.json": odd,
        "g/zarr.json": {"zarr_format": 3, "node_type": "group"},
    }.items():
        put(any_store, key, json.dumps(document).encode())
    group = zarr.open_group(any_store, mode="r+")
    group.create_group("new")
    del group["x"]
    stored = json.loads(get(any_store, "zarr.json"))
    copied = stored["consolidated_metadata"]
    assert copied["note"] == 1
    assert list(copied["metadata"]) == ["new", "g/odd"]
    assert copied["metadata"]["g/odd"] == {**odd, "fill_value": "NaN"}
    assert sorted(path for path, _ in group.members(max_depth=None)) == ["g", "g/odd", "new"]


# -- what a copy can hold ---------------------------------------------------------------------------------------------------


def nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


def test_consolidating_leaves_out_what_the_copy_cannot_hold(any_store, zarr_format):
    root = zarr.create_group(any_store, zarr_format=zarr_format)
    root.create_array("good", data=[1])
    root.create_array("strange/below", data=[1])
    zarr.create_array(any_store, name="other/x", data=[1], zarr_format=5 - zarr_format)
    zarr.create_group(any_store, path="deep", zarr_format=zarr_format, attributes={"x": nested(198)})
    name = "zarr.json" if zarr_format == 3 else ".zgroup"
    put(any_store, f"strange/{name}", b"{")
    put(any_store, f"worse/{name}", b"[]")
    with pytest.warns(ZarrUserWarning, match="cannot hold .*'deep' .*'strange' .*'worse'"):
        made = consolidate(any_store)
    for group in (made, zarr.open_group(any_store, mode="r+")):
        assert "good" in group
        assert not {"strange", "worse", "deep"} & set(group)
        assert [path for path, _ in group.members(max_depth=None) if path.startswith("strange")] == []
    opened = zarr.open_group(any_store, mode="r+")
    opened["good"].attrs["x"] = 1
    assert zarr.open_group(any_store, mode="r")["good"].attrs["x"] == 1
    with pytest.warns(ZarrUserWarning, match="cannot hold 'new' .*nested too deep"):
        opened.create_array("new", data=[1], attributes={"x": nested(198)})
    assert "new" not in zarr.open_group(any_store, mode="r")
    assert "new" in zarr.open_group(any_store, mode="r", use_consolidated=False)


def test_nodes_of_another_format_are_left_out(any_store):
    root = zarr.create_group(any_store, zarr_format=3)
    root.create_array("three", data=[1])
    zarr.create_array(any_store, name="two", data=[1], zarr_format=2)
    with pytest.warns(ZarrUserWarning, match=r"cannot hold 'two' \(it is of format 2\)"):
        consolidate(any_store)
    assert list(zarr.open_group(any_store, mode="r")) == ["three"]


def test_where_there_are_documents_of_both_formats_those_of_the_copy_count(any_store):
    zarr.create_group(any_store, zarr_format=3)
    put(any_store, ".zgroup", b'{"zarr_format": 2}')
    zarr.create_array(any_store, name="a", data=[1], zarr_format=3)
    two = zarr.create_array({}, name="a", data=[1, 2], zarr_format=2)
    for name, buffer in two.metadata.to_buffer_dict().items():
        run(any_store.set(f"a/{name}", buffer))
    zarr.consolidate_metadata(any_store, zarr_format=2)
    assert zarr.open_group(any_store, mode="r", zarr_format=2)["a"].shape == (2,)


def test_what_is_too_large_to_be_read_is_not_written(group, monkeypatch):
    from zarr._support import json as documents

    monkeypatch.setattr(documents, "MAX_NBYTES", 12_000)
    before = described(group)

    def create_many():
        for i in range(100):
            group.create_array(f"n{i}", shape=1, dtype="i1")

    with pytest.warns(ZarrRuntimeWarning, match=r"is stored, .*more than the limit.*use_consolidated=False"):
        create_many()
    assert "n99" in group
    assert set(before) <= set(described(zarr.open_group(group.store, mode="r")))
    store = MemoryStore()
    root = zarr.create_group(store)
    for i in range(40):
        root.create_array(f"n{i}", shape=1, dtype="i1")
    with pytest.raises(MetadataValidationError, match="more than the limit"):
        consolidate(store)
    assert zarr.open_group(store, mode="r").metadata.consolidated_metadata is None


def test_metadata_of_a_handle_are_those_of_its_group(group):
    snapshot = group["g"].metadata.consolidated_metadata
    assert isinstance(snapshot, ConsolidatedMetadata)
    assert sorted(snapshot.metadata) == ["b", "h", "h/c"]
    del group["g/h"]
    assert sorted(snapshot.metadata) == ["b"]


# -- while somebody consolidates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["delete", "delete a group", "create deep", "overwrite a group", "move", "append", "attributes of an array"]
)
def test_what_is_changed_while_the_copy_is_made_is_in_it(group, zarr_format, name):
    """The change comes when everything has been looked at, and nothing is stored yet."""
    other = zarr.open_group(group.store, mode="r+")
    pending = [lambda: CHANGES[name](other)]
    seen = set()

    def show(request):
        seen.add(type(request))
        if Names in seen and Together in seen and isinstance(request, TakeHold | Put | Fetch) and is_of_copy(request):
            while pending:
                pending.pop()()

    def is_of_copy(request):
        if isinstance(request, TakeHold):
            return request.prefix == ""
        keys = [request.key] if isinstance(request, Put) else [read.key for read in request.reads]
        return keys == [copy_key(zarr_format)]

    made = drive(logged(consolidate_flow(StorePath(group.store)), show))
    assert not pending
    assert_true(zarr.open_group(group.store, mode="r+"))
    assert sorted(made.consolidated_metadata.metadata) == sorted(described(stored(group)))


@pytest.mark.parametrize(
    "change",
    [
        lambda members, node: members.remove(node, "g"),
        lambda members, node: members.create_array(node, "g", data=np.arange(3), overwrite=True),
        lambda members, node: members.move(node, "g", "k"),
    ],
    ids=["delete", "overwrite", "move"],
)
def test_a_copy_that_is_made_while_something_goes_tells_of_it_no_longer(group, change):
    from zarr._calls import members

    pending = [lambda: consolidate(group.store)]

    def show(request):
        if isinstance(request, Remove | RemovePrefix | Rename) and request_place(request).startswith("g"):
            while pending:
                pending.pop()()

    def request_place(request):
        return request.key if isinstance(request, Remove) else request.prefix

    drive(logged(change(members, group._node), show))
    assert not pending
    assert_true(group)
