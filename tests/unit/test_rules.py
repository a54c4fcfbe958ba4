"""Rules of the house that the import contracts in `pyproject.toml` cannot say, read from the sources.

Each list below names modules that a rule excepts, with the reason. Lists are exact: a module that no longer needs its
exception goes from the list.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import zarr

ROOT = Path(zarr.__file__).parent
CHECKOUT = Path(__file__).parents[2]
MOST_PRIVATE_ROOMS = 18

COROUTINES = {
    "_flow.drive.asynchronous": "the asynchronous driver",
    "_faces.async_array": "the asynchronous face: it hands flows to the driver",
    "_faces.async_group": "the asynchronous face",
    "_faces.async_view": "the asynchronous face",
    "_faces.group": "zarr-python's `Group.update_attributes_async`",
    "api.asynchronous": "the asynchronous functions",
    "_store.abstract": "zarr-python's abstract class is asynchronous",
    "_store.versioned": "derives that face from functions, for stores of ours",
    "_support.bridge": "what comes of a coroutine is handed over, whatever it is",
    "_support.threads": "who is cancelled waits for the thread that works for it",
    "_store.foreign": "others' stores, in the form of the versioned contract, have to be awaited",
    "_store.local": "zarr-python's `LocalStore.open` and `move`",
    "_store.wrapper": "passes coroutines on",
    "_store.observed": "passes coroutines on, and tells of them",
    "_store.noted": "passes coroutines on, and notes what they store",
    "metadata.migrate_v3": "zarr-python's `remove_metadata`",
    "_compat.sync": "zarr-python's way from functions to coroutines",
    "_compat.nodes": "zarr-python's functions on nodes are coroutines",
    "_compat.documents": "and those on JSON in a store",
    "_compat.stores": "and those that make a store",
    "_compat.arrays": "and the one that makes an array",
    "testing.store": "tests of coroutines, and a store that lets its caller wait",
    "testing.buffer": "a store that looks at what it is given",
    "_store.cached.store": "the face of a store that is before another",
    "_store.cached.contracts": "the contract of such a store, where it has to be awaited",
    "_store.cached.driving": "drives calls of two stores, each of which may have to be awaited",
    "_store.path": "zarr-python's `StorePath` asks its store",
    "_store.held_path": "and the one that pipelines of others are handed",
    "_store.facade": "the face of a store that is behind it",
    "_store.remote.calling": "file systems of fsspec that are to be awaited",
    "_store.remote.web": "the same for what a web server has",
    "_store.remote.files": "what is done with files, once for those that are awaited and those that are not",
    "_store.zipped.store": "zarr-python's `ZipStore.move`",
    "_store.zipped.far": "an archive in a store that has to be awaited",
    "_store.remote.object": "waits in threads for requests, and not in those of the loop",
    "_codec.base": "coroutines that third parties override",
    "_codec.pipeline": "zarr-python's class of pipelines, which third parties subclass",
    "_codec.sharding": "zarr-python's partial reads and writes of a shard, for pipelines of third parties",
    "_compat.pipeline": "zarr-python's own pipeline, for who subclasses that",
}
EVENT_LOOPS = {
    "_flow.drive.asynchronous": "the asynchronous driver",
    "_support.bridge": "the one loop of the library, for synchronous callers",
    "_store.abstract": "`get_ranges`, which zarr-python defines to run requests at once",
    "_support.threads": "the way from a loop to a thread and back",
    "_store.remote.calling": "file systems of fsspec belong to a loop",
    "_store.remote.web": "a pause before a server is asked again",
    "testing.store": "a store that lets its caller wait",
    "_compat.sync": "many coroutines at once, by zarr-python's functions",
    "_support.imports_on_use": "where asyncio is imported, on first use",
}
THREADS = {
    "_support.threads": "what would keep the shared worker threads waiting gets one of its own",
    "_support.bridge": "the thread of the bridge's loop",
    "_support.workers": "helpers with the tasks of one request, which end with it",
    "_support.request_threads": "requests to other computers wait in them, many at once",
    "_faces.appender": "rows are written in the background, by one that ends when there are none",
    "_store.leased.system": "signs of life of leases that are held for long, by one that ends when none is",
    "_support.request_room": "no signal handler interrupts one that hands out room to those who wait",
}
SETTINGS = {
    "": "`zarr.config`",
    "core.config": "zarr-python's path of `config`",
    "_compat.encoder": "how documents are indented",
    "codecs.sharding": "zarr-python has `config` under that name there",
    "_calls.arrays": "what a caller who makes an array leaves out",
    "_flow.node": "the engine of an array that is opened, or who takes its place, and the limit of its chunks",
    "_flow.explaining": "how many requests are under way at once",
    "_flow.documents": "how documents are indented, when one is written",
    "_flow.objects": "whether a native write waits for the disk",
    "_flow.direct": "whether settings are still those that the shortcut was made for",
    "_flow.drive.asynchronous": "how many requests are under way at once",
    "_flow.drive.synchronous": "the same, where a store has to be awaited",
    "_store.local": "whether a write waits for the disk",
    "_store.sqlite": "the same",
    "_store.remote.backends": "which library gets to a URL",
    "_store.mounts": "what is to keep writers apart",
    "_store.leased.system": "after how long a lease has expired",
    "_store.zipped.archive": "whether finishing an archive waits for the disk",
    "_store.zipped.packing": "how large a value may become that is unpacked",
    "_support.workers": "how many threads may be at work",
    "_support.request_threads": "how many requests may be under way",
    "_support.request_room": "and how many bytes",
    "_codec.base": "`ArrayConfig.from_dict`: what an array is opened with",
    "_codec.registry": "which class a codec's name means",
    "_codec.limits": "how much a chunk may decode to whose size nobody knows before",
    "_codec.objects": "whether a pickle may be decoded, when one is met",
    "_codec.pipeline": "which class of pipelines is used",
    "_compat.pipeline": "how many chunks are in a batch of it, and how many requests under way",
    "_buffer.registry": "which classes of buffers are used",
}
LOCKS = {
    "_faces.appender": "rows come from one thread and are written by another",
    "_faces.batch": "threads share a batch",
    "_support.bridge": "one loop is started, and stopped",
    "_support.imports_on_use": "no import begins during a fork",
    "_codec.registry": "a class is moved to the end",
    "_store.memory": "stores over one dict share what guards it",
    "_store.remote.calling": "stores on one file system share its calls",
    "_store.logged": "operations are counted, also in threads",
    "_store.cached.kept": "what is kept is known, also in threads",
    "_store.zipped.archive": "stores over one archive share it",
    "_store.system": "an open file is at one place at a time, where the system reads from there",
    "_store.leased.system": "what this process holds is known, also to the thread that gives signs of life",
    "_store.locks": "a forked child knows every descriptor that has a lock",
    "_support.workers": "one for each request that several threads work at, made anew in a child",
    "_store.database": "no connection is used during a fork",
    "_store.turns": "the rights themselves, and what guards their queues",
    "_flow.drive.process_hold": "which rights are those of a store; a hold that nobody waits for any more",
    "_flow.kept_indexes": "threads that read one array share what was read of its shards",
    "_flow.drive.carried": "a flow is left by one thread, or carried on by another",
    "_flow.drive.remote": "the parts of one answer come from several threads",
    "_support.request_threads": "threads and requests are counted; a call is made or cancelled",
    "_support.request_room": "what is under way is counted, and who waits",
    "_store.remote.client": "stores made of the same share a client",
    "_store.remote.library": "one thread loads it",
    "_store.remote.conditions": "one thread finds out what a server can do; and compares and stores, where that cannot",
}
FORKS = {"_support.forks": "the one place that Python tells of a fork; what hangs on it is registered there"}
PURE = ("_plan", "_selection", "_metadata", "_grid", "_dtype")
OUTSIDE = {"asyncio", "concurrent", "http", "io", "mmap", "multiprocessing", "os", "pathlib", "select", "shutil"} | {
    *("signal", "socket", "sqlite3", "subprocess", "tempfile", "threading", "urllib", "donfig"),
}


def _name(path: Path) -> str:
    """Name of a module in the package; `""` is the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the library, parsed."""
    return {_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names that a module imports anywhere: at its top, in functions, for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def owner(name: str) -> str | None:
    """The module of ours that a full name is, or is in; None for names of others."""
    if name.split(".")[0] != "zarr":
        return None
    inner = name.removeprefix("zarr").removeprefix(".")
    while inner and inner not in modules() and inner != "_native":
        inner = inner.rpartition(".")[0]
    return inner


@cache
def graph() -> dict[str, set[str]]:
    """For each module those of ours that it imports."""
    found = {name: {owner(other) for other in imported(tree)} - {None} for name, tree in modules().items()}
    return found | {"_native": set()}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The sets of modules, each sorted, of which every one leads to every other."""

    def beyond(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            new = graph[ahead.pop()] - seen
            seen |= new
            ahead += new
        return seen

    reached = {name: beyond(name) for name in graph}
    return sorted({tuple(sorted(m for m in reached[n] if n in reached[m])) for n in graph if n in reached[n]})


def private_rooms(root: Path) -> list[str]:
    """What stands directly in the package under a private name: modules and packages, but for the extension."""
    names = {path.name.split(".")[0] for path in root.iterdir()}
    return sorted(name for name in names if name[0] == "_" and name[:2] != "__" and name != "_native")


def uses_coroutines(tree: ast.Module) -> bool:
    kinds = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    return any(isinstance(node, kinds) for node in ast.walk(tree))


def uses_event_loops(tree: ast.Module) -> bool:
    names = set(imported(tree))
    return (
        any(name.split(".")[0] == "asyncio" for name in names) or "zarr._support.imports_on_use.asyncio_module" in names
    )


def starts_threads(tree: ast.Module) -> bool:
    """Whether it makes threads, processes or pools; locks and thread-local values are no threads."""
    made = {"Thread", "Timer", "ThreadPoolExecutor", "ProcessPoolExecutor", "ThreadPool", "Process", "Pool"}
    made |= {"start_new_thread", "to_thread"}
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any((f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "")) in made for f in called)


def makes_locks(tree: ast.Module) -> bool:
    """Whether it makes locks of threads; `functools.cached_property` has one too, before Python 3.12."""
    made = {"Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier", "allocate_lock"}
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    makes = any(
        f.attr in made and getattr(f.value, "id", "") == "threading"
        if isinstance(f, ast.Attribute)
        else getattr(f, "id", "") in made
        for f in called
    )
    return makes or "functools.cached_property" in set(imported(tree))


def is_told_of_forks(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "register_at_fork" for node in ast.walk(tree))


NUMPY_ON_USE = {"char", "ctypeslib", "fft", "linalg", "ma", "polynomial", "random", "rec", "strings", "testing"}


def unguarded_imports(tree: ast.Module) -> list[str]:
    """What functions import outside `with importing(...)`, NumPy's modules that it imports on use among them."""
    found = []

    def look(node: ast.AST, *, in_function: bool, is_guarded: bool) -> None:
        for child in ast.iter_child_nodes(node):
            inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            guarded = is_guarded or (isinstance(child, ast.With) and any(map(_is_importing, child.items)))
            if inside and not guarded and (name := _imports(child)) is not None:
                found.append(name)
            look(child, in_function=inside, is_guarded=guarded)

    look(tree, in_function=False, is_guarded=False)
    at_the_top = {name for node in tree.body if isinstance(node, ast.Import) for name in (a.name for a in node.names)}
    return [name for name in found if name not in at_the_top]


def _is_importing(item: ast.withitem) -> bool:
    return isinstance(item.context_expr, ast.Call) and getattr(item.context_expr.func, "id", "") == "importing"


def _imports(node: ast.AST) -> str | None:
    """What a node imports, if it does."""
    if isinstance(node, ast.Import):
        return node.names[0].name
    if isinstance(node, ast.ImportFrom):
        return node.module or "."
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("import_module", "__import__"):
        return "import_module"
    if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "np" and node.attr in NUMPY_ON_USE:
        return f"numpy.{node.attr}"
    return None


IMPORTS_ON_USE = {"": ["zarr._support.imports_on_use"]}
"""Outside of `importing`: what has that to begin with."""


def test_what_is_imported_on_use_is_let_finish_by_forks():
    found = {name: names for name, tree in modules().items() if (names := unguarded_imports(tree))}
    assert found == IMPORTS_ON_USE


def reads_settings(tree: ast.Module) -> bool:
    """Whether it has the means to: the function `settings`, or `config` itself. The type alone reads nothing."""
    ways = {"zarr._support.settings.settings", "zarr._support.settings.config", "zarr._support.settings"}
    return any(name in ways for name in imported(tree))


@pytest.mark.parametrize(
    ("does", "excepted"),
    [
        (uses_coroutines, COROUTINES),
        (uses_event_loops, EVENT_LOOPS),
        (starts_threads, THREADS),
        (reads_settings, SETTINGS),
        (makes_locks, LOCKS),
        (is_told_of_forks, FORKS),
    ],
)
def test_only_those_do_it_that_have_a_reason(does, excepted):
    found = {name for name, tree in modules().items() if does(tree)}
    assert {"without a reason": found - set(excepted)} == {"without a reason": set()}
    assert {"with a reason that is gone": set(excepted) - found} == {"with a reason that is gone": set()}


@pytest.mark.parametrize("name", [name for name in modules() if name.split(".")[0] in PURE])
def test_what_is_computed_without_io_imports_nothing_that_does_any(name):
    assert {other.split(".")[0] for other in imported(modules()[name])} & OUTSIDE == set()


def test_one_module_imports_the_extension():
    assert {name for name, others in graph().items() if "_native" in others} == {"_engine.extension"}


def test_nothing_imports_the_whole_package():
    assert [name for name, others in graph().items() if "" in others] == []


def test_no_modules_import_each_other_in_a_circle():
    assert circles(graph()) == []


def test_there_are_few_private_rooms():
    assert len(private_rooms(ROOT)) <= MOST_PRIVATE_ROOMS


class TestTheRulesThemselves:
    """A rule that finds nothing has to be able to find something."""

    def test_circles_are_found(self):
        chain = {"a": {"b"}, "b": {"c"}, "c": set()}
        assert circles(chain) == []
        assert circles(chain | {"c": {"b"}}) == [("b", "c")]
        assert circles(chain | {"c": {"a"}, "d": {"d", "a"}}) == [("a", "b", "c"), ("d",)]

    @pytest.mark.parametrize(
        ("does", "code"),
        [
            (uses_coroutines, "async def f(): pass"),
            (uses_coroutines, "class A:\n    async def f(self): return [x async for x in y]"),
            (uses_event_loops, "def f():\n    import asyncio.tasks"),
            (uses_event_loops, "from asyncio import run"),
            (starts_threads, "import threading\nthreading.Thread(target=f).start()"),
            (starts_threads, "Thread(target=f)"),
            (reads_settings, "if TYPE_CHECKING:\n    from zarr._support.settings import config as c"),
            (reads_settings, "from zarr._support import settings"),
            (makes_locks, "import threading\nclass A:\n    lock = threading.Condition()"),
            (makes_locks, "from threading import RLock as R, Lock\nx = [Lock()]"),
            (makes_locks, "from functools import cached_property"),
            (is_told_of_forks, "import os\nif 1: os.register_at_fork(before=f)"),
            (unguarded_imports, "def f():\n    with other(): import difflib"),
            (unguarded_imports, "class A:\n    def f(self): return np.ma.masked"),
            (unguarded_imports, "f = lambda: import_module('x')"),
        ],
    )
    def test_what_they_forbid_is_found(self, does, code):
        assert does(ast.parse(code))
        assert not does(
            ast.parse('"""async def, asyncio, Thread(), settings(), Lock()"""\nimport threading\nthreading.local()')
        )
        assert not does(
            ast.parse("import numpy.ma\ndef f():\n    with importing('x'):\n        import x\n    np.ma.masked")
        )

    def test_imports_are_found_wherever_they_stand(self):
        code = "if TYPE_CHECKING:\n    from zarr._native import x\ndef f():\n    import zarr._codec.base\n    from zarr import _native"
        assert [owner(name) for name in imported(ast.parse(code))] == ["_native", "_codec.base", "_native"]
        assert owner("zarr.zeros") == ""
        assert owner("numpy.ndarray") is None


def test_extras_for_users_have_something_behind_them():
    """What `pip install zarr[...]` fetches is imported somewhere; the others are for the Makefile."""
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    sources = "\n".join(path.read_text() for path in ROOT.rglob("*.py"))
    for extra in extras.keys() - {"demo", "test", "witness", "ray", "lint", "docs"}:
        for requirement in extras[extra]:
            name = (
                re.match(r"[A-Za-z0-9_.-]+", requirement)[0].replace("-", "_").removesuffix("_cuda12x")
            )  # as CuPy's are called
            assert re.search(rf"^\s*(import|from) {name}\b", sources, re.MULTILINE), f"nothing uses {requirement}"
