"""The application: which word is a command, what all commands have in common, and what becomes of their errors."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast

import typer
import typer.core

from zarr._cli.exits import Exit, code_of, is_fault
from zarr._cli.output import note
from zarr._cli.places import opened
from zarr._cli.usage import Described, usage
from zarr._store.urls import is_url
from zarr.errors import ArgumentError

USAGE_ERROR: type[Exception] = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""Typer has it under no name, and from one package or the other."""
_AS_ZARR_PYTHON = ("migrate", "remove-metadata")
Names: TypeAlias = dict[str, list[str]]
HELP: Names = {"help_option_names": ["--help", "-h"]}


@dataclass
class Common:
    """What options before the command say.

    Attributes
    ----------
    options
        Of stores at URLs.
    shows_traceback
        Whether errors are shown as Python does.
    """

    options: dict[str, Any] = field(default_factory=dict)
    shows_traceback: bool = False


COMMON = Common()


class Commands(typer.core.TyperGroup):
    """The commands. What is no command is a place, of which `info` tells."""

    suggest_commands = False

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that a call means."""
        word = args[0]
        if word not in self.commands and not word.startswith("-") and self._is_place(ctx, word, args[1:]):
            return "info", self.commands["info"], args
        return super().resolve_command(ctx, args)

    def _is_place(self, ctx: Any, word: str, rest: Sequence[str]) -> bool:
        if is_url(word) or os.sep in word or "." in word or Path(word).exists():
            return True
        near = get_close_matches(word, self.commands, n=1)
        if near or any(not each.startswith("-") for each in rest):
            said = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {word!r}, and nothing is stored there.{said}")
        return True

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """As typer's, for which wrong use is another exit code."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except USAGE_ERROR as exc:
            raise _as_failure(exc) from None

    def invoke(self, ctx: Any) -> Any:
        """Run a command: every error is a line and an exit code."""
        as_json = "--json" in ctx.args or "--json" in getattr(ctx, "_protected_args", ())
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except USAGE_ERROR as exc:
            raise _as_failure(exc) from None
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            _drop_output()
            raise typer.Exit(Exit.FINE) from None
        except Exception as exc:  # noqa: BLE001  # shown, whatever it is
            if COMMON.shows_traceback:
                traceback.print_exc()
            raise typer.Exit(_tell(exc, as_json=as_json)) from None
        return result


def _as_failure(error: Any) -> Any:
    """A wrong call, with the exit code that it has: 1, and for what zarr-python has too the 2 that it has there."""
    command = getattr(error.ctx, "info_name", None)
    error.exit_code = 2 if command in _AS_ZARR_PYTHON else int(Exit.FAILED)
    return error


def _tell(error: Exception, *, as_json: bool) -> int:
    """Show an error; its exit code."""
    code = code_of(error)
    lines = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]
    if is_fault(error):
        lines.append("This is a fault of the program, please report it; `zarr --traceback ...` shows where it is.")
    if as_json:
        shown = {"error": type(error).__name__, "message": str(error), "exit_code": int(code)}
        note(json.dumps(shown, ensure_ascii=False))
    else:
        note("\n".join(lines))
    return int(code)


def _drop_output() -> None:
    """Nobody reads any more: what is in the buffer goes nowhere, also when Python exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):  # no file
        pass
    finally:
        os.close(nowhere)


app = typer.Typer(
    name="zarr",
    cls=Commands,
    help="Tools for stored arrays and groups. `zarr PATH` tells what is there, `zarr COMMAND --help` how a command is used.",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    context_settings=HELP,
    epilog="Exit codes: 0 fine, 1 wrong call or failure, 2 differences or damage found, 3 not there, 4 held by others.",
)


DESCRIBED: dict[str, Described] = {}


def command(name: str, *examples: str, changes: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function.

    Parameters
    ----------
    name
        What it is called.
    examples
        Calls of it, for its help.
    changes
        Whether it changes what is stored.
    """
    epilog = "\n\n".join(("Examples:", *(f"  {example}" for example in examples)))

    def make(function: Callable[..., None]) -> Callable[..., None]:
        DESCRIBED[name] = Described(function, examples, changes)
        return app.command(name, epilog=epilog, context_settings=HELP)(function)

    return make


def opening() -> Any:
    """A `with` statement in which places are opened, with the options that were given for stores."""
    return opened(COMMON.options)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"{sys.modules['zarr'].__version__}\n")
        raise typer.Exit


def _print_usage(ctx: typer.Context, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(
            json.dumps(usage(ctx.command, Described(common), DESCRIBED), indent=2, ensure_ascii=False) + "\n"
        )
        raise typer.Exit


@app.callback()
def common(
    verbose: Annotated[
        bool, typer.Option(help="Log each document that is written or removed, and each change.")
    ] = False,
    storage_option: Annotated[
        list[str] | None,
        typer.Option("--storage-option", "-o", metavar="KEY=VALUE", help="For a store at a URL, as 'anon=true'."),
    ] = None,
    show_traceback: Annotated[bool, typer.Option("--traceback", help="Show errors as Python does.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    json_usage: Annotated[
        bool,
        typer.Option("--json-usage", callback=_print_usage, is_eager=True, help="Describe all commands as JSON."),
    ] = False,
) -> None:
    """Tools for stored arrays and groups. `zarr PATH` tells what is there, `zarr COMMAND --help` how a command is used."""
    del version, json_usage
    logger = logging.getLogger("zarr")
    handler = logging.StreamHandler()  # where errors go: what is printed may be read by a program
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    warnings.showwarning = _show_warning
    COMMON.options = dict(map(_option, storage_option or ()))
    COMMON.shows_traceback = show_traceback


def _option(text: str) -> tuple[str, Any]:
    name, mark, value = text.partition("=")
    if not (name and mark):
        raise ArgumentError(f"a storage option is given as 'name=value', got {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    note(f"{category.__name__}: {message}")
