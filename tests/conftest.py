"""What all tests share: Hypothesis profiles, the engines, the stores."""

import asyncio
import inspect
import os
import sys

import pytest
from hypothesis import HealthCheck, settings

import zarr
from tests.servers import loopback
from tests.suites.plain_stores import Awaited
from tests.suites.threads import join_started

collect_ignore = [
    "typing/program.py",  # read by type checkers, and never run
    "suites/as_windows.py",  # changes the process that imports it
]
if os.environ.get("ZARR_TEST_SERVER") != "peers":  # `make peers` installs what these need
    collect_ignore.append("peers")
if os.environ.get("ZARR_TEST_SERVER") != "mounts":  # `make mounts` installs what these need
    collect_ignore.append("mounts")
if os.environ.get("ZARR_TEST_SERVER") != "ray":  # and `make ray`
    collect_ignore.append("clusters/test_ray.py")

_COMMON = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    "print_blob": True,
}
settings.register_profile("default", max_examples=150, **_COMMON)
settings.register_profile("long", max_examples=10_000, **_COMMON)
settings.register_profile("quick", max_examples=20, **_COMMON)
PROFILE = os.environ.get("ZARR_TEST_PROFILE", "default")
settings.load_profile(PROFILE)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """No test leaves this machine; and ten thousand cases may take longer than any single test should."""
    loopback.stay_here()
    if PROFILE == "long":
        config.option.timeout = 0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run tests that are coroutines, as those of `zarr.testing` are, each in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(params=["native", "python"])
def engine(request):
    """Run a behavioural test on each engine."""
    with zarr.config.set({"engine": request.param}):
        yield request.param


@pytest.fixture(params=[2, 3], ids=["v2", "v3"])
def zarr_format(request):
    """Run a behavioural test on each format."""
    return request.param


@pytest.fixture(params=["memory", "local", "zip"])
def store(request, tmp_path):
    """A new, empty store of each kind that is ours."""
    if request.param == "memory":
        return zarr.storage.MemoryStore()
    if request.param == "zip":
        return zarr.storage.ZipStore(tmp_path / "store.zip", mode="a")
    return zarr.storage.LocalStore(tmp_path / "store")


@pytest.fixture(params=["memory", "local", "zip", "sqlite", "wrapper"])
def any_store(request, tmp_path):
    """A new, empty store of each kind that is ours, one that wraps another included."""
    if request.param == "local":
        return zarr.storage.LocalStore(tmp_path / "root")
    if request.param == "sqlite":
        return zarr.storage.SQLiteStore(tmp_path / "all.sqlite")
    if request.param == "zip":
        return zarr.storage.ZipStore(tmp_path / "root.zip", mode="a")
    memory = zarr.storage.MemoryStore()
    return memory if request.param == "memory" else Awaited(memory)


@pytest.fixture
def disk(tmp_path):
    """A new local store."""
    return zarr.storage.LocalStore(tmp_path / "root")


@pytest.fixture
def nothing_left_running():
    """For tests that start threads: they wait for them in the end."""
    yield
    join_started()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package for the time of a test: its name, the text of its `entry_points.txt`, the source of its module."""
    installed = []

    def put(package, entry_points, source=""):
        place = tmp_path / f"path-of-{package}"
        information = place / f"{package}-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(entry_points)
        (place / f"{package}.py").write_text(source)
        monkeypatch.syspath_prepend(place)
        installed.append(package)

    yield put
    for package in installed:
        sys.modules.pop(package, None)
