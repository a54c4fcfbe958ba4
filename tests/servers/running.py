"""How the servers are started, and what tests say to them."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.cloud import CONTROL

CHECKOUT = Path(__file__).parents[2]


class RunningCloud:
    """A cloud that runs in a process of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def order(self, do: str, **details: Any) -> Any:
        """Have something done; see `cloud`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", CONTROL, json.dumps({"do": do, **details}))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def reset(self, *buckets: str) -> None:
        """Begin anew, with empty buckets."""
        self.order("reset")
        for bucket in buckets:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("PUT", f"/{bucket}")
            connection.getresponse().read()
            connection.close()
        self.order("forget requests")

    def wait(self, seconds: float) -> None:
        self.order("wait", seconds=seconds)

    def gather(self, n: int) -> None:
        self.order("gather", n=n)

    def fail(self, kind: str = "", **details: Any) -> None:
        self.order("fail", kind=kind, **details)

    def be(self, *quirks: str) -> None:
        self.order("be", quirks=quirks)

    def forget_requests(self) -> None:
        self.order("forget requests")

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Every request since they were last forgotten, in the order in which they were acted upon."""
        found: list[dict[str, Any]] = self.order("tell")["requests"]
        return found

    @property
    def peak(self) -> int:
        """Most requests that were under way at once."""
        found: int = self.order("tell")["peak"]
        return found

    @property
    def n_faults(self) -> int:
        found: int = self.order("tell")["faults"]
        return found


@contextmanager
def running_cloud() -> Iterator[RunningCloud]:
    """Start a cloud, and end it."""
    with running_program("tests.servers.cloud") as port:
        yield RunningCloud(port)


@contextmanager
def running_program(module: str) -> Iterator[int]:
    """Run a server that says its port first, and ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
