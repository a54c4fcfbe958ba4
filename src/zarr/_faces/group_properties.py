"""What both faces of a group show without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zarr._faces.dask_tokens import node_token
from zarr._faces.info import GroupInfo
from zarr._flow.members import is_group, list_members
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._support.imports_on_use import importing

if TYPE_CHECKING:
    from zarr._dtype.base import ZarrFormat
    from zarr._flow.node import GroupNode
    from zarr._flow.requests import Flow
    from zarr._metadata.group import GroupMetadata
    from zarr._store.abstract import Store
    from zarr._store.path import StorePath


class GroupProperties:
    """Read-only facts about a group, taken from its metadata."""

    _node: GroupNode

    _html_may_look = False
    """Whether the members may be looked at, to show them."""

    def _repr_html_(self) -> str | None:
        """The group as notebooks show it, with its first members, if they are known without a request to another computer."""
        with importing("zarr._faces.html"):
            from zarr._faces.html import group_html
        return group_html(self, may_look=self._html_may_look)

    def __dask_tokenize__(self) -> object:
        """What Dask tells this group from others by: its place and its metadata, and not what is in it."""
        return node_token("zarr.Group", self._node)

    @property
    def metadata(self) -> GroupMetadata:
        """Parsed metadata document."""
        return self._node.metadata

    @property
    def _format(self) -> ZarrFormat:
        return self._node.metadata.zarr_format

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
    def synchronizer(self) -> None:
        """None: writers need no helper to be safe."""
        return None

    @property
    def info(self) -> GroupInfo:
        """The facts that need no look into the store, as a table; with counts where consolidated metadata tell them."""
        snapshot = self.metadata.consolidated_metadata
        return self._info(None if snapshot is None else [kind == "group" for kind in snapshot.node_types()])

    def _complete_info(self) -> Flow[GroupInfo]:
        """The facts, with the number of members at every depth."""
        found = yield from list_members(self._node, None)
        n_unsupported = sum(isinstance(metadata, UnreadableMetadata) for _, metadata in found)
        return self._info([is_group(metadata) for _, metadata in found], n_unsupported)

    def _info(self, are_groups: Sequence[bool] | None, n_unsupported: int = 0) -> GroupInfo:
        return GroupInfo(
            name=self.path,
            zarr_format=self._format,
            read_only=self.read_only,
            store_type=type(self.store).__name__,
            n_groups=None if are_groups is None else sum(are_groups),
            n_arrays=None if are_groups is None else len(are_groups) - sum(are_groups),
            n_unsupported=n_unsupported,
        )
