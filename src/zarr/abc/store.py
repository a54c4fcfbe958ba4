"""What a store is, for those who write one."""

from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr._buffer.pieces import Sink
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
from zarr._store.capabilities import Capabilities
from zarr._store.turns import Turns
from zarr._store.versioned import ABSENT, ANY, AsyncStore, Hold, NoHold, Stored, SyncStore
from zarr._support.public_names import public_names_of

__all__ = [
    "ABSENT",
    "ANY",
    "AsyncStore",
    "ByteGetter",
    "ByteRequest",
    "ByteSetter",
    "Capabilities",
    "Hold",
    "NoHold",
    "OffsetByteRequest",
    "RangeByteRequest",
    "Sink",
    "Store",
    "Stored",
    "SuffixByteRequest",
    "SupportsDeleteSync",
    "SupportsGetSync",
    "SupportsSetSync",
    "SupportsSyncStore",
    "SyncByteGetter",
    "SyncByteSetter",
    "SyncStore",
    "Turns",
    "set_or_delete",
]

__dir__ = public_names_of(__name__)
