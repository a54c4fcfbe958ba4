"""Codecs `vlen-utf8` and `vlen-bytes`, against numcodecs and by hand."""

import struct

import numcodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._codec.base import ChunkSpec
from zarr._codec.chain import CodecChain
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._dtype import Optional, VariableLengthBytes, VariableLengthUTF8
from zarr.errors import CodecError, MetadataValidationError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


def text_chain(shape):
    return CodecChain.compile([VLenUTF8Codec()], ChunkSpec(shape, VariableLengthUTF8(), ""))


def bytes_chain(shape):
    return CodecChain.compile([VLenBytesCodec()], ChunkSpec(shape, VariableLengthBytes(), b""))


def encode(chain, array):
    return chain.encode(CPUNDBuffer.from_numpy_array(array)).to_bytes()


def decode(chain, data):
    return chain.decode(CPUBuffer.from_bytes(data)).as_numpy_array()


def objects(items, shape=None):
    array = np.empty(len(items), object)
    array[:] = items
    return array if shape is None else array.reshape(shape)


def test_layout_of_the_specification():
    encoded = bytes.fromhex("03000000 01000000 61 02000000 c3a9 00000000")
    array = np.array(["a", "é", ""], np.dtypes.StringDType())
    assert encode(text_chain((3,)), array) == encoded
    decoded = decode(text_chain((3,)), encoded)
    assert decoded.dtype == np.dtypes.StringDType()
    assert decoded.tolist() == ["a", "é", ""]


@given(st.lists(TEXT, max_size=8))
def test_text_is_numcodecs(items):
    chain = text_chain((len(items),))
    encoded = encode(chain, np.array(items, np.dtypes.StringDType()))
    assert encoded == encode(chain, objects(items))
    assert decode(chain, encoded).tolist() == items
    if items:
        assert encoded == bytes(numcodecs.VLenUTF8().encode(objects(items)))


@given(st.lists(st.binary(max_size=5), max_size=8))
def test_bytes_is_numcodecs(items):
    chain = bytes_chain((len(items),))
    encoded = encode(chain, objects(items))
    assert decode(chain, encoded).tolist() == items
    if items:
        assert encoded == bytes(numcodecs.VLenBytes().encode(objects(items)))


def test_elements_are_in_c_order():
    array = np.asfortranarray(np.array([["a", "b"], ["c", "d"]], np.dtypes.StringDType()))
    encoded = encode(text_chain((2, 2)), array)
    assert bytes(encoded[8::5]) == b"abcd"
    assert decode(text_chain((2, 2)), encoded).tolist() == [["a", "b"], ["c", "d"]]


def test_nothing_is_the_empty_string():
    assert encode(text_chain((2,)), objects([None, 0])) == struct.pack("<III", 2, 0, 0)
    assert encode(bytes_chain((2,)), objects([None, 0])) == struct.pack("<III", 2, 0, 0)


@pytest.mark.parametrize("item", [1, b"x", "\ud800", [1]])
def test_other_elements_are_refused(item):
    with pytest.raises(CodecError, match="vlen-utf8"):
        encode(text_chain((1,)), objects([item]))


def test_text_is_not_bytes():
    with pytest.raises(CodecError, match="vlen-bytes"):
        encode(bytes_chain((1,)), objects(["x"]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1\0",
        struct.pack("<I", 1),
        struct.pack("<II", 1, 1),
        struct.pack("<II", 1, 2**32 - 1) + b"abc",
        struct.pack("<II", 2, 0),
        struct.pack("<III", 2, 0, 0),
        struct.pack("<I", 2**32 - 1),
        struct.pack("<II", 1, 1) + b"ab",
        struct.pack("<II", 1, 1) + b"\xff",
    ],
)
def test_damage_is_an_error(data):
    with pytest.raises(CodecError, match="vlen-utf8"):
        decode(text_chain((1,)), data)


@given(st.binary(max_size=40))
def test_any_bytes_decode_or_raise(data):
    try:
        decoded = decode(bytes_chain((3,)), data)
    except CodecError:
        return
    assert encode(bytes_chain((3,)), decoded) == data


def test_data_types_are_checked():
    from zarr._dtype.registry import parse_data_type

    number = parse_data_type(np.dtype("i4"), zarr_format=3)
    for codec, dtype in [
        (VLenUTF8Codec(), number),
        (VLenUTF8Codec(), VariableLengthBytes()),
        (VLenBytesCodec(), number),
        (VLenBytesCodec(), VariableLengthUTF8()),
        (VLenUTF8Codec(), Optional(data_type=VariableLengthUTF8())),  # None would come back as "",
        (VLenBytesCodec(), Optional(data_type=number)),  # and 0 as b""
    ]:
        with pytest.raises(ValueError, match="variable length"):
            codec.validate(shape=(1,), dtype=dtype, chunk_grid=None)


def test_metadata():
    assert VLenUTF8Codec.from_dict("vlen-utf8").to_dict() == {"name": "vlen-utf8", "configuration": {}}
    assert VLenBytesCodec.from_dict({"name": "vlen-bytes"}) == VLenBytesCodec()
    with pytest.raises(MetadataValidationError, match="'x'"):
        VLenBytesCodec.from_dict({"name": "vlen-bytes", "configuration": {"x": 1}})
