"""Codecs as people write them for zarr-python 3, that wait for something: a thread, or each other."""

from __future__ import annotations

import asyncio

import zarr
from zarr.abc.codec import BytesBytesCodec


def name_of(cls):
    return f"tests.{cls.__name__}"


def register(cls):
    zarr.registry.register_codec(name_of(cls), cls)


class Base:
    is_fixed_size = False

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": name_of(type(self)), "configuration": {}}


def turned(chunk_bytes, chunk_spec):
    return chunk_spec.prototype.buffer.from_bytes(chunk_bytes.to_bytes()[::-1])


class Threads(Base, BytesBytesCodec):
    async def _decode_single(self, chunk_bytes, chunk_spec):
        return await asyncio.to_thread(turned, chunk_bytes, chunk_spec)

    async def _encode_single(self, chunk_bytes, chunk_spec):
        return await asyncio.to_thread(turned, chunk_bytes, chunk_spec)


class Batches(Base, BytesBytesCodec):
    async def decode(self, chunks_and_specs):
        async def one(chunk, spec):
            return None if chunk is None else turned(chunk, spec)

        return await asyncio.gather(*[one(chunk, spec) for chunk, spec in chunks_and_specs])

    encode = decode
