"""How results reach whoever called: one JSON document, or lines, with colour on a terminal and without in a pipe.

Results go to standard output, and everything else (progress, warnings, questions, errors) to standard error. Lines are never wrapped or
cut here, so that a pipe has them whole.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from zarr._checks.differences import as_json

Line: TypeAlias = str | Text
Step: TypeAlias = Callable[[int, int], None]


def console(*, errors: bool = False) -> Console:
    """Where lines go; it knows whether that is a terminal."""
    return Console(file=sys.stderr if errors else sys.stdout, highlight=False, markup=False, emoji=False)


def say(as_json_: bool, data: Mapping[str, Any], lines: Iterable[Line]) -> None:
    """Print a result: the data as JSON, or lines for people."""
    if as_json_:
        sys.stdout.write(f"{json_text(data)}\n")
    else:
        show(lines)
    sys.stdout.flush()


def show(lines: Iterable[Line], *, errors: bool = False) -> None:
    """Print lines for people."""
    to = console(errors=errors)
    for line in lines:
        to.print(line, soft_wrap=True)


def json_text(data: Mapping[str, Any]) -> str:
    """One JSON document, without the tokens that JSON does not have.

    >>> print(json_text({"a": float("nan")}))
    {
      "a": "nan"
    }
    """
    return json.dumps(as_json(data), indent=2, ensure_ascii=False, allow_nan=False)


def note(text: str) -> None:
    """A line for people, beside the result."""
    sys.stderr.write(f"{text}\n")


@contextmanager
def progress(what: str) -> Iterator[Step | None]:
    """A bar where standard error is a terminal; else None, which the library takes for nobody who wants to know."""
    if not sys.stderr.isatty():  # whatever is said of colours
        yield None
        return
    to = console(errors=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def step(n_done: int, n_all: int) -> None:
            bar.update(task, completed=n_done, total=n_all)

        yield step


def table(rows: Iterable[tuple[str, ...]], styles: tuple[str, ...] = (), *, right: tuple[int, ...] = ()) -> list[Text]:
    """Rows as lines whose cells stand below each other.

    Parameters
    ----------
    rows
        Of the same number of cells.
    styles
        Of each column; columns beyond have none.
    right
        Columns that are aligned at their right.

    Examples
    --------
    >>> [str(line) for line in table([("a", "10"), ("bcd", "5")], right=(1,))]
    ['a    10', 'bcd   5']
    """
    known = list(rows)
    widths = [max(map(len, column)) for column in zip(*known, strict=True)]
    lines = []
    for row in known:
        line = Text()
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            is_last = number == len(row) - 1
            padded = cell.rjust(width) if number in right else cell if is_last else cell.ljust(width)
            line.append(padded, styles[number] if number < len(styles) else "")
            if not is_last:
                line.append("  ")
        line.rstrip()
        lines.append(line)
    return lines


def facts(rows: Iterable[tuple[str, object]]) -> list[Text]:
    """Labels and values.

    >>> [str(line) for line in facts([("Shape", (3,)), ("Type", "Array")])]
    ['Shape  (3,)', 'Type   Array']
    """
    return table([(label, str(value)) for label, value in rows], ("cyan",))


def nbytes_text(nbytes: int | None) -> str:
    """A size for people, in powers of 1000 as `parse_nbytes` reads them.

    >>> nbytes_text(1_500_000), nbytes_text(12), nbytes_text(None)
    ('1.5 MB', '12 B', '-')
    """
    if nbytes is None:
        return "-"
    scaled, unit = float(nbytes), 0
    while scaled >= 999.5 and unit < len(_UNITS) - 1:
        scaled, unit = scaled / 1000, unit + 1
    return f"{scaled:.3g} {_UNITS[unit]}" if unit else f"{nbytes} B"


def times_text(ratio: float | None) -> str:
    """How many times smaller something is.

    >>> times_text(20.46), times_text(None)
    ('20.5×', '-')
    """
    return "-" if ratio is None else f"{ratio:.3g}×"


_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
