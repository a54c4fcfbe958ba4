"""Zip archives that are values in other stores: read by ranges, refused as those in files are, and never changed."""

from __future__ import annotations

import io
import pickle
import re
import zipfile

import numpy as np
import pytest

import zarr
from tests.suites.archives import HOSTILE, METHODS, archive, patched, record
from tests.suites.calls import get, put, run
from tests.suites.children import end_of_child
from tests.suites.plain_stores import AsyncOnly, Awaited
from tests.suites.threads import in_threads
from zarr._store.zipped import far, layout, packing
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.errors import StoreAbilityError, StoreFileError
from zarr.storage import LocalStore, MemoryStore, StorePath, TraceStore, ZipStore

PARTS = [None, RangeByteRequest(2, 5), SuffixByteRequest(3), OffsetByteRequest(7), RangeByteRequest(5, 5)]


@pytest.fixture(params=["memory", "local", "awaited", "foreign"])
def store(request, tmp_path):
    """What an archive is a value in."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "local":
        return LocalStore(tmp_path / "below")
    return Awaited(MemoryStore()) if request.param == "awaited" else AsyncOnly()


def placed(store, data, key="d/a.zip"):
    put(store, key, bytes(data))
    return StorePath(store, key)


def filled(make, **kwargs):
    """The bytes of an archive of ours that a function fills."""
    file = io.BytesIO()
    with ZipStore(file, mode="w", **kwargs) as made:
        make(made)
    return file.getvalue()


class Counted:
    """An archive in memory, and the parts of it that were asked for."""

    def __init__(self, data):
        self.store = MemoryStore()
        self.place = placed(self.store, data)
        self.asked = []
        read = MemoryStore.read

        def note(store, key, byte_range=None, **kwargs):
            self.asked.append(byte_range)
            return read(store, key, byte_range, **kwargs)

        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(MemoryStore, "read", note)

    def since(self):
        asked, self.asked = self.asked, []
        return asked


@pytest.fixture
def counted():
    made = []

    def make(data):
        made.append(Counted(data))
        return made[-1]

    yield make
    for each in made:
        each.patch.undo()


class TestReading:
    @pytest.mark.parametrize("compression", METHODS)
    def test_values_and_parts_of_them(self, store, compression):
        values = {"a": b"0123456789", "b/c": bytes(range(256)) * 2000, "empty": b""}
        place = placed(
            store, filled(lambda made: [put(made, *item) for item in values.items()], compression=compression)
        )
        for part in PARTS:
            for key, data in values.items():
                there = ZipStore(place)
                here = ZipStore(io.BytesIO(get(store, place.path)))
                assert get(there, key, part) == get(there, key, part) == get(here, key, part)
                assert part is not None or get(there, key) == data
        assert list(there.list_keys("")) == ["a", "b/c", "empty"]
        assert list(there.list_names("")) == ["a", "b", "empty"]
        assert there.size("b/c") == 512_000
        assert get(there, "x") is None

    @pytest.mark.parametrize("options", [{}, {"shards": (30, 50)}, {"zarr_format": 2}], ids=["v3", "shards", "v2"])
    def test_arrays(self, store, engine, options):
        data = np.random.default_rng(0).integers(0, 99, (60, 50))
        place = placed(
            store, filled(lambda made: zarr.create_array(made, name="g/x", data=data, chunks=(10, 25), **options))
        )
        array = zarr.open_array(ZipStore(place), path="g/x")
        assert (array[:] == data).all()
        assert (array[5:15, 20:30] == data[5:15, 20:30]).all()
        assert run(array.async_array.getitem((3, 4))) == data[3, 4]
        assert sorted(zarr.open_group(ZipStore(place), mode="r").group_keys()) == ["g"]

    def test_what_others_wrote(self, store, tmp_path):
        """With more in the headers before values than in the directory, with sizes behind values, with something in front."""

        class Pipe(io.RawIOBase):
            data = b""

            def writable(self):
                return True

            def write(self, data):
                self.data += bytes(data)
                return len(data)

        pipe = Pipe()
        with zipfile.ZipFile(pipe, "w") as made:
            made.writestr("a", b"0123456789" * 20_000)
            with made.open(zipfile.ZipInfo("b"), "w", force_zip64=True) as entry:
                entry.write(b"abcdefghij" * 20_000)
        for data in (
            pipe.data,
            b"#!/bin/sh\n" * 10 + archive(("a", b"0123456789" * 20_000), ("b", b"abcdefghij" * 20_000)),
        ):
            place = placed(store, data)
            for part in (RangeByteRequest(100_000, 100_003), SuffixByteRequest(2), RangeByteRequest(1, 3), None):
                there = ZipStore(place)
                whole = {"a": b"0123456789" * 20_000, "b": b"abcdefghij" * 20_000}
                here = MemoryStore()
                for key, value in whole.items():
                    put(here, key, value)
                assert [get(there, key, part) for key in whole] == [get(here, key, part) for key in whole]

    def test_from_many_threads(self, store):
        place = placed(store, filled(lambda made: [put(made, f"k{i}", b"%d" % i * 20_000) for i in range(20)]))
        there, found = ZipStore(place), []
        in_threads([lambda i=i: found.append((i, get(there, f"k{i}"))) for i in range(20)])
        assert sorted(found) == [(i, b"%d" % i * 20_000) for i in range(20)]

    def test_closing_and_opening_again(self, store):
        place = placed(store, archive(("a", b"old")))
        with ZipStore(place) as there:
            assert get(there, "a") == b"old"
            placed(store, archive(("a", b"new")))
        assert get(there, "a") == b"new"

    def test_closing_one_takes_nothing_from_its_twins(self, store, engine):
        array = filled(lambda made: zarr.create_array(made, data=np.arange(1, 9), chunks=3))
        with ZipStore(placed(store, array)) as there:
            twin = zarr.open_array(there.with_read_only(True), mode="r")
            assert twin[0] == 1
            assert get(there, "zarr.json") is not None
        assert twin[:].tolist() == list(range(1, 9))
        assert zarr.open_array(twin.store, mode="r")[:].tolist() == list(range(1, 9))

    def test_what_is_not_there(self, store):
        with pytest.raises(FileNotFoundError, match="no zip archive"):
            ZipStore(StorePath(store, "d/a.zip")).get_sync("a")


class TestRequests:
    """Each is a round trip, so there are few."""

    def test_the_end_tells_what_there_is(self, counted):
        there = counted(filled(lambda made: [put(made, f"k{i}", bytes(100_000)) for i in range(20)]))
        store = ZipStore(there.place)
        assert get(store, "k3") == bytes(100_000)
        assert get(store, "absent") is None
        assert [type(part).__name__ for part in there.since()] == ["SuffixByteRequest", "RangeByteRequest"]

    def test_a_large_directory_takes_one_more(self, counted):
        there = counted(filled(lambda made: [put(made, f"many/more/keys/{i}", b"x" * 50) for i in range(5000)]))
        store = ZipStore(there.place)
        assert len(list(store.list_keys(""))) == 5000
        assert [type(part).__name__ for part in there.since()] == ["SuffixByteRequest", "RangeByteRequest"]

    def test_what_lies_at_the_end_is_there(self, counted):
        there = counted(filled(lambda made: [put(made, f"k{i}", bytes(1000)) for i in range(20)]))
        store = ZipStore(there.place)
        assert [get(store, f"k{i}") for i in range(20)] == [bytes(1000)] * 20
        assert len(there.since()) == 1

    def test_a_part_is_one_request_for_that_part(self, counted):
        there = counted(filled(lambda made: [put(made, f"k{i}", bytes(range(250)) * 4000) for i in range(3)]))
        store = ZipStore(there.place)
        list(store.list_keys(""))
        there.since()
        assert get(store, "k0", RangeByteRequest(500_000, 500_250)) == bytes(range(250))
        assert get(store, "k1", SuffixByteRequest(250)) == bytes(range(250))
        assert [part.end - part.start for part in there.since()] == [250, 250]

    def test_one_near_the_header_comes_with_it(self, counted):
        there = counted(filled(lambda made: [put(made, f"k{i}", bytes(range(250)) * 4000) for i in range(3)]))
        store = ZipStore(there.place)
        assert get(store, "k0", RangeByteRequest(250, 500)) == bytes(range(250))
        assert get(store, "k0", RangeByteRequest(500_000, 500_250)) == bytes(range(250))
        _, first, second = there.since()
        assert (first.end - first.start, second.end - second.start) == (30 + 2 + 500, 250)

    def test_where_headers_hold_more_one_is_read_first(self, counted):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as target:
            for key in "ab":
                with target.open(zipfile.ZipInfo(key), "w", force_zip64=True) as entry:
                    entry.write(bytes(range(250)) * 4000)
        there = counted(made.getvalue())
        store = ZipStore(there.place)
        for _ in range(2):
            assert get(store, "a", RangeByteRequest(500_000, 500_250)) == bytes(range(250))
        _, header, first, second = there.since()
        assert header.end - header.start < 100
        assert first == second
        assert get(store, "b") == bytes(range(250)) * 4000
        assert len(there.since()) == 1


class TestReplacedArchives:
    """Places in an archive mean something else in another one."""

    @pytest.fixture
    def refusing(self, monkeypatch):
        """A store of which old versions cannot be read."""
        monkeypatch.setattr(MemoryStore, "read", _refusing(MemoryStore.read))
        return MemoryStore()

    @pytest.mark.parametrize("size", [300_000, 400_000])
    def test_it_is_an_error_and_no_other_value(self, refusing, size):
        place = placed(refusing, filled(lambda made: [put(made, key, key.encode() * 300_000) for key in "ab"]))
        array_store = ZipStore(place)
        assert get(array_store, "b", RangeByteRequest(5, 7)) == b"bb"
        placed(refusing, filled(lambda made: [put(made, key, key.encode() * size) for key in "ba"]))
        for part in (None, RangeByteRequest(5, 7), RangeByteRequest(200_000, 200_001)):
            with pytest.raises(StoreFileError, match=r"d/a\.zip: the zip archive was replaced .*Open it again"):
                get(array_store, "a", part)
        assert get(ZipStore(place), "a", RangeByteRequest(5, 7)) == b"aa"

    def test_what_another_thread_opens_anew_meanwhile_is_asked_again(self, refusing, monkeypatch):
        place = placed(refusing, filled(lambda made: [put(made, key, key.encode() * 300_000) for key in "ab"]))
        there = ZipStore(place)
        assert get(there, "b", RangeByteRequest(5, 7)) == b"bb"
        placed(refusing, filled(lambda made: [put(made, key, key.encode() * 400_000) for key in "ba"]))
        read = packing.read

        def overtaken(*args):
            monkeypatch.setattr(packing, "read", read)
            ZipStore.close(there)
            return read(*args)

        monkeypatch.setattr(packing, "read", overtaken)
        assert get(there, "a", RangeByteRequest(5, 7)) == b"aa"

    def test_in_an_array_too(self, refusing, engine):
        def make(value):
            return filled(
                lambda made: zarr.create_array(
                    made, data=np.full(200_000, value), chunks=1000, shards=100_000, compressors=None
                )
            )

        place = placed(refusing, make(1))
        array = zarr.open_array(ZipStore(place))
        assert array[5] == 1
        placed(refusing, make(2))
        with pytest.raises(StoreFileError, match="was replaced"):
            array[50_000]

    def test_without_versions_another_size_or_a_deletion_tells(self):
        store = AsyncOnly()
        place = placed(store, filled(lambda made: put(made, "a", b"a" * 600_000)))
        there = ZipStore(place)
        assert get(there, "a", RangeByteRequest(5, 7)) == b"aa"
        del store.values[place.path]
        with pytest.raises(StoreFileError, match="was replaced or deleted"):
            get(there, "a")

    def test_a_whole_value_is_compared_with_its_checksum(self):
        store = AsyncOnly()
        place = placed(store, filled(lambda made: put(made, "a", b"a" * 600_000)))
        there = ZipStore(place)
        there.size("a")
        store.values[place.path] = store.values[place.path].replace(b"aaaa", b"aaba", 1)
        with pytest.raises(zipfile.BadZipFile, match="'a' is damaged"):
            get(there, "a")


def _refusing(read):
    def read_now(store, key, byte_range=None, *, version=None, **kwargs):
        found = read(store, key, byte_range, **kwargs)
        if version is not None and (found is None or found.version is not version):
            raise zarr.errors.ConcurrentChangeError(key)
        return found

    return read_now


class TestHostileArchives:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_refused_as_a_whole(self, name, store):
        make, text = HOSTILE[name]
        place = placed(store, make())
        for call in (
            lambda: ZipStore(place).get_sync("a"),
            lambda: list(ZipStore(place).list_keys("")),
            lambda: zarr.open(ZipStore(place), mode="r"),
        ):
            with pytest.raises(zipfile.BadZipFile, match=text) as caught:
                call()
            assert "a.zip" in str(caught.value)

    def test_every_byte_changed(self):
        whole = archive(("a", b"value"), ("bb", b"other"), comment=b"x")
        for at in range(len(whole)):
            for change in (0x01, 0x80, 0xFF):
                data = bytearray(whole)
                data[at] ^= change
                store = ZipStore(placed(MemoryStore(), data))
                try:
                    for key in store.list_keys(""):
                        assert store.get_sync(key).to_bytes() in (b"value", b"other")
                except (zipfile.BadZipFile, NotImplementedError):
                    pass

    def test_a_header_of_another_entry(self, monkeypatch):
        data = filled(lambda made: [put(made, key, key.encode() * 600_000) for key in "ab"])
        place = placed(MemoryStore(), patched(bytearray(data), 30, b"b"))
        with pytest.raises(zipfile.BadZipFile, match="header of 'a' is that of another entry"):
            get(ZipStore(place), "a")

    def test_nobody_fetches_all_of_it_to_find_an_end(self, counted):
        there = counted(archive(("a", bytes(3_000_000)))[:-30])
        with pytest.raises(zipfile.BadZipFile, match="incomplete"):
            ZipStore(there.place).get_sync("a")
        assert len(there.since()) == 2

    @pytest.mark.parametrize("method", METHODS[1:])
    def test_bombs(self, store, method):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", compression=method) as target:
            target.writestr("a", b"1")
        data = bytearray(made.getvalue())
        place = placed(store, patched(data, record(data) + 24, (4_000_000_000).to_bytes(4, "little")))
        with pytest.raises(zipfile.BadZipFile, match=r"'a' is said to become 4000000000 bytes.*not unpacked"):
            get(ZipStore(place), "a")


class TestTheObject:
    @pytest.fixture
    def place(self, store):
        return placed(store, filled(lambda made: zarr.create_array(made, name="x", data=[1, 2, 3])))

    @pytest.mark.parametrize("mode", ["a", "w", "x"])
    def test_it_is_only_read(self, place, mode):
        with pytest.raises(
            StoreAbilityError, match=f"mode='{mode}' is not possible.*only read. Copy it to a local file"
        ):
            ZipStore(place, mode=mode)
        store = ZipStore(place)
        assert store.read_only
        for call in (
            lambda: zarr.open_array(store, path="x").__setitem__(0, 1),
            lambda: zarr.create_group(store, path="new"),
            lambda: put(store, "a"),
            lambda: run(store.delete("a")),
        ):
            with pytest.raises(ValueError, match=r"(read-only mode|Store is read-only).*only read\. Copy it"):
                call()
        for call in (
            lambda: store.put("a", zarr.buffer.cpu.Buffer.from_bytes(b"x")),
            lambda: store.remove("a"),
            lambda: store.remove_prefix("x"),
            lambda: store.with_read_only(False),
        ):
            with pytest.raises(StoreAbilityError, match="only read"):
                call()
        with pytest.raises(ValueError, match=r"Store is read-only but mode is 'r\+'\. A zip archive"):
            zarr.open_group(store, mode="r+")

    def test_its_text_and_its_twins(self, place):
        store = ZipStore(place)
        assert str(store) == f"zip::{place}"
        assert repr(store) == f"ZipStore('zip::{place}', in {place.store!r})"
        assert store == ZipStore(StorePath(place.store, place.path)) == store.with_read_only(True)
        assert store != ZipStore(StorePath(place.store, "other.zip"))
        assert zarr.open_array(store.with_read_only(True), path="x")[:].tolist() == [1, 2, 3]
        assert store._whereabouts("x")[0] != ZipStore(StorePath(place.store, "other.zip"))._whereabouts("x")[0]
        with pytest.raises(AttributeError, match="no file of this machine"):
            _ = store.path
        with pytest.raises(ValueError, match="cannot be moved"):
            run(store.move("b.zip"))

    def test_pickles(self, place):
        array = zarr.open_array(ZipStore(place), path="x")
        assert array[0] == 1
        assert pickle.loads(pickle.dumps(array))[:].tolist() == [1, 2, 3]

    def test_a_forked_child_reads_on(self, place):
        array = zarr.open_array(ZipStore(place), path="x")
        assert array[0] == 1
        assert end_of_child(lambda: int(array[:].sum())) == 6

    def test_a_place_without_a_key(self, store):
        with pytest.raises(ValueError, match=re.escape("StorePath(store, 'a.zip')")):
            ZipStore(StorePath(store))

    def test_what_is_around_the_other_store_sees_it(self, place):
        traced = TraceStore(place.store)
        zarr.open_array(ZipStore(StorePath(traced, place.path)), path="x")[:]
        assert traced.total.requests >= 1

    def test_an_archive_in_an_archive(self, place):
        data = get(place.store, place.path)
        outer = placed(MemoryStore(), filled(lambda made: put(made, "in/ner.zip", data)))
        inner = ZipStore(StorePath(ZipStore(outer), "in/ner.zip"))
        assert zarr.open_array(inner, path="x")[:].tolist() == [1, 2, 3]


def test_the_tail_holds_the_longest_comment():
    data = archive(("a", b"1"), comment=b"c" * 65535)
    assert len(data) < far.TAIL_NBYTES
    assert get(ZipStore(placed(MemoryStore(), data)), "a") == b"1"
    assert layout._MOST16 + layout._END.size < far.TAIL_NBYTES
