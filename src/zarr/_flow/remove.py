"""Taking nodes away: what is Zarr's goes, every other file stays.

Zarr's are the documents of nodes, receipts (`receipts.py`), what was put aside as it is damaged, and what is called like a chunk, whether or not there still is a
document that makes it one: another program, or one that was killed, may have taken the document away, and in a new array at this
place its chunks would show as data.

A link to a directory is a name: it is taken away, and what lies behind it stays, whoever it belongs to. A link that has nothing
of Zarr's behind it stays too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._flow.load import arrays_among
from zarr._flow.paths import QUARANTINE, RECEIPTS, join, nearest_above
from zarr._flow.requests import Flow, Keys, Links, Remove, RemovePrefix, Together
from zarr._metadata.formats import DOCUMENTS, MAKERS
from zarr._store.access import capabilities
from zarr.errors import ContainsGroupError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarr._store.abstract import Store
    from zarr._store.path import StorePath

_SHOWN = 3
_NUMBER = r"(0|[1-9][0-9]*)"
_LAST_OF_CHUNK_KEY = re.compile(rf"c(\.{_NUMBER})*|{_NUMBER}(\.{_NUMBER})*")
"""How the keys end that the encodings of the formats themselves make, in any rank and with either separator."""


def remove_node(at: StorePath) -> Flow[None]:
    """Delete the node at a path with everything below it that is Zarr's. Foreign files stay where they are."""
    at.store._check_writable()
    going = yield from _going(at, None)
    if going is None:
        return
    if going.is_all:
        yield RemovePrefix(at.store, at.path)
        return
    # Documents last: a node that is half gone is still a node, and can be deleted again.
    yield from _remove_links(at.store, going.links)
    yield from _remove(at.store, (key for key in going.keys if not _is_document(key)))
    yield from _remove(at.store, filter(_is_document, going.keys))


def clear(at: StorePath, encoding: Any) -> Flow[bool]:
    """Make room for a new node: as `remove_node`, but nobody finds a node of which a part is gone already. Whether there was anything.

    Documents go first, the one that makes it a node before all others. If that is interrupted, the rest is no node's, and whoever
    overwrites next takes it away.

    Parameters
    ----------
    at
        The place, of a node or of what is left of one.
    encoding
        How the new node calls its chunks, if it is an array: what is called so is taken away too.
    """
    going = yield from _going(at, encoding)
    if going is None:
        return False
    in_steps = not (going.is_all and capabilities(at.store).removes_in_one_step)
    own = {join(at.path, name) for name in MAKERS}
    if in_steps or not at.path:  # of the root each name goes in a step of its own
        yield from _remove(at.store, sorted(own.intersection(going.keys)))
    if in_steps:
        yield from _remove(at.store, (key for key in going.keys if _is_document(key) and key not in own))
    if going.is_all:
        yield RemovePrefix(at.store, at.path)
    else:
        yield from _remove_links(at.store, going.links)
        yield from _remove(at.store, (key for key in going.keys if not _is_document(key)))
    return bool(going.keys or going.links)


def refuse_hidden(at: StorePath) -> Flow[None]:
    """Raise ContainsGroupError if there is no node at a path, but there are some below it, which would go.

    That is for who puts a node in the place of another one, and has not said that whatever there is may go.
    """
    found: list[str] = yield Keys(at.store, at.path)
    keys = sorted(key for key in found if key.rpartition("/")[2] in MAKERS)
    if keys:
        shown = ", ".join(map(repr, keys[:_SHOWN])) + (f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else "")
        raise ContainsGroupError(
            f"There is no node at path {at.path!r} of store {at.store!r}, but there are nodes below it, which would go: {shown}. Choose "
            "another path; or say that all of it may go, by zarr.create_array(..., overwrite=True)."
        )


def _remove(store: Store, keys: Iterable[str]) -> Flow[None]:
    yield Together(_remove_key(store, key) for key in keys)


def _remove_key(store: Store, key: str) -> Flow[None]:
    yield Remove(store, key)


def _remove_links(store: Store, links: Iterable[str]) -> Flow[None]:
    yield Together(_remove_prefix(store, link) for link in links)


def _remove_prefix(store: Store, prefix: str) -> Flow[None]:
    yield RemovePrefix(store, prefix)


# -- what goes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Going:
    """What is to be taken away at and below a place.

    Attributes
    ----------
    keys
        What is Zarr's, but for what is behind links.
    links
        Links to what lies elsewhere, with something of Zarr's behind them: they go as names, and what is behind them stays.
    is_all
        Whether nothing stays beside it.
    """

    keys: list[str]
    links: list[str]
    is_all: bool


def _going(at: StorePath, encoding: Any) -> Flow[_Going | None]:
    """What is to go; None if there is nothing at all."""
    keys: list[str] = yield Keys(at.store, at.path)
    if not keys:
        return None
    ours = yield from _ours(at, keys, encoding)
    # After the keys, so that there is none behind a link that is not known.
    links = frozenset((yield Links(at.store, at.path)))
    if not links:
        return _Going(ours, [], is_all=len(ours) == len(keys))
    behind = {key: link for key in keys if (link := _link_above(key, links)) is not None}
    going = {behind[key] for key in ours if key in behind}
    reached = [key for key in ours if key not in behind]
    n_gone = len(reached) + sum(link in going for link in behind.values())
    return _Going(reached, sorted(going), is_all=n_gone == len(keys) and going.issuperset(links))


def _link_above(key: str, links: frozenset[str]) -> str | None:
    """The link that a key is behind."""
    while key := key.rpartition("/")[0]:
        if key in links:
            return key
    return None


def _is_document(key: str) -> bool:
    return key.rpartition("/")[2] in DOCUMENTS


def _looks_like_chunk(key: str) -> bool:
    return _LAST_OF_CHUNK_KEY.fullmatch(key.rpartition("/")[2]) is not None


def _is_put_below(key: str) -> bool:
    """Whether it is a receipt, or what was put aside."""
    return not {RECEIPTS, QUARANTINE}.isdisjoint(key.split("/"))


def _ours(at: StorePath, keys: list[str], encoding: Any) -> Flow[list[str]]:
    """Those of `keys` that are documents of nodes, receipts or what was put aside, or are called like chunks: in the formats' own ways, in that of the
    nearest array above them, or in the way of `encoding`, relative to the place.
    """
    unclear = [key for key in keys if not (_is_document(key) or _looks_like_chunk(key) or _is_put_below(key))]
    if not unclear:
        return keys
    arrays = yield from arrays_among(at.store, keys)
    skip = len(at.path) + 1 if at.path else 0

    def is_chunk(key: str) -> bool:
        if encoding is not None and _may_be_chunk_key(encoding, key[skip:]):
            return True
        path = nearest_above(key, arrays)
        return path is not None and _is_chunk_key(arrays[path].chunk_key_encoding, key[len(join(path, "")) :])

    foreign = {key for key in unclear if not is_chunk(key)}
    return [key for key in keys if key not in foreign]


def _is_chunk_key(encoding: Any, suffix: str) -> bool:
    """Whether a key, relative to its array, is one that `encoding` makes."""
    try:
        encoding.decode_chunk_key(suffix)
    except ValueError:
        return False
    return True


def _may_be_chunk_key(encoding: Any, suffix: str) -> bool:
    """The same of an encoding that need not know the way back: nobody says then what such a key means."""
    try:
        return _is_chunk_key(encoding, suffix)
    except NotImplementedError:
        return False
