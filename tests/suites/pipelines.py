"""Codec pipelines as third parties write them, in the terms of zarr-python's abstract class."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from zarr.abc.codec import CodecPipeline
from zarr.codecs._v2 import V2Codec
from zarr.core.codec_pipeline import BatchedCodecPipeline


class Recording(CodecPipeline):
    """One that asks nothing of this library but its abstract classes, and keeps what it is asked for in `calls`."""

    calls: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, codecs):
        self.codecs = tuple(codecs)

    @classmethod
    def from_codecs(cls, codecs):
        return cls(codecs)

    def evolve_from_array_spec(self, array_spec):
        return type(self)(codec.evolve_from_array_spec(array_spec) for codec in self.codecs)

    supports_partial_decode = supports_partial_encode = False

    def validate(self, *, shape, dtype, chunk_grid):
        for codec in self.codecs:
            codec.validate(shape=shape, dtype=dtype, chunk_grid=chunk_grid)

    def compute_encoded_size(self, byte_length, array_spec):
        raise NotImplementedError

    def _specs(self, spec):
        specs = []
        for codec in self.codecs:
            specs.append(spec)
            spec = codec.resolve_metadata(spec)
        return specs

    async def decode(self, chunk_bytes_and_specs):
        return [await self._decoded(data, spec) for data, spec in chunk_bytes_and_specs]

    async def encode(self, chunk_arrays_and_specs):
        return [await self._encoded(array, spec) for array, spec in chunk_arrays_and_specs]

    async def _decoded(self, data, spec):
        for codec, known in reversed(list(zip(self.codecs, self._specs(spec), strict=True))):
            (data,) = await codec.decode([(data, known)])
        return data

    async def _encoded(self, array, spec):
        for codec, known in zip(self.codecs, self._specs(spec), strict=True):
            (array,) = await codec.encode([(array, known)])
        return array

    def _note(self, method, batch, elements):
        entries = [(place.path, spec.shape, chunk, out, whole) for place, spec, chunk, out, whole in batch]
        self.calls.append((method, entries, elements.shape, elements.dtype))

    async def read(self, batch_info, out, drop_axes=()):
        assert drop_axes == ()
        batch = list(batch_info)
        self._note("read", batch, out)
        found = []
        for place, spec, chunk_selection, out_selection, _ in batch:
            data = await place.get(prototype=spec.prototype)
            if data is None:
                out[out_selection] = spec.fill_value
            else:
                chunk = await self._decoded(data, spec)
                out[out_selection] = chunk.as_numpy_array()[chunk_selection]
            found.append({"status": "missing" if data is None else "present"})
        return tuple(found)

    async def write(self, batch_info, value, drop_axes=()):
        assert drop_axes == ()
        batch = list(batch_info)
        self._note("write", batch, value)
        given = value.as_numpy_array()
        for place, spec, chunk_selection, out_selection, whole in batch:
            data = None if whole else await place.get(prototype=spec.prototype)
            if data is None:
                chunk = np.full(spec.shape, spec.fill_value, spec.dtype.to_native_dtype())
            else:
                chunk = np.array((await self._decoded(data, spec)).as_numpy_array())
            chunk[chunk_selection] = given[out_selection] if given.shape else given
            if not spec.config.write_empty_chunks and np.all(chunk == spec.fill_value):
                await place.delete()
            else:
                await place.set(await self._encoded(spec.prototype.nd_buffer.from_numpy_array(chunk), spec))


class TellsNothing(Recording):
    """One whose `read` returns nothing, as that of zarrs."""

    async def read(self, batch_info, out, drop_axes=()):
        await super().read(batch_info, out, drop_axes)


class OfMetadata(Recording):
    """One that is made of metadata and store, as that of zarrs."""

    @classmethod
    def from_array_metadata_and_store(cls, array_metadata, store):
        if array_metadata.zarr_format == 2:
            codecs = [V2Codec(filters=array_metadata.filters, compressor=array_metadata.compressor)]
        else:
            codecs = array_metadata.codecs
        made = cls(codecs)
        made.metadata, made.store = array_metadata, store
        return made


class PassesOn(Recording):
    """One that leaves what is in memory to others, as that of zarrs."""

    @classmethod
    def from_array_metadata_and_store(cls, array_metadata, store):
        return BatchedCodecPipeline.from_codecs(array_metadata.codecs)


class GoesPast(Recording):
    """One that changes files by itself, past the place that it is handed, as that of zarrs."""

    async def write(self, batch_info, value, drop_axes=()):
        batch = [(_File(place), *others) for place, *others in batch_info]
        await super().write(batch, value, drop_axes)


class _File:
    def __init__(self, place):
        self.path = place.path
        self._file = place.store.root / place.path

    async def get(self, prototype):
        return prototype.buffer.from_bytes(self._file.read_bytes()) if self._file.exists() else None

    async def set(self, value):
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_bytes(value.to_bytes())

    async def delete(self):
        self._file.unlink(missing_ok=True)


class Nothing(BatchedCodecPipeline):
    """A subclass of ours that overrides nothing."""


class Decodes(BatchedCodecPipeline):
    """A subclass of ours that looks at each batch of chunks that is encoded or decoded."""

    batches: ClassVar[list[tuple[str, int]]] = []

    async def decode(self, chunk_bytes_and_specs):
        batch = list(chunk_bytes_and_specs)
        self.batches.append(("decode", len(batch)))
        return await super().decode(batch)

    async def encode(self, chunk_arrays_and_specs):
        batch = list(chunk_arrays_and_specs)
        self.batches.append(("encode", len(batch)))
        return await super().encode(batch)


class Reads(BatchedCodecPipeline):
    """A subclass of ours that has `read` and `write` of its own."""

    asked: ClassVar[list[str]] = []

    async def read(self, batch_info, out, drop_axes=()):
        self.asked.append("read")
        return await super().read(batch_info, out, drop_axes)

    async def write(self, batch_info, value, drop_axes=()):
        self.asked.append("write")
        await super().write(batch_info, value, drop_axes)
