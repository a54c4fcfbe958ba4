"""Byte ranges that share a request, and what is kept of shards."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.calls import buf
from tests.suites.threads import in_threads
from zarr._flow import kept_indexes
from zarr._flow.kept_indexes import KeptIndexes
from zarr._store.ranges import coalesce
from zarr._store.remote.version import ObjectVersion
from zarr._store.versioned import Stored

RANGES = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 60)), min_size=1, max_size=30).map(
    lambda found: [(start, start + length) for start, length in found]
)


def used(ranges):
    return len({byte for start, stop in ranges for byte in range(start, stop)})


class TestWaste:
    @given(RANGES, st.sampled_from([0.0, 0.1, 0.3, 1.0]), st.sampled_from([0, 10, 10_000]))
    def test_no_more_is_fetched_than_was_allowed(self, ranges, most_waste, gap):
        runs = coalesce(ranges, max_gap_nbytes=gap, max_nbytes=10_000, most_waste=most_waste)
        moved = sum(stop - start for start, stop in runs)
        assert moved <= (1 + most_waste) * used(ranges)
        assert all(any(a <= start and stop <= b for a, b in runs) for start, stop in ranges)
        assert all(a[1] <= b[0] for a, b in pairwise(runs))

    @given(RANGES)
    def test_without_a_limit_it_is_as_without_one(self, ranges):
        plain = coalesce(ranges, max_gap_nbytes=20, max_nbytes=500)
        assert coalesce(ranges, max_gap_nbytes=20, max_nbytes=500, most_waste=1e9) == plain

    def test_the_narrowest_gaps_are_bridged_first(self):
        ranges = [(0, 100), (110, 200), (260, 360), (365, 400)]
        found = coalesce(ranges, max_gap_nbytes=1000, max_nbytes=1000, most_waste=0.1)
        assert found == [(0, 200), (260, 400)]

    def test_nothing_is_nothing(self):
        assert coalesce([], max_gap_nbytes=1, max_nbytes=1, most_waste=0.5) == []


class TestKeptIndexes:
    def stored(self, nbytes, version="tag"):
        return Stored(buf(bytes(nbytes)), version, 1000)

    def test_they_are_found_until_they_are_dropped(self):
        kept = KeptIndexes()
        kept.put("a", self.stored(10))
        assert len(kept.get("a").data) == 10
        kept.drop("a")
        kept.drop("a")
        assert kept.get("a") is None

    def test_there_are_not_too_many(self, monkeypatch):
        monkeypatch.setattr(kept_indexes, "MOST_NBYTES", 100)
        kept = KeptIndexes()
        for key in "abcd":
            kept.put(key, self.stored(30))
        assert [key for key in "abcd" if kept.get(key) is not None] == ["b", "c", "d"]
        kept.put("e", self.stored(101))
        assert kept.get("e") is None

    def test_those_that_were_used_last_stay(self, monkeypatch):
        monkeypatch.setattr(kept_indexes, "MOST_NBYTES", 100)
        kept = KeptIndexes()
        for key in "abc":
            kept.put(key, self.stored(30))
        kept.get("a")
        kept.put("d", self.stored(30))
        assert [key for key in "abcd" if kept.get(key) is not None] == ["a", "c", "d"]

    def test_threads_may_share_them(self, monkeypatch):
        monkeypatch.setattr(kept_indexes, "MOST_NBYTES", 100)
        kept = KeptIndexes()

        def use(me):
            for number in range(300):
                kept.put(str((me + number) % 7), self.stored(30))
                kept.get(str(number % 7))
                kept.drop(str((me * number) % 7))

        in_threads([partial(use, me) for me in range(8)])
        left = [len(stored.data) for key in range(7) if (stored := kept.get(str(key))) is not None]
        assert kept._nbytes == sum(left) <= 100

    def test_what_has_no_version_or_size_is_not_kept(self):
        kept = KeptIndexes()
        kept.put("a", self.stored(10, version=None))
        kept.put("b", Stored(buf(b"x"), "tag", -1))
        kept.put("c", self.stored(10, version=ObjectVersion(None, None, "Monday", 1000)))
        kept.put("d", self.stored(10, version=ObjectVersion('W/"1"', None, "Monday", 1000)))
        assert all(kept.get(key) is None for key in "abcd")
        kept.put("e", self.stored(10, version=ObjectVersion('"1"', None, "Monday", 1000)))
        assert kept.get("e") is not None


@pytest.mark.parametrize(
    ("e_tag", "number"),
    [('"0"', None), ('"5d41402abc4b2a76b9719d911017c592-3"', None), (None, "1009"), ('"0x3F8"', "9")],
)
def test_a_version_that_never_was_is_another_one(e_tag, number):
    version = ObjectVersion(e_tag, number, None, 3)
    other = version.other()
    assert other != version
    assert (other.e_tag is None, other.number is None) == (e_tag is None, number is None)
    assert len(other.e_tag or "") == len(e_tag or "")
