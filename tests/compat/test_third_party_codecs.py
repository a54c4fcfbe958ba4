"""Codecs as people write them for zarr-python 3: coroutines, batches, left-out methods, changed metadata."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np
import pytest

import zarr
from tests.suites.waiting_codecs import Base, Batches, Threads, name_of, register
from zarr.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec
from zarr.core.array_spec import ArraySpec
from zarr.core.common import JSON, parse_named_configuration


@dataclass(frozen=True)
class Coroutines(BytesBytesCodec):
    is_fixed_size = True
    key: int = 7

    @classmethod
    def from_dict(cls, data: dict[str, JSON]):
        _, configuration = parse_named_configuration(data, name_of(cls), require_configuration=False)
        return cls(**(configuration or {}))

    def to_dict(self):
        return {"name": name_of(type(self)), "configuration": {"key": self.key}}

    async def _decode_single(self, chunk_bytes, chunk_spec):
        return chunk_spec.prototype.buffer.from_array_like(chunk_bytes.as_numpy_array() ^ self.key)

    async def _encode_single(self, chunk_bytes, chunk_spec):
        return chunk_spec.prototype.buffer.from_array_like(chunk_bytes.as_numpy_array() ^ self.key)

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length


class Synchronous(Base, BytesBytesCodec):
    def _decode_sync(self, chunk_bytes, chunk_spec):
        return chunk_spec.prototype.buffer.from_bytes(chunk_bytes.to_bytes()[1:])

    def _encode_sync(self, chunk_bytes, chunk_spec):
        return chunk_spec.prototype.buffer.from_bytes(b"!" + chunk_bytes.to_bytes())

    async def _decode_single(self, chunk_bytes, chunk_spec):
        return self._decode_sync(chunk_bytes, chunk_spec)

    async def _encode_single(self, chunk_bytes, chunk_spec):
        return self._encode_sync(chunk_bytes, chunk_spec)


@dataclass(frozen=True)
class Widens(ArrayArrayCodec):
    """Changes the data type, and takes a setting from the array it is for."""

    is_fixed_size = True
    add: int = 0

    @classmethod
    def from_dict(cls, data):
        return cls(**data["configuration"])

    def to_dict(self):
        return {"name": name_of(type(self)), "configuration": {"add": self.add}}

    def evolve_from_array_spec(self, array_spec):
        return replace(self, add=array_spec.ndim + 1) if self.add == 0 else self

    def resolve_metadata(self, chunk_spec):
        return replace(chunk_spec, dtype=zarr.dtype.Int64(), fill_value=np.int64(0))

    async def _decode_single(self, chunk_array, chunk_spec):
        values = chunk_array.as_numpy_array() - self.add
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(values.astype(chunk_spec.dtype.to_native_dtype()))

    async def _encode_single(self, chunk_array, chunk_spec):
        values = chunk_array.as_numpy_array().astype("i8") + self.add
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(values)


@dataclass(frozen=True)
class Flattens(ArrayArrayCodec):
    """Changes the shape; its spec is a new one, made with zarr-python's keywords."""

    is_fixed_size = True

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": name_of(type(self))}

    def resolve_metadata(self, chunk_spec):
        return ArraySpec(
            shape=(int(np.prod(chunk_spec.shape)),),
            dtype=chunk_spec.dtype,
            fill_value=chunk_spec.fill_value,
            config=chunk_spec.config,
            prototype=chunk_spec.prototype,
        )

    async def _decode_single(self, chunk_array, chunk_spec):
        return chunk_array.reshape(chunk_spec.shape)

    async def _encode_single(self, chunk_array, chunk_spec):
        return chunk_array.reshape((-1,))


class Serializes(Base, ArrayBytesCodec):
    """Finds chunks of ones empty."""

    async def _decode_single(self, chunk_bytes, chunk_spec):
        values = np.frombuffer(chunk_bytes.to_bytes(), ">i4").reshape(chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(values.astype("i4"))

    async def _encode_single(self, chunk_array, chunk_spec):
        values = chunk_array.as_numpy_array()
        return None if (values == 1).all() else chunk_spec.prototype.buffer.from_bytes(values.astype(">i4").tobytes())


KEYWORDS = {
    Coroutines: "compressors",
    Threads: "compressors",
    Batches: "compressors",
    Synchronous: "compressors",
    Widens: "filters",
    Flattens: "filters",
    Serializes: "serializer",
}


@pytest.fixture(params=KEYWORDS, ids=lambda cls: cls.__name__)
def codec(request):
    register(request.param)
    return {KEYWORDS[request.param]: request.param()}


@pytest.mark.parametrize(
    "layout", [{}, {"chunks": (2, 3)}, {"chunks": (3, 4)}, {"chunks": (2, 3), "shards": (4, 6)}], ids=str
)
def test_reading_and_writing(engine, codec, layout):
    model = np.arange(24, dtype="i4").reshape(4, 6)
    store = zarr.storage.MemoryStore()
    a = zarr.create_array(store, data=model, **codec, **layout)
    b = zarr.open_array(store)
    assert b.metadata == a.metadata
    for selection in (..., (1, 2), np.s_[1:3, ::2]):
        assert np.array_equal(b[selection], model[selection])
    assert np.array_equal(b.vindex[[0, 3], [1, 5]], model[[0, 3], [1, 5]])
    assert np.array_equal(asyncio.run(b.async_array.getitem(np.s_[0:2, 1])), model[0:2, 1])
    b[1:3, 1:3] = model[1:3, 1:3] = 100
    b[0, 0] = model[0, 0] = 7
    assert np.array_equal(zarr.open_array(store)[:], model)
    b.append(model[:1])
    assert np.array_equal(zarr.open_array(store)[:], np.concatenate([model, model[:1]]))


def test_nothing_is_stored_where_a_codec_finds_a_chunk_empty(engine):
    register(Serializes)
    a = zarr.create_array({}, data=np.ones((2, 2), "i4"), serializer=Serializes(), compressors=None)
    assert a.nchunks_initialized == 0


def test_settings_from_the_array_are_stored():
    register(Widens)
    a = zarr.create_array({}, shape=(2, 2), dtype="i4", filters=Widens())
    assert a.metadata.to_dict()["codecs"][0]["configuration"] == {"add": 3}


@pytest.mark.parametrize("cls", [BytesBytesCodec, ArrayArrayCodec, ArrayBytesCodec])
def test_what_a_codec_leaves_out_is_missed_only_when_it_is_used(cls):
    class Bare(Base, cls):
        pass

    assert isinstance(Bare(), cls)
    with pytest.raises(NotImplementedError):
        Bare().compute_encoded_size(1, None)


def test_errors_of_a_codec_name_it_and_the_chunk(engine):
    class Broken(Threads):
        async def _decode_single(self, chunk_bytes, chunk_spec):
            raise RuntimeError("boom")

    register(Broken)
    a = zarr.create_array({}, data=np.arange(4), compressors=Broken())
    with pytest.raises(RuntimeError, match=r"tests\.Broken.*'c/0'.*boom"):
        a[:]
