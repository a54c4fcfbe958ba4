"""A small cloud in memory: S3, GCS (XML) and Azure's block blobs on one port of loopback. For tests.

    python -m tests.servers.cloud

prints the port and serves until its standard input ends. There is one thread, and a request is acted upon in one step; so
every operation is atomic, and of racing changes each is seen whole by the next. Requests may be made to wait, and faults
ordered (`faults`). Everything is told of: which requests came, and how many were under way at once.

A request to `/_control` has an order as JSON:

    {"do": "reset"}                      forget buckets, requests, faults, latency and quirks
    {"do": "forget requests"}
    {"do": "tell"}                       answers with the requests, the peak, and how many faults there were
    {"do": "wait", "seconds": 0.02}      before each request is acted upon
    {"do": "gather", "n": 64}            let the next requests wait until so many are there, ten seconds at most
    {"do": "fail", "kind": …}            the arguments of `Fault`; without a kind there are no more faults
    {"do": "be", "quirks": [...]}        as some servers are:
        refuses-quotes       a put with a right ETag in quotes is refused (Ceph)
        ignores-conditions   conditions are not looked at (rclone)
        drops-metadata       nothing is kept of an object but its bytes
        hides-absence        what is not there may not be read: 403 (S3, where listing is not allowed)
        misses-on-delete     deleting what is not there is an error (GCS)
        keeps-from-listing   listing is refused
        sends-empty-whole    of an empty object all is sent, whichever part is asked for (moto)
        lies-elsewhere       the bucket is in the region eu-north-1, and requests that are signed for another go nowhere (S3)
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import Any

from tests.servers import azure, s3
from tests.servers.faults import Fault
from tests.servers.http import Reply, Request, serve_connection
from tests.servers.objects import Bucket

CONTROL = "/_control"


class Cloud:
    """What is kept, what has come, and what is to go wrong."""

    def __init__(self) -> None:
        self._under_way = 0
        self.reset()

    def reset(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.faults: list[Fault] = []
        self.quirks: frozenset[str] = frozenset()
        self.seconds = 0.0
        self._gather(0)
        self.forget_requests()

    def forget_requests(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.peak = self.n_faults = 0

    async def handle(self, request: Request) -> Reply | None:
        """Answer one request; None where the connection is to end."""
        if request.path == CONTROL:
            return Reply(200, {"content-type": "application/json"}, json.dumps(self._obey(request)).encode())
        self._under_way += 1
        self.peak = max(self.peak, self._under_way)
        try:
            await self._keep_waiting()
            return self._answer(request)
        finally:
            self._under_way -= 1

    async def _keep_waiting(self) -> None:
        if self._under_way >= self._n_gathered:
            self._are_gathered.set()
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if not self._are_gathered.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._are_gathered.wait(), 10)

    def _answer(self, request: Request) -> Reply | None:
        fault = next((fault for fault in self.faults if fault.befalls(request)), None)
        whole = self._object(request)
        reply = Reply(200) if fault is not None and fault.keeps_from_acting else self._act(request)
        if fault is not None:
            self.n_faults += 1
            reply = fault.spoil(reply, whole)
        self._note(request, reply, fault)
        return None if fault is not None and fault.ends_at_once else reply

    def _act(self, request: Request) -> Reply:
        is_azure = "x-ms-version" in request.headers
        if "lies-elsewhere" in self.quirks and "/eu-north-1/" not in request.headers.get("authorization", ""):
            return Reply(301, {"x-amz-bucket-region": "eu-north-1"})
        is_listing = request.method == "GET" and ("list-type" in request.query or request.query.get("comp") == "list")
        if is_listing and "keeps-from-listing" in self.quirks:
            return Reply.error(403, "AccessDenied")
        reply = (azure if is_azure else s3).answer(self.buckets, request, self.quirks)
        if reply.status == 404 and request.method in ("GET", "HEAD") and "hides-absence" in self.quirks:
            return Reply.error(403, "AccessDenied")
        if reply.status == 416 and "sends-empty-whole" in self.quirks and not self._object(request):
            return Reply(200, {"etag": '"of nothing"', "last-modified": formatdate(usegmt=True)})
        return reply

    def _object(self, request: Request) -> bytes:
        name, _, key = request.path.lstrip("/").removeprefix(f"{azure.ACCOUNT}/").partition("/")
        kept = self.buckets[name].objects.get(key) if name in self.buckets else None
        return b"" if kept is None else kept.data

    def _note(self, request: Request, reply: Reply, fault: Fault | None) -> None:
        told = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "range": request.headers.get("x-ms-range") or request.headers.get("range", ""),
            "if-match": request.headers.get("if-match") or request.headers.get("x-goog-if-generation-match", ""),
            "status": reply.status,
            "sent": 0 if request.method == "HEAD" else len(reply.body),
            "fault": "" if fault is None else fault.kind,
        }
        self.requests.append(told)

    # -- orders -----------------------------------------------------------------------------------------------

    def _obey(self, request: Request) -> Any:
        order = json.loads(request.body)
        orders: dict[str, Callable[..., Any]] = {
            "reset": self.reset,
            "forget requests": self.forget_requests,
            "tell": self._tell,
            "wait": self._wait,
            "gather": self._gather,
            "fail": self._fail,
            "be": self._be,
        }
        return orders[order.pop("do")](**order)

    def _tell(self) -> dict[str, Any]:
        return {"requests": self.requests, "peak": self.peak, "faults": self.n_faults}

    def _wait(self, seconds: float) -> None:
        self.seconds = seconds

    def _gather(self, n: int) -> None:
        self._n_gathered = n
        self._are_gathered = asyncio.Event()

    def _fail(self, kind: str = "", **details: Any) -> None:
        self.faults = [*self.faults, Fault(kind, **details)] if kind else []

    def _be(self, quirks: list[str]) -> None:
        self.quirks = frozenset(quirks)


async def serve() -> None:
    """Serve on a free port, and print it, until standard input ends."""
    cloud = Cloud()
    server = await asyncio.start_server(
        partial(serve_connection, handle=cloud.handle), "127.0.0.1", 0, backlog=512, limit=2**20
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)  # there is nothing to end in order, and connections may be open


if __name__ == "__main__":
    asyncio.run(serve())
