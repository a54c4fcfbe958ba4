"""What users pass as that which is to be looked at: a node, or where one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._codec.base import ArrayConfig
from zarr._flow.node import ArrayNode
from zarr._store.make import make_store_path
from zarr._store.path import StorePath, node_path, with_mode
from zarr.errors import StoreAbilityError

if TYPE_CHECKING:
    from zarr._metadata.group import ArrayMetadata


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look, and how arrays there are opened.

    Attributes
    ----------
    at
        The place.
    config, engine
        Settings of arrays, and which engine they get; as configured, if the engine is None.
    """

    at: StorePath
    config: ArrayConfig
    engine: str | None = None

    def array(self, path: str, metadata: ArrayMetadata) -> ArrayNode:
        """An array in this place, by its path in the store."""
        return ArrayNode(metadata, StorePath(self.at.store, path), self.config, engine=self.engine)

    @property
    def text(self) -> str:
        """What it is called."""
        return str(self.at)


def place_of(given: Any, path: str | None = None, *, writes: bool = False) -> Place:
    """The place that a user means: that of an array or a group, in either form, or whatever `zarr.open` takes.

    Parameters
    ----------
    given
        The node, or a store, a path, a URL, a dict.
    path
        Relative to it.
    writes
        Whether something is to be changed there.

    Raises
    ------
    TypeError
        If it is nothing of the kind.
    ValueError
        If it cannot be written to, and has to be.
    """
    node = getattr(given, "_node", None)
    at = getattr(node, "store_path", None)
    if not isinstance(at, StorePath):
        at = make_store_path(given, mode="r+" if writes else "r")
        return Place(_below(at, path), ArrayConfig.from_dict({}))
    if writes:
        at.store._check_writable()
    else:
        at = StorePath(_only_read(at), at.path)
    if isinstance(node, ArrayNode):
        return Place(_below(at, path), node.config, node.engine)
    return Place(_below(at, path), ArrayConfig.from_dict({}))


def _below(at: StorePath, path: str | None) -> StorePath:
    relative = node_path(path)
    return StorePath(at.store, f"{at.path}/{relative}" if relative else at.path)


def _only_read(at: StorePath) -> Any:
    """The store in a form in which it changes nothing by itself: a local one clears up while it lists."""
    try:
        return with_mode(at.store, "r")
    except (StoreAbilityError, NotImplementedError, TypeError):
        return at.store
