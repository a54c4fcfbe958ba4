"""Memory stores that are found by a name, and the one for the memory of a GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from zarr._buffer import Buffer, BufferPrototype
from zarr._buffer.byte_range import ByteRequest
from zarr._store.memory import MemoryStore, contents_named, is_taken
from zarr._store.native_place import Values
from zarr._store.path import normalize_path
from zarr._store.versioned import ANY, Expected, Hold, Stored, Version
from zarr._store.whereabouts import steps_to
from zarr._support.imports_on_use import importing
from zarr._support.near_names import suggests_keywords

if TYPE_CHECKING:
    from typing import Self

_SCHEME = "memory://"
_numbers = count()


@suggests_keywords
class ManagedMemoryStore(MemoryStore):
    """Keep values in this process's memory under a name, by which they are found again: `memory://name/path`.

    All stores of one name have the same values. The values are there as long as any of these stores is.

    Parameters
    ----------
    name
        Of the values, without a slash; a new one if None.
    path
        Where in them this store's keys begin.
    read_only
        If True, nothing may be written or deleted through this object.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.ManagedMemoryStore("example")
    >>> _ = zarr.create_group(store, path="a")
    >>> zarr.open_group(zarr.storage.ManagedMemoryStore.from_url("memory://example/a"))
    <Group memory://example/a>
    """

    def __init__(self, name: str | None = None, *, path: str = "", read_only: bool = False) -> None:
        if name is None:
            name = next(text for number in _numbers if not is_taken(text := str(number)))
        if not isinstance(name, str):
            raise TypeError(f"the name of a memory store is a str, got {type(name).__name__}")
        if "/" in name:
            raise ValueError(f"Store name cannot contain '/': {name!r}. Use path= for a path within the store.")
        self.path = normalize_path(path)
        self._name = name
        contents = contents_named(name)
        super().__init__(contents.values, read_only=read_only)

    @classmethod
    def from_url(cls, url: str, *, read_only: bool = False) -> ManagedMemoryStore:
        """The store, or the place in one, that a URL names.

        Parameters
        ----------
        url
            `memory://name/path`.
        read_only
            If True, nothing may be written or deleted through this object.

        Raises
        ------
        ValueError
            If no store of that name is there.
        """
        scheme, separator, place = url.partition("://")
        if not separator or scheme.lower() != "memory":
            raise ValueError(f"Expected a 'memory://' URL, got {url!r}")
        name, _, path = place.partition("/")
        if not is_taken(name):
            raise ValueError(
                f"Memory store not found for URL {url!r}: nothing is kept under {name!r} in this process. Values go with the "
                f"last store that has them; zarr.storage.ManagedMemoryStore({name!r}) makes a new one."
            )
        return cls(name, path=path, read_only=read_only)

    @property
    def name(self) -> str:
        """By which the values are found."""
        return self._name

    def with_read_only(self, read_only: bool = False) -> ManagedMemoryStore:
        return type(self)(self._name, path=self.path, read_only=read_only)

    def __str__(self) -> str:
        return _SCHEME + (f"{self._name}/{self.path}" if self.path else self._name)

    def _known_as(self) -> str:
        return f"{super()._known_as()}/{self.path}"

    def __repr__(self) -> str:
        return f"ManagedMemoryStore('{self}')"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self._contents is other._contents
            and (self.path, self.read_only) == (other.path, other.read_only)
        )

    __hash__ = None  # as zarr-python's

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._name, self.path, self.read_only, os.getpid())

    def _whereabouts(self, path: str) -> Sequence[object]:
        return steps_to(id(self._store_dict), self._full(path))

    def native_place(self) -> Values | None:
        values = self._contents.values
        if self.path or type(self) is not ManagedMemoryStore or type(values) is not dict:
            return None
        return Values(values, self.put, self.remove)

    # -- the contract, below the path ---------------------------------------------------------------------------

    def _full(self, key: str) -> str:
        if not self.path:
            return key
        return f"{self.path}/{key}" if key else self.path

    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        return super().read(self._full(key), byte_range, version=version, prototype=prototype)

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return super().put(self._full(key), value, expected=expected, hold=hold)

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return super().remove(self._full(key), expected=expected, hold=hold)

    def hold(self, prefix: str) -> Hold:
        return super().hold(self._full(prefix))

    def list_keys(self, prefix: str) -> Iterator[str]:
        above = f"{self.path}/" if self.path else ""
        return (key[len(above) :] for key in super().list_keys(above + prefix))

    def remove_prefix(self, prefix: str) -> None:
        super().remove_prefix(self._full(prefix))

    def size(self, key: str) -> int | None:
        return super().size(self._full(key))


def _again(cls: type[ManagedMemoryStore], name: str, path: str, read_only: bool, process: int) -> ManagedMemoryStore:
    """A store that was pickled: there is one in the process where its values are, and nowhere else."""
    if process != os.getpid():
        raise RuntimeError(
            f"the values of the memory store {name!r} are in another process (number {process}) than this one; send a "
            "MemoryStore, which takes its values along, or keep them in a directory"
        )
    return cls.from_url(f"{_SCHEME}{name}/{path}", read_only=read_only)


@suggests_keywords
class GpuMemoryStore(MemoryStore):
    """Keep values in the memory of a GPU, for which CuPy has to be installed.

    What reads arrays decodes in the memory of the host, so this is for values that are handed to a GPU as they are stored.

    Parameters
    ----------
    store_dict
        The dict to use, values are buffers of `zarr.buffer.gpu`; a new one by default.
    read_only
        If True, nothing may be written or deleted through this object.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.GpuMemoryStore()
    >>> store == store.with_read_only()
    True
    """

    def __init__(self, store_dict: MutableMapping[str, Buffer] | None = None, *, read_only: bool = False) -> None:
        super().__init__(store_dict, read_only=read_only)

    @classmethod
    def from_dict(cls, store_dict: MutableMapping[str, Buffer]) -> Self:
        """A store over values that are copied to the GPU.

        Parameters
        ----------
        store_dict
            Buffers by key, of any kind.

        Raises
        ------
        ImportError
            If there is a value, and no CuPy.
        """
        return cls({key: _on_gpu(value) for key, value in store_dict.items()})

    def __str__(self) -> str:
        return f"gpumemory://{id(self._store_dict)}"

    def __repr__(self) -> str:
        return f"GpuMemoryStore('{self}')"

    @staticmethod
    def _kept(value: Buffer) -> Buffer:
        return _on_gpu(value)


def _on_gpu(value: Buffer) -> Buffer:
    """A copy of a value in the memory of a GPU."""
    with importing("zarr._buffer.gpu"):
        from zarr._buffer.gpu import GPUBuffer

    given: Any = value.as_array_like().copy() if isinstance(value, GPUBuffer) else value.as_numpy_array()
    return GPUBuffer(given)
