"""What pages say in more than one place, or have to say where readers look first."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next one."""
    text = page.read_text()
    return re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0].strip()


def test_readme_and_guide_say_the_same_is_missing():
    in_readme = section(ROOT / "README.md", "State").replace("](docs/", "](")
    assert in_readme == section(DOCS / "state.md", "State")


@pytest.mark.parametrize(
    "looked_for",
    ["S3", "GCS", "Azure", "HTTP", "fsspec", "obstore", "zip", "SQLite", "memory://", "structured", "bfloat16", "rectilinear",
     "xarray", "command line", "rechunking", "NFS", "GPU", "NetCDF", "OME-Zarr", "Windows", "macOS"],
)  # fmt: skip
def test_what_is_missing_is_found_by_its_name(looked_for):
    assert re.search(rf"\b{re.escape(looked_for)}", section(DOCS / "state.md", "State"))


def test_benchmarks_begin_with_the_chart_and_a_sentence():
    heading, chart, sentence, *_ = (DOCS / "benchmarks.md").read_text().split("\n\n")
    assert heading == "# Benchmarks"
    assert re.fullmatch(r"!\[.*\]\(images/benchmarks\.svg\)", chart)
    assert re.fullmatch(r"This library takes (?!.*\. ).*\.", sentence)


def test_contenders_have_one_name():
    """Those of `bench/report.py`, and not the names by which they are asked for."""
    report = (ROOT / "bench" / "report.py").read_text()
    asked_for = re.findall(r'^    "([\w-]+)": "', report.split("NAMES = {")[1].split("}")[0], re.MULTILINE)
    assert len(asked_for) > 5
    heads = re.findall(r"^\| workload \|.*$", (DOCS / "benchmarks.md").read_text(), re.MULTILINE)
    assert len(heads) == 4
    for head in heads:
        shown = {cell.strip(" ÷") for cell in head.strip("|").split("|")}
        assert not shown & (set(asked_for) - {"zarrs"})
