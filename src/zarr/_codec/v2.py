"""The one codec of format 2: filters and a compressor of numcodecs, between a chunk and its stored bytes.

A chunk is laid out in `order`, "C" or "F". Filters run over it in list order, then the compressor; decoding runs
backwards. Filters see the array as it lies in memory, so a delta over an F-ordered chunk runs along the first axis.
Elements of variable length pass through an object codec, which is one of the filters or the compressor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._buffer.memory import in_dtype
from zarr._codec.base import ArrayBytesCodec, ChunkSpec, MemoryOrder
from zarr._codec.limits import (
    MARGIN_NBYTES,
    OversizedError,
    check_room,
    decoded_nbytes,
    variable_limit,
    with_margin,
)
from zarr._codec.numcodec_call import decode_with, encode_with
from zarr._codec.objects import decode_objects, encode_objects, is_of_objects
from zarr._codec.raw import (
    is_variable_length,
    native_dtype,
    no_bytes,
    octets,
    octets_of,
    refuse_no_characters,
    to_buffer,
    to_nd_buffer,
)
from zarr._codec.refusals import refuses
from zarr._codec.stream_limits import check_new_stream, decode_stream, too_long
from zarr._codec.vlen import as_array, join_bytes, join_utf8, split_bytes, split_utf8
from zarr._dtype.small import without_spare_bits
from zarr.errors import CodecError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer, NDBuffer

_OBJECT_CODECS = ("vlen-utf8", "vlen-bytes", "vlen-array", "json2", "msgpack2", "pickle", "categorize")
_OF_STREAMS = ("vlen-utf8", "vlen-bytes", "vlen-array")
_BOUNDED_FILTERS = [
    *("astype", "base64", "bitround", "delta", "fixedscaleoffset", "packbits", "quantize", "shuffle"),
    *("adler32", "crc32", "crc32c", "fletcher32", "jenkins_lookup3"),
]
_WIDEST_CAST = 32
"""Factor by which the filters above can at most widen elements: one byte to complex256."""


@dataclass(frozen=True, kw_only=True)
class V2Codec(ArrayBytesCodec):
    """Format 2 chunks.

    Parameters
    ----------
    filters
        numcodecs codec objects, in encoding order; None for none.
    compressor
        numcodecs codec object, or None.
    order
        Layout of the stored elements; None takes it from the settings of the array, where zarr-python has it.

    Raises
    ------
    ValueError
        For another order.
    """

    is_fixed_size: ClassVar[bool] = False

    filters: tuple[Any, ...] | None = None
    compressor: Any = None
    order: MemoryOrder | None = None

    codec_name: ClassVar[str] = "format 2 filters and compressor"

    def __post_init__(self) -> None:
        if self.order not in ("C", "F", None):
            raise ValueError(f'order of a format 2 array must be "C" or "F"; got {self.order!r}')
        if self.filters is not None and isinstance(self.filters, Iterable):
            object.__setattr__(self, "filters", tuple(self.filters) or None)

    @property
    def stages(self) -> tuple[Any, ...]:
        """All numcodecs objects in encoding order."""
        return (*(self.filters or ()), *(() if self.compressor is None else (self.compressor,)))

    def to_dict(self) -> dict[str, Any]:
        """The members of `.zarray` that this codec stands for."""
        return {
            "filters": None if self.filters is None else [codec.get_config() for codec in self.filters],
            "compressor": None if self.compressor is None else self.compressor.get_config(),
            "order": self.order,
        }

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> V2Codec:
        dtype = native_dtype(array_spec)
        if is_variable_length(dtype) and not any(codec.codec_id in _OBJECT_CODECS for codec in self.stages):
            if all(type(codec).__module__.startswith("numcodecs.") for codec in self.stages):
                raise ValueError(
                    f"elements of variable length ({dtype}) need an object codec among the filters of a format 2 "
                    "array, such as numcodecs.VLenUTF8() or numcodecs.VLenBytes()"
                )
        return self._ordered(array_spec)

    def _ordered(self, spec: ChunkSpec) -> V2Codec:
        """The same with a layout, which the settings of an array say if the codec does not."""
        return self if self.order is not None else replace(self, order=spec.order)

    # -- data ---------------------------------------------------------------------------------------------------

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        return self._ordered(chunk_spec)._encode(chunk_data, chunk_spec)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return self._ordered(chunk_spec)._decode(chunk_data, chunk_spec)

    def _encode(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        form: Any = self._lay_out(chunk_data.as_numpy_array(), native_dtype(chunk_spec))
        for codec in self.stages:
            form = _encode_stage(codec, form)
            if codec.codec_id in _OBJECT_CODECS and codec is not self.stages[-1]:
                check_new_stream(codec.codec_id, _flat_bytes(form).size)
            if isinstance(form, np.ndarray) and form.shape == chunk_data.shape:
                form = np.asarray(form, order=self.order)  # some filters copy to C order
        return to_buffer(chunk_spec, _flat_bytes(form))

    def _lay_out(self, chunk: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        if dtype.kind == "T":
            chunk = chunk.astype(object)  # numcodecs knows strings as objects
        elif dtype.kind != "O":
            chunk = in_dtype(chunk, dtype)
        return np.asarray(chunk, order=self.order)

    def _decode(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        dtype = native_dtype(chunk_spec)
        nbytes = decoded_nbytes(chunk_spec)
        if nbytes == 0:
            return to_nd_buffer(chunk_spec, no_bytes(chunk_spec.shape, dtype))
        form: Any = octets(chunk_data)
        limit = self._limit(nbytes)
        for number, codec in reversed(list(enumerate(self.stages))):
            got = _dtype_after(self.stages[:number], dtype)
            form = self._undo(number, codec, form, limit, chunk_spec, got)
        if is_variable_length(dtype):
            array = self._place_objects(form, dtype, chunk_spec.shape)
        else:
            array = self._place_bytes(form, dtype, chunk_spec.shape)
            refuse_no_characters(array, self.codec_name)
        return to_nd_buffer(chunk_spec, array)

    def _limit(self, nbytes: int | None) -> int:
        if nbytes is None:
            return variable_limit()
        if not self.filters:
            return nbytes + MARGIN_NBYTES
        if all(codec.codec_id in _BOUNDED_FILTERS for codec in self.filters):
            return with_margin(_WIDEST_CAST * nbytes)
        return max(variable_limit(), with_margin(nbytes))

    def _undo(self, number: int, codec: Any, form: Any, limit: int, chunk_spec: ChunkSpec, dtype: np.dtype[Any]) -> Any:
        within = self.stages[number - 1].codec_id if number else ""
        n_items = math.prod(chunk_spec.shape)
        if not number and not is_variable_length(dtype):
            check_room(codec.codec_id, _flat_bytes(form).size, n_items * dtype.itemsize)
        if within in _OF_STREAMS:
            return decode_stream(lambda most: self._decode_stage(codec, form, most, chunk_spec, dtype), within, n_items)
        try:
            return self._decode_stage(codec, form, limit, chunk_spec, dtype)
        except OversizedError as exc:
            if within in _OBJECT_CODECS:
                raise too_long(within, limit) from exc
            raise

    def _decode_stage(self, codec: Any, form: Any, limit: int, chunk_spec: ChunkSpec, dtype: np.dtype[Any]) -> Any:
        n_items = math.prod(chunk_spec.shape)
        encoded = np.asarray(form) if isinstance(form, np.ndarray) else np.frombuffer(form, np.uint8)
        if codec.codec_id == "vlen-utf8":
            return as_array(split_utf8(octets_of(encoded), n_items), np.dtype(object))
        if codec.codec_id == "vlen-bytes":
            return as_array(split_bytes(octets_of(encoded), n_items), np.dtype(object))
        try:
            if is_of_objects(codec):
                return decode_objects(codec, octets_of(encoded), n_items)
            return decode_with(codec, encoded, limit, dtype, verifies=chunk_spec.config.verify_checksums)
        except Exception as exc:
            if not refuses(exc, codec):
                raise
            raise CodecError(codec.codec_id, "decode", f"{type(exc).__name__}: {exc}") from exc

    def _place_bytes(self, form: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        if isinstance(form, np.ndarray) and form.dtype.hasobject:
            return self._place_objects(form, dtype, shape)
        if isinstance(form, np.ndarray) and form.ndim > 1 and form.shape == shape and form.dtype == dtype:
            return form  # the codec stores the shape, so the elements stand where they belong
        flat = octets_of(np.ascontiguousarray(_flat_bytes(form)))
        expected = math.prod(shape) * dtype.itemsize
        if flat.size != expected:
            raise CodecError(
                self.codec_name,
                "decode",
                f"{flat.size} bytes do not make a chunk of shape {shape} and data type {dtype}, which has {expected}",
            )
        return without_spare_bits(flat.view(dtype)).reshape(shape, order=self.order)

    def _place_objects(self, form: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        array = form if isinstance(form, np.ndarray) else np.asarray(form)
        if array.size != math.prod(shape):
            raise CodecError(
                self.codec_name, "decode", f"the data holds {array.size} elements, the chunk has shape {shape}"
            )
        if array.shape != shape:
            array = array.reshape(-1, order="A").reshape(shape, order=self.order)
        if dtype.kind != "T" or array.dtype == dtype:
            return in_dtype(array, dtype)
        texts = ["" if item is None or item == 0 else item for item in array.ravel().tolist()]
        if any(not isinstance(text, str) for text in texts):
            raise CodecError(self.codec_name, "decode", "an element of this string array is not a string")
        return np.array(texts, dtype=dtype).reshape(shape)


def _dtype_after(stages: Iterable[Any], dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the elements behind some stages, as far as these tell."""
    for codec in stages:
        if codec.codec_id in ("astype", "delta", "fixedscaleoffset", "quantize"):
            dtype = np.dtype(codec.encode_dtype if codec.codec_id == "astype" else codec.astype)
        elif codec.codec_id == "bitround" and dtype.kind == "f" and codec.keepbits < np.finfo(dtype).nmant:
            dtype = np.dtype(dtype.str.replace("f", "i"))
    return dtype


def _encode_stage(codec: Any, form: Any) -> Any:
    data = form if isinstance(form, np.ndarray) else np.frombuffer(form, np.uint8)
    if data.dtype.hasobject and codec.codec_id in ("vlen-utf8", "vlen-bytes"):
        join = join_utf8 if codec.codec_id == "vlen-utf8" else join_bytes
        return join(data.reshape(-1, order="A"))
    try:
        if data.dtype.hasobject and is_of_objects(codec):
            return encode_objects(codec, data)
        return encode_with(codec, data)
    except Exception as exc:
        if not refuses(exc, codec):
            raise
        raise CodecError(codec.codec_id, "encode", f"{type(exc).__name__}: {exc}") from exc


def _flat_bytes(form: Any) -> npt.NDArray[np.uint8]:
    """What a stage returned (bytes, or an array in its memory order) as flat bytes."""
    if not isinstance(form, np.ndarray):
        return np.frombuffer(form, np.uint8)
    if form.dtype.hasobject:
        raise CodecError(V2Codec.codec_name, "encode", "elements of variable length were not turned into bytes")
    return octets_of(form.reshape(-1, order="A"))
