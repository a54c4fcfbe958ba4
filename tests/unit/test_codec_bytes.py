"""Codecs `bytes` and `transpose`: layout of elements, with NumPy as the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import zarr
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._buffer.byte_order import has_byte_order
from zarr._codec.base import ChunkSpec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.chain import CodecChain
from zarr._codec.transpose import TransposeCodec
from zarr._dtype.registry import parse_data_type
from zarr.errors import CodecError, MetadataValidationError, ZarrUserWarning
from zarr.storage import MemoryStore

STRUCT = np.dtype([("a", "<i2"), ("b", "<f8"), ("c", "S3")])


def spec_of(shape, dtype):
    data_type = parse_data_type(np.dtype(dtype), zarr_format=3)
    return ChunkSpec(shape, data_type, data_type.default_scalar())


def chain_of(array, *codecs):
    return CodecChain.compile(codecs, spec_of(array.shape, array.dtype))


def encode(chain, array):
    return chain.encode(CPUNDBuffer.from_numpy_array(array)).to_bytes()


def decode(chain, data):
    return chain.decode(CPUBuffer.from_bytes(data)).as_numpy_array()


@pytest.mark.parametrize("dtype", ["i1", "?", "<u2", ">u2", "<f4", "<c16", "S3", "<U2", "V5", "<M8[s]", STRUCT])
@pytest.mark.parametrize(("endian", "code"), [("little", "<"), ("big", ">")])
def test_bytes_are_c_order_in_the_stored_byte_order(dtype, endian, code):
    dtype = np.dtype(dtype)
    raw = np.random.default_rng(0).integers(0, 2 if dtype.kind == "b" else 100, 6 * dtype.itemsize, np.uint8)
    array = np.zeros(6, "<U2") if dtype.kind == "U" else raw.view(dtype)
    array = np.asfortranarray(array.reshape(2, 3))
    chain = chain_of(array, BytesCodec(endian=endian))
    encoded = encode(chain, array)
    assert encoded == array.astype(array.dtype.newbyteorder(code)).tobytes(order="C")
    decoded = decode(chain, encoded)
    assert decoded.dtype == chain.spec.dtype.to_native_dtype()
    np.testing.assert_array_equal(decoded, array)
    assert chain.encoded_nbytes() == len(encoded)


@given(hnp.arrays(hnp.integer_dtypes() | hnp.floating_dtypes(), hnp.array_shapes(max_dims=3, min_side=0)))
def test_round_trip(array):
    chain = chain_of(array, BytesCodec(endian="big"))
    assert decode(chain, encode(chain, array)).tobytes() == np.ascontiguousarray(array).tobytes()


def test_extension_dtype_is_swapped_by_hand():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, -2.0], ml_dtypes.bfloat16)

    class BFloat16:
        _zarr_v3_name = "bfloat16"

        def to_native_dtype(self):
            return array.dtype

    chain = CodecChain.compile([BytesCodec(endian="big")], ChunkSpec((2,), BFloat16(), 0))
    assert encode(chain, array) == b"\x3f\xc0\xc0\x00"
    np.testing.assert_array_equal(decode(chain, b"\x3f\xc0\xc0\x00"), array)


def test_endian_follows_the_data_type():
    assert BytesCodec(endian="big").evolve_from_array_spec(spec_of((1,), "u1")) == BytesCodec(endian=None)
    with pytest.raises(ValueError, match="'endian'"):
        BytesCodec(endian=None).evolve_from_array_spec(spec_of((1,), "i4"))
    with pytest.warns(ZarrUserWarning, match="little"):
        assert BytesCodec(endian=None).evolve_from_array_spec(spec_of((1,), STRUCT)).endian == "little"
    assert not has_byte_order(np.dtype([("a", "S9"), ("b", "u1", (3,))]))


@pytest.mark.parametrize("n_bytes", [0, 15, 17])
def test_wrong_length_is_an_error(n_bytes):
    chain = chain_of(np.zeros(4, "<i4"), BytesCodec())
    with pytest.raises(CodecError, match=f"{n_bytes} bytes") as caught:
        decode(chain, bytes(n_bytes))
    assert (caught.value.codec, caught.value.action) == ("bytes", "decode")


def test_variable_length_is_refused():
    with pytest.raises(ValueError, match="vlen-utf8"):
        chain_of(np.zeros(1, np.dtypes.StringDType()), BytesCodec())


def test_bytes_metadata():
    for endian in ("little", "big", None):
        assert BytesCodec.from_dict(BytesCodec(endian=endian).to_dict()) == BytesCodec(endian=endian)
    assert BytesCodec.from_dict("bytes") == BytesCodec(endian=None)
    assert BytesCodec.from_dict({"name": "endian", "configuration": {"endian": "big"}}).endian == "big"
    with pytest.raises(MetadataValidationError, match="'endiann'"):
        BytesCodec.from_dict({"name": "bytes", "configuration": {"endiann": "big"}})
    with pytest.raises(ValueError, match="middle"):
        BytesCodec(endian="middle")


@given(st.permutations(range(3)))
def test_transpose_is_numpys(order):
    array = np.arange(24, dtype="<i2").reshape(2, 3, 4)
    chain = chain_of(array, TransposeCodec(order=order), BytesCodec())
    encoded = encode(chain, array)
    assert encoded == array.transpose(order).tobytes()
    np.testing.assert_array_equal(decode(chain, encoded), array)


def test_transposes_add_up():
    array = np.arange(24, dtype="<i2").reshape(2, 3, 4)
    chain = chain_of(array, TransposeCodec(order=(1, 2, 0)), TransposeCodec(order=(1, 2, 0)), BytesCodec())
    assert encode(chain, array) == array.transpose(1, 2, 0).transpose(1, 2, 0).tobytes()
    np.testing.assert_array_equal(decode(chain, encode(chain, array)), array)


def test_transpose_reads_old_strings():
    array = np.arange(6, dtype="<i2").reshape(2, 3)
    fortran = TransposeCodec.from_dict({"name": "transpose", "configuration": {"order": "F"}})
    assert encode(chain_of(array, fortran, BytesCodec()), array) == array.tobytes(order="F")
    assert fortran.evolve_from_array_spec(spec_of((2, 3), "i2")).to_dict()["configuration"] == {"order": (1, 0)}
    with pytest.raises(ValueError, match="rank"):
        fortran.to_dict()


@pytest.mark.parametrize("order", [(0, 0), (1,), (-1, 0), "K", (0.0, 1)])
def test_transpose_refuses_what_is_no_permutation(order):
    with pytest.raises((ValueError, TypeError), match="transpose"):
        TransposeCodec(order=order)


def test_transpose_of_another_rank():
    with pytest.raises(ValueError, match="2 axes"):
        chain_of(np.zeros((1, 2, 3)), TransposeCodec(order=(1, 0)), BytesCodec())
    with pytest.raises(MetadataValidationError, match="'order'"):
        TransposeCodec.from_dict("transpose")


def text_of(zarr_format, dtype, kind):
    """An array of NumPy's text in two chunks, and the key of the second one."""
    store = MemoryStore()
    order = {"order": "F"} if zarr_format == 2 else {}
    if kind == "shards":
        order["shards"] = (4, 4)
    array = zarr.create_array(
        store, shape=(8, 4), chunks=(4, 2), dtype=dtype, zarr_format=zarr_format, compressors=None, **order
    )
    array[...] = np.zeros((8, 4), dtype) if array.dtype.names else np.full((8, 4), "é" * 2)
    key = {(2, "chunks"): "1.0", (3, "chunks"): "c/1/0", (3, "shards"): "c/1/0"}[zarr_format, kind]
    array[4:] = array[:4] if array.dtype.names is None else np.array((1, "ab"), dtype)
    return array, store, key


@pytest.mark.parametrize(("zarr_format", "kind"), [(2, "chunks"), (3, "chunks"), (3, "shards")])
@pytest.mark.parametrize("dtype", ["<U2", ">U2", [("n", "<i4"), ("t", "<U2")]])
@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
def test_numbers_that_are_no_characters(engine, zarr_format, kind, dtype):
    """NumPy takes any numbers for text, and fails when somebody wants to see it."""
    array, store, key = text_of(zarr_format, np.dtype(dtype), kind)
    raw = bytearray(store.get_sync(key).to_bytes())
    at = raw.index(
        "é".encode("utf-32-be" if array.dtype.str == ">U2" and zarr_format == 2 else "utf-32-le")
        if array.dtype.names is None
        else b"a"
    )
    raw[at : at + 4] = b"\x00\x11\x11\x00"
    store.set_sync(key, CPUBuffer.from_bytes(bytes(raw)))
    for selection in (Ellipsis, (4, 0), (slice(7, 3, -1), slice(0, 2)), ([4, 5], slice(None))):
        with pytest.raises(CodecError, match=f"{key}.*no character"):
            array[selection]
    with pytest.raises(CodecError, match=f"{key}.*no character"):
        array.get_basic_selection(Ellipsis, out=CPUNDBuffer.from_numpy_array(np.empty((8, 4), array.dtype)))
    assert np.array_equal(array[:4], np.zeros((4, 4), dtype) if array.dtype.names else np.full((4, 4), "éé"))


@pytest.mark.parametrize("field", [("t", "U2"), ("t", "U2", (2,)), ("t", [("u", "U2")]), ("t", [("u", "U2")], (2,))])
def test_numbers_that_are_no_characters_deep_in_structs(engine, field):
    """Also of one element, which is read by a way of its own."""
    dtype = np.dtype([("n", "i4"), field])
    store = MemoryStore()
    array = zarr.create_array(store, shape=3, dtype=dtype, zarr_format=2, compressors=None)
    store.set_sync("0", CPUBuffer.from_bytes(b"\x01" * 4 + b"\xff" * (3 * dtype.itemsize - 4)))
    for selection in (1, slice(0, 2)):
        with pytest.raises(CodecError, match=r"'0'.*no character"):
            array[selection]
