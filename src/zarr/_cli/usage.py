"""What `zarr --json-usage` prints: every command with its arguments and options, for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zarr._cli.exits import MEANINGS


@dataclass(frozen=True)
class Described:
    """What is known of a command beyond what typer knows.

    Attributes
    ----------
    examples
        Calls of it.
    changes
        Whether it changes what is stored.
    """

    examples: tuple[str, ...]
    changes: bool


def usage(group: Any, described: Mapping[str, Described]) -> dict[str, Any]:
    """All commands, as data.

    Parameters
    ----------
    group
        The application, as click has it.
    described
        What else is known of each command.
    """
    return {
        "program": "zarr",
        "version": sys.modules["zarr"].__version__,
        "help": group.help,
        "exit_codes": {str(int(code)): meaning for code, meaning in MEANINGS.items()},
        "options": _options(group),
        "default_command": "info",
        "commands": [_command(name, each, described[name]) for name, each in group.commands.items()],
    }


def _command(name: str, command: Any, described: Described) -> dict[str, Any]:
    return {
        "name": name,
        "help": " ".join(command.help.split()),
        "changes": described.changes,
        "examples": list(described.examples),
        "arguments": [_parameter(each) for each in command.params if each.param_type_name == "argument"],
        "options": _options(command),
    }


def _options(command: Any) -> list[dict[str, Any]]:
    return [
        {"flags": [*each.opts, *each.secondary_opts], "is_flag": each.is_flag, **_parameter(each)}
        for each in command.params
        if each.param_type_name == "option"
    ]


def _parameter(parameter: Any) -> dict[str, Any]:
    choices = getattr(parameter.type, "choices", None)
    default = parameter.default
    return {
        "name": parameter.name,
        "help": parameter.help,
        "type": parameter.type.name,
        "choices": None if choices is None else [str(getattr(each, "value", each)) for each in choices],
        "required": parameter.required,
        "is_multiple": parameter.nargs != 1 or getattr(parameter, "multiple", False),
        "default": default if isinstance(default, str | int | float | bool) else None,
    }
