"""Buffers in the memory of a GPU, as arrays of CuPy. That is optional, and imported when the first buffer is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from zarr._buffer.buffers import Buffer, BufferPrototype, BytesLike, NDBuffer
from zarr._buffer.cupy_module import cupy_for
from zarr._buffer.memory import in_dtype, is_extension

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer.buffers import ArrayLike, NDArrayLike


def _cupy(wanted: type) -> Any:
    return cupy_for(f"zarr.buffer.gpu.{wanted.__name__.removeprefix('GPU')}")


def dtype_on_device(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What elements are in the memory of a GPU: those of the host, in the one byte order that there is.

    Raises
    ------
    TypeError
        If they are no numbers and no Booleans: a GPU has nothing else.

    Examples
    --------
    >>> dtype_on_device(np.dtype(">f4")) == np.dtype("<f4")
    True
    """
    if dtype.kind not in "biufc" or is_extension(dtype) or dtype.itemsize > _WIDEST[dtype.kind]:
        raise TypeError(
            f"elements of dtype {dtype} cannot be in the memory of a GPU, where CuPy has numbers and Booleans only. Read them "
            "into the memory of the host: array.get_basic_selection(..., prototype=zarr.buffer.cpu.buffer_prototype), or "
            "without zarr.config.enable_gpu()"
        )
    return dtype.newbyteorder("=")


_WIDEST = {"b": 1, "i": 8, "u": 8, "f": 8, "c": 16}


class GPUBuffer(Buffer):
    """A run of bytes in the memory of a GPU.

    Parameters
    ----------
    array_like
        One-dimensional, item size 1; copied to the GPU if it is not there.

    Raises
    ------
    ImportError
        If there is no CuPy.

    Examples
    --------
    >>> import zarr.buffer.gpu
    >>> issubclass(zarr.buffer.gpu.Buffer, zarr.abc.buffer.Buffer)
    True
    """

    def __init__(self, array_like: ArrayLike) -> None:
        super().__init__(_cupy(type(self)).asarray(array_like))

    @classmethod
    def create_zero_length(cls) -> Self:
        return cls(_cupy(cls).empty(0, dtype="B"))

    @classmethod
    def from_buffer(cls, buffer: Buffer) -> Self:
        on_device: Any = buffer.as_array_like() if isinstance(buffer, GPUBuffer) else buffer.as_numpy_array()
        return cls(on_device)

    @classmethod
    def from_bytes(cls, bytes_like: BytesLike) -> Self:
        array: Any = np.frombuffer(bytes_like, dtype="B")
        return cls(array)

    def as_numpy_array(self) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = self._data.get()
        return array

    def combine(self, others: Iterable[Buffer]) -> Self:
        cupy = _cupy(type(self))
        parts = [self._data, *(type(self).from_buffer(other)._data for other in others)]
        return type(self)(cupy.concatenate([part.view("B") for part in parts]))


class GPUNDBuffer(NDBuffer):
    """An N-dimensional array of numbers or Booleans in the memory of a GPU. Reads fill it by way of page-locked memory.

    Parameters
    ----------
    array
        Copied to the GPU if it is not there.

    Raises
    ------
    ImportError
        If there is no CuPy.
    TypeError
        If elements are neither numbers nor Booleans.

    Examples
    --------
    >>> import zarr.buffer.gpu
    >>> zarr.buffer.gpu.buffer_prototype.nd_buffer is zarr.buffer.gpu.NDBuffer
    True
    """

    _is_on_gpu = True

    def __init__(self, array: NDArrayLike) -> None:
        cupy, given = _cupy(type(self)), cast("Any", array)
        super().__init__(cupy.asarray(_for_device(given) if isinstance(given, np.ndarray) else given))

    @classmethod
    def create(
        cls,
        *,
        shape: Iterable[int],
        dtype: npt.DTypeLike,
        order: Literal["C", "F"] = "C",
        fill_value: Any | None = None,
    ) -> Self:
        array = _cupy(cls).zeros(tuple(shape), dtype=dtype_on_device(np.dtype(dtype)), order=order)
        if fill_value is not None:
            array.fill(fill_value)
        return cls(array)

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> Self:
        return cls(_cupy(cls).empty(shape, dtype=dtype_on_device(np.dtype(dtype)), order=order))

    @classmethod
    def from_numpy_array(cls, array_like: npt.ArrayLike) -> Self:
        array: Any = np.asanyarray(array_like)
        return cls(array)

    def as_numpy_array(self) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = self._data.get()
        return array

    def __getitem__(self, key: Any) -> Self:
        return type(self)(self._data[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        wanted = value.as_numpy_array() if isinstance(value, NDBuffer) and not isinstance(value, GPUNDBuffer) else value
        inner = wanted._data if isinstance(wanted, GPUNDBuffer) else wanted
        self._data[key] = _cupy(type(self)).asarray(_for_device(inner)) if isinstance(inner, np.ndarray) else inner


def _for_device(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return in_dtype(array, dtype_on_device(array.dtype))


GPU_PROTOTYPE = BufferPrototype(buffer=GPUBuffer, nd_buffer=GPUNDBuffer)
