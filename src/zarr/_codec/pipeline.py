"""The codec pipeline as zarr-python defines it, for those who write one or call one.

This library's own reads and writes do not go through it: an engine compiles a codec chain for one kind of chunk
(`zarr._engine`). Where the setting `codec_pipeline.path` names somebody else's class, arrays are read and written by that
(`zarr._engine.foreign`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict, TypeVar, runtime_checkable

from zarr._buffer import Buffer, NDBuffer
from zarr._dtype.documents import NamedConfig
from zarr._support.registry import Registry, names_version, places_of
from zarr._support.settings import DEFAULT_PIPELINE, config, settings
from zarr.errors import BadConfigError

if TYPE_CHECKING:
    from typing import Self

    from zarr._codec.base import ChunkSpec, Codec
    from zarr._dtype.base import ZDType

CodecInput = TypeVar("CodecInput", bound=NDBuffer | Buffer)
CodecOutput = TypeVar("CodecOutput", bound=NDBuffer | Buffer)
CodecJSON_V2: TypeAlias = dict[str, Any]
CodecJSON_V3: TypeAlias = str | NamedConfig[str, Any]
CodecJSON: TypeAlias = str | Mapping[str, object]
Selector: TypeAlias = Any
BatchInfo: TypeAlias = "Iterable[tuple[Any, ChunkSpec, Selector, Selector, bool]]"
"""Per chunk: a place to read or write (`get`, `set`, `delete`), its spec, what of it, where in the result, whether whole."""


class GetResult(TypedDict):
    """What became of one chunk of a read."""

    status: Literal["present", "missing"]


@runtime_checkable
class SupportsSyncCodec(Protocol):
    """A codec that needs no event loop."""

    def _encode_sync(self, chunk_data: Any, chunk_spec: Any) -> Any: ...
    def _decode_sync(self, chunk_data: Any, chunk_spec: Any) -> Any: ...


class ArrayBytesCodecPartialDecodeMixin:
    """For array -> bytes codecs that can decode a part of a chunk without reading the rest.

    A subclass defines `_decode_partial_single(byte_getter, selection, chunk_spec)`. It is there for code that calls it; this library
    reads parts of shards through plans of its own.

    Examples
    --------
    >>> from zarr.abc.codec import ArrayBytesCodec, ArrayBytesCodecPartialDecodeMixin
    >>> class Partly(ArrayBytesCodec, ArrayBytesCodecPartialDecodeMixin):
    ...     async def _decode_partial_single(self, byte_getter, selection, chunk_spec):
    ...         return None
    """

    async def _decode_partial_single(self, byte_getter: Any, selection: Selector, chunk_spec: Any) -> NDBuffer | None:
        raise NotImplementedError(f"{type(self).__name__} must define _decode_partial_single()")

    async def decode_partial(self, batch_info: Iterable[tuple[Any, Selector, Any]]) -> Iterable[NDBuffer | None]:
        """Decode parts of several chunks, given as (place, selection, spec)."""
        return [await self._decode_partial_single(*info) for info in batch_info]


class ArrayBytesCodecPartialEncodeMixin:
    """For array -> bytes codecs that can encode a part of a chunk without writing the rest.

    A subclass defines `_encode_partial_single(byte_setter, chunk_array, selection, chunk_spec)`.

    Examples
    --------
    >>> from zarr.abc.codec import ArrayBytesCodec, ArrayBytesCodecPartialEncodeMixin
    >>> class Partly(ArrayBytesCodec, ArrayBytesCodecPartialEncodeMixin):
    ...     async def _encode_partial_single(self, byte_setter, chunk_array, selection, chunk_spec):
    ...         pass
    """

    async def _encode_partial_single(
        self, byte_setter: Any, chunk_array: NDBuffer, selection: Selector, chunk_spec: Any
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _encode_partial_single()")

    async def encode_partial(self, batch_info: Iterable[tuple[Any, NDBuffer, Selector, Any]]) -> None:
        """Encode parts of several chunks, given as (place, elements, selection, spec)."""
        for info in batch_info:
            await self._encode_partial_single(*info)


class CodecPipeline:
    """A chain of codecs that reads and writes chunks in batches.

    Examples
    --------
    >>> import zarr
    >>> pipeline = zarr.registry.get_pipeline_class().from_codecs([zarr.codecs.BytesCodec(), zarr.codecs.Crc32cCodec()])
    >>> spec = None  # sizes of these codecs depend on nothing else
    >>> pipeline.compute_encoded_size(100, spec)
    104
    """

    @abstractmethod
    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        """This pipeline with settings that depend on the data type or shape filled in."""

    @classmethod
    @abstractmethod
    def from_codecs(cls, codecs: Iterable[Codec]) -> Self:
        """Make a pipeline of codecs, in the order of encoding."""

    @classmethod
    def from_array_metadata_and_store(cls, array_metadata: Any, store: Any) -> Self:
        """Make a pipeline for one array in one store."""
        raise NotImplementedError(f"{cls.__name__} is made from codecs: use from_codecs()")

    @property
    @abstractmethod
    def supports_partial_decode(self) -> bool: ...

    @property
    @abstractmethod
    def supports_partial_encode(self) -> bool: ...

    @abstractmethod
    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        """Raise ValueError or TypeError if the codecs cannot work on such an array."""

    @abstractmethod
    def compute_encoded_size(self, byte_length: int, array_spec: ChunkSpec) -> int:
        """Encoded size in bytes of a chunk of `byte_length` bytes, for codecs of fixed size."""

    @abstractmethod
    async def decode(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ChunkSpec]]
    ) -> Iterable[NDBuffer | None]:
        """Decode chunks; None (a missing chunk) stays None."""

    @abstractmethod
    async def encode(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ChunkSpec]]
    ) -> Iterable[Buffer | None]:
        """Encode chunks; None stays None."""

    @abstractmethod
    async def read(
        self, batch_info: BatchInfo, out: NDBuffer, drop_axes: tuple[int, ...] = ()
    ) -> tuple[GetResult, ...]:
        """Read parts of chunks into `out`."""

    @abstractmethod
    async def write(self, batch_info: BatchInfo, value: NDBuffer, drop_axes: tuple[int, ...] = ()) -> None:
        """Write parts of `value` into chunks."""


_pipelines: Registry[CodecPipeline] = Registry(*places_of("codec_pipeline"))


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


@lru_cache(maxsize=8)
def _pipeline_of_others(path: str, _version: int) -> type[CodecPipeline] | None:
    try:
        found: Any = _pipelines.find(path)
    except BadConfigError as exc:
        raise BadConfigError(f"the setting 'codec_pipeline.path' names no codec pipeline: {exc}") from exc
    if not isinstance(found, type):
        raise BadConfigError(
            f"the setting 'codec_pipeline.path' has to name a class, and {path!r} is {found!r}. {_ADVICE}"
        )
    missing = [name for name in ("from_codecs", "read", "write") if not callable(getattr(found, name, None))]
    if missing:
        raise BadConfigError(
            f"the setting 'codec_pipeline.path' names {path!r}, which cannot read and write arrays: it lacks "
            f"{', '.join(missing)}. A subclass of zarr.abc.codec.CodecPipeline has to define them. {_ADVICE}"
        )
    return None if is_of_ours(found) else found


def is_of_ours(cls: type) -> bool:
    """Whether a class of pipelines is one of this library, whose work the engines do; a subclass of it is not."""
    return "_is_done_by_engines" in cls.__dict__


_ADVICE = f"By default the setting is {DEFAULT_PIPELINE!r}."


def pipeline_of_others(path: str) -> type[CodecPipeline] | None:
    """The class of a name that is to read and write arrays; None if it is one of ours, whose work the engines do.

    Raises
    ------
    BadConfigError
        If there is no such class, or it lacks what is needed for that.
    """
    return _pipeline_of_others(path, names_version())


def get_pipeline_class(reload_config: bool = False) -> type[CodecPipeline]:
    """The codec pipeline that the configuration key `codec_pipeline.path` names.

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
    >>> from zarr.registry import get_pipeline_class
    >>> get_pipeline_class().__name__
    'BatchedCodecPipeline'
    """
    if reload_config:
        config.reset()
    return _pipelines.find(config.class_name("codec_pipeline.path"))


def pipeline_of_ours(codecs: Iterable[Codec]) -> CodecPipeline:
    """A pipeline that does what the engines do, for who looks at that of an array."""
    chosen = None if settings().pipeline is None else DEFAULT_PIPELINE
    return _pipelines.find(chosen or config.class_name("codec_pipeline.path")).from_codecs(codecs)


def make_pipeline(codecs: Iterable[Codec]) -> CodecPipeline:
    """A pipeline of the configured class."""
    return get_pipeline_class().from_codecs(codecs)
