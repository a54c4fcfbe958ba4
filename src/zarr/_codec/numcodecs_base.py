"""What the codecs `numcodecs.*` have in common: how a codec of the package numcodecs serves as one of format 3.

The configuration is numcodecs' own without the id, stored as the user gave it, plus the parameters that follow from the
data type. The numcodecs object is made on first use, so that metadata can be read where an optional package (pcodec,
zfpy) is missing. Elements always reach numcodecs in C order: it would take Fortran-ordered memory as it lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._buffer.memory import filled, in_dtype
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, ChunkSpec
from zarr._codec.limits import decoded_nbytes, output_limit
from zarr._codec.numcodec_call import decode_with, encode_with
from zarr._codec.raw import is_variable_length, native_dtype, octets, to_buffer, to_nd_buffer
from zarr._codec.registry import get_numcodec
from zarr._dtype.described import type_string
from zarr._dtype.registry import parse_data_type
from zarr._support.named_configuration import parse_named
from zarr._support.once import once
from zarr.errors import CodecError, MetadataValidationError, UnknownCodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer, NDBuffer
    from zarr._dtype.base import ZDType

CHECKSUM_NBYTES = 4


class NumcodecsCodec:
    """What all of them share.

    Parameters
    ----------
    codec_config
        Parameters of the numcodecs codec, and its `id`, which must be this codec's.

    Raises
    ------
    ValueError
        If `id` is another codec's.
    """

    codec_name: ClassVar[str] = ""

    def __init__(self, **codec_config: Any) -> None:
        codec_id = codec_config.pop("id", self.codec_id())
        if codec_id != self.codec_id():
            raise ValueError(f"codec {self.codec_name!r} cannot take the configuration of {codec_id!r}")
        self.codec_config: dict[str, Any] = {"id": codec_id, **codec_config}

    @classmethod
    def codec_id(cls) -> str:
        """The id in numcodecs."""
        return cls.codec_name.removeprefix("numcodecs.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        name, configuration = parse_named(data, "codec")
        if name != cls.codec_name:
            raise MetadataValidationError(f"expected the description of codec {cls.codec_name!r}; got that of {name!r}")
        return cls(**configuration)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.codec_name,
            "configuration": {key: value for key, value in self.codec_config.items() if key != "id"},
        }

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        raise NotImplementedError(f"codec {self.codec_name!r} has no fixed encoded size")

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        missing = {key: value for key, value in self._defaults(array_spec).items() if key not in self.codec_config}
        evolved = type(self)(**{**self.codec_config, **missing}) if missing else self
        try:
            evolved._check(array_spec)
        except UnknownCodecError:
            pass  # a package is missing: metadata stays readable, using the codec says what to install
        return evolved

    @once
    def numcodec(self) -> Any:
        """The numcodecs object. Raises UnknownCodecError if a package is missing."""
        return get_numcodec({"id": self.codec_id(), **self.codec_config})

    def _defaults(self, spec: ChunkSpec) -> dict[str, Any]:
        """Parameters that follow from the chunk."""
        return {}

    def _check(self, spec: ChunkSpec) -> None:
        """Raise ValueError if the parameters do not suit the chunk."""
        _ = self.numcodec

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.codec_config == other.codec_config

    def __hash__(self) -> int:
        return hash((self.codec_name, repr(sorted(self.codec_config.items()))))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(codec_name={self.codec_name!r}, codec_config={self.codec_config!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"codec_config": self.codec_config}


class NumcodecsBytesBytesCodec(NumcodecsCodec, BytesBytesCodec):
    """A compressor or another codec over bytes."""

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        verifies = chunk_spec.config.verify_checksums
        decoded = decode_with(self.numcodec, octets(chunk_data), output_limit(chunk_spec), verifies=verifies)
        return to_buffer(chunk_spec, np.frombuffer(decoded, np.uint8))

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        encoded = encode_with(self.numcodec, octets(chunk_data))
        return to_buffer(chunk_spec, np.frombuffer(encoded, np.uint8))


class NumcodecsChecksumCodec(NumcodecsBytesBytesCodec):
    """Adds four bytes."""

    is_fixed_size: ClassVar[bool] = True

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length + CHECKSUM_NBYTES

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> Buffer:
        if len(chunk_data) < CHECKSUM_NBYTES:
            raise CodecError(self.codec_name, "decode", f"{len(chunk_data)} bytes are too few to hold a checksum")
        return super()._decode_sync(chunk_data, chunk_spec)


class NumcodecsArrayBytesCodec(NumcodecsCodec, ArrayBytesCodec):
    """A compressor that knows numbers."""

    takes: ClassVar[frozenset[str]] = frozenset()
    """Kinds and sizes of the elements that it takes."""
    most_axes: ClassVar[int | None] = None

    def _check(self, spec: ChunkSpec) -> None:
        dtype = native_dtype(spec)
        if dtype.isbuiltin == 2 or f"{dtype.kind}{dtype.itemsize}" not in self.takes:
            raise ValueError(f"codec {self.codec_name!r} takes no elements of data type {spec.dtype}")
        if self.most_axes is not None and spec.ndim > self.most_axes:
            raise ValueError(
                f"codec {self.codec_name!r} takes chunks of at most {self.most_axes} axes, not {spec.shape}"
            )
        super()._check(spec)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        dtype = native_dtype(chunk_spec).newbyteorder("=")
        limit = decoded_nbytes(chunk_spec) or 0
        decoded = np.asarray(decode_with(self.numcodec, octets(chunk_data), limit, dtype))
        return to_nd_buffer(chunk_spec, _fit(decoded, dtype, chunk_spec.shape, self.codec_name))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        array = _plain(chunk_data, native_dtype(chunk_spec).newbyteorder("="))
        return to_buffer(chunk_spec, np.frombuffer(encode_with(self.numcodec, array), np.uint8))


class NumcodecsArrayArrayCodec(NumcodecsCodec, ArrayArrayCodec):
    """A filter over elements."""

    decoded_key: ClassVar[str | None] = None
    """Parameter that holds the dtype of decoded elements; filled in from the data type if missing."""
    encoded_key: ClassVar[str | None] = None
    """Parameter that holds the dtype of encoded elements; missing, it is the same as the decoded one."""

    def _defaults(self, spec: ChunkSpec) -> dict[str, Any]:
        dtype = native_dtype(spec)
        if self.decoded_key is None or is_variable_length(dtype):  # which `_check` refuses
            return {}
        return {self.decoded_key: type_string(dtype.newbyteorder("="))}

    def _check(self, spec: ChunkSpec) -> None:
        dtype = native_dtype(spec)
        if is_variable_length(dtype):
            raise ValueError(f"codec {self.codec_name!r} needs elements of fixed size, not {dtype}")
        if self._decoded_dtype(spec).newbyteorder("=") != dtype.newbyteorder("="):
            raise ValueError(
                f"{self.decoded_key} {self._decoded_dtype(spec)} of codec {self.codec_name!r} is not the data type it "
                f"is applied to, {dtype}"
            )
        _ = self.numcodec

    def _decoded_dtype(self, spec: ChunkSpec) -> np.dtype[Any]:
        named = self.codec_config.get(self.decoded_key or "")
        return native_dtype(spec) if named is None else np.dtype(named)

    def _encoded_dtype(self, spec: ChunkSpec) -> np.dtype[Any]:
        named = self.codec_config.get(self.encoded_key or "")
        return self._decoded_dtype(spec) if named is None else np.dtype(named)

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        dtype = self._encoded_dtype(chunk_spec)
        if dtype == native_dtype(chunk_spec):
            return chunk_spec
        data_type = parse_data_type(dtype, zarr_format=3)
        return chunk_spec.replace(dtype=data_type, fill_value=self._encoded_fill(chunk_spec, data_type))

    def _encoded_fill(self, spec: ChunkSpec, data_type: ZDType[Any, Any]) -> Any:
        """What a fill value becomes; elements are encoded one by one, so one alone shows it."""
        fill = filled((1,), spec.fill_value, self._decoded_dtype(spec))
        return np.asarray(self.numcodec.encode(fill)).view(data_type.to_native_dtype())[0]

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        array = _plain(chunk_data, self._encoded_dtype(chunk_spec))
        decoded = np.asarray(decode_with(self.numcodec, array, output_limit(chunk_spec)))
        dtype = self._decoded_dtype(chunk_spec)
        return to_nd_buffer(chunk_spec, _fit(decoded, dtype, chunk_spec.shape, self.codec_name))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        encoded = np.asarray(encode_with(self.numcodec, _plain(chunk_data, self._decoded_dtype(chunk_spec))))
        after = self.resolve_metadata(chunk_spec)
        return to_nd_buffer(chunk_spec, _fit(encoded, self._encoded_dtype(chunk_spec), after.shape, self.codec_name))


def _plain(chunk: NDBuffer, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The elements in C order with the byte order that the codec was told."""
    return np.ascontiguousarray(in_dtype(chunk.as_numpy_array(), dtype))


def _fit(array: npt.NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...], codec: str) -> npt.NDArray[Any]:
    """A result of numcodecs, which is flat or a view of another dtype, as the array it stands for."""
    if array.dtype != dtype:
        if array.dtype.itemsize != dtype.itemsize:
            raise CodecError(codec, "decode", f"the result has dtype {array.dtype}, expected {dtype}")
        array = array.view(dtype)
    if array.size != int(np.prod(shape, dtype=object)):
        raise CodecError(codec, "decode", f"the result has {array.size} elements, expected shape {shape}")
    return array.reshape(shape)
