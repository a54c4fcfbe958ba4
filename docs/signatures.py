"""Shows functions that take their keywords from a form (`zarr._calls.keywords`) with the signature that `help()` shows."""

import inspect
from functools import reduce
from importlib import import_module
from typing import Any

import griffe


class Signatures(griffe.Extension):
    """Replace the parameters of functions that tell `inspect` of others than stand in their source."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        if not any("Unpack" in str(parameter.annotation) for parameter in func.parameters):
            return
        module = func.module.path
        found = reduce(getattr, func.path.removeprefix(f"{module}.").split("."), import_module(module))
        if hasattr(found, "__signature__"):
            func.parameters = griffe.Parameters(*map(_parameter, inspect.signature(found).parameters.values()))


def _parameter(shown: inspect.Parameter) -> griffe.Parameter:
    return griffe.Parameter(
        shown.name,
        annotation=None if shown.annotation is shown.empty else shown.annotation,
        kind=griffe.ParameterKind(shown.kind.description),
        default=None if shown.default is shown.empty else repr(shown.default),
    )
