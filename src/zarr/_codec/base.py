"""The contract of a codec: array -> array, array -> bytes, or bytes -> bytes. A codec never sees a store.

Method names are zarr-python's, because people subclass these classes. A codec of ours implements `_encode_sync` and
`_decode_sync`; a third-party one may instead define the coroutines `_encode_single` and `_decode_single`, or override
the batch methods `encode` and `decode`. Nothing is enforced as abstract: existing codecs leave methods out.
`ChunkSpec` is what a codec is told about a chunk; `resolve_metadata` says how a codec changes it, so that a chain can
be checked and its sizes computed without any data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar, cast

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype, NDBuffer
from zarr._dtype.base import ZDType
from zarr._support.settings import Settings, settings
from zarr._support.truth import boolean

if TYPE_CHECKING:
    from typing import Self

MemoryOrder: TypeAlias = Literal["C", "F"]
In = TypeVar("In", bound=NDBuffer | Buffer)
Out = TypeVar("Out", bound=NDBuffer | Buffer)


@dataclass(frozen=True, slots=True)
class ArrayConfig:
    """Settings of one open array that are never stored.

    Attributes
    ----------
    order
        Memory layout of arrays that reads return.
    write_empty_chunks
        Store chunks that hold nothing but the fill value, instead of deleting them.
    read_missing_chunks
        If False, a missing chunk raises `ChunkNotFoundError` instead of reading as the fill value.
    sharding_coalesce_max_gap_bytes, sharding_coalesce_max_bytes
        Byte ranges of one shard are fetched together if the gap between them, and their union, are at most this.
    chunk_cache
        Let reads of parts of chunks use the cache of decoded chunks, and put them there.
    verify_checksums
        Compare the checksums that codecs added, of chunks and of shard indexes, with what is read.
    locking
        `"none"`: nobody else changes the chunks (shards) that are written through this array, and no lock or lease is taken for them.
        `"auto"`: what the setting `array.locking` says.

    Raises
    ------
    ValueError
        For other values.
    """

    order: MemoryOrder = "C"
    write_empty_chunks: bool = False
    read_missing_chunks: bool = True
    sharding_coalesce_max_gap_bytes: int = 2**20
    sharding_coalesce_max_bytes: int = 16 * 2**20
    chunk_cache: bool = True
    verify_checksums: bool = True
    locking: Literal["auto", "none"] = "auto"

    def __post_init__(self) -> None:
        if self.order not in ("C", "F"):
            raise ValueError(f"order must be 'C' or 'F', got {self.order!r}")
        if self.locking not in ("auto", "none"):
            raise ValueError(f"locking must be 'auto' or 'none', got {self.locking!r}")
        for name in ("write_empty_chunks", "read_missing_chunks", "chunk_cache", "verify_checksums"):
            object.__setattr__(self, name, boolean(name, getattr(self, name)))
        for name in ("sharding_coalesce_max_gap_bytes", "sharding_coalesce_max_bytes"):
            if not isinstance(value := getattr(self, name), int) or value < 0:
                raise ValueError(f"{name} must be a number of bytes, got {value!r}")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ArrayConfig:
        """The settings in `data`; what it leaves out is as `zarr.config` says.

        Raises
        ------
        TypeError
            For a key that does not exist.
        """
        defaults = _defaults(settings())
        if not data:
            return defaults
        if unknown := set(data) - set(defaults.__slots__):
            raise TypeError(f"unknown array config keys {sorted(unknown)}; there are {sorted(defaults.__slots__)}")
        return replace(defaults, **data)

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)


@lru_cache(maxsize=8)
def _defaults(now: Settings) -> ArrayConfig:
    return ArrayConfig(
        order=cast("MemoryOrder", now.order),
        write_empty_chunks=now.write_empty_chunks,
        read_missing_chunks=now.read_missing_chunks,
        sharding_coalesce_max_gap_bytes=now.coalesce_max_gap_nbytes,
        sharding_coalesce_max_bytes=now.coalesce_max_nbytes,
        chunk_cache=now.chunk_cache,
        verify_checksums=now.verify_checksums,
    )


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """What a codec knows of the chunk it works on (zarr-python calls this class `ArraySpec`).

    Attributes
    ----------
    shape
        Shape of the chunk, in elements; edge chunks are stored whole.
    dtype
        Data type of its elements.
    fill_value
        Scalar of that type.
    config, prototype
        Settings, and the buffer classes to produce.
    nbytes_limit
        Most bytes that a bytes -> bytes codec may hand out when it decodes. None derives it from shape and data type
        (see `limits.output_limit`); a chain sets it where it knows better.
    """

    shape: tuple[int, ...]
    dtype: ZDType[Any, Any]
    fill_value: Any
    config: ArrayConfig = field(default_factory=ArrayConfig)
    prototype: BufferPrototype = CPU_PROTOTYPE
    nbytes_limit: int | None = field(default=None, compare=False)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def order(self) -> MemoryOrder:
        return self.config.order

    def replace(self, **changes: Any) -> ChunkSpec:
        """A copy with some members changed."""
        return replace(self, **changes)


class BaseCodec(Generic[In, Out]):
    """Base of the three kinds of codec; subclass one of those, not this.

    Examples
    --------
    >>> import zarr
    >>> codec = zarr.codecs.GzipCodec(level=5)
    >>> codec.to_dict()
    {'name': 'gzip', 'configuration': {'level': 5}}
    >>> zarr.codecs.GzipCodec.from_dict(codec.to_dict()) == codec
    True
    """

    is_fixed_size: ClassVar[bool] = False
    """Whether the encoded size depends on the decoded size alone (needed inside a shard index)."""

    # -- metadata -----------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        """Make a codec from its stored form.

        Parameters
        ----------
        data
            `{"name": ..., "configuration": {...}}`, or just the name.
        """
        return cls(**({} if isinstance(data, str) else dict(data.get("configuration") or {})))

    def to_dict(self) -> dict[str, Any]:
        """The stored form."""
        raise NotImplementedError(f"{type(self).__name__} must define to_dict()")

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        """This codec with settings that depend on the data type or shape filled in.

        Parameters
        ----------
        array_spec
            What is known of the chunks that it will get.
        """
        return self

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        """What a chunk looks like after encoding (meaningful for array -> array codecs).

        Parameters
        ----------
        chunk_spec
            What it looks like before.
        """
        return chunk_spec

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        """Raise ValueError or TypeError if this codec cannot work on such an array.

        Parameters
        ----------
        shape
            Of the array, in elements.
        dtype
            Its data type.
        chunk_grid
            Its chunk grid.
        """

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        """Encoded size in bytes, for codecs of fixed size.

        Parameters
        ----------
        input_byte_length
            Size of the decoded chunk, in bytes.
        chunk_spec
            What is known of it.

        Raises
        ------
        NotImplementedError
            If the size depends on the contents.
        """
        raise NotImplementedError(f"{type(self).__name__} has no fixed encoded size")

    # -- data ---------------------------------------------------------------------------------------------------

    def _decode_sync(self, chunk_data: Out, chunk_spec: ChunkSpec) -> In | None:
        """Decode one chunk. `chunk_spec` describes the *decoded* side."""
        raise NotImplementedError(f"{type(self).__name__} must define _decode_sync() or _decode_single()")

    def _encode_sync(self, chunk_data: In, chunk_spec: ChunkSpec) -> Out | None:
        """Encode one chunk. `chunk_spec` describes the decoded side."""
        raise NotImplementedError(f"{type(self).__name__} must define _encode_sync() or _encode_single()")

    async def _decode_single(self, chunk_data: Out, chunk_spec: ChunkSpec) -> In | None:
        return self._decode_sync(chunk_data, chunk_spec)

    async def _encode_single(self, chunk_data: In, chunk_spec: ChunkSpec) -> Out | None:
        return self._encode_sync(chunk_data, chunk_spec)

    async def decode(self, chunks_and_specs: Iterable[tuple[Out | None, ChunkSpec]]) -> Iterable[In | None]:
        """Decode several chunks.

        Parameters
        ----------
        chunks_and_specs
            Pairs of encoded chunk and spec of the decoded one. None, a missing chunk, stays None.
        """
        return [None if chunk is None else await self._decode_single(chunk, spec) for chunk, spec in chunks_and_specs]

    async def encode(self, chunks_and_specs: Iterable[tuple[In | None, ChunkSpec]]) -> Iterable[Out | None]:
        """Encode several chunks.

        Parameters
        ----------
        chunks_and_specs
            Pairs of chunk and spec. None, a missing chunk, stays None.
        """
        return [None if chunk is None else await self._encode_single(chunk, spec) for chunk, spec in chunks_and_specs]


class ArrayArrayCodec(BaseCodec[NDBuffer, NDBuffer]):
    """Base of codecs that turn an array into an array.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> class Negative(zarr.abc.codec.ArrayArrayCodec):
    ...     def to_dict(self):
    ...         return {"name": "example.negative"}
    ...
    ...     def _encode_sync(self, chunk, spec):
    ...         return spec.prototype.nd_buffer.from_numpy_array(-chunk.as_numpy_array())
    ...
    ...     _decode_sync = _encode_sync
    >>> zarr.create_array({}, data=np.arange(3), filters=[Negative()])[:]
    array([0, 1, 2])
    """


class ArrayBytesCodec(BaseCodec[NDBuffer, Buffer]):
    """Base of codecs that turn an array into bytes. A chain has exactly one.

    Examples
    --------
    >>> import zarr
    >>> issubclass(zarr.codecs.BytesCodec, zarr.abc.codec.ArrayBytesCodec)
    True
    """


class BytesBytesCodec(BaseCodec[Buffer, Buffer]):
    """Base of codecs that turn bytes into bytes.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> class Reversed(zarr.abc.codec.BytesBytesCodec):
    ...     def to_dict(self):
    ...         return {"name": "example.reversed"}
    ...
    ...     def _encode_sync(self, chunk, spec):
    ...         return spec.prototype.buffer.from_bytes(chunk.to_bytes()[::-1])
    ...
    ...     _decode_sync = _encode_sync
    >>> zarr.create_array({}, data=np.arange(3), compressors=[Reversed()])[:]
    array([0, 1, 2])
    """


Codec: TypeAlias = ArrayArrayCodec | ArrayBytesCodec | BytesBytesCodec
