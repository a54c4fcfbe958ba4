"""The codec of format 3 that does what one of numcodecs does: the registered one where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zarr._codec.bitround import BitRoundCodec
from zarr._codec.blosc import SHUFFLES, BloscCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.registry import get_codec_class
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._codec.zstd import ZstdCodec
from zarr.errors import ArgumentError, UnknownCodecError

if TYPE_CHECKING:
    from zarr._codec.base import Codec

_OF_OBJECTS = ("categorize", "json2", "msgpack2", "pickle", "vlen-array")


def is_numcodec(codec: object) -> bool:
    """Whether this is a codec object of numcodecs, or one that is made like them."""
    return (
        not isinstance(codec, type)
        and isinstance(getattr(codec, "codec_id", None), str)
        and callable(getattr(codec, "get_config", None))
    )


def codec_of(numcodec: Any) -> Codec:
    """The codec of format 3 with the settings of one of numcodecs.

    Raises
    ------
    TypeError, ValueError
        If there is none.

    Examples
    --------
    >>> import numcodecs
    >>> codec_of(numcodecs.GZip(level=2)), codec_of(numcodecs.LZ4()).to_dict()["name"]
    (GzipCodec(level=2), 'numcodecs.lz4')
    """
    codec_id = numcodec.codec_id
    config = {key: value for key, value in numcodec.get_config().items() if key != "id"}
    registered = _REGISTERED.get(codec_id)
    if registered is not None and (codec := registered(config)) is not None:
        return codec
    if codec_id in _OF_OBJECTS:
        raise ArgumentError(
            f"the numcodecs codec {codec_id!r} is for Python objects, which only format 2 has; use zarr_format=2, or a data "
            "type of text or bytes"
        )
    try:
        cls = get_codec_class(f"numcodecs.{codec_id}")
    except UnknownCodecError as exc:
        raise ArgumentError(
            f"the numcodecs codec {codec_id!r} has no form in format 3; use zarr_format=2 for it, or a codec of zarr.codecs"
        ) from exc
    return cls(**config)


def _blosc(config: dict[str, Any]) -> Codec:
    names = {number: name for name, number in SHUFFLES.items()}
    shuffle = names.get(config["shuffle"])  # otherwise by the size of elements, as also the codec of format 3 does
    settings = {key: config[key] for key in ("cname", "clevel", "blocksize")}
    return BloscCodec(shuffle=shuffle, typesize=config.get("typesize"), **settings)  # type: ignore[arg-type]  # one of them


_REGISTERED: dict[str, Callable[[dict[str, Any]], Codec | None]] = {
    "bitround": lambda config: BitRoundCodec(**config),
    "blosc": _blosc,
    "crc32c": lambda config: Crc32cCodec() if config.get("location", "end") == "end" else None,
    "gzip": lambda config: GzipCodec(**config),
    "vlen-bytes": lambda _: VLenBytesCodec(),
    "vlen-utf8": lambda _: VLenUTF8Codec(),
    "zstd": lambda config: ZstdCodec(**config),
}
