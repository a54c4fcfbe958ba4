"""How the methods of a file system of fsspec are called: where they are to be awaited, in threads, or just so.

    Here         one that is near: files of this machine, memory, an archive of those. Nothing is awaited, no loop is needed.
    InThreads    another one of functions: each call in a worker thread, so that several go out at once.
    OnItsLoop    one of coroutines: they run on the loop of fsspec's own thread, whatever loop or thread asks.
    OnThisLoop   one of coroutines that its user made for a loop of theirs (`asynchronous=True`): they run on the loop that
                 asks. What such a file system has open belongs to one loop, so every other loop gets a twin of it.

A child that is forked gets a twin too: connections, loops and offsets in open files are its parent's.
"""

from __future__ import annotations

import io
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from operator import methodcaller
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from zarr._store.turns import Turns
from zarr._support.forks import n_forks, renew_in_children
from zarr._support.imports_on_use import asyncio_module, importing
from zarr._support.threads import all_of, in_worker_thread, until_over

T = TypeVar("T")


class Calls(ABC):
    """Calls of one file system.

    Attributes
    ----------
    fs
        The file system, as it was given.
    turns
        Of writers that call it without a loop.
    """

    is_here = False
    _prefix = ""
    """Of the names of methods."""

    def __init__(self, fs: Any) -> None:
        self.fs = fs
        self.turns = turns_of(fs)
        self._twin = fs
        self._n_forks = n_forks()

    def _usable(self) -> Any:
        """The file system, or in a forked child a twin of it."""
        if self._n_forks != n_forks():
            self._n_forks = n_forks()
            self._twin = twin_of(self.fs)
        return self._twin

    @abstractmethod
    async def ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method that reads."""

    async def change(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call one that writes. If the caller is cancelled, that shows when it is over: nothing is written after that."""
        return await self.ask(method, *args, **kwargs)

    def forget_listings(self) -> None:
        """Drop what the file system remembers of names and sizes, unless its user asked it to."""
        fs = self._usable()
        if not _remembers(_options(fs)):
            fs.invalidate_cache()

    def takes(self, method: str, parameter: str) -> bool:
        """Whether a method has a parameter of that name."""
        with importing("inspect"):
            from inspect import signature

        return parameter in signature(getattr(self.fs, self._prefix + method)).parameters

    def finds_by_walking(self) -> bool:
        """Whether `find` is fsspec's own, which lists one directory after the other and passes over those that it cannot list."""
        find = getattr(self.fs, f"{self._prefix}find")
        return getattr(find, "__module__", "") in ("fsspec.spec", "fsspec.asyn")

    async def together(self, coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """The results of several coroutines, at once where that helps."""
        return await all_of(coroutines)


class Here(Calls):
    is_here = True

    def __init__(self, fs: Any) -> None:
        super().__init__(fs)
        self._keeps_own_state = isinstance(fs, _class("local", "LocalFileSystem"))
        self._lives_on_in_children = self._keeps_own_state or isinstance(fs, _class("memory", "MemoryFileSystem"))

    def _usable(self) -> Any:
        return self.fs if self._lives_on_in_children else super()._usable()

    def _alone(self) -> AbstractContextManager[Any]:
        """A file in memory or in an archive is one object with one position, for all threads."""
        return nullcontext() if self._keeps_own_state else self.turns.guard

    async def ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        with self._alone():
            return getattr(self._usable(), method)(*args, **kwargs)

    async def together(self, coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        return [await coroutine for coroutine in coroutines]


class InThreads(Calls):
    async def ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return await in_worker_thread(partial(getattr(self._usable(), method), *args, **kwargs))

    async def change(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return await until_over(in_worker_thread(partial(getattr(self._usable(), method), *args, **kwargs)))


class AwaitedCalls(Calls):
    """Calls of a file system of coroutines."""

    _prefix = "_"

    @abstractmethod
    async def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """Call a coroutine function with the file system, where its own coroutines run."""


class OnItsLoop(AwaitedCalls):
    def _begin(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Any:
        fs = self._usable()
        asyncio = asyncio_module()
        coroutine = function(fs, *args, **kwargs)
        if asyncio.get_running_loop() is fs.loop:
            return asyncio.ensure_future(coroutine)
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, fs.loop))

    async def ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return await self._begin(methodcaller(f"_{method}", *args, **kwargs))

    async def change(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return await until_over(self._begin(methodcaller(f"_{method}", *args, **kwargs)))

    async def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        result: T = await self._begin(function, *args)
        return result


class OnThisLoop(AwaitedCalls):
    def __init__(self, fs: Any) -> None:
        super().__init__(fs)
        self._by_loop: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self._is_given_away = False
        asyncio = sys.modules.get("asyncio")
        if asyncio is not None and (loop := asyncio._get_running_loop()) is not None:
            self._give_to(loop)

    def _give_to(self, loop: Any) -> Any:
        fs = twin_of(self.fs) if self._is_given_away else self.fs
        self._is_given_away = True
        self._by_loop[loop] = fs
        return fs

    def _usable(self) -> Any:
        if self._n_forks != n_forks():
            self._n_forks = n_forks()
            self._by_loop = WeakKeyDictionary()
            self._is_given_away = True
        loop = asyncio_module().get_running_loop()
        fs = self._by_loop.get(loop)
        return self._give_to(loop) if fs is None else fs

    async def ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return await getattr(self._usable(), f"_{method}")(*args, **kwargs)

    async def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        return await function(self._usable(), *args)


# -- which of them --------------------------------------------------------------------------------------------------


_WEB = "fsspec.implementations.http.HTTPFileSystem"
_NOTE = "_calls_of_zarr"
_turns: WeakValueDictionary[Any, Turns] = WeakValueDictionary()
_turns_guard = threading.RLock()


@renew_in_children
def _renew_guard() -> None:
    global _turns_guard
    _turns_guard = threading.RLock()


def turns_of(fs: Any) -> Turns:
    """The turns of writers to a file system, or to one that equals it."""
    with _turns_guard:
        which = identity(fs)
        turns = _turns.get(which)
        if turns is None:
            turns = _turns[which] = Turns()
        return turns


def calls_of(fs: Any) -> Calls:
    """The calls of a file system."""
    if not is_awaited(fs):
        return Here(fs) if _is_near(fs) else InThreads(fs)
    if not fs.asynchronous:
        return OnItsLoop(fs)
    if not isinstance(known := vars(fs).get(_NOTE), OnThisLoop):  # whose it is has to be known as long as it lives
        known = OnThisLoop(fs)
        setattr(fs, _NOTE, known)
    return known


def is_for_the_web(fs: Any) -> bool:
    """Whether it is fsspec's file system for HTTP, or made like it. Importing that to ask would need its package."""
    return any(f"{cls.__module__}.{cls.__qualname__}" == _WEB for cls in type(fs).__mro__)


def is_awaited(fs: Any) -> bool:
    """Whether the methods of a file system are coroutines. One that caches passes itself off as what it caches, and is none."""
    return bool(fs.async_impl) and not isinstance(fs, _class("cached", "CachingFileSystem"))


def _is_near(fs: Any) -> bool:
    if isinstance(fs, _class("local", "LocalFileSystem") | _class("memory", "MemoryFileSystem")):
        return True
    with importing("fsspec.archive"):
        from fsspec.archive import AbstractArchiveFileSystem

    if not isinstance(fs, AbstractArchiveFileSystem):
        return False
    archive = getattr(fs, "fo", None)
    return isinstance(archive, io.IOBase) if (below := getattr(archive, "fs", None)) is None else _is_near(below)


def _class(module: str, name: str) -> Any:
    """A class of fsspec's, which is imported where there is a file system."""
    with importing(f"fsspec.implementations.{module}"):
        return getattr(import_module(f"fsspec.implementations.{module}"), name)


def unwrapped(fs: Any, path: str) -> tuple[Any, str]:
    """The file system below those that only pass everything on, and a path in it."""
    while True:
        if type(fs) is _class("dirfs", "DirFileSystem"):
            fs, path = fs.fs, fs._join(path.strip("/"))
        elif (inner := getattr(fs, "sync_fs", None)) is not None and fs.async_impl:  # AsyncFileSystemWrapper
            fs = inner
        else:
            return fs, path


# -- twins ----------------------------------------------------------------------------------------------------------

_OF_THE_INSTANCE = ("asynchronous", "loop", "skip_instance_cache")


def _options(fs: Any) -> dict[str, Any]:
    return dict(getattr(fs, "storage_options", None) or {})


def _remembers(options: Mapping[str, Any]) -> bool:
    """Whether a file system, or the one below it, was asked to remember listings."""
    below = options.get("target_options") or options.get("remote_options")
    return bool(options.get("use_listings_cache")) or (isinstance(below, Mapping) and _remembers(below))


def identity(fs: Any) -> tuple[Any, ...]:
    """What two file systems have in common if either can take the place of the other: what they were made of."""
    own = vars(fs).get("store") if isinstance(fs, _class("memory", "MemoryFileSystem")) else None
    options = {name: value for name, value in _options(fs).items() if name not in _OF_THE_INSTANCE}
    with importing("fsspec.utils"):
        from fsspec.utils import tokenize

    args = [identity(given) if _is_file_system(given) else given for given in getattr(fs, "storage_args", ())]
    options = {name: identity(given) if _is_file_system(given) else given for name, given in options.items()}
    return type(fs), tokenize(*args, **options), id(own) if own is not None else 0


def _is_file_system(given: Any) -> bool:
    return hasattr(given, "storage_args") and hasattr(given, "async_impl")


def twin_of(fs: Any) -> Any:
    """A new file system made of the same arguments, those in them likewise."""
    if not _is_file_system(fs):
        return fs
    options = {name: twin_of(given) for name, given in _options(fs).items() if name != "loop"}
    return type(fs)(*map(twin_of, fs.storage_args), **{**options, "skip_instance_cache": True})
