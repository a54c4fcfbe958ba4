"""What a flow may ask for. A flow is a generator: it yields requests and receives answers, and knows neither threads
nor `await`. It is written once and driven twice (`drive.py`).

    Fetch         bytes of objects, with versions                       -> list[Stored | None]
    Put, Remove   replace or delete an object, conditionally or not     -> bool
    TakeHold      the right to change what lies under a prefix          -> Hold
    Names, Keys   list what lies under a prefix                         -> list[str]
    RemovePrefix  delete everything under a prefix                      -> None
    Size          size of an object                                     -> int | None
    Compute       a function that only computes                         -> its result
    Together      other flows, several at once where that helps         -> list of their results

An error that a request meets is raised at the `yield`. A flow that holds something releases it in a `with` or
`finally`, which also runs when the flow is closed or cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from zarr._buffer import Buffer
from zarr._buffer.byte_range import ByteRequest
from zarr._store.abstract import Store
from zarr._store.versioned import ANY, Expected, Hold, Version

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """One read: a whole object, or a part of it, of any version or of one."""

    key: str
    byte_range: ByteRequest | None = None
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    store: Store
    reads: Sequence[Read]


@dataclass(frozen=True, slots=True)
class Put:
    """Answered with whether `expected` held, and so whether the value was stored."""

    store: Store
    key: str
    value: Buffer
    expected: Expected = ANY
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Answered with whether `expected` held."""

    store: Store
    key: str
    expected: Expected = ANY
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class TakeHold:
    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Names:
    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Keys:
    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class RemovePrefix:
    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Size:
    store: Store
    key: str


@dataclass(frozen=True, slots=True)
class Compute:
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    flows: Iterable[Generator[Any, Any, Any]]


Request: TypeAlias = Fetch | Put | Remove | TakeHold | Names | Keys | RemovePrefix | Size | Compute | Together
Flow: TypeAlias = Generator[Request, Any, T]
