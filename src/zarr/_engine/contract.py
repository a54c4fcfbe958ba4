"""The contract of an engine: encoded bytes <-> elements in place.

An engine says, as data, whether it takes an array (`accepts`), and compiles its spec into a pipeline once; requests
never switch engines half-way. A pipeline plans a request and answers with one `ObjectRequest` for each stored object that
the selection meets: encoded bytes in and elements in place, or elements in and encoded bytes out. It knows nothing of how
the bytes come and go; that is the flow's business, the same for every engine (`zarr._flow.objects`).

Where a store has a place that the engine can reach by itself (a directory, this process's memory), the pipeline offers the
direct route: a `Reached`, which performs whole requests there in one call each.

A pipeline may also name a `Delegate`: then the flows ask that, and wait for it, as it gets to the store in a way of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer, BufferPrototype
    from zarr._buffer.pieces import Pieced
    from zarr._codec.base import ChunkSpec
    from zarr._codec.pipeline import CodecPipeline
    from zarr._grid.chunk_keys import ChunkKeyEncoding
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._selection.model import Selection
    from zarr._store.native_place import NativePlace
    from zarr._store.versioned import Hold

Encoded: TypeAlias = "Buffer | None"
"""Stored bytes of one object or decoded chunk; None where there are none, which reads as the fill value."""

Pieces: TypeAlias = "Sequence[tuple[int, Buffer]]"
"""Parts of one stored object: the offset of each in it, and its bytes."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an engine does not take an array, in words a user can act on."""

    reason: str


class ObjectRequest(Protocol):
    """What one selection of one array wants of one stored object.

    The memory that is read into or written from was given when the request was planned.
    """

    @property
    def coords(self) -> tuple[int, ...]:
        """Chunk coordinates of the object in the outer grid."""

    @property
    def is_whole(self) -> bool:
        """Whether the selection covers every element of the object that lies inside the array."""

    def decode(self, encoded: Encoded) -> None:
        """Place what the selection wants of the object into the memory.

        Raises CodecError, with the chunk's coordinates, and ChunkNotFoundError if a chunk has to be there and is not.
        """

    def missing_parts(self, nbytes: int, pieces: Pieces) -> list[tuple[int, int]]:
        """Which byte ranges of a shard, as (offset, nbytes), are needed besides the pieces, as far as those tell.

        `nbytes` is the size of the shard; beyond every range in it where that is not known. Fetch what is missing and ask
        again, until nothing is: the first pieces hold indexes, which tell of more.
        """

    def decode_pieces(self, nbytes: int, pieces: Pieces) -> None:
        """As `decode`, from pieces of a shard of which nothing is missing."""

    def encode(self, old: Encoded) -> Encoded:
        """New bytes of the object, merged into what was stored before. None: it holds the fill value only.

        `old` is not looked at if the selection covers the object wholly.
        """

    def encode_in_pieces(self, old: Encoded) -> Encoded | Pieced:
        """As `encode`, for a store that takes pieces: the new bytes, or what makes them as they are written.

        So what `encode` raises may be raised there.
        """


class Reached(Protocol):
    """An array's objects at a native place, where the engine performs whole requests by itself.

    Errors about one object, CodecError and ChunkNotFoundError, have its chunk coordinates as `object_coords`.
    """

    @property
    def can_write(self) -> bool:
        """Whether the place has the locks that writers need."""

    def read(self, selection: Selection, memory: npt.NDArray[Any], max_threads: int) -> None:
        """Read a selection into memory of its shape, on so many threads at most (0: as many as there are)."""

    def write(
        self, selection: Selection, memory: npt.NDArray[Any], max_threads: int, *, sync: bool, hold: Hold | None
    ) -> Sequence[ObjectRequest]:
        """Write memory into a selection; each object is changed wholly or not at all.

        With `sync` everything is on the disk when this returns. `hold` is the hold under which the caller works, if it has
        one. Returns what another writer kept from being written, to be written object by object.
        """

    def getter(self) -> Any:
        """An object whose `get(selection, max_threads)` makes the result itself: for integers and slices; it answers
        NotImplemented to anything else.
        """


class Part(NamedTuple):
    """What a request wants of one stored object, in zarr-python's words.

    Attributes
    ----------
    coords
        Chunk coordinates of the object in the outer grid.
    spec
        What codecs know of it.
    chunk_selection, out_selection
        Where in the object, and where in the memory of the request, as NumPy takes them.
    is_whole
        Whether the selection covers every element of the object that lies inside the array.
    """

    coords: tuple[int, ...]
    spec: ChunkSpec
    chunk_selection: Any
    out_selection: Any
    is_whole: bool


class Delegate(Protocol):
    """Somebody else who reads and writes the objects of one array, and gets to them by himself.

    A batch has one entry for each object: its place, and the members of its `Part` after `coords`.
    """

    @property
    def name(self) -> str:
        """Who it is, for error texts."""

    @property
    def pipeline(self) -> CodecPipeline:
        """The object that does it."""

    @property
    def spec(self) -> ArraySpec:
        """The array."""

    def parts(self, selection: Selection) -> Iterator[Part]:
        """What a selection wants of each object that it meets. Along axes that it slices it goes forward."""

    def read(self, batch: Sequence[tuple[Any, ...]], memory: npt.NDArray[Any]) -> Awaitable[Any]:
        """Read a batch into memory of the selection's shape, in C order. What comes of it may tell for each object whether it is there."""

    def write(self, batch: Sequence[tuple[Any, ...]], memory: npt.NDArray[Any]) -> Awaitable[Any]:
        """Write a batch from memory of the selection's shape in C order, or of no axes where all elements are the same."""


class Pipeline(Protocol):
    """The codecs of one array, compiled. Safe to use from several threads."""

    @property
    def engine(self) -> str:
        """Name of the engine, as in `zarr.config`."""

    @property
    def delegate(self) -> Delegate | None:
        """Who reads and writes the array's objects in its place, and gets to them by itself; None if flows fetch and put."""

    @property
    def shared_nbytes(self) -> int:
        """Decoded bytes of one stored object, if several threads get on with several objects at once; 0 if not."""

    def takes(self, value: object) -> bool:
        """Whether a value is an array of Python objects that needs no conversion to be written: all are exactly such
        elements as the array has. False also where it would take too long to find out.
        """

    def request(self, selection: Selection, memory: npt.NDArray[Any]) -> Iterator[ObjectRequest]:
        """Plan a selection: one request per stored object that it meets, made as they are asked for.

        Parameters
        ----------
        selection
            Normalised against the array's shape.
        memory
            What is read into or written from: a plain NumPy array of the selection's shape and the array's dtype, or one
            to write that the pipeline `takes`.
        """

    def index_nbytes(self, level: ShardLevel) -> int:
        """Encoded size of the index of a shard, in bytes."""

    def reach(
        self, place: NativePlace, keys: ChunkKeyEncoding, prefix: str, *, caches: bool, before: Reached | None
    ) -> Reached | None:
        """The array's objects at a place of the store's; None if this engine does not reach there.

        Parameters
        ----------
        place
            What the store says of it.
        keys, prefix
            How objects are named: the encoding, and what goes before it, which is empty or ends in a slash.
        caches
            Whether decoded chunks may be kept.
        before
            What was answered for the same place with an older spec of the array, if anything: what was found out about the
            place is not found out again.
        """


class Engine(Protocol):
    """Makes pipelines."""

    @property
    def name(self) -> str: ...

    def accepts(self, spec: ArraySpec, prototype: BufferPrototype) -> Rejection | None:
        """None if this engine takes the array, otherwise why not. Decided once per array."""

    def compile(self, spec: ArraySpec, prototype: BufferPrototype) -> Pipeline:
        """The pipeline of an accepted array."""
