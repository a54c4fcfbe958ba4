"""Batches: partial writes that are gathered, and stored together in the end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from zarr._buffer.registry import default_buffer_prototype
from zarr._calls import members
from zarr._faces.indexing import ElementAccess
from zarr._flow import batches
from zarr._flow.drive import run
from zarr._flow.node import ArrayNode, GroupNode
from zarr._selection import fancy
from zarr._support.forks import n_forks
from zarr._support.sizes import parse_nbytes
from zarr.errors import ArgumentError, ClosedWriterError, ContainsGroupError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import NoReturn, Self, SupportsIndex

    from zarr._buffer import BufferPrototype
    from zarr._flow import elements
    from zarr._selection.fields import Fields

WhenFull: TypeAlias = Literal["write", "raise"]
_WHEN_FULL: tuple[WhenFull, ...] = ("write", "raise")


class _Session:
    """What the faces of one batch share.

    Parameters
    ----------
    where
        The node that it was made of, for error texts.
    max_memory, when_full
        As the user gave them.
    """

    def __init__(self, where: ArrayNode | GroupNode, max_memory: SupportsIndex | str, when_full: WhenFull) -> None:
        if when_full not in _WHEN_FULL:
            raise ArgumentError(f"when_full must be one of {_WHEN_FULL}, got {when_full!r}")
        where.store_path.store._check_writable()
        self._where = where.store_path
        self.state = batches.Batch(parse_nbytes(max_memory, "max_memory"), when_full)
        self.lock = threading.RLock()
        self._n_forks = n_forks()
        self._is_open: bool | None = None

    def check(self) -> None:
        """Raise ClosedWriterError unless the batch is in use here."""
        if self._n_forks != n_forks():
            raise ClosedWriterError(
                f"the batch of {self._where} belongs to the process that began it, and this is a fork of that: begin one here"
            )
        if self._is_open is None:
            raise ClosedWriterError(
                f"the batch of {self._where} has not begun: use it as in `with array.batch() as b: b[...] = ...`"
            )
        if not self._is_open:
            raise ClosedWriterError(f"the batch of {self._where} has ended; begin another one")

    def begin(self) -> None:
        if self._is_open is not None:
            raise ClosedWriterError(f"the batch of {self._where} is used already, or has ended; begin another one")
        self._is_open = True

    def flush(self) -> None:
        with self.lock:
            self.check()
            run(batches.flush(self.state))

    def discard(self) -> None:
        with self.lock:
            self.check()
            self.state.discard()

    def end(self, exc: BaseException | None) -> None:
        """Store everything, or nothing if there was an error."""
        if self._n_forks != n_forks():  # a fork inside of the block: the parent's batch is the parent's
            return
        with self.lock:
            n_before, n_objects = self.state.n_stored, self.state.n_objects
            try:
                if exc is None:
                    run(batches.flush(self.state))
                elif self.state.n_early:
                    exc.add_note(
                        f"{n_before} objects of the batch of {self._where} had been stored before, {self.state.n_early} of them because "
                        f"what was gathered took more than max_memory={self.state.max_nbytes} bytes; they stay. The other "
                        f"{n_objects} that were to change are as they were."
                    )
            except BaseException as failed:
                failed.add_note(
                    f"This was met in storing the batch of {self._where}. {self.state.n_stored - n_before} of the {n_objects} objects "
                    "that were to change have been stored. What was on its way at that moment may have been, the others are as they were."
                )
                raise
            finally:
                self._is_open = False
                self.state.discard()


class Batch(ElementAccess):
    """Writes to one array that are gathered and stored together, made by `zarr.Array.batch`.

    It is read and written as the array is: with square brackets, `oindex`, `vindex`, `blocks` and the methods. Reads show what was
    written through the batch, and what is stored elsewhere.

    Parameters
    ----------
    node, session
        The array, and what all of the batch share.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(4, 4), chunks=(4, 4), dtype="i2")
    >>> with array.batch() as b:
    ...     for row in range(4):
    ...         b[row, row] = row + 1
    ...     print(b[3, 3], array[3, 3])
    4 0
    >>> array[3, 3]
    np.int16(4)
    """

    def __init__(self, node: ArrayNode, session: _Session) -> None:
        self._node = node
        self._session = session

    @classmethod
    def _of(cls, node: ArrayNode, max_memory: SupportsIndex | str, when_full: WhenFull) -> Self:
        return cls(node, _Session(node, max_memory, when_full))

    def flush(self) -> None:
        """Store what there is, and go on. What is stored then stays, also if there is an error later.

        If this fails, what was stored is no longer in the batch, and all the rest is: it can be called again.
        """
        self._session.flush()

    def discard(self) -> None:
        """Forget what was written and is not stored yet, and go on."""
        self._session.discard()

    @property
    def nbytes_gathered(self) -> int:
        """Memory that is taken by what was written and is not stored yet, in bytes."""
        return self._session.state.nbytes

    def __getitem__(self, selection: Any) -> Any:
        """Read a selection, as of the array: what was written through the batch, and what is stored where nothing was."""
        return self._get(fancy, selection)

    def _get(
        self,
        normalize: elements.Normalize,
        selection: Any,
        out: Any = None,
        prototype: BufferPrototype | None = None,
        fields: Fields = None,
    ) -> Any:
        wanted = default_buffer_prototype() if prototype is None else prototype
        with self._session.lock:
            self._session.check()
            member = self._session.state.member(self._node)
            return run(batches.get(member, normalize, selection, out=out, prototype=wanted, fields=fields))

    def _put(self, normalize: elements.Normalize, selection: Any, value: object, fields: Fields = None) -> None:
        with self._session.lock:
            self._session.check()
            state = self._session.state
            run(batches.put(state, state.member(self._node), normalize, selection, value, fields))

    def __enter__(self) -> Self:
        self._session.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.end(exc)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a batch cannot be pickled or copied: what it has gathered belongs to one process. Pickle the array"
        )

    def __repr__(self) -> str:
        return f"<Batch of {self.store_path}{self._node.facts}>"


class GroupBatch:
    """Writes to arrays of a group that are gathered and stored together, made by `zarr.Group.batch`.

    Parameters
    ----------
    node, session
        The group, and what all of the batch share.

    Examples
    --------
    >>> import zarr
    >>> group = zarr.create_group({})
    >>> _ = group.create_array("x", shape=3, dtype="i2"), group.create_array("y", shape=3, dtype="i2")
    >>> with group.batch() as b:
    ...     b["x"][0], b["y"][2] = 1, 2
    >>> group["x"][:], group["y"][:]
    (array([1, 0, 0], dtype=int16), array([0, 0, 2], dtype=int16))
    """

    def __init__(self, node: GroupNode, session: _Session) -> None:
        self._node = node
        self._session = session
        self._arrays: dict[str, Batch] = {}

    @classmethod
    def _of(cls, node: GroupNode, max_memory: SupportsIndex | str, when_full: WhenFull) -> Self:
        return cls(node, _Session(node, max_memory, when_full))

    def __getitem__(self, path: str) -> Batch:
        """The batch of an array at a path below the group. All of them are stored together.

        Raises
        ------
        KeyError
            If there is none.
        ContainsGroupError
            If it is a group.
        """
        with self._session.lock:
            self._session.check()
            if path not in self._arrays:
                found = run(members.get_existing(self._node, path))
                if not isinstance(found, ArrayNode):
                    raise ContainsGroupError(found.store_path.store, found.path)
                known = self._session.state.members.get(found.path)
                self._arrays[path] = Batch(found if known is None else known.node, self._session)
            return self._arrays[path]

    def __setitem__(self, path: str, value: object) -> NoReturn:
        raise TypeError(
            f"a batch gathers elements of arrays that are there, b[{path!r}][...] = ...; a new array is made by the group, "
            "with group.create_array"
        )

    def flush(self) -> None:
        """Store what there is, and go on. What is stored then stays, also if there is an error later.

        If this fails, what was stored is no longer in the batch, and all the rest is: it can be called again.
        """
        self._session.flush()

    def discard(self) -> None:
        """Forget what was written and is not stored yet, and go on."""
        self._session.discard()

    @property
    def nbytes_gathered(self) -> int:
        """Memory that is taken by what was written and is not stored yet, in bytes."""
        return self._session.state.nbytes

    def __enter__(self) -> Self:
        self._session.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.end(exc)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a batch cannot be pickled or copied: what it has gathered belongs to one process. Pickle the group"
        )

    def __repr__(self) -> str:
        return f"<Batch of group {self._node.store_path}>"
