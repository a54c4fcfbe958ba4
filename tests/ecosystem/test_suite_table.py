"""What `make ecosystem` makes of reports, and that the page shows what is kept."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ecosystem.suite_page import PAGE, with_tables
from tests.ecosystem.suite_table import (
    Accepted,
    Suite,
    Tutorial,
    as_record,
    load_results,
    load_table,
    problems,
    read_junit,
    total,
    tutorial_problems,
)

SUITES, TUTORIALS = load_table()
SUITE = Suite("p", "p", ("p",), "sdist", ("tests/test_p.py",))
REPORT = """<testsuites><testsuite>
<testcase classname="p.tests.TestP" name="test_a[x-1]"/>
<testcase classname="p.tests.TestP" name="test_b"><failure message="AssertionError: no&#10;more">text</failure></testcase>
<testcase classname="p.tests" name="test_c"><skipped type="pytest.skip" message="needs q">text</skipped></testcase>
<testcase classname="p.tests" name="test_d"><skipped type="pytest.xfail" message="known">text</skipped></testcase>
<testcase classname="p.tests" name="test_e"/>
<testcase classname="p.tests" name="test_e"><error message="failed on teardown at 0x7f00aa112233 in /tmp/x/y"/></testcase>
</testsuite></testsuites>"""


def run(failed=(), skipped=(), expected=(), passed=200, version="1.0"):
    return {
        "version": version,
        "date": "2026-01-02",
        "installed": {"Python": "3.13", "zarr": "3.5.0"},
        "command": "python -m pytest tests",
        "passed": passed,
        "expected": list(expected),
        "failed": dict.fromkeys(failed, "AssertionError: no"),
        "skipped": dict.fromkeys(skipped, "needs q"),
    }


def found(suite, ours, control):
    return list(problems(suite, {"ours": ours, "control": control}))


def accepting(whose, *tests):
    return replace(SUITE, accepted=(Accepted(tests, whose, "because"),))


def test_a_report_is_read():
    outcome = read_junit(REPORT)
    assert outcome.passed == ["p.tests.TestP::test_a[x-1]"]
    assert outcome.failed == {
        "p.tests.TestP::test_b": "AssertionError: no",
        "p.tests::test_e": "failed on teardown at 0x... in /tmp/...",
    }
    assert outcome.skipped == {"p.tests::test_c": "needs q"}
    assert outcome.expected == ["p.tests::test_d"]
    assert total(as_record(outcome)) == 5


def test_what_passes_everywhere_is_as_it_has_to_be():
    assert found(SUITE, run(skipped=["s"], expected=["x"]), run(skipped=["s"], expected=["x"])) == []


@pytest.mark.parametrize(
    ("suite", "ours", "control", "said"),
    [
        (SUITE, None, None, "has not been run"),
        (SUITE, run(), None, "has not been run with zarr-python"),
        (SUITE, run(), run(version="0.9"), "has not been run with zarr-python"),
        (SUITE, run(["t"]), run(), "t fails, and suites.toml has no reason: AssertionError: no"),
        (SUITE, run(["t"]), run(["t"]), "t fails, and with zarr-python .* too, and suites.toml has no reason"),
        (accepting("peer", "t"), run(["t"]), run(), "says it is the peer's own"),
        (accepting("explained", "t"), run(), run(), "no test fails of t, "),
        (accepting("explained", "t*"), run(["t1", "t2", "t3"]), run(), "more than one in a hundred .*: 3"),
        (SUITE, run(skipped=["t"]), run(), "t is skipped with this library, and not with"),
        (SUITE, run(expected=["t"]), run(), "t is expected to fail, and does, with this library, and not with"),
        (SUITE, run(passed=3), run(passed=4), "3 tests were found, and 4 with"),
    ],
)
def test_what_is_not_as_it_has_to_be_is_told(suite, ours, control, said):
    (problem,) = found(suite, ours, control)
    assert re.search(said, problem)


@pytest.mark.parametrize(("whose", "control"), [("peer", run(["t[1]"])), ("explained", run())])
def test_accepted_failures_are_accepted(whose, control):
    assert found(accepting(whose, "t[*]"), run(["t[1]"]), control) == []


def test_a_test_that_fails_there_may_be_skipped_here():
    assert found(SUITE, run(skipped=["t"]), run(["t"])) == []


@pytest.mark.parametrize(("whose", "why"), [("mine", "because"), ("peer", " ")])
def test_an_accepted_failure_has_a_reason(whose, why):
    with pytest.raises(ValueError, match="has a reason"):
        Accepted(("t",), whose, why)


def test_tests_are_where_they_can_be():
    with pytest.raises(ValueError, match="'sdist', or 'installed'"):
        replace(SUITE, tests="wheel")


def test_names_differ(tmp_path):
    table = tmp_path / "suites.toml"
    table.write_text('[[tutorial]]\nname="a"\nrequirements=[]\nprogram="a.py"\n' * 2)
    with pytest.raises(ValueError, match="have to differ"):
        load_table(table)


def test_tutorials_are_done_or_not():
    tutorial = Tutorial("p", ("p",), "tutorials/p.py")
    assert list(tutorial_problems(tutorial, {})) == ["p has not been run"]
    assert list(tutorial_problems(tutorial, {"ours": {"failed": ""}})) == []
    assert list(tutorial_problems(tutorial, {"ours": {"failed": "KeyError: 'a'"}})) == [
        "tutorials/p.py fails: KeyError: 'a'"
    ]


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_what_is_kept_of_a_suite_is_as_it_has_to_be(suite):
    assert list(problems(suite, load_results().get(suite.name, {}))) == []


def test_what_is_kept_of_tutorials_is_as_it_has_to_be():
    for tutorial in TUTORIALS:
        assert (Path(__file__).parent / tutorial.program).exists()
        assert list(tutorial_problems(tutorial, load_results().get(tutorial.name, {}))) == []


def test_everything_that_is_kept_is_of_the_table():
    assert set(load_results()) <= {each.name for each in (*SUITES, *TUTORIALS)}


def test_the_page_shows_what_is_kept():
    page = PAGE.read_text()
    assert with_tables(page, SUITES, TUTORIALS, load_results()) == page


def test_the_page_tells_of_each_failure():
    page = "a\n<!-- made by make ecosystem, from here -->\nold\n<!-- to here -->\nb\n"
    suite = accepting("peer", "p.tests.TestP::t")
    results = {"p": {"ours": run(["p.tests.TestP::t"]), "control": run(["p.tests.TestP::t"])}}
    made = with_tables(page, [suite], [Tutorial("q", (), "q.py")], results)
    assert "old" not in made
    assert "| p | 1.0 | 200 | 1 | 1 | 0 | 0 | 2026-01-02 |" in made
    assert "| p | `TestP.t` | `AssertionError: no` | fails | because |" in made
    assert "| q | not run yet | | |" in made
    assert "- p: `python -m pytest tests` (Python 3.13, zarr 3.5.0)" in made
    assert with_tables(made, [suite], [Tutorial("q", (), "q.py")], results) == made


def test_many_that_fail_for_one_reason_are_one_line():
    page = "<!-- made by make ecosystem, from here -->\n<!-- to here -->\n"
    suite = accepting("peer", "p.tests.TestP::t*")
    failed = [f"p.tests.TestP::t{number}" for number in range(20)]
    made = with_tables(page, [suite], [], {"p": {"ours": run(failed), "control": run(failed)}})
    assert "| p | `TestP.t0` and 19 more | `AssertionError: no` | fails | because |" in made
    assert "TestP.t1`" not in made
