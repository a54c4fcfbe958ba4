"""Chunk key encodings against the tables of the specifications, and the way back against the way forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarr._grid.chunk_keys import (
    ChunkKeyEncoding,
    DefaultChunkKeyEncoding,
    SuffixedChunkKeyEncoding,
    V2ChunkKeyEncoding,
    get_chunk_key_encoding_class,
    parse_chunk_key,
    parse_chunk_key_encoding,
    register_chunk_key_encoding,
)
from zarr.errors import MetadataValidationError

ENCODINGS = [
    DefaultChunkKeyEncoding("/"),
    DefaultChunkKeyEncoding("."),
    V2ChunkKeyEncoding("/"),
    V2ChunkKeyEncoding("."),
    SuffixedChunkKeyEncoding(suffix=".1"),
    SuffixedChunkKeyEncoding(".", suffix="c.1"),
]


@pytest.mark.parametrize(
    ("encoding", "key", "key_0d"),
    [
        (DefaultChunkKeyEncoding(), "c/1/23/45", "c"),
        (DefaultChunkKeyEncoding("."), "c.1.23.45", "c"),
        (V2ChunkKeyEncoding(), "1.23.45", "0"),
        (V2ChunkKeyEncoding("/"), "1/23/45", "0"),
        (SuffixedChunkKeyEncoding(suffix=".tiff"), "c/1/23/45.tiff", "c.tiff"),
        (SuffixedChunkKeyEncoding(".", suffix=".1"), "c.1.23.45.1", "c.1"),
        (SuffixedChunkKeyEncoding(suffix=""), "c/1/23/45", "c"),
    ],
)
def test_keys_of_the_specification(encoding: ChunkKeyEncoding, key: str, key_0d: str) -> None:
    assert encoding.encode_chunk_key((1, 23, 45)) == key
    assert encoding.decode_chunk_key(key) == (1, 23, 45)
    assert encoding.encode_chunk_key(()) == key_0d
    assert parse_chunk_key(encoding, key_0d, 0) == ()
    assert parse_chunk_key(encoding, key, 0) is None
    assert parse_chunk_key(encoding, key, 2) is None


@given(st.sampled_from(ENCODINGS), st.lists(st.integers(0, 2**64), max_size=5))
def test_decoding_undoes_encoding(encoding: ChunkKeyEncoding, coords: list[int]) -> None:
    key = encoding.encode_chunk_key(tuple(coords))
    assert parse_chunk_key(encoding, key, len(coords)) == tuple(coords)


@given(st.sampled_from(ENCODINGS), st.text("c0123/.-+ zarjson٣", max_size=8), st.integers(0, 3))
def test_only_keys_that_encoding_makes_are_decoded(encoding: ChunkKeyEncoding, key: str, ndim: int) -> None:
    coords = parse_chunk_key(encoding, key, ndim)
    if coords is not None:
        assert encoding.encode_chunk_key(coords) == key


@pytest.mark.parametrize(
    "key", ["", "c/", "c//1", "c/01", "c/-1", "c/+1", "c/1 ", "c/1_0", "c/٣", "c/x", "d/1", "c.1", "zarr.json", "c/1/"]
)
def test_keys_that_are_no_chunks_are_rejected(key: str) -> None:
    with pytest.raises(ValueError, match="not a chunk key"):
        DefaultChunkKeyEncoding().decode_chunk_key(key)


@pytest.mark.parametrize("key", ["", ".zarray", "0.", "0..1", "00", "c", "1/2", "9" * 5000 + "x"])
def test_v2_keys_that_are_no_chunks_are_rejected(key: str) -> None:
    with pytest.raises(ValueError):
        V2ChunkKeyEncoding().decode_chunk_key(key)


def test_a_key_too_long_for_a_number_is_no_chunk() -> None:
    assert parse_chunk_key(V2ChunkKeyEncoding(), "9" * 5000, 1) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("default", DefaultChunkKeyEncoding("/")),
        ("v2", V2ChunkKeyEncoding(".")),
        ({"name": "default"}, DefaultChunkKeyEncoding("/")),
        ({"name": "v2", "configuration": {}}, V2ChunkKeyEncoding(".")),
        ({"name": "v2", "configuration": {"separator": "/"}}, V2ChunkKeyEncoding("/")),
        ({"name": "default", "separator": "."}, DefaultChunkKeyEncoding(".")),
        ({"name": "zarrs.default_suffix", "suffix": "x"}, SuffixedChunkKeyEncoding(suffix="x")),
        (V2ChunkKeyEncoding("/"), V2ChunkKeyEncoding("/")),
    ],
)
def test_forms_that_are_parsed(data: Any, expected: ChunkKeyEncoding) -> None:
    assert parse_chunk_key_encoding(data) == expected


def test_the_stored_form_round_trips() -> None:
    for encoding in ENCODINGS:
        assert parse_chunk_key_encoding(encoding.to_dict(), stored=True) == encoding
    assert V2ChunkKeyEncoding().to_dict() == {"name": "v2", "configuration": {"separator": "."}}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("fanout", "unknown chunk key encoding 'fanout'"),
        ({"name": "default", "configuration": {"separator": "-"}}, "separator"),
        ({"name": "default", "configuration": {"sep": "/"}}, "sep"),
        ({"configuration": {}}, "name"),
        ({"name": "default", "configuration": "/"}, "an object"),
        ("zarrs.default_suffix", "'suffix', and perhaps 'separator'"),
        ({"name": "zarrs.default_suffix", "suffix": "x", "more": 1}, "'suffix', and perhaps 'separator'"),
        ({"name": "zarrs.default_suffix", "suffix": "x", "separator": "-"}, "separator"),
        *(({"name": "zarrs.default_suffix", "suffix": bad}, "suffix") for bad in (None, 1, "/x", "..\\x", "a\0")),
        (7, "chunk_key_encoding"),
        (None, "chunk_key_encoding"),
    ],
)
def test_forms_that_are_refused(data: Any, text: str) -> None:
    with pytest.raises(MetadataValidationError, match=text):
        parse_chunk_key_encoding(data)


def test_the_flat_form_is_not_a_stored_form() -> None:
    with pytest.raises(MetadataValidationError, match="separator"):
        parse_chunk_key_encoding({"name": "v2", "separator": "/"}, stored=True)


def test_a_registered_encoding_is_found() -> None:
    @dataclass(frozen=True)
    class Suffixed(ChunkKeyEncoding):
        name: ClassVar[str] = "test_suffixed"
        suffix: str = ".bin"

        def encode_chunk_key(self, chunk_coords: tuple[int, ...]) -> str:
            return "-".join(map(str, chunk_coords)) + self.suffix

    register_chunk_key_encoding("test_suffixed", Suffixed)
    encoding = parse_chunk_key_encoding({"name": "test_suffixed", "configuration": {"suffix": ".x"}})
    assert encoding == Suffixed(".x")
    assert encoding.encode_chunk_key((1, 2)) == "1-2.x"
    assert encoding.to_dict() == {"name": "test_suffixed", "configuration": {"suffix": ".x"}}
    assert get_chunk_key_encoding_class("test_suffixed") is Suffixed
    with pytest.raises(NotImplementedError, match="decode_chunk_key"):
        encoding.decode_chunk_key("1-2.x")
