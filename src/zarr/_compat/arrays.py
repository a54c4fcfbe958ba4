"""Creating arrays by zarr-python's functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zarr._calls.arrays import ARRAY_DEFAULTS, create_array, format_of
from zarr._calls.keywords import MemberOptions, takes
from zarr._calls.like import KEEP, kept_by
from zarr._faces.async_array import AsyncArray
from zarr._flow.drive import run_async
from zarr._flow.node import array_node_of
from zarr._grid.grid import RegularGrid
from zarr._metadata import new_v2, new_v3

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._buffer import BufferPrototype
    from zarr._codec.base import ArrayConfig, ChunkSpec
    from zarr._dtype.base import ZarrFormat, ZDType
    from zarr._grid.of_array import ChunkGrid
    from zarr._store.path import StorePath

_OPTIONS = {name: value for name, value in ARRAY_DEFAULTS.items() if name not in ("data", "write_data")}


@takes(MemberOptions, _OPTIONS)
async def init_array(
    *, store_path: StorePath, zarr_format: ZarrFormat | None = 3, **options: Unpack[MemberOptions]
) -> AsyncArray:
    """Create an array without data at a place; see `zarr.create_array`."""
    return AsyncArray(*await run_async(create_array(store_path, zarr_format=zarr_format, **options)))


def iter_chunk_coords(array: Any, **part: Sequence[int] | None) -> Iterator[tuple[int, ...]]:
    """Coordinates of the chunks of an array, in either form; of all, or those of a box (`origin`, `selection_shape`).

    Examples
    --------
    >>> import zarr
    >>> list(iter_chunk_coords(zarr.create_array({}, shape=5, chunks=2, dtype="int8")))
    [(0,), (1,), (2,)]
    """
    found: Iterator[tuple[int, ...]] = array._iter_chunk_coords(**part)
    return found


def iter_chunk_regions(array: Any, **part: Sequence[int] | None) -> Iterator[tuple[slice, ...]]:
    """Regions of its chunks."""
    found: Iterator[tuple[slice, ...]] = array._iter_chunk_regions(**part)
    return found


def iter_shard_coords(array: Any, **part: Sequence[int] | None) -> Iterator[tuple[int, ...]]:
    """Coordinates of its stored objects."""
    found: Iterator[tuple[int, ...]] = array._iter_shard_coords(**part)
    return found


def iter_shard_regions(array: Any, **part: Sequence[int] | None) -> Iterator[tuple[slice, ...]]:
    """Regions of its stored objects."""
    found: Iterator[tuple[slice, ...]] = array._iter_shard_regions(**part)
    return found


def iter_shard_keys(array: Any, **part: Sequence[int] | None) -> Iterator[str]:
    """Keys of its stored objects, below the array."""
    found: Iterator[str] = array._iter_shard_keys(**part)
    return found


def get_chunk_spec(
    metadata: Any,
    chunk_grid: ChunkGrid,
    chunk_coords: tuple[int, ...],
    array_config: ArrayConfig,
    prototype: BufferPrototype,
) -> ChunkSpec:
    """What codecs know of one stored chunk.

    Parameters
    ----------
    metadata
        Of the array.
    chunk_grid, chunk_coords
        Its grid, and which chunk of it.
    array_config, prototype
        Settings, and the buffers that are wanted.

    Raises
    ------
    ValueError
        If there is no such chunk.
    """
    chunk = chunk_grid[chunk_coords]
    if chunk is None:
        raise ValueError(f"there is no chunk {chunk_coords} in a grid of shape {chunk_grid.grid_shape}")
    spec: ChunkSpec = metadata.to_spec(array_config).chunk_spec(chunk.codec_shape)
    return spec.replace(prototype=prototype)


def default_serializer_v3(dtype: ZDType[Any, Any]) -> Any:
    """The codec that makes bytes of elements of a data type in format 3, where its user names none."""
    return new_v3.default_serializer(dtype)


def default_filters_v2(dtype: ZDType[Any, Any]) -> tuple[Any, ...] | None:
    """The filters that elements of a data type need in format 2; None if they need none."""
    return tuple(new_v2.needed_filters(dtype)) or None


def parse_keep_array_attr(
    data: Any,
    chunks: Any,
    shards: Any,
    filters: Any,
    compressors: Any,
    serializer: Any,
    fill_value: Any,
    order: Any,
    zarr_format: Any,
    chunk_key_encoding: Any,
    dimension_names: Any,
    attributes: Mapping[str, Any] | None,
) -> tuple[Any, ...]:
    """The arguments of `zarr.from_array` after `data`, with what the source has in place of `"keep"`, and of None where that says
    nothing of its own.

    Examples
    --------
    >>> import zarr
    >>> source = zarr.create_array({}, shape=4, chunks=2, dtype="int8", compressors=None)
    >>> parse_keep_array_attr(source, "keep", "keep", "keep", (), "keep", None, None, None, None, None, None)[:4]
    ((2,), None, None, ())
    """
    node = array_node_of(data)
    source_format = 3 if node is None else node.metadata.zarr_format
    chosen = format_of(source_format if zarr_format is None else zarr_format)
    auto: dict[str, Any] = {
        "chunks": "auto",
        "shards": None,
        "filters": "auto",
        "compressors": "auto",
        "serializer": "auto",
    }
    kept = auto if node is None else kept_by(node.metadata, chosen)
    given = {
        "chunks": chunks,
        "shards": shards,
        "filters": filters,
        "compressors": compressors,
        "serializer": serializer,
    }
    unsaid = {"order": order, "zarr_format": chosen, "chunk_key_encoding": chunk_key_encoding}
    unsaid |= {"dimension_names": dimension_names, "attributes": attributes}
    parsed = [kept[name] if isinstance(value, str) and value == KEEP else value for name, value in given.items()]
    rest = [kept.get(name) if value is None else value for name, value in unsaid.items()]
    return (*map(_as_given, parsed), fill_value, *rest)


def _as_given(value: Any) -> Any:
    """Chunks and shards of one shape as that shape."""
    if isinstance(value, Mapping) and value.get("index_location") == "end":
        value = value["shape"]
    return value.shape if isinstance(value, RegularGrid) else value
