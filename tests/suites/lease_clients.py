"""Clients of a shared disk for an explorer: the library's own flows and leases, driven one call at a time.

Each client is a generator. It yields what it is about to do and is sent the answer, so it can be stopped, interleaved with others,
killed between any two calls, and, as it does the same for the same answers, brought to any point again.
"""

import json
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

import zarr
from zarr._buffer import CPUBuffer
from zarr._buffer.byte_range import resolve_range
from zarr._codec.base import ArrayConfig
from zarr._flow.compare_and_swap import modify
from zarr._flow.node import ArrayNode
from zarr._flow.objects import write
from zarr._flow.requests import Compute, Exist, Fetch, Keys, Put, Read, Remove, TakeHold, TakeRoom, Together
from zarr._flow.resize import append, resize
from zarr._flow.update import update_attributes
from zarr._selection.model import GridSelection, SliceAxis
from zarr._store.leased.files import LeasedFiles
from zarr._store.leased.holds import NoTurn
from zarr._store.leased.names import Tokens
from zarr._store.local import _WITH_LEASES
from zarr._store.path import StorePath
from zarr._store.versioned import NoHold, Stored, SyncStore
from zarr.errors import UnknownOutcomeError

ROOT = "/s"
OBJECT, DOCUMENT, CHUNK = f"{ROOT}/X", f"{ROOT}/zarr.json", f"{ROOT}/c/0"
EMPTY = ((), ())
_CHUNK = 8


class ClientTokens(Tokens):
    """Tokens that are the same every time."""

    def __init__(self, client):
        self.client, self.n = client, 0

    def new(self, kind):
        return f"{kind}-{self.client}-0-0-0.{self.number()}"

    def number(self):
        self.n += 1
        return self.n

    def temporary(self, directory):
        return f"{directory}/__zarr-{self.client}-0-0-{self.number()}.tmp"

    def is_dead(self, name):
        return False


class AllDead(ClientTokens):
    """Those of a newcomer who finds that everybody else is dead."""

    def is_dead(self, name):
        return "-0-0-" in name


class Holding:
    """What a client has; what it releases is done before it goes on."""

    def __init__(self):
        self.held, self.releasing = {}, []

    def keep(self, hold):
        self.held[id(hold)] = hold.lease

    def forget(self, hold):
        self.held.pop(id(hold), None)

    def holds(self, lease):
        return lease in self.held.values()

    def take_steps(self, steps):
        self.releasing.append(steps)


class ModelStore(SyncStore):
    """What flows are told of a store with leases. None of its methods is called: clients take its steps."""

    capabilities = _WITH_LEASES

    def _refuse(self, *args, **kwargs):
        raise NotImplementedError

    read = put = remove = hold = list_keys = list_names = remove_prefix = size = _refuse

    def __eq__(self, other):
        return self is other

    __hash__ = None


class Client:
    """One client, and how it does what flows ask for."""

    def __init__(self, name, tokens=ClientTokens):
        self.store = ModelStore()
        self.tokens, self.holding = tokens(name), Holding()
        self.files = LeasedFiles(self.tokens, self.holding)

    def run(self, flow):
        """Drive a flow to its end."""
        answer = error = None
        while True:
            try:
                request = flow.send(answer) if error is None else flow.throw(error)
            except StopIteration as stop:
                yield from self._release()
                return stop.value
            except Exception:
                yield from self._release()
                raise
            yield from self._release()
            answer = error = None
            try:
                answer = yield from self._answer(request)
            except Exception as exc:  # noqa: BLE001  # for the flow
                error = exc

    def _release(self):
        while self.holding.releasing:
            yield from self.holding.releasing.pop(0)

    def _answer(self, request):  # one case after the other
        files = self.files
        if isinstance(request, Compute):
            return request.function(*request.args)
        if isinstance(request, TakeRoom):
            return NoHold()
        if isinstance(request, Together):
            results = []
            for flow in request.flows:
                results.append((yield from self.run(flow)))  # noqa: PERF401  # no comprehension yields
            return results
        if isinstance(request, Fetch):
            found = []
            for read in request.reads:
                version = read.version or (yield from files.open(f"{ROOT}/{read.key}"))
                found.append(None if version is None else _stored(version, read.byte_range))
            return found
        if isinstance(request, Put):
            data = request.value.to_bytes()
            return (
                yield from files.put(
                    f"{ROOT}/{request.key}",
                    partial(_append, data),
                    expected=request.expected,
                    hold=request.hold,
                    sync=False,
                )
            )
        if isinstance(request, Remove):
            path = f"{ROOT}/{request.key}"
            return (yield from files.remove(path, expected=request.expected, hold=request.hold, sync=False))
        if isinstance(request, TakeHold) and request.key is not None:
            return (yield from files.hold_object(f"{ROOT}/{request.key}", request.under))
        if isinstance(request, TakeHold):
            return (yield from files.hold(f"{ROOT}/{request.prefix}".rstrip("/")))
        if isinstance(request, Exist):
            there = []
            for key in request.keys:
                there.append((yield from files.exists(f"{ROOT}/{key}")))  # noqa: PERF401  # no comprehension yields
            return there
        if isinstance(request, Keys):
            return ()
        raise NotImplementedError(type(request))


def _append(data, sink):
    sink.append(data)


def _stored(version, byte_range):
    data = version.read(*resolve_range(byte_range, version.nbytes))
    return Stored(CPUBuffer.from_bytes(data), version, version.nbytes)


# -- operations on one object ---------------------------------------------------------------------------------------


def effect(value, op, me):
    """What an operation makes of a value: of two lists in one object, or of the rows of an array."""
    if op in ("append", "shrink", "part", "attributes"):
        return {
            "append": (*value, me),
            "shrink": value[:1] or (0,),
            "part": (me, *value[1:]),
            "attributes": value,
        }[op]
    one, other = value
    return {
        "part0": ((*one, me), other),
        "part1": (one, (*other, me)),
        "whole": ((me,), (me,)),
        "delete": EMPTY,
        "clear0": ((), other),
        "clear1": (one, ()),
        "get": value,
        "sweep": value,
    }[op]


def encode(value):
    return None if value == EMPTY else CPUBuffer.from_bytes(json.dumps(value).encode())


def decode(data):
    return EMPTY if data is None else tuple(map(tuple, json.loads(data)))


def flow_of(store, op, me):
    """An operation on the object `X`, as the library does it: a part, all of it, or none."""
    if op == "whole":
        return _one(Put(store, "X", encode(effect(EMPTY, op, me))))
    if op == "delete":
        return _one(Remove(store, "X"))
    if op == "get":
        return _get(store)

    def change(old):
        return encode(effect(decode(None if old is None else old.to_bytes()), op, me))

    return modify(store, "X", change)


def _one(request):
    yield request


def _get(store):
    (found,) = yield Fetch(store, (Read("X"),))
    return decode(None if found is None else found.data.to_bytes())


# -- operations on an array -----------------------------------------------------------------------------------------


@cache
def array_document():
    """An array of no rows, its document and its metadata."""
    memory = zarr.storage.MemoryStore()
    with zarr.config.set({"engine": "python"}):
        array = zarr.create_array(memory, shape=0, chunks=_CHUNK, dtype="u1", compressors=None, filters=None)
    return memory.get_sync("zarr.json").to_bytes(), array.metadata, array._node.metadata


def array_flow(store, op, me, n_rows):
    _, _, metadata = array_document()
    node = ArrayNode(metadata.with_shape((n_rows,)), StorePath(store, ""), ArrayConfig(), engine="python")
    if op == "append":
        return append(node, np.array([me], "u1"), 0)
    if op == "shrink":
        return resize(node, (1,))
    if op == "attributes":
        return update_attributes(node, lambda old: {**old, str(me): me})
    return write(node, node.view, GridSelection((SliceAxis(0, 1, 1),)), np.full((1,), me, "u1"))


def rows(document, chunk):
    """What an array has, by its files."""
    n = json.loads(document)["shape"][0]
    return tuple((bytes(_CHUNK) if chunk is None else chunk)[:n])


@dataclass(frozen=True)
class Kind:
    """Operations on an object, or on an array: how a disk begins, what is in it, how a newcomer looks whether all goes on."""

    flow: object
    probe: str
    begin: object
    value: object


def _begin_object(state):
    state.call(0, "make_directories", (ROOT, False))


def _begin_array(n_rows):
    def begin(state):
        document = json.loads(array_document()[0])
        document["shape"] = [n_rows]
        state.call(0, "make_directories", (f"{ROOT}/c", False))
        state.call(0, "write", (state.call(0, "make", (DOCUMENT,)), json.dumps(document).encode()))
        if n_rows:
            data = bytes(range(101, 101 + n_rows)).ljust(_CHUNK, b"\0")
            state.call(0, "write", (state.call(0, "make", (CHUNK,)), data))

    return begin


def _data(state, path):
    try:
        return state.call(0, "open", (path,)).data
    except OSError:
        return None


OBJECTS = Kind(flow_of, "part0", _begin_object, lambda state: decode(_data(state, OBJECT)))


@cache
def arrays(n_rows):
    """Operations on an array that begins with so many rows."""
    return Kind(
        partial(array_flow, n_rows=n_rows),
        "append",
        _begin_array(n_rows),
        lambda state: rows(_data(state, DOCUMENT), _data(state, CHUNK)),
    )


# -- programs -------------------------------------------------------------------------------------------------------


def program(number, ops, kind):
    """A client that does one operation after the other: the generator that an explorer drives."""
    client = Client("abcdef"[number])
    for n, op in enumerate(ops):
        me = name_of(number, n)
        yield ("begin", me, op, client.tokens.n)
        try:
            if op == "sweep":
                found = yield ("list", ROOT)
                client.files._tokens = AllDead("abcdef"[number])
                yield from client.files.sweep(ROOT, [name for name in found if "-new-" in name])
                client.files._tokens = client.tokens
                result = None
            else:
                result = yield from _seen(client.run(kind.flow(client.store, op, me)))
        except UnknownOutcomeError:
            yield ("fail", me)
        except OSError as exc:
            yield ("fail", me, exc.errno)
        else:
            yield ("end", me, result)


def _seen(steps):
    """Calls as an explorer makes them: what is no matter of the disk is answered here, and a file is made before it is written."""
    answer = error = None
    try:
        while True:
            name, *args = steps.send(answer) if error is None else steps.throw(error)
            answer = error = None
            try:
                if name in _AT_ONCE:
                    answer = _AT_ONCE[name]
                elif name == "create":
                    path, write_to, _ = args
                    data = bytearray()
                    write_to(_Sink(data))
                    ino = yield ("make", path)
                    if data:
                        yield ("write", ino, bytes(data))
                else:
                    answer = yield (name, *args)
            except OSError as exc:
                error = exc
    except StopIteration as stop:
        return stop.value


_AT_ONCE = {
    "turn": NoTurn(),
    "now": 0.0,
    "is_late": False,
    "is_ancient": False,
    "nap": None,
    "sync_directory": None,
}


class _Sink:
    def __init__(self, data):
        self._data = data

    def append(self, data):
        self._data += data


def name_of(client, n):
    """A number for an operation: it is written as a row, too."""
    return 10 * (client + 1) + n
