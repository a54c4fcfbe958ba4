"""Elements of arrays that are handed over to somebody else's codec pipeline, which gets to stored objects by itself.

A read is one batch. Of what is written, objects that the request covers whole are one batch too. Any other is read before it is
replaced, and the flow takes the hold on its prefix for that: so objects with one prefix are a batch. They are replaced through
places that know the hold, and compare versions where those are all that keeps writers apart (`zarr._store.held_path`). A class
that goes past these places, to files by itself, still has the hold.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from zarr._engine.foreign import WAY_OUT, forward, in_c_order, plain
from zarr._flow.compare_and_swap import MAX_ROUNDS, parent
from zarr._flow.requests import Await, Exist, Flow, TakeHold, Together
from zarr._store.access import capabilities, relies_on_versions
from zarr._store.held_path import HeldPath
from zarr._store.versioned import UNLOCKED, NoHold
from zarr.errors import ChunkNotFoundError, CodecError, ConcurrentChangeError, PickleCodecDisabledError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    import numpy.typing as npt

    from zarr._engine.contract import Delegate, Part
    from zarr._flow.node import ArrayNode
    from zarr._selection.model import Selection
    from zarr._store.versioned import Hold


def read(node: ArrayNode, delegate: Delegate, selection: Selection, memory: npt.NDArray[Any]) -> Flow[None]:
    """Read what `selection` selects into plain memory of the selection's shape and the array's dtype."""
    ahead, seen = forward(selection, memory)
    target = in_c_order(seen)
    parts = list(delegate.parts(ahead))
    if not parts:
        return
    store, keys = node.store_path.store, [_key(node, delegate, part) for part in parts]
    batch = [(HeldPath(store, key), *part[1:]) for key, part in zip(keys, parts, strict=True)]
    try:
        found = yield Await(
            store, partial(_awaited, delegate, "read", partial(delegate.read, batch, target)), writes=False
        )
    except Exception as exc:  # noqa: BLE001  # it is raised again, with a note
        raise _noted(exc, node, delegate) from exc.__cause__
    if not delegate.spec.config.read_missing_chunks:
        yield from _refuse_missing(node, keys, found)
    if target is not seen:
        seen[...] = target


def _refuse_missing(node: ArrayNode, keys: Sequence[str], found: Any) -> Flow[None]:
    """Raise ChunkNotFoundError if a chunk is missing: the pipeline says so, or does not tell, and the store is asked."""
    store = node.store_path.store
    told = [_is_there(one) for one in found] if isinstance(found, tuple | list) else []
    if len(told) != len(keys) or None in told:
        told = yield Exist(store, keys)
    for key, there in zip(keys, told, strict=True):
        if not there:
            raise ChunkNotFoundError(
                f"chunk {key!r} of array {'/' + node.path!r} in store {store._describe('')!r} is missing, and the array was "
                "opened with read_missing_chunks=False. Open it with read_missing_chunks=True to read the fill value there."
            )


def _is_there(told: Any) -> bool | None:
    """Whether a chunk is there, by what a pipeline says of it; None if that does not tell."""
    status = told.get("status") if isinstance(told, dict) else None
    return True if status == "present" else False if status == "missing" else None


def write(
    node: ArrayNode,
    delegate: Delegate,
    selection: Selection,
    value: npt.NDArray[Any],
    *,
    hold: Hold | None,
    check: Callable[[], Flow[None]] | None,
) -> Flow[None]:
    """Write plain memory into what `selection` selects; parameters as of `zarr._flow.objects.write`."""
    ahead, seen = forward(selection, value)
    writing = _Writing(node, delegate, plain(seen), hold, check)
    yield Together(writing.flows(delegate.parts(ahead)))


class _Writing:
    """What all batches of one request have in common; parameters as of `write`."""

    __slots__ = ("_check", "_delegate", "_hold", "_holds_objects", "_memory", "_node", "_store")

    def __init__(
        self,
        node: ArrayNode,
        delegate: Delegate,
        memory: npt.NDArray[Any],
        hold: Hold | None,
        check: Callable[[], Flow[None]] | None,
    ) -> None:
        self._node, self._delegate, self._memory, self._hold, self._check = node, delegate, memory, hold, check
        self._store = node.store_path.store
        self._holds_objects = capabilities(self._store).holds_objects

    def flows(self, parts: Iterator[Part]) -> Iterator[Flow[None]]:
        """One for all objects that are replaced, and one for each prefix of those that are changed."""
        replaced: list[tuple[str, Part]] = []
        changed: dict[str, list[tuple[str, Part]]] = {}
        for part in parts:
            key = _key(self._node, self._delegate, part)
            (replaced if part.is_whole else changed.setdefault(parent(key), [])).append((key, part))
        if replaced:
            yield self._replace(replaced)
        for prefix, some in changed.items():
            yield self._change(prefix, some)

    def _replace(self, parts: list[tuple[str, Part]]) -> Flow[None]:
        yield from self._put(
            [(HeldPath(self._store, key, hold=self._given(parent(key))), *part[1:]) for key, part in parts]
        )

    def _given(self, prefix: str) -> Hold | None:
        """The hold of the caller, if it is on this prefix."""
        return self._hold if prefix == self._node.path or self._hold is UNLOCKED or self._holds_objects else None

    def _change(self, prefix: str, parts: list[tuple[str, Part]]) -> Flow[None]:
        if self._holds_objects and self._hold is not UNLOCKED:
            for key, part in parts:
                yield from self._change_held(key, part)
            return
        given = self._given(prefix)
        with NoHold() if given is not None else (yield TakeHold(self._store, prefix)) as own:
            for _ in range(MAX_ROUNDS):
                if self._check is not None:
                    yield from self._check()
                if (yield from self._change_once(parts, own if given is None else given)):
                    return
        raise _kept_changing(prefix)

    def _change_held(self, key: str, part: Part) -> Flow[None]:
        """Change one object, where each has a lease."""
        for _ in range(MAX_ROUNDS):
            if self._check is not None:
                yield from self._check()
            with (yield TakeHold(self._store, parent(key), key, self._hold)) as own:
                if (yield from self._change_once([(key, part)], own, compares=True)):
                    return
        raise _kept_changing(parent(key))

    def _change_once(self, parts: list[tuple[str, Part]], hold: Hold | None, *, compares: bool = False) -> Flow[bool]:
        """Change objects; whether nobody had changed one of them meanwhile."""
        compares = compares or relies_on_versions(self._store)
        keeps = compares and not capabilities(self._store).removes_conditionally
        places = [HeldPath(self._store, key, hold=hold, compares=compares) for key, _ in parts]
        batch = [
            (place, _never_removed(part) if keeps else part.spec, *part[2:])
            for place, (_, part) in zip(places, parts, strict=True)
        ]
        try:
            yield from self._put(batch)
        except Exception:
            if not any(place.was_replaced for place in places):
                raise
            return False
        finally:
            for place in places:
                place.release()
        return True

    def _put(self, batch: list[tuple[Any, ...]]) -> Flow[None]:
        write = partial(self._delegate.write, batch, self._memory)
        try:
            yield Await(self._store, partial(_awaited, self._delegate, "write", write), writes=True)
        except Exception as exc:  # noqa: BLE001  # it is raised again, with a note
            raise _noted(exc, self._node, self._delegate) from exc.__cause__


def _kept_changing(prefix: str) -> ConcurrentChangeError:
    return ConcurrentChangeError(
        f"objects under {prefix!r} were replaced by another program in each of {MAX_ROUNDS} attempts to change them. "
        "Write to them from one program at a time, or only through this library."
    )


def _never_removed(part: Part) -> Any:
    """The spec of a chunk that is stored also if it holds nothing but the fill value."""
    return part.spec.replace(config=replace(part.spec.config, write_empty_chunks=True))


def _awaited(delegate: Delegate, method: str, call: Callable[[], Awaitable[Any]]) -> Awaitable[Any]:
    """What a method of a pipeline gives to be awaited."""
    found = call()
    if not hasattr(found, "__await__"):
        raise TypeError(
            f"{delegate.name}.{method} returned an object of type {type(found).__name__}, and has to be a coroutine "
            f"function (`async def {method}`). {WAY_OUT}"
        )
    return found


def _key(node: ArrayNode, delegate: Delegate, part: Part) -> str:
    return node.key(delegate.spec.keys.encode_chunk_key(part.coords))


def _noted(exc: Exception, node: ArrayNode, delegate: Delegate) -> Exception:
    """What a pipeline raised, with the array in it, or beside it."""
    store = node.store_path.store._describe("")
    if isinstance(exc, CodecError):
        return exc.at(path=node.path, store=store)
    if isinstance(exc, PickleCodecDisabledError):
        return PickleCodecDisabledError(f"array {'/' + node.path!r} in store {store!r}: {exc}")
    exc.add_note(
        f"This was raised while {delegate.name} worked on array {'/' + node.path!r} in store {store!r}. {WAY_OUT}"
    )
    return exc
