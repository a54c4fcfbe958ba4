"""From format 2 to format 3: new documents for data that stays as it is; and zarr-python's names around that.

What is done is logged by this module's logger: each document that is written or removed, and each change, at level INFO; and one
warning that sums up what the new documents do not say as the old ones did.
"""

from __future__ import annotations

import logging
from typing import Any, Literal, TypeAlias

from zarr._buffer.registry import default_buffer_prototype
from zarr._codec.base import ArrayArrayCodec, BytesBytesCodec
from zarr._codec.blosc import BloscCodec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.names import BloscShuffle
from zarr._codec.registry import get_codec_class
from zarr._codec.transpose import TransposeCodec
from zarr._codec.zstd import ZstdCodec
from zarr._compat.annotations import TBaseDType, TBaseScalar
from zarr._compat.keys import ZARR_JSON, ZARRAY_JSON, ZATTRS_JSON, ZGROUP_JSON, ZMETADATA_V2_JSON
from zarr._compat.sync import sync
from zarr._dtype.base import ZDType
from zarr._dtype.traits import HasEndianness
from zarr._faces.array import Array
from zarr._faces.group import Group
from zarr._flow import migrate
from zarr._flow.drive import run, run_async
from zarr._flow.migrate import MigrateOptions, Step
from zarr._grid.chunk_keys import V2ChunkKeyEncoding
from zarr._metadata.across import migrated
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.grid import RegularChunkGridMetadata
from zarr._metadata.group import GroupMetadata
from zarr._store.abstract import Store
from zarr._store.make import StoreLike, make_store_path
from zarr._store.path import StorePath
from zarr._support.public_names import public_names_of
from zarr._support.truth import truth
from zarr.errors import UnknownCodecError

__all__ = [
    "AnyArray",
    "ArrayArrayCodec",
    "ArrayV2Metadata",
    "ArrayV3Metadata",
    "BloscCodec",
    "BloscShuffle",
    "BytesBytesCodec",
    "BytesCodec",
    "Group",
    "GroupMetadata",
    "GzipCodec",
    "HasEndianness",
    "RegularChunkGridMetadata",
    "Store",
    "StorePath",
    "TBaseDType",
    "TBaseScalar",
    "TransposeCodec",
    "UnknownCodecError",
    "V2ChunkKeyEncoding",
    "ZARRAY_JSON",
    "ZARR_JSON",
    "ZATTRS_JSON",
    "ZDType",
    "ZGROUP_JSON",
    "ZMETADATA_V2_JSON",
    "ZstdCodec",
    "default_buffer_prototype",
    "get_codec_class",
    "migrate_to_v3",
    "migrate_v2_to_v3",
    "remove_metadata",
    "sync",
]

__dir__ = public_names_of(__name__)

AnyArray: TypeAlias = Array

_logger = logging.getLogger(__name__)
_MOST_TOLD = 5


def migrate_v2_to_v3(
    *,
    input_store: StoreLike,
    output_store: StoreLike | None = None,
    dry_run: bool = False,
    overwrite: bool = False,
    force: bool = False,
    remove_v2_metadata: bool = False,
    into_empty: bool = False,
) -> None:
    """Write a `zarr.json` for every array and group of format 2. Chunks stay as and where they are.

    Everything is worked out before anything is written. The documents of format 2 stay valid all the time, and a run that was
    interrupted can be made again.

    Parameters
    ----------
    input_store
        A store, or a place in one, with a node of format 2. Or what is taken for one: a path, a URL, a dict.
    output_store
        Where the documents go; None for beside the old ones.
    dry_run
        True only logs what would be done.
    overwrite
        True replaces what is there of format 3, also if it says something else, and removes the rest of that.
    force
        True overwrites also where there are no documents of format 2 in the place.
    remove_v2_metadata
        True removes the documents of format 2 in the end.
    into_empty
        True refuses an `output_store` where there is anything but what an earlier run may have left.

    Raises
    ------
    NodeNotFoundError
        If there is no node.
    MetadataTypeError
        If there is none of format 2.
    MetadataValidationError, UnknownCodecError
        If format 3 cannot describe what is stored.
    ContainsArrayError, ContainsGroupError
        If there are documents of format 3 that say something else.

    Examples
    --------
    >>> import numpy as np
    >>> import zarr
    >>> from zarr.metadata.migrate_v3 import migrate_v2_to_v3
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save(store, np.arange(4), zarr_format=2)
    >>> migrate_v2_to_v3(input_store=store)
    >>> array = zarr.open_array(store)
    >>> array.metadata.zarr_format, array[:]
    (3, array([0, 1, 2, 3]))
    """
    options = _options(dry_run, overwrite, force, remove_v2_metadata, into_empty)
    is_changed = output_store is None and not options.dry_run
    source = _place(input_store, is_changed=is_changed)
    dest = None if output_store is None else _place(output_store, is_changed=not options.dry_run)
    _migrate(source, dest, options)


def migrate_to_v3(zarr_v2: Array | Group, output_path: StorePath, dry_run: bool = False) -> None:
    """As `migrate_v2_to_v3`, for an array or a group that is open.

    Parameters
    ----------
    zarr_v2
        The node; of a group also what is below it.
    output_path
        Where the documents go; its `store_path` is where those of format 2 are.
    dry_run
        True only logs what would be done.

    Raises
    ------
    MetadataTypeError
        If the node is not of format 2.
    MetadataValidationError, UnknownCodecError, ContainsArrayError, ContainsGroupError
        As `migrate_v2_to_v3`.

    Examples
    --------
    >>> import numpy as np
    >>> import zarr
    >>> from zarr.metadata.migrate_v3 import migrate_to_v3
    >>> array = zarr.create_array({}, data=np.arange(4), zarr_format=2)
    >>> migrate_to_v3(array, array.store_path)
    >>> zarr.open_array(array.store_path).metadata.zarr_format
    3
    """
    place = getattr(zarr_v2, "store_path", None)
    if not isinstance(place, StorePath):
        raise TypeError(f"zarr_v2 must be an array or a group, got {type(zarr_v2).__name__}; zarr.open gives one")
    if not isinstance(output_path, StorePath):
        raise TypeError(f"output_path must be a StorePath, got {type(output_path).__name__}")
    _migrate(place, output_path, _options(dry_run))


async def remove_metadata(
    store: StoreLike, zarr_format: Literal[2, 3], force: bool = False, dry_run: bool = False
) -> None:
    """Remove every document of one format, where there is one of the other.

    Parameters
    ----------
    store
        A store, or a place in one. Or what is taken for one: a path, a URL, a dict.
    zarr_format
        2 removes `.zarray`, `.zattrs`, `.zgroup` and `.zmetadata`, 3 removes `zarr.json`.
    force
        True also removes documents without which there is no node any more.
    dry_run
        True only logs what would be done.

    Raises
    ------
    NodeNotFoundError
        If there is nothing.
    MetadataValidationError
        If a node has no valid documents of the other format, and `force` is False. Nothing is removed then.

    Examples
    --------
    >>> import numpy as np
    >>> import zarr
    >>> from zarr.metadata.migrate_v3 import migrate_v2_to_v3, remove_metadata, sync
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save(store, np.arange(4), zarr_format=2)
    >>> migrate_v2_to_v3(input_store=store)
    >>> sync(remove_metadata(store, 2))
    >>> sorted(store._store_dict)
    ['0', 'zarr.json']
    """
    if zarr_format not in (2, 3):
        raise ValueError(f"zarr_format must be 2 or 3, got {zarr_format!r}")
    force, dry_run = truth("force", force), truth("dry_run", dry_run)
    at = _place(store, is_changed=not dry_run)
    _announce(dry_run, "deleted or changed", "deleted")
    await run_async(migrate.remove_metadata(at, zarr_format, force=force, dry_run=dry_run, tell=_logger.info))


def _place(store: StoreLike, *, is_changed: bool) -> StorePath:
    """A place to look at, or to change. A store that is given is taken as it is."""
    return make_store_path(store, mode=None if is_changed or isinstance(store, Store | StorePath) else "r")


def _options(
    dry_run: bool, overwrite: bool = False, force: bool = False, remove_old: bool = False, into_empty: bool = False
) -> MigrateOptions:
    return MigrateOptions(
        dry_run=truth("dry_run", dry_run),
        overwrite=truth("overwrite", overwrite),
        force=truth("force", force),
        remove_old=truth("remove_v2_metadata", remove_old),
        into_empty=truth("into_empty", into_empty),
    )


def _migrate(source: StorePath, dest: StorePath | None, options: MigrateOptions) -> None:
    _announce(options.dry_run, "created or changed", "created")
    steps = run(migrate.migrate(source, dest, options, _logger.info))
    changed = [step for step in steps if step.changes]
    if changed:
        _logger.warning(
            "nodes that are not described as before: %d of %d. %s", len(changed), len(steps), "; ".join(_told(changed))
        )


def _told(changed: list[Step]) -> list[str]:
    texts = [f"{step.path or '/'}: {', '.join(step.changes)}" for step in changed[:_MOST_TOLD]]
    if len(changed) > _MOST_TOLD:
        texts.append(f"and {len(changed) - _MOST_TOLD} more (level INFO has them all)")
    return texts


def _announce(dry_run: bool, not_done: str, done: str) -> None:
    if dry_run:
        _logger.info(
            "Dry run enabled - no files will be %s. Log of files that would be %s on a real run:", not_done, done
        )


def _convert_array_metadata(metadata_v2: Any) -> ArrayV3Metadata:
    """zarr-python's private name, which VirtualiZarr calls."""
    return migrated(metadata_v2).metadata
