"""What the corpus consists of: every array and group that a writer is asked to store, and the elements in it.

It needs NumPy alone, so that it is the same in the environments of all writers and readers. Elements come out of a hash of the
case's name: any bit pattern, NaNs with payloads among them.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

NUMBERS = (
    *("bool", "int8", "uint8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
SMALL = {
    "bfloat16": 16,
    **dict.fromkeys(("float8_e3m4", "float8_e4m3", "float8_e4m3fn", "float8_e4m3b11fnuz", "float8_e4m3fnuz"), 8),
    **dict.fromkeys(("float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"), 8),
    **dict.fromkeys(("float6_e2m3fn", "float6_e3m2fn"), 6),
    "float4_e2m1fn": 4,
    "int2": 2,
    "int4": 4,
    "uint2": 2,
    "uint4": 4,
}
"""Numbers of ml_dtypes, with the bits that they have."""
UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
TEXTS = ["", "a", "é", "日本", "\U0001f600", "a\0b", "long " * 9, "z", "ß", "tab\t"]
OCTETS = [b"", b"a", b"\xff\0\x01", b"\0", b"octets " * 7, b"\x80"]
OBJECTS = [None, True, 1, -2.5, "text", [1, [2, "x"]], {"a": {"b": None}}, ""]
LABELS = ["red", "green", "blue", "é"]

SHAPE, CHUNKS = (5, 3), (3, 2)


@dataclass(frozen=True)
class Case:
    """An array: its place in the corpus, its type, grid and codecs in the words of its format, and what is written.

    `dtype` is what NumPy calls it, a list of fields, or the name that the format has for what NumPy does not. `fill` is in
    the form of JSON. `codecs` are those of format 3, `filters` and `compressor` those of format 2. `parts` are the
    selections that are written, as starts and stops; None is everything. `data` says which elements: `"bits"`, any; `"orderly"`, which
    compressors make something of and numeric codecs take; `"fill"`, the fill value; `"negative zeros"`. An array with `began`
    has that shape at first, and is full, before it gets its own. One that `has_defaults` has the chunks and codecs that the writer chooses.
    """

    name: str
    dtype: Any = "<i4"
    shape: tuple[int, ...] = SHAPE
    chunks: Any = CHUNKS
    fill: Any = 0
    codecs: tuple[dict[str, Any], ...] = ()
    filters: tuple[dict[str, Any], ...] = ()
    compressor: dict[str, Any] | None = None
    order: str = "C"
    keys: dict[str, Any] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    dimension_names: tuple[str | None, ...] | None = None
    parts: tuple[tuple[tuple[int, int], ...], ...] | None = None
    began: tuple[int, ...] | None = None
    has_defaults: bool = False
    data: str = "bits"
    is_lossy: bool = False

    @property
    def zarr_format(self) -> int:
        return int(self.name[1])

    @property
    def object_codec(self) -> str | None:
        """Which Python objects the elements are, by the identifier of the codec of format 2 that is for them."""
        if self.dtype == "|O":
            return self.filters[0]["id"]
        return {"string": "vlen-utf8", "bytes": "vlen-bytes"}.get(self.dtype) if isinstance(self.dtype, str) else None

    @property
    def is_small(self) -> bool:
        return isinstance(self.dtype, str) and self.dtype in SMALL

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """What reading gives, apart from the byte order. Small numbers need ml_dtypes."""
        if self.object_codec is not None:
            return np.dtype(object)
        if self.is_small:
            import ml_dtypes

            return np.dtype(getattr(ml_dtypes, self.dtype))
        if self._is_raw_by_bits:
            return np.dtype(f"V{int(self.dtype[1:]) // 8}")
        return as_numpy(self.dtype)

    @property
    def _is_raw_by_bits(self) -> bool:
        return isinstance(self.dtype, str) and self.dtype[0] == "r"

    @property
    def data_type(self) -> Any:
        """Its name in format 3."""
        if self.is_small or self.object_codec is not None or self._is_raw_by_bits:
            return self.dtype
        return _data_type(self.numpy_dtype)

    @property
    def selections(self) -> list[tuple[slice, ...]]:
        parts = self.parts if self.parts is not None else [tuple((0, n) for n in self.shape)]
        return [tuple(slice(*part) for part in parts) for parts in parts]


def as_numpy(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype of a string, or of a list of fields as JSON has it."""
    if isinstance(dtype, str):
        return np.dtype(dtype)
    return np.dtype([(name, as_numpy(kind), *map(tuple, shape)) for name, kind, *shape in dtype])


def _data_type(dtype: np.dtype[Any]) -> Any:
    if dtype.fields is not None:
        members = [{"name": name, "data_type": _data_type(dtype[name])} for name in dtype.names]
        return {"name": "struct", "configuration": {"fields": members}}
    if dtype.kind in "mM":
        unit, factor = np.datetime_data(dtype)
        kind = "datetime64" if dtype.kind == "M" else "timedelta64"
        return {"name": f"numpy.{kind}", "configuration": {"unit": unit, "scale_factor": factor}}
    name = {"U": "fixed_length_utf32", "S": "null_terminated_bytes", "V": "raw_bytes"}.get(dtype.kind)
    return dtype.name if name is None else {"name": name, "configuration": {"length_bytes": dtype.itemsize}}


# -- elements -----------------------------------------------------------------------------------------------------


def expected(case: Case) -> np.ndarray[Any, Any]:
    """The array as it has to be read: the fill value, with the written parts over it."""
    values = np.zeros(case.shape, case.numpy_dtype)
    fill = fill_scalar(case)
    if fill is None and case.object_codec is not None:
        fill = {"vlen-utf8": "", "vlen-bytes": b""}.get(case.object_codec, 0)
    elif fill is None and case.numpy_dtype.kind in "mM":
        fill = _scalar("NaT", case.numpy_dtype)
    if fill is not None:
        values[...] = fill
    data = elements(case)
    if case.began is not None:
        both = tuple(slice(min(lengths)) for lengths in zip(case.began, case.shape, strict=True))
        values[both] = data[both]
    for selection in case.selections:
        values[selection] = data[selection]
    return values


def first_elements(case: Case) -> np.ndarray[Any, Any]:
    """What an array that changes its shape is filled with before that. Where it becomes smaller it is the last element."""
    data = elements(case)
    return np.pad(data, [(0, max(n - m, 0)) for n, m in zip(case.began, case.shape, strict=True)], "edge")[
        tuple(map(slice, case.began))
    ]


def elements(case: Case) -> np.ndarray[Any, Any]:
    """What the written parts are taken from, of the whole shape."""
    if case.data == "fill":
        return np.full(case.shape, fill_scalar(case), case.numpy_dtype)
    n = math.prod(case.shape)
    return _elements(case, n).reshape(case.shape)


def _elements(case: Case, n: int) -> np.ndarray[Any, Any]:
    if case.object_codec is not None:
        values = np.empty(n, object)
        for i in range(n):
            values[i] = _object(case, i)
        return values
    dtype = case.numpy_dtype
    if case.is_small:
        bits = np.dtype(f"<u{dtype.itemsize}")
        mask = bits.type((1 << SMALL[case.dtype]) - 1)
        return (np.frombuffer(_noise(case.name, n * bits.itemsize), bits) & mask).view(dtype)
    if case.data == "negative zeros":
        return np.full(n, -0.0, dtype)
    return _orderly(n, dtype) if case.data == "orderly" else _any(case.name, n, dtype)


def _noise(name: str, nbytes: int) -> bytes:
    return hashlib.shake_128(name.encode()).digest(nbytes)


def _orderly(n: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    steps = np.arange(n) * 3 // 7 % 120
    if dtype.kind == "b":
        return steps % 5 < 2
    if dtype.kind == "U":
        return np.array([LABELS[i % len(LABELS)] for i in steps], dtype)
    return (steps / 8 if dtype.kind in "fc" else steps).astype(dtype)


_EDGES = {
    "f2": [0x7E01, 0xFE00, 0x7C01, 0x7C00, 0xFC00, 0x8000, 0x0001],
    "f4": [0x7FC00ABC, 0xFFC00000, 0x7F800001, 0x7F800000, 0xFF800000, 0x80000000, 0x00000001],
    "f8": [
        *(0x7FF8000000000ABC, 0xFFF8000000000000, 0x7FF0000000000001, 0x7FF0000000000000, 0xFFF0000000000000),
        *(0x8000000000000000, 0x0000000000000001),
    ],
}
"""NaN with a payload, negative, and signalling; the infinities; -0.0; the smallest number."""


def _any(name: str, n: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if dtype.fields is not None:
        values = np.zeros(n, dtype)
        for member in dtype.names:
            base, shape = dtype[member].base, dtype[member].shape
            values[member] = _any(f"{name}.{member}", n * math.prod(shape), base).reshape(n, *shape)
        return values
    if dtype.kind in "US":
        return np.array([_text(i, dtype) for i in range(n)], dtype)
    noise = _noise(name, n * dtype.itemsize)
    if dtype.kind == "b":
        return np.frombuffer(noise, "u1") % 2 == 1
    if dtype.kind == "V":
        return np.frombuffer(noise, dtype)
    part = np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype
    bits = np.frombuffer(noise, f"<u{part.itemsize}").copy()
    edges = _EDGES.get(part.str[1:], [0, 1 << (8 * part.itemsize - 1), (1 << (8 * part.itemsize - 1)) - 1])
    bits[: len(edges)] = edges[: len(bits)]
    # A view and then a swap of bytes: conversions would quiet the signalling NaN.
    little = np.dtype(dtype).newbyteorder("<")
    return bits.view(little).astype(dtype)


def _text(i: int, dtype: np.dtype[Any]) -> Any:
    """NULs at the end are none of the text."""
    if dtype.kind == "S":
        return OCTETS[i % len(OCTETS)][: dtype.itemsize].rstrip(b"\0")
    return TEXTS[i % len(TEXTS)][: dtype.itemsize // 4].rstrip("\0")


def _object(case: Case, i: int) -> Any:
    if case.object_codec == "vlen-utf8":
        return TEXTS[i % len(TEXTS)]
    if case.object_codec == "vlen-bytes":
        return OCTETS[i % len(OCTETS)]
    if case.object_codec == "vlen-array":
        return _any(f"{case.name}.{i}", i % 4, np.dtype(case.filters[0]["dtype"]))
    return LABELS[i % len(LABELS)] if case.object_codec == "categorize" else OBJECTS[i % len(OBJECTS)]


def fill_scalar(case: Case) -> Any:
    """The fill value as it is given to functions; None where there is none."""
    if case.fill is None or case.object_codec is not None:
        return base64.b64decode(case.fill) if case.object_codec == "vlen-bytes" and case.fill is not None else case.fill
    return _scalar(case.fill, case.numpy_dtype)


def _scalar(fill: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.fields is not None and isinstance(fill, dict):
        return np.array(tuple(_scalar(fill[name], dtype[name]).item() for name in dtype.names), dtype)[()]
    if dtype.kind == "S" or (dtype.kind == "V" and isinstance(fill, str)):
        return np.frombuffer(base64.b64decode(fill).ljust(dtype.itemsize, b"\0"), dtype)[0]
    if dtype.kind == "c":
        return np.array(complex(*(_scalar(part, np.dtype("f8")) for part in fill)), dtype)[()]
    if isinstance(fill, str) and fill.startswith("0x"):
        return np.array([int(fill, 16)], f"u{dtype.itemsize}").view(dtype.newbyteorder("="))[0]
    if dtype.kind in "mM":
        return np.array([-(2**63) if fill == "NaT" else fill], "i8").view(dtype.newbyteorder("="))[0]
    return np.array(float(fill) if isinstance(fill, str) and dtype.kind == "f" else fill, dtype)[()]


# -- what is compared -----------------------------------------------------------------------------------------------


def told(values: Any) -> list[Any]:
    """Dtype, shape and elements of an array as JSON: numbers bit by bit, in little-endian order; text and objects as they are."""
    values = np.asarray(values)
    if values.dtype.kind in "OT":
        return ["objects", list(values.shape), [_plain(value) for value in values.ravel().tolist()]]
    if values.dtype.names is None and values.dtype.name in SMALL:
        return [values.dtype.name, list(values.shape), np.ascontiguousarray(values).tobytes().hex()]
    little = values.dtype.newbyteorder("<")
    name = little.str if little.fields is None else str(little.descr)
    return [name, list(values.shape), values.astype(little).tobytes().hex()]


def told_of(case: Case, values: Any) -> list[Any]:
    """The same of what was read of a case: without axes, text and objects may come alone."""
    return told(values if case.object_codec is None else np.asarray(values, object))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return ["array", *told(value)]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, list | tuple):
        return [type(value).__name__, [_plain(each) for each in value]]
    if isinstance(value, dict):
        return ["dict", {key: _plain(each) for key, each in value.items()}]
    return value


# -- cases of both formats --------------------------------------------------------------------------------------------

_RAGGED = {"shape": (7, 5), "chunks": (4, 3)}
_LARGE = {"shape": (40, 30), "chunks": (25, 16), "data": "orderly"}
_LOSSY = {"shape": (10, 6), "chunks": (6, 4), "is_lossy": True}
_ATTRIBUTES = {"text": "é \U0001f600", "numbers": [1, -2.5, 1e300], "nested": {"a": [None, True, {}]}, "": "no name"}


def _zero(dtype: str) -> Any:
    return {"b": False, "f": 0.0, "M": "NaT", "U": ""}.get(np.dtype(dtype).kind, 0)


def _layouts(prefix: str) -> Iterator[Case]:
    """Shapes, chunks that are not there, and the fill values that are then read."""
    yield Case(f"{prefix}/shapes/no-axes", "<f8", (), ())
    yield Case(f"{prefix}/shapes/no-axes-missing", "<f8", (), (), 2.5, parts=())
    yield Case(f"{prefix}/shapes/no-elements", shape=(0,), chunks=(2,))
    yield Case(f"{prefix}/shapes/no-columns", shape=(3, 0), chunks=(2, 2))
    yield Case(f"{prefix}/shapes/one-axis", shape=(11,), chunks=(4,))
    yield Case(f"{prefix}/shapes/three-axes", "<u2", (3, 4, 5), (2, 3, 2))
    yield Case(f"{prefix}/shapes/seven-axes", "|u1", (1, 2, 1, 3, 1, 2, 2), (1, 1, 1, 2, 1, 2, 1))
    yield Case(f"{prefix}/shapes/chunk-larger-than-array", shape=(3, 2), chunks=(10, 7))
    yield Case(f"{prefix}/shapes/chunks-of-one", shape=(3, 2), chunks=(1, 1))
    yield Case(f"{prefix}/shapes/missing-chunks", fill=-7, parts=(((0, 3), (0, 2)),), **_RAGGED)
    yield Case(f"{prefix}/shapes/nothing-written", "<f4", fill=-7.5, parts=(), **_RAGGED)
    yield Case(f"{prefix}/shapes/parts", parts=(((0, 3), (1, 4)), ((2, 7), (0, 2)), ((6, 7), (4, 5))), **_RAGGED)
    yield Case(f"{prefix}/shapes/attributes", attributes=_ATTRIBUTES)
    yield Case(f"{prefix}/shapes/grown", fill=-7, began=(5, 4), parts=(((4, 7), (3, 5)),), **_RAGGED)
    yield Case(f"{prefix}/shapes/shrunk", fill=-7, began=(9, 8), parts=(), **_RAGGED)
    for name, dtype in [
        ("integers", "<i4"),
        ("numbers", "<f8"),
        ("truths", "|b1"),
        ("times", "<M8[ns]"),
        ("texts", "<U5"),
    ]:
        yield Case(
            f"{prefix}/defaults/{name}", dtype, (30, 20), (30, 20), _zero(dtype), data="orderly", has_defaults=True
        )
    part = (((0, 2), (0, 2)),)
    for name, dtype, fill in [
        *(("nan", dtype, "NaN") for dtype in ("<f2", "<f4", "<f8")),
        ("infinity", "<f8", "Infinity"),
        ("minus-infinity", "<f4", "-Infinity"),
        ("minus-zero", "<f8", -0.0),
        ("tenth", "<f4", float(np.float32(0.1))),
        ("smallest", "<f8", 5e-324),
        ("true", "|b1", True),
        ("largest-i8", "<i8", 2**63 - 1),
        ("smallest-i8", "<i8", -(2**63)),
        ("largest-u8", "<u8", 2**64 - 1),
        ("odd", "<i8", 2**53 + 1),
        ("complex", "<c8", [1.5, -2.0]),
        ("complex-nan", "<c16", ["NaN", "-Infinity"]),
        ("time", "<M8[ns]", 1234567890123456789),
        ("not-a-time", "<M8[s]", "NaT"),
        ("difference", "<m8[ms]", -5),
        ("text", "<U3", "né"),
        ("octets", "|S3", "YQBi"),
        ("raw", "|V3", "AP8B"),
    ]:
        yield Case(f"{prefix}/fills/{name}", dtype, fill=fill, parts=part)
    yield Case(f"{prefix}/fills/chunks-of-it", "<f4", fill=1.5, data="fill")
    yield Case(f"{prefix}/fills/nan-chunks", "<f8", (4,), (2,), "NaN", parts=(((0, 4),),))
    yield Case(f"{prefix}/fills/zero-and-minus-zero", "<f8", (4,), (2,), 0.0, data="negative zeros")


# -- format 2 -----------------------------------------------------------------------------------------------------------

_FIELDS = [["a", "|i1"], ["b", "<f4"], ["c", ">u2"], ["d", "<U2"], ["e", "|S3"], ["f", "|b1"]]
_NESTED = [["p", [["x", "<i2"], ["y", "<f8"]]], ["t", "<M8[ns]"]]


def _types_v2() -> Iterator[Case]:
    for name in NUMBERS:
        for order in "<>" if np.dtype(name).itemsize > 1 else "|":
            dtype = np.dtype(name).newbyteorder(order).str
            fill = {"c": [0.0, 0.0], "b": False, "f": 0.0}.get(dtype[1], 0)
            yield Case(f"v2/types/{name}{'-big' if order == '>' else ''}", dtype, fill=fill)
    for dtype in ("|S1", "|S5", "<U1", "<U5", ">U5", "|V1", "|V5"):
        big = "-big" if dtype[0] == ">" else ""
        yield Case(f"v2/types/{dtype[1:]}{big}", dtype, fill="" if dtype[1] == "U" else None)
    for kind in "Mm":
        for unit in (*UNITS, "10s", "25ns"):
            yield Case(f"v2/types/{kind}8-{unit}", f"<{kind}8[{unit}]", fill=0)
        yield Case(f"v2/types/{kind}8-big", f">{kind}8[us]", fill="NaT")
    yield Case("v2/types/struct", _FIELDS, fill=None)
    yield Case("v2/types/struct-numbers", [["a", "|i1"], ["b", "<f4"], ["c", ">u2"], ["d", "|b1"]], fill=None)
    yield Case("v2/types/struct-fill", [["a", "<i2"], ["b", ">f4"]], fill="BwA/gAAA", parts=(((0, 2), (0, 2)),))
    yield Case("v2/types/struct-nested", _NESTED, fill=None)
    yield Case("v2/types/struct-of-arrays", [["a", "<i2"], ["v", "<f4", [2, 3]]], fill=None)
    yield Case("v2/types/struct-f-order", _FIELDS, fill=None, order="F", compressor=ZLIB)
    for name in SMALL:
        yield Case(f"v2/types/{name}", name, fill=None)


ZLIB = {"id": "zlib", "level": 1}


def _objects_v2() -> Iterator[Case]:
    def objects(name: str, codec: dict[str, Any], fill: Any = None, **members: Any) -> Case:
        return Case(f"v2/objects/{name}", "|O", fill=fill, **{"filters": (codec,), **members})

    utf8, octets = {"id": "vlen-utf8"}, {"id": "vlen-bytes"}
    json2 = {
        "id": "json2",
        "encoding": "utf-8",
        "allow_nan": True,
        "check_circular": True,
        "ensure_ascii": True,
        "indent": None,
        "separators": [",", ":"],
        "skipkeys": False,
        "sort_keys": True,
        "strict": True,
    }
    yield objects("vlen-utf8", utf8, "")
    yield objects("vlen-utf8-defaults", utf8, "", has_defaults=True)
    yield objects("vlen-utf8-null", utf8, parts=(((0, 2), (0, 2)),))
    yield objects("vlen-utf8-fill", utf8, "né", parts=(((0, 2), (0, 2)),))
    yield objects("vlen-utf8-zstd", utf8, "", compressor={"id": "zstd", "level": 1})
    yield objects("vlen-utf8-f-order", utf8, "", order="F")
    yield objects("vlen-utf8-no-axes", utf8, "", shape=(), chunks=())
    yield objects("vlen-bytes", octets)
    yield objects("vlen-bytes-fill", octets, "AP8=", parts=(((0, 2), (0, 2)),))
    yield objects("vlen-bytes-null", octets, parts=(((0, 2), (0, 2)),))
    yield objects("vlen-bytes-blosc", octets, compressor=_blosc_v2("lz4", 1))
    for dtype in ("<i4", "<f8", "|u1"):
        yield objects(f"vlen-array-{dtype[1:]}", {"id": "vlen-array", "dtype": dtype})
    yield objects("json2", json2)
    yield objects("json2-zlib", json2, compressor=ZLIB)
    yield objects("msgpack2", {"id": "msgpack2", "raw": False, "use_bin_type": True, "use_single_float": False})
    yield objects("categorize", {"id": "categorize", "labels": LABELS, "dtype": "|O", "astype": "|u1"}, "")
    yield objects("pickle", {"id": "pickle", "protocol": 2})


def _blosc_v2(cname: str, shuffle: int, clevel: int = 5) -> dict[str, Any]:
    return {"id": "blosc", "cname": cname, "clevel": clevel, "shuffle": shuffle, "blocksize": 0}


def _codecs_v2() -> Iterator[Case]:
    def compressed(name: str, codec: dict[str, Any] | None, dtype: str = "<i4", **members: Any) -> Case:
        return Case(f"v2/compressors/{name}", dtype, compressor=codec, **{**_LARGE, **members})

    yield compressed("none", None)
    for name in ("zlib", "gzip", "bz2"):
        for level in (1, 9):
            yield compressed(f"{name}-{level}", {"id": name, "level": level})
    yield compressed("zlib-0", {"id": "zlib", "level": 0})
    for level in (-5, 0, 3, 19):
        yield compressed(f"zstd-{level}", {"id": "zstd", "level": level})
    yield compressed("zstd-checksum", {"id": "zstd", "level": 1, "checksum": True})
    yield compressed("lz4", {"id": "lz4", "acceleration": 1})
    yield compressed("lzma", {"id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None})
    yield compressed("lzma-alone", {"id": "lzma", "format": 2, "check": -1, "preset": 1, "filters": None})
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in (-1, 0, 1, 2):
            yield compressed(f"blosc-{cname}-{shuffle}", _blosc_v2(cname, shuffle), "<f8")
    yield compressed("blosc-big", _blosc_v2("lz4", 1), ">f8")
    yield compressed("blosc-octets", _blosc_v2("lz4", -1), "|u1")
    yield compressed("blosc-stored", _blosc_v2("lz4", 1, 0))
    yield compressed("blosc-noise", _blosc_v2("zstd", 1), data="bits")
    yield compressed("pcodec", {"id": "pcodec", "level": 8, "mode_spec": "auto", "delta_spec": "auto", "paging_spec": "equal_pages_up_to", "delta_encoding_order": None, "equal_pages_up_to": 262144})  # fmt: skip
    yield compressed("zfpy", {"id": "zfpy", "mode": 2, "compression_kwargs": {"rate": 32}, "tolerance": -1, "rate": 32, "precision": -1}, "<f4", **_LOSSY)  # fmt: skip

    def filtered(name: str, *filters: dict[str, Any], dtype: str = "<i4", **members: Any) -> Case:
        return Case(f"v2/filters/{name}", dtype, filters=filters, **{**_LARGE, **members})

    delta = {"id": "delta", "dtype": "<i4", "astype": "<i4"}
    shuffle = {"id": "shuffle", "elementsize": 4}
    yield filtered("delta", delta)
    yield filtered("delta-zlib", delta, compressor=ZLIB)
    yield filtered("delta-f-order", delta, order="F", data="bits")
    yield filtered("delta-big", {"id": "delta", "dtype": ">i4", "astype": ">i4"}, dtype=">i4")
    yield filtered("delta-narrow", {"id": "delta", "dtype": "<i4", "astype": "<i2"})
    yield filtered("delta-twice", delta, delta)
    yield filtered("delta-shuffle", delta, shuffle, compressor=ZLIB)
    yield filtered("delta-times", {"id": "delta", "dtype": "<i8", "astype": "<i8"}, dtype="<i8", data="bits")
    yield filtered("shuffle", shuffle, data="bits")
    yield filtered("shuffle-of-2", {"id": "shuffle", "elementsize": 2})
    yield filtered(
        "fixedscaleoffset",
        {"id": "fixedscaleoffset", "offset": 10, "scale": 3, "dtype": "<f8", "astype": "<i4"},
        dtype="<f8",
        **_LOSSY,
    )
    yield filtered("quantize", {"id": "quantize", "digits": 1, "dtype": "<f4", "astype": "<f4"}, dtype="<f4", **_LOSSY)  # fmt: skip
    yield filtered("bitround", {"id": "bitround", "keepbits": 3}, dtype="<f4", **_LOSSY)
    yield filtered("astype", {"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}, dtype="<f8")
    yield filtered("packbits", {"id": "packbits"}, dtype="|b1", fill=False)
    yield filtered("packbits-gzip", {"id": "packbits"}, dtype="|b1", compressor={"id": "gzip", "level": 1}, fill=False)
    yield filtered("categorize", {"id": "categorize", "labels": LABELS, "dtype": "<U5", "astype": "|u1"}, dtype="<U5", fill="")  # fmt: skip
    yield filtered("base64", {"id": "base64"})
    for name in ("crc32", "crc32c", "adler32", "fletcher32"):
        yield filtered(name, {"id": name})
    yield filtered("crc32-end", {"id": "crc32", "location": "end"})
    yield filtered("jenkins_lookup3", {"id": "jenkins_lookup3", "initval": 7, "prefix": None})
    yield filtered("checksums", {"id": "crc32"}, {"id": "adler32"}, compressor=_blosc_v2("zstd", 2))


def _layouts_v2() -> Iterator[Case]:
    for dtype in ("<i4", ">f8"):
        yield Case(f"v2/order/f-{dtype[1:]}", dtype, (3, 4, 5), (2, 3, 2), order="F")
    yield Case("v2/order/f-blosc", "<f4", order="F", compressor=_blosc_v2("lz4", 1), **_LARGE)
    yield Case("v2/order/f-no-axes", "<f4", (), (), order="F")
    yield Case("v2/order/f-one-axis", "<f4", (7,), (3,), order="F")
    yield Case("v2/order/f-missing", "<i2", fill=-7, order="F", parts=(((0, 3), (0, 2)),), **_RAGGED)
    for separator, name in ((".", "dots"), ("/", "slashes")):
        keys = {"name": "v2", "configuration": {"separator": separator}}
        yield Case(f"v2/keys/{name}", "<u2", (3, 4, 5), (2, 3, 2), keys=keys)
        yield Case(f"v2/keys/{name}-no-axes", "<u2", (), (), keys=keys)
    for dtype in ("<i4", ">f8", "|b1", "|S3", "<U3", "<M8[ns]", "<c8"):
        yield Case(f"v2/null-fill/{dtype[1:].translate(str.maketrans('[]', '--'))}", dtype, fill=None, parts=(((0, 3), (0, 2)),))  # fmt: skip


# -- format 3 -------------------------------------------------------------------------------------------------------------


def codec(name: str, **configuration: Any) -> dict[str, Any]:
    return {"name": name, "configuration": configuration}


LITTLE, BIG, PLAIN = codec("bytes", endian="little"), codec("bytes", endian="big"), {"name": "bytes"}
CRC32C = {"name": "crc32c"}


def sharded(chunk_shape: Any, *codecs: Any, index: Any = (LITTLE, CRC32C), location: str = "end") -> dict[str, Any]:
    return codec(
        "sharding_indexed",
        chunk_shape=list(chunk_shape),
        codecs=list(codecs or (LITTLE,)),
        index_codecs=list(index),
        index_location=location,
    )


def _v3(name: str, dtype: Any = "<i4", codecs: Any = None, **members: Any) -> Case:
    if codecs is None:
        codecs = [{"string": codec("vlen-utf8"), "bytes": codec("vlen-bytes")}.get(dtype if isinstance(dtype, str) else "", LITTLE)]  # fmt: skip
    return Case(f"v3/{name}", dtype, codecs=tuple(codecs), **members)


def _types_v3() -> Iterator[Case]:
    for name in NUMBERS:
        dtype = np.dtype(name).newbyteorder("<")
        fill = {"c": [0.0, 0.0], "b": False, "f": 0.0}.get(dtype.kind, 0)
        if dtype.itemsize == 1:
            yield _v3(f"types/{name}", dtype.str, [PLAIN], fill=fill)
            continue
        yield _v3(f"types/{name}", dtype.str, fill=fill)
        yield _v3(f"types/{name}-big", dtype.str, [BIG], fill=fill)
    for n in (1, 5):
        yield _v3(f"types/S{n}", f"|S{n}", [PLAIN], fill="AA==" if n == 1 else "AAAAAAA=")
        yield _v3(f"types/V{n}", f"|V{n}", [PLAIN], fill="AA==" if n == 1 else "AAAAAAA=")
        yield _v3(f"types/U{n}", f"<U{n}", fill="")
        yield _v3(f"types/r{8 * n}", f"r{8 * n}", [PLAIN], fill="AA==" if n == 1 else "AAAAAAA=")
    yield _v3("types/U5-big", "<U5", [BIG], fill="")
    for kind in "Mm":
        for unit in (*UNITS, "10s", "25ns"):
            yield _v3(f"types/{kind}8-{unit}", f"<{kind}8[{unit}]", fill=0)
        yield _v3(f"types/{kind}8-generic", f"<{kind}8", fill="NaT")
        yield _v3(f"types/{kind}8-big", f"<{kind}8[us]", [BIG], fill="NaT")
    fields = [["a", "|i1"], ["b", "<f4"], ["c", "<u2"]]
    fill = {"a": 1, "b": 2.5, "c": 3}
    part = (((0, 2), (0, 2)),)
    yield _v3("types/struct", fields, fill=fill, parts=part)
    yield _v3("types/struct-big", fields, [BIG], fill=fill, parts=part)
    yield _v3("types/struct-texts", [["u", "<U2"], ["s", "|S3"], ["t", "<M8[ns]"]], fill={"u": "é", "s": "", "t": 5})
    yield _v3("types/struct-nested", [["p", [["x", "<i2"], ["y", "<f8"]]], ["t", "<i8"]], fill={"p": {"x": 1, "y": 0.5}, "t": 2}, parts=part)  # fmt: skip
    yield _v3("types/struct-one-field", [["a", "<i2"]], fill={"a": 7}, parts=part)
    yield _v3("types/struct-sharded", fields, [sharded((1, 2), LITTLE, CRC32C)], fill=fill, shape=(6, 4), chunks=(3, 4))
    for name, n_bits in SMALL.items():
        has_zero = name != "float8_e8m0fnu"
        yield _v3(f"types/{name}", name, [LITTLE if n_bits == 16 else PLAIN], fill=0 if has_zero else 1)
    yield _v3("types/bfloat16-big", "bfloat16", [BIG])
    yield _v3("types/string", "string", fill="")
    yield _v3("types/string-defaults", "string", fill="", has_defaults=True)
    yield _v3("types/string-fill", "string", fill="né", parts=part)
    yield _v3("types/string-no-axes", "string", shape=(), chunks=(), fill="")
    yield _v3("types/string-zstd", "string", [codec("vlen-utf8"), codec("zstd", level=1, checksum=False)], fill="")
    yield _v3("types/string-sharded", "string", [sharded((1, 2), codec("vlen-utf8"), CRC32C)], fill="x", shape=(6, 4), chunks=(3, 4), parts=part)  # fmt: skip
    yield _v3("types/bytes", "bytes", fill="")
    yield _v3("types/bytes-fill", "bytes", fill="AP8=", parts=part)
    yield _v3("types/bytes-gzip", "bytes", [codec("vlen-bytes"), codec("gzip", level=1)], fill="")
    for name in ("nan-payload", "minus-nan", "signalling-nan"):
        fill = {"nan-payload": "0x7fc00abc", "minus-nan": "0xffc00000", "signalling-nan": "0x7f800001"}[name]
        yield _v3(f"fills/{name}", "<f4", fill=fill, parts=part)


def _blosc(cname: str, shuffle: str, typesize: int) -> dict[str, Any]:
    return codec("blosc", cname=cname, clevel=5, shuffle=shuffle, typesize=typesize, blocksize=0)


def _codecs_v3() -> Iterator[Case]:
    def coded(name: str, *codecs: Any, dtype: str = "<i4", **members: Any) -> Case:
        return _v3(f"codecs/{name}", dtype, codecs, **{**_LARGE, **members})

    yield coded("bytes", LITTLE)
    for level in (0, 1, 9):
        yield coded(f"gzip-{level}", LITTLE, codec("gzip", level=level))
    for level in (-5, 0, 3, 19):
        yield coded(f"zstd-{level}", LITTLE, codec("zstd", level=level, checksum=False))
    yield coded("zstd-checksum", LITTLE, codec("zstd", level=1, checksum=True))
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
            yield coded(f"blosc-{cname}-{shuffle}", LITTLE, _blosc(cname, shuffle, 8), dtype="<f8")
    yield coded("blosc-octets", PLAIN, _blosc("lz4", "bitshuffle", 1), dtype="|u1")
    yield coded("blosc-noise", LITTLE, _blosc("zstd", "shuffle", 4), data="bits")
    yield coded("crc32c", LITTLE, CRC32C)
    yield coded("crc32c-zstd-crc32c", BIG, CRC32C, codec("zstd", level=1, checksum=False), CRC32C)
    yield coded("transpose", codec("transpose", order=[1, 0]), LITTLE, data="bits")
    cube = {"shape": (3, 4, 5), "chunks": (2, 3, 2), "data": "bits"}
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]):
        name = "".join(map(str, order))
        yield coded(f"transpose-{name}", codec("transpose", order=order), LITTLE, **cube)
    twice = (codec("transpose", order=[1, 2, 0]), codec("transpose", order=[0, 2, 1]))
    yield coded("transpose-twice", *twice, BIG, codec("gzip", level=1), **cube)
    yield coded("scale_offset", codec("scale_offset", offset=10, scale=2), LITTLE, dtype="<f8")
    yield coded("scale_offset-integers", codec("scale_offset", offset=5), LITTLE)
    yield coded("cast_value", codec("cast_value", data_type="int16", rounding="towards-zero"), LITTLE, **_LOSSY, dtype="<f8")  # fmt: skip
    yield coded("cast_value-clamp", codec("cast_value", data_type="int8", out_of_range="clamp"), PLAIN, **_LOSSY)
    yield coded("bitround", codec("bitround", keepbits=3), LITTLE, dtype="<f4", **_LOSSY)
    yield coded("packbits", codec("packbits"), dtype="|b1", fill=False)

    def numcodec(name: str, *filters: Any, dtype: str = "<i4", after: Any = (), as_: str = "", **members: Any) -> Case:
        return coded(f"numcodecs.{as_ or name}", *filters, LITTLE if dtype != "|b1" else PLAIN, *after, dtype=dtype, **members)  # fmt: skip

    def plain(name: str, **configuration: Any) -> dict[str, Any]:
        return codec(f"numcodecs.{name}", **configuration)

    for name, configuration in [
        ("blosc", {"cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}),
        *(("lz4", {"acceleration": 1}), ("zstd", {"level": 1}), ("zlib", {"level": 1}), ("gzip", {"level": 1})),
        *(("bz2", {"level": 1}), ("lzma", {"preset": 1}), ("shuffle", {"elementsize": 4})),
        *((name, {}) for name in ("crc32", "crc32c", "adler32", "fletcher32")),
        ("jenkins_lookup3", {"initval": 7}),
    ]:
        yield numcodec(name, after=(plain(name, **configuration),))
    yield numcodec("delta", plain("delta", dtype="<i4", astype="<i4"))
    yield numcodec("delta-narrow", plain("delta", dtype="<i4", astype="<i2"))
    yield numcodec("fixedscaleoffset", plain("fixedscaleoffset", offset=10, scale=3, dtype="<f8", astype="<i4"), dtype="<f8", **_LOSSY)  # fmt: skip
    yield numcodec("quantize", plain("quantize", digits=1, dtype="<f4"), dtype="<f4", **_LOSSY)
    yield numcodec("bitround", plain("bitround", keepbits=3), dtype="<f4", **_LOSSY)
    yield coded("numcodecs.packbits", plain("packbits"), PLAIN, dtype="|b1", fill=False)
    yield numcodec("astype", plain("astype", encode_dtype="<f4", decode_dtype="<f8"), dtype="<f8")
    yield coded("numcodecs.pcodec", plain("pcodec", level=8))
    yield coded("numcodecs.zfpy", plain("zfpy", mode=2, rate=32), dtype="<f4", **_LOSSY)


def _shards() -> Iterator[Case]:
    grid = {"shape": (7, 11), "chunks": (4, 6)}
    inner = (2, 3)

    def shards(name: str, *codecs: Any, **members: Any) -> Case:
        return _v3(f"shards/{name}", members.pop("dtype", "<i4"), codecs, **{**grid, **members})

    for location in ("start", "end"):
        for endian, order in ((LITTLE, "little"), (BIG, "big")):
            for checksums in ((), (CRC32C,)):
                name = f"{location}-{order}{'-crc32c' if checksums else ''}"
                yield shards(name, sharded(inner, index=(endian, *checksums), location=location))
        for name, codecs in [
            ("crc32c", (LITTLE, CRC32C)),
            ("gzip", (BIG, codec("gzip", level=1))),
            ("zstd", (LITTLE, codec("zstd", level=1, checksum=True))),
            ("blosc", (LITTLE, _blosc("lz4", "bitshuffle", 4))),
        ]:
            yield shards(f"{location}-of-{name}", sharded(inner, *codecs, location=location))
    turned = codec("transpose", order=[1, 0])
    yield shards("transpose-in", sharded(inner, turned, LITTLE))
    yield shards("transpose-before", turned, sharded(inner[::-1]))
    yield shards("transpose-before-square", turned, sharded((2, 2)), chunks=(4, 4))
    yield shards("gzip-behind", sharded(inner), codec("gzip", level=1))
    yield shards("crc32c-behind", sharded(inner, LITTLE, CRC32C), CRC32C)
    yield shards("nested", sharded((4, 6), sharded(inner, LITTLE, CRC32C, location="start")), shape=(9, 15), chunks=(8, 12))  # fmt: skip
    deep = sharded((2, 4), sharded((1, 2), LITTLE, codec("gzip", level=1)), location="start")
    yield shards("nested-twice", sharded((4, 4), deep), shape=(9, 9), chunks=(8, 8))
    yield shards("missing", sharded(inner), fill=-7, parts=(((0, 2), (0, 3)), ((4, 6), (6, 11))))
    yield shards("missing-start", sharded(inner, location="start"), fill=-7, parts=(((2, 4), (3, 6)),))
    yield shards("nothing-written", sharded(inner), fill=-7, parts=())
    yield shards("grown", sharded(inner), fill=-7, began=(5, 9), parts=(((4, 7), (3, 11)),))
    yield shards("shrunk", sharded(inner), fill=-7, began=(9, 14), parts=())
    yield shards("of-one-chunk", sharded((4, 6)))
    yield shards("larger-than-array", sharded((5, 5), LITTLE, CRC32C), chunks=(20, 30))
    yield shards("no-axes", sharded(()), shape=(), chunks=())
    yield shards("of-bool", sharded(inner, PLAIN, CRC32C), dtype="|b1", fill=False)
    yield shards("of-complex", sharded(inner, BIG), dtype="<c16", fill=[0.0, 0.0])
    yield shards("one-axis", sharded((2,), LITTLE, codec("zstd", level=0, checksum=False)), shape=(13,), chunks=(6,))


def _layouts_v3() -> Iterator[Case]:
    for name in ("default", "v2"):
        for separator, called in ((".", "dots"), ("/", "slashes")):
            keys = codec(name, separator=separator)
            yield _v3(f"keys/{name}-{called}", "<u2", shape=(3, 4, 5), chunks=(2, 3, 2), keys=keys)
            yield _v3(f"keys/{name}-{called}-no-axes", "<u2", shape=(), chunks=(), keys=keys)
    yield _v3("names/both", dimension_names=("y", "x"))
    yield _v3("names/one", dimension_names=(None, "x"))
    rectilinear = {"shape": (10, 7), "chunks": ((3, 3, 4), (5, 2))}
    yield _v3("grids/rectilinear", **rectilinear)
    yield _v3("grids/rectilinear-runs", shape=(10, 7), chunks=((2, 2, 2, 2, 2), (1, 1, 1, 4)))
    yield _v3("grids/rectilinear-missing", fill=-7, parts=(((3, 6), (5, 7)),), **rectilinear)
    yield _v3("grids/rectilinear-shards", "<i4", [sharded((2, 7))], shape=(10, 7), chunks=((4, 4, 2), (7,)))


def _cases() -> Iterator[Case]:
    for maker in (_types_v2, _objects_v2, _codecs_v2, _layouts_v2, _types_v3, _codecs_v3, _shards, _layouts_v3):
        yield from maker()
    yield from _layouts("v2")
    for case in _layouts("v3"):
        serializer = PLAIN if case.numpy_dtype.itemsize == 1 or case.numpy_dtype.kind in "SV" else LITTLE
        yield _with_codecs(case, (serializer,))


def _with_codecs(case: Case, codecs: tuple[dict[str, Any], ...]) -> Case:
    return Case(**{**case.__dict__, "codecs": codecs})


CASES = {case.name: case for case in _cases()}
"""Every array of the corpus, by its name."""

# -- groups -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tree:
    """A group, the attributes of the groups in it by their paths, and arrays with theirs; they hold 0, 1, 2, 3."""

    name: str
    groups: dict[str, dict[str, Any]]
    arrays: dict[str, dict[str, Any]]
    is_consolidated: bool

    @property
    def zarr_format(self) -> int:
        return int(self.name[1])


_GROUPS = {"": {"title": "é"}, "a": {}, "a/b": {"deep": [1, {"x": None}]}, "empty": {}}
_ARRAYS = {"x": {}, "a/b/y": {"unit": "m"}}
VALUES = np.arange(4, dtype="<i4")
TREES = {
    tree.name: tree
    for zarr_format in (2, 3)
    for tree in (
        Tree(f"v{zarr_format}/groups/plain", _GROUPS, _ARRAYS, is_consolidated=False),
        Tree(f"v{zarr_format}/groups/consolidated", _GROUPS, _ARRAYS, is_consolidated=True),
    )
}


def expected_tree(tree: Tree) -> dict[str, Any]:
    """What is found in it: attributes of every node by its path, elements of arrays; whether it came from one document."""
    nodes = {path: [attributes, None] for path, attributes in tree.groups.items()}
    nodes |= {path: [attributes, told(VALUES)] for path, attributes in tree.arrays.items()}
    return {"nodes": dict(sorted(nodes.items())), "is_consolidated": tree.is_consolidated}
