"""What errors say of names that zarr-python 2 had, or that are in another module, or nearly so called."""

from __future__ import annotations

from collections.abc import Iterable

from zarr._support.near_names import near_names

_IN_STORAGE = frozenset(
    {
        "FsspecStore",
        "GpuMemoryStore",
        "LocalStore",
        "LoggingStore",
        "ManagedMemoryStore",
        "MemoryStore",
        "ObjectStore",
        "SQLiteStore",
        "StorePath",
        "TraceStore",
        "WrapperStore",
        "ZipStore",
    }
)
_IN_CODECS = frozenset(
    {"BloscCodec", "BytesCodec", "Crc32cCodec", "GzipCodec", "ShardingCodec", "TransposeCodec", "ZstdCodec"}
)
_OF_NUMCODECS = frozenset(
    {"BZ2", "Delta", "FixedScaleOffset", "LZ4", "LZMA", "PackBits", "Quantize", "Shuffle", "Zlib"}
)
_CODECS = {"Blosc": "BloscCodec", "GZip": "GzipCodec", "Zstd": "ZstdCodec"}
_STORES = {
    "ABSStore": "ObjectStore",
    "DirectoryStore": "LocalStore",
    "FSStore": "FsspecStore",
    "KVStore": "MemoryStore",
    "NestedDirectoryStore": "LocalStore",
    "RemoteStore": "FsspecStore",
    "TempStore": "LocalStore",
}
"""Stores of zarr-python 2, or of the first versions of 3, and those of `zarr.storage` that do the same."""
_HOW = {
    "ABSStore": ": zarr.open('az://container/path') makes one",
    "FSStore": ": zarr.storage.FsspecStore.from_url(url) makes one, and every function takes the URL itself",
    "TempStore": ": zarr.storage.LocalStore(tempfile.mkdtemp())",
}
_NO_CLASS = {
    "AtexitRmStore": "take tempfile.TemporaryDirectory, and zarr.storage.LocalStore in it",
    "ConsolidatedMetadataStore": "zarr.open_consolidated reads consolidated metadata from any store",
    "DBMStore": "zarr.storage.SQLiteStore keeps everything in one file too",
    "LMDBStore": "zarr.storage.SQLiteStore keeps everything in one file too",
    "LRUStoreCache": "zarr.experimental.cache_store.CacheStore is a store that keeps what was read from another",
    "MongoDBStore": 'the guide shows under "Extending" how a store of one\'s own is made',
    "N5FSStore": "N5 is not read any more",
    "N5Store": "N5 is not read any more",
    "RedisStore": 'the guide shows under "Extending" how a store of one\'s own is made',
}
"""Stores that have no counterpart of their kind in `zarr.storage`, and what to do instead."""
_SYNCHRONIZERS = frozenset({"ProcessSynchronizer", "ThreadSynchronizer"})
_MODULES = {
    "convenience": "its functions are in zarr itself",
    "creation": "its functions are in zarr itself",
    "hierarchy": "its functions and Group are in zarr itself",
    "indexing": "selections are methods of an array: oindex, vindex, blocks",
    "attrs": "attributes are `attrs` of arrays and groups",
    "sync": "threads and processes may write at once without it",
    "n5": "N5 is not read any more",
}


def advice_for(name: str, module: str, known: Iterable[str]) -> str:
    """The end of a message that a module has no such name: where it is, or what is in its place.

    Parameters
    ----------
    name
        What was asked for.
    module
        Of which module.
    known
        The public names of that.

    Examples
    --------
    >>> advice_for("DirectoryStore", "zarr", [])
    ", which was zarr-python 2's; it is zarr.storage.LocalStore now"
    >>> advice_for("open_grup", "zarr", ["open_group"])
    "; did you mean 'open_group'?"
    """
    if name.startswith("_"):
        return ""
    if (place := _place_of(name)) is not None:
        return f"; it is {place}"
    if (text := _former(name)) is not None:
        return f", which was zarr-python 2's; {text}"
    if module == "zarr" and name in _MODULES:
        return f", which was a module of zarr-python 2; {_MODULES[name]}"
    near = near_names(name, known, cutoff=0.75)
    return f"; did you mean {near[0]!r}?" if near else ""


def _place_of(name: str) -> str | None:
    if name == "CacheStore":
        return "zarr.experimental.cache_store.CacheStore"
    if name in _IN_STORAGE:
        return f"zarr.storage.{name}"
    if name in _IN_CODECS:
        return f"zarr.codecs.{name}"
    if name in _CODECS:
        return f"zarr.codecs.{_CODECS[name]}, and numcodecs.{name} for format 2"
    if name in _OF_NUMCODECS:
        return f"zarr.codecs.numcodecs.{name}, and numcodecs.{name} for format 2"
    return None


def _former(name: str) -> str | None:
    if name in _STORES:
        return f"it is zarr.storage.{_STORES[name]} now{_HOW.get(name, '')}"
    if name in _NO_CLASS:
        return _NO_CLASS[name]
    if name in _SYNCHRONIZERS:
        return "threads and processes may write at once without it"
    return None
