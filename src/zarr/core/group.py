"""Groups."""

from zarr._compat.keys import GROUP_METADATA_KEYS
from zarr._compat.nodes import create_nodes, create_rooted_hierarchy
from zarr._compat.nodes import get_node_async as get_node
from zarr._compat.parsing import parse_node_type
from zarr._faces.async_group import AsyncGroup
from zarr._faces.group import Group
from zarr._metadata.group import ConsolidatedMetadata, GroupMetadata
from zarr._support.public_names import public_names_of
from zarr.api.asynchronous import create_hierarchy

__all__ = [
    "AsyncGroup",
    "ConsolidatedMetadata",
    "GROUP_METADATA_KEYS",
    "Group",
    "GroupMetadata",
    "create_hierarchy",
    "create_nodes",
    "create_rooted_hierarchy",
    "get_node",
    "parse_node_type",
]

__dir__ = public_names_of(__name__)
