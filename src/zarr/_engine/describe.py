"""What the native engine is told of an array: plain numbers, names and bytes, from its spec.

Everything that the kernel cannot do is found here, once per array, and said in words: `describe` returns the
description or a `Rejection`. Only classes of ours are described, and only if they are exactly those: a subclass may do
anything.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.byte_order import reversed_units
from zarr._buffer.memory import empty
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.limits import variable_limit
from zarr._codec.transpose import TransposeCodec
from zarr._codec.v2 import V2Codec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._dtype.numbers import endianness_of
from zarr._dtype.octets import VariableLengthBytes
from zarr._dtype.small import has_spare_bits
from zarr._dtype.text import VariableLengthUTF8
from zarr._engine.contract import Rejection
from zarr._grid.grid import RectilinearGrid, RegularGrid

if TYPE_CHECKING:
    from zarr._buffer.byte_order import ByteOrder
    from zarr._metadata.spec import ArraySpec, ShardLevel

Description: TypeAlias = dict[str, Any]
CodecDescription: TypeAlias = tuple[str, dict[str, Any]]
_DescribeCodec: TypeAlias = Callable[[Any, int], "CodecDescription | None"]

_Lengths: TypeAlias = "tuple[int | tuple[tuple[int, int], ...], ...]"
"""Per axis one length, or runs of lengths."""

_MOST_ELEMENTS = 2**62
_WRAPPED = "zarr._codec.numcodecs_"
"""Where the codecs of format 3 are that wrap one of numcodecs."""
_FILTERS = frozenset({"astype", "delta", "fixedscaleoffset"})
"""Those of them that the kernel has and that compute with elements one by one, or in a row."""


def describe(spec: ArraySpec) -> Description | Rejection:
    """The arguments of `_native.Pipeline` for an array."""
    if not spec.config.verify_checksums:
        return Rejection("checksums are not to be verified, and the kernel verifies all")
    dtype = spec.dtype
    items = _items(spec)
    if items is None and (dtype.kind in "OT" or dtype.hasobject or dtype.itemsize == 0):
        return Rejection(f"elements of data type {dtype} have no fixed layout that the kernel knows")
    if has_spare_bits(dtype):
        return Rejection(f"elements of data type {dtype} have bits that mean nothing, which the kernel would look at")
    grid = spec.grid
    objects: _Lengths
    if type(grid) is RegularGrid:
        objects = reach = grid.shape
    elif type(grid) is RectilinearGrid:
        objects, reach = grid.runs, grid.reach
    else:
        return Rejection("the chunk grid is of a kind that the kernel does not know")
    if math.prod(max(n, c) for n, c in zip(spec.shape, reach, strict=True)) > _MOST_ELEMENTS:
        return Rejection("the array has more elements than 63 bits can count")
    chunk_shape = spec.levels[-1].chunk_shape if spec.levels else objects
    levels = _levels(spec)
    if isinstance(levels, Rejection):
        return levels
    chain = _chain(spec) if items is None else _item_chain(spec, items)
    if isinstance(chain, Rejection):
        return chain
    return {
        "shape": spec.shape,
        "object_shape": objects,
        "chunk_shape": chunk_shape,
        "items": items,
        "itemsize": dtype.itemsize,
        "levels": levels,
        "fill": _fill(spec) if items is None else _item_fill(spec),
        "keeps_empty": spec.config.write_empty_chunks,
        "refuses_missing": not spec.config.read_missing_chunks,
        **chain,
    }


def _fill(spec: ArraySpec) -> bytes:
    """The fill value as one element in memory, bit for bit."""
    fill = np.asarray(spec.fill_value)
    if fill.dtype == spec.dtype:
        return fill.tobytes()
    element = empty((), spec.dtype)
    element[()] = spec.fill_value
    return element.tobytes()


# -- elements of variable length ------------------------------------------------------------------------------------


def _items(spec: ArraySpec) -> str | None:
    """The codec of elements of variable length that the kernel knows; None for all others."""
    data_type, dtype = type(spec.data_type), spec.dtype
    if data_type is VariableLengthUTF8 and dtype.kind == "T" and not hasattr(dtype, "na_object"):
        return "vlen-utf8" if _is_text(spec.fill_value) else None
    if data_type is VariableLengthBytes and dtype.kind == "O":
        return "vlen-bytes" if type(spec.fill_value) is bytes else None
    return None


def _is_text(value: object) -> bool:
    """Whether a value is text that UTF-8 can say."""
    try:
        return type(value) is str and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _item_fill(spec: ArraySpec) -> bytes:
    fill = spec.fill_value
    return fill.encode() if isinstance(fill, str) else bytes(fill)


def _item_chain(spec: ArraySpec, items: str) -> dict[str, Any] | Rejection:
    """As `_chain`: first the codec of the elements, then codecs of bytes."""
    codecs: list[Any] = list(spec.inner_codecs if spec.levels else spec.codecs)
    if len(codecs) == 1 and type(codecs[0]) is V2Codec:
        axes = _axes_in_order(codecs[0], spec.ndim)
        codecs = list(codecs[0].stages)
        is_known = bool(codecs) and _names(codecs[0])[0].startswith("numcodecs.") and codecs[0].codec_id == items
    else:
        axes = _leading_axes(codecs, spec.ndim)
        is_known = bool(codecs) and type(codecs[0]) is _ITEM_CODECS[items]
    if not is_known:
        return _unknown(codecs[0] if codecs else None)
    described = _described(codecs[1:])
    if isinstance(described, Rejection):
        return described
    return {
        "order": axes,
        "swap_nbytes": 1,
        "codecs": described,
        "most_stream_nbytes": min(variable_limit(), sys.maxsize),
    }


# -- shards ---------------------------------------------------------------------------------------------------------


def _levels(spec: ArraySpec) -> list[tuple[Any, ...]] | Rejection:
    """The levels of sharding, with lengths counted in decoded chunks."""
    levels: list[tuple[Any, ...]] = []
    unit = spec.levels[-1].chunk_shape if spec.levels else ()
    for level in spec.levels:
        if not level.is_even:
            return Rejection("the inner chunks do not divide their shard")
        checksum = _index_checksum(level)
        if checksum is None:
            return Rejection("the codecs of the shard index are others than 'bytes' (little) and 'crc32c'")
        shard, inner = (
            shape and [n // u for n, u in zip(shape, unit, strict=True)] for shape in (level.shape, level.chunk_shape)
        )
        levels.append((shard, inner, level.axes, level.index_at_end, checksum, level.write_order))
    return levels


def _index_checksum(level: ShardLevel) -> bool | None:
    """Whether the index has a checksum; None if its codecs are unknown to the kernel."""
    head, *rest = level.index_codecs
    if type(head) is not BytesCodec or head.endian != "little":
        return None
    if not rest:
        return False
    return True if list(map(_codec, rest)) == [("crc32c", {"at_end": True})] else None


# -- codecs ---------------------------------------------------------------------------------------------------------


def _chain(spec: ArraySpec) -> dict[str, Any] | Rejection:
    """The members `order`, `swap_nbytes` and `codecs`."""
    codecs = spec.inner_codecs if spec.levels else spec.codecs
    if len(codecs) == 1 and type(codecs[0]) is V2Codec:
        return _v2_chain(codecs[0], spec)
    rest = list(codecs)
    axes = _leading_axes(rest, spec.ndim)
    filters = _leading_filters(rest)
    if not rest or type(serializer := rest[0]) is not BytesCodec:
        return _unknown(rest[0] if rest else None)
    described = _described(rest[1:])
    if isinstance(described, Rejection):
        return described
    if not filters:
        swap_nbytes = _swap_nbytes(spec.dtype, serializer.endian)
        if swap_nbytes is None:
            return Rejection(f"the bytes of some fields of {spec.dtype} change their order, and those of others do not")
        return {"order": axes, "swap_nbytes": swap_nbytes, "codecs": described}
    if not _fit_together(filters):
        return Rejection("the byte order of numbers changes between two filters")
    first, last = filters[0][1], filters[-1][1]
    swap_nbytes = _swap_nbytes(spec.dtype, _byte_order(np.dtype(first["decoded"]))) or 1
    last["encoded"] = _with_byte_order(np.dtype(last["encoded"]), serializer.endian).str
    return {"order": axes, "swap_nbytes": swap_nbytes, "codecs": [*filters, *described]}


def _leading_axes(codecs: list[Any], ndim: int) -> tuple[int, ...]:
    """The order of the axes behind the transposes that codecs begin with; those are taken away from the codecs."""
    axes = tuple(range(ndim))
    while codecs and type(codec := codecs[0]) is TransposeCodec:
        axes = tuple(axes[i] for i in codec.axes(ndim))
        del codecs[0]
    return axes


def _leading_filters(codecs: list[Any]) -> list[CodecDescription]:
    """Filters over elements that the kernel has as codecs of bytes; they are taken away from the codecs."""
    filters = []
    while codecs and _names(codecs[0])[0] == _WRAPPED and codecs[0].codec_id() in _FILTERS:
        described = _codec(codecs[0])
        if described is None:
            break
        filters.append(described)
        del codecs[0]
    return filters


def _fit_together(filters: Sequence[CodecDescription]) -> bool:
    """Whether each filter makes the numbers that the next one takes, with their bytes in the same order."""
    return all(before[1]["encoded"] == after[1]["decoded"] for before, after in pairwise(filters))


def _byte_order(dtype: np.dtype[Any]) -> ByteOrder | None:
    """The byte order of a dtype as serializers name it; None if it has none."""
    orders: dict[str, ByteOrder] = {"<": "little", ">": "big", "=": sys.byteorder}
    return orders.get(dtype.byteorder)


def _with_byte_order(dtype: np.dtype[Any], endian: str | None) -> np.dtype[Any]:
    return dtype if endian is None else dtype.newbyteorder("<" if endian == "little" else ">")


def _v2_chain(codec: V2Codec, spec: ArraySpec) -> dict[str, Any] | Rejection:
    described = _described(codec.stages, spec.dtype.itemsize)
    if isinstance(described, Rejection):
        return described
    return {"order": _axes_in_order(codec, spec.ndim), "swap_nbytes": 1, "codecs": described}


def _axes_in_order(codec: V2Codec, ndim: int) -> tuple[int, ...]:
    """The axes, the slowest one in a stored chunk first."""
    return tuple(range(ndim)) if codec.order == "C" else tuple(reversed(range(ndim)))


def _swap_nbytes(dtype: np.dtype[Any], endian: ByteOrder | None) -> int | None:
    """Length of the units whose bytes are reversed between memory and store; 1 if none are, None if not all are alike."""
    units = reversed_units(dtype, endian)
    if not units:
        return 1
    (start, nbytes, n), *others = units
    return nbytes if not others and (start, nbytes * n) == (0, dtype.itemsize) else None


def _described(codecs: Sequence[Any], itemsize: int = 1) -> list[CodecDescription] | Rejection:
    """The codecs of bytes, of which the first gets elements of `itemsize` bytes."""
    found = []
    for codec in codecs:
        described = _codec(codec, itemsize)
        if described is None:
            return _unknown(codec)
        found.append(described)
        itemsize = _itemsize_after(described)
    return found


def _itemsize_after(described: CodecDescription) -> int:
    """Bytes per element of what a codec makes: filters that compute make numbers, by which Blosc shuffles them."""
    encoded = described[1].get("encoded")
    return 1 if encoded is None else np.dtype(encoded).itemsize


def _codec(codec: Any, itemsize: int = 1) -> CodecDescription | None:
    """One codec of bytes; None if the kernel does not know it."""
    module, name = _names(codec)
    if module == _WRAPPED:
        return _codec(codec.numcodec) if codec.codec_id() in _NUMCODECS else None
    table, key = (_NUMCODECS, codec.codec_id) if module.startswith("numcodecs.") else (_CODECS, f"{module}.{name}")
    describe_codec = table.get(key)
    return None if describe_codec is None else describe_codec(codec, itemsize)


def _names(codec: object) -> tuple[str, str]:
    """Where the class of a codec is defined, and its name. Modules of codecs that nobody uses are not loaded for this."""
    return type(codec).__module__, type(codec).__qualname__


def _unknown(codec: object) -> Rejection:
    return Rejection(f"the kernel does not know the codec {type(codec).__name__}, or not with these parameters")


def _parameters(name: str, *attributes: str) -> _DescribeCodec:
    """A codec whose parameters are called as the attributes are."""
    return lambda codec, _: (name, {attribute: getattr(codec, attribute) for attribute in attributes})


def _zstd(codec: Any, _: int) -> CodecDescription | None:
    level, checksum = codec.level, bool(getattr(codec, "checksum", False))
    return ("zstd", {"level": level, "checksum": checksum})


def _checksum(name: str, location: str) -> _DescribeCodec:
    return lambda codec, _: (name, {"at_end": (getattr(codec, "location", None) or location) == "end"})


def _numcodecs_blosc(codec: Any, itemsize: int) -> CodecDescription | None:
    shuffle = codec.shuffle
    if shuffle == codec.AUTOSHUFFLE:
        shuffle = codec.BITSHUFFLE if itemsize == 1 else codec.SHUFFLE
    return (
        "blosc",
        {
            "cname": codec.cname,
            "clevel": codec.clevel,
            "shuffle": _SHUFFLES.get(shuffle, "") if isinstance(shuffle, int) else "",
            "typesize": itemsize,
            "blocksize": codec.blocksize,
        },
    )


def _numbers(name: str, decoded: str, encoded: str, *attributes: str) -> _DescribeCodec:
    """A filter that computes: the attributes that hold its dtypes, and others."""

    def describe_filter(codec: Any, _: int) -> CodecDescription:
        parameters = {attribute: getattr(codec, attribute) for attribute in attributes}
        return (
            name,
            {
                "decoded": _type_code(np.dtype(getattr(codec, decoded))),
                "encoded": _type_code(np.dtype(getattr(codec, encoded))),
                **parameters,
            },
        )

    return describe_filter


def _type_code(dtype: np.dtype[Any]) -> str:
    """A dtype of numbers as the kernel reads it; a code that it does not know for any other."""
    order = "|" if dtype.byteorder == "|" else ">" if endianness_of(dtype) == "big" else "<"
    return f"{order}{'V' if dtype.isbuiltin == 2 else dtype.kind}{dtype.itemsize}"


_ITEM_CODECS = {"vlen-utf8": VLenUTF8Codec, "vlen-bytes": VLenBytesCodec}

_SHUFFLES = {0: "noshuffle", 1: "shuffle", 2: "bitshuffle"}

_CODECS: dict[str, _DescribeCodec] = {
    "zarr._codec.blosc.BloscCodec": _parameters("blosc", "cname", "clevel", "shuffle", "typesize", "blocksize"),
    "zarr._codec.crc32c_.Crc32cCodec": _checksum("crc32c", "end"),
    "zarr._codec.gzip_.GzipCodec": _parameters("gzip", "level"),
    "zarr._codec.zstd.ZstdCodec": _zstd,
}
"""Our codecs of format 3, by their classes."""

_NUMCODECS: dict[str, _DescribeCodec] = {
    "adler32": _checksum("adler32", "start"),
    "astype": _numbers("astype", "decode_dtype", "encode_dtype"),
    "blosc": _numcodecs_blosc,
    "crc32": _checksum("crc32", "start"),
    "crc32c": _checksum("crc32c", "end"),
    "delta": _numbers("delta", "dtype", "astype"),
    "fixedscaleoffset": _numbers("fixedscaleoffset", "dtype", "astype", "offset", "scale"),
    "fletcher32": _parameters("fletcher32"),
    "gzip": _parameters("gzip", "level"),
    "lz4": _parameters("lz4", "acceleration"),
    "packbits": lambda _, itemsize: ("packbits", {}) if itemsize == 1 else None,
    "shuffle": _parameters("shuffle", "elementsize"),
    "zlib": _parameters("zlib", "level"),
    "zstd": _zstd,
}
"""The same for the classes of numcodecs, by their ids: codecs of format 2, and those that format 3 wraps."""
