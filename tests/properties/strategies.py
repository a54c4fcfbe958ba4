"""Hypothesis strategies: arrays of every form, their contents, and selections of them.

An array's contents come from a seed rather than element by element, as Hypothesis would need most of its time for
them; they are made of a few telling values (NaN, -0.0, NaT, the fill value) and random bits. Shapes and chunks are small
enough that an example takes milliseconds, and large enough to have several chunks along several axes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, reduce
from itertools import pairwise
from typing import Any, TypeAlias

import ml_dtypes
import numcodecs
import numpy as np
from hypothesis import strategies as st

import zarr
from zarr.codecs import (
    BloscCodec,
    BytesCodec,
    Crc32cCodec,
    GzipCodec,
    ShardingCodec,
    TransposeCodec,
    VLenBytesCodec,
    VLenUTF8Codec,
    ZstdCodec,
)

MAX_LENGTHS = {0: (), 1: (12,), 2: (12, 9), 3: (7, 6, 5), 4: (5, 4, 3, 4)}
MAX_CHUNKS_PER_AXIS = {1: 12, 2: 5, 3: 3, 4: 2}

# -- data types and elements --------------------------------------------------------------------------------------

TEXTS = ["", "a", "é", "日本語", "a\0b", "🙂", "a text that does not fit into NumPy's short strings", " "]
CHARACTERS = [0, 32, 97, 0xE9, 0x65E5, 0x1F642]
OCTETS = [b"", b"\0", b"a", b"a\0", b"\xff\xfe", b"zarr" * 8]
SPECIAL = {
    "b": [False, True],
    "i": [0, 1, -1],
    "u": [0, 1],
    "f": [0.0, -0.0, math.nan, math.inf, -math.inf, 1.5],
    "c": [0.0, complex(-0.0, 0.0), complex(0.0, -0.0), complex(math.nan, 1), complex(1, math.inf), 1 - 2j],
    "M": [0, 1, -1, np.iinfo(np.int64).min],
    "m": [0, 1, -1, np.iinfo(np.int64).min],
}
NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
TIMES = ["M8[ns]", "M8[s]", "M8[10us]", "M8[D]", "M8[Y]", "m8[ns]", "m8[3h]", "m8[ms]"]
SMALL_TYPES = [
    np.dtype(getattr(ml_dtypes, name))
    for name in (
        *("bfloat16", "float8_e3m4", "float8_e4m3", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
        *("float6_e3m2fn", "float4_e2m1fn", "int2", "int4", "uint4", "complex32", "bcomplex32"),
    )
]
N_BITS = {
    dtype: {"float6_e3m2fn": 6, "float4_e2m1fn": 4, "int2": 2, "int4": 4, "uint4": 4}.get(
        dtype.name, 8 * dtype.itemsize
    )
    for dtype in SMALL_TYPES
}
"""Bits of an element that mean something."""
ONLY_IN_FORMAT_3 = {"float8_e4m3", "float6_e3m2fn", "uint4", "complex32", "bcomplex32"}
TEXT_TYPE = np.dtypes.StringDType()
OBJECT_TYPE = np.dtype(object)


def dtypes() -> st.SearchStrategy[Any]:
    """A NumPy dtype for every data type of the library; object stands for bytes of any length."""
    ordered = st.sampled_from([*NUMBERS, *TIMES, "U1", "U3"])
    with_order = st.builds(lambda order, code: np.dtype(order + code), st.sampled_from("<>"), ordered)
    return st.one_of(
        st.sampled_from([np.dtype("<i4"), np.dtype("<f8")]),  # what most examples shrink to
        with_order,
        st.sampled_from([np.dtype(bool), *map(np.dtype, ["S1", "S5", "V1", "V3", "V16"]), TEXT_TYPE, OBJECT_TYPE]),
    )


@cache
def structs(depth: int = 2) -> st.SearchStrategy[Any]:
    """A dtype with fields, some of which are structs, or numbers of ml_dtypes."""
    leaves = st.one_of(dtypes().filter(lambda dtype: dtype.kind not in "TOSV"), st.sampled_from(SMALL_TYPES))
    inner = st.one_of(leaves, leaves, structs(depth - 1)) if depth > 1 else leaves
    return st.lists(inner, min_size=1, max_size=3).map(lambda fields: np.dtype(list(zip("abc", fields, strict=False))))


@cache
def any_dtypes() -> st.SearchStrategy[Any]:
    """Those of `dtypes`, structs, and numbers of ml_dtypes."""
    plain = dtypes()
    return st.one_of(plain, plain, plain, structs(), st.sampled_from(SMALL_TYPES))


def random_elements(dtype: Any, size: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A one-dimensional array of telling values and random bits."""
    if dtype.names is not None:
        made = np.zeros(size, dtype)
        for name in dtype.names:
            made[name] = random_elements(dtype[name], size, rng)
        return made
    if dtype in N_BITS:
        patterns = np.frombuffer(rng.bytes(size * dtype.itemsize), f"u{dtype.itemsize}") & (2 ** N_BITS[dtype] - 1)
        patterns[rng.random(size) < 0.3] = 0
        return patterns.astype(f"u{dtype.itemsize}").view(dtype)
    if dtype.kind in "TO":
        values = TEXTS if dtype.kind == "T" else OCTETS
        picked = np.empty(size, dtype)
        for i, number in enumerate(rng.integers(len(values), size=size)):
            picked[i] = values[number]
        return picked
    if dtype.kind == "U":
        letters = rng.choice(np.array(CHARACTERS, "u4"), (size, dtype.itemsize // 4))
        return letters.astype(np.dtype("u4").newbyteorder(dtype.byteorder)).view(dtype).reshape(size)
    if dtype.kind == "b":
        return rng.integers(2, size=size).astype(bool)
    bits = np.frombuffer(rng.bytes(size * dtype.itemsize), dtype).copy()
    if dtype.kind in SPECIAL:
        special = specials(dtype)
        where = rng.random(size) < 0.5
        bits[where] = special[rng.integers(len(special), size=int(where.sum()))]
    return bits


def specials(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The telling values of a dtype that has some."""
    values = SPECIAL[dtype.kind]
    if dtype.kind in "mM":
        return np.array(values, np.dtype("i8").newbyteorder(dtype.byteorder)).view(dtype)
    return np.array(values, dtype)


def element(dtype: Any, seed: int) -> Any:
    """One element of a dtype, as NumPy gives it out."""
    return random_elements(dtype, 8, np.random.default_rng(seed))[seed % 8]


def default_element(dtype: Any) -> Any:
    """What arrays of a dtype read as where nothing was written and no fill value was given."""
    zero = np.zeros((), dtype)
    if dtype.kind in "mM":
        zero[()] = "NaT"
    return b"" if dtype.kind == "O" else zero[()]


def filled(shape: tuple[int, ...], dtype: Any, fill: Any) -> np.ndarray[Any, Any]:
    """An array of one element, bit by bit."""
    array = np.empty(shape, dtype)
    array[...] = fill
    return array


@dataclass(frozen=True)
class Contents:
    """Elements for any shape, from a seed.

    With a `fill_share` between 0 and 1 they are the fill value in a box, so that whole chunks are. With `alike` they are
    the fill value and one that equals it or looks like it: -0.0 beside 0.0, another NaN beside NaN.
    """

    seed: int
    fill_share: float
    alike: bool = False

    def make(self, shape: tuple[int, ...], dtype: Any, fill: Any) -> np.ndarray[Any, Any]:
        rng = np.random.default_rng(self.seed)
        if self.alike:
            array = filled(shape, dtype, lookalike(dtype, fill, rng))
        else:
            array = random_elements(dtype, math.prod(shape), rng).reshape(shape)
        if self.fill_share and array.size:
            box = tuple(slice(int(rng.integers(n)), None) for n in shape) if self.fill_share < 1 else ...
            array[box] = fill
        return array


def lookalike(dtype: Any, fill: Any, rng: np.random.Generator) -> Any:
    """The fill value with another sign, if it is of a kind that has one; else any element."""
    return -fill if dtype.kind in "fc" and dtype not in N_BITS else random_elements(dtype, 1, rng)[0]


def contents() -> st.SearchStrategy[Contents]:
    alike = st.sampled_from([False, False, False, True])
    return st.builds(Contents, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 1.0]), alike)


# -- arrays -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setup:
    """How to create an array, and what NumPy has in its place."""

    shape: tuple[int, ...]
    dtype: Any
    fill: Any
    options: dict[str, Any]

    def create(self, store: Any, name: str | None = None, **more: Any) -> zarr.Array:
        dtype = zarr.dtype.VariableLengthBytes() if self.dtype.kind == "O" else self.dtype
        options = {"shape": self.shape, "dtype": dtype, **self.options, **more}
        return zarr.create_array(store, name=name, **options)

    def model(self) -> np.ndarray[Any, Any]:
        return filled(self.shape, self.dtype, self.fill)

    @property
    def dtype_reopened(self) -> Any:
        """The dtype after reopening: format 3 does not store the byte order of arrays in memory."""
        if self.options["zarr_format"] == 2 or self.dtype.kind in "TO":
            return self.dtype
        return self.dtype.newbyteorder("=")


@st.composite
def shapes(draw: st.DrawFn) -> tuple[int, ...]:
    ndim = draw(st.sampled_from([1, 2, 2, 3, 3, 4, 0]))
    return tuple(draw(st.integers(0, longest)) for longest in MAX_LENGTHS[ndim])


@st.composite
def chunk_shapes(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Lengths from 1 to beyond the array, but not too many chunks; mostly such that there are several."""
    several = draw(st.sampled_from([True, True, False]))
    lengths = []
    for n in shape:
        least = max(1, -(-n // MAX_CHUNKS_PER_AXIS[len(shape)]))
        lengths.append(draw(st.integers(least, max(least, -(-n // 2)) if several else n + 3)))
    return tuple(lengths)


def multiples(chunks: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    """Shard shapes: up to three chunks along each axis, in four dimensions up to two."""
    most = 2 if len(chunks) == 4 else 3
    return st.tuples(*(st.integers(1, most).map(lambda k, c=c: k * c) for c in chunks))


Edges: TypeAlias = tuple[int | list[int], ...]


@st.composite
def uneven(
    draw: st.DrawFn, shape: tuple[int, ...], lengths: tuple[int, ...], units: tuple[int, ...] | None = None
) -> Edges:
    """The same lengths of chunks, or along some axes several that add up to the array, all of them multiples of a unit."""
    found: list[int | list[int]] = []
    for n, length, unit in zip(shape, lengths, units or (1,) * len(shape), strict=True):
        n_units = -(-n // unit)
        if n % unit or not draw(st.booleans()):
            found.append(length)
            continue
        cuts = draw(st.sets(st.integers(1, max(1, n_units - 1)), max_size=MAX_CHUNKS_PER_AXIS[len(shape)] - 1))
        ends = [0, *sorted(cut for cut in cuts if cut < n_units), max(1, n_units)]
        found.append([unit * (stop - start) for start, stop in pairwise(ends)])
    return tuple(found)


def transposes(ndim: int) -> st.SearchStrategy[list[int] | None]:
    """An order of axes, or None."""
    if ndim < 2:
        return st.none()
    return st.one_of(st.none(), st.permutations(range(ndim)), st.just(list(range(ndim))[::-1]))


def turned_back(shape: tuple[int, ...], order: list[int] | None) -> tuple[int, ...]:
    """The shape in front of a transpose, from the one that codecs behind it see."""
    return shape if order is None else tuple(shape[order.index(axis)] for axis in range(len(shape)))


def transpose_codecs(order: list[int] | None) -> list[TransposeCodec]:
    return [] if order is None else [TransposeCodec(order=tuple(order))]


@st.composite
def byte_codecs(draw: st.DrawFn) -> list[Any]:
    """Up to two compressors or checksums of format 3."""
    codec = st.sampled_from(
        [
            GzipCodec(level=1),
            ZstdCodec(level=1),
            ZstdCodec(level=3, checksum=True),
            BloscCodec(cname="lz4", clevel=1, shuffle="noshuffle"),
            BloscCodec(cname="zstd", clevel=1, shuffle="shuffle", typesize=4),
            Crc32cCodec(),
        ]
    )
    return draw(st.lists(codec, max_size=2))


def serializers(dtype: Any) -> st.SearchStrategy[Any]:
    """Array-to-bytes codecs of format 3 for the chunks of a dtype."""
    if dtype.kind == "T":
        return st.just(VLenUTF8Codec())
    if dtype.kind == "O":
        return st.just(VLenBytesCodec())
    return st.sampled_from(["little", "big"]).map(lambda endian: BytesCodec(endian=endian))


@st.composite
def sharding(draw: st.DrawFn, dtype: Any, inner: tuple[int, ...], depth: int) -> tuple[ShardingCodec, tuple[int, ...]]:
    """A sharding codec with `depth` more levels inside it, and the shape of its shards."""
    order = draw(transposes(len(inner)))
    if depth:
        below, chunk = draw(sharding(dtype, inner, depth - 1))
        chunk = turned_back(chunk, order)
        codecs = [*transpose_codecs(order), below]
    else:
        chunk = inner
        codecs = [*transpose_codecs(order), draw(serializers(dtype)), *draw(byte_codecs())]
    codec = ShardingCodec(
        chunk_shape=chunk,
        codecs=codecs,
        index_location=draw(st.sampled_from(["start", "end"])),
        index_codecs=draw(
            st.sampled_from([(BytesCodec(), Crc32cCodec()), (BytesCodec(),), (BytesCodec(endian="big"), Crc32cCodec())])
        ),
        subchunk_write_order=draw(st.sampled_from(["morton", "lexicographic", "colexicographic"])),
    )
    return codec, draw(multiples(chunk))


@st.composite
def codecs_v3(draw: st.DrawFn, shape: tuple[int, ...], dtype: Any) -> dict[str, Any]:
    """Chunks and codecs of a format 3 array: plain, sharded by `shards=`, or sharded by a serializer."""
    form = draw(st.sampled_from(["auto", "plain", "shards", "serializer"]))
    chunks = draw(chunk_shapes(shape))
    is_uneven = draw(st.sampled_from([False, False, True]))
    if form == "auto":
        return {"chunks": draw(uneven(shape, chunks)) if is_uneven else chunks}
    order = draw(transposes(len(shape)))
    if form == "serializer":
        codec, outer = draw(sharding(dtype, chunks, draw(st.integers(0, 1))))
        outer, inner = turned_back(outer, order), turned_back(codec.chunk_shape, order)
        if is_uneven:
            outer = draw(uneven(shape, outer, inner))
        after = draw(st.sampled_from([[], [], [Crc32cCodec()], [GzipCodec(level=1)]]))
        return {"chunks": outer, "filters": transpose_codecs(order), "serializer": codec, "compressors": after}
    chain = {"filters": transpose_codecs(order), "serializer": draw(serializers(dtype))}
    chain["compressors"] = draw(byte_codecs())
    if form == "shards":
        outer = draw(multiples(chunks))
        return {"chunks": chunks, "shards": draw(uneven(shape, outer, chunks)) if is_uneven else outer, **chain}
    return {"chunks": draw(uneven(shape, chunks)) if is_uneven else chunks, **chain}


@st.composite
def codecs_v2(draw: st.DrawFn, shape: tuple[int, ...], dtype: Any) -> dict[str, Any]:
    """Chunks, filters and compressor of a format 2 array."""
    compressor = st.sampled_from(
        [
            None,
            "auto",
            numcodecs.Zlib(1),
            numcodecs.GZip(1),
            numcodecs.Zstd(1),
            numcodecs.Blosc("lz4", 1),
            numcodecs.LZ4(),
            numcodecs.BZ2(1),
            numcodecs.LZMA(preset=0),
        ]
    )
    filters = [numcodecs.Shuffle(max(1, dtype.itemsize))] if dtype.kind not in "TO" else []
    if dtype.kind in "iu":
        filters.append(numcodecs.Delta(dtype.str))
    return {
        "chunks": draw(chunk_shapes(shape)),
        "order": draw(st.sampled_from("CF")),
        "compressors": draw(compressor),
        "filters": draw(st.sampled_from([None, *([codec] for codec in filters)])),
    }


def has_small_types(dtype: Any) -> bool:
    """Whether elements are, or have, numbers of ml_dtypes, of which NumPy has one byte order only."""
    return any(has_small_types(dtype[name]) for name in dtype.names) if dtype.names is not None else dtype in N_BITS


def is_in_format_2(dtype: Any) -> bool:
    if dtype.names is not None:
        return all(is_in_format_2(dtype[name]) for name in dtype.names)
    return dtype not in N_BITS or dtype.name not in ONLY_IN_FORMAT_3


@st.composite
def setups(draw: st.DrawFn, shape: st.SearchStrategy[tuple[int, ...]] | None = None) -> Setup:
    """An array of either format with any dtype, codecs, fill value and keys."""
    dims = draw(shapes() if shape is None else shape)
    dtype = draw(any_dtypes())
    zarr_format = draw(st.sampled_from([3, 3, 2] if is_in_format_2(dtype) else [3]))
    fill, given = draw(fill_values(dtype))
    options = draw(codecs_v3(dims, dtype) if zarr_format == 3 else codecs_v2(dims, dtype))
    encodings = [{"name": "v2", "separator": separator} for separator in "./"]
    if zarr_format == 3:
        encodings += [{"name": "default", "separator": separator} for separator in "./"]
    config: dict[str, Any] = {"write_empty_chunks": draw(st.booleans())}
    if zarr_format == 3:
        config["order"] = draw(st.sampled_from("CF"))
    options |= given | {
        "zarr_format": zarr_format,
        "chunk_key_encoding": draw(st.sampled_from([None, *encodings])),
        "config": config,
    }
    return Setup(dims, dtype, fill, options)


@st.composite
def fill_values(draw: st.DrawFn, dtype: Any) -> tuple[Any, dict[str, Any]]:
    """The element that absent chunks read as, and the keyword that says so."""
    form = draw(st.sampled_from(["default", "none", "explicit"]))
    if form == "default":
        return default_element(dtype), {}
    if form == "none":
        return default_element(dtype), {"fill_value": None}
    fill = element(dtype, draw(st.integers(0, 10**6)))
    if dtype in N_BITS:
        fill = random_elements(dtype, 1, np.random.default_rng(0))[0] if fill != fill else fill  # NaN
    elif dtype.kind in "fc" and np.isnan(fill):
        fill = np.array(math.nan, dtype)[()]  # format 2 knows one NaN
    return fill, {"fill_value": fill}


# -- selections ---------------------------------------------------------------------------------------------------


def integers_in(length: int) -> st.SearchStrategy[Any]:
    """A position, counted from either end, as a Python or NumPy integer."""
    kinds = st.sampled_from([int, int, np.int64, np.int8, np.intp, lambda value: np.array(value)])
    return st.builds(lambda value, kind: kind(value), st.integers(-length, length - 1), kinds)


def slices_of(length: int) -> st.SearchStrategy[slice]:
    """Any slice: bounds of either sign, also out of range, and steps of either sign."""
    bound = st.none() | st.integers(-length - 3, length + 3)
    step = st.none() | st.sampled_from([1, 2, 3, 5, -1, -2, -3, -7])
    return st.just(slice(None)) | st.builds(slice, bound, bound, step)


def masks_of(length: int) -> st.SearchStrategy[Any]:
    """A Boolean array, or a list of Booleans, of a length."""
    flags = st.lists(st.booleans(), min_size=length, max_size=length)
    return st.builds(
        lambda values, as_list: values if as_list and values else np.array(values, bool), flags, st.booleans()
    )


def positions_in(length: int) -> st.SearchStrategy[Any]:
    """Unsorted positions with repeats, counted from either end, as an array of some integer type or a list."""
    position = st.integers(-length, length - 1) if length else st.nothing()
    values = st.lists(position, max_size=8) if length else st.just([])
    kinds = st.sampled_from(
        [np.asarray, np.asarray, list, lambda v: np.array(v, np.int8), lambda v: np.array(v, np.int64)[::-1]]
    )
    return st.builds(lambda v, kind: kind(np.array(v, np.int64)) if kind is not list else v, values, kinds)


def _axis(length: int, *others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    choices = [slices_of(length), *others]
    return st.one_of(*choices, integers_in(length)) if length else st.one_of(*choices)


@st.composite
def _with_ellipsis(draw: st.DrawFn, entries: list[Any]) -> Any:
    """The same selection, perhaps with an Ellipsis for some axes, with trailing axes left out, or without a tuple."""
    form = draw(st.sampled_from(["as is", "as is", "ellipsis", "trailing"]))
    if form == "ellipsis":
        start = draw(st.integers(0, len(entries)))
        stop = draw(st.integers(start, len(entries)))
        entries = [*entries[:start], Ellipsis, *entries[stop:]]
    elif form == "trailing" and entries:
        entries = entries[: draw(st.integers(1, len(entries)))]
    return entries[0] if len(entries) == 1 and draw(st.booleans()) else tuple(entries)


@st.composite
def basic_selections(draw: st.DrawFn, shape: tuple[int, ...], *, new_axes: bool = True) -> Any:
    """Integers, slices, an Ellipsis, missing trailing axes and (seldom) new axes."""
    selection = draw(_with_ellipsis([draw(_axis(n)) for n in shape]))
    if new_axes and draw(st.integers(0, 9)) == 9:
        entries = list(selection) if isinstance(selection, tuple) else [selection]
        entries.insert(draw(st.integers(0, len(entries))), None)
        return tuple(entries)
    return selection


@st.composite
def orthogonal_selections(draw: st.DrawFn, shape: tuple[int, ...]) -> Any:
    """Integer arrays, masks, slices and integers, each for an axis of its own."""
    entries = [draw(_axis(n, positions_in(n), masks_of(n))) for n in shape]
    return draw(_with_ellipsis(entries))


@st.composite
def coordinates(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[np.ndarray[Any, Any], ...]:
    """Integer arrays, one per axis of an array with elements, that broadcast against each other."""
    point_shape = draw(st.sampled_from([(0,), (1,), (4,), (7,), (2, 3), (1, 5)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    arrays = []
    for n in shape:
        dims = tuple(1 if draw(st.integers(0, 3)) == 3 else length for length in point_shape)
        arrays.append(rng.integers(-n, n, dims))
    return tuple(arrays)


@st.composite
def numpy_points(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """At least two integer arrays that broadcast against each other, and slices or integers for the other axes."""
    arrays = draw(coordinates(shape))
    ndim = len(shape)
    chosen = draw(st.lists(st.integers(0, ndim - 1), min_size=2, max_size=ndim, unique=True))
    return tuple(arrays[i] if i in chosen else draw(_axis(n)) for i, n in enumerate(shape))


@st.composite
def block_selections(draw: st.DrawFn, counts: tuple[int, ...]) -> Any:
    """Integers and slices without steps that count chunks."""
    bounds = [st.none() | st.integers(-n, n) for n in counts]
    entries = [
        draw(st.builds(slice, bound, bound) | (st.integers(-n, n - 1) if n else st.nothing()))
        for n, bound in zip(counts, bounds, strict=True)
    ]
    return tuple(entries)


# -- what selections mean in NumPy ----------------------------------------------------------------------------------


def per_axis(selection: Any, shape: tuple[int, ...]) -> list[Any]:
    """One entry per axis of a selection without new axes."""
    entries = list(selection) if isinstance(selection, tuple) else [selection]
    missing = [slice(None)] * (len(shape) - sum(entry is not Ellipsis for entry in entries))
    at = next((i for i, entry in enumerate(entries) if entry is Ellipsis), None)
    return [*entries, *missing] if at is None else [*entries[:at], *missing, *entries[at + 1 :]]


@dataclass(frozen=True)
class Orthogonal:
    """An orthogonal selection as lists of positions; `kept` are the axes that the result has."""

    positions: tuple[np.ndarray[Any, Any], ...]
    kept: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(self.positions[axis]) for axis in self.kept)

    def read(self, model: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        model = as_objects_if_text(model)
        taken = reduce(lambda array, axis: np.take(array, self.positions[axis], axis), range(model.ndim), model)
        return taken.reshape(self.shape)

    def write(self, model: np.ndarray[Any, Any], value: Any) -> None:
        """Of positions that are named twice the last one wins, whatever order NumPy would assign in."""
        whole = np.broadcast_to(as_objects_if_text(as_array(value, model.dtype)), self.shape)
        last = [_last_of_each(positions) for positions in self.positions]
        whole = reduce(lambda array, i: np.take(array, last[self.kept[i]], i), range(whole.ndim), whole)
        target = tuple(positions[order] for positions, order in zip(self.positions, last, strict=True))
        lengths = tuple(map(len, target))
        if model.ndim:
            assign(model, np.ix_(*target), whole.reshape(lengths))
        else:
            model[()] = whole[()]


def _last_of_each(positions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where each position stands for the last time."""
    return np.array([i for i, p in enumerate(positions) if p not in positions[i + 1 :]], np.int64)


def orthogonal_oracle(selection: Any, shape: tuple[int, ...]) -> Orthogonal:
    """What an orthogonal selection means."""
    positions, kept = [], []
    for axis, (entry, n) in enumerate(zip(per_axis(selection, shape), shape, strict=True)):
        positions.append(np.arange(n)[_index_of(entry)])
        if isinstance(entry, slice) or np.ndim(entry):
            kept.append(axis)
    return Orthogonal(tuple(positions), tuple(kept))


def _index_of(entry: Any) -> Any:
    if isinstance(entry, slice):
        return entry
    index = np.atleast_1d(entry)
    return index if index.size or index.dtype.kind != "f" else index.astype(np.int64)  # an empty list


# -- values and results -------------------------------------------------------------------------------------------


@st.composite
def values_for(draw: st.DrawFn, shape: tuple[int, ...], setup: Setup) -> Any:
    """Something to write to a selection of `shape`: an array in any memory layout, a smaller one, or a scalar."""
    made = draw(contents())
    form = draw(st.sampled_from(["array", "array", "layout", "swapped", "broadcast", "scalar"]))
    if form == "scalar":
        return element(setup.dtype, made.seed)
    if form == "broadcast":
        dims = tuple(draw(st.sampled_from([n, 1])) for n in shape)
        return made.make(dims[draw(st.integers(0, len(dims))) :], setup.dtype, setup.fill)
    values = made.make(shape, setup.dtype, setup.fill)
    if form == "swapped":
        return (
            values
            if setup.dtype.kind in "TO" or has_small_types(setup.dtype)
            else values.astype(setup.dtype.newbyteorder())
        )
    return draw(layouts(values)) if form == "layout" else values


@st.composite
def layouts(draw: st.DrawFn, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same elements, elsewhere in memory: in another order of axes, backwards, or with gaps."""
    order = draw(st.permutations(range(values.ndim)))
    steps = tuple(draw(st.sampled_from([1, -1, 2, -2])) for _ in range(values.ndim))
    room = np.empty(tuple(values.shape[axis] * abs(steps[axis]) for axis in order), values.dtype)
    view = room.transpose([order.index(axis) for axis in range(values.ndim)])
    view = view[(*(slice(None, None, step) for step in steps), ...)]  # with the ellipsis never a scalar
    view[...] = values
    return view


def assign(model: np.ndarray[Any, Any], selection: Any, value: Any) -> None:
    """Assign in NumPy, a 0-d array as its element.

    NumPy's object arrays would store the 0-d array itself, and NumPy 2.4 crashes if one of StringDType is assigned to
    an index of several arrays.
    """
    changed = as_objects_if_text(model)
    value = as_objects_if_text(value) if isinstance(value, np.ndarray) else value
    changed[selection] = value[()] if isinstance(value, np.ndarray) and not value.ndim else value
    if changed is not model:
        model[...] = changed.astype(model.dtype)


def pick(model: np.ndarray[Any, Any], selection: Any) -> Any:
    """What NumPy reads."""
    return as_objects_if_text(model)[selection]


def as_objects_if_text(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Text of any length as objects: by lists of positions NumPy before 2.2 neither finds nor stores it, and may crash."""
    return array.astype(object) if array.dtype.kind == "T" else array


def assert_same(found: Any, expected: Any, dtype: Any) -> None:
    """Equal shape, dtype and bits; a 0-d expectation stands for a scalar."""
    expected = as_array(expected, dtype)
    if expected.ndim == 0:
        assert not isinstance(found, np.ndarray), "expected a scalar, got an array"
        _assert_scalar_type(found, dtype)
        found = as_array(found, dtype)
    assert isinstance(found, np.ndarray)
    assert found.shape == expected.shape
    assert found.dtype == dtype
    _assert_bits(found, expected.astype(dtype, copy=False))


def as_array(value: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """An array, or a scalar as a 0-d array; NumPy by itself would make fixed-length text or bytes of it."""
    if isinstance(value, np.ndarray):
        return value
    array = np.empty((), dtype)
    array[()] = value
    return array


def _assert_scalar_type(found: Any, dtype: Any) -> None:
    kind = {"T": str, "O": bytes}.get(dtype.kind, dtype.type)
    assert type(found) is kind, f"expected a scalar of type {kind}, got {type(found)}"


def _assert_bits(found: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> None:
    if found.dtype.kind in "TO":
        assert found.tolist() == expected.tolist()
        assert all(type(a) is type(b) for a, b in zip(found.flat, expected.flat, strict=True))
    elif found.tobytes() != expected.tobytes():
        np.testing.assert_array_equal(found, expected)  # says where, if it is not a matter of bits alone
        raise AssertionError(f"bits differ: {found!r} is not {expected!r}")
