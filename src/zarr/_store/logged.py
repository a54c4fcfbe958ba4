"""A store around another that logs every operation."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from zarr._store.abstract import Store
from zarr._store.observed import ObservedStore, Seen
from zarr._support.forks import held_around_forks
from zarr._support.imports_on_use import importing
from zarr._support.near_names import suggests_keywords

if TYPE_CHECKING:
    import logging
    from typing import Self

WrappedT = TypeVar("WrappedT", bound=Store)

_counting = held_around_forks(RLock())


@suggests_keywords
class LoggingStore(ObservedStore[WrappedT]):
    """Log every operation of a store: two lines for each, before and after, with the time that it took.

    Parameters
    ----------
    store
        The store to watch.
    log_level
        Name of the level at which operations are logged, and of the logger: `"DEBUG"`, `"INFO"`, ...
    log_handler
        Where lines go; to the standard output if None.

    Attributes
    ----------
    counter
        How often each operation was called, by its name.
    logger
        The logger of this store.

    Examples
    --------
    >>> import logging
    >>> import zarr
    >>> store = zarr.storage.LoggingStore(
    ...     zarr.storage.MemoryStore(), log_level="INFO", log_handler=logging.NullHandler()
    ... )
    >>> _ = zarr.create_group(store)
    >>> store.counter["set_if_not_exists"]
    1
    """

    counter: defaultdict[str, int]

    def __init__(self, store: WrappedT, log_level: str = "DEBUG", log_handler: logging.Handler | None = None) -> None:
        super().__init__(store)
        self.counter = defaultdict(int)
        self.log_level = log_level
        self.log_handler = log_handler
        self.logger = _logger(f"LoggingStore({store})", log_level, log_handler)
        self._level: int = self.logger.level

    def _with_store(self, store: WrappedT) -> Self:
        return type(self)(store, log_level=self.log_level, log_handler=self.log_handler)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["logger"], state["log_handler"]  # which have locks, and streams of this process
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.log_handler = None
        self.logger = _logger(f"LoggingStore({self._store})", self.log_level, None)

    def __str__(self) -> str:
        return f"logging-{self._store}"

    @contextmanager
    def log(self, hint: Any = "") -> Iterator[None]:
        """Log the beginning and the end of something, and count it.

        Parameters
        ----------
        hint
            What it is: the name of a method, and what it is called with in parentheses.
        """
        text = str(hint)
        operation = f"{type(self._store).__name__}.{text}"
        with _counting:
            self.counter[text.partition("(")[0]] += 1
        self.logger.log(self._level, "Calling %s", operation)
        start = perf_counter()
        try:
            yield
        finally:
            self.logger.log(self._level, "Finished %s [%.2f s]", operation, perf_counter() - start)

    @contextmanager
    def _watch(self, operation: str, *about: object) -> Iterator[Seen]:
        with self.log(f"{operation}({', '.join(map(str, about))})"):
            yield Seen()


def _logger(name: str, level: str, handler: logging.Handler | None) -> logging.Logger:
    with importing("logging"):  # on use, as few programs log
        import logging
    logger = logging.getLogger(name)
    logger.setLevel(level)
    for known in list(logger.handlers):
        logger.removeHandler(known)
    if handler is None:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    logger.addHandler(handler)
    return logger
