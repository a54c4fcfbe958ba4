"""Names for codec settings that zarr-python once had as enumerations: their members are plain strings, and warn."""

from __future__ import annotations

from typing import ClassVar

from zarr._codec.documents import BLOSC_CNAME, BLOSC_SHUFFLE, ENDIAN, INDEX_LOCATION
from zarr._support.warn import warn
from zarr.errors import ZarrDeprecationWarning


class _Names(type):
    """Members are looked up on the class, each once with a warning."""

    _members: tuple[str, ...] = ()

    def __getattr__(cls, name: str) -> str:
        if name in cls._members:
            warn(f"{cls.__name__}.{name} is deprecated; pass the string {name!r} instead.", ZarrDeprecationWarning)
            return name
        raise AttributeError(f"{cls.__name__} has no member {name!r}; there are {', '.join(cls._members)}")


class BloscShuffle(metaclass=_Names):
    """Deprecated: `"noshuffle"`, `"shuffle"` and `"bitshuffle"`.

    Examples
    --------
    >>> import zarr
    >>> zarr.codecs.BloscCodec(shuffle="bitshuffle").shuffle
    'bitshuffle'
    """

    _members: ClassVar[tuple[str, ...]] = BLOSC_SHUFFLE

    @classmethod
    def from_int(cls, num: int) -> str:
        """The name of the number that blosc's own interface uses.

        Parameters
        ----------
        num
            0, 1 or 2.

        Examples
        --------
        >>> BloscShuffle.from_int(2)
        'bitshuffle'
        """
        if not 0 <= num < len(cls._members):
            raise ValueError(f"Value must be between 0 and {len(cls._members) - 1}. Got {num}.")
        return cls._members[num]


class BloscCname(metaclass=_Names):
    """Deprecated: names of blosc's compressors. Pass the string.

    Examples
    --------
    >>> import zarr
    >>> zarr.codecs.BloscCodec(cname="lz4").cname
    'lz4'
    """

    _members: ClassVar[tuple[str, ...]] = BLOSC_CNAME


class Endian(metaclass=_Names):
    """Deprecated: `"little"` and `"big"`. Pass the string.

    Examples
    --------
    >>> import zarr
    >>> zarr.codecs.BytesCodec(endian="big").endian
    'big'
    """

    _members: ClassVar[tuple[str, ...]] = ENDIAN


class ShardingCodecIndexLocation(metaclass=_Names):
    """Deprecated: `"start"` and `"end"`. Pass the string.

    Examples
    --------
    >>> import zarr
    >>> zarr.codecs.ShardingCodec(chunk_shape=(2,), index_location="start").index_location
    'start'
    """

    _members: ClassVar[tuple[str, ...]] = INDEX_LOCATION
