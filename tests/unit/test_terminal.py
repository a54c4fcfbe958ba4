"""The command `zarr` in a process of its own: in a pipe, on a terminal, interrupted, and beside others."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.command_line import process_as_before, zarr_

COMMAND = [sys.executable, "-m", "zarr"]
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zarr.create_group("data.zarr").create_array("a", data=np.arange(100), chunks=10)
    return "data.zarr"


def on_terminal(*args, types=b""):
    """What a call writes on a terminal, and its exit code; what is typed is typed when it asks."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    running = subprocess.Popen(
        [*COMMAND, *args], stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
    )
    os.close(follower)
    written, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(leader, 65536)
        except OSError:  # nobody has the other end any more
            break
        if not data:
            break
        written += data
        if types and b"?" in written:
            os.write(leader, types)
            types = b""
    os.close(leader)
    return running.wait(timeout=60), written.decode().replace("\r\n", "\n")


def test_colour_and_progress_on_a_terminal_and_neither_in_a_pipe(place):
    Path("data.zarr/a/c/3").write_bytes(b"nonsense")
    code, shown = on_terminal("verify", place)
    assert code == 2
    assert "\x1b[1;31mnot ok" in shown
    assert "objects" in shown  # the bar
    done = subprocess.run([*COMMAND, "verify", place], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert "\x1b" not in done.stdout
    assert "".join(done.stdout.split()) in "".join(COLOURS.sub("", shown).split())


def test_a_question_on_a_terminal(place):
    code, shown = on_terminal("rm", place, types=b"n\n")
    assert code == 1
    assert "Delete 2 nodes" in shown
    assert "a" in zarr.open_group(place)
    code, shown = on_terminal("rm", place, types=b"y\n")
    assert code == 0
    assert not Path(place).exists()


def test_a_pipe_that_is_closed_is_nothing_to_tell_of(place):
    """As by `head`."""
    root = zarr.open_group(place)
    root.create_array("wide", data=np.arange(200_000))
    read, write = os.pipe()
    running = subprocess.Popen(
        [*COMMAND, "export", "data.zarr/wide", "-", "--format", "csv"], stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert os.read(read, 2) == b"0\n"
    os.close(read)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, b"")


def test_an_interrupt_is_nothing_to_tell_of(tmp_path):
    """While it waits for rows that somebody is to send."""
    zarr.create_array(tmp_path / "a", shape=(0,), dtype="i4")
    call = [*COMMAND, "append", str(tmp_path / "a"), "-"]
    # What a shell runs in the background has interrupts ignored, and so have these tests then.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running = subprocess.Popen(call, stdin=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed)
    running.stdin.write(bytes(1_000_000))  # more than a pipe holds, so that it has begun to read
    running.stdin.flush()
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, b"")


def test_an_archive_that_another_process_writes_is_held(place):
    program = (
        "import sys, zarr\n"
        "store = zarr.storage.ZipStore('data.zip', mode='w')\n"
        "zarr.create_group(store)\n"
        "print('written', flush=True)\n"
        "sys.stdin.read()\n"
        "store.close()\n"
    )
    with process_as_before():
        assert zarr_("zip", place, "data.zip")[0] == 0
    other = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"written\n"
    try:
        with process_as_before():
            code, out, err = zarr_("mv", "data.zip/a", "data.zip/b")
        assert (code, out) == (4, "")
        assert "another process writes this zip archive" in err
    finally:
        other.communicate(b"", timeout=60)


def test_completion():
    environment = {**os.environ, "COMP_WORDS": "zarr ver", "COMP_CWORD": "1", "_ZARR_COMPLETE": "complete_bash"}
    program = "from zarr._cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["verify"]


def test_the_whole_list_in_a_pipe():
    done = subprocess.run([*COMMAND, "--json-usage"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["program"] == "zarr"
