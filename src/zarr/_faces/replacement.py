"""Replacements: a node that is made out of sight, and takes the place of another one at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zarr._calls import arrays, legacy, members, opening
from zarr._calls.keywords import MemberOptions, check_known
from zarr._faces.array import Array
from zarr._flow.drive import run
from zarr._flow.node import ArrayNode, GroupNode
from zarr._store.path import StorePath
from zarr._support.forks import n_forks
from zarr.errors import ClosedWriterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import NoReturn, Self, Unpack

    from zarr._calls.keywords import Auto, CompressorLike
    from zarr._store.abstract import Store
    from zarr._store.staging import Staging


G = TypeVar("G")


class Replacement(Generic[G]):
    """A node that is made in the place of a member of a group, by `zarr.Group.replace`.

    It is made with `create_array` or `create_group`, or at the root of `store` by whatever else writes Zarr. When the block ends, it
    takes the place of what is there; what was made in the block is to be opened again then, from the group.

    Parameters
    ----------
    node, name
        The group, and the path of the member.
    as_group
        Makes the face of a group.

    Examples
    --------
    >>> import zarr
    >>> group = zarr.create_group({})
    >>> _ = group.create_array("forecast", data=[1, 2, 3])
    >>> with group.replace("forecast") as new:
    ...     array = new.create_array(shape=2, dtype="f4")
    ...     array[:] = 0.5
    ...     print(group["forecast"][:])
    [1 2 3]
    >>> group["forecast"][:]
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, node: GroupNode, name: str, as_group: Callable[[GroupNode], G]) -> None:
        self._node, self._name, self._as_group = node, name, as_group
        self._at = members.place_of(node, name)
        self._staging: Staging | None = None
        self._is_open: bool | None = None
        self._n_forks = n_forks()

    @property
    def store(self) -> Store:
        """The store that has the new node at its root."""
        if self._is_open and self._staging is not None and self._n_forks == n_forks():
            return self._staging.store
        if self._n_forks != n_forks():
            why = "belongs to the process that began it, and this is a fork of that: begin one here"
        elif self._is_open is None:
            why = "has not begun: use it as in `with group.replace(name) as new: new.create_array(...)`"
        else:
            why = "has ended: open what was made as a member of the group"
        raise ClosedWriterError(f"the replacement of {self._at} {why}")

    def create_array(
        self, *, compressor: CompressorLike | Auto | None = "auto", **options: Unpack[MemberOptions]
    ) -> Array:
        """Make the new node an array.

        Parameters
        ----------
        compressor, **options
            As of `zarr.Group.create_array`.
        """
        at = StorePath(self.store, "")
        check_known("Replacement.create_array", options, MemberOptions)
        chosen: MemberOptions = {
            **options,
            "compressors": legacy.one_of(compressor, options.get("compressors", "auto")),
        }
        made = run(arrays.create_array(at, zarr_format=self._node.metadata.zarr_format, **chosen))
        return Array._of(ArrayNode(*made))

    def create_group(self, *, attributes: Mapping[str, Any] | None = None) -> G:
        """Make the new node a group, in which others can be made.

        Parameters
        ----------
        attributes
            JSON values under string keys.
        """
        at = StorePath(self.store, "")
        flow = opening.create_group(at, zarr_format=self._node.metadata.zarr_format, attributes=attributes)
        return self._as_group(GroupNode(*run(flow)))

    def __enter__(self) -> Self:
        if self._is_open is not None:
            raise ClosedWriterError(f"the replacement of {self._at} is used already, or has ended; begin another one")
        self._staging = run(members.stage(self._node, self._name))
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        staging = self._staging
        if staging is None or not self._is_open or self._n_forks != n_forks():
            return
        self._is_open = False
        try:
            if exc is None:
                run(members.publish(self._node, self._name, staging))
        finally:
            staging.end()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a replacement cannot be pickled or copied: it ends where it began. Pickle the group")

    def __repr__(self) -> str:
        return f"<Replacement of {self._at}>"
