"""`Group`: the synchronous face of a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zarr import _create
from zarr._aio import AsyncGroup
from zarr._array import Array
from zarr._attributes import Attributes
from zarr._flow import nodes
from zarr._flow.consolidate import list_members, open_member
from zarr._flow.drive import run
from zarr._metadata.group import GroupMetadata
from zarr._node import GroupNode
from zarr._store.path import StorePath, normalize_path
from zarr._tree import Tree, render

if TYPE_CHECKING:
    from zarr._flow.nodes import NodeMetadata
    from zarr._store.base import Store


class Group:
    """A node that holds arrays and groups.

    Made by `zarr.create_group`, `zarr.open_group` and `Group.create_group`.

    Parameters
    ----------
    async_group
        The asynchronous face of the same group; both share one state.

    Examples
    --------
    >>> import zarr
    >>> root = zarr.create_group({})
    >>> _ = root.create_array("a/b", shape=3, dtype="int8")
    >>> sorted(root), root["a/b"].shape
    (['a'], (3,))
    """

    def __init__(self, async_group: AsyncGroup) -> None:
        self._async_group = async_group
        self._node: GroupNode = async_group._node

    @classmethod
    def _at(cls, metadata: GroupMetadata, store_path: StorePath) -> Group:
        return cls(AsyncGroup(metadata, store_path))

    # -- facts --------------------------------------------------------------------------------------------------

    @property
    def metadata(self) -> GroupMetadata:
        """Parsed metadata document."""
        return self._node.metadata

    @property
    def store_path(self) -> StorePath:
        """Store and path of the group."""
        return self._node.store_path

    @property
    def store(self) -> Store:
        """The store that holds the group."""
        return self._node.store_path.store

    @property
    def path(self) -> str:
        """Path in the store, without a leading slash."""
        return self._node.path

    @property
    def name(self) -> str:
        """Path in the store, with a leading slash."""
        return f"/{self.path}"

    @property
    def basename(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def read_only(self) -> bool:
        """Whether writing through this group is refused."""
        return self.store.read_only

    @property
    def attrs(self) -> Attributes:
        """User attributes, a mapping whose changes are stored at once."""
        return Attributes(self._node, self.store._check_writable)

    # -- members ------------------------------------------------------------------------------------------------

    def __getitem__(self, path: str) -> Array | Group:
        """The array or group at a path below this group.

        Raises
        ------
        KeyError
            If there is none.
        """
        return as_face(*run(open_member(self._node, path)))

    def get(self, path: str, default: Any = None) -> Any:
        """The member at a path, or `default`."""
        try:
            return self[path]
        except KeyError:
            return default

    def __contains__(self, member: object) -> bool:
        return isinstance(member, str) and self.get(member) is not None

    def __delitem__(self, key: str) -> None:
        """Delete a member with everything below it. Files that are not Zarr's stay."""
        _, at = run(open_member(self._node, key))
        run(nodes.remove_node(at))

    def __iter__(self) -> Iterator[str]:
        for path, _ in run(list_members(self._node)):
            yield path

    def __len__(self) -> int:
        return self.nmembers()

    def keys(self) -> Iterator[str]:
        """Names of the direct members."""
        return iter(self)

    def nmembers(self, max_depth: int | None = 0) -> int:
        """Number of members."""
        return len(run(list_members(self._node, max_depth)))

    def members(
        self, max_depth: int | None = 0, *, use_consolidated_for_children: bool = True
    ) -> tuple[tuple[str, Array | Group], ...]:
        """Members as `(path below this group, node)`; `max_depth` 0 is the direct ones, None all."""
        found = run(list_members(self._node, max_depth, use_consolidated=use_consolidated_for_children))
        return tuple((path, as_face(metadata, self._below(path))) for path, metadata in found)

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """Direct members that are arrays."""
        return ((name, node) for name, node in self.members() if isinstance(node, Array))

    def array_keys(self) -> Iterator[str]:
        """Names of the direct members that are arrays."""
        return (name for name, _ in self.arrays())

    def array_values(self) -> Iterator[Array]:
        """Direct members that are arrays, without their names."""
        return (array for _, array in self.arrays())

    def groups(self) -> Iterator[tuple[str, Group]]:
        """Direct members that are groups."""
        return ((name, node) for name, node in self.members() if isinstance(node, Group))

    def group_keys(self) -> Iterator[str]:
        """Names of the direct members that are groups."""
        return (name for name, _ in self.groups())

    def group_values(self) -> Iterator[Group]:
        """Direct members that are groups, without their names."""
        return (group for _, group in self.groups())

    def tree(self, level: int | None = None, *, max_nodes: int = 500, plain: bool = False) -> Tree:
        """A drawing of the hierarchy below this group, down to `level` levels."""
        found = run(list_members(self._node, None if level is None else level - 1))
        return render(self.name, found, max_nodes=max_nodes, plain=plain)

    # -- creating -----------------------------------------------------------------------------------------------

    def create_group(self, name: str, *, overwrite: bool = False, attributes: Mapping[str, Any] | None = None) -> Group:
        """Create a group below this one, and the groups on the way to it."""
        flow = _create.create_group(
            self._below(name),
            zarr_format=self.metadata.zarr_format,
            overwrite=overwrite,
            attributes=attributes,
        )
        return Group._at(*run(flow))

    def require_group(self, name: str) -> Group:
        """The group at a path, created if there is none."""
        return Group._at(*run(_create.require_group(self._below(name), self.metadata.zarr_format)))

    def create_array(self, name: str, **options: Any) -> Array:
        """Create an array below this group; takes the keywords of `zarr.create_array` from `shape` on."""
        options.setdefault("zarr_format", self.metadata.zarr_format)
        return Array._at(*run(_create.create_array(self._below(name), **options)))

    def update_attributes(self, new_attributes: Mapping[str, Any]) -> Group:
        """Merge entries into the stored attributes, in one write."""
        new = dict(new_attributes)
        run(nodes.update_attributes(self._node, lambda current: {**current, **new}))
        return self

    def _below(self, path: str) -> StorePath:
        relative = normalize_path(path)
        if not relative:
            raise ValueError(f"{path!r} does not name a member of group {self.name!r}; give a name")
        return StorePath(self.store, nodes.join(self.path, relative))

    def __repr__(self) -> str:
        return f"<Group {self.store_path}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        return self.metadata == other.metadata and self.store_path == other.store_path

    __hash__ = None  # type: ignore[assignment]  # its metadata can change

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reopen, (type(self), self.metadata, self.store_path))


def _reopen(cls: type[Group], metadata: GroupMetadata, store_path: StorePath) -> Group:
    return cls._at(metadata, store_path)


def as_face(metadata: NodeMetadata, at: StorePath) -> Array | Group:
    """The synchronous face of a node."""
    return Group._at(metadata, at) if isinstance(metadata, GroupMetadata) else Array._at(metadata, at)
