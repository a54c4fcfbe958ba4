"""What pages say in more than one place, or have to say where readers look first."""

import importlib.util
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import markdown
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
    ["S3", "GCS", "Azure", "HTTP", "fsspec", "obstore", "SQLite",
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


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/concurrency.md"])
def test_where_safety_ends_is_said_wherever_safety_is_promised(page):
    text = (ROOT / page).read_text()
    assert [name for name in ("NFS", "Lustre", "SMB", "FUSE", "machine", "threads") if name not in text] == []
    assert not re.search(r"-o flock|localflock|mount\w* with `?flock|ask\w* (for|whether) .*flock", text)


def test_what_is_to_be_done_there_is_said_with_its_setting():
    said = section(DOCS / "concurrency.md", "Where it ends")
    assert "array.locking" in said
    assert "whole chunks" in said


def test_installation_is_a_page_of_the_guide():
    navigation = (ROOT / "mkdocs.yml").read_text().split("- Guide:")[1]
    assert navigation.split()[:3] == ["-", "Installation:", "installation.md"]
    assert "(docs/installation.md)" in (ROOT / "README.md").read_text()


def test_the_home_page_leads_to_every_other_page():
    """In windows of up to 1219 pixels the list at the side is behind a button."""
    pages = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text().split("\nnav:")[1].split("\nnot_in_nav:")[0])
    assert len(pages) > 30
    table = section(DOCS / "index.md", "Where to read on")
    assert [page for page in pages if page != "index.md" and f"]({page})" not in table] == []


def test_copying_and_rechunking_promise_what_they_do():
    """`copy` has no temporary array; `rechunk` reads twice at most."""
    said = " ".join((ROOT / "CHANGELOG.md").read_text().split())
    assert "a chunk of the source is decoded once for each piece that it meets" in said
    assert "every old one read twice at most" in said


def test_tables_of_many_columns_say_in_every_cell_what_it_is():
    """Where a window is narrow, `style.css` shows it instead of the heads."""
    spec = importlib.util.spec_from_file_location("tables_hook", DOCS / "tables.py")
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    config = {"markdown_extensions": ["tables"]}
    hook.on_config(config)
    render = markdown.Markdown(extensions=config["markdown_extensions"]).convert
    wide = render("| a | `b` | c |\n|---|---|---|\n| 1 | 2 | 3 |\n")
    assert re.findall(r'<td data-head="(\w)">(\d)', wide) == [("a", "1"), ("b", "2"), ("c", "3")]
    assert 'data-columns="3"' in wide
    assert "data-" not in render("| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "attr(data-head)" in (DOCS / "style.css").read_text()


def test_the_search_shows_the_guide_before_the_reference_and_pages_for_developers_last():
    hook = runpy.run_path(str(DOCS / "found_last.py"))["on_page_markdown"]
    weights = []
    for name in ("groups.md", "api-storage.md", "decisions/0001-contracts.md"):
        page = SimpleNamespace(file=SimpleNamespace(src_uri=name), meta={})
        assert hook("text", page=page) == "text"
        weights.append(page.meta.get("search", {"boost": 1})["boost"])
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 3
