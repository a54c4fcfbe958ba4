"""Arrays of other libraries, on whatever device, without a copy where that is possible.

What lies on a GPU says so by `__cuda_array_interface__`, which CuPy, Numba and PyTorch have, or by DLPack's protocol.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zarr._buffer.buffers import CPUNDBuffer, NDBuffer
from zarr._buffer.cupy_module import cupy_for
from zarr._support.imports_on_use import importing

_WHAT = "an array in the memory of a GPU"
_HOST = (1, 3, 11)
"""Devices of DLPack whose memory the host has: its own, and what CUDA and ROCm lock there."""
_GPU = (2, 10, 13)
"""CUDA, ROCm, and CUDA's managed memory."""
_ON_HOST = (np.ndarray, np.generic, int, float, complex, str, bytes, list, tuple)
"""What needs no closer look."""


def buffer_over(array: object) -> NDBuffer:
    """The memory of an array of NumPy or another library, to be written into.

    Raises
    ------
    TypeError
        If it is no array that NumPy or CuPy can look at without a copy.
    ValueError
        If it may not be written to.
    """
    if isinstance(array, np.ndarray):
        return CPUNDBuffer(array)  # type: ignore[arg-type]  # NumPy's, as for all of them
    interface = getattr(array, "__cuda_array_interface__", None)
    if interface is not None:
        if interface["data"][1]:
            raise ValueError("out argument is read-only; pass an array that can be written to")
        return _on_gpu(cupy_for(_WHAT).asarray(array))
    device = _device_of(array)
    if device in _GPU:
        return _on_gpu(cupy_for(_WHAT).from_dlpack(array))
    if device in _HOST:
        return CPUNDBuffer(_in_host_memory(array))
    raise TypeError(
        "out argument needs to be an NDBuffer, or an array of NumPy, CuPy or a library that shares its arrays by DLPack, in the "
        f"memory of the host or of a GPU. Got {type(array)!r}"
    )


def on_host(value: object) -> Any:
    """An array that only says by protocols of GPUs or by DLPack where it is, as one of NumPy; anything else as it is."""
    if isinstance(value, _ON_HOST):
        return value
    if hasattr(value, "__cuda_array_interface__"):
        cupy = cupy_for(_WHAT)
        return cupy.asnumpy(cupy.asarray(value))
    if hasattr(value, "__array__") or not hasattr(value, "__dlpack__"):
        return value
    if _device_of(value) in _GPU:
        cupy = cupy_for(_WHAT)
        return cupy.asnumpy(cupy.from_dlpack(value))
    return np.from_dlpack(value)


def _on_gpu(array: Any) -> NDBuffer:
    with importing("zarr._buffer.gpu"):
        from zarr._buffer.gpu import GPUNDBuffer

    return GPUNDBuffer(array)


def _device_of(array: Any) -> int | None:
    return int(array.__dlpack_device__()[0]) if hasattr(array, "__dlpack_device__") else None


def _in_host_memory(array: Any) -> Any:
    """NumPy's view of an array. By the older form of DLPack nobody knows whether it may be written to: then its library is asked."""
    view = np.from_dlpack(array)
    if not view.flags.writeable and hasattr(array, "__array__"):
        other = np.asarray(array)
        if np.may_share_memory(view, other) and other.shape == view.shape and other.dtype == view.dtype:
            return other
    return view
