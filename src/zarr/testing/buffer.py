"""Buffers of a kind of their own, and a store that wants them: for tests that what was asked for is what comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer, CPUNDBuffer
from zarr._buffer.byte_range import ByteRequest
from zarr._store.memory import MemoryStore
from zarr._support.public_names import public_names_of

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

__all__ = ["NDBufferUsingTestNDArrayLike", "StoreExpectingTestBuffer", "TestBuffer"]

__dir__ = public_names_of(__name__)


class TestNDArrayLike(np.ndarray[Any, Any]):
    """An array of a kind of its own."""

    __test__ = False  # it is no class of tests


class TestBuffer(CPUBuffer):
    """Bytes of a kind of their own."""

    __test__ = False


class NDBufferUsingTestNDArrayLike(CPUNDBuffer):
    """Elements in arrays of a kind of their own."""

    @classmethod
    def create(
        cls,
        *,
        shape: Iterable[int],
        dtype: npt.DTypeLike,
        order: Literal["C", "F"] = "C",
        fill_value: Any | None = None,
    ) -> Self:
        made = cls(_array(tuple(shape), dtype, order))
        made.fill(0 if fill_value is None else fill_value)
        return made

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> Self:
        return cls(_array(shape, dtype, order))


class StoreExpectingTestBuffer(MemoryStore):
    """A memory store that takes and gives chunks in buffers of the kind above only. Documents may be in any."""

    async def set(self, key: str, value: Buffer) -> None:
        _expect(key, value)
        await super().set(key, value)

    def set_sync(self, key: str, value: Buffer) -> None:
        _expect(key, value)
        super().set_sync(key, value)

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        found = await super().get(key, prototype, byte_range)
        _expect_kind(key, prototype, found)
        return found

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        found = super().get_sync(key, prototype=prototype, byte_range=byte_range)
        _expect_kind(key, prototype, found)
        return found


def _array(shape: tuple[int, ...], dtype: npt.DTypeLike, order: Literal["C", "F"]) -> Any:
    return TestNDArrayLike(shape, np.dtype(dtype), order=order)


def _expect(key: str, value: Buffer) -> None:
    if "json" not in key and not isinstance(value, TestBuffer):
        raise AssertionError(f"{key!r} was stored as a {type(value).__name__}, and not as a TestBuffer")


def _expect_kind(key: str, prototype: BufferPrototype | None, found: Buffer | None) -> None:
    if "json" in key:
        return
    kind = TestBuffer if prototype is None else prototype.buffer
    if not issubclass(kind, TestBuffer):
        raise AssertionError(f"{key!r} was asked for as a {kind.__name__}, and not as a TestBuffer")
    if found is not None and prototype is not None and not isinstance(found, kind):
        raise AssertionError(f"{key!r} came as a {type(found).__name__}, and not as a {kind.__name__}")
