"""JSON in buffers and in stores, by zarr-python's functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zarr._buffer import CPU_PROTOTYPE

if TYPE_CHECKING:
    from zarr._buffer import Buffer, BufferPrototype
    from zarr._buffer.byte_range import ByteRequest
    from zarr._store.abstract import Store


def buffer_to_json(buffer: Buffer) -> Any:
    """What JSON in a buffer says.

    Examples
    --------
    >>> buffer_to_json(json_to_buffer({"a": 1}))
    {'a': 1}
    """
    return json.loads(buffer.to_bytes())


def buffer_to_json_object(buffer: Buffer) -> dict[str, Any]:
    """What a JSON object in a buffer says; TypeError for anything but an object."""
    found = buffer_to_json(buffer)
    if not isinstance(found, dict):
        raise TypeError(f"Expected a JSON object, got {type(found).__name__}.")
    return found


def json_to_buffer(
    obj: Any, *, prototype: BufferPrototype | None = None, indent: int | None = None, allow_nan: bool = True
) -> Buffer:
    """JSON in a buffer.

    Parameters
    ----------
    obj
        What to say.
    prototype
        Which buffers; those in host memory if None.
    indent, allow_nan
        As of `json.dumps`.
    """
    chosen = CPU_PROTOTYPE if prototype is None else prototype
    return chosen.buffer.from_bytes(json.dumps(obj, indent=indent, allow_nan=allow_nan).encode())


async def get_json(store: Store, key: str, *, byte_range: ByteRequest | None = None) -> Any:
    """What the JSON under a key says; None if there is nothing."""
    found = await store.get(key, CPU_PROTOTYPE, byte_range)
    return None if found is None else buffer_to_json(found)


async def set_json(
    store: Store,
    key: str,
    obj: Any,
    *,
    prototype: BufferPrototype | None = None,
    indent: int | None = None,
    allow_nan: bool = True,
) -> None:
    """Store JSON under a key; parameters as of `json_to_buffer`."""
    await store.set(key, json_to_buffer(obj, prototype=prototype, indent=indent, allow_nan=allow_nan))
