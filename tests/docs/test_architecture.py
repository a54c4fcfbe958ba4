"""The pages on how it is made say what is so: layers as they are checked, contracts where they are."""

import re
import tomllib
from pathlib import Path

import zarr

PROJECT = Path(__file__).parents[2]
SOURCES = Path(zarr.__file__).parent


def rows(page, heading):
    """Cells of the table that begins with a heading, row by row."""
    text = (PROJECT / "docs" / page).read_text()
    table = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def layers():
    """What the contract lists from top to bottom; of what is optional there, what is there."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract["id"] == "layers")
    for layer in contract["layers"]:
        found = [name.strip() for name in re.split(r"[|:]", layer)]
        yield [name for name in found if name[0] != "(" or any(SOURCES.glob(f"{name.strip('()')}*"))]


def test_the_table_of_layers_is_the_contract():
    assert [names(cell) for cell, _ in rows("architecture.md", "in `zarr`")] == [
        [name.strip("()") for name in layer] for layer in layers()
    ]


def test_contracts_are_where_the_page_says():
    table = rows("decisions/0001-contracts.md", "contract")
    assert len(table) > 5
    for _, cell, _ in table:
        (address,) = names(cell)
        assert (SOURCES / address).is_file()


def test_every_decision_is_linked():
    page = (PROJECT / "docs" / "architecture.md").read_text()
    linked = re.findall(r"^\d+\. \[.*\]\(decisions/(.*)\)$", page, re.MULTILINE)
    assert linked == sorted(path.name for path in (PROJECT / "docs" / "decisions").glob("*.md"))
    for number, name in enumerate(linked, 1):
        title = (PROJECT / "docs" / "decisions" / name).read_text().splitlines()[0]
        assert title.removeprefix("# ") in page.replace("[", "").replace("]", "")
        assert title.startswith(f"# {number}. ")
