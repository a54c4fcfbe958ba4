"""What a flow may ask for. A flow is a generator: it yields requests and receives answers, and knows neither threads
nor `await`. It is written once and driven twice (`drive`).

    Fetch         bytes of objects, with versions                       -> list[Stored | None]
    Put, Remove   replace or delete an object, conditionally or not     -> bool
    TakeHold      the right to change what lies under a prefix, or      -> Hold
                  one object
    TakeRoom      memory for what is fetched or stored, of a limited whole    -> Room
    Names, Keys   list what lies under a prefix                         -> list[str]
    Links         which prefixes there are names for what is elsewhere  -> list[str]
    Where         which places a place lies in                          -> sequence of their identities
    Strays        what lies under a prefix that no listing tells of      -> sequence of Stray
    Discard       take one of these away, if it is nobody's             -> bool
    RemovePrefix  delete everything under a prefix                      -> None
    Publish       what was made elsewhere, put in its place             -> None
    Rename        another prefix for all that is under one              -> bool
    Size          size of an object                                     -> int | None
    Exist         whether there are objects                             -> list[bool]
    Compute       a function that only computes                         -> its result
    Direct        elements read or written by the engine at a place of  -> list[ObjectRequest]
                  the store that it reaches by itself                      that were left to the flow
    Await         what somebody else does, who gets to the store          -> its result
                  by itself and has to be awaited
    Together      other flows, several at once where that helps         -> list of their results

An error that a request meets is raised at the `yield`. A flow that holds something releases it in a `with` or
`finally`, which also runs when the flow is closed or cancelled.

Whatever touches a store is a request, native writes included; so whoever drives can count, log, gather or refuse it
(`watch.py`). A request whose class has `writes` set, or a `Direct` or `Await` that has it set, changes what is stored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from zarr._buffer import Buffer
from zarr._buffer.byte_range import ByteRequest
from zarr._buffer.pieces import Pieced
from zarr._store.abstract import Store
from zarr._store.versioned import ANY, Expected, Hold, Version

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._engine.contract import Reached
    from zarr._selection.model import Selection
    from zarr._store.staging import Staging
    from zarr._store.strays import Stray

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """One read: a whole object, or a part of it, of any version or of one."""

    key: str
    byte_range: ByteRequest | None = None
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    writes: ClassVar[bool] = False

    store: Store
    reads: Sequence[Read]


@dataclass(frozen=True, slots=True)
class Put:
    """Answered with whether `expected` held, and so whether the value was stored.

    A value in pieces is only for stores that take them (`zarr._store.access.takes_pieces`).
    """

    writes: ClassVar[bool] = True

    store: Store
    key: str
    value: Buffer | Pieced
    expected: Expected = ANY
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Answered with whether `expected` held."""

    writes: ClassVar[bool] = True

    store: Store
    key: str
    expected: Expected = ANY
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class TakeHold:
    """The right on what lies directly under a prefix; or, with a key, on one object, where the store has such holds.

    `under` is a hold of the caller on the node that the object belongs to.
    """

    writes: ClassVar[bool] = False

    store: Store
    prefix: str
    key: str | None = None
    under: Hold | None = None


@dataclass(frozen=True, slots=True)
class TakeRoom:
    """Room in memory. Who has a hold does not wait for it, as others that have some may wait for the hold."""

    writes: ClassVar[bool] = False

    store: Store
    nbytes: int
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Names:
    writes: ClassVar[bool] = False

    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Keys:
    writes: ClassVar[bool] = False

    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Links:
    """Answered with the prefixes at and below a place that are links to what lies elsewhere, none of them below another."""

    writes: ClassVar[bool] = False

    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Where:
    """Answered with what `Store._whereabouts` says. No store is awaited for it."""

    writes: ClassVar[bool] = False

    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Strays:
    """Answered with what `Store._strays` says. No store is awaited for it."""

    writes: ClassVar[bool] = False

    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Answered with whether it is gone. No store is awaited for it."""

    writes: ClassVar[bool] = True

    store: Store
    stray: Stray


@dataclass(frozen=True, slots=True)
class RemovePrefix:
    writes: ClassVar[bool] = True

    store: Store
    prefix: str


@dataclass(frozen=True, slots=True)
class Publish:
    """What is under a prefix of a store is replaced at one moment. The staging is one that the store has made."""

    writes: ClassVar[bool] = True

    store: Store
    staging: Staging


@dataclass(frozen=True, slots=True)
class Rename:
    """Answered with whether the store can do that, and has. Only for one that answers without a loop."""

    writes: ClassVar[bool] = True

    store: Store
    prefix: str
    new: str


@dataclass(frozen=True, slots=True)
class Size:
    writes: ClassVar[bool] = False

    store: Store
    key: str


@dataclass(frozen=True, slots=True)
class Exist:
    writes: ClassVar[bool] = False

    store: Store
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Compute:
    writes: ClassVar[bool] = False

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    """Flows that may run at once.

    Attributes
    ----------
    flows
        The flows, taken one by one.
    most
        So many of them are under way at once, where each of them holds much; None leaves it to the driver.
    shared_nbytes
        How much each of them decodes or encodes, if threads may share them although no store is awaited; 0 if not.
    """

    writes: ClassVar[bool] = False

    flows: Iterable[Generator[Any, Any, Any]]
    most: int | None = None
    shared_nbytes: int = 0


@dataclass(slots=True)
class Direct:
    """A whole request that the engine performs by itself.

    Attributes
    ----------
    store
        The store that is read or written.
    prefix
        What the keys of the array's objects begin with.
    reached
        The array's objects, as the engine reaches them.
    selection, memory
        What is read into, or written from, plain memory of the selection's shape.
    writes
        Whether it is a write.
    hold
        The hold of the caller on the array, if it has one.
    sync
        Whether what is written is to be on the disk when the request is answered.
    """

    store: Store
    prefix: str
    reached: Reached
    selection: Selection
    memory: npt.NDArray[Any]
    writes: bool = False
    hold: Hold | None = None
    sync: bool = False


@dataclass(frozen=True, slots=True)
class Await:
    """Something that somebody else does with objects of a store, in a way of their own: a codec pipeline.

    Attributes
    ----------
    store
        The store that is read or written.
    function
        Begins it, and gives what is awaited. May be called again where nothing has come of it, in a child of a fork.
    writes
        Whether it writes. Then it is awaited to its end, whatever happens to the caller meanwhile.
    """

    store: Store
    function: Callable[[], Awaitable[Any]]
    writes: bool


Request: TypeAlias = (
    Fetch
    | Put
    | Remove
    | TakeHold
    | TakeRoom
    | Names
    | Keys
    | Links
    | Where
    | Strays
    | Discard
    | RemovePrefix
    | Publish
    | Rename
    | Size
    | Exist
    | Compute
    | Direct
    | Await
    | Together
)
Flow: TypeAlias = Generator[Request, Any, T]
