"""By what Dask tells arrays and groups apart: the place, and what is said of it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._store.dask_tokens import token_of
from zarr._support.imports_on_use import importing

if TYPE_CHECKING:
    from zarr._flow.node import ArrayNode, GroupNode


def node_token(kind: str, node: ArrayNode | GroupNode, settings: object = None) -> object:
    """The token of a node; called by Dask, which is there then."""
    with importing("zarr._plan.receipt"):
        from zarr._plan.receipt import fingerprint

    members = {name: value for name, value in node.metadata.to_dict().items() if name != "consolidated_metadata"}
    said = fingerprint({"metadata": members, "settings": repr(settings)})
    return kind, token_of(node.store_path.store), node.path, said
