"""The command that measures: bench-codecs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from zarr._checks.codec_comparison import CodecComparison, CodecResult, compare_codecs
from zarr._checks.findings import counted
from zarr._cli.application import command, opening
from zarr._cli.arguments import Json, Place
from zarr._cli.output import nbytes_text, progress, say, table, times_text


@command(
    "bench-codecs",
    "zarr bench-codecs data.zarr/temperature",
    "zarr bench-codecs data.zarr/a --codec 'zstd(level=3)' --codec 'blosc(cname=lz4, shuffle=bitshuffle)'",
    "zarr bench-codecs data.zarr/a --sample 200MB --json",
)
def bench_codecs(
    place: Place,
    codec: Annotated[
        list[str] | None,
        typer.Option(
            help="A choice to compare, as 'zstd(level=3)', 'none', or several with + between them; may be repeated."
        ),
    ] = None,
    sample: Annotated[str, typer.Option(help="How much of the array is taken, as '64MB'.")] = "32MB",
    times: Annotated[int, typer.Option(min=1, help="How often each is measured; the best time counts.")] = 3,
    as_json: Json = False,
) -> None:
    """Compare codecs on a sample of an array's own data: how much smaller it gets, and how fast. Nothing is changed."""
    with opening() as places, progress("codecs") as step:
        found = compare_codecs(places.array(place), codec or None, max_nbytes=sample, n_times=times, progress=step)
    say(as_json, found.to_dict(), _lines(found))


def _lines(found: CodecComparison) -> Iterator[Text]:
    yield Text(found.place, "bold")
    yield Text(f"{counted(found.n_chunks, 'chunk')}, {nbytes_text(found.nbytes)}", "dim")
    yield Text()
    rows = [("codecs", "ratio", "encodes", "decodes"), *map(_row, found.results)]
    heading, *lines = table(rows, ("bold", "green"), right=(1, 2, 3))
    heading.stylize("dim")
    yield heading
    yield from lines
    for each in found.results:
        if each.error:
            yield Text(f"{each.codecs}: {each.error}", "red")


def _row(result: CodecResult) -> tuple[str, str, str, str]:
    rates = (f"{nbytes_text(int(rate))}/s" if rate else "-" for rate in (result.encode_rate, result.decode_rate))
    return (result.codecs, times_text(result.ratio), *rates)  # type: ignore[return-value]  # two of them
