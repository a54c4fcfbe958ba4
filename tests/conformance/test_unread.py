"""The page that says what other libraries do not read says what is tested: `unread.json`, and how many arrays they stored."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "interoperability.md").read_text(encoding="utf-8")
NAMES = {
    "zarr-python-2.18": "zarr-python 2.18",
    "zarr-python-3.1": "zarr-python 3.1",
    "zarr-python-3.4": "zarr-python 3.4",
    "tensorstore": "TensorStore",
    "zarrs": "zarrs",
}


def test_the_table_is_the_list():
    rows = PAGE.split("| what | not read by | because |\n|---|---|---|\n")[1].split("\n\n")[0].splitlines()
    listed = json.loads((HERE / "unread.json").read_text(encoding="utf-8"))
    assert rows == [
        f"| {row['what']} | {', '.join(NAMES[reader] for reader in row['readers'])} | {row['reason']} |"
        for row in listed
    ]


@pytest.mark.parametrize("writer", NAMES)
def test_the_page_says_which_versions_and_how_many(writer):
    described = json.loads((HERE / "corpus" / f"{writer}.json").read_text(encoding="utf-8"))
    package = writer.partition("-python")[0]
    n_stored = sum("refused" not in outcome for outcome in described["cases"].values())
    name = NAMES[writer].partition(" ")[0]
    assert re.search(
        rf"^\| {name} {re.escape(described['packages'][package])}\b[^|]*\| {n_stored} \|", PAGE, re.MULTILINE
    )
