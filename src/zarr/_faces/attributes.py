"""User attributes as a mapping. Every change is stored at once, on top of what is stored at that moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from zarr._flow.drive import run
from zarr._flow.update import update_attributes
from zarr._support.json import entries
from zarr._support.plain import copied

if TYPE_CHECKING:
    from zarr._flow.node import ArrayNode, GroupNode
    from zarr._flow.requests import Flow
    from zarr._store.abstract import Store


class _Face(Protocol):
    """An array or a group, as far as its attributes are concerned."""

    @property
    def _node(self) -> ArrayNode | GroupNode: ...
    @property
    def store(self) -> Store: ...


def merge(node: ArrayNode | GroupNode, new_attributes: Mapping[str, Any]) -> Flow[None]:
    """Merge entries into the stored attributes, in one write."""
    new = entries(new_attributes)
    return update_attributes(node, lambda current: {**current, **new})


def replace(node: ArrayNode | GroupNode, new_attributes: Mapping[str, Any]) -> Flow[None]:
    """Replace all attributes, in one write."""
    new = entries(new_attributes)
    return update_attributes(node, lambda _: new)


def attributes_of(node: ArrayNode | GroupNode) -> dict[str, Any]:
    """A copy of the attributes: whoever changed a list in them would believe that it is stored."""
    return copied(dict(node.metadata.attributes))


class ReadAttributes(dict[str, Any]):
    """The attributes as an asynchronous face shows them: a copy, of which nobody can believe that a change to it is stored."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "these attributes are a copy, and a change to it would be stored nowhere: `await node.update_attributes({...})` "
            "stores one. dict(node.attrs) is a copy that can be changed."
        )

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class Attributes(MutableMapping[str, Any]):
    """The attributes of an array or a group.

    A change merges into the attributes as they are stored now, so two writers of different entries both keep theirs.

    Parameters
    ----------
    obj
        The array or group.

    Examples
    --------
    >>> import zarr
    >>> group = zarr.create_group({})
    >>> group.attrs["units"] = "K"
    >>> dict(group.attrs)
    {'units': 'K'}
    """

    def __init__(self, obj: _Face) -> None:
        self._node = obj._node
        self._check_writable = obj.store._check_writable

    def _current(self) -> Mapping[str, Any]:
        return self._node.metadata.attributes

    def __getitem__(self, key: str) -> Any:
        return copied(
            self._node.metadata.attributes[key]
        )  # whoever changes a list in it would believe that it is stored

    def __contains__(self, key: object) -> bool:
        return key in self._current()  # without a copy of the value

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        def change(current: dict[str, Any]) -> dict[str, Any]:
            if key not in current:
                raise KeyError(key)
            del current[key]
            return current

        self._check_writable()
        run(update_attributes(self._node, change))

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Merge entries into the attributes, in one write."""
        if len(args) > 1:
            raise TypeError(f"update() takes one mapping and keywords, got {len(args)} mappings")
        new = {**entries(args[0] if args else {}), **kwargs}
        self._check_writable()
        run(update_attributes(self._node, lambda current: {**current, **new}))

    def put(self, d: Mapping[str, Any]) -> None:
        """Replace all attributes, in one write."""
        change = replace(self._node, d)
        self._check_writable()
        run(change)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def asdict(self) -> dict[str, Any]:
        """The attributes as a plain dict."""
        return attributes_of(self._node)

    def __repr__(self) -> str:
        return repr(self.asdict())
