"""User configuration, and the frozen settings that the rest of the library is given.

`config` is the object users know from zarr-python: nested keys, `set` also as a context manager, environment variables
(`ZARR_ARRAY__ORDER=F`), YAML files. Nothing below the edge reads it: `settings()` turns it into one cached, frozen
value, made anew only when the configuration changed.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, TypeVar

from donfig import Config
from donfig.config_obj import ConfigSet

from zarr._support.forks import renew_in_children
from zarr._support.imports_on_use import importing
from zarr._support.registry import names_changed
from zarr._support.warn import warn
from zarr.errors import ArgumentError, ZarrUserWarning

T = TypeVar("T")
CPU_BUFFERS = ("zarr.buffer.cpu.Buffer", "zarr.buffer.cpu.NDBuffer")
GPU_BUFFERS = ("zarr.buffer.gpu.Buffer", "zarr.buffer.gpu.NDBuffer")
DEFAULT_PIPELINE = "zarr.core.codec_pipeline.BatchedCodecPipeline"
_OWN_PIPELINES = (
    DEFAULT_PIPELINE,
    "zarr.core.codec_pipeline.FusedCodecPipeline",
    "zarr.core.BatchedCodecPipeline",
)
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
        "uneven_shards": False,
        "sharding_coalesce_max_gap_bytes": 2**20,
        "sharding_coalesce_max_bytes": 16 * 2**20,
        "allow_unsafe_pickle_decode": False,
        "durability": "atomic",
        "locking": "auto",
        "lease_seconds": 60,
        "max_chunk_bytes": 2**40,
        "max_variable_chunk_bytes": 2**31,
        "chunk_cache": True,
        "chunk_cache_bytes": None,
        "verify_checksums": True,
    },
    "storage": {"backend": "auto"},
    "async": {"concurrency": 64, "request_bytes": 256 * 2**20, "timeout": None},
    "threading": {"max_workers": None},
    "json_indent": 2,
    "codec_pipeline": {
        "path": DEFAULT_PIPELINE,
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


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """One consistent view of the configuration. Another one is made when that changes, so each equals itself only.

    Attributes
    ----------
    engine
        `"auto"`, `"native"` or `"python"`.
    default_zarr_format
        Format of new nodes where the caller names none.
    order, write_empty_chunks, read_missing_chunks, chunk_cache, verify_checksums
        Defaults of `ArrayConfig`.
    coalesce_max_gap_nbytes, coalesce_max_nbytes
        Defaults of the shard range limits, in bytes.
    durability
        `"atomic"` (rename) or `"fsync"` (also wait for the disk).
    locking
        What keeps writers of a directory apart: `"directory"` (locks of this machine), `"lease"`, `"none"`, or `"auto"`, by the type
        of the file system.
    lease_seconds
        For how long there has to be no sign of life of the owner of a lease before it is taken over.
    backend
        What gets to URLs that both know: `"obstore"`, `"fsspec"`, or `"auto"`.
    max_chunk_nbytes
        Largest decoded chunk that is accepted, in bytes.
    max_variable_chunk_nbytes
        The same for chunks of elements of variable length, whose size is known only when they are decoded.
    chunk_cache_nbytes
        Most bytes of decoded chunks that are kept; None for a share of the memory.
    concurrency
        Requests of one call under way at once, in asynchronous use or with a store that has to be awaited; `NO_LIMIT` where
        there is none.
    request_nbytes
        Most bytes that requests of this process to other computers bring and take at once; `NO_LIMIT` where there is none.
    max_threads
        Most threads at work on chunks at once, in the native engine or in codecs that Python runs; 0 for as many as the
        process may run.
    rectilinear_chunks
        Whether new arrays may have chunks of different lengths.
    target_shard_nbytes
        Size that automatic shards stay within, in bytes; None for two chunks along each long axis.
    json_indent
        Spaces in metadata documents; None for compact.
    uneven_shards
        Whether arrays may be created with shards that their inner chunks do not divide.
    allow_pickle
        Whether stored pickles, which run code, may be decoded.
    cpu_buffers
        Whether reads produce arrays in host memory, as the keys `buffer` and `ndbuffer` say by default.
    pipeline
        Dotted name of the class that reads and writes arrays; None where it is one of ours, whose work the engines do.
    pipeline_batch
        So many chunks our own pipeline hands to its codecs at once.
    """

    engine: str
    default_zarr_format: int
    order: str
    write_empty_chunks: bool
    read_missing_chunks: bool
    chunk_cache: bool
    verify_checksums: bool
    coalesce_max_gap_nbytes: int
    coalesce_max_nbytes: int
    durability: str
    locking: str
    lease_seconds: float
    backend: str
    max_chunk_nbytes: int
    max_variable_chunk_nbytes: int
    chunk_cache_nbytes: int | None
    concurrency: int
    request_nbytes: int
    max_threads: int
    rectilinear_chunks: bool
    target_shard_nbytes: int | None
    json_indent: int | None
    uneven_shards: bool
    allow_pickle: bool
    cpu_buffers: bool
    pipeline: str | None
    pipeline_batch: int


NO_LIMIT = sys.maxsize
_MOST_INDENT = 100
_MOST_LEASE_SECONDS = 3600
_CHOICES = {
    "engine": ("auto", "native", "python"),
    "array.order": ("C", "F"),
    "array.durability": ("atomic", "fsync"),
    "array.locking": ("auto", "directory", "lease", "none"),
    "storage.backend": ("auto", "obstore", "fsspec"),
    "default_zarr_format": (2, 3),
}


class _CountingSet(ConfigSet):  # type: ignore[misc]  # donfig has no types
    """The context manager of `Config.set`, which tells the configuration that it changed, in and out."""

    def __init__(self, owner: ZarrConfig, arg: Any, kwargs: dict[str, Any]) -> None:
        self._owner = owner
        self._given = {**(arg or {}), **{name.replace("__", "."): value for name, value in kwargs.items()}}
        try:
            super().__init__(owner.config, owner.config_lock, owner.deprecations, arg=arg, **kwargs)
        except TypeError as exc:
            given = ", ".join(map(repr, [*_leaves(arg or {}), *(name.replace("__", ".") for name in kwargs)]))
            raise ArgumentError(f"there is nothing below a single setting, and so no {given} to set: {exc}") from exc
        finally:
            owner.changed()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        self._owner.changed()

    def __repr__(self) -> str:
        return f"<zarr.config.set({self._given!r})>"


class ZarrConfig(Config):  # type: ignore[misc]  # donfig has no types
    """The settings of this process, by names with dots. The guide lists them under "Configuration".

    Examples
    --------
    >>> import zarr
    >>> zarr.config.get("array.order")
    'C'
    """

    _settings: Settings | None = None
    _collected: Sequence[str] = ()

    def __repr__(self) -> str:
        """Those of the settings that are not as by default, and what others have put there."""
        defaults = {name.replace("-", "_"): value for name, value in _items(DEFAULTS)}
        here = ((name.replace("-", "_"), value) for name, value in _items(self.config))
        others = [f"{name}={value!r}" for name, value in here if name not in defaults or defaults[name] != value]
        return f"<zarr.config: {', '.join(others) or 'all settings as by default'}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """The settings of a process are its own: a pickle stands for those of the process that reads it."""
        return "config" if self is config else super().__reduce_ex__(protocol)

    def set(self, arg: Any = None, *values: Any, **kwargs: Any) -> _CountingSet:
        """Change values, for good or (as a context manager) for a while.

        Parameters
        ----------
        arg
            Values by name.
        *values
            None: names and values are given as one mapping.
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
        if values or not (arg is None or isinstance(arg, Mapping)):
            given = ", ".join(map(repr, (arg, *values)))
            raise TypeError(
                f"settings are given as a mapping from keys to values, as in {{'array.order': 'F'}}, got {given}"
            )
        for name in (*_leaves(arg or {}), *(name.replace("__", ".") for name in kwargs)):
            _warn_of_misspelling(name)
        return _CountingSet(self, arg, kwargs)

    def enable_gpu(self) -> _CountingSet:
        """Have reads give arrays of CuPy, in the memory of a GPU; for good or (as a context manager) for a while.

        Examples
        --------
        >>> with config.enable_gpu():
        ...     config.get("ndbuffer")
        'zarr.buffer.gpu.NDBuffer'
        """
        return self.set(dict(zip(("buffer", "ndbuffer"), GPU_BUFFERS, strict=True)))

    def reset(self) -> None:
        """Return to the defaults, the YAML files and the environment."""
        self.refresh()

    def collect(self, *args: Any, **kwargs: Any) -> Any:
        try:
            collected = super().collect(*args, **kwargs)
        except TypeError as exc:
            names = ", ".join(sorted(name for name in self.env if name.startswith(self.env_prefix)))
            raise ValueError(
                f"the settings in the environment ({names}) and in configuration files contradict each other: one of them "
                "gives a value to a group of settings, or to something below a single setting"
            ) from exc
        _check_shape(collected, DEFAULTS, self.env)
        self._collected = list(_leaves(collected))
        return collected

    def refresh(self, **kwargs: Any) -> None:
        super().refresh(**kwargs)
        self.changed()

    def update(self, new: Mapping[str, Any], priority: str = "new") -> None:
        """Change values for good.

        Parameters
        ----------
        new
            Values by name.
        priority
            `"old"` keeps the values that there are, and adds others.

        Examples
        --------
        >>> config.update({"array.order": "C"})
        """
        if not isinstance(new, Mapping):
            raise TypeError(f"settings are given as a mapping from keys to values, got {new!r}")
        for name in _leaves(new):
            _warn_of_misspelling(name)
        for name, value in new.items():
            for part in reversed(str(name).split(".")):
                value = {part: value}  # from the inside out
            super().update(value, priority=priority)
        self.changed()

    def __iter__(self) -> Iterator[str]:
        """The names of the settings and of groups of them, at the top: those that `get` takes first."""
        return iter(list(self.config))

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
            chosen = self._codecs().get(name)
        default = DEFAULTS["codecs"].get(name)  # no choice: whoever registers another class wants it used
        return chosen if isinstance(chosen, str) and chosen != default else None

    def settings(self) -> Settings:
        """The configuration as a frozen value."""
        if (cached := self._settings) is not None:
            return cached
        self._warn_of_misspellings()
        made = Settings(
            engine=self._choice("engine"),
            default_zarr_format=self._choice("default_zarr_format"),
            order=self._choice("array.order"),
            write_empty_chunks=self._truth("array.write_empty_chunks"),
            read_missing_chunks=self._truth("array.read_missing_chunks"),
            chunk_cache=self._truth("array.chunk_cache"),
            verify_checksums=self._truth("array.verify_checksums"),
            coalesce_max_gap_nbytes=self._count("array.sharding_coalesce_max_gap_bytes", 0),
            coalesce_max_nbytes=self._count("array.sharding_coalesce_max_bytes", 0),
            durability=self._choice("array.durability"),
            locking=self._choice("array.locking"),
            lease_seconds=self._lease_seconds(),
            backend=self._choice("storage.backend"),
            max_chunk_nbytes=self._count("array.max_chunk_bytes", 1),
            max_variable_chunk_nbytes=self._count("array.max_variable_chunk_bytes", 1),
            chunk_cache_nbytes=self._count_or("array.chunk_cache_bytes", 0, None),
            concurrency=self._count_or("async.concurrency", 1, NO_LIMIT),
            request_nbytes=self._count_or("async.request_bytes", 1, NO_LIMIT),
            max_threads=self._most_threads(),
            rectilinear_chunks=self._truth("array.rectilinear_chunks"),
            target_shard_nbytes=self._count_or("array.target_shard_size_bytes", 1, None),
            json_indent=self._count_or("json_indent", 0, None, most=_MOST_INDENT),
            uneven_shards=self._truth("array.uneven_shards"),
            allow_pickle=self._truth("array.allow_unsafe_pickle_decode"),
            cpu_buffers=(self.class_name("buffer"), self.class_name("ndbuffer")) == CPU_BUFFERS,
            pipeline=None if (path := self.class_name("codec_pipeline.path")) in _OWN_PIPELINES else path,
            pipeline_batch=self._count("codec_pipeline.batch_size", 1),
        )
        self._check_others()
        self._settings = made
        return made

    def _most_threads(self) -> int:
        """The lower of two limits, which have names of ours and of zarr-python's."""
        limits = [self._count_or(key, 1, 0) for key in ("threading.max_workers", "codec_pipeline.max_workers")]
        return min(filter(None, limits), default=0)

    def _warn_of_misspellings(self) -> None:
        """Warn of names in the environment and in files that are nearly ours, at the first use of the library."""
        names, self._collected = self._collected, ()
        for name in names:
            variable = f"{self.env_prefix}{name.upper().replace('.', '__')}"
            where = (
                f"environment variable {variable}" if variable in self.env else "environment or a configuration file"
            )
            _warn_of_misspelling(name, f" (from the {where})")

    def _check_others(self) -> None:
        """Settings that nothing here reads, or that are read one by one."""
        timeout = self._value("async.timeout")
        if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, numbers.Real) or timeout < 0):
            raise self._refuse("async.timeout", "a number of seconds, or None for no limit")
        for key, chosen in _items(self._codecs(), "codecs."):
            if chosen is not None and not isinstance(chosen, str):
                raise ValueError(f"zarr.config value {key!r} is {chosen!r}; choose the dotted name of a class")

    def _codecs(self) -> Mapping[str, Any]:
        codecs = self._value("codecs")
        if not isinstance(codecs, Mapping):
            raise self._refuse("codecs", "a mapping from names of codecs to dotted names of classes")
        return codecs

    def _value(self, key: str) -> Any:
        """A setting as it stands. ValueError if there is no such place, as a value has been given to the group it is in."""
        try:
            return self.get(key)
        except (KeyError, TypeError, IndexError) as exc:
            group = key.rpartition(".")[0]
            if group and not isinstance(self.get(group, None), Mapping):
                raise self._refuse(group, f"a mapping of its settings, or set one of them, as {key!r}") from exc
            raise ValueError(f"zarr.config has no value {key!r}; zarr.config.reset() returns to the defaults") from exc

    def _refuse(self, key: str, allowed: str) -> ValueError:
        """The error for a value that is not allowed. It says where the value comes from if that is the environment."""
        value = self.get(key, None)
        variable = self.env_prefix + key.upper().replace(".", "__")
        source = f", from the environment variable {variable}" if self.env.get(variable) == str(value) else ""
        return ValueError(f"zarr.config value {key!r} is {value!r}{source}; choose {allowed}")

    def _choice(self, key: str) -> Any:
        """A setting that is one of a few words or numbers."""
        value, allowed = self._value(key), _CHOICES[key]
        if (isinstance(value, str) or _is_whole(value)) and value in allowed:
            return allowed[allowed.index(value)]
        raise self._refuse(key, f"one of {allowed}")

    def _lease_seconds(self) -> float:
        value = self._value("array.lease_seconds")
        if not isinstance(value, bool) and isinstance(value, numbers.Real) and 0 < float(value) <= _MOST_LEASE_SECONDS:
            return float(value)
        raise self._refuse("array.lease_seconds", f"a number of seconds, {_MOST_LEASE_SECONDS} at most")

    def _truth(self, key: str) -> bool:
        """A setting that is true or false; the environment says it in words."""
        known = {"true": True, "false": False, "1": True, "0": False}
        if (truth := known.get(str(self._value(key)).lower())) is None:
            raise self._refuse(key, "True or False")
        return truth

    def class_name(self, key: str) -> str:
        """A setting that is the dotted name of a class."""
        value = self._value(key)
        if not isinstance(value, str):
            raise self._refuse(key, "the dotted name of a class")
        return value

    def _count(self, key: str, least: int, most: int = sys.maxsize, *, also: str = "") -> int:
        """A setting that is a whole number."""
        value = self._value(key)
        if _is_whole(value) and least <= value <= most:
            return int(value)
        limits = f"of at least {least}" if most == sys.maxsize else f"from {least} to {most}"
        raise self._refuse(key, f"a whole number {limits}{also}")

    def _count_or(self, key: str, least: int, none: T, *, most: int = sys.maxsize) -> int | T:
        """A setting that is a whole number or None, which means `none`."""
        return none if self._value(key) is None else self._count(key, least, most, also=", or None")


def _is_whole(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Integral)


def _items(values: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Single values in nested ones, with their names with dots."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _items(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _leaves(values: Mapping[Any, Any]) -> Iterator[str]:
    """Names of single values in nested ones, with dots."""
    return (name.replace("-", "_") for name, _ in _items(values))


def _check_shape(given: Mapping[Any, Any], known: Mapping[str, Any], env: Mapping[str, str], above: str = "") -> None:
    """Refuse a single value for a group of settings, and a group for a single one."""
    for name, value in given.items():
        if (place := str(name).replace("-", "_")) not in known:
            continue
        key, default = f"{above}{place}", known[place]
        if isinstance(default, Mapping) != isinstance(value, Mapping):
            what = "a group of settings" if isinstance(default, Mapping) else "a single setting"
            start = f"ZARR_{key.upper().replace('.', '__')}"
            variables = ", ".join(sorted(variable for variable in env if variable.startswith(start)))
            source = f"environment variable {variables}" if variables else "a configuration file"
            raise ValueError(f"{key!r} is {what}, and is given {value!r} ({source})")
        if isinstance(default, Mapping) and key != "codecs":
            _check_shape(value, default, env, f"{key}.")


_KNOWN = frozenset(_leaves({name: value for name, value in DEFAULTS.items() if name != "codecs"}))


def _warn_of_misspelling(name: str, source: str = "") -> None:
    """Warn of a name that is nearly that of a setting."""
    if (meant := _meant(name)) is not None:
        warn(
            f"there is no setting {name!r}{source}, and nothing will read it; did you mean {meant!r}?", ZarrUserWarning
        )


def _meant(name: str) -> str | None:
    """The setting that a name is nearly the name of; None for names of settings, and of other things.

    One part may be spelt a little otherwise, or the parts be put together otherwise, in other letters, or be missing but for the
    last. Codecs may have any name.
    """
    if name in _KNOWN or name in DEFAULTS or name.startswith("codecs."):
        return None
    return next((known for known in sorted(_KNOWN) if _is_nearly(name, known)), None)


def _is_nearly(name: str, known: str) -> bool:
    if name.lower().replace(".", "_") == known.replace(".", "_") or name.lower() == known.rpartition(".")[2]:
        return True
    parts, others = name.split("."), known.split(".")
    different = [pair for pair in zip(parts, others, strict=False) if pair[0] != pair[1]]
    if len(parts) != len(others) or len(different) != 1:
        return False
    with importing("difflib"):  # on use: for names that nobody knows
        from difflib import SequenceMatcher

    return SequenceMatcher(None, *different[0]).ratio() >= 0.8


config = ZarrConfig("zarr", defaults=[DEFAULTS])


@renew_in_children
def _renew_lock() -> None:
    config.config_lock = type(config.config_lock)()


def settings() -> Settings:
    """The settings in force."""
    cached = config._settings
    return config.settings() if cached is None else cached
