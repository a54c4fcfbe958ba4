"""Classes that users may replace by configuration: buffers and codec pipelines."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype, CPUBuffer, CPUNDBuffer, NDBuffer
from zarr._codec.pipeline import set_pipeline_choice
from zarr._support.settings import config, settings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from zarr._codec.pipeline import CodecPipeline

T = TypeVar("T")


class Registry(dict[str, type[T]], Generic[T]):
    """Classes by dotted name. Those that installed packages offer are loaded when a name is missing.

    Parameters
    ----------
    group
        Entry-point group to look in.

    Examples
    --------
    >>> from zarr.registry import Registry
    >>> registry = Registry()
    >>> registry.register(dict, qualname="mine")
    >>> registry.find("mine"), registry.find("decimal.Decimal")
    (<class 'dict'>, <class 'decimal.Decimal'>)
    """

    def __init__(self, group: str = "") -> None:
        super().__init__()
        self._group = group
        self.lazy_load_list: list[EntryPoint] = []

    def lazy_load(self, use_entrypoint_name: bool = False) -> None:
        """Load the classes of the entry points in `lazy_load_list`, and empty it.

        Parameters
        ----------
        use_entrypoint_name
            Register them under the names of the entry points rather than their dotted names.
        """
        while self.lazy_load_list:
            entry = self.lazy_load_list.pop()
            self.register(entry.load(), qualname=entry.name if use_entrypoint_name else None)

    def register(self, cls: type[T], qualname: str | None = None) -> None:
        """Add a class.

        Parameters
        ----------
        cls
            The class.
        qualname
            Its name here; the dotted name if None.
        """
        self[qualname or f"{cls.__module__}.{cls.__qualname__}"] = cls

    def find(self, name: str) -> type[T]:
        """The class of a name: registered, offered by a package, or importable.

        Parameters
        ----------
        name
            The name, usually dotted.

        Raises
        ------
        ValueError
            If there is none.
        """
        if name in self:
            return self[name]
        if self._group:
            from importlib.metadata import entry_points  # on use: slow, and seldom needed

            self.lazy_load_list.extend(entry_points(group=self._group))
            self.lazy_load()
        if name in self:
            return self[name]
        module, _, attribute = name.rpartition(".")
        try:
            return cast("type[T]", getattr(import_module(module), attribute))
        except (ImportError, AttributeError, ValueError) as exc:
            raise ValueError(f"there is no class {name!r}: {exc}. Register it, or correct the configuration.") from exc


_pipelines: Registry[CodecPipeline] = Registry("zarr.codec_pipeline")
_buffers: Registry[Buffer] = Registry("zarr.buffer")
_nd_buffers: Registry[NDBuffer] = Registry("zarr.ndbuffer")
_buffers["zarr.buffer.cpu.Buffer"] = CPUBuffer
_nd_buffers["zarr.buffer.cpu.NDBuffer"] = CPUNDBuffer


def register_pipeline(pipe_cls: type[CodecPipeline]) -> None:
    """Make a codec pipeline known, under its dotted name.

    Parameters
    ----------
    pipe_cls
        The class, a `zarr.abc.codec.CodecPipeline`.

    Examples
    --------
    >>> from zarr.core.codec_pipeline import BatchedCodecPipeline
    >>> from zarr.registry import register_pipeline
    >>> register_pipeline(BatchedCodecPipeline)
    """
    _pipelines.register(pipe_cls)


def get_pipeline_class(reload_config: bool = False) -> type[CodecPipeline]:
    """The codec pipeline that the configuration key `codec_pipeline.path` names.

    Parameters
    ----------
    reload_config
        Return to the defaults, the configuration files and the environment first.

    Raises
    ------
    KeyError
        If there is no such class.

    Examples
    --------
    >>> from zarr.registry import get_pipeline_class
    >>> get_pipeline_class().__name__
    'BatchedCodecPipeline'
    """
    _reload(reload_config)
    return _pipelines.find(config.get("codec_pipeline.path"))


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
    KeyError
        If there is no such class.

    Examples
    --------
    >>> import zarr
    >>> zarr.registry.get_buffer_class() is zarr.buffer.cpu.Buffer
    True
    """
    _reload(reload_config)
    return _buffers.find(config.get("buffer"))


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
    KeyError
        If there is no such class.

    Examples
    --------
    >>> import zarr
    >>> zarr.registry.get_ndbuffer_class() is zarr.buffer.cpu.NDBuffer
    True
    """
    _reload(reload_config)
    return _nd_buffers.find(config.get("ndbuffer"))


def default_prototype() -> BufferPrototype:
    """The pair of buffer classes that reads produce where the caller names none."""
    if settings().cpu_buffers:
        return CPU_PROTOTYPE
    return BufferPrototype(get_buffer_class(), get_ndbuffer_class())


def _reload(reload_config: bool) -> None:
    if reload_config:
        config.reset()


set_pipeline_choice(get_pipeline_class)
