"""Sharding levels against a model: a chain that encodes a whole chunk, and the inner chunks found through the levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._codec.base import ArrayConfig, ChunkSpec
from zarr._codec.chain import CodecChain
from zarr._codec.sharding import ShardingCodec
from zarr._dtype.registry import parse_data_type
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.spec import ArraySpec, ShardLevel

MISSING = 2**64 - 1
FILL = 7


def bytes_codec(endian: str = "little") -> dict[str, Any]:
    return {"name": "bytes", "configuration": {"endian": endian}}


def transpose(order: tuple[int, ...]) -> dict[str, Any]:
    return {"name": "transpose", "configuration": {"order": list(order)}}


def sharding(chunk_shape: tuple[int, ...], codecs: list[Any], **configuration: Any) -> dict[str, Any]:
    return {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": list(chunk_shape),
            "codecs": codecs,
            "index_codecs": [bytes_codec(), {"name": "crc32c"}],
            "index_location": "end",
            **configuration,
        },
    }


def metadata(chunk_shape: tuple[int, ...], codecs: list[Any]) -> ArrayV3Metadata:
    return ArrayV3Metadata(
        shape=chunk_shape,
        data_type="int32",
        chunk_grid={"name": "regular", "configuration": {"chunk_shape": list(chunk_shape)}},
        chunk_key_encoding="default",
        fill_value=FILL,
        codecs=codecs,
    )


@dataclass
class Case:
    chunk_shape: tuple[int, ...]
    codecs: list[Any]
    n_levels: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Chains of up to two levels, with transposes anywhere, built from the inside out in stored axes."""
    ndim = draw(st.integers(0, 3))
    permutations = st.permutations(range(ndim)).map(tuple)
    lengths = st.lists(st.integers(1, 3), min_size=ndim, max_size=ndim).map(tuple)
    shape = draw(lengths)
    codecs: list[Any] = [bytes_codec(draw(st.sampled_from(["little", "big"])))]
    if draw(st.booleans()):
        codecs.append({"name": "gzip", "configuration": {"level": 1}})
    n_levels = draw(st.integers(0, 2))
    for level in range(n_levels + 1):
        for _ in range(draw(st.integers(0, 2))):
            order = draw(permutations)
            codecs = [transpose(order), *codecs]
            # Encoded axis i is decoded axis order[i]: the decoded shape is the inverse permutation of the encoded one.
            decoded = [0] * ndim
            for i, axis in enumerate(order):
                decoded[axis] = shape[i]
            shape = tuple(decoded)
        if level < n_levels:
            index_codecs = [bytes_codec(draw(st.sampled_from(["little", "big"]))), {"name": "crc32c"}]
            index_location = draw(st.sampled_from(["start", "end"]))
            codecs = [sharding(shape, codecs, index_codecs=index_codecs, index_location=index_location)]
            shape = tuple(n * c for n, c in zip(shape, draw(lengths), strict=True))
    return Case(shape, codecs, n_levels)


def inner_chunks(
    spec: ArraySpec, levels: tuple[ShardLevel, ...], encoded: bytes, start: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], bytes | None]]:
    """First element and bytes of every innermost chunk, as the levels say."""
    if not levels:
        yield start, encoded
        return
    level, *deeper = levels
    stored_grid = tuple(level.chunks_per_shard[axis] for axis in level.axes)
    index_type = parse_data_type("uint64", zarr_format=3)
    index_chain = CodecChain.compile(level.index_codecs, ChunkSpec((*stored_grid, 2), index_type, MISSING))
    index_nbytes = index_chain.encoded_nbytes()
    assert index_nbytes is not None
    raw = encoded[-index_nbytes:] if level.index_at_end else encoded[:index_nbytes]
    index = index_chain.decode(CPUBuffer.from_bytes(raw)).as_numpy_array().reshape(-1, 2)
    assert len(index) == level.n_chunks
    for coords in np.ndindex(*level.chunks_per_shard):
        offset, nbytes = index[level.index_position(coords)].tolist()
        place = tuple(a + i * c for a, i, c in zip(start, coords, level.chunk_shape, strict=True))
        if offset == MISSING:
            yield place, None
        else:
            yield from inner_chunks(spec, tuple(deeper), encoded[offset : offset + nbytes], place)


def read_through_levels(spec: ArraySpec, encoded: bytes) -> npt.NDArray[Any]:
    out = np.full(spec.grid.chunk_shape((0,) * spec.ndim), FILL, "int32")
    inner_shape = spec.levels[-1].chunk_shape if spec.levels else out.shape
    chain = CodecChain.compile(spec.inner_codecs, spec.chunk_spec(inner_shape))
    for start, raw in inner_chunks(spec, spec.levels, encoded, (0,) * spec.ndim):
        if raw is not None:
            region = tuple(slice(a, a + n) for a, n in zip(start, inner_shape, strict=True))
            out[region] = chain.decode(CPUBuffer.from_bytes(raw)).as_numpy_array()
    return out


@settings(deadline=None, max_examples=60)
@given(cases(), st.randoms(use_true_random=False))
def test_levels_find_every_inner_chunk(case: Case, random: Any) -> None:
    spec = metadata(case.chunk_shape, case.codecs).to_spec(ArrayConfig())
    assert len(spec.levels) == case.n_levels
    size = int(np.prod(case.chunk_shape))
    chunk = np.array([random.choice([FILL, 1, 2, 3]) for _ in range(size)], "int32").reshape(case.chunk_shape)
    whole = CodecChain.compile(spec.codecs, spec.chunk_spec(case.chunk_shape))
    encoded = whole.encode(CPUNDBuffer.from_numpy_array(chunk))
    if encoded is None:
        assert (chunk == FILL).all()
        return
    np.testing.assert_array_equal(whole.decode(encoded).as_numpy_array(), chunk)
    np.testing.assert_array_equal(read_through_levels(spec, encoded.to_bytes()), chunk)


def test_a_transposed_shard_in_array_axes() -> None:
    codecs = [transpose((2, 0, 1)), sharding((4, 1, 2), [bytes_codec()])]
    spec = metadata((2, 6, 8), codecs).to_spec(ArrayConfig())
    (level,) = spec.levels
    assert level.shape == (2, 6, 8)
    assert level.axes == (2, 0, 1)
    assert level.chunk_shape == (1, 2, 4)
    assert level.chunks_per_shard == (2, 3, 2)
    assert level.index_position((1, 2, 0)) == 0 * 6 + 1 * 3 + 2
    assert level.index_at_end
    assert [codec.to_dict()["name"] for codec in spec.inner_codecs] == ["transpose", "bytes"]
    assert [codec.to_dict()["name"] for codec in spec.codecs] == ["transpose", "sharding_indexed"]


@pytest.mark.parametrize(
    "codecs",
    [
        [bytes_codec()],
        [transpose((1, 0)), bytes_codec()],
        [sharding((2, 2), [bytes_codec()]), {"name": "crc32c"}],
    ],
)
def test_other_chains_have_no_levels(codecs: list[Any]) -> None:
    spec = metadata((4, 4), codecs).to_spec(ArrayConfig())
    assert spec.levels == ()
    assert spec.inner_codecs == spec.codecs


def test_codecs_after_an_inner_shard_end_the_levels() -> None:
    inner = sharding((1, 2), [bytes_codec()])
    spec = metadata((4, 4), [sharding((2, 2), [inner, {"name": "crc32c"}])]).to_spec(ArrayConfig())
    assert [level.chunk_shape for level in spec.levels] == [(2, 2)]
    assert [codec.to_dict()["name"] for codec in spec.inner_codecs] == ["sharding_indexed", "crc32c"]


def test_a_subclass_of_the_sharding_codec_is_not_taken_apart() -> None:
    class Other(ShardingCodec):
        pass

    codec = Other.from_dict(sharding((2, 2), [bytes_codec()]))
    assert metadata((4, 4), [codec]).to_spec(ArrayConfig()).levels == ()
