"""The text of documents: the same as the standard library's, whichever way it is made."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarr._support.json import MAX_DEPTH, dump, dump_attributes
from zarr._support.json_text import _PIECE, indented
from zarr.errors import ArgumentError, MetadataValidationError

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


def as_python_writes_it(document: Any, indent: int) -> bytes:
    return json.dumps(document, indent=indent, ensure_ascii=False).encode(errors="surrogatepass")


@given(st.dictionaries(st.text(), values), st.integers(0, 4))
def test_indented_text_is_that_of_the_standard_library(document, indent):
    try:
        expected = json.dumps(document, indent=indent, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        with pytest.raises(TypeError, match="UTF-8"):
            dump_attributes(document, indent)
    else:
        assert dump_attributes(document, indent) == expected


@given(st.text(min_size=1), st.integers(0, 4))
def test_a_text_that_is_written_in_pieces_is_whole(text, indent):
    document = {"attributes": {"long": text * (120_000 // len(text) + 1), "n": [1, text]}}
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(TypeError, match=r"\['attributes'\]\['long'\].*UTF-8"):
            dump_attributes(document, indent)
    else:
        assert dump_attributes(document, indent) == as_python_writes_it(document, indent)


ESCAPED = st.sampled_from(['"', "\\", "\n", "\t", "\r", "\x00", "\x1f", "\x7f", "\x80", "\u2028", "é", "\U0001f600"])
PLAIN = st.sampled_from(["a", "abcdefghijklmnop", " ", "/", "abc " * 50])


@given(
    st.lists(PLAIN | ESCAPED, min_size=1, max_size=40), st.integers(0, 10), st.sampled_from([_PIECE + 1, 3 * _PIECE])
)
def test_a_long_text_is_escaped_as_a_short_one(parts, shift, nbytes):
    """With few and with many of what has to be escaped, and wherever the text is cut into pieces."""
    text = "x" * shift + "".join(parts) * (nbytes // len("".join(parts)) + 1)
    assert indented({"a": text}, 1, 9) == json.dumps({"a": text}, indent=1, ensure_ascii=False).encode()


def test_a_long_text_is_never_in_memory_a_third_time():
    text = 'plain "text"\n' * 2**19
    tracemalloc.start()
    try:
        encoded = dump_attributes({"text": text}, 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * len(encoded)


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        Name("a"),
        {Name("a"): 1},
        {1: 2, None: 3, False: 4, 1.5: 5},
        10**400,
        -0.0,
        1e300,
        [],
        {},
        (),
        [[], {}],
        "\x00\u2028",
    ],
    ids=repr,
)
def test_unusual_values_too(value):
    assert dump({"a": value}, 2) == as_python_writes_it({"a": value}, 2)


def test_any_depth_is_written_that_can_be_read():
    deep: Any = 1
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert dump({"a": deep}, 1) == as_python_writes_it({"a": deep}, 1)
    with pytest.raises(
        MetadataValidationError, match=f"'zarr.json' is nested more than {MAX_DEPTH} levels deep: .* not stored"
    ):
        dump({"a": [deep]}, 1, "zarr.json")
    with pytest.raises(MetadataValidationError, match=r"'\.zattrs' is nested more than"):
        dump_attributes({"a": [deep]}, None)


def test_no_document_is_written_that_is_too_large_to_be_read(monkeypatch):
    monkeypatch.setattr("zarr._support.json.MAX_NBYTES", 1000)
    dump({"a": "x" * 900}, None)
    with pytest.raises(MetadataValidationError, match="has 1010 bytes, more than the limit of 1000"):
        dump({"a": "x" * 1002}, None)


def test_what_contains_itself_is_refused():
    attributes: dict[str, Any] = {}
    attributes["a"] = [attributes]
    with pytest.raises(ArgumentError, match="circular"):
        dump_attributes(attributes, 2)
