"""Buffers: the two kinds of memory that pass between the layers, in the shapes zarr-python gave them.

`Buffer` is a run of bytes (encoded), `NDBuffer` an N-dimensional array of any dtype (decoded). Codecs written for
zarr-python 3 receive and return them, so the reference engine speaks them too. A `BufferPrototype` names the pair of
classes to make. `CPUBuffer` and `CPUNDBuffer` are NumPy's; a GPU pair has its place beside them.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Protocol,
    SupportsIndex,
    TypeAlias,
    cast,
    runtime_checkable,
)

import numpy as np

from zarr._buffer.memory import empty, has_no_unit, in_dtype, put, zeros

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

BytesLike: TypeAlias = bytes | bytearray | memoryview


@runtime_checkable
class ArrayLike(Protocol):
    """The part of a one-dimensional byte array that `Buffer` uses."""

    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    def __getitem__(self, key: slice) -> Self: ...
    def __setitem__(self, key: slice, value: Any) -> None: ...
    def copy(self) -> Self: ...


@runtime_checkable
class NDArrayLike(Protocol):
    """The part of an N-dimensional array that `NDBuffer` uses."""

    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: Any) -> Any: ...
    def __setitem__(self, key: Any, value: Any) -> None: ...
    def __array__(self) -> npt.NDArray[Any]: ...
    def reshape(self, shape: Any, *, order: Literal["A", "C", "F"] = ..., copy: bool | None = ...) -> Self: ...
    def view(self, dtype: Any) -> Self: ...
    def astype(self, dtype: Any, order: Literal["K", "A", "C", "F"] = ..., *, copy: bool = ...) -> Self: ...
    def fill(self, value: Any) -> None: ...
    def copy(self) -> Self: ...
    def transpose(self, axes: Any) -> Self: ...
    def ravel(self, order: Literal["K", "A", "C", "F"] = ...) -> Self: ...
    def all(self) -> bool: ...
    def __eq__(self, other: object) -> Self: ...  # type: ignore[override]  # elementwise, as arrays do


class Buffer(ABC):
    """A contiguous run of bytes.

    Parameters
    ----------
    array_like
        One-dimensional, item size 1. Not copied.

    Examples
    --------
    >>> import zarr
    >>> run = zarr.buffer.cpu.Buffer.from_bytes(b"0123456789")
    >>> len(run), run[2:5].to_bytes()
    (10, b'234')
    """

    _data: Any

    def __init__(self, array_like: ArrayLike) -> None:
        if array_like.ndim != 1:
            raise ValueError("array_like: only 1-dim allowed")
        if array_like.dtype.itemsize != 1:
            raise ValueError("array_like: only byte dtypes allowed")
        self._data = array_like

    @classmethod
    @abstractmethod
    def create_zero_length(cls) -> Self:
        """An empty buffer."""

    @classmethod
    def from_array_like(cls, array_like: ArrayLike) -> Self:
        """Wrap a one-dimensional array of bytes, without a copy."""
        return cls(array_like)

    @classmethod
    @abstractmethod
    def from_buffer(cls, buffer: Buffer) -> Self:
        """Make a buffer of this class from one of any class, copying only where the memory differs."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, bytes_like: BytesLike) -> Self:
        """Wrap bytes, without a copy."""

    def as_array_like(self) -> ArrayLike:
        """The wrapped array."""
        return cast("ArrayLike", self._data)

    @abstractmethod
    def as_numpy_array(self) -> npt.NDArray[Any]:
        """The bytes as a NumPy array in host memory (a view where possible)."""

    def as_buffer_like(self) -> BytesLike:
        """The bytes as a memoryview in host memory (a view where possible)."""
        return self.as_numpy_array().data

    def to_bytes(self) -> bytes:
        """The bytes as an immutable copy; not copied if they are just that already."""
        array = self.as_numpy_array()
        held: object = array.base
        if type(held) is bytes and len(held) == array.nbytes and array.flags.c_contiguous:
            return held
        return bytes(array)

    @abstractmethod
    def combine(self, others: Iterable[Buffer]) -> Self:
        """This buffer followed by others, as a new one."""

    def __getitem__(self, key: slice) -> Self:
        if not isinstance(key, slice):
            raise TypeError(f"a Buffer is sliced, not indexed; got {type(key).__name__}")
        return self.__class__(self._data[key])

    def __setitem__(self, key: slice, value: Any) -> None:
        if not isinstance(key, slice):
            raise TypeError(f"a Buffer is sliced, not indexed; got {type(key).__name__}")
        self._data[key] = value._data if isinstance(value, Buffer) else value

    def __len__(self) -> int:
        return int(self._data.size)

    def __add__(self, other: Buffer) -> Self:
        return self.combine([other])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Buffer) and bool(np.array_equal(self.as_numpy_array(), other.as_numpy_array()))

    __hash__ = None  # type: ignore[assignment]  # mutable


class NDBuffer:
    """An N-dimensional array of any dtype.

    Parameters
    ----------
    array
        The array to wrap. Not copied.

    Examples
    --------
    >>> import zarr
    >>> zarr.buffer.cpu.NDBuffer.create(shape=(2, 3), dtype="int8", fill_value=7).as_numpy_array()
    array([[7, 7, 7],
           [7, 7, 7]], dtype=int8)
    """

    _data: Any
    _is_on_gpu: ClassVar[bool] = False
    """Whether reads are to fill it by way of page-locked memory."""

    def __init__(self, array: NDArrayLike) -> None:
        self._data = array

    @classmethod
    def create(
        cls,
        *,
        shape: Iterable[int],
        dtype: npt.DTypeLike,
        order: Literal["C", "F"] = "C",
        fill_value: Any | None = None,
    ) -> Self:
        """A new array of `shape`, filled with `fill_value` (zeros if None)."""
        raise NotImplementedError(f"{cls.__name__} must define create()")

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> Self:
        """A new array of `shape` with undefined contents."""
        return cls.create(shape=shape, dtype=dtype, order=order)

    @classmethod
    def from_ndarray_like(cls, ndarray_like: NDArrayLike) -> Self:
        """Wrap an array, without a copy."""
        return cls(ndarray_like)

    @classmethod
    def from_numpy_array(cls, array_like: npt.ArrayLike) -> Self:
        """Make a buffer from anything NumPy takes, copying only where the memory differs."""
        raise NotImplementedError(f"{cls.__name__} must define from_numpy_array()")

    def as_ndarray_like(self) -> NDArrayLike:
        """The wrapped array."""
        return cast("NDArrayLike", self._data)

    def as_numpy_array(self) -> npt.NDArray[Any]:
        """The array in host memory (a view where possible)."""
        raise NotImplementedError(f"{type(self).__name__} must define as_numpy_array()")

    def as_scalar(self) -> Any:
        """The only element, as a NumPy scalar."""
        if self._data.size != 1:
            raise ValueError("Buffer does not contain a single scalar value")
        return self.as_numpy_array()[()]

    @property
    def dtype(self) -> np.dtype[Any]:
        return cast("np.dtype[Any]", self._data.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return cast("tuple[int, ...]", self._data.shape)

    @property
    def byteorder(self) -> Literal["little", "big"]:
        """Byte order of the elements; native where it has no meaning."""
        code = self.dtype.byteorder
        if code in "<>":
            return "little" if code == "<" else "big"
        return sys.byteorder

    def reshape(self, newshape: tuple[int, ...] | Literal[-1]) -> Self:
        return self.__class__(self._data.reshape(newshape))

    def squeeze(self, axis: tuple[int, ...]) -> Self:
        """Drop the given axes, each of length 1."""
        newshape = tuple(n for i, n in enumerate(self.shape) if i not in axis)
        return self.__class__(self._data.reshape(newshape))

    def astype(self, dtype: npt.DTypeLike, order: Literal["K", "A", "C", "F"] = "K") -> Self:
        if isinstance(self._data, np.ndarray) and has_no_unit(np.dtype(dtype)):
            return self.__class__(cast("NDArrayLike", in_dtype(self._data, np.dtype(dtype))))
        return self.__class__(self._data.astype(dtype=dtype, order=order))

    def transpose(self, axes: SupportsIndex | Sequence[SupportsIndex] | None) -> Self:
        return self.__class__(self._data.transpose(axes))

    def copy(self) -> Self:
        return self.__class__(self._data.copy())

    def fill(self, value: Any) -> None:
        self._data.fill(value)

    def all_equal(self, other: Any, equal_nan: bool = True) -> bool:
        """Whether every element equals `other` (by value: -0.0 equals 0.0; the writers compare bits instead)."""
        if other is None:
            return False
        data = self.as_numpy_array()
        try:
            return bool(np.array_equal(data, np.broadcast_to(other, data.shape), equal_nan=equal_nan))
        except TypeError:  # no isnan for this dtype
            return bool(np.array_equal(data, np.broadcast_to(other, data.shape)))

    def __getitem__(self, key: Any) -> Self:
        return self.__class__(np.asanyarray(self._data[key]))

    def __setitem__(self, key: Any, value: Any) -> None:
        put(self._data, key, value._data if isinstance(value, NDBuffer) else value)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype} {self._data!r}>"


class CPUBuffer(Buffer):
    """A run of bytes in host memory.

    Parameters
    ----------
    array_like
        One-dimensional, item size 1. Not copied.

    Examples
    --------
    >>> import zarr
    >>> zarr.buffer.cpu.Buffer.from_bytes(b"some bytes").as_numpy_array()[:4]
    array([115, 111, 109, 101], dtype=uint8)
    """

    @classmethod
    def create_zero_length(cls) -> Self:
        return cls(cast("ArrayLike", np.empty(0, dtype="B")))

    @classmethod
    def from_buffer(cls, buffer: Buffer) -> Self:
        return cls(cast("ArrayLike", buffer.as_numpy_array()))

    @classmethod
    def from_bytes(cls, bytes_like: BytesLike) -> Self:
        array: Any = np.frombuffer(bytes_like, dtype="B")
        return cls(array)

    def as_numpy_array(self) -> npt.NDArray[Any]:
        return np.asanyarray(self._data)

    def combine(self, others: Iterable[Buffer]) -> Self:
        parts = [self.as_numpy_array(), *(other.as_numpy_array() for other in others)]
        return self.__class__(cast("ArrayLike", np.concatenate([part.view("B") for part in parts])))


class CPUNDBuffer(NDBuffer):
    """An N-dimensional array in host memory.

    Parameters
    ----------
    array
        The array to wrap. Not copied.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> zarr.buffer.cpu.NDBuffer.from_numpy_array(np.arange(6)).reshape((2, 3)).shape
    (2, 3)
    """

    @classmethod
    def create(
        cls,
        *,
        shape: Iterable[int],
        dtype: npt.DTypeLike,
        order: Literal["C", "F"] = "C",
        fill_value: Any | None = None,
    ) -> Self:
        shape = tuple(shape)
        if fill_value is None:
            return cls(cast("NDArrayLike", zeros(shape, dtype, order)))
        array = empty(shape, dtype, order)
        array[...] = fill_value
        return cls(cast("NDArrayLike", array))

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> Self:
        return cls(cast("NDArrayLike", empty(shape, dtype, order)))

    @classmethod
    def from_numpy_array(cls, array_like: npt.ArrayLike) -> Self:
        return cls(cast("NDArrayLike", np.asanyarray(array_like)))

    def as_numpy_array(self) -> npt.NDArray[Any]:
        return np.asanyarray(self._data)


class BufferPrototype(NamedTuple):
    """The pair of buffer classes that a request wants back.

    Attributes
    ----------
    buffer
        For runs of bytes.
    nd_buffer
        For arrays.

    Examples
    --------
    >>> import zarr
    >>> zarr.buffer.cpu.buffer_prototype.buffer is zarr.buffer.cpu.Buffer
    True
    """

    buffer: type[Buffer]
    nd_buffer: type[NDBuffer]


_immutable_owners: set[type] = {bytes}


def declare_immutable(owner: type) -> None:
    """Vouch that objects of a class never change the bytes that they lend, as those of `bytes` do not."""
    _immutable_owners.add(owner)


def is_immutable(buffer: Buffer) -> bool:
    """Whether nobody can change a buffer's bytes: it has all those of an object that does not change."""
    if type(buffer) is not CPUBuffer:
        return False
    array = buffer.as_numpy_array()
    owner: Any = array.base
    return type(owner) in _immutable_owners and len(owner) == array.nbytes


CPU_PROTOTYPE = BufferPrototype(buffer=CPUBuffer, nd_buffer=CPUNDBuffer)


def numpy_buffer_prototype() -> BufferPrototype:
    """The pair of classes in host memory, whatever the configuration says.

    Examples
    --------
    >>> import zarr
    >>> zarr.buffer.cpu.numpy_buffer_prototype().buffer is zarr.buffer.cpu.Buffer
    True
    """
    return CPU_PROTOTYPE


def as_numpy_array_wrapper(
    func: Callable[[npt.NDArray[Any]], bytes], buf: Buffer, prototype: BufferPrototype
) -> Buffer:
    """Apply a function from arrays to bytes, as those of numcodecs are, to a buffer.

    Parameters
    ----------
    func
        Takes an array of bytes and returns bytes.
    buf
        Its argument.
    prototype
        What the result is wrapped in.

    Examples
    --------
    >>> as_numpy_array_wrapper(lambda array: bytes(array[::-1]), CPUBuffer.from_bytes(b"abc"), CPU_PROTOTYPE).to_bytes()
    b'cba'
    """
    return prototype.buffer.from_bytes(func(buf.as_numpy_array()))
