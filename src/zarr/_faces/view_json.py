"""Views out of their form in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zarr import _calls
from zarr._faces.array import Array
from zarr._faces.view import View
from zarr._flow.drive import run
from zarr._selection.composed import Composed
from zarr._store.make import make_store_path
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from zarr._store.abstract import AccessMode
    from zarr._store.make import StoreLike

_MEMBERS = {"zarr_view", "store", "path", "selection"}


def from_json(
    document: Any,
    store: StoreLike | None = None,
    *,
    mode: AccessMode = "r",
    storage_options: dict[str, Any] | None = None,
) -> View:
    """The view that `to_json` of one described; its array is opened, and nothing else is read.

    Parameters
    ----------
    document
        What `view.to_json()` gave, as `json.loads` returns it.
    store
        Where the array is, in place of what the document says: a store, or a path or URL of one. One in memory has to be given.
    mode
        Access mode: `"r"` for reading, `"r+"` to write through the view too.
    storage_options
        For a store that is reached through a URL.

    Raises
    ------
    ArgumentError
        If the document is none of a view.
    ArrayNotFoundError
        If there is no such array.
    BoundsCheckError
        If the array is smaller than what the view selects of it.

    Examples
    --------
    >>> import json
    >>> import numpy as np, zarr
    >>> store = zarr.storage.MemoryStore()
    >>> array = zarr.create_array(store, data=np.arange(10), name="a")
    >>> text = json.dumps(array.lazy[::3].to_json())
    >>> zarr.views.from_json(json.loads(text), store).read()
    array([0, 3, 6, 9])
    """
    if mode not in ("r", "r+"):
        raise ArgumentError(f"a view is opened with mode 'r' or 'r+', got {mode!r}: its array has to be there")
    if not isinstance(document, Mapping) or not set(document) >= _MEMBERS or document["zarr_view"] != 1:
        raise ArgumentError(
            "this is no document of a view: it has the members 'zarr_view' (which is 1), 'store', 'path' and 'selection', as "
            "view.to_json() makes them"
        )
    place, path = document["store"], document["path"]
    if not isinstance(place, str) or not isinstance(path, str):
        raise ArgumentError("the members 'store' and 'path' of a view's document are texts")
    try:
        selected = Composed.from_json(document["selection"])
    except ValueError as exc:
        raise ArgumentError(f"the member 'selection' of a view's document is none: {exc}") from None
    at = make_store_path(place if store is None else store, path=path, mode=mode, storage_options=storage_options)
    array = Array._at(*run(_calls.open_array(at, mode=mode)))
    selected.check(array.shape)
    return View(array, selected)
