"""The tables of `docs/ecosystem.md`, made of what is kept in `results/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.ecosystem.suite_table import PEER, Accepted, Suite, Tutorial, reason_of

PAGE = Path(__file__).parents[2] / "docs" / "ecosystem.md"
MOST_SHOWN = 8
"""So many tests that fail for one reason are listed one by one."""
BEGIN, END = "<!-- made by make ecosystem, from here -->", "<!-- to here -->"


def with_tables(page: str, suites: list[Suite], tutorials: list[Tutorial], results: dict[str, Any]) -> str:
    """The page, with new tables between the marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    lines = [*_table(suites, results), "", *_failures(suites, results)]
    lines += ["", *_tutorials(tutorials, results)] if tutorials else []
    lines += ["", *_how(suites, results)]
    return "\n".join([before + BEGIN, "", *lines, "", END + after])


def _table(suites: list[Suite], results: dict[str, Any]) -> list[str]:
    lines = [
        f"| tests of | version | passed | failed | of these with {PEER} too | skipped | expected to fail | run |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for suite in suites:
        ours, control = _runs(results, suite.name)
        if ours is None:
            lines.append(f"| {suite.name} | not run yet | | | | | | |")
            continue
        theirs = "not run" if control is None else str(sum(test in control["failed"] for test in ours["failed"]))
        lines.append(
            f"| {suite.name} | {ours['version']} | {ours['passed']:,} | {len(ours['failed'])} | {theirs}"
            f" | {len(ours['skipped'])} | {len(ours['expected'])} | {ours['date']} |"
        )
    return lines


def _failures(suites: list[Suite], results: dict[str, Any]) -> list[str]:
    lines = [
        "| tests of | test | what becomes of it | with zarr-python | why |",
        "|---|---|---|---|---|",
    ]
    for suite in suites:
        for (reason, there), failed in _alike(suite, *_runs(results, suite.name)).items():
            why = "not looked into yet" if reason is None else reason.why.strip()
            shown = failed if reason is None or len(failed) <= MOST_SHOWN else failed[:1]
            more = f" and {len(failed) - 1} more" if len(shown) < len(failed) else ""
            for test, message in shown:
                lines.append(
                    f"| {suite.name} | {_code(_short(test))}{more} | {_code(message)} | {there} | {_cell(why)} |"
                )
    return lines if len(lines) > 2 else ["No test fails."]


def _alike(
    suite: Suite, ours: dict[str, Any] | None, control: dict[str, Any] | None
) -> dict[tuple[Accepted | None, str], list[tuple[str, str]]]:
    """The tests that fail, and their messages, by the reason and by what zarr-python does."""
    found: dict[tuple[Accepted | None, str], list[tuple[str, str]]] = {}
    for test, message in (ours or {}).get("failed", {}).items():
        there = "not run" if control is None else "fails" if test in control["failed"] else "passes"
        found.setdefault((reason_of(suite, test), there), []).append((test, message))
    return found


def _tutorials(tutorials: list[Tutorial], results: dict[str, Any]) -> list[str]:
    lines = ["| first steps with | version | | run |", "|---|---|---|---|"]
    for tutorial in tutorials:
        ours, _ = _runs(results, tutorial.name)
        if ours is None:
            lines.append(f"| {tutorial.distribution or tutorial.name} | not run yet | | |")
        else:
            became = "done" if not ours["failed"] else f"failed: {_code(ours['failed'])}"
            lines.append(f"| {tutorial.distribution} | {ours['version']} | {became} | {ours['date']} |")
    return lines


def _how(suites: list[Suite], results: dict[str, Any]) -> list[str]:
    lines = ["Commands, and what was installed beside them:", ""]
    for suite in suites:
        ours, _ = _runs(results, suite.name)
        if ours is not None:
            beside = ", ".join(f"{name} {version}" for name, version in ours["installed"].items())
            lines.append(f"- {suite.name}: `{ours['command']}` ({beside})")
    return lines


def _runs(results: dict[str, Any], name: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    result = results.get(name, {})
    return result.get("ours"), result.get("control")


def _short(test: str) -> str:
    """Class and function, which is how people look for it."""
    place, _, name = test.partition("::")
    last = place.rpartition(".")[2]
    return f"{last}.{name}" if last[:1].isupper() else name


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _code(text: str) -> str:
    return f"`{_cell(text.replace('`', chr(39)))}`" if text.strip() else ""
