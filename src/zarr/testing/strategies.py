"""Hypothesis strategies for arrays, their metadata, selections and keys: names and arguments are zarr-python's.

Where an example needs what this library cannot do yet (arrays with chunks of different lengths), drawing it raises the
library's own error, which says so.
"""

from __future__ import annotations

import math
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import hypothesis.extra.numpy as npst
import hypothesis.strategies as st
import numpy as np

from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr._codec.base import Codec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.documents import SUBCHUNK_WRITE_ORDER
from zarr._codec.sharding import ShardingCodec
from zarr._codec.zstd import ZstdCodec
from zarr._compat.sync import sync
from zarr._dtype import data_type_registry, parse_data_type
from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.structs import Struct
from zarr._dtype.traits import HasItemSize
from zarr._faces.array import Array
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding
from zarr._grid.grid import RectilinearGrid
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.grid import RegularChunkGridMetadata
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata
from zarr._store.abstract import AccessMode, Store
from zarr._store.make import StoreLike
from zarr._store.memory import MemoryStore
from zarr._store.path import normalize_path
from zarr._support.public_names import public_names_of
from zarr.api.synchronous import create_array, open_group

if TYPE_CHECKING:
    import numpy.typing as npt
    from hypothesis.strategies import DrawFn, SearchStrategy

AnyArray: TypeAlias = Array
CompressorsLike: TypeAlias = Sequence[Codec | Mapping[str, Any]] | Codec | Mapping[str, Any] | Literal["auto"] | None
SerializerLike: TypeAlias = Codec | Mapping[str, Any] | Literal["auto"]
TBaseDType: TypeAlias = np.dtype[np.generic]
TBaseScalar: TypeAlias = np.generic | str | bytes
Shape: TypeAlias = tuple[int, ...]

DATETIME_UNIT = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as", "generic")

__all__ = [
    "DATETIME_UNIT",
    "SUBCHUNK_WRITE_ORDER",
    "AnyArray",
    "Array",
    "ArrayV2Metadata",
    "ArrayV3Metadata",
    "ByteRequest",
    "BytesCodec",
    "CompressorsLike",
    "Crc32cCodec",
    "DefaultChunkKeyEncoding",
    "HasItemSize",
    "MemoryStore",
    "OffsetByteRequest",
    "RangeByteRequest",
    "RectilinearChunkGridMetadata",
    "RegularChunkGridMetadata",
    "SerializerLike",
    "ShardingCodec",
    "Store",
    "StoreLike",
    "Struct",
    "SuffixByteRequest",
    "TBaseDType",
    "TBaseScalar",
    "ZDType",
    "ZstdCodec",
    "array_metadata",
    "arrays",
    "basic_indices",
    "block_indices",
    "block_test_arrays",
    "chunk_grids",
    "chunk_paths",
    "chunk_shapes",
    "chunks_param_from_rectilinear",
    "clear_store",
    "complex_rectilinear_arrays",
    "data_type_registry",
    "dimension_names",
    "dtypes",
    "end_slices",
    "get_data_type_from_native_dtype",
    "is_negative_slice",
    "key_ranges",
    "keys",
    "normalize_path",
    "np_array_and_chunks",
    "numpy_arrays",
    "orthogonal_indices",
    "paths",
    "rectilinear_arrays",
    "rectilinear_chunk_grids",
    "rectilinear_chunk_shape_declarations",
    "rectilinear_chunks",
    "rectilinear_dim_edges",
    "safe_unicode_for_dtype",
    "shard_shapes",
    "sharded_arrays",
    "simple_arrays",
    "structured_dtypes",
    "sync",
    "v2_dtypes",
    "v3_dtypes",
    "zdtypes",
]

__dir__ = public_names_of(__name__)


# -- data types -----------------------------------------------------------------------------------------------------


def get_data_type_from_native_dtype(dtype: npt.DTypeLike) -> ZDType[Any, Any]:
    """The data type that has a NumPy dtype for its elements."""
    return parse_data_type(np.dtype(dtype), zarr_format=3)


def _any_order(strategy: Callable[..., SearchStrategy[np.dtype[Any]]], **sizes: Any) -> SearchStrategy[np.dtype[Any]]:
    return strategy(endianness="=", **sizes)


def v3_dtypes() -> SearchStrategy[np.dtype[Any]]:
    """NumPy dtypes that arrays of format 3 can have."""
    return st.one_of(
        npst.boolean_dtypes(),
        _any_order(npst.integer_dtypes),
        _any_order(npst.unsigned_integer_dtypes),
        _any_order(npst.floating_dtypes, sizes=(16, 32, 64)),
        _any_order(npst.complex_number_dtypes, sizes=(64, 128)),
        _any_order(npst.byte_string_dtypes),
        _any_order(npst.unicode_string_dtypes),
        _any_order(npst.datetime64_dtypes),
        _any_order(npst.timedelta64_dtypes),
    )


def v2_dtypes() -> SearchStrategy[np.dtype[Any]]:
    """NumPy dtypes that arrays of format 2 can have."""
    return v3_dtypes()


def dtypes() -> SearchStrategy[np.dtype[Any]]:
    """NumPy dtypes of any array."""
    return v3_dtypes().filter(lambda dtype: dtype.itemsize > 0)


def zdtypes(*, max_leaves: int = 6) -> SearchStrategy[ZDType[Any, Any]]:
    """Data types; structs among them have at most so many fields, with those of structs in them."""
    return st.recursive(dtypes().map(get_data_type_from_native_dtype), _structs_of, max_leaves=max_leaves)


def _structs_of(fields: SearchStrategy[ZDType[Any, Any]]) -> SearchStrategy[Struct]:
    names = st.text(string.ascii_lowercase, min_size=1, max_size=4)
    members = st.lists(st.tuples(names, fields), min_size=1, max_size=4, unique_by=lambda member: member[0])
    return members.map(lambda pairs: Struct(fields=tuple(pairs)))


@st.composite
def structured_dtypes(draw: DrawFn, *, allow_extended: bool = False, max_depth: int = 3) -> np.dtype[np.void]:
    """NumPy dtypes with fields, nested to a depth; if extended, also fields that are arrays, and gaps between them."""
    leaves = st.one_of(
        npst.boolean_dtypes(), npst.integer_dtypes(), npst.floating_dtypes(), npst.complex_number_dtypes()
    )
    names = draw(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
    fields: list[Any] = []
    for name in names:
        is_nested = max_depth > 1 and draw(st.integers(0, 3)) == 0
        inner = structured_dtypes(allow_extended=allow_extended, max_depth=max_depth - 1) if is_nested else leaves
        field: Any = draw(inner)
        if allow_extended and draw(st.booleans()):
            fields.append((name, field, draw(npst.array_shapes(max_dims=2, max_side=3))))
        else:
            fields.append((name, field))
    return np.dtype(fields, align=allow_extended and draw(st.booleans()))


def safe_unicode_for_dtype(dtype: np.dtype[np.str_]) -> SearchStrategy[str]:
    """Texts that fit into elements of a dtype, and come out of them as they were."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0", min_codepoint=32)
    return st.text(characters, max_size=max(1, dtype.itemsize // 4))


# -- names ----------------------------------------------------------------------------------------------------------

zarr_key_chars = st.sampled_from(f".-{string.digits}{string.ascii_uppercase}_{string.ascii_lowercase}")


def _names(**sizes: Any) -> SearchStrategy[str]:
    found = st.text(zarr_key_chars, min_size=1, **sizes)
    return found.filter(lambda name: name not in (".", "..", "zarr.json") and not name.startswith("__")).filter(
        lambda name: (
            name.lower() != "zarr.json" and not name.startswith((".zarray", ".zgroup", ".zattrs", ".zmetadata"))
        )
    )


node_names = _names()
short_node_names = _names(max_size=3)
array_names = node_names


@st.composite
def keys(draw: DrawFn, *, max_num_nodes: int | None = None) -> str:
    """Keys of values: names joined by slashes."""
    return "/".join(draw(st.lists(node_names, min_size=1, max_size=max_num_nodes or 8)))


@st.composite
def paths(draw: DrawFn, *, max_num_nodes: int | None = None) -> str:
    """Paths of nodes; `/` is the root."""
    return draw(st.just("/") | keys(max_num_nodes=max_num_nodes))


@st.composite
def dimension_names(draw: DrawFn, *, ndim: int | None = None) -> list[str | None] | None:
    """Names for each dimension, or none."""
    n = draw(st.integers(0, 4)) if ndim is None else ndim
    return draw(st.none() | st.lists(st.none() | st.text(max_size=5), min_size=n, max_size=n))


_attr_keys = st.text(min_size=1)
_attr_values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(_attr_keys, inner),
    max_leaves=3,
)
attrs = st.none() | st.dictionaries(_attr_keys, _attr_values)


def clear_store(x: Store) -> Store:
    """The store, with nothing in it any more."""
    sync(x.clear())
    return x


stores = st.builds(MemoryStore, st.just({})).map(clear_store)
compressors = st.sampled_from([None, "default"])
zarr_formats: SearchStrategy[ZarrFormat] = st.sampled_from([3, 2])
subchunk_write_orders = st.sampled_from(SUBCHUNK_WRITE_ORDER)
array_shapes = npst.array_shapes(max_dims=4, min_side=3, max_side=5) | npst.array_shapes(max_dims=4, min_side=0)


# -- chunks ---------------------------------------------------------------------------------------------------------


@st.composite
def chunk_shapes(draw: DrawFn, *, shape: Shape) -> Shape:
    """Chunks for an array of a shape: along each axis from one element to all."""
    return tuple(draw(st.integers(1, max(1, length))) for length in shape)


@st.composite
def shard_shapes(draw: DrawFn, *, shape: Shape, chunk_shape: Shape) -> Shape:
    """Shards of whole chunks, none longer than the array."""
    pairs = zip(shape, chunk_shape, strict=True)
    return tuple(chunk * draw(st.integers(1, max(1, length // chunk))) for length, chunk in pairs)


@st.composite
def rectilinear_dim_edges(draw: DrawFn, *, extent: int, max_chunks: int = 20) -> list[int]:
    """Lengths of chunks along one axis, which add up to its length."""
    n = draw(st.integers(1, max(1, min(extent, max_chunks))))
    cuts = sorted(draw(st.sets(st.integers(1, extent - 1), min_size=n - 1, max_size=n - 1))) if n > 1 else []
    return [stop - start for start, stop in zip([0, *cuts], [*cuts, extent], strict=True)]


@st.composite
def rectilinear_chunks(draw: DrawFn, *, shape: Shape) -> list[list[int]]:
    """Lengths of chunks along each axis."""
    most = max(1, int(20 ** (1 / max(1, len(shape)))))
    return [draw(rectilinear_dim_edges(extent=max(1, length), max_chunks=most + 1)) for length in shape]


@st.composite
def rectilinear_chunk_shape_declarations(
    draw: DrawFn, *, shape: Shape
) -> tuple[list[int | list[int | list[int]]], tuple[int | tuple[int, ...], ...]]:
    """Chunks of different lengths as a document states them, and what that means."""
    stated: list[int | list[int | list[int]]] = []
    meant: list[int | tuple[int, ...]] = []
    for length, edges in zip(shape, draw(rectilinear_chunks(shape=shape)), strict=True):
        match draw(st.sampled_from(["one", "each", "runs"])):
            case "one":
                step = draw(st.integers(1, max(1, length)))
                stated.append(step)
                meant.append(step)
            case "each":
                stated.append([*edges])
                meant.append(tuple(edges))
            case _:
                runs = [(edge, len(list(run))) for edge, run in groupby(edges)]
                stated.append([[edge, n] if n > 1 or draw(st.booleans()) else edge for edge, n in runs])
                meant.append(tuple(edges))
    return stated, tuple(meant)


@st.composite
def rectilinear_chunk_grids(draw: DrawFn, *, shape: Shape) -> RectilinearChunkGridMetadata:
    """Grids of chunks of different lengths."""
    _, meant = draw(rectilinear_chunk_shape_declarations(shape=shape))
    return RectilinearChunkGridMetadata(chunk_shapes=meant)


def chunk_grids(*, shape: Shape) -> SearchStrategy[RegularChunkGridMetadata | RectilinearChunkGridMetadata]:
    """Grids of either kind."""
    regular = chunk_shapes(shape=shape).map(lambda chunks: RegularChunkGridMetadata(chunk_shape=chunks))
    return st.one_of(regular, rectilinear_chunk_grids(shape=shape))


def chunks_param_from_rectilinear(meta: RectilinearChunkGridMetadata) -> list[int | list[int]]:
    """A grid as the argument `chunks`."""
    return [axis if isinstance(axis, int) else list(axis) for axis in meta.chunk_shapes]


# -- arrays ---------------------------------------------------------------------------------------------------------


@st.composite
def numpy_arrays(
    draw: DrawFn, *, shapes: SearchStrategy[Shape] = array_shapes, dtype: np.dtype[Any] | None = None
) -> npt.NDArray[Any]:
    """Elements of any kind, in any shape."""
    kind = draw(dtypes()) if dtype is None else dtype
    elements = safe_unicode_for_dtype(kind) if kind.kind == "U" else None
    found: npt.NDArray[Any] = draw(npst.arrays(kind, draw(shapes), elements=elements))
    return found


@st.composite
def np_array_and_chunks(
    draw: DrawFn, *, arrays: SearchStrategy[npt.NDArray[Any]] = numpy_arrays()
) -> tuple[npt.NDArray[Any], Shape]:
    """Elements, and chunks for them."""
    array = draw(arrays)
    return array, draw(chunk_shapes(shape=array.shape))


@st.composite
def array_metadata(
    draw: DrawFn,
    *,
    array_shapes: Callable[..., SearchStrategy[Shape]] = npst.array_shapes,
    zarr_formats: SearchStrategy[ZarrFormat] = zarr_formats,
    attributes: SearchStrategy[Mapping[str, Any] | None] = attrs,
) -> ArrayV2Metadata | ArrayV3Metadata:
    """Metadata of arrays."""
    shape, zarr_format = draw(array_shapes()), draw(zarr_formats)
    dtype = parse_data_type(draw(dtypes()), zarr_format=zarr_format)
    fill_value: Any = draw(npst.from_dtype(dtype.to_native_dtype(), allow_nan=False))
    fill_value = dtype.cast_scalar(fill_value)
    chunks, given = draw(chunk_shapes(shape=shape)), draw(attributes)
    if zarr_format == 2:
        return ArrayV2Metadata(
            shape=shape,
            chunks=chunks,
            dtype=dtype,
            fill_value=fill_value,
            order=draw(st.sampled_from(["C", "F"])),
            dimension_separator=draw(st.sampled_from([".", "/"])),
            filters=None,
            compressor=None,
            attributes=given,
        )
    return ArrayV3Metadata(
        shape=shape,
        data_type=dtype,
        chunk_grid=RegularChunkGridMetadata(chunk_shape=chunks),
        chunk_key_encoding=DefaultChunkKeyEncoding(separator=draw(st.sampled_from([".", "/"]))),
        fill_value=fill_value,
        codecs=[BytesCodec()],
        attributes=given,
        dimension_names=draw(dimension_names(ndim=len(shape))),
        storage_transformers=None,
    )


@st.composite
def arrays(
    draw: DrawFn,
    *,
    shapes: SearchStrategy[Shape] = array_shapes,
    compressors: SearchStrategy[Any] = compressors,
    stores: SearchStrategy[StoreLike] = stores,
    paths: SearchStrategy[str] = paths(),
    array_names: SearchStrategy[str] = array_names,
    arrays: SearchStrategy[Any] | None = None,
    attrs: SearchStrategy[Any] = attrs,
    zarr_formats: SearchStrategy[ZarrFormat] = zarr_formats,
    subchunk_write_orders: SearchStrategy[Any] = subchunk_write_orders,
    open_mode: AccessMode = "w",
) -> AnyArray:
    """Arrays with elements, in a group, cut up in any way that their format has."""
    zarr_format = draw(zarr_formats)
    elements = draw(numpy_arrays(shapes=shapes) if arrays is None else arrays)
    path, name, attributes = draw(paths), draw(array_names), draw(attrs)
    chunks = draw(chunk_shapes(shape=elements.shape))
    options: dict[str, Any] = {"chunks": chunks, "compressors": "auto" if draw(compressors) else None}
    if zarr_format == 3:
        options["dimension_names"] = draw(dimension_names(ndim=elements.ndim))
        if elements.ndim and elements.size and draw(st.booleans()):
            codec = ShardingCodec(
                chunk_shape=chunks,
                codecs=(BytesCodec(), ZstdCodec()) if options["compressors"] else (BytesCodec(),),
                subchunk_write_order=draw(subchunk_write_orders),
            )
            shards = draw(shard_shapes(shape=elements.shape, chunk_shape=chunks))
            options |= {"chunks": shards, "serializer": codec, "filters": None, "compressors": None}
    root = open_group(draw(stores), mode=open_mode, zarr_format=zarr_format)
    array = root.create_array(
        f"{path}/{name}".strip("/"),
        shape=elements.shape,
        dtype=elements.dtype,
        attributes=attributes,
        overwrite=True,
        **options,
    )
    array[...] = elements
    return array


def simple_arrays(*, shapes: SearchStrategy[Shape] = array_shapes) -> SearchStrategy[Any]:
    """Arrays without attributes and compressors, near the root."""
    return arrays(
        shapes=shapes,
        paths=paths(max_num_nodes=2),
        array_names=short_node_names,
        attrs=st.none(),
        compressors=st.none(),
    )


def _created(elements: npt.NDArray[Any], **options: Any) -> AnyArray:
    array = create_array({}, shape=elements.shape, dtype=elements.dtype, **options)
    array[...] = elements
    return array


@st.composite
def sharded_arrays(
    draw: DrawFn,
    *,
    shapes: SearchStrategy[Shape] = npst.array_shapes(max_dims=4, max_side=8),
    nested: bool | None = None,
) -> AnyArray:
    """Arrays in shards; nested ones have shards in shards."""
    elements = draw(numpy_arrays(shapes=shapes))
    inner = draw(chunk_shapes(shape=elements.shape))
    outer = draw(shard_shapes(shape=elements.shape, chunk_shape=inner))
    if draw(st.booleans()) if nested is None else nested:
        codec = ShardingCodec(chunk_shape=inner, index_location=draw(st.sampled_from(["start", "end"])))
        middle = ShardingCodec(chunk_shape=outer, codecs=(codec,))
        whole = tuple(2 * length for length in outer)
        return _created(elements, chunks=whole, serializer=middle, filters=None, compressors=None)
    return _created(elements, chunks=inner, shards=outer, compressors=draw(st.sampled_from(["auto", None])))


def _grid(chunks: list[list[int]]) -> RectilinearGrid:
    """As a grid, lengths need no permission."""
    return RectilinearChunkGridMetadata(chunk_shapes=chunks).to_grid()


@st.composite
def rectilinear_arrays(
    draw: DrawFn, *, shapes: SearchStrategy[Shape] = npst.array_shapes(max_dims=3, max_side=20)
) -> AnyArray:
    """Arrays with chunks of different lengths."""
    elements = draw(numpy_arrays(shapes=shapes))
    return _created(elements, chunks=_grid(draw(rectilinear_chunks(shape=elements.shape))))


@st.composite
def complex_rectilinear_arrays(
    draw: DrawFn,
    *,
    stores: SearchStrategy[StoreLike] = stores,
    paths: SearchStrategy[str] = paths(),
    array_names: SearchStrategy[str] = array_names,
    attrs: SearchStrategy[Any] = attrs,
) -> tuple[npt.NDArray[Any], AnyArray]:
    """Elements, and an array of them with chunks of different lengths somewhere in a store."""
    elements = draw(numpy_arrays(shapes=npst.array_shapes(max_dims=3, max_side=20)))
    root = open_group(draw(stores), mode="w")
    chunks = draw(rectilinear_chunks(shape=elements.shape))
    array = root.create_array(
        f"{draw(paths)}/{draw(array_names)}".strip("/"),
        shape=elements.shape,
        dtype=elements.dtype,
        chunks=_grid(chunks),
        attributes=draw(attrs),
    )
    array[...] = elements
    return elements, array


@st.composite
def block_test_arrays(draw: DrawFn) -> tuple[AnyArray, npt.NDArray[Any]]:
    """An array that has a chunk at least, and its elements."""
    elements = draw(numpy_arrays(shapes=npst.array_shapes(max_dims=3, max_side=9)))
    return _created(elements, chunks=draw(chunk_shapes(shape=elements.shape))), elements


# -- selections -----------------------------------------------------------------------------------------------------


def is_negative_slice(idx: Any) -> bool:
    """Whether something is a slice that goes backwards."""
    return isinstance(idx, slice) and idx.step is not None and idx.step < 0


@st.composite
def end_slices(draw: DrawFn, *, shape: Shape) -> Any:
    """A slice for each axis, which may end before it begins."""
    found = []
    for length in shape:
        start = draw(st.integers(0, max(0, length - 1)))
        found.append(slice(start, draw(st.integers(start, max(start, length)))))
    return tuple(found)


@st.composite
def basic_indices(
    draw: DrawFn,
    *,
    shape: Shape,
    min_dims: int = 0,
    max_dims: int | None = None,
    allow_newaxis: bool = False,
    allow_ellipsis: bool = True,
) -> Any:
    """Integers and slices, of which none goes backwards."""
    most: dict[str, Any] = {} if max_dims is None else {"max_dims": max_dims}
    make: Any = npst.basic_indices
    strategy = make(shape=shape, min_dims=min_dims, allow_newaxis=allow_newaxis, allow_ellipsis=allow_ellipsis, **most)
    strategy = strategy.filter(
        lambda index: not any(map(is_negative_slice, index if isinstance(index, tuple) else (index,)))
    )
    if math.prod(shape) >= 3:
        strategy = end_slices(shape=shape) | strategy
    return draw(strategy)


@st.composite
def orthogonal_indices(
    draw: DrawFn, *, shape: Shape
) -> tuple[tuple[int | slice | npt.NDArray[Any], ...], tuple[npt.NDArray[Any], ...]]:
    """An index for each axis on its own, and what selects the same in NumPy."""
    per_axis: list[int | slice | npt.NDArray[Any]] = []
    positions: list[npt.NDArray[Any]] = []
    integers = 0
    for length in shape:
        kind = draw(st.sampled_from(["integer", "slice", "array"])) if length else "slice"
        if kind == "integer":
            index: Any = draw(st.integers(-length, length - 1))
            integers += 1
            positions.append(np.asarray(index))
        elif kind == "slice":
            (index,) = draw(end_slices(shape=(length,)))
            positions.append(np.arange(length)[index])
        else:
            index = draw(npst.arrays(np.intp, st.integers(1, length), elements=st.integers(-length, length - 1)))
            positions.append(index)
        per_axis.append(index)
    ndim = len(shape) - integers
    places = accumulate((int(position.ndim) for position in positions), initial=0)
    spread = [
        position.reshape([-1 if axis == place else 1 for axis in range(ndim)]) if position.ndim else position
        for position, place in zip(positions, places, strict=False)
    ]
    return tuple(per_axis), tuple(np.broadcast_arrays(*spread)) if spread else ()


@st.composite
def block_indices(
    draw: DrawFn, *, chunk_sizes: tuple[tuple[int, ...], ...]
) -> tuple[tuple[int | slice, ...], tuple[slice, ...]]:
    """Chunks along each axis by their numbers, and the elements that are in them."""
    blocks: list[int | slice] = []
    elements: list[slice] = []
    for sizes in chunk_sizes:
        edges = [0, *accumulate(sizes)]
        if draw(st.booleans()):
            number = draw(st.integers(-len(sizes), len(sizes) - 1))
            blocks.append(number)
            first = number % len(sizes)
            last = first + 1
        else:
            first = draw(st.integers(0, len(sizes) - 1))
            last = draw(st.integers(first, len(sizes)))
            blocks.append(slice(first, last))
        elements.append(slice(edges[first], edges[last]))
    return tuple(blocks), tuple(elements)


# -- requests to stores ---------------------------------------------------------------------------------------------


def key_ranges(
    keys: SearchStrategy[str] = node_names, max_size: int = sys.maxsize
) -> SearchStrategy[list[tuple[str, ByteRequest | None]]]:
    """Keys with a part of the value, as `get_partial_values` takes them."""
    numbers = st.integers(0, max_size)
    part = st.one_of(
        st.none(),
        st.tuples(numbers, numbers).map(lambda pair: RangeByteRequest(*sorted(pair))),
        st.builds(OffsetByteRequest, numbers),
        st.builds(SuffixByteRequest, numbers),
    )
    return st.lists(st.tuples(keys, part), min_size=1, max_size=10)


@st.composite
def chunk_paths(draw: DrawFn, ndim: int, numblocks: tuple[int, ...], subset: bool = True) -> str:
    """Coordinates of a chunk as in keys; some of them only, from the front, if that is allowed."""
    coords = [str(draw(st.integers(0, n - 1))) for n in numblocks]
    return "/".join(coords[: draw(st.integers(0, ndim))] if subset else coords)
