"""Run the tests that other libraries ship with, and the first steps of their guides, with this library as their `zarr`.

    python -m tests.ecosystem.run_suites [--control] [--python PYTHON] [--place FOLDER] [NAME ...] [-- PYTEST_ARGUMENT ...]

`make ecosystem` calls it. What is run says `suites.toml`; what came of it is kept in `results/`, and
`docs/ecosystem.md` is made of that. With `--control` the same is run with zarr-python, in an environment of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tests.ecosystem.suite_page import PAGE, with_tables
from tests.ecosystem.suite_table import (
    PEER,
    RESULTS,
    Suite,
    Tutorial,
    as_record,
    load_beside,
    load_results,
    load_table,
    problems,
    read_junit,
    tutorial_problems,
)

ROOT = Path(__file__).parents[2]
INSPECT = Path(__file__).with_name("inspect_zarr.py")
SHOWN_BESIDE = ("zarr", "numpy", "dask", "xarray")
"""Versions that the page shows for each suite, next to that of the library whose tests they are."""


class Environment:
    """A virtual environment with one `zarr`, which stays the one that it is made with."""

    def __init__(self, place: Path, python: str, *, control: bool) -> None:
        self.python = place / ("control" if control else "ours") / "bin" / "python"
        self.sdists = place / "sdists"
        self._control = control
        if not self.python.exists():
            subprocess.run([python, "-m", "venv", self.python.parents[1]], check=True)

    def pip(self, *arguments: str | os.PathLike[str]) -> None:
        command = [self.python, "-m", "pip", "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, env={**clean_environment(), "BUILD_ZARR_NATIVE": "always"}, cwd=ROOT)

    def install(self, requirements: set[str]) -> None:
        """`zarr` first, and then what is asked for, which may not bring another."""
        if self._control:
            self.pip("install", "--quiet", PEER.replace("zarr-python ", "zarr=="))
        else:
            self._install_ours()
        self.pip("install", "--quiet", "--upgrade", *sorted(requirements))
        self.check()

    def _install_ours(self) -> None:
        with tempfile.TemporaryDirectory() as wheels:
            self.pip("wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, ".")
            (wheel,) = Path(wheels).glob("zarr-*.whl")
            self.pip("install", "--quiet", wheel)
            self.pip("install", "--quiet", "--force-reinstall", "--no-deps", wheel)

    def check(self) -> None:
        """That there is one distribution `zarr`, that its files are those that it was installed with, and whose they are."""
        found = json.loads(self.output(INSPECT))
        ours = {"origin": "wheel", "native": True}
        expected = {"origin": "index", "native": False} if self._control else ours
        if found["faults"] or {name: found[name] for name in expected} != expected:
            raise SystemExit(f"{self.python} has another zarr than it was given: {found}")

    def output(self, *arguments: str | os.PathLike[str]) -> str:
        command = [self.python, "-I", *arguments]
        return subprocess.run(command, check=True, env=clean_environment(), capture_output=True, text=True).stdout

    def versions(self) -> dict[str, str]:
        listed = json.loads(self.output("-m", "pip", "list", "--format", "json", "--disable-pip-version-check"))
        return {each["name"].lower().replace("_", "-"): each["version"] for each in listed}

    def site_packages(self) -> Path:
        return Path(self.output("-c", "import sysconfig; print(sysconfig.get_path('platlib'))").strip())

    def sdist(self, distribution: str, version: str) -> Path:
        """The source distribution, unpacked anew."""
        archives = self.sdists / f"{distribution}-{version}"
        if not list(archives.glob("*.tar.gz")):
            archives.mkdir(parents=True, exist_ok=True)
            self.pip("download", "--quiet", "--no-deps", "--no-binary", distribution, "--dest", archives,
                     f"{distribution}=={version}")  # fmt: skip
        (archive,) = archives.glob("*.tar.gz")
        unpacked = archives / self.python.parents[1].name
        shutil.rmtree(unpacked, ignore_errors=True)
        with tarfile.open(archive) as opened:
            opened.extractall(unpacked, filter="data")
        (place,) = unpacked.iterdir()
        return place


def clean_environment() -> dict[str, str]:
    """Nothing leads to the sources of this library."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def run_suite(environment: Environment, suite: Suite, further: list[str]) -> dict[str, Any]:
    """Run the tests, and tell what became of them."""
    versions = environment.versions()
    version = versions[suite.distribution.lower().replace("_", "-")]
    with tempfile.TemporaryDirectory() as scratch:
        if suite.tests == "sdist":
            place = environment.sdist(suite.distribution, version)
            files = list(suite.files)
        else:
            place = Path(scratch)
            files = [os.fspath(environment.site_packages() / file) for file in suite.files]
        report = Path(scratch) / "report.xml"
        start = (
            ["-c", f"{suite.before}; import sys, pytest; sys.exit(pytest.main())"] if suite.before else ["-m", "pytest"]
        )
        named = [*start, *suite.files, *suite.arguments]
        command = [environment.python, *start, *files, *suite.arguments, *further]
        command += ["-p", "no:cacheprovider", "-q", f"--junit-xml={report}", f"--basetemp={scratch}/tmp"]
        done = subprocess.run(command, cwd=place, env=clean_environment(), timeout=suite.minutes * 60, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{suite.name}: pytest ended with {done.returncode}, and not with a result")
        outcome = read_junit(report.read_text())
    return {**told(environment, versions, version), "command": shlex.join(["python", *named]), **as_record(outcome)}


def run_tutorial(environment: Environment, tutorial: Tutorial) -> dict[str, Any]:
    """Run the program in an empty folder, and tell what it failed with."""
    versions = environment.versions()
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(__file__).parent / tutorial.program
        done = subprocess.run([environment.python, "-P", program], cwd=scratch, env=clean_environment(),
                              timeout=600, check=False, capture_output=True, text=True)  # fmt: skip
    said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    print(f"{tutorial.name}: {'done' if done.returncode == 0 else done.stderr}")
    return {
        **told(environment, versions, versions[tutorial.distribution]),
        "failed": "" if done.returncode == 0 else said,
    }


def told(environment: Environment, versions: dict[str, str], version: str) -> dict[str, Any]:
    """When, and with what."""
    python = environment.output("-c", "import platform; print(platform.python_version())").strip()
    installed = {"Python": python, **{name: versions[name] for name in SHOWN_BESIDE if name in versions}}
    return {"version": version, "date": dt.datetime.now(dt.UTC).date().isoformat(), "installed": installed}


def keep(name: str, kind: str, record: dict[str, Any]) -> None:
    path = RESULTS / f"{name}.json"
    result = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**result, kind: record}, indent=1, ensure_ascii=False) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--control", action="store_true", help=f"with {PEER}")
    parser.add_argument("--python", default=sys.executable, help="whose environment it is")
    parser.add_argument("--place", type=Path, default=ROOT / ".ecosystem", help="where environments are made")
    parser.add_argument("--as-it-is", action="store_true", help="install nothing: the environment has what is needed")
    parser.add_argument("--page", action="store_true", help="run nothing: make the page of what is kept")
    parser.add_argument("names", nargs="*", help="of suites and tutorials; all of them if there are none")
    return parser.parse_args(own_arguments()[0])


def own_arguments() -> tuple[list[str], list[str]]:
    """What is said to this program, and what to pytest."""
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    return given[:cut], given[cut + 1 :]


def main() -> None:
    chosen, (suites, tutorials) = arguments(), load_table()
    unknown = set(chosen.names) - {each.name for each in (*suites, *tutorials)}
    if unknown:
        raise SystemExit(f"no suite or tutorial is called {', '.join(sorted(unknown))}")
    wanted = [each for each in (*suites, *tutorials) if not chosen.names or each.name in chosen.names]
    if not chosen.page:
        run_all(chosen, wanted)
    results = load_results()
    PAGE.write_text(with_tables(PAGE.read_text(), suites, tutorials, results))
    found = [
        problem
        for each in wanted
        for problem in (problems if isinstance(each, Suite) else tutorial_problems)(each, results.get(each.name, {}))
    ]
    print("\n".join(found))
    raise SystemExit(bool(found) and not chosen.control)


def run_all(chosen: argparse.Namespace, wanted: list[Suite | Tutorial]) -> None:
    environment = Environment(chosen.place, chosen.python, control=chosen.control)
    if not chosen.as_it_is:
        environment.install({*load_beside(), *(name for each in wanted for name in each.requirements)})
    environment.check()
    kind = "control" if chosen.control else "ours"
    for each in wanted:
        print(f"\n-- {each.name}, with {PEER if chosen.control else 'this library'}", flush=True)
        if isinstance(each, Suite):
            keep(each.name, kind, run_suite(environment, each, own_arguments()[1]))
        elif not chosen.control:
            keep(each.name, kind, run_tutorial(environment, each))


if __name__ == "__main__":
    main()
