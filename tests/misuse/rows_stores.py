"""Misuse of stores, configuration, saving, loading and copying."""

import numpy as np

import zarr
import zarr.storage
from tests.misuse.bench import Row, buffer, under, wait
from tests.misuse.rows_values import Odd
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.buffer import default_buffer_prototype
from zarr.errors import ArrayNotFoundError, NodeNotFoundError
from zarr.storage import LocalStore, MemoryStore, StorePath


def file_in_the_way(f):
    """A file where a directory store would be."""
    path = f.directory / "file"
    path.write_bytes(b"not a store")
    return path


STORES = [
    Row("store: a number", lambda f: zarr.open_group(3, mode="w"), TypeError, r"int"),
    Row("store: a list", lambda f: zarr.create_group([]), TypeError, r"list"),
    Row("store: an object", lambda f: zarr.create_array(Odd(), shape=1, dtype="i4"), TypeError, r"Odd"),
    Row("store: an array", lambda f: zarr.open_group(f.a, mode="r"), TypeError, r"Array"),
    Row("store: bytes", lambda f: zarr.open_group(b"path", mode="r"), TypeError, r"bytes"),
    Row(
        "store: an unknown scheme",
        lambda f: zarr.open_group("nonsense://host/x", mode="r"),
        ValueError,
        r"nonsense",
        other="ImportError: it asks for fsspec first",
    ),
    Row(
        "store: options for a path",
        lambda f: zarr.open_group(str(f.directory / "x"), mode="w", storage_options={"anon": True}),
        TypeError,
        r"storage_options",
    ),
    Row(
        "store: options for a store",
        lambda f: zarr.open_group(f.store, mode="r", storage_options={"anon": True}),
        TypeError,
        r"storage_options",
    ),
    Row(
        "store: a directory that is not there",
        lambda f: zarr.open(str(f.directory / "no"), mode="r"),
        FileNotFoundError,
        r"no",
    ),
    Row(
        "store: a group from an empty directory",
        lambda f: zarr.open_group(f.directory, mode="r"),
        FileNotFoundError,
        r"[Nn]o group",
    ),
    Row(
        "store: an array from an empty directory",
        lambda f: zarr.open_array(f.directory, mode="r"),
        FileNotFoundError,
        r"[Nn]o array",
    ),
    Row(
        "store: a file instead of a directory",
        lambda f: zarr.create_group(f.directory / "file"),
        OSError,
        r"file",
        other="FileExistsError, an OSError as well",
        before=file_in_the_way,
    ),
    Row(
        "store: read a file as a store",
        lambda f: zarr.open_group(f.directory / "file", mode="r"),
        zarr.errors.GroupNotFoundError,
        r"file",
        before=file_in_the_way,
    ),
    Row("store: local, a number as root", lambda f: LocalStore(3), TypeError, r"int"),
    Row("store: memory, a list", lambda f: MemoryStore([1]), TypeError, r"list|\[1\]"),
    Row("store: memory, a word as read_only", lambda f: MemoryStore(read_onely=True), TypeError, r"read_onely"),
    Row("store: set a str", lambda f: wait(f.store.set("key", "text")), TypeError, r"str"),
    Row("store: set bytes", lambda f: wait(f.store.set("key", b"text")), TypeError, r"bytes"),
    Row("store: set an array", lambda f: wait(f.store.set("key", np.zeros(3))), TypeError, r"ndarray"),
    Row("store: set under a number", lambda f: wait(f.store.set(3, buffer(b"x"))), TypeError, r"int|3"),
    Row("store: get a number", lambda f: wait(f.store.get(3, default_buffer_prototype())), TypeError, r"int|3"),
    Row("store: set out of the root", lambda f: wait(f.store.set("../key", buffer(b"x"))), ValueError, r"\.\./key"),
    Row("store: set an absolute key", lambda f: wait(f.store.set("/key", buffer(b"x"))), ValueError, r"/key"),
    Row("store: set an empty key", lambda f: wait(f.store.set("", buffer(b"x"))), ValueError, r"''|empty"),
    Row(
        "store: set in a read-only store", lambda f: wait(f.readonly.set("key", buffer(b"x"))), ValueError, r"read-only"
    ),
    Row(
        "store: delete in a read-only store", lambda f: wait(f.readonly.delete("a/zarr.json")), ValueError, r"read-only"
    ),
    Row("store: delete_dir in a read-only store", lambda f: wait(f.readonly.delete_dir("a")), ValueError, r"read-only"),
    Row("store: clear a read-only store", lambda f: wait(f.readonly.clear()), ValueError, r"read-only"),
    Row(
        "store: set_if_not_exists in a read-only store",
        lambda f: wait(f.readonly.set_if_not_exists("key", buffer(b"x"))),
        ValueError,
        r"read-only",
    ),
    Row("store: the size of what is not there", lambda f: wait(f.store.getsize("no")), FileNotFoundError, r"no"),
    Row(
        "store: a range before the beginning",
        lambda f: wait(f.store.get("a/zarr.json", default_buffer_prototype(), RangeByteRequest(-5, 2))),
        ValueError,
        r"-5",
    ),
    Row(
        "store: an offset before the beginning",
        lambda f: wait(f.store.get("a/zarr.json", default_buffer_prototype(), OffsetByteRequest(-5))),
        ValueError,
        r"-5",
    ),
    Row(
        "store: a negative suffix",
        lambda f: wait(f.store.get("a/zarr.json", default_buffer_prototype(), SuffixByteRequest(-5))),
        ValueError,
        r"-5",
    ),
    Row(
        "store: a tuple as range",
        lambda f: wait(f.store.get("a/zarr.json", default_buffer_prototype(), (0, 5))),
        (TypeError, ValueError),
        r"\(0, 5\)",
    ),
    Row("store: a path out of it", lambda f: StorePath(f.store, "../x"), ValueError, r"\.\."),
    Row("store: going up", lambda f: StorePath(f.store, "g") / "..", ValueError, r"\.\."),
]

CONFIG = [
    Row(
        "config: an unknown engine",
        lambda f: under({"engine": "steam"}, lambda: f.a[:]),
        ValueError,
        r"engine.*steam",
        other="has no such key",
    ),
    Row(
        "config: a wrong default format",
        lambda f: under({"default_zarr_format": 4}, lambda: zarr.create_group(f.store, path="new")),
        ValueError,
        r"4",
    ),
    Row(
        "config: a wrong order",
        lambda f: under({"array.order": "Z"}, lambda: f.root.create_array("new", shape=1, dtype="i4")),
        ValueError,
        r"order.*'Z'|Z",
    ),
    Row(
        "config: a word for write_empty_chunks",
        lambda f: under({"array.write_empty_chunks": "often"}, lambda: f.root.create_array("new", shape=1, dtype="i4")),
        ValueError,
        r"write_empty_chunks.*often|often",
    ),
    Row(
        "config: a word for read_missing_chunks",
        lambda f: under(
            {"array.read_missing_chunks": "maybe"}, lambda: f.root.create_array("new", shape=1, dtype="i4")
        ),
        ValueError,
        r"maybe",
    ),
    Row(
        "config: no concurrency",
        lambda f: under({"async.concurrency": 0}, lambda: zarr.create_group(f.store, path="new")),
        ValueError,
        r"async\.concurrency.*0",
        other="waits forever or ignores it",
    ),
    Row(
        "config: a word for concurrency",
        lambda f: under({"async.concurrency": "much"}, lambda: zarr.create_group(f.store, path="new")),
        ValueError,
        r"async\.concurrency.*much",
        other="ignores it here",
    ),
    Row(
        "config: a word for the indent",
        lambda f: under({"json_indent": "wide"}, lambda: zarr.create_group(f.store, path="new")),
        ValueError,
        r"json_indent.*wide",
        other="indents with the word",
    ),
    Row(
        "config: an unknown durability",
        lambda f: under({"array.durability": "hope"}, lambda: zarr.create_group(f.store, path="new")),
        ValueError,
        r"durability.*hope",
        other="has no such key",
    ),
    Row(
        "config: a codec class that is not there",
        lambda f: under(
            {"codecs.gzip": "no.such.Codec"},
            lambda: f.root.create_array(
                "new", shape=1, dtype="i4", compressors={"name": "gzip", "configuration": {"level": 1}}
            ),
        ),
        ValueError,
        r"no\.such\.Codec|gzip",
    ),
    Row("config: a key that is not there", lambda f: zarr.config.get("array.colour"), KeyError, r"colour"),
    Row(
        "config: a buffer class that is not there",
        lambda f: under({"buffer": "no.such.Buffer"}, lambda: f.a[:]),
        ValueError,
        r"no\.such\.Buffer",
    ),
    Row("config: configured with a number", lambda f: zarr.config.set(3), TypeError, r"mapping.*3"),
]

SAVING = [
    Row("save: nothing", lambda f: zarr.save(f.store), ValueError, r"at least one array"),
    Row("save: save_group of nothing", lambda f: zarr.save_group(f.store), ValueError, r"at least one array"),
    Row("save: text", lambda f: zarr.save(f.store, "text", path="new"), TypeError, r"str"),
    Row("save: a list", lambda f: zarr.save_array(f.store, [1, 2], path="new"), TypeError, r"list"),
    Row("save: None", lambda f: zarr.save_array(f.store, None, path="new"), TypeError, r"NoneType"),
    Row(
        "save: a number among arrays",
        lambda f: zarr.save_group(f.store, path="new", x=np.zeros(2), y=3),
        TypeError,
        r"int",
    ),
    Row("save: objects", lambda f: zarr.save_array(f.store, np.array([Odd()]), path="new"), ValueError, r"object"),
    Row(
        "save: into a read-only store",
        lambda f: zarr.save_array(f.readonly, np.zeros(2), path="new"),
        ValueError,
        r"read-only",
    ),
    Row(
        "save: a group into a read-only store",
        lambda f: zarr.save_group(f.readonly, x=np.zeros(2)),
        ValueError,
        r"read-only",
    ),
    Row("save: below an array", lambda f: zarr.save_array(f.store, np.zeros(2), path="a/x"), ValueError, r"a"),
    Row(
        "save: a group on an array",
        lambda f: zarr.save_group(f.store, path="a", x=np.zeros(2)),
        zarr.errors.ContainsArrayError,
        r"'a'",
    ),
    Row(
        "load: what is not there",
        lambda f: zarr.load(f.store, path="no"),
        NodeNotFoundError,
        r"'no'",
        other="NotImplementedError: it takes it for a group",
    ),
    Row("load: from a number", lambda f: zarr.load(3), TypeError, r"int"),
    Row(
        "load: another format",
        lambda f: zarr.load(f.store, path="a", zarr_format=2),
        FileNotFoundError,
        r"'a'",
        other="NotImplementedError: it takes it for a group",
    ),
    Row(
        "array: from what is not there",
        lambda f: zarr.open_array(f.store2, path="no", mode="r+"),
        ArrayNotFoundError,
        r"'no'",
    ),
]

NOT_THERE = "has no copying: NotImplementedError"

COPYING = [
    Row("copy: a number", lambda f: zarr.copy(3, f.g), TypeError, r"source.*int", other=NOT_THERE),
    Row("copy: into an array", lambda f: zarr.copy(f.a, f.line), TypeError, r"dest.*Array", other=NOT_THERE),
    Row("copy: into a number", lambda f: zarr.copy(f.a, 3), TypeError, r"dest.*int", other=NOT_THERE),
    Row("copy: the root without a name", lambda f: zarr.copy(f.root, f.root2), TypeError, r"name", other=NOT_THERE),
    Row("copy: on what is there", lambda f: zarr.copy(f.a, f.root2, name="a"), ValueError, r"'a'", other=NOT_THERE),
    Row(
        "copy: an unknown if_exists",
        lambda f: zarr.copy(f.a, f.g, if_exists="ask"),
        ValueError,
        r"'ask'",
        other=NOT_THERE,
    ),
    Row("copy: an unknown keyword", lambda f: zarr.copy(f.a, f.g, colour=1), TypeError, r"colour", other=NOT_THERE),
    Row("copy: a log that is none", lambda f: zarr.copy(f.a, f.g, log=3), TypeError, r"log", other=NOT_THERE),
    Row(
        "copy: into a read-only group",
        lambda f: zarr.copy(f.a, f.readonly_root, name="x"),
        ValueError,
        r"read-only",
        other=NOT_THERE,
    ),
    Row(
        "copy: a group into itself",
        lambda f: zarr.copy(f.g, f.g, name="g"),
        ValueError,
        r"itself|inside|'g'",
        other=NOT_THERE,
    ),
    Row("copy_all: an array", lambda f: zarr.copy_all(f.a, f.g), TypeError, r"source.*Array", other=NOT_THERE),
    Row(
        "copy_all: on what is there", lambda f: zarr.copy_all(f.root, f.root2), ValueError, r"'(a|g)'", other=NOT_THERE
    ),
    Row("copy_store: a number", lambda f: zarr.copy_store(3, f.store2), TypeError, r"int", other=NOT_THERE),
    Row(
        "copy_store: on what is there",
        lambda f: zarr.copy_store(f.store, f.store),
        zarr.errors.ContainsGroupError,
        r"exist|itself|same",
        other=NOT_THERE,
    ),
    Row(
        "copy_store: an unknown if_exists",
        lambda f: zarr.copy_store(f.store, f.store2, if_exists="ask"),
        ValueError,
        r"'ask'",
        other=NOT_THERE,
    ),
    Row(
        "copy_store: a bad pattern",
        lambda f: zarr.copy_store(f.store, f.store2, excludes="("),
        ValueError,
        r"\(|pattern",
        other=NOT_THERE,
    ),
    Row(
        "copy_store: into a read-only store",
        lambda f: zarr.copy_store(f.store2, f.readonly, dest_path="x"),
        ValueError,
        r"read-only",
        other=NOT_THERE,
    ),
]

ROWS = [*STORES, *CONFIG, *SAVING, *COPYING]
