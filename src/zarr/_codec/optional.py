"""The codec `zarrs.optional`: which elements are there, and those that are.

Two lengths in bytes as little-endian uint64, then what is there as Booleans, encoded by some codecs, and the elements that are
there, one after the other, encoded by others.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from zarr._codec.base import ArrayBytesCodec, ChunkSpec, Codec
from zarr._codec.chain import CodecChain, check_order
from zarr._codec.configuration import read_configuration
from zarr._codec.raw import to_buffer, to_nd_buffer
from zarr._codec.registry import parse_inner_codecs
from zarr._dtype.convert import exact
from zarr._dtype.numbers import Bool
from zarr._dtype.objects import in_objects
from zarr._dtype.optional import Optional
from zarr._dtype.optional_values import joined
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from typing import Self

    from zarr._buffer import Buffer, NDBuffer

_NAME = "zarrs.optional"
_KEYS = ("mask_codecs", "data_codecs")
_LENGTHS = struct.Struct("<QQ")


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class OptionalCodec(ArrayBytesCodec):
    """Elements that may be missing; only those that are there are stored. An extension of zarrs, for its data type of the same name.

    Parameters
    ----------
    mask_codecs
        Codecs of the Booleans that say which elements are there, as instances or in their stored form.
    data_codecs
        Codecs of the elements.

    Raises
    ------
    TypeError, ValueError
        For other values, and (when it becomes known) for another data type.

    Examples
    --------
    >>> import zarr
    >>> from zarr.codecs import BytesCodec, OptionalCodec, PackBitsCodec
    >>> codec = OptionalCodec(mask_codecs=[PackBitsCodec()], data_codecs=[BytesCodec()])
    >>> number = {"name": "zarrs.optional", "configuration": {"name": "int32"}}
    >>> numbers = zarr.create_array({}, shape=3, dtype=number, serializer=codec)
    >>> numbers[:2] = [7, 8]
    >>> print(*numbers[:])
    7 8 None
    """

    is_fixed_size: ClassVar[bool] = False

    mask_codecs: tuple[Codec, ...]
    data_codecs: tuple[Codec, ...]

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(
            self,
            *,
            mask_codecs: Iterable[Codec | Mapping[str, object] | str],
            data_codecs: Iterable[Codec | Mapping[str, object] | str],
        ) -> None: ...

    def __post_init__(self) -> None:
        for key in _KEYS:
            object.__setattr__(self, key, _parse_codecs(key, getattr(self, key)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME,), _KEYS, required=_KEYS))

    def to_dict(self) -> dict[str, Any]:
        configuration = {
            "mask_codecs": [codec.to_dict() for codec in self.mask_codecs],
            "data_codecs": [codec.to_dict() for codec in self.data_codecs],
        }
        return {"name": _NAME, "configuration": configuration}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self.validate(shape=array_spec.shape, dtype=array_spec.dtype, chunk_grid=None)
        n_elements = math.prod(array_spec.shape)
        mask, data = self._mask_chain(array_spec).codecs, self._data_chain(array_spec, n_elements).codecs
        if mask == self.mask_codecs and data == self.data_codecs:
            return self
        return replace(self, mask_codecs=mask, data_codecs=data)

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        if not isinstance(dtype, Optional):
            raise ArgumentError(f"codec {_NAME!r} is for the data type of the same name, not {dtype}")

    def _mask_chain(self, spec: ChunkSpec) -> CodecChain:
        shape = (math.prod(spec.shape),)
        return CodecChain.compile(
            self.mask_codecs, spec.replace(shape=shape, dtype=Bool(), fill_value=np.False_, nbytes_limit=None)
        )

    def _data_chain(self, spec: ChunkSpec, n_elements: int) -> CodecChain:
        inner = _inner(spec)
        fill = inner.default_scalar()
        return CodecChain.compile(
            self.data_codecs, spec.replace(shape=(n_elements,), dtype=inner, fill_value=fill, nbytes_limit=None)
        )

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        items = chunk_data.as_numpy_array().ravel(order="C").tolist()
        is_there = np.array([item is not None for item in items], bool)
        mask = self._mask_chain(chunk_spec).encode(to_nd_buffer(chunk_spec, is_there))
        data = self._encode_data([item for item in items if item is not None], chunk_spec)
        if mask is None:
            raise CodecError(_NAME, "encode", "the mask_codecs returned nothing")
        parts = mask.to_bytes(), data
        return to_buffer(chunk_spec, b"".join([_LENGTHS.pack(*map(len, parts)), *parts]))

    def _encode_data(self, items: list[Any], spec: ChunkSpec) -> bytes:
        if not items:
            return b""
        inner = _inner(spec)
        given = np.empty(len(items), dtype=object)
        given[:] = items
        try:
            elements = joined(given, inner, exact)
        except (TypeError, ValueError, OverflowError) as exc:
            raise CodecError(_NAME, "encode", str(exc)) from exc
        encoded = self._data_chain(spec, len(items)).encode(to_nd_buffer(spec, elements))
        if encoded is None:
            raise CodecError(_NAME, "encode", "the data_codecs returned nothing")
        return encoded.to_bytes()

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        if len(chunk_data) < _LENGTHS.size:
            raise CodecError(_NAME, "decode", f"{len(chunk_data)} bytes are too few for two lengths")
        n_mask, n_data = _LENGTHS.unpack(chunk_data[: _LENGTHS.size].to_bytes())
        if _LENGTHS.size + n_mask + n_data != len(chunk_data):
            raise CodecError(
                _NAME,
                "decode",
                f"a mask of {n_mask} bytes and data of {n_data} are not the {len(chunk_data)} bytes that there are",
            )
        split = _LENGTHS.size + n_mask
        is_there = self._mask_chain(chunk_spec).decode(chunk_data[_LENGTHS.size : split]).as_numpy_array()
        elements = np.empty(is_there.size, dtype=object)
        n_there = int(np.count_nonzero(is_there))
        if n_there:
            decoded = self._data_chain(chunk_spec, n_there).decode(chunk_data[split:]).as_numpy_array()
            elements[is_there] = in_objects(decoded)
        elif n_data:
            self._data_chain(chunk_spec, 0).decode(chunk_data[split:])
        return to_nd_buffer(chunk_spec, elements.reshape(chunk_spec.shape))


def _inner(spec: ChunkSpec) -> Any:
    return cast("Optional", spec.dtype).data_type


def _parse_codecs(key: str, codecs: object) -> tuple[Codec, ...]:
    parsed = parse_inner_codecs(_NAME, key, codecs)
    check_order(parsed)
    return parsed
