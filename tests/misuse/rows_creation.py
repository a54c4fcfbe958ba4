"""Misuse of what arrays are created with: shape, data, fill value, chunks, shards, order, names."""

import numpy as np

import zarr
from tests.misuse.bench import Row
from tests.misuse.rows_values import Odd


def new(f, **arguments):
    """An int32 array of shape (4, 6), but for what is given."""
    return f.root.create_array("new", **{"shape": (4, 6), "dtype": "int32", **arguments})


def new2(f, **arguments):
    """The same in format 2."""
    return f.root2.create_array("new", **{"shape": (4, 6), "dtype": "int32", **arguments})


SHAPES = [
    Row("shape: negative", lambda f: new(f, shape=(-1, 6)), ValueError, r"shape.*-1|-1.*shape|\[-1, 6\]"),
    Row("shape: a float", lambda f: new(f, shape=(1.5, 6)), TypeError, r"1\.5|float"),
    Row("shape: a string", lambda f: new(f, shape="46"), TypeError, r"'46'|str"),
    Row("shape: strings", lambda f: new(f, shape=("4", "6")), TypeError, r"'4'|str"),
    Row("shape: None among the lengths", lambda f: new(f, shape=(None, 6)), TypeError, r"None"),
    Row("shape: nested", lambda f: new(f, shape=((4, 6),)), TypeError, r"\(4, 6\)|tuple"),
    Row("shape: a dict", lambda f: new(f, shape={"x": 4}), TypeError, r"'x'|dict|str"),
    Row("shape: an object", lambda f: new(f, shape=Odd()), TypeError, r"Odd"),
    Row(
        "shape: neither it nor data", lambda f: f.root.create_array("new", dtype="i4"), ValueError, r"shape.*data|data"
    ),
    Row(
        "shape: another than that of the data",
        lambda f: f.root.create_array("new", shape=4, data=np.zeros(3)),
        ValueError,
        r"data.*shape|shape.*data",
    ),
    Row("shape: format 2, negative", lambda f: new2(f, shape=(-1, 6)), ValueError, r"-1"),
    Row("shape: format 2, a float", lambda f: new2(f, shape=(1.5, 6)), TypeError, r"1\.5|float"),
    Row("shape: zarr.create without it", lambda f: zarr.create(store=f.store, path="new"), TypeError, r"shape"),
    Row("shape: zarr.zeros of a string", lambda f: zarr.zeros("x", store=f.store, path="new"), TypeError, r"'x'|str"),
    Row("shape: zarr.full without value", lambda f: zarr.full(3, store=f.store, path="new"), TypeError, r"fill_value"),
    Row(
        "shape: zarr.create, another than that of the data",
        lambda f: zarr.create(4, data=np.zeros(3), store=f.store, path="new"),
        ValueError,
        r"\(3,\).*\(4,\)",
    ),
    Row("data: ragged", lambda f: f.root.create_array("new", data=[[1, 2], [3]]), (ValueError,), r"data|inhomogeneous"),
    Row("data: a dict", lambda f: f.root.create_array("new", data={"x": 1}), ValueError, r"data|dict|object"),
    Row("data: an object", lambda f: f.root.create_array("new", data=Odd()), ValueError, r"data|Odd|object"),
    Row(
        "data: an array of objects",
        lambda f: f.root.create_array("new", data=np.array([Odd(), 1], dtype=object)),
        ValueError,
        r"object",
    ),
    Row("data: zarr.array of objects", lambda f: zarr.array([Odd()], store=f.store, path="new"), ValueError, r"object"),
    Row("data: zarr.array of nothing", lambda f: zarr.array(store=f.store), TypeError, r"data"),
    Row(
        "data: from_array of None", lambda f: zarr.from_array(f.store, data=None, name="new"), ValueError, r"data|None"
    ),
    Row(
        "like: None",
        lambda f: zarr.open_like(None, path="new", store=f.store),
        ValueError,
        r"object",
        other="TypeError about a missing argument of another function",
    ),
]

FILLS = [
    Row("fill: text for integers", lambda f: new(f, fill_value="x"), (ValueError,), r"'x'|fill"),
    Row("fill: an object", lambda f: new(f, fill_value=Odd()), TypeError, r"Odd|fill"),
    Row("fill: a list", lambda f: new(f, fill_value=[1, 2]), TypeError, r"\[1, 2\]|fill|list"),
    Row("fill: a dict", lambda f: new(f, fill_value={}), TypeError, r"\{\}|fill|dict"),
    Row("fill: too large", lambda f: new(f, fill_value=2**40), OverflowError, r"1099511627776|fill"),
    Row("fill: negative for unsigned", lambda f: new(f, dtype="u1", fill_value=-1), OverflowError, r"-1"),
    Row("fill: a fraction for integers", lambda f: new(f, fill_value=1.5), TypeError, r"1\.5"),
    Row("fill: NaN for integers", lambda f: new(f, fill_value=np.nan), ValueError, r"nan|NaN"),
    Row("fill: text for floats", lambda f: new(f, dtype="f8", fill_value="much"), TypeError, r"'much'"),
    Row("fill: complex for floats", lambda f: new(f, dtype="f8", fill_value=1j), TypeError, r"1j|complex"),
    Row("fill: text for bool", lambda f: new(f, dtype="bool", fill_value="yes"), TypeError, r"'yes'"),
    Row("fill: a word for a date", lambda f: new(f, dtype="datetime64[s]", fill_value="soon"), ValueError, r"'soon'"),
    Row("fill: format 2, text for integers", lambda f: new2(f, fill_value="x"), ValueError, r"'x'|fill"),
    Row("fill: format 2, too large", lambda f: new2(f, dtype="u1", fill_value=300), OverflowError, r"300"),
    Row("fill: an array", lambda f: new(f, fill_value=np.zeros(3)), TypeError, r"fill|array"),
]

CHUNKS = [
    Row("chunks: too few", lambda f: new(f, chunks=(2,)), ValueError, r"chunk.*\(2,\)|chunk"),
    Row("chunks: too many", lambda f: new(f, chunks=(2, 2, 2)), ValueError, r"chunk"),
    Row("chunks: zero", lambda f: new(f, chunks=(0, 2)), ValueError, r"chunk.*0|0.*chunk"),
    Row("chunks: negative", lambda f: new(f, chunks=(-2, 2)), ValueError, r"chunk.*-2|-2.*chunk"),
    Row("chunks: a float", lambda f: new(f, chunks=(2.5, 2)), TypeError, r"2\.5|float"),
    Row("chunks: a string", lambda f: new(f, chunks="many"), ValueError, r"'many'|chunk"),
    Row("chunks: strings", lambda f: new(f, chunks=("2", "2")), TypeError, r"'2'|str"),
    Row("chunks: a dict", lambda f: new(f, chunks={"x": 2}), ValueError, r"dict|'x'|chunk"),
    Row("chunks: an object", lambda f: new(f, chunks=Odd()), TypeError, r"Odd"),
    Row("chunks: nested, too few", lambda f: new(f, chunks=((2, 2), (3, 2))), ValueError, r"rectilinear|chunk"),
    Row("chunks: on a 0-d array", lambda f: new(f, shape=(), chunks=(1,)), ValueError, r"chunk"),
    Row("chunks: format 2, zero", lambda f: new2(f, chunks=(0, 2)), ValueError, r"chunk"),
    Row("chunks: format 2, too few", lambda f: new2(f, chunks=(2,)), ValueError, r"chunk"),
    Row(
        "chunks: beside chunk_shape",
        lambda f: zarr.create(6, chunks=2, chunk_shape=3, store={}),
        ValueError,
        r"chunk_shape.*chunks|chunks.*chunk_shape",
    ),
    Row("shards: not a multiple", lambda f: new(f, chunks=(2, 2), shards=(3, 4)), ValueError, r"divisible|multiple"),
    Row(
        "shards: smaller than chunks",
        lambda f: new(f, chunks=(4, 4), shards=(2, 2)),
        ValueError,
        r"divisible|multiple|smaller",
    ),
    Row("shards: too few", lambda f: new(f, chunks=(2, 2), shards=(4,)), ValueError, r"shard|\(4,\)"),
    Row("shards: zero", lambda f: new(f, chunks=(2, 2), shards=(0, 2)), ValueError, r"0"),
    Row("shards: negative", lambda f: new(f, chunks=(2, 2), shards=(-4, 2)), ValueError, r"-4"),
    Row("shards: a float", lambda f: new(f, chunks=(2, 2), shards=(4.0, 2)), TypeError, r"4\.0|float"),
    Row(
        "shards: a mapping without a shape",
        lambda f: new(f, shards={"index_location": "end"}),
        (TypeError, ValueError),
        r"shape.*index_location",
        other="KeyError from within",
    ),
    Row("shards: a string", lambda f: new(f, chunks=(2, 2), shards="big"), ValueError, r"'big'|shard"),
    Row("shards: an object", lambda f: new(f, chunks=(2, 2), shards=Odd()), TypeError, r"Odd|shard"),
    Row("shards: format 2", lambda f: new2(f, chunks=(2, 2), shards=(4, 4)), ValueError, r"shard.*2|2.*shard"),
]

OTHERS = [
    Row("order: another letter", lambda f: new(f, order="Z"), ValueError, r"order.*'Z'|Z"),
    Row("order: format 2, another letter", lambda f: new2(f, order="Z"), ValueError, r"order.*'Z'|Z"),
    Row("order: a number", lambda f: new2(f, order=3), ValueError, r"order.*3|3"),
    Row(
        "format: 4",
        lambda f: zarr.create_array(f.store, name="new", shape=4, dtype="i4", zarr_format=4),
        ValueError,
        r"4",
    ),
    Row(
        "format: a word",
        lambda f: zarr.create_array(f.store, name="new", shape=4, dtype="i4", zarr_format="v3"),
        ValueError,
        r"'?v3",
    ),
    Row("format: 1 for a group", lambda f: zarr.create_group(f.store, path="new", zarr_format=1), ValueError, r"1"),
    Row(
        "key encoding: a separator in format 3",
        lambda f: zarr.create(4, store={}, zarr_format=3, dimension_separator="/"),
        ValueError,
        r"dimension_separator.*chunk_key_encoding",
    ),
    Row("dimension names: too few", lambda f: new(f, dimension_names=["x"]), ValueError, r"dimension"),
    Row("dimension names: numbers", lambda f: new(f, dimension_names=[1, 2]), TypeError, r"dimension|int"),
    Row("dimension names: a string", lambda f: new(f, dimension_names="xy"), ValueError, r"dimension|'xy'"),
    Row("dimension names: format 2", lambda f: new2(f, dimension_names=["x", "y"]), ValueError, r"dimension"),
    Row("key encoding: unknown", lambda f: new(f, chunk_key_encoding={"name": "spiral"}), ValueError, r"spiral"),
    Row(
        "key encoding: another separator",
        lambda f: new(f, chunk_key_encoding={"name": "default", "separator": "-"}),
        ValueError,
        r"'-'|separator",
    ),
    Row(
        "key encoding: must be understood in words",
        lambda f: new(f, chunk_key_encoding={"name": "default", "separator": "/", "must_understand": "no"}),
        ValueError,
        r"must_understand.*'no'",
    ),
    Row("key encoding: a number", lambda f: new(f, chunk_key_encoding=3), TypeError, r"3|int"),
    Row(
        "key encoding: v3's in format 2",
        lambda f: new2(f, chunk_key_encoding={"name": "default", "separator": "/"}),
        ValueError,
        r"default|v2|chunk",
    ),
    Row("settings of an array: an unknown key", lambda f: new(f, config={"colour": 1}), TypeError, r"colour"),
    Row("settings of an array: a wrong order", lambda f: new(f, config={"order": "Z"}), ValueError, r"order|Z"),
    Row(
        "settings of an array: a word for write_empty_chunks",
        lambda f: new(f, config={"write_empty_chunks": "often"}),
        ValueError,
        r"often|write_empty",
    ),
    Row(
        "settings of an array: a word for read_missing_chunks",
        lambda f: new(f, config={"read_missing_chunks": "yes"}),
        ValueError,
        r"read_missing",
    ),
    Row("settings of an array: a number", lambda f: new(f, config=3), TypeError, r"config|int"),
    Row(
        "overwrite: not asked for",
        lambda f: f.root.create_array("a", shape=3, dtype="i4"),
        zarr.errors.ContainsArrayError,
        r"'a'",
    ),
    Row(
        "overwrite: a group there",
        lambda f: f.root.create_array("g", shape=3, dtype="i4"),
        zarr.errors.ContainsGroupError,
        r"'g'",
    ),
    Row("overwrite: a group on an array", lambda f: f.root.create_group("a"), zarr.errors.ContainsArrayError, r"'a'"),
    Row("overwrite: a group on a group", lambda f: f.root.create_group("g"), zarr.errors.ContainsGroupError, r"'g'"),
    Row("an unknown keyword", lambda f: new(f, colour=1), TypeError, r"colour"),
    Row(
        "zarr.create: an unknown keyword",
        lambda f: zarr.create(3, store=f.store, path="new", colour=1),
        TypeError,
        r"colour",
    ),
    Row(
        "zarr.open: an unknown keyword",
        lambda f: zarr.open(f.store, path="new", mode="w", shape=3, colour=1),
        TypeError,
        r"colour",
    ),
    Row("below an array", lambda f: f.root.create_array("a/below", shape=3, dtype="i4"), ValueError, r"'a'|a/below"),
    Row("a group below an array", lambda f: f.root.create_group("a/below"), ValueError, r"'a'|a/below"),
    Row(
        "create in a read-only group",
        lambda f: f.readonly_root.create_array("new", shape=3, dtype="i4"),
        ValueError,
        r"read-only",
    ),
    Row("create a group in a read-only group", lambda f: f.readonly_root.create_group("new"), ValueError, r"read-only"),
    Row(
        "create in a read-only store",
        lambda f: zarr.create_array(f.readonly, name="new", shape=3, dtype="i4"),
        ValueError,
        r"read-only",
    ),
]

ROWS = [*SHAPES, *FILLS, *CHUNKS, *OTHERS]
