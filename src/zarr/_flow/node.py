"""The state of one open node, shared by its two faces.

`Array` and `AsyncArray` (and the groups) are faces of one of these objects: what changes through one shows in the
other. An array's compiled pipeline belongs to its spec and is replaced with it, never changed in place, so a request
that is under way keeps a consistent view while another thread resizes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from zarr._buffer import CPU_PROTOTYPE
from zarr._codec.base import ArrayConfig
from zarr._codec.pipeline import pipeline_of_others
from zarr._engine.choose import Choice, choose, hand_over, prepare
from zarr._flow.kept_indexes import KeptIndexes
from zarr._metadata.consolidated import Nodes, Tree
from zarr._metadata.formats import layout_of
from zarr._metadata.group import ConsolidatedMetadata, GroupMetadata
from zarr._metadata.packed import pack, unpack
from zarr._metadata.parse import LongDocument, without_source
from zarr._metadata.unreadable import NOT_READ, UnreadableMetadata
from zarr._store.path import StorePath
from zarr._support.settings import settings
from zarr.errors import MetadataValidationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from zarr._codec.pipeline import CodecPipeline
    from zarr._engine.contract import Pipeline, Reached
    from zarr._metadata.array_v2 import ArrayV2Metadata
    from zarr._metadata.array_v3 import ArrayV3Metadata
    from zarr._metadata.consolidated import Change
    from zarr._metadata.group import NodeMetadata
    from zarr._metadata.spec import ArraySpec
    from zarr._metadata.unreadable import NodeType
    from zarr._store.abstract import Store
    from zarr._store.native_place import NativePlace


@dataclass(frozen=True, slots=True, eq=False)
class CopyPlace:
    """Where the consolidated metadata are stored that a handle, or the one that it was taken from, was opened with.

    Attributes
    ----------
    at
        The group that has them.
    name
        Name of the document that holds them.
    zarr_format
        Of the group, and of what they tell of.
    shared
        What all handles of that group in this process see of them; None where a handle came by pickle.
    """

    at: StorePath
    name: str
    zarr_format: int
    shared: Tree[NodeMetadata] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, at: StorePath, metadata: GroupMetadata, nodes: Nodes[NodeMetadata]) -> CopyPlace:
        """That of a group which was opened with consolidated metadata of its own."""
        name = layout_of(metadata).consolidated if nodes.where is None else nodes.where.rpartition("/")[2]
        return cls(at, name, metadata.zarr_format, nodes.tree)

    @property
    def tree(self) -> Tree[NodeMetadata]:
        """What the handles see, by paths relative to the group."""
        return Tree({}) if self.shared is None else self.shared

    def path_of(self, at: StorePath) -> str:
        """The path of a node, relative to the group."""
        return at.path if not self.at.path else at.path[len(self.at.path) + 1 :]

    def view_of(self, at: StorePath) -> ConsolidatedMetadata:
        """What handles see below a node."""
        return ConsolidatedMetadata(Nodes(self.tree, self.path_of(at)))

    def tells(self, path: str, metadata: NodeMetadata) -> bool:
        """Whether handles see just this node at a path."""
        try:
            return path in self.tree.entries and self.tree.node(path) == metadata
        except (KeyError, *NOT_READ):
            return False

    def apply(self, change: Change) -> None:
        """Let the handles see a change."""
        for path in change.gone:
            self.tree.remove(path)
        for path, metadata in change.nodes.items():
            if path and (path in self.tree.entries or not change.known_only):
                self.tree.put(path, metadata)  # type: ignore[arg-type]  # nodes, if they come from a flow

    def __reduce__(self) -> tuple[Any, ...]:
        return CopyPlace, (self.at, self.name, self.zarr_format)


@dataclass(slots=True)
class ArrayView:
    """What one request works with: a spec and its pipeline, as they were when it began, made of the array's metadata.

    Attributes
    ----------
    spec, choice, metadata
        Never change.
    limit
        What chunks of elements of variable length might decode to when it was made, which an engine may have been told; None where
        there are no such elements.
    place, reached, shortcut
        How the engine reaches the array's objects, as far as somebody asked; see `zarr._flow.direct`.
    """

    spec: ArraySpec
    choice: Choice
    metadata: ArrayV2Metadata | ArrayV3Metadata = field(compare=False, repr=False)
    limit: int | None = field(default=None, compare=False, repr=False)
    place: NativePlace | None = field(default=None, compare=False, repr=False)
    reached: Reached | None = field(default=None, compare=False, repr=False)
    shortcut: Any = field(default=None, compare=False, repr=False)

    @property
    def pipeline(self) -> Pipeline:
        return self.choice.pipeline


Metadata = TypeVar("Metadata")
Kept = TypeVar("Kept", bound="NodeMetadata")


class _ReadOnUse(ABC, Generic[Metadata]):
    """An open node. Its document may be parsed later than it is made: when somebody first asks for what that says."""

    __slots__ = ("_metadata", "_read", "copied_in", "store_path")
    is_group: ClassVar[bool]
    _metadata: Metadata | None
    _read: Callable[[], Any]
    copied_in: CopyPlace | None
    store_path: StorePath

    @property
    @abstractmethod
    def metadata(self) -> Metadata:
        """What the node's document says, with what reading it raises."""

    @abstractmethod
    def _facts(self) -> str: ...

    @abstractmethod
    def _parts(self) -> tuple[Any, ...]: ...

    def _parse(self) -> Metadata:
        parsed: Metadata = self._read()
        self._check(parsed)
        self._metadata = self._metadata or parsed
        return self._metadata

    def _check(self, metadata: Metadata) -> None:
        """Raise what keeps a node with such a document from being used."""

    @property
    def said(self) -> Metadata:
        """What two nodes are compared by."""
        return self.metadata

    @property
    def facts(self) -> str:
        """What is shown of it beside its place."""
        try:
            return self._facts()
        except NOT_READ as exc:
            return self._as_unreadable(exc).facts

    @property
    def parts(self) -> tuple[Any, ...]:
        """A class and its arguments, of which another such node is made."""
        try:
            return self._parts()
        except NOT_READ as exc:
            return self._as_unreadable(exc).parts

    def _as_unreadable(self, error: Exception) -> UnreadableNode:
        known: Any = self._metadata or self.copied_in  # one that is parsed later was found in a copy
        node_type: NodeType = "group" if self.is_group else "array"
        return UnreadableNode(UnreadableMetadata(node_type, known.zarr_format, error), self.store_path)

    @property
    def path(self) -> str:
        return self.store_path.path

    def __reduce__(self) -> tuple[Any, ...]:
        kind, *arguments = self.parts  # what is compiled stays in its process
        return kind, tuple(arguments)


class ArrayNode(_ReadOnUse["ArrayV2Metadata | ArrayV3Metadata"]):
    """An open array.

    `place` and `reached` keep what the engine found out about where its objects are, from one view to the next, and
    `kept_indexes` what was read of shards. `handed_to` is the class of somebody else's codec pipeline that reads and writes the array
    in the place of an engine, if the configuration named one when the array was opened.

    Parameters
    ----------
    metadata
        Its document.
    store_path
        Where it is.
    config
        Settings that are not stored.
    copied_in
        Where its metadata are copied, if it was reached through consolidated metadata.

    Raises
    ------
    MetadataValidationError
        If its chunks are larger than the configuration permits.
    """

    __slots__ = ("_kept_indexes", "_view", "config", "engine", "handed_to", "place", "reached")
    is_group: ClassVar[Literal[False]] = False

    def __init__(
        self,
        metadata: ArrayV2Metadata | ArrayV3Metadata,
        store_path: StorePath,
        config: ArrayConfig,
        copied_in: CopyPlace | None = None,
        *,
        engine: str | None = None,
    ) -> None:
        _check_chunk_size(metadata, store_path)
        self._metadata: ArrayV2Metadata | ArrayV3Metadata | None = _kept(metadata, store_path)
        self._begin(store_path, config, copied_in, engine)

    def _begin(
        self, store_path: StorePath, config: ArrayConfig, copied_in: CopyPlace | None, engine: str | None = None
    ) -> None:
        now = settings()
        self._view: ArrayView | None = None
        self.place: NativePlace | None = None
        self.reached: Reached | None = None
        self.store_path = store_path
        self.config = config
        self.copied_in = copied_in
        self.engine = now.engine if engine is None else engine
        self.handed_to: type[CodecPipeline] | None = None if now.pipeline is None else pipeline_of_others(now.pipeline)
        self._kept_indexes: KeptIndexes | None = None
        prepare(self.engine)

    @classmethod
    def unread(
        cls, read: Callable[[], Any], store_path: StorePath, config: ArrayConfig, copied_in: CopyPlace | None
    ) -> ArrayNode:
        """An array whose document is parsed when somebody asks for what it says, with the errors that this raises."""
        self = cls.__new__(cls)
        self._metadata = None
        self._read = read
        self._begin(store_path, config, copied_in)
        return self

    @property
    def metadata(self) -> ArrayV2Metadata | ArrayV3Metadata:
        return self._metadata or self._parse()

    def _check(self, metadata: ArrayV2Metadata | ArrayV3Metadata) -> None:
        _check_chunk_size(metadata, self.store_path)

    def _facts(self) -> str:
        return f" shape={self.metadata.shape} dtype={self.metadata.dtype.to_native_dtype()}"

    def _parts(self) -> tuple[Any, ...]:
        packed = pack(self.metadata) if type(self.store_path) is StorePath else None
        if packed is None:
            return ArrayNode, self.metadata, self.store_path, self.config, self.copied_in
        config = None if self.config == ArrayConfig() else self.config
        return _unpacked, packed, self.store_path.store, self.path, config, self.copied_in

    def with_config(self, config: ArrayConfig) -> ArrayNode:
        """The same array with other settings."""
        return ArrayNode(self.metadata, self.store_path, config, self.copied_in)

    def publish(self, metadata: ArrayV2Metadata | ArrayV3Metadata, view: ArrayView | None = None) -> None:
        """Take new metadata (after a resize, or an attribute change).

        `view` is one that suits them though it was made of others, which differ in their attributes only.
        """
        self._metadata = metadata
        if view is not None:
            self._view = replace(view, metadata=metadata)

    @property
    def kept_indexes(self) -> KeptIndexes:
        """Made at first use. Of two threads that make them at once, one keeps what it finds for nobody."""
        if self._kept_indexes is None:
            self._kept_indexes = KeptIndexes()
        return self._kept_indexes

    @property
    def view(self) -> ArrayView:
        """Spec and pipeline, compiled at first use, for all new metadata and for another limit.

        That is found here: `publish` cannot stop a thread that is about to store a view of what was before.
        """
        metadata, view = self._metadata or self._parse(), self._view
        if (
            view is None
            or view.metadata is not metadata
            or (view.limit is not None and view.limit != settings().max_variable_chunk_nbytes)
        ):
            view = self._view = self.view_of(metadata)
        return view

    def view_of(self, metadata: ArrayV2Metadata | ArrayV3Metadata) -> ArrayView:
        """Spec and pipeline for metadata that is not published yet."""
        spec = metadata.to_spec(self.config)
        limit = settings().max_variable_chunk_nbytes if spec.dtype.kind in "OT" else None
        return ArrayView(spec, self._choose(spec, metadata), metadata, limit)

    def _choose(self, spec: ArraySpec, metadata: ArrayV2Metadata | ArrayV3Metadata) -> Choice:
        if self.handed_to is None:
            return choose(spec, CPU_PROTOTYPE, self.engine)
        return hand_over(self.handed_to, spec, CPU_PROTOTYPE, self.engine, metadata, self.store_path.store)

    def by_reference(self, view: ArrayView) -> ArrayView:
        """The same view on the reference engine."""
        return ArrayView(view.spec, choose(view.spec, CPU_PROTOTYPE, "python"), view.metadata)

    def pipeline_of(self, metadata: ArrayV2Metadata | ArrayV3Metadata, config: ArrayConfig) -> Pipeline:
        """A pipeline for metadata with other settings."""
        return choose(metadata.to_spec(config), CPU_PROTOTYPE, self.engine).pipeline

    def key(self, suffix: str) -> str:
        """The store key of something that belongs to this node."""
        return f"{self.path}/{suffix}" if self.path else suffix


def _unpacked(
    packed: bytes, store: Store, path: str, config: ArrayConfig | None, copied_in: CopyPlace | None
) -> ArrayNode:
    """An array that was pickled. It has no other settings than before, whatever those of this process are."""
    return ArrayNode(unpack(packed), StorePath(store, path), ArrayConfig() if config is None else config, copied_in)


def _kept(metadata: Kept, at: StorePath) -> Kept:
    """What a handle keeps of metadata: the bytes of a long document only if it may come to change that."""
    return without_source(metadata) if isinstance(metadata._document, LongDocument) and at.read_only else metadata


def _check_chunk_size(metadata: ArrayV2Metadata | ArrayV3Metadata, at: StorePath) -> None:
    limit = settings().max_chunk_nbytes
    try:
        chunks = metadata.chunks
    except NotImplementedError:  # they differ
        chunks = metadata.read_grid.largest(metadata.shape)
    nbytes = math.prod(chunks) * metadata.dtype.to_native_dtype().itemsize
    if nbytes > limit:
        raise MetadataValidationError(
            f"the chunks of array {'/' + at.path!r} in store {at.store._describe('')!r} have {nbytes} bytes (shape {chunks}), "
            f"and the zarr.config key 'array.max_chunk_bytes' permits {limit}. Choose smaller chunks; raise the limit for an "
            "array that you trust."
        )


class GroupNode(_ReadOnUse[GroupMetadata]):
    """An open group.

    Parameters
    ----------
    metadata
        Its document, with consolidated metadata if it was opened with some.
    store_path
        Where it is.
    copied_in
        Where its metadata are copied, if it was reached through consolidated metadata of a group above: then it sees in
        those what is below it.
    """

    __slots__ = ("_seen",)
    is_group: ClassVar[Literal[True]] = True

    def __init__(self, metadata: GroupMetadata, store_path: StorePath, copied_in: CopyPlace | None = None) -> None:
        self._metadata: GroupMetadata | None = _kept(metadata, store_path)
        self._seen: tuple[GroupMetadata, GroupMetadata] | None = None
        self.store_path = store_path
        snapshot = metadata.consolidated_metadata
        if snapshot is not None:
            nodes = Nodes.of(snapshot.metadata)
            if copied_in is None:
                copied_in = CopyPlace.of(store_path, metadata, nodes)
            elif copied_in.shared is None:
                copied_in = replace(copied_in, shared=nodes.tree)
        self.copied_in = copied_in

    @classmethod
    def unread(cls, read: Callable[[], Any], store_path: StorePath, copied_in: CopyPlace | None) -> GroupNode:
        """A group whose document is parsed when somebody asks for what it says, with the errors that this raises."""
        self = cls.__new__(cls)
        self._metadata, self._seen, self._read = None, None, read
        self.store_path, self.copied_in = store_path, copied_in
        return self

    @property
    def metadata(self) -> GroupMetadata:
        own = self._metadata or self._parse()
        if self.copied_in is None:
            return own
        seen = self._seen
        if seen is None or seen[0] is not own:
            seen = self._seen = own, own.with_consolidated(self.copied_in.view_of(self.store_path))
        return seen[1]

    def _facts(self) -> str:
        self._metadata or self._parse()
        return ""

    def _parts(self) -> tuple[Any, ...]:
        return GroupNode, self.metadata, self.store_path, self.copied_in

    def publish(self, metadata: GroupMetadata) -> None:
        """Take new metadata, but go on with the snapshot of the members that this handle has, or has not."""
        self._metadata = metadata.with_consolidated(None)


class UnreadableNode:
    """A node that is there and cannot be read. Whatever is asked of it but its place raises what reading it raised.

    Parameters
    ----------
    unreadable
        What is known of it.
    store_path
        Where it is.
    """

    __slots__ = ("store_path", "unreadable")

    def __init__(self, unreadable: UnreadableMetadata, store_path: StorePath) -> None:
        self.unreadable = unreadable
        self.store_path = store_path

    @property
    def path(self) -> str:
        return self.store_path.path

    @property
    def is_group(self) -> bool:
        return self.unreadable.node_type == "group"

    @property
    def said(self) -> tuple[str, str]:
        return self.unreadable.node_type, str(self.unreadable.error)

    @property
    def facts(self) -> str:
        return f" unsupported: {self.unreadable.reason}"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # Python's own protocols ask whether there is such a thing
            raise AttributeError(name)
        raise self.unreadable.error.with_traceback(None)

    @property
    def parts(self) -> tuple[Any, ...]:
        return UnreadableNode, self.unreadable, self.store_path

    def __reduce__(self) -> tuple[Any, ...]:
        kind, *arguments = self.parts
        return kind, tuple(arguments)


def array_node_of(given: object) -> ArrayNode | None:
    """The node of an array, whichever face of it is given; None for anything else."""
    node = given if isinstance(given, ArrayNode) else getattr(given, "_node", None)
    return node if isinstance(node, ArrayNode) else None
