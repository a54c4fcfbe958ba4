"""What is wanted of a new array, before a format makes metadata of it.

`NewArray` holds what `zarr.create_array` was told, with shapes and data type settled, which no format has a say in. What
it leaves open (`"auto"`, None) each format fills in its own way: `new_v2`, `new_v3`. No settings are read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._metadata.v2_members import OBJECT_CODECS

if TYPE_CHECKING:
    from zarr._dtype import ZDType
    from zarr._grid.grid import RectilinearGrid, RegularGrid

DimensionNames: TypeAlias = Sequence[str | None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArray:
    """A new array as it is wanted.

    Attributes
    ----------
    shape, data_type
        In elements; a data type of the format.
    grid, inner
        Grid of the stored chunks; shape of the inner ones if those are shards, else None.
    shard_options
        Keywords of the sharding codec beside those for shape and codecs.
    filters, serializer, compressors
        Codecs as users give them: one, several, None for none, `"auto"` for those of the format.
    fill_value
        A scalar, or None for what the format makes of that.
    order, memory_order
        Layout of the elements in stored chunks, None if nothing was said; layout of arrays that reads return.
    attributes
        As they are to be stored; None for none.
    chunk_key_encoding
        An encoding, its name or its stored form; None for the default.
    dimension_names
        One string or None per dimension; None for no names.
    """

    shape: tuple[int, ...]
    data_type: ZDType[Any, Any]
    grid: RegularGrid | RectilinearGrid
    inner: tuple[int, ...] | None = None
    shard_options: Mapping[str, Any]
    filters: Any = "auto"
    serializer: Any = "auto"
    compressors: Any = "auto"
    fill_value: Any = None
    order: str | None = None
    memory_order: str = "C"
    attributes: Mapping[str, Any] | None = None
    chunk_key_encoding: Any = None
    dimension_names: DimensionNames = None


def is_auto(given: Any) -> bool:
    """Whether an argument leaves the choice to the format."""
    return isinstance(given, str) and given == "auto"


def listed(given: Any) -> list[Any]:
    """Codecs as users give them: None, one, or several."""
    if given is None:
        return []
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def object_codec_among(*given: Any) -> str | None:
    """The id of the first codec for Python objects among codecs as users give them.

    >>> object_codec_among("auto", [{"id": "zlib"}, {"id": "json2"}])
    'json2'
    """
    codecs = [codec for some in given if not is_auto(some) for codec in listed(some)]
    ids = [codec.get("id") if isinstance(codec, Mapping) else getattr(codec, "codec_id", None) for codec in codecs]
    return next((name for name in ids if isinstance(name, str) and name in OBJECT_CODECS), None)


def means_objects(dtype: Any) -> bool:
    """Whether a `dtype` says that elements are Python objects, and nothing more.

    >>> means_objects(object), means_objects("|O"), means_objects("O2"), means_objects(str)
    (True, True, False, False)
    """
    return dtype is object or (isinstance(dtype, str | np.dtype) and dtype in _OBJECT_SPELLINGS)


_OBJECT_SPELLINGS = ("O", "|O", "object", np.dtype(object))
