"""`zarr.verify`: every way in which stored data go wrong is found, where it is, and nothing else is said."""

from __future__ import annotations

import asyncio
import json
from zlib import crc32

import numpy as np
import pytest

import zarr
from tests.conftest import PROFILE
from tests.suites.damage import FAULTS, FILE_FAULTS, STORES, healthy, in_directory, in_memory
from zarr.buffer.cpu import Buffer
from zarr.checks import Census, Finding, Verification
from zarr.errors import ArgumentError, NodeNotFoundError

SEEDS = range(50 if PROFILE == "long" else 2)
IN_CHUNKS = ("damaged-chunk", "damaged-index", "overlapping-chunks")


@pytest.mark.parametrize("kind", STORES)
def test_nothing_is_wrong_with_what_is_whole(kind, tmp_path, engine):
    found = zarr.verify(STORES[kind](healthy(), tmp_path))
    assert found.findings == ()
    assert found.ok
    assert found
    assert found.n_groups == 3
    assert sorted(found.censuses) == [
        *("g/begun", "g/checked", "g/nested", "g/planned", "g/raw", "g/shards", "g/start", "g/text", "old/a", "old/b"),
    ]
    assert found.censuses["g/shards"].n_chunks_stored == 48
    assert found.censuses["g/nested"].n_chunks_stored == 16
    census = found.censuses["g/planned"]
    assert (census.n_objects, census.n_stored, census.n_fill, census.n_unknown) == (6, 4, 2, 0)


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found(name):
    kind, make = FAULTS[name]
    for seed in SEEDS:
        objects = dict(healthy())
        key = make(objects, np.random.default_rng([seed, crc32(name.encode())]))
        found = zarr.verify(in_memory(objects, None))
        assert kind in found.kinds, (seed, found)
        assert key is None or key in {each.key for each in found.of_kind(kind)}, (seed, key, found)
        assert found.ok == (found.of_kind(kind)[0].severity == "note")
        path = (key or "").rpartition("/c/")[0] or None
        others = {each.path for each in found.findings if each.severity == "error"} - {path}
        assert path is None or not others, (seed, found)


@pytest.mark.parametrize("name", FILE_FAULTS)
def test_faults_of_files_are_found(name, tmp_path):
    kind, make = FILE_FAULTS[name]
    for seed in SEEDS[::2]:
        place = tmp_path / str(seed)
        store = in_directory(healthy(), place)
        key = make(place / "root", np.random.default_rng(seed))
        before = sorted(place.rglob("*"))
        for given in (store, str(place / "root")):
            found = zarr.verify(given)
            assert kind in found.kinds, (seed, found)
            assert key in {each.key for each in found.of_kind(kind)}, (seed, key, found)
            assert not found.ok
        assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("kind", ["zip", "sqlite", "local"])
def test_faults_are_found_in_other_stores(kind, tmp_path):
    few = slice(["zip", "sqlite", "local"].index(kind), None, 5)
    for number, (name, (wanted, make)) in enumerate(list(FAULTS.items())[few]):
        place = tmp_path / str(number)
        place.mkdir()
        objects = dict(healthy())
        make(objects, np.random.default_rng(number))
        found = zarr.verify(STORES[kind](objects, place))
        assert wanted in found.kinds, (name, found)


def test_there_are_enough_classes_of_faults():
    assert len(FAULTS) + len(FILE_FAULTS) >= 24


class TestWhatIsLookedAt:
    def test_nodes_in_every_form(self, tmp_path):
        root = zarr.open_group(tmp_path / "a.zarr", mode="w")
        array = root.create_array("a", shape=4, chunks=2, dtype="i4")
        array[:] = 1
        for given in (root, tmp_path / "a.zarr", str(tmp_path / "a.zarr"), root.store_path, root.store):
            assert zarr.verify(given).n_groups == 1
        for given in (array, array._async_array, root.store_path / "a"):
            found = zarr.verify(given)
            assert list(found.censuses) == ["a"]
            assert found.n_groups == 0
        assert list(zarr.verify(root, path="a").censuses) == ["a"]
        assert zarr.verify(root._async_group).ok

    def test_within_a_running_loop(self):
        async def check():
            return zarr.verify(in_memory(healthy(), None)).ok

        assert asyncio.run(check())

    def test_nothing(self, tmp_path):
        for given in ({}, tmp_path, tmp_path / "none"):
            with pytest.raises(NodeNotFoundError):
                zarr.verify(given)

    @pytest.mark.parametrize("given", [3, b"x", [1], np.zeros(3)])
    def test_what_is_none(self, given):
        with pytest.raises(TypeError):
            zarr.verify(given)

    def test_a_part_of_a_hierarchy(self):
        objects = dict(healthy())
        objects["old/b/0"] = b""
        assert zarr.verify(in_memory(objects, None), path="g").ok
        assert not zarr.verify(in_memory(objects, None), path="old").ok

    def test_a_copy_that_tells_of_a_node_that_is_not_supported(self):
        objects = dict(healthy())
        objects["g/raw/zarr.json"] = objects["g/raw/zarr.json"].replace(b'"bytes"', b'"nobody.has_it"', 1)
        assert zarr.verify(in_memory(objects, None)).kinds == {"unsupported": 1}

    def test_arrays_of_no_dimensions_and_of_no_elements(self, zarr_format, engine):
        store = {}
        root = zarr.create_group(store, zarr_format=zarr_format)
        root.create_array("scalar", shape=(), dtype="i4")[...] = 3
        root.create_array("none", shape=(0, 3), chunks=(1, 1), dtype="i4")
        found = zarr.verify(store)
        assert found.findings == ()
        assert found.censuses["scalar"].n_checked == 1
        assert found.censuses["none"] == Census(0, 0)

    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    @pytest.mark.parametrize("dtype", ["U3", "S2", "M8[s]", "c8", "V3", "?", "f2", str])
    def test_types(self, dtype, engine, zarr_format):
        if dtype == "V3" and zarr_format == 3:
            dtype = "u1"
        array = zarr.create_array({}, shape=5, chunks=2, dtype=dtype, zarr_format=zarr_format)
        array[:3] = np.zeros(3, dtype) if dtype is not str else ["a", "b", "c"]
        assert zarr.verify(array).findings == ()

    def test_checksums_are_compared_also_where_they_are_passed_over(self, engine):
        objects = dict(healthy())
        key = "g/checked/c/0/0"
        objects[key] = objects[key][:-4] + bytes(4)
        array = zarr.open_array(in_memory(objects, None), path="g/checked", config={"verify_checksums": False})
        array[...]
        assert zarr.verify(array).kinds == {"damaged-chunk": 1}

    @pytest.mark.parametrize("name", [name for name, (kind, _) in FAULTS.items() if kind in IN_CHUNKS])
    def test_both_engines_say_the_same(self, name):
        objects = dict(healthy())
        path = FAULTS[name][1](objects, np.random.default_rng(3)).rpartition("/c/")[0]
        said = []
        for engine in ("native", "python"):
            with zarr.config.set({"engine": engine}):
                found = zarr.verify(in_memory(objects, None), path=path or "old")
            said.append([(each.kind, each.key, each.coords, each.inner) for each in found.findings])
        assert said[0] == said[1] != []

    def test_every_inner_chunk_is_told_of(self, engine):
        objects = dict(healthy())
        key = "g/shards/c/0/0"
        objects[key] = bytes(100) + objects[key][100:]
        found = zarr.verify(in_memory(objects, None))
        inner = [each.inner for each in found.of_kind("damaged-chunk")]
        assert len(inner) == len(set(inner)) > 1
        array = zarr.open_array(in_memory(objects, None), path="g/shards")
        for row, column in np.ndindex(4, 4):
            at = np.s_[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            if (row, column) in inner:
                with pytest.raises(zarr.errors.CodecError) as caught:
                    array[at]
                assert caught.value.coords == (row, column)
            else:
                array[at]


class TestMeasure:
    """How much is read, and in what parts."""

    @pytest.fixture
    def many(self):
        array = zarr.create_array({}, shape=1000, chunks=2, dtype="i4", compressors=None)
        array[:] = 1
        return array

    def test_groups_share_the_objects_out(self, many):
        read = [zarr.verify(many, f"{n}/7").censuses[""].n_checked for n in range(1, 8)]
        assert sum(read) == 500
        assert min(read) > 30
        assert zarr.verify(many, "3/7").censuses[""].n_checked == read[2]

    def test_each_object_is_in_one_group(self, many):
        many.store.set_sync("c/77", Buffer.from_bytes(b""))
        assert [zarr.verify(many, f"{n}/5").ok for n in range(1, 6)].count(False) == 1

    def test_a_random_share(self, many):
        read = [zarr.verify(many, "20%").censuses[""].n_checked for _ in range(5)]
        assert all(40 < n < 180 for n in read)
        assert zarr.verify(many, "100%").censuses[""].n_checked == 500

    def test_an_amount(self, many):
        census = zarr.verify(many, "160").censuses[""]
        assert (census.n_checked, census.nbytes_checked) == (20, 160)
        assert zarr.verify(many, "1GB").censuses[""].n_checked == 500

    def test_all_but_the_reading_of_objects_is_done_anyway(self):
        objects = dict(healthy())
        FAULTS["chunk_outside_of_the_grid"][1](objects, np.random.default_rng(1))
        assert "outside-grid" in zarr.verify(in_memory(objects, None), "1/1000").kinds

    @pytest.mark.parametrize("subset", ["0/3", "4/3", "1/0", "0%", "101%", "x", "", "-5%", 3, 0.5, "3/"])
    def test_what_means_nothing(self, many, subset):
        with pytest.raises(ArgumentError, match="subset"):
            zarr.verify(many, subset)

    def test_progress(self, many):
        told = []
        zarr.verify(many, progress=lambda done, of: told.append((done, of)))
        assert told[-1] == (500, 500)
        assert [done for done, _ in told] == sorted({done for done, _ in told})

    def test_large_shards_are_read_in_parts(self, monkeypatch, engine):
        """As on a machine with little memory: with small parts the same is found."""
        from zarr._checks import objects

        whole, parts = dict(healthy()), dict(healthy())
        wanted = zarr.verify(in_memory(whole, None)).censuses
        monkeypatch.setattr(objects, "AT_ONCE_NBYTES", 64)
        assert zarr.verify(in_memory(parts, None)).censuses == wanted
        for kind, make in (FAULTS["torn_shard"], FAULTS["flipped_bit_in_an_inner_index"], FAULTS["swapped_chunks"]):
            broken = dict(healthy())
            make(broken, np.random.default_rng(1))
            assert kind in zarr.verify(in_memory(broken, None)).kinds

    def test_a_huge_object_is_not_read(self, engine):
        array = zarr.create_array({}, shape=4, chunks=2, dtype="i1")
        array[:] = 1
        array.store.set_sync("c/0", Buffer.from_bytes(bytes(40 * 2**20)))
        (found,) = zarr.verify(array).findings
        assert "41943040 bytes" in found.what


class TestReceipts:
    def planned(self, region=None):
        array = zarr.create_array({}, shape=(8, 8), chunks=(2, 4), dtype="i4")
        return array, zarr.partition(array, target=1, region=region)

    def test_tasks_that_were_not_done(self):
        array, plan = self.planned()
        for number in (0, 1, 5):
            plan[number].run(lambda region: 7)
        found = zarr.verify(array)
        assert found.kinds == {"never-written": 5, "unfinished-plan": 1}
        assert {each.coords for each in found.of_kind("never-written")} == {(1, 0), (1, 1), (2, 0), (3, 0), (3, 1)}
        census = found.censuses[""]
        assert (census.n_stored, census.n_never_written, census.n_unknown) == (3, 5, 0)

    def test_fill_and_never_written_are_told_apart(self):
        array, plan = self.planned()
        for number in (0, 1, 5):
            plan[number].run(lambda region: 0 if region[1].start else 7)
        census = zarr.verify(array).censuses[""]
        assert (census.n_stored, census.n_fill, census.n_never_written) == (1, 2, 5)

    def test_a_plan_of_a_part(self):
        array, plan = self.planned(region=slice(2, 6))
        plan[0].run(lambda region: 7)
        found = zarr.verify(array)
        assert {each.coords for each in found.of_kind("never-written")} == {(1, 1), (2, 0), (2, 1)}
        assert found.censuses[""].n_unknown == 4

    def test_a_plan_that_is_done_but_not_finalized(self):
        array, plan = self.planned()
        plan.run(None, lambda region: 7)
        found = zarr.verify(array)
        assert found.ok
        assert found.kinds == {"unfinalized-plan": 1}
        plan.finalize()
        assert zarr.verify(array).findings == ()

    def test_what_another_plan_wrote_later_is_as_it_should_be(self):
        array, plan = self.planned()
        plan.run(None, lambda region: 7)
        plan.finalize(keep_receipts=True)
        later = zarr.partition(array, target=1, region=slice(0, 4), name="later")
        later.run(None, lambda region: 8)
        assert not [each for each in zarr.verify(array).findings if each.severity == "error"]
        later.finalize()
        assert zarr.verify(array).kinds == {"not-as-receipt": 4}

    def test_receipts_of_another_state_of_the_array(self):
        array, plan = self.planned()
        plan.run(None, lambda region: 7)
        plan.finalize(keep_receipts=True)
        array.append(np.zeros((1, 8), "i4"))
        assert zarr.verify(array).kinds == {"stale-receipts": 1}

    @pytest.mark.parametrize(
        "said", [b"", b"[]", b"{}", b'{"zarr_job": 1, "plan": 3, "job": "x", "tasks": 1, "finished": true}']
    )
    def test_documents_of_jobs_that_are_none(self, said):
        array, plan = self.planned()
        plan.run(None, lambda region: 7)
        key = f"__zarr_receipts/{plan.fingerprint}/job.json"
        array.store.set_sync(key, Buffer.from_bytes(said))
        assert zarr.verify(array).kinds == {"stale-receipts": 1}

    @pytest.mark.parametrize(
        "cuts",
        [
            None,
            3,
            [],
            [[0, 4, 4]],
            [[0, 4, 4], [0, 99, 2]],
            [[0, 4, 4], [-1]],
            [[0, 4, 10**12], [0, 2, 2]],
            [["a"], []],
        ],
    )
    def test_cuts_that_are_none(self, cuts):
        """A document may come from anywhere."""
        array, plan = self.planned()
        plan[0].run(lambda region: 7)
        key = f"__zarr_receipts/{plan.fingerprint}/job.json"
        document = json.loads(array.store.get_sync(key).to_bytes()) | {"cuts": cuts}
        array.store.set_sync(key, Buffer.from_bytes(json.dumps(document).encode()))
        assert zarr.verify(array).kinds == {"unfinished-plan": 1}


class TestResults:
    def test_data(self):
        objects = dict(healthy())
        FAULTS["torn_shard"][1](objects, np.random.default_rng(2))
        found = zarr.verify(in_memory(objects, None))
        told = json.loads(json.dumps(found.to_dict()))
        assert told["ok"] is False
        assert told["counts"]["error"] == len(found.findings)
        assert told["findings"][0]["kind"] == "damaged-chunk"
        assert told["censuses"]["g/raw"]["n_stored"] == 4
        assert told["n_arrays"] == 10
        assert all(each.advice and each.what for each in found.findings)
        assert len(str(found).splitlines()) >= 3

    def test_long_lists_are_shortened_where_they_are_shown(self):
        array = zarr.create_array({}, shape=60, chunks=2, dtype="i4", compressors=None)
        for number in range(30):
            array.store.set_sync(f"c/{number}", Buffer.from_bytes(b"x"))
        found = zarr.verify(array)
        assert len(found.findings) == 30
        assert "and 10 more" in repr(found)

    def test_errors_come_first(self):
        objects = dict(healthy())
        for name in ("foreign_file", "chunk_outside_of_the_grid", "torn_shard"):
            FAULTS[name][1](objects, np.random.default_rng(2))
        severities = [each.severity for each in zarr.verify(in_memory(objects, None)).findings]
        assert severities == sorted(severities, key=["error", "warning", "note"].index)

    def test_kinds(self):
        with pytest.raises(ArgumentError, match="no kind of finding"):
            Verification("x").of_kind("nothing")
        finding = Finding("foreign", "note", "a", "a/b", "what", "advice")
        assert not finding.is_repairable
        assert str(finding) == "foreign a/b: what"


class TestStoresOfOthers:
    def test_a_store_that_cannot_list(self, engine):
        class Silent(zarr.storage.WrapperStore):
            supports_listing = False

        objects = dict(healthy())
        objects["g/raw/c/0"] = b""
        store = Silent(in_memory(objects, None))
        found = zarr.verify(store, path="g")
        assert found.kinds == {"damaged-chunk": 1, "not-listed": 1}
        assert len(found.censuses) == 8
        with pytest.raises(NodeNotFoundError):
            zarr.verify(store, path="nothing")
        huge = zarr.create_array(Silent(zarr.storage.MemoryStore()), shape=10**12, chunks=1, dtype="i1")
        assert [each.path for each in zarr.verify(huge).of_kind("not-listed")] == ["", ""]

    def test_a_store_that_is_awaited(self, engine):
        from tests.suites.plain_stores import Awaited

        objects = dict(healthy())
        assert zarr.verify(Awaited(in_memory(objects, None))).findings == ()
        FAULTS["torn_shard"][1](objects, np.random.default_rng(2))
        assert zarr.verify(Awaited(in_memory(objects, None))).kinds.keys() == {"damaged-chunk"}
