"""What keeps writers apart on which file system: locks, leases, or, where buckets are mounted, locks and a warning that they end."""

import asyncio
import errno
import warnings

import numpy as np
import pytest

import zarr
from zarr._store import flock, mounts
from zarr._store.mounts import LOCAL, kind_of
from zarr.errors import ZarrRuntimeWarning
from zarr.storage import LocalStore

LINE = "{number} 1 0:{number} / {place} rw,relatime shared:1 - {kind} source rw\n"


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """Have a table of mounts: kinds by places."""
    monkeypatch.setattr(mounts, "_looked_at", set())
    monkeypatch.setattr(mounts, "_ways", {})
    monkeypatch.setattr(mounts, "_by_name", {})
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "_TABLE", table)

    def put(*pairs):
        lines = [("/", "ext4"), *pairs]
        table.write_text(
            "".join(
                LINE.format(number=number, place=str(place).replace("\\", r"\134").replace(" ", r"\040"), kind=kind)
                for number, (place, kind) in enumerate(lines)
            )
        )

    return put


@pytest.fixture
def shared(tmp_path, mounted):
    """A directory in a bucket."""
    place = tmp_path / "shared"
    place.mkdir()
    mounted((place, "fuse.s3fs"))
    return place


@pytest.fixture
def said():
    """The warnings of a test, of which none is expected but those."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        yield given


def relies(array):
    array[1:3] = 7


CHANGES = {
    "a part of a chunk": relies,
    "a part of a shard": lambda array: relies(zarr.open_array(array.store, path="sharded", mode="r+")),
    "points": lambda array: array.set_coordinate_selection([1, 5], 7),
    "append": lambda array: array.append([1]),
    "resize": lambda array: array.resize((20,)),
    "attributes": lambda array: array.attrs.update(a=1),
    "asynchronously": lambda array: asyncio.run(array.async_array.setitem(slice(1, 3), 7)),
}


def make(place, zarr_format=3):
    store = LocalStore(place)
    zarr.create_group(store, zarr_format=3)
    zarr.create_array(store, name="sharded", data=np.arange(12), chunks=2, shards=4)
    return zarr.create_array(store, name="plain", data=np.arange(12), chunks=4)


@pytest.mark.parametrize("change", CHANGES)
def test_the_first_change_that_relies_on_a_lock_warns_once(shared, said, engine, change):
    array = make(shared)
    assert said == []
    CHANGES[change](array)
    (warning,) = said
    assert warning.category is ZarrRuntimeWarning
    assert issubclass(warning.category, RuntimeWarning)
    for words in (
        "'fuse.s3fs'",
        "a bucket",
        "one machine",
        "zarr.config.set({'array.locking': 'directory'})",
        str(shared),
    ):
        assert words in str(warning.message)
    for again in CHANGES.values():
        again(array)
    relies(make(shared / "another"))
    assert len(said) == 1


def test_it_points_at_the_line_of_the_user(shared, said, engine):
    array = make(shared)
    array[0:2] = 1
    assert said[0].filename == __file__


def test_what_relies_on_no_lock_is_done_in_silence(shared, said, engine):
    array = make(shared)
    array[:] = 5
    array[4:8] = 6
    zarr.open_array(array.store, path="sharded", mode="r+")[4:12] = 6
    assert array[:].tolist() == [5] * 4 + [6] * 4 + [5] * 4
    zarr.create_array(array.store, name="plain", data=np.arange(3), overwrite=True)
    del zarr.open_group(array.store)["plain"]
    assert said == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_says_that_this_machine_alone_writes_hears_nothing(shared, said, engine, when):
    array = make(shared)
    with zarr.config.set({"array.locking": "directory"}):
        relies(array)
        array.append([1])
    assert said == []
    relies(array)
    assert len(said) == 1


def test_the_lock_is_taken_all_the_same_and_let_go_if_the_warning_is_an_error(shared, engine):
    array = make(shared)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ZarrRuntimeWarning) as caught:
            array.append([1])
        LocalStore(shared).hold("plain").release()
        assert array.shape == (12,)
    assert "fuse.s3fs" in str(caught.value)
    array.append([1])
    assert array[-1] == 1


def test_each_file_system_is_named(tmp_path, mounted, said):
    """They are told apart by their device."""
    places = {"cifs": tmp_path / "a", "fuse.sshfs": tmp_path / "b", "lustre": tmp_path / "c d"}
    mounted(*((place, kind) for kind, place in places.items()))
    for device, (kind, place) in enumerate(places.items()):
        place.mkdir()
        for _ in range(2):
            if (found := mounts.doubtful_kind(str(place), device)) is not None:
                mounts.warn_of(found, str(place), device)
        assert f"of type {kind!r}" in str(said[-1].message)
    assert len(said) == 3


LOCAL_KINDS = ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuseblk", "vfat", "f2fs", "ramfs"]


@pytest.mark.parametrize("kind", LOCAL_KINDS)
def test_file_systems_of_one_machine_are_known(tmp_path, mounted, said, kind):
    mounted((tmp_path, kind))
    relies(make(tmp_path / "a"))
    assert kind in LOCAL
    assert said == []


@pytest.mark.parametrize("kind", ["fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.mountpoint-s3", "fuse.blobfuse2"])
def test_where_buckets_are_mounted_one_machine_is_to_write(tmp_path, mounted, said, kind):
    mounted((tmp_path, kind))
    relies(make(tmp_path / "a"))
    assert len(said) == 1
    assert mounts.way_at(str(tmp_path)) == "directory"


def test_a_bucket_is_known_by_the_name_of_its_source_too(tmp_path, mounted):
    mounted((tmp_path, "fuse"))
    mounts._TABLE.write_text(mounts._TABLE.read_text().replace("fuse source", "fuse mountpoint-s3"))
    assert kind_of(str(tmp_path)) == "fuse.mountpoint-s3"


SHARED_KINDS = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "lustre",
    "fuse",
    "fuse.bindfs",
    "fuse.sshfs",
    "ceph",
    "9p",
    "virtiofs",
    "gpfs",
    "beegfs",
]


@pytest.mark.parametrize("kind", SHARED_KINDS)
def test_on_any_other_leases_take_the_place_of_locks(tmp_path, mounted, said, kind):
    mounted((tmp_path, kind))
    array = make(tmp_path / "a")
    relies(array)
    array.append([1])
    assert array.store.capabilities.holds_objects
    assert array.store.native_place() is None
    assert array[:4].tolist() == [0, 7, 7, 3]
    assert said == []


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOSYS, errno.ENOLCK])
def test_where_flock_is_refused_leases_take_its_place(tmp_path, monkeypatch, said, number):
    class Refusing:
        LOCK_SH, LOCK_NB = 1, 4

        @staticmethod
        def flock(fd, operation):
            raise OSError(number, "refused")

    monkeypatch.setattr(mounts, "_ways", {})
    monkeypatch.setattr(flock, "fcntl", Refusing)
    assert make(tmp_path / "a").store.capabilities.holds_objects
    assert said == []


@pytest.mark.parametrize("way", ["directory", "lease", "none"])
def test_a_setting_is_believed(tmp_path, mounted, way):
    mounted((tmp_path, "nfs4"))
    store = LocalStore(tmp_path)
    with zarr.config.set({"array.locking": way}):
        assert mounts.way_at(str(tmp_path)) == way
        assert store.capabilities.holds_objects == (way == "lease")
    assert store.capabilities.holds_objects


def test_a_lock_on_a_directory_that_is_in_use_is_no_sign_of_anything(tmp_path, monkeypatch):
    monkeypatch.setattr(mounts, "_ways", {})
    with zarr.config.set({"array.locking": "directory"}):
        hold = LocalStore(tmp_path).hold("")
    with hold:
        assert mounts.way_at(str(tmp_path)) == "directory"


def test_without_a_table_nothing_is_known_and_nothing_said(tmp_path, mounted, said):
    """As on macOS and Windows."""
    assert kind_of(str(tmp_path)) is None
    relies(make(tmp_path / "a"))
    assert said == []


class TestTable:
    def test_the_nearest_mount_counts_and_of_two_on_one_place_the_last(self, tmp_path, mounted):
        inner = tmp_path / "mnt" / "inner"
        inner.mkdir(parents=True)
        mounted((tmp_path, "xfs"), (tmp_path / "mnt", "autofs"), (tmp_path / "mnt", "nfs4"), (inner, "tmpfs"))
        assert kind_of(str(tmp_path)) == "xfs"
        assert kind_of(str(tmp_path / "mnt")) == "nfs4"
        assert kind_of(str(inner)) == "tmpfs"
        (tmp_path / "mnt-beside").mkdir()
        assert kind_of(str(tmp_path / "mnt-beside")) == "xfs"
        assert kind_of("/") == "ext4"

    def test_links_are_followed(self, tmp_path, shared, mounted):
        (tmp_path / "link").symlink_to(shared)
        assert kind_of(str(tmp_path / "link")) == "fuse.s3fs"

    def test_odd_names_and_lines(self, tmp_path, mounted):
        odd = tmp_path / "a b\\c"
        odd.mkdir()
        mounted((odd, "nfs"))
        with mounts._TABLE.open("a") as table:
            table.write("\nnonsense\n1 2 3 - \n")
        assert kind_of(str(odd)) == "nfs"

    def test_the_table_of_this_machine_is_read(self, tmp_path):
        if mounts._TABLE.exists():
            assert kind_of(str(tmp_path)) is not None
            assert kind_of("/proc") == "proc"
