"""Arguments and options that several commands have, and the notation of selections."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

import typer

from zarr.errors import ArgumentError

PLACE = "a directory, a zip or SQLite file, a URL, or a path inside of one, as 'data.zarr', 'data.zip/a/b', 's3://bucket/data.zarr'"

Place: TypeAlias = Annotated[str, typer.Argument(help=f"Where it is stored: {PLACE}.", show_default=False)]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Overwrite: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace what is at the destination. Without it that is an error.")
]
Selection: TypeAlias = Annotated[
    str | None,
    typer.Argument(help="As in NumPy's square brackets: '0:10, ::5, 3'. All of it if left out.", show_default=False),
]

_SLICE = re.compile(r"([+-]?\d+)?\s*:\s*([+-]?\d+)?(?:\s*:\s*([+-]?\d+)?)?")
_INTEGER = re.compile(r"[+-]?\d+")


def parse_selection(text: str | None) -> Any:
    """What a text in the notation of square brackets selects.

    Parameters
    ----------
    text
        Integers, slices and an ellipsis, with commas between them, in brackets or not; None for all.

    Raises
    ------
    ArgumentError
        If it is something else.

    Examples
    --------
    >>> parse_selection("0:10, ::5, 3")
    (slice(0, 10, None), slice(None, None, 5), 3)
    >>> parse_selection("[..., -1]")
    (Ellipsis, -1)
    """
    if text is None:
        return Ellipsis
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1]
    return tuple(_entry(each.strip(), text) for each in inner.rstrip(", ").split(",")) if inner.strip() else Ellipsis


def _entry(entry: str, text: str) -> Any:
    if entry == "...":
        return Ellipsis
    if _INTEGER.fullmatch(entry):
        return int(entry)
    if (found := _SLICE.fullmatch(entry)) is not None:
        return slice(*(None if part is None else int(part) for part in found.groups()))
    raise ArgumentError(
        f"{entry!r} in {text!r} selects nothing. Write integers and slices as in NumPy's square brackets: '0:10, ::5, 3'"
    )


def parse_shape(text: str | None, what: str) -> tuple[int, ...] | None:
    """Integers with commas between them.

    >>> parse_shape("100,100", "chunks"), parse_shape(None, "chunks")
    ((100, 100), None)
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.strip().strip("()").rstrip(",").split(",")]
    if not all(re.fullmatch(r"\d+", part) for part in parts):
        raise ArgumentError(f"{what} are integers with commas between them, as '100,100', got {text!r}")
    return tuple(map(int, parts))
