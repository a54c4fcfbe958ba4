"""A file system in memory that several machines share, as states that can be copied: names, handles, calls that come late.

What a call does depends on what the environment chooses (`State.choose`): whether its reply is lost, so that it is made a second
time; whether it is answered by EIO and made later, or never; whether a directory is found by its name or by a handle that the
machine got before; whether a file that is open is hidden before the server refuses to replace it. An explorer tries all choices.
"""

import errno
import os

FAULTS = ("crash", "lost", "late", "expiry", "handles", "stale", "hide")
CHANGES = ("mkdir", "make", "rename", "unlink", "rmdir", "make_directories")


class Snapshot:
    """A version of a file: what it held, and which one it was."""

    def __init__(self, ino, data):
        self.ino, self.data = ino, data

    @property
    def nbytes(self):
        return len(self.data)

    def read(self, start, stop):
        return self.data[start:stop]

    def __eq__(self, other):
        return isinstance(other, Snapshot) and (self.ino, self.data) == (other.ino, other.data)

    def __hash__(self):
        return hash((self.ino, self.data))

    def __repr__(self):
        return repr(self.data)


class State:
    """Disk, network, and what each machine remembers. Directories are dicts of names, files are bytes.

    Attributes
    ----------
    left
        How often each fault may still happen.
    ops
        For each operation that has begun: what it is, those that had ended before, whether it has ended, what it gave.
    progress
        How far each client is, as far as that can matter later.
    requests, history
        What each client does next, None if nothing any more; and all the answers that it was given.
    """

    __slots__ = (
        "dirs",
        "history",
        "left",
        "names",
        "next",
        "nodes",
        "ops",
        "pending",
        "progress",
        "requests",
        "taken",
        "tape",
    )

    def __init__(self, n_clients, left):
        self.nodes, self.next = {0: {}}, 1
        self.left = dict.fromkeys(FAULTS, 0) | left
        self.dirs = [{} for _ in range(n_clients)]
        self.names = [{} for _ in range(n_clients)]
        self.ops, self.pending = {}, ()
        self.progress, self.requests, self.history = [None] * n_clients, [None] * n_clients, [()] * n_clients
        self.tape, self.taken = (), []

    def copy(self):
        new = State.__new__(State)
        new.nodes = {ino: dict(node) if type(node) is dict else node for ino, node in self.nodes.items()}
        new.next, new.left, new.ops, new.pending = self.next, dict(self.left), dict(self.ops), self.pending
        new.dirs, new.names = [dict(known) for known in self.dirs], [dict(known) for known in self.names]
        new.progress, new.requests, new.history = list(self.progress), list(self.requests), list(self.history)
        new.tape, new.taken = (), []
        return new

    def key(self):
        """Equal for states that cannot be told apart by anything that happens later."""
        number = {}

        def tree(ino):
            number[ino] = len(number)
            node = self.nodes[ino]
            if type(node) is not dict:
                return node
            return tuple((name, number[at] if at in number else tree(at)) for name, at in sorted(node.items()))

        disk = tree(0)
        handles = tuple(tuple(sorted((path, number.get(ino)) for path, ino in known.items())) for known in self.dirs)
        names = tuple(tuple(sorted(known.items(), key=str)) for known in self.names) if self.left["stale"] else ()
        return (
            disk,
            handles if self.left["handles"] else (),
            names,
            tuple(self.progress),
            tuple(self.left.values()),
            tuple(sorted(self.ops.items())),
            self.pending,
        )

    # -- choices of the environment -----------------------------------------------------------------------------

    def choose(self, n):
        at = len(self.taken)
        chosen = self.tape[at] if at < len(self.tape) else 0
        self.taken.append((chosen, n))
        return chosen

    def suffers(self, fault):
        if self.left[fault] and self.choose(2):
            self.left[fault] -= 1
            return True
        return False

    # -- names --------------------------------------------------------------------------------------------------

    def _walk(self, parts):
        ino = 0
        for part in parts:
            node = self.nodes.get(ino)
            if type(node) is not dict or part not in node:
                return None
            ino = node[part]
        return ino

    def _directory(self, client, path):
        """The entries of a directory as a machine finds it."""
        parts = path.split("/")[1:] if path else []
        now, before = self._walk(parts), self.dirs[client].get(path)
        if before is not None and before != now and self.left["handles"] and self.choose(2):
            if before in self.nodes:
                return self.nodes[before]
            del self.dirs[client][path]
            raise OSError(errno.ESTALE, "stale")
        if now is None:
            raise OSError(errno.ENOENT, "no directory")
        if type(self.nodes[now]) is not dict:
            raise OSError(errno.ENOTDIR, "no directory")
        if self.left["handles"] and path:
            self.dirs[client][path] = now
        return self.nodes[now]

    def _place(self, client, path):
        directory, _, name = path.rpartition("/")
        return self._directory(client, directory), name

    def _drop(self, ino):
        if not any(type(node) is dict and ino in node.values() for node in self.nodes.values()):
            self.nodes.pop(ino, None)

    def _new(self, here, name, node):
        if name in here:
            raise OSError(errno.EEXIST, "exists")
        here[name], self.nodes[self.next] = self.next, node
        self.next += 1
        return self.next - 1

    # -- calls --------------------------------------------------------------------------------------------------

    def call(self, client, name, args):
        """Make a call for a machine; the result, or an OSError."""
        answer = getattr(self, f"_{name}")(client, *args)
        if name in CHANGES:
            self.names[client].clear()  # who changes a directory looks at its names anew
        return answer

    def _mkdir(self, client, path):
        self._new(*self._place(client, path), {})

    def _make(self, client, path):
        """A new file, empty; the handle to write to."""
        here, name = self._place(client, path)
        if name in here:  # the answer to a call that was made twice: only its owner knows the name
            return here[name]
        return self._new(here, name, b"")

    def _write(self, client, ino, data):
        if ino not in self.nodes:
            raise OSError(errno.ESTALE, "stale")
        self.nodes[ino] = data

    def _rename(self, client, path, new):
        try:
            here, name = self._place(client, path)
            if name not in here:
                raise OSError(errno.ENOENT, "nothing")
        except OSError:
            self._hide(client, new)
            raise
        there, to = self._place(client, new)
        ino, old = here[name], there.get(to)
        if old == ino:
            return
        if old is not None:
            if type(self.nodes[ino]) is dict:
                if type(self.nodes[old]) is not dict:
                    raise OSError(errno.ENOTDIR, "no directory")
                if self.nodes[old]:
                    raise OSError(errno.ENOTEMPTY, "not empty")
            elif type(self.nodes[old]) is dict:
                raise OSError(errno.EISDIR, "a directory")
        del here[name]
        there[to] = ino
        if old is not None:
            self._drop(old)
        known = self.dirs[client]
        for each in [each for each in known if each == path or each.startswith(f"{path}/")]:
            known[new + each[len(path) :]] = known.pop(each)

    def _hide(self, client, path):
        """The client moves what is to be replaced out of the way, as somebody has it open, before the server refuses."""
        if not self.left["hide"]:
            return
        try:
            here, name = self._place(client, path)
        except OSError:
            return
        if name in here and type(self.nodes[here[name]]) is bytes and self.suffers("hide"):
            ino = here.pop(name)
            here[f".nfs{ino:08d}"] = ino

    def _unlink(self, client, path):
        here, name = self._place(client, path)
        if name not in here:
            raise OSError(errno.ENOENT, "nothing")
        if type(self.nodes[here[name]]) is dict:
            raise OSError(errno.EISDIR, "a directory")
        self._drop(here.pop(name))

    def _rmdir(self, client, path):
        here, name = self._place(client, path)
        if name not in here:
            raise OSError(errno.ENOENT, "nothing")
        if type(self.nodes[here[name]]) is not dict:
            raise OSError(errno.ENOTDIR, "no directory")
        if self.nodes[here[name]]:
            raise OSError(errno.ENOTEMPTY, "not empty")
        self._drop(here.pop(name))

    def _make_directories(self, client, path, sync):
        made = ""
        for part in path.split("/")[1:]:
            made = f"{made}/{part}"
            here, name = self._place(client, made)
            if name not in here:
                self._new(here, name, {})

    def _list(self, client, path):
        return tuple(sorted(self._directory(client, path)))

    def _sort_of(self, client, path):
        try:
            here, name = self._place(client, path)
        except OSError as exc:
            if exc.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
                raise
            return None
        if name not in here:
            return None
        return "directory" if type(self.nodes[here[name]]) is dict else "file"

    def _open(self, client, path):
        here, name = self._place(client, path)
        now = None
        if name in here:
            now = Snapshot(here[name], self.nodes[here[name]])
        before = self.names[client].get(path, now)
        if before != now and self.left["stale"] and self.choose(2):
            now = before
        elif self.left["stale"]:
            self.names[client][path] = now
        if now is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        if type(now.data) is dict:
            raise OSError(errno.EISDIR, "a directory")
        return now

    def _is_version(self, client, path, version):
        here, name = self._place(client, path)
        return here.get(name) == version.ino and self.nodes[version.ino] == version.data
