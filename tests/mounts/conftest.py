"""Two mounts of one directory, as two machines see it: by bindfs, whose clients share no lock and no cache. `make mounts`."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

NO_CACHES = "attr_timeout=0,entry_timeout=0,negative_timeout=0"
WAYS = {
    "no caches": ["-o", NO_CACHES],
    "forwarded locks": ["--enable-lock-forwarding", "-o", NO_CACHES],
    "default caches": [],
    "hard_remove": ["-o", f"{NO_CACHES},hard_remove"],
}


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture
def mounts(way):
    """Two places where the same directory is."""
    top = Path(tempfile.mkdtemp(prefix="zarr-mounts-"))
    places = [top / "a", top / "b"]
    (top / "disk").mkdir()
    mounted = []
    try:
        for place in places:
            place.mkdir()
            subprocess.run(["bindfs", "--multithreaded", *WAYS[way], top / "disk", place], check=True)
            mounted.append(place)
        yield places
    finally:
        for place in mounted:
            subprocess.run(["fusermount", "-u", "-z", place], check=False)
        shutil.rmtree(top, ignore_errors=True)


@pytest.fixture
def in_processes():
    """Runs programs at once, each with the same text and arguments of its own; all of them have to succeed, in silence."""
    started = []

    def run(text, arguments, prefix=(), **environment):
        command = [sys.executable, "-W", "error", *prefix] if prefix else [sys.executable, "-W", "error", "-c", text]
        for each in arguments:
            rest = [text, *map(str, each)] if prefix else list(map(str, each))
            started.append(
                subprocess.Popen([*command, *rest], stderr=subprocess.PIPE, text=True, env=os.environ | environment)
            )
        ended = [(process.communicate(timeout=600)[1], process.returncode) for process in started]
        started.clear()
        assert [code for _, code in ended] == [0] * len(ended), "\n".join(said for said, _ in ended)
        assert [said for said, _ in ended] == [""] * len(ended)

    yield run
    for process in started:
        process.kill()
        process.wait()
