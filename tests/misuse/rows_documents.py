"""Metadata documents and chunks that somebody wrote or changed by hand."""

import json

import zarr
from tests.misuse.bench import Row, put, put_raw
from zarr.errors import ContainsArrayAndGroupError

GONE = object()

ARRAY3 = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4, 6],
    "data_type": "int32",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "fill_value": 0,
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    "attributes": {},
}
ARRAY2 = {
    "zarr_format": 2,
    "shape": [4, 6],
    "chunks": [2, 3],
    "dtype": "<i4",
    "fill_value": 0,
    "order": "C",
    "compressor": None,
    "filters": None,
}


def changed(document, **members):
    """A document with other members."""
    return json.dumps({name: value for name, value in {**document, **members}.items() if value is not GONE}).encode()


def opened(id, errors, message, *, raw=None, other="", **members):
    """A row: open an array of format 3 whose document is otherwise."""
    document = changed(ARRAY3, **members) if raw is None else raw
    if GONE in members.values() and not other:
        other = "KeyError from within"
    return Row(
        f"document: {id}",
        lambda f: zarr.open_array(f.store, path="bad", mode="r"),
        errors,
        message,
        other,
        before=lambda f: put_raw(f.store, "bad/zarr.json", document),
    )


def opened2(id, errors, message, *, raw=None, other="", **members):
    """A row: open an array of format 2 whose document is otherwise."""
    document = changed(ARRAY2, **members) if raw is None else raw
    if GONE in members.values() and not other:
        other = "TypeError or KeyError from within"
    return Row(
        f"document, format 2: {id}",
        lambda f: zarr.open_array(f.store2, path="bad", mode="r"),
        errors,
        message,
        other,
        before=lambda f: put_raw(f.store2, "bad/.zarray", document),
    )


def grid(*lengths, name="regular"):
    return {"name": name, "configuration": {"chunk_shape": list(lengths)}}


FORMAT3 = [
    opened("no JSON", ValueError, r"bad/zarr\.json", raw=b"{'a': 1}"),
    opened("cut short", ValueError, r"bad/zarr\.json", raw=changed(ARRAY3)[:100]),
    opened("empty", ValueError, r"bad/zarr\.json", raw=b""),
    opened("a list", TypeError, r"bad/zarr\.json", raw=b"[]"),
    opened("a number", TypeError, r"bad/zarr\.json", raw=b"3"),
    opened("no UTF-8", ValueError, r"bad/zarr\.json", raw=b'{"\xff\xfe": 1}', other="UnicodeDecodeError, a ValueError"),
    opened(
        "nested without end",
        zarr.errors.MetadataValidationError,
        r"bad/zarr\.json",
        raw=b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        other="RecursionError",
    ),
    opened("no format", ValueError, r"zarr_format", zarr_format=GONE),
    opened("format 4", ValueError, r"zarr_format.*4", zarr_format=4),
    opened("format of a word", ValueError, r"zarr_format.*'3'", zarr_format="3"),
    opened("no node type", zarr.errors.NodeTypeValidationError, r"node_type", node_type=GONE),
    opened("another node type", zarr.errors.NodeTypeValidationError, r"node_type.*table", node_type="table"),
    opened("no shape", ValueError, r"shape", shape=GONE),
    opened("a shape of words", TypeError, r"shape", shape=["4", "6"]),
    opened("a negative shape", ValueError, r"shape.*-4", shape=[-4, 6]),
    opened("a shape of floats", TypeError, r"shape.*4\.5", shape=[4.5, 6]),
    opened(
        "a shape that is a number",
        ValueError,
        r"shape",
        shape=4,
        other="takes it for one dimension, then finds other faults",
    ),
    opened("no data type", ValueError, r"data_type", data_type=GONE),
    opened("an unknown data type", ValueError, r"int33", data_type="int33"),
    opened("a data type that is a number", ValueError, r"data_type|3", data_type=3),
    opened("a data type of format 2", ValueError, r"<i4", data_type="<i4"),
    opened("no grid", ValueError, r"chunk_grid", chunk_grid=GONE),
    opened("an unknown grid", ValueError, r"hexagonal", chunk_grid=grid(2, 3, name="hexagonal")),
    opened("a grid of another rank", ValueError, r"chunk", chunk_grid=grid(2)),
    opened("a negative grid", ValueError, r"chunk.*-2", chunk_grid=grid(-2, 3)),
    opened("a grid without configuration", ValueError, r"chunk_grid|chunk_shape", chunk_grid={"name": "regular"}),
    opened("a grid that is a word", TypeError, r"chunk_grid|chunk_shape", chunk_grid="regular"),
    opened("no key encoding", ValueError, r"chunk_key_encoding", chunk_key_encoding=GONE),
    opened("an unknown key encoding", ValueError, r"spiral", chunk_key_encoding={"name": "spiral"}),
    opened(
        "another separator",
        ValueError,
        r"separator",
        chunk_key_encoding={"name": "default", "configuration": {"separator": "-"}},
    ),
    opened("no fill value", ValueError, r"fill_value", fill_value=GONE),
    opened("a fill value of words", TypeError, r"fill_value", fill_value="much"),
    opened(
        "a fill value out of range",
        zarr.errors.MetadataValidationError,
        r"fill_value.*1099511627776",
        fill_value=2**40,
        other="OverflowError",
    ),
    opened("a fill value that is null", TypeError, r"fill_value|None", fill_value=None),
    opened("a fill value that is a list", TypeError, r"fill_value", fill_value=[0]),
    opened("no codecs", ValueError, r"codecs", codecs=GONE),
    opened("codecs that are empty", ValueError, r"codec", codecs=[]),
    opened("codecs that are a number", TypeError, r"codecs", codecs=3),
    opened("an unknown codec", ValueError, r"brotli", codecs=[*ARRAY3["codecs"], {"name": "brotli"}]),
    opened("a codec without a name", ValueError, r"name", codecs=[*ARRAY3["codecs"], {"configuration": {}}]),
    opened("a codec that is a number", TypeError, r"codec", codecs=[3]),
    opened(
        "a codec that must be understood in words",
        ValueError,
        r"codecs\[1\].must_understand.*'no'",
        codecs=[*ARRAY3["codecs"], {"name": "crc32c", "must_understand": "no"}],
    ),
    opened(
        "a codec with a list for settings",
        TypeError,
        r"codecs\[1\].configuration.*\[1\]",
        codecs=[*ARRAY3["codecs"], {"name": "gzip", "configuration": [1]}],
    ),
    opened(
        "a data type that must be understood in words",
        ValueError,
        r"data_type.must_understand.*'no'",
        data_type={"name": "int32", "must_understand": "no"},
    ),
    opened(
        "a grid that must be understood in words",
        ValueError,
        r"chunk_grid.must_understand.*'no'",
        chunk_grid={**grid(2, 3), "must_understand": "no"},
    ),
    opened(
        "a key encoding that must be understood in words",
        ValueError,
        r"chunk_key_encoding.must_understand.*'no'",
        chunk_key_encoding={"name": "default", "must_understand": "no"},
    ),
    opened(
        "a codec with an unknown setting",
        TypeError,
        r"speed",
        codecs=[*ARRAY3["codecs"], {"name": "gzip", "configuration": {"level": 1, "speed": 3}}],
    ),
    opened(
        "a codec with a wrong setting",
        TypeError,
        r"level",
        codecs=[*ARRAY3["codecs"], {"name": "gzip", "configuration": {"level": "high"}}],
    ),
    opened("two serializers", ValueError, r"bytes", codecs=[*ARRAY3["codecs"], *ARRAY3["codecs"]]),
    opened(
        "codecs in the wrong order",
        TypeError,
        r"gzip|order",
        codecs=[{"name": "gzip", "configuration": {"level": 1}}, *ARRAY3["codecs"]],
    ),
    opened(
        "a transpose of another rank",
        ValueError,
        r"transpose|order",
        codecs=[{"name": "transpose", "configuration": {"order": [0, 1, 2]}}, *ARRAY3["codecs"]],
    ),
    opened("attributes that are a list", TypeError, r"attributes", attributes=[1]),
    opened("dimension names of another number", ValueError, r"dimension_names|dimension", dimension_names=["x"]),
    opened("dimension names of numbers", TypeError, r"dimension_names|dimension", dimension_names=[1, 2]),
    opened("an unknown member", zarr.errors.MetadataValidationError, r"colour", colour={"name": "red"}),
    opened(
        "an unknown member that must be understood",
        zarr.errors.MetadataValidationError,
        r"colour",
        colour={"name": "red", "must_understand": True},
    ),
    opened("storage transformers", ValueError, r"storage transformers", storage_transformers=[{"name": "indirect"}]),
]

FORMAT2 = [
    opened2("no JSON", ValueError, r"bad/\.zarray", raw=b"{"),
    opened2("a list", TypeError, r"bad/\.zarray", raw=b"[]"),
    opened2(
        "another format",
        zarr.errors.MetadataValidationError,
        r"zarr_format.*3",
        zarr_format=3,
        other="KeyError from within",
    ),
    opened2("no shape", TypeError, r"shape", shape=GONE),
    opened2("a negative shape", ValueError, r"shape.*-4", shape=[-4, 6]),
    opened2("no chunks", TypeError, r"chunks", chunks=GONE),
    opened2("chunks of another rank", ValueError, r"chunk", chunks=[2]),
    opened2("no dtype", ValueError, r"dtype", dtype=GONE),
    opened2("an unknown dtype", ValueError, r"<i5", dtype="<i5"),
    opened2("a dtype of objects without a codec", ValueError, r"\|O|object", dtype="|O"),
    opened2("another order", ValueError, r"order.*'Z'", order="Z"),
    opened2("an unknown compressor", ValueError, r"brotli", compressor={"id": "brotli"}),
    opened2(
        "a compressor without an id",
        ValueError,
        r"id",
        compressor={"level": 1},
        other="the UnknownCodecError of numcodecs, a ValueError",
    ),
    opened2("a compressor that is a word", ValueError, r"compressor|zlib", compressor="zlib"),
    opened2("a compressor with an unknown setting", TypeError, r"speed", compressor={"id": "zlib", "speed": 1}),
    opened2("filters that are a word", TypeError, r"filters", filters="delta"),
    opened2("an unknown filter", ValueError, r"brotli", filters=[{"id": "brotli"}]),
    opened2("another separator", ValueError, r"separator.*-", dimension_separator="-"),
    opened2("a fill value of words", TypeError, r"fill_value|much", fill_value="much"),
]


def by_hand(key, raw):
    return lambda f: put_raw(f.store, key, raw)


OTHERS = [
    Row(
        "document: an array and a group at once",
        lambda f: zarr.open(f.store2, path="both", mode="r"),
        ContainsArrayAndGroupError,
        r"both",
        before=lambda f: [
            put_raw(f.store2, "both/.zarray", changed(ARRAY2)),
            put_raw(f.store2, "both/.zgroup", b'{"zarr_format": 2}'),
        ],
        other="takes the array",
    ),
    Row(
        "document: a group of another format",
        lambda f: zarr.open_group(f.store2, path="bad", mode="r"),
        ValueError,
        r"zarr_format.*7",
        before=lambda f: put_raw(f.store2, "bad/.zgroup", b'{"zarr_format": 7}'),
    ),
    Row(
        "document: a group that is no JSON",
        lambda f: zarr.open_group(f.store, path="bad", mode="r"),
        ValueError,
        r"bad/zarr\.json",
        before=by_hand("bad/zarr.json", b"{"),
    ),
    Row(
        "document: attributes of format 2 that are a list",
        lambda f: zarr.open_group(f.store2, path="bad", mode="r"),
        TypeError,
        r"attributes|zattrs",
        before=lambda f: [
            put_raw(f.store2, "bad/.zgroup", b'{"zarr_format": 2}'),
            put_raw(f.store2, "bad/.zattrs", b"[3]"),
        ],
    ),
    Row(
        "document: attributes of format 2 that are no JSON",
        lambda f: zarr.open_group(f.store2, path="bad", mode="r"),
        ValueError,
        r"bad/\.zattrs",
        before=lambda f: [
            put_raw(f.store2, "bad/.zgroup", b'{"zarr_format": 2}'),
            put_raw(f.store2, "bad/.zattrs", b"{"),
        ],
    ),
    Row(
        "document: a group with an unknown member",
        lambda f: zarr.open_group(f.store, path="bad", mode="r"),
        zarr.errors.MetadataValidationError,
        r"colour",
        before=by_hand("bad/zarr.json", b'{"zarr_format": 3, "node_type": "group", "colour": {"name": "red"}}'),
    ),
    Row(
        "document: consolidated metadata of an unknown kind",
        lambda f: zarr.open_group(f.store, path="bad", mode="r", use_consolidated=True),
        ValueError,
        r"consolidated|kind",
        before=by_hand(
            "bad/zarr.json",
            b'{"zarr_format": 3, "node_type": "group", "consolidated_metadata": {"kind": "remote", "must_understand": false, "metadata": {}}}',
        ),
    ),
    Row(
        "document: consolidated metadata that are a list",
        lambda f: zarr.open_group(f.store, path="bad", mode="r", use_consolidated=True),
        zarr.errors.MetadataValidationError,
        r"consolidated",
        before=by_hand("bad/zarr.json", b'{"zarr_format": 3, "node_type": "group", "consolidated_metadata": []}'),
    ),
]


def with_chunk(raw, codecs=None):
    """An array with one chunk stored by hand."""

    def before(f):
        put_raw(f.store, "bad/zarr.json", changed(ARRAY3, codecs=codecs or ARRAY3["codecs"]))
        put_raw(f.store, "bad/c/0/0", raw)

    return before


GZIP = [*ARRAY3["codecs"], {"name": "gzip", "configuration": {"level": 1}}]
ZSTD = [*ARRAY3["codecs"], {"name": "zstd", "configuration": {"level": 1, "checksum": False}}]
BLOSC = [
    *ARRAY3["codecs"],
    {
        "name": "blosc",
        "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0},
    },
]
CRC = [*ARRAY3["codecs"], {"name": "crc32c"}]
SHARDS = [
    {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": [1, 3],
            "codecs": ARRAY3["codecs"],
            "index_codecs": [*ARRAY3["codecs"], {"name": "crc32c"}],
            "index_location": "end",
        },
    }
]


def read(f):
    return zarr.open_array(f.store, path="bad", mode="r")[:]


def write(f):
    """Write a part of the damaged chunk."""
    put(zarr.open_array(f.store, path="bad", mode="r+"), (0, 0), 1)


CHUNKS = [
    Row("chunk: too short", read, ValueError, r"bad/c/0/0|c/0/0", before=with_chunk(b"123")),
    Row("chunk: too long", read, ValueError, r"bad/c/0/0|c/0/0", before=with_chunk(bytes(100))),
    Row("chunk: empty", read, ValueError, r"bad/c/0/0|c/0/0", before=with_chunk(b"")),
    Row(
        "chunk: no gzip",
        read,
        RuntimeError,
        r"gzip.*bad/c/0/0",
        other="OSError of the module gzip",
        before=with_chunk(b"nonsense", GZIP),
    ),
    Row("chunk: no zstd", read, RuntimeError, r"zstd.*bad/c/0/0", before=with_chunk(b"nonsense", ZSTD)),
    Row("chunk: no blosc", read, RuntimeError, r"blosc.*bad/c/0/0", before=with_chunk(b"nonsense", BLOSC)),
    Row("chunk: a wrong checksum", read, ValueError, r"crc32c.*bad/c/0/0", before=with_chunk(bytes(28), CRC)),
    Row("chunk: no shard", read, ValueError, r"bad/c/0/0", before=with_chunk(b"nonsense", SHARDS)),
    Row("chunk: a shard whose index is damaged", read, ValueError, r"bad/c/0/0", before=with_chunk(bytes(64), SHARDS)),
    Row(
        "chunk: write a part of one that is damaged",
        write,
        RuntimeError,
        r"zstd.*bad/c/0/0",
        before=with_chunk(b"nonsense", ZSTD),
    ),
    Row("chunk: write a part of one that is too short", write, ValueError, r"bad/c/0/0", before=with_chunk(b"123")),
    Row(
        "chunk: write a part of a shard that is damaged",
        write,
        ValueError,
        r"bad/c/0/0",
        before=with_chunk(b"nonsense", SHARDS),
    ),
    Row(
        "chunk: missing where that is an error",
        lambda f: zarr.open_array(f.store, path="bad", mode="r", config={"read_missing_chunks": False})[:],
        zarr.errors.ChunkNotFoundError,
        r"bad/c/0/1|c/0/1",
        before=with_chunk(bytes(24)),
    ),
]

ROWS = [*FORMAT3, *FORMAT2, *OTHERS, *CHUNKS]
