"""What a store is, for those who write one."""

from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr._store.abstract import (
    ByteGetter,
    ByteSetter,
    Store,
    SupportsDeleteSync,
    SupportsGetSync,
    SupportsSetSync,
    SupportsSyncStore,
    SyncByteGetter,
    SyncByteSetter,
    set_or_delete,
)

__all__ = [
    "ByteGetter",
    "ByteRequest",
    "ByteSetter",
    "OffsetByteRequest",
    "RangeByteRequest",
    "Store",
    "SuffixByteRequest",
    "SupportsDeleteSync",
    "SupportsGetSync",
    "SupportsSetSync",
    "SupportsSyncStore",
    "SyncByteGetter",
    "SyncByteSetter",
    "set_or_delete",
]
