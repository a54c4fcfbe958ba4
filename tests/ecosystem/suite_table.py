"""The table of `suites.toml`, what a run of one of them found, and whether that is as it has to be. No I/O but of files.

A result has two runs: `ours`, with this library, and `control`, with zarr-python, of the same version of the library
whose tests they are.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent
TABLE = HERE / "suites.toml"
RESULTS = HERE / "results"
PEER = "zarr-python 3.4.2"
MOST_EXPLAINED = 0.01
"""Of the tests of a suite, how many may fail with this library only."""


@dataclass(frozen=True)
class Accepted:
    """Failures that may be, and why."""

    tests: tuple[str, ...]
    whose: str
    why: str

    def __post_init__(self) -> None:
        if self.whose not in ("peer", "explained") or not self.why.strip():
            raise ValueError(f"an accepted failure is of the 'peer' or 'explained', and has a reason: {self}")

    def covers(self, test: str) -> bool:
        return any(
            re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), test, re.DOTALL)
            for pattern in self.tests
        )


@dataclass(frozen=True)
class Suite:
    """The tests of a library."""

    name: str
    distribution: str
    requirements: tuple[str, ...]
    tests: str
    files: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    minutes: int = 20
    before: str = ""
    accepted: tuple[Accepted, ...] = ()

    def __post_init__(self) -> None:
        if self.tests not in ("sdist", "installed"):
            raise ValueError(f"the tests of {self.name} are in its 'sdist', or 'installed'; not {self.tests!r}")


@dataclass(frozen=True)
class Tutorial:
    """The first steps with a library, as a program."""

    name: str
    requirements: tuple[str, ...]
    program: str
    distribution: str = ""


def load_beside() -> tuple[str, ...]:
    """What pip is asked for besides, whatever is run."""
    return tuple(tomllib.loads(TABLE.read_text())["beside"])


def load_table(path: Path = TABLE) -> tuple[list[Suite], list[Tutorial]]:
    """What there is to run, in order."""
    table = tomllib.loads(path.read_text())
    suites = [
        Suite(
            **{name: _frozen(value) for name, value in entry.items() if name != "accepted"}, accepted=_accepted(entry)
        )
        for entry in table.get("suite", [])
    ]
    tutorials = [
        Tutorial(**{name: _frozen(value) for name, value in entry.items()}) for entry in table.get("tutorial", [])
    ]
    names = [each.name for each in (*suites, *tutorials)]
    if len(set(names)) != len(names):
        raise ValueError(f"names in {path.name} have to differ: {names}")
    return suites, tutorials


def _accepted(entry: dict[str, Any]) -> tuple[Accepted, ...]:
    return tuple(Accepted(tuple(each["tests"]), each["whose"], each["why"]) for each in entry.get("accepted", []))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@dataclass
class Outcome:
    """What became of the tests of one run."""

    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """With what it failed: the first line of it."""
    skipped: dict[str, str] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)
    """Tests that their authors expect to fail, and that did."""


def read_junit(report: str) -> Outcome:
    """The outcome in a report that pytest wrote with `--junit-xml`."""
    outcome = Outcome()
    for case in ET.fromstring(report).iter("testcase"):
        test = "::".join(filter(None, (case.get("classname"), case.get("name"))))
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if wrong is not None:
            outcome.failed[test] = _first_line(wrong.get("message"))
        elif skipped is None:
            outcome.passed.append(test)
        elif skipped.get("type") == "pytest.xfail":
            outcome.expected.append(test)
        else:
            outcome.skipped[test] = _first_line(skipped.get("message"))
    # A test that passed and whose fixtures failed afterwards is there twice.
    outcome.passed = sorted(set(outcome.passed) - outcome.failed.keys())
    return outcome


def _first_line(text: str | None) -> str:
    """Without what is another in each run: addresses and temporary places."""
    line = next(iter((text or "").strip().splitlines()), "")
    line = re.sub(r"0x[0-9a-f]{6,}", "0x...", line)
    line = re.sub(r"/tmp/[^\s'\"]*", "/tmp/...", line)
    return line[:200]


def as_record(outcome: Outcome) -> dict[str, Any]:
    """What is kept of an outcome: names of those that did not pass."""
    return {
        "passed": len(outcome.passed),
        "expected": sorted(outcome.expected),
        "failed": dict(sorted(outcome.failed.items())),
        "skipped": dict(sorted(outcome.skipped.items())),
    }


def load_results() -> dict[str, dict[str, Any]]:
    """What is known of each suite and tutorial, by its name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}


def problems(suite: Suite, result: dict[str, Any]) -> Iterator[str]:
    """What is not as it has to be, in sentences."""
    ours, control = result.get("ours"), result.get("control")
    if ours is None:
        yield f"{suite.name} has not been run"
        return
    if control is None or control["version"] != ours["version"]:
        yield f"{suite.name} {ours['version']} has not been run with {PEER}: make ecosystem CONTROL=1 ONLY={suite.name}"
        return
    failed, there = ours["failed"], control["failed"]
    for test in failed:
        reason = reason_of(suite, test)
        if reason is None:
            also = f", and with {PEER} too" if test in there else ""
            yield f"{suite.name}: {test} fails{also}, and {TABLE.name} has no reason: {failed[test]}"
        elif reason.whose == "peer" and test not in there:
            yield f"{suite.name}: {test} does not fail with {PEER}, but {TABLE.name} says it is the peer's own"
    for accepted in suite.accepted:
        if not any(accepted.covers(test) for test in failed):
            yield f"{suite.name}: no test fails of {', '.join(accepted.tests)}, which {TABLE.name} accepts"
    explained = [test for test in failed if test not in there]
    if len(explained) > MOST_EXPLAINED * (ours["passed"] + len(failed)):
        yield f"{suite.name}: more than one in a hundred fails with this library only: {len(explained)}"
    for kind, here, elsewhere in (
        ("is skipped", ours["skipped"], control["skipped"]),
        ("is expected to fail, and does,", ours["expected"], control["expected"]),
    ):
        for test in sorted(set(here) - set(elsewhere) - there.keys()):
            yield f"{suite.name}: {test} {kind} with this library, and not with {PEER}"
    if total(ours) < total(control):
        yield f"{suite.name}: {total(ours)} tests were found, and {total(control)} with {PEER}"


def total(run: dict[str, Any]) -> int:
    """Of how many tests something became."""
    return int(run["passed"]) + sum(len(run[kind]) for kind in ("failed", "skipped", "expected"))


def reason_of(suite: Suite, test: str) -> Accepted | None:
    """The entry of the table that says why a test may fail."""
    return next((each for each in suite.accepted if each.covers(test)), None)


def tutorial_problems(tutorial: Tutorial, result: dict[str, Any]) -> Iterator[str]:
    """What is not as it has to be, in sentences."""
    ours = result.get("ours")
    if ours is None:
        yield f"{tutorial.name} has not been run"
    elif ours["failed"]:
        yield f"{tutorial.program} fails: {ours['failed']}"
