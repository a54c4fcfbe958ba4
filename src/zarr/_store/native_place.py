"""Where a store keeps its values, as data, for engines that can go there by themselves.

A store of exactly our classes says it with `native_place()`. Whoever goes there keeps the store's promises: objects are
replaced whole, versions and holds are respected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from zarr._buffer import Buffer


@dataclass(frozen=True, slots=True)
class Directory:
    """A local directory: files are named by their keys, and replaced as `zarr._store.local` does it.

    Attributes
    ----------
    path
        Of the directory, which need not exist.
    """

    path: str


def buffer_of(values: Mapping[str, Buffer], key: str) -> Buffer | None:
    """What is under a key of a memory store; TypeError if somebody put anything else than a buffer there."""
    value = values.get(key)
    if value is not None and not isinstance(value, Buffer):
        raise TypeError(
            f"the value under {key!r} of a memory store is of the type {type(value).__name__}; values are buffers, as "
            "zarr.buffer.cpu.Buffer.from_bytes makes them"
        )
    return value


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The values of a memory store by their keys.

    Attributes
    ----------
    values
        To be read only. No value is ever changed, so a value is its own version.
    put, remove
        The store's, to change them.
    """

    values: dict[str, Buffer]
    put: Callable[..., bool]
    remove: Callable[..., bool]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and self.values is other.values

    __hash__ = None  # type: ignore[assignment]  # a place of something that changes

    def get(self, key: str) -> Buffer | None:
        return buffer_of(self.values, key)

    def replace(self, key: str, value: Buffer | None, *, expected: Any, hold: Any) -> bool:
        """Store a value, or remove what there is if it is None; whether `expected` held."""
        if value is None:
            return self.remove(key, expected=expected, hold=hold)
        return self.put(key, value, expected=expected, hold=hold)


NativePlace: TypeAlias = Directory | Values
