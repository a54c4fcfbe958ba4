"""What takes the place of everything under a prefix at one moment: made elsewhere first, in a store of its own.

A directory is made beside the one that it is to replace, under a name that listings hide and that tells whose it is: what a
program leaves that is killed goes when somebody lists the directory (`atomic`). The system then exchanges the two. In memory,
values go in and out in one step of the interpreter; in SQLite in one transaction.
"""

from __future__ import annotations

import operator
import os
from abc import ABC, abstractmethod
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from zarr._buffer import Buffer
    from zarr._store.abstract import Store


class Staging(ABC):
    """Something new that is to take a place in a store.

    Attributes
    ----------
    store
        Where it is made, at the root.
    """

    store: Store

    @abstractmethod
    def publish(self) -> None:
        """Put it in its place, of whatever is there. All who look see the one or the other."""

    @abstractmethod
    def discard(self) -> None:
        """Take it away, wherever it is not in its place. Does nothing the second time."""

    def end(self) -> None:
        """Take it away, and let nobody write to it any more."""
        self.store._read_only = True
        self.store._why_read_only = "It was where something new was made, which is in its place by now, or was discarded. Open it from its group."
        self.discard()


def exchange_values(values: MutableMapping[str, Buffer], prefix: str, new: dict[str, Buffer]) -> None:
    """Replace what is under a prefix in a dict, in one step for all threads that read it.

    Nothing of it is Python code, so the interpreter does not go from thread to thread in between.
    """
    below = f"{prefix}/"
    old = {key: value for key, value in values.items() if key.startswith(below)}  # they go when all is done
    steps: list[Callable[[], Any]] = [partial(values.pop, key, None) for key in old.keys() - new.keys()]
    steps.append(partial(values.update, new))
    deque(map(operator.call, steps), maxlen=0)
    del old


def nearest_directory(path: str) -> str:
    """The directory nearest above a path that is there."""
    above = os.path.dirname(path)
    while not os.path.isdir(above):
        above = os.path.dirname(above)
    return above
