"""The documentation cannot rot: every Python block of the pages and of the README runs, and prints what it says.

The convention: the ```python blocks of a page are one program, run in a temporary directory, and then once more there.
A ```text block that directly follows one is what it prints, where `...` stands for anything. A ```console block has calls
of the command `zarr` after `$`, each with what it prints, standard error included, and `$ echo $?` for its exit code. Other blocks are
not looked at.
"""

import contextlib
import doctest
import io
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

import zarr
from tests.servers.running import running_cloud
from tests.suites.command_line import process_as_before, zarr_

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    source: str
    line: int
    """Number of the line above the code."""
    shown: str | None = None
    is_console: bool = False

    def run(self, names: dict[str, object], page: str) -> str:
        """What it prints, with what is shown of it where that is in the block itself."""
        if self.is_console:
            printed, code = [], 0
            for line in self.calls():
                if line == "echo $?":
                    printed.append(f"$ {line}\n{code}\n")
                    continue
                program, *args = shlex.split(line)
                assert program == "zarr", f"{page} calls {program}"
                with process_as_before():
                    code, out, err = zarr_(*args)
                printed.append(f"$ {line}\n{out}{err}")
            return "".join(printed)
        printed = io.StringIO()
        code = compile("\n" * self.line + self.source, page, "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        return printed.getvalue()

    def calls(self) -> list[str]:
        """The calls of a console."""
        return [line.removeprefix("$ ") for line in self.source.splitlines() if line.startswith("$ ")]


def blocks(text: str) -> list[Block]:
    found: list[Block] = []
    end_of_code = -1
    for fence in FENCE.finditer(text):
        language, content = fence.groups()
        if language == "console":
            found.append(Block(content, text.count("\n", 0, fence.start()) + 1, content, is_console=True))
            end_of_code = -1
        elif language == "python":
            found.append(Block(content, text.count("\n", 0, fence.start()) + 1))
            end_of_code = fence.end()
        elif language == "text" and end_of_code >= 0 and not text[end_of_code : fence.start()].strip():
            found[-1].shown = content
            end_of_code = -1
    return found


def difference(shown: str, printed: str) -> str:
    """Empty if what was printed matches what is shown."""
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.REPORT_NDIFF
    printed = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    if checker.check_output(shown, printed, flags):
        return ""
    return checker.output_difference(doctest.Example("", shown), printed, flags)


@pytest.fixture(autouse=True)
def settings_as_before():
    known = dict(zarr.dtype.data_type_registry.contents)
    yield
    zarr.config.reset()
    for name in zarr.dtype.data_type_registry.contents.keys() - known.keys():
        zarr.dtype.data_type_registry.unregister(name)


def run_page(page: Path) -> None:
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks(page.read_text()):
        printed = block.run(names, str(page))
        if block.shown is not None and (problem := difference(block.shown, printed)):
            pytest.fail(f"{page.name}, the block in line {block.line}:\n{problem}", pytrace=False)


@pytest.fixture
def cloud(page, monkeypatch):
    """For pages about clouds: there is one, and the environment says where."""
    if page.name not in ("cloud.md", "how-do-i.md"):
        yield
        return
    with running_cloud() as cloud:
        cloud.reset("bucket")
        for name, value in {
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test-key-id",
            "AWS_SECRET_ACCESS_KEY": "test-secret-key",
        }.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    """Also where it has run before: readers run a page again, in the folder that has what it stored."""
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        run_page(page)


def test_every_page_of_the_guide_has_code():
    navigation = (ROOT / "mkdocs.yml").read_text().split("- Guide:")[1].split("- Reference:")[0]
    guide = {"README.md", "index.md", *re.findall(r"[\w-]+\.md", navigation)}
    assert "extending.md" in guide
    assert guide <= {page.name for page in PAGES if blocks(page.read_text())}


def test_a_wrong_output_is_noticed():
    (block,) = blocks("```python\nprint(1)\n```\n\n```text\n2\n```\n")
    assert block.source == "print(1)\n"
    assert block.line == 1
    assert difference(block.shown, "1\n")
    assert not difference("a ... c\n", "a b c  \n")


def test_calls_of_the_command_are_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks("```console\n$ zarr --version\n3...\n$ zarr nothing.zarr\n...\n$ echo $?\n3\n```\n")
    assert block.calls() == ["zarr --version", "zarr nothing.zarr", "echo $?"]
    assert not difference(block.shown, block.run({}, "page"))
    (block,) = blocks("```console\n$ zarr --version\n2.18\n```\n")
    assert difference(block.shown, block.run({}, "page"))


def test_text_apart_from_code_is_not_output():
    (block,) = blocks("```python\nx = 1\n```\nProse.\n\n```text\nnot output\n```\n")
    assert block.shown is None
