"""What editors know of the calls: type checkers complain about wrong ones, each on its line, and about no others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import zarr
from zarr._codec.documents import CompressorName, FilterName, SerializerName
from zarr._codec.registry import _OURS, get_codec_class, parse_codec
from zarr.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec

PROGRAM = Path(__file__).with_name("program.py")
SOURCE = Path(zarr.__file__).parent.parent


def lines_of(marked: bool) -> set[int]:
    lines = PROGRAM.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# wrong") is marked}


def check(*command: str, where: Path) -> str:
    environment = {**os.environ}
    if SOURCE.name == "src":  # used in place: checkers do not see what is installed so
        environment["MYPYPATH"] = str(SOURCE)
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=280, cwd=where, env=environment
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_mypy_complains_of_what_is_wrong(tmp_path):
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\npython_version = 3.11\nstrict = True\n[mypy-numcodecs.*]\nignore_missing_imports = True\n"
    )
    output = check("mypy", "--config-file", "mypy.ini", "--no-pretty", str(PROGRAM), where=tmp_path)
    found = {
        int(number)
        for place, number in re.findall(r"^(.*?program\.py):(\d+): error", output, re.MULTILINE)
        if Path(place).name == PROGRAM.name
    }
    assert found == lines_of(marked=True), output


def test_pyright_complains_of_what_is_wrong(tmp_path):
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps(
            {
                "include": [str(PROGRAM)],
                "extraPaths": [str(SOURCE)],
                "typeCheckingMode": "standard",
                "pythonVersion": "3.11",
                "reportMissingTypeStubs": False,
            }
        )
    )
    output = check("basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path), where=tmp_path)
    errors = [found for found in json.loads(output)["generalDiagnostics"] if found["severity"] == "error"]
    found = {error["range"]["start"]["line"] + 1 for error in errors}
    assert found == lines_of(marked=True), json.dumps(errors, indent=1)


@pytest.mark.parametrize(
    ("names", "kind"),
    [(FilterName, ArrayArrayCodec), (SerializerName, ArrayBytesCodec), (CompressorName, BytesBytesCodec)],
)
def test_the_names_of_codecs_are_those_that_stand_for_a_codec_alone(names, kind):
    alone = set()
    for name in _OURS:
        if name != "endian" and issubclass(get_codec_class(name), kind):
            try:
                parse_codec(name)
            except (TypeError, ValueError):
                continue
            alone.add(name)
    assert alone == set(get_args(names))
