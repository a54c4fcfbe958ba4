"""What may go wrong between a client and a cloud, on order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.servers.http import Reply, Request

KINDS = {
    "refuse": "nothing is done, and the status says so",
    "late": "all is done, and the status says that it is not",
    "drop": "nothing is done, and the connection ends",
    "lose": "all is done, and the connection ends",
    "cut": "the connection ends in the middle of the body",
    "short": "half of the body is missing, and its length is that of the rest (of a part: of a whole object nobody could tell)",
    "shifted": "the part of the object that begins a byte further on",
    "whole": "the whole object, whatever part was asked for",
}

_CODES = {409: "ConditionalRequestConflict", 429: "TooManyRequests", 503: "SlowDown"}


@dataclass(slots=True)
class Fault:
    """One kind of fault, for requests that it is meant for.

    Attributes
    ----------
    kind
        One of `KINDS`.
    times
        For so many requests; None for ever.
    rate
        For this share of them, by chance.
    methods, within
        For requests of these methods (all if none is named) with this in their path.
    status
        What is answered, where something is.
    seed
        Of the chance.
    """

    kind: str
    times: int | None = None
    rate: float = 1.0
    methods: tuple[str, ...] = ()
    within: str = ""
    status: int = 503
    seed: int = 0
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind!r}")
        self._chance = random.Random(self.seed)

    def befalls(self, request: Request) -> bool:
        """Whether it happens to a request; it is counted then."""
        if self.times == 0 or (self.methods and request.method not in self.methods) or self.within not in request.path:
            return False
        if self.rate < 1 and self._chance.random() >= self.rate:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def keeps_from_acting(self) -> bool:
        return self.kind in ("refuse", "drop")

    @property
    def ends_at_once(self) -> bool:
        return self.kind in ("drop", "lose")

    def spoil(self, reply: Reply, whole: bytes) -> Reply:
        """What is answered instead; `whole` is the object that a part of was asked for."""
        body = bytes(reply.body)
        if self.kind in ("refuse", "late"):
            return Reply.error(self.status, _CODES.get(self.status, "Injected"))
        if reply.status not in (200, 206) or len(body) < 2:
            return reply
        if self.kind == "cut":
            return Reply(reply.status, reply.headers, body[: len(body) // 2], len(body), then_close=True)
        if reply.status != 206:
            return reply
        if self.kind == "short":
            return Reply(reply.status, reply.headers, body[: len(body) // 2])
        if self.kind == "whole":
            return Reply(200, {name: value for name, value in reply.headers.items() if name != "content-range"}, whole)
        start = int(reply.headers["content-range"].split()[1].partition("-")[0]) + 1
        stop = min(len(whole), start + len(body))
        return Reply(
            206, reply.headers | {"content-range": f"bytes {start}-{stop - 1}/{len(whole)}"}, whole[start:stop]
        )
