"""`zarr.advise`: chunks, shards and codecs for a new array, with the reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._calls.arrays import create_array
from zarr._codec.blosc import BloscCodec
from zarr._dtype.registry import parse_data_type
from zarr._flow import inventory
from zarr._flow.drive import run
from zarr._flow.node import ArrayNode
from zarr._grid.advice import Costs, Pattern, chunks_for, n_met, price, shards_for
from zarr._grid.shapes import parse_shape
from zarr._store.access import capabilities
from zarr._store.make import StoreLike, make_store
from zarr._store.memory import MemoryStore
from zarr._store.path import StorePath
from zarr._store.urls import is_url
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._calls.keywords import DataTypeLike, ShapeLike

_NEAR, _FAR = Costs(1e-4, 1e9), Costs(2e-3, 2e8)
"""A file on a local disk; a request to a bucket, of which many are under way, and what its network brings."""
_MOST_CHUNK_NBYTES = 16 * 10**6
_SHARD_NBYTES = 64 * 10**6
_MANY_OBJECTS = 10_000
_SHARE_OF_WHOLE = 0.2
"""All of it is written once, and read now and then, whatever else is said: it counts so much beside all that is said."""
_WORTH_IT = 0.9
"""Another codec than usual has to make data so much smaller."""
_UNKNOWN_ITEM_NBYTES = 16


@dataclass(frozen=True)
class Advice:
    """What `zarr.advise` says.

    Attributes
    ----------
    shape, dtype
        Of the array.
    chunks
        Shape of what is encoded by itself, and read at least.
    shards
        Shape of stored objects, where they hold several chunks; None where each chunk is an object.
    compressors
        As `create_array` takes them.
    reasons
        Why, one sentence each.

    Examples
    --------
    >>> import zarr
    >>> found = zarr.advise((10_000, 500, 500), "f4", access={"series": (-1, 1, 1)}, store="s3://bucket/a")
    >>> array = zarr.create_array({}, **found.kwargs)
    >>> array.chunks == found.chunks, array.shards == found.shards
    (True, True)
    """

    shape: tuple[int, ...]
    dtype: Any
    chunks: tuple[int, ...]
    shards: tuple[int, ...] | None
    compressors: Any
    reasons: tuple[str, ...] = field(repr=False)

    @property
    def kwargs(self) -> dict[str, Any]:
        """Keywords of `zarr.create_array`."""
        return {
            "shape": self.shape,
            "dtype": self.dtype,
            "chunks": self.chunks,
            "shards": self.shards,
            "compressors": self.compressors,
        }

    def __str__(self) -> str:
        facts = [("Chunks", self.chunks), ("Shards", self.shards), ("Compressors", self.compressors)]
        return "\n".join([*(f"{name:<12}: {value}" for name, value in facts), *(f"- {each}" for each in self.reasons)])


def advise(
    shape: ShapeLike,
    dtype: DataTypeLike,
    access: Mapping[str, Sequence[int | None]] | None = None,
    *,
    store: StoreLike | None = None,
    weights: Mapping[str, float] | None = None,
    write: Sequence[int | None] | None = None,
    sample: npt.ArrayLike | None = None,
) -> Advice:
    """Advise on chunks, shards and codecs for a new array, by what will be read of it.

    Nothing is created, and no store is asked for anything.

    Parameters
    ----------
    shape, dtype
        Of the array.
    access
        What will be read at once: by a name for each kind of reading the shape of what it takes, with -1 or None for a whole axis, as in
        `{"maps": (1, -1, -1), "series": (-1, 1, 1)}`. None for everything at once.
    store
        Where the array will be: a store, a path or a URL. Far away a request takes longer. None for a local disk.
    weights
        How often each kind of reading happens, beside others; 1 for those that are not named.
    write
        Shape of what is written at once, if that is a part. Shards are no larger, so that each is written once.
    sample
        Values as they will be stored, in which codecs are compared; best a few chunks of them.

    Returns
    -------
    Advice
        Whose `kwargs` are keywords of `create_array`, and which is printed with its reasons.

    Raises
    ------
    ArgumentError
        If `access` or `write` do not fit the shape, or `weights` names what is not in `access`.

    Examples
    --------
    >>> import zarr
    >>> found = zarr.advise((1000, 500, 500), "f4", access={"maps": (1, -1, -1), "series": (-1, 1, 1)})
    >>> print(found)
    Chunks      : (...)
    Shards      : ...
    Compressors : auto
    - ...
    """
    lengths = parse_shape(shape)
    data_type = parse_data_type(dtype, zarr_format=3)
    itemsize = getattr(data_type, "item_size", 0) or _UNKNOWN_ITEM_NBYTES
    named = {"all of it": (-1,) * len(lengths)} if not access else dict(access)
    unknown = sorted(set(weights or ()).difference(named))
    if unknown:
        raise ArgumentError(
            f"weights name {', '.join(map(repr, unknown))}, which is not in access: {', '.join(map(repr, named))}"
        )
    patterns = [
        Pattern(name, _box(box, lengths, f"access[{name!r}]"), _weight(name, (weights or {}).get(name, 1)))
        for name, box in named.items()
    ]
    is_far = _is_far(store)
    costs = _FAR if is_far else _NEAR
    whole = tuple(max(1, n) for n in lengths)
    all_at_once = Pattern("all of it", whole, _SHARE_OF_WHOLE * sum(each.weight for each in patterns) or 1)
    chunks = chunks_for(lengths, itemsize, [*patterns, all_at_once], costs, _MOST_CHUNK_NBYTES)
    reasons = [_about_chunks(chunks, itemsize)]
    reasons += [_about(each, whole, chunks, itemsize, costs) for each in patterns]
    written = None if write is None else _box(write, lengths, "write")
    shards = _shards(lengths, chunks, itemsize, written, is_far, reasons)
    compressors = _compressors(sample, chunks, data_type, reasons)
    return Advice(lengths, dtype, chunks, shards, compressors, tuple(reasons))


def _weight(name: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | np.number) or not 0 < given < math.inf:
        raise ArgumentError(f"weights[{name!r}] must be a positive number, got {given!r}")
    return float(given)


def _box(given: Any, shape: tuple[int, ...], what: str) -> tuple[int, ...]:
    """The shape of what is read or written at once."""
    try:
        wanted = [-1 if n is None else n.__index__() for n in given]
    except (TypeError, AttributeError):
        raise ArgumentError(
            f"{what} must be the shape of what is taken at once, as (1, -1, -1), got {given!r}"
        ) from None
    if len(wanted) != len(shape) or any(n < 1 and n != -1 for n in wanted):
        raise ArgumentError(
            f"{what} must have a length for each of the {len(shape)} axes, at least 1, or -1 for the whole axis, got {given!r}"
        )
    return tuple(max(1, length) if n == -1 else min(n, max(1, length)) for n, length in zip(wanted, shape, strict=True))


def _is_far(store: Any) -> bool:
    if store is None:
        return False
    if isinstance(store, str) and is_url(store):
        return store.split(":", 1)[0].lower() not in ("file", "memory")
    return capabilities(make_store(store, mode="r")).is_remote


def _size(nbytes: float) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= factor:
            return f"{nbytes / factor:.3g} {unit}"
    return f"{nbytes:.0f} bytes"


def _about_chunks(chunks: tuple[int, ...], itemsize: int) -> str:
    return f"A chunk of {chunks} is {_size(math.prod(chunks) * itemsize)} before it is encoded."


def _about(pattern: Pattern, shape: tuple[int, ...], chunks: tuple[int, ...], itemsize: int, costs: Costs) -> str:
    n, nbytes = n_met(shape, chunks, pattern.shape), math.prod(pattern.shape) * itemsize
    times = price(shape, chunks, itemsize, pattern, costs)
    return (
        f"{pattern.name}: to read {pattern.shape}, which is {_size(nbytes)}, takes {n:,.4g} chunks, {_size(n * math.prod(chunks) * itemsize)}: "
        f"{times:.1f} times as long as its elements alone would."
    )


def _shards(
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    itemsize: int,
    written: tuple[int, ...] | None,
    is_far: bool,
    reasons: list[str],
) -> tuple[int, ...] | None:
    n_chunks = math.prod(-(-max(1, n) // c) for n, c in zip(shape, chunks, strict=True))
    nbytes = math.prod(chunks) * itemsize
    is_small = is_far and nbytes < _SHARD_NBYTES / 4
    if not shape or not (n_chunks > _MANY_OBJECTS or (is_small and n_chunks > 1)):
        reasons.append(f"Without shards, {n_chunks:,} objects are few enough.")
        return None
    shards = shards_for(shape, chunks, itemsize, _SHARD_NBYTES, written)
    if shards == chunks:
        reasons.append("Without shards, as no more than a chunk is written at once.")
        return None
    n_shards = math.prod(-(-max(1, n) // c) for n, c in zip(shape, shards, strict=True))
    why = "each is a request, and costs one" if is_far else "file systems and listings suffer from more"
    reasons.append(
        f"Shards of {_size(math.prod(shards) * itemsize)} make {n_shards:,} objects of {n_chunks:,} chunks: {why}. Chunks are still read one by one."
    )
    if written is not None and any(s > n for s, n in zip(shards, written, strict=True)):
        reasons.append(
            f"What is written at once, {written}, ends within chunks: with what is read, no chunks suit both. array.batch() or array.appender() "
            "gathers writes; or write in other chunks, and make these by zarr.rechunk."
        )
    elif written is not None:
        reasons.append(f"A shard is written whole by what is written at once, {written}.")
    else:
        reasons.append("Write whole shards at once, or a shard is read and written again; write= says if you cannot.")
    return shards


# -- codecs -----------------------------------------------------------------------------------------------------


def _compressors(sample: Any, chunks: tuple[int, ...], data_type: Any, reasons: list[str]) -> Any:
    """The codec of those that are compared in a sample that makes it the smallest, if that is worth it."""
    if sample is None:
        reasons.append("The usual codec, as nothing is known of the values: sample= has some compared.")
        return "auto"
    values = np.asarray(sample)
    if values.ndim != len(chunks) or not values.size:
        raise ArgumentError(
            f"sample must have {len(chunks)} axes, and at least one element, got the shape {values.shape}"
        )
    candidates: dict[str, Any] = {"the usual codec": "auto"}
    for shuffle in ("shuffle", "bitshuffle"):
        candidates[f"Blosc with Zstandard and {shuffle}"] = BloscCodec(cname="zstd", clevel=5, shuffle=shuffle)
    shape = tuple(map(min, chunks, values.shape))
    sizes = {name: _stored(values, shape, data_type, codec) for name, codec in candidates.items()}
    best = min(sizes, key=sizes.__getitem__)
    usual = sizes["the usual codec"]
    if sizes[best] > _WORTH_IT * usual:
        best = "the usual codec"
    told = ", ".join(f"{name} {_size(nbytes)}" for name, nbytes in sizes.items())
    reasons.append(f"Of a sample of {_size(values.nbytes)} make: {told}. So {best}.")
    return candidates[best]


def _stored(values: Any, chunks: tuple[int, ...], data_type: Any, compressors: Any) -> int:
    """Size of all chunks of an array in memory."""
    flow = create_array(
        StorePath(MemoryStore(), ""),
        zarr_format=3,
        data=values.astype(data_type.to_native_dtype()),
        chunks=chunks,
        compressors=compressors,
    )
    node = ArrayNode(*run(flow))
    return run(inventory.stored_nbytes(node.store_path))
