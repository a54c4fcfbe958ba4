"""What CONTRIBUTING says of the commands is what the Makefile does."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
IS_LONGER = re.compile(r'PROFILE == "\w')


def recipe(target: str) -> str:
    return re.search(rf"^{target}:.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]


def test_every_command_is_described():
    described = re.findall(r"^\| `make (\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert sorted(described) == sorted(set(TARGETS) - {"help"})


def test_make_test_says_beforehand_how_long_it_takes():
    assert re.match(r'\t@echo ".*minutes.*"\n', recipe("test"))


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_make_versions_runs_the_suite_on_each_python_with_the_oldest_numpy_and_the_newest(version):
    assert version in re.search(r"^SUITE_PYTHONS.*", (ROOT / "Makefile").read_text(), re.MULTILINE)[0]
    assert "$(SUITE_PYTHONS)" in recipe("versions")
    assert "oldest newest" in recipe("versions")
    oldest = "2.1" if version == "3.13" else "2.0"
    assert re.search(
        rf"{re.escape(version)}[^)]*\) wanted='numpy=={oldest}\.\*'",
        (ROOT / "tests" / "installed" / "on_version").read_text(),
    )


def test_make_long_runs_all_that_is_longer_in_its_profile():
    longer = [
        path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py") if IS_LONGER.search(path.read_text())
    ]
    assert len(longer) >= 2
    named = re.findall(r"tests/\S+", recipe("long"))
    assert [path for path in longer if not any(path.is_relative_to(each) for each in named)] == []


def test_test_files_have_names_of_their_own():
    """Else one of two that are called alike would not be collected where folders are no packages."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name not in ("__init__.py", "conftest.py")]
    assert [name for name in names if names.count(name) > 1] == []


def test_what_several_test_files_use_is_in_none_of_them():
    """Imported under another name than pytest's, it would be there twice, with its fixtures and its state."""
    taken = re.compile(r"^(?:from|import) tests[.\w]*\.test_", re.MULTILINE)
    assert [path for path in (ROOT / "tests").rglob("*.py") if taken.search(path.read_text())] == []
