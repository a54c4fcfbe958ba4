"""What is read must not be replaced meanwhile: the one check of all that copies from one place to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._flow.requests import Flow, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarr._store.path import StorePath


def lies_in(inner: StorePath, outer: StorePath) -> Flow[bool]:
    """Whether a place is another one or lies in it, by whatever stores and names they are reached."""
    within: Sequence[object] = yield Where(inner.store, inner.path)
    *_, itself = yield Where(outer.store, outer.path)
    return itself in within


def check_apart(source: StorePath, dest: StorePath) -> Flow[None]:
    """Raise ValueError for a copy that would be, or lie in, its own source."""
    if (yield from lies_in(dest, source)):
        raise ValueError(f"cannot copy {source} into itself, to {dest}; copy it to another place")


def check_survives(source: StorePath, replaced: StorePath) -> Flow[None]:
    """Raise ValueError for a source that is in, or around, what is taken away before it is read."""
    if (yield from lies_in(source, replaced)) or (yield from lies_in(replaced, source)):
        raise ValueError(
            f"cannot overwrite {replaced} with the contents of {source}: the source lies where something is to be replaced. "
            "Write to another place, or read it into memory first, as in data=array[...]"
        )
