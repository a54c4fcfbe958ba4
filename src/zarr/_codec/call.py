"""Calling one codec on one chunk, however it is written.

Our codecs define `_encode_sync` and `_decode_sync`. Those of others may define the coroutines `_encode_single` and
`_decode_single` instead, or override the batch coroutines `encode` and `decode`. The most derived class that defines
any of them says which. A coroutine of one chunk is stepped in place, as most never wait for anything; one that does
wait is closed, and a fresh one is run on the bridge, where batch coroutines go at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from zarr._codec.base import BaseCodec
from zarr._codec.refusals import refuses
from zarr._support import bridge
from zarr._support.signals import came_from_a_signal
from zarr.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from zarr._buffer import Buffer, NDBuffer
    from zarr._codec.base import ChunkSpec, Codec

Action: TypeAlias = Literal["encode", "decode"]
Chunk: TypeAlias = "Buffer | NDBuffer"


def call_codec(codec: Codec, action: Action, chunk: Chunk, spec: ChunkSpec) -> Any:
    """Encode or decode one chunk with one codec.

    Parameters
    ----------
    spec
        Describes the decoded side of this codec.

    Returns
    -------
    The other form of the chunk; None means that the chunk is empty.

    Raises
    ------
    CodecError
        If the codec refuses the data; what it raised is the cause. Whatever else is raised meanwhile passes as it is.
    """
    try:
        cls: type = type(codec)
        route = _route(cls, action)
        if route == f"_{action}_sync":
            return getattr(codec, route)(chunk, spec)
        if route == f"_{action}_single":
            return _drive((cls, action), lambda: getattr(codec, route)(chunk, spec))
        # Who overrides a batch method does so to gather coroutines, which cannot even be tried without a loop.
        return next(iter(bridge.run(getattr(codec, action)([(chunk, spec)]))), None)
    except Exception as exc:
        if not refuses(exc, codec):
            raise
        raise CodecError(codec_name(codec), action, f"{type(exc).__name__}: {exc}") from exc


def codec_name(codec: object) -> str:
    """The registered name of a codec where it tells, otherwise its class name; for error texts."""
    name = getattr(codec, "codec_name", None)
    if isinstance(name, str):
        return name
    try:
        name = cast("Any", codec).to_dict()["name"]
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError):
        # A codec may be unfit to be stored; this only serves a message.
        name = None
    return name if isinstance(name, str) else type(codec).__name__


def is_synchronous(codec: Codec) -> bool:
    """Whether both directions of a codec are functions. Coroutines count on one thread that steps them."""
    cls: type = type(codec)
    return all(_route(cls, action) == f"_{action}_sync" for action in _ACTIONS)


_ACTIONS: tuple[Action, Action] = ("encode", "decode")


@lru_cache(maxsize=256)
def _route(cls: type, action: Action) -> str:
    """Name of the method to call."""
    candidates = (f"_{action}_sync", f"_{action}_single", action)
    for base in cls.__mro__:
        if base is BaseCodec:
            break
        for name in candidates:
            if name in base.__dict__:
                return name
    return candidates[0]  # says in its error what is missing


def _drive(key: tuple[type, Action], make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """The result of a coroutine: stepped here if it never waits, otherwise run on the bridge."""
    if key in _waiting:
        return bridge.run(make())
    coroutine = make()
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    except CodecError:
        raise
    except RuntimeError as exc:
        if came_from_a_signal(exc):
            raise
        # Most likely the lack of a running loop; if not, it comes again on the bridge
    finally:
        coroutine.close()
    result = bridge.run(make())
    _waiting.add(key)
    return result


_waiting: set[tuple[type, Action]] = set()
"""Codec classes whose coroutines were found to wait; they go to the bridge at once."""
