"""`compare_codecs`: how much smaller codecs would make an array's own data, and how fast they are.

A sample of its chunks, taken from all over it, becomes an array in memory for each choice of codecs, which is written and read as any other
is. So what is measured is this library with those codecs, by the engine that would be in use, and no disk.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from zarr._buffer.memory import empty
from zarr._calls.array_config import array_config
from zarr._calls.arrays import create_array
from zarr._checks.places import place_of
from zarr._flow import objects
from zarr._flow.drive import run
from zarr._flow.inventory import stored_coordinates, stored_nbytes
from zarr._flow.load import load_array
from zarr._flow.node import ArrayNode, array_node_of
from zarr._plan.project import decoded_grid
from zarr._selection import basic
from zarr._store.abstract import is_able
from zarr._store.memory import MemoryStore
from zarr._store.path import StorePath
from zarr._support.sizes import parse_nbytes
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._flow.requests import Flow
    from zarr._metadata.group import ArrayMetadata

CANDIDATES = (
    "none",
    "zstd(level=1)",
    "zstd(level=5)",
    "zstd(level=12)",
    "blosc(cname=lz4, clevel=5, shuffle=shuffle)",
    "blosc(cname=zstd, clevel=5, shuffle=bitshuffle)",
    "gzip(level=5)",
)
"""What is compared where nothing else is asked for."""
AS_STORED = "as stored"
_CODEC = re.compile(r"\s*(?P<name>[\w.]+)\s*(\((?P<settings>[^()]*)\))?\s*")
_EXPECTED = (ValueError, TypeError, ImportError, RuntimeError, NotImplementedError, OSError)


@dataclass(frozen=True, slots=True)
class CodecResult:
    """What one choice of codecs made of the sample.

    Attributes
    ----------
    codecs
        The choice, as it was asked for.
    nbytes, nbytes_encoded
        Size of the sample in memory, and encoded.
    seconds_encode, seconds_decode
        How long it took to write and to read: the best of several times.
    error
        Why these codecs cannot have this data; empty if they can. The numbers are 0 then.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.array([7] * 10_000, chunks=1000)
    >>> (result,) = zarr.checks.compare_codecs(array, ["zstd(level=1)"]).results[1:]
    >>> result.codecs, result.ratio > 20
    ('zstd(level=1)', True)
    """

    codecs: str
    nbytes: int
    nbytes_encoded: int = 0
    seconds_encode: float = 0.0
    seconds_decode: float = 0.0
    error: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times smaller the sample became; None if it could not be encoded."""
        return self.nbytes / self.nbytes_encoded if self.nbytes_encoded else None

    @property
    def encode_rate(self) -> float | None:
        """Bytes in memory that are encoded per second."""
        return self.nbytes / self.seconds_encode if self.seconds_encode else None

    @property
    def decode_rate(self) -> float | None:
        """Bytes in memory that are decoded per second."""
        return self.nbytes / self.seconds_decode if self.seconds_decode else None

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        names = ("codecs", "nbytes", "nbytes_encoded", "seconds_encode", "seconds_decode", "error")
        rates = ("ratio", "encode_rate", "decode_rate")
        return {name: getattr(self, name) for name in (*names, *rates)}


@dataclass(frozen=True, slots=True, repr=False)
class CodecComparison:
    """What `zarr.checks.compare_codecs` found.

    Attributes
    ----------
    place
        The array.
    n_chunks, nbytes
        How many of its chunks were taken as a sample, and their size in memory.
    results
        One for each choice of codecs, that of the array first.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> found = zarr.checks.compare_codecs(zarr.array(np.arange(10_000), chunks=1000), ["none", "gzip(level=5)"])
    >>> [result.codecs for result in found.results]
    ['as stored', 'none', 'gzip(level=5)']
    """

    place: str
    n_chunks: int
    nbytes: int
    results: tuple[CodecResult, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same in what JSON can say."""
        return {
            "place": self.place,
            "n_chunks": self.n_chunks,
            "nbytes": self.nbytes,
            "results": [result.to_dict() for result in self.results],
        }

    def __repr__(self) -> str:
        lines = [f"{self.place}: {self.n_chunks} chunks, {self.nbytes} bytes"]
        for each in self.results:
            if each.error or not (each.ratio and each.encode_rate and each.decode_rate):
                lines.append(f"  {each.codecs}: {each.error}")
                continue
            rates = f"encodes {each.encode_rate / 1e6:.0f} MB/s, decodes {each.decode_rate / 1e6:.0f} MB/s"
            lines.append(f"  {each.codecs}: 1/{each.ratio:.3g}, {rates}")
        return "\n".join(lines)


def compare_codecs(
    node: Any,
    codecs: Sequence[str] | None = None,
    *,
    path: str | None = None,
    max_nbytes: SupportsIndex | str = "32MB",
    n_times: int = 3,
    progress: Callable[[int, int], Any] | None = None,
) -> CodecComparison:
    """Compare codecs on a sample of an array's own data.

    Chunks that are stored are taken from all over the array, and written to memory and read from there with each choice of codecs, by
    the engine that is in use.

    Parameters
    ----------
    node
        An array, in either form, or where one is: whatever `zarr.open_array` takes.
    codecs
        The choices, as text: `"zstd(level=3)"`, `"blosc(cname=lz4, shuffle=bitshuffle)"`, several with `+` between them, or `"none"`. They
        take the place of the array's compressors; its filters stay. Usual ones if None. How the array is stored is always the first.
    path
        Where the array is, relative to the first argument.
    max_nbytes
        How large the sample may be in memory: bytes, or a text like `"64MB"`. It is one chunk at least.
    n_times
        How often each is measured; the best time counts.
    progress
        Called here with the numbers of choices that were measured, and of all.

    Returns
    -------
    CodecComparison
        Ratios and times.

    Raises
    ------
    ArgumentError
        If a text names no codecs, or the array has no elements.
    ArrayNotFoundError
        If there is no array.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> array = zarr.array(np.arange(100_000).reshape(100, 1000), chunks=(10, 1000))
    >>> found = zarr.checks.compare_codecs(array, ["zstd(level=5)", "blosc(cname=zstd, shuffle=shuffle)"], n_times=1)
    >>> all(result.ratio > 1 for result in found.results)
    True
    """
    wanted = {text: parse_codecs(text) for text in (CANDIDATES if codecs is None else codecs)}
    given = array_node_of(node) if path is None else None
    if given is None:
        place = place_of(node, path)
        given = place.array(place.at.path, run(load_array(place.at)))
    n_times = max(1, int(n_times))
    sample = run(_sample(given, parse_nbytes(max_nbytes, "max_nbytes")))
    results = []
    choices: list[tuple[str, Any]] = [(AS_STORED, None), *wanted.items()]
    for number, (text, compressors) in enumerate(choices):
        results.append(_measured(given, sample, text, compressors, n_times))
        if progress is not None:
            progress(number + 1, len(choices))
    return CodecComparison(str(given.store_path), sample.n_chunks, sample.elements.nbytes, tuple(results))


def parse_codecs(text: str) -> list[dict[str, Any]]:
    """Codecs from bytes to bytes, as their documents have them.

    Examples
    --------
    >>> parse_codecs("blosc(cname=lz4, clevel=5)")
    [{'name': 'blosc', 'configuration': {'cname': 'lz4', 'clevel': 5}}]
    >>> parse_codecs("none")
    []
    """
    if text.strip() == "none":
        return []
    found = []
    for part in text.split("+"):
        match = _CODEC.fullmatch(part)
        settings = _settings(match["settings"] or "") if match is not None else None
        if match is None or settings is None:
            raise ArgumentError(
                f"codecs are written as 'zstd(level=3)' or 'none', with + between several, got {text!r}"
            )
        found.append({"name": match["name"], **({"configuration": settings} if settings else {})})
    return found


def _settings(text: str) -> dict[str, Any] | None:
    settings: dict[str, Any] = {}
    for entry in filter(None, (each.strip() for each in text.split(","))):
        name, mark, value = (each.strip() for each in entry.partition("="))
        if not (name and mark and value):
            return None
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings


# -- the sample -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sample:
    """Chunks of an array, along a first axis that counts them.

    Attributes
    ----------
    elements
        Of all of them.
    chunk_shape
        Of one.
    """

    elements: npt.NDArray[Any]
    chunk_shape: tuple[int, ...]

    @property
    def n_chunks(self) -> int:
        """How many there are."""
        return len(self.elements) // max(1, self.chunk_shape[0])


def _sample(node: ArrayNode, max_nbytes: int) -> Flow[_Sample]:
    """Read chunks from all over an array. Those at its edge are filled up with what they end in."""
    view = node.view
    spec = view.spec
    if math.prod(spec.shape) == 0 or not spec.shape:
        raise ArgumentError(f"{node.store_path} has no chunks to compare codecs on: its shape is {spec.shape}")
    grid = decoded_grid(spec)
    chunk_shape = tuple(map(min, grid.largest(spec.shape), spec.shape))
    chunk_nbytes = max(1, math.prod(chunk_shape) * spec.dtype.itemsize)
    n_wanted = max(1, max_nbytes // chunk_nbytes)
    chunks = []
    for coords in (yield from _chosen(node, n_wanted)):
        starts = tuple(axis.start(c) for axis, c in zip(grid.axes, coords, strict=True))
        region = tuple(
            slice(start, min(start + axis.length(c), n))
            for axis, c, start, n in zip(grid.axes, coords, starts, spec.shape, strict=True)
        )
        selection = basic(region, spec.shape)
        memory = empty(selection.shape, spec.dtype)
        yield from objects.read(node, view, selection, memory)
        missing = [(0, max(0, full - n)) for full, n in zip(chunk_shape, memory.shape, strict=True)]
        chunks.append(np.pad(memory, missing, mode="edge") if any(after for _, after in missing) else memory)
    return _Sample(np.concatenate(chunks), chunk_shape)


def _chosen(node: ArrayNode, n_wanted: int) -> Flow[list[tuple[int, ...]]]:
    """Coordinates of chunks that are decoded one by one: evenly out of the stored objects, or out of all if they cannot be listed."""
    spec = node.view.spec
    grid = decoded_grid(spec)
    counts = spec.grid.counts(spec.shape)
    stored: list[tuple[int, ...]] = []
    if is_able(node.store_path.store.supports_listing):
        stored = sorted((yield from stored_coordinates(node)))
    if not stored:
        n_all = math.prod(counts)
        step = max(1, n_all // n_wanted)
        stored = [tuple(map(int, np.unravel_index(i, counts))) for i in range(0, min(n_all, step * n_wanted), step)]
    n_objects = min(len(stored), n_wanted)
    some = [stored[i * len(stored) // n_objects] for i in range(n_objects)]
    per_object = max(1, n_wanted // n_objects)
    chosen: list[tuple[int, ...]] = []
    for coords in some:
        ranges = []
        for axis, inner, c, n in zip(spec.grid.axes, grid.axes, coords, spec.shape, strict=True):
            start = axis.start(c)
            ends = inner.find(np.array([start, min(start + axis.length(c), n) - 1]))
            ranges.append(range(int(ends[0]), int(ends[1]) + 1))
        chosen += _spread(ranges, per_object)
    return chosen[:n_wanted]


def _spread(ranges: Sequence[range], most: int) -> Iterator[tuple[int, ...]]:
    n_all = math.prod(map(len, ranges))
    step = max(1, n_all // most)
    for number, coords in enumerate(product(*ranges)):
        if number % step == 0:
            yield coords


# -- measuring --------------------------------------------------------------------------------------------------


def _measured(node: ArrayNode, sample: _Sample, text: str, compressors: Any, n_times: int) -> CodecResult:
    """Write and read the sample with one choice of codecs."""
    nbytes = sample.elements.nbytes
    try:
        encode = decode = math.inf
        nbytes_encoded = 0
        for _ in range(n_times):
            made = run(_made(node.metadata, sample, compressors, node.engine))
            n_before = run(stored_nbytes(made.store_path))
            whole = basic(Ellipsis, sample.elements.shape)
            begin = perf_counter()
            run(objects.write(made, made.view, whole, sample.elements))
            between = perf_counter()
            memory = empty(sample.elements.shape, made.view.spec.dtype)
            middle = perf_counter()
            run(objects.read(made, made.view, whole, memory))
            encode, decode = min(encode, between - begin), min(decode, perf_counter() - middle)
            nbytes_encoded = run(stored_nbytes(made.store_path)) - n_before
        return CodecResult(text, nbytes, nbytes_encoded, encode, decode)
    except _EXPECTED as exc:
        return CodecResult(text, nbytes, error=f"{type(exc).__name__}: {exc}")


def _made(metadata: ArrayMetadata, sample: _Sample, compressors: Any, engine: str | None) -> Flow[ArrayNode]:
    """An array in memory for the sample."""
    keeps = compressors is None or metadata.zarr_format == 3
    options: dict[str, Any] = {"fill_value": metadata.fill_value}
    if keeps:
        options["filters"] = list(metadata.filters or ()) or None
        if metadata.serializer is not None:
            options["serializer"] = metadata.serializer
    options["compressors"] = list(metadata.compressors) or None if compressors is None else compressors or None
    created, at, config = yield from create_array(
        StorePath(MemoryStore(), ""),
        shape=sample.elements.shape,
        chunks=sample.chunk_shape,
        dtype=metadata.dtype if keeps else metadata.dtype.to_native_dtype(),
        zarr_format=metadata.zarr_format if keeps else 3,
        config=replace(array_config(None), write_empty_chunks=True, chunk_cache=False),
        **options,
    )
    return ArrayNode(created, at, config, engine=engine)
