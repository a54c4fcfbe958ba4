"""User configuration, and the frozen settings that the rest of the library is given.

`config` is the object users know from zarr-python: nested keys, `set` also as a context manager, environment variables
(`ZARR_ARRAY__ORDER=F`), YAML files. Nothing below the edge reads it: `settings()` turns it into one cached, frozen
value, made anew only when the configuration changed.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from donfig import Config
from donfig.config_obj import ConfigSet

from zarr._support.registry import names_changed
from zarr._support.warn import warn
from zarr.errors import ZarrUserWarning

CPU_BUFFERS = ("zarr.buffer.cpu.Buffer", "zarr.buffer.cpu.NDBuffer")
_NUMCODECS = (
    "Adler32 AsType BitRound Blosc BZ2 CRC32 CRC32C Delta FixedScaleOffset Fletcher32 GZip LZ4 LZMA PackBits PCodec "
    "Quantize Shuffle ZFPY Zlib Zstd"
)
DEFAULTS: dict[str, Any] = {
    "default_zarr_format": 3,
    "engine": "auto",
    "array": {
        "order": "C",
        "write_empty_chunks": False,
        "read_missing_chunks": True,
        "target_shard_size_bytes": None,
        "rectilinear_chunks": False,
        "sharding_coalesce_max_gap_bytes": 2**20,
        "sharding_coalesce_max_bytes": 16 * 2**20,
        "allow_unsafe_pickle_decode": False,
        "durability": "atomic",
        "max_chunk_bytes": 2**40,
        "chunk_cache": True,
        "chunk_cache_bytes": None,
    },
    "async": {"concurrency": 64, "timeout": None},
    "threading": {"max_workers": None},
    "json_indent": 2,
    "codec_pipeline": {
        "path": "zarr.core.codec_pipeline.BatchedCodecPipeline",
        "batch_size": 1,
        "max_workers": None,
    },
    "buffer": CPU_BUFFERS[0],
    "ndbuffer": CPU_BUFFERS[1],
    "codecs": {
        "blosc": "zarr.codecs.blosc.BloscCodec",
        "bytes": "zarr.codecs.bytes.BytesCodec",
        "crc32c": "zarr.codecs.crc32c_.Crc32cCodec",
        "endian": "zarr.codecs.bytes.BytesCodec",
        "gzip": "zarr.codecs.gzip.GzipCodec",
        "sharding_indexed": "zarr.codecs.sharding.ShardingCodec",
        "transpose": "zarr.codecs.transpose.TransposeCodec",
        "vlen-bytes": "zarr.codecs.vlen_utf8.VLenBytesCodec",
        "vlen-utf8": "zarr.codecs.vlen_utf8.VLenUTF8Codec",
        "zstd": "zarr.codecs.zstd.ZstdCodec",
    }
    | {f"numcodecs.{cls.lower()}": f"zarr.codecs.numcodecs.{cls}" for cls in _NUMCODECS.split()}
    | {"numcodecs.jenkins_lookup3": "zarr.codecs.numcodecs.JenkinsLookup3"},
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One consistent view of the configuration.

    Attributes
    ----------
    engine
        `"auto"`, `"native"` or `"python"`.
    default_zarr_format
        Format of new nodes where the caller names none.
    order, write_empty_chunks, read_missing_chunks, chunk_cache
        Defaults of `ArrayConfig`.
    coalesce_max_gap_nbytes, coalesce_max_nbytes
        Defaults of the shard range limits, in bytes.
    durability
        `"atomic"` (rename) or `"fsync"` (also wait for the disk).
    max_chunk_nbytes
        Largest decoded chunk that is accepted, in bytes.
    chunk_cache_nbytes
        Most bytes of decoded chunks that are kept; None for a share of the memory.
    concurrency
        Requests of one call under way at once, in asynchronous use or with a store that has to be awaited.
    max_threads
        Most threads at work on chunks at once, in the native engine or in codecs that Python runs; 0 for as many as the
        process may run.
    target_shard_nbytes
        Size that automatic shards stay within, in bytes; None for two chunks along each long axis.
    json_indent
        Spaces in metadata documents; None for compact.
    cpu_buffers
        Whether reads produce arrays in host memory, as the keys `buffer` and `ndbuffer` say by default.
    """

    engine: str
    default_zarr_format: int
    order: str
    write_empty_chunks: bool
    read_missing_chunks: bool
    chunk_cache: bool
    coalesce_max_gap_nbytes: int
    coalesce_max_nbytes: int
    durability: str
    max_chunk_nbytes: int
    chunk_cache_nbytes: int | None
    concurrency: int
    max_threads: int
    target_shard_nbytes: int | None
    json_indent: int | None
    cpu_buffers: bool


_CHOICES = {
    "engine": ("auto", "native", "python"),
    "array.order": ("C", "F"),
    "array.durability": ("atomic", "fsync"),
    "default_zarr_format": (2, 3),
}


class _CountingSet(ConfigSet):  # type: ignore[misc]  # donfig has no types
    """The context manager of `Config.set`, which tells the configuration that it changed, in and out."""

    def __init__(self, owner: ZarrConfig, arg: Any, kwargs: dict[str, Any]) -> None:
        self._owner = owner
        try:
            super().__init__(owner.config, owner.config_lock, owner.deprecations, arg=arg, **kwargs)
        finally:
            owner.changed()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        self._owner.changed()


class ZarrConfig(Config):  # type: ignore[misc]  # donfig has no types
    """The settings of this process, by names with dots. The guide lists them under "Configuration".

    Examples
    --------
    >>> import zarr
    >>> zarr.config.get("array.order")
    'C'
    """

    _settings: Settings | None = None

    def set(self, arg: Any = None, **kwargs: Any) -> _CountingSet:
        """Change values, for good or (as a context manager) for a while.

        Parameters
        ----------
        arg
            Values by name.
        **kwargs
            Values by name too, with two underscores for each dot.

        Warns
        -----
        ZarrUserWarning
            If a name is not one of ours, but nearly. Other names are left to the packages that use them.

        Examples
        --------
        >>> with config.set({"array.order": "F"}):
        ...     config.get("array.order")
        'F'
        """
        if arg is not None and not isinstance(arg, Mapping):
            raise TypeError(f"settings are given as a mapping from keys to values, got {arg!r}")
        _warn_of_misspellings([*_leaves(arg or {}), *(name.replace("__", ".") for name in kwargs)])
        return _CountingSet(self, arg, kwargs)

    def reset(self) -> None:
        """Return to the defaults, the YAML files and the environment."""
        self.refresh()

    def refresh(self, **kwargs: Any) -> None:
        super().refresh(**kwargs)
        self.changed()

    def update(self, *args: Any, **kwargs: Any) -> Any:
        result = super().update(*args, **kwargs)
        self.changed()
        return result

    def clear(self) -> None:
        super().clear()
        self.changed()

    def changed(self) -> None:
        """Forget the cached settings."""
        self._settings = None
        names_changed()

    def codec_choice(self, name: str) -> str | None:
        """Dotted name of the class that is wanted for codecs of this name, if one is configured."""
        chosen = None
        if "." in name:  # nested where users set it
            chosen = self.get(f"codecs.{name}", None)
        if chosen is None:
            chosen = self.config["codecs"].get(name)
        default = DEFAULTS["codecs"].get(name)  # no choice: whoever registers another class wants it used
        return chosen if isinstance(chosen, str) and chosen != default else None

    def settings(self) -> Settings:
        """The configuration as a frozen value."""
        if (cached := self._settings) is not None:
            return cached
        for key, allowed in _CHOICES.items():
            if (value := self.get(key)) not in allowed:
                raise ValueError(f"zarr.config value {key!r} is {value!r}; choose one of {allowed}")
        made = Settings(
            engine=self.get("engine"),
            default_zarr_format=self.get("default_zarr_format"),
            order=self.get("array.order"),
            write_empty_chunks=self._truth("array.write_empty_chunks"),
            read_missing_chunks=self._truth("array.read_missing_chunks"),
            chunk_cache=self._truth("array.chunk_cache"),
            coalesce_max_gap_nbytes=self._count("array.sharding_coalesce_max_gap_bytes", 0),
            coalesce_max_nbytes=self._count("array.sharding_coalesce_max_bytes", 0),
            durability=self.get("array.durability"),
            max_chunk_nbytes=self._count("array.max_chunk_bytes", 1),
            chunk_cache_nbytes=None
            if self.get("array.chunk_cache_bytes") is None
            else self._count("array.chunk_cache_bytes", 0),
            concurrency=self._count("async.concurrency", 1),
            max_threads=0 if self.get("threading.max_workers") is None else self._count("threading.max_workers", 1),
            target_shard_nbytes=None
            if self.get("array.target_shard_size_bytes") is None
            else self._count("array.target_shard_size_bytes", 1),
            json_indent=None if self.get("json_indent") is None else self._count("json_indent", 0),
            cpu_buffers=(self.get("buffer"), self.get("ndbuffer")) == CPU_BUFFERS,
        )
        self._settings = made
        return made

    def _truth(self, key: str) -> bool:
        """A setting that is true or false; the environment says it in words."""
        value = self.get(key)
        known = {"true": True, "false": False, "1": True, "0": False}
        if (truth := known.get(str(value).lower())) is None:
            raise ValueError(f"zarr.config value {key!r} is {value!r}; choose True or False")
        return truth

    def _count(self, key: str, least: int) -> int:
        """A setting that is a whole number."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(f"zarr.config value {key!r} is {value!r}; choose a whole number of at least {least}")
        return int(value)


def _leaves(values: Mapping[Any, Any], above: str = "") -> Iterator[str]:
    """Names of single values in nested ones, with dots."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}".replace("-", "_")


_KNOWN = frozenset(_leaves({name: value for name, value in DEFAULTS.items() if name != "codecs"}))


def _warn_of_misspellings(names: Iterable[str]) -> None:
    """Warn of names of which one part is nearly that of a setting, and the others are. Codecs may have any name."""
    for name in names:
        if name in _KNOWN or name in DEFAULTS or name.startswith("codecs."):
            continue
        if (meant := next(filter(lambda known: _is_nearly(name, known), sorted(_KNOWN)), None)) is not None:
            warn(
                f"there is no setting {name!r}, and nothing will read it; did you mean {meant!r}?",
                ZarrUserWarning,
            )


def _is_nearly(name: str, known: str) -> bool:
    parts, others = name.split("."), known.split(".")
    different = [pair for pair in zip(parts, others, strict=False) if pair[0] != pair[1]]
    if len(parts) != len(others) or len(different) != 1:
        return False
    from difflib import SequenceMatcher  # on use: for names that nobody knows

    return SequenceMatcher(None, *different[0]).ratio() >= 0.8


config = ZarrConfig("zarr", defaults=[DEFAULTS])


def settings() -> Settings:
    """The settings in force."""
    return config.settings()
