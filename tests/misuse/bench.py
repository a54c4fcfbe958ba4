"""What every misuse is tried on: a small hierarchy in a store, its contents by heart, and the form of a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import zarr
import zarr.buffer
import zarr.buffer.cpu
import zarr.codecs
import zarr.storage

INTERNAL = (AttributeError, AssertionError, NameError, RecursionError, ZeroDivisionError, StopIteration)
"""Errors that say that the library, not its user, has gone wrong."""

CONTENTS = {
    "a": np.arange(48, dtype="int32").reshape(6, 8),
    "line": np.linspace(0, 1, 10),
    "point": np.array(7, dtype="int16"),
    "text": np.array(["one", "two", "three", ""], dtype=object),
    "sharded": np.arange(64, dtype="uint8").reshape(8, 8),
    "g/inner": np.arange(5, dtype="int64"),
}
V2_CONTENTS = {"a": np.arange(12, dtype="<i4").reshape(3, 4), "g/inner": np.arange(3, dtype="<f8")}


class Row(NamedTuple):
    """One kind of misuse.

    Attributes
    ----------
    id
        What is done wrong.
    act
        Does it, to a fresh bench.
    errors
        What is raised; of several classes the error must be all. It is what NumPy or zarr-python 3.4 raises for the same.
    message
        Regular expression that the text matches, so that it says what is wrong with what.
    other
        Where zarr-python does otherwise and is not followed: how.
    before
        What is stored first, by hand: it is there before and after.
    """

    id: str
    act: Callable[[Bench], Any]
    errors: type[Exception] | tuple[type[Exception], ...]
    message: str
    other: str = ""
    before: Callable[[Bench], Any] | None = None


class Bench:
    """A hierarchy of format 3 in one store and one of format 2 in another, with arrays of several kinds.

    Attributes
    ----------
    root, a, line, point, text, sharded, g
        The group of format 3 and its members; `a` is int32 (6, 8) in chunks (3, 4).
    root2, a2
        The group of format 2, and its array int32 (3, 4).
    readonly
        The store of `root`, read-only.
    directory
        An empty directory, for whatever wants a path.
    """

    def __init__(self, store: Any, store2: Any, directory: Path) -> None:
        self.store, self.store2, self.directory = store, store2, directory
        directory.mkdir()
        self.root = root = zarr.create_group(store, attributes={"title": "bench"})
        self.a = root.create_array("a", data=CONTENTS["a"], chunks=(3, 4), attributes={"units": "K"})
        self.line = root.create_array("line", data=CONTENTS["line"], chunks=(4,))
        self.point = root.create_array("point", data=CONTENTS["point"])
        self.text = root.create_array("text", shape=4, chunks=2, dtype="string")
        self.text[:] = CONTENTS["text"]
        self.sharded = root.create_array("sharded", data=CONTENTS["sharded"], chunks=(2, 2), shards=(4, 4))
        self.g = root.create_group("g")
        self.g.create_array("inner", data=CONTENTS["g/inner"], chunks=2)
        self.root2 = zarr.create_group(store2, zarr_format=2)
        self.a2 = self.root2.create_array("a", data=V2_CONTENTS["a"], chunks=(2, 2))
        self.root2.create_array("g/inner", data=V2_CONTENTS["g/inner"], chunks=2)

    @property
    def readonly(self) -> Any:
        return self.store.with_read_only(True)

    @property
    def readonly_a(self) -> Any:
        return zarr.open_array(self.readonly, path="a", mode="r")

    @property
    def readonly_root(self) -> Any:
        return zarr.open_group(self.readonly, mode="r")

    def everything(self) -> dict[str, Any]:
        """All that is stored, by place."""
        return {"3": contents_of(self.store), "2": contents_of(self.store2), "files": files_of(self.directory)}

    def described(self) -> list[Any]:
        """What the arrays and groups say of themselves: nothing of it may change when nothing stored does."""
        arrays = [self.a, self.line, self.point, self.text, self.sharded, self.a2]
        groups = [self.root, self.g, self.root2]
        return [(node.path, node.metadata.to_dict()) for node in (*arrays, *groups)]

    def check_arrays(self) -> None:
        """Every array reads as at first, through the old handle and a new one."""
        for root, contents in ((self.root, CONTENTS), (self.root2, V2_CONTENTS)):
            fresh = zarr.open_group(root.store, mode="r")
            for path, expected in contents.items():
                for group in (root, fresh):
                    np.testing.assert_array_equal(group[path][...], expected, err_msg=path)
        assert dict(self.a.attrs) == {"units": "K"}
        assert dict(self.root.attrs) == {"title": "bench"}


def contents_of(store: Any) -> dict[str, Any]:
    """Every key and its bytes; of a directory every file, and the directories too."""
    if isinstance(store, zarr.storage.LocalStore):
        return files_of(store.root)
    return asyncio.run(_contents_of(store))


def files_of(root: Path) -> dict[str, Any]:
    """The bytes of every file below a directory, None for directories."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


async def _contents_of(store: Any) -> dict[str, bytes]:
    prototype = zarr.buffer.default_buffer_prototype()
    return {key: (await store.get(key, prototype)).to_bytes() async for key in store.list()}


def buffer(raw: bytes) -> Any:
    return zarr.buffer.cpu.Buffer.from_bytes(raw)


def put_raw(store: Any, key: str, raw: bytes) -> None:
    """Store bytes past all checks."""
    asyncio.run(store.set(key, buffer(raw)))


def put(target: Any, selection: Any, value: Any) -> None:
    target[selection] = value


def delete(target: Any, key: Any) -> None:
    del target[key]


def wait(coroutine: Any) -> Any:
    """The result of a coroutine."""

    async def waiting() -> Any:
        return await coroutine

    return asyncio.run(waiting())


@contextmanager
def configured(**values: Any) -> Any:
    """Settings by name, with `__` for dots."""
    with zarr.config.set({key.replace("__", "."): value for key, value in values.items()}):
        yield


def under(settings: dict[str, Any], act: Callable[[], Any]) -> Any:
    """Do something under other settings."""
    with zarr.config.set(settings):
        return act()
