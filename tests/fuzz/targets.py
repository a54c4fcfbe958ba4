"""What hostile bytes are fed to: functions of bytes that return, or raise what is a fault.

The errors that users catch are none; nor is a value that nobody wrote, where nothing tells. The same functions run under
atheris (`make fuzz`) and, for a short while, with the tests.
"""

from __future__ import annotations

import copy
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import zarr
from tests.fuzz import arrays
from tests.interop.documents import document_key, put
from tests.suites.archives import archive
from zarr._buffer import CPUBuffer
from zarr._codec.base import ArrayConfig
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.parse import parse_array_v2, parse_group_v2, parse_v3
from zarr._store.cached.entries import packed, parse_entry
from zarr._store.file_url import from_url, to_url
from zarr._store.file_url import is_url as is_file_url
from zarr._store.keys import check_key, check_prefix, is_key
from zarr._store.path import StorePath, node_path
from zarr._store.remote.web_index import names_in
from zarr._store.urls import is_url
from zarr._support.json import dump, parse_object
from zarr.abc.store import RangeByteRequest
from zarr.errors import BaseZarrError, DataTypeValidationError, MemberNotFoundError
from zarr.storage import MemoryStore, ZipStore

OURS = (BaseZarrError, DataTypeValidationError, MemberNotFoundError)
"""What users catch."""
OF_ARCHIVES = (zipfile.BadZipFile, NotImplementedError, BaseZarrError)
"""What they catch of zip archives: the classes of Python's own module."""
LIMITS = {"array.max_chunk_bytes": 2**22, "array.rectilinear_chunks": True, "array.chunk_cache": False}
"""Settings under which all of it runs: memory that a document asks for in its own right is no fault."""


@dataclass(frozen=True)
class Target:
    """Something to feed bytes to.

    Attributes
    ----------
    run
        Takes bytes. Whatever it raises is a fault.
    seeds
        Makes right input, and input that was hostile once.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


# -- documents ------------------------------------------------------------------------------------------------------


def use(node: Any) -> None:
    """Everything that is made of a document alone, and the document that is made of that."""
    if isinstance(node, ArrayV2Metadata | ArrayV3Metadata):
        node.to_spec(ArrayConfig())
    elif node.consolidated_metadata is not None:
        for _, member in node.consolidated_metadata.flat():
            use(member)
    for raw in node.to_buffer_dict().values():
        raw.to_bytes()


def array_v3(data: bytes) -> None:
    try:
        node = parse_v3(data, "zarr.json")
        use(node)
        again = parse_v3(node.to_buffer_dict()["zarr.json"].to_bytes(), "again")
    except OURS:
        return
    assert again == node, "a document that is written anew says something else"


def array_v2(data: bytes) -> None:
    try:
        node = parse_array_v2(data, None, ".zarray")
        use(node)
        again = parse_array_v2(node.to_buffer_dict()[".zarray"].to_bytes(), None, "again")
    except OURS:
        return
    assert again == node, "a document that is written anew says something else"


def group(data: bytes) -> None:
    """A group of format 3, or by the first byte the documents of one of format 2, the others of which are right."""
    first, rest = data[:1], data[1:]
    try:
        if first == b"a":
            use(parse_group_v2(b'{"zarr_format": 2}', rest, ".zgroup"))
        elif first == b"m":
            use(parse_group_v2(b'{"zarr_format": 2}', None, ".zgroup", rest))
        elif first == b"g":
            use(parse_group_v2(rest, None, ".zgroup"))
        else:
            use(parse_v3(data, "zarr.json"))
    except OURS:
        pass


def json_object(data: bytes) -> None:
    try:
        found = parse_object(data, "attributes")
        written = dump({"attributes": found}, None)
    except (*OURS, TypeError):  # a lone surrogate can be read, and not written
        return
    assert parse_object(written, "again").keys() == {"attributes"}


# -- documents that are right but for some places --------------------------------------------------------------------

WORDS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 3, 7, 64, 65, 2**31, 2**32, 2**53, 2**62, 2**63, 2**64, 10**30, 0.5, -0.0, 1e300),
    *(
        "",
        "0",
        "NaN",
        "Infinity",
        "0x7fc00000",
        "a",
        "a/b",
        "..",
        "C",
        "F",
        "little",
        "<i4",
        ">f8",
        "|O",
        "<U4",
        "<M8[s]",
    ),
    *("int32", "float16", "bool", "string", "bytes", "r16", "int4", "bfloat16", "complex64", "float8_e4m3fn", "é\0"),
    *(",i4", "(1,i4", "i4,(2 3)f4", "1" * 5000 + "x", "i4," * 1000),
    *("gzip", "zstd", "blosc", "crc32c", "transpose", "sharding_indexed", "vlen-utf8", "numcodecs.delta", "regular"),
    *(
        "rectilinear",
        "default",
        "v2",
        "numpy.datetime64",
        "struct",
        "fixed_length_utf32",
        "zarrs.optional",
        "cast_value",
    ),
    *([], {}, [1], [1, 1], [[1, 2]], [0, 1], [2, [1, 4]], ["a", "<i4"], [["a", "<i4"]], {"name": "bytes"}, [[[[]]]]),
    *({"id": "zlib", "level": 1}, {"id": "delta", "dtype": "<i4"}, {"name": "int16", "configuration": {}}),
]
"""What the places of a document are given."""
MEMBERS = [
    *(
        "name",
        "configuration",
        "id",
        "must_understand",
        "shape",
        "chunks",
        "dtype",
        "data_type",
        "fill_value",
        "codecs",
    ),
    *("chunk_grid", "chunk_shape", "chunk_shapes", "chunk_key_encoding", "separator", "attributes", "dimension_names"),
    *(
        "storage_transformers",
        "filters",
        "compressor",
        "order",
        "index_codecs",
        "index_location",
        "endian",
        "level",
        "kind",
    ),
    *("length_bytes", "unit", "scale_factor", "fields", "consolidated_metadata", "metadata", "typesize", "x"),
]


def bases() -> list[dict[str, Any]]:
    """Documents that are right, of many kinds."""
    of_arrays = [document for kind in arrays.KINDS.values() for document in kind.values()]
    snapshot = {"kind": "inline", "must_understand": False, "metadata": {"a": of_arrays[0], "b/c": arrays.UNEVEN}}
    return [
        *of_arrays,
        arrays.UNEVEN,
        {
            **arrays.chain(arrays.LITTLE, data_type="float32"),
            "fill_value": "0x7fc00001",
            "dimension_names": ["y", None],
        },
        {"zarr_format": 3, "node_type": "group", "attributes": {"a": [1]}, "consolidated_metadata": snapshot},
    ]


BASES = bases()


def edited(data: bytes) -> None:
    """A document by its number, then edits: a place by its number, what happens there, and a value by its number."""
    if not data:
        return
    document = copy.deepcopy(BASES[data[0] % len(BASES)])
    for where, what, which in zip(data[1::3], data[2::3], data[3::3], strict=False):
        _edit(document, where, what, which)
    raw = json.dumps(document).encode()
    if document.get("zarr_format") == 2:
        array_v2(raw)
        hierarchy_of({".zarray": raw})
    else:
        array_v3(raw)
        hierarchy_of({"zarr.json": raw})


def _edit(document: Any, where: int, what: int, which: int) -> None:
    places = list(_places(document))
    if not places:
        return
    parent, name = places[where % len(places)]
    value = copy.deepcopy(WORDS[which % len(WORDS)])
    match what % 4:
        case 0:
            del parent[name]
        case 1 if isinstance(parent, dict):
            parent[MEMBERS[which % len(MEMBERS)]] = copy.deepcopy(parent[name])
        case 2 if isinstance(parent, dict):
            parent[MEMBERS[what // 4 % len(MEMBERS)]] = value
        case 1 | 2:
            parent.insert(name, value)
        case _:
            parent[name] = value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    children: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for name, child in list(children):
        yield value, name
        if isinstance(child, dict | list):
            yield from _places(child)


# -- chunks ---------------------------------------------------------------------------------------------------------


def chunks_of(kind: str) -> Target:
    """The chunk of an array, which the first byte names: both engines read it, and what both can read is the same."""
    documents = list(arrays.KINDS[kind].values())

    def run(data: bytes) -> None:
        if not data:
            return
        document, raw = documents[data[0] % len(documents)], data[1:]
        found = [read_with(engine, document, raw) for engine in ("python", "native")]
        first, second = found
        if first is None or second is None:
            assert first is second, f"one engine reads it: {found}"
            return
        assert same(first, second), f"the engines read {found}"

    def seeds() -> Iterator[bytes]:
        for number, name in enumerate(arrays.KINDS[kind]):
            yield bytes([number]) + arrays.stored(kind, name)

    return Target(run, seeds)


def read_with(engine: str, document: dict[str, Any], raw: bytes) -> Any:
    """The elements, or None for an error that names the chunk. Parts are as the whole, if that can be read."""
    key, array = arrays.key_of(document), opened(engine, json.dumps(document))
    put(array.store, {key: raw})
    whole, error = None, key
    try:
        whole = np.asarray(array[...])
    except BaseZarrError as exc:
        error = str(exc)
    assert key in error, "the error does not name the chunk"
    for selection in ((0, 0), (slice(None, None, -2), slice(3, 6))):
        try:
            part = np.asarray(array[selection])
        except BaseZarrError:
            assert whole is None, f"{selection} cannot be read, and everything can"
            continue
        assert whole is None or same(part, np.asarray(whole[selection]))
    return whole


@cache
def opened(engine: str, document: str) -> Any:
    """An array to give chunks to."""
    parsed = json.loads(document)
    store = put(MemoryStore(), {document_key(parsed): document})
    with zarr.config.set({"engine": engine}):
        return zarr.open_array(store, mode="r+", zarr_format=parsed["zarr_format"])


def same(one: Any, other: Any) -> bool:
    """Whether two arrays have the same elements, bit by bit."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.hasobject or one.dtype.kind == "T":
        return repr(one.tolist()) == repr(other.tolist())
    return bool(one.tobytes() == other.tobytes())


# -- archives, hierarchies, names -------------------------------------------------------------------------------------


def zip_archive(data: bytes) -> None:
    """An archive in a file, and one that is a value in another store."""
    with zarr.config.set({"array.max_chunk_bytes": 2**20}):
        for source in (io.BytesIO(data), StorePath(put(MemoryStore(), {"a.zip": data}), "a.zip")):
            store = ZipStore(source)
            try:
                keys = list(store.list_keys(""))
            except OF_ARCHIVES:
                continue
            for key in keys[:20]:
                assert is_key(key)
                for byte_range in (None, RangeByteRequest(1, 10)):
                    try:
                        store.get_sync(key, byte_range=byte_range)
                    except OF_ARCHIVES:
                        pass
            list(store.list_names(""))


def archives() -> Iterator[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", method) as target:
            target.writestr("zarr.json", json.dumps(BASES[0]))
            target.writestr("c/0/0", bytes(100))
            target.comment = b"x"
        yield made.getvalue()
    yield bytes(archive(("a", b"1"), ("d/", b""), ("b", b"2")))
    yield b"#!" + bytes(archive(("a", b"1")))
    yield bytes(archive(("a", b"1"))) + bytes(archive(("b", b"2")))[:-5]
    wide = io.BytesIO()
    with zipfile.ZipFile(wide, "w") as target, target.open("a", "w", force_zip64=True) as value:
        value.write(b"value")
    yield wide.getvalue()


KEYS = [
    *("zarr.json", ".zgroup", ".zattrs", ".zarray", ".zmetadata", "a/zarr.json", "a/.zarray", "a/.zattrs", "a/.zgroup"),
    *("a/c/0/0", "a/0.0", "c/0/0", "0.0", "a/b/zarr.json", "a/b/.zarray", "b/zarr.json", "a/c", "x"),
]


def hierarchy(data: bytes) -> None:
    """A store: the number of a key, the length of its value in two bytes, and the value; and so on."""
    objects: dict[str, bytes] = {}
    while len(data) > 2:
        number, length = struct.unpack_from("<BH", data)
        objects[KEYS[number % len(KEYS)]] = data[3 : 3 + length]
        data = data[3 + length :]
    hierarchy_of(objects)


def hierarchy_of(objects: dict[str, bytes]) -> None:
    """Open what is stored, whatever it is, and look at all of it."""
    store = put(MemoryStore(), objects)
    try:
        look_at(zarr.open(store, mode="r"))
    except OURS:
        pass
    for open_as in (zarr.open_group, zarr.open_array):
        try:
            open_as(store, mode="r")
        except OURS:
            pass


def look_at(node: Any) -> None:
    repr(node)
    str(node.info)
    dict(node.attrs)
    if isinstance(node, zarr.Group):
        for path, _ in node.members(max_depth=None):
            look_at(node[path])
        str(node.tree())
        return
    assert node.size >= 0
    assert node.nchunks >= 0
    if node.size:
        node[(0,) * node.ndim]
        if node.size < 2**16:
            node[...]


def stored(objects: dict[str, Any]) -> bytes:
    made = b""
    for key, value in objects.items():
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        made += struct.pack("<BH", KEYS.index(key), len(raw)) + raw
    return made


def hierarchies() -> Iterator[bytes]:
    group_3, group_2 = {"zarr_format": 3, "node_type": "group", "attributes": {}}, {"zarr_format": 2}
    number, texts = arrays.NUMBERS["bytes"], arrays.TEXTS["utf8"]
    chunk = arrays.stored("numbers", "bytes")
    yield stored({"zarr.json": group_3, "a/zarr.json": number, "a/c/0/0": chunk, "b/zarr.json": texts})
    snapshot = {"zarr_consolidated_format": 1, "metadata": {".zgroup": group_2, "a/.zarray": arrays.old()}}
    yield stored(
        {".zgroup": group_2, ".zmetadata": snapshot, "a/.zarray": arrays.old(), "a/0.0": chunk, "a/.zattrs": {}}
    )
    inline = {"kind": "inline", "must_understand": False, "metadata": {"a": group_3, "a/b": number}}
    yield stored(
        {"zarr.json": {**group_3, "consolidated_metadata": inline}, "a/zarr.json": group_3, "a/b/zarr.json": number}
    )
    yield stored({"zarr.json": arrays.SHARDS["plain"], "c/0/0": arrays.stored("shards", "plain")})
    yield stored({".zarray": arrays.TEXTS["json2"], "0.0": arrays.stored("texts", "json2"), ".zattrs": {"a": 1}})


def names(data: bytes) -> None:
    """Texts that are to be keys, paths, places or URLs."""
    given = data.decode(errors="surrogateescape")
    try:
        key = check_key(given)
        assert is_key(key)
        assert ".." not in key.split("/")
        put(store := MemoryStore(), {key: b"1"})
        assert list(store.list_keys("")) == [key]
    except BaseZarrError:
        pass
    for check in (check_prefix, node_path):
        try:
            found = check(given)
        except ValueError:
            continue
        assert not found or ".." not in found.split("/")
    is_url(given)
    if is_file_url(given):
        from_url(given)
    if "\0" not in given:
        assert from_url(to_url(given)) in (given, f"./{given}")


def web_page(data: bytes) -> None:
    """What a web server shows of a directory, behind a byte for its kind."""
    kind = "application/json" if data[:1] == b"j" else "text/html"
    found = names_in(data[1:].decode(errors="replace"), kind, "http://host/data/a b/")
    for name in found or ():
        assert isinstance(name, str)


def cache_entry(data: bytes) -> None:
    """What a cache in another store holds under a key."""
    found = parse_entry("name", CPUBuffer.from_bytes(data), "source")
    assert found is None or len(found.data) <= len(data)


def cache_entries() -> Iterator[bytes]:
    yield packed(CPUBuffer.from_bytes(b"value"), "tag", 5, "source").to_bytes()
    yield packed(CPUBuffer.from_bytes(b""), [1, 2], -1, "source").to_bytes()
    yield b'{"of": "source", "length": 0, "tag": 1, "nbytes": Infinity, "stored_at": 1}\n'
    yield b"[" * 3000


def pages() -> Iterator[bytes]:
    yield b'h<title>Index of /data/</title><a href="../">..</a> <A HREF=\'./c/\'>c</A> <a href="a%20b&amp;c">d</a>'
    yield b'h<h1>Directory listing for /x</h1><a href="http://[::1/">e</a><a href="/data/a%20b/c">f</a>'
    yield b'j[{"name":"c", "type":"directory"}, {"name":"a"}]'


# -- all ------------------------------------------------------------------------------------------------------------


def documents(*, zarr_format: int) -> Iterator[bytes]:
    for document in BASES:
        if document["zarr_format"] == zarr_format:
            yield json.dumps(document).encode()


def groups() -> Iterator[bytes]:
    yield json.dumps(BASES[-1]).encode()
    yield b'a{"a": {"b": [1, "x", NaN]}}'
    yield b'g{"zarr_format": 2}'
    members = {".zgroup": {"zarr_format": 2}, "a/.zarray": arrays.old(), "a/.zattrs": {"x": 1}}
    yield b"m" + json.dumps({"zarr_consolidated_format": 1, "metadata": members}).encode()


def edits() -> Iterator[bytes]:
    for number in range(len(BASES)):
        yield bytes([number, 7 * number % 40, 3, 5 * number % len(WORDS)])
        yield bytes([number, 3, 2, number % len(WORDS), 9, 0, 0])


TARGETS = {
    "array_v2": Target(array_v2, lambda: documents(zarr_format=2)),
    "array_v3": Target(array_v3, lambda: documents(zarr_format=3)),
    "cache_entry": Target(cache_entry, cache_entries),
    "edited": Target(edited, edits),
    "group": Target(group, groups),
    "hierarchy": Target(hierarchy, hierarchies),
    "json": Target(
        json_object,
        lambda: iter([b'{"a": [1, {"b": "\\ud83d\\ude00"}], "c": 1e5, "d": null}', b'\xef\xbb\xbf{"x": NaN}']),
    ),
    "names": Target(
        names,
        lambda: iter([b"a/b/c", b"file:///data/a%20b", b"s3://bucket/a.zarr", b"../x", b"zip::https://h/a", b"C:\\x"]),
    ),
    "numbers": chunks_of("numbers"),
    "shards": chunks_of("shards"),
    "texts": chunks_of("texts"),
    "web_page": Target(web_page, pages),
    "zip": Target(zip_archive, archives),
}


def found_before(name: str) -> Iterator[bytes]:
    """Input that was a fault once: `found/TARGET/*`."""
    from pathlib import Path

    for path in sorted((Path(__file__).parent / "found" / name).glob("*")):
        yield path.read_bytes()


def inputs(name: str) -> list[bytes]:
    """Where the fuzzing of a target begins."""
    return [*TARGETS[name].seeds(), *found_before(name)]
