"""A module in the place of CuPy, over NumPy: as much of its interface as this library uses, and as hard to please.

What is asynchronous there is late here: a copy into the memory of the "GPU" happens when somebody waits for its stream or for
an event after it, and not before. It reads the host's memory then, as a GPU does, whoever has that by now; and page-locked
memory that was given back is overwritten at once. So whoever reuses memory too soon gets wrong elements.
"""

from __future__ import annotations

import ctypes
import sys
import types
import weakref
from contextlib import contextmanager

import numpy as np
import pytest

_KINDS = "biufc"


def _checked(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind not in _KINDS or not dtype.isnative or dtype.itemsize > 16 or dtype.isbuiltin == 2:
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


class Cupy:
    """The state of one such module: what is in its streams, and what page-locked memory there is."""

    def __init__(self):
        self.blocks = []
        self.n_free = 0
        self.current = None
        self.device = 0
        self.devices_entered = []
        self.n_waits = 0

    def module(self):
        state = self

        class Event:
            def __init__(self, block=False, disable_timing=False, interprocess=False):
                self.pending = None

            def synchronize(self):
                state.n_waits += 1
                if self.pending is not None:
                    self.pending()

        class Stream:
            def __init__(self, null=False, non_blocking=False, ptds=False):
                self.works, self.n_done = [], 0

            def add(self, work):
                self.works.append(work)

            def run_to(self, n):
                while self.n_done < n:
                    self.works[self.n_done]()
                    self.works[self.n_done] = None
                    self.n_done += 1

            def synchronize(self):
                self.run_to(len(self.works))

            def record(self, event=None):
                event = Event() if event is None else event
                n = len(self.works)
                event.pending = lambda: self.run_to(n)
                return event

            def __enter__(self):
                self.before, state.current = state.current, self
                return self

            def __exit__(self, *exc):
                state.current = self.before

        class Device:
            def __init__(self, id=0):
                self.id = id

            def __enter__(self):
                self.before, state.device = state.device, self.id
                state.devices_entered.append(self.id)
                return self

            def __exit__(self, *exc):
                state.device = self.before

        class Flags:
            def __init__(self, flags):
                self.c_contiguous, self.f_contiguous, self.owndata = (
                    flags.c_contiguous,
                    flags.f_contiguous,
                    flags.owndata,
                )

        class ndarray:
            __array_priority__ = 100

            def __init__(self, memory):
                self.memory = memory
                self.device = Device(state.device)

            dtype = property(lambda self: self.memory.dtype)
            shape = property(lambda self: self.memory.shape)
            ndim = property(lambda self: self.memory.ndim)
            size = property(lambda self: self.memory.size)
            nbytes = property(lambda self: self.memory.nbytes)
            flags = property(lambda self: Flags(self.memory.flags))

            def __len__(self):
                return len(self.memory)

            def __array__(self, *args, **kwargs):
                raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

            @property
            def __cuda_array_interface__(self):
                return {**self.memory.__array_interface__, "stream": 1}

            def __dlpack__(self, **kwargs):
                return self

            def __dlpack_device__(self):
                return 2, 0

            def __getitem__(self, key):
                return of_device(self.memory[(*key,) if isinstance(key, tuple) else key])

            def __setitem__(self, key, value):
                if isinstance(value, np.ndarray):
                    raise TypeError(f"Unsupported type {type(value)}")
                given = value.memory if isinstance(value, ndarray) else value
                state.stream().add(lambda: self.memory.__setitem__(key, given))

            def set(self, arr, stream=None):
                if type(arr) is not np.ndarray:
                    raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
                if self.dtype != arr.dtype:
                    raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
                if self.shape != arr.shape:
                    raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
                if not self.memory.flags.c_contiguous:
                    raise RuntimeError("Cannot set to non-contiguous array")
                source = state.late(np.ascontiguousarray(arr))
                stream = state.stream() if stream is None else stream
                stream.add(lambda: self.memory.__setitem__(..., source()))

            def get(self, stream=None, order="C", out=None):
                state.stream().synchronize()
                return np.array(self.memory, order=order)

            def fill(self, value):
                state.stream().add(lambda: self.memory.fill(value))

            def copy(self):
                state.stream().synchronize()
                return of_device(self.memory.copy())

            def astype(self, dtype, order="K", copy=True):
                state.stream().synchronize()
                return of_device(self.memory.astype(_checked(dtype), order=order))

            def reshape(self, *shape):
                return of_device(self.memory.reshape(*shape))

            def view(self, dtype):
                return of_device(self.memory.view(_checked(dtype)))

            def transpose(self, *axes):
                return of_device(self.memory.transpose(*axes))

            def __repr__(self):
                return f"array on a GPU, {self.shape} {self.dtype}"

        def of_device(memory):
            return ndarray(np.asarray(memory))

        def asarray(array, dtype=None):
            if isinstance(array, ndarray):
                return array
            if hasattr(array, "__cuda_array_interface__"):
                return of_device(_over(array.__cuda_array_interface__))
            made = np.asarray(array, dtype)
            _checked(made.dtype)
            return of_device(made.copy())

        cupy = types.ModuleType("cupy")
        cupy.state = state
        cupy.ndarray = ndarray
        cupy.asarray = asarray
        cupy.asnumpy = lambda array: array.get()
        cupy.from_dlpack = lambda array: asarray(array.__dlpack__())
        cupy.empty = lambda shape, dtype=float, order="C": of_device(np.empty(shape, _checked(dtype), order))
        cupy.zeros = lambda shape, dtype=float, order="C": of_device(np.zeros(shape, _checked(dtype), order))
        cupy.concatenate = lambda parts: of_device(np.concatenate([part.get() for part in parts]))
        null = Stream(null=True)
        state.null = null
        cupy.cuda = types.SimpleNamespace(
            Device=Device,
            Event=Event,
            Stream=Stream,
            alloc_pinned_memory=state.alloc,
            get_current_stream=state.stream,
            runtime=types.SimpleNamespace(getDeviceCount=lambda: 1),
        )
        return cupy

    def stream(self):
        return self.null if self.current is None else self.current

    def alloc(self, nbytes):
        """Page-locked memory, which is garbage again as soon as nobody has it."""
        block = np.full(nbytes, 0xA5, np.uint8)
        self.blocks.append(block)
        handed_out = block.view(_Pinned)
        weakref.finalize(handed_out, self._free, block)
        return handed_out

    def _free(self, block):
        block[:] = 0xA5
        self.n_free += 1

    def late(self, array):
        """What an array has when it is looked at, by its address; at once, unless its memory is page-locked."""
        start = array.__array_interface__["data"][0]
        for block in self.blocks:
            offset = start - block.__array_interface__["data"][0]
            if offset >= 0 and offset + array.nbytes <= block.nbytes:
                shape, dtype, nbytes = array.shape, array.dtype, array.nbytes
                return lambda: block[offset : offset + nbytes].view(dtype).reshape(shape)
        taken = array.copy()
        return lambda: taken


class _Pinned(np.ndarray):
    """Lends its memory, and can be told when nobody has it any more."""


def _over(interface):
    """The memory that an interface describes."""
    dtype, shape = np.dtype(interface["typestr"]), interface["shape"]
    nbytes = max(1, int(np.prod(shape)) * dtype.itemsize)
    if interface.get("strides") is not None:
        raise NotImplementedError("an array of another library that is not contiguous")
    raw = (ctypes.c_char * nbytes).from_address(interface["data"][0])
    return np.frombuffer(raw, dtype, int(np.prod(shape))).reshape(shape)


@contextmanager
def installed():
    """For as long as this lasts, CuPy is there."""
    module = Cupy().module()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", module)
        yield module
