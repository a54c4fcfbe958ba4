"""The state of one open node, shared by its two faces.

`Array` and `AsyncArray` (and the groups) are faces of one of these objects: what changes through one shows in the
other. An array's compiled pipeline belongs to its spec and is replaced with it, never changed in place, so a request
that is under way keeps a consistent view while another thread resizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from zarr._buffer import CPU_PROTOTYPE
from zarr._engine.choose import Choice, choose, prepare
from zarr._support.settings import settings
from zarr.errors import MetadataValidationError

if TYPE_CHECKING:
    from zarr._codec.base import ArrayConfig
    from zarr._engine.contract import Pipeline, Reached
    from zarr._metadata.array_v2 import ArrayV2Metadata
    from zarr._metadata.array_v3 import ArrayV3Metadata
    from zarr._metadata.group import GroupMetadata
    from zarr._metadata.spec import ArraySpec
    from zarr._store.native_place import NativePlace
    from zarr._store.path import StorePath


@dataclass(slots=True)
class ArrayView:
    """What one request works with: a spec and its pipeline, as they were when it began, made of the array's metadata.

    Attributes
    ----------
    spec, choice, metadata
        Never change.
    place, reached, shortcut
        How the engine reaches the array's objects, as far as somebody asked; see `zarr._flow.direct`.
    """

    spec: ArraySpec
    choice: Choice
    metadata: ArrayV2Metadata | ArrayV3Metadata = field(compare=False, repr=False)
    place: NativePlace | None = field(default=None, compare=False, repr=False)
    reached: Reached | None = field(default=None, compare=False, repr=False)
    shortcut: Any = field(default=None, compare=False, repr=False)

    @property
    def pipeline(self) -> Pipeline:
        return self.choice.pipeline


class ArrayNode:
    """An open array.

    `place` and `reached` keep what the engine found out about where its objects are, from one view to the next.

    Parameters
    ----------
    metadata
        Its document.
    store_path
        Where it is.
    config
        Settings that are not stored.

    Raises
    ------
    MetadataValidationError
        If its chunks are larger than the configuration permits.
    """

    __slots__ = ("_metadata", "_view", "config", "engine", "place", "reached", "store_path")

    def __init__(
        self,
        metadata: ArrayV2Metadata | ArrayV3Metadata,
        store_path: StorePath,
        config: ArrayConfig,
        *,
        engine: str | None = None,
    ) -> None:
        _check_chunk_size(metadata, store_path.path)
        self._metadata = metadata
        self._view: ArrayView | None = None
        self.place: NativePlace | None = None
        self.reached: Reached | None = None
        self.store_path = store_path
        self.config = config
        self.engine = settings().engine if engine is None else engine
        prepare(self.engine)

    @property
    def metadata(self) -> ArrayV2Metadata | ArrayV3Metadata:
        return self._metadata

    def publish(self, metadata: ArrayV2Metadata | ArrayV3Metadata, view: ArrayView | None = None) -> None:
        """Take new metadata (after a resize, or an attribute change).

        `view` is one that suits them though it was made of others, which differ in their attributes only.
        """
        self._metadata = metadata
        if view is not None:
            self._view = replace(view, metadata=metadata)

    @property
    def view(self) -> ArrayView:
        """Spec and pipeline, compiled at first use and for all new metadata.

        That is found here: `publish` cannot stop a thread that is about to store a view of what was before.
        """
        metadata, view = self._metadata, self._view
        if view is None or view.metadata is not metadata:
            view = self._view = self.view_of(metadata)
        return view

    def view_of(self, metadata: ArrayV2Metadata | ArrayV3Metadata) -> ArrayView:
        """Spec and pipeline for metadata that is not published yet."""
        spec = metadata.to_spec(self.config)
        return ArrayView(spec, choose(spec, CPU_PROTOTYPE, self.engine), metadata)

    @property
    def path(self) -> str:
        return self.store_path.path

    def key(self, suffix: str) -> str:
        """The store key of something that belongs to this node."""
        return f"{self.path}/{suffix}" if self.path else suffix

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrayNode, (self._metadata, self.store_path, self.config)  # what is compiled stays in its process


def _check_chunk_size(metadata: ArrayV2Metadata | ArrayV3Metadata, path: str) -> None:
    limit = settings().max_chunk_nbytes
    nbytes = math.prod(metadata.chunks) * metadata.dtype.to_native_dtype().itemsize
    if nbytes > limit:
        raise MetadataValidationError(
            f"the chunks of array {'/' + path!r} have {nbytes} bytes (shape {metadata.chunks}), and the zarr.config key "
            f"'array.max_chunk_bytes' permits {limit}. Choose smaller chunks; raise the limit for an array that you trust."
        )


class GroupNode:
    """An open group."""

    __slots__ = ("metadata", "store_path")

    def __init__(self, metadata: GroupMetadata, store_path: StorePath) -> None:
        self.metadata = metadata
        self.store_path = store_path

    @property
    def path(self) -> str:
        return self.store_path.path

    def publish(self, metadata: GroupMetadata) -> None:
        """Take new metadata, but go on with the snapshot of the members that this handle has, or has not."""
        self.metadata = metadata.with_consolidated(self.metadata.consolidated_metadata)

    def forget_snapshot(self) -> None:
        """Look at the store from now on: this handle changed what consolidated metadata told of its members."""
        if self.metadata.consolidated_metadata is not None:
            self.metadata = self.metadata.with_consolidated(None)

    def __reduce__(self) -> tuple[Any, ...]:
        return GroupNode, (self.metadata, self.store_path)


def array_node_of(given: object) -> ArrayNode | None:
    """The node of an array, whichever face of it is given; None for anything else."""
    node = given if isinstance(given, ArrayNode) else getattr(given, "_node", None)
    return node if isinstance(node, ArrayNode) else None
