"""Every order of the calls of several clients of one disk, with crashes, lost replies and takeovers; or many random ones.

States that cannot be told apart are looked at once. At the end of each run a newcomer has to get its change through in finite time,
and what is stored then has to be what some order of the operations gives, each of them done once, none of those lost that had ended.
"""

import os
import random
import time
from functools import lru_cache

from tests.suites.lease_clients import ROOT, AllDead, Client, _seen, effect, program
from tests.suites.shared_disk import CHANGES, State

NEWCOMER = 99
_MOST_CALLS = 400
_MOST_STEPS = 3000
_WIDTH = 160
_FAULTLESS = ("make_directories",)


class World:
    """Clients with what each of them does, and how often what may go wrong.

    Parameters
    ----------
    kind
        What the operations are on.
    programs
        For each client, its operations.
    left
        For each fault, how often it may happen in one run.
    """

    def __init__(self, kind, programs, **left):
        self.kind, self.programs = kind, programs
        self._live = {}
        self.start = State(len(programs), left)
        kind.begin(self.start)
        self.start.dirs = [{} for _ in programs]
        self.first = kind.value(self.start.copy())
        self.left = dict(self.start.left)
        for number in range(len(programs)):
            self._advance(self.start, number, self._new(number), None)

    # -- clients ------------------------------------------------------------------------------------------------

    def _new(self, number):
        return program(number, self.programs[number], self.kind)

    def _client(self, state, number):
        """A client where it stands: as it was left, or brought there by the answers that it has had."""
        history = state.history[number]
        client = self._live.pop((number, history), None)
        if client is None:
            client = self._new(number)
            next(client)
            for answer in history:
                _give(client, answer)
        return client

    def answer(self, state, number, answer):
        """Give a client the answer to its call; it asks for the next one."""
        client = self._client(state, number)
        state.history[number] += (answer,)
        state.progress[number] = hash((state.progress[number], answer))
        self._advance(state, number, client, answer)

    def _advance(self, state, number, client, answer):
        while True:
            try:
                request = next(client) if answer is None else _give(client, answer)
            except StopIteration:
                state.progress[number], state.requests[number] = "done", None
                return
            state.requests[number] = request
            if request[0] == "begin":
                state.progress[number] = (request[1], request[3])
                break
            if request[0] not in ("end", "fail"):
                break
            if request[0] == "end":
                op, before, _, _ = state.ops[request[1]]
                state.ops[request[1]] = (op, before, True, request[2] if op == "get" else None)
            answer = (None, None)
            state.history[number] += (answer,)
        self._live[number, state.history[number]] = client
        if len(self._live) > 10_000:
            self._live.clear()

    def _kill(self, state, number):
        state.progress[number], state.requests[number] = "dead", None

    # -- steps --------------------------------------------------------------------------------------------------

    def enabled(self, state):
        """Clients that can go on; -1 is a call that comes late."""
        able = [number for number, request in enumerate(state.requests) if request and self._goes_on(state, request)]
        if not able:  # time passes, until something expires
            able = [number for number, request in enumerate(state.requests) if request]
        return [*able, -1] if state.pending else able

    def _goes_on(self, state, request):
        return request[0] != "wait" or state.left["expiry"] or not _is_same(state, request)

    def step(self, state, number):
        """The next call of a client; what came of it, for people."""
        if number < 0:
            (client, (name, *args)), state.pending = state.pending[0], state.pending[1:]
            if state.choose(2):
                return f"lost for ever: {name} {args}"
            return f"late: {name} {args} -> {_try(state, client, name, args)}"
        if state.suffers("crash"):
            self._kill(state, number)
            return f"{number} dies"
        note = ""
        if state.requests[number][0] == "begin":
            _, me, op, _ = state.requests[number]
            state.ops[me] = (op, frozenset(each for each, begun in state.ops.items() if begun[2]), False, None)
            self.answer(state, number, (None, None))
            note = f"begins {me}={op}; "
            if state.requests[number] is None or state.requests[number][0] == "begin":
                return f"{number} {note}"
        name, *args = state.requests[number]
        if name == "wait":
            is_same = _is_same(state, state.requests[number])
            if is_same and state.left["expiry"]:
                state.left["expiry"] -= 1
            self.answer(state, number, (is_same, None))
            return f"{number} {note}waits for {args[0]}: {'expired' if is_same else 'changed'}"
        if name in CHANGES and name not in _FAULTLESS:
            if name != "make" and state.suffers("late"):
                state.pending += ((number, (name, *args)),)
                self.answer(state, number, (None, 5))
                return f"{number} {note}{name} {args} -> EIO, and under way"
            if state.suffers("lost"):
                return f"{number} {note}{name} {args} -> {_try(state, number, name, args)}, LOST"
        answer = _try(state, number, name, args)
        self.answer(state, number, answer)
        return f"{number} {note}{name} {args} -> {answer}"

    # -- what has to hold ---------------------------------------------------------------------------------------

    def verdict(self, state):
        """What is wrong at the end, None if nothing."""
        is_quiet = state.left == self.left and not state.pending
        state = state.copy()
        state.left = dict.fromkeys(state.left, 0)
        if is_quiet and "dead" not in state.progress and (left := _temporary(state)):
            return f"LEFT BEHIND {left}"
        newcomer = len(state.dirs)
        state.dirs.append({})
        state.names.append({})
        client = Client("z")
        if not _finishes(state, newcomer, client.run(self.kind.flow(client.store, self.kind.probe, NEWCOMER))):
            return "STUCK"
        final = self.kind.value(state.copy())
        if not explained(self.first, tuple(sorted(state.ops.items())), self.kind.probe, final):
            return f"NOT EXPLAINED {final} by {state.ops}"
        sweeper = Client("y", AllDead)
        for directory in (ROOT, f"{ROOT}/c"):
            if (found := _names(state, directory)) is not None:
                _finishes(state, newcomer, sweeper.files.sweep(directory, found))
        if left := _temporary(state):
            return f"NEVER SWEPT {left}"
        return None


def _give(client, answer):
    value, number = answer
    return client.send(value) if number is None else client.throw(OSError(number, os.strerror(number)))


def _try(state, number, name, args):
    try:
        return state.call(number, name, args), None
    except OSError as exc:
        return None, exc.errno


def _names(state, path):
    ino = state._walk(path.split("/")[1:])
    return None if ino is None else tuple(sorted(state.nodes[ino]))


def _is_same(state, request):
    return _names(state, request[1]) == request[2]


def _temporary(state):
    found = [name for directory in (ROOT, f"{ROOT}/c") for name in _names(state, directory) or ()]
    return [name for name in found if name.startswith("__zarr-")]


def _finishes(state, number, steps):
    """Whether a client comes to its end when nobody disturbs it."""
    steps = _seen(steps)
    answer = (None, None)
    try:
        request = next(steps)
        for _ in range(_MOST_CALLS):
            name, *args = request
            answer = (True, None) if name == "wait" else _try(state, number, name, args)
            request = _give(steps, answer)
    except StopIteration:
        return True
    return False


@lru_cache(maxsize=100_000)
def explained(first, ops, probe, final):
    """Whether some order of the operations, each once, that respects time gives the final value, and what was read."""

    def search(value, rest):
        if effect(value, probe, NEWCOMER) == final and not any(begun[2] for _, begun in rest):
            return True
        for each in rest:
            me, (op, before, has_ended, found) = each
            if any(other in before for other, _ in rest):
                continue  # something that had ended before this began is still to come
            if op == "get" and has_ended and found != value:
                continue
            if search(effect(value, op, me), tuple(o for o in rest if o is not each)):
                return True
        return False

    return search(first, ops)


# -- exploring ------------------------------------------------------------------------------------------------------


class Result:
    """How much was looked at, and what was found wrong, with the steps that lead there."""

    def __init__(self, steps=0, states=0, wrong=None, trace=None, *, is_complete=True):
        self.steps, self.states, self.wrong, self.is_complete = steps, states, wrong, is_complete
        self.trace = []
        while trace:
            trace, note = trace
            self.trace.append(note[:_WIDTH])
        self.trace.reverse()

    def __str__(self):
        how = "" if self.is_complete else " (not all)"
        return "\n".join([f"{self.steps} steps, {self.states} states{how}: {self.wrong or 'clean'}", *self.trace])


def _after(world, state, number):
    """Each state that a step can lead to."""
    tape = ()
    while True:
        new = state.copy()
        new.tape = tape
        note = world.step(new, number)
        yield new, note
        taken = list(new.taken)
        while taken and taken[-1][0] + 1 >= taken[-1][1]:
            taken.pop()
        if not taken:
            return
        tape = (*(chosen for chosen, _ in taken[:-1]), taken[-1][0] + 1)


def explore(world, limit_s=60.0, most_steps=10**7):
    """Look at everything that can happen; as far as time allows."""
    seen, n, began = set(), 0, time.monotonic()
    stack = [(world.start, None)]
    while stack:
        state, trace = stack.pop()
        turns = world.enabled(state)
        if not turns:
            if wrong := world.verdict(state):
                return Result(n, len(seen), wrong, trace)
            continue
        for number in turns:
            for new, note in _after(world, state, number):
                n += 1
                key = hash(new.key())
                if key not in seen:
                    seen.add(key)
                    stack.append((new, (trace, note)))
        if time.monotonic() - began > limit_s or n > most_steps:
            return Result(n, len(seen), is_complete=False)
    return Result(n, len(seen))


def at_random(world, limit_s=60.0, runs=10**6, seed=0, rate=0.1, fewest=1):
    """Run again and again, so often at least, with what happens next chosen at random."""
    rng, n, steps, began = random.Random(seed), 0, 0, time.monotonic()  # no secret
    while n < fewest or (n < runs and time.monotonic() - began < limit_s):
        world._live.clear()
        state, trace, n = world.start.copy(), None, n + 1
        for _ in range(_MOST_STEPS):
            turns = world.enabled(state)
            if not turns:
                break
            state.taken, state.tape = [], [int(rng.random() < rate) for _ in range(8)]
            trace = (trace, world.step(state, rng.choice(turns)))
            steps += 1
        else:
            return Result(steps, n, "ENDLESS", trace)
        if wrong := world.verdict(state):
            return Result(steps, n, wrong, trace)
    return Result(steps, n, is_complete=n == runs)
