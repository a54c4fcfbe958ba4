"""The command `zarr`. Commands are in `cli`; this is what is there without the packages that they need."""

from __future__ import annotations

import sys

from zarr._support.imports_on_use import importing


def main() -> None:
    """Run the command line."""
    try:
        with importing("rich"):
            import rich  # noqa: F401
        with importing("typer"):
            import typer  # noqa: F401
    except ModuleNotFoundError as exc:
        sys.exit(
            f"zarr: the command line needs the package {exc.name!r}; install what it needs with: pip install 'typer>=0.15' 'rich>=13'"
        )
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        with importing("zarr._cli.cli"):
            from zarr._cli.cli import app
    except KeyboardInterrupt:  # it takes a moment
        sys.exit(130)
    app(prog_name="zarr")
