"""Chunk key encodings: chunk coordinates to the end of a store key, and back.

The forward way names the object of a chunk. The way back tells, among the keys that a store lists under an array,
which are chunks of it: it must reject everything that the forward way cannot produce, since what it accepts may be
deleted (resize). Third parties add encodings by subclassing `ChunkKeyEncoding` and registering the class, or by an
entry point of the group `zarr.chunk_key_encoding`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from zarr._support.document_errors import invalid, judged
from zarr._support.named_configuration import parse_named
from zarr._support.registry import Registry, places_of
from zarr.errors import MetadataValidationError

if TYPE_CHECKING:
    from typing import Self

Separator: TypeAlias = Literal[".", "/"]


class ChunkKeyEncoding(ABC):
    """Base of the encodings. Subclasses are usually frozen dataclasses whose fields are the configuration."""

    name: ClassVar[str]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make an encoding from its stored form `{"name": ..., "configuration": {...}}`."""
        return cls(**dict(data.get("configuration") or {}))

    def to_dict(self) -> dict[str, Any]:
        """The stored form."""
        encoding: Any = self
        names = [f.name for f in fields(encoding)] if is_dataclass(encoding) else []
        configuration = {name: getattr(self, name) for name in names}
        return {"name": self.name, "configuration": configuration}

    @abstractmethod
    def encode_chunk_key(self, chunk_coords: tuple[int, ...]) -> str:
        """Key of a chunk, relative to its array."""

    def decode_chunk_key(self, chunk_key: str) -> tuple[int, ...]:
        """Coordinates of the chunk that this key names.

        Raises
        ------
        ValueError
            If no chunk has this key.
        NotImplementedError
            If the encoding does not define the way back.
        """
        raise NotImplementedError(
            f"chunk key encoding {self.name!r} cannot tell chunk coordinates from a key: "
            f"{type(self).__name__} must define decode_chunk_key()"
        )


@dataclass(frozen=True, slots=True)
class DefaultChunkKeyEncoding(ChunkKeyEncoding):
    """Format 3's own: `c/1/23/45`, and `c` for the only chunk of a 0-d array.

    Parameters
    ----------
    separator
        `"/"` or `"."`.

    Examples
    --------
    >>> DefaultChunkKeyEncoding().encode_chunk_key((1, 23))
    'c/1/23'
    >>> DefaultChunkKeyEncoding(".").decode_chunk_key("c.1.23")
    (1, 23)
    """

    name: ClassVar[str] = "default"
    separator: Separator = "/"

    def __post_init__(self) -> None:
        _check_separator(self.separator)

    def encode_chunk_key(self, chunk_coords: tuple[int, ...]) -> str:
        return self.separator.join(("c", *map(str, chunk_coords)))

    def decode_chunk_key(self, chunk_key: str) -> tuple[int, ...]:
        head, *numbers = chunk_key.split(self.separator)
        if head != "c":
            raise _no_chunk_key(chunk_key, self)
        return _parse_numbers(numbers, chunk_key, self)


@dataclass(frozen=True, slots=True)
class V2ChunkKeyEncoding(ChunkKeyEncoding):
    """Format 2's: `1.23.45`, and `0` for the only chunk of a 0-d array.

    `0` is also the first chunk of a one-dimensional array, which is what it decodes to: use `parse_chunk_key` where
    the rank is known.

    Parameters
    ----------
    separator
        `"."` or `"/"`.

    Examples
    --------
    >>> V2ChunkKeyEncoding().encode_chunk_key((1, 23))
    '1.23'
    """

    name: ClassVar[str] = "v2"
    separator: Separator = "."

    def __post_init__(self) -> None:
        _check_separator(self.separator)

    def encode_chunk_key(self, chunk_coords: tuple[int, ...]) -> str:
        return self.separator.join(map(str, chunk_coords)) or "0"

    def decode_chunk_key(self, chunk_key: str) -> tuple[int, ...]:
        return _parse_numbers(chunk_key.split(self.separator), chunk_key, self)


@dataclass(frozen=True, slots=True)
class SuffixedChunkKeyEncoding(DefaultChunkKeyEncoding):
    """That of format 3 with something behind it, as `c/1/23.tiff`: an extension of zarrs, by the name `zarrs.default_suffix`.

    Parameters
    ----------
    separator
        `"/"` or `"."`.
    suffix
        What is behind, which names no other directory.

    Examples
    --------
    >>> SuffixedChunkKeyEncoding(suffix=".tiff").encode_chunk_key((1, 23))
    'c/1/23.tiff'
    >>> SuffixedChunkKeyEncoding(suffix=".tiff").decode_chunk_key("c/1/23.tiff")
    (1, 23)
    """

    name: ClassVar[str] = "zarrs.default_suffix"
    suffix: str = field(kw_only=True)

    def __post_init__(self) -> None:
        _check_separator(self.separator)
        if not isinstance(self.suffix, str) or set(self.suffix) & set("/\\\0"):  # type: ignore[redundant-expr]  # asked, not assumed
            raise invalid("chunk_key_encoding.suffix", "text without '/'", self.suffix)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        configuration = dict(data.get("configuration") or {})
        if not {"suffix"} <= set(configuration) <= {"suffix", "separator"}:
            raise invalid("chunk_key_encoding.configuration", "'suffix', and perhaps 'separator'", configuration)
        return cls(**configuration)

    def encode_chunk_key(self, chunk_coords: tuple[int, ...]) -> str:
        return DefaultChunkKeyEncoding.encode_chunk_key(self, chunk_coords) + self.suffix

    def decode_chunk_key(self, chunk_key: str) -> tuple[int, ...]:
        if not chunk_key.endswith(self.suffix):
            raise _no_chunk_key(chunk_key, self)
        return DefaultChunkKeyEncoding.decode_chunk_key(self, chunk_key[: len(chunk_key) - len(self.suffix)])


def parse_chunk_key(encoding: ChunkKeyEncoding, key: str, ndim: int) -> tuple[int, ...] | None:
    """Coordinates of the chunk of an array of rank `ndim` that `key` names; None if it names none.

    Examples
    --------
    >>> parse_chunk_key(V2ChunkKeyEncoding(), "0", 0)
    ()
    >>> parse_chunk_key(DefaultChunkKeyEncoding(), "zarr.json", 2) is None
    True
    """
    if ndim == 0:
        return () if key == encoding.encode_chunk_key(()) else None
    try:
        coords = encoding.decode_chunk_key(key)
    except ValueError:
        return None
    return coords if len(coords) == ndim else None


def _check_separator(separator: object) -> None:
    if separator not in (".", "/"):
        raise invalid("chunk_key_encoding.separator", "'.' or '/'", separator)


def _parse_numbers(numbers: Sequence[str], key: str, encoding: ChunkKeyEncoding) -> tuple[int, ...]:
    """Decimal numbers as the forward way writes them: ASCII digits, no sign, no padding."""
    for text in numbers:
        if not (text.isascii() and text.isdecimal()) or (text[0] == "0" and text != "0"):
            raise _no_chunk_key(key, encoding)
    return tuple(map(int, numbers))


def _no_chunk_key(key: str, encoding: ChunkKeyEncoding) -> ValueError:
    return ValueError(f"{key!r} is not a chunk key of the encoding {encoding.to_dict()!r}")


_classes: Registry[ChunkKeyEncoding] = Registry(*places_of("chunk_key_encoding"), use_entrypoint_name=True)
_classes.update({cls.name: cls for cls in (DefaultChunkKeyEncoding, V2ChunkKeyEncoding, SuffixedChunkKeyEncoding)})


def register_chunk_key_encoding(key: str, cls: type[ChunkKeyEncoding]) -> None:
    """Make documents that name `key` use `cls`, for this process.

    Parameters
    ----------
    key
        Name in the metadata.
    cls
        Class with `from_dict`, `to_dict`, `encode_chunk_key` and, for resizing, `decode_chunk_key`.

    Examples
    --------
    >>> from zarr.core.chunk_key_encodings import DefaultChunkKeyEncoding
    >>> from zarr.registry import register_chunk_key_encoding
    >>> register_chunk_key_encoding("default", DefaultChunkKeyEncoding)
    """
    _classes.register(cls, key)


def get_chunk_key_encoding_class(key: str) -> type[ChunkKeyEncoding]:
    """The class registered under a name, looked up in installed packages too.

    Parameters
    ----------
    key
        Name in the metadata.

    Raises
    ------
    MetadataValidationError
        If there is none.

    Examples
    --------
    >>> get_chunk_key_encoding_class("v2").name
    'v2'
    """
    if (known := _classes.look_up(key)) is not None:
        return known
    if (failure := _classes.failure(key)) is not None:
        raise MetadataValidationError(f"chunk key encoding {key!r} cannot be used: {failure}") from failure.cause
    raise MetadataValidationError(
        f"unknown chunk key encoding {key!r}; known are {sorted(_classes)}. Install the package that provides it, or "
        "register its class with zarr.registry.register_chunk_key_encoding."
    )


def nested(data: Any) -> Any:
    """The form of documents of what users may write flat, any other value as it is.

    Examples
    --------
    >>> nested({"name": "v2", "separator": "/"})
    {'name': 'v2', 'configuration': {'separator': '/'}}
    """
    if not isinstance(data, Mapping) or "configuration" in data:
        return data
    named = {k: v for k, v in data.items() if k in ("name", "must_understand")}
    own = {k: v for k, v in data.items() if k not in named}
    return {**named, "configuration": own} if own else data


def parse_chunk_key_encoding(
    data: str | Mapping[str, Any] | ChunkKeyEncoding, *, stored: bool = False
) -> ChunkKeyEncoding:
    """Make an encoding from what a user or a document says.

    Parameters
    ----------
    data
        An encoding, a name, `{"name": ..., "configuration": {...}}`, or, from users only, the flat form
        `{"name": "v2", "separator": "/"}`.
    stored
        Whether this is a document's member, where the flat form is an error.

    Raises
    ------
    MetadataValidationError
        If the form, the name or the configuration is wrong.

    Examples
    --------
    >>> parse_chunk_key_encoding({"name": "v2", "separator": "/"})
    V2ChunkKeyEncoding(separator='/')
    """
    if isinstance(data, ChunkKeyEncoding):
        return data
    parsed = parse_named(data if stored else nested(data), "chunk_key_encoding")
    cls = get_chunk_key_encoding_class(parsed.name)
    with judged("chunk_key_encoding.configuration", f"making the encoding {parsed.name!r}"):
        return cls.from_dict({"name": parsed.name, "configuration": parsed.configuration})
