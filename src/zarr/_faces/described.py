"""Codecs and shapes in words, as information, HTML and the command line show them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def codec_text(codec: Any) -> str:
    """A codec in words, of whichever kind.

    >>> codec_text({"name": "zstd", "configuration": {"level": 3}})
    'zstd(level=3)'
    """
    if hasattr(codec, "to_dict"):
        codec = codec.to_dict()
    elif hasattr(codec, "get_config"):
        codec = codec.get_config()
    if not isinstance(codec, Mapping):
        return str(codec)
    found = dict(codec)
    name = found.pop("name", None) or found.pop("id", "?")
    settings = found.get("configuration") or ({} if "configuration" in codec else found)
    inner = ", ".join(
        f"{key}={value if isinstance(value, str) else json.dumps(value, default=str)}"
        for key, value in settings.items()
    )
    return f"{name}({inner})" if inner else str(name)


def codecs_of(array: Any) -> list[str]:
    """The codecs of a chunk, in the order in which they encode."""
    serializer = () if array.serializer is None else (array.serializer,)
    return [codec_text(codec) for codec in (*(array.filters or ()), *serializer, *(array.compressors or ()))]


def chunk_shapes(array: Any) -> tuple[Any, Any]:
    """Shapes of chunks and of shards, as lists; of each dimension the lengths, where chunks differ; None for shards if there are none."""
    try:
        return list(array.chunks), None if array.shards is None else list(array.shards)
    except NotImplementedError:
        inner, outer = ([list(each) for each in sizes] for sizes in (array.read_chunk_sizes, array.write_chunk_sizes))
        return inner, outer if array.metadata.is_sharded else None


def shape_text(shape: Iterable[int]) -> str:
    """A shape for people.

    >>> shape_text((365, 1800)), shape_text(())
    ('365 × 1800', 'scalar')
    """
    return " × ".join(map(str, shape)) or "scalar"


def chunks_text(chunks: Sequence[Any]) -> str:
    """What `chunk_shapes` gives, for people.

    >>> chunks_text([2, 5]), chunks_text([[3, 7], [4, 4]])
    ('2 × 5', '(3, 7) × 4')
    """
    if any(isinstance(each, list) for each in chunks):
        return " × ".join(map(_runs, chunks))
    return shape_text(chunks)


def _runs(lengths: list[int]) -> str:
    if len(set(lengths[:-1])) <= 1 and (len(lengths) < 2 or lengths[-1] <= lengths[0]):
        return str(lengths[0]) if lengths else "0"
    return f"({', '.join(map(str, lengths[:4]))}{', …' if len(lengths) > 4 else ''})"
