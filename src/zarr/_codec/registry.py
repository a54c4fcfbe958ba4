"""Finding codecs by name: those of this library, those registered by hand, those of installed packages.

A name may have several implementations; which one is used is a user's choice (`zarr.config`, key `codecs.<name>`). Modules
of our own codecs and plug-in packages are imported when a name is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

import zarr._codec
from zarr._codec.documents import BLOSC_CNAME
from zarr._support.forks import held_around_forks
from zarr._support.imports_on_use import importing
from zarr._support.named_configuration import parse_named
from zarr._support.near_names import near_names
from zarr._support.plug_ins import LoadFailure, Place, offered_at, report
from zarr._support.registry import Registry, fully_qualified_name
from zarr._support.settings import config
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import warn
from zarr.errors import (
    ArgumentError,
    CodecChoiceError,
    MetadataTypeError,
    MetadataValidationError,
    UnknownCodecError,
    ZarrUserWarning,
)

if TYPE_CHECKING:
    from zarr._codec.base import Codec

_GROUP = "zarr.codecs"
_NUMCODECS = (
    "BZ2 CRC32 CRC32C LZ4 LZMA ZFPY Adler32 AsType BitRound Blosc Delta FixedScaleOffset Fletcher32 GZip PackBits "
    "PCodec Quantize Shuffle Zlib Zstd"
)

# Registered name -> our module, our class, and the dotted name it has in `zarr.config`.
_OURS: dict[str, tuple[str, str, str]] = {
    "bitround": ("bitround", "BitRoundCodec", "zarr.codecs.BitRoundCodec"),
    "blosc": ("blosc", "BloscCodec", "zarr.codecs.blosc.BloscCodec"),
    "bytes": ("bytes_", "BytesCodec", "zarr.codecs.bytes.BytesCodec"),
    "cast_value": ("cast_value", "CastValue", "zarr.codecs.cast_value.CastValue"),
    "conditional": ("conditional", "ConditionalCodec", "zarr.codecs.ConditionalCodec"),
    "crc32c": ("crc32c_", "Crc32cCodec", "zarr.codecs.crc32c_.Crc32cCodec"),
    "endian": ("bytes_", "BytesCodec", "zarr.codecs.bytes.BytesCodec"),
    "gzip": ("gzip_", "GzipCodec", "zarr.codecs.gzip.GzipCodec"),
    "n5_default": ("n5", "N5DefaultCodec", "zarr.codecs.N5DefaultCodec"),
    "packbits": ("packbits", "PackBitsCodec", "zarr.codecs.PackBitsCodec"),
    "reshape": ("reshape", "ReshapeCodec", "zarr.codecs.ReshapeCodec"),
    "scale_offset": ("scale_offset", "ScaleOffset", "zarr.codecs.scale_offset.ScaleOffset"),
    "sharding_indexed": ("sharding", "ShardingCodec", "zarr.codecs.sharding.ShardingCodec"),
    "transpose": ("transpose", "TransposeCodec", "zarr.codecs.transpose.TransposeCodec"),
    "vlen-bytes": ("vlen", "VLenBytesCodec", "zarr.codecs.vlen_utf8.VLenBytesCodec"),
    "vlen-utf8": ("vlen", "VLenUTF8Codec", "zarr.codecs.vlen_utf8.VLenUTF8Codec"),
    "zarrs.optional": ("optional", "OptionalCodec", "zarr.codecs.OptionalCodec"),
    "zarrs.vlen": ("vlen_apart", "VLenCodec", "zarr.codecs.VLenCodec"),
    "zarrs.vlen_v2": ("vlen_apart", "VLenV2Codec", "zarr.codecs.VLenV2Codec"),
    "zarrs.squeeze": ("reshape", "SqueezeCodec", "zarr.codecs.SqueezeCodec"),
    "zarrs.zfp": ("zfp", "ZfpCodec", "zarr.codecs.ZfpCodec"),
    "zfp": ("zfp", "ZfpCodec", "zarr.codecs.ZfpCodec"),
    "zstd": ("zstd", "ZstdCodec", "zarr.codecs.zstd.ZstdCodec"),
    "numcodecs.base64": ("numcodecs_", "Base64", "zarr.codecs.numcodecs.Base64"),
    "numcodecs.vlen-bytes": ("vlen", "VLenBytesCodec", "zarr.codecs.vlen_utf8.VLenBytesCodec"),
    "numcodecs.vlen-utf8": ("vlen", "VLenUTF8Codec", "zarr.codecs.vlen_utf8.VLenUTF8Codec"),
    "numcodecs.jenkins_lookup3": ("numcodecs_", "JenkinsLookup3", "zarr.codecs.numcodecs.JenkinsLookup3"),
    **{f"numcodecs.{cls.lower()}": ("numcodecs_", cls, f"zarr.codecs.numcodecs.{cls}") for cls in _NUMCODECS.split()},
}

_lock = held_around_forks(RLock())
_registered: dict[str, Registry[Codec]] = {}


def register_codec(key: str, codec_cls: type[Codec], *, qualname: str | None = None) -> None:
    """Make a codec known.

    Parameters
    ----------
    key
        Name in metadata.
    codec_cls
        Class with `from_dict` and `to_dict`.
    qualname
        Name by which `zarr.config` may choose it; its dotted name if None.

    Examples
    --------
    >>> from zarr._codec.gzip_ import GzipCodec
    >>> register_codec("example.gzip", GzipCodec)
    >>> get_codec_class("example.gzip") is GzipCodec
    True
    """
    if not isinstance(key, str):
        raise TypeError(f"a codec is registered under a name, got {key!r}")
    with _lock:
        classes = _registered.setdefault(key, Registry(*_places(key)))
        name = qualname or fully_qualified_name(codec_cls)
        classes.pop(name, None)  # the latest comes last
        classes.register(codec_cls, name)


def get_codec_class(key: str, reload_config: bool = False) -> type[Codec]:  # noqa: ARG001
    """The class that implements a name.

    Parameters
    ----------
    key
        Registered name.
    reload_config
        For compatibility; the choice is asked for every time.

    Raises
    ------
    UnknownCodecError
        If no class is registered under the name; CodecChoiceError, which is one, if the chosen one is not.

    Examples
    --------
    >>> from zarr.registry import get_codec_class
    >>> get_codec_class("gzip").__name__
    'GzipCodec'
    """
    wanted = config.codec_choice(key)
    candidates, failures = _candidates(key, wanted)
    if not candidates or (wanted is not None and wanted not in candidates):
        cause = failures[0].cause if failures else None
        kind = UnknownCodecError if wanted is None else CodecChoiceError
        raise kind(_why_none(key, wanted, candidates, failures)) from cause
    report(failures)
    if wanted is not None:
        return candidates[wanted]
    if len(set(candidates.values())) > 1 and key not in _OURS:
        warn(
            f"codec {key!r} has several implementations ({', '.join(candidates)}) and none is chosen; the last one is "
            f"used. Choose with zarr.config, key 'codecs.{key}'.",
            ZarrUserWarning,
        )
    return list(candidates.values())[-1]


def parse_codec(data: str | Mapping[str, Any], field: str = "codec") -> Codec:
    """Make a codec from its stored form.

    Parameters
    ----------
    data
        A name, or an object with `name`, `configuration` and `must_understand`.
    field
        The member that it is, for error texts.

    Raises
    ------
    UnknownCodecError
        If the name is not registered. `must_understand: false` does not help: leaving a codec out changes the bytes.
    MetadataValidationError
        If the form, or the configuration, is wrong.

    Examples
    --------
    >>> parse_codec("crc32c")
    Crc32cCodec()
    """
    name, configuration = parse_named(data, field)
    cls = get_codec_class(name)
    try:
        return cls.from_dict({"name": name, "configuration": configuration})
    except TypeError as exc:
        raise MetadataTypeError(f"the configuration {configuration!r} does not suit codec {name!r}: {exc}") from exc


def parse_inner_codecs(codec: str, key: str, given: object) -> tuple[Codec, ...]:
    """The codecs that another one has in a member `key`, from instances or from their stored forms.

    Raises
    ------
    ArgumentError
        If that is no list.
    UnknownCodecError, MetadataValidationError
        As `parse_codec` does.
    """
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise ArgumentError(f"{key} of codec {codec!r} must be a list of codecs; got {given!r}")
    return tuple(
        parse_codec(one, f"{key}[{i}]") if isinstance(one, str | Mapping) else one for i, one in enumerate(given)
    )


def get_numcodec(data: Mapping[str, Any]) -> Any:
    """Make a codec of numcodecs from its format 2 form.

    Parameters
    ----------
    data
        `{"id": ..., parameters}`.

    Raises
    ------
    UnknownCodecError
        If numcodecs does not know the id, or lacks the package that implements it.
    MetadataValidationError
        If there is no id, or a parameter is wrong.

    Examples
    --------
    >>> from zarr.registry import get_numcodec
    >>> get_numcodec({"id": "zlib", "level": 9})
    Zlib(level=9)
    """
    raw: object = data
    codec_id = raw.get("id") if isinstance(raw, Mapping) else None
    if not isinstance(codec_id, str):
        other = (
            "; 'name' and 'configuration' are those of format 3" if isinstance(raw, Mapping) and "name" in raw else ""
        )
        raise MetadataValidationError(f"a format 2 codec is an object with a string 'id'{other}; got {data!r}")
    numcodecs, errors = _numcodecs()
    try:
        with importing(f"numcodecs.{codec_id}"):  # it may load a plug-in
            return numcodecs.get_codec(_with_bytes(data))
    except errors.UnknownCodecError as exc:
        near = near_numcodec(codec_id)
        meant = f"did you mean {near!r}? Otherwise " if near and near["id"] != codec_id else ""
        if (extra := _EXTRAS.get(codec_id)) is not None:
            raise UnknownCodecError(
                f"the numcodecs codec {codec_id!r} needs a package that is not installed, or not in a version that suits: "
                f'pip install "numcodecs[{extra}]"'
            ) from exc
        raise UnknownCodecError(
            f"numcodecs has no codec with id {codec_id!r}; {meant}install the package that provides it"
        ) from exc
    except (ImportError, AttributeError) as exc:  # what loading an entry point of numcodecs raises
        if came_from_a_signal(exc):
            raise
        raise UnknownCodecError(
            f"the numcodecs codec {codec_id!r} cannot be used, it failed to load: {type(exc).__name__}: {exc}"
        ) from exc
    except (SyntaxError, TypeError, ValueError) as exc:
        if came_from_a_signal(exc):
            raise
        parameters = {key: value for key, value in data.items() if key != "id"}
        raise MetadataTypeError(
            f"the parameters {parameters!r} do not suit the numcodecs codec {codec_id!r}: {exc}"
        ) from exc


def _with_bytes(data: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as numcodecs takes them: JSON has the bytes of `prefix` as a list."""
    prefix = data.get("prefix")
    if data["id"] == "jenkins_lookup3" and isinstance(prefix, list):
        return {**data, "prefix": bytes(prefix)}
    return dict(data)


def near_numcodec(name: str) -> dict[str, str] | None:
    """The configuration of the numcodecs codec that a name means, or is near to; None if there is none."""
    known = _numcodecs()[0].registry.codec_registry
    asked = name.lower().removeprefix("numcodecs.")
    if asked in known:
        return {"id": asked}
    if asked in BLOSC_CNAME:
        return {"id": "blosc", "cname": asked}
    return next(({"id": near} for near in near_names(asked, known)), None)


_EXTRAS = {"pcodec": "pcodec", "zfpy": "zfpy", "msgpack2": "msgpack"}
"""What numcodecs calls the packages that single codecs of its need."""


def _candidates(key: str, wanted: str | None) -> tuple[dict[str, type[Codec]], list[LoadFailure]]:
    """Implementations of a name, ours first. Plug-ins are loaded only if nothing nearer serves; with those that fail."""
    found: dict[str, type[Codec]] = {}
    if (ours := _OURS.get(key)) is not None:
        module, name, public_name = ours
        found[public_name] = found[f"zarr._codec.{module}.{name}"] = _load_ours(module, name)
    with _lock:
        found |= _registered.get(key, {})
    if found and wanted in (None, *found):
        return found, []
    registered = _registered.get(key) or Registry(*_places(key))
    failures = registered.load_all(again=True)  # without the lock: a module that is imported may register codecs
    if registered:
        _registered.setdefault(key, registered)
    return found | registered, failures


@cache
def _numcodecs() -> tuple[Any, Any]:
    """The package and its errors: kept, as at the end of the interpreter no import finds even what is loaded."""
    with importing("numcodecs"):
        import numcodecs
        import numcodecs.errors
    return numcodecs, numcodecs.errors


@cache
def _load_ours(module: str, name: str) -> type[Codec]:
    loaded = getattr(zarr._codec, module, None)  # where Python exits, `import_module` finds nothing, loaded or not
    if loaded is None:
        with importing(f"zarr._codec.{module}"):
            loaded = import_module(f"zarr._codec.{module}")
    return cast("type[Codec]", getattr(loaded, name))


def _places(key: str) -> tuple[Place, Place]:
    """Where packages offer a codec: by name in the group `zarr.codecs`, or alternatives in a group of its own."""
    return (_GROUP, key), (f"{_GROUP}.{key}", None)


_HOW_TO_ADD = "install the package that provides it, or register its class with zarr.registry.register_codec"

_PROVIDERS = {
    "any-numcodecs.": "zarr-any-numcodecs",
    "gribberish": "gribberish",
    "imagecodecs_": "imagecodecs-zarr",
    "omfiles.": "omfiles",
    "virtual_tiff.": "virtual-tiff",
}
"""Packages that bring codecs, by how the names of these begin."""


def _unknown(key: str) -> str:
    names = sorted({*_OURS, *_registered, *(entry.name for entry in offered_at([(_GROUP, None)]))})
    asked = key.lower()
    near = [name for name in names if name.endswith(f".{asked}")] or near_names(asked, names)
    meant = [repr(name) for name in near[:1]]
    if asked in BLOSC_CNAME:
        meant.append(f"BloscCodec(cname={asked!r})")
    if meant:
        return f"codec {key!r} is not known: did you mean {' or '.join(meant)}? Otherwise {_HOW_TO_ADD}."
    provider = next((package for start, package in _PROVIDERS.items() if key.startswith(start)), None)
    if provider is not None:
        return f"codec {key!r} is not known: the package {provider} provides it, pip install {provider}"
    if key.startswith("numcodecs."):
        hint = "only the numcodecs codecs listed below have a format 3 form"
    else:
        hint = _HOW_TO_ADD
    return f"codec {key!r} is not known: {hint}. Known codecs: {', '.join(names)}."


def _why_none(key: str, wanted: str | None, candidates: dict[str, type[Codec]], failures: list[LoadFailure]) -> str:
    reasons = "; ".join(map(str, failures))
    if not candidates:
        return f"codec {key!r} cannot be used: {reasons}" if reasons else _unknown(key)
    choice = (
        f"the configuration chooses {wanted!r} for codec {key!r}, but registered are only "
        f"{', '.join(sorted(candidates))}; register that class, or change the key 'codecs.{key}'"
    )
    return f"{choice}. {reasons}" if reasons else choice
