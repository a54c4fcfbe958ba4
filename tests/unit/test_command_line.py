"""The command `zarr`, as a user gives it: what it does, prints and returns."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.command_line import process_as_before, zarr_
from zarr._cli import main
from zarr.storage import LocalStore, ZipStore

DATA = np.arange(12).reshape(3, 4)
DRY = "This was a dry run: nothing was changed. `zarr --verbose` lists what would be done.\n"


@pytest.fixture(autouse=True)
def as_before():
    with process_as_before():
        yield


@pytest.fixture
def old(tmp_path):
    root = zarr.create_group(tmp_path / "old.zarr", zarr_format=2)
    root.create_array("a", data=DATA, fill_value=None)
    return str(tmp_path / "old.zarr")


def keys(path):
    return sorted(key for key in contents(LocalStore(path)) if "/c" not in key and not key.endswith("0.0"))


def opened(path, zarr_format):
    return zarr.open_group(path, mode="r", zarr_format=zarr_format)["a"][...].tolist()


OLD = [".zattrs", ".zgroup", "a/.zarray", "a/.zattrs"]
NEW = ["a/zarr.json", "zarr.json"]


class TestMigrate:
    def test_in_place(self, old):
        code, out, err = zarr_("migrate", "v3", old)
        assert (code, out) == (0, "")
        assert err == "nodes that are not described as before: 1 of 2. a: fill value null -> 0\n"
        assert keys(old) == sorted(OLD + NEW)
        assert opened(old, 2) == opened(old, 3) == DATA.tolist()
        assert zarr_("migrate", "v3", old) == (0, "", "")

    def test_a_dry_run_says_that_it_was_one(self, old):
        assert zarr_("migrate", "v3", old, "--dry-run")[2].endswith(DRY)
        assert DRY not in zarr_("--verbose", "migrate", "v3", old, "--dry-run")[2]
        assert DRY not in zarr_("migrate", "v3", old)[2]

    def test_verbose(self, old):
        _, out, err = zarr_("--verbose", "migrate", "v3", old, "--dry-run", "--remove-v2-metadata")
        assert out == ""
        lines = err.splitlines()
        assert lines[0].startswith("Dry run enabled - no files will be created or changed")
        assert lines[1:4] == [
            f"Saving metadata to file://{old}/a/zarr.json",
            f"Changed in file://{old}/a: fill value null -> 0",
            f"Saving metadata to file://{old}/zarr.json",
        ]
        assert [line.removeprefix(f"Deleting metadata at file://{old}/") for line in lines[4:-1]] == [
            ".zgroup",
            ".zattrs",
            "a/.zarray",
            "a/.zattrs",
        ]
        assert keys(old) == OLD

    def test_elsewhere(self, old, tmp_path):
        new = str(tmp_path / "new.zarr")
        assert zarr_("migrate", "v3", old, new)[0] == 0
        assert (keys(old), keys(new)) == (OLD, NEW)
        zarr.open_group(new).attrs["changed"] = True
        code, _, err = zarr_("migrate", "v3", old, new)
        assert code == 1
        assert err.startswith("ContainsGroupError: There are metadata of format 3 at")
        assert err.count("\n") == 1
        code, _, err = zarr_("migrate", "v3", old, new, "--overwrite")
        assert code == 1
        assert "no v2 metadata exists. To delete anyway, use the 'force' option." in err
        assert zarr_("migrate", "v3", old, new, "--overwrite", "--force")[0] == 0
        assert dict(zarr.open_group(new).attrs) == {}

    def test_only_into_an_empty_place(self, old, tmp_path):
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "note.txt").write_text("mine")
        code, _, err = zarr_("migrate", "v3", old, str(tmp_path / "other"))
        assert code == 1
        assert "already contains data: 'note.txt'" in err

    def test_with_removal(self, old):
        assert zarr_("migrate", "v3", old, "--remove-v2-metadata")[0] == 0
        assert keys(old) == NEW
        code, _, err = zarr_("migrate", "v3", old)
        assert code == 1
        assert "Only arrays / groups with zarr v2 metadata can be converted" in err

    def test_an_archive(self, tmp_path):
        path = tmp_path / "old.zip"
        with ZipStore(path, mode="w") as store:
            zarr.create_group(store, zarr_format=2).create_array("a", data=DATA)
        assert zarr_("migrate", "v3", str(path), "--remove-v2-metadata") == (0, "", "")
        assert opened(path, 3) == DATA.tolist()

    def test_nothing_there(self, tmp_path):
        code, out, err = zarr_("migrate", "v3", str(tmp_path / "missing.zarr"))
        assert (code, out) == (1, "")
        assert "No array or group found" in err
        assert not (tmp_path / "missing.zarr").exists()


class TestRemoveMetadata:
    def test_of_either_format(self, old):
        code, _, err = zarr_("remove-metadata", "v2", old)
        assert code == 1
        assert "Cannot remove v2 metadata" in err
        zarr_("migrate", "v3", old)
        assert zarr_("remove-metadata", "v3", old) == (0, "", "")
        assert keys(old) == OLD
        zarr_("migrate", "v3", old)
        assert zarr_("remove-metadata", "v2", old) == (0, "", "")
        assert keys(old) == NEW
        assert zarr_("remove-metadata", "v3", old, "--dry-run", "--force") == (0, "", DRY)
        assert keys(old) == NEW
        assert zarr_("remove-metadata", "v3", old, "--force") == (0, "", "")
        assert keys(old) == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["migrate", "v2", "x"], "v2"),
        (["migrate"], "zarr_format"),
        (["remove-metadata", "v4", "x"], "v4"),
        (["remove-metadata", "v2"], "store"),
        (["migrate", "v3", "x", "--colour"], "--colour"),
    ],
)
def test_usage(args, said):
    code, out, err = zarr_(*args)
    assert (code, out) == (2, "")  # as zarr-python's, which has these commands too
    assert said.lower() in err.lower()


@pytest.mark.parametrize("command", [[], ["migrate"], ["remove-metadata"]])
def test_help(command):
    code, out, err = zarr_(*command, "--help")
    assert (code, err) == (0, "")
    assert "Usage: zarr" in out


def test_warnings_are_lines_of_their_own(tmp_path):
    path = tmp_path / "old.zarr"
    zarr.create_array(path, data=np.array([b"a"]), zarr_format=2)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        _, _, err = zarr_("migrate", "v3", str(path))
    assert all(line.partition(":")[0] == "UnstableSpecificationWarning" for line in err.splitlines())


def test_what_is_installed_is_this():
    scripts = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"zarr": "zarr._cli:main"}
    assert callable(main)


def test_without_its_package_it_says_what_to_install():
    program = "import sys; sys.modules['typer'] = None; import zarr._cli; zarr._cli.main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr
        == "zarr: the command line needs the package 'typer'; install what it needs with: pip install 'typer>=0.15' 'rich>=13'\n"
    )


def test_the_whole_command(tmp_path):
    program = "from zarr._cli import main; main()"
    zarr.create_array(tmp_path / "a", data=DATA, zarr_format=2)
    call = [sys.executable, "-c", program, "migrate", "v3", str(tmp_path / "a")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert zarr.open_array(tmp_path / "a").metadata.zarr_format == 3


def test_it_is_a_module_too(old):
    done = subprocess.run(
        [sys.executable, "-m", "zarr", "migrate", "v3", old, "--dry-run"], capture_output=True, text=True, check=True
    )
    assert done.stderr.endswith(DRY)
