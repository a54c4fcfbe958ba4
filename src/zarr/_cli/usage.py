"""What `zarr --json-usage` prints: every command with its arguments and options, for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from zarr._cli.exits import MEANINGS


@dataclass(frozen=True)
class Described:
    """What is known of a command beyond what typer knows.

    Attributes
    ----------
    function
        What does it.
    examples
        Calls of it.
    changes
        Whether it changes what is stored.
    """

    function: Callable[..., None]
    examples: tuple[str, ...] = ()
    changes: bool = False

    @property
    def types(self) -> dict[str, Any]:
        """What each parameter takes."""
        return get_type_hints(self.function, include_extras=True)


_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def usage(group: Any, common: Described, described: Mapping[str, Described]) -> dict[str, Any]:
    """All commands, as data.

    Parameters
    ----------
    group
        The application, as click has it.
    common, described
        What else is known of what stands before commands, and of each of them.
    """
    return {
        "program": "zarr",
        "version": sys.modules["zarr"].__version__,
        "help": group.help,
        "exit_codes": {str(int(code)): meaning for code, meaning in MEANINGS.items()},
        "options": _options(group, common),
        "default_command": "info",
        "commands": [_command(name, each, described[name]) for name, each in group.commands.items()],
    }


def _command(name: str, command: Any, described: Described) -> dict[str, Any]:
    types = described.types
    return {
        "name": name,
        "help": " ".join(command.help.split()),
        "changes": described.changes,
        "examples": list(described.examples),
        "arguments": [_parameter(each, types) for each in command.params if each.param_type_name == "argument"],
        "options": _options(command, described),
    }


def _options(command: Any, described: Described) -> list[dict[str, Any]]:
    types = described.types
    return [
        {"flags": [*each.opts, *each.secondary_opts], **_parameter(each, types)}
        for each in command.params
        if each.param_type_name == "option" and each.name in types
    ]


def _parameter(parameter: Any, types: Mapping[str, Any]) -> dict[str, Any]:
    kind, choices, is_multiple = _kind(types[parameter.name])
    default = parameter.default
    return {
        "name": parameter.name,
        "help": parameter.help,
        "type": kind,
        "choices": choices,
        "required": parameter.required,
        "is_multiple": is_multiple,
        "default": default if isinstance(default, str | int | float | bool) else None,
    }


def _kind(annotation: Any) -> tuple[str, list[str] | None, bool]:
    """What a parameter takes, which choices there are if only some will do, and whether it may be given several times.

    >>> _kind(Annotated[list[int] | None, "help"])
    ('integer', None, True)
    """
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is UnionType:
        return _kind(get_args(annotation)[0])  # the other one is None
    if get_origin(annotation) is list:
        return (*_kind(get_args(annotation)[0])[:2], True)
    if issubclass(annotation, Enum):
        return "string", [str(each.value) for each in annotation], False
    return _TYPES.get(annotation, "path"), None, False
