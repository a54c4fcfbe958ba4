"""Every command of `zarr`: what it finds and does, for people and as JSON, and how it fails."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.command_line import as_json, failure, process_as_before, zarr_
from tests.suites.web_server import WebServer, served
from zarr._cli.application import DESCRIBED
from zarr._cli.cli import app
from zarr.storage import LocalStore, SQLiteStore, ZipStore

DATA = np.arange(60, dtype="i4").reshape(6, 10)


@pytest.fixture(autouse=True)
def as_before():
    with process_as_before():
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What the tests have copies of: a hierarchy, and more places, for all commands."""
    there = tmp_path_factory.mktemp("made")
    root = zarr.create_group(there / "data.zarr", attributes={"title": "all"})
    root.create_array("a", data=DATA, chunks=(2, 5), attributes={"units": "m", "long": "x" * 300})
    root.create_array("g/s", data=DATA.astype("f4"), chunks=(2, 5), shards=(6, 10), dimension_names=["y", None])
    root.create_array("g/t", data=np.array(["one", "two"], dtype="T"))
    zarr.create_group(there / "old.zarr", zarr_format=2)
    zarr.create_group(there / "both.zarr", zarr_format=2)
    with process_as_before():
        assert zarr_("zip", there / "data.zarr", there / "packed.zip")[0] == 0
        assert zarr_("migrate", "v3", there / "both.zarr")[0] == 0
    return there


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    """A hierarchy, in the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made / "data.zarr", "data.zarr")
    return "data.zarr"


@pytest.fixture
def everything(made, place):
    """Places for all commands."""
    for name in ("old.zarr", "both.zarr"):
        shutil.copytree(made / name, name)
    shutil.copy(made / "packed.zip", "packed.zip")


def damage(path):
    Path(path).write_bytes(b"nonsense")


class TestLooking:
    def test_info_of_an_array(self, place):
        code, out, err = zarr_("info", "data.zarr/a")
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[0] == "file://data.zarr/a"
        assert "Shape       6 × 10" in lines
        assert "Chunks      2 × 5, 6 of them" in lines
        assert "Codecs      bytes(endian=little) → zstd(level=0, checksum=false)" in lines
        assert any(line.startswith("long   xxx") and line.endswith("…") for line in lines)
        assert zarr_("data.zarr/a") == (0, out, "")

    def test_info_as_json(self, place):
        found = as_json("info", "data.zarr/g/s", "--stored")
        assert found["shape"] == [6, 10]
        assert (found["chunks"], found["shards"]) == ([2, 5], [6, 10])
        assert (found["n_objects"], found["n_stored"], found["n_chunks"]) == (1, 1, 6)
        assert found["dimension_names"] == ["y", None]
        assert found["attributes"] == {}
        assert as_json("data.zarr")["members"] == [
            {"path": "a", "type": "array", "shape": [6, 10], "dtype": "int32", "chunks": [2, 5], "shards": None, "nbytes": 240},
            {"path": "g", "type": "group"},
        ]  # fmt: skip

    def test_info_counts_only_when_asked(self, place):
        assert "Stored" not in zarr_("info", "data.zarr/a")[1]
        assert "6 of 6 objects" in zarr_("info", "data.zarr/a", "--stored")[1]

    def test_info_of_a_grid_of_uneven_chunks(self, place):
        with zarr.config.set({"array.rectilinear_chunks": True}):
            zarr.create_array("uneven.zarr", data=np.arange(10), chunks=[[3, 7]])
        assert as_json("info", "uneven.zarr")["chunks"] == [[3, 7]]
        assert "Chunks      (3, 7), 2 of them" in zarr_("info", "uneven.zarr")[1]

    def test_infinite_values_are_json(self, place):
        zarr.create_array("nan.zarr", data=np.array([np.nan, np.inf]), fill_value=np.nan)
        assert as_json("info", "nan.zarr")["fill_value"] == "nan"
        assert as_json("head", "nan.zarr")["values"] == ["nan", "inf"]

    def test_tree(self, place):
        code, out, _ = zarr_("tree", place)
        assert code == 0
        assert out.splitlines() == [
            "file://data.zarr",
            "├── a (6, 10) int32",
            "└── g",
            "    ├── s (6, 10) float32",
            "    └── t (2,) StringDType()",
        ]
        assert zarr_("tree", place, "--depth", "1")[1].splitlines()[1:] == ["├── a (6, 10) int32", "└── g"]
        assert "Truncated" in zarr_("tree", place, "--most", "1")[1]
        assert sorted(node["path"] for node in as_json("tree", place)["nodes"]) == ["a", "g", "g/s", "g/t"]
        assert len(as_json("tree", place, "--depth", "1")["nodes"]) == 2

    def test_ls(self, place):
        assert zarr_("ls", place) == (0, "a\ng/\n", "")
        assert zarr_("ls", "-r", place)[1].split() == ["a", "g/", "g/s", "g/t"]
        assert "6 × 10  int32  chunks 2 × 5" in zarr_("ls", "-l", place)[1]
        assert zarr_("ls", "data.zarr/a")[1] == "data.zarr/a\n"
        assert [each["path"] for each in as_json("ls", place)["members"]] == ["a", "g"]
        zarr.create_group("empty.zarr")
        assert zarr_("ls", "-l", "empty.zarr") == (0, "", "")

    def test_head(self, place):
        assert as_json("head", "data.zarr/a", "-n", "2")["values"] == [[0, 1], [10, 11]]
        assert as_json("head", "data.zarr/a", "1, ::5")["values"] == [10, 15]
        assert as_json("head", "data.zarr/a", "[..., -1]")["values"] == DATA[..., -1].tolist()
        assert as_json("head", "data.zarr/g/t")["values"] == ["one", "two"]
        assert zarr_("head", "data.zarr/a", "0, :3")[1] == "3 of 6 × 10, int32\n[0 1 2]\n"
        zarr.create_array("when.zarr", data=np.array(["2026-01-02"], "M8[D]"))
        assert as_json("head", "when.zarr")["values"] == ["2026-01-02"]

    def test_stat(self, place):
        found = as_json("stat", place, "--values")
        assert (found["n_arrays"], found["n_groups"]) == (3, 2)
        assert found["arrays"]["a"]["values"] == {"minimum": 0, "maximum": 59, "n_nan": 0}
        assert "chunk_map" not in found["arrays"]["a"]
        assert as_json("stat", place, "--maps")["arrays"]["a"]["object_map"] == [[True] * 2] * 3
        code, out, _ = zarr_("stat", place, "--values")
        assert code == 0
        assert "/a: 0 to 59, 0 NaN" in out
        assert "6 of 6    100%" in out

    def test_explain(self, place):
        assert as_json("explain", "data.zarr/a", ":, 0")["n_objects"] == 3
        found = as_json("explain", "data.zarr/g/s", ":, 0", "--ask")
        assert (found["n_objects"], found["n_chunks"], found["is_exact"]) == (1, 3, True)
        code, out, _ = zarr_("explain", "data.zarr/a", ":, 0")
        assert code == 0
        assert "20% of what is decoded" in out

    def test_bench_codecs(self, place):
        found = as_json("bench-codecs", "data.zarr/a", "--times", "1")
        assert [each["codecs"] for each in found["results"]][:2] == ["as stored", "none"]
        assert [each["error"] for each in found["results"]] == [""] * len(found["results"])
        assert next(each["ratio"] for each in found["results"] if each["codecs"] == "none") == 1
        code, out, _ = zarr_(
            "bench-codecs", "data.zarr/a", "--codec", "zstd(level=3)+crc32c", "--codec", "nothing", "--times", "1"
        )
        assert code == 0
        assert "zstd(level=3)+crc32c" in out
        assert "nothing: UnknownCodecError" in out


class TestPlaces:
    def test_archives_and_databases_and_what_is_in_them(self, place):
        assert zarr_("zip", place, "data.zip")[0] == 0
        assert zarr_("cp", place, "data.sqlite")[0] == 0
        for there in (
            "data.zip/g",
            "data.sqlite/g",
            "zip::data.zip/g",
            "zip://data.zip/g",
            f"sqlite://{Path.cwd()}/data.sqlite/g",
        ):
            assert zarr_("ls", there) == (0, "s\nt\n", "")

    def test_web_servers(self, place):
        with served(WebServer(Path.cwd())) as server:
            url = f"http://127.0.0.1:{server.server_port}/data.zarr"
            assert zarr_("ls", url) == (0, "a\ng/\n", "")
            assert failure("-o", "nonsense", "ls", url)[0] == 1
            assert zarr_("diff", url, place)[0] == 0

    def test_options_of_stores_are_passed_on(self, place):
        code, err = failure("-o", "anon=true", "info", place.replace("data", "memory://data"))
        assert code == 1
        assert "storage_options" in err


class TestCopying:
    def test_cp_of_a_group_to_a_new_place(self, place):
        assert as_json("cp", place, "copy.zarr")["n_nodes"] == 5
        assert contents(LocalStore(place)) == contents(LocalStore("copy.zarr"))
        assert not zarr.diff(place, "copy.zarr")

    def test_cp_of_an_array_into_another_hierarchy(self, place):
        zarr.create_group("other.zarr", zarr_format=2)
        assert zarr_("cp", "data.zarr/a", "other.zarr/x/y")[0] == 0
        made = zarr.open_group("other.zarr")["x/y"]
        assert made[...].tolist() == DATA.tolist()
        assert zarr_("cp", "data.zarr/a", "a.zarr")[0] == 0
        assert contents(LocalStore("a.zarr")) == contents(LocalStore("data.zarr/a"))

    @pytest.mark.parametrize("source", ["data.zarr", "data.zarr/a"])
    def test_cp_to_the_other_format(self, place, source):
        del zarr.open_group(place)["g/t"]
        assert zarr_("cp", source, "old.zarr", "--to", "v2")[0] == 0
        assert zarr.open("old.zarr").metadata.zarr_format == 2
        assert not [
            each for each in zarr.diff(source, "old.zarr", layout=False).differences if each.what != "dimension-names"
        ]

    def test_cp_keeps_consolidated_metadata(self, place):
        assert zarr_("consolidate", place)[0] == 0
        assert zarr_("cp", place, "copy.zarr")[0] == 0
        assert sorted(dict(zarr.open_consolidated("copy.zarr").members())) == ["a", "g"]

    def test_nothing_is_overwritten_without_being_told(self, place):
        zarr.create_array("other.zarr", data=[1, 2])
        before = contents(LocalStore("other.zarr"))
        code, err = failure("cp", place, "other.zarr")
        assert code == 1
        assert "there is an array at 'file://other.zarr' already; --overwrite replaces it" in err
        assert contents(LocalStore("other.zarr")) == before
        assert as_json("cp", place, "other.zarr", "--overwrite", "--dry-run")["replaced"]
        assert contents(LocalStore("other.zarr")) == before
        assert zarr_("cp", place, "other.zarr", "--overwrite")[0] == 0
        assert contents(LocalStore("other.zarr")) == contents(LocalStore(place))

    @pytest.mark.parametrize(
        ("source", "to"), [("data.zarr", "data.zarr/g/in"), ("data.zarr/g", "data.zarr"), ("data.zarr", "data.zarr")]
    )
    @pytest.mark.parametrize("command", ["cp", "mv"])
    def test_what_is_copied_is_not_lost_on_the_way(self, place, command, source, to):
        before = contents(LocalStore(place))
        assert failure(command, source, to, "--overwrite")[0] == 1
        assert contents(LocalStore(place)) == before

    def test_mv(self, place):
        inode = Path("data.zarr/a/c/0/0").stat().st_ino
        assert zarr_("mv", "data.zarr/a", "data.zarr/g/b")[0] == 0
        assert zarr.open_group(place)["g/b"][...].tolist() == DATA.tolist()
        assert "a" not in zarr.open_group(place)
        assert Path("data.zarr/g/b/c/0/0").stat().st_ino == inode  # renamed
        assert zarr_("mv", place, "moved.zip")[0] == 0
        assert not Path(place).exists()
        assert sorted(dict(zarr.open_group("moved.zip", mode="r").members(max_depth=None))) == [
            "g",
            "g/b",
            "g/s",
            "g/t",
        ]

    def test_mv_can_be_tried(self, place):
        before = contents(LocalStore(place))
        code, out, err = zarr_("mv", "data.zarr/a", "data.zarr/b", "--dry-run")
        assert (code, err) == (0, "This was a dry run: nothing was changed.\n")
        assert out.startswith("would be moved: file://data.zarr/a → file://data.zarr/b")
        assert contents(LocalStore(place)) == before

    def test_rm_asks_or_is_told(self, place):
        code, err = failure("rm", "data.zarr/g")
        assert code == 1
        assert "--yes is needed to delete 3 nodes" in err
        assert zarr_("rm", "data.zarr/g", "--dry-run")[0] == 0
        assert "g" in zarr.open_group(place)
        assert zarr_("rm", "--yes", "data.zarr/g")[0] == 0
        assert list(zarr.open_group(place)) == ["a"]
        assert zarr_("rm", "-y", place)[0] == 0
        assert not Path(place).exists()

    def test_rm_keeps_consolidated_metadata_true_and_files_of_others(self, place):
        Path("data.zarr/mine.txt").write_text("mine")
        zarr_("consolidate", place)
        assert zarr_("rm", "-y", "data.zarr/g/s")[0] == 0
        assert [path for path, _ in zarr.open_consolidated(place)["g"].members()] == ["t"]
        assert zarr_("verify", place)[0] == 0
        assert zarr_("rm", "-y", place)[0] == 0
        assert [path.name for path in Path(place).rglob("*") if path.is_file()] == ["mine.txt"]

    def test_rm_leaves_whole_files_to_others(self, place):
        zarr_("zip", place, "data.zip")
        assert "is a whole file" in failure("rm", "-y", "data.zip")[1]

    def test_zip_and_unzip(self, place):
        assert as_json("zip", place, "data.zip", "--dry-run")["dry_run"]
        assert not Path("data.zip").exists()
        packed = as_json("zip", place, "data.zip")
        assert packed["n_keys"] == len(contents(LocalStore(place)))
        assert failure("zip", place, "data.zip") == (
            1,
            "FileExistsError: there is a file 'data.zip' already; --overwrite replaces it\n",
        )
        assert zarr_("zip", "data.zarr/g", "data.zip", "--overwrite")[0] == 0
        with ZipStore("data.zip") as store:
            assert contents(store) == contents(LocalStore("data.zarr/g"))
        assert as_json("unzip", "data.zip", "out.zarr", "--dry-run")["n_keys"] == len(
            contents(LocalStore("data.zarr/g"))
        )
        assert not Path("out.zarr").exists()
        assert zarr_("unzip", "data.zip", "out.zarr")[0] == 0
        assert contents(LocalStore("out.zarr")) == contents(LocalStore("data.zarr/g"))
        assert failure("unzip", "data.zip", "out.zarr")[0] == 1
        assert failure("unzip", place, "elsewhere.zarr")[0] == 1
        assert failure("zip", place, "data.tar")[0] == 1


class TestRechunking:
    def test_other_chunks(self, place):
        assert as_json("rechunk", "data.zarr/a", "data.zarr/x/b", "--chunks", "6,2", "--dry-run")["chunks"] == [6, 2]
        assert "x" not in zarr.open_group(place)
        assert as_json("rechunk", "data.zarr/a", "data.zarr/x/b", "--chunks", "6,2")["chunks"] == [6, 2]
        made = zarr.open_group(place)["x/b"]
        assert made[...].tolist() == DATA.tolist()
        assert dict(made.attrs)["units"] == "m"
        assert zarr_("verify", place)[0] == 0

    def test_shards_and_codecs_in_a_new_place(self, place):
        options = ["--chunks", "2,2", "--shards", "6,4", "--codec", "gzip(level=1)", "--max-memory", "64MB"]
        code, out, _ = zarr_("rechunk", "data.zarr/g/s", "new.zip", *options)
        assert code == 0
        assert "Codecs      bytes(endian=little) → gzip(level=1)" in out
        assert not zarr.diff("data.zarr/g/s", "new.zip", layout=False)
        assert (
            as_json("rechunk", "data.zarr/g/s", "plain.zarr", "--shards", "none", "--codec", "none")["shards"] is None
        )

    def test_what_is_there_stays_unless_it_is_said(self, place):
        before = contents(LocalStore(place))
        for more in ([], ["--dry-run"]):
            assert failure("rechunk", "data.zarr/a", "data.zarr/g/t", "--chunks", "3,3", *more)[0] == 1
        assert "say what is to be different" in failure("rechunk", "data.zarr/a", "b.zarr")[1]
        assert "integers with commas" in failure("rechunk", "data.zarr/a", "b.zarr", "--chunks", "3x3")[1]
        assert failure("rechunk", "data.zarr/a", "data.zarr/a", "--chunks", "3,3", "--overwrite")[0] == 1
        assert contents(LocalStore(place)) == before
        assert zarr_("rechunk", "data.zarr/a", "data.zarr/g/t", "--chunks", "3,3", "--overwrite")[0] == 0
        assert zarr.open_group(place)["g/t"].chunks == (3, 3)


class TestAppending:
    def test_files_and_arrays(self, place):
        np.save("more.npy", DATA[:3])
        assert as_json("append", "data.zarr/a", "more.npy")["shape"] == [9, 10]
        assert zarr_("append", "data.zarr/a", "data.zarr/g/s")[0] == 0
        assert zarr_("append", "data.zarr/a", "data.zarr/a")[0] == 0
        whole = np.concatenate([DATA, DATA[:3], DATA])
        assert zarr.open_array("data.zarr/a")[...].tolist() == [*whole.tolist(), *whole.tolist()]
        zarr.create_array("line.zarr", data=np.arange(3.0), chunks=2)
        Path("more.csv").write_text("3\n4.5\n")
        assert zarr_("append", "line.zarr", "more.csv")[1].startswith("appended 2 along axis 0: 3 → 5")
        assert zarr.open_array("line.zarr")[...].tolist() == [0, 1, 2, 3, 4.5]

    def test_another_axis_and_standard_input(self, place):
        file = io.BytesIO()
        np.save(file, DATA[:, :4])
        assert zarr_("append", "data.zarr/a", "-", "--axis", "1", stdin=file.getvalue())[0] == 0
        assert zarr.open_array("data.zarr/a")[:, 10:].tolist() == DATA[:, :4].tolist()

    def test_a_try(self, place):
        assert as_json("append", "data.zarr/a", "data.zarr/a", "--dry-run")["shape"] == [12, 10]
        assert zarr.open_array("data.zarr/a").shape == (6, 10)

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["data.zarr/a", "wide.npy"], "do not fit behind"),
            (["data.zarr/a", "data.zarr/a", "--axis", "2"], "no axis 2"),
            (["data.zarr/g", "wide.npy"], "name one of its arrays: s, t"),
            (["data.zarr/a", "data.zarr"], "there is a group"),
        ],
    )
    def test_what_does_not_fit(self, place, args, said):
        np.save("wide.npy", np.zeros((2, 11)))
        before = contents(LocalStore(place))
        code, err = failure("append", *args)
        assert code == 1
        assert said in err
        assert contents(LocalStore(place)) == before


class TestExporting:
    def test_npy(self, place):
        assert as_json("export", "data.zarr/a", "a.npy", "1:, ::3")["shape"] == [5, 4]
        assert np.load("a.npy").tolist() == DATA[1:, ::3].tolist()
        assert failure("export", "data.zarr/a", "a.npy")[0] == 1
        assert zarr_("export", "data.zarr/g/t", "a.npy", "--overwrite")[0] == 0
        assert np.load("a.npy").tolist() == ["one", "two"]
        zarr.create_array("scalar.zarr", data=np.int8(3))
        assert zarr_("export", "scalar.zarr", "s.npy")[0] == 0
        assert np.load("s.npy") == 3

    def test_csv(self, place):
        assert zarr_("export", "data.zarr/g/s", "a.csv")[0] == 0
        assert np.loadtxt("a.csv", delimiter=",").tolist() == DATA.tolist()
        records = np.array([(1, 0.1), (2, np.nan)], dtype=[("n", "i4"), ("x", "f8")])
        zarr.create_array("records.zarr", data=records)
        assert zarr_("export", "records.zarr", "-", "--format", "csv")[1] == "n,x\n1,0.1\n2,nan\n"
        with Path("a.csv").open() as file:
            assert len(list(csv.reader(file))) == 6
        zarr.create_array("cube.zarr", data=np.zeros((2, 2, 2)))
        assert "a table has one or two dimensions" in failure("export", "cube.zarr", "c.csv")[1]
        assert not [path for path in Path.cwd().iterdir() if path.name.endswith(".part")]

    def test_raw(self, place):
        assert zarr_("export", "data.zarr/a", "a.raw")[0] == 0
        assert Path("a.raw").read_bytes() == DATA.tobytes()

    def test_npz_and_hdf5_of_groups(self, place):
        assert as_json("export", place, "all.npz")["n_arrays"] == 3
        with np.load("all.npz") as found:
            assert sorted(found) == ["a", "g/s", "g/t"]
            assert found["a"].tolist() == DATA.tolist()
        assert zarr_("export", place, "all.h5")[0] == 0
        with h5py.File("all.h5") as file:
            assert file.attrs["title"] == "all"
            assert file["g/s"][...].tolist() == DATA.tolist()
            assert [text.decode() for text in file["g/t"]] == ["one", "two"]
            assert file["a"].attrs["units"] == "m"

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["data.zarr/a", "a.xlsx"], "say --format with one of"),
            (["data.zarr/a", "a", "--format", "xlsx"], "'xlsx' is no format"),
            (["data.zarr", "a.npy"], "name one of its arrays"),
            (["data.zarr", "a.npz", "0"], "a selection is of one array"),
            (["data.zarr/a", "-", "--format", "npz"], "npz needs a file"),
            (["data.zarr/a", "-", "--format", "csv", "--json"], "cannot both go to standard output"),
            (["data.zarr/a", "nowhere/a.npy"], "nowhere"),
        ],
    )
    def test_what_cannot_be(self, place, args, said):
        code, err = failure("export", *args)
        assert code in (1, 3)
        assert said in err


class TestChecking:
    def test_all_is_well(self, place):
        code, out, _ = zarr_("verify", place)
        assert (code, out.splitlines()[0]) == (0, "ok: file://data.zarr")
        assert as_json("verify", place, "--subset", "1/2")["ok"]

    def test_damage_is_found_and_repaired(self, place):
        damage("data.zarr/a/c/0/1")
        code, out, _ = zarr_("verify", place)
        assert code == 2
        assert "error  damaged-chunk  a/c/0/1" in out
        assert as_json("verify", place)["kinds"] == {"damaged-chunk": 1}
        assert as_json("repair", place, "--dry-run")["exit_code"] == 0
        assert zarr_("verify", place)[0] == 2
        code, out, _ = zarr_("repair", place)
        assert code == 0
        assert "repaired a/c/0/1" in out
        code, out, _ = zarr_("repair", place)
        assert code == 2  # it is lost, and nothing can be done about that
        assert "lost-chunk" in out

    def test_many_findings_are_cut_for_people(self, place):
        for key in Path("data.zarr/a/c").rglob("*"):
            if key.is_file():
                damage(key)
        out = zarr_("verify", place, "--most", "2")[1]
        assert "and 4 more" in out
        assert len(as_json("verify", place)["findings"]) == 6

    def test_diff(self, place):
        zarr_("cp", place, "copy.zarr")
        assert zarr_("diff", place, "copy.zarr")[0] == 0
        other = zarr.open_group("copy.zarr")
        other["a"][1, 2] += 5
        other.attrs["title"] = "other"
        del other["g/t"]
        code, out, _ = zarr_("diff", place, "copy.zarr")
        assert code == 2
        assert "[1, 2]  12 → 17" in out
        assert "/g/t  only-left" in out
        found = as_json("diff", place, "copy.zarr")
        assert [each["what"] for each in found["differences"]] == ["attributes", "values", "only-left"]
        assert zarr_("diff", "data.zarr/a", "copy.zarr/a", "--atol", "5")[0] == 0
        assert zarr_("diff", "data.zarr/a", "copy.zarr/a", "--metadata")[0] == 0
        assert zarr_("diff", "data.zarr/a", "data.zarr/g/s", "--data")[0] == 2

    def test_consolidate(self, place):
        assert as_json("consolidate", place, "--dry-run")["n_nodes"] == 4
        assert zarr.open_group(place).metadata.consolidated_metadata is None
        code, out, _ = zarr_("consolidate", place)
        assert (code, out) == (0, "consolidated: 4 nodes below file://data.zarr\n")
        assert zarr.open_group(place).metadata.consolidated_metadata is not None

    def test_migrate_as_json(self, place):
        zarr.create_group("old.zarr", zarr_format=2).create_array("a", data=DATA)
        found = as_json("migrate", "v3", "old.zarr", "--dry-run")
        assert "Saving metadata to file://old.zarr/a/zarr.json" in found["log"]
        assert found["dry_run"]
        zarr_("migrate", "v3", "old.zarr")
        assert as_json("remove-metadata", "v2", "old.zarr")["exit_code"] == 0
        assert zarr.open_group("old.zarr").metadata.zarr_format == 3


def arguments_of(name):
    """Some that the command takes."""
    return {
        "head": ["data.zarr/a"],
        "explain": ["data.zarr/a"],
        "bench-codecs": ["data.zarr/a", "--times", "1", "--codec", "none"],
        "cp": ["data.zarr", "new.zarr"],
        "mv": ["data.zarr/a", "data.zarr/b"],
        "rechunk": ["data.zarr/a", "new.zarr", "--chunks", "3,3"],
        "rm": ["data.zarr/a", "--yes"],
        "zip": ["data.zarr", "new.zip"],
        "unzip": ["packed.zip", "new.zarr"],
        "append": ["data.zarr/a", "data.zarr/a"],
        "export": ["data.zarr/a", "a.npy"],
        "diff": ["data.zarr", "data.zarr"],
        "migrate": ["v3", "old.zarr"],
        "remove-metadata": ["v2", "both.zarr"],
    }.get(name, ["data.zarr"])


class TestAllCommands:
    @pytest.mark.parametrize("name", DESCRIBED)
    def test_works_as_json_and_for_people(self, everything, name):
        code, out, _ = zarr_(name, *arguments_of(name), "--json")
        assert code == 0
        assert isinstance(json.loads(out), dict)

    @pytest.mark.parametrize("name", [name for name in DESCRIBED if DESCRIBED[name].changes])
    def test_what_changes_something_can_be_tried(self, everything, name):
        before = {path: path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file()}
        code, _, err = zarr_(name, *arguments_of(name), "--dry-run")
        assert code == 0
        assert "dry run" in err or name == "rm"
        assert {path: path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file()} == before

    @pytest.mark.parametrize("name", DESCRIBED)
    def test_help_has_examples(self, name):
        code, out, err = zarr_(name, "--help")
        assert (code, err) == (0, "")
        assert "Usage: zarr" in out
        assert "Examples:" in out
        assert f"zarr {name}" in "".join(DESCRIBED[name].examples) or name == "migrate"

    @pytest.mark.parametrize("name", DESCRIBED)
    def test_nothing_there_is_its_own_exit_code(self, everything, name):
        args = [arg.replace("data.zarr", "missing.zarr").replace("packed", "missing") for arg in arguments_of(name)]
        args = [arg.replace("old.zarr", "missing.zarr").replace("both.zarr", "missing.zarr") for arg in args]
        code, err = failure(name, *args)
        assert code == (1 if name in ("migrate", "remove-metadata") else 3)  # those as zarr-python's
        assert "missing" in err
        assert not Path("missing.zarr").exists()

    def test_usage_as_json(self):
        code, out, _ = zarr_("--json-usage")
        found = json.loads(out)
        assert code == 0
        assert [each["name"] for each in found["commands"]] == list(DESCRIBED)
        assert set(found["exit_codes"]) == {"0", "1", "2", "3", "4", "130"}
        (cp,) = (each for each in found["commands"] if each["name"] == "cp")
        assert cp["changes"]
        assert [each["name"] for each in cp["arguments"]] == ["source", "destination"]
        (to,) = (each for each in cp["options"] if "--to" in each["flags"])
        assert to["choices"] == ["v2", "v3"]
        assert all(any("--json" in option["flags"] for option in each["options"]) for each in found["commands"])

    def test_the_issue_has_them_all(self):
        wanted = "info tree ls head stat cp mv rm rechunk append diff verify repair migrate remove-metadata consolidate zip unzip explain bench-codecs export"
        assert set(wanted.split()) <= set(DESCRIBED)


class TestMistakes:
    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["bogus"], "nothing.* is stored|No array or group found"),
            (["inof", "data.zarr"], "No such command 'inof'.*Did you mean 'info'"),
            (["info"], "Missing argument"),
            (["info", "data.zarr", "more"], "unexpected extra argument"),
            (["info", "data.zarr", "--colour"], "No such option: --colour"),
            (["head", "data.zarr/a", "--", "-1:x"], "selects nothing"),
            (["head", "data.zarr/a", "1.5"], "selects nothing"),
            (["head", "data.zarr/a", "9"], "out of bounds"),
            (["head", "data.zarr/a", "0, 0, 0"], "too many indices"),
            (["head", "data.zarr"], "name one of its arrays: a"),
            (["tree", "data.zarr/a"], "there is an array"),
            (["consolidate", "data.zarr/a"], "there is an array"),
            (["verify", "data.zarr", "--subset", "most"], "subset"),
            (["bench-codecs", "data.zarr/a", "--codec", "zstd("], "codecs are written as"),
            (["bench-codecs", "data.zarr/a", "--sample", "much"], "max_nbytes"),
            (["info", "nothing://host/a"], "Stores of the kind 'nothing' are not known"),
            (["info", "notes.txt"], "is a file, and a store is a directory"),
            (["info", ""], "an empty text is no place"),
            ([], "Missing command"),
        ],
    )
    def test_each_is_a_line_that_says_what_to_do(self, place, args, said):
        Path("notes.txt").write_text("mine")
        code, err = failure(*args)
        assert code == (3 if args in (["bogus"], ["info", "notes.txt"]) else 1)
        assert re.search(said, err, re.IGNORECASE | re.DOTALL)

    def test_what_cannot_be_read_is_shown_as_that_and_can_be_deleted(self, place):
        document = Path("data.zarr/a/zarr.json")
        document.write_text(document.read_text().replace('"int32"', '"int33"'))
        for call in (["ls", "-l", place], ["info", place], ["tree", place]):
            code, out, _ = zarr_(*call)
            assert code == 0
            assert "unsupported: No Zarr data type found that matches 'int33'" in out
        assert as_json("tree", place)["nodes"][0]["type"] == "unsupported"
        code, _, err = zarr_("export", place, "all.npz")
        assert code == 0
        assert "a cannot be read, and is left out" in err
        assert zarr_("export", place, "all.h5")[0] == 0
        assert failure("info", "data.zarr/a")[0] == 1
        assert zarr_("rm", "-y", "data.zarr/a")[0] == 0
        assert zarr_("verify", place)[0] == 0

    def test_a_directory_of_something_else_is_not_all_right(self, place):
        Path("junk").mkdir()
        Path("junk/x").write_text("mine")
        code, err = failure("verify", "junk")
        assert code == 3
        assert "it holds 'x'" in err

    def test_damaged_archives_are_no_fault_of_the_program(self, place):
        Path("empty.zip").touch()
        code, err = failure("info", "empty.zip")
        assert code == 1
        assert "no zip archive" in err
        assert "fault of the program" not in err

    def test_errors_are_json_too(self, place):
        code, out, err = zarr_("info", "missing.zarr", "--json")
        assert (code, out) == (3, "")
        found = json.loads(err)
        assert (found["error"], found["exit_code"]) == ("GroupNotFoundError", 3)

    @pytest.mark.parametrize(
        ("raised", "code"),
        [
            (PermissionError(13, "Permission denied", "data.zarr"), 1),
            (BlockingIOError(11, "another process writes this zip archive"), 4),
            (TimeoutError("locked"), 4),
            (zarr.errors.ConcurrentChangeError("kept changing"), 4),
            (KeyboardInterrupt(), 130),
            (AssertionError("a fault of ours"), 1),
        ],
    )
    def test_what_goes_wrong_in_a_store(self, place, monkeypatch, raised, code):
        def fail(*_, **__):
            raise raised

        monkeypatch.setattr("zarr._cli.places.open_node", fail)
        found, err = failure("info", place)
        assert found == code
        if code == 130:
            assert err == ""
        else:
            assert str(raised) in err
        assert ("fault of the program" in err) == isinstance(raised, AssertionError)

    def test_python_shows_more_if_asked(self, place):
        code, _, err = zarr_("--traceback", "info", "missing.zarr")
        assert code == 3
        assert "Traceback" in err

    def test_the_version(self):
        assert zarr_("--version") == (0, f"{zarr.__version__}\n", "")

    def test_databases_can_be_read_while_they_are_written(self, place):
        store = SQLiteStore("all.sqlite")
        zarr.create_array(store, data=DATA)
        assert as_json("head", "all.sqlite", "0, 0")["values"] == 0
        store.close()


def test_the_app_has_the_commands_of_the_list():
    assert {command.name for command in app.registered_commands} == set(DESCRIBED)
