"""The command `zarr`. Commands are in `cli`; this is what is there without the packages that they need."""

from __future__ import annotations

import sys

from zarr._support.imports_on_use import importing


def main() -> None:
    """Run the command line."""
    try:
        with importing("typer"):
            import typer  # noqa: F401
    except ModuleNotFoundError as exc:
        sys.exit(f"zarr: the command line needs the package {exc.name!r}; install it with: pip install 'typer>=0.15'")
    with importing("zarr._cli.cli"):
        from zarr._cli.cli import app

    app(prog_name="zarr")
