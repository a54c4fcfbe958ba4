"""The registry of what can be extended, and the count of changes to what names mean.

There is one `Registry` for each kind: data types, chunk key encodings, buffers, pipelines, and one for each codec, which
may have several implementations. It holds what was registered by hand, and asks installed packages for what is missing.
"""

from __future__ import annotations

import itertools
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from zarr._support.imports_on_use import importing
from zarr._support.plug_ins import LoadFailure, Place, load_class, offered_at, report
from zarr._support.signals import came_from_a_signal
from zarr.errors import BadConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

T = TypeVar("T")

_numbers = itertools.count(1)
_version = 0


def names_changed() -> None:
    """Say that a name in a document may mean something else from now on: something was registered, or the configuration,
    which may choose between implementations, was touched. What was parsed before is parsed anew.
    """
    global _version
    _version = next(_numbers)


def names_version() -> int:
    """A number that is never the same before and after a change of what names mean."""
    return _version


def fully_qualified_name(cls: type) -> str:
    """Dotted name of a class.

    Examples
    --------
    >>> from collections import OrderedDict
    >>> fully_qualified_name(OrderedDict)
    'collections.OrderedDict'
    """
    return f"{cls.__module__}.{cls.__qualname__}"


def places_of(kind: str) -> tuple[Place, Place]:
    """Where packages offer classes of a kind: in a group of its own, or by the name of the kind in the group `zarr`.

    Examples
    --------
    >>> places_of("buffer")
    (('zarr.buffer', None), ('zarr', 'buffer'))
    """
    return (f"zarr.{kind}", None), ("zarr", kind)


class Registry(dict[str, type[T]], Generic[T]):
    """Classes of one kind by name. Those that installed packages offer are loaded when a name is missing.

    A class that cannot be loaded is left out: there is one warning, and an error only where its own name is looked up.

    Parameters
    ----------
    *places
        Where packages offer such classes: pairs of an entry-point group and a name in it, None for all names.
    use_entrypoint_name
        Offered classes are registered under the names of their entry points rather than their dotted names.

    Examples
    --------
    >>> from zarr.registry import Registry
    >>> registry = Registry()
    >>> registry.register(dict, qualname="mine")
    >>> registry.find("mine"), registry.find("decimal.Decimal")
    (<class 'dict'>, <class 'decimal.Decimal'>)
    """

    def __init__(self, *places: Place, use_entrypoint_name: bool = False) -> None:
        super().__init__()
        self._places = places
        self._use_entrypoint_name = use_entrypoint_name
        self._loaded: set[EntryPoint] = set()
        self._failures: dict[EntryPoint, LoadFailure] = {}
        self.lazy_load_list: list[EntryPoint] = []

    def register(self, cls: type[T], qualname: str | None = None) -> None:
        """Add a class.

        Parameters
        ----------
        cls
            The class.
        qualname
            Its name here; the dotted name if None.
        """
        self[fully_qualified_name(cls) if qualname is None else qualname] = cls
        names_changed()

    def remove(self, name: str) -> None:
        """Take a class away, so that a package that offers one of this name does not bring it back.

        Parameters
        ----------
        name
            The name, which has to be there.
        """
        offered = [entry for entry in offered_at(self._places) if name in _names_of(entry)]
        del self[name]
        self._loaded.update(offered)
        names_changed()

    def lazy_load(self, use_entrypoint_name: bool = False) -> None:
        """Load the classes of the entry points in `lazy_load_list`, and empty it.

        Parameters
        ----------
        use_entrypoint_name
            Register them under the names of the entry points rather than their dotted names.
        """
        entries, self.lazy_load_list = self.lazy_load_list, []
        report(self._load(entries, use_entrypoint_name))

    def look_up(self, name: str) -> type[T] | None:
        """The class of a name: registered, or offered by a package. None if there is none; `failure` may say why.

        Parameters
        ----------
        name
            The name.
        """
        if (known := self.get(name)) is not None:
            return known
        failures = self._load(entry for entry in self.unloaded() if name in _names_of(entry))
        if (found := self.get(name)) is not None:
            report(failures)
        return found

    def failure(self, name: str) -> LoadFailure | None:
        """What kept a class that a package offers under a name from being loaded; None if nothing did.

        Parameters
        ----------
        name
            The name that was looked up.
        """
        offered = (entry for entry in self.unloaded() if name in _names_of(entry))
        return next((self._failures[entry] for entry in offered if entry in self._failures), None)

    def load_all(self, *, again: bool = False) -> list[LoadFailure]:
        """Load all that packages offer. What fails is returned, for whoever reports it.

        Parameters
        ----------
        again
            Also try what failed before.
        """
        return self._load(entry for entry in self.unloaded() if again or entry not in self._failures)

    def find(self, name: str) -> type[T]:
        """The class of a name: registered, offered by a package, or importable.

        Parameters
        ----------
        name
            The name, usually dotted.

        Raises
        ------
        BadConfigError
            If there is none.
        """
        if (known := self.look_up(name)) is not None:
            return known
        if (failure := self.failure(name)) is not None:
            raise BadConfigError(f"the class {name!r} cannot be used: {failure}") from failure.cause
        module, _, attribute = name.rpartition(".")
        try:
            with importing(module):
                return cast("type[T]", getattr(import_module(module), attribute))
        except (ImportError, AttributeError, ValueError) as exc:
            if came_from_a_signal(exc):
                raise
            report(self.load_all())
            if name in self:
                return self[name]
            raise BadConfigError(
                f"there is no class {name!r}: {exc}. Register it, or correct the configuration."
            ) from exc

    def unloaded(self) -> list[EntryPoint]:
        """Entry points that may add a class. Where they say its name, what is registered under it stays."""
        return [
            entry
            for entry in offered_at(self._places)
            if entry not in self._loaded and not (self._use_entrypoint_name and entry.name in self)
        ]

    def _load(self, entries: Iterable[EntryPoint], use_entrypoint_name: bool | None = None) -> list[LoadFailure]:
        by_entry = self._use_entrypoint_name if use_entrypoint_name is None else use_entrypoint_name
        failures = []
        for entry in list(entries):
            loaded = load_class(entry)
            if isinstance(loaded, LoadFailure):
                failures.append(loaded)
                self._failures[entry] = loaded
                continue
            self._failures.pop(entry, None)
            self._loaded.add(entry)
            self.register(loaded, entry.name if by_entry else None)
        return failures


def _names_of(entry: EntryPoint) -> tuple[str, str]:
    """What an offered class is asked for by: the name of its entry point, or the dotted one."""
    return entry.name, entry.value.replace(":", ".")
