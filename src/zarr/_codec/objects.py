"""The object codecs of format 2: JSON values, MessagePack values, arrays of any length, and pickled objects.

What numcodecs writes is right. What it reads it believes: the length and shape at the end of a list, the number of elements
before them, a pickle. Here all of that is compared with the chunk first.
"""

from __future__ import annotations

import copyreg
import json
import math
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._codec.refusals import refusing
from zarr._codec.registry import get_numcodec
from zarr._codec.vlen import as_array, join_bytes, split_bytes
from zarr._support.imports_on_use import importing
from zarr._support.settings import settings
from zarr.errors import CodecError, PickleCodecDisabledError

if TYPE_CHECKING:
    import numpy.typing as npt


def decode_objects(codec: Any, encoded: npt.NDArray[np.uint8], n_items: int) -> npt.NDArray[Any]:
    """What an object codec of numcodecs makes of bytes: an array of `n_items` objects. Raises CodecError."""
    return _DECODERS[codec.codec_id](codec, encoded, n_items)


def is_of_objects(codec: Any) -> bool:
    """Whether `decode_objects` takes a codec."""
    return codec.codec_id in _DECODERS and type(codec).__module__.startswith("numcodecs.")


def encode_objects(codec: Any, items: npt.NDArray[Any]) -> Any:
    """What an object codec of numcodecs makes of elements, for those that have to be helped."""
    if codec.codec_id == "pickle":
        check_pickle_allowed()  # nobody could read what would be written
    if codec.codec_id == "vlen-array":
        return _encode_arrays(codec, items.reshape(-1, order="A"))
    if codec.codec_id == "msgpack2" and not items.ndim:  # numcodecs writes lists only
        with importing("msgpack"):
            import msgpack
        parameters = {"use_bin_type": codec.use_bin_type, "use_single_float": codec.use_single_float}
        return msgpack.packb([items[()], items.dtype.str, []], **parameters)
    return codec.encode(items)


def make_picklable(codec: Any) -> None:
    """Have `json2` codecs pickled by their settings: they keep a parser, which cannot be."""
    if codec.codec_id == "json2" and type(codec).__module__.startswith("numcodecs."):
        copyreg.pickle(type(codec), _by_settings)


def _by_settings(codec: Any) -> tuple[Any, ...]:
    return get_numcodec, (codec.get_config(),)


def check_pickle_allowed() -> None:
    """Raise PickleCodecDisabledError unless the configuration allows pickles."""
    if not settings().allow_pickle:
        raise PickleCodecDisabledError(
            "this array holds Python pickles, which run code when they are read. If you trust its origin, set "
            "zarr.config key 'array.allow_unsafe_pickle_decode' to True."
        )


# -- lists that end in dtype and shape ------------------------------------------------------------------------------


def _json(codec: Any, encoded: npt.NDArray[np.uint8], n_items: int) -> npt.NDArray[Any]:
    with refusing("json2", "decode", UnicodeDecodeError, json.JSONDecodeError, LookupError):
        text = encoded.tobytes().decode(codec._text_encoding)
        try:
            items = json.loads(text, strict=codec._decoder_config.get("strict", True))
        except RecursionError:
            raise CodecError("json2", "decode", "the values are nested too deeply") from None
    return _listed("json2", items, n_items)


def _msgpack(codec: Any, encoded: npt.NDArray[np.uint8], n_items: int) -> npt.NDArray[Any]:
    with importing("msgpack"):
        import msgpack
    with refusing("msgpack2", "decode", ValueError, UnicodeDecodeError, *_errors_of(msgpack)):
        items = msgpack.unpackb(encoded.tobytes(), raw=codec.raw, strict_map_key=False)
    return _listed("msgpack2", items, n_items)


def _errors_of(msgpack: Any) -> tuple[type[Exception], ...]:
    return (msgpack.exceptions.ExtraData, msgpack.exceptions.FormatError, msgpack.exceptions.StackError)


def _listed(codec: str, items: Any, n_items: int) -> npt.NDArray[Any]:
    """The elements of a list whose last entries are their dtype and shape."""
    if not isinstance(items, list) or len(items) < 2 or not isinstance(items[-1], list):
        raise CodecError(codec, "decode", "the data is no list that ends in a dtype and a shape")
    *values, dtype, shape = items
    if not all(type(length) is int and length >= 0 for length in shape) or math.prod(shape) != n_items:
        raise CodecError(codec, "decode", f"the data holds elements of shape {shape}, the chunk has {n_items}")
    flat = values if shape else values[:1]
    for length in shape[:1]:
        _check_length(codec, flat, length)
    for length in shape[1:]:
        for row in flat:
            _check_length(codec, row, length)
        flat = [item for row in flat for item in row]
    if len(flat) != n_items:
        raise CodecError(codec, "decode", f"the data holds {len(flat)} elements, the chunk has {n_items}")
    array = as_array(flat, np.dtype(object)).reshape(shape)
    return _as_named(codec, array, dtype)


def _check_length(codec: str, row: Any, length: int) -> None:
    if not isinstance(row, list) or len(row) != length:
        raise CodecError(codec, "decode", f"the elements are not nested as their shape says: expected {length} of them")


def _as_named(codec: str, array: npt.NDArray[Any], named: Any) -> npt.NDArray[Any]:
    """The elements in the dtype that a list names, if they are no objects."""
    with refusing(codec, "decode", SyntaxError, TypeError, ValueError, OverflowError):
        dtype = np.dtype(named if isinstance(named, str) else "?!")
        return array if dtype.kind == "O" else array.astype(dtype)


# -- arrays of any length -------------------------------------------------------------------------------------------


def _encode_arrays(codec: Any, items: npt.NDArray[Any]) -> bytes:
    """Arrays of one axis, as `vlen-array` stores them. None is an empty one."""
    parts = [_octets(item, codec.dtype) for item in items.tolist()]
    return join_bytes(as_array(parts, np.dtype(object)))


def _octets(item: Any, dtype: np.dtype[Any]) -> bytes:
    if item is None:
        return b""
    with refusing("vlen-array", "encode", TypeError, ValueError, OverflowError):
        given = np.asarray(item)
        made = given.astype(dtype)
    if given.ndim > 1:
        raise CodecError("vlen-array", "encode", f"an element has {given.ndim} axes; elements are arrays of one axis")
    if given.size and not np.array_equal(made, given, equal_nan=given.dtype.kind in "fc" and dtype.kind in "fc"):
        if not (given.dtype.kind == "f" and dtype.kind == "f"):  # which is rounded, as everywhere
            raise CodecError("vlen-array", "encode", f"{item!r} is not the same in {dtype}")
    return made.tobytes()


def _arrays(codec: Any, encoded: npt.NDArray[np.uint8], n_items: int) -> npt.NDArray[Any]:
    dtype = codec.dtype
    items = split_bytes(encoded, n_items, codec="vlen-array")
    array = np.empty(n_items, dtype=object)
    for i, item in enumerate(items):
        if len(item) % dtype.itemsize:
            raise CodecError("vlen-array", "decode", f"{len(item)} bytes are no whole number of elements of {dtype}")
        array[i] = np.frombuffer(bytearray(item), dtype)
    return array


# -- pickles --------------------------------------------------------------------------------------------------------


def _pickled(_codec: Any, encoded: npt.NDArray[np.uint8], _n_items: int) -> npt.NDArray[Any]:
    check_pickle_allowed()
    found = pickle.loads(encoded.data)  # noqa: S301  # allowed by name: see above
    return found if isinstance(found, np.ndarray) else np.asarray(found, dtype=object)


_DECODERS: dict[str, Callable[[Any, npt.NDArray[np.uint8], int], npt.NDArray[Any]]] = {
    "json2": _json,
    "msgpack2": _msgpack,
    "pickle": _pickled,
    "vlen-array": _arrays,
}
