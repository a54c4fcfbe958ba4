"""Which classes of buffers the configuration chooses: ours, registered ones, those of installed packages."""

from __future__ import annotations

from zarr._buffer.buffers import CPU_PROTOTYPE, Buffer, BufferPrototype, CPUBuffer, CPUNDBuffer, NDBuffer
from zarr._support.registry import Registry, places_of
from zarr._support.settings import config, settings

_buffers: Registry[Buffer] = Registry(*places_of("buffer"))
_nd_buffers: Registry[NDBuffer] = Registry(*places_of("ndbuffer"))
_buffers["zarr.buffer.cpu.Buffer"] = CPUBuffer
_nd_buffers["zarr.buffer.cpu.NDBuffer"] = CPUNDBuffer


def register_buffer(cls: type[Buffer], qualname: str | None = None) -> None:
    """Make a buffer class known.

    Parameters
    ----------
    cls
        The class, a `zarr.abc.buffer.Buffer`.
    qualname
        Its name in the configuration; the dotted name if None.

    Examples
    --------
    >>> import zarr
    >>> zarr.registry.register_buffer(zarr.buffer.cpu.Buffer, "example.Buffer")
    >>> with zarr.config.set({"buffer": "example.Buffer"}):
    ...     zarr.registry.get_buffer_class().__name__
    'CPUBuffer'
    """
    _buffers.register(cls, qualname)


def get_buffer_class(reload_config: bool = False) -> type[Buffer]:
    """The class of runs of bytes that the configuration key `buffer` names.

    Parameters
    ----------
    reload_config
        Return to the defaults, the configuration files and the environment first.

    Raises
    ------
    ValueError
        If there is no such class.

    Examples
    --------
    >>> import zarr
    >>> zarr.registry.get_buffer_class() is zarr.buffer.cpu.Buffer
    True
    """
    if reload_config:
        config.reset()
    return _buffers.find(config.class_name("buffer"))


def register_ndbuffer(cls: type[NDBuffer], qualname: str | None = None) -> None:
    """Make a class of N-dimensional buffers known.

    Parameters
    ----------
    cls
        The class, a `zarr.abc.buffer.NDBuffer`.
    qualname
        Its name in the configuration; the dotted name if None.

    Examples
    --------
    >>> import zarr
    >>> zarr.registry.register_ndbuffer(zarr.buffer.cpu.NDBuffer, "example.NDBuffer")
    """
    _nd_buffers.register(cls, qualname)


def get_ndbuffer_class(reload_config: bool = False) -> type[NDBuffer]:
    """The class of N-dimensional buffers that the configuration key `ndbuffer` names.

    Parameters
    ----------
    reload_config
        Return to the defaults, the configuration files and the environment first.

    Raises
    ------
    ValueError
        If there is no such class.

    Examples
    --------
    >>> import zarr
    >>> zarr.registry.get_ndbuffer_class() is zarr.buffer.cpu.NDBuffer
    True
    """
    if reload_config:
        config.reset()
    return _nd_buffers.find(config.class_name("ndbuffer"))


def default_buffer_prototype() -> BufferPrototype:
    """The pair of buffer classes that reads produce where the caller names none, as the configuration says.

    Examples
    --------
    >>> import zarr
    >>> zarr.buffer.default_buffer_prototype() == zarr.buffer.cpu.buffer_prototype
    True
    """
    if settings().cpu_buffers:
        return CPU_PROTOTYPE
    return BufferPrototype(get_buffer_class(), get_ndbuffer_class())
