"""What this library stores of the corpus, on either engine, is read by all the others, but for what `unread.json` lists.

`make readers` runs this, and makes their environments.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import zarr
from tests.conformance.recipes import CASES, TREES

HERE = Path(__file__).parent
PROGRAM = HERE / "peers_at_work.py"
ENVIRONMENTS = HERE.parents[1] / ".corpus"
READERS = ("zarr-python-2.18", "zarr-python-3.1", "zarr-python-3.4", "tensorstore", "zarrs")
UNREAD = json.loads((HERE / "unread.json").read_text(encoding="utf-8"))
NO_SUCH_TYPE = {f"v2/types/{name}" for name in ("float8_e4m3", "float6_e2m3fn", "float6_e3m2fn", "uint2", "uint4")}
"""What this library has no words for either."""


def run(python, *arguments, **environment):
    done = subprocess.run(
        [python, os.fspath(PROGRAM), *map(os.fspath, arguments)],
        env={**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module", params=["native", "python"])
def ours(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("ours")
    source = os.fspath(Path(zarr.__file__).parents[1])
    outcome = run(
        sys.executable,
        "write",
        "ours",
        root,
        PYTHONPATH=source,
        ZARR_ENGINE=request.param,
        ZARR_ARRAY__ALLOW_UNSAFE_PICKLE_DECODE="True",
    )
    assert {name for name, became in outcome.items() if "refused" in became} == NO_SUCH_TYPE
    assert [name for name, became in outcome.items() if "reads" in became] == []
    return root


@cache
def listed(reader):
    """The cases that it is known not to read."""
    patterns = [pattern for row in UNREAD if reader in row["readers"] for pattern in row["cases"]]
    matched = {pattern: [name for name in (*CASES, *TREES) if fnmatch(name, pattern)] for pattern in patterns}
    assert [pattern for pattern, names in matched.items() if not names] == []
    return {name for names in matched.values() for name in names} - NO_SUCH_TYPE


@pytest.mark.parametrize("reader", READERS)
def test_all_is_read_but_what_is_listed(reader, ours):
    answers = run(ENVIRONMENTS / reader / "bin" / "python", "read", reader, ours)
    assert answers.keys() == {*CASES, *TREES} - NO_SUCH_TYPE
    wrong = {name: problem for name, problem in answers.items() if problem is not None}
    assert {name: problem for name, problem in wrong.items() if name not in listed(reader)} == {}
    assert sorted(listed(reader) - wrong.keys()) == []  # what is read now goes from the list
