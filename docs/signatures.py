"""What the reference shows of functions and their parameters, so that it is what `help()` and calls show.

griffe, which reads sources and docstrings for it, knows neither the keywords that functions take from a form
(`zarr._calls.keywords`), nor that parameters which share an entry of a docstring have types and defaults of their own.
"""

import inspect
import re
from functools import reduce
from importlib import import_module
from typing import Any

import griffe

_SECTION = re.compile(
    r"(?:(?<=^Parameters\n----------\n)|(?<=^Raises\n------\n))(?:(?!^\w[^\n]*\n-+$).)*", re.MULTILINE | re.DOTALL
)
_SHARED_ENTRY = re.compile(r"^(\S+(?:, \S+)+)\n((?:(?: .*)?(?:\n|\Z))+)", re.MULTILINE)


class Signatures(griffe.Extension):
    """Show what is true of every parameter."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Give every parameter and error an entry: griffe gives those that share one the default of the first, or a tuple."""
        if obj.docstring is not None:
            obj.docstring.value = _SECTION.sub(_entries_apart, obj.docstring.value)

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """A property whose setter only raises is not called writable."""
        for member in cls.members.values():
            if "NoReturn" in str(getattr(getattr(member, "setter", None), "returns", "")):
                member.labels.discard("writable")

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Replace the parameters of functions that tell `inspect` of others than stand in their source."""
        if any("Unpack" in str(parameter.annotation) for parameter in func.parameters):
            module = func.module.path
            found = reduce(getattr, func.path.removeprefix(f"{module}.").split("."), import_module(module))
            if hasattr(found, "__signature__"):
                func.parameters = griffe.Parameters(*map(_parameter, inspect.signature(found).parameters.values()))
        for parameter in func.parameters:
            if "variadic" in parameter.kind.value:
                parameter.default = None  # griffe says `()` and `{}`, which nobody can pass
                if "Unpack" in str(parameter.annotation):
                    parameter.annotation = None  # a name of ours; the description says which keywords there are


def _entries_apart(section: re.Match[str]) -> str:
    return _SHARED_ENTRY.sub(_entry_for_each, section[0])


def _entry_for_each(shared: re.Match[str]) -> str:
    names, description = shared.groups()
    return "".join(f"{name}\n{description.rstrip()}\n" for name in names.split(", ")) + "\n"


def _parameter(shown: inspect.Parameter) -> griffe.Parameter:
    return griffe.Parameter(
        shown.name,
        annotation=None if shown.annotation is shown.empty else shown.annotation,
        kind=griffe.ParameterKind(shown.kind.description),
        default=None if shown.default is shown.empty else repr(shown.default),
    )
