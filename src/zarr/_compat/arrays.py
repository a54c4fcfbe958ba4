"""Creating arrays by zarr-python's functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zarr._calls.arrays import ARRAY_DEFAULTS, create_array, format_of
from zarr._calls.keywords import MemberOptions, takes
from zarr._calls.like import KEEP, kept_by
from zarr._faces.async_array import AsyncArray
from zarr._flow.drive import run_async
from zarr._flow.node import array_node_of
from zarr._grid.grid import RegularGrid

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._dtype.base import ZarrFormat
    from zarr._store.path import StorePath

_OPTIONS = {name: value for name, value in ARRAY_DEFAULTS.items() if name not in ("data", "write_data")}


@takes(MemberOptions, _OPTIONS)
async def init_array(
    *, store_path: StorePath, zarr_format: ZarrFormat | None = 3, **options: Unpack[MemberOptions]
) -> AsyncArray:
    """Create an array without data at a place; see `zarr.create_array`."""
    return AsyncArray(*await run_async(create_array(store_path, zarr_format=zarr_format, **options)))


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
