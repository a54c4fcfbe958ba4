"""Appenders: rows that come one after the other, written in the background as whole objects."""

from __future__ import annotations

import threading
from _thread import start_new_thread
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty, in_dtype
from zarr._flow import elements, resize
from zarr._flow.drive import run
from zarr._flow.load import load_again
from zarr._plan.blocks import rows_in_block
from zarr._plan.gather import contents_nbytes
from zarr._support.forks import n_forks
from zarr._support.signals import let_go_if_interrupted
from zarr._support.sizes import parse_nbytes
from zarr.errors import ClosedWriterError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import NoReturn, Self, SupportsIndex

    import numpy.typing as npt

    from zarr._flow.node import ArrayNode

_MOST_AT_ONCE_NBYTES = 32 * 2**20
"""Blocks that wait are written together, up to so much."""


class Appender:
    """Writes rows behind the end of an array, made by `zarr.Array.appender`.

    What is appended is copied, and written in the background when it fills stored objects, in the order in which it comes. Readers
    see rows when they are there wholly: they are written first, and then the shape that shows them.

    Parameters
    ----------
    node, axis, max_memory
        As of `zarr.Array.appender`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> array = zarr.create_array({}, shape=(0, 3), chunks=(2, 3), dtype="i2")
    >>> with array.appender() as w:
    ...     for number in range(5):
    ...         w.append(np.full(3, number, "i2"))
    >>> array[:, 0]
    array([0, 1, 2, 3, 4], dtype=int16)
    """

    def __init__(self, node: ArrayNode, axis: int, max_memory: SupportsIndex | str) -> None:
        node.store_path.store._check_writable()
        self._node, self._axis = node, axis
        self._max_nbytes = parse_nbytes(max_memory, "max_memory")
        self._spec = node.view.spec
        self._is_counted = self._spec.dtype.kind in "OT"
        self._is_looked_at = self._spec.dtype.kind in "UV"  # text, also in fields, may hold what is no character
        self._takes_as_they_are = axis == 0 and not self._is_counted and not self._is_looked_at
        self._others = self._row_shape(self._spec.shape)
        self._n_forks = n_forks()
        self._is_open: bool | None = None
        # Entered as the lock: of the condition that takes two steps, between which an interrupt would leave it taken for ever.
        self._guard = threading.RLock()
        self._changed = threading.Condition(self._guard)
        self._block: npt.NDArray[Any] | None = None
        self._n_in_block = self._block_nbytes = 0
        self._end = self._spec.shape[axis]
        self._waiting: deque[tuple[npt.NDArray[Any], int]] = deque()
        self._n_waiting = self._waiting_nbytes = 0
        self._n_written = 0
        self._is_working = False
        self._error: BaseException | None = None

    def _row_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[: self._axis], *shape[self._axis + 1 :])

    @property
    def n_written(self) -> int:
        """Rows of this appender that readers see."""
        return self._n_written

    @property
    def n_pending(self) -> int:
        """Rows that were appended and are not written yet."""
        return self._n_waiting + self._n_in_block

    # -- rows ---------------------------------------------------------------------------------------------------

    def append(self, rows: npt.ArrayLike) -> None:
        """Take rows, which are copied. Waits as long as there is no room for them.

        Parameters
        ----------
        rows
            As of `zarr.Array.append`: they match the array's shape in every other axis. A single row may come without the axis that
            grows.

        Raises
        ------
        ValueError
            If the shapes do not match. Nothing is taken then.
        ClosedWriterError
            If the appender has ended, has not begun, or failed before.
        Exception
            What writing in the background has met, once. Rows from then on are not written.
        """
        with self._guard:
            if not self._is_open or self._error is not None or self._n_forks != n_forks():
                self._check()
            # What comes most often: a few rows that are as they have to be, for which there is room in the block.
            block, at = self._block, self._n_in_block
            if (
                block is not None
                and type(rows) is np.ndarray
                and rows.ndim == block.ndim
                and rows.shape[1:] == self._others
                and rows.dtype == self._spec.dtype
                and self._takes_as_they_are
                and (end := at + len(rows)) < len(block)
            ):
                block[at:end] = rows
                self._n_in_block = end
                return
            values = self._as_rows(rows)
            done, n = 0, values.shape[self._axis]
            while done < n:
                done += self._fill(values, done)

    write = append

    def _as_rows(self, rows: Any) -> npt.NDArray[Any]:
        """Values with the axis that grows, of the array's dtype."""
        values: npt.NDArray[Any] = rows
        if type(rows) is not np.ndarray or rows.dtype != self._spec.dtype or self._is_looked_at:
            values = elements.as_addition(rows, self._spec)
            if values.dtype.kind != "O":
                values = in_dtype(values, self._spec.dtype)
        if values.shape == self._others:
            values = np.expand_dims(values, self._axis)
        elif values.ndim != len(self._others) + 1 or self._row_shape(values.shape) != self._others:
            raise ValueError(
                f"shape of rows to append is not compatible with the array: rows {values.shape}, array {self._spec.shape}; all "
                f"dimensions must match except for the dimension being appended (axis {self._axis})"
            )
        return values

    def _fill(self, values: npt.NDArray[Any], start: int) -> int:
        """Take rows from `start` on into the block, as many as fit; how many these were."""
        block = self._block
        if block is None:
            length = rows_in_block(self._spec, self._axis, self._end, max(1, self._max_nbytes // 3))
            shape = (*self._others[: self._axis], length, *self._others[self._axis :])
            block = self._block = empty(shape, self._spec.dtype)
            self._n_in_block, self._block_nbytes = 0, 0 if self._is_counted else block.nbytes
        at = self._n_in_block
        n: int = min(block.shape[self._axis] - at, values.shape[self._axis] - start)
        if self._axis == 0:
            part = values[start : start + n]
            block[at : at + n] = part
        else:
            part = values[self._rows(start, n)]
            block[self._rows(at, n)] = part
        if self._is_counted:
            self._block_nbytes += contents_nbytes(part) + part.size * self._spec.dtype.itemsize
        self._n_in_block = at + n
        is_large = self._is_counted and self._block_nbytes > self._max_nbytes // 3
        if self._n_in_block == block.shape[self._axis] or is_large:
            self._hand_over()
        return n

    def _rows(self, start: int, n: int) -> tuple[slice, ...]:
        return (*(slice(None),) * self._axis, slice(start, start + n))

    def _hand_over(self) -> None:
        """Give the rows of the block to the thread, when there is room for them."""
        while True:
            self._raise_error()
            if (
                self._block is None or not self._n_in_block
            ):  # it may be another thread that has filled it, and was faster
                return
            if not self._waiting_nbytes or self._waiting_nbytes + 2 * self._block_nbytes <= self._max_nbytes:
                break
            self._changed.wait()
        block, n = self._block[self._rows(0, self._n_in_block)], self._n_in_block
        self._waiting.append((block, self._block_nbytes))
        self._n_waiting += n
        self._waiting_nbytes += self._block_nbytes
        self._end += n
        self._block, self._n_in_block, self._block_nbytes = None, 0, 0
        self._changed.notify_all()
        if not self._is_working:
            self._is_working = True
            try:
                # In one step, as far as signal handlers see: what one raises in `threading.Thread.start` breaks the new thread.
                start_new_thread(copy_context().run, (self._work,))
            except BaseException:
                self._is_working = False
                raise

    def flush(self) -> None:
        """Write what was appended, and wait until readers see it; also rows that do not fill an object.

        Raises
        ------
        Exception
            What writing has met, as of `append`.
        """
        with self._guard:
            self._check()
            self._flush()

    def _flush(self) -> None:
        self._hand_over()
        while self._n_waiting:
            self._changed.wait()
            self._raise_error()

    # -- the thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Write blocks as they come, until there are none."""
        while True:
            with self._guard:
                if not self._waiting or self._error is not None:
                    self._is_working = False
                    self._changed.notify_all()
                    return
                blocks, nbytes = self._next()
            n_rows = sum(block.shape[self._axis] for block in blocks)
            try:
                data = blocks[0] if len(blocks) == 1 else self._joined(blocks)
                shape = run(resize.append(self._node, data, self._axis))
            except BaseException as exc:  # noqa: BLE001  # raised where somebody sees it
                let_go_if_interrupted(exc)
                with self._guard:
                    self._error = exc
                    self._is_working = False
                    self._changed.notify_all()
                return
            del blocks, data
            with self._guard:
                self._n_written += n_rows
                self._n_waiting -= n_rows
                self._waiting_nbytes -= nbytes
                self._end = shape[self._axis] + self._n_waiting
                self._changed.notify_all()

    def _next(self) -> tuple[list[npt.NDArray[Any]], int]:
        """The blocks that are written now, and what they take. They count as waiting until they are written."""
        block, nbytes = self._waiting.popleft()
        blocks = [block]
        while self._waiting and nbytes + self._waiting[0][1] <= min(_MOST_AT_ONCE_NBYTES, self._max_nbytes // 8):
            block, more = self._waiting.popleft()
            blocks.append(block)
            nbytes += more
        return blocks, nbytes

    def _joined(self, blocks: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        n = sum(block.shape[self._axis] for block in blocks)
        made = empty((*self._others[: self._axis], n, *self._others[self._axis :]), self._spec.dtype)
        at = 0
        for block in blocks:
            made[self._rows(at, block.shape[self._axis])] = block
            at += block.shape[self._axis]
        return made

    # -- begin and end ------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._is_open and self._error is None and self._n_forks == n_forks():
            return
        at = self._node.store_path
        if self._n_forks != n_forks():
            raise ClosedWriterError(
                f"the appender of {at} belongs to the process that began it, and this is a fork of that: begin one here"
            )
        if self._is_open is None:
            raise ClosedWriterError(
                f"the appender of {at} has not begun: use it as in `with array.appender() as w: w.append(...)`"
            )
        self._raise_error()
        raise ClosedWriterError(f"the appender of {at} has ended; begin another one")

    def _raise_error(self) -> None:
        """Raise what the thread has met. Nothing is written any more then."""
        error = self._error
        if error is None:
            return
        self._is_open = False
        n_lost = self.n_pending
        self._drop()
        self._error = None
        error.add_note(
            f"This was met in writing rows that had been appended to {self._node.store_path}, in the background. {self._n_written} rows "
            f"of this appender are stored, and the {n_lost} after them are not; begin another appender to go on."
        )
        try:
            raise error
        finally:
            del error

    def _drop(self) -> None:
        self._waiting.clear()
        self._n_waiting = self._waiting_nbytes = 0
        self._block, self._n_in_block, self._block_nbytes = None, 0, 0

    def __enter__(self) -> Self:
        if self._is_open is not None:
            raise ClosedWriterError(
                f"the appender of {self._node.store_path} is used already, or has ended; begin another one"
            )
        stored = run(load_again(self._node.store_path, self._node.metadata))
        self._end = stored.shape[self._axis]
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._n_forks != n_forks() or not self._is_open:
            return
        with self._guard:
            try:
                self._flush()
            except Exception as failed:
                if exc is None:
                    raise
                exc.add_note(
                    f"Rows that had been appended before could not be written: {type(failed).__name__}: {failed}"
                )
                for note in getattr(failed, "__notes__", ()):
                    exc.add_note(note)
            finally:
                self._is_open = False
                self._drop()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an appender cannot be pickled or copied: its rows belong to one process. Pickle the array")

    def __repr__(self) -> str:
        return f"<Appender of {self._node.store_path}{self._node.facts}>"
